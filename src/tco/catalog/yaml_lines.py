"""YAML as our data files use it: plain mappings, lists and values, each with its line.

Read from libyaml's events rather than through PyYAML's constructors, because a data file must not
contain what makes YAML dangerous or surprising: anchors and aliases (bombs, cycles), tags, merge
keys, duplicate keys, octal and base-60 numbers, `no` for false. Scalars follow the YAML 1.2 core
schema (so `on:` is a key, `1e-6` a number, `12:30` and `2026-11-21` text) and a date is left to
the field that wants one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

from tco.catalog.complaints import Complaint, Loc, dotted
from tco.catalog.files import MAX_BYTES
from tco.catalog.scalars import FORBIDDEN, RefusedError, plain_value
from tco.errors import DataError, printable

MAX_DEPTH = 50
TOO_DEEP = f"nested deeper than {MAX_DEPTH} levels"
MOST_VALUES = 500_000
"""Keys and values of a file, ten times what the shipped ones have: bounds time and memory."""
MOST_COMPLAINTS = 1000
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _StopError(Exception):
    """A file that cannot be read on, with line, reason and column."""


@dataclass(slots=True)
class Marks:
    """The line of a mapping or list, and of each of its parts."""

    line: int
    parts: Any = field(default_factory=dict)
    """Line or marks by key, or in a list."""


@dataclass(frozen=True, slots=True)
class Document:
    """A data file as read: its value, the lines of its parts, and what is wrong with it."""

    path: str
    value: dict[str, Any]
    marks: Marks
    complaints: tuple[Complaint, ...] = ()

    def line(self, loc: Loc) -> int:
        """Return the line of the part at `loc`, or of the nearest part around it."""
        here: Any = self.marks
        for part in loc:
            try:
                here = here.parts[part]
            except (AttributeError, KeyError, IndexError, TypeError):
                break
        return here.line if isinstance(here, Marks) else int(here)

    def complaint(self, loc: Loc, message: str) -> Complaint:
        """Return a complaint about the part at `loc`."""
        return Complaint(self.path, self.line(loc), dotted(loc), message)


def read_yaml(data: bytes, path: str) -> Document:
    """Return the document in `data`; what is wrong with it is in its complaints, never raised.

    Args:
        data: The bytes of the file.
        path: The file as its reader calls it; every complaint begins with it.
    """
    reader = _Reader(path)
    try:
        text = _text(data)
        reader.read(text)
    except _StopError as stop:
        reader.note(*stop.args)
        reader.root = None
    root = reader.root
    if root is None or not isinstance(root[0], dict):
        return Document(path, {}, Marks(1), tuple(reader.complaints))
    return Document(path, root[0], root[1], tuple(reader.complaints))


def load_yaml(data: bytes, path: str) -> Document:
    """Return the document in `data`.

    Raises:
        DataError: Something is wrong with it; the text is the first complaint.
    """
    document = read_yaml(data, path)
    for complaint in document.complaints:
        raise DataError(str(complaint))
    return document


def _text(data: bytes) -> str:
    """Return the decoded text of a file."""
    if len(data) > MAX_BYTES:
        raise _StopError(1, f"larger than {MAX_BYTES // 1_000_000} MB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _StopError(line, "not UTF-8 text; save the file as UTF-8") from None
    if match := FORBIDDEN.search(text):
        line = text.count("\n", 0, match.start()) + 1
        raise _StopError(line, f"control character U+{ord(match[0]):04X} is not allowed")
    return text


class _Reader:
    """Builds value and marks side by side from events, without recursion."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.complaints: list[Complaint] = []
        self.root: tuple[Any, Any] | None = None
        self.loc: list[str | int | None] = []
        self.open: list[tuple[Any, Marks]] = []  # containers that have not ended
        self.documents = 0
        self.values = 0
        self.key_line = 1

    def note(self, line: int, message: str, column: int | None = None) -> None:
        """Add a complaint about the present place."""
        where = dotted(tuple(part for part in self.loc if part is not None))
        self.complaints.append(Complaint(self.path, line, where, message, column))

    def complain(self, line: int, message: str) -> None:
        """Add a complaint and go on reading, unless there were too many."""
        self.note(line, message)
        if len(self.complaints) >= MOST_COMPLAINTS:
            raise _StopError(line, "too many mistakes to go on")

    def read(self, text: str) -> None:
        """Take in all events of `text`."""
        handlers = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._start,
            yaml.SequenceStartEvent: self._start,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
        }
        try:
            for event in yaml.parse(text, Loader=_LOADER):
                handler = handlers.get(type(event))
                if handler is not None:
                    handler(event)
        except yaml.MarkedYAMLError as error:
            raise self._not_yaml(error, text) from None
        except yaml.YAMLError as error:
            raise _StopError(1, f"not YAML: {printable(str(error))}") from None
        if self.root is None:
            raise _StopError(1, "the file is empty")

    def _not_yaml(self, error: yaml.MarkedYAMLError, text: str) -> _StopError:
        """Return the end of the reading at a place that is no YAML."""
        self.loc = []
        mark = error.problem_mark or error.context_mark
        lines = text.splitlines() or [""]
        line = min(mark.line + 1 if mark else 1, len(lines))
        message = f"not YAML: {printable(str(error.problem), 200)}"
        if "nesting depth" in str(error.problem):  # the scanner's own limit, since PyYAML 6.0.4
            return _StopError(line, TOO_DEEP)
        if "\t" in lines[line - 1][: len(lines[line - 1]) - len(lines[line - 1].lstrip())]:
            message = "indented with a tab; use blanks"
        elif error.context_mark and error.context_mark.line + 1 < line:
            message += f", in what begins on line {error.context_mark.line + 1}"
        return _StopError(line, message, mark.column + 1 if mark else None)

    def _document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            raise _StopError(event.start_mark.line + 1, "only one document is allowed in a file")

    def _put(self, value: Any, marks: Any, event: Any) -> None:
        """Place a value under the key that waits for it, or at the end of the list."""
        if not self.open:
            if not isinstance(value, dict):
                line = event.start_mark.line + 1
                empty = value is None
                reason = "the file is empty" if empty else "keys are expected at the top level"
                raise _StopError(line, reason)
            self.root = (value, marks)
            return
        container, around = self.open[-1]
        if type(container) is list:
            container.append(value)
            around.parts.append(marks)
        else:
            key = self.loc[-1]
            container[key] = value
            around.parts[key] = marks

    def _next(self) -> None:
        """Move on: a list to its next index, a mapping to its next key."""
        if self.open:
            container = self.open[-1][0]
            self.loc[-1] = len(container) if type(container) is list else None

    def _waits_for_key(self) -> bool:
        return bool(self.loc) and self.loc[-1] is None

    def _line(self, event: Any) -> int:
        """Return the line of a value: that of its key, where it has one."""
        if self.open and type(self.open[-1][0]) is dict:
            return self.key_line
        return int(event.start_mark.line) + 1

    def _scalar(self, event: Any) -> None:
        text = event.value
        self._count(event)
        if event.anchor or event.tag:
            self._decorated(event)
        if event.style == '"' and FORBIDDEN.search(text):
            self.complain(event.start_mark.line + 1, "control characters are not allowed")
            text = printable(text)
        if self._waits_for_key():
            self._key(text, event)
            return
        if event.implicit[0]:
            try:
                text = plain_value(text)
            except RefusedError as refused:
                self.complain(event.start_mark.line + 1, str(refused))
        self._put(text, self._line(event), event)
        self._next()

    def _key(self, key: str, event: Any) -> None:
        line = event.start_mark.line + 1
        container, around = self.open[-1]
        if key in container:
            mark = around.parts[key]
            first = mark.line if isinstance(mark, Marks) else mark
            self.complain(line, f"duplicate key '{printable(key, 40)}', first on line {first}")
        if key == "<<" and event.implicit[0]:
            self.complain(line, "merge key <<: write the values out instead")
        self.loc[-1] = key
        self.key_line = line

    def _count(self, event: Any) -> None:
        self.values += 1
        if self.values > MOST_VALUES:
            self.loc = self.loc[:1]
            raise _StopError(event.start_mark.line + 1, f"more than {MOST_VALUES:,} values")

    def _start(self, event: Any) -> None:
        self._count(event)
        if event.anchor or event.tag:
            self._decorated(event)
        if self._waits_for_key():
            raise _StopError(event.start_mark.line + 1, "a key must be a plain word")
        if len(self.open) >= MAX_DEPTH:
            self.loc = self.loc[:3]
            raise _StopError(event.start_mark.line + 1, TOO_DEEP)
        mapping = isinstance(event, yaml.MappingStartEvent)
        value: Any = {} if mapping else []
        marks = Marks(self._line(event), {} if mapping else [])
        self._put(value, marks, event)
        self.open.append((value, marks))
        self.loc.append(None if mapping else 0)

    def _end(self, _event: Any) -> None:
        self.open.pop()
        self.loc.pop()
        self._next()

    def _alias(self, event: Any) -> None:
        line = event.start_mark.line + 1
        raise _StopError(line, f"alias *{printable(event.anchor, 40)}: write the value out instead")

    def _decorated(self, event: Any) -> None:
        """Complain of an anchor or a tag; the value itself is still read."""
        line = event.start_mark.line + 1
        if event.anchor:
            what = f"anchor &{printable(event.anchor, 40)}: write the value out where it is needed"
        else:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            what = f"tag {printable(tag, 40)}: tags are not allowed"
        self.complain(line, what)
