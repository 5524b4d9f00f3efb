"""TCO3xx to TCO5xx: when a figure was last looked at, who says so, and what it was before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from tco.catalog.check.finding import CheckContext, Hit, Rule, Severity
from tco.catalog.fields import Record
from tco.catalog.hardware import Rent
from tco.catalog.lookup import Dated, age_days, holds, price_at, retired, stale_after
from tco.catalog.prices import CapacityPrice, Evidence, FineTuning, Offer, Price
from tco.catalog.trust import agrees, families
from tco.catalog.yaml_lines import Loc
from tco.units import show_price

# TCO3xx: figures that nobody has looked at for too long.

FAILS_AT = 2  # times the age from which a figure counts as stale
RATE_DAYS = 45  # of a currency

STALE = Rule.of(
    "warning TCO301 stale",
    title="A price was seen within 45 days (first party), 30 (cloud, host, rental) or 7 "
    f"(aggregator); {FAILS_AT} times as old is an error.",
    advice="look at the price page again; append a window if it moved, else set `checked`",
)
STALE_RATE = Rule.of(
    "warning TCO302 stale-rate",
    title=f"An exchange rate is no older than {RATE_DAYS} days.",
    advice="convert at a newer rate, in a new window",
)
_CALLED = {
    "first_party": "makers of models",
    "cloud": "clouds",
    "host": "hosts",
    "rental": "rents of GPUs",
    "aggregator": "aggregators",
}


def _stale(subject: CheckContext) -> Iterator[Hit]:
    """Return figures that hold on the day and were last seen too long before it."""
    yield from _offers(subject)
    for loc, window, kind, source in _windows(subject):
        if holds(window, subject.as_of):
            yield from _aged(loc, window, kind, subject, source)


def _windows(
    subject: CheckContext,
) -> Iterator[tuple[Loc, CapacityPrice | FineTuning | Rent, str, str | None]]:
    """Return every other window with its place, its kind, and its only source if it has one."""
    for loc, capacity in subject.section("capacity"):
        kind = "rental" if capacity.unit == "gpu" else subject.kind(capacity.provider)
        for i, price in enumerate(capacity.prices):
            yield (*loc, "prices", i), price, kind, None
    for loc, tuning in subject.section("fine_tuning"):
        yield loc, tuning, subject.kind(tuning.provider), None
    for loc, rental in subject.section("rentals"):
        for i, rent in enumerate(rental.rents):
            yield (*loc, "rents", i), rent, "rental", rent.source


def _offers(subject: CheckContext) -> Iterator[Hit]:
    for loc, offer in subject.section("offers"):
        if retired(offer, subject.as_of):
            continue
        price = price_at(offer, subject.as_of, subject.offers)
        if price is not None:
            where = (*loc, *_place(offer, price))
            yield from _aged(where, price, subject.kind(offer.provider), subject)
            yield from _currency(where, price, subject)


def _place(offer: Offer, price: Price) -> Loc:
    for i, own in enumerate(offer.prices):
        if own is price:
            return ("prices", i)
    return ("discount",)


def _aged(
    loc: Loc, record: Dated, kind: str, subject: CheckContext, source: str | None = None
) -> Iterator[Hit]:
    age, limit = age_days(record, subject.as_of), stale_after(kind)
    if age <= limit:
        return
    words = _CALLED[kind]
    message = f"last seen on {record.checked}, {age} days ago; the limit for {words} is {limit}"
    evidence = getattr(record, "evidence", ())
    sources = (source,) if source else tuple(e.source for e in evidence)
    sought = _sought(sources, subject)
    severity: Severity = "error" if age > FAILS_AT * limit else "warning"
    if sought is not None and (subject.as_of - sought).days <= FAILS_AT * limit:
        severity = "warning"
        message += f"; looked for on {sought}, and no newer statement was found"
    yield Hit(STALE, (*loc, "checked"), message, severity, sources)


def _sought(names: Sequence[str], subject: CheckContext) -> date | None:
    """Return the last day on which something newer than all of some sources was looked for."""
    days = [subject.sources[name].sought for name in names if name in subject.sources]
    known = [day for day in days if day is not None]
    return max(known) if known and len(known) == len(days) else None


def _currency(loc: Loc, price: Price, subject: CheckContext) -> Iterator[Hit]:
    if price.currency is None:
        return
    age = (subject.as_of - price.currency.on).days
    if age > RATE_DAYS:
        code, day = price.currency.code, price.currency.on
        message = f"the rate of {code} is of {day}, {age} days ago"
        yield Hit(STALE_RATE, (*loc, "currency"), message)


# TCO4xx: who says so, and whether the data admits it when they differ.

ONE_SOURCE = Rule.of(
    "note TCO401 one-source",
    title="Two independent sources state a price that holds.",
    advice="look the price up in a second place; sources of one `family` count as one",
)
SOURCES_DISAGREE = Rule.of(
    "warning TCO402 sources-disagree",
    title="No source says otherwise.",
    advice="find out which one is right, say so in `note`, and waive it",
)
UNSUPPORTED = Rule.of(
    "error TCO403 unsupported",
    title="A price is what at least one of its sources says.",
    advice="correct the price, or add the source that it was read from",
)
UNUSED_SOURCE = Rule.of(
    "warning TCO404 unused-source",
    title="Every source that is described is used.",
    advice="remove it, or name it where its figures are used",
)
UNREACHABLE_SOURCE = Rule.of(
    "warning TCO405 unreachable-source",
    title="A source can be found again: by a URL, or by package, repository and file.",
    advice="give `url` or `where`; our own estimates are of `kind: judgment`",
)
_NAMES = ("source", "sources", "also")


def _attested(subject: CheckContext) -> Iterator[Hit]:
    """Return prices that are badly attested, and sources that attest nothing."""
    for loc, _, price in subject.prices():
        yield from _witnesses(loc, price, subject)
        yield from _disagreement(loc, price, subject)
    yield from _sources(subject)


def _witnesses(loc: Loc, price: Price, subject: CheckContext) -> Iterator[Hit]:
    if price.until is not None and price.until <= subject.as_of:
        return  # of a price that is over, nobody can ask a second source
    found = families(price.evidence, subject.sources)
    if len(found) < 2:
        message = f"only {', '.join(sorted(found))} says so"
        yield Hit(ONE_SOURCE, (*loc, "evidence"), message)


def _disagreement(loc: Loc, price: Price, subject: CheckContext) -> Iterator[Hit]:
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


def _day(evidence: Evidence, subject: CheckContext) -> date | None:
    """Return the day that a source said it."""
    source = subject.sources.get(evidence.source)
    return evidence.seen or (source.read if source is not None else None)


def _says(evidence: Evidence) -> str:
    return f"{evidence.source} says {_pair(evidence.input, evidence.output)}"


def _pair(entry: float | None, output: float | None) -> str:
    shown = [f"${show_price(rate)}" if rate is not None else "nothing" for rate in (entry, output)]
    return " / ".join(shown) if output is not None else shown[0]


def _sources(subject: CheckContext) -> Iterator[Hit]:
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


# TCO5xx: numbers that were overwritten instead of appended, held against an older edition.

CHANGED_WITHOUT_WINDOW = Rule.of(
    "error TCO501 changed-without-window",
    title="A price that moves gets a new window; the old one stays as it was.",
    advice="restore and end the old window, append the new price; a corrected mistake is waived",
)
WINDOW_REMOVED = Rule.of(
    "warning TCO502 window-removed",
    title="No window disappears.",
    advice="put it back: what was charged on an earlier day is still asked for",
)


def _changed(subject: CheckContext) -> Iterator[Hit]:
    """Return windows that are in the base too, with other numbers or not any more."""
    before = subject.before
    if before is None:
        return
    for loc, offer in subject.section("offers"):
        old = before.get(offer.id)
        if old is not None:
            yield from _held_against(loc, offer, old)


def _held_against(loc: Loc, offer: Offer, old: Offer) -> Iterator[Hit]:
    now = {(p.since, p.status): (i, p) for i, p in enumerate(offer.prices)}
    for price in old.prices:
        found = now.get((price.since, price.status)) or _same_numbers(offer, price)
        if found is None:
            message = f"the {price.status} price from {price.since} is gone"
            yield Hit(WINDOW_REMOVED, (*loc, "prices"), message)
            continue
        i, new = found
        for key, rate in price.usd_per_mtok:
            other = getattr(new.usd_per_mtok, key)
            if rate != other:
                message = f"{key} was {_usd(rate)} and is now {_usd(other)}, both from {new.since}"
                where = (*loc, "prices", i, "usd_per_mtok", key)
                yield Hit(CHANGED_WITHOUT_WINDOW, where, message)
        if price.modifiers != new.modifiers:
            where = (*loc, "prices", i, "modifiers")
            message = f"modifiers of the price from {new.since} are not what they were"
            yield Hit(CHANGED_WITHOUT_WINDOW, where, message)


def _same_numbers(offer: Offer, old: Price) -> tuple[int, Price] | None:
    """Return the window that has the same numbers, if only its first day was corrected."""
    for i, price in enumerate(offer.prices):
        if price.usd_per_mtok == old.usd_per_mtok and price.status != "cancelled":
            return i, price
    if old.status == "scheduled":  # a scheduled price becomes a list price, or is cancelled
        for i, price in enumerate(offer.prices):
            if price.since == old.since:
                return i, price
    return None


def _usd(rate: float | None) -> str:
    return "nothing" if rate is None else f"${show_price(rate)}"


RULES = (
    *(STALE, STALE_RATE),
    *(ONE_SOURCE, SOURCES_DISAGREE, UNSUPPORTED, UNUSED_SOURCE, UNREACHABLE_SOURCE),
    *(CHANGED_WITHOUT_WINDOW, WINDOW_REMOVED),
)


def hits(subject: CheckContext) -> Iterator[Hit]:
    """Return figures that are too old, badly attested, or not what they were."""
    yield from _stale(subject)
    yield from _attested(subject)
    yield from _changed(subject)
