"""Every offer by the token that the catalogs know, at its price of the day, and its terms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from tco.catalog.lookup import context_limit, next_change, price_at, retired
from tco.catalog.trust import Trust, offer_trust
from tco.engine.ledger import Terms
from tco.options.bills import LeftOut, Option, Tier, TokenOption
from tco.options.prices import SHORTEST, at_provider, minutes, missing, tier_factors
from tco.options.question import DAYS_OF_A_MONTH, Question
from tco.options.selection import Selection, elsewhere
from tco.options.settings import Settings, image_tokens, workload
from tco.units import show_rate, show_tokens

if TYPE_CHECKING:
    from tco.catalog.prices import Offer, Price
    from tco.options.prices import Buying
    from tco.options.sessions import Caching


# What an offer says beyond its prices: free tokens, minimums, rate limits, changes to come.


def terms_of(offer: Offer) -> Terms | None:
    """Return what an offer gives away and what it asks for at least; None for neither."""
    if offer.free is None and offer.minimum_usd_per_month is None:
        return None
    return Terms(
        free_tokens=offer.free.tokens_per_month if offer.free else 0.0,
        commit_usd_per_month=offer.minimum_usd_per_month or 0.0,
    )


def too_fast(offer: Offer, inputs: Question) -> tuple[str, ...]:
    """Return the rate limits that the busiest hour exceeds."""
    if not (offer.requests_per_minute or offer.tokens_per_minute) or not inputs.volume_given:
        return ()
    load = workload(inputs.settings)
    peak = float(np.asarray(load.peak_requests_per_s)) * 60.0
    tokens = peak * float(np.asarray(load.tokens_per_request))
    rows = (
        (peak, offer.requests_per_minute, "requests"),
        (tokens, offer.tokens_per_minute, "tokens"),
    )
    return tuple(
        f"the busiest hour has {need:,.0f} {what} a minute, its limit is {limit:,}"
        for need, limit, what in rows
        if limit is not None and need > limit
    )


def days_of(offer: Offer, inputs: Question) -> list[tuple[float, Price | None]]:
    """Return the prices of the month, in the order of its days, with the share of the days each.

    That is the price of the day alone, for all of them, unless the whole month was asked for. A
    price of None: the provider does not answer then, or nobody knows for how much.
    """
    if not inputs.request.by_day:
        return [(1.0, _price_on(offer, inputs.day, inputs))]
    found: list[tuple[int, Price | None]] = []
    for n in range(DAYS_OF_A_MONTH):
        price = _price_on(offer, inputs.day + timedelta(days=n), inputs)
        if found and _same(found[-1][1], price):
            found[-1] = (found[-1][0] + 1, found[-1][1])
        else:
            found.append((1, price))
    return [(days / DAYS_OF_A_MONTH, price) for days, price in found]


def _price_on(offer: Offer, day: date, inputs: Question) -> Price | None:
    """Return the price of an offer that is still answered for on a day."""
    return None if retired(offer, day) else price_at(offer, day, inputs.catalog.offers)


def _same(one: Price | None, other: Price | None) -> bool:
    if one is None or other is None:
        return one is other
    return (one.usd_per_mtok, one.modifiers) == (other.usd_per_mtok, other.modifiers)


def changes_soon(inputs: Question, used: Sequence[Option]) -> list[str]:
    """Return a warning for each offer whose price changes inside the month that is asked about."""
    if inputs.request.by_day:
        return []
    ids = {o.id for o in used if isinstance(o, TokenOption)}
    end = inputs.day + timedelta(days=DAYS_OF_A_MONTH)
    out = []
    for name, offer in inputs.catalog.offers.items():
        if name not in ids:
            continue
        days = [p.since for p in offer.prices if p.status != "cancelled"]
        days = [day for day in days if inputs.day < day <= end]
        if days:
            out.append(
                f"{name}: its price changes on {min(days)}, inside the month; --by-day weighs both"
            )
        if offer.retires and inputs.day <= offer.retires <= end:
            out.append(f"{name}: retires on {offer.retires}, inside the month")
    return out


# Every offer by the token that the catalogs know, at its price of the day, or why it has none.

if TYPE_CHECKING:
    Month = list[tuple[float, Price | None]]

NEAR_A_LIMIT = 4.0
"""Around a mean within this factor of a context tier's limit, requests lie on both sides of it."""

