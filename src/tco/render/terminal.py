"""Blocks to a screen: plain text, or the same text in colour on a terminal."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from io import StringIO
from typing import IO, TYPE_CHECKING

from tco.render.layout import Line, lines
from tco.render.table import Block, Tone

if TYPE_CHECKING:
    from rich.console import Console

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
NARROWEST, WIDEST = 60, 120
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
    return min(max(shutil.get_terminal_size((80, 24)).columns, NARROWEST), WIDEST)


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
