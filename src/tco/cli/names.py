"""What users can type for models, GPUs, providers and so on, kept so that a shell can complete it.

The names are a small file beside the compiled catalog, under a key of their own (see
`catalog.cache`): a shell waits for them at every key, and reading a catalog would take too long.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tco import __version__
from tco.catalog import cache
from tco.catalog.files import SHIPPED, shipped_file

if TYPE_CHECKING:
    from tco.catalog.load import Catalog

Names = Mapping[str, list[str]]


def shipped_names() -> Names:
    """Return the names of the shipped catalog, by kind."""
    files = [shipped_file(name) for name in SHIPPED]
    key = cache.key(cache.digest(files), ["names", __version__])
    text = cache.recall(key)
    if text is None:
        from tco.catalog.load import load_catalog

        text = json.dumps(names_of(load_catalog())).encode()
        cache.remember(key, text)
    names: dict[str, list[str]] = json.loads(text)
    return names


def names_of(catalog: Catalog) -> Names:
    """Return the names of a catalog, by kind."""
    from tco.analysis.select import PURCHASES
    from tco.engine.layout import PRECISIONS, PROFILES

    models: Mapping[str, Any] = catalog.models.models
    real = [name for name, model in models.items() if model.never is None]
    return {
        "models": real,
        "own": [name for name in real if models[name].architecture is not None],
        "offers": [offer.id for offer in catalog.prices.offers],
        "providers": [*catalog.prices.providers],
        "gpus": [*catalog.hardware.accelerators],
        "sellers": [*catalog.hardware.sellers],
        "profiles": [*catalog.workloads.profiles],
        "assumptions": [*catalog.assumptions.assumptions],
        "benchmarks": sorted({s.benchmark for model in models.values() for s in model.scores}),
        "licenses": sorted({m.license.kind for m in models.values() if m.license is not None}),
        "purchases": [*PURCHASES],
        "precisions": [*PRECISIONS],
        "engines": [*PROFILES],
    }
