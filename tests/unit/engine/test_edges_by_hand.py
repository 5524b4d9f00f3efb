"""Edges of formulas that a slip would move, each worked out by hand, in milliseconds.

No function here takes an argument: `benchmarks/mutants.py` calls them as they are.
"""

from __future__ import annotations

from dataclasses import replace
from statistics import NormalDist
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tco.engine import (
    arrivals,
    assign,
    capital,
    crossings,
    draws,
    fleet,
    hybrid,
    ledger,
    sessions,
    training,
)
from tco.engine.gaps import Gaps
from tco.engine.replica import Replica, in_flight
from tco.engine.shapes import Workload

A = np.array
close = pytest.approx


def test_what_a_run_keeps_of_its_weights() -> None:
    # 2 bytes a weight; of 100 weights 40 in 4 bits of (4 + 8/64 + 32/16384) / 8 bytes; 10 adapters.
    nf4 = (4.0 + 0.125 + 32.0 / 16384.0) / 8.0
    parts = training.state_bytes(100.0, 10.0, four_bit=40.0, optimizer_bytes=6.0)
    assert parts == {
        "weights": close(120.0 + 40.0 * nf4), "adapters": 20.0, "gradients": 20.0,
        "optimizer": 60.0,
    }  # fmt: skip
    assert training.total_of(parts) == close(220.0 + 40.0 * nf4)
    full = training.state_bytes(100.0)
    assert full == {"weights": 200.0, "adapters": 0.0, "gradients": 200.0, "optimizer": 1200.0}
    assert training.state_bytes(100.0, 10.0, frozen_bytes=1.0)["weights"] == 100.0
    assert training.total_of(training.state_bytes(100.0, 10.0)) == 200.0 + 160.0
    assert training.training_flops(10.0, 5.0, full=True) == 300.0
    assert training.training_flops(10.0, 5.0, full=False) == 200.0
    assert training.embed_flops(10.0, 5.0) == 100.0


def test_gpus_and_hours_of_a_run() -> None:
    assert training.gpus_for_memory(A([90.0, 90.1, 180.0]), 100.0, 0.9).tolist() == [1.0, 2.0, 2.0]
    assert training.gpu_hours(3600.0 * 8.0, 4.0, 0.5) == 4.0
    # Cut in two each may hold half: 10 are on each, 5 of layers gathered, 40 of 100 may be filled.
    assert training.gpus_that_hold(31.0, 10.0, 5.0, 100.0, 0.4) == 2.0
    assert training.gpus_that_hold(30.0, 10.0, 5.0, 100.0, 0.4) == 1.0
    assert training.whole_gpus(A([7.0, 8.0, 9.0, 16.5]), 8, 4).tolist() == [8, 8, 16, 24]
    assert training.whole_gpus(2.0, 8, 2) == 2.0
    # A peak of 100 operations a second, a GPU does 100 of which a half is planned for: 2, exactly.
    load = Workload(tokens_per_month=3600.0 * 730, isl=1.0, osl=0.0, peak_to_mean=5.0)
    assert training.serving_gpus(load, 10.0, 100.0, 0.5, 0.0) == 2.0
    assert training.serving_gpus(load, 10.0, 100.0, 0.49, 1.0) == 4.0
    assert training.shorter_prompt(1000.0, A([0.0, 0.5]), 100.0)[1] == close([0.0, 400 / 900])


def test_terms_of_a_model_that_is_asked_more_than_once() -> None:
    terms = ledger.Terms(
        limits=(10.0, 30.0), discounts=(0.1, 0.2), free_tokens=4.0, commit_usd_per_month=7.0
    )
    twice = terms.repeated(2.0)
    assert (twice.limits, twice.free_tokens, twice.commit_usd_per_month) == ((5.0, 15.0), 2.0, 7.0)
    assert terms.repeated(1.0) == terms


