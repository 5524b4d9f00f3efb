"""The rows of `tco size`: every way to put the model on GPUs, its price, and the front."""

from __future__ import annotations

from collections.abc import Container, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from tco.analysis.size.results import (
    FrontPoint,
    MemoryParts,
    SessionsResult,
    SizeRow,
    TtftResult,
)
from tco.engine.capacity import (
    free_bytes,
    kv_bytes_per_token,
    max_batch,
    max_context_tokens,
    weights_bytes,
)
from tco.engine.constants import VISIBLE_SHARE, ttft_ends
from tco.engine.fleet import paid_gpus
from tco.engine.replica import speed_at, speed_factor
from tco.engine.selfhost import fleet_for, tokens_served
from tco.engine.shapes import ROUND_OFF, Floats, Indices, number
from tco.options.candidates import first_token, infeasible, missing_figure
from tco.options.cheapest import cheapest_each, least_trust
from tco.options.first_tokens import first_tokens
from tco.options.settings import FACTOR, fleet_policy, hours_per_month, target, workload
from tco.options.setups import SetUp, SetUps
from tco.records import dataclass
from tco.units import GB, MTOK, SECONDS_PER_HOUR

if TYPE_CHECKING:
    from tco.engine.gaps import Gaps

# What set-ups cost at full load, and the front of price against speed per user.

FASTER = 1.02
"""Speed over the next cheaper one from which a set-up counts as faster [1]."""


def cheapest_rents(own: SetUps) -> Indices:
    """Return the rent that is the answer for each set-up, -1 for none [setups].

    For the fleet that the demand needs where there is one, else for one replica: in whole boxes.
    """
    settings, setup, rent = own.inputs.settings, own.pair_setup, own.pair_rent
    best = np.full(own.size, -1)
    if not setup.size:
        return best
    gpus = own.count[setup].astype(float)
    box = np.array([r.instance_gpus for r in own.rents], dtype=float)[rent]
    if own.inputs.volume_given:
        replicas = own.replica_at(setup)
        fleet = fleet_for(workload(settings), replicas, fleet_policy(settings), gpus, box)
        gpus = np.asarray(fleet.paid_gpus)
    else:
        gpus = np.asarray(paid_gpus(gpus, box))
    cost = gpus * np.array([r.usd_per_gpu_hour for r in own.rents])[rent]
    trust = np.array([r.trust.rank for r in own.rents], dtype=np.int64)[rent]
    first = cheapest_each(setup, cost, trust, least_trust(own.inputs))
    best[setup[first]] = rent[first]
    return best


def usd_per_hour(own: SetUps, rents: Indices) -> Floats:
    """Return what the GPUs of one replica cost; NaN without a rent [setups] [USD/hour]."""
    price = np.array([*(r.usd_per_gpu_hour for r in own.rents), np.nan])[rents]
    factor = own.inputs.settings.value("rent.factor")
    return np.asarray(price * own.count * factor)


def front(own: SetUps, rents: Indices) -> tuple[tuple[FrontPoint, ...], frozenset[int]]:
    """Return the set-ups and batches that nothing beats in price and in speed per user at once.

    Cheapest first, each faster for a user than the one before; and the indices of the set-ups.
    Batches of 1, 2, 4, … up to the capacity of each set-up that has a rent.
    """
    slots = np.asarray(own.replica.slots, dtype=float)
    usable = np.flatnonzero((slots >= 1.0) & (rents >= 0))
    if not usable.size:
        return (), frozenset()
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
    return points, frozenset(int(usable[i]) for i in rows)


def _price_and_speed(
    own: SetUps, rents: Indices, setups: Indices, batch: Floats
) -> tuple[Floats, Floats]:
    """Return [USD/Mtok] and [token/s] of a user, both [setups, batches]."""
    goal = target(own.inputs.settings)
    model, gpu, layout = own.shapes(setups[:, None])
    speed = speed_at(model, gpu, layout, own.inputs.serving, goal, batch)
    factor = _factor_at(own, setups, batch)
    tokens_per_hour = speed.requests_per_s * factor * (goal.isl + goal.osl) * SECONDS_PER_HOUR
    price = usd_per_hour(own, rents)[setups][:, None] / tokens_per_hour * MTOK
    speeds = np.asarray(factor / speed.tpot_s)
    # A smaller batch may be slower where a measurement says so: what breaks the limit is no point.
    return np.asarray(price), np.where(speeds * goal.max_tpot_s < 1.0 - ROUND_OFF, 0.0, speeds)


