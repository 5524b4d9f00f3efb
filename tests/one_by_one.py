"""Break-evens one pair at a time, without rows and columns: the oracle of `engine/crossings`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from tco.engine import crossings
from tco.engine.crossings import MOST_PIECES, Curves, Interval

Floats = NDArray[np.float64]


def alone(curves: Curves, row: int = 0) -> Curve:
    """Return one of the curves on its own, pieces without width left out."""

    def until(volume: float) -> Steps:
        made = curves.until(np.array([row]), np.array([volume]))
        edges = made.edges[0]
        wide = edges > np.concatenate([[0.0], edges[:-1]])
        return Steps(edges=edges[wide], fixed=made.fixed[0][wide], slope=made.slope[0][wide])

    return Curve(
        until=until,
        pieces_until=lambda volume: float(
            curves.pieces_until(np.full(curves.slope.size, volume))[row]
        ),
        slope=float(curves.slope[row]),
        low=float(curves.low[row]),
        high=float(curves.high[row]),
    )


def rows_of(curves: Sequence[Curve]) -> Curves:
    """Return curves as rows; each is worked out piece by piece as on its own."""

    def until(rows: NDArray[np.int64], volume: Floats) -> crossings.Steps:
        made = [curves[i].until(float(v)) for i, v in zip(rows, volume, strict=True)]
        size = max(steps.edges.size for steps in made)

        def padded(name: str) -> Floats:
            columns = [getattr(steps, name) for steps in made]
            return np.array([np.pad(c, (0, size - c.size), mode="edge") for c in columns])

        return crossings.Steps(edges=padded("edges"), fixed=padded("fixed"), slope=padded("slope"))

    return Curves(
        until=until,
        pieces_until=lambda end: np.array(
            [c.pieces_until(float(v)) for c, v in zip(curves, end, strict=True)]
        ),
        slope=np.array([c.slope for c in curves]),
        low=np.array([c.low for c in curves]),
        high=np.array([c.high for c in curves]),
    )


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


def solved(a: Sequence[Curve], b: Sequence[Curve]) -> Wins:
    """Return what the product says of the same curves."""
    found = crossings.beats([rows_of([one]) for one in a], [rows_of([one]) for one in b])
    first, sure = (None if np.isnan(v[0]) else float(v[0]) for v in (found.first, found.sure))
    low, high = found.about[0].tolist()
    return Wins(
        intervals=found.intervals(),
        first=first,
        sure=sure,
        about=None if np.isnan(low) else (low, high),
        tied=bool(found.tied[0]),
    )