def test_what_a_task_pays_on_a_fleet_is_no_saving() -> None:
    # $6 by the token, $2 of traffic on the fleet: $4 are saved, a replica costs $4.50.
    problem = assign.Problem(
        task=A([0, 0]), usd=A([6.0, 2.0]), load=A([[0.0], [1.0]]),
        fleets=[assign.FleetSizes(capacity=A([1.0]), usd=A([4.5]), gpus=A([1.0]))],
    )  # fmt: skip
    assert not assign._worth_opening(problem, 0)
    cheaper = replace(problem.fleets[0], usd=A([3.9]))
    assert assign._worth_opening(replace(problem, fleets=[cheaper]), 0)
    same = replace(problem.fleets[0], usd=A([4.0]))
    assert not assign._worth_opening(replace(problem, fleets=[same]), 0)
    # Of two routes on the fleet the cheaper, and the lighter: $6 at a load of 1.
    ways = assign.Problem(
        task=A([0, 0, 0]), usd=A([6.0, 0.0, 5.0]), load=A([[0.0], [1.0], [2.0]]),
        fleets=[assign.FleetSizes(capacity=A([1.0]), usd=A([5.9]), gpus=A([1.0]))],
    )  # fmt: skip
    assert assign._worth_opening(ways, 0)
    # Dearer on the fleet than by the token: nothing is saved, and nothing lost by another task.
    both = assign.Problem(
        task=A([0, 0, 1, 1]), usd=A([6.0, 0.0, 1.0, 9.0]), load=A([[0.0], [1.0], [0.0], [1.0]]),
        fleets=[assign.FleetSizes(capacity=A([2.0]), usd=A([5.9]), gpus=A([1.0]))],
    )  # fmt: skip
    assert assign._worth_opening(both, 0)


def test_a_host_that_grows_from_nothing_replaces_no_units() -> None:
    some = A([0.0, 1.0, 2.0])
    one = A([1.0, 2.0, 3.0])

    def fleet_of(usd: float, gpus: Any, *, hosted: bool) -> assign.FleetSizes:
        return assign.FleetSizes(capacity=one, usd=one * usd, gpus=gpus, hosted=hosted)

    team = assign.NOBODY
    covers = assign._covers
    hosted_units = fleet_of(10.0, 0.0 * one, hosted=True)
    assert not covers(hosted_units, fleet_of(9.0, some, hosted=True), 1.0, team)
    assert covers(hosted_units, fleet_of(9.0, 0.0 * one, hosted=True), 1.0, team)
    # GPUs of one's own at some sizes only need a team: no fleet of a host has one.
    assert not covers(
        fleet_of(10.0, one, hosted=True), fleet_of(9.0, some, hosted=False), 1.0, team
    )
    assert covers(fleet_of(10.0, one, hosted=False), fleet_of(9.0, some, hosted=False), 1.0, team)
    assert not covers(
        fleet_of(10.0, some, hosted=False), fleet_of(9.0, one, hosted=False), 1.0, team
    )
    assert covers(fleet_of(9.0, one, hosted=False), fleet_of(9.0, one, hosted=False), 1.0, team)


def test_a_crossing_at_the_very_edge_of_a_cell() -> None:
    # It touches nothing at 1 and is below from there on, in no straight line.
    found = crossings.scan(lambda x: -((x - 1.0) ** 2), 1.0, 10.0, log=False)
    assert not found.exact
    assert found.crossings == close((1.0,), abs=1e-6)
    assert found.intervals == ((close(1.0, abs=1e-6), 10.0),)
    back = crossings.scan(lambda x: (x - 1.0) ** 3, 0.0, 2.0, log=False)
    assert back.intervals == ((0.0, close(1.0, abs=1e-3)),)


def test_what_is_straight_is_judged_by_its_own_size() -> None:
    # A first value of a million million makes no curve elsewhere straight.
    def gap(x: Any) -> Any:
        return np.where(x <= 0.0, 1e12, x * x)

    x = A([0.0, 1.0, 2.0, 3.0])
    assert crossings._affine(gap, x, gap(x)).tolist() == [False, False, False]

    def late(x: Any) -> Any:
        return np.where(x >= 3.0, 1e12, x * x)

    assert crossings._affine(late, x, late(x)).tolist() == [False, False, False]
    assert crossings._affine(lambda x: 3.0 * x - 1.0, x, 3.0 * x - 1.0).all()


