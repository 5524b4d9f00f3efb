"""The screen of `tco import bench`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tco.analysis.bring import ImportedRow, ImportResult
from tco.render import words
from tco.render.screens import Screen
from tco.render.table import Block, Column, Paragraph, Row, Sheet, Table, View
from tco.show import show_number


def everything(result: ImportResult) -> Sheet:
    """Return the rows that were read."""
    return Sheet(
        rows=result.rows,
        columns=(
            Column(key="setup", head="set-up", get=_setup, wraps=True),
            Column(key="model", head="model", get=lambda r: r.model),
            Column(key="gpu", head="GPU", get=lambda r: r.gpu),
            _number("gpus", "GPUs", words.count),
            Column(key="precision", head="precision", get=lambda r: r.precision),
            Column(key="engine", head="engine", get=lambda r: r.engine),
            _number("isl", "isl", show_number),
            _number("osl", "osl", show_number),
            _number("concurrency", "in flight", show_number),
            _number("output_tokens_per_s", "tok/s", show_number),
            _number("predicted_tokens_per_s", "model", show_number),
            _number("ratio", "ratio", lambda value: f"x{value:.2f}"),
            Column(key="action", head="", get=lambda r: r.action),
        ),
        usual=(
            *("setup", "isl", "osl", "concurrency", "output_tokens_per_s"),
            *("predicted_tokens_per_s", "ratio", "action"),
        ),
        keys={"speed": "output_tokens_per_s"},
    )


def sheet(result: ImportResult, view: View) -> Sheet:
    """Return the same: all rows are shown."""
    return everything(result)


def _setup(row: ImportedRow) -> str:
    return f"{row.model}@{row.gpus}x{row.gpu}:{row.precision}"


def _number(key: str, head: str, show: Any) -> Column:
    return Column(key=key, head=head, get=lambda r: getattr(r, key), show=show, right=True)


def blocks(result: ImportResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the screen: what was measured beside the model, where it went, how it is used."""
    yield Paragraph(text=f"{result.tool}: {result.file}")
    columns = sheet.pick(view.fields or sheet.usual)
    rows = sheet.rows[: view.top]
    cells = tuple(Row(cells=tuple(c.text(row) for c in columns)) for row in rows)
    yield Table(columns=columns, rows=cells)
    if all(row.action == "none" for row in result.rows):
        yield Paragraph(text=f"nothing was written; without --dry-run it goes to {result.to}")
        return
    yield Paragraph(text=f"written to {result.to}")
    yield Paragraph(
        text=f"used by: tco size {result.rows[0].model} --measured {result.to}", hanging=2
    )


SCREEN = Screen(rows=("rows",), everything=everything, sheet=sheet, blocks=blocks)
