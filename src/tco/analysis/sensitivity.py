"""Which assumption moves the answer: each at its own low and high, and the value that flips it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tco.analysis.compare import pair_words
from tco.analysis.report import NEUTRAL, assumptions_of, entering, stamp, unsure_prices, warnings_of
from tco.analysis.results import Flip, OpenBand, SensitivityResult, SwingResult
from tco.analysis.vary.variables import usual
from tco.engine.ledger import total_usd
from tco.engine.shapes import Floats, Number
from tco.errors import InfeasibleError, UsageError
from tco.options.bills import Option, SelfOption, TokenOption, lines, same_weights, usd_of
from tco.options.cheapest import least_trust, of_two, pair_of
from tco.options.curves import TOKENS, curve, first_volumes
from tco.options.names import pair_with, resolve
from tco.options.question import Question
from tco.options.settings import Setting, Settings
from tco.units import MTOK, show_number, show_tokens, show_usd, show_usd_per_mtok

# The single changes that would turn an answer: the value of one assumption at which bills meet.

POINTS = 65
ZOOMS = 4
FAR = 100.0
"""How far from today's value a flip is looked for: a hundredth to a hundred times."""

WHOLE_UNITS = ("replicas", "requests")

VERY_LARGE = 1e13
"""Volume that stands for "at any volume" when none was given [token/month]."""


@dataclass(frozen=True, slots=True)
class Lever:
    """One thing that could change, and the settings that it changes."""

    path: str
    title: str
    unit: str
    paths: tuple[str, ...]
    least: float = 0.0
    most: float = np.inf
    zero: tuple[str, ...] = ()
    """Settings that are set to nothing with it."""
    whole: bool = False
    """Only whole numbers mean anything."""
    offer: str = ""
    """Option whose prices alone it multiplies, instead of a setting."""

    def values(self, value: Number) -> dict[str, Number]:
        """Return the settings at one value of the lever."""
        off = {path: np.zeros_like(np.asarray(value, dtype=float)) for path in self.zero}
        return {**dict.fromkeys(self.paths, value), **off}


def difference(settings: Settings, a: Option, b: Option, values: dict[str, Number]) -> Floats:
    """Return the bill of B less the bill of A with other values of some settings [USD/month].

    Infinite where B serves nothing, and minus infinite where A does.

    Args:
        settings: Everything else.
        a, b: The options.
        values: Arrays of one shape by path; the result has that shape.
    """
    swept = settings.with_values(values)
    mine, other = (np.asarray(total_usd(lines(o, swept)), dtype=float) for o in (b, a))
    gap = np.where(np.isnan(mine), np.inf, np.where(np.isnan(other), -np.inf, mine - other))
    return np.broadcast_to(gap, np.broadcast_shapes(*(np.shape(v) for v in values.values())))


def flip_value(
    settings: Settings, a: Option, b: Option, lever: Lever, low: float, high: float
) -> float | None:
    """Return the value between `low` and `high`, nearest to now, at which the cheaper one changes.

    The range is scanned at `POINTS` values in one broadcast call, and the cell next to today's
    value in which the sign changes is scanned again, `ZOOMS` times. Of a lever of whole numbers
    every value is tried.
    """
    now = now_of(settings, a, b, lever)
    low, high = max(low, lever.least), min(high, lever.most)
    here = bool(_gap(settings, a, b, lever, np.array([now]))[0] < 0)
    for _ in range(1 if lever.whole else ZOOMS):
        grid = _grid(low, high)
        if lever.whole:
            grid = np.arange(np.ceil(low), np.floor(high) + 1.0)
        grid = np.unique(np.concatenate([grid, [min(max(now, low), high)]]))
        flipped = (_gap(settings, a, b, lever, grid) < 0) != here
        if not flipped.any():
            return None
        hit = int(np.argmin(np.where(flipped, np.abs(grid - now), np.inf)))
        near = hit - 1 if grid[hit] > now else hit + 1
        if not 0 <= near < grid.size or grid[hit] == now:
            return float(grid[hit])
        low, high = sorted((float(grid[hit]), float(grid[near])))
    return float(grid[hit])


