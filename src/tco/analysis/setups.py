"""Every way to put a model on GPUs: which fit, how fast they are, what they cost, which is best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from tco.analysis.settings import Settings, fleet_policy, people, target, workload
from tco.analysis.shapes import stacked
from tco.engine.layout import Layout, Profile, precision
from tco.engine.ledger import total_usd
from tco.engine.memory import free_bytes, max_batch, weights_bytes
from tco.engine.people import people_line, selfhost_fte
from tco.engine.replica import Replica, best_replica
from tco.engine.selfhost import fleet_for, rent_lines
from tco.engine.shapes import GpuShape, ModelShape

Floats = NDArray[np.float64]

COUNTS = (1, 2, 4, 8, 16)
"""GPUs of a replica that are tried; 16 is two nodes, one pipeline stage each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """A model that could be self-hosted."""

    id: str
    shape: ModelShape
    native: str
    precisions: tuple[str, ...] = ()
    """Precisions that the user asked for; empty means the default ones."""
    context_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuEntry:
    """A GPU that could serve, and its node."""

    id: str
    shape: GpuShape
    node_gpus: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RentEntry:
    """What one seller asks for one GPU-hour."""

    gpu: str
    seller: str
    purchase: str
    instance_gpus: int
    usd_per_gpu_hour: float
    source: str = ""
    checked: object = None
    flag: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """One model on so many of one GPU at one precision."""

    model: ModelEntry
    gpu: GpuEntry
    gpus: int
    precision: str
    layout: Layout


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """All set-ups tried, what a replica of each sustains, and the rents that each could run on.

    Args:
        setups: Every set-up [setups].
        replica: Its best replica; fields are arrays [setups].
        pair_setup, pair_rent: Indices of feasible combinations of set-up and rent [pairs].
        rents: The rents [rents].
    """

    setups: list[Setup]
    replica: Replica
    rents: list[RentEntry]
    pair_setup: NDArray[np.int64]
    pair_rent: NDArray[np.int64]
    _rows: dict[str, NDArray[np.int64]] = field(default_factory=dict)

    def pairs_of(self, model: str) -> NDArray[np.int64]:
        """Return the indices of the feasible pairs of one model [pairs of the model]."""
        if not self._rows:
            names = np.array([s.model.id for s in self.setups], dtype=object)
            of_pair = names[self.pair_setup] if self.setups else np.array([], dtype=object)
            for name in set(of_pair.tolist()):
                self._rows[name] = np.flatnonzero(of_pair == name)
        return self._rows.get(model, np.array([], dtype=np.int64))


def default_precisions(native: str, gpu: GpuShape) -> tuple[str, ...]:
    """Return the precisions tried by default: as published, and 8 bits where the GPU has them.

    4-bit weights that the publisher did not make are tried only when asked for, because they cost
    quality that no catalog states.
    """
    if native == "bf16" and not np.isnan(gpu.flops_8):
        return ("bf16", "fp8")
    return (native,)


