"""How a replica is laid out over GPUs, at what precision, and what kind of server runs it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tco.engine.shapes import Flag, Number


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """Bytes that a weight takes, scales included, and the operand width of its kernels [bit]."""

    weight_bytes: float
    compute_bits: float


# 4-bit formats carry a scale per block: 16 (nvfp4) or 32 (mxfp4) weights, 4.5 and 4.25 bits in all.
# Weight-only formats (int4, GGUF, EXL2) are unpacked to 16 bits before they are multiplied.
PRECISIONS = {
    "bf16": Precision(weight_bytes=2.0, compute_bits=16.0),
    "fp16": Precision(weight_bytes=2.0, compute_bits=16.0),
    "fp8": Precision(weight_bytes=1.0, compute_bits=8.0),
    "mxfp8": Precision(weight_bytes=1.03125, compute_bits=8.0),  # a scale for 32 weights
    "int8": Precision(weight_bytes=1.0, compute_bits=8.0),
    "fp4": Precision(weight_bytes=0.5625, compute_bits=4.0),
    "nvfp4": Precision(weight_bytes=0.5625, compute_bits=4.0),
    "mxfp4": Precision(weight_bytes=0.53125, compute_bits=4.0),
    "int4": Precision(weight_bytes=0.5625, compute_bits=16.0),
    "awq": Precision(weight_bytes=0.5625, compute_bits=16.0),
    "gptq": Precision(weight_bytes=0.5625, compute_bits=16.0),
    "q4_k_m": Precision(weight_bytes=0.606, compute_bits=16.0),
}

KV_BYTES = {"bf16": 2.0, "fp16": 2.0, "fp8": 1.0, "int8": 1.0, "nvfp4": 0.5625}


def precision(name: str) -> Precision | None:
    """Return what `name` (`bf16`, `fp8`, `q4_k_m`, `exl2-4.0`, …) means; None when unknown."""
    key = name.strip().lower()
    exl2 = re.fullmatch(r"exl2-(\d(?:\.\d+)?)", key)
    if exl2:  # bits per weight, and about 0.02 byte of scales
        return Precision(weight_bytes=float(exl2[1]) / 8 + 0.02, compute_bits=16.0)
    return PRECISIONS.get(key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How one replica is laid out; every field a number or an array.

    Args:
        tp: Tensor-parallel GPUs [1].
        pp: Pipeline stages [1].
        dp_attention: Attention is data-parallel: each GPU holds all weights but the experts'.
        layer_split: Layers are dealt out to GPUs that work one after the other (llama.cpp).
        weight_bytes: Bytes per weight [byte].
        kv_bytes: Bytes per element of the KV cache [byte].
        compute_bits: Operand width of the matrix kernels; 4 and 8 run at 16 where the GPU lacks
            them [bit].
        memory_share: Share of GPU memory that the server may take [1].
        reserve_bytes: Activations, graphs and libraries, per GPU [byte].
    """

    tp: Number = 1.0
    pp: Number = 1.0
    dp_attention: Flag = False
    layer_split: Flag = False
    weight_bytes: Number = 2.0
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
