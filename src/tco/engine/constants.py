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


# benchmarks/capacity.py --write
FITTED = Constants(
    bandwidth_share=0.8302,
    compute_share_8=1.238,
    moe_compute_share=0.7455,
    weight_only_moe_share=0.4026,
    layer_s=53.12e-6,
    moe_layer_factor=1.672,
    moe_layer_growth=0.273,
    latent_layer_extra=0.3018,
    fp4_gpu_layer_factor=0.7774,
    sglang_layer_factor=1.177,
    sequence_s=4.132e-6,
    sglang_sequence_factor=9.42,
    untuned_step_s=1.161e-3,
    untuned_sequence_s=68.34e-6,
    all_reduce_s=9.835e-6,
    legacy_all_reduce_factor=2.432,
    legacy_attention_flop_per_byte=2.638,
    legacy_rocm_bandwidth=0.5959,
    legacy_rocm_attention_flops=2.044e12,
    legacy_rocm_host_factor=1.754,
)

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

# 10th and 90th percentile of measured / predicted by kind of evidence, held-out groups.
BAND_TUNED_DENSE = (0.819, 1.174)
BAND_TUNED_MOE = (0.698, 1.323)
BAND_UNTUNED = (0.726, 1.221)
BAND_LEGACY_ROCM = (0.698, 1.284)
BAND_SINGLE_STREAM = (0.595, 1.209)
BAND_UNMEASURED_GPU = (0.748, 1.246)
BAND_LAYOUT_UNKNOWN = (0.8, 1.6)
BAND_ANCHORED = (0.85, 1.15)
