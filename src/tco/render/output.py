"""A result in one of the formats: its screen is found by its `schema`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from itertools import chain
from typing import Any

from tco.money import Money, shown_in
from tco.records import dataclass
from tco.render.table import Block, Column, Sheet, View
from tco.render.words import left_out, with_rate

WRITERS = {
    "github": "annotations",
    "sarif": "sarif",
    "llm": "plain",
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
    with shown_in(money_in(result)):
        return _rendered(result, kind, view, columns, colour, more)


def money_in(result: Any) -> Money | None:
    """Return the money that a result is shown in; None for dollars."""
    currency = getattr(result, "currency", None)
    return None if currency is None else Money(currency.code, currency.per_usd)


def _rendered(
    result: Any, kind: str, view: View, columns: int, colour: bool, more: Sequence[Block]
) -> str:
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
        from tco.render.jsonio import in_both, json_text, projected

        document = projected(result, full, view, module.place(result))
        return json_text(in_both(document, getattr(result, "currency", None)))
    if kind == "md":
        return page(result, view, more)
    from tco.render import terminal

    if kind == "svg" and more:
        from tco.render.first import verdict

        return terminal.picture([*verdict(result.verdict, view), *more], columns)
    sheet = module.sheet(result, view).arranged(view.sort, None)
    blocks = chain(module.blocks(result, sheet, view), left_out(result), more)
    made = with_rate(result, blocks)
    if kind == "svg":
        return terminal.picture(made, columns)
    return terminal.coloured(made, columns) if colour else terminal.text(made, columns)


def page(result: Any, view: View, more: Sequence[Block] = ()) -> str:
    """Return a result as Markdown."""
    from tco.render.plain import markdown

    module, view = screen(result.schema), view._replace(page=True)
    with shown_in(money_in(result)):
        sheet = module.sheet(result, view).arranged(view.sort, None)
        blocks = module.blocks(result, sheet, view)
        return markdown(with_rate(result, chain(blocks, left_out(result), more)))


MODULES = {
    "tco.compare/1": "bills:COMPARE",
    "tco.compare-volumes/1": "volumes",
    "tco.frontier/1": "volumes:FRONTIER",
    "tco.breakeven/1": "breakeven:PAIR",
    "tco.breakeven-table/1": "breakeven:TABLE",
    "tco.sensitivity/1": "sensitivity:TORNADO",
    "tco.breakeven-over/1": "breakeven:OVER",
    "tco.map/1": "winners:MAP",
    "tco.montecarlo/1": "sensitivity:MONTECARLO",
    "tco.what-if/1": "sensitivity:WHAT_IF",
    "tco.explain/1": "bills:EXPLAIN",
    "tco.size/2": "size:SIZE",
    "tco.size-validation/1": "measured:VALIDATION",
    "tco.import-bench/1": "measured:IMPORT_BENCH",
    "tco.plan/1": "plan:PLAN",
    "tco.plan-portfolio/1": "plan:PORTFOLIO",
    "tco.horizon/1": "horizon",
    "tco.profile/1": "profile",
    "tco.bill/1": "bill",
    "tco.sources/1": "profile:SOURCES",
    "tco.train/1": "jobs:TRAIN",
    "tco.embed/1": "jobs:EMBED",
    "tco.diff/1": "diff:DIFF",
    "tco.claims/1": "claims:CLAIMS",
    "tco.config/1": "config",
    "tco.deploy/1": "size:DEPLOY",
    "tco.catalog-check/1": "check:CHECK",
    "tco.catalog-rules/1": "check:RULES",
    "tco.catalog-list/1": "catalog:LIST",
    "tco.catalog-names/1": "catalog:NAMES",
    "tco.catalog-history/1": "catalog:HISTORY",
    "tco.catalog-show/1": "catalog:SHOW",
    "tco.catalog-verify/1": "check:VERIFY",
    "tco.catalog-diff/1": "diff:CATALOG_DIFF",
}


@dataclass(frozen=True)
class Screen:
    """How the answer to one question is shown."""

    rows: tuple[str, ...] | Callable[[Any], tuple[str, ...]]
    """Where the rows stand in the JSON document; empty when the result is the row."""

    everything: Callable[[Any], Sheet]
    """Returns all rows, for JSON and CSV."""

    blocks: Callable[[Any, Sheet, View], Iterable[Block]]
    """Returns the screen."""

    shown: Callable[[Any, View], Sheet] | None = None
    """Returns the rows that a table shows, before they are ordered and cut, where not all are."""

    compact: tuple[str, ...] | Callable[[Any], tuple[str, ...]] = ()
    """Columns for `--format llm`, where they are other ones than those of the table."""

    csv: Callable[[Any, View], Sheet] | None = None
    """Returns the rows of CSV, where they are other ones than those of JSON."""

    also: Callable[[Any], Iterable[tuple[str, tuple[Column, ...], Sequence[Any]]]] = lambda _: ()
    """Returns the tables beside its rows, for `--format llm`: name, columns, rows."""

    def sheet(self, result: Any, view: View) -> Sheet:
        """Return the rows that a table shows, before they are ordered and cut."""
        return self.everything(result) if self.shown is None else self.shown(result, view)

    def place(self, result: Any) -> tuple[str, ...]:
        """Return where the rows of a result stand in its JSON document."""
        return self.rows(result) if callable(self.rows) else self.rows

    def compact_columns(self, result: Any, sheet: Sheet) -> Sequence[str]:
        """Return the columns of a result for whoever reads by the token."""
        chosen = self.compact(result) if callable(self.compact) else self.compact
        return chosen or sheet.usual


def screen(schema: str) -> Screen:
    """Return the screen for results of a kind."""
    module, _, name = MODULES[schema].partition(":")
    found: Screen = getattr(import_module(f"tco.render.screens.{module}"), name or "SCREEN")
    return found
