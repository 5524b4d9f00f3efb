"""`tco breakeven`."""

from functools import partial
from typing import Annotated, Any

from typer import Argument, Option

from tco.cli.flags import flags
from tco.cli.options import VOLUME, Output, Question

A = Annotated[
    str | None, Argument(metavar="A", help="An option, or enough of its id.", show_default=False)
]
B = Annotated[
    str | None, Argument(metavar="B", help="The option that may be cheaper.", show_default=False)
]
Against = Annotated[
    str | None,
    Option(metavar="NAME", help="The closed model of the overview.", rich_help_panel=VOLUME),
]


@flags
def breakeven(
    question: Question, output: Output, a: A = None, b: B = None, against: Against = None
) -> None:
    """From which volume B is cheaper than A: never, once, or on several intervals.

    \b
      tco breakeven
      tco breakeven --against openai/gpt-4.1 --model llama-3.3-70b
      tco breakeven deepinfra/llama-3.3-70b self/llama-3.3-70b
      tco breakeven gpt-4.1 self/llama-3.3-70b@2xh100-sxm:fp8 --tokens 50B

    Without A and B: each open model on own GPUs, against its cheapest host and a closed model.
    """
    from tco.cli.answer import answer
    from tco.errors import UsageError

    if a is not None and b is None:
        raise UsageError(f"against what? for example tco breakeven {a} self/llama-3.3-70b")
    if a is not None and against is not None:
        raise UsageError("--against belongs to the overview; A and B say what is compared")
    answer(question, output, partial(_broken_even, a, b, against))


def _broken_even(a: str | None, b: str | None, against: str | None, inputs: Any) -> Any:
    from tco.analysis.breakeven import breakeven as pair
    from tco.analysis.breakeven import breakeven_table

    if a is not None and b is not None:
        return pair(inputs, a, b)
    return breakeven_table(inputs, against)
