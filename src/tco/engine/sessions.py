"""Sessions that wait between their turns: what a replica's cache keeps of them, and what it costs.

A turn of an agent reads its whole context; a prefix cache serves what it still holds of the turn
before. Sessions that wait hold memory, so that beyond some number of them the cache forgets each
one before its next turn comes: a wall, not a slope.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any, TypeVar

import numpy as np

from tco.engine.capacity import free_bytes, kv_bytes_per_sequence, stored_bytes
from tco.engine.constants import FITTED
from tco.engine.gaps import Gaps
from tco.engine.replica import Replica, Target, speed_at
from tco.engine.shapes import (
    ROUND_OFF,
    Flag,
    Floats,
    GpuShape,
    Layout,
    ModelShape,
    Number,
    ServerProfile,
)
from tco.records import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """What the sessions of a profile are like; numbers or arrays but for the table of gaps.

    Args:
        context_tokens: Mean input of a turn, C [token].
        output_tokens: Mean output of a turn, o [token].
        shared_tokens: System prompt and tools, the same in all sessions, S [token].
        new_tokens: Input of a later turn that no cache has, a [token].
        first_tokens: Input of the first turn, F [token].
        last_tokens: What a session that ends leaves behind, E [token].
        turns: Turns of a session, L [1].
        lanes: What an open session holds over its mean input [1].
        at_once: Of that, what takes turns of its own at the same time: sub-agents [1].
        gaps: How long sessions wait.
    """

    context_tokens: Number
    output_tokens: Number
    shared_tokens: Number
    new_tokens: Number
    first_tokens: Number
    last_tokens: Number
    turns: Number
    lanes: Number
    gaps: Gaps
    at_once: Number = 1.0

    @property
    def held_tokens(self) -> Number:
        """Return what an open session holds beside what all share, ``lanes * (C - S)`` [token]."""
        return self.lanes * np.maximum(self.context_tokens - self.shared_tokens, 1.0)

    def hit_share(self, missed: Number) -> Number:
        """Return the share of the input that is served from the cache, by token [1].

        Args:
            missed: Share of the turns that find nothing of their own, first turns apart [1].
        """
        begins = 1.0 / np.asarray(self.turns, dtype=float)
        lost = np.maximum(self.context_tokens - self.shared_tokens, 0.0)
        again = (1.0 - missed) * self.new_tokens + missed * lost
        first = np.maximum(self.first_tokens - self.shared_tokens, 0.0)
        return 1.0 - ((1.0 - begins) * again + begins * first) / self.context_tokens

    @property
    def most_missed(self) -> Number:
        """Return the share of turns that may miss where the cache counts as kept [1].

        Where the hit rate is `KEPT` of that of an endless cache; 1 where it never falls so low.
        """
        endless = self.hit_share(0.0)
        drop = endless - self.hit_share(1.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            most = np.where(drop > 0.0, (1.0 - KEPT) * endless / drop, 1.0)
        return np.clip(most, 0.0, 1.0)


KEPT = 0.9 / 0.965
"""Hit rate over that of an endless cache from which a cache counts as kept: 0.9 for coding agents,
whose endless cache serves 0.965 [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionServer:
    """What one replica has for sessions: room for what waits, and time for each kind of turn.

    Args:
        pool_tokens: Tokens that its KV cache holds, copies not counted, K [token].
        host_tokens: The same of host memory behind it [token].
        ranks: Parts of the pool that each keep sessions of their own [1].
        hit_s: Prefill of a turn that finds its cache [s].
        miss_s: Prefill of a turn that finds only what all share [s].
        first_s: Prefill of the first turn of a session [s].
        host_s: Copy of a turn's cache back from host memory [s].
        token_s: Time per output token of a turn alone, prefill left out [s].
        token_more_s: What each further turn in flight adds to it [s].
        ttft_s: Time to the first token beside prefill and the wait for it [s].
    """

    pool_tokens: Number
    hit_s: Number
    miss_s: Number
    first_s: Number
    token_s: Number
    token_more_s: Number
    host_tokens: Number = 0.0
    host_s: Number = 0.0
    ranks: Number = 1.0
    ttft_s: Number = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheRoom:
    """What a replica keeps what waits in; numbers or arrays.

    Args:
        pool_tokens: Tokens that its KV cache holds, as its server says; 0 for those that its memory
            has room for [token].
        pool_share: Share of the free memory that a server really makes the pool of [1].
        host_bytes: Memory of the host behind it [byte].
        host_bytes_per_s: Copy from there to one GPU [byte/s].
    """

    pool_tokens: Number = 0.0
    pool_share: Number = 1.0
    host_bytes: Number = 0.0
    host_bytes_per_s: Number = np.inf


FEW, SOME = 1.0, 32.0
"""Requests in flight between which a token's time is a straight line over them: turns of agents are
few at a time [1]."""


def session_server(
    model: ModelShape,
    gpu: GpuShape,
    layout: Layout,
    profile: ServerProfile,
    goal: Target,
    of: Sessions,
    room: CacheRoom,
    factors: tuple[Number, Number] = (1.0, 1.0),
) -> SessionServer:
    """Return what a replica has for sessions, by the model of capacity.

    The pool is ``share * free / bytes a token``, over all ranks: a latent cache is whole on each of
    them, and so are heads that several share. Heads that draft tokens keep a layer's weights and
    cache of their own.

    Args:
        model, gpu, layout, profile: The set-up; fields broadcast.
        goal: Speculative decoding; its lengths do not count.
        room: Where what waits is kept.
        factors: What measurements multiply the speed of decoding by, with `FEW` and with `SOME`
            requests in flight [1].
    """
    context = of.context_tokens
    drafting = np.where(np.greater(goal.drafts, 0.0), 1.0 / np.asarray(model.layers), 0.0)
    each = kv_bytes_per_sequence(model, layout, context) / context * (1.0 + drafting)
    free = free_bytes(model, gpu, layout) - drafting * stored_bytes(model, layout)
    worked_out = np.maximum(free, 0.0) * room.pool_share / each

    def prefill_s(new: Number, isl: Number) -> Number:
        cached = 1.0 - np.minimum(np.divide(new, isl), 1.0)
        asked = replace(goal, isl=isl, osl=of.output_tokens, cached_share=cached)
        return speed_at(model, gpu, layout, profile, asked, FEW).prefill_s

    asked = replace(goal, isl=context, osl=of.output_tokens)
    speeds = [speed_at(model, gpu, layout, profile, asked, n) for n in (FEW, SOME)]
    tokens = [layout.pp * np.asarray(v.step_s) / f for v, f in zip(speeds, factors, strict=True)]
    more = np.maximum(tokens[1] - tokens[0], 0.0) / (SOME - FEW)
    lost = np.maximum(context - of.shared_tokens, of.new_tokens)
    first = np.maximum(of.first_tokens - of.shared_tokens, 0.0)
    copied = kv_bytes_per_sequence(model, layout, context) * lost / context
    return SessionServer(
        pool_tokens=np.where(np.greater(room.pool_tokens, 0.0), room.pool_tokens, worked_out),
        host_tokens=room.host_bytes / each,
        ranks=np.where(layout.dp_attention, layout.gpus, 1.0),
        hit_s=prefill_s(of.new_tokens, context),
        miss_s=prefill_s(lost, context),
        first_s=prefill_s(first, of.first_tokens),
        host_s=copied / (room.host_bytes_per_s * layout.gpus),
        token_s=tokens[0],
        token_more_s=more,
        ttft_s=FITTED.ttft_fixed_s + layout.pp * FITTED.ttft_steps * speeds[0].step_s,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Steady:
    """How one replica goes on with some open sessions; fields have the shape of the inputs.

    Args:
        sessions: Open sessions, those that wait too [1].
        missed: Share of the turns that find nothing of their own [1].
        hit_share: Share of the input that comes from the cache, host memory included [1].
        turns_per_s: Turns that are finished [1/s].
        in_flight: Turns that wait for prefill, are prefilled or decoded [1].
        ttft_s: Time to the first token of a turn that finds its cache, its wait included [s].
        tpot_s: Time per output token, prefill of others included [s].
        busy_share: Share of the time that goes into prefill [1].
    """

    sessions: Number
    missed: Number
    hit_share: Number
    turns_per_s: Number
    in_flight: Number
    ttft_s: Number
    tpot_s: Number
    busy_share: Number


# How many sessions a replica keeps, and how it goes on with any number of them.

SPREAD = 0.6
"""Standard deviation of the context of a session over its mean; that of the sum of N sessions is
less by their root [1]."""

UNEVEN = ((-(3.0**0.5), 1.0 / 6.0), (0.0, 4.0 / 6.0), (3.0**0.5, 1.0 / 6.0))
"""Three points that stand for a normal distribution, in standard deviations, and their weights."""

LONG = ((3.0**0.5, 1.0),)
"""The longest of them alone: what has lost its cache must find it again at any time."""

FULLEST = 2.0
"""Standard deviations by which the fullest of several pools is fuller than the mean of them [1]."""

Points = tuple[tuple[float, float], ...]

MISSES_BELOW, MISSES_ABOVE = 8, 10
"""Shares of misses that are looked at, below and above the one where the cache counts as kept."""

HALVINGS, ROUNDS = 13, 30
SLOWEST = np.log(1e-6)
"""Lowest rate that is looked at, over the highest; logarithm [1]."""


def _prefill_s(of: Sessions, server: SessionServer, missed: Number, slow: Number) -> Number:
    """Return the mean prefill of a turn; host memory serves the misses that are not `slow` [s]."""
    begins = 1.0 / np.asarray(of.turns, dtype=float)
    back = np.maximum(missed - slow, 0.0) * server.host_s
    again = (1.0 - slow) * server.hit_s + slow * server.miss_s + back
    return (1.0 - begins) * again + begins * server.first_s


def _passing(
    of: Sessions, server: SessionServer, rate: Number, prefill_s: Number
) -> tuple[Number, Number, Number]:
    """Return sessions [1], prefill with the wait for it [s], and decoding of a turn at a rate [s].

    ``R = s (1 + (n-1)/n X R)``, ``D = o tpot / (1 - X s)``, ``n = at_once N = X (E[g] + R + D)``.
    """
    busy = rate * prefill_s
    # With tpot(n) = t + u (n - 1) and n = X D the equation of D is linear.
    left = 1.0 - busy - of.output_tokens * server.token_more_s * rate
    alone = np.maximum(server.token_s - server.token_more_s, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        decode = np.where(left > 0.0, of.output_tokens * alone / np.maximum(left, 0.0), np.inf)
    decode = np.maximum(decode, of.output_tokens * server.token_s)
    others: Number = 1.0
    for _ in range(2):
        through = prefill_s / (1.0 - others * busy)
        running = rate * (of.gaps.mean_s + through + decode)
        others = np.maximum(1.0 - 1.0 / running, 0.0)
    return running / of.at_once, through, decode


def _missing(
    of: Sessions,
    server: SessionServer,
    tokens: Number,
    rate: Number,
    prefill_s: Number,
    points: Points,
) -> Number:
    """Return the share of turns that find nothing of their own in so many tokens [1].

    What runs, what waits for at most the characteristic time T, and what ended fill them:
    ``S + X (s + D) H + X E[min(g + W, T)] H + X (E/L) T = K``, and a turn misses if ``g + W > T``.
    """
    sessions, through, decode = _passing(of, server, rate, prefill_s)
    waits, each = through - prefill_s, np.maximum(sessions / server.ranks, 1.0)
    several = np.greater(server.ranks, 1.0)
    fullest = np.where(several, 1.0 + FULLEST / np.sqrt(each), 1.0)
    own = of.held_tokens / of.at_once
    growth = of.last_tokens / (of.turns * own)
    missed: Number = 0.0
    for point, weight in points:
        held = own * fullest * np.maximum(1.0 + point * SPREAD / np.sqrt(each), 0.05)
        room = (tokens - of.shared_tokens) / (rate * held)
        slack = room - prefill_s - decode - waits * (1.0 + growth)
        missed = missed + weight * of.gaps.missed(slack, growth)
    return missed


def _both(
    of: Sessions, server: SessionServer, rate: Number, slow: Number, points: Points = UNEVEN
) -> tuple[Number, Number, Number]:
    """Return the misses of the pool and of what is behind it [1], and prefill [s], at a rate."""
    if not np.any(server.host_tokens):
        prefill_s = _prefill_s(of, server, slow, slow)
        missed = _missing(of, server, server.pool_tokens, rate, prefill_s, points)
        return missed, missed, prefill_s
    missed = slow
    for _ in range(2):
        prefill_s = _prefill_s(of, server, missed, slow)
        missed = _missing(of, server, server.pool_tokens, rate, prefill_s, points)
    everywhere = np.add(server.pool_tokens, server.host_tokens)
    return missed, _missing(of, server, everywhere, rate, prefill_s, points), prefill_s


def _largest_rate(
    of: Sessions, server: SessionServer, slow: Number, allowed: Callable[[Number, Number], Flag]
) -> Number:
    """Return the largest rate that is allowed at a share of misses, by bisection [1/s].

    Args:
        slow: Share of the turns that are prefilled anew [1].
        allowed: Of a rate and of the prefill of a turn, whether it is.
    """
    prefill_s = _prefill_s(of, server, slow, slow)
    most = np.log((1.0 - ROUND_OFF) / prefill_s)
    low, high = most + SLOWEST, most
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        ok = allowed(np.exp(middle), prefill_s)
        low, high = np.where(ok, middle, low), np.where(ok, high, middle)
    found: Floats = np.exp(low)
    return found


def steady(of: Sessions, server: SessionServer, sessions: Number, *, warm: bool = True) -> Steady:
    """Return how a replica goes on with some open sessions, by repeated substitution.

    Near the wall a replica that has all caches and one that has lost them end apart.

    Args:
        sessions: Open sessions of the replica, those that wait too, 1 or more [1].
        warm: From full caches; otherwise from empty ones.
    """
    shape = np.broadcast_shapes(*(np.shape(x) for x in (sessions, server.hit_s, of.turns)))
    slow: Number = np.full(shape, 0.0 if warm else 1.0)
    missed, rate = slow, _rate_of(of, server, sessions, slow)
    part, way = np.full(shape, 0.5), np.zeros(shape)
    for _ in range(ROUNDS):
        missed, found, _ = _both(of, server, rate, slow)
        before, way = way, np.asarray(found - slow)
        part = np.where(before * way < 0.0, part / 2.0, part)  # or steep answers never settle
        slow = slow + part * way
        rate = _rate_of(of, server, sessions, slow)
    return _steady(of, server, rate, missed, slow)


def _rate_of(of: Sessions, server: SessionServer, sessions: Number, slow: Number) -> Number:
    """Return the turns a second of so many sessions at a share of misses [1/s]."""
    return _largest_rate(
        of, server, slow, lambda x, s: np.asarray(_passing(of, server, x, s)[0]) <= sessions
    )


def _steady(
    of: Sessions, server: SessionServer, rate: Number, missed: Number, slow: Number
) -> Steady:
    prefill_s = _prefill_s(of, server, missed, slow)
    sessions, through, decode = _passing(of, server, rate, prefill_s)
    return Steady(
        sessions=sessions,
        missed=missed,
        hit_share=of.hit_share(slow),
        turns_per_s=rate,
        in_flight=rate * (through + decode),
        ttft_s=server.ttft_s + through - prefill_s + server.hit_s,
        tpot_s=decode / of.output_tokens,
        busy_share=rate * prefill_s,
    )


@dataclass(frozen=True, slots=True)
class Limits:
    """What latencies and queues a replica is held to; numbers or arrays, infinite for none.

    Args:
        tpot_s, ttft_s: Slowest token, and first token [s].
        in_flight: Most turns at once [1].
    """

    tpot_s: Number = np.inf
    ttft_s: Number = np.inf
    in_flight: Number = np.inf

    def kept(self, at: Steady) -> Flag:
        """Return whether a replica keeps them."""
        fast = np.less_equal(at.tpot_s, self.tpot_s) & np.less_equal(at.ttft_s, self.ttft_s)
        return fast & np.less_equal(at.in_flight, self.in_flight)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSessions:
    """How many open sessions a replica keeps its cache for; numbers or arrays.

    Args:
        cold: Sessions up to which it finds its cache again after it was lost [1].
        warm: Sessions up to which it keeps a cache that it has: beyond is the wall [1].
        limited: Sessions up to which limits on latency are kept; infinite where they are to both
            [1].
        at_cold, at_warm: How it goes on with those, limits kept.
    """

    cold: Number
    warm: Number
    limited: Number
    at_cold: Steady
    at_warm: Steady


Record = TypeVar("Record", Sessions, SessionServer, Limits, Gaps)


def kept(of: Sessions, server: SessionServer, limits: Limits) -> KeptSessions:
    """Return how many sessions a replica keeps, from a cold and from a warm start.

    Of each share of misses m the sessions N(m) are found with which it keeps itself up. A warm
    replica ends at the smallest such share and a cold one at the largest, so that the cache is kept
    up to the largest N of the shares that are small enough, and found again up to the smallest N of
    those that are not, the contexts being long together.

    Args:
        of: What sessions are like; fields of one shape with those of the replica.
        limits: Latencies and turns at once.
    """
    shape = np.broadcast_shapes(np.shape(of.most_missed), np.shape(server.hit_s))
    most: Floats = np.broadcast_to(of.most_missed, shape)[..., None]
    each, here, goal = _lifted(of), _lifted(server), _lifted(limits)
    each = replace(each, gaps=_lifted(of.gaps))
    below = most * 10.0 ** np.linspace(-3.0, 0.0, MISSES_BELOW)
    share = np.linspace(0.0, 1.0, MISSES_ABOVE)
    above = np.maximum(np.maximum(most, 1e-6) ** (1.0 - share) * 0.999**share, most)
    rate, curve = _curve(each, here, below, UNEVEN)
    warm = np.max(curve, axis=-1)
    cold = np.minimum(np.min(_curve(each, here, above, LONG)[1], axis=-1), warm)
    limited = np.max(_allowed(each, here, goal, rate, below), axis=-1)
    rising = np.maximum.accumulate(curve, axis=-1)
    made = [
        _on_curve(of, server, np.floor(np.minimum(n, limited) + ROUND_OFF), rising, below)
        for n in (cold, warm)
    ]
    return KeptSessions(
        cold=np.floor(cold + ROUND_OFF),
        warm=np.floor(warm + ROUND_OFF),
        limited=np.where(limited < warm * (1.0 - 1e-3), np.floor(limited + ROUND_OFF), np.inf),
        at_cold=made[0],
        at_warm=made[1],
    )


def _curve(
    of: Sessions, server: SessionServer, slow: Floats, points: Points
) -> tuple[Number, Floats]:
    """Return the rate [1/s] and the sessions [1] with which shares of misses keep themselves up."""

    def fewer(rate: Number, _: Number) -> Flag:
        return np.less_equal(_both(of, server, rate, slow, points)[1], slow)

    rate = _largest_rate(of, server, slow, fewer)
    prefill_s = _both(of, server, rate, slow, points)[2]
    return rate, np.asarray(_passing(of, server, rate, prefill_s)[0])


def _allowed(
    of: Sessions, server: SessionServer, limits: Limits, rate: Number, slow: Number
) -> Floats:
    """Return the sessions at each share of misses, or as many as the limits allow there [1]."""

    def ok(x: Number, _: Number) -> Flag:
        return limits.kept(_steady(of, server, x, slow, slow))

    most = np.minimum(rate, _largest_rate(of, server, slow, ok))
    at = _steady(of, server, most, slow, slow)
    return np.where(limits.kept(at), at.sessions, 0.0)


def _on_curve(
    of: Sessions, server: SessionServer, sessions: Number, curve: Floats, slow: Floats
) -> Steady:
    """Return how a warm replica goes on with so many sessions, the misses read off a curve."""
    low = np.sum(curve <= np.asarray(sessions)[..., None], axis=-1)
    cell = np.clip(low, 1, curve.shape[-1] - 1)[..., None]
    shape = (*cell.shape[:-1], curve.shape[-1])  # limits may vary where replicas do not
    ends = [
        np.take_along_axis(np.broadcast_to(x, shape), at, -1)[..., 0]
        for x in (curve, np.log(np.maximum(slow, 1e-12)))
        for at in (cell - 1, cell)
    ]
    n0, n1, m0, m1 = ends
    part = np.clip((sessions - n0) / np.maximum(n1 - n0, ROUND_OFF), 0.0, 1.0)
    missing = np.exp(m0 + part * (m1 - m0))
    some = np.maximum(sessions, 1.0)
    rate = _rate_of(of, server, some, missing)
    return _steady(of, server, rate, missing, missing)


def _lifted(record: Record) -> Record:
    """Return a record with an axis more in its fields, for shares of misses to lie along."""
    columns: dict[str, Any] = {
        f.name: np.asarray(getattr(record, f.name), dtype=float)[..., None]
        for f in fields(record)
        if f.name not in ("gaps", "beyond")
    }
    return replace(record, **columns)


def session_replica(best: Replica, of: KeptSessions, *, capped: Flag) -> Replica:
    """Return what a replica sustains with the open sessions that are counted on.

    Those for which it finds its cache again after it was lost; where admission is capped, those for
    which it keeps one. A replica that keeps none serves nothing.

    Args:
        best: The same replica with requests that stand alone.
        of: How many sessions it keeps, limits on latency counted in.
        capped: Whether the sessions that it admits are limited to those that it keeps warm.
    """

    def at(name: str) -> Floats:
        cold: Number = getattr(of.at_cold, name)
        found: Floats = np.where(capped, getattr(of.at_warm, name), cold)
        return found

    count = np.minimum(np.where(capped, of.warm, of.cold), of.limited)
    serves = (count >= 1.0) & np.asarray(best.feasible)

    def reached(value: Number) -> Number:
        return np.where(serves, value, np.nan)

    return replace(
        best,
        slots=np.where(serves, np.maximum(np.ceil(at("in_flight") - ROUND_OFF), 1.0), 0.0),
        requests_per_s=reached(at("turns_per_s")),
        tpot_s=reached(at("tpot_s")),
        ttft_s=reached(at("ttft_s")),
        sessions=np.where(serves, count, 0.0),
    )
