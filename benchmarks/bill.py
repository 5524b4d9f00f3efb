"""What a bill over a million draws costs beside numpy adding the same arrays.

    python benchmarks/bill.py [--draws 1000000] [--rounds 7] [--check]

Prints nanoseconds per draw and line of each kind of option, medians of some rounds; `--check` exits
1 when one of them is above the limit. The reference multiplies and adds as many arrays as the bill
has lines.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from datetime import date

import numpy as np

from tco.catalog.load import load_catalog
from tco.engine.ledger import total_usd
from tco.options.bills import SelfOption, fleet, lines, replica_of
from tco.options.machines import own_bill
from tco.options.names import resolve
from tco.options.question import prepare
from tco.options.scenario import Scenario

LIMIT_NS = 15.0
"""Per draw and line."""

DAY = date(2026, 11, 21)
OPTIONS = (
    "openai/gpt-4.1",
    "deepinfra/llama-3.3-70b",
    "self/llama-3.3-70b@2xh100-sxm:fp8/lambda:on_demand",
    "self/llama-3.3-70b@8xh100-sxm:fp8/aws:spot",
    "self/llama-3.3-70b@2xh100-sxm:fp8/own:48m",
)


def median_s(run: Callable[[], object], rounds: int) -> float:
    """Return the median wall time of a call, the first one left out."""
    run()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def bill_of(name: str, draws: int) -> tuple[Callable[[], object], int]:
    """Return what prices an option for many draws, and how many lines its bill has."""
    rng = np.random.default_rng(1)
    inputs = prepare(load_catalog(), Scenario(tokens=50e9), DAY)
    option = resolve(name, inputs).best
    settings = inputs.settings.with_values(
        {
            "workload.tokens_per_month": 50e9 * rng.lognormal(0.0, 0.3, draws),
            "people.salary_usd_per_year": rng.uniform(180e3, 350e3, draws),
        }
    )
    if isinstance(option, SelfOption):
        replica = replica_of(option, inputs.settings)  # sized once, as a Monte Carlo run does
        count = len(own_bill(option, settings, fleet(option, settings, replica)))

        def own() -> object:
            return total_usd(own_bill(option, settings, fleet(option, settings, replica)))

        return own, count
    return lambda: total_usd(lines(option, settings)), len(lines(option, settings))


def reference(count: int, draws: int) -> Callable[[], object]:
    """Return what multiplies and adds as many arrays as a bill has lines."""
    quantity, rate = np.ones((2, draws))

    def add() -> object:
        total = np.zeros(draws)
        for _ in range(count):
            total = total + quantity * rate
        return total

    return add


def main() -> int:
    """Print the table and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    worst = 0.0
    print(f"{'option':58} lines  ns/draw/line  numpy  ratio")
    for name in OPTIONS:
        run, count = bill_of(name, args.draws)
        each = median_s(run, args.rounds) / args.draws / count * 1e9
        plain = median_s(reference(count, args.draws), args.rounds) / args.draws / count * 1e9
        worst = max(worst, each)
        print(f"{name:58} {count:5} {each:13.2f} {plain:6.2f} {each / plain:6.2f}")
    return int(args.check and worst > LIMIT_NS)


if __name__ == "__main__":
    sys.exit(main())
