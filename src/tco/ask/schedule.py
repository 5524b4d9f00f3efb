"""`mon-fri 08:00-20:00`: the opening hours of a week."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tco.errors import UsageError, printable

if TYPE_CHECKING:
    from tco.analysis.request import Schedule

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_OF_A_DAY = 24 * 60
EXAMPLE = "write for example mon-fri 08:00-20:00, sat 10:00-14:00"
_PART = re.compile(
    r"^(?:(?P<days>[a-z]{3}(?:-[a-z]{3})?)\s+)?"
    r"(?P<h1>\d{1,2}):(?P<m1>\d\d)-(?P<h2>\d{1,2}):(?P<m2>\d\d)$"
)


def schedule(value: Any) -> Schedule:
    """Return opening hours, in UTC as the hours of traffic profiles are.

    Spans are separated by commas. Without days a span holds for all of them; one that ends before
    it begins goes on after midnight.

    >>> [(sorted(days), start, end) for days, start, end in schedule("sat 22:00-02:00").spans]
    [([5], 1320, 1440), ([6], 0, 120)]
    """
    from tco.analysis.request import Schedule

    spans: list[tuple[frozenset[int], int, int]] = []
    for part in str(value).lower().split(","):
        spans += _spans(part.strip())
    return Schedule(tuple(spans))


def _spans(part: str) -> list[tuple[frozenset[int], int, int]]:
    found = _PART.match(part)
    if found is None:
        raise UsageError(f"{printable(part, 40)!r} is no opening hours; {EXAMPLE}")
    start, end = _minute(found["h1"], found["m1"]), _minute(found["h2"], found["m2"])
    days = _days(found["days"], part)
    if start == end:
        raise UsageError(f"{printable(part, 40)!r} is no time at all; {EXAMPLE}")
    if start < end:
        return [(days, start, end)]
    after = frozenset((day + 1) % len(DAYS) for day in days)
    return [(days, start, MINUTES_OF_A_DAY), *([(after, 0, end)] if end else [])]


def _minute(hour: str, minute: str) -> int:
    at = int(hour) * 60 + int(minute)
    if int(minute) > 59 or at > MINUTES_OF_A_DAY:
        raise UsageError(f"there is no {hour}:{minute}; {EXAMPLE}")
    return at


def _days(word: str | None, part: str) -> frozenset[int]:
    """Return weekdays, Monday being 0."""
    if word is None:
        return frozenset(range(len(DAYS)))
    first, _, last = word.partition("-")
    unknown = [day for day in (first, last or first) if day not in DAYS]
    if unknown:
        raise UsageError(f"{printable(part, 40)!r}: {unknown[0]!r} is no day; {EXAMPLE}")
    begin, end = DAYS.index(first), DAYS.index(last or first)
    length = (end - begin) % len(DAYS) + 1
    return frozenset((begin + i) % len(DAYS) for i in range(length))
