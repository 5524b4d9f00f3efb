"""The best that one replica does within a latency limit: how many requests at once, how fast."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from tco.engine.capacity import Capacity, max_batch, replica
from tco.engine.constants import ttft_ends
from tco.engine.shapes import (
    Flag,
    Flags,
    Floats,
    GpuShape,
    Layout,
    ModelShape,
    Number,
    ServerProfile,
    distinct,
    lifted,
)
from tco.records import dataclass

BATCHES: Floats = distinct(np.round(2.0 ** (np.arange(49) / 4.0)))
"""Batches at which measurements are asked what they say of a replica: 1 to 4,096, four an octave
[batches]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a replica must achieve; numbers or arrays.

    Args:
        isl, osl: Length of a request [token/request].
        cached_share: Share of the input that the prefix cache serves [1].
        max_tpot_s: Slowest mean time per output token [s/token].
        max_concurrency: Most requests that the engine takes on at once [1].
        max_concurrency_large: The same on GPUs of which engines expect more [1].
        speculative_gain: Net speed-up of decoding by drafted tokens, as measured [1].
        drafts: 1 where tokens are drafted and the gain is the usual one at each batch, else 0 [1].
        max_ttft_s: Slowest first token; infinite for no limit [s].
        speed: True speed over that of the model, which limits are held against [1].
        within: Shares of the requests [1] whose first token is within a time [s] in the busiest
            hour, queue included.
    """

    isl: Number
    osl: Number
    cached_share: Number
    max_tpot_s: Number
    max_concurrency: Number
    speculative_gain: Number = 1.0
    max_concurrency_large: Number | None = None
    max_ttft_s: Number = np.inf
    speed: Number = 1.0
    drafts: Number = 0.0
    within: tuple[tuple[float, float], ...] = ()

    def limit(self, gpu: GpuShape) -> Number:
        """Return the most requests that an engine takes on at once on a GPU [1]."""
        if self.max_concurrency_large is None:
            return self.max_concurrency
        return np.where(gpu.admits_more, self.max_concurrency_large, self.max_concurrency)

    def kept(self, speed: Capacity, factor: Number, alone: Flag) -> Flags:
        """Return whether a speed, measured `factor` [1] times the model's, keeps the latencies.

        The first token does in its median; that of a request alone, unless it is surely too late.
        """
        true = np.asarray(factor) * self.speed
        tpot = np.asarray(speed.tpot_s) <= self.max_tpot_s * true
        first = np.where(alone, ttft_ends(speed.ttft_s)[0], speed.ttft_s)
        return np.asarray(tpot & (first <= self.max_ttft_s * true))


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """What one replica sustains; numbers or arrays.

    Args:
        slots: Requests in flight at capacity; 0 when the set-up is infeasible [1].
        requests_per_s: Requests that it finishes at capacity [request/s].
        tpot_s: Mean time per output token then [s/token].
        memory_slots: Requests whose KV cache fits [1].
        lone_tpot_s: Time per output token of a request that runs alone [s/token].
        lone_request_s: Time that such a request takes from start to end [s].
        ttft_s: Time to the first token at capacity, in the median [s].
        lone_ttft_s: The same of a request that runs alone [s].
        sessions: Open sessions whose cache it keeps, those that wait too; not a number where
            requests stand alone [1].
        admits: Requests in flight that it takes where `slots` are fewer, so that the first token is
            in time; not a number where they are not [1].
        admits_per_s: Requests that it finishes then [request/s].
    """

    slots: Number
    requests_per_s: Number
    tpot_s: Number
    memory_slots: Number
    lone_tpot_s: Number
    lone_request_s: Number
    ttft_s: Number = np.nan
    lone_ttft_s: Number = np.nan
    sessions: Number = np.nan
    admits: Number = np.nan
    admits_per_s: Number = np.nan

    @property
    def open(self) -> Replica:
        """Return the replica with all that it takes, in time or not."""
        held = np.isnan(self.admits)
        with np.errstate(divide="ignore", invalid="ignore"):
            more = np.where(held, 1.0, np.divide(self.admits_per_s, self.requests_per_s))
        return replace(
            self,
            slots=np.where(held, self.slots, self.admits),
            requests_per_s=np.where(held, self.requests_per_s, self.admits_per_s),
            sessions=self.sessions * more,
        )

    @property
    def staffed(self) -> Number:
        """Return the places whose number bursts are held against: sessions, else slots [1].

        Without end where it is loaded less, so that first tokens are in time: its queue has them.
        """
        places = np.where(np.isnan(self.admits), self.slots, np.inf)
        return np.where(np.isnan(self.sessions), places, self.sessions)

    @property
    def feasible(self) -> Flag:
        """Return whether anything runs on it within the limit."""
        return np.asarray(self.slots) >= 1.0

    def scaled(self, factor: Number) -> Replica:
        """Return the replica with every speed times `factor` [1]; its slots stay."""
        return replace(
            self,
            requests_per_s=self.requests_per_s * factor,
            tpot_s=self.tpot_s / factor,
            lone_tpot_s=self.lone_tpot_s / factor,
            lone_request_s=self.lone_request_s / factor,
            ttft_s=self.ttft_s / factor,
            lone_ttft_s=self.lone_ttft_s / factor,
            sessions=np.multiply(self.sessions, factor),
            admits_per_s=np.multiply(self.admits_per_s, factor),
        )


@dataclass(frozen=True, kw_only=True)
class FirstTokens:
    """How long the first token takes in the busiest hour, the wait for it included."""

    p50_s: float | None
    """Half of the requests have it within this time; None where that is not known."""
    p95_s: float | None
    p99_s: float | None
    load: float | None = None
    """Share of the capacity in use then, spares left out."""
    waiting_share: float | None = None
    """Share of the requests that find all slots taken."""
    why_not: str | None = None
    """Why it is not known, or what of the arrivals it leaves out."""


@dataclass(frozen=True, slots=True)
class _Corrected:
    """The speed of replicas over their batch, as measurements correct it.

    What a replica finishes never falls as its batch grows: a server that holds more requests can
    still work on fewer at a time. Between two of `BATCHES` its logarithm lies on a line over that
    of the batch.

    Args:
        factor: What every speed is multiplied by beyond the last of `BATCHES`, or where nothing
            was measured at every batch [1].
        rates: Requests finished at each of `BATCHES` [..., batches] [request/s].
        kept: Whether each of `BATCHES` keeps the limits on latency [..., batches].
    """

    factor: Number = 1.0
    rates: Floats | None = None
    kept: Flags | None = None

    def at(self, batch: Number, speed: Capacity) -> Number:
        """Return the factor at a batch whose uncorrected speed is known [1]."""
        if self.rates is None:
            return self.factor
        cell = np.clip(np.searchsorted(BATCHES, batch, "right") - 1, 0, BATCHES.size - 2)
        low, high = BATCHES[cell], BATCHES[cell + 1]
        share = np.log(np.divide(batch, low)) / np.log(high / low)
        rates = np.broadcast_to(self.rates, (*np.shape(cell), BATCHES.size))
        here, there = (
            np.take_along_axis(rates, np.asarray(at)[..., None], -1)[..., 0]
            for at in (cell, cell + 1)
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            inside = here * (there / here) ** share / speed.requests_per_s
        return np.where(np.asarray(batch) >= BATCHES[-1], self.factor, inside)

    def between(self, most: Number) -> tuple[Number, Number]:
        """Return the ends of the batches among which the largest within the limits lies [1]."""
        if self.kept is None:
            return np.ones_like(most), most
        within = self.kept & (np.asarray(most)[..., None] >= BATCHES)
        cell = np.where(within, np.arange(BATCHES.size), 0).max(axis=-1)
        beyond = np.append(BATCHES[1:], np.inf)[cell] - 1.0
        return BATCHES[cell], np.maximum(np.minimum(most, beyond), BATCHES[cell])


def _corrected(
    model: ModelShape,
    gpu: GpuShape,
    layout: Layout,
    profile: ServerProfile,
    target: Target,
    factors: Floats | tuple[float, ...],
) -> _Corrected:
    """Return the speed over the batch that `factors` at each of `BATCHES` make."""
    if not len(factors):
        if not np.any(np.asarray(target.drafts)):
            return _Corrected()
        factors = np.ones(BATCHES.size)  # a smaller batch gains more: the best is looked for
    lengths = ("isl", "osl", "cached_share", "speculative_gain", "drafts")
    names = (*lengths, "max_tpot_s", "max_ttft_s", "speed")
    columns: dict[str, Any] = {n: np.asarray(getattr(target, n))[..., None] for n in names}
    goal = replace(target, **columns)
    shapes = lifted(model), lifted(gpu), lifted(layout), lifted(profile)
    speed = speed_at(*shapes, goal, BATCHES)
    plain = np.asarray(speed.requests_per_s)
    rates = np.maximum.accumulate(np.nan_to_num(plain * np.asarray(factors)), axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        kept = goal.kept(speed, rates / plain, BATCHES <= 1.0)
        return _Corrected(factor=rates[..., -1] / plain[..., -1], rates=rates, kept=kept)


def speed_factor(
    model: ModelShape,
    gpu: GpuShape,
    layout: Layout,
    profile: ServerProfile,
    target: Target,
    factors: Floats,
    batch: Number,
) -> Number:
    """Return what measurements multiply every speed of a replica by at some batch [1].

    Args:
        model, gpu, layout, profile: The set-up; fields broadcast.
        target: Lengths; its limits do not count here.
        factors: The factor at each of `BATCHES` [..., batches] [1].
        batch: Requests in flight in a replica [1].
    """
    said = _corrected(model, gpu, layout, profile, target, factors)
    return said.at(batch, speed_at(model, gpu, layout, profile, target, batch))


DRAFTED_BATCHES = (4.0, 6.5, 12.0, 24.0, 48.0, 96.0, 192.0)
DRAFTED_GAINS = (1.71, 1.53, 1.44, 1.35, 1.29, 1.22, 1.13)
"""Medians of the rate with over that without multi-token prediction, by requests in flight, of
1,322 pairs of runs of InferenceX alike in all else, 2025-10 to 2026-07. Four of five lie between
1.35 and 2.12 at four or fewer, between 0.73 and 1.46 above 128 [1]."""


def drafted_gain(batch: Number) -> Number:
    """Return how much faster decoding is with tokens drafted by heads of the model itself [1].

    A line over ln(batch) between what was measured; less the more requests share a step, whose
    arithmetic the drafts take.
    """
    gain: Number = np.interp(np.log(np.asarray(batch)), np.log(DRAFTED_BATCHES), DRAFTED_GAINS)
    return gain


def speed_at(
    model: ModelShape,
    gpu: GpuShape,
    layout: Layout,
    profile: ServerProfile,
    target: Target,
    batch: Number,
) -> Capacity:
    """Return the uncorrected speed of a replica that keeps `batch` requests in flight [1]."""
    gain = target.speculative_gain
    if np.any(np.asarray(target.drafts)):
        gain = gain * np.where(target.drafts, drafted_gain(batch), 1.0)
    return replica(
        model,
        gpu,
        layout,
        isl=target.isl,
        osl=target.osl,
        batch=batch,
        profile=profile,
        cached_share=target.cached_share,
        speculative_gain=gain,
    )


def best_replica(
    model: ModelShape,
    gpu: GpuShape,
    layout: Layout,
    profile: ServerProfile,
    target: Target,
    factors: Floats | tuple[float, ...] = (),
) -> Replica:
    """Return the largest batch within memory and latency, and what it sustains.

    The largest batch that keeps ``tpot <= max_tpot_s`` and ``ttft <= max_ttft_s``, measurements
    counted in, is found by bisection on whole numbers, for all elements at once. Of two limits the
    looser one, and of two memories the larger, never finishes fewer requests.

    Speeds are the model's, those of `target.speed` times them to come: `Replica.scaled`.

    Args:
        model, gpu, layout, profile: The set-up; fields broadcast.
        target: Lengths and limits.
        factors: What measurements multiply every speed of the model by, at each of `BATCHES`
            [..., batches] [1]; empty where nothing was measured.
    """

    def run(batch: Number) -> Capacity:
        return speed_at(model, gpu, layout, profile, target, batch)

    in_memory = max_batch(model, gpu, layout, target.isl + target.osl)
    most = np.maximum(np.floor(np.minimum(in_memory, target.limit(gpu))), 1.0)
    said = _corrected(model, gpu, layout, profile, target, factors)
    slots = _largest(run, said, *said.between(most), target)
    return _sustained(run, said, slots, in_memory, target)


def _largest(
    run: Callable[[Number], Capacity],
    factors: _Corrected,
    low: Number,
    high: Number,
    target: Target,
) -> Number:
    """Return the largest whole batch between two of them within the limit, `low` if none is."""
    speed = run(high)  # most often nothing but memory or the server limits them
    low = np.where(target.kept(speed, factors.at(high, speed), high <= 1.0), high, low)
    spread = np.max(np.asarray(high) - np.asarray(low), initial=0.0) + 1.0
    for _ in range(int(np.ceil(np.log2(spread)))):
        middle = np.ceil((low + high) / 2.0)
        speed = run(middle)
        ok = target.kept(speed, factors.at(middle, speed), middle <= 1.0)
        low, high = np.where(ok, middle, low), np.where(ok, high, np.maximum(middle - 1.0, low))
    return low


def _sustained(
    run: Callable[[Number], Capacity],
    factors: _Corrected,
    slots: Number,
    in_memory: Number,
    target: Target,
) -> Replica:
    """Return what a replica of so many slots sustains; infeasible where a lone request is slow."""
    lone, best = run(np.ones_like(slots)), run(slots)
    alone, factor = factors.at(np.ones_like(slots), lone), factors.at(slots, best)
    # A measurement can leave a lone request slower than a few together: those still count.
    feasible = (np.asarray(in_memory) >= 1.0) & target.kept(best, factor, slots <= 1.0)

    def reached(value: Number) -> Number:
        return np.where(feasible, value, np.nan)

    return Replica(
        slots=np.where(feasible, slots, 0.0),
        requests_per_s=reached(best.requests_per_s * factor),
        tpot_s=reached(best.tpot_s / factor),
        memory_slots=in_memory,
        lone_tpot_s=lone.tpot_s / alone,
        lone_request_s=1.0 / (lone.requests_per_s * alone),
        ttft_s=reached(best.ttft_s / factor),
        lone_ttft_s=lone.ttft_s / alone,
    )


def request_s(replica: Replica) -> Number:
    """Return how long a request that runs alone takes; of a full replica where only that is known.

    ``slots / requests per second`` of a full replica, by Little's law [s].
    """
    full = replica.slots / replica.requests_per_s
    return np.where(np.isnan(replica.lone_request_s), full, replica.lone_request_s)


def at_once(replica: Replica) -> Number:
    """Return the requests in flight at capacity, were none slowed by the others [1]."""
    return replica.requests_per_s * request_s(replica)


def in_flight(requests_per_s: Number, replica: Replica) -> Number:
    """Return the mean number of requests in a replica at some rate below its capacity [1].

    Little's law with the time in the system taken as a straight line between a request alone and
    a full replica: ``B = r * (T1 - s) / (1 - r * s)``, ``s = (T_full - T1) / (slots - 1)``; below
    one in flight nothing is slowed, ``B = r * T1``. Where nothing is known of a request alone, its
    time is taken to be that of a full replica.

    Args:
        requests_per_s: Rate of one replica [request/s].
    """
    full = replica.slots / replica.requests_per_s
    alone = request_s(replica)
    slope = (full - alone) / np.maximum(np.asarray(replica.slots) - 1.0, 1.0)
    unslowed = requests_per_s * alone
    with np.errstate(divide="ignore", invalid="ignore"):
        slowed = requests_per_s * (alone - slope) / (1.0 - requests_per_s * slope)
    return np.where(unslowed < 1.0, unslowed, slowed)
