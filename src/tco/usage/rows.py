"""The canonical row that every log comes down to, what is left out, by reason, and the table."""

from __future__ import annotations

import hashlib
import math
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from tco.errors import DataError, UsageError, install_command
from tco.usage.counted import TIMED, TimeCounter

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


# The canonical table: narrow Parquet files in a temporary folder, made and read by DuckDB, which is
# bounded in memory, spills into the same folder, and can neither install nor load anything.

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

QUERIES_FILE = Path(__file__).with_name("duckdb.sql")

CHUNK = 100_000
MEMORY = "350MB"
NEEDED = (
    "request logs are read by DuckDB: {} (a CSV of monthly totals and the providers' usage reports "
    "are read without)"
)
SETTINGS = (
    "SET TimeZone='UTC'",
    "SET autoinstall_known_extensions=false",
    "SET autoload_known_extensions=false",
    "SET preserve_insertion_order=false",
)

Shown = Callable[[float], None]


def duckdb_module() -> Any:
    """Return DuckDB.

    Raises:
        UsageError: It is not installed; the text says how.
    """
    try:
        import duckdb
    except ImportError:
        raise UsageError(NEEDED.format(install_command("logs"))) from None
    return duckdb


class Store:
    """The canonical table of a run, and a connection to it; its folder is gone at the end."""

    def __init__(self, *, memory: str | None = None, threads: int | None = None) -> None:
        """Open a connection with bounded memory and a temporary folder of its own."""
        duckdb = duckdb_module()
        self.folder = Path(tempfile.mkdtemp(prefix="tco-logs-"))
        self.parts = self.files = 0
        self.con = duckdb.connect(
            config={
                "memory_limit": memory or MEMORY,
                "temp_directory": str(self.folder / "spill"),
                "threads": str(threads or min(os.cpu_count() or 1, 8)),
            }
        )
        self.have: set[str] = set()
        self.models: Any = np.array([""], dtype=object)
        self.counted = False
        self.counter: TimeCounter | None = None
        for setting in SETTINGS:
            self.con.execute(setting)

    def __enter__(self) -> Store:
        """Return the store."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection and remove the folder."""
        self.con.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def write(self, query: str) -> None:
        """Write the rows of a query as a part of the canonical table."""
        part = self.folder / f"part-{self.parts + 1:05d}.parquet"
        self.con.execute(f"COPY ({query}) TO '{part}' ({PARQUET})")
        self.parts += 1

    def rewrite(self, part: Path, query: str) -> None:
        """Write the rows of a query in place of a part."""
        new = part.with_suffix(".new")
        self.con.execute(f"COPY ({query}) TO {quoted(str(new))} ({PARQUET})")
        new.replace(part)

    def add(self, rows: Iterable[UsageRow]) -> Iterator[UsageRow]:
        """Write rows as parts of the canonical table, and return them one by one as they pass."""
        chunk: list[UsageRow] = []
        for row in rows:
            chunk.append(row)
            if len(chunk) == CHUNK:
                self._write_rows(chunk)
                chunk = []
            yield row
        if chunk:
            self._write_rows(chunk)

    def _write_rows(self, rows: list[UsageRow]) -> None:
        arrays = columns(rows)
        self.con.register("chunk", arrays)
        picked = ", ".join(
            f"CAST({name} AS {kind}) AS {name}" for name, kind in COLUMNS.items() if name in arrays
        )
        self.write(f"SELECT {picked}, NULL::VARCHAR AS bad, NULL::INTEGER AS file FROM chunk")
        self.con.unregister("chunk")

    def view(self) -> None:
        """Make the table `usage` of all rows, and `good` of those that count."""
        if not self.parts:
            picked = ", ".join(f"NULL::{kind} AS {name}" for name, kind in COLUMNS.items())
            self.write(f"SELECT {picked} LIMIT 0")
        files = f"read_parquet('{self.folder}/part-*.parquet', union_by_name=true)"
        self.con.execute(f"CREATE OR REPLACE VIEW usage AS SELECT * FROM {files}")
        self.have = {row[0] for row in self.con.execute("DESCRIBE usage").fetchall()}
        self.con.execute(
            "CREATE OR REPLACE TYPE named AS ENUM "
            "(SELECT DISTINCT model FROM usage WHERE bad IS NULL AND model IS NOT NULL ORDER BY 1)"
        )
        known = self.con.execute("SELECT unnest(enum_range(NULL::named))::VARCHAR").fetchall()
        self.models = np.array([*(name for (name,) in known), ""], dtype=object)
        self.keep()

    def keep(self, without: Collection[str] = ()) -> None:
        """Have nothing in some columns of `good` from now on, nor in those that no file has."""
        empty = {"only_cost": "false", "n": "1"}
        casts = {"model": "CAST(model AS named) AS model"}  # numbers are grouped sooner than texts
        picked = ", ".join(
            f"CAST({empty.get(name, 'NULL')} AS {kind}) AS {name}"
            if name in without or name not in self.have
            else casts.get(name, name)
            for name, kind in COLUMNS.items()
        )
        self.con.execute(
            f"CREATE OR REPLACE VIEW good AS SELECT {picked} FROM usage WHERE bad IS NULL"
        )
        self.con.execute("DROP TABLE IF EXISTS seconds")
        self.counted, self.counter = False, None

    def ask(
        self, name: str, *, edges: Sequence[int] = (), hourly: Sequence[str] = ()
    ) -> dict[str, Any]:
        """Return what a query of `duckdb.sql` finds.

        Args:
            name: Of the query.
            edges: Limits of context tiers [token].
            hourly: Models whose price depends on the hour.
        """
        known = queries()
        if name in TIMED:
            self.counter = self.counter or TimeCounter(self.numbers, self.models, known)
            counted = self.counter.found(name)
            if counted is not None:
                return counted
        text = known[f"{name}_hourly" if hourly else name]
        if 'FROM "seconds"' in text and not self.counted:
            self.con.execute(f"CREATE TEMP TABLE seconds AS {known['seconds']}")
            self.counted = True
        tier = " + ".join(known["over"].replace("{edge}", str(edge)) for edge in edges) or "0"
        text = text.replace("{hourly}", ", ".join(map(quoted, hourly))).replace("{tier}", tier)
        # Numbers lie in the order of the names, and are sorted and fetched much sooner.
        found = self.numbers(MODEL.sub(r"coalesce(enum_code(\1), -1)", text))
        if "model" in found and found["model"].dtype != object:
            found["model"] = self.models[found["model"]]
        return found

    def numbers(self, query: str) -> dict[str, Any]:
        """Return the columns of a query's result as arrays; texts as arrays of objects.

        Where there is nothing stands 0, an empty text, and for a time `t` -1.
        """
        try:
            found: dict[str, Any] = self.con.execute(query).fetchnumpy()
        except duckdb_module().Error as error:
            raise DataError(f"logs: {one_line(error)}") from None
        return {name: plain(name, values) for name, values in found.items()}


