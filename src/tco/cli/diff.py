"""`tco diff`."""

from dataclasses import dataclass
from typing import Annotated, Any

from typer import Argument, Exit

from tco.cli.flags import flags_without
from tco.cli.options import VALUES, Output, Question, Switch, Texts, flag

GATE = "What fails"
A = Annotated[str, Argument(metavar="A", help="A saved result; with --catalog data.")]
B = Annotated[
    str | None, Argument(metavar="[B]", help="The one to hold against it.", show_default=False)
]


@dataclass(frozen=True, slots=True)
class Gate:
    """What is compared, and what may not change."""

    catalog: Annotated[
        Switch, flag(VALUES, None, "A and B are catalogs: git revisions, folders, files.")
    ] = None
    fail_over: Annotated[
        Texts, flag(GATE, "LIMIT", "The cheapest costs more by +5% or $500; repeat.")
    ] = None
    fail_if: Annotated[
        Texts, flag(GATE, "WHAT", "winner-changes, breakeven-moves, cost-rises, ...")
    ] = None


@flags_without("catalog")
def diff(question: Question, output: Output, gate: Gate, a: A, b: B = None) -> None:
    """What changed between two answers: cost, the cheapest, break-evens; exit 1 beyond limits.

    \b
      tco diff base.json head.json
      tco diff base.json head.json --fail-over +5% --fail-over '$500'
      tco diff base.json head.json --fail-if winner-changes --format github
      tco diff --catalog origin/main data/ -f tco.yaml
      tco diff --catalog HEAD~20 --tokens 50B --fail-if breakeven-moves

    A result is what tco compare, breakeven, plan or explain wrote with --format json. --fail-if is
    winner-changes, breakeven-moves, cost-rises, option-lost or inputs-change.
    """
    from tco.analysis.difference.gate import gated
    from tco.cli.ask import asked
    from tco.cli.deliver import deliver
    from tco.cli.guard import say
    from tco.cli.limits import conditions, limits

    over, told = limits(gate.fail_over), conditions(gate.fail_if)
    said = asked(question if gate.catalog else Question(), output)
    found = _catalogs(a, b, said) if gate.catalog else _results(a, b, question)
    result = gated(found, over, told)
    deliver(result, said.output)
    for failure in result.failures:
        say(f"tco: {failure.rule}: {failure.message}")
    if not result.passed:
        raise Exit(1)


def _results(a: str, b: str | None, question: Question) -> Any:
    """Return what changed between two saved results."""
    from tco.analysis.difference.diff import diff as held
    from tco.cli.saved import saved_result
    from tco.errors import UsageError

    if b is None:
        raise UsageError(f"two results are compared: tco diff {a} head.json; or --catalog {a}")
    typed = [name for name, value in question.items() if value]
    if typed:
        flag = "--" + typed[0].replace("_", "-")
        raise UsageError(f"{flag} asks something; two results are asked already; or use --catalog")
    (before, old), (after, new) = saved_result(a), saved_result(b)
    return held(before, after, (a, b), warnings=[*filter(None, (old, new))])


def _catalogs(a: str, b: str | None, said: Any) -> Any:
    """Return what a question's answer is on two catalogs."""
    from tco.analysis.difference.catalogs import across
    from tco.catalog.editions import edition
    from tco.cli.catalog_options import today

    old, new = edition(a, said.overlays), edition(b, said.overlays)
    names = (a, b or f"the catalog of this tco ({new.version})")
    return across(old, new, names, said.request, today())
