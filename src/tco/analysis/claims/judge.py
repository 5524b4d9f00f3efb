"""What `tco claims` answers: figures held against a claim, and the verdict."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from tco.analysis.results import Envelope
from tco.errors import DataError, printable
from tco.records import dataclass

if TYPE_CHECKING:
    from tco.catalog.claims import Claim, ClaimCheck, ClaimQuestion, Pick


Verdict = Literal[
    "holds", "arithmetic_error", "infeasible", "outside_range", "depends", "not_answered"
]
State = Literal["inside", "outside", "partly", "infeasible", "unknown", "shown"]

Side = Literal["below", "above", ""]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRow:
    """The article's own inputs recomputed."""

    claimed_name: str | None
    claimed: tuple[float, float] | None
    expression: str
    recomputed: tuple[float, float]
    unit: str
    tolerance: float
    agrees: bool
    """True as well where nothing is claimed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A change of one thing under which the answer falls on the other side."""

    what: str
    """The assumption and its value, or the words added to the command."""
    command: str
    state: State
    value: tuple[float, float] | None
    path: str | None = None
    """The assumption; the fields below are of it."""
    at: float | None = None
    """The value nearest to today's that turns the answer, to three digits."""
    now: float | None = None
    low: float | None = None
    """The ends of the range within which it was tried."""
    high: float | None = None
    source: str = ""
    """Who says how far it ranges."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimReading:
    """What a command answered on one day."""

    as_of: str
    """The day whose prices hold."""
    commands: tuple[str, ...]
    """As they can be typed; the first is the question, others give figures beside it."""
    state: State
    """Where the answer lies: in the claimed range, outside, across its edge; or why not."""
    side: Side
    """Of an answer outside: below or above the claimed range; never counts as above."""
    value: tuple[float, float] | None
    band: tuple[float, float] | None
    """At the ends of the 80 % interval of the capacity model, where the bill has one."""
    ends: tuple[str, ...]
    """Of a range over several options: those at its low and at its high end."""
    reason: str
    """Why there is no figure."""
    turns: tuple[Turn, ...] = ()
    """What was tried and puts the answer on the other side, at the prices of the same day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """A set-up that can exist, where the claimed one cannot."""

    command: str
    option: str
    gpus: float | None
    monthly_usd: float | None
    breakeven_command: str
    breakeven_tokens: float | None
    """Tokens a month from which it is cheaper than the cheapest host of the same weights."""
    never_because: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One question of a claim."""

    title: str
    unit: str
    rule: str
    claimed: tuple[float, float] | None
    tolerance: float
    file: str | None
    """The scenario file of the command."""
    then: ClaimReading
    """On the day of the article."""
    today: ClaimReading
    nearest: tuple[Nearest, ...]
    """Where nothing can serve: what gives up least of what was asked for, and the cheapest."""
    assumptions: tuple[str, ...]
    """What the answer assumes, as `path value`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRow:
    """One claim, answered."""

    id: str
    title: str
    """The article."""
    published: str
    dated: str
    url: str | None
    says: str
    verdict: Verdict
    also: tuple[Verdict, ...]
    """What else is to be said of it: a claim can be wrong in more than one way."""
    judged_on: str
    """The day whose prices the verdict rests on: the article's, or today where that has none."""
    because: tuple[str, ...]
    """What led to the verdict, and to what else is said."""
    aged: bool | None
    """An answer was in the claimed range on the article's day and is not today, or the other way
    round; None where the catalog lacks a price of that day."""
    changes: tuple[str, ...]
    """The answers that aged, or lack a price of that day."""
    checks: tuple[CheckRow, ...]
    questions: tuple[Answered, ...]
    missing: str | None
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """The values of one thing for which a rule of thumb is true, all else as it is."""

    variable: str
    """As `tco breakeven --over` calls it."""
    title: str
    unit: str
    now: float
    spans: tuple[tuple[float, float | None], ...]
    """From, to; None is without end. Empty where no value makes it true."""
    commands: tuple[str, ...]
    """At the low end, the middle and the high end of the claimed volume."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleModelRow:
    """The engineers with which a rule of thumb is true of an open model."""

    model: str
    condition: Condition | None
    """None where the model cannot be served."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRow:
    """A rule of thumb for the break-even, beside the break-even that we find."""

    id: str
    """The claim."""
    tokens: tuple[float, float]
    """The volume from which own GPUs are said to pay [token/month]."""
    a: str
    b: str
    """What is held against what: as the article does, or near it."""
    command: str
    breakeven: float | None
    """Tokens a month; None where own GPUs are never cheaper."""
    band: tuple[float, float] | None
    """At the ends of the 80 % interval of the capacity model."""
    reach: tuple[float, float] | None
    """The lowest and the highest when one assumption goes to either end of its range."""
    reason: str
    true: bool
    """The break-even lies where the rule has it, as everything is."""
    conditions: tuple[Condition, ...]
    models: tuple[RuleModelRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsResult(Envelope):
    """All claims."""

    schema: Literal["tco.claims/1"] = "tco.claims/1"
    as_of: str
    """The day of today's prices."""
    version: str
    """That of the file of claims."""
    rows: tuple[ClaimRow, ...]
    rules: tuple[RuleRow, ...]
    """The rules of thumb, by volume; only where they were asked for."""
    detailed: bool
    """Whether a screen shows every claim in full; a page always does."""


# Arithmetic over named figures and ranges: a grammar so small that nothing else can be said.

Band = tuple[float, float]
"""A figure from low to high; a single one has the same twice."""

_BINARY: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: math.pow,
}


