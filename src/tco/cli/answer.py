"""From a question as it was typed to an answer on stdout: what every command has in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tco.cli.ask import Asked, asked
from tco.errors import DataError, UsageError

if TYPE_CHECKING:
    from tco.analysis.inputs import Inputs
    from tco.cli.options import Output, Question


def answer(
    question: Question,
    output: Output,
    ask: Callable[[Inputs], Any],
    *,
    brief: Callable[[Inputs], Any] | None = None,
) -> None:
    """Ask `ask` the question and write its answer.

    Args:
        question, output: What was typed.
        ask: Returns the result for resolved inputs.
        brief: Returns a result that is the same on a screen and is quicker to have.
    """
    said = asked(question, output)
    if brief is not None and _only_a_screen(said.output):
        ask = brief
    try:
        result = _asked_of(ask, said)
    except UsageError as error:
        # What the file says wrongly is bad data, however late it comes out.
        if said.file is not None and str(error).startswith(f"{said.file}:"):
            raise DataError(str(error)) from None
        raise
    from tco.cli.deliver import deliver

    deliver(result, said.output)


def _only_a_screen(output: Mapping[str, Any]) -> bool:
    """Return whether nothing but the usual screen is to be written."""
    return output.get("format", "table") == "table" and not {"export", "top"} & output.keys()


def _asked_of(ask: Callable[[Inputs], Any], said: Asked) -> Any:
    from tco.analysis.inputs import prepare
    from tco.catalog.load import load_catalog

    today = datetime.now().astimezone().date()
    catalog = load_catalog(said.overlays, measured=said.measured)
    return ask(prepare(catalog, said.request, today))
