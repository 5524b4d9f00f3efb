"""Results as JSON: the record's fields in the order of their declaration."""

from __future__ import annotations

import json
import math
from dataclasses import fields, is_dataclass
from typing import Any

from tco.render.table import Sheet, View, unknown_word


def document(result: Any) -> Any:
    """Return a result as dicts, lists, texts, numbers and None."""
    if is_dataclass(result):
        return {f.name: document(getattr(result, f.name)) for f in fields(result)}
    if isinstance(result, dict):
        return {str(key): document(value) for key, value in result.items()}
    if isinstance(result, list | tuple):
        return [document(value) for value in result]
    if isinstance(result, float) and not math.isfinite(result):
        return None  # JSON has no other number for what does not exist
    return result


def projected(result: Any, sheet: Sheet, view: View, path: tuple[str, ...]) -> Any:
    """Return a result as a document whose rows are ordered, cut and projected like the sheet's.

    Args:
        result: The result.
        sheet: Its rows, already ordered and cut.
        view: What the user asked for.
        path: Where the rows stand in the document; empty when the result itself is the row.

    Raises:
        UsageError: A field that no row has.
    """
    whole = document(result)
    rows = [_row(row, sheet, view.fields) for row in sheet.rows]
    if not path:
        return rows[0] if view.fields else whole
    inner = whole
    for key in path[:-1]:
        inner = inner[key]
    by_name = isinstance(inner[path[-1]], dict)
    names = [row.name for row in sheet.rows] if by_name else []
    inner[path[-1]] = dict(zip(names, rows, strict=True)) if by_name else rows
    return whole


def _row(row: Any, sheet: Sheet, wanted: tuple[str, ...] | None) -> Any:
    """Return a row's document; the fields asked for may be its own or columns of the sheet."""
    whole = document(row)
    if wanted is None:
        return whole
    derived = {c.key: c for c in sheet.columns}
    for key in wanted:
        if key not in whole and key not in derived:
            raise unknown_word("--fields", "field", key, list(dict.fromkeys([*derived, *whole])))
    return {k: whole[k] if k in whole else document(derived[k].get(row)) for k in wanted}


def json_text(value: Any) -> str:
    """Return a document as indented JSON."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
