"""The charts of a report that are lists of bars: bills, arrangements, the tornado, draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tco.analysis.charts.results import Arrangement, BillsAt
from tco.analysis.montecarlo.results import MonteCarloResult
from tco.analysis.results import (
    Breakdown,
    BreakevenRow,
    BreakevenTable,
    SensitivityResult,
    SwingResult,
)
from tco.render import words
from tco.render.plots import ticks
from tco.render.report.marks import (
    BILLIONS,
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
    rounded,
)
from tco.units import in_unit, show_number, show_tokens, show_usd

TOP_SWINGS = 12


def bills(steps: Sequence[BillsAt], looks: Looks) -> Spec:
    """Return the bills by component at the volume that the slider chooses."""
    data = ChartRows()
    now = len(steps) // 2
    rows, parts, bands = [], [], []
    for i, step in enumerate(steps):
        for rank, option in enumerate(step.options):
            look = looks[option.id]
            place = {"step": i, "rank": rank}
            told = show_usd(option.monthly_usd or 0.0)
            rows.append({**place, "head": f"{look.mark}  {option.id}", "figure": told})
            parts += [{**place, **part} for part in _parts(option.breakdown, PARTS)]
            band = option.band_usd
            if band and band[0] < band[1]:
                bands.append({**place, "low": rounded(band[0]), "high": rounded(band[1])})
    here = "datum.step == step"
    bars = stacked(data, parts, here)
    spread = {"y": entry(), "x": dollars("low"), "x2": channel("high")}
    whiskers = layer(data(bands), "rule", spread, here, yOffset=9, strokeWidth=2, color=INK)
    layers = [bars, *([whiskers] if bands else []), *heads(data, rows, here)]
    first = ", ".join(f"{o.id} {show_usd(o.monthly_usd or 0.0)}" for o in steps[now].options[:3])
    return finished(
        layers,
        data,
        height=STEP * len(steps[now].options),
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


def arranged(ways: Sequence[Arrangement]) -> Spec:
    """Return the bills of a plan's arrangements by component."""
    data = ChartRows()
    parts = [
        {"rank": rank, **part} for rank, w in enumerate(ways) for part in _parts(w.parts, WHOLE)
    ]
    told = [
        {"rank": rank, "head": way.name, "figure": show_usd(way.monthly_usd)}
        for rank, way in enumerate(ways)
    ]
    described = ", ".join(f"{w.name} {show_usd(w.monthly_usd)}" for w in ways)
    layers = [stacked(data, parts), *heads(data, told)]
    return finished(layers, data, height=STEP * len(ways), described=described)


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
        figure = words.spread(low, high) if known else "cannot always serve"  # type: ignore[arg-type]
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
