"""The screen of `tco profile --sources`: the log formats, and where each is exported."""

from __future__ import annotations

from collections.abc import Iterator

from tco.render.screens import Screen
from tco.render.table import Block, Column, Paragraph, Row, Sheet, Table, View
from tco.usage.results import SourcesResult

COLUMNS = (
    Column(key="name", head="--from", get=lambda r: r.name),
    Column(key="grain", head="a row is", get=lambda r: r.grain),
    Column(key="title", head="what it is", get=lambda r: r.title, wraps=True),
    Column(key="exported", head="where it is exported", get=lambda r: r.exported),
    Column(key="knows", head="what it cannot tell", get=lambda r: r.knows or None),
)


def everything(result: SourcesResult) -> Sheet:
    """Return the formats."""
    return Sheet(rows=result.rows, columns=COLUMNS, usual=("name", "grain", "title"), keys={})


def blocks(result: SourcesResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the formats, each with where it is exported and what it cannot tell under it."""
    yield Paragraph(text="Logs that are read, told by their content or by --from NAME")
    columns = sheet.pick(view.fields or sheet.usual)
    rows = []
    for row in sheet.rows[: view.top]:
        cannot = f"\n{row.knows}" if row.knows else ""
        rows.append(Row(cells=tuple(c.text(row) for c in columns), note=f"{row.exported}{cannot}"))
    yield Table(columns=columns, rows=tuple(rows))


SCREEN = Screen(rows=("rows",), everything=everything, blocks=blocks)
