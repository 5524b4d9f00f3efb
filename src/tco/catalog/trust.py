"""How far a price can be trusted to decide an answer: its witnesses, and what takes trust away."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

from tco.catalog.lookup import age_days, price_at, rental_key, retired, stale_after

if TYPE_CHECKING:
    from tco.catalog.fields import Source
    from tco.catalog.hardware import Purchase, Rent, Rental
    from tco.catalog.load import Catalog
    from tco.catalog.prices import (
        CapacityOffer,
        CapacityPrice,
        Evidence,
        FineTuning,
        Offer,
        Price,
        Rates,
    )


# How well a price is attested: witnesses that copy nobody, and the confidence they come to.

SAME = 0.005  # two catalogs agree when they are this close: rounding of per-token prices
Confidence = Literal["high", "medium", "low"]


def agrees(evidence: Evidence, rates: Rates) -> bool:
    """Return whether a source says what the price says, as far as it says anything."""
    pairs = ((evidence.input, rates.input), (evidence.output, rates.output))
    return all(one is None or other is None or close(one, other) for one, other in pairs)


def close(one: float, other: float) -> bool:
    """Return whether two prices are the same but for rounding.

    >>> close(0.135, 0.1352), close(0.5, 0.6)
    (True, False)
    """
    return abs(one - other) <= SAME * max(abs(one), abs(other))


def families(evidence: Iterable[Evidence], sources: Mapping[str, Source]) -> set[str]:
    """Return the independent witnesses: sources of one family copy each other and count once."""
    return {family(e.source, sources) for e in evidence}


def family(source: str, sources: Mapping[str, Source]) -> str:
    """Return the family of a source; one without is a family alone."""
    known = sources.get(source)
    return known.family or source if known is not None else source


class Heard(NamedTuple):
    """What the witnesses of a figure come to.

    Args:
        agreeing: Sources that say so.
        independent: How many of them copy nobody [1].
        against: Another one says otherwise.
        seller: One that says so is the seller's own word: its page, its interface, its filing.
    """

    agreeing: tuple[str, ...]
    independent: int
    against: bool
    seller: bool

    @property
    def confidence(self) -> Confidence:
        """Return how far the figure can be trusted by its witnesses alone.

        `high`: two independent ones say so and none says otherwise. `medium`: two say so against
        another, or the vendor's own page alone. `low`: everything else.
        """
        if self.independent >= 2:
            return "medium" if self.against else "high"
        return "medium" if self.seller and not self.against else "low"


def heard(statements: Iterable[tuple[str, bool]], sources: Mapping[str, Source]) -> Heard:
    """Return what witnesses come to; our own estimates and sources in doubt are none.

    Args:
        statements: Who said something of a figure, and whether that agrees with it.
    """
    agreeing, against, seller = [], False, False
    for name, so in statements:
        source = sources.get(name)
        if source is None or source.kind == "judgment" or source.doubt:
            continue
        if so:
            agreeing.append(name)
            seller = seller or source.kind in ("vendor", "filing")
        else:
            against = True
    independent = len({family(name, sources) for name in agreeing})
    return Heard(tuple(agreeing), independent, against, seller)


def heard_of(evidence: Iterable[Evidence], rates: Rates, sources: Mapping[str, Source]) -> Heard:
    """Return what the witnesses of a price come to."""
    return heard([(e.source, agrees(e, rates)) for e in evidence], sources)


def confidence(
    evidence: Iterable[Evidence], rates: Rates, sources: Mapping[str, Source]
) -> Confidence:
    """Return how far a price can be trusted by its witnesses alone."""
    return heard_of(evidence, rates, sources).confidence


_SHORT = (
    (re.compile(r"^(\d+) independent sources say so, another"), r"\1 for, 1 against"),
    (re.compile(r"^(\d+) independent sources say so"), r"\1 sources"),
    (re.compile(r"^only its seller says so, another"), "1 for, 1 against"),
    (re.compile(r"^only its seller says so"), "seller alone"),
    (re.compile(r"^only .* says so, which is not its seller, another"), "1 for, 1 against"),
    (re.compile(r"^only .* says so, which is not its seller"), "1 source"),
    (re.compile(r"^no source says so"), "no source"),
    (re.compile(r"^a step of (\S+) on .* that one witness has seen"), r"ONE source, \1"),
    (re.compile(r"^seen (\d+) days ago, while"), r"\1 days old"),
    (re.compile(r"^a factor on (\S+): .*"), r"as \1"),
    (re.compile(r"^in doubt"), "in doubt"),
)


def short_reason(reason: str) -> str:
    """Return the reason of a trust in a few words, for a cell of a table.

    >>> short_reason("a step of -80% on 2026-11-12 that one witness has seen")
    'ONE source, -80%'
    >>> short_reason("only litellm says so, which is not its seller")
    '1 source'
    """
    for pattern, text in _SHORT:
        found = pattern.match(reason)
        if found is not None:
            return found.expand(text)
    return reason


# How far a price can be trusted to decide an answer, and why, in words.
#
# Trust begins with the witnesses (see `evidence`). A mark of doubt takes it away. A step of more
# than half does until a second witness has seen the new price. Age, counted from the day asked
# about, does only while a fresher rent of the same GPU exists, or a price of the same model that
# is not too old or fresher by as much. What the user gave is trusted, but a doubt that the user
# wrote down counts.

LEVELS: tuple[Confidence, ...] = ("low", "medium", "high")
"""Words for trust, from the least on; a level's place in it is its rank."""

