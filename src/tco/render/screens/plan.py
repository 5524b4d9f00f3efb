"""The screens of `tco plan` and `tco horizon`: a mix, a portfolio, months to years."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import groupby

from tco.analysis.horizon.results import HorizonMonth, HorizonResult, HorizonRow
from tco.analysis.plan.results import ModelRow, PlanResult, ResourceRow, StrategyResult
from tco.analysis.portfolio.results import FleetResult, PortfolioResult, TaskResult
from tco.render import words
from tco.render.plots import legend, stacked
from tco.render.screens import Screen
from tco.render.table import Block, Column, Figure, Paragraph, Row, Sheet, Table, View, number
from tco.units import in_unit, show_number, show_share, show_tokens, show_usd

# The screen of `tco plan`: three bills, who serves which part of the load, what changes it.

COMPACT = ("resource", "gpus", "hours_share", "tokens_share", "monthly_usd")

COLUMNS = (
    Column(key="strategy", head="arrangement", get=lambda r: r.strategy),
    Column(key="resource", head="resource", get=lambda r: r.resource, wraps=True),
    Column(key="paid", head="paid", get=lambda r: r.paid),
    number("replicas", "replicas", lambda r: r.replicas, words.count),
    number("gpus", "GPUs", lambda r: r.gpus, words.count),
    number("hours_share", "hours", lambda r: r.hours_share, show_share),
    number("tokens_per_month", "tokens", lambda r: r.tokens_per_month, show_tokens),
    number("tokens_share", "of tokens", lambda r: r.tokens_share, show_share),
    number("utilization", "used", lambda r: r.utilization, show_share),
    number("monthly_usd", "$/month", lambda r: r.monthly_usd, words.whole_usd),
    number("usd_per_mtok", "$/Mtok", lambda r: r.usd_per_mtok, words.price),
)
USUAL = (
    "resource",
    "gpus",
    "hours_share",
    "tokens_share",
    "utilization",
    "monthly_usd",
    "usd_per_mtok",
)
KEYS = {"cost": "monthly_usd", "tokens": "tokens_share"}

STRATEGIES = (
    Column(key="strategy", head="arrangement", get=lambda s: s.strategy, wraps=True),
    number("monthly_usd", "$/month", lambda s: s.monthly_usd, words.whole_usd),
    number("usd_per_mtok", "$/Mtok", lambda s: s.usd_per_mtok, words.price),
    number("to_api", "of all API", lambda s: s.to_api, lambda x: f"{x:.2f}"),
    number("gpus", "GPUs", lambda s: s.gpus, words.count),
    number("own_tokens_share", "own tokens", lambda s: s.own_tokens_share, show_share),
    number("own_hours_share", "own hours", lambda s: s.own_hours_share, show_share),
)

MODELS = (
    Column(key="model", head="model", get=lambda m: m.model, wraps=True),
    number("api_usd", "all API", lambda m: m.api_usd, words.whole_usd),
    number("own_usd", "all own", lambda m: m.own_usd, words.whole_usd),
    number("hybrid_usd", "hybrid", lambda m: m.hybrid_usd, words.whole_usd),
    number("own_tokens_share", "own tokens", lambda m: m.own_tokens_share, show_share),
    number("saved_share", "saved", lambda m: m.saved_share, show_share),
)


def _plan_everything(result: PlanResult) -> Sheet:
    """Return the resources of the hybrid."""
    return Sheet(rows=result.rows, columns=COLUMNS, usual=USUAL, keys=KEYS)


def _plan_sheet(result: PlanResult, view: View) -> Sheet:
    """Return the resources of the hybrid."""
    return _plan_everything(result)


def also(
    result: PlanResult,
) -> Iterator[tuple[str, tuple[Column, ...], tuple[StrategyResult, ...]]]:
    """Return the three bills, which stand beside the rows."""
    trust = Column(key="trust", head="trust", get=lambda s: s.trust)
    yield "strategies", (*STRATEGIES, trust), result.strategies


def _plan_blocks(result: PlanResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the screen: the month, three bills, the load and who serves it, what changes it."""
    yield Paragraph(text=f"{words.month(result.workload)}\n{words.edition(result.catalog)}")
    for said in result.resolved:
        yield Paragraph(text=said, tone="dim", hanging=2, bullet=True)
    yield Table(
        title=f"{result.model}: everything to an API, everything on own GPUs, or both",
        columns=STRATEGIES,
        rows=tuple(_strategy(s, noted=view.fields is None) for s in result.strategies),
    )
    if not view.plot:  # the same, larger, comes under it
        yield from _picture(result)
    columns = sheet.pick(view.fields or sheet.usual)
    rows = [_resource(row, columns, noted=view.fields is None) for row in sheet.rows[: view.top]]
    yield Table(title="What serves it in the hybrid", columns=columns, rows=tuple(rows))
    yield Paragraph(text=result.verdict)
    yield from words.checks(result.checks)
    if result.switches:
        yield Paragraph(text="What would change that, one at a time", tone="bold")
        for switch in result.switches:
            yield Paragraph(text=switch.text, hanging=2, bullet=True)
    if len(result.models) > 1:
        yield Table(
            title="The same for other open models ($/month)",
            columns=MODELS,
            rows=tuple(_model(m) for m in result.models),
        )
    if result.left_out:
        yield Paragraph(text=f"Left out: {words.notes_of(result.left_out)}", tone="dim", hanging=2)
    yield from words.assumptions(result.assumptions)


