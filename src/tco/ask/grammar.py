"""Options that have a grammar of their own: an option described, opening hours."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tco import units
from tco.errors import UsageError, nearest, printable

if TYPE_CHECKING:
    from tco.options.scenario import ContextTier, InlineOption, Schedule


# `--option NAME:kind=api,input=$2.50,output=$10`: an option that the user describes.

EXAMPLE = "mine:kind=api,input=$2.50,output=$10"
KINDS = ("api", "hosted", "self", "own", "fixed", "provisioned")

_PRICES = {"input", "output", "cached", "batch_discount", "model", "tiers", "tier_kind", "commit"}
_PRICES |= {"cache_write", "reasoning", "above"}
_OWN = {"gpu", "gpus", "precision", "instance_gpus", "model"}
_SPEED = {"output_tokens_per_s", "tokens_per_s"}
ALLOWED: dict[str, set[str]] = {
    "api": _PRICES,
    "hosted": _PRICES,
    "self": _OWN | _SPEED | {"rent"},
    "own": _OWN | _SPEED | {"gpu_usd", "server_usd", "watts"},
    "fixed": {"usd_per_month", "capacity", "model"},
    "provisioned": {"unit_price", "tokens_per_s", "minimum", "increment", "model"}
    | {"output_weight", "cached_weight"},
}


def _word(value: Any) -> str:
    if not str(value).strip():
        raise UsageError("empty")
    return str(value).strip()


def _speed(value: Any) -> float:
    """Return tokens a second, with or without saying so: `2500` or `2500 tok/s`."""
    text = str(value).strip()
    for unit in ("tokens/s", "tok/s", "/s"):
        if text.endswith(unit):
            return units.number(text.removesuffix(unit).strip())
    return units.number(value)


def _watts(value: Any) -> float:
    """Return a power, with or without its unit: `450`, `450 W`, `0.45 kW`."""
    text = str(value).strip()
    for unit, factor in (("kW", 1e3), ("W", 1.0)):
        if text.endswith(unit):
            return units.number(text.removesuffix(unit).strip()) * factor
    return units.number(value)


def _per_unit(value: Any) -> float:
    """Return the price of a provisioned unit [USD/hour]: `$1/h`, `$260/month`, `$2,600/year`."""
    if isinstance(value, str) and "/" not in value:
        raise UsageError(f"{printable(value, 40)}: say per what; write $1/h, $260/month")
    return units.usd_per_gpu_hour(value)


def _tiers(value: Any) -> tuple[tuple[float, float], ...]:
    """Return volumes and discounts of `10B:5%/100B:20%`, or of a mapping of a file."""
    if isinstance(value, Mapping):
        pairs = [(str(limit), str(off)) for limit, off in value.items()]
    else:
        parts = [part.partition(":") for part in str(value).split("/")]
        pairs = [(limit, off) for limit, _, off in parts]
    return tuple((units.tokens_per_month(limit), units.share(off)) for limit, off in pairs)


ABOVE = ("input", "output", "cached", "cache_write", "reasoning")
"""Prices of a context tier, in the order in which a flag says them."""


def _above(value: Any) -> tuple[ContextTier, ...]:
    """Return context tiers of `200k:$4:$18/1M:2x`, or of a mapping of a file.

    A tier is a limit and what a longer request pays: prices of input, output, cached input, input
    written to a cache and hidden reasoning, the last three of which may be left out; or a factor.
    """
    if isinstance(value, Mapping):
        pairs = [(str(limit), said) for limit, said in value.items()]
    else:
        # A slash before a number begins another tier; one before `Mtok` belongs to a price.
        parts = [part.partition(":") for part in re.split(r"/(?=\s*[\d.])", str(value))]
        pairs = [(limit, said) for limit, _, said in parts]
    tiers = tuple(_tier(units.whole(limit), said) for limit, said in pairs)
    if len({limit for limit, _ in tiers}) < len(tiers):
        raise UsageError("a limit is said twice")
    return tiers


def _tier(limit: int, said: Any) -> ContextTier:
    """Return one context tier."""
    if isinstance(said, Mapping):
        for key in said:
            if key not in ABOVE:
                raise UsageError(f"{printable(str(key), 40)!r} is none of {', '.join(ABOVE)}")
        return limit, {READ[key][0]: units.usd_per_mtok(price) for key, price in said.items()}
    prices = [price.strip() for price in str(said).split(":")]
    if len(prices) == 1 and prices[0].endswith("x"):
        return limit, {"multiply": units.number(prices[0][:-1])}
    if not 2 <= len(prices) <= len(ABOVE):
        raise UsageError(
            f"{printable(str(said), 40)!r} says no prices above a limit; write 200k:$4:$18 "
            f"({', '.join(ABOVE)}) or 200k:2x"
        )
    read = zip(ABOVE, prices, strict=False)
    return limit, {READ[key][0]: units.usd_per_mtok(price) for key, price in read}


def _cliff(value: Any) -> bool:
    """Return whether a tier's discount holds for all tokens, from `cliff` or `graduated`."""
    word = str(value).strip().lower()
    if word not in ("cliff", "graduated"):
        raise UsageError(f"{printable(word, 40)!r} is neither cliff nor graduated")
    return word == "cliff"


