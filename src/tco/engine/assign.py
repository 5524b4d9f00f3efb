"""Tasks assigned to routes that share fleets, at the least cost: the problem, and every answer.

A route serves one task: by the token, on one or more fleets, or partly on each. Fleets come in
whole replicas and are shared; engineers are a yes or a no. Which route each task takes and how
large each fleet is are decided together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tco.engine.people import People, team_usd
from tco.engine.shapes import ROUND_OFF, Flags, Floats, Indices

CHUNK = 1 << 15
"""Combinations that are looked at together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSizes:
    """The sizes that a fleet can have, ascending.

    Args:
        capacity: Load that each size serves, in replicas' worth at the peak [sizes] [1].
        usd: Cost of each size, people left out [sizes] [USD/month].
        gpus: GPUs that each size has [sizes] [1].
        hosted: A host runs them: the team does not look after them.
    """

    capacity: Floats
    usd: Floats
    gpus: Floats
    hosted: bool = False

    @property
    def staffed_gpus(self) -> Floats:
        """Return the GPUs that the team looks after [sizes] [1]."""
        return np.zeros_like(self.gpus) if self.hosted else self.gpus

    def size_for(self, load: Floats) -> Indices:
        """Return the index of the smallest size that serves a load; the size count if none."""
        return np.searchsorted(self.capacity, load - ROUND_OFF, side="left").astype(np.int64)


NOBODY = People(salary_usd_per_year=0.0, api_fte=0.0, floor_fte=0.0, fixed_fte=0.0, fte_per_gpu=0.0)
"""Where people are not counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Which routes there are.

    Args:
        task: Task that each route serves, from 0 [routes].
        usd: What a route costs but its fleets: by the token, judges, traffic [routes] [USD/month].
        load: Load that it puts on each fleet, in replicas' worth at the peak [routes, fleets] [1].
        fleets: The fleets.
        by_token: Routes on which somebody else's endpoint is called; none when None [routes].
        team: Who looks after all of it.
        once_usd: What the first GPU takes, whoever runs it, whatever comes after [USD/month].
    """

    task: Indices
    usd: Floats
    load: Floats
    fleets: Sequence[FleetSizes]
    by_token: Flags | None = None
    team: People = NOBODY
    once_usd: float = 0.0

    @property
    def called(self) -> Flags:
        """Return the routes on which somebody else's endpoint is called [routes]."""
        none: Flags = np.zeros(self.task.size, dtype=bool)
        return none if self.by_token is None else self.by_token

    @property
    def api_usd(self) -> float:
        """Return the engineers of the first endpoint of somebody else [USD/month]."""
        return float(team_usd(self.team, 0.0, 0.0, 1.0))

    @property
    def tasks(self) -> int:
        """Return the number of tasks."""
        return int(self.task.max()) + 1 if self.task.size else 0

    def routes_of(self, task: int) -> Indices:
        """Return the routes of a task."""
        return np.flatnonzero(self.task == task).astype(np.int64)

    def only(self, keep: Indices) -> Problem:
        """Return the problem with some of the routes; fleets stay."""
        return replace(
            self,
            task=self.task[keep],
            usd=self.usd[keep],
            load=self.load[keep],
            by_token=self.called[keep],
        )


def total_cost(problem: Problem, chosen: Indices) -> Floats:
    """Return the cost of some choices, each fleet at the smallest size that serves its load.

    Args:
        problem: The problem.
        chosen: A route for each task [choices, tasks].

    Returns:
        Infinite where a fleet would have to be larger than it can be [choices] [USD/month].
    """
    cost: Floats = problem.usd[chosen].sum(axis=-1)
    hosted, staffed = np.zeros(chosen.shape[:-1]), np.zeros(chosen.shape[:-1])
    for f in np.flatnonzero(problem.load.any(axis=0)).tolist():
        fleet, load = problem.fleets[f], problem.load[chosen, f].sum(axis=-1)
        size = fleet.size_for(load)
        used, fits = load > 0, size < fleet.usd.size
        at = np.minimum(size, fleet.usd.size - 1)
        cost = cost + np.where(used, np.where(fits, fleet.usd[at], np.inf), 0.0)
        own = np.where(used, fleet.staffed_gpus[at], 0.0)
        hosted = hosted + np.where(used, fleet.gpus[at], 0.0) - own
        staffed = staffed + own
    called = problem.called[chosen].sum(axis=-1)
    once = np.where(staffed + hosted > 0, problem.once_usd, 0.0)
    total: Floats = cost + team_usd(problem.team, staffed, hosted, called) + once
    return total


