"""Cost curves in affine pieces, and where one is below another, exactly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise

import numpy as np

from tco.engine.shapes import Flags, Floats, Indices

# Monthly cost as a function of volume: affine pieces, and where one such curve is below another.
#
# GPUs come in whole replicas, so the cost of self-hosting is a staircase and two curves can cross
# many times. No root finder is used: on each piece both sides are affine, so a crossing is a
# division, and beyond a known volume the asymptotes decide.

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


# Where one cost curve is below another, for many pairs of curves in one broadcast call.
#
# The same arithmetic as `tco.engine.crossings`, with pairs in rows and pieces in columns: no root
# is searched for, and results are equal to the last digit.

CELLS = 1 << 17
"""Cells worked on at a time, so that a dozen arrays of them stay in the processor's cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManySteps:
    """Piecewise affine costs, one a row; see `tco.engine.crossings.Steps` for what a piece is.

    Args:
        edges, fixed, slope: Ends and lines of the pieces; a row that has fewer of them repeats
            its last edge, or ends in infinite ones [pairs, pieces].
    """

    edges: Floats
    fixed: Floats
    slope: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """Many cost curves.

    Args:
        until: Returns the pieces of some rows, each up to at least a volume of its own.
        pieces_until: Returns how many pieces that would be, for all rows [pairs].
        slope, low, high: As in `tco.engine.crossings.Curve` [pairs].
    """

    until: Callable[[Indices, Floats], ManySteps]
    pieces_until: Callable[[Floats], Floats]
    slope: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class ManyWins:
    """Where B is below A, for each pair.

    Args:
        pair: Which pair an interval belongs to, ascending [intervals].
        begin, end: The intervals, ascending within a pair [intervals, token/month].
        first: Smallest volume from which B is cheaper; NaN when it never is [pairs].
        sure: Volume after which B is cheaper always; NaN when there is none [pairs].
        tied: The asymptotes are too close to tell who wins at very large volume [pairs].
    """

    pair: Indices
    begin: Floats
    end: Floats
    first: Floats
    sure: Floats
    tied: Flags


def affine(fixed: Floats, slope: Floats) -> Curves:
    """Return the curves of bills that are affine in volume.

    Args:
        fixed: Cost at no volume [pairs, USD/month].
        slope: Cost of a token [pairs, USD/token].
    """

    def until(rows: Indices, volume: Floats) -> ManySteps:
        return ManySteps(
            edges=np.full((rows.size, 1), np.inf),
            fixed=fixed[rows, None],
            slope=slope[rows, None],
        )

    return Curves(until=until, pieces_until=np.ones_like, slope=slope, low=fixed, high=fixed)


def only(many: Curves) -> Curve:
    """Return the first of the curves on its own."""

    def until(volume: float) -> Steps:
        made = many.until(np.array([0]), np.array([volume]))
        edges = made.edges[0]
        wide = edges > np.concatenate([[0.0], edges[:-1]])
        return Steps(edges=edges[wide], fixed=made.fixed[0][wide], slope=made.slope[0][wide])

    return Curve(
        until=until,
        pieces_until=lambda volume: float(many.pieces_until(np.array([volume]))[0]),
        slope=float(many.slope[0]),
        low=float(many.low[0]),
        high=float(many.high[0]),
    )


def some(many: Curves, rows: Indices) -> Curves:
    """Return some of the curves [rows]."""

    def pieces_until(volume: Floats) -> Floats:
        everywhere = np.zeros(many.slope.size)
        everywhere[rows] = volume
        return many.pieces_until(everywhere)[rows]

    return Curves(
        until=lambda wanted, volume: many.until(rows[wanted], volume),
        pieces_until=pieces_until,
        slope=many.slope[rows],
        low=many.low[rows],
        high=many.high[rows],
    )


def settled_from_many(a: Curves, b: Curves) -> Floats:
    """Return the volumes from which the cheaper one is always the same [pairs, token/month]."""
    gap = np.where(a.slope > b.slope, b.high - a.low, a.high - b.low)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        crossing = np.where(gap <= 0, 0.0, gap / np.abs(a.slope - b.slope))
    apart = (b.high < a.low) | (a.high <= b.low)
    return np.where(a.slope == b.slope, np.where(apart, 0.0, np.inf), crossing)


def wins_many(a: Curves, b: Curves, most_pieces: float = MOST_PIECES) -> ManyWins:
    """Return the exact volumes on which B is cheaper than A, for every pair.

    Pairs are worked on in groups that need about as many pieces as each other.

    Args:
        a, b: The curves, as many of one as of the other.
        most_pieces: Pieces beyond which a pair is called tied rather than told apart.
    """
    end = settled_from_many(a, b)
    with np.errstate(invalid="ignore"):
        pieces = a.pieces_until(end) + b.pieces_until(end)
    tied = ~np.isfinite(end) | ~(pieces <= most_pieces)
    end = np.maximum(np.where(tied, _many_end_within(a, b, tied, most_pieces), end), 1.0)
    pieces = a.pieces_until(end) + b.pieces_until(end)
    last = ~tied & ((b.slope < a.slope) | ((b.slope == a.slope) & (b.high < a.low)))
    found = [_group(a, b, rows, end[rows], last[rows]) for rows in _groups(pieces)]
    pair, begin, stop = (np.concatenate(part) for part in zip(*found, strict=True))
    order = np.argsort(pair, kind="stable")
    return _summed(pair[order], begin[order], stop[order], tied)


