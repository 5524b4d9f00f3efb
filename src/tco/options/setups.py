"""Every way to put a model on GPUs: which fit, how fast they are, what they cost, which is best."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import date
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from tco.catalog.trust import Trust
from tco.engine.capacity import max_batch
from tco.engine.ledger import Origin
from tco.engine.replica import BATCHES, Replica, Target, best_replica, speed_factor
from tco.engine.shapes import Flags, Floats, GpuShape, Indices, Layout, ModelShape, ServerProfile
from tco.options.machines import FREE_EGRESS, Egress, OwnedGpu
from tco.options.measurements import (
    Anchors,
    KnownMeasurements,
    Place,
    anchors,
    evidence_band,
    in_words,
)
from tco.options.settings import target
from tco.options.shapes import layout_of, served_precision, server_layout, stacked, taken
from tco.records import dataclass, mapped, remember

if TYPE_CHECKING:
    from tco.options.question import Question

COUNTS = (1, 2, 4, 8, 16)
"""GPUs of a replica that are tried; 16 is two nodes, one pipeline stage each."""

SMALLEST_PIPELINED_NODE = 8
"""Nodes of fewer GPUs are not joined to pipelines: nobody publishes how fast that is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """A model that could be self-hosted.

    Args:
        native: Precision that it is published in.
        precisions: Precisions that the user asked for; empty means the default ones.
        tries: How often a request is asked until its answer is right [1].
    """

    id: str
    shape: ModelShape
    native: str
    precisions: tuple[str, ...] = ()
    tries: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuEntry:
    """A GPU that could serve, and its node."""

    id: str
    shape: GpuShape
    node_gpus: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RentEntry:
    """What one seller asks for one GPU-hour, or what buying one comes to.

    Args:
        usd_per_gpu_hour: Rent, or all costs of an owned GPU that is busy [USD/GPU-hour].
        owned: Price and power of one GPU, for those that are bought.
        instance_gpus: GPUs of the smallest box [1].
        billing_step_s: Time that the seller counts in, where that is known [s].
        trust: How far that can be trusted.
        box: Which of several it is, `8x` or the name of the instance; empty for the only one.
        sized: It has so many GPUs and no more, so that no larger replica lies in it.
    """

    gpu: str
    seller: str
    purchase: str
    instance_gpus: int
    usd_per_gpu_hour: float
    source: str
    checked: date | None
    trust: Trust
    flag: str | None = None
    owned: OwnedGpu | None = None
    origin: Origin = "catalog"
    egress: Egress = FREE_EGRESS
    weights_gb: float | None = None
    """Not known before a model is put on it."""
    billing_step_s: float | None = None
    tries: float = 1.0
    """Of the model that is put on it."""
    box: str = ""
    sized: bool = False

    @property
    def way(self) -> str:
        """Return how it is bought, as ids say it: `on_demand`, or `on_demand_8x` of several."""
        return "_".join(filter(None, (self.purchase, self.box)))


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUp:
    """One model on so many of one GPU at one precision, and what measurements say of it.

    Args:
        factors: What they multiply every predicted speed by, at each of `BATCHES`; empty where
            nothing was measured near it [1].
        band: True over corrected speed, low and high, 80 % [1].
        tier: Tier of evidence, 1 to 4.
        evidence: The tier and the measurement in words.
    """

    model: ModelEntry
    gpu: GpuEntry
    gpus: int
    precision: str
    layout: Layout
    factors: tuple[float, ...]
    band: tuple[float, float]
    tier: int
    evidence: str


def precisions_of(model: ModelEntry, gpu: GpuShape) -> tuple[str, ...]:
    """Return the precisions tried: as asked for, else as published, and fp8 where it is native.

    4-bit weights that the publisher did not make are tried only when asked for, because they cost
    quality that no catalog states.
    """
    if not np.isinf(float(model.shape.index_topk)) and np.isnan(gpu.flops_8):
        return ()  # kernels of sparse attention exist for GPUs with 8-bit units only
    if model.precisions:
        return model.precisions
    if model.native == "bf16" and not np.isnan(gpu.flops_8):
        return ("bf16", "fp8")
    return (model.native,)


