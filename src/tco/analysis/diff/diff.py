"""Two answers to one question held against each other: what changed, why, how much it may."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from tco.analysis.breakeven import breakeven_table
from tco.analysis.compare import compare
from tco.analysis.diff.catalogs import SAME, crossing_change, crossings_of, moved, winner_change
from tco.analysis.diff.results import (
    CostChange,
    CrossingChange,
    DiffResult,
    Failure,
    FigureChange,
    InputChange,
    LineChange,
    What,
    WinnerChange,
)
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
from tco.errors import DataError, UsageError
from tco.options.cheapest import cheapest_of
from tco.options.question import prepare
from tco.options.scenario import Scenario
from tco.units import show_share, show_tokens, show_usd

if TYPE_CHECKING:
    from tco.catalog.load import Catalog


# What answers of different kinds have in common: bills, the cheapest of them, break-evens.


class ComparedBill(NamedTuple):
    """What something costs a month; None when it is not possible."""

    id: str
    usd: float | None
    tier: str | None = None
    model: str | None = None
    lines: tuple[BillLine, ...] = ()
    reasons: tuple[str, ...] = ()


class ComparedAnswer(NamedTuple):
    """What a result says that can be compared.

    Args:
        bills: By id.
        best: The id of the cheapest; None where that is not the question.
        shown: Ids on its short list; empty when all count alike.
        firsts: Smallest volumes from which the second of a pair is cheaper, by the pair; None for
            never. None where the result has no break-evens.
    """

    bills: Mapping[str, ComparedBill]
    best: str | None
    firsts: Mapping[tuple[str, str], float | None] | None
    shown: frozenset[str] = frozenset()


KINDS = "tco compare, breakeven, plan and explain"


def answer(result: Any) -> ComparedAnswer:
    """Return what a result says.

    Raises:
        DataError: It is of a kind that says nothing of the sort.
    """
    for kind, read in _READ.items():
        if isinstance(result, kind):
            return read(result)
    raise DataError(f"a diff is of results of {KINDS}, not of {result.schema}")


def _compared(result: CompareResult) -> ComparedAnswer:
    listed = [o for o in result.options if not result.shown or o.id in result.shown]
    first = cheapest_of(listed, 0)  # of a result saved before answers said which is best
    best = result.best or (first.id if first is not None else None)
    bills = {o.id: _option(o) for o in result.options}
    return ComparedAnswer(bills, best, None, frozenset(result.shown))


def _option(option: OptionResult) -> ComparedBill:
    usd = option.monthly_usd if option.feasible else None
    return ComparedBill(option.id, usd, option.tier, option.model, option.lines, option.reasons)


def _explained(result: ExplainResult) -> ComparedAnswer:
    return ComparedAnswer({result.option.id: _option(result.option)}, result.option.id, None)


def _planned(result: PlanResult) -> ComparedAnswer:
    bills: dict[str, ComparedBill] = {
        s.strategy: ComparedBill(
            s.strategy, s.monthly_usd, lines=s.lines, reasons=(s.why_not,) if s.why_not else ()
        )
        for s in result.strategies
    }
    return ComparedAnswer(bills, _cheapest(bills), None)


def _assigned(result: PortfolioResult) -> ComparedAnswer:
    bills = {task.name: ComparedBill(task.name, task.monthly_usd) for task in result.tasks}
    whole = "all tasks and engineers"
    return ComparedAnswer({whole: ComparedBill(whole, result.monthly_usd), **bills}, whole, None)


def _pair(result: BreakevenResult) -> ComparedAnswer:
    known = ((result.a, result.a_usd), (result.b, result.b_usd))
    bills = {
        name: ComparedBill(name, usd, model=_stem(name)) for name, usd in known if usd is not None
    }
    return ComparedAnswer(
        bills, _cheapest(bills), {(_stem(result.a), _stem(result.b)): result.first}
    )


def _stem(option: str) -> str:
    """Return an option's id without its set-up: of a model's many, another may be the best now."""
    return option.partition("@")[0]


def _table(result: BreakevenTable) -> ComparedAnswer:
    pairs = {(_rival(row), row.model): row.first for row in result.rows}
    return ComparedAnswer({}, None, pairs)


def _rival(row: BreakevenRow) -> str:
    """Return what a model is held against; its cheapest host may be another company every day."""
    return "its cheapest host" if row.same_weights else row.a


def _cheapest(bills: Mapping[str, ComparedBill]) -> str | None:
    possible = [bill for bill in bills.values() if bill.usd is not None]
    return min(possible, key=lambda bill: (bill.usd, bill.id)).id if possible else None


_READ: Mapping[Any, Callable[[Any], ComparedAnswer]] = {
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


CENT = 0.005


def diff(
    before: Any,
    after: Any,
    names: tuple[str, str],
    *,
    crossings: Sequence[CrossingChange] | None = None,
    moved: Sequence[FigureChange] = (),
    warnings: Sequence[str] = (),
) -> DiffResult:
    """Return what changed from one result to another of the same kind.

    Args:
        crossings: Break-evens that were worked out beside them.
        moved: Figures of the catalogs that differ, where those are compared.
        warnings: What a reader should be wary of.

    Raises:
        DataError: They are of different kinds, or of one that has no bills and no break-evens.
    """
    if before.schema != after.schema:
        kinds = f"{names[0]} is {before.schema} and {names[1]} is {after.schema}"
        raise DataError(f"two results of one kind are compared; {kinds}")
    old, new = answer(before), answer(after)
    changes = list(_changes(old, new))
    kept = [c for c in changes if c.what != "same" or c.id == new.best or c.id == old.best]
    found = _crossings(old, new) if crossings is None else tuple(crossings)
    load = getattr(after, "workload", None)
    winner = _winner(old, new, load.tokens_per_month if load is not None else None)
    return DiffResult(
        a=names[0],
        b=names[1],
        kind=before.schema,
        catalog_before=_edition(before),
        catalog_after=_edition(after),
        as_of_before=before.catalog.as_of,
        as_of_after=after.catalog.as_of,
        winner=winner,
        rows=tuple(sorted(kept, key=lambda c: (c.id not in (new.best, old.best), *_size(c)))),
        shown=tuple(c.id for c in kept if {c.id, c.was} & (old.shown | new.shown)),
        unchanged=sum(c.what == "same" for c in changes),
        crossings=found,
        inputs=tuple(_inputs(inputs_of(before), inputs_of(after))),
        moved=tuple(moved),
        failures=(),
        passed=True,
        verdict=_verdict(winner, changes, found),
        warnings=(*warnings, *_unpaired(old, new)),
    )


def _edition(result: Any) -> str:
    return f"{result.catalog.version} ({result.catalog.sha256[:7]})"


def _size(change: CostChange) -> tuple[bool, float, str]:
    """Return the key of the order: the largest change first, what has no figure last."""
    usd = change.change_usd
    return usd is None, -abs(usd or 0.0), change.id


def _changes(old: ComparedAnswer, new: ComparedAnswer) -> Iterator[CostChange]:
    """Return what each option costs before and after; an option may go by another id now."""
    was = _renamed(old, new)
    known = {*new.bills, *was.values()}
    gone = [bill for name, bill in old.bills.items() if name not in known]
    for name, bill in new.bills.items():
        yield _change(old.bills.get(was.get(name, name)), bill)
    yield from (_change(bill, None) for bill in gone)


def _renamed(old: ComparedAnswer, new: ComparedAnswer) -> dict[str, str]:
    """Return the ids before of what is alone of its tier and model, and called otherwise now."""
    before = _alone(b for name, b in old.bills.items() if name not in new.bills)
    after = _alone(b for name, b in new.bills.items() if name not in old.bills)
    return {bill.id: before[key].id for key, bill in after.items() if key in before}


def _alone(bills: Iterable[ComparedBill]) -> dict[tuple[str | None, str], ComparedBill]:
    groups: dict[tuple[str | None, str], list[ComparedBill]] = {}
    for bill in bills:
        if bill.model is not None:
            groups.setdefault((bill.tier, bill.model), []).append(bill)
    return {key: several[0] for key, several in groups.items() if len(several) == 1}


def _change(old: ComparedBill | None, new: ComparedBill | None) -> CostChange:
    """Return the change of one option, of which one side may be missing."""
    bill = new or old
    assert bill is not None
    before, after = (side.usd if side is not None else None for side in (old, new))
    change = after - before if before is not None and after is not None else None
    return CostChange(
        id=bill.id,
        was=old.id if old is not None and old.id != bill.id else None,
        tier=bill.tier,
        what=_what(old, new, change),
        before_usd=before,
        after_usd=after,
        change_usd=change,
        change_share=change / before if before and change is not None else None,
        lines=tuple(_lines(old.lines, new.lines)) if old and new else (),
        reasons=new.reasons if new is not None and after is None else (),
    )


def _what(old: ComparedBill | None, new: ComparedBill | None, change: float | None) -> What:
    if old is None or new is None:
        return "added" if old is None else "removed"
    if change is not None:
        return "same" if abs(change) <= CENT else "dearer" if change > 0 else "cheaper"
    if old.usd is None and new.usd is None:
        return "same"
    return "possible" if old.usd is None else "lost"


def _lines(before: Sequence[BillLine], after: Sequence[BillLine]) -> Iterator[LineChange]:
    """Return the items that cost another amount, the largest change first."""
    old, new = ({line.item: line for line in lines} for lines in (before, after))
    found = [_line(old.get(item), new.get(item)) for item in {**new, **old}]
    real = [line for line in found if abs(line.after_usd - line.before_usd) > CENT]
    yield from sorted(real, key=lambda line: -abs(line.after_usd - line.before_usd))


def _line(old: BillLine | None, new: BillLine | None) -> LineChange:
    line = new or old
    assert line is not None
    before, after = (side.amount_usd if side is not None else 0.0 for side in (old, new))
    return LineChange(
        item=line.item,
        before_usd=before,
        after_usd=after,
        before_rate_usd=old.rate_usd if old is not None else None,
        after_rate_usd=new.rate_usd if new is not None else None,
        unit=line.unit,
        source=line.source,
        date=line.date,
        text=_in_words(old, new, after - before),
    )


def _in_words(old: BillLine | None, new: BillLine | None, change: float) -> str:
    """Return an item's change with what moved: the rate, the quantity or both."""
    line = new or old
    assert line is not None
    amount = signed(change)
    if old is None or new is None:
        return f"{line.item} {amount}, {'new' if old is None else 'gone'}"
    parts = []
    if not _near(old.rate_usd, new.rate_usd):
        rates = f"{show_usd(old.rate_usd)} to {show_usd(new.rate_usd)}"
        parts.append(f"{rates} per {line.unit} ({line.source})")
    if not _near(old.quantity, new.quantity):
        parts.append(f"{old.quantity:,.4g} to {new.quantity:,.4g} {line.unit}")
    return f"{line.item} {amount}: {'; '.join(parts)}"


