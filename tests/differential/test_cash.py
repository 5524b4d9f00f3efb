"""NPV, payback, annuity and internal rate of return against numpy-financial."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tco
from tco.engine.capital import annuity, payback_months, present_value

financial = pytest.importorskip(
    "numpy_financial", reason="numpy-financial is not installed: it comes with the extra dev"
)

DAY = "2026-11-21"
CASES = 12
APIS = ("openai/gpt-4.1", "deepinfra/llama-3.3-70b", "anthropic/claude-sonnet-4.5")
OWN = (
    "self/llama-3.3-70b@2xh100-sxm:fp8/own:48m",
    "self/gpt-oss-120b@1xh100-sxm:mxfp4/own:48m",
    "self/llama-3.3-70b@2xh100-sxm:fp8/lambda:on_demand",
)


def by_the_month(yearly: float) -> float:
    return float((1.0 + yearly) ** (1.0 / 12.0) - 1.0)


def answer(seed: int, **more: Any) -> tuple[Any, str]:
    """Return a horizon that a seed stands for, and its own GPUs."""
    pick = np.random.default_rng([seed, 7])
    values = {
        "own.yearly_rate": round(float(pick.uniform(0.0, 0.3)), 4),
        "horizon.months": int(pick.integers(6, 72)),
        "horizon.volume_factor_per_year": round(float(pick.uniform(0.6, 2.5)), 3),
        "horizon.hosted_price_factor_per_year": round(float(pick.uniform(0.5, 1.1)), 3),
        "horizon.hardware_price_factor_per_year": round(float(pick.uniform(0.7, 1.1)), 3),
        "people.setup_fte_months": round(float(pick.choice([0.0, 3.0])), 1),
    }
    own = str(pick.choice(OWN))
    tokens = float(round(10 ** pick.uniform(9.7, 11.7)))
    said: dict[str, Any] = {"tokens": tokens, "as_of": DAY, "set": values | more}
    return tco.horizon(str(pick.choice(APIS)), own, **said), own


@pytest.mark.parametrize("seed", range(CASES))
def test_what_a_flow_is_worth(seed: int) -> None:
    made, _ = answer(seed)
    rate = by_the_month(made.yearly_rate)
    cash = np.array([month.usd for month in made.path])
    for place, row in enumerate(made.rows):
        worth = financial.npv(rate, cash[:, place])
        assert row.npv_usd == pytest.approx(worth, rel=1e-9)
        if place:
            saved = financial.npv(rate, cash[:, 0] - cash[:, place])
            assert row.npv_saving_usd == pytest.approx(saved, rel=1e-9, abs=1e-3)


@pytest.mark.parametrize("seed", range(CASES))
def test_at_its_internal_rate_a_saving_is_worth_nothing(seed: int) -> None:
    """numpy-financial finds the rate, a second answer is asked at it."""
    made, own = answer(seed)
    at, row = next((i, r) for i, r in enumerate(made.rows) if r.id.startswith(own))
    saving = np.array([month.usd[0] - month.usd[at] for month in made.path])
    once = np.count_nonzero(np.diff(np.sign(saving[saving != 0.0]))) == 1
    found = float(financial.irr(saving))
    yearly = (1.0 + found) ** 12 - 1.0
    if not once or not np.isfinite(found) or not 1e-4 < yearly < 1.0:
        assert row.npv_saving_usd is not None  # no rate of return to speak of
        assert payback_months(saving) == pytest.approx(row.payback_months or np.nan, nan_ok=True)
        return
    again, _ = answer(seed, **{"own.yearly_rate": yearly})
    same = next(r for r in again.rows if r.id == row.id)
    assert same.npv_saving_usd == pytest.approx(0.0, abs=1e-6 * np.abs(saving).sum())


@pytest.mark.parametrize("seed", range(CASES))
def test_an_even_saving_comes_back_after_so_many_payments(seed: int) -> None:
    """At a rate of 0 numpy-financial 1.0.0 has the number with the wrong sign."""
    pick = np.random.default_rng([seed, 8])
    put_in, saved = float(pick.uniform(1e3, 1e6)), float(pick.uniform(2e3, 1e5))
    flow = np.concatenate([[-put_in], np.full(600, saved)])
    payments = abs(float(financial.nper(0.0, saved, -put_in)))
    assert payback_months(flow) == pytest.approx(payments, rel=1e-9)
    rate = float(pick.uniform(1e-4, 1e-3))  # each of them is worth less the later it comes
    later = payback_months(flow * (1.0 + rate) ** -np.arange(601.0))
    assert np.ceil(later) == np.ceil(float(financial.nper(rate, saved, -put_in)))


@pytest.mark.parametrize("rate", [0.0, 0.05, 0.1, 0.25])
@pytest.mark.parametrize("months", [1, 36, 48, 60])
def test_an_annuity_is_the_payment_of_a_loan_with_a_balloon(rate: float, months: int) -> None:
    price, resale = 678_000.0, 101_700.0
    paid = -float(financial.pmt(by_the_month(rate), months, price, -resale))
    assert float(annuity(price, resale, rate, months)) == pytest.approx(paid, rel=1e-9)
    level = np.concatenate([[0.0], np.full(months, paid)])
    worth = float(financial.npv(by_the_month(rate), level))
    assert float(present_value(level, rate)) == pytest.approx(worth, rel=1e-9)


@pytest.mark.parametrize("rate", [0.0, 0.08, 0.2])
@pytest.mark.parametrize("own", [name for name in OWN if "/own:" in name])
def test_amortized_lines_are_the_payments_on_what_is_bought(own: str, rate: float) -> None:
    """What is bought and sold within its life is in the cash; the bill has it by the month."""
    values = {"own.yearly_rate": rate, "horizon.months": 48}
    said: dict[str, Any] = {"tokens": 5e10, "as_of": DAY, "set": values}
    row = next(r for r in tco.horizon("gpt-4.1", own, **said).rows if r.id == own)
    lines = tco.explain(own, **said).option.lines
    level = sum(x.amount_usd for x in lines if x.item.endswith("amortized"))
    assert sum(trade.usd for trade in row.bought) == pytest.approx(row.capex_usd)
    payment = -financial.pmt(by_the_month(rate), 48, row.capex_usd, -row.resale_usd)
    assert level == pytest.approx(float(payment), rel=1e-9)
