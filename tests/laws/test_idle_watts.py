"""GPUs with nothing in flight draw their idle power: how often that is, and what it comes to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from tco.analysis.plan.bills import hybrid_lines
from tco.analysis.plan.mix import best_mix, machine, rented_unit
from tco.engine.capital import power_lines
from tco.engine.fleet import awake_share
from tco.engine.ledger import total_usd
from tco.engine.selfhost import Fleet
from tco.options.bills import SelfOption, TokenOption, fleet, replica_of
from tco.options.machines import ownership
from tco.options.names import resolve
from tco.options.settings import workload
from tests.strategies import magnitude, real

OWN = "self/gpt-oss-20b@1xrtx-5090:mxfp4/own"


def busy_by_simulation(used: float, at_once: int, seed: int) -> float:
    """Return how long anything is in flight: random arrivals, `at_once` servers, equal work."""
    rng = np.random.default_rng(seed)
    came = np.cumsum(rng.exponential(1.0 / (used * at_once), 40_000))
    free = np.zeros(at_once)
    left = np.empty(came.size)
    for i, at in enumerate(came.tolist()):
        first = int(free.argmin())
        free[first] = left[i] = max(at, free[first]) + 1.0
    until = np.maximum.accumulate(left)
    idle = np.maximum(came[1:] - until[:-1], 0.0).sum() + came[0]
    return float(1.0 - idle / until[-1])


@pytest.mark.parametrize("at_once", [1, 2, 4, 16, 128])
@pytest.mark.parametrize("used", [0.002, 0.02, 0.1, 0.3, 0.6, 0.8])
def test_the_share_of_the_time_with_something_in_flight_is_what_a_simulation_has(
    used: float, at_once: int
) -> None:
    share = float(np.asarray(awake_share(used, float(at_once))))
    near = 0.09 if at_once == 2 else 0.04
    assert share == pytest.approx(busy_by_simulation(used, at_once, 7), abs=near)


@given(used=real(0.0, 1.0), more=real(0.0, 1.0), at_once=magnitude(1.0, 4096.0))
def test_it_rises_with_the_load_and_is_never_below_it(
    used: float, more: float, at_once: float
) -> None:
    higher = min(used + more, 1.0)
    low, high = np.asarray(awake_share(np.array([used, higher]), at_once))
    assert used - 1e-12 <= low <= high + 1e-12
    assert high <= 1.0 + 1e-12
    assert float(np.asarray(awake_share(1.0, at_once))) == pytest.approx(1.0)


def option_of(inputs: Any, name: str = OWN) -> SelfOption:
    found = resolve(name, inputs).options[0]
    assert isinstance(found, SelfOption)
    return found


def test_a_gpu_with_next_to_nothing_to_do_draws_its_idle_power(asked: Any) -> None:
    """For 654 requests a month it was 448 kWh, all of it at the power of one that serves."""
    inputs = asked(tokens=1e6, purchases=("own",), settings={"serving.redundancy": 0.0})
    option, settings = option_of(inputs), inputs.settings
    servers = fleet(option, settings, replica_of(option, settings))
    assert option.owned is not None
    own = ownership(option.owned, settings)
    drawn = sum(float(x.quantity) for x in power_lines(servers, own) if x.group == "power")
    hours = float(np.asarray(own.rated_w * own.pue)) / 1e3 * 730.0
    assert drawn == pytest.approx(0.2 * hours, rel=1e-3)
    assert drawn > 0.2 * hours
    more = replace(own, idle_power_share=own.idle_power_share * 1.5)
    again = sum(float(x.quantity) for x in power_lines(servers, more) if x.group == "power")
    assert again == pytest.approx(0.3 * hours, rel=1e-3)


@pytest.mark.parametrize(
    ("awake", "busy", "share"),
    [(0.0, 0.0, 0.2), (8.0, 0.0, 0.61), (8.0, 8.0, 0.85), (2, 1, 0.3325)],
)
def test_power_by_hand(asked: Any, awake: float, busy: float, share: float) -> None:
    option, settings = option_of(asked()), asked().settings
    assert option.owned is not None
    own = ownership(option.owned, settings)
    servers = Fleet(
        needed=8.0, replicas=8.0, gpus=8.0, paid_gpus=8.0, busy_gpus=busy, awake_gpus=awake
    )
    drawn = sum(float(x.quantity) for x in power_lines(servers, own) if x.group == "power")
    hours = float(np.asarray(own.rated_w * own.pue)) / 1e3 * 730.0
    assert drawn == pytest.approx(8 * share * hours)


NOBODY = {f"people.{name}": 0.0 for name in ("api_fte", "floor_fte", "fixed_fte", "fte_per_gpu")}


def test_a_plan_bills_bought_units_by_what_it_chose_them_by(asked: Any) -> None:
    """Base units with hours of little load: what the plan minimizes is what its lines add up to."""
    given = NOBODY | {"own.usd_per_kwh": 0.4}
    inputs = asked(tokens=20e9, purchases=("own",), settings=given)
    option = option_of(inputs)
    api = resolve("openai/gpt-4.1", inputs).options[0]
    assert isinstance(api, TokenOption)
    unit = rented_unit(option, inputs.settings)
    load = unit.capacity * np.array([0.0, 0.001, 0.01, 0.05, 0.3, 0.9, 1.7, 2.4])
    month = workload(inputs.settings)
    tokens = load.mean() * month.seconds_per_month * month.tokens_per_request
    settings = inputs.settings.with_values({"workload.tokens_per_month": tokens})
    price = unit.usd_per_load * 3.0
    mix = best_mix([machine([unit])], load, price, settings)
    assert mix.base is not None and mix.stack.base_units >= 1
    assert 0 < mix.stack.base.awake.sum() < mix.stack.base_units
    bill = hybrid_lines(settings, api, mix)
    own = [x for x in bill if x.item.endswith("every hour") or "balancer" in x.item]
    by_token = mix.stack.api_load * price * mix.hours_per_month
    total = float(np.asarray(total_usd(own))) + by_token
    assert total == pytest.approx(mix.monthly_usd, rel=1e-9)
