"""`tco explain`."""

from typing import Annotated

from typer import Argument

from tco.cli.flags import flags
from tco.cli.options import Output, Question


@flags
def explain(
    question: Question,
    output: Output,
    name: Annotated[str, Argument(metavar="OPTION", help="An option, or enough of its id.")],
) -> None:
    """Every term of one bill: quantity, unit, rate, amount, who said so, and when.

    \b
      tco explain openai/gpt-4.1 --tokens 50B
      tco explain self/llama-3.3-70b --tokens 50B
      tco explain self/llama-3.3-70b@2xh100-sxm --tokens 50B --format md
    """
    from tco.ask.questions import explain as asked
    from tco.cli.answer import answer

    answer(question, output, asked(name))
