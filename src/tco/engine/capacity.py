"""How fast a replica serves: seconds per step, prefill and token; requests per second."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tco.engine import constants as c
from tco.engine import memory
from tco.engine.constants import FITTED, Constants
from tco.engine.evidence import band as band

if TYPE_CHECKING:
    from tco.engine.layout import Layout, Profile
    from tco.engine.shapes import Flag, GpuShape, ModelShape, Number

# Rotary part of a latent head, and the two halves of a head once unpacked (DeepSeek-V3 config).
MLA_ROPE_DIM = 64.0
MLA_PREFILL_DIM = 320.0
BYTES_16 = 2.0
EXPERTS_PER_TOKEN_USUAL = 8.0
TP_USUAL = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """Speed of one replica at a batch; every field has the broadcast shape of the inputs.

    Args:
        step_s: One decode step of one pipeline stage, prefill left out [s].
        prefill_s: Prefill of one request on one pipeline stage [s].
        tpot_s: Mean time between output tokens of a request, other requests' prefill included [s].
        ttft_low_s: Time to the first token when no other request waits [s].
        ttft_high_s: The same when the whole batch arrives at once [s].
        requests_per_s: Requests that the replica completes [1/s].
        output_tokens_per_s: Output tokens of the replica [token/s].
        weights_s, kv_s, compute_s, all_reduce_s, host_s: The terms that sum to `step_s` [s].
    """

    step_s: Number
    prefill_s: Number
    tpot_s: Number
    ttft_low_s: Number
    ttft_high_s: Number
    requests_per_s: Number
    output_tokens_per_s: Number
    weights_s: Number
    kv_s: Number
    compute_s: Number
    all_reduce_s: Number
    host_s: Number


@dataclass(frozen=True, slots=True)
class _Rates:
    """What the GPUs that work at the same time on a step sustain together."""

    bytes_per_s: Number
    matrix_flops: Number
    decode_attention_flops: Number
    prefill_attention_flops: Number
    link_s_per_byte: Number  # of all-reduces, the ring's detour included; 0 on one GPU


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
    speculative_gain: Number = 1.0,
    constants: Constants = FITTED,
) -> Capacity:
    """Return the speed of one replica that keeps `batch` requests in flight.

    step = (weights + max(KV, attention) + compute + all-reduce + host) / gain;
    output rate = B / (step + B/osl · prefill), B being the batch of one pipeline stage.
    Memory is not checked here: see `memory.max_batch`.

    Args:
        model, gpu, layout: Shapes; fields broadcast.
        isl: Input tokens per request, cached ones included [token].
        osl: Output tokens per request [token].
        batch: Requests in flight in the replica [1].
        profile: Kind of server.
        cached_share: Share of the input found in the prefix cache: saves prefill, not KV reads [1].
        speculative_gain: Net gain of speculative decoding, as measured; terms stay undivided [1].
        constants: Fitted constants.

    Source: formula and constants fitted by `benchmarks/capacity.py`.
    """
    rates = _rates(model, gpu, layout, profile, constants)
    stage = np.divide(batch, layout.pp)
    terms = {
        "weights_s": _weights_s(model, layout, rates, stage),
        "kv_s": _kv_s(model, layout, profile, rates, stage, isl + np.divide(osl, 2.0)),
        "compute_s": 2.0 * model.active_params * stage / rates.matrix_flops,
        "all_reduce_s": _all_reduce_s(model, gpu, layout, profile, constants, rates, stage),
        "host_s": _host_s(model, gpu, layout, profile, constants, stage),
    }
    step_s = sum(terms.values()) / np.asarray(speculative_gain)
    prefill_s = _prefill_s(model, layout, rates, isl, cached_share)
    rate = stage / (step_s + stage / osl * prefill_s)
    others = np.maximum(stage - 1.0, 0.0)
    return Capacity(
        step_s=step_s,
        prefill_s=prefill_s,
        tpot_s=layout.pp * (step_s + others / osl * prefill_s),
        ttft_low_s=layout.pp * (prefill_s + step_s),
        ttft_high_s=layout.pp * (np.maximum(stage, 1.0) * prefill_s + step_s),
        requests_per_s=rate / osl,
        output_tokens_per_s=rate,
        **terms,
    )


def matrix_flops(
    model: ModelShape, gpu: GpuShape, layout: Layout, constants: Constants = FITTED
) -> Number:
    """Return the rate of one GPU's matrix kernels on this model at this precision [flop/s].

    Peak x share that kernels reach on their own x fitted multipliers. A GPU without 4-bit or
    8-bit units runs such weights at its 16-bit rate.
    """
    four = np.equal(layout.compute_bits, 4.0) & np.isfinite(gpu.flops_4)
    eight = np.equal(layout.compute_bits, 8.0) & np.isfinite(gpu.flops_8)
    rate_8 = gpu.flops_8 * gpu.kernel_share_8 * constants.compute_share_8
    rate = np.where(eight, rate_8, gpu.flops_16 * gpu.kernel_share_16)
    rate = np.where(four, gpu.flops_4 * gpu.kernel_share_4, rate)
    unpacked = np.less(layout.weight_bytes, 0.9) & ~four
    experts = np.where(unpacked, constants.weight_only_moe_share, 1.0) * constants.moe_compute_share
    return rate * np.where(np.greater(model.routed_params, 0.0), experts, 1.0)


def _rates(
    model: ModelShape, gpu: GpuShape, layout: Layout, profile: Profile, constants: Constants
) -> _Rates:
    gpus = np.where(layout.layer_split, 1.0, layout.gpus)
    bandwidth = gpu.bandwidth_bytes_per_s * constants.bandwidth_share
    bandwidth = bandwidth * np.where(profile.legacy_rocm, constants.legacy_rocm_bandwidth, 1.0)
    flash = gpu.flops_16 * c.ATTENTION_SHARE
    latent = flash * np.where(model.mla, c.MLA_ATTENTION_SHARE, 1.0)
    by_head = constants.legacy_attention_flop_per_byte * gpu.bandwidth_bytes_per_s
    by_head = np.where(profile.legacy_rocm, constants.legacy_rocm_attention_flops, by_head)
    legacy = np.minimum(by_head, flash)
    slow = _over_pcie(gpu, layout)
    bytes_per_s = np.where(_beyond(gpu, layout), gpu.beyond_bytes_per_s, gpu.link_bytes_per_s)
    link = bytes_per_s * np.where(slow, c.PCIE_LINK_SHARE, c.LINK_SHARE)
    ring = np.where(layout.layer_split, 0.0, 2.0 * (1.0 - np.divide(1.0, layout.tp)))
    return _Rates(
        bytes_per_s=gpus * bandwidth,
        matrix_flops=gpus * matrix_flops(model, gpu, layout, constants),
        decode_attention_flops=gpus * np.where(profile.legacy, legacy, latent),
        prefill_attention_flops=gpus * np.where(profile.legacy_rocm, legacy, latent),
        link_s_per_byte=np.where(ring > 0.0, ring / link, 0.0),  # one GPU needs no known link
    )


def _beyond(gpu: GpuShape, layout: Layout) -> Flag:
    """Return whether tensor parallelism reaches GPUs that a bridge does not join."""
    return np.greater(layout.tp, gpu.link_joins)


def _over_pcie(gpu: GpuShape, layout: Layout) -> Flag:
    return np.logical_or(gpu.pcie, _beyond(gpu, layout))


def _weights_s(model: ModelShape, layout: Layout, rates: _Rates, batch: Number) -> Number:
    touched = 1.0 - (1.0 - np.divide(model.experts_per_token, model.experts)) ** batch
    copies = np.where(layout.dp_attention, layout.gpus, 1.0)
    shared = memory.dense_params(model) * layout.weight_bytes
    shared = copies * (shared + BYTES_16 * model.vocab_size * model.hidden_size)
    return (shared + model.routed_params * layout.weight_bytes * touched) / rates.bytes_per_s


def _kv_s(
    model: ModelShape,
    layout: Layout,
    profile: Profile,
    rates: _Rates,
    batch: Number,
    context_tokens: Number,
) -> Number:
    context = np.minimum(memory.visible_tokens(model, context_tokens), model.index_topk)
    per_token = memory.kv_bytes_per_token(model, layout) * memory.kv_copies(model, layout)
    read_s = batch * (per_token * context + model.state_bytes) / rates.bytes_per_s
    width = np.where(model.mla, 2.0 * model.head_dim - MLA_ROPE_DIM, 2.0 * model.head_dim)
    flops = 2.0 * memory.attention_layers(model) * model.heads * width * context
    # A legacy kernel is bound by bytes re-read, so a cache in 8 bits halves its time.
    flops = flops * np.where(profile.legacy, layout.kv_bytes / BYTES_16, 1.0)
    return np.maximum(read_s, batch * flops / rates.decode_attention_flops)


def _all_reduce_s(
    model: ModelShape,
    gpu: GpuShape,
    layout: Layout,
    profile: Profile,
    constants: Constants,
    rates: _Rates,
    batch: Number,
) -> Number:
    slowed = np.where(profile.legacy, constants.legacy_all_reduce_factor, 1.0)
    slow = _over_pcie(gpu, layout)
    latency = np.where(slow, c.PCIE_ALL_REDUCE_S, constants.all_reduce_s * slowed)
    latency = latency * np.where(profile.legacy_rocm, constants.legacy_rocm_host_factor, 1.0)
    latency = latency * np.divide(layout.tp, TP_USUAL) ** c.ALL_REDUCE_GROWTH
    volume = batch * model.hidden_size * BYTES_16 * rates.link_s_per_byte
    alone = np.equal(layout.tp, 1.0) | np.asarray(layout.layer_split)
    return np.where(alone, 0.0, 2.0 * model.layers / layout.pp * (latency + volume))


def _host_s(
    model: ModelShape,
    gpu: GpuShape,
    layout: Layout,
    profile: Profile,
    constants: Constants,
    batch: Number,
) -> Number:
    tuned = constants.sequence_s * np.where(profile.sglang, constants.sglang_sequence_factor, 1.0)
    sequence = np.where(profile.untuned, constants.untuned_sequence_s, tuned)
    step = np.where(profile.untuned, constants.untuned_step_s, 0.0)
    layer = layer_s(model, gpu, profile, constants) * model.layers / layout.pp
    slowed = np.where(profile.legacy_rocm, constants.legacy_rocm_host_factor, 1.0)
    return slowed * (step + layer + sequence * batch)


def layer_s(
    model: ModelShape, gpu: GpuShape, profile: Profile, constants: Constants = FITTED
) -> Number:
    """Return the fixed time of one layer: launches, tails of small kernels, host work [s].

    t · (moe · (k/8)^growth) · (1 + extra · latent kernels) · fp4 GPU · SGLang.
    """
    used = np.divide(model.experts_per_token, EXPERTS_PER_TOKEN_USUAL)
    moe = constants.moe_layer_factor * used**constants.moe_layer_growth
    latent = np.where(np.isfinite(model.index_topk), c.INDEXER_EXTRAS, 1.0)
    latent = 1.0 + constants.latent_layer_extra * np.where(model.mla, latent, 0.0)
    recent = np.isfinite(gpu.flops_4) & ~np.asarray(gpu.pcie)
    return (
        constants.layer_s
        * np.where(np.greater(model.routed_params, 0.0), moe, 1.0)
        * latent
        * np.where(recent, constants.fp4_gpu_layer_factor, 1.0)
        * np.where(profile.sglang, constants.sglang_layer_factor, 1.0)
    )


def _prefill_s(
    model: ModelShape, layout: Layout, rates: _Rates, isl: Number, cached_share: Number
) -> Number:
    new = isl * (1.0 - np.asarray(cached_share))
    seen = np.minimum(memory.visible_tokens(model, isl - new / 2.0), model.index_topk)
    width = np.where(model.mla, MLA_PREFILL_DIM, 2.0 * model.head_dim)
    attention = 2.0 * memory.attention_layers(model) * model.heads * width * seen
    volume = 2.0 * model.layers / layout.pp * model.hidden_size * BYTES_16
    return new * (
        2.0 * model.active_params / rates.matrix_flops
        + attention / rates.prefill_attention_flops
        + volume * rates.link_s_per_byte
    )
