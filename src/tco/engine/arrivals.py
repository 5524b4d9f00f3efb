"""Fleets and caches from how requests really came: in flight, and gaps between uses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tco.engine.shapes import Floats, Number


def in_flight_over_mean(
    mean_s: Number, seconds: Sequence[float], over_mean: Sequence[float]
) -> Number:
    """Return the requests in flight that a share of requests find, over their mean [1].

    Measured at several mean times of a request, interpolated in the logarithm of the time: long
    requests average what short ones feel.

    Args:
        mean_s: Mean time of a request on the option's own GPUs [s].
        seconds: Mean times at which it was measured, ascending [points] [s].
        over_mean: What was found at each [points] [1].
    """
    found: Number = np.interp(np.log(mean_s), np.log(np.asarray(seconds)), np.asarray(over_mean))
    return found


def headroom_in_flight(peak_to_mean: Number, over_mean: Number) -> Number:
    """Return the headroom at which the rule by the busiest hour needs as many replicas [1].

    ``L p / B / headroom = L q / B``, so ``p / q``: with it, and nothing more for bursts, every
    formula that knows peak and headroom sizes by requests in flight. At most 1.

    Args:
        peak_to_mean: Busiest hour over the average hour, p [1].
        over_mean: Requests in flight that all but a share of the requests find, over the mean [1].
    """
    found: Number = np.minimum(peak_to_mean / np.asarray(over_mean, dtype=float), 1.0)
    return found


def own_cached_share(
    gaps_s: Sequence[float], shares: Sequence[float], tokens_per_s: float, capacity: float
) -> float:
    """Return the share of the input that a prefix cache of one's own serves [1].

    A cache that forgets what was not used longest keeps a token for the time `T` at which
    ``C = r * integral from 0 to T of (1 - h(t)) dt``, and serves ``h(T)``.

    Args:
        gaps_s: Times since the last use, ascending [points] [s].
        shares: Share of the input last used at most so long before, h [points] [1].
        tokens_per_s: Input that passes, cached or not, r [token/s].
        capacity: Tokens that the cache holds, C [token].

    Source:
        Characteristic time of an LRU cache (Che, Tung and Wang, 2002), over measured gaps.
    """
    if not len(gaps_s) or tokens_per_s <= 0 or capacity <= 0:
        return 0.0
    at = np.concatenate([[0.0], np.asarray(gaps_s, dtype=float)])
    h = np.concatenate([[0.0], np.asarray(shares, dtype=float)])
    filled: Floats = (
        np.concatenate([[0.0], np.cumsum(np.diff(at) * (1.0 - (h[1:] + h[:-1]) / 2.0))])
        * tokens_per_s
    )
    if capacity >= filled[-1]:
        return float(h[-1])
    i = int(np.searchsorted(filled, capacity, side="right")) - 1
    low, high = 0.0, 1.0  # of the piece, on which h is a straight line and C a parabola
    for _ in range(60):
        middle = (low + high) / 2.0
        step = middle * (at[i + 1] - at[i])
        mean = h[i] + middle * (h[i + 1] - h[i]) / 2.0
        reached = filled[i] + tokens_per_s * step * (1.0 - mean)
        low, high = (middle, high) if reached < capacity else (low, middle)
    return float(h[i] + low * (h[i + 1] - h[i]))
