"""How long the first token takes, queue included, and the replicas that keep a promise of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from tco.engine.capacity import ttft_unqueued_s
from tco.engine.fleet import replicas_for
from tco.engine.replica import FirstTokens, Replica, in_flight, request_s, speed_at
from tco.engine.shapes import ROUND_OFF, Flags, Floats, Number, number
from tco.errors import UsageError
from tco.options.settings import FACTOR, WITHIN, Settings, fleet_policy, target, workload
from tco.options.setups import Shapes
from tco.records import mapped, remember

if TYPE_CHECKING:
    from tco.engine.arrivals import Queue
    from tco.engine.gaps import Gaps
    from tco.options.bills import SelfOption

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
    shapes: Shapes, settings: Settings, replica: Replica, rate: Floats, needed: Floats, turns: Turns
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


PARTS, FINE = 64.0, 1024.0
"""What the load at which first tokens are in time is found to, by bisection: whole parts, so many
of which are what a replica is loaded with at most; the second of curves [1]."""

MOST_QUEUES = 25_000
"""Replicas whose queues are worked out for one answer: all set-ups of a catalog, 10 s [1]."""


MOST_VOLUMES = 1_000
"""Volumes up to which each has a fleet whose queue is worked out; replicas of more, each alone."""

OF_QUEUES = ("serving.headroom", "latency.input_cv", "latency.output_cv", "serving.peakedness")


def in_time(
    best: Replica, shapes: Shapes, settings: Settings, turns: Turns, tries: Number = 1.0
) -> Replica:
    """Return replicas with as much load as keeps the first token in time for those promised.

    In the fleet that the volume takes then. Of very many volumes a replica is looked at alone:
    among several fewer requests wait, so that a fleet keeps more than it promises.

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
        waits: Any = ()
        if gaps is not None:
            from tco.options.sessions import what_waits  # few questions are about them

            waits = what_waits(settings, gaps)
        of = (fleet_policy(settings), target(settings), waits, *said)
        found = _KNOWN.get(key := (shapes, turns, *map(number, numbers), *of))
    except TypeError:  # arrays have no hash
        return _in_time(best, shapes, settings, turns, peak)
    if found is None:
        found = remember(_KNOWN, key, _in_time(best, shapes, settings, turns, peak), MOST_KNOWN)
    return found


MOST_KNOWN = 128
_KNOWN: dict[tuple[Any, ...], Replica] = {}
"""One bill after another asks for the same replica."""


def _cases(best: Replica, settings: Settings, peak: Number) -> Replica:
    """Return the replicas as arrays of one shape; the arguments and what is raised as above."""
    columns = (getattr(best, name) for name in Replica.__dataclass_fields__)
    varied = (*columns, *(settings.value(name) for name in OF_QUEUES), peak)
    shape = np.broadcast_shapes(*map(np.shape, varied))
    wide = mapped(best, lambda value: np.broadcast_to(np.asarray(value, dtype=float), shape))
    if (many := np.count_nonzero(wide.feasible)) > MOST_QUEUES:
        by = next(settings[n].source for n in WITHIN if settings.given(n))
        raise UsageError(
            f"{by}: the queues of {many:,} cases take too long, at most {MOST_QUEUES:,}: "
            "name a model or GPUs"
        )
    return wide


def _peak(settings: Settings, tries: Number) -> Number:
    """Return the requests of the busiest hour; not a number of very many volumes [request/s]."""
    if np.size(workload(settings).tokens_per_month) > MOST_VOLUMES:
        return np.nan
    return workload(settings, tries).peak_requests_per_s


def _in_time(
    best: Replica, shapes: Shapes, settings: Settings, turns: Turns, peak: Number
) -> Replica:
    peak, policy = np.asarray(peak, dtype=float), fleet_policy(settings)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        rate = np.fmax(peak, best.requests_per_s * ROUND_OFF)
        least = replicas_for(rate / best.requests_per_s, best.staffed, policy)
        wide = _cases(best, settings, least)
        alone, usable = np.asarray(wide.requests_per_s), np.asarray(wide.feasible)
        most, keeps = np.minimum(policy.headroom, 1.0), _keeps(wide, shapes, settings, turns)

        def fullest(among: float, usable: Flags) -> Floats:
            every = np.full(usable.shape, among)
            return _largest(lambda x, some: keeps(every * x * alone, every, some), usable, most)

        if not np.isfinite(peak).any():  # alone, or else among as many as are looked at
            part = fullest(1.0, usable)
            return _loaded(wide, np.where(part > 0.0, part, fullest(SIZES[-1], part == 0.0)))
        rate, fewest = (np.broadcast_to(x, usable.shape) for x in (rate, least))
        needed = _fewest(lambda n, some: keeps(rate, n, some), usable, fewest)
        part = np.minimum(rate / (most * alone * needed), 1.0)
        return _loaded(wide, np.where(needed > fewest, np.nan_to_num(part), 1.0))


