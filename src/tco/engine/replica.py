"""The best that one replica does within a latency limit: how many requests at once, how fast."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tco.engine.capacity import Capacity, replica
from tco.engine.layout import Layout, Profile
from tco.engine.memory import max_batch
from tco.engine.shapes import Flag, GpuShape, ModelShape, Number


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
        max_ttft_s: Slowest first token; infinite for no limit [s].
    """

    isl: Number
    osl: Number
    cached_share: Number
    max_tpot_s: Number
    max_concurrency: Number
    speculative_gain: Number = 1.0
    max_concurrency_large: Number | None = None
    max_ttft_s: Number = np.inf

    def limit(self, gpu: GpuShape) -> Number:
        """Return the most requests that an engine takes on at once on a GPU [1]."""
        if self.max_concurrency_large is None:
            return self.max_concurrency
        return np.where(gpu.admits_more, self.max_concurrency_large, self.max_concurrency)


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
        ttft_low_s: Time to the first token at capacity when no other request waits [s].
        ttft_high_s: The same when a whole batch arrives at once [s].
        lone_ttft_s: Time to the first token of a request that runs alone [s].
    """

    slots: Number
    requests_per_s: Number
    tpot_s: Number
    memory_slots: Number
    lone_tpot_s: Number
    lone_request_s: Number
    ttft_low_s: Number = np.nan
    ttft_high_s: Number = np.nan
    lone_ttft_s: Number = np.nan

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
            ttft_low_s=self.ttft_low_s / factor,
            ttft_high_s=self.ttft_high_s / factor,
            lone_ttft_s=self.lone_ttft_s / factor,
        )


def best_replica(
    model: ModelShape,
    gpu: GpuShape,
    layout: Layout,
    profile: Profile,
    target: Target,
    factor: Number = 1.0,
) -> Replica:
    """Return the largest batch within memory and latency, and what it sustains.

    Time per token and the least time to the first one grow with the batch, so the largest batch
    that keeps ``tpot <= max_tpot_s`` and ``ttft_low <= max_ttft_s`` is found by bisection on whole
    numbers, for all elements at once. What a first token takes beyond its least time depends on how
    requests arrive and is not held against the limit here.

    Args:
        model, gpu, layout, profile: The set-up; fields broadcast.
        target: Lengths and limits.
        factor: What a measurement multiplies every speed of the model by [1].
    """
    limit_s = target.max_tpot_s * np.asarray(factor)
    first_s = target.max_ttft_s * np.asarray(factor)

    def kept(at: Capacity) -> Flag:
        return (np.asarray(at.tpot_s) <= limit_s) & (np.asarray(at.ttft_low_s) <= first_s)

    def run(batch: Number) -> Capacity:
        return replica(
            model,
            gpu,
            layout,
            isl=target.isl,
            osl=target.osl,
            batch=batch,
            profile=profile,
            cached_share=target.cached_share,
            speculative_gain=target.speculative_gain,
        )

    in_memory = max_batch(model, gpu, layout, target.isl + target.osl)
    allowed = np.where(profile.single_stream, 1.0, target.limit(gpu))
    most = np.maximum(np.floor(np.minimum(in_memory, allowed)), 1.0)
    lone = run(np.ones_like(most))
    low, high = np.ones_like(most), most
    for _ in range(int(np.ceil(np.log2(np.max(most, initial=1.0))))):
        middle = np.ceil((low + high) / 2.0)
        ok = kept(run(middle))
        low, high = np.where(ok, middle, low), np.where(ok, high, np.maximum(middle - 1.0, low))
    best = run(low)
    feasible = (np.asarray(in_memory) >= 1.0) & kept(lone)
    found = Replica(
        slots=np.where(feasible, low, 0.0),
        requests_per_s=np.where(feasible, best.requests_per_s, np.nan),
        tpot_s=np.where(feasible, best.tpot_s, np.nan),
        memory_slots=in_memory,
        lone_tpot_s=lone.tpot_s,
        lone_request_s=1.0 / lone.requests_per_s,
        ttft_low_s=np.where(feasible, best.ttft_low_s, np.nan),
        ttft_high_s=np.where(feasible, best.ttft_high_s, np.nan),
        lone_ttft_s=lone.ttft_low_s,
    )
    return found.scaled(factor)


def request_s(replica: Replica) -> Number:
    """Return how long a request that runs alone takes; of a full replica where only that is known.

    ``slots / requests per second`` of a full replica, by Little's law [s].
    """
    full = replica.slots / replica.requests_per_s
    return np.where(np.isnan(replica.lone_request_s), full, replica.lone_request_s)


def in_flight(requests_per_s: Number, replica: Replica) -> Number:
    """Return the mean number of requests in a replica at some rate below its capacity [1].

    Little's law with the time in the system taken as a straight line between a request alone and
    a full replica: ``B = r * (T1 - s) / (1 - r * s)``, ``s = (T_full - T1) / (slots - 1)``. Where
    nothing is known of a request alone, its time is taken to be that of a full replica.

    Args:
        requests_per_s: Rate of one replica [request/s].
        replica: What it sustains.
    """
    full = replica.slots / replica.requests_per_s
    alone = request_s(replica)
    slope = (full - alone) / np.maximum(np.asarray(replica.slots) - 1.0, 1.0)
    return requests_per_s * (alone - slope) / (1.0 - requests_per_s * slope)
