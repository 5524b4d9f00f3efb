"""Limits are held by the speed that a user meets, whatever is believed of the model's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tco
from tco.catalog.load import load_catalog
from tco.options.bills import SelfOption, replica_of
from tco.options.names import resolve
from tco.options.question import Question, prepare
from tco.options.scenario import Scenario
from tests.strategies import DAY

FACTOR, TPOT, TTFT = (
    f"serving.{name}" for name in ("throughput_factor", "max_tpot_s", "max_ttft_s")
)
CATALOG = load_catalog()
KINDS = (
    ("self/llama-3.3-70b@4xh100-sxm", "chat"),  # measured nearby
    ("self/gpt-oss-120b@1xh100-sxm", "chat"),
    ("self/glm-5.2@8xb300-sxm:nvfp4", "agent-coding"),  # sessions
)


def asked(**said: Any) -> Question:
    return prepare(CATALOG, Scenario(tokens=50e9, **said), DAY)


@pytest.mark.parametrize(("name", "profile"), KINDS)
@settings(max_examples=10, deadline=None)
@given(
    factor=st.floats(0.3, 2.0),
    tpot=st.floats(0.02, 0.2),
    ttft=st.one_of(st.just(0.0), st.floats(0.3, 10.0)),
)
def test_times_are_longer_and_so_the_limits_of_the_model_shorter(
    name: str, profile: str, factor: float, tpot: float, ttft: float
) -> None:
    inputs = asked(profile=profile)
    option = resolve(name, inputs).best
    assert isinstance(option, SelfOption)
    slower = {FACTOR: factor, TPOT: tpot, TTFT: ttft}
    found = replica_of(option, inputs.settings.with_values(slower))
    faster = {TPOT: tpot * factor, TTFT: ttft * factor}
    plain = replica_of(option, inputs.settings.with_values(faster)).scaled(factor)
    for field in ("slots", "requests_per_s", "tpot_s", "ttft_s", "sessions", "lone_tpot_s"):
        expected = float(np.asarray(getattr(plain, field)))
        assert float(np.asarray(getattr(found, field))) == pytest.approx(expected, nan_ok=True)
    if found.feasible:
        assert float(np.asarray(found.tpot_s)) <= tpot * (1.0 + 1e-9)


def test_every_command_holds_a_limit_at_the_speed_that_was_said() -> None:
    """99.9 ms a token were shown, and 24 GPUs, at a limit of 50 ms."""
    said: Any = {"tokens": "50B", "set": [f"{FACTOR}=0.5"], "as_of": "2026-11-21"}
    own: Any = {"model": "llama-3.3-70b", "gpu": "h100-sxm", "gpus": 4}
    name = "self/llama-3.3-70b@4xh100-sxm"
    row = tco.explain(name, max_tpot="50ms", **said).option
    assert row.replica is not None and row.replica.tpot_s is not None
    assert 0.049 < row.replica.tpot_s <= 0.05
    assert (row.gpus, row.slo) == (32, {"tpot": "kept"})
    sized = tco.size("llama-3.3-70b", gpu="h100-sxm", gpus=4, max_tpot="50ms", **said).rows[0]
    assert (sized.fleet_gpus, sized.tpot_s) == (32, pytest.approx(row.replica.tpot_s))
    told = tco.compare(tier="self", all=True, max_tpot="50ms", **own, **said).options
    same = next(o for o in told if o.id == row.id)
    assert (same.monthly_usd, same.band_usd) == (row.monthly_usd, row.band_usd)


def test_a_band_is_the_bills_at_its_ends() -> None:
    said: Any = {"tokens": "20B", "as_of": "2026-11-21"}
    name = "self/llama-3.3-70b@2xmi300x"
    row = tco.explain(name, **said).option
    assert row.replica is not None and row.band_usd is not None
    bills = [
        tco.explain(name, set=[f"{FACTOR}={end}"], **said).option.monthly_usd
        for end in reversed(row.replica.band)
    ]
    assert list(row.band_usd) == pytest.approx(bills)
    found = tco.sensitivity("gpt-4.1", name, **said)
    swing = next(r for r in found.rows if r.path == FACTOR)
    assert swing.at_low_usd - swing.at_high_usd == pytest.approx(bills[1] - bills[0])


def test_a_band_has_no_end_where_its_slow_end_keeps_no_limit() -> None:
    said: Any = {"tokens": "5B", "max_tpot": "13ms", "as_of": "2026-11-21"}
    row = tco.explain("self/llama-3.3-70b@4xh100-sxm", **said).option
    assert row.band_usd is not None and row.band_usd[1] is None
    assert row.band_usd[0] <= (row.monthly_usd or 0.0)
