"""Pictures drawn with characters: curves, tornado, the load of a week."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from string import ascii_uppercase
from types import MappingProxyType
from typing import TYPE_CHECKING

from tco.analysis.plan.results import PlanResult
from tco.analysis.results import FrontierResult, SensitivityResult, SwingResult
from tco.money import money
from tco.render import words
from tco.render.first import spoken
from tco.render.words import Block, Figure, Paragraph, Tone
from tco.units import show_number, show_score, show_tokens, show_usd

if TYPE_CHECKING:
    from tco.analysis.charts.curves import CostCurve, CostCurves

# Round values on an axis.


def ticks(low: float, high: float) -> list[float]:
    """Return round values on a logarithmic axis: 1, 2, 5 of each power of ten, or fewer.

    >>> ticks(2, 30)
    [2.0, 5.0, 10.0, 20.0]
    """
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    decades = last - first
    steps = (1, 2, 5) if decades <= 3 else (1, 3) if decades <= 5 else (1,)
    every = [float(f"{step}e{power}") for power in range(first, last + 1) for step in steps]
    return [value for value in every if low <= value <= high]


# A load curve and the layers that serve it, drawn with characters.

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


# Pictures under an answer, drawn with characters: `--plot`.

PLOTS_HEIGHT = 16
MARGIN = 9
"""Characters left of a plot: a figure, and the line."""

NARROWEST = 20
TOP_SWINGS = 12
CROSSING = "◆"
TODAY = "·"
LOW, HIGH = "▒", "█"
COLOURS: tuple[Tone, ...] = ("blue", "warn", "good", "magenta", "cyan", "red")


def cost(pictured: CostCurves, columns: int) -> Iterator[Block]:
    """Return cost over volume, both axes logarithmic, with the crossings.

    Args:
        columns: Width.
    """
    wide = max(columns - MARGIN, NARROWEST)
    plot = _Plot(pictured, wide)
    marks = dict(zip((c.id for c in pictured.curves), ascii_uppercase, strict=False))
    if pictured.now is not None:
        plot.rule(pictured.now)
    for curve in reversed(pictured.curves):
        plot.line(curve, marks[curve.id])
    for crossing in pictured.crossings:
        plot.put(crossing.volume, crossing.usd, CROSSING)
    tones = dict(zip(marks.values(), COLOURS, strict=False))
    yield Figure(rows=plot.rows(), title="USD a month over tokens a month", tones=tones)
    for name, mark in marks.items():
        yield Paragraph(text=f"{mark}  {name}", hanging=3, bullet=True)
    for crossing in pictured.crossings:
        a, b = (marks[name] for name in (crossing.a, crossing.b))
        other = a if crossing.cheaper_after == crossing.b else b
        text = (
            f"{CROSSING}  {marks[crossing.cheaper_after]} is cheaper than {other} "
            f"from {show_tokens(crossing.volume)} on"
        )
        yield Paragraph(text=text, hanging=3, bullet=True)
    if pictured.now is not None:
        text = f"{TODAY}  {show_tokens(pictured.now)}, the volume asked about"
        yield Paragraph(text=text, tone="dim", hanging=3, bullet=True)


def _amount(usd: float) -> str:
    return f"{money().sign}{show_number(usd * money().per_usd)}"


class _Plot:
    """A field of characters over two logarithmic axes."""

    def __init__(self, pictured: CostCurves, wide: int) -> None:
        costs = [usd for curve in pictured.curves for usd in curve.usd if usd > 0] or [1.0]
        self.x = (math.log(pictured.span[0]), math.log(pictured.span[1]))
        self.y = (math.log(min(costs) / 1.15), math.log(max(costs) * 1.15))
        self.wide = wide
        self.field = [[" "] * wide for _ in range(PLOTS_HEIGHT)]

    def column(self, volume: float) -> int:
        """Return the column of a volume."""
        low, high = self.x
        share = (math.log(volume) - low) / (high - low)
        return min(max(round(share * (self.wide - 1)), 0), self.wide - 1)

    def row(self, usd: float) -> int:
        """Return the row of a bill, the highest first."""
        low, high = self.y
        share = (high - math.log(max(usd, 1e-9))) / (high - low)
        return min(max(round(share * (PLOTS_HEIGHT - 1)), 0), PLOTS_HEIGHT - 1)

    def put(self, volume: float, usd: float, mark: str) -> None:
        """Draw a point."""
        self.field[self.row(usd)][self.column(volume)] = mark

    def rule(self, volume: float) -> None:
        """Draw an upright line."""
        for row in self.field:
            row[self.column(volume)] = TODAY

    def line(self, curve: CostCurve, mark: str) -> None:
        """Draw a curve, its steps upright."""
        low, high = self.x
        before: int | None = None
        for i in range(self.wide):
            volume = math.exp(low + (high - low) * i / (self.wide - 1))
            row = self.row(curve.usd[max(bisect_right(curve.volumes, volume * (1 + 1e-9)) - 1, 0)])
            first = row if before is None else before + (row > before) - (row < before)
            for r in range(min(first, row), max(first, row) + 1):
                self.field[r][i] = mark
            before = row

    def rows(self) -> tuple[str, ...]:
        """Return the lines, with figures at both axes."""
        low, high = (math.exp(end) for end in self.y)
        names = {self.row(usd): _amount(usd) for usd in ticks(low, high)}
        out = [
            f"{names.get(i, ''):>{MARGIN - 2}} |{''.join(row)}" for i, row in enumerate(self.field)
        ]
        out.append(f"{'':>{MARGIN - 2}} +{'-' * self.wide}")
        out.append(f"{'':>{MARGIN}}{self._volumes()}")
        return tuple(row.rstrip() for row in out)

    def _volumes(self) -> str:
        """Return the figures under the plot, as many as have room."""
        line = ""
        for volume in ticks(math.exp(self.x[0]), math.exp(self.x[1])):
            name = show_tokens(volume)
            begin = self.column(volume) - len(name) // 2
            if begin >= len(line) + (2 if line else 0) and begin + len(name) <= self.wide:
                line = f"{line:<{begin}}{name}"
        return line


def frontier(result: FrontierResult, columns: int) -> Iterator[Block]:
    """Return cost over quality: the points of a frontier by letters, what they beat as dots.

    Args:
        columns: Width.
    """
    wide = max(columns - MARGIN, NARROWEST)
    marks = list(zip(result.points, ascii_uppercase, strict=False))
    placed = [(row.quality.value, row.monthly_usd, TODAY) for row in result.dominated]
    placed += [(point.quality.value, point.monthly_usd, mark) for point, mark in marks]
    scores = [score for score, _, _ in placed]
    bills = [max(usd, 1.0) for _, usd, _ in placed]
    low, high = math.log(min(bills) / 1.15), math.log(max(bills) * 1.15)
    left, span = min(scores), (max(scores) - min(scores)) or 1.0
    field = [[" "] * wide for _ in range(PLOTS_HEIGHT)]

    def row_of(usd: float) -> int:
        return round((high - math.log(max(usd, 1.0))) / (high - low) * (PLOTS_HEIGHT - 1))

    for score, usd, mark in placed:
        field[row_of(usd)][round((score - left) / span * (wide - 1))] = mark
    names = {row_of(usd): _amount(usd) for usd in ticks(math.exp(low), math.exp(high))}
    rows = [f"{names.get(i, ''):>{MARGIN - 2}} |{''.join(row)}" for i, row in enumerate(field)]
    rows.append(f"{'':>{MARGIN - 2}} +{'-' * wide}")
    first, last = show_score(left), show_score(max(scores))
    rows.append(f"{'':>{MARGIN}}{first}{last:>{wide - len(first)}}")
    tones = dict(zip(ascii_uppercase, COLOURS, strict=False))
    title = f"USD a month over {result.benchmark}"
    yield Figure(rows=tuple(row.rstrip() for row in rows), title=title, tones=tones)
    for point, mark in marks:
        told = f"{show_usd(point.monthly_usd)}, {show_score(point.quality.value)}"
        text = f"{mark}  {spoken(point.option)}: {told}"
        yield Paragraph(text=text, hanging=3, bullet=True)
    if result.dominated:
        yield Paragraph(text=f"{TODAY}  beaten by one of them", tone="dim", hanging=3, bullet=True)


def tornado(result: SensitivityResult, columns: int) -> Iterator[Block]:
    """Return how far each assumption moves the difference of two bills, as wide as there is room.

    Args:
        columns: Width.
    """
    rows = result.rows[:TOP_SWINGS]
    if not rows:
        return
    named = min(max(len(row.path) for row in rows) + 1, columns // 3)
    wide = max(columns - named - 2, NARROWEST)
    ends = [0.0, result.difference_usd]
    ends += [e for row in rows for e in (row.at_low_usd, row.at_high_usd) if e is not None]
    low, high = min(ends), max(ends)

    def at(usd: float) -> int:
        return round((usd - low) / ((high - low) or 1.0) * (wide - 1))

    drawn = [f"{_name(row, named)}  {_bar(row, result.difference_usd, wide, at)}" for row in rows]
    left, right = show_usd(low), show_usd(high)
    drawn.append(f"{'':>{named}}  {left}{right:>{max(wide - len(left), len(right) + 1)}}")
    tones: Mapping[str, Tone] = {LOW: "blue", HIGH: "warn"}
    title = f"{result.b} less {result.a}"
    yield Paragraph(text=f"B less A [USD/month]: {title}", tone="bold", hanging=2)
    yield Figure(rows=tuple(row.rstrip() for row in drawn), tones=MappingProxyType(tones))
    text = f"{LOW} with the assumption at its low value, {HIGH} at its high one"
    yield Paragraph(text=f"{text}; left of | B is cheaper; {words.LEGEND}", tone="dim")


def _name(row: SwingResult, size: int) -> str:
    """Return the path of an assumption, the end of it where there is no room for all."""
    path = row.path + words.STAR * row.judgment
    if len(path) > size:
        path = path.partition(".")[2] or path
    return f"{path[:size]:<{size}}"


def _bar(row: SwingResult, base: float, wide: int, at: Callable[[float], int]) -> str:
    """Return two bars from today's difference, the longer one behind."""
    marks = [" "] * wide
    both = ((row.at_low_usd, LOW), (row.at_high_usd, HIGH))
    ends = [(usd, mark) for usd, mark in both if usd is not None]
    for usd, mark in sorted(ends, key=lambda end: -abs(end[0] - base)):
        first, last = sorted((at(base), at(usd)))
        for i in range(first, last + 1):
            marks[i] = mark
    marks[at(0.0)] = "|"
    return "".join(marks)


def week(result: PlanResult, columns: int) -> Iterator[Block]:
    """Return the load of a plan and who serves it, as wide as there is room.

    Args:
        columns: Width.
    """
    curve = result.curve
    hours, room = len(curve.tokens), max(columns - MARGIN, NARROWEST)
    joined = next(h for h in (1, 2, 3, 4, 6, 8, 12, 24) if hours // h <= room or h == 24)
    layers: Sequence[Sequence[float]] = (curve.base, curve.peak, curve.api)
    rows = stacked(layers, columns=hours // joined, height=PLOTS_HEIGHT)
    yield Figure(title=f"Tokens an hour ({curve.said})", rows=rows)
    yield Paragraph(text=legend(joined), tone="dim")