def test_the_root_of_correlations_is_a_lower_triangle() -> None:
    for rows in (
        [[1.0, 0.8], [0.8, 1.0]],
        [[1.0, -0.5, 0.3], [-0.5, 1.0, 0.2], [0.3, 0.2, 1.0]],
        [[1.0, 0.1, -0.7], [0.1, 1.0, 0.4], [-0.7, 0.4, 1.0]],
        [[1.0, 1.0], [1.0, 1.0]],
        [[1.0, -1.0], [-1.0, 1.0]],
    ):
        matrix = A(rows)
        root = draws._root(matrix)
        assert root @ root.T == close(matrix, abs=1e-7)
        assert np.triu(root, 1) == close(np.zeros_like(matrix), abs=1e-7)
        assert np.all(np.diag(root) >= -1e-7)


def test_ranks_follow_correlated_scores() -> None:
    # Two of 1: the second variable is ranked as the first; of -1: the other way round.
    ranks = draws.hypercube(np.random.default_rng(1), 9, [A([[1.0, 1.0], [1.0, 1.0]])])
    assert ranks[1].tolist() == ranks[0].tolist()
    ranks = draws.hypercube(np.random.default_rng(1), 9, [A([[1.0, -1.0], [-1.0, 1.0]])])
    assert ranks[1].tolist() == (8 - ranks[0]).tolist()
    alone = draws.hypercube(np.random.default_rng(1), 9, [A([[1.0]]), A([[1.0]])])
    assert [sorted(row) for row in alone.tolist()] == [list(range(9))] * 2


def test_shares_of_variance() -> None:
    # f = a + 2 b on all four corners: b explains four fifths of the variance, a one.
    a, b = A([-1.0, -1.0, 1.0, 1.0]), A([-1.0, 1.0, -1.0, 1.0])
    other_a, other_b = (
        np.tile(A([-1.0, 1.0, 1.0, -1.0]), 4),
        np.repeat(A([-1.0, 1.0, 1.0, -1.0]), 4),
    )
    a, b = np.tile(A([-1.0, -1.0, 1.0, 1.0]), 4), np.repeat(A([-1.0, -1.0, 1.0, 1.0]), 4)
    f_a, f_b = a + 2.0 * b, other_a + 2.0 * other_b
    mixed = np.stack([other_a + 2.0 * b, a + 2.0 * other_b])
    first, total = draws.sobol_indices(f_a, f_b, mixed)
    assert first == close([0.2, 0.8]) and total == close([0.2, 0.8])
    assert draws.check_correlation(A([[1.0, 0.3], [0.3, 1.0]])) is None
    assert "between -1 and 1" in str(draws.check_correlation(A([[1.0, 1.1], [1.1, 1.0]])))
    assert draws.check_correlation(A([[1.0, 1.0], [1.0, 1.0]])) is None


def test_layers_of_a_load() -> None:
    load = A([3.0, 12.0, 7.0])
    assert hybrid.layers_of(load, 5.0, 3).tolist() == [[3, 5, 5], [0, 5, 2], [0, 2, 0]]
    assert hybrid.layers_of(load, 5.0, 2, 4.0).tolist() == [[0, 5, 3], [0, 3, 0]]
    wide = hybrid.layers_of(load, A([5.0, 10.0]), 2)
    assert wide.tolist() == [[[3, 5, 5], [0, 5, 2]], [[3, 10, 7], [0, 2, 0]]]
    assert [hybrid.layer_count(load, u) for u in (12.0, 11.9, 4.0, 100.0)] == [1, 2, 3, 1]
    assert hybrid.layer_count(0.0 * load, 5.0) == 0
    # With a rate that varies, its mean over the hour is what is cut: the layers add up to it.
    cut = hybrid.layers_of(load, 5.0, 60, rate_cv=0.4)
    assert cut.sum(axis=0) == close(load, rel=1e-3)
    assert cut.min() >= 0.0 and cut[0, 0] < 3.0
    assert hybrid.layer_count(load, 5.0, 0.4) > 3
    assert hybrid.overflow(load, A([5.0, 12.0])).tolist() == [close(3.0), 0.0]
    # A unit of 5 at $1: its layers are used 13/15, 7/15 and 2/15; a request/s is $0.40 elsewhere.
    assert hybrid.breakeven_utilization(1.0, 5.0, 0.4) == 0.5
    assert hybrid.base_units(load, 5.0, 1.0, 0.4) == 1
    assert hybrid.base_units(load, 5.0, 1.0, 3.0 / 7.0) == 2  # as dear either way: it is kept
    assert hybrid.base_usd(load, 1.0, 5.0, 1.0, 0.4) == close(1.0 + 0.4 * 3.0)


