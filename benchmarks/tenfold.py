"""A catalog ten times as large as the shipped one, as overlays: models, offers and rents copied.

python benchmarks/tenfold.py FOLDER
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from tco.catalog.files import shipped_file

TIMES = 10


def overlays(folder: Path, times: int = TIMES) -> list[str]:
    """Write overlays that make the catalog so many times as large; return flags that lay them.

    One file a copy: a file of more than half a million values is refused.
    """
    flags: list[str] = []
    for number, text in enumerate(_texts(times)):
        path = folder / f"copy-{number}.yaml"
        path.write_text(text, encoding="utf-8")
        flags += ["--catalog", str(path)]
    return flags


def _texts(times: int) -> Iterator[str]:
    prices, hardware, models = (_read(f"{name}.yaml") for name in ("prices", "hardware", "models"))
    sources = {**models["sources"], **hardware["sources"], **prices["sources"]}
    for k in range(1, times):
        offers = [{**one, "model": f"{one['model']}-x{k}"} for one in prices["offers"]]
        said: dict[str, Any] = {
            "schema": 1,
            "version": prices["version"],
            "sources": sources,
            "models": {f"{name}-x{k}": one for name, one in models["models"].items()},
            "offers": [{**o, "id": f"{o['id']}-x{k}"} if "id" in o else o for o in offers],
            "sellers": {f"{name}-x{k}": one for name, one in hardware["sellers"].items()},
            "rentals": [{**one, "seller": f"{one['seller']}-x{k}"} for one in hardware["rentals"]],
        }
        yield yaml.dump(said, Dumper=_Plain, sort_keys=False, width=1000)


class _Plain(yaml.CSafeDumper):
    """Writes shared parts out, and days as days."""

    def ignore_aliases(self, data: object) -> bool:
        """Write everything where it stands."""
        return True


_Plain.add_representer(
    date, lambda dumper, day: dumper.represent_scalar("tag:yaml.org,2002:timestamp", str(day))
)


def _read(name: str) -> Any:
    return yaml.load(shipped_file(name).data, yaml.CSafeLoader)


if __name__ == "__main__":
    print(*overlays(Path(sys.argv[1])))
