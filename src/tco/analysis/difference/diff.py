"""Two answers to one question held against each other: what changed, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tco.analysis.catalog_diff import Crossing, shifted
from tco.analysis.difference.answers import Answer, Bill, answer, inputs_of
from tco.analysis.difference.results import (
    CostChange,
    DiffResult,
    InputChange,
    LineChange,
    What,
    WinnerChange,
)
from tco.analysis.figures import SAME, Moved
from tco.analysis.results import BillLine
from tco.errors import DataError
from tco.show import show_share, show_tokens, show_usd

CENT = 0.005


def diff(
    before: Any,
    after: Any,
    names: tuple[str, str],
    *,
    crossings: Sequence[Crossing] | None = None,
    moved: Sequence[Moved] = (),
    warnings: Sequence[str] = (),
) -> DiffResult:
    """Return what changed from one result to another of the same kind.

    Args:
        before, after: The results.
        names: What they are called.
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
    winner = _winner(old, new)
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


def _changes(old: Answer, new: Answer) -> Iterator[CostChange]:
    """Return what each option costs before and after; an option may go by another id now."""
    was = _renamed(old, new)
    known = {*new.bills, *was.values()}
    gone = [bill for name, bill in old.bills.items() if name not in known]
    for name, bill in new.bills.items():
        yield _change(old.bills.get(was.get(name, name)), bill)
    yield from (_change(bill, None) for bill in gone)


def _renamed(old: Answer, new: Answer) -> dict[str, str]:
    """Return the ids before of what is alone of its tier and model, and called otherwise now."""
    before = _alone(b for name, b in old.bills.items() if name not in new.bills)
    after = _alone(b for name, b in new.bills.items() if name not in old.bills)
    return {bill.id: before[key].id for key, bill in after.items() if key in before}


def _alone(bills: Iterable[Bill]) -> dict[tuple[str | None, str], Bill]:
    groups: dict[tuple[str | None, str], list[Bill]] = {}
    for bill in bills:
        if bill.model is not None:
            groups.setdefault((bill.tier, bill.model), []).append(bill)
    return {key: several[0] for key, several in groups.items() if len(several) == 1}


def _change(old: Bill | None, new: Bill | None) -> CostChange:
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


def _what(old: Bill | None, new: Bill | None, change: float | None) -> What:
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


def _winner(old: Answer, new: Answer) -> WinnerChange | None:
    if old.best is None and new.best is None:
        return None
    before = old.bills[old.best].usd if old.best is not None else None
    after = new.bills[new.best].usd if new.best is not None else None
    change = after - before if before is not None and after is not None else None
    return WinnerChange(
        before=old.best,
        after=new.best,
        before_usd=before,
        after_usd=after,
        change_usd=change,
        change_share=change / before if before and change is not None else None,
        changed=old.best != new.best,
    )


def _crossings(old: Answer, new: Answer) -> tuple[Crossing, ...] | None:
    """Return the break-evens of pairs that both look at; None where there are none."""
    before, after = old.firsts or {}, new.firsts or {}
    pairs = sorted(before.keys() & after.keys())
    return tuple(_crossing(pair, before[pair], after[pair]) for pair in pairs) or None


def _unpaired(old: Answer, new: Answer) -> Iterator[str]:
    """Return the pairs that only one of the answers looks at."""
    before, after = old.firsts or {}, new.firsts or {}
    for pair in sorted(before.keys() ^ after.keys()):
        side = "before" if pair in before else "after"
        yield f"the break-even of {pair[1]} against {pair[0]} was only asked {side}"


def _crossing(pair: tuple[str, str], before: float | None, after: float | None) -> Crossing:
    return Crossing(
        model=pair[1], against=pair[0], before=before, after=after, changed=shifted(before, after)
    )


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
    crossings: Sequence[Crossing] | None,
) -> str:
    """Return what matters most, in up to three sentences."""
    moved = sum(c.what != "same" for c in changes)
    said = [] if winner is None else [_of_winner(winner)]
    if changes:
        said.append(f"{moved} of {len(changes)} costs changed.")
    if crossings is not None:
        other = [c for c in crossings if c.changed]
        first = f", {_of_crossing(other[0])}" if len(other) == 1 else ""
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


def _of_crossing(crossing: Crossing) -> str:
    ends = (
        "never" if volume is None else show_tokens(volume)
        for volume in (crossing.before, crossing.after)
    )
    return f"{crossing.model} against {crossing.against}: {' to '.join(ends)}"
