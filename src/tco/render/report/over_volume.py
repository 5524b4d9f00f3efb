"""Cost against volume: curves with their steps, bands and crossings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import altair as alt

from tco.analysis.pictures.results import CostCurve, CostCurves, Crossing
from tco.render.axis import ticks
from tco.render.report.marks import (
    BILLIONS,
    DOLLARS,
    INK,
    SOFT,
    Row,
    Rows,
    finished,
    rounded,
    scale,
)
from tco.render.report.palette import DASHES, Looks, readable_on
from tco.show import show_tokens, show_usd

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
    data = Rows()
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


def _badges(data: Rows, pictured: CostCurves, looks: Looks, x: alt.X, y: alt.Y) -> list[alt.Chart]:
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


def _marker(data: Rows, steps: Sequence[float], x: alt.X) -> list[alt.Chart]:
    """Return the rule at the volume that the slider chooses, with its name."""
    now = len(steps) // 2
    rows = [{"step": i, "x": v, "told": show_tokens(v)} for i, v in enumerate(steps)]
    base = alt.Chart(data(rows)).transform_filter("datum.step == step")
    rule = base.mark_rule(strokeDash=[4, 4], color=SOFT).encode(x=x)
    name = base.mark_text(align="left", dx=5, dy=8, baseline="top", fontSize=12, color=SOFT)
    return [rule, name.encode(x=x, y=alt.value(0), text="told:N")] if rows[now] else []


def _crossings(
    data: Rows, pictured: CostCurves, looks: Looks, x: alt.X, y: alt.Y
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
