"""The verdict on a claim, by the same rules for all of them.

Where nothing can serve what was asked for: infeasible. Where the article's own inputs do not give
its figure: arithmetic error. Where every answer lies in the claimed range: it holds; where none
does: outside the range; and where some do, or answers lie on both sides of it, or one spans its
edge, or one change of one thing moves it to the other side: it depends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

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


class Judged(NamedTuple):
    """A question: its title, the figure that it is held against, and the reading that counts."""

    title: str
    claimed: str | None
    reading: Reading


def both_sides(judged: Sequence[Judged]) -> bool:
    """Return whether answers held against one figure lie below it and above it."""
    sides = {(j.claimed, j.reading.side) for j in judged if j.reading.side}
    return any((claimed, "below") in sides and (claimed, "above") in sides for claimed, _ in sides)


def verdict_of(
    checks: Sequence[CheckRow], judged: Sequence[Judged]
) -> tuple[tuple[Verdict, ...], tuple[str, ...]]:
    """Return what is to be said with one day's prices, what matters most first, and why.

    Args:
        checks: The article's arithmetic.
        judged: The questions and what they were answered.
    """
    found: list[Verdict] = []
    cannot = [f"{j.title}: {j.reading.reason}" for j in judged if j.reading.state == "infeasible"]
    wrong = [_error(check) for check in checks if not check.agrees]
    if cannot:
        found.append("infeasible")
    if wrong:
        found.append("arithmetic_error")
    answer, why = _answered([j for j in judged if j.reading.state in ANSWERS])
    if answer is not None and not (found and answer == "holds"):
        found.append(answer)
    because = [*cannot, *wrong, *why]
    if not found and any(check.claimed is not None for check in checks):
        # What is only shown leaves the article's own arithmetic to be judged.
        return ("holds",), ("its arithmetic is right",)
    return tuple(found) or ("not_answered",), tuple(because)


def _answered(judged: Sequence[Judged]) -> tuple[Verdict | None, tuple[str, ...]]:
    """Return what the answers alone say, and why."""
    states = {j.reading.state for j in judged}
    if not states:
        return None, ()
    why = [
        f"{j.title}: {_turned(j.reading)}"
        for j in judged
        if j.reading.turns or j.reading.state == "partly"
    ]
    if len(states) > 1 or both_sides(judged):
        sides = (f"{j.title} ({j.reading.side or j.reading.state})" for j in judged)
        why = [f"differs by question: {', '.join(sides)}", *why]
    if why:
        return "depends", tuple(why)
    if states == {"outside"}:
        return "outside_range", tuple(f"{j.title}: {_outside(j.reading)}" for j in judged)
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


def _outside(reading: Reading) -> str:
    return reading.reason or f"{reading.side} what is claimed, whatever single assumption changes"


def _error(check: CheckRow) -> str:
    return f"{check.claimed_name} does not follow from the article's own figures"
