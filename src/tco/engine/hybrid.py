"""Base load on units that are paid by the hour, the rest to an API: the exact best mix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tco.engine.arrivals import WIDER, served_within
from tco.engine.fleet import awake_share
from tco.engine.shapes import ROUND_OFF, Flags, Floats, Number
from tco.records import dataclass

# Base load on units that are paid by the hour, overflow to whoever charges by the request.
#
# The load-duration argument: cut the load curve into layers one unit thick. The layer at the
# bottom is busy almost always, the one at the top only at the peak, so the value of a layer never
# grows from one to the next. A layer is worth a unit if and only if the unit's own utilization
# there is at least its break-even utilization; what no unit is worth goes to the API. Layers do
# not depend on each other, so the best choice layer by layer is the optimum of the whole, start-
# up times included: the cost of a fleet that is switched by the hour is a sum of convex functions
# of its size and of its changes, and such a sum splits over the levels of the size (the coarea
# formula).
#
# Loads and capacities share a unit, requests/s everywhere in `tco`. Money is USD/h of the average
# hour of the curve. Curves repeat: the hour after the last is the first.


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """Units of capacity of one size, and how one is paid for.

    Args:
        unit: Capacity of one unit [request/s].
        usd_per_hour: One unit while it is on [USD/h].
        by_the_hour: It can be switched off; otherwise it is paid for every hour of the curve.
        lead_h: Hours that a start takes, paid for without serving anything [h].
        availability: Share of the load given to it that it serves; a spot unit that is taken
            away leaves the rest to the API, and is paid for all the same [1].
        usd_per_load: What serving a load of 1 request/s costs on top in an hour: traffic [USD/h].
        awake_usd: What a unit costs on top while it has something in flight [USD/h].
        at_once, headroom: When it has: `tco.engine.fleet.awake_share` of `headroom` times the load
            over the unit [1].
    """

    unit: float
    usd_per_hour: Number
    by_the_hour: bool = False
    lead_h: Number = 0.0
    availability: Number = 1.0
    usd_per_load: Number = 0.0
    awake_usd: Number = 0.0
    at_once: Number = 1.0
    headroom: Number = 1.0

    def awake(self, layers: Floats) -> Floats:
        """Return the share of each hour in which units with some load have something in flight.

        Args:
            layers: Load of a unit [layers, hours] [request/s].
        """
        if not np.any(self.awake_usd):
            return np.zeros_like(layers)  # nobody pays for it
        return np.asarray(awake_share(layers / self.unit * self.headroom, self.at_once))


def layer_count(load: Floats, unit: float, rate_cv: float = 0.0) -> int:
    """Return how many units the busiest hour needs, ``ceil(max(load) / unit)`` [1].

    Where the rate varies within its hour, at a moment that a thousandth of the time exceeds.
    """
    most = float(np.max(load))
    if rate_cv > 0.0:
        most *= float(np.exp(RARELY * WIDER * np.sqrt(np.log1p(rate_cv * rate_cv))))
    return max(int(np.ceil(most / unit - ROUND_OFF)), 0)


RARELY = 3.09
"""Standard score that a thousandth of a normal distribution exceeds [1]."""


def layers_of(
    load: Floats, unit: Number, count: int, floor: Number = 0.0, rate_cv: float = 0.0
) -> Floats:
    """Return the load of each layer above a floor, ``clip(load - floor - k * unit, 0, unit)``.

    Where the rate varies within its hour, its mean over the hour.

    Args:
        load: Load of each hour [..., hours] [request/s].
        unit: Capacity of one unit, the thickness of a layer [request/s].
        count: Layers wanted [1].
        floor: Load that something else serves below the first layer [request/s].
        rate_cv: Standard deviation of the rate within an hour over its mean [1].
    """
    thick = np.asarray(unit, dtype=float)[..., None, None]
    below = np.asarray(floor)[..., None, None] + thick * np.arange(count, dtype=float)[:, None]
    if rate_cv > 0.0:
        wide = load[..., None, :]
        under = served_within(wide, below, rate_cv)
        return np.maximum(served_within(wide, below + thick, rate_cv) - under, 0.0)
    layers: Floats = np.clip(load[..., None, :] - below, 0.0, thick)
    return layers


def overflow(load: Floats, capacity: Number) -> Number:
    """Return what a capacity leaves over in the average hour, ``mean(max(load - capacity, 0))``.

    Args:
        load: Load of each hour [..., hours] [request/s].
        capacity: What is served [request/s].
    """
    left: Number = np.maximum(load - np.asarray(capacity)[..., None], 0.0).mean(axis=-1)
    return left


def breakeven_utilization(usd_per_hour: Number, unit: Number, usd_per_load: Number) -> Number:
    """Return the utilization from which a unit is worth its price, ``c / (unit * p)`` [1].

    Args:
        usd_per_hour: One unit, paid for every hour [USD/h].
        unit: Its capacity [request/s].
        usd_per_load: What the API charges for a load of 1 request/s in an hour [USD/h].
    """
    return usd_per_hour / (np.asarray(unit, dtype=float) * usd_per_load)


def base_units(load: Floats, unit: Number, usd_per_hour: Number, usd_per_load: Number) -> Number:
    """Return how many always-on units are worth having: the exact optimum, in closed form [1].

    Unit `k` is kept if and only if the utilization of layer `k` is at least
    `breakeven_utilization`; utilizations fall from layer to layer, so the units kept are the
    first ones.

    Args:
        load: Load of each hour [..., hours] [request/s].
        unit: Capacity of one unit [...] [request/s].
        usd_per_hour: One unit, paid for every hour [...] [USD/h].
        usd_per_load: Price of the API for 1 request/s in an hour [...] [USD/h].
    """
    smallest = float(np.min(np.asarray(unit, dtype=float)))
    count = layer_count(load, smallest)
    wide = np.asarray(unit, dtype=float)[..., None]
    used = layers_of(load, unit, count).mean(axis=-1) / wide
    needed = breakeven_utilization(usd_per_hour, unit, usd_per_load)
    kept: Number = np.sum(used >= np.asarray(needed)[..., None], axis=-1)
    return kept


def base_usd(
    load: Floats, units: Number, unit: Number, usd_per_hour: Number, usd_per_load: Number
) -> Number:
    """Return the cost of so many always-on units and the API for the rest [USD/h].

    ``units * c + p * mean(max(load - units * unit, 0))``; arguments as for `base_units`.
    """
    rest = overflow(load, np.asarray(units) * unit)
    total: Number = np.asarray(units) * usd_per_hour + usd_per_load * np.asarray(rest)
    return total


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """What serving each layer comes to.

    Args:
        net_usd: Cost of a layer's unit less what the API would have charged [layers, USD/h].
        served: Load that it serves in the average hour [layers, request/s].
        on: Hours in which it is on [layers, hours].
        awake: Share of the time in which it has something in flight [layers] [1].
    """

    net_usd: Floats
    served: Floats
    on: Flags
    awake: Floats

    @property
    def on_share(self) -> Floats:
        """Return the share of the hours in which each unit is on [layers] [1]."""
        share: Floats = self.on.mean(axis=-1)
        return share

    def part(self, first: int, end: int) -> Layers:
        """Return the same for the layers from `first` up to `end` only."""
        kept = slice(first, end)
        return Layers(
            net_usd=self.net_usd[kept],
            served=self.served[kept],
            on=self.on[kept],
            awake=self.awake[kept],
        )


def serve(layers: Floats, resource: Resource, usd_per_load: Number) -> Layers:
    """Return what it comes to when each layer has one unit of a resource.

    Args:
        layers: Load of each layer and hour [layers, hours] [request/s].
        resource: What the unit is.
        usd_per_load: Price of the API for 1 request/s in an hour [USD/h].
    """
    worth = resource.availability * (usd_per_load - resource.usd_per_load)
    saved = np.asarray(worth)[..., None] * layers
    awake = resource.awake(layers)
    hourly = np.asarray(resource.usd_per_hour, float)[..., None] + resource.awake_usd * awake
    start = np.broadcast_to(resource.lead_h * np.asarray(resource.usd_per_hour), saved.shape[:-1])
    if resource.by_the_hour:
        net, on = switched(hourly - saved, start)
    else:
        net, on = (hourly - saved).sum(axis=-1), np.ones(saved.shape, dtype=bool)
    served = resource.availability * np.where(on, layers, 0.0).mean(axis=-1)
    awake = np.where(on, awake, 0.0).mean(axis=-1)
    return Layers(net_usd=net / saved.shape[-1], served=served, on=on, awake=awake)


def switched(gain: Floats, start: Floats) -> tuple[Floats, Flags]:
    """Return the least cost of switching units on and off around a curve, and when they are on.

    A recursion over the hours with two states, solved once for either state before the first
    hour, so that the curve closes on itself. Exact.

    Args:
        gain: Cost of being on in an hour, negative where it pays [layers, hours] [USD].
        start: Cost of switching on [layers] [USD].
    """
    shape = (2, *gain.shape[:-1])  # the best that ends in the state it began in: off, on
    begun = np.zeros(shape, dtype=bool)
    begun[1] = True
    off, on = np.where(begun, np.inf, 0.0), np.where(begun, 0.0, np.inf)
    hours = np.moveaxis(gain, -1, 0)
    from_on = np.empty((len(hours), 2, *shape), dtype=bool)  # before, for off and on now
    for before, usd in zip(from_on, hours, strict=True):
        switched_on = off + start
        before[0], before[1] = on < off, on <= switched_on
        off, on = np.minimum(off, on), np.minimum(on, switched_on) + usd
    schedule, state = np.empty((len(hours), *shape), dtype=bool), begun
    for h in range(len(hours) - 1, -1, -1):
        schedule[h] = state
        state = np.where(state, from_on[h, 1], from_on[h, 0])
    cost = np.where(begun, on, off)
    cheaper = cost[1] < cost[0]
    best = np.where(cheaper, schedule[:, 1], schedule[:, 0])
    return np.where(cheaper, cost[1], cost[0]), np.ascontiguousarray(np.moveaxis(best, 0, -1))


# The exact mix of always-on units, units by the hour above them, and an API for the rest.
#
# The units of one kind are alike. Those of the two kinds may differ in size, because a seller rents
# whole servers and another single GPUs.

Overhead = Callable[[Floats, Floats], Floats]
"""Cost of looking after so many base and peak units [USD/h]; 0 for none at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """The mix.

    Args:
        base, peak: Units at the bottom that are paid for every hour, and above them by the hour.
        usd_per_hour: Cost of everything, the API and the overhead included [USD/h].
        base_units, peak_units: How many of either [1].
        floor: Load below which the base serves everything [request/s].
        api_load: What is left to the API in the average hour [request/s].
    """

    base: Layers
    peak: Layers
    usd_per_hour: float
    base_units: int
    peak_units: int
    floor: float
    api_load: float


