"""Data files in YAML with the line of everything, and what is wrong with them in words."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import date
from typing import TYPE_CHECKING, Any, get_args

import yaml
from pydantic import BaseModel

from tco.catalog.files import MAX_BYTES
from tco.errors import DataError, nearest, printable
from tco.records import dataclass

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails


# What is wrong with a data file, where, and in words that its author can act on.

Loc = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong with a file; `str` gives the line that a user reads."""

    path: str
    line: int
    where: str
    message: str
    column: int | None = None

    def __str__(self) -> str:
        """Return `path:line: where: message`; lines count from 1, `where` may be empty."""
        where = f"{self.where}: " if self.where else ""
        return f"{self.path}:{self.line}: {where}{self.message}"


def dotted(loc: Loc) -> str:
    """Return a place inside a file as `offers.4.prices.0`, fit for a terminal."""
    return ".".join(printable(str(part)) for part in loc if part != "[key]")


def by_line(complaints: Iterable[Complaint]) -> list[Complaint]:
    """Return complaints in the order in which a reader of the file meets them."""
    return sorted(complaints, key=lambda c: (c.path, c.line))


def in_words(error: ValidationError, root: type[BaseModel]) -> Iterator[tuple[Loc, str]]:
    """Return place and message of everything that the schema `root` refuses."""
    for detail in error.errors(include_url=False):
        yield detail["loc"], _message(detail, root)


def _message(detail: ErrorDetails, root: type[BaseModel]) -> str:
    """Return one refusal in plain words."""
    kind, loc, given = detail["type"], detail["loc"], detail["input"]
    context = detail.get("ctx", {})
    if kind == "missing":
        return "this key is required"
    if kind == "extra_forbidden":
        return _unknown_key(str(loc[-1]), _keys_at(root, loc[:-1]))
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        return _not_one_of(given, str(context["expected"]))
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(str(context["pattern"])[:4], detail["msg"]) + _given(given)
    for start, expected in _EXPECTED:
        if kind.startswith(start):
            quote = "; put it in quotes" if start == "string_type" and _scalar(given) else ""
            return f"{expected} is expected{_given(given)}{quote}"
    return f"{detail['msg']}{_given(given)}"


# Id and OfferId, Text, Url, Hours: told apart by how their patterns begin
_PATTERNS = {
    "^[a-": "an id is lower-case letters, digits and . _ + -",
    "^[^\\": "control characters are not allowed",
    "^htt": "an address begins with http:// or https:// and has no blanks",
    "^([0": "hours are written 09:00-17:30",
}
_EXPECTED = (
    ("float", "a number"),
    ("int", "a whole number"),
    ("bool", "true or false"),
    ("string_type", "a text"),
    ("date", "a date written YYYY-MM-DD"),
    ("list_type", "a list"),
    ("too_short", "a list with more entries"),
    ("dict_type", "a mapping of keys to values"),
    ("model_type", "a mapping of keys to values"),
    ("model_attributes_type", "a mapping of keys to values"),
)


def _scalar(given: object) -> bool:
    return isinstance(given, int | float)


def _given(given: object) -> str:
    """Return `, not …` for a value that is short enough to show."""
    if given is None:
        return ", not nothing"
    if isinstance(given, str):
        return f", not '{printable(given, 40)}'"
    if isinstance(given, bool):
        return f", not {str(given).lower()}"
    if isinstance(given, int | float):
        return f", not {given:.12g}"
    return (
        f", not {'a' if given else 'an empty'} {'list' if isinstance(given, list) else 'mapping'}"
    )


MOST_KEYS = 12


def _unknown_key(key: str, known: Sequence[str]) -> str:
    near = nearest(key, known, 1)
    hint = f"; did you mean '{near[0]}'?" if near else ""
    if not near and known:
        some = sorted(known)
        more = f" and {len(some) - MOST_KEYS} more" if len(some) > MOST_KEYS else ""
        hint = f"; known are {', '.join(some[:MOST_KEYS])}{more}"
    return f"unknown key '{printable(key, 40)}'{hint}"


