"""From routes to the cheapest plan: the problem in numbers, and the ways to solve it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from tco.analysis.portfolio.fleets import SharedFleet, sizes_of
from tco.analysis.portfolio.routes import Route
from tco.engine.assign import Problem, combinations, enumerated, needed_routes, total_cost
from tco.engine.ledger import total_usd
from tco.engine.selfhost import project_ftes
from tco.engine.shapes import Indices, number
from tco.errors import TcoError, UsageError, install_command
from tco.options.machines import once_lines
from tco.options.settings import Settings, people
from tco.units import show_share

# The same assignment as a mixed-integer program, for HiGHS through scipy (extra `solver`).

TIME_LIMIT_S = 60.0
PROVED = 0
"""What scipy calls the state of a program that was solved to its end."""
GAP = 1e-9
"""Relative gap at which HiGHS stops; the choice it returns is then priced anew, exactly."""


def solver_installed() -> bool:
    """Return whether scipy is there."""
    return find_spec("scipy") is not None


class _Rows:
    """Constraints as they are written down: entries, and the bounds of each row."""

    def __init__(self) -> None:
        self.row: list[Any] = []
        self.column: list[Any] = []
        self.value: list[Any] = []
        self.low: list[float] = []
        self.high: list[float] = []

    def add(self, columns: Any, values: Any, low: float, high: float) -> None:
        """Add ``low <= sum(value * column) <= high``."""
        columns = np.atleast_1d(np.asarray(columns))
        self.row.append(np.full(columns.size, len(self.low)))
        self.column.append(columns)
        self.value.append(np.broadcast_to(np.asarray(values, dtype=float), columns.shape))
        self.low.append(low)
        self.high.append(high)


def solved(problem: Problem) -> tuple[Indices, float]:
    """Return the cheapest choice of a route for each task [tasks], and how sure that is.

    The second is the gap: by how much of its cost a cheaper choice could beat it that was not
    found in time [1]; 0 where it is proved.

    Variables: a route taken or not, a size of each fleet or none, an endpoint of somebody else or
    none, projects or none, a team or none and its cost.

    Raises:
        UsageError: scipy is not installed.
        TcoError: HiGHS found nothing within its time.
    """
    if not solver_installed():
        raise UsageError(
            f"so many tasks and models need a solver, scipy: {install_command('solver')}"
        )
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_array

    first, count, rows, scale = _written_down(problem)
    cost = np.zeros(count)
    cost[: problem.usd.size] = problem.usd
    for f, fleet in enumerate(problem.fleets):
        cost[first[f] : first[f] + fleet.usd.size] = fleet.usd
    staff = problem.team
    cost[-1], cost[-4] = scale, problem.api_usd
    projects_usd = float(np.asarray(staff.usd_per_month * sum(project_ftes(staff))))
    cost[-3] = projects_usd + problem.once_usd
    matrix = coo_array(
        (np.concatenate(rows.value), (np.concatenate(rows.row), np.concatenate(rows.column))),
        shape=(len(rows.low), count),
    ).tocsr()
    whole = np.ones(count)
    whole[-1] = 0
    upper = np.ones(count)
    upper[-1] = np.inf
    answer = milp(
        cost / max(float(np.abs(cost).max()), 1e-12),
        constraints=LinearConstraint(matrix, np.array(rows.low), np.array(rows.high)),
        integrality=whole,
        bounds=Bounds(np.zeros(count), upper),
        options={"mip_rel_gap": GAP, "time_limit": TIME_LIMIT_S},
    )
    if answer.x is None:
        raise TcoError(f"the solver found no assignment in {TIME_LIMIT_S:g} s: {answer.message}")
    taken = answer.x[: problem.usd.size]
    best = [r[int(np.argmax(taken[r]))] for r in map(problem.routes_of, range(problem.tasks))]
    gap = 0.0 if answer.status == PROVED else float(answer.mip_gap)
    return np.array(best, dtype=np.int64), gap


def _written_down(problem: Problem) -> tuple[list[int], int, _Rows, float]:
    """Return the first size variable of each fleet, the number of variables, and the rows.

    The last four variables are the calls of somebody else's endpoint, the projects, the team, and
    its cost over its smallest one.
    """
    rows, routes = _Rows(), problem.usd.size
    first = [routes]
    for fleet in problem.fleets:
        first.append(first[-1] + fleet.usd.size)
    called, projects, team, pay = range(first[-1], first[-1] + 4)
    for task in range(problem.tasks):
        rows.add(problem.routes_of(task), 1.0, 1.0, 1.0)
        calls = problem.routes_of(task)[problem.called[problem.routes_of(task)]]
        if calls.size:
            rows.add(np.append(calls, called), np.append(np.ones(calls.size), -1.0), -np.inf, 0.0)
    floor, fixed, per_gpu = (
        float(np.asarray(problem.team.usd_per_month * fte))
        for fte in (problem.team.floor_fte, problem.team.fixed_fte, problem.team.fte_per_gpu)
    )
    scale = max(floor, fixed, 1.0)
    every, gpus = [], []
    for f, fleet in enumerate(problem.fleets):
        sizes = np.arange(first[f], first[f + 1])
        _fleet_rows(rows, problem, f, sizes)
        hosted = fleet.gpus - fleet.staffed_gpus
        for needed, by in (
            (team, fleet.staffed_gpus),
            (projects, fleet.gpus),
            (called, hosted),
        ):
            if by.any():
                rows.add(np.append(sizes, needed), np.append(by > 0, -1.0), -np.inf, 0.0)
        every.append(sizes)
        gpus.append(fleet.staffed_gpus)
    if every:
        columns = np.concatenate([[pay, team], *every])
        each = -per_gpu * np.concatenate(gpus) / scale
        values = np.concatenate([[1.0, -fixed / scale], each])
        rows.add(columns, values, 0.0, np.inf)
    rows.add([pay, team], [1.0, -floor / scale], 0.0, np.inf)
    return first, pay + 1, rows, scale


def _fleet_rows(rows: _Rows, problem: Problem, f: int, sizes: Indices) -> None:
    """Add: one size at most; its capacity holds; nothing runs on no fleet."""
    fleet = problem.fleets[f]
    rows.add(sizes, 1.0, -np.inf, 1.0)
    on = np.flatnonzero(problem.load[:, f] > 0)
    if not on.size:
        return
    columns = np.concatenate([on, sizes])
    rows.add(columns, np.concatenate([problem.load[on, f], -fleet.capacity]), -np.inf, 0.0)
    for route in on.tolist():
        fit = fleet.capacity + 1e-9 >= problem.load[route, f]
        rows.add(np.append(sizes[fit], route), np.append(-np.ones(fit.sum()), 1.0), -np.inf, 0.0)


# From routes to the cheapest plan: the problem in numbers, the way it is solved, what turns it.

MOST_COMBINATIONS = 200_000
"""Choices up to which all are looked at, so that no solver is needed."""
MOST_SWITCHES = 12
"""Tasks up to which each is asked what it would take to serve it the other way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """The cheapest plan.

    Args:
        routes: The route of each task [tasks].
        usd: What it costs, people included, routers not [USD/month].
        method: How it was found.
        looked_at: Choices that there were, before and after what cannot matter was left out.
        gap: Share of its cost by which another plan could beat it, not found in time [1].
    """

    routes: tuple[Route, ...]
    usd: float
    method: str
    looked_at: tuple[float, float]
    gap: float = 0.0


