"""Measurements near a set-up, each with its ratio to the prediction, and what they correct."""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterable, Iterator, Sequence
from dataclasses import field, fields
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from tco.catalog.lookup import find_gpu, find_model
from tco.engine.constants import anchor_distance, anchor_weight, band
from tco.engine.shapes import (
    Flags,
    Floats,
    GpuShape,
    Indices,
    Layout,
    ModelShape,
    Number,
    ServerProfile,
)
from tco.errors import UnknownNameError
from tco.options.shapes import (
    MeasuredInputs,
    Row,
    cases,
    complaint,
    gpu_shape,
    inputs,
    model_shape,
    predict,
)
from tco.records import dataclass, mapped
from tco.units import show_number

if TYPE_CHECKING:
    from tco.catalog.files import MeasuredTable
    from tco.catalog.load import Catalog


# Measurements of models like those asked about, each with its ratio to the model's prediction.

Name = TypeVar("Name", bound=Hashable)

KIN = (
    *("layers", "attention_layers", "hidden_size", "heads", "kv_heads", "head_dim", "mla"),
    *("experts", "experts_per_token", "full_attention_share", "window_tokens", "index_topk"),
)


def kin(shape: ModelShape) -> tuple[float, ...]:
    """Return what models of one build have in common: Llama 3.1 and 3.3 run alike."""
    return tuple(float(getattr(shape, name)) for name in KIN)


@dataclass(frozen=True, slots=True)
class KnownMeasurements:
    """Measured rows of some models on some GPUs; arrays over rows [rows].

    Args:
        models, gpus: Codes by kin and by id.
        rows: Their cells.
        where: File and line of each, or its source.
        model, gpu: Codes of each.
        yours: Whether the user measured it.
        inputs: What was measured, as the capacity model sees it; None when there are no rows.
        batch: Requests in flight in a replica [1].
        ratio: Measured over predicted [1].
    """

    models: dict[tuple[float, ...], int] = field(default_factory=dict)
    gpus: dict[str, int] = field(default_factory=dict)
    rows: tuple[Row, ...] = ()
    where: tuple[str, ...] = ()
    model: Indices = field(default_factory=lambda: np.array([], dtype=np.int64))
    gpu: Indices = field(default_factory=lambda: np.array([], dtype=np.int64))
    yours: Flags = field(default_factory=lambda: np.array([], dtype=bool))
    inputs: MeasuredInputs | None = None
    batch: Floats = field(default_factory=lambda: np.array([]))
    ratio: Floats = field(default_factory=lambda: np.array([]))

    def model_codes(self, shapes: Sequence[ModelShape]) -> Indices:
        """Return the code of each model; -1 for one that nobody measured [models]."""
        return np.array([self.models.get(kin(s), -1) for s in shapes], dtype=np.int64)

    def gpu_codes(self, ids: Sequence[str]) -> Indices:
        """Return the code of each GPU; -1 for one that nobody measured [gpus]."""
        return np.array([self.gpus.get(i, -1) for i in ids], dtype=np.int64)


_Found = tuple[Row, str, bool, tuple[float, ...], str, ModelShape, GpuShape]
"""One measured row: its cells, its place or source, whether it is the user's, kin of its model and
id of its GPU, and what these two are."""


def known(catalog: Catalog, models: Sequence[ModelShape], gpus: Sequence[str]) -> KnownMeasurements:
    """Return the measurements of models like these on these GPUs.

    Args:
        catalog: The data, with measurements.
        models: Models that are to be served.
        gpus: Ids of GPUs that they could be served on.

    Raises:
        DataError: A measurement of the user's names what no catalog knows.
    """
    wanted, ids = frozenset(kin(m) for m in models), frozenset(gpus)
    key = ("measurements", wanted, ids)
    if key not in catalog.derived:
        found = [one for file in catalog.measured for one in _found(catalog, file, wanted, ids)]
        catalog.derived[key] = _known(found)
    return catalog.derived[key]  # type: ignore[no-any-return]