def _factor_at(own: SetUps, setups: Indices, batch: Floats) -> Floats:
    """Return what the model's speeds are multiplied by at each batch [setups, batches] [1]."""
    factor = np.ones(batch.shape)
    here = np.flatnonzero(np.isin(setups, own.near))
    if here.size:
        factor[here] = speed_factor(
            *own.shapes(setups[here][:, None]),
            own.inputs.serving,
            target(own.inputs.settings),
            own.factors[np.searchsorted(own.near, setups[here])][:, None, :],
            batch[here],
        )
    return np.asarray(factor * own.inputs.settings.value(FACTOR))


def row_id(own: SetUps, setup: int) -> str:
    """Return `MODEL@COUNTxGPU:PRECISION`."""
    made = own.row(setup)
    return f"{made.model.id}@{made.gpus}x{made.gpu.id}:{made.precision}"


# The rows of `tco size`: one for every way to put the model on GPUs, possible or not.


@dataclass(frozen=True)
class SizedSetUps:
    """The set-ups and what is asked of them.

    Args:
        own: What was searched.
        rents: The rent that each set-up is cheapest on, -1 for none [setups].
        developers: Developers that one replica of a set-up serves, by the id of its row [1].
        context_tokens: What the model was made for; None when it is not known [token].
    """

    own: SetUps
    rents: Indices
    context_tokens: float | None
    developers: Mapping[str, float]

    @cached_property
    def memory(self) -> dict[str, Floats]:
        """Return weights, what is left, largest batch and longest context of each [setups]."""
        own, goal = self.own, target(self.own.inputs.settings)
        model, gpu, layout = shapes = own.shapes(np.arange(own.size))
        context = np.minimum(max_context_tokens(*shapes), self.context_tokens or np.inf)
        return {
            "weights_gb": np.broadcast_to(weights_bytes(model, layout), own.size) / GB,
            "free_gb": np.asarray(free_bytes(model, gpu, layout)) / GB,
            "max_batch": np.asarray(max_batch(*shapes, goal.isl + goal.osl)),
            "max_context_tokens": np.asarray(context),
        }

    @cached_property
    def per_gpu(self) -> dict[str, Floats]:
        """Return the parts of the memory of one GPU, and the KV cache of a token [setups]."""
        own = self.own
        model, gpu, layout = own.shapes(np.arange(own.size))
        total = np.asarray(gpu.memory_bytes) * VISIBLE_SHARE
        weights = np.asarray(weights_bytes(model, layout) / layout.gpus)
        free = np.asarray(free_bytes(model, gpu, layout) / layout.gpus)
        runtime = np.broadcast_to(layout.reserve_bytes, own.size)
        parts = {"total_gb": total, "weights_gb": weights, "kv_cache_gb": free}
        parts |= {"runtime_gb": runtime, "unused_gb": total * (1.0 - layout.memory_share)}
        return {name: np.asarray(value) / GB for name, value in parts.items()} | {
            "kv_bytes_per_token": np.broadcast_to(kv_bytes_per_token(model, layout), own.size)
        }

    @cached_property
    def sessions(self) -> dict[int, SessionsResult]:
        """Return how many open sessions a replica of each keeps, by the index of the set-up."""
        own, gaps = self.own, self.own.inputs.gaps
        rows = np.flatnonzero(np.asarray(own.replica.slots) >= 1.0)
        if gaps is None or not rows.size:
            return {}
        return sessions_of_rows(own, rows, gaps)

    @cached_property
    def users(self) -> Floats:
        """Return the users that one replica of each serves; NaN where nobody knows [setups]."""
        inputs = self.own.inputs
        each = inputs.catalog.workloads.profiles[inputs.profile].requests_per_user_per_month
        return users_served(self.own, each or np.nan)


BEYOND = 1.1
"""Sessions over the wall at which it is told what comes behind it [1]."""


