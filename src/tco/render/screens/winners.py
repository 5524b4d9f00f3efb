"""The screen of maps: who is cheapest, or cheaper, where two things vary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from tco.analysis.vary.over import Cell, MapResult
from tco.render import first, words
from tco.render.output import Screen
from tco.render.words import Block, Figure, Paragraph, Row, Sheet, Table, Tone, View, column, number
from tco.units import show_number, show_share

# The screen of `tco breakeven --map` and `tco sensitivity --grid`: who wins where.

WIDEST_TABLE = 7  # columns of cells that show their margin; more of them become a picture
TONES: tuple[Tone, ...] = ("good", "blue", "warn", "magenta", "cyan", "red")

MAP_COLUMNS = (
    number("x", "x", show_number),
    number("y", "y", show_number),
    column("winner", "cheapest", wraps=True),
    column("mark", "mark"),
    number("usd", "$/month", words.whole_usd),
    column("runner_up", "second", wraps=True),
    number("margin_usd", "margin $/month", words.whole_usd),
    number("margin_share", "margin", show_share),
    column("flips", "flips", words.yes),
    column("now", "today", words.yes),
)
MAP_USUAL = ("x", "y", "winner", "usd", "runner_up", "margin_usd")
MAP_KEYS = {"margin": "margin_usd", "cost": "usd"}


def _map_blocks(result: MapResult, sheet: Sheet, view: View) -> Iterable[Block]:
    """Return the screen: the verdict, the map, and what its letters stand for."""
    if view.fields:
        table = words.table(sheet.pick(view.fields), sheet.rows[: view.top])
        return [*first.verdict(result.verdict, view), table]
    won = sum(option.cells > 0 for option in result.options)
    return first.fitted(result, view, partial(_mapped, result, view), won + 1, 1)


def _mapped(result: MapResult, view: View, fullness: int) -> list[Block]:
    """Return the screen with so many options that win, and a command where there is room."""
    lines = _rows(result)
    whole = view.notes or view.page
    won = sorted((o for o in result.options if o.cells), key=lambda o: -o.cells)
    shown = [o for o in result.options if o in won[:fullness]]
    narrow = len(result.x.values) <= WIDEST_TABLE
    told = [f"{o.mark}  {o.id}: cheapest in {o.cells}" for o in shown]
    more = f"{len(won) - len(shown)} more set-ups: --notes" if len(shown) < len(won) else ""
    resolved = result.resolved if whole else ()
    return [
        *first.verdict(result.verdict, view),
        *(Paragraph(text=said, tone="dim", hanging=2, bullet=True) for said in resolved),
        _table(result, lines) if narrow else _picture(result, lines),
        *(Paragraph(text=text, hanging=3, bullet=True) for text in told),
        Paragraph(text=_legend(result, view), tone="dim", bullet=True),
        *(first.assumed(result.assumptions, view) if view.assumptions or view.page else ()),
        *first.away(result, view, more, notes=0 if view.notes else len(result.resolved)),
        *(_map_next(result) if fullness > len(won) else ()),
    ]


def _map_next(result: MapResult) -> Iterator[Block]:
    """Return what comes next: the bill of the answer of today."""
    if result.best is not None:
        yield from first.commands(first.command(result.asked, "explain", first.short(result.best)))


def _rows(result: MapResult) -> list[tuple[Cell, ...]]:
    """Return the cells row by row, the highest value of y first."""
    wide = len(result.x.values)
    return [result.cells[i : i + wide] for i in range(0, len(result.cells), wide)][::-1]


def _table(result: MapResult, lines: Sequence[Sequence[Cell]]) -> Table:
    heads = [f"{result.y.variable} \\ {result.x.variable}"]
    heads += [words.on_axis(v, result.x.unit) for v in result.x.values]
    columns = tuple(
        column(head, head, get=lambda r: None, right=i > 0) for i, head in enumerate(heads)
    )
    rows = [
        Row(cells=(words.on_axis(line[0].y, result.y.unit), *(_cell(cell) for cell in line)))
        for line in lines
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
    labels = [words.on_axis(line[0].y, result.y.unit) for line in lines]
    size = max(len(label) for label in labels)
    rows = []
    for label, line in zip(labels, lines, strict=True):
        marks = "".join(_mark(cell) for cell in line)
        rows.append(f"{label:>{size}} |{marks}")
    wide = 2 * len(result.x.values)
    low, high = (words.on_axis(result.x.values[i], result.x.unit) for i in (0, -1))
    rows.append(f"{'':>{size}} +{'-' * wide}")
    used = list(dict.fromkeys(o.mark for o in result.options if o.cells))
    tones = zip(used, TONES * len(used), strict=False)
    both = tuple((mark, tone) for upper, tone in tones for mark in (upper, upper.lower()))
    title = f"{result.y.variable} (up) over {result.x.variable} from {low} to {high} (right)"
    return Figure(rows=tuple(rows), title=title, tones=dict(both))


def _mark(cell: Cell) -> str:
    mark = cell.mark.lower() if cell.flips else cell.mark
    return f"{mark}*" if cell.now else f"{mark} "


def _legend(result: MapResult, view: View) -> str:
    axes = [f"{a.variable}: {a.title} [{a.unit}]" for a in (result.x, result.y)]
    told = axes if view.notes or view.page else []
    return "; ".join(["small letters: it changes to the left or below", "* today", *told])


MAP = Screen(
    rows=("cells",),
    everything=Sheet(columns=MAP_COLUMNS, usual=MAP_USUAL, keys=MAP_KEYS),
    blocks=_map_blocks,
)