READ: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "input": ("input", units.usd_per_mtok),
    "output": ("output", units.usd_per_mtok),
    "cached": ("cached_input", units.usd_per_mtok),
    "cache_write": ("cache_write", units.usd_per_mtok),
    "reasoning": ("reasoning_output", units.usd_per_mtok),
    "above": ("above", _above),
    "batch_discount": ("batch_discount", units.share),
    "tiers": ("tiers", _tiers),
    "tier_kind": ("cliff", _cliff),
    "commit": ("commit_usd_per_month", units.usd_per_month),
    "model": ("model", _word),
    "gpu": ("gpu", _word),
    "gpus": ("gpus", units.whole),
    "precision": ("precision", _word),
    "rent": ("usd_per_gpu_hour", units.usd_per_gpu_hour),
    "gpu_usd": ("gpu_usd", units.usd),
    "server_usd": ("server_usd", units.usd),
    "watts": ("watts", _watts),
    "instance_gpus": ("instance_gpus", units.whole),
    "output_tokens_per_s": ("output_tokens_per_s", _speed),
    "tokens_per_s": ("tokens_per_s", _speed),
    "usd_per_month": ("usd_per_month", units.usd_per_month),
    "unit_price": ("usd_per_unit_hour", _per_unit),
    "output_weight": ("output_weight", units.number),
    "cached_weight": ("cached_weight", units.share),
    "minimum": ("minimum_units", units.whole),
    "increment": ("increment_units", units.whole),
    "capacity": ("tokens_per_month", units.tokens_per_month),
}
"""Key of a description: the field of `InlineOption` that it fills, and how it is read."""


def inline_option(described: Any, source: str = "--option") -> InlineOption:
    """Return an option from the text of a flag or the mapping of a scenario file.

    Args:
        described: `NAME:key=value,…`, or a mapping with `name`, `kind` and the same keys.
        source: Who described it.

    Raises:
        UsageError: A key that does not exist or does not belong to the kind, or a value that
            cannot be read.
    """
    from tco.options.scenario import InlineOption

    parts = dict(described) if isinstance(described, Mapping) else parts_of(str(described))
    name, kind = str(parts.pop("name", "")).strip(), str(parts.pop("kind", "")).strip()
    if not name:
        raise UsageError(f"an option needs a name; write for example {EXAMPLE}")
    if kind not in KINDS:
        said = f"{printable(kind, 40)!r} is none of them" if kind else "none was said"
        known = f"{', '.join(KINDS[:-1])} or {KINDS[-1]}"
        raise UsageError(f"kind is {known}, {said}; write {EXAMPLE}")
    values = {}
    for key, value in parts.items():
        target, read = READ[_known(key, kind)]
        try:
            values[target] = read(value)
        except UsageError as error:
            raise UsageError(f"{key}: {error}") from None
    return InlineOption(name=printable(name), kind=kind, source=source, **values)  # type: ignore[arg-type]


