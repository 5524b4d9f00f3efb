"""`tco compare`."""

from tco.cli.flags import flags
from tco.cli.options import Output, Plot, Question


@flags
def compare(question: Question, output: Output, plot: Plot = None) -> None:
    """What a month costs, every way there is to serve it, cheapest first.

    \b
      tco compare --tokens 50B
      tco compare --requests 20M --isl 3000 --osl 500 --cached 40%
      tco compare --users 10k --profile chat --tier self,hosted
      tco compare --tokens 50B --model llama-3.3-70b --all --format csv
      tco compare --tokens 50B --plot
      tco compare --tokens 50B --option 'mine:kind=api,input=$2,output=$8'
    """
    from tco.ask.questions import compare as asked
    from tco.cli.answer import answer

    answer(question, output, asked(), brief=asked(brief=True), plot=bool(plot))
