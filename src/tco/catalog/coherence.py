"""What a schema cannot say: every name leads somewhere, ids are given once, windows are in order.

A part is the record of one file (`Prices`, `Overlay`, …). Overlays only add or replace, so each
part can be held on its own against the names of all parts, and a complaint points into its file.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from tco.catalog.complaints import Loc
from tco.catalog.fields import Record
from tco.catalog.hardware import Rental
from tco.catalog.models import Score
from tco.catalog.prices import CapacityOffer, FineTuning, Offer
from tco.errors import nearest, printable

Wrong = tuple[Loc, str]


class Window(Protocol):
    """Anything that holds in `[since, until)`."""

    @property
    def since(self) -> date: ...

    @property
    def until(self) -> date | None: ...


@dataclass(frozen=True, slots=True)
class Names:
    """All that a record may refer to, by kind; sources by the section that refers to them."""

    known: Mapping[str, Mapping[str, Any]]
    sources: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, files: Sequence[Mapping[str, Any]], shipped: int) -> Names:
        """Return the names that files define, taken from their plain values.

        A file that its schema refuses still defines names, so that one mistake is one complaint.

        Args:
            files: The values of the files.
            shipped: How many of them, from the first, are no overlays: their sources are their own.
        """
        known = {section: ChainMap(*(_table(f, section) for f in files)) for section in _NAMED}
        listed = [f.get("offers") for f in files]
        offers = [
            o for some in listed if isinstance(some, list) for o in some if isinstance(o, dict)
        ]
        known["offers"] = ChainMap({f"{o.get('provider')}/{o.get('model')}": o for o in offers})
        added = [_table(f, "sources") for f in files[shipped:]]
        sources = {
            section: ChainMap(*added, _table(f, "sources"))
            for f in files[:shipped]
            for section in f
        }
        if "models" in sources:
            sources["scores"] = sources["models"]  # a section that only overlays have
        return cls(known, sources)

    def missing(self, kind: str, name: str | None, loc: Loc) -> Iterator[Wrong]:
        """Return the complaint that a name leads nowhere, if it does."""
        known = self.sources.get(str(loc[0]), {}) if kind == "sources" else self.known[kind]
        if name is None or name in known:
            return
        near = nearest(name, known, 1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        yield loc, f"unknown {kind.removesuffix('s')} '{printable(name, 40)}'{hint}"


def _table(file: Mapping[str, Any], section: str) -> dict[str, Any]:
    """Return a section of a file that holds records by their id."""
    table = file.get(section)
    return table if isinstance(table, dict) else {}


_NAMED = ("providers", "models", "accelerators", "sellers", "assumptions")


def incoherent(part: Record, names: Names) -> Iterator[Wrong]:
    """Return place and message of whatever in `part` contradicts itself or leads nowhere."""
    for i, offer in enumerate(getattr(part, "offers", ())):
        yield from _offer(offer, ("offers", i), names)
    for i, capacity in enumerate(getattr(part, "capacity", ())):
        yield from _capacity(capacity, ("capacity", i), names)
    for i, tuning in enumerate(getattr(part, "fine_tuning", ())):
        yield from names.missing("providers", tuning.provider, ("fine_tuning", i, "provider"))
        yield from names.missing("models", tuning.model, ("fine_tuning", i, "model"))
    for i, rental in enumerate(getattr(part, "rentals", ())):
        yield from _rental(rental, ("rentals", i), names)
    for i, model in enumerate(getattr(part, "short_list", ())):
        yield from names.missing("models", model, ("short_list", i))
    yield from names.missing("models", getattr(part, "closed_rival", None), ("closed_rival",))
    yield from _assumptions(part, names)
    yield from _scores(part, names)
    yield from _given_twice(part)
    yield from _aliases(part)
    yield from _sources(part, (), names)


def _assumptions(part: Record, names: Names) -> Iterator[Wrong]:
    for path, assumption in getattr(part, "assumptions", {}).items():
        yield from names.missing(
            "assumptions", assumption.follows, ("assumptions", path, "follows")
        )
    for kind, sets in getattr(part, "presets", {}).items():
        for name, preset in sets.items():
            for path in preset.values:
                where = ("presets", kind, name, "values", path)
                yield from names.missing("assumptions", path, where)


def _scores(part: Record, names: Names) -> Iterator[Wrong]:
    """Return scores that nobody could weigh: without interval or day, but those of articles."""
    models = getattr(part, "models", {})
    scored: dict[Loc, Sequence[Score]] = {
        ("models", i, "scores"): m.scores for i, m in models.items()
    }
    for name, scores in getattr(part, "scores", {}).items():
        yield from names.missing("models", name, ("scores", name))
        scored["scores", name] = scores
    for loc, scores in scored.items():
        known = names.sources.get(str(loc[0]), {})
        for i, score in enumerate(scores):
            yield from _score((*loc, i), score, known)


def _score(loc: Loc, score: Score, sources: Mapping[str, Any]) -> Iterator[Wrong]:
    source = sources.get(score.source)
    kind = source.get("kind") if isinstance(source, dict) else getattr(source, "kind", None)
    if score.low is None or score.high is None or score.seen is None:
        if kind != "article":
            yield loc, "a score needs its interval and its day: low, high, seen"
    elif not score.low <= score.value <= score.high:
        yield loc, f"{score.value:g} is not between {score.low:g} and {score.high:g}"


def called(record: Any) -> str:
    """Return how a record of a list is called."""
    return "/".join(str(bit) for bit in key(record) if bit is not None)


def key(record: Offer | CapacityOffer | FineTuning | Rental) -> tuple[Hashable, ...]:
    """Return what identifies a record of a list."""
    if isinstance(record, Offer):
        return (record.id,)
    if isinstance(record, CapacityOffer):
        return (record.provider, record.name)
    if isinstance(record, FineTuning):
        sizes = (record.params_b_over, record.params_b_up_to)
        return (record.provider, record.model, *sizes, record.method, record.since)
    return (
        record.seller, record.gpu, record.option, record.channel, record.gpus, record.instance
    )  # fmt: skip


def _offer(offer: Offer, loc: Loc, names: Names) -> Iterator[Wrong]:
    yield from names.missing("providers", offer.provider, (*loc, "provider"))
    yield from names.missing("models", offer.model, (*loc, "model"))
    standing = [p for p in offer.prices if p.status == "list"]
    announced = [p for p in offer.prices if p.status == "scheduled"]
    for windows in (standing, announced):
        yield from _windows(windows, offer.prices, (*loc, "prices"))
    if offer.discount is not None:
        base = names.known["offers"].get(offer.discount.of)
        where = (*loc, "discount", "of")
        yield from names.missing("offers", offer.discount.of, where)
        if base is not None and base.get("discount"):
            yield where, f"'{offer.discount.of}' is a discount itself; name the offer it rests on"
        yield from _windows([offer.discount], [offer.discount], (*loc, "discount"))


def _capacity(offer: CapacityOffer, loc: Loc, names: Names) -> Iterator[Wrong]:
    yield from names.missing("providers", offer.provider, (*loc, "provider"))
    yield from names.missing("accelerators", offer.gpu, (*loc, "gpu"))
    for i, model in enumerate(offer.models):
        yield from names.missing("models", model, (*loc, "models", i))
    for term in sorted({p.term for p in offer.prices}):
        same = [p for p in offer.prices if p.term == term]
        yield from _windows(same, offer.prices, (*loc, "prices"))


def _rental(rental: Rental, loc: Loc, names: Names) -> Iterator[Wrong]:
    yield from names.missing("sellers", rental.seller, (*loc, "seller"))
    yield from names.missing("accelerators", rental.gpu, (*loc, "gpu"))
    for region in {r.region: None for r in rental.rents}:
        same = [r for r in rental.rents if r.region == region]
        yield from _windows(same, rental.rents, (*loc, "rents"))


def _windows(some: Sequence[Window], of: Sequence[Window], loc: Loc) -> Iterator[Wrong]:
    """Return what is wrong with windows that must follow each other without overlap.

    Args:
        some: The windows that exclude each other.
        of: The list in the file that they are taken from, for their index.
        loc: Where that list is.
    """
    index = {id(window): i for i, window in enumerate(of)}
    listed = len(of) > 1 or loc[-1] != "discount"
    for i, window in enumerate(some):
        here = (*loc, index[id(window)]) if listed else loc
        if window.until is not None and window.until <= window.since:
            yield (*here, "until"), f"ends on {window.until}, before it begins"
        before = some[i - 1] if i else None
        if before is None:
            continue
        if window.since <= before.since:
            yield (*here, "since"), f"{window.since} does not come after {before.since} above it"
        elif before.until is None or before.until > window.since:
            yield (
                (*here, "since"),
                (f"overlaps the window from {before.since}; end that with until: {window.since}"),
            )


def _given_twice(part: Record) -> Iterator[Wrong]:
    for section in ("offers", "capacity", "fine_tuning", "rentals"):
        seen: dict[tuple[Hashable, ...], int] = {}
        for i, record in enumerate(getattr(part, section, ())):
            first = seen.setdefault(key(record), i)
            if first != i:
                yield (section, i), f"{called(record)} is given twice, first as {section}.{first}"


def _aliases(part: Record) -> Iterator[Wrong]:
    """Return aliases that could mean two records of a section."""
    for section in ("models", "accelerators"):
        records = getattr(part, section, {})
        owner = {name.casefold(): name for name in records}
        for name, record in records.items():
            for i, alias in enumerate(record.aliases):
                other = owner.setdefault(alias.casefold(), name)
                if other != name:
                    yield (section, name, "aliases", i), f"'{alias}' also means {other}"


def _sources(value: Any, loc: Loc, names: Names) -> Iterator[Wrong]:
    """Return sources that are named anywhere below `value` and not described."""
    for part, inner in _parts(value):
        here = (*loc, part)
        if isinstance(inner, str):
            if part == "source" or (loc and loc[-1] in _SOURCE_LISTS):
                yield from names.missing("sources", inner, here)
        else:
            yield from _sources(inner, here, names)


def _parts(value: Any) -> Iterable[tuple[str | int, Any]]:
    """Return what a record, mapping or list consists of, with its place."""
    if isinstance(value, Record):
        return value
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


_SOURCE_LISTS = ("sources", "also")
