"""Every way to put a model on GPUs: which fit, how fast they are, what they cost, which is best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import cached_property
from typing import NamedTuple

import numpy as np

from tco.catalog.lookup import ANY_BOX, Box
from tco.catalog.trust import Trust
from tco.engine.capacity import max_batch
from tco.engine.ledger import Origin
from tco.engine.replica import BATCHES, Replica, Target, best_replica, speed_factor
from tco.engine.shapes import (
    Flags,
    Floats,
    GpuShape,
    Indices,
    Layout,
    ModelShape,
    Precision,
    ServerProfile,
    precision,
)
from tco.options.hours import OnHours
from tco.options.machines import FREE_EGRESS, Egress, OwnedGpu
from tco.options.measurements import (
    Anchors,
    Correction,
    KnownMeasurements,
    Place,
    anchors,
    correction,
)
from tco.options.settings import Settings, target
from tco.options.shapes import stacked, taken

COUNTS = (1, 2, 4, 8, 16)
"""GPUs of a replica that are tried; 16 is two nodes, one pipeline stage each."""

DATA_ATTENTION = 2.0
"""Value of `serving.parallel` for attention that is cut by requests."""

SERVER_RESERVE_BYTES = 2.5e9
"""Activations, graphs and libraries of a server, per GPU; judgment [byte]."""

LOCAL_RESERVE_BYTES = 0.8e9
"""Compute buffers and context of llama.cpp, per GPU, which takes all memory that is free; judgment
[byte]."""

SMALLEST_PIPELINED_NODE = 8
"""Nodes of fewer GPUs are not joined to pipelines: nobody publishes how fast that is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """A model that could be self-hosted.

    Args:
        native: Precision that it is published in.
        precisions: Precisions that the user asked for; empty means the default ones.
    """

    id: str
    shape: ModelShape
    native: str
    precisions: tuple[str, ...] = ()


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
        box: Which of several sizes it is, and whether that is its size.
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
    box: Box = ANY_BOX

    @property
    def way(self) -> str:
        """Return how it is bought, as ids say it: `on_demand`, or `on_demand_8x` of several."""
        return "_".join(filter(None, (self.purchase, self.box.name)))


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUp:
    """One model on so many of one GPU at one precision."""

    model: ModelEntry
    gpu: GpuEntry
    gpus: int
    precision: str
    layout: Layout


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


class MemoryUse(NamedTuple):
    """What a server does with the memory of its GPUs.

    Args:
        kv_bytes: Bytes per element of the KV cache [byte].
        share: Share of the memory that it may take [1].
        reserve_bytes: What it needs beside weights and cache, per GPU [byte].
        by_layer: It deals layers out to GPUs, in place of cutting each of them (llama.cpp).
        by_request: Attention is cut by requests, where a model has experts to cut otherwise.
    """

    kv_bytes: float
    share: float
    reserve_bytes: float = SERVER_RESERVE_BYTES
    by_layer: bool = False
    by_request: bool = False


def memory_use(settings: Settings, profile: ServerProfile) -> MemoryUse:
    """Return what a server does with the memory of its GPUs."""
    return MemoryUse(
        kv_bytes=float(settings.value("serving.kv_bytes")),
        share=float(settings.value("serving.memory_share")),
        reserve_bytes=LOCAL_RESERVE_BYTES if profile.single_stream else SERVER_RESERVE_BYTES,
        by_layer=bool(profile.single_stream),
        by_request=float(settings.value("serving.parallel")) == DATA_ATTENTION,
    )


