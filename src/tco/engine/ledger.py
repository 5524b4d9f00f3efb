"""A bill: lines of quantity times rate. Amounts and totals are derived, never stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tco.engine.shapes import Number

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
