"""The screens of `tco compare` and `tco explain`: all bills, and every term of one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from tco.analysis.results import BillLine, CompareResult, ExplainResult, OptionResult
from tco.analysis.verdict import said
from tco.engine.ledger import TokenPrices
from tco.render import first, words
from tco.render.output import Screen
from tco.render.screens import people
from tco.render.table import Block, Column, Paragraph, Row, Sheet, Table, View, number
from tco.units import (
    show_number,
    show_score,
    show_seconds,
    show_share,
    show_tokens,
    show_usd,
)

# The screen of `tco compare`.

COMPACT = ("id", "tier", "monthly_usd", "usd_per_mtok", "trust")
PARTS = ("tokens", "compute", "idle", "people", "power", "other")
TOP = 20
MOST_INFEASIBLE = 8


def _compare_everything(result: CompareResult) -> Sheet:
    """Return all options."""
    return _sheet(result, result.options)


def _compare_sheet(result: CompareResult, view: View) -> Sheet:
    """Return the options of the short list; with a larger `--top` those not on it too."""
    wanted = set() if "--all" in result.asked else set(result.shown)
    return _sheet(result, tuple(o for o in result.options if _wanted(o, wanted, view)))


def _wanted(option: OptionResult, short_list: set[str], view: View) -> bool:
    more = view.top is not None and view.top > len(short_list)
    return not short_list or option.id in short_list or more


def _sheet(result: CompareResult, rows: tuple[OptionResult, ...]) -> Sheet:
    best = _best_usd(result)
    by_cost = sorted((o for o in rows if o.feasible), key=lambda o: (o.monthly_usd or 0.0, o.id))
    rank = {o.id: i for i, o in enumerate(by_cost, 1)}
    return Sheet(
        rows=rows,
        columns=_columns(rank, best, frozenset(result.shown)),
        usual=("rank", "id", "tier", "monthly_usd", "usd_per_mtok", "vs_best"),
        keys={"cost": "monthly_usd", "mtok": "usd_per_mtok", "id": "id", "tier": "tier"},
    )


def _best_usd(result: CompareResult) -> float:
    """Return the bill that others are held against: the answer's [USD/month]."""
    listed = [o for o in result.options if o.monthly_usd is not None]
    known = next((o for o in listed if o.id == result.best), None)
    chosen = known or next(iter(listed), None)  # results saved before name no best
    return 0.0 if chosen is None else chosen.monthly_usd or 0.0