def _known(found: Sequence[_Found]) -> KnownMeasurements:
    if not found:
        return KnownMeasurements()
    rows, where, yours, kins, ids, shapes, machines = zip(*found, strict=True)
    sized = {row["model"]: shape for row, shape in zip(rows, shapes, strict=True)}
    data = inputs(rows, sized, dict(zip((row["gpu"] for row in rows), machines, strict=True)))
    what = cases(data)
    models, gpus = _codes(kins), _codes(ids)
    return KnownMeasurements(
        models=models,
        gpus=gpus,
        rows=rows,
        where=where,
        model=np.array([models[kin] for kin in kins]),
        gpu=np.array([gpus[name] for name in ids]),
        yours=np.array(yours),
        inputs=data,
        batch=what.batch[what.first],
        ratio=data.measured / predict(what),
    )


def _codes(names: Iterable[Name]) -> dict[Name, int]:
    return {name: i for i, name in enumerate(dict.fromkeys(names))}


def _found(
    catalog: Catalog, file: MeasuredTable, wanted: Container[tuple[float, ...]], ids: Container[str]
) -> Iterator[_Found]:
    """Yield the rows of a file that are of models and GPUs wanted; the user's are all checked."""
    for index, (shape, alike), (gpu, can) in _sized(catalog, file):
        asked, row = gpu in ids and alike in wanted, file.rows[index]
        if not (asked or file.yours):
            continue
        whole = _whole(row)
        names = {row["model"]: shape}, {row["gpu"]: can}
        if file.yours and (why := complaint(whole, *names)):
            raise file.complaint(index, why)
        source = f"{file.path}:{file.lines[index]}" if file.yours else row["source"]
        if asked:
            yield whole, source, file.yours, alike, gpu, shape, can


def _sized(
    catalog: Catalog, file: MeasuredTable
) -> Iterator[tuple[int, tuple[ModelShape, tuple[float, ...]], tuple[str, GpuShape]]]:
    """Yield the rows of a file whose model and GPU the catalog can size, and what they are."""
    models: dict[str, tuple[ModelShape, tuple[float, ...]] | None] = {}
    gpus: dict[str, tuple[str, GpuShape | None]] = {}
    for index, row in enumerate(file.rows):
        name, machine = row["model"], row["gpu"]
        try:
            if name not in models:
                models[name] = _model(catalog, name)
            if machine not in gpus:
                gpus[machine] = _gpu(catalog, machine)
        except UnknownNameError as error:
            raise file.complaint(index, str(error)) from None
        model, (gpu, can) = models[name], gpus[machine]
        if model is not None and can is not None:
            yield index, model, (gpu, can)


def _model(catalog: Catalog, name: str) -> tuple[ModelShape, tuple[float, ...]] | None:
    models = catalog.models.models
    shape = model_shape(models[name if name in models else find_model(catalog, name)])
    return None if shape is None else (shape, kin(shape))


def _gpu(catalog: Catalog, name: str) -> tuple[str, GpuShape | None]:
    gpus = catalog.hardware.accelerators
    gpu = name if name in gpus else find_gpu(catalog, name)
    return gpu, gpu_shape(catalog.hardware, gpus[gpu])


def _whole(row: Row) -> Row:
    """Return a row whose layout is said: one replica over all GPUs where it is not."""
    if row.get("tp") and row.get("replicas"):
        return row
    replicas, pp = float(row.get("replicas") or 1), float(row.get("pp") or 1)
    tp = row.get("tp") or f"{float(row['n_gpus']) / replicas / pp:g}"
    return {**row, "tp": tp, "replicas": row.get("replicas") or "1"}


# Measurements near a set-up, how much they correct its prediction, and the tier of evidence.
#
#     1  measured by you near this shape
#     2  measured in the catalog near this shape
#     3  the model, scaled by the nearest measurement
#     4  the model alone
#
# Near is the same model, GPU, precision, layout and kind of server at a distance of at most
# `NEAR`.

