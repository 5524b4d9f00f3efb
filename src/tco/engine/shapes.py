"""What the formulas need to know of a model, a GPU, a replica and a month's work."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np

from tco.records import dataclass, mapped
from tco.units import HOURS_PER_MONTH, SECONDS_PER_HOUR

if TYPE_CHECKING:
    from numpy.typing import NDArray


# What the formulas need to know of a model and of a GPU; every field a number or an array.
#
# Shapes: any field may be an array; all fields of one call broadcast against each other.

# As text: `numpy.typing` is not imported at run time, it costs a start more than the formulas.
Floats: TypeAlias = "NDArray[np.float64]"
Indices: TypeAlias = "NDArray[np.int64]"
Flags: TypeAlias = "NDArray[np.bool_]"
Number: TypeAlias = "float | NDArray[np.float64]"
Flag: TypeAlias = "bool | NDArray[np.bool_]"

Kind = TypeVar("Kind", "Floats", "Indices")
Shape = TypeVar("Shape")

ROUND_OFF = 1e-9
"""Slack below which a load counts as exactly a whole number of replicas, or of units [1]."""


def number(value: object) -> float:
    """Return one figure of a result as a plain float."""
    return float(np.asarray(value, dtype=float))


def distinct(values: Kind) -> Kind:
    """Return the values of an array, sorted, each once.

    As `np.unique`, which imports masked arrays: a tenth of the time that numpy itself takes.
    """
    ordered: Kind = np.sort(values, axis=None)
    first = np.ones(ordered.size, dtype=bool)
    first[1:] = ordered[1:] != ordered[:-1]
    return ordered[first]


def column(value: Number, count: int) -> Floats:
    """Return a number or a column as one value a row [count]."""
    return np.broadcast_to(np.asarray(value, dtype=float).reshape(-1), (count,))


def lifted(shape: Shape) -> Shape:
    """Return a shape with an axis more in each field, for batches or levels to lie along."""
    return mapped(shape, lambda value: np.asarray(value)[..., None])


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelShape:
    """The dimensions of a transformer that decide its memory and its speed.

    Args:
        params: All weights, routed experts included [1].
        active_params: Weights that one token passes through [1].
        routed_params: Weights of the routed experts; 0 for a dense model [1].
        expert_bytes: Bytes of a weight of those in every file of llama.cpp, as they are published;
            NaN where they are as the file is [byte].
        experts: Routed experts per layer; 1 for a dense model [1].
        experts_per_token: Routed experts that one token uses; 1 for a dense model [1].
        layers: Transformer layers [1].
        attention_layers: Layers that keep a KV cache; the others are linear or state-space [1].
        hidden_size: Width of the residual stream [1].
        heads: Query heads [1].
        kv_heads: Key-value heads; 1 for latent attention (MLA) [1].
        head_dim: Width of a head; for MLA the latent width, `kv_lora_rank + rope` [1].
        vocab_size: Rows of the embedding [1].
        tied_embeddings: The output matrix is the embedding itself.
        mla: Latent attention: the cache holds one vector per token and layer.
        full_attention_share: Share of `attention_layers` that see the whole context [1].
        window_tokens: Tokens that the other layers see; `inf` when there are none [token].
        index_topk: Tokens that sparse attention reads; `inf` when attention is dense [token].
        index_share: Share of the layers that choose these tokens themselves; the others take the
            choice of one before them [1].
        odd_share, odd_down_share: Share of the weights outside the embeddings in matrices whose
            rows are no multiple of 256, those that lead back from a feed-forward apart [1].
        state_bytes: Fixed state of linear layers per sequence [byte].
        outside: The model was not held against anything built like it.
    """

    params: Number
    active_params: Number
    layers: Number
    hidden_size: Number
    heads: Number
    kv_heads: Number
    head_dim: Number
    vocab_size: Number
    routed_params: Number = 0.0
    experts: Number = 1.0
    experts_per_token: Number = 1.0
    attention_layers: Number = np.nan
    tied_embeddings: Flag = False
    mla: Flag = False
    full_attention_share: Number = 1.0
    window_tokens: Number = np.inf
    index_topk: Number = np.inf
    index_share: Number = 1.0
    odd_share: Number = 0.0
    odd_down_share: Number = 0.0
    state_bytes: Number = 0.0
    expert_bytes: Number = np.nan
    outside: Flag = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuShape:
    """What a GPU can do at most, and the share of it that kernels reach.

    Args:
        memory_bytes: Memory of one GPU; "80 GB" is 80 GiB [byte].
        bandwidth_bytes_per_s: Datasheet memory bandwidth [byte/s].
        flops_16, flops_8, flops_4: Dense peak by operand width; NaN where it has none [flop/s].
        kernel_share_16, kernel_share_8, kernel_share_4: Share of that peak that matrix kernels
            measured on their own reach [1].
        link_bytes_per_s: GPU-to-GPU bandwidth, one direction [byte/s].
        link_joins: GPUs that the link joins, at most; `inf` for all of a server [1].
        beyond_bytes_per_s: Bandwidth to the GPUs that it does not join, one direction [byte/s].
        pcie: The link is PCIe, not NVLink or Infinity Fabric.
        rocm: AMD's, on which engines run through ROCm.
        measured: The kernel shares are measurements, not judgment.
        admits_more: Engines take on more requests at once by default: large memory, not an A100.
    """

    memory_bytes: Number
    bandwidth_bytes_per_s: Number
    flops_16: Number
    flops_8: Number = np.nan
    flops_4: Number = np.nan
    kernel_share_16: Number = 0.70
    kernel_share_8: Number = 0.50
    kernel_share_4: Number = 0.35
    link_bytes_per_s: Number
    link_joins: Number = np.inf
    beyond_bytes_per_s: Number = np.nan
    pcie: Flag = False
    rocm: Flag = False
    measured: Flag = False
    admits_more: Flag = False


# How a replica is laid out over GPUs, at what precision, and what kind of server runs it.


BLOCK = 256  # weights of a block of llama.cpp's formats


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """What a format makes of weights.

    Args:
        weight_bytes: Bytes that a weight takes, scales included [byte].
        compute_bits: Operand width of its kernels [bit].
        other_bytes: Bytes of a weight outside the routed experts, in a mixture of experts; NaN
            where all weights are alike [byte].
        embedding_bytes, output_bytes: Bytes of a weight of the embedding and of the output matrix;
            tied, they are one matrix of the latter [byte].
        odd_bytes, odd_down_bytes: What a weight takes more in the matrices of `odd_share` and
            `odd_down_share` of a model [byte].
        odd_output_bytes: What a weight of the output matrix takes more in rows of no whole block;
            one of the embedding takes `odd_bytes` more [byte].
        of_files: A format of llama.cpp's files, which keep experts as they are published.
    """

    weight_bytes: Number
    compute_bits: Number
    other_bytes: Number = np.nan
    embedding_bytes: Number = 2.0
    output_bytes: Number = 2.0
    odd_bytes: Number = 0.0
    odd_down_bytes: Number = 0.0
    odd_output_bytes: Number = 0.0
    of_files: Flag = False

    def columns(self, model: ModelShape) -> dict[str, Any]:
        """Return the fields of a `Layout` of a model that follow from it."""
        more = model.odd_share * self.odd_bytes + model.odd_down_share * self.odd_down_bytes
        weight = self.weight_bytes + more
        kept = self.of_files & np.isfinite(model.expert_bytes)
        odd_tables = np.greater(np.mod(model.hidden_size, BLOCK), 0.0)
        return {
            "weight_bytes": np.where(kept, model.expert_bytes, weight)[()],
            "compute_bits": self.compute_bits,
            "other_bytes": np.where(np.isnan(self.other_bytes), weight, self.other_bytes)[()],
            "embedding_bytes": self.embedding_bytes + odd_tables * self.odd_bytes,
            "output_bytes": self.output_bytes + odd_tables * self.odd_output_bytes,
        }


def _gguf(
    body: float, embedding: float, output: float = 6.5625, odd: tuple[float, float] = (0.0, 0.0)
) -> Precision:
    """Return a format of llama.cpp, which quantizes both ends too; bits per weight."""
    return Precision(
        weight_bytes=body / 8.0,
        compute_bits=16.0,
        embedding_bytes=embedding / 8.0,
        output_bytes=output / 8.0,
        odd_bytes=odd[0] / 8.0,
        odd_down_bytes=odd[1] / 8.0,
        odd_output_bytes=(8.5 - output) / 8.0,  # q8_0, whatever the rest is
        of_files=True,
    )


# 4-bit formats carry a scale per block: 16 (nvfp4) or 32 (mxfp4) weights, 4.5 and 4.25 bits in all.
# Weight-only formats (int4, GGUF, EXL2) are unpacked to 16 bits before they are multiplied. Of a
# mixture, mxfp4 (gpt-oss) and int4 (Kimi) leave all but the routed experts in 16 bits: so say
# `modules_to_not_convert` and `ignore` of their configurations. nvfp4 as published does so too (13
# of 17 mixtures in aiconfigurator-core 0.12.0), or with shared experts and the output of attention
# in 4 bits; what was measured of it reads that much. fp4 says no more than the width: the rest is
# in 8 bits, as DeepSeek V4 has it; measurements so named fit no better with 4 or 16.
# GGUF: bits of a block from ggml's layouts (q4_k is 4.5, q6_k 6.5625, q8_0 8.5); the mixes of the
# _s, _m and _l files from the sizes of Llama 3 8B in each of them. Blocks of 256 weights want rows
# of such a multiple: others are kept in the next wider format of 32 (q4_k in q5_0, q5_k in q5_1,
# q6_k in q8_0, q2_k, q3_k and iq4_xs in 4.5 bits), by matrix as the mix has them (llama.cpp's
# llama-quant.cpp). Qwen2.5 72B in q4_k_m, with rows of 29,568, has 47.4 GB and not 43.9; Gemma 3
# 270M, with rows of 640 in its embedding too, 0.247 GB and not 0.198 (q4-of-narrow-rows.sh in
# findings/). Experts that are published in mxfp4 stay so in every file (requantizing is refused
# unless it is forced): gpt-oss-20b has 11.6 GB in q4_k_m and 12.1 in q8_0, not 15.7 and 22.2.
PRECISIONS = {
    "bf16": Precision(weight_bytes=2.0, compute_bits=16.0),
    "fp16": Precision(weight_bytes=2.0, compute_bits=16.0),
    "fp8": Precision(weight_bytes=1.0, compute_bits=8.0),
    "mxfp8": Precision(weight_bytes=1.03125, compute_bits=8.0),  # a scale for 32 weights
    "int8": Precision(weight_bytes=1.0, compute_bits=8.0),
    "fp4": Precision(weight_bytes=0.5625, compute_bits=4.0, other_bytes=1.0),
    "nvfp4": Precision(weight_bytes=0.5625, compute_bits=4.0, other_bytes=2.0),
    "mxfp4": Precision(weight_bytes=0.53125, compute_bits=4.0, other_bytes=2.0),
    "int4": Precision(weight_bytes=0.5625, compute_bits=16.0, other_bytes=2.0),
    "awq": Precision(weight_bytes=0.5625, compute_bits=16.0, other_bytes=2.0),
    "gptq": Precision(weight_bytes=0.5625, compute_bits=16.0, other_bytes=2.0),
    "q2_k": _gguf(2.95, 2.625, odd=(1.875, 1.0625)),
    "q3_k_s": _gguf(3.44, 3.4375, odd=(1.0625, 1.0625)),
    "q3_k_m": _gguf(3.86, 3.4375, odd=(1.0625, 0.97)),
    "q3_k_l": _gguf(4.20, 3.4375, odd=(1.0625, 0.5)),
    "iq4_xs": _gguf(4.25, 4.25, odd=(0.25, 0.28)),
    "q4_0": _gguf(4.5, 4.5),
    "q4_1": _gguf(5.0, 5.0),
    "q4_k_s": _gguf(4.54, 4.5, odd=(1.0, 0.94)),
    "q4_k_m": _gguf(4.80, 4.5, odd=(1.0, 1.47)),
    "q5_0": _gguf(5.5, 5.5),
    "q5_1": _gguf(6.0, 6.0),
    "q5_k_s": _gguf(5.5, 5.5, odd=(0.5, 0.5)),
    "q5_k_m": _gguf(5.66, 5.5, odd=(0.5, 1.22)),
    "q6_k": _gguf(6.5625, 6.5625, odd=(1.9375, 1.9375)),
    "q8_0": _gguf(8.5, 8.5, 8.5),
}
LOCAL_PRECISIONS = {
    "mxfp4": Precision(
        weight_bytes=0.53125,
        compute_bits=4.0,
        other_bytes=1.0625,
        embedding_bytes=1.0625,
        output_bytes=1.0625,
    )
}
"""What llama.cpp makes of a format that servers have too: of a mixture in mxfp4 all but the routed
experts is in q8_0 (llama-quant.cpp), so that gpt-oss-20b has 12.1 GB and not 13.7."""
UNSIZED = {"q2": "q2_k", "q3_k": "q3_k_m", "q4_k": "q4_k_m", "q5_k": "q5_k_m", "q8": "q8_0"}
"""Names of GGUF files without their size, and the file that is meant by them."""

KV_BYTES = {"bf16": 2.0, "fp16": 2.0, "fp8": 1.0, "int8": 1.0, "nvfp4": 0.5625, "q8_0": 1.0625}


def precision(name: str, local: bool = False) -> Precision | None:
    """Return what `name` (`bf16`, `q4_k_m`, `exl2-4.0`, …) means; None when unknown.

    Args:
        name: Of the format.
        local: The server is a local runner.
    """
    key = name.strip().lower()
    exl2 = re.fullmatch(r"exl2-(\d(?:\.\d+)?)", key)
    if exl2:  # bits per weight, and about 0.02 byte of scales
        return Precision(weight_bytes=float(exl2[1]) / 8 + 0.02, compute_bits=16.0)
    own = LOCAL_PRECISIONS.get(key) if local else None
    return own or PRECISIONS.get(UNSIZED.get(key, key))


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How one replica is laid out; every field a number or an array.

    Args:
        tp: Tensor-parallel GPUs [1].
        pp: Pipeline stages [1].
        nodes: Servers that the stages lie in; what passes between two goes over the network [1].
        dp_attention: Attention is data-parallel: each GPU holds all weights but the experts'.
        layer_split: Layers are dealt out to GPUs that work one after the other (llama.cpp).
        weight_bytes: Bytes per weight [byte].
        other_bytes: Bytes per weight outside the routed experts, embeddings apart, in a mixture of
            experts; NaN where they are `weight_bytes` too [byte].
        embedding_bytes, output_bytes: Bytes per weight of embedding and output matrix [byte].
        kv_bytes: Bytes per element of the KV cache [byte].
        compute_bits: Operand width of the matrix kernels; 4 and 8 run at 16 where the GPU lacks
            them [bit].
        memory_share: Share of GPU memory that the server may take [1].
        reserve_bytes: Activations, graphs and libraries, per GPU [byte].
    """

    tp: Number = 1.0
    pp: Number = 1.0
    nodes: Number = 1.0
    dp_attention: Flag = False
    layer_split: Flag = False
    weight_bytes: Number = 2.0
    other_bytes: Number = np.nan
    embedding_bytes: Number = 2.0
    output_bytes: Number = 2.0
    kv_bytes: Number = 2.0
    compute_bits: Number = 16.0
    memory_share: Number = 0.90
    reserve_bytes: Number = 2.5e9

    @property
    def gpus(self) -> Number:
        """GPUs of one replica, tp * pp [1]."""
        return np.multiply(self.tp, self.pp)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerProfile:
    """What kind of server runs the replica; every field a flag or an array of flags.

    Args:
        untuned: As installed: pays host time per step and per sequence that tuned servers hide.
        legacy: Software of 2024 or before: slow decode attention and all-reduces.
        legacy_rocm: Legacy software on AMD GPUs, slower still.
        sglang: SGLang, which spends more host time per sequence.
        single_stream: A runner for one user, one request at a time or in a few slots (llama.cpp,
            Ollama, MLC, ExLlama).
    """

    untuned: Flag = False
    legacy: Flag = False
    legacy_rocm: Flag = False
    sglang: Flag = False
    single_stream: Flag = False


