"""The blocks of an answer as a piece of HTML, for notebooks; every text is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from tco.render.table import Block, Figure, Paragraph, Table


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
    heads = [(column.head, side) for column, side in zip(table.columns, sides, strict=True)]
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
