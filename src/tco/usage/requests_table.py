"""Tables of requests, read by DuckDB straight into the canonical table."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from tco.errors import DataError
from tco.usage import formats
from tco.usage.counted import ids_counted
from tco.usage.raw_table import (
    DOUBTS,
    FILE,
    LIFETIMES,
    MOST_OF_A_REQUEST,
    ODD,
    SETTLED,
    TIMES,
    Raw,
    doubts,
    file_number,
    hash_in,
    integer,
    marks_in,
    nano_in,
    refused,
    service_in,
    status_in,
    when,
)
from tco.usage.rows import FIRST_S, LeftOutTally
from tco.usage.sources import (
    BLANK,
    LogSource,
    copy_lines,
    csv_rows,
    has_joined_lines,
    is_cut_or_long,
    is_document,
    lines,
    must_be_copied,
    records,
)
from tco.usage.store import Shown, Store, duckdb_module, quoted, unpacked

TOKENS = ("input", "read", "written", "output", "reasoning")
GROUP = 8
"""Files that are read at once: each gzip file takes one thread."""


def query(
    raw: Raw,
    files: Mapping[str, int],
    zone: ZoneInfo | None,
    *,
    row: bool = False,
    most: int | None = None,
) -> str:
    """Return the query whose rows are those of the canonical table, good and bad.

    Args:
        raw: How the files are read.
        files: Their paths, and the numbers that stand for them in the table.
        zone: Zone of times that name none.
        row: With the number of each row of the file, in its order; else DuckDB keeps which lines
            of CSV are none.
        most: So many rows from the beginning; None for all.
    """
    relation = raw.relation([*files], torn=not row)
    if most is not None:
        relation = f"(SELECT * FROM {relation} LIMIT {most})"
    extra = ", row_number() OVER () AS at_row" if row else ""
    text = {
        name: raw.field(name) for name in ("model", "provider", "region", "team", "project", "tag")
    }
    lifetimes = [name for name in LIFETIMES if raw.field(name) is not None]
    picked = [f"{integer(raw, name)} AS {name}" for name in (*TOKENS, *lifetimes)]
    picked += [f"{value or 'NULL::VARCHAR'} AS {name}" for name, value in text.items()]
    picked += [f"{when(raw, name, zone)} AS {name}_us" for name in TIMES]
    picked += [f"{status_in(raw)} AS status", f"{service_in(raw)} AS service", FILE]
    picked += [f"{nano_in(raw)} AS usd_nano", f"{hash_in(raw, 'session')} AS session"]
    picked += [f"{hash_in(raw, 'id')} AS id", f"{raw.torn()} AS torn", f"{raw.hit()} AS hit"]
    if told := doubts(raw):
        picked.append(f"{told} AS doubt")
    return f"""