def test_two_layers_and_three_hours_by_the_hour() -> None:
    kind = hybrid.Resource(
        unit=4.0, usd_per_hour=1.0, by_the_hour=True, lead_h=0.5, usd_per_load=0.1
    )
    # A request/s saves $0.40 but costs $0.10 there: 4 of them $1.20, 3 $0.90.
    made = hybrid.serve(A([[4.0, 4.0, 3.0], [4.0, 0.0, 0.0]]), kind, 0.4)
    assert made.on.tolist() == [[True, True, True], [False, False, False]]  # a start is $0.50
    assert made.served == close([11.0 / 3.0, 0.0])
    assert made.net_usd == close([(3.0 - 3.3) / 3.0, 0.0])
    always = hybrid.serve(
        A([[4.0, 4.0, 3.0], [4.0, 0.0, 0.0]]), replace(kind, by_the_hour=False), 0.4
    )
    assert always.net_usd == close([-0.1, (3.0 - 1.2) / 3.0])
    assert always.on.all() and always.served == close([11.0 / 3.0, 4.0 / 3.0])
    spot = hybrid.serve(A([[4.0, 4.0, 3.0]]), replace(kind, availability=0.5), 0.4)
    assert spot.on.tolist() == [[False, False, False]]
    # Of two prices by the request at once, one a row: at $0.10 nothing is saved.
    two = hybrid.serve(A([[4.0, 4.0, 3.0], [4.0, 0.0, 0.0]]), kind, A([[0.4], [0.1]]))  # type: ignore[arg-type]
    assert two.on.all(axis=-1).tolist() == [[True, False], [False, False]]
    base = hybrid.Resource(unit=4.0, usd_per_hour=0.9, usd_per_load=0.1)
    mix = hybrid.best_stack(A([8.0, 4.0, 3.0]), base, kind, 0.4)
    # 15 elsewhere are $6; the first layer saves $3.30 for $2.70, the second nothing.
    assert (mix.base_units, mix.peak_units) == (1, 0)
    assert mix.usd_per_hour == close((6.0 - 0.6) / 3.0)
    assert (mix.floor, mix.api_load) == (4.0, close(4.0 / 3.0))
    none = hybrid.best_stack(A([8.0, 4.0, 3.0]), None, None, 0.4)
    assert (none.base_units, none.peak_units, none.usd_per_hour) == (0, 0, close(2.0))
    assert none.api_load == close(5.0) and none.floor == 0.0
    fee = hybrid.best_stack(A([8.0, 4.0, 3.0]), base, None, 0.4, lambda b, p: 0.3 * (b + p > 0))
    assert fee.base_units == 0  # who looks after it costs more than the $0.20 an hour it saves


def test_sessions_of_a_replica() -> None:
    best = Replica(
        slots=10.0, requests_per_s=2.0, tpot_s=0.05, memory_slots=10.0, lone_tpot_s=0.01,
        lone_request_s=1.0, ttft_s=0.5, lone_ttft_s=0.1,
    )  # fmt: skip

    def at(in_flight: float, n: float) -> sessions.Steady:
        return sessions.Steady(
            sessions=n, missed=0.1, hit_share=0.9, turns_per_s=n / 10.0, in_flight=in_flight,
            ttft_s=0.3, tpot_s=0.02, busy_share=0.5,
        )  # fmt: skip

    keeps = sessions.KeptSessions(
        cold=20.0, warm=30.0, limited=np.inf, at_cold=at(3.0, 20.0), at_warm=at(4.2, 30.0)
    )
    found = sessions.session_replica(best, keeps, capped=False)
    assert (found.slots, found.sessions, found.requests_per_s) == (3.0, 20.0, 2.0)
    assert (found.tpot_s, found.ttft_s) == (0.02, 0.3)
    warm = sessions.session_replica(best, keeps, capped=True)
    assert (warm.slots, warm.sessions, warm.requests_per_s) == (5.0, 30.0, 3.0)
    held = sessions.session_replica(best, replace(keeps, limited=12.0), capped=False)
    assert held.sessions == 12.0
    one = replace(keeps, cold=1.0, at_cold=at(0.2, 1.0))
    assert sessions.session_replica(best, one, capped=False).slots == 1.0
    nothing = sessions.session_replica(best, replace(keeps, cold=0.0), capped=False)
    assert (nothing.slots, nothing.sessions) == (0.0, 0.0) and np.isnan(nothing.requests_per_s)
    unfit = sessions.session_replica(replace(best, slots=0.0), keeps, capped=False)
    assert unfit.sessions == 0.0


