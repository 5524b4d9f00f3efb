"""Why a log states another amount than the list price, and why a month costs more than another."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

import numpy as np

from tco.usage.aggregates import Arrays
from tco.usage.pricing import WAYS, Otherwise, PricedUsage
from tco.usage.results import Difference, MonthChange

SAME = 2e-3
"""Amounts that differ by less are taken for the same: gateways round each request."""

ALIKE = 5e-4
"""How near the ratios of several days must be for one factor to explain them."""

NOT_EXPLAINED = "not explained"
NO_PRICE = "no price is known"
NOT_STATED = "the log states no cost"
ROUNDING = "rounding"

Price = Callable[[Otherwise], Any]


def differences(cells: Arrays, listed: Any, known: Any, price: Price) -> tuple[Difference, ...]:
    """Return what lies between stated and list price, by reason; the parts add up exactly.

    Each group of cells of one day and tier that does not cost what the log states is held against
    every way of `WAYS`, and then all of them against one factor.

    Args:
        cells: Cells of one model.
        listed: List price [cells] [USD].
        known: Whether there is one [cells].
        price: Returns what the cells cost in another way [cells] [USD].
    """
    stated = cells["stated"].astype(bool)
    if not stated.any():
        return ()
    said = cells["usd_nano"] / 1e9
    found: dict[str, float] = {}

    def add(reason: str, usd: float) -> None:
        found[reason] = found.get(reason, 0.0) + usd

    add(NOT_STATED, -float(listed[~stated].sum()))
    add(NO_PRICE, float(said[stated & ~known].sum()))
    mine = stated & known
    left = _day_sums(cells, mine, said, listed)
    explained = np.zeros(len(left["said"]), bool)
    near = np.abs(left["said"] - left["listed"]) <= SAME * np.abs(left["listed"]) + 1e-9
    add(ROUNDING, float((left["said"] - left["listed"])[near].sum()))
    explained |= near
    for way in WAYS if not explained.all() else ():
        other = np.bincount(left["at"], weights=price(way)[mine], minlength=len(left["said"]))
        other = np.where(np.isfinite(other), other, left["listed"])
        differs = np.abs(other - left["listed"]) > SAME * np.abs(left["listed"])
        hit = ~explained & differs & (np.abs(left["said"] - other) <= SAME * np.abs(other) + 1e-9)
        add(way.reason, float((left["said"] - left["listed"])[hit].sum()))
        explained |= hit
    for reason, hit in _factors(left, explained):
        add(reason, float((left["said"] - left["listed"])[hit].sum()))
        explained |= hit
    add(NOT_EXPLAINED, float((left["said"] - left["listed"])[~explained].sum()))
    rows = [Difference(reason=r, usd=usd) for r, usd in found.items() if abs(usd) > 1e-12]
    return tuple(sorted(rows, key=lambda row: -abs(row.usd)))


def _day_sums(cells: Arrays, mine: Any, said: Any, listed: Any) -> dict[str, Any]:
    """Return stated and list price by day, tier and length class."""
    names = ("t", "service", "region", "tier", "provider")
    codes = [np.unique(cells[n][mine].astype(str), return_inverse=True)[1] for n in names]
    _, at = np.unique(np.stack(codes), axis=1, return_inverse=True)
    at = at.reshape(-1)
    size = int(at.max()) + 1 if len(at) else 0
    return {
        "at": at,
        "said": np.bincount(at, weights=said[mine], minlength=size),
        "listed": np.bincount(at, weights=listed[mine], minlength=size),
    }


def _factors(left: dict[str, Any], explained: Any) -> Iterable[tuple[str, Any]]:
    """Return factors on the list price that three groups or more have in common."""
    ratio = np.divide(
        left["said"], left["listed"], out=np.full(len(explained), np.nan), where=left["listed"] > 0
    )
    rest = ~explained & np.isfinite(ratio)
    while rest.sum() >= 3:
        middle = float(np.median(ratio[rest]))
        hit = rest & (np.abs(ratio - middle) <= ALIKE * abs(middle))
        if hit.sum() < 3:
            return
        if middle == 0.0:
            yield "the log states a cost of 0", hit
        else:
            yield f"billed at {middle:.4g} times the list price: a contract or a margin", hit
        rest = rest & ~hit


def month_changes(
    cells: Arrays, months: Any, now: PricedUsage, then: Callable[[str], PricedUsage]
) -> tuple[MonthChange, ...]:
    """Return the change from each month to the next in parts: volume, mix, cache and price.

    One step after the other: the tokens of the month before are made as many as those after; then
    mixed as those after, at each model's old cached shares; then cached as those after; then priced
    as after. What each step changes is its part, so that they add up to the change.

    Args:
        cells: Sums over requests.
        months: The month of each cell [cells].
        now: List price of each cell.
        then: Returns what all cells cost at the prices of a month.
    """
    names = sorted({str(m) for m in months} - {""})
    rows = []
    for before, after in pairwise(names):
        where = (months == before, months == after)
        rows.append(_change(cells, before, after, where, now, then(before)))
    return tuple(rows)


def _change(
    cells: Arrays,
    before: str,
    after: str,
    where: tuple[Any, Any],
    now: PricedUsage,
    then: PricedUsage,
) -> MonthChange:
    a, b = where
    tokens = (cells["input"] + cells["output"]).astype(float)
    was, later = float(now.usd[a].sum()), float(now.usd[b].sum())
    scaled = was * (tokens[b].sum() / tokens[a].sum()) if tokens[a].sum() else was
    mixed = _at_old_shares(cells, a, b, then)
    cached = float(then.usd[b].sum())
    return MonthChange(
        since=before,
        until=after,
        before_usd=was,
        after_usd=later,
        volume=scaled - was,
        mix=mixed - scaled,
        cache=cached - mixed,
        price=later - cached,
    )


def _at_old_shares(cells: Arrays, a: Any, b: Any, then: PricedUsage) -> float:
    """Return what the later month costs at old prices, input cached as it was before.

    A model's input costs per token what it did with its old shares of cached and written; a model
    that was not used before keeps its new ones.
    """
    total = 0.0
    names = ("provider", "model", "service", "region", "tier")
    codes = [np.unique(cells[n].astype(str), return_inverse=True)[1] for n in names]
    _, keys = np.unique(np.stack(codes), axis=1, return_inverse=True)
    keys = keys.reshape(-1)
    for key in np.unique(keys[b]):
        old, new = a & (keys == key), b & (keys == key)
        was_in, now_in = float(cells["input"][old].sum()), float(cells["input"][new].sum())
        if not was_in or not now_in:
            total += float(then.usd[new].sum())
            continue
        of_input = float(then.usd[old].sum() - then.output_usd[old].sum())
        total += float(then.output_usd[new].sum()) + of_input / was_in * now_in
    return total
