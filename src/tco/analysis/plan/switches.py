"""At which value of one assumption the better of hybrid and all-API changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tco.analysis.inputs import Inputs
from tco.analysis.machines import DEDICATED
from tco.analysis.options import TokenOption
from tco.analysis.plan.machines import Machine, Way
from tco.analysis.plan.mix import Mix, mix_of, team_overhead
from tco.analysis.plan.results import SwitchResult
from tco.analysis.settings import people, price_factor, workload
from tco.show import show_number, show_tokens, show_usd
from tco.units import MTOK, SECONDS_PER_HOUR

WIDEST = 2.0**14
"""Factor up and down within which a value is looked for [1]."""
MOST_LAYERS = 2000
"""Units beyond which a larger volume is not looked at [1]."""
HALVINGS = 24

LEAST = 1e-9
"""Saving that is taken for one [USD/h]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The units that own GPUs would come in."""

    base: Way | None
    peak: Way | None


def switches_of(
    inputs: Inputs, api: TokenOption, mix: Mix, machines: Sequence[Machine]
) -> tuple[SwitchResult, ...]:
    """Return the values at which own GPUs begin or cease to pay, on the units of the mix.

    Each is found by halving: what own GPUs save grows with the API's price and the volume and
    falls with the rent, because the mix may always leave them out.
    """
    pair = Pair(base=mix.base, peak=mix.peak)
    if mix.base is None and mix.peak is None:
        if not machines:
            return ()
        first = machines[0]
        pair = Pair(base=next(iter(first.base), None), peak=next(iter(first.peak), None))
    pays = mix.own_load > 0
    rows = (
        _api_price(inputs, api, mix, pair, pays=pays),
        _volume(inputs, mix, pair),
        _rent(inputs, mix, pair, pays=pays),
    )
    ways = [way for way in (pair.base, pair.peak) if way is not None]
    if all(way.purchase == DEDICATED for way in ways):  # no engineer of one's own looks after them
        return rows
    return (*rows, _team(inputs, mix, pair))


def _saving(
    inputs: Inputs,
    mix: Mix,
    pair: Pair,
    *,
    price: float = 1.0,
    load: float = 1.0,
    rent: float = 1.0,
) -> float:
    """Return what own GPUs save with three factors changed [USD/h]; below 0 as little as it can."""
    ways = [w and replace(w, usd_per_hour=w.usd_per_hour * rent) for w in (pair.base, pair.peak)]
    usd_per_load, curve = mix.usd_per_load * price, mix.load * load
    found = mix_of(ways[0], ways[1], curve, usd_per_load, inputs.settings)
    return usd_per_load * float(curve.mean()) - found.stack.usd_per_hour


def _edge(saves: Callable[[float], bool], widest: float = WIDEST) -> float | None:
    """Return the factor at which a saving begins or ends; None when it never does.

    Doubled or halved away from 1 until the answer changes, then halved in between.

    Args:
        saves: Whether own GPUs pay at a factor; rises with it, changes at most once.
        widest: Factor up to which is looked.
    """
    now = saves(1.0)
    step = 0.5 if now else 2.0
    inside, outside = 1.0, step
    while saves(outside) == now:
        inside, outside = outside, outside * step
        if not 1.0 / WIDEST <= outside <= widest:
            return None
    for _ in range(HALVINGS):
        middle = float(np.sqrt(inside * outside))
        inside, outside = (middle, outside) if saves(middle) == now else (inside, middle)
    return inside if now else outside


def _api_price(
    inputs: Inputs, api: TokenOption, mix: Mix, pair: Pair, *, pays: bool
) -> SwitchResult:
    edge = _edge(lambda x: _saving(inputs, mix, pair, price=x) > LEAST)
    tokens = _tokens_per_request(inputs)
    now = mix.usd_per_load / SECONDS_PER_HOUR / tokens * MTOK
    needed = None if edge is None else now * edge
    title = f"price of {api.id} at this mix"
    unit = "USD/Mtok"
    if needed is None:
        text = "at no price of the API do own GPUs pay"
    elif pays:
        text = f"own GPUs pay down to an API price of {show_usd(needed)} per million tokens"
    else:
        text = f"own GPUs pay from an API price of {show_usd(needed)} per million tokens"
    path = price_factor(api.tier)
    return SwitchResult(path=path, title=title, unit=unit, now=now, needed=needed, text=text)


def _tokens_per_request(inputs: Inputs) -> float:
    return float(np.asarray(workload(inputs.settings).tokens_per_request))


def _volume(inputs: Inputs, mix: Mix, pair: Pair) -> SwitchResult:
    ways = [way for way in (pair.base, pair.peak) if way is not None]
    smallest = min(way.capacity for way in ways)
    widest = MOST_LAYERS * smallest / float(mix.load.max())
    edge = None
    if min(way.usd_per_load for way in ways) < mix.usd_per_load:
        edge = _edge(lambda x: _saving(inputs, mix, pair, load=x) > LEAST, widest)
    now = float(np.asarray(inputs.settings.value("workload.tokens_per_month")))
    needed = None if edge is None else now * edge
    text = "at no volume do own GPUs pay"
    if needed is not None:
        text = f"own GPUs pay from {show_tokens(needed)} tokens a month"
    return SwitchResult(
        path="workload.tokens_per_month",
        title="volume",
        unit="tokens/month",
        now=now,
        needed=needed,
        text=text,
    )


def _rent(inputs: Inputs, mix: Mix, pair: Pair, *, pays: bool) -> SwitchResult:
    edge = _edge(lambda x: _saving(inputs, mix, pair, rent=1.0 / x) > LEAST)
    factor = float(np.asarray(inputs.settings.value("rent.factor")))
    needed = None if edge is None else factor / edge
    text = "at no rent of the GPUs do they pay"
    if needed is not None:
        word = "up to" if pays else "from"
        text = f"own GPUs pay {word} {show_number(needed)} times their rent"
        if not pays:
            text += " downwards"
    return SwitchResult(
        path="rent.factor",
        title="rent of the GPUs",
        unit="factor",
        now=factor,
        needed=needed,
        text=text,
    )


def _team(inputs: Inputs, mix: Mix, pair: Pair) -> SwitchResult:
    """Return how many engineers the saving would pay for: own GPUs without any, less the API."""
    staff = people(inputs.settings)
    free = inputs.settings.with_values(
        {"people.floor_fte": 0.0, "people.fixed_fte": 0.0, "people.fte_per_gpu": 0.0}
    )
    unstaffed = replace(inputs, settings=free)
    saved = _saving(unstaffed, mix, pair) * mix.hours_per_month
    pay = float(np.asarray(staff.salary_usd_per_year)) / 12.0
    needed = saved / pay if saved > LEAST and pay > 0 else None
    text = "not even without engineers do own GPUs pay"
    if needed is not None:
        text = f"own GPUs pay with up to {show_number(needed)} engineers"
    units = (np.array([float(mix.stack.base_units or 1)]), np.array([float(mix.stack.peak_units)]))
    now, rest = (
        float(team_overhead(pair.base, pair.peak, s)(*units)[0]) for s in (inputs.settings, free)
    )
    return SwitchResult(
        path="people.floor_fte",
        title="engineers for own GPUs",
        unit="engineers",
        now=(now - rest) * mix.hours_per_month / pay if pay > 0 else 0.0,
        needed=needed,
        text=text,
    )
