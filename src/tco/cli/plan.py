"""`tco plan`."""

from typing import Annotated

from typer import Argument

from tco.ask.question import PlanOptions
from tco.cli.flags import flags
from tco.cli.options import Output, Plot, Question

Overflow = Annotated[
    str | None,
    Argument(metavar="API", help="The option by the token, for what is left.", show_default=False),
]
Own = Annotated[
    str | None,
    Argument(metavar="OWN", help="The set-up for the base load.", show_default=False),
]


@flags
def plan(
    question: Question,
    output: Output,
    said: PlanOptions,
    api: Overflow = None,
    own: Own = None,
    plot: Plot = None,
) -> None:
    """The cheapest mix: a base load on own GPUs, the rest to an API by the token.

    \b
      tco plan --tokens 500B --profile chat
      tco plan together/llama-3.3-70b self/llama-3.3-70b --tokens 2T --curve week.txt
      tco plan --tokens 1T --model glm-5.2 --purchase reserved_1y,on_demand,spot
      tco plan -f portfolio.yaml        tasks assigned to models; tco init --plan writes one

    Without API and OWN: each open model, its own weights on both sides.
    """
    from tco.ask.questions import plan as asked
    from tco.cli.answer import answer
    from tco.cli.ask import file_of

    answer(question, output, asked(api, own, said, file_of(question)), plot=bool(plot))