def test_limits_of_sessions_are_kept_up_to_themselves() -> None:
    limit = sessions.Limits(tpot_s=0.02, ttft_s=0.3, in_flight=4.0)

    def kept(tpot_s: float = 0.02, ttft_s: float = 0.3, in_flight: float = 4.0) -> bool:
        at: Any = SimpleNamespace(tpot_s=tpot_s, ttft_s=ttft_s, in_flight=in_flight)
        return bool(limit.kept(at))

    assert kept()
    assert not kept(tpot_s=0.021) and not kept(ttft_s=0.31) and not kept(in_flight=4.1)


def test_what_a_session_holds() -> None:
    of = sessions.Sessions(
        context_tokens=100.0, output_tokens=10.0, shared_tokens=20.0, new_tokens=30.0,
        first_tokens=60.0, last_tokens=120.0, turns=2.0, lanes=1.0,
        gaps=Gaps(beyond=((1.0, 0.9), (10.0, 0.5))),
    )  # fmt: skip
    server = sessions.SessionServer(
        pool_tokens=1e4, hit_s=0.2, miss_s=1.0, first_s=0.6, token_s=0.01, token_more_s=0.001,
        ttft_s=0.05,
    )  # fmt: skip
    # Half of the turns are first ones; of the others a tenth is read anew, 0.1 x 1 + 0.9 x 0.2.
    assert sessions._prefill_s(of, server, 0.1, 0.1) == close(0.5 * 0.28 + 0.5 * 0.6)
    behind = replace(server, host_tokens=1e4, host_s=0.3)
    # 0.4 miss the pool, 0.1 the memory of the host, too: 0.3 are copied back in 0.3 s.
    assert sessions._prefill_s(of, behind, 0.4, 0.1) == close(0.5 * (0.28 + 0.09) + 0.5 * 0.6)
    assert sessions._prefill_s(of, behind, 0.1, 0.4) == close(0.5 * (0.6 * 0.2 + 0.4) + 0.5 * 0.6)


def test_bursts_that_no_headroom_hides() -> None:
    plain = fleet.FleetPolicy(headroom=0.5, peakedness=1.0, wait_beta=2.0, redundancy=0.0)
    # k^2 / 4 over 1/0.5 - 1: with one slot k is beta times the root of the peakedness.
    k = float(np.asarray(fleet.burst_term(plain, 1.0)))
    assert fleet.slack_replicas(1.0, plain) == close(k * k / 4.0)
    full = replace(plain, headroom=1.0)
    assert fleet.slack_replicas(1.0, full) == np.inf
    assert fleet.slack_replicas(1.0, replace(full, wait_beta=0.0)) == 0.0
    assert fleet.stepped(A([0.0, 60.0, 60.1]), 60.0).tolist() == [0.0, 60.0, 120.0]


def test_work_that_waits_lowers_the_peak() -> None:
    # 60 % cannot wait and peak at 2 x 0.6 = 1.2; all of it evenly is 0.8 x 1.1 = 0.88.
    assert fleet.peak_with_waiting(2.0, 0.4, 1.1, 0.8) == close(1.2)
    assert fleet.peak_with_waiting(2.0, 0.7, 1.1, 0.8) == close(0.88)
    assert fleet.peak_with_waiting(2.0, 1.0, 1.1, 0.8) == close(1.1)
    assert fleet.peak_with_waiting(2.0, 0.0, 1.1, 0.8) == 2.0