CHANGE_WITHIN_DAYS = 90
"""A scheduled price that begins within so many days is told."""


def token_options(
    inputs: Question, selection: Selection
) -> tuple[list[TokenOption], list[LeftOut]]:
    """Return the priced offers that the selection lets through, and those without a price."""
    found: list[TokenOption] = []
    missing: list[LeftOut] = []
    wanted = frozenset(selection.models or selection.within)
    for offer in [o for o in inputs.catalog.prices.offers if not wanted or o.model in wanted]:
        model = inputs.catalog.models.models[offer.model]
        if model.kind != "chat" or not selection.offer(offer, model):
            continue
        made = token_option(inputs, offer)
        if isinstance(made, TokenOption):
            found.append(made)
        elif selection.named(offer) or _left_by_region(inputs, offer):
            missing.append(made)
    return found, missing


def _left_by_region(inputs: Question, offer: Offer) -> bool:
    """Return whether an offer is left out for its region, and is listed for that."""
    return bool(elsewhere(inputs, offer, _price_on(offer, inputs.day, inputs)))


def token_option(inputs: Question, offer: Offer) -> TokenOption | LeftOut:
    """Return an offer at its price of the day, or why it has none."""
    model = inputs.catalog.models.models[offer.model]
    tier: Tier = "hosted" if model.weights == "open" else "api"
    month = days_of(offer, inputs)
    price = month[0][1]
    reasons = _why_no_price(offer, inputs) if price is None else _refused(offer, month, inputs)
    reasons = reasons or _ends(month) or _half_priced(month)
    if price is None or reasons:
        return LeftOut(
            id=offer.id,
            tier=tier,
            model=offer.model,
            provider=offer.provider,
            reasons=reasons,
        )
    buying = _buying(inputs, offer, price)
    caching = _caching(inputs, offer, price, buying)
    return TokenOption(
        id=offer.id,
        tier=tier,
        model=offer.model,
        provider=offer.provider,
        rates=price.usd_per_mtok,
        modifiers=list(price.modifiers),
        origin="catalog",
        source=price.evidence[0].source,
        checked=price.checked,
        later=tuple(
            (share, p.usd_per_mtok, list(p.modifiers)) for share, p in month[1:] if p is not None
        ),
        terms=terms_of(offer),
        buying=buying,
        tokens_factor=inputs.tokens_factor(offer.model),
        tries=inputs.tries(offer.model),
        trust=_trust(offer, month, inputs),
        caching=caching,
        cache_min_tokens=offer.cache_min_tokens or 0,
        context_tokens=_shortest(offer, month, inputs),
        notes=(*_notes(offer, inputs), *_of_price(inputs, offer, price, buying, caching)),
    )


def _of_price(
    inputs: Question, offer: Offer, price: Price, buying: Buying, caching: Caching | None
) -> Iterator[str]:
    """Yield what a reader should know of a price as it is bought."""
    yield from missing(buying, price.modifiers)
    yield from _thinking(price, inputs)
    yield from _batch_cache(price, inputs)
    if caching is None:
        yield from _unwritten(price, offer, inputs)
    yield from _one_length(price, offer, inputs)


def _buying(inputs: Question, offer: Offer, price: Price) -> Buying:
    """Return how tokens are bought of an offer: a cache that its usual price covers, at that."""
    buying = at_provider(inputs.buying, inputs.catalog.prices.providers.get(offer.provider))
    if buying.cache_ttl is None:
        return buying
    from tco.options.sessions import usual_lifetime

    written = price.usd_per_mtok.cache_write is not None
    usual = usual_lifetime(inputs.catalog, offer, written=written) or SHORTEST
    covered = minutes(buying.cache_ttl) <= minutes(usual)
    return replace(buying, cache_ttl=SHORTEST) if covered else buying


def _caching(inputs: Question, offer: Offer, price: Price, buying: Buying) -> Caching | None:
    """Return what an offer's cache keeps of the profile's sessions; None where it has none."""
    if inputs.gaps is None:
        return None
    from tco.options.sessions import caching_of, usual_lifetime

    rates = price.usd_per_mtok
    usual = usual_lifetime(inputs.catalog, offer, written=rates.cache_write is not None)
    return caching_of(inputs.settings, inputs.gaps, rates, price.modifiers, buying, usual)


