"""The screen of `tco breakeven` without options: an overview of the open models."""

from __future__ import annotations

from collections.abc import Iterator

from tco.analysis.results import BreakevenRow, BreakevenTable
from tco.render import words
from tco.render.screens import Screen
from tco.render.screens.breakeven import spans, yes
from tco.render.table import Block, Column, Paragraph, Row, Sheet, Table, View, number
from tco.show import show_tokens

COLUMNS = (
    Column(key="model", head="model", get=lambda r: r.model, wraps=True),
    Column(key="a", head="against", get=lambda r: r.a, wraps=True),
    Column(key="b", head="self-hosted on", get=lambda r: r.b, wraps=True),
    Column(key="same_weights", head="same weights", get=lambda r: r.same_weights, show=yes),
    Column(key="wins", head="cheaper", get=lambda r: spans(r.wins), wraps=True),
    Column(key="first", head="first at", get=lambda r: r.first, show=show_tokens, right=True),
    Column(key="sure", head="always from", get=lambda r: r.sure, show=show_tokens, right=True),
    Column(key="never_because", head="never because", get=lambda r: r.never_because, wraps=True),
    number("at_tokens", "at", lambda r: r.at and r.at.tokens, show_tokens),
    number("at_a_usd", "then $", lambda r: r.at and r.at.a_usd, words.whole_usd),
    number("at_b_usd", "own $", lambda r: r.at and r.at.b_usd, words.whole_usd),
    Column(key="at_b", head="own set-up then", get=lambda r: r.at and r.at.b, wraps=True),
)
USUAL = ("model", "a", "first", "sure")
AT = ("at_a_usd", "at_b_usd")
"""What is told beside, where a volume was given: both bills at it."""
KEYS = {"volume": "first", "model": "model", "against": "a"}


def everything(result: BreakevenTable) -> Sheet:
    """Return all rows."""
    usual = (*USUAL, *AT) if any(row.at is not None for row in result.rows) else USUAL
    return Sheet(rows=result.rows, columns=COLUMNS, usual=usual, keys=KEYS)


def sheet(result: BreakevenTable, view: View) -> Sheet:
    """Return all rows."""
    return everything(result)


def blocks(result: BreakevenTable, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the screen: against the same weights, against the closed model, what is left out."""
    at = next((row.at for row in result.rows if row.at is not None), None)
    bills = "" if at is None else f", and both bills [$/month] at {show_tokens(at.tokens)}"
    yield Paragraph(
        text=f"From which volume [tokens a month] own GPUs are cheaper{bills}\n"
        f"{words.edition(result.catalog)}"
    )
    columns = sheet.pick(view.fields or sheet.usual)
    same = [row for row in sheet.rows if row.same_weights]
    other = [row for row in sheet.rows if not row.same_weights]
    titles = ("Against the cheapest host of the same weights", "Against a different, closed model")
    for title, rows in zip(titles, (same, other), strict=True):
        if rows:
            made = tuple(_row(r, columns, view) for r in rows[: view.top])
            yield Table(title=title, columns=columns, rows=made)
    if result.left_out:
        yield Paragraph(text="Left out", tone="bold")
        for text in result.left_out:
            yield Paragraph(text=text, tone="dim", hanging=2, bullet=True)
    yield Paragraph(text=result.verdict)
    yield from words.assumptions(result.assumptions)


def _row(row: BreakevenRow, columns: tuple[Column, ...], view: View) -> Row:
    cells = tuple(column.text(row) for column in columns)
    return Row(cells=cells, note="" if view.fields else _note(row))


def _note(row: BreakevenRow) -> str:
    """Return what stands under a row: the set-up, and why never or on which intervals."""
    parts = [row.b]
    if not row.wins:
        parts.append(f"never: {row.never_because}" if row.never_because else "never")
    elif len(row.wins) > 1:
        parts.append(f"cheaper on {len(row.wins)} intervals, whole replicas lie between")
    if row.at is not None and row.at.b != row.b:
        parts.append(f"at {show_tokens(row.at.tokens)} {row.at.b}")
    if row.about is not None:
        parts.append(f"{show_tokens(row.about[0])} to {show_tokens(row.about[1])}")
    return "; ".join(parts)


SCREEN = Screen(rows=("rows",), everything=everything, sheet=sheet, blocks=blocks)
