"""A horizon in words. Every figure in a sentence is taken from the result."""

from __future__ import annotations

from tco.analysis.horizon.results import HorizonResult, HorizonRow
from tco.show import show_number, show_usd


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
