"""`tco breakeven`."""

from functools import partial
from typing import Annotated, Any

from typer import Argument, Option

from tco.cli.flags import flags
from tco.cli.options import VOLUME, Output, Question
from tco.cli.varied import Among, Growth, Map, Over, Range, X, Y

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
    question: Question,
    output: Output,
    a: A = None,
    b: B = None,
    against: Against = None,
    over: Over = None,
    span: Range = None,
    axes: Map = None,
    x: X = None,
    y: Y = None,
    among: Among = None,
    growth: Growth = None,
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
    from tco.cli.answer import answer
    from tco.cli.varied import bounds, needs, only_one, pair_of, several, share, values
    from tco.errors import UsageError

    if a is not None and b is None:
        raise UsageError(f"against what? for example tco breakeven {a} self/llama-3.3-70b")
    if a is not None and against is not None:
        raise UsageError("--against belongs to the overview; A and B say what is compared")
    only_one(over=over, map=axes)
    needs("--over", over, "a pair: name A and B", b)
    needs("--range", span, "--over", over)
    needs("--growth", growth, "a break-even of A and B in volume", b and not over and not axes)
    for flag, value in (("--x", x), ("--y", y), ("--among", among)):
        needs(flag, value, "--map", axes)
    if axes is not None:
        two = pair_of(axes, "--map")
        spans = values(x, two[0], "--x"), values(y, two[1], "--y")
        named = (*filter(None, (a, b)), *several(among))
        return answer(question, output, partial(_mapped, named, two, spans))
    if over is not None:
        name = over.strip().lower()
        ends = None if span is None else bounds(span, name, "--range")
        return answer(question, output, partial(_over, a, b, name, ends))
    rate = None if growth is None else share(growth, "--growth")
    return answer(question, output, partial(_broken_even, a, b, against, rate))


def _mapped(named: Any, two: Any, spans: Any, inputs: Any) -> Any:
    from tco.analysis.change.maps import winner_map

    return winner_map(inputs, named, two, spans)


def _over(a: Any, b: Any, name: str, ends: Any, inputs: Any) -> Any:
    from tco.analysis.change.over import breakeven_over

    return breakeven_over(inputs, a, b, name, ends)


def _broken_even(
    a: str | None, b: str | None, against: str | None, growth: float | None, inputs: Any
) -> Any:
    from tco.analysis.breakeven import breakeven as pair
    from tco.analysis.breakeven import breakeven_table

    if a is not None and b is not None:
        return pair(inputs, a, b, growth)
    return breakeven_table(inputs, against)
