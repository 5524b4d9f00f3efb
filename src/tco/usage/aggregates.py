"""The aggregates of the canonical table: everything that a profile or a bill needs, and no rows.

Which those are stands once, in `tco.usage.expressions`; an engine is asked for them by name, and
what it says is folded further with numpy.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

import numpy as np

from tco.records import dataclass
from tco.usage.counted import PREFILL, STEP_S, TOKENS_PER_S
from tco.usage.rows import WRITES, UsageRow
from tco.usage.store import columns, plain

HOUR_S, DAY_S = 3_600, 86_400
NAMES = ("model", "provider", "region", "service")
BY = ("team", "project", "key", "tag")
SUMS = (
    *("n", "input", "read", *WRITES, "output", "reasoning", "usd_nano"),
    *("read_estimate", "searches", "image_input"),
)
REUSE_GAPS_S = (1, 10, 30, 100, 300, 1000, 3600, 86_400)

FLIGHT_SHARES = (0.5, 0.9, 0.99, 0.999)
"""Shares of the requests that find at most so many others in flight."""

Arrays = dict[str, Any]


class Flight(NamedTuple):
    """Requests in flight of a model.

    Args:
        found: What `FLIGHT_SHARES` of the requests find.
        mean: Over the time from the first to the last of them.
        starts: Requests.
    """

    found: list[float]
    mean: float
    starts: int


Flights = dict[str, Flight]


@dataclass(frozen=True, slots=True)
class Distributions:
    """What only requests tell, by model.

    Args:
        inputs: Requests by model, service and exact input: `model`, `service`, `k`, and sums.
        outputs: Requests by model and exact output: `model`, `k`, `n`.
        hours: Requests by model and hour since 1970: `model`, `hour`, `n`.
        busiest: Requests of the busiest second and minute, by model; "" for all together.
        logged: Requests in flight as logged, by model, "" for all; None where no end is logged.
        virtual: The same had each request its time at one of `TOKENS_PER_S`.
        reuse: Input tokens by model and gap since the session's last request: `model`, `gap`,
            `tokens`; None without sessions.
        tens: Variance over mean of the requests in 10 s within their hour, by model; "" for all.
    """

    inputs: Arrays
    outputs: Arrays
    hours: Arrays
    busiest: dict[str, dict[str, int]]
    logged: Flights | None
    virtual: tuple[Flights, ...]
    reuse: Arrays | None
    tens: dict[str, float] = field(default_factory=dict)


class Engine(Protocol):
    """What holds the canonical table: DuckDB here, or a warehouse."""

    def keep(self, without: Collection[str] = ()) -> None:
        """Have nothing in some columns from now on: what no question asks for costs nothing."""

    def ask(self, name: str, *, edges: Sequence[int] = (), hourly: Sequence[str] = ()) -> Arrays:
        """Return what a query of `expressions` finds."""


def cells(
    engine: Engine, *, by: Sequence[str] = (), edges: Sequence[int] = (), hourly: Sequence[str] = ()
) -> Arrays:
    """Return sums over good rows by model and by whatever changes their price.

    Args:
        engine: What has the canonical table.
        by: Of `BY`, what they are kept apart by besides.
        edges: Limits of context tiers: rows over different ones are kept apart [token].
        hourly: Models whose price depends on the hour; the others are summed by the day.
    """
    engine.keep(without={*BY} - {*by})
    return filled(engine.ask("cells", edges=edges, hourly=hourly))


TEXTS = (*NAMES, *BY)


def filled(found: Arrays) -> Arrays:
    """Return cells without masks: 0 for no count, -1 for no time, an empty text for no name."""
    size = len(found["model"])
    out: Arrays = {}
    for name in (*TEXTS, *(k for k in found if k not in TEXTS)):
        values = found.get(name, np.full(size, None, dtype=object))
        if name in TEXTS:
            out[name] = np.array([v or "" for v in plain(name, values)], dtype=object)
        else:
            out[name] = plain(name, values)
    out["service"] = np.array([s or "standard" for s in out["service"]], dtype=object)
    return out


def cells_of(rows: Iterable[UsageRow], edges: Sequence[int] = ()) -> Arrays:
    """Return rows that are buckets already as cells, each by itself."""
    some = list(rows)
    if not some:
        return {k: v[:0] for k, v in cells_of([UsageRow(model="", input=0, output=0)]).items()}
    found = columns(some)
    at = {name: np.ma.getmaskarray(found[name]) for name in ("usd_nano", "read", "n", "reasoning")}
    found["failed"] = plain("status", found["status"]) >= 400
    found["stated"], found["unsplit"] = ~at["usd_nano"], at["read"]
    found["uncounted"], found["unthought"] = at["n"], at["reasoning"]
    requests = plain("n", found["n"])
    each = np.where(
        (found["bucket_s"] == 0) | (requests < 1),
        found["input"],
        found["input"] // np.maximum(requests, 1),
    )
    found["tier"] = np.searchsorted(np.asarray(edges), each, side="left") if edges else 0 * each
    return filled(found)


def distributions(
    engine: Engine, sums: Mapping[str, int], speeds: Sequence[int] = TOKENS_PER_S
) -> Distributions | None:
    """Return what only requests tell; None where every row is a bucket or has no time.

    Args:
        engine: What has the canonical table.
        sums: Sums over all rows, by which columns are left out that have nothing.
        speeds: Of `TOKENS_PER_S`, those at which requests in flight are counted [token/s].
    """
    empty = {k for k in ("read", *WRITES, "reasoning") if not sums.get(k)}
    engine.keep(without={*BY, *empty})
    told = {name: int(values[0]) for name, values in engine.ask("span").items()}
    if not told["calls"]:
        return None
    inputs = {k: v for k, v in engine.ask("inputs").items() if k not in empty}
    starts = _by_model(engine.ask("tens"))
    return Distributions(
        inputs=inputs,
        outputs=engine.ask("outputs"),
        hours=_hours(starts),
        busiest=_busiest(engine.ask("busiest"), starts),
        logged=_flights(starts, engine.ask("ends")) if told["ends"] else None,
        virtual=tuple(_at_speed(engine, starts, speed) for speed in speeds),
        reuse=engine.ask("reuse") if told["sessions"] else None,
        tens={name: _dispersion(*steps) for name, steps in _with_all(starts).items()},
    )


Steps = tuple[Any, Any]
"""When steps of `STEP_S` begin, seconds since 1970, ascending or not, and the requests in each."""


def _with_all(starts: dict[str, Steps]) -> dict[str, Steps]:
    """Return the steps of each model, and of all together under no name."""
    if not starts:
        return {}
    t, n = (np.concatenate(values) for values in zip(*starts.values(), strict=True))
    every, counts = _summed(t, n, step=STEP_S)
    return {**starts, "": (every, counts)}


def _summed(t: Any, *counts: Any, step: int = 1) -> tuple[Any, ...]:
    """Return times, each once and ascending, with the sums of counts at each.

    Args:
        t: Multiples of `step` [s].
        counts: Whole numbers at each.
        step: Where times lie closely, their sums do in arrays, and nothing is sorted [s].
    """
    if not len(t):
        return t, *counts
    first = t.min()
    place = (t - first) // step
    width = int(place.max()) + 1
    if width <= CLOSE * len(t):
        there = np.zeros(width, bool)
        there[place] = True
        at = np.flatnonzero(there)
        return (first + at * step).astype(t.dtype), *(_at(place, n, width)[at] for n in counts)
    order = np.argsort(t, kind="stable") if (t[1:] < t[:-1]).any() else slice(None)
    t = t[order]
    first = np.flatnonzero(np.append(True, t[1:] != t[:-1]))
    return t[first], *(np.add.reduceat(n[order], first) for n in counts)


CLOSE = 8
"""Values lie closely where there are at most so many places for each of them."""


def _at(place: Any, n: Any, width: int) -> Any:
    """Return the sums of whole numbers at each of so many places."""
    out = np.zeros(width, np.int64)
    np.add.at(out, place, n.astype(np.int64, copy=False))
    return out


def _hours(starts: dict[str, Steps]) -> Arrays:
    """Return requests by model and hour since 1970."""
    per: dict[str, Any] = {name: _summed(t // HOUR_S, n) for name, (t, n) in starts.items()}
    names = [np.full(len(hour), name, dtype=object) for name, (hour, _) in per.items()]
    none = np.zeros(0, np.int64)
    return {
        "model": np.concatenate([np.zeros(0, dtype=object), *names]),
        "hour": np.concatenate([none, *(hour for hour, _ in per.values())]),
        "n": np.concatenate([none, *(n for _, n in per.values())]),
    }


def _busiest(seconds: Arrays, starts: dict[str, Steps]) -> dict[str, dict[str, int]]:
    """Return the requests of the busiest second and minute, by model and of all together."""
    found = dict(zip(map(str, seconds["model"]), seconds["n"], strict=True))
    return {
        name: {"second": int(found[name]), "minute": int(_summed(t // 60, n)[1].max())}
        for name, (t, n) in _with_all(starts).items()
    }


def _dispersion(t: Any, n: Any) -> float:
    """Return the variance over the mean of the requests in 10 s, within the hours they lie in."""
    per = HOUR_S // STEP_S
    hours = _summed(t // HOUR_S, n)[1]
    cc, c2, c = int((n * n).sum()), int((hours * hours).sum()), int(hours.sum())
    return (cc - c2 / per) / c if c else 0.0  # of whole numbers: no order changes a digit


def _by_model(found: Arrays) -> dict[str, Steps]:
    """Return steps and requests of each model, of a table in which they lie together."""
    names = found["model"]
    if not len(names):
        return {}
    bounds = [0, *(np.flatnonzero(names[1:] != names[:-1]) + 1).tolist(), len(names)]
    return {
        str(names[low]): (found["t"][low:high], found["n"][low:high])
        for low, high in pairwise(bounds)
    }


def _at_speed(engine: Engine, starts: dict[str, Steps], speed: int) -> Flights:
    """Return the requests in flight if each had its time at a speed [token/s]."""
    found = engine.ask(f"ends_{speed}")
    return _flights(starts, {**found, "t": found["t"] // (PREFILL * speed)})


def _flights(starts: dict[str, Steps], found: Arrays) -> Flights:
    """Return the requests in flight of each model and of all together, by when they end."""
    ends = _by_model(found)
    none = np.zeros(0, np.int64)
    both = {name: (*begun, *ends.get(name, (none, none))) for name, begun in starts.items()}
    if not both:
        return {}
    whole = tuple(np.concatenate([some[i] for some in both.values()]) for i in range(4))
    return {name: _flight(*some) for name, some in {**both, "": whole}.items()}


def _flight(start: Any, begun: Any, end: Any, ended: Any) -> Flight:
    ten, starts, d = _summed(
        np.concatenate([start, end]),
        np.concatenate([begun, np.zeros(len(end), np.int64)]),
        np.concatenate([begun, -ended]),
        step=STEP_S,
    )
    values, mean = in_flight(ten // STEP_S, starts, d, FLIGHT_SHARES)
    return Flight(values, mean, int(starts.sum()))


def quantiles(values: Any, weights: Any, shares: Sequence[float]) -> list[float]:
    """Return the values that shares of the weight do not exceed.

    Args:
        values: Ascending [n].
        weights: Of each, 0 or more [n].
        shares: Between 0 and 1.
    """
    total = np.cumsum(np.asarray(weights, dtype=float))
    if total.size == 0 or total[-1] <= 0:
        return [0.0 for _ in shares]
    at = np.searchsorted(total, np.asarray(shares) * total[-1] - 1e-9)
    return [float(values[min(int(i), len(values) - 1)]) for i in at]


def in_flight(ten: Any, starts: Any, d: Any, shares: Sequence[float]) -> tuple[list[float], float]:
    """Return the requests in flight that shares of the requests find, and their mean over time.

    Args:
        ten: Ascending steps of the grid at which anything begins or ends [n].
        starts: Requests that begin in each [n].
        d: Starts less ends in each [n].
        shares: Between 0 and 1.
    """
    now = np.cumsum(d)
    spans = np.diff(np.append(ten, ten[-1] + 1))
    mean = float((now * spans).sum() / max(spans.sum(), 1))
    low, width = int(now.min()), int(now.max() - now.min()) + 1
    if width <= CLOSE * len(now):
        return quantiles(np.arange(low, low + width), _at(now - low, starts, width), shares), mean
    order = np.argsort(now, kind="stable")
    return quantiles(now[order], np.asarray(starts)[order], shares), mean
