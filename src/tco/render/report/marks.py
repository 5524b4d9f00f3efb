"""What the charts of a report have in common: axes, bars, one colour for each option."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

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


class Key(NamedTuple):
    """An entry of a legend: how an option, or a part, is told from the others."""

    name: str
    colour: str
    mark: str = ""
    dash: str = ""
    shown: bool = True


Looks = Mapping[str, Key]


def looks(ids: list[str], first: list[str], answer: Any) -> dict[str, Key]:
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
    return {name: Key(name, colours[name], n) for name, n in zip(ordered, marks, strict=True)}


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

DOLLARS = (
    "abs(datum.value) < 1 ? format(datum.value, '$,') : "
    "replace(format(datum.value, '$~s'), 'G', 'B')"
)
STEP = 46
"""Height of an entry of a list of bars: a line of words, and the bar under it [px]."""


def rounded(value: float) -> float:
    """Return a figure as precisely as a chart can show it, so that the file stays small."""
    return float(f"{value:.5g}")


# A chart is written down as Vega-Lite has it: layers of a mark, each with its encoding.

Spec = dict[str, Any]
"""A part of a chart, as JSON."""

GRAMMAR = "https://vega.github.io/schema/vega-lite/v6.json"
TYPES = {"Q": "quantitative", "N": "nominal"}


class ChartRows(dict[str, list[Row]]):
    """The rows of one chart by the name of their set."""

    def __call__(self, rows: Iterable[Row]) -> str:
        """Keep rows and return the name by which a layer refers to them."""
        name = f"rows-{len(self)}"
        self[name] = list(rows)
        return name


def channel(text: str, **options: Any) -> Spec:
    """Return how a field is shown: `x:Q` for a quantity, `n:N` for a name.

    >>> channel("x:Q", title="tokens")
    {'field': 'x', 'type': 'quantitative', 'title': 'tokens'}
    """
    field, _, kind = text.partition(":")
    return {"field": field, **({"type": TYPES[kind]} if kind else {}), **options}


def layer(rows: str, mark: str, encoding: Spec, where: str = "", **look: Any) -> Spec:
    """Return one layer.

    Args:
        rows: Name of its rows.
        mark: What a row is drawn as.
        encoding: What each channel shows.
        where: Only rows of which this holds.
        look: Properties of the mark; a `name` is that of the layer.
    """
    name = {"name": look.pop("name")} if "name" in look else {}
    some = {"transform": [{"filter": where}]} if where else {}
    return {
        **name,
        "data": {"name": rows},
        **some,
        "mark": {"type": mark, **look},
        "encoding": encoding,
    }


def scale(colours: Mapping[str, str]) -> Spec:
    """Return the colours of a field by its values."""
    return {"domain": list(colours), "range": list(colours.values())}


def painted(field: str, colours: Mapping[str, str]) -> Spec:
    """Return the colour of a mark by a field; legends stand in the page."""
    return channel(f"{field}:N", scale=scale(colours), legend=None)


def dollars(field: str, title: str = "USD a month", **options: Any) -> Spec:
    """Return a horizontal axis of money."""
    axis = {"labelExpr": DOLLARS, "tickCount": 5, "title": title, "labelFlush": True}
    return channel(f"{field}:Q", axis=axis, **options)


def entry() -> Spec:
    """Return the vertical place of an entry in a list of bars."""
    place = {"paddingInner": 0.0, "paddingOuter": 0.0}
    return {"field": "rank", "type": "ordinal", "axis": None, "scale": place}


def heads(data: ChartRows, rows: Sequence[Row], where: str = "") -> list[Spec]:
    """Return the words above the bars: what an entry is on the left, its figure on the right.

    Args:
        data: Where the chart keeps its rows.
        rows: With `rank`, `head`, and `figure`.
        where: Only rows of which this holds.
    """
    told = data(rows)
    room = 12 + 7.5 * max((len(row["figure"]) for row in rows), default=0)
    look = {"baseline": "middle", "dy": -STEP / 2 + 11, "fontSize": 13}
    left = {"y": entry(), "x": {"value": 0}, "text": channel("head:N")}
    right = {"y": entry(), "x": {"value": "width"}, "text": channel("figure:N")}
    fits = {"expr": f"max(width - {room}, 60)"}
    return [
        layer(told, "text", left, where, **look, align="left", limit=fits),
        layer(told, "text", right, where, **look, align="right", fontWeight="bold"),
    ]


CONFIG: Spec = {
    "background": "transparent",
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        "labelColor": SOFT,
        "titleColor": SOFT,
        "gridColor": LINE,
        "domainColor": LINE,
        "tickColor": LINE,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "titlePadding": 8,
        "labelPadding": 5,
    },
    "text": {"color": INK, "font": FONT},
    "rule": {"color": SOFT},
}
"""The look of the page."""


def finished(
    layers: Sequence[Spec], data: ChartRows, *, height: float, described: str, **more: Any
) -> Spec:
    """Return a chart with its rows, the size and the look of the page, as Vega-Lite.

    Args:
        layers: What is drawn, from behind to the front.
        height: Height of the plot [px].
        described: What a reader who cannot see it is told.
        more: Properties of the whole, such as `params`.
    """
    return {
        "$schema": GRAMMAR,
        "description": described,
        "width": "container",
        "height": height,
        "padding": {"left": 2, "top": 6, "right": 22, "bottom": 2},
        "autosize": {"type": "fit-x", "contains": "padding"},
        "config": CONFIG,
        **more,
        "layer": list(layers),
        "datasets": dict(data),
    }
