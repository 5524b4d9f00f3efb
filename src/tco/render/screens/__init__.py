"""One module a command: its rows, and its screen. Found by the `schema` of the result."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any, Protocol

from tco.render.table import Block, Sheet, View

MODULES = {
    "tco.compare/1": "compare",
    "tco.breakeven/1": "breakeven",
    "tco.breakeven-table/1": "breakeven_table",
    "tco.sensitivity/1": "sensitivity",
    "tco.breakeven-over/1": "breakeven_over",
    "tco.map/1": "winner_map",
    "tco.montecarlo/1": "montecarlo",
    "tco.what-if/1": "what_if",
    "tco.explain/1": "explain",
    "tco.size/1": "size",
    "tco.size-validation/1": "size_validation",
    "tco.import-bench/1": "import_bench",
    "tco.plan/1": "plan",
    "tco.plan-portfolio/1": "portfolio",
    "tco.horizon/1": "horizon",
    "tco.profile/1": "profile",
    "tco.bill/1": "bill",
    "tco.sources/1": "sources",
    "tco.train/1": "train",
    "tco.embed/1": "embed",
    "tco.diff/1": "diff",
    "tco.claims/1": "claims",
    "tco.config/1": "config",
    "tco.deploy/1": "deploy",
    "tco.catalog-check/1": "catalog_check",
    "tco.catalog-rules/1": "catalog_rules",
    "tco.catalog-list/1": "catalog_list",
    "tco.catalog-history/1": "catalog_history",
    "tco.catalog-show/1": "catalog_show",
    "tco.catalog-verify/1": "catalog_verify",
    "tco.catalog-diff/1": "catalog_diff",
}


class Screen(Protocol):
    """What a module here offers.

    For `--format llm` it may name other columns, `COMPACT` or `compact(result)`, and tables beside
    its rows, `also`.
    """

    ROWS: tuple[str, ...]
    """Where the rows stand in the JSON document; empty when the result is the row."""

    def sheet(self, result: Any, view: View) -> Sheet:
        """Return the rows that a table shows, before they are ordered and cut."""
        ...

    def everything(self, result: Any) -> Sheet:
        """Return all rows, for JSON and CSV."""
        ...

    def blocks(self, result: Any, sheet: Sheet, view: View) -> Sequence[Block]:
        """Return the screen."""
        ...


def screen(schema: str) -> Screen:
    """Return the module for results of a kind."""
    module: Any = import_module(f"tco.render.screens.{MODULES[schema]}")
    return module  # type: ignore[no-any-return]
