"""The screens of measurements: `tco size --validate`, and `tco import bench`."""

from __future__ import annotations

from collections.abc import Iterator

from tco.analysis.import_bench import ImportedRow, ImportResult
from tco.analysis.size.results import ValidationResult
from tco.render import words
from tco.render.output import Screen
from tco.render.words import Block, Column, Paragraph, Sheet, View, column, number
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
        column("by", "by", get=lambda p: p[0]),
        column("name", "name", get=lambda p: p[1], wraps=True),
        number("rows", "rows", words.count, of="2.rows"),
        number("median_abs_pct_error", "error", show_share, of="2.median_abs_pct_error"),
        number("p90_abs_log_ratio", "p90 ln", show_number, of="2.p90_abs_log_ratio"),
        number("within_25pct", "<25%", show_share, of="2.within_25pct"),
        number("band_coverage", "band", show_share, of="2.band_coverage"),
        number("median_ratio", "ratio", show_number, of="2.median_ratio"),
        column(
            "flagged",
            "off 2x",
            lambda value: "yes" if value else "no",
            get=lambda p: p[2].get("flagged") or None,
        ),
    )


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
            column("setup", "set-up", get=_setup, wraps=True),
            column("model", "model"),
            column("gpu", "GPU"),
            number("gpus", "GPUs", words.count),
            *words.plain("precision", "engine"),
            number("isl", "isl", show_number),
            number("osl", "osl", show_number),
            number("concurrency", "in flight", show_number),
            number("output_tokens_per_s", "tok/s", show_number),
            number("predicted_tokens_per_s", "model", show_number),
            number("ratio", "ratio", lambda value: f"x{value:.2f}"),
            column("action", ""),
        ),
        usual=(
            *("setup", "isl", "osl", "concurrency", "output_tokens_per_s"),
            *("predicted_tokens_per_s", "ratio", "action"),
        ),
        keys={"speed": "output_tokens_per_s"},
    ),
    blocks=_import_bench_blocks,
)
