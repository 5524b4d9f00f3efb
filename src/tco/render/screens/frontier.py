"""The screen of `tco compare --frontier`: the cheapest for each level of quality."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tco.analysis.results import DominatedOption, FrontierPoint, FrontierResult
from tco.render import first, words
from tco.render.screens import Screen
from tco.render.table import Block, Column, Paragraph, Row, Sheet, Table, View, number
from tco.units import show_score, show_usd

COMPACT = ("option", "class", "monthly_usd", "quality", "usd_per_point")
TOP, LEAST = 11, 5
"""Points that a screen has room for without notes beside it, and those that it always shows."""
NAMED, ASSUMED = 1, 2


def _sheet(result: FrontierResult) -> Sheet:
    return Sheet(
        rows=result.points,
        columns=(
            Column(key="class", head="class", get=lambda p: p.class_),
            Column(key="name", head="option", get=lambda p: first.spoken(p.option), wraps=True),
            Column(key="option", head="option", get=lambda p: p.option, wraps=True),
            Column(key="tier", head="tier", get=lambda p: p.tier),
            Column(key="model", head="model", get=lambda p: p.model),
            number("monthly_usd", "$/month", lambda p: p.monthly_usd, words.whole_usd),
            number("usd_per_mtok", "$/Mtok", lambda p: p.usd_per_mtok, words.price),
            Column(key="score", head="quality", get=_score, right=True),
            number("quality", "quality", lambda p: p.quality.value, show_score),
            number("quality_low", "low", lambda p: p.quality.low, show_score),
            number("quality_high", "high", lambda p: p.quality.high, show_score),
            Column(key="effort", head="effort", get=lambda p: p.quality.effort),
            Column(key="apart", head="apart", get=lambda p: p.apart),
            number("more_usd", "more $", lambda p: p.more_usd, words.whole_usd),
            number("usd_per_point", "$ a point", lambda p: p.usd_per_point, words.whole_usd),
            Column(key="trust", head="trust", get=lambda p: p.trust),
        ),
        usual=("class", "name", "monthly_usd", "score", "usd_per_point"),
        keys={"cost": "monthly_usd", "quality": "quality", "id": "option"},
    )


def _score(point: FrontierPoint) -> str:
    """Return a score as the table has it: with its effort, and whether it can be told apart."""
    effort = f" {point.quality.effort}*" if point.quality.effort else ""
    return f"{'~' if point.apart is False else ''}{show_score(point.quality.value)}{effort}"


def _blocks(result: FrontierResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the screen: the verdict, the points, what they beat, what has no place."""
    yield from first.verdict(result.verdict, view)
    others = first.carried(result.asked, ("--as-good-as",))
    command = first.command(others, "compare", "--as-good-as", result.points[-1].model)
    columns = sheet.pick(view.fields or sheet.usual)
    chosen = (
        sheet.rows
        if view.page or not view.usual
        else shown(sheet.rows, _room(result, view, command))
    )
    rows = tuple(Row(cells=tuple(c.text(p) for c in columns)) for p in chosen)
    yield Table(columns=columns, rows=rows)
    yield from _marks(chosen)
    yield from _beaten(result, view)
    yield from first.assumed(result.assumptions, view)
    hidden = len(sheet.rows) - len(chosen)
    more = f"{hidden} more: --top {len(sheet.rows)}" if hidden else ""
    yield from first.away(result, view, more)
    yield from first.commands(command)


def _room(result: FrontierResult, view: View, command: str) -> int:
    """Return how many points there is room for beside the notes and a long command."""
    notes = [f"tco: note: {text}" for text in first.told(result, view)]
    lines = sum(-(-len(text) // first.COLUMNS) for text in (command, *notes)) - 1
    return max(TOP - lines - bool(first.folded(result, view)), LEAST)


def shown(points: Sequence[FrontierPoint], most: int) -> Sequence[FrontierPoint]:
    """Return the points that have room: those that cannot be told apart give way first."""
    kept = list(points)
    close = [p for p in points[1:-1] if p.apart is False]
    for point in close[: max(len(points) - most, 0)]:
        kept.remove(point)
    if len(kept) <= most:
        return kept
    step = (len(kept) - 1) / (most - 1)
    return [kept[round(i * step)] for i in range(most)]


def _marks(points: Sequence[FrontierPoint]) -> Iterator[Block]:
    parts = []
    if any(p.apart is False for p in points):
        parts.append("~ not told apart from the one above")
    if any(p.quality.effort for p in points):
        parts.append("* at that effort; its tokens are not billed")
    if parts:
        yield Paragraph(text="; ".join(parts), tone="dim")


def _beaten(result: FrontierResult, view: View) -> Iterator[Block]:
    """Return what the points beat and what has no place: all of it with notes, else a few names."""
    if view.page or view.notes:
        yield from _every(result.dominated)
    models = list(dict.fromkeys(_model(name) for name in result.unscored))
    unsure = [first.spoken(name) for name in result.cheaper_but_unsure]
    parts = []
    if result.dominated and not (view.page or view.notes):
        parts.append(_counted(result.dominated))
    if unsure:
        parts.append(f"Cheaper but not sure enough: {_some(unsure, view)}.")
    if models:
        parts.append(f"No {result.benchmark} score, so no place: {_some(models, view)}.")
    if parts:
        yield Paragraph(text=" ".join(parts), hanging=2, bullet=True)


def _counted(rows: Sequence[DominatedOption]) -> str:
    """Return how many options are beaten, and the best of them."""
    best = min(rows, key=lambda r: (-r.quality.value, r.monthly_usd, r.option))
    named = f"{first.spoken(best.option)} ({show_score(best.quality.value)})"
    others = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
    return f"Beaten: {named} at {show_usd(best.monthly_usd)}{others}."


def _every(rows: Sequence[DominatedOption]) -> Iterator[Block]:
    if rows:
        yield Paragraph(text=f"Beaten: {len(rows)} options", tone="bold")
    for row in rows:
        usd, score = show_usd(row.monthly_usd), show_score(row.quality.value)
        text = f"{first.spoken(row.option)} ({score}) at {usd}, by {first.spoken(row.by)}"
        yield Paragraph(text=text, hanging=2, bullet=True)


def _model(name: str) -> str:
    return name.removeprefix("self/").partition("@")[0].rpartition("/")[2]


def _some(names: Sequence[str], view: View) -> str:
    most = len(names) if view.page or view.notes else NAMED
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


SCREEN = Screen(
    rows=("points",),
    everything=_sheet,
    blocks=_blocks,
    compact=COMPACT,
)
