"""A load curve and the layers that serve it, drawn with characters."""

from __future__ import annotations

from collections.abc import Sequence

from tco.show import show_tokens

MARKS = ("█", "▒", "░")
"""Served by units for every hour, by units by the hour, by the API."""
COLUMNS = 42
HEIGHT = 10
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
HOURS_OF_A_DAY = 24


def stacked(
    layers: Sequence[Sequence[float]], *, columns: int = COLUMNS, height: int = HEIGHT
) -> tuple[str, ...]:
    """Return the picture of layers that lie on each other, the first at the bottom.

    Hours are joined, so that a week is 42 columns of 4 h; a column shows their mean.

    Args:
        layers: What each layer serves in each hour [layers, hours] [token/hour].
        columns: At most about so many columns.
        height: Lines.
    """
    hours = len(layers[0])
    wide = max(hours // columns, 1)
    bars = [[sum(layer[i : i + wide]) / wide for layer in layers] for i in range(0, hours, wide)]
    top = max((sum(bar) for bar in bars), default=0.0)
    if top <= 0:
        return ()
    repeat = 1 if hours > HOURS_OF_A_DAY else 2
    rows = []
    for row in range(height, 0, -1):
        level = (row - 0.5) / height * top
        marks = "".join(_mark(bar, level) * repeat for bar in bars)
        label = show_tokens(row / height * top) if row in (height, height // 2) else ""
        rows.append(f"{label:>7} |{marks}")
    rows.append(f"{'0':>7} +{'-' * len(bars) * repeat}")
    rows.append(f"{'':>9}{_axis(hours, len(bars) * repeat)}")
    return tuple(rows)


def legend(hours: int) -> str:
    """Return what the marks of layers mean, and how many hours a column is."""
    names = zip(MARKS, ("GPUs for every hour", "GPUs by the hour", "API"), strict=True)
    marks = "  ".join(f"{mark} {name}" for mark, name in names)
    return f"{marks}; a column is {hours} h, hours are UTC"


def _mark(column: Sequence[float], level: float) -> str:
    """Return the mark of the layer that reaches a level in a column; a blank above them all."""
    below = 0.0
    for mark, part in zip(MARKS, column, strict=True):
        below += part
        if level < below:
            return mark
    return " "


def _axis(hours: int, width: int) -> str:
    if hours <= HOURS_OF_A_DAY:
        return "".join(f"{hour:<{width // 4}}" for hour in ("0h", "6h", "12h", "18h"))
    return "".join(f"{day:<{width // len(DAYS)}}" for day in DAYS)
