"""Engine formulas against what trying every value says, over inputs drawn once.

No function here takes an argument: `benchmarks/mutants.py` calls them as they are.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tco.engine import arrivals, capacity, crossings, gaps, hybrid, sessions
from tco.engine import replica as replicas
from tco.engine.constants import FITTED
from tco.engine.shapes import TUNED, GpuShape, Layout, ModelShape

A = np.array
close = pytest.approx

# Where curve B is below curve A.


def random_curves(rng: np.random.Generator, pairs: int, pieces: int) -> crossings.Curves:
    """Return curves of whole numbers, whose lines can be told apart without a tolerance."""
    width = rng.integers(1, 5, (pairs, pieces)).astype(float)
    edges = np.cumsum(width, axis=1)
    edges[:, -1] = np.inf
    slope = rng.integers(0, 3, (pairs, pieces)).astype(float)
    fixed = rng.integers(0, 8, (pairs, pieces)).astype(float)
    starts = np.concatenate([np.zeros((pairs, 1)), edges[:, :-1]], axis=1)
    ends = np.where(np.isfinite(edges), edges, starts)
    above = slope - slope[:, -1:]
    corners = np.concatenate([fixed + above * starts, fixed + above * ends], axis=1)
    return crossings.Curves(
        until=lambda rows, _: crossings.Steps(
            edges=edges[rows], fixed=fixed[rows], slope=slope[rows]
        ),
        pieces_until=lambda volume: np.full(volume.shape, float(pieces)),
        slope=slope[:, -1],
        low=corners.min(axis=1),
        high=corners.max(axis=1),
    )


def cost_at(steps: list[list[float]], volume: float) -> float:
    """Return the cost of a volume, the pieces gone through one by one."""
    fixed, slope = next((f, s) for edge, f, s in zip(*steps, strict=True) if volume <= edge)
    return fixed + slope * volume


def pieces_of(curves: crossings.Curves, pair: int) -> list[list[float]]:
    """Return the ends of a curve's pieces, and the line of each."""
    steps = curves.until(A([pair]), A([1.0]))
    return [steps.edges[0].tolist(), steps.fixed[0].tolist(), steps.slope[0].tolist()]


def test_wins_are_where_each_volume_says_so() -> None:
    """Curves of whole numbers run level, touch and lie on each other: a tie is no win."""
    rng, pairs = np.random.default_rng(5), 30
    for left, right in ((1, 4), (4, 1), (3, 5), (1, 1)):
        a, b = random_curves(rng, pairs, left), random_curves(rng, pairs, right)
        found = crossings.wins(a, b)
        level = 0
        for pair in range(pairs):
            spans = found.intervals(pair)
            volumes = [*np.arange(0.13, 25.0, 0.61), 1e9]
            mine, theirs = pieces_of(a, pair), pieces_of(b, pair)
            gap = [cost_at(theirs, v) - cost_at(mine, v) for v in volumes]
            inside = [any(low < v < high for low, high in spans) for v in volumes]
            if found.tied[pair]:  # beyond some volume nobody knows
                assert inside[:-1] == [g < 0 for g in gap[:-1]]
            else:
                assert inside == [g < 0 for g in gap], (spans, gap)
            level += sum(g == 0 for g in gap[:-1])
            assert all(low < high for low, high in spans)
            assert all(one[1] < other[0] for one, other in pairwise(spans))
            first, endless = found.first[pair], spans and spans[-1][1] == np.inf
            assert (first == spans[0][0]) if spans else np.isnan(first)
            assert (found.sure[pair] == spans[-1][0]) if endless else np.isnan(found.sure[pair])
        assert level > 10, "some stretches cost the same on both"


# The batches among which a replica looks for its largest.


def test_the_largest_batch_lies_between_two_that_were_asked_about() -> None:
    rng, batches = np.random.default_rng(11), replicas.BATCHES
    kept = rng.random((80, batches.size)) < rng.random((80, 1))
    kept[:3] = [[True], [False], [True]]
    most = np.floor(2.0 ** rng.uniform(0.0, 13.0, 80))
    most[:3] = 9000.0, 500.0, 1.0
    low, high = replicas._Corrected(kept=kept, rates=np.ones(kept.shape)).between(most)
    for row in range(80):
        within = [i for i in range(batches.size) if kept[row, i] and batches[i] <= most[row]]
        at = within[-1] if within else 0
        beyond = batches[at + 1] - 1.0 if at + 1 < batches.size else np.inf
        assert low[row] == batches[at]
        assert high[row] == max(min(most[row], beyond), batches[at])
        assert low[row] <= high[row] <= max(most[row], 1.0)
    assert high[:3].tolist() == [9000.0, 1.0, 1.0]
    plain = replicas._Corrected().between(A([7.0, 300.0]))
    assert plain[0].tolist() == [1.0, 1.0] and plain[1].tolist() == [7.0, 300.0]


