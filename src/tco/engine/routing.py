"""Routing between tiers and cascades: what a share on a cheaper model saves, and when to try."""

from __future__ import annotations

import numpy as np

from tco.engine.shapes import Number


def routed_usd(shares: Number, usd: Number) -> Number:
    """Return the mean cost of a request that goes to each tier with some share [USD/request].

    ``sum(share * usd)`` over the last axis.

    Args:
        shares: Share of the requests for each tier [..., tiers] [1].
        usd: Cost of a request on each tier [..., tiers] [USD/request].

    >>> float(routed_usd(np.array([0.983, 0.017]), np.array([0.001, 0.03])).round(6))
    0.001493
    """
    mean: Number = np.sum(np.asarray(shares) * np.asarray(usd), axis=-1)
    return mean


def share_for_reduction(reduction: Number, cheap_usd: Number, premium_usd: Number) -> Number:
    """Return the share that must go to the cheap tier for a bill to fall by so much [1].

    ``reduction / (1 - cheap / premium)``; above 1 no share does it.

    Args:
        reduction: Part of the all-premium bill that is to go [1].
        cheap_usd, premium_usd: Cost of a request on either [USD/request].

    >>> round(float(share_for_reduction(0.95, 0.001, 0.03)), 4)
    0.9828
    """
    share: Number = reduction / (1.0 - np.asarray(cheap_usd) / np.asarray(premium_usd))
    return share


def breakeven_escalation(small_usd: Number, judge_usd: Number, big_usd: Number) -> Number:
    """Return the share of escalations below which a cascade pays, ``1 - (small + judge) / big``.

    At 0 or less it never does [1].
    """
    edge: Number = 1.0 - (np.asarray(small_usd) + judge_usd) / np.asarray(big_usd)
    return edge


def reach(escalations: Number) -> Number:
    """Return the share of the requests that comes to each step of a cascade [..., steps] [1].

    Args:
        escalations: Share that each step but the last hands on [..., steps - 1] [1].
    """
    handed = np.asarray(escalations, dtype=float)
    first = np.ones((*handed.shape[:-1], 1))
    share: Number = np.concatenate([first, np.cumprod(handed, axis=-1)], axis=-1)
    return share