def span(value: float | Sequence[float]) -> Band:
    """Return a number or a pair of numbers as a span."""
    if isinstance(value, int | float):
        return float(value), float(value)
    low, high = value
    return float(low), float(high)


def calculated(expression: str, names: Mapping[str, Band]) -> Band:
    """Return the value of an expression of numbers, names, `+ - * / **` and parentheses.

    Ranges go low with low and high with high; the result is put in order.

    >>> calculated("rent * 720", {"rent": (1.0, 2.0)})
    (720.0, 1440.0)

    Raises:
        DataError: Anything else stands in it, a name is unknown, or it divides by zero.
    """
    try:
        tree = ast.parse(expression.strip(), mode="eval")
        ends = [_value(tree.body, names, end) for end in (0, 1)]
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
        raise _wrong(expression, "is no arithmetic") from None
    except ZeroDivisionError:
        raise _wrong(expression, "divides by zero") from None
    if not all(math.isfinite(end) for end in ends):
        raise _wrong(expression, "is too large")
    return min(ends), max(ends)


def _value(node: ast.expr, names: Mapping[str, Band], end: int) -> float:
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        left, right = _value(node.left, names, end), _value(node.right, names, end)
        return _BINARY[type(node.op)](left, right)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, names, end)
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return _number(node.value)
    if isinstance(node, ast.Name):
        if node.id not in names:
            raise _wrong(node.id, f"is no figure; there are {', '.join(names)}")
        return names[node.id][end]
    raise ValueError


def _number(value: float) -> float:
    if isinstance(value, bool):
        raise ValueError
    return float(value)


def _wrong(what: str, why: str) -> DataError:
    return DataError(f"data/claims.yaml:1: {printable(what, 60)!r} {why}")


# Figures of an answer: a path into its JSON, and which of those found counts.


PickedFigure = tuple[Band | None, Band | None, tuple[str, ...]]
"""A figure and its band, None where the answer has none; of a range the ids of both ends."""


def picked(document: Any, pick: Pick) -> PickedFigure:
    """Return the figure that a pick means in a document."""
    *way, last = pick.path
    if pick.take == "count":
        count = float(len(list(walked(document, pick.path))))
        return (count, count), None, ()
    found = []
    for holder in walked(document, way):
        for value in walked(holder, [last]):
            number = _pick_number(value)
            if number is not None:
                found.append((number, _band(holder, pick.band), _id(holder)))
    if pick.take == "best":
        best = document.get("best") if isinstance(document, dict) else None
        found = [one for one in found if one[2] == best]
    return _taken(found, pick.take)


def _pick_number(value: Any) -> float | None:
    """Return a number, also one that a catalog's facts give as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _taken(found: list[tuple[float, Band | None, str]], take: str) -> PickedFigure:
    if not found:
        return None, None, ()
    least, most = (end(found, key=lambda one: one[0]) for end in (min, max))
    if take == "range":
        ends = (least[2], most[2]) if least[2] != most[2] else ()
        return (least[0], most[0]), None, ends
    value, band, _ = {"least": least, "most": most}.get(take, found[0])
    return (value, value), band, ()


def _id(holder: Any) -> str:
    return str(holder.get("id", "")) if isinstance(holder, dict) else ""


def _band(holder: Any, key: str | None) -> Band | None:
    band = holder.get(key) if key is not None and isinstance(holder, dict) else None
    return (float(band[0]), float(band[1])) if band and None not in band else None


def walked(value: Any, path: Sequence[str | int]) -> Iterator[Any]:
    """Return everything in a document that a path leads to.

    >>> list(walked({"rows": [{"a": "x", "n": 1}, {"a": "y", "n": 2}]}, ["rows", "a=y", "n"]))
    [2]
    """
    if not path:
        yield value
        return
    step, *rest = path
    for inner in _step(value, step):
        yield from walked(inner, rest)


def _step(value: Any, step: str | int) -> list[Any]:
    if isinstance(value, list):
        if isinstance(step, int):
            return [value[step]] if -len(value) <= step < len(value) else []
        if step == "*":
            return value
        key, _, wanted = step.partition("=")
        wants = not key.endswith("!")
        name = key.removesuffix("!")
        return [v for v in value if isinstance(v, dict) and (_text(v.get(name)) == wanted) is wants]
    return [value[step]] if isinstance(value, dict) and step in value else []


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


# The verdict on a claim, by the same rules for all of them.
#
# Where nothing can serve what was asked for: infeasible. Where the article's own inputs do not
# give its figure: arithmetic error. Where every answer lies in the claimed range: it holds; where
# none does: outside the range; and where some do, or answers lie on both sides of it, or one
# spans its edge, or one change of one thing moves it to the other side: it depends.

ROUND_OFF = 1e-9
ARITHMETIC = 0.05
"""How far off an article's figure may be from what its own inputs give: articles round [1]."""
ABOUT = 0.1
"""How far off a single claimed figure may be from ours; a range is as it stands [1]."""
MOST = 3
"""How many changes that turn an answer a verdict names."""
ANSWERS: tuple[State, ...] = ("inside", "outside", "partly")


