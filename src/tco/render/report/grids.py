"""The charts of a report that are grids: who is cheapest where, and the hours of a week."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import altair as alt

from tco.analysis.change.results import Axis, Cell, MapResult
from tco.analysis.plan.results import CurveResult
from tco.render.report.marks import BILLIONS, INK, Row, Rows, finished, rounded, scale
from tco.render.report.palette import SERVED, readable_on
from tco.show import show_number, show_share, show_usd

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
    data = Rows()
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


def label(value: float, axis: Axis) -> str:
    """Return a value of an axis as its unit is written, short."""
    if axis.unit.startswith("USD"):
        return show_usd(value)
    if axis.unit.startswith("share"):
        return show_share(value)
    return f"×{show_number(value)}" if axis.unit == "factor" else show_number(value)


def _titled(axis: Axis) -> str:
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
    data = Rows()
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
