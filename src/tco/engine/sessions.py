"""Sessions that wait between their turns: what a replica's cache keeps of them, and what it costs.

A turn of an agent reads its whole context; a prefix cache serves what it still holds of the turn
before. Sessions that wait hold memory, so that beyond some number of them the cache forgets each
one before its next turn comes: a wall, not a slope.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from tco.engine.shapes import Floats, Number

# How long sessions wait.

KNOTS = 400
"""Points on which a table of gaps is laid out; between two of its own it is a power of time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """How long sessions wait from the end of a turn to the next request.

    Args:
        beyond: Seconds, rising, and the share of the gaps that are longer; of those before the
            first as many are as long as any.
        cap_s: Longest gap; infinite for none [s].
        stretch: Every gap is so many times as long [1].
    """

    beyond: tuple[tuple[float, float], ...]
    cap_s: Number = np.inf
    stretch: Number = 1.0

    def longer(self, seconds: Number) -> Number:
        """Return the share of the gaps that are longer than a time [s]."""
        at, share, _ = _laid_out(self.beyond)
        found = np.interp(np.divide(seconds, self.stretch), at, share, right=0.0)
        return np.where(np.less(seconds, self.cap_s), found, 0.0)

    def within(self, seconds: Number) -> Number:
        """Return the mean of the shorter of a gap and a time, ``E[min(g, T)]`` [s]."""
        at, _, area = _laid_out(self.beyond)
        longest = np.minimum(seconds, self.cap_s)
        return self.stretch * np.interp(np.divide(longest, self.stretch), at, area)

    @property
    def mean_s(self) -> Number:
        """Return the mean gap [s]."""
        return self.within(np.inf)


@lru_cache(maxsize=16)
def _laid_out(beyond: tuple[tuple[float, float], ...]) -> tuple[Floats, Floats, Floats]:
    """Return times [s], shares of gaps longer than each [1], and the integral of those [s]."""
    seconds, shares = np.array(beyond).T
    at = np.unique(np.concatenate([np.geomspace(seconds[0], seconds[-1], KNOTS), seconds]))
    least = np.log(np.maximum(shares, 1e-9))
    share = np.exp(np.interp(np.log(at), np.log(seconds), least))
    at, share = np.append(0.0, at), np.append(1.0, share)
    area = np.append(0.0, np.cumsum((share[1:] + share[:-1]) / 2.0 * np.diff(at)))
    return at, share, area


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """What the sessions of a profile are like; numbers or arrays but for the table of gaps.

    Args:
        context_tokens: Mean input of a turn, C [token].
        output_tokens: Mean output of a turn, o [token].
        shared_tokens: System prompt and tools, the same in all sessions, S [token].
        new_tokens: Input of a later turn that no cache has, a [token].
        first_tokens: Input of the first turn, F [token].
        last_tokens: What a session that ends leaves behind, E [token].
        turns: Turns of a session, L [1].
        lanes: What an open session holds over its mean input [1].
        gaps: How long sessions wait.
    """

    context_tokens: Number
    output_tokens: Number
    shared_tokens: Number
    new_tokens: Number
    first_tokens: Number
    last_tokens: Number
    turns: Number
    lanes: Number
    gaps: Gaps
