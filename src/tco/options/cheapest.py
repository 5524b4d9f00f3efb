"""Which option is the answer. Nothing else in the product says so.

Of what can serve, the cheapest whose price is sure enough wins. Where none is, the best trust that
there is decides. A cheaper price that is not sure enough is told beside the winner, and never wins.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from tco.catalog.trust import LEVELS
from tco.errors import InfeasibleError

if TYPE_CHECKING:
    from tco.catalog.prices import Provider
    from tco.catalog.trust import Trust
    from tco.engine.shapes import Flags, Floats, Indices
    from tco.options.question import Question


USUAL = "medium"
"""Least trust of a price that wins, unless said: two independent witnesses, or its seller alone."""

FEW_CASES = 1024
"""Cases up to which nothing is gained by looking at one option after the other."""

BESIDE = 3
"""Cheaper prices, not sure enough, that a sentence names."""


class Priced(Protocol):
    """An option with its bill: what `cheapest_of` chooses among."""

    @property
    def id(self) -> str: ...

    @property
    def trust(self) -> str: ...

    @property
    def monthly_usd(self) -> float | None: ...


class Trusted(Protocol):
    """An option, whose price can be trusted so far."""

    @property
    def id(self) -> str: ...

    @property
    def trust(self) -> Trust: ...


class Listed(Priced, Protocol):
    """The same with what it serves, for choosing what a short list shows."""

    @property
    def tier(self) -> str: ...

    @property
    def model(self) -> str: ...

    @property
    def provider(self) -> str: ...


class Classed(Listed, Protocol):
    """The same with the class of its model."""

    @property
    def class_(self) -> str: ...


SomePriced = TypeVar("SomePriced", bound=Priced)
SomeListed = TypeVar("SomeListed", bound=Listed)
SomeClassed = TypeVar("SomeClassed", bound=Classed)


def cheapest(usd: Floats, trust: Indices, least: int, ids: Sequence[str] | None = None) -> Indices:
    """Return which option is the answer in each case; -1 where none can serve [...].

    Of equal bills that of the first id wins, or of the first option where no ids are given.

    Args:
        usd: Bills, not finite where an option cannot serve [options, ...] [USD/month].
        trust: Rank of each option's trust [options].
        least: Rank of the trust that is sure enough [1].
        ids: Names of the options [options].
    """
    order = np.arange(len(usd))
    if ids is not None:
        order = np.array(sorted(range(len(ids)), key=ids.__getitem__), dtype=np.int64)
    bills = np.asarray(usd, dtype=float)[order]
    sure = sure_enough(bills, np.asarray(trust)[order], least)
    place = _least(np.where(sure, bills, np.inf))
    return np.where(sure.any(axis=0), order[place], -1)


def _least(bills: Floats) -> Indices:
    """Return the row of the least of each column, the first of equal ones [columns].

    Row by row where columns are many: numpy's own `argmin` down a column takes ten times as long.
    """
    if bills.ndim < 2 or bills[0].size < FEW_CASES:
        return np.asarray(np.argmin(bills, axis=0))
    least, place = bills[0].copy(), np.zeros(bills.shape[1:], dtype=np.int64)
    for row, some in enumerate(bills[1:], start=1):
        less = some < least
        np.copyto(least, some, where=less)
        np.copyto(place, row, where=less)
    return place


def cheapest_each(group: Indices, usd: Floats, trust: Indices, least: int) -> Indices:
    """Return the row that is the answer of each group, in the order of the groups [groups].

    Args:
        group: Which group each row is of [rows].
        usd: Bills; every row can serve [rows] [USD/month].
        trust: Rank of each row's trust [rows].
        least: Rank of the trust that is sure enough [1].
    """
    order = np.lexsort((usd, -np.minimum(trust, least), group))
    first: Indices = order[np.unique(group[order], return_index=True)[1]]
    return first


def sure_enough(usd: Floats, trust: Indices, least: int) -> Flags:
    """Return which options may be the answer in each case [options, ...].

    Those that can serve and are sure enough; where none is, those of the best trust that there is.

    Args:
        usd: Bills, not finite where an option cannot serve [options, ...] [USD/month].
        trust: Rank of each option's trust [options].
        least: Rank of the trust that is sure enough [1].
    """
    rank = np.minimum(np.asarray(trust), least).reshape(-1, *(1,) * (np.ndim(usd) - 1))
    able = np.isfinite(usd)
    if able.all() and rank.size:
        return np.broadcast_to((rank >= 0) & (rank == rank.max()), np.shape(usd))
    counted = np.where(able, rank, -1)
    may: Flags = (counted >= 0) & (counted == counted.max(axis=0, initial=-1))
    return may


def answers_at(options: Sequence[Trusted], usd: Floats, least: int) -> Indices:
    """Return which of some options is the answer in each case; -1 where none can serve [...].

    Args:
        usd: Their bills [options, ...] [USD/month].
        least: Rank of the trust that is sure enough [1].
    """
    trust = np.array([option.trust.rank for option in options], dtype=np.int64)
    return cheapest(usd, trust, least, [option.id for option in options])


def of_two(
    options: Sequence[Trusted], usd: Sequence[float | None], least: int
) -> tuple[str | None, tuple[str, ...]]:
    """Return the answer among some options at one volume, and those that undercut it.

    None where there are no bills.

    Args:
        usd: Their bills [options] [USD/month].
        least: Rank of the trust that is sure enough [1].
    """
    bills = np.array([np.nan if bill is None else bill for bill in usd], dtype=float)
    place = int(answers_at(options, bills, least))
    if place < 0:
        return None, ()
    below = zip(options, bills < bills[place], strict=True)
    return options[place].id, tuple(option.id for option, less in below if less)


def undercut(usd: Floats, answer: Indices) -> Indices:
    """Return in how many cases each option is cheaper than the answer, not being it [options].

    Args:
        usd: Bills [options, cases] [USD/month].
        answer: Which option is the answer in each case [cases].
    """
    chosen = np.take_along_axis(usd, np.maximum(answer, 0)[None, :], axis=0)
    below: Indices = ((usd < chosen) & (answer >= 0)).sum(axis=1)
    return below


def rank_of(level: str) -> int:
    """Return the rank of a level of trust [1]."""
    return LEVELS.index(level)


def least_trust(inputs: Question) -> int:
    """Return the rank of the trust that is sure enough, as the user said or as usual [1]."""
    return rank_of(inputs.request.min_trust or USUAL)


def cheapest_of(rows: Iterable[SomePriced], least: int) -> SomePriced | None:
    """Return the row that is the answer; None where none can serve.

    Args:
        rows: Options with their bills.
        least: Rank of the trust that is sure enough [1].
    """
    able = [row for row in rows if row.monthly_usd is not None]
    if not able:
        return None
    usd = np.array([row.monthly_usd for row in able], dtype=float)
    rank = np.array([rank_of(row.trust) for row in able])
    place = int(cheapest(usd, rank, least, [row.id for row in able]))
    return able[place] if place >= 0 else None


def cheaper_but_unsure(rows: Iterable[SomePriced], best: Priced) -> list[SomePriced]:
    """Return the rows that cost less than the answer and are not sure enough, by their bill."""
    if best.monthly_usd is None:
        return []
    found = [r for r in rows if r.monthly_usd is not None and r.monthly_usd < best.monthly_usd]
    return sorted(found, key=lambda r: (r.monthly_usd or 0.0, r.id))


def shown_of(
    rows: Sequence[SomeListed],
    wanted: Collection[str],
    providers: Mapping[str, Provider],
    described: Collection[str],
    least: int,
) -> list[SomeListed]:
    """Return the rows that a short list shows, in their order.

    Of each model and tier the answer: the maker's own offer of a closed model, or who else sells
    it where the maker's does not serve; a host of an open one; a set-up. What the user described;
    and what is cheaper than the answer to all, though not sure enough.

    Args:
        rows: Options with their bills, those without one too.
        wanted: Models of the short list.
        providers: Who sells by the token.
        described: Ids of what the user described.
        least: Rank of the trust that is sure enough [1].
    """
    resellers = {name for name, seller in providers.items() if seller.kind != "first_party"}
    own = {r.model for r in rows if r.provider not in resellers and r.monthly_usd is not None}
    groups: dict[tuple[str, str], list[SomeListed]] = {}
    for row in rows:
        resold = row.tier == "api" and row.provider in resellers and row.model in own
        if row.model in wanted and not resold:
            groups.setdefault((row.model, row.tier), []).append(row)
    firsts = {(cheapest_of(group, least) or group[0]).id for group in groups.values()}
    firsts |= set(described)
    best = cheapest_of([row for row in rows if row.id in firsts], least)
    if best is not None:
        unsure = {row.id for row in cheaper_but_unsure(rows, best)}
        firsts |= {row.id for group in groups.values() for row in group if row.id in unsure}
    return [row for row in rows if row.id in firsts]


def best_of_classes(
    rows: Sequence[SomeClassed], kept: Collection[str], least: int
) -> list[SomeClassed]:
    """Return the rows that a first screen shows, in their order: of each tier and class the answer.

    A class that is not known counts where no other one is there. Rows that are cheaper than the
    answer to all, though not sure enough, stay.

    Args:
        rows: Rows of a short list, those without a bill too.
        kept: Ids of rows that stay whatever their class, as what the user described.
        least: Rank of the trust that is sure enough [1].
    """
    groups: dict[tuple[str, str], list[SomeClassed]] = {}
    for row in rows:
        groups.setdefault((row.tier, row.class_), []).append(row)
    known = {tier for tier, class_ in groups if class_ != "unknown"}
    counted = [
        g for (tier, class_), g in groups.items() if class_ != "unknown" or tier not in known
    ]
    firsts = {(cheapest_of(group, least) or group[0]).id for group in counted}
    best = cheapest_of(rows, least)
    if best is not None:
        firsts |= {best.id, *(row.id for row in cheaper_but_unsure(rows, best))}
    return [row for row in rows if row.id in firsts or row.id in kept]


def by_model(rows: Iterable[SomeListed], tier: str, least: int) -> dict[str, SomeListed]:
    """Return the answer of each model within a tier, by model.

    Args:
        rows: Options with their bills.
        tier: `api`, `hosted` or `self`.
        least: Rank of the trust that is sure enough [1].
    """
    groups: dict[str, list[SomeListed]] = {}
    for row in rows:
        if row.tier == tier and row.monthly_usd is not None:
            groups.setdefault(row.model, []).append(row)
    found = {model: cheapest_of(group, least) for model, group in groups.items()}
    return {model: row for model, row in found.items() if row is not None}


def pair_of(rows: Sequence[SomeListed], least: int) -> tuple[SomeListed, SomeListed] | None:
    """Return the two options that an answer is about when none are named: A, and own GPUs.

    Both are of one model: of those that have a host and a set-up, both sure enough where any are,
    the one that is cheapest to have, either way. Without such a model, the answers among all
    set-ups and all that is not one.

    Args:
        rows: Options with their bills.
        least: Rank of the trust that is sure enough [1].
    """
    own, hosts = by_model(rows, "self", least), by_model(rows, "hosted", least)
    both = own.keys() & hosts.keys()
    sure = {m for m in both if all(rank_of(ways[m].trust) >= least for ways in (own, hosts))}
    found = [row for some in (own, hosts) for row in some.values() if row.model in (sure or both)]
    first = cheapest_of(found, least)
    if first is not None:
        return hosts[first.model], own[first.model]
    alone = cheapest_of(own.values(), least)
    other = cheapest_of([row for row in rows if row.tier != "self"], least)
    return None if alone is None or other is None else (other, alone)


def most_sure(rows: Iterable[SomePriced], best: Priced, least: int, most: int) -> list[SomePriced]:
    """Return the rows to look at when not all can be, by their bill; the answer is one of them.

    The cheapest of those that are sure enough, and a few that are cheaper than the answer.

    Args:
        rows: Options with their bills.
        least: Rank of the trust that is sure enough [1].
    """
    able = [row for row in rows if row.monthly_usd is not None]
    enough = min(least, rank_of(best.trust))
    beside = [row.id for row in cheaper_but_unsure(able, best)[:BESIDE]]

    def order(row: SomePriced) -> tuple[bool, bool, float, str]:
        unsure = rank_of(row.trust) < enough
        return row.id not in (best.id, *beside), unsure, row.monthly_usd or 0.0, row.id

    kept = sorted(able, key=order)[:most]
    return sorted(kept, key=lambda row: (row.monthly_usd or 0.0, row.id))


def least_sure(options: Iterable[Trusted]) -> Trust:
    """Return the least trust among the prices that an answer rests on."""
    return min((option.trust for option in options), key=lambda trust: trust.rank)


def insist(inputs: Question, levels: Iterable[str], what: str = "") -> None:
    """Raise `InfeasibleError` where the user asked for a trust that no price has.

    Args:
        levels: Trust of the prices that there are.
        what: The name that they are prices of; empty for all that was asked for.
    """
    ranks = [rank_of(level) for level in levels]
    if inputs.request.min_trust is None or not ranks or max(ranks) >= least_trust(inputs):
        return
    nearest, wanted = LEVELS[max(ranks)], inputs.request.min_trust
    of = f"{what}: no price" if what else "no price of what was asked for"
    raise InfeasibleError(
        f"{of} has trust {wanted}{' or more' if wanted != 'high' else ''}; the nearest is "
        f"{nearest}: --min-trust {nearest}"
    )


def sure_words(least: int) -> str:
    """Return which trust is sure enough, in words.

    >>> sure_words(1)
    'trust medium or high'
    """
    if least == 0:
        return "any trust"
    return f"trust {' or '.join(LEVELS[least:])}"
