"""The screens of `tco diff` and `tco catalog diff`: what changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tco.analysis.diff.diff import crossing_words
from tco.analysis.diff.results import (
    CatalogDiff,
    CostChange,
    DiffResult,
    FigureChange,
    InputChange,
    WinnerChange,
)
from tco.render import words
from tco.render.output import Screen
from tco.render.words import Block, Paragraph, Sheet, View, column, number
from tco.units import NOTHING, in_unit, show_number, show_tokens, show_usd

# The screen of `tco diff`.

COMPACT = ("id", "what", "before_usd", "after_usd", "change_usd")
TOP, MOST_LINES, MOST_MOVED, MOST_INPUTS = 12, 3, 8, 12


def _diff_everything(result: DiffResult) -> Sheet:
    """Return every cost that changed."""
    return Sheet(
        rows=result.rows,
        columns=(
            column("id", "option", wraps=True),
            column("was", "was", wraps=True),
            *words.plain("tier", "what"),
            number("before_usd", "before $", words.whole_usd),
            number("after_usd", "after $", words.whole_usd),
            number("change_usd", "change $", _signed),
            number("change_share", "by", lambda share: f"{share:+.1%}"),
            column("because", "because", get=_because),
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


def _diff_sheet(result: DiffResult, view: View) -> Sheet:
    """Return what changed on the short list, and the cheapest; with `--top` whatever changed."""
    whole = _diff_everything(result)
    if not result.shown or view.top is not None:
        return whole
    wanted = set(result.shown)
    return whole._replace(rows=tuple(row for row in result.rows if row.id in wanted))


def _diff_blocks(result: DiffResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the verdict, what fails, costs, break-evens, and what explains them."""
    yield Paragraph(text=f"From {result.a} to {result.b}", tone="bold")
    yield Paragraph(text=_editions(result), tone="dim")
    yield Paragraph(text=result.verdict)
    yield from _failures(result)
    columns = sheet.pick(view.fields or sheet.usual)
    rows = sheet.rows[: view.top or TOP]
    if rows:
        note = _because if view.fields is None else None
        yield words.table(columns, rows, "Cost a month", note)
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
    moved = [c for c in result.crossings if c.changed]
    yield from _listed("Break-evens that moved [tokens/month]", moved, len(moved), crossing_words)


def _listed(
    title: str, rows: Sequence[Any], most: int, words_of: Callable[[Any], str]
) -> Iterator[Block]:
    if not rows:
        return
    yield Paragraph(text=title, tone="bold")
    for row in rows[:most]:
        yield Paragraph(text=words_of(row), hanging=2, bullet=True)
    if len(rows) > most:
        text = f"{len(rows) - most} more, in --format json"
        yield Paragraph(text=text, hanging=2, bullet=True)


def _input(change: InputChange) -> str:
    ends = (
        NOTHING if value is None else in_unit(value, change.unit)
        for value in (change.before, change.after)
    )
    return f"{change.path}: {' to '.join(ends)} ({change.source})"


def _moved(moved: FigureChange) -> str:
    if not moved.field:
        priced = moved.after or moved.before or "no price by the token"
        return f"{moved.record} {moved.kind}: {priced}"
    ends = (
        NOTHING if v is None else v if isinstance(v, str) else words.price(v)
        for v in (moved.before, moved.after)
    )
    return f"{moved.record} {moved.field}: {' to '.join(ends)}"


DIFF = Screen(
    rows=("rows",),
    everything=_diff_everything,
    shown=_diff_sheet,
    blocks=_diff_blocks,
    compact=COMPACT,
)


# The screen of `tco catalog diff`.

CATALOG_TOP = 40


def _text(value: float | str) -> str:
    return words.shortened(value, 30) if isinstance(value, str) else words.price(value)


def _by(ratio: float) -> str:
    return f"x{show_number(ratio)}" if ratio >= 2.995 else f"{(ratio - 1) * 100:+.1f}%"


def _catalog_diff_blocks(result: CatalogDiff, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return what moved, then which answers change, then the verdict."""
    yield Paragraph(text=f"From {result.a} to {result.b}, prices of {result.as_of}", tone="bold")
    rows: tuple[FigureChange, ...] = sheet.rows[: view.top or CATALOG_TOP]
    columns = sheet.pick(view.fields or sheet.usual)
    if rows:
        yield words.table(columns, rows, "What moved", _note)
    if len(sheet.rows) > len(rows):
        text = f"{len(sheet.rows) - len(rows)} more: --top {len(sheet.rows)}"
        yield Paragraph(text=text, tone="dim")
    winners = [w for w in result.winners if w.changed]
    yield from _listed("Other winners of the short list", winners, len(winners), _winner)
    title = "Other break-evens of own GPUs [tokens/month]"
    other = [c for c in result.crossings if c.changed]
    yield from _listed(title, other, len(other), lambda c: crossing_words(c, "becomes", "from "))
    yield Paragraph(text=verdict(result), tone="bold")


def _note(moved: FigureChange) -> str:
    return moved.kind if moved.kind != "changed" and not moved.field else ""


def _winner(winner: WinnerChange) -> str:
    place = f"{show_tokens(winner.tokens_per_month or 0.0)} tokens a month, {winner.tier}"
    ends = ((winner.before, winner.before_usd), (winner.after, winner.after_usd))
    told = (
        "nothing" if name is None or usd is None else f"{name} ({show_usd(usd)})"
        for name, usd in ends
    )
    return f"{place}: {' becomes '.join(told)}"


def verdict(result: CatalogDiff) -> str:
    """Return the answer in one sentence."""
    counts = Counter(m.section for m in result.moved)
    parts = ", ".join(f"{count} in {section}" for section, count in counts.items())
    moved = f"{len(result.moved)} figures moved ({parts})" if parts else "Nothing moved"
    asked = len(result.winners) + len(result.crossings)
    if not result.answers_changed:
        return f"{moved}; none of {asked} answers changes."
    return f"{moved}; {result.answers_changed} of {asked} answers change."


CATALOG_DIFF = Screen(
    rows=("moved",),
    everything=Sheet(
        columns=(
            column("section", "in"),
            column("record", "record", wraps=True),
            column("field", "figure", get=lambda m: m.field or None, wraps=True),
            column("kind", "what"),
            number("before", "before", _text),
            number("after", "after", _text),
            number("ratio", "by", _by),
        ),
        usual=("record", "field", "before", "after", "ratio"),
    ),
    blocks=_catalog_diff_blocks,
)
