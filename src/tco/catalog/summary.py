"""The catalog for people: offers in a list, one record with its sources, a model over time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from tco.catalog.lookup import (
    age_days,
    find_gpu,
    find_model,
    find_offer,
    find_offers,
    find_provider,
    find_seller,
    price_at,
    rents_at,
    retired,
    stale_after,
)
from tco.catalog.trust import families, freshest_rents, offer_trust, too_old
from tco.errors import UnknownNameError, UsageError, printable, unknown_name
from tco.records import dataclass

if TYPE_CHECKING:
    from tco.catalog.load import Catalog
    from tco.catalog.prices import Offer, Price


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRow:
    """One offer on one day; prices in USD/Mtok."""

    id: str
    provider: str
    model: str
    weights: str
    input: float | None
    cached_input: float | None
    output: float | None
    status: str
    """`price`, `stale`, `gone`, `retired` or `not yet`."""
    since: str | None
    checked: str | None
    age_days: int | None
    confidence: str | None
    witnesses: int
    """Independent sources of the price."""
    retires: str | None
    origin: str
    """The file that says so."""
    usd_per_1k_searches: float | None = None
    """Of a thousand searches with the model, or of queries that a reranker orders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogList:
    """Offers on a day."""

    schema: Literal["tco.catalog-list/1"] = "tco.catalog-list/1"
    as_of: str
    version: str
    sha256: str
    overlays: tuple[str, ...]
    offers: tuple[OfferRow, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRow:
    """A price of an offer in a window, or its retirement; prices in USD/Mtok."""

    offer: str
    since: str
    until: str | None
    status: str
    input: float | None
    cached_input: float | None
    output: float | None
    change: float | None
    """The blended price over that of the window before [1]."""
    checked: str
    sources: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogHistory:
    """What a model cost, everywhere and ever."""

    schema: Literal["tco.catalog-history/1"] = "tco.catalog-history/1"
    model: str
    name: str
    as_of: str
    windows: tuple[WindowRow, ...]
    retirements: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...] = ()


def listed(catalog: Catalog, offers: Iterable[Offer], on: date) -> CatalogList:
    """Return offers as they stand on a day, by model and then by price."""
    rows = [offer_row(catalog, offer, on) for offer in offers]
    rows.sort(key=lambda r: (r.model, r.input is None, r.input or 0.0, r.id))
    return CatalogList(
        as_of=on.isoformat(),
        version=catalog.version,
        sha256=catalog.sha256,
        overlays=tuple(catalog.overlays),
        offers=tuple(rows),
    )


def offer_row(catalog: Catalog, offer: Offer, on: date) -> OfferRow:
    """Return one offer as it stands on a day."""
    price = None if retired(offer, on) else price_at(offer, on, catalog.offers)
    sources = catalog.prices.sources
    model = catalog.models.models.get(offer.model)
    rates = price.usd_per_mtok if price is not None else None
    sure = offer_trust(catalog, offer, price, on).level if price is not None else None
    return OfferRow(
        id=offer.id,
        provider=offer.provider,
        model=offer.model,
        weights=model.weights if model is not None else "unknown",
        input=rates.input if rates is not None else None,
        cached_input=rates.cached_input if rates is not None else None,
        output=rates.output if rates is not None else None,
        status=_status(catalog, offer, price, on),
        since=price.since.isoformat() if price is not None else None,
        checked=price.checked.isoformat() if price is not None else None,
        age_days=age_days(price, on) if price is not None else None,
        confidence=sure,
        witnesses=len(families(price.evidence, sources)) if price is not None else 0,
        retires=offer.retires.isoformat() if offer.retires is not None else None,
        origin=catalog.origin("offers", offer.id),
        usd_per_1k_searches=offer.usd_per_1k_searches,
    )


def _status(catalog: Catalog, offer: Offer, price: Price | None, on: date) -> str:
    if retired(offer, on):
        return "retired"
    if price is None:
        later = any(p.since > on for p in offer.prices if p.status != "cancelled")
        return "not yet" if later else "gone"
    provider = catalog.prices.providers.get(offer.provider)
    limit = stale_after(provider.kind if provider is not None else "host")
    return "stale" if age_days(price, on) > limit else "price"


def history(catalog: Catalog, model: str, on: date) -> CatalogHistory:
    """Return every window of every offer of a model, oldest first."""
    offers = find_offers(catalog, model=model)
    windows = [row for offer in offers for row in _windows(offer)]
    windows.sort(key=lambda row: (row.since, row.offer))
    ends = [(o.id, o.retires.isoformat()) for o in offers if o.retires is not None]
    return CatalogHistory(
        model=model,
        name=catalog.models.models[model].name,
        as_of=on.isoformat(),
        windows=tuple(windows),
        retirements=tuple(sorted(ends, key=lambda end: end[1])),
    )


