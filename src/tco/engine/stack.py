"""The exact mix of always-on units, units by the hour above them, and an API for the rest.

The units of one kind are alike; within it every layer takes the resource that serves it most
cheaply (reserved, owned, on demand, spot: the merit order). Units of the two kinds may differ in
size, because a seller rents whole servers and another single GPUs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tco.engine.hybrid import Layers, Resource, layer_count, layers_of, serve
from tco.engine.shapes import ROUND_OFF, Floats, Indices

Overhead = Callable[[Floats, Floats], Floats]
"""Cost of looking after so many base and peak units [USD/h]; 0 for none at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Units of one size, and the ways to pay for one.

    Args:
        unit: Capacity of one unit [request/s].
        resources: Ways to pay for it; a layer takes the cheapest.
    """

    unit: float
    resources: Sequence[Resource]


@dataclass(frozen=True, slots=True, kw_only=True)
class Merit:
    """What serving each layer with its best resource comes to.

    Args:
        which: Index of that resource [layers].
        layers: What it comes to; arrays over layers.
    """

    which: Indices
    layers: Layers

    def part(self, first: int, end: int) -> Merit:
        """Return the same for the layers from `first` up to `end` only."""
        kept = slice(first, end)
        layers = Layers(
            net_usd=self.layers.net_usd[kept],
            served=self.layers.served[kept],
            on=self.layers.on[kept],
        )
        return Merit(which=self.which[kept], layers=layers)


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

    base: Merit
    peak: Merit
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
    always = int(np.all(stack.peak.layers.on, axis=-1).sum())
    return replace(
        stack,
        base=stack.peak.part(0, always),
        peak=stack.peak.part(always, stack.peak_units),
        base_units=always,
        peak_units=stack.peak_units - always,
        floor=always * unit,
    )


def merit_order(layers: Floats, resources: Sequence[Resource], usd_per_load: float) -> Merit:
    """Return for each layer the resource that serves it at the least cost.

    Args:
        layers: Load of each layer and hour [layers, hours] [request/s].
        resources: Ways to pay for a unit.
        usd_per_load: Price of the API for 1 request/s in an hour [USD/h].
    """
    ways = [serve(layers, resource, usd_per_load) for resource in resources]
    if not ways:
        none = np.zeros(0)
        nothing = Layers(net_usd=none, served=none, on=np.zeros((0, layers.shape[-1]), dtype=bool))
        return Merit(which=np.zeros(0, dtype=np.int64), layers=nothing)
    which = np.argmin(np.stack([way.net_usd for way in ways]), axis=0)
    row = np.arange(which.size)
    best = Layers(
        net_usd=np.stack([way.net_usd for way in ways])[which, row],
        served=np.stack([way.served for way in ways])[which, row],
        on=np.stack([way.on for way in ways])[which, row],
    )
    return Merit(which=which.astype(np.int64), layers=best)


def no_overhead(base: Floats, peak: Floats) -> Floats:
    """Return nothing."""
    return np.zeros(np.broadcast(base, peak).shape)


def best_stack(
    load: Floats,
    base: Kind | None,
    peak: Kind | None,
    usd_per_load: float,
    overhead: Overhead = no_overhead,
    max_api_load: float = np.inf,
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
        max_api_load: Most load that may go to the API in the average hour; exact without `peak`,
            whose hours are settled before it is looked at [request/s].
    """
    lower = _all_layers(load, base, usd_per_load, 0.0)
    cost_below = np.concatenate([[0.0], np.cumsum(lower.layers.net_usd)])
    uppers: dict[float, Merit] = {}
    found: tuple[float, int, int] | None = None
    for count, cost in enumerate(cost_below):
        upper, skipped = _above(load, count, base, peak, usd_per_load, uppers)
        tried = cost + np.concatenate([[0.0], np.cumsum(upper.layers.net_usd[skipped:])])
        above = np.arange(tried.size, dtype=float)
        tried = tried + overhead(np.full(tried.size, float(count)), above)
        if np.isfinite(max_api_load):
            tried = np.where(
                _left(load, lower, count, upper, skipped) <= max_api_load, tried, np.inf
            )
        best = int(np.argmin(tried))
        if found is None or tried[best] < found[0]:
            found = (float(tried[best]), count, best)
    assert found is not None
    return _stack(load, (base, peak), usd_per_load, lower, uppers, found)


def _all_layers(load: Floats, kind: Kind | None, usd_per_load: float, floor: float) -> Merit:
    if kind is None:
        return merit_order(np.zeros((0, load.size)), (), usd_per_load)
    count = layer_count(np.maximum(load - floor, 0.0), kind.unit)
    return merit_order(layers_of(load, kind.unit, count, floor), kind.resources, usd_per_load)


def _phase(count: int, base: Kind | None, peak: Kind) -> tuple[float, int]:
    """Return where the peak's layers begin above so many base units, and how many lie below."""
    floor = count * base.unit if base is not None else 0.0
    below = int(np.floor(floor / peak.unit + ROUND_OFF))
    return round(max(floor - below * peak.unit, 0.0), 9), below


def _above(
    load: Floats,
    count: int,
    base: Kind | None,
    peak: Kind | None,
    usd_per_load: float,
    uppers: dict[float, Merit],
) -> tuple[Merit, int]:
    """Return the peak's layers at the phase of so many base units, and how many to skip."""
    if peak is None:
        return uppers.setdefault(0.0, _all_layers(load, None, usd_per_load, 0.0)), 0
    phase, below = _phase(count, base, peak)
    if phase not in uppers:
        uppers[phase] = _all_layers(load, peak, usd_per_load, phase)
    return uppers[phase], min(below, uppers[phase].which.size)


def _left(load: Floats, lower: Merit, count: int, upper: Merit, skipped: int) -> Floats:
    """Return what is left to the API for each number of peak units [peak units] [request/s]."""
    below = lower.layers.served[:count].sum()
    above = np.concatenate([[0.0], np.cumsum(upper.layers.served[skipped:])])
    left: Floats = load.mean() - below - above
    return left


def _stack(
    load: Floats,
    kinds: tuple[Kind | None, Kind | None],
    usd_per_load: float,
    lower: Merit,
    uppers: dict[float, Merit],
    found: tuple[float, int, int],
) -> Stack:
    net, count, above = found
    base, peak = kinds
    upper, skipped = _above(load, count, base, peak, usd_per_load, uppers)
    below, over = lower.part(0, count), upper.part(skipped, skipped + above)
    own = float(below.layers.served.sum() + over.layers.served.sum())
    return Stack(
        base=below,
        peak=over,
        usd_per_hour=net + usd_per_load * float(load.mean()),
        base_units=count,
        peak_units=above,
        floor=count * base.unit if base is not None else 0.0,
        api_load=max(float(load.mean()) - own, 0.0),
    )
