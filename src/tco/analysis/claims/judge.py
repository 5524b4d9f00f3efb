"""The verdict on a claim, by the same rules for all of them.

Where the article's own inputs do not give its figure: arithmetic error. Where a command says that
nothing can serve what was asked: infeasible. Where the answer lies in the claimed range: it holds;
elsewhere: outside the range; and where the answer spans the edge, or one assumption within its
sourced range (or one choice that the article leaves open) moves it to the other side: it depends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tco.analysis.claims.arithmetic import Span, calculated, span
from tco.analysis.claims.results import CheckRow, Reading, State, Verdict

if TYPE_CHECKING:
    from tco.catalog.claims import Check, Claim

ROUND_OFF = 1e-9
ANSWERS: tuple[State, ...] = ("inside", "outside", "partly")


def check_row(check: Check, claim: Claim) -> CheckRow:
    """Return a figure of the article beside what its own inputs give."""
    names = {name: span(value) for name, value in {**claim.claimed, **claim.inputs}.items()}
    value = calculated(check.expression, names)
    claimed = span(claim.claimed[check.claimed]) if check.claimed is not None else None
    return CheckRow(
        claimed_name=check.claimed,
        claimed=claimed,
        expression=check.expression,
        recomputed=value,
        unit=check.unit,
        tolerance=check.tolerance,
        agrees=claimed is None or _near(claimed, value, check.tolerance),
    )


def _near(claimed: Span, value: Span, tolerance: float) -> bool:
    """Return whether both ends are as claimed."""
    ends = zip(claimed, value, strict=True)
    return all(abs(v - c) <= tolerance * abs(c) + ROUND_OFF for c, v in ends)


def state_of(value: Span, claimed: Span | None, rule: str, tolerance: float) -> State:
    """Return where an answer lies to what is claimed.

    Args:
        value: The answer, from low to high.
        claimed: The claimed range; None where nothing is.
        rule: `within` the range, `at_least` its low end, `at_most` its high end.
        tolerance: How far outside still counts as inside, as a share [1].
    """
    if claimed is None:
        return "shown"
    low = claimed[0] - tolerance * abs(claimed[0]) if rule != "at_most" else float("-inf")
    high = claimed[1] + tolerance * abs(claimed[1]) if rule != "at_least" else float("inf")
    if low <= value[0] and value[1] <= high:
        return "inside"
    return "outside" if value[1] < low or value[0] > high else "partly"


def verdict_of(
    checks: Sequence[CheckRow], readings: Sequence[tuple[str, Reading]]
) -> tuple[Verdict, tuple[str, ...]]:
    """Return the verdict with one day's prices, and why.

    Args:
        checks: The article's arithmetic.
        readings: The title of each question, and what it was answered.
    """
    wrong = [_error(check) for check in checks if not check.agrees]
    cannot = [f"{title}: {r.reason}" for title, r in readings if r.state == "infeasible"]
    out = [f"{title}: {_outside(r)}" for title, r in readings if r.state == "outside"]
    turns = [f"{title}: {_turned(r)}" for title, r in readings if r.turns or r.state == "partly"]
    states = {r.state for _, r in readings if r.state in ANSWERS}
    if len(states) > 1 and "partly" not in states:
        turns = [f"differs by question: {', '.join(_sides(readings))}", *turns]
    because = (*wrong, *cannot, *(turns or out))
    if wrong:
        return "arithmetic_error", because
    if cannot:
        return "infeasible", because
    if turns:
        return "depends", because
    if states:
        return ("outside_range" if out else "holds"), because
    agreed = any(check.claimed is not None for check in checks)
    # What is only shown leaves the article's own arithmetic to be judged.
    return ("holds", ("its arithmetic is right",)) if agreed else ("not_answered", ())


def _turned(reading: Reading) -> str:
    """Return what an answer depends on."""
    if reading.turns:
        return f"turns with {'; '.join(dict.fromkeys(t.what for t in reading.turns))}"
    return "true of a part of the answer's range only"


def _sides(readings: Iterable[tuple[str, Reading]]) -> list[str]:
    return [f"{title} ({r.state})" for title, r in readings if r.state in ANSWERS]


def _outside(reading: Reading) -> str:
    return reading.reason or "outside the claimed range"


def _error(check: CheckRow) -> str:
    return f"{check.claimed_name} does not follow from the article's own figures"
