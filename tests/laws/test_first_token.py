"""Percentiles of the first token: known queues, limits, and a simulation that knows no formula."""

from __future__ import annotations

from dataclasses import replace
from math import factorial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from running import run

import tco
from tco.analysis.explain import explain
from tco.analysis.size.size import size
from tco.engine.arrivals import Queue
from tco.options import first_tokens
from tco.options.bills import SelfOption, replica_of
from tco.options.names import resolve
from tco.options.scenario import InlineOption
from tests.simulated import first_tokens_s, random_load
from tests.strategies import magnitude, real

LEVELS = (0.5, 0.95, 0.99)
CALM = Queue(
    requests_per_s=8.0,
    replicas=1,
    slots=10,
    alone_s=1.0,
    full_s=1.0,
    prefill_s=1e-6,
    step_s=1e-6,
    before_s=0.2,
)


def test_the_percentiles_are_those_of_a_simulation() -> None:
    """20 loads of up to 90 %; `benchmarks/first_token.py` has 200."""
    rng, errors = np.random.default_rng(8), []
    for seed in range(20):
        load = random_load(rng)
        found = np.quantile(first_tokens_s(load, 25_000, seed), LEVELS)
        errors.append(load.queue().percentiles_s(LEVELS) / found - 1.0)
    off = np.abs(errors)
    assert np.all(np.median(off, axis=0) < 0.08)
    assert np.all((off < 0.15).sum(axis=0) >= 18), (off < 0.15).sum(axis=0)


@pytest.mark.parametrize(("slots", "work"), [(1, 0.5), (10, 8.0), (40, 38.0)])
def test_requests_at_random_wait_as_erlang_says(slots: int, work: float) -> None:
    below = sum(work**k / factorial(k) for k in range(slots))
    full = work**slots / factorial(slots) / (1.0 - work / slots)
    queue = replace(CALM, requests_per_s=work, slots=slots)
    assert queue.waiting_share() == pytest.approx(full / (below + full), rel=1e-4)


def test_what_waits_for_nothing_takes_its_prompt_and_what_is_fixed() -> None:
    queue = replace(CALM, requests_per_s=1e-6, prefill_s=0.1, input_cv=0.0)
    assert queue.percentiles_s(LEVELS) == pytest.approx([0.3] * 3, abs=2e-3)


@given(
    used=real(0.05, 0.85),
    slots=magnitude(1.0, 500.0),
    replicas=magnitude(1.0, 20.0),
    slower=real(1.0, 5.0),
    peakedness=real(1.0, 4.0),
)
def test_more_load_never_makes_it_faster(
    used: float, slots: float, replicas: float, slower: float, peakedness: float
) -> None:
    slots, replicas = float(round(slots)), float(round(replicas))
    capacity = replicas * slots / slower
    queue = replace(
        CALM, slots=slots, replicas=replicas, full_s=slower, prefill_s=0.2 * slower / slots,
        step_s=0.01, peakedness=peakedness, requests_per_s=used * capacity,
    )  # fmt: skip
    now, more = (
        replace(queue, requests_per_s=rate).percentiles_s(LEVELS)
        for rate in (used * capacity, (used + 0.1) * capacity)
    )
    assert np.all(np.diff(now) >= 0) and now[0] > queue.before_s
    assert np.all(more >= now * (1.0 - 5e-3))
    assert 0.0 <= queue.waiting_share() <= 1.0


@pytest.mark.parametrize("used", [1.0, 1.5])
def test_at_capacity_there_are_none_and_it_says_why(used: float) -> None:
    said = replace(CALM, requests_per_s=used * 10.0).first_tokens()
    assert (said.p50_s, said.p95_s, said.p99_s) == (None, None, None)
    assert said.load == used and said.why_not and "grows without end" in said.why_not


