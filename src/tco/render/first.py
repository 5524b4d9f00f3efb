"""The first screen: the verdict, what would turn it, what was assumed, what is one flag away.

A screen is 24 lines of 80 columns, stderr included. What it leaves out is counted beside the flag
that shows it: `--assumptions`, `--notes`, `--top`. A page (Markdown) leaves nothing out.
"""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from tco.analysis.results import AssumptionResult, Flip
from tco.ask.options import lacking
from tco.render import words
from tco.render.table import Block, Paragraph, View
from tco.render.terminal import NBSP
from tco.units import in_unit

COLUMNS, LINES = 80, 3
"""What a verdict takes at most."""

MOST_TURNS, MOST_ASSUMED = 3, 5

_SENTENCE = re.compile(r"(?<=[.?!]) (?=[A-Z])")


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
    return len(textwrap.wrap(text, COLUMNS, break_on_hyphens=False))


def verdict(text: str, view: View) -> Iterator[Block]:
    """Return the verdict as the head of a screen; of a page and with notes all of it."""
    if text:
        whole = view.page or view.notes
        yield Paragraph(text=text if whole else leading(text)[0], tone="bold")


# Under the table: what would turn the answer, and what was assumed.


def turning(flips: Sequence[Flip], head: str = "It would turn with") -> Iterator[Block]:
    """Return the changes that would turn an answer, the nearest ones; or that none would."""
    would = [flip for flip in flips if flip.needed is not None]
    if would:
        told = "; or ".join(flip.text for flip in nearest(would)[:MOST_TURNS])
        yield Paragraph(text=f"{head} {told}.", hanging=2)
    elif flips:
        alone = ", ".join(flip.title for flip in flips)
        yield Paragraph(text=f"No single change would turn it: {alone}.", hanging=2)


def nearest(flips: Sequence[Flip]) -> list[Flip]:
    """Return the changes in the order of how little each is, as a factor."""
    return sorted(flips, key=_distance)


def _distance(flip: Flip) -> float:
    if not flip.now or not flip.needed:
        return float("inf")
    ratio = flip.needed / flip.now
    return max(ratio, 1.0 / ratio)


_LIMIT, _TEAM = "serving.max_tpot_s", "people.floor_fte"
_MATTER = (
    (("workload.isl", "workload.osl"), "{} in, {} out (--isl, --osl)"),
    (("workload.cached_share",), "{} of it cached (--cached)"),
    (("workload.peak_to_mean",), "peak {} the mean (--peak-to-mean)"),
    ((_LIMIT,), "{} a token (--max-tpot)"),
    ((_TEAM,), "{} engineer(s) (--fte)"),
    (("people.salary_usd_per_year",), "{} an engineer (--salary)"),
    (("rent.purchase",), "rents {} (--purchase)"),
    (("workload.batch_share",), "{} in batches (--batch)"),
    (("people.api_fte",), "{} engineers of an API (--set people.api_fte)"),
)
"""What matters most of what can be assumed, the first before the others, and how it is told."""


def assumed(
    rows: Sequence[AssumptionResult], view: View, most: int = MOST_ASSUMED
) -> Iterator[Block]:
    """Return the assumptions that matter with the flags that say others; all where asked for.

    Args:
        rows: The assumptions.
        view: What was asked for.
        most: How many of those that matter.
    """
    if view.assumptions or view.page:
        yield from words.assumptions(rows)
        return
    known = {row.path: row for row in rows}
    fleet = any(row.path.startswith("serving.") for row in rows)
    parts = []
    for paths, text in _MATTER:
        found = [known[path] for path in paths if path in known]
        alone = paths == ("workload.peak_to_mean",) and not fleet
        if len(found) == len(paths) and not alone and any(r.origin != "given" for r in found):
            part = text.format(*(_value(row) for row in found))
            parts.append(part.replace("1 engineer(s)", "1 engineer").replace("(s)", "s"))
    if parts:
        told = ", ".join(part.replace(" ", NBSP) for part in parts[:most])
        yield Paragraph(text=f"Assumed: {told}.", hanging=2, bullet=True)


def _value(row: AssumptionResult) -> str:
    if isinstance(row.value, float) and row.unit in ("tokens", "token/request", ""):
        return words.count(row.value)
    return in_unit(row.value, row.unit)


# What is one flag away.


def told(result: Any, view: View) -> tuple[str, ...]:
    """Return the warnings that stand beside a screen: those that turn nothing are counted there."""
    warnings: tuple[str, ...] = result.warnings
    minor = getattr(result, "minor", 0)
    return warnings if view.notes or not minor else warnings[:-minor]


