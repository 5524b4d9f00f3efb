"""Prices of the tokens that own GPUs make: with what idles they are the bill."""

from __future__ import annotations

import csv
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tco.analysis.explain import explain
from tco.analysis.plan.plan import plan
from tco.engine.ledger import TokenPrices, token_prices
from tco.options.scenario import InlineOption
from tco.render.focus import text as focus
from tco.render.words import View
from tests.strategies import magnitude, real

amounts = st.one_of(st.just(0.0), magnitude(1e-3, 1e12))
KINDS = ("input", "cached", "output")


def paid(prices: TokenPrices, tokens: tuple[float, ...]) -> float:
    """Return what the tokens come to at their prices, and what idles."""
    each = [getattr(prices, f"{kind}_usd_per_mtok") for kind in KINDS]
    return sum((p or 0.0) * n / 1e6 for p, n in zip(each, tokens, strict=True)) + prices.idle_usd


@given(
    usd=magnitude(1.0, 1e9),
    idle=real(0.0, 1.0),
    time=st.tuples(real(0.0, 1.0), real(0.0, 1.0), magnitude(1e-3, 1.0)),
    tokens=st.tuples(amounts, amounts, magnitude(1.0, 1e12)),
)
def test_prices_times_tokens_and_what_idles_are_the_bill(
    usd: float, idle: float, time: tuple[float, ...], tokens: tuple[float, ...]
) -> None:
    prices = token_prices(usd, usd * idle, time, tokens)
    assert paid(prices, tokens) == pytest.approx(usd, rel=1e-9)
    assert prices.idle_share == pytest.approx(idle)
    for kind, count in zip(KINDS, tokens, strict=True):
        assert (getattr(prices, f"{kind}_usd_per_mtok") is None) == (count == 0)


def test_by_hand() -> None:
    """$60 of $100 are at work: a quarter of it reads 10M tokens, the rest makes 15M."""
    prices = token_prices(100.0, 40.0, (1.0, 0.0, 3.0), (10e6, 0.0, 15e6))
    assert prices.input_usd_per_mtok == pytest.approx(1.5)
    assert prices.cached_usd_per_mtok is None
    assert prices.output_usd_per_mtok == pytest.approx(3.0)
    assert prices.idle_share == 0.4


def month_of(answer: Any, cached: float) -> tuple[float, float, float]:
    load = answer.workload
    read = load.requests_per_month * load.isl
    return read * (1 - cached), read * cached, load.requests_per_month * load.osl


@pytest.mark.parametrize("purchases", [("own",), ("on_demand",)])
@pytest.mark.parametrize("cached", [0.0, 0.4, 0.95])
@pytest.mark.parametrize("model", ["gpt-oss-120b", "llama-3.3-70b"])
def test_real_set_ups(asked: Any, model: str, cached: float, purchases: tuple[str, ...]) -> None:
    settings = {"workload.cached_share": cached}
    inputs = asked(tokens=80e9, purchases=purchases, settings=settings)
    answer = explain(inputs, f"self/{model}@4xh100-sxm")
    row = answer.option
    assert row.token_prices is not None and row.breakdown is not None
    assert paid(row.token_prices, month_of(answer, cached)) == pytest.approx(row.monthly_usd)
    drawn = sum(line.amount_usd for line in row.lines if line.item.endswith("standing ready"))
    assert (drawn > 0.0) is (purchases == ("own",))
    assert drawn * (1.0 - row.utilization.paid_hours) < row.breakdown.idle
    assert row.token_prices.idle_usd == pytest.approx(row.breakdown.idle), "one figure of idling"
    read, kept, made = (getattr(row.token_prices, f"{kind}_usd_per_mtok") for kind in KINDS)
    assert made > read > 0  # a step makes one token a request, a prompt is read at once
    assert (kept is None) if cached == 0.0 else 0 < kept < read / 4


def test_an_api_has_none_and_a_measured_throughput_says_why_not(asked: Any) -> None:
    assert explain(asked(tokens=1e9), "openai/gpt-4.1").option.token_prices is None
    spec = InlineOption(
        name="mine",
        kind="self",
        source="t",
        gpus=1,
        usd_per_gpu_hour=2.0,
        output_tokens_per_s=900.0,
    )
    prices = explain(asked(tokens=1e9, options=(spec,)), "mine").option.token_prices
    assert prices is not None and prices.output_usd_per_mtok is None
    assert prices.why_not and "dimensions of the model" in prices.why_not


def test_focus_has_them_in_every_row_of_own_gpus(asked: Any) -> None:
    answer = explain(asked(tokens=80e9), "self/llama-3.3-70b@4xh100-sxm")
    prices = answer.option.token_prices
    assert prices is not None
    rows = list(csv.DictReader(StringIO(focus(answer, View()))))
    assert len(rows) > 3
    idle = [float(row["x_IdleCost"]) for row in rows if row["x_IdleCost"]]
    assert idle == [prices.idle_usd], "it is summed, so it stands there once"
    for row in rows:
        assert float(row["x_UnitPriceOutput"]) == prices.output_usd_per_mtok
        assert float(row["x_UnitPriceInput"]) == prices.input_usd_per_mtok
    api = csv.DictReader(StringIO(focus(explain(asked(tokens=1e9), "openai/gpt-4.1"), View())))
    assert {row["x_UnitPriceOutput"] for row in api} == {""}


def test_a_plan_has_those_of_all_own_and_of_its_units(asked: Any) -> None:
    settings = {"people.floor_fte": 0.0, "people.fixed_fte": 0.0, "people.fte_per_gpu": 0.0}
    inputs = asked(tokens=400e9, models=("llama-3.3-70b",), settings=settings)
    answer = plan(inputs, "openai/gpt-4.1", "self/llama-3.3-70b@4xh100-sxm")
    cached = next(a.value for a in answer.assumptions if a.path == "workload.cached_share")
    tokens = month_of(answer, cached)
    own = next(s for s in answer.strategies if s.strategy == "all own")
    assert own.token_prices is not None
    assert paid(own.token_prices, tokens) == pytest.approx(own.monthly_usd)
    units = [row for row in answer.rows if row.gpus is not None]
    assert units
    for row in units:
        assert row.token_prices is not None and row.tokens_share is not None
        mine = tuple(n * row.tokens_share for n in tokens)
        assert paid(row.token_prices, mine) == pytest.approx(row.monthly_usd)
    rest = [row for row in answer.rows if row.gpus is None]
    assert all(row.token_prices is None for row in rest)
