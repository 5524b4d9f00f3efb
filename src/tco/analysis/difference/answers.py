"""What answers of different kinds have in common: bills, the cheapest of them, break-evens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, NamedTuple

from tco.analysis.cheapest import cheapest_of
from tco.analysis.plan.results import PlanResult
from tco.analysis.portfolio.results import PortfolioResult
from tco.analysis.results import (
    BillLine,
    BreakevenResult,
    BreakevenRow,
    BreakevenTable,
    CompareResult,
    ExplainResult,
    OptionResult,
)
from tco.errors import DataError


class Bill(NamedTuple):
    """What something costs a month; None when it is not possible."""

    id: str
    usd: float | None
    tier: str | None = None
    model: str | None = None
    lines: tuple[BillLine, ...] = ()
    reasons: tuple[str, ...] = ()


class Answer(NamedTuple):
    """What a result says that can be compared.

    Args:
        bills: By id.
        best: The id of the cheapest; None where that is not the question.
        shown: Ids on its short list; empty when all count alike.
        firsts: Smallest volumes from which the second of a pair is cheaper, by the pair; None for
            never. None where the result has no break-evens.
    """

    bills: Mapping[str, Bill]
    best: str | None
    firsts: Mapping[tuple[str, str], float | None] | None
    shown: frozenset[str] = frozenset()


KINDS = "tco compare, breakeven, plan and explain"


def answer(result: Any) -> Answer:
    """Return what a result says.

    Raises:
        DataError: It is of a kind that says nothing of the sort.
    """
    for kind, read in _READ.items():
        if isinstance(result, kind):
            return read(result)
    raise DataError(f"a diff is of results of {KINDS}, not of {result.schema}")


def _compared(result: CompareResult) -> Answer:
    listed = [o for o in result.options if not result.shown or o.id in result.shown]
    first = cheapest_of(listed, 0)  # of a result saved before answers said which is best
    best = result.best or (first.id if first is not None else None)
    bills = {o.id: _option(o) for o in result.options}
    return Answer(bills, best, None, frozenset(result.shown))


def _option(option: OptionResult) -> Bill:
    usd = option.monthly_usd if option.feasible else None
    return Bill(option.id, usd, option.tier, option.model, option.lines, option.reasons)


def _explained(result: ExplainResult) -> Answer:
    return Answer({result.option.id: _option(result.option)}, result.option.id, None)


def _planned(result: PlanResult) -> Answer:
    bills: dict[str, Bill] = {
        s.strategy: Bill(
            s.strategy, s.monthly_usd, lines=s.lines, reasons=(s.why_not,) if s.why_not else ()
        )
        for s in result.strategies
    }
    return Answer(bills, _cheapest(bills), None)


def _assigned(result: PortfolioResult) -> Answer:
    bills = {task.name: Bill(task.name, task.monthly_usd) for task in result.tasks}
    whole = "all tasks and engineers"
    return Answer({whole: Bill(whole, result.monthly_usd), **bills}, whole, None)


def _pair(result: BreakevenResult) -> Answer:
    known = ((result.a, result.a_usd), (result.b, result.b_usd))
    bills = {name: Bill(name, usd, model=_stem(name)) for name, usd in known if usd is not None}
    return Answer(bills, _cheapest(bills), {(_stem(result.a), _stem(result.b)): result.first})


def _stem(option: str) -> str:
    """Return an option's id without its set-up: of a model's many, another may be the best now."""
    return option.partition("@")[0]


def _table(result: BreakevenTable) -> Answer:
    pairs = {(_rival(row), row.model): row.first for row in result.rows}
    return Answer({}, None, pairs)


def _rival(row: BreakevenRow) -> str:
    """Return what a model is held against; its cheapest host may be another company every day."""
    return "its cheapest host" if row.same_weights else row.a


def _cheapest(bills: Mapping[str, Bill]) -> str | None:
    possible = [bill for bill in bills.values() if bill.usd is not None]
    return min(possible, key=lambda bill: (bill.usd, bill.id)).id if possible else None


_READ: Mapping[Any, Callable[[Any], Answer]] = {
    CompareResult: _compared,
    ExplainResult: _explained,
    PlanResult: _planned,
    PortfolioResult: _assigned,
    BreakevenResult: _pair,
    BreakevenTable: _table,
}


def inputs_of(result: Any) -> dict[str, tuple[float | str, str, str]]:
    """Return what was asked and assumed: value, unit and source by its path."""
    load = getattr(result, "workload", None)
    found: dict[str, tuple[float | str, str, str]] = {}
    if load is not None:
        found = {
            f"workload.{f.name}": (getattr(load, f.name), "", "the question") for f in fields(load)
        }
    for row in result.assumptions:
        found[row.path] = (row.value, row.unit, row.source)
    return found
