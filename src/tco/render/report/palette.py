"""One mark and one colour for each option, the same in every chart of a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

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
