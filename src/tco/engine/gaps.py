"""How long sessions wait between their turns: a table of gaps, laid out as a curve."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from tco.engine.shapes import Floats, Number, distinct
from tco.records import dataclass

KNOTS, EARLY = 400, 8
"""Points of a table of gaps: between two of its own a power of time, before the first a line."""


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

    def missed(self, slack: Number, growth: Number) -> Floats:
        """Return the share of the gaps beyond the time that a cache keeps what waits [1].

        That is the `t` of ``E[min(g, t)] + growth * t = slack``: what waits and what sessions that
        have ended leave behind fill the room that is there.

        Args:
            slack: Room for what waits, over what a session holds and the turns a second [s].
            growth: What an ended session leaves a turn, over what a session holds; counted to a
                thousandth [1].
        """
        at, share, area = _laid_out(self.beyond)
        room, each = np.divide(slack, self.stretch), np.round(growth, 3)
        cap = np.divide(self.cap_s, self.stretch)
        if np.size(each) == 1:
            return _beyond(room, float(np.ravel(each)[0]), cap, at, share, area)
        room, each, cap = np.broadcast_arrays(room, each, cap)
        found = np.empty(room.shape)
        for value in distinct(each).tolist():
            mine = each == value
            found[mine] = _beyond(room[mine], value, cap[mine], at, share, area)
        return found

    @property
    def mean_s(self) -> Number:
        """Return the mean gap [s]."""
        said: tuple[Any, ...] = (self.beyond, self.cap_s, self.stretch)
        try:
            return _mean_s(*said)
        except TypeError:  # arrays have no hash
            return self.within(np.inf)


@lru_cache(maxsize=64)
def _mean_s(beyond: tuple[tuple[float, float], ...], cap_s: float, stretch: float) -> Number:
    return Gaps(beyond=beyond, cap_s=cap_s, stretch=stretch).within(np.inf)


def _beyond(
    room: Number, growth: float, cap: Number, at: Floats, share: Floats, area: Floats
) -> Floats:
    """Return the share of gaps that are longer than the room lasts; none from the cap on [1]."""
    filled = area + growth * at
    found = np.interp(room, filled, share, left=1.0, right=0.0)
    full = np.interp(cap, at, filled, right=np.inf)
    return np.where(np.less(room, full), found, 0.0)


@lru_cache(maxsize=16)
def _laid_out(beyond: tuple[tuple[float, float], ...]) -> tuple[Floats, Floats, Floats]:
    """Return times [s], shares of gaps longer than each [1], and the integral of those [s]."""
    seconds, shares = np.array(beyond).T
    at = distinct(np.concatenate([np.geomspace(seconds[0], seconds[-1], KNOTS), seconds]))
    share = np.exp(np.interp(np.log(at), np.log(seconds), np.log(np.maximum(shares, 1e-9))))
    early = np.linspace(0.0, 1.0, EARLY, endpoint=False)  # of the time before the first of them
    at, share = np.append(early * at[0], at), np.append(1.0 - early * (1.0 - share[0]), share)
    area = np.append(0.0, np.cumsum((share[1:] + share[:-1]) / 2.0 * np.diff(at)))
    return at, share, area