def _near(one: float, other: float) -> bool:
    return abs(one - other) <= SAME * max(abs(one), abs(other))


def signed(usd: float) -> str:
    """Return a change of money with its sign.

    >>> signed(1200.0), signed(-3.5)
    ('+$1,200', '-$3.50')
    """
    return f"+{show_usd(usd)}" if usd > 0 else show_usd(usd)


def _winner(old: ComparedAnswer, new: ComparedAnswer, volume: float | None) -> WinnerChange | None:
    if old.best is None and new.best is None:
        return None
    sides = ((a.best, a.bills[a.best].usd) if a.best is not None else None for a in (old, new))
    return winner_change(*sides, tier="any", volume=volume)


def _crossings(old: ComparedAnswer, new: ComparedAnswer) -> tuple[CrossingChange, ...] | None:
    """Return the break-evens of pairs that both look at; None where there are none."""
    before, after = old.firsts or {}, new.firsts or {}
    pairs = sorted(before.keys() & after.keys())
    return tuple(crossing_change(pair, before[pair], after[pair]) for pair in pairs) or None


def _unpaired(old: ComparedAnswer, new: ComparedAnswer) -> Iterator[str]:
    """Return the pairs that only one of the answers looks at."""
    before, after = old.firsts or {}, new.firsts or {}
    for pair in sorted(before.keys() ^ after.keys()):
        side = "before" if pair in before else "after"
        yield f"the break-even of {pair[1]} against {pair[0]} was only asked {side}"


