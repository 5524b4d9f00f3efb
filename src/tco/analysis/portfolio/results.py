"""The answer of `tco plan -f portfolio.yaml` as plain records, and in words."""

from __future__ import annotations

from typing import Literal

from tco.analysis.results import CheckResult, Envelope, TrustLevel
from tco.records import dataclass
from tco.units import show_number, show_share, show_usd

# The answer of `tco plan -f portfolio.yaml` as plain records, unrounded.

Mode = Literal["api", "batch", "self"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """One model that requests of a task come to."""

    option: str
    model: str
    mode: Mode
    reach: float
    """Share of the task's requests that comes to it."""
    asked: float
    """How often it is asked for a request of the task, until an answer is right where that was
    said of it [1]."""
    monthly_usd: float
    """By the token, or its part of a shared fleet by load."""
    trust: TrustLevel = "low"
    trust_reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskResult:
    """How a class of requests is served, and what it costs."""

    name: str
    requests: float
    tokens: float
    share: float
    """Of all requests."""
    cascade: str | None
    steps: tuple[StepResult, ...]
    judge_usd: float
    router_usd: float
    monthly_usd: float
    """Steps, judge and router; engineers are not divided over tasks."""
    usd_per_request: float
    usd_per_success: float | None
    """The same of an answer that is right, where it was said how often one is [USD/request]."""
    usd_per_mtok: float
    routes: int
    """Ways to serve it that there were."""
    other_way_usd: float | None
    """What the whole plan costs more when it is served the other way; None when it cannot be."""
    switch: str
    """The same in words: from which bill on the other way pays."""
    trust: TrustLevel = "low"
    """The least of the prices that it is served at."""
    trust_reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetResult:
    """Own GPUs that tasks share."""

    option: str
    model: str
    replicas: float
    gpus: float
    paid_gpus: float
    """Its part of the GPUs on the invoice, in whole machines that fleets may share."""
    load: float
    """Replicas' worth of work at the sum of the peaks."""
    utilization: float
    """Requests served over those that all its replicas could serve in the month."""
    monthly_usd: float
    tasks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CascadeResult:
    """A cascade on one task, against sending everything to its last model."""

    name: str
    task: str
    chosen: bool
    tried_usd: float
    """The models before the last one and the judges, by the token [USD/request of the task]."""
    last_usd: float
    """The last model for every request [USD/request]."""
    escalate: float
    """Share of the requests that comes to the last model."""
    breakeven_escalate: float
    """Share below which the cascade is cheaper than its last model alone."""
    pays: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReductionResult:
    """The share of requests that must leave the premium model for the bill to fall by so much."""

    reduction: float
    share: float | None
    """None when not even all of them would do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioResult(Envelope):
    """The cheapest assignment of tasks to models and ways to run them."""

    schema: Literal["tco.plan-portfolio/1"] = "tco.plan-portfolio/1"
    tasks: tuple[TaskResult, ...]
    fleets: tuple[FleetResult, ...]
    cascades: tuple[CascadeResult, ...]
    monthly_usd: float
    tokens_usd: float
    fleets_usd: float
    once_usd: float
    """Plain sums of self-hosting: a licence, a support contract, capital written off."""
    own_people_usd: float
    api_people_usd: float
    router_usd: float
    judge_usd: float
    against: str | None
    """The one model that everything would otherwise be sent to."""
    against_usd: float | None
    reduction: float | None
    """What the plan takes off that bill."""
    reductions: tuple[ReductionResult, ...]
    method: str
    choices: tuple[float, float]
    """Assignments that there are, and those that were left after what cannot matter."""
    checks: tuple[CheckResult, ...] = ()
    best: tuple[str, ...] = ()  # type: ignore[assignment]  # there is one for each task
    """Ids of the options that serve the tasks, in the order of the tasks: the answer."""
    trust: TrustLevel = "low"
    """The least of the prices that the plan rests on."""
    trust_reasons: tuple[str, ...] = ()
    gap: float = 0.0
    """Share of its cost by which a plan that was not found in time could beat it; 0: proved."""


# A portfolio's plan in words. Every figure is taken from the result, never worked out anew.


def portfolio_verdict(result: PortfolioResult) -> str:
    """Return what the plan says: its bill, where requests go, what it saves, what turns it."""
    sentences = [_bill(result), _where(result), _saved(result), *_cascades(result)]
    return " ".join(s for s in sentences if s)


def _bill(result: PortfolioResult) -> str:
    count = len(result.tasks)
    tasks = "One task costs" if count == 1 else f"{count} tasks cost"
    return f"{tasks} {show_usd(result.monthly_usd)} a month at the least."


def own(task: TaskResult) -> bool:
    """Return whether own GPUs serve a part of a task."""
    return any(step.mode == "self" for step in task.steps)


def _where(result: PortfolioResult) -> str:
    share = sum(task.share for task in result.tasks if own(task))
    if not result.fleets:
        return "Nothing is worth a GPU of one's own: all tasks are served by the token."
    gpus = sum(fleet.gpus for fleet in result.fleets)
    names = ", ".join(task.name for task in result.tasks if own(task))
    return (
        f"Own GPUs ({show_number(gpus)} of them) serve {names}, {show_share(share)} of the "
        "requests."
    )


def _saved(result: PortfolioResult) -> str:
    if result.against is None or result.reduction is None or result.against_usd is None:
        return "No single model by the token may serve all of them."
    share, word = show_share(abs(result.reduction)), "less" if result.reduction >= 0 else "more"
    as_much = "as much as" if abs(result.reduction) < 5e-4 else f"{share} {word} than"
    text = f"That is {as_much} {result.against} for everything ({show_usd(result.against_usd)})."
    needed = [r for r in result.reductions if r.share is not None]
    never = [r for r in result.reductions if r.share is None]
    parts = [f"{show_share(r.reduction)} takes {show_share(r.share or 0.0)}" for r in needed]
    if parts:
        text += (
            f" Saving {', saving '.join(parts)} of the requests off it, at the mean price of those "
            "that left."
        )
    if never:
        least = min(r.reduction for r in never)
        text += f" At that price {show_share(least)} cannot be saved by any share."
    return text


def _cascades(result: PortfolioResult) -> list[str]:
    out = []
    for row in result.cascades:
        verb = "pays" if row.pays else "does not pay"
        edge = (
            f"it would with fewer than {show_share(row.breakeven_escalate)} handed on"
            if not row.pays and row.breakeven_escalate > 0
            else f"up to {show_share(max(row.breakeven_escalate, 0.0))} may be handed on"
        )
        if row.breakeven_escalate <= 0:
            edge = "trying and judging alone cost more than the last model"
        out.append(
            f"Against its last model alone the cascade {row.name} {verb} for {row.task} at "
            f"{show_share(row.escalate)} handed on; {edge}."
        )
    return out
