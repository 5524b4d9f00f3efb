"""Money at the time it is paid: present value, payback, and when to change over.

A flow has one entry for the first day and one for the end of each month after it [months + 1].
"""

from __future__ import annotations

import numpy as np

from tco.engine.shapes import Floats, Number
from tco.units import MONTHS_PER_YEAR


def present_value(flow: Floats, yearly_rate: Number, *, year_end: bool = False) -> Number:
    """Return what a flow is worth on the first day, ``sum(c[t] * (1 + i)**-t)`` [USD].

    Args:
        flow: Money paid on the first day and at the end of each month [..., months + 1] [USD].
        yearly_rate: Cost of capital, ``1 + rate = (1 + i)**12`` [1/year].
        year_end: Cash of a year counts at its end, that of the first day on the first day, as in a
            sheet with a column a year. A part of a year at the end counts as a year.

    Source:
        The net present value of any spreadsheet, with a flow at time 0 left undiscounted.
    """
    months = np.arange(flow.shape[-1], dtype=float)
    if year_end:
        months = np.ceil(months / MONTHS_PER_YEAR) * MONTHS_PER_YEAR
    factor = np.exp(
        -months * np.log1p(np.asarray(yearly_rate, dtype=float))[..., None] / MONTHS_PER_YEAR
    )
    value: Number = np.sum(flow * factor, axis=-1)
    return value


def payback_months(saving: Floats) -> float:
    """Return when what was put in has come back for the first time [month].

    The first moment at which the sum of the savings so far is not negative any more, straight
    between months; 0 when it never was negative, not a number when it stays so. Cash alone counts:
    nothing is amortized beside it.

    Args:
        saving: What the other way would have cost less this one, by month [months + 1] [USD].

    >>> payback_months(np.array([-100.0, 40.0, 40.0, 40.0]))
    2.5
    """
    so_far = np.cumsum(saving)
    if not np.any(so_far < 0):
        return 0.0
    behind = int(np.argmax(so_far < 0))
    back = np.flatnonzero(so_far[behind:] >= 0)
    if not back.size:
        return float("nan")
    month = behind + int(back[0])
    return month - float(so_far[month] / saving[month])


def cohorts(needed: Floats, life_months: int) -> Floats:
    """Return how many are bought at the beginning of each month, those worn out replaced [months].

    Args:
        needed: How many there must be in each month, never falling [months].
        life_months: Months that one serves.
    """
    growth = np.diff(needed, prepend=0.0)
    bought = growth.copy()
    for month in range(life_months, needed.size):
        bought[month] += bought[month - life_months]
    return bought


def resale_share(age_months: Number, life_months: Number, residual_share: Number) -> Number:
    """Return the price that is got for something of an age over the price paid [1].

    Straight from 1 when new to `residual_share` at the end of its life.
    """
    worn = np.clip(np.asarray(age_months, dtype=float) / life_months, 0.0, 1.0)
    result: Number = 1.0 - (1.0 - residual_share) * worn
    return result


def changeover(stay: Floats, move: Floats, yearly_rate: float, *, year_end: bool = False) -> Floats:
    """Return the present value of staying for k months and then moving, for every k [months + 1].

    Args:
        stay: The flow of staying throughout [months + 1] [USD].
        move: Row k is the flow of moving after k months, nothing before: its first entry that
            counts is at k, its last row is that of never moving [months + 1, months + 1] [USD].
        yearly_rate: Cost of capital [1/year].
        year_end: As in `present_value`.
    """
    months = np.arange(stay.size)
    before = np.where(months[None, :] <= months[:, None], stay[None, :], 0.0)
    return np.asarray(present_value(before + move, yearly_rate, year_end=year_end))
