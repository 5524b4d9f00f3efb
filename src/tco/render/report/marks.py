"""What the charts of a report have in common: axes, a list of bars, the look of the page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import altair as alt

Row = dict[str, Any]

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
INK, SOFT, LINE = "#1a1d21", "#565d66", "#d9dde2"
"""Colours of words and lines; the style sheet replaces them in the dark."""

BILLIONS = "replace(format(datum.value, '~s'), 'G', 'B')"
"""A number of tokens on an axis: 50B, not the 50G of physics."""

DOLLARS = "replace(format(datum.value, '$~s'), 'G', 'B')"
STEP = 46
"""Height of an entry of a list of bars: a line of words, and the bar under it [px]."""


def rounded(value: float) -> float:
    """Return a figure as precisely as a chart can show it, so that the file stays small."""
    return float(f"{value:.5g}")


class Rows(dict[str, list[Row]]):
    """The rows of one chart by the name of their set.

    They are kept beside the chart: altair would copy and check each of them many times.
    """

    def __call__(self, rows: Iterable[Row]) -> alt.NamedData:
        """Keep rows and return how a mark refers to them."""
        name = f"rows-{len(self)}"
        self[name] = list(rows)
        return alt.NamedData(name=name)


def scale(colours: Mapping[str, str]) -> alt.Scale:
    """Return the colours of a field by its values."""
    return alt.Scale(domain=list(colours), range=list(colours.values()))


def dollars(field: str, title: str = "USD a month", **options: Any) -> alt.X:
    """Return a horizontal axis of money."""
    axis = alt.Axis(labelExpr=DOLLARS, tickCount=5, title=title, labelFlush=True)
    return alt.X(field, type="quantitative", axis=axis, **options)


def entry(field: str = "rank") -> alt.Y:
    """Return the vertical place of an entry in a list of bars."""
    return alt.Y(
        field, type="ordinal", axis=None, scale=alt.Scale(paddingInner=0.0, paddingOuter=0.0)
    )


def heads(data: Rows, rows: Sequence[Row]) -> list[alt.Chart]:
    """Return the words above the bars: what an entry is on the left, its figure on the right.

    Args:
        data: Where the chart keeps its rows.
        rows: With `rank`, `head`, and `figure`.
    """
    told = data(rows)
    room = 12 + 7.5 * max((len(row["figure"]) for row in rows), default=0)
    left = (
        alt.Chart(told)
        .mark_text(
            align="left",
            baseline="middle",
            dy=-STEP / 2 + 11,
            fontSize=13,
            limit=alt.ExprRef(f"max(width - {room}, 60)"),
        )
        .encode(y=entry(), x=alt.value(0), text="head:N")
    )
    right = (
        alt.Chart(told)
        .mark_text(
            align="right", baseline="middle", dy=-STEP / 2 + 11, fontSize=13, fontWeight="bold"
        )
        .encode(y=entry(), x=alt.value("width"), text="figure:N")
    )
    return [left, right]


def finished(chart: Any, data: Rows, *, height: float, described: str) -> dict[str, Any]:
    """Return a chart with its rows, the size and the look of the page, as Vega-Lite.

    Args:
        chart: The chart.
        data: Its rows.
        height: Height of the plot [px].
        described: What a reader who cannot see it is told.
    """
    made = (
        chart.properties(
            width="container",
            height=height,
            description=described,
            padding={"left": 2, "top": 6, "right": 22, "bottom": 2},
            autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
        )
        .configure(background="transparent", font=FONT)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=SOFT,
            titleColor=SOFT,
            gridColor=LINE,
            domainColor=LINE,
            tickColor=LINE,
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
            titlePadding=8,
            labelPadding=5,
        )
        .configure_text(color=INK, font=FONT)
        .configure_rule(color=SOFT)
    )
    return {**made.to_dict(), "datasets": dict(data)}
