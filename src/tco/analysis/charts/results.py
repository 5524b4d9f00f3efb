"""What a report shows beside the answer itself, as plain records: grids worked out beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tco.analysis.plan.results import PlanResult
from tco.analysis.results import (
    AssumptionResult,
    Band,
    Breakdown,
    BreakevenResult,
    OptionResult,
    SensitivityResult,
)
from tco.analysis.vary.results import MapResult

if TYPE_CHECKING:
    from tco.analysis.montecarlo.results import MonteCarloResult


@dataclass(frozen=True, slots=True, kw_only=True)
class BandPoint:
    """What nine draws of ten say that an option costs at one volume."""

    volume: float
    """[token/month]"""
    low_usd: float
    """5th percentile [USD/month]."""
    high_usd: float
    """95th percentile [USD/month]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostCurve:
    """The bill of one option over volume, its steps exact."""

    id: str
    tier: str
    volumes: tuple[float, ...]
    """Ascending; a step is two of them, just below and just above [token/month]."""
    usd: tuple[float, ...]
    """[USD/month]"""
    band: tuple[BandPoint, ...]
    """Empty where nothing about it is uncertain, or was not asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A volume at which the cheaper of two options changes."""

    a: str
    b: str
    cheaper_after: str
    """Id of the one that is cheaper just above it."""
    volume: float
    usd: float
    """What A costs there [USD/month]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostCurves:
    """Bills of some options over volume."""

    span: Band
    now: float | None
    """Today's volume, where one was given."""
    curves: tuple[CostCurve, ...]
    crossings: tuple[Crossing, ...]
    draws: int
    """Draws behind the bands; 0 without them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillsAt:
    """The bills of some options at one volume, cheapest first."""

    tokens_per_month: float
    options: tuple[OptionResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """One way to arrange a month, by component."""

    name: str
    monthly_usd: float
    parts: Breakdown
    """Its lines by group; GPUs are not divided into used and idle ones here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """A source that figures of a report were read from."""

    id: str
    title: str
    url: str | None
    where: str | None
    read: str
    """`YYYY-MM-DD`"""
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportCommand:
    """What prints a part of the report again, without the flags of the question."""

    shows: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """An answer, and everything around it that a meeting asks for."""

    answer: Any
    """The result of the command itself."""
    volume: float | None
    """The volume of the bills [token/month]."""
    volume_given: bool
    bills: tuple[BillsAt, ...]
    """At volumes around that one, which is the middle of them."""
    curves: CostCurves | None
    breakevens: tuple[BreakevenResult, ...]
    swings: SensitivityResult | None
    map: MapResult | None
    plan: PlanResult | None
    arrangements: tuple[Arrangement, ...]
    """The bills of the plan."""
    risk: MonteCarloResult | None
    assumptions: tuple[AssumptionResult, ...]
    ranges: dict[str, Band]
    """The range of each assumption that is a number, by its path."""
    read: dict[str, str]
    """When the sources of each assumption were read, by its path."""
    sources: tuple[SourceRow, ...]
    left_out: tuple[str, ...]
    """Parts that could not be worked out, each with the reason."""
    commands: tuple[ReportCommand, ...]