def uncut(model: ModelShape, node_gpus: int, gpus: int, server: Layout) -> str | None:
    """Return why a model cannot be cut over so many GPUs; None where it can.

    Nodes are whole; query heads divide; KV heads divide or are divided, for a head that several
    GPUs share is kept on each of them. A latent cache is no head. Layers can be dealt out as one
    likes, on one machine.

    Args:
        node_gpus: GPUs of one server [1].
        gpus: GPUs of the replica [1].
        server: Whether layers are dealt out to GPUs, and whether attention is cut by requests, so
            that its heads stay together.

    Source: the checks that vLLM and SGLang make when they start.
    """
    tp, by_layer = min(gpus, node_gpus), server.layer_split
    if gpus > tp and (by_layer or tp < SMALLEST_PIPELINED_NODE or gpus % tp):
        more = "" if by_layer else f", or over whole servers of {SMALLEST_PIPELINED_NODE}"
        return f"{gpus} GPUs of servers of {node_gpus}: a replica lies in one server{more}"
    if by_layer or (server.dp_attention and float(model.routed_params) > 0.0):
        return None
    heads, kv_heads = float(model.heads), float(model.kv_heads)
    if heads % tp:
        return f"{heads:.0f} attention heads are not divided by {tp} GPUs"
    if not model.mla and kv_heads % tp and tp % kv_heads:
        return f"{kv_heads:.0f} KV heads over {tp} GPUs: neither divides the other"
    return None


def _none() -> Indices:
    return np.array([], dtype=np.int64)


Shapes = tuple[ModelShape, GpuShape, Layout, ServerProfile]
Sizing = tuple[ModelShape, GpuShape, Layout, ServerProfile, Target, tuple[float, ...]]
"""What the best replica of one set-up is found with: see `best_replica`."""

_SIZED: dict[Sizing, Replica] = {}
_MOST_SIZED = 1_024
"""One bill after another asks for the same replica, whatever else they differ in."""


def sized(wanted: Sizing) -> Replica:
    """Return the best replica of a set-up, kept while few others are asked for."""
    try:
        known = _SIZED.get(wanted)
    except TypeError:  # arrays have no hash
        return best_replica(*wanted)
    if known is None:
        known = remember(_SIZED, wanted, best_replica(*wanted), _MOST_SIZED)
    return known


def size_together(wanted: Iterable[Sizing]) -> None:
    """Work out many replicas in one call, for `sized` to find."""
    try:
        new = [one for one in dict.fromkeys(wanted) if one not in _SIZED][:_MOST_SIZED]
    except TypeError:  # arrays have no hash
        return
    alike: dict[tuple[ServerProfile, Target, bool], list[Sizing]] = {}
    for one in new:
        key = one[3], replace(one[4], speed=1.0), bool(one[5])
        alike.setdefault(key, []).append(one)
    for (profile, goal, corrected), some in alike.items():
        speed = np.array([one[4].speed for one in some])
        of_each = partial(np.broadcast_to, shape=speed.shape)
        factors = np.array([one[5] for one in some]) if corrected else ()
        models, gpus = stacked([one[0] for one in some]), stacked([one[1] for one in some])
        layouts, at = stacked([one[2] for one in some]), replace(goal, speed=speed)
        best = best_replica(models, gpus, layouts, profile, at, factors)
        every = mapped(best, of_each)
        for row, one in enumerate(some):
            remember(_SIZED, one, taken(every, row), _MOST_SIZED)