def _windows(offer: Offer) -> Iterator[WindowRow]:
    before: Price | None = None
    for price in offer.prices:
        rates = price.usd_per_mtok
        yield WindowRow(
            offer=offer.id,
            since=price.since.isoformat(),
            until=price.until.isoformat() if price.until is not None else None,
            status=price.status,
            input=rates.input,
            cached_input=rates.cached_input,
            output=rates.output,
            change=_change(before, price),
            checked=price.checked.isoformat(),
            sources=tuple(dict.fromkeys(e.source for e in price.evidence)),
            note=price.note or "",
        )
        if price.status != "cancelled":
            before = price


def _change(before: Price | None, after: Price) -> float | None:
    if before is None or after.status == "cancelled":
        return None
    one, other = _mean(before), _mean(after)
    return other / one if one and other else None


def _mean(price: Price) -> float | None:
    """Return three parts of input to one of output [USD/Mtok]."""
    entry, output = price.usd_per_mtok.input, price.usd_per_mtok.output
    if entry is None:
        return None
    return entry if output is None else (3 * entry + output) / 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One figure of a record, with who says so."""

    name: str
    value: str
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogRecord:
    """One model, GPU, provider or offer, with everything that is known of it."""

    schema: Literal["tco.catalog-show/1"] = "tco.catalog-show/1"
    kind: Literal["model", "gpu", "provider", "seller", "offer"]
    id: str
    name: str
    as_of: str
    origin: str
    facts: tuple[Fact, ...]
    offers: tuple[OfferRow, ...] = ()
    windows: tuple[WindowRow, ...] = ()
    rents: tuple[RentRow, ...] = ()
    sources: tuple[Fact, ...] = ()
    """The sources that these figures name, by id."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RentRow:
    """The rent of a GPU at one seller on a day."""

    seller: str
    gpu: str
    option: str
    gpus: int
    region: str | None
    usd_per_gpu_hour: float
    checked: str
    source: str


def rent_rows(catalog: Catalog, on: date, *, gpu: str = "", seller: str = "") -> list[RentRow]:
    """Return the rents of a day for a GPU or a seller, cheapest first."""
    rows = [
        RentRow(
            seller=rental.seller,
            gpu=rental.gpu,
            option=rental.option,
            gpus=rental.gpus,
            region=rent.region,
            usd_per_gpu_hour=rent.usd_per_gpu_hour,
            checked=rent.checked.isoformat(),
            source=rent.source,
        )
        for rental, rent in rents_at(catalog.hardware, on)
        if gpu in ("", rental.gpu) and seller in ("", rental.seller)
    ]
    return sorted(rows, key=lambda row: (row.usd_per_gpu_hour, row.seller, row.option))


def facts(record: Any, skip: Sequence[str] = ()) -> Iterator[Fact]:
    """Return the figures of a record that it states, nested ones with a dotted name."""
    for name, value in record:
        if value is None or value in ([], "", False) or name in skip:
            continue
        if hasattr(value, "__iter__") and not isinstance(value, str | list | dict):
            source = getattr(value, "source", "")
            for fact in facts(value, ("source", "also", "sources")):
                yield Fact(name=f"{name}.{fact.name}", value=fact.value, source=source)
        elif isinstance(value, str | int | float | date):
            yield Fact(name=name, value=f"{value:g}" if isinstance(value, float) else str(value))
        elif isinstance(value, list) and all(isinstance(item, str | int) for item in value):
            yield Fact(name=name, value=", ".join(str(item) for item in value))


# The record that a typed name means, whatever it is, as `tco catalog show` prints it.

Show = Callable[["Catalog", str, date], CatalogRecord]


def record(catalog: Catalog, name: str, on: date) -> CatalogRecord:
    """Return the model, GPU, provider, seller of GPU hours or offer that a name means.

    Raises:
        UnknownNameError: Nothing is called that; the nearest names of all kinds are given.
    """
    kinds: tuple[Show, ...] = (_offer,) if "/" in name else (_model, _gpu, _provider, _seller)
    vague: UnknownNameError | None = None
    for show in kinds:
        try:
            return show(catalog, name, on)
        except UnknownNameError as error:
            if "could be any of" in str(error):
                vague = vague or error
            elif "/" in name:
                raise
    if vague is not None:
        raise vague
    known = [
        *catalog.models.models,
        *catalog.hardware.accelerators,
        *catalog.prices.providers,
        *catalog.hardware.sellers,
    ]
    raise unknown_name("model, GPU, provider or offer", name, known)


