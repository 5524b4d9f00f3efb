"""Measure break-evens and draws: how right, and how fast next to what numpy takes.

    PYTHONPATH=src python benchmarks/uncertainty.py [draws]

Speeds are ratios of processor times of one run, so that they hold on another machine. What it
printed last stands in `benchmarks/uncertainty.md`.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "uncertainty"))

sys.path.insert(0, str(ROOT / "tests"))

from curve_pairs import Plain, many, mismatches, plain
from one_by_one import wins

from tco.analysis.montecarlo.beliefs import THROUGHPUT, beliefs
from tco.analysis.montecarlo.montecarlo import monte_carlo
from tco.analysis.montecarlo.sample import chunks, drawn, located, model_of, replica_for, sizes
from tco.analysis.sensitivity import sensitivity
from tco.analysis.vary.variables import chosen
from tco.catalog.load import load_catalog
from tco.engine import crossings
from tco.engine.ledger import Terms, total_usd
from tco.options.bills import SelfOption, TokenOption, fleet, replica_of
from tco.options.curves import curves
from tco.options.machines import own_bill
from tco.options.names import resolve
from tco.options.question import Question, prepare
from tco.options.scenario import Scenario

DAY = date(2026, 11, 21)
PAIRS, SPEED_PAIRS = 10_000, 100_000


def spent(work: Callable[[], Any], times: int = 3) -> float:
    """Return the least processor time of a few runs [s]."""
    found = []
    for _ in range(times):
        begun = time.process_time()
        work()
        found.append(time.process_time() - begun)
    return min(found)


def brute_force() -> None:
    """Hold 10,000 random pairs against brute force, and many at once against one by one."""
    rng = np.random.default_rng(7)
    left: list[Plain] = []
    right: list[Plain] = []
    wrong, several, tiered, committed, single = 0, 0, 0, 0, []
    for _ in range(PAIRS):
        a, b = plain(rng), plain(rng)
        found = wins(a.curve(), b.curve())
        wrong += mismatches(a, b, found.intervals) > 0
        several += len(found.intervals) > 1
        terms = [side.terms for side in (a, b) if hasattr(side, "terms")]
        tiered += any(t.limits for t in terms)
        committed += any(t.commit_usd_per_month for t in terms)
        left.append(a)
        right.append(b)
        single.append(found)
    together = crossings.wins(many(left), many(right))
    differ = sum(together.intervals(i) != one.intervals for i, one in enumerate(single))
    print(f"- {PAIRS:,} random pairs ({several:,} with several intervals, {tiered:,} with tiers, ")
    print(f"  {committed:,} with a commitment): {wrong} differ from brute force;")
    print(f"  all in one call: {differ} differ from one by one, to the last digit")


def pairs_a_second(inputs: Question) -> None:
    """Measure break-evens of one comparison under 100,000 settings."""
    a, b = (resolve(name, inputs).best for name in ("gpt-4.1", "self/llama-3.3-70b"))
    assert isinstance(a, TokenOption)
    assert isinstance(b, SelfOption)
    rng = np.random.default_rng(1)
    ranges = {
        "price.api_factor": (0.5, 1.5),
        "rent.factor": (0.8, 1.35),
        "serving.throughput_factor": (0.7, 1.25),
        "workload.peak_to_mean": (1.25, 3.0),
        "people.floor_fte": (0.25, 2.0),
    }
    values = {p: rng.uniform(*ends, (SPEED_PAIRS, 1)) for p, ends in ranges.items()}
    settings = inputs.settings.with_values(values)
    replica = replica_of(b, inputs.settings).scaled(values["serving.throughput_factor"])
    terms = Terms(limits=(10e9, 50e9, 1e11), discounts=(0.1, 0.2, 0.3), commit_usd_per_month=2e4)
    for name, option in (("a flat price", a), ("tiers and commitment", replace(a, terms=terms))):

        def work(option: TokenOption = option) -> None:
            sides = (
                curves(option, settings, SPEED_PAIRS),
                curves(b, settings, SPEED_PAIRS, replica),
            )
            crossings.wins(*sides)

        print(f"- break-even pairs with {name}: {SPEED_PAIRS / spent(work):,.0f} a second")


def draws(inputs: Question, count: int) -> None:
    """Measure a Monte Carlo run against the random numbers that it draws."""
    options = chosen(inputs, ()).options
    believed = beliefs(inputs, options, {}, {})
    rows = len(believed.rows)
    run = spent(lambda: monte_carlo(inputs, (), draws=count), 2)
    number, size = sizes(count)

    def permutations() -> None:
        rng = np.random.default_rng(1)
        for _ in range(number * rows):
            rng.permutation(size)

    def normals() -> None:
        rng = np.random.default_rng(1)
        for _ in range(number):
            rng.standard_normal((rows, size))

    def uniforms() -> None:
        rng = np.random.default_rng(1)
        for _ in range(number):
            rng.random((rows, size))

    print(f"- {count:,} draws of {rows} inputs, {len(options)} options: {run:.2f} s, that is")
    for name, other in (
        ("the permutations of its Latin hypercubes", permutations),
        ("as many normal numbers", normals),
        ("as many uniform numbers", uniforms),
    ):
        takes = spent(other)
        print(f"  {run / takes:.1f} times what numpy takes for {name} ({takes:.2f} s);")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  largest memory of the whole benchmark so far: {peak:.0f} MB")


def tables(inputs: Question) -> None:
    """Measure what interpolating the batch search costs in truth."""
    options = chosen(inputs, ()).options
    believed = beliefs(inputs, options, {}, {})
    model = model_of(options, inputs.settings, believed.rows)
    _, chunk = next(chunks(believed, 16_000, np.random.default_rng(5)))
    settings, where = drawn(model, chunk), located(model, chunk)
    for option in options:
        if not isinstance(option, SelfOption):
            continue
        factor = chunk[f"{THROUGHPUT}@{option.id}"]
        exact = replica_of(option, settings).scaled(factor)
        near = replica_for(model, option, chunk, where)
        off = np.abs(near.requests_per_s / exact.requests_per_s - 1.0)
        bills = [
            np.asarray(total_usd(own_bill(option, settings, fleet(option, settings, r))))
            for r in (exact, near)
        ]
        print(
            f"- {option.id}: rate off by {np.nanmedian(off):.2%} in the median, "
            f"{np.nanquantile(off, 0.99):.2%} in the 99th percentile, "
            f"{np.nanmax(off):.2%} at most;\n  "
            f"{np.mean(bills[0] != bills[1]):.2%} of the bills are another number of replicas, "
            f"their mean is off by {abs(bills[1].mean() / bills[0].mean() - 1):.3%}"
        )


def tornado(inputs: Question) -> None:
    """Measure the tornado of the default comparison, and the process around it."""
    inside = spent(lambda: sensitivity(inputs, None, None))
    command = [sys.executable, "-m", "tco", "sensitivity", "--tokens", "50B"]
    took = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        took.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    print(f"- tornado: {inside:.2f} s; `tco sensitivity --tokens 50B` from start to end: ")
    print(f"  {min(took):.2f} s of processor time")


def main() -> None:
    """Run everything."""
    count = int(float(sys.argv[1])) if len(sys.argv) > 1 else 1_000_000
    inputs = prepare(load_catalog(), Scenario(tokens=50e9), DAY)
    brute_force()
    pairs_a_second(inputs)
    draws(inputs, count)
    tables(inputs)
    tornado(inputs)


if __name__ == "__main__":
    main()
