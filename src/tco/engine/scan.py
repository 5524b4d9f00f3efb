"""Where a cost difference is below zero as any one number changes: division where it is affine,
bisection where it is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tco.engine.shapes import Flags, Floats
from tco.engine.steps import Interval

POINTS = 1025
"""Values that are tried first, ends included."""

FINER = 16
"""Parts that a cell is cut into in which the difference is not affine."""

INSIDE = (0.381966, 0.7236068)
"""Where in a cell it is looked whether the difference is affine: no simple fractions."""

HALVINGS = 60
ROUND_OFF = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """Where the difference is below zero.

    Args:
        intervals: Ascending, disjoint; the first may begin at the low end of what was searched,
            the last may end at its high end.
        crossings: Values strictly inside at which the sign changes.
        exact: Each crossing lies where the difference is affine, so that it is a division.
    """

    intervals: tuple[Interval, ...]
    crossings: tuple[float, ...]
    exact: bool


def scan(gap: Callable[[Floats], Floats], low: float, high: float, *, log: bool) -> Scan:
    """Return where ``gap < 0`` on a range.

    A cell whose inner points lie on the straight line between its ends counts as affine, and a
    crossing in it is ``x0 - g0 * (x1 - x0) / (g1 - g0)``. The other cells are cut finer; what
    crosses there is bisected down to rounding. Two crossings inside one finer cell, a 16,000th of
    the range, would be missed.

    Args:
        gap: Returns the difference for an array of values, of the same shape.
        low, high: The range.
        log: Values are spread by factors, not evenly.
    """
    x = np.geomspace(low, high, POINTS) if log else np.linspace(low, high, POINTS)
    x[0], x[-1] = low, high
    g = gap(x)
    bent = ~_affine(gap, x, g)
    if bent.any():
        inner = x[:-1, None] + np.diff(x)[:, None] * (np.arange(1, FINER) / FINER)
        x = np.concatenate([x, inner[bent].ravel()])
        g = np.concatenate([g, gap(inner[bent].ravel())])
        order = np.argsort(x, kind="stable")
        x, g = x[order], g[order]
    crossings, exact = _crossings(gap, x, g)
    ends = [low, *crossings, high]
    wins = bool(g[0] < 0)
    spans = list(pairwise(ends))[0 if wins else 1 :: 2]
    return Scan(intervals=tuple(spans), crossings=tuple(crossings), exact=exact)


def _affine(gap: Callable[[Floats], Floats], x: Floats, g: Floats) -> Flags:
    """Return which cells are affine, as far as `INSIDE` of them tells [cells].

    Not their middles: of two equal steps the one between lies on the line, too.
    """
    straight = np.ones(x.size - 1, dtype=bool)
    for share in INSIDE:
        with np.errstate(invalid="ignore"):
            line = g[:-1] + share * (g[1:] - g[:-1])
            off = np.abs(gap(x[:-1] + share * (x[1:] - x[:-1])) - line)
            straight &= off <= ROUND_OFF * (np.abs(g[:-1]) + np.abs(g[1:]) + 1e-6)
    return straight


def _crossings(gap: Callable[[Floats], Floats], x: Floats, g: Floats) -> tuple[list[float], bool]:
    change = np.flatnonzero((g[:-1] < 0) != (g[1:] < 0))
    if not change.size:
        return [], True
    x0, x1, g0, g1 = x[change], x[change + 1], g[change], g[change + 1]
    ends, values = np.stack([x0, x1], axis=1).ravel(), np.stack([g0, g1], axis=1).ravel()
    straight = _affine(gap, ends, values)[::2]
    with np.errstate(divide="ignore", invalid="ignore"):
        divided = x0 - g0 * (x1 - x0) / (g1 - g0)
    found = divided
    if not straight.all():
        found = np.where(straight, divided, _bisected(gap, x0, x1, g0 < 0))
    return [float(v) for v in found], bool(straight.all())


def _bisected(gap: Callable[[Floats], Floats], low: Floats, high: Floats, below: Flags) -> Floats:
    """Return where the sign changes in each cell, all cells halved at once."""
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        same = (gap(middle) < 0) == below
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return high
