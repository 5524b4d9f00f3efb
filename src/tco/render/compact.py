"""A result for programs that read by the token: verdict, rows, warnings, key assumptions.

Names are those of CSV and JSON, figures those of the screen without the commas of thousands. Each
part is cut to what fits; what was cut is counted, and `--format json` has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tco.analysis.results import AssumptionResult, members
from tco.render import words
from tco.render.output import Screen, screen
from tco.render.words import Column, View
from tco.units import NOTHING, in_unit, show_number, show_tokens

BUDGET = 1600
"""Bytes, four to a token: rows are left out until an answer takes no more."""
ROWS, SENTENCES, WARNINGS, ASSUMPTIONS = 16, 2, 3, 6
LONGEST = 100  # characters of a warning or of a note in a cell
NOT_FACTS = {"schema", "verdict", "advice", "detailed", "unit", "method", "min_trust", "minor"}
_SENTENCE = re.compile(r"(?<=\.) (?=[A-Z])")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3})")


def text(result: Any, view: View) -> str:
    """Return a result in at most 400 tokens, or with the rows that were asked for."""
    shown = screen(result.schema)
    sheet = shown.sheet(result, view).arranged(view.sort, None)
    columns = sheet.pick(view.fields or shown.compact_columns(result, sheet))
    before, after = [*_before(result, shown)], [*_after(result)]
    if sheet.rows == (result,):
        said = [c for c in columns if c.get(result) is not None]
        return _joined([*before, *(f"{c.key}: {_cell(c, result)}" for c in said), *after])
    place = shown.place(result)
    name, most = place[-1] if place else "rows", view.top or ROWS
    made = _joined([*before, *_table(name, columns, sheet.rows, most), *after])
    while view.top is None and most > 1 and len(made.encode()) > BUDGET:
        most -= 1
        made = _joined([*before, *_table(name, columns, sheet.rows, most), *after])
    return made


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _before(result: Any, shown: Screen) -> Iterator[str]:
    yield " ".join([result.schema, *_facts(result, everything=bool(shown.place(result)))])
    if verdict := getattr(result, "verdict", ""):
        yield f"verdict: {_sentences(verdict)}"
    for name, columns, rows in shown.also(result):
        yield from _table(name, columns, rows, len(rows))


def _after(result: Any) -> Iterator[str]:
    for check in getattr(result, "checks", ()):
        yield f"check: {check.rule} {check.state}: {_short(check.message)}"
    for one in result.warnings[:WARNINGS]:
        yield f"warning: {_short(one)}"
    if len(result.warnings) > WARNINGS:
        yield f"warnings: {len(result.warnings) - WARNINGS} more"
    yield from _assumed(getattr(result, "assumptions", ()))


def _facts(result: Any, *, everything: bool) -> Iterator[str]:
    """Return what is said of the whole answer, as `name=value`."""
    stamp, load = getattr(result, "catalog", None), getattr(result, "workload", None)
    if stamp is not None:
        yield f"as_of={stamp.as_of}"
    if load is not None:
        yield f"tokens_per_month={show_tokens(load.tokens_per_month)}"
    option = getattr(result, "option", None)
    if option is not None:
        yield f"option={option.id}"
        yield f"monthly_usd={_fact('_usd', option.monthly_usd)}"
    told = NOT_FACTS if stamp is None else {*NOT_FACTS, "as_of"}
    kind: Any = type(result)
    for name in members(kind) if everything else ():
        value = getattr(result, name)
        if isinstance(value, str | float | int) and name not in told:
            yield f"{name}={_fact(name, value)}"


def _fact(name: str, value: float | str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _short(value)
    return _plain(words.whole_usd(value) if name.endswith("_usd") else show_number(value, 4))


def _table(name: str, columns: Sequence[Column], rows: Sequence[Any], most: int) -> Iterator[str]:
    """Return a table: its name, how many rows, its columns, then a line each."""
    shown = rows[:most]
    count = f"{len(shown)} of {len(rows)}" if len(shown) < len(rows) else len(rows)
    yield f"{name}[{count}]: {','.join(c.key for c in columns)}"
    yield from (",".join(_cell(c, row).replace(",", ";") for c in columns) for row in shown)


def _cell(column: Column, row: Any) -> str:
    text = _plain(column.text(row))
    return "" if text == NOTHING else _short(text)


def _assumed(rows: Sequence[AssumptionResult]) -> Iterator[str]:
    """Return what was given, then what we judged, as paths that `--set` takes."""
    given = [r for r in rows if r.origin == "given"]
    judged = [r for r in rows if r.judgment]
    chosen = [*given, *judged][:ASSUMPTIONS]
    if rows:
        parts = (f"{r.path}={_plain(in_unit(r.value, r.unit))}" for r in chosen)
        yield f"assumed[{len(chosen)} of {len(rows)}]: {' '.join(parts)}"


def _sentences(text: str) -> str:
    """Return the first sentences."""
    return " ".join(_SENTENCE.split(text)[:SENTENCES])


def _short(text: str) -> str:
    return words.shortened(text, LONGEST)


def _plain(text: str) -> str:
    """Return a figure without the commas of its thousands."""
    return _THOUSANDS.sub("", text)
