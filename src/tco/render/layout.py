"""Blocks to lines of fixed width: the one place that decides where characters go.

A line is a list of segments, each with a tone; joined they are the text that a pipe gets, coloured
they are what a terminal gets.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from tco.render.table import Block, Column, Figure, Paragraph, Row, Table, Tone

GAP = "  "
NBSP = "\u00a0"  # holds together what a line must not break
NARROWEST = 20  # characters that a wrapping column keeps on the narrowest screen
Line = list[tuple[str, Tone]]

_PARTS = re.compile(r"[^\s/@:,-]+[/@:,-]*|[/@:,-]+|\s+")


def lines(blocks: Iterable[Block], width: int) -> Iterator[Line]:
    """Return the lines of some blocks; a block after another kind of block begins after a gap."""
    before: Block | None = None
    for block in blocks:
        together = isinstance(before, Paragraph) and isinstance(block, Paragraph) and block.bullet
        if before is not None and not together:
            yield []
        yield from _block(block, width)
        before = block


def _block(block: Block, width: int) -> Iterator[Line]:
    if isinstance(block, Figure):
        yield from _title(block.title, width)
        for row in block.rows:
            yield _painted(row.rstrip(), block.tones)
    else:
        yield from _table(block, width) if isinstance(block, Table) else _paragraph(block, width)


def _title(text: str, width: int) -> Iterator[Line]:
    for line in textwrap.wrap(text, width):
        yield [(line, "bold")]


def _painted(row: str, tones: Mapping[str, Tone]) -> Line:
    """Return a row of a figure in runs of one tone."""
    runs = groupby(row, key=lambda mark: tones.get(mark, ""))
    return [("".join(marks), tone) for tone, marks in runs]


def _paragraph(block: Paragraph, width: int) -> Iterator[Line]:
    for part in block.text.split("\n"):
        wrapped = textwrap.wrap(
            part,
            width,
            subsequent_indent=" " * block.hanging,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in wrapped:
            yield [(line.replace(NBSP, " "), block.tone)]


def _table(table: Table, width: int) -> Iterator[Line]:
    yield from _title(table.title, width)
    widths = _widths(table, width)
    yield _line([c.head for c in table.columns], table.columns, widths, "bold")
    indent = _indent(table.columns, widths)
    for row in table.rows:
        yield from _row(row, table.columns, widths)
        if row.note:
            yield from _note(row.note, indent, width)


def _note(text: str, indent: int, width: int) -> Iterator[Line]:
    room = max(width - indent, 20)
    for part in text.split("\n"):
        for line in textwrap.wrap(part, room, break_long_words=False, break_on_hyphens=False):
            yield [(" " * indent + line, "dim")]


def _widths(table: Table, width: int) -> list[int]:
    """Return the width of each column; the one that wraps takes what the others leave."""
    widths = [
        max([len(c.head), *(len(row.cells[i]) for row in table.rows)])
        for i, c in enumerate(table.columns)
    ]
    spare = width - sum(widths) - len(GAP) * (len(widths) - 1)
    for i, column in enumerate(table.columns):
        if column.wraps and spare < 0:
            narrow = max(widths[i] + spare, NARROWEST, len(column.head))
            spare += widths[i] - min(narrow, widths[i])
            widths[i] = min(narrow, widths[i])
    return widths


def _indent(columns: tuple[Column, ...], widths: list[int]) -> int:
    """Return where notes begin: under the first column that wraps, a little to the right."""
    before = next((i for i, c in enumerate(columns) if c.wraps), 0)
    return sum(widths[:before]) + len(GAP) * before + len(GAP)


def _row(row: Row, columns: tuple[Column, ...], widths: list[int]) -> Iterator[Line]:
    """Return the lines of a row: one, or more where a cell wraps."""
    cells = [
        wrapped(cell, size) if column.wraps else [cell]
        for cell, column, size in zip(row.cells, columns, widths, strict=True)
    ]
    for i in range(max(len(cell) for cell in cells)):
        texts = [cell[i] if i < len(cell) else "" for cell in cells]
        yield _line(texts, columns, widths, row.tone)


def _line(texts: list[str], columns: tuple[Column, ...], widths: list[int], tone: Tone) -> Line:
    padded = [
        text.rjust(size) if column.right else text.ljust(size)
        for text, column, size in zip(texts, columns, widths, strict=True)
    ]
    return [(GAP.join(padded).rstrip(), tone)]


def wrapped(text: str, width: int) -> list[str]:
    """Return a text in lines, broken after blanks and after the `/ @ : -` of an option's id.

    Nothing is cut: an id can be read, and typed, by joining its lines.

    >>> wrapped("self/llama-3.3-70b@2xh100-sxm:fp8", 24)
    ['self/llama-3.3-70b@', '  2xh100-sxm:fp8']
    """
    found, line = [], ""
    for part in _PARTS.findall(text):
        if line.strip() and len(line) + len(part.rstrip()) > width:
            found.append(line.rstrip())
            line = "  "
            part = part.lstrip()
        line += part
    return [*found, line.rstrip()]
