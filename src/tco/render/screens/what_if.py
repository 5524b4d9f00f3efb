"""The screen of `tco sensitivity --what-if`: bills side by side."""

from __future__ import annotations

from collections.abc import Iterator

from tco.analysis.change.results import WhatIfResult, WhatIfRow
from tco.render import words
from tco.render.screens import Screen
from tco.render.table import Block, Column, Paragraph, Row, Sheet, Table, View, number

TOP = 15
TRUST = (
    Column(key="trust", head="trust", get=lambda r: r.trust),
    Column(
        key="trust_reasons", head="because", get=lambda r: words.notes_of(r.trust_reasons) or None
    ),
)
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def everything(result: WhatIfResult) -> Sheet:
    """Return all options."""
    columns = _columns(result)
    beside = ("tier", "model", *(c.key for c in TRUST))
    usual = tuple(c.key for c in columns if c.key not in beside and "mean" not in c.key)
    return Sheet(rows=result.options, columns=columns, usual=usual, keys={"cost": "base_usd"})


def sheet(result: WhatIfResult, view: View) -> Sheet:
    """Return all options."""
    return everything(result)


def _columns(result: WhatIfResult) -> tuple[Column, ...]:
    columns = [
        Column(key="id", head="option", get=lambda r: r.id, wraps=True),
        Column(key="tier", head="tier", get=lambda r: r.tier),
        Column(key="model", head="model", get=lambda r: r.model),
        number("base_usd", "today", lambda r: r.base_usd, words.whole_usd),
    ]
    for i, one in enumerate(result.what_ifs):
        key = "_".join(one.name.split())
        head = LETTERS[i % len(LETTERS)]
        columns.append(number(f"{key}_usd", head, _bill(i), words.whole_usd))
        if one.months is not None:
            columns.append(number(f"{key}_mean_usd", f"{head} mean", _mean(i), words.whole_usd))
    return (*columns, *TRUST)


def _bill(which: int):  # type: ignore[no-untyped-def]
    return lambda row: row.usd[which]


def _mean(which: int):  # type: ignore[no-untyped-def]
    return lambda row: row.mean_usd[which]


def blocks(result: WhatIfResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the screen: what each letter means, the bills, the verdict."""
    yield Paragraph(text=words.edition(result.catalog))
    for said in result.resolved:
        yield Paragraph(text=said, tone="dim", hanging=2, bullet=True)
    for i, one in enumerate(result.what_ifs):
        changes = ", ".join(one.changes)
        over = "" if one.months is None else f", once {one.months:g} months have passed"
        name = "" if one.name.startswith(changes) else f"{one.name}: "
        text = f"{LETTERS[i % len(LETTERS)]}  {name}{changes}{over}"
        yield Paragraph(text=text, hanging=3, bullet=True)
    columns = sheet.pick(view.fields or sheet.usual)
    top = TOP if view.top is None else view.top
    yield Table(columns=columns, rows=tuple(_row(r, columns, result) for r in sheet.rows[:top]))
    yield Paragraph(text="$ a month; * the cheapest of its column", tone="dim")
    yield Paragraph(text=result.verdict)


def _row(row: WhatIfRow, columns: tuple[Column, ...], result: WhatIfResult) -> Row:
    best = {"base_usd": result.cheapest[0]}
    for one, winner in zip(result.what_ifs, result.cheapest[1:], strict=True):
        best["_".join(one.name.split()) + "_usd"] = winner
    cells = tuple("*" * (best.get(c.key) == row.id) + c.text(row) for c in columns)
    return Row(cells=cells, tone="bold" if result.cheapest[0] == row.id else "")


SCREEN = Screen(rows=("options",), everything=everything, sheet=sheet, blocks=blocks)
