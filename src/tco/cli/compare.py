"""`tco compare`."""

from typing import Any

from tco.cli.flags import flags
from tco.cli.options import Output, Question


@flags
def compare(question: Question, output: Output) -> None:
    """What a month costs, every way there is to serve it, cheapest first.

    \b
      tco compare --tokens 50B
      tco compare --requests 20M --isl 3000 --osl 500 --cached 40%
      tco compare --users 10k --profile chat --tier self,hosted
      tco compare --tokens 50B --model llama-3.3-70b --all --format csv
      tco compare --tokens 50B --option 'mine:kind=api,input=$2,output=$8'
    """
    from tco.cli.answer import answer

    answer(question, output, _compared, brief=_compared_briefly)


def _compared(inputs: Any) -> Any:
    from tco.analysis.compare import compare as compared

    return compared(inputs)


def _compared_briefly(inputs: Any) -> Any:
    from tco.analysis.compare import compare as compared

    return compared(inputs, brief=True)
