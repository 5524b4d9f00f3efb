"""`tco render` and `tco diff`: results that were saved, shown again or held together."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Exit

from tco.ask.fields import VALUES
from tco.ask.options import Output, QuestionOptions
from tco.cli.options import Switch, Texts, flag, flags, word

if TYPE_CHECKING:
    from tco.analysis.diff.diff import Limit


# Results that were saved as JSON, read and held against themselves.


def saved_result(path: str) -> tuple[Any, str | None]:
    """Return the result of a file, and what of it was left out in words.

    Raises:
        DataError: It cannot be read, is no result, or its figures do not add up.
    """
    from tco.analysis.adds_up import complaints
    from tco.catalog.files import user_file
    from tco.errors import DataError
    from tco.render.jsonio import read_result

    file = user_file(path)
    result, unknown = read_result(file)
    wrong = list(complaints(result))
    if wrong:
        more = f"; and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        raise DataError(f"{file.path}:1: does not add up, was it edited? {wrong[0]}{more}")
    shown = ", ".join(unknown[:3])
    return result, f"{file.path}: left out what this tco does not know: {shown}" if shown else None


# What `tco diff` fails on, as it is typed.


def limits(texts: Sequence[str] | None) -> "tuple[Limit, ...]":
    """Return the limits on what the cheapest may cost more: `+5%`, `$500`.

    Raises:
        UsageError: A text that is neither a share nor money.
    """
    return tuple(_limit(text.strip()) for text in texts or ())


def _limit(text: str) -> "Limit":
    from tco import units
    from tco.errors import UsageError, printable

    amount = text.removeprefix("+").strip()
    try:
        if amount.endswith("%"):
            # More than double is a rise, too, which a share of something cannot be.
            return text, units.number(amount[:-1]) / 100, None
        if "$" in amount:
            return text, None, units.usd(amount)
    except UsageError as error:
        raise UsageError(f"--fail-over: {error}") from None
    raise UsageError(f"--fail-over: {printable(text, 40)!r} is no limit; write +5% or $500")


def conditions(texts: Sequence[str] | None) -> tuple[str, ...]:
    """Return the conditions named, each of a closed list.

    Raises:
        UsageError: A name that is not in it, with the nearest one.
    """
    from tco.analysis.diff.diff import CONDITIONS
    from tco.ask.fields import one_of
    from tco.errors import UsageError

    read = one_of(*CONDITIONS)
    try:
        return tuple(read(part) for text in texts or () for part in text.split(","))
    except UsageError as error:
        raise UsageError(f"--fail-if: {error}") from None


# `tco render`.

Saved = Annotated[str, Argument(metavar="RESULT", help="A result, as --format json wrote it.")]


@flags
def render(output: Output, saved: Saved) -> None:
    """A saved result in any format, byte for byte as the command that made it prints it.

    \b
      tco compare --tokens 50B --export json=result.json
      tco render result.json
      tco render result.json --format md
      tco render result.json --format focus --top 1 --export llm=brief.txt
    """
    from tco.ask.fields import FORMATS
    from tco.cli.answer import deliver
    from tco.cli.options import read, say

    said = read(output, formats=(*FORMATS, "sarif"))
    result, note = saved_result(saved)
    if note is not None and not said.get("quiet"):
        say(f"tco: note: {note}")
    deliver(result, said)


# `tco diff`.

GATE = "What fails"
A = Annotated[str, Argument(metavar="A", help="A saved result; with --catalog data.")]
B = Annotated[str | None, word("[B]", "The one to hold against it.")]


@flags
def diff(
    *,
    question: QuestionOptions,
    output: Output,
    catalog: Annotated[
        Switch, flag(VALUES, None, "A and B are catalogs: git revisions, folders, files.")
    ] = None,
    fail_over: Annotated[
        Texts, flag(GATE, "LIMIT", "The cheapest costs more by +5% or $500; repeat.")
    ] = None,
    fail_if: Annotated[
        Texts, flag(GATE, "WHAT", "winner-changes, breakeven-moves, cost-rises, ...")
    ] = None,
    a: A,
    b: B = None,
) -> None:
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
    from tco.analysis.diff.diff import gated
    from tco.cli.answer import deliver, given_by
    from tco.cli.options import say

    over, told = limits(fail_over), conditions(fail_if)
    said = given_by(question if catalog else QuestionOptions(), output)
    found = _catalogs(a, b, said) if catalog else _results(a, b, question)
    result = gated(found, over, told)
    deliver(result, said.output)
    for failure in result.failures:
        say(f"tco: {failure.rule}: {failure.message}")
    if not result.passed:
        raise Exit(1)


def _results(a: str, b: str | None, question: QuestionOptions) -> Any:
    """Return what changed between two saved results."""
    from tco.analysis.diff.diff import diff as held
    from tco.ask.options import QUESTION
    from tco.errors import UsageError

    if b is None:
        raise UsageError(f"two results are compared: tco diff {a} head.json; or --catalog {a}")
    typed = [name for name, value in question.items() if value]
    if typed:
        flag = next((f.flag for f in QUESTION if f.name == typed[0]), f"--{typed[0]}")
        raise UsageError(f"{flag} asks something; two results are asked already; or use --catalog")
    (before, old), (after, new) = saved_result(a), saved_result(b)
    return held(before, after, (a, b), warnings=[*filter(None, (old, new))])


def _catalogs(a: str, b: str | None, options: Any) -> Any:
    """Return what a question's answer is on two catalogs."""
    from tco.analysis.diff.diff import across
    from tco.catalog.editions import edition
    from tco.cli.options import today

    old, new = edition(a, options.overlays), edition(b, options.overlays)
    names = (a, b or f"the catalog of this tco ({new.version})")
    return across(old, new, names, options.request, today())