# Gaps: a power of time between two knots, so that integrals have a closed form.

KNOTS = ((2.0, 0.9), (10.0, 0.5), (60.0, 0.2), (600.0, 0.05), (7200.0, 0.001))
GAPS = gaps.Gaps(beyond=KNOTS)


def share_beyond(seconds: float) -> float:
    """Return the share of gaps longer than a time: a power between two knots."""
    if seconds > KNOTS[-1][0]:
        return 0.0
    if seconds <= KNOTS[0][0]:
        return 1.0 + (KNOTS[0][1] - 1.0) * seconds / KNOTS[0][0]
    for (t0, s0), (t1, s1) in pairwise(KNOTS):
        if seconds <= t1:
            return float(s0 * (seconds / t0) ** (np.log(s1 / s0) / np.log(t1 / t0)))
    raise AssertionError


def waited(seconds: float) -> float:
    """Return ``E[min(g, T)]``, its powers integrated by hand."""
    first = min(seconds, KNOTS[0][0])
    total = first * (1.0 + share_beyond(first)) / 2.0
    for (t0, s0), (t1, s1) in pairwise(KNOTS):
        power, end = np.log(s1 / s0) / np.log(t1 / t0), min(seconds, t1)
        if end > t0:
            total += s0 * t0 / (power + 1.0) * ((end / t0) ** (power + 1.0) - 1.0)
    return float(total)


def test_gaps_are_powers_of_time_between_their_knots() -> None:
    for seconds in (0.0, 0.7, 2.0, 5.0, 10.0, 33.0, 599.0, 7000.0, 7200.0, 9000.0):
        assert GAPS.longer(seconds) == close(share_beyond(seconds), rel=1e-3, abs=1e-9)
        assert GAPS.within(seconds) == close(waited(seconds), rel=1e-3)
    slow = replace(GAPS, stretch=3.0)
    assert slow.longer(99.0) == close(share_beyond(33.0), rel=1e-3)
    assert slow.within(99.0) == close(3.0 * waited(33.0), rel=1e-3)
    assert GAPS.mean_s == close(waited(7200.0), rel=1e-3)


def kept_for(slack: float, growth: float) -> float:
    """Return the time for which a cache keeps what waits, halved down to."""
    low, high = 0.0, 1e7
    for _ in range(100):
        middle = (low + high) / 2.0
        if waited(middle) + growth * middle < slack:
            low = middle
        else:
            high = middle
    return low


def test_what_is_missed_is_what_waits_longer_than_the_room_lasts() -> None:
    slacks, growths = (0.3, 1.9, 7.0, 20.0, 50.0, 120.0), (0.0, 0.004, 0.05, 0.6)
    for slack in slacks:
        for growth in growths:
            lasts = kept_for(slack, growth)
            want = 0.0 if lasts > 7200.0 else share_beyond(lasts)
            assert GAPS.missed(slack, growth) == close(want, rel=5e-3, abs=1e-6)
            thrice = replace(GAPS, stretch=3.0).missed(3.0 * slack, growth)
            assert thrice == close(float(GAPS.missed(slack, growth)))
            for cap in (5.0, 100.0, 2000.0):  # no gap is longer than the cap
                found = replace(GAPS, cap_s=cap).missed(slack, growth)
                assert found == close(want if lasts < cap else 0.0, rel=5e-3, abs=1e-6)
                both = replace(GAPS, cap_s=3.0 * cap, stretch=3.0).missed(3.0 * slack, growth)
                assert both == close(float(found))
    assert GAPS.missed(-5.0, 0.0) == 1.0 == GAPS.missed(-5.0, 0.3)  # no room at all


