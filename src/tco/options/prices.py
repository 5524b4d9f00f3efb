"""How tokens are bought, and what one costs: tier, region, hours, lengths, modifiers."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import field, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tco.engine.ledger import Flows, Origin, TokenRates, is_none, token_flows
from tco.engine.shapes import Floats, Number, Workload
from tco.options.scenario import Scenario
from tco.options.settings import Settings, workload
from tco.records import dataclass

if TYPE_CHECKING:
    from tco.catalog.defaults import Profile
    from tco.catalog.load import Catalog
    from tco.catalog.prices import Modifier, Provider, Rates, When
    from tco.catalog.usage_profile import Lengths


# How tokens are bought: the service tier, the region, the hours and the lengths of requests.

DAYS, HOURS, FRIDAY = 7, 24, 5
LENGTH_NODES = 64
"""Quantiles of the lengths of requests at which context tiers are looked up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Buying:
    """What a buyer asks for beyond the list price; the default is the list price.

    Args:
        service: `flex`, `priority` or another tier that offers may have; None for the usual one.
        region: A region with a price of its own; None for the usual one.
        cache_ttl: Lifetime of a cache that is written, such as `1h`; None for the usual one.
        week: Load of each hour from Monday 00:00 UTC over the mean [168] [1]; None for a flat one.
        day: The day whose prices hold: time zones shift with the seasons.
        services, regions: What a provider calls the tier or region of another name.
        lengths: How long requests are, where logs tell.
        holidays_per_year: Working days that count as holidays, where a price knows any [day/year].
    """

    service: str | None = None
    region: str | None = None
    cache_ttl: str | None = None
    week: Floats | None = None
    day: date = date.min
    services: Mapping[str, str] = field(default_factory=dict)
    regions: Mapping[str, str] = field(default_factory=dict)
    lengths: Lengths | None = None
    holidays_per_year: Number = 0.0


LIST_PRICE = Buying()
AT_LIST = "list"
"""What a provider calls a region whose price is that without a modifier."""
MINUTES = {"m": 1, "h": 60}


