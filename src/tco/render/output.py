"""A result in one of the formats: its screen is found by its `schema`."""

from __future__ import annotations

import os
import re
import shutil
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from importlib import import_module
from io import StringIO
from itertools import chain, groupby
from typing import IO, TYPE_CHECKING, Any

from tco.money import Money, in_money, shown_in
from tco.records import dataclass
from tco.render.words import (
    Block,
    Column,
    Figure,
    Paragraph,
    Row,
    Sheet,
    Table,
    Tone,
    View,
    left_out,
    with_rate,
)

if TYPE_CHECKING:
    from rich.console import Console


WRITERS = {
    "github": "annotations",
    "sarif": "sarif",
    "llm": "plain",
    "focus": "focus",
}
"""Formats that are written by the function `text(result, view)` of a module of their own."""


def rendered(
    result: Any,
    kind: str,
    view: View,
    *,
    columns: int = 80,
    colour: bool = False,
    more: Sequence[Block] = (),
) -> str:
    """Return a result as text.

    Args:
        result: One of the records of `tco.analysis.results`.
        kind: `table`, `json`, `csv`, `md`, `svg`, or one of `WRITERS`.
        view: Which rows and columns, in which order.
        columns: Characters of a line of a table.
        colour: Colour a table.
        more: What stands under a table; a drawing is of it alone, under the verdict.

    Raises:
        UsageError: A column or an order that there is not, or a format that such a result has not.
    """
    with shown_in(money_in(result)):
        return _rendered(result, kind, view, columns, colour, more)


def money_in(result: Any) -> Money | None:
    """Return the money that a result is shown in; None for dollars."""
    found: Money | None = getattr(result, "currency", None)
    return found


def _rendered(
    result: Any, kind: str, view: View, columns: int, colour: bool, more: Sequence[Block]
) -> str:
    if kind in WRITERS:
        written: Callable[[Any, View], str] = import_module(f"tco.render.{WRITERS[kind]}").text
        return written(result, view)
    module = screen(result.schema)
    if kind in ("json", "csv"):
        full = module.whole(result)
        if kind == "csv" and module.csv is not None:
            full = module.csv(result, view)
        full = full.arranged(view.sort, view.top)
        if kind == "csv":
            from tco.render.plain import csv_text

            return csv_text(full, full.pick(view.fields) if view.fields else full.columns)
        from tco.render.jsonio import in_both, json_text, projected

        document = projected(result, full, view, module.place(result))
        return json_text(in_both(document, getattr(result, "currency", None)))
    if kind == "md":
        return page(result, view, more)
    if kind == "svg" and more:
        from tco.render.first import verdict

        return picture([*verdict(result.verdict, view), *more], columns)
    sheet = module.sheet(result, view).arranged(view.sort, None)
    blocks = chain(module.blocks(result, sheet, view), left_out(result), more)
    made = with_rate(result, blocks)
    if kind == "svg":
        return picture(made, columns)
    return coloured(made, columns) if colour else text(made, columns)


def page(result: Any, view: View, more: Sequence[Block] = ()) -> str:
    """Return a result as Markdown."""
    from tco.render.plain import markdown

    module, view = screen(result.schema), view._replace(page=True)
    with shown_in(money_in(result)):
        sheet = module.sheet(result, view).arranged(view.sort, None)
        blocks = module.blocks(result, sheet, view)
        return markdown(with_rate(result, chain(blocks, left_out(result), more)))


MODULES = {
    "tco.compare/1": "compare:COMPARE",
    "tco.compare-volumes/1": "volumes",
    "tco.frontier/1": "volumes:FRONTIER",
    "tco.breakeven/1": "breakeven:PAIR",
    "tco.breakeven-table/1": "breakeven:TABLE",
    "tco.sensitivity/1": "sensitivity:TORNADO",
    "tco.breakeven-over/1": "breakeven:OVER",
    "tco.map/1": "winners:MAP",
    "tco.montecarlo/1": "sensitivity:MONTECARLO",
    "tco.what-if/1": "sensitivity:WHAT_IF",
    "tco.explain/1": "explain:EXPLAIN",
    "tco.size/2": "size:SIZE",
    "tco.size-validation/1": "measured:VALIDATION",
    "tco.import-bench/1": "measured:IMPORT_BENCH",
    "tco.plan/1": "plan:PLAN",
    "tco.plan-portfolio/1": "plan:PORTFOLIO",
    "tco.horizon/1": "horizon",
    "tco.profile/1": "profile",
    "tco.bill/1": "bill",
    "tco.sources/1": "profile:SOURCES",
    "tco.train/1": "jobs:TRAIN",
    "tco.embed/1": "jobs:EMBED",
    "tco.diff/1": "diff:DIFF",
    "tco.claims/1": "claims:CLAIMS",
    "tco.config/1": "config",
    "tco.deploy/1": "size:DEPLOY",
    "tco.catalog-check/1": "check:CHECK",
    "tco.catalog-rules/1": "check:RULES",
    "tco.catalog-list/1": "catalog:LIST",
    "tco.catalog-names/1": "catalog:NAMES",
    "tco.catalog-history/1": "catalog:HISTORY",
    "tco.catalog-show/1": "catalog:SHOW",
    "tco.catalog-verify/1": "check:VERIFY",
    "tco.catalog-diff/1": "diff:CATALOG_DIFF",
}