def plain(name: str, values: Any) -> Any:
    """Return a column without a mask."""
    if not isinstance(values, np.ma.MaskedArray):
        return values
    empty: Any = "" if values.dtype == object else -1 if name == "t" else 0
    return np.ma.filled(values, empty)


MODEL = re.compile(r'CAST\(("t\d+"\."model") AS TEXT\)')
PARQUET = (
    "FORMAT parquet, COMPRESSION uncompressed, ROW_GROUP_SIZE 250000, DICTIONARY_SIZE_LIMIT 2000, "
    "WRITE_BLOOM_FILTER false"
)


def one_line(error: Exception) -> str:
    """Return what a database complains of, in one line."""
    return " ".join(str(error).split())[:200]


def columns(rows: list[UsageRow]) -> dict[str, Any]:
    """Return rows as arrays by the columns of the canonical table."""
    by = dict(zip(UsageRow._fields, zip(*rows, strict=True), strict=True))
    found: dict[str, Any] = {
        name: np.array(by[name], dtype=object)
        for name in ("model", "provider", "region", "service", "team", "project", "key", "tag")
    }
    found |= {
        ours: _integers(by[theirs])
        for ours, theirs in (
            *(("t", "start"), ("e", "end"), ("n", "requests")),
            *(
                (n, n)
                for n in COLUMNS
                if n in by and COLUMNS[n] in ("BIGINT", "INTEGER", "SMALLINT")
            ),
        )
        if ours != "session"
    }
    found["only_cost"] = np.array(by["only_cost"], dtype=bool)
    found["session"] = _integers([session_hash(s) for s in by["session"]])
    return found


def session_hash(name: str) -> int | None:
    """Return a number that stands for a session, and does not tell its name."""
    if not name:
        return None
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big") >> 1


def _integers(values: Iterable[Any]) -> Any:
    """Return whole numbers as an array, masked where there is none."""
    some = list(values)
    mask = [value is None for value in some]
    data = np.array([0 if value is None else int(value) for value in some], dtype=np.int64)
    return np.ma.masked_array(data, mask=mask) if any(mask) else data


def parquet_rows(path: str, most: int | None = None) -> Iterator[dict[str, Any]]:
    """Return the rows of a Parquet file as mappings."""
    limit = "" if most is None else f" LIMIT {most}"
    try:
        found = _connection().cursor().execute(f"SELECT * FROM read_parquet({quoted(path)}){limit}")
    except duckdb_module().Error as error:
        raise DataError(f"{path}: {one_line(error)}") from None
    names = [column[0] for column in found.description]
    some = most is None
    while rows := found.fetchmany(10_000):
        for row in rows:
            some = True
            yield dict(zip(names, row, strict=True))
    if not some:  # a table without rows tells what it is, too
        yield dict.fromkeys(names)


@cache
def queries() -> dict[str, str]:
    """Return the SQL of every query of `tco.usage.expressions` for DuckDB, by name."""
    parts = QUERIES_FILE.read_text(encoding="utf-8").split("-- name: ")[1:]
    return {name: text.strip() for name, _, text in (part.partition("\n") for part in parts)}


@cache
def _connection() -> Any:
    """Return the one connection that reads rows of all files."""
    connection = duckdb_module().connect(config={"memory_limit": MEMORY, "threads": "1"})
    for setting in SETTINGS:
        connection.execute(setting)
    return connection


def quoted(text: str) -> str:
    """Return a text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"