def _trust(offer: Offer, month: Month, inputs: Question) -> Trust:
    """Return how far an offer's prices can be trusted: those of a month, the least of them."""
    known = [price for _, price in month if price is not None]
    found = [offer_trust(inputs.catalog, offer, price, inputs.day) for price in known]
    return min(found, key=lambda trust: trust.rank)


def _refused(offer: Offer, month: Month, inputs: Question) -> tuple[str, ...]:
    """Return why an offer does not answer: its region, its context, or its rate limits."""
    return (
        elsewhere(inputs, offer, month[0][1])
        or _too_long(offer, _shortest(offer, month, inputs), inputs)
        or too_fast(offer, inputs)
    )


def _shortest(offer: Offer, month: Month, inputs: Question) -> int | None:
    """Return the context that holds on every day of the month [token/request]."""
    model = inputs.catalog.models.models[offer.model]
    limits = [context_limit(p, offer, model) for _, p in month if p is not None]
    return min((limit for limit in limits if limit), default=None)


def has_price(inputs: Question, offer: Offer) -> bool:
    """Return whether an offer can be bought for the load, all of the month that is asked about."""
    month = days_of(offer, inputs)
    priced = all(p is not None for _, p in month) and not _half_priced(month)
    return priced and not _refused(offer, month, inputs)


def _half_priced(month: Month) -> tuple[str, ...]:
    """Return which of input and output has no price, on some day of the month."""
    rates = [price.usd_per_mtok for _, price in month if price is not None]
    lacking = [key for key in ("output", "input") if any(getattr(r, key) is None for r in rates)]
    return (f"no price for {' and '.join(lacking)} tokens in the catalog",) if lacking else ()


def _ends(month: Month) -> tuple[str, ...]:
    """Return that an offer does not last for the month that is asked about."""
    days = sum(share for share, price in month if price is not None) * DAYS_OF_A_MONTH
    if all(price is not None for _, price in month):
        return ()
    return (f"it has a price on {days:.0f} of the month's {DAYS_OF_A_MONTH} days only",)


def _thinking(price: Price, inputs: Question) -> tuple[str, ...]:
    """Return that hidden reasoning has a price of its own, and no output is said to be any."""
    rate, factor = price.usd_per_mtok.reasoning_output, "workload.reasoning_factor"
    if rate in (None, price.usd_per_mtok.output) or np.any(inputs.settings.value(factor) != 1.0):
        return ()
    return (f"hidden reasoning costs {show_rate(rate)} per Mtok: --set {factor}=2 adds some",)


def _batch_cache(price: Price, inputs: Question) -> tuple[str, ...]:
    """Return what batches pay for at another price: everything, or cached input as other input."""
    batch = float(np.asarray(inputs.settings.value("workload.batch_share")))
    tiers = [m.usd_per_mtok for m in price.modifiers if m.when.service == "batch"]
    if batch and not tiers:
        return ("no batch tier: its usual price",)
    tier = tiers[0] if tiers else None
    if not batch or not _cached(inputs) or price.usd_per_mtok.cached_input is None:
        return ()
    if tier is None or tier.cached_input is not None:
        return ()
    return ("no price of cached input in batches: as other input; sent at once where that is less",)


def _unwritten(price: Price, offer: Offer, inputs: Question) -> tuple[str, ...]:
    """Return that the writing of a cache that is read costs more than input, and is left out."""
    rates = price.usd_per_mtok
    read = _cached(inputs) and rates.cached_input is not None and not _too_short(offer, inputs)
    dearer = (rates.cache_write or 0.0) > (rates.input or 0.0)
    if not (read and dearer) or np.any(inputs.settings.value("workload.cache_write_share")):
        return ()
    return ("cache writes left out: --cache-write 10% adds them",)


def _one_length(price: Price, offer: Offer, inputs: Question) -> tuple[str, ...]:
    """Return that a mix of requests would reach both sides of a context tier's limit."""
    if np.any(inputs.settings.value("workload.length_cv")) or inputs.buying.lengths is not None:
        return ()
    isl = _isl(inputs) * inputs.tokens_factor(offer.model)
    near = [
        (limit, factor)
        for limit, factor in tier_factors(price.usd_per_mtok, price.modifiers)
        if limit / NEAR_A_LIMIT <= isl <= limit * NEAR_A_LIMIT
    ]
    if not near:
        return ()
    limit, factor = min(near, key=lambda tier: abs(np.log(isl / tier[0])))
    return (
        f"all requests taken as equally long: above {show_tokens(limit)} tokens input costs "
        f"{factor:.3g}x; --set workload.length_cv=1 mixes lengths",
    )


