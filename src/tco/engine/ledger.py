"""A bill: lines of quantity times rate. Amounts and totals are derived, never stored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from tco.engine.shapes import Number
from tco.records import dataclass
from tco.units import MTOK

Origin = Literal["given", "catalog", "assumed"]
"""Who said so: the user, a source in a catalog, or our own judgment."""

Group = Literal["tokens", "compute", "power", "people", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One item of a monthly bill: `quantity` of `unit` at `rate_usd` each.

    Args:
        item: What is paid for.
        group: The heading that it is summed under.
        quantity: How much of it a month [unit].
        unit: What is counted.
        rate_usd: Price of one [USD/unit].
        origin: Who said the rate.
        source: The source id of the rate, or the path of the assumption.
        spread: It is the month's part of a sum that was paid on the first day.
    """

    item: str
    group: Group
    quantity: Number
    unit: str
    rate_usd: Number
    origin: Origin
    source: str
    spread: bool = False

    @property
    def amount_usd(self) -> Number:
        """Return `quantity * rate_usd` [USD/month]."""
        return self.quantity * self.rate_usd


def total_usd(lines: tuple[Line, ...], group: Group | None = None) -> Number:
    """Return the sum of the lines, or of those of one group [USD/month]."""
    total: Number = 0.0
    for line in lines:
        if group in (None, line.group):
            total = _added(total, line.amount_usd)
    return total


def _added(total: Number, amount: Number) -> Number:
    """Return the sum, in the memory of `total` where that has room for it: `total` is ours."""
    if isinstance(total, np.ndarray) and total.ndim and np.shape(amount) in ((), total.shape):
        total += amount
        return total
    return total + amount


@dataclass(frozen=True, kw_only=True)
class TokenPrices:
    """What a token costs that own GPUs make, by the time that each kind takes: a bill taken apart.

    The prices times the tokens, and what idles, are the bill.
    """

    input_usd_per_mtok: float | None
    """Input that is read; None where there is none, or its time is not known."""
    cached_usd_per_mtok: float | None
    """Input found in the cache of prefixes, which only what is read looks back at."""
    output_usd_per_mtok: float | None
    idle_usd: float
    """What stands idle, in no price: GPUs that do, and what they draw meanwhile [USD/month]."""
    idle_share: float
    """The same over the bill."""
    why_not: str | None = None
    """Why there are no prices."""


def token_prices(
    usd: float, idle_usd: float, time: Sequence[float], tokens: Sequence[float]
) -> TokenPrices:
    """Return the prices of fresh input, cached input and output that share out a bill.

    ``(bill - idle) * time of its kind / time of all / tokens of its kind``.

    Args:
        usd: The bill, people included [USD/month].
        idle_usd: What of it idles [USD/month].
        time: What each kind takes of a replica's time, in any unit; empty where nobody knows [3].
        tokens: Tokens of each kind [3] [token/month].
    """
    there = [t if n > 0 else 0.0 for t, n in zip(time, tokens, strict=False)]
    whole = sum(there)
    if whole > 0:
        rates = [
            (usd - idle_usd) * t / whole / n * MTOK if n > 0 else None
            for t, n in zip(there, tokens, strict=True)
        ]
        why_not = None
    else:
        rates = [None] * 3
        why_not = "the time of each kind of token takes the dimensions of the model, and tokens"
    return TokenPrices(
        input_usd_per_mtok=rates[0],
        cached_usd_per_mtok=rates[1],
        output_usd_per_mtok=rates[2],
        idle_usd=idle_usd,
        idle_share=idle_usd / usd if usd > 0 else 0.0,
        why_not=why_not,
    )
