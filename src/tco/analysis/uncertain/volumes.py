"""The break-even volume under uncertainty: exact for each draw."""

from __future__ import annotations

import numpy as np

from tco.analysis.curves import MORE_BY_HOUR, curves
from tco.analysis.options import SelfOption
from tco.analysis.uncertain.beliefs import Beliefs
from tco.analysis.uncertain.bills import Draws, Model, by_hour, drawn, located, replica_for
from tco.analysis.uncertain.results import BreakevenRisk, Percentiles
from tco.analysis.uncertain.sample import CHUNK, LEVELS, chunks
from tco.engine.replica import Replica
from tco.engine.shapes import Floats
from tco.engine.steps_many import some, wins_many

DRAWS = 2 * CHUNK
"""Draws that break-evens are worked out for: 0.3 % standard error at worst on a probability."""

FEW_DRAWS = 1 << 8
"""The same where a staircase has steps for every hour of a week: 3 % standard error at worst."""

MOST_PIECES = 2048
"""Pieces of a staircase beyond which a draw is called undecided."""


def breakeven_volumes(
    model: Model, beliefs: Beliefs, pair: tuple[int, int], draws: int, seed: int
) -> BreakevenRisk:
    """Return the distribution of the smallest volume from which B is cheaper than A.

    Args:
        model: The options.
        beliefs: What is uncertain; the volume itself is not looked at.
        pair: Positions of A and B among the options.
        draws: Draws of the run; no more are taken than `DRAWS`, or `FEW_DRAWS` by the hour.
        seed: Same seed, same result.
    """
    rng = np.random.default_rng([seed, 3])
    firsts, undecided, count = [], 0, 0
    most = FEW_DRAWS if by_hour([model.options[i] for i in pair]) else DRAWS
    for chunk in chunks(beliefs, min(draws, most), rng):
        first, tied = _firsts(model, chunk.draws, pair)
        firsts.append(first)
        undecided += tied
        count += first.size
    volumes = np.sort(np.concatenate(firsts))
    at = [volumes[int(level * (count - 1))] for level in LEVELS]
    p5, p50, p95 = (float(v) if np.isfinite(v) else None for v in at)
    never = int(np.isinf(volumes).sum()) - undecided
    return BreakevenRisk(
        draws=count,
        tokens_per_month=Percentiles(p5=p5, p50=p50, p95=p95),
        p_never=never / count,
        p_undecided=undecided / count,
    )


def _firsts(model: Model, draws: Draws, pair: tuple[int, int]) -> tuple[Floats, int]:
    """Return the first volume of each draw, infinite where there is none, and the undecided."""
    size = next(iter(draws.values())).size
    sides, served = [], np.ones(size, dtype=bool)
    columns = {key: value[:, None] for key, value in draws.items()}
    where = located(model, draws)
    settings = drawn(model, columns)
    for i in pair:
        option, replica = model.options[i], None
        if isinstance(option, SelfOption):
            replica = _column(replica_for(model, option, draws, where), size)
            rate = np.asarray(replica.requests_per_s)[:, 0]
            served &= np.isfinite(rate) & np.asarray(replica.feasible)[:, 0]
        sides.append(curves(option, settings, size, replica))
    rows = np.flatnonzero(served)
    most = MOST_PIECES * MORE_BY_HOUR if by_hour([model.options[i] for i in pair]) else MOST_PIECES
    found = wins_many(some(sides[0], rows), some(sides[1], rows), most)
    first = np.full(size, np.inf)
    first[served] = np.where(np.isnan(found.first), np.inf, found.first)
    return first, int((found.tied & np.isnan(found.first)).sum())


def _column(replica: Replica, size: int) -> Replica:
    """Return the replica with one row a draw, so that pieces can be its columns."""
    fields = {
        name: np.broadcast_to(np.asarray(getattr(replica, name), dtype=float), size)[:, None]
        for name in Replica.__dataclass_fields__
    }
    return Replica(**fields)
