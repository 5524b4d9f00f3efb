"""The catalog held against price lists of others: who agrees, who is likely wrong, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Literal

from tco.catalog.fields import Source
from tco.catalog.listed import (
    FAMILIES,
    OtherPrice,
    by_row_name,
    differences,
    in_our_words,
    matches,
    model_names,
    our_providers,
)
from tco.catalog.lookup import price_at, retired
from tco.catalog.prices import Offer, Price, Rates, When
from tco.catalog.trust import close, families, family
from tco.catalog.upstream.rows import PriceList, PriceRow
from tco.errors import printable
from tco.records import dataclass
from tco.units import show_price

if TYPE_CHECKING:
    from tco.catalog.load import Catalog


# Why a price list says another price than the catalog: the likely culprit, in words.

UNIT = 100.0  # a price so many times off is in another unit
Pair = tuple[float | None, float | None]


def culprit(one: PriceComparison, offer: Offer, on: date, others: Sequence[PriceComparison]) -> str:
    """Return what is likely wrong with one disagreement, the surest explanation first.

    Args:
        others: What the other lists have of the same offer.
    """
    return (
        _unit(one)
        or _swapped(one)
        or _lag(one, offer, on)
        or _ahead(one, offer, on)
        or _condition(one, price_at(offer, on))
        or _outvoted(one, price_at(offer, on), others)
    )


def settled(one: PriceComparison, offer: Offer, on: date, sources: Mapping[str, Source]) -> str:
    """Return how the data settles a disagreement; empty where it says nothing about it.

    It does when an evidence of the same family states the other price, and a note, a doubt or a
    waiver says what to make of it; and when the same family attests the other price in a window
    that has ended. A judgment that has ended settles nothing any more.
    """
    price = price_at(offer, on)
    over = offer.waive_until is not None and on > offer.waive_until
    if price is None or over:
        return ""
    admitted = any(
        family(e.source, sources) == FAMILIES[one.against]
        and _same_pair((e.input, e.output), one.theirs)
        for e in price.evidence
    )
    words = price.note or offer.doubt or offer.waive_because or ""
    if admitted and words:
        return printable(words, 200)
    if offer.waive_because and "sources-disagree" in offer.waive:
        return printable(price.note or offer.doubt or offer.waive_because, 200)
    return "the window that ended rests on it" if _lag(one, offer, on, sources) else ""


def _same_pair(one: Pair, other: Pair) -> bool:
    return all(a is None or b is None or close(a, b) for a, b in zip(one, other, strict=True))


def _pair(rates: Rates) -> Pair:
    return rates.input, rates.output


def _ratios(one: PriceComparison) -> list[float]:
    return [b / a for a, b in zip(one.ours, one.theirs, strict=True) if a and b]


def _unit(one: PriceComparison) -> str:
    far = [r for r in _ratios(one) if not 1 / UNIT < r < UNIT]
    return f"{one.against}: a unit error, {far[0]:.3g} times" if far else ""


def _swapped(one: PriceComparison) -> str:
    same = one.ours[0] == one.ours[1]
    swapped = _same_pair((one.ours[1], one.ours[0]), one.theirs) and None not in one.theirs
    return f"{one.against}: input and output are swapped" if swapped and not same else ""


def _lag(
    one: PriceComparison, offer: Offer, on: date, sources: Mapping[str, Source] | None = None
) -> str:
    """Return that the list still has an older price of ours; with sources: that it attests it."""
    for price in _listed(offer):
        over = price.until is not None and price.until <= on
        said = sources is None or FAMILIES[one.against] in families(price.evidence, sources)
        if said and over and _same_pair(_pair(price.usd_per_mtok), one.theirs):
            return f"{one.against} lags: the price until {price.until}"
    return ""


def _ahead(one: PriceComparison, offer: Offer, on: date) -> str:
    for price in _listed(offer):
        if price.since > on and _same_pair(_pair(price.usd_per_mtok), one.theirs):
            return f"{one.against} is ahead: the price from {price.since}"
    return ""


def _listed(offer: Offer) -> Iterator[Price]:
    yield from (price for price in reversed(offer.prices) if price.status != "cancelled")


def _condition(one: PriceComparison, price: Price | None) -> str:
    """Return that the list has our price under a condition, or one of its usual uplifts."""
    for modifier in price.modifiers if price is not None else ():
        rates = modifier.usd_per_mtok
        factor = modifier.multiply
        stated = rates is not None and any(rate is not None for rate in _pair(rates))
        if rates is not None and stated and _same_pair(_pair(rates), one.theirs):
            return f"{one.against} has the price for {_when(modifier.when)}"
        if factor is not None and all(close(r, factor) for r in _ratios(one)):
            return f"{one.against} has the price for {_when(modifier.when)}"
    ratios = _ratios(one)
    if ratios and all(close(r, 1.1) for r in ratios):
        return f"{one.against} has the regional price, 10 % higher"
    return ""


def _when(when: When) -> str:
    """Return a condition in words; hours of the week are only called that."""
    if when.hours or when.weekdays:
        return "other hours of the week"
    said = [f"{key} {value}" for key, value in when if value is not None]
    return printable(", ".join(said).replace("_", " "), 100)


def _outvoted(one: PriceComparison, price: Price | None, others: Sequence[PriceComparison]) -> str:
    with_us = ", ".join(other.against for other in others if other.agrees)
    with_them = [o for o in others if not o.agrees and _same_pair(o.theirs, one.theirs)]
    if with_them:
        named = ", ".join(other.against for other in with_them)
        return f"the catalog, perhaps: {named} says the same"
    if with_us:
        return f"{one.against}: {with_us} agrees with the catalog"
    gap = max(_ratios(one), key=lambda r: max(r, 1 / r), default=1.0)
    seen = f", seen {price.checked}" if price is not None else ""
    shown = "/".join(show_price(rate) for rate in one.ours if rate is not None)
    return f"one of two: theirs is {gap:.3g} times ours ({shown}{seen})"


# The catalog held against price lists of others: who agrees, and who is likely wrong.

NOT_STRICT = {
    "bedrock": "lists fold its region profiles in different ways",
    "deepseek": "its price depends on the hour, which two of the lists cannot say",
}
"""Providers whose prices compare only loosely, and why; aggregators compare loosely too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceComparison:
    """One offer held against one row of one list; prices in USD/Mtok."""

    offer: str
    provider: str
    against: str
    """`litellm`, `genai-prices` or `models.dev`."""
    key: str
    """The row there."""
    exact: bool
    """Whether the row is the offer beyond doubt."""
    strict: bool
    """Whether the row is the offer beyond doubt, and its price is of one kind."""
    ours_input: float | None
    ours_output: float | None
    theirs_input: float | None
    theirs_output: float | None
    agrees: bool
    ratio: float
    """Theirs over ours, of the price that is further off [1]."""
    culprit: str = ""
    """What is likely wrong, for a disagreement."""
    settled: str = ""
    """Where the data settles a disagreement; empty where it does not."""

    @property
    def ours(self) -> Pair:
        """Return input and output of the catalog [USD/Mtok]."""
        return self.ours_input, self.ours_output

    @property
    def theirs(self) -> Pair:
        """Return input and output of the list [USD/Mtok]."""
        return self.theirs_input, self.theirs_output


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How often one list agrees about one provider."""

    provider: str
    against: str
    compared: int
    agreeing: int
    strict_compared: int
    strict_agreeing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListUsed:
    """A price list that the catalog was held against."""

    against: str
    file: str
    edition: str
    rows: int
    compared: int
    disagreeing: int
    strict_compared: int
    strict_disagreeing: int
    strict_disagreement: float | None
    """Share of the strict ones that disagree [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreeing:
    """An offer whose input and output a list has, too."""

    offer: str
    against: str
    key: str
    exact: bool
    """Whether the row is the offer beyond doubt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retirement:
    """The last day of an offer, as a list has it."""

    offer: str
    against: str
    key: str
    ours: str | None
    theirs: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lacking:
    """A row of a list that the catalog has no offer for, of a provider that it knows."""

    against: str
    key: str
    provider: str
    model: str | None
    """The model of ours that it is beyond doubt; None for a model that the catalog lacks."""
    input: float | None
    output: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """What others say of the prices in the catalog."""

    schema: Literal["tco.catalog-verify/1"] = "tco.catalog-verify/1"
    as_of: str
    catalog_version: str
    lists: tuple[ListUsed, ...]
    agreement: tuple[Agreement, ...]
    disagreements: tuple[PriceComparison, ...]
    strict_compared: int
    strict_disagreeing: int
    strict_disagreement: float | None
    """Share of the offers found strictly in any list about which any of these disagrees [1]."""
    unsettled: int
    """Disagreements that the data says nothing about."""
    unmatched: tuple[str, ...]
    """Offers with a price that no list has."""
    other_prices: tuple[OtherPrice, ...] = ()
    """Prices besides input and output that a list has otherwise or more of."""
    lacking: tuple[Lacking, ...] = ()
    """What the lists have and the catalog lacks, offers of known models first."""
    agreeing: tuple[Agreeing, ...] = ()
    """Offers of which a list says the same input and output."""
    earlier: tuple[Agreeing, ...] = ()
    """Offers that the catalog has from a later day on, at the price that a list has already."""
    retirements: tuple[Retirement, ...] = ()
    """Days of retirement that a list knows and the catalog does not, or has otherwise."""
    warnings: tuple[str, ...] = ()


def verify(catalog: Catalog, lists: Sequence[PriceList], on: date) -> VerifyReport:
    """Return how the prices of a day compare with some price lists.

    Args:
        lists: Price lists as read.
        on: The day whose prices are held against them.
    """
    priced, later = list(_priced(catalog, on)), list(_later(catalog, on))
    lists = [in_our_words(catalog, listed) for listed in lists]
    compared: list[PriceComparison] = []
    other, lacking = list[OtherPrice](), list[Lacking]()
    retirements, earlier = list[Retirement](), list[Agreeing]()
    for listed in lists:
        kind, found = listed.kind, matches(catalog, listed, [*(o for o, _ in priced), *later])
        for offer in later:
            if offer.id in found:
                retirements += _retirement(offer, found[offer.id], kind)
                earlier += _earlier(catalog, offer, found[offer.id], kind)
        for offer, price in priced:
            if offer.id in found:
                match = found[offer.id]
                compared.append(_compared(catalog, offer, price, match, kind))
                retirements += _retirement(offer, match, kind)
                if match.exact:  # a row that is only called alike says nothing of it
                    past = _past(catalog, offer, on, kind)
                    other += differences(offer.id, kind, price, match, past)
        lacking += _lacking(catalog, listed, {m.key for m in found.values()}, on)
    explained = tuple(_explained(catalog, compared, on))
    known = {one.offer for one in compared}
    unmatched = [o.id for o, _ in priced if o.id not in known]
    whole = _report(catalog, lists, explained, on, unmatched)
    return replace(
        whole,
        other_prices=tuple(other),
        lacking=tuple(sorted(lacking, key=lambda one: (one.model is None, one.key))),
        retirements=tuple(retirements),
        earlier=tuple(earlier),
        warnings=tuple(text for listed in lists for text in _unread(listed)),
        agreeing=tuple(
            Agreeing(offer=one.offer, against=one.against, key=one.key, exact=one.exact)
            for one in compared
            if one.agrees
        ),
    )


def _earlier(catalog: Catalog, offer: Offer, match: PriceRow, kind: str) -> Iterator[Agreeing]:
    """Yield an offer that begins after the day of a list, which has its price already."""
    first = min(offer.prices, key=lambda price: price.since)
    known = not match.exact or first.since_is == "effective"
    if not known and _compared(catalog, offer, first, match, kind).agrees:
        yield Agreeing(offer=offer.id, against=kind, key=match.key, exact=True)


def _retirement(offer: Offer, match: PriceRow, kind: str) -> Iterator[Retirement]:
    """Yield the day of retirement of an offer that a list has otherwise."""
    day = match.retires
    if match.exact and day is not None and day not in (offer.retires, offer.snapshots_retire):
        yield Retirement(
            offer=offer.id,
            against=kind,
            key=match.key,
            ours=offer.retires.isoformat() if offer.retires else None,
            theirs=day.isoformat(),
        )


def _unread(listed: PriceList) -> Iterator[str]:
    """Yield what of a list is not read: kinds of prices that are new, prices that are none."""
    for line, name, key in listed.new.values():
        yield f"{listed.file}:{line}: {printable(name, 60)}: {printable(key, 60)} is new to tco"
    if listed.wrong:
        line, name, why = listed.wrong[0]
        more = f", and {len(listed.wrong) - 1} more" if len(listed.wrong) > 1 else ""
        yield f"{listed.file}:{line}: {printable(name, 60)}: {printable(why, 80)}{more}"


def _past(catalog: Catalog, offer: Offer, on: date, kind: str) -> Sequence[Price]:
    """Return the windows of an offer that have ended and that a list attests."""
    ended = [p for p in offer.prices if p.until is not None and p.until <= on]
    said = FAMILIES[kind]
    return [p for p in ended if said in families(p.evidence, catalog.prices.sources)]


def _lacking(
    catalog: Catalog, listed: PriceList, used: Container[str], on: date
) -> Iterator[Lacking]:
    """Yield the rows that price text at a provider of ours and are no offer of ours."""
    known, providers = by_row_name(catalog), catalog.prices.providers
    named = model_names(catalog)
    for row in listed.rows:
        sellers = [p for p in our_providers(row.provider) if p in providers]
        if row.key in used or not row.text or not sellers or known(row) is not None:
            continue
        over = row.retires is not None and row.retires < on
        if over or not row.rates.get("input"):
            continue
        model = named(row)
        if model is not None and f"{sellers[0]}/{model}" in catalog.offers:
            continue  # another name of an offer that is there, or another region
        yield Lacking(
            against=listed.kind,
            key=row.key,
            provider=sellers[0],
            model=model,
            input=row.rates.get("input"),
            output=row.rates.get("output") or None,
        )


def _priced(catalog: Catalog, on: date) -> Iterator[tuple[Offer, Price]]:
    for offer in catalog.prices.offers:
        price = price_at(offer, on, catalog.offers)
        if price is not None and not retired(offer, on) and offer.discount is None:
            yield offer, price


def _later(catalog: Catalog, on: date) -> Iterator[Offer]:
    """Yield the offers that another source first saw after the day that lists are of."""
    for offer in catalog.prices.offers:
        begun = not offer.prices or any(price.since <= on for price in offer.prices)
        if not (begun or retired(offer, on) or offer.discount):
            yield offer


def _compared(
    catalog: Catalog, offer: Offer, price: Price, match: PriceRow, kind: str
) -> PriceComparison:
    rates, row = price.usd_per_mtok, match
    theirs = (row.rates.get("input"), row.rates.get("output"))
    if row.embedding or rates.output is None:
        theirs = (theirs[0], None)
    ours = (rates.input, rates.output)
    pairs = [(one, other) for one, other in zip(ours, theirs, strict=True) if one and other]
    off = max((other / one for one, other in pairs), key=_distance, default=1.0)
    loose = catalog.prices.providers[offer.provider].kind == "aggregator"
    return PriceComparison(
        offer=offer.id,
        provider=offer.provider,
        against=kind,
        key=row.key,
        exact=match.exact,
        strict=match.exact and not loose and offer.provider not in NOT_STRICT,
        ours_input=ours[0],
        ours_output=ours[1],
        theirs_input=theirs[0],
        theirs_output=theirs[1],
        agrees=all(close(one, other) for one, other in pairs),
        ratio=off,
    )


def _distance(ratio: float) -> float:
    return max(ratio, 1 / ratio) if ratio > 0 else float("inf")


def _explained(
    catalog: Catalog, compared: Sequence[PriceComparison], on: date
) -> Iterator[PriceComparison]:
    """Return all comparisons, the disagreements among them with their likely culprit."""
    by_offer: dict[str, list[PriceComparison]] = {}
    for one in compared:
        by_offer.setdefault(one.offer, []).append(one)
    for one in compared:
        if one.agrees:
            yield one
            continue
        others = [o for o in by_offer[one.offer] if o.against != one.against]
        offer = catalog.offers[one.offer]
        where = settled(one, offer, on, catalog.prices.sources)
        yield replace(one, culprit=culprit(one, offer, on, others), settled=where)


def _report(
    catalog: Catalog,
    lists: Sequence[PriceList],
    compared: Sequence[PriceComparison],
    on: date,
    unmatched: Iterable[str],
) -> VerifyReport:
    against = tuple(one for one in compared if not one.agrees)
    strict = {one.offer for one in compared if one.strict}
    wrong = {one.offer for one in against if one.strict}
    return VerifyReport(
        as_of=on.isoformat(),
        catalog_version=catalog.version,
        lists=tuple(_used(listed, compared) for listed in lists),
        agreement=tuple(_agreement(compared)),
        disagreements=tuple(sorted(against, key=lambda c: (not c.strict, c.offer, c.against))),
        strict_compared=len(strict),
        strict_disagreeing=len(wrong),
        strict_disagreement=len(wrong) / len(strict) if strict else None,
        unsettled=sum(1 for one in against if not one.settled),
        unmatched=tuple(unmatched),
    )


def _used(listed: PriceList, compared: Sequence[PriceComparison]) -> ListUsed:
    own = [one for one in compared if one.against == listed.kind]
    strict = [one for one in own if one.strict]
    wrong = sum(1 for one in strict if not one.agrees)
    return ListUsed(
        against=listed.kind,
        file=listed.file,
        edition=listed.edition,
        rows=len(listed.rows),
        compared=len(own),
        disagreeing=sum(1 for one in own if not one.agrees),
        strict_compared=len(strict),
        strict_disagreeing=wrong,
        strict_disagreement=wrong / len(strict) if strict else None,
    )


def _agreement(compared: Sequence[PriceComparison]) -> Iterator[Agreement]:
    counts: Mapping[tuple[str, str, bool, bool], int] = Counter(
        (one.provider, one.against, one.strict, one.agrees) for one in compared
    )
    for provider, against in sorted({(one.provider, one.against) for one in compared}):
        own = {
            (s, a): counts[provider, against, s, a] for s in (True, False) for a in (True, False)
        }
        yield Agreement(
            provider=provider,
            against=against,
            compared=sum(own.values()),
            agreeing=own[True, True] + own[False, True],
            strict_compared=own[True, True] + own[True, False],
            strict_agreeing=own[True, True],
        )
