"""Count the laws that neighbouring questions break, on the model as measurements correct it.

    python benchmarks/monotone.py [--pairs 10000] [--seed 0]

Random questions of models that were measured are asked twice, the second time with more room: a
slower time per token, more requests taken on at once, a dearer rent. No set-up that a measurement
corrects may then serve less, or cost more (at a dearer rent: less). Exits with 1 when any does.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import date

import numpy as np

from tco.catalog.load import Catalog, load_catalog
from tco.engine.shapes import Floats
from tco.options.bills import fleet
from tco.options.candidates import option_of, own_setups
from tco.options.question import prepare
from tco.options.scenario import Scenario
from tco.options.selection import select
from tco.options.setups import SetUps

DAY = date(2026, 11, 21)
SLACK = 1.0 + 1e-9
LIMITS_S = np.geomspace(0.008, 0.2, 24)
LAWS = {
    "time per token": ("serving.max_tpot_s", (1.02, 1.1, 1.5, 3.0)),
    "requests taken on": ("serving.max_concurrency", (1.05, 1.5, 3.0)),
    "rent": ("rent.factor", (1.02, 1.5)),
}


def question(catalog: Catalog, models: list[str], rng: np.random.Generator) -> Scenario:
    """Return a random question of one model on own GPUs."""
    values = {
        "serving.max_tpot_s": float(rng.choice(LIMITS_S)),
        "serving.max_concurrency": float(rng.integers(4, 300)),
        "workload.cached_share": float(rng.choice([0.0, 0.4])),
    }
    return Scenario(
        tokens=float(10 ** rng.uniform(9, 11.5)),
        models=(str(rng.choice(models)),),
        tiers=("self",),
        isl=float(np.round(10 ** rng.uniform(2.3, 4.2))),
        osl=float(np.round(10 ** rng.uniform(1.7, 3.2))),
        precisions=(str(rng.choice(["bf16", "fp8", "fp4"])),),
        settings=values,
    )


def looser(request: Scenario, law: str, rng: np.random.Generator) -> Scenario:
    """Return the question with more room in one respect."""
    path, times = LAWS[law]
    values = dict(request.settings)
    values[path] = values.get(path, 1.0) * float(rng.choice(times))
    if law == "requests taken on":
        values["serving.max_concurrency_large"] = values[path]
    return replace(request, settings=values)


def figures(own: SetUps) -> tuple[list[str], Floats, Floats]:
    """Return the corrected set-ups' names, the requests that each sustains, its GPU bill."""
    settings = own.inputs.settings
    names, rate, usd = [], [], []
    done: set[int] = set()
    for pair, row in enumerate(own.pair_setup.tolist()):
        if row in done or row not in own.near:
            continue
        done.add(row)
        option, sustained = option_of(own, pair), own.replica_of(pair)
        servers = fleet(option, settings, sustained)
        factor = float(np.asarray(settings.value("rent.factor")))
        names.append(option.id)
        rate.append(float(np.asarray(sustained.requests_per_s)))
        usd.append(float(np.asarray(servers.paid_gpus)) * (option.usd_per_gpu_hour or 0.0) * factor)
    return names, np.array(rate), np.array(usd)


def broken(catalog: Catalog, both: tuple[Scenario, Scenario], law: str) -> tuple[int, list[str]]:
    """Return how many set-ups were compared, and those that break the law."""
    first, second = (
        figures(own_setups(inputs, select(catalog, inputs.request)))
        for inputs in (prepare(catalog, one, DAY) for one in both)
    )
    where = {name: i for i, name in enumerate(second[0])}
    bad = []
    for i, name in enumerate(first[0]):
        if name not in where:
            bad.append(f"{name}: can no longer be had")
            continue
        rate, usd = second[1][where[name]], second[2][where[name]]
        if rate * SLACK < first[1][i]:
            bad.append(f"{name}: {first[1][i]:.4g} to {rate:.4g} requests/s")
        if law == "rent" and usd * SLACK < first[2][i]:
            bad.append(f"{name}: ${first[2][i]:,.0f} to ${usd:,.0f} at a dearer rent")
        if law != "rent" and usd > first[2][i] * SLACK:
            bad.append(f"{name}: ${first[2][i]:,.0f} to ${usd:,.0f}")
    return len(first[0]), bad


def main() -> None:
    """Ask until enough pairs were compared; print what broke."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, default=10_000, help="neighbouring pairs to compare")
    parser.add_argument("--seed", type=int, default=0, help="seed of the questions")
    asked = parser.parse_args()
    catalog, rng = load_catalog(), np.random.default_rng(asked.seed)
    models = sorted({row["model"] for file in catalog.measured for row in file.table.rows})
    compared, failed, began = Counter[str](), Counter[str](), time.perf_counter()
    while compared.total() < asked.pairs:
        request = question(catalog, models, rng)
        for law in LAWS:
            count, bad = broken(catalog, (request, looser(request, law, rng)), law)
            compared[law] += count
            failed[law] += len(bad)
            for text in bad[:3]:
                print(f"{law}: {text}")
    for law in LAWS:
        print(f"{law:20s}{compared[law]:7d} pairs  {failed[law]:4d} broken")
    print(f"{compared.total()} pairs, {failed.total()} broken, {time.perf_counter() - began:.0f} s")
    sys.exit(1 if failed.total() else 0)


if __name__ == "__main__":
    main()