def sessions_of_rows(own: SetUps, rows: Indices, gaps: Gaps) -> dict[int, SessionsResult]:
    """Return the open sessions of a replica of some set-ups, by the index of the set-up."""
    from tco.engine.sessions import steady  # few questions are about them
    from tco.options.sessions import CAPPED, POOL, kept_sessions, sessions_of

    inputs, settings = own.inputs, own.inputs.settings
    factors = _session_factors(own, rows)
    server, found = kept_sessions(own.shapes(rows), inputs.serving, settings, gaps, factors)
    of, capped = sessions_of(settings, gaps), bool(settings.value(CAPPED) == 1.0)
    more = np.maximum(np.ceil(found.warm * BEYOND), found.warm + 1.0)
    behind = steady(of, server, more, warm=False)
    at = found.at_warm if capped else found.at_cold
    count = np.minimum(found.warm if capped else found.cold, found.limited)
    columns = {
        "kept": count,
        "cold": found.cold,
        "warm": found.warm,
        "pool_tokens": server.pool_tokens,
        "held_tokens": of.held_tokens,
        "hit_share": at.hit_share,
        "beyond_hit_share": behind.hit_share,
        "turns_per_s": at.turns_per_s,
    }
    wide = {name: np.broadcast_to(value, rows.shape) for name, value in columns.items()}
    stated = bool(np.asarray(settings.value(POOL)) > 0.0)
    met = np.isinf(np.broadcast_to(found.limited, rows.shape))
    return {
        int(row): SessionsResult(
            **{name: float(column[i]) for name, column in wide.items()},
            wall=float(wide["warm"][i]) if met[i] else None,
            pool_stated=stated,
            capped=capped,
        )
        for i, row in enumerate(rows.tolist())
    }


def _session_factors(own: SetUps, rows: Indices) -> Floats:
    """Return what measurements multiply speeds by at each of `BATCHES` [rows, batches] [1]."""
    made = np.ones((rows.size, own.factors.shape[-1])) if own.near.size else np.empty(0)
    here = np.flatnonzero(np.isin(rows, own.near))
    if here.size:
        made[here] = own.factors[np.searchsorted(own.near, rows[here])]
    return made


def users_served(own: SetUps, requests_per_user: float) -> Floats:
    """Return the users whose busiest hour one replica of each set-up serves [setups] [1].

    ``tokens a month that one replica serves at its peak / tokens a month of a user``, the inverse
    of what sizes a fleet: bursts and headroom are counted, spares are not.

    Args:
        requests_per_user: Requests of a user [request/month].
    """
    settings = own.inputs.settings
    load = workload(settings)
    slots = np.asarray(own.replica.slots)
    usable = np.flatnonzero(slots >= 1.0)
    served = np.full(slots.size, np.nan)
    one = own.replica_at(usable)
    tokens = tokens_served(np.ones(usable.size), load, one, fleet_policy(settings))
    served[usable] = np.floor(tokens / (requests_per_user * load.tokens_per_request) + ROUND_OFF)
    return served


def sized_rows(sized: SizedSetUps, front: Container[int]) -> list[SizeRow]:
    """Return a row for every set-up that was tried, given those that are on the front."""
    return [_row(sized, front, i) for i in range(sized.own.size)]


def _row(sized: SizedSetUps, front: Container[int], i: int) -> SizeRow:
    own = sized.own
    setup = own.row(i)
    memory: dict[str, Any] = {name: float(col[i]) for name, col in sized.memory.items()}
    reasons = _reasons(sized, setup, i)
    per_gpu = {name: float(column[i]) for name, column in sized.per_gpu.items()}
    kv_bytes = per_gpu.pop("kv_bytes_per_token")
    users = float(sized.users[i])
    return SizeRow(
        id=row_id(own, i),
        gpu=setup.gpu.id,
        gpus=setup.gpus,
        precision=setup.precision,
        fits=memory["max_batch"] >= 1,
        feasible=not reasons,
        reasons=reasons,
        **memory,
        **_speed(sized, i, fast=not reasons),
        ttft_slo=first_token(own.replica_at(i), target(own.inputs.settings)),
        kv_bytes_per_token=kv_bytes,
        memory_per_gpu=MemoryParts(**per_gpu),
        sessions=sized.sessions.get(i),
        users=None if np.isnan(users) else users,
        developers=sized.developers.get(row_id(own, i)),
        evidence_tier=setup.tier,
        evidence=setup.evidence,
        band=setup.band,
        **_price(sized, i, setup, priced=not reasons),
        on_front=i in front and not reasons,
    )


