"""TCO1xx: prices that cannot be what the vendor meant."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from tco.catalog.check import magnitude
from tco.catalog.check.finding import Hit, Rule
from tco.catalog.check.world import Subject, World, blended
from tco.catalog.complaints import Loc
from tco.catalog.lookup import context_limit, price_at, retired
from tco.catalog.prices import Modifier, Price, Rates

JUMP = 10.0

PRICE_JUMP = Rule(
    id="TCO108",
    name="price-jump",
    severity="warning",
    title=f"From one window to the next a price moves by less than {JUMP:g} times.",
    advice="look for a unit error in one of the windows; if it is true, waive it",
)
UNREACHABLE = Rule(
    id="TCO110",
    name="unreachable-modifier",
    severity="error",
    title="A request that fits in the context can be long enough for every context tier.",
    advice="say in the window's `context_tokens` what it was then, or leave the modifier out",
)
RULES = (*magnitude.RULES, PRICE_JUMP, UNREACHABLE)


def hits(subject: Subject) -> Iterator[Hit]:
    """Return the prices that break a rule."""
    for loc, _, price in subject.prices():
        yield from _price(loc, price)
    yield from _spread(subject)
    yield from _record(subject)
    yield from _sellers(subject)
    yield from _jumps(subject)
    yield from _unreachable(subject)
    for loc, tuning in subject.section("fine_tuning"):
        if tuning.inference_usd_per_mtok is not None:
            yield from _rates((*loc, "inference_usd_per_mtok"), tuning.inference_usd_per_mtok)


def _unreachable(subject: Subject) -> Iterator[Hit]:
    """Return the context tiers that begin where no request gets to."""
    for loc, offer, price in subject.prices():
        model = subject.world.models.get(offer.model)
        context = context_limit(price, offer, model) if model is not None else None
        for i, modifier in enumerate(price.modifiers):
            limit = modifier.when.input_tokens_over
            if context is not None and limit is not None and limit >= context:
                message = f"begins above {limit:,} tokens, but a request has {context:,} at most"
                yield Hit(UNREACHABLE, (*loc, "modifiers", i), message)


def _rates(loc: Loc, rates: Rates) -> Iterator[Hit]:
    for rule, key, message in magnitude.rate_hits(dict(rates)):
        yield Hit(rule, (*loc, key), message)


def _price(loc: Loc, price: Price) -> Iterator[Hit]:
    base = price.usd_per_mtok
    yield from _rates((*loc, "usd_per_mtok"), base)
    for i, modifier in enumerate(price.modifiers):
        here = (*loc, "modifiers", i)
        rates = _modified(base, modifier)
        for rule, _, message in magnitude.rate_hits(rates, base=False, cap=magnitude.TIER_CAP):
            yield Hit(rule, here, message)
        for rule, message in magnitude.tier_hits(dict(base), rates, _conditions(modifier)):
            yield Hit(rule, here, message)
        if modifier.when.service in magnitude.CHEAPER:
            for rule, _, message in magnitude.dearer_hits(_full(price, modifier), rates):
                yield Hit(rule, here, message)
        if modifier.when.service == "batch":
            for rule, _, message in magnitude.batch_hits(_full(price, modifier), rates):
                yield Hit(rule, here, message)


def _conditions(modifier: Modifier) -> int:
    """Return how many things a condition asks for at once."""
    when = modifier.when
    return sum(one is not None for one in (when.service, when.input_tokens_over, when.cache_ttl))


def _modified(base: Rates, modifier: Modifier) -> dict[str, float | None]:
    """Return the rates under a condition, as far as it names or multiplies them."""
    if modifier.usd_per_mtok is not None:
        return dict(modifier.usd_per_mtok)
    factor = modifier.multiply or 1.0
    return {key: None if rate is None else rate * factor for key, rate in base}


def _full(price: Price, batch: Modifier) -> dict[str, float | None]:
    """Return what a batch replaces: the base, or the context tier that it names too."""
    limit = batch.when.input_tokens_over
    for modifier in price.modifiers:
        same = modifier.when.input_tokens_over == limit and modifier.when.service is None
        if limit is not None and same and modifier.usd_per_mtok is not None:
            return dict(modifier.usd_per_mtok)
    return dict(price.usd_per_mtok)


def _spread(subject: Subject) -> Iterator[Hit]:
    """Return offers of open weights whose price is far off what others ask for them."""
    world = subject.world
    for loc, offer in subject.section("offers"):
        middle = world.host_medians.get(offer.model)
        if middle is None or retired(offer, world.as_of):
            continue
        price = price_at(offer, world.as_of, world.offers)
        blend = blended(price.usd_per_mtok) if price is not None else None
        hit = magnitude.spread_hit(blend, middle) if blend is not None else None
        if hit is not None:
            yield Hit(hit[0], loc, hit[1])


def _record(subject: Subject) -> Iterator[Hit]:
    """Return prices of an overlay that are far off what the catalog under it has."""
    world = subject.world
    for loc, offer, price in subject.prices():
        old = world.shipped.get(offer.id)
        if old is None or not _counts(price, world):
            continue
        day = max(price.since, world.as_of)
        of = price_at(old, day, world.shipped) or (old.prices[-1] if old.prices else None)
        if of is None:
            continue
        who = "the shipped record has"
        usual = dict(of.usd_per_mtok)
        for rule, key, said in magnitude.far_hits(
            dict(price.usd_per_mtok), usual, magnitude.RECORD_FAR_OFF, who
        ):
            yield Hit(rule, (*loc, "usd_per_mtok", key), said)
        yield from _record_modifiers(loc, price, of)


def _counts(price: Price, world: World) -> bool:
    """Return whether a window holds on the day or will."""
    return price.until is None or price.until > world.as_of


def _record_modifiers(loc: Loc, price: Price, of: Price) -> Iterator[Hit]:
    """Return prices under a condition that are far off those of the record under the same."""
    for i, modifier in enumerate(price.modifiers):
        same = next((m for m in of.modifiers if m.when == modifier.when), None)
        if same is None:
            continue
        rates = _modified(price.usd_per_mtok, modifier)
        usual = _modified(of.usd_per_mtok, same)
        who = "the shipped record has"
        for rule, _, said in magnitude.far_hits(rates, usual, magnitude.RECORD_FAR_OFF, who):
            yield Hit(rule, (*loc, "modifiers", i), said)


CACHES = dict.fromkeys(magnitude.CACHE, magnitude.CACHE_FAR)


def _sellers(subject: Subject) -> Iterator[Hit]:
    """Return prices that are far off what all others ask for the same model."""
    world = subject.world
    for loc, offer, price in subject.prices():
        if not _counts(price, world) or retired(offer, world.as_of):
            continue
        # Discounts of caches differ tenfold among hosts of open weights, not of closed ones.
        far = CACHES if world.is_open(offer.model) else {}
        usual = {key: world.usual(offer, key) for key, _ in price.usd_per_mtok}
        rates = dict(price.usd_per_mtok)
        for rule, key, said in magnitude.far_hits(
            rates, usual, magnitude.SELLERS_FAR_OFF, OTHERS_ASK, far
        ):
            yield Hit(rule, (*loc, "usd_per_mtok", key), said)
        for i, modifier in enumerate(price.modifiers):
            rates = _modified(price.usd_per_mtok, modifier)
            usual = {key: world.usual(offer, key, modifier.when) for key in rates}
            for rule, _, said in magnitude.far_hits(
                rates, usual, magnitude.SELLERS_FAR_OFF, OTHERS_ASK, far
            ):
                yield Hit(rule, (*loc, "modifiers", i), said)


OTHERS_ASK = "other sellers ask"


def _jumps(subject: Subject) -> Iterator[Hit]:
    for loc, offer in subject.section("offers"):
        listed = [(i, p) for i, p in enumerate(offer.prices) if p.status == "list"]
        for (_, before), (i, after) in pairwise(listed):
            one, other = blended(before.usd_per_mtok), blended(after.usd_per_mtok)
            if one and other and not 1 / JUMP < other / one < JUMP:
                message = f"the blended price moves by {other / one:.3g} times on {after.since}"
                yield Hit(PRICE_JUMP, (*loc, "prices", i), message)
