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
PCIE_LINK_SHARE = 0.5
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
    bandwidth_share=0.8287,
    compute_share_8=1.241,
    moe_compute_share=0.7443,
    weight_only_moe_share=0.4097,
    layer_s=5.337e-05,
    moe_layer_factor=1.754,
    moe_layer_growth=0.3436,
    latent_layer_extra=0.3422,
    fp4_gpu_layer_factor=0.7298,
    sglang_layer_factor=1.175,
    sequence_s=4.177e-06,
    sglang_sequence_factor=8.995,
    untuned_step_s=0.001111,
    untuned_sequence_s=6.934e-05,
    all_reduce_s=1.022e-05,
    legacy_all_reduce_factor=2.43,
    legacy_attention_flop_per_byte=2.654,
    legacy_rocm_bandwidth=0.5925,
    legacy_rocm_attention_flops=2.041e12,
    legacy_rocm_host_factor=1.766,
)
# 90 % of 200 fits to resampled groups.
INTERVALS = {
    "bandwidth_share": (0.807, 0.856),
    "compute_share_8": (1.11, 1.35),
    "moe_compute_share": (0.63, 0.834),
    "weight_only_moe_share": (0.325, 0.496),
    "layer_s": (4.46e-05, 6.25e-05),
    "moe_layer_factor": (1.46, 2.42),
    "moe_layer_growth": (0.257, 0.564),
    "latent_layer_extra": (0.241, 0.453),
    "fp4_gpu_layer_factor": (0.575, 0.846),
    "sglang_layer_factor": (0.963, 1.42),
    "sequence_s": (3.41e-06, 5.78e-06),
    "sglang_sequence_factor": (7.18, 11.9),
    "untuned_step_s": (0.000947, 0.00134),
    "untuned_sequence_s": (6.15e-05, 7.74e-05),
    "all_reduce_s": (8.17e-06, 1.24e-05),
    "legacy_all_reduce_factor": (1.99, 2.91),
    "legacy_attention_flop_per_byte": (2.37, 2.89),
    "legacy_rocm_bandwidth": (0.539, 0.703),
    "legacy_rocm_attention_flops": (1.72e12, 3.04e12),
    "legacy_rocm_host_factor": (1.67, 1.96),
}
# 10th and 90th percentile of measured / predicted, held-out groups.
BANDS = {
    "tuned_dense": (0.826, 1.157),
    "tuned_moe": (0.704, 1.315),
    "untuned": (0.718, 1.179),
    "unmeasured_gpu": (0.677, 1.218),
    "legacy_rocm": (0.733, 1.273),
    "single_stream": (0.674, 1.235),
    "layout_unknown": (0.844, 1.861),
}
BAND_ANCHORED = (0.913, 1.115)  # beside a measurement
# fitted: end
