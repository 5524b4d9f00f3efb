"""What the charts of a report have in common: axes, bars, one colour for each option."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import altair as alt

# One mark and one colour for each option, the same in every chart of a report.

COLOURS = (
    "#0072b2",
    "#c8540a",
    "#0a8a65",
    "#a1509a",
    "#8a6d0b",
    "#5b6bd5",
    "#c2415d",
    "#3f7f9d",
    "#6f7f1c",
    "#8a5a44",
    "#4d7c3a",
    "#9061c2",
    "#b0612f",
    "#2f8a8a",
    "#a34872",
    "#6b7280",
)
"""Dark enough on white and light enough on black: a contrast of 3 with either."""

PARTS = {
    "tokens": ("tokens", "#0072b2"),
    "compute": ("GPUs at work", "#0a8a65"),
    "idle": ("idle GPUs", "#83929d"),
    "people": ("engineers", "#c8540a"),
    "power": ("power", "#8a6d0b"),
    "other": ("other", "#a1509a"),
}
"""Parts of a bill in the order in which they are stacked: name and colour."""

SERVED = {
    "base": ("GPUs for every hour", "#0a8a65"),
    "peak": ("GPUs by the hour", "#8a6d0b"),
    "api": ("API", "#0072b2"),
}
"""Who serves an hour's tokens: name and colour."""

ENDS = {"low": ("at its low value", "#0072b2"), "high": ("at its high value", "#c8540a")}
"""Ends of an assumption's range: name and colour."""

WHOLE = {**PARTS, "compute": ("GPUs", "#0a8a65")}
"""The same where used and idle GPUs are not told apart."""

DASHES = {"self": [1, 0], "hosted": [6, 3], "api": [2, 3]}
"""How the line of a tier is drawn, so that it can be told on paper."""


class Look(NamedTuple):
    """How an option is told from the others."""

    mark: str
    colour: str


Looks = Mapping[str, Look]


def looks(ids: list[str], first: list[str], answer: Any) -> dict[str, Look]:
    """Return the look of each option: its rank in a comparison, A and B of a pair.

    Args:
        ids: The options, cheapest first.
        first: Those that most need a colour of their own.
        answer: The result that the report is about.
    """
    ordered = ids
    letters = hasattr(answer, "a") and hasattr(answer, "b")
    if letters:
        ordered = [answer.a, answer.b, *(i for i in ids if i not in (answer.a, answer.b))]
    important = list(dict.fromkeys([*first, *ordered]))
    colours = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(important)}
    marks = [chr(ord("A") + i) if letters else str(i + 1) for i in range(len(ordered))]
    return {name: Look(mark, colours[name]) for name, mark in zip(ordered, marks, strict=True)}


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours by WCAG 2, 1 to 21.

    >>> round(contrast("#000000", "#ffffff"))
    21
    """
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def readable_on(colour: str) -> str:
    """Return white or black, whichever can be read on a colour."""
    return max("#ffffff", "#000000", key=lambda ink: contrast(ink, colour))


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


# What the charts of a report have in common: axes, a list of bars, the look of the page.

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


class ChartRows(dict[str, list[Row]]):
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


def heads(data: ChartRows, rows: Sequence[Row]) -> list[alt.Chart]:
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


def finished(chart: Any, data: ChartRows, *, height: float, described: str) -> dict[str, Any]:
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
