"""The screens of `tco plan`: a mix, a portfolio."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from tco.analysis.plan.bills import PURCHASES
from tco.analysis.plan.results import ModelRow, PlanResult, ResourceRow, StrategyResult
from tco.analysis.portfolio.results import FleetResult, PortfolioResult, TaskResult
from tco.render import first, words
from tco.render.output import Screen
from tco.render.plots import legend, stacked
from tco.render.screens.compare import MADE_COLUMNS
from tco.render.screens.explain import made_here
from tco.render.words import (
    Block,
    Column,
    Figure,
    Paragraph,
    Row,
    Sheet,
    Table,
    View,
    column,
    number,
)
from tco.units import show_number, show_share, show_tokens, show_usd

# The screen of `tco plan`: three bills, who serves which part of the load, what changes it.

COMPACT = ("resource", "gpus", "hours_share", "tokens_share", "monthly_usd")

COLUMNS = (
    column("strategy", "arrangement"),
    column("resource", "resource", wraps=True),
    column("paid", "paid"),
    number("replicas", "replicas", words.count),
    number("gpus", "GPUs", words.count),
    number("hours_share", "hours", show_share),
    number("tokens_per_month", "tokens", show_tokens),
    number("tokens_share", "of tokens", show_share),
    number("utilization", "used", show_share),
    number("monthly_usd", "$/month", words.whole_usd),
    number("usd_per_mtok", "$/Mtok", words.price),
    *MADE_COLUMNS,
    *words.TRUST,
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
    column("strategy", "arrangement", wraps=True),
    number("monthly_usd", "$/month", words.whole_usd),
    number("usd_per_mtok", "$/Mtok", words.price),
    number("to_api", "of all API", lambda x: f"{x:.2f}"),
    number("gpus", "GPUs", words.count),
    number("own_tokens_share", "own tokens", show_share),
    number("own_hours_share", "own hours", show_share),
)

RIGHT = number("usd_per_success", "$/right", words.price)
"""What a right answer costs, where it was said how often one is."""

MODELS = (
    column("model", "model", wraps=True),
    number("api_usd", "all API", words.whole_usd),
    number("own_usd", "all own", words.whole_usd),
    column("own_purchase", "paid"),
    number("hybrid_usd", "hybrid", words.whole_usd),
    number("own_tokens_share", "own tokens", show_share),
    number("saved_share", "saved", show_share),
)


def _arrangements(result: PlanResult) -> tuple[Column, ...]:
    """Return the columns of the three bills."""
    rated = any(row.usd_per_success is not None for row in result.strategies)
    return (*STRATEGIES[:3], *((RIGHT,) if rated else ()), *STRATEGIES[3:])


def also(
    result: PlanResult,
) -> Iterator[tuple[str, tuple[Column, ...], tuple[StrategyResult, ...]]]:
    """Return the three bills, which stand beside the rows."""
    trust = column("trust", "trust")
    yield "strategies", (*_arrangements(result), trust), result.strategies


def _plan_blocks(result: PlanResult, sheet: Sheet, view: View) -> Iterable[Block]:
    """Return the screen: the verdict, three bills, who serves the mix, what would turn it."""
    make = partial(_planned, result, sheet, view)
    return first.fitted(result, view, make, len(result.models) + COMMANDS, 1)


COMMANDS = 3
"""Commands that come next, at most; there is always one."""


def _planned(result: PlanResult, sheet: Sheet, view: View, fullness: int) -> list[Block]:
    """Return the screen with so many commands and other models together, commands before these."""
    most = min(fullness, COMMANDS)
    shown = _others(result, view, fullness - most)
    table = [words.table(MODELS, shown, OTHERS)] if shown else []
    return [
        *first.verdict(result.verdict, view),
        *_bills(result, sheet, view),
        *table,
        *_under(result, view),
        *_plan_ending(result, view, len(result.models) - 1 - len(shown), most),
    ]


OTHERS = "The same for other open models ($/month)"


def _bills(result: PlanResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the three bills, the load, and who serves it in the mix."""
    if view.usual and not (view.page or view.notes):
        yield Table(columns=PARTS, rows=tuple(_parts(result)))
        return
    yield Paragraph(text=f"{words.month(result.workload)}\n{words.edition(result.catalog)}")
    for said in result.resolved:
        yield Paragraph(text=said, tone="dim", hanging=2, bullet=True)
    title = f"{result.model}: everything to an API, everything on own GPUs, or both"
    noted = view.fields is None
    yield words.table(
        _arrangements(result), result.strategies, title, _strategy_note if noted else None
    )
    for row in result.strategies:
        if row.token_prices is not None:
            told = f"{row.strategy}: {made_here(row.token_prices)}"
            yield Paragraph(text=told, hanging=2, bullet=True)
    if view.page and not view.plot:  # the same, larger, comes under it
        yield from _picture(result)
    columns = sheet.pick(view.fields or sheet.usual)
    rows, note = sheet.rows[: view.top], _resource_note if noted else None
    yield words.table(columns, rows, "What serves it in the hybrid", note)


