"""Fleets and caches from how requests really came: in flight, and gaps between uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import erf, erfc, sqrt
from typing import Any

import numpy as np

from tco.engine.replica import FirstTokens
from tco.engine.shapes import Floats, Number
from tco.records import dataclass


def in_flight_over_mean(
    mean_s: Number, seconds: Sequence[float], over_mean: Sequence[float]
) -> Number:
    """Return the requests in flight that a share of requests find, over their mean [1].

    Measured at several mean times of a request, interpolated in the logarithm of the time: long
    requests average what short ones feel.

    Args:
        mean_s: Mean time of a request on the option's own GPUs [s].
        seconds: Mean times at which it was measured, ascending [points] [s].
        over_mean: What was found at each [points] [1].
    """
    found: Number = np.interp(np.log(mean_s), np.log(np.asarray(seconds)), np.asarray(over_mean))
    return found


def headroom_in_flight(peak_to_mean: Number, over_mean: Number) -> Number:
    """Return the headroom at which the rule by the busiest hour needs as many replicas [1].

    ``L p / B / headroom = L q / B``, so ``p / q``: with it, and nothing more for bursts, every
    formula that knows peak and headroom sizes by requests in flight. At most 1.

    Args:
        peak_to_mean: Busiest hour over the average hour, p [1].
        over_mean: Requests in flight that all but a share of the requests find, over the mean [1].
    """
    found: Number = np.minimum(peak_to_mean / np.asarray(over_mean, dtype=float), 1.0)
    return found


WIDER = 1.2
"""How much wider than the rate itself varies the load that full slots turn away: who is turned away
leaves a slot empty later. With a margin of 0.85 that is never short of 250 simulated fleets, and at
most the larger of one replica and a fifth above 244 of them, two or three above small others [1].
"""


def below(score: Number) -> Number:
    """Return the share of a normal distribution below a standard score [1]."""
    share: Number = np.interp(score, SCORES, BELOW)
    return share


def served_within(load: Number, capacity: Number, rate_cv: float) -> Number:
    """Return what a capacity serves of a load that varies within its hour, ``E[min(a X, c)]``.

    ``X`` is lognormal, its mean 1: ``a F(z - s / 2) + c F(-z - s / 2)`` with ``z = ln(c / a) / s``,
    ``s = WIDER sqrt(ln(1 + cv**2))`` and `F` the normal distribution.

    Args:
        load: Mean of the hour, a [request/s].
        capacity: What is served at once, c [request/s].
        rate_cv: Standard deviation of the rate over its mean, cv, above 0 [1].
    """
    s = WIDER * sqrt(np.log1p(rate_cv * rate_cv))
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.log(np.divide(capacity, load)) / s
    served = load * below(z - s / 2.0) + capacity * below(-z - s / 2.0)
    return np.where(np.logical_and(np.greater(load, 0.0), np.greater(capacity, 0.0)), served, 0.0)


def rate_cv_in_flight(shape: Sequence[float], over_mean: float, share: float) -> float:
    """Return the variation of the rate within its hour that requests in flight tell [1].

    That at which just a share of the requests find more than `over_mean` in flight, where those of
    an hour are its load times a lognormal variable of mean 1; 0 where the hours alone explain them.

    Args:
        shape: Load of each hour over the mean [hours] [1].
        over_mean: Requests in flight that all but a share of the requests find, over the mean [1].
        share: That share [1].
    """
    load = np.asarray([a for a in shape if a > 0], dtype=float)
    low, high = 0.0, 3.0
    for _ in range(60):
        s = (low + high) / 2.0
        found = load @ below(np.log(load / over_mean) / s + s / 2.0) / load.sum()
        low, high = (s, high) if found < share else (low, s)
    return 0.0 if low < SMALLEST else sqrt(np.expm1(low * low))


def own_cached_share(
    gaps_s: Sequence[float], shares: Sequence[float], tokens_per_s: float, capacity: float
) -> float:
    """Return the share of the input that a prefix cache of one's own serves [1].

    A cache that forgets what was not used longest keeps a token for the time `T` at which
    ``C = r * integral from 0 to T of (1 - h(t)) dt``, and serves ``h(T)``.

    Args:
        gaps_s: Times since the last use, ascending [points] [s].
        shares: Share of the input last used at most so long before, h [points] [1].
        tokens_per_s: Input that passes, cached or not, r [token/s].
        capacity: Tokens that the cache holds, C [token].

    Source:
        Characteristic time of an LRU cache (Che, Tung and Wang, 2002), over measured gaps.
    """
    if not len(gaps_s) or tokens_per_s <= 0 or capacity <= 0:
        return 0.0
    at = np.concatenate([[0.0], np.asarray(gaps_s, dtype=float)])
    h = np.concatenate([[0.0], np.asarray(shares, dtype=float)])
    filled: Floats = (
        np.concatenate([[0.0], np.cumsum(np.diff(at) * (1.0 - (h[1:] + h[:-1]) / 2.0))])
        * tokens_per_s
    )
    if capacity >= filled[-1]:
        return float(h[-1])
    i = int(np.searchsorted(filled, capacity, side="right")) - 1
    low, high = 0.0, 1.0  # of the piece, on which h is a straight line and C a parabola
    for _ in range(60):
        middle = (low + high) / 2.0
        step = middle * (at[i + 1] - at[i])
        mean = h[i] + middle * (h[i + 1] - h[i]) / 2.0
        reached = filled[i] + tokens_per_s * step * (1.0 - mean)
        low, high = (middle, high) if reached < capacity else (low, middle)
    return float(h[i] + low * (h[i + 1] - h[i]))


# How long the first token takes with the queue included, in a fleet at some load.

GRID = 1 << 13
"""Points of time that a distribution is worked out at."""
EDGES = np.log(np.arange(1.0, GRID) - 0.5)
"""Logarithms of the points between those of the grid [points]."""
LATER = 1.0 - np.exp(-2j * np.pi * np.arange(GRID // 2 + 1) / GRID)
PER_LATER = 1.0 / np.append(1.0, LATER[1:])
"""What one point later is less, as a transform, and one over it but for its first [1]."""
TAIL = 16.0
"""Mean waits after which nobody waits any more, e^-16 [1]."""
NEVER = 80.0
"""Free slots over the root of all of them, squared, at which nobody finds none free [1]."""
SMALLEST = 1e-7
"""Share of the requests that need not be told of [1]."""

# Five constants that make the formulas meet 1,200 simulated loads (`benchmarks/first_token.py
# --seed 1` to `--seed 6`). Each kind of load was left out once: those chosen on the others met it
# better than the formulas before.

EVENER = 0.9
"""How much more evenly than at random requests come to one of many replicas, where each goes to
the one with the fewest in flight [1]."""
APART = 0.3
"""How far a cluster is dealt out to replicas in turn, and not at random [1]."""
STALLED = 5.5
"""How much more requests pile up for answers that stand still while prompts are read, over ``r^2 /
(1 - r)`` of the share of time that reads and the cube root of the room that is left [1]."""
LIGHTENS = 1.33
"""How soon the dispersion of the work of a request ceases to matter in lighter traffic:
``exp(-LIGHTENS (1 - load) sqrt(slots))`` [1]."""
LIGHT_WAIT = 1.2
"""What passes until the first slot is free, where few wait: over the wait that heavy traffic says
and the room that is left [1]."""


SCORES = np.linspace(-7.0, 7.0, 1401)
BELOW = np.array([(1.0 + erf(score / sqrt(2.0))) / 2.0 for score in SCORES.tolist()])
"""A normal distribution, for lengths."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A fleet as its requests meet it: numbers.

    Requests wait for a free slot of any replica, then for the decode step in progress and the
    prompts before theirs, then for their own prompt.

    Args:
        requests_per_s: Rate that they come at [request/s].
        replicas: Replicas that share the load [1].
        slots: Requests that one has in flight at most [1].
        alone_s: Time of a request that runs alone, from start to end [s].
        full_s: The same where all slots are taken; between the two it is a line [s].
        prefill_s: Time that a replica takes to read a mean prompt [s].
        step_s: Time of a decode step at this load [s].
        before_s: What passes besides, waits apart: fixed work [s].
        input_cv: Standard deviation of the length of prompts over their mean [1].
        output_cv: The same of answers [1].
        peakedness: Requests that come at the same time, in the mean, as variance over mean of
            those in flight has it; 1 for requests at random [1].
    """

    requests_per_s: float
    replicas: float
    slots: float
    alone_s: float
    full_s: float
    prefill_s: float
    step_s: float
    before_s: float
    input_cv: float = 1.0
    output_cv: float = 1.0
    peakedness: float = 1.0

    @property
    def load(self) -> float:
        """Return the share of the fleet's capacity in use [1]."""
        return self.requests_per_s * self.full_s / (self.slots * self.replicas)

    @property
    def cluster(self) -> float:
        """Return how many requests come together, in the mean of a geometric size [1].

        ``1 + (z - 1) / (2 m)``: `m` is the smaller of two answers' lengths over the mean, so that
        requests in flight of a server without limit have variance `z` times their mean.
        """
        return 1.0 + (self.peakedness - 1.0) / (2.0 * self._smaller_of_two)

    @property
    def _smaller_of_two(self) -> float:
        return erfc(sqrt(np.log1p(self.output_cv**2)) / 2.0)

    @property
    def reading(self) -> float:
        """Return the share of the time in which a replica reads prompts [1]."""
        return self.requests_per_s / self.replicas * self.prefill_s

    def waiting_share(self) -> float:
        """Return how many of the requests find all slots taken [1].

        ``k`` in flight leave at a rate of ``k / T(k)``, `T` a line from a request alone to all
        slots; clusters of geometric size come at random. Across any level as many go up as down,
        which gives one state from those below it, and beyond all slots a geometric series. Answers
        of any length are as many as exponential ones in clusters of `z`, the peakedness; those that
        stand still while prompts are read pile up as if clusters were larger. A request meets those
        in flight and those of its own cluster that stand before it.
        """
        r = self.reading
        z = self.peakedness * (1.0 + STALLED * r * r / (1.0 - r) * float(np.cbrt(1.0 - self.load)))
        slots, more = round(self.slots * self.replicas), 1.0 - 1.0 / z
        if slots * (1.0 - self.load) ** 2 > NEVER * z:
            return 0.0
        k = np.arange(1.0, slots)
        share = np.clip((k / self.replicas - 1.0) / max(self.slots - 1.0, 1.0), 0.0, 1.0)
        time = self.alone_s + (self.full_s - self.alone_s) * share
        ratio = self.requests_per_s / z * time / k
        # States grow and fall over hundreds of orders of magnitude: over the last, in logarithms
        before = np.append(0.0, np.cumsum(np.log(more + ratio)))
        last, most = before[-1], before.max()
        states = np.append(1.0, ratio) * np.exp(np.append(0.0, before[:-1]) - most)
        full = self.load / (1.0 - self.load) * np.exp(last - most)
        mates = (1.0 - 1.0 / self.cluster) ** np.append(slots, slots - k)
        return float((full + np.dot(states, mates)) / (full + states.sum()))

    def wait_s(self) -> float:
        """Return how long those wait who find all slots taken, once one becomes free [s].

        In heavy traffic a full fleet is one server that works on everything at once: ``(a + c) /
        2`` times its time for a request over ``1 - load``, with the dispersion `a` of clusters and
        that of the work of a request, prompt and answer. The lighter the traffic, the less the
        latter matters.
        """
        prompt = self.prefill_s * self.slots / self.full_s
        work = (prompt * self.input_cv) ** 2 + ((1.0 - prompt) * self.output_cv) ** 2
        slots, room = self.slots * self.replicas, 1.0 - self.load
        work *= float(np.exp(-LIGHTENS * room * sqrt(slots)))
        return (2.0 * self.cluster - 1.0 + work) / 2.0 * self.full_s / slots / room

    def together(self) -> float:
        """Return how many requests of a cluster come to the same replica, in the mean [1]."""
        at_random = 1.0 + (self.cluster - 1.0) / self.replicas
        in_turn = 1.0 / (1.0 - (1.0 - 1.0 / self.cluster) ** self.replicas)
        return float(at_random ** (1.0 - APART) * in_turn**APART)

    def first_tokens(self) -> FirstTokens:
        """Return what is promised of the first token."""
        told = promised(self.percentiles_s(PROMISED), self.load)
        return told if told.p50_s is None else replace(told, waiting_share=self.waiting_share())

    def percentiles_s(self, levels: Sequence[float]) -> Floats:
        """Return the time to the first token that so many of the requests stay within [levels] [s].

        The sum of independent waits, multiplied as Fourier transforms. Who finds a free slot waits
        for prompts as in a queue of one server with geometric clusters (Pollaczek and Khinchine);
        a server that decodes between prompts adds what is left of its step. Who waits for a slot
        waits exponentially long, as in heavy traffic, and where few wait longer for the first one;
        then for prompts of those who got theirs with the same step. NaN at capacity and beyond.

        Args:
            levels: Shares of the requests [levels] [1].
        """
        reading = self.reading
        if not (self.load < 1.0 and reading < 1.0):
            return np.full(len(levels), np.nan)
        full, queue_s = self.waiting_share(), self.wait_s()
        together, spread = self.together(), 1.0 + self.input_cv**2
        even = 1.0 - EVENER * (1.0 - 1.0 / self.replicas) / spread
        reading = even * reading / (1.0 - reading + even * reading)
        second = self.prefill_s * spread * together
        longest = TAIL * (second / (1.0 - reading) + (queue_s if full > SMALLEST else 0.0))
        dt = (longest + 2.0 * self.step_s) / GRID
        at: Floats = np.arange(float(GRID)) * dt
        own = np.fft.rfft(_lengths(self.prefill_s, self.input_cv, at))
        mates = 1.0 / together / (1.0 - (1.0 - 1.0 / together) * own)
        batch = own * mates
        waits = _waits(batch, self.prefill_s * together / dt, reading)
        idle = np.exp(-self.requests_per_s / self.replicas / self.cluster * self.alone_s)
        decoding = 1.0 - idle
        steps = np.fft.rfft(_uniform(self.step_s, at, dt))
        every = batch * waits * (1.0 - decoding + decoding * steps)
        if full > 0.0:
            first_s = queue_s * LIGHT_WAIT * (1.0 - self.load) * (1.0 - full)
            same = self.requests_per_s / self.replicas * self.step_s
            waited = own * np.exp(same * (own - 1.0)) * _exponential(queue_s, longest, dt)
            every = every * (1.0 - full) + full * waited * _exponential(first_s, longest, dt)
        reached = np.cumsum(np.fft.irfft(every, GRID))
        found: Floats = self.before_s + np.interp(levels, reached, at)
        return found


