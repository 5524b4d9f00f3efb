"""The screens of `tco compare` and `tco explain`: all bills, and every term of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from tco.analysis.results import BillLine, CompareResult, ExplainResult, OptionResult
from tco.catalog.trust import LEVELS
from tco.render import words
from tco.render.screens import Screen
from tco.render.table import Block, Column, Paragraph, Row, Sheet, Table, View, number
from tco.units import show_number, show_score, show_seconds, show_share, show_usd

# The screen of `tco compare`.

COMPACT = ("id", "tier", "monthly_usd", "usd_per_mtok", "trust")
PARTS = ("tokens", "compute", "idle", "people", "power", "other")
TOP = 20
MOST_INFEASIBLE = 8


def _compare_everything(result: CompareResult) -> Sheet:
    """Return all options."""
    return _sheet(result, result.options)


def _compare_sheet(result: CompareResult, view: View) -> Sheet:
    """Return the options of the short list; with a larger `--top` feasible ones not on it too."""
    wanted = set(result.shown)
    return _sheet(result, tuple(o for o in result.options if _wanted(o, wanted, view)))


def _wanted(option: OptionResult, short_list: set[str], view: View) -> bool:
    more = view.top is not None and view.top > len(short_list)
    return not short_list or option.id in short_list or (more and option.feasible)


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
        Column(key="feasible", head="feasible", get=lambda o: o.feasible, show=_yes),
        number("monthly_usd", "$/month", lambda o: o.monthly_usd, words.whole_usd),
        number("usd_per_mtok", "$/Mtok", lambda o: o.usd_per_mtok, words.price),
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
        Column(key="shown", head="shown", get=lambda o: not shown or o.id in shown, show=_yes),
    )


def _part(name: str, option: OptionResult) -> float | None:
    return None if option.breakdown is None else float(getattr(option.breakdown, name))


def _mean_gpus(option: OptionResult) -> float | None:
    """Return the GPUs on the invoice in the average hour."""
    return option.gpus if option.scaling is None else option.scaling.billed_gpus


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _end(band: tuple[float, float] | None, which: int) -> float | None:
    return None if band is None else band[which]


def _used(option: OptionResult) -> float | None:
    return None if option.utilization is None else option.utilization.token_capacity


def _joined(texts: tuple[str, ...]) -> str | None:
    return words.notes_of(texts) or None


def _compare_blocks(result: CompareResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the screen: the month, its options, what is impossible, the verdict, assumptions."""
    yield Paragraph(text=f"{words.month(result.workload)}\n{words.edition(result.catalog)}")
    usual = (*sheet.usual, "trust") if view.page else sheet.usual
    columns = sheet.pick(view.fields or usual)
    feasible = [o for o in sheet.rows if o.feasible]
    infeasible = [o for o in sheet.rows if not o.feasible]
    top = TOP if view.top is None else view.top
    if feasible:
        listed = _listed(result, feasible, top)
        rows = [_row(o, columns, result, noted=view.fields is None) for o in listed]
        yield Table(columns=columns, rows=tuple(rows))
        if view.fields is None:
            yield from _engineers(listed)
    hidden = max(result.considered, len(feasible)) - len(feasible[:top])
    if infeasible:
        yield from _impossible(infeasible)
    if hidden > 0:
        every = hidden + len(feasible[:top])
        text = f"{hidden} more: --top {every} shows them, --model and --provider narrow the choice"
        yield Paragraph(text=text, tone="dim")
    yield Paragraph(text=result.verdict)
    yield from words.checks(result.checks)
    yield from words.assumptions(result.assumptions)


def _listed(result: CompareResult, feasible: list[OptionResult], top: int) -> list[OptionResult]:
    """Return the first rows, and always the answer: it may lie behind many that are not sure."""
    late = [o for o in feasible[top:] if o.id == result.best]
    return [*feasible[: top - len(late)], *late]


def _row(
    option: OptionResult, columns: Sequence[Column], result: CompareResult, *, noted: bool
) -> Row:
    cells = tuple(column.text(option) for column in columns)
    return Row(cells=cells, note=_note(option, result) if noted else "")


def _note(option: OptionResult, result: CompareResult) -> str:
    """Return what stands under the row of an option."""
    parts = []
    if LEVELS.index(option.trust) < LEVELS.index(result.min_trust) and option.trust_reasons:
        parts.append(f"? trust {option.trust}: {option.trust_reasons[0]}")
    if option.utilization is not None and option.breakdown is not None:
        used = show_share(option.utilization.paid_hours)
        units = f"{words.count(option.replicas or 0.0)} units"
        parts.append(f"{units if option.gpus is None else _gpus(option)}, {used} used")
        parts.append(words.parts(option.breakdown))
    band = option.band_usd
    if band is not None and band[0] < band[1]:
        parts.append(words.spread(*band))
    if option.upfront_usd is not None:
        parts.append(f"{show_usd(option.upfront_usd)} up front")
    return "; ".join([*parts, *option.notes])


def _gpus(option: OptionResult) -> str:
    """Return how many GPUs are paid for, `3.9 of 6` where they are fewer in the average hour."""
    most = f"{words.count(option.gpus or 0.0)} GPUs"
    if option.scaling is None or option.scaling.billed_gpus == option.gpus:
        return most
    return f"{show_number(option.scaling.billed_gpus)} of {most}"


def _engineers(options: list[OptionResult]) -> Iterator[Block]:
    """Return what engineers are of the rows that have no breakdown of their own."""
    bills = [o.breakdown for o in options if o.breakdown is not None and o.breakdown.tokens]
    people = max((bill.people for bill in bills), default=0.0)
    if people:
        text = f"Of each bill by the token {show_usd(people)} is people, and the rest tokens."
        yield Paragraph(text=text, tone="dim")


def _impossible(options: list[OptionResult]) -> Iterator[Block]:
    yield Paragraph(text="Not possible", tone="bold")
    for option in options[:MOST_INFEASIBLE]:
        text = f"{option.id}: {words.notes_of(option.reasons)}"
        yield Paragraph(text=text, tone="dim", hanging=2, bullet=True)


COMPARE = Screen(
    rows=("options",),
    everything=_compare_everything,
    sheet=_compare_sheet,
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


def _explain_sheet(result: ExplainResult, view: View) -> Sheet:
    """Return the lines of the bill."""
    return _explain_everything(result)


def _explain_blocks(result: ExplainResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the screen: the option, its bill, how the quantities came about, the sources."""
    option = result.option
    yield Paragraph(text=f"{option.id} ({option.tier})", tone="bold", hanging=2)
    for said in result.resolved:
        yield Paragraph(text=said, tone="dim", hanging=2, bullet=True)
    yield Paragraph(text=f"{words.month(result.workload)}\n{words.edition(result.catalog)}")
    columns = sheet.pick(view.fields or sheet.usual)
    rows = [_explain_row(r, columns, noted=view.fields is None) for r in sheet.rows[: view.top]]
    yield Table(columns=columns, rows=tuple(rows))
    yield from _total(result)
    for title, texts in (("How it came about", result.steps), ("Sources", result.sources)):
        if texts:
            yield Paragraph(text=title, tone="bold")
            for text in texts:
                yield Paragraph(text=text, hanging=2, bullet=True)
    yield from words.assumptions(result.assumptions)


def _explain_row(line: BillLine, columns: tuple[Column, ...], *, noted: bool) -> Row:
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


EXPLAIN = Screen(
    rows=("option", "lines"),
    everything=_explain_everything,
    sheet=_explain_sheet,
    blocks=_explain_blocks,
)
