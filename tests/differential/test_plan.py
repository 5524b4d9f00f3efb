"""Plans against a mixed-integer program that HiGHS solves, written from what commands print.

The program knows nothing of layers: for every hour it may choose how many units are on. What a
unit costs and serves, what the API asks and how many engineers there are is read from the lines of
`explain`, from the assumptions and from the load curve of the plan itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import lil_matrix
from strategies import shipped_catalog

import tco
from tco.errors import InfeasibleError

DAY = "2026-11-21"
CASES = 40
HOURS = 24
SECONDS_PER_HOUR = 3600.0
MODELS = {
    "llama-3.3-70b": "deepinfra/llama-3.3-70b",
    "gpt-oss-120b": "deepinfra/gpt-oss-120b",
    "qwen3-235b-2507": "deepinfra/qwen3-235b-2507",
    "glm-5.2": "deepinfra/glm-5.2",
}
PURCHASES = ("on_demand", "on_demand", "spot", "reserved_1y", "own", "dedicated")
BY_THE_HOUR = ("on_demand", "spot", "dedicated")
OF_A_FLEET = ("load balancer",)
SPOT = ("spot, over-provisioned", "spot, restarts")  # `plan.spot_availability` in a plan
OF_THE_WORK = ("load balancer, traffic", "egress", "electricity, at work")


@dataclass(frozen=True)
class Printed:
    """What the commands print of a case.

    Args:
        load: Load of each hour [request/s].
        api: What the API asks for a load of 1 request/s in an hour [USD/h].
        unit: What a unit serves [request/s].
        usd_per_hour: What a unit costs that stands ready [USD/h].
        work: What a load of 1 request/s on own GPUs costs on top [USD/h].
        gpus: GPUs of a unit that somebody has to look after [1].
        always, hourly: Whether a unit can be had for all hours, and by the hour.
        lead_h: Time that a unit by the hour is paid before it serves [h].
        availability: Share of its load that a unit by the hour serves [1].
        people: USD/h of the floor of a team, of its fixed part, and of each GPU.
        once: What stands before a fleet [USD/h].
        rest: What is paid in any case [USD/h].
        hours: Hours of a month [h].
    """

    load: np.ndarray
    api: float
    unit: float
    usd_per_hour: float
    work: float
    gpus: float
    always: bool
    hourly: bool
    lead_h: float
    availability: float
    people: tuple[float, float, float]
    once: float
    rest: float
    hours: float


def case(seed: int) -> tuple[str, str, dict[str, Any], list[float]]:
    """Return an API, a set-up, keywords and hours that a seed stands for."""
    pick = np.random.default_rng([seed, 19])
    model = str(pick.choice(list(MODELS)))
    purchase = str(pick.choice(PURCHASES))
    said: dict[str, Any] = {"profile": str(pick.choice(["chat", "general", "rag"])), "as_of": DAY}
    said |= {"purchase": [purchase], "min_trust": "low"}
    values = {
        "serving.headroom": round(float(pick.uniform(0.6, 1.0)), 3),
        "price.hosted_factor": round(float(10 ** pick.uniform(-0.2, 1.3)), 3),
        "people.floor_fte": round(float(pick.choice([0.0, 0.25, 1.0])), 3),
        "people.fixed_fte": round(float(pick.choice([0.0, 0.2, 0.5])), 3),
        "people.fte_per_gpu": round(float(pick.uniform(0.0, 0.03)), 4),
        "people.api_fte": round(float(pick.choice([0.0, 0.1])), 3),
        "rent.monitoring_share": round(float(pick.uniform(0.0, 0.05)), 3),
        "service.egress_factor": round(float(pick.choice([0.0, 1.0])), 3),
        "plan.lead_h": round(float(pick.choice([0.0, 0.25, 1.0, 2.5])), 3),
    }
    chosen = pick.choice(list(values), int(pick.integers(2, len(values))), replace=False)
    chosen = {*chosen.tolist(), "price.hosted_factor"}
    hours = pick.gamma(float(pick.choice([1.0, 3.0, 10.0])), 1.0, HOURS).round(3) + 0.01
    said["set"] = {path: values[path] for path in sorted(chosen)}
    # With one power of whatever is on but for its work, what waits costs as what serves: linear
    said["set"] |= {"own.idle_power_share": 0.5, "own.light_power_share": 0.5}
    said["tokens"] = float(round(10 ** pick.uniform(10.0, 11.8)))
    return MODELS[model], f"self/{model}", said, hours.tolist()


def asked(seed: int, folder: Path) -> tuple[Any, Printed] | None:
    """Return the plan of a case, and what is printed of it; None where nothing can serve it."""
    api, name, said, hours = case(seed)
    file = folder / f"{seed}.txt"
    file.write_text("\n".join(map(str, hours)), encoding="utf-8")
    try:
        alone = tco.explain(name, **said)
    except InfeasibleError:
        return None
    own = alone.option.id
    made = tco.plan(api, own, curve=str(file), **said)
    return made, printed(made, full(own, said), said["set"])


def full(own: str, said: dict[str, Any]) -> Any:
    """Return the explanation of a set-up with so many spares that no GPU that is paid is empty."""
    for spare in range(16):
        at = {**said, "set": {**said["set"], "serving.redundancy": spare}}
        found = tco.explain(own, **at)
        if found.option.gpus == found.option.replicas * found.option.replica.gpus:
            return found
    raise AssertionError(f"{own}: empty GPUs whatever the spares")


def printed(made: Any, alone: Any, given: dict[str, float]) -> Printed:
    """Return what a plan and the explanation of its set-up print, beside what was given."""
    stated = shipped_catalog().assumptions.assumptions
    value = {path: stated[path].value for path in ("plan.lead_h", "plan.spot_availability")}
    value |= given | {a.path: float(a.value) for a in made.assumptions if _figure(a.value)}
    tokens = np.array(made.curve.tokens)
    request = made.workload.isl + made.workload.osl
    load = tokens / request / SECONDS_PER_HOUR
    hours = value["workload.hours_per_month"]
    first = made.strategies[0]
    by_token = sum(x.amount_usd for x in first.lines if x.group != "people")
    option = alone.option
    rented = [re.search(r"(?:rented|bought) by (\d+)", step) for step in alone.steps]
    whole = next((int(found[1]) for found in rented if found), option.replica.gpus)
    gpus = float(np.lcm(whole, option.replica.gpus))
    standing = [
        x
        for x in option.lines
        if x.group != "people" and x.item not in (*OF_A_FLEET, *OF_THE_WORK, *SPOT)
    ]
    per_gpu = [x for x in standing if x.item != "storage of weights"]
    storage = sum(x.amount_usd for x in standing if x.item == "storage of weights")
    replicas = gpus / option.replica.gpus
    usd = sum(x.amount_usd for x in per_gpu) / option.gpus * gpus
    usd += storage / option.replicas * replicas
    work = sum(x.amount_usd for x in option.lines if x.item in OF_THE_WORK)
    purchase = option.id.rpartition(":")[2]
    hosted = "/dedicated" in option.id or purchase.startswith("dedicated")
    spot = purchase.startswith("spot")
    salary = value.get("people.salary_usd_per_year", 0.0) / 12.0 / hours
    team = [value.get(f"people.{k}", 0.0) for k in ("floor_fte", "fixed_fte", "fte_per_gpu")]
    return Printed(
        load=load,
        api=by_token / hours / float(load.mean()),
        unit=option.replica.requests_per_s * replicas * value["serving.headroom"],
        usd_per_hour=usd / hours,
        work=work / hours / float(load.mean()),
        gpus=0.0 if hosted else gpus,
        always=not spot,
        hourly=purchase.startswith(BY_THE_HOUR) or hosted,
        lead_h=value["plan.lead_h"],
        availability=value["plan.spot_availability"] if spot else 1.0,
        people=tuple(0.0 if hosted else salary * fte for fte in team),  # type: ignore[arg-type]
        once=sum(x.amount_usd for x in option.lines if x.item in OF_A_FLEET) / hours,
        rest=sum(x.amount_usd for x in first.lines if x.group == "people") / hours,
        hours=hours,
    )


def _figure(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def by_solver(p: Printed) -> float:
    """Return what the cheapest mix costs a month, by HiGHS [USD/month].

    Variables: a fleet at all; units for all hours; GPUs looked after; the team; and for each hour
    units on, starts, load on the base, load on what is on by the hour, and what the API takes.
    """
    n = p.load.size
    there, base, gpus, team = range(4)
    on, start, low, high, api = (range(4 + i * n, 4 + (i + 1) * n) for i in range(5))
    size = 4 + 5 * n
    cost = np.zeros(size)
    cost[there], cost[base], cost[team] = p.once, p.usd_per_hour, 1.0
    cost[list(on)] = p.usd_per_hour / n
    cost[list(start)] = p.lead_h * p.usd_per_hour / n
    cost[list(low)] = cost[list(high)] = p.work / n
    cost[list(api)] = p.api / n
    most = float(np.ceil(p.load.max() / p.unit / p.availability)) + 1.0
    rows, least, greatest = [], [], []

    def hold(row: dict[int, float], at_least: float, at_most: float = np.inf) -> None:
        rows.append(row)
        least.append(at_least)
        greatest.append(at_most)

    floor, fixed, each = p.people
    hold({team: 1.0, there: -floor}, 0.0)
    hold({team: 1.0, there: -fixed, gpus: -each}, 0.0)
    for h in range(n):
        hold({low[h]: 1.0, high[h]: 1.0, api[h]: 1.0}, p.load[h], p.load[h])
        hold({low[h]: 1.0, base: -p.unit}, -np.inf, 0.0)
        hold({high[h]: 1.0, on[h]: -p.unit * p.availability}, -np.inf, 0.0)
        interrupted = {high[h]: 1.0, low[h]: p.availability}  # whatever the load is
        hold(interrupted, -np.inf, p.availability * p.load[h])
        hold({start[h]: 1.0, on[h]: -1.0, on[(h - 1) % n]: 1.0}, 0.0)
        hold({gpus: 1.0, base: -p.gpus, on[h]: -p.gpus}, 0.0)
        hold({there: most, base: -1.0}, 0.0)
        hold({there: most, on[h]: -1.0}, 0.0)
    matrix = lil_matrix((len(rows), size))
    for i, row in enumerate(rows):
        for j, v in row.items():
            matrix[i, j] = v
    upper = np.full(size, np.inf)
    upper[there], upper[base] = 1.0, most if p.always else 0.0
    upper[list(on)] = most if p.hourly else 0.0
    whole = np.zeros(size)
    whole[[there, base, *on, *start]] = 1.0
    found = milp(
        cost,
        constraints=LinearConstraint(matrix.tocsr(), least, greatest),
        integrality=whole,
        bounds=Bounds(0.0, upper),
        options={"mip_rel_gap": 1e-9, "time_limit": 20.0},
    )
    assert found.status == 0, found.message
    return float((found.fun + p.rest) * p.hours)


def apart(seed: int, folder: Path) -> float | None:
    """Return by how much plan and solver differ, of the solver's; None where there is no plan."""
    found = asked(seed, folder)
    if found is None:
        return None
    made, p = found
    ours = made.strategies[-1].monthly_usd
    theirs = by_solver(p)
    return abs(ours - theirs) / theirs


@pytest.mark.parametrize("seed", range(CASES))
def test_a_plan_is_what_a_solver_finds(seed: int, tmp_path: Path) -> None:
    """`benchmarks/differential.py` does the same 500 times."""
    found = apart(seed, tmp_path)
    assert found is None or found < 1e-6
