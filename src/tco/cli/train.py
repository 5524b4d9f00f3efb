"""`tco train`."""

from typing import Annotated

from typer import Argument

from tco.ask.question import NOT_OF_TRAIN, TrainOptions
from tco.cli.flags import flags_without
from tco.cli.options import Output, Question

MODELS = Annotated[
    list[str] | None,
    Argument(metavar="MODEL...", help="The models that could be tuned.", show_default=False),
]


@flags_without(*NOT_OF_TRAIN)
def train(question: Question, output: Output, said: TrainOptions, models: MODELS = None) -> None:
    """What tuning a model costs: by the token, or on rented GPUs; cheapest first.

    \b
      tco train llama-3.3-70b --training-tokens 100M --method lora
      tco train gpt-4.1 llama-3.3-70b --training-tokens 20M --epochs 3 --refresh '3 months'
      tco train gpt-4.1-mini --training-tokens 5M --tokens 2B
      tco train llama-3.1-8b --training-tokens 1B --gpu h100-sxm --within 24h -o json

    With --tokens, what the tuned model's tokens cost more than its base is added. Training data
    and the people who make it are not counted.
    """
    from tco.ask.jobs import train as asked
    from tco.cli.answer import answer

    ask, whole = asked(tuple(models or ()), said, question)
    answer(whole, output, ask)
