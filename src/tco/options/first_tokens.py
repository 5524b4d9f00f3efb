"""How long the first token takes, queue included, and the replicas that keep a promise of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tco.engine.capacity import ttft_unqueued_s
from tco.engine.replica import FirstTokens, Replica, in_flight, request_s, speed_at
from tco.engine.shapes import ROUND_OFF, number
from tco.errors import UsageError
from tco.options.bills import Shapes
from tco.options.settings import WITHIN, Settings, target, workload

if TYPE_CHECKING:
    from tco.engine.arrivals import Queue
    from tco.engine.gaps import Gaps


def first_tokens(
    shapes: Shapes | None,
    settings: Settings,
    replica: Replica,
    needed: float,
    tries: float = 1.0,
    gaps: Gaps | None = None,
) -> FirstTokens:
    """Return how long the first token takes in the busiest hour, with the queue.

    Args:
        shapes: The set-up; None where dimensions are not known.
        settings: Month, limits, how requests come.
        replica: What one replica sustains: numbers.
        needed: Replicas that share the load; a spare one may be down [1].
        tries: How often a request is asked [1].
        gaps: How long sessions wait between turns; None where requests belong to none.
    """
    if shapes is None:
        why_not = "the first token takes the dimensions of the model; a throughput alone was given"
        return FirstTokens(p50_s=None, p95_s=None, p99_s=None, why_not=why_not)
    rate, whole = number(workload(settings, tries).peak_requests_per_s), replica.open
    return _in_queue(shapes, settings, whole, rate, needed, gaps)


def _in_queue(
    shapes: Shapes,
    settings: Settings,
    replica: Replica,
    rate: float,
    needed: float,
    gaps: Gaps | None,
) -> FirstTokens:
    """Return how long the first token takes at some rate [request/s], the arguments as above."""
    if gaps is None or np.isnan(number(replica.sessions)):
        return queue_of(shapes, settings, replica, rate, needed).first_tokens()
    from tco.options.sessions import first_tokens_of_turns

    return first_tokens_of_turns(shapes, settings, gaps, replica, rate / needed)


HALVINGS = 6
"""How often the load is halved at which first tokens are in time: to a sixtieth [1]."""

MOST_QUEUES = 5_000
"""Replicas whose queues are worked out for one answer: a minute of work."""


def in_time(best: Replica, shapes: Shapes, settings: Settings, gaps: Gaps | None = None) -> Replica:
    """Return replicas with as much load as keeps the first token in time for those promised.

    In the fleet that the volume takes then. Where that varies or is not known a replica is looked
    at alone: among several fewer requests wait, so that a fleet keeps more than it promises.

    Args:
        best: What replicas sustain whatever their queue.
        shapes, settings, gaps: The set-ups, and how long sessions wait.

    Raises:
        UsageError: So many cases that their queues take too long.
    """
    names = [f.name for f in fields(Replica)]
    wide = np.broadcast_arrays(*(np.asarray(getattr(best, n), dtype=float) for n in names))
    shape, within = wide[0].shape, target(settings).within
    if wide[0].size > MOST_QUEUES:
        by = next(settings[n].source for n in WITHIN if settings.given(n))
        raise UsageError(f"{by}: a percentile of the first token is no limit of so many draws")
    columns = {n: column.ravel().copy() for n, column in zip(names, wide, strict=True)}
    for i in np.flatnonzero(columns["slots"] >= 1.0).tolist():
        one = Replica(**{n: float(column[i]) for n, column in columns.items()})
        here = (*(_case(s, i, shape) for s in shapes[:3]), shapes[3])
        held = _held(one, here, settings, gaps, within)
        for n, column in columns.items():
            column[i] = number(getattr(held, n))
    return Replica(**{n: column.reshape(shape)[()] for n, column in columns.items()})


def _case(record: Any, i: int, shape: tuple[int, ...]) -> Any:
    """Return one case of a record of arrays."""
    cases = {f.name: np.broadcast_to(getattr(record, f.name), shape) for f in fields(record)}
    return replace(record, **{n: column.flat[i].item() for n, column in cases.items()})


def _held(
    one: Replica,
    shapes: Shapes,
    settings: Settings,
    gaps: Gaps | None,
    within: Sequence[tuple[float, float]],
) -> Replica:
    """Return one replica with as much load as keeps what is promised: none where nothing does."""

    peak, full = np.asarray(workload(settings).peak_requests_per_s), number(one.requests_per_s)

    def kept(part: float) -> bool:
        known = peak.ndim == 0 and np.isfinite(peak)
        needed = max(float(np.ceil(peak / (part * full) - ROUND_OFF)), 1.0) if known else 1.0
        rate = float(peak) if known else part * full
        told = _in_queue(shapes, settings, one, rate, needed, gaps)
        at = {0.5: told.p50_s, 0.95: told.p95_s, 0.99: told.p99_s}
        return all((s := at[level]) is not None and s <= most for level, most in within)

    most = min(number(settings.value("serving.headroom")), 1.0)
    if kept(most):
        return one
    low, high = 0.0, most
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if kept(middle) else (low, middle)
    if low == 0.0:
        return replace(one, slots=0.0)
    part = low / most
    rate = part * full
    slots = max(float(np.ceil(number(in_flight(rate, one)))), 1.0)
    return replace(
        one,
        slots=slots,
        requests_per_s=rate,
        tpot_s=number(one.tpot_s) * min(slots / rate / (one.slots / one.requests_per_s), 1.0),
        sessions=number(one.sessions) * part,
        admits=number(one.slots),
        admits_per_s=full,
    )


def queue_of(
    shapes: Shapes, settings: Settings, replica: Replica, rate: float, needed: float
) -> Queue:
    """Return replicas as requests meet them at some rate [request/s], the arguments as above."""
    from tco.engine.arrivals import Queue  # a comparison asks for none

    goal, slots = target(settings), number(replica.slots)
    batch = min(max(number(in_flight(rate / needed, replica)), 1.0), slots)
    now = speed_at(*shapes, goal, batch)
    faster = number(replica.requests_per_s) / number(speed_at(*shapes, goal, slots).requests_per_s)
    prefill = number(now.prefill_s) / faster
    alone = number(ttft_unqueued_s(shapes[2], shapes[3], now)) / faster
    return Queue(
        requests_per_s=rate,
        replicas=needed,
        slots=slots,
        alone_s=number(request_s(replica)),
        full_s=slots / number(replica.requests_per_s),
        prefill_s=prefill,
        step_s=number(now.step_s) / faster,
        before_s=max(alone - prefill, 0.0),
        input_cv=number(settings.value("latency.input_cv")),
        output_cv=number(settings.value("latency.output_cv")),
        peakedness=max(number(settings.value("serving.peakedness")), 1.0),
    )