def _strategy(row: StrategyResult, *, noted: bool) -> Row:
    cells = tuple(column.text(row) for column in STRATEGIES)
    parts = [row.why_not] if row.why_not else []
    if row.band_usd is not None and row.band_usd[0] < row.band_usd[1]:
        parts.append(f"{words.spread(*row.band_usd)} within the throughput band")
    return Row(cells=cells, note=words.notes_of(parts) if noted else "")


def _resource(row: ResourceRow, columns: tuple[Column, ...], *, noted: bool) -> Row:
    cells = tuple(column.text(row) for column in columns)
    parts = [f"paid {row.paid}"]
    if row.replicas is not None:
        parts.append(f"{show_number(row.replicas)} replicas")
    return Row(cells=cells, note=words.notes_of(parts) if noted else "")


def _model(row: ModelRow) -> Row:
    return Row(cells=tuple(column.text(row) for column in MODELS))


def _picture(result: PlanResult) -> Iterator[Block]:
    curve = result.curve
    rows = stacked((curve.base, curve.peak, curve.api))
    if not rows:
        return
    yield Figure(title=f"Tokens an hour ({curve.said})", rows=rows)
    yield Paragraph(text=legend(4 if len(curve.tokens) > 24 else 1), tone="dim")


PLAN = Screen(
    rows=("rows",),
    everything=_plan_everything,
    sheet=_plan_sheet,
    blocks=_plan_blocks,
    compact=COMPACT,
    also=also,
)


# The screen of `tco plan -f portfolio.yaml`: who serves each task, and what it costs.

MODES = {"api": "by the token", "batch": "batch tier", "self": "own GPUs"}


def _served(task: TaskResult) -> str:
    return " then ".join(step.option for step in task.steps)


def _modes(task: TaskResult) -> str:
    return ", ".join(dict.fromkeys(MODES[step.mode] for step in task.steps))


PORTFOLIO_COLUMNS = (
    Column(key="name", head="task", get=lambda t: t.name, wraps=True),
    Column(key="served_by", head="served by", get=_served, wraps=True),
    Column(key="mode", head="how", get=_modes),
    Column(key="cascade", head="cascade", get=lambda t: t.cascade),
    number("requests", "requests", lambda t: t.requests, show_number),
    number("tokens", "tokens", lambda t: t.tokens, show_tokens),
    number("share", "of all", lambda t: t.share, show_share),
    number("monthly_usd", "$/month", lambda t: t.monthly_usd, words.whole_usd),
    number("usd_per_request", "$/request", lambda t: t.usd_per_request, words.price),
    number("usd_per_mtok", "$/Mtok", lambda t: t.usd_per_mtok, words.price),
    number("judge_usd", "judge $", lambda t: t.judge_usd, words.whole_usd),
    number("router_usd", "router $", lambda t: t.router_usd, words.whole_usd),
    number("routes", "ways", lambda t: t.routes, words.count),
    number("other_way_usd", "other way", lambda t: t.other_way_usd, words.whole_usd),
    Column(key="switch", head="turns when", get=lambda t: t.switch, wraps=True),
)
PORTFOLIO_USUAL = ("name", "served_by", "requests", "share", "monthly_usd", "usd_per_request")
PORTFOLIO_KEYS = {"cost": "monthly_usd", "name": "name", "requests": "requests"}