Inputs = Mapping[str, tuple[float | str, str, str]]


def _inputs(before: Inputs, after: Inputs) -> Iterator[InputChange]:
    for path in {**before, **after}:
        old, new = before.get(path), after.get(path)
        value, was = (side[0] if side is not None else None for side in (new, old))
        if not _alike(was, value):
            _, unit, source = new or old or ("", "", "")
            yield InputChange(path=path, unit=unit, before=was, after=value, source=source)


def _alike(one: float | str | None, other: float | str | None) -> bool:
    if isinstance(one, float | int) and isinstance(other, float | int):
        return _near(one, other)
    return one == other


def _verdict(
    winner: WinnerChange | None,
    changes: Sequence[CostChange],
    crossings: Sequence[CrossingChange] | None,
) -> str:
    """Return what matters most, in up to three sentences."""
    moved = sum(c.what != "same" for c in changes)
    said = [] if winner is None else [_of_winner(winner)]
    if changes:
        said.append(f"{moved} of {len(changes)} costs changed.")
    if crossings is not None:
        other = [c for c in crossings if c.changed]
        first = f", {crossing_words(other[0])}" if len(other) == 1 else ""
        said.append(f"{len(other)} of {len(crossings)} break-evens moved{first}.")
    return " ".join(said)


def _of_winner(winner: WinnerChange) -> str:
    if winner.after is None or winner.before is None:
        side = "before" if winner.before is None else "any more"
        return f"Nothing could serve it {side}: {winner.before or winner.after}."
    usd = show_usd(winner.after_usd or 0.0)
    change, share = winner.change_usd or 0.0, winner.change_share
    by = f", {signed(change)}" if abs(change) > CENT else ", as before"
    if abs(change) > CENT and share is not None:
        by += f" ({'+' if share > 0 else ''}{show_share(share)})"
    if winner.changed:
        return (
            f"The cheapest is now {winner.after} at {usd} a month{by}; it was {winner.before} "
            f"at {show_usd(winner.before_usd or 0.0)}."
        )
    return f"The cheapest stays {winner.after} at {usd} a month{by}."


