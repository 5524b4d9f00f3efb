"""Draws of what is uncertain: distributions, hypercubes, shares of variance, quick tables."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist
from typing import Literal

import numpy as np

from tco.engine.shapes import Floats, Indices
from tco.ranges import Span
from tco.records import dataclass

# Distributions that pass through stated percentiles, and Latin hypercubes of them.

Kind = Literal["uniform", "triangular", "lognormal"]
HALVINGS = 80
LEAST_EIGENVALUE = -1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """What is believed of one number.

    Args:
        kind: Its shape.
        value: The mode of a triangular one, the median of a lognormal one.
        low, high: Its percentiles at `tail` and at ``1 - tail``.
        tail: Probability of less than `low`, and of more than `high` [1].
        least, most: What it can be at all; beyond, it is cut to these.
    """

    kind: Kind
    value: float
    low: float
    high: float
    tail: float = 0.05
    least: float = -np.inf
    most: float = np.inf


def quantiles(spread: Spread, probability: Floats, scores: Floats | None = None) -> Floats:
    """Return the values that are not exceeded with some probabilities, ascending ones.

    Uniform and triangular ones go on beyond `low` and `high` far enough for the percentiles to
    hold. A lognormal one is split: ``value * exp(z * s)`` with one `s` below the median and one
    above, so that median and both percentiles hold.

    Args:
        probability: Between 0 and 1 [draws].
        scores: The standard normal quantiles of these, where they are known [draws].
    """
    if spread.kind == "uniform":
        wider = (spread.high - spread.low) / (1.0 - 2.0 * spread.tail)
        found = spread.low + wider * (probability - spread.tail)
    elif spread.kind == "triangular":
        found = _triangular(spread, probability)
    else:
        score = scores
        if score is None:
            known = _midpoints(probability)
            score = normal_scores(probability.size) if known else _scores(probability)
        z = -NormalDist().inv_cdf(spread.tail)
        below, above = np.log(spread.value / spread.low) / z, np.log(spread.high / spread.value) / z
        found = spread.value * np.exp(score * np.where(score < 0, below, above))
    return np.clip(found, spread.least, spread.most)


def outermost(spread: Spread, strata: int) -> tuple[float, float]:
    """Return the least and the most that is drawn of so many strata."""
    at = midpoints(strata)[[0, -1]]
    first = _scores(at[:1])
    low, high = quantiles(spread, at, np.concatenate([first, -first])).tolist()
    return low, high


def _triangular(spread: Spread, probability: Floats) -> Floats:
    """Return quantiles of the triangle with the given mode that has both percentiles.

    With `u` and `v` the lengths to the left and right of the mode and ``w = u + v``, the
    percentiles say ``u - sqrt(tail w u) = value - low`` and the like for `v`; `w` is bisected.
    """
    down, up, p = spread.value - spread.low, spread.high - spread.value, spread.tail

    def side(w: float, reach: float) -> float:
        return float((np.sqrt(p * w) + np.sqrt(p * w + 4.0 * reach)) / 2.0) ** 2

    low, high = down + up, 1e3 * (down + up)
    for _ in range(HALVINGS):
        w = (low + high) / 2.0
        wider = side(w, down) + side(w, up) > w
        low, high = (w, high) if wider else (low, w)
    u, v = side(low, down), side(low, up)
    at = u / (u + v)
    left = spread.value - u + np.sqrt(probability * (u + v) * u)
    right = spread.value + v - np.sqrt((1.0 - probability) * (u + v) * v)
    return np.where(probability < at, left, right)


def midpoints(strata: int) -> Floats:
    """Return the middle of each of so many equally probable strata [strata]."""
    return (np.arange(strata) + 0.5) / strata


def _midpoints(probability: Floats) -> bool:
    size = probability.size
    return size > 1 and bool(probability[0] == 0.5 / size and probability[-1] == 1 - 0.5 / size)


@lru_cache(maxsize=4)
def normal_scores(strata: int) -> Floats:
    """Return the standard normal quantile of the middle of each stratum [strata]."""
    half = _scores(midpoints(strata)[: strata // 2])
    middle = np.zeros(strata % 2)
    return np.concatenate([half, middle, -half[::-1]])


def _scores(probability: Floats) -> Floats:
    inverse = NormalDist().inv_cdf
    return np.array([inverse(p) for p in probability.tolist()])


def check_correlation(matrix: Floats) -> str | None:
    """Return why a matrix is not one of correlations, or None.

    It must be symmetric with ones on its diagonal, its entries between -1 and 1, and no
    combination of the variables may have a negative variance.
    """
    if not np.array_equal(matrix, matrix.T) or not np.all(np.diag(matrix) == 1.0):
        return "it is not symmetric with ones on its diagonal"
    if np.any(np.abs(matrix) > 1.0):
        return "a correlation lies between -1 and 1"
    least = float(np.linalg.eigvalsh(matrix)[0])
    if least < LEAST_EIGENVALUE:
        return f"these correlations cannot hold together (smallest eigenvalue {least:.3g})"
    return None


def hypercube(rng: np.random.Generator, strata: int, groups: Sequence[Floats]) -> Indices:
    """Return a Latin hypercube as the stratum of each draw of each variable [variables, draws].

    Every variable visits every stratum once. Alone it is a random permutation; variables of a
    group follow the ranks of correlated normal scores (Iman and Conover), so that correlations
    hold and no marginal changes.

    Args:
        rng: Where the random numbers come from.
        strata: Strata, and draws.
        groups: Correlation matrix of each group of variables, in their order; 1 x 1 for one that
            stands alone.

    Source:
        McKay, Beckman and Conover (1979); Iman and Conover (1982).
    """
    out: list[Indices] = []
    for matrix in groups:
        ranks = [rng.permutation(strata) for _ in range(len(matrix))]
        out += ranks if len(ranks) == 1 else _correlated(ranks, matrix)
    return np.stack(out)


def _correlated(ranks: Sequence[Indices], matrix: Floats) -> list[Indices]:
    """Return independent ranks reordered so that their normal scores are correlated."""
    scores = normal_scores(ranks[0].size)
    free = np.stack([scores.take(r) for r in ranks])
    mixed = _root(matrix) @ free
    out = [ranks[0]]
    for row in mixed[1:]:
        rank = np.empty_like(ranks[0])
        rank[np.argsort(row)] = np.arange(row.size)
        out.append(rank)
    return out


def _root(matrix: Floats) -> Floats:
    """Return a lower triangle whose product with its transpose is the matrix, singular or not."""
    values, vectors = np.linalg.eigh(matrix)
    half = vectors * np.sqrt(np.maximum(values, 0.0))
    upper = np.linalg.qr(half.T)[1]
    signs = np.where(np.diag(upper) < 0, -1.0, 1.0)
    return np.asarray(signs[None, :] * upper.T)


# How much of a result's variance each input, or group of inputs, explains: Sobol indices.


def sobol_indices(f_a: Floats, f_b: Floats, f_ab: Floats) -> tuple[Floats, Floats]:
    """Return first-order and total Sobol indices: shares of variance by input [inputs, 1].

    The first are explained by the input alone, the total by it alone and together with others.

    ``S_i = mean(f_B * (f_ABi - f_A)) / var`` and ``ST_i = mean((f_A - f_ABi)**2) / 2 / var``, the
    results taken about their mean, which changes no expectation and lowers the variance of `S_i`.

    Args:
        f_a, f_b: Results of two independent samples [draws].
        f_ab: Results of sample A with input i taken from sample B [inputs, draws].

    Source:
        Saltelli et al. (2010), table 2, rows (b) and (f); the latter is Jansen (1999).
    """
    both = np.concatenate([f_a, f_b])
    variance, mean = float(both.var()), float(both.mean())
    if variance == 0.0:
        return np.zeros(len(f_ab)), np.zeros(len(f_ab))
    first = ((f_b - mean) * (f_ab - f_a)).mean(axis=1) / variance
    total = ((f_a - f_ab) ** 2).mean(axis=1) / 2.0 / variance
    return first, total


# A function of a few numbers as a table: worked out on a grid once, then interpolated.


def nodes(axis: Span) -> Floats:
    """Return the values of one input of a table [nodes]."""
    spread = np.geomspace if axis.log else np.linspace
    return np.asarray(spread(axis.low, axis.high, axis.count))


def place(axis: Span, at: Floats) -> tuple[Indices, Floats]:
    """Return the cell of a table that each value lies in, and how far into it [draws]."""
    low, high = (np.log(v) if axis.log else v for v in (axis.low, axis.high))
    position = (np.log(at) if axis.log else at) - low
    position *= (axis.count - 1) / (high - low)
    cell = np.clip(position.astype(np.int64), 0, axis.count - 2)
    return cell, position - cell


Places = Sequence[tuple[Indices, Floats]]
"""Where draws lie in a grid: of each corner around them its index in the flattened grid, and how
much it counts; what the corners count sums to 1 [corners][draws]."""


def places(axes: Sequence[Span], at: Sequence[Floats]) -> Places:
    """Return where draws lie in the grid of some axes.

    Args:
        axes: The inputs of the table.
        at: Values of each input [axes, draws].
    """
    found = [place(axis, np.asarray(v, dtype=float)) for axis, v in zip(axes, at, strict=True)]
    strides = [int(np.prod([a.count for a in axes[i + 1 :]])) for i in range(len(axes))]
    base = np.zeros(1, dtype=np.int64)
    for (cell, _), stride in zip(found, strides, strict=True):
        base = base + cell * stride
    corners: list[tuple[Indices, Floats]] = [(base, np.ones(1))]
    for (_, inside), stride in zip(found, strides, strict=True):
        sides = ((0, 1.0 - inside), (stride, inside))
        corners = [
            (node + step if step else node, weight * share)
            for node, weight in corners
            for step, share in sides
        ]
    return corners


def interpolated(values: Floats, where: Places) -> Floats:
    """Return a table's values at some places: multilinear between the nodes around each [draws].

    Args:
        values: The function at the nodes, flattened [nodes].
    """
    total = np.zeros(where[0][0].size)
    for nodes, weights in where:
        total += values.take(nodes) * weights
    return total