PARTS = tuple(
    column(key, head, get=str, right=bool(place), wraps=not place)
    for place, (key, head) in enumerate(
        (
            ("arrangement", "a month of"),
            ("gpus", "GPUs"),
            ("tokens_share", "of tokens"),
            ("utilization", "used"),
            ("monthly_usd", "$"),
            ("usd_per_mtok", "$/Mtok"),
        )
    )
)


def _parts(result: PlanResult) -> Iterator[Row]:
    """Yield a row of each arrangement, and under the hybrid one of each that serves it."""
    for row in result.strategies:
        name = f"{row.strategy}: {result.overflow}" if row.strategy == "all API" else row.strategy
        yield _cells(row.why_not or name if row.monthly_usd is None else name, row.gpus, row)
    own = [row for row in result.rows if row.gpus is not None]
    if not own:
        return
    for resource in (*own, *(r for r in result.rows if r.paid == "by the token")):
        yield _cells(f"  {_serves(resource)}", resource.gpus, resource)
    rest = [row for row in result.rows if row.paid == "by the month"]
    usd = sum(row.monthly_usd for row in rest)
    if rest:
        yield Row(cells=("  engineers and service", "", "", "", words.whole_usd(usd), ""))


def _cells(name: str, gpus: float | None, row: StrategyResult | ResourceRow) -> Row:
    share, used = getattr(row, "tokens_share", None), getattr(row, "utilization", None)
    whole = isinstance(row, StrategyResult)
    return Row(
        cells=(
            name,
            "" if gpus is None else words.count(gpus),
            "" if share is None else show_share(share),
            "" if used is None else show_share(used),
            "–" if row.monthly_usd is None else words.whole_usd(row.monthly_usd),
            words.price(row.usd_per_mtok) if whole and row.usd_per_mtok is not None else "",
        )
    )


def _serves(row: ResourceRow) -> str:
    """Return what serves a part of the load, in words: GPUs by their rent, or an offer."""
    if row.gpus is None:
        return f"{row.resource} {row.paid}"
    rent = f"{row.resource.rpartition('/')[2]}_".replace(":", " ").replace(" on_demand_", " ")
    rent = rent.removesuffix("_").rstrip()
    gpu = first.machine(row.resource.partition("@")[2].partition("/")[0]).partition(" ")[2]
    return f"{gpu} at {rent}" + (", by the hour" if row.paid == "by the hour" else "")


def _others(result: PlanResult, view: View, most: int) -> Sequence[ModelRow]:
    """Return so many models: those that a mix saves most of first, beside this one."""
    if len(result.models) < 2:
        return ()
    if view.page or view.notes or not view.usual:
        return result.models
    others = sorted(result.models[1:], key=lambda row: -row.saved_share)
    return others[:most]


def _under(result: PlanResult, view: View) -> Iterator[Block]:
    """Return what stands under the tables: what would turn it, checks, assumptions."""
    yield from first.doubts(result.verdict, view)
    yield from _turning(result, view)
    yield from words.checks(result.checks)
    if result.left_out and (view.page or view.notes):
        yield Paragraph(text=f"Left out: {words.notes_of(result.left_out)}", tone="dim", hanging=2)
    yield from first.assumed(result.assumptions, view)


def _turning(result: PlanResult, view: View) -> Iterator[Block]:
    if view.page or view.notes:
        if result.switches:
            yield Paragraph(text="What would change that, one at a time", tone="bold")
        for switch in result.switches:
            yield Paragraph(text=switch.text, hanging=2, bullet=True)
        return
    told = [
        s.text.removeprefix(PAY) for s in first.nearest(result.switches) if s.needed is not None
    ]
    if told:
        yield Paragraph(text=f"Own GPUs pay {', or '.join(told[:3])}.", hanging=2)
    elif result.switches:
        text = "; ".join(switch.text for switch in result.switches)
        yield Paragraph(text=f"{text[:1].upper()}{text[1:]}.", hanging=2)


PAY = "own GPUs pay "


