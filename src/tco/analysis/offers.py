"""What an offer says beyond its prices: free tokens, minimums, rate limits, changes to come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from tco.analysis.inputs import DAYS_OF_A_MONTH, Inputs
from tco.analysis.options import Option, TokenOption
from tco.analysis.settings import workload
from tco.catalog.lookup import price_at, retired
from tco.engine.tariff import Terms

if TYPE_CHECKING:
    from tco.catalog.prices import Offer, Price


def terms_of(offer: Offer) -> Terms | None:
    """Return what an offer gives away and what it asks for at least; None for neither."""
    if offer.free is None and offer.minimum_usd_per_month is None:
        return None
    return Terms(
        free_tokens=offer.free.tokens_per_month if offer.free else 0.0,
        commit_usd_per_month=offer.minimum_usd_per_month or 0.0,
    )


def too_fast(offer: Offer, inputs: Inputs) -> tuple[str, ...]:
    """Return the rate limits that the busiest hour exceeds."""
    if not inputs.volume_given or not (offer.requests_per_minute or offer.tokens_per_minute):
        return ()
    load = workload(inputs.settings)
    peak = float(np.asarray(load.peak_requests_per_s)) * 60.0
    tokens = peak * float(np.asarray(load.tokens_per_request))
    rows = (
        (peak, offer.requests_per_minute, "requests"),
        (tokens, offer.tokens_per_minute, "tokens"),
    )
    return tuple(
        f"the busiest hour has {need:,.0f} {what} a minute, its limit is {limit:,}"
        for need, limit, what in rows
        if limit is not None and need > limit
    )


def days_of(offer: Offer, inputs: Inputs) -> list[tuple[float, Price | None]]:
    """Return the prices of the month, in the order of its days, with the share of the days each.

    That is the price of the day alone, for all of them, unless the whole month was asked for. A
    price of None: the provider does not answer then, or nobody knows for how much.
    """
    if not inputs.request.by_day:
        return [(1.0, _price_on(offer, inputs.day, inputs))]
    found: list[tuple[int, Price | None]] = []
    for n in range(DAYS_OF_A_MONTH):
        price = _price_on(offer, inputs.day + timedelta(days=n), inputs)
        if found and _same(found[-1][1], price):
            found[-1] = (found[-1][0] + 1, found[-1][1])
        else:
            found.append((1, price))
    return [(days / DAYS_OF_A_MONTH, price) for days, price in found]


def _price_on(offer: Offer, day: date, inputs: Inputs) -> Price | None:
    """Return the price of an offer that is still answered for on a day."""
    return None if retired(offer, day) else price_at(offer, day, inputs.catalog.offers)


def _same(one: Price | None, other: Price | None) -> bool:
    if one is None or other is None:
        return one is other
    return (one.usd_per_mtok, one.modifiers) == (other.usd_per_mtok, other.modifiers)


def changes_soon(inputs: Inputs, used: Sequence[Option]) -> list[str]:
    """Return a warning for each offer whose price changes inside the month that is asked about."""
    if inputs.request.by_day:
        return []
    ids = {o.id for o in used if isinstance(o, TokenOption)}
    end = inputs.day + timedelta(days=DAYS_OF_A_MONTH)
    out = []
    for offer in inputs.catalog.prices.offers:
        if offer.id not in ids:
            continue
        days = [p.since for p in offer.prices if p.status != "cancelled"]
        days = [day for day in days if inputs.day < day <= end]
        if days:
            out.append(
                f"{offer.id}: its price changes on {min(days)}, inside the month; "
                "--by-day weighs both"
            )
        if offer.retires and inputs.day <= offer.retires <= end:
            out.append(f"{offer.id}: retires on {offer.retires}, inside the month")
    return out
