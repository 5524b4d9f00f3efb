"""How fast a replica serves: seconds per step, prefill and token; requests per second."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tco.engine import memory
from tco.engine.constants import (
    BAND_ANCHORED,
    BAND_DEFAULT,
    BAND_LEGACY_ROCM,
    BAND_SINGLE_STREAM,
    BAND_TUNED_DENSE,
    BAND_TUNED_MOE,
    BAND_UNMEASURED_GPU,
    FITTED,
    MLA_ATTENTION_SHARE,
    PCIE_ALL_REDUCE_S,
    PCIE_LINK_SHARE,
    Constants,
)

if TYPE_CHECKING:
    from tco.engine.layout import Layout, Profile
    from tco.engine.shapes import Flag, GpuShape, ModelShape, Number

# Rotary part of a latent head, and the two halves of a head once unpacked (DeepSeek-V3 config).
MLA_ROPE_DIM = 64.0
MLA_PREFILL_DIM = 320.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """Speed of one replica at a batch; every field has the broadcast shape of the inputs.

    Args:
        step_s: One decode step of one pipeline stage, prefill left out [s].
        prefill_s: Prefill of one request on one pipeline stage [s].
        tpot_s: Mean time between output tokens of a request, other requests' prefill included [s].
        requests_per_s: Requests that the replica completes [1/s].
        output_tokens_per_s: Output tokens of the replica [token/s].
        weights_s, kv_s, compute_s, all_reduce_s, host_s: The terms that sum to `step_s` [s].
    """

    step_s: Number
    prefill_s: Number
    tpot_s: Number
    requests_per_s: Number
    output_tokens_per_s: Number
    weights_s: Number
    kv_s: Number
    compute_s: Number
    all_reduce_s: Number
    host_s: Number


@dataclass(frozen=True, slots=True)
class _Rates:
    """What the GPUs of one stage-parallel group sustain together."""

    bytes_per_s: Number
    matrix_flops: Number
    attention_flops: Number
    link_bytes_per_s: Number
    ring_share: Number


def replica(
    model: ModelShape,
    gpu: GpuShape,
    layout: Layout,
    *,
    isl: Number,
    osl: Number,
    batch: Number,
    profile: Profile,
    cached_share: Number = 0.0,
    constants: Constants = FITTED,
) -> Capacity:
    """Return the speed of one replica that keeps `batch` requests in flight.

    step = weights + max(KV, attention) + compute + all-reduce + host;
    output rate = B / (step + B/osl · prefill), B being the batch of one pipeline stage.
    Memory is not checked here: see `memory.max_batch`.

    Args:
        model, gpu, layout: Shapes; fields broadcast.
        isl: Input tokens per request, cached ones included [token].
        osl: Output tokens per request [token].
        batch: Requests in flight in the replica [1].
        profile: Kind of server.
        cached_share: Share of the input found in the prefix cache: saves prefill, not KV reads [1].
        constants: Fitted constants.

    Source: model fitted by `benchmarks/capacity.py`.
    """
    rates = _rates(model, gpu, layout, profile, constants)
    stage_batch = np.divide(batch, layout.pp)
    context = np.minimum(memory.visible_tokens(model, isl + osl / 2.0), model.index_topk)
    weights_s = _weights_s(model, layout, rates, stage_batch)
    kv_s = _kv_s(model, layout, rates, stage_batch, context)
    compute_s = 2.0 * model.active_params * stage_batch / rates.matrix_flops
    all_reduce_s = _all_reduce_s(model, gpu, layout, profile, constants, rates, stage_batch)
    host_s = _host_s(model, layout, profile, constants, stage_batch)
    step_s = weights_s + kv_s + compute_s + all_reduce_s + host_s
    prefill_s = _prefill_s(model, layout, rates, isl, cached_share)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = stage_batch / (step_s + stage_batch / osl * prefill_s)
    others = np.maximum(stage_batch - 1.0, 0.0)
    return Capacity(
        step_s=step_s,
        prefill_s=prefill_s,
        tpot_s=layout.pp * (step_s + others / osl * prefill_s),
        requests_per_s=rate / osl,
        output_tokens_per_s=rate,
        weights_s=weights_s,
        kv_s=kv_s,
        compute_s=compute_s,
        all_reduce_s=all_reduce_s,
        host_s=host_s,
    )


def _rates(
    model: ModelShape, gpu: GpuShape, layout: Layout, profile: Profile, constants: Constants
) -> _Rates:
    gpus = np.where(layout.layer_split, 1.0, layout.gpus)
    attention = constants.attention_share * np.where(model.mla, MLA_ATTENTION_SHARE, 1.0)
    slowed = np.where(profile.legacy_rocm, constants.legacy_rocm_bandwidth, 1.0)
    link_share = np.where(gpu.pcie, PCIE_LINK_SHARE, constants.link_share)
    ring = np.where(layout.layer_split, 0.0, 2.0 * (layout.tp - 1.0) / layout.tp)
    return _Rates(
        bytes_per_s=gpus * gpu.bandwidth_bytes_per_s * constants.bandwidth_share * slowed,
        matrix_flops=gpus * matrix_flops(gpu, layout, constants),
        attention_flops=gpus
        * np.where(
            profile.legacy_rocm, constants.legacy_rocm_attention_flops, gpu.flops_16 * attention
        ),
        link_bytes_per_s=gpu.link_bytes_per_s * link_share,
        ring_share=ring,
    )


def matrix_flops(gpu: GpuShape, layout: Layout, constants: Constants = FITTED) -> Number:
    """Return the rate of one GPU's matrix kernels at the layout's precision [flop/s].

    Peak x share that kernels reach x fitted multiplier. A GPU without 4-bit or 8-bit units runs
    such weights at its 16-bit rate.
    """
    four = (layout.compute_bits == 4.0) & np.isfinite(gpu.flops_4)
    eight = (layout.compute_bits == 8.0) & np.isfinite(gpu.flops_8)
    sixteen = gpu.flops_16 * gpu.kernel_share_16
    by_width = np.where(
        eight, gpu.flops_8 * gpu.kernel_share_8 * constants.compute_share_8, sixteen
    )
    by_width = np.where(four, gpu.flops_4 * gpu.kernel_share_4, by_width)
    return by_width * constants.compute_share


def _weights_s(model: ModelShape, layout: Layout, rates: _Rates, batch: Number) -> Number:
    touched = 1.0 - (1.0 - model.experts_per_token / model.experts) ** batch
    copies = np.where(layout.dp_attention, layout.gpus, 1.0)
    shared = memory.dense_params(model) * layout.weight_bytes
    shared = copies * (shared + 2.0 * model.vocab_size * model.hidden_size)
    return (shared + model.routed_params * layout.weight_bytes * touched) / rates.bytes_per_s


def _kv_s(
    model: ModelShape, layout: Layout, rates: _Rates, batch: Number, context: Number
) -> Number:
    per_token = memory.kv_bytes_per_token(model, layout) * memory.kv_copies(model, layout)
    read_s = batch * (per_token * context + model.state_bytes) / rates.bytes_per_s
    width = np.where(model.mla, 2.0 * model.head_dim - MLA_ROPE_DIM, 2.0 * model.head_dim)
    flops = 2.0 * memory.attention_layers(model) * model.heads * width * context
    return np.maximum(read_s, batch * flops / rates.attention_flops)


def _all_reduce_s(
    model: ModelShape,
    gpu: GpuShape,
    layout: Layout,
    profile: Profile,
    constants: Constants,
    rates: _Rates,
    batch: Number,
) -> Number:
    latency = np.where(gpu.pcie, PCIE_ALL_REDUCE_S, constants.all_reduce_s)
    latency = latency * np.where(profile.slow_collectives, constants.legacy_all_reduce_factor, 1.0)
    latency = latency * (layout.tp / 4.0) ** constants.all_reduce_growth
    volume = batch * rates.ring_share * model.hidden_size * 2.0 / rates.link_bytes_per_s
    alone = np.logical_or(np.equal(layout.tp, 1.0), layout.layer_split)
    return np.where(alone, 0.0, 2.0 * model.layers / layout.pp * (latency + volume))


def _host_s(
    model: ModelShape, layout: Layout, profile: Profile, constants: Constants, batch: Number
) -> Number:
    moe = np.where(np.greater(model.routed_params, 0.0), constants.moe_layer_factor, 1.0)
    tuned = constants.sequence_s * np.where(profile.sglang, constants.sglang_sequence_factor, 1.0)
    sequence = np.where(profile.untuned, constants.default_sequence_s, tuned)
    step = np.where(profile.untuned, constants.default_step_s, 0.0)
    return step + constants.layer_s * model.layers / layout.pp * moe + sequence * batch


def _prefill_s(
    model: ModelShape, layout: Layout, rates: _Rates, isl: Number, cached_share: Number
) -> Number:
    new = isl * (1.0 - cached_share)
    seen = isl - new / 2.0
    share = model.full_attention_share
    seen = seen * share + (1.0 - share) * np.minimum(seen, model.window_tokens)
    width = np.where(model.mla, MLA_PREFILL_DIM, 2.0 * model.head_dim)
    attention = 2.0 * memory.attention_layers(model) * model.heads * width
    attention = attention * np.minimum(seen, model.index_topk)
    volume = 2.0 * model.layers / layout.pp * rates.ring_share * model.hidden_size * 2.0
    per_token = 2.0 * model.active_params / rates.matrix_flops + attention / rates.attention_flops
    return new * (per_token + volume / rates.link_bytes_per_s)


def band(
    model: ModelShape, gpu: GpuShape, profile: Profile, *, anchored: Flag = False
) -> tuple[Number, Number]:
    """Return the factors on a predicted rate between which four measurements of five fall [1].

    The 10th and 90th percentile of measured / predicted on groups that the fit had not seen, by
    kind of evidence; `anchored` when one measurement of the same engine, precision and layout
    scales the prediction.

    Source: `benchmarks/capacity.py`.
    """
    classes = [
        (True, BAND_TUNED_DENSE),
        (np.greater(model.routed_params, 0.0), BAND_TUNED_MOE),
        (profile.untuned, BAND_DEFAULT),
        (np.logical_not(gpu.measured), BAND_UNMEASURED_GPU),
        (profile.legacy_rocm, BAND_LEGACY_ROCM),
        (profile.single_stream, BAND_SINGLE_STREAM),
        (anchored, BAND_ANCHORED),
    ]
    low: Number = 1.0
    high: Number = 1.0
    for applies, (down, up) in classes:  # a later class overrules an earlier one
        low, high = np.where(applies, down, low), np.where(applies, up, high)
    return low, high
