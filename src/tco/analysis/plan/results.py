"""The answer of `tco plan` as plain records; unrounded, and None for what does not exist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tco.analysis.results import (
    AssumptionResult,
    BillLine,
    CatalogStamp,
    CheckResult,
    Origin,
    Span,
    TrustLevel,
    WorkloadResult,
)

Strategy = Literal["all API", "all own", "hybrid"]
Paid = Literal["every hour", "by the hour", "by the token", "by the month"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveResult:
    """The load over the hours of a day or a week."""

    said: str
    origin: Origin
    peak_to_mean: float
    tokens: tuple[float, ...]
    """All tokens of each hour [token/hour]."""
    base: tuple[float, ...]
    """Those that units paid for every hour serve in the hybrid [token/hour]."""
    peak: tuple[float, ...]
    """Those that units by the hour serve [token/hour]."""
    api: tuple[float, ...]
    """Those that go to the API [token/hour]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyResult:
    """One way to arrange a month."""

    strategy: Strategy
    monthly_usd: float | None
    """None when it is impossible."""
    usd_per_mtok: float | None
    to_api: float | None
    """Its cost over that of sending everything to the API."""
    band_usd: Span | None
    """Low and high with the throughput band of the capacity model, at the same units."""
    gpus: float | None
    """Most GPUs at a time."""
    own_tokens_share: float | None
    own_hours_share: float | None
    """Share of the hours in which own GPUs serve everything."""
    why_not: str | None
    lines: tuple[BillLine, ...]
    trust: TrustLevel = "low"
    """The least of the prices that it rests on."""
    trust_reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceRow:
    """What one resource does in one strategy, and what it costs."""

    strategy: Strategy
    resource: str
    paid: Paid
    replicas: float | None
    gpus: float | None
    hours_share: float | None
    """Share of the hours that its units are paid for."""
    tokens_per_month: float | None
    tokens_share: float | None
    utilization: float | None
    """Tokens served over the tokens that the hours paid for could serve with headroom kept."""
    monthly_usd: float
    usd_per_mtok: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NextUnit:
    """What one more unit on top of the hybrid's would have to earn, and what it would."""

    option: str
    gpus: float
    monthly_usd: float
    """Its cost, further engineers included: what it would have to save."""
    saves_usd: float
    """What the API would charge for the tokens it would serve, less their traffic."""
    tokens_per_month: float
    utilization: float
    needed_utilization: float | None
    """At which it would pay; None: never, not even at work all of the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchResult:
    """The value of one assumption at which the better of hybrid and all-API changes."""

    path: str
    title: str
    unit: str
    now: float
    needed: float | None
    """None when no value of it would do."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRow:
    """The same question for another model, in one line."""

    model: str
    overflow: str
    api_usd: float
    own_usd: float | None
    hybrid_usd: float
    own_tokens_share: float
    saved_share: float
    """What the hybrid takes off the cheaper of the two others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanResult:
    """The cheapest mix of own GPUs and an API for one model."""

    schema: Literal["tco.plan/1"]
    catalog: CatalogStamp
    workload: WorkloadResult
    model: str
    overflow: str
    """The option that takes what own GPUs do not."""
    own: tuple[str, ...]
    """The set-ups of the hybrid; empty when everything is best sent to the API."""
    same_weights: bool
    resolved: tuple[str, ...]
    curve: CurveResult
    strategies: tuple[StrategyResult, ...]
    rows: tuple[ResourceRow, ...]
    next_unit: NextUnit | None
    switches: tuple[SwitchResult, ...]
    models: tuple[ModelRow, ...]
    left_out: tuple[str, ...]
    verdict: str
    assumptions: tuple[AssumptionResult, ...]
    warnings: tuple[str, ...]
    checks: tuple[CheckResult, ...] = ()
    best: Strategy | None = None
    """The arrangement that is the answer."""
    cheaper_but_unsure: tuple[Strategy, ...] = ()
