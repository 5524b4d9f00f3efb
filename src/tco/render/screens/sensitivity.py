"""The screens of `tco sensitivity`: a tornado, what-ifs, how sure the answer is."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from functools import partial
from typing import TypeVar

from tco.analysis.montecarlo.results import (
    MonteCarloResult,
    OptionRisk,
    Percentiles,
    UncertainInput,
)
from tco.analysis.results import SensitivityResult, SwingResult
from tco.analysis.vary.whatif import WhatIfResult, WhatIfRow
from tco.money import money
from tco.render import first, words
from tco.render.output import Screen
from tco.render.words import Block, Column, Paragraph, Row, Sheet, Table, View, column, number
from tco.units import in_unit, show_number, show_share, show_tokens, show_usd

# The screen of `tco sensitivity`: a tornado in text.

TOP = 12
BAR = 17  # characters, with the middle for "both cost the same"

USUAL = ("path", "bar", "swing_usd", "flips_at")
KEYS = {"swing": "swing_usd", "path": "path", "volume": "swing_tokens"}
COMPACT = ("path", "at_low_usd", "at_high_usd", "swing_usd", "flips_at")


def _columns(result: SensitivityResult) -> tuple[Column, ...]:
    ends = [end for row in result.rows for end in known_ends(row)]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    return (
        column("path", "assumption", wraps=True),
        column("title", "what it is", wraps=True),
        column("unit", "unit"),
        number("value", "value", words.count),
        number("low", "low", words.count),
        number("high", "high", words.count),
        column("origin", "origin"),
        column("source", "source", wraps=True),
        column("range", "tried", get=tried),
        number("at_low_usd", "B-A at low", words.whole_usd),
        number("at_high_usd", "B-A at high", words.whole_usd),
        column("bar", "B less A", get=lambda r: bar(r, low, high)),
        number("swing_usd", "swing $/month", words.whole_usd),
        number("flips_at", "flips at", words.count),
        number("at_low_tokens", "from at low", show_tokens),
        number("at_high_tokens", "from at high", show_tokens),
        number("swing_tokens", "swing tokens", show_tokens),
    )


def tried(row: SwingResult) -> str:
    """Return the range of an assumption, each end as its unit is written: `0.25–2`."""
    low, high = (_brief(end, row.unit) for end in (row.low, row.high))
    return f"{low}–{high}"


def _brief(value: float, unit: str) -> str:
    if unit.startswith("USD"):
        short = f"{money().sign}{show_number(value * money().per_usd)}"
        return short if value >= 1e3 else show_usd(value)
    return in_unit(value, unit)


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


def _tornado_blocks(result: SensitivityResult, sheet: Sheet, view: View) -> Iterable[Block]:
    """Return the screen: the verdict, the two bills, the tornado, what would turn it."""
    most = min(TOP if view.top is None else view.top, len(sheet.rows))
    make = partial(_tornado, result, sheet, view)
    return first.fitted(result, view, make, most, min(most, LEAST) - 1)


def _tornado(result: SensitivityResult, sheet: Sheet, view: View, fullness: int) -> list[Block]:
    """Return the screen with so many rows; with fewer than the least, without the last command."""
    noted = view.fields is None and (view.notes or view.page or not view.usual)
    columns = sheet.pick(view.fields or sheet.usual)
    if not noted and not view.fields:
        columns = tuple(c._replace(head=HEADS.get(c.key, c.head)) for c in sheet.pick(SHORT))
    kept = sheet.rows[: max(fullness, min(LEAST, len(sheet.rows)))]
    return [
        *first.verdict(result.verdict, view),
        *_two(result, view),
        Table(columns=columns, rows=tuple(_row(row, columns, noted=noted) for row in kept)),
        *(() if noted else _lost(result, kept)),
        *_under(result, view),
        *_ending(result, view, len(sheet.rows) - len(kept), 2 if fullness >= LEAST else 1),
    ]


SHORT = ("path", "range", "bar", "swing_usd", "flips_at")
HEADS = {"swing_usd": "swing $"}
LEAST = 3
"""Rows that a tornado has on the smallest screen."""


def _two(result: SensitivityResult, view: View) -> Iterator[Block]:
    """Return A and B with their bills; what names were taken to mean where all is told."""
    if view.notes or view.page:
        yield Paragraph(text=words.edition(result.catalog))
    yield Paragraph(text=f"A  {result.a}: {show_usd(result.a_usd)} a month", hanging=3)
    yield Paragraph(text=f"B  {result.b}: {show_usd(result.b_usd)} a month", hanging=3, bullet=True)
    for said in result.resolved if view.notes or view.page else ():
        yield Paragraph(text=said, tone="dim", hanging=2, bullet=True)


def _lost(result: SensitivityResult, kept: Sequence[SwingResult]) -> Iterator[Block]:
    """Return at which ends A or B serves nothing, where the notes of the rows are not shown."""
    for row in kept:
        if row.impossible:
            text = row.impossible.replace(result.a, "A").replace(result.b, "B")
            yield Paragraph(text=f"{row.path}: {text}", tone="dim", hanging=2, bullet=True)


def _under(result: SensitivityResult, view: View) -> Iterator[Block]:
    """Return what would turn the answer, and how the table is read."""
    text = f"Left of | B is cheaper; – flips nowhere in its range; {words.LEGEND}"
    yield Paragraph(text=text if view.notes else text.partition("; --")[0], tone="dim")
    who, cheaper = ("B", result.a) if result.difference_usd >= 0 else ("A", result.b)
    yield from first.doubts(result.verdict, view)
    yield from first.turning(result.turns, first.beats(result, cheaper, who))
    if view.assumptions or view.page:
        yield from words.assumptions(result.assumptions)


def _ending(
    result: SensitivityResult, view: View, more: int, most_commands: int
) -> Iterator[Block]:
    """Return what is one flag away, and the next commands."""
    smaller = f"{more} smaller swings: --top {len(result.rows)}" if more > 0 else ""
    notes = 0 if view.notes or view.page else len(result.resolved)
    yield from first.away(result, view, smaller, notes=notes)
    ids = [result.a, result.b]
    a, b = (first.typed_name(name, ids, result.resolved) for name in ids)
    lines = (
        first.command(result.asked, "breakeven", a, b),
        first.command(result.asked, "sensitivity", a, b, "--draws", "10k"),
    )
    yield from first.commands(*lines[:most_commands])


def _row(row: SwingResult, columns: tuple[Column, ...], *, noted: bool) -> Row:
    cells = tuple(_cell(row, column) for column in columns)
    return Row(cells=cells, note=_note(row) if noted else "", tone="bold" if row.flips_at else "")


def _cell(row: SwingResult, column: Column) -> str:
    if column.key == "path":
        return row.path + words.STAR * row.judgment
    value = column.get(row)
    if column.key == "flips_at" and value is not None:
        return _brief(value, row.unit)
    if column.key in ("value", "low", "high") and value is not None:
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
    everything=lambda r: Sheet(rows=r.rows, columns=_columns(r), usual=USUAL, keys=KEYS),
    blocks=_tornado_blocks,
    compact=COMPACT,
)


# The screen of `tco sensitivity --what-if`: bills side by side.

WHAT_IF_TOP = 15
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def _what_if_everything(result: WhatIfResult) -> Sheet:
    """Return all options."""
    columns = _what_if_columns(result)
    beside = ("tier", "model", *(c.key for c in words.TRUST))
    usual = tuple(c.key for c in columns if c.key not in beside and "mean" not in c.key)
    return Sheet(rows=result.options, columns=columns, usual=usual, keys={"cost": "base_usd"})


def _what_if_columns(result: WhatIfResult) -> tuple[Column, ...]:
    columns = [
        column("id", "option", wraps=True),
        *words.plain("tier", "model"),
        number("base_usd", "today", words.whole_usd),
    ]
    for i, one in enumerate(result.what_ifs):
        key = "_".join(one.name.split())
        head = LETTERS[i % len(LETTERS)]
        columns.append(number(f"{key}_usd", head, words.whole_usd, of=f"usd.{i}"))
        if one.months is not None:
            columns.append(
                number(f"{key}_mean_usd", f"{head} mean", words.whole_usd, of=f"mean_usd.{i}")
            )
    return (*columns, *words.TRUST)


def _what_if_blocks(result: WhatIfResult, sheet: Sheet, view: View) -> Iterable[Block]:
    """Return the screen: the verdict, what each letter means, the bills."""
    most = min(WHAT_IF_TOP if view.top is None else view.top, len(sheet.rows))
    make = partial(_what_if, result, sheet, view)
    return first.fitted(result, view, make, most, min(most, LEAST) - 1)


def _what_if(result: WhatIfResult, sheet: Sheet, view: View, fullness: int) -> list[Block]:
    """Return the screen with so many rows; with fewer than the least, without the last command."""
    columns = sheet.pick(view.fields or sheet.usual)
    if view.usual and not (view.page or view.notes):
        columns = tuple(c._replace(get=_spoken) if c.key == "id" else c for c in columns)
    kept = _kept(sheet.rows, max(fullness, min(LEAST, len(sheet.rows))), result.cheapest)
    return [
        *first.verdict(result.verdict, view),
        *_letters(result, view),
        Table(columns=columns, rows=tuple(_what_if_row(r, columns, result) for r in kept)),
        *_what_if_under(result, view),
        *_what_if_ending(result, view, len(sheet.rows) - len(kept), 2 if fullness >= LEAST else 1),
    ]


def _spoken(row: WhatIfRow | OptionRisk) -> str:
    return first.spoken(row.id)


ByOption = TypeVar("ByOption", WhatIfRow, OptionRisk)


def _kept(rows: Sequence[ByOption], top: int, ids: Container[str | None]) -> list[ByOption]:
    """Return the first rows, and always those that an answer names."""
    wanted = [row for row in rows if row.id in ids]
    others = [row for row in rows if row.id not in ids][: max(top - len(wanted), 0)]
    return [row for row in rows if row in wanted or row in others]


def _resolved(result: WhatIfResult | MonteCarloResult, view: View) -> Iterator[Block]:
    """Return the edition, and what names were taken to mean, where all is told."""
    if view.notes or view.page:
        yield Paragraph(text=words.edition(result.catalog))
        for said in result.resolved:
            yield Paragraph(text=said, tone="dim", hanging=2, bullet=True)


def _letters(result: WhatIfResult, view: View) -> Iterator[Block]:
    """Return what each letter stands for."""
    yield from _resolved(result, view)
    for i, one in enumerate(result.what_ifs):
        changes = ", ".join(one.changes)
        over = "" if one.months is None else f", once {one.months:g} months have passed"
        name = "" if one.name.startswith(changes) else f"{one.name}: "
        text = f"{LETTERS[i % len(LETTERS)]}  {name}{changes}{over}"
        yield Paragraph(text=text, hanging=3, bullet=bool(i))


def _what_if_under(result: WhatIfResult, view: View) -> Iterator[Block]:
    yield Paragraph(text="$ a month; * the cheapest of its column", tone="dim")
    yield from first.doubts(result.verdict, view)
    if view.assumptions or view.page:
        yield from words.assumptions(result.assumptions)


def _what_if_ending(
    result: WhatIfResult, view: View, more: int, most_commands: int
) -> Iterator[Block]:
    """Return what is one flag away, and the next commands."""
    others = f"{more} more: --top {len(result.options)}" if more > 0 else ""
    notes = 0 if view.notes or view.page else len(result.resolved)
    yield from first.away(result, view, others, notes=notes)
    best = first.short(result.cheapest[0])
    lines = (
        first.command(result.asked, "explain", best),
        first.command(result.asked, "sensitivity"),
    )
    yield from first.commands(*lines[:most_commands])


def _what_if_row(row: WhatIfRow, columns: tuple[Column, ...], result: WhatIfResult) -> Row:
    best = {"base_usd": result.cheapest[0]}
    for one, winner in zip(result.what_ifs, result.cheapest[1:], strict=True):
        best["_".join(one.name.split()) + "_usd"] = winner
    cells = tuple("*" * (best.get(c.key) == row.id) + c.text(row) for c in columns)
    return Row(cells=cells, tone="bold" if result.cheapest[0] == row.id else "")


WHAT_IF = Screen(rows=("options",), everything=_what_if_everything, blocks=_what_if_blocks)


# The screen of `tco sensitivity --draws N`: how sure the answer is, and what to measure.

MONTECARLO_TOP = 15
MOST_INPUTS = 12

COLUMNS = (
    column("id", "option", wraps=True),
    *words.plain("tier", "model"),
    number("base_usd", "base $", words.whole_usd),
    number("p_cheapest", "cheapest in", show_share),
    number("mean_usd", "mean $", words.whole_usd),
    number("p5_usd", "p5 $", words.whole_usd, of="usd.p5"),
    number("p50_usd", "p50 $", words.whole_usd, of="usd.p50"),
    number("p95_usd", "p95 $", words.whole_usd, of="usd.p95"),
    number("regret_usd", "regret $", words.whole_usd),
    number("p_infeasible", "cannot serve", show_share),
    *words.TRUST,
)
MONTECARLO_USUAL = ("id", "p_cheapest", "p5_usd", "p50_usd", "p95_usd", "regret_usd")
MONTECARLO_KEYS = {"cost": "mean_usd", "regret": "regret_usd", "id": "id"}

INPUTS = (
    column("key", "assumption", wraps=True),
    column("range", "nine in ten", get=lambda r: _range(r)),
    number("total", "variance", show_share),
    number("value_usd", "worth $", words.whole_usd),
    column("measured_by", "by"),
)


def _montecarlo_blocks(result: MonteCarloResult, sheet: Sheet, view: View) -> Iterable[Block]:
    """Return the screen: the verdict, the options, what the saving hangs on, what to measure."""
    most = min(MONTECARLO_TOP if view.top is None else view.top, len(sheet.rows))
    make = partial(_drawn, result, sheet, view)
    return first.fitted(result, view, make, max(most, FEWEST) + MOST_INPUTS, BAREST)


FEWEST, BAREST = 2, 1
"""Options, and inputs, that the smallest screen has; with fewer the last command goes."""

HANGS = "What the saving hangs on, and what knowing it would be worth"


def _drawn(result: MonteCarloResult, sheet: Sheet, view: View, fullness: int) -> list[Block]:
    """Return the screen with so many options and inputs together: options before inputs."""
    whole = view.notes or view.page
    columns = sheet.pick(view.fields or sheet.usual)
    if view.usual and not whole:
        columns = tuple(c._replace(get=_spoken) if c.key == "id" else c for c in columns)
    most = min(MONTECARLO_TOP if view.top is None else view.top, len(sheet.rows))
    rows = max(min(most, fullness - FEWEST), FEWEST)
    kept = _kept(sheet.rows, most if whole or not view.usual else rows, _named(result))
    least = FEWEST if fullness > BAREST else FEWEST - 1
    shown = result.inputs[: MOST_INPUTS if whole else max(fullness - rows, least)]
    advice = result.advice if whole else re.split(r"; it pays|: the best,", result.advice)[0]
    return [
        *first.verdict(result.verdict, view),
        *_resolved(result, view),
        words.table(columns, kept),
        Table(
            columns=INPUTS,
            rows=tuple(Row(cells=tuple(_input(r, c) for c in INPUTS)) for r in shown),
            title=HANGS if whole else "",
        ),
        *_pair(result, whole=whole),
        *first.doubts(result.verdict, view),
        Paragraph(text=f"{advice.rstrip('.')}.", tone="bold", hanging=2, bullet=True),
        *_ways(result, view),
        *_montecarlo_ending(
            result, view, len(sheet.rows) - len(kept), 1 if fullness <= BAREST else 2
        ),
    ]


def _named(result: MonteCarloResult) -> tuple[str | None, ...]:
    """Return the answer and the pair whose saving is told."""
    return result.best, *(() if result.saving is None else (result.saving.a, result.saving.b))


def _ways(result: MonteCarloResult, view: View) -> Iterator[Block]:
    """Return how it was done, where all is told, and the assumptions where they were asked for."""
    if view.notes or view.page:
        yield Paragraph(text="How it was done", tone="bold")
        for text in _method(result):
            yield Paragraph(text=f"- {text}", hanging=2, bullet=True)
    if view.assumptions or view.page:
        yield from words.assumptions(result.assumptions)


def _method(result: MonteCarloResult) -> list[str]:
    told = [f"{c.a} and {c.b} at {c.rank_correlation:g}: {c.because}" for c in result.correlations]
    return [*result.method, *(f"moving together: {text}" for text in told)]


def _montecarlo_ending(
    result: MonteCarloResult, view: View, more: int, most_commands: int
) -> Iterator[Block]:
    """Return what is one flag away, and the next commands."""
    others = f"{more} more: --top {len(result.options)}" if more > 0 else ""
    notes = 0 if view.notes or view.page else len(result.resolved) + len(_method(result))
    draws = f"{result.draws:,} draws, seed {result.seed}"
    yield from first.away(result, view, draws, others, notes=notes)
    ids = [option.id for option in result.options]
    names = [first.short(name, ids) for name in (result.best or ids[0],)]
    told = []
    if result.saving is not None:
        names = [first.short(name, ids) for name in (result.saving.a, result.saving.b)]
        told.append(first.command(result.asked, "breakeven", *names))
    told.append(first.command(result.asked, "explain", names[-1]))
    yield from first.commands(*told[:most_commands])


def _input(row: UncertainInput, column: Column) -> str:
    star = words.STAR if column.key == "key" and row.origin == "assumed" else ""
    return column.text(row) + star


def _range(row: UncertainInput) -> str:
    money = row.unit.startswith("USD")  # its unit would not fit
    low, high = (show_number(v) if money else in_unit(v, row.unit) for v in (row.low, row.high))
    return f"{low} to {high}" + ("" if row.tail == 0.05 else f" ({1 - 2 * row.tail:.0%})")


def _pair(result: MonteCarloResult, *, whole: bool) -> Iterator[Block]:
    if result.saving is not None and whole:
        saving = result.saving
        a, b = first.spoken(saving.a), first.spoken(saving.b)
        text = f"Saving of {b} over {a}: {_span(saving.usd, show_usd)} a month"
        yield Paragraph(text=text, hanging=2)
    if result.breakeven is not None:
        known = result.breakeven
        never = f"never in {show_share(known.p_never)} of {show_number(known.draws, 5)} draws"
        if known.p_undecided:
            never += f", undecided in {show_share(known.p_undecided)}"
        span = f"{_span(known.tokens_per_month, show_tokens)}; "
        text = f"Break-even: {span if known.tokens_per_month.p5 is not None else ''}{never}"
        yield Paragraph(text=f"{text}.", hanging=2, bullet=whole)


def _span(p: Percentiles, show):  # type: ignore[no-untyped-def]
    low, middle, high = ("none" if v is None else show(v) for v in (p.p5, p.p50, p.p95))
    return f"{middle} in the median, {low} to {high} in nine of ten"


MONTECARLO = Screen(
    rows=("options",),
    everything=Sheet(columns=COLUMNS, usual=MONTECARLO_USUAL, keys=MONTECARLO_KEYS),
    blocks=_montecarlo_blocks,
)