def _fewest(kept: Callable[[Floats, Flags], Flags], usable: Flags, fewest: Floats) -> Floats:
    """Return the fewest replicas of which all is kept, to a whole part of `PARTS`; else infinite.

    Args:
        kept: What says so of some replicas.
        fewest: Those that the load takes whatever its queue [1].
    """
    most = np.fmax(fewest, 1.0) * PARTS
    late = usable & ~kept(fewest, usable)
    some = late & kept(most, late)
    low, high = np.where(some, fewest, 1.0), np.where(some, most, 1.0)
    while np.any(open_ := some & (high - low > np.fmax(1.0, low / PARTS))):
        middle = np.ceil((low + high) / 2.0)
        ok = kept(middle, open_)
        low, high = np.where(open_ & ~ok, middle, low), np.where(open_ & ok, middle, high)
    return np.where(some, high, np.where(late, np.inf, fewest))


def _keeps(
    wide: Replica, shapes: Shapes, settings: Settings, turns: Turns
) -> Callable[[Floats, Floats, Flags], Flags]:
    """Return what says of cases at a rate [request/s] and replicas [1] whether all is kept."""
    within = target(settings).within

    def keeps(rate: Floats, needed: Floats, limited: Flags) -> Flags:
        told = _in_queue(shapes, settings, wide, rate, needed, turns)
        ok = np.zeros(limited.shape, bool)
        for i in np.flatnonzero(limited).tolist():
            first = told[i]()
            at = {0.5: first.p50_s, 0.95: first.p95_s, 0.99: first.p99_s}
            ok.flat[i] = all((s := at[x]) is not None and s <= top for x, top in within)
        return ok

    return keeps


def _largest(
    kept: Callable[[Floats, Flags], Flags], usable: Flags, most: Number, parts: float = PARTS
) -> Floats:
    """Return the largest part of the most that is kept; 0 where none is, 1 where all is [1]."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        late = usable & ~kept(most * np.ones(usable.shape), usable)
        some = late & kept(most / parts * np.ones(usable.shape), late)
        low, high = np.where(some, 1.0, 0.0), np.full(usable.shape, parts)
        while np.any(open_ := some & (high - low > 1.0)):
            middle = np.floor((low + high) / 2.0)
            ok = kept(most * middle / parts, open_)
            low, high = np.where(ok, middle, low), np.where(ok, high, middle)
        return np.where(late, low / parts, 1.0)


SIZES = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 16.0, 24.0, 32.0, 48.0])
"""Replicas that share a queue for which it is worked out; between two it lies on a line [1]."""


def fullness(option: SelfOption, settings: Settings, count: int) -> tuple[Replica, Floats]:
    """Return replicas whatever their queue, and how full fleets of `SIZES` may be [cases, sizes].

    A bill is sized for its own volume; a curve has to know it of each size of a fleet. A larger
    one, whose free slots are anyone's, may be fuller.

    Args:
        option: The set-up, no given throughput.
        settings: Each value a number or a column [cases, 1].

    Returns:
        The share is over the headroom [1].
    """
    from tco.options.bills import replica_of, shapes_of  # which ask here what a replica keeps

    full = replica_of(option, settings.with_values(dict.fromkeys(WITHIN, 0.0)))
    shapes = shapes_of(option, settings)
    assert shapes is not None
    wide = _cases(full, settings, SIZES[None, :])
    usable = np.asarray(wide.feasible)
    most = np.broadcast_to(np.minimum(settings.value("serving.headroom"), 1.0), usable.shape)
    turns = (option.gaps, option.speed_factors, target(settings).speed)
    keeps = _keeps(wide, shapes, settings, turns)

    def kept(part: Floats, limited: Flags) -> Flags:
        return keeps(part * SIZES * np.asarray(wide.requests_per_s), SIZES + 0.0 * part, limited)

    found = np.maximum.accumulate(_largest(kept, usable, most, FINE), axis=-1)
    return full, np.broadcast_to(found, (count, SIZES.size))


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
