"""The charts of a report by their place: lists of bars, curves, grids."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tco.analysis.charts.curves import (
    CostCurve,
    CostCurves,
    Crossing,
    Report,
)
from tco.analysis.montecarlo.results import MonteCarloResult
from tco.analysis.plan.results import CurveResult
from tco.analysis.results import (
    Breakdown,
    BreakevenRow,
    BreakevenTable,
    OptionResult,
    SensitivityResult,
    SwingResult,
)
from tco.analysis.vary.over import Cell, MapAxis, MapResult
from tco.render import words
from tco.render.output import screen
from tco.render.plots import ticks
from tco.render.report.marks import (
    BILLIONS,
    DASHES,
    DOLLARS,
    ENDS,
    INK,
    PARTS,
    SERVED,
    SOFT,
    STEP,
    WHOLE,
    ChartRows,
    Looks,
    Row,
    Spec,
    channel,
    dollars,
    entry,
    finished,
    heads,
    layer,
    painted,
    readable_on,
    rounded,
)
from tco.render.words import on_axis
from tco.units import in_unit, show_number, show_share, show_tokens, show_usd

TOP_SWINGS = 12
MOST_USED = 31
"""Models, teams or days whose use is drawn: a month of days."""


def bills(steps: Sequence[tuple[float, Sequence[OptionResult]]], looks: Looks) -> Spec:
    """Return the bills by component at the volume that the slider chooses."""
    data = ChartRows()
    now = len(steps) // 2
    today = steps[now][1]
    rows, parts, bands = [], [], []
    for i, (_, options) in enumerate(steps):
        for rank, option in enumerate(options):
            look = looks[option.id]
            place = {"step": i, "rank": rank}
            told = show_usd(option.monthly_usd or 0.0)
            rows.append({**place, "head": f"{look.mark}  {option.id}", "figure": told})
            parts += [{**place, **part} for part in _parts(option.breakdown, PARTS)]
            band = option.band_usd
            if band and band[1] is not None and band[0] < band[1]:
                bands.append({**place, "low": rounded(band[0]), "high": rounded(band[1])})
    here = "datum.step == step"
    bars = stacked(data, parts, here)
    spread = {"y": entry(), "x": dollars("low"), "x2": channel("high")}
    whiskers = layer(data(bands), "rule", spread, here, yOffset=9, strokeWidth=2, color=INK)
    layers = [bars, *([whiskers] if bands else []), *heads(data, rows, here)]
    first = ", ".join(f"{o.id} {show_usd(o.monthly_usd or 0.0)}" for o in today[:3])
    return finished(
        layers,
        data,
        height=STEP * len(today),
        described=f"Monthly bills by component, cheapest first: {first}",
        params=[{"name": "step", "value": now}],
    )


def _parts(breakdown: Breakdown | None, names: Mapping[str, tuple[str, str]]) -> Iterator[Row]:
    """Return the parts of a bill, each with where it begins and ends in the stack."""
    begin = 0.0
    for key, (name, _) in names.items():
        usd = getattr(breakdown, key) if breakdown else 0.0
        if usd > 0:
            tip = f"{name} {show_usd(usd)}"
            yield {"part": name, "from": rounded(begin), "to": rounded(begin + usd), "tip": tip}
            begin += usd


def arranged(ways: Sequence[tuple[str, float, Breakdown]]) -> Spec:
    """Return the bills of a plan's arrangements by component."""
    data = ChartRows()
    parts = [
        {"rank": rank, **part} for rank, way in enumerate(ways) for part in _parts(way[2], WHOLE)
    ]
    told = [
        {"rank": rank, "head": name, "figure": show_usd(usd)}
        for rank, (name, usd, _) in enumerate(ways)
    ]
    described = ", ".join(f"{name} {show_usd(usd)}" for name, usd, _ in ways)
    layers = [stacked(data, parts), *heads(data, told)]
    return finished(layers, data, height=STEP * len(ways), described=described)


