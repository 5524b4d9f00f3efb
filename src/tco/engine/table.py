"""A function of a few numbers as a table: worked out on a grid once, then interpolated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from tco.engine.shapes import Floats, Indices


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One input of a table: `points` values, evenly spaced or by equal factors.

    Args:
        low, high: Ends.
        points: Values, ends included; at least two.
        log: Equal factors.
    """

    low: float
    high: float
    points: int
    log: bool = False

    @property
    def values(self) -> Floats:
        """Return the values [points]."""
        spread = np.geomspace if self.log else np.linspace
        return np.asarray(spread(self.low, self.high, self.points))

    def place(self, at: Floats) -> tuple[Indices, Floats]:
        """Return the cell that each value lies in, and how far into it [draws]."""
        low, high = (np.log(v) if self.log else v for v in (self.low, self.high))
        position = (np.log(at) if self.log else at) - low
        position *= (self.points - 1) / (high - low)
        cell = np.clip(position.astype(np.int64), 0, self.points - 2)
        return cell, position - cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where draws lie in a grid: the nodes around each, and their weights.

    Args:
        nodes: Index of each corner in the flattened grid [corners][draws].
        weights: How much each corner counts; they sum to 1 [corners][draws].
    """

    nodes: tuple[Indices, ...]
    weights: tuple[Floats, ...]


def places(axes: Sequence[Axis], at: Sequence[Floats]) -> Places:
    """Return where draws lie in the grid of some axes.

    Args:
        axes: The inputs of the table.
        at: Values of each input [axes, draws].
    """
    found = [axis.place(np.asarray(v, dtype=float)) for axis, v in zip(axes, at, strict=True)]
    strides = [int(np.prod([a.points for a in axes[i + 1 :]])) for i in range(len(axes))]
    base = np.zeros(1, dtype=np.int64)
    for (cell, _), stride in zip(found, strides, strict=True):
        base = base + cell * stride
    nodes, weights = [], []
    for corner in product((0, 1), repeat=len(axes)):
        nodes.append(base + sum(c * s for c, s in zip(corner, strides, strict=True)))
        weight: Floats = np.ones(1)
        for (_, inside), side in zip(found, corner, strict=True):
            weight = weight * (inside if side else 1.0 - inside)
        weights.append(weight)
    return Places(nodes=tuple(nodes), weights=tuple(weights))


def interpolated(values: Floats, where: Places) -> Floats:
    """Return a table's values at some places: multilinear between the nodes around each [draws].

    Args:
        values: The function at the nodes, flattened [nodes].
        where: The places.
    """
    total = np.zeros(where.nodes[0].size)
    for nodes, weights in zip(where.nodes, where.weights, strict=True):
        total += values[nodes] * weights
    return total
