"""Random pairs of cost curves, and their costs worked out plainly: the oracle of break-evens."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from one_by_one import Curve, Steps, alone, rows_of

from tco.engine.crossings import Curves, contracts
from tco.engine.ledger import Terms

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Contract:
    """A provider that charges by the token, with tiers and a commitment."""

    fixed: float
    usd_per_token: float
    terms: Terms

    def cost(self, volume: Floats) -> Floats:
        """Return the cost of volumes, tier by tier."""
        terms, p = self.terms, self.usd_per_token
        bounds = [0.0, *terms.limits, np.inf]
        off = [0.0, *terms.discounts]
        usd = np.zeros_like(volume)
        for low, high, share in zip(bounds[:-1], bounds[1:], off, strict=True):
            inside = np.clip(volume - low, 0.0, high - low)
            if terms.cliff:
                inside = np.where((volume > low) & (volume <= high), volume, 0.0)
            usd += p * (1.0 - share) * inside
        return self.fixed + np.maximum(usd, terms.commit_usd_per_month)

    def curve(self) -> Curve:
        """Return the same as a curve."""
        return alone(contracts(self.terms, np.array([self.fixed]), np.array([self.usd_per_token])))


@dataclass(frozen=True)
class Stairs:
    """A fleet: so much for each replica that is begun, and something besides."""

    fixed: float
    usd_per_replica: float
    tokens_per_replica: float
    usd_per_token: float
    least: int
    spare: int

    def count(self, volume: Floats) -> Floats:
        """Return the replicas that volumes take."""
        return np.maximum(np.ceil(volume / self.tokens_per_replica), self.least) + self.spare

    def cost(self, volume: Floats) -> Floats:
        """Return the cost of volumes."""
        machines = self.usd_per_replica * self.count(volume)
        return self.fixed + machines + self.usd_per_token * volume

    def pieces(self, volume: float) -> float:
        """Return how many pieces reach a volume."""
        return max(volume / self.tokens_per_replica, self.least) + 2.0

    def until(self, volume: float) -> Steps:
        """Return those pieces."""
        n = np.arange(1.0, np.floor(self.pieces(volume)) + 1.0)
        paid = np.maximum(n, self.least) + self.spare
        return Steps(
            edges=n * self.tokens_per_replica,
            fixed=self.fixed + self.usd_per_replica * paid,
            slope=np.full_like(n, self.usd_per_token),
        )

    def curve(self) -> Curve:
        """Return the same as a curve."""
        c, spare = self.usd_per_replica, self.spare * self.usd_per_replica
        return Curve(
            until=self.until,
            pieces_until=self.pieces,
            slope=self.usd_per_token + c / self.tokens_per_replica,
            low=self.fixed + spare,
            high=self.fixed + spare + c * max(self.least, 1),
        )


Plain = Contract | Stairs


def contract(rng: np.random.Generator) -> Contract:
    """Return a random contract: tiers in half of them, a commitment in half of them."""
    tiers = int(rng.integers(0, 5)) if rng.random() < 0.5 else 0
    limits = np.sort(rng.choice(np.arange(1, 200), tiers, replace=False)) * 1e9
    return Contract(
        fixed=float(rng.choice([0.0, 2000.0])),
        usd_per_token=float(rng.uniform(0.1, 8.0)) / 1e6,
        terms=Terms(
            limits=tuple(limits.tolist()),
            discounts=tuple(np.sort(rng.uniform(0.0, 0.6, tiers)).tolist()),
            cliff=bool(rng.random() < 0.5),
            commit_usd_per_month=float(rng.choice([0.0, rng.uniform(1e3, 3e5)])),
        ),
    )


def stairs(rng: np.random.Generator) -> Stairs:
    """Return a random fleet."""
    return Stairs(
        fixed=float(rng.uniform(0.0, 60e3)),
        usd_per_replica=float(rng.uniform(1e3, 20e3)),
        tokens_per_replica=float(rng.uniform(1e9, 20e9)),
        usd_per_token=float(rng.choice([0.0, rng.uniform(0.0, 0.5) / 1e6])),
        least=int(rng.integers(1, 4)),
        spare=int(rng.integers(0, 3)),
    )


def plain(rng: np.random.Generator) -> Plain:
    """Return a random curve of either kind."""
    return contract(rng) if rng.random() < 0.5 else stairs(rng)


def mismatches(a: Plain, b: Plain, intervals: tuple[tuple[float, float], ...]) -> int:
    """Return at how many volumes plain costs and intervals disagree on who is cheaper.

    Volumes lie densely, and on both sides of every edge and of every end of an interval; nearer
    to one than a part in 1e9 rounding decides, and those are not counted.
    """
    kinks = [0.0]
    for side in (a, b):
        if isinstance(side, Stairs):
            kinks += (np.arange(1, 120) * side.tokens_per_replica).tolist()
        else:
            kinks += side.terms.limits
    ends = [end for span in intervals for end in span if 0 < end < np.inf]
    top = max([*kinks, *ends]) * 1.5
    near = np.array([*kinks, *ends])
    volume = np.concatenate(
        [np.linspace(1e6, top, 3000), near * (1 + 1e-7), near * (1 - 1e-7), [top * 10, top * 1e3]]
    )
    volume = volume[volume > 0]
    gap = b.cost(volume) - a.cost(volume)
    clear = np.abs(gap) > 1e-9 * a.cost(volume)
    inside = np.zeros(volume.shape, dtype=bool)
    for low, high in intervals:
        inside |= (volume > low) & (volume < high)
    return int(np.sum((inside != (gap < 0)) & clear))


def many(sides: list[Plain]) -> Curves:
    """Return curves as rows."""
    return rows_of([side.curve() for side in sides])