def used(rows: Sequence[Any]) -> Spec:
    """Return models or groups of a bill at list price, with a line at what the log states."""
    data = ChartRows()
    bars, lines, told = [], [], []
    for rank, row in enumerate(rows):
        usd, said = row.list_usd or 0.0, row.stated_usd
        figure = f"{show_usd(usd)}{'' if said is None else f', stated {show_usd(said)}'}"
        told.append({"rank": rank, "head": row.name, "figure": figure})
        bars.append({"rank": rank, "to": rounded(usd), "tip": f"{row.name}: {figure}"})
        lines += [] if said is None else [{"rank": rank, "said": rounded(said)}]
    place = {"y": entry(), "x": dollars("to", "USD"), "tooltip": channel("tip:N")}
    look: Spec = {"size": 16, "yOffset": 9}
    bar = layer(data(bars), "bar", place, **look, color=PARTS["tokens"][1])
    line = {"y": entry(), "x": dollars("said", "USD")}
    mark = layer(data(lines), "tick", line, **look, thickness=3, color=INK)
    layers = [bar, *([mark] if lines else []), *heads(data, told)]
    described = "At list price: " + ", ".join(f"{r['head']} {r['figure']}" for r in told[:3])
    return finished(layers, data, height=STEP * len(told), described=described)


def stacked(data: ChartRows, parts: Sequence[Row], where: str = "") -> Spec:
    """Return bars of parts that lie end to end."""
    colours = dict((*PARTS.values(), *WHOLE.values()))
    return layer(data(parts), "bar", _bars("part", colours), where, size=16, yOffset=9)


def _bars(field: str, colours: Mapping[str, str]) -> Spec:
    """Return the channels of bars from one sum of money to another, coloured by a field."""
    ends = {"y": entry(), "x": dollars("from"), "x2": channel("to")}
    return {**ends, "color": painted(field, colours), "tooltip": channel("tip:N")}


def tornado(result: SensitivityResult) -> Spec:
    """Return how far each assumption moves the difference of two bills, largest first."""
    data = ChartRows()
    rows = result.rows[:TOP_SWINGS]
    colours = dict(ENDS.values())
    base = result.difference_usd
    bars = [bar for rank, row in enumerate(rows) for bar in _ends(rank, row, base)]
    told = [
        {"rank": rank, "head": _swing(row), "figure": _range(row)} for rank, row in enumerate(rows)
    ]
    bar = layer(data(bars), "bar", _bars("end", colours), size=16, yOffset=9)
    money = {"x": dollars("x")}
    same = layer(data([{"x": 0}]), "rule", money, color=INK, strokeWidth=1.5)
    today = layer(data([{"x": rounded(base)}]), "rule", money, strokeDash=[3, 3], color=SOFT)
    layers = [same, today, bar, *heads(data, told)]
    described = f"Swing of {result.b} less {result.a} with each assumption at its low and high"
    return finished(layers, data, height=STEP * len(rows), described=described)


def _swing(row: SwingResult) -> str:
    return f"{row.title}{words.STAR * row.judgment}"


def _range(row: SwingResult) -> str:
    """Return what was tried, short: `$180k to $350k`, `1% to 10% of rent`."""
    if row.unit.startswith("USD"):
        return f"${show_number(row.low)} to ${show_number(row.high)}"
    low, high = (in_unit(v, row.unit) for v in (row.low, row.high))
    figure, _, unit = low.partition(" ")
    return f"{figure if unit and high.endswith(f' {unit}') else low} to {high}"


def _ends(rank: int, row: SwingResult, base: float) -> Iterator[Row]:
    """Return two bars from today's difference: to that at the low value and at the high one."""
    for key, usd, value in (("low", row.at_low_usd, row.low), ("high", row.at_high_usd, row.high)):
        if usd is None:
            continue  # one of the two serves nothing there: the table says so
        tip = f"{row.title} {in_unit(value, row.unit)}: {show_usd(usd)} a month"
        ends = {"from": rounded(base), "to": rounded(usd)}
        yield {"rank": rank, "end": ENDS[key][0], "tip": tip, **ends}


def overview(result: BreakevenTable) -> Spec:
    """Return for each pair on which volumes own GPUs are cheaper."""
    data = ChartRows()
    known = [v for r in result.rows for v in (r.first, r.sure, *(r.about or ())) if v]
    low, high = (min(known) / 3, max(known) * 10) if known else (1e9, 1e12)
    x = channel(
        "from:Q",
        scale={"type": "log", "domain": [low, high], "nice": False, "clamp": True},
        axis={
            "labelExpr": BILLIONS,
            "title": "tokens a month",
            "values": ticks(low, high),
            "labelOverlap": True,
        },
    )
    told = [
        {
            "rank": i,
            "head": f"{row.model} against {row.a}",
            "figure": "never" if row.first is None else f"from {show_tokens(row.first)}",
        }
        for i, row in enumerate(result.rows)
    ]
    spans = [s for i, row in enumerate(result.rows) for s in _spans(i, row, low, high)]
    points = [
        {"rank": i, "from": rounded(row.first)} for i, row in enumerate(result.rows) if row.first
    ]
    ends = {"y": entry(), "x": x, "x2": channel("to")}
    rough = data(s for s in spans if s["kind"] == "about")
    band = layer(rough, "bar", ends, size=14, yOffset=9, opacity=0.25, color=SOFT)
    sure = data(s for s in spans if s["kind"] == "wins")
    wins = layer(sure, "bar", ends, size=8, yOffset=9, color=SERVED["base"][1])
    look: Spec = {"shape": "diamond", "size": 90, "filled": True, "color": INK, "opacity": 1}
    first = layer(data(points), "point", {"y": entry(), "x": x}, **look, yOffset=9)
    layers = [band, wins, first, *heads(data, told)]
    return finished(layers, data, height=STEP * len(told), described=result.verdict)


