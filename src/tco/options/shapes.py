"""From a catalog's words to the engine's numbers: models, GPUs, measured rows and their errors."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from tco.engine import capacity
from tco.engine.constants import FITTED, VISIBLE_SHARE, Constants
from tco.engine.replica import Replica
from tco.engine.shapes import (
    BLOCK,
    KV_BYTES,
    PRECISIONS,
    Floats,
    GpuShape,
    Indices,
    Layout,
    ModelShape,
    Number,
    Precision,
    ServerProfile,
    precision,
)
from tco.records import dataclass, mapped
from tco.units import GIB, MIB

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tco.catalog.hardware import Accelerator, Hardware
    from tco.catalog.models import Architecture, Model
    from tco.options.settings import Settings
    from tco.options.setups import GpuEntry


# From a catalog's words to the engine's numbers: models, GPUs, and stacks of them.

Shape = TypeVar("Shape", ModelShape, GpuShape, Layout, Replica, Precision, ServerProfile)


LARGE_MEMORY_GIB = 70
"""Memory from which vLLM takes on 1,024 requests at once by default, A100s apart."""

BYTES_16 = 2
PACKED = PRECISIONS["mxfp4"]

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
        expert_bytes=PACKED.weight_bytes if model.native_precision == "mxfp4" else np.nan,
        experts=float(experts.count) if experts else 1.0,
        experts_per_token=float(experts.per_token) if experts else 1.0,
        layers=float(arch.layers),
        hidden_size=float(arch.hidden_size),
        heads=float(arch.heads),
        vocab_size=float(arch.vocab_size),
        tied_embeddings=arch.tied_embeddings,
        index_topk=float(arch.index_topk) if arch.index_topk else np.inf,
        **_odd(arch, params.total),
        **_cache(arch),
        outside=arch.outside_calibration is not None,
    )


def _odd(arch: Architecture, params_b: float) -> dict[str, Any]:
    """Return the shares of weights in rows of no whole block: `inner` long, or else `wide`."""
    wide, experts = arch.hidden_size, arch.experts
    inner, back_b = arch.ffn or 0, (arch.ffn or 0) * arch.layers * wide / 1e9
    if experts is not None:
        matrices = experts.matrices or arch.ffn_matrices
        inner, back_b = experts.expert_ffn or 0, experts.routed_params_b / matrices
    tables_b = (1 if arch.tied_embeddings else 2) * arch.vocab_size * wide / 1e9
    down = back_b / max(params_b - tables_b, back_b, 1e-9)
    odd = (1.0 - down) * (wide % BLOCK > 0), down * (inner % BLOCK > 0)
    return {"odd_share": odd[0], "odd_down_share": odd[1]}


def _cache(arch: Architecture) -> dict[str, Any]:
    """Return the fields of a shape that say what is cached.

    A shape has one kind of layer. Heads of two shapes become the width and the share of full
    layers that cache the same bytes at any context; a compressed cache becomes as many layers as
    it keeps entries a token, its windows a fixed state of 16 bits.
    """
    mla, layers = arch.mla, arch.attention_layers or arch.layers
    said: dict[str, Any] = {
        "attention_layers": float(layers),
        "index_share": (arch.index_layers or layers) / layers,
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
        share = arch.full_attention_share
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
    return mapped(shape, lambda column: column[rows])


# Rows of measured throughput to inputs of the capacity model; what cannot be used, and why.

Row = Mapping[str, str]

MODES = ("continuous", "static_batch", "single_stream")
TEXTS = ("model", "gpu", "weight_dtype", "kv_dtype", "engine", "mode")
POSITIVE = ("n_gpus", "isl", "osl", "output_tok_s")
OPTIONAL = ("replicas", "tp", "pp", "concurrency", "max_batch_per_replica")
FLAGS = ("dp_attention", "layer_split", "prefill_included")

# Servers whose scheduler and kernels are compiled or specialised, whatever their date. A server
# that no source names was set up by somebody who had reasons to: MLPerf's submitters, mostly.
COMPILED = ("tensorrt", "trt", "nim", "lmdeploy", "atom", "gpt-fast", "unknown")
# Runners for one user, whose scheduler is a few fixed slots at most.
RUNNERS = ("llama.cpp", "ollama", "lm studio")
# Since 2025 vLLM (V1) and SGLang (overlapped scheduler) hide most of their host time.
MODERN_SINCE = 2025


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredInputs:
    """The usable rows of a file as arrays, one element a row.

    Args:
        model, gpu, layout, profile: Shapes with array fields.
        isl, osl: Tokens per request [token].
        concurrency: Requests in flight over all replicas; `inf` when as many as fit [1].
        max_batch: Limit of the server per replica; `inf` without one [1].
        replicas: Replicas that the measured rate sums over; NaN when the layout is unknown [1].
        n_gpus: GPUs in all [1].
        prefill: 1 when the measured rate includes prefill time, else 0 [1].
        layout_known: The row states tp.
        memory_bound: Requests wait when memory is full; else the stated batch stands.
        at_once: A batch starts and ends together.
        measured: Output tokens per second [token/s].
        names: Source, GPU and model of each row, for the breakdown.
        tpot_s, ttft_s: Time per output token and to the first one; NaN where not measured [s].
    """

    model: ModelShape
    gpu: GpuShape
    layout: Layout
    profile: ServerProfile
    isl: Floats
    osl: Floats
    concurrency: Floats
    max_batch: Floats
    replicas: Floats
    n_gpus: Floats
    prefill: Floats
    layout_known: NDArray[np.bool_]
    memory_bound: NDArray[np.bool_]
    at_once: NDArray[np.bool_]
    measured: Floats
    names: dict[str, NDArray[np.str_]]
    tpot_s: Floats
    ttft_s: Floats


def usable(
    rows: Sequence[Row], models: Mapping[str, ModelShape], gpus: Mapping[str, GpuShape]
) -> tuple[list[Row], dict[str, int]]:
    """Return the rows that a prediction is possible for, and how many others by reason [1]."""
    reasons = [complaint(row, models, gpus) for row in rows]
    kept = [row for row, reason in zip(rows, reasons, strict=True) if reason is None]
    return kept, dict(Counter(reason for reason in reasons if reason is not None))


def complaint(
    row: Row, models: Mapping[str, ModelShape], gpus: Mapping[str, GpuShape]
) -> str | None:
    """Return why `row` cannot be used, or None."""
    for column in (*TEXTS, *POSITIVE):
        if not (row.get(column) or "").strip():
            return f"missing {column}"
    for column in (*POSITIVE, *OPTIONAL):
        if not _positive(row.get(column) or ""):
            return f"{column} is not a positive number"
    for column in FLAGS:
        if (row.get(column) or "").strip() not in ("", "0", "1"):
            return f"{column} is neither 0 nor 1"
    return _unknown(row, models, gpus) or _impossible(row)


def _unknown(
    row: Row, models: Mapping[str, ModelShape], gpus: Mapping[str, GpuShape]
) -> str | None:
    known = {
        "model": row["model"] in models,
        "gpu": row["gpu"] in gpus,
        "weight_dtype": precision(row["weight_dtype"]) is not None,
        "kv_dtype": row["kv_dtype"].lower() in KV_BYTES,
        "mode": row["mode"] in MODES,
    }
    return next((f"unknown {column}" for column, yes in known.items() if not yes), None)


def _impossible(row: Row) -> str | None:
    if row["mode"] != "continuous" and not (row.get("concurrency") or "").strip():
        return "missing concurrency"
    if float(row["n_gpus"]) % 1.0:
        return "n_gpus is not a whole number"
    return None


def _positive(text: str) -> bool:
    if not text.strip():
        return True
    try:
        return 0.0 < float(text) < np.inf
    except ValueError:
        return False


def profile_flags(row: Row) -> dict[str, bool]:
    """Return what kind of server a row was measured on, read from engine, date, mode and GPU.

    Compiled engines and Gaudi's graphs count as tuned, vLLM and SGLang from 2025 on too; a single
    stream is a local runner, and so is llama.cpp with several; an engine called unknown is tuned;
    the rest is untuned. AMD software of 2024 is legacy unless compiled.
    """
    engine, gpu = row["engine"].lower(), row["gpu"].lower()
    years = re.findall(r"20\d\d", row.get("date") or "")
    old = bool(years) and int(years[0]) < MODERN_SINCE
    compiled = "gaudi" in gpu or any(name in engine for name in COMPILED)
    runner = any(name in engine for name in RUNNERS)
    local = (row["mode"] == "single_stream" or runner) and not compiled
    served = any(name in engine for name in ("vllm", "sglang"))
    return {
        "untuned": not (compiled or local or (served and not old)),
        "legacy": old,
        "legacy_rocm": gpu.startswith("mi") and old and not compiled,
        "sglang": "sglang" in engine,
        "single_stream": local,
    }


def inputs(
    rows: Sequence[Row], models: Mapping[str, ModelShape], gpus: Mapping[str, GpuShape]
) -> MeasuredInputs:
    """Return usable `rows` as arrays."""
    n_gpus, tp = _column(rows, "n_gpus", np.nan), _column(rows, "tp", np.nan)
    implied = n_gpus / (tp * _column(rows, "pp", 1.0))  # NaN where tp is not stated
    stated = np.isfinite(implied)
    replicas = _column(rows, "replicas", np.nan)
    replicas = np.where(np.isnan(replicas), implied, replicas)
    mode = np.array([row["mode"] for row in rows])
    model = stacked([models[row["model"]] for row in rows])
    profile = stacked([ServerProfile(**profile_flags(row)) for row in rows])
    return MeasuredInputs(
        model=model,
        gpu=stacked([gpus[row["gpu"]] for row in rows]),
        layout=_layout(rows, model, profile),
        profile=profile,
        isl=_column(rows, "isl", np.nan),
        osl=_column(rows, "osl", np.nan),
        concurrency=_column(rows, "concurrency", np.inf),
        max_batch=_column(rows, "max_batch_per_replica", np.inf),
        replicas=replicas,
        n_gpus=n_gpus,
        prefill=_column(rows, "prefill_included", 1.0),
        layout_known=stated,
        memory_bound=mode != "single_stream",
        at_once=mode == "static_batch",
        measured=_column(rows, "output_tok_s", np.nan),
        names={
            column: np.array([row.get(column) or "" for row in rows])
            for column in ("source", "gpu", "model")
        },
        tpot_s=_latency_s(rows, "tpot_ms"),
        ttft_s=_latency_s(rows, "ttft_ms"),
    )


def _layout(rows: Sequence[Row], model: ModelShape, profile: ServerProfile) -> Layout:
    local = np.atleast_1d(profile.single_stream)
    names = zip((row["weight_dtype"] for row in rows), local, strict=True)
    formats = stacked([f for name, runner in names if (f := precision(name, bool(runner)))])
    compiled = np.array([re.search("tensorrt|trt|nim", row["engine"].lower()) for row in rows])
    lean = compiled.astype(bool)
    return Layout(
        tp=_column(rows, "tp", 1.0),
        pp=_column(rows, "pp", 1.0),
        nodes=np.ones(len(rows)),  # no source says in which servers its stages lay
        dp_attention=_column(rows, "dp_attention", 0.0) > 0.0,
        layer_split=_column(rows, "layer_split", 0.0) > 0.0,
        kv_bytes=np.array([KV_BYTES[row["kv_dtype"].lower()] for row in rows]),
        **formats.columns(model),
        memory_share=np.where(lean, 0.96, 0.90),
        reserve_bytes=np.where(lean, 1.0e9, 2.5e9),
    )


def _latency_s(rows: Sequence[Row], name: str) -> Floats:
    """Return a column of milliseconds in seconds; NaN where it states no time [s]."""
    cells = [(row.get(name) or "").strip() for row in rows]
    ms = np.array([float(cell) if cell and _positive(cell) else np.nan for cell in cells])
    return ms / 1e3


def _column(rows: Sequence[Row], name: str, missing: float) -> Floats:
    cells = [(row.get(name) or "").strip() for row in rows]
    return np.array([float(cell) if cell else missing for cell in cells])


# Measurements held against the capacity model: predictions, bands, error statistics.

# Requests in flight are at all stages of their output; servers admit a little more than the mean.
MEAN_OUTPUT_SHARE = 0.75
TP_GUESSES = (1.0, 2.0, 4.0, 8.0)
FLAG_RATIO = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """What to predict: one case a row, several where the layout is unknown.

    Args:
        inputs: The rows' inputs, repeated where a row has several cases.
        batch: Requests in flight per replica [1].
        first: Index of each row's first case [1].
    """

    inputs: MeasuredInputs
    batch: Floats
    first: NDArray[np.intp]


def cases(rows: MeasuredInputs) -> Cases:
    """Return what to predict for each row, with the batch that is really in flight.

    Unknown layouts are tried with tp of 1, 2, 4 and 8 on all GPUs. In flight are at most the
    requests whose mean context fits in memory; a row that was measured did fit at least once. Where
    not even the weights fit as stated, something is stated otherwise than it was, and the requests
    in flight are believed.
    """
    counts = [
        [0.0] if known else [tp for tp in TP_GUESSES if n % tp == 0.0]
        for known, n in zip(rows.layout_known, rows.n_gpus, strict=True)
    ]
    index = np.repeat(np.arange(len(counts)), [len(tps) for tps in counts])
    first = np.searchsorted(index, np.arange(len(counts)))
    guessed = np.concatenate([np.array(tps) for tps in counts])
    every = _take(rows, index)
    layout = replace(every.layout, tp=np.where(every.layout_known, every.layout.tp, guessed))
    replicas = np.where(every.layout_known, every.replicas, every.n_gpus / layout.tp)
    every = replace(every, layout=layout, replicas=replicas)
    return Cases(inputs=every, batch=_batch(every), first=first)


def _batch(rows: MeasuredInputs) -> Floats:
    admitted = rows.isl + MEAN_OUTPUT_SHARE * rows.osl
    room = capacity.free_bytes(rows.model, rows.gpu, rows.layout)
    fit = room / capacity.kv_bytes_per_sequence(rows.model, rows.layout, admitted)
    asked = np.minimum(rows.concurrency / rows.replicas, rows.max_batch)
    believed = (room <= 0.0) & np.isfinite(asked)
    fit = np.where(rows.memory_bound & ~believed, fit, np.inf)
    return np.maximum(np.minimum(asked, fit), 1.0)


def predict(what: Cases, constants: Constants = FITTED) -> Floats:
    """Return the predicted output tokens per second of each row [token/s]."""
    rows = what.inputs
    # A rate without prefill time is one with all of it cached.
    speed = speed_of(what, 1.0 - rows.prefill, constants)
    total = rows.replicas * speed.output_tokens_per_s
    return np.asarray(np.maximum.reduceat(total, what.first))


def speed_of(what: Cases, cached_share: Number, constants: Constants) -> capacity.Capacity:
    """Return how fast the replicas of each case are."""
    rows = what.inputs
    return capacity.replica(
        rows.model,
        rows.gpu,
        rows.layout,
        isl=rows.isl,
        osl=rows.osl,
        batch=what.batch,
        profile=rows.profile,
        cached_share=cached_share,
        constants=constants,
    )


def _take(rows: Any, index: NDArray[np.intp]) -> Any:
    if isinstance(rows, np.ndarray):
        return rows[index]
    if isinstance(rows, dict):
        return {name: _take(value, index) for name, value in rows.items()}
    return replace(rows, **{f.name: _take(getattr(rows, f.name), index) for f in fields(rows)})


# How a server lays a model out on GPUs.

DATA_ATTENTION = 2.0
"""Value of `serving.parallel` for attention that is cut by requests."""

SERVER_RESERVE_BYTES = 2.5e9
"""Activations, graphs and libraries of a server, per GPU; judgment [byte]."""

LOCAL_RESERVE_BYTES = 0.8e9
"""Compute buffers and context of llama.cpp, per GPU, which takes all memory that is free; judgment
[byte]."""


def server_layout(settings: Settings, profile: ServerProfile) -> Layout:
    """Return how a server lays a model out on one GPU, whatever the model and its precision."""
    return Layout(
        tp=1.0,
        pp=1.0,
        nodes=1.0,
        kv_bytes=float(settings.value("serving.kv_bytes")),
        memory_share=float(settings.value("serving.memory_share")),
        reserve_bytes=LOCAL_RESERVE_BYTES if profile.single_stream else SERVER_RESERVE_BYTES,
        layer_split=bool(profile.single_stream),
        dp_attention=float(settings.value("serving.parallel")) == DATA_ATTENTION,
    )


def layout_of(model: ModelShape, gpus: int, gpu: GpuEntry, name: str, server: Layout) -> Layout:
    """Return how a replica is laid out: tensor parallel in a node, one pipeline stage a node."""
    tp = min(gpus, gpu.node_gpus)
    return replace(
        server,
        tp=float(tp),
        pp=float(gpus // tp),
        nodes=float(gpus // tp),
        dp_attention=server.dp_attention and float(model.routed_params) > 0.0,
        **served_precision(name, server).columns(model),
    )


def served_precision(name: str, server: Layout) -> Precision:
    """Return what weights take at a precision, as the server writes it."""
    found = precision(name, local=bool(server.layer_split))
    if found is None:
        raise ValueError(f"no precision called {name}")
    return found
