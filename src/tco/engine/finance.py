"""Money over time: what a capital sum costs a month."""

from __future__ import annotations

import numpy as np

from tco.engine.shapes import Number
from tco.units import MONTHS_PER_YEAR


def capital_recovery(rate: Number, periods: Number) -> Number:
    """Return the share of a capital sum due each period so that it is paid back with interest.

    ``rate / (1 - (1 + rate)**-n)``, and ``1 / n`` when the rate is zero; written with `expm1` and
    `log1p` because the plain form loses all digits for rates below about 1e-15.

    Args:
        rate: Interest per period [1], e.g. 0.01 for 1 % a month.
        periods: Number of equal payments [1].

    Raises:
        ValueError: No periods, or a rate of -1 or less: there is no such loan, so it is refused
            rather than called free.

    Source:
        The payment function of any spreadsheet, ``PMT(rate, n, -1)``.

    >>> round(float(capital_recovery(0.05, 10)), 12)
    0.129504574965
    """
    rate, periods = np.asarray(rate, dtype=float), np.asarray(periods, dtype=float)
    if np.any(periods <= 0) or np.any(rate <= -1):
        raise ValueError("a loan needs at least one period and a rate above -1")
    safe = np.where(rate == 0, 1.0, rate)
    factor = safe / -np.expm1(-periods * np.log1p(safe))
    result: Number = np.where(rate == 0, 1.0 / periods, factor)
    return result


def annuity(capex_usd: Number, salvage_usd: Number, yearly_rate: Number, months: Number) -> Number:
    """Return the level monthly cost of owning something and then selling it [USD/month].

    ``(K - S * (1 + i)**-T) * capital_recovery(i, T)`` with ``i = (1 + rate)**(1/12) - 1``: the
    cost of capital is inside, so no interest may be added to it.

    Args:
        capex_usd: Price paid at the start [USD].
        salvage_usd: Price got at the end [USD].
        yearly_rate: Cost of capital [1/year].
        months: Time between the two [month].
    """
    monthly = np.expm1(np.log1p(yearly_rate) / MONTHS_PER_YEAR)
    present_salvage = salvage_usd * (1.0 + monthly) ** -np.asarray(months, dtype=float)
    result: Number = (capex_usd - present_salvage) * capital_recovery(monthly, months)
    return result


def straight_line(capex_usd: Number, salvage_usd: Number, months: Number) -> Number:
    """Return the price less the salvage spread evenly, without the cost of capital [USD/month].

    ``(K - S) / T``: what books show; the limit of `annuity` at a rate of zero.

    Args:
        capex_usd: Price paid at the start [USD].
        salvage_usd: Price got at the end [USD].
        months: Time between the two [month].

    Raises:
        ValueError: No months.
    """
    months = np.asarray(months, dtype=float)
    if np.any(months <= 0):
        raise ValueError("a life needs at least a part of a month")
    result: Number = (capex_usd - salvage_usd) / months
    return result


def written_off(
    usd: Number, salvage_usd: Number, yearly_rate: Number, months: Number, evenly: Number
) -> Number:
    """Return what a sum spent on the first day costs a month [USD/month].

    An annuity, which carries the cost of capital; or a straight line without it. Never both.

    Args:
        usd: The sum [USD].
        salvage_usd: What comes back at the end [USD].
        yearly_rate: Cost of capital [1/year].
        months: Life [month].
        evenly: 1 for the straight line, else 0 [1].
    """
    level = annuity(usd, salvage_usd, yearly_rate, months)
    even = straight_line(usd, salvage_usd, months)
    return np.where(np.equal(evenly, 1.0), even, level)
