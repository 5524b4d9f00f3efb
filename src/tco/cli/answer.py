"""From a question as it was typed to an answer on stdout: what every command has in common."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from typer import Exit

from tco.ask.asked import Ask, Asked, answered
from tco.cli.ask import asked
from tco.cli.guard import say
from tco.errors import UsageError

if TYPE_CHECKING:
    from tco.analysis.inputs import Inputs
    from tco.cli.deliver import Picture, Report
    from tco.cli.options import Output, Question
    from tco.render.table import Block


PLOTTED = ("table", "md")
"""Formats that a picture made of characters can stand in."""


def answer(
    question: Question,
    output: Output,
    ask: Ask,
    *,
    brief: Ask | None = None,
    plot: bool = False,
) -> Any:
    """Ask `ask` the question, write its answer, and return it.

    Args:
        question, output: What was typed.
        ask: Returns the result for resolved inputs.
        brief: Returns a result that is the same on a screen and is quicker to have.
        plot: Draw a picture under it.
    """
    said = asked(question, output)
    if plot and (kind := said.output.get("format", "table")) not in PLOTTED:
        raise UsageError(f"--plot draws under a table; leave out one of --plot and --format {kind}")
    if brief is not None and _only_a_screen(said.output):
        ask = brief
    reports: dict[str, Report] = {}
    pictures: list[Picture] = []

    def kept(inputs: Inputs) -> Any:
        result = ask(inputs)
        reports["html"] = partial(_page, inputs, result)
        if plot:
            pictures.append(partial(_picture, inputs, result))
        return result

    result = answered(kept, said)
    from tco.cli.deliver import deliver

    deliver(result, said.output, reports, *pictures)
    _judge(result, said)
    return result


def _picture(inputs: Inputs, result: Any, columns: int) -> tuple[Block, ...]:
    """Return the picture of an answer; nothing where there is none."""
    from tco.render import plots

    if result.schema in ("tco.compare/1", "tco.breakeven/1"):
        from tco.analysis.pictures.plot import curves_of

        return tuple(plots.cost(curves_of(inputs, result), columns))
    if result.schema == "tco.sensitivity/1":
        return tuple(plots.tornado(result, columns))
    return tuple(plots.week(result, columns)) if result.schema == "tco.plan/1" else ()


def _page(inputs: Inputs, result: Any) -> str:
    """Return the report of an answer."""
    from tco.analysis.pictures.collect import report_of
    from tco.cli.typed import asked_for
    from tco.render.report.page import check, page

    check()  # before what takes a second
    return page(report_of(inputs, result), asked_for(result.catalog.as_of))


def _judge(result: Any, said: Asked) -> None:
    """Say which checks of the scenario file the answer does not keep.

    Raises:
        Exit: There is one, or one that cannot be told.
    """
    if not hasattr(result, "checks"):
        if said.request.checks and not said.output.get("quiet"):
            say(f"tco: note: {said.file} has checks; tco compare and tco plan hold answers to them")
        return
    failed = [check for check in result.checks if check.state != "passed"]
    for check in failed:
        word = "failed" if check.state == "failed" else "cannot be told"
        say(f"tco: {check.file}:{check.line}: check {check.rule} {word}: {check.message}")
    if failed:
        raise Exit(1)


BRIEF = ("table", "md", "github", "llm")
"""Formats that show the short list only."""


def _only_a_screen(output: Mapping[str, Any]) -> bool:
    """Return whether nothing but the usual screen is to be written."""
    return output.get("format", "table") in BRIEF and not {"export", "top"} & output.keys()
