"""Laws of fleets: staffing and its inverse, whole machines, growth with the load."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import loads, magnitude, policies, real, replicas

from tco.engine.fleet import (
    FleetPolicy,
    burst_term,
    load_served,
    paid_gpus,
    replicas_for,
    slack_replicas,
)
from tco.engine.replica import Replica
from tco.engine.selfhost import fleet_for, tokens_per_load, tokens_served
from tco.engine.shapes import Workload

slots_in_a_replica = st.integers(1, 512).map(float)
counts = st.one_of(st.integers(1, 30), st.integers(1, 100_000)).map(float)
work = st.one_of(st.just(0.0), magnitude(1e-6, 1e5))


@given(n=counts, slots=slots_in_a_replica, policy=policies)
def test_a_fleet_serves_its_load_and_just_above_it_needs_one_more(
    n: float, slots: float, policy: FleetPolicy
) -> None:
    load = load_served(n, slots, policy)
    assert replicas_for(load, slots, policy) == n
    assert replicas_for(load * (1 - 1e-6), slots, policy) <= n
    assert replicas_for(load * (1 + 1e-6), slots, policy) == n + 1


@given(load=work, slots=slots_in_a_replica, policy=policies)
def test_what_was_staffed_for_a_load_can_serve_it(
    load: float, slots: float, policy: FleetPolicy
) -> None:
    needed = replicas_for(load, slots, policy)
    assert load_served(needed, slots, policy) >= load * (1 - 1e-6)
    if needed > 1:
        assert load_served(needed - 1, slots, policy) < load * (1 + 1e-6)


@given(load=work, slots=slots_in_a_replica, policy=policies)
def test_replicas_are_whole_at_least_one_and_within_the_headroom(
    load: float, slots: float, policy: FleetPolicy
) -> None:
    needed = replicas_for(load, slots, policy)
    assert needed >= 1
    assert needed == np.floor(needed)
    assert load / needed <= policy.headroom * (1 + 1e-6)


@given(a=work, b=work, slots=slots_in_a_replica, policy=policies)
def test_fleets_grow_with_the_load(a: float, b: float, slots: float, policy: FleetPolicy) -> None:
    few, many = replicas_for(np.array(sorted((a, b))), slots, policy)
    assert few <= many


@given(n=counts, slots=slots_in_a_replica, policy=policies)
def test_one_more_replica_serves_more(n: float, slots: float, policy: FleetPolicy) -> None:
    assert load_served(n + 1, slots, policy) > load_served(n, slots, policy) > 0


@given(load=work, slots=slots_in_a_replica, policy=policies)
def test_bursts_add_no_more_replicas_than_the_slack(
    load: float, slots: float, policy: FleetPolicy
) -> None:
    slack = slack_replicas(slots, policy)
    by_headroom = load / policy.headroom
    assert replicas_for(load, slots, policy) <= by_headroom + slack + 1 + 1e-6


def test_a_full_headroom_leaves_bursts_without_bound() -> None:
    full = FleetPolicy(headroom=1.0, peakedness=2.0, wait_beta=2.375, redundancy=1.0)
    assert slack_replicas(64.0, full) == np.inf
    calm = FleetPolicy(headroom=1.0, peakedness=2.0, wait_beta=0.0, redundancy=1.0)
    assert slack_replicas(64.0, calm) == 0


@given(slots=slots_in_a_replica, policy=policies)
def test_the_burst_term_shrinks_with_the_size_of_a_replica(
    slots: float, policy: FleetPolicy
) -> None:
    assert burst_term(policy, 4 * slots) == pytest.approx(burst_term(policy, slots) / 2)


def test_staffing_follows_the_square_root_rule_by_hand() -> None:
    policy = FleetPolicy(headroom=0.85, peakedness=2.0, wait_beta=2.375, redundancy=1.0)
    # 9 replicas' worth on replicas of 16 slots: 9/0.85 = 10.6; 9 + 2.375*sqrt(2*9/16) = 11.52.
    assert replicas_for(9.0, 16.0, policy) == 12
    # With 256 slots bursts need 9.63 only, and the headroom decides.
    assert replicas_for(9.0, 256.0, policy) == 11


@given(gpus=st.integers(0, 100_000), instance=st.integers(1, 64))
def test_gpus_on_the_invoice_are_the_fewest_whole_instances(gpus: int, instance: int) -> None:
    paid = paid_gpus(float(gpus), float(instance))
    assert paid == -(-gpus // instance) * instance


@given(n=counts, load=loads, replica=replicas, policy=policies)
def test_the_volume_that_a_fleet_serves_needs_that_fleet(
    n: float, load: Workload, replica: Replica, policy: FleetPolicy
) -> None:
    volume = tokens_served(n, load, replica, policy)
    for factor, needed in ((1.0, n), (1 + 1e-6, n + 1)):
        at = Workload(
            tokens_per_month=volume * factor,
            isl=load.isl,
            osl=load.osl,
            peak_to_mean=load.peak_to_mean,
        )
        assert fleet_for(at, replica, policy, 2, 1).needed == needed


@given(load=loads, replica=replicas, policy=policies, factor=real(1.0, 4.0))
def test_a_higher_peak_never_needs_a_smaller_fleet(
    load: Workload, replica: Replica, policy: FleetPolicy, factor: float
) -> None:
    peaks = load.peak_to_mean * np.array([1.0, factor])
    higher = Workload(
        tokens_per_month=load.tokens_per_month, isl=load.isl, osl=load.osl, peak_to_mean=peaks
    )
    low, high = fleet_for(higher, replica, policy, 1, 1).replicas
    assert low <= high
    volumes = tokens_per_load(higher, replica)
    assert volumes[0] == pytest.approx(factor * volumes[1])