def _plan_ending(result: PlanResult, view: View, more: int, most_commands: int) -> Iterator[Block]:
    """Return what is one flag away, and the next commands."""
    besides = f"{more} more model{'s' * (more > 1)}: --notes" if more > 0 and not view.page else ""
    notes = len(result.resolved) + bool(result.left_out)
    yield from first.away(result, view, "the week: --plot", besides, notes=notes)
    lines = (
        first.command(result.asked, "explain", result.overflow),
        first.command(_with_rents(result), "breakeven", result.overflow, f"self/{result.model}"),
        *(line for n in result.own[:1] for line in first.deployment(result.asked, _deployed(n))),
    )
    yield from first.commands(*lines[:most_commands])


def _with_rents(result: PlanResult) -> tuple[str, ...]:
    """Return the question with the rents that a plan looks at unasked, where they decide."""
    own = next(row for row in result.strategies if row.strategy == "all own")
    reserved = own.on_demand_usd is not None or any(map(_reserved, result.own))
    if not reserved or "--purchase" in result.asked:
        return result.asked
    return (*result.asked, "--purchase", ",".join(PURCHASES))


def _deployed(name: str) -> str:
    """Return a set-up of a mix by a name that another command takes for no other one."""
    bought = "/own:" in name or "@" not in name
    return first.short(name) if bought else name


def _reserved(name: str) -> bool:
    return ":reserved_" in name


def _strategy_note(row: StrategyResult) -> str:
    parts = [row.why_not] if row.why_not else []
    if spread := words.spread(row.band_usd):
        parts.append(f"{spread} within the throughput band")
    return words.notes_of(parts)


def _resource_note(row: ResourceRow) -> str:
    parts = [f"paid {row.paid}"]
    if row.replicas is not None:
        parts.append(f"{show_number(row.replicas)} replicas")
    return words.notes_of(parts)


def _picture(result: PlanResult) -> Iterator[Block]:
    curve = result.curve
    rows = stacked((curve.base, curve.peak, curve.api))
    if not rows:
        return
    yield Figure(title=f"Tokens an hour ({curve.said})", rows=rows)
    yield Paragraph(text=legend(4 if len(curve.tokens) > 24 else 1), tone="dim")


PLAN = Screen(
    rows=("rows",),
    everything=Sheet(columns=COLUMNS, usual=USUAL, keys=KEYS),
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
    column("name", "task", wraps=True),
    column("served_by", "served by", get=_served, wraps=True),
    column("mode", "how", get=_modes),
    column("cascade", "cascade"),
    number("requests", "requests", show_number),
    number("tokens", "tokens", show_tokens),
    number("share", "of all", show_share),
    number("monthly_usd", "$/month", words.whole_usd),
    number("usd_per_request", "$/request", words.price),
    RIGHT,
    number("usd_per_mtok", "$/Mtok", words.price),
    number("judge_usd", "judge $", words.whole_usd),
    number("router_usd", "router $", words.whole_usd),
    number("routes", "ways", words.count),
    number("other_way_usd", "other way", words.whole_usd),
    column("switch", "turns when", wraps=True),
    *words.TRUST,
)
PORTFOLIO_USUAL = ("name", "served_by", "requests", "share", "monthly_usd", "usd_per_request")
PORTFOLIO_KEYS = {"cost": "monthly_usd", "name": "name", "requests": "requests"}

FLEETS = (
    column("option", "own GPUs", wraps=True),
    number("replicas", "replicas", words.count),
    number("gpus", "GPUs", words.count),
    number("utilization", "used", show_share),
    number("monthly_usd", "$/month", words.whole_usd),
)


def _portfolio_everything(result: PortfolioResult) -> Sheet:
    """Return the tasks."""
    usual = PORTFOLIO_USUAL
    if any(task.usd_per_success is not None for task in result.tasks):
        usual = (*usual[:-1], "usd_per_success")
    return Sheet(rows=result.tasks, columns=PORTFOLIO_COLUMNS, usual=usual, keys=PORTFOLIO_KEYS)


def _portfolio_blocks(result: PortfolioResult, sheet: Sheet, view: View) -> Iterable[Block]:
    """Return the screen: the verdict, tasks, fleets, the bill, what would turn it."""
    if view.page or view.notes or not view.usual:
        head = first.verdict(result.verdict, view)
        return [*head, *_tasks(result, sheet, view), *_ending(result, view, 0)]
    return first.fitted(result, view, partial(_assigned, result, sheet, view), len(sheet.rows), 1)