STEP = 0.5
"""Change of a price, over the old one, from which a second witness is wanted [1]; judgment."""


class Trust(NamedTuple):
    """How far a price can be trusted, and why; the first reason weighs most."""

    level: Confidence
    reasons: tuple[str, ...]

    @property
    def rank(self) -> int:
        """Return the place of the level in `LEVELS` [1]."""
        return LEVELS.index(self.level)


GIVEN = Trust("high", ("you gave it",))
"""Trust in what the user described."""


class Seen(NamedTuple):
    """A price of something that several sell, and when it was last seen."""

    name: str
    age: int
    """How long before the day asked about [day]."""
    limit: float
    """Age beyond which a price of its kind counts as stale [day]."""


def offer_trust(catalog: Catalog, offer: Offer, price: Price, day: date) -> Trust:
    """Return how far the price of an offer can be trusted."""
    sources, provider = catalog.prices.sources, catalog.prices.providers.get(offer.provider)
    marks = [
        sentence
        for why in (offer.doubt, provider and provider.doubt)
        if why
        for sentence in f"in doubt: {why.rstrip('.')}".split(". ")
    ]
    if laid_over(catalog, "offers", offer.id):
        trust = _marked(GIVEN, marks)
    else:
        witnesses = heard_of(price.evidence, price.usd_per_mtok, sources)
        if witnesses.independent < 2:
            marks += _stepped(offer, price)
        kind = provider.kind if provider is not None else "host"
        mine = Seen(offer.id, age_days(price, day), stale_after(kind))
        if mine.age > mine.limit:
            marks += _aged(mine, _prices_seen(catalog, offer.model, day))
        trust = _marked(_witnessed(witnesses), marks)
    return _no_more_than_base(catalog, offer, price, day, trust)


def _no_more_than_base(
    catalog: Catalog, offer: Offer, price: Price, day: date, trust: Trust
) -> Trust:
    """Return the trust of a discount on another offer: at most that of the other's price."""
    base = catalog.offers.get(offer.discount.of) if offer.discount is not None else None
    full = price_at(base, day, catalog.offers) if base is not None and not offer.prices else None
    if base is None or full is None:
        return trust
    under = offer_trust(catalog, base, full, day)
    if under.rank >= trust.rank:
        return trust
    return Trust(under.level, (f"a factor on {base.id}: {under.reasons[0]}", *trust.reasons))