def tolerance_of(claimed: Band | None) -> float:
    """Return how far outside a claim an answer still counts as inside, as a share [1]."""
    return ABOUT if claimed is not None and claimed[0] == claimed[1] else 0.0


def check_row(check: ClaimCheck, claim: Claim) -> CheckRow:
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


def _near(claimed: Band, value: Band) -> bool:
    """Return whether both ends are as claimed."""
    ends = zip(claimed, value, strict=True)
    return all(abs(v - c) <= ARITHMETIC * abs(c) + ROUND_OFF for c, v in ends)


def side_of(value: Band, claimed: Band, rule: str, tolerance: float) -> float:
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


def state_of(value: Band, claimed: Band | None, rule: str, tolerance: float) -> State:
    """Return whether an answer lies inside what is claimed; the arguments are as of `side_of`."""
    if claimed is None:
        return "shown"
    side = side_of(value, claimed, rule, tolerance)
    return "inside" if side == 0 else "partly" if abs(side) < 1 else "outside"


Judged = Sequence[tuple["ClaimQuestion", ClaimReading]]
"""Questions, each with the reading that counts."""


def both_sides(judged: Judged) -> bool:
    """Return whether answers held against one figure lie below it and above it."""
    sides = {(asked.claimed, read.side) for asked, read in judged if read.side}
    return any((claimed, "below") in sides and (claimed, "above") in sides for claimed, _ in sides)


def verdict_of(
    checks: Sequence[CheckRow], judged: Judged
) -> tuple[tuple[Verdict, ...], tuple[str, ...]]:
    """Return what is to be said with one day's prices, what matters most first, and why.

    Args:
        checks: The article's arithmetic.
        judged: The questions and what they were answered.
    """
    found: list[Verdict] = []
    cannot = [f"{q.title}: {read.reason}" for q, read in judged if read.state == "infeasible"]
    wrong = [_error(check) for check in checks if not check.agrees]
    if cannot:
        found.append("infeasible")
    if wrong:
        found.append("arithmetic_error")
    answer, why = _answered([one for one in judged if one[1].state in ANSWERS])
    if answer is not None and not (found and answer == "holds"):
        found.append(answer)
    because = [*cannot, *wrong, *why]
    if not found and any(check.claimed is not None for check in checks):
        # What is only shown leaves the article's own arithmetic to be judged.
        return ("holds",), ("its arithmetic is right",)
    return tuple(found) or ("not_answered",), tuple(because)


def _answered(judged: Judged) -> tuple[Verdict | None, tuple[str, ...]]:
    """Return what the answers alone say, and why."""
    states = {read.state for _, read in judged}
    if not states:
        return None, ()
    why = [
        f"{asked.title}: {_turned(read)}"
        for asked, read in judged
        if read.turns or read.state == "partly"
    ]
    if len(states) > 1 or both_sides(judged):
        sides = (f"{asked.title} ({read.side or read.state})" for asked, read in judged)
        why = [f"differs by question: {', '.join(sides)}", *why]
    if why:
        return "depends", tuple(why)
    if states == {"outside"}:
        return "outside_range", tuple(f"{q.title}: {_outside(read)}" for q, read in judged)
    return "holds", ()


def _turned(reading: ClaimReading) -> str:
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


def _outside(reading: ClaimReading) -> str:
    return reading.reason or f"{reading.side} what is claimed, whatever single assumption changes"


def _error(check: CheckRow) -> str:
    return f"{check.claimed_name} does not follow from the article's own figures"
