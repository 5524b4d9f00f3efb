"""The canonical row that every log comes down to, and what is left out, by reason."""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

WRITES = ("write_5m", "write_1h", "write_30m", "write_12h", "write_unknown")
KINDS = ("input", "read", *WRITES, "output")
"""Kinds of token that never overlap: a bill is a sum of kind times price. `reasoning` is a part of
`output`."""

BAD = (
    *("no_model", "no_time", "not_a_number", "no_output", "negative", "cached_over_input"),
    *("reasoning_over_output", "ends_before_start", "out_of_range", "duplicate", "torn_line"),
)
"""What can be wrong with a row, in the order in which it is looked for: the first one counts."""

NANO = 1_000_000_000
MOST_TOKENS = 10**12
"""More tokens than this in a row are no count but a mistake, such as a time in the wrong column."""

FIRST_S, LAST_S = 1_577_836_800.0, 4_102_444_800.0
"""2020-01-01 and 2100-01-01: nobody bought tokens by the million outside."""


class UsageRow(NamedTuple):
    """One request, or a bucket of requests.

    Args:
        model: As logged, without what names a route or a region.
        input: All input, cached and written included [token].
        read: The part of it that was read from a cache; None where the log does not tell [token].
        write_5m, write_1h, write_30m, write_12h, write_unknown: The parts written to one [token].
        output: Everything generated, reasoning included [token].
        reasoning: The part of it that was thinking; None where the log does not tell [token].
        start, end: Seconds since 1970, UTC; None where the log does not tell [s].
        bucket_s: Length of a bucket; 0 for a request [s].
        requests: Requests of a bucket; None where they are not counted.
        status: 0 unknown, 200 answered; 400 and more failed.
        usd_nano: What the log says that it cost [1e-9 USD].
        id: What makes a row the same as another; empty for nothing.
        read_estimate: Cached part by a rate that the log states, where `read` is None [token].
        only_cost: It says what was charged, and counts nothing.
        longer_than: Every request of a bucket has more input than this [token].
    """

    model: str
    input: int
    output: int
    read: int | None = 0
    write_5m: int = 0
    write_1h: int = 0
    write_30m: int = 0
    write_12h: int = 0
    write_unknown: int = 0
    reasoning: int | None = None
    start: float | None = None
    end: float | None = None
    bucket_s: int = 0
    requests: int | None = 1
    provider: str = ""
    region: str = ""
    service: str = "standard"
    team: str = ""
    project: str = ""
    key: str = ""
    tag: str = ""
    session: str = ""
    id: str = ""
    status: int = 0
    usd_nano: int | None = None
    searches: int = 0
    image_input: int = 0
    read_estimate: int = 0
    only_cost: bool = False
    longer_than: int = 0

    @property
    def written(self) -> int:
        """Return what was written to caches of any lifetime [token]."""
        return sum(getattr(self, name) for name in WRITES)


class Wrong(Exception):  # noqa: N818 - it is a reason, and never leaves this folder
    """A record that cannot be used; its text is the reason."""


class LeftOutTally:
    """What was left out, by reason, with the first place and how often.

    Args:
        left: Records that are not in any total, by reason.
        doubts: Records that are in the totals, though they contradict themselves, by reason.
        first: The first `file:line` of each reason.
    """

    def __init__(self) -> None:
        """Begin with nothing left out."""
        self.left: Counter[str] = Counter()
        self.doubts: Counter[str] = Counter()
        self.first: dict[str, str] = {}
        self.notes: dict[str, str] = {}
        self.spans: set[tuple[float, float]] = set()
        self.incomplete: dict[str, None] = {}

    def leave(self, reason: str, place: str, count: int = 1) -> None:
        """Count a record that is left out."""
        self.left[reason] += count
        self._seen(reason, place)

    def doubt(self, reason: str, place: str, count: int = 1) -> None:
        """Count a record that is kept although something is odd about it."""
        self.doubts[reason] += count
        self._seen(reason, place)

    def _seen(self, reason: str, place: str) -> None:
        if place and (reason not in self.first or place_key(place) < place_key(self.first[reason])):
            self.first[reason] = place

    def note(self, text: str, of: str = "") -> None:
        """Keep a sentence for the reader, once; it holds until the user says what `of` is."""
        self.notes[text] = of

    def cover(self, start: float, end: float) -> None:
        """Know that the log covers a span, whether anything happened in it or not."""
        self.spans.add((start, end))

    def part(self, why: str) -> None:
        """Know that the log is not all there is: its totals are a lower bound."""
        self.incomplete[why] = None


def place_key(place: str) -> tuple[str, int]:
    """Return the order of places: by file, then by line."""
    path, _, line = place.rpartition(":")
    return (path, int(line)) if line.isdigit() else (place, 0)


NOTHING = ("", "null", "none", "nan", "n/a", "-", "\\n")
"""What programs write into a cell of CSV where there is nothing, in small letters."""
MARKS = ",'’_ \u00a0\u202f"
GROUPED = re.compile(rf"\+?[1-9]\d{{0,2}}([{MARKS}]\d{{3}}){{1,4}}")
"""`2,000`, `2 000` and `2'000` are two thousand."""


def count(value: Any, *, missing: int | None = 0) -> Any:
    """Return a number of tokens or requests; `missing` for none.

    Raises:
        Wrong: It is no whole number, negative, or absurdly large.
    """
    if value is None or value == "":
        return missing
    if isinstance(value, str | Decimal):
        value = _numeric(str(value).strip())
        if value is None:
            return missing
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Wrong("not_a_number")
    if isinstance(value, float) and (not math.isfinite(value) or value != int(value)):
        raise Wrong("not_a_number")
    if value < 0:
        raise Wrong("negative")
    if value > MOST_TOKENS:
        raise Wrong("out_of_range")
    return int(value)