def test_capital_over_time() -> None:
    assert capital.capital_recovery(0.0, 10.0) == close(0.1)
    # 12 % a year is 0.949 % a month, compounded: one month later all and its interest.
    assert capital.resale_share(A([0.0, 48.0]), 48.0, 0.25).tolist() == [1.0, close(0.25)]
    assert capital.payback_months(A([-10.0, 4.0, 4.0, 4.0])) == close(2.5)


TURNS = sessions.Sessions(
    context_tokens=100.0, output_tokens=10.0, shared_tokens=20.0, new_tokens=30.0,
    first_tokens=60.0, last_tokens=120.0, turns=2.0, lanes=1.0,
    gaps=Gaps(beyond=((1.0, 0.9), (10.0, 0.5), (60.0, 0.1))),
)  # fmt: skip


def test_what_the_cache_of_sessions_serves() -> None:
    # Half of the turns are first ones, which read 40 of 60 anew; others 30 of 100, or 80 if lost.
    assert TURNS.hit_share(A([0.0, 0.5, 1.0])) == close([0.65, 0.525, 0.4])
    assert TURNS.most_missed == close((1.0 - 0.9 / 0.965) * 0.65 / 0.25)
    alone = replace(TURNS, turns=1.0)
    assert alone.hit_share(A([0.0, 1.0])) == close([0.6, 0.6])
    assert alone.most_missed == 1.0  # no turn finds a cache of its own, or loses one
    assert replace(TURNS, new_tokens=79.9).most_missed == 1.0
    assert (TURNS.held_tokens, replace(TURNS, lanes=1.5).held_tokens) == (80.0, 120.0)
    assert replace(TURNS, shared_tokens=100.0, lanes=1.5).held_tokens == 1.5


def test_how_turns_pass_a_replica() -> None:
    server = sessions.SessionServer(
        pool_tokens=1e4, hit_s=0.2, miss_s=1.0, first_s=0.6, token_s=0.01, token_more_s=0.001,
        ttft_s=0.05,
    )  # fmt: skip
    # Half a turn a second of 0.4 s prefill: 0.2 busy; 10 tokens at 9 ms over 1 - 0.2 - 0.005.
    open_sessions, through, decode = sessions._passing(TURNS, server, 0.5, 0.4)
    assert decode == close(0.09 / 0.795)
    first = 0.5 * (TURNS.gaps.mean_s + 0.5 + 0.09 / 0.795)  # those there, all others in its way
    assert through == close(0.4 / (1.0 - (1.0 - 1.0 / first) * 0.2))
    assert open_sessions == close(0.5 * (TURNS.gaps.mean_s + through + 0.09 / 0.795))
    both = replace(TURNS, at_once=2.0)
    assert sessions._passing(both, server, 0.5, 0.4)[0] == close(open_sessions / 2.0)
    # Slower than a token alone takes it is never faster; beyond all of its time it never ends.
    assert sessions._passing(TURNS, server, 1e-6, 0.4)[2] == close(0.1)
    assert sessions._passing(TURNS, server, 2.45, 0.4)[2] == np.inf
    at = sessions._steady(TURNS, server, 0.5, 0.1, 0.1)
    prefill_s = 0.5 * (0.9 * 0.2 + 0.1) + 0.3
    _, through, decode = sessions._passing(TURNS, server, 0.5, prefill_s)
    assert (at.busy_share, at.tpot_s) == (close(0.5 * prefill_s), close(decode / 10.0))
    assert at.in_flight == close(0.5 * (through + decode))
    assert at.ttft_s == close(0.05 + through - prefill_s + 0.2)
    assert at.hit_share == close(TURNS.hit_share(0.1))


