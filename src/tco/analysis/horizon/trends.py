"""What a year makes of prices: what the user says, or what the catalog's own windows say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from tco.analysis.horizon.results import PriceTrend
from tco.catalog.lookup import model_class
from tco.engine.capital import drift
from tco.engine.shapes import number
from tco.options.bills import Option, SelfOption, TokenOption
from tco.options.question import Question
from tco.options.settings import Setting, workload
from tco.units import show_number

if TYPE_CHECKING:
    from tco.catalog.prices import Price

API = "horizon.api_price_factor_per_year"
HOSTED = "horizon.hosted_price_factor_per_year"
RENT = "horizon.rent_factor_per_year"
HARDWARE = "horizon.hardware_price_factor_per_year"
CLASSES = ("small", "mid", "flagship")
PATHS = {
    **{name: f"horizon.{name}_price_factor_per_year" for name in CLASSES},
    "closed": API,
    "hosted": HOSTED,
    "rent": RENT,
    "bought": HARDWARE,
}
"""Kinds of prices, and the setting that says what a year makes of each."""

TITLES = {
    **{name: f"closed {name} models" for name in CLASSES},
    "closed": "closed models",
    "hosted": "hosted open models",
    "rent": "GPU rents",
    "bought": "GPUs to buy",
}

HISTORY = "price-history"
"""The source of a setting that the windows of the catalog stand in for."""

LEAST_YEARS, LEAST_CHANGED = 10.0, 3
"""Less than this, in price-years and in prices that changed, says nothing; judgment [year, 1]."""

DAYS_PER_YEAR = 365.25


class Watched(NamedTuple):
    """One price, from when it was first seen to when it was last seen.

    Args:
        group: What it moves together with: the model that is sold, the company that rents.
        first, last: The days.
        change: Logarithm of the last price over the first [1].
    """

    group: str
    first: date
    last: date
    change: float

    @property
    def years(self) -> float:
        """Return for how long [year]."""
        return (self.last - self.first).days / DAYS_PER_YEAR


def trends(inputs: Question) -> dict[str, PriceTrend]:
    """Return what a year makes of each kind of price.

    What the user says holds for as long as the horizon, and so does a value that an overlay has a
    source for. Else the windows of the catalog say it, where they are enough: a fall that the
    interval does not doubt is carried on for as long as the prices were watched; what rose, or may
    have, stays flat and is in the band. Closed models of all classes together say whether there is
    a fall, each class how large it is, unless its own history is too little.
    """
    watched = _watched(inputs)
    made = {kind: _trend(kind, watched[kind], inputs) for kind in PATHS}
    return {kind: _of_class(trend, made["closed"]) for kind, trend in made.items()}


def _of_class(own: PriceTrend, closed: PriceTrend) -> PriceTrend:
    """Return the trend of a class of closed models beside that of all of them."""
    if own.kind not in CLASSES or own.source != HISTORY:
        return own
    if own.seen_per_year is None or closed.source != HISTORY:
        return replace(closed, kind=own.kind, path=own.path)
    falls = closed.factor_per_year < 1.0
    return replace(own, factor_per_year=min(own.seen_per_year, 1.0)) if falls else own


def kind_of(option: Option, inputs: Question) -> str | None:
    """Return the kind of price that an option has; None where nothing is known to change it.

    A price that the user described follows what the user says of its kind, and no history.
    """
    if isinstance(option, SelfOption):
        kind = "bought" if option.owned is not None else "rent"
    elif option.id in inputs.catalog.offers and isinstance(option, TokenOption):
        model = inputs.catalog.models.models[option.model]
        known = model_class(model, inputs.catalog.models.classes)
        closed = known if known in CLASSES else "closed"
        kind = "hosted" if option.tier == "hosted" else closed
    else:
        kind = {"api": "closed", "hosted": "hosted"}.get(option.tier, "")
    history = option.id in inputs.catalog.offers or isinstance(option, SelfOption)
    told = kind in PATHS and inputs.settings[PATHS[kind]].source != HISTORY
    described = getattr(option, "origin", "") == "given"
    return kind if told or (history and not described) else None


def _trend(kind: str, watched: Sequence[Watched], inputs: Question) -> PriceTrend:
    setting = inputs.settings[PATHS[kind]]
    if setting.source != HISTORY:
        return _stated(kind, setting)
    if inputs.request.flat_prices:
        by = inputs.request.origins.get("flat_prices", "--flat-prices")
        flat = replace(setting, value=1.0, low=1.0, high=1.0, origin="given", source=by)
        return _stated(kind, flat)
    return _derived(kind, watched, inputs)


def _stated(kind: str, setting: Setting) -> PriceTrend:
    """Return what somebody says: exactly where the user does, else within its range."""
    value = number(setting.value)
    given = setting.origin == "given"
    return PriceTrend(
        kind=kind,
        title=TITLES[kind],
        path=PATHS[kind],
        factor_per_year=value,
        low=value if given else min(setting.low, value),
        high=value if given else max(setting.high, value),
        seen_per_year=None,
        until=None,
        prices=None,
        changed=None,
        watched_years=None,
        first=None,
        last=None,
        origin=setting.origin,
        source=setting.source,
    )


def _derived(kind: str, watched: Sequence[Watched], inputs: Question) -> PriceTrend:
    """Return what the windows say; flat, and nothing seen, where that is too little."""
    years = sum(w.years for w in watched)
    changed = sum(abs(w.change) > 1e-9 for w in watched)
    first = min((w.first for w in watched), default=inputs.day)
    last = max((w.last for w in watched), default=inputs.day)
    groups = {name: i for i, name in enumerate(dict.fromkeys(w.group for w in watched))}
    made = PriceTrend(
        kind=kind,
        title=TITLES[kind],
        path=PATHS[kind],
        factor_per_year=1.0,
        low=1.0,
        high=1.0,
        seen_per_year=None,
        until=(inputs.day + (last - first)).isoformat(),
        prices=len(watched),
        changed=changed,
        watched_years=years,
        first=first.isoformat(),
        last=last.isoformat(),
        origin="assumed",
        source=HISTORY,
    )
    if years < LEAST_YEARS or changed < LEAST_CHANGED or len(groups) < 2:
        return made
    middle, low, high = drift(
        np.array([w.change for w in watched]),
        np.array([w.years for w in watched]),
        np.array([groups[w.group] for w in watched], dtype=np.int64),
    )
    return replace(
        made,
        factor_per_year=middle if high < 1.0 else 1.0,
        low=min(low, 1.0),
        high=high,
        seen_per_year=middle,
    )


# The windows of the catalog, as far as they were known on the day.


class _Window(Protocol):
    @property
    def since(self) -> date: ...

    @property
    def until(self) -> date | None: ...

    @property
    def checked(self) -> date: ...


def _watched(inputs: Question) -> dict[str, list[Watched]]:
    """Return the prices that were watched, by their kind.

    Left out are offers that may not exist as stated, resellers that follow what others charge from
    day to day, prices of spare capacity and of marketplaces, which are no list prices.
    """
    found: dict[str, list[Watched]] = {kind: [] for kind in PATHS}
    catalog, load = inputs.catalog, workload(inputs.settings)
    mix = number(load.isl), number(load.osl)
    for offer in catalog.prices.offers:
        provider = catalog.prices.providers.get(offer.provider)
        if offer.doubt or provider is None or provider.kind == "aggregator" or provider.doubt:
            continue
        model = catalog.models.models[offer.model]
        listed = [p for p in offer.prices if p.status != "cancelled" and _per_mtok(p, *mix)]
        usd = [_per_mtok(p, *mix) for p in listed]
        seen = list(_seen(listed, usd, offer.model, inputs.day))
        if model.weights == "open":
            found["hosted"] += seen
            continue
        found["closed"] += seen
        if (kind := model_class(model, catalog.models.classes)) in CLASSES:
            found[kind] += seen
    found["rent"] += _rents(inputs)
    return found


def _rents(inputs: Question) -> Iterator[Watched]:
    hardware = inputs.catalog.hardware
    for rental in hardware.rentals:
        seller = hardware.sellers.get(rental.seller)
        if rental.option == "spot" or seller is None or seller.kind == "marketplace":
            continue
        for region in dict.fromkeys(rent.region for rent in rental.rents):
            rents = [r for r in rental.rents if r.region == region and not r.only_if_named]
            usd = [r.usd_per_gpu_hour for r in rents]
            yield from _seen(rents, usd, rental.seller, inputs.day)


def _per_mtok(price: Price, isl: float, osl: float) -> float:
    """Return the list price of the month's mix of tokens, without caches or batches; 0 for none."""
    rates = price.usd_per_mtok
    if rates.input is None or rates.output is None:
        return 0.0
    return (rates.input * isl + rates.output * osl) / (isl + osl)