def _not_one_of(given: object, expected: str) -> str:
    """Return the refusal of a word that is not in a list such as `'a', 'b' or 'c'`."""
    words = expected.replace("'", "").replace(" or ", ", ").split(", ")
    near = nearest(given, words, 1) if isinstance(given, str) else []
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"expected one of {', '.join(words)}{_given(given)}{hint}"


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """Return the record types that a field's annotation mentions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]


def _keys_at(root: type[BaseModel], loc: Loc) -> list[str]:
    """Return the keys that a record at `loc` may have."""
    here: list[type[BaseModel]] = [root]
    for part in loc:
        for model in here:
            fields = {field.alias or name: field for name, field in model.model_fields.items()}
            if part in fields:
                here = _models_in(fields[str(part)].annotation)
                break
    return [f.alias or name for model in here for name, f in model.model_fields.items()]


# What a plain scalar of a data file stands for: the YAML 1.2 core schema, without its traps.

_CONTROL = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069"
FORBIDDEN = re.compile(f"[{_CONTROL}]")  # what could drive a terminal or hide text
_WORDS = dict.fromkeys(("", "~", "null", "Null", "NULL"), None) | {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9_]*)")
_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?")
_OCTAL = re.compile(r"[-+]?0(?:[0-9_]+|[xob][0-9a-fA-F_]+)")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|nan)", re.IGNORECASE)


class RefusedError(Exception):
    """A value that is left out, with the reason."""


def plain_value(text: str) -> Any:
    """Return what a plain scalar stands for."""
    if not text or text[0] not in "0123456789+-.":
        return _WORDS.get(text, text)
    if _INT.fullmatch(text) and len(text) < 40:
        return int(text)
    if _OCTAL.fullmatch(text):
        plain = text.replace("_", "").lstrip("+-0xob") or "0"
        raise RefusedError(
            f"{printable(text, 40)} reads as octal or hexadecimal in some tools;"
            f" write {printable(plain, 40)}, or put it in quotes if it is text"
        )
    if _FLOAT.fullmatch(text):
        number = float(text.replace("_", ""))
        if math.isinf(number):
            raise RefusedError(f"{printable(text, 40)} is too large for a number")
        return number
    if _NOT_FINITE.fullmatch(text):
        raise RefusedError(f"{text} is not a finite number")
    return text


# YAML as our data files use it: plain mappings, lists and values, each with its line.
#
# Read from libyaml's events rather than through PyYAML's constructors, because a data file must
# not contain what makes YAML dangerous or surprising: anchors and aliases (bombs, cycles), tags,
# merge keys, duplicate keys, octal and base-60 numbers, `no` for false. Scalars follow the YAML
# 1.2 core schema (so `on:` is a key, `1e-6` a number, `12:30` and `2026-11-21` text) and a date
# is left to the field that wants one.

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


# Data as the text of a file.


def quoted(text: str) -> str:
    """Return a text in double quotes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def block_end(lines: Sequence[str], start: int, indent: int) -> int:
    """Return the line after the last one that is indented by more than `indent`."""
    last = start
    for at in range(start, len(lines)):
        text = lines[at]
        if text.strip() and len(text) - len(text.lstrip()) <= indent:
            break
        if text.strip():
            last = at + 1
    return last


def flow(value: Any) -> str:
    """Return a value in flow style, on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(v) for v in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float):
        shown = f"{value:.10g}"
        return shown if "e" not in shown else f"{value:.12f}".rstrip("0")
    text = str(value)
    return text if isinstance(value, str) and text.replace("-", "").isalnum() else quoted(text)


def dated(value: Any) -> Any:
    """Return data with dates as dates, which the reader of the file has as texts."""
    if isinstance(value, Mapping):
        return {key: dated(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [dated(inner) for inner in value]
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return date.fromisoformat(value)
    return value
