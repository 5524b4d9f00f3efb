"""The screen of `tco train`."""

from __future__ import annotations

from collections.abc import Iterator

from tco.analysis.job_results import TrainResult
from tco.render.screens import Screen
from tco.render.screens.jobs import screen, ways
from tco.render.table import Block, Sheet, View
from tco.show import show_tokens


def everything(result: TrainResult) -> Sheet:
    """Return all ways, the impossible ones too."""
    return ways(result)


def sheet(result: TrainResult, view: View) -> Sheet:
    """Return the same: nothing is left out but by `--top`."""
    return ways(result)


def blocks(result: TrainResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the screen."""
    yield from screen(result, _job(result), sheet, view)


def _job(result: TrainResult) -> str:
    """Return the job in a line or two."""
    anew = f"; anew every {result.refresh_months:g} months" if result.refresh_months else ""
    served = ""
    if result.tokens_per_month is not None:
        served = f"; serves {show_tokens(result.tokens_per_month)} tokens a month"
    return (
        f"{show_tokens(result.training_tokens)} tokens x {result.epochs:g} epochs = "
        f"{show_tokens(result.training_tokens * result.epochs)} trained on; within "
        f"{result.within_h:g} h{anew}{served}; training data and people not counted"
    )


SCREEN = Screen(rows=("rows",), everything=everything, sheet=sheet, blocks=blocks)
