"""The charts of a report that are curves or grids, and all of them by their place."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import altair as alt

from tco.analysis.charts.results import CostCurve, CostCurves, Crossing, Report
from tco.analysis.montecarlo.results import MonteCarloResult
from tco.analysis.plan.results import CurveResult
from tco.analysis.results import BreakevenTable
from tco.analysis.vary.results import Cell, MapAxis, MapResult
from tco.render.plots import ticks
from tco.render.report import bars
from tco.render.report.marks import (
    BILLIONS,
    DASHES,
    DOLLARS,
    INK,
    SERVED,
    SOFT,
    ChartRows,
    Look,
    Looks,
    Row,
    finished,
    readable_on,
    rounded,
    scale,
)
from tco.render.words import on_axis
from tco.units import show_share, show_tokens, show_usd

# The charts of a report that are grids: who is cheapest where, and the hours of a week.

HOURS_OF_A_DAY = 24
DAYS = "['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun', ''][datum.value / 24]"
CELL = 24
LONGEST_TITLE = 32


def winners(result: MapResult, colours: Mapping[str, str]) -> Any:
    """Return who is cheapest where.

    Args:
        result: The map.
        colours: Colour of each winner by its mark.
    """
    data = ChartRows()
    rows = [_cell(cell, result) for cell in result.cells]
    xs = [label(v, result.x) for v in result.x.values]
    ys = [label(v, result.y) for v in reversed(result.y.values)]
    x = alt.X(
        "x:N",
        sort=xs,
        scale=alt.Scale(padding=0),
        axis=alt.Axis(title=_titled(result.x), values=spread(xs, 5), labelAngle=0),
    )
    y = alt.Y(
        "y:N",
        sort=ys,
        scale=alt.Scale(padding=0),
        axis=alt.Axis(title=_titled(result.y), values=spread(ys, 7)),
    )
    fill = alt.Color("mark:N", scale=scale(colours), legend=None)
    inks = scale({mark: readable_on(colour) for mark, colour in colours.items()})
    base = alt.Chart(data(rows)).encode(x=x, y=y)
    cells = base.mark_rect().encode(color=fill, tooltip="tip:N")
    names = base.mark_text(fontSize=9, fontWeight="bold").encode(
        text="mark:N", color=alt.Color("mark:N", scale=inks, legend=None)
    )
    now = base.transform_filter("datum.now").mark_rect(filled=False, stroke=INK, strokeWidth=3)
    layered = alt.layer(cells, names, now).resolve_scale(color="independent")
    return finished(layered, data, height=CELL * len(ys), described=result.verdict)


def _cell(cell: Cell, result: MapResult) -> Row:
    x, y = label(cell.x, result.x), label(cell.y, result.y)
    share = "" if cell.margin_share is None else f", {show_share(cell.margin_share)} below"
    tip = f"{cell.winner} {show_usd(cell.usd)}{share} {cell.runner_up}; {x}, {y}"
    return {"x": x, "y": y, "mark": cell.mark, "now": cell.now, "tip": tip}


def label(value: float, axis: MapAxis) -> str:
    """Return a value of an axis as its unit is written, short."""
    return on_axis(value, axis.unit, "×")


def _titled(axis: MapAxis) -> str:
    """Return what an axis shows, with its unit; an id of an option would not have room."""
    title = axis.title if len(axis.title) <= LONGEST_TITLE else axis.variable
    return title if axis.unit in ("", "factor") else f"{title} [{axis.unit}]"


def spread(names: Sequence[str], most: int) -> list[str]:
    """Return so many of the names, evenly apart, the ends among them."""
    if len(names) <= most:
        return list(names)
    return [names[round(i * (len(names) - 1) / (most - 1))] for i in range(most)]


def week(curve: CurveResult) -> Any:
    """Return the load over the hours of a day or a week, and who serves it."""
    data = ChartRows()
    names = {key: name for key, (name, _) in SERVED.items()}
    colours = dict(SERVED.values())
    hours = len(curve.tokens)
    rows = [row for hour in range(hours) for row in _hour(curve, hour, names)]
    rows += [{**row, "hour": hours} for row in _hour(curve, hours - 1, names)]
    days = hours > HOURS_OF_A_DAY
    axis = alt.Axis(
        title="hours of a week, UTC" if days else "hour of the day, UTC",
        values=list(range(0, hours + 1, 24 if days else 3)),
        labelExpr=DAYS if days else "datum.value",
        labelAlign="left" if days else "center",
        grid=True,
    )
    area = (
        alt.Chart(data(rows))
        .mark_area(interpolate="step-after")
        .encode(
            x=alt.X("hour:Q", scale=alt.Scale(domain=[0, hours], nice=False), axis=axis),
            y=alt.Y("from:Q", axis=alt.Axis(labelExpr=BILLIONS, title="tokens an hour")),
            y2="to:Q",
            color=alt.Color("who:N", scale=scale(colours), legend=None),
        )
    )
    described = f"Tokens an hour and who serves them ({curve.said})"
    return finished(alt.layer(area), data, height=260, described=described)


def _hour(curve: CurveResult, hour: int, names: Mapping[str, str]) -> Iterator[Row]:
    begin = 0.0
    for key, name in names.items():
        tokens = getattr(curve, key)[hour]
        yield {
            "hour": hour, "who": name, "from": rounded(begin), "to": rounded(begin + tokens)
        }  # fmt: skip
        begin += tokens


# Cost against volume: curves with their steps, bands and crossings.

BADGES = 6
NAMED_APART = 1.8
"""Crossings nearer than by this factor share a name."""


def curves(pictured: CostCurves, looks: Looks, shown: Sequence[str], steps: Sequence[float]) -> Any:
    """Return cost over volume with its steps, bands and crossings.

    Args:
        pictured: The curves.
        looks: Mark and colour of each option.
        shown: Ids of the options that are drawn at first.
        steps: Volumes of the slider, whose place is marked [token/month].
    """
    data = ChartRows()
    marks = {looks[c.id].mark: looks[c.id].colour for c in pictured.curves}
    chosen = alt.param(name="shown", value=[looks[name].mark for name in shown])
    step = alt.param(name="step", value=len(steps) // 2)
    wanted = "indexof(shown, datum.n) >= 0"
    colour = alt.Color("n:N", scale=scale(marks), legend=None)
    x = alt.X(
        "x:Q",
        scale=alt.Scale(type="log", domain=list(pictured.span), nice=False),
        axis=alt.Axis(
            labelExpr=BILLIONS,
            title="tokens a month",
            values=ticks(*pictured.span),
            labelOverlap=True,
        ),
    )
    costs = [usd for c in pictured.curves for usd in c.usd if usd > 0] or [1.0]
    y = alt.Y(
        "y:Q",
        scale=alt.Scale(type="log", nice=False),
        axis=alt.Axis(
            labelExpr=DOLLARS,
            title="USD a month",
            values=ticks(min(costs) / 10, max(costs) * 10),
            labelOverlap=True,
        ),
    )
    lines = data(row for c in pictured.curves for row in _line(c, looks))
    band = (
        alt.Chart(data(row for c in pictured.curves for row in _band(c, looks)))
        .transform_filter(wanted)
        .mark_area(opacity=0.14)
        .encode(x=x, y=y, y2="high:Q", color=colour)
    )
    line = (
        alt.Chart(lines)
        .transform_filter(wanted)
        .mark_line(strokeWidth=2.25, strokeJoin="bevel")
        .encode(
            x=x,
            y=y,
            color=colour,
            strokeDash=alt.StrokeDash(
                "tier:N",
                scale=alt.Scale(domain=list(DASHES), range=list(DASHES.values())),
                legend=None,
            ),
            tooltip="tip:N",
        )
    )
    layers = [
        band,
        line,
        *_badges(data, pictured, looks, x, y),
        *_marker(data, steps, x),
        *_crossings(data, pictured, looks, x, y),
    ]
    described = f"Monthly cost over volume of {', '.join(c.id for c in pictured.curves[:4])}"
    return finished(
        alt.layer(*layers).add_params(chosen, step), data, height=380, described=described
    )


def _line(curve: CostCurve, looks: Looks) -> Iterator[Row]:
    mark = looks[curve.id].mark
    for volume, usd in zip(curve.volumes, curve.usd, strict=True):
        if usd <= 0:
            continue  # nothing has no place on a logarithmic axis
        tip = f"{mark}: {show_usd(usd)} at {show_tokens(volume)}"
        yield {
            "n": mark, "tier": curve.tier, "x": rounded(volume), "y": rounded(usd), "tip": tip
        }  # fmt: skip


def _band(curve: CostCurve, looks: Looks) -> Iterator[Row]:
    mark = looks[curve.id].mark
    for at in curve.band:
        yield {
            "n": mark, "x": rounded(at.volume), "y": rounded(at.low_usd),
            "high": rounded(at.high_usd),
        }  # fmt: skip


def _badges(
    data: ChartRows, pictured: CostCurves, looks: Looks, x: alt.X, y: alt.Y
) -> list[alt.Chart]:
    """Return the mark of each curve on it, those of neighbours apart."""
    rows = []
    for i, curve in enumerate(pictured.curves):
        at = round((0.985 - 0.055 * (i % BADGES)) * (len(curve.volumes) - 1))
        look = looks[curve.id]
        place = {"x": rounded(curve.volumes[at]), "y": rounded(curve.usd[at])}
        rows.append({"n": look.mark, "fill": look.colour, "ink": readable_on(look.colour), **place})
    base = alt.Chart(data(rows)).transform_filter("indexof(shown, datum.n) >= 0").encode(x=x, y=y)
    colour = [alt.Color(f"{field}:N", scale=None) for field in ("fill", "ink")]
    names = base.mark_text(fontWeight="bold", fontSize=12).properties(name="badges")
    return [
        base.mark_point(shape="circle", size=330, filled=True, opacity=1).encode(color=colour[0]),
        names.encode(text="n:N", color=colour[1]),
    ]


def _marker(data: ChartRows, steps: Sequence[float], x: alt.X) -> list[alt.Chart]:
    """Return the rule at the volume that the slider chooses, with its name."""
    now = len(steps) // 2
    rows = [{"step": i, "x": v, "told": show_tokens(v)} for i, v in enumerate(steps)]
    base = alt.Chart(data(rows)).transform_filter("datum.step == step")
    rule = base.mark_rule(strokeDash=[4, 4], color=SOFT).encode(x=x)
    name = base.mark_text(align="left", dx=5, dy=8, baseline="top", fontSize=12, color=SOFT)
    return [rule, name.encode(x=x, y=alt.value(0), text="told:N")] if rows[now] else []


def _crossings(
    data: ChartRows, pictured: CostCurves, looks: Looks, x: alt.X, y: alt.Y
) -> list[alt.Chart]:
    """Return a diamond where the cheaper of two changes, with its volume."""
    rows = [
        {
            "a": looks[c.a].mark,
            "b": looks[c.b].mark,
            "x": rounded(c.volume),
            "y": rounded(c.usd),
            "told": show_tokens(c.volume) if i in _told(pictured.crossings) else "",
            "tip": f"{c.cheaper_after} is cheaper from {show_tokens(c.volume)}",
        }
        for i, c in enumerate(pictured.crossings)
    ]
    if not rows:
        return []
    both = "indexof(shown, datum.a) >= 0 && indexof(shown, datum.b) >= 0"
    base = alt.Chart(data(rows)).transform_filter(both)
    point = base.mark_point(shape="diamond", size=110, filled=True, color=INK, opacity=1)
    label = base.mark_text(align="right", dx=-9, dy=-9, fontWeight="bold", fontSize=13)
    return [
        point.encode(x=x, y=y, tooltip="tip:N"),
        label.encode(x=x, y=y, text="told:N"),
    ]


def _told(crossings: Sequence[Crossing]) -> set[int]:
    """Return which crossings are named: those far enough from the one named before."""
    named: set[int] = set()
    last: dict[tuple[str, str], float] = {}
    for i, c in enumerate(crossings):
        if c.volume >= NAMED_APART * last.get((c.a, c.b), 0.0):
            named.add(i)
            last[c.a, c.b] = c.volume
    return named


# The charts of a report as the library in the page takes them, by the name of their place.

_ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&'\u2028\u2029"}


def specs(
    report: Report,
    looks: Mapping[str, Look],
    shown: Sequence[str],
) -> str:
    """Return the charts as JSON that can stand inside a script element.

    Args:
        report: What they show.
        looks: Mark and colour of each option.
        shown: Options whose curves are drawn at first.
    """
    made = dict(_charts(report, looks, shown))
    return json.dumps(made, separators=(",", ":"), allow_nan=False).translate(_ESCAPES)


def _charts(
    report: Report, looks: Mapping[str, Look], shown: Sequence[str]
) -> Iterator[tuple[str, Any]]:
    if report.bills:
        yield "bills", bars.bills(report.bills, looks)
    if report.curves is not None:
        steps = [step.tokens_per_month for step in report.bills]
        yield "curves", curves(report.curves, looks, shown, steps)
    if isinstance(report.answer, BreakevenTable):
        yield "overview", bars.overview(report.answer)
    if report.swings is not None and report.swings.rows:
        yield "tornado", bars.tornado(report.swings)
    if isinstance(report.answer, MonteCarloResult):
        yield "draws", bars.draws(report.answer)
    if report.map is not None:
        colours = {o.mark: looks[o.id].colour for o in report.map.options if o.cells}
        yield "map", winners(report.map, colours)
    if report.plan is not None:
        yield "arranged", bars.arranged(report.arrangements)
        yield "week", week(report.plan.curve)
