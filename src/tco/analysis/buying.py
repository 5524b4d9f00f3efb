"""How tokens are bought: the service tier, the region, the hours and the lengths of requests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from tco.analysis.request import Request
from tco.engine.shapes import Floats, Number
from tco.errors import unknown_name

if TYPE_CHECKING:
    from tco.catalog.defaults import Profile
    from tco.catalog.load import Catalog
    from tco.catalog.prices import Modifier, When

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
    """

    service: str | None = None
    region: str | None = None
    cache_ttl: str | None = None
    week: Floats | None = None
    day: date = date.min


LIST_PRICE = Buying()


def buying_of(catalog: Catalog, request: Request, traffic: Profile, day: date) -> Buying:
    """Return how a request buys tokens on a day.

    Raises:
        UnknownNameError: A region that no offer has a price for.
    """
    if request.region is not None:
        offers = catalog.prices.offers
        modifiers = [m for offer in offers for price in offer.prices for m in price.modifiers]
        regions = {m.when.region for m in modifiers if m.when.region}
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
    )


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


def missing(buying: Buying, modifiers: Iterable[Modifier]) -> tuple[str, ...]:
    """Return what was asked for and the offer has no price for, so that the usual one holds."""
    known = list(modifiers)
    out = []
    if buying.service and not any(m.when.service == buying.service for m in known):
        out.append(f"no {buying.service} tier: its usual price")
    if buying.region and not any(m.when.region == buying.region for m in known):
        out.append(f"no price of its own for region {buying.region}: its usual one")
    if buying.cache_ttl and not any(m.when.cache_ttl == buying.cache_ttl for m in known):
        out.append(f"no price of its own for a cache of {buying.cache_ttl}: its usual one")
    return tuple(out)


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