@dataclass(frozen=True)
class Screen:
    """How the answer to one question is shown."""

    rows: tuple[str, ...] | Callable[[Any], tuple[str, ...]]
    """Where the rows stand in the JSON document; empty when the result is the row."""

    everything: Sheet | Callable[[Any], Sheet]
    """All columns, for the rows that stand there; or what returns the sheet of a result."""

    blocks: Callable[[Any, Sheet, View], Iterable[Block]]
    """Returns the screen."""

    shown: Callable[[Any, View], Sheet] | None = None
    """Returns the rows that a table shows, before they are ordered and cut, where not all are."""

    compact: tuple[str, ...] | Callable[[Any], tuple[str, ...]] = ()
    """Columns for `--format llm`, where they are other ones than those of the table."""

    csv: Callable[[Any, View], Sheet] | None = None
    """Returns the rows of CSV, where they are other ones than those of JSON."""

    also: Callable[[Any], Iterable[tuple[str, tuple[Column, ...], Sequence[Any]]]] = lambda _: ()
    """Returns the tables beside its rows, for `--format llm`: name, columns, rows."""

    def whole(self, result: Any) -> Sheet:
        """Return all rows with all columns, for JSON and CSV."""
        if not isinstance(self.everything, Sheet):
            return self.everything(result)
        rows = reduce(getattr, self.place(result), result)
        return self.everything._replace(rows=rows if self.rows else (result,))

    def sheet(self, result: Any, view: View) -> Sheet:
        """Return the rows that a table shows, before they are ordered and cut."""
        return self.whole(result) if self.shown is None else self.shown(result, view)

    def place(self, result: Any) -> tuple[str, ...]:
        """Return where the rows of a result stand in its JSON document."""
        return self.rows(result) if callable(self.rows) else self.rows

    def compact_columns(self, result: Any, sheet: Sheet) -> Sequence[str]:
        """Return the columns of a result for whoever reads by the token."""
        chosen = self.compact(result) if callable(self.compact) else self.compact
        return chosen or sheet.usual


def screen(schema: str) -> Screen:
    """Return the screen for results of a kind."""
    module, _, name = MODULES[schema].partition(":")
    found: Screen = getattr(import_module(f"tco.render.screens.{module}"), name or "SCREEN")
    return found


# Blocks to lines of fixed width: the one place that decides where characters go.
#
# A line is a list of segments, each with a tone; joined they are the text that a pipe gets,
# coloured they are what a terminal gets.

GAP = "  "
NBSP = "\u00a0"  # holds together what a line must not break
NARROWEST = 20  # characters that a wrapping column keeps on the usual screens
LEAST = 10  # and on one that has no room for that
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
    elif isinstance(block, Table):
        yield from _title(block.title, width)
        for i, part in enumerate(_parts(block, width)):
            yield from [[]] if i else []
            yield from _table(part, width)
    elif block.shell:
        for line in shell_lines(block.text.replace(NBSP, " "), width):
            yield [(line, block.tone)]
    else:
        yield from _paragraph(block, width)


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


_WORD = re.compile(r"""(?:'[^']*'|"[^"]*"|[^\s'"])+""")
READ_ON = " \\"


def shell_lines(command: str, width: int) -> list[str]:
    """Return a command in lines that a shell reads as one: each but the last ends in a backslash.

    An option stays with its value.

    >>> shell_lines("tco explain gpt-4.1 --tokens 50B", 24)
    ['tco explain gpt-4.1 \\\\', '  --tokens 50B']
    """
    units: list[str] = []
    for word in _WORD.findall(command):
        if units and units[-1].startswith("-") and " " not in units[-1] and word[0] != "-":
            units[-1] += f" {word}"
        else:
            units.append(word)
    if len(command) <= width or not units:
        return [command]
    found = [units[0]]
    for unit in units[1:]:
        if len(found[-1]) + 1 + len(unit) + len(READ_ON) > width:
            found.append(f"  {unit}")
        else:
            found[-1] += f" {unit}"
    return [*(line + READ_ON for line in found[:-1]), found[-1]]


