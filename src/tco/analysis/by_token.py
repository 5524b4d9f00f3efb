"""Every offer by the token that the catalogs know, at its price of the day, or why it has none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tco.analysis.buying import at_provider, missing
from tco.analysis.inputs import DAYS_OF_A_MONTH, Inputs
from tco.analysis.offers import days_of, terms_of, too_fast
from tco.analysis.options import Later, LeftOut, Tier, TokenOption
from tco.analysis.rates import tier_factors
from tco.analysis.select import Selection
from tco.analysis.settings import image_tokens
from tco.catalog.lookup import context_limit, next_change, retired
from tco.catalog.trust import Trust, offer_trust
from tco.show import show_tokens

if TYPE_CHECKING:
    from tco.catalog.prices import Offer, Price

    Month = list[tuple[float, Price | None]]

NEAR_A_LIMIT = 4.0
"""Around a mean within this factor of a context tier's limit, requests lie on both sides of it."""

CHANGE_WITHIN_DAYS = 90
"""A scheduled price that begins within so many days is told."""


def token_options(inputs: Inputs, selection: Selection) -> tuple[list[TokenOption], list[LeftOut]]:
    """Return the priced offers that the selection lets through, and those without a price."""
    found: list[TokenOption] = []
    missing: list[LeftOut] = []
    for offer in inputs.catalog.prices.offers:
        model = inputs.catalog.models.models[offer.model]
        if model.kind != "chat" or not selection.offer(offer, model):
            continue
        made = token_option(inputs, offer)
        if isinstance(made, TokenOption):
            found.append(made)
        elif selection.named(offer):
            missing.append(made)
    return found, missing


def token_option(inputs: Inputs, offer: Offer) -> TokenOption | LeftOut:
    """Return an offer at its price of the day, or why it has none."""
    model = inputs.catalog.models.models[offer.model]
    tier: Tier = "hosted" if model.weights == "open" else "api"
    month = days_of(offer, inputs)
    price = month[0][1]
    reasons = _why_no_price(offer, inputs) if price is None else _refused(offer, month, inputs)
    reasons = reasons or _ends(month)
    if price is None or reasons or price.usd_per_mtok.output is None:
        return LeftOut(
            id=offer.id,
            tier=tier,
            model=offer.model,
            provider=offer.provider,
            reasons=reasons or ("no price for output tokens in the catalog",),
        )
    buying = at_provider(inputs.buying, inputs.catalog.prices.providers.get(offer.provider))
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
            Later(share=share, rates=p.usd_per_mtok, modifiers=list(p.modifiers))
            for share, p in month[1:]
            if p is not None
        ),
        terms=terms_of(offer),
        buying=buying,
        tokens_factor=inputs.tokens_factor(offer.model),
        trust=_trust(offer, month, inputs),
        cache_min_tokens=offer.cache_min_tokens or 0,
        context_tokens=_shortest(offer, month, inputs),
        notes=(
            *_notes(offer, inputs),
            *missing(buying, price.modifiers),
            *_thinking(price, inputs),
            *_batch_cache(price, inputs),
            *_unwritten(price, offer, inputs),
            *_one_length(price, offer, inputs),
        ),
    )


def _trust(offer: Offer, month: Month, inputs: Inputs) -> Trust:
    """Return how far an offer's prices can be trusted: those of a month, the least of them."""
    known = [price for _, price in month if price is not None]
    found = [offer_trust(inputs.catalog, offer, price, inputs.day) for price in known]
    return min(found, key=lambda trust: trust.rank)


def _refused(offer: Offer, month: Month, inputs: Inputs) -> tuple[str, ...]:
    """Return why an offer does not answer this workload: its context, or its rate limits."""
    return _too_long(offer, _shortest(offer, month, inputs), inputs) or too_fast(offer, inputs)


def _shortest(offer: Offer, month: Month, inputs: Inputs) -> int | None:
    """Return the context that holds on every day of the month [token/request]."""
    model = inputs.catalog.models.models[offer.model]
    limits = [context_limit(p, offer, model) for _, p in month if p is not None]
    return min((limit for limit in limits if limit), default=None)


def has_price(inputs: Inputs, offer: Offer) -> bool:
    """Return whether an offer can be bought for the load, all of the month that is asked about."""
    month = days_of(offer, inputs)
    priced = all(p is not None and p.usd_per_mtok.output is not None for _, p in month)
    return priced and not _refused(offer, month, inputs)


def _ends(month: Month) -> tuple[str, ...]:
    """Return that an offer does not last for the month that is asked about."""
    days = sum(share for share, price in month if price is not None) * DAYS_OF_A_MONTH
    if all(price is not None for _, price in month):
        return ()
    return (f"it has a price on {days:.0f} of the month's {DAYS_OF_A_MONTH} days only",)


