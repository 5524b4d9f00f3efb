"""Laws of bills: what costs nothing, what must grow, what doubles with what."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import (
    default_settings,
    loads,
    magnitude,
    options,
    policies,
    rates,
    real,
    replicas,
    self_options,
    setting_values,
    settings_of_a_question,
    teams,
    token_options,
    usd_at,
    volumes,
)

from tco.engine.fleet import FleetPolicy
from tco.engine.ledger import Line, TokenRates, token_lines, total_usd
from tco.engine.replica import Replica
from tco.engine.selfhost import (
    People,
    fleet_for,
    fleet_of,
    people_line,
    rent_lines,
    selfhost_fte,
    utilization_of,
)
from tco.engine.shapes import Workload
from tco.options.bills import Option, SelfOption, TokenOption, lines
from tco.options.settings import Settings

TOKENS = "workload.tokens_per_month"
PRICES = [f.name for f in fields(TokenRates) if f.name not in ("origin", "source")]
ITEM_OF = {
    "input": "input tokens",
    "output": "output tokens",
    "cached_input": "cached input tokens",
    "batch_input": "input tokens, batch",
    "batch_output": "output tokens, batch",
    "batch_cached_input": "cached input tokens, batch",
    "cache_write": "cache write tokens",
    "batch_cache_write": "cache write tokens, batch",
    "reasoning_output": "reasoning tokens",
    "batch_reasoning_output": "reasoning tokens, batch",
}


def amounts(bill: tuple[Line, ...]) -> dict[str, float]:
    return {line.item: float(np.asarray(line.amount_usd)) for line in bill}


def close(a: Any, b: Any, rel: float = 1e-12, abs_: float = 1e-9) -> bool:
    return bool(np.allclose(a, b, rtol=rel, atol=abs_))


@given(rates=rates, load=loads)
def test_zero_tokens_cost_no_token_money(rates: TokenRates, load: Workload) -> None:
    bill = token_lines(rates, replace(load, tokens_per_month=0.0))
    assert [line.amount_usd for line in bill] == [0.0] * 10


@given(option=token_options(), settings=settings_of_a_question())
def test_zero_tokens_leave_only_the_engineers_of_a_token_bill(
    option: TokenOption, settings: Settings
) -> None:
    bill = amounts(lines(option, settings.with_values({TOKENS: 0.0})))
    engineers = bill.pop("engineers")
    own = max(float(np.asarray(settings.value(f"people.{n}_fte"))) for n in ("floor", "fixed"))
    assert engineers == pytest.approx(min(0.1, own) * 240_000 / 12)
    assert set(bill.values()) == {0.0}


@given(option=options, settings=settings_of_a_question(), a=volumes, b=volumes)
def test_more_tokens_never_cost_less(
    option: Option, settings: Settings, a: float, b: float
) -> None:
    less, more = usd_at(option, settings, sorted((a, b)))
    assert more >= less * (1 - 1e-12)


@given(option=token_options(), settings=settings_of_a_question(), volume=volumes)
def test_token_money_is_proportional_to_tokens(
    option: TokenOption, settings: Settings, volume: float
) -> None:
    none, once, thrice = usd_at(option, settings, [0.0, volume, 3 * volume])
    assert thrice - none == pytest.approx(3 * (once - none), rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("name", PRICES)
@given(rates=rates, load=loads)
def test_doubling_a_token_price_doubles_its_line_and_nothing_else(
    name: str, rates: TokenRates, load: Workload
) -> None:
    before = amounts(token_lines(rates, load))
    after = amounts(token_lines(replace(rates, **{name: 2 * getattr(rates, name)}), load))
    before[ITEM_OF[name]] *= 2
    assert after == before


@given(option=self_options(), settings=settings_of_a_question(), volume=volumes)
def test_doubling_the_rent_doubles_the_rent_and_what_rides_on_it_only(
    option: SelfOption, settings: Settings, volume: float
) -> None:
    rented = replace(option, usd_per_gpu_hour=option.usd_per_gpu_hour or 2.0, owned=None)
    at = settings.with_values({TOKENS: volume})
    before = amounts(lines(rented, at))
    after = amounts(lines(rented, at.with_values({"rent.factor": 2.0})))
    for item in ("GPU rent", "monitoring", "control plane, test machines"):
        before[item] *= 2
    assert after == pytest.approx(before, rel=1e-12)


@given(option=self_options(), settings=settings_of_a_question(), volume=volumes)
def test_doubling_the_pay_doubles_the_engineers_and_nothing_else(
    option: SelfOption, settings: Settings, volume: float
) -> None:
    at = settings.with_values({TOKENS: volume})
    before = amounts(lines(option, at))
    pay = at.value("people.salary_usd_per_year")
    after = amounts(lines(option, at.with_values({"people.salary_usd_per_year": 2 * pay})))
    before["engineers"] *= 2
    assert after == before


@given(option=options, settings=settings_of_a_question(), volume=volumes)
def test_the_total_is_the_sum_of_quantity_times_rate(
    option: Option, settings: Settings, volume: float
) -> None:
    bill = lines(option, settings.with_values({TOKENS: volume}))
    by_hand = sum(float(line.quantity) * float(line.rate_usd) for line in bill)
    assert float(total_usd(bill)) == pytest.approx(by_hand, rel=1e-12)
    groups = {line.group for line in bill}
    assert sum(float(total_usd(bill, g)) for g in groups) == pytest.approx(by_hand, rel=1e-12)


@given(option=options, settings=settings_of_a_question(), volume=volumes)
def test_no_line_of_a_bill_is_negative(option: Option, settings: Settings, volume: float) -> None:
    assert all(
        usd >= 0 for usd in amounts(lines(option, settings.with_values({TOKENS: volume}))).values()
    )


@given(load=loads)
def test_the_flows_of_a_bill_are_the_tokens_of_the_month(load: Workload) -> None:
    price = TokenRates(**dict.fromkeys(PRICES, 1.0))
    mtok = sum(line.quantity for line in token_lines(price, load))
    assert close(mtok * 1e6, load.input_tokens + load.output_tokens)
    read = load.output_tokens / load.reasoning_factor
    assert close(load.input_tokens + read, load.tokens_per_month)


@given(rates=rates, load=loads)
def test_a_bill_lies_between_its_lowest_and_its_highest_price(
    rates: TokenRates, load: Workload
) -> None:
    prices = [getattr(rates, name) for name in PRICES]
    mtok = (load.input_tokens + load.output_tokens) / 1e6
    usd = total_usd(token_lines(rates, load))
    assert min(prices) * mtok * (1 - 1e-9) <= usd <= max(prices) * mtok * (1 + 1e-9)


@given(staff=teams, gpus=real(0.0, 1e4), more=real(0.0, 1e4))
def test_engineers_never_fall_below_their_floor_nor_with_more_gpus(
    staff: People, gpus: float, more: float
) -> None:
    few, many = selfhost_fte(staff, gpus), selfhost_fte(staff, gpus + more)
    assert staff.floor_fte <= few <= many
    line = people_line(few, staff, "given", "test")
    assert line.amount_usd * 12 == pytest.approx(few * staff.salary_usd_per_year)


@given(
    load=loads,
    replica=replicas,
    policy=policies,
    gpus=st.sampled_from([1, 2, 4, 8, 16]),
    instance=st.integers(1, 16),
    rent=magnitude(0.1, 20.0),
)
def test_rent_is_that_of_all_paid_gpus_for_all_730_hours(
    load: Workload,
    replica: Replica,
    policy: FleetPolicy,
    gpus: int,
    instance: int,
    rent: float,
) -> None:
    servers = fleet_for(load, replica, policy, gpus, instance)
    bill = amounts(rent_lines(servers, rent, 0.02, 0.05, origin="given", source="test"))
    assert bill["GPU rent"] == pytest.approx(servers.paid_gpus * rent * 730, rel=1e-12)
    assert bill["monitoring"] == pytest.approx(0.02 * bill["GPU rent"])
    assert bill["control plane, test machines"] == pytest.approx(0.05 * bill["GPU rent"])


@given(load=loads, replica=replicas, policy=policies, instance=st.integers(1, 16))
def test_utilization_is_a_share_and_paid_hours_are_never_better_used_than_replicas(
    load: Workload, replica: Replica, policy: FleetPolicy, instance: int
) -> None:
    servers = fleet_for(load, replica, policy, 4, instance)
    slots, capacity, paid = utilization_of(load, replica, servers)
    assert 0 <= capacity <= policy.headroom / load.peak_to_mean * (1 + 1e-6)
    assert paid <= capacity * (1 + 1e-12)
    assert slots == pytest.approx(capacity, rel=1e-9)


@given(
    needed=st.integers(1, 10_000),
    policy=policies,
    per_replica=st.integers(1, 32),
    instance=st.integers(1, 16),
)
def test_paid_gpus_are_whole_instances_that_hold_every_replica(
    needed: int, policy: FleetPolicy, per_replica: int, instance: int
) -> None:
    fleet = fleet_of(float(needed), policy, per_replica, instance)
    assert fleet.replicas == needed + policy.redundancy
    assert fleet.gpus == fleet.replicas * per_replica
    assert fleet.paid_gpus >= fleet.gpus
    assert fleet.paid_gpus - fleet.gpus < instance
    assert fleet.paid_gpus % instance == 0


@given(values=setting_values(), option=self_options(), volume=volumes)
def test_a_faster_replica_never_costs_more(
    values: dict[str, float], option: SelfOption, volume: float
) -> None:
    settings = default_settings().with_values({**values, TOKENS: volume})
    speeds = np.array([0.5, 1.0, 2.0])
    bill = lines(option, settings.with_values({"serving.throughput_factor": speeds}))
    slow, now, fast = np.broadcast_to(total_usd(bill), 3)
    assert slow >= now >= fast