def crossing_words(crossing: CrossingChange, joint: str = "to", start: str = "") -> str:
    """Return a break-even before and after in words."""
    ends = (
        "never" if volume is None else f"{start}{show_tokens(volume)}"
        for volume in (crossing.before, crossing.after)
    )
    return f"{crossing.model} against {crossing.against}: {f' {joint} '.join(ends)}"


# One question asked of two catalogs: what its answer becomes, and which figures moved.


def across(
    a: Catalog, b: Catalog, names: tuple[str, str], request: Scenario, today: date
) -> DiffResult:
    """Return what a question's comparison and break-evens are on one catalog and on another.

    Args:
        request: The question; without a volume only break-evens are asked.
        today: The day whose prices hold, unless the request says another.

    Raises:
        TcoError: The question has no answer on one of them.
    """
    on = request.as_of or today
    old, new = prepare(a, request, on), prepare(b, request, on)
    figures = tuple(moved(a, b, on))
    if not new.volume_given:
        before, after = (breakeven_table(inputs, None) for inputs in (old, new))
        return diff(before, after, names, moved=figures, warnings=after.warnings)
    compared = compare(old), compare(new)
    failed: list[str] = []
    asked = replace(request, tokens=None, requests=None, users=None)
    found = tuple(crossings_of(a, b, asked, on, failed))
    said = (*compared[1].warnings, *failed)
    return diff(*compared, names, crossings=found or None, moved=figures, warnings=said)


