"""Why no set-up of a model can be used, in words."""

from __future__ import annotations

import numpy as np

from tco.analysis.settings import Settings, target
from tco.analysis.setups import ModelEntry, Search, Setup
from tco.engine.memory import free_bytes, weights_bytes
from tco.engine.shapes import Indices


def why_not(found: Search, model: ModelEntry, settings: Settings) -> tuple[str, ...]:
    """Return why no set-up of a model can be used; empty when one can."""
    if found.pairs_of(model.id).size:
        return ()
    index = next(i for i, m in enumerate(found.grid.models) if m.id == model.id)
    rows = np.flatnonzero(found.grid.model == index)
    if not rows.size:
        return ("its attention heads cannot be divided over any of the GPU counts considered",)
    fast = rows[np.asarray(found.replica.feasible)[rows]]
    if fast.size:
        names = ", ".join(sorted({found.grid.setup(int(i)).gpu.id for i in fast})[:4])
        return (f"fits {names}, but no rent is known for them under the options considered",)
    held = rows[np.asarray(found.replica.memory_slots)[rows] >= 1]
    if held.size:
        return (_too_slow(found, held, settings),)
    goal = target(settings)
    return (_too_large([found.grid.setup(int(i)) for i in rows], float(goal.isl + goal.osl)),)


def _too_slow(found: Search, held: Indices, settings: Settings) -> str:
    lone = np.asarray(found.replica.lone_tpot_s)[held]
    best = int(np.argmin(lone))
    setup = found.grid.setup(int(held[best]))
    limit = float(np.asarray(target(settings).max_tpot_s))
    return (
        f"too slow: a request alone takes {lone[best] * 1e3:.0f} ms a token on "
        f"{setup.gpus}x{setup.gpu.id} at {setup.precision}, above the limit of {limit * 1e3:g} ms"
    )


def _too_large(setups: list[Setup], context: float) -> str:
    def room(setup: Setup) -> float:
        return float(free_bytes(setup.model.shape, setup.gpu.shape, setup.layout))

    best = max(setups, key=room)
    weights = float(weights_bytes(best.model.shape, best.layout))
    where = f"{best.gpus}x{best.gpu.id}"
    if room(best) > 0:
        return (
            f"does not fit: beside {weights / 1e9:,.0f} GB of {best.precision} weights, {where} "
            f"has {room(best) / 1e9:.1f} GB left, less than one request of {context:,.0f} tokens"
        )
    usable = room(best) + weights
    largest = ", the largest set-up considered" if len(setups) > 1 else ""
    return (
        f"does not fit: {weights / 1e9:,.0f} GB of {best.precision} weights against "
        f"{usable / 1e9:,.0f} GB usable on {where}{largest}"
    )