def _reasons(sized: SizedSetUps, setup: SetUp, i: int) -> tuple[str, ...]:
    """Return why a set-up cannot be used, with the figures."""
    own, goal = sized.own, target(sized.own.inputs.settings)
    weights, free = sized.memory["weights_gb"][i], sized.memory["free_gb"][i]
    if free <= 0:
        return (
            f"{weights:,.0f} GB of {setup.precision} weights against {weights + free:,.0f} GB "
            f"usable: {-free:,.0f} GB short",
        )
    if sized.memory["max_batch"][i] < 1:
        tokens = float(np.asarray(goal.isl + goal.osl))
        return (
            f"{free:,.1f} GB left beside {weights:,.0f} GB of weights: less than one request "
            f"of {tokens:,.0f} tokens",
        )
    if setup.gpus > 1 and np.isnan(setup.gpu.shape.link_bytes_per_s):
        return (missing_figure(setup.gpu.id, "link.gb_per_s"),)
    if not np.asarray(own.replica.slots)[i] >= 1:
        return (infeasible(own.replica_at(i), goal),)
    return ()


def _speed(sized: SizedSetUps, i: int, *, fast: bool) -> dict[str, Any]:
    """Return what one replica sustains at capacity."""
    names = ("concurrency", "output_tokens_per_s", "requests_per_s", "tpot_s", "user_tokens_per_s")
    if not fast:
        return dict.fromkeys((*names, "ttft_s"))
    replica = sized.own.replica_at(i)
    rate = float(np.asarray(replica.requests_per_s))
    tpot = float(np.asarray(replica.tpot_s))
    osl = float(np.asarray(target(sized.own.inputs.settings).osl))
    values = (float(np.asarray(replica.slots)), rate * osl, rate, tpot, 1.0 / tpot)
    low, high = (number(end) for end in ttft_ends(replica.ttft_s))
    first = TtftResult(median=number(replica.ttft_s), low=low, high=high)
    return {**dict(zip(names, values, strict=True)), "ttft_s": first}


def _price(sized: SizedSetUps, i: int, setup: SetUp, *, priced: bool) -> dict[str, Any]:
    """Return what a set-up costs at full load, and the fleet that the demand needs."""
    own = sized.own
    rent = own.rents[int(sized.rents[i])] if priced and sized.rents[i] >= 0 else None
    known: dict[str, Any] = dict.fromkeys(PRICED)
    if priced and own.inputs.volume_given:
        known |= _fleet(sized, i, rent.instance_gpus if rent else 1, setup.factors)
    if rent is None:
        return known | {"fleet_usd_per_month": None}
    hour = float(usd_per_hour(own, sized.rents)[i])
    goal = target(own.inputs.settings)
    rate = float(np.asarray(own.replica_at(i).requests_per_s))
    tokens = rate * float(np.asarray(goal.isl + goal.osl)) * SECONDS_PER_HOUR
    usd = hour / tokens * MTOK
    return known | {
        "seller": rent.seller,
        "purchase": rent.purchase,
        "instance_gpus": rent.instance_gpus,
        "usd_per_gpu_hour": rent.usd_per_gpu_hour,
        "usd_per_hour": hour,
        "usd_per_mtok": usd,
        "band_usd_per_mtok": (usd / setup.band[1], usd / setup.band[0]),
        "trust": rent.trust.level,
        "trust_reasons": rent.trust.reasons,
    }


PRICED = (
    *("seller", "purchase", "instance_gpus", "usd_per_gpu_hour", "usd_per_hour", "usd_per_mtok"),
    *("band_usd_per_mtok", "replicas", "fleet_gpus", "fleet_usd_per_month"),
    "first_token",
)


def _fleet(sized: SizedSetUps, i: int, box: int, factors: tuple[float, ...]) -> dict[str, Any]:
    """Return replicas, GPUs on the invoice, their rent for the demand, and the first token."""
    own = sized.own
    settings, count = own.inputs.settings, float(own.count[i])
    policy = fleet_policy(settings)
    fleet = fleet_for(workload(settings), own.replica_at(i), policy, count, float(box))
    per_gpu = usd_per_hour(own, sized.rents)[i] / count
    gpus = float(np.asarray(fleet.paid_gpus))
    shapes = (*own.shapes(np.array(i)), own.inputs.serving)
    said = (shapes, settings, own.replica_at(i), number(fleet.needed))
    return {
        "first_token": first_tokens(*said, gaps=own.inputs.gaps, factors=factors),
        "replicas": float(np.asarray(fleet.replicas)),
        "fleet_gpus": gpus,
        "fleet_usd_per_month": gpus * float(per_gpu) * float(np.asarray(hours_per_month(settings))),
    }
