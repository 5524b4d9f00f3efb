"""From a question as it was typed to an answer on stdout: what every command has in common."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tco.cli.ask import Asked, asked
from tco.errors import DataError, UsageError

if TYPE_CHECKING:
    from tco.analysis.inputs import Inputs
    from tco.cli.options import Output, Question


def answer(question: Question, output: Output, ask: Callable[[Inputs], Any]) -> None:
    """Ask `ask` the question and write its answer.

    Args:
        question, output: What was typed.
        ask: Returns the result for resolved inputs.
    """
    said = asked(question, output)
    try:
        result = _asked_of(ask, said)
    except UsageError as error:
        # What the file says wrongly is bad data, however late it comes out.
        if said.file is not None and str(error).startswith(f"{said.file}:"):
            raise DataError(str(error)) from None
        raise
    from tco.cli.deliver import deliver

    deliver(result, said.output)


def _asked_of(ask: Callable[[Inputs], Any], said: Asked) -> Any:
    from tco.analysis.inputs import prepare
    from tco.catalog.load import load_catalog

    today = datetime.now().astimezone().date()
    catalog = load_catalog(said.overlays, measured=said.measured)
    return ask(prepare(catalog, said.request, today))
