"""The screen of `tco sensitivity --draws N`: how sure the answer is, and what to measure."""

from __future__ import annotations

from collections.abc import Iterator

from tco.analysis.uncertain.results import MonteCarloResult, OptionRisk, Percentiles, UncertainInput
from tco.render import words
from tco.render.screens import Screen
from tco.render.table import Block, Column, Paragraph, Row, Sheet, Table, View, number
from tco.show import show_number, show_share, show_tokens, show_usd

TOP = 15
MOST_INPUTS = 12

COLUMNS = (
    Column(key="id", head="option", get=lambda r: r.id, wraps=True),
    Column(key="tier", head="tier", get=lambda r: r.tier),
    Column(key="model", head="model", get=lambda r: r.model),
    number("base_usd", "base $", lambda r: r.base_usd, words.whole_usd),
    number("p_cheapest", "cheapest in", lambda r: r.p_cheapest, show_share),
    number("mean_usd", "mean $", lambda r: r.mean_usd, words.whole_usd),
    number("p5_usd", "p5 $", lambda r: r.usd.p5, words.whole_usd),
    number("p50_usd", "p50 $", lambda r: r.usd.p50, words.whole_usd),
    number("p95_usd", "p95 $", lambda r: r.usd.p95, words.whole_usd),
    number("regret_usd", "regret $", lambda r: r.regret_usd, words.whole_usd),
    number("p_infeasible", "cannot serve", lambda r: r.p_infeasible, show_share),
    Column(key="trust", head="trust", get=lambda r: r.trust),
    Column(
        key="trust_reasons", head="because", get=lambda r: words.notes_of(r.trust_reasons) or None
    ),
)
USUAL = ("id", "p_cheapest", "p5_usd", "p50_usd", "p95_usd", "regret_usd")
KEYS = {"cost": "mean_usd", "regret": "regret_usd", "id": "id"}

INPUTS = (
    Column(key="key", head="assumption", get=lambda r: r.key, wraps=True),
    Column(key="range", head="nine in ten", get=lambda r: _range(r)),
    number("total", "variance", lambda r: r.total, show_share),
    number("value_usd", "worth $", lambda r: r.value_usd, words.whole_usd),
    Column(key="measured_by", head="by", get=lambda r: r.measured_by),
)


def everything(result: MonteCarloResult) -> Sheet:
    """Return all options."""
    return Sheet(rows=result.options, columns=COLUMNS, usual=USUAL, keys=KEYS)


def sheet(result: MonteCarloResult, view: View) -> Sheet:
    """Return all options."""
    return everything(result)


def blocks(result: MonteCarloResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the screen: the options, the saving, what it hangs on, what to measure."""
    yield Paragraph(text=words.edition(result.catalog))
    volume, seed = show_tokens(result.tokens_per_month), result.seed
    yield Paragraph(text=f"{result.draws:,} draws at {volume} tokens a month, seed {seed}")
    for said in result.resolved:
        yield Paragraph(text=said, tone="dim", hanging=2, bullet=True)
    columns = sheet.pick(view.fields or sheet.usual)
    top = TOP if view.top is None else view.top
    yield Table(columns=columns, rows=tuple(_row(r, columns) for r in sheet.rows[:top]))
    yield Paragraph(text=result.verdict)
    yield from _pair(result)
    rows = result.inputs[:MOST_INPUTS]
    title = "What the saving hangs on, and what knowing it would be worth"
    made = tuple(Row(cells=tuple(_input(r, c) for c in INPUTS)) for r in rows)
    yield Table(columns=INPUTS, rows=made, title=title)
    yield Paragraph(text=result.advice, tone="bold")
    yield Paragraph(text="How it was done", tone="bold")
    told = [f"{c.a} and {c.b} at {c.rank_correlation:g}: {c.because}" for c in result.correlations]
    moves = [f"moving together: {text}" for text in told]
    for text in (*result.method, *moves):
        yield Paragraph(text=f"- {text}", hanging=2, bullet=True)


def _row(option: OptionRisk, columns: tuple[Column, ...]) -> Row:
    return Row(cells=tuple(column.text(option) for column in columns))


def _input(row: UncertainInput, column: Column) -> str:
    star = words.STAR if column.key == "key" and row.origin == "assumed" else ""
    return column.text(row) + star


def _range(row: UncertainInput) -> str:
    money = row.unit.startswith("USD")  # its unit would not fit
    low, high = (
        show_number(v) if money else words.in_unit(v, row.unit) for v in (row.low, row.high)
    )
    return f"{low} to {high}" + ("" if row.tail == 0.05 else f" ({1 - 2 * row.tail:.0%})")


def _pair(result: MonteCarloResult) -> Iterator[Block]:
    if result.saving is not None:
        s = result.saving
        yield Paragraph(
            text=f"Saving of {s.b} over {s.a}: {_span(s.usd, show_usd)} a month", hanging=2
        )
    if result.breakeven is not None:
        b = result.breakeven
        never = f"never in {show_share(b.p_never)} of {show_number(b.draws, 5)} draws"
        if b.p_undecided:
            never += f", undecided in {show_share(b.p_undecided)}"
        span = _span(b.tokens_per_month, show_tokens)
        yield Paragraph(text=f"Break-even: {span} tokens a month; {never}", hanging=2, bullet=True)


def _span(p: Percentiles, show):  # type: ignore[no-untyped-def]
    low, middle, high = ("none" if v is None else show(v) for v in (p.p5, p.p50, p.p95))
    return f"{middle} in the median, {low} to {high} in nine of ten"


SCREEN = Screen(rows=("options",), everything=everything, sheet=sheet, blocks=blocks)
