"""`tco breakeven`."""

from typing import Annotated

from typer import Argument

from tco.ask.question import BreakevenOptions
from tco.cli.flags import flags
from tco.cli.options import Output, Plot, Question

A = Annotated[
    str | None, Argument(metavar="A", help="An option, or enough of its id.", show_default=False)
]
B = Annotated[
    str | None, Argument(metavar="B", help="The option that may be cheaper.", show_default=False)
]


@flags
def breakeven(
    question: Question,
    output: Output,
    said: BreakevenOptions,
    a: A = None,
    b: B = None,
    plot: Plot = None,
) -> None:
    """From which volume B is cheaper than A: never, once, or on several intervals.

    \b
      tco breakeven
      tco breakeven --against openai/gpt-4.1 --model llama-3.3-70b
      tco breakeven deepinfra/llama-3.3-70b self/llama-3.3-70b
      tco breakeven gpt-4.1 self/llama-3.3-70b@2xh100-sxm:fp8 --tokens 50B
      tco breakeven gpt-4.1 self/llama-3.3-70b --tokens 50B --over rent
      tco breakeven --map volume:rent --tokens 50B

    Without A and B: each open model on own GPUs, against its cheapest host and a closed model.
    """
    from tco.ask.questions import breakeven as asked
    from tco.cli.answer import answer

    answer(question, output, asked(a, b, said), plot=bool(plot))
