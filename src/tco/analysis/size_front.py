"""What set-ups cost at full load, and the front of price against speed per user."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tco.analysis.candidates import OwnSetups
from tco.analysis.cheapest import cheapest_each, least_trust
from tco.analysis.settings import fleet_policy, target, workload
from tco.analysis.size_results import FrontPoint
from tco.engine.fleet import paid_gpus
from tco.engine.replica import speed_at, speed_factor
from tco.engine.selfhost import fleet_for
from tco.engine.shapes import ROUND_OFF
from tco.units import MTOK, SECONDS_PER_HOUR

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

FASTER = 1.02
"""Speed over the next cheaper one from which a set-up counts as faster [1]."""


def cheapest_rents(own: OwnSetups) -> Indices:
    """Return the rent that is the answer for each set-up, -1 for none [setups].

    For the fleet that the demand needs where there is one, else for one replica: in whole boxes.
    """
    found, settings = own.found, own.inputs.settings
    setup, rent = found.pair_setup, found.pair_rent
    best = np.full(found.grid.size, -1)
    if not setup.size:
        return best
    gpus = found.grid.count[setup].astype(float)
    box = np.array([r.instance_gpus for r in found.rents], dtype=float)[rent]
    if own.inputs.volume_given:
        replicas = found.replica_at(setup)
        fleet = fleet_for(workload(settings), replicas, fleet_policy(settings), gpus, box)
        gpus = np.asarray(fleet.paid_gpus)
    else:
        gpus = np.asarray(paid_gpus(gpus, box))
    cost = gpus * np.array([r.usd_per_gpu_hour for r in found.rents])[rent]
    trust = np.array([r.trust.rank for r in found.rents], dtype=np.int64)[rent]
    first = cheapest_each(setup, cost, trust, least_trust(own.inputs))
    best[setup[first]] = rent[first]
    return best


def usd_per_hour(own: OwnSetups, rents: Indices) -> Floats:
    """Return what the GPUs of one replica cost; NaN without a rent [setups] [USD/hour]."""
    price = np.array([*(r.usd_per_gpu_hour for r in own.found.rents), np.nan])[rents]
    factor = own.inputs.settings.value("rent.factor")
    return np.asarray(price * own.found.grid.count * factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """The front, and which set-ups are on it.

    Args:
        points: Cheapest first, each faster for a user than the one before.
        setups: Indices of the set-ups on it.
    """

    points: tuple[FrontPoint, ...]
    setups: frozenset[int]


def front(own: OwnSetups, rents: Indices) -> Front:
    """Return the set-ups and batches that nothing beats in price and in speed per user at once.

    Batches of 1, 2, 4, … up to the capacity of each set-up that has a rent.
    """
    slots = np.asarray(own.found.replica.slots, dtype=float)
    usable = np.flatnonzero((slots >= 1.0) & (rents >= 0))
    if not usable.size:
        return Front(points=(), setups=frozenset())
    steps = 2.0 ** np.arange(np.ceil(np.log2(slots[usable].max())) + 1)
    batch = np.minimum(steps[None, :], slots[usable][:, None])
    price, speed = _price_and_speed(own, rents, usable, batch)
    order = np.lexsort((-speed.ravel(), price.ravel()))
    better, fastest = [], 0.0
    for i in order:  # cheapest first; what is faster by less than a hair is no better
        if speed.flat[i] > fastest * FASTER:
            better.append(int(i))
            fastest = float(speed.flat[i])
    rows, columns = np.unravel_index(better, batch.shape)
    points = tuple(
        FrontPoint(
            id=row_id(own, int(usable[i])),
            concurrency=float(batch[i, j]),
            user_tokens_per_s=float(speed[i, j]),
            usd_per_mtok=float(price[i, j]),
        )
        for i, j in zip(rows, columns, strict=True)
    )
    return Front(points=points, setups=frozenset(int(usable[i]) for i in rows))


def _price_and_speed(
    own: OwnSetups, rents: Indices, setups: Indices, batch: Floats
) -> tuple[Floats, Floats]:
    """Return [USD/Mtok] and [token/s] of a user, both [setups, batches]."""
    goal = target(own.inputs.settings)
    model, gpu, layout = own.found.grid.shapes(setups[:, None])
    speed = speed_at(model, gpu, layout, own.inputs.serving, goal, batch)
    factor = _factor_at(own, setups, batch)
    tokens_per_hour = speed.requests_per_s * factor * (goal.isl + goal.osl) * SECONDS_PER_HOUR
    price = usd_per_hour(own, rents)[setups][:, None] / tokens_per_hour * MTOK
    speeds = np.asarray(factor / speed.tpot_s)
    # A smaller batch may be slower where a measurement says so: what breaks the limit is no point.
    return np.asarray(price), np.where(speeds * goal.max_tpot_s < 1.0 - ROUND_OFF, 0.0, speeds)


def _factor_at(own: OwnSetups, setups: Indices, batch: Floats) -> Floats:
    """Return what the model's speeds are multiplied by at each batch [setups, batches] [1]."""
    curves, factor = own.found.curves, np.ones(batch.shape)
    here = np.flatnonzero(np.isin(setups, curves.rows))
    if here.size:
        factor[here] = speed_factor(
            *own.found.grid.shapes(setups[here][:, None]),
            own.inputs.serving,
            target(own.inputs.settings),
            curves.factors[np.searchsorted(curves.rows, setups[here])][:, None, :],
            batch[here],
        )
    return np.asarray(factor * own.inputs.settings.value("serving.throughput_factor"))


def row_id(own: OwnSetups, setup: int) -> str:
    """Return `MODEL@COUNTxGPU:PRECISION`."""
    made = own.found.grid.setup(setup)
    return f"{made.model.id}@{made.gpus}x{made.gpu.id}:{made.precision}"
