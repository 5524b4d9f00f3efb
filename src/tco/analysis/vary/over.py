"""Who is cheaper as one variable changes, and who is cheapest as two do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from string import ascii_uppercase
from typing import Literal

import numpy as np

from tco.analysis.compare import pair_words, rule_words, undercut_words
from tco.analysis.report import carried, caveats, unsure_prices
from tco.analysis.results import Band, Envelope, Flip, OpenBand, TrustLevel
from tco.analysis.vary.variables import both_bills, chosen, envelope, over_volume, variable
from tco.analysis.verdict import flips_of, usd_at
from tco.engine.crossings import Scan, scan
from tco.engine.shapes import Floats, Indices
from tco.errors import UsageError
from tco.options.bills import Option, same_weights
from tco.options.candidates import setups_at, spoken
from tco.options.cheapest import answers_at, least_trust, undercut
from tco.options.names import Resolved, resolve
from tco.options.question import Question
from tco.options.settings import TOKENS, Variable
from tco.ranges import Span
from tco.records import dataclass
from tco.units import show_share, show_tokens, show_usd, with_unit


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakevenOver(Envelope):
    """For which values of one variable B is cheaper than A, at one volume."""

    schema: Literal["tco.breakeven-over/1"] = "tco.breakeven-over/1"
    a: str
    b: str
    resolved: tuple[str, ...]
    same_weights: bool | None
    variable: str
    title: str
    unit: str
    searched: Band
    """The range that was looked at; an interval without an end goes on to its upper end."""
    wins: tuple[OpenBand, ...]
    first: float | None
    """The smallest value at which B is cheaper."""
    sure: float | None
    """The value from which B stays cheaper up to the end of what was searched."""
    crossings: tuple[float, ...]
    """Every value at which the cheaper one changes."""
    exact: bool
    """The crossings are divisions; else some were bisected, where a bill is not affine."""
    now: float
    now_wins: bool
    nearest: float | None
    """The crossing nearest to today's value."""
    distance: float | None
    """That crossing over today's value, less 1 [share]; None when today's value is 0."""
    tokens_per_month: float
    a_usd: float
    b_usd: float
    never_because: str | None
    flips: tuple[Flip, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MapAxis:
    """One direction of a map."""

    variable: str
    title: str
    unit: str
    values: tuple[float, ...]
    now: float | None
    """Today's value; None when it was not said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MapOption:
    """One option of a map, and the letter that stands for it."""

    mark: str
    id: str
    tier: str
    model: str
    cells: int
    """Cells in which it is the answer."""
    trust: TrustLevel = "low"
    trust_reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One combination of two variables."""

    x: float
    y: float
    winner: str
    """Id of the cheapest option."""
    mark: str
    usd: float
    """Its bill [USD/month]."""
    runner_up: str
    margin_usd: float
    """What the second cheapest costs more [USD/month]."""
    margin_share: float | None
    """The same over the winner's bill."""
    flips: bool
    """A neighbour to the left or below has another winner."""
    now: bool
    """The cell nearest to today's values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MapResult(Envelope):
    """Which of several options is cheapest as two variables change."""

    schema: Literal["tco.map/1"] = "tco.map/1"
    x: MapAxis
    y: MapAxis
    options: tuple[MapOption, ...]
    resolved: tuple[str, ...]
    cells: tuple[Cell, ...]
    """Row by row, from the lowest value of both."""


# Values of variables in words, by their unit.

MOST_SPANS = 4


def where(wins: tuple[OpenBand, ...], low: float, unit: str) -> str:
    """Return winning intervals in words; those that begin at `low` have no beginning to tell.

    >>> where(((0.0, 1.8), (3.0, None)), 0.0, "USD/GPU-hour")
    'below $1.80/GPU-hour and from $3.00/GPU-hour'
    """
    parts = []
    for begin, end in wins[:MOST_SPANS]:
        if begin <= low and end is None:
            parts.append("at any value that was tried")
        elif end is None:
            parts.append(f"from {with_unit(begin, unit)}")
        elif begin <= low:
            parts.append(f"below {with_unit(end, unit)}")
        else:
            parts.append(f"from {with_unit(begin, unit)} to {with_unit(end, unit)}")
    more = len(wins) - MOST_SPANS
    rest = f" and {more} more interval{'s' * (more != 1)}" if more > 0 else ""
    return " and ".join(parts) + rest


# For which values of any variable B is cheaper than A.

VOLUMES, FARTHEST = 61, 1e6
"""Volumes at which the set-ups of a name are looked for, and how far below the largest."""

TRIED = 257
"""Values at which it is looked how near B comes where it never wins."""


def breakeven_over(
    inputs: Question, a: str, b: str, name: str, span: Band | None = None
) -> BreakevenOver:
    """Return the values of a variable for which option `b` is cheaper than option `a`.

    Args:
        inputs: The question, with a volume.
        a, b: Names of the two options.
        name: What to vary: one of `names.NAMES` or the path of a setting.
        span: The range to search; the variable's own when None.

    Raises:
        UsageError: No volume, no such variable, one that enters neither bill, or a bad range.
    """
    if not inputs.volume_given:
        raise UsageError(f"--over {name}: at how many tokens a month? for example --tokens 50B")
    left, right = resolve(a, inputs), resolve(b, inputs)
    base, option = two = [left.best, right.best]
    over = variable(name, two, inputs.settings)
    over = over if span is None else over.within(*span)
    gap = _gap(inputs, _sides(inputs, a, base, over), _sides(inputs, b, option, over), over)
    found = scan(gap, over.low, over.high, log=over.log)
    spans = _open(found, over)
    bills = both_bills(inputs, two)
    result = BreakevenOver(
        a=base.id,
        b=option.id,
        resolved=left.meant + right.meant,
        same_weights=same_weights(base, option),
        variable=over.name,
        title=over.title,
        unit=over.unit,
        searched=(over.low, over.high),
        wins=spans,
        first=spans[0][0] if spans else None,
        sure=spans[-1][0] if spans and spans[-1][1] is None else None,
        crossings=found.crossings,
        exact=found.exact,
        now=over.now,
        now_wins=bills["b_usd"] < bills["a_usd"],
        nearest=_nearest(found, over.now),
        distance=_distance(found, over.now),
        tokens_per_month=float(np.asarray(inputs.settings.value(TOKENS))),
        **bills,
        never_because=None if spans else _never(over, base, gap),
        flips=flips_of(inputs, base, option, ()) if not spans else (),
        verdict="",
        **carried(inputs, two, two, first=unsure_prices(inputs, two), then=caveats(inputs, two)),
    )
    verdict = f"{_words(result)} {pair_words(two, result.cheaper_but_unsure)}".strip()
    return replace(result, verdict=verdict)


def _sides(inputs: Question, name: str, best: Option, over: Variable) -> tuple[Option, ...]:
    """Return the options of a name: over the volume each that is cheapest at some of it."""
    if over.name != "volume":
        return (best,)
    spread = np.geomspace(max(over.low, over.high / FARTHEST), over.high, VOLUMES)
    return resolve(name, inputs, at=np.append(spread, over.now)).options


def _gap(
    inputs: Question, a: Sequence[Option], b: Sequence[Option], over: Variable
) -> Callable[[Floats], Floats]:
    """Return what B costs more than A at some values of a variable [USD/month].

    Each side is the cheapest of its options there.
    """

    def least(options: Sequence[Option], values: Floats) -> Floats:
        bills = [usd_at(o, inputs.settings, [(over, values)]) for o in options]
        cheapest: Floats = np.min(np.stack(bills), axis=0)
        return cheapest

    def gap(values: Floats) -> Floats:
        mine, theirs = least(b, values), least(a, values)
        with np.errstate(invalid="ignore"):
            return np.where(np.isinf(theirs), -1.0, mine - theirs)

    return gap


def _open(found: Scan, over: Variable) -> tuple[OpenBand, ...]:
    """Return the intervals; one that reaches the end of what was searched has no end."""
    return tuple((low, None if high >= over.high else high) for low, high in found.intervals)


def _nearest(found: Scan, now: float) -> float | None:
    return min(found.crossings, key=lambda x: abs(x - now), default=None)


def _distance(found: Scan, now: float) -> float | None:
    near = _nearest(found, now)
    return None if near is None or not now else near / now - 1.0


def _never(over: Variable, a: Option, gap: Callable[[Floats], Floats]) -> str:
    low, high = with_unit(over.low, over.unit), with_unit(over.high, over.unit)
    best = float(gap(np.linspace(over.low, over.high, TRIED)).min())
    near = (
        f"it still costs {show_usd(best)} a month more" if np.isfinite(best) else "it cannot serve"
    )
    whose = spoken(a.id)
    return f"from {low} to {high}, with all else as it is, {near} than {whose} where it is nearest"


def _words(result: BreakevenOver) -> str:
    at = f"at {show_tokens(result.tokens_per_month)} tokens a month"
    gap = result.b_usd - result.a_usd
    which = f"{show_usd(abs(gap))} {'cheaper' if gap < 0 else 'dearer'}"
    today = (
        f"Today, with {with_unit(result.now, result.unit)}, it costs {show_usd(result.b_usd)} "
        f"a month against {show_usd(result.a_usd)}: {which}."
    )
    a, b = spoken(result.a), spoken(result.b)
    if not result.wins:
        return f"{b} is never cheaper than {a} {at}: {result.never_because}. {today}"
    region = where(result.wins, result.searched[0], result.unit)
    text = f"A{at[1:]}, {b} is cheaper than {a} {region}: {result.title}. {today}"
    if result.distance is not None:
        way = "up" if result.distance > 0 else "down"
        text += f" The turn is {show_share(abs(result.distance))} {way} from there."
    if result.same_weights is False:
        text += " The two are different models: equal cost is not equal quality."
    return text


# Which option is cheapest as two variables change: one broadcast bill for each option.

MAP = (25, 13)
GRID = (7, 9)
"""Values along x and y: of a map that is looked at, and of a grid whose margins are read."""

AROUND = 10.0
"""How far an axis goes from today's value: a tenth to ten times, where nothing limits it."""

MIDDLING_VOLUME = 50e9
"""Volume that set-ups are chosen at when none was given [token/month]."""

MOST_CELLS = 250_000
MOST_OPTIONS = len(ascii_uppercase)


def winner_map(
    inputs: Question,
    names: Sequence[str],
    variables: tuple[str, str],
    spans: tuple[Span | None, Span | None] = (None, None),
    steps: tuple[int, int] = MAP,
    pair: tuple[Option, Option] | None = None,
) -> MapResult:
    """Return the cheapest option, and by how much, for combinations of two variables.

    Args:
        inputs: The question, with a volume unless that is one of the variables.
        names: Names of the options; empty for the usual ones.
        variables: What varies along x and along y.
        spans: Their values; about today's when None.
        steps: How many values then.
        pair: The two options of an answer without names, own GPUs second.

    Raises:
        UsageError: A variable that enters no bill, both the same, or too many cells.
    """
    asked = inputs if inputs.volume_given else _anywhere(inputs, variables)
    picked = _options(asked, names, variables, spans, steps, pair)
    x, y = (variable(name, picked.options, asked.settings) for name in variables)
    _refuse_overlap(x, y)
    xs, ys = (_values(*each) for each in zip((x, y), spans, steps, strict=True))
    if xs.size * ys.size > MOST_CELLS:
        raise UsageError(
            f"a map of {xs.size:,} x {ys.size:,} cells is too large: at most {MOST_CELLS:,} in "
            "all, which take some seconds; take fewer steps"
        )
    at = [(x, xs[None, :]), (y, ys[:, None])]
    usd = np.stack([usd_at(o, asked.settings, at) for o in picked.options])
    return _result(asked, inputs.volume_given, picked, (x, y), (xs, ys), usd)


def _options(
    inputs: Question,
    names: Sequence[str],
    variables: tuple[str, str],
    spans: tuple[Span | None, Span | None],
    steps: tuple[int, int],
    pair: tuple[Option, Option] | None,
) -> Resolved:
    """Return the options of a map; over volume, the set-ups that decide at each of its values."""
    if "volume" not in variables:
        if pair is not None:
            return Resolved(options=pair)
        return chosen(inputs, names, MOST_OPTIONS)
    axis = variables.index("volume")
    span, now = spans[axis], float(np.asarray(inputs.settings.value(TOKENS)))
    around = np.geomspace(now / AROUND, now * AROUND, steps[axis]) if now > 0 else np.zeros(1)
    volumes = around if span is None else np.array(span.values)
    if pair is not None:
        return _pair(inputs, pair, np.append(now, volumes))
    if names:
        return envelope(inputs, names, volumes)
    return over_volume(inputs, volumes, MOST_OPTIONS)


def _pair(inputs: Question, pair: tuple[Option, Option], volumes: Floats) -> Resolved:
    """Return two options, of own GPUs the set-ups of their model that decide at some volume."""
    host, own = pair
    searched = own.id.startswith("self/")
    found = setups_at(inputs, {own.model}, volumes) if searched else {}
    setups = found.get(own.model, [own])
    names = (host.id, *(f"self/{own.model}" for _ in setups))
    return Resolved(options=(host, *setups), names=names)


def _anywhere(inputs: Question, variables: tuple[str, str]) -> Question:
    """Return the question at a middling volume, when the volume is what varies."""
    if "volume" not in variables:
        raise UsageError("how many tokens a month? for example --tokens 50B")
    return replace(inputs, settings=inputs.settings.with_values({TOKENS: MIDDLING_VOLUME}))


def _refuse_overlap(x: Variable, y: Variable) -> None:
    same = set(x.settings(1.0)) & set(y.settings(1.0))
    if same or x.name == y.name:
        what = ", ".join(sorted(same)) or x.name
        raise UsageError(f"{x.name} and {y.name} both change {what}; take two different variables")


def _values(v: Variable, span: Span | None, steps: int) -> Floats:
    """Return the values along an axis, today's among their bounds."""
    if span is not None:
        v.within(span.low, span.high)
        return np.array(span.values)
    known = np.isfinite(v.now) and v.now > 0
    low, high = v.low, v.high
    if known and np.isinf(v.most):
        low, high = max(low, v.now / AROUND), min(high, v.now * AROUND)
    spread = np.geomspace if low > 0 and high / low > AROUND else np.linspace
    return np.asarray(spread(low, high, steps))


def _result(
    inputs: Question,
    volume_given: bool,
    picked: Resolved,
    axes: tuple[Variable, Variable],
    values: tuple[Floats, Floats],
    usd: Floats,
) -> MapResult:
    options = picked.options
    order = _order(picked, usd, least_trust(inputs))
    winner = order[0]
    marks = _marks(picked.called, winner)
    now = tuple(None if v.name == "volume" and not volume_given else v.now for v in axes)
    cells = _cells(options, marks, values, now, usd, order)
    made = tuple(
        MapAxis(variable=v.name, title=v.title, unit=v.unit, values=tuple(at.tolist()), now=today)
        for v, at, today in zip(axes, values, now, strict=True)
    )
    told_options = _map_options(options, marks, winner)
    below = undercut(usd.reshape(len(options), -1), winner.ravel())
    beside = undercut_words(options, below.tolist(), len(cells), "combinations")
    words = _maps_words(cells, told_options, made, least_trust(inputs))
    here = next((cell.winner for cell in cells if cell.now), None)
    return MapResult(
        x=made[0],
        y=made[1],
        options=tuple(
            sorted(told_options, key=lambda o: (len(told_options) > 2 and -o.cells, o.mark))
        ),
        resolved=picked.meant,
        cells=cells,
        verdict=" ".join(filter(None, (words, beside))),
        **carried(inputs, options, [o for o in options if o.id == here]),
        best=here,
        cheaper_but_unsure=tuple(o.id for o, n in zip(options, below, strict=True) if n),
    )


def _map_options(
    options: Sequence[Option], marks: Sequence[str], winner: Indices
) -> list[MapOption]:
    return [
        MapOption(
            mark=marks[i],
            id=o.id,
            tier=o.tier,
            model=o.model,
            cells=int(np.sum(winner == i)),
            trust=o.trust.level,
            trust_reasons=o.trust.reasons,
        )
        for i, o in enumerate(options)
    ]


def _order(picked: Resolved, usd: Floats, least: int) -> Indices:
    """Return which option is the answer in each cell, and which would be without it [2, y, x].

    Without it goes without what has the same name, too.
    """
    options, called = picked.options, list(picked.called)
    of = np.array([called.index(name) for name in called])
    best = np.maximum(answers_at(options, usd, least), 0)
    without = np.where(of[:, None, None] == of[best][None], np.inf, usd)
    second = answers_at(options, without, least)
    return np.stack([best, np.where(second < 0, best, second)])


def _marks(called: Sequence[str], winner: Indices) -> list[str]:
    """Return a letter for each option, those that win most first; two names stay A and B.

    What has the same name has the same letter.
    """
    names = list(dict.fromkeys(called))
    of = np.array([names.index(name) for name in called])
    wins = [int(np.sum(of[winner] == i)) for i in range(len(names))]
    ranked = sorted(range(len(names)), key=lambda i: (len(names) > 2 and -wins[i], i))
    letters = dict(zip(ranked, ascii_uppercase, strict=False))
    return [letters[i] for i in of.tolist()]


def _cells(
    options: Sequence[Option],
    marks: Sequence[str],
    values: tuple[Floats, Floats],
    now: tuple[float | None, ...],
    usd: Floats,
    order: Indices,
) -> tuple[Cell, ...]:
    best, second = order
    cost = np.take_along_axis(usd, order, axis=0)
    with np.errstate(invalid="ignore"):
        margin = np.where((best == second) & (len(options) > 1), np.inf, cost[1] - cost[0])
    flips = np.zeros(best.shape, dtype=bool)
    letter = np.array(marks)[best]
    flips[:, 1:] |= letter[:, 1:] != letter[:, :-1]
    flips[1:, :] |= letter[1:, :] != letter[:-1, :]
    here = [
        None if n is None else int(np.argmin(np.abs(v - n)))
        for n, v in zip(now, values, strict=True)
    ]
    out = []
    for j, i in np.ndindex(best.shape):
        usd_here, gap = float(cost[0, j, i]), float(margin[j, i])
        out.append(
            Cell(
                x=float(values[0][i]),
                y=float(values[1][j]),
                winner=options[best[j, i]].id,
                mark=marks[best[j, i]],
                usd=usd_here,
                runner_up=options[second[j, i]].id,
                margin_usd=gap,
                margin_share=gap / usd_here if usd_here > 0 and np.isfinite(gap) else None,
                flips=bool(flips[j, i]),
                now=(i, j) == (here[0], here[1]),
            )
        )
    return tuple(out)


def _maps_words(
    cells: Sequence[Cell], options: Sequence[MapOption], axes: Sequence[MapAxis], least: int
) -> str:
    won = sorted((o for o in options if o.cells), key=lambda o: -o.cells)
    shares = ", ".join(f"{spoken(o.id)} in {o.cells}" for o in won)
    where = " and ".join(
        f"{a.variable} from {with_unit(a.values[0], a.unit)} to {with_unit(a.values[-1], a.unit)}"
        for a in axes
    )
    text = f"Of {len(cells)} combinations of {where}, the cheapest{rule_words(least)} is {shares}."
    now = next((c for c in cells if c.now), None)
    return text if now is None else f"{text} Nearest to today it is {spoken(now.winner)}."