def _columns(rank: dict[str, int], best: float, shown: frozenset[str]) -> tuple[Column, ...]:
    return (
        Column(key="rank", head="#", get=lambda o: rank.get(o.id), right=True),
        Column(key="id", head="option", get=lambda o: o.id, wraps=True),
        Column(key="tier", head="tier", get=lambda o: o.tier),
        Column(key="model", head="model", get=lambda o: o.model),
        Column(key="class", head="class", get=lambda o: o.class_),
        number("quality", "quality", lambda o: o.quality and o.quality.value, show_score),
        number("quality_low", "low", lambda o: o.quality and o.quality.low, show_score),
        number("quality_high", "high", lambda o: o.quality and o.quality.high, show_score),
        Column(key="effort", head="effort", get=lambda o: o.quality and o.quality.effort),
        Column(key="provider", head="provider", get=lambda o: o.provider),
        Column(key="hardware", head="replica", get=lambda o: o.hardware),
        number("gpus", "GPUs", lambda o: o.gpus, words.count),
        number("mean_gpus", "mean GPUs", _mean_gpus, words.count),
        number("replicas", "replicas", lambda o: o.replicas, words.count),
        Column(key="feasible", head="feasible", get=lambda o: o.feasible, show=words.yes),
        number("monthly_usd", "$/month", lambda o: o.monthly_usd, words.whole_usd),
        number("usd_per_mtok", "$/Mtok", lambda o: o.usd_per_mtok, words.price),
        Column(key="success", head="right", get=lambda o: o.success, show=show_share, right=True),
        number("usd_per_success", "$/right", lambda o: o.usd_per_success, words.price),
        number(
            "usd_per_developer_month",
            "$/dev/month",
            lambda o: o.usd_per_developer_month,
            words.price,
        ),
        Column(
            key="vs_best",
            head="vs best",
            get=lambda o: None if o.monthly_usd is None or not best else o.monthly_usd / best,
            show=lambda ratio: words.percent_more(ratio, 1.0),
            right=True,
        ),
        number("band_low_usd", "low $/month", lambda o: _end(o.band_usd, 0), words.whole_usd),
        number("band_high_usd", "high $/month", lambda o: _end(o.band_usd, 1), words.whole_usd),
        *(
            number(f"{part}_usd", f"{part} $", partial(_part, part), words.whole_usd)
            for part in PARTS
        ),
        *MADE_COLUMNS,
        number("upfront_usd", "up front $", lambda o: o.upfront_usd, words.whole_usd),
        number("utilization", "used", _used, show_share),
        number("tpot_s", "tpot", lambda o: o.replica and o.replica.tpot_s, show_seconds),
        number(
            "output_tokens_per_s",
            "tok/s/replica",
            lambda o: o.replica and o.replica.output_tokens_per_s,
            show_number,
        ),
        Column(key="trust", head="trust", get=lambda o: o.trust),
        Column(key="trust_reasons", head="because", get=lambda o: _joined(o.trust_reasons)),
        Column(key="price_checked", head="checked", get=lambda o: o.price_checked),
        Column(key="notes", head="notes", get=lambda o: _joined(o.notes)),
        Column(key="reasons", head="reasons", get=lambda o: _joined(o.reasons)),
        Column(key="shown", head="shown", get=lambda o: not shown or o.id in shown, show=words.yes),
    )


def _made(kind: str, row: Any) -> float | None:
    """Return what a token of a kind costs that own GPUs make [USD/Mtok]."""
    return getattr(row.token_prices, f"{kind}_usd_per_mtok", None)


MADE = {"input": "in $/Mtok", "cached": "cached $/Mtok", "output": "out $/Mtok"}
MADE_COLUMNS = tuple(
    number(f"{kind}_usd_per_mtok", head, partial(_made, kind), words.price)
    for kind, head in MADE.items()
)


def _part(name: str, option: OptionResult) -> float | None:
    return None if option.breakdown is None else float(getattr(option.breakdown, name))


def _mean_gpus(option: OptionResult) -> float | None:
    """Return the GPUs on the invoice in the average hour."""
    return option.gpus if option.scaling is None else option.scaling.billed_gpus


def _end(band: tuple[float, float] | None, which: int) -> float | None:
    return None if band is None else band[which]


def _used(option: OptionResult) -> float | None:
    return None if option.utilization is None else option.utilization.token_capacity


def _joined(texts: tuple[str, ...]) -> str | None:
    return words.notes_of(texts) or None


def _compare_blocks(result: CompareResult, sheet: Sheet, view: View) -> Iterable[Block]:
    """Return the screen: the verdict, its options, what would turn it, what is one flag away."""
    if _for_people(result, view):
        make = partial(_screen_of_people, result, sheet, view)
        most = len(people.by_weight(result)) + people.COMMANDS - 1
        return first.fitted(result, view, make, most, people.COMMANDS)
    usual = (*sheet.usual, "trust") if view.page else sheet.usual
    columns = sheet.pick(view.fields or usual)
    feasible = [o for o in sheet.rows if o.feasible]
    top = TOP if view.top is None else view.top
    listed = _listed(result, feasible, top) if feasible else []
    noted = view.fields is None and (view.notes or view.page)
    rows = [_row(o, columns, result, noted=noted) for o in listed]
    return [
        *first.verdict(result.verdict, view),
        *([Table(columns=columns, rows=tuple(rows))] if rows else []),
        *_after(result, sheet, view),
        *_ending(result, sheet, view, len(listed), 0),
    ]