def test_many_rooms_at_once_miss_what_each_does_alone() -> None:
    slack, growth = A([[7.0], [50.0]]), A([0.0, 0.0104, 0.6, 0.0])
    cap = A([np.inf, 30.0, np.inf, 9.0])
    many = replace(GAPS, cap_s=cap).missed(slack, growth)
    assert many.shape == (2, 4)
    for row, room in enumerate((7.0, 50.0)):
        for column in range(4):
            alone = replace(GAPS, cap_s=float(cap[column]))
            want = alone.missed(room, round(float(growth[column]), 3))
            assert many[row, column] == close(float(want))
    assert GAPS.missed(50.0, 0.0104) == close(float(GAPS.missed(50.0, 0.01)))
    assert GAPS.missed(A([7.0, 50.0]), A([0.01])).shape == (2,)


# What a replica has for sessions.

MODELS = (
    ModelShape(
        params=8e9, active_params=8e9, layers=32, hidden_size=4096, heads=32, kv_heads=8,
        head_dim=128, vocab_size=128256.0,
    ),
    ModelShape(
        params=671e9, active_params=37e9, layers=61, hidden_size=7168, heads=128, kv_heads=1,
        head_dim=576, vocab_size=129280.0, routed_params=654e9, experts=256.0,
        experts_per_token=8.0, mla=True,
    ),
)  # fmt: skip
GPU = GpuShape(
    memory_bytes=192 * 2.0**30, bandwidth_bytes_per_s=8e12, flops_16=2250e12, flops_8=4500e12,
    link_bytes_per_s=900e9, admits_more=True,
)  # fmt: skip
WHERE = (
    Layout(),
    Layout(tp=8.0, weight_bytes=1.0, compute_bits=8.0),
    Layout(tp=8.0, dp_attention=True, weight_bytes=1.0, compute_bits=8.0),
    Layout(tp=8.0, pp=2.0, nodes=2.0, weight_bytes=1.0, compute_bits=8.0),
)
AGENTS = sessions.Sessions(
    context_tokens=60e3, output_tokens=400.0, shared_tokens=9e3, new_tokens=2.5e3,
    first_tokens=30e3, last_tokens=80e3, turns=25.0, lanes=1.3, gaps=GAPS,
)  # fmt: skip
TARGET = replicas.Target(isl=1.0, osl=1.0, cached_share=0.9, max_tpot_s=0.05, max_concurrency=256.0)
ROOM = sessions.CacheRoom(pool_share=0.9, host_bytes=1e12, host_bytes_per_s=50e9)


def prefill_s(model: ModelShape, layout: Layout, new: float, isl: float) -> float:
    """Return the prefill of so many new tokens of a prompt."""
    made = capacity.replica(
        model, GPU, layout, isl=isl, osl=400.0, batch=1.0, profile=TUNED, cached_share=1 - new / isl
    )
    return float(np.asarray(made.prefill_s))


def served(model: ModelShape, layout: Layout, **more: Any) -> sessions.SessionServer:
    """Return what a replica has for the sessions of agents, some of it said otherwise."""
    said = {"goal": TARGET, "of": AGENTS, "room": ROOM, "factors": (1.0, 1.0), **more}
    return sessions.session_server(model, GPU, layout, TUNED, **said)


def test_what_a_replica_has_for_sessions_is_worked_out_one_by_one() -> None:
    for model in MODELS:
        for layout in WHERE if model.mla else WHERE[:2]:
            plain = served(model, layout)
            each = float(capacity.kv_bytes_per_sequence(model, layout, 60e3)) / 60e3
            free = float(capacity.free_bytes(model, GPU, layout))
            assert plain.pool_tokens == close(max(free, 0.0) * 0.9 / each)
            assert plain.host_tokens == close(1e12 / each)
            assert plain.hit_s == close(prefill_s(model, layout, 2500.0, 60e3))
            assert plain.miss_s == close(prefill_s(model, layout, 51e3, 60e3))
            assert plain.first_s == close(prefill_s(model, layout, 21e3, 30e3))
            assert plain.host_s == close(each * 51e3 / (50e9 * float(layout.gpus)))
            assert plain.ranks == (8.0 if layout.dp_attention else 1.0)
            one, some = (
                layout.pp
                * float(
                    capacity.replica(
                        model, GPU, layout, isl=60e3, osl=400.0, batch=n, profile=TUNED,
                        cached_share=0.9,
                    ).step_s
                )
                for n in (1.0, 32.0)
            )  # fmt: skip
            assert plain.token_s == close(one)
            assert plain.token_more_s == close((some - one) / 31.0)
            assert plain.ttft_s == close(FITTED.ttft_fixed_s + FITTED.ttft_steps * one)
            slow = served(model, layout, factors=(0.8, 0.5))
            assert slow.token_s == close(one / 0.8)
            assert slow.token_more_s == close((some / 0.5 - one / 0.8) / 31.0)
            even = served(model, layout, factors=(0.5, 5.0))  # more at once are no faster a token
            assert even.token_more_s == close(max(some / 5.0 - one / 0.5, 0.0) / 31.0)


