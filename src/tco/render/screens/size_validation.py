"""The screen of `tco size --validate`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tco.analysis.size_results import ValidationResult
from tco.render import words
from tco.render.screens import Screen
from tco.render.table import Block, Column, Paragraph, Row, Sheet, Table, View
from tco.show import show_number, show_share

TOP = 30
HEADS = (
    "error: the median; p90 ln: |ln(measured / predicted)| that a row of ten exceeds; <25%: rows"
    " off by less; band: rows inside their 80 % band; ratio: median of measured / predicted"
)


@dataclass(frozen=True, slots=True)
class Part:
    """The statistics of one source, GPU, model or kind of evidence, of a time, or of the whole."""

    by: str
    name: str
    cell: dict[str, Any]


def everything(result: ValidationResult) -> Sheet:
    """Return the whole and every part."""
    whole = {
        "rows": result.used,
        "median_abs_pct_error": result.median_abs_pct_error,
        "p90_abs_log_ratio": result.p90_abs_log_ratio,
        "within_25pct": result.within_25pct,
        "band_coverage": result.band_coverage,
    }
    parts = [
        Part(by, name, cell) for by, cells in result.by.items() for name, cell in cells.items()
    ]
    times = [
        Part(name, "", cell)
        for name, cell in (("tpot", result.tpot), ("ttft", result.ttft))
        if cell
    ]
    return Sheet(
        rows=(Part("all", "", whole), *times, *parts),
        columns=_columns(),
        usual=(
            *("by", "name", "rows", "median_abs_pct_error", "p90_abs_log_ratio"),
            *("within_25pct", "band_coverage", "median_ratio", "flagged"),
        ),
        keys={"error": "median_abs_pct_error"},
    )


def sheet(result: ValidationResult, view: View) -> Sheet:
    """Return the same: a screen shows everything."""
    return everything(result)


def _columns() -> tuple[Column, ...]:
    return (
        Column(key="by", head="by", get=lambda p: p.by),
        Column(key="name", head="name", get=lambda p: p.name, wraps=True),
        _cell("rows", "rows", words.count),
        _cell("median_abs_pct_error", "error", show_share),
        _cell("p90_abs_log_ratio", "p90 ln", show_number),
        _cell("within_25pct", "<25%", show_share),
        _cell("band_coverage", "band", show_share),
        _cell("median_ratio", "ratio", show_number),
        Column(
            key="flagged",
            head="off 2x",
            get=lambda p: p.cell.get("flagged") or None,
            show=lambda value: "yes" if value else "no",
        ),
    )


def _cell(key: str, head: str, show: Any) -> Column:
    return Column(key=key, head=head, get=lambda p: p.cell.get(key), show=show, right=True)


def blocks(result: ValidationResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the screen: what was used, the statistics, what was left out and why."""
    yield Paragraph(text=_first(result))
    columns = sheet.pick(view.fields or sheet.usual)
    rows = sheet.rows[: view.top]
    if result.used:
        yield Table(
            columns=columns,
            rows=tuple(Row(cells=tuple(c.text(row) for c in columns)) for row in rows),
        )
        yield Paragraph(text=HEADS)
    for reason, count in sorted(result.skipped.items(), key=lambda item: -item[1]):
        yield Paragraph(text=f"left out: {count} rows, {reason}", bullet=True)


def _first(result: ValidationResult) -> str:
    text = f"{result.used} of {result.rows} measured rows used"
    if result.median_abs_pct_error is None or result.band_coverage is None:
        return f"{text}: nothing to hold the capacity model against"
    return (
        f"{text}: median error {show_share(result.median_abs_pct_error)}, "
        f"{show_share(result.band_coverage)} inside their 80 % band"
    )


SCREEN = Screen(rows=(), everything=everything, sheet=sheet, blocks=blocks)
