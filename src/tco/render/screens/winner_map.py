"""The screen of `tco breakeven --map` and `tco sensitivity --grid`: who wins where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tco.analysis.change.results import Axis, Cell, MapResult
from tco.render import words
from tco.render.screens import Screen
from tco.render.screens.breakeven import yes
from tco.render.table import (
    Block,
    Column,
    Figure,
    Paragraph,
    Row,
    Sheet,
    Table,
    Tone,
    View,
    number,
)
from tco.show import show_number, show_share, show_usd

WIDEST_TABLE = 7  # columns of cells that show their margin; more of them become a picture
TONES: tuple[Tone, ...] = ("good", "blue", "warn", "magenta", "cyan", "red")

COLUMNS = (
    number("x", "x", lambda c: c.x, show_number),
    number("y", "y", lambda c: c.y, show_number),
    Column(key="winner", head="cheapest", get=lambda c: c.winner, wraps=True),
    Column(key="mark", head="mark", get=lambda c: c.mark),
    number("usd", "$/month", lambda c: c.usd, words.whole_usd),
    Column(key="runner_up", head="second", get=lambda c: c.runner_up, wraps=True),
    number("margin_usd", "margin $/month", lambda c: c.margin_usd, words.whole_usd),
    number("margin_share", "margin", lambda c: c.margin_share, show_share),
    Column(key="flips", head="flips", get=lambda c: c.flips, show=yes),
    Column(key="now", head="today", get=lambda c: c.now, show=yes),
)
USUAL = ("x", "y", "winner", "usd", "runner_up", "margin_usd")
KEYS = {"margin": "margin_usd", "cost": "usd"}


def everything(result: MapResult) -> Sheet:
    """Return all cells."""
    return Sheet(rows=result.cells, columns=COLUMNS, usual=USUAL, keys=KEYS)


def sheet(result: MapResult, view: View) -> Sheet:
    """Return all cells."""
    return everything(result)


def blocks(result: MapResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the screen: the map, what its letters stand for, and the verdict."""
    yield Paragraph(text=words.edition(result.catalog))
    for said in result.resolved:
        yield Paragraph(text=said, tone="dim", hanging=2, bullet=True)
    if view.fields:
        columns = sheet.pick(view.fields)
        rows = tuple(Row(cells=tuple(c.text(r) for c in columns)) for r in sheet.rows[: view.top])
        yield Table(columns=columns, rows=rows)
        return
    lines = _rows(result)
    if len(result.x.values) <= WIDEST_TABLE:
        yield _table(result, lines)
    else:
        yield _picture(result, lines)
    for option in result.options:
        if option.cells:
            text = f"{option.mark}  {option.id}: cheapest in {option.cells}"
            yield Paragraph(text=text, hanging=3, bullet=True)
    yield Paragraph(text=_legend(result), tone="dim")
    yield Paragraph(text=result.verdict)


def _rows(result: MapResult) -> list[tuple[Cell, ...]]:
    """Return the cells row by row, the highest value of y first."""
    wide = len(result.x.values)
    return [result.cells[i : i + wide] for i in range(0, len(result.cells), wide)][::-1]


def _label(value: float, axis: Axis) -> str:
    if axis.unit.startswith("USD"):
        return show_usd(value)
    if axis.unit.startswith("share"):
        return show_share(value)
    return f"x{show_number(value)}" if axis.unit == "factor" else show_number(value)


def _table(result: MapResult, lines: Sequence[Sequence[Cell]]) -> Table:
    heads = [f"{result.y.variable} \\ {result.x.variable}"]
    heads += [_label(v, result.x) for v in result.x.values]
    columns = tuple(
        Column(key=head, head=head, get=lambda r: None, right=i > 0) for i, head in enumerate(heads)
    )
    rows = [
        Row(cells=(_label(line[0].y, result.y), *(_cell(cell) for cell in line))) for line in lines
    ]
    return Table(columns=columns, rows=tuple(rows))


def _cell(cell: Cell) -> str:
    """Return winner and margin: `B +34%`, `b` where it flips, `*` today."""
    mark = cell.mark.lower() if cell.flips else cell.mark
    share = cell.margin_share
    margin = (
        "alone" if share is None else f"+{share * 100:.0f}%" if share < 10 else f"x{share + 1:.0f}"
    )
    return f"{'*' if cell.now else ''}{mark} {margin}"


def _picture(result: MapResult, lines: Sequence[Sequence[Cell]]) -> Figure:
    labels = [_label(line[0].y, result.y) for line in lines]
    size = max(len(label) for label in labels)
    rows = []
    for label, line in zip(labels, lines, strict=True):
        marks = "".join(_mark(cell) for cell in line)
        rows.append(f"{label:>{size}} |{marks}")
    wide = 2 * len(result.x.values)
    low, high = (_label(result.x.values[i], result.x) for i in (0, -1))
    rows.append(f"{'':>{size}} +{'-' * wide}")
    rows.append(f"{'':>{size}}  {low}{high:>{max(wide - len(low), len(high) + 1)}}")
    used = list(dict.fromkeys(o.mark for o in result.options if o.cells))
    tones = zip(used, TONES * len(used), strict=False)
    both = tuple((mark, tone) for upper, tone in tones for mark in (upper, upper.lower()))
    title = f"{result.y.variable} (up) over {result.x.variable} (right)"
    return Figure(rows=tuple(rows), title=title, tones=dict(both))


def _mark(cell: Cell) -> str:
    mark = cell.mark.lower() if cell.flips else cell.mark
    return f"{mark}*" if cell.now else f"{mark} "


def _legend(result: MapResult) -> str:
    axes = "; ".join(f"{a.variable}: {a.title} [{a.unit}]" for a in (result.x, result.y))
    return f"Small letters: the cheapest changes to the left or below. * today. {axes}"


SCREEN = Screen(rows=("cells",), everything=everything, sheet=sheet, blocks=blocks)
