"""The screen of `tco explain`: every term of one bill."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from tco.analysis.results import BillLine, ExplainResult, OptionResult
from tco.analysis.verdict import label
from tco.engine.ledger import TokenPrices
from tco.render import first, words
from tco.render.output import Screen
from tco.render.screens.compare import MADE
from tco.render.words import Block, Paragraph, Row, Sheet, View, column, number
from tco.units import show_number, show_score, show_share, show_tokens, show_usd

COLUMNS = (
    column("item", "item", wraps=True),
    column("group", "group"),
    number("quantity", "quantity", lambda q: show_number(q, 4)),
    column("unit", "unit"),
    number("rate_usd", "rate $", words.whole_usd),
    number("amount_usd", "$/month", words.whole_usd),
    column("origin", "who"),
    column("source", "source", wraps=True),
    column("date", "date"),
)
USUAL = ("item", "quantity", "unit", "rate_usd", "amount_usd")
KEYS = {"cost": "amount_usd", "item": "item"}


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
    table = words.table(columns, told, note=_who if noted else None)
    if rest:
        usd = words.whole_usd(sum(line.amount_usd for line in rest))
        cells = {"item": f"{len(rest)} smaller: --notes", "amount_usd": usd}
        more = Row(cells=tuple(cells.get(c.key, "") for c in columns))
        table = table._replace(rows=(*table.rows, more))
    beside = list(_beside(option, view, brief=fullness <= len(result.steps)))
    first_told = len(result.steps) - max(fullness, 0)
    steps = [s for i, s in enumerate(result.steps) if i >= first_told or s.startswith(PEAK)]
    untold = len(result.resolved) + len(result.sources) + len(option.notes) + len(sheet.rows)
    untold += len(result.steps) - len(steps)
    sure = f"The price: {option.sureness or option.trust}; the model: {_graded(option)}."
    return [
        *first.verdict(_comes_to(result), view),
        Paragraph(text=sure, bullet=True),
        table,
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
    told = [f"{label(option)} costs {total} a month for {volume} tokens{each}."]
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
    name = first.typed_name(result.option.id, [], result.resolved)
    lines = [first.command(result.asked, "compare")]
    if result.option.id.startswith("self/"):
        lines += first.deployment(result.asked, name)
    yield from first.commands(*lines)


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
    if spread := words.spread(band):
        slow = ": its slow end does not keep the limits" if band and band[1] is None else ""
        yield f"Within the throughput band {spread} a month{slow}"
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
    everything=Sheet(columns=COLUMNS, usual=USUAL, keys=KEYS),
    blocks=_explain_blocks,
)
