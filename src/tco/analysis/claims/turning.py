"""What an answer depends on: each assumption at both ends of its range, and what turns it.

No list of suspects: every assumption that the answer itself says it rests on is tried, and the
factors that are 1 unless somebody sets them, as `tco sensitivity` tries them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tco.analysis.claims.asking import Ask, assumptions_of, claimed_of, commands_of, reading
from tco.analysis.claims.judge import ANSWERS, side_of, state_of, tolerance_of
from tco.analysis.claims.results import Reading, Turn
from tco.analysis.report import NEUTRAL
from tco.show import show_number

if TYPE_CHECKING:
    from tco.analysis.settings import Setting, Settings
    from tco.catalog.claims import Claim, Question

HALVINGS = 7
"""How often the way from today's value to the end that turns an answer is halved."""
BAND = "the speed of the GPUs, within its 80 % interval"
BUYS = "people.api_fte"
"""Enters wherever tokens are bought, and with it the factors on their prices."""
NEVER = 2.0
"""The side of an answer that has no figure: never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question with what it was answered as everything is."""

    question: Question
    claim: Claim
    base: Reading

    def side(self, reading: Reading) -> float:
        """Return where an answer lies to the claim."""
        claimed = claimed_of(self.question, self.claim)
        if reading.value is None or claimed is None:
            return NEVER
        return side_of(reading.value, claimed, self.question.rule, tolerance_of(claimed))

    def moved(self, reading: Reading) -> bool:
        """Return whether an answer lies elsewhere than the one as everything is."""
        return reading.state in ANSWERS and self.side(reading) != self.side(self.base)

    def turned(self, reading: Reading) -> bool:
        """Return whether an answer says otherwise of the claim."""
        return reading.state in ANSWERS and reading.state != self.base.state


@dataclass(frozen=True, slots=True, kw_only=True)
class Turning:
    """What answers are tried with.

    Args:
        ask: Runs a command line.
        settings: Every assumption with its range.
    """

    ask: Ask
    settings: Settings

    def turns(self, question: Question, claim: Claim, base: Reading) -> Iterator[Turn]:
        """Yield the changes of one thing that put an answer on the other side."""
        if base.state in ANSWERS:
            yield from self._found(Asked(question=question, claim=claim, base=base))

    def _found(self, asked: Asked) -> Iterator[Turn]:
        yield from _banded(asked)
        for setting in self._uncertain(asked):
            yield from self._flips(asked, setting)
        for words in asked.question.vary:
            other = self._asked(asked, words)
            if asked.turned(other):
                yield Turn(
                    what=words, command=other.commands[0], state=other.state, value=other.value
                )

    def _uncertain(self, asked: Asked) -> list[Setting]:
        """Return the assumptions that enter an answer, are not given, and have a range."""
        listed: dict[str, str] = {}
        for command in commands_of(asked.question, f"--as-of {asked.base.as_of}"):
            reply = self.ask(command, asked.question.file)
            listed |= {str(a["path"]): str(a["origin"]) for a in assumptions_of(reply.document)}
        kinds = {path.partition(".")[0] for path in listed}
        if BUYS in listed and "--option" not in asked.question.ask:
            kinds.add("price")  # a price that the article itself states is no assumption of ours
        free = {path for path, origin in listed.items() if origin != "given"}
        free |= {path for path in NEUTRAL - set(listed) if path.partition(".")[0] in kinds}
        return [
            s
            for path, s in self.settings.items()
            if listed and path in free and not s.fixed and s.low < s.high
        ]

    def _flips(self, asked: Asked, setting: Setting) -> Iterator[Turn]:
        """Return where, between now and the ends of its range, an assumption turns an answer."""
        now = float(np.asarray(setting.value))
        for end in (setting.low, setting.high):
            if end == now:
                continue
            there = self._at(asked, setting, end)
            if not asked.moved(there):
                continue
            at, other = self._nearest(asked, setting, (now, end), there)
            if asked.turned(other):
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
        self, asked: Asked, setting: Setting, way: tuple[float, float], there: Reading
    ) -> tuple[float, Reading]:
        """Return the value nearest to now at which an answer has moved, to three digits."""
        near, far = way
        for _ in range(HALVINGS):
            middle = float(f"{(near + far) / 2:.3g}")
            if middle in (near, far):
                break
            other = self._at(asked, setting, middle)
            if asked.moved(other):
                far, there = middle, other
            else:
                near = middle
        return far, there

    def _at(self, asked: Asked, setting: Setting, value: float) -> Reading:
        return self._asked(asked, f"--set {setting.path}={value:g}")

    def _asked(self, asked: Asked, words: str) -> Reading:
        return reading(asked.question, asked.claim, self.ask, words, asked.base.as_of)


def nearness(turn: Turn) -> float:
    """Return how much of the way to an end of its range a change takes [1]; 2 without one."""
    if turn.at is None or turn.now is None or turn.low is None or turn.high is None:
        return 2.0
    end = turn.high if turn.at > turn.now else turn.low
    return abs(turn.at - turn.now) / abs(end - turn.now)


def _banded(asked: Asked) -> Iterator[Turn]:
    """Return the end of the band that lies on the other side, where one does."""
    claimed = claimed_of(asked.question, asked.claim)
    for end in dict.fromkeys(asked.base.band or ()):
        state = state_of((end, end), claimed, asked.question.rule, tolerance_of(claimed))
        if state != asked.base.state:
            yield Turn(what=BAND, command=asked.base.commands[0], state=state, value=(end, end))