def problem_of(
    routes: Sequence[Route],
    fleets: Sequence[SharedFleet],
    settings: Settings,
    *,
    called: bool = False,
) -> Problem:
    """Return the choice between routes as numbers.

    Args:
        routes: All routes of all tasks.
        fleets: The fleets they may use.
        settings: Every value that enters a bill.
        called: Somebody else's endpoint is called on every route: a router's.
    """
    load = np.zeros((len(routes), len(fleets)))
    for row, route in enumerate(routes):
        for step in route.steps:
            if step.fleet >= 0:
                load[row, step.fleet] += step.asked * fleets[step.fleet].load[route.task]
    task = np.array([route.task for route in routes], dtype=np.int64)
    most = [_most(load[:, f], task) for f in range(len(fleets))]
    return Problem(
        task=task,
        usd=np.array([route.usd for route in routes]),
        load=load,
        fleets=[sizes_of(fleet, settings, m) for fleet, m in zip(fleets, most, strict=True)],
        by_token=np.array([called or route.by_token for route in routes]),
        team=people(settings),
        once_usd=number(total_usd(once_lines(settings))),
    )


def _most(load: np.ndarray[tuple[int], np.dtype[np.float64]], task: Indices) -> float:
    """Return the load of a fleet when every task that can use it does [1]."""
    return sum(float(load[task == t].max()) for t in np.unique(task)) or 1e-6


def solution(routes: Sequence[Route], problem: Problem) -> Solution:
    """Return the cheapest plan: all choices where they are few, the solver where they are many."""
    kept = needed_routes(problem)
    smaller = problem.only(kept)
    few = combinations(smaller) <= MOST_COMBINATIONS
    best, gap = (enumerated(smaller), 0.0) if few else solved(smaller)
    program = "mixed-integer program, HiGHS"
    if gap:
        program += f", not proved: at most {show_share(gap)} above the cheapest"
    return Solution(
        routes=tuple(routes[int(kept[i])] for i in best),
        usd=float(total_cost(smaller, best[None, :])[0]),
        method="every choice looked at" if few else program,
        looked_at=(float(combinations(problem)), float(combinations(smaller))),
        gap=gap,
    )


def extra_usd(routes: Sequence[Route], problem: Problem, best: Solution, task: int) -> float | None:
    """Return what the plan costs more when a task is served the other way [USD/month].

    On own GPUs if it is now served by the token, by the token if it is now on own GPUs; None
    where there is no such way.

    Args:
        routes: All routes.
        problem: The same in numbers.
        best: The cheapest plan.
        task: Which task.
    """
    own = any(step.fleet >= 0 for step in best.routes[task].steps)
    keep = [
        i
        for i, route in enumerate(routes)
        if route.task != task or any(step.fleet >= 0 for step in route.steps) != own
    ]
    if not any(routes[i].task == task for i in keep):
        return None
    rest = solution([routes[i] for i in keep], problem.only(np.array(keep, dtype=np.int64)))
    return rest.usd - best.usd
