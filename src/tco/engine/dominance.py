"""Fleets that another fleet can replace, task for task, without ever costing more."""

from __future__ import annotations

import numpy as np

from tco.engine.assign import FleetSizes, Problem
from tco.engine.people import People
from tco.engine.shapes import ROUND_OFF, Flags, Floats


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
