"""Tasks on shared fleets: every choice against the solver, and what may be left out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tco.analysis.portfolio.solve import solved
from tco.engine.assign import (
    FleetSizes,
    Problem,
    combinations,
    enumerated,
    needed_routes,
    total_cost,
)
from tco.engine.selfhost import People


def random_problem(seed: int) -> Problem:
    """Return a problem of 2 to 5 tasks, 1 to 3 fleets, with cascades over two of them.

    Some fleets are of provisioned units, without a GPU, and some are run by a host.
    """
    rng = np.random.default_rng(seed)
    tasks, fleets = int(rng.integers(2, 6)), int(rng.integers(1, 4))
    rows: list[tuple[int, float, np.ndarray]] = []
    for task in range(tasks):
        size = rng.uniform(0.1, 3.0)
        rows += [(task, size * rng.uniform(50, 200), np.zeros(fleets))]
        for f in range(fleets):
            load = np.zeros(fleets)
            load[f] = size * rng.uniform(0.2, 1.0)
            rows.append((task, size * rng.uniform(0, 20), load))
        if rng.random() < 0.5:
            load = rng.uniform(0.05, 0.8, fleets) * size
            rows.append((task, size * rng.uniform(0, 60), load))
    made = []
    for _ in range(fleets):
        count = np.arange(1, 15)
        spare = int(rng.integers(0, 2))
        capacity = np.minimum(count * 0.85, count - rng.uniform(0, 0.8) * np.sqrt(count))
        usd = (count + spare) * rng.uniform(10, 90)
        gpus = (count + spare) * float(rng.choice([2.0, 2.0, 2.0, 0.0]))
        hosted = bool(rng.random() < 0.3)
        made.append(FleetSizes(capacity=capacity, usd=usd, gpus=gpus, hosted=hosted))
    floor = float(rng.uniform(0, 120))
    team = People(
        salary_usd_per_year=12.0,
        api_fte=float(rng.choice([0.0, rng.uniform(0, 80)])),
        floor_fte=floor,
        fixed_fte=floor * 0.5,
        fte_per_gpu=float(rng.uniform(0, 10)),
        evaluation_fte=float(rng.choice([0.0, rng.uniform(0, 60)])),
    )
    loaded = np.array([bool(r[2].any()) for r in rows])
    return Problem(
        task=np.array([r[0] for r in rows]),
        usd=np.array([r[1] for r in rows]),
        load=np.array([r[2] for r in rows]),
        fleets=made,
        by_token=~loaded | (rng.random(len(rows)) < 0.2),
        team=team,
    )


def least(problem: Problem, chosen: np.ndarray) -> float:
    return float(total_cost(problem, chosen[None, :])[0])


@pytest.mark.parametrize("seed", range(60))
def test_the_solver_and_looking_at_everything_agree(seed: int) -> None:
    """`benchmarks/plan.py` does the same 2,000 times."""
    problem = random_problem(seed)
    every, found = least(problem, enumerated(problem)), least(problem, solved(problem)[0])
    assert found == pytest.approx(every, rel=1e-9)


@given(st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_what_is_left_out_costs_nothing(seed: int) -> None:
    problem = random_problem(seed)
    smaller = problem.only(needed_routes(problem))
    assert combinations(smaller) <= combinations(problem)
    assert least(smaller, enumerated(smaller)) == pytest.approx(
        least(problem, enumerated(problem)), rel=1e-12
    )


def test_a_shared_fleet_pays_where_neither_task_alone_would() -> None:
    fleet = FleetSizes(
        capacity=np.array([1.0, 2.0]), usd=np.array([100.0, 200.0]), gpus=np.array([1.0, 2.0])
    )
    problem = Problem(
        task=np.array([0, 0, 1, 1]),
        usd=np.array([60.0, 0.0, 60.0, 0.0]),
        load=np.array([[0.0], [0.5], [0.0], [0.5]]),
        fleets=[fleet],
    )
    assert enumerated(problem).tolist() == [1, 3]
    alone = problem.only(np.array([0, 1]))
    assert enumerated(alone).tolist() == [0]


def test_a_team_is_paid_once() -> None:
    fleet = FleetSizes(capacity=np.array([1.0]), usd=np.array([10.0]), gpus=np.array([8.0]))
    problem = Problem(
        task=np.array([0, 1]),
        usd=np.zeros(2),
        load=np.eye(2),
        fleets=[fleet, fleet],
        team=People(
            salary_usd_per_year=12.0, api_fte=7.0, floor_fte=100.0, fixed_fte=50.0, fte_per_gpu=5.0
        ),
    )
    assert least(problem, enumerated(problem)) == 10 + 10 + 50 + 16 * 5


def test_no_engineers_of_an_api_that_nothing_is_sent_to() -> None:
    """Own GPUs win at 95 USD against 93 and 10 for the engineers of an API."""
    fleet = FleetSizes(capacity=np.array([1.0]), usd=np.array([95.0]), gpus=np.array([0.0]))
    staff = People(
        salary_usd_per_year=12.0, api_fte=10.0, floor_fte=1.0, fixed_fte=1.0, fte_per_gpu=0.0
    )
    problem = Problem(
        task=np.array([0, 0]),
        usd=np.array([93.0, 0.0]),
        load=np.array([[0.0], [0.5]]),
        fleets=[fleet],
        by_token=np.array([True, False]),
        team=staff,
    )
    assert needed_routes(problem).tolist() == [0, 1]
    assert least(problem, enumerated(problem)) == least(problem, solved(problem)[0]) == 95.0


def test_a_fleet_that_cannot_grow_enough_is_no_answer() -> None:
    fleet = FleetSizes(capacity=np.array([1.0]), usd=np.array([1.0]), gpus=np.array([1.0]))
    problem = Problem(
        task=np.array([0, 0, 1, 1]),
        usd=np.array([9.0, 0.0, 5.0, 0.0]),
        load=np.array([[0.0], [0.7], [0.0], [0.7]]),
        fleets=[fleet],
    )
    assert enumerated(problem).tolist() == [1, 2]
    best, gap = solved(problem)
    assert (best.tolist(), gap) == ([1, 2], 0.0)


def test_a_plan_that_runs_out_of_time_says_by_how_much_it_may_be_beaten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import scipy.optimize

    from tco.analysis.portfolio import solve

    real = scipy.optimize.milp

    def late(*args: Any, **values: Any) -> Any:
        answer = real(*args, **values)
        answer.status, answer.mip_gap = 1, 0.03
        return answer

    monkeypatch.setattr(scipy.optimize, "milp", late)
    monkeypatch.setattr(solve, "MOST_COMBINATIONS", 0)
    problem = Problem(
        task=np.array([0, 0]), usd=np.array([2.0, 1.0]), load=np.zeros((2, 0)), fleets=[]
    )
    found = solve.solution(["dear", "cheap"], problem)  # type: ignore[list-item]
    assert (found.routes, found.usd, found.gap) == (("cheap",), 1.0, 0.03)
    assert found.method.endswith("not proved: at most 3% above the cheapest")
