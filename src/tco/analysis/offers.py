"""What an offer says beyond its prices: free tokens, minimums, rate limits, changes to come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from tco.analysis.inputs import Inputs
from tco.analysis.options import Option, TokenOption
from tco.analysis.settings import workload
from tco.engine.tariff import Terms

if TYPE_CHECKING:
    from tco.catalog.prices import Offer

DAYS_OF_A_MONTH = 30


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
    if not inputs.volume_given:
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


def changes_soon(inputs: Inputs, used: Sequence[Option]) -> list[str]:
    """Return a warning for each offer whose price changes inside the month that is asked about."""
    ids = {o.id for o in used if isinstance(o, TokenOption)}
    end = inputs.day + timedelta(days=DAYS_OF_A_MONTH)
    out = []
    for offer in inputs.catalog.prices.offers:
        if offer.id not in ids:
            continue
        days = [p.since for p in offer.prices if p.status != "cancelled"]
        days = [day for day in days if inputs.day < day <= end]
        if days:
            out.append(f"{offer.id}: its price changes on {min(days)}, inside the month")
        if offer.retires and inputs.day <= offer.retires <= end:
            out.append(f"{offer.id}: retires on {offer.retires}, inside the month")
    return out