def buying_of(catalog: Catalog, request: Scenario, traffic: Profile, day: date) -> Buying:
    """Return how a request buys tokens on a day."""
    week = None
    if traffic.hourly:
        week = np.tile(np.asarray(traffic.hourly, dtype=float), DAYS * HOURS // len(traffic.hourly))
    return Buying(
        service=request.service,
        region=request.region,
        cache_ttl=request.cache_ttl,
        week=week,
        day=day,
        lengths=_own_lengths(catalog, request),
    )


def _own_lengths(catalog: Catalog, request: Scenario) -> Lengths | None:
    """Return how long requests are in the user's own logs, unless other lengths were asked for."""
    own = catalog.own.get(request.profile or "")
    if own is None or request.settings.get("workload.length_cv"):
        return None
    return own.lengths


def lengths(isl: Number, cv: Number) -> tuple[Floats, ...]:
    """Return requests of equal weight whose inputs are lognormal about their mean [token/request].

    The quantile midpoints of ``exp(s * z)`` over their own mean, ``s = sqrt(ln(1 + cv**2))``, so
    that the mean is kept exactly. One length when there is no variation at all.

    Args:
        isl: Mean input of a request [token/request].
        cv: Standard deviation over the mean [1].
    """
    if is_none(cv) or not np.any(cv):
        return (np.asarray(isl, dtype=float),)
    sigma = np.sqrt(np.log1p(np.square(cv)))
    nodes = [np.exp(sigma * z) for z in _normal(LENGTH_NODES)]
    mean = sum(nodes) / LENGTH_NODES
    return tuple(np.asarray(isl * node / mean, dtype=float) for node in nodes)


def _normal(count: int) -> list[float]:
    """Return the quantile midpoints of a standard normal distribution."""
    from statistics import NormalDist

    return [NormalDist().inv_cdf((i + 0.5) / count) for i in range(count)]


def at_provider(buying: Buying, provider: Provider | None) -> Buying:
    """Return the same with a provider's own words for tiers and regions."""
    if provider is None or not (buying.service or buying.region):
        return buying
    return replace(buying, services=provider.services, regions=provider.regions)


def as_sold(buying: Buying, modifiers: Iterable[Modifier]) -> Buying:
    """Return what is bought in the words of an offer's modifiers; None for what it does not have.

    A tier or region goes by the name asked for, else by the provider's own one. A cache lives at
    least as long as asked for where that is sold, else as long as it can: a longer life never
    costs less.
    """
    if not (buying.service or buying.region or buying.cache_ttl):
        return buying
    whens = [m.when for m in modifiers]
    return replace(
        buying,
        service=_named(buying.service, buying.services, {w.service for w in whens}),
        region=_named(buying.region, buying.regions, {w.region for w in whens}),
        cache_ttl=_lifetime(buying.cache_ttl, {w.cache_ttl for w in whens if w.cache_ttl}),
    )


def _named(
    wanted: str | None, words: Mapping[str, str], sold: Collection[str | None]
) -> str | None:
    """Return what an offer calls something that was asked for; None where it has nothing of it."""
    own = words.get(wanted or "")
    found = wanted if wanted in sold else own
    return found if found in sold or found == AT_LIST else None


def _lifetime(wanted: str | None, sold: Collection[str]) -> str | None:
    """Return the lifetime that is sold for one that was asked for; None for the usual one."""
    if wanted is None or not sold or (wanted == SHORTEST and wanted not in sold):
        return None
    long_enough = [one for one in sold if minutes(one) >= minutes(wanted)]
    return min(long_enough, key=minutes) if long_enough else max(sold, key=minutes)


SHORTEST = "5m"
"""A lifetime that the usual price of every cache covers."""


def minutes(lifetime: str) -> int:
    """Return the minutes of a lifetime such as `5m` or `1h`."""
    return int(lifetime[:-1]) * MINUTES[lifetime[-1]]


def missing(buying: Buying, modifiers: Iterable[Modifier]) -> tuple[str, ...]:
    """Return what was asked for and goes by another name, or has no price of its own here."""
    known = list(modifiers)
    sold = as_sold(buying, known)
    out = []
    if buying.service and sold.service != buying.service:
        tiers = _others(m.when.service for m in known if m.when.service != "batch")
        usual = f"no {buying.service} tier: its usual price{tiers}"
        out.append(f"{buying.service} is {sold.service} here" if sold.service else usual)
    if buying.region and sold.region not in (buying.region, AT_LIST):
        places = _others(m.when.region for m in known)
        usual = f"no price of its own for region {buying.region}: its usual one{places}"
        out.append(f"region {buying.region} is {sold.region} here" if sold.region else usual)
    if buying.cache_ttl not in (None, SHORTEST, sold.cache_ttl):
        usual = f"no price of its own for a cache of {buying.cache_ttl}: its usual one"
        other = f"no cache of {buying.cache_ttl}: the price of {sold.cache_ttl}"
        out.append(other if sold.cache_ttl else usual)
    return tuple(out)


def _others(names: Iterable[str | None]) -> str:
    """Return what there is instead, in words; empty for nothing."""
    known = sorted({name for name in names if name})
    return f"; it has {', '.join(known)}" if known else ""


WORKING_DAYS = 5 / 7 * 365
"""Mondays to Fridays of a year, holidays included [day/year]."""


def minutes_ahead(time_zone: str | None, day: date) -> int:
    """Return how far the clocks of a zone are ahead of UTC on a day [minute]."""
    if time_zone in (None, "UTC"):
        return 0
    from zoneinfo import ZoneInfo  # reads files; most windows are in UTC

    offset = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(time_zone)).utcoffset()
    return int((offset or timedelta()).total_seconds()) // 60


def open_on_holidays(when: When) -> bool:
    """Return whether holidays are open: a condition that names them takes them for its weekdays."""
    return when.holidays is not None or when.weekdays is None


def week_share(
    hours: list[str] | None,
    weekdays: list[int] | None,
    week: Floats | None = None,
    *,
    ahead_min: int = 0,
    holidays_per_year: Number = 0.0,
    on_holidays: bool = True,
) -> Number:
    """Return the share of a week's load that lies in some hours of some weekdays [1].

    ``sum(load * (open + h * (open on holidays - open))) / sum(load)``, with h holidays for each
    day from Monday to Friday.

    Args:
        hours: Spans of clock times; all day when None.
        weekdays: ISO days, Monday is 1; all of them when None.
        week: Load of each hour from Monday 00:00 UTC over the mean [168] [1]; flat when None.
        ahead_min: Minutes that the clock they are told by is ahead of UTC [minute].
        holidays_per_year: Mondays to Fridays that count as holidays; 0 where the price knows no
            holidays [day/year].
        on_holidays: The window is open on holidays.

    >>> week_share(["00:00-06:00", "22:00-24:00"], None)
    0.3333333333333333
    """
    if not hours and not weekdays and on_holidays:
        return 1.0  # as most conditions have it: worked out, it is the same
    days = tuple(sorted(set(weekdays or range(1, DAYS + 1))))
    grids = _open_hours(tuple(hours or ["00:00-24:00"]), days, ahead_min, on_holidays=on_holidays)
    usual, moved = (_in_week(by_hour, week) for by_hour in grids)
    return usual + moved * holidays_per_year / WORKING_DAYS


