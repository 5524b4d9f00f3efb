"""Two catalogs held against each other: which figures moved, which answers change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from tco.analysis.breakeven import breakeven_table
from tco.analysis.compare import compare
from tco.analysis.diff.results import (
    CatalogDiff,
    CrossingChange,
    FigureChange,
    Kind,
    WinnerChange,
)
from tco.analysis.results import BreakevenRow, OptionResult
from tco.catalog.lookup import price_at, rents_at, retired
from tco.catalog.summary import facts
from tco.errors import TcoError
from tco.options.cheapest import cheapest_of, rank_of
from tco.options.question import prepare
from tco.options.scenario import Scenario
from tco.options.selection import TIERS

if TYPE_CHECKING:
    from tco.catalog.load import Catalog


# The figures of two catalogs held against each other: what moved, and by how much.

SAME = 1e-9  # two figures that differ by less are one figure


def moved(a: Catalog, b: Catalog, on: date) -> Iterator[FigureChange]:
    """Return every figure that differs on a day: prices, rents, hardware, models, assumptions."""
    yield from _differences("offers", _prices(a, on), _prices(b, on))
    yield from _differences("rentals", _rents(a, on), _rents(b, on))
    yield from _differences(
        "accelerators", _facts(a.hardware.accelerators), _facts(b.hardware.accelerators)
    )
    yield from _differences("models", _facts(a.models.models), _facts(b.models.models))
    yield from _differences(
        "assumptions", _facts(a.assumptions.assumptions), _facts(b.assumptions.assumptions)
    )


Figures = Mapping[str, Mapping[str, float | str]]
"""By record, and by field."""


def _prices(catalog: Catalog, on: date) -> Figures:
    found: dict[str, dict[str, float | str]] = {}
    for offer in catalog.prices.offers:
        price = None if retired(offer, on) else price_at(offer, on, catalog.offers)
        if price is None:
            continue
        fields: dict[str, float | str] = {k: r for k, r in price.usd_per_mtok if r is not None}
        for modifier in price.modifiers:
            fields |= _modified(modifier)
        if offer.retires is not None:
            fields["retires"] = offer.retires.isoformat()
        found[offer.id] = fields
    return found


def _modified(modifier: Any) -> Iterator[tuple[str, float | str]]:
    """Return the prices of a modifier, each under its condition."""
    said = [f"{key} {value}" for key, value in modifier.when if value is not None]
    name = ", ".join(said).replace("_", " ")[:80]
    if modifier.multiply is not None:
        yield f"times at {name}", modifier.multiply
    for key, rate in modifier.usd_per_mtok or ():
        if rate is not None:
            yield f"{key} at {name}", rate


def _rents(catalog: Catalog, on: date) -> Figures:
    return {
        "/".join(
            str(p) for p in (r.seller, r.gpu, r.option, r.gpus, r.instance, rent.region) if p
        ): {"usd_per_gpu_hour": rent.usd_per_gpu_hour}
        for r, rent in rents_at(catalog.hardware, on)
    }


def _facts(records: Mapping[str, Any]) -> Figures:
    skip = ("waive", "waive_because", "waive_until")
    return {i: {f.name: f.value for f in facts(r, skip)} for i, r in records.items()}


def _differences(section: str, before: Figures, after: Figures) -> Iterator[FigureChange]:
    for record in sorted({*before, *after}):
        if record not in before or record not in after:
            kind: Kind = "added" if record in after else "removed"
            yield FigureChange(
                section=section, record=record, field="", kind=kind,
                before=_whole(before.get(record)), after=_whole(after.get(record)), ratio=None,
            )  # fmt: skip
            continue
        old, new = before[record], after[record]
        for field in [*old, *(f for f in new if f not in old)]:
            if not _same(old.get(field), new.get(field)):
                yield _moved(section, record, field, old.get(field), new.get(field))


def _whole(fields: Mapping[str, float | str] | None) -> str | None:
    """Return the prices of a record that came or went, as one text."""
    if fields is None:
        return None
    shown = [f"{v:g}" for k, v in fields.items() if isinstance(v, float) and " at " not in k]
    return " / ".join(shown) or None


def _same(one: float | str | None, other: float | str | None) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= SAME * max(abs(one), abs(other))
    return one == other


def _moved(
    section: str, record: str, field: str, before: float | str | None, after: float | str | None
) -> FigureChange:
    kind: Kind = "changed"
    if before is None or after is None:
        kind = "added" if before is None else "removed"
    old, new = _number(before), _number(after)
    return FigureChange(
        section=section,
        record=record,
        field=field,
        kind=kind,
        before=before,
        after=after,
        ratio=new / old if old and new is not None else None,
    )


def _number(value: float | str | None) -> float | None:
    try:
        return None if value is None else float(value)
    except ValueError:
        return None


# Two catalogs held against each other: what moved, and which answers change because of it.

SHIFT = 0.001  # a break-even that moves by less has not moved


def catalog_diff(
    a: Catalog,
    b: Catalog,
    names: tuple[str, str],
    on: date,
    volumes: Sequence[float],
    request: Scenario | None = None,
) -> CatalogDiff:
    """Return what moved from catalog `a` to `b`, and which answers change.

    Args:
        on: The day whose prices hold.
        volumes: At which winners are compared [token/month].
        request: What else is asked; the defaults when None.
    """
    asked = replace(request or Scenario(), as_of=on, tokens=None)
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
    a: Catalog, b: Catalog, scenario: Scenario, volume: float, on: date, warnings: list[str]
) -> Iterator[WinnerChange]:
    request = replace(scenario, tokens=volume)
    before = _cheapest(a, request, on, warnings)
    after = _cheapest(b, request, on, warnings)
    for tier in ("any", *TIERS):
        old, new = before.get(tier), after.get(tier)
        if old is None and new is None:
            continue
        sides = ((row.id, row.monthly_usd) if row is not None else None for row in (old, new))
        yield winner_change(*sides, tier=tier, volume=volume)


def winner_change(
    before: tuple[str, float | None] | None,
    after: tuple[str, float | None] | None,
    *,
    tier: str,
    volume: float | None,
) -> WinnerChange:
    """Return the cheapest before and after.

    Args:
        before, after: Its id and what it costs [USD/month].
        tier: Among what it is the cheapest, `any` for everything.
        volume: At which volume, where that is known [token/month].
    """
    was, was_usd = before or (None, None)
    now, now_usd = after or (None, None)
    change = now_usd - was_usd if was_usd is not None and now_usd is not None else None
    return WinnerChange(
        tokens_per_month=volume,
        tier=tier,
        before=was,
        after=now,
        before_usd=was_usd,
        after_usd=now_usd,
        change_usd=change,
        change_share=change / was_usd if was_usd and change is not None else None,
        changed=was != now,
    )


def _cheapest(
    catalog: Catalog, request: Scenario, on: date, warnings: list[str]
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
    a: Catalog, b: Catalog, scenario: Scenario, on: date, warnings: list[str]
) -> Iterator[CrossingChange]:
    """Return the break-evens of the overview on both catalogs; what fails is told in `warnings`."""
    before, after = (_rows(catalog, scenario, on, warnings) for catalog in (a, b))
    for model, tier in sorted({*before, *after}):
        old, new = before.get((model, tier)), after.get((model, tier))
        known = new or old
        if known is None:
            continue
        ends = (row.first if row is not None else None for row in (old, new))
        yield crossing_change((known.a, model), *ends)


def crossing_change(
    pair: tuple[str, str], before: float | None, after: float | None
) -> CrossingChange:
    """Return the break-even of the second of a pair, and whether it moved or came or went."""
    if before is None or after is None:
        changed = before is not after
    else:
        changed = abs(after - before) > SHIFT * max(before, after)
    against, model = pair
    return CrossingChange(model=model, against=against, before=before, after=after, changed=changed)


def _rows(
    catalog: Catalog, scenario: Scenario, on: date, warnings: list[str]
) -> Mapping[tuple[str, str], BreakevenRow]:
    """Return the break-evens by model and by what it is held against: its host, or the rival."""
    try:
        table = breakeven_table(prepare(catalog, scenario, on), None)
    except TcoError as error:
        warnings.append(f"break-evens: {error}")
        return {}
    return {(row.model, "host" if row.same_weights else "rival"): row for row in table.rows}
