"""The answer of `tco horizon` as plain records; unrounded, and None for what does not exist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tco.analysis.results import AssumptionResult, CatalogStamp, TrustLevel, WorkloadResult


@dataclass(frozen=True, slots=True, kw_only=True)
class HorizonRow:
    """What one option comes to over the horizon, begun on the first day."""

    letter: str
    id: str
    upfront_usd: float
    """Cash on the first day: GPUs that are bought, set-up and migration [USD]."""
    total_usd: float
    """All cash, what the GPUs are sold for at the end taken off [USD]."""
    npv_usd: float
    """The same in the money of the first day [USD]."""
    saving_usd: float | None
    """Total of A less this one; None for A itself [USD]."""
    npv_saving_usd: float | None
    payback_months: float | None
    """When cash saved has made up for cash put in; 0 when nothing was; None when never."""
    best_start_month: int | None
    """Months to stay with A before changing over at the least present value; None where A binds,
    and as many as the horizon has where it is best never to change."""
    best_start_saving_usd: float | None
    """Present value saved against A throughout when changed over then [USD]."""
    trust: TrustLevel = "low"
    """How far its price can be trusted; of own GPUs, their rent."""
    trust_reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HorizonMonth:
    """One month of the path: what is asked for, and what each option is paid in it."""

    month: int
    """From 1; 0 is the first day, on which nothing is served."""
    begins: str
    """Its first day, `YYYY-MM-DD`."""
    tokens_per_month: float
    usd: tuple[float, ...]
    """Cash by option, in the order of the rows; what is sold counts against it [USD]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HorizonResult:
    """Months to years: growth, scheduled prices, buying, renting or waiting."""

    schema: Literal["tco.horizon/1"]
    catalog: CatalogStamp
    workload: WorkloadResult
    months: int
    yearly_rate: float
    discounting: str
    """When cash counts in a present value: `end-of-month`, or at the end of its year."""
    resolved: tuple[str, ...]
    same_weights: bool | None
    rows: tuple[HorizonRow, ...]
    """A first, then the others by present value."""
    path: tuple[HorizonMonth, ...]
    events: tuple[str, ...]
    """Prices that change and offers that end within the horizon."""
    verdict: str
    assumptions: tuple[AssumptionResult, ...]
    warnings: tuple[str, ...]
    best: str | None = None
    """The answer by present value."""
    cheaper_but_unsure: tuple[str, ...] = ()
