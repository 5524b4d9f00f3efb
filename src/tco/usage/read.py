"""From the paths that a user names to rows: which format each file is, and what was left out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tco.errors import DataError, UsageError, printable, suggestion
from tco.records import dataclass
from tco.usage.formats import Context, Format, formats, table, totals
from tco.usage.rows import LeftOutTally, Shown, UsageRow, Wrong, checked
from tco.usage.sources import LogSource, RawRecord, Sample, records, sampled, sources

TABLE = "table"


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
    """A file and what it is."""

    source: LogSource
    format: Format
    sample: Sample


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
    if columns and fields >= set(columns.values()):
        requests = columns.keys() <= table.NAMES.keys()
        timed = requests and "start" in table.columns_of(fields, dict(columns))
        return [known[TABLE if timed else totals.FORMAT.name]]
    found = [one for one in known.values() if one.name != TABLE and one.looks(sample)]
    return found or ([known[TABLE]] if known[TABLE].looks(sample) else [])


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
        known = detected(sample, reading.columns) if given is None else [given]
        if known:
            found.append(Found(source, _only(known, source), sample))
        elif sample.torn and not source.named:
            torn.append((source, sample))
        elif source.named:
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
        raise DataError(
            f"{aside[0].shown}:1: no file is a log that is read here; "
            "tco profile --sources lists them"
        )
    return found


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
        unread = table.not_read(fields, of.columns_of(fields, columns)) if of else []
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
    if not sample.records:
        return f"{source.shown}:1: nothing to read in it: empty, headed alone, cut off, or no text"
    keys = ", ".join(sorted({k for v in sample.values() for k in v})[:8])
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
            yield from keep.all(_file(one, ctx))
            done += _size(one.source)
            shown(done / total)
        ctx = Context(tally, "", zone, reading.columns, kept=kept)
        yield from keep.all((row, "") for row in of.done(ctx) if _is_right(row, ctx))
        yield from keep.rest()


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
        yield from _rows(one.format, record, ctx)
    pages.end()


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


class _Pages:
    """Whether the pages of a report follow one another to the last."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx

    def begin(self, page: dict[str, Any]) -> None:
        """Look at the head of a page."""
        tally = self.ctx.tally
        if page.get("has_more") is True:
            tally.part(f"{self.ctx.shown} says that there is a page after it (has_more)")
        meta = page.get("meta")
        if isinstance(meta, dict) and isinstance(meta.get("totalPages"), int):
            seen = self.ctx.kept.setdefault("pages", set())
            seen.add(meta.get("page"))
            self.ctx.kept["of_pages"] = max(meta["totalPages"], self.ctx.kept.get("of_pages", 0))

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
