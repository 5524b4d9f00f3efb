"""Sessions turn by turn through a cache that forgets what was used longest ago: the slow way.

The oracle of `tco.engine.sessions`: nothing of its formulas is used here. A queue of one server for
prefill, in order of arrival; what is prefilled or decoded cannot be forgotten, what waits can, by
the token, the oldest first. Sessions that end leave their context behind.
"""

from __future__ import annotations

from collections import OrderedDict
from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np


class Case(NamedTuple):
    """What is simulated; tokens, seconds, tokens a second."""

    sessions: int
    pool: float
    context: float
    shared: float
    new: float
    first: float
    last: float
    turns: float
    output: float
    lanes: float
    prefill_per_s: float
    tpot_s: float
    tpot_more_s: float
    beyond: tuple[tuple[float, float], ...]
    cap_s: float = np.inf
    spread: float = 0.6
    warm: bool = True


class Seen(NamedTuple):
    """What came out of the second half of the turns."""

    hit: float
    turns_per_s: float
    first_s: list[float]


def draws(case: Case, count: int, seed: int) -> tuple[list[float], list[float], list[bool]]:
    """Return gaps [s], sizes of sessions over their mean, and whether each turn is the last."""
    rng = np.random.default_rng(seed)
    at, share = np.array(((1e-3, 1.0), *case.beyond)).T
    logs = np.interp(-rng.random(count), -share, np.log(at), right=np.log(at[-1]))
    sigma = np.sqrt(np.log1p(case.spread**2))
    sizes = np.exp(rng.normal(-(sigma**2) / 2.0, sigma, count))
    ends = rng.random(count) < 1.0 / case.turns
    return np.minimum(np.exp(logs), case.cap_s).tolist(), sizes.tolist(), ends.tolist()


def simulated(case: Case, count: int, seed: int = 1) -> Seen:  # noqa: C901 - one loop, for speed
    """Return what `count` turns see."""
    gaps, sizes, ends = draws(case, count + case.sessions, seed)
    per_token, more = case.tpot_s * case.output, case.tpot_more_s * case.output
    own, lost = case.context - case.shared, case.new / case.context
    size = sizes[: case.sessions]
    fresh = [True] * case.sessions
    idle: OrderedDict[int, float] = OrderedDict()  # what is kept of who waits, oldest use first
    held = running = 0.0
    room = case.pool - case.shared
    ready: list[tuple[float, int]] = []
    decoding: list[tuple[float, int]] = []
    free = begun = served = read = 0.0
    for i in range(case.sessions):
        heappush(ready, (gaps[i] if case.warm else 0.0, i))
        if case.warm:
            fresh[i] = False
            idle[i] = case.lanes * own * size[i]
            held += idle[i]
    ghosts = case.sessions  # names of sessions that have ended
    half = count // 2
    first_s: list[float] = []
    for turn in range(count):
        arrived, i = heappop(ready)
        start = arrived if arrived > free else free
        need = case.lanes * own * size[i]
        while decoding and (decoding[0][0] <= start or running + need > room):
            end, j = heappop(decoding)
            start = end if end > start else start
            mine = case.lanes * own * size[j]
            running -= mine
            if fresh[j]:  # it was the last turn of a session
                mine = case.last / case.context * own * size[j]
                idle[ghosts] = mine
                ghosts += 1
                size[j] = sizes[turn]
            else:
                idle[j] = mine
            held += mine
        kept = idle.pop(i, 0.0)
        held -= kept
        length = case.context * size[i]
        if fresh[i]:
            length = case.first * size[i]
            kept = 0.0
        elif kept >= 0.999 * need:
            kept = (1.0 - lost) * length - case.shared
        else:
            kept = min(kept / need * own * size[i], (1.0 - lost) * length - case.shared)
        miss = max(length - case.shared - max(kept, 0.0), 0.0)
        if turn == half:
            begun, served, read = start, 0.0, 0.0
        read += length
        served += length - miss
        running += need
        while idle and held + running > room:
            j, oldest = next(iter(idle.items()))
            over = held + running - room
            if oldest > over:
                idle[j] = oldest - over
                held -= over
                break
            idle.popitem(last=False)
            held -= oldest
        free = start + miss / case.prefill_per_s
        first_s.append(free - arrived)
        done = free + per_token + more * len(decoding)
        fresh[i] = ends[turn]
        heappush(decoding, (done, i))
        heappush(ready, (done + gaps[case.sessions + turn], i))
    return Seen(served / read, (count - half) / (free - begun), first_s[half:])
