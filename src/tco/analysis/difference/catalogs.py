"""One question asked of two catalogs: what its answer becomes, and which figures moved."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from tco.analysis.breakeven import breakeven_table
from tco.analysis.catalog_diff import crossings_of
from tco.analysis.compare import compare
from tco.analysis.difference.diff import diff
from tco.analysis.difference.results import DiffResult
from tco.analysis.figures import moved
from tco.analysis.inputs import prepare
from tco.analysis.request import Request

if TYPE_CHECKING:
    from tco.catalog.load import Catalog


def across(
    a: Catalog, b: Catalog, names: tuple[str, str], request: Request, today: date
) -> DiffResult:
    """Return what a question's comparison and break-evens are on one catalog and on another.

    Args:
        a, b: The catalogs.
        names: What they are called.
        request: The question; without a volume only break-evens are asked.
        today: The day whose prices hold, unless the request says another.

    Raises:
        TcoError: The question has no answer on one of them.
    """
    on = request.as_of or today
    old, new = prepare(a, request, on), prepare(b, request, on)
    figures = tuple(moved(a, b, on))
    if not new.volume_given:
        before, after = (breakeven_table(inputs, None) for inputs in (old, new))
        return diff(before, after, names, moved=figures, warnings=after.warnings)
    compared = compare(old), compare(new)
    failed: list[str] = []
    asked = replace(request, tokens=None, requests=None, users=None)
    found = tuple(crossings_of(a, b, asked, on, failed))
    said = (*compared[1].warnings, *failed)
    return diff(*compared, names, crossings=found or None, moved=figures, warnings=said)
