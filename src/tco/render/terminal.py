"""Blocks to a screen: plain text, or the same text in colour on a terminal."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from io import StringIO
from typing import IO

from tco.render.layout import Line, lines
from tco.render.table import Block, Tone

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


def width() -> int:
    """Return the width to write for: `COLUMNS`, or the terminal's, or 80; 60 to 120."""
    return min(max(shutil.get_terminal_size((80, 24)).columns, NARROWEST), WIDEST)


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
    from rich.console import Console
    from rich.text import Text

    out = StringIO()
    console = Console(
        file=out,
        force_terminal=True,
        color_system="standard",
        no_color=False,
        highlight=False,
        markup=False,
        emoji=False,
        width=columns,
    )
    for line in lines(blocks, columns):
        parts = [(part, STYLES[tone]) if STYLES[tone] else part for part, tone in line]
        console.print(Text.assemble(*parts), soft_wrap=True)
    return out.getvalue()
