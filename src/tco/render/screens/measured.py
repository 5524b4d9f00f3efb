"""The screens of measurements: `tco size --validate`, and `tco import bench`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tco.analysis.import_bench import ImportedRow, ImportResult
from tco.analysis.size.results import ValidationResult
from tco.render import words
from tco.render.output import Screen
from tco.render.words import Block, Column, Paragraph, Sheet, View
from tco.units import show_number, show_share

# The screen of `tco size --validate`.

HEADS = (
    "error: the median; p90 ln: |ln(measured / predicted)| that a row of ten exceeds; <25%: rows"
    " off by less; band: rows inside their 80 % band; ratio: median of measured / predicted"
)


def _validation_everything(result: ValidationResult) -> Sheet:
    """Return the whole and every part: of what, its name, its statistics."""
    whole = {
        "rows": result.used,
        "median_abs_pct_error": result.median_abs_pct_error,
        "p90_abs_log_ratio": result.p90_abs_log_ratio,
        "within_25pct": result.within_25pct,
        "band_coverage": result.band_coverage,
    }
    parts = [(by, name, cell) for by, cells in result.by.items() for name, cell in cells.items()]
    times = [
        (name, "", cell) for name, cell in (("tpot", result.tpot), ("ttft", result.ttft)) if cell
    ]
    return Sheet(
        rows=(("all", "", whole), *times, *parts),
        columns=_validation_columns(),
        usual=(
            *("by", "name", "rows", "median_abs_pct_error", "p90_abs_log_ratio"),
            *("within_25pct", "band_coverage", "median_ratio", "flagged"),
        ),
        keys={"error": "median_abs_pct_error"},
    )


def _validation_columns() -> tuple[Column, ...]:
    return (
        Column(key="by", head="by", get=lambda p: p[0]),
        Column(key="name", head="name", get=lambda p: p[1], wraps=True),
        _cell("rows", "rows", words.count),
        _cell("median_abs_pct_error", "error", show_share),
        _cell("p90_abs_log_ratio", "p90 ln", show_number),
        _cell("within_25pct", "<25%", show_share),
        _cell("band_coverage", "band", show_share),
        _cell("median_ratio", "ratio", show_number),
        Column(
            key="flagged",
            head="off 2x",
            get=lambda p: p[2].get("flagged") or None,
            show=lambda value: "yes" if value else "no",
        ),
    )


def _cell(key: str, head: str, show: Any) -> Column:
    return Column(key=key, head=head, get=lambda p: p[2].get(key), show=show, right=True)


def _validation_blocks(result: ValidationResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the screen: what was used, the statistics, what was left out and why."""
    yield Paragraph(text=_validation_first(result))
    columns = sheet.pick(view.fields or sheet.usual)
    rows = sheet.rows[: view.top]
    if result.used:
        yield words.table(columns, rows)
        yield Paragraph(text=HEADS)
    for reason, count in sorted(result.skipped.items(), key=lambda item: -item[1]):
        yield Paragraph(text=f"left out: {count} rows, {reason}", bullet=True)


def _validation_first(result: ValidationResult) -> str:
    text = f"{result.used} of {result.rows} measured rows used"
    if result.median_abs_pct_error is None or result.band_coverage is None:
        return f"{text}: nothing to hold the capacity model against"
    return (
        f"{text}: median error {show_share(result.median_abs_pct_error)}, "
        f"{show_share(result.band_coverage)} inside their 80 % band"
    )


VALIDATION = Screen(rows=(), everything=_validation_everything, blocks=_validation_blocks)


# The screen of `tco import bench`.


def _setup(row: ImportedRow) -> str:
    return f"{row.model}@{row.gpus}x{row.gpu}:{row.precision}"


def _import_bench_number(key: str, head: str, show: Any) -> Column:
    return Column(key=key, head=head, get=lambda r: getattr(r, key), show=show, right=True)


def _import_bench_blocks(result: ImportResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the screen: what was measured beside the model, where it went, how it is used."""
    yield Paragraph(text=f"{result.tool}: {result.file}")
    columns = sheet.pick(view.fields or sheet.usual)
    yield words.table(columns, sheet.rows[: view.top])
    if all(row.action == "none" for row in result.rows):
        yield Paragraph(text=f"nothing was written; without --dry-run it goes to {result.to}")
        return
    yield Paragraph(text=f"written to {result.to}")
    yield Paragraph(
        text=f"used by: tco size {result.rows[0].model} --measured {result.to}", hanging=2
    )


IMPORT_BENCH = Screen(
    rows=("rows",),
    everything=Sheet(
        columns=(
            Column(key="setup", head="set-up", get=_setup, wraps=True),
            Column(key="model", head="model", get=lambda r: r.model),
            Column(key="gpu", head="GPU", get=lambda r: r.gpu),
            _import_bench_number("gpus", "GPUs", words.count),
            *words.plain("precision", "engine"),
            _import_bench_number("isl", "isl", show_number),
            _import_bench_number("osl", "osl", show_number),
            _import_bench_number("concurrency", "in flight", show_number),
            _import_bench_number("output_tokens_per_s", "tok/s", show_number),
            _import_bench_number("predicted_tokens_per_s", "model", show_number),
            _import_bench_number("ratio", "ratio", lambda value: f"x{value:.2f}"),
            Column(key="action", head="", get=lambda r: r.action),
        ),
        usual=(
            *("setup", "isl", "osl", "concurrency", "output_tokens_per_s"),
            *("predicted_tokens_per_s", "ratio", "action"),
        ),
        keys={"speed": "output_tokens_per_s"},
    ),
    blocks=_import_bench_blocks,
)
