"""The screen of `tco sensitivity`: a tornado in text."""

from __future__ import annotations

from collections.abc import Iterator

from tco.analysis.results import SensitivityResult, SwingResult
from tco.render import words
from tco.render.screens import Screen
from tco.render.table import Block, Column, Paragraph, Row, Sheet, Table, View, number
from tco.show import show_tokens, show_usd

TOP = 12
BAR = 17  # characters, with the middle for "both cost the same"

USUAL = ("path", "bar", "swing_usd", "flips_at")
KEYS = {"swing": "swing_usd", "path": "path", "volume": "swing_tokens"}
COMPACT = ("path", "at_low_usd", "at_high_usd", "swing_usd", "flips_at")


def everything(result: SensitivityResult) -> Sheet:
    """Return all rows."""
    return Sheet(rows=result.rows, columns=_columns(result), usual=USUAL, keys=KEYS)


def sheet(result: SensitivityResult, view: View) -> Sheet:
    """Return all rows."""
    return everything(result)


def _columns(result: SensitivityResult) -> tuple[Column, ...]:
    ends = [end for row in result.rows for end in known_ends(row)]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    return (
        Column(key="path", head="assumption", get=lambda r: r.path, wraps=True),
        Column(key="title", head="what it is", get=lambda r: r.title, wraps=True),
        Column(key="unit", head="unit", get=lambda r: r.unit),
        number("value", "value", lambda r: r.value, words.count),
        number("low", "low", lambda r: r.low, words.count),
        number("high", "high", lambda r: r.high, words.count),
        Column(key="origin", head="origin", get=lambda r: r.origin),
        Column(key="source", head="source", get=lambda r: r.source, wraps=True),
        number("at_low_usd", "B-A at low", lambda r: r.at_low_usd, words.whole_usd),
        number("at_high_usd", "B-A at high", lambda r: r.at_high_usd, words.whole_usd),
        Column(key="bar", head="B less A", get=lambda r: bar(r, low, high)),
        number("swing_usd", "swing $/month", lambda r: r.swing_usd, words.whole_usd),
        number("flips_at", "flips at", lambda r: r.flips_at, words.count),
        number("at_low_tokens", "from at low", lambda r: r.at_low_tokens, show_tokens),
        number("at_high_tokens", "from at high", lambda r: r.at_high_tokens, show_tokens),
        number("swing_tokens", "swing tokens", lambda r: r.swing_tokens, show_tokens),
    )


def known_ends(row: SwingResult) -> list[float]:
    """Return B less A at the ends of a row at which both serve [USD/month]."""
    return [end for end in (row.at_low_usd, row.at_high_usd) if end is not None]


def bar(row: SwingResult, low: float, high: float) -> str:
    """Return a bar from one end of the swing to the other; `|` stands where both cost the same."""
    if high <= low:
        return "|"

    def at(usd: float) -> int:
        return round((usd - low) / (high - low) * (BAR - 1))

    # An end at which one of them serves nothing has no place; the note says so.
    drawn = sorted(map(at, known_ends(row))) or [BAR]
    marks = ["█" if drawn[0] <= i <= drawn[-1] else " " for i in range(BAR)]
    marks[at(0.0)] = "|"
    return "".join(marks)


def blocks(result: SensitivityResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the screen: the two bills, the tornado, the verdict."""
    yield Paragraph(text=words.edition(result.catalog))
    yield Paragraph(text=f"A  {result.a}: {show_usd(result.a_usd)} a month", hanging=3)
    yield Paragraph(text=f"B  {result.b}: {show_usd(result.b_usd)} a month", hanging=3, bullet=True)
    for said in result.resolved:
        yield Paragraph(text=said, tone="dim", hanging=2, bullet=True)
    columns = sheet.pick(view.fields or sheet.usual)
    top = TOP if view.top is None else view.top
    rows = tuple(_row(row, columns, noted=view.fields is None) for row in sheet.rows[:top])
    yield Table(columns=columns, rows=rows)
    if len(sheet.rows) > top:
        text = f"{len(sheet.rows) - top} smaller swings: --top {len(sheet.rows)} shows them"
        yield Paragraph(text=text, tone="dim")
    text = (
        f"Left of | B is cheaper, right of it A; – does not flip within its range. {words.LEGEND}"
    )
    yield Paragraph(text=text, tone="dim")
    yield Paragraph(text=result.verdict)


def _row(row: SwingResult, columns: tuple[Column, ...], *, noted: bool) -> Row:
    cells = tuple(_cell(row, column) for column in columns)
    return Row(cells=cells, note=_note(row) if noted else "", tone="bold" if row.flips_at else "")


def _cell(row: SwingResult, column: Column) -> str:
    if column.key == "path":
        return row.path + words.STAR * row.judgment
    value = column.get(row)
    if column.key in ("value", "low", "high", "flips_at") and value is not None:
        return words.in_unit(value, row.unit)
    return column.text(row)


def _note(row: SwingResult) -> str:
    low, value, high = (words.in_unit(v, row.unit) for v in (row.low, row.value, row.high))
    lost = f"; {row.impossible}" if row.impossible else ""
    return f"{row.title}: {value}, tried {low} to {high}{lost}{_volumes(row)}"


def _volumes(row: SwingResult) -> str:
    """Return how the break-even volume moves; nothing where B never breaks even, or it stays."""
    ends = (row.at_low_tokens, row.at_high_tokens)
    if ends == (None, None) or row.swing_tokens == 0:
        return ""
    low, high = ("never" if end is None else show_tokens(end) for end in ends)
    return f"; break-even from {low} to {high} tokens"


SCREEN = Screen(rows=("rows",), everything=everything, sheet=sheet, blocks=blocks, compact=COMPACT)
