"""The screen of `tco compare --frontier`: the cheapest for each level of quality."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from tco.analysis.results import DominatedOption, FrontierPoint, FrontierResult
from tco.render import first, words
from tco.render.output import Screen
from tco.render.words import Block, Column, Paragraph, Row, Sheet, Table, View, number
from tco.units import show_score, show_usd

COMPACT = ("option", "class", "monthly_usd", "quality", "usd_per_point")
LEAST = 5
"""Points that a screen always shows."""
NAMED = 1


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


def _blocks(result: FrontierResult, sheet: Sheet, view: View) -> Iterable[Block]:
    """Return the screen: the verdict, the points, what they beat, what has no place."""
    most = len(sheet.rows) + 1
    return first.fitted(result, view, partial(_screen, result, sheet, view), most, LEAST)


def _screen(result: FrontierResult, sheet: Sheet, view: View, fullness: int) -> list[Block]:
    """Return the screen with so many points; what they beat is counted where room is short."""
    others = first.carried(result.asked, ("--as-good-as",))
    command = first.command(others, "compare", "--as-good-as", result.points[-1].model)
    columns = sheet.pick(view.fields or sheet.usual)
    points = sheet.rows
    chosen = points if view.page or not view.usual else shown(points, fullness)
    hidden = len(points) - len(chosen)
    more = f"{hidden} more: --top {len(points)}" if hidden else ""
    return [
        *first.verdict(result.verdict, view),
        Table(columns=columns, rows=tuple(_with_gaps(points, chosen, columns))),
        *_marks(chosen),
        *_beaten(result, view, brief=fullness <= len(points)),
        *first.assumed(result.assumptions, view),
        *first.away(result, view, more),
        *first.commands(command),
    ]


def _with_gaps(
    points: Sequence[FrontierPoint], chosen: Sequence[FrontierPoint], columns: Sequence[Column]
) -> Iterator[Row]:
    """Yield the rows of the points that are shown, and one for those left out in between."""
    untold = 0
    for point in points:
        if point not in chosen:
            untold += 1
            continue
        if untold:
            cells = (f"{untold} more" if c.key in ("name", "option") else "…" for c in columns)
            yield Row(cells=tuple(cells), tone="dim")
            untold = 0
        yield Row(cells=tuple(c.text(point) for c in columns))


def shown(points: Sequence[FrontierPoint], most: int) -> Sequence[FrontierPoint]:
    """Return the points that have room, a row for those that are missing counted.

    One run is left out, the one over which quality rises least; never an end, nor the dearest step.
    """
    run = len(points) - most + 1
    if run <= 1 or len(points) < run + 2:
        return points
    last = len(points) - 1
    dearest = max(range(1, len(points)), key=lambda i: points[i].usd_per_point or 0.0)
    pinned = {0, last, dearest - 1, dearest}
    score = [point.quality.value for point in points]
    free = [i for i in range(1, len(points) - run) if not pinned & {*range(i, i + run)}]
    free = free or [*range(1, len(points) - run)]
    begin = min(free, key=lambda i: score[i + run] - score[i - 1])
    return [*points[:begin], *points[begin + run :]]


def _marks(points: Sequence[FrontierPoint]) -> Iterator[Block]:
    parts = []
    if any(p.apart is False for p in points):
        parts.append("~ not told apart from the one above")
    if any(p.quality.effort for p in points):
        parts.append("* at that effort; its tokens are not billed")
    if parts:
        yield Paragraph(text="; ".join(parts), tone="dim")


def _beaten(result: FrontierResult, view: View, *, brief: bool) -> Iterator[Block]:
    """Return what the points beat and what has no place: all of it with notes, else a few names.

    Where room is short, they are only counted.
    """
    whole = view.page or view.notes
    if brief and not whole:
        counts = {
            "beaten": len(result.dominated),
            "cheaper but not sure enough": len(result.cheaper_but_unsure),
            "without a score": len(result.unscored),
        }
        told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
        yield from [Paragraph(text=f"Beside them {told}.", bullet=True)] if told else []
        return
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