def _numeric(text: str) -> int | float | None:
    """Return the number in a cell; None for one that says that there is none."""
    if text.lower() in NOTHING:
        return None
    text = re.sub(r"\D", "", text) if GROUPED.fullmatch(text) else text
    try:
        return int(text) if text.lstrip("-").isdigit() else float(text)
    except ValueError:
        raise Wrong("not_a_number") from None


def nano(value: Any, *, per_usd: int = 1) -> int | None:
    """Return an amount of money [1e-9 USD]; None for none, which is not 0.

    Args:
        value: A number or a text, in units of which one dollar has `per_usd`.
        per_usd: 100 for cents.

    Raises:
        Wrong: It is no number, or beyond what 64 bits hold (9 billion dollars).
    """
    said = str(value).strip()
    if said.lower() in NOTHING:
        return None
    try:
        amount = Decimal(said) * NANO / per_usd
        return int(np.int64(int(amount.to_integral_value())))
    except (InvalidOperation, ValueError, OverflowError):
        raise Wrong("not_a_number") from None


def moment(value: Any, zone: ZoneInfo | None = None) -> float | None:
    """Return a time as seconds since 1970, UTC; None for none.

    Args:
        value: ISO 8601 text, or a number of seconds, milliseconds, microseconds or nanoseconds.
        zone: Zone of texts that name none; UTC when None.

    Raises:
        Wrong: It is no time, or one before 2020 or after 2099.
    """
    if value is None or value == "":
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = value.isoformat()
    if isinstance(value, datetime):
        return _in_range((value if value.tzinfo else value.replace(tzinfo=zone or UTC)).timestamp())
    if isinstance(value, str) and not _is_number(value):
        try:
            bare = ZONED.sub(lambda end: end[1] or "+00:00", value.strip()).replace("/", "-")
            found = datetime.fromisoformat(bare)
        except ValueError:
            raise Wrong("no_time") from None
        return _in_range((found if found.tzinfo else found.replace(tzinfo=zone or UTC)).timestamp())
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Wrong("no_time")
    seconds = float(value)
    for _ in range(3):
        seconds /= 1000.0 if abs(seconds) >= 1e11 else 1.0
    return _in_range(seconds)


DAY = re.compile(r"20\d{6}")
ZONED = re.compile(r"(?<=\d)\s*([+-]\d\d:?\d\d)?\s*(UTC|GMT)$")
"""What databases, Go and browsers write behind a time."""


def _is_number(text: str) -> bool:
    digits = text.strip()  # `20261120` is a day: no seconds since 1970 are so few
    return digits.lstrip("-").replace(".", "", 1).isdigit() and not DAY.fullmatch(digits)


def _in_range(seconds: float) -> float:
    if not FIRST_S <= seconds < LAST_S:
        raise Wrong("out_of_range")
    return seconds


def day_of(seconds: float) -> str:
    """Return the UTC day of a moment, as `2026-11-20`."""
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def text(value: Any) -> str:
    """Return a name; empty for none."""
    if value is None or isinstance(value, dict | list):
        return ""
    return str(value).strip()[:200]


def hashed(name: str) -> str:
    """Return a short digest of a name of a person or of a key, which does not tell the name."""
    return hashlib.blake2b(name.encode(), digest_size=6).hexdigest() if name else ""


def checked(row: UsageRow) -> UsageRow:
    """Return a row that is not wrong in any of the ways that can be told from it alone.

    Raises:
        Wrong: It is; the text is the first reason that holds.
    """
    if not row.model and not row.only_cost:
        raise Wrong("no_model")
    for reason, wrong in (
        ("cached_over_input", (row.read or 0) + row.written > row.input),
        ("reasoning_over_output", (row.reasoning or 0) > row.output),
        ("ends_before_start", None not in (row.start, row.end) and row.end < row.start),  # type: ignore[operator]
        ("out_of_range", row.end is not None and row.end >= LAST_S),  # by a duration, not a time
    ):
        if wrong:
            raise Wrong(reason)
    return row


COLUMNS: dict[str, str] = {
    "model": "VARCHAR",
    "provider": "VARCHAR",
    "region": "VARCHAR",
    "service": "VARCHAR",
    "team": "VARCHAR",
    "project": "VARCHAR",
    "key": "VARCHAR",
    "tag": "VARCHAR",
    "t": "INTEGER",
    "e": "INTEGER",
    "bucket_s": "INTEGER",
    "n": "BIGINT",
    "status": "SMALLINT",
    "input": "BIGINT",
    "read": "BIGINT",
    "write_5m": "BIGINT",
    "write_1h": "BIGINT",
    "write_30m": "BIGINT",
    "write_12h": "BIGINT",
    "write_unknown": "BIGINT",
    "output": "BIGINT",
    "reasoning": "BIGINT",
    "usd_nano": "BIGINT",
    "read_estimate": "BIGINT",
    "searches": "BIGINT",
    "image_input": "BIGINT",
    "longer_than": "INTEGER",
    "only_cost": "BOOLEAN",
    "session": "BIGINT",
    "bad": "VARCHAR",
    "file": "INTEGER",
}
"""Columns of the canonical table: counts are inclusive, `t` and `e` are seconds since 1970, UTC."""
