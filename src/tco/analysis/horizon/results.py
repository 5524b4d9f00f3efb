"""The answer of `tco horizon` as plain records, and in words; None for what does not exist."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tco.analysis.results import Envelope, TrustLevel, WorkloadResult
from tco.units import show_number, show_usd

# The answer of `tco horizon` as plain records; unrounded, and None for what does not exist.


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
class HorizonResult(Envelope):
    """Months to years: growth, scheduled prices, buying, renting or waiting."""

    schema: Literal["tco.horizon/1"]
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


# A horizon in words. Every figure in a sentence is taken from the result.


def horizon_verdict(result: HorizonResult) -> str:
    """Return which option costs least over the horizon, when it pays back, and when to begin."""
    others = result.rows[1:]
    sentences = [_cheapest(result), *(_pays(row) for row in others), _wait(others[0], result)]
    if result.same_weights is False:
        sentences.append("These are different models: equal cost is not equal quality.")
    return " ".join(s for s in sentences if s)


def _cheapest(result: HorizonResult) -> str:
    a, first, *_ = result.rows
    least = next(row for row in result.rows if row.id == result.best)
    other = first if least is a else a
    if least.npv_usd > other.npv_usd:  # what costs less is told beside, with the reason
        return (
            f"Over {result.months} months {least.letter}, {least.id}, costs least of the prices "
            f"that are sure enough: {show_usd(least.npv_usd)} in today's money."
        )
    return (
        f"Over {result.months} months {least.letter}, {least.id}, costs least: "
        f"{show_usd(least.npv_usd)} in today's money against {show_usd(other.npv_usd)} "
        f"for {other.letter}."
    )


def _pays(row: HorizonRow) -> str:
    """Return whether an option pays back what is put into it."""
    if row.payback_months is None:
        return f"{row.letter} never pays back what it costs more at first."
    if not row.payback_months:
        return ""
    back = f"after {show_number(row.payback_months)} months"
    if row.upfront_usd:
        text = f"{row.letter} has paid back its {show_usd(row.upfront_usd)} {back}"
    else:
        text = f"{row.letter} costs more at first and has made up for it {back}"
    lost = row.saving_usd is not None and row.saving_usd < 0
    return f"{text}{', but costs more again later' if lost else ''}."


def _wait(row: HorizonRow, result: HorizonResult) -> str:
    """Return whether it is better to stay with A for a while."""
    start, saved = row.best_start_month, row.best_start_saving_usd
    if start is None or saved is None or start == 0:
        return ""
    if start >= result.months:
        return f"Never changing to {row.letter} within the horizon is cheapest."
    return (
        f"Staying with A for {start} months and then changing to {row.letter} is best: "
        f"{show_usd(saved)} less than A throughout, in today's money."
    )
