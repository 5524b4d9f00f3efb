"""From what a user names to one report: all rules applied to all files in one run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tco.catalog.build import SCHEMAS, Overlay, called
from tco.catalog.check import (
    evidence,
    hardware,
    models,
    prices,
    reading,
    waivers,
    windows,
)
from tco.catalog.check.finding import (
    SEVERITIES,
    CheckContext,
    CheckReport,
    Finding,
    Hit,
    Rule,
)
from tco.catalog.check.reading import MISSING, UNREADABLE, Read
from tco.catalog.editions import at_revision
from tco.catalog.fields import Record, Source
from tco.catalog.files import SHIPPED, File, shipped, shipped_file, user_file
from tco.catalog.load import load_catalog
from tco.catalog.prices import Offer
from tco.catalog.yaml_lines import Document, Loc, dotted, read_yaml
from tco.errors import DataError, printable
from tco.records import dataclass

if TYPE_CHECKING:
    from tco.catalog.load import Catalog


# All rules, applied to all files in one run.

FAMILIES = (prices, windows, evidence, hardware, models)
RULES: tuple[Rule, ...] = tuple(
    rule for family in (reading, *FAMILIES, waivers) for rule in family.RULES
)
BY_NAME: Mapping[str, Rule] = {r.name: r for r in RULES} | {r.id.lower(): r for r in RULES}
COUNTED = ("offers", "capacity", "fine_tuning", "accelerators", "rentals", "models")


def check(
    files: Sequence[File],
    schemas: Sequence[type[Record]],
    given: CheckContext,
    catalog: Catalog | None = None,
) -> CheckReport:
    """Return all findings in some files.

    Args:
        given: The day and the like.
        catalog: What the files are laid on; None for the catalogs themselves.
    """
    some = reading.read(files, schemas, catalog)
    context = _context([part for _, part, _ in some if part is not None], given, catalog)
    shared = _sources(some, catalog)
    findings: list[Finding] = []
    for document, part, wrong in some:
        findings += (finding(rule, c.path, c.line, c.where, c.message) for rule, c in wrong)
        if part is not None:
            own: Mapping[str, Source] = getattr(part, "sources", {})
            context = context.about(part, own if catalog is None else shared)
            findings += _found(context, part, document)
    records = sum(len(getattr(part, s, ())) for _, part, _ in some for s in COUNTED)
    return report(findings, given, files=[f.path for f in files], records=records)


def report(
    findings: Iterable[Finding], context: CheckContext, *, files: Sequence[str], records: int
) -> CheckReport:
    """Return findings in the order in which a reader of the files meets them, and counted."""
    order = {path: i for i, path in enumerate(files)}
    ranked = sorted(findings, key=lambda f: (order.get(f.file, -1), f.line, f.rule))
    standing = tuple(f for f in ranked if f.waived_because is None)
    waived = tuple(f for f in ranked if f.waived_because is not None)
    by_severity = Counter(f.severity for f in standing)
    return CheckReport(
        as_of=context.as_of.isoformat(),
        horizon_days=context.horizon_days,
        files=tuple(files),
        records=records,
        counts={**{s: by_severity[s] for s in SEVERITIES}, "waived": len(waived)},
        findings=standing,
        waived=waived,
        strict=context.strict,
        passed=not by_severity["error"] and not (context.strict and by_severity["warning"]),
    )


def _context(
    parts: Sequence[Record], context: CheckContext, catalog: Catalog | None
) -> CheckContext:
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
    return replace(
        context,
        offers=offers,
        providers=laid("prices", "providers"),
        models=laid("models", "models"),
        accelerators=laid("hardware", "accelerators"),
        rentals=list(rentals.values()),
        shipped={} if catalog is None else catalog.offers,
    )


def _sources(some: Sequence[Read], catalog: Catalog | None) -> Mapping[str, Source]:
    """Return the sources that the files share, as overlays do."""
    shared: dict[str, Source] = {}
    if catalog is not None:
        for home in (catalog.models, catalog.hardware, catalog.prices):
            shared |= home.sources
    for _, part, _ in some:
        shared |= getattr(part, "sources", {})
    return shared


def _found(subject: CheckContext, part: Record, document: Document) -> Iterator[Finding]:
    """Return what the rules of all families find, and then what the waivers did."""
    used: set[tuple[Loc, str]] = set()
    for family in FAMILIES:
        for hit in family.hits(subject):
            waived = waivers.reason(hit, subject)
            if waived is not None:
                used |= {(loc, hit.rule.id) for loc in waived[0]}
            yield _finding(hit, part, document, None if waived is None else waived[1])
    for hit in waivers.hits(subject, BY_NAME, used):
        yield _finding(hit, part, document, None)


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


# From what a user names (files, an older edition, upstream lists) to one report.

_EDITION = re.compile(rb"""^version:\s*["']?(\d{4}-\d\d-\d\d)""", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleList:
    """All rules that there are."""

    schema: Literal["tco.catalog-rules/1"] = "tco.catalog-rules/1"
    rules: tuple[Rule, ...]
    warnings: tuple[str, ...] = field(default=())


def rule_list() -> RuleList:
    """Return all rules."""
    return RuleList(rules=RULES)


def check_files(
    files: Sequence[str] = (),
    *,
    also: Sequence[tuple[str, str]] = (),
    as_of: date | None = None,
    horizon_days: int = 90,
    base: str | None = None,
    strict: bool = False,
    fail_stale: bool = False,
) -> CheckReport:
    """Return everything that is wrong with what a user named.

    Args:
        files: Paths of data files; none for the catalogs that came with this tco.
        also: Kind and path of upstream price lists.
        as_of: The day; None for the newest edition among the files.
        horizon_days: How far ahead changes are announced [day].
        base: A path or a git revision that the files are held against.
        strict: Whether warnings fail too.
        fail_stale: Whether what time alone has made wrong fails in the catalogs of this tco, too.
            In a file that a user keeps it always does.

    Raises:
        DataError: The base cannot be read, or an upstream kind is not known.
    """
    own = not files and not also
    read, lost = _own() if own else _users(files)
    asked = CheckContext(
        as_of=as_of or _edition(read),
        horizon_days=horizon_days,
        before=None if base is None else _before(base, files, own=own),
        strict=strict,
    )
    schemas: list[type[Record]] = list(SCHEMAS.values()) if own else [Overlay] * len(read)
    catalog = None if own or not read else load_catalog(cached=False)
    made = check(read, schemas, asked, catalog)
    if own and not made.passed and not fail_stale:
        made = _ages_only_warn(made, read, schemas, asked)
    if not lost and not also:
        return made
    findings = [*lost, *made.findings, *made.waived]
    records, names = made.records, [*files]
    for kind, path in also:
        from tco.catalog.check.upstream import lint

        found, count = lint(kind, path, asked)
        findings += found
        records += count
        names.append(path)
    return report(findings, asked, files=names, records=records)


def _ages_only_warn(
    made: CheckReport, files: Sequence[File], schemas: Sequence[type[Record]], context: CheckContext
) -> CheckReport:
    """Return a report on the catalogs of this tco in which what time alone has made wrong warns.

    Whoever installed it can do nothing about their age but take a newer one. What was wrong on the
    day of the edition stays an error.
    """
    edition = _edition(files)
    if context.as_of <= edition:
        return made
    then = check(files, schemas, replace(context, as_of=edition))
    wrong = {_place(f) for f in then.findings if f.severity == "error"}
    findings = [
        f if f.severity != "error" or _place(f) in wrong else replace(f, severity="warning")
        for f in made.findings
    ]
    return report([*findings, *made.waived], context, files=made.files, records=made.records)


def _place(finding: Finding) -> tuple[str, str, str]:
    return finding.rule, finding.file, finding.where


def _own() -> tuple[list[File], list[Finding]]:
    return [shipped_file(name) for name in SHIPPED], []


def _users(paths: Iterable[str]) -> tuple[list[File], list[Finding]]:
    """Return the files that can be read, and a finding for each that cannot."""
    files, lost = [], []
    for path in paths:
        try:
            files.append(user_file(path))
        except DataError as error:
            message = str(error).rpartition(": ")[2]
            rule = UNREADABLE if Path(path).is_file() else MISSING
            lost.append(finding(rule, path, 1, "", message))
    return files, lost


def _edition(files: Sequence[File]) -> date:
    """Return the newest edition that the files state.

    Raises:
        DataError: None of them states one that is a date.
    """
    found = [match[1].decode() for file in files if (match := _EDITION.search(file.data))]
    for text in sorted(found, reverse=True):
        try:
            return date.fromisoformat(text)
        except ValueError:
            continue
    raise DataError("no file states its edition as `version: YYYY-MM-DD`; give --as-of a date")


def _before(base: str, files: Sequence[str], *, own: bool) -> Mapping[str, Offer]:
    """Return the offers of the base by their id."""
    if Path(base).exists():
        return _offers([user_file(base)])
    paths = [(str(shipped("prices.yaml")), "data/prices.yaml")] if own else []
    paths += [(path, path) for path in files]
    found = [at_revision(Path(path), base, shown) for path, shown in paths]
    return _offers([file for file in found if file is not None])


def _offers(files: Iterable[File]) -> Mapping[str, Offer]:
    """Return the offers of older files; what their schema refuses today is not held against."""
    offers: dict[str, Offer] = {}
    for file in files:
        value = read_yaml(file.data, file.path).value
        for raw in value.get("offers") or ():
            try:
                offer = Offer.model_validate_json(_json(raw))
            except ValueError:
                continue
            offers[offer.id] = offer
    return offers


def _json(raw: object) -> bytes:
    import json

    return json.dumps(raw).encode()