@lru_cache(maxsize=64)
def _open_hours(
    hours: tuple[str, ...], weekdays: tuple[int, ...], ahead_min: int, *, on_holidays: bool
) -> tuple[Floats, Floats]:
    """Return how much of each hour of the week is open, and what a holiday changes [168] [1].

    Every kind of token of every bill asks for the windows of its price.
    """
    covered = np.zeros((DAYS, HOURS * 60))
    times = np.zeros(HOURS * 60)
    for span in hours:
        start, end = (int(time[:2]) * 60 + int(time[3:]) for time in span.split("-"))
        times[np.arange(start, end if end > start else end + HOURS * 60) % (HOURS * 60)] = 1.0
    covered[np.array(weekdays) - 1] = times
    change = np.zeros_like(covered)
    change[:FRIDAY] = times * on_holidays - covered[:FRIDAY]
    usual, moved = (
        np.roll(grid.ravel(), -ahead_min).reshape(DAYS * HOURS, 60).mean(axis=1)
        for grid in (covered, change)
    )
    return usual, moved


def _in_week(by_hour: Floats, week: Floats | None) -> float:
    """Return the load under what is open of each hour, over all load [1]."""
    if week is None:
        return float(by_hour.sum() / by_hour.size)
    return float((by_hour * week).sum() / week.sum())


# What a token costs for a workload of a given shape: base price and the modifiers that apply.

ANSWERS = ("output", "reasoning_output")
CACHED = ("cached_input", "cache_write")
FOLLOWS = {"cached_input": "input", "cache_write": "input", "reasoning_output": "output"}
"""Prices that follow another one where they are not named."""


def token_rates(
    rates: Rates,
    modifiers: list[Modifier],
    *,
    isl: Number,
    length_cv: Number = 0.0,
    cache_min_tokens: int = 0,
    buying: Buying = LIST_PRICE,
    factor: Number = 1.0,
    holidays_per_year: Number = 0.0,
    origin: Origin = "catalog",
    source: str = "",
) -> TokenRates:
    """Return the prices of plain and batch tokens for requests of one length.

    Conditions of different kinds combine, each as a factor on the base price: context length by
    the length of each request, hours of the week by their share of the load, batch for the batch
    tier. Regions, cache lifetimes and other service tiers apply only when asked for, to all but
    batch requests as far as services go.

    Args:
        rates: Base prices [USD/Mtok]; `input` and `output` must be there.
        isl: Mean input of a request [token/request].
        length_cv: Standard deviation of that over the mean; 0 for requests of one length [1].
        cache_min_tokens: Input below which a request is neither read from a cache nor written to
            one: it pays for plain input [token/request].
        buying: Service tier, region, cache lifetime and load of the week.
        factor: Factor on all prices [1].
        holidays_per_year: Working days that count as holidays, where a modifier knows holidays
            [day/year].
        origin, source: Who said so.

    Raises:
        ValueError: There is no input or no output price.
    """
    if rates.input is None or rates.output is None:
        raise ValueError("a price for input and one for output are needed")
    base = {
        "input": rates.input * factor,
        "output": rates.output * factor,
        # No cache price of its own: cached tokens pay the full input price, never nothing.
        "cached_input": _or(rates.cached_input, rates.input) * factor,
        "cache_write": _or(rates.cache_write, rates.input) * factor,
    }
    if _thinks_apart(rates, modifiers):
        base["reasoning_output"] = _or(rates.reasoning_output, rates.output) * factor
    batch = base
    if modifiers or cache_min_tokens:
        inputs = _Inputs.of(isl, length_cv, buying)
        if modifiers:
            sold = as_sold(buying, modifiers)
            if any(m.when.holidays for m in modifiers if not _on_demand(m)):
                sold = replace(sold, holidays_per_year=holidays_per_year)
            base, batch = _modified(base, rates, modifiers, inputs, sold)
        short = _short_share(inputs, cache_min_tokens)
        base, batch = (_with_short(prices, short) for prices in (base, batch))
    late = {f"batch_{key}": price for key, price in batch.items()}
    return TokenRates(**base, **late, origin=origin, source=source)


