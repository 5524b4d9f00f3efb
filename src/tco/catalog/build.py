"""From the bytes of data files to catalogs: schemas, names that must lead somewhere, overlays."""

from __future__ import annotations

import json
from collections import ChainMap
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

from pydantic import BaseModel, Field, ValidationError

from tco.catalog.defaults import Assumption, Assumptions, Preset, Profile, SettingPath, Workloads
from tco.catalog.fields import Id, Record, Sources, Text
from tco.catalog.files import SHIPPED, File, user_file
from tco.catalog.hardware import Accelerator, Hardware, KernelShare, Rental, Seller
from tco.catalog.load import HOMES, Catalog
from tco.catalog.lookup import discounted
from tco.catalog.models import Model, Models, Score
from tco.catalog.prices import CapacityOffer, FineTuning, Offer, Prices, Provider
from tco.catalog.yaml_lines import (
    MOST_COMPLAINTS,
    Complaint,
    Document,
    Loc,
    by_line,
    in_words,
    read_yaml,
)
from tco.errors import DataError, nearest, printable
from tco.records import dataclass

# The schema of an overlay: one file that adds or replaces records of any catalog by their id.


class Overlay(Record):
    """Any section of any data file; what it names by id replaces the whole record of that id."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    version: Text = "unversioned"
    sources: Sources = {}
    providers: dict[Id, Provider] = {}
    offers: list[Offer] = []
    capacity: list[CapacityOffer] = []
    fine_tuning: list[FineTuning] = []
    kernel_shares: dict[Id, KernelShare] = {}
    accelerators: dict[Id, Accelerator] = {}
    sellers: dict[Id, Seller] = {}
    rentals: list[Rental] = []
    models: dict[Id, Model] = {}
    scores: dict[Id, list[Score]] = {}
    """Scores of one's own of models that are known; one of the same benchmark and effort is
    replaced, the others stay."""
    profiles: dict[Id, Profile] = {}
    assumptions: dict[SettingPath, Assumption] = {}
    presets: dict[Id, dict[Id, Preset]] = {}
    short_list: list[Id] = []
    closed_rival: Id | None = None


# What a schema cannot say: every name leads somewhere, ids are given once, windows are in order.
#
# A part is the record of one file (`Prices`, `Overlay`, …). Overlays only add or replace, so each
# part can be held on its own against the names of all parts, and a complaint points into its
# file.

Wrong = tuple[Loc, str]


class BoundedWindow(Protocol):
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


def _windows(
    some: Sequence[BoundedWindow], of: Sequence[BoundedWindow], loc: Loc
) -> Iterator[Wrong]:
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


# Data files read from YAML, with everything that is wrong with them: the long way round.
#
# `load` comes here only when no compiled copy serves; `tco catalog check` always does.

Shape = TypeVar("Shape", bound=BaseModel)


def read_record(path: str | Path, schema: type[Shape]) -> tuple[Shape, Document]:
    """Return a user's YAML file as a record of `schema`, and the document that knows its lines.

    Raises:
        DataError: The file is missing or wrong; the text is the first complaint.
    """
    file = user_file(path)
    document = read_yaml(file.data, file.path)
    record, complaints = judged(document, as_json(document), schema)
    for complaint in [*document.complaints, *by_line(complaints)]:
        raise DataError(str(complaint))
    if record is None:  # a refusal always comes with a complaint
        raise DataError(f"{file.path}:1: not understood")
    return record, document


def as_json(document: Document) -> bytes:
    """Return the value of a document as one line of JSON, the form that schemas are held to.

    In JSON a date is a text, so that a strict schema reads it where a date is due and nowhere
    else, and the compiled copy is judged exactly as the YAML was.
    """
    return json.dumps(document.value, ensure_ascii=False, separators=(",", ":")).encode()


def judged(
    document: Document, text: bytes, schema: type[Shape]
) -> tuple[Shape | None, list[Complaint]]:
    """Return the record, if the schema accepts it, and what the schema has against it.

    Args:
        document: The file as read.
        text: Its value, from `as_json`.
        schema: What it must be.
    """
    if document.complaints and not document.value:
        return None, []
    try:
        return schema.model_validate_json(text), []
    except ValidationError as error:
        known = {(c.line, c.where) for c in document.complaints}
        words = islice(in_words(error, schema), MOST_COMPLAINTS)
        more = [document.complaint(loc, message) for loc, message in words]
        return None, [c for c in more if (c.line, c.where) not in known]


# From the bytes of the data files to the catalogs: read, checked, overlays laid on.

SCHEMAS: Mapping[str, type[Record]] = dict(
    zip(SHIPPED, (Prices, Hardware, Models, Workloads, Assumptions), strict=True)
)


def built(files: Sequence[File], digest: str) -> Catalog:
    """Return the catalog that the data files and the overlays after them make.

    Raises:
        DataError: A file is wrong; the text is the first complaint: what is wrong with the YAML of
            a file, then with what it says, each in order of lines.
    """
    schemas: list[type[Record]] = [*SCHEMAS.values(), *[Overlay] * (len(files) - len(SCHEMAS))]
    documents = [read_yaml(file.data, file.path) for file in files]
    verdicts = [
        judged(document, as_json(document), schema)
        for document, schema in zip(documents, schemas, strict=True)
    ]
    names = Names.of([document.value for document in documents], len(SCHEMAS))
    parts: list[Record] = []
    for document, (part, complaints) in zip(documents, verdicts, strict=True):
        wrong = islice(incoherent(part, names), MOST_COMPLAINTS) if part is not None else ()
        more = [document.complaint(loc, message) for loc, message in wrong]
        for complaint in [*document.complaints, *by_line([*complaints, *more])]:
            raise DataError(str(complaint))
        parts += [part] if part is not None else []
    return _merged(parts, [file.path for file in files], digest)


def _merged(parts: Sequence[Record], paths: Sequence[str], digest: str) -> Catalog:
    """Return the catalog with every overlay laid on what comes before it."""
    count = len(SCHEMAS)
    roots = dict(zip((name.removesuffix(".yaml") for name in SCHEMAS), parts, strict=False))
    origins: dict[tuple[str, str], str] = {}
    for path, overlay in zip(paths[count:], parts[count:], strict=True):
        for section in sorted(overlay.model_fields_set & HOMES.keys()):
            home = HOMES[section]
            if section == "scores":
                roots[home] = _scored(roots[home], overlay)
                continue
            under = getattr(roots[home], section)
            if section == "offers":
                under = _resold(under, getattr(overlay, section))
            laid = _laid(under, getattr(overlay, section))
            roots[home] = roots[home].model_copy(update={section: laid})
            origins |= {(section, n): path for n in _ids(getattr(overlay, section))}
        for home, root in roots.items():
            both = {**_field(root, "sources"), **_field(overlay, "sources")}
            roots[home] = root.model_copy(update={"sources": both})
    editions = [str(_field(part, "version")) for part in parts[:count]]
    dated = [edition for edition in editions if edition != "unversioned"]
    version = max(dated, default="unversioned")
    whole: dict[str, Any] = dict(roots)
    return Catalog(
        **whole, version=version, sha256=digest, overlays=tuple(paths[count:]), origins=origins
    )


def _scored(models: Any, overlay: Any) -> Any:
    """Return the models with the scores of an overlay; those of the same kind are replaced."""
    known = dict(models.models)
    for name, scores in overlay.scores.items():
        mine = {(s.benchmark, s.effort) for s in scores}
        kept = [s for s in known[name].scores if (s.benchmark, s.effort) not in mine]
        known[name] = known[name].model_copy(update={"scores": [*kept, *scores]})
    return models.model_copy(update={"models": known})


def _field(part: Record, name: str) -> Any:
    return getattr(part, name)


def _resold(offers: Sequence[Offer], over: Sequence[Offer]) -> list[Offer]:
    """Return the offers with every discount on one that is replaced worked out beforehand.

    A reseller's discount is one on the list price: what a user has agreed with the maker does not
    move it along.
    """
    replaced, known = {o.id for o in over}, {o.id: o for o in offers}
    return [
        _worked_out(o, known[o.discount.of])
        if o.discount is not None and o.discount.of in replaced and o.discount.of in known
        else o
        for o in offers
    ]


def _worked_out(offer: Offer, base: Offer) -> Offer:
    """Return an offer that is a discount as one with prices of its own."""
    discount = offer.discount
    if discount is None:
        return offer
    prices = [discounted(p, discount) for p in base.prices if p.status != "cancelled"]
    prices = [p for p in prices if p.until is None or p.until > p.since]
    return offer.model_copy(update={"prices": [*offer.prices, *prices], "discount": None})


def _laid(under: Any, over: Any) -> Any:
    """Return a section with the records of another laid over it by their id."""
    if isinstance(over, dict):
        return {**under, **over}
    if not isinstance(over, list) or not all(isinstance(record, Record) for record in over):
        return over
    records = {key(record): record for record in under}
    return list((records | {key(record): record for record in over}).values())


def _ids(section: Any) -> list[str]:
    """Return what the records of a section are called in `Catalog.origins`."""
    if isinstance(section, dict):
        return list(section)
    if not isinstance(section, list):
        return []
    return [called(record) for record in section if isinstance(record, Record)]
