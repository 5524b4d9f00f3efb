"""The first screen: the verdict, what would turn it, what was assumed, what is one flag away.

A screen is 24 lines of 80 columns, stderr included. What it leaves out is counted beside the flag
that shows it: `--assumptions`, `--notes`, `--top`. A page (Markdown) leaves nothing out.
"""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, Protocol, TypeVar

from tco.analysis.results import AssumptionResult, Flip
from tco.ask.options import lacking
from tco.errors import printable
from tco.options.candidates import machine, short, spoken, typed_name
from tco.render import words
from tco.render.output import NBSP, lines
from tco.render.words import Block, Paragraph, View
from tco.units import in_unit, show_number

__all__ = ("machine", "short", "spoken", "typed_name")

COLUMNS, LINES = 80, 3
"""What a verdict takes at most."""

MOST_TURNS = 3

_SENTENCE = re.compile(r"(?<=[.?!]) (?=[A-Z0-9])")


# The verdict.


def leading(verdict: str) -> tuple[str, str]:
    """Return the first sentences of a verdict, which fit three lines, and the other ones.

    The first sentence is never cut.
    """
    told, *others = _SENTENCE.split(verdict)
    while others and _height(f"{told} {others[0]}") <= LINES:
        told = f"{told} {others.pop(0)}"
    return told, " ".join(others)


def _height(text: str) -> int:
    return len(textwrap.wrap(text, COLUMNS, subsequent_indent="  ", break_on_hyphens=False))


SCREEN = 24
"""Lines of a first screen, stderr included."""

WHOLE = 1000
"""Lines of a table that nothing is left out of."""


