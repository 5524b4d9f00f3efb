"""litellm's `model_prices_and_context_window.json`: US dollars per token, one key a condition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tco.catalog.files import File
from tco.catalog.upstream.json_lines import read_json
from tco.catalog.upstream.rows import MTOK, PriceList, Row, day, number
from tco.errors import DataError

NAMES = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cached_input": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
    "reasoning_output": "output_cost_per_reasoning_token",
}
CONDITIONS = ("_flex", "_priority", "_fast", "_ultrafast")
TEXT = ("chat", "completion", "responses", "embedding", "rerank", "moderation", None)
SAMPLE = "sample_spec"  # the first row explains the others


def price_list(file: File, edition: str = "") -> PriceList:
    """Return the rows that price text tokens.

    Raises:
        DataError: The file is not such a map.
    """
    read = read_json(file, 1)
    if not isinstance(read.value, dict):
        raise DataError(f"{file.path}:1: not litellm's map of models to prices")
    rows = []
    for key, entry in read.value.items():
        if key != SAMPLE and isinstance(entry, dict):
            row = _row(file.path, read.line(key), key, entry)
            if row is not None:
                rows.append(row)
    if not rows:
        raise DataError(f"{file.path}:1: no row of it has a price as litellm writes them")
    twice = tuple((read.line(*path), str(path[0])) for path in read.twice)
    return PriceList(kind="litellm", file=file.path, edition=edition, rows=tuple(rows), twice=twice)


def _row(path: str, line: int, key: str, entry: Mapping[str, Any]) -> Row | None:
    rates = _rates(entry, "")
    if "input" not in rates and "output" not in rates:
        rates = _first_tier(entry)
    if "input" not in rates and "output" not in rates:
        return None
    provider = str(entry.get("litellm_provider", ""))
    return Row(
        file=path,
        line=line,
        provider=provider,
        key=key,
        model=key.rpartition("/")[2],
        rates=rates,
        batch=_rates(entry, "_batches"),
        tiers={c[1:]: found for c in CONDITIONS if (found := _rates(entry, c))} | _above(entry),
        embedding=entry.get("mode") == "embedding",
        retires=day(entry.get("deprecation_date")),
        attested=bool(entry.get("source")),
        text=entry.get("mode") in TEXT,
    )


def _rates(entry: Mapping[str, Any], condition: str) -> dict[str, float]:
    found = {name: number(entry.get(f"{key}{condition}")) for name, key in NAMES.items()}
    return {name: rate * MTOK for name, rate in found.items() if rate is not None}


def _first_tier(entry: Mapping[str, Any]) -> dict[str, float]:
    """Return the rates of the shortest requests, where a row has nothing but ranges."""
    tiers = entry.get("tiered_pricing")
    if isinstance(tiers, list) and tiers and isinstance(tiers[0], dict):
        return _rates(tiers[0], "")
    return {}


def _above(entry: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Return the prices of long requests, by their condition."""
    found: dict[str, dict[str, float]] = {}
    for key, value in entry.items():
        name, above, limit = key.partition("_above_")
        rate = number(value)
        for field, base in NAMES.items():
            if above and name == base and limit.endswith("k_tokens") and rate is not None:
                found.setdefault(f"above_{limit}", {})[field] = rate * MTOK
    return found