TUNED = ServerProfile()
TUNED_SGLANG = ServerProfile(sglang=True)
DEFAULT = ServerProfile(untuned=True)
LOCAL = ServerProfile(single_stream=True)
LEGACY = ServerProfile(untuned=True, legacy=True)
LEGACY_ROCM = ServerProfile(untuned=True, legacy=True, legacy_rocm=True)

PROFILES = {
    "tuned": TUNED,
    "sglang": TUNED_SGLANG,
    "default": DEFAULT,
    "local": LOCAL,
    "legacy": LEGACY,
    "legacy-rocm": LEGACY_ROCM,
}


# What is asked of a serving system in a month: tokens, requests, and how unevenly they come.


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A month of requests of one shape; every field a number or an array.

    Args:
        tokens_per_month: Input and output together, cached input included [token/month].
        isl: Input of a request, cached tokens included [token/request].
        osl: Output of a request that the volume counts [token/request].
        cached_share: Share of the input that a prefix cache serves [1].
        batch_share: Share of the requests that can wait for a batch tier [1].
        peak_to_mean: Busiest hour over the average hour [1].
        reasoning_factor: Output that is made over the output that the volume counts; 1 where the
            volume counts hidden reasoning too [1].
        cache_write_share: Share of the input that is written to a cache [1].
        hours_per_month: Hours of the month [h].
        open_sessions: Open sessions of the whole fleet at its peak, where they were said; else 0
            [1].
    """

    tokens_per_month: Number
    isl: Number
    osl: Number
    cached_share: Number = 0.0
    batch_share: Number = 0.0
    peak_to_mean: Number = 1.0
    reasoning_factor: Number = 1.0
    cache_write_share: Number = 0.0
    hours_per_month: Number = HOURS_PER_MONTH
    open_sessions: Number = 0.0

    @property
    def tokens_per_request(self) -> Number:
        """Return input and output of one request [token/request]."""
        return self.isl + self.osl

    @property
    def requests_per_month(self) -> Number:
        """Return the requests of a month [request/month]."""
        return self.tokens_per_month / self.tokens_per_request

    @property
    def requests_per_s(self) -> Number:
        """Return the mean arrival rate over the hours of the month [request/s]."""
        return self.requests_per_month / self.seconds_per_month

    @property
    def seconds_per_month(self) -> Number:
        """Return the seconds of the month [s]."""
        return self.hours_per_month * SECONDS_PER_HOUR

    @property
    def peak_requests_per_s(self) -> Number:
        """Return the arrival rate of the busiest hour [request/s]."""
        return self.requests_per_s * self.peak_to_mean

    @property
    def input_tokens(self) -> Number:
        """Return all input, cached or not [token/month]."""
        return self.requests_per_month * self.isl

    @property
    def output_tokens(self) -> Number:
        """Return all output, hidden reasoning included [token/month]."""
        return self.requests_per_month * self.osl * self.reasoning_factor
