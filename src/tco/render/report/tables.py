"""The answer in full as HTML sees it: the blocks of its screen, its assumptions, its sources."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from tco.analysis.pictures.results import BillsAt, Report
from tco.analysis.results import AssumptionResult
from tco.render import words
from tco.render.layout import NBSP
from tco.render.report.palette import PARTS
from tco.render.screens import screen
from tco.render.table import Block, Paragraph, Table, View
from tco.show import show_tokens

ORIGINS = {"given": "given", "catalog": "catalog", "assumed": "our judgment"}


class Head(NamedTuple):
    """The head of a column."""

    text: str
    right: bool = False
    wide: bool = False


class Part(NamedTuple):
    """A part of the answer: a table, words, or a picture made of characters."""

    kind: str
    title: str = ""
    text: str = ""
    heads: tuple[Head, ...] = ()
    rows: tuple[tuple[tuple[str, ...], str], ...] = ()
    """Cells, and the note under them."""


def answer_parts(answer: Any, *, pictured: bool) -> list[Part]:
    """Return the screen of an answer but for its verdict and assumptions, told elsewhere.

    Args:
        answer: The result.
        pictured: Its pictures are drawn as charts, so that those of characters are left out.
    """
    told = {"verdict": "", "assumptions": ()}
    bare = replace(answer, **{k: v for k, v in told.items() if hasattr(answer, k)})
    module = screen(answer.schema)
    view = View(page=answer.schema == "tco.compare/1")  # a page has room for the trust of each row
    blocks = module.blocks(bare, module.sheet(bare, view), view)
    return [part for block in blocks for part in _part(block, pictured=pictured)]


def _part(block: Block, *, pictured: bool) -> Iterator[Part]:
    if isinstance(block, Table):
        heads = tuple(Head(c.head, c.right, c.wraps) for c in block.columns)
        rows = tuple((row.cells, row.note) for row in block.rows)
        yield Part(kind="table", title=block.title, heads=heads, rows=rows)
    elif isinstance(block, Paragraph):
        for text in block.text.split("\n"):
            if text.strip():
                kind = "head" if block.tone == "bold" and len(text) < 60 else "text"
                yield Part(kind=kind, text=text.replace(NBSP, " "))
    elif not pictured:
        yield Part(kind="picture", title=block.title, text="\n".join(block.rows))


def bill_table(step: BillsAt) -> Part:
    """Return the bills of a chart in figures."""
    used = [
        key
        for key in PARTS
        if any(getattr(o.breakdown, key, 0.0) for o in step.options if o.breakdown)
    ]
    heads = (
        Head("option", wide=True),
        *(Head(PARTS[key][0], right=True) for key in used),
        Head("$/month", right=True),
        Head("range", right=True),
    )
    rows = []
    for option in step.options:
        cells = [words.whole_usd(getattr(option.breakdown, key)) for key in used]
        band = option.band_usd
        span = words.spread(*band) if band and band[0] < band[1] else "–"
        total = words.whole_usd(option.monthly_usd or 0.0)
        rows.append(((option.id, *cells, total, span), ""))
    title = f"USD a month at {show_tokens(step.tokens_per_month)} tokens"
    return Part(kind="table", title=title, heads=heads, rows=tuple(rows))


class Assumption(NamedTuple):
    """One assumption as a row."""

    title: str
    path: str
    value: str
    span: str
    source: str
    read: str


def assumption_rows(report: Report) -> list[Assumption]:
    """Return every assumption with its range, who said so, and when that was read."""
    return [_assumption(row, report) for row in report.assumptions]


def _assumption(row: AssumptionResult, report: Report) -> Assumption:
    span = report.ranges.get(row.path)
    ends = [words.in_unit(v, row.unit) for v in span] if span else []
    unnamed = row.source in ("judgment", "default")
    said = ORIGINS[row.origin]
    unit = row.unit if row.unit in ("tokens", "engineers", "requests", "months") else ""
    return Assumption(
        title=row.title,
        path=row.path,
        value=f"{words.in_unit(row.value, row.unit)} {unit}".strip(),
        span=" to ".join(ends),
        source=words.STAR * row.judgment + (said if unnamed else f"{said}: {row.source}"),
        read="" if unnamed else report.read.get(row.path, ""),
    )
