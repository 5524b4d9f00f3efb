"""The answer of `tco plan` as plain records, and in words."""

from __future__ import annotations

from typing import Literal

from tco.analysis.results import (
    BillLine,
    CheckResult,
    Envelope,
    Flip,
    OpenBand,
    Origin,
    TrustLevel,
    WorkloadResult,
)
from tco.engine.ledger import TokenPrices
from tco.records import dataclass
from tco.units import show_number, show_share, show_tokens, show_usd

# The answer of `tco plan` as plain records; unrounded, and None for what does not exist.

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
    band_usd: OpenBand | None
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
    usd_per_success: float | None = None
    """What a right answer costs, where it was said how often one is [USD/request]."""
    on_demand_usd: float | None = None
    """What all own costs at rents on demand, which other commands look at unless told otherwise;
    None where these are its rents, or rents were chosen [USD/month]."""
    token_prices: TokenPrices | None = None
    """Of all own; those of the hybrid stand with its units."""


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
    trust: TrustLevel | None = None
    """How far its price, or the rent of its GPUs, can be trusted; None where there is none."""
    trust_reasons: tuple[str, ...] = ()
    token_prices: TokenPrices | None = None
    """Of own GPUs, people and service left out; None for the rest."""


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
    own_purchase: str | None
    """How the GPUs are had that serve everything, as `reserved_1y`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanResult(Envelope):
    """The cheapest mix of own GPUs and an API for one model."""

    schema: Literal["tco.plan/1"] = "tco.plan/1"
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
    switches: tuple[Flip, ...]
    models: tuple[ModelRow, ...]
    left_out: tuple[str, ...]
    checks: tuple[CheckResult, ...] = ()


# A plan in words. Every figure in a sentence is taken from the result, never worked out anew.


def plan_verdict(result: PlanResult) -> str:
    """Return what the plan says: which arrangement is cheapest, what serves what, what is next."""
    sentences = [_cheapest(result), _unsure(result), _mix(result), _next(result)]
    if not result.same_weights:
        sentences.append("The two sides are different models: equal cost is not equal quality.")
    return " ".join(s for s in sentences if s)


def _of(result: PlanResult, strategy: str) -> StrategyResult:
    return next(s for s in result.strategies if s.strategy == strategy)


def _cheapest(result: PlanResult) -> str:
    api, own, hybrid = (_of(result, s) for s in ("all API", "all own", "hybrid"))
    other = (
        f" reserved for a year, {show_usd(own.on_demand_usd)} on demand"
        if own.on_demand_usd
        else ""
    )
    alone = (
        f"own GPUs for everything cost {show_usd(own.monthly_usd)}{other}"
        if own.monthly_usd is not None
        else f"own GPUs for everything are impossible ({own.why_not})"
    )
    bill = show_usd(hybrid.monthly_usd or 0.0)
    everything = f"{result.overflow} for everything {show_usd(api.monthly_usd or 0.0)}"
    pays = own.monthly_usd is not None and own.monthly_usd < (api.monthly_usd or 0.0)
    if pays and not hybrid.own_tokens_share:
        return f"For {result.model} {alone} a month, less than {everything}; no mix is cheaper."
    if not hybrid.own_tokens_share and result.best == "all own":
        return f"For {result.model} {alone} a month; {everything}, a price not sure enough."
    if not hybrid.own_tokens_share:
        return (
            f"For {result.model} no GPU is worth its price at this load: {everything} a month; "
            f"{alone}."
        )
    if own.monthly_usd is not None and own.monthly_usd < (hybrid.monthly_usd or 0.0):
        return f"For {result.model} {alone} a month, the mix {bill}; {everything}."
    share = show_share(1.0 - hybrid.to_api) if hybrid.to_api is not None else "some"
    return (
        f"For {result.model} the mix is cheapest: {bill} a month, {share} less than "
        f"{everything}; {alone}."
    )


def _unsure(result: PlanResult) -> str:
    """Return which arrangements cost less than the answer, and why they are not it."""
    if not result.cheaper_but_unsure or result.best is None:
        return ""
    rows = [_of(result, strategy) for strategy in result.cheaper_but_unsure]
    named = "; ".join(
        f"{row.strategy} at {show_usd(row.monthly_usd or 0.0)} ({row.trust_reasons[0]})"
        for row in rows
    )
    return f"The answer is {result.best}. Cheaper but not sure enough: {named}."


def _mix(result: PlanResult) -> str:
    own = [r for r in result.rows if r.gpus is not None]
    api = next((r for r in result.rows if r.paid == "by the token"), None)
    if not own or api is None:
        return ""
    parts = [_units(row) for row in own]
    left = show_share(api.tokens_share or 0.0)
    hours = show_share(api.hours_share or 0.0)
    rest = f"{api.resource} takes {left} of the tokens, in {hours} of the hours"
    return f"In it {'; '.join([*parts, rest])}."


def _units(row: ResourceRow) -> str:
    what = f"{show_number(row.gpus or 0.0)} GPUs" if row.gpus else "the units"
    paid = "run every hour" if row.paid == "every hour" else "are rented by the hour"
    if row.paid == "by the hour" and (row.hours_share or 0.0) < 1.0:
        paid += f", on average in {show_share(row.hours_share or 0.0)} of them"
    return (
        f"{what} {paid} and serve {show_share(row.tokens_share or 0.0)} of the tokens at "
        f"{show_share(row.utilization or 0.0)} utilization"
    )


def _next(result: PlanResult) -> str:
    unit = result.next_unit
    if unit is None:
        return ""
    first = "next" if any(r.gpus is not None for r in result.rows) else "first"
    gpus = f"{show_number(unit.gpus)} GPU{'s' if unit.gpus != 1 else ''}" if unit.gpus else "unit"
    needed = unit.needed_utilization
    which = "it never does" if needed is None else f"is {show_share(needed)} utilization"
    return (
        f"The {first} {gpus} would have to earn {show_usd(unit.monthly_usd)} a month, which "
        f"{which}; there is work for "
        f"{show_share(unit.utilization)} ({show_tokens(unit.tokens_per_month)} tokens, worth "
        f"{show_usd(unit.saves_usd)})."
    )
