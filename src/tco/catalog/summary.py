"""The catalog for people: offers in a list, one record with its sources, a model over time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from tco.catalog.evidence import families
from tco.catalog.lookup import age_days, find_offers, price_at, rents_at, retired, stale_after
from tco.catalog.trust import offer_trust

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
