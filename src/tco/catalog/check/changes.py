"""TCO5xx: numbers that were overwritten instead of appended, held against an older edition."""

from __future__ import annotations

from collections.abc import Iterator

from tco.catalog.check.finding import Hit, Rule, Subject
from tco.catalog.prices import Offer, Price
from tco.catalog.yaml_lines import Loc
from tco.units import show_price

CHANGED_WITHOUT_WINDOW = Rule(
    id="TCO501",
    name="changed-without-window",
    severity="error",
    title="A price that moves gets a new window; the old one stays as it was.",
    advice="restore and end the old window, append the new price; a corrected mistake is waived",
)
WINDOW_REMOVED = Rule(
    id="TCO502",
    name="window-removed",
    severity="warning",
    title="No window disappears.",
    advice="put it back: what was charged on an earlier day is still asked for",
)
RULES = (CHANGED_WITHOUT_WINDOW, WINDOW_REMOVED)


def hits(subject: Subject) -> Iterator[Hit]:
    """Return windows that are in the base too, with other numbers or not any more."""
    before = subject.context.before
    if before is None:
        return
    for loc, offer in subject.section("offers"):
        old = before.get(offer.id)
        if old is not None:
            yield from _held_against(loc, offer, old)


def _held_against(loc: Loc, offer: Offer, old: Offer) -> Iterator[Hit]:
    now = {(p.since, p.status): (i, p) for i, p in enumerate(offer.prices)}
    for price in old.prices:
        found = now.get((price.since, price.status)) or _moved(offer, price)
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


def _moved(offer: Offer, old: Price) -> tuple[int, Price] | None:
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
