"""The one shape that upstream price lists are read into."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

Kind = str
KINDS = ("litellm", "genai-prices", "models.dev")
MTOK = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTier:
    """What a list says a price is under a condition.

    Args:
        words: The condition in the list's own words.
        rates: The prices [USD/Mtok].
        service: `batch`, `flex`, `priority`, ..., where it is one of ours.
        over: Input tokens above which it holds.
        ttl: Lifetime of what is written to a cache, such as `1h`.
        whole: Whether the condition is told in full by the three fields before; off-peak hours,
            regions and services that are not ours are not.
    """

    words: str
    rates: Mapping[str, float]
    service: str | None = None
    over: int | None = None
    ttl: str | None = None
    whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What a price list says of one model at one provider, on one day.

    Args:
        file, line: Where.
        provider: The provider as the list calls it.
        key: The row's own name, with which it can be found again.
        model: What the provider calls the model, without prefixes of the list.
        rates: Prices by the names of `Rates` [USD/Mtok]; what is not stated is not there.
        batch: The same of a batch.
        tiers: Prices under conditions, that of a batch among them.
        others: Prices of tokens of other kinds, by the list's own keys [USD/Mtok].
        embedding: Whether it turns text into vectors, which has no output price.
        retires: The last day of the model, where the list knows it.
        attested: Whether the row says where its prices are from; None where the list has no
            place for that.
        text: Whether the row is about text tokens alone, so that its prices compare.
    """

    file: str
    line: int
    provider: str
    key: str
    model: str
    rates: Mapping[str, float]
    batch: Mapping[str, float] = field(default_factory=dict)
    tiers: tuple[ListTier, ...] = ()
    others: Mapping[str, float] = field(default_factory=dict)
    embedding: bool = False
    retires: date | None = None
    attested: bool | None = None
    text: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """A price list as read.

    Args:
        kind: `litellm`, `genai-prices` or `models.dev`.
        file: Where it was read.
        edition: Its version or date, where it is known.
        rows: All rows with a price of text tokens.
        twice: Line and name of rows that are given twice.
        wrong: Line, name and message of prices that are none.
        new: Line, name and key of the first price of each kind that is not known.
        read: The day whose prices it states, where that is known.
    """

    kind: Kind
    file: str
    edition: str
    rows: tuple[Row, ...]
    twice: tuple[tuple[int, str], ...] = ()
    wrong: tuple[tuple[int, str, str], ...] = ()
    new: tuple[tuple[int, str, str], ...] = ()
    read: date | None = None


def not_a_price(value: Any) -> bool:
    """Return whether something stands where a price belongs and is none."""
    return value is not None and number(value) is None


def number(value: Any) -> float | None:
    """Return a price as a number; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def day(value: Any) -> date | None:
    """Return a date, from a text that begins with one."""
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None
