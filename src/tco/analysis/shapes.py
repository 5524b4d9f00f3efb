"""From a catalog's words to the engine's numbers: models, GPUs, and stacks of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from tco.engine.constants import VISIBLE_SHARE
from tco.engine.replica import Replica
from tco.engine.shapes import GpuShape, Indices, ModelShape
from tco.units import GIB, MIB

if TYPE_CHECKING:
    from tco.catalog.hardware import Accelerator, Hardware
    from tco.catalog.models import Architecture, Model

Shape = TypeVar("Shape", ModelShape, GpuShape, Replica)


LARGE_MEMORY_GIB = 70
"""Memory from which vLLM takes on 1,024 requests at once by default, A100s apart."""

BYTES_16 = 2

SHARES = ("kernel_share_16", "kernel_share_8", "kernel_share_4")

OTHER = "other"
"""The kernel shares of GPUs of a family that has none of its own."""


def model_shape(model: Model) -> ModelShape | None:
    """Return the dimensions of a model; None when the catalog does not have them."""
    arch, params = model.architecture, model.params_b
    if arch is None or params is None:
        return None
    experts = arch.experts
    return ModelShape(
        params=params.total * 1e9,
        active_params=params.active * 1e9,
        routed_params=experts.routed_params_b * 1e9 if experts else 0.0,
        experts=float(experts.count) if experts else 1.0,
        experts_per_token=float(experts.per_token) if experts else 1.0,
        layers=float(arch.layers),
        hidden_size=float(arch.hidden_size),
        heads=float(arch.heads),
        vocab_size=float(arch.vocab_size),
        tied_embeddings=arch.tied_embeddings,
        index_topk=float(arch.index_topk) if arch.index_topk else np.inf,
        **_cache(arch),
        outside=arch.outside_calibration is not None,
    )


def _cache(arch: Architecture) -> dict[str, Any]:
    """Return the fields of a shape that say what is cached.

    A shape has one kind of layer. Heads of two shapes become the width and the share of full
    layers that cache the same bytes at any context; a compressed cache becomes as many layers as
    it keeps entries a token, its windows a fixed state of 16 bits.
    """
    mla = arch.mla
    said: dict[str, Any] = {
        "attention_layers": float(arch.attention_layers or arch.layers),
        "kv_heads": 1.0 if mla else float(arch.kv_heads),
        "head_dim": float(mla.kv_lora_rank + mla.rope_head_dim) if mla else float(arch.head_dim),
        "mla": mla is not None,
        "full_attention_share": arch.full_attention_share,
        "window_tokens": float(arch.window_tokens) if arch.window_tokens else np.inf,
        "state_bytes": arch.state_bytes,
    }
    if arch.compressed is not None:
        kept = sum(k.caches / k.tokens_per_entry for k in arch.compressed.kept)
        window = (arch.window_tokens or 0) * arch.layers * arch.head_dim * BYTES_16
        state = {"window_tokens": np.inf, "state_bytes": arch.state_bytes + window}
        return {**said, **state, "mla": True, "kv_heads": 1.0, "attention_layers": kept}
    if mla is None and (arch.full_layers is not None or arch.value_dim is not None):
        layers, share = said["attention_layers"], arch.full_attention_share
        cached = _full_width(arch) * share, _window_width(arch) * (1.0 - share)
        said["head_dim"] = sum(cached) / (2.0 * arch.kv_heads)
        said["full_attention_share"] = cached[0] / sum(cached) if layers else share
    return said


def _window_width(arch: Architecture) -> float:
    """Return the numbers that a layer caches a token: keys and values [1]."""
    return float(arch.kv_heads * (arch.head_dim + (arch.value_dim or arch.head_dim)))


def _full_width(arch: Architecture) -> float:
    """Return the same of the layers that see the whole context [1]."""
    full = arch.full_layers
    if full is None:
        return _window_width(arch)
    value = 0 if full.keys_are_values else arch.value_dim or full.head_dim
    return float(full.kv_heads * (full.head_dim + value))


def lacking(gpu: Accelerator) -> str | None:
    """Return which figure is missing to work out the speed of a GPU; None where none is."""
    return None if gpu.tflops.bf16 or gpu.tflops.fp16 else "tflops.bf16"


def gpu_shape(hardware: Hardware, gpu: Accelerator) -> GpuShape | None:
    """Return what a GPU can do; None when the catalog has no 16-bit peak or no link for it."""
    peak = gpu.tflops
    half = peak.bf16 or peak.fp16
    if half is None:
        return None
    visible = gpu.visible_memory_mib * MIB / VISIBLE_SHARE if gpu.visible_memory_mib else None
    return GpuShape(
        memory_bytes=min(visible or np.inf, gpu.memory_gib * GIB),
        bandwidth_bytes_per_s=gpu.bandwidth_gb_per_s * 1e9,
        flops_16=half * 1e12,
        flops_8=_times(peak.fp8, 1e12),
        flops_4=_times(peak.fp4, 1e12),
        link_bytes_per_s=_times(gpu.link.gb_per_s, 1e9),
        link_joins=float(gpu.link.joins or np.inf),
        beyond_bytes_per_s=_times(gpu.link.beyond_gb_per_s, 1e9),
        pcie=gpu.link.kind == "pcie",
        rocm=gpu.vendor == "amd",
        measured=gpu.kernel_share is not None,
        admits_more=gpu.memory_gib >= LARGE_MEMORY_GIB and "a100" not in gpu.name.lower(),
        **_kernel_shares(hardware, gpu),
    )


def _times(value: float | None, factor: float) -> float:
    """Return a product; the one NaN of numpy for what is not known, so that shapes are equal."""
    return value * factor if value else np.nan


def _kernel_shares(hardware: Hardware, gpu: Accelerator) -> dict[str, float]:
    """Return the GPU's own kernel shares, else those of its family, else those of any other."""
    known = hardware.kernel_shares
    shares: dict[str, float] = {}
    for said in (known.get(OTHER), known.get(gpu.family), gpu.kernel_share):
        if said is not None:
            stated = zip(SHARES, (said.bf16, said.fp8, said.fp4), strict=True)
            shares |= {name: value for name, value in stated if value is not None}
    return shares


def stacked(shapes: Sequence[Shape]) -> Shape:
    """Return one shape whose fields are arrays over `shapes` [shapes]."""
    first = shapes[0]
    columns = {f.name: np.array([getattr(s, f.name) for s in shapes]) for f in fields(first)}
    return type(first)(**columns)


def taken(shape: Shape, rows: Indices | int) -> Shape:
    """Return the elements `rows` of a shape whose fields are arrays."""
    return type(shape)(**{f.name: getattr(shape, f.name)[rows] for f in fields(shape)})
