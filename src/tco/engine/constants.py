"""The fitted constants of the serving model, how sure we are of each, and of what follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tco.records import dataclass

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tco.engine.shapes import Flag, GpuShape, ModelShape, Number, ServerProfile


# The fitted constants of the serving model, what each means, and how sure we are of it.


@dataclass(frozen=True, slots=True, kw_only=True)
class Constants:
    """The fitted constants of the serving model; none names a source of measurements.

    "Legacy" is serving software of 2024 and before; "untuned" a server as installed.

    Args:
        bandwidth_share: Share of datasheet memory bandwidth that decoding reaches [1].
        rocm_bandwidth: Multiplier on it, current software on AMD [1].
        rocm_moe_compute: How much longer matrix kernels of a mixture of experts take than its GPU's
            kernel share says, current software on AMD [1].
        layer_s: Kernel launches, tails and host work per layer and step [s].
        moe_layer_factor: Multiplier on `layer_s` for mixture-of-experts with 8 experts a token [1].
        latent_layer_extra: Extra share of `layer_s` for latent attention; three times as much with
            the indexer of sparse attention [1].
        fp4_gpu_layer_factor: Multiplier on `layer_s` on linked GPUs with 4-bit units (of 2025) [1].
        sequence_s: Host time per sequence and step, tuned server [s].
        untuned_step_s: Extra host time per step, untuned server [s].
        untuned_sequence_s: Host time per sequence and step, untuned server [s].
        all_reduce_s: Latency of one all-reduce between linked GPUs at tp = 4 [s].
        legacy_attention_flop_per_byte: Attention rate of legacy decode kernels, which re-read the
            cache for each query head, per byte/s of datasheet bandwidth [flop/byte].
        legacy_rocm_bandwidth: Multiplier on `bandwidth_share`, legacy software on AMD [1].
        legacy_rocm_attention_flops: Attention rate per GPU, legacy software on AMD [flop/s].
        outside_factor: How much longer a step takes of a model that is built like none of the
            table's; 1 for the others [1].
        outside_prefill: The same of all but attention in its prefill [1].
        ttft_fixed_s: Fixed time before the first token [s].
        ttft_steps: Decode steps that pass before it [1].
        ttft_prefill: Multiplier on the time of one's own prefill [1].
        ttft_queue: Prefills of others that one waits for, per busy/(1-busy) [1].
        ttft_sglang_factor: Multiplier on all of that for SGLang [1].
    """

    bandwidth_share: float
    rocm_bandwidth: float
    rocm_moe_compute: float
    layer_s: float
    moe_layer_factor: float
    latent_layer_extra: float
    fp4_gpu_layer_factor: float
    sequence_s: float
    untuned_step_s: float
    untuned_sequence_s: float
    all_reduce_s: float
    legacy_attention_flop_per_byte: float
    legacy_rocm_bandwidth: float
    legacy_rocm_attention_flops: float
    outside_factor: float
    outside_prefill: float
    ttft_fixed_s: float
    ttft_steps: float
    ttft_prefill: float
    ttft_queue: float
    ttft_sglang_factor: float


# Not fitted. Set once, with knowledge of earlier fits and of the table: judgment rather than
# measurement. Letting any of them free made the error on sources left out no smaller; what an
# earlier fit gave, with its 90 % interval, stands behind some.
COMPUTE_SHARE_8 = (
    1.2  # on the share of 8-bit kernels, whose table has small shapes: 1.24, 1.11-1.35
)
MOE_COMPUTE_SHARE = 0.75  # matrices cut up by expert: 0.74, 0.63-0.83
WEIGHT_ONLY_MOE_SHARE = 0.45  # more, for experts unpacked to 16 bits: 0.41, 0.33-0.50
MOE_LAYER_GROWTH = (
    0.3  # that a layer of k experts takes (k/8) to this power longer: 0.34, 0.26-0.56
)
SGLANG_SEQUENCE_FACTOR = 3.0  # its host time per sequence: 9.0, 7.2-11.9 on the rows of one source
ROCM_LINK_SHARE = 0.4  # of what the same link moves under CUDA: 0.36-0.41 on rows of one source
LEGACY_ALL_REDUCE_FACTOR = 2.5  # 2.43, 1.99-2.91
LEGACY_ROCM_HOST_FACTOR = 1.75  # 1.77, 1.67-1.96
ATTENTION_SHARE = 0.6  # of the 16-bit peak, what flash attention kernels reach
MLA_ATTENTION_SHARE = 0.5  # of that, for latent attention
ALL_REDUCE_GROWTH = 0.5  # latency of an all-reduce grows with the root of the GPUs
LINK_SHARE = 0.45  # of the link rate, what all-reduces reach between linked GPUs
PCIE_ALL_REDUCE_S = 30e-6
NETWORK_BYTES_PER_S = 50e9  # between servers, 400 Gbit/s a GPU: as aiconfigurator assumes
NETWORK_S = 20e-6  # latency of one message between two servers
PCIE_LINK_SHARE = 0.5
# Kernels with 8-bit or 4-bit operands take 5.0 us longer, whatever their shape, for these are made
# from 16 bits first: 9 GPUs, 14 pairs, median 4.8 us, 3.3 to 5.2 us on 7 of the 9, in
# `benchmarks/data/kernels.csv` (aiconfigurator-core 0.12.0, Apache-2.0). Of four matrices in a
# layer, a norm does it for two.
QUANTIZE_LAYER_S = 2 * 5.0e-6
INDEXER_EXTRAS = 3.0  # kernels that the sparse-attention indexer adds, in latent attentions
# Experts in int4 have no fused kernel under ROCm: they are written in 16 bits, and read again.
UNPACKED_BYTES = 4.0

# Part of the memory that a driver leaves to programs: 79.1 of 80 GiB on an H100.
VISIBLE_SHARE = 0.985

# Kinds of evidence behind a prediction; where several apply, the last one counts.
EVIDENCE = (
    "tuned_dense",
    "tuned_moe",
    "untuned",
    "unmeasured_gpu",
    "pcie",
    "rocm",
    "legacy_rocm",
    "outside_calibration",
    "single_stream",
    "layout_unknown",
)

# Written by `python benchmarks/capacity.py --write`; not to be edited by hand.
# fitted: begin
FITTED = Constants(
    bandwidth_share=0.8111,
    rocm_bandwidth=0.6549,
    rocm_moe_compute=1.683,
    layer_s=4.605e-05,
    moe_layer_factor=2.041,
    latent_layer_extra=0.4287,
    fp4_gpu_layer_factor=0.6307,
    sequence_s=6.071e-06,
    untuned_step_s=0.001207,
    untuned_sequence_s=7.029e-05,
    all_reduce_s=1.03e-05,
    legacy_attention_flop_per_byte=2.703,
    legacy_rocm_bandwidth=0.6031,
    legacy_rocm_attention_flops=1.606e12,
    outside_factor=1.123,
    outside_prefill=2.28,
    ttft_fixed_s=0.01917,
    ttft_steps=9.672,
    ttft_prefill=0.9929,
    ttft_queue=3.167,
    ttft_sglang_factor=2.551,
)
# 90 % of fits to resampled groups.
INTERVALS = {
    "bandwidth_share": (0.789, 0.836),
    "rocm_bandwidth": (0.563, 0.752),
    "rocm_moe_compute": (1.07, 2.69),
    "layer_s": (3.84e-05, 5.39e-05),
    "moe_layer_factor": (1.65, 2.58),
    "latent_layer_extra": (0.313, 0.582),
    "fp4_gpu_layer_factor": (0.521, 0.751),
    "sequence_s": (3.89e-06, 8e-06),
    "untuned_step_s": (0.00103, 0.00144),
    "untuned_sequence_s": (6.6e-05, 7.76e-05),
    "all_reduce_s": (8.58e-06, 1.18e-05),
    "legacy_attention_flop_per_byte": (2.4, 2.98),
    "legacy_rocm_bandwidth": (0.547, 0.721),
    "legacy_rocm_attention_flops": (1.36e12, 2.23e12),
    "outside_factor": (1.05, 1.26),
    "outside_prefill": (1.67, 2.8),
    "ttft_fixed_s": (0.00287, 0.0493),
    "ttft_steps": (8.11, 11.3),
    "ttft_prefill": (0.664, 1.5),
    "ttft_queue": (0.474, 5.98),
    "ttft_sglang_factor": (1.86, 3.26),
}
# 10th and 90th percentile of measured / predicted, rows left out.
BANDS = {
    "tuned_dense": (0.805, 1.165),
    "tuned_moe": (0.705, 1.278),
    "untuned": (0.496, 1.213),
    "unmeasured_gpu": (0.737, 1.184),
    "pcie": (0.826, 1.575),
    "rocm": (0.669, 1.265),
    "legacy_rocm": (0.693, 1.258),
    "outside_calibration": (0.626, 1.347),
    "single_stream": (0.698, 1.278),
    "layout_unknown": (0.578, 1.423),
}
BAND_TTFT = (0.54, 2.59)
BAND_ANCHORED = (0.899, 1.116)  # beside a measurement
# fitted: end


# How far a predicted rate can be trusted, and how one measurement of one's own corrects it.

# Distance at which a measurement still counts for 1/e; judgment among 3 to 8, all within .001.
ANCHOR_REACH = 4.0
# How fast the band widens from the anchored one: the third power fits held-out pairs best.
ANCHOR_BAND_POWER = 3.0


def evidence(
    model: ModelShape, gpu: GpuShape, profile: ServerProfile, *, layout_known: Flag = True
) -> NDArray[np.intp]:
    """Return the kind of evidence behind a prediction, as an index into `EVIDENCE`.

    `layout_known` is false when the best layout had to be guessed.
    """
    applies = (
        True,
        np.greater(model.routed_params, 0.0),
        profile.untuned,
        np.logical_not(gpu.measured),
        gpu.pcie,
        gpu.rocm,
        profile.legacy_rocm,
        model.outside,
        profile.single_stream,
        np.logical_not(layout_known),
    )
    kind = np.zeros((), dtype=np.intp)
    for index, yes in enumerate(applies):
        kind = np.where(yes, index, kind)
    return kind


def band(
    model: ModelShape,
    gpu: GpuShape,
    profile: ServerProfile,
    *,
    anchored: Number | Flag = 0.0,
    layout_known: Flag = True,
) -> tuple[Number, Number]:
    """Return the factors on a predicted rate between which four measurements of five fall [1].

    The 10th and 90th percentile of measured / predicted on groups that the fit had not seen, by
    kind of evidence. `anchored` is the weight of a measurement of the same engine, precision and
    layout that corrects the prediction (`anchor_weight`); true stands for 1.

    Source: `benchmarks/capacity.py`.
    """
    kind = evidence(model, gpu, profile, layout_known=layout_known)
    near = np.asarray(anchored, dtype=np.float64) ** ANCHOR_BAND_POWER
    alone = np.log([BANDS[name] for name in EVIDENCE])[kind]
    mixed = alone * (1.0 - near[..., None]) + np.log(BAND_ANCHORED) * near[..., None]
    return np.exp(mixed[..., 0]), np.exp(mixed[..., 1])


def ttft_ends(ttft_s: Number) -> tuple[Number, Number]:
    """Return the times to the first token between which four medians of five fall [s].

    What a first token waits for depends on how requests arrive, which no formula of means knows:
    the band is wide, and measurements of throughput do not narrow it.

    Source: `benchmarks/capacity.py`, measurements of sources and models left out.
    """
    return ttft_s * np.asarray(BAND_TTFT[0]), ttft_s * np.asarray(BAND_TTFT[1])


def anchor_distance(
    batch: Number,
    isl: Number,
    osl: Number,
    *,
    measured_batch: Number,
    measured_isl: Number,
    measured_osl: Number,
) -> Number:
    """Return how far a measurement is from a configuration of the same engine and layout [1].

    (|ln B/B'| + |ln isl/isl'| + |ln osl/osl'|) / 2, B being the requests in flight.
    """
    ratios = (
        np.divide(batch, measured_batch),
        np.divide(isl, measured_isl),
        np.divide(osl, measured_osl),
    )
    return sum(np.abs(np.log(r)) for r in ratios) / 2.0


def anchor_weight(distance: Number) -> Number:
    """Return how much a measurement at `distance` [1] counts: exp(-distance / reach) [1].

    A prediction is multiplied by ``(measured / predicted)**weight``.
    """
    return np.exp(-np.asarray(distance) / ANCHOR_REACH)
