"""Which assumption moves the answer: each at its own low and high, and the value that flips it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tco.analysis.compare import pair_words
from tco.analysis.report import NEUTRAL, carried, caveats, entering, unsure_prices
from tco.analysis.results import Flip, SensitivityResult, SwingResult
from tco.analysis.vary.variables import both_bills, of_setting, usual
from tco.analysis.verdict import (
    difference,
    flips_of,
    turns_at,
    turns_of,
)
from tco.engine.crossings import remembered
from tco.errors import InfeasibleError, UsageError
from tco.options.bills import Option, SelfOption, same_weights
from tco.options.candidates import any_of, setups_at, spoken
from tco.options.cheapest import least_trust, pair_of
from tco.options.curves import any_volume, first_volumes, has_steps
from tco.options.names import month_typed, pair_with, resolve
from tco.options.question import Question
from tco.options.selection import in_region
from tco.options.settings import TOKENS, Setting
from tco.units import show_number, show_tokens, show_usd

SMALLEST_SWING_USD = 0.005
"""Swings below half a cent do not show: the assumption does not enter these two bills."""


def sensitivity(inputs: Question, a: str | None, b: str | None) -> SensitivityResult:
    """Return how far each assumption moves the difference between two options, largest first.

    Args:
        inputs: The question, with a volume.
        a, b: Names of the two; without them, own GPUs that are the answer among set-ups are held
            against the host that is the answer for the same weights.
    """
    if not inputs.volume_given:
        raise UsageError("how many tokens a month? for example --tokens 50B")
    left, right, said = pair(inputs, a, b)
    used = [left, right]
    rows = [_swing(inputs, left, right, s) for s in _uncertain(inputs, used)]
    rows = [r for r in rows if _swung(r) > SMALLEST_SWING_USD]
    rows.sort(key=lambda r: -_swung(r))
    sides = _setups(inputs, a, left), _setups(inputs, b, right)
    rows = _with_volumes(inputs, sides, rows)
    bills = both_bills(inputs, used)
    gap, unsure = bills["b_usd"] - bills["a_usd"], bills["cheaper_but_unsure"]
    return SensitivityResult(
        a=left.id,
        b=right.id,
        resolved=said,
        same_weights=same_weights(left, right),
        **bills,
        difference_usd=gap,
        rows=tuple(rows),
        verdict=f"{_words(inputs, left, right, gap, rows)} {pair_words(used, unsure)}".strip(),
        **carried(
            inputs, used, used, first=unsure_prices(inputs, used), then=caveats(inputs, used)
        ),
        turns=_turns(inputs, (left, right), sides, (a, b)),
    )


def _turns(
    inputs: Question,
    used: tuple[Option, Option],
    sides: tuple[Sequence[Option], Sequence[Option]],
    names: tuple[str | None, str | None],
) -> tuple[Flip, ...]:
    """Return what would turn the answer, within its range or beyond; own GPUs second."""
    (a, b), of_b, name = used, sides[1], names[1]
    if not all(has_steps(option) for option in (*sides[0], *of_b)):
        return flips_of(inputs, a, b, ())
    if isinstance(a, SelfOption) and not isinstance(b, SelfOption):
        a, b, of_b, name = b, a, sides[0], names[0]
    return turns_of(inputs, a, b, of_b, own=any_of(inputs, b, name))


def _setups(inputs: Question, name: str | None, option: Option) -> Sequence[Option]:
    """Return what an option stands for at other volumes: the set-ups that are the answer there.

    Of a name those that it may mean; where none was said, of its model.
    """
    if not isinstance(option, SelfOption) or not option.id.startswith("self/"):
        return (option,)
    if name is not None:
        return resolve(name, inputs, at=any_volume(inputs)).options
    found = setups_at(inputs, {option.model}, any_volume(inputs))
    return found.get(option.model, (option,))


def pair(inputs: Question, a: str | None, b: str | None) -> tuple[Option, Option, tuple[str, ...]]:
    """Return A and B and how they came to be chosen: as named, or those of the verdict."""
    if a is not None and b is not None:
        left, right = resolve(a, inputs), resolve(b, inputs)
        return left.best, right.best, left.meant + right.meant
    if a is not None or b is not None:
        pair = " ".join(pair_with(a or b or "", inputs))
        raise UsageError(f"against what? for example tco sensitivity {pair} {month_typed(inputs)}")
    return _default_pair(inputs)


def _default_pair(inputs: Question) -> tuple[Option, Option, tuple[str, ...]]:
    """Return the pair of the verdict: own GPUs that are the answer, and the host of their model."""
    if seats := inputs.request.seats:
        named = " ".join(pair_with(seats[0], inputs))
        raise UsageError(f"{seats[0]}: name what is held against it: tco sensitivity {named} …")
    found = pair_of([row for row in usual(inputs) if row.tier != "api"], least_trust(inputs))
    if found is None or found[0].model != found[1].model:
        both = f"both a host and a set-up of its own{in_region(inputs)}"
        raise InfeasibleError(f"no open model has {both}; name A and B")
    host, own = (row.option for row in found)
    said = f"A and B were not named: the cheapest own GPUs, and the host of that model: {own.id}"
    return host, own, (said,)


def _uncertain(inputs: Question, used: list[Option]) -> list[Setting]:
    named = {s.path for s in entering(inputs, used)} | NEUTRAL
    return [
        s
        for path, s in inputs.settings.items()
        if path in named and path != TOKENS and not s.fixed and s.low < s.high
    ]


def _swing(inputs: Question, a: Option, b: Option, setting: Setting) -> SwingResult:
    low, high = _range(a, b, setting)
    over, ends = replace(of_setting(setting), low=low, high=high), np.array([low, high])
    gap = remembered(lambda values: difference(inputs.settings, a, b, over, values))
    flips_at = turns_at(gap, over)
    at_low, at_high = (float(end) for end in gap(ends))
    told = (("low", at_low), ("high", at_high))
    lost = [_lost(a, b, end, usd) for end, usd in told if not np.isfinite(usd)]
    return SwingResult(
        path=setting.path,
        title=setting.title,
        unit=setting.unit,
        value=float(np.asarray(setting.value)),
        low=low,
        high=high,
        origin=setting.origin,
        source=setting.source,
        judgment=setting.origin == "assumed",
        at_low_usd=_known(at_low),
        at_high_usd=_known(at_high),
        swing_usd=None if lost else at_high - at_low,
        flips_at=flips_at,
        impossible="; ".join(lost) or None,
    )


def _known(usd: float) -> float | None:
    """Return a difference of bills; None where one of them is of nothing that serves."""
    return usd if np.isfinite(usd) else None


def _swung(row: SwingResult) -> float:
    """Return how far a row swings: beyond all others where nothing serves at one of its ends."""
    return np.inf if row.swing_usd is None else abs(row.swing_usd)


def _lost(a: Option, b: Option, end: str, gap: float) -> str:
    """Return what serves nothing at an end, by the sign of an infinite difference."""
    return f"{(b if gap > 0 else a).id} serves nothing at the {end} end"


def _with_volumes(
    inputs: Question, sides: tuple[Sequence[Option], Sequence[Option]], rows: list[SwingResult]
) -> list[SwingResult]:
    """Return the rows with the break-even volume at both ends of each, all worked out at once.

    At each volume that of the set-up that decides there: B is cheaper from where one of its own is
    cheaper than each of A's. Of several of A's that is exact where B stays cheaper from there on.
    """
    count = 2 * len(rows)
    if not count:
        return rows
    values = {}
    for i, row in enumerate(rows):
        column = np.full((count, 1), row.value)
        column[2 * i : 2 * i + 2, 0] = row.low, row.high
        values[row.path] = column
    swept = inputs.settings.with_values(values)
    found = [[first_volumes(a, b, swept, count) for b in sides[1]] for a in sides[0]]
    nearest = np.nan_to_num(np.array(found), nan=np.inf).min(axis=1).max(axis=0)
    told = [float(v) if np.isfinite(v) else None for v in nearest]
    return [_with_volume(row, *told[2 * i : 2 * i + 2]) for i, row in enumerate(rows)]


def _with_volume(row: SwingResult, low: float | None, high: float | None) -> SwingResult:
    swing = None if low is None or high is None else high - low
    return replace(row, at_low_tokens=low, at_high_tokens=high, swing_tokens=swing)


def _range(a: Option, b: Option, setting: Setting) -> tuple[float, float]:
    """Return the range to try: the set-up's own band for throughput, and always today's value."""
    low, high = setting.low, setting.high
    bands = [o.band for o in (a, b) if hasattr(o, "band")]
    if setting.path == "serving.throughput_factor" and bands:
        low, high = min(x for x, _ in bands), max(y for _, y in bands)
    now = float(np.asarray(setting.value))
    return min(low, now), max(high, now)


def _words(inputs: Question, a: Option, b: Option, gap: float, rows: list[SwingResult]) -> str:
    cheaper, other = (spoken(o.id) for o in ((b, a) if gap < 0 else (a, b)))
    volume = show_tokens(float(np.asarray(inputs.settings.value(TOKENS))))
    at = f"At {volume} tokens a month"
    first = f"{at} {cheaper} is cheaper than {other} by {show_usd(abs(gap))} a month."
    flips = [r for r in rows if r.flips_at is not None]
    if not flips:
        return f"{first} No single assumption flips that within its range."
    named = "; ".join(f"{r.title} at {show_number(r.flips_at or 0.0)} {r.unit}" for r in flips[:3])
    return f"{first} It flips with: {named}."
