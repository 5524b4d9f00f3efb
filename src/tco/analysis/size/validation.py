"""How far the capacity model is from what was measured, by source, GPU, model and evidence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from tco.analysis.size.results import ValidationResult
from tco.catalog.lookup import find_gpu, find_model
from tco.engine import capacity
from tco.engine.constants import EVIDENCE, FITTED, Constants, band, evidence, ttft_ends
from tco.engine.shapes import Floats, GpuShape, ModelShape
from tco.errors import UnknownNameError
from tco.options.shapes import (
    FLAG_RATIO,
    Cases,
    MeasuredInputs,
    Row,
    cases,
    gpu_shape,
    inputs,
    model_shape,
    predict,
    speed_of,
    usable,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tco.catalog.load import Catalog

WITHIN = "within_25pct"
STATISTICS = ("median_abs_pct_error", "p90_abs_log_ratio", WITHIN, "band_coverage")


def latencies(what: Cases, constants: Constants = FITTED) -> tuple[Floats, Floats]:
    """Return the predicted time per output token and to the first one of each row [s].

    Requests beyond those that fit in memory wait for a place before anything else: that time is
    added to the first token.
    """
    rows = what.inputs
    speed = speed_of(what, 0.0, constants)
    asked = np.minimum(rows.concurrency / rows.replicas, rows.max_batch)
    waiting = np.where(np.isfinite(asked), np.maximum(asked - what.batch, 0.0), 0.0)
    together = capacity.ttft_at_once_s(rows.layout, speed, what.batch, constants)
    first = np.where(rows.at_once, together, speed.ttft_s) + waiting / speed.requests_per_s
    stalled = np.where(rows.prefill > 0.0, speed.tpot_s, rows.layout.pp * speed.step_s)
    return np.asarray(stalled)[what.first], np.asarray(first)[what.first]


def bands(rows: MeasuredInputs) -> tuple[Floats, Floats]:
    """Return the factors on each row's prediction that bound its 80 % band [1]."""
    low, high = band(rows.model, rows.gpu, rows.profile, layout_known=rows.layout_known)
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
    return result | _validate_times(data, constants) | {"by": by}


def _covered(inside: NDArray[np.bool_]) -> dict[str, float]:
    return {"band_coverage": float(np.mean(inside))}


def _validate_times(data: MeasuredInputs, constants: Constants) -> dict[str, Any]:
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


Shape = TypeVar("Shape", ModelShape, GpuShape)


def size_validation(catalog: Catalog, rows: list[Row]) -> ValidationResult:
    """Return how far the capacity model is from measured rows.

    Rows that cannot be used are counted by reason; a name counts as known when it is an id or
    another name of a catalog that also has its dimensions.
    """
    models = _shapes({row["model"] for row in rows}, lambda name: model_of(catalog, name))
    gpus = _shapes({row["gpu"] for row in rows}, lambda name: gpu_of(catalog, name))
    return ValidationResult(**validate(rows, models, gpus))


def _shapes(names: Iterable[str], shape: Callable[[str], Shape | None]) -> Mapping[str, Shape]:
    found = {name: shape(name) for name in names if name.strip()}
    return {name: made for name, made in found.items() if made is not None}


EDITION = re.compile(r"[-_ ](instruct|chat|it|hf|bf16|fp8|fp4|nvfp4|mxfp4|int4|awq|gptq)$")
"""What a file may add to the name of a model without meaning another."""


def model_of(catalog: Catalog, name: str) -> ModelShape | None:
    """Return the shape of the one model that a file calls by a name; None where it is not sure."""
    models = catalog.models.models
    try:
        found = find_model(catalog, name)
    except UnknownNameError:
        found = ""
    if found and _means(name, found, models[found].name, *models[found].aliases):
        return model_shape(models[found])
    bare = EDITION.sub("", EDITION.sub("", name.casefold()))
    some = [m for i, m in models.items() if _means(bare, i, m.name, *m.aliases)]
    return model_shape(some[0]) if len(some) == 1 else None


def gpu_of(catalog: Catalog, name: str) -> GpuShape | None:
    try:
        found = find_gpu(catalog, name)
    except UnknownNameError:
        return None
    gpu = catalog.hardware.accelerators[found]
    known = _means(name, found, gpu.name, *gpu.aliases)
    return gpu_shape(catalog.hardware, gpu) if known else None


def _means(name: str, *known: str) -> bool:
    """Return whether a name is one of those known, not only how one of them begins."""
    return _letters(name) in {_letters(other) for other in known}


def _letters(name: str) -> str:
    return "".join(c for c in name.casefold() if c not in " _-")
