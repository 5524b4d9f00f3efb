"""What the catalogs say on a day, and the record that a typed name means. Pure functions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal, Protocol

from tco.errors import UnknownNameError, UsageError, printable, unknown_name

if TYPE_CHECKING:
    from tco.catalog.fields import Source
    from tco.catalog.hardware import Hardware, Rent, Rental
    from tco.catalog.load import Catalog
    from tco.catalog.models import Classes, Model, Score
    from tco.catalog.prices import Discount, Modifier, Offer, Price, Rates

_STALE_AFTER = {"first_party": 45, "cloud": 30, "host": 30, "rental": 30, "aggregator": 7}
_SHOWN = 6  # candidates of an ambiguous name


class Dated(Protocol):
    """Anything that was last seen on a day."""

    @property
    def checked(self) -> date: ...


class Window(Protocol):
    """Anything that holds from a day on, and maybe until another."""

    @property
    def since(self) -> date: ...

    @property
    def until(self) -> date | None: ...


def find_source(catalog: Catalog, name: str) -> Source | None:
    """Return the source of that id in any of the data files; None when none has it."""
    files = (
        catalog.prices,
        catalog.hardware,
        catalog.models,
        catalog.workloads,
        catalog.assumptions,
    )
    return next((f.sources[name] for f in files if name in f.sources), None)


def price_at(offer: Offer, day: date, offers: Mapping[str, Offer] | None = None) -> Price | None:
    """Return the price of an offer on a day; None if it has none, which is never a price of 0.

    Windows are half-open, `[since, until)`. A scheduled price counts from its day on, also over
    a list price whose end nobody wrote down; a cancelled one never counts. Whether the provider
    still answers is another question: see `retired`.

    Args:
        offers: Offers by id, on which a discount of another offer rests (`Catalog.offers`).

    Raises:
        ValueError: The price is a discount and `offers` was not given.
    """
    holding = [price for price in offer.prices if price.status != "cancelled" and holds(price, day)]
    if holding:
        return max(holding, key=lambda price: (price.since, price.status == "scheduled"))
    discount = offer.discount
    if discount is None or not holds(discount, day):
        return None
    if offers is None:
        raise ValueError(f"{offer.id} is a discount of {discount.of}: offers are needed")
    base = offers.get(discount.of)
    full = price_at(base, day, offers) if base is not None and base.discount is None else None
    return discounted(full, discount) if full is not None else None


def holds(window: Window, day: date) -> bool:
    """Return whether a day lies in a window, `since <= day < until`."""
    return window.since <= day and (window.until is None or day < window.until)


def discounted(price: Price, discount: Discount) -> Price:
    """Return a price times the factor of a discount, with the discount's dates and evidence.

    It holds while both hold, and was checked when the discount was.
    """
    ends = [day for day in (price.until, discount.until) if day is not None]
    return price.model_copy(
        update={
            "since": max(price.since, discount.since),
            "until": min(ends, default=None),
            "checked": discount.checked,
            "usd_per_mtok": times(price.usd_per_mtok, discount.multiply),
            "modifiers": [_modifier_times(m, discount.multiply) for m in price.modifiers],
            "evidence": discount.evidence,
        }
    )


def _modifier_times(modifier: Modifier, factor: float) -> Modifier:
    if modifier.usd_per_mtok is None:
        return modifier
    return modifier.model_copy(update={"usd_per_mtok": times(modifier.usd_per_mtok, factor)})


def times(rates: Rates, factor: float) -> Rates:
    """Return rates times a factor; what has no price still has none."""
    update = {name: rate * factor for name, rate in rates if rate is not None}
    return rates.model_copy(update=update)


def context_limit(price: Price, offer: Offer, model: Model) -> int | None:
    """Return the input and output that one request may have under a price [token/request].

    What the price's own window says, else the offer, else the model; None where nobody does.
    """
    return price.context_tokens or offer.context_tokens or model.context_tokens


def next_change(
    offer: Offer, day: date, offers: Mapping[str, Offer] | None = None
) -> tuple[date, Price | None] | None:
    """Return the first day after `day` on which the rates differ, and the price from then on.

    None: nothing is known to change. A price of None: from that day there is none.
    """
    now = price_at(offer, day, offers)
    for turn in sorted(set(_turns(offer, offers or {}))):
        then = price_at(offer, turn, offers) if turn > day else now
        if _terms(then) != _terms(now):
            return turn, then
    return None


def _turns(offer: Offer, offers: Mapping[str, Offer]) -> Iterator[date]:
    """Return the days on which a window of the offer, or of what it rests on, begins or ends."""
    windows: list[Price | Discount] = list(offer.prices)
    if offer.discount is not None:
        windows.append(offer.discount)
        if offer.discount.of in offers:
            windows += offers[offer.discount.of].prices
    for window in windows:
        yield window.since
        if window.until is not None:
            yield window.until


def _terms(price: Price | None) -> tuple[Rates, list[Modifier]] | None:
    return None if price is None else (price.usd_per_mtok, price.modifiers)


def retired(offer: Offer, day: date) -> bool:
    """Return whether the provider no longer answers for an offer on a day.

    `retires` is the last day on which it does.
    """
    return offer.retires is not None and day > offer.retires


def rents_at(hardware: Hardware, day: date) -> list[tuple[Rental, Rent]]:
    """Return the rents that hold on a day, one for each rental offer and region.

    After the last window's `checked` an open window still holds: it is old, not gone.
    """
    found = []
    for rental in hardware.rentals:
        latest: dict[str | None, Rent] = {}
        for rent in rental.rents:
            known = latest.get(rent.region)
            if holds(rent, day) and (known is None or known.since <= rent.since):
                latest[rent.region] = rent
        found += [(rental, rent) for rent in latest.values()]
    return found


rental_key = attrgetter("seller", "gpu", "option", "channel", "gpus", "instance")
"""What tells one rental from another, as `Catalog.origins` says it."""


def boxes(hardware: Hardware) -> Mapping[tuple[object, ...], tuple[str, bool]]:
    """Return what each rental is rented in: which of several boxes, and whether that is its size.

    The first is `8x` or the name of the instance, empty for the only one. Of a size, it has so many
    GPUs and no more, so that no larger replica lies in it. A list that names no instance and one
    rent says what a GPU costs, in boxes of any size.
    """
    sizes: dict[tuple[object, ...], list[Rental]] = {}
    for rental in hardware.rentals:
        sizes.setdefault(rental_key(rental)[:4], []).append(rental)
    found = {}
    for alike in sizes.values():
        usd = {r.rents[-1].usd_per_gpu_hour for r in alike if not r.rents[-1].only_if_named}
        often = Counter(rental.gpus for rental in alike)
        for rental in alike:
            name = (rental.instance if often[rental.gpus] > 1 else None) or f"{rental.gpus}x"
            sized = rental.instance is not None or len(usd) > 1
            found[rental_key(rental)] = name.lower() if len(alike) > 1 else "", sized
    return found


def age_days(record: Dated, day: date) -> int:
    """Return how long before `day` a figure was last seen [day]; 0 for one seen later."""
    return max((day - record.checked).days, 0)


def stale_after(kind: str) -> int:
    """Return the age from which a price counts as stale [day], by kind of seller, or `rental`."""
    return _STALE_AFTER[kind]


def find_model(catalog: Catalog, name: str) -> str:
    """Return the id of the model that `name` means.

    Raises:
        UnknownNameError: None or several are called that; the nearest or all of them are named.
    """
    return _find("model", name, catalog.models.models, lambda: _newest_first(catalog))


def find_gpu(catalog: Catalog, name: str) -> str:
    """Return the id of the accelerator that `name` means; errors as in `find_model`."""
    count = re.match(r"\s*(?P<count>\d+)\s*x\s*(?P<gpu>[a-z].*)", name, re.IGNORECASE)
    count = count or re.match(
        r"(?P<gpu>.*\d.*?)\s*[x*]\s*(?P<count>\d+)\s*$", name, re.IGNORECASE
    )  # a name has a number of its own: rtx4090 is one
    try:
        return _find("GPU", name, catalog.hardware.accelerators)
    except UnknownNameError:
        if count is None:
            raise
        found = find_gpu(catalog, count["gpu"])
    many = f"--gpus {count['count']} --gpu {found}"
    raise UsageError(f"{printable(name)!r} is a number of GPUs; write {many}")


def find_provider(catalog: Catalog, name: str) -> str:
    """Return the id of the provider that `name` means; errors as in `find_model`."""
    return _find("provider", name, catalog.prices.providers)


def find_seller(catalog: Catalog, name: str) -> str:
    """Return the id of the seller of GPU hours that `name` means; errors as in `find_model`."""
    return _find("seller", name, catalog.hardware.sellers)


def find_offer(catalog: Catalog, name: str) -> Offer:
    """Return the offer that `PROVIDER/MODEL`, either part shortened, or `MODEL` means.

    A model alone means its maker's own offer, or the only one there is.

    Raises:
        UnknownNameError: Nothing or several offers are called that.
    """
    if exact := catalog.offers.get(name.strip().lower()):
        return exact
    provider, slash, model = name.partition("/")
    if slash:
        some = find_offers(catalog, provider=provider, model=model)
    else:
        some = find_offers(catalog, model=name)
        own = [o for o in some if catalog.prices.providers[o.provider].kind == "first_party"]
        some = own or some
    if len(some) == 1:
        return some[0]
    if some:
        raise _ambiguous("offer", name, [offer.id for offer in some])
    raise unknown_name("offer", name, catalog.offers)


def find_offers(
    catalog: Catalog, *, model: str | None = None, provider: str | None = None
) -> list[Offer]:
    """Return the offers of a model, of a provider, or of both; names as in `find_model`."""
    model_id = None if model is None else find_model(catalog, model)
    provider_id = None if provider is None else find_provider(catalog, provider)
    return [
        offer
        for offer in catalog.prices.offers
        if model_id in (None, offer.model) and provider_id in (None, offer.provider)
    ]


OWN_CONFIG = "own-config"
"""The source of models that were read from a config of the user's own."""


