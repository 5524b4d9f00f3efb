"""An answer and what a meeting asks for beside it, for a report or under a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

from tco.analysis.breakeven import breakeven
from tco.analysis.charts.curves import (
    CostCurves,
    Report,
    about,
    arrangements,
    bills_around,
    cost_curves,
    prominent,
    read_days,
    sources_of,
)
from tco.analysis.montecarlo.montecarlo import monte_carlo
from tco.analysis.montecarlo.results import MonteCarloResult
from tco.analysis.plan.plan import plan as planned
from tco.analysis.plan.results import PlanResult
from tco.analysis.results import AssumptionResult, Band, BreakevenResult, SensitivityResult
from tco.analysis.sensitivity import sensitivity
from tco.analysis.vary.over import MapResult, winner_map
from tco.errors import TcoError
from tco.options.bills import Option
from tco.options.question import Question
from tco.options.settings import TOKENS

# An answer and what a meeting asks for beside it: bills, curves, break-evens, tornado, map, week.
#
# Every part is the answer of the function that the command of its own asks; nothing is worked out
# a second way.

Part = TypeVar("Part")

MIDDLING_VOLUME = 50e9
DRAWS = 4096
NO_VOLUME = "what moves the answer, how sure it is, the mix over a week: give a volume, --tokens"
MAPPED = ("volume", "rent")


@dataclass
class _Parts:
    """Parts as they come about; one that cannot be worked out is named with its reason.

    Args:
        options: Options whose bills are shown.
        pairs: A and B, the most interesting pair first.
        left_out: What is not there, with the reason.
        commands: What each part shows, and what prints it.
    """

    options: tuple[Option, ...]
    pairs: tuple[tuple[Option, Option], ...]
    left_out: list[str]
    commands: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def part(self, shows: str, words: Sequence[str], ask: Callable[[], Part]) -> Part | None:
        """Return a part and remember the command that prints it."""
        try:
            found = ask()
        except TcoError as error:
            self.left_out.append(f"{shows}: {error}")
            return None
        self.commands.append((shows, tuple(words)))
        return found


def report_of(inputs: Question, answer: Any) -> Report:
    """Return an answer with everything around it.

    Args:
        answer: The result of a command that was asked it.
    """
    centre = centre_of(inputs, answer)
    there = _with_peak(at(inputs, centre), answer)
    parts = _Parts(*about(there, answer))
    parts.left_out += () if volume_of(inputs) else (NO_VOLUME,)
    volume = () if volume_of(inputs) else ("--tokens", f"{centre:.6g}")
    turns = tuple(_turns(parts, inputs, there, answer))
    swings = _swings(parts, there, answer, volume)
    options = parts.options
    curves = None
    if options:
        shown = replace(there, settings=inputs.settings) if not volume_of(inputs) else there
        curves = cost_curves(shown, options, turns, centre)
    found: dict[str, Any] = {
        "map": _map(parts, there, answer, volume),
        "plan": _plan(parts, there, answer, volume),
        "risk": _risk(parts, there, answer, volume),
    }
    for option in [o for two in parts.pairs[:1] for o in two]:
        words = ("explain", option.id, *volume)
        parts.commands.append((f"every term of the bill of {option.id}", words))
    known = _assumptions(answer, swings, *turns, *found.values())
    return Report(
        answer=answer,
        volume=centre if options else None,
        volume_given=bool(volume_of(inputs)),
        bills=bills_around(there, options, centre) if options else (),
        curves=curves,
        breakevens=turns,
        swings=swings,
        **found,
        arrangements=arrangements(found["plan"]) if found["plan"] else (),
        assumptions=known,
        ranges={a.path: r for a in known if (r := _range(there, a)) is not None},
        read={a.path: day for a in known if (day := read_days(there, a.source))},
        sources=sources_of(there, [a.source for a in known], options),
        left_out=tuple(parts.left_out),
        commands=tuple(parts.commands),
    )


def centre_of(inputs: Question, answer: Any) -> float:
    """Return the volume that pictures are about: today's, or the first crossing, or a middling."""
    if volume_of(inputs):
        return volume_of(inputs)
    if answer.schema == "tco.breakeven-table/1":
        firsts = [row.first for row in answer.rows if row.first]
        return float(np.median(firsts)) if firsts else MIDDLING_VOLUME
    return getattr(answer, "first", None) or MIDDLING_VOLUME


def volume_of(inputs: Question) -> float:
    """Return the volume that was asked about; 0 without one, which is as little to draw."""
    return float(np.asarray(inputs.settings.value(TOKENS))) if inputs.volume_given else 0.0


def at(inputs: Question, volume: float) -> Question:
    """Return the question at another volume."""
    return replace(inputs, settings=inputs.settings.with_values({TOKENS: volume}))


