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
import tempfile
import time
from datetime import date
from importlib import import_module
from pathlib import Path

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from tco.analysis.inputs import prepare
from tco.analysis.portfolio.cases import cases_of
from tco.analysis.portfolio.portfolio import portfolio
from tco.analysis.portfolio.routes import Router, ways_of
from tco.analysis.request import Request
from tco.catalog.load import load_catalog
from tco.catalog.task_file import load_tasks
from tco.engine.assign import needed_routes
from tco.engine.hybrid import Resource, layer_count
from tco.engine.stack import Kind, best_stack

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
        inputs = prepare(catalog, Request(), DAY)
        tasks = load_tasks(str(path))
        result = portfolio(inputs, tasks)
        took = time.perf_counter() - start
        cases = cases_of(inputs, tasks)
        ways = ways_of(inputs, cases, [])
        router = Router(inputs, cases, ways, [])
        routes = sum(len(router.routes(i)) for i in range(len(cases)))
    own = sum(any(s.mode == "self" for s in t.steps) for t in result.tasks)
    print(
        f"{TASKS} tasks x {MODELS} models: {routes} routes, {len(ways.fleets)} fleets, "
        f"{result.method}: ${result.monthly_usd:,.0f} a month, {own} tasks on "
        f"{len(result.fleets)} fleets, {took:.2f} s"
    )


def fleet_by_solver(
    load: np.ndarray, unit: float, always: float, hourly: float, lead: float, price: float
) -> float:
    """Return the least cost of a fleet over a curve, as one mixed-integer program [USD/h].

    Variables: units for every hour; and for each hour units by the hour, starts, and overflow.
    """
    hours = load.size
    count = 1 + 3 * hours
    cost = np.concatenate(
        [
            [always * hours],
            np.full(hours, hourly),
            np.full(hours, lead * hourly),
            np.full(hours, price),
        ]
    )
    rows, low = [], []
    for h in range(hours):
        serve = np.zeros(count)
        serve[[0, 1 + h]] = unit
        serve[1 + 2 * hours + h] = 1.0
        rows.append(serve)
        low.append(load[h])
        start = np.zeros(count)
        start[1 + hours + h] += 1.0
        start[1 + h] -= 1.0
        start[1 + (h - 1) % hours] += 1.0
        rows.append(start)
        low.append(0.0)
    whole = np.concatenate([np.ones(1 + 2 * hours), np.zeros(hours)])
    found = milp(
        cost,
        constraints=LinearConstraint(np.array(rows), np.array(low), np.inf),
        integrality=whole,
        bounds=Bounds(0, np.inf),
        options={"mip_rel_gap": 1e-12},
    )
    units = np.round(found.x[: 1 + hours])
    on = units[1:]
    starts = np.maximum(on - np.roll(on, 1), 0.0).sum()
    left = np.maximum(load - unit * (units[0] + on), 0.0).sum()
    total = units[0] * always * hours + (on.sum() + lead * starts) * hourly + price * left
    return float(total / hours)


def random_fleet(seed: int) -> tuple[float, float]:
    """Return the least cost by layers and by the solver on one random curve [USD/h]."""
    rng = np.random.default_rng(seed)
    load = rng.gamma(1.5, 1.0, int(rng.integers(4, 13))).round(3)
    unit, price = float(rng.uniform(0.3, 1.5)), float(rng.uniform(0.5, 2.0))
    always = unit * price * float(rng.uniform(0.1, 0.9))
    hourly = always * float(rng.uniform(1.0, 2.5))
    lead = float(rng.choice([0.0, 0.25, 1.0, 2.0]))
    if layer_count(load, unit) == 0:
        return 0.0, 0.0
    base = Kind(unit=unit, resources=[Resource(usd_per_hour=always)])
    peak = Kind(unit=unit, resources=[Resource(usd_per_hour=hourly, by_the_hour=True, lead_h=lead)])
    ours = best_stack(load, base, peak, price).usd_per_hour
    return ours, fleet_by_solver(load, unit, always, hourly, lead, price)


def prove() -> None:
    """Print how far layers and enumeration are from the solver on random cases."""
    start = time.perf_counter()
    gaps = [abs(a - b) / max(abs(b), 1e-12) for a, b in map(random_fleet, range(CASES))]
    took = time.perf_counter() - start
    print(f"{CASES} load curves: layers against HiGHS, largest gap {max(gaps):.1e}, {took:.0f} s")
    tests = import_module("tests.plan.test_assign")
    start = time.perf_counter()
    worst = 0.0
    for seed in range(CASES):
        problem = tests.random_problem(seed)
        every = tests.least(problem, tests.enumerated(problem))
        found = tests.least(problem, tests.solved(problem))
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