def parts_of(text: str) -> dict[str, Any]:
    """Return the keys and values of `NAME:key=value,…`."""
    name, colon, rest = text.partition(":")
    if not colon:
        raise UsageError(f"{printable(text, 60)!r} describes no option; write {EXAMPLE}")
    parts: dict[str, Any] = {"name": name}
    for part in rest.split(","):
        key, equals, value = part.partition("=")
        key = key.strip()
        if not equals or not key:
            raise UsageError(f"{printable(part, 40)!r} is no key=value; write {EXAMPLE}")
        if key in parts:
            raise UsageError(f"{printable(key, 40)} is said twice")
        parts[key] = value.strip()
    return parts


def _known(key: str, kind: str) -> str:
    if key in ALLOWED[kind]:
        return key
    if key in READ:
        raise UsageError(
            f"{key} does not belong to kind {kind}: {', '.join(sorted(ALLOWED[kind]))}"
        )
    near = nearest(key, READ)
    hint = f"; did you mean {', '.join(near)}?" if near else ""
    raise UsageError(f"no key called {printable(key, 40)!r}{hint}")


# `mon-fri 08:00-20:00`: the opening hours of a week.

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_OF_A_DAY = 24 * 60
SCHEDULE_EXAMPLE = "write for example mon-fri 08:00-20:00, sat 10:00-14:00"
_PART = re.compile(
    r"^(?:(?P<days>[a-z]{3}(?:-[a-z]{3})?)\s+)?"
    r"(?P<h1>\d{1,2}):(?P<m1>\d\d)-(?P<h2>\d{1,2}):(?P<m2>\d\d)$"
)


def schedule(value: Any) -> Schedule:
    """Return opening hours, in UTC as the hours of traffic profiles are.

    Spans are separated by commas. Without days a span holds for all of them; one that ends before
    it begins goes on after midnight.

    >>> [(sorted(days), start, end) for days, start, end in schedule("sat 22:00-02:00")]
    [([5], 1320, 1440), ([6], 0, 120)]
    """
    spans: list[tuple[frozenset[int], int, int]] = []
    for part in str(value).lower().split(","):
        spans += _spans(part.strip())
    return tuple(spans)


def _spans(part: str) -> list[tuple[frozenset[int], int, int]]:
    found = _PART.match(part)
    if found is None:
        raise UsageError(f"{printable(part, 40)!r} is no opening hours; {SCHEDULE_EXAMPLE}")
    start, end = _minute(found["h1"], found["m1"]), _minute(found["h2"], found["m2"])
    days = _days(found["days"], part)
    if start == end:
        raise UsageError(f"{printable(part, 40)!r} is no time at all; {SCHEDULE_EXAMPLE}")
    if start < end:
        return [(days, start, end)]
    after = frozenset((day + 1) % len(DAYS) for day in days)
    return [(days, start, MINUTES_OF_A_DAY), *([(after, 0, end)] if end else [])]


def _minute(hour: str, minute: str) -> int:
    at = int(hour) * 60 + int(minute)
    if int(minute) > 59 or at > MINUTES_OF_A_DAY:
        raise UsageError(f"there is no {hour}:{minute}; {SCHEDULE_EXAMPLE}")
    return at


def _days(word: str | None, part: str) -> frozenset[int]:
    """Return weekdays, Monday being 0."""
    if word is None:
        return frozenset(range(len(DAYS)))
    first, _, last = word.partition("-")
    unknown = [day for day in (first, last or first) if day not in DAYS]
    if unknown:
        raise UsageError(f"{printable(part, 40)!r}: {unknown[0]!r} is no day; {SCHEDULE_EXAMPLE}")
    begin, end = DAYS.index(first), DAYS.index(last or first)
    length = (end - begin) % len(DAYS) + 1
    return frozenset((begin + i) % len(DAYS) for i in range(length))
