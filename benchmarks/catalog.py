"""How long `tco catalog check` takes on the shipped catalogs, against parsing the same files.

    python benchmarks/catalog.py

The ratio is to PyYAML's C loader on the same bytes in the same run; the bytecode is compiled first.
"""

from __future__ import annotations

import argparse
import compileall
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import yaml

import tco
from tco.catalog.build import SCHEMAS
from tco.catalog.check.finding import CheckContext
from tco.catalog.check.run import check
from tco.catalog.files import shipped_file

LIMIT = 3.0


def best(function: Callable[[], object], times: int) -> float:
    """Return the shortest of so many runs [s]: what the machine can do, without its noise."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        function()
        taken.append(time.perf_counter() - start)
    return min(taken)


def main() -> int:
    """Print both times and their ratio; exit 1 above the limit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--times", type=int, default=9, help="runs of each, of which the best counts"
    )
    times = parser.parse_args().times
    compileall.compile_dir(str(Path(tco.__file__).parent), quiet=2)
    files = [shipped_file(name) for name in SCHEMAS]
    schemas = list(SCHEMAS.values())
    asked = CheckContext(as_of=date(2026, 11, 21))
    loader = yaml.CSafeLoader
    parsed = best(lambda: [yaml.load(file.data, Loader=loader) for file in files], times)
    checked = best(lambda: check(files, schemas, asked), times)
    report = check(files, schemas, asked)
    size = sum(len(file.data) for file in files)
    print(f"{size / 1e3:.0f} kB in {len(files)} files, {report.records} records, {report.counts}")
    print(f"PyYAML's C loader  {parsed * 1e3:7.1f} ms")
    ratio = f"{checked / parsed:.2f} times (limit {LIMIT:g})"
    print(f"tco catalog check  {checked * 1e3:7.1f} ms  {ratio}")
    return 0 if checked <= LIMIT * parsed else 1


if __name__ == "__main__":
    sys.exit(main())