SELECT * EXCLUDE (start_us, end_us, torn, hit, {FILE}),
 TRY_CAST(start_us // 1000000 AS INTEGER) AS t, TRY_CAST(end_us // 1000000 AS INTEGER) AS e,
 {file_number(files, FILE)} AS file
FROM (SELECT *, CASE WHEN torn THEN 'torn_line' WHEN {PROXY} THEN '{formats.HIT}'
 WHEN model IS NULL OR model = '' THEN 'no_model'
 WHEN start_us IS NULL THEN 'no_time' WHEN start_us = -1 THEN '{formats.AMBIGUOUS}'
 WHEN least(input, read, written, output, reasoning) <= {ODD // 10} THEN 'not_a_number'
 WHEN output IS NULL OR input IS NULL THEN 'no_output'
 WHEN least(input, read, written, output, reasoning) < 0 THEN 'negative'
 WHEN read + written > input THEN 'cached_over_input'
 WHEN reasoning > output THEN 'reasoning_over_output'
 WHEN end_us < start_us THEN 'ends_before_start'
 WHEN start_us < {int(FIRST_S)}000000 OR start_us > 4102444800000000
  OR greatest(input, output) > {MOST_OF_A_REQUEST} THEN 'out_of_range' END AS bad
 FROM (SELECT {", ".join(picked)}{extra} FROM {relation}))"""


PROXY = "hit AND coalesce(read, 0) <= 0 AND coalesce(usd_nano, 0) <= 0"
"""What a provider's cache had, or what was charged, says so of another cache than the proxy's."""
NEGATED = ("n", "write_unknown", "input", "read", "output", "reasoning", "usd_nano")
KEPT = ("bucket_s", "model", "service", "t", "e", "status", "bad", "file")
OPTIONAL = ("provider", "region", "session")
"""Columns of the canonical table that a table of requests fills: counts, and what is kept as it
is; those that no field fills are left out, and so are the groups that no question asks for."""


def canonical(raw: Raw, inner: str, by: Sequence[str], twin: str | None = None) -> str:
    """Return rows of `query` as those of the canonical table.

    Args:
        raw: How the files are read.
        by: Of `team`, `project`, `tag`, those that are kept.
        twin: What tells rows that may be duplicates; None where there is nothing.
    """
    lifetimes = [name for name in LIFETIMES if raw.field(name) is not None]
    made = {"n": "1::INTEGER", "bucket_s": "0::INTEGER"}
    made |= {
        name: f"TRY_CAST({source} AS INTEGER)"
        for name, source in (
            *(("input", "input"), ("output", "output")),
            *(("read", "read"), ("reasoning", "reasoning"), *((one, one) for one in lifetimes)),
            ("write_unknown", " - ".join(["(written", *lifetimes]) + ")"),
        )
    }
    names = [*NEGATED, *lifetimes, *KEPT]
    names += [n for n in (*OPTIONAL, *by) if raw.field(n) is not None]
    picked = [f"{made.get(name, name)} AS {name}" for name in names]
    if doubts(raw):
        picked.append("doubt")
    if twin is not None:
        picked.append(f"{twin} AS twin")
    joined = " LEFT JOIN twice ON twice.same = id" if twin == "same" else ""
    return f"SELECT {', '.join(picked)} FROM ({inner}){joined}"


def add_table(
    store: Store,
    files: Sequence[LogSource],
    raw: Raw,
    zone: ZoneInfo | None,
    tally: LeftOutTally,
    shown: Shown,
    by: Sequence[str] = (),
) -> Taken | None:
    """Read tables into the canonical table, duplicates taken off again; count what is bad.

    Returns where they lie, if other tables can tell the same requests.

    Args:
        store: The canonical table.
        files: The tables, all of one shape.
        raw: How they are read.
        zone: Zone of times that name none.
        tally: Where bad rows are counted.
        shown: Is told how far it has come [1].
        by: Which groups are kept.

    Raises:
        DataError: DuckDB cannot read one of the files.
    """
    files = sorted(files, key=lambda source: source.path)
    first, number = store.parts + 1, store.files
    store.files += len(files)
    while True:
        paths, twin = _read(store, files, (raw, number, zone), tally, shown, by)
        if not contradicted(store, raw, paths, first, tally):
            break
        store.drop(first)
        store.con.execute("DROP TABLE IF EXISTS torn")
    numbered = dict(enumerate(paths.items(), number))
    listed = _judged(store, (raw, numbered, zone), first, tally)
    if twin is None:
        return None
    shown_as = {number: source.shown for number, (_, source) in numbered.items()}
    _take_off(store, listed, shown_as, tally)
    return None if raw.shape == "parquet" else (listed, shown_as)


def _read(
    store: Store,
    files: Sequence[LogSource],
    how: tuple[Raw, int, ZoneInfo | None],
    tally: LeftOutTally,
    shown: Shown,
    by: Sequence[str],
) -> tuple[dict[str, LogSource], str | None]:
    """Read tables into the canonical table.

    Returns them by the path that DuckDB reads, and what tells rows that may be duplicates.
    """
    raw, number, zone = how
    copies = {s.path for s in files if raw.shape != "parquet" and must_be_copied(s)}
    paths = _readable(store, files, copies, tally)
    raw.day_first = day_first(store, raw, [*paths])
    twin = _twin(store, raw, [*paths])
    done = 0
    while done < len(files):
        some = dict(zip([*paths][done : done + GROUP], count(number + done), strict=False))
        try:
            broken = _add(store, raw, some, zone, by, twin)
        except duckdb_module().Error as problem:
            broken = [p for p in some if raw.shape != "parquet" and is_cut_or_long(paths[p])]
            if not broken:
                raise DataError(refused(problem, files)) from None
        joined = _joined(store, some, paths) if raw.shape == "json" and not broken else []
        if broken or joined:
            copies |= {*broken, *joined}
            files = [s._replace(joined=s.joined or s.path in joined) for s in files]
            paths = _readable(store, files, copies, tally)
            continue
        done += len(some)
        shown(done / len(files))
    return paths, twin


def _joined(store: Store, some: Mapping[str, int], paths: Mapping[str, LogSource]) -> list[str]:
    """Return files with torn lines of which some have several records; then none are read."""
    part = store.folder / f"part-{store.parts:05d}.parquet"
    torn = f"SELECT DISTINCT file FROM read_parquet({quoted(str(part))}) WHERE bad = 'torn_line'"
    numbers = {number for (number,) in store.con.execute(torn).fetchall()}
    suspect = [paths[path] for path, number in some.items() if number in numbers]
    found = [s.path for s in suspect if not s.joined and has_joined_lines(s)]
    if found:
        part.unlink()
        store.parts -= 1
    for path in some:
        if paths[path].path in found and path != paths[path].path:
            Path(path).unlink()  # a copy of its lines as they are
    return found


def _judged(store: Store, tables: Tables, first: int, tally: LeftOutTally) -> str:
    """Count what is bad in the parts from one on; return them as SQL lists them."""
    mine = [store.folder / f"part-{n:05d}.parquet" for n in range(first, store.parts + 1)]
    listed = "[" + ", ".join(quoted(str(path)) for path in mine) + "]"
    _settle(store, tables[0], mine, listed)
    _doubt_costs(store, mine, tables[1], tally)
    _count_bad(store, listed, tables, tally)
    return listed


def _add(
    store: Store,
    raw: Raw,
    files: Mapping[str, int],
    zone: ZoneInfo | None,
    by: Sequence[str],
    twin: str | None,
) -> list[str]:
    """Read some files into the canonical table; return those that cannot be, and then read none.

    Packed CSV is unpacked first: DuckDB passes over what is too long in it without a word, and it
    takes no longer than DuckDB's own unpacking.
    """
    texts: dict[str, str | None] = {path: path for path in files}
    try:
        if raw.shape == "csv":
            texts |= {p: unpacked(p, store.folder / f"text-{n}") for p, n in files.items()}
        read = {text: files[path] for path, text in texts.items() if text is not None}
        if len(read) == len(files):
            store.write(canonical(raw, query(raw, read, zone), by, twin))
            _keep_torn(store, raw, read)
    finally:
        for text in {*texts.values()} - files.keys() - {None}:
            Path(str(text)).unlink(missing_ok=True)
    return [path for path, text in texts.items() if text is None]


def _readable(
    store: Store, files: Sequence[LogSource], copies: Collection[str], tally: LeftOutTally
) -> dict[str, LogSource]:
    """Return the files by the path that DuckDB reads: of some, a copy of what can be read of it."""
    paths = {}
    for number, source in enumerate(files):
        path = Path(source.path)
        if source.path in copies:
            path = store.folder / f"rest-{number}"
            if not path.exists():
                copy_lines(source, path, tally)
        paths[str(path)] = source
    return paths


def _settle(store: Store, raw: Raw, mine: Sequence[Path], listed: str) -> None:
    """Write 0 for counts that a row does not have where the log has them after all."""
    late = [name for name in SETTLED if name in raw.late and name not in raw.at]
    if not late:
        return
    counted = ", ".join(f"count({name})" for name in late)
    found = store.con.execute(f"SELECT {counted} FROM read_parquet({listed})").fetchone()
    told = [name for name, count in zip(late, found, strict=True) if count]
    settled = ", ".join(f"coalesce({name}, 0)::INTEGER AS {name}" for name in told)
    for path in mine if told else ():
        store.rewrite(path, f"SELECT * REPLACE ({settled}) FROM read_parquet({quoted(str(path))})")


def _doubt_costs(store: Store, mine: Sequence[Path], files: Numbered, tally: LeftOutTally) -> None:
    """Count costs that are no amounts, which are not known then; their tokens count."""
    for path in mine:
        part = f"read_parquet({quoted(str(path))})"
        odd = f"bad IS NULL AND usd_nano = {ODD}"
        seen = f"SELECT count(*), min(file) FROM {part} WHERE {odd}"
        count, number = store.con.execute(seen).fetchone()
        if count:
            tally.doubt("cost_not_readable", files[number][1].shown, count)
            store.rewrite(
                path, f"SELECT * REPLACE (nullif(usd_nano, {ODD}) AS usd_nano) FROM {part}"
            )


def _twin(store: Store, raw: Raw, paths: Sequence[str]) -> str | None:
    """Return the expression that tells rows which may be duplicates; None without ids.

    In Parquet the ids alone are cheap to read: those that are there twice are found first, and no
    other is written. Text is read once: there all are written, and found among those.
    """
    if raw.field("id") is None:
        return None
    if raw.shape != "parquet":
        return "id"
    same = hash_in(raw, "id")
    if raw.is_number("id") and ids_counted(store.con, raw, paths):
        return "same"
    try:
        store.con.execute(
            f"CREATE OR REPLACE TEMP TABLE twice AS SELECT same FROM (SELECT {same} AS same FROM "
            f"{raw.relation(paths)}) WHERE same IS NOT NULL GROUP BY same HAVING count(*) > 1"
        )
    except duckdb_module().Error as problem:
        raise DataError(refused(problem, [LogSource(path) for path in paths])) from None
    return "same"


def _keep_torn(store: Store, raw: Raw, numbers: Mapping[str, int]) -> None:
    """Keep which lines of CSV were no rows, and nothing of what they say."""
    if raw.shape != "csv":
        return
    store.con.execute(
        "CREATE TEMP TABLE IF NOT EXISTS torn (file INTEGER, line BIGINT, reason VARCHAR, "
        "open BOOLEAN)"
    )
    store.con.execute(
        f"INSERT INTO torn SELECT {file_number(numbers, 'file_path')}, line, "
        "CASE WHEN bool_or(error_type = 'LINE SIZE OVER MAXIMUM') THEN 'line_too_long' "
        "WHEN bool_or(error_type = 'INVALID ENCODING') THEN 'not_utf8' ELSE 'torn_line' END, "
        "bool_or(error_type = 'UNQUOTED VALUE' AND contains(trim(csv_line, chr(10)), chr(10))) "
        "FROM reject_errors JOIN reject_scans USING (scan_id, file_id) GROUP BY file_path, line"
    )
    for table in ("reject_errors", "reject_scans"):
        store.con.execute(f"DROP TABLE {table}")


Taken = tuple[str, Mapping[int, str]]
"""Parts of the canonical table, as SQL lists them, and how their files are shown, by number."""
ORDER = "status >= 400, t, model, input, output, usd_nano, file"
"""Of the rows of an id the answered one that comes first counts, whatever the order of the files.
"""
MOST_SORTED = 8_000_000  # ids at once, 8 B each
EARLY = 20_000  # rows among which the first bad one of each kind mostly is
Numbered = Mapping[int, tuple[str, LogSource]]
"""The path at which DuckDB reads a file, and what it stands for, by number."""
Tables = tuple[Raw, Numbered, ZoneInfo | None]
"""How tables are read, the files, the zone of their times."""


def _count_bad(store: Store, listed: str, tables: Tables, tally: LeftOutTally) -> None:
    """Count bad rows by reason, each with the first place: the least line of the first file."""
    raw, files, zone = tables
    found = store.con.execute(
        f"SELECT bad, count(*), min(file) FROM read_parquet({listed}) WHERE bad IS NOT NULL "
        "GROUP BY bad ORDER BY bad"
    ).fetchall()
    torn = _count_torn(store, raw, files, tally)
    store.con.execute("SET preserve_insertion_order=true")  # rows are told by their numbers
    for number in {number for *_, number in found}:
        path, source = files[number]
        firsts: dict[int, tuple[str, int]] = {}
        sought = {reason: count for reason, count, first in found if first == number}
        with text_of(store, raw, path) as text:
            for most in (EARLY, None):
                asked = query(raw, {text: number}, zone, row=True, most=most)
                if sought:
                    every = f"SELECT bad, min(at_row) FROM ({asked}) GROUP BY bad"
                    for reason, row in store.con.execute(every).fetchall():
                        if count := sought.pop(reason, None):
                            firsts[row] = (reason, count)
        at = rows_at(source, raw.shape, firsts.keys(), torn.get(number, set()))
        for row, (reason, count) in firsts.items():
            tally.leave(reason, f"{source.shown}:{at.get(row, row)}", count)
        for reason, count in sought.items():
            tally.leave(reason, source.shown, count)
    store.con.execute("SET preserve_insertion_order=false")


def _count_torn(
    store: Store, raw: Raw, files: Numbered, tally: LeftOutTally
) -> dict[int, set[int]]:
    """Count rows of CSV that are none; return which they are, by file."""
    if raw.shape != "csv":
        return {}
    found: dict[int, set[int]] = {}
    told = "SELECT file, reason, open, list(line), min(line) FROM torn GROUP BY file, reason, open"
    for number, reason, unclosed, rows, first in store.con.execute(told).fetchall():
        source = files[number][1]
        line = torn_at(source, {first}).get(first, first)
        place = f"{source.shown}:{line}"
        tally.leave(reason, place, len(rows))
        found.setdefault(number, set()).update(rows)
        if unclosed:
            tally.part(f"{place} opens a quote that nothing closes: what follows it is not read")
    store.con.execute("DROP TABLE torn")
    return found


def take_off_across(store: Store, tables: Sequence[Taken], tally: LeftOutTally) -> None:
    """Take off what a table of another shape or of other columns tells, too.

    It has the id, the time, the model, input and output of it: ids alone may be those of another
    system. Of the rows the one that tells most counts.
    """
    first = f"row_number() OVER (PARTITION BY twin ORDER BY {ORDER}) = 1"
    kept = " UNION ALL BY NAME ".join(
        f"(SELECT *, {n} AS grp FROM read_parquet({listed}) WHERE bad IS NULL AND twin IS NOT NULL "
        f"QUALIFY {first})"
        for n, (listed, _) in enumerate(tables)
    )
    again = (
        "row_number() OVER (PARTITION BY twin, t, model, input, output "
        "ORDER BY read IS NULL, usd_nano IS NULL, grp) > 1"
    )
    _negate(
        store,
        f"SELECT * EXCLUDE (grp) FROM ({kept}) QUALIFY {again}",
        tally,
        {number: shown for _, files in tables for number, shown in files.items()},
    )


def _take_off(store: Store, listed: str, shown: Mapping[int, str], tally: LeftOutTally) -> None:
    """Write each duplicate of a good row once more with all counts negative: sums leave it out.

    So that no later query has to know which rows are duplicates. Of the rows of an id the one that
    sorts first counts, whatever the order of the files.
    """
    kept = f"(SELECT * FROM read_parquet({listed}) WHERE bad IS NULL AND twin IS NOT NULL)"
    (count,) = store.con.execute(f"SELECT count(*) FROM {kept}").fetchone()
    parts = count // MOST_SORTED + 1
    asked = (f"SELECT twin FROM {kept} WHERE abs(twin % {parts}) = {part}" for part in range(parts))
    counted = (np.unique(store.numbers(one)["twin"], return_counts=True) for one in asked)
    twins = np.concatenate([ids[times > 1] for ids, times in counted])
    if len(twins):
        store.con.register("twins", {"twin": twins})
        again = f"SELECT * FROM {kept} WHERE twin IN (FROM twins)"
        first = f"row_number() OVER (PARTITION BY twin ORDER BY {ORDER}) = 1"
        _negate(store, f"{again} QUALIFY NOT {first}", tally, shown)
        store.con.unregister("twins")


def _negate(store: Store, rows: str, tally: LeftOutTally, shown: Mapping[int, str]) -> None:
    """Write rows once more with all counts negative, and count them."""
    there = {name for name, *_ in store.con.execute(f"DESCRIBE {rows}").fetchall()}
    counted = [name for name in (*NEGATED, *LIFETIMES) if name in there]
    negated = ", ".join(f"-{name} AS {name}" for name in counted)
    store.con.execute(
        f"CREATE OR REPLACE TEMP TABLE off AS SELECT * EXCLUDE (twin) REPLACE ({negated}) "
        f"FROM ({rows})"
    )
    count, some = store.con.execute("SELECT count(*), list(DISTINCT file) FROM off").fetchone()
    if count:
        store.write("SELECT * FROM off")
        tally.leave("duplicate", min(shown[number] for number in some), count)
    store.con.execute("DROP TABLE off")


def rows_at(
    source: LogSource, shape: str, rows: Collection[int], torn: Collection[int]
) -> dict[int, int]:
    """Return the lines of rows of a table by their numbers; those that no reader takes are none.

    Args:
        source: The table.
        shape: `csv`, `json` or `parquet`.
        rows: Numbers, from 1.
        torn: Rows of CSV that are none, counted as `torn_at` does.
    """
    tally = LeftOutTally()
    found: Iterator[int] = iter(range(1, max(rows, default=0) + 1))
    if shape == "csv":
        every = enumerate(csv_rows(source, tally), 1)
        width = len(next(every)[1][1] or ()) if rows else 0
        found = (at for n, (at, row) in every if row and len(row) == width and n not in torn)
    elif shape == "json" and is_document(source):
        found = (r.line for r in records(source, shape, tally) if r.value is not None)
    elif shape == "json":
        found = (number for number, chunk in lines(source, tally) if chunk.strip(BLANK))
    return _at(rows, found)


def torn_at(source: LogSource, rows: Collection[int]) -> dict[int, int]:
    """Return the lines of rows of CSV by their numbers, the heading and blank ones counted."""
    return _at(rows, (at for at, _ in csv_rows(source, LeftOutTally())))


def _at(rows: Collection[int], found: Iterator[int]) -> dict[int, int]:
    some = zip(range(1, max(rows, default=0) + 1), found, strict=False)
    return {row: line for row, line in some if row in rows}


def contradicted(
    store: Store, raw: Raw, paths: Mapping[str, LogSource], first: int, tally: LeftOutTally
) -> bool:
    """Return whether rows contradict how the first ones had them read; then read them otherwise.

    That is judged by all rows; what stays unsure, or is read by rows of their own kind, is told.
    """
    if not doubts(raw):
        return False
    listed = [str(store.folder / f"part-{n:05d}.parquet") for n in range(first, store.parts + 1)]
    counts = ", ".join(f"count_if((doubt & {bit}) > 0)" for bit in DOUBTS.values())
    found = store.con.execute(f"SELECT {counts} FROM read_parquet({listed})").fetchone()
    seen = dict(zip(DOUBTS, found, strict=True))
    before = (raw.decimals, raw.commas, raw.dated, raw.untidy, raw.day_first)
    if seen["grouped"] or seen["either"]:
        marks = []
        for path in paths:
            with text_of(store, raw, path) as text, suppress(duckdb_module().Error):  # cut off
                asked = f"SELECT {marks_in(raw)} FROM {raw.relation([text])}"
                marks.append(store.con.execute(asked).fetchone())
        decimals, *costs = (
            max(filter(None, some), default="") for some in zip(*marks, strict=True)
        )
        raw.judge_marks(bool(decimals), costs)
    if seen["time"]:
        raw.dated = raw.untidy = True
    if seen["day"] and seen["month"]:
        raw.day_first = None
    if before != (raw.decimals, raw.commas, raw.dated, raw.untidy, raw.day_first):
        return True
    for note in raw.doubted(seen):
        tally.note(f"{next(iter(paths.values())).shown}: {note}")
    return False


def day_first(store: Store, raw: Raw, paths: Sequence[str]) -> bool | None:
    """Return whether days stand before months in all dates of the files, which are read for it."""
    first = second = False
    for path in paths if raw.dated and raw.day_first is None else ():
        with text_of(store, raw, path) as text, suppress(duckdb_module().Error):  # cut off
            asked = formats.day_first_in_sql(str(raw.field("start")), raw.relation([text]))
            one, other = (int(n or 0) > 12 for n in store.con.execute(asked).fetchone())
            first, second = first or one, second or other
    return first if first != second else raw.day_first


@contextmanager
def text_of(store: Store, raw: Raw, path: str) -> Iterator[str]:
    """Return where the text of a packed CSV lies for a while; else its own path."""
    text = unpacked(path, store.folder / "text") if raw.shape == "csv" else path
    try:
        yield text or path
    finally:
        (store.folder / "text").unlink(missing_ok=True)
