"""The serving model: laws, published measurements, broadcasting, bands, anchoring."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tco.engine import capacity, constants
from tco.engine.constants import BANDS, EVIDENCE, FITTED, INTERVALS, Constants
from tco.engine.shapes import (
    DEFAULT,
    LEGACY,
    LEGACY_ROCM,
    LOCAL,
    PRECISIONS,
    PROFILES,
    TUNED,
    GpuShape,
    Layout,
    ModelShape,
    ServerProfile,
)
from tco.units import GIB

DENSE = ModelShape(
    params=70.55e9,
    active_params=70.55e9,
    layers=80,
    hidden_size=8192,
    heads=64,
    kv_heads=8,
    head_dim=128,
    vocab_size=128256,
)
EXPERTS = ModelShape(
    params=235.1e9,
    active_params=22.1e9,
    routed_params=227.1e9,
    experts=128,
    experts_per_token=8,
    layers=94,
    hidden_size=4096,
    heads=64,
    kv_heads=4,
    head_dim=128,
    vocab_size=151936,
)
LATENT = replace(EXPERTS, kv_heads=1, head_dim=576, mla=True)
H100 = GpuShape(
    memory_bytes=80 * GIB,
    bandwidth_bytes_per_s=3.35e12,
    flops_16=989e12,
    flops_8=1979e12,
    kernel_share_16=0.77,
    kernel_share_8=0.54,
    link_bytes_per_s=450e9,
    measured=True,
)
FP8 = Layout(tp=2.0, weight_bytes=1.0, kv_bytes=1.0, compute_bits=8.0)

models = st.sampled_from([DENSE, EXPERTS, LATENT])
profiles = st.sampled_from(list(PROFILES.values()))
batches = st.floats(1.0, 4096.0)
lengths = st.floats(16.0, 65536.0)
degrees = st.sampled_from([1.0, 2.0, 4.0, 8.0])
factors = st.floats(1.0, 8.0)


def speed(model: ModelShape, gpu: GpuShape, layout: Layout, **given: Any) -> capacity.Capacity:
    point = {"isl": 1024.0, "osl": 512.0, "batch": 32.0, "profile": TUNED} | given
    return capacity.replica(model, gpu, layout, **point)


@given(model=models, profile=profiles, batch=batches, isl=lengths, osl=lengths, tp=degrees)
def test_answers_are_positive_and_consistent(
    model: ModelShape, profile: ServerProfile, batch: float, isl: float, osl: float, tp: float
) -> None:
    one = speed(model, H100, replace(FP8, tp=tp), isl=isl, osl=osl, batch=batch, profile=profile)
    terms = one.weights_s + one.kv_s + one.compute_s + one.all_reduce_s + one.host_s
    assert one.step_s == pytest.approx(terms)
    assert one.requests_per_s * osl == pytest.approx(one.output_tokens_per_s)
    # Little's law: what is in flight is the rate times the time of a request.
    stay = one.prefill_s * batch + osl * one.step_s
    assert one.requests_per_s * stay == pytest.approx(batch)
    assert 0.0 < one.step_s <= one.tpot_s
    assert one.ttft_s > FITTED.ttft_fixed_s + one.step_s
    low, high = constants.ttft_ends(one.ttft_s)
    assert low < one.ttft_s < high


@given(model=models, profile=profiles, batch=batches, more=factors, tp=degrees)
def test_more_of_anything_a_gpu_has_is_never_slower(
    model: ModelShape, profile: ServerProfile, batch: float, more: float, tp: float
) -> None:
    base = speed(model, H100, replace(FP8, tp=tp), batch=batch, profile=profile)
    for name in ("bandwidth_bytes_per_s", "flops_16", "flops_8", "link_bytes_per_s"):
        better = replace(H100, **{name: getattr(H100, name) * more})
        then = speed(model, better, replace(FP8, tp=tp), batch=batch, profile=profile)
        assert then.output_tokens_per_s >= base.output_tokens_per_s * (1.0 - 1e-12)


@given(model=models, profile=profiles, batch=batches, more=factors, isl=lengths, osl=lengths)
def test_a_larger_batch_serves_more_but_each_request_slower(
    model: ModelShape, profile: ServerProfile, batch: float, more: float, isl: float, osl: float
) -> None:
    def at(size: float) -> capacity.Capacity:
        return speed(model, H100, FP8, isl=isl, osl=osl, batch=size, profile=profile)

    small, large = at(batch), at(batch * more)
    assert large.output_tokens_per_s >= small.output_tokens_per_s * (1.0 - 1e-9)
    assert large.tpot_s >= small.tpot_s * (1.0 - 1e-12)


@given(model=models, batch=batches, isl=lengths, more=factors)
def test_longer_inputs_and_outputs_never_speed_a_request_up(
    model: ModelShape, batch: float, isl: float, more: float
) -> None:
    short = speed(model, H100, FP8, isl=isl, batch=batch)
    long = speed(model, H100, FP8, isl=isl * more, batch=batch)
    assert long.requests_per_s <= short.requests_per_s * (1.0 + 1e-12)
    wordy = speed(model, H100, FP8, isl=isl, osl=512.0 * more, batch=batch)
    assert wordy.requests_per_s <= short.requests_per_s * (1.0 + 1e-12)


@given(model=models, share=st.floats(0.0, 1.0), isl=lengths)
def test_cache_hits_save_prefill_and_nothing_else(
    model: ModelShape, share: float, isl: float
) -> None:
    cold = speed(model, H100, FP8, isl=isl)
    warm = speed(model, H100, FP8, isl=isl, cached_share=share)
    assert warm.step_s == cold.step_s
    assert warm.prefill_s <= cold.prefill_s * (1.0 + 1e-12)
    assert speed(model, H100, FP8, isl=isl, cached_share=1.0).prefill_s == 0.0


def test_broadcasting_equals_a_loop() -> None:
    batch = np.array([1.0, 8.0, 64.0])
    tp = np.array([[1.0], [4.0]])
    untuned = np.array([False, True, True])
    all_at_once = speed(
        EXPERTS, H100, replace(FP8, tp=tp), batch=batch, profile=ServerProfile(untuned=untuned)
    )
    for row, degree in enumerate(tp[:, 0]):
        for column, size in enumerate(batch):
            one = speed(
                EXPERTS,
                H100,
                replace(FP8, tp=degree),
                batch=size,
                profile=ServerProfile(untuned=bool(untuned[column])),
            )
            for field in fields(one):
                whole = np.broadcast_to(getattr(all_at_once, field.name), (2, 3))
                assert whole[row, column] == pytest.approx(float(getattr(one, field.name)))


def test_an_idle_replica_serves_nothing() -> None:
    assert speed(DENSE, H100, FP8, batch=0.0).requests_per_s == 0.0


def test_one_gpu_needs_no_link() -> None:
    alone = replace(H100, link_bytes_per_s=np.nan)
    assert np.isfinite(speed(DENSE, alone, replace(FP8, tp=1.0)).output_tokens_per_s)
    assert np.isnan(speed(DENSE, alone, FP8).output_tokens_per_s)


@pytest.mark.parametrize(
    ("tp", "isl", "osl", "batch", "measured_tpot_s"),
    [
        (2.0, 922.0, 922.0, 32.0, 23.54e-3),
        (2.0, 922.0, 922.0, 64.0, 28.77e-3),
        (4.0, 7373.0, 922.0, 8.0, 15.77e-3),
    ],
)
def test_published_measurements_of_llama_70b_on_h100(
    tp: float, isl: float, osl: float, batch: float, measured_tpot_s: float
) -> None:
    # vLLM, fp8, aiconfigurator_core 0.12.0 systems/silicon_sample.csv (Apache-2.0).
    model = replace(DENSE, params=70.55e9, active_params=69.5e9)
    found = speed(model, H100, replace(FP8, tp=tp), isl=isl, osl=osl, batch=batch)
    low, high = constants.band(model, H100, TUNED)
    assert low <= found.tpot_s / measured_tpot_s <= high


def test_weight_only_4_bit_runs_at_the_16_bit_rate() -> None:
    four = replace(FP8, weight_bytes=0.5625, compute_bits=4.0)
    sixteen = replace(four, compute_bits=16.0)
    time_s = capacity.matrix_s_per_token
    assert time_s(DENSE, H100, four) == time_s(DENSE, H100, sixteen)
    native = replace(H100, flops_4=4000e12)
    assert time_s(DENSE, native, four) < time_s(DENSE, H100, four)
    # What a format leaves in 16 bits runs at their rate, whatever the experts do.
    kept = replace(four, other_bytes=2.0)
    assert time_s(EXPERTS, native, four) < time_s(EXPERTS, native, kept)
    assert time_s(DENSE, native, four) == time_s(DENSE, native, kept)


def test_what_fp4_leaves_out_of_the_experts_is_in_8_bits() -> None:
    """Its weights, their reads, and their arithmetic at the 8-bit rate where there is one."""
    fp4 = replace(FP8, **PRECISIONS["fp4"].columns(EXPERTS))
    all_4 = replace(fp4, other_bytes=0.5625)
    rest = capacity.dense_params(EXPERTS)
    more = capacity.weights_bytes(EXPERTS, fp4) - capacity.weights_bytes(EXPERTS, all_4)
    assert more == pytest.approx(rest * (1.0 - 0.5625))
    native = replace(H100, flops_4=4000e12)
    time_s = capacity.matrix_s_per_token
    sixteen = time_s(EXPERTS, native, replace(fp4, other_bytes=2.0))
    assert time_s(EXPERTS, native, fp4) < sixteen
    assert time_s(EXPERTS, replace(native, flops_8=np.nan), fp4) == pytest.approx(sixteen)
    assert capacity.weights_bytes(DENSE, fp4) == capacity.weights_bytes(DENSE, all_4)


def test_kernels_of_narrow_operands_have_a_fixed_time_where_a_gpu_has_them() -> None:
    """As measured: 5 us a matrix, on two of the four in a layer."""
    wide = speed(DENSE, H100, replace(FP8, compute_bits=16.0)).host_s
    assert speed(DENSE, H100, FP8).host_s - wide == pytest.approx(DENSE.layers * 10e-6)
    assert speed(DENSE, replace(H100, flops_8=np.nan), FP8).host_s == wide
    four = replace(FP8, weight_bytes=0.5625, compute_bits=4.0)
    assert speed(DENSE, H100, four).host_s == wide


def test_experts_are_read_as_they_are_touched() -> None:
    alone = speed(EXPERTS, H100, FP8, batch=1.0).weights_s
    crowd = speed(EXPERTS, H100, FP8, batch=4096.0).weights_s
    whole = (235.1e9 + 151936 * 4096) / (2 * 3.35e12 * FITTED.bandwidth_share)
    assert alone < 0.15 * crowd
    assert crowd == pytest.approx(
        whole - 151936 * 4096 / (2 * 3.35e12 * FITTED.bandwidth_share), rel=0.01
    )


def test_profiles_are_ordered() -> None:
    rates = [
        float(speed(DENSE, H100, FP8, profile=profile).output_tokens_per_s)
        for profile in (TUNED, DEFAULT, LEGACY, LEGACY_ROCM)
    ]
    assert rates == sorted(rates, reverse=True)
    assert float(speed(DENSE, H100, FP8, profile=LOCAL).output_tokens_per_s) == rates[0]


def test_stages_in_other_servers_are_reached_over_the_network() -> None:
    inside, apart = replace(FP8, pp=2.0), replace(FP8, pp=2.0, nodes=2.0)
    near, far = (speed(DENSE, H100, layout, batch=64.0) for layout in (inside, apart))
    extra = far.all_reduce_s - near.all_reduce_s
    assert extra == pytest.approx(20e-6 + 32.0 * DENSE.hidden_size * 2.0 / 50e9)
    assert far.prefill_s > near.prefill_s


def test_a_long_context_is_scored_whole_by_sparse_attention() -> None:
    sparse = replace(EXPERTS, mla=True, head_dim=576, kv_heads=1, index_topk=2048.0)
    dense = replace(sparse, index_topk=np.inf)

    def per_token(model: ModelShape, isl: float, tp: float = 2.0) -> float:
        return float(speed(model, H100, replace(FP8, tp=tp), isl=isl).prefill_s) / isl

    # what it reads is bounded, what it scores is not, on every GPU alike
    short, long = per_token(sparse, 4_000.0), per_token(sparse, 140_000.0)
    assert long > 2.0 * short
    assert per_token(sparse, 140_000.0) < per_token(dense, 140_000.0)
    gained = per_token(sparse, 140_000.0, tp=4.0) / long
    assert gained > per_token(sparse, 4_000.0, tp=4.0) / short


def test_layers_that_share_a_choice_do_not_choose() -> None:
    every = replace(EXPERTS, mla=True, head_dim=576, kv_heads=1, index_topk=2048.0)
    dense = replace(every, index_topk=np.inf)
    some = replace(every, index_share=0.25)
    at = [speed(m, H100, FP8, isl=140_000.0) for m in (dense, some, every)]
    kernels = [float(s.host_s) for s in at]
    assert (kernels[1] - kernels[0]) / (kernels[2] - kernels[0]) == pytest.approx(0.25)
    none = replace(every, index_share=0.0)  # what is left is reading what was chosen
    read = float(speed(none, H100, FP8, isl=140_000.0).prefill_s)
    chosen = [float(s.prefill_s) - read for s in at[1:]]
    assert chosen[0] / chosen[1] == pytest.approx(0.25)


def test_speculation_divides_the_step() -> None:
    plain = speed(DENSE, H100, FP8)
    assert speed(DENSE, H100, FP8, speculative_gain=1.4).step_s == pytest.approx(plain.step_s / 1.4)


def test_every_constant_has_an_interval_that_holds_it() -> None:
    names = {f.name for f in fields(Constants)}
    assert len(names) <= 24
    assert set(INTERVALS) == names
    for name, (low, high) in INTERVALS.items():
        assert low <= getattr(FITTED, name) <= high, name


def test_bands_hold_the_prediction_and_narrow_beside_a_measurement() -> None:
    assert set(BANDS) == set(EVIDENCE)
    for profile in PROFILES.values():
        low, high = constants.band(EXPERTS, H100, profile)
        near_low, near_high = constants.band(EXPERTS, H100, profile, anchored=True)
        assert low < near_low < 1.0 < near_high < high
    wide = constants.band(DENSE, H100, TUNED, layout_known=False)
    assert wide[1] == pytest.approx(BANDS["layout_unknown"][1])
    for odd in ({"measured": False}, {"rocm": True}):
        assert (
            constants.band(DENSE, replace(H100, **odd), TUNED)[0]
            < constants.band(DENSE, H100, TUNED)[0]
        )
    outside = constants.band(replace(DENSE, outside=True), H100, TUNED)
    assert outside[0] < constants.band(EXPERTS, H100, TUNED)[0]


def test_what_the_model_was_not_held_against_is_slower() -> None:
    known, odd = speed(DENSE, H100, FP8), speed(replace(DENSE, outside=True), H100, FP8)
    assert odd.step_s == pytest.approx(known.step_s * FITTED.outside_factor)
    assert known.prefill_s < odd.prefill_s < known.prefill_s * FITTED.outside_prefill
    short, same = (speed(m, H100, FP8, isl=1.0) for m in (DENSE, replace(DENSE, outside=True)))
    assert same.prefill_s == pytest.approx(short.prefill_s * FITTED.outside_prefill, rel=1e-3)


def test_a_batch_that_starts_together_waits_for_its_own_prefill_alone() -> None:
    made = speed(DENSE, H100, FP8)
    one, many = (capacity.ttft_at_once_s(FP8, made, batch) for batch in (1.0, 8.0))
    assert many - one == pytest.approx(7.0 * FITTED.ttft_prefill * made.prefill_s)
    assert one < made.ttft_s


def test_matrices_of_a_mixture_take_longer_on_rocm() -> None:
    here, there = speed(EXPERTS, H100, FP8), speed(EXPERTS, replace(H100, rocm=True), FP8)
    assert there.compute_s == pytest.approx(here.compute_s * FITTED.rocm_moe_compute)
    dense = speed(DENSE, replace(H100, rocm=True), FP8)
    assert dense.compute_s == pytest.approx(speed(DENSE, H100, FP8).compute_s)


def test_rocm_has_bandwidth_and_links_of_its_own() -> None:
    amd = replace(H100, rocm=True)
    one, two = speed(DENSE, H100, FP8), speed(DENSE, amd, FP8)
    assert two.weights_s == pytest.approx(one.weights_s / FITTED.rocm_bandwidth)
    assert two.all_reduce_s > one.all_reduce_s
    int4 = replace(FP8, weight_bytes=0.5625, compute_bits=16.0, other_bytes=2.0)
    ratio = (
        speed(EXPERTS, amd, int4, batch=4096.0).weights_s
        / speed(EXPERTS, H100, int4, batch=4096.0).weights_s
    )
    assert ratio > 5.0 / FITTED.rocm_bandwidth  # experts are unpacked and read again
    # Software of 2024 has its own constants, and a single stream none of these.
    assert speed(DENSE, amd, FP8, profile=LOCAL).weights_s == one.weights_s


@given(model=models, batch=batches, isl=lengths, more=factors)
def test_the_first_token_waits_longer_with_more_in_flight_and_longer_inputs(
    model: ModelShape, batch: float, isl: float, more: float
) -> None:
    here = speed(model, H100, FP8, isl=isl, batch=batch).ttft_s
    assert speed(model, H100, FP8, isl=isl, batch=batch * more).ttft_s >= here * (1.0 - 1e-12)
    assert speed(model, H100, FP8, isl=isl * more, batch=batch).ttft_s >= here * (1.0 - 1e-12)


@given(ratio=st.floats(0.25, 4.0), batch=batches, isl=lengths)
def test_an_anchor_is_exact_in_place_and_fades_away(ratio: float, batch: float, isl: float) -> None:
    def away(factor: float) -> float:
        distance = constants.anchor_distance(
            batch * factor,
            isl,
            512.0,
            measured_batch=batch,
            measured_isl=isl,
            measured_osl=512.0,
        )
        return float(ratio ** constants.anchor_weight(distance))

    assert away(1.0) == pytest.approx(ratio)
    assert abs(np.log(away(16.0))) <= abs(np.log(away(2.0))) + 1e-12
    assert away(2.0) == pytest.approx(away(0.5))