TIERS = {
    1: "measured by you near this shape",
    2: "measured in the catalog near this shape",
    3: "model scaled by the nearest measurement",
    4: "model alone",
}
NEAR = 0.7
"""A factor of four in one of requests in flight, input and output, or of two in two of them [1]."""
FAR = 6.0
"""Beyond this a measurement says nothing of a set-up [1]."""
UNLIKE_REACH = 2.0
"""Reach of a measurement at another precision or layout, or of somebody else's that is not near:
it fades twice as fast [1]."""
OTHER_STACK = 0.5
"""Weight of such a measurement of somebody else: it leaves the error of 2,946 rows where it was
(0.091 in the median), while full weight makes it worse; `benchmarks/anchors.py` [1]."""
SAME_BYTES = 0.07
"""Bytes per weight by which formats of one width differ: mxfp4 and nvfp4, by their scales [1]."""
BAND_NEAR = (0.81, 1.30)
"""80 % band of tier 2, on 171 rows with such a neighbour; `benchmarks/anchors.py` [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Set-ups as measurements see them; arrays [places].

    Args:
        model, gpu: Codes of `Known`; -1 for what nobody measured.
        layout: How a replica is laid out.
        batch: Requests in flight in a replica; one a set-up, or several [places, batches] [1].
        isl, osl: Length of a request [token].
    """

    model: Indices
    gpu: Indices
    layout: Layout
    batch: Number
    isl: Number
    osl: Number


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchors:
    """What measurements say of set-ups; arrays [places], or [places, batches].

    Args:
        factor: What every predicted speed is multiplied by [1].
        tier: 1 to 4.
        weight: Weight of a measurement on the same stack, which narrows the band [1].
        row: Index of the measurement in `Known`; -1 for none.
    """

    factor: Floats
    tier: Indices
    weight: Floats
    row: Indices

    @staticmethod
    def none(places: int | tuple[int, ...]) -> Anchors:
        """Return the model alone, for so many set-ups."""
        return Anchors(
            factor=np.ones(places),
            tier=np.full(places, 4),
            weight=np.zeros(places),
            row=np.full(places, -1),
        )


AT_ONCE = 128
"""Set-ups that are held against their measurements at once: a few megabytes of distances."""


def anchors(found: KnownMeasurements, place: Place, profile: ServerProfile) -> Anchors:
    """Return how the best measurement of each set-up corrects it.

    ``factor = (measured / predicted there) ** weight``: the weight is `anchor_weight` of the
    distance where only lengths and batch differ, and less for what is less alike.

    Args:
        place: The set-ups; a batch may have an axis more, for several batches of each, and so has
            the answer then.
        profile: Kind of server of all set-ups.
    """
    several = np.ndim(place.batch) > 1
    each = np.asarray(place.batch) if several else np.broadcast_to(place.batch, place.model.shape)
    each = each.reshape(place.model.size, -1)
    made = Anchors.none(each.shape)
    at, row = _pairs(found, place)
    cuts = np.searchsorted(at, np.arange(AT_ONCE, place.model.size, AT_ONCE))
    for some in (part for part in np.split(np.arange(at.size), cuts) if part.size):
        _correct(made, found, place, profile, each, at[some], row[some])
    if several:
        return made
    return mapped(made, lambda column: column[:, 0])


def _correct(
    made: Anchors,
    found: KnownMeasurements,
    place: Place,
    profile: ServerProfile,
    batch: Floats,
    at: Indices,
    row: Indices,
) -> None:
    """Put the best of the pairs of set-up and measurement into the answer, batch by batch."""
    ways, laid_out = _unlike(found, place, profile, at, row)
    same = ((ways == 0) & ~laid_out)[:, None]
    distance = _distance(found, place, batch, at, row) + ways[:, None]
    yours = found.yours[row][:, None]
    near = same & (distance <= NEAR)
    tier = np.where(near, np.where(yours, 1, 2), np.where(distance <= FAR, 3, 4))
    own = same & yours
    unlike = np.exp(-distance / UNLIKE_REACH) * np.where(yours, 1.0, OTHER_STACK)
    weight = np.where(near | own, anchor_weight(distance), unlike)
    # Tier first, then one's own, then the nearest: distances at issue are at most `FAR`.
    worse = 4.0 * FAR * tier + np.where(yours, 0.0, 2.0 * FAR) + np.minimum(distance, 1.5 * FAR)
    starts = np.flatnonzero(np.append(True, at[1:] != at[:-1]))
    least = np.repeat(
        np.minimum.reduceat(worse, starts, axis=0), np.diff(np.append(starts, at.size)), axis=0
    )
    nth = np.where(worse == least, np.arange(at.size)[:, None], at.size)
    best = np.minimum.reduceat(nth, starts, axis=0)
    column = np.arange(batch.shape[1])[None, :]
    tiers = tier[best, column]
    counts = tiers < 4
    into = at[starts]
    log_ratio = np.log(found.ratio[row])[best]
    made.factor[into] = np.where(counts, np.exp(log_ratio * weight[best, column]), 1.0)
    made.tier[into] = tiers
    made.weight[into] = np.where(counts & own[best, 0], weight[best, column], 0.0)
    made.row[into] = np.where(counts, row[best], -1)


