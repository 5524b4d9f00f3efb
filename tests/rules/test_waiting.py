"""Work that can wait: own GPUs keep no peak, no latency and no spare for it; valleys first."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tco
from tco.engine.fleet import busiest_stretch, peak_with_waiting
from tco.errors import UsageError
from tco.options.settings import target

DAY = {"as_of": "2026-11-21"}
OWN: Any = {"tier": "self", "model": "llama-3.3-70b", "gpu": "h100-sxm", **DAY}
HOURS = 730.0


def test_all_of_it_is_what_the_hand_calculation_says() -> None:
    """The month's work over what one replica does in a month at any latency, in whole replicas."""
    found = tco.explain("self/llama-3.3-70b@4xh100-sxm:fp8", tokens="50B", batch="100%", **DAY)
    row = found.option
    sized = tco.size("llama-3.3-70b", gpu="h100-sxm", max_tpot="10s", **DAY).rows
    rate = next(r.requests_per_s for r in sized if r.id.endswith("4xh100-sxm:fp8"))
    needed = 50e9 / 1530.0 / (HOURS * 3600.0) / (rate or 0.0)
    assert row.replicas == math.ceil(needed) == 1
    rent = row.replicas * 4 * HOURS * found.option.lines[0].rate_usd
    people, storage = 20_000.0, row.replicas * 72.65 * 0.1
    traffic = 16.425 + 735.3 * 0.008
    assert row.monthly_usd == pytest.approx(rent * 1.05 + people + storage + traffic, abs=0.05)
    assert row.lines[0].amount_usd == pytest.approx(rent, rel=1e-9)


def test_the_case_of_the_issue() -> None:
    found = tco.compare(tokens="50B", batch="100%", all=True, **OWN)
    cheapest = min(o.monthly_usd for o in found.options if o.monthly_usd is not None)
    assert round(cheapest) == 27_695
    best = next(o for o in found.options if o.monthly_usd == cheapest)
    assert best.gpus == 4
    now = tco.compare(tokens="50B", all=True, **OWN)
    assert round(min(o.monthly_usd for o in now.options if o.monthly_usd)) == 43_061


def test_what_was_given_holds_for_waiting_work_too() -> None:
    name: Any = ("self/llama-3.3-70b@4xh100-sxm:fp8",)
    said: Any = {"tokens": "50B", "batch": "100%", **DAY}
    spare = tco.explain(*name, set=["serving.redundancy=1"], **said)
    assert spare.option.replicas == 2
    fast = tco.explain(*name, max_tpot="50ms", **said)
    assert fast.option.replicas == 2


@pytest.mark.parametrize("share", ["10%", "50%", "90%"])
def test_a_part_of_it_fills_what_the_rest_leaves_free(share: str) -> None:
    bills = [
        tco.explain("self/llama-3.3-70b@2xh100-sxm:fp8", tokens="500B", batch=b, **DAY).option
        for b in ("0%", share, "100%")
    ]
    assert bills[0].gpus >= bills[1].gpus >= bills[2].gpus
    now = peak_with_waiting(1.86, float(share[:-1]) / 100, 1.0, 0.85)
    assert float(now) == max((1 - float(share[:-1]) / 100) * 1.86, 0.85)


def test_every_command_sees_the_same_fleet() -> None:
    said: Any = {"batch": "100%", "tokens": "500B", **DAY}
    row = tco.explain("self/llama-3.3-70b", **said).option
    rows = {o.id: o for o in tco.compare(model="llama-3.3-70b", all=True, **said).options}
    assert (rows[row.id].gpus, rows[row.id].monthly_usd) == (row.gpus, row.monthly_usd)
    pair = tco.breakeven("gpt-4.1", row.id, batch="100%", **DAY)
    before = tco.breakeven("gpt-4.1", row.id, **DAY)
    assert pair.verdict != before.verdict


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0.0, 5.0), min_size=168, max_size=168).filter(lambda w: sum(w) > 1.0),
    st.integers(1, 100),
)
def test_a_fleet_of_the_busiest_stretch_is_done_in_time(loads: list[float], hours: int) -> None:
    week = np.array(loads) / np.mean(loads)
    size = busiest_stretch(week, hours)
    assert 1.0 - 1e-9 <= size <= week.max() + 1e-9
    arrived = np.cumsum(np.tile(week, 3))
    backlog, done = 0.0, 0.0
    for hour, load in enumerate(np.tile(week, 3)):
        backlog += load
        served = min(backlog, size)
        backlog, done = backlog - served, done + served
        if hour >= hours:
            assert done >= arrived[hour - hours] - 1e-6


@given(st.floats(1.0, 5.0), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_more_that_can_wait_never_needs_more(peak: float, a: float, b: float) -> None:
    less, more = sorted((a, b))
    known = [float(peak_with_waiting(peak, x, 1.0, 0.85)) for x in (less, more)]
    if more < 1.0:
        assert known[1] <= known[0] + 1e-12


def test_a_longer_deadline_never_needs_more() -> None:
    found = [
        tco.explain(
            "self/llama-3.3-70b@2xh100-sxm:fp8",
            tokens="500B",
            batch="100%",
            deadline=deadline,
            profile="chat",
            **DAY,
        ).option.gpus
        for deadline in ("1h", "6h", "24h", "7 days")
    ]
    assert found == sorted(found, reverse=True)
    assert found[0] > found[-1]


def test_a_deadline_that_cannot_be_is_refused_and_an_idle_one_told() -> None:
    with pytest.raises(UsageError, match=r"5s is shorter than the 16\.5s that one answer takes"):
        tco.compare(tokens="5B", deadline="5s", batch="100%", **OWN)
    idle = tco.compare(tokens="5B", deadline="24h", **OWN)
    assert "deadline was given and enters none of these bills" in " ".join(idle.warnings)


def test_hidden_thinking_takes_its_time_of_an_answer(asked: Callable[..., Any]) -> None:
    """Three times 330 tokens at 50 ms are 49.5 s, and have what they may take of the deadline."""
    thinks = {"workload.reasoning_factor": 3.0}
    tco.compare(tokens="5B", deadline="40s", batch="100%", **OWN)
    with pytest.raises(UsageError, match=r"40s is shorter than the 49\.5s that one answer takes"):
        tco.compare(tokens="5B", deadline="40s", batch="100%", set=thinks, **OWN)
    waits = {"workload.batch_share": 1.0, "workload.deadline_h": 2.0}
    each = [target(asked(settings=waits | some).settings).max_tpot_s for some in ({}, thinks)]
    assert each == pytest.approx([7_200 / 330, 7_200 / 990])