def _model(catalog: Catalog, name: str, on: date) -> CatalogRecord:
    found = find_model(catalog, name)
    model = catalog.models.models[found]
    offers = listed(catalog, find_offers(catalog, model=found), on).offers
    return CatalogRecord(
        kind="model",
        id=found,
        name=model.name,
        as_of=on.isoformat(),
        origin=catalog.origin("models", found),
        facts=tuple(facts(model, ("name", "scores", "sources", "license_kind")))
        + _scores(catalog, found),
        offers=offers,
        sources=_sources(catalog, "models", [*model.sources, *(s.source for s in model.scores)]),
    )


def _scores(catalog: Catalog, model: str) -> tuple[Fact, ...]:
    scores = catalog.models.models[model].scores
    return tuple(
        Fact(name=f"score {s.benchmark}", value=f"{s.value:g}", source=s.source) for s in scores
    )


def _gpu(catalog: Catalog, name: str, on: date) -> CatalogRecord:
    found = find_gpu(catalog, name)
    gpu = catalog.hardware.accelerators[found]
    rents = rent_rows(catalog, on, gpu=found)
    used = [*gpu.sources, *(row.source for row in rents)]
    if gpu.purchase is not None:
        used += [gpu.purchase.source, *gpu.purchase.also]
    return CatalogRecord(
        kind="gpu",
        id=found,
        name=gpu.name,
        as_of=on.isoformat(),
        origin=catalog.origin("accelerators", found),
        facts=tuple(facts(gpu, ("name", "sources"))),
        rents=tuple(rents),
        sources=_sources(catalog, "accelerators", used),
    )


def _provider(catalog: Catalog, name: str, on: date) -> CatalogRecord:
    found = find_provider(catalog, name)
    provider = catalog.prices.providers[found]
    return CatalogRecord(
        kind="provider",
        id=found,
        name=provider.name,
        as_of=on.isoformat(),
        origin=catalog.origin("providers", found),
        facts=tuple(facts(provider, ("name",))),
        offers=listed(catalog, find_offers(catalog, provider=found), on).offers,
    )


def _seller(catalog: Catalog, name: str, on: date) -> CatalogRecord:
    found = find_seller(catalog, name)
    seller = catalog.hardware.sellers[found]
    rents = rent_rows(catalog, on, seller=found)
    return CatalogRecord(
        kind="seller",
        id=found,
        name=seller.name,
        as_of=on.isoformat(),
        origin=catalog.origin("sellers", found),
        facts=tuple(facts(seller, ("name",))),
        rents=tuple(rents),
        sources=_sources(catalog, "rentals", [row.source for row in rents]),
    )


def _offer(catalog: Catalog, name: str, on: date) -> CatalogRecord:
    offer = find_offer(catalog, name)
    own = [row for row in history(catalog, offer.model, on).windows if row.offer == offer.id]
    named = [e.source for p in offer.prices for e in p.evidence]
    if offer.discount is not None:
        named += [e.source for e in offer.discount.evidence]
    model = catalog.models.models.get(offer.model)
    return CatalogRecord(
        kind="offer",
        id=offer.id,
        name=f"{model.name if model is not None else offer.model} at {offer.provider}",
        as_of=on.isoformat(),
        origin=catalog.origin("offers", offer.id),
        facts=tuple(facts(offer, ("prices", "provider", "model", "id"))),
        offers=(offer_row(catalog, offer, on),),
        windows=tuple(own),
        sources=_sources(catalog, "offers", named),
    )


def _sources(catalog: Catalog, section: str, names: Iterable[str]) -> tuple[Fact, ...]:
    """Return title, address and day of each source once, in the order in which they are named."""
    found = []
    for name in dict.fromkeys(names):
        source = catalog.source(section, name)
        place = source.url or source.where or ""
        text = f"{source.title}, read {source.read}{f': {place}' if place else ''}"
        found.append(Fact(name=name, value=printable(text, 300), source=source.kind))
    return tuple(found)


# Which offers a list is about.

WEIGHTS = ("open", "closed")


def chosen(
    catalog: Catalog,
    on: date,
    models: Sequence[str] = (),
    providers: Sequence[str] = (),
    weights: str | None = None,
    *,
    gone: bool = False,
) -> Iterator[Offer]:
    """Return the offers of some models and providers.

    Args:
        models, providers: Names; none for all.
        weights: `open` or `closed`.
        gone: Whether offers without a price on the day count.

    Raises:
        UnknownNameError: A name that the catalog does not have.
        UsageError: Weights that are neither open nor closed.
    """
    if weights not in (None, *WEIGHTS):
        raise UsageError(f"--weights: {printable(str(weights), 40)!r} is neither open nor closed")
    wanted = {find_model(catalog, name) for name in models}
    sellers = {find_provider(catalog, name) for name in providers}
    for offer in catalog.prices.offers:
        model = catalog.models.models.get(offer.model)
        known = model.weights if model is not None else None
        named = (not wanted or offer.model in wanted) and (not sellers or offer.provider in sellers)
        there = price_at(offer, on, catalog.offers) is not None and not retired(offer, on)
        if named and weights in (None, known) and (gone or there):
            yield offer


