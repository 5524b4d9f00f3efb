"""From a question as it was typed to an answer on stdout: what every command has in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tco.ask.asked import Ask, answered
from tco.cli.ask import asked

if TYPE_CHECKING:
    from tco.cli.options import Output, Question


def answer(
    question: Question,
    output: Output,
    ask: Ask,
    *,
    brief: Ask | None = None,
) -> Any:
    """Ask `ask` the question, write its answer, and return it.

    Args:
        question, output: What was typed.
        ask: Returns the result for resolved inputs.
        brief: Returns a result that is the same on a screen and is quicker to have.
    """
    said = asked(question, output)
    if brief is not None and _only_a_screen(said.output):
        ask = brief
    result = answered(ask, said)
    from tco.cli.deliver import deliver

    deliver(result, said.output)
    return result


BRIEF = ("table", "md", "github", "llm")
"""Formats that show the short list only."""


def _only_a_screen(output: Mapping[str, Any]) -> bool:
    """Return whether nothing but the usual screen is to be written."""
    return output.get("format", "table") in BRIEF and not {"export", "top"} & output.keys()
