"""From the paths that a user names to rows: which format each file is, and what was left out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from functools import partial
from glob import glob, has_magic
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tco.errors import DataError, UsageError, printable, suggestion
from tco.records import dataclass
from tco.usage.formats import (
    CACHE,
    CACHE_OR_READ,
    HIT,
    Context,
    Format,
    advice_for,
    formats,
    from_cache,
    table,
    totals,
)
from tco.usage.rows import LeftOutTally, UsageRow, Wrong, checked
from tco.usage.sources import (
    REQUEST,
    STDIN,
    WHEN,
    LogSource,
    RawRecord,
    Sample,
    all_of_stdin,
    delimiter_in,
    opened_json,
    records,
    sampled,
)
from tco.usage.store import Shown

TABLE = "table"
REMOTE = re.compile(r"^(s3|s3a|gs|gcs|az|abfss?|wasbs?|https?|hdfs|r2)://", re.IGNORECASE)
KNOWN = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet", ".prom", ".txt", ".log", ".out")


@dataclass(frozen=True, slots=True)
class Reading:
    """How logs are to be read.

    Args:
        paths: Files, folders, patterns, or `-`.
        of: The format, if the user says it.
        columns: What the user calls the columns of a table.
        zone: Zone of times that name none; UTC when None.
        warehouse: Address of a table that is asked in place of files.
    """

    paths: tuple[str, ...] = ()
    of: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    zone: str | None = None
    warehouse: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A file, what it is, and the fields inside which its records lie; none for mostly all."""

    source: LogSource
    format: Format
    sample: Sample
    inside: tuple[str, ...] = ()


def sources(paths: Sequence[str]) -> list[LogSource]:
    """Return the files that paths, patterns and folders mean, each once, in natural order.

    Raises:
        UsageError: A path is an address on a network, or none was given.
        DataError: Nothing is there.
    """
    if not paths:
        raise UsageError("which logs? for example ~/.claude/projects, or a .jsonl file")
    found: dict[str, LogSource] = {}
    for path in paths:
        if match := REMOTE.match(path):
            raise UsageError(
                f"{printable(path, 200)}: nothing is read over a network; copy the files here first"
                f" ({_copy(match.group(1).lower())}) and name the folder"
            )
        for source in _under(path):
            known = found.get(source.path)
            found[source.path] = source if known is None or source.named else known
    return sorted(found.values(), key=lambda s: natural(s.path))


def _copy(scheme: str) -> str:
    if scheme.startswith("s3"):
        return "aws s3 cp --recursive s3://… logs/"
    if scheme.startswith("g"):
        return "gcloud storage cp -r gs://… logs/"
    return "with the storage's own tool" if not scheme.startswith("http") else "curl -O"


def _under(path: str) -> list[LogSource]:
    """Return the files of one path as it was typed."""
    if path == STDIN:
        return [LogSource(STDIN, data=all_of_stdin())]
    real = Path(path).expanduser()
    if has_magic(path) and not real.exists():
        some = [p for p in sorted(glob(str(real), recursive=True)) if Path(p).is_file()]  # noqa: PTH207
        if not some:
            raise DataError(f"{printable(path, 200)}: no file is called so")
        return [LogSource(p, named=False) for p in some]
    if real.is_dir():
        inside = [p for p in real.rglob("*") if p.is_file() and _known(p)]
        if not inside:
            raise DataError(
                f"{printable(path, 200)}: no logs in this folder"
                f" (looked for {', '.join(KNOWN)}, .gz)"
            )
        return [LogSource(str(p), named=False) for p in inside]
    if not real.is_file():
        raise DataError(f"{printable(path, 200)}: no such file; --sources lists what is read")
    return [LogSource(str(real))]


def _known(path: Path) -> bool:
    name = re.sub(r"(\.\d+|\.gz)+$", "", path.name.lower())  # logs that were turned: `.log.1`
    return not path.name.startswith(".") and name.endswith(KNOWN)