# The names there are, each with a word and a few figures: what nobody has to know by heart.

NameKind = Literal["profiles", "models", "gpus", "providers", "sellers"]
Figures = dict[str, float | str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class NameRow:
    """A name that an option takes, in other words and in figures."""

    id: str
    name: str
    figures: Figures
    """Of all names of a kind the same; names end in their unit, None is what is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogNames:
    """All names of a kind: of traffic profiles, models, GPUs, providers or sellers of GPU hours."""

    schema: Literal["tco.catalog-names/1"] = "tco.catalog-names/1"
    kind: NameKind
    flag: str
    """The option that takes them."""
    as_of: str
    version: str
    sha256: str
    names: tuple[NameRow, ...]
    warnings: tuple[str, ...] = ()


def named(catalog: Catalog, kind: NameKind, on: date) -> CatalogNames:
    """Return all names of a kind, with what holds on a day."""
    options = {"profiles": "--profile", "gpus": "--gpu"}
    return CatalogNames(
        kind=kind,
        flag=options.get(kind, f"--{kind.removesuffix('s')}"),
        as_of=on.isoformat(),
        version=catalog.version,
        sha256=catalog.sha256,
        names=tuple(NAMED[kind](catalog, on)),
    )


def _profiles(catalog: Catalog, on: date) -> Iterator[NameRow]:
    for name, profile in catalog.workloads.profiles.items():
        figures: Figures = {
            "isl": profile.isl,
            "osl": profile.osl,
            "cached_share": profile.cached_share,
            "peak_to_mean": profile.peak_to_mean,
            "requests_per_user_per_month": profile.requests_per_user_per_month,
        }
        yield NameRow(id=name, name=profile.title, figures=figures)


def _models(catalog: Catalog, on: date) -> Iterator[NameRow]:
    offers = Counter(offer.model for offer in chosen(catalog, on))
    for name, model in sorted(catalog.models.models.items()):
        size = model.params_b.total if model.params_b is not None else None
        figures: Figures = {
            "weights": model.weights,
            "kind": model.kind,
            "params_b": size,
            "offers": float(offers[name]),
        }
        yield NameRow(id=name, name=model.name, figures=figures)


OLDEST = "rent.oldest_days"


def _gpus(catalog: Catalog, on: date) -> Iterator[NameRow]:
    rents = rents_at(catalog.hardware, on)
    fresh, limit = freshest_rents(rents, on), catalog.assumptions.assumptions[OLDEST].value
    risky = {n for n, seller in catalog.hardware.sellers.items() if seller.kind == "marketplace"}
    for name, gpu in sorted(catalog.hardware.accelerators.items()):
        own = [(rental, rent) for rental, rent in rents if rental.gpu == name]
        usd = [
            rent.usd_per_gpu_hour
            for rental, rent in own
            if rental.option == "on_demand"
            and rental.channel != "community"
            and rental.seller not in risky
            and not rent.only_if_named
            and not too_old(catalog, rental, rent, on, fresh, limit)
        ]
        figures: Figures = {
            "memory_gib": gpu.memory_gib,
            "sellers": float(len({rental.seller for rental, _ in own})),
            "on_demand_from_usd_per_gpu_hour": min(usd, default=None),
        }
        yield NameRow(id=name, name=gpu.name, figures=figures)


def _providers(catalog: Catalog, on: date) -> Iterator[NameRow]:
    offers = Counter(offer.provider for offer in chosen(catalog, on))
    for name, provider in sorted(catalog.prices.providers.items()):
        figures: Figures = {"kind": provider.kind, "offers": float(offers[name])}
        yield NameRow(id=name, name=provider.name, figures=figures)


def _sellers(catalog: Catalog, on: date) -> Iterator[NameRow]:
    gpus = Counter(seller for seller, _ in {(r.seller, r.gpu) for r in rent_rows(catalog, on)})
    for name, seller in sorted(catalog.hardware.sellers.items()):
        figures: Figures = {"kind": seller.kind, "gpus": float(gpus[name])}
        yield NameRow(id=name, name=seller.name, figures=figures)


NAMED: dict[NameKind, Callable[[Catalog, date], Iterator[NameRow]]] = {
    "profiles": _profiles,
    "models": _models,
    "gpus": _gpus,
    "providers": _providers,
    "sellers": _sellers,
}
