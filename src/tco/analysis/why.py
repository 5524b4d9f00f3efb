"""How set-ups lie to the limits on them, and why no set-up of a model can be used, in words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tco.analysis.results import LimitState
from tco.analysis.settings import Settings, target
from tco.analysis.setups import ModelEntry, Search, Setup, uncut
from tco.engine.evidence import ttft_ends
from tco.engine.memory import free_bytes, weights_bytes
from tco.engine.replica import Replica, Target
from tco.engine.shapes import Indices, number
from tco.show import show_seconds


def infeasible(replica: Replica, goal: Target) -> str:
    """Return why a replica serves nothing: memory, or the limit that a request alone does not keep.

    Args:
        replica: What one replica sustains; numbers, not arrays.
        goal: The limits.
    """
    if number(replica.memory_slots) < 1:
        return "the weights and one request do not fit in its memory"
    alone, limit = number(replica.lone_tpot_s), number(goal.max_tpot_s)
    if alone > limit:
        return (
            f"a request alone takes {alone * 1e3:.1f} ms a token, the limit is {limit * 1e3:g} ms"
        )
    first, most = number(replica.lone_ttft_s), number(goal.max_ttft_s)
    if ttft_ends(first)[0] > most:
        taken, least = show_seconds(first), show_seconds(number(ttft_ends(first)[0]))
        return (
            f"the first token of a request alone takes {taken}, {least} at least, the limit is "
            f"{show_seconds(most)}"
        )
    return "it serves nothing within the limits"


def first_token(replica: Replica, goal: Target) -> LimitState | None:
    """Return how the first token of a replica lies to the limit on it; None without a limit.

    ``low > limit`` misses it, ``high <= limit`` keeps it; between the two ends of its band it is
    too close to call, and depends on how requests arrive.
    """
    limit = number(goal.max_ttft_s)
    if not np.isfinite(limit):
        return None
    low, high = (number(end) for end in ttft_ends(replica.ttft_s))
    if not bool(np.all(replica.feasible)):
        alone = number(ttft_ends(replica.lone_ttft_s)[0])
        return "missed" if alone > limit else "not judged"
    if np.isnan(low):
        return "not judged"
    if low > limit:
        return "missed"
    return "kept" if high <= limit else "depends"


def limit_states(settings: Settings, replica: Replica | None) -> dict[str, LimitState]:
    """Return how the limits that were given are kept, by name: of own GPUs, or of anything else.

    Args:
        settings: Where the limits are.
        replica: What one replica sustains; None for what is bought by the token or by the unit,
            of whose latency nothing is known.
    """
    goal = target(settings)
    states: dict[str, LimitState] = {}
    if settings.given("serving.max_tpot_s"):
        states["tpot"] = "not judged" if replica is None else _token(replica, goal)
    if np.isfinite(number(goal.max_ttft_s)):
        states["ttft"] = (replica and first_token(replica, goal)) or "not judged"
    return states


def _token(replica: Replica, goal: Target) -> LimitState:
    if not bool(np.all(replica.feasible)):
        return "missed" if number(replica.lone_tpot_s) > number(goal.max_tpot_s) else "not judged"
    return "not judged" if np.isnan(number(replica.tpot_s)) else "kept"


def first_token_words(replica: Replica, goal: Target) -> Iterator[str]:
    """Return that it depends whether the limit on the first token is kept, with the figures."""
    if first_token(replica, goal) == "depends":
        low, high = (show_seconds(number(end)) for end in ttft_ends(replica.ttft_s))
        middle, limit = show_seconds(number(replica.ttft_s)), show_seconds(number(goal.max_ttft_s))
        ends = f"{middle}, {low} to {high} by how requests arrive"
        yield f"first token in {ends}, limit {limit}: too close to call"


def why_not(found: Search, model: ModelEntry, settings: Settings) -> tuple[str, ...]:
    """Return why no set-up of a model can be used; empty when one can."""
    if found.pairs_of(model.id).size:
        return ()
    index = next(i for i, m in enumerate(found.grid.models) if m.id == model.id)
    rows = np.flatnonzero(found.grid.model == index)
    if not rows.size:
        return (_uncut(found, model),)
    fast = rows[np.asarray(found.replica.feasible)[rows]]
    if fast.size:
        names = ", ".join(sorted({found.grid.setup(int(i)).gpu.id for i in fast})[:4])
        return (f"fits {names}, but no rent is known for them under the options considered",)
    held = rows[np.asarray(found.replica.memory_slots)[rows] >= 1]
    if held.size:
        return (_too_slow(found, held, settings),)
    goal = target(settings)
    return (_too_large([found.grid.setup(int(i)) for i in rows], float(goal.isl + goal.osl)),)


def missing_figure(gpu: str, name: str) -> str:
    """Return that a figure of a GPU is not known, and what supplies it."""
    return (
        f"no {name} is known of it: --catalog FILE with accelerators.{gpu}.{name} supplies it, or "
        f"--option with the tokens a second that you measured"
    )


def _uncut(found: Search, model: ModelEntry) -> str:
    """Return why there is no way to put a model on any of the GPUs considered."""
    grid = found.grid
    if not grid.gpus:
        return "none of the GPUs considered has the figures that a speed is worked out from"
    nodes = sorted({gpu.node_gpus for gpu in grid.gpus})
    counts = grid.counts or (1,)
    whys = [uncut(model.shape, n, c, by_layer=grid.memory.by_layer) for n in nodes for c in counts]
    known = next((why for why in whys if why), None)
    return known or "no precision that was asked for runs on the GPUs considered"


def _too_slow(found: Search, held: Indices, settings: Settings) -> str:
    """Return which limit the fastest of some set-ups does not keep."""
    goal = target(settings)
    token = np.asarray(found.replica.lone_tpot_s)[held]
    first = np.asarray(found.replica.lone_ttft_s)[held]
    in_time = token <= number(goal.max_tpot_s)
    # Of those that are fast enough by the token, the one that answers soonest.
    best = int(np.argmin(np.where(in_time, first, np.inf) if in_time.any() else token))
    setup = found.grid.setup(int(held[best]))
    why = infeasible(found.replica_at(int(held[best])), goal)
    return f"too slow: {why} ({setup.gpus}x{setup.gpu.id} at {setup.precision})"


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