Limit = tuple[str, float | None, float | None]
"""By how much the cheapest may get dearer: as it was said, over the cost before [1], or a month
[USD]."""


def gated(diff: DiffResult, limits: Sequence[Limit], conditions: Sequence[str]) -> DiffResult:
    """Return a diff with everything that is not kept.

    Raises:
        UsageError: A limit or a condition is about something that the answers do not have: what
            cannot be told must not pass.
    """
    failures = [*_over(diff, limits), *(f for name in conditions for f in _failures(diff, name))]
    return replace(diff, failures=tuple(failures), passed=not failures)


def _over(diff: DiffResult, limits: Sequence[Limit]) -> Iterator[Failure]:
    winner = diff.winner
    for typed, share, usd in limits:
        rule = f"--fail-over {typed}"
        if winner is None:
            raise UsageError(f"{rule}: results of {diff.kind} have no cost here; give a volume")
        before, after = winner.before_usd, winner.after_usd
        if after is None and before is not None:
            yield Failure(rule=rule, message=f"nothing serves it any more; it was {winner.before}")
        if before is None or after is None:
            continue
        # No share of nothing is a rise that could be allowed.
        allowed = usd if usd is not None else before * (share or 0.0)
        if after - before > allowed + CENT:
            rise = f" (+{show_share((after - before) / before)})" if before else ""
            by = f"{signed(after - before)}{rise}"
            text = f"the cheapest went from {show_usd(before)} to {show_usd(after)} a month, {by}"
            yield Failure(rule=rule, message=text)


def _failures(diff: DiffResult, name: str) -> Iterator[Failure]:
    rule = f"--fail-if {name}"
    yield from (Failure(rule=rule, message=text) for text in CONDITIONS[name](diff, rule))


def _winner_changes(diff: DiffResult, rule: str) -> Iterator[str]:
    if diff.winner is None:
        raise UsageError(f"{rule}: results of {diff.kind} have no cheapest here; give a volume")
    if diff.winner.changed:
        was = diff.winner.before or "nothing"
        yield f"the cheapest was {was} and is {diff.winner.after or 'nothing'}"


def _breakeven_moves(diff: DiffResult, rule: str) -> Iterator[str]:
    if diff.crossings is None:
        raise UsageError(
            f"{rule}: results of {diff.kind} have no break-even; give results of tco breakeven, "
            "or --catalog"
        )
    for c in diff.crossings:
        if c.changed:
            yield f"break-even of {crossing_words(c)}"


def _cost_rises(diff: DiffResult, rule: str) -> Iterator[str]:
    if diff.winner is None:
        raise UsageError(f"{rule}: results of {diff.kind} have no cost here; give a volume")
    for row in diff.rows:
        if row.what == "dearer" and row.change_usd is not None:
            usd = show_usd(row.after_usd or 0.0)
            yield f"{row.id} costs {usd} a month, {signed(row.change_usd)}"


def _option_lost(diff: DiffResult, rule: str) -> Iterator[str]:
    for row in diff.rows:
        if row.what in ("lost", "removed"):
            why = f": {'; '.join(row.reasons)}" if row.reasons else ""
            yield f"{row.id} is {'no longer possible' if row.what == 'lost' else 'gone'}{why}"


def _inputs_change(diff: DiffResult, rule: str) -> Iterator[str]:
    for change in diff.inputs:
        yield f"{change.path} was {change.before} and is {change.after}"


CONDITIONS: Mapping[str, Callable[[DiffResult, str], Iterator[str]]] = {
    "winner-changes": _winner_changes,
    "breakeven-moves": _breakeven_moves,
    "cost-rises": _cost_rises,
    "option-lost": _option_lost,
    "inputs-change": _inputs_change,
}
"""What `--fail-if` takes, and what it finds."""