PROMISED = (0.5, 0.95, 0.99)
"""Shares of the requests whose first token is told [1]."""


def promised(seconds: Floats, load: float) -> FirstTokens:
    """Return what is promised of the first token at each of `PROMISED` [s], or why nothing is."""
    p50, p95, p99 = seconds.tolist()
    if np.isnan(p50):
        why_not = "the busiest hour takes all of the capacity: the queue grows without end"
        return FirstTokens(p50_s=None, p95_s=None, p99_s=None, load=load, why_not=why_not)
    return FirstTokens(p50_s=p50, p95_s=p95, p99_s=p99, load=load)


def turn_percentiles_s(
    turns: Sequence[tuple[float, float]],
    per_s: float,
    spread: float,
    before_s: float,
    levels: Sequence[float],
) -> Floats:
    """Return the time to the first token that so many turns of sessions stay within [levels] [s].

    Turns come at random to a replica that reads one at a time (Pollaczek and Khinchine). NaN where
    it reads all the time.

    Args:
        turns: What it takes to read each kind of turn [s], and its share of them [1].
        per_s: Turns that come while another session's may be read [turn/s].
        spread: Standard deviation of the length of a turn of a kind over their mean [1].
        before_s: What passes besides: fixed work and the first steps [s].
        levels: Shares of the turns [levels] [1].
    """
    mean = sum(seconds * share for seconds, share in turns)
    second = sum(seconds**2 * share for seconds, share in turns) * (1.0 + spread**2)
    busy = per_s * mean
    if busy >= 1.0 or mean <= 0.0:
        return np.full(len(levels), np.nan)
    longest = TAIL * max(max(s for s, _ in turns), second / mean / (1.0 - busy))
    dt = longest / GRID
    at: Floats = np.arange(float(GRID)) * dt
    own = sum(share * np.fft.rfft(_lengths(seconds, spread, at)) for seconds, share in turns)
    every = own * _waits(own, mean / dt, busy)
    found: Floats = before_s + np.interp(levels, np.cumsum(np.fft.irfft(every, GRID)), at)
    return found


