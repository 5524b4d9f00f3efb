"""Answers as plain text: Markdown, a piece of HTML, CSV, and `llm` for who reads by the token."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from io import StringIO
from typing import Any

from tco.analysis.results import AssumptionResult, members
from tco.money import USD, in_code, in_money
from tco.render import words
from tco.render.output import Screen, screen
from tco.render.words import Block, Column, Figure, Paragraph, Sheet, Table, View
from tco.units import NOTHING, in_unit, show_number, show_tokens

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


# A result for programs that read by the token: verdict, rows, warnings, key assumptions.
#
# Names are those of CSV and JSON, figures those of the screen without the commas of thousands. Each
# part is cut to what fits; what was cut is counted, and `--format json` has it.

BUDGET = 1600
"""Bytes, four to a token: rows are left out until an answer takes no more."""
ROWS, SENTENCES, WARNINGS, ASSUMPTIONS = 16, 2, 3, 6
LONGEST = 100  # characters of a warning or of a note in a cell
NOT_FACTS = {"schema", "verdict", "advice", "detailed", "unit", "method", "min_trust", "minor"}
_SENTENCE = re.compile(r"(?<=\.) (?=[A-Z])")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3})")


def text(result: Any, view: View) -> str:
    """Return a result in at most 400 tokens, or with the rows that were asked for."""
    shown = screen(result.schema)
    sheet = shown.sheet(result, view).arranged(view.sort, None)
    columns = sheet.pick(view.fields or shown.compact_columns(result, sheet))
    before, after = [*_before(result, shown)], [*_after(result)]
    if sheet.rows == (result,):
        said = [c for c in columns if c.get(result) is not None]
        return _joined([*before, *(f"{c.key}: {_entry(c, result)}" for c in said), *after])
    place = shown.place(result)
    name, most = place[-1] if place else "rows", view.top or ROWS
    made = _joined([*before, *_listing(name, columns, sheet.rows, most), *after])
    while view.top is None and most > 1 and len(made.encode()) > BUDGET:
        most -= 1
        made = _joined([*before, *_listing(name, columns, sheet.rows, most), *after])
    return made


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _before(result: Any, shown: Screen) -> Iterator[str]:
    yield " ".join([result.schema, *_facts(result, everything=bool(shown.place(result)))])
    if verdict := getattr(result, "verdict", ""):
        yield f"verdict: {_sentences(verdict)}"
    for name, columns, rows in shown.also(result):
        yield from _listing(name, columns, rows, len(rows))


def _after(result: Any) -> Iterator[str]:
    for check in getattr(result, "checks", ()):
        yield f"check: {check.rule} {check.state}: {_short(check.message)}"
    for one in result.warnings[:WARNINGS]:
        yield f"warning: {_short(one)}"
    if len(result.warnings) > WARNINGS:
        yield f"warnings: {len(result.warnings) - WARNINGS} more"
    yield from _assumed(getattr(result, "assumptions", ()))


def _facts(result: Any, *, everything: bool) -> Iterator[str]:
    """Return what is said of the whole answer, as `name=value`."""
    stamp, load = getattr(result, "catalog", None), getattr(result, "workload", None)
    if stamp is not None:
        yield f"as_of={stamp.as_of}"
    if load is not None:
        yield f"tokens_per_month={show_tokens(load.tokens_per_month)}"
    option = getattr(result, "option", None)
    if option is not None:
        yield f"option={option.id}"
        yield f"{in_code('monthly_usd')}={_fact('_usd', option.monthly_usd)}"
    told = NOT_FACTS if stamp is None else {*NOT_FACTS, "as_of"}
    kind: Any = type(result)
    for name in members(kind) if everything else ():
        value = getattr(result, name)
        if isinstance(value, str | float | int) and name not in told:
            yield f"{in_code(name)}={_fact(name, value)}"


def _fact(name: str, value: float | str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _short(value)
    if name.endswith("_usd"):
        return _plain(words.whole_usd(value))
    return _plain(words.price(value) if USD.search(name) else show_number(value, 4))


def _listing(name: str, columns: Sequence[Column], rows: Sequence[Any], most: int) -> Iterator[str]:
    """Return a table: its name, how many rows, its columns, then a line each."""
    shown = rows[:most]
    count = f"{len(shown)} of {len(rows)}" if len(shown) < len(rows) else len(rows)
    yield f"{name}[{count}]: {','.join(in_code(c.key) for c in columns)}"
    yield from (",".join(_entry(c, row).replace(",", ";") for c in columns) for row in shown)


def _entry(column: Column, row: Any) -> str:
    text = _plain(column.text(row))
    return "" if text == NOTHING else _short(text)


def _assumed(rows: Sequence[AssumptionResult]) -> Iterator[str]:
    """Return what was given, then what we judged, as paths that `--set` takes."""
    given = [r for r in rows if r.origin == "given"]
    judged = [r for r in rows if r.judgment]
    chosen = [*given, *judged][:ASSUMPTIONS]
    if rows:
        told = (in_unit(r.value, re.sub("^share .*", "share", r.unit)) for r in chosen)
        parts = (f"{r.path}={_plain(x)}" for r, x in zip(chosen, told, strict=True))
        yield f"assumed[{len(chosen)} of {len(rows)}]: {' '.join(parts)}"


def _sentences(text: str) -> str:
    """Return the first sentences."""
    return " ".join(_SENTENCE.split(text)[:SENTENCES])


def _short(text: str) -> str:
    return words.shortened(text, LONGEST)


def _plain(text: str) -> str:
    """Return a figure without the commas of its thousands."""
    return _THOUSANDS.sub("", text)