def _why_no_price(offer: Offer, inputs: Question) -> tuple[str, ...]:
    if offer.gone:
        return (f"no price any more: {offer.gone}",)
    if retired(offer, inputs.day):
        return (f"retired on {offer.retires}",)
    first = min((p.since for p in offer.prices), default=None)
    if first and inputs.day < first:
        return (f"no price on {inputs.day}: the first known one is of {first}",)
    return (f"no price on {inputs.day} in the catalog",)


def _too_long(offer: Offer, limit: int | None, inputs: Question) -> tuple[str, ...]:
    need = tokens_per_request(inputs)
    if limit and need > limit:
        return (f"a request of {need:,.0f} tokens is longer than its context of {limit:,}",)
    osl, most = _written(inputs), offer.max_output_tokens
    if most and osl > most:
        return (f"an output of {osl:,.0f} tokens is longer than the {most:,} it gives",)
    return ()


def _too_short(offer: Offer, inputs: Question) -> bool:
    """Return whether requests are shorter than what the provider caches at all."""
    isl = _isl(inputs) * inputs.tokens_factor(offer.model)
    return isl < (offer.cache_min_tokens or 0)


def tokens_per_request(inputs: Question) -> float:
    """Return the input and output of a request, images included [token/request]."""
    return _isl(inputs) + _written(inputs)


def _written(inputs: Question) -> float:
    """Return the output of a request, thinking that nobody sees included [token/request]."""
    return inputs.settings.once(_usual_osl)  # asked for every offer there is


def _usual_osl(settings: Settings) -> float:
    value = settings.value
    return float(np.max(value("workload.osl") * value("workload.reasoning_factor")))


def _isl(inputs: Question) -> float:
    """Return the input of a request, images included [token/request]."""
    return inputs.settings.once(_usual_isl)


def _usual_isl(settings: Settings) -> float:
    return float(np.asarray(settings.value("workload.isl") + image_tokens(settings)))


def _notes(offer: Offer, inputs: Question) -> tuple[str, ...]:
    notes = []
    if offer.retires and offer.retires > inputs.day:
        notes.append(f"retires {offer.retires}")
    if offer.discount is not None:
        notes.append(f"{offer.discount.multiply:g} x {offer.discount.of}")
    written = np.any(inputs.settings.value("workload.cache_write_share"))
    if offer.cache_min_tokens and _too_short(offer, inputs) and (written or _cached(inputs)):
        notes.append(f"caches nothing below {offer.cache_min_tokens:,} tokens")
    return (*notes, *_coming(offer, inputs))


def _cached(inputs: Question) -> bool:
    return float(inputs.settings.value("workload.cached_share")) > 0.0


def _coming(offer: Offer, inputs: Question) -> tuple[str, ...]:
    """Return the next change of the price, when it lies within the horizon."""
    change = _next(offer, inputs)
    if change is None:
        return ()
    rates = change[1].usd_per_mtok
    return (f"from {change[0]} {rates.input:g} in and {rates.output or 0:g} out per Mtok",)


def _next(offer: Offer, inputs: Question) -> tuple[date, Price] | None:
    change = next_change(offer, inputs.day, inputs.catalog.offers)
    if change is None or (change[0] - inputs.day).days > CHANGE_WITHIN_DAYS or change[1] is None:
        return None
    return change[0], change[1]


def coming(option: TokenOption, inputs: Question) -> tuple[int, float] | None:
    """Return in how many days a price of the catalog changes, and times what; None when not soon.

    The factor is that of a request of the month's lengths that caches nothing [day, 1].
    """
    offer = inputs.catalog.offers.get(option.id)
    change = None if offer is None or option.later else _next(offer, inputs)
    if change is None:
        return None
    now, then = (
        _isl(inputs) * (r.input or 0.0) + _written(inputs) * (r.output or 0.0)
        for r in (option.rates, change[1].usd_per_mtok)
    )
    return (change[0] - inputs.day).days, then / now if now > 0 else np.inf
