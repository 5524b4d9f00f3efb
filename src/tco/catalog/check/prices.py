"""TCO1xx: prices that cannot be what the vendor meant; by numbers alone, and of offers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from statistics import median

from tco.catalog.check.finding import CheckContext, Hit, Rule, blended
from tco.catalog.lookup import context_limit, price_at, retired
from tco.catalog.prices import Modifier, Price, Rates, When
from tco.catalog.yaml_lines import Loc
from tco.units import show_price

# Rules that look at nothing but numbers, so that they hold for any catalog, ours or upstream.

CAP = 200.0  # USD/Mtok
EMBEDDING_CAP = 10.0  # USD/Mtok: ten times the dearest text embedding of 2026
FLOOR = 0.002  # USD/Mtok: of 9,448 rows of public lists one lies below
CACHED_FLOOR = 0.0002  # USD/Mtok: reads from a cache cost as little as a hundredth of input
FAR = 9.5  # times another statement of the same price: ten times, roundings allowed for
CACHE_FAR = 60.0  # the same of caches of other hosts, whose discounts differ fortyfold
CACHE = ("cached_input", "cache_write")
TIER_CAP = 600.0  # USD/Mtok: under a condition; 270 is true of long context, 540 of a fast service
TIER_SPREAD = 12.5  # the widest true one: range 4 of qwen3-coder-plus, 12 times
TIER_SPANS: Mapping[str, tuple[float, float]] = {
    **dict.fromkeys(("batch", "flex", "spot"), (0.12, 1.2)),
    "priority": (0.8, 4.0),
    **dict.fromkeys(("fast", "ultrafast"), (0.8, TIER_SPREAD)),
    "over": (0.25, TIER_SPREAD),
    "ttl": (0.8, 4.0),
    "region": (0.7, 3.0),
}
"""Times the price without that a price under a condition may be: what 3,994 rows have, and room."""
BATCH_RATIOS = (0.5, 0.8)
BATCH_TOLERANCE = 0.02  # rounding of prices of two digits
SPREAD = 10.0  # times the median of the same weights

ABSOLUTE_CAP = Rule.of(
    "error TCO101 absolute-cap",
    title=f"No token costs more than ${CAP:g} per million, of an embedding ${EMBEDDING_CAP:g}.",
    advice="almost always a unit error: divide by 1,000 or 1,000,000; if it is true, waive it",
)
OUTPUT_BELOW_INPUT = Rule.of(
    "warning TCO102 output-below-input",
    title="Output costs no less than input.",
    advice="look whether the two are swapped; if it is true, waive it",
)
CACHED_NOT_BELOW_INPUT = Rule.of(
    "error TCO103 cached-not-below-input",
    title="Cached input costs less than input.",
    advice="leave cached_input out where there is no discount; look for a cache write price",
)
BATCH_RATIO = Rule.of(
    "warning TCO104 batch-ratio",
    title="A batch costs 0.5 or 0.8 of the price it replaces.",
    advice="read the batch price again; if the vendor prints another ratio, waive it",
)
HOST_SPREAD = Rule.of(
    "error TCO105 host-spread",
    title=f"A host asks at most {SPREAD:g} times the median of the same weights, and no less than "
    f"1/{SPREAD:g} of it.",
    advice="look for a unit error or another model; if it is true, waive it",
)
ZERO_PRICE = Rule.of(
    "note TCO106 zero-price",
    title="A price is more than nothing.",
    advice="free is a quota, not a price: leave it out, or state `free`",
)
NOT_A_PRICE = Rule.of(
    "error TCO107 not-a-price",
    title="A price is a finite number that is not negative.",
    advice="read the price again",
)
TIER_FAR_OFF = Rule.of(
    "error TCO109 tier-far-off",
    title=f"A price under a condition is within {TIER_SPREAD:g} times of the price without, under "
    "two within as much again; a batch costs no more, a priority no less.",
    advice="look for a unit error in one of the two; if it is true, waive it",
)
BELOW_FLOOR = Rule.of(
    "error TCO115 below-floor",
    title=f"No token costs less than ${FLOOR:g} per million, read from a cache ${CACHED_FLOOR:g}.",
    advice="almost always a price per token or per thousand: multiply; if it is true, waive it",
)
RECORD_FAR_OFF = Rule.of(
    "error TCO111 record-far-off",
    title="A price is less than ten times what the shipped catalog has for the same offer, and "
    "more than a tenth.",
    advice="look for a unit error; a contract that is so far from the list is waived",
)
SELLERS_FAR_OFF = Rule.of(
    "error TCO112 sellers-far-off",
    title="A price is less than ten times what others ask for the same model, and more than a "
    "tenth; of caches of open weights sixty times.",
    advice="look for a unit error or another model; if it is true, waive it",
)
PAIR_FAR_OFF = Rule.of(
    "error TCO116 pair-far-off",
    title="Output, reads and writes of a cache cost as many times the input as at others that sell "
    "the model, give or take.",
    advice="one of the two is in another unit, or of another model; if it is true, waive it",
)
PAIR_FAR = {"output": 5.0, "cached_input": 6.0}
"""Times the median of others from which the ratio to the input is far off; of one other alone, and
of a cache, `LONE_PAIR_FAR`. Of 447 open offers of 2026 four are."""
LONE_PAIR_FAR = 25.0
OF_INPUT = {
    "cached_input": (0.005, math.inf),
    "cache_write": (0.4, 5.0),
    "audio_input": (0.3, 40.0),
}
"""Times the input that others cost: reads 0.008 at least, writes once or twice, sound up to 32."""
DEARER_THAN_STANDARD = Rule.of(
    "warning TCO114 dearer-than-standard",
    title="Batch, flex, spot and off-peak cost no more than the standard service.",
    advice="look whether the two are swapped",
)
CHEAPER = ("batch", "flex", "spot")
"""Services that are sold for less, in exchange for time."""
NEW_KEY = Rule.of(
    "note TCO113 new-key",
    title="Every price of a list is of a kind that is known.",
    advice="its prices are held to cap and floor alone: tell us of the key",
)
NUMBER_RULES = (
    TIER_FAR_OFF,
    BELOW_FLOOR,
    RECORD_FAR_OFF,
    SELLERS_FAR_OFF,
    PAIR_FAR_OFF,
    NEW_KEY,
    DEARER_THAN_STANDARD,
    ABSOLUTE_CAP,
    OUTPUT_BELOW_INPUT,
    CACHED_NOT_BELOW_INPUT,
    BATCH_RATIO,
    HOST_SPREAD,
    ZERO_PRICE,
    NOT_A_PRICE,
)

Named = Iterator[tuple[Rule, str, str]]
"""Rule, the key that it is about, and the message."""


def rate_hits(
    rates: Mapping[str, float | None],
    *,
    base: bool = True,
    kind: str = "text",
    cap: float = CAP,
) -> Named:
    """Return what is wrong with the rates of one price [USD/Mtok], by the names of `Rates`.

    Args:
        base: Whether this is a price without conditions. In a batch, where discounts do not add
            up, cached input may cost what input does.
        kind: `embedding` for what turns text into vectors, which costs a hundredth of text.
        cap: The most that a token of text costs [USD/Mtok].
    """
    cap = EMBEDDING_CAP if kind == "embedding" else cap
    for key, rate in rates.items():
        if rate is None:
            continue
        if not math.isfinite(rate) or rate < 0:
            yield NOT_A_PRICE, key, f"{key} is {rate:g}"
        elif rate > cap:
            yield ABSOLUTE_CAP, key, f"{key} ${show_price(rate)}/Mtok is above ${cap:g}/Mtok"
        elif 0 < rate < (floor := CACHED_FLOOR if key == "cached_input" else FLOOR):
            yield BELOW_FLOOR, key, f"{key} ${rate:.2g}/Mtok is below ${floor:g}/Mtok"
    entry, output, cached = (rates.get(k) for k in ("input", "output", "cached_input"))
    if entry and output and output < entry:
        message = f"output ${show_price(output)} is below input ${show_price(entry)}"
        yield OUTPUT_BELOW_INPUT, "output", message
    if entry and cached is not None and (cached >= entry if base else cached > entry):
        message = f"cached input ${show_price(cached)} is not below input ${show_price(entry)}"
        yield CACHED_NOT_BELOW_INPUT, "cached_input", message


def batch_hits(full: Mapping[str, float | None], batch: Mapping[str, float | None]) -> Named:
    """Return batch rates that are no usual part of the full ones."""
    for key in ("input", "output"):
        rate, of = batch.get(key), full.get(key)
        if not rate or not of or not math.isfinite(rate / of):
            continue
        ratio = rate / of
        if all(abs(ratio - usual) > BATCH_TOLERANCE for usual in BATCH_RATIOS):
            message = f"batch {key} ${show_price(rate)} is {ratio:.3g} times ${show_price(of)}"
            yield BATCH_RATIO, key, message


def tier_hits(
    base: Mapping[str, float | None],
    tier: Mapping[str, float | None],
    conditions: Sequence[str] = (),
) -> Iterator[tuple[Rule, str]]:
    """Return rates under a condition that are far off those without one.

    Args:
        base: The rates without.
        tier: The rates under it.
        conditions: What the condition asks for at once: a service by its name, `over`, `ttl`,
            `region`; what is none of `TIER_SPANS` may be anything within `TIER_SPREAD`.
    """
    spread = TIER_SPREAD * max(len(conditions), 1)
    spans = [TIER_SPANS.get(one, (1 / TIER_SPREAD, TIER_SPREAD)) for one in conditions]
    low = max(1 / spread, math.prod(low for low, _ in spans) if spans else 0.0)
    high = min(spread, math.prod(high for _, high in spans) if spans else spread)
    for key, rate in tier.items():
        of = base.get(key)
        most = spread if key == "cached_input" else high  # reads may cost what a batch's input does
        if rate and of and not low <= rate / of <= most:
            message = f"{key} ${show_price(rate)} is {rate / of:.3g} times ${show_price(of)}"
            yield TIER_FAR_OFF, message


def spread_hit(price: float, middle: float) -> tuple[Rule, str] | None:
    """Return the hit of a blended price that is far off the median of its hosts, if it is."""
    if middle / SPREAD <= price <= middle * SPREAD:
        return None
    far = f"{price / middle:.3g} times" if price > middle else f"1/{middle / price:.3g} of"
    usual = f"${show_price(middle)}/Mtok"
    return HOST_SPREAD, f"${show_price(price)}/Mtok blended is {far} the median of hosts, {usual}"


def far_hits(
    rates: Mapping[str, float | None],
    usual: Mapping[str, float | None],
    rule: Rule,
    who: str,
    far: Mapping[str, float] | None = None,
) -> Named:
    """Return rates that are far off what somebody else says of the same price.

    Args:
        rates: The rates [USD/Mtok].
        usual: What the others say [USD/Mtok].
        rule: The rule that is broken.
        who: Who says so, for the message.
        far: Factors from which a rate is far off, where that is not `FAR` [1].
    """
    for key, rate in rates.items():
        of, limit = usual.get(key), (far or {}).get(key, FAR)
        if rate and of and not 1 / limit < rate / of < limit:
            times = f"{rate / of:.3g} times" if rate > of else f"1/{of / rate:.3g} of"
            shown = show_price(rate) if rate >= FLOOR else f"{rate:.2g}"
            yield rule, key, f"{key} ${shown} is {times} ${show_price(of)}, which {who}"


def pair_hits(rates: Mapping[str, float | None], others: Mapping[str, Sequence[float]]) -> Named:
    """Return rates that are another multiple of the input than at other sellers of the model.

    Args:
        rates: The rates [USD/Mtok].
        others: The rates of the others over their input, by key [1].
    """
    entry = rates.get("input")
    for key, far in PAIR_FAR.items() if entry else ():
        rate, seen = rates.get(key), others.get(key) or ()
        if not rate or not entry or not seen:
            continue
        of, limit = median(seen), LONE_PAIR_FAR if key == "cached_input" and len(seen) < 2 else far
        if not 1 / limit <= rate / entry / of <= limit:
            said = f"{key} is {rate / entry:.3g} times the input, at others {of:.3g} times"
            yield PAIR_FAR_OFF, key, said
    for key, (low, high) in OF_INPUT.items():
        rate = rates.get(key)
        if entry and rate and not low <= rate / entry <= high:
            yield PAIR_FAR_OFF, key, f"{key} is {rate / entry:.3g} times the input"


def dearer_hits(full: Mapping[str, float | None], cheap: Mapping[str, float | None]) -> Named:
    """Return rates of a service that is sold for less which cost more than the standard ones."""
    for key in ("input", "output"):
        rate, of = cheap.get(key), full.get(key)
        if rate and of and rate > of:
            yield DEARER_THAN_STANDARD, key, f"{key} ${show_price(rate)} against ${show_price(of)}"


# TCO1xx: prices that cannot be what the vendor meant.

JUMP = 10.0

PRICE_JUMP = Rule.of(
    "warning TCO108 price-jump",
    title=f"From one window to the next a price moves by less than {JUMP:g} times.",
    advice="look for a unit error in one of the windows; if it is true, waive it",
)
UNREACHABLE = Rule.of(
    "error TCO110 unreachable-modifier",
    title="A request that fits in the context can be long enough for every context tier.",
    advice="say in the window's `context_tokens` what it was then, or leave the modifier out",
)
RULES = (*NUMBER_RULES, PRICE_JUMP, UNREACHABLE)


def hits(subject: CheckContext) -> Iterator[Hit]:
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


def _unreachable(subject: CheckContext) -> Iterator[Hit]:
    """Return the context tiers that begin where no request gets to."""
    for loc, offer, price in subject.prices():
        model = subject.models.get(offer.model)
        context = context_limit(price, offer, model) if model is not None else None
        for i, modifier in enumerate(price.modifiers):
            limit = modifier.when.input_tokens_over
            if context is not None and limit is not None and limit >= context:
                message = f"begins above {limit:,} tokens, but a request has {context:,} at most"
                yield Hit(UNREACHABLE, (*loc, "modifiers", i), message)


def _rates(loc: Loc, rates: Rates) -> Iterator[Hit]:
    if rates.input is None and rates.output is not None:
        yield Hit(NOT_A_PRICE, loc, "input has no price, so nothing is billed")
    for rule, key, message in rate_hits(dict(rates)):
        yield Hit(rule, (*loc, key), message)


def _price(loc: Loc, price: Price) -> Iterator[Hit]:
    base = price.usd_per_mtok
    yield from _rates((*loc, "usd_per_mtok"), base)
    for i, modifier in enumerate(price.modifiers):
        here = (*loc, "modifiers", i)
        rates = _modified(base, modifier)
        for rule, _, message in rate_hits(rates, base=False, cap=TIER_CAP):
            yield Hit(rule, here, message)
        for rule, message in tier_hits(dict(base), rates, conditions(modifier.when)):
            yield Hit(rule, here, message)
        if modifier.when.service in CHEAPER:
            for rule, _, message in dearer_hits(_full(price, modifier), rates):
                yield Hit(rule, here, message)
        if modifier.when.service == "batch":
            for rule, _, message in batch_hits(_full(price, modifier), rates):
                yield Hit(rule, here, message)


def conditions(when: When) -> tuple[str, ...]:
    """Return what a condition asks for at once, in the words of `TIER_SPANS`."""
    asked = (("over", when.input_tokens_over), ("ttl", when.cache_ttl), ("region", when.region))
    hours = ("hours",) if when.hours or when.weekdays else ()
    services = (when.service,) if when.service else ()
    return (*services, *(name for name, value in asked if value is not None), *hours)


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


def _spread(subject: CheckContext) -> Iterator[Hit]:
    """Return offers of open weights whose price is far off what others ask for them."""
    for loc, offer in subject.section("offers"):
        middle = subject.host_medians.get(offer.model)
        if middle is None or retired(offer, subject.as_of):
            continue
        price = price_at(offer, subject.as_of, subject.offers)
        blend = blended(price.usd_per_mtok) if price is not None else None
        hit = spread_hit(blend, middle) if blend is not None else None
        if hit is not None:
            yield Hit(hit[0], loc, hit[1])


def _record(subject: CheckContext) -> Iterator[Hit]:
    """Return prices of an overlay that are far off what the catalog under it has."""
    for loc, offer, price in subject.prices():
        old = subject.shipped.get(offer.id)
        if old is None or not _counts(price, subject):
            continue
        day = max(price.since, subject.as_of)
        of = price_at(old, day, subject.shipped) or (old.prices[-1] if old.prices else None)
        if of is None:
            continue
        who = "the shipped record has"
        usual = dict(of.usd_per_mtok)
        for rule, key, said in far_hits(dict(price.usd_per_mtok), usual, RECORD_FAR_OFF, who):
            yield Hit(rule, (*loc, "usd_per_mtok", key), said)
        yield from _record_modifiers(loc, price, of)


def _counts(price: Price, context: CheckContext) -> bool:
    """Return whether a window holds on the day or will."""
    return price.until is None or price.until > context.as_of


def _record_modifiers(loc: Loc, price: Price, of: Price) -> Iterator[Hit]:
    """Return prices under a condition that are far off those of the record under the same."""
    for i, modifier in enumerate(price.modifiers):
        same = next((m for m in of.modifiers if m.when == modifier.when), None)
        if same is None:
            continue
        rates = _modified(price.usd_per_mtok, modifier)
        usual = _modified(of.usd_per_mtok, same)
        who = "the shipped record has"
        for rule, _, said in far_hits(rates, usual, RECORD_FAR_OFF, who):
            yield Hit(rule, (*loc, "modifiers", i), said)


CACHES = dict.fromkeys(CACHE, CACHE_FAR)


def _sellers(subject: CheckContext) -> Iterator[Hit]:
    """Return prices that are far off what all others ask for the same model."""
    for loc, offer, price in subject.prices():
        if not _counts(price, subject) or retired(offer, subject.as_of):
            continue
        # Discounts of caches differ tenfold among hosts of open weights, not of closed ones.
        far = CACHES if subject.is_open(offer.model) else {}
        usual = {key: subject.usual(offer, key) for key, _ in price.usd_per_mtok}
        rates = dict(price.usd_per_mtok)
        for rule, key, said in far_hits(rates, usual, SELLERS_FAR_OFF, OTHERS_ASK, far):
            yield Hit(rule, (*loc, "usd_per_mtok", key), said)
        shapes = {key: subject.shape(offer, key) for key in PAIR_FAR}
        for rule, key, said in pair_hits(rates, shapes):
            yield Hit(rule, (*loc, "usd_per_mtok", key), said)
        for i, modifier in enumerate(price.modifiers):
            rates = _modified(price.usd_per_mtok, modifier)
            usual = {key: subject.usual(offer, key, modifier.when) for key in rates}
            for rule, _, said in far_hits(rates, usual, SELLERS_FAR_OFF, OTHERS_ASK, far):
                yield Hit(rule, (*loc, "modifiers", i), said)
            for rule, _, said in pair_hits(rates, {}):
                yield Hit(rule, (*loc, "modifiers", i), said)


OTHERS_ASK = "other sellers ask"


def _jumps(subject: CheckContext) -> Iterator[Hit]:
    for loc, offer in subject.section("offers"):
        listed = [(i, p) for i, p in enumerate(offer.prices) if p.status == "list"]
        for (_, before), (i, after) in pairwise(listed):
            one, other = blended(before.usd_per_mtok), blended(after.usd_per_mtok)
            if one and other and not 1 / JUMP < other / one < JUMP:
                message = f"the blended price moves by {other / one:.3g} times on {after.since}"
                yield Hit(PRICE_JUMP, (*loc, "prices", i), message)
