"""The screens of `tco sensitivity`: a tornado, what-ifs, how sure the answer is."""

from __future__ import annotations

from collections.abc import Iterator

from tco.analysis.montecarlo.results import (
    MonteCarloResult,
    OptionRisk,
    Percentiles,
    UncertainInput,
)
from tco.analysis.results import SensitivityResult, SwingResult
from tco.analysis.vary.results import WhatIfResult, WhatIfRow
from tco.render import words
from tco.render.screens import Screen
from tco.render.table import Block, Column, Paragraph, Row, Sheet, Table, View, number
from tco.units import in_unit, show_number, show_share, show_tokens, show_usd

# The screen of `tco sensitivity`: a tornado in text.

TOP = 12
BAR = 17  # characters, with the middle for "both cost the same"

USUAL = ("path", "bar", "swing_usd", "flips_at")
KEYS = {"swing": "swing_usd", "path": "path", "volume": "swing_tokens"}
COMPACT = ("path", "at_low_usd", "at_high_usd", "swing_usd", "flips_at")


def _tornado_everything(result: SensitivityResult) -> Sheet:
    """Return all rows."""
    return Sheet(rows=result.rows, columns=_columns(result), usual=USUAL, keys=KEYS)


def _tornado_sheet(result: SensitivityResult, view: View) -> Sheet:
    """Return all rows."""
    return _tornado_everything(result)


def _columns(result: SensitivityResult) -> tuple[Column, ...]:
    ends = [end for row in result.rows for end in known_ends(row)]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    return (
        Column(key="path", head="assumption", get=lambda r: r.path, wraps=True),
        Column(key="title", head="what it is", get=lambda r: r.title, wraps=True),
        Column(key="unit", head="unit", get=lambda r: r.unit),
        number("value", "value", lambda r: r.value, words.count),
        number("low", "low", lambda r: r.low, words.count),
        number("high", "high", lambda r: r.high, words.count),
        Column(key="origin", head="origin", get=lambda r: r.origin),
        Column(key="source", head="source", get=lambda r: r.source, wraps=True),
        number("at_low_usd", "B-A at low", lambda r: r.at_low_usd, words.whole_usd),
        number("at_high_usd", "B-A at high", lambda r: r.at_high_usd, words.whole_usd),
        Column(key="bar", head="B less A", get=lambda r: bar(r, low, high)),
        number("swing_usd", "swing $/month", lambda r: r.swing_usd, words.whole_usd),
        number("flips_at", "flips at", lambda r: r.flips_at, words.count),
        number("at_low_tokens", "from at low", lambda r: r.at_low_tokens, show_tokens),
        number("at_high_tokens", "from at high", lambda r: r.at_high_tokens, show_tokens),
        number("swing_tokens", "swing tokens", lambda r: r.swing_tokens, show_tokens),
    )


def known_ends(row: SwingResult) -> list[float]:
    """Return B less A at the ends of a row at which both serve [USD/month]."""
    return [end for end in (row.at_low_usd, row.at_high_usd) if end is not None]


def bar(row: SwingResult, low: float, high: float) -> str:
    """Return a bar from one end of the swing to the other; `|` stands where both cost the same."""
    if high <= low:
        return "|"

    def at(usd: float) -> int:
        return round((usd - low) / (high - low) * (BAR - 1))

    # An end at which one of them serves nothing has no place; the note says so.
    drawn = sorted(map(at, known_ends(row))) or [BAR]
    marks = ["█" if drawn[0] <= i <= drawn[-1] else " " for i in range(BAR)]
    marks[at(0.0)] = "|"
    return "".join(marks)


