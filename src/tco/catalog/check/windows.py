"""TCO2xx: windows, retirements and what is announced."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from tco.catalog.check.finding import CheckContext, Hit, Rule
from tco.catalog.lookup import next_change, price_at, retired
from tco.catalog.prices import Offer, Price
from tco.catalog.yaml_lines import Loc
from tco.units import show_price

WINDOWS = Rule.of(
    "error TCO201 windows",
    title="The windows of an offer follow each other without overlap.",
    advice="end the older window with `until` on the day that the newer one begins",
)
RETIRED_BUT_OFFERED = Rule.of(
    "error TCO202 retired-but-offered",
    title="What has been retired has no open price.",
    advice="end the last window on the day of retirement and say `gone`, or correct `retires`",
)
SCHEDULED_CHANGE = Rule.of(
    "note TCO203 scheduled-change",
    title="No price changes within the horizon.",
    advice="nothing to correct: count with the new price from that day on",
)
RETIRES_SOON = Rule.of(
    "note TCO204 retires-soon",
    title="Nothing that has a price is retired within the horizon.",
    advice="nothing to correct: plan to move to another model before that day",
)
CHECKED_IN_FUTURE = Rule.of(
    "error TCO205 checked-in-future",
    title="No price was seen after the day of the check.",
    advice="correct `checked`, or check as of a later day",
)
CHECKED_BEFORE_SINCE = Rule.of(
    "error TCO206 checked-before-since",
    title="A price was last seen after it began, unless it is scheduled.",
    advice="correct one of the two dates, or say `status: scheduled`",
)
RULES = (
    WINDOWS,
    RETIRED_BUT_OFFERED,
    SCHEDULED_CHANGE,
    RETIRES_SOON,
    CHECKED_IN_FUTURE,
    CHECKED_BEFORE_SINCE,
)


def hits(subject: CheckContext) -> Iterator[Hit]:
    """Return what is wrong, or about to happen, in time."""
    for loc, offer in subject.section("offers"):
        yield from _retirement(loc, offer, subject)
        yield from _change(loc, offer, subject)
    for loc, _, price in subject.prices():
        scheduled = price.status == "scheduled"
        yield from _dates(loc, price.since, price.checked, subject, scheduled=scheduled)
    for section, windows in (("capacity", "prices"), ("rentals", "rents")):
        for loc, record in subject.section(section):
            for i, window in enumerate(getattr(record, windows)):
                here = (*loc, windows, i)
                yield from _dates(here, window.since, window.checked, subject, scheduled=False)


def _dates(
    loc: Loc, since: date, checked: date, context: CheckContext, *, scheduled: bool
) -> Iterator[Hit]:
    here = (*loc, "checked")
    if checked > context.as_of:
        yield Hit(CHECKED_IN_FUTURE, here, f"checked on {checked}, after {context.as_of}")
    if checked < since and not scheduled:
        yield Hit(CHECKED_BEFORE_SINCE, here, f"checked on {checked}, before it began on {since}")


def _retirement(loc: Loc, offer: Offer, context: CheckContext) -> Iterator[Hit]:
    yield from _snapshots(loc, offer, context)
    yield from _known(loc, offer, context)
    if offer.retires is None or price_at(offer, context.as_of, context.offers) is None:
        return
    here = (*loc, "retires")
    if retired(offer, context.as_of):
        message = f"retired after {offer.retires}, but still has a price on {context.as_of}"
        yield Hit(RETIRED_BUT_OFFERED, here, message)
    elif offer.retires <= context.horizon:
        days = (offer.retires - context.as_of).days
        yield Hit(RETIRES_SOON, here, f"is retired after {offer.retires}, in {days} days")


def _snapshots(loc: Loc, offer: Offer, context: CheckContext) -> Iterator[Hit]:
    day = offer.snapshots_retire
    if day is not None and context.as_of <= day <= context.horizon:
        days = (day - context.as_of).days
        message = f"its dated names are retired after {day}, in {days} days; this name is not"
        yield Hit(RETIRES_SOON, (*loc, "snapshots_retire"), message)


def _known(loc: Loc, offer: Offer, context: CheckContext) -> Iterator[Hit]:
    """Return an offer of a file whose retirement the catalog under it knows, and it does not."""
    old = context.shipped.get(offer.id)
    if old is None or old is offer or offer.retires is not None or offer.gone:
        return
    if retired(old, context.as_of) and price_at(offer, context.as_of, context.offers) is not None:
        message = (
            f"has a price on {context.as_of}, but the catalog has it retired after {old.retires}"
        )
        yield Hit(RETIRED_BUT_OFFERED, loc, message)


def _change(loc: Loc, offer: Offer, context: CheckContext) -> Iterator[Hit]:
    if retired(offer, context.as_of) or price_at(offer, context.as_of, context.offers) is None:
        return
    change = next_change(offer, context.as_of, context.offers)
    if change is None or change[0] > context.horizon:
        return
    day, then = change
    if offer.retires is not None and day > offer.retires:
        return
    now = price_at(offer, context.as_of, context.offers)
    message = f"changes on {day}: {_rates(now)} becomes {_rates(then)}"
    yield Hit(SCHEDULED_CHANGE, (*loc, *_place(offer, day)), message)


def _place(offer: Offer, day: date) -> Loc:
    """Return where the window that begins on a day stands in its offer."""
    for i, price in enumerate(offer.prices):
        if price.since == day and price.status != "cancelled":
            return ("prices", i, "since")
    return ("prices",) if offer.prices else ("discount",)


def _rates(price: Price | None) -> str:
    if price is None:
        return "no price"
    rates = price.usd_per_mtok
    shown = [f"${show_price(r)}" for r in (rates.input, rates.output) if r is not None]
    return " / ".join(shown) or "another price"