def _prices_seen(catalog: Catalog, model: str, day: date) -> list[Seen]:
    """Return the prices of a model on a day and their age, those in doubt left out."""
    found = []
    for offer in catalog.offers_of.get(model, ()):
        if offer.doubt or retired(offer, day):
            continue
        price = price_at(offer, day, catalog.offers)
        if price is not None:
            limit = stale_after(catalog.prices.providers[offer.provider].kind)
            found.append(Seen(offer.id, age_days(price, day), limit))
    return found


def rent_trust(
    catalog: Catalog,
    rental: Rental,
    rent: Rent,
    day: date,
    freshest: Mapping[tuple[str, str], Seen],
) -> Trust:
    """Return how far a rent can be trusted.

    Sources that said so later attest it too, and the windows before it where they say the same.

    Args:
        rental: The offer of GPU-hours.
        freshest: The rents that were seen last, by GPU and purchase option.
    """
    doubt = [f"in doubt: {rent.flag or 'only if its seller is named'}"] * rent.only_if_named
    if laid_over(catalog, "rentals", *rental_key(rental)):
        return _marked(GIVEN, doubt)
    usd, before = rent.usd_per_gpu_hour, [rent]
    if len(rental.rents) > 1:
        windows = [r for r in rental.rents if r.region == rent.region and r.since <= rent.since]
        before = sorted(windows, key=lambda r: r.since)
    same = [r for r in before if close(r.usd_per_gpu_hour, usd)]
    said = [(name, True) for r in same for name in (r.source, *r.also)]
    witnesses, marks = heard(said, catalog.hardware.sources), [*doubt]
    if witnesses.independent < 2:
        marks += _step([window.usd_per_gpu_hour for window in before[-2:]], rent.since)
    mine = Seen(rental.seller, age_days(rent, day), stale_after("rental"))
    last = freshest.get((rental.gpu, rental.option))
    if last is not None and overtaken(mine, last):
        marks.append(_seen_before(mine, last))
    return _marked(_witnessed(witnesses), marks)


def overtaken(mine: Seen, freshest: Seen) -> bool:
    """Return whether a rent is older than it may be, while a fresher one of the GPU exists.

    >>> overtaken(Seen("a", 31, 30), Seen("b", 29, 30))
    True
    >>> overtaken(Seen("a", 30, 30), Seen("b", 0, 30))  # not too old
    False
    >>> overtaken(Seen("a", 400, 30), Seen("a", 400, 30))  # nobody has seen a fresher one
    False
    """
    return mine.age > mine.limit and freshest.age < mine.age


def too_old(
    catalog: Catalog,
    rental: Rental,
    rent: Rent,
    day: date,
    freshest: Mapping[tuple[str, str], Seen],
    limit_days: float,
) -> bool:
    """Return whether a rent of the catalog is too old on a day, while a fresher one exists.

    Args:
        catalog: The data; a rent that the user laid over it is never too old.
        rental: The offer of GPU-hours.
        freshest: The rents that were seen last, by GPU and purchase option.
        limit_days: The age from which it is too old [day].
    """
    last = freshest.get((rental.gpu, rental.option))
    if last is None or laid_over(catalog, "rentals", *rental_key(rental)):
        return False
    return overtaken(Seen(rental.seller, age_days(rent, day), limit_days), last)


def freshest_rents(
    rents: Iterable[tuple[Rental, Rent]], day: date
) -> Mapping[tuple[str, str], Seen]:
    """Return the rent of a day seen last by GPU and purchase option, suspect ones left out."""
    found: dict[tuple[str, str], tuple[date, str]] = {}
    for rental, rent in rents:
        key = rental.gpu, rental.option
        best = found.get(key)
        if not rent.only_if_named and (best is None or rent.checked > best[0]):
            found[key] = rent.checked, rental.seller
    limit = stale_after("rental")
    return {
        key: Seen(seller, max((day - checked).days, 0), limit)
        for key, (checked, seller) in found.items()
    }