def never_off(stack: Stack, unit: float) -> Stack:
    """Return a stack without base whose units by the hour that never stop are its base.

    They are the lowest ones and cost the same either way.

    Args:
        stack: The mix; all its units are of one size.
        unit: Capacity of one of them [request/s].
    """
    always = int(np.all(stack.peak.on, axis=-1).sum())
    return replace(
        stack,
        base=stack.peak.part(0, always),
        peak=stack.peak.part(always, stack.peak_units),
        base_units=always,
        peak_units=stack.peak_units - always,
        floor=always * unit,
    )


def no_overhead(base: Floats, peak: Floats) -> Floats:
    """Return nothing."""
    return np.zeros(np.broadcast(base, peak).shape)


def best_stack(
    load: Floats,
    base: Resource | None,
    peak: Resource | None,
    usd_per_load: float,
    overhead: Overhead = no_overhead,
    rate_cv: float = 0.0,
) -> Stack:
    """Return the cheapest mix. Exact: every number of base and of peak units is tried.

    Layers of the peak above a given base are worth less and less, so that so many peak units are
    always the lowest ones; which hours each is on has been settled layer by layer.

    Args:
        load: Load of each hour [hours] [request/s].
        base: Units that are paid for every hour; None for none.
        peak: Units by the hour; None for none.
        usd_per_load: Price of the API for 1 request/s in an hour [USD/h].
        overhead: Cost of looking after the units: engineers [USD/h].
        rate_cv: Standard deviation of the rate within an hour over its mean [1].
    """
    curve = load, rate_cv
    lower = _all_layers(curve, base, usd_per_load, 0.0)
    cost_below = np.concatenate([[0.0], np.cumsum(lower.net_usd)])
    uppers: dict[float, Layers] = {}
    found: tuple[float, int, int] | None = None
    for count, cost in enumerate(cost_below):
        upper, skipped = _above(curve, count, base, peak, usd_per_load, uppers)
        tried = cost + np.concatenate([[0.0], np.cumsum(upper.net_usd[skipped:])])
        above = np.arange(tried.size, dtype=float)
        tried = tried + overhead(np.full(tried.size, float(count)), above)
        best = int(np.argmin(tried))
        if found is None or tried[best] < found[0]:
            found = (float(tried[best]), count, best)
    assert found is not None
    return _stack(curve, (base, peak), usd_per_load, lower, uppers, found)


