"""The open sessions that a replica of each set-up keeps, and its wall."""

from __future__ import annotations

import numpy as np

from tco.analysis.size.results import SessionsResult
from tco.engine.gaps import Gaps
from tco.engine.sessions import steady
from tco.engine.shapes import Floats, Indices
from tco.options.sessions import CAPPED, POOL, kept_sessions, sessions_of
from tco.options.setups import SetUps

BEYOND = 1.1
"""Sessions over the wall at which it is told what comes behind it [1]."""


def sessions_of_rows(own: SetUps, rows: Indices, gaps: Gaps) -> dict[int, SessionsResult]:
    """Return the open sessions of a replica of some set-ups, by the index of the set-up."""
    inputs, settings = own.inputs, own.inputs.settings
    factors = _factors(own, rows)
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


def _factors(own: SetUps, rows: Indices) -> Floats:
    """Return what measurements multiply speeds by at each of `BATCHES` [rows, batches] [1]."""
    made = np.ones((rows.size, own.factors.shape[-1])) if own.near.size else np.empty(0)
    here = np.flatnonzero(np.isin(rows, own.near))
    if here.size:
        made[here] = own.factors[np.searchsorted(own.near, rows[here])]
    return made
