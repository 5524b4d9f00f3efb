"""models.dev: its `api.json`, or the directory `providers/` of its repository."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tco.catalog.files import File, user_file
from tco.catalog.upstream.rows import ListTier, PriceList, PriceRow, not_a_price, number, read_json
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
NO_RATES = ("tiers", "tier", "modes")
SERVICES = ("batch", "flex", "priority", "fast", "ultrafast")


def price_list(file: File, edition: str = "") -> PriceList:
    """Return the rows of `api.json`.

    Raises:
        DataError: The file is not such a map.
    """
    read = read_json(file, 3)
    if not isinstance(read.value, dict):
        raise DataError(f"{file.path}:1: not the map of providers of models.dev")
    found = _Found()
    for provider, entry in read.value.items():
        models = entry.get("models") if isinstance(entry, dict) else None
        for name, model in models.items() if isinstance(models, dict) else ():
            line = read.line(provider, "models", name)
            found.add(file.path, line, provider, name, model)
    return found.as_list(file.path, edition)


def of_folder(folder: Path) -> PriceList:
    """Return the rows of the TOML files of a checkout.

    Raises:
        DataError: A file cannot be read, or there is none.
    """
    root = folder / "providers" if (folder / "providers").is_dir() else folder
    found = _Found()
    for path in sorted(root.glob("*/models/**/*.toml")):
        if not path.is_file():  # a link to a model that is described elsewhere, or to nothing
            continue
        parts = path.relative_to(root).with_suffix("").parts
        try:
            model = tomllib.loads(user_file(path).data.decode("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError):
            raise DataError(f"{path}:1: not TOML") from None
        found.add(str(path), 1, parts[0], "/".join(parts[2:]), model)
    return found.as_list(str(folder), "")


@dataclass(slots=True)
class _Found:
    """Rows as they are read, and what is wrong with them."""

    rows: list[PriceRow] = field(default_factory=list)
    wrong: list[tuple[int, str, str]] = field(default_factory=list)
    new: dict[str, tuple[int, str, str]] = field(default_factory=dict)

    def add(self, path: str, line: int, provider: str, name: str, model: Any) -> None:
        """Read one model of one provider."""
        cost = model.get("cost") if isinstance(model, dict) else None
        if not isinstance(cost, dict):
            return
        key = f"{provider}/{name}"
        rates = self._rates(cost, line, key)
        if "input" not in rates and "output" not in rates:
            return
        tiers = (*self._tiers(cost, line, key), *self._modes(model, line, key))
        self.rows.append(
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

    def as_list(self, path: str, edition: str) -> PriceList:
        """Return what was read.

        Raises:
            DataError: No row has a price.
        """
        if not self.rows and not self.wrong:
            raise DataError(f"{path}:1: no row of it has a price as models.dev writes them")
        return PriceList(
            kind="models.dev",
            file=path,
            edition=edition,
            rows=tuple(self.rows),
            wrong=tuple(self.wrong),
            new=tuple(self.new.values()),
        )

    def _rates(self, cost: Mapping[str, Any], line: int, key: str) -> dict[str, float]:
        found: dict[str, float] = {}
        for name, value in cost.items():
            if name in NO_RATES or name.startswith("context_over_"):
                continue
            rate = number(value)
            if not_a_price(value):
                said = f"{name} is {str(value)[:40]!r}, which is no price"
                self.wrong.append((line, key, said))
            elif name in NAMES and rate is not None:
                found[NAMES[name]] = rate
            elif name not in OTHERS and rate is not None:
                self.new.setdefault(name, (line, key, name))
        return found

    def _tiers(self, cost: Mapping[str, Any], line: int, key: str) -> Iterator[ListTier]:
        for tier in cost.get("tiers") or ():
            if isinstance(tier, dict):
                limit = tier.get("tier", {})
                size = limit.get("size") if isinstance(limit, dict) else None
                over = int(size) if isinstance(size, int | float) else None
                rates = self._rates(tier, line, key)
                yield ListTier(
                    words=f"above_{size}", rates=rates, over=over, whole=over is not None
                )
        for name, value in cost.items():
            limit = re.fullmatch(r"context_over_(\d+)k", name)
            if isinstance(value, dict) and name.startswith("context_over_"):
                over = int(limit[1]) * 1000 if limit else None
                rates = self._rates(value, line, key)
                yield ListTier(words=name, rates=rates, over=over, whole=over is not None)

    def _modes(self, model: Mapping[str, Any], line: int, key: str) -> Iterator[ListTier]:
        """Return the prices of modes, which the list calls experimental."""
        extra = model.get("experimental")
        modes = extra.get("modes") if isinstance(extra, dict) else None
        for name, mode in modes.items() if isinstance(modes, dict) else ():
            cost = mode.get("cost") if isinstance(mode, dict) else None
            if isinstance(cost, dict):
                rates = self._rates(cost, line, key)
                service = name if name in SERVICES else None
                yield ListTier(words=name, rates=rates, service=service, whole=bool(service))