def _with_peak(inputs: Question, answer: Any) -> Question:
    """Return the question with the peak of a plan's load curve, which its fleets are sized for."""
    if answer.schema != "tco.plan/1":
        return inputs
    peak = {"workload.peak_to_mean": answer.curve.peak_to_mean}
    return replace(inputs, settings=inputs.settings.with_values(peak))


def _turns(parts: _Parts, inputs: Question, there: Question, answer: Any) -> list[BreakevenResult]:
    """Return the break-even of each pair; the answer itself where it is one."""
    if answer.schema == "tco.breakeven/1":
        return [answer]
    asked = replace(there, settings=inputs.settings) if not volume_of(inputs) else there
    made = [
        parts.part(
            f"break-even of {b.id} and {a.id}",
            ("breakeven", a.id, b.id),
            lambda a=a, b=b: breakeven(asked, a.id, b.id),  # type: ignore[misc]
        )
        for a, b in parts.pairs
    ]
    return [turn for turn in made if turn is not None]


def _swings(
    parts: _Parts, there: Question, answer: Any, volume: Sequence[str]
) -> SensitivityResult | None:
    if isinstance(answer, SensitivityResult):
        return answer
    if not parts.pairs or volume:
        return None
    a, b = parts.pairs[0]
    words = ("sensitivity", a.id, b.id)
    return parts.part("what moves the answer", words, lambda: sensitivity(there, a.id, b.id))


def _map(parts: _Parts, there: Question, answer: Any, volume: Sequence[str]) -> MapResult | None:
    if isinstance(answer, MapResult):
        return answer
    if len(parts.options) < 2 or not any(o.tier == "self" for o in parts.options):
        return None
    # The usual options of a comparison change with the volume; those that were named do not.
    usual = answer.schema == "tco.compare/1" and answer.shown
    names = [] if usual else [o.id for o in parts.options]
    words = ["breakeven", "--map", ":".join(MAPPED), *volume]
    words += [word for name in names for word in ("--among", name)]
    return parts.part("who is cheapest where", words, lambda: winner_map(there, names, MAPPED))


def _plan(parts: _Parts, there: Question, answer: Any, volume: Sequence[str]) -> PlanResult | None:
    if isinstance(answer, PlanResult):
        return answer
    pairs = [(a, b) for a, b in parts.pairs if _can_mix(a, b)]
    if not pairs or volume or answer.schema not in ("tco.compare/1", "tco.breakeven/1"):
        return None
    a, b = pairs[0]
    words = ("plan", a.id, b.id)
    return parts.part("the mix over the hours of a week", words, lambda: planned(there, a.id, b.id))


def _can_mix(a: Option, b: Option) -> bool:
    return a.tier != "self" and b.tier == "self" and b.id.startswith("self/")


def _risk(
    parts: _Parts, there: Question, answer: Any, volume: Sequence[str]
) -> MonteCarloResult | None:
    if isinstance(answer, MonteCarloResult):
        return answer
    if not parts.pairs or volume:
        return None
    a, b = parts.pairs[0]
    words = ("sensitivity", a.id, b.id, "--draws", str(DRAWS))
    return parts.part(
        "how sure that is", words, lambda: monte_carlo(there, (a.id, b.id), draws=DRAWS)
    )


def _assumptions(*results: Any) -> tuple[AssumptionResult, ...]:
    """Return the assumptions of all parts, each once; those of the answer come first."""
    found: dict[str, AssumptionResult] = {}
    for result in results:
        for row in getattr(result, "assumptions", ()):
            found.setdefault(row.path, row)
    return tuple(found.values())


def _range(inputs: Question, row: AssumptionResult) -> Band | None:
    setting = inputs.settings.get(row.path)
    if setting is None or setting.fixed or not setting.low < setting.high:
        return None
    return setting.low, setting.high


# What a terminal draws under an answer: fewer curves than a report, and no bands.


def curves_of(inputs: Question, answer: Any) -> CostCurves:
    """Return cost over volume of the options that matter most to an answer.

    Args:
        answer: The result of `compare` or of the break-even of a pair.

    Raises:
        TcoError: Its options cannot be found again.
    """
    centre = centre_of(inputs, answer)
    options, two, _ = about(at(inputs, centre), answer)
    named = isinstance(answer, BreakevenResult)
    turns = [answer] if named else [breakeven(inputs, a.id, b.id) for a, b in two]
    pairs = [(turn.a, turn.b) for turn in turns]
    ids = prominent([(option.id, option.tier) for option in options], pairs, answer)
    by_id = {option.id: option for option in options}
    return cost_curves(inputs, [by_id[name] for name in ids], turns, centre, draws=0)