def _parts(table: Table, width: int) -> list[Table]:
    """Return a table, or where no column can give way any more, several of fewer columns.

    Each has the first column of the whole one; notes stand under the last.
    """
    if len(table.columns) <= 2 or _total(_widths(table, width)) <= width:
        return [table]
    chosen = [[0]]
    for i in range(1, len(table.columns)):
        tried = _chosen(table, [*chosen[-1], i], notes=False)
        if len(chosen[-1]) > 1 and _total(_widths(tried, width)) > width:
            chosen.append([0])
        chosen[-1].append(i)
    return [_chosen(table, places, notes=places is chosen[-1]) for places in chosen]


def _chosen(table: Table, places: Sequence[int], *, notes: bool) -> Table:
    """Return some columns of a table."""
    rows = (
        row._replace(cells=tuple(row.cells[i] for i in places), note=row.note if notes else "")
        for row in table.rows
    )
    return Table(columns=tuple(table.columns[i] for i in places), rows=tuple(rows))


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _table(table: Table, width: int) -> Iterator[Line]:
    widths = _widths(table, width)
    heads = Row(cells=tuple(in_money(c.head) for c in table.columns), tone="bold")
    yield from _row(heads, table.columns, widths)
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
        max([len(in_money(c.head)), *(len(row.cells[i]) for row in table.rows)])
        for i, c in enumerate(table.columns)
    ]
    for least in (NARROWEST, LEAST):
        spare = width - _total(widths)
        for i, column in enumerate(table.columns):
            if column.wraps and spare < 0:
                low = max(
                    least, len(in_money(column.head)) if least > LEAST else 0, _longest(table, i)
                )
                narrow = min(max(widths[i] + spare, low), widths[i])
                spare += widths[i] - narrow
                widths[i] = narrow
    return widths


def _longest(table: Table, place: int) -> int:
    """Return the longest part of a column that is not broken, where it follows on a line."""
    texts = [table.columns[place].head, *(row.cells[place] for row in table.rows)]
    return max((len(part.rstrip()) + 2 for t in texts for part in _PARTS.findall(t)), default=0)


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


# Blocks to a screen: plain text, or the same text in colour on a terminal.

STYLES: Mapping[Tone, str] = {
    "": "",
    "bold": "bold",
    "dim": "dim",
    "good": "green",
    "warn": "yellow",
    "blue": "blue",
    "magenta": "magenta",
    "cyan": "cyan",
    "red": "red",
}
TERMINAL_NARROWEST, WIDEST = 60, 120
DRAWING = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">
<style>
.{unique_id}-matrix {{
  font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px;
  line-height: {line_height}px;
}}
.{unique_id}-title {{ font: bold 18px sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
"""What a drawing is poured into: it asks for no font from elsewhere, as rich's own would."""
NARROWEST_PICTURE = 32


def width() -> int:
    """Return the width to write for: `COLUMNS`, or the terminal's, or 80; 60 to 120."""
    return min(max(shutil.get_terminal_size((80, 24)).columns, TERMINAL_NARROWEST), WIDEST)


def columns() -> int:
    """Return the width that a picture has: what there is, 32 to 120."""
    return min(max(shutil.get_terminal_size((80, 24)).columns, NARROWEST_PICTURE), WIDEST)


def in_colour(stream: IO[str], wish: str = "auto") -> bool:
    """Return whether to colour: as wished, or on a terminal unless NO_COLOR or TERM object."""
    if wish != "auto":
        return wish == "always"
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


def text(blocks: Iterable[Block], columns: int = 80) -> str:
    """Return blocks as plain text."""
    return _joined(lines(blocks, columns))


def _joined(made: Iterable[Line]) -> str:
    return "".join("".join(part for part, _ in line) + "\n" for line in made)


def coloured(blocks: Iterable[Block], columns: int = 80) -> str:
    """Return the same text with the colours of a terminal; without them it equals `text`."""
    out = StringIO()
    _printed(_console(out, columns), lines(blocks, columns))
    return out.getvalue()


def picture(blocks: Iterable[Block], columns: int = 80) -> str:
    """Return the same screen as a drawing (SVG), the same bytes for the same screen."""
    from rich.terminal_theme import DIMMED_MONOKAI

    made = list(lines(blocks, columns))
    widest = max((sum(len(part) for part, _ in line) for line in made), default=columns)
    console = _console(StringIO(), widest, record=True)
    _printed(console, made)
    return console.export_svg(
        title="tco", theme=DIMMED_MONOKAI, code_format=DRAWING, unique_id="tco"
    )


def _console(out: IO[str], columns: int, *, record: bool = False) -> Console:
    from rich.console import Console

    return Console(
        file=out,
        force_terminal=True,
        color_system="standard",
        no_color=False,
        highlight=False,
        markup=False,
        emoji=False,
        width=columns,
        record=record,
    )


def _printed(console: Console, made: Iterable[Line]) -> None:
    from rich.text import Text

    for line in made:
        parts = [(part, STYLES[tone]) if STYLES[tone] else part for part, tone in line]
        console.print(Text.assemble(*parts), soft_wrap=True)
