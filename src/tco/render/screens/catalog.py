"""The screens of `tco catalog`: lists, history, records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tco.catalog.summary import (
    CatalogHistory,
    CatalogList,
    CatalogNames,
    CatalogRecord,
    Fact,
    OfferRow,
    RentRow,
    WindowRow,
)
from tco.render import words
from tco.render.output import Screen
from tco.render.words import Block, Column, Paragraph, Sheet, Table, View, column, number
from tco.units import show_number, show_price, show_share

# The screen of `tco catalog list`, and the table of offers that other screens share.

USUAL = ("id", "input", "cached_input", "output", "status", "checked", "confidence", "retires")


def _status(row: OfferRow) -> str:
    """Return whether there is a price; of one by the query that price itself."""
    usd = row.usd_per_1k_searches
    by_query = usd is not None and row.input is None and row.checked is not None
    return f"{show_price(usd)} per 1k queries" if by_query and usd is not None else row.status


def offer_sheet(rows: Sequence[OfferRow]) -> Sheet:
    """Return offers with everything that can be said of them."""
    return Sheet(
        rows=tuple(rows),
        columns=(
            column("id", "offer", wraps=True),
            *words.plain("provider", "model", "weights"),
            number("input", "input", words.price),
            number("cached_input", "cached", words.price),
            number("output", "output", words.price),
            column("status", "status", get=_status),
            *words.plain("since", "checked"),
            number("age_days", "days"),
            column("confidence", "trust"),
            number("witnesses", "sources"),
            column("retires", "retires"),
            column("origin", "file"),
        ),
        usual=USUAL,
        keys={"price": "input"},
    )


def offer_table(rows: Sequence[OfferRow], keys: Sequence[str] = USUAL, title: str = "") -> Table:
    """Return a table of offers."""
    return words.table(offer_sheet(rows).pick(keys), rows, title)


def _list_blocks(result: CatalogList, sheet: Sheet, view: View) -> Iterator[Block]:
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


LIST = Screen(rows=("offers",), everything=lambda r: offer_sheet(r.offers), blocks=_list_blocks)


# The screen of `tco catalog list --profiles`, `--models`, `--gpus`, `--providers`, `--sellers`.

_FIGURES: dict[str, tuple[str, Callable[[Any], str]]] = {
    "isl": ("input", words.count),
    "osl": ("output", words.count),
    "cached_share": ("cached", show_share),
    "peak_to_mean": ("peak", lambda x: f"{x:.2f}x"),
    "requests_per_user_per_month": ("req/user", words.count),
    "params_b": ("params B", lambda x: show_number(x, 4)),
    "memory_gib": ("GiB", words.count),
    "on_demand_from_usd_per_gpu_hour": ("from $/GPU-h", words.price),
    "offers": ("offers", words.count),
    "sellers": ("sellers", words.count),
    "gpus": ("GPUs", words.count),
}
"""Heading of a figure, and how it is written."""


def _names_everything(result: CatalogNames) -> Sheet:
    """Return all names."""
    keys = list(result.names[0].figures) if result.names else []
    head = {"profiles": "what it is", "gpus": "GPU"}.get(result.kind, result.kind[:-1])
    return Sheet(
        rows=result.names,
        columns=(
            column("id", result.flag),
            column("name", head, wraps=True),
            *(_figure(key) for key in keys),
        ),
        usual=("id", "name", *keys),
    )


def _figure(key: str) -> Column:
    head, show = _FIGURES.get(key, (key, str))
    known = key in _FIGURES
    return column(key, head, show, get=lambda r: r.figures[key], right=known)


def _names_blocks(result: CatalogNames, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the names, and what takes them."""
    columns = sheet.pick(view.fields or sheet.usual)
    yield words.table(columns, sheet.rows[: view.top])
    if result.kind == "profiles":
        text = (
            "Tokens are of a request, means; peak is the busiest hour over the average one. "
            "tco compare --tokens 50B --profile chat; your own: tco profile LOGS --to traffic.yaml"
        )
        yield Paragraph(text=text, tone="dim")


NAMES = Screen(rows=("names",), everything=_names_everything, blocks=_names_blocks)


# The screen of `tco catalog history`, and the table of windows that other screens share.

HISTORY_USUAL = ("since", "until", "offer", "input", "cached_input", "output", "change", "status")


def window_sheet(rows: Sequence[WindowRow]) -> Sheet:
    """Return windows with everything that can be said of them."""
    return Sheet(
        rows=tuple(rows),
        columns=(
            *words.plain("since", "until"),
            column("offer", "offer", wraps=True),
            number("input", "input", words.price),
            number("cached_input", "cached", words.price),
            number("output", "output", words.price),
            number("change", "change", _moved),
            *words.plain("status", "checked"),
            column("sources", "sources", get=lambda w: " ".join(w.sources), wraps=True),
            column("note", "note", get=lambda w: w.note or None, wraps=True),
        ),
        usual=HISTORY_USUAL,
    )


def _moved(ratio: float) -> str:
    """Return how a price moved: `-80%`, `+18%`, `x3.1`."""
    if ratio >= 2.995:
        return f"x{ratio:.1f}"
    return f"{(ratio - 1) * 100:+.0f}%"


def window_table(
    rows: Sequence[WindowRow], keys: Sequence[str] = HISTORY_USUAL, title: str = ""
) -> Table:
    """Return a table of windows, each with its note."""
    return words.table(window_sheet(rows).pick(keys), rows, title, lambda w: w.note)


def _history_blocks(result: CatalogHistory, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the windows of a model, oldest first, and its retirements."""
    yield Paragraph(text=f"{result.name} ({result.model}), list prices in $/Mtok", tone="bold")
    rows = sheet.rows[: view.top]
    if rows:
        yield window_table(rows, view.fields or HISTORY_USUAL)
    else:
        yield Paragraph(text="Nobody has offered it by the token.")
    for offer, day in result.retirements:
        yield Paragraph(text=f"{offer} is answered for until {day}", tone="dim", bullet=True)


HISTORY = Screen(
    rows=("windows",), everything=lambda r: window_sheet(r.windows), blocks=_history_blocks
)


# The screen of `tco catalog show`.

RENTS = 15
OFFERS = ("id", "input", "cached_input", "output", "status", "checked", "confidence")


def _show_blocks(result: CatalogRecord, sheet: Sheet, view: View) -> Iterator[Block]:
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
    return words.table(columns, facts)


def _rents(rents: Sequence[RentRow], top: int) -> Iterator[Block]:
    columns = (
        number("usd_per_gpu_hour", "$/GPU-h", lambda usd: f"{usd:.2f}"),
        column("seller", "seller"),
        column("gpu", "GPU"),
        column("option", "option"),
        number("gpus", "GPUs"),
        *words.plain("region", "checked", "source"),
    )  # fmt: skip
    yield words.table(columns, rents[:top], "Rents, cheapest first")
    if len(rents) > top:
        yield Paragraph(text=f"{len(rents) - top} more: --top {len(rents)}", tone="dim")


SHOW = Screen(
    rows=("facts",),
    everything=Sheet(
        columns=(
            column("name", "what"),
            column("value", "value", wraps=True),
            column("source", "source", get=lambda f: f.source or None),
        ),
        usual=("name", "value", "source"),
    ),
    blocks=_show_blocks,
)
