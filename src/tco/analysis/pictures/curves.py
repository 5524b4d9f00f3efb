"""Cost over volume for a picture: the exact curve of each option, its steps, its band."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from tco.analysis.curves import TOKENS, curve
from tco.analysis.inputs import Inputs
from tco.analysis.options import Option, lines
from tco.analysis.pictures.results import BandPoint, CostCurve, CostCurves, Crossing
from tco.analysis.results import BreakevenResult, Span
from tco.analysis.settings import Settings
from tco.analysis.uncertain.beliefs import beliefs
from tco.analysis.uncertain.bills import model_of, usd
from tco.analysis.uncertain.sample import chunks, percentiles
from tco.engine.ledger import total_usd
from tco.engine.shapes import Floats

AROUND = 30.0
"""How far a picture goes from today's volume: a thirtieth to thirty times."""

FARTHEST = 1000.0
"""How far it goes at most, so as to hold a crossing."""

POINTS = 61
BAND_POINTS = 25
DRAWS = 512
SEED = 1
MOST_PIECES = 20_000
LEAST_STEP = 1.02
"""Steps nearer to each other than by this factor are too small to be seen."""

MOST_CROSSINGS = 6


def cost_curves(
    inputs: Inputs,
    options: Sequence[Option],
    turns: Sequence[BreakevenResult],
    centre: float,
    *,
    draws: int = DRAWS,
) -> CostCurves:
    """Return the bills of some options over volume, as exact as a picture can show.

    Args:
        inputs: The question.
        options: The options.
        turns: Break-evens whose crossings are marked.
        centre: Volume that the picture is about [token/month].
        draws: Draws behind the band of each curve; 0 for none.
    """
    span = _span(centre, turns)
    bands = _bands(inputs, options, span, draws) if draws else {}
    made = []
    for option in options:
        volumes, cost = points(option, inputs.settings, span)
        made.append(
            CostCurve(
                id=option.id,
                tier=option.tier,
                volumes=tuple(volumes.tolist()),
                usd=tuple(cost.tolist()),
                band=bands.get(option.id, ()),
            )
        )
    by_id = {option.id: option for option in options}
    return CostCurves(
        span=span,
        now=_now(inputs),
        curves=tuple(made),
        crossings=tuple(c for turn in turns for c in _crossings(inputs, by_id, turn, span)),
        draws=draws if bands else 0,
    )


def _now(inputs: Inputs) -> float | None:
    now = float(np.asarray(inputs.settings.value(TOKENS)))
    return now if now > 0.0 else None  # it is not a number where none was said


def _span(centre: float, turns: Sequence[BreakevenResult]) -> Span:
    """Return the volumes to show: around today's, with the crossings if they are not too far."""
    low, high = centre / AROUND, centre * AROUND
    for turn in turns:
        for volume in (turn.first, turn.sure):
            if volume and centre / FARTHEST < volume < centre * FARTHEST:
                low, high = min(low, volume / 2.0), max(high, volume * 2.0)
    return low, high


def points(option: Option, settings: Settings, span: Span) -> tuple[Floats, Floats]:
    """Return volumes and bills, with both sides of every step that is large enough to be seen."""
    grid = np.geomspace(*span, POINTS)
    exact = curve(option, settings)
    if exact.pieces_until(span[1]) > MOST_PIECES:
        bill = total_usd(lines(option, settings.with_values({TOKENS: grid})))
        return grid, np.broadcast_to(np.asarray(bill, dtype=float), grid.shape)
    steps = exact.until(span[1])
    edges = steps.edges[(steps.edges > span[0]) & (steps.edges < span[1])]
    if edges.size:
        apart = np.diff(edges, append=np.inf) / edges
        edges = edges[apart >= LEAST_STEP - 1.0]
    above = np.minimum(np.nextafter(edges, np.inf), span[1])
    volumes = np.unique(np.concatenate([grid, edges, above]))
    return volumes, steps.at(volumes)


def _bands(
    inputs: Inputs, options: Sequence[Option], span: Span, draws: int
) -> dict[str, tuple[BandPoint, ...]]:
    """Return the percentiles 5 and 95 of each bill over volume, from one Latin hypercube."""
    believed = beliefs(inputs, options, {}, {})
    if not believed.rows:
        return {}
    at = np.geomspace(*span, BAND_POINTS)
    model = model_of(options, inputs.settings, believed.rows)
    chunk = next(chunks(believed, draws, np.random.default_rng(SEED)))
    size = next(iter(chunk.draws.values())).size
    wide = replace(model, settings=inputs.settings.with_values({TOKENS: np.repeat(at, size)}))
    bills = usd(wide, {key: np.tile(values, at.size) for key, values in chunk.draws.items()})
    out = {}
    for option, bill in zip(options, bills, strict=True):
        levels = percentiles(np.sort(bill.reshape(at.size, size), axis=1))
        out[option.id] = tuple(_served(at, levels))
    return out


def _served(at: Floats, levels: Floats) -> Iterator[BandPoint]:
    """Return the points at which nine draws of ten serve the volume at all."""
    for volume, (low, _, high) in zip(at.tolist(), levels.tolist(), strict=True):
        if np.isfinite(high):
            yield BandPoint(volume=volume, low_usd=low, high_usd=high)


def _crossings(
    inputs: Inputs, options: dict[str, Option], turn: BreakevenResult, span: Span
) -> Iterator[Crossing]:
    """Return where the cheaper of two changes, the first few of them."""
    if turn.a not in options or turn.b not in options:
        return
    ends = [(low, turn.b) for low, _ in turn.wins] + [(high, turn.a) for _, high in turn.wins]
    inside = sorted((v, after) for v, after in ends if v is not None and span[0] < v < span[1])
    for volume, after in inside[:MOST_CROSSINGS]:
        bill = total_usd(lines(options[turn.a], inputs.settings.with_values({TOKENS: volume})))
        yield Crossing(
            a=turn.a, b=turn.b, cheaper_after=after, volume=volume, usd=float(np.asarray(bill))
        )
