"""How tokens are bought: the service tier, the region, the hours and the lengths of requests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tco.analysis.request import Request
from tco.engine.shapes import Floats, Number
from tco.errors import unknown_name

if TYPE_CHECKING:
    from tco.catalog.defaults import Profile
    from tco.catalog.load import Catalog
    from tco.catalog.prices import Modifier

DAYS, HOURS = 7, 24
LENGTH_NODES = 64
"""Quantiles of the lengths of requests at which context tiers are looked up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Buying:
    """What a buyer asks for beyond the list price; the default is the list price.

    Args:
        service: `flex`, `priority` or another tier that offers may have; None for the usual one.
        region: A region with a price of its own; None for the usual one.
        week: Load of each hour from Monday 00:00 UTC over the mean [168] [1]; None for a flat one.
    """

    service: str | None = None
    region: str | None = None
    week: Floats | None = None


LIST_PRICE = Buying()


def buying_of(catalog: Catalog, request: Request, traffic: Profile) -> Buying:
    """Return how a request buys tokens.

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
    return Buying(service=request.service, region=request.region, week=week)


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
    return tuple(out)


def week_share(
    hours: list[str] | None, weekdays: list[int] | None, week: Floats | None = None
) -> float:
    """Return the share of a week's load that lies in some hours of some weekdays [1].

    Args:
        hours: Spans of clock times, in UTC; all day when None.
        weekdays: ISO days, Monday is 1; all of them when None.
        week: Load of each hour over the mean [168] [1]; flat when None.

    >>> week_share(["00:00-06:00", "22:00-24:00"], None)
    0.3333333333333333
    """
    covered = np.zeros((DAYS, HOURS * 60), dtype=bool)
    days = np.array(sorted(set(weekdays)) if weekdays else range(1, DAYS + 1)) - 1
    for span in hours or ["00:00-24:00"]:
        start, end = (int(clock[:2]) * 60 + int(clock[3:]) for clock in span.split("-"))
        minutes = np.arange(start, end if end > start else end + HOURS * 60) % (HOURS * 60)
        covered[days[:, None], minutes] = True
    by_hour = covered.reshape(DAYS * HOURS, 60).mean(axis=1)
    if week is None:
        return float(by_hour.sum() / by_hour.size)
    return float((by_hour * week).sum() / week.sum())
