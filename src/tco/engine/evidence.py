"""How far a predicted rate can be trusted, and how one measurement of one's own corrects it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tco.engine.constants import BAND_ANCHORED, BAND_TTFT, BANDS, EVIDENCE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tco.engine.layout import Profile
    from tco.engine.shapes import Flag, GpuShape, ModelShape, Number

# Distance at which a measurement still counts for 1/e; judgment among 3 to 8, all within .001.
ANCHOR_REACH = 4.0
# How fast the band widens from the anchored one: the third power fits held-out pairs best.
ANCHOR_BAND_POWER = 3.0


def evidence(
    model: ModelShape, gpu: GpuShape, profile: Profile, *, layout_known: Flag = True
) -> NDArray[np.intp]:
    """Return the kind of evidence behind a prediction, as an index into `EVIDENCE`.

    `layout_known` is false when the best layout had to be guessed.
    """
    applies = (
        True,
        np.greater(model.routed_params, 0.0),
        profile.untuned,
        np.logical_not(gpu.measured),
        gpu.pcie,
        gpu.rocm,
        profile.legacy_rocm,
        model.outside,
        profile.single_stream,
        np.logical_not(layout_known),
    )
    kind = np.zeros((), dtype=np.intp)
    for index, yes in enumerate(applies):
        kind = np.where(yes, index, kind)
    return kind


def band(
    model: ModelShape,
    gpu: GpuShape,
    profile: Profile,
    *,
    anchored: Number | Flag = 0.0,
    layout_known: Flag = True,
) -> tuple[Number, Number]:
    """Return the factors on a predicted rate between which four measurements of five fall [1].

    The 10th and 90th percentile of measured / predicted on groups that the fit had not seen, by
    kind of evidence. `anchored` is the weight of a measurement of the same engine, precision and
    layout that corrects the prediction (`anchor_weight`); true stands for 1.

    Source: `benchmarks/capacity.py`.
    """
    kind = evidence(model, gpu, profile, layout_known=layout_known)
    near = np.asarray(anchored, dtype=np.float64) ** ANCHOR_BAND_POWER
    alone = np.log([BANDS[name] for name in EVIDENCE])[kind]
    mixed = alone * (1.0 - near[..., None]) + np.log(BAND_ANCHORED) * near[..., None]
    return np.exp(mixed[..., 0]), np.exp(mixed[..., 1])


def ttft_ends(ttft_s: Number) -> tuple[Number, Number]:
    """Return the times to the first token between which four medians of five fall [s].

    What a first token waits for depends on how requests arrive, which no formula of means knows:
    the band is wide, and measurements of throughput do not narrow it.

    Source: `benchmarks/capacity.py`, measurements of sources and models left out.
    """
    return ttft_s * np.asarray(BAND_TTFT[0]), ttft_s * np.asarray(BAND_TTFT[1])


def anchor_distance(
    batch: Number,
    isl: Number,
    osl: Number,
    *,
    measured_batch: Number,
    measured_isl: Number,
    measured_osl: Number,
) -> Number:
    """Return how far a measurement is from a configuration of the same engine and layout [1].

    (|ln B/B'| + |ln isl/isl'| + |ln osl/osl'|) / 2, B being the requests in flight.
    """
    ratios = (
        np.divide(batch, measured_batch),
        np.divide(isl, measured_isl),
        np.divide(osl, measured_osl),
    )
    return sum(np.abs(np.log(r)) for r in ratios) / 2.0


def anchor_weight(distance: Number) -> Number:
    """Return how much a measurement at `distance` [1] counts: exp(-distance / reach) [1].

    A prediction is multiplied by ``(measured / predicted)**weight``.
    """
    return np.exp(-np.asarray(distance) / ANCHOR_REACH)
