"""What cells of usage cost at list price, and why a log or another month says otherwise.

The price of a token comes from `tco.options.prices.token_rates` alone, the function that every
other command asks; here it is looked up for the day, tier, region and length of each cell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from tco.catalog.lookup import price_at
from tco.engine.ledger import TokenRates
from tco.options.prices import Buying, as_sold, at_provider, token_rates
from tco.records import dataclass
from tco.units import MTOK
from tco.usage.aggregates import DAY_S, HOUR_S, Arrays
from tco.usage.matching import NAMELESS, Matched, Matcher
from tco.usage.results import Difference, MonthChange
from tco.usage.rows import WRITES, day_of
from tco.usage.traffic import MONDAY, WEEK_H

if TYPE_CHECKING:
    from tco.catalog.load import Catalog
    from tco.catalog.prices import Modifier, Offer, Price

LIFETIMES = {"write_1h": "1h", "write_12h": "12h"}
"""Lifetimes of caches with a price of their own; the others have the usual one."""

NOT_BY_THE_TOKEN = ("provisioned",)


@dataclass(frozen=True, slots=True)
class Otherwise:
    """A way in which a bill may have been made differently from the list price.

    Args:
        reason: What was different, in words.
        tokens: Returns other counts for the cells.
        modifiers: Returns other modifiers of a price.
        service, region: Other than the log says.
        window: Another price of the same offer: -1 the one before, 1 the one after.
        only: Nothing but this kind of token is paid for.
        searches: Web searches are paid for, too.
    """

    reason: str
    tokens: Callable[[Arrays], Arrays] = field(default=lambda cells: cells)
    modifiers: Callable[[list[Modifier]], list[Modifier]] = field(default=lambda some: some)
    service: str | None = None
    region: str | None = None
    window: int = 0
    only: str = ""
    searches: bool = False


LIST = Otherwise("")


@dataclass(frozen=True, slots=True)
class PricedUsage:
    """What cells cost.

    Args:
        cells: The cells.
        usd: At list price; 0 where there is none [cells].
        output_usd: The part of it that is output [cells].
        known: Whether there is one [cells].
        why: Why not, by the index of the cell.
        matches: What each model was taken for.
        notes: Tiers that offers have no price for, and were billed as usual.
    """

    cells: Arrays
    usd: Any
    output_usd: Any
    known: Any
    why: dict[int, str]
    matches: Mapping[tuple[str, str], Matched]
    notes: tuple[str, ...] = ()

    @property
    def months(self) -> Any:
        """Return the month of each cell, as `2026-11`; empty for none [cells]."""
        return np.array(
            [day_of(float(t))[:7] if t >= 0 else "" for t in self.cells["t"]], dtype=object
        )


def timed_models(catalog: Catalog, matches: Mapping[tuple[str, str], Matched]) -> list[str]:
    """Return the models whose price depends on the hour."""
    found = []
    for (_, model), matched in matches.items():
        offer = catalog.offers.get(matched.offer)
        prices = offer.prices if offer is not None else []
        if any(m.when.hours or m.when.weekdays for p in prices for m in p.modifiers):
            found.append(model)
    return sorted(set(found))


def matches_of(cells: Arrays, matcher: Matcher) -> dict[tuple[str, str], Matched]:
    """Return what each model of some cells is."""
    pairs = sorted(
        {(str(p), str(m)) for p, m in zip(cells["provider"], cells["model"], strict=True)}
    )
    return {pair: matcher.match(*pair) for pair in pairs}


def priced(
    catalog: Catalog,
    cells: Arrays,
    matches: Mapping[tuple[str, str], Matched],
    today: date,
    other: Otherwise = LIST,
    *,
    on: date | None = None,
) -> PricedUsage:
    """Return what cells cost at the list price of their day.

    Args:
        cells: Sums over requests that no context tier lies between.
        matches: The offer of each provider and model.
        today: The day of cells without one.
        other: How the bill is made, if not at list price.
        on: One day whose prices hold for all cells.
    """
    size = len(cells["model"])
    parts, known = np.zeros((2, size)), np.zeros(size, bool)
    why: dict[int, str] = {}
    notes: dict[str, None] = {}
    some = other.tokens(cells)
    for keys, where in _alike(cells):
        provider, model, service, region, day = keys
        matched = matches[provider, model]
        offer = catalog.offers.get(matched.offer)
        price, reason = _price(catalog, offer, matched, _day(day, today, on), other.window)
        if service in NOT_BY_THE_TOKEN:
            price, reason = None, f"{service} throughput is not billed by the token"
        if price is None or price.usd_per_mtok.input is None or price.usd_per_mtok.output is None:
            why |= dict.fromkeys(
                where.tolist(), reason or f"{matched.offer} has no price by the token"
            )
            continue
        part = {name: values[where] for name, values in some.items()}
        bought = Buying(
            service=other.service or service,
            region=(region if other.region is None else other.region) or None,
        )
        if offer is not None:
            bought = at_provider(bought, catalog.prices.providers.get(offer.provider))
        if _unsold(bought, price) and _used(cells, where):
            notes[f"{matched.offer}: no price for tier {service}, billed as usual"] = None
        parts[:, where] = _usd(price, offer, part, bought, _day(day, today, on), other)
        known[where] = True
    parts[:, cells["failed"].astype(bool)] = 0.0  # a request that was refused is not billed
    return PricedUsage(cells, parts.sum(axis=0), parts[1], known, why, matches, tuple(notes))


def searches_usd(offer: Offer | None, searches: Any) -> Any:
    """Return what web searches cost at an offer [USD]; None where it has no price of them."""
    rate = None if offer is None else offer.usd_per_1k_searches
    return None if rate is None else searches * rate / 1000.0


def _unsold(bought: Buying, price: Price) -> bool:
    """Return whether a tier that a log tells has no price of its own in an offer."""
    if bought.service in (None, "standard"):
        return False
    return as_sold(bought, price.modifiers).service is None


def _used(cells: Arrays, where: Any) -> bool:
    """Return whether any of some cells are of requests that are billed."""
    return not np.all(cells["failed"][where].astype(bool) | cells["only_cost"][where].astype(bool))


def _alike(cells: Arrays) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Return the cells of one provider, model, tier, region and day together."""
    names = ("provider", "model", "service", "region")
    codes = [np.unique(cells[name].astype(str), return_inverse=True) for name in names]
    days = np.where(cells["t"] < 0, -1, cells["t"] // DAY_S)
    stack = np.stack([*(code for _, code in codes), days.astype(np.int64)])
    if not stack.shape[1]:
        return
    groups, at = np.unique(stack, axis=1, return_inverse=True)
    order = np.argsort(at, kind="stable")
    bounds = np.searchsorted(at[order], np.arange(groups.shape[1] + 1))
    for i in range(groups.shape[1]):
        column = groups[:, i]
        keys = tuple(str(codes[j][0][column[j]]) for j in range(len(names)))
        yield (*keys, int(column[-1])), order[bounds[i] : bounds[i + 1]]


def _day(day: int, today: date, on: date | None) -> date:
    if on is not None:
        return on
    return today if day < 0 else datetime.fromtimestamp(day * DAY_S, UTC).date()


def _price(
    catalog: Catalog, offer: Offer | None, matched: Matched, day: date, window: int
) -> tuple[Price | None, str]:
    """Return the price of an offer on a day, or in a window beside it; or why there is none."""
    if offer is None:
        return None, NAMELESS if matched.how.startswith(NAMELESS) else matched.how
    price = price_at(offer, day, catalog.offers)
    if window:
        some = [p for p in offer.prices if p.status != "cancelled"]
        at = next(
            (i for i, p in enumerate(some) if price is not None and p.since == price.since), None
        )
        near = None if at is None else at + window
        price = some[near] if near is not None and 0 <= near < len(some) else None
    first = min((p.since for p in offer.prices), default=None)
    if price is None and first is not None and day < first:
        return None, f"{offer.id} has no price on {day}: the first known one is of {first}"
    return price, "" if price is not None else f"{offer.id} has no price on {day}"


def _usd(
    price: Price, offer: Offer | None, cells: Arrays, bought: Buying, day: date, other: Otherwise
) -> Any:
    """Return what input and output of cells of one price cost [2, cells] [USD]."""
    searched = searches_usd(offer, cells["searches"]) if other.searches else None
    return _tokens_usd(price, cells, bought, day, other) + (
        0.0 if searched is None else np.stack([searched, 0.0 * searched])
    )


def _tokens_usd(price: Price, cells: Arrays, bought: Buying, day: date, other: Otherwise) -> Any:
    """Return what the tokens of input and output cost [2, cells] [USD]."""
    modifiers = other.modifiers(list(price.modifiers))
    requests = np.maximum(cells["n"], 1)
    mean = np.maximum(cells["input"] / requests, 1.0)
    isl = np.maximum(mean, cells["longer_than"] + 1.0 * (cells["longer_than"] > 0))
    if any(m.when.hours or m.when.weekdays for m in modifiers):
        total = np.zeros((2, len(isl)))
        hours = np.where(cells["t"] < 0, -1, cells["t"] // HOUR_S)
        for hour in np.unique(hours):
            mine = hours == hour
            whole_day = bool((cells["bucket_s"][mine] >= DAY_S).any())
            week = _week(int(hour), whole_day)
            part = {name: values[mine] for name, values in cells.items()}
            timed = replace(bought, week=week, day=day)
            total[:, mine] = _sum(price, modifiers, part, isl[mine], timed, other.only)
        return total
    return _sum(price, modifiers, cells, isl, replace(bought, day=day), other.only)


def _week(hour: int, whole_day: bool) -> Any:
    """Return a week whose load lies in one hour, or in one day; a flat one without a time."""
    if hour < 0:
        return None
    week = np.zeros(WEEK_H)
    at = (hour - MONDAY) % WEEK_H
    if whole_day:
        week[at // 24 * 24 : at // 24 * 24 + 24] = 1.0
    else:
        week[at] = 1.0
    return week


def _sum(
    price: Price, modifiers: list[Modifier], cells: Arrays, isl: Any, bought: Buying, only: str
) -> Any:
    """Return ``sum(tokens * USD/Mtok) / 1e6`` of input and of output [2, cells] [USD]."""

    def rates(ttl: str | None) -> TokenRates:
        return token_rates(
            price.usd_per_mtok, modifiers, isl=isl, buying=replace(bought, cache_ttl=ttl)
        )

    batch = bought.service == "batch"
    usual = rates(None)
    fresh = cells["input"] - cells["read"] - sum(cells[name] for name in WRITES)
    none = np.zeros(len(isl))
    lines: list[tuple[str, Any, Any]] = [
        ("input", fresh, usual.batch_input if batch else usual.input),
        ("read", cells["read"], usual.batch_cached_input if batch else usual.cached_input),
    ]
    for name in WRITES:
        if cells[name].any():
            own = rates(LIFETIMES[name]) if name in LIFETIMES else usual
            rate = own.batch_cache_write if batch else own.cache_write
            lines.append((name, cells[name], rate))
    taken = [tokens * np.asarray(rate) for kind, tokens, rate in lines if only in ("", kind)]
    answer, thought = usual.output, usual.reasoning_output
    if batch:
        answer, thought = usual.batch_output, usual.batch_reasoning_output
    made = cells["output"] * np.asarray(answer)
    if thought is not None:  # few have a price of its own for what a model thinks
        made = made + cells["reasoning"] * (np.asarray(thought) - answer)
    return np.stack([none + sum(taken), made if only in ("", "output") else none]) / MTOK


def _in_full(cells: Arrays) -> Arrays:
    """Return cells whose cached input is input as any other."""
    return {**cells, "read": np.zeros_like(cells["read"])}


def _unwritten(cells: Arrays) -> Arrays:
    """Return cells in which writing to a cache is input as any other."""
    return {**cells, **{name: np.zeros_like(cells[name]) for name in WRITES}}


def _short_lived(cells: Arrays) -> Arrays:
    """Return cells whose writes are all of the usual lifetime."""
    moved = cells["write_1h"] + cells["write_12h"]
    none = np.zeros_like(moved)
    return {**cells, "write_1h": none, "write_12h": none, "write_5m": cells["write_5m"] + moved}


def _read_added(cells: Arrays) -> Arrays:
    """Return cells in which cached input is paid for beside all input, as if it were no part."""
    return {**cells, "input": cells["input"] + cells["read"]}


def _thought_added(cells: Arrays) -> Arrays:
    """Return cells in which reasoning is paid for beside all output."""
    return {**cells, "output": cells["output"] + cells["reasoning"]}


def _flat(modifiers: Sequence[Modifier]) -> list[Modifier]:
    return [m for m in modifiers if m.when.input_tokens_over is None]


WAYS = (
    Otherwise("cached input was billed in full", tokens=_in_full),
    Otherwise("cache writes were billed as other input", tokens=_unwritten),
    Otherwise("cache writes of an hour or more were billed as short ones", tokens=_short_lived),
    Otherwise("cached input was billed beside all input", tokens=_read_added),
    Otherwise("reasoning was billed beside all output", tokens=_thought_added),
    Otherwise("web searches were billed beside tokens", searches=True),
    Otherwise("the price of long contexts was not applied", modifiers=_flat),
    Otherwise("batch and service tiers were not applied", service="standard"),
    Otherwise("billed at the batch price", service="batch"),
    Otherwise("the price of the region was not applied", region=""),
    Otherwise("billed at the price of region us", region="us"),
    Otherwise("the price before was billed", window=-1),
    Otherwise("the price after was billed", window=1),
)
"""What bills of gateways and dashboards get wrong, or agree otherwise, looked for in this order."""


# Why a log states another amount than the list price, and why a month costs more than another.

SAME = 2e-3
"""Amounts that differ by less are taken for the same: gateways round each request."""

ALIKE = 5e-4
"""How near the ratios of several days must be for one factor to explain them."""

NOT_EXPLAINED = "not explained"
NO_PRICE = "no price is known"
NOT_STATED = "the log states no cost"
ROUNDING = "rounding"

Repriced = Callable[[Otherwise], Any]


def differences(cells: Arrays, listed: Any, known: Any, price: Repriced) -> tuple[Difference, ...]:
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


def _day_sums(cells: Arrays, mine: Any, column: Any, listed: Any) -> dict[str, Any]:
    """Return stated and list price by day, tier and length class."""
    names = ("t", "service", "region", "tier", "provider")
    codes = [np.unique(cells[n][mine].astype(str), return_inverse=True)[1] for n in names]
    _, at = np.unique(np.stack(codes), axis=1, return_inverse=True)
    at = at.reshape(-1)
    size = int(at.max()) + 1 if len(at) else 0
    return {
        "at": at,
        "said": np.bincount(at, weights=column[mine], minlength=size),
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


def month_changes(now: PricedUsage, then: Callable[[str], PricedUsage]) -> tuple[MonthChange, ...]:
    """Return the change from each month to the next in parts: volume, mix, cache and price.

    One step after the other: the tokens of the month before are made as many as those after; then
    mixed as those after, at each model's old cached shares; then cached as those after; then priced
    as after. What each step changes is its part, so that they add up to the change.

    Args:
        now: List price of each cell.
        then: Returns what all cells cost at the prices of a month.
    """
    months = now.months
    names = sorted({*months} - {""})
    return tuple(
        _change(before, after, (months == before, months == after), now, then(before))
        for before, after in pairwise(names)
    )


def _change(
    before: str, after: str, where: tuple[Any, Any], now: PricedUsage, then: PricedUsage
) -> MonthChange:
    a, b = where
    tokens = (now.cells["input"] + now.cells["output"]).astype(float)
    was, later = float(now.usd[a].sum()), float(now.usd[b].sum())
    scaled = was * (tokens[b].sum() / tokens[a].sum()) if tokens[a].sum() else was
    mixed = _at_old_shares(now.cells, a, b, then)
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
