"""The single changes that would turn an answer: the value of one number at which bills meet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tco.analysis.results import Flip, OpenBand
from tco.engine.crossings import Wins, together, wins
from tco.engine.ledger import total_usd
from tco.engine.shapes import Floats, Number, number
from tco.options.bills import Option, SelfOption, TokenOption, lines
from tco.options.curves import TOKENS, curve
from tco.options.question import Question
from tco.options.settings import Setting, Settings
from tco.options.spoken import spoken
from tco.units import MTOK, show_number, show_tokens, show_usd_per_mtok

POINTS = 65
ZOOMS = 4
FAR = 100.0
"""How far from today's value a flip is looked for: a hundredth to a hundred times."""

TIMES = "times today's"

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

    A lever of whole numbers takes whole values only.
    """
    now = now_of(settings, a, b, lever)
    low, high = max(low, lever.least), min(high, lever.most)
    return turns_at(
        lambda values: _gap(settings, a, b, lever, values), now, low, high, whole=lever.whole
    )


def turns_at(
    gap: Callable[[Floats], Floats], now: float, low: float, high: float, *, whole: bool = False
) -> float | None:
    """Return the value between `low` and `high`, nearest to now, at which a gap changes its sign.

    The range is scanned at `POINTS` values in one broadcast call, and the cell next to today's
    value in which the sign changes is scanned again, `ZOOMS` times. Of whole numbers every one is
    tried.
    """
    here = bool(gap(np.array([now]))[0] < 0)
    for _ in range(1 if whole else ZOOMS):
        grid = np.arange(np.ceil(low), np.floor(high) + 1.0) if whole else _grid(low, high)
        grid = np.unique(np.concatenate([grid, [min(max(now, low), high)]]))
        flipped = (gap(grid) < 0) != here
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
            found.append(Lever(path, title, TIMES, (path,), offer=option.id))
    if any(isinstance(o, SelfOption) and o.usd_per_gpu_hour is not None for o in (a, b)):
        found.append(Lever("rent.factor", "GPU rent", TIMES, ("rent.factor",)))
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
    inputs: Question,
    a: Option,
    b: Option,
    spans: tuple[OpenBand, ...],
    only: Sequence[str] = (),
) -> tuple[Flip, ...]:
    """Return for each lever the value at which the cheaper of A and B changes.

    At the volume asked about; without one, at a very large volume when B never wins, and else no
    flip is looked for, because every answer is then a volume.

    Args:
        inputs: The question.
        a, b: The options.
        spans: Where B is cheaper than A [token/month].
        only: Paths of the levers that are tried; all when empty.
    """
    if not inputs.volume_given and spans:
        return ()
    settings = inputs.settings
    if not inputs.volume_given:
        settings = settings.with_values({TOKENS: VERY_LARGE})
    tried = [lever for lever in levers(a, b) if not only or lever.path in only]
    return tuple(_flip(settings, a, b, lever) for lever in tried)


def _flip(settings: Settings, a: Option, b: Option, lever: Lever) -> Flip:
    now = now_of(settings, a, b, lever)
    low, high = (now / FAR, now * FAR) if now > 0 else (0.0, FAR)
    needed = flip_value(settings, a, b, lever, low, high)
    if needed is None and lever.path == "people.fte":
        needed = flip_value(settings, a, b, lever, 0.0, now)
    return flip_of(lever, now, needed)


def flip_of(lever: Lever, now: float, needed: float | None) -> Flip:
    """Return what a lever would have to be, in words too; None where no value of it would do."""
    unit = f" {lever.unit}" if lever.unit else ""
    if needed is None:
        text = f"no {lever.title} would do on its own"
    else:
        instead = "" if lever.unit.startswith("times ") else f" instead of {show_number(now)}"
        at = "" if lever.title == lever.unit else f"{lever.title} at "
        text = f"{at}{show_number(needed)}{unit}{instead}"
    return Flip(
        path=lever.path, title=lever.title, now=now, needed=needed, unit=lever.unit, text=text
    )


def never_because(inputs: Question, a: Option, b: Option) -> str:
    """Return why B is never cheaper: what a token costs on either side at very large volume."""
    mine, other = curve(b, inputs.settings), curve(a, inputs.settings)
    ours, theirs = (show_usd_per_mtok(c.slope * MTOK) for c in (mine, other))
    if mine.slope >= other.slope:
        return (
            f"however large the volume, a further Mtok costs {ours} with "
            f"{spoken(b.id)}, against {theirs} with {spoken(a.id)}"
        )
    return "its fixed cost is not earned back within the volumes that could be looked at"


def lever_of(setting: Setting) -> Lever:
    """Return the lever that changes one setting alone."""
    most = 1.0 if setting.unit == "share" else np.inf
    whole = setting.unit in WHOLE_UNITS
    return Lever(setting.path, setting.title, setting.unit, (setting.path,), most=most, whole=whole)


def earliest(inputs: Question, base: Option, options: Sequence[Option]) -> tuple[Option, Wins]:
    """Return the option that beats `base` at the lowest volume, and where any of them does.

    When none ever does, it is the one that a further token costs least with.
    """
    against = curve(base, inputs.settings)
    curves = [(option, curve(option, inputs.settings)) for option in options]
    tried = [(option, mine.slope, wins(against, mine)) for option, mine in curves]

    def order(item: tuple[Option, float, Wins]) -> tuple[float, float]:
        return np.inf if item[2].first is None else item[2].first, item[1]

    return min(tried, key=order)[0], together([[won for _, _, won in tried]])


# What would turn a comparison: own GPUs would win, or buying.

TEAM = "people.fte"


def turns_of(
    inputs: Question,
    bought: Option,
    own: Option,
    setups: Sequence[Option],
    rival: Option | None = None,
) -> tuple[Flip, ...]:
    """Return the single changes that turn which of two options is cheaper, each alone.

    Args:
        inputs: The question, with a volume.
        bought: What is paid by the token.
        own: Own GPUs, the answer at the volume.
        setups: Own GPUs of the same model that are the answer at some volume.
        rival: A closed model of the same class, against which only volume and people are tried.
    """
    found = [*_volume(inputs, bought, setups), *flips_of(inputs, bought, own, ())]
    if rival is None:
        return tuple(found)
    besides = [*_volume(inputs, rival, setups), *flips_of(inputs, rival, own, (), only=(TEAM,))]
    return (*found, *(replace(flip, against=rival.id) for flip in besides))


def _volume(inputs: Question, bought: Option, setups: Sequence[Option]) -> list[Flip]:
    """Return the volume nearest to today's at which the cheaper one changes."""
    now = number(inputs.settings.value(TOKENS))
    won = earliest(inputs, bought, setups)[1]
    ends = [end for span in won.intervals for end in span if 0.0 < end < np.inf]
    near = min(ends, key=lambda end: max(end / now, now / end), default=None) if now else None
    way = "" if near is None else f"{'from' if near > now else 'up to'} {show_tokens(near)} tokens"
    return [
        Flip(
            path=TOKENS,
            title="volume",
            now=now,
            needed=near,
            unit="tokens/month",
            text=f"{way} a month" if way else "no volume would do on its own",
        )
    ]
