"""The screen of `tco catalog history`, and the table of windows that other screens share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tco.catalog.summary import CatalogHistory, WindowRow
from tco.render import words
from tco.render.screens import Screen
from tco.render.table import Block, Column, Paragraph, Row, Sheet, Table, View

USUAL = ("since", "until", "offer", "input", "cached_input", "output", "change", "status")


def everything(result: CatalogHistory) -> Sheet:
    """Return all windows."""
    return window_sheet(result.windows)


def sheet(result: CatalogHistory, view: View) -> Sheet:
    """Return all windows."""
    return everything(result)


def window_sheet(rows: Sequence[WindowRow]) -> Sheet:
    """Return windows with everything that can be said of them."""
    return Sheet(
        rows=tuple(rows),
        columns=(
            Column(key="since", head="since", get=lambda w: w.since),
            Column(key="until", head="until", get=lambda w: w.until),
            Column(key="offer", head="offer", get=lambda w: w.offer, wraps=True),
            _price("input", "input"),
            _price("cached_input", "cached"),
            _price("output", "output"),
            Column(key="change", head="change", get=lambda w: w.change, show=_moved, right=True),
            Column(key="status", head="status", get=lambda w: w.status),
            Column(key="checked", head="checked", get=lambda w: w.checked),
            Column(key="sources", head="sources", get=lambda w: " ".join(w.sources), wraps=True),
            Column(key="note", head="note", get=lambda w: w.note or None, wraps=True),
        ),
        usual=USUAL,
        keys={},
    )


def _price(key: str, head: str) -> Column:
    return Column(key=key, head=head, get=lambda w: getattr(w, key), show=words.price, right=True)


def _moved(ratio: float) -> str:
    """Return how a price moved: `-80%`, `+18%`, `x3.1`."""
    if ratio >= 2.995:
        return f"x{ratio:.1f}"
    return f"{(ratio - 1) * 100:+.0f}%"


def window_table(rows: Sequence[WindowRow], keys: Sequence[str] = USUAL, title: str = "") -> Table:
    """Return a table of windows, each with its note."""
    columns = window_sheet(rows).pick(keys)
    made = tuple(Row(cells=tuple(c.text(w) for c in columns), note=w.note) for w in rows)
    return Table(columns=columns, rows=made, title=title)


def blocks(result: CatalogHistory, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the windows of a model, oldest first, and its retirements."""
    yield Paragraph(text=f"{result.name} ({result.model}), list prices in $/Mtok", tone="bold")
    rows = sheet.rows[: view.top]
    if rows:
        yield window_table(rows, view.fields or USUAL)
    else:
        yield Paragraph(text="Nobody has offered it by the token.")
    for offer, day in result.retirements:
        yield Paragraph(text=f"{offer} is answered for until {day}", tone="dim", bullet=True)


SCREEN = Screen(rows=("windows",), everything=everything, sheet=sheet, blocks=blocks)