def height(blocks: Iterable[Block]) -> int:
    """Return the lines that blocks take at 80 columns."""
    made = ("".join(part for part, _ in line) for line in lines(blocks, COLUMNS))
    return sum(max(1, -(-len(text) // COLUMNS)) for text in made)


def room(blocks: Sequence[Block], result: Any, view: View) -> int:
    """Return the lines that a screen has left for a table, beside some blocks and stderr.

    Where all notes or assumptions were asked for, nothing is left out to save lines.
    """
    if view.notes or view.assumptions:
        return WHOLE
    notes = sum(-(-len(f"tco: note: {text}") // COLUMNS) for text in beside(result, view))
    notes += 2 * bool([*words.left_out(result)])  # which every screen ends with
    return SCREEN - notes - 2 - sum(_alone(block) for block in blocks)


def fitted(
    result: Any, view: View, make: Callable[[int], Sequence[Block]], most: int, least: int = 0
) -> Sequence[Block]:
    """Return the fullest screen that fits, stderr included; the barest where none does.

    Args:
        view: What was asked for; where that is more than the usual, the fullest screen.
        make: Returns the blocks of a screen, the more of them the higher the number.
        most, least: The numbers that are tried, from the fullest to the barest.
    """
    free = room([], result, view) + 2
    whole = view.page or view.notes or view.assumptions or not view.usual
    for fullness in range(most, least, -1):
        blocks = make(fullness)
        if whole or height(blocks) <= free:
            return blocks
    return make(least)


def _alone(block: Block) -> int:
    return height([block])


def verdict(text: str, view: View) -> Iterator[Block]:
    """Return the verdict as the head of a screen; of a page and with notes all of it."""
    if text:
        whole = view.page or view.notes
        yield Paragraph(text=text if whole else leading(text)[0], tone="bold")


DOUBTS = ("not sure enough", "is not equal quality", "Surely within")
"""Words of sentences of a verdict that a screen does not leave out."""


def doubts(text: str, view: View, warnings: Sequence[str] = DOUBTS) -> Iterator[Block]:
    """Return the sentences of a verdict that it had no room for and a screen must not lack.

    Args:
        text: The verdict.
        view: How it is shown.
        warnings: Words that such a sentence has.
    """
    if view.page or view.notes:
        return
    rest = _SENTENCE.split(leading(text)[1])
    kept = [sentence for sentence in rest if any(words in sentence for words in warnings)]
    if kept:
        yield Paragraph(text=" ".join(kept), hanging=2, bullet=True)


# Under the table: what would turn the answer, and what was assumed.


def turning(flips: Sequence[Flip], head: str = "It would turn", end: str = "") -> Iterator[Block]:
    """Return the changes that would turn an answer, the nearest ones; or that none would.

    Args:
        head: What begins the sentence.
        end: What ends it, beside its stop.
    """
    would = changes(flips)
    if would or end:
        text = f"{head} {would or 'with no single change'}{end}."
        yield Paragraph(text=text, hanging=2, bullet=True)
    elif flips:
        alone = ", ".join(flip.title for flip in flips)
        text = f"None of these alone would turn it: {alone}."
        yield Paragraph(text=text, hanging=2, bullet=True)


def beats(result: Any, cheaper: str, who: str) -> str:
    """Return the head of a sentence on what would make one of two the cheaper one.

    It does not win where it is the answer already, the cheaper one being no sure price.

    Args:
        cheaper: Id of the one that costs less today.
        who: The other one, in words.
    """
    return f"{who} would {'cost less' if cheaper in result.cheaper_but_unsure else 'win'}"


def changes(flips: Sequence[Flip]) -> str:
    """Return the nearest of the changes that would turn an answer; empty where none would."""
    would = nearest([flip for flip in flips if flip.needed is not None])
    texts = [flip.text for flip in would[:MOST_TURNS]]
    whose = [price["whose"] for text in texts if (price := _PRICE.match(text))]
    return ", or ".join(_with(text, alone=len(whose) == len({*whose})) for text in texts)


_PRICE = re.compile(
    r"^price of (?:self/)?(?P<whose>[^/ ]+)(?:/(?P<model>\S+))? at (?P<times>\S+) times today's$"
)


def _with(change: str, *, alone: bool = True) -> str:
    """Return a change as it follows on `would win`; prices of two of a seller by their models.

    >>> _with("price of novita/gpt-oss-120b at 5.77 times today's"), _with("GPU rent at 2 times")
    ("at 5.77 times novita's price", 'with GPU rent at 2 times')
    >>> _with("price of openai/gpt-4.1 at 0.056 times today's", alone=False)
    "at 0.056 times gpt-4.1's price"
    """
    price = _PRICE.match(change)
    if price is not None:
        seller = price["whose"] if alone else price["model"] or price["whose"]
        return f"at {price['times']} times {seller}'s price"
    plain = change.startswith(("from ", "up to ", "below ", "above ", "at "))
    return change if plain else f"with {change}"


class Needed(Protocol):
    """A value of one thing at which an answer changes."""

    @property
    def now(self) -> float: ...

    @property
    def needed(self) -> float | None: ...


SomeChange = TypeVar("SomeChange", bound=Needed)


def nearest(flips: Sequence[SomeChange]) -> list[SomeChange]:
    """Return the changes in the order of how little each is, as a factor."""
    return sorted(flips, key=_distance)


def _distance(flip: Needed) -> float:
    if not flip.now or not flip.needed:
        return float("inf")
    ratio = flip.needed / flip.now
    return max(ratio, 1.0 / ratio)


_MATTER = (
    ("workload.isl", "--isl"),
    ("workload.osl", "--osl"),
    ("people.floor_fte", "--fte"),
    ("workload.peak_to_mean", "--peak-to-mean"),
    ("serving.max_tpot_s", "--max-tpot"),
    ("workload.cached_share", "--cached"),
    ("workload.batch_share", "--batch"),
)
"""What matters most of what can be assumed, the first before the others, and its flag."""


def assumed(
    rows: Sequence[AssumptionResult], view: View, most: int | None = None
) -> Iterator[Block]:
    """Return the assumptions that matter, as flags to be said otherwise; all where asked for.

    Args:
        most: How many of those that matter; as many as a line holds when None.
    """
    if view.assumptions or view.page:
        yield from words.assumptions(rows)
        return
    fleet = any(row.path.startswith("serving.") for row in rows)
    known = {row.path: row for row in rows if row.origin != "given"}
    if not fleet:  # the peak counts where a fleet serves it
        known.pop("workload.peak_to_mean", None)
    told = [f"{flag} {_value(known[path])}" for path, flag in _MATTER if path in known][:most]
    while len(told) > 1 and len(_assumed(told)) > COLUMNS:
        told.pop()
    if told:
        yield Paragraph(text=_assumed(told), hanging=2, bullet=True)


def _assumed(assumptions: Sequence[str]) -> str:
    return f"Assumed: {' '.join(assumptions)}"


def _value(row: AssumptionResult) -> str:
    """Return a value as it is typed."""
    if isinstance(row.value, str):
        return row.value
    if row.unit == "factor" or row.unit in ("tokens", "token/request", ""):
        return show_number(row.value, 4) if row.value < THOUSAND else f"{row.value:.6g}"
    return in_unit(row.value, row.unit).replace(",", "")


THOUSAND = 1e3


# What is one flag away.


def beside(result: Any, view: View) -> tuple[str, ...]:
    """Return the warnings that stand beside a screen: those that turn nothing are counted there."""
    warnings: tuple[str, ...] = result.warnings
    minor = getattr(result, "minor", 0)
    return warnings if view.notes or not minor else warnings[:-minor]


def folded(result: Any, view: View) -> int:
    """Return how many warnings a screen only counts."""
    return len(result.warnings) - len(beside(result, view))


def away(
    result: Any, view: View, *more: str, notes: int = 0, dated: bool = False
) -> Iterator[Block]:
    """Return the line of what is one flag away: the day, what else there is, and its flags.

    Args:
        more: What else there is, as `763 more: --top 783`; empty texts are left out.
        notes: Notes of rows that the screen leaves out.
        dated: The screen has told the day already.
    """
    count = notes + folded(result, view)
    rows = [row for row in getattr(result, "assumptions", ()) if row.path != words.LEFT_OUT]
    parts = [*([] if dated else [f"prices of {result.catalog.as_of}"]), words.rated(result), *more]
    if rows and not (view.assumptions or view.page):
        parts.append(f"{len(rows)} assumption{'s' * (len(rows) != 1)}: --assumptions")
    if count and not (view.notes or view.page):
        parts.append(f"{count} note{'s' * (count != 1)}: --notes")
    text = " · ".join(part.replace(" ", NBSP) for part in parts if part)
    yield Paragraph(text=text, tone="dim", bullet=True)


# The commands that come next.

CHOOSING = frozenset(
    (
        *("--model", "--provider", "--tier", "--license", "--private", "--all", "--lines"),
        *("--min-score", "--as-good-as", "--class"),
    )
)
"""What chooses among options, which says nothing where the options are named."""

NOT_OF = {"size": frozenset("--" + name.replace("_", "-") for name in lacking("size"))}
"""Flags of a question that a command does not have."""


def carried(flags: Sequence[str], without: Collection[str] = ()) -> list[str]:
    """Return the flags of a question as they were typed, some of them left out."""
    kept, keep = [], True
    for word in flags:
        if word.startswith("--"):
            keep = word not in without
        if keep:
            kept.append(word)
    return kept


def command(flags: Sequence[str], name: str, *named: str) -> str:
    """Return a command about the same question, whole, to be pasted.

    Args:
        flags: The question as flags.
        named: Its options by name, or flags of its own.
    """
    chosen = any(not word.startswith("-") for word in named)
    without = (CHOOSING if chosen else frozenset()) | NOT_OF.get(name, frozenset())
    typed = shlex.join(["tco", name, *named, *carried(flags, without)])
    return printable(typed, len(typed))


DEDICATED = ":dedicated"
NO_TASK = {("--engine", "local"), ("--purchase", "dedicated")}
"""What `tco deploy` has no task for: runners of one machine, and what its seller runs."""


def deployment(flags: Sequence[str], name: str) -> list[str]:
    """Return the command that deploys a set-up, where there is one."""
    said = pairwise(flags)
    none = name.endswith(DEDICATED) or not NO_TASK.isdisjoint(said)
    return [] if none else [command(flags, "deploy", name)]


def commands(*texts: str) -> Iterator[Block]:
    """Return commands, each on a line that is broken only where a shell reads on."""
    for line in texts:
        yield Paragraph(text=line.replace(" ", NBSP), tone="blue", bullet=True, shell=True)