FLEETS = (
    Column(key="option", head="own GPUs", get=lambda f: f.option, wraps=True),
    number("replicas", "replicas", lambda f: f.replicas, words.count),
    number("gpus", "GPUs", lambda f: f.gpus, words.count),
    number("utilization", "used", lambda f: f.utilization, show_share),
    number("monthly_usd", "$/month", lambda f: f.monthly_usd, words.whole_usd),
)


def _portfolio_everything(result: PortfolioResult) -> Sheet:
    """Return the tasks."""
    return Sheet(
        rows=result.tasks, columns=PORTFOLIO_COLUMNS, usual=PORTFOLIO_USUAL, keys=PORTFOLIO_KEYS
    )


def _portfolio_sheet(result: PortfolioResult, view: View) -> Sheet:
    """Return the tasks."""
    return _portfolio_everything(result)


def _portfolio_blocks(result: PortfolioResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the screen: tasks, fleets, the bill, the verdict, how it was found."""
    yield Paragraph(text=words.edition(result.catalog))
    columns = sheet.pick(view.fields or sheet.usual)
    rows = [_task(row, columns, noted=view.fields is None) for row in sheet.rows[: view.top]]
    yield Table(title="Tasks", columns=columns, rows=tuple(rows))
    if result.fleets:
        yield Table(columns=FLEETS, rows=tuple(_fleet(f) for f in result.fleets))
    yield from _bill(result)
    yield Paragraph(text=result.verdict)
    yield from words.checks(result.checks)
    counts = " of ".join(show_number(count) for count in reversed(result.choices))
    yield Paragraph(text=f"Found by: {result.method} ({counts} assignments).", tone="dim")
    yield from words.assumptions(result.assumptions)


def _task(task: TaskResult, columns: tuple[Column, ...], *, noted: bool) -> Row:
    cells = tuple(column.text(task) for column in columns)
    parts = [_modes(task)]
    if task.cascade:
        shares = ", ".join(show_share(step.reach) for step in task.steps)
        parts.append(f"cascade {task.cascade}: {shares} of the requests come to its steps")
    parts.append(task.switch)
    return Row(cells=cells, note=words.notes_of(parts) if noted else "")


def _fleet(fleet: FleetResult) -> Row:
    cells = tuple(column.text(fleet) for column in FLEETS)
    parts = [f"shared by {', '.join(fleet.tasks)}"] if fleet.tasks else []
    if fleet.paid_gpus > fleet.gpus:
        parts.append(f"{show_number(fleet.paid_gpus)} on the invoice, in whole machines")
    return Row(cells=cells, note="; ".join(parts))


def _bill(result: PortfolioResult) -> Iterator[Block]:
    parts = (
        ("by the token", result.tokens_usd),
        ("own GPUs", result.fleets_usd),
        ("sums of self-hosting", result.once_usd),
        ("engineers for them", result.own_people_usd),
        ("engineers for APIs", result.api_people_usd),
        ("judges", result.judge_usd),
        ("router", result.router_usd),
    )
    shown = ", ".join(f"{name} {show_usd(usd)}" for name, usd in parts if usd)
    yield Paragraph(text=f"{show_usd(result.monthly_usd)} a month: {shown}", hanging=2)


PORTFOLIO = Screen(
    rows=("tasks",),
    everything=_portfolio_everything,
    sheet=_portfolio_sheet,
    blocks=_portfolio_blocks,
)


# The screen of `tco horizon`: what each option comes to, and the cash of every year.


def _months(value: float) -> str:
    return f"{show_number(value)} months" if value else "at once"


def _start(value: int) -> str:
    return f"after {show_number(value)} months" if value else "now"


HORIZON_COLUMNS = (
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
HORIZON_USUAL = ("letter", "id", "upfront_usd", "total_usd", "npv_usd", "payback_months")
HORIZON_KEYS = {"cost": "npv_usd"}


def _horizon_everything(result: HorizonResult) -> Sheet:
    """Return the options."""
    return Sheet(rows=result.rows, columns=HORIZON_COLUMNS, usual=HORIZON_USUAL, keys=HORIZON_KEYS)


def _horizon_sheet(result: HorizonResult, view: View) -> Sheet:
    """Return the options."""
    return _horizon_everything(result)


def _horizon_blocks(result: HorizonResult, sheet: Sheet, view: View) -> Iterator[Block]:
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
    rate = in_unit(result.yearly_rate, "share/year")
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


HORIZON = Screen(
    rows=("rows",), everything=_horizon_everything, sheet=_horizon_sheet, blocks=_horizon_blocks
)
