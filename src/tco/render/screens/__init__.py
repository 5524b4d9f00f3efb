"""One module a command: its rows, and its screen. Found by the `schema` of the result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from tco.render.table import Block, Column, Sheet, View

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
    "tco.size/2": "size",
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


@dataclass(frozen=True)
class Screen:
    """How the answer to one question is shown."""

    rows: tuple[str, ...] | Callable[[Any], tuple[str, ...]]
    """Where the rows stand in the JSON document; empty when the result is the row."""

    everything: Callable[[Any], Sheet]
    """Returns all rows, for JSON and CSV."""

    sheet: Callable[[Any, View], Sheet]
    """Returns the rows that a table shows, before they are ordered and cut."""

    blocks: Callable[[Any, Sheet, View], Iterable[Block]]
    """Returns the screen."""

    compact: tuple[str, ...] | Callable[[Any], tuple[str, ...]] = ()
    """Columns for `--format llm`, where they are other ones than those of the table."""

    also: Callable[[Any], Iterable[tuple[str, tuple[Column, ...], Sequence[Any]]]] = lambda _: ()
    """Returns the tables beside its rows, for `--format llm`: name, columns, rows."""

    def place(self, result: Any) -> tuple[str, ...]:
        """Return where the rows of a result stand in its JSON document."""
        return self.rows(result) if callable(self.rows) else self.rows

    def compact_columns(self, result: Any, sheet: Sheet) -> Sequence[str]:
        """Return the columns of a result for whoever reads by the token."""
        chosen = self.compact(result) if callable(self.compact) else self.compact
        return chosen or sheet.usual


def screen(schema: str) -> Screen:
    """Return the screen for results of a kind."""
    module = import_module(f"tco.render.screens.{MODULES[schema]}")
    found: Screen = module.SCREEN
    return found