def test_explain_and_size_have_the_same_and_a_given_throughput_has_none(asked: Any) -> None:
    inputs = asked(tokens=80e9, models=("llama-3.3-70b",), gpus=("h100-sxm",))
    first = explain(inputs, "self/llama-3.3-70b@4xh100-sxm:fp8").option.first_token
    assert first is not None and first.p50_s is not None and first.load is not None
    assert first.p50_s < first.p95_s < first.p99_s
    assert 0.0 < first.load < 0.86  # the headroom that the fleet is sized with
    rows = size(inputs).rows
    same = next(r for r in rows if r.id == "llama-3.3-70b@4xh100-sxm:fp8").first_token
    assert same is not None
    assert (same.p50_s, same.p99_s) == pytest.approx((first.p50_s, first.p99_s))
    spec = InlineOption(
        name="mine",
        kind="self",
        source="t",
        gpus=1,
        usd_per_gpu_hour=2.0,
        output_tokens_per_s=900.0,
    )
    none = explain(asked(tokens=1e9, options=(spec,)), "mine").option.first_token
    assert none is not None and none.p95_s is None
    assert none.why_not and "dimensions of the model" in none.why_not
    assert explain(asked(tokens=1e9), "openai/gpt-4.1").option.first_token is None


def test_a_rate_that_drifts_within_its_hour_is_told_to_be_left_out(asked: Any) -> None:
    name = "self/llama-3.3-70b@4xh100-sxm"
    told = explain(asked(tokens=1e9, settings={"workload.rate_cv": 0.5}), name).option.first_token
    assert told is not None and "workload.rate_cv" in (told.why_not or "")
    even = explain(asked(tokens=1e9), name).option.first_token
    assert even is not None and even.why_not is None


def test_a_percentile_that_is_promised_sizes_the_fleet(asked: Any) -> None:
    name, gpus, waits = "self/gpt-oss-120b@1xh100-sxm", [], []
    for most_s in (None, 0.5, 0.3, 0.2, 0.15):
        limit = {} if most_s is None else {"serving.max_ttft_p95_s": most_s}
        row = explain(asked(tokens=50e9, settings=limit), name).option
        assert row.first_token is not None and row.first_token.p95_s is not None
        assert most_s is None or row.first_token.p95_s <= most_s
        gpus.append(row.gpus)
        waits.append(row.first_token.p95_s)
        assert most_s is None or row.slo == {"ttft_p95": "kept"}
    assert gpus == sorted(gpus) and gpus[0] == gpus[1] < gpus[-1]
    assert waits == sorted(waits, reverse=True)


def test_a_promise_is_kept_by_replicas_that_are_slower_than_the_model_says() -> None:
    said: Any = {
        "tokens": "50B",
        "set": ["serving.throughput_factor=0.5"],
        "slo": "ttft_p95=400ms",
        "as_of": "2026-11-21",
    }
    own: Any = {"model": "gpt-oss-120b", "gpu": "h100-sxm", "gpus": 1}
    row = tco.explain("self/gpt-oss-120b@1xh100-sxm", **said).option
    assert row.first_token is not None and row.first_token.p95_s is not None
    assert 0.3 < row.first_token.p95_s <= 0.4
    assert row.gpus == 15  # 9 before anybody asks how long the first token takes
    sized = tco.size("gpt-oss-120b", gpu="h100-sxm", gpus=1, **said).rows[0]
    assert (sized.replicas, sized.first_token) == (row.replicas, row.first_token)
    rows = tco.compare(tier="self", all=True, **own, **said).options
    assert next(o for o in rows if o.id == row.id).gpus == 15


@pytest.mark.parametrize(
    ("name", "of", "path", "values"),
    [
        ("self/gpt-oss-120b@1xh100-sxm", "", "workload.isl_factor", [0.5, 1.0, 2.0]),
        ("self/gpt-oss-120b@1xh100-sxm", "", "latency.input_cv", [0.5, 1.0, 2.0]),
        ("self/glm-5.2@8xb300-sxm:nvfp4", "agent-coding", "serving.host_cache_gb", [0.0, 1e4]),
    ],
)
def test_many_cases_are_each_case_alone(
    asked: Any, name: str, of: str, path: str, values: list[float]
) -> None:
    limit = {"serving.max_ttft_p95_s": 1.0 if of else 0.25}
    inputs = asked(tokens=50e9, settings=limit, **({"profile": of} if of else {}))
    option = resolve(name, inputs).best
    assert isinstance(option, SelfOption)
    many = replica_of(option, inputs.settings.with_values({path: np.array(values)}))
    for i, value in enumerate(values):
        one = replica_of(option, inputs.settings.with_values({path: value}))
        for field in ("slots", "requests_per_s", "tpot_s", "sessions", "admits", "admits_per_s"):
            found = np.broadcast_to(getattr(many, field), len(values))[i]
            assert found == pytest.approx(float(getattr(one, field)), rel=1e-9, nan_ok=True), field
    assert np.isfinite(many.admits).any()  # the limit does leave something out