def now_of(settings: Settings, a: Option, b: Option, lever: Lever) -> float:
    """Return today's value of a lever; of engineers, how many the set-up takes at this volume."""
    if lever.offer:
        return 1.0
    own = next((o for o in (b, a) if isinstance(o, SelfOption)), None)
    if lever.path == "people.fte" and own is not None:
        team = next(line for line in lines(own, settings) if line.group == "people")
        return float(np.asarray(team.quantity))
    return float(np.asarray(settings.value(lever.paths[0])))


def _gap(settings: Settings, a: Option, b: Option, lever: Lever, values: Floats) -> Floats:
    """Return the bill of B less the bill of A at some values of a lever [values, USD/month]."""
    if not lever.offer:
        return difference(settings, a, b, lever.values(values))
    first, second = (
        replace(o, factor=o.factor * values)
        if isinstance(o, TokenOption) and o.id == lever.offer
        else o
        for o in (a, b)
    )
    volume = np.full_like(values, settings.value(TOKENS))
    return difference(settings, first, second, {TOKENS: volume})


def _grid(low: float, high: float) -> Floats:
    wide = low > 0 and high / low > 10
    return np.geomspace(low, high, POINTS) if wide else np.linspace(low, high, POINTS)


def levers(a: Option, b: Option) -> list[Lever]:
    """Return what could be changed about the comparison of two options."""
    found = []
    for option in (a, b):
        if isinstance(option, TokenOption):
            name = "api" if option.tier == "api" else "hosted"
            path = f"price.{name}_factor"
            title = f"price of {option.id}"
            found.append(Lever(path, title, "times today's", (path,), offer=option.id))
    if any(isinstance(o, SelfOption) and o.usd_per_gpu_hour is not None for o in (a, b)):
        found.append(Lever("rent.factor", "GPU rent", "times today's", ("rent.factor",)))
    if any(isinstance(o, SelfOption) for o in (a, b)):
        path = "serving.throughput_factor"
        found.append(Lever(path, "throughput of a replica", "times the model's", (path,)))
        staff = ("people.floor_fte", "people.fixed_fte")
        found.append(
            Lever("people.fte", "engineers", "engineers", staff, zero=("people.fte_per_gpu",))
        )
        found.append(
            Lever("workload.peak_to_mean", "peak to mean", "", ("workload.peak_to_mean",), 1)
        )
    return found


def flips_of(
    inputs: Question, a: Option, b: Option, spans: tuple[OpenBand, ...]
) -> tuple[Flip, ...]:
    """Return for each lever the value at which the cheaper of A and B changes.

    At the volume asked about; without one, at a very large volume when B never wins, and else no
    flip is looked for, because every answer is then a volume.
    """
    if not inputs.volume_given and spans:
        return ()
    settings = inputs.settings
    if not inputs.volume_given:
        settings = settings.with_values({TOKENS: VERY_LARGE})
    return tuple(_flip(settings, a, b, lever) for lever in levers(a, b))


def _flip(settings: Settings, a: Option, b: Option, lever: Lever) -> Flip:
    now = now_of(settings, a, b, lever)
    low, high = (now / FAR, now * FAR) if now > 0 else (0.0, FAR)
    needed = flip_value(settings, a, b, lever, low, high)
    if needed is None and lever.path == "people.fte":
        needed = flip_value(settings, a, b, lever, 0.0, now)
    unit = f" {lever.unit}" if lever.unit else ""
    if needed is None:
        text = f"no {lever.title} would do on its own"
    else:
        text = f"{lever.title} at {show_number(needed)}{unit} instead of {show_number(now)}"
    return Flip(
        path=lever.path, title=lever.title, now=now, needed=needed, unit=lever.unit, text=text
    )


def never_because(inputs: Question, a: Option, b: Option) -> str:
    """Return why B is never cheaper: what a token costs on either side at very large volume."""
    mine, other = curve(b, inputs.settings), curve(a, inputs.settings)
    ours, theirs = (show_usd_per_mtok(float(c.slope[0]) * MTOK) for c in (mine, other))
    if mine.slope[0] >= other.slope[0]:
        return (
            f"however large the volume, a further Mtok costs {ours} with {b.id}, against "
            f"{theirs} with {a.id}"
        )
    return "its fixed cost is not earned back within the volumes that could be looked at"


