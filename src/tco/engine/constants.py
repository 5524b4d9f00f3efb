"""The fitted constants of the serving model, what each means, and how sure we are of it."""

from __future__ import annotations

from dataclasses import dataclass

GIB = 1024.0**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Constants:
    """The twenty global constants of the serving model; none names a source of measurements.

    "Legacy" is serving software of 2024 and before; "untuned" a server as installed.

    Args:
        bandwidth_share: Share of datasheet memory bandwidth that decoding reaches [1].
        compute_share_8: Multiplier on the kernel share of 8-bit matrix kernels, whose table holds
            medians over small shapes too [1].
        moe_compute_share: Multiplier on the matrix rate of mixture-of-experts models, whose
            matrices are cut up by expert [1].
        weight_only_moe_share: Further multiplier for experts that are unpacked to 16 bits [1].
        layer_s: Kernel launches, tails and host work per layer and step [s].
        moe_layer_factor: Multiplier on `layer_s` for mixture-of-experts with 8 experts a token [1].
        moe_layer_growth: That multiplier grows with (experts per token / 8) to this power [1].
        latent_layer_extra: Extra share of `layer_s` for latent attention; three times as much with
            the indexer of sparse attention [1].
        fp4_gpu_layer_factor: Multiplier on `layer_s` on linked GPUs with 4-bit units (of 2025) [1].
        sglang_layer_factor: Multiplier on `layer_s` for SGLang [1].
        sequence_s: Host time per sequence and step, tuned server [s].
        sglang_sequence_factor: Multiplier on `sequence_s` for SGLang [1].
        untuned_step_s: Extra host time per step, untuned server [s].
        untuned_sequence_s: Host time per sequence and step, untuned server [s].
        all_reduce_s: Latency of one all-reduce between linked GPUs at tp = 4 [s].
        legacy_all_reduce_factor: Multiplier on it for legacy software [1].
        legacy_attention_flop_per_byte: Attention rate of legacy decode kernels, which re-read the
            cache for each query head, per byte/s of datasheet bandwidth [flop/byte].
        legacy_rocm_bandwidth: Multiplier on `bandwidth_share`, legacy software on AMD [1].
        legacy_rocm_attention_flops: Attention rate per GPU, legacy software on AMD [flop/s].
        legacy_rocm_host_factor: Multiplier on host time and all-reduces, legacy on AMD [1].
    """

    bandwidth_share: float
    compute_share_8: float
    moe_compute_share: float
    weight_only_moe_share: float
    layer_s: float
    moe_layer_factor: float
    moe_layer_growth: float
    latent_layer_extra: float
    fp4_gpu_layer_factor: float
    sglang_layer_factor: float
    sequence_s: float
    sglang_sequence_factor: float
    untuned_step_s: float
    untuned_sequence_s: float
    all_reduce_s: float
    legacy_all_reduce_factor: float
    legacy_attention_flop_per_byte: float
    legacy_rocm_bandwidth: float
    legacy_rocm_attention_flops: float
    legacy_rocm_host_factor: float


# Not fitted but set once with knowledge of earlier fits: judgment rather than measurement.
ATTENTION_SHARE = 0.6  # of the 16-bit peak, what flash attention kernels reach
MLA_ATTENTION_SHARE = 0.5  # of that, for latent attention
ALL_REDUCE_GROWTH = 0.5  # latency of an all-reduce grows with the root of the GPUs
LINK_SHARE = 0.45  # of the link rate, what all-reduces reach between linked GPUs
PCIE_ALL_REDUCE_S = 30e-6
PCIE_LINK_SHARE = 0.65
INDEXER_EXTRAS = 3.0  # kernels that the sparse-attention indexer adds, in latent attentions

# Part of the memory that a driver leaves to programs: 79.1 of 80 GiB on an H100.
VISIBLE_SHARE = 0.985

# Kinds of evidence behind a prediction; where several apply, the last one counts.
EVIDENCE = (
    "tuned_dense",
    "tuned_moe",
    "untuned",
    "unmeasured_gpu",
    "legacy_rocm",
    "single_stream",
    "layout_unknown",
)

# Written by `python benchmarks/capacity.py --write`; not to be edited by hand.
# fitted: begin
FITTED = Constants(
    bandwidth_share=0.831,
    compute_share_8=1.239,
    moe_compute_share=0.7447,
    weight_only_moe_share=0.4086,
    layer_s=5.373e-05,
    moe_layer_factor=1.759,
    moe_layer_growth=0.3485,
    latent_layer_extra=0.3289,
    fp4_gpu_layer_factor=0.7332,
    sglang_layer_factor=1.174,
    sequence_s=4.16e-06,
    sglang_sequence_factor=9.292,
    untuned_step_s=0.001156,
    untuned_sequence_s=6.831e-05,
    all_reduce_s=9.952e-06,
    legacy_all_reduce_factor=2.385,
    legacy_attention_flop_per_byte=2.639,
    legacy_rocm_bandwidth=0.5937,
    legacy_rocm_attention_flops=2.046e12,
    legacy_rocm_host_factor=1.756,
)
# 90 % of 200 fits to resampled groups.
INTERVALS = {
    "bandwidth_share": (0.812, 0.86),
    "compute_share_8": (1.1, 1.35),
    "moe_compute_share": (0.627, 0.834),
    "weight_only_moe_share": (0.324, 0.491),
    "layer_s": (4.5e-05, 6.26e-05),
    "moe_layer_factor": (1.47, 2.42),
    "moe_layer_growth": (0.257, 0.57),
    "latent_layer_extra": (0.232, 0.443),
    "fp4_gpu_layer_factor": (0.58, 0.843),
    "sglang_layer_factor": (0.96, 1.41),
    "sequence_s": (3.39e-06, 5.8e-06),
    "sglang_sequence_factor": (7.42, 12.3),
    "untuned_step_s": (0.000987, 0.00139),
    "untuned_sequence_s": (6.06e-05, 7.64e-05),
    "all_reduce_s": (7.91e-06, 1.19e-05),
    "legacy_all_reduce_factor": (1.96, 2.84),
    "legacy_attention_flop_per_byte": (2.35, 2.86),
    "legacy_rocm_bandwidth": (0.539, 0.7),
    "legacy_rocm_attention_flops": (1.74e12, 3.1e12),
    "legacy_rocm_host_factor": (1.66, 1.96),
}
# 10th and 90th percentile of measured / predicted, held-out groups.
BANDS = {
    "tuned_dense": (0.825, 1.155),
    "tuned_moe": (0.703, 1.311),
    "untuned": (0.716, 1.173),
    "unmeasured_gpu": (0.695, 1.236),
    "legacy_rocm": (0.731, 1.275),
    "single_stream": (0.673, 1.235),
    "layout_unknown": (0.845, 1.859),
}
BAND_ANCHORED = (0.913, 1.114)  # beside a measurement
# fitted: end