def _waits(work: Any, mean: float, busy: float) -> Any:
    """Return the transform of the wait for one server (Pollaczek and Khinchine).

    Args:
        work: Transform of how often work falls to each point of a grid.
        mean: Mean work [points of the grid].
        busy: Share of the time that it is at work [1].
    """
    rest = (1.0 - work) * PER_LATER / mean
    rest[0] = 1.0
    return (1.0 - busy) / (1.0 - busy * rest)


def _lengths(mean: float, cv: float, at: Floats) -> Floats:
    """Return how often a lognormal of some mean and variation falls to each point of a grid."""
    if cv <= 0.0:
        point = np.zeros(at.size)
        point[min(int(np.round(mean / at[1])), at.size - 1)] = 1.0
        return point
    deviation = np.sqrt(np.log1p(cv * cv))
    scores = (EDGES[: at.size - 1] + (np.log(at[1] / mean) + deviation**2 / 2.0)) / deviation
    often = np.empty(at.size)
    often[:-1], often[-1] = np.interp(scores, SCORES, BELOW), 1.0
    often[1:] -= often[:-1].copy()
    return often


def _exponential(mean: float, longest: float, dt: float) -> Any:
    """Return the transform of an exponential wait up to the longest on a grid."""
    if mean <= 0.0:
        return 1.0
    less, end = -np.expm1(-dt / mean), -np.expm1(-longest / mean)
    return less * end / (less + (1.0 - less) * LATER)


def _uniform(most: float, at: Floats, dt: float) -> Floats:
    """Return how often what is left of a step falls to each point of a grid."""
    shape = np.maximum(np.clip((most - at) / dt, 0.0, 1.0), at == 0.0)
    share: Floats = shape / shape.sum()
    return share