def _tornado_blocks(result: SensitivityResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the screen: the two bills, the tornado, the verdict."""
    yield Paragraph(text=words.edition(result.catalog))
    yield Paragraph(text=f"A  {result.a}: {show_usd(result.a_usd)} a month", hanging=3)
    yield Paragraph(text=f"B  {result.b}: {show_usd(result.b_usd)} a month", hanging=3, bullet=True)
    for said in result.resolved:
        yield Paragraph(text=said, tone="dim", hanging=2, bullet=True)
    columns = sheet.pick(view.fields or sheet.usual)
    top = TOP if view.top is None else view.top
    rows = tuple(_row(row, columns, noted=view.fields is None) for row in sheet.rows[:top])
    yield Table(columns=columns, rows=rows)
    if len(sheet.rows) > top:
        text = f"{len(sheet.rows) - top} smaller swings: --top {len(sheet.rows)} shows them"
        yield Paragraph(text=text, tone="dim")
    text = (
        f"Left of | B is cheaper, right of it A; – does not flip within its range. {words.LEGEND}"
    )
    yield Paragraph(text=text, tone="dim")
    yield Paragraph(text=result.verdict)


def _row(row: SwingResult, columns: tuple[Column, ...], *, noted: bool) -> Row:
    cells = tuple(_cell(row, column) for column in columns)
    return Row(cells=cells, note=_note(row) if noted else "", tone="bold" if row.flips_at else "")


def _cell(row: SwingResult, column: Column) -> str:
    if column.key == "path":
        return row.path + words.STAR * row.judgment
    value = column.get(row)
    if column.key in ("value", "low", "high", "flips_at") and value is not None:
        return in_unit(value, row.unit)
    return column.text(row)


def _note(row: SwingResult) -> str:
    low, value, high = (in_unit(v, row.unit) for v in (row.low, row.value, row.high))
    lost = f"; {row.impossible}" if row.impossible else ""
    return f"{row.title}: {value}, tried {low} to {high}{lost}{_volumes(row)}"


def _volumes(row: SwingResult) -> str:
    """Return how the break-even volume moves; nothing where B never breaks even, or it stays."""
    ends = (row.at_low_tokens, row.at_high_tokens)
    if ends == (None, None) or row.swing_tokens == 0:
        return ""
    low, high = ("never" if end is None else show_tokens(end) for end in ends)
    return f"; break-even from {low} to {high} tokens"


TORNADO = Screen(
    rows=("rows",),
    everything=_tornado_everything,
    sheet=_tornado_sheet,
    blocks=_tornado_blocks,
    compact=COMPACT,
)


# The screen of `tco sensitivity --what-if`: bills side by side.

WHAT_IF_TOP = 15
TRUST = (
    Column(key="trust", head="trust", get=lambda r: r.trust),
    Column(
        key="trust_reasons", head="because", get=lambda r: words.notes_of(r.trust_reasons) or None
    ),
)
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def _what_if_everything(result: WhatIfResult) -> Sheet:
    """Return all options."""
    columns = _what_if_columns(result)
    beside = ("tier", "model", *(c.key for c in TRUST))
    usual = tuple(c.key for c in columns if c.key not in beside and "mean" not in c.key)
    return Sheet(rows=result.options, columns=columns, usual=usual, keys={"cost": "base_usd"})


def _what_if_sheet(result: WhatIfResult, view: View) -> Sheet:
    """Return all options."""
    return _what_if_everything(result)


def _what_if_columns(result: WhatIfResult) -> tuple[Column, ...]:
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


def _what_if_blocks(result: WhatIfResult, sheet: Sheet, view: View) -> Iterator[Block]:
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
    top = WHAT_IF_TOP if view.top is None else view.top
    yield Table(
        columns=columns, rows=tuple(_what_if_row(r, columns, result) for r in sheet.rows[:top])
    )
    yield Paragraph(text="$ a month; * the cheapest of its column", tone="dim")
    yield Paragraph(text=result.verdict)


def _what_if_row(row: WhatIfRow, columns: tuple[Column, ...], result: WhatIfResult) -> Row:
    best = {"base_usd": result.cheapest[0]}
    for one, winner in zip(result.what_ifs, result.cheapest[1:], strict=True):
        best["_".join(one.name.split()) + "_usd"] = winner
    cells = tuple("*" * (best.get(c.key) == row.id) + c.text(row) for c in columns)
    return Row(cells=cells, tone="bold" if result.cheapest[0] == row.id else "")


WHAT_IF = Screen(
    rows=("options",), everything=_what_if_everything, sheet=_what_if_sheet, blocks=_what_if_blocks
)


# The screen of `tco sensitivity --draws N`: how sure the answer is, and what to measure.

MONTECARLO_TOP = 15
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
MONTECARLO_USUAL = ("id", "p_cheapest", "p5_usd", "p50_usd", "p95_usd", "regret_usd")
MONTECARLO_KEYS = {"cost": "mean_usd", "regret": "regret_usd", "id": "id"}

INPUTS = (
    Column(key="key", head="assumption", get=lambda r: r.key, wraps=True),
    Column(key="range", head="nine in ten", get=lambda r: _range(r)),
    number("total", "variance", lambda r: r.total, show_share),
    number("value_usd", "worth $", lambda r: r.value_usd, words.whole_usd),
    Column(key="measured_by", head="by", get=lambda r: r.measured_by),
)


def _montecarlo_everything(result: MonteCarloResult) -> Sheet:
    """Return all options."""
    return Sheet(rows=result.options, columns=COLUMNS, usual=MONTECARLO_USUAL, keys=MONTECARLO_KEYS)


def _montecarlo_sheet(result: MonteCarloResult, view: View) -> Sheet:
    """Return all options."""
    return _montecarlo_everything(result)


def _montecarlo_blocks(result: MonteCarloResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the screen: the options, the saving, what it hangs on, what to measure."""
    yield Paragraph(text=words.edition(result.catalog))
    volume, seed = show_tokens(result.tokens_per_month), result.seed
    yield Paragraph(text=f"{result.draws:,} draws at {volume} tokens a month, seed {seed}")
    for said in result.resolved:
        yield Paragraph(text=said, tone="dim", hanging=2, bullet=True)
    columns = sheet.pick(view.fields or sheet.usual)
    top = MONTECARLO_TOP if view.top is None else view.top
    yield Table(columns=columns, rows=tuple(_montecarlo_row(r, columns) for r in sheet.rows[:top]))
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


def _montecarlo_row(option: OptionRisk, columns: tuple[Column, ...]) -> Row:
    return Row(cells=tuple(column.text(option) for column in columns))


def _input(row: UncertainInput, column: Column) -> str:
    star = words.STAR if column.key == "key" and row.origin == "assumed" else ""
    return column.text(row) + star


def _range(row: UncertainInput) -> str:
    money = row.unit.startswith("USD")  # its unit would not fit
    low, high = (show_number(v) if money else in_unit(v, row.unit) for v in (row.low, row.high))
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


MONTECARLO = Screen(
    rows=("options",),
    everything=_montecarlo_everything,
    sheet=_montecarlo_sheet,
    blocks=_montecarlo_blocks,
)
