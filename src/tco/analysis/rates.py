"""What a token costs for a workload of a given shape: base price and the modifiers that apply."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tco.engine.ledger import Origin
from tco.engine.shapes import Number
from tco.engine.tokens import TokenRates

if TYPE_CHECKING:
    from tco.catalog.prices import Modifier, Rates

MINUTES_PER_WEEK = 7 * 24 * 60


def token_rates(
    rates: Rates,
    modifiers: list[Modifier],
    *,
    isl: Number,
    factor: Number = 1.0,
    origin: Origin = "catalog",
    source: str = "",
) -> TokenRates:
    """Return the prices of plain and batch tokens for requests of one length.

    Conditions of different kinds combine, each as a factor on the base price: context length by
    the length of the request, hours of the week by their share (a flat load), batch for the batch
    tier. Regions, cache lifetimes and other service tiers apply only when asked for.

    Args:
        rates: Base prices [USD/Mtok]; `input` and `output` must be there.
        modifiers: What changes them.
        isl: Input of a request [token/request].
        factor: Factor on all prices [1].
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
    }
    plain = [m for m in modifiers if not _on_demand(m)]
    base = {
        key: price * _context_factor(plain, key, rates, isl) * _week_factor(plain, key, rates)
        for key, price in base.items()
    }
    batch = _batch(base, rates, modifiers)
    return TokenRates(
        input=base["input"],
        output=base["output"],
        cached_input=base["cached_input"],
        batch_input=batch["input"],
        batch_output=batch["output"],
        batch_cached_input=batch["cached_input"],
        origin=origin,
        source=source,
    )


def _or(value: float | None, other: float) -> float:
    return other if value is None else value


def _on_demand(modifier: Modifier) -> bool:
    """Return whether a modifier applies only to those who ask for it."""
    return bool(modifier.when.service or modifier.when.region or modifier.when.cache_ttl)


def _week_factor(modifiers: list[Modifier], key: str, rates: Rates) -> float:
    """Return the factor of the hours of the week on a flat load: windows add up [1]."""
    alone = [m for m in modifiers if m.when.input_tokens_over is None]
    timed = [m for m in alone if m.when.hours or m.when.weekdays]
    return 1.0 + sum(_in_the_week(m, key, rates) - 1.0 for m in timed)


def _in_the_week(modifier: Modifier, key: str, rates: Rates) -> float:
    """Return the factor of one modifier on a flat load: 1 outside its hours of the week [1]."""
    covered = week_share(modifier.when.hours, modifier.when.weekdays)
    return 1.0 + covered * (_factor(modifier, key, rates) - 1.0)


def _context_factor(modifiers: list[Modifier], key: str, rates: Rates, isl: Number) -> Number:
    """Return the factor of the context tiers on requests of one length: the highest reached [1].

    A cliff tier prices the whole request; a graduated one only the input above its limit.
    """
    tiers = sorted(
        (m.when.input_tokens_over, n) for n, m in enumerate(modifiers) if m.when.input_tokens_over
    )
    result: Number = 1.0
    below = 1.0
    for limit, n in tiers:
        tier, factor = modifiers[n], _in_the_week(modifiers[n], key, rates)
        above = np.greater_equal(isl, limit) if tier.inclusive else np.greater(isl, limit)
        if tier.mode == "cliff" or key == "output":
            result = np.where(above, factor, result)
        else:
            share = (np.asarray(isl) - limit) / isl
            result = np.where(above, result + share * (factor - below), result)
        below = factor
    return result


def _factor(modifier: Modifier, key: str, rates: Rates) -> float:
    """Return a modifier's price over the base price [1].

    Cached input that it does not name follows the input; where the base has no cache price, the
    base of cached input is the input price.
    """
    if modifier.multiply is not None:
        return modifier.multiply
    if modifier.usd_per_mtok is None:
        return 1.0
    price = getattr(modifier.usd_per_mtok, key)
    base = getattr(rates, key)
    if key == "cached_input":
        if price is None:
            price, base = modifier.usd_per_mtok.input, rates.input
        base = rates.input if base is None else base
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


def week_share(hours: list[str] | None, weekdays: list[int] | None) -> float:
    """Return the share of a week that lies in some hours of some weekdays [1].

    >>> week_share(["00:00-06:00", "22:00-24:00"], None)
    0.3333333333333333
    """
    days = len(set(weekdays)) if weekdays else 7
    minutes = sum(_minutes(span) for span in hours) if hours else 24 * 60
    return minutes * days / MINUTES_PER_WEEK


def _minutes(span: str) -> int:
    start, end = (int(clock[:2]) * 60 + int(clock[3:]) for clock in span.split("-"))
    return (end - start) % (24 * 60) or 24 * 60
