"""A horizon in words. Every figure in a sentence is taken from the result."""

from __future__ import annotations

from tco.analysis.horizon.results import HorizonResult, HorizonRow
from tco.show import show_number, show_usd


def horizon_verdict(result: HorizonResult) -> str:
    """Return which option costs least over the horizon, when it pays back, and when to begin."""
    a, *others = result.rows
    best = others[0]
    sentences = [_cheapest(result, a, best), *(_pays(row) for row in others), _wait(best, result)]
    if result.same_weights is False:
        sentences.append("These are different models: equal cost is not equal quality.")
    return " ".join(s for s in sentences if s)


def _cheapest(result: HorizonResult, a: HorizonRow, best: HorizonRow) -> str:
    least, other = (best, a) if best.npv_usd < a.npv_usd else (a, best)
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
