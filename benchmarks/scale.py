"""How each command's cost grows with the size of its work: the exponents of docs/performance.md.

    python benchmarks/scale.py [--only draws,months]

Processor time in this process, the least of a few runs, at three sizes; the exponent is that
between the last two, where fixed costs weigh least. 1.0 is proportional; n log n shows as 1.1.
"""

from __future__ import annotations

import argparse
import csv
import math
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from tenfold import overlays

import tco

DAY = "2026-11-21"
PAIR = ("gpt-4.1", "self/llama-3.3-70b")
ASK: dict[str, Any] = {"tokens": "50B", "as_of": DAY}

TASKS = "version: 1\ntasks:\n"


def volumes(n: int, _: Path) -> None:
    """A curve of bills over n volumes."""
    tco.curve(PAIR[1], np.geomspace(1e9, 1e13, n), as_of=DAY)


def draws(n: int, _: Path) -> None:
    """n draws of everything uncertain."""
    tco.sensitivity(**ASK, draws=str(n))


def cells(n: int, _: Path) -> None:
    """A map of n cells."""
    side = round(math.sqrt(n))
    tco.breakeven(**ASK, map="volume:rent", x=f"1B..1T:log{side}", y=f"0.5..2:{side}")


def months(n: int, _: Path) -> None:
    """n months of a horizon."""
    tco.horizon(*PAIR, **ASK, growth="1%", horizon=str(n))


def options(n: int, folder: Path) -> None:
    """All set-ups of a catalog n times as large."""
    tco.compare(**ASK, all=True, catalog=_laid(folder, n))


def overview(n: int, folder: Path) -> None:
    """Break-evens without names in a catalog n times as large."""
    tco.breakeven(as_of=DAY, catalog=_laid(folder, n))


def tasks(n: int, folder: Path) -> None:
    """A portfolio of n tasks."""
    path = folder / f"tasks-{n}.yaml"
    rows = [
        f"  - {{name: task-{k}, tokens: {1 + k % 7}B, isl: {500 + 100 * (k % 9)}, osl: 200}}\n"
        for k in range(n)
    ]
    path.write_text(TASKS + "".join(rows), encoding="utf-8")
    tco.plan(file=str(path), as_of=DAY)


def findings(n: int, folder: Path) -> None:
    """A check of an overlay n times as large as the catalogs."""
    from tco.catalog.check.run import check_files

    files = _laid(folder, n + 1)
    check_files(files, as_of=date.fromisoformat(DAY))


def logs(n: int, folder: Path) -> None:
    """A profile of n rows of CSV."""
    path = folder / f"log-{n}.csv"
    if not path.exists():
        _log(path, n)
    tco.profile(str(path), as_of=DAY)


def _log(path: Path, n: int) -> None:
    rng = np.random.default_rng(1)
    at = np.sort(rng.integers(1_791_158_400, 1_791_158_400 + 28 * 86_400, n))
    given = np.clip(np.exp(rng.normal(0, 1.2, n)) * 800, 1, 900_000).astype(np.int64)
    made = np.clip(np.exp(rng.normal(0, 1, n)) * 200, 1, 9000).astype(np.int64)
    with path.open("w", newline="", encoding="utf-8") as stream:
        out = csv.writer(stream)
        out.writerow(["start", "model", "input_tokens", "output_tokens"])
        out.writerows(
            zip(at.tolist(), ["gpt-5-mini"] * n, given.tolist(), made.tolist(), strict=True)
        )


def _laid(folder: Path, times: int) -> list[str]:
    place = folder / f"times-{times}"
    place.mkdir(exist_ok=True)
    known = sorted(map(str, place.glob("*.yaml")))
    return known or [word for word in overlays(place, times) if word != "--catalog"]


SIZES: dict[Callable[[int, Path], None], tuple[int, int, int]] = {
    volumes: (1_000, 10_000, 100_000),
    draws: (10_000, 100_000, 1_000_000),
    cells: (100, 900, 10_000),
    months: (12, 60, 240),
    options: (1, 3, 9),
    overview: (1, 3, 9),
    tasks: (2, 4, 8),
    findings: (1, 3, 9),
    logs: (10_000, 100_000, 1_000_000),
}


def measured(only: list[str]) -> Iterator[tuple[str, tuple[int, ...], list[float]]]:
    """Yield each kind of work with its sizes and the times that they take [s]."""
    with tempfile.TemporaryDirectory() as name:
        for work, sizes in SIZES.items():
            if only and work.__name__ not in only:
                continue
            taken = []
            for size in sizes:
                work(size, Path(name))  # reads catalogs and logs once
                runs = []
                for _ in range(3):
                    begin = time.process_time()
                    work(size, Path(name))
                    runs.append(time.process_time() - begin)
                taken.append(min(runs))
            yield work.__name__, sizes, taken


def main() -> int:
    """Print a row for each kind of work."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="kinds of work, with commas between")
    only = [word for word in parser.parse_args().only.split(",") if word]
    print("| work | sizes | CPU [s] | exponent |\n|---|---|---|---|")
    for name, sizes, taken in measured(only):
        rise = math.log(taken[2] / taken[1]) / math.log(sizes[2] / sizes[1])
        told = " / ".join(f"{size:,}" for size in sizes)
        print(f"| {name} | {told} | {' / '.join(f'{t:.3f}' for t in taken)} | {rise:.2f} |")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
