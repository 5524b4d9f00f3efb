"""The verdict on a claim, by the same rules for all of them.

Where nothing can serve what was asked for: infeasible. Where the article's own inputs do not give
its figure: arithmetic error. Where every answer lies in the claimed range: it holds; where none
does: outside the range; and where some do, or answers lie on both sides of it, or one spans its
edge, or one change of one thing moves it to the other side: it depends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from tco.analysis.claims.arithmetic import Span, calculated, span
from tco.analysis.claims.results import CheckRow, Reading, State, Turn, Verdict

if TYPE_CHECKING:
    from tco.catalog.claims import Check, Claim

ROUND_OFF = 1e-9
ARITHMETIC = 0.05
"""How far off an article's figure may be from what its own inputs give: articles round [1]."""
ABOUT = 0.1
"""How far off a single claimed figure may be from ours; a range is as it stands [1]."""
MOST = 3
"""How many changes that turn an answer a verdict names."""
ANSWERS: tuple[State, ...] = ("inside", "outside", "partly")


def tolerance_of(claimed: Span | None) -> float:
    """Return how far outside a claim an answer still counts as inside, as a share [1]."""
    return ABOUT if claimed is not None and claimed[0] == claimed[1] else 0.0


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
        tolerance=ARITHMETIC,
        agrees=claimed is None or _near(claimed, value),
    )


def _near(claimed: Span, value: Span) -> bool:
    """Return whether both ends are as claimed."""
    ends = zip(claimed, value, strict=True)
    return all(abs(v - c) <= ARITHMETIC * abs(c) + ROUND_OFF for c, v in ends)


def side_of(value: Span, claimed: Span, rule: str, tolerance: float) -> float:
    """Return where an answer lies to what is claimed: -1 below, 0 inside, 1 above, 0.5 across.

    Args:
        value: The answer, from low to high.
        claimed: The claimed range.
        rule: `within` the range, `at_least` its low end, `at_most` its high end.
        tolerance: How far outside still counts as inside, as a share [1].
    """
    low = claimed[0] - tolerance * abs(claimed[0]) if rule != "at_most" else float("-inf")
    high = claimed[1] + tolerance * abs(claimed[1]) if rule != "at_least" else float("inf")
    if low <= value[0] and value[1] <= high:
        return 0.0
    if value[1] < low:
        return -1.0
    return 1.0 if value[0] > high else 0.5


def state_of(value: Span, claimed: Span | None, rule: str, tolerance: float) -> State:
    """Return whether an answer lies inside what is claimed; the arguments are as of `side_of`."""
    if claimed is None:
        return "shown"
    side = side_of(value, claimed, rule, tolerance)
    return "inside" if side == 0 else "partly" if abs(side) < 1 else "outside"


def verdict_of(
    checks: Sequence[CheckRow], readings: Sequence[tuple[str, Reading]]
) -> tuple[tuple[Verdict, ...], tuple[str, ...]]:
    """Return what is to be said with one day's prices, what matters most first, and why.

    Args:
        checks: The article's arithmetic.
        readings: The title of each question, and what it was answered.
    """
    found: list[Verdict] = []
    because: list[str] = []
    cannot = [f"{title}: {r.reason}" for title, r in readings if r.state == "infeasible"]
    wrong = [_error(check) for check in checks if not check.agrees]
    if cannot:
        found.append("infeasible")
    if wrong:
        found.append("arithmetic_error")
    answer, why = _answered(readings)
    if answer is not None and not (found and answer == "holds"):
        found.append(answer)
    because = [*cannot, *wrong, *why]
    if not found and any(check.claimed is not None for check in checks):
        # What is only shown leaves the article's own arithmetic to be judged.
        return ("holds",), ("its arithmetic is right",)
    return tuple(found) or ("not_answered",), tuple(because)


def _answered(readings: Sequence[tuple[str, Reading]]) -> tuple[Verdict | None, tuple[str, ...]]:
    """Return what the answers alone say, and why."""
    judged = [(title, r) for title, r in readings if r.state in ANSWERS]
    states = {r.state for _, r in judged}
    if not states:
        return None, ()
    turns = [f"{title}: {_turned(r)}" for title, r in judged if r.turns or r.state == "partly"]
    sides = {r.side for _, r in judged if r.state == "outside"}
    if len(states) > 1 or len(sides) > 1:
        turns = [f"differs by question: {', '.join(_sides(judged))}", *turns]
    if turns:
        return "depends", tuple(turns)
    if states == {"outside"}:
        return "outside_range", tuple(f"{title}: {_outside(r)}" for title, r in judged)
    return "holds", ()


def _turned(reading: Reading) -> str:
    """Return what an answer depends on."""
    parts = []
    if reading.state == "partly":
        over = f" over {' to '.join(reading.ends)}" if reading.ends else ""
        parts.append(f"a part of its range lies inside{over}")
    if reading.turns:
        words = "; ".join(turn_words(t) for t in reading.turns[:MOST])
        more = len(reading.turns) - MOST
        parts.append(f"turns with {words}" + (f"; {more} more" if more > 0 else ""))
    return "; ".join(parts)


def turn_words(turn: Turn) -> str:
    """Return a change in words, with what the assumption is now."""
    return f"{turn.what} instead of {turn.now:g}" if turn.now is not None else turn.what


def _sides(readings: Iterable[tuple[str, Reading]]) -> list[str]:
    return [f"{title} ({r.side or r.state})" for title, r in readings]


def _outside(reading: Reading) -> str:
    return reading.reason or f"{reading.side} what is claimed, whatever single assumption changes"


def _error(check: CheckRow) -> str:
    return f"{check.claimed_name} does not follow from the article's own figures"
