"""The screen of `tco horizon`: what each option comes to, year by year, and what would turn it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from tco.analysis.horizon.results import (
    HorizonMonth,
    HorizonResult,
    HorizonRow,
    HorizonTrade,
    PriceTrend,
)
from tco.money import in_money, money
from tco.render import first, words
from tco.render.output import NBSP, Screen
from tco.render.words import Block, Paragraph, Row, Sheet, Table, View, column, number
from tco.units import in_unit, show_number, show_tokens, show_usd

# The options, for JSON and for --fields.


def _months(value: float) -> str:
    return f"{show_number(value)} months" if value else "at once"


def _start(value: int) -> str:
    return f"after {show_number(value)} months" if value else "now"


COLUMNS = (
    column("letter", ""),
    column("id", "option", wraps=True),
    number("upfront_usd", "up front $", words.whole_usd),
    number("running_usd", "bills $", words.whole_usd),
    number("setup_usd", "set-up $", words.whole_usd),
    number("capex_usd", "capex $", words.whole_usd),
    number("resale_usd", "resale $", words.whole_usd),
    number("total_usd", "cash $", words.whole_usd),
    number("npv_usd", "in today's $", words.whole_usd),
    number("npv_low_usd", "low", words.whole_usd, of="npv_band_usd.0"),
    number("npv_high_usd", "high", words.whole_usd, of="npv_band_usd.1"),
    number("saving_usd", "saved $", words.whole_usd),
    number("npv_saving_usd", "saved, today's $", words.whole_usd),
    number("payback_months", "pays back", _months),
    number("best_start_month", "best begun", _start),
    number("best_start_saving_usd", "saved then", words.whole_usd),
    *words.TRUST,
)
USUAL = ("letter", "id", "upfront_usd", "total_usd", "npv_usd", "payback_months")


def _everything(result: HorizonResult) -> Sheet:
    """Return the options."""
    return Sheet(rows=result.rows, columns=COLUMNS, usual=USUAL, keys={"cost": "npv_usd"})


# The months, for CSV.


def _traded(trades: Sequence[HorizonTrade], month: int) -> float:
    return sum(trade.gpus for trade in trades if trade.month == month)


MONTHS = (  # of an option, its place, a month, and what it came to so far
    column("letter", "", get=lambda p: p[0].letter),
    column("id", "option", get=lambda p: p[0].id, wraps=True),
    number("month", "month", words.count, get=lambda p: p[2].month),
    column("begins", "begins", get=lambda p: p[2].begins),
    column("paid_on", "paid on", get=lambda p: p[2].paid_on),
    number("tokens_per_month", "tokens", show_tokens, get=lambda p: p[2].tokens_per_month),
    number("gpus", "GPUs", words.count, get=lambda p: p[2].gpus[p[1]]),
    number("bought_gpus", "bought", words.count, get=lambda p: _traded(p[0].bought, p[2].month)),
    number("sold_gpus", "sold", words.count, get=lambda p: _traded(p[0].sold, p[2].month)),
    number("running_usd", "bills $", words.whole_usd, get=lambda p: p[2].running_usd[p[1]]),
    number("setup_usd", "set-up $", words.whole_usd, get=lambda p: p[2].setup_usd[p[1]]),
    number("capex_usd", "capex $", words.whole_usd, get=lambda p: p[2].capex_usd[p[1]]),
    number("resale_usd", "resale $", words.whole_usd, get=lambda p: p[2].resale_usd[p[1]]),
    number("usd", "cash $", words.whole_usd, get=lambda p: p[2].usd[p[1]]),
    number("so_far_usd", "so far $", words.whole_usd, get=lambda p: p[3]),
)


def _by_month(result: HorizonResult, view: View) -> Sheet:
    """Return a row a month and option; the options where columns were asked for that they have."""
    known = {column.key for column in MONTHS}
    options = {column.key for column in COLUMNS}
    if view.fields and not known.issuperset(view.fields) and options.issuperset(view.fields):
        return _everything(result)
    rows = []
    for place, row in enumerate(result.rows):
        so_far = 0.0
        for month in result.path:
            so_far += month.usd[place]
            rows.append((row, place, month, so_far))
    return Sheet(rows=tuple(rows), columns=MONTHS, usual=())


# The screen.

MOST_YEARS = 4
"""Years that a screen has room for; of more, the first ones and the last."""


def _blocks(result: HorizonResult, sheet: Sheet, view: View) -> Iterable[Block]:
    """Return the screen: the verdict, cash by year, prices, what would turn it."""
    if view.fields:
        return [*first.verdict(result.verdict, view), _options(sheet, view, result)]
    return first.fitted(result, view, partial(_over_years, result, sheet, view), FULL)


FULL = 3
"""Of the fullest screen; one less goes without the last command, the next without a third change,
the barest without when GPUs are bought, which `-o csv` has too."""


def _over_years(result: HorizonResult, sheet: Sheet, view: View, fullness: int) -> list[Block]:
    whole = view.page or view.notes
    told = f"{words.month(result.workload)}\n{words.edition(result.catalog)}"
    resolved = [Paragraph(text=s, tone="dim", hanging=2, bullet=True) for s in result.resolved]
    return [
        *first.verdict(result.verdict, view),
        *([Paragraph(text=told), *resolved] if whole else []),
        *([_options(sheet, view, result)] if view.page or not view.usual else []),
        _years(result, view),
        *first.doubts(result.verdict, view),
        *_under(result, fullness),
        *(words.assumptions(result.assumptions) if view.assumptions or view.page else ()),
        *first.away(result, view, notes=len(result.resolved)),
        *first.commands(*list(_commands(result))[: 2 if fullness >= FULL else 1]),
    ]


def _under(result: HorizonResult, fullness: int) -> Iterator[Block]:
    """Return what stands under the years: bands, GPUs bought, prices, what would turn it."""
    yield Paragraph(text=_bands(result), hanging=2, bullet=True)
    for row in result.rows if fullness else ():
        if row.bought:
            yield Paragraph(text=_trades(row, result), hanging=2, bullet=True)
    yield Paragraph(text=_prices(result), hanging=2, bullet=True)
    for event in result.events:
        yield Paragraph(text=event, tone="warn", hanging=2, bullet=True)
    nearest = first.nearest([flip for flip in result.flips if flip.needed is not None])
    most = first.MOST_TURNS if fullness >= FULL - 1 else first.MOST_TURNS - 1
    yield from _bulleted(first.turning(nearest[:most] or result.flips))


def _bulleted(blocks: Iterator[Block]) -> Iterator[Block]:
    for block in blocks:
        yield block._replace(bullet=True) if isinstance(block, Paragraph) else block


def _options(sheet: Sheet, view: View, result: HorizonResult) -> Table:
    columns, rows = sheet.pick(view.fields or sheet.usual), sheet.rows[: view.top]
    return words.table(columns, rows, _title(result), None if view.fields else _saved)


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
    rate = in_unit(result.yearly_rate, "share/year")
    when = "year" if result.discounting == "year-end" else "month"
    begins = result.path[0].begins
    text = f"{result.months} months (-o csv) from {begins}, capital {rate}, $ at each {when}'s end"
    return in_money(text)


# Cash by year: a column a year, a row an option, capex and resale under it.


def _years(result: HorizonResult, view: View) -> Table:
    shown = list(range(_year(result.path[-1]) + 1))
    if len(shown) > MOST_YEARS + 1 and not (view.page or view.notes):
        shown = [*shown[:MOST_YEARS], shown[-1]]
    columns = (
        column("letter", "", get=lambda cells: cells[0]),
        column("option", "", get=lambda cells: cells[1], wraps=True),
        *(
            number(f"year_{year}", _head(year), get=partial(_cell, i))
            for i, year in enumerate(shown)
        ),
        number("npv_usd", "today's $", get=lambda cells: cells[-1]),
    )
    rows = [
        Row(cells=cells) for row in range(len(result.rows)) for cells in _lines(result, row, shown)
    ]
    tokens = ("", "tokens, last month", *(_tokens(result, year) for year in shown), "")
    grows = len({month.tokens_per_month for month in result.path[1:]}) > 1
    volume = (Row(cells=tokens, tone="dim"),) if grows else ()
    return Table(title=_title(result), columns=columns, rows=(*rows, *volume))


LONG = 10
"""Characters of an amount from which on amounts are told in millions."""


def _usd(result: HorizonResult, usd: float) -> str:
    """Return an amount of the table: `12,345`, or `32.87M` where they are long; a dash for none."""
    if not usd:
        return "–"
    widest = max(len(words.whole_usd(max(r.npv_usd, r.total_usd))) for r in result.rows)
    return words.whole_usd(usd) if widest < LONG else show_number(usd * money().per_usd, 4)


def _head(year: int) -> str:
    return f"year {year}" if year else "first day"


def _cell(place: int, cells: tuple[str, ...]) -> str:
    return cells[2 + place]


def _lines(result: HorizonResult, place: int, years: Sequence[int]) -> Iterator[tuple[str, ...]]:
    """Yield the cash of an option by year; of bought GPUs also capex and resale."""
    row = result.rows[place]
    cash = [_sum(result, year, lambda m: m.usd[place]) for year in years]
    yield row.letter, _name(result, place), *(_usd(result, usd) for usd in (*cash, row.npv_usd))
    if row.capex_usd:
        spent = [_sum(result, year, lambda m: m.capex_usd[place]) for year in years]
        yield "", "  of it capex", *(_usd(result, usd) for usd in spent), ""
    if row.resale_usd:
        got = [-_sum(result, year, lambda m: m.resale_usd[place]) for year in years]
        yield "", "  of it resale", *(_usd(result, usd) for usd in got), ""


def _year(month: HorizonMonth) -> int:
    return -(-month.month // 12)


def _sum(result: HorizonResult, year: int, get: Callable[[HorizonMonth], float]) -> float:
    return sum(get(month) for month in result.path if _year(month) == year)


def _tokens(result: HorizonResult, year: int) -> str:
    months = [month for month in result.path if _year(month) == year]
    return show_tokens(months[-1].tokens_per_month) if year else ""


def _name(result: HorizonResult, place: int) -> str:
    """Return an option in words: the model at a host, or the GPUs that it begins with."""
    row = result.rows[place]
    own = _OWN.match(row.id)
    if own is None:
        return first.spoken(row.id)
    told = any(r.id.endswith(f"/{own['model']}") for r in result.rows)
    name = "" if told else f"{own['model']} on "
    name += first.machine(own["hardware"], result.path[1].gpus[place])
    if row.price_kind == "bought":
        return f"{name}, bought"
    return f"{name} at {own['rent'].replace(':', ' ').removesuffix(' on_demand')}"


_OWN = re.compile(r"^self/(?P<model>[^@/]+)@(?P<hardware>[^/]+)/(?P<rent>.+)$")


# Under the table.


def _bands(result: HorizonResult) -> str:
    known = [(row, row.npv_band_usd) for row in result.rows if row.npv_band_usd is not None]
    ends = (f"{_short(low)}{_top(high)}" for _, (low, high) in known)
    told = [f"{row.letter}{NBSP}{said}" for (row, _), said in zip(known, ends, strict=True)]
    return in_money(f"Bands of today's $: {', '.join(told)}.")


def _top(high: float | None) -> str:
    return " or more" if high is None else f"–{_short(high)}"


def _short(usd: float) -> str:
    return show_number(usd * money().per_usd)


MOST_TRADES = 3


def _trades(row: HorizonRow, result: HorizonResult) -> str:
    """Return when GPUs are bought and sold, and how many."""
    buys, sells = _dated(row.bought, result), _dated(row.sold, result)
    return f"{row.letter} buys GPUs: {buys}; sells {sells}."


def _dated(trades: Sequence[HorizonTrade], result: HorizonResult) -> str:
    shown = trades if len(trades) <= MOST_TRADES else trades[: MOST_TRADES - 1]
    told = [f"{words.count(t.gpus)} {_when(t, result)} ({show_usd(t.usd)})" for t in shown]
    more = len(trades) - len(shown)
    return ", ".join(told) + (f" and {more} more times" if more > 0 else "")


def _when(trade: HorizonTrade, result: HorizonResult) -> str:
    return "at the end" if trade.month == result.months else f"on {trade.on}"


def _prices(result: HorizonResult) -> str:
    """Return what a year makes of prices, with the windows that say so."""
    moving = [trend for trend in result.prices if trend.factor_per_year != 1.0]
    told = [f"{t.title} x{show_number(t.factor_per_year)}{_star(t)}{_why(t)}" for t in moving]
    flat = [trend for trend in result.prices if trend.factor_per_year == 1.0]
    if not moving:
        given = {trend.source for trend in flat if trend.origin == "given"}
        why = "; ".join([f"{t.title}{_why(t)}" for t in flat if t.prices] or sorted(given))
        return f"Prices a year: flat{words.STAR if not given else ''} ({why})."
    others = f"; others flat{_star(flat[0])}" if flat else ""
    falls = any(t.prices and t.factor_per_year < 1.0 for t in moving)
    return f"Prices a year: {'; '.join(told)}{others}{' (--flat-prices: all)' if falls else ''}."


def _star(trend: PriceTrend) -> str:
    return words.star(trend.origin)


def _why(trend: PriceTrend) -> str:
    """Return where a trend comes from: who gave it, or the windows that it is derived from."""
    if trend.origin == "given":
        return f" ({trend.source})"
    if not trend.prices:
        return ""
    if trend.factor_per_year == 1.0:
        return f": {trend.changed} of {trend.prices} changed since {trend.first}, no sure fall"
    windows = f"windows {trend.first} to {trend.last}"
    return f" to {trend.until} ({trend.changed} of {trend.prices} changed, {windows})"


def _commands(result: HorizonResult) -> Iterator[str]:
    """Return the bill of the answer, and from which volume the next best is cheaper."""
    best = next((r for r in result.rows if r.id == result.best), result.rows[0])
    others = sorted((r for r in result.rows if r is not best), key=lambda r: r.npv_usd)
    names = [_typed(row, result) for row in (best, others[0])]
    yield first.command(result.asked, "explain", names[0])
    yield first.command(
        result.asked, "breakeven", *sorted(names, key=lambda name: name.startswith("self/"))
    )


def _typed(row: HorizonRow, result: HorizonResult) -> str:
    """Return the name by which an option is asked about again."""
    own = _OWN.match(row.id)
    if own is not None and row.price_kind == "bought":
        return f"self/{own['model']}/own"
    return first.short(row.id, [r.id for r in result.rows if r.price_kind != "bought"])


SCREEN = Screen(rows=("rows",), everything=_everything, blocks=_blocks, csv=_by_month)
