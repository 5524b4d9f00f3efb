"""Quantities as people write them and as screens show them, and the constants between units."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date

from tco.errors import UsageError, printable
from tco.money import money

# Quantities as people write them, and the constants that turn one unit into another.
#
# One grammar for flags, scenario files and catalogs: `50B`, `500M/day`, `20 req/s`, `2.5e9`,
# `35%`, `$2.50/Mtok`, `$2.10/gpu-h`, `500ms` (and in `tco.ranges` `3:1`, `1B..1T:log25`). What is
# a number already (from YAML or Python) is taken as it is, in the unit that the function returns.
# What cannot be read is a `UsageError` of one line that ends in a hint.

Quantity = str | int | float

SECONDS_PER_HOUR = 3600.0
HOURS_PER_DAY = 24.0
HOURS_PER_YEAR = 8760.0
HOURS_PER_MONTH = HOURS_PER_YEAR / 12  # 730: a month unless `workload.hours_per_month` says another
SECONDS_PER_DAY = SECONDS_PER_HOUR * 24
SECONDS_PER_MONTH = HOURS_PER_MONTH * SECONDS_PER_HOUR
MONTHS_PER_YEAR = 12.0
DAYS_PER_MONTH = HOURS_PER_MONTH / HOURS_PER_DAY
MTOK = 1e6
KIB, MIB, GIB, GB = 2.0**10, 2.0**20, 2.0**30, 1e9

_SCALES = {"k": 1e3, "m": 1e6, "g": 1e9, "b": 1e9, "bn": 1e9, "t": 1e12} | {
    "thousand": 1e3,
    "million": 1e6,
    "billion": 1e9,
    "trillion": 1e12,
}
_PERIODS = {
    "s sec second seconds": 1 / SECONDS_PER_HOUR,
    "min minute minutes": 1 / 60,
    "h hr hour hours": 1.0,
    "d day days": HOURS_PER_DAY,
    "w week weeks": HOURS_PER_DAY * 7,
    "mo month months": HOURS_PER_MONTH,
    "y yr year years": HOURS_PER_YEAR,
}
_HOURS = {name: hours for names, hours in _PERIODS.items() for name in names.split()}
_MONTHS = {name: hours / HOURS_PER_MONTH for name, hours in _HOURS.items()}
_YEARS = {name: hours / HOURS_PER_YEAR for name, hours in _HOURS.items()}
_GPU_HOURS = {
    f"{gpu}{name}": h for name, h in _HOURS.items() for gpu in ("", "gpu", "gpu-", "gpu/")
}
_SECONDS = {"us": 1e-6, "ms": 1e-3} | {n: h * SECONDS_PER_HOUR for n, h in _HOURS.items()}
_TOKENS = ("tok", "token", "tokens")
_REQUESTS = ("r", "req", "reqs", "request", "requests")
_MTOKS = {
    f"{n}{tok}": size
    for n, size in {"k": 1e-3, "1k": 1e-3, "m": 1.0, "1m": 1.0}.items()
    for tok in ("", *_TOKENS)
} | dict.fromkeys(_TOKENS, 1e-6)
_KWH = {"kwh": 1.0, "mwh": 1000.0}
_LONGEST = 60  # characters; a quantity is shorter, and nothing longer is worth parsing
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_NUMBER = (
    r"(?P<number>(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9][0-9_]*)?"
    r"(?:\.[0-9_]*)?(?:[eE][+-]?[0-9]+)?)\s*"
    r"(?P<scale>(?:k|m|g|bn?|t|thousand|million|billion|trillion)(?=$|[^a-z]|tok))?\s*"
)


LAST_DAY = date(2999, 12, 31)
"""After it no month and no horizon is looked at: calendars end."""


def reachable(day: date, where: str) -> date:
    """Return a day.

    Raises:
        UsageError: It lies after the last one that is looked at.
    """
    if day > LAST_DAY:
        raise UsageError(f"{where}: {day} is too far away; the last day is {LAST_DAY}")
    return day


class Rate(float):
    """A figure read in a month of 730 h that is another one in a month of other hours.

    `500M/day` is 30 days of it in a month of 720 h, `$1,500/month` a dearer hour. A float in all
    else; `in_month` says what it is.

    Args:
        value: The figure in a month of 730 h.
        power: 1 for what grows with the hours of the month, -1 for what shrinks.
    """

    power: int

    def __new__(cls, value: float, power: int) -> Rate:
        """Return the figure."""
        made = super().__new__(cls, value)
        made.power = power
        return made

    def __getnewargs__(self) -> tuple[float, int]:  # type: ignore[override]
        """Return what makes a copy."""
        return float(self), self.power

    def times(self, factor: float) -> Rate:
        """Return a part or a multiple of it."""
        return Rate(float(self) * factor, self.power)


def in_month(value: float, hours: float) -> float:
    """Return a figure in a month of so many hours; what is said by the month stays as it is.

    >>> in_month(requests_per_month("1 req/s"), 720.0), in_month(requests_per_month("5M"), 720.0)
    (2592000.0, 5000000.0)
    """
    if not isinstance(value, Rate):
        return value
    return float(value) * (hours / HOURS_PER_MONTH) ** value.power


def refused(text: object, why: str) -> UsageError:
    """Return the error for a quantity that cannot be read."""
    return UsageError(f"{printable(str(text)[: _LONGEST + 1])}: {why}")


LARGEST, SMALLEST = 1e24, 1e-24
"""No quantity means anything beyond: products of several of them stay finite."""


def _finite(text: Quantity, value: float) -> float:
    """Return `value` if it is a number that can be counted with."""
    if LARGEST < value < math.inf:
        raise refused(text, f"too large to count with; at most {LARGEST:g}")
    if 0 < value < SMALLEST:
        raise refused(text, f"too small to count with; at least {SMALLEST:g}, or 0")
    if math.isnan(value) or math.isinf(value):
        raise refused(text, "not a finite number; write for example 50B, 2.5e9 or 35%")
    if value < 0:
        raise refused(text, "must not be negative; write 0 or more")
    return float(value)


def _plain(text: Quantity) -> float | None:
    """Return the value of what is a number already, None for a text."""
    if isinstance(text, str):
        return None
    if isinstance(text, bool) or not isinstance(text, int | float):
        raise refused(text, "a number is expected; write for example 50B")
    try:
        return _finite(text, float(text))
    except OverflowError:  # an int too long to be shown, too
        raise UsageError("not a finite number; write for example 50B") from None


def cleaned(text: str, example: str) -> str:
    """Return `text` without surrounding blanks, refusing what is no quantity at first sight."""
    clean = text.strip()
    if not clean.lstrip("+"):
        raise UsageError(f"empty quantity; write for example {example}")
    if len(clean) > _LONGEST:
        raise refused(clean, f"too long for a quantity; write for example {example}")
    if clean[0] in "-−":
        raise refused(clean, f"must not be negative; write for example {example}")
    if clean.lower().lstrip("+") in {"nan", "inf", "infinity", ".nan", ".inf"}:
        raise refused(clean, f"not a finite number; write for example {example}")
    return clean.removeprefix("+")


def _leading(text: str, whole: str, example: str) -> tuple[float, str]:
    """Return the number that `text` begins with, its suffix applied, and what follows it."""
    match = re.match(_NUMBER, text, re.IGNORECASE)
    digits = match["number"] if match else ""
    if match is None or not any(c.isdigit() for c in digits.lower().partition("e")[0]):
        raise refused(whole, f"not a quantity; write for example {example}")
    rest = text[match.end() :]
    if rest.startswith(","):
        raise refused(whole, "a comma separates thousands only; write 1.5M or 1,500,000")
    if match["scale"] == "m":
        better = f"{digits}M"
        raise refused(whole, f"'m' could mean milli or million; write {better}")
    try:
        value = float(digits.replace(",", "").replace("_", ""))
    except ValueError:
        raise refused(whole, f"not a number; write for example {example}") from None
    return _finite(whole, value * _SCALES.get((match["scale"] or "").lower(), 1.0)), rest


_PER = {"rps": "req/s", "qps": "req/s", "rpm": "req/min"}
"""What is said in one word: requests a second, requests a minute."""


def _split_rate(rest: str) -> tuple[str, str | None]:
    """Return the unit and the period of `req/s`, `rps`, `tokens per day`, `/month`."""
    rest = _PER.get(rest.strip().lower(), rest)
    unit, slash, period = re.sub(r"(^|\s)per\s+", "/", rest, count=1).partition("/")
    return unit.strip(), period.strip() if slash else None


def _size(name: str, table: Mapping[str, float], whole: str, example: str) -> float:
    """Return the size of a unit or period that `table` knows."""
    size = table.get(name.lower().replace(" ", ""))
    if size is not None:
        return size
    shown = printable(name, 20)
    if table is _MONTHS:
        raise refused(whole, f"unknown period '{shown}'; use s, min, h, day, week, month or year")
    raise refused(whole, f"unknown unit '{shown}'; write for example {example}")


def _per_month(text: Quantity, units: tuple[str, ...], example: str) -> float:
    """Return how many things a month a text such as `500M/day` stands for [1/month]."""
    plain = _plain(text)
    if plain is not None:
        return plain
    clean = cleaned(str(text), example)
    value, rest = _leading(clean, clean, example)
    unit, period = _split_rate(rest)
    if unit and unit.lower() not in units:
        raise refused(
            clean, f"unknown unit '{printable(unit, 20)}'; write {_instead(clean, example)}"
        )
    if period is None:
        return value
    return _in(value / _size(period, _MONTHS, clean, example), period, _MONTHS)


def _instead(text: str, example: str) -> str:
    """Return how a count is written that has an unknown unit: `50GB` as 50B, `1.000.000` as 1M."""
    if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{3})+", text):
        return f"{text.replace('.', '')}, or {show_number(float(text.replace('.', '')))}"
    found = re.match(r"([0-9.]+)\s*g(?:b|i|tok)?", text, re.IGNORECASE)
    return f"{found[1]}B" if found else f"for example {example}"


def _in(value: float, period: str, table: Mapping[str, float]) -> float:
    """Return a figure that may depend on the hours of a month, as a `Rate` where it does."""
    word = period.lower().replace(" ", "").removeprefix("gpu").lstrip("-/")
    months = word in ("mo", "month", "months")
    if table is _MONTHS and not months and word not in ("y", "yr", "year", "years"):
        return Rate(value, 1)
    return Rate(value, -1) if table is _GPU_HOURS and months else value


def tokens_per_month(text: Quantity) -> float:
    """Return a volume of tokens [token/month]; without a period it is one of a month already.

    >>> tokens_per_month("50B"), tokens_per_month("73M/day")
    (50000000000.0, 2220416666.666667)
    """
    return _per_month(text, _TOKENS, "50B or 500M/day")


def requests_per_month(text: Quantity) -> float:
    """Return a volume of requests [request/month]; without a period it is one of a month already.

    >>> requests_per_month("20 req/s")
    52560000.0
    """
    return _per_month(text, _REQUESTS, "2M, 20 req/s or 10k req/day")


def requests_per_s(text: Quantity) -> float:
    """Return a rate of requests [request/s]; a text must say per what.

    >>> requests_per_s("200 req/s"), requests_per_s("12k req/min")
    (200.0, 200.0)
    """
    plain = _plain(text)
    if plain is not None:
        return plain
    example = "200 req/s or 12k req/min"
    clean = cleaned(str(text), example)
    value, rest = _leading(clean, clean, example)
    unit, period = _split_rate(rest)
    if unit.lower() not in ("", *_REQUESTS):
        raise refused(clean, f"unknown unit '{printable(unit, 20)}'; write for example {example}")
    if period is None:
        raise refused(clean, f"a rate needs its period; write '{clean} req/s' or {clean}/min")
    return value / _size(period, _SECONDS, clean, example)


def number(text: Quantity, example: str = "2.5 or 10k") -> float:
    """Return a number of 0 or more without a unit [1], such as a count of users: `10k`."""
    plain = _plain(text)
    if plain is not None:
        return plain
    clean = cleaned(str(text), example)
    value, rest = _leading(clean, clean, example)
    if rest:
        raise refused(clean, f"a number without a unit is expected; write for example {example}")
    return value


def whole(text: Quantity) -> int:
    """Return a whole number of 0 or more [1], such as tokens of a request: `8k`."""
    value = number(text, "8 or 4k")
    if value != int(value):
        raise refused(text, "a whole number is expected; write for example 8 or 4k")
    return int(value)


def share(text: Quantity) -> float:
    """Return a share between 0 and 1 [1], from `35%` or `0.35`.

    >>> share("35%")
    0.35
    """
    value = _plain(text)
    if value is None:
        clean = cleaned(str(text), "35% or 0.35")
        value, rest = _leading(clean, clean, "35% or 0.35")
        if rest not in ("", "%"):
            raise refused(clean, "a share is expected; write for example 35% or 0.35")
        value = value / 100 if rest else value
    if value > 1:
        better = f"; for {value:g} percent write {value:g}%" if value <= 100 else ""
        raise refused(text, f"a share is between 0 and 1, or 0% and 100%{better or '; write 35%'}")
    return value


def _usd(text: Quantity, example: str, per: Mapping[str, float]) -> float:
    """Return an amount [USD], per unit of the table `per` where the text says per what."""
    plain = _plain(text)
    if plain is not None:
        return plain
    clean = cleaned(str(text), example)
    if clean[0] in "€£¥₹":
        raise refused(clean, f"amounts are US dollars; convert it and write for example {example}")
    bare = re.sub(r"^(us\$|\$|usd)\s*", "", clean, flags=re.IGNORECASE)
    value, rest = _leading(cleaned(bare or "?", example), clean, example)
    unit, period = _split_rate(rest)
    if unit.lower() not in ("", "usd", "$"):
        raise refused(clean, f"unknown unit '{printable(unit, 20)}'; write for example {example}")
    if period is None:
        return value
    return _in(_finite(clean, value / _size(period, per, clean, example)), period, per)


def usd(text: Quantity) -> float:
    """Return an amount of money [USD], from `$30k`, `30,000` or `1.2M`."""
    return _usd(text, "$30k", {})


def usd_per_mtok(text: Quantity) -> float:
    """Return a price of tokens [USD/Mtok], from `$2.50/Mtok`, `$2.50` or `0.0025/ktok`.

    >>> usd_per_mtok("$2.50/Mtok")
    2.5
    """
    return _usd(text, "$2.50/Mtok", _MTOKS)


def usd_per_gpu_hour(text: Quantity) -> float:
    """Return the rent of one GPU [USD/hour], from `$2.10/gpu-h`, `$2.10/h`, `$1500/month`.

    >>> usd_per_gpu_hour("$2.10/gpu-h")
    2.1
    """
    return _usd(text, "$2.10/gpu-h", _GPU_HOURS)


def usd_per_month(text: Quantity) -> float:
    """Return an amount a month [USD/month], from `$15k/month`, `15k` or `$180k/year`."""
    return _usd(text, "$15k/month", _MONTHS)


def usd_per_year(text: Quantity) -> float:
    """Return an amount a year [USD/year], from `$200k/year`, `200k` or `$15k/month`."""
    return _usd(text, "$200k/year", _YEARS)


def usd_per_kwh(text: Quantity) -> float:
    """Return a price of electricity [USD/kWh], from `$0.12/kWh` or `0.12`."""
    return _usd(text, "$0.12/kWh", _KWH)


def seconds(text: Quantity, often: tuple[str, str] = ("ms", "s")) -> float:
    """Return a duration [s], from `500ms`, `1s`, `2min`; a text must name its unit.

    Args:
        often: Units that it is mostly said in, for the hint.

    >>> seconds("500ms")
    0.5
    """
    plain = _plain(text)
    if plain is not None:
        return plain
    clean = cleaned(str(text), "500ms or 1s")
    digits = clean.rstrip(_LETTERS + _LETTERS.upper() + " ")
    value, rest = _leading(digits, clean, "500ms or 1s")
    unit = (rest or clean[len(digits) :].strip()).lower()
    if not unit:
        told = f"{clean}{often[0]} or {clean}{often[1]}"
        raise refused(clean, f"a duration needs its unit; write {told}")
    if unit == "m":
        raise refused(clean, f"'m' could mean milli or minute; write {digits}ms or {digits}min")
    return value * _size(unit, _SECONDS, clean, "500ms, 1s or 2min")


def days(text: Quantity) -> float:
    """Return a number of days, from `90`, `90 days`, `12 weeks` or `1 year`.

    >>> days("12 weeks"), days("90d")
    (84.0, 90.0)
    """
    clean = cleaned(str(text), "90 days").lower()
    sizes = (("d", 1.0), ("day", 1.0), ("w", 7.0), ("week", 7.0), ("y", 365.0), ("year", 365.0))
    for end, factor in sizes:
        for word in (end, f"{end}s"):
            if clean.endswith(word) and not clean.removesuffix(word)[-1:].isalpha():
                return number(clean.removesuffix(word).strip(), "90 days") * factor
    return number(clean, "90 days")


def months(text: Quantity) -> float:
    """Return a number of months, from `36`, `18 months` or `3 years`.

    >>> months("3 years")
    36.0
    """
    clean = cleaned(str(text), "18 months or 3 years").lower()
    for ends, factor in (
        (("years", "year", "yrs", "yr", "y"), 12.0),
        (("months", "month", "mos", "mo"), 1.0),
    ):
        for end in ends:
            if clean.endswith(end):
                return number(clean.removesuffix(end).strip(), "18 months or 3 years") * factor
    if clean.endswith("m") and clean[:-1].strip().isdigit():
        digits = clean[:-1].strip()
        raise refused(text, f"'m' could mean minutes or months; write {digits}mo")
    return number(clean, "18 months or 3 years")


def counted_words(unit: str) -> tuple[str, ...]:
    """Return the words that a setting counts from 0 on, by its unit; nothing for other units.

    >>> counted_words("one of tensor, expert"), counted_words("share")
    (('tensor', 'expert'), ())
    """
    begin = "one of "
    return tuple(unit.removeprefix(begin).split(", ")) if unit.startswith(begin) else ()


# Numbers as a screen shows them; `tco.units` reads each of them back to what it was, rounded.

_SUFFIXES = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))
LONG = 1e15
"""From here on a number is written with an exponent: nobody reads forty digits."""
NOTHING = "–"  # what is shown where there is no number


def _rounded(value: float, digits: int) -> float:
    """Return `value` to so many significant digits."""
    return float(f"{value:.{digits - 1}e}")


def _digits(value: float) -> str:
    """Return a number without an exponent and without zeros at its end."""
    text = f"{value:.12f}".rstrip("0").rstrip(".")
    return text if text not in ("", "-0") else "0"


def show_number(value: float, digits: int = 3) -> str:
    """Return a number with the suffix k, M, B or T: `12.5k`.

    >>> show_number(12500), show_number(999_999)
    ('12.5k', '1M')
    """
    if not math.isfinite(value):
        return NOTHING
    near = _rounded(value, digits)
    if abs(near) >= LONG * 1e3:
        return f"{near:.{digits}g}"
    for size, suffix in _SUFFIXES:
        if abs(near) >= size:
            return f"{_digits(_rounded(near / size, digits))}{suffix}"
    return _digits(near)


def show_tokens(tokens: float, digits: int = 3) -> str:
    """Return a count of tokens as `50B`.

    >>> show_tokens(5e10)
    '50B'
    """
    return show_number(tokens, digits)


def show_usd(usd: float) -> str:
    """Return an amount of money, whole from 100 on: `$1,234,567`, `$2.50`.

    >>> show_usd(1234567), show_usd(-2.5), show_usd(0)
    ('$1,234,567', '-$2.50', '$0')
    """
    if not math.isfinite(usd):
        return NOTHING
    sign, size = ("-" if usd < 0 else "") + money().sign, abs(usd) * money().per_usd
    if size >= LONG:
        return f"{sign}{size:.3g}"
    return f"{sign}{size:,.0f}" if size == 0 or size >= 99.995 else f"{sign}{show_price(size)}"


def show_rate(usd: float) -> str:
    """Return a price with all of its digits: `$0.0375`, `$2`."""
    return f"{money().sign}{usd * money().per_usd:g}"


def show_price(usd: float) -> str:
    """Return a small price with two decimals, or as many as three digits need: `0.0375`.

    >>> show_price(2.5), show_price(0.0375), show_price(1234.5)
    ('2.50', '0.0375', '1,234.50')
    """
    if not math.isfinite(usd):
        return NOTHING
    if abs(usd) >= LONG:
        return f"{usd:.3g}"
    exact = _digits(_rounded(usd, 3)) if abs(usd) < 1 else f"{usd:.2f}"
    decimals = len(exact.partition(".")[2])
    return exact if decimals > 2 else f"{usd:,.2f}"


def show_score(score: float) -> str:
    """Return a score in four digits, without a comma: `1352`, `85.3`.

    >>> show_score(1352.4), show_score(0.9), show_score(12345.6)
    ('1352', '0.9', '12346')
    """
    return f"{score:.0f}" if score >= 999.5 else f"{score:.4g}"


def show_usd_per_mtok(usd_per_mtok: float) -> str:
    """Return a price of tokens [USD/Mtok] as `$2.50`, `$0.0375`."""
    return show_usd(usd_per_mtok) if math.isfinite(usd_per_mtok) else NOTHING


def show_share(share: float) -> str:
    """Return a share [1] in percent: `35%`, `0.25%`.

    >>> show_share(0.35)
    '35%'
    """
    return f"{_digits(_rounded(share * 100, 3))}%" if math.isfinite(share) else NOTHING


def show_seconds(seconds: float) -> str:
    """Return a duration [s] as `30ms`, `1.5s`, `2min`, `3h`.

    >>> show_seconds(0.03), show_seconds(90)
    ('30ms', '1.5min')
    """
    if not math.isfinite(seconds):
        return NOTHING
    for size, unit, most in ((1e-3, "ms", 1e3), (1.0, "s", 60.0), (60.0, "min", 60.0)):
        if (near := _rounded(seconds / size, 3)) < most:
            return f"{_digits(max(near, 1.0) if size > 1e-3 else near)}{unit}" if near else "0s"
    return f"{_digits(max(_rounded(seconds / 3600.0, 3), 1.0))}h"


def in_unit(value: float | str, unit: str) -> str:
    """Return a value as its unit is written; a unit without a sign stands elsewhere.

    >>> in_unit(0.85, "share"), in_unit(240000, "USD/year"), in_unit(0.05, "s/token")
    ('85%', '$240,000/year', '50ms')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    if value in range(len(named := counted_words(unit))):
        return named[int(value)]
    for sign, show in (("share", show_share), ("USD", show_usd)):
        if unit.startswith(sign):
            return show(value) + unit.removeprefix(sign)
    if unit in ("s", "s/token"):
        return show_seconds(value)
    if unit == "factor":
        return f"x{show_number(value)}"
    return show_tokens(value) if unit == "tokens/month" else show_number(value, 4)


def with_unit(value: float, unit: str) -> str:
    """Return a value as its unit is written, with the name of one that has no sign.

    >>> with_unit(2.1, "USD/GPU-hour"), with_unit(3, "engineers"), with_unit(5e10, "tokens/month")
    ('$2.10/GPU-hour', '3 engineers', '50B tokens a month')
    """
    if unit == "tokens/month":
        return f"{show_tokens(value)} tokens a month"
    signed = unit.startswith(("share", "USD", "one of ")) or unit in ("s", "s/token", "factor")
    return in_unit(value, unit) if signed else f"{show_number(value)} {unit}".strip()
