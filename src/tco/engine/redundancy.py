"""Replicas beyond those that a load needs: spares, zones that may fail, an availability target."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from tco.engine.shapes import ROUND_OFF, Floats, Number

MOST_COUNTED = 4096
"""Replicas up to which an availability is summed exactly; larger fleets keep that share of spares,
which is more than they would need."""

LEAST_AVAILABILITY = 0.9
"""Availability of a replica below which the sum would need more digits than there are."""


def replicas_kept(
    needed: Number,
    *,
    redundancy: Number,
    zones: Number = 1.0,
    target: Number = 0.0,
    availability: Number = 1.0,
) -> Number:
    """Return the replicas to keep so that `needed` of them serve, the largest of three [1].

    ``n + r``; over several zones ``ceil(n / (z - 1)) * z``, so that any one of them may fail; with
    a target the fewest `m` of which `n` are up with that probability, by the exact binomial sum.

    Args:
        needed: Replicas that the load needs [1].
        redundancy: Spares to keep at least [1].
        zones: Zones that the fleet is spread over evenly; 1 for no such thing [1].
        target: Share of the time in which enough replicas must be up; 0 for no target [1].
        availability: Share of the time in which one replica is up, each on its own [1].
    """
    kept = needed + redundancy
    if np.any(np.greater(zones, 1.0)):
        others = np.maximum(np.asarray(zones) - 1.0, 1.0)
        kept = np.where(
            np.greater(zones, 1.0),
            np.maximum(kept, np.ceil(needed / others - ROUND_OFF) * zones),
            kept,
        )
    if np.any(np.greater(target, 0.0)):
        kept = np.maximum(kept, _available(needed, target, availability))
    return kept


def _available(needed: Number, target: Number, availability: Number) -> Floats:
    """Return the fewest replicas of which enough are up; `needed` where there is no target [1]."""
    n, goal, up = np.broadcast_arrays(
        np.asarray(needed, dtype=float),
        np.asarray(target, dtype=float),
        np.asarray(availability, dtype=float),
    )
    kept: Floats = n.copy()
    for pair in {*zip(goal.ravel().tolist(), up.ravel().tolist(), strict=True)}:
        if pair[0] <= 0.0:
            continue
        mine = (goal == pair[0]) & (up == pair[1])
        table = availability_table(*pair)
        counted = np.clip(n[mine], 0.0, MOST_COUNTED)
        exact = table[counted.astype(np.int64)]
        beyond = np.ceil(n[mine] * (table[-1] / MOST_COUNTED) - ROUND_OFF)
        kept[mine] = np.where(n[mine] > MOST_COUNTED, beyond, exact)
    return kept


@lru_cache(maxsize=256)
def availability_table(target: float, availability: float) -> Floats:
    """Return the fewest replicas for 0 to `MOST_COUNTED` needed ones [1].

    The smallest ``m = n + s`` with ``sum(C(n + j - 1, j) * a**n * (1 - a)**j for j in 0..s)`` at
    least the target: the chance that no more than `s` fail before `n` are up, which is that of
    ``P(Binomial(m, a) >= n)``.

    Args:
        target: Share of the time in which enough replicas must be up, below 1 [1].
        availability: Share of the time in which one replica is up, at least 0.9 [1].
    """
    n = np.arange(1.0, MOST_COUNTED + 1.0)
    term = np.exp(n * np.log(availability))
    chance, spares = term.copy(), np.zeros_like(n)
    drawn = 0.0
    while np.any(short := chance < target):
        drawn += 1.0
        term = term * ((n + drawn - 1.0) / drawn * (1.0 - availability))
        chance = chance + term
        spares[short] = drawn
        if drawn > MOST_COUNTED:  # a target within the last digits of 1
            break
    table: Floats = np.concatenate([[0.0], n + spares])
    return table


def kept_between(
    *, redundancy: Number, zones: Number, target: Number, availability: Number
) -> tuple[Number, Number, Number]:
    """Return slope and the two intercepts that `replicas_kept` stays between at any size [1].

    Args:
        redundancy, zones, target, availability: As there.
    """
    spread = np.greater(zones, 1.0)
    others = np.maximum(np.asarray(zones) - 1.0, 1.0)
    slope: Number = np.where(spread, zones / others, 1.0)
    if not np.any(np.greater(target, 0.0)):
        return slope, np.where(spread, 0.0, redundancy), redundancy + np.where(spread, zones, 0.0)
    n = np.arange(1.0, MOST_COUNTED + 1.0)
    last = _available(MOST_COUNTED, target, availability) / MOST_COUNTED
    slope = np.maximum(slope, np.where(np.greater(target, 0.0), last, 1.0))
    each = (np.asarray(x)[..., None] for x in (redundancy, zones, target, availability))
    r, z, goal, up = each
    kept = replicas_kept(n, redundancy=r, zones=z, target=goal, availability=up)
    off = kept - np.asarray(slope)[..., None] * n
    return slope, off.min(axis=-1) - 1.0, off.max(axis=-1) + z[..., 0] + 1.0
