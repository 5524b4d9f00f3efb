"""The screen of `tco breakeven A B --over VARIABLE`."""

from __future__ import annotations

from collections.abc import Iterator

from tco.analysis.change.results import BreakevenOver
from tco.analysis.change.words import told, where
from tco.render import words
from tco.render.screens import Screen
from tco.render.screens.breakeven import yes
from tco.render.table import Block, Column, Paragraph, Row, Sheet, Table, View, number
from tco.show import show_number, show_share, show_tokens, show_usd

COLUMNS = (
    Column(key="a", head="A", get=lambda r: r.a, wraps=True),
    Column(key="b", head="B", get=lambda r: r.b, wraps=True),
    Column(key="variable", head="over", get=lambda r: r.variable),
    Column(key="unit", head="unit", get=lambda r: r.unit),
    Column(key="wins", head="B is cheaper", get=lambda r: _wins(r)),
    number("first", "first", lambda r: r.first, show_number),
    number("sure", "always from", lambda r: r.sure, show_number),
    number("nearest", "nearest turn", lambda r: r.nearest, show_number),
    number("distance", "away by", lambda r: r.distance, show_share),
    number("now", "now", lambda r: r.now, show_number),
    Column(key="now_wins", head="B wins now", get=lambda r: r.now_wins, show=yes),
    number("a_usd", "A $/month", lambda r: r.a_usd, words.whole_usd),
    number("b_usd", "B $/month", lambda r: r.b_usd, words.whole_usd),
    Column(key="exact", head="exact", get=lambda r: r.exact, show=yes),
    Column(key="never_because", head="never because", get=lambda r: r.never_because),
)
USUAL = ("a", "b", "wins", "nearest", "now")


def _wins(result: BreakevenOver) -> str:
    return where(result.wins, result.searched[0], result.unit) or "never"


def everything(result: BreakevenOver) -> Sheet:
    """Return the pair as one row."""
    return Sheet(rows=(result,), columns=COLUMNS, usual=USUAL, keys={})


def sheet(result: BreakevenOver, view: View) -> Sheet:
    """Return the pair as one row."""
    return everything(result)


def blocks(result: BreakevenOver, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the screen: the two, where B wins, today, and what else would turn the answer."""
    yield Paragraph(text=words.edition(result.catalog))
    if view.fields:
        columns = sheet.pick(view.fields)
        yield Table(columns=columns, rows=(Row(cells=tuple(c.text(result) for c in columns)),))
        return
    yield Paragraph(text=f"A  {result.a}", hanging=3)
    yield Paragraph(text=f"B  {result.b}", hanging=3, bullet=True)
    for said in result.resolved:
        yield Paragraph(text=said, tone="dim", hanging=2, bullet=True)
    yield Paragraph(text=result.verdict, tone="bold")
    yield from _figures(result)
    if result.flips:
        yield Paragraph(text="What would turn the answer", tone="bold")
        for flip in result.flips:
            yield Paragraph(text=f"- {flip.text}", hanging=2, bullet=True)
    yield from words.assumptions(result.assumptions)


def _figures(result: BreakevenOver) -> Iterator[Block]:
    low, high = (told(v, result.unit) for v in result.searched)
    how = "closed form" if result.exact else "bisected to rounding, where a bill is not affine"
    rows = [
        ("B is cheaper", _wins(result)),
        ("turns at", ", ".join(told(v, result.unit) for v in result.crossings) or "no value"),
        ("today", told(result.now, result.unit)),
        ("searched", f"{low} to {high}; {how}"),
        (
            f"at {show_tokens(result.tokens_per_month)}",
            f"A {show_usd(result.a_usd)}, B {show_usd(result.b_usd)} a month",
        ),
    ]
    size = max(len(head) for head, _ in rows) + 2
    for head, text in rows:
        label = f"{head:<{size}}".replace(" ", "\u00a0")
        yield Paragraph(text=label + text, hanging=size, bullet=True)


SCREEN = Screen(rows=(), everything=everything, sheet=sheet, blocks=blocks)
