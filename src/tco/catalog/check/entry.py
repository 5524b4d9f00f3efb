"""From what a user names (files, an older edition, upstream lists) to one report."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Literal

from tco.catalog.build import SCHEMAS
from tco.catalog.check.finding import CheckReport, Finding, Rule
from tco.catalog.check.reading import UNREADABLE
from tco.catalog.check.run import RULES, Asked, check, finding, report
from tco.catalog.fields import Record
from tco.catalog.files import File, shipped, shipped_file, user_file
from tco.catalog.load import SHIPPED, load_catalog
from tco.catalog.overlay import Overlay
from tco.catalog.prices import Offer
from tco.catalog.revisions import at_revision
from tco.catalog.yaml_lines import read_yaml
from tco.errors import DataError

_EDITION = re.compile(rb"""^version:\s*["']?(\d{4}-\d\d-\d\d)""", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to check.

    Args:
        files: Paths of data files; none for the catalogs that came with this tco.
        also: Kind and path of upstream price lists.
        as_of: The day; None for the newest edition among the files.
        horizon_days: How far ahead changes are announced [day].
        base: A path or a git revision that the files are held against.
        strict: Whether warnings fail too.
        fail_stale: Whether what time alone has made wrong fails in the catalogs of this tco, too.
            In a file that a user keeps it always does.
    """

    files: tuple[str, ...] = ()
    also: tuple[tuple[str, str], ...] = ()
    as_of: date | None = None
    horizon_days: int = 90
    base: str | None = None
    strict: bool = False
    fail_stale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleList:
    """All rules that there are."""

    schema: Literal["tco.catalog-rules/1"] = "tco.catalog-rules/1"
    rules: tuple[Rule, ...]
    warnings: tuple[str, ...] = field(default=())


def rule_list() -> RuleList:
    """Return all rules."""
    return RuleList(rules=RULES)


def check_files(request: Request) -> CheckReport:
    """Return everything that is wrong with what a user named.

    Raises:
        DataError: The base cannot be read, or an upstream kind is not known.
    """
    own = not request.files and not request.also
    files, lost = _own() if own else _users(request.files)
    day = request.as_of or _edition(files)
    asked = Asked(
        as_of=day,
        horizon_days=request.horizon_days,
        before=None if request.base is None else _before(request, own=own),
        strict=request.strict,
    )
    schemas: list[type[Record]] = list(SCHEMAS.values()) if own else [Overlay] * len(files)
    catalog = None if own or not files else load_catalog(cached=False)
    made = check(files, schemas, asked, catalog)
    if own and not made.passed and not request.fail_stale:
        made = _ages_only_warn(made, files, schemas, asked)
    if not lost and not request.also:
        return made
    findings = [*lost, *made.findings, *made.waived]
    records, names = made.records, [*request.files]
    for kind, path in request.also:
        from tco.catalog.check.upstream import lint

        found, count = lint(kind, path, asked)
        findings += found
        records += count
        names.append(path)
    return report(findings, asked, files=names, records=records)


def _ages_only_warn(
    made: CheckReport, files: Sequence[File], schemas: Sequence[type[Record]], asked: Asked
) -> CheckReport:
    """Return a report on the catalogs of this tco in which what time alone has made wrong warns.

    Whoever installed it can do nothing about their age but take a newer one. What was wrong on the
    day of the edition stays an error.
    """
    edition = _edition(files)
    if asked.as_of <= edition:
        return made
    then = check(files, schemas, replace(asked, as_of=edition))
    wrong = {_place(f) for f in then.findings if f.severity == "error"}
    findings = [
        f if f.severity != "error" or _place(f) in wrong else replace(f, severity="warning")
        for f in made.findings
    ]
    return report([*findings, *made.waived], asked, files=made.files, records=made.records)


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
            lost.append(finding(UNREADABLE, path, 1, "", message))
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


def _before(request: Request, *, own: bool) -> Mapping[str, Offer]:
    """Return the offers of the base by their id."""
    base = request.base or ""
    if Path(base).exists():
        return _offers([user_file(base)])
    paths = [(str(shipped("prices.yaml")), "data/prices.yaml")] if own else []
    paths += [(path, path) for path in request.files]
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
