"""Published figures that the engine must reach, and what no bill may break."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from running import run
from strategies import magnitude, real, shares

from tco.analysis.rows import option_result
from tco.catalog.prices import Rates
from tco.engine.ledger import token_lines, total_usd
from tco.engine.selfhost import Fleet, rent_lines
from tco.engine.shapes import Workload
from tco.options.bills import Option, lines
from tco.options.names import resolve
from tco.options.prices import token_rates, week_share
from tco.options.scenario import InlineOption
from tco.units import HOURS_PER_MONTH

# DeepSeek, "Day 6: One More Thing, DeepSeek-V3/R1 Inference System Overview", 2025-03-01: a day of
# 226.75 nodes of eight H800 on average at $2 an hour, 342 B tokens read from the cache, 266 B not,
# and 168 B made, priced as R1.
NODES, GPUS_OF_A_NODE, USD_PER_GPU_HOUR = 226.75, 8, 2.0
HIT, MISS, OUTPUT = 342e9, 266e9, 168e9
HOURS_PER_DAY = 24.0


def test_the_cost_of_deepseeks_day() -> None:
    gpus = NODES * GPUS_OF_A_NODE
    fleet = Fleet(needed=NODES, replicas=NODES, gpus=gpus, paid_gpus=gpus)
    bill = rent_lines(fleet, USD_PER_GPU_HOUR, 0.0, 0.0, origin="given", source="DeepSeek")
    day = float(np.asarray(total_usd(bill))) / HOURS_PER_MONTH * HOURS_PER_DAY
    assert day == pytest.approx(87_072.0, rel=1e-12)


def test_the_theoretical_revenue_of_deepseeks_day() -> None:
    rates = token_rates(Rates(input=0.55, output=2.19, cached_input=0.14), [], isl=1.0)
    load = Workload(
        tokens_per_month=HIT + MISS + OUTPUT,
        isl=(HIT + MISS) / OUTPUT,
        osl=1.0,
        cached_share=HIT / (HIT + MISS),
    )
    usd = float(np.asarray(total_usd(token_lines(rates, load))))
    exact = HIT * 0.14e-6 + MISS * 0.55e-6 + OUTPUT * 2.19e-6
    assert usd == pytest.approx(exact, rel=1e-12)
    assert usd == pytest.approx(562_027.0, rel=1e-3)


GIVEN = InlineOption(
    name="fixed", kind="fixed", source="t", usd_per_month=5e3, tokens_per_month=1e10
)
EVERY_KIND = (
    "openai/gpt-4.1",
    "deepinfra/llama-3.3-70b",
    "self/llama-3.3-70b@2xh100-sxm:fp8/lambda:on_demand",
    "self/llama-3.3-70b@8xh100-sxm:fp8/aws:spot",
    "self/llama-3.3-70b@2xh100-sxm:fp8/own:48m",
    "fixed",
)


@pytest.mark.parametrize("name", EVERY_KIND)
def test_lines_sum_to_the_total(asked: Any, name: str) -> None:
    inputs = asked(tokens=73e9, options=(GIVEN,))
    row = option_result(resolve(name, inputs).best, inputs)
    assert row.monthly_usd == pytest.approx(sum(x.amount_usd for x in row.lines), rel=1e-12)
    for line in row.lines:
        assert line.amount_usd == pytest.approx(line.quantity * line.rate_usd, rel=1e-12)


@given(load=magnitude(1e-3, 1e3), share=shares, written=real(0.0, 1.0), batch=shares)
def test_shares_sum_to_one(load: float, share: float, written: float, batch: float) -> None:
    month = Workload(
        tokens_per_month=load * 1e9,
        isl=700.0,
        osl=300.0,
        cached_share=share,
        cache_write_share=written * (1.0 - share),
        batch_share=batch,
    )
    rates = token_rates(Rates(input=1.0, output=1.0), [], isl=700.0)
    mtok = sum(float(line.quantity) for line in token_lines(rates, month))
    assert mtok == pytest.approx(load * 1e3, rel=1e-12)


def test_hourly_shares_sum_to_the_week() -> None:
    week = np.linspace(0.1, 1.9, 168)
    spans = [f"{h:02d}:00-{h + 1:02d}:00" for h in range(24)]
    parts = [week_share([s], [d], week) for s in spans for d in range(1, 8)]
    assert sum(parts) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("name", EVERY_KIND)
def test_a_bill_over_many_draws_is_one_call(asked: Any, name: str) -> None:
    inputs = asked(tokens=73e9, options=(GIVEN,))
    option: Option = resolve(name, inputs).best
    draws = {
        "people.salary_usd_per_year": np.array([1e5, 2e5, 3e5]),
        "workload.tokens_per_month": np.array([1e9, 5e10, 3e11]),
        "rent.factor": np.array([0.8, 1.0, 1.3]),
    }
    many = np.asarray(total_usd(lines(option, inputs.settings.with_values(draws))))
    for i in range(3):
        one = {path: float(v[i]) for path, v in draws.items()}
        alone = total_usd(lines(option, inputs.settings.with_values(one)))
        assert np.broadcast_to(many, 3)[i] == pytest.approx(float(np.asarray(alone)), rel=1e-12)


@pytest.mark.parametrize("fte", [0.0, 0.04, 0.1, 1.0])
def test_calling_an_endpoint_takes_no_more_engineers_than_own_gpus(asked: Any, fte: float) -> None:
    """With `--fte 0` own GPUs for $1,379 won over tokens for $19: an API kept its $2,000."""
    inputs = asked(tokens=2e8, models=("gpt-oss-120b",), fte=fte)
    bill = lines(resolve("novita/gpt-oss-120b", inputs).best, inputs.settings)
    assert total_usd(bill, "people") == pytest.approx(20_000 * min(fte, 0.1))
    said = asked(tokens=2e8, fte=fte, settings={"people.api_fte": 0.2})
    told = lines(resolve("novita/gpt-oss-120b", said).best, said.settings)
    assert total_usd(told, "people") == pytest.approx(4_000)


def test_who_says_how_many_engineers_an_endpoint_takes_is_told() -> None:
    """The source of `--fte 0.05` was our 0.1, and it was told to enter none of the bills."""
    capped = run("explain", "openai/gpt-4.1", "--tokens", "1B", "--fte", "0.05", "-o", "json")
    line = next(x for x in json.loads(capped.stdout)["option"]["lines"] if x["item"] == "engineers")
    assert line["source"].startswith("people.floor_fte (--fte)")
    assert "--fte" not in capped.stderr
    usual = run("explain", "openai/gpt-4.1", "--tokens", "1B", "--fte", "0.5", "-o", "json")
    line = next(x for x in json.loads(usual.stdout)["option"]["lines"] if x["item"] == "engineers")
    assert line["source"].startswith("people.api_fte (judgment)")
    assert "--fte was given and enters none of these bills" in usual.stderr