def test_the_load_that_so_many_replicas_serve_needs_so_many() -> None:
    for drift, slots in ((0.0, 4.0), (0.2, 4.0), (0.4, 64.0), (0.5, 1.0)):
        policy = fleet.FleetPolicy(
            headroom=1.0, peakedness=2.0, wait_beta=2.0, redundancy=0.0, rate_cv=drift
        )
        for count in (1.0, 7.0, 200.0):
            load = float(np.asarray(fleet.load_served(count, slots, policy)))
            room = float(np.hypot(2.0 * (2.0 * load / slots) ** 0.5, 2.0 * drift * load))
            assert fleet.room_for_bursts(load, slots, policy) == close(room)
            assert load + room == close(count)
            assert fleet.replicas_for(load, slots, policy) == count
    full = fleet.FleetPolicy(headroom=0.1, peakedness=2.0, wait_beta=2.0, redundancy=0.0)
    assert fleet.load_served(50.0, 64.0, full) == close(5.0)
    # Half of a replica's room is headroom, m = 2 x 0.2 of it drifts: k^2 / 4 over 1 - 0.4.
    half = fleet.FleetPolicy(
        headroom=0.5, peakedness=2.0, wait_beta=2.0, redundancy=0.0, rate_cv=0.2
    )
    assert fleet.slack_replicas(4.0, half) == close(4.0 * 2.0 / 4.0 / 4.0 / 0.6)
    assert fleet.slack_replicas(4.0, replace(half, rate_cv=0.5)) == np.inf


def test_how_much_a_rate_varies_is_told_by_what_is_in_flight() -> None:
    # Of a lognormal of mean 1 and s the load above x is Phi(ln(1 / x) / s + s / 2).
    for s, over in ((0.5, 2.0), (0.2, 1.3), (1.4, 3.0)):
        share = NormalDist().cdf(np.log(1.0 / over) / s + s / 2.0)
        want = np.expm1(s * s) ** 0.5
        for shape in ([1.0], [1.0, 1.0, 0.0]):  # an hour without load has no requests
            assert arrivals.rate_cv_in_flight(shape, over, share) == close(want, rel=1e-3)


def test_host_memory_of_some_replicas_only() -> None:
    plain = sessions.SessionServer(
        pool_tokens=500.0, hit_s=0.2, miss_s=1.0, first_s=0.6, token_s=0.01, token_more_s=0.001,
        ttft_s=0.05,
    )  # fmt: skip
    behind = replace(plain, host_tokens=400.0, host_s=0.3)
    both = replace(plain, host_tokens=A([0.0, 400.0]), host_s=A([0.0, 0.3]))
    found = sessions._both(TURNS, both, A([0.3, 0.3]), A([0.1, 0.1]))
    alone = [sessions._both(TURNS, one, A([0.3]), A([0.1])) for one in (plain, behind)]
    for part, *each in zip(found, *alone, strict=True):
        assert np.asarray(part)[1] == close(np.asarray(each[1])[0])
    assert np.asarray(found[1])[1] < np.asarray(found[0])[1]  # what the pool lost is there


def test_fewer_than_one_in_flight_are_not_slowed() -> None:
    """Two slots that take ten times as long as one: at little load one is in flight at a time."""
    known = Replica(
        slots=2.0, requests_per_s=0.2, tpot_s=np.nan, memory_slots=2.0, lone_tpot_s=np.nan,
        lone_request_s=1.0,
    )  # fmt: skip
    assert np.allclose(in_flight(np.array([0.0, 0.05, 0.19]), known), [0.0, 0.05, 0.19])
    full = replace(known, slots=10.0, requests_per_s=5.0)  # one alone takes 1 s, of ten each 2 s
    assert in_flight(1.0, full) == pytest.approx(1.0)
    assert in_flight(5.0, full) == pytest.approx(10.0)


def test_what_is_none_is_as_wide_as_its_rate() -> None:
    said = {"item": "GPUs", "group": "gpu", "unit": "h", "origin": "given", "source": "test"}
    none = ledger.Line(**said, quantity=0.0, rate_usd=A([2.0, 3.0]))
    assert np.asarray(ledger.total_usd((none,))).tolist() == [0.0, 0.0]
    assert ledger.total_usd((replace(none, rate_usd=2.0),)) == 0.0


def test_intervals_that_touch_have_nothing_in_common() -> None:
    assert crossings._common(((0.0, 1.0), (2.0, 4.0)), ((1.0, 3.0),)) == ((2.0, 3.0),)
