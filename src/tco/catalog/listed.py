"""What a price list says of an offer, put into our words: every price, and a whole window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tco.catalog.prices import Modifier, Price
from tco.catalog.trust import close
from tco.catalog.upstream.rows import PriceRow

RATES = ("input", "cached_input", "cache_write", "output", "reasoning_output", "audio_input")
FOLLOWS = ("reasoning_output", "audio_input")
"""Rates that a list often repeats from output or input, which then are no prices of their own."""
TTLS = ("5m", "1h", "12h", "24h")
Conditions = tuple[str | None, int | None, str | None]
"""Service, input tokens above which it holds, lifetime of what is written."""
PLAIN: Conditions = (None, None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherPrice:
    """One price of an offer that a list has otherwise, or that one of the two lacks [USD/Mtok]."""

    offer: str
    against: str
    key: str
    """The row there."""
    price: str
    """Which one, such as `cached_input` or `input at batch`."""
    ours: float | None
    theirs: float | None


@dataclass(frozen=True, slots=True)
class ListedWindow:
    """A window as a list has it, ready to be written."""

    rates: Mapping[str, float]
    modifiers: tuple[Mapping[str, Any], ...]
    carried: tuple[str, ...] = field(default=())
    """What the list does not say, kept at its ratio to the price that moved."""


def named(rate: str, when: Conditions) -> str:
    """Return how a price is called: `input at batch above 200,000 tokens`."""
    service, over, ttl = when
    words = [rate]
    words += [f"at {service}"] if service else []
    words += [f"above {over:,} tokens"] if over else []
    words += [f"for {ttl}"] if ttl else []
    return " ".join(words)


def listed(row: PriceRow) -> dict[tuple[str, Conditions], float]:
    """Return every price of a row that we have a word for [USD/Mtok]."""
    found = {(rate, PLAIN): value for rate, value in _own(row.rates).items()}
    for tier in row.tiers:
        if tier.whole and (tier.ttl is None or tier.ttl in TTLS):
            when = (tier.service, tier.over, tier.ttl)
            found |= {(rate, when): value for rate, value in _own(tier.rates).items()}
    return found


def _own(rates: Mapping[str, float]) -> dict[str, float]:
    """Return the rates that are prices of their own: zero is none, nor is one that is repeated.

    Cached input that costs what input does is no discount.
    """
    base = {"reasoning_output": "output", "audio_input": "input"}
    return {
        rate: rates[rate]
        for rate in RATES
        if rates.get(rate)
        and not (rate in FOLLOWS and rates.get(base[rate]) == rates[rate])
        and not (rate == "cached_input" and rates[rate] >= rates.get("input", rates[rate] + 1))
    }


def ours(price: Price, rate: str, when: Conditions) -> float | None:
    """Return what the catalog has for a price [USD/Mtok]; None where it has none.

    Conditions of different kinds combine, each as its factor on the base, unless they are stated
    together.
    """
    base: float | None = getattr(price.usd_per_mtok, rate)
    whole = _stated(price, rate, when)
    if whole is not None or base is None:
        return whole
    value, found = base, when == PLAIN
    for i, part in enumerate(when):
        alone = (*PLAIN[:i], part, *PLAIN[i + 1 :])
        one = _stated(price, rate, alone) if part is not None else None
        if one is not None:
            value, found = value * one / base, True
    return value if found else None


def _stated(price: Price, rate: str, when: Any) -> float | None:
    if when == PLAIN:
        found: float | None = getattr(price.usd_per_mtok, rate)
        return found
    base = getattr(price.usd_per_mtok, rate)
    for modifier in price.modifiers:
        if conditions(modifier) != when:
            continue
        if modifier.multiply is not None:
            return None if base is None else base * modifier.multiply
        stated = getattr(modifier.usd_per_mtok, rate) if modifier.usd_per_mtok else None
        if stated is not None:
            return float(stated)
        entry = getattr(modifier.usd_per_mtok, "input", None)
        of = price.usd_per_mtok.input
        if rate == "cached_input" and base is not None and entry and of:
            return float(base * entry / of)  # cached input follows the input
    return None


def conditions(modifier: Modifier) -> Conditions | None:
    """Return the conditions of a modifier; None where it asks for more than lists tell."""
    when = modifier.when
    if when.region or when.hours or when.weekdays or when.holidays:
        return None
    return when.service, when.input_tokens_over, when.cache_ttl


def differences(
    offer: str, against: str, price: Price, row: PriceRow, past: Sequence[Price] = ()
) -> Iterator[OtherPrice]:
    """Yield every price but input and output that a row has otherwise.

    Args:
        offer: The offer.
        against: The list.
        price: What the catalog has.
        row: What the list has.
        past: Windows that have ended and that the list attests: it may lag.
    """
    said = listed(row)
    for (rate, when), theirs in said.items():
        if when == PLAIN and rate in ("input", "output"):
            continue
        mine = ours(price, rate, when)
        over = (ours(window, rate, when) for window in past)
        if any(old is not None and close(old, theirs) for old in over):
            continue
        if mine is None or not close(mine, theirs):
            name = named(rate, when)
            yield OtherPrice(
                offer=offer, against=against, key=row.key, price=name, ours=mine, theirs=theirs
            )


def window(price: Price | None, row: PriceRow) -> ListedWindow:
    """Return the window that a row states, with what it leaves out carried over from ours.

    Args:
        price: The window that holds now; None for an offer that is new.
        row: The row.
    """
    rates = dict(_own(row.rates))
    carried: list[str] = []
    factor = _factor(price, rates)
    for rate in RATES if price is not None else ():
        old = getattr(price.usd_per_mtok, rate) if price is not None else None
        if old is not None and rate not in rates:
            rates[rate] = _rounded(old * factor)
            carried.append(rate)
    tiers = _tiers(row)
    modifiers = [_modifier(price, when, said) for when, said in tiers.items()]
    for old_modifier in price.modifiers if price is not None else ():
        when = conditions(old_modifier)
        if when is None or when not in tiers:
            modifiers.append(_kept(old_modifier, factor))
            if old_modifier.usd_per_mtok is not None:
                carried.append(_told(old_modifier))
    return ListedWindow(rates, tuple(modifiers), tuple(carried))


def _factor(price: Price | None, rates: Mapping[str, float]) -> float:
    old = price.usd_per_mtok.input if price is not None else None
    return rates["input"] / old if old and rates.get("input") else 1.0


def _tiers(row: PriceRow) -> dict[Conditions, dict[str, float]]:
    """Return the conditions that a row has prices for, but those that follow from others."""
    found: dict[Conditions, dict[str, float]] = {}
    for (rate, when), value in listed(row).items():
        if when != PLAIN:
            found.setdefault(when, {})[rate] = _rounded(value)
    return {w: said for w, said in found.items() if not _follows(w, said, found, row)}


def _follows(
    when: Conditions,
    said: Mapping[str, float],
    found: Mapping[Conditions, Mapping[str, float]],
    row: PriceRow,
) -> bool:
    """Return whether prices under several conditions are the products of those under each."""
    parts = [(*PLAIN[:i], part, *PLAIN[i + 1 :]) for i, part in enumerate(when) if part is not None]
    if len(parts) < 2 or any(part not in found for part in parts):
        return False
    for rate, value in said.items():
        base = product = row.rates.get(rate) or 0.0
        for part in parts:
            one = found[part].get(rate)  # type: ignore[index]
            product = product * one / base if one is not None and base else 0.0
        if not product or not close(product, value):
            return False
    return True


def _modifier(
    price: Price | None, when: Conditions, said: Mapping[str, float]
) -> Mapping[str, Any]:
    keys = zip(("service", "input_tokens_over", "cache_ttl"), when, strict=True)
    made: dict[str, Any] = {"when": {k: v for k, v in keys if v is not None}}
    made["usd_per_mtok"] = {rate: said[rate] for rate in RATES if rate in said}
    old = [m for m in (price.modifiers if price is not None else ()) if conditions(m) == when]
    if old and old[0].inclusive:
        made["inclusive"] = True
    return made


def _kept(modifier: Modifier, factor: float) -> Mapping[str, Any]:
    rates = modifier.usd_per_mtok
    made: dict[str, Any] = {"when": {k: v for k, v in modifier.when if v is not None}}
    if rates is not None:
        scaled = {rate: getattr(rates, rate) for rate in RATES}
        made["usd_per_mtok"] = {k: _rounded(v * factor) for k, v in scaled.items() if v is not None}
    if modifier.multiply is not None:
        made["multiply"] = modifier.multiply
    made |= {"mode": modifier.mode} if modifier.mode != "cliff" else {}
    made |= {"inclusive": True} if modifier.inclusive else {}
    return made


def _told(modifier: Modifier) -> str:
    when = conditions(modifier)
    if when is None:
        return f"the price of {modifier.when.region or 'other hours'}"
    return named("prices", when)


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")