def test_what_a_server_says_of_its_pool_counts_and_drafting_heads_take_a_layer() -> None:
    model, layout = MODELS[1], WHERE[1]
    plain = served(model, layout, room=sessions.CacheRoom())
    said = served(model, layout, room=replace(ROOM, pool_tokens=2e6))
    assert said.pool_tokens == 2e6
    assert plain.host_tokens == 0.0 == plain.host_s
    drafting = served(model, layout, goal=replace(TARGET, drafts=1.0), room=sessions.CacheRoom())
    each = float(capacity.kv_bytes_per_sequence(model, layout, 60e3)) / 60e3
    free = float(capacity.free_bytes(model, GPU, layout))
    weights = float(capacity.stored_bytes(model, layout))
    assert drafting.pool_tokens == close((free - weights / 61.0) / (each * (1.0 + 1.0 / 61.0)))
    assert drafting.token_s < plain.token_s
    none = served(model, WHERE[0])  # its weights alone do not fit
    assert none.pool_tokens == 0.0


def test_a_session_shorter_than_what_all_share_has_nothing_of_its_own_to_lose() -> None:
    model, layout = MODELS[0], WHERE[0]
    short = replace(AGENTS, context_tokens=10e3, first_tokens=8e3)
    made = served(model, layout, of=short)
    assert made.miss_s == close(prefill_s(model, layout, 2500.0, 10e3))  # 1,000 less than is new
    assert made.first_s == close(prefill_s(model, layout, 0.0, 8e3))
    long = replace(AGENTS, new_tokens=70e3)
    assert served(model, layout, of=long).hit_s == close(prefill_s(model, layout, 60e3, 60e3))


# Several settings at once are each alone.


def test_units_that_cost_more_awake_and_such_that_do_not_are_awake_alike() -> None:
    unit = hybrid.Resource(unit=2.0, usd_per_hour=3.0, awake_usd=0.5, at_once=4.0, headroom=0.8)
    layers = A([[0.0, 0.4, 1.1, 2.0], [0.0, 0.0, 0.3, 1.9]])
    mixed = replace(unit, awake_usd=A([0.5, 0.0])).awake(layers)
    assert np.abs(mixed - unit.awake(layers)).max() < 1e-12
    assert mixed[:, 0].tolist() == [0.0, 0.0] and 0.0 < mixed[1, 2] < mixed[1, 3] <= 1.0


# Queues of few slots, state by state.


def waits(queue: arrivals.Queue) -> float:
    """Return the share of the time in which all slots are taken: births and deaths, one by one."""
    slots, replicas = round(queue.slots), round(queue.replicas)
    states = [1.0]
    for k in range(1, slots * replicas):
        part = max(k / replicas - 1.0, 0.0) / max(slots - 1, 1)
        time = queue.alone_s + (queue.full_s - queue.alone_s) * part
        states.append(states[-1] * queue.requests_per_s * time / k)
    for _ in range(4000):
        states.append(states[-1] * queue.load)
    return sum(states[slots * replicas :]) / sum(states)


def test_requests_that_find_all_slots_taken_are_those_of_every_state() -> None:
    queue = arrivals.Queue(
        requests_per_s=1.0, replicas=1.0, slots=1.0, alone_s=1.0, full_s=1.0, prefill_s=0.0,
        step_s=0.01, before_s=0.0,
    )  # fmt: skip
    for slots, servers in ((1, 1), (2, 1), (2, 3), (3, 2), (1, 4), (5, 1), (40, 2)):
        for load in (0.2, 0.7, 0.95):
            full_s = 1.0 + 0.5 * (slots > 1)
            rate = load * slots * servers / full_s
            one = replace(queue, requests_per_s=rate, replicas=servers, slots=slots, full_s=full_s)
            assert one.waiting_share() == close(waits(one), rel=1e-6, abs=1e-9)
    single = replace(queue, requests_per_s=0.3)
    assert single.waiting_share() == close(0.3)  # of one server the share of the time it is busy
