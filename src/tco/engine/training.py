"""Fine-tuning and embedding: the work, the memory it needs, and the GPUs that do it in time."""

from __future__ import annotations

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
"""A frozen weight, in 16 bits [byte]."""

TRAINED_BYTES = 16.0
"""A weight that is trained with Adam in mixed precision: weight and gradient in 16 bits, a copy and
two moments in 32 (Rajbhandari et al., ZeRO, 2020, section 3.1) [byte]."""


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


def training_bytes(params: Number, trained_share: Number | None) -> Number:
    """Return the memory of weights, gradients and optimizer, activations apart [byte].

    ``16 * P`` for full fine-tuning, ``2 * P + 16 * P * trained_share`` for LoRA.

    Args:
        params: Weights of the model, all experts included [1].
        trained_share: Size of the adapters over all weights; None where all are trained [1].
    """
    if trained_share is None:
        return TRAINED_BYTES * params
    return WEIGHT_BYTES * params + TRAINED_BYTES * params * trained_share


def gpu_hours(flops: Number, peak_flops_per_s: Number, mfu: Number) -> Number:
    """Return the GPU-hours of some work, ``flops / (peak * mfu) / 3600`` [GPU-hour].

    Args:
        flops: The work [flop].
        peak_flops_per_s: Dense peak of a GPU in 16 bits [flop/s].
        mfu: Share of that peak that the work reaches [1].
    """
    return flops / (peak_flops_per_s * mfu) / SECONDS_PER_HOUR


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


def crossing_tokens(
    fixed_usd: Number, usd_per_token: Number, other_usd_per_token: Number
) -> Number:
    """Return the tokens from which a job with a fixed part costs less than one without [token].

    ``fixed / (other - own)``; infinite where its tokens cost as much or more.
    """
    saved = np.asarray(other_usd_per_token, dtype=float) - usd_per_token
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(saved > 0, fixed_usd / saved, np.inf)
