"""The charts of a report that are lists of bars: bills, arrangements, the tornado, draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import altair as alt

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
    dollars,
    entry,
    finished,
    heads,
    rounded,
    scale,
)
from tco.units import in_unit, show_number, show_tokens, show_usd

TOP_SWINGS = 12


def bills(steps: Sequence[BillsAt], looks: Looks) -> Any:
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
    chosen = alt.param(name="step", value=now)
    here = "datum.step == step"
    bars = stacked(data, parts).transform_filter(here)
    whiskers = (
        alt.Chart(data(bands))
        .transform_filter(here)
        .mark_rule(yOffset=9, strokeWidth=2, color=INK)
        .encode(y=entry(), x=dollars("low"), x2="high:Q")
    )
    named = [chart.transform_filter(here) for chart in heads(data, rows)]
    layers = [bars, *([whiskers] if bands else []), *named]
    first = ", ".join(f"{o.id} {show_usd(o.monthly_usd or 0.0)}" for o in steps[now].options[:3])
    return finished(
        alt.layer(*layers).add_params(chosen),
        data,
        height=STEP * len(steps[now].options),
        described=f"Monthly bills by component, cheapest first: {first}",
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


def arranged(ways: Sequence[Arrangement]) -> Any:
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
    layered = alt.layer(stacked(data, parts), *heads(data, told))
    return finished(layered, data, height=STEP * len(ways), described=described)


def stacked(data: ChartRows, parts: Sequence[Row]) -> alt.Chart:
    """Return bars of parts that lie end to end."""
    colours = dict((*PARTS.values(), *WHOLE.values()))
    chart: alt.Chart = (
        alt.Chart(data(parts))
        .mark_bar(size=16, yOffset=9)
        .encode(
            y=entry(),
            x=dollars("from"),
            x2="to:Q",
            color=alt.Color("part:N", scale=scale(colours), legend=None),
            tooltip="tip:N",
        )
    )
    return chart


def tornado(result: SensitivityResult) -> Any:
    """Return how far each assumption moves the difference of two bills, largest first."""
    data = ChartRows()
    rows = result.rows[:TOP_SWINGS]
    colours = dict(ENDS.values())
    base = result.difference_usd
    bars = [bar for rank, row in enumerate(rows) for bar in _ends(rank, row, base)]
    told = [
        {"rank": rank, "head": _swing(row), "figure": _range(row)} for rank, row in enumerate(rows)
    ]
    bar = (
        alt.Chart(data(bars))
        .mark_bar(size=16, yOffset=9)
        .encode(
            y=entry(),
            x=dollars("from"),
            x2="to:Q",
            color=alt.Color("end:N", scale=scale(colours), legend=None),
            tooltip="tip:N",
        )
    )
    same = alt.Chart(data([{"x": 0}])).mark_rule(color=INK, strokeWidth=1.5).encode(x=dollars("x"))
    today = (
        alt.Chart(data([{"x": rounded(base)}]))
        .mark_rule(strokeDash=[3, 3], color=SOFT)
        .encode(x=dollars("x"))
    )
    layers = [same, today, bar, *heads(data, told)]
    described = f"Swing of {result.b} less {result.a} with each assumption at its low and high"
    return finished(alt.layer(*layers), data, height=STEP * len(rows), described=described)


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


def overview(result: BreakevenTable) -> Any:
    """Return for each pair on which volumes own GPUs are cheaper."""
    data = ChartRows()
    known = [v for r in result.rows for v in (r.first, r.sure, *(r.about or ())) if v]
    low, high = (min(known) / 3, max(known) * 10) if known else (1e9, 1e12)
    x = alt.X(
        "from:Q",
        scale=alt.Scale(type="log", domain=[low, high], nice=False, clamp=True),
        axis=alt.Axis(
            labelExpr=BILLIONS, title="tokens a month", values=ticks(low, high), labelOverlap=True
        ),
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
    band = (
        alt.Chart(data(s for s in spans if s["kind"] == "about"))
        .mark_bar(size=14, yOffset=9, opacity=0.25, color=SOFT)
        .encode(y=entry(), x=x, x2="to:Q")
    )
    wins = (
        alt.Chart(data(s for s in spans if s["kind"] == "wins"))
        .mark_bar(size=8, yOffset=9, color=SERVED["base"][1])
        .encode(y=entry(), x=x, x2="to:Q")
    )
    first = (
        alt.Chart(data(points))
        .mark_point(shape="diamond", size=90, filled=True, color=INK, opacity=1, yOffset=9)
        .encode(y=entry(), x=x)
    )
    layers = [band, wins, first, *heads(data, told)]
    return finished(alt.layer(*layers), data, height=STEP * len(told), described=result.verdict)


def _spans(rank: int, row: BreakevenRow, low: float, high: float) -> Iterator[Row]:
    if row.about is not None and row.first is not None:
        begin, end = (min(max(v, low), high) for v in row.about)
        yield {"rank": rank, "kind": "about", "from": rounded(begin), "to": rounded(end)}
    for begin, until in row.wins:
        ends = {"from": rounded(max(begin, low)), "to": rounded(min(until or high, high))}
        yield {"rank": rank, "kind": "wins", **ends}


def draws(result: MonteCarloResult) -> Any:
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
    bars = (
        alt.Chart(data(rows))
        .mark_bar(size=12, yOffset=9, opacity=0.55, color=SERVED["api"][1])
        .encode(y=entry(), x=dollars("from", scale=alt.Scale(zero=True)), x2="to:Q")
    )
    middle = (
        alt.Chart(data(rows))
        .mark_tick(size=18, thickness=3, yOffset=9, color=INK)
        .encode(y=entry(), x=dollars("p50"))
    )
    layers = [bars, middle, *heads(data, told)]
    return finished(alt.layer(*layers), data, height=STEP * len(told), described=result.verdict)
