"""Laws of money over time: a loan in exact fractions, limits, and what is refused."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import real

from tco.engine.capital import annuity, capital_recovery

rates = st.one_of(
    st.just(0.0), real(1e-18, 1e-9), real(1e-9, 0.01), real(0.01, 2.0), real(-0.5, -1e-6)
)
months = st.integers(1, 120)


@given(rate=real(0.0, 1.0), periods=st.integers(1, 60))
def test_a_loan_paid_back_at_this_rate_owes_nothing(rate: float, periods: int) -> None:
    payment, interest = Fraction(float(capital_recovery(rate, periods))), Fraction(rate)
    owed = Fraction(1)
    for _ in range(periods):
        owed = owed * (1 + interest) - payment
    assert abs(owed) <= Fraction(1, 10**12) * (1 + interest) ** periods


@given(rate=rates, periods=months)
def test_capital_recovery_is_exact_to_fractions_also_at_tiny_rates(
    rate: float, periods: int
) -> None:
    exact = Fraction(1, periods)
    if rate:
        growth = (1 + Fraction(rate)) ** periods
        exact = Fraction(rate) * growth / (growth - 1)
    assert float(capital_recovery(rate, periods)) == pytest.approx(float(exact), rel=1e-11)


@given(periods=months)
def test_an_interest_free_loan_is_paid_in_equal_parts(periods: int) -> None:
    assert capital_recovery(0.0, periods) == 1.0 / periods
    assert capital_recovery(1e-16, periods) == pytest.approx(1.0 / periods, rel=1e-12)


@given(a=real(0.0, 1.0), b=real(0.0, 1.0), periods=months)
def test_a_higher_rate_never_lowers_the_payment(a: float, b: float, periods: int) -> None:
    low, high = capital_recovery(np.array(sorted((a, b))), periods)
    assert low <= high * (1 + 1e-12)


@pytest.mark.parametrize(
    ("rate", "periods"), [(0.1, 0), (0.1, -3), (-1.0, 12), (-2.0, 12), (np.array([0.1, -1.0]), 12)]
)
def test_a_loan_without_periods_or_below_minus_one_is_refused(rate: float, periods: int) -> None:
    with pytest.raises(ValueError, match="at least one period and a rate above -1"):
        capital_recovery(rate, periods)


@given(capex=real(0.0, 1e6), residual=real(0.0, 1.0), rate=real(0.0, 0.5), life=st.integers(1, 120))
def test_payments_and_the_resale_are_worth_the_price_paid(
    capex: float, residual: float, rate: float, life: int
) -> None:
    payment = float(annuity(capex, capex * residual, rate, life))
    months_on = np.arange(1, life + 1)
    discount = (1 + rate) ** (-months_on / 12.0)
    worth = payment * discount.sum() + capex * residual * discount[-1]
    assert worth == pytest.approx(capex, rel=1e-9, abs=1e-6)


@given(capex=real(0.0, 1e6), residual=real(0.0, 1.0), life=st.integers(1, 120))
def test_without_interest_owning_costs_the_loss_of_value(
    capex: float, residual: float, life: int
) -> None:
    lost = (capex - capex * residual) / life
    assert float(annuity(capex, capex * residual, 0.0, life)) == pytest.approx(lost, abs=1e-9)


def test_a_server_paid_over_four_years_by_hand() -> None:
    # $30,000, resold at 15 % after 48 months, 10 % a year: PMT of a spreadsheet.
    monthly = 1.1 ** (1 / 12) - 1
    factor = (1 - 1.1**-4) / monthly
    expected = (30_000 - 4_500 * 1.1**-4) / factor
    assert float(annuity(30_000, 4_500, 0.10, 48)) == pytest.approx(expected, rel=1e-12)
    assert expected == pytest.approx(677.36, abs=0.01)
