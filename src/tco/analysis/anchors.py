"""Measurements near a set-up, how much they correct its prediction, and the tier of evidence.

    1  measured by you near this shape
    2  measured in the catalog near this shape
    3  the model, scaled by the nearest measurement
    4  the model alone

Near is the same model, GPU, precision, layout and kind of server at a distance of at most `NEAR`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from tco.analysis.known import Known
from tco.engine.evidence import anchor_distance, anchor_weight, band
from tco.engine.layout import Layout, Profile
from tco.engine.shapes import Flags, Floats, GpuShape, Indices, ModelShape, Number
from tco.show import show_number

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What measurements say of one set-up.

    Args:
        factor: What every predicted speed is multiplied by at capacity [1].
        factors: The same at each of `BATCHES`; empty where nothing was measured [1].
        band: True over corrected speed, low and high, 80 % [1].
        tier: 1 to 4.
        evidence: The tier and the measurement in words.
    """

    factor: float
    factors: tuple[float, ...]
    band: tuple[float, float]
    tier: int
    evidence: str


def anchors(found: Known, place: Place, profile: Profile) -> Anchors:
    """Return how the best measurement of each set-up corrects it.

    ``factor = (measured / predicted there) ** weight``: the weight is `anchor_weight` of the
    distance where only lengths and batch differ, and less for what is less alike.

    Args:
        found: The measurements.
        place: The set-ups; a batch may have an axis more, for several batches of each, and so has
            the answer then.
        profile: Kind of server of all set-ups.
    """
    several = np.ndim(place.batch) > 1
    each = np.asarray(place.batch) if several else np.broadcast_to(place.batch, place.model.shape)
    each = each.reshape(place.model.size, -1)
    made = Anchors.none(each.shape)
    at, row = _pairs(found, place)
    if at.size:
        _correct(made, found, place, profile, each, at, row)
    if several:
        return made
    return Anchors(**{f.name: getattr(made, f.name)[:, 0] for f in fields(Anchors)})


def _correct(
    made: Anchors,
    found: Known,
    place: Place,
    profile: Profile,
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


def _pairs(found: Known, place: Place) -> tuple[Indices, Indices]:
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
    found: Known, place: Place, profile: Profile, at: Indices, row: Indices
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
    for flag in fields(Profile):
        server |= getattr(found.inputs.profile, flag.name)[row] != getattr(profile, flag.name)
    ways = differ("weight_bytes", "compute_bits").astype(float) + server
    return ways, differ("tp", "pp", "dp_attention", "layer_split")


def _distance(found: Known, place: Place, batch: Floats, at: Indices, row: Indices) -> Floats:
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


def correction(
    found: Known,
    said: Anchors,
    row: int,
    model: ModelShape,
    gpu: GpuShape,
    profile: Profile,
    factors: Floats | None = None,
) -> Correction:
    """Return what measurements say of the set-up `row`, a `model` on a `gpu`.

    `factors` are those at each of `BATCHES`, where anything was measured [batches].
    """
    tier = int(said.tier[row])
    low, high = evidence_band(model, gpu, profile, tier, said.weight[row])
    return Correction(
        factor=float(said.factor[row]),
        factors=() if factors is None else tuple(factors.tolist()),
        band=(float(low), float(high)),
        tier=tier,
        evidence=in_words(found, tier, int(said.row[row])),
    )


def evidence_band(
    model: ModelShape, gpu: GpuShape, profile: Profile, tier: Number, weight: Number
) -> tuple[Number, Number]:
    """Return the factors on a corrected rate between which four measurements of five fall [1]."""
    low, high = band(model, gpu, profile, anchored=weight)
    near = np.equal(tier, 2)
    narrow = np.maximum(low, BAND_NEAR[0]), np.minimum(high, BAND_NEAR[1])
    return np.where(near, narrow[0], low), np.where(near, narrow[1], high)


def in_words(found: Known, tier: int, row: int) -> str:
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