def config_notes(catalog: Catalog, models: Iterable[str]) -> list[str]:
    """Return what is to be told of models read from their configs: count, what was assumed."""
    known = catalog.models.models
    named = (known[name] for name in dict.fromkeys(models) if name in known)
    return [m.notes for m in named if m.notes is not None and OWN_CONFIG in m.sources]


def _called(record: Any) -> Iterable[str]:
    """Return what else a record is called than its id."""
    return map(_folded, (record.name, *getattr(record, "aliases", ())))


def _newest_first(catalog: Catalog) -> list[str]:
    """Return the models, those that came last first: what a vague name rather means."""
    came: dict[str, date] = {n: m.released for n, m in catalog.models.models.items() if m.released}
    for offer in catalog.prices.offers:
        for price in offer.prices:
            came[offer.model] = min(came.get(offer.model, price.since), price.since)
    by_id = sorted(catalog.models.models)
    return sorted(by_id, key=lambda n: came.get(n, date.min), reverse=True)


MAKERS = ("nvidia", "amd", "intel", "google", "geforce", "tesla", "instinct")
"""Words before the name of a GPU that say no more than it does."""


def _find(
    kind: str,
    name: str,
    known: Mapping[str, Any],
    order: Callable[[], list[str]] | None = None,
) -> str:
    """Return the id that `name` means: an id, another name of it, or how just one begins.

    What nothing is called or begins with may lack hyphens: `rtx4090`, `gpt4.1`.

    Args:
        kind: What it is of.
        name: The name as it was typed.
        known: The records by their ids.
        order: Returns the ids, those that are rather meant first; for what is told only.
    """
    wanted = _folded(name)
    for maker in MAKERS if kind == "GPU" else ():
        wanted = wanted.removeprefix(f"{maker}-")
    if wanted in known:
        return wanted
    ids = {_folded(i): i for i in known}
    if wanted in ids:
        return ids[wanted]
    called = sorted(i for i, record in known.items() if wanted in _called(record))
    begun = sorted(i for folded, i in ids.items() if wanted and folded.startswith(wanted))
    bare = wanted.replace("-", "")
    some = called or begun or sorted(i for f, i in ids.items() if f.replace("-", "") == bare)
    if len(some) == 1:
        return some[0]
    ids_in_order = order() if order is not None else [*known]
    if some:
        raise _ambiguous(kind, name, sorted(some, key=ids_in_order.index))
    raise unknown_name(kind, name, ids_in_order)


