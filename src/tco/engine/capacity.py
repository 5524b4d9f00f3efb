"""What fits on the GPUs of a replica, and how fast it serves: seconds per step and token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tco.engine import constants as c
from tco.engine.constants import FITTED, VISIBLE_SHARE, Constants
from tco.records import dataclass

if TYPE_CHECKING:
    from tco.engine.shapes import Flag, GpuShape, Layout, ModelShape, Number, ServerProfile


# What fits on the GPUs of a replica: weights, KV cache, largest batch, longest context.

# Of an 8-bit latent cache, the rotary part stays in 16 bits, and a scale of 4 bytes goes with every
# 128 values of the rest: 656 bytes a token and layer of DeepSeek-V3 (vLLM's fp8_ds_mla).
MLA_ROPE_DIM = 64.0
LATENT_SCALE_BYTES = 4.0 / 128.0


def embedding_params(model: ModelShape) -> Number:
    """Return the weights of embedding and output matrix [1].

    V·H, twice unless they are tied.
    """
    return np.where(model.tied_embeddings, 1.0, 2.0) * model.vocab_size * model.hidden_size


def embedding_bytes(model: ModelShape, layout: Layout) -> Number:
    """Return the memory of embedding and output matrix; one of them where they are tied [byte]."""
    input_bytes = np.where(model.tied_embeddings, 0.0, layout.embedding_bytes)
    return (input_bytes + layout.output_bytes) * model.vocab_size * model.hidden_size


def other_bytes(model: ModelShape, layout: Layout) -> Number:
    """Return the bytes of a weight outside the routed experts, embeddings apart [byte]."""
    mixed = np.greater(model.routed_params, 0.0) & np.isfinite(layout.other_bytes)
    return np.where(mixed, layout.other_bytes, layout.weight_bytes)


def dense_params(model: ModelShape) -> Number:
    """Return the weights that every token reads, embeddings apart [1]."""
    return np.maximum(model.params - model.routed_params - embedding_params(model), 0.0)


def attention_layers(model: ModelShape) -> Number:
    """Return the layers that keep a KV cache: all of them unless the model says otherwise [1]."""
    return np.where(np.isnan(model.attention_layers), model.layers, model.attention_layers)


def visible_tokens(model: ModelShape, context_tokens: Number) -> Number:
    """Return the tokens that the mean attention layer sees of `context_tokens` [token].

    s·n + (1-s)·min(n, window), s being the share of layers with full attention.
    """
    share = model.full_attention_share
    return share * context_tokens + (1.0 - share) * np.minimum(context_tokens, model.window_tokens)


def kv_bytes_per_token(model: ModelShape, layout: Layout) -> Number:
    """Return the KV cache of one token, copies over GPUs not counted [byte].

    2·L·n_kv·d·b for grouped queries; L·d·b for latent attention, d being the latent width. A latent
    cache in 8 bits keeps its rotary part in 16 and has scales; kernels of sparse attention read no
    other, so that it is in 8 bits there whatever was asked for.
    """
    grouped = 2.0 * model.kv_heads * model.head_dim * layout.kv_bytes
    small = np.less_equal(layout.kv_bytes, 1.0) | np.isfinite(model.index_topk)
    rest = (model.head_dim - MLA_ROPE_DIM) * (1.0 + LATENT_SCALE_BYTES)
    latent = np.where(small, rest + 2.0 * MLA_ROPE_DIM, model.head_dim * layout.kv_bytes)
    return attention_layers(model) * np.where(model.mla, latent, grouped)


def kv_copies(model: ModelShape, layout: Layout) -> Number:
    """Return how often tensor parallelism stores the same KV entry [1].

    A KV head cannot be cut, so beyond n_kv GPUs it is copied; a latent cache always is. With
    data-parallel attention each GPU keeps only its own sequences.
    """
    copies = np.where(model.mla, layout.tp, np.maximum(1.0, layout.tp / model.kv_heads))
    return np.where(np.logical_or(layout.dp_attention, layout.layer_split), 1.0, copies)


def kv_bytes_per_sequence(model: ModelShape, layout: Layout, context_tokens: Number) -> Number:
    """Return the memory that one sequence of `context_tokens` [token] takes on a replica [byte]."""
    return _held_per_token(model, layout) * visible_tokens(model, context_tokens) + (
        model.state_bytes
    )


def _held_per_token(model: ModelShape, layout: Layout) -> Number:
    """Return what a token takes on a replica, copies and keys of an index counted [byte].

    Sparse attention over grouped heads finds its blocks by a key of a head's width a layer, in 8
    bits with its scale and whole on each GPU. Of latent attention the latent cache alone is what
    was stated (51.5 kB a token and GPU for GLM-5.2).

    Source:
        MiniMax-M3: 37.62 GiB a GPU of two for 1,048,576 tokens is 60 layers of 2 heads in 8 bits
        and 130 bytes (SemiAnalysisAI/InferenceX#2511).
    """
    sparse = np.isfinite(model.index_topk) & np.greater(model.kv_heads, 1)
    ranks = np.where(np.logical_or(layout.dp_attention, layout.layer_split), 1.0, layout.tp)
    keys = np.where(sparse, attention_layers(model) * (model.head_dim + 2.0) * ranks, 0.0)
    return kv_copies(model, layout) * kv_bytes_per_token(model, layout) + keys


def weights_bytes(model: ModelShape, layout: Layout) -> Number:
    """Return the weights of one replica over all its GPUs [byte].

    emb + (P - emb)·b: every expert must be in memory, however few a token uses. With data-parallel
    attention each GPU holds all weights but the experts'.
    """
    routed = model.routed_params * layout.weight_bytes
    copies = np.where(layout.dp_attention, layout.gpus, 1.0)
    return (stored_bytes(model, layout) - routed) * copies + routed


def stored_bytes(model: ModelShape, layout: Layout) -> Number:
    """Return the weights as they lie on a disk, each of them once [byte]."""
    dense = dense_params(model) * other_bytes(model, layout)
    return embedding_bytes(model, layout) + dense + model.routed_params * layout.weight_bytes


def free_bytes(model: ModelShape, gpu: GpuShape, layout: Layout) -> Number:
    """Return what is left for the KV cache; negative when the weights do not fit [byte].

    n·(memory·visible·share - reserve) - weights.
    """
    usable = gpu.memory_bytes * VISIBLE_SHARE * layout.memory_share - layout.reserve_bytes
    return layout.gpus * usable - weights_bytes(model, layout)


def fits(model: ModelShape, gpu: GpuShape, layout: Layout, context_tokens: Number) -> Flag:
    """Return whether weights and one sequence of `context_tokens` [token] fit."""
    return np.asarray(max_batch(model, gpu, layout, context_tokens)) >= 1.0


def max_batch(model: ModelShape, gpu: GpuShape, layout: Layout, context_tokens: Number) -> Number:
    """Return the sequences of `context_tokens` [token] that fit in one replica; 0 when none [1]."""
    room = np.maximum(free_bytes(model, gpu, layout), 0.0)
    return np.floor(room / kv_bytes_per_sequence(model, layout, context_tokens))


def max_context_tokens(
    model: ModelShape, gpu: GpuShape, layout: Layout, batch: Number = 1.0
) -> Number:
    """Return the longest context that `batch` [1] sequences can each have; 0 when none [token]."""
    room = np.maximum(free_bytes(model, gpu, layout) / batch - model.state_bytes, 0.0)
    tokens = room / _held_per_token(model, layout)
    share = model.full_attention_share
    finite_window = np.where(np.isinf(model.window_tokens), 0.0, model.window_tokens)
    with np.errstate(divide="ignore", invalid="ignore"):
        beyond = (tokens - (1.0 - share) * finite_window) / share
    return np.floor(np.where(tokens > finite_window, beyond, tokens))


# How fast a replica serves: seconds per step, prefill and token; requests per second.

# The two halves of a latent head once unpacked (DeepSeek-V3 config); sparse attention leaves them
# packed, and first scores every token that came before: 32 heads of 128 (GLM-5 config).
MLA_PREFILL_DIM = 320.0
INDEX_WIDTH = 32.0 * 128.0
BYTES_16 = 2.0
EXPERTS_PER_TOKEN_USUAL = 8.0
FULL_OF_PREFILL = 0.9  # share of time in prefill beyond which waiting is not known to grow
TP_USUAL = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """Speed of one replica at a batch; every field has the broadcast shape of the inputs.

    Args:
        step_s: One decode step of one pipeline stage, prefill left out [s].
        prefill_s: Prefill of one request on one pipeline stage [s].
        tpot_s: Mean time between output tokens of a request, other requests' prefill included [s].
        ttft_s: Time to the first token, in the median of what was measured: fixed work, some decode
            steps, prefill, and waiting for the prefill of others [s].
        requests_per_s: Requests that the replica completes [1/s].
        output_tokens_per_s: Output tokens of the replica [token/s].
        weights_s, kv_s, compute_s, all_reduce_s, host_s: The terms that sum to `step_s`;
            all-reduces with what a stage sends over the network to the next [s].
    """

    step_s: Number
    prefill_s: Number
    tpot_s: Number
    ttft_s: Number
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
    matrix_s_per_token: Number
    decode_attention_flops: Number
    prefill_attention_flops: Number
    index_flops: Number
    link_s_per_byte: Number  # of all-reduces, the ring's detour included; 0 on one GPU


def replica(
    model: ModelShape,
    gpu: GpuShape,
    layout: Layout,
    *,
    isl: Number,
    osl: Number,
    batch: Number,
    profile: ServerProfile,
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
        cached_share: Share of the input found in the prefix cache: saves prefill, not KV reads [1].
        speculative_gain: Net gain of speculative decoding, as measured; terms stay undivided [1].

    Source: formula and constants fitted by `benchmarks/capacity.py`.
    """
    rates = _rates(model, gpu, layout, profile, constants)
    stage = np.divide(batch, layout.pp)
    terms = {
        "weights_s": _weights_s(model, gpu, layout, profile, rates, stage),
        "kv_s": _kv_s(model, layout, profile, rates, stage, isl + np.divide(osl, 2.0)),
        "compute_s": rates.matrix_s_per_token * stage,
        "all_reduce_s": _all_reduce_s(model, gpu, layout, profile, constants, rates, stage),
        "host_s": _host_s(model, gpu, layout, profile, constants, stage),
    }
    slower = np.where(model.outside, constants.outside_factor, 1.0)
    terms = {name: value * slower for name, value in terms.items()}
    step_s = sum(terms.values()) / np.asarray(speculative_gain)
    longer = np.where(model.outside, constants.outside_prefill, 1.0)
    prefill_s = _prefill_s(model, layout, rates, isl, cached_share, longer)
    rate = stage / (step_s + stage / osl * prefill_s)
    others = np.maximum(stage - 1.0, 0.0)
    busy = stage / osl * prefill_s
    busy = np.minimum(busy / (step_s + busy), FULL_OF_PREFILL)
    return Capacity(
        step_s=step_s,
        prefill_s=prefill_s,
        tpot_s=layout.pp * (step_s + others / osl * prefill_s),
        ttft_s=_ttft_s(layout, profile, constants, step_s, prefill_s, busy),
        requests_per_s=rate / osl,
        output_tokens_per_s=rate,
        **terms,
    )


def matrix_s_per_token(model: ModelShape, gpu: GpuShape, layout: Layout) -> Number:
    """Return the time of one GPU's matrix kernels for one token of this model [s].

    2 · weights a token passes through / (peak x share that kernels reach on their own x shares of
    experts). A GPU without 4-bit or 8-bit units runs such weights at its 16-bit rate, and so does
    any GPU what a format leaves in 16 bits.
    """
    four = np.equal(layout.compute_bits, 4.0) & np.isfinite(gpu.flops_4)
    has_8 = np.isfinite(gpu.flops_8)
    wide = gpu.flops_16 * gpu.kernel_share_16
    rate_8 = gpu.flops_8 * gpu.kernel_share_8 * c.COMPUTE_SHARE_8
    rate = np.where(np.equal(layout.compute_bits, 8.0) & has_8, rate_8, wide)
    rate = np.where(four, gpu.flops_4 * gpu.kernel_share_4, rate)
    unpacked = np.less(layout.weight_bytes, 0.9) & ~four
    moe = np.greater(model.routed_params, 0.0)
    experts = np.where(unpacked, c.WEIGHT_ONLY_MOE_SHARE, 1.0) * c.MOE_COMPUTE_SHARE
    rate = rate * np.where(moe, experts, 1.0)
    others = other_bytes(model, layout)
    kept = np.where(np.equal(others, 1.0) & has_8, rate_8, wide)
    kept = np.where(np.greater(others, layout.weight_bytes), kept, rate)
    in_experts = model.routed_params * np.divide(model.experts_per_token, model.experts)
    in_experts = np.minimum(in_experts, model.active_params)
    return 2.0 * (model.active_params - in_experts) / kept + 2.0 * in_experts / rate


def _rates(
    model: ModelShape, gpu: GpuShape, layout: Layout, profile: ServerProfile, constants: Constants
) -> _Rates:
    gpus = np.where(layout.layer_split, 1.0, layout.gpus)
    bandwidth = gpu.bandwidth_bytes_per_s * constants.bandwidth_share
    bandwidth = bandwidth * np.where(profile.legacy_rocm, constants.legacy_rocm_bandwidth, 1.0)
    rocm = _modern_rocm(gpu, profile)
    bandwidth = bandwidth * np.where(rocm, constants.rocm_bandwidth, 1.0)
    mixture = np.logical_and(rocm, np.greater(model.routed_params, 0.0))
    longer = np.where(mixture, constants.rocm_moe_compute, 1.0)
    flash = gpu.flops_16 * c.ATTENTION_SHARE
    latent = flash * np.where(model.mla, c.MLA_ATTENTION_SHARE, 1.0)
    by_head = constants.legacy_attention_flop_per_byte * gpu.bandwidth_bytes_per_s
    by_head = np.where(profile.legacy_rocm, constants.legacy_rocm_attention_flops, by_head)
    legacy = np.minimum(by_head, flash)
    slow = _over_pcie(gpu, layout)
    bytes_per_s = np.where(_beyond(gpu, layout), gpu.beyond_bytes_per_s, gpu.link_bytes_per_s)
    link = bytes_per_s * np.where(slow, c.PCIE_LINK_SHARE, c.LINK_SHARE)
    link = link * np.where(rocm, c.ROCM_LINK_SHARE, 1.0)
    ring = np.where(layout.layer_split, 0.0, 2.0 * (1.0 - np.divide(1.0, layout.tp)))
    return _Rates(
        bytes_per_s=gpus * bandwidth,
        matrix_s_per_token=matrix_s_per_token(model, gpu, layout) * longer / gpus,
        decode_attention_flops=gpus * np.where(profile.legacy, legacy, latent),
        prefill_attention_flops=gpus * latent,
        index_flops=np.where(layout.dp_attention, gpus, 1.0) * flash,  # whole on every rank
        link_s_per_byte=np.where(ring > 0.0, ring / link, 0.0),  # one GPU needs no known link
    )


def _beyond(gpu: GpuShape, layout: Layout) -> Flag:
    """Return whether tensor parallelism reaches GPUs that a bridge does not join."""
    return np.greater(layout.tp, gpu.link_joins)


def _over_pcie(gpu: GpuShape, layout: Layout) -> Flag:
    return np.logical_or(gpu.pcie, _beyond(gpu, layout))


def _modern_rocm(gpu: GpuShape, profile: ServerProfile) -> Flag:
    """Return whether a current server runs on AMD's data-centre GPUs or workstation cards."""
    other = np.logical_or(profile.legacy_rocm, profile.single_stream)
    return np.logical_and(gpu.rocm, np.logical_not(other))


def _weights_s(
    model: ModelShape,
    gpu: GpuShape,
    layout: Layout,
    profile: ServerProfile,
    rates: _Rates,
    batch: Number,
) -> Number:
    touched = 1.0 - (1.0 - np.divide(model.experts_per_token, model.experts)) ** batch
    copies = np.where(layout.dp_attention, layout.gpus, 1.0)
    shared = dense_params(model) * other_bytes(model, layout)
    shared = copies * (shared + layout.output_bytes * model.vocab_size * model.hidden_size)
    by_hand = np.less(layout.weight_bytes, 0.9) & np.equal(layout.compute_bits, 16.0)
    unpacked = np.where(by_hand & _modern_rocm(gpu, profile), c.UNPACKED_BYTES, 0.0)
    read = model.routed_params * (layout.weight_bytes + unpacked) * touched
    return (shared + read) / rates.bytes_per_s


def _kv_s(
    model: ModelShape,
    layout: Layout,
    profile: ServerProfile,
    rates: _Rates,
    batch: Number,
    context_tokens: Number,
) -> Number:
    context = np.minimum(visible_tokens(model, context_tokens), model.index_topk)
    per_token = kv_bytes_per_token(model, layout) * kv_copies(model, layout)
    read_s = batch * (per_token * context + model.state_bytes) / rates.bytes_per_s
    width = np.where(model.mla, 2.0 * model.head_dim - MLA_ROPE_DIM, 2.0 * model.head_dim)
    flops = 2.0 * attention_layers(model) * model.heads * width * context
    # A legacy kernel is bound by bytes re-read, so a cache in 8 bits halves its time.
    flops = flops * np.where(profile.legacy, layout.kv_bytes / BYTES_16, 1.0)
    return np.maximum(read_s, batch * flops / rates.decode_attention_flops)


def _all_reduce_s(
    model: ModelShape,
    gpu: GpuShape,
    layout: Layout,
    profile: ServerProfile,
    constants: Constants,
    rates: _Rates,
    batch: Number,
) -> Number:
    slowed = np.where(profile.legacy, c.LEGACY_ALL_REDUCE_FACTOR, 1.0)
    slow = _over_pcie(gpu, layout)
    latency = np.where(slow, c.PCIE_ALL_REDUCE_S, constants.all_reduce_s * slowed)
    latency = latency * np.where(profile.legacy_rocm, c.LEGACY_ROCM_HOST_FACTOR, 1.0)
    latency = latency * np.divide(layout.tp, TP_USUAL) ** c.ALL_REDUCE_GROWTH
    volume = batch * model.hidden_size * BYTES_16 * rates.link_s_per_byte
    alone = np.equal(layout.tp, 1.0) | np.asarray(layout.layer_split)
    inside = np.where(alone, 0.0, 2.0 * model.layers / layout.pp * (latency + volume))
    sent = batch * model.hidden_size * BYTES_16 / c.NETWORK_BYTES_PER_S
    return inside + np.where(np.greater(layout.nodes, 1.0), c.NETWORK_S + sent, 0.0)


def _host_s(
    model: ModelShape,
    gpu: GpuShape,
    layout: Layout,
    profile: ServerProfile,
    constants: Constants,
    batch: Number,
) -> Number:
    tuned = constants.sequence_s * np.where(profile.sglang, c.SGLANG_SEQUENCE_FACTOR, 1.0)
    sequence = np.where(profile.untuned, constants.untuned_sequence_s, tuned)
    step = np.where(profile.untuned, constants.untuned_step_s, 0.0)
    narrow = np.equal(layout.compute_bits, 8.0) & np.isfinite(gpu.flops_8)
    narrow = narrow | (np.equal(layout.compute_bits, 4.0) & np.isfinite(gpu.flops_4))
    layer = layer_s(model, gpu, constants) + np.where(narrow, c.QUANTIZE_LAYER_S, 0.0)
    layer = layer * model.layers / layout.pp
    slowed = np.where(profile.legacy_rocm, c.LEGACY_ROCM_HOST_FACTOR, 1.0)
    return slowed * (step + layer + sequence * batch)


def layer_s(model: ModelShape, gpu: GpuShape, constants: Constants = FITTED) -> Number:
    """Return the fixed time of one layer: launches, tails of small kernels, host work [s].

    t · (moe · (k/8)^growth) · (1 + extra · latent kernels) · fp4 GPU.
    """
    used = np.divide(model.experts_per_token, EXPERTS_PER_TOKEN_USUAL)
    moe = constants.moe_layer_factor * used**c.MOE_LAYER_GROWTH
    indexer = np.where(np.isfinite(model.index_topk), model.index_share, 0.0)
    latent = 1.0 + (c.INDEXER_EXTRAS - 1.0) * indexer
    latent = 1.0 + constants.latent_layer_extra * np.where(model.mla, latent, 0.0)
    recent = np.isfinite(gpu.flops_4) & ~np.asarray(gpu.pcie)
    return (
        constants.layer_s
        * np.where(np.greater(model.routed_params, 0.0), moe, 1.0)
        * latent
        * np.where(recent, constants.fp4_gpu_layer_factor, 1.0)
    )


def _ttft_s(
    layout: Layout,
    profile: ServerProfile,
    constants: Constants,
    step_s: Number,
    prefill_s: Number,
    busy: Number,
) -> Number:
    """Return the time to the first token [s].

    s · (fixed + n decode steps + m prefill · (1 + q · busy / (1 - busy))), `busy` being the share
    of time that goes into prefill and s that of SGLang, which waits to fill a prefill.
    """
    waiting = 1.0 + constants.ttft_queue * busy / (1.0 - busy)
    through = layout.pp * (
        constants.ttft_steps * step_s + constants.ttft_prefill * prefill_s * waiting
    )
    slower = np.where(profile.sglang, constants.ttft_sglang_factor, 1.0)
    return slower * (constants.ttft_fixed_s + through)


def ttft_unqueued_s(
    layout: Layout, profile: ServerProfile, speed: Capacity, constants: Constants = FITTED
) -> Number:
    """Return the time to the first token of a request that waits for no prompt of others [s]."""
    return _ttft_s(layout, profile, constants, speed.step_s, speed.prefill_s, 0.0)


def ttft_at_once_s(
    layout: Layout, speed: Capacity, batch: Number, constants: Constants = FITTED
) -> Number:
    """Return the time to the first token of a batch that starts together [s].

    fixed + a decode step + m · the prefill of the whole batch: nobody arrives, so nobody waits for
    steps or prefills of others.

    Args:
        layout: How the replica is laid out.
        speed: Its speed at that batch.
        batch: Requests that start at once [1].
    """
    prefill_s = constants.ttft_prefill * batch * np.asarray(speed.prefill_s)
    return constants.ttft_fixed_s + layout.pp * speed.step_s + prefill_s


def _prefill_s(
    model: ModelShape,
    layout: Layout,
    rates: _Rates,
    isl: Number,
    cached_share: Number,
    longer: Number,
) -> Number:
    """Return the prefill of one request on one stage [s]; all but attention takes `longer` [1]."""
    new = isl * (1.0 - np.asarray(cached_share))
    seen = np.minimum(visible_tokens(model, isl - new / 2.0), model.index_topk)
    layers, sparse = attention_layers(model), np.isfinite(model.index_topk)
    unpacked = np.where(sparse, 2.0 * model.head_dim - MLA_ROPE_DIM, MLA_PREFILL_DIM)
    width = np.where(model.mla, unpacked, 2.0 * model.head_dim)
    attention = 2.0 * layers * model.heads * width * seen
    whole = visible_tokens(model, isl - new / 2.0)
    choosing = 2.0 * layers * model.index_share * INDEX_WIDTH * whole
    choosing = np.where(sparse & model.mla, choosing, 0.0)
    volume = 2.0 * model.layers / layout.pp * model.hidden_size * BYTES_16
    away = model.hidden_size * BYTES_16 / c.NETWORK_BYTES_PER_S
    return new * (
        longer * (rates.matrix_s_per_token + volume * rates.link_s_per_byte)
        + attention / rates.prefill_attention_flops
        + choosing / rates.index_flops
        + np.where(np.greater(layout.nodes, 1.0), away, 0.0)
    )
