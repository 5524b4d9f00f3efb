"""Bills of the shipped catalog recomputed from its YAML, with arithmetic of their own."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from strategies import DAY

from tco.analysis.breakeven import breakeven
from tco.analysis.compare import compare
from tco.analysis.results import CompareResult, OptionResult
from tco.options.question import Question

LLAMA_GB, EMBEDDING_GB = 70.55, 2 * 128_256 * 8_192 / 1e9

Asked = Callable[..., Question]
Yaml = dict[str, Any]

DATA = Path(__file__).parents[2] / "data"
TOKENS = 50e9
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(name: str) -> Yaml:
    return yaml.load((DATA / f"{name}.yaml").read_text(encoding="utf-8"), Loader=LOADER)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def assumed() -> Yaml:
    return {k: v["value"] for k, v in read("assumptions")["assumptions"].items()}


@pytest.fixture(scope="module")
def traffic() -> Yaml:
    return read("workloads")["profiles"]["general"]  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def prices() -> dict[str, Yaml]:
    return {f"{o['provider']}/{o['model']}": o for o in read("prices")["offers"]}


@pytest.fixture(scope="module")
def answer(asked: Asked) -> CompareResult:
    models = ("llama-3.3-70b", "gpt-4.1", "claude-sonnet-4.5", "qwen3-max", "deepseek-v4.1-flash")
    return compare(asked(tokens=TOKENS, models=models, all_setups=True, all_lines=True))


def row(answer: CompareResult, name: str) -> OptionResult:
    return next(r for r in answer.options if r.id == name)


def holding(windows: list[Yaml], day: date = DAY) -> Yaml:
    """Return the window of a list that holds on a day."""
    found = [w for w in windows if w["since"] <= day and (not w.get("until") or day < w["until"])]
    return max(found, key=lambda w: w["since"])


def api_team(assumed: Yaml) -> float:
    return float(assumed["people.api_fte"] * assumed["people.salary_usd_per_year"] / 12)


@pytest.mark.parametrize(
    ("offer", "factor"),
    [
        ("openai/gpt-4.1", 1.0),
        ("anthropic/claude-sonnet-4.5", 1.0),
        ("alibaba/qwen3-max", 1.0),
        ("deepinfra/llama-3.3-70b", 1.0),
        ("novita/llama-3.3-70b", 1.0),
        # Half price in 17 hours of five days, on two whole days and on 13 holidays a year, which
        # are 13 / 52.14 of one of the five.
        ("deepseek/deepseek-v4.1-flash", 1 - 0.5 * (17 * 5 + 7 * 13 * 7 / 365 + 24 * 2) / 168),
    ],
)
def test_a_bill_by_the_token(
    offer: str,
    factor: float,
    answer: CompareResult,
    prices: dict[str, Yaml],
    traffic: Yaml,
    assumed: Yaml,
) -> None:
    price = holding(prices[offer]["prices"])["usd_per_mtok"]
    share_in = traffic["isl"] / (traffic["isl"] + traffic["osl"])
    mtok_in, mtok_out = TOKENS * share_in / 1e6, TOKENS * (1 - share_in) / 1e6
    hit = traffic["cached_share"]
    usd_in = (1 - hit) * price["input"] + hit * price.get("cached_input", price["input"])
    by_hand = factor * (mtok_in * usd_in + mtok_out * price["output"]) + api_team(assumed)
    assert row(answer, offer).monthly_usd == pytest.approx(by_hand, rel=1e-9)


SETUPS = (
    "self/llama-3.3-70b@2xh100-sxm:fp8/lambda:on_demand_2x",
    "self/llama-3.3-70b@2xh100-sxm:fp8/lambda:on_demand_4x",
    "self/llama-3.3-70b@1xh200-sxm:fp8/jarvislabs:on_demand",
    "self/llama-3.3-70b@1xmi300x:fp8/crusoe:on_demand_1x",
    "self/llama-3.3-70b@4xa100-sxm-80gb:bf16/hyperstack:on_demand",
)


@pytest.fixture(scope="module")
def rentals() -> list[Yaml]:
    return read("hardware")["rentals"]  # type: ignore[no-any-return]


def rent_of(rentals: list[Yaml], seller: str, gpu: str, box: int | None) -> tuple[int, float]:
    """Return the GPUs of a machine and their rent, as a seller asks on demand on the day.

    Of a seller that rents machines of several sizes an id names the size.
    """
    (found,) = (
        (r["gpus"], float(holding(r["rents"])["usd_per_gpu_hour"]))
        for r in rentals
        if (r["seller"], r["gpu"], r["option"]) == (seller, gpu, "on_demand")
        and not r.get("channel")
        and box in (None, r["gpus"])
    )
    return found


@pytest.mark.parametrize("name", SETUPS)
def test_a_bill_of_own_gpus(
    name: str, answer: CompareResult, rentals: list[Yaml], traffic: Yaml, assumed: Yaml
) -> None:
    made = row(answer, name)
    assert made.replica is not None
    gpu = (made.hardware or "").split("x", 1)[1]
    box = re.search(r"_(\d+)x$", name)
    size, rent = rent_of(rentals, made.provider, gpu, int(box[1]) if box else None)
    gpus, usd = own_usd(made, size, rent, traffic, assumed)
    assert made.gpus == gpus
    assert made.monthly_usd == pytest.approx(usd, rel=1e-9)


def own_usd(
    made: OptionResult, instance: int, rent: float, traffic: Yaml, assumed: Yaml
) -> tuple[int, float]:
    """Return GPUs and cost of the fleet that serves the month, given what one replica does."""
    assert made.replica is not None
    per_request = traffic["isl"] + traffic["osl"]
    peak = TOKENS / per_request / (730 * 3600) * traffic["peak_to_mean"]
    work = peak / made.replica.requests_per_s
    bursts = assumed["serving.wait_beta"] * math.sqrt(
        assumed["serving.peakedness"] * work / made.replica.concurrency
    )
    needed = max(1, math.ceil(work / assumed["serving.headroom"]), math.ceil(work + bursts))
    replicas = needed + int(assumed["serving.redundancy"])
    gpus = replicas * made.replica.gpus
    paid = math.ceil(gpus / instance) * instance
    shares = assumed["rent.monitoring_share"] + assumed["rent.other_share"]
    machines = paid * 730 * rent * (1 + shares)
    # The two embeddings of Llama 3.3 70B stay in 16 bits.
    width = {"fp8": 1.0, "bf16": 2.0}[made.replica.precision]
    stored = 2 * EMBEDDING_GB + (LLAMA_GB - EMBEDDING_GB) * width
    disks = replicas * stored * assumed["service.storage_usd_per_gb_month"]
    requests = TOKENS / per_request
    out = requests * traffic["osl"] * assumed["service.bytes_per_output_token"] / 1e9
    both = out + requests * traffic["isl"] * assumed["service.bytes_per_input_token"] / 1e9
    balancer = 730 * assumed["service.balancer_usd_per_h"]
    service = disks + balancer + both * assumed["service.balancer_usd_per_gb"]
    fte = max(
        assumed["people.floor_fte"],
        assumed["people.fixed_fte"] + assumed["people.fte_per_gpu"] * gpus,
    )
    return paid, machines + service + fte * assumed["people.salary_usd_per_year"] / 12


def test_the_requests_of_a_month_and_its_peak(answer: CompareResult, traffic: Yaml) -> None:
    load = answer.workload
    requests = TOKENS / (traffic["isl"] + traffic["osl"])
    assert load.requests_per_month == pytest.approx(requests)
    assert load.input_tokens == pytest.approx(requests * traffic["isl"])
    assert load.output_tokens == pytest.approx(requests * traffic["osl"])
    assert load.cached_input_tokens == pytest.approx(load.input_tokens * traffic["cached_share"])
    assert load.peak_requests_per_s == pytest.approx(requests / 2_628_000 * traffic["peak_to_mean"])


def test_the_utilization_of_a_fleet(answer: CompareResult, traffic: Yaml) -> None:
    made = row(answer, SETUPS[3])
    assert made.replica is not None
    assert made.utilization is not None
    rate = answer.workload.requests_per_month / 2_628_000
    could = (made.replicas or 0) * made.replica.requests_per_s
    assert made.utilization.token_capacity == pytest.approx(rate / could)
    in_use = (made.replicas or 0) * made.replica.gpus / (made.gpus or 1)
    assert made.utilization.paid_hours == pytest.approx(rate / could * in_use)
    assert 0 < made.utilization.slots < made.utilization.token_capacity
    assert made.replica.output_tokens_per_s == pytest.approx(
        made.replica.requests_per_s * traffic["osl"]
    )


def test_a_break_even_against_a_line_price(
    asked: Asked, answer: CompareResult, prices: dict[str, Yaml], traffic: Yaml, assumed: Yaml
) -> None:
    """At the first break-even the API's line meets a step of the staircase."""
    name = SETUPS[0]
    result = breakeven(asked(), "openai/gpt-4.1", name)
    assert result.first is not None
    there = compare(
        asked(
            tokens=result.first * (1 + 1e-9),
            models=("llama-3.3-70b",),
            all_setups=True,
            all_lines=True,
        )
    )
    steps = row(there, name).monthly_usd or 0
    price = holding(prices["openai/gpt-4.1"]["prices"])["usd_per_mtok"]
    share_in, hit = traffic["isl"] / (traffic["isl"] + traffic["osl"]), traffic["cached_share"]
    usd_in = (1 - hit) * price["input"] + hit * price["cached_input"]
    per_token = (share_in * usd_in + (1 - share_in) * price["output"]) / 1e6
    assert result.first == pytest.approx((steps - api_team(assumed)) / per_token, rel=1e-6)
