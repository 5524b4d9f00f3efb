"""The screen of `tco config show`: every value in effect."""

from __future__ import annotations

from collections.abc import Iterator

from tco.ask.effective import ConfigResult, ConfigRow
from tco.render import words
from tco.render.output import Screen
from tco.render.words import Block, Column, Paragraph, Row, Sheet, Table, View, column, number
from tco.units import in_unit

COLUMNS = (
    column("key", "key"),
    number("value", "value"),
    column("unit", "unit", get=lambda r: r.unit or None),
    column("origin", "who"),
    column("source", "source", get=lambda r: r.source or None, wraps=True),
    column("judgment", "judged"),
    column("option", "option"),
    column("title", "what it is", wraps=True),
)
USUAL = ("key", "value", "title")


def blocks(result: ConfigResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the screen: the files that were read, the values, the variables that mean nothing."""
    read = ", ".join(result.files) or "no file"
    order = f"Who is nearest counts: flags, TCO_ variables, {read}, profile, catalog"
    yield Paragraph(text=order, hanging=2)
    yield Paragraph(text=words.edition(result.catalog))
    columns = sheet.pick(view.fields or sheet.usual)
    rows = sheet.rows[: view.top]
    cells = tuple(Row(tuple(_shown(column, row) for column in columns)) for row in rows)
    yield Table(columns, cells)
    if any(row.judgment for row in rows):
        yield Paragraph(text=words.LEGEND)
    if result.ignored:
        text = f"Ignored, since no option is called so: {', '.join(result.ignored)}"
        yield Paragraph(text=text, hanging=2)


def _shown(column: Column, row: ConfigRow) -> str:
    """Return the cell of a row: keys of settings without their section, values by their unit."""
    if column.key == "key":
        return row.key.removeprefix("settings.")
    if column.key != "value":
        return column.text(row)
    return in_unit(row.value, row.unit) + (words.STAR if row.judgment else "")


SCREEN = Screen(rows=("rows",), everything=Sheet(columns=COLUMNS, usual=USUAL), blocks=blocks)