def _spans(rank: int, row: BreakevenRow, low: float, high: float) -> Iterator[Row]:
    if row.about is not None and row.first is not None:
        begin, end = (min(max(v, low), high) for v in row.about)
        yield {"rank": rank, "kind": "about", "from": rounded(begin), "to": rounded(end)}
    for begin, until in row.wins:
        ends = {"from": rounded(max(begin, low)), "to": rounded(min(until or high, high))}
        yield {"rank": rank, "kind": "wins", **ends}


def draws(result: MonteCarloResult) -> Spec:
    """Return what nine draws of ten cost, with the median."""
    data = ChartRows()
    rows, told = [], []
    for rank, option in enumerate(result.options):
        low, middle, high = option.usd.p5, option.usd.p50, option.usd.p95
        known = low is not None and middle is not None and high is not None
        figure = words.spread((low or 0.0, high)) if known else "cannot always serve"
        told.append({"rank": rank, "head": option.id, "figure": figure})
        if low is not None and middle is not None and high is not None:
            ends = {"from": rounded(low), "to": rounded(high), "p50": rounded(middle)}
            rows.append({"rank": rank, **ends})
    told_usd = {"y": entry(), "x": dollars("from", scale={"zero": True}), "x2": channel("to")}
    look: Spec = {"size": 12, "yOffset": 9, "opacity": 0.55, "color": SERVED["api"][1]}
    bars = layer(data(rows), "bar", told_usd, **look)
    median = {"y": entry(), "x": dollars("p50")}
    ticked = layer(data(rows), "tick", median, size=18, thickness=3, yOffset=9, color=INK)
    layers = [bars, ticked, *heads(data, told)]
    return finished(layers, data, height=STEP * len(told), described=result.verdict)


# The charts of a report that are grids: who is cheapest where, and the hours of a week.

HOURS_OF_A_DAY = 24
DAYS = "['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun', ''][datum.value / 24]"
CELL = 24
LONGEST_TITLE = 32


def winners(result: MapResult, colours: Mapping[str, str]) -> Spec:
    """Return who is cheapest where.

    Args:
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
    for volume, (low, high) in curve.band:
        yield {"n": mark, "x": rounded(volume), "y": rounded(low), "high": rounded(high)}


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
            "told": show_tokens(c.volume) if i in _named(pictured.crossings) else "",
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


def _named(crossings: Sequence[Crossing]) -> set[int]:
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
    looks: Looks,
    shown: Sequence[str],
) -> str:
    """Return the charts as JSON that can stand inside a script element.

    Args:
        looks: Mark and colour of each option.
        shown: Options whose curves are drawn at first.
    """
    made = dict(_charts(report, looks, shown))
    if report.answer.schema == "tco.bill/1":
        made["used"] = used(screen("tco.bill/1").whole(report.answer).rows[:MOST_USED])
    return json.dumps(made, separators=(",", ":"), allow_nan=False).translate(_ESCAPES)


def _charts(report: Report, looks: Looks, shown: Sequence[str]) -> Iterator[tuple[str, Spec]]:
    if report.bills:
        yield "bills", bills(report.bills, looks)
    if report.curves is not None:
        steps = [volume for volume, _ in report.bills]
        yield "curves", curves(report.curves, looks, shown, steps)
    if isinstance(report.answer, BreakevenTable):
        yield "overview", overview(report.answer)
    if report.swings is not None and report.swings.rows:
        yield "tornado", tornado(report.swings)
    if isinstance(report.answer, MonteCarloResult):
        yield "draws", draws(report.answer)
    if report.map is not None:
        colours = {o.mark: looks[o.id].colour for o in report.map.options if o.cells}
        yield "map", winners(report.map, colours)
    if report.plan is not None:
        yield "arranged", arranged(report.arrangements)
        yield "week", week(report.plan.curve)
