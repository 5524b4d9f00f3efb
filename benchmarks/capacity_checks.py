"""Held-out checks of the serving model: bands, anchoring, breakdowns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tco.engine.constants import EVIDENCE, anchor_distance, anchor_weight, evidence

if TYPE_CHECKING:
    from capacity_table import Flags, Floats, Table, Texts
    from numpy.typing import NDArray

Tails = tuple[float, float]
TAILS: Tails = (0.1, 0.9)
FEW = 10  # rows below which a kind of evidence has no band of its own
SOURCES = 3  # sources that a kind needs for a band that only its own rows decide


def text(residual: Floats) -> str:
    """Return `median |pred/meas - 1| / 90th percentile of |ln|` of log residuals."""
    if not residual.size:
        return "   -   "
    off = np.median(np.abs(np.exp(residual) - 1.0))
    return f"{off:.4f}/{np.quantile(np.abs(residual), 0.9):.3f}"


def kinds(table: Table) -> Texts:
    """Return the kind of evidence of each row."""
    data = table.inputs
    index = evidence(data.model, data.gpu, data.profile, layout_known=data.layout_known)
    return np.array(EVIDENCE)[index]


def _group_weights(group: Texts) -> Floats:
    _, where, counts = np.unique(group, return_inverse=True, return_counts=True)
    return np.asarray(counts[where] ** -0.5)


def _source_weights(group: Texts, source: Texts) -> Floats:
    weights = _group_weights(group)
    where = np.unique(source, return_inverse=True)[1]
    return np.asarray(weights * np.bincount(where, weights)[where] ** -0.5)


def _quantiles(values: Floats, weights: Floats, tails: Tails) -> Floats:
    order = np.argsort(values)
    middle = np.cumsum(weights[order]) - weights[order] / 2.0
    return np.interp(np.array(tails) * weights.sum(), middle, values[order])


def _ends(table: Table, off: Floats, seen: Flags, own: Flags, tails: Tails) -> Floats:
    """Return log measured / predicted at `tails` of the rows `own` among those that are `seen`.

    A group of n rows counts for sqrt(n), and so does a source of n such groups, so that neither
    long sweeps nor long tables decide alone. Where fewer sources speak of a kind than `SOURCES`,
    the rows of all others stand for those that are missing if that makes the band wider: one or two
    sources do not know what the next one will say.
    """
    mine, others = np.flatnonzero(seen & own), np.flatnonzero(seen & ~own)
    alone = _source_weights(table.group[mine], table.one_source[mine])
    beside = _source_weights(table.group[others], table.one_source[others])
    if mine.size:
        by_source = np.bincount(np.unique(table.one_source[mine], return_inverse=True)[1], alone)
        sources = by_source.sum() ** 2 / np.sum(by_source**2)  # of one weight, as good as these
        beside *= max(SOURCES / sources - 1.0, 0.0) * alone.sum() / beside.sum()
    rows, weights = np.concatenate((mine, others)), np.concatenate((alone, beside))
    ends = _quantiles(off[rows][weights > 0.0], weights[weights > 0.0], tails)
    if mine.size < FEW:
        return ends
    narrow = _quantiles(off[mine], alone, tails)
    return np.array([min(ends[0], narrow[0]), max(ends[1], narrow[1])])


def bands(table: Table, runs: Sequence[Floats], tails: Tails = TAILS) -> dict[str, Tails]:
    """Return measured / predicted at `tails` by kind of evidence, over held-out `runs`."""
    kind, ends = kinds(table), {}
    for name in EVIDENCE:
        every = np.ones(len(kind), dtype=bool)
        found = [_ends(table, -run, every, kind == name, tails) for run in runs]
        low, high = np.exp(np.mean(found, axis=0))
        ends[name] = (float(low), float(high))
    return ends


def coverage(table: Table, residual: Floats, fold: NDArray[np.intp] | Texts) -> NDArray[np.bool_]:
    """Return which rows fall inside the band that the other folds' residuals give."""
    kind, inside = kinds(table), np.zeros(len(residual), dtype=bool)
    for number in np.unique(fold):
        for name in np.unique(kind[fold == number]):
            own = kind == name
            low, high = _ends(table, -residual, fold != number, own, TAILS)
            test = (fold == number) & own
            inside[test] = (-residual[test] >= low) & (-residual[test] <= high)
    return inside


def partners(table: Table, seed: int) -> NDArray[np.intp]:
    """Return for each row another of its group, engine, precision and layout; -1 without one."""
    columns = ("engine", "weight_dtype", "kv_dtype", "tp", "pp", "expert_parallel", "dp_attention")
    same = ["|".join(row[name] for name in ("group", *columns)) for row in table.rows]
    _, where = np.unique(same, return_inverse=True)
    rng, mate = np.random.default_rng(seed), np.full(len(same), -1)
    for label in range(where.max() + 1):
        rows = np.flatnonzero(where == label)
        if len(rows) > 1:
            step = rng.integers(1, len(rows), len(rows))
            mate[rows] = rows[(np.arange(len(rows)) + step) % len(rows)]
    return mate


def anchored(table: Table, residual: Floats, seed: int) -> tuple[Floats, Floats, Floats]:
    """Return log residuals before and after one measurement is known, and its weight [1]."""
    mate = partners(table, seed)
    rows = np.flatnonzero(mate >= 0)
    other, data = mate[rows], table.inputs
    batch = table.cases.batch[table.cases.first]
    distance = anchor_distance(
        batch[rows],
        data.isl[rows],
        data.osl[rows],
        measured_batch=batch[other],
        measured_isl=data.isl[other],
        measured_osl=data.osl[other],
    )
    weight = np.asarray(anchor_weight(distance))
    return residual[rows], residual[rows] - weight * residual[other], weight