def _modified(
    base: dict[str, Number],
    rates: Rates,
    modifiers: list[Modifier],
    inputs: _Inputs,
    buying: Buying,
) -> tuple[dict[str, Number], dict[str, Number]]:
    """Return the prices, and those of the batch tier, with the modifiers of what is bought."""
    plain = [m for m in modifiers if not _on_demand(m)]
    asked = [m for m in modifiers if _is_bought(m, buying)]
    base = {
        key: scaled(
            price,
            _context_factor(plain, key, rates, inputs, buying),
            _week_factor(plain, key, rates, buying),
            _product(asked, key, rates),
        )
        for key, price in base.items()
    }
    batch = _batch(base, rates, modifiers)
    service = [m for m in modifiers if buying.service and m.when.service == buying.service]
    return {key: scaled(p, _product(service[:1], key, rates)) for key, p in base.items()}, batch


def _thinks_apart(rates: Rates, modifiers: list[Modifier]) -> bool:
    """Return whether hidden reasoning has a price of its own, here or under some condition."""
    some = (rates, *(m.usd_per_mtok for m in modifiers if m.usd_per_mtok is not None))
    return any(one.reasoning_output is not None for one in some)


def _short_share(inputs: _Inputs, least: int) -> Number:
    """Return the share of the cached input that lies in requests too short to be cached [1]."""
    if not least:
        return 0.0
    weights = inputs.weight("cached_input")
    pairs = zip(inputs.isl, weights, strict=True)
    short = sum(np.where(isl < least, weight, 0.0) for isl, weight in pairs)
    share: Number = short / sum(weights)
    return share


def _with_short(prices: dict[str, Number], short: Number) -> dict[str, Number]:
    """Return prices of which a share of cached and written input is plain input after all."""
    if is_none(short) or not np.any(short):
        return prices
    plain = prices["input"]
    cached = {key: prices[key] + short * (plain - prices[key]) for key in CACHED}
    return {**prices, **cached}


def flows_of(load: Workload, settings: Settings) -> Flows:
    """Return the token flows of some requests: the usual ones are those of most options."""
    return settings.once(_usual_flows) if load is workload(settings) else token_flows(load)


def _usual_flows(settings: Settings) -> Flows:
    return token_flows(workload(settings))


def scaled(number: Number, *factors: Number) -> Number:
    """Return the product; a factor of 1 leaves an array as it is, and costs no time."""
    for factor in factors:
        if not (isinstance(factor, float) and factor == 1.0):
            number = number * factor
    return number


def _or(value: float | None, other: float) -> float:
    return other if value is None else value


def _on_demand(modifier: Modifier) -> bool:
    """Return whether a modifier applies only to those who ask for it."""
    return bool(modifier.when.service or modifier.when.region or modifier.when.cache_ttl)


def _is_bought(modifier: Modifier, buying: Buying) -> bool:
    """Return whether a region or a cache lifetime is the one that is bought."""
    when = modifier.when
    wanted = ((when.region, buying.region), (when.cache_ttl, buying.cache_ttl))
    named = [(has, asked) for has, asked in wanted if has]
    return bool(named) and not when.service and all(has == asked for has, asked in named)


class _Inputs(NamedTuple):
    """Inputs of requests, and how much each kind of token weighs at each of them.

    Args:
        isl: Input of a request, one array a length [token/request].
        weights: By kind of token, one weight a length; for a kind that is not here the input.
    """

    isl: tuple[Floats, ...]
    weights: Mapping[str, tuple[Number, ...]]

    @classmethod
    def of(cls, isl: Number, length_cv: Number, buying: Buying) -> _Inputs:
        """Return the lengths of a lognormal mix, or those that logs tell, about the same mean.

        Of a lognormal mix input counts by its tokens, output by its requests: how long an answer
        is does not depend here on how long the question was. Logs tell it.
        """
        own = buying.lengths
        if own is None:
            some = lengths(isl, length_cv)
            return cls(some, dict.fromkeys(ANSWERS, (1.0,) * len(some)))
        factor = isl / (sum(own.input) / sum(own.requests))
        parts = zip(own.input, own.read, own.written, strict=True)
        fresh = tuple(taken - read - written for taken, read, written in parts)
        weights = {"input": fresh, "cached_input": own.read, "cache_write": own.written}
        known = {key: some for key, some in weights.items() if sum(some) > 0}
        return cls(
            tuple(np.asarray(one * factor, dtype=float) for one in own.isl),
            {"": own.input, **dict.fromkeys(ANSWERS, own.output), **known},
        )

    def weight(self, key: str) -> tuple[Number, ...]:
        """Return what each length weighs for a kind of token."""
        return self.weights.get(key, self.weights.get("", self.isl))


