"""Which option is cheapest as two variables change: one broadcast bill for each option."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from string import ascii_uppercase

import numpy as np

from tco.analysis.change.chosen import Chosen, chosen, envelope
from tco.analysis.change.names import variable
from tco.analysis.change.results import Axis, Cell, MapOption, MapResult
from tco.analysis.change.variables import Variable, usd_of
from tco.analysis.change.words import told
from tco.analysis.cheapest import answers_at, least_trust, undercut
from tco.analysis.curves import TOKENS
from tco.analysis.inputs import Inputs
from tco.analysis.options import Option
from tco.analysis.report import assumptions_of, stamp, warnings_of
from tco.analysis.verdict import rule_words, undercut_words
from tco.engine.shapes import Floats, Indices
from tco.errors import UsageError
from tco.ranges import Span

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
    inputs: Inputs,
    names: Sequence[str],
    variables: tuple[str, str],
    spans: tuple[Span | None, Span | None] = (None, None),
    steps: tuple[int, int] = MAP,
) -> MapResult:
    """Return the cheapest option, and by how much, for combinations of two variables.

    Args:
        inputs: The question, with a volume unless that is one of the variables.
        names: Names of the options; empty for the usual ones.
        variables: What varies along x and along y.
        spans: Their values; about today's when None.
        steps: How many values then.

    Raises:
        UsageError: A variable that enters no bill, both the same, or too many cells.
    """
    asked = inputs if inputs.volume_given else _anywhere(inputs, variables)
    picked = _options(asked, names, variables, spans, steps)
    x, y = (variable(name, picked.options, asked.settings) for name in variables)
    _refuse_overlap(x, y)
    xs, ys = (_values(*each) for each in zip((x, y), spans, steps, strict=True))
    if xs.size * ys.size > MOST_CELLS:
        raise UsageError(f"a map of {xs.size} x {ys.size} cells is too large; take fewer steps")
    at = [(x, xs[None, :]), (y, ys[:, None])]
    usd = np.stack([usd_of(o, asked.settings, at) for o in picked.options])
    return _result(asked, inputs.volume_given, picked, (x, y), (xs, ys), usd)


def _options(
    inputs: Inputs,
    names: Sequence[str],
    variables: tuple[str, str],
    spans: tuple[Span | None, Span | None],
    steps: tuple[int, int],
) -> Chosen:
    """Return the options of a map; over volume, the best set-ups of a name at each of its values.

    Without names those of the ends as well as today's.
    """
    if "volume" not in variables:
        return chosen(inputs, names, MOST_OPTIONS)
    axis = variables.index("volume")
    span, now = spans[axis], float(np.asarray(inputs.settings.value(TOKENS)))
    if names:
        around = np.geomspace(now / AROUND, now * AROUND, steps[axis]) if now > 0 else np.zeros(0)
        return envelope(inputs, names, around if span is None else np.array(span.values))
    picked = chosen(inputs, names, MOST_OPTIONS)
    ends = (now / AROUND, now * AROUND) if span is None else (span.low, span.high)
    found = {option.id: option for option in picked.options}
    for volume in ends:
        there = replace(inputs, settings=inputs.settings.with_values({TOKENS: volume}))
        found |= {option.id: option for option in chosen(there, (), MOST_OPTIONS).options}
    return Chosen(options=tuple(found.values())[:MOST_OPTIONS], said=picked.said)


def _anywhere(inputs: Inputs, variables: tuple[str, str]) -> Inputs:
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
    inputs: Inputs,
    volume_given: bool,
    picked: Chosen,
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
        Axis(variable=v.name, title=v.title, unit=v.unit, values=tuple(at.tolist()), now=today)
        for v, at, today in zip(axes, values, now, strict=True)
    )
    told_options = [
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
    below = undercut(usd.reshape(len(options), -1), winner.ravel())
    beside = undercut_words(options, below.tolist(), len(cells), "combinations")
    words = _words(cells, told_options, made, least_trust(inputs))
    return MapResult(
        schema="tco.map/1",
        catalog=stamp(inputs, options),
        x=made[0],
        y=made[1],
        options=tuple(
            sorted(told_options, key=lambda o: (len(told_options) > 2 and -o.cells, o.mark))
        ),
        resolved=picked.said,
        cells=cells,
        verdict=" ".join(filter(None, (words, beside))),
        assumptions=assumptions_of(inputs, options),
        warnings=warnings_of(inputs, options),
        best=next((cell.winner for cell in cells if cell.now), None),
        cheaper_but_unsure=tuple(o.id for o, n in zip(options, below, strict=True) if n),
    )


def _order(picked: Chosen, usd: Floats, least: int) -> Indices:
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


def _words(
    cells: Sequence[Cell], options: Sequence[MapOption], axes: Sequence[Axis], least: int
) -> str:
    won = sorted((o for o in options if o.cells), key=lambda o: -o.cells)
    shares = ", ".join(f"{o.id} in {o.cells}" for o in won)
    where = " and ".join(
        f"{a.variable} from {told(a.values[0], a.unit)} to {told(a.values[-1], a.unit)}"
        for a in axes
    )
    text = f"Of {len(cells)} combinations of {where}, the cheapest{rule_words(least)} is {shares}."
    now = next((c for c in cells if c.now), None)
    return text if now is None else f"{text} Nearest to today it is {now.winner}."
