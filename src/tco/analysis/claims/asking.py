"""A question put to the public commands: what is typed, and where its answer lies."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from tco.analysis.claims.arithmetic import Span, calculated, span
from tco.analysis.claims.judge import side_of, state_of, tolerance_of
from tco.analysis.claims.pick import picked
from tco.analysis.claims.results import Reading, Side, State

if TYPE_CHECKING:
    from tco.catalog.claims import Claim, Pick, Question

ANSWERED, INFEASIBLE = (0, 1), 4
"""Exit codes: an answer, maybe with findings; nothing can serve."""

SIDES: Mapping[float, Side] = {-1.0: "below", 1.0: "above"}


class Reply(NamedTuple):
    """What a command line came to: its exit code, its JSON, and what it said on stderr."""

    code: int
    document: Any
    message: str


Ask = Callable[[str, str | None], Reply]
"""Runs a command line, with the text of its scenario file if it has one."""


def names_of(claim: Claim) -> dict[str, Span]:
    """Return all figures of a claim."""
    return {name: span(value) for name, value in {**claim.claimed, **claim.inputs}.items()}


def claimed_of(question: Question, claim: Claim) -> Span | None:
    """Return the claimed figure that a question is about."""
    return span(claim.claimed[question.claimed]) if question.claimed is not None else None


def typed(command: str) -> str:
    """Return a command line as a shell takes it."""
    return shlex.join(shlex.split(command))


def commands_of(question: Question, end: str) -> list[str]:
    """Return the command of each figure of a question, with more words at its end."""
    return [f"{pick.ask or question.ask} {end}" for pick in question.figures.values()]


def reading(question: Question, claim: Claim, ask: Ask, more: str, day: str) -> Reading:
    """Return what a question is answered with one day's prices.

    Args:
        question, claim: What is asked, and the figures that it may use.
        ask: Runs a command line.
        more: Words added to each of its commands.
        day: Whose prices, `YYYY-MM-DD`.
    """
    end = f"{more} --as-of {day}".strip()
    commands = commands_of(question, end)
    shown = tuple(dict.fromkeys(map(typed, (f"{question.ask} {end}", *commands))))
    figures: dict[str, tuple[Span, Span | None, tuple[str, ...]]] = {}
    for (name, pick), command in zip(question.figures.items(), commands, strict=True):
        reply = ask(command, question.file)
        if reply.code not in ANSWERED and not _rows(reply):
            state: State = "infeasible" if reply.code == INFEASIBLE else "unknown"
            return nothing(day, shown, state, reply.message)
        found = picked(reply.document, pick)
        if found.value is None:
            return _missing(day, shown, reply, pick, question)
        figures[name] = found.value, found.band, found.ends
    return _answer(question, claim, figures, day, shown)


def _answer(
    question: Question,
    claim: Claim,
    figures: Mapping[str, tuple[Span, Span | None, tuple[str, ...]]],
    day: str,
    shown: tuple[str, ...],
) -> Reading:
    """Return an answer calculated from its figures, at their bands as well."""
    known = names_of(claim)
    value = calculated(question.answer, {**known, **{n: v for n, (v, _, _) in figures.items()}})
    claimed = claimed_of(question, claim)
    banded = any(band is not None for _, band, _ in figures.values())
    bands = {n: band or v for n, (v, band, _) in figures.items()}
    tolerance = tolerance_of(claimed)
    side = side_of(value, claimed, question.rule, tolerance) if claimed is not None else 0.0
    return Reading(
        as_of=day,
        commands=shown,
        state=state_of(value, claimed, question.rule, tolerance),
        side=SIDES.get(side, ""),
        value=value,
        band=calculated(question.answer, {**known, **bands}) if banded else None,
        ends=next((ends for _, _, ends in figures.values() if ends), ()),
        reason="",
    )


def nothing(day: str, commands: tuple[str, ...], state: State, reason: str) -> Reading:
    """Return that there is no figure, and why."""
    return Reading(
        as_of=day,
        commands=commands,
        state=state,
        side="above" if state == "outside" else "",
        value=None,
        band=None,
        ends=(),
        reason=reason,
    )


def _rows(reply: Reply) -> bool:
    """Return whether an answer came all the same: a table that says what does not fit."""
    return reply.code == INFEASIBLE and reply.document is not None


def _missing(
    day: str, commands: tuple[str, ...], reply: Reply, pick: Pick, question: Question
) -> Reading:
    """Return that an answer lacks the figure: "never" is an answer, anything else is not one."""
    why = never_because(reply.document)
    if why:
        state: State = "outside" if question.claimed is not None else "shown"
        return nothing(day, commands, state, f"never: {why}")
    where = "/".join(str(step) for step in pick.path)
    return nothing(day, commands, "unknown", f"the answer has no figure at {where}")


def never_because(document: Any) -> str:
    """Return why something never breaks even, by the answer's own words."""
    if not isinstance(document, dict):
        return ""
    rows = document.get("rows")
    holders = [document, *(rows if isinstance(rows, list) else ())]
    found = [h.get("never_because") for h in holders if isinstance(h, dict)]
    return next((str(text) for text in found if text), "")


def assumptions_of(document: Any) -> list[dict[str, Any]]:
    """Return what an answer says that it assumes."""
    listed = document.get("assumptions") if isinstance(document, dict) else None
    return [a for a in listed or () if isinstance(a, dict)]