def _assigned(result: PortfolioResult, sheet: Sheet, view: View, fullness: int) -> list[Block]:
    """Return the screen with so many tasks."""
    return [
        *first.verdict(result.verdict, view),
        _short_tasks(result, sheet, fullness),
        *_served_by(result),
        *_ending(result, view, len(sheet.rows) - fullness),
    ]


def _tasks(result: PortfolioResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return tasks and fleets with all that is known of each."""
    yield Paragraph(text=words.edition(result.catalog))
    columns = sheet.pick(view.fields or sheet.usual)
    rows, note = sheet.rows[: view.top], _task_note if view.fields is None else None
    yield words.table(columns, rows, "Tasks", note)
    if result.fleets:
        yield words.table(FLEETS, result.fleets, note=_fleet_note)
    yield from _bill(result)
    counts = " of ".join(show_number(count) for count in reversed(result.choices))
    yield Paragraph(text=f"Found by: {result.method} ({counts} assignments).", tone="dim")


SHORT = (
    column("name", "task", get=str, wraps=True),
    column("served_by", "served by", get=str, wraps=True),
    *(
        number(key, head, get=str)
        for key, head in (
            ("requests", "requests"),
            ("monthly_usd", "$/month"),
            ("usd_per_request", "$/request"),
        )
    ),
    column("trust", "trust", get=str),
)


def _short_tasks(result: PortfolioResult, sheet: Sheet, most: int) -> Table:
    """Return the table of the dearest tasks, in their order."""
    dearest = sorted(sheet.rows, key=lambda task: -task.monthly_usd)[:most]
    kept = [task for task in sheet.rows if task in dearest]
    return Table(columns=SHORT, rows=tuple(_short_task(task, result) for task in kept))


def _short_task(task: TaskResult, result: PortfolioResult) -> Row:
    served = " then ".join(first.spoken(step.option) for step in task.steps)
    batch = any(step.mode == "batch" for step in task.steps)
    return Row(
        cells=(
            task.name,
            f"{served}, batch" if batch else served,
            show_number(task.requests),
            words.whole_usd(task.monthly_usd),
            words.price(task.usd_per_request),
            task.trust,
        )
    )


def _served_by(result: PortfolioResult) -> Iterator[Block]:
    """Return what the bill is made of, and what would turn single tasks."""
    fleets = ", ".join(
        f"{first.machine(_hardware(fleet), fleet.gpus)} {show_share(fleet.utilization)} used"
        for fleet in result.fleets
    )
    own = f"own GPUs ({fleets})" if fleets else "own GPUs"
    parts = (
        ("by the token", result.tokens_usd),
        (own, result.fleets_usd + result.once_usd),
        ("engineers", result.own_people_usd + result.api_people_usd),
        ("judges", result.judge_usd),
        ("router", result.router_usd),
    )
    told = ", ".join(f"{name} {show_usd(usd)}" for name, usd in parts if usd)
    yield Paragraph(text=f"Of it {told}.", hanging=2)
    yield from first.doubts(result.verdict, View())
    known = [task for task in result.tasks if task.other_way_usd is not None and task.monthly_usd]
    near = sorted(known, key=lambda task: (task.other_way_usd or 0.0) / task.monthly_usd)
    turns = "; ".join(f"{task.name}: {task.switch}" for task in near[:2])
    if turns:
        yield Paragraph(text=f"{turns}.", hanging=2, bullet=True)


def _hardware(fleet: FleetResult) -> str:
    return fleet.option.partition("@")[2].partition("/")[0]


def _ending(result: PortfolioResult, view: View, more: int) -> Iterator[Block]:
    """Return checks, assumptions, what is one flag away and the next commands."""
    yield from words.checks(result.checks)
    if view.assumptions or view.page:
        yield from words.assumptions(result.assumptions)
    besides = f"{more} more task{'s' * (more > 1)}: --top {len(result.tasks)}" if more > 0 else ""
    yield from first.away(result, view, besides, notes=1)
    yield from first.commands(first.command(result.asked, "plan", "--notes"))


def _task_note(task: TaskResult) -> str:
    parts = [_modes(task)]
    if task.cascade:
        shares = ", ".join(show_share(step.reach) for step in task.steps)
        parts.append(f"cascade {task.cascade}: {shares} of the requests come to its steps")
    parts.append(task.switch)
    return words.notes_of(parts)


def _fleet_note(fleet: FleetResult) -> str:
    parts = [f"shared by {', '.join(fleet.tasks)}"] if fleet.tasks else []
    if fleet.paid_gpus > fleet.gpus:
        parts.append(f"{show_number(fleet.paid_gpus)} on the invoice, in whole machines")
    return "; ".join(parts)


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
    blocks=_portfolio_blocks,
)
