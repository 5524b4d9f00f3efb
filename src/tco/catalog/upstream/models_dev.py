"""models.dev: its `api.json`, or the directory `providers/` of its repository."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tco.catalog.files import File, user_file
from tco.catalog.upstream.rows import (
    ListTier,
    PriceList,
    PriceRow,
    not_a_price,
    number,
    other_money,
    read_json,
)
from tco.errors import DataError

NAMES = {
    "input": "input",
    "output": "output",
    "cache_read": "cached_input",
    "cache_write": "cache_write",
    "reasoning": "reasoning_output",
    "input_audio": "audio_input",
}
OTHERS = ("output_audio",)
NO_RATES = ("tiers", "tier", "modes", "currency")
SERVICES = ("batch", "flex", "priority", "fast", "ultrafast")


def price_list(file: File, edition: str = "") -> PriceList:
    """Return the rows of `api.json`.

    Raises:
        DataError: The file is not such a map.
    """
    read = read_json(file, 3)
    if not isinstance(read.value, dict):
        raise DataError(f"{file.path}:1: not the map of providers of models.dev")
    found = PriceList(kind="models.dev", file=file.path, edition=edition)
    for provider, entry in read.value.items():
        models = entry.get("models") if isinstance(entry, dict) else None
        for name, model in models.items() if isinstance(models, dict) else ():
            line = read.line(provider, "models", name)
            _add(found, file.path, line, provider, name, model)
    return found.sound()


def of_folder(folder: Path) -> PriceList:
    """Return the rows of the TOML files of a checkout.

    Raises:
        DataError: A file cannot be read, or there is none.
    """
    root = folder / "providers" if (folder / "providers").is_dir() else folder
    found = PriceList(kind="models.dev", file=str(folder), edition="")
    for path in sorted(root.glob("*/models/**/*.toml")):
        if not path.is_file():  # a link to a model that is described elsewhere, or to nothing
            continue
        parts = path.relative_to(root).with_suffix("").parts
        try:
            model = tomllib.loads(user_file(path).data.decode("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError):
            raise DataError(f"{path}:1: not TOML") from None
        _add(found, str(path), 1, parts[0], "/".join(parts[2:]), model)
    return found.sound()


def _add(found: PriceList, path: str, line: int, provider: str, name: str, model: Any) -> None:
    """Read one model of one provider."""
    cost = model.get("cost") if isinstance(model, dict) else None
    if not isinstance(cost, dict):
        return
    key = f"{provider}/{name}"
    if foreign := other_money(cost):
        found.wrong.append((line, key, foreign))
        return
    rates = _rates(found, cost, line, key)
    if "input" not in rates and "output" not in rates:
        return
    tiers = (*_tiers(found, cost, line, key), *_modes(found, model, line, key))
    found.rows.append(
        PriceRow(
            file=path,
            line=line,
            provider=provider,
            key=key,
            model=name.rpartition("/")[2],
            rates=rates,
            batch=next((t.rates for t in tiers if t.service == "batch"), {}),
            tiers=tiers,
            others={k: rate for k in OTHERS if (rate := number(cost.get(k))) is not None},
            embedding="embed" in name.lower(),
        )
    )


def _rates(found: PriceList, cost: Mapping[str, Any], line: int, key: str) -> dict[str, float]:
    rates: dict[str, float] = {}
    for name, value in cost.items():
        if name in NO_RATES or name.startswith("context_over_"):
            continue
        rate = number(value)
        if not_a_price(value):
            said = f"{name} is {str(value)[:40]!r}, which is no price"
            found.wrong.append((line, key, said))
        elif name in NAMES and rate is not None:
            rates[NAMES[name]] = rate
        elif name not in OTHERS and rate is not None:
            found.new.setdefault(name, (line, key, name))
    return rates


def _tiers(found: PriceList, cost: Mapping[str, Any], line: int, key: str) -> Iterator[ListTier]:
    for tier in cost.get("tiers") or ():
        if isinstance(tier, dict):
            limit = tier.get("tier", {})
            size = limit.get("size") if isinstance(limit, dict) else None
            over = int(size) if isinstance(size, int | float) else None
            rates = _rates(found, tier, line, key)
            yield ListTier(words=f"above_{size}", rates=rates, over=over, whole=over is not None)
    for name, value in cost.items():
        limit = re.fullmatch(r"context_over_(\d+)k", name)
        if isinstance(value, dict) and name.startswith("context_over_"):
            over = int(limit[1]) * 1000 if limit else None
            rates = _rates(found, value, line, key)
            yield ListTier(words=name, rates=rates, over=over, whole=over is not None)


def _modes(found: PriceList, model: Mapping[str, Any], line: int, key: str) -> Iterator[ListTier]:
    """Return the prices of modes, which the list calls experimental."""
    extra = model.get("experimental")
    modes = extra.get("modes") if isinstance(extra, dict) else None
    for name, mode in modes.items() if isinstance(modes, dict) else ():
        cost = mode.get("cost") if isinstance(mode, dict) else None
        if isinstance(cost, dict):
            rates = _rates(found, cost, line, key)
            service = name if name in SERVICES else None
            yield ListTier(words=name, rates=rates, service=service, whole=bool(service))
