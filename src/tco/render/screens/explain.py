"""The screen of `tco explain`: every term of one bill."""

from __future__ import annotations

from collections.abc import Iterator

from tco.analysis.results import BillLine, ExplainResult, OptionResult
from tco.render import words
from tco.render.screens import Screen
from tco.render.table import Block, Column, Paragraph, Row, Sheet, Table, View
from tco.show import show_number, show_share, show_usd

COLUMNS = (
    Column(key="item", head="item", get=lambda r: r.item, wraps=True),
    Column(key="group", head="group", get=lambda r: r.group),
    Column(
        key="quantity",
        head="quantity",
        get=lambda r: r.quantity,
        show=lambda q: show_number(q, 4),
        right=True,
    ),
    Column(key="unit", head="unit", get=lambda r: r.unit),
    Column(
        key="rate_usd", head="rate $", get=lambda r: r.rate_usd, show=words.whole_usd, right=True
    ),
    Column(
        key="amount_usd",
        head="$/month",
        get=lambda r: r.amount_usd,
        show=words.whole_usd,
        right=True,
    ),
    Column(key="origin", head="who", get=lambda r: r.origin),
    Column(key="source", head="source", get=lambda r: r.source, wraps=True),
    Column(key="date", head="date", get=lambda r: r.date),
)
USUAL = ("item", "quantity", "unit", "rate_usd", "amount_usd")
KEYS = {"cost": "amount_usd", "item": "item"}


def everything(result: ExplainResult) -> Sheet:
    """Return the lines of the bill."""
    return Sheet(rows=result.option.lines, columns=COLUMNS, usual=USUAL, keys=KEYS)


def sheet(result: ExplainResult, view: View) -> Sheet:
    """Return the lines of the bill."""
    return everything(result)


def blocks(result: ExplainResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the screen: the option, its bill, how the quantities came about, the sources."""
    option = result.option
    yield Paragraph(text=f"{option.id} ({option.tier})", tone="bold", hanging=2)
    for said in result.resolved:
        yield Paragraph(text=said, tone="dim", hanging=2, bullet=True)
    yield Paragraph(text=f"{words.month(result.workload)}\n{words.edition(result.catalog)}")
    columns = sheet.pick(view.fields or sheet.usual)
    rows = [_row(r, columns, noted=view.fields is None) for r in sheet.rows[: view.top]]
    yield Table(columns=columns, rows=tuple(rows))
    yield from _total(result)
    for title, texts in (("How it came about", result.steps), ("Sources", result.sources)):
        if texts:
            yield Paragraph(text=title, tone="bold")
            for text in texts:
                yield Paragraph(text=text, hanging=2, bullet=True)
    yield from words.assumptions(result.assumptions)


def _row(line: BillLine, columns: tuple[Column, ...], *, noted: bool) -> Row:
    return Row(
        cells=tuple(column.text(line) for column in columns),
        note=_who(line) if noted else "",
    )


def _who(line: BillLine) -> str:
    date = f", {line.date}" if line.date else ""
    return f"{words.star(line.origin)}{line.origin}: {line.source}{date}"


def _beside(option: OptionResult) -> Iterator[str]:
    """Return what is told beside the total: its parts, energy, cash up front, how sure it is."""
    if option.trust_reasons:
        yield f"Trust in the price {option.trust}: {words.notes_of(option.trust_reasons)}"
    if option.breakdown is not None:
        yield f"Of this {words.parts(option.breakdown, '$')}"
    energy = option.energy
    if energy is not None and energy.wh_per_request is not None:
        yield (
            f"Energy {show_number(energy.kwh_per_month)} kWh a month, "
            f"{show_number(energy.wh_per_request)} Wh a request; "
            f"{show_number(energy.kg_co2_per_month)} kg of CO2 a month ({energy.basis})"
        )
    if option.upfront_usd is not None:
        cash = show_usd(option.upfront_usd)
        yield f"Up front {cash} in cash, which the amortized lines pay back"


def _total(result: ExplainResult) -> Iterator[Block]:
    option = result.option
    if option.monthly_usd is None:
        return
    parts = [f"Total {show_usd(option.monthly_usd)} a month"]
    if option.usd_per_mtok is not None:
        parts.append(f"{show_usd(option.usd_per_mtok)} per million tokens")
    band = option.band_usd
    if band is not None and band[0] < band[1]:
        parts.append(f"within the throughput band {words.spread(*band)}")
    yield Paragraph(text="; ".join(parts), tone="bold")
    yield from (Paragraph(text=text) for text in _beside(option))
    used = option.utilization
    if used is not None and option.gpus is None:
        yield Paragraph(text=f"Used: {show_share(used.paid_hours)} of the units paid for")
    elif used is not None:
        shares = (
            show_share(used.slots),
            show_share(used.token_capacity),
            show_share(used.paid_hours),
        )
        yield Paragraph(
            text="Used: {} of the request slots, {} of the tokens it could serve, "
            "{} of the GPU-hours paid for".format(*shares)
        )
    for note in option.notes:
        yield Paragraph(text=note, tone="dim", hanging=2, bullet=True)


SCREEN = Screen(rows=("option", "lines"), everything=everything, sheet=sheet, blocks=blocks)
