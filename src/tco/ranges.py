"""Ratios (`3:1`) and ranges of values to try (`1B..1T:log25`), in the grammar of `tco.units`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from tco.errors import UsageError, printable
from tco.records import dataclass
from tco.units import Quantity, cleaned, number, refused, seconds, share

_MOST_STEPS = 10_000
_SPAN = r"(?P<low>.+?)\s*\.\.\s*(?P<high>.+?)\s*:\s*(?P<log>log)?(?P<count>[0-9]{1,6})"


def ratio(text: Quantity) -> float:
    """Return how many of the first come with one of the second [1], from `3:1` or `3`.

    >>> ratio("3:1")
    3.0
    """
    if not isinstance(text, str):
        return number(text)
    first, second = _pair(str(text))
    if second == 0:
        raise refused(text, "the second part of a ratio must be over 0; write for example 3:1")
    return first / second


_SAME = {"itl": "tpot", "tbt": "tpot", "latency": "ttft", "first": "ttft"} | {
    f"p{level}": f"ttft_p{level}" for level in (50, 95, 99)
}
"""What others call the latencies that can be limited."""


def _limits(name: str, most: str) -> str:
    """Return how limits are written, with what was said where its sense is clear."""
    if most and name.lower() in _SAME:
        return f"{_SAME[name.lower()]}={most}"
    bare = re.fullmatch(r"[0-9.]+ ?(ms|s)", name)
    return (
        f"tpot={name} or ttft={name}"
        if bare and not most
        else f"tpot=30ms,ttft=1s; limits: {', '.join(LIMITED)}"
    )


LIMITED = ("tpot", "ttft", "ttft_p50", "ttft_p95", "ttft_p99")
"""Latencies that can be limited: of an output token, mean over a request, of the first one, and of
what half, 95 % and 99 % of the requests wait for that in the busiest hour."""


def limit(value: str | tuple[str, Quantity]) -> tuple[str, float]:
    """Return which latency is limited and the limit [s], from `tpot=30ms` or a pair.

    >>> limit("ttft=1s"), limit("ttft-p95=2s")
    (('ttft', 1.0), ('ttft_p95', 2.0))
    """
    given = "=".join(str(part) for part in value) if isinstance(value, tuple) else str(value)
    name, _, most = (cell.strip() for cell in given.partition("="))
    name = name.replace("-", "_")
    if name not in LIMITED or not most:
        raise UsageError(f"{printable(given, 40)!r} is no limit; write {_limits(name, most)}")
    try:
        most_s = seconds(most)
    except UsageError as error:
        raise UsageError(f"{name}: {error}") from None
    if most_s <= 0:
        raise UsageError(f"{name}: must be more than 0")
    return name, most_s


def success(value: object) -> tuple[str, float]:
    """Return a class or a model and how often it is right [1], from `small=80%` or a pair.

    >>> success("small=80%")
    ('small', 0.8)
    """
    if isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.items()))
    pair = value if isinstance(value, tuple) else tuple(str(value).partition("=")[::2])
    name, rate = str(pair[0]).strip(), pair[1]
    if not name or rate == "":
        shown = printable(str(value), 40)
        raise UsageError(f"{shown!r} is no class or model and share; write small=80%")
    right = share(rate)
    if right == 0:
        raise UsageError(f"{name}: what is never right has no price; leave it out")
    return name, right


def split(text: Quantity) -> tuple[float, float]:
    """Return the two shares [1] that a ratio stands for, from `3:1`; one of them may be 0.

    >>> split("3:1")
    (0.75, 0.25)
    """
    first, second = _pair(str(text))
    if first + second == 0:
        raise refused(text, "one part of a ratio must be over 0; write for example 3:1")
    return first / (first + second), second / (first + second)


def _pair(text: str) -> tuple[float, float]:
    """Return the two numbers of `3:1`; a single one counts against 1."""
    clean = cleaned(text, "3:1")
    first, colon, second = clean.partition(":")
    return number(first, "3:1"), number(second, "3:1") if colon else 1.0


@dataclass(frozen=True, slots=True)
class Span:
    """A range of values to try: `count` of them from `low` to `high`, evenly or by factors."""

    low: float
    high: float
    count: int
    log: bool

    @property
    def values(self) -> tuple[float, ...]:
        """Return the values, `low` and `high` among them, in the unit that was asked for."""
        steps = [i / (self.count - 1) for i in range(1, self.count - 1)]
        if self.log:
            ratio = math.log(self.high / self.low)
            inner = [self.low * math.exp(ratio * step) for step in steps]
        else:
            inner = [self.low + (self.high - self.low) * step for step in steps]
        return (self.low, *inner, self.high)


def span(text: str, of: Callable[[str], float] = number) -> Span:
    """Return the range that `1B..1T:log25` or `0.2..0.8:7` stands for, its ends read by `of`.

    >>> span("0..1:3").values
    (0.0, 0.5, 1.0)
    """
    example = "1B..1T:log25 or 0.2..0.8:7"
    clean = cleaned(str(text), example)
    match = re.fullmatch(_SPAN, clean)
    if match is None:
        raise refused(clean, f"not a range; write for example {example}")
    low, high, count = of(match["low"]), of(match["high"]), int(match["count"])
    log = bool(match["log"])
    if not 2 <= count <= _MOST_STEPS:
        raise refused(clean, f"a range has 2 to {_MOST_STEPS} steps; write for example {example}")
    if low >= high or (log and low == 0):
        raise refused(clean, "a range goes from low to high, and from above 0 with log")
    return Span(low, high, count, log)
