"""`tco horizon`."""

from typing import Annotated

from typer import Argument

from tco.ask.question import HorizonOptions
from tco.cli.flags import flags
from tco.cli.options import Output, Question

Names = Annotated[
    list[str] | None,
    Argument(metavar="A B...", help="What is paid today, and what else.", show_default=False),
]


@flags
def horizon(question: Question, output: Output, said: HorizonOptions, names: Names = None) -> None:
    """Months to years: growth, scheduled prices, buying, renting or waiting.

    \b
      tco horizon --tokens 300B --growth 5%
      tco horizon gpt-4.1 self/llama-3.3-70b self/llama-3.3-70b/own --tokens 50B
      tco horizon gpt-4.1 self/glm-5.2 --tokens 1T --horizon 5y \\
        --set horizon.api_price_factor_per_year=0.7

    Cash when it is paid: GPUs bought as the load grows, replaced and sold; bills month by month.
    """
    from tco.ask.questions import horizon as asked
    from tco.cli.answer import answer

    answer(question, output, asked(tuple(names or ()), said))
