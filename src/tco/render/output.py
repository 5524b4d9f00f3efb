"""A result in one of the formats."""

from __future__ import annotations

from typing import Any

from tco.render.screens import screen
from tco.render.table import View


def rendered(result: Any, kind: str, view: View, *, columns: int = 80, colour: bool = False) -> str:
    """Return a result as text.

    Args:
        result: One of the records of `tco.analysis.results`.
        kind: `table`, `json`, `csv` or `md`, and for findings `github` or `sarif`.
        view: Which rows and columns, in which order.
        columns: Characters of a line of a table.
        colour: Colour a table.

    Raises:
        UsageError: A column or an order that there is not.
    """
    if kind in ("github", "sarif"):
        return _findings(result, kind)
    module = screen(result.schema)
    if kind in ("json", "csv"):
        full = module.everything(result).arranged(view.sort, view.top)
        if kind == "csv":
            from tco.render.plain import csv_text

            return csv_text(full, full.pick(view.fields) if view.fields else full.columns)
        from tco.render.jsonout import json_text, projected

        return json_text(projected(result, full, view, module.ROWS))
    sheet = module.sheet(result, view).arranged(view.sort, None)
    made = module.blocks(result, sheet, view)
    if kind == "md":
        from tco.render.plain import markdown

        return markdown(made)
    from tco.render import terminal

    return terminal.coloured(made, columns) if colour else terminal.text(made, columns)


def _findings(result: Any, kind: str) -> str:
    """Return findings as annotations of a pull request, or as a log for code scanning."""
    if kind == "github":
        from tco.render.annotations import text
    else:
        from tco.render.sarif import text
    return text(result)
