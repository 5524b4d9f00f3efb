"""A file of measurements held against the capacity model, its names read by the catalogs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, TypeVar

from tco.analysis.shapes import gpu_shape, model_shape
from tco.analysis.size_results import ValidationResult
from tco.analysis.validate import validate
from tco.catalog.lookup import find_gpu, find_model
from tco.engine.shapes import GpuShape, ModelShape
from tco.errors import UnknownNameError

if TYPE_CHECKING:
    from tco.catalog.load import Catalog
    from tco.catalog.throughput import Row

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


def model_of(catalog: Catalog, name: str) -> ModelShape | None:
    try:
        found = find_model(catalog, name)
    except UnknownNameError:
        return None
    model = catalog.models.models[found]
    return model_shape(model) if _means(name, found, model.name, *model.aliases) else None


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
