"""The screen of `tco plan -f portfolio.yaml`: who serves each task, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator

from tco.analysis.portfolio.results import FleetResult, PortfolioResult, TaskResult
from tco.render import words
from tco.render.screens import Screen
from tco.render.table import Block, Column, Paragraph, Row, Sheet, Table, View, number
from tco.show import show_number, show_share, show_tokens, show_usd

MODES = {"api": "by the token", "batch": "batch tier", "self": "own GPUs"}


def _served(task: TaskResult) -> str:
    return " then ".join(step.option for step in task.steps)


def _modes(task: TaskResult) -> str:
    return ", ".join(dict.fromkeys(MODES[step.mode] for step in task.steps))


COLUMNS = (
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
USUAL = ("name", "served_by", "requests", "share", "monthly_usd", "usd_per_request")
KEYS = {"cost": "monthly_usd", "name": "name", "requests": "requests"}

FLEETS = (
    Column(key="option", head="own GPUs", get=lambda f: f.option, wraps=True),
    number("replicas", "replicas", lambda f: f.replicas, words.count),
    number("gpus", "GPUs", lambda f: f.gpus, words.count),
    number("utilization", "used", lambda f: f.utilization, show_share),
    number("monthly_usd", "$/month", lambda f: f.monthly_usd, words.whole_usd),
)


def everything(result: PortfolioResult) -> Sheet:
    """Return the tasks."""
    return Sheet(rows=result.tasks, columns=COLUMNS, usual=USUAL, keys=KEYS)


def sheet(result: PortfolioResult, view: View) -> Sheet:
    """Return the tasks."""
    return everything(result)


def blocks(result: PortfolioResult, sheet: Sheet, view: View) -> Iterator[Block]:
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


SCREEN = Screen(rows=("tasks",), everything=everything, sheet=sheet, blocks=blocks)
