"""How fast plans are, and 2,000 random cases of each kind held against a solver.

    python benchmarks/plan.py            # time a portfolio of 50 tasks x 40 models x 3 modes
    python benchmarks/plan.py --prove    # the same, and 2,000 + 2,000 random cases (minutes)

Needs scipy. Recorded on 2026-11-21, two shared cores, HiGHS of scipy 1.17.1:

    50 tasks x 40 models: 13580 routes, 127 fleets, mixed-integer program, HiGHS: $23,162 a month,
        37 tasks on 1 fleets, 0.80 s (up to 4.8 s at a hundred or a thousand times the volume)
    2000 load curves: layers against HiGHS, largest gap 1.7e-15, 10 s
    2000 portfolios: every choice against HiGHS and against fewer routes, largest gap 0.0e+00, 18 s
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from datetime import date
from importlib import import_module
from pathlib import Path

import numpy as np

from tco.analysis.portfolio.cases import cases_of
from tco.analysis.portfolio.portfolio import portfolio
from tco.analysis.portfolio.solve import Router
from tco.ask.scenario import load_tasks
from tco.catalog.load import load_catalog
from tco.engine.assign import needed_routes
from tco.options.question import prepare
from tco.options.scenario import Scenario

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

DAY = date(2026, 11, 21)
TASKS, MODELS = 50, 40
CASES = 2_000


def written(folder: Path) -> Path:
    """Return a portfolio of 50 tasks that may each use any of 40 models."""
    catalog = load_catalog()
    rng = np.random.default_rng(7)
    offered = {o.model for o in catalog.prices.offers}
    models = catalog.models.models
    names = [n for n, m in models.items() if m.kind == "chat" and n in offered]
    names.sort(key=lambda n: (models[n].weights != "open" or models[n].architecture is None, n))
    chosen = ", ".join(names[:MODELS])
    lines = ["tasks:"]
    for i in range(TASKS):
        isl, osl = int(rng.lognormal(6.8, 0.8)), int(rng.lognormal(5.2, 0.8))
        volume = int(rng.lognormal(14.0, 1.2))
        lines += [
            f"  - name: task-{i}",
            f"    requests: {volume}",
            f"    isl: {max(isl, 16)}",
            f"    osl: {max(osl, 4)}",
            f"    batch: {'true' if i % 3 == 0 else 'false'}",
            f"    private: {'true' if i % 10 == 0 else 'false'}",
            f"    models: [{chosen}]",
        ]
    path = folder / "portfolio.yaml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def timed() -> None:
    """Print how long the large portfolio takes."""
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder))
        catalog = load_catalog()
        start = time.perf_counter()
        inputs = prepare(catalog, Scenario(), DAY)
        tasks = load_tasks(str(path))
        result = portfolio(inputs, tasks)
        took = time.perf_counter() - start
        cases = cases_of(inputs, tasks)
        router = Router(inputs, cases, [])
        routes = sum(len(router.routes(i)) for i in range(len(cases)))
    own = sum(any(s.mode == "self" for s in t.steps) for t in result.tasks)
    print(
        f"{TASKS} tasks x {MODELS} models: {routes} routes, {len(router.fleets)} fleets, "
        f"{result.method}: ${result.monthly_usd:,.0f} a month, {own} tasks on "
        f"{len(result.fleets)} fleets, {took:.2f} s"
    )


def prove() -> None:
    """Print how far layers and enumeration are from the solver on random cases."""
    curves = import_module("tests.plan.test_hybrid")
    start = time.perf_counter()
    gaps = [abs(a - b) / max(abs(b), 1e-12) for a, b in map(curves.random_fleet, range(CASES))]
    took = time.perf_counter() - start
    print(f"{CASES} load curves: layers against HiGHS, largest gap {max(gaps):.1e}, {took:.0f} s")
    tests = import_module("tests.plan.test_assign")
    start = time.perf_counter()
    worst = 0.0
    for seed in range(CASES):
        problem = tests.random_problem(seed)
        every = tests.least(problem, tests.enumerated(problem))
        found = tests.least(problem, tests.solved(problem)[0])
        fewer = problem.only(needed_routes(problem))
        kept = tests.least(fewer, tests.enumerated(fewer))
        worst = max(worst, abs(found - every) / every, abs(kept - every) / every)
    took = time.perf_counter() - start
    print(
        f"{CASES} portfolios: every choice against HiGHS and against fewer routes, "
        f"largest gap {worst:.1e}, {took:.0f} s"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prove", action="store_true", help="2,000 random cases of each kind")
    asked = parser.parse_args()
    timed()
    if asked.prove:
        prove()