def _product(modifiers: list[Modifier], key: str, rates: Rates) -> float:
    """Return the factors of some modifiers together [1]."""
    return math.prod((_factor(m, key, rates) for m in modifiers), start=1.0)


def _week_factor(modifiers: list[Modifier], key: str, rates: Rates, buying: Buying) -> Number:
    """Return the factor of the hours of the week: windows add up [1]."""
    alone = [m for m in modifiers if m.when.input_tokens_over is None]
    timed = [m for m in alone if m.when.hours or m.when.weekdays]
    return 1.0 + sum(_in_the_week(m, key, rates, buying) - 1.0 for m in timed)


def _in_the_week(modifier: Modifier, key: str, rates: Rates, buying: Buying) -> Number:
    """Return the factor of one modifier on the load: 1 outside its hours of the week [1]."""
    when = modifier.when
    covered = week_share(
        when.hours,
        when.weekdays,
        buying.week,
        ahead_min=minutes_ahead(when.time_zone, buying.day),
        holidays_per_year=buying.holidays_per_year,
        on_holidays=open_on_holidays(when),
    )
    return 1.0 + covered * (_factor(modifier, key, rates) - 1.0)


def _context_factor(
    modifiers: list[Modifier],
    key: str,
    rates: Rates,
    inputs: _Inputs,
    buying: Buying,
) -> Number:
    """Return the factor of the context tiers on a mix of requests, each by its own length [1]."""
    if not any(m.when.input_tokens_over for m in modifiers):
        return 1.0
    weights = inputs.weight(key)
    factors = [_tier_factor(modifiers, key, rates, isl, buying) for isl in inputs.isl]
    priced = sum(w * f for w, f in zip(weights, factors, strict=True))
    result: Number = priced / sum(weights)
    return result


def _tier_factor(
    modifiers: list[Modifier], key: str, rates: Rates, isl: Floats, buying: Buying
) -> Number:
    """Return the factor of the context tiers on requests of one length: the highest reached [1].

    A cliff tier prices the whole request; a graduated one only the input above its limit.
    """
    tiers = sorted(
        (m.when.input_tokens_over, n) for n, m in enumerate(modifiers) if m.when.input_tokens_over
    )
    result: Number = 1.0
    below: Number = 1.0
    for limit, n in tiers:
        tier, factor = modifiers[n], _in_the_week(modifiers[n], key, rates, buying)
        above = np.greater_equal(isl, limit) if tier.inclusive else np.greater(isl, limit)
        if tier.mode == "cliff" or key in ANSWERS:
            result = np.where(above, factor, result)
        else:
            share = (np.asarray(isl) - limit) / isl
            result = np.where(above, result + share * (factor - below), result)
        below = factor
    return result


def tier_factors(rates: Rates, modifiers: Iterable[Modifier]) -> list[tuple[int, float]]:
    """Return the limits of the context tiers [token/request] and their factors on input [1]."""
    tiers = [m for m in modifiers if not _on_demand(m)]
    limits = [(m, m.when.input_tokens_over) for m in tiers]
    return [(limit, _factor(m, "input", rates)) for m, limit in limits if limit is not None]


def _factor(modifier: Modifier, key: str, rates: Rates) -> float:
    """Return a modifier's price over the base price [1].

    Cached input that it does not name follows the input, and hidden reasoning the output; where
    the base has no price of theirs, the base is the input or output price.
    """
    if modifier.multiply is not None:
        return modifier.multiply
    if modifier.usd_per_mtok is None:
        return 1.0
    price = getattr(modifier.usd_per_mtok, key)
    base = getattr(rates, key)
    if key in FOLLOWS:
        whole = FOLLOWS[key]
        if price is None:
            price, base = getattr(modifier.usd_per_mtok, whole), getattr(rates, whole)
        base = getattr(rates, whole) if base is None else base
    return 1.0 if price is None or not base else float(price / base)


def _batch(base: dict[str, Number], rates: Rates, modifiers: list[Modifier]) -> dict[str, Number]:
    """Return the batch prices; without a batch cache price, cached tokens pay the batch input."""
    tier = next((m for m in modifiers if m.when.service == "batch" and not m.when.region), None)
    if tier is None:
        return base
    batch = {key: scaled(price, _factor(tier, key, rates)) for key, price in base.items()}
    stated = tier.usd_per_mtok.cached_input if tier.usd_per_mtok else rates.cached_input
    if stated is None:
        batch["cached_input"] = batch["input"]
    return batch
