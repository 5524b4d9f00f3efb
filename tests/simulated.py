"""A fleet simulated step by step: the slower second way to the time of the first token.

It knows nothing of queueing formulas. Clusters of requests come at random; each request goes to the
replica with the most free slots, or waits for one; a replica reads one prompt at a time before it
goes on with decode steps, whose time grows with the requests in it.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from tco.engine.arrivals import Queue
from tco.engine.shapes import Floats

IDLE, DECODES = -2, -1
WARM_UP = 0.1
"""Share of the requests that are left out: the fleet begins empty."""


@dataclass(slots=True)
class _Replica:
    free: int
    prompts: deque[int] = field(default_factory=deque)
    answers: list[int] = field(default_factory=list)
    steps: int = 0
    doing: int = IDLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a simulation needs: a decode step takes ``step_s + sequence_s * requests``."""

    requests_per_s: float
    replicas: int
    slots: int
    step_s: float
    sequence_s: float
    prefill_s: float
    osl: float
    input_cv: float
    output_cv: float
    peakedness: float

    def queue(self) -> Queue:
        """Return the same as the formulas take it.

        Of the steps of an answer a prompt makes the first, and half of one passes before it.
        """
        steps = self.osl - 0.5
        alone = steps * (self.step_s + self.sequence_s) + self.prefill_s
        full = steps * (self.step_s + self.sequence_s * self.slots)
        full += self.slots * self.prefill_s
        rate = self.requests_per_s / self.replicas
        more = (full - alone) / max(self.slots - 1.0, 1.0)
        in_flight = rate * (alone - more) / (1.0 - rate * more)
        return Queue(
            requests_per_s=self.requests_per_s,
            replicas=self.replicas,
            slots=self.slots,
            alone_s=alone,
            full_s=full,
            prefill_s=self.prefill_s,
            step_s=self.step_s + self.sequence_s * in_flight,
            before_s=0.0,
            input_cv=self.input_cv,
            output_cv=self.output_cv,
            peakedness=self.peakedness,
        )


def random_load(rng: np.random.Generator) -> Load:
    """Return a load of 10 to 90 % of a fleet of up to 4 replicas of 8 to 256 slots."""
    slots, replicas = int(2 ** rng.uniform(3, 8)), int(rng.integers(1, 5))
    osl, step = float(10 ** rng.uniform(1.3, 2.6)), float(10 ** rng.uniform(-2.3, -1.5))
    sequence, reading = step * float(10 ** rng.uniform(-3, -1.3)), float(rng.uniform(0.05, 0.5))
    decode = osl * (step + sequence * slots)
    prefill = decode / slots * reading / (1.0 - reading)
    used = float(rng.uniform(0.1, 0.9))
    return Load(
        requests_per_s=used * replicas * slots / (decode + slots * prefill),
        replicas=replicas,
        slots=slots,
        step_s=step,
        sequence_s=sequence,
        prefill_s=prefill,
        osl=osl,
        input_cv=float(rng.choice([0.3, 0.6, 1.0])),
        output_cv=float(rng.choice([0.3, 0.6, 1.0])),
        peakedness=float(rng.choice([1.0, 1.5, 2.0, 3.0])),
    )


def first_tokens_s(load: Load, requests: int, seed: int) -> Floats:
    """Return the time to the first token of so many requests, the first tenth left out [s]."""
    rng = np.random.default_rng(seed)
    cluster = load.queue().cluster
    sizes = rng.geometric(1.0 / cluster, int(requests / cluster))
    gaps = rng.exponential(cluster / load.requests_per_s, sizes.size)
    came = np.repeat(np.cumsum(gaps), sizes)
    prompts = _lengths(rng, load.prefill_s, load.input_cv, came.size)
    answers = np.maximum(np.round(_lengths(rng, load.osl, load.output_cv, came.size)), 1.0)
    first = _run(load, came.tolist(), prompts.tolist(), answers.astype(int).tolist())
    return (np.array(first) - came)[int(came.size * WARM_UP) :]


def _lengths(rng: np.random.Generator, mean: float, cv: float, n: int) -> Floats:
    deviation = np.sqrt(np.log1p(cv * cv))
    return mean * np.exp(deviation * rng.standard_normal(n) - deviation**2 / 2.0)


class _Fleet:
    """The replicas, what ends next on each, and who waits for a slot."""

    def __init__(self, load: Load, prompts: list[float], answers: list[int]) -> None:
        self.load, self.prompts, self.answers = load, prompts, answers
        self.first = [0.0] * len(prompts)
        self.queue: deque[int] = deque()
        self.events: list[tuple[float, int]] = []
        self.replicas = [_Replica(free=load.slots) for _ in range(load.replicas)]

    def comes(self, request: int, now: float) -> None:
        """Give a request to the replica with the most free slots, or let it wait."""
        at = max(range(len(self.replicas)), key=lambda i: self.replicas[i].free)
        one = self.replicas[at]
        if not one.free:
            self.queue.append(request)
            return
        one.free -= 1
        one.prompts.append(request)
        if one.doing == IDLE:
            self.goes_on(at, now)

    def goes_on(self, at: int, now: float) -> None:
        """Begin a prompt, or a decode step where there is none."""
        one = self.replicas[at]
        one.doing = IDLE
        if one.prompts:
            one.doing = one.prompts.popleft()
            heapq.heappush(self.events, (now + self.prompts[one.doing], at))
        elif one.answers:
            one.doing = DECODES
            took = self.load.step_s + self.load.sequence_s * len(one.answers)
            heapq.heappush(self.events, (now + took, at))

    def until(self, when: float) -> None:
        """Let everything end that ends before some time."""
        while self.events and self.events[0][0] < when:
            now, at = heapq.heappop(self.events)
            self.ends(self.replicas[at], now)
            self.goes_on(at, now)

    def ends(self, one: _Replica, now: float) -> None:
        """End a prompt or a decode step, and take on who waits for a slot."""
        if one.doing == DECODES:
            one.steps += 1
        else:
            self.first[one.doing] = now
            heapq.heappush(one.answers, one.steps + self.answers[one.doing] - 1)
        while one.answers and one.answers[0] <= one.steps:
            heapq.heappop(one.answers)
            one.free += 1
        while self.queue and one.free:
            one.free -= 1
            one.prompts.append(self.queue.popleft())


def _run(load: Load, came: list[float], prompts: list[float], answers: list[int]) -> list[float]:
    fleet = _Fleet(load, prompts, answers)
    for request, now in enumerate(came):
        fleet.until(now)
        fleet.comes(request, now)
    fleet.until(np.inf)
    return fleet.first
