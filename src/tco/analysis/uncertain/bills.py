"""The bills of some options for many draws of what is uncertain: the same formulas, on arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tco.analysis.options import Option, SelfOption, base_replica, fleet, lines
from tco.analysis.own_bill import own_bill
from tco.analysis.settings import Settings
from tco.analysis.uncertain.beliefs import THROUGHPUT, Belief
from tco.engine.ledger import total_usd
from tco.engine.replica import Replica
from tco.engine.shapes import Floats
from tco.engine.spread import midpoints, quantiles
from tco.engine.table import Axis, Places, interpolated, places

SIZING = (
    "workload.isl_factor",
    "workload.osl_factor",
    "workload.images_per_request",
    "workload.tokens_per_image",
    "workload.cached_share",
    "serving.max_tpot_s",
    "serving.max_concurrency",
    "serving.max_concurrency_large",
    "serving.max_ttft_s",
    "serving.kv_bytes",
    "serving.memory_share",
)
"""Settings that the search for the best batch depends on."""

NODES = {1: 257, 2: 49, 3: 21, 4: 11, 5: 7}
FEWEST = 4
"""Values of each axis of the table, by how many axes it has; of more than those so many."""

Draws = Mapping[str, Floats]

DRAWS_BY_HOUR = 1 << 10
"""Draws worked on at a time where each has the hours of a week, so that memory stays small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizing:
    """What one replica of a set-up sustains, over the range of what is uncertain.

    Args:
        rate: Logarithm of requests a second, before the factor on throughput [nodes].
        slots: Requests in flight at capacity [nodes].
    """

    rate: Floats
    slots: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Some options, ready to be priced for draws.

    The largest batch that a set-up runs within memory and latency is searched on a grid of the
    lengths and shares that are uncertain, and taken to be linear between (logarithm of the rate);
    everything else is worked out exactly for every draw.
    """

    options: tuple[Option, ...]
    settings: Settings
    axes: tuple[tuple[str, Axis], ...]
    sizing: Mapping[str, Sizing]


def model_of(options: Sequence[Option], settings: Settings, rows: Sequence[Belief]) -> Model:
    """Return the options with their tables of replicas."""
    axes = _axes(rows)
    own = [o for o in options if isinstance(o, SelfOption)]
    sized = {o.id: _sizing(o, settings, axes) for o in own} if axes else {}
    return Model(options=tuple(options), settings=settings, axes=axes, sizing=sized)


def _axes(rows: Sequence[Belief]) -> tuple[tuple[str, Axis], ...]:
    found = [row for row in rows if row.path in SIZING]
    out = []
    for row in found:
        # The outermost strata of the largest hypercube: no draw lies beyond.
        low, high = quantiles(row.spread, midpoints(1 << 16))[[0, -1]]
        log = row.path.endswith("_factor")
        out.append(
            (row.path, Axis(low=low, high=high, points=NODES.get(len(found), FEWEST), log=log))
        )
    return tuple(out)


def _sizing(option: SelfOption, settings: Settings, axes: Sequence[tuple[str, Axis]]) -> Sizing:
    mesh = np.meshgrid(*(axis.values for _, axis in axes), indexing="ij")
    at = {path: m.ravel() for (path, _), m in zip(axes, mesh, strict=True)}
    replica = base_replica(option, settings.with_values(at))
    shape = mesh[0].size
    with np.errstate(invalid="ignore"):
        rate = np.log(np.broadcast_to(replica.requests_per_s, shape))
    slots = np.broadcast_to(np.asarray(replica.slots, dtype=float), shape)
    return Sizing(rate=rate, slots=slots)


def usd(model: Model, draws: Draws) -> Floats:
    """Return the bills of all options for some draws [options, draws] [USD/month].

    Infinite where a set-up serves nothing.

    Args:
        model: The options.
        draws: Values by key of the belief [draws].
    """
    size = next(iter(draws.values())).size
    out = np.empty((len(model.options), size))
    at_once = DRAWS_BY_HOUR if by_hour(model.options) else size
    for start in range(0, size, at_once):
        part = slice(start, start + at_once)
        _price(model, {key: values[part] for key, values in draws.items()}, out[:, part])
    out[np.isnan(out)] = np.inf
    return out


def by_hour(options: Sequence[Option]) -> bool:
    """Return whether a fleet follows the hours, so that a bill is worked out for each of them."""
    return any(isinstance(o, SelfOption) and o.hours is not None for o in options)


def _price(model: Model, draws: Draws, out: Floats) -> None:
    """Write the bills of all options for some draws."""
    settings = drawn(model, draws)
    where = located(model, draws)
    for row, option in zip(out, model.options, strict=True):
        if isinstance(option, SelfOption):
            replica = replica_for(model, option, draws, where)
            bill = own_bill(option, settings, fleet(option, settings, replica))
        else:
            bill = lines(option, settings)
        row[:] = total_usd(bill)


def drawn(model: Model, draws: Draws) -> Settings:
    """Return the settings with the values drawn, those of single options left out."""
    return model.settings.with_values({k: v for k, v in draws.items() if k in model.settings})


def located(model: Model, draws: Draws) -> Places | None:
    """Return where the draws lie in the tables; None when there are none."""
    if not model.sizing:
        return None
    return places([axis for _, axis in model.axes], [draws[path] for path, _ in model.axes])


def replica_for(model: Model, option: SelfOption, draws: Draws, where: Places | None) -> Replica:
    """Return what one replica of a set-up sustains for each draw."""
    factor = draws.get(f"{THROUGHPUT}@{option.id}", model.settings.value(THROUGHPUT))
    if where is None:
        return base_replica(option, model.settings).scaled(factor)
    table = model.sizing[option.id]
    blank = np.full(1, np.nan)
    made = Replica(
        slots=interpolated(table.slots, where),
        requests_per_s=np.exp(interpolated(table.rate, where)),
        tpot_s=blank,
        memory_slots=blank,
        lone_tpot_s=blank,
        lone_request_s=blank,
    )
    return replace(made, requests_per_s=made.requests_per_s * factor)
