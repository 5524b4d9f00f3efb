"""Measurements held against the capacity model: predictions, bands, error statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tco.analysis.measured import Inputs, Row, inputs, usable
from tco.engine import capacity, memory
from tco.engine.constants import FITTED, Constants
from tco.engine.shapes import Floats, GpuShape, ModelShape

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Requests in flight are at all stages of their output; servers admit a little more than the mean.
MEAN_OUTPUT_SHARE = 0.75
TP_GUESSES = (1.0, 2.0, 4.0, 8.0)
FLAG_RATIO = 2.0
STATISTICS = ("median_abs_pct_error", "p90_abs_log_ratio", "within_25pct", "band_coverage")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """What to predict: one case a row, several where the layout is unknown.

    Args:
        inputs: The rows' inputs, repeated where a row has several cases.
        batch: Requests in flight per replica [1].
        first: Index of each row's first case [1].
    """

    inputs: Inputs
    batch: Floats
    first: NDArray[np.intp]


def cases(rows: Inputs) -> Cases:
    """Return what to predict for each row, with the batch that is really in flight.

    Unknown layouts are tried with tp of 1, 2, 4 and 8 on all GPUs. In flight are at most the
    requests whose mean context fits in memory; a row that was measured did fit at least once.
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


def _batch(rows: Inputs) -> Floats:
    admitted = rows.isl + MEAN_OUTPUT_SHARE * rows.osl
    room = memory.free_bytes(rows.model, rows.gpu, rows.layout)
    fit = room / memory.kv_bytes_per_sequence(rows.model, rows.layout, admitted)
    fit = np.where(rows.memory_bound, fit, np.inf)
    asked = np.minimum(rows.concurrency / rows.replicas, rows.max_batch)
    return np.maximum(np.minimum(asked, fit), 1.0)


def predict(what: Cases, constants: Constants = FITTED) -> Floats:
    """Return the predicted output tokens per second of each row [token/s]."""
    rows = what.inputs
    speed = capacity.replica(
        rows.model,
        rows.gpu,
        rows.layout,
        isl=rows.isl,
        osl=rows.osl,
        batch=what.batch,
        profile=rows.profile,
        cached_share=1.0 - rows.prefill,  # a rate without prefill time is one with all of it cached
        constants=constants,
    )
    total = rows.replicas * speed.output_tokens_per_s
    return np.asarray(np.maximum.reduceat(total, what.first))


def bands(rows: Inputs) -> tuple[Floats, Floats]:
    """Return the factors on each row's prediction that bound its 80 % band [1]."""
    low, high = capacity.band(rows.model, rows.gpu, rows.profile, layout_known=rows.layout_known)
    return np.asarray(low), np.asarray(high)


def errors(ratio: Floats) -> dict[str, float | int | bool]:
    """Return the error statistics of `ratio`, measured / predicted [1]; NaN when empty."""
    if not ratio.size:
        return {"rows": 0}
    off = np.abs(1.0 / ratio - 1.0)
    middle = float(np.median(ratio))
    return {
        "rows": int(ratio.size),
        "median_abs_pct_error": float(np.median(off)),
        "p90_abs_log_ratio": float(np.quantile(np.abs(np.log(ratio)), 0.9)),
        "within_25pct": float(np.mean(off <= 0.25)),
        "median_ratio": middle,
        "flagged": not 1.0 / FLAG_RATIO <= middle <= FLAG_RATIO,
    }


def validate(
    rows: Sequence[Row],
    models: Mapping[str, ModelShape],
    gpus: Mapping[str, GpuShape],
    constants: Constants = FITTED,
) -> dict[str, Any]:
    """Return how far the model is from the measurements in `rows`, and what was left out and why.

    Error is |predicted / measured - 1|; `by` breaks it down by source, GPU and model and flags
    what is off by more than a factor of two in its median.

    Args:
        rows: Cells by column name, as in `benchmarks/data/capacity_dev.csv`.
        models, gpus: Shapes by the names that the rows use.
        constants: Fitted constants.
    """
    kept, skipped = usable(rows, models, gpus)
    data = inputs(kept, models, gpus) if kept else None
    ratio = data.measured / predict(cases(data), constants) if data else np.empty(0)
    known = np.isfinite(ratio)
    if not known.all():
        skipped |= {"no prediction: a figure of the gpu or model is unknown": int((~known).sum())}
    result: dict[str, Any] = {"rows": len(rows), "used": int(known.sum()), "skipped": skipped}
    if data is None or not known.any():
        return result | dict.fromkeys(STATISTICS) | {"by": {}}
    low, high = (end[known] for end in bands(data))
    names = {column: labels[known] for column, labels in data.names.items()}
    ratio = ratio[known]
    whole = errors(ratio)
    whole["band_coverage"] = float(np.mean((ratio >= low) & (ratio <= high)))
    by = {
        column: {str(name): errors(ratio[labels == name]) for name in np.unique(labels)}
        for column, labels in names.items()
    }
    return result | {name: whole[name] for name in STATISTICS} | {"by": by}


def _take(rows: Any, index: NDArray[np.intp]) -> Any:
    if isinstance(rows, np.ndarray):
        return rows[index]
    if isinstance(rows, dict):
        return {name: _take(value, index) for name, value in rows.items()}
    return replace(rows, **{f.name: _take(getattr(rows, f.name), index) for f in fields(rows)})
