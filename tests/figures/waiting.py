"""Sessions that wait and requests in queues on inputs made by hand, each quick."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from tco.engine import arrivals, gaps, sessions, shapes

from .cases import B200, DENSE, GOAL, H100, LATENT, LAYOUTS, MOE, A, case, each, one_replica

GAPS = gaps.Gaps(beyond=((2.0, 0.9), (10.0, 0.5), (60.0, 0.2), (600.0, 0.05), (7200.0, 0.001)))
AGENTS = sessions.Sessions(
    context_tokens=60e3, output_tokens=400.0, shared_tokens=9e3, new_tokens=2.5e3,
    first_tokens=30e3, last_tokens=80e3, turns=25.0, lanes=1.3, gaps=GAPS,
)  # fmt: skip
ONE = sessions.SessionServer(
    pool_tokens=900e3, hit_s=0.2, miss_s=4.1, first_s=1.7, token_s=9e-3, token_more_s=4e-4,
    ttft_s=0.07,
)  # fmt: skip
BEHIND = replace(ONE, host_tokens=3e6, host_s=0.35)
RANKS = replace(ONE, ranks=8.0, pool_tokens=6e6)
STRAIGHT = replace(ONE, token_more_s=0.0)
STEEP = replace(ONE, token_more_s=2e-2)  # more than a token alone takes
SERVERS = (ONE, BEHIND, RANKS, STRAIGHT, STEEP)
LIMITS = (
    sessions.Limits(),
    sessions.Limits(tpot_s=0.0115),
    sessions.Limits(ttft_s=0.5),
    sessions.Limits(in_flight=3.0),
    sessions.Limits(tpot_s=1e-3),
)


@case
def gaps_of_sessions() -> Any:
    """How many gaps are longer, what is within, what a room holds."""
    capped = replace(GAPS, cap_s=50.0, stretch=2.0)
    several = replace(GAPS, cap_s=A([9.0, 60.0, np.inf]), stretch=A([0.5, 1.0, 3.0]))
    times = A([0.5, 50.0, 800.0])
    out: list[Any] = []
    for of in (GAPS, capped, several):
        out += [of.longer(times), of.within(times), of.mean_s, of.longer(A([50.0, 49.99, 1e5]))]
        out += [of.missed(times, growth) for growth in (0.0, 0.02, A([0.0, 0.01, 0.0104]))]
    return [*out, gaps._laid_out(GAPS.beyond)]


@case
def kinds_of_sessions() -> Any:
    """What a session holds and hits, and how much of it may miss."""
    short = replace(AGENTS, context_tokens=8e3, first_tokens=8e3)
    even = replace(AGENTS, new_tokens=51e3)  # nothing is lost that is not new
    out: list[Any] = []
    for of in (AGENTS, short, even, replace(AGENTS, turns=1.0), replace(AGENTS, turns=2.0)):
        out += [of.held_tokens, of.hit_share(A([0.0, 0.3, 1.0])), of.most_missed]
    return out


@case
def parts_of_sessions() -> Any:
    """Prefill, passing and missing at a rate, each by itself."""
    rates, shares = A([0.05, 0.3, 0.6]), A([0.0, 0.25, 0.9])
    out: list[Any] = []
    for server in SERVERS:
        for slow in (0.0, 0.3):
            prefill_s = sessions._prefill_s(AGENTS, server, 0.4, slow)
            out += [prefill_s, sessions._passing(AGENTS, server, rates, prefill_s)]
            for points in (sessions.UNEVEN, sessions.LONG):
                out.append(sessions._both(AGENTS, server, rates, slow + 0 * rates, points))
        out.append(sessions._rate_of(AGENTS, server, A([1.0, 7.0, 40.0]), shares))
        at = sessions._steady(AGENTS, server, rates * 0.5, shares, shares * 0.9)
        out += [at, *(limit.kept(at) for limit in LIMITS)]
    return out


@case
def steady_sessions() -> Any:
    """How a replica goes on, warm and cold, below and beyond its wall."""
    counts = A([1.0, 6.0, 14.0, 30.0, 90.0])
    out = [
        sessions.steady(AGENTS, server, counts, warm=warm)
        for server in SERVERS
        for warm in (True, False)
    ]
    return [*out, sessions.steady(AGENTS, ONE, 5.0)]


@case
def kept_sessions() -> Any:
    """How many are kept, within limits and in small and large pools."""
    pools = A([20e3, 120e3, 900e3, 8e6])
    out: list[Any] = []
    for server, limits in (*product(SERVERS, LIMITS[:1]), *product((ONE, BEHIND), LIMITS[1:])):
        out.append(sessions.kept(AGENTS, server, limits))
    wide = replace(ONE, pool_tokens=pools, hit_s=A([0.2, 0.2, 0.1, 0.3]))
    short = replace(AGENTS, turns=2.0, gaps=replace(GAPS, cap_s=20.0))
    varied = replace(AGENTS, context_tokens=60e3 * A([1.0, 0.7, 1.2, 1.0]))
    for of in (AGENTS, short, varied):
        found = sessions.kept(of, wide, sessions.Limits(ttft_s=A([9.0, 0.4, 0.6, 2.0])))
        out.append(found)
        caps = (False, True, A([True, False, True, False]))
        out += [sessions.session_replica(one_replica(), found, capped=c) for c in caps]
    return out


@case
def servers_of_sessions() -> Any:
    """What set-ups have for sessions."""
    rows = (
        (DENSE, H100, LAYOUTS["bf16"]),
        (MOE, B200, LAYOUTS["mxfp4-tp2"]),
        (LATENT, B200, LAYOUTS["dp-attention"]),
        (LATENT, H100, LAYOUTS["two-nodes"]),
    )
    rooms = (
        sessions.CacheRoom(),
        sessions.CacheRoom(pool_tokens=2e6, host_bytes=1e12, host_bytes_per_s=50e9),
        sessions.CacheRoom(pool_share=0.9),
    )
    guessing = replace(GOAL, drafts=3.0)
    out: list[Any] = []
    for (model, gpu, layout), room in product(rows, rooms):
        for goal, factors in ((GOAL, (1.0, 1.0)), (guessing, (0.8, 0.5))):
            out.append(
                sessions.session_server(
                    model, gpu, layout, shapes.TUNED, goal, AGENTS, room, factors
                )
            )
    long = replace(AGENTS, new_tokens=70e3, first_tokens=5e3)
    return [*out, sessions.session_server(*rows[0], shapes.TUNED, GOAL, long, rooms[0])]


QUEUE = arrivals.Queue(
    requests_per_s=9.0, replicas=2.0, slots=16.0, alone_s=1.9, full_s=3.0, prefill_s=0.05,
    step_s=0.012, before_s=0.03,
)  # fmt: skip
QUEUES = (
    QUEUE,
    replace(QUEUE, requests_per_s=4.0, replicas=1.0, input_cv=0.0),
    replace(QUEUE, requests_per_s=4.9, replicas=1.0, slots=15.0, output_cv=0.4, peakedness=2.5),
    replace(QUEUE, requests_per_s=0.4, replicas=1.0, slots=1.0, alone_s=2.0, full_s=2.0),
    replace(QUEUE, requests_per_s=30.0, replicas=3.0, slots=40.0, prefill_s=0.02, input_cv=2.0),
    replace(QUEUE, requests_per_s=200.0, replicas=30.0, slots=300.0),
    replace(QUEUE, requests_per_s=600.0, replicas=5.0, slots=430.0, prefill_s=1e-3),
    replace(QUEUE, requests_per_s=0.6, alone_s=0.5, full_s=0.6, step_s=0.3, peakedness=2.0),
    replace(QUEUE, requests_per_s=10.6666, peakedness=1.3),
    replace(QUEUE, requests_per_s=11.0),
    replace(QUEUE, prefill_s=0.5),
)


@case
def queues() -> Any:
    """First tokens of fleets in light, heavy and impossible traffic."""
    out: list[Any] = []
    for one in QUEUES:
        out += [one.load, one.cluster, one.reading, one.first_tokens()]
        if one.load < 1.0 and one.reading < 1.0:
            out += [one.waiting_share(), one.wait_s()]
        out.append(one.percentiles_s((0.01, 0.3, 0.9, 0.999)))
    return out


@case
def lengths_in_queues() -> Any:
    """How often a length falls to each point of a grid."""
    at = np.arange(float(arrivals.GRID)) * 0.1
    rows = ((0.31, 0.0, at), (9e9, 0.0, at), (0.3, 0.7, at), (0.8, 2.0, at))
    means = [[found[:8], found, found[-1]] for found in each(arrivals._lengths, *rows)]
    at = at[:12]
    return [*means, *(list(arrivals._uniform(most, at, 0.1)) for most in (0.0, 0.05, 0.34, 9.0))]
