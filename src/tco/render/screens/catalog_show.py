"""The screen of `tco catalog show`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tco.catalog.summary import CatalogRecord, Fact, RentRow
from tco.render.screens import Screen
from tco.render.screens.catalog_history import window_table
from tco.render.screens.catalog_list import offer_table
from tco.render.table import Block, Column, Paragraph, Row, Sheet, Table, View

RENTS = 15
OFFERS = ("id", "input", "cached_input", "output", "status", "checked", "confidence")


def everything(result: CatalogRecord) -> Sheet:
    """Return the figures of the record."""
    return Sheet(
        rows=result.facts,
        columns=(
            Column(key="name", head="what", get=lambda f: f.name),
            Column(key="value", head="value", get=lambda f: f.value, wraps=True),
            Column(key="source", head="source", get=lambda f: f.source or None),
        ),
        usual=("name", "value", "source"),
        keys={},
    )


def sheet(result: CatalogRecord, view: View) -> Sheet:
    """Return the figures of the record."""
    return everything(result)


def blocks(result: CatalogRecord, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the record: its figures, its offers or rents, its windows and its sources."""
    head = f"{result.name} ({result.kind} {result.id}), from {result.origin}"
    yield Paragraph(text=head, tone="bold")
    if sheet.rows:
        yield _facts(sheet.rows, sheet)
    if result.offers:
        title = f"Offers on {result.as_of}, $/Mtok" if result.kind != "offer" else "Today"
        yield offer_table(result.offers[: view.top], OFFERS, title)
    if result.windows:
        keys = ("since", "until", "input", "cached_input", "output", "change", "status", "sources")
        yield window_table(result.windows, keys, "Prices, oldest first, $/Mtok")
    if result.rents:
        yield from _rents(result.rents, view.top or RENTS)
    if result.sources:
        yield Paragraph(text="Sources", tone="bold")
    for source in result.sources:
        text = f"{source.name} ({source.source}): {source.value}"
        yield Paragraph(text=text, hanging=2, bullet=True)


def _facts(facts: Sequence[Fact], sheet: Sheet) -> Table:
    sourced = any(fact.source for fact in facts)
    columns = sheet.pick(("name", "value", "source") if sourced else ("name", "value"))
    return Table(
        columns=columns, rows=tuple(Row(cells=tuple(c.text(f) for c in columns)) for f in facts)
    )


def _rents(rents: Sequence[RentRow], top: int) -> Iterator[Block]:
    columns = (
        Column(key="usd_per_gpu_hour", head="$/GPU-h", get=lambda r: r.usd_per_gpu_hour,
               show=lambda usd: f"{usd:.2f}", right=True),
        Column(key="seller", head="seller", get=lambda r: r.seller),
        Column(key="gpu", head="GPU", get=lambda r: r.gpu),
        Column(key="option", head="option", get=lambda r: r.option),
        Column(key="gpus", head="GPUs", get=lambda r: r.gpus, right=True),
        Column(key="region", head="region", get=lambda r: r.region),
        Column(key="checked", head="checked", get=lambda r: r.checked),
        Column(key="source", head="source", get=lambda r: r.source),
    )  # fmt: skip
    rows = tuple(Row(cells=tuple(c.text(r) for c in columns)) for r in rents[:top])
    yield Table(columns=columns, rows=rows, title="Rents, cheapest first")
    if len(rents) > top:
        yield Paragraph(text=f"{len(rents) - top} more: --top {len(rents)}", tone="dim")


SCREEN = Screen(rows=("facts",), everything=everything, sheet=sheet, blocks=blocks)
