"""How tokens are bought: the service tier, the region, the hours and the lengths of requests."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from tco.analysis.request import Request
from tco.engine.shapes import Floats, Number
from tco.errors import unknown_name

if TYPE_CHECKING:
    from tco.catalog.defaults import Profile
    from tco.catalog.load import Catalog
    from tco.catalog.prices import Modifier, Provider, When
    from tco.catalog.usage_profile import Lengths

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
    """

    service: str | None = None
    region: str | None = None
    cache_ttl: str | None = None
    week: Floats | None = None
    day: date = date.min
    services: Mapping[str, str] = field(default_factory=dict)
    regions: Mapping[str, str] = field(default_factory=dict)
    lengths: Lengths | None = None


LIST_PRICE = Buying()
AT_LIST = "list"
"""What a provider calls a region whose price is that without a modifier."""
MINUTES = {"m": 1, "h": 60}


def buying_of(catalog: Catalog, request: Request, traffic: Profile, day: date) -> Buying:
    """Return how a request buys tokens on a day.

    Raises:
        UnknownNameError: A region that no provider knows.
    """
    if request.region is not None:
        offers = catalog.prices.offers
        modifiers = [m for offer in offers for price in offer.prices for m in price.modifiers]
        regions = {m.when.region for m in modifiers if m.when.region}
        regions |= {word for p in catalog.prices.providers.values() for word in p.regions}
        if request.region not in regions:
            raise unknown_name("region", request.region, regions)
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


def _own_lengths(catalog: Catalog, request: Request) -> Lengths | None:
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
    if not np.any(cv):
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


def _named(asked: str | None, words: Mapping[str, str], sold: Collection[str | None]) -> str | None:
    """Return what an offer calls something that was asked for; None where it has nothing of it."""
    own = words.get(asked or "")
    found = asked if asked in sold else own
    return found if found in sold or found == AT_LIST else None


def _lifetime(asked: str | None, sold: Collection[str]) -> str | None:
    """Return the lifetime that is sold for one that was asked for; None for the usual one."""
    if asked is None or not sold or (asked == SHORTEST and asked not in sold):
        return None
    long_enough = [one for one in sold if _minutes(one) >= _minutes(asked)]
    return min(long_enough, key=_minutes) if long_enough else max(sold, key=_minutes)


SHORTEST = "5m"
"""A lifetime that the usual price of every cache covers."""


def _minutes(lifetime: str) -> int:
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
    if buying.cache_ttl and sold.cache_ttl != buying.cache_ttl:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """How the clock of a provider's windows stands to the hours of our load.

    Args:
        ahead_min: Minutes that it is ahead of UTC [minute].
        holidays_per_year: Mondays to Fridays that count as holidays; 0 where the price knows no
            holidays [day/year].
        on_holidays: The window is open on holidays.
    """

    ahead_min: int = 0
    holidays_per_year: Number = 0.0
    on_holidays: bool = True


UTC = Clock()


def clock_of(when: When, day: date, *, holidays_per_year: Number) -> Clock:
    """Return the clock of a condition; one that names holidays takes them for its own weekdays."""
    ahead = 0
    if when.time_zone not in (None, "UTC"):
        from zoneinfo import ZoneInfo  # reads files; most windows are in UTC

        offset = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(when.time_zone))
        ahead = int((offset.utcoffset() or timedelta()).total_seconds()) // 60
    return Clock(
        ahead_min=ahead,
        holidays_per_year=holidays_per_year,
        on_holidays=when.holidays is not None or when.weekdays is None,
    )


def week_share(
    hours: list[str] | None,
    weekdays: list[int] | None,
    week: Floats | None = None,
    clock: Clock = UTC,
) -> Number:
    """Return the share of a week's load that lies in some hours of some weekdays [1].

    ``sum(load * (open + h * (open on holidays - open))) / sum(load)``, with h holidays for each
    day from Monday to Friday.

    Args:
        hours: Spans of clock times; all day when None.
        weekdays: ISO days, Monday is 1; all of them when None.
        week: Load of each hour from Monday 00:00 UTC over the mean [168] [1]; flat when None.
        clock: The clock that hours and days are told by.

    >>> week_share(["00:00-06:00", "22:00-24:00"], None)
    0.3333333333333333
    """
    covered = np.zeros((DAYS, HOURS * 60))
    days = np.array(sorted(set(weekdays)) if weekdays else range(1, DAYS + 1)) - 1
    times = np.zeros(HOURS * 60)
    for span in hours or ["00:00-24:00"]:
        start, end = (int(time[:2]) * 60 + int(time[3:]) for time in span.split("-"))
        times[np.arange(start, end if end > start else end + HOURS * 60) % (HOURS * 60)] = 1.0
    covered[days] = times
    change = np.zeros_like(covered)
    change[:FRIDAY] = times * clock.on_holidays - covered[:FRIDAY]
    usual, moved = (_in_week(grid, week, clock.ahead_min) for grid in (covered, change))
    return usual + moved * clock.holidays_per_year / WORKING_DAYS


def _in_week(grid: Floats, week: Floats | None, ahead_min: int) -> float:
    """Return the load under a grid of minutes, over all load [1]."""
    by_hour = np.roll(grid.ravel(), -ahead_min).reshape(DAYS * HOURS, 60).mean(axis=1)
    if week is None:
        return float(by_hour.sum() / by_hour.size)
    return float((by_hour * week).sum() / week.sum())
