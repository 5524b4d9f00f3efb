"""Tasks assigned to routes that share fleets, at the least cost; routing and cascades."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tco.engine.selfhost import People, team_usd
from tco.engine.shapes import ROUND_OFF, Flags, Floats, Indices, Number
from tco.records import dataclass

# Tasks assigned to routes that share fleets, at the least cost: the problem, and every answer.
#
# A route serves one task: by the token, on one or more fleets, or partly on each. Fleets come in
# whole replicas and are shared; engineers are a yes or a no. Which route each task takes and how
# large each fleet is are decided together.

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


# Fleets that another fleet can replace, task for task, without ever costing more.


def replaceable(problem: Problem) -> list[int]:
    """Return the fleets that are never needed because another one does all they do for less.

    Fleet `a` can be replaced by `b` when every task on `a` can be on `b`, when whatever size of
    `a` serves, a size of `b` serves at no higher cost, and when `b` may take it on beside its
    own: its cost must not grow faster than the sum, and its largest size must be enough for all.
    Only fleets whose routes use no other fleet are looked at.
    """
    alone = _alone(problem)
    load, usd, called = _single_routes(problem, alone)
    roomy = [b for b in np.flatnonzero(alone).tolist() if _mergeable(problem, load, b)]
    gone: list[int] = []
    for a in np.flatnonzero(alone).tolist():
        users = np.isfinite(load[:, a])
        if not users.any():
            continue
        for b in roomy:
            if b in gone or b == a or not np.all(usd[users, b] <= usd[users, a]):
                continue
            if np.any(called[users, b] & ~called[users, a]):
                continue
            ratio = float((load[users, b] / load[users, a]).max())
            if _covers(problem.fleets[a], problem.fleets[b], ratio, problem.team):
                gone.append(a)
                break
    return gone


def _alone(problem: Problem) -> Flags:
    """Return the fleets that no route uses together with another one [fleets]."""
    used = problem.load > 0
    shared = used[used.sum(axis=1) > 1].any(axis=0)
    alone: Flags = used.any(axis=0) & ~shared
    return alone


def _single_routes(problem: Problem, alone: Flags) -> tuple[Floats, Floats, Flags]:
    """Return load, cost by the token, and calls of each task's route on each fleet [tasks, fleets].

    Infinite where there is none. A fleet on which a task has two routes is not looked at.
    """
    shape = (problem.tasks, len(problem.fleets))
    load, usd = np.full(shape, np.inf), np.full(shape, np.inf)
    called: Flags = np.zeros(shape, dtype=bool)
    for row in np.flatnonzero(problem.load[:, alone].any(axis=1)).tolist():
        fleet = int(np.argmax(problem.load[row]))
        task = int(problem.task[row])
        if np.isinf(load[task, fleet]):
            load[task, fleet], usd[task, fleet] = problem.load[row, fleet], problem.usd[row]
            called[task, fleet] = problem.called[row]
        else:
            alone[fleet] = False
    return load, usd, called


def _mergeable(problem: Problem, load: Floats, fleet: int) -> bool:
    """Return whether a fleet can always take on what another one did, at no more than the sum."""
    sizes = problem.fleets[fleet]
    column = load[:, fleet]
    if column[np.isfinite(column)].sum() > sizes.capacity[-1] + ROUND_OFF:
        return False
    both = sizes.capacity[:, None] + sizes.capacity[None, :]
    at = sizes.size_for(both.ravel()).reshape(both.shape)
    known = at < sizes.usd.size
    at = np.minimum(at, sizes.usd.size - 1)
    cheap = sizes.usd[at] <= sizes.usd[:, None] + sizes.usd[None, :] + ROUND_OFF
    gpus = sizes.staffed_gpus
    small = gpus[at] <= gpus[:, None] + gpus[None, :] + ROUND_OFF
    return bool(np.all((cheap & small) | ~known))


def _covers(a: FleetSizes, b: FleetSizes, ratio: float, team: People) -> bool:
    """Return whether `b` serves `ratio` times what `a` does at no higher cost, at every size.

    More than the largest size of `b` is never asked of it: that serves all tasks that it could.
    A fleet that needs a team, or a project, does not replace one that needs none; nor does one of
    a host, which takes the engineers of an endpoint, replace one of another kind.
    """
    theirs, ours = a.staffed_gpus, b.staffed_gpus
    if b.hosted and not a.hosted:
        return False
    if (ours.any() and not theirs.all()) or (b.gpus.any() and not a.gpus.all()):
        return False
    at = b.size_for(np.minimum(ratio * a.capacity, b.capacity[-1]))
    per_gpu = team.usd_per_month * team.fte_per_gpu
    more_staff = per_gpu * np.maximum(ours[at] - theirs, 0.0)
    return bool(np.all(b.usd[at] + more_staff <= a.usd))


# Routing between tiers and cascades: what a share on a cheaper model saves, and when to try.


def tries_until_right(success: Number) -> Number:
    """Return how often a request is asked on average until its answer is right, ``1 / success``.

    Tries are taken to be independent (an assumption: what fails once fails more often the next
    time). With at most N tries ``(1 - (1 - success)**N) / success`` are made and
    ``1 - (1 - success)**N`` of the requests succeed, so that a right answer takes as many [1].

    Args:
        success: Share of the answers that are right [1].

    >>> float(tries_until_right(0.8))
    1.25
    """
    tries: Number = 1.0 / np.asarray(success, dtype=float)
    return tries


def step_tries(success: Number) -> Number:
    """Return how often each step of a cascade is asked for a request [..., steps] [1].

    Each step is asked once what the ones before it got wrong; the last one until it is right. That
    an answer is wrong is known at no cost. A right answer costs ``sum(asked * usd)``.

    Args:
        success: Share of the answers of each step that are right [..., steps] [1].

    >>> step_tries(np.array([0.8, 0.5])).round(3).tolist()
    [1.0, 0.4]
    """
    rate = np.asarray(success, dtype=float)
    asked = np.asarray(reach(1.0 - rate[..., :-1]), dtype=float)
    last = asked[..., -1:] * tries_until_right(rate[..., -1:])
    share: Number = np.concatenate([asked[..., :-1], last], axis=-1)
    return share


def share_for_reduction(reduction: Number, cheap_usd: Number, premium_usd: Number) -> Number:
    """Return the share that must go to the cheap tier for a bill to fall by so much [1].

    ``reduction / (1 - cheap / premium)``; above 1 no share does it.

    Args:
        reduction: Part of the all-premium bill that is to go [1].
        cheap_usd, premium_usd: Cost of a request on either [USD/request].

    >>> round(float(share_for_reduction(0.95, 0.001, 0.03)), 4)
    0.9828
    """
    share: Number = reduction / (1.0 - np.asarray(cheap_usd) / np.asarray(premium_usd))
    return share


def breakeven_escalation(small_usd: Number, judge_usd: Number, big_usd: Number) -> Number:
    """Return the share of escalations below which a cascade pays, ``1 - (small + judge) / big``.

    At 0 or less it never does [1].
    """
    edge: Number = 1.0 - (np.asarray(small_usd) + judge_usd) / np.asarray(big_usd)
    return edge


def reach(escalations: Number) -> Number:
    """Return the share of the requests that comes to each step of a cascade [..., steps] [1].

    Args:
        escalations: Share that each step but the last hands on [..., steps - 1] [1].
    """
    handed = np.asarray(escalations, dtype=float)
    first = np.ones((*handed.shape[:-1], 1))
    share: Number = np.concatenate([first, np.cumprod(handed, axis=-1)], axis=-1)
    return share
