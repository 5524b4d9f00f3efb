"""The screen of `tco embed`."""

from __future__ import annotations

from collections.abc import Iterator

from tco.analysis.job_results import EmbedResult
from tco.render.screens import Screen
from tco.render.screens.jobs import screen, ways
from tco.render.table import Block, Sheet, View
from tco.render.words import count
from tco.show import show_number, show_tokens


def everything(result: EmbedResult) -> Sheet:
    """Return all ways, the impossible ones too."""
    return ways(result)


def sheet(result: EmbedResult, view: View) -> Sheet:
    """Return the same: nothing is left out but by `--top`."""
    return ways(result)


def blocks(result: EmbedResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the screen."""
    yield from screen(result, _job(result), sheet, view)


def _job(result: EmbedResult) -> str:
    """Return the job in a line or two."""
    parts = []
    if result.corpus_tokens:
        parts.append(f"{show_tokens(result.corpus_tokens)} tokens embedded once")
    if result.queries_per_month:
        queries, each = show_number(result.queries_per_month), count(result.query_tokens)
        parts.append(f"{queries} queries a month of {each} tokens")
    if result.params is not None:
        parts.append(f"on rented GPUs a model of {show_tokens(result.params)} weights")
    return f"{'; '.join(parts)}; people and the vector store not counted"


SCREEN = Screen(rows=("rows",), everything=everything, sheet=sheet, blocks=blocks)
