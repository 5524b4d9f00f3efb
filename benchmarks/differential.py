"""The product against what nobody here wrote, as often as one likes.

    python benchmarks/differential.py --plans 500 --breakevens 60 --servers 20000 --requests 2000

The cases of `tests/differential`, with other seeds: plans against a mixed-integer program that
HiGHS solves, break-evens against `compare` volume by volume, the serving model against a plain
rewriting, requests against genai-prices and LiteLLM. Whatever disagrees is printed.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]


def cases_of(name: str) -> ModuleType:
    """Return a module of the tests."""
    path = ROOT / "tests" / "differential" / f"test_{name}.py"
    spec = importlib.util.spec_from_file_location(f"differential_{name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    spec.loader.exec_module(module)
    return module


def plans(count: int, first: int) -> str:
    """Hold plans against a solver."""
    tests, worst, none = cases_of("plan"), 0.0, 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(first, first + count):
            found = tests.apart(seed, Path(folder))
            none += found is None
            if found is not None and found > 1e-6:
                print(f"plan of seed {seed}: {found:.2e} apart", flush=True)
            worst = max(worst, found or 0.0)
    return f"{count} plans, {none} without a set-up, largest gap {worst:.1e}"


def breakevens(count: int, first: int) -> str:
    """Hold break-evens against bills on both sides."""
    tests, wrong = cases_of("breakeven"), 0
    for seed in range(first, first + count):
        for line in tests.disagreements(seed):
            wrong += 1
            print(f"break-even of seed {seed}: {line}", flush=True)
    return f"{count} break-evens, {wrong} volumes at which another is cheaper"


def servers(count: int, first: int) -> str:
    """Hold the serving model against a plain rewriting."""
    tests = cases_of("capacity")
    from tco.engine import capacity

    worst, pick, known = 0.0, np.random.default_rng([first, 3]), tests.shapes()
    for _ in range(count):
        m, g, o, p, point, cached, gain = tests.case(pick, *known)
        more: dict[str, Any] = {"cached_share": cached, "speculative_gain": gain}
        ours = capacity.replica(m, g, o, profile=p, **more, **point)
        theirs = tests.speed(m, g, o, p, cached=cached, gain=gain, **point)
        for name, value in theirs.items():
            gap = abs(float(getattr(ours, name)) - value) / max(abs(value), 1e-300)
            worst = max(worst, gap if value else 0.0)
            if value and gap > 1e-9:
                print(f"{name} {gap:.1e} apart: {m} {g} {o} {p} {point}", flush=True)
    return f"{count} servers, largest gap {worst:.1e}"


def requests(count: int, first: int) -> str:
    """Hold requests against two other calculators."""
    tests, wrong = cases_of("peers"), 0
    log = list(tests.usages(first, count))
    with tempfile.TemporaryDirectory() as folder:
        ours = tests.of_ours(log, Path(folder))
    for usage, usd in zip(log, ours, strict=True):
        for other in (tests.of_genai, tests.of_litellm):
            said = other(usage)
            if abs(said - usd) > 1e-9 * usd:
                wrong += 1
                print(f"{usage}: {usd} here, {said} by {other.__name__}", flush=True)
    return f"{count} requests, {wrong} sums that differ"


KINDS: dict[str, Callable[[int, int], str]] = {
    "plans": plans,
    "breakevens": breakevens,
    "servers": servers,
    "requests": requests,
}


def main() -> None:
    """Try so many cases of each kind."""
    said = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for kind in KINDS:
        said.add_argument(f"--{kind}", type=int, default=0)
    said.add_argument("--first", type=int, default=1000, help="the first seed")
    args = vars(said.parse_args())
    for kind, tried in KINDS.items():
        if args[kind]:
            begun = time.process_time()
            told = tried(args[kind], args["first"])
            print(f"{told}, {time.process_time() - begun:.0f} s of CPU", flush=True)


if __name__ == "__main__":
    main()
