"""JSON with the line of its upper members, so that a finding can point into the file."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any, NoReturn

from tco.catalog.files import File
from tco.errors import DataError, printable

_BLANK = re.compile(r"[ \t\n\r]*")
Path = tuple[str | int, ...]


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number")


_DECODE = json.JSONDecoder(parse_constant=_refuse)


@dataclass(slots=True)
class Json:
    """A JSON document: its value, the lines of its upper members, and members given twice."""

    value: Any
    lines: dict[Path, int] = field(default_factory=dict)
    twice: list[Path] = field(default_factory=list)

    def line(self, *path: str | int) -> int:
        """Return the line of a member, or of the nearest around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_json(file: File, depth: int) -> Json:
    """Return a JSON file, with lines for members down to `depth`.

    Raises:
        DataError: It is not JSON.
    """
    try:
        text = file.data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{file.path}:1: not UTF-8 text") from None
    reader = _Reader(text)
    try:
        value, end = reader.value(reader.skip(0), (), depth)
        if reader.skip(end) != len(text):
            raise json.JSONDecodeError("more than one value", text, end)
    except json.JSONDecodeError as error:
        raise DataError(f"{file.path}:{error.lineno}: not JSON: {error.msg}") from None
    except (ValueError, RecursionError, IndexError) as error:
        why = printable(str(error)) if isinstance(error, ValueError) else "nested too deep, or cut"
        raise DataError(f"{file.path}:1: not JSON: {why}") from None
    return Json(value, reader.lines, reader.twice)


class _Reader:
    """Walks the upper levels by hand and leaves the lower ones to the C scanner."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.ends = [match.start() for match in re.finditer("\n", text)]
        self.lines: dict[Path, int] = {}
        self.twice: list[Path] = []

    def skip(self, at: int) -> int:
        match = _BLANK.match(self.text, at)
        return match.end() if match is not None else at

    def value(self, at: int, path: Path, depth: int) -> tuple[Any, int]:
        self.lines[path] = bisect_right(self.ends, at) + 1
        if depth and self.text[at : at + 1] == "{":
            return self._members(at, path, depth)
        if depth and self.text[at : at + 1] == "[":
            return self._items(at, path, depth)
        return _DECODE.raw_decode(self.text, at)

    def _members(self, at: int, path: Path, depth: int) -> tuple[Any, int]:
        found: dict[str, Any] = {}
        at = self.skip(at + 1)
        while self.text[at] != "}":
            start = at
            key, at = _DECODE.raw_decode(self.text, at)
            if not isinstance(key, str):
                raise json.JSONDecodeError("a name is expected", self.text, start)
            at = self.skip(self._expect(self.skip(at), ":"))
            if key in found:
                self.twice.append((*path, key))
            found[key], at = self.value(at, (*path, key), depth - 1)
            self.lines[(*path, key)] = bisect_right(self.ends, start) + 1
            at = self._next(at, "}")
        return found, at + 1

    def _items(self, at: int, path: Path, depth: int) -> tuple[Any, int]:
        found: list[Any] = []
        at = self.skip(at + 1)
        while self.text[at] != "]":
            item, at = self.value(at, (*path, len(found)), depth - 1)
            found.append(item)
            at = self._next(at, "]")
        return found, at + 1

    def _next(self, at: int, end: str) -> int:
        """Return where the next member begins, or the end."""
        at = self.skip(at)
        return at if self.text[at] == end else self.skip(self._expect(at, ","))

    def _expect(self, at: int, mark: str) -> int:
        if self.text[at] != mark:
            raise json.JSONDecodeError(f"'{mark}' is expected", self.text, at)
        return at + 1