@dataclass(frozen=True, kw_only=True)
class SetUps:
    """Every way to put some models on some GPUs: columns of one entry a set-up [setups].

    Args:
        inputs: The question.
        names: Precisions that occur.
        server: How a server lays a model out on one GPU.
        model, gpu, precision: Indices into `models`, `gpus` and `names` [setups].
        count: GPUs of a replica [setups].
        counts: GPUs of a replica that were tried, whether it can be cut over them or not [1].
        replica: The best replica of each; fields are arrays [setups].
        found: The measurements that replicas were held against.
        anchors: What they say of each at capacity [setups].
        near: Set-ups that anything was measured near, ascending [curves].
        factors: What that multiplies their speed by, at each of `BATCHES` [curves, batches] [1].
        rents: What GPUs can be rented for, or bought [rents].
        pair_setup, pair_rent: Indices of feasible combinations of set-up and rent [pairs].
        untried: Open models that are tried on no GPU at all, and why.
    """

    inputs: Question
    models: Sequence[ModelEntry]
    gpus: Sequence[GpuEntry]
    names: tuple[str, ...]
    server: Layout
    model: Indices
    gpu: Indices
    count: Indices
    precision: Indices
    counts: tuple[int, ...]
    replica: Replica
    found: KnownMeasurements
    anchors: Anchors
    near: Indices = field(default_factory=_none)
    factors: Floats = field(default_factory=lambda: np.empty(0))
    rents: Sequence[RentEntry] = ()
    pair_setup: Indices = field(default_factory=_none)
    pair_rent: Indices = field(default_factory=_none)
    untried: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def row(self, row: int) -> SetUp:
        """Return one set-up."""
        gpu = self.gpus[int(self.gpu[row])]
        count, name = int(self.count[row]), self.names[int(self.precision[row])]
        model, said = self.models[int(self.model[row])], self.anchors
        tier, at = int(said.tier[row]), int(np.searchsorted(self.near, row))
        measured = at < self.near.size and self.near[at] == row
        low, high = evidence_band(
            model.shape, gpu.shape, self.inputs.serving, tier, said.weight[row]
        )
        return SetUp(
            model=model,
            gpu=gpu,
            gpus=count,
            precision=name,
            layout=layout_of(model.shape, count, gpu, name, self.server),
            factors=tuple(self.factors[at].tolist()) if measured else (),
            band=(float(low), float(high)),
            tier=tier,
            evidence=in_words(self.found, tier, int(said.row[row])),
        )

    def shapes(self, rows: Indices) -> tuple[ModelShape, GpuShape, Layout]:
        """Return the engine's view of some set-ups, as arrays [rows]."""
        node = np.array([g.node_gpus for g in self.gpus])[self.gpu[rows]]
        tp = np.minimum(self.count[rows], node)
        widths = stacked([served_precision(name, self.server) for name in self.names])
        models = taken(self._stacked[0], self.model[rows])
        layout = replace(
            self.server,
            tp=tp.astype(float),
            pp=(self.count[rows] // tp).astype(float),
            nodes=(self.count[rows] // tp).astype(float),
            dp_attention=self.server.dp_attention & (np.asarray(models.routed_params) > 0.0),
            **taken(widths, self.precision[rows]).columns(models),
        )
        return models, taken(self._stacked[1], self.gpu[rows]), layout

    @cached_property
    def _stacked(self) -> tuple[ModelShape, GpuShape]:
        return stacked([m.shape for m in self.models]), stacked([g.shape for g in self.gpus])

    @property
    def size(self) -> int:
        """Return the number of set-ups."""
        return int(self.model.size)

    @cached_property
    def _pair_model(self) -> Indices:
        return self.model[self.pair_setup]

    def pairs_of(self, model: str) -> Indices:
        """Return the indices of the feasible pairs of one model [pairs of the model]."""
        index = next((i for i, m in enumerate(self.models) if m.id == model), -1)
        return np.flatnonzero(self._pair_model == index)

    def replica_at(self, rows: Indices | int) -> Replica:
        """Return what a replica of some set-ups sustains."""
        return taken(self.replica, rows)

    def replica_of(self, pair: int) -> Replica:
        """Return what one replica of a feasible pair sustains."""
        return self.replica_at(int(self.pair_setup[pair]))


def set_ups(
    inputs: Question,
    models: Sequence[ModelEntry],
    gpus: Sequence[GpuEntry],
    counts: Sequence[int],
    found: KnownMeasurements,
    rents: Sequence[RentEntry] = (),
) -> SetUps:
    """Return every set-up that is possible in principle, what it sustains, and its rents.

    Args:
        counts: GPUs of a replica to try [1].
        found: The measurements that replicas are held against.
        rents: What GPUs can be rented for.
    """
    return _rented(_searched(inputs, models, gpus, counts, found), rents)


_MOST_SEARCHED = 16
"""Questions of one catalog that differ in what sizes a replica; most differ in other things."""


def _searched(
    inputs: Question,
    models: Sequence[ModelEntry],
    gpus: Sequence[GpuEntry],
    counts: Sequence[int],
    found: KnownMeasurements,
) -> SetUps:
    """Return every set-up that is possible in principle and what it sustains, kept for others."""
    goal, server = target(inputs.settings), server_layout(inputs.settings, inputs.serving)
    key = tuple(models), tuple(gpus), tuple(counts), server, inputs.serving, goal
    kept: dict[Any, SetUps] = inputs.catalog.derived.setdefault("set-ups", {})
    try:
        known, shared = kept.get(key), not goal.within and inputs.gaps is None
    except TypeError:  # arrays have no hash
        known, shared = None, False
    if shared and known is not None and known.found is found:
        return replace(known, inputs=inputs)
    made = _sized(_tried(inputs, models, gpus, counts, found))
    if shared:  # limits on shares and sessions hang on more than that
        remember(kept, key, made, _MOST_SEARCHED)
    return made


def _tried(
    inputs: Question,
    models: Sequence[ModelEntry],
    gpus: Sequence[GpuEntry],
    counts: Sequence[int],
    found: KnownMeasurements,
) -> SetUps:
    """Return every set-up that is possible in principle, whether it fits or not."""
    server = server_layout(inputs.settings, inputs.serving)
    names: dict[str, int] = {}
    tried = cache(lambda i, j: precisions_of(models[i], gpus[j].shape))
    rows = [
        (i, j, count, names.setdefault(name, len(names)))
        for i, j, count in _cuts(models, gpus, counts, server)
        for name in tried(i, j)
    ]
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    column = {name: np.full(len(rows), np.nan) for name in Replica.__dataclass_fields__}
    return SetUps(
        inputs=inputs,
        models=tuple(models),
        gpus=gpus,
        names=tuple(names),
        server=server,
        model=table[:, 0],
        gpu=table[:, 1],
        count=table[:, 2],
        precision=table[:, 3],
        counts=tuple(counts),
        replica=Replica(**{**column, "slots": np.zeros(len(rows))}),
        found=found,
        anchors=Anchors.none(len(rows)),
    )


def _cuts(
    models: Sequence[ModelEntry], gpus: Sequence[GpuEntry], counts: Sequence[int], server: Layout
) -> Iterator[tuple[int, int, int]]:
    """Yield the models, GPUs and counts of them over which each can be cut, by index."""
    nodes = {g.node_gpus for g in gpus}
    for i, model in enumerate(models):
        cut = {(n, c) for n in nodes for c in counts if uncut(model.shape, n, c, server) is None}
        for j, gpu in enumerate(gpus):
            yield from ((i, j, count) for count in counts if (gpu.node_gpus, count) in cut)


def _rented(tried: SetUps, rents: Sequence[RentEntry]) -> SetUps:
    """Return the set-ups with the rents that the feasible ones could run on."""
    by_gpu: dict[str, list[int]] = {}
    for i, rent in enumerate(rents):
        by_gpu.setdefault(rent.gpu, []).append(i)
    of_gpu = [np.array(by_gpu.get(g.id, []), dtype=np.int64) for g in tried.gpus]
    setups = np.flatnonzero(tried.replica.feasible)
    counts = np.array([of_gpu[j].size for j in tried.gpu[setups]], dtype=np.int64)
    pair_setup = np.repeat(setups, counts)
    pair_rent = np.concatenate([_none(), *(of_gpu[j] for j in tried.gpu[setups])])
    keep = _joined(tried, pair_setup, rents, pair_rent)
    return replace(tried, rents=rents, pair_setup=pair_setup[keep], pair_rent=pair_rent[keep])


def _joined(tried: SetUps, setups: Indices, rents: Sequence[RentEntry], rent: Indices) -> Flags:
    """Return which pairs can be rented, so that the GPUs of a replica work together [pairs]."""
    node = np.array([g.node_gpus for g in tried.gpus], dtype=np.int64)[tried.gpu[setups]]
    box = np.array([r.instance_gpus for r in rents], dtype=np.int64)[rent]
    sized = np.array([r.sized for r in rents], dtype=bool)[rent]
    return together(tried.count[setups], node, box, sized)


def together(gpus: Floats | Indices, node_gpus: Indices, box_gpus: Indices, sized: Flags) -> Flags:
    """Return whether so many GPUs work together: in one box, or over boxes that are whole nodes.

    Args:
        gpus: GPUs of a replica or of a job [1].
        node_gpus: GPUs of one server [1].
        box_gpus: GPUs that are rented at least [1].
        sized: Whether those are all that a box has.
    """
    held: Flags = (gpus <= np.where(sized, box_gpus, node_gpus)) | (box_gpus >= node_gpus)
    return held


def _sized(tried: SetUps) -> SetUps:
    """Return the set-ups with the best replica of each, and how measurements correct it.

    Only those that fit are worked out. How near a measurement is depends on the batch, so those
    that one is near are asked about at every batch, and the best is taken of what comes out.
    """
    if not tried.size:
        return tried
    inputs, found = tried.inputs, tried.found
    goal = target(inputs.settings)
    fitting = max_batch(*tried.shapes(np.arange(tried.size)), goal.isl + goal.osl)
    slots = np.asarray(fitting, dtype=float)
    made = replace(mapped(tried.replica, np.array), memory_slots=slots)
    fit = np.flatnonzero(slots >= 1.0)
    near, factors = tried.near, tried.factors
    if found.rows and fit.size:
        every = np.broadcast_to(BATCHES, (fit.size, BATCHES.size))
        said = anchors(found, _place(tried, fit, every), inputs.serving)
        any_near = np.any(said.row >= 0, axis=1)
        near, factors = fit[any_near], said.factor[any_near]
    plain = np.setdiff1d(fit, near, assume_unique=True)
    for rows, each in ((plain, ()), (near, factors)):
        if rows.size:
            best = best_replica(*tried.shapes(rows), inputs.serving, goal, each)
            best = _with_sessions(tried, best, rows, each).scaled(goal.speed)
            if goal.within:
                from tco.options.first_tokens import in_time  # few questions are about the queue

                shapes = (*tried.shapes(rows), inputs.serving)
                turns = (inputs.gaps, each, goal.speed)
                tries = np.array([m.tries for m in tried.models])[tried.model[rows]]
                best = in_time(best, shapes, inputs.settings, turns, tries)
            _put(made, rows, best)
    sized = replace(tried, replica=made, near=near, factors=factors)
    return replace(sized, anchors=_at_capacity(sized)) if near.size else sized


def _with_sessions(
    tried: SetUps, best: Replica, rows: Indices, factors: Floats | tuple[()]
) -> Replica:
    """Return what replicas sustain with sessions that wait; as they are where there are none."""
    inputs = tried.inputs
    able = np.flatnonzero(np.broadcast_to(best.feasible, rows.shape))
    if inputs.gaps is None or not able.size:
        return best
    from tco.options.sessions import with_kept  # few questions are about sessions

    every = mapped(best, lambda value: np.array(np.broadcast_to(value, rows.shape)))
    each = factors[able] if len(factors) else ()
    said = (inputs.serving, inputs.settings, inputs.gaps, each)
    _put(every, able, with_kept(taken(every, able), tried.shapes(rows[able]), *said))
    return every


def _put(every: Replica, rows: Indices, some: Replica) -> None:
    """Write what some set-ups sustain into the arrays of all."""
    for name in Replica.__dataclass_fields__:
        getattr(every, name)[rows] = getattr(some, name)


def _at_capacity(sized: SetUps) -> Anchors:
    """Return what measurements say of each set-up at the batch that was found [setups].

    The factor is the one that the speed at that batch was really multiplied by: it can be more
    than the measurement says of that very batch, because a server can run a smaller one.
    """
    rows, made, profile = sized.near, Anchors.none(sized.size), sized.inputs.serving
    slots = np.asarray(sized.replica.slots)[rows]
    said = anchors(sized.found, _place(sized, rows, slots), profile)
    for name in ("factor", "tier", "weight", "row"):
        getattr(made, name)[rows] = getattr(said, name)
    goal, at = target(sized.inputs.settings), np.maximum(slots, 1.0)
    made.factor[rows] = speed_factor(*sized.shapes(rows), profile, goal, sized.factors, at)
    return made


def _place(tried: SetUps, rows: Indices, batch: Floats) -> Place:
    """Return some set-ups as measurements see them, at one batch or at several [rows, ...]."""
    goal, found = target(tried.inputs.settings), tried.found
    return Place(
        model=found.model_codes([m.shape for m in tried.models])[tried.model[rows]],
        gpu=found.gpu_codes([g.id for g in tried.gpus])[tried.gpu[rows]],
        layout=tried.shapes(rows)[2],
        batch=batch,
        isl=goal.isl,
        osl=goal.osl,
    )
