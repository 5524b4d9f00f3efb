"""The fitted constants of the serving model, what each means, and how sure we are of it."""

from __future__ import annotations

from dataclasses import dataclass

GIB = 1024.0**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Constants:
    """Global constants of the serving model; none names a source, a model or a vendor's part.

    Args:
        bandwidth_share: Share of datasheet memory bandwidth that decoding reaches [1].
        compute_share: Multiplier on the share of peak that kernels reach on their own [1].
        compute_share_8: Further multiplier for 8-bit matrix kernels [1].
        attention_share: Share of the 16-bit peak that attention reaches [1].
        layer_s: Host and launch time per layer and step [s].
        moe_layer_factor: Multiplier on `layer_s` for mixture-of-experts layers [1].
        sequence_s: Host time per sequence and step, tuned server [s].
        sglang_sequence_factor: Multiplier on `sequence_s` for SGLang [1].
        default_step_s: Extra host time per step, server as installed [s].
        default_sequence_s: Host time per sequence and step, server as installed [s].
        all_reduce_s: Latency of one all-reduce over NVLink at tp = 4 [s].
        all_reduce_growth: That latency grows as (tp / 4) to this power [1].
        link_share: Share of the link rate that all-reduces reach over NVLink [1].
        legacy_rocm_bandwidth: Multiplier on `bandwidth_share`, ROCm software of 2024 [1].
        legacy_rocm_attention_flops: Attention rate per GPU, ROCm software of 2024 [flop/s].
        legacy_all_reduce_factor: Multiplier on all-reduce latency, ROCm of 2024 and Gaudi [1].
    """

    bandwidth_share: float
    compute_share: float
    compute_share_8: float
    attention_share: float
    layer_s: float
    moe_layer_factor: float
    sequence_s: float
    sglang_sequence_factor: float
    default_step_s: float
    default_sequence_s: float
    all_reduce_s: float
    all_reduce_growth: float
    link_share: float
    legacy_rocm_bandwidth: float
    legacy_rocm_attention_flops: float
    legacy_all_reduce_factor: float


FITTED = Constants(
    bandwidth_share=0.7725,
    compute_share=0.9698,
    compute_share_8=1.2154,
    attention_share=0.7636,
    layer_s=35.07e-6,
    moe_layer_factor=2.077,
    sequence_s=4.085e-6,
    sglang_sequence_factor=10.27,
    default_step_s=1.722e-3,
    default_sequence_s=115.5e-6,
    all_reduce_s=16.24e-6,
    all_reduce_growth=0.5303,
    link_share=0.4477,
    legacy_rocm_bandwidth=0.5336,
    legacy_rocm_attention_flops=1.431e12,
    legacy_all_reduce_factor=2.607,
)

# Not fitted: set once with knowledge of earlier fits, so judgment rather than measurement.
PCIE_ALL_REDUCE_S = 30e-6
PCIE_LINK_SHARE = 0.65
MLA_ATTENTION_SHARE = 0.5

# Part of the memory that a driver leaves to programs: 79.1 of 80 GiB on an H100.
VISIBLE_SHARE = 0.985

# 10th and 90th percentile of measured / predicted by kind of evidence, held-out groups.
BAND_TUNED_DENSE = (0.819, 1.174)
BAND_TUNED_MOE = (0.698, 1.323)
BAND_DEFAULT = (0.726, 1.221)
BAND_LEGACY_ROCM = (0.698, 1.284)
BAND_SINGLE_STREAM = (0.595, 1.209)
BAND_UNMEASURED_GPU = (0.748, 1.246)
BAND_ANCHORED = (0.85, 1.15)