def _screen_of_people(
    result: CompareResult, sheet: Sheet, view: View, fullness: int
) -> list[Block]:
    """Return the screen with fewer rows, then with fewer commands, the lower the number."""
    most = fullness - people.COMMANDS + 1
    rows = max(most, people.LEAST)
    made, notes = people.table(result, view, rows)
    commands = people.COMMANDS - max(people.LEAST - most, 0)
    return [
        *first.verdict(result.verdict, view),
        made,
        *people.efforts(result, made),
        *_after(result, sheet, view),
        *_ending(result, sheet, view, len(made.rows), notes, max(commands, 1)),
    ]


def _for_people(result: CompareResult, view: View) -> bool:
    """Return whether rows are those of people: nobody asked for others, nor for all set-ups."""
    return view.usual and not view.page and "--all" not in result.asked


def _after(result: CompareResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return what stands under the table: what is impossible, what would turn it, assumptions."""
    yield from _impossible(_missing(result, sheet, view), view)
    if view.notes or view.page:
        yield Paragraph(text=f"{words.month(result.workload)}\n{words.edition(result.catalog)}")
        yield from _engineers(list(sheet.rows))
    if view.fields is None:
        yield from people.developers(result)
    yield from people.turning(result)
    yield from words.checks(result.checks)
    yield from first.assumed(result.assumptions, view)


def _ending(
    result: CompareResult,
    sheet: Sheet,
    view: View,
    shown: int,
    notes: int,
    commands: int = people.COMMANDS,
) -> Iterator[Block]:
    """Return what is one flag away, and so many of the next commands."""
    every = max(result.considered, sum(o.feasible for o in sheet.rows))
    more = f"{every - shown:,} more: --top {every}" if every > shown else ""
    notes += sum(not o.feasible for o in sheet.rows) - len(_missing(result, sheet, view))
    yield from first.away(result, view, more, notes=notes, dated=_for_people(result, view))
    yield from people.commands(result, commands)


def _listed(result: CompareResult, feasible: list[OptionResult], top: int) -> list[OptionResult]:
    """Return the first rows, and always the answer: it may lie behind many that are not sure."""
    late = [o for o in feasible[top:] if o.id == result.best]
    return [*feasible[: top - len(late)], *late]


def _row(
    option: OptionResult, columns: Sequence[Column], result: CompareResult, *, noted: bool
) -> Row:
    cells = tuple(column.text(option) for column in columns)
    return Row(cells=cells, note=people.note(option, result) if noted else "")


def _engineers(options: list[OptionResult]) -> Iterator[Block]:
    """Return what engineers are of the rows that have no breakdown of their own."""
    bills = [o.breakdown for o in options if o.breakdown is not None and o.breakdown.tokens]
    people = max((bill.people for bill in bills), default=0.0)
    if people:
        text = f"Of each bill by the token {show_usd(people)} is people, and the rest tokens."
        yield Paragraph(text=text, tone="dim")


def _missing(result: CompareResult, sheet: Sheet, view: View) -> list[OptionResult]:
    """Return what cannot be had; on a first screen only of what there is no other way to have."""
    infeasible = [o for o in sheet.rows if not o.feasible]
    if view.notes or view.page:
        return infeasible
    if result.shown or "--all" in result.asked:
        return []  # nobody named them
    had = {(o.model, o.tier) for o in sheet.rows if o.feasible}
    return [o for o in infeasible if (o.model, o.tier) not in had]


def _impossible(options: list[OptionResult], view: View) -> Iterator[Block]:
    """Return what cannot be had and why; on a first screen the first of it."""
    if not options:
        return
    if not (view.notes or view.page):
        told = f"{options[0].id}: {words.notes_of(options[0].reasons)}"
        more = f"; {len(options) - 1} more: --notes" if len(options) > 1 else ""
        text = f"Not possible: {words.shortened(told, 130)}{more}"
        yield Paragraph(text=text, hanging=2, bullet=True)
        return
    yield Paragraph(text="Not possible", tone="bold")
    for option in options[:MOST_INFEASIBLE]:
        text = f"{option.id}: {words.notes_of(option.reasons)}"
        yield Paragraph(text=text, tone="dim", hanging=2, bullet=True)


COMPARE = Screen(
    rows=("options",),
    everything=_compare_everything,
    shown=_compare_sheet,
    blocks=_compare_blocks,
    compact=COMPACT,
)


# The screen of `tco explain`: every term of one bill.

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


def _explain_everything(result: ExplainResult) -> Sheet:
    """Return the lines of the bill."""
    return Sheet(rows=result.option.lines, columns=COLUMNS, usual=USUAL, keys=KEYS)


def _explain_blocks(result: ExplainResult, sheet: Sheet, view: View) -> Iterable[Block]:
    """Return the screen: what it comes to, its bill, how the quantities came about."""
    most = len(result.steps) + 1
    least = min(LEAST_LINES - len(sheet.rows), 0)
    return first.fitted(result, view, partial(_explained, result, sheet, view), most, least)


PEAK = "busiest hour ="
"""How the step begins that a mean must never stand without."""
LEAST_LINES = 4
"""Lines of a bill that a first screen shows at least."""


def _explained(result: ExplainResult, sheet: Sheet, view: View, fullness: int) -> list[Block]:
    """Return the screen with so many of the last steps; with all of them, what it uses too.

    Below none so many lines of the bill give way, the smallest ones, to one that sums them up.
    """
    option = result.option
    columns = sheet.pick(view.fields or sheet.usual)
    whole = view.notes or view.page
    noted = view.fields is None and whole
    told, rest = _largest(sheet.rows[: view.top], max(-fullness, 0))
    rows = tuple(_explain_row(r, columns, noted=noted) for r in told)
    if rest:
        usd = words.whole_usd(sum(line.amount_usd for line in rest))
        cells = {"item": f"{len(rest)} smaller: --notes", "amount_usd": usd}
        rows += (Row(cells=tuple(cells.get(c.key, "") for c in columns)),)
    beside = list(_beside(option, view, brief=fullness <= len(result.steps)))
    first_told = len(result.steps) - max(fullness, 0)
    steps = [s for i, s in enumerate(result.steps) if i >= first_told or s.startswith(PEAK)]
    untold = len(result.resolved) + len(result.sources) + len(option.notes) + len(sheet.rows)
    untold += len(result.steps) - len(steps)
    sure = f"The price: {option.sureness or option.trust}; the model: {_graded(option)}."
    return [
        *first.verdict(_comes_to(result), view),
        Paragraph(text=sure, bullet=True),
        Table(columns=columns, rows=rows),
        *beside,
        *([Paragraph(text="How it came about", tone="bold", bullet=not whole)] if steps else []),
        *(Paragraph(text=text, hanging=2, bullet=True) for text in steps),
        *(_explain_sources(result) if whole else ()),
        *first.assumed(result.assumptions, view),
        *first.away(result, view, notes=untold),
        *_explain_next(result),
    ]


def _largest(
    lines: Sequence[BillLine], hidden: int
) -> tuple[Sequence[BillLine], Sequence[BillLine]]:
    """Return the largest lines of a bill in their order, and so many smaller ones and one more."""
    if not hidden:
        return lines, ()
    order = sorted(range(len(lines)), key=lambda i: -abs(lines[i].amount_usd))
    kept = {*order[: len(lines) - hidden - 1]}
    return (
        [line for i, line in enumerate(lines) if i in kept],
        [line for i, line in enumerate(lines) if i not in kept],
    )


def _explain_sources(result: ExplainResult) -> Iterator[Block]:
    """Return the month, the catalog, and where each figure is from."""
    yield Paragraph(text=f"{words.month(result.workload)}\n{words.edition(result.catalog)}")
    yield Paragraph(text="Sources", tone="bold")
    for text in (*result.resolved, *result.sources):
        yield Paragraph(text=text, hanging=2, bullet=True)


def _comes_to(result: ExplainResult) -> str:
    """Return the bill in words: what it comes to, and what it is made of."""
    option = result.option
    if option.monthly_usd is None:
        return f"{option.id} is not possible: {words.notes_of(option.reasons)}."
    each = "" if option.usd_per_mtok is None else f" ({show_usd(option.usd_per_mtok)} per Mtok)"
    volume = show_tokens(result.workload.tokens_per_month)
    total = show_usd(option.monthly_usd)
    told = [f"{said(option)} costs {total} a month for {volume} tokens{each}."]
    if option.breakdown is not None:
        told.append(f"Of this {words.parts(option.breakdown, '$')}.")
    return " ".join(told)


def _graded(option: OptionResult) -> str:
    """Return class and score of a model, and the effort that it was scored at."""
    class_ = "class unknown" if option.class_ == "unknown" else option.class_
    if option.quality is None:
        return f"{class_}, no score"
    score = f"{show_score(option.quality.value)} in {option.quality.benchmark}"
    effort = option.quality.effort
    at = "" if effort is None else f" at effort {effort}, whose tokens are not in this bill"
    return f"{class_}, {score}{at}"


def _explain_next(result: ExplainResult) -> Iterator[Block]:
    """Return what comes next: own GPUs deployed, or all that there is of the model."""
    name = first.asked_as(result.option.id, [], result.resolved)
    lines = [first.command(result.asked, "compare")]
    if result.option.id.startswith("self/"):
        lines.append(first.command(result.asked, "deploy", name))
    yield from first.commands(*lines)


def _explain_row(line: BillLine, columns: tuple[Column, ...], *, noted: bool) -> Row:
    return Row(
        cells=tuple(column.text(line) for column in columns),
        note=_who(line) if noted else "",
    )


def _who(line: BillLine) -> str:
    date = f", {line.date}" if line.date else ""
    return f"{words.star(line.origin)}{line.origin}: {line.source}{date}"


def _beside(option: OptionResult, view: View, *, brief: bool) -> Iterator[Block]:
    """Return what is told beside the total: band, cash up front, energy, use, how sure it is.

    Where room is short, no energy: it is a line of the bill where it is paid for.
    """
    told = [text for text in _beside_words(option) if not (brief and text.startswith(ENERGY))]
    if view.notes or view.page:
        told += [f"Trust in the price {option.trust}: {words.notes_of(option.trust_reasons)}"]
        told += option.notes
    for text in told:
        yield Paragraph(text=text, hanging=2, bullet=True)


ENERGY = "Energy"


def _beside_words(option: OptionResult) -> Iterator[str]:
    band, energy, used = option.band_usd, option.energy, option.utilization
    if band is not None and band[0] < band[1]:
        yield f"Within the throughput band {words.spread(*band)} a month"
    if option.upfront_usd is not None:
        cash = show_usd(option.upfront_usd)
        yield f"Up front {cash} in cash, which the amortized lines pay back"
    if energy is not None and energy.wh_per_request is not None:
        yield (
            f"{ENERGY} {show_number(energy.kwh_per_month)} kWh a month, "
            f"{show_number(energy.wh_per_request)} Wh a request; "
            f"{show_number(energy.kg_co2_per_month)} kg of CO2 a month ({energy.basis})"
        )
    if used is not None and option.gpus is None:
        yield f"Used: {show_share(used.paid_hours)} of the units paid for"
    elif used is not None:
        shares = [show_share(x) for x in (used.slots, used.token_capacity, used.paid_hours)]
        yield (
            f"Used: {shares[0]} of the request slots, {shares[1]} of the tokens it could serve, "
            f"{shares[2]} of the GPU-hours paid for"
        )
    if option.first_token is not None:
        yield words.first_token(option.first_token)
    if option.token_prices is not None:
        yield made_here(option.token_prices)


def made_here(prices: TokenPrices) -> str:
    """Return in words what a token costs that own GPUs make."""
    each = [(word, getattr(prices, f"{word}_usd_per_mtok")) for word in MADE]
    told = ", ".join(f"{word} {show_usd(usd)}" for word, usd in each if usd is not None)
    idle = f"{show_usd(prices.idle_usd)} ({show_share(prices.idle_share)} of the bill) idle"
    return f"What each token takes: {told} per Mtok; {idle}" if told else f"Of it {idle}"


EXPLAIN = Screen(
    rows=("option", "lines"),
    everything=_explain_everything,
    blocks=_explain_blocks,
)
