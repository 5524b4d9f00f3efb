"""What changed between two answers, as plain records, unrounded."""

from __future__ import annotations

from typing import Literal

from tco.records import dataclass

What = Literal["dearer", "cheaper", "same", "added", "removed", "lost", "possible"]
Kind = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineChange:
    """One item of a bill that costs another amount."""

    item: str
    before_usd: float
    after_usd: float
    before_rate_usd: float | None
    after_rate_usd: float | None
    unit: str
    source: str
    """Who says the rate, after; before where the item is gone."""
    date: str | None
    text: str
    """The same in words: whether the rate moved or the quantity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostChange:
    """What one option costs, before and after [USD/month]."""

    id: str
    was: str | None
    """The id before, where the best set-up or host of a model is another one now."""
    tier: str | None
    what: What
    """`lost` is no longer possible, `possible` was not before."""
    before_usd: float | None
    after_usd: float | None
    change_usd: float | None
    change_share: float | None
    """The change over the cost before [1]."""
    lines: tuple[LineChange, ...]
    reasons: tuple[str, ...]
    """Why it is not possible any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WinnerChange:
    """The cheapest, before and after."""

    tokens_per_month: float | None = None
    """None where the answers were asked without a volume of their own."""
    tier: str = "any"
    """Among what: `api`, `hosted`, `self`, or `any` for all of them."""
    before: str | None
    after: str | None
    before_usd: float | None
    after_usd: float | None
    change_usd: float | None = None
    change_share: float | None = None
    changed: bool
    """Another option is the cheapest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossingChange:
    """From which volume own GPUs beat an alternative, before and after; None for never."""

    model: str
    against: str
    before: float | None
    after: float | None
    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class InputChange:
    """One thing that was asked or assumed differently."""

    path: str
    unit: str
    before: float | str | None
    after: float | str | None
    source: str
    """Who says it, after; before where it is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureChange:
    """One figure that is not what it was."""

    section: str
    """`offers`, `rentals`, `accelerators`, `models` or `assumptions`."""
    record: str
    field: str
    kind: Kind
    before: float | str | None
    after: float | str | None
    ratio: float | None
    """After over before [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A limit or a condition of the caller that is not kept."""

    rule: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffResult:
    """What changed in cost, in the cheapest, in break-evens, and which inputs explain it."""

    schema: Literal["tco.diff/1"] = "tco.diff/1"
    a: str
    b: str
    """What the two answers are called."""
    kind: str
    """The schema of both."""
    catalog_before: str
    catalog_after: str
    """Version and digest of the data."""
    as_of_before: str
    as_of_after: str
    winner: WinnerChange | None
    """None where the answers have no bills."""
    rows: tuple[CostChange, ...]
    """Options whose cost changed, the largest change first, and the cheapest of both."""
    shown: tuple[str, ...]
    """Ids of the rows on the short list of either; empty when all count alike."""
    unchanged: int
    """Options of the same cost."""
    crossings: tuple[CrossingChange, ...] | None
    """Break-evens; None where the answers have none."""
    inputs: tuple[InputChange, ...]
    moved: tuple[FigureChange, ...]
    """Figures of the catalog, where two catalogs were compared."""
    failures: tuple[Failure, ...]
    passed: bool
    verdict: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogDiff:
    """What moved between two catalogs, and which answers change because of it."""

    schema: Literal["tco.catalog-diff/1"] = "tco.catalog-diff/1"
    a: str
    b: str
    as_of: str
    moved: tuple[FigureChange, ...]
    winners: tuple[WinnerChange, ...]
    crossings: tuple[CrossingChange, ...]
    answers_changed: int
    warnings: tuple[str, ...] = ()
