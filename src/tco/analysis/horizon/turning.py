"""What would turn the answer of a horizon: the value of one thing at which another costs least."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from tco.analysis.flips import flip_of, lever, levers, ranged, turns_at
from tco.analysis.horizon.flows import TOKENS, VOLUME, VolumePath, flows
from tco.analysis.horizon.trends import kind_of
from tco.analysis.results import Flip
from tco.analysis.vary.variables import Variable
from tco.engine.capital import present_value
from tco.engine.shapes import Floats, number
from tco.options.bills import Option, SelfOption, TokenOption
from tco.units import show_number, show_tokens

RATE = "own.yearly_rate"


def npv(option: Option, path: VolumePath, rows: int = 1) -> Floats:
    """Return the present value of an option begun on the first day, by case [rows] [USD]."""
    flow = flows(option, path, [0] * rows)
    rate = number(path.inputs.settings.value(RATE))
    worth = present_value(flow, rate, year_end=path.year_end)
    return np.asarray(worth)


def turning(a: Option, b: Option, path: VolumePath) -> tuple[Flip, ...]:
    """Return for each thing that could change alone the value at which the cheaper one changes.

    Present values are compared over the whole horizon, of both options begun on the first day.
    """
    found = {over.name: _flip(a, b, path, over) for over in _levers(a, b, path)}
    return tuple(found.values())


REACH = 10.0
"""How far from today's value what happens in a year is looked at: a tenth to ten times."""


def _levers(a: Option, b: Option, path: VolumePath) -> Iterator[Variable]:
    settings = path.inputs.settings
    yield lever(settings, TOKENS, "today's volume", "tokens a month")
    yield _yearly(lever(settings, VOLUME, "growth", "a year"))
    yield from levers(a, b, settings)
    if any(isinstance(o, SelfOption) and o.owned is not None for o in (a, b)):
        yield lever(settings, "own.price_factor", "price of GPUs to buy", "times today's")
    for kind in dict.fromkeys(kind_of(option, path.inputs) for option in (a, b)):
        if kind is not None:
            trend = path.prices[kind]
            yield _yearly(ranged(trend.path, trend.title, "a year", trend.factor_per_year))


def _yearly(over: Variable) -> Variable:
    return replace(over, low=over.now / REACH, high=over.now * REACH)


def _flip(a: Option, b: Option, path: VolumePath, over: Variable) -> Flip:
    def gap(values: Floats) -> Floats:
        at = _at(path, over, values)
        one, other = (npv(_repriced(o, over, values), at, values.size) for o in (b, a))
        return np.asarray(one - other)

    needed, now = turns_at(gap, over), over.now
    found = flip_of(over, needed)
    if needed is not None and over.name == TOKENS:
        text = f"{over.title} at {show_tokens(needed)} instead of {show_tokens(now)}"
        return replace(found, text=text)
    if needed is not None and over.unit == "a year":
        text = f"{over.title} at x{show_number(needed)} a year instead of x{show_number(now)}"
        return replace(found, text=text)
    return found


def _at(path: VolumePath, over: Variable, values: Floats) -> VolumePath:
    """Return the months at some values of a variable, each a row of settings."""
    column = values[:, None]
    if over.targets:
        return path
    if over.name in {trend.path for trend in path.prices.values()}:
        return replace(path, varied={over.name: column})
    return replace(path, swept=path.inputs.settings.with_values(over.settings(column)))


def _repriced(option: Option, over: Variable, values: Floats) -> Option:
    if isinstance(option, TokenOption) and option.id in over.targets:
        return replace(option, factor=option.factor * values[:, None])
    return option
