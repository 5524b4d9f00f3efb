"""A portfolio's plan in words. Every figure is taken from the result, never worked out anew."""

from __future__ import annotations

from tco.analysis.portfolio.results import PortfolioResult, TaskResult
from tco.show import show_number, show_share, show_usd


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
    word = "less" if result.reduction >= 0 else "more"
    text = (
        f"That is {show_share(abs(result.reduction))} {word} than {result.against} for "
        f"everything ({show_usd(result.against_usd)})."
    )
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
