"""What a token costs for a workload of a given shape: base price and the modifiers that apply."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tco.analysis.buying import LIST_PRICE, Buying, as_sold, clock_of, lengths, week_share
from tco.engine.ledger import Origin
from tco.engine.shapes import Floats, Number
from tco.engine.tokens import TokenRates

if TYPE_CHECKING:
    from tco.catalog.prices import Modifier, Rates


ANSWERS = ("output", "reasoning_output")
CACHED = ("cached_input", "cache_write")
FOLLOWS = {"cached_input": "input", "cache_write": "input", "reasoning_output": "output"}
"""Prices that follow another one where they are not named."""


def token_rates(
    rates: Rates,
    modifiers: list[Modifier],
    *,
    isl: Number,
    length_cv: Number = 0.0,
    cache_min_tokens: int = 0,
    buying: Buying = LIST_PRICE,
    factor: Number = 1.0,
    holidays_per_year: Number = 0.0,
    origin: Origin = "catalog",
    source: str = "",
) -> TokenRates:
    """Return the prices of plain and batch tokens for requests of one length.

    Conditions of different kinds combine, each as a factor on the base price: context length by
    the length of each request, hours of the week by their share of the load, batch for the batch
    tier. Regions, cache lifetimes and other service tiers apply only when asked for, to all but
    batch requests as far as services go.

    Args:
        rates: Base prices [USD/Mtok]; `input` and `output` must be there.
        modifiers: What changes them.
        isl: Mean input of a request [token/request].
        length_cv: Standard deviation of that over the mean; 0 for requests of one length [1].
        cache_min_tokens: Input below which a request is neither read from a cache nor written to
            one: it pays for plain input [token/request].
        buying: Service tier, region, cache lifetime and load of the week.
        factor: Factor on all prices [1].
        holidays_per_year: Working days that count as holidays, where a modifier knows holidays
            [day/year].
        origin, source: Who said so.

    Raises:
        ValueError: There is no input or no output price.
    """
    if rates.input is None or rates.output is None:
        raise ValueError("a price for input and one for output are needed")
    base = {
        "input": rates.input * factor,
        "output": rates.output * factor,
        # No cache price of its own: cached tokens pay the full input price, never nothing.
        "cached_input": _or(rates.cached_input, rates.input) * factor,
        "cache_write": _or(rates.cache_write, rates.input) * factor,
    }
    if _thinks_apart(rates, modifiers):
        base["reasoning_output"] = _or(rates.reasoning_output, rates.output) * factor
    buying = as_sold(buying, modifiers)
    plain = [m for m in modifiers if not _on_demand(m)]
    inputs = _Inputs.of(isl, length_cv, buying)
    known = any(m.when.holidays for m in plain)
    hours = _Hours(buying=buying, holidays_per_year=holidays_per_year if known else 0.0)
    asked = [m for m in modifiers if _asked_for(m, buying)]
    base = {
        key: price
        * _context_factor(plain, key, rates, inputs, hours)
        * _week_factor(plain, key, rates, hours)
        * _product(asked, key, rates)
        for key, price in base.items()
    }
    batch = _batch(base, rates, modifiers)
    service = [m for m in modifiers if buying.service and m.when.service == buying.service]
    base = {key: price * _product(service[:1], key, rates) for key, price in base.items()}
    short = _short_share(inputs, cache_min_tokens)
    base, batch = (_with_short(prices, short) for prices in (base, batch))
    return TokenRates(
        input=base["input"],
        output=base["output"],
        cached_input=base["cached_input"],
        batch_input=batch["input"],
        batch_output=batch["output"],
        batch_cached_input=batch["cached_input"],
        cache_write=base["cache_write"],
        batch_cache_write=batch["cache_write"],
        reasoning_output=base.get("reasoning_output"),
        batch_reasoning_output=batch.get("reasoning_output"),
        origin=origin,
        source=source,
    )


def _thinks_apart(rates: Rates, modifiers: list[Modifier]) -> bool:
    """Return whether hidden reasoning has a price of its own, here or under some condition."""
    some = (rates, *(m.usd_per_mtok for m in modifiers if m.usd_per_mtok is not None))
    return any(one.reasoning_output is not None for one in some)


def _short_share(inputs: _Inputs, least: int) -> Number:
    """Return the share of the cached input that lies in requests too short to be cached [1]."""
    if not least:
        return 0.0
    weights = inputs.weight("cached_input")
    pairs = zip(inputs.isl, weights, strict=True)
    short = sum(np.where(isl < least, weight, 0.0) for isl, weight in pairs)
    share: Number = short / sum(weights)
    return share


def _with_short(prices: dict[str, Number], short: Number) -> dict[str, Number]:
    """Return prices of which a share of cached and written input is plain input after all."""
    if not np.any(short):
        return prices
    plain = prices["input"]
    cached = {key: prices[key] + short * (plain - prices[key]) for key in CACHED}
    return {**prices, **cached}


def _or(value: float | None, other: float) -> float:
    return other if value is None else value


def _on_demand(modifier: Modifier) -> bool:
    """Return whether a modifier applies only to those who ask for it."""
    return bool(modifier.when.service or modifier.when.region or modifier.when.cache_ttl)


def _asked_for(modifier: Modifier, buying: Buying) -> bool:
    """Return whether a region or a cache lifetime is the one that is bought."""
    when = modifier.when
    wanted = ((when.region, buying.region), (when.cache_ttl, buying.cache_ttl))
    named = [(has, asked) for has, asked in wanted if has]
    return bool(named) and not when.service and all(has == asked for has, asked in named)


class _Inputs(NamedTuple):
    """Inputs of requests, and how much each kind of token weighs at each of them.

    Args:
        isl: Input of a request, one array a length [token/request].
        weights: By kind of token, one weight a length; for a kind that is not here the input.
    """

    isl: tuple[Floats, ...]
    weights: Mapping[str, tuple[Number, ...]]

    @classmethod
    def of(cls, isl: Number, length_cv: Number, buying: Buying) -> _Inputs:
        """Return the lengths of a lognormal mix, or those that logs tell, about the same mean.

        Of a lognormal mix input counts by its tokens, output by its requests: how long an answer
        is does not depend here on how long the question was. Logs tell it.
        """
        own = buying.lengths
        if own is None:
            some = lengths(isl, length_cv)
            each = tuple(np.ones_like(one) for one in some)
            return cls(some, dict.fromkeys(ANSWERS, each))
        factor = isl / (sum(own.input) / sum(own.requests))
        parts = zip(own.input, own.read, own.written, strict=True)
        fresh = tuple(taken - read - written for taken, read, written in parts)
        weights = {"input": fresh, "cached_input": own.read, "cache_write": own.written}
        known = {key: some for key, some in weights.items() if sum(some) > 0}
        return cls(
            tuple(np.asarray(one * factor, dtype=float) for one in own.isl),
            {"": own.input, **dict.fromkeys(ANSWERS, own.output), **known},
        )

    def weight(self, key: str) -> tuple[Number, ...]:
        """Return what each length weighs for a kind of token."""
        return self.weights.get(key, self.weights.get("", self.isl))


class _Hours(NamedTuple):
    """The hours of the week that tokens are bought in, and the holidays of a year."""

    buying: Buying
    holidays_per_year: Number


def _product(modifiers: list[Modifier], key: str, rates: Rates) -> float:
    """Return the factors of some modifiers together [1]."""
    return math.prod(_factor(m, key, rates) for m in modifiers)


def _week_factor(modifiers: list[Modifier], key: str, rates: Rates, hours: _Hours) -> Number:
    """Return the factor of the hours of the week: windows add up [1]."""
    alone = [m for m in modifiers if m.when.input_tokens_over is None]
    timed = [m for m in alone if m.when.hours or m.when.weekdays]
    return 1.0 + sum(_in_the_week(m, key, rates, hours) - 1.0 for m in timed)


def _in_the_week(modifier: Modifier, key: str, rates: Rates, hours: _Hours) -> Number:
    """Return the factor of one modifier on the load: 1 outside its hours of the week [1]."""
    when, buying = modifier.when, hours.buying
    clock = clock_of(when, buying.day, holidays_per_year=hours.holidays_per_year)
    covered = week_share(when.hours, when.weekdays, buying.week, clock)
    return 1.0 + covered * (_factor(modifier, key, rates) - 1.0)


def _context_factor(
    modifiers: list[Modifier],
    key: str,
    rates: Rates,
    inputs: _Inputs,
    hours: _Hours,
) -> Number:
    """Return the factor of the context tiers on a mix of requests, each by its own length [1]."""
    if not any(m.when.input_tokens_over for m in modifiers):
        return 1.0
    weights = inputs.weight(key)
    factors = [_tier_factor(modifiers, key, rates, isl, hours) for isl in inputs.isl]
    priced = sum(w * f for w, f in zip(weights, factors, strict=True))
    result: Number = priced / sum(weights)
    return result


def _tier_factor(
    modifiers: list[Modifier], key: str, rates: Rates, isl: Floats, hours: _Hours
) -> Number:
    """Return the factor of the context tiers on requests of one length: the highest reached [1].

    A cliff tier prices the whole request; a graduated one only the input above its limit.
    """
    tiers = sorted(
        (m.when.input_tokens_over, n) for n, m in enumerate(modifiers) if m.when.input_tokens_over
    )
    result: Number = 1.0
    below: Number = 1.0
    for limit, n in tiers:
        tier, factor = modifiers[n], _in_the_week(modifiers[n], key, rates, hours)
        above = np.greater_equal(isl, limit) if tier.inclusive else np.greater(isl, limit)
        if tier.mode == "cliff" or key in ANSWERS:
            result = np.where(above, factor, result)
        else:
            share = (np.asarray(isl) - limit) / isl
            result = np.where(above, result + share * (factor - below), result)
        below = factor
    return result


def tier_factors(rates: Rates, modifiers: Iterable[Modifier]) -> list[tuple[int, float]]:
    """Return the limits of the context tiers [token/request] and their factors on input [1]."""
    tiers = [m for m in modifiers if not _on_demand(m)]
    limits = [(m, m.when.input_tokens_over) for m in tiers]
    return [(limit, _factor(m, "input", rates)) for m, limit in limits if limit is not None]


def _factor(modifier: Modifier, key: str, rates: Rates) -> float:
    """Return a modifier's price over the base price [1].

    Cached input that it does not name follows the input, and hidden reasoning the output; where
    the base has no price of theirs, the base is the input or output price.
    """
    if modifier.multiply is not None:
        return modifier.multiply
    if modifier.usd_per_mtok is None:
        return 1.0
    price = getattr(modifier.usd_per_mtok, key)
    base = getattr(rates, key)
    if key in FOLLOWS:
        whole = FOLLOWS[key]
        if price is None:
            price, base = getattr(modifier.usd_per_mtok, whole), getattr(rates, whole)
        base = getattr(rates, whole) if base is None else base
    return 1.0 if price is None or not base else float(price / base)


def _batch(base: dict[str, Number], rates: Rates, modifiers: list[Modifier]) -> dict[str, Number]:
    """Return the batch prices; without a batch cache price, cached tokens pay the batch input."""
    tier = next((m for m in modifiers if m.when.service == "batch" and not m.when.region), None)
    if tier is None:
        return base
    batch = {key: price * _factor(tier, key, rates) for key, price in base.items()}
    stated = tier.usd_per_mtok.cached_input if tier.usd_per_mtok else rates.cached_input
    if stated is None:
        batch["cached_input"] = batch["input"]
    return batch
