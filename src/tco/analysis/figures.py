"""The figures of two catalogs held against each other: what moved, and by how much."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from tco.catalog.lookup import price_at, rents_at, retired
from tco.catalog.summary import facts

if TYPE_CHECKING:
    from tco.catalog.load import Catalog

SAME = 1e-9  # two figures that differ by less are one figure
Kind = Literal["added", "removed", "changed"]


@dataclass(frozen=True, kw_only=True)
class Moved:
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


def moved(a: Catalog, b: Catalog, on: date) -> Iterator[Moved]:
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


def _differences(section: str, before: Figures, after: Figures) -> Iterator[Moved]:
    for record in sorted({*before, *after}):
        if record not in before or record not in after:
            kind: Kind = "added" if record in after else "removed"
            yield Moved(
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
) -> Moved:
    kind: Kind = "changed"
    if before is None or after is None:
        kind = "added" if before is None else "removed"
    old, new = _number(before), _number(after)
    return Moved(
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
