"""models.dev: its `api.json`, or the directory `providers/` of its repository."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tco.catalog.files import File, user_file
from tco.catalog.upstream.json_lines import read_json
from tco.catalog.upstream.rows import PriceList, Row, number
from tco.errors import DataError

NAMES = {
    "input": "input",
    "output": "output",
    "cached_input": "cache_read",
    "cache_write": "cache_write",
    "reasoning_output": "reasoning",
}


def price_list(file: File, edition: str = "") -> PriceList:
    """Return the rows of `api.json`.

    Raises:
        DataError: The file is not such a map.
    """
    read = read_json(file, 3)
    if not isinstance(read.value, dict):
        raise DataError(f"{file.path}:1: not the map of providers of models.dev")
    rows: list[Row] = []
    for provider, entry in read.value.items():
        models = entry.get("models") if isinstance(entry, dict) else None
        for name, model in models.items() if isinstance(models, dict) else ():
            line = read.line(provider, "models", name)
            rows += _row(file.path, line, provider, name, model)
    return _list(file.path, edition, rows)


def of_folder(folder: Path) -> PriceList:
    """Return the rows of the TOML files of a checkout.

    Raises:
        DataError: A file cannot be read, or there is none.
    """
    root = folder / "providers" if (folder / "providers").is_dir() else folder
    rows: list[Row] = []
    for path in sorted(root.glob("*/models/**/*.toml")):
        if not path.is_file():  # a link to a model that is described elsewhere, or to nothing
            continue
        parts = path.relative_to(root).with_suffix("").parts
        try:
            model = tomllib.loads(user_file(path).data.decode("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError):
            raise DataError(f"{path}:1: not TOML") from None
        rows += _row(str(path), 1, parts[0], "/".join(parts[2:]), model)
    return _list(str(folder), "", rows)


def _list(path: str, edition: str, rows: list[Row]) -> PriceList:
    if not rows:
        raise DataError(f"{path}:1: no row of it has a price as models.dev writes them")
    return PriceList(kind="models.dev", file=path, edition=edition, rows=tuple(rows))


def _row(path: str, line: int, provider: str, name: str, model: Any) -> Iterator[Row]:
    cost = model.get("cost") if isinstance(model, dict) else None
    rates = _rates(cost) if isinstance(cost, dict) else {}
    if isinstance(cost, dict) and ("input" in rates or "output" in rates):
        yield Row(
            file=path,
            line=line,
            provider=provider,
            key=f"{provider}/{name}",
            model=name.rpartition("/")[2],
            rates=rates,
            tiers=dict(_tiers(cost)),
            embedding="embed" in name.lower(),
        )


def _rates(cost: Mapping[str, Any]) -> dict[str, float]:
    found = {name: number(cost.get(key)) for name, key in NAMES.items()}
    return {name: rate for name, rate in found.items() if rate is not None}


def _tiers(cost: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, float]]]:
    for tier in cost.get("tiers") or ():
        if isinstance(tier, dict):
            limit = tier.get("tier", {})
            size = limit.get("size") if isinstance(limit, dict) else None
            yield f"above_{size}", _rates(tier)
    for key, value in cost.items():
        if key.startswith("context_over_") and isinstance(value, dict):
            yield key, _rates(value)