def natural(name: str) -> tuple[Any, ...]:
    """Return an order in which `day-9` comes before `day-10`."""
    parts = re.split(r"(\d+)", name)
    return tuple((1, int(p), "") if p.isdigit() else (0, 0, p) for p in parts)


def zone_of(name: str | None) -> ZoneInfo | None:
    """Return a time zone by its name.

    Raises:
        UsageError: There is none of that name.
    """
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(f"--timezone: no zone {printable(name)!r}; write Europe/Berlin") from None


def detected(sample: Sample, columns: Mapping[str, str] | None = None) -> list[Format]:
    """Return the formats that the beginning of a file may be of.

    Args:
        columns: What the user calls its columns: a file that has them all is a table.
    """
    known = formats()
    fields = fields_of(sample)
    if columns and fields >= set(columns.values()) and sample.shape != "sse":
        requests = columns.keys() <= table.NAMES.keys()
        timed = requests and "start" in table.columns_of(fields, dict(columns))
        return [known[TABLE if timed else totals.FORMAT.name]]
    found = [one for one in known.values() if one.name != TABLE and one.looks(sample)]
    return found or ([known[TABLE]] if known[TABLE].looks(sample) else [])


def _formats_of(
    sample: Sample, columns: Mapping[str, str], given: Format | None
) -> tuple[list[Format], tuple[str, ...]]:
    """Return the formats that a file may be of, and inside which fields its records lie.

    A log of one's own, a search engine or a cloud's log writes what an API gave as a field, or as a
    text of JSON, beside the time.
    """
    known = detected(sample, columns) if given is None else [given]
    if (known and given is None) or (given is not None and given.looks(sample)):
        return known, ()
    for path in _fields_with_records(sample):
        inner = (r._replace(value=v) for r in sample.records for v in within(r.value, path))
        some = detected(Sample("json", tuple(inner)))
        told = [one for one in some if one in known or (given is None and one.name != TABLE)]
        if told:
            return told, path
    return known, ()


def _fields_with_records(sample: Sample) -> list[tuple[str, ...]]:
    """Return the fields that hold mappings, lists or JSON, outermost first."""
    found: list[tuple[str, ...]] = []
    outer: list[tuple[str, ...]] = [()]
    for _ in range(2):
        inner = []
        for path in outer:
            values = [v for r in sample.records[:20] for v in within(r.value, path)]
            keys = {k for v in values for k in v if within(v, (k,))}
            inner += [(*path, key) for key in sorted(keys)]
        found += inner
        outer = inner
    return found


