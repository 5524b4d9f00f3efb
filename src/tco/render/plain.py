"""Blocks as Markdown and as a piece of HTML, rows as CSV."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from io import StringIO
from typing import Any

from tco.money import in_money
from tco.render.words import Block, Column, Figure, Paragraph, Sheet, Table

# Markdown for pages and issues, CSV for spreadsheets and scripts.

_MARKS = re.compile(r"[\\|*`<\[]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")  # a_b stays as it is


def markdown(blocks: Iterable[Block]) -> str:
    """Return blocks as Markdown."""
    parts: list[str] = []
    before: Block | None = None
    for block in blocks:
        made = _md_block(block)
        bullets = isinstance(before, Paragraph) and before.bullet
        tight = bullets and isinstance(block, Paragraph) and block.bullet
        if parts:
            parts.append("\n" if tight else "\n\n")
        parts.append(made)
        before = block
    return "".join(parts) + "\n"


def _md_block(block: Block) -> str:
    if isinstance(block, Figure):
        title = f"**{_escaped(block.title)}**\n\n" if block.title else ""
        return title + "\n".join(["```text", *(row.rstrip() for row in block.rows), "```"])
    return _md_table(block) if isinstance(block, Table) else _md_paragraph(block)


def _md_paragraph(block: Paragraph) -> str:
    text = "  \n".join(_escaped(line.strip()) for line in block.text.split("\n"))
    text = text.replace("\u00a0", " ")
    return f"- {text.removeprefix('- ')}" if block.bullet else text


def _md_table(table: Table) -> str:
    notes = any(row.note for row in table.rows)
    heads = [in_money(c.head) for c in table.columns] + ["notes"] * notes
    rules = ["---:" if c.right else "---" for c in table.columns] + ["---"] * notes
    rows = [[*row.cells, row.note] if notes else [*row.cells] for row in table.rows]
    out = [f"**{_escaped(in_money(table.title))}**\n"] if table.title else []
    out += [_md_row(heads), _md_row(rules, escape=False), *(_md_row(row) for row in rows)]
    return "\n".join(out)


def _md_row(cells: Sequence[str], *, escape: bool = True) -> str:
    shown = [_escaped(cell).replace("\n", "<br>") if escape else cell for cell in cells]
    return f"| {' | '.join(shown)} |"


def _escaped(text: str) -> str:
    """Return a text that Markdown shows as it is."""
    return _MARKS.sub(r"\\\g<0>", text)


def csv_text(sheet: Sheet, columns: Sequence[Column]) -> str:
    """Return the rows of a sheet as CSV, unrounded, its heads ending in their units."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([c.key for c in columns])
    for row in sheet.rows:
        writer.writerow([csv_cell(c.get(row)) for c in columns])
    return out.getvalue()


def csv_cell(value: Any) -> Any:
    """Return a value as a spreadsheet reads it; a text never begins like a formula."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t"):
        return f"'{value}"
    return value


# The blocks of an answer as a piece of HTML, for notebooks; every text is escaped.


def fragment(blocks: Iterable[Block], warnings: Iterable[str] = ()) -> str:
    """Return blocks as HTML without head or style, and the warnings after them."""
    parts = [part for block in blocks for part in _block(block)]
    parts += [f"<p><em>note: {escape(warning)}</em></p>" for warning in warnings]
    return "<div>" + "\n".join(parts) + "</div>"


def _block(block: Block) -> Iterator[str]:
    title = "" if isinstance(block, Paragraph) else block.title
    if title:
        yield f"<p><strong>{escape(title)}</strong></p>"
    if isinstance(block, Table):
        yield from _table(block)
    elif isinstance(block, Figure):
        rows = "\n".join(escape(row.rstrip()) for row in block.rows)
        yield f"<pre>{rows}</pre>"
    else:
        yield _paragraph(block)


def _paragraph(block: Paragraph) -> str:
    text = escape(block.text).replace("\n", "<br>")
    if block.tone == "bold":
        text = f"<strong>{text}</strong>"
    return f"<p>{'• ' * block.bullet}{text}</p>"


def _table(table: Table) -> Iterator[str]:
    sides = ["right" if column.right else "left" for column in table.columns]
    heads = [
        (in_money(column.head), side) for column, side in zip(table.columns, sides, strict=True)
    ]
    yield "<table><thead><tr>" + "".join(_cell("th", *head) for head in heads) + "</tr></thead>"
    yield "<tbody>"
    for row in table.rows:
        cells = [_cell("td", text, side) for text, side in zip(row.cells, sides, strict=True)]
        yield f"<tr>{''.join(cells)}</tr>"
        if row.note:
            note = _cell("td", row.note, "left", span=len(sides))
            yield f"<tr>{note}</tr>"
    yield "</tbody></table>"


def _cell(tag: str, text: str, side: str, span: int = 1) -> str:
    wide = f' colspan="{span}"' if span > 1 else ""
    return f'<{tag}{wide} style="text-align:{side}">{escape(text)}</{tag}>'
