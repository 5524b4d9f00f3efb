"""TCO4xx: who says so, and whether the data admits it when they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from tco.catalog.check.finding import Hit, Rule, Subject
from tco.catalog.fields import Record
from tco.catalog.prices import Evidence, Price
from tco.catalog.trust import agrees, families
from tco.catalog.yaml_lines import Loc
from tco.units import show_price

ONE_SOURCE = Rule(
    id="TCO401",
    name="one-source",
    severity="note",
    title="Two independent sources state a price that holds.",
    advice="look the price up in a second place; sources of one `family` count as one",
)
SOURCES_DISAGREE = Rule(
    id="TCO402",
    name="sources-disagree",
    severity="warning",
    title="No source says otherwise.",
    advice="find out which one is right, say so in `note`, and waive it",
)
UNSUPPORTED = Rule(
    id="TCO403",
    name="unsupported",
    severity="error",
    title="A price is what at least one of its sources says.",
    advice="correct the price, or add the source that it was read from",
)
UNUSED_SOURCE = Rule(
    id="TCO404",
    name="unused-source",
    severity="warning",
    title="Every source that is described is used.",
    advice="remove it, or name it where its figures are used",
)
UNREACHABLE_SOURCE = Rule(
    id="TCO405",
    name="unreachable-source",
    severity="warning",
    title="A source can be found again: by a URL, or by package, repository and file.",
    advice="give `url` or `where`; our own estimates are of `kind: judgment`",
)
RULES = (ONE_SOURCE, SOURCES_DISAGREE, UNSUPPORTED, UNUSED_SOURCE, UNREACHABLE_SOURCE)
_NAMES = ("source", "sources", "also")


def hits(subject: Subject) -> Iterator[Hit]:
    """Return prices that are badly attested, and sources that attest nothing."""
    for loc, _, price in subject.prices():
        yield from _witnesses(loc, price, subject)
        yield from _disagreement(loc, price, subject)
    yield from _sources(subject)


def _witnesses(loc: Loc, price: Price, subject: Subject) -> Iterator[Hit]:
    if price.until is not None and price.until <= subject.context.as_of:
        return  # of a price that is over, nobody can ask a second source
    found = families(price.evidence, subject.sources)
    if len(found) < 2:
        message = f"only {', '.join(sorted(found))} says so"
        yield Hit(ONE_SOURCE, (*loc, "evidence"), message)


def _disagreement(loc: Loc, price: Price, subject: Subject) -> Iterator[Hit]:
    against = [i for i, e in enumerate(price.evidence) if not agrees(e, price.usd_per_mtok)]
    if len(against) == len(price.evidence):
        says = "; ".join(_says(e) for e in price.evidence)
        yield Hit(UNSUPPORTED, (*loc, "usd_per_mtok"), f"no source says so: {says}")
        return
    for i in against:
        rates = price.usd_per_mtok
        message = f"{_says(price.evidence[i])}; the price is {_pair(rates.input, rates.output)}"
        where, day = (*loc, "evidence", i), _day(price.evidence[i], subject)
        yield Hit(SOURCES_DISAGREE, where, message, day=day)


def _day(evidence: Evidence, subject: Subject) -> date | None:
    """Return the day that a source said it."""
    source = subject.sources.get(evidence.source)
    return evidence.seen or (source.read if source is not None else None)


def _says(evidence: Evidence) -> str:
    return f"{evidence.source} says {_pair(evidence.input, evidence.output)}"


def _pair(entry: float | None, output: float | None) -> str:
    shown = [f"${show_price(rate)}" if rate is not None else "nothing" for rate in (entry, output)]
    return " / ".join(shown) if output is not None else shown[0]


def _sources(subject: Subject) -> Iterator[Hit]:
    own: Mapping[str, Any] = getattr(subject.part, "sources", {})
    used = set(_named(subject.part))
    for name, source in own.items():
        here = ("sources", name)
        if name not in used:
            yield Hit(UNUSED_SOURCE, here, "no figure in this file is from it", sources=(name,))
        if source.kind != "judgment" and source.url is None and source.where is None:
            yield Hit(UNREACHABLE_SOURCE, here, "has neither url nor where", sources=(name,))


def _named(value: Any) -> Iterator[str]:
    """Return every source that is named below a record."""
    if isinstance(value, Record):
        for key, inner in value:
            if key in _NAMES and not isinstance(inner, dict):
                yield from [inner] if isinstance(inner, str) else inner
            else:
                yield from _named(inner)
    elif isinstance(value, list | dict):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _named(inner)
