"""Limits on what may change, and what fails when they are not kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from tco.analysis.diff.diff import CENT, crossing_words, signed
from tco.analysis.diff.results import DiffResult, Failure
from tco.errors import UsageError
from tco.units import show_share, show_usd


class Limit(NamedTuple):
    """By how much the cheapest may get dearer, as it was said.

    Args:
        said: The text.
        share: Over the cost before [1]; None when money was said.
        usd: A month [USD]; None when a share was said.
    """

    said: str
    share: float | None = None
    usd: float | None = None


def gated(diff: DiffResult, limits: Sequence[Limit], conditions: Sequence[str]) -> DiffResult:
    """Return a diff with everything that is not kept.

    Raises:
        UsageError: A limit or a condition is about something that the answers do not have: what
            cannot be told must not pass.
    """
    failures = [*_over(diff, limits), *(f for name in conditions for f in _told(diff, name))]
    return replace(diff, failures=tuple(failures), passed=not failures)


def _over(diff: DiffResult, limits: Sequence[Limit]) -> Iterator[Failure]:
    winner = diff.winner
    for limit in limits:
        rule = f"--fail-over {limit.said}"
        if winner is None:
            raise UsageError(f"{rule}: results of {diff.kind} have no cost here; give a volume")
        before, after = winner.before_usd, winner.after_usd
        if after is None and before is not None:
            yield Failure(rule=rule, message=f"nothing serves it any more; it was {winner.before}")
        if before is None or after is None:
            continue
        # No share of nothing is a rise that could be allowed.
        allowed = limit.usd if limit.usd is not None else before * (limit.share or 0.0)
        if after - before > allowed + CENT:
            share = f" (+{show_share((after - before) / before)})" if before else ""
            by = f"{signed(after - before)}{share}"
            text = f"the cheapest went from {show_usd(before)} to {show_usd(after)} a month, {by}"
            yield Failure(rule=rule, message=text)


def _told(diff: DiffResult, name: str) -> Iterator[Failure]:
    rule = f"--fail-if {name}"
    yield from (Failure(rule=rule, message=text) for text in CONDITIONS[name](diff, rule))


def _winner_changes(diff: DiffResult, rule: str) -> Iterator[str]:
    if diff.winner is None:
        raise UsageError(f"{rule}: results of {diff.kind} have no cheapest here; give a volume")
    if diff.winner.changed:
        was = diff.winner.before or "nothing"
        yield f"the cheapest was {was} and is {diff.winner.after or 'nothing'}"


def _breakeven_moves(diff: DiffResult, rule: str) -> Iterator[str]:
    if diff.crossings is None:
        raise UsageError(
            f"{rule}: results of {diff.kind} have no break-even; give results of tco breakeven, "
            "or --catalog"
        )
    for c in diff.crossings:
        if c.changed:
            yield f"break-even of {crossing_words(c)}"


def _cost_rises(diff: DiffResult, rule: str) -> Iterator[str]:
    if diff.winner is None:
        raise UsageError(f"{rule}: results of {diff.kind} have no cost here; give a volume")
    for row in diff.rows:
        if row.what == "dearer" and row.change_usd is not None:
            usd = show_usd(row.after_usd or 0.0)
            yield f"{row.id} costs {usd} a month, {signed(row.change_usd)}"


def _option_lost(diff: DiffResult, rule: str) -> Iterator[str]:
    for row in diff.rows:
        if row.what in ("lost", "removed"):
            why = f": {'; '.join(row.reasons)}" if row.reasons else ""
            yield f"{row.id} is {'no longer possible' if row.what == 'lost' else 'gone'}{why}"


def _inputs_change(diff: DiffResult, rule: str) -> Iterator[str]:
    for change in diff.inputs:
        yield f"{change.path} was {change.before} and is {change.after}"


CONDITIONS: Mapping[str, Callable[[DiffResult, str], Iterator[str]]] = {
    "winner-changes": _winner_changes,
    "breakeven-moves": _breakeven_moves,
    "cost-rises": _cost_rises,
    "option-lost": _option_lost,
    "inputs-change": _inputs_change,
}
"""What `--fail-if` takes, and what it finds."""
