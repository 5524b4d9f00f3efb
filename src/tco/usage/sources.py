"""The files that a user names, and the records in them: lines, documents, tables, counters.

Nothing here goes to a network, and nothing reads more than a bounded part of a file at a time but
for a JSON document, which is limited in size.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import re
import sys
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

from tco.errors import DataError, printable
from tco.usage.rows import LeftOutTally

MOST_LINE = 32_000_000
"""A longer line is no request."""

MOST_DOCUMENT = 512_000_000
GZIP, PARQUET = b"\x1f\x8b", b"PAR1"
STDIN = "-"
SAMPLE = 200
WHEN = ("timestamp", "@timestamp", "time", "ts", "created_at")
"""What a log calls the time beside a record that lies in a field."""
REQUEST = ("tco.request", "request_id", "requestId", "stream_id", "trace_id")
"""What a log calls the request that an event of a stream is of; the first holds those beside it."""
ROWS_OF_PARQUET = 5
"""Columns tell the format of such a file; few rows are needed."""


class LogSource(NamedTuple):
    """A file.

    Args:
        path: Where it lies; `-` for standard input.
        named: The user named it itself, and not a folder or a pattern that it lies in.
        data: What was read of standard input.
        joined: Some of its lines have several records each.
    """

    path: str
    named: bool = True
    data: bytes | None = None
    joined: bool = False

    @property
    def shown(self) -> str:
        """Return how it is called in messages."""
        return "<stdin>" if self.path == STDIN else printable(self.path, 200)


class RawRecord(NamedTuple):
    """A record of a file, the line that it begins on, and the document that it is a part of."""

    line: int
    value: Any
    page: dict[str, Any]


class Sample(NamedTuple):
    """The beginning of a file, by which its format is told.

    Args:
        shape: `json`, `csv`, `prom`, `sse`, `parquet`, `empty` or `other`.
        records: Its first records.
        torn: Lines among them that could not be read.
    """

    shape: str
    records: tuple[RawRecord, ...]
    torn: int = 0

    def values(self) -> Iterator[dict[str, Any]]:
        """Return the records that are mappings."""
        return (record.value for record in self.records if isinstance(record.value, dict))

    def some(self, *keys: str) -> dict[str, Any] | None:
        """Return the first record that has all of some keys."""
        return next((v for v in self.values() if all(key in v for key in keys)), None)


def all_of_stdin() -> bytes:
    """Return what standard input has.

    Raises:
        DataError: It is too much, or Parquet.
    """
    data = sys.stdin.buffer.read(MOST_DOCUMENT + 1)
    if len(data) > MOST_DOCUMENT:
        raise DataError(f"<stdin>:1: more than {MOST_DOCUMENT // 10**6} MB; write it to a file")
    if data.startswith(PARQUET):
        raise DataError("<stdin>:1: Parquet is read from its end: name the file")
    return data


def _raw(source: LogSource) -> Any:
    return io.BytesIO(source.data) if source.data is not None else Path(source.path).open("rb")


@contextmanager
def opened(source: LogSource) -> Iterator[Any]:
    """Return the bytes of a source, unpacked.

    Raises:
        DataError: It cannot be read.
    """
    try:
        raw = _raw(source)
    except OSError as error:
        raise DataError(f"{source.shown}: {str(error.strerror).lower()}") from None
    with raw as stream:
        packed = stream.read(2) == GZIP
        stream.seek(0)
        with gzip.GzipFile(fileobj=stream) if packed else nullcontext(stream) as unpacked:
            yield io.BufferedReader(_Recoded(unpacked)) if _is_utf16(unpacked) else unpacked


def _is_utf16(stream: Any) -> bool:
    """Return whether a text begins with the mark of UTF-16: what sheets call Unicode text."""
    try:
        head = stream.read(2)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        head = b""
    stream.seek(0)
    return head in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class _Recoded(io.RawIOBase):
    """A text of UTF-16 as one of UTF-8."""

    def __init__(self, stream: Any) -> None:
        self.stream, self.rest = stream, b""
        self.decoder = codecs.getincrementaldecoder("utf-16")("replace")

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        while not self.rest:
            chunk = self.stream.read(65_536)
            self.rest = self.decoder.decode(chunk, not chunk).encode()
            if not chunk:
                break
        some, self.rest = self.rest[: len(into)], self.rest[len(into) :]
        into[: len(some)] = some
        return len(some)


def lines(source: LogSource, tally: LeftOutTally) -> Iterator[tuple[int, bytes]]:
    """Return the lines of a source with their numbers; what cannot be read is counted."""
    number = 0
    with opened(source) as stream:
        try:
            while chunk := stream.readline(MOST_LINE):
                number += 1
                if len(chunk) == MOST_LINE and not chunk.endswith(b"\n"):
                    tally.leave("line_too_long", f"{source.shown}:{number}")
                    while len(rest := stream.readline(MOST_LINE)) == MOST_LINE:
                        if rest.endswith(b"\n"):
                            break
                    continue
                yield number, chunk
        except (EOFError, zlib.error, gzip.BadGzipFile):
            tally.leave("truncated_file", f"{source.shown}:{number + 1}")
            tally.part(f"{source.shown} is cut off")


def copy_lines(source: LogSource, to: Path, tally: LeftOutTally) -> None:
    """Write the lines that can be read of a source, an empty one for each that cannot.

    Of a document of JSON each record as a line of its own.
    """
    last = 0
    with to.open("wb") as out:
        if is_document(source):
            found = (r.value for r in _json(source, tally) if r.value is not None)
            out.writelines(json.dumps(value).encode() + b"\n" for value in found)
            return
        for number, chunk in lines(source, tally):
            out.write(b"\n" * (number - last - 1) + chunk)
            last = number


def is_document(source: LogSource) -> bool:
    """Return whether records of JSON lie in an array, on several lines or several in one."""
    if source.joined:
        return True
    found = (chunk.strip(BLANK) for _, chunk in lines(source, LeftOutTally()))
    some = [chunk for chunk in islice(found, SAMPLE) if chunk]
    first = some[0] if some else b""
    if not first.startswith(b"{") or first == b"{":
        return first[:1] in (b"[", b"{")
    value = _loaded(first)
    return (isinstance(value, dict) and bool(_is_page(value))) or any(map(_has_several, some))


def has_joined_lines(source: LogSource) -> bool:
    """Return whether any line of JSON has several records: one after the other, or an array."""
    some = (chunk.strip(BLANK) for _, chunk in lines(source, LeftOutTally()))
    return any(map(_has_several, some))


def _has_several(chunk: bytes) -> bool:
    """Return whether a line has several records: an array, or one after the other."""
    tight = chunk.replace(b" ", b"")
    joined = b"}{" in tight or b"},{" in tight or tight.endswith(b"},")
    return chunk[:1] == b"[" or (joined and _loaded(chunk) is _TORN)


def must_be_copied(source: LogSource) -> bool:
    """Return whether DuckDB cannot read a file of text as it is, as a few looks tell.

    It is standard input, a document of JSON, or UTF-16; or may have a line over the limit, which
    DuckDB refuses in packed JSON; packed CSV is looked at while it is unpacked.
    """
    with opened(source) as text:
        if source.data is not None or isinstance(getattr(text, "raw", None), _Recoded):
            return True
    if is_document(source):
        return True
    stride = MOST_LINE // 2
    with _raw(source) as stream:
        if stream.read(2) == GZIP:
            return False
        for at in range(stride, Path(source.path).stat().st_size - stride, stride):
            stream.seek(at)
            if not stream.readline(stride).endswith(b"\n"):
                return True
    return False


def is_cut_or_long(source: LogSource) -> bool:
    """Return whether a packed file is cut off, or any has a line over the limit."""
    tally = LeftOutTally()
    for _ in lines(source, tally):
        pass
    return bool(tally.left)


def shape_of(source: LogSource) -> str:
    """Return what kind of text a source is, as `Sample` has it."""
    with opened(source) as stream:
        try:
            head = stream.read(65_536)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            return "other"
    if head.startswith(PARQUET):
        return "parquet"
    start = head.lstrip(BLANK)
    if not start:
        return "empty"
    if start[:1] in (b"{", b"["):
        return "json"
    first = start.split(b"\n", 1)[0]
    if start.startswith((b"# HELP", b"# TYPE")) or re.match(
        rb"^[a-zA-Z_:][\w:]*(\{.*\})?\s+[-+]?(\d|NaN|Inf)\S*(\s+-?\d+)?\s*$", first
    ):
        return "prom"
    if EVENT.match(start) and DATA_LINE.search(start):
        return "sse"
    return "csv" if any(mark in first for mark in (b",", b";", b"\t")) else "other"


def sampled(source: LogSource) -> Sample:
    """Return the beginning of a source."""
    shape = shape_of(source)
    if shape == "parquet":
        return Sample(shape, tuple(_parquet(source, ROWS_OF_PARQUET)))
    tally = LeftOutTally()
    found = tuple(_first(records(source, shape, tally)))
    if shape == "csv" and not found and not tally.left:
        # A heading alone tells what the file is as well as a row does.
        found = (RawRecord(1, dict.fromkeys(headings_of(source), ""), {}),)
    return Sample(shape, found, tally.left["torn_line"])


def _first(found: Iterable[RawRecord]) -> Iterator[RawRecord]:
    for number, record in enumerate(found):
        if number == SAMPLE:
            return
        yield record


def records(source: LogSource, shape: str, tally: LeftOutTally) -> Iterator[RawRecord]:
    """Return the records of a source; torn ones are counted."""
    readers = {"json": _json, "csv": _csv, "prom": _prom, "sse": _sse, "parquet": _every_row}
    return iter(()) if shape not in readers else readers[shape](source, tally)


def _json(source: LogSource, tally: LeftOutTally) -> Iterator[RawRecord]:
    """Return the records of JSON lines, or the items of documents of many lines."""
    found = lines(source, tally)
    begun = list(islice(((n, c) for n, c in found if c.strip(BLANK)), 2))
    if not begun:
        return
    if not _lie_in_lines([chunk for _, chunk in begun]):
        yield from _document(source, tally)
        return
    for number, chunk in chain(begun, found):
        if not chunk.strip(BLANK):
            continue
        value = _loaded(chunk)
        for one in _joined(chunk) if value is _TORN else (value,):
            if one is _TORN:
                tally.leave("torn_line", f"{source.shown}:{number}")
            else:
                yield from _items(number, one)


BLANK = b"\xef\xbb\xbf \t\r\n"
OPENED = re.compile(rb"\[\s*([\[{\"]|$)")
"""How an array begins, and no `[INFO] ...`."""


def _lie_in_lines(begun: Sequence[bytes]) -> bool:
    """Return whether records lie one or several in a line, as the first two lines tell."""
    first, *more = (chunk.strip(BLANK) for chunk in begun)
    if OPENED.match(first) and _loaded(first) is _TORN:
        return False
    whole = any(isinstance(_loaded(chunk), dict) for chunk in more)
    return whole or next(_joined(first), _TORN) is not _TORN


_TORN = object()


def _loaded(chunk: bytes) -> Any:
    try:
        return json.loads(chunk.strip(BLANK))
    except (ValueError, RecursionError):
        return _TORN


def _joined(chunk: bytes) -> Iterator[Any]:
    """Yield the records of a line that has several, `_TORN` for what follows them and is none."""
    for _, value in _decoded(chunk.strip(BLANK).decode("utf-8", "replace")):
        yield value if isinstance(value, dict | list) else _TORN
        if not isinstance(value, dict | list):
            return


NEXT = re.compile(r"[\s,]*")


def _decoded(text: str, at: int = 0) -> Iterator[tuple[int, Any]]:
    """Yield values that follow one another, each with its place; `_TORN` for what is none."""
    decoder = json.JSONDecoder()
    while True:
        begin = at = NEXT.match(text, at).end()  # type: ignore[union-attr]
        if begin >= len(text):
            return
        try:
            value, at = decoder.raw_decode(text, begin)
        except (ValueError, RecursionError):
            value, at = _TORN, len(text)
        yield begin, value


def opened_json(value: Any) -> Any:
    """Return a value that may be JSON in a text; None for a text that is none."""
    if not isinstance(value, str):
        return value
    found = _loaded(value.encode()) if value.lstrip()[:1] in ("{", "[") else None
    return None if found is _TORN else found


def _items(line: int, value: Any) -> Iterator[RawRecord]:
    """Return the items of an array or of a page, or the record itself."""
    if isinstance(value, list):
        yield from (RawRecord(line, item, {}) for item in value)
    elif isinstance(value, dict) and (items := _is_page(value)):
        page = {k: v for k, v in value.items() if k != items}
        yield RawRecord(line, None, page)
        yield from (RawRecord(line, item, page) for item in value[items])
    else:
        yield RawRecord(line, value, {})


def _is_page(value: dict[str, Any]) -> str:
    """Return under which name the items of a page lie; empty for what is none."""
    if isinstance(value.get("data"), list) and "usage" not in value:
        return "data"
    return "result" if isinstance(value.get("result"), list) and "success" in value else ""


DATA = re.compile(r'"data"\s*:\s*\[')


def _document(source: LogSource, tally: LeftOutTally) -> Iterator[RawRecord]:
    """Return the items of one document, each with the line that it begins on."""
    with opened(source) as stream:
        try:
            raw = stream.read(MOST_DOCUMENT + 1)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            tally.leave("truncated_file", f"{source.shown}:1")
            tally.part(f"{source.shown} is cut off")
            return
    if len(raw) > MOST_DOCUMENT:
        raise DataError(
            f"{source.shown}:1: one JSON document of more than {MOST_DOCUMENT // 10**6} MB;"
            " write one record a line: jq -c '.[]'"
        )
    body = raw.decode("utf-8", "replace").lstrip("\ufeff")
    begin = _array_of(body)
    whole = None if body.lstrip().startswith("[") else _first_value(body)
    if isinstance(whole, tuple):
        value, at = whole
        yield from _items(1, value)
        if body[at:].strip():
            yield from _values(body, at, {}, source, tally)
    elif begin is None:
        tally.leave("torn_line", f"{source.shown}:1")
    else:
        if whole is _TORN:
            tally.part(f"{source.shown} is cut off")
            tally.leave("torn_line", f"{source.shown}:1")
        yield from _values(body, begin, {}, source, tally)


def _first_value(body: str) -> Any:
    """Return the first value of a text and where it ends."""
    try:
        return json.JSONDecoder().raw_decode(body, len(body) - len(body.lstrip()))
    except (ValueError, RecursionError):
        return _TORN


def _array_of(body: str) -> int | None:
    """Return where the items of a document begin."""
    if body.lstrip().startswith("["):
        return body.index("[") + 1
    found = DATA.search(body)
    return found.end() if found else None


def _values(
    body: str, at: int, page: dict[str, Any], source: LogSource, tally: LeftOutTally
) -> Iterator[RawRecord]:
    """Return values that follow one another in a text, as far as they can be read."""
    line, counted = 1, 0
    for begin, value in _decoded(body, at):
        line += body.count("\n", counted, begin)
        counted = begin
        if value is _TORN:
            if body[begin] != "]":  # the end of an array whose items these are
                tally.leave("torn_line", f"{source.shown}:{line}")
            return
        items = value if isinstance(value, list) else [value]
        yield from (RawRecord(line, item, page) for item in items)


def _text_lines(source: LogSource, tally: LeftOutTally) -> Iterator[str]:
    last = 0
    for number, chunk in lines(source, tally):
        yield from [""] * (number - last - 1)  # so that who counts them knows where they are
        last = number
        line = chunk.decode("utf-8", "replace").replace("\x00", "")
        yield line.lstrip("\ufeff") if number == 1 else line


def delimiter_of(header: str) -> str:
    """Return what separates the columns of a table."""
    return max(",;\t", key=header.count)


def delimiter_in(source: LogSource) -> str:
    """Return what separates the columns of a table that lies in a file."""
    return delimiter_of(next(_text_lines(source, LeftOutTally()), ""))


def _csv(source: LogSource, tally: LeftOutTally) -> Iterator[RawRecord]:
    """Return the rows of a table as mappings; a row of another width is torn."""
    names: list[str] | None = None
    for line, cells in csv_rows(source, tally):
        if names is None:
            names = [] if cells is None else _headings(cells)
        elif cells is not None and len(cells) == len(names):
            yield RawRecord(line, dict(zip(names, cells, strict=True)), {})
        elif cells is None or any(cells):
            tally.leave("torn_line", f"{source.shown}:{line}")


def csv_rows(source: LogSource, tally: LeftOutTally) -> Iterator[tuple[int, list[str] | None]]:
    """Return the cells of every row of a table, heading and blank ones too, None of a torn one.

    Each with the line that it begins on: a cell may have line breaks in its quotes.
    """
    found = _text_lines(source, tally)
    header = next(found, "")
    csv.field_size_limit(MOST_LINE)  # a prompt may be long, though it is not read
    reader = csv.reader(chain([header], found), delimiter=delimiter_of(header))
    while True:
        line = reader.line_num + 1
        try:
            yield line, next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield line, None


def headings_of(source: LogSource) -> list[str]:
    """Return the headings of a table."""
    return _headings(next(csv_rows(source, LeftOutTally()), (0, None))[1] or [])


def _headings(cells: Sequence[str]) -> list[str]:
    """Return names of columns, each once: of those that are headed alike, `input`, `input (2)`."""
    seen: Counter[str] = Counter()
    names = []
    for name in map(str.strip, cells):
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return names


SAMPLE_LINE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+(-?\d+))?\s*$")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def _prom(source: LogSource, tally: LeftOutTally) -> Iterator[RawRecord]:
    """Return the samples of a page of Prometheus metrics."""
    for number, line in enumerate(_text_lines(source, tally), 1):
        clean = line.strip()
        if not clean or clean.startswith("#"):
            continue
        found = SAMPLE_LINE.match(clean)
        if found is None:
            tally.leave("torn_line", f"{source.shown}:{number}")
            continue
        name, labels, value, stamp = found.groups()
        yield RawRecord(
            number,
            {
                "name": name,
                "labels": dict(LABEL.findall(labels or "")),
                "value": value,
                "at": stamp,
            },
            {},
        )


EVENT = re.compile(rb"(HTTP/[\d.]+ |(event|data|id|retry)?:)")
DATA_LINE = re.compile(rb"^data: ?[{\[]", re.MULTILINE)
"""How a stream begins that an API sent, or the heading of its answer; and what tells that it is."""


def _sse(source: LogSource, tally: LeftOutTally) -> Iterator[RawRecord]:
    """Return what the `data:` lines of a raw stream hold."""
    for number, line in enumerate(_text_lines(source, tally), 1):
        field, _, text = line.partition(":")
        if field == "data" and text.strip() not in ("", "[DONE]"):
            value = _loaded(text.encode())
            if isinstance(value, dict | list):
                yield from _items(number, value)
            else:
                tally.leave("torn_line", f"{source.shown}:{number}")


def _parquet(source: LogSource, most: int | None = None) -> Iterator[RawRecord]:
    """Return the rows of a Parquet file as mappings."""
    from tco.usage.store import parquet_rows

    return (RawRecord(n, row, {}) for n, row in enumerate(parquet_rows(source.path, most), 1))


def _every_row(source: LogSource, _: LeftOutTally) -> Iterator[RawRecord]:
    return _parquet(source)
