"""Fine-tuning and embedding: the work, the memory it needs, and the GPUs that do it in time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from tco.engine.shapes import Workload
from tco.units import SECONDS_PER_HOUR

if TYPE_CHECKING:
    from tco.engine.shapes import Number

FULL_FLOPS, LORA_FLOPS, FORWARD_FLOPS = 6.0, 4.0, 2.0
"""Operations per active weight and token: forward 2, gradients of activations 2, of weights 2. A
low-rank adapter needs no gradients of the frozen weights."""

WEIGHT_BYTES = 2.0
"""A weight, or a gradient, in 16 bits [byte]."""

OPTIMIZER_BYTES = 12.0
"""What Adam keeps of a weight that is trained in mixed precision: a copy and two moments in 32
bits, 16 bytes with weight and gradient (Rajbhandari et al., ZeRO, 2020, section 3.1). With moments
of 8 bits it is 6 (Dettmers et al., 8-bit Optimizers via Block-wise Quantization, 2022) [byte]."""

NF4_BYTES = (4.0 + 8.0 / 64.0 + 32.0 / (64.0 * 256.0)) / 8.0
"""A weight in 4 bits with its part of the doubly quantized constants, 0.127 bits: one of 8 bits for
64 weights, one of 32 for 256 of those (Dettmers et al., QLoRA, 2023, section 3) [byte]."""

LAYER_BYTES, CHECKPOINT_BYTES, LOGIT_BYTES = 34.0, 2.0, 4.0
"""Of a token: what a layer keeps for the backward pass over its width, the attention matrix apart,
which fused attention never stores; the input of a layer alone; and a logit (Korthikanti et al.,
Reducing Activation Recomputation in Large Transformer Models, 2022, section 4) [byte]."""

GATHERED_LAYERS = 2.0
"""Layers whose weights a GPU has whole at once: one at work, one fetched meanwhile (Zhao et al.,
PyTorch FSDP, 2023, section 3.3) [1]."""


def training_flops(active_params: Number, tokens: Number, *, full: bool) -> Number:
    """Return the operations of fine-tuning [flop].

    ``6 * P_active * tokens`` for full fine-tuning, ``4 * ...`` for LoRA.

    Args:
        active_params: Weights that one token passes through [1].
        tokens: Tokens that the model is trained on, all epochs [token].
        full: All weights are trained.

    Source:
        Kaplan et al., Scaling Laws for Neural Language Models (2020), section 2.1; a LoRA step
        leaves the gradients of the frozen weights out.
    """
    return (FULL_FLOPS if full else LORA_FLOPS) * active_params * tokens


def state_bytes(
    params: Number,
    adapters: Number | None = None,
    four_bit: Number = 0.0,
    optimizer_bytes: Number = OPTIMIZER_BYTES,
    frozen_bytes: Number = WEIGHT_BYTES,
) -> dict[str, Number]:
    """Return what training keeps of its weights, by what it is for; activations apart [byte].

    ``weights = B * (P - P4) + NF4 * P4``, ``adapters = 2 * A``, and of the weights that are trained
    (all of them, or A) ``gradients = 2 * ...`` and ``optimizer = 12 * ...``.

    Args:
        params: Weights of the model, P, all experts included [1].
        adapters: Weights of the adapters, A; None where all of the model's are trained [1].
        four_bit: Weights that are kept in 4 bits, P4, of a frozen model [1].
        optimizer_bytes: What the optimizer keeps of a trained weight [byte].
        frozen_bytes: A weight of the model that is not kept in 4 bits, B [byte].

    Source:
        Rajbhandari et al., ZeRO (2020), section 3.1; Dettmers et al., QLoRA (2023), section 3.
    """
    trained = params if adapters is None else adapters
    return {
        "weights": frozen_bytes * (params - four_bit) + NF4_BYTES * four_bit,
        "adapters": 0.0 if adapters is None else WEIGHT_BYTES * adapters,
        "gradients": WEIGHT_BYTES * trained,
        "optimizer": optimizer_bytes * trained,
    }


def total_of(parts: Mapping[str, Number]) -> Number:
    """Return the sum of some parts of a memory [byte]."""
    total: Number = 0.0
    for part in parts.values():
        total = total + part
    return total


def adapter_params(rank: Number, layers: Number, hidden: Number, widths: Number) -> Number:
    """Return the weights of low-rank adapters on every matrix of the layers [1].

    ``rank * layers * sum(hidden + width)``: a matrix between the residual stream and so wide a side
    gets two, of ``rank * hidden`` and ``rank * width``.

    Args:
        rank: Rank of the adapters [1].
        layers: Layers [1].
        hidden: Width of the residual stream [1].
        widths: Other side of each matrix of a layer, on the last axis [matrices] [1].

    Source:
        Hu et al., LoRA (2021), section 4.1; on all linear layers as in QLoRA (2023), section 4.
    """
    sides: Number = np.sum(np.asarray(hidden) + widths, axis=-1)
    return rank * layers * sides


def activation_bytes(
    tokens: Number, layers: Number, hidden: Number, vocab: Number, *, checkpointing: Number
) -> Number:
    """Return what one GPU keeps of the texts that it works on, for the backward pass [byte].

    ``tokens * (34 * hidden * layers + 4 * vocab)``, and with activation checkpointing
    ``tokens * (2 * hidden * layers + 34 * hidden + 4 * vocab)``: the input of each layer, and all
    of the one that is worked out again.

    Args:
        tokens: Tokens of a GPU's batch: texts at once times their length [token].
        layers, hidden, vocab: Layers, their width, rows of the output matrix [1].
        checkpointing: 1 with activation checkpointing, 0 without [1].

    Source:
        Korthikanti et al., Reducing Activation Recomputation in Large Transformer Models (2022),
        sections 4 and 5, for a dense layer with a block four times as wide.
    """
    kept = np.where(checkpointing, CHECKPOINT_BYTES, LAYER_BYTES) * layers
    again = np.where(checkpointing, LAYER_BYTES, 0.0)
    each: Number = hidden * (kept + again) + LOGIT_BYTES * vocab
    return tokens * each


def gathered_bytes(weights_bytes: Number, layers: Number) -> Number:
    """Return the whole layers that a GPU holds beside its share, ``2 * weights / layers`` [byte].

    Args:
        weights_bytes: Weights of the model [byte].
        layers: Layers that are gathered one by one [1].
    """
    return GATHERED_LAYERS * weights_bytes / layers


def gpus_that_hold(
    shared_bytes: Number, each_bytes: Number, gathered: Number, gpu_bytes: Number, share: Number
) -> Number:
    """Return the fewest GPUs that a run fits on, all of its state cut evenly over them [GPU].

    One where ``shared + each <= gpu * share``, else ``ceil(shared / (gpu * share - each -
    gathered))``; infinite where what every GPU holds leaves no room.

    Args:
        shared_bytes: Weights, gradients and optimizer: what is cut [byte].
        each_bytes: What every GPU holds besides: its activations [byte].
        gathered: Layers that it holds whole where the weights are cut [byte].
        gpu_bytes: Memory of one GPU [byte].
        share: Share of it that a run may fill [1].

    Source:
        Rajbhandari et al., ZeRO (2020), section 5.3: stage 3.
    """
    room = np.asarray(gpu_bytes * share - each_bytes, dtype=float)
    left = room - gathered
    with np.errstate(divide="ignore", invalid="ignore"):
        several = np.where(left > 0, np.ceil(shared_bytes / left), np.inf)
    return np.where(shared_bytes <= room, 1.0, np.maximum(several, 2.0))


def gpu_hours(flops: Number, peak_flops_per_s: Number, mfu: Number) -> Number:
    """Return the GPU-hours of some work, ``flops / (peak * mfu) / 3600`` [GPU-hour].

    Args:
        flops: The work [flop].
        peak_flops_per_s: Dense peak of a GPU in 16 bits [flop/s].
        mfu: Share of that peak that the work reaches [1].
    """
    return flops / (peak_flops_per_s * mfu) / SECONDS_PER_HOUR


def shorter_prompt(isl: Number, cached_share: Number, saved: Number) -> tuple[Number, Number]:
    """Return the input of a request and its cached share without some tokens of the prompt.

    What a tuned model need not be told is the same in every request, and so was read from the cache
    first: ``isl - saved`` [token/request], ``max(isl * cached - saved, 0) / (isl - saved)`` [1].

    Args:
        isl: Input of a request [token/request].
        cached_share: Share of it that is read from a cache [1].
        saved: Tokens that are not needed any more [token/request].

    Raises:
        ValueError: No input would be left.
    """
    left = np.asarray(isl, dtype=float) - saved
    if np.any(left <= 0):
        raise ValueError("a prompt cannot be shorter by all that it has")
    return left, np.maximum(isl * np.asarray(cached_share) - saved, 0.0) / left


def hours_at_speed(tokens: Number, tokens_per_s: Number) -> Number:
    """Return the GPU-hours of a run at a measured speed, ``tokens / speed / 3600`` [GPU-hour].

    Args:
        tokens: Tokens that the model is trained on, all epochs [token].
        tokens_per_s: What one GPU gets through [token/s].
    """
    return tokens / tokens_per_s / SECONDS_PER_HOUR


def gpus_for_memory(memory_bytes: Number, gpu_bytes: Number, share: Number) -> Number:
    """Return the fewest GPUs that hold something together, ``ceil(memory / (gpu * share))`` [GPU].

    Args:
        memory_bytes: What is held, split evenly [byte].
        gpu_bytes: Memory of one GPU [byte].
        share: Share of it that is left for this [1].
    """
    return np.ceil(memory_bytes / (gpu_bytes * share))


def whole_gpus(least: Number, node_gpus: int, instance_gpus: int) -> Number:
    """Return the GPUs that are rented for at least so many [GPU].

    Within a node the next power of two; beyond it whole nodes; always whole instances.

    Args:
        least: The fewest that will do [GPU].
        node_gpus: GPUs of a node [GPU].
        instance_gpus: GPUs that are rented together [GPU].
    """
    need = np.maximum(np.asarray(least, dtype=float), 1.0)
    within = np.minimum(2.0 ** np.ceil(np.log2(need) - 1e-12), node_gpus)
    nodes = np.ceil(need / node_gpus - 1e-12) * node_gpus
    count = np.where(need > node_gpus, nodes, within)
    instances: Number = np.ceil(count / instance_gpus - 1e-12)
    return instances * instance_gpus


def gpus_in_time(work_gpu_hours: Number, within_h: Number, startup_h: Number) -> Number:
    """Return the GPUs that do the work within so many hours, ``work / (within - startup)`` [GPU].

    Args:
        work_gpu_hours: The work [GPU-hour].
        within_h: The hours that it may take, start included [h].
        startup_h: The hours before it begins [h].

    Raises:
        ValueError: It must be over before it begins.
    """
    if np.any(np.asarray(within_h) <= startup_h):
        raise ValueError("the hours must be more than those of the start")
    return work_gpu_hours / (within_h - startup_h)


def embed_flops(params: Number, tokens: Number) -> Number:
    """Return the operations of embedding some tokens, ``2 * P * tokens`` [flop].

    Args:
        params: Weights that a token passes through [1].
        tokens: Tokens [token].
    """
    return FORWARD_FLOPS * params * tokens


def serving_gpus(
    load: Workload, params: Number, flops_per_s: Number, headroom: Number, spare: Number
) -> Number:
    """Return the GPUs that embed the queries of the busiest hour, and the spare ones [GPU].

    ``ceil(2 * P * tokens/s at the peak / (flop/s * headroom)) + spare``; one GPU at least.

    Args:
        load: The queries.
        params: Weights that a token passes through [1].
        flops_per_s: What a GPU reaches [flop/s].
        headroom: Share of that which is planned for [1].
        spare: GPUs kept ready [GPU].
    """
    work = embed_flops(params, load.peak_requests_per_s * load.isl)
    return np.maximum(np.ceil(work / (flops_per_s * headroom) - 1e-12), 1.0) + spare


def pays_from(fixed_usd: Number, usd_each: Number, other_usd_each: Number) -> Number:
    """Return from how many on a way with a fixed part costs less than one without [its unit].

    ``fixed / (other - own)``; infinite where one of its own costs as much or more. Of tokens it is
    where two jobs cross, of months when what was paid once has come back.

    Args:
        fixed_usd: The fixed part [USD].
        usd_each: What one more costs: a token, a month [USD].
        other_usd_each: The same the other way [USD].
    """
    saved = np.asarray(other_usd_each, dtype=float) - usd_each
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(saved > 0, fixed_usd / saved, np.inf)
