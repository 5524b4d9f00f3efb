"""Cost curves in affine pieces, and where one is below another, exactly.

GPUs come in whole replicas, so the cost of self-hosting is a staircase and two curves can cross
many times. No root finder is used: on each piece both sides are affine, so a crossing is a
division, and beyond a known volume the asymptotes decide. Pairs of curves lie in rows and pieces
in columns, so that one pair and a million settings of it are the same call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from itertools import pairwise

import numpy as np

from tco.engine.ledger import Terms, billed_pieces
from tco.engine.shapes import Flags, Floats, Indices, distinct
from tco.records import dataclass

Interval = tuple[float, float]

MOST_PIECES = 2_000_000
"""Pieces beyond which two curves are called tied rather than told apart."""

CELLS = 1 << 17
"""Cells worked on at a time, so that a dozen arrays of them stay in the processor's cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Piecewise affine costs, one a row; ``cost = fixed + slope * volume`` on a piece.

    Args:
        edges: Ends of the pieces, ascending; piece `i` is ``(edges[i-1], edges[i]]`` and the first
            begins at 0. A row that has fewer pieces repeats its last edge, or ends in infinite
            ones [curves, pieces] [token/month].
        fixed: Cost of a piece's line at volume 0 [curves, pieces] [USD/month].
        slope: Cost of a token on the piece [curves, pieces] [USD/token].
    """

    edges: Floats
    fixed: Floats
    slope: Floats

    def at(self, volume: Floats) -> Floats:
        """Return the cost of volumes within ``[0, edges[-1]]`` on the first curve [USD/month]."""
        edges = self.edges[0]
        piece = np.minimum(np.searchsorted(edges, volume, side="left"), edges.size - 1)
        cost: Floats = self.fixed[0, piece] + self.slope[0, piece] * volume
        return cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """Cost curves: their pieces up to any volume, and the two lines that each stays between.

    Args:
        until: Returns the pieces of some rows, each up to at least a volume of its own.
        pieces_until: Returns how many pieces that would be, for all rows [curves].
        slope: Cost of a token at very large volume [curves] [USD/token].
        low, high: ``slope * volume + low <= cost <= slope * volume + high`` [curves] [USD/month].
    """

    until: Callable[[Indices, Floats], Steps]
    pieces_until: Callable[[Floats], Floats]
    slope: Floats
    low: Floats
    high: Floats

    def first(self, volume: float) -> Steps:
        """Return the pieces of the first curve up to at least a volume."""
        return self.until(np.array([0]), np.array([volume]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wins:
    """Where B is below A, for each pair.

    Args:
        pair: Which pair an interval belongs to, ascending [intervals].
        begin, end: The intervals, ascending and disjoint within a pair; the last may end at
            infinity [intervals] [token/month].
        first: Smallest volume from which B is cheaper, at least for a while; NaN when it never is
            [pairs] [token/month].
        sure: Volume after which B is cheaper always; NaN when there is none [pairs] [token/month].
        about: Crossings of A with the two lines that B stays between; NaN when B's slope is not
            the lower one [pairs, 2] [token/month].
        tied: The asymptotes are too close to tell who wins at very large volume [pairs].
    """

    pair: Indices
    begin: Floats
    end: Floats
    first: Floats
    sure: Floats
    about: Floats
    tied: Flags

    def intervals(self, pair: int = 0) -> tuple[Interval, ...]:
        """Return the intervals of one pair."""
        mine = slice(*np.searchsorted(self.pair, [pair, pair + 1]))
        return tuple(zip(self.begin[mine].tolist(), self.end[mine].tolist(), strict=True))


def affine(fixed: Floats, slope: Floats) -> Curves:
    """Return the curves of bills that are affine in volume.

    Args:
        fixed: Cost at no volume [curves] [USD/month].
        slope: Cost of a token [curves] [USD/token].
    """

    def until(rows: Indices, volume: Floats) -> Steps:
        return Steps(
            edges=np.full((rows.size, 1), np.inf),
            fixed=fixed[rows, None],
            slope=slope[rows, None],
        )

    return Curves(until=until, pieces_until=np.ones_like, slope=slope, low=fixed, high=fixed)


def floored(
    edges: Floats, fixed: Floats, slope: Floats, usd: float
) -> tuple[Floats, Floats, Floats]:
    """Return the pieces of ``max(usd, cost)``: two for each, either of which may have no width.

    Args:
        edges, fixed, slope: Pieces along the last axis; no slope is negative [..., pieces].
        usd: The least that is paid [USD/month].
    """
    low = np.concatenate([np.zeros_like(edges[..., :1]), edges[..., :-1]], axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        reached = (usd - fixed) / slope
    flat = np.where(fixed < usd, np.inf, -np.inf)
    reached = np.clip(np.where(slope > 0, reached, flat), low, edges)
    pairs = ((reached, edges), (np.full_like(fixed, usd), fixed), (np.zeros_like(slope), slope))
    shape = (*edges.shape[:-1], 2 * edges.shape[-1])
    ends, lines, slopes = (np.stack(pair, axis=-1).reshape(shape) for pair in pairs)
    return ends, lines, slopes


def contracts(terms: Terms, fixed: Floats, usd_per_token: Floats) -> Curves:
    """Return the cost curves of a contract.

    Args:
        terms: Tiers and commitment.
        fixed: What is paid besides tokens [curves, USD/month].
        usd_per_token: List price at the workload's mix [curves, USD/token].
    """
    (edges, tokens, slope), price = billed_pieces(terms), usd_per_token[:, None]
    ends, lines, slopes = floored(
        np.broadcast_to(edges, (price.size, edges.size)),
        tokens * price,
        slope * price,
        terms.commit_usd_per_month,
    )
    lines = lines + fixed[:, None]
    starts = np.concatenate([np.zeros_like(ends[:, :1]), ends[:, :-1]], axis=1)
    # Above its last line a curve is affine on each piece, so that its extremes are at the ends.
    above = slopes - slopes[:, -1:]
    with np.errstate(invalid="ignore"):
        corners = np.concatenate([lines + above * starts, lines + above * ends], axis=1)
    real = np.concatenate([starts < ends, (starts < ends) & np.isfinite(ends)], axis=1)
    return Curves(
        until=lambda rows, _: Steps(edges=ends[rows], fixed=lines[rows], slope=slopes[rows]),
        pieces_until=lambda volume: np.full_like(volume, ends.shape[1]),
        slope=slopes[:, -1],
        low=np.where(real, corners, np.inf).min(axis=1),
        high=np.where(real, corners, -np.inf).max(axis=1),
    )


def some(curves: Curves, rows: Indices) -> Curves:
    """Return some of the curves [rows]."""

    def pieces_until(volume: Floats) -> Floats:
        everywhere = np.zeros(curves.slope.size)
        everywhere[rows] = volume
        return curves.pieces_until(everywhere)[rows]

    return Curves(
        until=lambda wanted, volume: curves.until(rows[wanted], volume),
        pieces_until=pieces_until,
        slope=curves.slope[rows],
        low=curves.low[rows],
        high=curves.high[rows],
    )


def settled_from(a: Curves, b: Curves) -> Floats:
    """Return the volumes from which the cheaper one is always the same [pairs, token/month].

    With slopes ``s_a > s_b`` that is where ``s_b V + high_b`` meets ``s_a V + low_a``; infinite
    when the slopes are equal and the bands overlap.
    """
    gap = np.where(a.slope > b.slope, b.high - a.low, a.high - b.low)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        crossing = np.where(gap <= 0, 0.0, gap / np.abs(a.slope - b.slope))
    apart = (b.high < a.low) | (a.high <= b.low)
    return np.where(a.slope == b.slope, np.where(apart, 0.0, np.inf), crossing)


def wins(a: Curves, b: Curves, most_pieces: float = MOST_PIECES) -> Wins:
    """Return the exact volumes on which B is cheaper than A, for every pair.

    Between two neighbouring edges of either curve both are affine, so the difference changes sign
    at most once, at ``-fixed / slope`` of the difference. Beyond `settled_from` the asymptotes
    decide. Pairs are worked on in groups that need about as many pieces as each other.

    Args:
        a, b: The curves, as many of one as of the other.
        most_pieces: Pieces beyond which a pair is called tied rather than told apart.
    """
    end = settled_from(a, b)
    with np.errstate(invalid="ignore"):
        pieces = a.pieces_until(end) + b.pieces_until(end)
    tied = ~np.isfinite(end) | ~(pieces <= most_pieces)
    end = np.maximum(np.where(tied, _end_within(a, b, tied, most_pieces), end), 1.0)
    pieces = a.pieces_until(end) + b.pieces_until(end)
    last = ~tied & ((b.slope < a.slope) | ((b.slope == a.slope) & (b.high < a.low)))
    found = [_group(a, b, rows, end[rows], last[rows]) for rows in _groups(pieces)]
    pair, begin, stop = (np.concatenate(part) for part in zip(*found, strict=True))
    order = np.argsort(pair, kind="stable")
    return _summed(pair[order], begin[order], stop[order], _about(a, b), tied)


def beats(a: Sequence[Curves], b: Sequence[Curves]) -> Wins:
    """Return where the lowest of some curves is below the lowest of others, as one pair.

    That is where, for each curve of A, one of B is below it: unions and intersections of what
    `wins` returns, and as exact. `about` is of the pair that crosses first.

    Args:
        a, b: The curves of either side, at least one each, each on its own.
    """
    return together([[wins(one, other) for other in b] for one in a])


def together(found: Sequence[Sequence[Wins]]) -> Wins:
    """Return the same of what `wins` returned: a row for each curve of A, B along it."""
    every = [won for row in found for won in row]
    below = [_joined(sorted(i for won in row for i in won.intervals())) for row in found]
    spans = np.array(reduce(_common, below), dtype=float).reshape(-1, 2)
    earliest = min(every, key=lambda won: np.nan_to_num(won.first[0], nan=np.inf))
    tied = np.array([any(won.tied[0] for won in every)])
    return _summed(np.zeros(len(spans), dtype=int), spans[:, 0], spans[:, 1], earliest.about, tied)


def _common(one: tuple[Interval, ...], other: tuple[Interval, ...]) -> tuple[Interval, ...]:
    """Return what lies in an interval of both."""
    pairs = [(max(x[0], y[0]), min(x[1], y[1])) for x in one for y in other]
    return tuple(sorted((low, high) for low, high in pairs if low < high))


def _joined(found: list[Interval]) -> tuple[Interval, ...]:
    """Return the intervals, ascending by their begin, with those that touch joined."""
    joined: list[Interval] = []
    for low, high in found:
        if joined and low <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return tuple(joined)


def _about(a: Curves, b: Curves) -> Floats:
    gain = np.where(a.slope > b.slope, a.slope - b.slope, np.nan)
    with np.errstate(invalid="ignore"):
        meet = np.stack([b.low - a.high, b.high - a.low], axis=-1) / gain[:, None]
    return np.maximum(meet, 0.0)


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
    for level in distinct(power):
        rows = np.flatnonzero(power == level)
        size = max(CELLS >> int(level), 1)
        groups += [rows[i : i + size] for i in range(0, rows.size, size)]
    return groups


def _group(
    a: Curves, b: Curves, rows: Indices, end: Floats, last: Flags
) -> tuple[Indices, Floats, Floats]:
    """Return the winning intervals of some pairs: pair, begin and end of each."""
    edges, fixed, slope = _cells(a.until(rows, end), b.until(rows, end))
    stop = np.minimum(edges, end[:, None])
    stop[:, -1] = end
    start = np.empty_like(stop)
    start[:, 0], start[:, 1:] = 0.0, stop[:, :-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        cross = np.divide(-fixed, slope)
    falls = slope < 0
    keep = np.empty((rows.size, stop.shape[1] + 1), dtype=bool)  # beyond the last edge, too
    if falls.all():  # as of most pairs: a mask takes three times as long as none
        np.maximum(start, cross, out=start)
        keep[:, :-1] = start < stop
    else:
        np.maximum(start, cross, out=start, where=falls)
        np.minimum(stop, cross, out=stop, where=slope > 0)
        keep[:, :-1] = (start < stop) & ~((slope == 0) & (fixed >= 0))
    keep[:, -1] = last
    row, cell = np.divmod(np.flatnonzero(keep), keep.shape[1])
    beyond = cell == stop.shape[1]
    cell[beyond] = 0
    begins, ends = start[row, cell], stop[row, cell]
    begins[beyond], ends[beyond] = end[row[beyond]], np.inf
    return _merged(rows[row], begins, ends)


def _cells(a: Steps, b: Steps) -> tuple[Floats, Floats, Floats]:
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


def _summed(pair: Indices, begin: Floats, end: Floats, about: Floats, tied: Flags) -> Wins:
    first, sure = np.full(tied.shape, np.nan), np.full(tied.shape, np.nan)
    first[pair[::-1]] = begin[::-1]  # the earliest interval is written last
    endless = np.isinf(end)
    sure[pair[endless]] = begin[endless]
    return Wins(pair=pair, begin=begin, end=end, first=first, sure=sure, about=about, tied=tied)


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


# The one turn nearest to today's value, where every value that is tried costs something.


def turn(
    moved: Callable[[Floats], Flags],
    now: float,
    low: float,
    high: float,
    *,
    values: Callable[[float, float], Floats],
    zooms: int,
) -> Interval | None:
    """Return the values on either side of the turn nearest to `now`, the side of `now` first.

    A range is tried at some values in one call, and of it the cell next to `now` in which the
    answer turns is tried again, `zooms` times in all. None where none of the first values turns
    it; both are one value where there is none between it and `now`.

    Args:
        moved: Returns whether the answer at each value is another than today's.
        now: Today's value; outside the range its end next to it stands for it.
        values: Returns what to try of a range, its ends among them: three values halve it.
        zooms: How often.
    """
    ends = low, high
    for _ in range(zooms):
        tried = distinct(np.append(values(low, high), min(max(now, low), high)))
        flipped = moved(tried)
        if not flipped.any():
            return None
        hit = int(np.argmin(np.where(flipped, np.abs(tried - now), np.inf)))
        near = hit - 1 if tried[hit] > now else hit + 1
        if not 0 <= near < tried.size or tried[hit] == now:
            return float(tried[hit]), float(tried[hit])
        ends = float(tried[near]), float(tried[hit])
        low, high = sorted(ends)
    return ends


def remembered(gap: Callable[[Floats], Floats]) -> Callable[[Floats], Floats]:
    """Return a gap of bills that works out no value twice: one call costs as much as another."""
    known: dict[float, float] = {}

    def look(values: Floats) -> Floats:
        new = [value for value in dict.fromkeys(values.tolist()) if value not in known]
        if new:
            known.update(zip(new, gap(np.array(new)).tolist(), strict=True))
        return np.array([known[value] for value in values.tolist()])

    return look


SPREAD = 65
"""Values at which a range is tried at once [1]."""


def spread(low: float, high: float) -> Floats:
    """Return what is tried of a range: by factors where it is wide."""
    wide = low > 0 and high / low > 10
    return np.geomspace(low, high, SPREAD) if wide else np.linspace(low, high, SPREAD)


def whole_values(low: float, high: float) -> Floats:
    """Return the whole numbers of a range."""
    return np.arange(np.ceil(low), np.floor(high) + 1.0)
