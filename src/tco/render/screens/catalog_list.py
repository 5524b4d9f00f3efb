"""The screen of `tco catalog list`, and the table of offers that other screens share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tco.catalog.summary import CatalogList, OfferRow
from tco.render import words
from tco.render.screens import Screen
from tco.render.table import Block, Column, Paragraph, Row, Sheet, Table, View

USUAL = ("id", "input", "cached_input", "output", "status", "checked", "confidence", "retires")


def everything(result: CatalogList) -> Sheet:
    """Return all offers."""
    return offer_sheet(result.offers)


def sheet(result: CatalogList, view: View) -> Sheet:
    """Return all offers."""
    return everything(result)


def offer_sheet(rows: Sequence[OfferRow]) -> Sheet:
    """Return offers with everything that can be said of them."""
    return Sheet(
        rows=tuple(rows),
        columns=(
            Column(key="id", head="offer", get=lambda r: r.id, wraps=True),
            Column(key="provider", head="provider", get=lambda r: r.provider),
            Column(key="model", head="model", get=lambda r: r.model),
            Column(key="weights", head="weights", get=lambda r: r.weights),
            _price("input", "input", lambda r: r.input),
            _price("cached_input", "cached", lambda r: r.cached_input),
            _price("output", "output", lambda r: r.output),
            Column(key="status", head="status", get=lambda r: r.status),
            Column(key="since", head="since", get=lambda r: r.since),
            Column(key="checked", head="checked", get=lambda r: r.checked),
            Column(key="age_days", head="days", get=lambda r: r.age_days, right=True),
            Column(key="confidence", head="trust", get=lambda r: r.confidence),
            Column(key="witnesses", head="sources", get=lambda r: r.witnesses, right=True),
            Column(key="retires", head="retires", get=lambda r: r.retires),
            Column(key="origin", head="file", get=lambda r: r.origin),
        ),
        usual=USUAL,
        keys={"price": "input"},
    )


def _price(key: str, head: str, get: object) -> Column:
    return Column(key=key, head=head, get=get, show=words.price, right=True)  # type: ignore[arg-type]  # a function of a row


def offer_table(rows: Sequence[OfferRow], keys: Sequence[str] = USUAL, title: str = "") -> Table:
    """Return a table of offers."""
    columns = offer_sheet(rows).pick(keys)
    made = tuple(Row(cells=tuple(c.text(row) for c in columns)) for row in rows)
    return Table(columns=columns, rows=made, title=title)


def blocks(result: CatalogList, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the offers, and which files they are from."""
    rows = sheet.rows[: view.top]
    laid = [path for path in result.overlays if any(row.origin == path for row in rows)]
    keys = view.fields or (*USUAL, *(("origin",) if laid else ()))
    if rows:
        yield offer_table(rows, keys)
    else:
        yield Paragraph(text="No offer matches.")
    more = f" of {len(sheet.rows):,}; --top shows more" if len(rows) < len(sheet.rows) else ""
    text = f"{len(rows):,} offers{more}; $/Mtok on {result.as_of}, catalog {result.version}"
    yield Paragraph(text=text, tone="dim")


SCREEN = Screen(rows=("offers",), everything=everything, sheet=sheet, blocks=blocks)
