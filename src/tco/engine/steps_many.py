"""Where one cost curve is below another, for many pairs of curves in one broadcast call.

The same arithmetic as `tco.engine.steps`, with pairs in rows and pieces in columns: no root is
searched for, and results are equal to the last digit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tco.engine.shapes import Flags, Floats, Indices
from tco.engine.steps import MOST_PIECES, Curve, Steps

CELLS = 1 << 17
"""Cells worked on at a time, so that a dozen arrays of them stay in the processor's cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Piecewise affine costs, one a row; see `tco.engine.steps.Steps` for what a piece is.

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
        slope, low, high: As in `tco.engine.steps.Curve` [pairs].
    """

    until: Callable[[Indices, Floats], Rows]
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

    def until(rows: Indices, volume: Floats) -> Rows:
        return Rows(
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
    end = np.maximum(np.where(tied, _end_within(a, b, tied, most_pieces), end), 1.0)
    pieces = a.pieces_until(end) + b.pieces_until(end)
    last = ~tied & ((b.slope < a.slope) | ((b.slope == a.slope) & (b.high < a.low)))
    found = [_group(a, b, rows, end[rows], last[rows]) for rows in _groups(pieces)]
    pair, begin, stop = (np.concatenate(part) for part in zip(*found, strict=True))
    order = np.argsort(pair, kind="stable")
    return _summed(pair[order], begin[order], stop[order], tied)


def _end_within(a: Curves, b: Curves, tied: Flags, most_pieces: float) -> Floats:
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
    return _merged(rows[row], start[row, cell], stop[row, cell])


def _cells(a: Rows, b: Rows) -> tuple[Floats, Floats, Floats]:
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


def _merged(pair: Indices, start: Floats, stop: Floats) -> tuple[Indices, Floats, Floats]:
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
