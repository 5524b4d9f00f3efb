"""`tco embed`."""

from tco.ask.question import NOT_OF_EMBED, EmbedOptions
from tco.cli.flags import flags_without
from tco.cli.options import Output, Question


@flags_without(*NOT_OF_EMBED)
def embed(question: Question, output: Output, said: EmbedOptions) -> None:
    """What embedding a corpus once, and queries every month, costs; cheapest first.

    \b
      tco embed --corpus 10B
      tco embed --corpus 10B --batch 100% --queries 5M --query-tokens 200
      tco embed --corpus 10B --queries 5M --query-tokens 200 --params 0.6B

    --params adds a model of your own on rented GPUs. The vector store, and people, are not counted.
    """
    from tco.ask.jobs import embed as asked
    from tco.cli.answer import answer

    answer(question, output, asked(said))
