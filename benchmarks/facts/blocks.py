"""Data files edited record by record: untouched records keep their lines, the others are rewritten.

A list section (`offers`, `rentals`) is cut at its items, a mapping (`models`, `sources`) at its
keys; comments and blank lines between them stay where they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml

Record = dict[str, Any]
WIDTH = 100
LONG = 112
_PLAIN = re.compile(r"[A-Za-z0-9$%(./][^\n\"'#{}\[\]]*")
_FLOW_PLAIN = re.compile(r"[A-Za-z0-9$%(./][^\n\"'#{}\[\],:]*")
_LIKE_DATA = re.compile(
    r"[-+.0-9][-+.0-9_eE]*|\d{4}-\d\d-\d\d|null|true|false|yes|no|on|off|~", re.IGNORECASE
)


@dataclass
class Section:
    """One section of a file: its records in order, each with the lines that it stands in."""

    name: str
    head: list[str]
    blocks: list[tuple[str, list[str]]] = field(default_factory=list)
    """Id and lines; lines between records belong to the one before them, or to the head."""

    def ids(self) -> list[str]:
        """Return the ids in order."""
        return [name for name, _ in self.blocks]

    def record(self, name: str) -> Any:
        """Return a record as data."""
        value = yaml.safe_load("\n".join(_dedented(self._lines(name))))
        return value[0] if isinstance(value, list) else next(iter(value.values()))

    def _lines(self, name: str) -> list[str]:
        return next(lines for known, lines in self.blocks if known == name)

    def first(self, name: str, lines: list[str], *, before: str) -> None:
        """Add a record right before another, below the comment that heads it."""
        spot = self.ids().index(before)
        self.blocks.insert(spot, (name, lines))

    def sort_in(self, name: str, lines: list[str]) -> None:
        """Replace a record, or add it where its id belongs in the alphabet."""
        before = [known for known in self.ids() if known <= name]
        if before or not self.blocks:
            self.put(name, lines, after=before[-1] if before else None)
            return
        blank = [""] if self._spaced() else []
        self.blocks.insert(0, (name, [*lines, *blank]))

    def _spaced(self) -> bool:
        return sum(not block[-1].strip() for _, block in self.blocks) > len(self.blocks) / 2

    def put(self, name: str, lines: list[str], *, after: str | None = None) -> None:
        """Replace a record, or add it after another (after all where none is named)."""
        at = next((i for i, (known, _) in enumerate(self.blocks) if known == name), None)
        if at is not None:
            tail = _tail(self.blocks[at][1])
            self.blocks[at] = (name, [*lines, *tail])
            return
        spots = [i for i, (known, _) in enumerate(self.blocks) if known == after]
        spot = spots[0] if spots else len(self.blocks) - 1
        if spot < 0:
            self.blocks.append((name, lines))
            return
        before = self.blocks[spot][1]
        tail = _tail(before)
        before[len(before) - len(tail) :] = [""] if self._spaced() else []
        self.blocks.insert(spot + 1, (name, [*lines, *tail]))

    def drop(self, name: str) -> None:
        """Take a record out."""
        self.blocks = [(known, lines) for known, lines in self.blocks if known != name]


def _tail(lines: list[str]) -> list[str]:
    """Return the blank and comment lines at the end."""
    end = len(lines)
    while end and (not lines[end - 1].strip() or lines[end - 1].strip().startswith("#")):
        end -= 1
    return lines[end:]


def _dedented(lines: list[str]) -> list[str]:
    return [line[2:] if line.startswith("  ") else line for line in lines]


class DataFile:
    """A data file as text, cut into sections."""

    def __init__(self, path: Path, ids: Mapping[str, Callable[[Record], str]]) -> None:
        """Read a file.

        Args:
            path: The file.
            ids: How the records of each list section are called.
        """
        self.path = path
        self.parts: list[Section] = []
        lines = path.read_text(encoding="utf-8").splitlines()
        starts = [i for i, line in enumerate(lines) if re.match(r"[a-z_]+:", line)]
        self.top = lines[: starts[0]]
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
            self.parts.append(_cut(lines[start:end], ids))

    def section(self, name: str) -> Section:
        """Return a section."""
        return next(part for part in self.parts if part.name == name)

    def text(self) -> str:
        """Return the file as text."""
        lines = list(self.top)
        for part in self.parts:
            lines += part.head
            for _, block in part.blocks:
                lines += block
        return "\n".join(lines).rstrip("\n") + "\n"

    def write(self) -> None:
        """Write the file."""
        self.path.write_text(self.text(), encoding="utf-8")


def _cut(lines: list[str], ids: Mapping[str, Callable[[Record], str]]) -> Section:
    name = lines[0].partition(":")[0]
    listed = name in ids
    begins = re.compile(r"  - " if listed else r"  [A-Za-z0-9\"]")
    starts = [i for i, line in enumerate(lines) if begins.match(line)]
    if not starts:
        return Section(name, lines)
    section = Section(name, lines[: starts[0]])
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        block = lines[start:end]
        if listed:
            called = ids[name](yaml.safe_load("\n".join(_dedented(block)))[0])
        else:
            called = block[0].strip().partition(":")[0].strip('"')
        section.blocks.append((called, block))
    return section


def scalar(value: Any, *, flow: bool = False) -> str:
    """Return a value as one YAML scalar."""
    if value is True or value is False:
        return str(value).lower()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | float):
        return number(value)
    text = str(value)
    plain = _FLOW_PLAIN if flow else _PLAIN
    safe = plain.fullmatch(text) and not _LIKE_DATA.fullmatch(text)
    if safe and ": " not in text and not text.endswith((":", " ")):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def number(value: float) -> str:
    """Return a number without rounding noise.

    >>> number(0.30000000000000004), number(2.0), number(1048576)
    ('0.3', '2', '1048576')
    """
    if isinstance(value, int):
        return str(value)
    shown = f"{value:.10g}"
    return shown if "e" not in shown else f"{value:.12f}".rstrip("0")


def flow(value: Any) -> str:
    """Return a value in flow style, on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(v) for v in value) + "]"
    return scalar(value, flow=True)


