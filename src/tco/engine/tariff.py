"""Prices that change with volume: discounts by tier, and a minimum that is paid anyway."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tco.engine.ledger import Line, Origin
from tco.engine.shapes import Floats, Number
from tco.engine.steps import Steps
from tco.engine.steps_many import Curves, Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a contract says about volume.

    Args:
        limits: Volumes beyond which a discount holds, ascending [tiers, token/month].
        discounts: What is taken off the list price there [tiers, 1].
        cliff: The discount holds for all tokens once a limit is passed, and not only for those
            beyond it (graduated).
        free_tokens: Tokens that cost nothing, before any tier [token/month].
        commit_usd_per_month: Least that is paid for tokens, used or not [USD/month].
    """

    limits: tuple[float, ...] = ()
    discounts: tuple[float, ...] = ()
    cliff: bool = False
    free_tokens: float = 0.0
    commit_usd_per_month: float = 0.0


def billed_tokens(terms: Terms) -> Steps:
    """Return the tokens at list price that cost as much as a volume does, discounts taken off.

    Cliff: ``V * (1 - d_k)``. Graduated: ``sum_k (1 - d_k) * clip(V - T_k, 0, T_k+1 - T_k)``.

    Args:
        terms: The tiers; the last piece has no end.

    Source:
        Both readings of a tier table, as usage-billing tools name them.
    """
    slope = 1.0 - np.array([0.0, *terms.discounts])
    starts = np.array([0.0, *terms.limits])
    fixed = np.zeros_like(slope)
    if not terms.cliff:
        fixed[1:] = np.cumsum((slope[:-1] - slope[1:]) * starts[1:])
    if terms.free_tokens > 0:
        # Tiers count what is billed, so all of them begin later by what is free.
        fixed = np.append(0.0, fixed - slope * terms.free_tokens)
        starts, slope = np.append(0.0, starts + terms.free_tokens), np.append(0.0, slope)
    return Steps(edges=np.append(starts[1:], np.inf), fixed=fixed, slope=slope)


def terms_lines(
    terms: Terms, tokens: Number, token_usd: Number, *, origin: Origin, source: str
) -> tuple[Line, ...]:
    """Return what the contract takes off and adds to the token lines of a bill.

    Args:
        terms: The contract.
        tokens: Volume [token/month].
        token_usd: The token lines at list price [USD/month].
        origin, source: Who said so.
    """
    volume = np.asarray(tokens, dtype=float)
    billed = billed_tokens(terms).at(volume)
    off = 1.0 - np.divide(billed, volume, out=np.ones_like(volume), where=volume > 0)
    unused = np.maximum(terms.commit_usd_per_month - token_usd * (1.0 - off), 0.0)
    rows = (
        ("volume discount", token_usd, "USD of tokens", -off),
        ("commitment not used", unused, "USD", 1.0),
    )
    return tuple(
        Line(
            item=item,
            group="tokens",
            quantity=quantity,
            unit=unit,
            rate_usd=rate,
            origin=origin,
            source=source,
        )
        for item, quantity, unit, rate in rows
    )


def floored(
    edges: Floats, fixed: Floats, slope: Floats, usd: float
) -> tuple[Floats, Floats, Floats]:
    """Return the pieces of ``max(usd, cost)``: two for each, either of which may have no width.

    Args:
        edges, fixed, slope: Pieces along the last axis; no slope is negative [..., pieces].
        usd: The least that is paid [USD/month].
    """
    low = np.concatenate([np.zeros_like(edges[..., :1]), edges[..., :-1]], axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        reached = (usd - fixed) / slope
    flat = np.where(fixed < usd, np.inf, -np.inf)
    reached = np.clip(np.where(slope > 0, reached, flat), low, edges)
    pairs = ((reached, edges), (np.full_like(fixed, usd), fixed), (np.zeros_like(slope), slope))
    shape = (*edges.shape[:-1], 2 * edges.shape[-1])
    ends, lines, slopes = (np.stack(pair, axis=-1).reshape(shape) for pair in pairs)
    return ends, lines, slopes


def contracts(terms: Terms, fixed: Floats, usd_per_token: Floats) -> Curves:
    """Return the cost curves of a contract.

    Args:
        terms: Tiers and commitment.
        fixed: What is paid besides tokens [curves, USD/month].
        usd_per_token: List price at the workload's mix [curves, USD/token].
    """
    billed, price = billed_tokens(terms), usd_per_token[:, None]
    edges = np.broadcast_to(billed.edges, (price.size, billed.edges.size))
    ends, lines, slopes = floored(
        edges, billed.fixed * price, billed.slope * price, terms.commit_usd_per_month
    )
    lines = lines + fixed[:, None]
    starts = np.concatenate([np.zeros_like(ends[:, :1]), ends[:, :-1]], axis=1)
    # Above its last line a curve is affine on each piece, so that its extremes are at the ends.
    above = slopes - slopes[:, -1:]
    with np.errstate(invalid="ignore"):
        corners = np.concatenate([lines + above * starts, lines + above * ends], axis=1)
    real = np.concatenate([starts < ends, (starts < ends) & np.isfinite(ends)], axis=1)
    return Curves(
        until=lambda rows, _: Rows(edges=ends[rows], fixed=lines[rows], slope=slopes[rows]),
        pieces_until=lambda volume: np.full_like(volume, ends.shape[1]),
        slope=slopes[:, -1],
        low=np.where(real, corners, np.inf).min(axis=1),
        high=np.where(real, corners, -np.inf).max(axis=1),
    )
