"""One screen a result. Found by the `schema` of the result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from tco.render.table import Block, Column, Sheet, View

MODULES = {
    "tco.compare/1": "bills:COMPARE",
    "tco.compare-volumes/1": "volumes",
    "tco.frontier/1": "frontier",
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
    "tco.sources/1": "sources",
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
