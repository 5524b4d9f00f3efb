"""What would turn the answer of a horizon: the value of one thing at which another costs least."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from tco.analysis.flips import FAR, Lever, flip_of, levers, now_of, turns_at
from tco.analysis.horizon.flows import TOKENS, VOLUME, VolumePath, flows
from tco.analysis.horizon.trends import kind_of
from tco.analysis.results import Flip
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
    found = {lever.path: _flip(a, b, path, lever) for lever in _levers(a, b, path)}
    return tuple(found.values())


def _levers(a: Option, b: Option, path: VolumePath) -> Iterator[Lever]:
    yield Lever(TOKENS, "today's volume", "tokens a month", (TOKENS,))
    yield Lever(VOLUME, "growth", "a year", (VOLUME,))
    yield from levers(a, b)
    if any(isinstance(o, SelfOption) and o.owned is not None for o in (a, b)):
        factor = "own.price_factor"
        yield Lever(factor, "price of GPUs to buy", "times today's", (factor,))
    for kind in dict.fromkeys(kind_of(option, path.inputs) for option in (a, b)):
        if kind is not None:
            trend = path.prices[kind]
            yield Lever(trend.path, trend.title, "a year", (trend.path,))


def _flip(a: Option, b: Option, path: VolumePath, lever: Lever) -> Flip:
    settings = path.inputs.settings
    now = now_of(settings, a, b, lever)
    for trend in path.prices.values():
        now = trend.factor_per_year if trend.path == lever.path else now

    def gap(values: Floats) -> Floats:
        at = _at(path, lever, values)
        one, other = (npv(_repriced(o, lever, values), at, values.size) for o in (b, a))
        return np.asarray(one - other)

    reach = 10.0 if lever.path.startswith("horizon.") else FAR
    needed = turns_at(gap, now, max(now / reach, lever.least), min(now * reach, lever.most))
    found = flip_of(lever, now, needed)
    if needed is not None and lever.path == TOKENS:
        text = f"{lever.title} at {show_tokens(needed)} instead of {show_tokens(now)}"
        return replace(found, text=text)
    if needed is not None and lever.path.startswith("horizon."):
        text = f"{lever.title} at x{show_number(needed)} a year instead of x{show_number(now)}"
        return replace(found, text=text)
    return found


def _at(path: VolumePath, lever: Lever, values: Floats) -> VolumePath:
    """Return the months at some values of a lever, each a row of settings."""
    column = values[:, None]
    if lever.offer:
        return path
    if lever.path in {trend.path for trend in path.prices.values()}:
        return replace(path, varied={lever.path: column})
    return replace(path, swept=path.inputs.settings.with_values(lever.values(column)))


def _repriced(option: Option, lever: Lever, values: Floats) -> Option:
    if isinstance(option, TokenOption) and option.id == lever.offer:
        return replace(option, factor=option.factor * values[:, None])
    return option
