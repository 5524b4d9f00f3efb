"""A question put to the public commands; what turns its answer; what could be asked instead."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tco.analysis.claims.judge import (
    ANSWERS,
    Band,
    ClaimReading,
    Nearest,
    Side,
    State,
    Turn,
    calculated,
    picked,
    side_of,
    span,
    state_of,
    tolerance_of,
)
from tco.analysis.report import NEUTRAL
from tco.engine.crossings import turn
from tco.engine.shapes import Flags, Floats
from tco.records import dataclass
from tco.units import show_number

if TYPE_CHECKING:
    from tco.catalog.claims import Claim, ClaimQuestion, Pick
    from tco.options.settings import Setting, Settings


# A question put to the public commands: what is typed, and where its answer lies.

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


def names_of(claim: Claim) -> dict[str, Band]:
    """Return all figures of a claim."""
    return {name: span(value) for name, value in {**claim.claimed, **claim.inputs}.items()}


def claimed_of(question: ClaimQuestion, claim: Claim) -> Band | None:
    """Return the claimed figure that a question is about."""
    return span(claim.claimed[question.claimed]) if question.claimed is not None else None


def typed(command: str) -> str:
    """Return a command line as a shell takes it."""
    return shlex.join(shlex.split(command))


def commands_of(question: ClaimQuestion, end: str) -> list[str]:
    """Return the command of each figure of a question, with more words at its end."""
    return [f"{pick.ask or question.ask} {end}" for pick in question.figures.values()]


Known = dict[str, ClaimReading]
"""What questions were answered, by the question and its words."""


def reading(
    question: ClaimQuestion, claim: Claim, ask: Ask, more: str, day: str, known: Known
) -> ClaimReading:
    """Return what a question is answered with one day's prices.

    Args:
        question, claim: What is asked, and the figures that it may use.
        ask: Runs a command line.
        more: Words added to each of its commands.
        day: Whose prices, `YYYY-MM-DD`.
        known: What has been answered; gets this answer too.
    """
    end = f"{more} --as-of {day}".strip()
    commands = commands_of(question, end)
    key = "\n".join((claim.id, question.title, question.answer, end, *commands))
    if key not in known:
        shown = tuple(dict.fromkeys(map(typed, (f"{question.ask} {end}", *commands))))
        known[key] = _read(question, claim, ask, commands, day, shown)
    return known[key]


def _read(
    question: ClaimQuestion,
    claim: Claim,
    ask: Ask,
    commands: Sequence[str],
    day: str,
    shown: tuple[str, ...],
) -> ClaimReading:
    figures: dict[str, tuple[Band, Band | None, tuple[str, ...]]] = {}
    for (name, pick), command in zip(question.figures.items(), commands, strict=True):
        reply = ask(command, question.file)
        if reply.code not in ANSWERED and not _rows(reply):
            state: State = "infeasible" if reply.code == INFEASIBLE else "unknown"
            return nothing(day, shown, state, reply.message)
        value, band, ids = picked(reply.document, pick)
        if value is None:
            return _missing(day, shown, reply, pick, question)
        figures[name] = value, band, ids
    return _answer(question, claim, figures, day, shown)


def _answer(
    question: ClaimQuestion,
    claim: Claim,
    figures: Mapping[str, tuple[Band, Band | None, tuple[str, ...]]],
    day: str,
    shown: tuple[str, ...],
) -> ClaimReading:
    """Return an answer calculated from its figures, at their bands as well."""
    known = names_of(claim)
    value = calculated(question.answer, {**known, **{n: v for n, (v, _, _) in figures.items()}})
    claimed = claimed_of(question, claim)
    banded = any(band is not None for _, band, _ in figures.values())
    bands = {n: band or v for n, (v, band, _) in figures.items()}
    tolerance = tolerance_of(claimed)
    side = side_of(value, claimed, question.rule, tolerance) if claimed is not None else 0.0
    return ClaimReading(
        as_of=day,
        commands=shown,
        state=state_of(value, claimed, question.rule, tolerance),
        side=SIDES.get(side, ""),
        value=value,
        band=calculated(question.answer, {**known, **bands}) if banded else None,
        ends=next((ends for _, _, ends in figures.values() if ends), ()),
        reason="",
    )


def nothing(day: str, commands: tuple[str, ...], state: State, reason: str) -> ClaimReading:
    """Return that there is no figure, and why."""
    return ClaimReading(
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
    day: str, commands: tuple[str, ...], reply: Reply, pick: Pick, question: ClaimQuestion
) -> ClaimReading:
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


# Where a set-up cannot exist: the nearest one that can, and its break-even.

VOLUME = ("--tokens", "--requests", "--users", "--tier")
WIDER = (("--gpus",), ("--gpus", "--precision"), ("--gpus", "--precision", "--gpu"))
"""What is given up, one after the other: how many GPUs, the precision, which GPU."""


def without(command: str, flags: tuple[str, ...]) -> str:
    """Return a command line without some of its flags and their values.

    >>> without("compare --tokens 5B --gpu a100 --bare", ("--gpu",))
    'compare --tokens 5B --bare'
    """
    words, kept = shlex.split(command), []
    skip = False
    for word in words:
        if not skip and word not in flags:
            kept.append(word)
        skip = not skip and word in flags
    return shlex.join(kept)


def nearest(command: str, day: str, ask: Callable[[str, str | None], Any]) -> tuple[Nearest, ...]:
    """Return the set-up that gives up as little as can be, and the cheapest of any.

    Args:
        command: The command line whose set-up cannot exist.
        day: Whose prices.
        ask: Runs a command line.
    """
    if not command.startswith("compare "):
        return ()
    tried = (_first(without(command, flags), day, ask) for flags in WIDER)
    found = [near for near in tried if near is not None]
    return tuple({near.option: near for near in (*found[:1], *found[-1:])}.values())


def _first(command: str, day: str, ask: Callable[[str, str | None], Any]) -> Nearest | None:
    wider = f"{command} --as-of {day}"
    options = (ask(wider, None).document or {}).get("options", [])
    best = next((o for o in options if o["feasible"] and o["tier"] == "self"), None)
    if best is None:
        return None
    rest = without(command, VOLUME).removeprefix("compare").strip()
    crossing = f"breakeven {rest} --as-of {day}"
    rows = (ask(crossing, None).document or {}).get("rows", [])
    same = next((row for row in rows if row["same_weights"]), None)
    return Nearest(
        command=wider,
        option=best["id"],
        gpus=best["gpus"],
        monthly_usd=best["monthly_usd"],
        breakeven_command=crossing,
        breakeven_tokens=same["first"] if same else None,
        never_because=same["never_because"] if same else None,
    )


# What an answer depends on: each assumption at both ends of its range, and what turns it.
#
# No list of suspects: every assumption that the answer itself says it rests on is tried, and the
# factors that are 1 unless somebody sets them, as `tco sensitivity` tries them.

HALVINGS = 7
"""How often the way from today's value to the end that turns an answer is halved."""
BAND = "the speed of the GPUs, within its 80 % interval"
BUYS = "people.api_fte"
"""Enters wherever tokens are bought, and with it the factors on their prices."""
NEVER = 2.0
"""The side of an answer that has no figure: never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turning:
    """A question with its answer as everything is, and what else is tried.

    Args:
        ask: Runs a command line.
        known: What has been answered.
        settings: Every assumption with its range.
    """

    ask: Ask
    known: Known
    settings: Settings
    question: ClaimQuestion
    claim: Claim
    base: ClaimReading

    def turns(self) -> Iterator[Turn]:
        """Yield the changes of one thing that put the answer on the other side."""
        if self.base.state not in ANSWERS:
            return
        yield from self._banded()
        for setting in self._uncertain():
            yield from self._flips(setting)
        for words in self.question.vary:
            other = self._reading_with(words)
            if self._turned(other):
                yield Turn(
                    what=words, command=other.commands[0], state=other.state, value=other.value
                )

    def _side(self, reading: ClaimReading) -> float:
        """Return where an answer lies to the claim."""
        claimed = claimed_of(self.question, self.claim)
        if reading.value is None or claimed is None:
            return NEVER
        return side_of(reading.value, claimed, self.question.rule, tolerance_of(claimed))

    def _moved(self, reading: ClaimReading) -> bool:
        """Return whether an answer lies elsewhere than the one as everything is."""
        return reading.state in ANSWERS and self._side(reading) != self._side(self.base)

    def _turned(self, reading: ClaimReading) -> bool:
        """Return whether an answer says otherwise of the claim."""
        return reading.state in ANSWERS and reading.state != self.base.state

    def _banded(self) -> Iterator[Turn]:
        """Return the end of the band that lies on the other side, where one does."""
        claimed = claimed_of(self.question, self.claim)
        for end in dict.fromkeys(self.base.band or ()):
            state = state_of((end, end), claimed, self.question.rule, tolerance_of(claimed))
            if state != self.base.state:
                yield Turn(what=BAND, command=self.base.commands[0], state=state, value=(end, end))

    def _uncertain(self) -> list[Setting]:
        """Return the assumptions that enter an answer, are not given, and have a range."""
        listed: dict[str, str] = {}
        for command in commands_of(self.question, f"--as-of {self.base.as_of}"):
            reply = self.ask(command, self.question.file)
            listed |= {str(a["path"]): str(a["origin"]) for a in assumptions_of(reply.document)}
        kinds = {path.partition(".")[0] for path in listed}
        if BUYS in listed and "--option" not in self.question.ask:
            kinds.add("price")  # a price that the article itself states is no assumption of ours
        free = {path for path, origin in listed.items() if origin != "given"}
        free |= {path for path in NEUTRAL - set(listed) if path.partition(".")[0] in kinds}
        return [
            s
            for path, s in self.settings.items()
            if listed and path in free and not s.fixed and s.low < s.high
        ]

    def _flips(self, setting: Setting) -> Iterator[Turn]:
        """Return where, between now and the ends of its range, an assumption turns an answer."""
        now = float(np.asarray(setting.value))
        for end in (setting.low, setting.high):
            if end == now:
                continue
            there = self._at(setting, end)
            if not self._moved(there):
                continue
            at, other = self._nearest(setting, end, there)
            if self._turned(other):
                yield Turn(
                    what=f"{setting.path} at {show_number(at)}",
                    command=other.commands[0],
                    state=other.state,
                    value=other.value,
                    path=setting.path,
                    at=at,
                    now=now,
                    low=setting.low,
                    high=setting.high,
                    source=setting.source,
                )

    def _nearest(
        self, setting: Setting, end: float, there: ClaimReading
    ) -> tuple[float, ClaimReading]:
        """Return the value nearest to now at which an answer has moved, to three digits."""
        now = float(np.asarray(setting.value))
        readings = {now: self.base, end: there}

        def moved(values: Floats) -> Flags:
            for value in set(values.tolist()) - readings.keys():
                readings[value] = self._at(setting, value)
            return np.array([self._moved(readings[value]) for value in values.tolist()])

        low, high = sorted((now, end))
        found = turn(moved, now, low, high, values=_halved, zooms=HALVINGS)
        assert found is not None  # it has moved at the end
        return found[1], readings[found[1]]

    def _at(self, setting: Setting, value: float) -> ClaimReading:
        return self._reading_with(f"--set {setting.path}={value:g}")

    def _reading_with(self, words: str) -> ClaimReading:
        day = self.base.as_of
        return reading(self.question, self.claim, self.ask, words, day, self.known)


def _halved(low: float, high: float) -> Floats:
    """Return the ends of a range and its middle to three digits."""
    return np.array([low, float(f"{(low + high) / 2:.3g}"), high])


def nearness(change: Turn) -> float:
    """Return how much of the way to an end of its range a change takes [1]; 2 without one."""
    at, now, low, high = change.at, change.now, change.low, change.high
    if at is None or now is None or low is None or high is None:
        return 2.0
    return abs(at - now) / abs((high if at > now else low) - now)
