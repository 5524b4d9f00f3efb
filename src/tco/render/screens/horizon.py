"""The screen of `tco horizon`: what each option comes to, and the cash of every year."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import groupby

from tco.analysis.horizon.results import HorizonMonth, HorizonResult, HorizonRow
from tco.render import words
from tco.render.screens import Screen
from tco.render.table import Block, Column, Paragraph, Row, Sheet, Table, View, number
from tco.show import show_number, show_tokens, show_usd


def _months(value: float) -> str:
    return f"{show_number(value)} months" if value else "at once"


def _start(value: int) -> str:
    return f"after {show_number(value)} months" if value else "now"


COLUMNS = (
    Column(key="letter", head="", get=lambda r: r.letter),
    Column(key="id", head="option", get=lambda r: r.id, wraps=True),
    number("upfront_usd", "up front $", lambda r: r.upfront_usd, words.whole_usd),
    number("total_usd", "cash $", lambda r: r.total_usd, words.whole_usd),
    number("npv_usd", "in today's $", lambda r: r.npv_usd, words.whole_usd),
    number("saving_usd", "saved $", lambda r: r.saving_usd, words.whole_usd),
    number("npv_saving_usd", "saved, today's $", lambda r: r.npv_saving_usd, words.whole_usd),
    number("payback_months", "pays back", lambda r: r.payback_months, _months),
    number("best_start_month", "best begun", lambda r: r.best_start_month, _start),
    number(
        "best_start_saving_usd", "saved then", lambda r: r.best_start_saving_usd, words.whole_usd
    ),
    Column(key="trust", head="trust", get=lambda r: r.trust),
    Column(
        key="trust_reasons", head="because", get=lambda r: words.notes_of(r.trust_reasons) or None
    ),
)
USUAL = ("letter", "id", "upfront_usd", "total_usd", "npv_usd", "payback_months")
KEYS = {"cost": "npv_usd"}


def everything(result: HorizonResult) -> Sheet:
    """Return the options."""
    return Sheet(rows=result.rows, columns=COLUMNS, usual=USUAL, keys=KEYS)


def sheet(result: HorizonResult, view: View) -> Sheet:
    """Return the options."""
    return everything(result)


def blocks(result: HorizonResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the screen: the first month, the options, the years, what happens on the way."""
    yield Paragraph(text=f"{words.month(result.workload)}\n{words.edition(result.catalog)}")
    for said in result.resolved:
        yield Paragraph(text=said, tone="dim", hanging=2, bullet=True)
    columns = sheet.pick(view.fields or sheet.usual)
    rows = tuple(
        Row(cells=tuple(c.text(row) for c in columns), note="" if view.fields else _saved(row))
        for row in sheet.rows
    )
    yield Table(title=_title(result), columns=columns, rows=rows)
    if view.fields:
        return
    yield _years(result)
    for event in result.events:
        yield Paragraph(text=event, tone="dim", hanging=2, bullet=True)
    yield Paragraph(text=result.verdict, tone="bold")
    yield from words.assumptions(result.assumptions)


def _saved(row: HorizonRow) -> str:
    """Return what an option saves against A, in cash and in today's money, and when to begin."""
    if row.saving_usd is None or row.npv_saving_usd is None:
        return ""
    verb = "saves" if row.saving_usd >= 0 else "costs"
    text = f"{verb} {show_usd(abs(row.saving_usd))} against A, {_today(row)} in today's money"
    if row.best_start_month is None or row.best_start_saving_usd is None:
        return text
    if row.best_start_saving_usd <= 0:
        return f"{text}; best never begun"
    return f"{text}; best begun {_start(row.best_start_month)}"


def _today(row: HorizonRow) -> str:
    usd = row.npv_saving_usd or 0.0
    same = (usd >= 0) == ((row.saving_usd or 0.0) >= 0)
    return show_usd(abs(usd)) if same else f"{show_usd(abs(usd))} {'less' if usd > 0 else 'more'}"


def _title(result: HorizonResult) -> str:
    rate = words.in_unit(result.yearly_rate, "share/year")
    when = "its year" if result.discounting == "year-end" else "its month"
    return (
        f"{result.months} months from {result.path[0].begins}; capital costs {rate}, cash counts "
        f"at the end of {when}"
    )


def _years(result: HorizonResult) -> Table:
    """Return the cash of the first day and of each year."""
    by_year = groupby(result.path, key=lambda m: 0 if not m.month else (m.month + 11) // 12)
    years = [(year, list(months)) for year, months in by_year]
    columns = (
        Column(key="year", head="year", get=lambda y: y),
        number("tokens", "tokens/month", lambda y: y, show_tokens),
        *(_cash(place, row) for place, row in enumerate(result.rows)),
    )
    rows = tuple(Row(cells=_year(year, months, result)) for year, months in years)
    return Table(
        title="Cash by year; what the GPUs are sold for on the last day is taken off the last",
        columns=columns,
        rows=rows,
    )


def _cash(place: int, row: HorizonRow) -> Column:
    return number(row.letter, f"{row.letter} $", partial(_of, place), words.whole_usd)


def _of(place: int, month: HorizonMonth) -> float:
    return month.usd[place]


def _year(year: int, months: list[HorizonMonth], result: HorizonResult) -> tuple[str, ...]:
    cash = [sum(m.usd[place] for m in months) for place in range(len(result.rows))]
    head = f"year {year}" if year else "first day"
    tokens = show_tokens(months[-1].tokens_per_month) if year else ""
    return (head, tokens, *(words.whole_usd(usd) if usd else "–" for usd in cash))


SCREEN = Screen(rows=("rows",), everything=everything, sheet=sheet, blocks=blocks)
