"""Two catalogs held against each other: what moved, and which answers change because of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Literal

from tco.analysis.breakeven import breakeven_table
from tco.analysis.cheapest import cheapest_of, rank_of
from tco.analysis.compare import compare
from tco.analysis.figures import Moved, moved
from tco.analysis.inputs import prepare
from tco.analysis.request import Request
from tco.analysis.results import BreakevenRow, OptionResult
from tco.analysis.select import TIERS
from tco.errors import TcoError

if TYPE_CHECKING:
    from tco.catalog.load import Catalog

SHIFT = 0.001  # a break-even that moves by less has not moved


@dataclass(frozen=True, kw_only=True)
class Winner:
    """The cheapest option of a tier at a volume, before and after."""

    tokens_per_month: float
    tier: str
    """`api`, `hosted` or `self`, of the short list; `any` for all of them."""
    before: str | None
    after: str | None
    before_usd: float | None
    after_usd: float | None
    changed: bool
    """Whether another option wins; the price alone may move without."""


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """From which volume own GPUs beat an alternative, before and after; None for never."""

    model: str
    against: str
    before: float | None
    after: float | None
    changed: bool


@dataclass(frozen=True, kw_only=True)
class CatalogDiff:
    """The whole of it."""

    schema: Literal["tco.catalog-diff/1"] = "tco.catalog-diff/1"
    a: str
    b: str
    as_of: str
    moved: tuple[Moved, ...]
    winners: tuple[Winner, ...]
    crossings: tuple[Crossing, ...]
    answers_changed: int
    warnings: tuple[str, ...] = ()


def catalog_diff(
    a: Catalog,
    b: Catalog,
    names: tuple[str, str],
    on: date,
    volumes: Sequence[float],
    request: Request | None = None,
) -> CatalogDiff:
    """Return what moved from catalog `a` to `b`, and which answers change.

    Args:
        a, b: The catalogs.
        names: What they are called.
        on: The day whose prices hold.
        volumes: At which winners are compared [token/month].
        request: What else is asked; the defaults when None.
    """
    asked = replace(request or Request(), as_of=on, tokens=None)
    warnings: list[str] = []
    winners = tuple(w for v in volumes for w in _winners(a, b, asked, v, on, warnings))
    crossings = tuple(crossings_of(a, b, asked, on, warnings))
    changed = sum(w.changed for w in winners) + sum(c.changed for c in crossings)
    return CatalogDiff(
        a=names[0],
        b=names[1],
        as_of=on.isoformat(),
        moved=tuple(moved(a, b, on)),
        winners=winners,
        crossings=crossings,
        answers_changed=changed,
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _winners(
    a: Catalog, b: Catalog, asked: Request, volume: float, on: date, warnings: list[str]
) -> Iterator[Winner]:
    request = replace(asked, tokens=volume)
    before = _cheapest(a, request, on, warnings)
    after = _cheapest(b, request, on, warnings)
    for tier in ("any", *TIERS):
        old, new = before.get(tier), after.get(tier)
        if old is None and new is None:
            continue
        ids = (old.id if old is not None else None, new.id if new is not None else None)
        yield Winner(
            tokens_per_month=volume,
            tier=tier,
            before=ids[0],
            after=ids[1],
            before_usd=old.monthly_usd if old is not None else None,
            after_usd=new.monthly_usd if new is not None else None,
            changed=ids[0] != ids[1],
        )


def _cheapest(
    catalog: Catalog, request: Request, on: date, warnings: list[str]
) -> Mapping[str, OptionResult]:
    """Return the cheapest option of each tier, and of all of them."""
    try:
        result = compare(prepare(catalog, request, on), brief=True)
    except TcoError as error:
        warnings.append(f"{request.tokens:g} tokens a month: {error}")
        return {}
    rows = [o for o in result.options if not result.shown or o.id in result.shown]
    least = rank_of(result.min_trust)
    best = {"any": cheapest_of(rows, least)}
    best |= {tier: cheapest_of([r for r in rows if r.tier == tier], least) for tier in TIERS}
    return {tier: row for tier, row in best.items() if row is not None}


def crossings_of(
    a: Catalog, b: Catalog, asked: Request, on: date, warnings: list[str]
) -> Iterator[Crossing]:
    """Return the break-evens of the overview on both catalogs; what fails is told in `warnings`."""
    before, after = (_rows(catalog, asked, on, warnings) for catalog in (a, b))
    for model, tier in sorted({*before, *after}):
        old, new = before.get((model, tier)), after.get((model, tier))
        known = new or old
        if known is None:
            continue
        ends = (old.first if old is not None else None, new.first if new is not None else None)
        yield Crossing(
            model=model,
            against=known.a,
            before=ends[0],
            after=ends[1],
            changed=shifted(*ends),
        )


def shifted(before: float | None, after: float | None) -> bool:
    """Return whether a break-even moved, or is one only before or after."""
    if before is None or after is None:
        return before is not after
    return abs(after - before) > SHIFT * max(before, after)


def _rows(
    catalog: Catalog, asked: Request, on: date, warnings: list[str]
) -> Mapping[tuple[str, str], BreakevenRow]:
    """Return the break-evens by model and by what it is held against: its host, or the rival."""
    try:
        table = breakeven_table(prepare(catalog, asked, on), None)
    except TcoError as error:
        warnings.append(f"break-evens: {error}")
        return {}
    return {(row.model, "host" if row.same_weights else "rival"): row for row in table.rows}