def test_a_promise_is_held_whatever_is_varied() -> None:
    said: Any = {"tokens": "50B", "slo": "ttft_p95=300ms", "as_of": "2026-11-21"}
    pair = "novita/gpt-oss-120b", "self/gpt-oss-120b@1xh100-sxm"
    found = tco.sensitivity(*pair, **said)
    row = next(r for r in found.rows if r.path == "workload.isl_factor")
    for end, difference in ((row.low, row.at_low_usd), (row.high, row.at_high_usd)):
        a, b = (tco.explain(name, set=[f"{row.path}={end}"], **said).option for name in pair)
        assert b.monthly_usd - a.monthly_usd == pytest.approx(difference, rel=1e-6)


LONG: dict[str, Any] = {
    "isl": 8000, "osl": 300, "slo": "ttft_p95=1600ms", "as_of": "2026-11-29",
}  # fmt: skip
OWN_70B = "self/llama-3.3-70b@2xh100-sxm:fp8/runpod:on_demand_secure"


def test_a_break_even_under_a_promise_is_where_the_bills_cross_whatever_volume_is_said() -> None:
    """It was 76.5B without a volume and 29.0B with any: one replica had to keep it, or none."""
    pair = "openai/gpt-4.1", OWN_70B
    found = [tco.breakeven(*pair, **LONG)]
    found += [tco.breakeven(*pair, tokens=tokens, **LONG) for tokens in (1e9, 3e11)]
    assert {one.wins for one in found} == {found[0].wins}
    ends = [(end, side) for span in found[0].wins for end, side in zip(span, (1, -1), strict=True)]
    assert len([end for end, _ in ends if end]) == 3
    crossed = {begin for begin, _ in found[0].wins}
    for end, side in ends:
        near = 2e-3 if end in crossed else 2e-2  # steps of fleets lie between known ones
        for beside in (-1, 1) if end else ():
            at = {**LONG, "tokens": end * (1.0 + beside * near)}
            usd = [tco.explain(name, **at).option.monthly_usd for name in pair]
            assert (usd[1] < usd[0]) == (beside == side), (end, beside, usd)


def test_more_volume_never_takes_fewer_gpus_under_a_promise() -> None:
    """28 GPUs for 1B tokens and 22 for 3B; and nothing served 1M, which 14 do."""
    volumes = [1e6, 1e8, 1e9, 3e9, 1e10, 3e10, 1e11]
    rows = [tco.explain(OWN_70B, tokens=v, **LONG).option for v in volumes]
    gpus = [row.gpus for row in rows]
    assert gpus == sorted(gpus, key=float)
    for row in rows:
        assert row.first_token is not None and row.first_token.p95_s is not None
        assert row.first_token.p95_s <= 1.6
    curve = tco.curve(OWN_70B, volumes, **LONG)
    assert curve == pytest.approx([row.monthly_usd for row in rows], rel=1e-9)


@pytest.mark.parametrize("form", [["--all"], ["-o", "json"]])
def test_so_many_queues_are_refused_with_what_to_name(
    form: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All set-ups of the shipped catalog are not too many: JSON was refused, a screen not."""
    assert first_tokens.MOST_QUEUES > 18_731
    monkeypatch.setattr(first_tokens, "MOST_QUEUES", 5_000)
    day = ["--as-of", "2026-11-21"]
    done = run("compare", "--tokens", "50B", "--slo", "ttft_p95=1s", *form, *day)
    assert done.exit_code == 2
    assert done.stderr == (
        "tco: --slo: the queues of 18,731 cases take too long, at most 5,000: "
        "name a model or GPUs\n"
    )


def test_a_promise_that_nothing_keeps_and_a_limit_that_there_is_not() -> None:
    for words, code, said in (
        (
            "size gpt-oss-120b --gpu h100-sxm --gpus 1 --tokens 50B --slo ttft_p99=20ms",
            4,
            "it serves nothing within the limits",
        ),
        ("size gpt-oss-120b --tokens 50B --slo ttft_p90=1s", 2, "'ttft_p90=1s' is no limit"),
    ):
        done = run(*words.split(), "--as-of", "2026-11-21")
        assert done.exit_code == code
        assert said in done.stdout + done.stderr
