"""A bill in a few figures, idle GPUs as one of them; set-up and changes of model."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from one_by_one import alone

from tco.analysis.report import workload_result
from tco.analysis.results import Breakdown
from tco.analysis.rows import option_result
from tco.engine.ledger import total_usd
from tco.options.bills import lines
from tco.options.curves import curve
from tco.options.names import resolve
from tco.render.words import parts

NAMES = (
    "openai/gpt-4.1",
    "self/llama-3.3-70b@2xh100-sxm:fp8/lambda:on_demand",
    "self/llama-3.3-70b@2xh100-sxm:fp8/own:48m",
)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("tokens", [1e8, 50e9, 2e12])
def test_the_figures_sum_to_the_bill(asked: Any, name: str, tokens: float) -> None:
    inputs = asked(tokens=tokens)
    row = option_result(resolve(name, inputs).best, inputs)
    assert row.breakdown is not None
    parts = asdict(row.breakdown)
    assert sum(parts.values()) == pytest.approx(row.monthly_usd, rel=1e-12)
    assert min(parts.values()) >= 0.0


def test_idle_is_what_is_paid_for_and_serves_nothing(asked: Any) -> None:
    inputs = asked(tokens=50e9)
    row = option_result(resolve(NAMES[1], inputs).best, inputs)
    assert row.breakdown is not None and row.utilization is not None
    rent = next(line.amount_usd for line in row.lines if line.item == "GPU rent")
    assert row.breakdown.idle == pytest.approx(rent * (1.0 - row.utilization.paid_hours))
    assert option_result(resolve(NAMES[0], inputs).best, inputs).breakdown.idle == 0.0  # type: ignore[union-attr]


def test_set_up_is_spread_over_the_horizon(asked: Any) -> None:
    given = {
        "people.setup_fte_months": 6.0,
        "horizon.months": 24.0,
        "people.refresh_fte_months_per_year": 3.0,
    }
    inputs = asked(tokens=50e9, settings=given)
    option = resolve(NAMES[1], inputs).best
    usd = {line.item: float(np.asarray(line.amount_usd)) for line in lines(option, inputs.settings)}
    assert usd["set-up and migration"] == pytest.approx(6 / 24 * 20_000)
    assert usd["model refresh"] == pytest.approx(3 / 12 * 20_000)
    made = alone(curve(option, inputs.settings))
    bill = float(np.asarray(total_usd(lines(option, inputs.settings))))
    assert made.until(50e9).at(np.array([50e9]))[0] == pytest.approx(bill)
    assert made.low <= bill - made.slope * 50e9 <= made.high


@given(st.lists(st.floats(min_value=0, max_value=1e9), min_size=6, max_size=6))
def test_the_figures_on_the_screen_add_up(usd: list[float]) -> None:
    names = ("tokens", "compute", "idle", "people", "power", "other")
    shown = parts(Breakdown(**dict(zip(names, usd, strict=True))))
    figures = [float(part.split(" ")[1].replace(",", "")) for part in shown.split(", ") if part]
    decimals = 2 if sum(usd) < 99.995 else 0
    assert sum(figures) == pytest.approx(round(sum(usd), decimals), abs=1e-6)


@pytest.mark.parametrize("purchase", ["own", "on_demand"])
def test_prices_of_tokens_with_what_idles_are_the_bill(asked: Any, purchase: str) -> None:
    inputs = asked(tokens=1e6, purchases=(purchase,), site="desk")
    row = option_result(resolve("self/gpt-oss-20b@1xrtx-5090", inputs).best, inputs)
    load, made, parts_of = workload_result(inputs), row.token_prices, row.breakdown
    assert made is not None and parts_of is not None
    assert parts_of.idle == pytest.approx(made.idle_usd)
    read = load.input_tokens - load.cached_input_tokens
    usd = read * (made.input_usd_per_mtok or 0.0)
    usd += load.cached_input_tokens * (made.cached_usd_per_mtok or 0.0)
    usd += load.output_tokens * (made.output_usd_per_mtok or 0.0)
    assert usd / 1e6 + parts_of.idle == pytest.approx(row.monthly_usd, rel=1e-9)
    assert parts_of.power < 1.0  # what is drawn to serve 654 requests
