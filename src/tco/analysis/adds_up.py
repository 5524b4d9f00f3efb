"""Whether the figures of a result add up: what is derived must follow from what it is derived of.

Ours always do. A result that was edited by hand, or mixed from two, need not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Any

from tco.analysis.portfolio.results import PortfolioResult
from tco.analysis.results import BillLine, OptionResult
from tco.units import show_usd

CENT = 0.005
MTOK = 1e6
SAME = 1e-6
RELATIVE = 1e-9  # of doubles that were added in another order


def complaints(result: Any) -> Iterator[str]:
    """Return every sum of a result that is not what its parts come to, one line each."""
    load = getattr(result, "workload", None)
    for bill in bills(result):
        yield from _bill(bill)
        if load is not None:
            yield from _per_mtok(bill, load.tokens_per_month / MTOK)
    if isinstance(result, PortfolioResult):
        yield from _portfolio(result)
    for answer in getattr(result, "volumes", ()):
        yield from complaints(answer)


def bills(result: Any) -> tuple[Any, ...]:
    """Return the records of a result that have lines and their sum."""
    found = (
        getattr(result, "options", None)
        or getattr(result, "strategies", None)
        or [getattr(result, "option", None)]
    )
    return tuple(bill for bill in found if hasattr(bill, "lines"))


def name_of(bill: Any) -> str:
    """Return what a bill is of: the id of an option, or a strategy of a plan."""
    return str(bill.id if isinstance(bill, OptionResult) else bill.strategy)


def _bill(bill: Any) -> Iterator[str]:
    """Return what is wrong with the lines of a bill, and with what they sum to."""
    name = name_of(bill)
    lines: tuple[BillLine, ...] = bill.lines
    for line in lines:
        amount = line.quantity * line.rate_usd
        if not _same(amount, line.amount_usd):
            yield (
                f"{name}: {line.item}: {line.quantity:,.10g} {line.unit} at {line.rate_usd:,.10g} "
                f"is {_usd(amount)}, not amount_usd {_usd(line.amount_usd)}"
            )
    total = bill.monthly_usd
    if total is None:
        return
    if not lines and not _same(total, 0.0):
        yield f"{name}: monthly_usd is {_usd(total)}, and there are no lines that come to it"
        return
    yield from _sum(f"{name}: lines", (line.amount_usd for line in lines), "monthly_usd", total)
    parts = getattr(bill, "breakdown", None)
    if parts is not None:
        figures = (getattr(parts, field.name) for field in fields(parts))
        yield from _sum(f"{name}: breakdown", figures, "monthly_usd", total)


def _per_mtok(bill: Any, mtok: float) -> Iterator[str]:
    """Return what is wrong with the price of a million tokens."""
    told, total = bill.usd_per_mtok, bill.monthly_usd
    if told is None or total is None:
        return
    if not mtok:
        yield f"{name_of(bill)}: usd_per_mtok {_usd(told)} of a month without tokens"
    elif abs(told * mtok - total) > SAME * abs(total):
        yield (
            f"{name_of(bill)}: {_usd(total)} for {mtok:,.10g} Mtok is {_usd(total / mtok)} each, "
            f"not usd_per_mtok {_usd(told)}"
        )


def _portfolio(plan: PortfolioResult) -> Iterator[str]:
    for task in plan.tasks:
        steps = (step.monthly_usd for step in task.steps)
        figures = (*steps, task.judge_usd, task.router_usd)
        yield from _sum(f"task {task.name}: steps", figures, "monthly_usd", task.monthly_usd)
    figures = (
        plan.tokens_usd,
        plan.fleets_usd,
        plan.own_people_usd,
        plan.api_people_usd,
        plan.router_usd,
        plan.judge_usd,
    )
    yield from _sum("plan: its parts", figures, "monthly_usd", plan.monthly_usd)


def _sum(what: str, parts: Iterable[float], name: str, total: float) -> Iterator[str]:
    found = sum(parts)
    if not _same(found, total):
        yield f"{what} sum to {_usd(found)}, not to {name} {_usd(total)}"


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= max(CENT, RELATIVE * max(abs(one), abs(other)))


def _usd(value: float) -> str:
    """Return an amount to the cent, for that is what may differ."""
    return f"${value:,.2f}" if abs(value) < 1e15 else show_usd(value)