def _pairs(found: KnownMeasurements, place: Place) -> tuple[Indices, Indices]:
    """Return every set-up beside every measurement of its model and GPU [pairs]."""
    width = len(found.gpus) + 1
    measured = found.model * width + found.gpu
    wanted = np.where((place.model < 0) | (place.gpu < 0), -1, place.model * width + place.gpu)
    order = np.argsort(measured, kind="stable")
    first = np.searchsorted(measured[order], wanted, "left")
    count = np.searchsorted(measured[order], wanted, "right") - first
    at = np.repeat(np.arange(wanted.size), count)
    within = np.arange(at.size) - np.repeat(np.cumsum(count) - count, count)
    return at, order[np.repeat(first, count) + within]


def _unlike(
    found: KnownMeasurements, place: Place, profile: ServerProfile, at: Indices, row: Indices
) -> tuple[Floats, Flags]:
    """Return in how many ways a measurement is unlike, 0 to 2, and whether its layout is [pairs].

    One for another precision, one for another kind of server.
    """
    assert found.inputs is not None
    here, there = place.layout, found.inputs.layout

    def differ(*names: str) -> Flags:
        pairs = ((np.broadcast_to(getattr(here, n), place.model.shape)[at], n) for n in names)
        alike = [np.isclose(mine, getattr(there, n)[row], rtol=SAME_BYTES) for mine, n in pairs]
        return np.asarray(~np.all(alike, axis=0))

    server = np.zeros(row.size, dtype=bool)
    for flag in fields(ServerProfile):
        server |= getattr(found.inputs.profile, flag.name)[row] != getattr(profile, flag.name)
    ways = differ("weight_bytes", "compute_bits").astype(float) + server
    return ways, differ("tp", "pp", "dp_attention", "layer_split")


def _distance(
    found: KnownMeasurements, place: Place, batch: Floats, at: Indices, row: Indices
) -> Floats:
    """Return how far lengths, batch and GPUs of each measurement are [pairs, batches] [1]."""
    assert found.inputs is not None
    here = {
        name: np.broadcast_to(value, place.model.shape)[at][:, None]
        for name, value in (("isl", place.isl), ("osl", place.osl), ("gpus", place.layout.gpus))
    }
    lengths = anchor_distance(
        np.maximum(batch, 1.0)[at],
        here["isl"],
        here["osl"],
        measured_batch=found.batch[row][:, None],
        measured_isl=found.inputs.isl[row][:, None],
        measured_osl=found.inputs.osl[row][:, None],
    )
    gpus = np.asarray(found.inputs.layout.gpus)[row][:, None]
    return np.asarray(lengths + np.abs(np.log(here["gpus"] / gpus)))


def evidence_band(
    model: ModelShape, gpu: GpuShape, profile: ServerProfile, tier: Number, weight: Number
) -> tuple[Number, Number]:
    """Return the factors on a corrected rate between which four measurements of five fall [1]."""
    low, high = band(model, gpu, profile, anchored=weight)
    near = np.equal(tier, 2)
    narrow = np.maximum(low, BAND_NEAR[0]), np.minimum(high, BAND_NEAR[1])
    return np.where(near, narrow[0], low), np.where(near, narrow[1], high)


def in_words(found: KnownMeasurements, tier: int, row: int) -> str:
    """Return the tier of evidence of a set-up, and the measurement behind it."""
    text = f"tier {tier} of 4, {TIERS[tier]}"
    if row < 0 or found.inputs is None:
        return text
    data, cells = found.inputs, found.rows[row]
    when = f" of {cells['date']}" if cells.get("date") else ""
    gpus = f"{data.n_gpus[row]:g}x{cells['gpu']} {cells['weight_dtype']}"
    lengths = f"{data.isl[row]:,.0f} in and {data.osl[row]:,.0f} out"
    flight = float(found.batch[row] * data.replicas[row])
    return (
        f"{text}: {found.where[row]}{when}, {cells['engine']} on {gpus} with {lengths}, "
        f"{flight:,.0f} in flight: {show_number(float(data.measured[row]))} tok/s, "
        f"x{found.ratio[row]:.2f} of the model"
    )