def _thinking(price: Price, inputs: Inputs) -> tuple[str, ...]:
    """Return that hidden reasoning has a price of its own, and no output is said to be any."""
    rate, factor = price.usd_per_mtok.reasoning_output, "workload.reasoning_factor"
    if rate in (None, price.usd_per_mtok.output) or np.any(inputs.settings.value(factor) != 1.0):
        return ()
    return (f"hidden reasoning costs ${rate:g} per Mtok: --set {factor}=2 adds some",)


def _batch_cache(price: Price, inputs: Inputs) -> tuple[str, ...]:
    """Return that batches pay for cached input as for other, when the load has any of both."""
    batch = float(np.asarray(inputs.settings.value("workload.batch_share")))
    tier = next((m.usd_per_mtok for m in price.modifiers if m.when.service == "batch"), None)
    if not batch or not _cached(inputs) or price.usd_per_mtok.cached_input is None:
        return ()
    if tier is None or tier.cached_input is not None:
        return ()
    return ("no price of cached input in batches: as other input",)


def _unwritten(price: Price, offer: Offer, inputs: Inputs) -> tuple[str, ...]:
    """Return that the writing of a cache that is read costs more than input, and is left out."""
    rates = price.usd_per_mtok
    read = _cached(inputs) and rates.cached_input is not None and not _too_short(offer, inputs)
    dearer = (rates.cache_write or 0.0) > (rates.input or 0.0)
    if not (read and dearer) or np.any(inputs.settings.value("workload.cache_write_share")):
        return ()
    return ("cache writes left out: --cache-write 10% adds them",)


def _one_length(price: Price, offer: Offer, inputs: Inputs) -> tuple[str, ...]:
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


def _why_no_price(offer: Offer, inputs: Inputs) -> tuple[str, ...]:
    if offer.gone:
        return (f"no price any more: {offer.gone}",)
    if retired(offer, inputs.day):
        return (f"retired on {offer.retires}",)
    first = min((p.since for p in offer.prices), default=None)
    if first and inputs.day < first:
        return (f"no price on {inputs.day}: the first known one is of {first}",)
    return (f"no price on {inputs.day} in the catalog",)


def _too_long(offer: Offer, limit: int | None, inputs: Inputs) -> tuple[str, ...]:
    need = tokens_per_request(inputs)
    if limit and need > limit:
        return (f"a request of {need:,.0f} tokens is longer than its context of {limit:,}",)
    osl, most = float(inputs.settings.value("workload.osl")), offer.max_output_tokens
    if most and osl > most:
        return (f"an output of {osl:,.0f} tokens is longer than the {most:,} it gives",)
    return ()


def _too_short(offer: Offer, inputs: Inputs) -> bool:
    """Return whether requests are shorter than what the provider caches at all."""
    isl = _isl(inputs) * inputs.tokens_factor(offer.model)
    return isl < (offer.cache_min_tokens or 0)


def tokens_per_request(inputs: Inputs) -> float:
    """Return the input and output of a request, images included [token/request]."""
    return _isl(inputs) + float(inputs.settings.value("workload.osl"))


def _isl(inputs: Inputs) -> float:
    """Return the input of a request, images included [token/request]."""
    return float(np.asarray(inputs.settings.value("workload.isl") + image_tokens(inputs.settings)))


def _notes(offer: Offer, inputs: Inputs) -> tuple[str, ...]:
    notes = []
    if offer.retires and offer.retires > inputs.day:
        notes.append(f"retires {offer.retires}")
    if offer.discount is not None:
        notes.append(f"{offer.discount.multiply:g} x {offer.discount.of}")
    written = np.any(inputs.settings.value("workload.cache_write_share"))
    if offer.cache_min_tokens and _too_short(offer, inputs) and (written or _cached(inputs)):
        notes.append(f"caches nothing below {offer.cache_min_tokens:,} tokens")
    return (*notes, *_coming(offer, inputs))


def _cached(inputs: Inputs) -> bool:
    return float(inputs.settings.value("workload.cached_share")) > 0.0


def _coming(offer: Offer, inputs: Inputs) -> tuple[str, ...]:
    """Return the next change of the price, when it lies within the horizon."""
    change = next_change(offer, inputs.day, inputs.catalog.offers)
    if change is None or (change[0] - inputs.day).days > CHANGE_WITHIN_DAYS or change[1] is None:
        return ()
    rates = change[1].usd_per_mtok
    return (f"from {change[0]} {rates.input:g} in and {rates.output or 0:g} out per Mtok",)
