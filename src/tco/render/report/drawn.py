"""The charts of a report as the library in the page takes them, by the name of their place."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tco.analysis.pictures.results import Report
from tco.analysis.results import BreakevenTable
from tco.analysis.uncertain.results import MonteCarloResult
from tco.render.report import bars, grids, over_volume
from tco.render.report.palette import Look

_ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&'\u2028\u2029"}


def specs(
    report: Report,
    looks: Mapping[str, Look],
    shown: Sequence[str],
) -> str:
    """Return the charts as JSON that can stand inside a script element.

    Args:
        report: What they show.
        looks: Mark and colour of each option.
        shown: Options whose curves are drawn at first.
    """
    made = dict(_charts(report, looks, shown))
    return json.dumps(made, separators=(",", ":"), allow_nan=False).translate(_ESCAPES)


def _charts(
    report: Report, looks: Mapping[str, Look], shown: Sequence[str]
) -> Iterator[tuple[str, Any]]:
    if report.bills:
        yield "bills", bars.bills(report.bills, looks)
    if report.curves is not None:
        steps = [step.tokens_per_month for step in report.bills]
        yield "curves", over_volume.curves(report.curves, looks, shown, steps)
    if isinstance(report.answer, BreakevenTable):
        yield "overview", bars.overview(report.answer)
    if report.swings is not None and report.swings.rows:
        yield "tornado", bars.tornado(report.swings)
    if isinstance(report.answer, MonteCarloResult):
        yield "draws", bars.draws(report.answer)
    if report.map is not None:
        colours = {o.mark: looks[o.id].colour for o in report.map.options if o.cells}
        yield "map", grids.winners(report.map, colours)
    if report.plan is not None:
        yield "arranged", bars.arranged(report.arrangements)
        yield "week", grids.week(report.plan.curve)