def layout_of(gpus: int, gpu: GpuEntry, precision_name: str, kv_bytes: float) -> Layout:
    """Return how a replica is laid out: tensor parallel in a node, one pipeline stage a node."""
    tp = min(gpus, gpu.node_gpus)
    bytes_of = precision(precision_name)
    if bytes_of is None:
        raise ValueError(f"no precision called {precision_name}")
    return Layout(
        tp=float(tp),
        pp=float(gpus // tp),
        weight_bytes=bytes_of.weight_bytes,
        compute_bits=bytes_of.compute_bits,
        kv_bytes=kv_bytes,
    )


def possible(model: ModelEntry, gpu: GpuEntry, gpus: int) -> bool:
    """Return whether a model can be cut over so many GPUs: heads divide, nodes are whole."""
    tp = min(gpus, gpu.node_gpus)
    if gpus > tp and (tp < 8 or gpus % tp):
        return False
    return float(model.shape.heads) % tp == 0


def enumerate_setups(
    models: Sequence[ModelEntry],
    gpus: Sequence[GpuEntry],
    counts: Sequence[int],
    kv_bytes: float,
) -> list[Setup]:
    """Return every set-up that is possible in principle, whether it fits or not."""
    return [
        Setup(
            model=model,
            gpu=gpu,
            gpus=count,
            precision=name,
            layout=layout_of(count, gpu, name, kv_bytes),
        )
        for model in models
        for gpu in gpus
        for count in counts
        if possible(model, gpu, count)
        for name in model.precisions or default_precisions(model.native, gpu.shape)
    ]


def search(
    setups: list[Setup], rents: Sequence[RentEntry], settings: Settings, profile: Profile
) -> Search:
    """Return what every set-up sustains and the rents that the feasible ones could run on."""
    replica = _replicas(setups, settings, profile)
    by_gpu: dict[str, list[int]] = {}
    for i, rent in enumerate(rents):
        by_gpu.setdefault(rent.gpu, []).append(i)
    feasible = np.flatnonzero(replica.feasible).tolist() if setups else []
    pairs = [(i, j) for i in feasible for j in by_gpu.get(setups[i].gpu.id, [])]
    table = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return Search(
        setups=setups,
        replica=replica,
        rents=list(rents),
        pair_setup=table[:, 0],
        pair_rent=table[:, 1],
    )


def _replicas(setups: list[Setup], settings: Settings, profile: Profile) -> Replica:
    """Return the best replica of each set-up; only those that fit are worked out [setups]."""
    none = np.zeros(len(setups))
    nan = np.full(len(setups), np.nan)
    slots, rate, tpot, lone, alone = (none.copy(), *(nan.copy() for _ in range(4)))
    in_memory = none
    goal = target(settings)
    if setups:
        in_memory = np.asarray(max_batch(*_stacks(setups), goal.isl + goal.osl), dtype=float)
    fit = np.flatnonzero(in_memory >= 1.0)
    if fit.size:
        some = [setups[i] for i in fit]
        models, gpus, layouts = _stacks(some)
        best = best_replica(models, gpus, layouts, profile, goal)
        factor = settings.value("serving.throughput_factor")
        slots[fit], rate[fit] = best.slots, best.requests_per_s * factor
        tpot[fit], lone[fit] = best.tpot_s / factor, best.lone_tpot_s
        alone[fit] = best.lone_request_s / factor
    return Replica(
        slots=slots,
        requests_per_s=rate,
        tpot_s=tpot,
        memory_slots=in_memory,
        lone_tpot_s=lone,
        lone_request_s=alone,
    )


def _stacks(setups: list[Setup]) -> tuple[ModelShape, GpuShape, Layout]:
    return (
        stacked([s.model.shape for s in setups]),
        stacked([s.gpu.shape for s in setups]),
        stacked([s.layout for s in setups]),
    )


def monthly_usd(
    found: Search, settings: Settings, rows: NDArray[np.int64], volumes: Floats
) -> Floats:
    """Return the monthly cost of some pairs at some volumes [pairs, volumes] [USD/month].

    Args:
        found: The search.
        settings: All values but the volume.
        rows: Which pairs [pairs].
        volumes: Tokens a month [volumes].
    """
    setup, rent = found.pair_setup[rows], found.pair_rent[rows]
    column = {
        name: np.asarray(getattr(found.replica, name))[setup][:, None]
        for name in (f.name for f in fields(Replica))
    }
    rents = [found.rents[j] for j in rent]
    instance = np.array([r.instance_gpus for r in rents], dtype=float)[:, None]
    price = np.array([r.usd_per_gpu_hour for r in rents])[:, None]
    per_replica = np.array([found.setups[i].gpus for i in setup], dtype=float)[:, None]
    load = workload(settings.with_values({"workload.tokens_per_month": volumes[None, :]}))
    servers = fleet_for(load, Replica(**column), fleet_policy(settings), per_replica, instance)
    staff = people(settings)
    machines = rent_lines(
        servers,
        price * settings.value("rent.factor"),
        settings.value("rent.other_share"),
        origin="catalog",
        source="",
    )
    team = people_line(selfhost_fte(staff, servers.gpus), staff, "assumed", "")
    return np.asarray(total_usd((*machines, team)), dtype=float)


def best_pairs(found: Search, settings: Settings, model: str, volumes: Floats) -> NDArray[np.int64]:
    """Return the pairs of a model that are cheapest at one of the volumes, each once [pairs]."""
    rows = found.pairs_of(model)
    if rows.size == 0:
        return rows
    cost = monthly_usd(found, settings, rows, volumes)
    best: NDArray[np.int64] = rows[np.unique(np.argmin(cost, axis=0))]
    return best


def why_not(found: Search, model: ModelEntry, settings: Settings) -> tuple[str, ...]:
    """Return why no set-up of a model can be used, in words; empty when one can."""
    rows = [i for i, s in enumerate(found.setups) if s.model.id == model.id]
    if found.pairs_of(model.id).size:
        return ()
    if not rows:
        return ("its attention heads cannot be divided over any of the GPU counts considered",)
    feasible = np.asarray(found.replica.feasible)
    fast = [found.setups[i] for i in rows if feasible[i]]
    if fast:
        names = ", ".join(sorted({s.gpu.id for s in fast})[:4])
        return (f"fits {names}, but no rent is known for them under the options considered",)
    memory = np.asarray(found.replica.memory_slots)
    held = [i for i in rows if memory[i] >= 1]
    goal = target(settings)
    if held:
        quickest = min(held, key=lambda i: float(np.asarray(found.replica.lone_tpot_s)[i]))
        best = float(np.asarray(found.replica.lone_tpot_s)[quickest])
        where = found.setups[quickest]
        return (
            f"too slow: a request alone takes {best * 1e3:.0f} ms a token on "
            f"{where.gpus}x{where.gpu.id} at {where.precision}, above the limit of "
            f"{float(goal.max_tpot_s) * 1e3:.0f} ms",
        )
    return (_memory_reason(found, rows, float(goal.isl + goal.osl)),)


def _memory_reason(found: Search, rows: list[int], context: float) -> str:
    setups = [found.setups[i] for i in rows]

    def room(s: Setup) -> float:
        return float(free_bytes(s.model.shape, s.gpu.shape, s.layout))

    best = max(setups, key=room)
    weights = float(weights_bytes(best.model.shape, best.layout))
    where = f"{best.gpus}x{best.gpu.id}"
    if room(best) > 0:
        return (
            f"does not fit: beside {weights / 1e9:,.0f} GB of {best.precision} weights, {where} "
            f"has {room(best) / 1e9:.1f} GB left, less than one request of {context:,.0f} tokens"
        )
    usable = room(best) + weights
    return (
        f"does not fit: {weights / 1e9:,.0f} GB of {best.precision} weights against "
        f"{usable / 1e9:,.0f} GB usable on {where}, the largest set-up considered"
    )