Curve = tuple[Floats, float]
"""Load of each hour [hours] [request/s], and how much its rate varies within [1]."""


def _all_layers(curve: Curve, kind: Resource | None, usd_per_load: float, floor: float) -> Layers:
    load, rate_cv = curve
    if kind is None:
        none = np.zeros(0)
        return Layers(
            net_usd=none, served=none, on=np.zeros((0, load.size), dtype=bool), awake=none
        )
    above = load if rate_cv > 0.0 else np.maximum(load - floor, 0.0)
    count = layer_count(above, kind.unit, rate_cv)
    return serve(layers_of(load, kind.unit, count, floor, rate_cv), kind, usd_per_load)


def _phase(count: int, base: Resource | None, peak: Resource) -> tuple[float, int]:
    """Return where the peak's layers begin above so many base units, and how many lie below."""
    floor = count * base.unit if base is not None else 0.0
    below = int(np.floor(floor / peak.unit + ROUND_OFF))
    return round(max(floor - below * peak.unit, 0.0), 9), below


def _above(
    curve: Curve,
    count: int,
    base: Resource | None,
    peak: Resource | None,
    usd_per_load: float,
    uppers: dict[float, Layers],
) -> tuple[Layers, int]:
    """Return the peak's layers at the phase of so many base units, and how many to skip."""
    if peak is None:
        return uppers.setdefault(0.0, _all_layers(curve, None, usd_per_load, 0.0)), 0
    phase, below = _phase(count, base, peak)
    if phase not in uppers:
        uppers[phase] = _all_layers(curve, peak, usd_per_load, phase)
    return uppers[phase], min(below, uppers[phase].net_usd.size)


def _stack(
    curve: Curve,
    kinds: tuple[Resource | None, Resource | None],
    usd_per_load: float,
    lower: Layers,
    uppers: dict[float, Layers],
    found: tuple[float, int, int],
) -> Stack:
    net, count, above = found
    base, peak = kinds
    load, _ = curve
    upper, skipped = _above(curve, count, base, peak, usd_per_load, uppers)
    below, over = lower.part(0, count), upper.part(skipped, skipped + above)
    own = float(below.served.sum() + over.served.sum())
    return Stack(
        base=below,
        peak=over,
        usd_per_hour=net + usd_per_load * float(load.mean()),
        base_units=count,
        peak_units=above,
        floor=count * base.unit if base is not None else 0.0,
        api_load=max(float(load.mean()) - own, 0.0),
    )
