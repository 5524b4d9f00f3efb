"""How a replica is laid out over GPUs, at what precision, and what kind of server runs it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tco.engine.shapes import Flag, Number


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """What a format makes of weights.

    Args:
        weight_bytes: Bytes that a weight takes, scales included [byte].
        compute_bits: Operand width of its kernels [bit].
        other_bytes: Bytes of a weight outside the routed experts, in a mixture of experts; None
            where all weights are alike [byte].
        embedding_bytes, output_bytes: Bytes of a weight of the embedding and of the output matrix;
            tied, they are one matrix of the latter [byte].
    """

    weight_bytes: float
    compute_bits: float
    other_bytes: float | None = None
    embedding_bytes: float = 2.0
    output_bytes: float = 2.0

    def columns(self) -> dict[str, Any]:
        """Return the fields of a `Layout` that follow from it."""
        return {
            "weight_bytes": self.weight_bytes,
            "compute_bits": self.compute_bits,
            "other_bytes": self.weight_bytes if self.other_bytes is None else self.other_bytes,
            "embedding_bytes": self.embedding_bytes,
            "output_bytes": self.output_bytes,
        }


def _gguf(body: float, embedding: float, output: float = 6.5625) -> Precision:
    """Return a format of llama.cpp, which quantizes both ends too; bits per weight."""
    return Precision(
        weight_bytes=body / 8.0,
        compute_bits=16.0,
        embedding_bytes=embedding / 8.0,
        output_bytes=output / 8.0,
    )


# 4-bit formats carry a scale per block: 16 (nvfp4) or 32 (mxfp4) weights, 4.5 and 4.25 bits in all.
# Weight-only formats (int4, GGUF, EXL2) are unpacked to 16 bits before they are multiplied. Of a
# mixture, mxfp4 (gpt-oss) and int4 (Kimi) leave all but the routed experts in 16 bits: so say
# `modules_to_not_convert` and `ignore` of their configurations.
# GGUF: bits of a block from ggml's layouts (q4_k is 4.5, q6_k 6.5625, q8_0 8.5); the mixes of the
# _s, _m and _l files from the sizes of Llama 3 8B in each of them.
PRECISIONS = {
    "bf16": Precision(weight_bytes=2.0, compute_bits=16.0),
    "fp16": Precision(weight_bytes=2.0, compute_bits=16.0),
    "fp8": Precision(weight_bytes=1.0, compute_bits=8.0),
    "mxfp8": Precision(weight_bytes=1.03125, compute_bits=8.0),  # a scale for 32 weights
    "int8": Precision(weight_bytes=1.0, compute_bits=8.0),
    "fp4": Precision(weight_bytes=0.5625, compute_bits=4.0),
    "nvfp4": Precision(weight_bytes=0.5625, compute_bits=4.0),
    "mxfp4": Precision(weight_bytes=0.53125, compute_bits=4.0, other_bytes=2.0),
    "int4": Precision(weight_bytes=0.5625, compute_bits=16.0, other_bytes=2.0),
    "awq": Precision(weight_bytes=0.5625, compute_bits=16.0, other_bytes=2.0),
    "gptq": Precision(weight_bytes=0.5625, compute_bits=16.0, other_bytes=2.0),
    "q2_k": _gguf(2.95, 2.625),
    "q3_k_s": _gguf(3.44, 3.4375),
    "q3_k_m": _gguf(3.86, 3.4375),
    "q3_k_l": _gguf(4.20, 3.4375),
    "iq4_xs": _gguf(4.25, 4.25),
    "q4_0": _gguf(4.5, 4.5),
    "q4_1": _gguf(5.0, 5.0),
    "q4_k_s": _gguf(4.54, 4.5),
    "q4_k_m": _gguf(4.80, 4.5),
    "q5_0": _gguf(5.5, 5.5),
    "q5_1": _gguf(6.0, 6.0),
    "q5_k_s": _gguf(5.5, 5.5),
    "q5_k_m": _gguf(5.66, 5.5),
    "q6_k": _gguf(6.5625, 6.5625),
    "q8_0": _gguf(8.5, 8.5, 8.5),
}
UNSIZED = {"q2": "q2_k", "q3_k": "q3_k_m", "q4_k": "q4_k_m", "q5_k": "q5_k_m", "q8": "q8_0"}
"""Names of GGUF files without their size, and the file that is meant by them."""

KV_BYTES = {"bf16": 2.0, "fp16": 2.0, "fp8": 1.0, "int8": 1.0, "nvfp4": 0.5625, "q8_0": 1.0625}


def precision(name: str) -> Precision | None:
    """Return what `name` (`bf16`, `fp8`, `q4_k_m`, `exl2-4.0`, …) means; None when unknown."""
    key = name.strip().lower()
    exl2 = re.fullmatch(r"exl2-(\d(?:\.\d+)?)", key)
    if exl2:  # bits per weight, and about 0.02 byte of scales
        return Precision(weight_bytes=float(exl2[1]) / 8 + 0.02, compute_bits=16.0)
    return PRECISIONS.get(UNSIZED.get(key, key))


def is_gguf(name: str) -> bool:
    """Return whether a precision is one of llama.cpp's."""
    key = name.strip().lower()
    return UNSIZED.get(key, key).startswith(("q", "iq"))


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
class Profile:
    """What kind of server runs the replica; every field a flag or an array of flags.

    Args:
        untuned: As installed: pays host time per step and per sequence that tuned servers hide.
        legacy: Software of 2024 or before: slow decode attention and all-reduces.
        legacy_rocm: Legacy software on AMD GPUs, slower still.
        sglang: SGLang, which spends more host time per sequence.
        single_stream: One request at a time, no scheduler (llama.cpp, Ollama, MLC, ExLlama).
    """

    untuned: Flag = False
    legacy: Flag = False
    legacy_rocm: Flag = False
    sglang: Flag = False
    single_stream: Flag = False


TUNED = Profile()
TUNED_SGLANG = Profile(sglang=True)
DEFAULT = Profile(untuned=True)
LOCAL = Profile(single_stream=True)
LEGACY = Profile(untuned=True, legacy=True)
LEGACY_ROCM = Profile(untuned=True, legacy=True, legacy_rocm=True)

PROFILES = {
    "tuned": TUNED,
    "sglang": TUNED_SGLANG,
    "default": DEFAULT,
    "local": LOCAL,
    "legacy": LEGACY,
    "legacy-rocm": LEGACY_ROCM,
}
