"""The answer under uncertainty, as plain records."""

from __future__ import annotations

from typing import Literal

from tco.analysis.results import Envelope, TrustLevel
from tco.records import dataclass

Measure = Literal["benchmark", "pilot", "quote", "plan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentiles:
    """A distribution in three numbers; None where that many draws have no number."""

    p5: float | None
    p50: float | None
    p95: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UncertainInput:
    """One uncertain number, and how much it matters."""

    key: str
    title: str
    unit: str
    distribution: Literal["uniform", "triangular", "lognormal"]
    value: float
    low: float
    high: float
    tail: float
    """Probability of less than `low`, and of more than `high`."""
    origin: str
    source: str
    first_order: float | None
    """Share of the variance of the saving that it explains alone; with its group if correlated."""
    total: float | None
    """The same, with all that it explains together with others."""
    total_error: float | None
    """Standard error of `total`."""
    value_usd: float
    """What knowing it exactly before choosing would be worth [USD/month]."""
    measured_by: Measure
    """How one would come to know it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrelationResult:
    """Two numbers that move together."""

    a: str
    b: str
    rank_correlation: float
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionRisk:
    """One option under uncertainty."""

    id: str
    tier: str
    model: str
    base_usd: float
    """Its bill with every number at its value in use [USD/month]."""
    p_cheapest: float
    mean_usd: float | None
    """None when it cannot serve in some draws."""
    usd: Percentiles
    regret_usd: float | None
    """Mean of what choosing it costs more than the answer would have; below 0 for what is cheaper
    but not sure enough [USD/month]."""
    p_infeasible: float
    trust: TrustLevel = "low"
    trust_reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SavingRisk:
    """What choosing B instead of A saves."""

    a: str
    b: str
    usd: Percentiles
    p_saves: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakevenRisk:
    """From which volume B is cheaper than A; None where it never is."""

    draws: int
    tokens_per_month: Percentiles
    p_never: float
    p_undecided: float
    """Draws in which the two cost almost the same a token at any volume."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonteCarloResult(Envelope):
    """How sure the answer is, and what would make it surer."""

    schema: Literal["tco.montecarlo/1"] = "tco.montecarlo/1"
    tokens_per_month: float
    draws: int
    seed: int
    options: tuple[OptionRisk, ...]
    """By their mean bill."""
    saving: SavingRisk | None
    breakeven: BreakevenRisk | None
    inputs: tuple[UncertainInput, ...]
    """By what knowing them is worth, then by the variance they explain."""
    correlations: tuple[CorrelationResult, ...]
    value_of_everything_usd: float
    """What knowing every number exactly before choosing would be worth [USD/month]."""
    advice: str
    resolved: tuple[str, ...]
    method: tuple[str, ...]
