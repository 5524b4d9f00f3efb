"""Laws of money over time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tco.engine.capital import (
    annuity,
    changeover,
    cohorts,
    payback_months,
    present_value,
    resale_share,
)

RATES = st.floats(0.0, 0.5)
MONEY = st.floats(-1e6, 1e6)
FLOWS = st.lists(MONEY, min_size=2, max_size=40).map(np.array)


@given(FLOWS, RATES)
def test_present_value_is_the_discounted_sum(flow: np.ndarray, rate: float) -> None:
    brute = sum(c / (1 + rate) ** (t / 12) for t, c in enumerate(flow))
    assert present_value(flow, rate) == pytest.approx(brute, rel=1e-9, abs=1e-6)


@given(st.floats(1, 1e7), st.floats(0, 1), RATES, st.integers(1, 120))
def test_an_annuity_is_worth_the_price_less_the_resale(
    price: float, residual: float, rate: float, months: int
) -> None:
    level = np.full(months + 1, float(annuity(price, price * residual, rate, months)))
    level[0] = 0.0
    paid = np.zeros(months + 1)
    paid[0], paid[-1] = price, -price * residual
    assert present_value(level, rate) == pytest.approx(float(present_value(paid, rate)), rel=1e-9)


@given(FLOWS)
def test_payback_is_where_the_sum_of_savings_first_comes_back(saving: np.ndarray) -> None:
    so_far = np.cumsum(saving)
    assume(np.all(np.abs(so_far) > 1e-6))
    back = payback_months(saving)
    if np.isnan(back):
        assert so_far[-1] < 0
        return
    at = np.interp(back, np.arange(so_far.size), so_far)
    assert back == 0.0 or at == pytest.approx(0.0, abs=1e-6)
    if back:
        behind = int(np.argmax(so_far < 0))
        assert np.all(so_far[behind : int(np.floor(back)) + 1] < 1e-6)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=60), st.integers(1, 24))
def test_what_is_bought_is_always_as_many_as_are_needed(steps: list[int], life: int) -> None:
    needed = np.maximum.accumulate(np.array(steps, dtype=float))
    bought = cohorts(needed, life)
    for month in range(needed.size):
        assert bought[max(month - life + 1, 0) : month + 1].sum() == needed[month]


@given(st.floats(1, 120), st.floats(0, 1))
def test_resale_falls_from_the_price_to_the_residual(life: float, residual: float) -> None:
    assert resale_share(0.0, life, residual) == pytest.approx(1.0)
    assert resale_share(life, life, residual) == pytest.approx(residual)
    assert resale_share(2 * life, life, residual) == pytest.approx(residual)


@given(st.integers(1, 20), RATES, st.data())
def test_changing_over_counts_each_month_once(
    months: int, rate: float, data: st.DataObject
) -> None:
    stay = np.array(data.draw(st.lists(MONEY, min_size=months + 1, max_size=months + 1)))
    move = np.array(data.draw(st.lists(MONEY, min_size=months + 1, max_size=months + 1)))
    moves = np.array([np.where(np.arange(months + 1) > k, move, 0.0) for k in range(months + 1)])
    worth = changeover(stay, moves, rate)
    for k in range(months + 1):
        mixed = np.where(np.arange(months + 1) <= k, stay, move)
        assert worth[k] == pytest.approx(float(present_value(mixed, rate)), rel=1e-9, abs=1e-6)
