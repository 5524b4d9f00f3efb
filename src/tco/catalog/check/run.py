"""All rules, applied to all files in one run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from tco.catalog.check import (
    changes,
    evidence,
    hardware,
    models,
    prices,
    reading,
    staleness,
    waivers,
    windows,
)
from tco.catalog.check.finding import SEVERITIES, CheckReport, Finding, Hit, Rule
from tco.catalog.check.reading import Read
from tco.catalog.check.world import Subject, World
from tco.catalog.coherence import called
from tco.catalog.complaints import Loc, dotted
from tco.catalog.fields import Record, Source
from tco.catalog.files import File
from tco.catalog.prices import Offer
from tco.catalog.yaml_lines import Document
from tco.errors import printable

if TYPE_CHECKING:
    from tco.catalog.load import Catalog

FAMILIES = (prices, windows, staleness, evidence, changes, hardware, models)
RULES: tuple[Rule, ...] = tuple(
    rule for family in (reading, *FAMILIES, waivers) for rule in family.RULES
)
BY_NAME: Mapping[str, Rule] = {r.name: r for r in RULES} | {r.id.lower(): r for r in RULES}
COUNTED = ("offers", "capacity", "fine_tuning", "accelerators", "rentals", "models")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a check is asked.

    Args:
        as_of: The day.
        horizon_days: How far ahead changes are announced [day].
        before: Offers of an older edition that numbers are held against; None without one.
        strict: Whether warnings fail too.
    """

    as_of: date
    horizon_days: int = 90
    before: Mapping[str, Offer] | None = None
    strict: bool = False


def check(
    files: Sequence[File],
    schemas: Sequence[type[Record]],
    asked: Asked,
    catalog: Catalog | None = None,
) -> CheckReport:
    """Return all findings in some files.

    Args:
        files: The files.
        schemas: The schema of each.
        asked: The day and the like.
        catalog: What the files are laid on; None for the catalogs themselves.
    """
    some = reading.read(files, schemas, catalog)
    world = _world([r.part for r in some if r.part is not None], asked, catalog)
    shared = _sources(some, catalog)
    findings: list[Finding] = []
    for one in some:
        findings += _complained(one)
        if one.part is not None:
            own: Mapping[str, Source] = getattr(one.part, "sources", {})
            subject = Subject(one.part, own if catalog is None else shared, world)
            findings += _found(subject, one.document)
    records = sum(len(getattr(r.part, s, ())) for r in some for s in COUNTED)
    return report(findings, asked, files=[f.path for f in files], records=records)


def report(
    findings: Iterable[Finding], asked: Asked, *, files: Sequence[str], records: int
) -> CheckReport:
    """Return findings in the order in which a reader of the files meets them, and counted."""
    order = {path: i for i, path in enumerate(files)}
    ranked = sorted(findings, key=lambda f: (order.get(f.file, -1), f.line, f.rule))
    standing = tuple(f for f in ranked if f.waived_because is None)
    waived = tuple(f for f in ranked if f.waived_because is not None)
    by_severity = Counter(f.severity for f in standing)
    return CheckReport(
        as_of=asked.as_of.isoformat(),
        horizon_days=asked.horizon_days,
        files=tuple(files),
        records=records,
        counts={**{s: by_severity[s] for s in SEVERITIES}, "waived": len(waived)},
        findings=standing,
        waived=waived,
        strict=asked.strict,
        passed=not by_severity["error"] and not (asked.strict and by_severity["warning"]),
    )


def _world(parts: Sequence[Record], asked: Asked, catalog: Catalog | None) -> World:
    """Return all records, those of the files on top of those of the catalog."""

    def laid(home: str, section: str) -> dict[str, Any]:
        below = {} if catalog is None else dict(getattr(getattr(catalog, home), section))
        for part in parts:
            below |= getattr(part, section, {})
        return below

    offers = {} if catalog is None else dict(catalog.offers)
    rentals = {} if catalog is None else {called(r): r for r in catalog.hardware.rentals}
    for part in parts:
        offers |= {offer.id: offer for offer in getattr(part, "offers", ())}
        rentals |= {called(rental): rental for rental in getattr(part, "rentals", ())}
    return World(
        as_of=asked.as_of,
        horizon_days=asked.horizon_days,
        offers=offers,
        providers=laid("prices", "providers"),
        models=laid("models", "models"),
        accelerators=laid("hardware", "accelerators"),
        rentals=list(rentals.values()),
        before=asked.before,
        shipped={} if catalog is None else catalog.offers,
    )


def _sources(some: Sequence[Read], catalog: Catalog | None) -> Mapping[str, Source]:
    """Return the sources that the files share, as overlays do."""
    shared: dict[str, Source] = {}
    if catalog is not None:
        for home in (catalog.models, catalog.hardware, catalog.prices):
            shared |= home.sources
    for one in some:
        shared |= getattr(one.part, "sources", {})
    return shared


def _complained(one: Read) -> Iterator[Finding]:
    for rule, c in one.wrong:
        yield finding(rule, c.path, c.line, c.where, c.message)


def _found(subject: Subject, document: Document) -> Iterator[Finding]:
    """Return what the rules of all families find, and then what the waivers did."""
    used: set[tuple[Loc, str]] = set()
    for family in FAMILIES:
        for hit in family.hits(subject):
            waived = waivers.reason(hit, subject)
            if waived is not None:
                used |= {(loc, hit.rule.id) for loc in waived[0]}
            yield _finding(hit, subject.part, document, None if waived is None else waived[1])
    for hit in waivers.hits(subject, BY_NAME, used):
        yield _finding(hit, subject.part, document, None)


def _finding(hit: Hit, part: Record, document: Document, because: str | None) -> Finding:
    where = _where(part, hit.loc)
    found = finding(hit.rule, document.path, document.line(hit.loc), where, hit.message)
    changes: dict[str, Any] = {"waived_because": because}
    if hit.severity is not None:
        changes["severity"] = hit.severity
    return Finding(**{**{k: getattr(found, k) for k in Finding.__slots__}, **changes})


def finding(rule: Rule, path: str, line: int, where: str, message: str) -> Finding:
    """Return a finding of a rule with its own severity; its texts are fit for a terminal."""
    return Finding(
        rule=rule.id,
        name=rule.name,
        severity=rule.severity,
        file=printable(path, 300),
        line=line,
        where=printable(where, 200),
        message=printable(message, 500),
        advice=rule.advice,
    )


def _where(part: Record, loc: Loc) -> str:
    """Return the record that a place is in by its name, and the rest of the way."""
    section = getattr(part, str(loc[0]), None)
    if isinstance(section, list) and len(loc) > 1:
        record = section[int(loc[1])]
        return " ".join(filter(None, [printable(called(record)), dotted(loc[2:])]))
    return " ".join(filter(None, [printable(str(bit)) for bit in loc[1:2]] + [dotted(loc[2:])]))
