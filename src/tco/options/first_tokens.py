"""How long the first token takes, queue included, and the replicas that keep a promise of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from tco.engine.capacity import ttft_unqueued_s
from tco.engine.replica import FirstTokens, Replica, in_flight, request_s, speed_at
from tco.engine.shapes import ROUND_OFF, Flags, Floats, Number, number
from tco.errors import UsageError
from tco.options.settings import FACTOR, WITHIN, Settings, target, workload
from tco.options.setups import Shapes

if TYPE_CHECKING:
    from tco.engine.arrivals import Queue
    from tco.engine.gaps import Gaps

    Turns = tuple[Gaps | None, Floats | tuple[float, ...], Number]


def first_tokens(
    shapes: Shapes | None,
    settings: Settings,
    replica: Replica,
    needed: float,
    tries: float = 1.0,
    gaps: Gaps | None = None,
    factors: tuple[float, ...] = (),
) -> FirstTokens:
    """Return how long the first token takes in the busiest hour, with the queue.

    Args:
        shapes: The set-up; None where dimensions are not known.
        settings: Month, limits, how requests come.
        replica: What one replica sustains: numbers.
        needed: Replicas that share the load; a spare one may be down [1].
        tries: How often a request is asked [1].
        gaps: How long sessions wait between turns; None where requests belong to none.
        factors: What measurements multiply speeds by, as in `best_replica` [1].
    """
    if shapes is None:
        why_not = "the first token takes the dimensions of the model; a throughput alone was given"
        return FirstTokens(p50_s=None, p95_s=None, p99_s=None, why_not=why_not)
    rate, whole = workload(settings, tries).peak_requests_per_s, replica.open
    turns = (gaps, factors, settings.value(FACTOR))
    (one,) = _in_queue(shapes, settings, whole, np.reshape(rate, 1), np.array([needed]), turns)
    found = one()
    drifts = found.p50_s is not None and number(settings.value("workload.rate_cv")) > 0.0
    return replace(found, why_not=EVEN) if drifts else found


EVEN = "were the rate even within that hour (workload.rate_cv adds to it)"


def _in_queue(
    shapes: Shapes,
    settings: Settings,
    replica: Replica,
    rate: Floats,
    needed: Floats,
    turns: Turns,
) -> Sequence[Callable[[], FirstTokens]]:
    """Return what works out the first tokens of each case at some rate [cases] [request/s]."""
    gaps, factors, factor = turns
    if gaps is None:
        queues = queues_of(shapes, settings, replica, rate, needed)
        return [partial(_of_queue, queue) for queue in queues]
    from tco.options.sessions import turns_in_queue

    return turns_in_queue(shapes, settings, gaps, factors, factor, replica, rate / needed)


@lru_cache(maxsize=16_384)
def _of_queue(queue: Queue) -> FirstTokens:
    return queue.first_tokens()


PARTS = 64.0
"""What the load at which first tokens are in time is found to, by bisection: whole parts, so many
of which are what a replica is loaded with at most [1]."""

MOST_QUEUES = 25_000
"""Replicas whose queues are worked out for one answer: all set-ups of a catalog, 10 s [1]."""


OF_QUEUES = ("serving.headroom", "latency.input_cv", "latency.output_cv", "serving.peakedness")


def in_time(
    best: Replica, shapes: Shapes, settings: Settings, turns: Turns, tries: Number = 1.0
) -> Replica:
    """Return replicas with as much load as keeps the first token in time for those promised.

    In the fleet that the volume takes then. Where that varies or is not known a replica is looked
    at alone: among several fewer requests wait, so that a fleet keeps more than it promises.

    Args:
        best: What replicas sustain whatever their queue.
        shapes, settings: The set-ups.
        turns: How long sessions wait between turns, None where requests belong to none; what
            measurements multiplied speeds by, and what else did [1].
        tries: How often a request is asked [1].

    Raises:
        UsageError: So many cases that their queues take too long.
    """
    peak, gaps = _peak(settings, tries), turns[0]
    numbers = (best.slots, best.requests_per_s, best.sessions, peak)
    said = [settings.value(name) for name in (OF_QUEUES if gaps is None else OF_QUEUES[:1])]
    try:
        waits = () if gaps is None else _what_waits(settings, gaps)
        key = (shapes, turns, target(settings), waits, *map(number, numbers), *said)
        found = _KNOWN.get(key)
    except TypeError:  # arrays have no hash
        return _in_time(best, shapes, settings, turns, peak)
    if found is None:
        _KNOWN[key] = found = _in_time(best, shapes, settings, turns, peak)
        if len(_KNOWN) > MOST_KNOWN:
            del _KNOWN[next(iter(_KNOWN))]
    return found


def _what_waits(settings: Settings, gaps: Gaps) -> tuple[object, object]:
    from tco.options.sessions import what_waits

    return what_waits(settings, gaps)


MOST_KNOWN = 128
_KNOWN: dict[tuple[Any, ...], Replica] = {}
"""One bill after another asks for the same replica."""


def _cases(best: Replica, settings: Settings, peak: Number) -> Replica:
    """Return the replicas as arrays of one shape; the arguments and what is raised as above."""
    columns = {f.name: np.asarray(getattr(best, f.name), dtype=float) for f in fields(Replica)}
    varied = (*columns.values(), *(settings.value(name) for name in OF_QUEUES), peak)
    shape = np.broadcast_shapes(*map(np.shape, varied))
    wide = Replica(**{name: np.broadcast_to(x, shape) for name, x in columns.items()})
    if (many := np.count_nonzero(wide.feasible)) > MOST_QUEUES:
        by = next(settings[n].source for n in WITHIN if settings.given(n))
        raise UsageError(
            f"{by}: the queues of {many:,} cases take too long, at most {MOST_QUEUES:,}: "
            "name a model or GPUs"
        )
    return wide


def _peak(settings: Settings, tries: Number) -> Number:
    """Return the requests of the busiest hour; not a number where the volume varies [request/s]."""
    if np.ndim(workload(settings).tokens_per_month):
        return np.nan
    return workload(settings, tries).peak_requests_per_s


def _in_time(
    best: Replica, shapes: Shapes, settings: Settings, turns: Turns, peak: Number
) -> Replica:
    wide = _cases(best, settings, peak)
    usable = np.asarray(wide.feasible)
    shape, most = usable.shape, np.minimum(settings.value("serving.headroom"), 1.0)
    peak, within = np.broadcast_to(peak, shape), target(settings).within

    def kept(part: Floats, limited: Flags) -> Flags:
        alone = part * np.asarray(wide.requests_per_s)
        needed = np.fmax(np.ceil(peak / alone - ROUND_OFF), 1.0)
        rate = np.where(np.isfinite(peak), peak, alone)
        told, ok = _in_queue(shapes, settings, wide, rate, needed, turns), np.zeros(shape, bool)
        for i in np.flatnonzero(limited).tolist():
            first = told[i]()
            at = {0.5: first.p50_s, 0.95: first.p95_s, 0.99: first.p99_s}
            ok.flat[i] = all((s := at[x]) is not None and s <= top for x, top in within)
        return ok

    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        late = usable & ~kept(most, usable)
        some = late & kept(most / PARTS, late)
        low, high = np.where(some, 1.0, 0.0), np.full(shape, PARTS)
        while np.any(open_ := some & (high - low > 1.0)):
            middle = np.floor((low + high) / 2.0)
            ok = kept(most * middle / PARTS, open_)
            low, high = np.where(ok, middle, low), np.where(ok, high, middle)
        return _loaded(wide, np.where(late, low / PARTS, 1.0))


def _loaded(full: Replica, part: Floats) -> Replica:
    """Return replicas with a part of their load [1]: where it is 0 they serve nothing."""
    serves, cut = part > 0.0, part < 1.0
    rate = np.where(serves, part, np.nan) * full.requests_per_s
    slots = np.maximum(np.ceil(in_flight(rate, full)), 1.0)
    faster = np.minimum(slots / rate / (full.slots / full.requests_per_s), 1.0)
    less = {
        "slots": np.where(serves, slots, 0.0),
        "requests_per_s": rate,
        "tpot_s": full.tpot_s * faster,
        "ttft_s": np.where(serves, full.ttft_s, np.nan),
        "sessions": full.sessions * np.where(serves, part, 1.0),
        "admits": np.where(serves, full.slots, np.nan),
        "admits_per_s": np.where(serves, full.requests_per_s, np.nan),
    }
    made = {name: np.where(cut, x, getattr(full, name))[()] for name, x in less.items()}
    return replace(full, **made)


def queues_of(
    shapes: Shapes, settings: Settings, replica: Replica, rate: Floats, needed: Floats
) -> list[Queue]:
    """Return replicas as requests meet them at some rate [request/s], one a case.

    Args:
        shapes, settings, replica: As above.
        rate: Requests that come to all replicas [cases] [request/s].
        needed: Replicas that share them [cases] [1].
    """
    from tco.engine.arrivals import Queue  # a comparison asks for none

    goal, slots = target(settings), replica.slots
    batch = np.minimum(np.maximum(in_flight(rate / needed, replica), 1.0), slots)
    now = speed_at(*shapes, goal, batch)
    faster = replica.requests_per_s / speed_at(*shapes, goal, slots).requests_per_s
    columns = {
        "requests_per_s": rate,
        "replicas": needed,
        "slots": slots,
        "alone_s": request_s(replica),
        "full_s": slots / replica.requests_per_s,
        "prefill_s": now.prefill_s / faster,
        "step_s": now.step_s / faster,
        "before_s": np.maximum(ttft_unqueued_s(shapes[2], shapes[3], now) - now.prefill_s, 0.0)
        / faster,
        "input_cv": settings.value("latency.input_cv"),
        "output_cv": settings.value("latency.output_cv"),
        "peakedness": np.maximum(settings.value("serving.peakedness"), 1.0),
    }
    each = [np.broadcast_to(x, rate.shape).ravel().tolist() for x in columns.values()]
    return [Queue(**dict(zip(columns, case, strict=True))) for case in zip(*each, strict=True)]
