"""The screen of `tco deploy`: a task for SkyPilot, which a file of it is as it stands."""

from __future__ import annotations

from collections.abc import Iterator

from tco.analysis.deploy.results import DeployResult
from tco.render.screens import Screen
from tco.render.table import Block, Column, Figure, Row, Sheet, Table, View

COLUMNS = (
    Column(key="flag", head="argument", get=lambda a: a.flag),
    Column(key="value", head="value", get=lambda a: a.value, right=True),
    Column(key="why", head="why", get=lambda a: a.why, wraps=True),
)
USUAL = ("flag", "value", "why")


def everything(result: DeployResult) -> Sheet:
    """Return the arguments of the server."""
    return Sheet(rows=result.arguments, columns=COLUMNS, usual=USUAL, keys={})


def sheet(result: DeployResult, view: View) -> Sheet:
    """Return the arguments of the server."""
    return everything(result)


def blocks(result: DeployResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the task; with columns asked for, the arguments of the server instead."""
    if view.fields is None:
        yield Figure(rows=tuple(result.skypilot.rstrip("\n").split("\n")))
        return
    columns = sheet.pick(view.fields)
    rows = sheet.rows[: view.top]
    cells = tuple(Row(cells=tuple(c.text(row) for c in columns)) for row in rows)
    yield Table(columns=columns, rows=cells)


SCREEN = Screen(rows=("arguments",), everything=everything, sheet=sheet, blocks=blocks)