def purchase_trust(catalog: Catalog, gpu: str, purchase: Purchase) -> Trust:
    """Return how far the street price of a GPU can be trusted; its sources give a range."""
    if laid_over(catalog, "accelerators", gpu):
        return GIVEN
    said = [(name, True) for name in (purchase.source, *purchase.also)]
    return _witnessed(heard(said, catalog.hardware.sources))


def capacity_trust(catalog: Catalog, offer: CapacityOffer, price: CapacityPrice) -> Trust:
    """Return how far the price of hosted capacity by the hour can be trusted."""
    if laid_over(catalog, "capacity", offer.provider, offer.name):
        return GIVEN
    usd = price.usd_per_hour
    said = [(e.source, close(e.value, usd)) for e in price.evidence if e.value is not None]
    return _witnessed(heard(said, catalog.prices.sources))


def laid_over(catalog: Catalog, section: str, *name: object) -> bool:
    """Return whether a record comes from an overlay of the user."""
    if not catalog.origins:
        return False
    return (section, "/".join(str(bit) for bit in name if bit is not None)) in catalog.origins


def tuning_trust(catalog: Catalog, offer: FineTuning) -> Trust:
    """Return how far the price of training by the token can be trusted."""
    sizes = (offer.params_b_over, offer.params_b_up_to)
    name = (offer.provider, offer.model, *sizes, offer.method, offer.since)
    if laid_over(catalog, "fine_tuning", *name):
        return GIVEN
    usd = offer.usd_per_mtok_training or 0.0
    said = [(e.source, e.value is None or close(e.value, usd)) for e in offer.evidence]
    return _witnessed(heard(said, catalog.prices.sources))


def _marked(trust: Trust, marks: Sequence[str]) -> Trust:
    return Trust("low", (*marks, *trust.reasons)) if marks else trust


def _witnessed(found: Heard) -> Trust:
    """Return the trust that witnesses alone give."""
    otherwise = ", another says otherwise" if found.against else ""
    if found.independent >= 2:
        text = f"{found.independent} independent sources say so{otherwise}"
    elif not found.agreeing:
        text = f"no source says so{otherwise}"
    elif found.seller:
        text = f"only its seller says so{otherwise}"
    else:
        text = f"only {found.agreeing[0]} says so, which is not its seller{otherwise}"
    return Trust(found.confidence, (text,))


def _stepped(offer: Offer, price: Price) -> list[str]:
    """Return that a price which only one witness has seen is a large step from the one before."""
    if len(offer.prices) < 2:
        return []
    windows = sorted((p for p in offer.prices if p.status != "cancelled"), key=lambda p: p.since)
    for old, new in pairwise(windows):
        if new.since == price.since:
            was, now = old.usd_per_mtok, new.usd_per_mtok
            for pair in ((was.input, now.input), (was.output, now.output)):
                if step := _step([usd for usd in pair if usd is not None], new.since):
                    return step
    return []


def _step(usd: Sequence[float], since: date) -> list[str]:
    """Return that one price followed on another by a large step, if it did."""
    if len(usd) < 2 or abs(usd[1] - usd[0]) <= STEP * usd[0]:
        return []
    return [f"a step of {usd[1] / usd[0] - 1.0:+.0%} on {since} that one witness has seen"]


def _aged(mine: Seen, others: Iterable[Seen]) -> list[str]:
    """Return that a price is too old, while there is a fresher one."""
    if mine.age <= mine.limit:
        return []
    fresher = [o for o in others if o.age <= o.limit or mine.age - o.age > mine.limit]
    near = min(fresher, key=lambda o: (o.age, o.name), default=None)
    return [] if near is None or near.age >= mine.age else [_seen_before(mine, near)]


def _seen_before(mine: Seen, near: Seen) -> str:
    return f"seen {mine.age} days ago, while {near.name} was {near.age} days ago"