def within(value: Any, path: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the mappings that lie in a field, each with the time that stands beside it."""
    found = [value] if isinstance(value, dict) else []
    for key in path:
        inner = []
        for outer in found:
            some = opened_json(outer.get(key))
            when = next((outer[name] for name in WHEN if outer.get(name)), None)
            beside = {} if when is None else {"timestamp": when}
            if of := {name: outer[name] for name in REQUEST[1:] if outer.get(name)}:
                beside[REQUEST[0]] = of
            some = some if isinstance(some, list) else [some]
            inner += [_with(one, beside) for one in some if isinstance(one, dict) and one]
        found = inner
    return found


def _with(record: dict[str, Any], beside: dict[str, Any]) -> dict[str, Any]:
    """Return a record with what stands beside it: its time, and whose it is if it is an event."""
    some = beside if "type" in record else {k: v for k, v in beside.items() if k != REQUEST[0]}
    return {**some, **record}


def found_files(reading: Reading, tally: LeftOutTally) -> list[Found]:
    """Return the files with their formats; what a folder holds besides is counted.

    Raises:
        UsageError: A format that there is not.
        DataError: A file that the user named is of no known format.
    """
    given = _given(reading.of)
    found: list[Found] = []
    aside: list[LogSource] = []
    torn: list[tuple[LogSource, Sample]] = []
    for source in sources(reading.paths):
        sample = sampled(source)
        known, inside = _formats_of(sample, reading.columns, given)
        if known:
            found.append(Found(source, _only(known, source), sample, inside))
        elif sample.torn and not source.named:
            torn.append((source, sample))
        elif source.named and not _is_empty(sample):
            raise DataError(_no_format(source, sample))
        else:
            aside.append(source)
    # A file of torn lines only is of the one format that the others are of.
    if len({one.format.name for one in found}) == 1:
        found += [Found(source, found[0].format, sample) for source, sample in torn]
    else:
        aside += [source for source, _ in torn]
    _say_what_is_not_read(found, reading.columns, tally)
    for source in aside:
        tally.leave("file_of_no_known_format", f"{source.shown}:1")
    if not found:
        raise DataError(_no_format(aside[0], sampled(aside[0])))
    return found


def _is_empty(sample: Sample) -> bool:
    """Return whether there is nothing in a file: a log of a quiet day, or that was just turned."""
    return sample.shape in ("json", "empty") and not sample.torn and not any(sample.values())


WHEN_ONE = {"time", "timestamp", "start", "starttime", "createdat", "ts"}
"""What a time of one request is called as well, but no day or month."""


def fields_of(sample: Sample) -> set[str]:
    """Return the names of all fields that the first records of a file have."""
    return set().union(*map(table.paths_of, sample.values()))


def _say_what_is_not_read(
    found: Sequence[Found], columns: dict[str, str], tally: LeftOutTally
) -> None:
    """Note columns that count tokens by their names, and that nobody said what they are."""
    for one in found:
        of = {TABLE: table, totals.FORMAT.name: totals}.get(one.format.name)
        fields = fields_of(one.sample) if of else set()
        at = of.columns_of(table.fields_of(one.sample.values()), columns) if of else {}
        if of is table:
            at |= table.cache_in(one.sample.values())
        if "hit_if_free" in at and "cost" not in at:
            field = printable(at["hit_if_free"], 60)
            tally.note(
                f"{one.source.shown}: {field} may be of a proxy's own cache, whose answers were "
                f"not bought: --columns hit={field} leaves them out"
            )
        single = table.folded(at.get("period", "")) in WHEN_ONE and "end" not in at
        if of is totals and "requests" in at and single:
            tally.note(
                f"{one.source.shown}: by its {printable(at['requests'], 60)} a row is a bucket of "
                "requests, which tells no lengths; a request_id makes rows single ones"
            )
        unread = table.not_read(fields, at)
        if columns and of is None:
            tally.note(f"{one.source.shown} is of {one.format.name}: --columns says nothing of it")
        if unread:
            tally.note(
                f"{one.source.shown}: not read: {printable(', '.join(unread), 200)}; "
                f"--columns read={printable(unread[0], 60)} and the like say what they are"
            )


def _only(known: list[Format], source: LogSource) -> Format:
    """Return the format that a file is of.

    Raises:
        DataError: It could be of several.
    """
    if len(known) > 1:
        names = ", ".join(one.name for one in known)
        raise DataError(f"{source.shown}:1: could be {names}; say which with --from")
    return known[0]


def _no_format(source: LogSource, sample: Sample) -> str:
    """Return why a file is not read."""
    if not source.named:
        return (
            f"{source.shown}:1: no file is a log that is read here; "
            "tco profile --sources lists them"
        )
    if not sample.records:
        return f"{source.shown}:1: nothing to read in it: empty, headed alone, cut off, or no text"
    keys = ", ".join(sorted({k for v in sample.values() for k in v})[:8])
    if known := advice_for(sample.values()):
        return f"{source.shown}:1: {known}"
    has = f" (it has {printable(keys)})" if keys else ""
    return (
        f"{source.shown}:1: not a log that is read here{has}; tco profile --sources lists them, "
        "--columns model=NAME,input=NAME,output=NAME names the columns of a table"
    )


def _given(name: str | None) -> Format | None:
    if name is None:
        return None
    known = formats()
    if name not in known:
        hint = suggestion(name, known, 1)
        raise UsageError(
            f"--from: no format {printable(name)!r}{hint}; there are {', '.join(known)}"
        )
    return known[name]


def rows_of(
    found: Sequence[Found], reading: Reading, tally: LeftOutTally, shown: Shown
) -> Iterator[UsageRow]:
    """Return the rows of files, repeated ones once, and count what is left out."""
    zone = zone_of(reading.zone)
    done = 0
    total = sum(_size(one.source) for one in found) or 1
    for name, some in _by_format(found).items():
        of = formats()[name]
        kept: dict[str, Any] = {}
        keep = _Once(of.grows, tally)
        for one in some:
            ctx = Context(tally, one.source.shown, zone, reading.columns, kept=kept)
            ctx.first = [v for r in one.sample.records for v in within(r.value, one.inside)]
            ctx.every = partial(_values, one)
            if one.sample.shape == "csv":
                ctx.delimiter = delimiter_in(one.source)
            yield from keep.all(_file(one, ctx))
            done += _size(one.source)
            shown(done / total)
        ctx = Context(tally, "", zone, reading.columns, kept=kept)
        _say_which_pages_are_missing(ctx)
        yield from keep.all((row, "") for row in of.done(ctx) if _is_right(row, ctx))
        yield from keep.rest()


def _values(one: Found) -> Iterator[Any]:
    """Return what the records of a file hold, from its beginning."""
    every = records(one.source, one.sample.shape, LeftOutTally())
    return (value for record in every for value in within(record.value, one.inside))


def _by_format(found: Sequence[Found]) -> dict[str, list[Found]]:
    by: dict[str, list[Found]] = {}
    for one in found:
        by.setdefault(one.format.name, []).append(one)
    return by


def _size(source: LogSource) -> int:
    return Path(source.path).stat().st_size if source.data is None else len(source.data)


def _file(one: Found, ctx: Context) -> Iterator[tuple[UsageRow, str]]:
    """Return the good rows of a file with their places."""
    pages = _Pages(ctx)
    for record in records(one.source, one.sample.shape, ctx.tally):
        ctx.line = record.line
        if record.value is None and record.page:
            pages.begin(record.page)
        elif record.page:
            pages.see(record.value)
        if one.inside and record.value is not None:
            some = within(record.value, one.inside)
            if not some:
                ctx.tally.leave("not_a_call", ctx.place)
            for value in some:
                found = _rows(one.format, record._replace(value=value), ctx)
                yield from _bought(found, record.value, ctx)
            continue
        yield from _bought(_rows(one.format, record, ctx), record.value, ctx)
    pages.end()


def _bought(
    rows: Iterator[tuple[UsageRow, str]], record: Any, ctx: Context
) -> Iterator[tuple[UsageRow, str]]:
    """Return the rows of a record but for what a proxy's own cache answered, as the record says.

    Not what was read from a provider's cache, or was charged: that is another cache.
    """
    for row, place in rows:
        names = CACHE if row.usd_nano is None else (*CACHE, *CACHE_OR_READ)
        free = not (row.usd_nano or row.read or row.bucket_s)
        if free and from_cache(record, names):
            ctx.tally.leave(HIT, place)
        else:
            yield row, place


def _rows(of: Format, record: RawRecord, ctx: Context) -> Iterator[tuple[UsageRow, str]]:
    try:
        parts = list(of.parts(record, ctx))
    except Wrong as wrong:
        ctx.tally.leave(str(wrong), ctx.place)
        return
    for part in parts:
        try:
            row = of.row(part, ctx)
            if row is not None:
                yield checked(_known_again(row, part, of)), ctx.place
        except Wrong as wrong:
            ctx.tally.leave(str(wrong), ctx.place)


def _is_right(row: UsageRow, ctx: Context) -> bool:
    """Return whether a row can be used; count it where it cannot."""
    try:
        checked(row)
    except Wrong as wrong:
        ctx.tally.leave(str(wrong), "")
        return False
    return True


def _known_again(row: UsageRow, part: Any, of: Format) -> UsageRow:
    """Return a bucket of a report with what tells it from every other: all that it says.

    A page that is there twice counts once. A sheet kept by hand may well have two equal lines.
    """
    if row.id or of.grain not in ("buckets", "costs") or of.name == "totals":
        return row
    return row._replace(id=json.dumps(part, sort_keys=True, default=str))


EDGES = (("start_time", "starting_at"), ("end_time", "ending_at"))
"""What reports call the beginning and the end of a bucket."""


def _say_which_pages_are_missing(ctx: Context) -> None:
    """Say which pages tell that another follows, if none begins where their last bucket ends."""
    begins = ctx.kept.get("begins", [])
    for end, kind, shown in ctx.kept.get("ends", []):
        follows = (end is not None and end == at and kind == of for at, of in begins)
        if shown and not any(follows):
            ctx.tally.part(f"{shown} says that there is a page after it (has_more)")


class _Pages:
    """Whether the pages of a report follow one another to the last."""

    def __init__(self, ctx: Context) -> None:
        self.ctx, self.fresh = ctx, False
        self.ends: list[list[Any]] = []
        self.begins: list[tuple[Any, str]] = []

    def begin(self, page: dict[str, Any]) -> None:
        """Look at the head of a page."""
        self.ends = self.ctx.kept.setdefault("ends", [])
        self.begins = self.ctx.kept.setdefault("begins", [])
        self.ends.append([None, "", page.get("has_more") is True and self.ctx.shown])
        self.fresh = True
        some = (page.get(name) for name in ("meta", "result_info"))
        meta = next((one for one in some if isinstance(one, dict)), page)
        of = meta.get("totalPages", meta.get("total_pages"))
        if of is None and meta.get("per_page") and isinstance(meta.get("total_count"), int):
            of = -(-meta["total_count"] // int(meta["per_page"]))
        if isinstance(of, int):
            seen = self.ctx.kept.setdefault("pages", set())
            seen.add(meta.get("page"))
            self.ctx.kept["of_pages"] = max(of, self.ctx.kept.get("of_pages", 0))

    def see(self, value: Any) -> None:
        """Look at a bucket of a page: where it begins and ends, and what it is of."""
        bucket = value if isinstance(value, dict) else {}
        some = bucket.get("results")
        kind = some[0].get("object", "") if some and isinstance(some[0], dict) else ""
        start, end = (next(filter(None, map(bucket.get, names)), None) for names in EDGES)
        self.begins += [(start, kind)] if self.fresh else []
        self.fresh = False
        self.ends[-1][:2] = [end, kind or self.ends[-1][1]]

    def end(self) -> None:
        """Say which pages are missing after a file."""
        of, seen = self.ctx.kept.get("of_pages", 0), self.ctx.kept.get("pages", set())
        text = f"pages are missing: {len(seen)} of {of} are here"
        for known in [k for k in self.ctx.tally.incomplete if k.startswith("pages are missing")]:
            del self.ctx.tally.incomplete[known]
        if len(seen) < of:
            self.ctx.tally.part(text)


class _Once:
    """Each call once: by its id, over all files of a format."""

    def __init__(self, grows: bool, tally: LeftOutTally) -> None:
        self.grows, self.tally = grows, tally
        self.seen: set[int] = set()
        self.largest: dict[str, UsageRow] = {}

    def all(self, rows: Iterator[tuple[UsageRow, str]]) -> Iterator[UsageRow]:
        """Return the rows that are not repeated; those that grow are kept back."""
        for row, place in rows:
            if not row.id:
                yield row
            elif self.grows:
                before = self.largest.get(row.id)
                if before is not None:
                    self.tally.leave("duplicate", place)
                if before is None or _size_of(row) > _size_of(before):
                    self.largest[row.id] = row
            elif (key := hash(row.id)) in self.seen:
                self.tally.leave("duplicate", place)
            else:
                self.seen.add(key)
                yield row

    def rest(self) -> Iterator[UsageRow]:
        """Return the largest of each call that grew."""
        yield from self.largest.values()


def _size_of(row: UsageRow) -> tuple[int, int, float]:
    """Return the order of the copies of one call: the largest counts, then the earliest."""
    return row.output, row.input, -(row.start or 0.0)


def in_buckets(found: Sequence[Found]) -> bool:
    """Return whether nothing is read request by request, so that no database is needed."""
    return all(one.format.grain != "requests" for one in found)
