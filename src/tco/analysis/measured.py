"""Rows of measured throughput to inputs of the capacity model; what cannot be used, and why."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tco.engine.layout import KV_BYTES, Layout, Profile, precision
from tco.engine.shapes import GpuShape, ModelShape

Floats = NDArray[np.float64]
Row = Mapping[str, str]
Shape = TypeVar("Shape", ModelShape, GpuShape, Layout, Profile)

MODES = ("continuous", "static_batch", "single_stream")
TEXTS = ("model", "gpu", "weight_dtype", "kv_dtype", "engine", "mode")
POSITIVE = ("n_gpus", "isl", "osl", "output_tok_s")
OPTIONAL = ("replicas", "tp", "pp", "concurrency", "max_batch_per_replica")
FLAGS = ("dp_attention", "layer_split", "prefill_included")

# Servers whose scheduler and kernels are compiled or specialised, whatever their date. A server
# that no source names was set up by somebody who had reasons to: MLPerf's submitters, mostly.
COMPILED = ("tensorrt", "trt", "nim", "lmdeploy", "atom", "gpt-fast", "unknown")
# Since 2025 vLLM (V1) and SGLang (overlapped scheduler) hide most of their host time.
MODERN_SINCE = 2025


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
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
        measured: Output tokens per second [token/s].
        names: Source, GPU and model of each row, for the breakdown.
        tpot_s, ttft_s: Time per output token and to the first one; NaN where not measured [s].
    """

    model: ModelShape
    gpu: GpuShape
    layout: Layout
    profile: Profile
    isl: Floats
    osl: Floats
    concurrency: Floats
    max_batch: Floats
    replicas: Floats
    n_gpus: Floats
    prefill: Floats
    layout_known: NDArray[np.bool_]
    memory_bound: NDArray[np.bool_]
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
    stream is a local runner, an engine called unknown is tuned; the rest is untuned. AMD software
    of 2024 is legacy unless compiled.
    """
    engine, gpu = row["engine"].lower(), row["gpu"].lower()
    years = re.findall(r"20\d\d", row.get("date") or "")
    old = bool(years) and int(years[0]) < MODERN_SINCE
    compiled = "gaudi" in gpu or any(name in engine for name in COMPILED)
    local = row["mode"] == "single_stream" and not compiled
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
) -> Inputs:
    """Return usable `rows` as arrays."""
    flags = [profile_flags(row) for row in rows]
    n_gpus, tp = _column(rows, "n_gpus", np.nan), _column(rows, "tp", np.nan)
    implied = n_gpus / (tp * _column(rows, "pp", 1.0))  # NaN where tp is not stated
    stated = np.isfinite(implied)
    replicas = _column(rows, "replicas", np.nan)
    replicas = np.where(np.isnan(replicas), implied, replicas)
    mode = np.array([row["mode"] for row in rows])
    return Inputs(
        model=_stack([models[row["model"]] for row in rows]),
        gpu=_stack([gpus[row["gpu"]] for row in rows]),
        layout=_layout(rows),
        profile=Profile(**{name: np.array([f[name] for f in flags]) for name in flags[0]}),
        isl=_column(rows, "isl", np.nan),
        osl=_column(rows, "osl", np.nan),
        concurrency=_column(rows, "concurrency", np.inf),
        max_batch=_column(rows, "max_batch_per_replica", np.inf),
        replicas=replicas,
        n_gpus=n_gpus,
        prefill=_column(rows, "prefill_included", 1.0),
        layout_known=stated,
        memory_bound=mode != "single_stream",
        measured=_column(rows, "output_tok_s", np.nan),
        names={
            column: np.array([row.get(column) or "" for row in rows])
            for column in ("source", "gpu", "model")
        },
        tpot_s=_latency_s(rows, "tpot_ms"),
        ttft_s=_latency_s(rows, "ttft_ms"),
    )


def _layout(rows: Sequence[Row]) -> Layout:
    formats = [f.columns() for row in rows if (f := precision(row["weight_dtype"]))]
    compiled = np.array([re.search("tensorrt|trt|nim", row["engine"].lower()) for row in rows])
    lean = compiled.astype(bool)
    return Layout(
        tp=_column(rows, "tp", 1.0),
        pp=_column(rows, "pp", 1.0),
        nodes=np.ones(len(rows)),  # no source says in which servers its stages lay
        dp_attention=_column(rows, "dp_attention", 0.0) > 0.0,
        layer_split=_column(rows, "layer_split", 0.0) > 0.0,
        kv_bytes=np.array([KV_BYTES[row["kv_dtype"].lower()] for row in rows]),
        **{name: np.array([f[name] for f in formats]) for name in formats[0]},
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


def _stack(shapes: Sequence[Shape]) -> Shape:
    kind = type(shapes[0])
    return kind(**{f.name: np.array([getattr(s, f.name) for s in shapes]) for f in fields(kind)})
