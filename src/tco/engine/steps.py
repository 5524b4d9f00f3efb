"""Monthly cost as a function of volume: affine pieces, and where one such curve is below another.

GPUs come in whole replicas, so the cost of self-hosting is a staircase and two curves can cross
many times. No root finder is used: on each piece both sides are affine, so a crossing is a
division, and beyond a known volume the asymptotes decide.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from tco.engine.shapes import Floats

Interval = tuple[float, float]

MOST_PIECES = 2_000_000
"""Pieces beyond which two curves are called tied rather than told apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """A piecewise affine cost on ``(0, edges[-1]]``; ``cost = fixed + slope * volume`` on a piece.

    Args:
        edges: Ends of the pieces, ascending; piece `i` is ``(edges[i-1], edges[i]]`` and the first
            begins at 0 [pieces, token/month].
        fixed: Cost of a piece's line at volume 0 [pieces, USD/month].
        slope: Cost of a token on the piece [pieces, USD/token].
    """

    edges: Floats
    fixed: Floats
    slope: Floats

    def at(self, volume: Floats) -> Floats:
        """Return the cost of each volume [USD/month]; volumes lie within ``[0, edges[-1]]``."""
        piece = np.minimum(np.searchsorted(self.edges, volume, side="left"), self.edges.size - 1)
        return self.fixed[piece] + self.slope[piece] * volume


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A cost curve: its pieces up to any volume, and the two lines that it stays between.

    Args:
        until: Returns the pieces up to at least a volume.
        pieces_until: Returns how many pieces that would be.
        slope: Cost of a token at very large volume [USD/token].
        low, high: ``slope * volume + low <= cost <= slope * volume + high`` [USD/month].
    """

    until: Callable[[float], Steps]
    pieces_until: Callable[[float], float]
    slope: float
    low: float
    high: float


def line(fixed: float, slope: float) -> Curve:
    """Return the curve of a bill that is affine in volume."""

    def until(volume: float) -> Steps:
        return Steps(
            edges=np.array([max(volume, 1.0)]), fixed=np.array([fixed]), slope=np.array([slope])
        )

    return Curve(until=until, pieces_until=lambda _: 1.0, slope=slope, low=fixed, high=fixed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wins:
    """Where curve B is below curve A.

    Args:
        intervals: Ascending, disjoint volumes on which B is cheaper; the last may end at infinity
            [token/month].
        first: Smallest volume from which B is cheaper, at least for a while [token/month].
        sure: Volume after which B is cheaper always [token/month].
        about: Crossings of A with the two lines that B stays between [token/month].
        tied: The asymptotes are too close to tell who wins at very large volume.
    """

    intervals: tuple[Interval, ...]
    first: float | None
    sure: float | None
    about: Interval | None
    tied: bool


def settled_from(a: Curve, b: Curve) -> float:
    """Return the volume from which the cheaper of two curves is always the same [token/month].

    With slopes ``s_a > s_b`` that is where ``s_b V + high_b`` meets ``s_a V + low_a``; infinite
    when the slopes are equal and the bands overlap.
    """
    if a.slope > b.slope:
        gap = b.high - a.low
    elif a.slope < b.slope:
        gap = a.high - b.low
    else:
        return 0.0 if b.high < a.low or a.high <= b.low else np.inf
    if gap <= 0:
        return 0.0
    with np.errstate(over="ignore"):
        return float(gap / abs(a.slope - b.slope))


def wins(a: Curve, b: Curve) -> Wins:
    """Return the exact volumes on which B is cheaper than A.

    Between two neighbouring edges of either curve both are affine, so the difference changes sign
    at most once, at ``-fixed / slope`` of the difference. Beyond `settled_from` the asymptotes
    decide.

    Args:
        a, b: The two curves.
    """
    end = settled_from(a, b)
    pieces = a.pieces_until(end) + b.pieces_until(end)
    tied = not np.isfinite(end) or pieces > MOST_PIECES
    if tied:
        end = _end_within(a, b)
    end = max(end, 1.0)
    found = _cheaper(a.until(end), b.until(end), end)
    if not tied and _b_wins_at_last(a, b):
        found.append((end, np.inf))
    intervals = _merged(found)
    sure = intervals[-1][0] if intervals and intervals[-1][1] == np.inf else None
    return Wins(
        intervals=intervals,
        first=intervals[0][0] if intervals else None,
        sure=sure,
        about=_about(a, b),
        tied=tied,
    )


def beats(a: Sequence[Curve], b: Sequence[Curve]) -> Wins:
    """Return where the lowest of some curves is below the lowest of others.

    That is where, for each curve of A, one of B is below it: unions and intersections of what
    `wins` returns, and as exact. `about` is of the pair that crosses first.

    Args:
        a, b: The curves of either side, at least one each.
    """
    return together([[wins(one, other) for other in b] for one in a])


def together(found: Sequence[Sequence[Wins]]) -> Wins:
    """Return the same of what `wins` returned: a row for each curve of A, B along it."""
    every = [won for row in found for won in row]
    below = [_merged(sorted(i for won in row for i in won.intervals)) for row in found]
    intervals = reduce(_common, below)
    return Wins(
        intervals=intervals,
        first=intervals[0][0] if intervals else None,
        sure=intervals[-1][0] if intervals and intervals[-1][1] == np.inf else None,
        about=min(every, key=lambda won: np.inf if won.first is None else won.first).about,
        tied=any(won.tied for won in every),
    )


def _common(one: tuple[Interval, ...], other: tuple[Interval, ...]) -> tuple[Interval, ...]:
    """Return what lies in an interval of both."""
    pairs = [(max(x[0], y[0]), min(x[1], y[1])) for x in one for y in other]
    return tuple(sorted((low, high) for low, high in pairs if low < high))


def _end_within(a: Curve, b: Curve) -> float:
    """Return a volume that takes about half of `MOST_PIECES` pieces."""
    end = 1e6
    while a.pieces_until(end * 2) + b.pieces_until(end * 2) < MOST_PIECES / 2 and end < 1e18:
        end *= 2
    return end


def _b_wins_at_last(a: Curve, b: Curve) -> bool:
    return b.slope < a.slope or (b.slope == a.slope and b.high < a.low)


def _cheaper(a: Steps, b: Steps, end: float) -> list[Interval]:
    edges = np.unique(np.concatenate([a.edges, b.edges, [end]]))
    edges = edges[edges <= end]
    low = np.concatenate([[0.0], edges[:-1]])
    at_a = np.minimum(np.searchsorted(a.edges, edges, side="left"), a.edges.size - 1)
    at_b = np.minimum(np.searchsorted(b.edges, edges, side="left"), b.edges.size - 1)
    fixed = b.fixed[at_b] - a.fixed[at_a]
    slope = b.slope[at_b] - a.slope[at_a]
    with np.errstate(divide="ignore", invalid="ignore"):
        cross = -fixed / slope
    start = np.where(slope < 0, np.maximum(low, cross), low)
    stop = np.where(slope > 0, np.minimum(edges, cross), edges)
    never = (slope == 0) & (fixed >= 0)
    keep = ~never & (start < stop)
    return list(zip(start[keep].tolist(), stop[keep].tolist(), strict=True))


def _merged(found: list[Interval]) -> tuple[Interval, ...]:
    """Return the intervals with those that touch joined."""
    joined: list[Interval] = []
    for low, high in found:
        if joined and low <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return tuple(joined)


def _about(a: Curve, b: Curve) -> Interval | None:
    if a.slope <= b.slope:
        return None
    gain = a.slope - b.slope
    return max((b.low - a.high) / gain, 0.0), max((b.high - a.low) / gain, 0.0)