def combinations(problem: Problem) -> int:
    """Return how many choices there are."""
    count = 1
    for task in range(problem.tasks):
        count *= int(problem.routes_of(task).size)
    return count


def enumerated(problem: Problem) -> Indices:
    """Return the cheapest choice of a route for each task, by looking at all of them [tasks].

    Raises:
        ValueError: A task has no route.
    """
    routes = [problem.routes_of(task) for task in range(problem.tasks)]
    if any(r.size == 0 for r in routes):
        raise ValueError("every task needs a route")
    sizes = tuple(r.size for r in routes)
    best, found = np.inf, np.array([r[0] for r in routes], dtype=np.int64)
    for start in range(0, combinations(problem), CHUNK):
        end = min(start + CHUNK, combinations(problem))
        digits = np.unravel_index(np.arange(start, end), sizes)
        chosen = np.stack([r[d] for r, d in zip(routes, digits, strict=True)], axis=-1)
        cost = total_cost(problem, chosen)
        least = int(np.argmin(cost))
        if cost[least] < best:
            best, found = float(cost[least]), chosen[least]
    return found


def needed_routes(problem: Problem) -> Indices:
    """Return the routes that a best choice may need; the least cost stays the same [kept routes].

    Of the routes of a task that use no fleet only the cheapest is kept (of those that call somebody
    else's endpoint, and of the others), and of those on the same
    fleets each that another one beats in cost and load is left out. A fleet goes when even its
    best filling, broken off at the last route, saves less than it costs at every size, or when
    another one does all that it does for less.
    """
    from tco.engine.dominance import replaceable

    kept = _not_beaten(problem)
    while True:
        smaller = problem.only(kept)
        closed = [f for f in range(len(problem.fleets)) if not _worth_opening(smaller, f)]
        used = smaller.load[:, closed].sum(axis=1) > 0
        if not np.any(used):
            used = smaller.load[:, replaceable(smaller)].sum(axis=1) > 0
        if not np.any(used):
            return kept
        kept = kept[~used]


def _not_beaten(problem: Problem) -> Indices:
    kept: list[int] = []
    groups: dict[tuple[int, bool, bytes], list[int]] = {}
    called = problem.called
    for r in np.argsort(problem.usd, kind="stable").tolist():
        key = (int(problem.task[r]), bool(called[r]), (problem.load[r] > 0).tobytes())
        rivals = groups.setdefault(key, [])
        if not any(np.all(problem.load[q] <= problem.load[r]) for q in rivals):
            rivals.append(r)
            kept.append(r)
    return np.array(sorted(kept), dtype=np.int64)


def _worth_opening(problem: Problem, fleet: int) -> bool:
    """Return whether a fleet could save more than it costs at one of its sizes.

    The most that a capacity can save is at most the fractional knapsack of the savings of the
    tasks against their cheapest route elsewhere, and the engineers of an endpoint that nobody calls
    any more; a task with no other route keeps its fleet.
    """
    on = problem.load[:, fleet] > 0
    bare = problem.load.sum(axis=1) == 0
    savings, loads = [], []
    for task in np.unique(problem.task[on]).tolist():
        elsewhere = problem.usd[(problem.task == task) & bare]
        here = np.flatnonzero(on & (problem.task == task))
        if elsewhere.size == 0:
            return True
        savings.append(float(elsewhere.min() - problem.usd[here].min()))
        loads.append(float(problem.load[here, fleet].min()))
    if not savings:
        return True
    saving, load = np.maximum(np.array(savings), 0.0), np.array(loads)
    order = np.argsort(-saving / load)
    filled = np.concatenate([[0.0], np.cumsum(load[order])])
    saved = np.concatenate([[0.0], np.cumsum(saving[order])])
    sizes = problem.fleets[fleet]
    most = np.interp(sizes.capacity, filled, saved) + problem.api_usd
    return bool(np.any(most > sizes.usd))