def _seen(
    windows: Iterable[_Window], usd: Iterable[float], group: str, day: date
) -> Iterator[Watched]:
    """Yield what was seen of one price up to a day; nothing where it was seen on one day only."""
    seen = [(w, p) for w, p in zip(windows, usd, strict=True) if w.since < day]
    known = sorted(seen, key=lambda pair: pair[0].since)
    if not known:
        return
    (first, old), (latest, new) = known[0], known[-1]
    ended = latest.until is not None and latest.until <= day
    last = latest.until if ended and latest.until else min(day, max(latest.checked, latest.since))
    if last > first.since:
        yield Watched(group, first.since, last, float(np.log(new / old)))


# A trend in words.


def words_of(trend: PriceTrend) -> str:
    """Return where a trend comes from, with the windows that it is derived from."""
    if trend.source != HISTORY:
        return trend.source
    seen = (
        f"{trend.changed} of {trend.prices} prices changed in "
        f"{show_number(trend.watched_years or 0.0)} price-years, windows {trend.first} to "
        f"{trend.last}"
    )
    if not trend.prices:
        return "price history: none in the catalog"
    if trend.seen_per_year is None:
        return f"price history: too little, {seen}"
    between = f"90% x{show_number(trend.low)} to x{show_number(trend.high)}"
    if trend.factor_per_year != trend.seen_per_year:
        rose = f"x{show_number(trend.seen_per_year)} a year"
        return f"price history: {rose}, no sure fall, so flat; {seen}; {between}"
    return f"price history: {seen}; {between}; carried on to {trend.until}"
