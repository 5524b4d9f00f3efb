"""What `tco claims` answers: each claim with what it was held against, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal[
    "holds", "arithmetic_error", "infeasible", "outside_range", "depends", "not_answered"
]
State = Literal["inside", "outside", "partly", "infeasible", "unknown", "shown"]


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
    source: str
    """Who says how far the assumption ranges; empty for words."""
    command: str
    state: State
    value: tuple[float, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a command answered on one day."""

    as_of: str
    """The day whose prices hold."""
    commands: tuple[str, ...]
    """As they can be typed; the first is the question, others give figures beside it."""
    state: State
    """Where the answer lies: in the claimed range, outside, across its edge; or why not."""
    value: tuple[float, float] | None
    band: tuple[float, float] | None
    """At the ends of the 80 % interval of the capacity model, where the bill has one."""
    reason: str
    """Why there is no figure."""
    turns: tuple[Turn, ...] = ()
    """What was tried and puts the answer on the other side, at the prices of the same day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """The nearest set-up that can exist, where the claimed one cannot."""

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
    then: Reading
    """On the day of the article."""
    today: Reading
    nearest: Nearest | None
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
    also: Verdict | None
    """Where the arithmetic is wrong: what the answers say beside that."""
    then: Verdict
    today: Verdict
    because: tuple[str, ...]
    """What led to the verdict; a claim can be wrong in more than one way."""
    aged: bool
    """The verdict of today's prices is another than that of the article's day."""
    checks: tuple[CheckRow, ...]
    questions: tuple[Answered, ...]
    missing: str | None
    rule_of_thumb_tokens: tuple[float, float] | None
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionRow:
    """A break-even on the axis of the rules of thumb."""

    title: str
    command: str
    tokens: float | None
    """Tokens a month; None where own GPUs are never cheaper."""
    reason: str
    rules: tuple[str, ...]
    """The rules of thumb that are true of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsResult:
    """All claims."""

    schema: Literal["tco.claims/1"]
    as_of: str
    """The day of today's prices."""
    version: str
    rows: tuple[ClaimRow, ...]
    regions: tuple[RegionRow, ...]
    detailed: bool
    """Whether a screen shows every claim in full; a page always does."""
    verdict: str
    warnings: tuple[str, ...]