def pairs(record: Mapping[str, Any], indent: int, deep: tuple[str, ...] = ()) -> list[str]:
    """Return a mapping in block style; what is not named in `deep` is in flow style.

    Args:
        record: The mapping.
        indent: Blanks before each line.
        deep: Keys whose lists have an item a line, themselves in flow style.
    """
    pad = " " * indent
    lines: list[str] = []
    for key, value in record.items():
        if key in deep and isinstance(value, list):
            lines.append(f"{pad}{key}:")
            lines += [line for item in value for line in item_lines(item, indent + 2)]
        elif isinstance(value, str):
            lines += text_lines(key, value, indent)
        else:
            lines += wrapped(f"{pad}{key}: {flow(value)}", indent + len(key) + 3)
    return lines


def item_lines(item: Any, indent: int) -> list[str]:
    """Return an item of a list in flow style, on one line if at all possible."""
    return wrapped(f"{' ' * indent}- {flow(item)}", indent + 3, LONG)


def text_lines(key: str, value: str, indent: int) -> list[str]:
    """Return a text on one line, or folded."""
    line = f"{' ' * indent}{key}: {scalar(value)}"
    if len(line) <= WIDTH:
        return [line]
    lines, rest = [f"{' ' * indent}{key}: >-"], " " * (indent + 2)
    for word in value.split(" "):
        if len(rest) + len(word) + 1 > WIDTH and rest.strip():
            lines.append(rest)
            rest = " " * (indent + 2)
        rest += word if not rest.strip() else f" {word}"
    return [*lines, rest]


def wrapped(line: str, hang: int, width: int = WIDTH) -> list[str]:
    """Return a line of flow style, broken after commas where it is too long."""
    lines = []
    while len(line) > width:
        cut = _comma(line, width)
        if cut is None:
            break
        lines.append(line[: cut + 1])
        line = " " * hang + line[cut + 2 :]
    return [*lines, line]


def _comma(line: str, width: int) -> int | None:
    """Return the last comma before the width that is outside quotes."""
    quoted, found = False, None
    for at, sign in enumerate(line[:width]):
        if sign == '"' and line[at - 1] != "\\":
            quoted = not quoted
        elif sign == "," and not quoted and line[at + 1 : at + 2] == " ":
            found = at
    return found
