"""The charts of a report that are curves or grids, and all of them by their place."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

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
    Spec,
    channel,
    finished,
    layer,
    painted,
    readable_on,
    rounded,
)
from tco.render.words import on_axis
from tco.units import show_share, show_tokens, show_usd

# The charts of a report that are grids: who is cheapest where, and the hours of a week.

HOURS_OF_A_DAY = 24
DAYS = "['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun', ''][datum.value / 24]"
CELL = 24
LONGEST_TITLE = 32


def winners(result: MapResult, colours: Mapping[str, str]) -> Spec:
    """Return who is cheapest where.

    Args:
        result: The map.
        colours: Colour of each winner by its mark.
    """
    data = ChartRows()
    rows = [_cell(cell, result) for cell in result.cells]
    xs = [label(v, result.x) for v in result.x.values]
    ys = [label(v, result.y) for v in reversed(result.y.values)]
    x = channel(
        "x:N",
        sort=xs,
        scale={"padding": 0},
        axis={"title": _titled(result.x), "values": spread(xs, 5), "labelAngle": 0},
    )
    y = channel(
        "y:N",
        sort=ys,
        scale={"padding": 0},
        axis={"title": _titled(result.y), "values": spread(ys, 7)},
    )
    place, told = {"x": x, "y": y}, data(rows)
    fill = {"color": painted("mark", colours), "tooltip": channel("tip:N")}
    inks = {mark: readable_on(colour) for mark, colour in colours.items()}
    name = {"text": channel("mark:N"), "color": painted("mark", inks)}
    frame = {"filled": False, "stroke": INK, "strokeWidth": 3}
    layers = [
        layer(told, "rect", {**place, **fill}),
        layer(told, "text", {**place, **name}, fontSize=9, fontWeight="bold"),
        layer(told, "rect", place, "datum.now", **frame),
    ]
    return finished(
        layers,
        data,
        height=CELL * len(ys),
        described=result.verdict,
        resolve={"scale": {"color": "independent"}},
    )


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


def week(curve: CurveResult) -> Spec:
    """Return the load over the hours of a day or a week, and who serves it."""
    data = ChartRows()
    names = {key: name for key, (name, _) in SERVED.items()}
    colours = dict(SERVED.values())
    hours = len(curve.tokens)
    rows = [row for hour in range(hours) for row in _hour(curve, hour, names)]
    rows += [{**row, "hour": hours} for row in _hour(curve, hours - 1, names)]
    days = hours > HOURS_OF_A_DAY
    axis = {
        "title": "hours of a week, UTC" if days else "hour of the day, UTC",
        "values": list(range(0, hours + 1, 24 if days else 3)),
        "labelExpr": DAYS if days else "datum.value",
        "labelAlign": "left" if days else "center",
        "grid": True,
    }
    encoding = {
        "x": channel("hour:Q", scale={"domain": [0, hours], "nice": False}, axis=axis),
        "y": channel("from:Q", axis={"labelExpr": BILLIONS, "title": "tokens an hour"}),
        "y2": channel("to"),
        "color": painted("who", colours),
    }
    area = layer(data(rows), "area", encoding, interpolate="step-after")
    described = f"Tokens an hour and who serves them ({curve.said})"
    return finished([area], data, height=260, described=described)


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


def curves(
    pictured: CostCurves, looks: Looks, shown: Sequence[str], steps: Sequence[float]
) -> Spec:
    """Return cost over volume with its steps, bands and crossings.

    Args:
        pictured: The curves.
        looks: Mark and colour of each option.
        shown: Ids of the options that are drawn at first.
        steps: Volumes of the slider, whose place is marked [token/month].
    """
    data = ChartRows()
    place = _axes(pictured)
    colours = {looks[c.id].mark: looks[c.id].colour for c in pictured.curves}
    colour = {"color": painted("n", colours)}
    told = data(row for c in pictured.curves for row in _line(c, looks))
    spread = data(row for c in pictured.curves for row in _band(c, looks))
    dashes = {"domain": list(DASHES), "range": list(DASHES.values())}
    tiers = {"strokeDash": channel("tier:N", scale=dashes, legend=None)}
    band = {**place, **colour, "y2": channel("high")}
    line = {**place, **colour, **tiers, "tooltip": channel("tip:N")}
    layers = [
        layer(spread, "area", band, WANTED, opacity=0.14),
        layer(told, "line", line, WANTED, strokeWidth=2.25, strokeJoin="bevel"),
        *_badges(data, pictured, looks, place),
        *_marker(data, steps, place),
        *_crossings(data, pictured, looks, place),
    ]
    return finished(
        layers,
        data,
        height=380,
        described=f"Monthly cost over volume of {', '.join(c.id for c in pictured.curves[:4])}",
        params=[
            {"name": "shown", "value": [looks[name].mark for name in shown]},
            {"name": "step", "value": len(steps) // 2},
        ],
    )


WANTED = "indexof(shown, datum.n) >= 0"


def _axes(pictured: CostCurves) -> Spec:
    """Return volume and money, both logarithmic."""
    costs = [usd for c in pictured.curves for usd in c.usd if usd > 0] or [1.0]
    volume = {
        "labelExpr": BILLIONS,
        "title": "tokens a month",
        "values": ticks(*pictured.span),
        "labelOverlap": True,
    }
    money = {
        "labelExpr": DOLLARS,
        "title": "USD a month",
        "values": ticks(min(costs) / 10, max(costs) * 10),
        "labelOverlap": True,
    }
    whole = {"type": "log", "domain": list(pictured.span), "nice": False}
    return {
        "x": channel("x:Q", scale=whole, axis=volume),
        "y": channel("y:Q", scale={"type": "log", "nice": False}, axis=money),
    }


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


def _badges(data: ChartRows, pictured: CostCurves, looks: Looks, place: Spec) -> list[Spec]:
    """Return the mark of each curve on it, those of neighbours apart."""
    rows = []
    for i, curve in enumerate(pictured.curves):
        at = round((0.985 - 0.055 * (i % BADGES)) * (len(curve.volumes) - 1))
        look = looks[curve.id]
        spot = {"x": rounded(curve.volumes[at]), "y": rounded(curve.usd[at])}
        rows.append({"n": look.mark, "fill": look.colour, "ink": readable_on(look.colour), **spot})
    fill, ink = (channel(f"{field}:N", scale=None) for field in ("fill", "ink"))
    told = data(rows)
    disc = {"shape": "circle", "size": 330, "filled": True, "opacity": 1}
    names = {**place, "text": channel("n:N"), "color": ink}
    return [
        layer(told, "point", {**place, "color": fill}, WANTED, **disc),
        layer(told, "text", names, WANTED, name="badges", fontWeight="bold", fontSize=12),
    ]


def _marker(data: ChartRows, steps: Sequence[float], place: Spec) -> list[Spec]:
    """Return the rule at the volume that the slider chooses, with its name."""
    rows = [{"step": i, "x": v, "told": show_tokens(v)} for i, v in enumerate(steps)]
    if not rows[len(steps) // 2]:
        return []
    told, here = data(rows), "datum.step == step"
    words = {"align": "left", "dx": 5, "dy": 8, "baseline": "top", "fontSize": 12, "color": SOFT}
    name = {"x": place["x"], "y": {"value": 0}, "text": channel("told:N")}
    return [
        layer(told, "rule", {"x": place["x"]}, here, strokeDash=[4, 4], color=SOFT),
        layer(told, "text", name, here, **words),
    ]


def _crossings(data: ChartRows, pictured: CostCurves, looks: Looks, place: Spec) -> list[Spec]:
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
    told = data(rows)
    diamond = {"shape": "diamond", "size": 110, "filled": True, "color": INK, "opacity": 1}
    words = {"align": "right", "dx": -9, "dy": -9, "fontWeight": "bold", "fontSize": 13}
    return [
        layer(told, "point", {**place, "tooltip": channel("tip:N")}, both, **diamond),
        layer(told, "text", {**place, "text": channel("told:N")}, both, **words),
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
) -> Iterator[tuple[str, Spec]]:
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
