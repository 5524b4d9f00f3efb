"""The screen of `tco diff`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tco.analysis.difference.results import CostChange, DiffResult, InputChange
from tco.analysis.figures import Moved
from tco.render import words
from tco.render.screens import Screen
from tco.render.table import Block, Column, Paragraph, Row, Sheet, Table, View, number
from tco.show import NOTHING, show_tokens

COMPACT = ("id", "what", "before_usd", "after_usd", "change_usd")
TOP, MOST_LINES, MOST_MOVED, MOST_INPUTS = 12, 3, 8, 12


def everything(result: DiffResult) -> Sheet:
    """Return every cost that changed."""
    return Sheet(
        rows=result.rows,
        columns=(
            Column(key="id", head="option", get=lambda r: r.id, wraps=True),
            Column(key="was", head="was", get=lambda r: r.was, wraps=True),
            Column(key="tier", head="tier", get=lambda r: r.tier),
            Column(key="what", head="what", get=lambda r: r.what),
            number("before_usd", "before $", lambda r: r.before_usd, words.whole_usd),
            number("after_usd", "after $", lambda r: r.after_usd, words.whole_usd),
            number("change_usd", "change $", lambda r: r.change_usd, _signed),
            number("change_share", "by", lambda r: r.change_share, lambda share: f"{share:+.1%}"),
            Column(key="because", head="because", get=_because),
        ),
        usual=("id", "what", "before_usd", "after_usd", "change_usd", "change_share"),
        keys={"change": "change_usd", "cost": "after_usd"},
    )


def _signed(usd: float) -> str:
    return f"+{words.whole_usd(usd)}" if usd > 0 else words.whole_usd(usd)


def _because(row: CostChange) -> str | None:
    """Return what explains a change: items of the bill, or why it is not possible."""
    lines = [line.text for line in row.lines[:MOST_LINES]]
    more = len(row.lines) - len(lines)
    was = [f"was {row.was}"] if row.was else []
    parts = [
        *was,
        *lines,
        *([f"{more} more item{'s' * (more > 1)}"] if more > 0 else []),
        *row.reasons,
    ]
    return "; ".join(parts) or None


def sheet(result: DiffResult, view: View) -> Sheet:
    """Return what changed on the short list, and the cheapest; with `--top` whatever changed."""
    whole = everything(result)
    if not result.shown or view.top is not None:
        return whole
    wanted = set(result.shown)
    return whole._replace(rows=tuple(row for row in result.rows if row.id in wanted))


def blocks(result: DiffResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the verdict, what fails, costs, break-evens, and what explains them."""
    yield Paragraph(text=f"From {result.a} to {result.b}", tone="bold")
    yield Paragraph(text=_editions(result), tone="dim")
    yield Paragraph(text=result.verdict)
    yield from _failures(result)
    columns = sheet.pick(view.fields or sheet.usual)
    rows = sheet.rows[: view.top or TOP]
    if rows:
        noted = view.fields is None
        made = (
            Row(cells=tuple(c.text(r) for c in columns), note=(_because(r) or "") * noted)
            for r in rows
        )
        yield Table(columns=columns, rows=tuple(made), title="Cost a month")
    if len(result.rows) > len(rows):
        text = f"{len(result.rows) - len(rows)} more changed: --top {len(result.rows)}"
        yield Paragraph(text=text, tone="dim")
    yield from _crossings(result)
    yield from _listed("Asked or assumed differently", result.inputs, MOST_INPUTS, _input)
    yield from _listed("Figures of the catalog that moved", result.moved, MOST_MOVED, _moved)


def _editions(result: DiffResult) -> str:
    ends = (
        f"catalog {version}, prices of {day}"
        for version, day in (
            (result.catalog_before, result.as_of_before),
            (result.catalog_after, result.as_of_after),
        )
    )
    return " to ".join(dict.fromkeys(ends))


def _failures(result: DiffResult) -> Iterator[Block]:
    for failure in result.failures:
        text = f"Fails {failure.rule}: {failure.message}"
        yield Paragraph(text=text, tone="red", hanging=2, bullet=True)


def _crossings(result: DiffResult) -> Iterator[Block]:
    if result.crossings is None:
        text = "Break-evens: not in these results; tco breakeven has them, and --catalog asks them"
        yield Paragraph(text=text, tone="dim")
        return
    changed = [c for c in result.crossings if c.changed]
    if changed:
        yield Paragraph(text="Break-evens that moved [tokens/month]", tone="bold")
    for c in changed:
        ends = ("never" if v is None else show_tokens(v) for v in (c.before, c.after))
        text = f"{c.model} against {c.against}: {' to '.join(ends)}"
        yield Paragraph(text=text, hanging=2, bullet=True)


def _listed(
    title: str, rows: Sequence[Any], most: int, told: Callable[[Any], str]
) -> Iterator[Block]:
    if not rows:
        return
    yield Paragraph(text=title, tone="bold")
    for row in rows[:most]:
        yield Paragraph(text=told(row), hanging=2, bullet=True)
    if len(rows) > most:
        text = f"{len(rows) - most} more, in --format json"
        yield Paragraph(text=text, hanging=2, bullet=True)


def _input(change: InputChange) -> str:
    ends = (
        NOTHING if value is None else words.in_unit(value, change.unit)
        for value in (change.before, change.after)
    )
    return f"{change.path}: {' to '.join(ends)} ({change.source})"


def _moved(moved: Moved) -> str:
    if not moved.field:
        return f"{moved.record} {moved.kind}: {moved.after or moved.before}"
    ends = (
        NOTHING if v is None else v if isinstance(v, str) else words.price(v)
        for v in (moved.before, moved.after)
    )
    return f"{moved.record} {moved.field}: {' to '.join(ends)}"


SCREEN = Screen(rows=("rows",), everything=everything, sheet=sheet, blocks=blocks, compact=COMPACT)
