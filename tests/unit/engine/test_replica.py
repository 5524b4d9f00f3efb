"""The best replica: the largest batch within memory, latency and the engine's own limit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import magnitude, real

from tco.engine.capacity import max_batch, replica
from tco.engine.replica import BATCHES, Replica, Target, best_replica, drafted_gain, in_flight
from tco.engine.shapes import DEFAULT, TUNED, GpuShape, Layout, ModelShape, ServerProfile

SMALL = ModelShape(
    params=8.0e9,
    active_params=8.0e9,
    layers=32.0,
    hidden_size=4096.0,
    heads=32.0,
    kv_heads=8.0,
    head_dim=128.0,
    vocab_size=128_256.0,
)
GPU = GpuShape(
    memory_bytes=80 * 2.0**30,
    bandwidth_bytes_per_s=3.35e12,
    flops_16=989e12,
    flops_8=1979e12,
    link_bytes_per_s=450e9,
)
HUGE = GpuShape(
    memory_bytes=32_000 * 2.0**30,
    bandwidth_bytes_per_s=3.35e15,
    flops_16=989e15,
    link_bytes_per_s=450e12,
)
LAYOUT = Layout(tp=1.0)


def goal(limit_s: float = 0.05, most: float = 256.0, isl: float = 1_000.0) -> Target:
    return Target(isl=isl, osl=200.0, cached_share=0.0, max_tpot_s=limit_s, max_concurrency=most)


def best(target: Target, gpu: GpuShape = GPU, profile: ServerProfile = TUNED) -> Replica:
    return best_replica(SMALL, gpu, LAYOUT, profile, target)


@given(
    limit_s=magnitude(0.003, 0.3),
    most=st.integers(1, 600),
    isl=magnitude(10, 60_000),
    profile=st.sampled_from([TUNED, DEFAULT]),
)
@settings(max_examples=60)
def test_the_batch_is_the_largest_that_meets_every_limit(
    limit_s: float, most: int, isl: float, profile: ServerProfile
) -> None:
    target = goal(limit_s, float(most), isl)
    found = best(target, profile=profile)
    room = int(min(most, max_batch(SMALL, GPU, LAYOUT, isl + 200.0)))
    batches = np.arange(1.0, room + 1)
    tpot_s = replica(SMALL, GPU, LAYOUT, isl=isl, osl=200.0, batch=batches, profile=profile).tpot_s
    fits = batches[np.asarray(tpot_s) <= limit_s]
    assert found.slots == (fits[-1] if fits.size else 0)
    assert bool(found.feasible) == bool(fits.size)
    if fits.size:
        assert fits.size == fits[-1]  # all smaller batches fit as well
        assert found.tpot_s <= limit_s


@pytest.mark.parametrize("most", [1_000.0, 4_096.0, 10_000.0, 100_000.0])
def test_batches_beyond_four_thousand_are_found_too(most: float) -> None:
    target = goal(limit_s=10.0, most=most)
    assert max_batch(SMALL, HUGE, LAYOUT, 1_200.0) > most
    assert best(target, HUGE).slots == most


@pytest.mark.parametrize("most", [1.0, 1.5, 2.7, 31.9])
def test_a_batch_is_whole_and_never_above_the_limit_of_the_engine(most: float) -> None:
    assert best(goal(most=most)).slots == np.floor(most)


def test_a_setup_that_is_too_slow_or_too_small_serves_nothing() -> None:
    slow = best(goal(limit_s=1e-6))
    assert (slow.slots, bool(slow.feasible)) == (0.0, False)
    assert np.isnan(slow.requests_per_s)
    assert slow.lone_tpot_s > 1e-6
    small = best(goal(isl=5e6))
    assert (small.memory_slots, small.slots) == (0.0, 0.0)


@given(factor=real(0.1, 10.0))
def test_a_replica_at_another_speed_keeps_its_slots(factor: float) -> None:
    plain = best(goal())
    scaled = plain.scaled(factor)
    assert scaled.slots == plain.slots
    assert scaled.requests_per_s == pytest.approx(factor * plain.requests_per_s)
    assert scaled.tpot_s * factor == pytest.approx(plain.tpot_s)


@given(factor=real(0.2, 5.0))
def test_a_measured_factor_stays_inside_the_latency_limit(factor: float) -> None:
    factors = np.full(BATCHES.size, factor)
    made = best_replica(SMALL, GPU, LAYOUT, TUNED, goal(limit_s=0.04), factors)
    assert made.feasible
    assert made.tpot_s <= 0.04 * (1 + 1e-12)


def test_drafts_gain_less_the_more_requests_share_a_step() -> None:
    batches = np.array([1.0, 4.0, 6.5, 12.0, 24.0, 48.0, 96.0, 192.0, 1000.0])
    gains = drafted_gain(batches)
    assert gains.tolist() == [1.71, 1.71, 1.53, 1.44, 1.35, 1.29, 1.22, 1.13, 1.13]
    for most in (1.0, 4.0, 24.0, 200.0):
        plain, drafted = best(goal(10.0, most)), best(replace(goal(10.0, most), drafts=1.0))
        expected = drafted_gain(drafted.slots)
        assert drafted.tpot_s < plain.tpot_s
        assert plain.tpot_s / drafted.tpot_s <= expected * (1 + 1e-9)  # prefill gains nothing
    one = best(replace(goal(), drafts=1.0, speculative_gain=1.1))
    assert one.requests_per_s > best(replace(goal(), drafts=1.0)).requests_per_s


@given(limit_s=magnitude(0.004, 0.1), looser=magnitude(1.0, 3.0))
def test_with_drafts_a_looser_limit_never_serves_less(limit_s: float, looser: float) -> None:
    here, there = (best(replace(goal(t), drafts=1.0)) for t in (limit_s, limit_s * looser))
    if here.feasible:
        assert there.requests_per_s >= here.requests_per_s * (1 - 1e-9)


def test_requests_in_flight_run_from_one_alone_to_a_full_replica() -> None:
    full = best(goal())
    rate = float(full.requests_per_s)
    assert in_flight(rate, full) == pytest.approx(float(full.slots))
    assert in_flight(0.0, full) == 0.0
    # A single request now and then is in flight for as long as it takes alone.
    assert in_flight(1e-9, full) / 1e-9 == pytest.approx(float(full.lone_request_s), rel=0.05)
    shares = [float(in_flight(share * rate, full)) for share in (0.1, 0.3, 0.5, 0.7, 0.9)]
    assert shares == sorted(shares)
    # Full batches are the more efficient ones: half the rate needs less than half the slots.
    assert shares[2] < float(full.slots) / 2


def test_without_a_lone_time_requests_in_flight_are_in_proportion() -> None:
    measured = Replica(
        slots=64.0,
        requests_per_s=2.0,
        tpot_s=np.nan,
        memory_slots=np.nan,
        lone_tpot_s=np.nan,
        lone_request_s=np.nan,
    )
    assert in_flight(0.5, measured) == pytest.approx(16.0)


def test_targets_with_and_without_drafts_at_once_are_each_alone() -> None:
    drafts = np.array([0.0, 3.0])
    both = best(replace(goal(), drafts=drafts))
    for i, count in enumerate(drafts.tolist()):
        alone = best(replace(goal(), drafts=count))
        assert np.asarray(both.requests_per_s)[i] == pytest.approx(float(alone.requests_per_s))
        assert np.asarray(both.lone_tpot_s)[i] == pytest.approx(float(alone.lone_tpot_s))
        assert np.asarray(both.slots)[i] == float(alone.slots)
