"""`tco sensitivity`."""

from functools import partial
from typing import Annotated, Any

from typer import Argument

from tco.cli.flags import flags
from tco.cli.options import Output, Question
from tco.cli.varied import Among, Correlate, DrawCount, Grid, Seed, Vary, WhatIfs, X, Y

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
    a: A = None,
    b: B = None,
    grid: Grid = None,
    x: X = None,
    y: Y = None,
    draws: DrawCount = None,
    seed: Seed = None,
    vary: Vary = None,
    correlate: Correlate = None,
    what_if: WhatIfs = None,
    among: Among = None,
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
    from tco.cli.answer import answer
    from tco.cli.ask import file_of
    from tco.cli.varied import needs, only_one, several

    only_one(grid=grid, draws=draws, what_if=what_if)
    for flag, value in (("--x", x), ("--y", y)):
        needs(flag, value, "--grid", grid)
    for flag, given in (("--seed", seed), ("--vary", vary), ("--correlate", correlate)):
        needs(flag, given, "--draws", draws)
    needs("--among", among, "--grid, --draws or --what-if", grid or draws or what_if)
    named = (*filter(None, (a, b)), *several(among))
    if grid is not None:
        return answer(question, output, partial(_grid, named, grid, (x, y)))
    if draws is not None:
        said = (draws, seed, vary, correlate, bool(output.quiet))
        return answer(question, output, partial(_drawn, named, said))
    if what_if:
        texts = _told(what_if, file_of(question))
        return answer(question, output, partial(_what_ifs, named, texts))
    return answer(question, output, partial(_swings, a, b))


def _swings(a: str | None, b: str | None, inputs: Any) -> Any:
    from tco.analysis.sensitivity import sensitivity as swings

    return swings(inputs, a, b)


def _grid(named: Any, grid: str, typed: Any, inputs: Any) -> Any:
    from tco.analysis.change.maps import GRID, winner_map
    from tco.analysis.sensitivity import pair
    from tco.cli.varied import pair_of, values

    two = pair_of(grid, "--grid")
    spans = values(typed[0], two[0], "--x"), values(typed[1], two[1], "--y")
    if not named and inputs.volume_given:
        left, right, _ = pair(inputs, None, None)
        named = (left.id, right.id)
    return winner_map(inputs, named, two, spans, GRID)


def _drawn(named: Any, said: Any, inputs: Any) -> Any:
    from tco.analysis.uncertain.montecarlo import Run, monte_carlo
    from tco.cli.progress import Progress
    from tco.cli.varied import correlations, spreads, whole

    draws, seed, vary, correlate, quiet = said
    run = Run(
        draws=whole(draws, "--draws"),
        seed=1 if seed is None else whole(seed, "--seed"),
        varied=spreads(vary),
        correlated=correlations(correlate),
    )
    with Progress(quiet=quiet) as progress:
        return monte_carlo(inputs, named, run, progress)


def _what_ifs(named: Any, texts: tuple[str, ...], inputs: Any) -> Any:
    from tco.analysis.change.whatif import what_ifs

    return what_ifs(inputs, named, texts)


def _told(typed: list[str], file: str | None) -> tuple[str, ...]:
    """Return the what-ifs: as typed, or by the name that the scenario file has for one, or all."""
    if not file:
        return tuple(typed)
    from tco.catalog.scenario import load_scenario

    known = [str(text) for text, _, _ in load_scenario(file).items("what_if")]
    by_name = {text.partition(":")[0].strip().lower(): text for text in known if ":" in text}
    if [text.strip().lower() for text in typed] == ["all"]:
        return tuple(known)
    return tuple(by_name.get(text.strip().lower(), text) for text in typed)
