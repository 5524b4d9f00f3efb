"""The canonical table of a run, in DuckDB: bounded in memory, gone at the end.

Narrow Parquet files in a temporary folder, made and read by a database that spills into the same
folder, and can neither install nor load anything.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import shutil
import tempfile
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from tco.errors import DataError, UsageError, install_command
from tco.usage.counted import TIMED, TimeCounter
from tco.usage.rows import COLUMNS, UsageRow
from tco.usage.sources import GZIP, MOST_LINE, LogSource, opened

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

    def drop(self, first: int) -> None:
        """Remove the parts from one on."""
        for number in range(first, self.parts + 1):
            (self.folder / f"part-{number:05d}.parquet").unlink()
        self.parts = first - 1

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
    inside = {column[0]: fields for column in found.description if (fields := _fields(column[1]))}
    some = most is None
    while rows := found.fetchmany(10_000):
        for row in rows:
            some = True
            record = dict(zip(names, row, strict=True))
            yield {**record, **_filled(record, inside)} if inside and most is not None else record
    if not some:  # a table without rows tells what it is, too
        yield dict.fromkeys(names)


def _fields(kind: Any) -> dict[str, Any]:
    """Return the fields of a structure of Parquet, with those inside; of another type none."""
    if getattr(kind, "id", "") != "struct":
        return {}
    return {name: _fields(inner) for name, inner in kind.children}


def _filled(record: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """Return structures with all their fields, which the first rows may have nothing in."""
    found = {}
    for name, inner in fields.items():
        value = record.get(name)
        found[name] = _filled(value or {}, inner) if inner else value
    return {**record, **found}


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


def unpacked(path: str, to: Path) -> str | None:
    """Write the text of a packed file; return where it lies.

    That is its own path if it is not packed, or if the disk has not room enough; None if it is cut
    off, or has half the longest line without an end.
    """
    with Path(path).open("rb") as stream:
        if stream.read(2) != GZIP:
            return path
    room, since = shutil.disk_usage(to.parent).free // 2, 0
    with opened(LogSource(path)) as text, to.open("wb") as out:
        try:
            while chunk := text.read(1_000_000):
                end = chunk.rfind(b"\n")
                since = since + len(chunk) if end < 0 else len(chunk) - end
                if since > MOST_LINE // 2:
                    break
                room -= len(chunk)
                if room > 0:
                    out.write(chunk)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            since = MOST_LINE
    whole = since <= MOST_LINE // 2
    if whole and room > 0:
        return str(to)
    to.unlink()
    return path if whole else None
