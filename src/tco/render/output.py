"""A result in one of the formats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import chain
from typing import Any

from tco.render.screens import screen
from tco.render.table import Block, View
from tco.render.words import left_out

WRITERS = {
    "github": "annotations",
    "sarif": "sarif",
    "llm": "compact",
    "focus": "focus",
}
"""Formats that are written by the function `text(result, view)` of a module of their own."""


def rendered(
    result: Any,
    kind: str,
    view: View,
    *,
    columns: int = 80,
    colour: bool = False,
    more: Sequence[Block] = (),
) -> str:
    """Return a result as text.

    Args:
        result: One of the records of `tco.analysis.results`.
        kind: `table`, `json`, `csv`, `md`, `svg`, or one of `WRITERS`.
        view: Which rows and columns, in which order.
        columns: Characters of a line of a table.
        colour: Colour a table.
        more: What stands under a table; a drawing is of it alone, under the verdict.

    Raises:
        UsageError: A column or an order that there is not, or a format that such a result has not.
    """
    if kind in WRITERS:
        text: Callable[[Any, View], str] = import_module(f"tco.render.{WRITERS[kind]}").text
        return text(result, view)
    module = screen(result.schema)
    if kind in ("json", "csv"):
        full = module.everything(result)
        if kind == "csv" and module.csv is not None:
            full = module.csv(result, view)
        full = full.arranged(view.sort, view.top)
        if kind == "csv":
            from tco.render.plain import csv_text

            return csv_text(full, full.pick(view.fields) if view.fields else full.columns)
        from tco.render.jsonio import json_text, projected

        return json_text(projected(result, full, view, module.place(result)))
    if kind == "md":
        return page(result, view, more)
    from tco.render import terminal

    if kind == "svg" and more:
        from tco.render.first import verdict

        return terminal.picture([*verdict(result.verdict, view), *more], columns)
    sheet = module.sheet(result, view).arranged(view.sort, None)
    made = chain(module.blocks(result, sheet, view), left_out(result), more)
    if kind == "svg":
        return terminal.picture(made, columns)
    return terminal.coloured(made, columns) if colour else terminal.text(made, columns)


def page(result: Any, view: View, more: Sequence[Block] = ()) -> str:
    """Return a result as Markdown."""
    from tco.render.plain import markdown

    module, view = screen(result.schema), view._replace(page=True)
    sheet = module.sheet(result, view).arranged(view.sort, None)
    return markdown(chain(module.blocks(result, sheet, view), left_out(result), more))