def folded(result: Any, view: View) -> int:
    """Return how many warnings a screen only counts."""
    return len(result.warnings) - len(told(result, view))


def away(result: Any, view: View, *more: str, notes: int = 0) -> Iterator[Block]:
    """Return the line of what is one flag away: the day, what else there is, and its flags.

    Args:
        result: The answer.
        view: What was asked for.
        more: What else there is, as `763 more: --top 783`; empty texts are left out.
        notes: Notes of rows that the screen leaves out.
    """
    count = notes + folded(result, view)
    rows = [row for row in getattr(result, "assumptions", ()) if row.path != words.LEFT_OUT]
    parts = [f"prices of {result.catalog.as_of}", *more]
    if rows and not (view.assumptions or view.page):
        parts.append(f"all {len(rows)} assumptions: --assumptions")
    if count and not (view.notes or view.page):
        parts.append(f"{count} note{'s' * (count != 1)}: --notes")
    text = " · ".join(part.replace(" ", NBSP) for part in parts if part)
    yield Paragraph(text=text, tone="dim", bullet=True)


# The commands that come next.

CHOOSING = frozenset(
    (
        *("--model", "--provider", "--tier", "--license", "--private", "--all"),
        *("--min-score", "--as-good-as", "--class"),
    )
)
"""What chooses among options, which says nothing where the options are named."""

NOT_OF = {"size": frozenset("--" + name.replace("_", "-") for name in lacking("size"))}
"""Flags of a question that a command does not have."""


def carried(asked: Sequence[str], without: Collection[str] = ()) -> list[str]:
    """Return the flags of a question as they were typed, some of them left out."""
    kept, keep = [], True
    for word in asked:
        if word.startswith("--"):
            keep = word not in without
        if keep:
            kept.append(word)
    return kept


def command(asked: Sequence[str], name: str, *named: str) -> str:
    """Return a command about the same question, whole, to be pasted.

    Args:
        asked: The question as flags.
        name: The command.
        named: Its options by name, or flags of its own.
    """
    chosen = any(not word.startswith("-") for word in named)
    without = (CHOOSING if chosen else frozenset()) | NOT_OF.get(name, frozenset())
    return shlex.join(["tco", name, *named, *carried(asked, without)])


def commands(*lines: str) -> Iterator[Block]:
    """Return commands, each on a line that is not broken."""
    for line in lines:
        yield Paragraph(text=line.replace(" ", NBSP), tone="blue", bullet=True)


# Options in words.

_MACHINE = re.compile(r"(?P<count>\d+)x(?P<gpu>[^:/]+)")


def machine(hardware: str | None, gpus: float | None = None) -> str:
    """Return GPUs in words: of a replica, or as many as there are.

    >>> machine("4xa30:mxfp4", 28), machine("2xh200-nvl:fp8"), machine("1xb200-sxm:fp8", 5)
    ('28 A30', '2 H200 NVL', '5 B200')
    """
    found = _MACHINE.match(hardware or "")
    if found is None:
        return hardware or ""
    name = found["gpu"].upper().removesuffix("-SXM").replace("-", " ")
    return f"{words.count(float(found['count']) if gpus is None else gpus)} {name}"


_OWN = re.compile(r"^self/(?P<model>[^@/]+)(?:@(?P<hardware>[^/]+))?(?:/(?P<rent>.+))?$")


def spoken(name: str, gpus: float | None = None) -> str:
    """Return the id of an option in words.

    >>> spoken("novita/gpt-oss-120b"), spoken("self/gpt-oss-120b@4xa30:mxfp4/fal:on_demand", 28)
    ('gpt-oss-120b at novita', 'gpt-oss-120b on 28 A30')
    """
    own = _OWN.match(name)
    if own is not None:
        where = machine(own["hardware"], gpus)
        return f"{own['model']} on {where}" if where else f"{own['model']} on own GPUs"
    provider, slash, model = name.partition("/")
    return f"{model} at {provider}" if slash else name


def short(name: str, others: Sequence[str] = ()) -> str:
    """Return the shortest name that means the same option at the same question.

    A set-up that is the answer of its model goes by `self/MODEL`; one of several by what tells it
    from the others, from the left.

    Args:
        name: The id.
        others: Ids of other options, that it must not be taken for.
    """
    if _OWN.match(name) is None:
        return name
    places = [m.start() for m in re.finditer(r"[@:/]", name)][1:]
    for end in places:
        if not any(other != name and other.startswith(name[:end]) for other in others):
            return name[:end]
    return name