def layout_of(model: ModelShape, gpus: int, gpu: GpuEntry, name: str, memory: MemoryUse) -> Layout:
    """Return how a replica is laid out: tensor parallel in a node, one pipeline stage a node."""
    tp = min(gpus, gpu.node_gpus)
    return Layout(
        tp=float(tp),
        pp=float(gpus // tp),
        nodes=float(gpus // tp),
        kv_bytes=memory.kv_bytes,
        memory_share=memory.share,
        reserve_bytes=memory.reserve_bytes,
        layer_split=memory.by_layer,
        dp_attention=memory.by_request and float(model.routed_params) > 0.0,
        **_precision(name).columns(),
    )


def _precision(name: str) -> Precision:
    found = precision(name)
    if found is None:
        raise ValueError(f"no precision called {name}")
    return found


def uncut(
    model: ModelShape,
    node_gpus: int,
    gpus: int,
    *,
    by_layer: bool = False,
    by_request: bool = False,
) -> str | None:
    """Return why a model cannot be cut over so many GPUs; None where it can.

    Nodes are whole; query heads divide; KV heads divide or are divided, for a head that several
    GPUs share is kept on each of them. A latent cache is no head. Layers can be dealt out as one
    likes, on one machine.

    Args:
        model: Its shape.
        node_gpus: GPUs of one server [1].
        gpus: GPUs of the replica [1].
        by_layer: Layers are dealt out to GPUs.
        by_request: Attention is cut by requests, so that its heads stay together.

    Source: the checks that vLLM and SGLang make when they start.
    """
    tp = min(gpus, node_gpus)
    if gpus > tp and (by_layer or tp < SMALLEST_PIPELINED_NODE or gpus % tp):
        more = "" if by_layer else f", or over whole servers of {SMALLEST_PIPELINED_NODE}"
        return f"{gpus} GPUs of servers of {node_gpus}: a replica lies in one server{more}"
    if by_layer or (by_request and float(model.routed_params) > 0.0):
        return None
    heads, kv_heads = float(model.heads), float(model.kv_heads)
    if heads % tp:
        return f"{heads:.0f} attention heads are not divided by {tp} GPUs"
    if not model.mla and kv_heads % tp and tp % kv_heads:
        return f"{kv_heads:.0f} KV heads over {tp} GPUs: neither divides the other"
    return None


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Set-ups as columns of indices; every column has one entry a set-up [setups]."""

    models: Sequence[ModelEntry]
    gpus: Sequence[GpuEntry]
    names: tuple[str, ...]
    """Precisions that occur."""
    memory: MemoryUse
    model: Indices
    gpu: Indices
    count: Indices
    precision: Indices
    counts: tuple[int, ...] = ()
    """GPUs of a replica that were tried, whether it can be cut over them or not [1]."""

    def setup(self, row: int) -> SetUp:
        """Return one set-up."""
        gpu = self.gpus[int(self.gpu[row])]
        count, name = int(self.count[row]), self.names[int(self.precision[row])]
        model = self.models[int(self.model[row])]
        return SetUp(
            model=model,
            gpu=gpu,
            gpus=count,
            precision=name,
            layout=layout_of(model.shape, count, gpu, name, self.memory),
        )

    def shapes(self, rows: Indices) -> tuple[ModelShape, GpuShape, Layout]:
        """Return the engine's view of some set-ups, as arrays [rows]."""
        node = np.array([g.node_gpus for g in self.gpus])[self.gpu[rows]]
        tp = np.minimum(self.count[rows], node)
        widths = [_precision(name).columns() for name in self.names]
        of = self.precision[rows]
        models = taken(stacked([m.shape for m in self.models]), self.model[rows])
        layout = Layout(
            tp=tp.astype(float),
            pp=(self.count[rows] // tp).astype(float),
            nodes=(self.count[rows] // tp).astype(float),
            kv_bytes=self.memory.kv_bytes,
            memory_share=self.memory.share,
            reserve_bytes=self.memory.reserve_bytes,
            layer_split=self.memory.by_layer,
            dp_attention=self.memory.by_request & (np.asarray(models.routed_params) > 0.0),
            **{name: np.array([w[name] for w in widths])[of] for name in widths[0]},
        )
        return models, taken(stacked([g.shape for g in self.gpus]), self.gpu[rows]), layout

    @property
    def size(self) -> int:
        """Return the number of set-ups."""
        return int(self.model.size)


def grid(
    models: Sequence[ModelEntry], gpus: Sequence[GpuEntry], counts: Sequence[int], memory: MemoryUse
) -> Grid:
    """Return every set-up that is possible in principle, whether it fits or not."""
    nodes = {g.node_gpus for g in gpus}
    cutting = {"by_layer": memory.by_layer, "by_request": memory.by_request}
    cuts = {
        (i, node, count)
        for i, model in enumerate(models)
        for node in nodes
        for count in counts
        if uncut(model.shape, node, count, **cutting) is None
    }
    names: dict[str, int] = {}
    rows = [
        (i, j, count, names.setdefault(name, len(names)))
        for i, model in enumerate(models)
        for j, gpu in enumerate(gpus)
        for count in counts
        if (i, gpu.node_gpus, count) in cuts
        for name in precisions_of(model, gpu.shape)
    ]
    table = np.array(rows, dtype=np.int64).reshape(-1, 4)
    return Grid(
        models=models,
        gpus=gpus,
        names=tuple(names),
        memory=memory,
        model=table[:, 0],
        gpu=table[:, 1],
        count=table[:, 2],
        precision=table[:, 3],
        counts=tuple(counts),
    )


@dataclass(frozen=True, slots=True)
class CurveColumns:
    """What measurements multiply the speed of some set-ups by, at each of `BATCHES`.

    Args:
        rows: Set-ups that anything was measured near, ascending [curves].
        factors: Their factors [curves, batches] [1].
    """

    rows: Indices
    factors: Floats

    def of(self, row: int) -> Floats | None:
        """Return the factors of one set-up [batches]; None where nothing was measured."""
        at = int(np.searchsorted(self.rows, row))
        return self.factors[at] if at < self.rows.size and self.rows[at] == row else None


@dataclass(frozen=True, kw_only=True)
class Search:
    """All set-ups tried, what a replica of each sustains, and the rents that each could run on.

    Args:
        grid: Every set-up.
        replica: Its best replica; fields are arrays [setups].
        found: The measurements that replicas were held against.
        anchors: What they say of each set-up at capacity.
        curves: What they say of those that anything was measured near, at any batch.
        rents: The rents [rents].
        pair_setup, pair_rent: Indices of feasible combinations of set-up and rent [pairs].
        hours: When fleets are on; always when None.
    """

    grid: Grid
    replica: Replica
    found: KnownMeasurements
    anchors: Anchors
    curves: CurveColumns
    rents: Sequence[RentEntry]
    pair_setup: Indices
    pair_rent: Indices
    hours: OnHours | None = None

    @cached_property
    def _pair_model(self) -> Indices:
        return self.grid.model[self.pair_setup]

    def pairs_of(self, model: str) -> Indices:
        """Return the indices of the feasible pairs of one model [pairs of the model]."""
        index = next((i for i, m in enumerate(self.grid.models) if m.id == model), -1)
        return np.flatnonzero(self._pair_model == index)

    def correction(self, row: int, profile: ServerProfile) -> Correction:
        """Return what measurements say of one set-up."""
        setup = self.grid.setup(row)
        shapes = (setup.model.shape, setup.gpu.shape)
        factors = self.curves.of(row)
        return correction(self.found, self.anchors, row, *shapes, profile, factors)

    def replica_at(self, rows: Indices | int) -> Replica:
        """Return what a replica of some set-ups sustains."""
        return taken(self.replica, rows)


def search(
    tried: Grid,
    rents: Sequence[RentEntry],
    settings: Settings,
    profile: ServerProfile,
    found: KnownMeasurements,
    hours: OnHours | None = None,
) -> Search:
    """Return what every set-up sustains and the rents that the feasible ones could run on."""
    replica, corrected, curves = _replicas(tried, settings, profile, found)
    by_gpu: dict[str, list[int]] = {}
    for i, rent in enumerate(rents):
        by_gpu.setdefault(rent.gpu, []).append(i)
    of_gpu = [np.array(by_gpu.get(g.id, []), dtype=np.int64) for g in tried.gpus]
    setups = np.flatnonzero(replica.feasible)
    counts = np.array([of_gpu[j].size for j in tried.gpu[setups]], dtype=np.int64)
    nothing = np.array([], dtype=np.int64)
    pair_setup = np.repeat(setups, counts)
    pair_rent = np.concatenate([nothing, *(of_gpu[j] for j in tried.gpu[setups])])
    keep = _joined(tried, pair_setup, rents, pair_rent)
    return Search(
        grid=tried,
        replica=replica,
        found=found,
        anchors=corrected,
        curves=curves,
        rents=rents,
        pair_setup=pair_setup[keep],
        pair_rent=pair_rent[keep],
        hours=hours,
    )


def _joined(tried: Grid, setups: Indices, rents: Sequence[RentEntry], rent: Indices) -> Flags:
    """Return which pairs can be rented, so that the GPUs of a replica work together [pairs]."""
    node = np.array([g.node_gpus for g in tried.gpus], dtype=np.int64)[tried.gpu[setups]]
    box = np.array([r.instance_gpus for r in rents], dtype=np.int64)[rent]
    sized = np.array([r.box.sized for r in rents], dtype=bool)[rent]
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


def _replicas(
    tried: Grid, settings: Settings, profile: ServerProfile, found: KnownMeasurements
) -> tuple[Replica, Anchors, CurveColumns]:
    """Return the best replica of each set-up, and how measurements correct it [setups].

    Only those that fit are worked out. How near a measurement is depends on the batch, so those
    that one is near are asked about at every batch, and the best is taken of what comes out.
    """
    column = {f.name: np.full(tried.size, np.nan) for f in fields(Replica)}
    column["slots"] = np.zeros(tried.size)
    corrected, curves = (
        Anchors.none(tried.size),
        CurveColumns(np.array([], dtype=np.int64), np.empty(0)),
    )
    if not tried.size:
        return Replica(**column), corrected, curves
    goal, given = target(settings), settings.value("serving.throughput_factor")
    column["memory_slots"] = np.asarray(
        max_batch(*tried.shapes(np.arange(tried.size)), goal.isl + goal.osl), dtype=float
    )
    fit = np.flatnonzero(column["memory_slots"] >= 1.0)
    if found.rows and fit.size:
        every = np.broadcast_to(BATCHES, (fit.size, BATCHES.size))
        said = anchors(found, _place(tried, goal, found, fit, every), profile)
        near = np.any(said.row >= 0, axis=1)
        curves = CurveColumns(fit[near], said.factor[near])
    plain = np.setdiff1d(fit, curves.rows, assume_unique=True)
    for rows, factors in ((plain, ()), (curves.rows, curves.factors)):
        if rows.size:
            best = best_replica(*tried.shapes(rows), profile, goal, factors)
            best = best.scaled(given)
            for name in column:
                column[name][rows] = getattr(best, name)
    if curves.rows.size:
        corrected = _at_capacity(tried, goal, found, profile, curves, Replica(**column))
    return Replica(**column), corrected, curves


def _at_capacity(
    tried: Grid,
    goal: Target,
    found: KnownMeasurements,
    profile: ServerProfile,
    curves: CurveColumns,
    replica: Replica,
) -> Anchors:
    """Return what measurements say of each set-up at the batch that was found [setups].

    The factor is the one that the speed at that batch was really multiplied by: it can be more
    than the measurement says of that very batch, because a server can run a smaller one.
    """
    rows, made = curves.rows, Anchors.none(tried.size)
    slots = np.asarray(replica.slots)[rows]
    said = anchors(found, _place(tried, goal, found, rows, slots), profile)
    for name in ("factor", "tier", "weight", "row"):
        getattr(made, name)[rows] = getattr(said, name)
    factor = speed_factor(
        *tried.shapes(rows), profile, goal, curves.factors, np.maximum(slots, 1.0)
    )
    made.factor[rows] = factor
    return made


def _place(
    tried: Grid, goal: Target, found: KnownMeasurements, rows: Indices, batch: Floats
) -> Place:
    """Return some set-ups as measurements see them, at one batch or at several [rows, ...]."""
    return Place(
        model=found.model_codes([m.shape for m in tried.models])[tried.model[rows]],
        gpu=found.gpu_codes([g.id for g in tried.gpus])[tried.gpu[rows]],
        layout=tried.shapes(rows)[2],
        batch=batch,
        isl=goal.isl,
        osl=goal.osl,
    )
