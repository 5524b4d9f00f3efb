"""`tco sensitivity`."""

from functools import partial
from typing import Annotated

from typer import Argument

from tco.ask.question import SensitivityOptions
from tco.cli.flags import flags
from tco.cli.options import Output, Plot, Question

A = Annotated[
    str | None, Argument(metavar="A", help="An option, or enough of its id.", show_default=False)
]
B = Annotated[
    str | None, Argument(metavar="B", help="The option to hold it against.", show_default=False)
]


@flags
def sensitivity(
    question: Question,
    output: Output,
    said: SensitivityOptions,
    a: A = None,
    b: B = None,
    plot: Plot = None,
) -> None:
    """Which assumption moves the answer, largest swing first, and where the answer turns.

    \b
      tco sensitivity --tokens 50B
      tco sensitivity deepinfra/llama-3.3-70b self/llama-3.3-70b --tokens 50B
      tco sensitivity gpt-4.1 self/glm-5.2 --tokens 200B --top 5
      tco sensitivity gpt-4.1 self/llama-3.3-70b --tokens 20B --grid rent:peak
      tco sensitivity gpt-4.1 self/llama-3.3-70b --tokens 20B --draws 100k
      tco sensitivity --tokens 50B --what-if 'api price x3' --what-if 'rent +30%'
    """
    from tco.ask.sensitivity import sensitivity as asked
    from tco.cli.answer import answer
    from tco.cli.ask import file_of
    from tco.cli.progress import Progress

    watch = partial(Progress, quiet=bool(output.quiet))
    ask = asked(a, b, said, file_of(question), watch)
    answer(question, output, ask, plot=bool(plot))
