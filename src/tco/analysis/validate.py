"""Measurements held against the capacity model: predictions, bands, error statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tco.analysis.measured import Inputs, Row, inputs, usable
from tco.engine import capacity, memory
from tco.engine.constants import EVIDENCE, FITTED, Constants
from tco.engine.evidence import evidence, ttft_ends
from tco.engine.shapes import Floats, GpuShape, ModelShape, Number

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Requests in flight are at all stages of their output; servers admit a little more than the mean.
MEAN_OUTPUT_SHARE = 0.75
TP_GUESSES = (1.0, 2.0, 4.0, 8.0)
FLAG_RATIO = 2.0
WITHIN = "within_25pct"
STATISTICS = ("median_abs_pct_error", "p90_abs_log_ratio", WITHIN, "band_coverage")


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


def _batch(rows: Inputs) -> Floats:
    admitted = rows.isl + MEAN_OUTPUT_SHARE * rows.osl
    room = memory.free_bytes(rows.model, rows.gpu, rows.layout)
    fit = room / memory.kv_bytes_per_sequence(rows.model, rows.layout, admitted)
    asked = np.minimum(rows.concurrency / rows.replicas, rows.max_batch)
    believed = (room <= 0.0) & np.isfinite(asked)
    fit = np.where(rows.memory_bound & ~believed, fit, np.inf)
    return np.maximum(np.minimum(asked, fit), 1.0)


def predict(what: Cases, constants: Constants = FITTED) -> Floats:
    """Return the predicted output tokens per second of each row [token/s]."""
    rows = what.inputs
    # A rate without prefill time is one with all of it cached.
    speed = _speed(what, 1.0 - rows.prefill, constants)
    total = rows.replicas * speed.output_tokens_per_s
    return np.asarray(np.maximum.reduceat(total, what.first))


def latencies(what: Cases, constants: Constants = FITTED) -> tuple[Floats, Floats]:
    """Return the predicted time per output token and to the first one of each row [s].

    Requests beyond those that fit in memory wait for a place before anything else: that time is
    added to the first token.
    """
    rows = what.inputs
    speed = _speed(what, 0.0, constants)
    asked = np.minimum(rows.concurrency / rows.replicas, rows.max_batch)
    waiting = np.where(np.isfinite(asked), np.maximum(asked - what.batch, 0.0), 0.0)
    first = speed.ttft_s + waiting / speed.requests_per_s
    stalled = np.where(rows.prefill > 0.0, speed.tpot_s, rows.layout.pp * speed.step_s)
    return np.asarray(stalled)[what.first], np.asarray(first)[what.first]


def _speed(what: Cases, cached_share: Number, constants: Constants) -> capacity.Capacity:
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
        WITHIN: float(np.mean(off <= 0.25)),
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

    Error is |predicted / measured - 1|; `by` breaks it down by source, GPU, model and kind of
    evidence and flags what is off by more than a factor of two in its median. `tpot` and `ttft` are
    there where the rows state those times.

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
    kind = evidence(data.model, data.gpu, data.profile, layout_known=data.layout_known)
    labelled = data.names | {"kind": np.array(EVIDENCE)[kind]}
    names = {column: labels[known] for column, labels in labelled.items()}
    ratio = ratio[known]
    inside = (ratio >= low) & (ratio <= high)
    whole = errors(ratio) | _covered(inside)
    by = {
        column: {
            str(name): errors(ratio[labels == name])
            | (_covered(inside[labels == name]) if column == "kind" else {})
            for name in np.unique(labels)
        }
        for column, labels in names.items()
    }
    result |= {name: whole[name] for name in STATISTICS}
    return result | _times(data, constants) | {"by": by}


def _covered(inside: NDArray[np.bool_]) -> dict[str, float]:
    return {"band_coverage": float(np.mean(inside))}


def _times(data: Inputs, constants: Constants) -> dict[str, Any]:
    """Return how far the latencies are from those that the rows state; nothing where none does."""
    what = cases(data)
    tpot_s, ttft_s = latencies(what, constants)
    rate_low, rate_high = bands(data)
    ends = {"tpot": (1.0 / rate_high, 1.0 / rate_low), "ttft": ttft_ends(np.ones_like(ttft_s))}
    found: dict[str, Any] = {}
    for name, predicted, measured in (("tpot", tpot_s, data.tpot_s), ("ttft", ttft_s, data.ttft_s)):
        ratio = measured / predicted
        known = np.isfinite(ratio)
        if known.any():
            low, high = (np.asarray(end)[known] for end in ends[name])
            ratio = ratio[known]
            every = errors(ratio) | _covered((ratio >= low) & (ratio <= high))
            found[name] = {key: every[key] for key in ("rows", *STATISTICS) if key != WITHIN}
    return found


def _take(rows: Any, index: NDArray[np.intp]) -> Any:
    if isinstance(rows, np.ndarray):
        return rows[index]
    if isinstance(rows, dict):
        return {name: _take(value, index) for name, value in rows.items()}
    return replace(rows, **{f.name: _take(getattr(rows, f.name), index) for f in fields(rows)})