def _many_end_within(a: Curves, b: Curves, tied: Flags, most_pieces: float) -> Floats:
    """Return volumes that take about half of the pieces allowed, for the pairs that are tied."""
    end = np.full(tied.shape, 1e6)
    growing = tied.copy()
    while growing.any():
        twice = end * 2
        growing &= (a.pieces_until(twice) + b.pieces_until(twice) < most_pieces / 2) & (end < 1e18)
        end = np.where(growing, twice, end)
    return end


def _groups(pieces: Floats) -> list[Indices]:
    """Return the pairs by the power of two that their pieces fit in, each group cut to `CELLS`."""
    power = np.ceil(np.log2(np.maximum(pieces, 1.0))).astype(np.int64)
    groups: list[Indices] = []
    for level in np.unique(power):
        rows = np.flatnonzero(power == level)
        size = max(CELLS >> int(level), 1)
        groups += [rows[i : i + size] for i in range(0, rows.size, size)]
    return groups


def _group(
    a: Curves, b: Curves, rows: Indices, end: Floats, last: Flags
) -> tuple[Indices, Floats, Floats]:
    """Return the winning intervals of some pairs: pair, begin and end of each."""
    edges, fixed, slope = _cells(a.until(rows, end), b.until(rows, end))
    edges = np.minimum(edges, end[:, None])
    edges[:, -1] = end
    low = np.empty_like(edges)
    low[:, 0], low[:, 1:] = 0.0, edges[:, :-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        cross = -fixed / slope
    start = np.where(slope < 0, np.maximum(low, cross), low)
    stop = np.where(slope > 0, np.minimum(edges, cross), edges)
    keep = (start < stop) & ~((slope == 0) & (fixed >= 0))
    start = np.concatenate([start, end[:, None]], axis=1)
    stop = np.concatenate([stop, np.full((rows.size, 1), np.inf)], axis=1)
    keep = np.concatenate([keep, last[:, None]], axis=1)
    row, cell = np.nonzero(keep)
    return _many_merged(rows[row], start[row, cell], stop[row, cell])


def _cells(a: ManySteps, b: ManySteps) -> tuple[Floats, Floats, Floats]:
    """Return the edges of either row, and cost of B less cost of A between them [pairs, cells]."""
    if a.edges.shape[1] == 1:
        return b.edges, b.fixed - a.fixed, b.slope - a.slope
    if b.edges.shape[1] == 1:
        return a.edges, b.fixed - a.fixed, b.slope - a.slope
    both = np.concatenate([a.edges, b.edges], axis=1)
    order = np.argsort(both, axis=1)
    from_a = order < a.edges.shape[1]
    # An edge ends the piece of A that as many edges of A came before as have been passed.
    in_a = np.minimum(np.cumsum(from_a, axis=1) - from_a, a.edges.shape[1] - 1)
    in_b = np.minimum(np.cumsum(~from_a, axis=1) - ~from_a, b.edges.shape[1] - 1)
    take = np.take_along_axis
    fixed = take(b.fixed, in_b, axis=1) - take(a.fixed, in_a, axis=1)
    slope = take(b.slope, in_b, axis=1) - take(a.slope, in_a, axis=1)
    return take(both, order, axis=1), fixed, slope


def _many_merged(pair: Indices, start: Floats, stop: Floats) -> tuple[Indices, Floats, Floats]:
    """Return the intervals with those of a pair that touch joined."""
    if not pair.size:
        return pair, start, stop
    fresh = np.ones(pair.size, dtype=bool)
    fresh[1:] = (pair[1:] != pair[:-1]) | (start[1:] > stop[:-1])
    ends = np.append(np.flatnonzero(fresh)[1:], pair.size) - 1
    return pair[fresh], start[fresh], stop[ends]


def _summed(pair: Indices, begin: Floats, end: Floats, tied: Flags) -> ManyWins:
    first, sure = np.full(tied.shape, np.nan), np.full(tied.shape, np.nan)
    first[pair[::-1]] = begin[::-1]  # the earliest interval is written last
    endless = np.isinf(end)
    sure[pair[endless]] = begin[endless]
    return ManyWins(pair=pair, begin=begin, end=end, first=first, sure=sure, tied=tied)


# Where a cost difference is below zero as any one number changes: division where it is affine,
# bisection where it is not.

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
