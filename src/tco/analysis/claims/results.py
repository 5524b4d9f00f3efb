"""What `tco claims` answers: each claim with what it was held against, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tco.analysis.results import Envelope

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

    schema: Literal["tco.claims/1"]
    as_of: str
    """The day of today's prices."""
    version: str
    """That of the file of claims."""
    rows: tuple[ClaimRow, ...]
    rules: tuple[RuleRow, ...]
    """The rules of thumb, by volume; only where they were asked for."""
    detailed: bool
    """Whether a screen shows every claim in full; a page always does."""