def _folded(name: str) -> str:
    """Return a name as it is compared: lower case, one hyphen for any blanks and underscores."""
    return "-".join(name[:200].casefold().replace("_", " ").replace("-", " ").split())


def _ambiguous(kind: str, name: str, some: list[str]) -> UnknownNameError:
    shown = ", ".join(some[:_SHOWN]) + (", …" if len(some) > _SHOWN else "")
    return UnknownNameError(
        f"{kind} {printable(name)!r} could be any of {len(some)}: {shown}; write one of them"
    )


# How good a model is, as far as a score tells, and the class that it belongs to.

ModelClass = Literal["small", "mid", "flagship", "unknown"]
BENCHMARK = "arena-text"
"""The benchmark that models are held against unless another is named."""
SHORT_NAMES = {"arena": BENCHMARK}
"""What else benchmarks are called."""


def quality(model: Model, benchmark: str = BENCHMARK) -> Score | None:
    """Return the score of a model; None where nobody has measured it.

    One with an interval before one that an article prints without; without an effort before with
    one: an effort raises tokens, and so the bill, together with the score, so that the one with an
    effort must not stand beside a bill without its tokens unless `Score.effort` is told. Of several
    the newest counts.
    """
    some = [s for s in model.scores if s.benchmark == benchmark]
    return max(
        some,
        key=lambda s: (s.low is not None, s.effort is None, s.seen is not None, s.seen),
        default=None,
    )


def upper(score: Score) -> float:
    """Return the upper end of a score's interval; its value where it has none."""
    return score.value if score.high is None else score.high


def model_class(model: Model, classes: Classes | None) -> ModelClass:
    """Return the class of a model by the rule of `docs/catalog.md`.

    Closed weights: where their maker places them in its own line. Open weights: the band of score
    in which closed ones of a class lie. `unknown` where neither is known.
    """
    if model.line is not None:
        return model.line
    if model.weights == "closed" or classes is None:
        return "unknown"
    score = quality(model, classes.benchmark)
    if score is None or score.low is None:
        return "unknown"
    if score.value >= classes.flagship_from:
        return "flagship"
    return "mid" if score.value >= classes.mid_from else "small"