def lever_of(setting: Setting) -> Lever:
    """Return the lever that changes one setting alone."""
    most = 1.0 if setting.unit == "share" else np.inf
    whole = setting.unit in WHOLE_UNITS
    return Lever(setting.path, setting.title, setting.unit, (setting.path,), most=most, whole=whole)


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
    rows = _with_volumes(inputs, left, right, rows)
    a_usd, b_usd = (usd_of(o, inputs.settings) for o in used)
    best, unsure = of_two(used, [a_usd, b_usd], least_trust(inputs))
    return SensitivityResult(
        schema="tco.sensitivity/1",
        catalog=stamp(inputs, used),
        a=left.id,
        b=right.id,
        resolved=said,
        same_weights=same_weights(left, right),
        a_usd=a_usd,
        b_usd=b_usd,
        difference_usd=b_usd - a_usd,
        rows=tuple(rows),
        verdict=" ".join(
            filter(
                None,
                (_words(inputs, left, right, b_usd - a_usd, rows), pair_words(used, unsure)),
            )
        ),
        assumptions=assumptions_of(inputs, used),
        warnings=(*warnings_of(inputs, used), *unsure_prices(inputs, used)),
        best=best,
        cheaper_but_unsure=unsure,
    )


def pair(inputs: Question, a: str | None, b: str | None) -> tuple[Option, Option, tuple[str, ...]]:
    """Return A and B and how they came to be chosen: as named, or those of the verdict."""
    if a is not None and b is not None:
        left, right = resolve(a, inputs), resolve(b, inputs)
        return left.best, right.best, tuple(filter(None, (left.said, right.said)))
    if a is not None or b is not None:
        pair = " ".join(pair_with(a or b or "", inputs))
        raise UsageError(f"against what? for example tco sensitivity {pair} --tokens 50B")
    return _default_pair(inputs)


def _default_pair(inputs: Question) -> tuple[Option, Option, tuple[str, ...]]:
    """Return the pair of the verdict: own GPUs that are the answer, and the host of their model."""
    found = pair_of([row for row in usual(inputs) if row.tier != "api"], least_trust(inputs))
    if found is None or found[0].model != found[1].model:
        raise InfeasibleError("no open model has both a host and a set-up of its own; name A and B")
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
    ends = np.array([low, high])
    at_low, at_high = (
        float(end) for end in difference(inputs.settings, a, b, {setting.path: ends})
    )
    told = (("low", at_low), ("high", at_high))
    lost = [_lost(a, b, end, usd) for end, usd in told if not np.isfinite(usd)]
    flip = flip_value(inputs.settings, a, b, lever_of(setting), low, high)
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
        flips_at=flip,
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
    inputs: Question, a: Option, b: Option, rows: list[SwingResult]
) -> list[SwingResult]:
    """Return the rows with the break-even volume at both ends of each, all worked out at once."""
    count = 2 * len(rows)
    if not count:
        return rows
    values = {}
    for i, row in enumerate(rows):
        column = np.full((count, 1), row.value)
        column[2 * i : 2 * i + 2, 0] = row.low, row.high
        values[row.path] = column
    first = first_volumes(a, b, inputs.settings.with_values(values), count)
    told = [float(v) if np.isfinite(v) else None for v in first]
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
    cheaper, other = (b.id, a.id) if gap < 0 else (a.id, b.id)
    volume = show_tokens(float(np.asarray(inputs.settings.value(TOKENS))))
    at = f"At {volume} tokens a month"
    first = f"{at} {cheaper} is cheaper than {other} by {show_usd(abs(gap))} a month."
    flips = [r for r in rows if r.flips_at is not None]
    if not flips:
        return f"{first} No single assumption flips that within its range."
    named = "; ".join(f"{r.title} at {show_number(r.flips_at or 0.0)} {r.unit}" for r in flips[:3])
    return f"{first} It flips with: {named}."
