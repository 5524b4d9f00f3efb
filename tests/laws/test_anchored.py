"""The laws of a replica hold on the model as measurements correct it, not only on the bare one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import magnitude

from tco.engine.capacity import kv_bytes_per_sequence, max_batch, weights_bytes
from tco.engine.replica import BATCHES, Replica, Target, best_replica, speed_factor
from tco.engine.shapes import TUNED, Floats, GpuShape, Layout, ModelShape

MODEL = ModelShape(
    params=32.8e9,
    active_params=32.8e9,
    layers=64.0,
    hidden_size=5120.0,
    heads=64.0,
    kv_heads=8.0,
    head_dim=128.0,
    vocab_size=151_936.0,
)
GPU = GpuShape(
    memory_bytes=80 * 2.0**30,
    bandwidth_bytes_per_s=3.35e12,
    flops_16=989e12,
    flops_8=1979e12,
    kernel_share_8=0.54,
    link_bytes_per_s=450e9,
)
LAYOUT = Layout(tp=2.0, weight_bytes=1.0, compute_bits=8.0)
MORE = 1.0 + 1e-9
curves = st.lists(magnitude(0.2, 5.0), min_size=BATCHES.size, max_size=BATCHES.size).map(np.array)
"""Whatever measurements might say: another factor at every batch."""


def goal(limit_s: float = 0.05, most: float = 256.0) -> Target:
    return Target(
        isl=4_000.0, osl=400.0, cached_share=0.3, max_tpot_s=limit_s, max_concurrency=most
    )


def best(factors: Floats, target: Target, gpu: GpuShape = GPU) -> Replica:
    return best_replica(MODEL, gpu, LAYOUT, TUNED, target, factors)


def no_worse(first: Replica, second: Replica) -> None:
    """Say whether the second serves at least what the first does, in at least as many slots."""
    if first.feasible:
        assert second.feasible
        assert float(second.requests_per_s) * MORE >= float(first.requests_per_s)
        assert float(second.slots) >= float(first.slots)


@given(curves, magnitude(0.005, 0.3), magnitude(1.0, 3.0))
def test_a_looser_latency_limit_never_serves_less(
    factors: Floats, limit_s: float, looser: float
) -> None:
    no_worse(best(factors, goal(limit_s)), best(factors, goal(limit_s * looser)))


@given(curves, magnitude(0.005, 0.3), st.integers(1, 400), st.integers(0, 400))
def test_an_engine_that_takes_on_more_never_serves_less(
    factors: Floats, limit_s: float, most: int, more: int
) -> None:
    here, there = goal(limit_s, float(most)), goal(limit_s, float(most + more))
    no_worse(best(factors, here), best(factors, there))


@pytest.mark.parametrize(
    "name", ["memory_bytes", "bandwidth_bytes_per_s", "flops_16", "flops_8", "link_bytes_per_s"]
)
@given(factors=curves, limit_s=magnitude(0.005, 0.3), times=magnitude(1.0, 4.0))
@settings(max_examples=25)
def test_more_of_a_gpu_never_serves_less(
    name: str, factors: Floats, limit_s: float, times: float
) -> None:
    more = replace(GPU, **{name: getattr(GPU, name) * times})
    here, there = best(factors, goal(limit_s)), best(factors, goal(limit_s), more)
    if here.feasible:
        assert float(there.requests_per_s) * MORE >= float(here.requests_per_s)


@given(curves, magnitude(0.005, 0.3))
def test_what_comes_out_keeps_the_limit_and_its_own_factor(factors: Floats, limit_s: float) -> None:
    made = best(factors, goal(limit_s))
    plain = best((), goal(10.0, max(float(made.slots), 1.0)))
    assert made.memory_slots == plain.memory_slots
    if made.feasible:
        assert float(made.tpot_s) <= limit_s * MORE
        factor = speed_factor(MODEL, GPU, LAYOUT, TUNED, goal(), factors, made.slots)
        assert float(made.requests_per_s / plain.requests_per_s) == pytest.approx(float(factor))
        assert float(plain.tpot_s / made.tpot_s) == pytest.approx(float(factor))


@given(curves, magnitude(0.01, 0.3))
def test_no_smaller_batch_within_the_limit_serves_more(factors: Floats, limit_s: float) -> None:
    made = best(factors, goal(limit_s))
    smaller = [best(factors, goal(limit_s, float(most))) for most in (1, 2, 5, 17, 64, 150)]
    for other in smaller:
        if other.feasible and made.feasible and float(other.slots) <= float(made.slots):
            assert float(made.requests_per_s) * MORE >= float(other.requests_per_s)


@given(magnitude(100, 1e5), magnitude(1.0, 3.0), st.sampled_from([0.5625, 1.0, 2.0]))
def test_less_context_and_fewer_bits_never_need_more_memory(
    tokens: float, times: float, weight_bytes: float
) -> None:
    wide = replace(LAYOUT, weight_bytes=weight_bytes * 2.0, kv_bytes=2.0)
    slim = replace(LAYOUT, weight_bytes=weight_bytes, kv_bytes=1.0)
    assert weights_bytes(MODEL, slim) <= weights_bytes(MODEL, wide)
    for layout in (wide, slim):
        assert kv_bytes_per_sequence(MODEL, layout, tokens) <= kv_bytes_per_sequence(
            MODEL, layout, tokens * times
        )
        assert max_batch(MODEL, GPU, layout, tokens) >= max_batch(
            MODEL, GPU, layout, tokens * times
        )
