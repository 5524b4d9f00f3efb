"""Sessions request by request at a provider whose cache forgets what nobody read for so long.

The oracle of `tco.engine.ledger.read_share`: nothing of its formulas is used here. All sessions are
on one clock; each read renews what it reads, the prefix that all share as well as one's own.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Turn(NamedTuple):
    """A request: when it comes [s], whose, and what of its input no cache has [token]."""

    at_s: float
    session: int
    context: float
    new: float


class Bill(NamedTuple):
    """Tokens read and written."""

    read: float
    written: float


def gaps_from(beyond: tuple[tuple[float, float], ...], count: int, seed: int) -> np.ndarray:
    """Draw gaps [s] from shares that are longer; between two of them as powers of time."""
    rng = np.random.default_rng(seed)
    at, share = np.array(((1e-3, 1.0), *beyond)).T
    logs = np.interp(-np.log(rng.random(count)), -np.log(share), np.log(at))
    return np.asarray(np.exp(logs))


def turns(
    beyond: tuple[tuple[float, float], ...], sessions: int, shape: dict[str, float], seed: int = 1
) -> list[Turn]:
    """Return the requests of sessions in the order of time.

    Args:
        beyond: Gaps [s], and the share that are longer.
        sessions: How many.
        shape: Of the sessions: `turns`, `first`, `growth`, `new` (means), `span_s` in which they
            begin.
        seed: Of the draws.
    """
    rng = np.random.default_rng(seed)
    lengths = rng.geometric(1.0 / shape["turns"], sessions)
    count = int(lengths.sum())
    waits = iter(gaps_from(beyond, count, seed + 1).tolist())
    fresh = iter((shape["new"] * rng.lognormal(-0.32, 0.8, count)).tolist())
    begins = (rng.random(sessions) * shape["span_s"]).tolist()
    firsts = (shape["first"] * rng.lognormal(-0.125, 0.5, sessions)).tolist()
    found = []
    for session, length in enumerate(lengths.tolist()):
        at, context = begins[session], firsts[session]
        for turn in range(length):
            new = next(fresh)
            if turn:
                at += next(waits)
                context += shape["growth"]
            found.append(Turn(at, session, context, min(new, context) if turn else context))
    return sorted(found, key=lambda one: one.at_s)


def billed(requests: list[Turn], lifetime_s: float, shared: float) -> Bill:
    """Return what is read and written when each entry lives so long after it was last read [s]."""
    own: dict[int, tuple[float, float]] = {}  # session: last use, tokens kept
    shared_used, read, written = -np.inf, 0.0, 0.0
    for turn in requests:
        used, kept = own.get(turn.session, (-np.inf, 0.0))
        hit = min(kept, turn.context - turn.new) if turn.at_s - used <= lifetime_s else 0.0
        if turn.at_s - shared_used <= lifetime_s:
            hit = max(hit, min(shared, turn.context))
        read, written = read + hit, written + turn.context - hit
        own[turn.session] = turn.at_s, turn.context
        shared_used = turn.at_s
    return Bill(read, written)


def shared_only(requests: list[Turn], lifetime_s: float, shared: float) -> Bill:
    """Return the same when nothing is cached but what all share: a hit reads it, a miss writes."""
    used, read, written = -np.inf, 0.0, 0.0
    for turn in requests:
        tokens = min(shared, turn.context)
        hit = turn.at_s - used <= lifetime_s
        read, written = read + tokens * hit, written + tokens * (not hit)
        used = turn.at_s
    return Bill(read, written)
