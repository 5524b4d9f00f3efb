"""What a rule is, and what it finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from tco.catalog.complaints import Loc

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing that is looked for.

    Args:
        id: `TCO` and three digits; the first names the family. It never changes its meaning.
        name: The same for people, and for `waive` in the data.
        severity: `error` fails a check, `warning` only a strict one, `note` never.
        title: What must hold, as a sentence.
        advice: What to do when it does not.
    """

    id: str
    name: str
    severity: Severity
    title: str
    advice: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A place where a rule is broken.

    Args:
        rule: The rule.
        loc: The place in the file.
        message: What is wrong there, with its figures.
        severity: Where it is not the rule's own.
        sources: Whose figures these are; a source can waive a rule for all of them.
        day: Of the evidence that it rests on; a waiver that was judged before does not cover it.
    """

    rule: Rule
    loc: Loc
    message: str
    severity: Severity | None = None
    sources: tuple[str, ...] = ()
    day: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A hit as it is reported; the field names are those of the JSON contract."""

    rule: str
    name: str
    severity: Severity
    file: str
    line: int
    where: str
    """The record, for example `openai/gpt-4.1`, and the place in it."""
    message: str
    advice: str
    waived_because: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """All findings of one run."""

    schema: Literal["tco.catalog-check/1"] = "tco.catalog-check/1"
    as_of: str
    horizon_days: int
    files: tuple[str, ...]
    records: int
    """Offers, rentals, accelerators, models and rows of upstream files that were looked at."""
    counts: Mapping[str, int]
    """Findings by severity, and `waived`."""
    findings: tuple[Finding, ...]
    waived: tuple[Finding, ...] = ()
    strict: bool = False
    passed: bool
    """No errors, and with `strict` no warnings either."""
    warnings: tuple[str, ...] = ()
