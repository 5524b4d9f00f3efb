"""TCO3xx: figures that nobody has looked at for too long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from tco.catalog.check.finding import Hit, Rule, Severity, Subject
from tco.catalog.hardware import Rent
from tco.catalog.lookup import Dated, age_days, holds, price_at, retired, stale_after
from tco.catalog.prices import CapacityPrice, FineTuning, Offer, Price
from tco.catalog.yaml_lines import Loc

FAILS_AT = 2  # times the age from which a figure counts as stale
RATE_DAYS = 45  # of a currency

STALE = Rule(
    id="TCO301",
    name="stale",
    severity="warning",
    title="A price was seen within 45 days (first party), 30 (cloud, host, rental) or 7 "
    f"(aggregator); {FAILS_AT} times as old is an error.",
    advice="look at the price page again; append a window if it moved, else set `checked`",
)
STALE_RATE = Rule(
    id="TCO302",
    name="stale-rate",
    severity="warning",
    title=f"An exchange rate is no older than {RATE_DAYS} days.",
    advice="convert at a newer rate, in a new window",
)
RULES = (STALE, STALE_RATE)
_CALLED = {
    "first_party": "makers of models",
    "cloud": "clouds",
    "host": "hosts",
    "rental": "rents of GPUs",
    "aggregator": "aggregators",
}


def hits(subject: Subject) -> Iterator[Hit]:
    """Return figures that hold on the day and were last seen too long before it."""
    yield from _offers(subject)
    for loc, window, kind, source in _windows(subject):
        if holds(window, subject.context.as_of):
            yield from _aged(loc, window, kind, subject, source)


def _windows(
    subject: Subject,
) -> Iterator[tuple[Loc, CapacityPrice | FineTuning | Rent, str, str | None]]:
    """Return every other window with its place, its kind, and its only source if it has one."""
    for loc, capacity in subject.section("capacity"):
        kind = "rental" if capacity.unit == "gpu" else subject.context.kind(capacity.provider)
        for i, price in enumerate(capacity.prices):
            yield (*loc, "prices", i), price, kind, None
    for loc, tuning in subject.section("fine_tuning"):
        yield loc, tuning, subject.context.kind(tuning.provider), None
    for loc, rental in subject.section("rentals"):
        for i, rent in enumerate(rental.rents):
            yield (*loc, "rents", i), rent, "rental", rent.source


def _offers(subject: Subject) -> Iterator[Hit]:
    context = subject.context
    for loc, offer in subject.section("offers"):
        if retired(offer, context.as_of):
            continue
        price = price_at(offer, context.as_of, context.offers)
        if price is not None:
            where = (*loc, *_place(offer, price))
            yield from _aged(where, price, context.kind(offer.provider), subject)
            yield from _currency(where, price, subject)


def _place(offer: Offer, price: Price) -> Loc:
    for i, own in enumerate(offer.prices):
        if own is price:
            return ("prices", i)
    return ("discount",)


def _aged(
    loc: Loc, record: Dated, kind: str, subject: Subject, source: str | None = None
) -> Iterator[Hit]:
    age, limit = age_days(record, subject.context.as_of), stale_after(kind)
    if age <= limit:
        return
    words = _CALLED[kind]
    message = f"last seen on {record.checked}, {age} days ago; the limit for {words} is {limit}"
    evidence = getattr(record, "evidence", ())
    sources = (source,) if source else tuple(e.source for e in evidence)
    sought = _sought(sources, subject)
    severity: Severity = "error" if age > FAILS_AT * limit else "warning"
    if sought is not None and (subject.context.as_of - sought).days <= FAILS_AT * limit:
        severity = "warning"
        message += f"; looked for on {sought}, and no newer statement was found"
    yield Hit(STALE, (*loc, "checked"), message, severity, sources)


def _sought(names: Sequence[str], subject: Subject) -> date | None:
    """Return the last day on which something newer than all of some sources was looked for."""
    days = [subject.sources[name].sought for name in names if name in subject.sources]
    known = [day for day in days if day is not None]
    return max(known) if known and len(known) == len(days) else None


def _currency(loc: Loc, price: Price, subject: Subject) -> Iterator[Hit]:
    if price.currency is None:
        return
    age = (subject.context.as_of - price.currency.on).days
    if age > RATE_DAYS:
        code, day = price.currency.code, price.currency.on
        message = f"the rate of {code} is of {day}, {age} days ago"
        yield Hit(STALE_RATE, (*loc, "currency"), message)
