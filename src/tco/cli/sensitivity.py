"""`tco sensitivity`."""

from functools import partial
from typing import Annotated, Any

from typer import Argument

from tco.cli.flags import flags
from tco.cli.options import Output, Question

A = Annotated[
    str | None, Argument(metavar="A", help="An option, or enough of its id.", show_default=False)
]
B = Annotated[
    str | None, Argument(metavar="B", help="The option to hold it against.", show_default=False)
]


@flags
def sensitivity(question: Question, output: Output, a: A = None, b: B = None) -> None:
    """Which assumption moves the answer, largest swing first, and where the answer turns.

    \b
      tco sensitivity --tokens 50B
      tco sensitivity deepinfra/llama-3.3-70b self/llama-3.3-70b --tokens 50B
      tco sensitivity gpt-4.1 self/glm-5.2 --tokens 200B --top 5
    """
    from tco.cli.answer import answer

    answer(question, output, partial(_swings, a, b))


def _swings(a: str | None, b: str | None, inputs: Any) -> Any:
    from tco.analysis.sensitivity import sensitivity as swings

    return swings(inputs, a, b)
