"""Why a price list says another price than the catalog: the likely culprit, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from tco.catalog.evidence import close, family
from tco.catalog.fields import Source
from tco.catalog.lookup import price_at
from tco.catalog.matching import FAMILIES
from tco.catalog.prices import Offer, Price, Rates, When
from tco.errors import printable
from tco.show import show_price

UNIT = 100.0  # a price so many times off is in another unit
Pair = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One disagreement.

    Args:
        offer: The offer.
        on: The day.
        against: The list.
        ours, theirs: Input and output [USD/Mtok].
        with_us, with_them: The other lists that agree with the catalog, and with this list.
    """

    offer: Offer
    on: date
    against: str
    ours: Pair
    theirs: Pair
    with_us: tuple[str, ...] = ()
    with_them: tuple[str, ...] = ()


def culprit(case: Case) -> str:
    """Return what is likely wrong, the surest explanation first."""
    for explain in (_unit, _swapped, _lag, _ahead, _condition, _outvoted):
        found = explain(case)
        if found:
            return found
    return "unknown: look at the price page"


def settled(case: Case, sources: Mapping[str, Source]) -> str:
    """Return how the data settles a disagreement; empty where it says nothing about it.

    It does when an evidence of the same family states the other price, and a note, a doubt or a
    waiver says what to make of it. A judgment that has ended settles nothing any more.
    """
    price = price_at(case.offer, case.on)
    over = case.offer.waive_until is not None and case.on > case.offer.waive_until
    if price is None or over:
        return ""
    admitted = any(
        family(e.source, sources) == FAMILIES[case.against]
        and _is((e.input, e.output), case.theirs)
        for e in price.evidence
    )
    words = price.note or case.offer.doubt or case.offer.waive_because or ""
    if admitted and words:
        return printable(words, 200)
    if case.offer.waive_because and "sources-disagree" in case.offer.waive:
        return printable(price.note or case.offer.doubt or case.offer.waive_because, 200)
    return ""


def _is(one: Pair, other: Pair) -> bool:
    return all(a is None or b is None or close(a, b) for a, b in zip(one, other, strict=True))


def _pair(rates: Rates) -> Pair:
    return rates.input, rates.output


def _ratios(case: Case) -> list[float]:
    return [b / a for a, b in zip(case.ours, case.theirs, strict=True) if a and b]


def _unit(case: Case) -> str:
    far = [r for r in _ratios(case) if not 1 / UNIT < r < UNIT]
    return f"{case.against}: a unit error, {far[0]:.3g} times" if far else ""


def _swapped(case: Case) -> str:
    same = case.ours[0] == case.ours[1]
    swapped = _is((case.ours[1], case.ours[0]), case.theirs) and None not in case.theirs
    return f"{case.against}: input and output are swapped" if swapped and not same else ""


def _lag(case: Case) -> str:
    """Return that the list still has an older price of ours."""
    for price in _listed(case.offer):
        over = price.until is not None and price.until <= case.on
        if over and _is(_pair(price.usd_per_mtok), case.theirs):
            return f"{case.against} lags: the price until {price.until}"
    return ""


def _ahead(case: Case) -> str:
    for price in _listed(case.offer):
        if price.since > case.on and _is(_pair(price.usd_per_mtok), case.theirs):
            return f"{case.against} is ahead: the price from {price.since}"
    return ""


def _listed(offer: Offer) -> Iterator[Price]:
    yield from (price for price in reversed(offer.prices) if price.status != "cancelled")


def _condition(case: Case) -> str:
    """Return that the list has our price under a condition, or one of its usual uplifts."""
    price = price_at(case.offer, case.on)
    for modifier in price.modifiers if price is not None else ():
        rates = modifier.usd_per_mtok
        factor = modifier.multiply
        stated = rates is not None and any(rate is not None for rate in _pair(rates))
        if rates is not None and stated and _is(_pair(rates), case.theirs):
            return f"{case.against} has the price for {_when(modifier.when)}"
        if factor is not None and all(close(r, factor) for r in _ratios(case)):
            return f"{case.against} has the price for {_when(modifier.when)}"
    ratios = _ratios(case)
    if ratios and all(close(r, 1.1) for r in ratios):
        return f"{case.against} has the regional price, 10 % higher"
    return ""


def _when(when: When) -> str:
    """Return a condition in words; hours of the week are only called that."""
    if when.hours or when.weekdays:
        return "other hours of the week"
    said = [f"{key} {value}" for key, value in when if value is not None]
    return printable(", ".join(said).replace("_", " "), 100)


def _outvoted(case: Case) -> str:
    if case.with_us and not case.with_them:
        return f"{case.against}: {', '.join(case.with_us)} agrees with the catalog"
    if case.with_them:
        return f"the catalog, perhaps: {', '.join(case.with_them)} says the same"
    gap = max(_ratios(case), key=lambda r: max(r, 1 / r), default=1.0)
    price = price_at(case.offer, case.on)
    seen = f", seen {price.checked}" if price is not None else ""
    shown = "/".join(show_price(rate) for rate in case.ours if rate is not None)
    return f"one of two: theirs is {gap:.3g} times ours ({shown}{seen})"
