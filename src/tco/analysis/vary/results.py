"""The answers to what would change the answer, as plain records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tco.analysis.results import Band, Envelope, Flip, OpenBand, TrustLevel


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakevenOver(Envelope):
    """For which values of one variable B is cheaper than A, at one volume."""

    schema: Literal["tco.breakeven-over/1"]
    a: str
    b: str
    resolved: tuple[str, ...]
    same_weights: bool | None
    variable: str
    title: str
    unit: str
    searched: Band
    """The range that was looked at; an interval without an end goes on to its upper end."""
    wins: tuple[OpenBand, ...]
    first: float | None
    """The smallest value at which B is cheaper."""
    sure: float | None
    """The value from which B stays cheaper up to the end of what was searched."""
    crossings: tuple[float, ...]
    """Every value at which the cheaper one changes."""
    exact: bool
    """The crossings are divisions; else some were bisected, where a bill is not affine."""
    now: float
    now_wins: bool
    nearest: float | None
    """The crossing nearest to today's value."""
    distance: float | None
    """That crossing over today's value, less 1 [share]; None when today's value is 0."""
    tokens_per_month: float
    a_usd: float
    b_usd: float
    never_because: str | None
    flips: tuple[Flip, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MapAxis:
    """One direction of a map."""

    variable: str
    title: str
    unit: str
    values: tuple[float, ...]
    now: float | None
    """Today's value; None when it was not said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MapOption:
    """One option of a map, and the letter that stands for it."""

    mark: str
    id: str
    tier: str
    model: str
    cells: int
    """Cells in which it is the answer."""
    trust: TrustLevel = "low"
    trust_reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One combination of two variables."""

    x: float
    y: float
    winner: str
    """Id of the cheapest option."""
    mark: str
    usd: float
    """Its bill [USD/month]."""
    runner_up: str
    margin_usd: float
    """What the second cheapest costs more [USD/month]."""
    margin_share: float | None
    """The same over the winner's bill."""
    flips: bool
    """A neighbour to the left or below has another winner."""
    now: bool
    """The cell nearest to today's values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MapResult(Envelope):
    """Which of several options is cheapest as two variables change."""

    schema: Literal["tco.map/1"]
    x: MapAxis
    y: MapAxis
    options: tuple[MapOption, ...]
    resolved: tuple[str, ...]
    cells: tuple[Cell, ...]
    """Row by row, from the lowest value of both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """One named change and what it was taken to mean."""

    name: str
    changes: tuple[str, ...]
    months: float | None
    """Months over which it comes about; None when it holds at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfRow:
    """One option under every what-if."""

    id: str
    tier: str
    model: str
    base_usd: float
    """Its bill today [USD/month]."""
    usd: tuple[float | None, ...]
    """Its bill under each what-if, once that has come about; None where it serves nothing."""
    mean_usd: tuple[float | None, ...]
    """The mean bill over the months in which it comes about."""
    trust: TrustLevel = "low"
    trust_reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfResult(Envelope):
    """Named what-ifs side by side."""

    schema: Literal["tco.what-if/1"]
    what_ifs: tuple[WhatIf, ...]
    options: tuple[WhatIfRow, ...]
    """By their bill today."""
    cheapest: tuple[str, ...]
    """Id of the answer today, and under each what-if."""
    resolved: tuple[str, ...]
