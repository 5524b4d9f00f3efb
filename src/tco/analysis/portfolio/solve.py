"""From routes to the cheapest plan: the problem in numbers, the way it is solved, what turns it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tco.analysis.own_bill import once_lines
from tco.analysis.portfolio.fleets import SharedFleet, sizes_of
from tco.analysis.portfolio.milp import solved
from tco.analysis.portfolio.routes import Route
from tco.analysis.settings import Settings, people
from tco.engine.assign import Problem, combinations, enumerated, needed_routes, total_cost
from tco.engine.ledger import total_usd
from tco.engine.shapes import Indices, number
from tco.show import show_share

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
                load[row, step.fleet] += step.reach * fleets[step.fleet].load[route.task]
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
