"""Measurements of models like those asked about, each with its ratio to the model's prediction."""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from tco.analysis.measured import Inputs, Row, complaint, inputs
from tco.analysis.shapes import gpu_shape, model_shape
from tco.analysis.validate import cases, predict
from tco.catalog.lookup import find_gpu, find_model
from tco.engine.shapes import Flags, Floats, GpuShape, Indices, ModelShape
from tco.errors import UnknownNameError

if TYPE_CHECKING:
    from tco.catalog.load import Catalog
    from tco.catalog.throughput import Measurements

Name = TypeVar("Name", bound=Hashable)

KIN = (
    *("layers", "attention_layers", "hidden_size", "heads", "kv_heads", "head_dim", "mla"),
    *("experts", "experts_per_token", "full_attention_share", "window_tokens", "index_topk"),
)


def kin(shape: ModelShape) -> tuple[float, ...]:
    """Return what models of one build have in common: Llama 3.1 and 3.3 run alike."""
    return tuple(float(getattr(shape, name)) for name in KIN)


@dataclass(frozen=True, slots=True)
class Known:
    """Measured rows of some models on some GPUs; arrays over rows [rows].

    Args:
        models, gpus: Codes by kin and by id.
        rows: Their cells.
        where: File and line of each, or its source.
        model, gpu: Codes of each.
        yours: Whether the user measured it.
        inputs: What was measured, as the capacity model sees it; None when there are no rows.
        batch: Requests in flight in a replica [1].
        ratio: Measured over predicted [1].
    """

    models: dict[tuple[float, ...], int] = field(default_factory=dict)
    gpus: dict[str, int] = field(default_factory=dict)
    rows: tuple[Row, ...] = ()
    where: tuple[str, ...] = ()
    model: Indices = field(default_factory=lambda: np.array([], dtype=np.int64))
    gpu: Indices = field(default_factory=lambda: np.array([], dtype=np.int64))
    yours: Flags = field(default_factory=lambda: np.array([], dtype=bool))
    inputs: Inputs | None = None
    batch: Floats = field(default_factory=lambda: np.array([]))
    ratio: Floats = field(default_factory=lambda: np.array([]))

    def model_codes(self, shapes: Sequence[ModelShape]) -> Indices:
        """Return the code of each model; -1 for one that nobody measured [models]."""
        return np.array([self.models.get(kin(s), -1) for s in shapes], dtype=np.int64)

    def gpu_codes(self, ids: Sequence[str]) -> Indices:
        """Return the code of each GPU; -1 for one that nobody measured [gpus]."""
        return np.array([self.gpus.get(i, -1) for i in ids], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class _Found:
    """One measured row, and what its names mean."""

    row: Row
    where: str
    yours: bool
    kin: tuple[float, ...]
    gpu: str
    shape: ModelShape
    machine: GpuShape


def known(catalog: Catalog, models: Sequence[ModelShape], gpus: Sequence[str]) -> Known:
    """Return the measurements of models like these on these GPUs.

    Args:
        catalog: The data, with measurements.
        models: Models that are to be served.
        gpus: Ids of GPUs that they could be served on.

    Raises:
        DataError: A measurement of the user's names what no catalog knows.
    """
    wanted, ids = {kin(m) for m in models}, set(gpus)
    found = [one for file in catalog.measured for one in _found(catalog, file, wanted, ids)]
    if not found:
        return Known()
    shapes = {one.row["model"]: one.shape for one in found}
    machines = {one.row["gpu"]: one.machine for one in found}
    data = inputs([one.row for one in found], shapes, machines)
    what = cases(data)
    kins, on = _codes([one.kin for one in found]), _codes([one.gpu for one in found])
    return Known(
        models=kins,
        gpus=on,
        rows=tuple(one.row for one in found),
        where=tuple(one.where for one in found),
        model=np.array([kins[one.kin] for one in found]),
        gpu=np.array([on[one.gpu] for one in found]),
        yours=np.array([one.yours for one in found]),
        inputs=data,
        batch=what.batch[what.first],
        ratio=data.measured / predict(what),
    )


def _codes(names: Sequence[Name]) -> dict[Name, int]:
    return {name: i for i, name in enumerate(dict.fromkeys(names))}


def _found(
    catalog: Catalog, file: Measurements, wanted: Container[tuple[float, ...]], ids: Container[str]
) -> Iterator[_Found]:
    """Yield the rows of a file that are of models and GPUs wanted; the user's are all checked."""
    for index, (shape, alike), (gpu, can) in _sized(catalog, file):
        asked, row = gpu in ids and alike in wanted, file.table.rows[index]
        if not (asked or file.yours):
            continue
        whole = _whole(row)
        names = {row["model"]: shape}, {row["gpu"]: can}
        if file.yours and (why := complaint(whole, *names)):
            raise file.table.complaint(index, why)
        source = f"{file.table.path}:{file.table.lines[index]}" if file.yours else row["source"]
        if asked:
            yield _Found(whole, source, file.yours, alike, gpu, shape, can)


def _sized(
    catalog: Catalog, file: Measurements
) -> Iterator[tuple[int, tuple[ModelShape, tuple[float, ...]], tuple[str, GpuShape]]]:
    """Yield the rows of a file whose model and GPU the catalog can size, and what they are."""
    models: dict[str, tuple[ModelShape, tuple[float, ...]] | None] = {}
    gpus: dict[str, tuple[str, GpuShape | None]] = {}
    for index, row in enumerate(file.table.rows):
        name, machine = row["model"], row["gpu"]
        try:
            if name not in models:
                models[name] = _model(catalog, name)
            if machine not in gpus:
                gpus[machine] = _gpu(catalog, machine)
        except UnknownNameError as error:
            raise file.table.complaint(index, str(error)) from None
        model, (gpu, can) = models[name], gpus[machine]
        if model is not None and can is not None:
            yield index, model, (gpu, can)


def _model(catalog: Catalog, name: str) -> tuple[ModelShape, tuple[float, ...]] | None:
    models = catalog.models.models
    shape = model_shape(models[name if name in models else find_model(catalog, name)])
    return None if shape is None else (shape, kin(shape))


def _gpu(catalog: Catalog, name: str) -> tuple[str, GpuShape | None]:
    gpus = catalog.hardware.accelerators
    gpu = name if name in gpus else find_gpu(catalog, name)
    return gpu, gpu_shape(catalog.hardware, gpus[gpu])


def _whole(row: Row) -> Row:
    """Return a row whose layout is said: one replica over all GPUs where it is not."""
    if row.get("tp") and row.get("replicas"):
        return row
    replicas, pp = float(row.get("replicas") or 1), float(row.get("pp") or 1)
    tp = row.get("tp") or f"{float(row['n_gpus']) / replicas / pp:g}"
    return {**row, "tp": tp, "replicas": row.get("replicas") or "1"}
