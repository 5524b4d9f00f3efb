"""Whole formulas against a slower way to the same figure, over many inputs drawn once.

No function here takes an argument: `benchmarks/mutants.py` calls them as they are.
"""

from __future__ import annotations

from dataclasses import replace
from math import comb, exp, factorial, log, sqrt
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from tco.engine import arrivals, assign, crossings, draws, fleet, hybrid, ledger
from tco.engine.replica import Replica
from tco.engine.selfhost import People
from tco.engine.shapes import Workload
from tco.ranges import Span

A = np.array
close = pytest.approx
PHI = NormalDist().cdf


def drawn(seed: int, count: int, **ranges: tuple[float, float]) -> list[dict[str, float]]:
    """Return values between two ends for each name, as many times as asked."""
    rng = np.random.default_rng(seed)
    return [{n: float(rng.uniform(*ends)) for n, ends in ranges.items()} for _ in range(count)]


# Fleets.


def policies() -> list[tuple[fleet.FleetPolicy, float]]:
    """Return policies with and without bursts and drifts, and slots of a replica."""
    rows = drawn(1, 12, headroom=(0.5, 1.0), peakedness=(0.0, 6.0), wait_beta=(0.5, 3.0),
                 redundancy=(0.0, 0.0), rate_cv=(-0.3, 0.5), slots=(1.0, 80.0))  # fmt: skip
    made = []
    for row in rows:
        row["rate_cv"] = max(row["rate_cv"], 0.0)
        slots = row.pop("slots")
        made.append((fleet.FleetPolicy(**row), slots))
    return made


def needed(load: float, slots: float, policy: fleet.FleetPolicy) -> float:
    """Return the least whole number of replicas that keeps both rules, one after another."""
    count = 1.0
    room = sqrt(
        policy.wait_beta**2 * policy.peakedness * load / slots
        + (policy.wait_beta * policy.rate_cv * load) ** 2
    )
    while count * policy.headroom < load - 1e-9 or count < load + room - 1e-9:
        count += 1.0
    return count


def test_as_many_replicas_as_counting_up_finds() -> None:
    loads = (0.0, 0.01, 0.7, 1.0, 3.3, 20.0, 61.7)
    for policy, slots in policies():
        want = [needed(load, slots, policy) for load in loads]
        assert fleet.replicas_for(A(loads), slots, policy).tolist() == want
        for count in (1.0, 2.0, 9.0, 40.0):
            most = float(np.asarray(fleet.load_served(count, slots, policy)))
            assert needed(most * (1 - 1e-6), slots, policy) <= count
            assert needed(most * (1 + 1e-6), slots, policy) > count
    # A load of exactly so many replicas takes no more of them.
    plain = fleet.FleetPolicy(headroom=0.5, peakedness=0.0, wait_beta=2.0, redundancy=0.0)
    assert fleet.replicas_for(A([0.5, 1.0, 1.5, 1.51]), 8.0, plain).tolist() == [1, 2, 3, 4]


def test_slack_is_as_much_as_bursts_ever_exceed_the_headroom() -> None:
    load = np.geomspace(1e-4, 1e4, 40_001)
    for policy, slots in policies():
        k = policy.wait_beta * sqrt(policy.peakedness / slots)
        m = policy.wait_beta * policy.rate_cv
        beyond = load + k * np.sqrt(load) + m * load - load / policy.headroom
        said = float(np.asarray(fleet.slack_replicas(slots, policy)))
        room = 1 / policy.headroom - 1 - m
        assert (said == np.inf) == (room <= 0)
        if room > 0.01:
            assert said == close(beyond.max(), rel=1e-4)


def test_spares_by_the_binomial_sum() -> None:
    for target, up in ((0.999, 0.97), (0.99, 0.995), (0.9999, 0.92), (0.5, 0.9)):
        table = fleet.availability_table(target, up)
        for n in (1, 2, 3, 10, 25):
            m = n
            while sum(comb(m, j) * up**j * (1 - up) ** (m - j) for j in range(n, m + 1)) < target:
                m += 1
            assert table[n] == m, (target, up, n)
        assert table[0] == 0.0 and table.size == fleet.MOST_COUNTED + 1
        kept = fleet.replicas_kept(
            A([0.0, 3.0, 4096.0, 4097.0, 8192.0]), redundancy=0.0, target=target, availability=up
        )
        share = table[-1] / 4096
        want = [0, table[3], table[-1], np.ceil(4097 * share - 1e-9), 2 * table[-1]]
        assert kept.tolist() == close(want)
    mixed = fleet.replicas_kept(
        A([3.0, 3.0, 3.0]), redundancy=A([0.0, 2.0, 0.0]), target=A([0.0, 0.0, 0.999]),
        availability=0.97,
    )  # fmt: skip
    assert mixed.tolist() == [3.0, 5.0, fleet.availability_table(0.999, 0.97)[3]]


def test_zones_leave_enough_when_any_one_fails() -> None:
    for zones in (2, 3, 5):
        for n in range(30):
            kept = float(fleet.replicas_kept(float(n), redundancy=0.0, zones=float(zones)))
            assert kept % zones == 0 and kept - kept / zones >= n
            assert kept == 0 or (kept - zones) * (zones - 1) / zones < n
    both = fleet.replicas_kept(4.0, redundancy=3.0, zones=A([1.0, 2.0, 5.0]))
    assert both.tolist() == [7.0, 8.0, 7.0]


def test_what_is_kept_lies_between_its_two_lines() -> None:
    n = np.arange(1.0, 6000.0, 7.0)
    for zones, target, r in ((1.0, 0.0, 2.0), (3.0, 0.0, 1.0), (1.0, 0.999, 0.0), (4.0, 0.99, 1.0)):
        args = {"redundancy": A([r]), "zones": A([zones]), "target": A([target])}
        slope, least, most = fleet.kept_between(**args, availability=A([0.97]))
        kept = fleet.replicas_kept(n, **args, availability=0.97)
        off = kept - slope * n
        assert np.all(off >= least - 1e-9) and np.all(off <= most + 1e-9)
        assert off.min() <= least + 2.0 and off.max() >= most - zones - 3.0  # and not far off


def test_a_lead_provides_for_the_busiest_hour_within_it() -> None:
    week = np.random.default_rng(5).uniform(0.0, 2.0, 12)
    parts = 20  # of an hour
    for lead in (0.0, 0.25, 1.0, 2.4, 11.0, 40.0):
        reach = min(lead, 11.0)
        load, share = fleet.ahead(week, lead)
        whole, part = int(reach), reach - int(reach)
        windows = [
            [max(week[(h - k) % 12] for k in range(size + 1)) for h in range(12)]
            for size in (whole, whole + 1)
        ]
        mean = (1 - part) * np.mean(windows[0]) + (part * np.mean(windows[1]) if part else 0.0)
        assert (load * share).sum() == close(mean)
        assert share.sum() == close(1.0)
        assert load.size == 12 * (1 if part == 0 else 2)
    assert parts == 20
    loads, shares = fleet.ahead(week, A([0.0, 2.4]))
    for row, lead in enumerate((0.0, 2.4)):
        load, share = fleet.ahead(week, lead)
        assert (loads[row] * shares[row]).sum() == close((load * share).sum())


def test_an_idle_replica_is_awake_for_a_share_between_its_nodes() -> None:
    rng = np.random.default_rng(3)
    for many in (1.0, 1.7, 4.0, 9.0, 200.0):
        nodes = [min(x / many, 1.0) for x in (0.0, 0.5, 1.0, 2.0, 4.0)]
        awake = [1 - (1 - u) ** many for u in nodes[:-1]] + [1.0]
        used = np.append(rng.uniform(0.0, 1.0, 20), [0.0, 1.0, *nodes])
        want = np.interp(used, nodes, awake)
        assert fleet.awake_share(used, many) == close(want)
        alone = [float(fleet.awake_share(float(u), many)) for u in used[:3]]
        assert alone == close(want[:3].tolist())
    assert fleet.awake_share(A([0.3]), A([2.0])).shape == (1,)


def test_a_fleet_that_sleeps_by_its_cycles() -> None:
    for row in drawn(7, 20, rate=(1e-4, 0.05), hold=(1.0, 400.0), start=(0.0, 300.0)):
        rate, hold, start = row["rate"], row["hold"], row["start"]
        cycle = 1 / rate + start + (exp(rate * hold) - 1) / rate
        off = (1 / rate) / cycle
        assert fleet.off_share(rate, hold, start) == close(off)
        assert fleet.waiting_share(rate, hold, start) == close((1 + rate * start) / rate / cycle)
        assert fleet.paid_share(rate, hold, start, 1e-9) == close(1 - off)
        # One stay a cycle: a step more at the half of a step, and never less than one whole step.
        stay, step = cycle - 1 / rate, 60.0
        paid = min(max(stay + min(step / 2, 1 / rate), min(step, cycle)), cycle) / cycle
        assert fleet.paid_share(rate, hold, start, step) == close(paid)
    assert fleet.off_share(1e3, 1e3, 1.0) == close(0.0, abs=1e-300)


def test_open_hours_serve_all_of_a_month() -> None:
    rng = np.random.default_rng(9)
    week = rng.uniform(0.1, 2.0, 168)
    opened = (rng.uniform(0.0, 1.0, 168) > 0.5) * rng.choice([0.5, 1.0], 168)
    load = fleet.moved(week, opened)
    assert (load * opened).mean() == close(1.0)
    assert np.all(load[opened == 0] == 0.0)
    there = opened > 0
    assert load[there] / week[there] == close(np.full(there.sum(), (load / week).max()))
    assert fleet.paid_gpus(A([1.0, 8.0, 9.0, 16.0]), 8.0).tolist() == [8.0, 8.0, 16.0, 16.0]


def test_a_replica_without_limits_on_the_first_token() -> None:
    held = Replica(
        slots=A([4.0, 8.0]), requests_per_s=A([2.0, 3.0]), tpot_s=0.02, memory_slots=16.0,
        lone_tpot_s=0.01, lone_request_s=1.0, sessions=A([10.0, 20.0]), admits=A([np.nan, 12.0]),
        admits_per_s=A([np.nan, 4.5]),
    )  # fmt: skip
    found = held.open
    assert np.asarray(found.slots).tolist() == [4.0, 12.0]
    assert np.asarray(found.requests_per_s).tolist() == [2.0, 4.5]
    assert np.asarray(found.sessions).tolist() == [10.0, 30.0]  # half as much again
    assert np.asarray(found.staffed).tolist() == [10.0, 30.0]
    alone = replace(held, sessions=A([np.nan, 5.0]))
    assert np.asarray(alone.staffed).tolist() == [4.0, 5.0]


# Requests, queues and caches.


def test_what_a_capacity_serves_of_a_load_that_varies() -> None:
    z = (np.arange(200_000) + 0.5) / 200_000
    score = A([NormalDist().inv_cdf(p) for p in z[::200]])
    for row in drawn(11, 10, load=(0.1, 5.0), capacity=(0.1, 5.0), cv=(0.05, 1.5)):
        s = arrivals.WIDER * sqrt(log(1 + row["cv"] ** 2))
        x = row["load"] * np.exp(s * score - s * s / 2)
        want = np.minimum(x, row["capacity"]).mean()
        found = arrivals.served_within(row["load"], row["capacity"], row["cv"])
        assert float(found) == close(want, rel=5e-3)
    none = arrivals.served_within(A([0.0, 1.0]), A([1.0, 0.0]), 0.3)
    assert none.tolist() == [0.0, 0.0]
    assert float(arrivals.served_within(1.0, 1e6, 0.3)) == close(1.0, rel=1e-5)


def test_a_rate_that_varies_leaves_a_share_above_any_level() -> None:
    rng = np.random.default_rng(2)
    shape = [*rng.uniform(0.2, 2.0, 24), 0.0]
    for cv, over in ((0.1, 2.5), (0.8, 3.0), (2.5, 4.0)):
        s = sqrt(log(1 + cv * cv))
        above = sum(a * PHI(log(a / over) / s + s / 2) for a in shape if a) / sum(shape)
        assert arrivals.rate_cv_in_flight(shape, over, above) == close(cv, rel=2e-3)
    assert arrivals.rate_cv_in_flight([1.0], 1.0, 0.01) == 0.0  # the hours alone have more
    # What no variation explains is as much as is looked at: a deviation of 3.
    assert arrivals.rate_cv_in_flight([1.0], 2.0, 0.999) == close(sqrt(np.expm1(9.0)))


def test_a_cache_is_full_when_as_much_came_as_it_holds() -> None:
    gaps, shares = [2.0, 5.0, 30.0, 90.0], [0.2, 0.35, 0.7, 0.8]
    fine = np.linspace(0.0, 90.0, 180_001)
    h = np.interp(fine, [0.0, *gaps], [0.0, *shares])
    fresh = np.concatenate([[0.0], np.cumsum((1 - (h[1:] + h[:-1]) / 2) * np.diff(fine))])
    for rate in (1.0, 7.0):
        for held in (0.5, 1.9, 4.0, 10.0, 25.0, 30.0):
            want = h[np.searchsorted(fresh * rate, held * rate)]
            found = arrivals.own_cached_share(gaps, shares, rate, held * rate)
            assert found == close(want, abs=1e-4)
        end = fresh[-1] * rate
        assert arrivals.own_cached_share(gaps, shares, rate, end * (1 - 1e-9)) == close(0.8)
        assert arrivals.own_cached_share(gaps, shares, rate, end * 2) == 0.8
    assert arrivals.own_cached_share([], [], 1.0, 1.0) == 0.0
    assert arrivals.own_cached_share(gaps, shares, 0.0, 1.0) == 0.0
    assert arrivals.own_cached_share(gaps, shares, 1.0, 0.0) == 0.0


QUEUE = arrivals.Queue(
    requests_per_s=3.0, replicas=2.0, slots=4.0, alone_s=2.0, full_s=2.0, prefill_s=0.0,
    step_s=0.02, before_s=0.1, input_cv=0.0, output_cv=0.0,
)  # fmt: skip


def test_who_waits_for_a_slot_is_erlangs_share() -> None:
    for rate in (0.5, 2.0, 3.0, 3.9):
        load, servers = rate * 2.0, 8
        beyond = load**servers / factorial(servers) / (1 - load / servers)
        erlang = beyond / (sum(load**k / factorial(k) for k in range(servers)) + beyond)
        assert replace(QUEUE, requests_per_s=rate).waiting_share() == close(erlang)
    many = replace(QUEUE, slots=4000.0, requests_per_s=1500.0)
    assert many.waiting_share() == 0.0  # 5,000 of 8,000 slots are free
    nearly = replace(QUEUE, slots=4000.0, requests_per_s=3900.0)
    load = nearly.load  # by the root of the slots that are free: Halfin and Whitt
    beta = (1 - load) * sqrt(8000)
    density = exp(-beta * beta / 2) / sqrt(2 * np.pi)
    assert nearly.waiting_share() == close(1 / (1 + beta * PHI(beta) / density), rel=0.06)


def test_states_of_a_fleet_whose_requests_come_together() -> None:
    one = replace(
        QUEUE, requests_per_s=1.1, alone_s=1.0, full_s=3.0, prefill_s=0.3, peakedness=2.5,
        output_cv=1.0,
    )  # fmt: skip
    smaller = 2 * PHI(-sqrt(log(2.0)) / sqrt(2.0))
    assert one.load == close(1.1 * 3 / 8) and one.reading == close(0.55 * 0.3)
    assert one.cluster == close(1 + 1.5 / 2 / smaller)
    r, load = 0.55 * 0.3, 1.1 * 3 / 8
    z = 2.5 * (1 + arrivals.STALLED * r * r / (1 - r) * (1 - load) ** (1 / 3))
    before = 1 - 1 / one.cluster
    more, ups, states, met = 1 - 1 / z, 1.0, 1.0, before**8
    for k in range(1, 8):
        slowed = 1.0 + 2.0 * min(max((k / 2 - 1) / 3, 0.0), 1.0)
        ratio = 1.1 / z * slowed / k
        states += ups * ratio
        met += ups * ratio * before ** (8 - k)
        ups *= more + ratio
    full = load / (1 - load) * ups
    assert one.waiting_share() == close((full + met) / (states + full))
    prompt = 0.3 * 4 / 3
    work = ((1 - prompt) * 1.0) ** 2 * exp(-arrivals.LIGHTENS * (1 - load) * sqrt(8))
    assert one.wait_s() == close((2 * one.cluster - 1 + work) / 2 * 3 / 8 / (1 - load))
    c = one.cluster
    assert one.together() == close(((c + 1) / 2) ** 0.7 * (1 - (1 - 1 / c) ** 2) ** -0.3)
    told = one.first_tokens()
    assert told.p50_s is not None and told.waiting_share == one.waiting_share()
    assert np.isnan(replace(one, requests_per_s=8 / 3).percentiles_s((0.5, 0.9))).all()
    assert np.isnan(replace(one, prefill_s=2 / 1.1).percentiles_s((0.5,))).all()


def test_one_reader_of_turns_is_a_queue_of_even_work() -> None:
    # M/D/1: of those who wait at most t, (1 - u) sum over k of (u (k - t))^k / k! e^(-u (k - t)).
    busy, d = 0.6, 0.5
    for t in (0.4, 1.0, 2.3):
        share = (1 - busy) * sum(
            (busy * (k - t)) ** k / factorial(k) * exp(-busy * (k - t)) for k in range(int(t) + 1)
        )
        found = arrivals.turn_percentiles_s([(d, 1.0)], busy / d, 0.0, 0.2, (share,))
        assert found[0] == close(0.2 + d + t * d, abs=0.015)
    kinds = [(0.5, 0.25), (0.1, 0.7), (2.0, 0.05)]
    levels = (np.arange(20_000) + 0.5) / 20_000
    for spread in (0.0, 0.6):
        mean = sum(s * p for s, p in kinds)
        second = sum(s * s * p for s, p in kinds) * (1 + spread**2)
        wait = 2.0 * second / 2 / (1 - 2.0 * mean)
        found = arrivals.turn_percentiles_s(kinds, 2.0, spread, 0.3, levels)
        assert found.mean() == close(0.3 + mean + wait, rel=0.01)
    assert np.isnan(arrivals.turn_percentiles_s([(0.5, 1.0)], 2.0, 0.6, 0.0, (0.5,))).all()
    assert np.isnan(arrivals.turn_percentiles_s([(0.0, 1.0)], 1.0, 0.6, 0.0, (0.5,))).all()


# Crossings, tables, spreads.


def test_what_is_scanned_is_a_polynomials_roots() -> None:
    rng = np.random.default_rng(4)
    for log_ in (False, True):
        for _ in range(6):
            roots = np.sort(rng.uniform(1.5, 99.0, 3))

            def gap(x: Any, roots: Any = roots) -> Any:
                return (x - roots[0]) * (x - roots[1]) * (x - roots[2])

            found = crossings.scan(gap, 1.0, 100.0, log=log_)
            assert found.crossings == close(tuple(roots))
            assert not found.exact
            want = [(1.0, roots[0]), (roots[1], roots[2])]
            assert [*map(list, found.intervals)] == [close(list(x)) for x in want]
    steps = crossings.scan(lambda x: np.floor(x) - 7.0, 1.0, 10.0, log=False)
    assert steps.intervals == ((1.0, close(7.0)),) and not steps.exact
    bent = crossings.scan(lambda x: np.abs(x - 5.3) - 2.0, 1.0, 10.0, log=False)
    assert bent.exact and bent.crossings == close((3.3, 7.3))


def test_the_nearest_turn_is_that_of_looking_everywhere() -> None:
    def halves(low: float, high: float) -> Any:
        return A([low, (low + high) / 2, high])

    for at, now in ((7.3, 2.0), (2.2, 9.0), (5.0, 4.9)):
        found = crossings.turn(
            lambda x, at=at, now=now: (x > at) != (now > at), now, 0.0, 10.0, values=halves,
            zooms=40,
        )  # fmt: skip
        assert found is not None
        near, far = found
        assert abs(near - at) < 1e-6 and abs(far - at) < 1e-6
        assert (near > at) == (now > at) and (far > at) != (now > at)
    never = crossings.turn(lambda x: x > 99.0, 5.0, 0.0, 10.0, values=halves, zooms=5)
    assert never is None
    always = crossings.turn(lambda x: x != 5.0, 5.0, 0.0, 10.0, values=halves, zooms=1)
    assert always == (5.0, 10.0) or always == (5.0, 0.0)


def test_contracts_are_the_dearest_of_what_was_committed_and_their_tiers() -> None:
    rng = np.random.default_rng(6)
    for _ in range(8):
        limits = tuple(np.sort(rng.uniform(1e9, 4e10, 3)).tolist())
        off = tuple(np.sort(rng.uniform(0.0, 0.6, 3)).tolist())
        free, commit = rng.choice([0.0, 3e9]), rng.choice([0.0, 2e4])
        terms = ledger.Terms(
            limits=limits,
            discounts=off,
            free_tokens=float(free),
            commit_usd_per_month=float(commit),
        )
        price, fixed = A([2e-6, 5e-6]), A([100.0, 7.0])
        made = crossings.contracts(terms, fixed, price)
        volume = rng.uniform(0.0, 9e10, 60)

        def paid(
            v: float, usd: float, of: Any = terms, limits: Any = limits, off: Any = off
        ) -> float:
            billed = max(v - of.free_tokens, 0.0)
            ends, rates = [0.0, *limits, np.inf], [1.0, *(1 - x for x in off)]
            each = (
                r * min(max(billed - a, 0.0), b - a)
                for r, a, b in zip(rates, ends[:-1], ends[1:], strict=True)
            )
            return max(of.commit_usd_per_month, usd * sum(each))

        for row in (0, 1):
            steps = made.until(A([row]), A([9e10]))
            want = A([fixed[row] + paid(v, price[row]) for v in volume])
            assert steps.at(volume) == close(want)
            low, high = want - made.slope[row] * volume, want - made.slope[row] * volume
            assert low.min() >= made.low[row] - 1e-6 and high.max() <= made.high[row] + 1e-6
            far = fixed[row] + paid(1e13, price[row])
            assert far - made.slope[row] * 1e13 == close(
                made.high[row] if commit == 0 else far - made.slope[row] * 1e13, rel=1e-6
            )
        lines = ledger.terms_lines(terms, volume, volume * 2e-6, 0.0, origin="given", source="x")
        total = volume * 2e-6 + ledger.total_usd(lines)
        assert total == close(A([paid(v, 2e-6) for v in volume]))


def test_triangles_keep_their_mode_and_their_percentiles() -> None:
    for row in drawn(8, 12, value=(1.0, 9.0), down=(0.0, 3.0), up=(0.1, 3.0), tail=(0.01, 0.2)):
        low, high = row["value"] - row["down"], row["value"] + row["up"]
        spread = draws.Spread(
            kind="triangular", value=row["value"], low=low, high=high, tail=row["tail"]
        )
        p = np.linspace(0.0, 1.0, 401)
        x = draws.quantiles(spread, p)
        ends = draws.quantiles(spread, A([row["tail"], 1 - row["tail"]]))
        assert ends == close([low, high])
        # The density rises to the mode and falls from there, on two straight lines.
        u, v = row["value"] - x[0], x[-1] - row["value"]
        below = np.where(
            x < row["value"], (x - x[0]) ** 2 / (u + v) / max(u, 1e-12),
            1 - (x[-1] - x) ** 2 / (u + v) / max(v, 1e-12),
        )  # fmt: skip
        assert below == close(p, abs=1e-6)
    even = draws.Spread(
        kind="uniform", value=2.0, low=1.0, high=3.0, tail=0.25, least=0.5, most=3.5
    )
    assert draws.quantiles(even, A([0.0, 0.25, 0.5, 0.75, 1.0])).tolist() == [0.5, 1, 2, 3, 3.5]


def test_a_table_is_read_between_its_nodes_axis_by_axis() -> None:
    axes = [
        Span(low=1.0, high=64.0, count=4, log=True),
        Span(low=0.0, high=6.0, count=3, log=False),
    ]
    grid = [draws.nodes(axis) for axis in axes]
    assert grid[0] == close([1.0, 4.0, 16.0, 64.0]) and grid[1].tolist() == [0.0, 3.0, 6.0]
    table = np.random.default_rng(1).normal(size=(4, 3))
    rng = np.random.default_rng(2)
    x, y = np.exp(rng.uniform(0, log(64.0), 30)), rng.uniform(0.0, 6.0, 30)
    found = draws.interpolated(table.ravel(), draws.places(axes, [x, y]))
    for a, b, value in zip(x, y, found, strict=True):
        rows = [np.interp(log(a), np.log(grid[0]), table[:, j]) for j in range(3)]
        assert value == close(np.interp(b, grid[1], rows))


def test_correlated_ranks_visit_every_stratum_and_lean_together() -> None:
    matrix = A([[1.0, 0.8, -0.4], [0.8, 1.0, -0.1], [-0.4, -0.1, 1.0]])
    root = draws._root(matrix)
    assert root @ root.T == close(matrix) and np.allclose(root, np.tril(root))
    assert np.all(np.diag(root) >= 0)
    cube = draws.hypercube(np.random.default_rng(3), 2000, [matrix, np.eye(1)])
    assert cube.shape == (4, 2000)
    assert np.all(np.sort(cube, axis=1) == np.arange(2000))
    scores = draws.normal_scores(2000)[cube]
    assert np.corrcoef(scores)[:3, :3] == close(matrix, abs=0.05)
    assert np.abs(np.corrcoef(scores)[3, :3]).max() < 0.1
    two = A([[1.0, 1.0], [1.0, 1.0]])
    same = draws.hypercube(np.random.default_rng(4), 50, [two])
    assert same[0].tolist() == same[1].tolist()


def test_shares_of_variance_of_a_sum() -> None:
    # Of 3 a + b + a b the shares follow from the variances of its parts: 1/12 of a uniform one.
    rng = np.random.default_rng(5)
    first, second = rng.uniform(-0.5, 0.5, (2, 2, 100_000))

    def f(x: Any) -> Any:
        return 3 * x[0] + x[1] + x[0] * x[1]

    swapped = [f(A([second[0], first[1]])), f(A([first[0], second[1]]))]
    alone, total = draws.sobol_indices(f(first), f(second), A(swapped))
    whole = 9 / 12 + 1 / 12 + 1 / 144
    assert alone == close([9 / 12 / whole, 1 / 12 / whole], abs=0.02)
    assert total == close([(9 / 12 + 1 / 144) / whole, (1 / 12 + 1 / 144) / whole], abs=0.02)


# Tasks and units.


def problem(seed: int) -> assign.Problem:
    """Return three tasks with routes by the token and on two fleets, drawn."""
    rng = np.random.default_rng(seed)
    task = A([0, 0, 0, 1, 1, 2, 2, 2])
    load = np.zeros((8, 2))
    load[1, 0], load[2, 1], load[4, 0], load[6, 0], load[7] = *rng.uniform(0.2, 2.0, 4), 0.6
    usd = np.where(load.sum(axis=1) > 0, rng.uniform(0, 20, 8), rng.uniform(50, 400, 8))
    sizes = [
        assign.FleetSizes(
            capacity=np.cumsum(rng.uniform(0.5, 1.0, 5)), usd=np.cumsum(rng.uniform(30, 90, 5)),
            gpus=np.arange(1.0, 6.0) * 4, hosted=hosted,
        )
        for hosted in (False, bool(seed % 2))
    ]  # fmt: skip
    team = People(
        salary_usd_per_year=2400.0, api_fte=0.1, floor_fte=0.2, fixed_fte=0.05, fte_per_gpu=0.01
    )
    return assign.Problem(
        task=task, usd=usd, load=load, fleets=sizes, by_token=load.sum(axis=1) == 0, team=team,
        once_usd=11.0,
    )  # fmt: skip


def in_parts(some: assign.Problem, chosen: list[int]) -> float:
    """Return what a route for each task costs, fleet by fleet and then the team."""
    usd, gpus = float(some.usd[chosen].sum()), {True: 0.0, False: 0.0}
    for f, sizes in enumerate(some.fleets):
        load = some.load[chosen, f].sum()
        enough = np.flatnonzero(sizes.capacity >= load - 1e-9)
        if load > 0 and not enough.size:
            return np.inf
        if load > 0:
            usd += sizes.usd[enough[0]]
            gpus[sizes.hosted] += sizes.gpus[enough[0]]
    team = max(0.05 + 0.01 * gpus[False], 0.2) if gpus[False] else 0.0
    team += 0.1 if gpus[True] or some.called[chosen].any() else 0.0
    return float(usd + 200.0 * team + 11.0 * (sum(gpus.values()) > 0))


def test_the_cost_of_a_choice_is_its_parts() -> None:
    for seed in range(8):
        some = problem(seed)
        rng = np.random.default_rng(seed + 100)
        for _ in range(12):
            chosen = [int(rng.choice(some.routes_of(t))) for t in range(3)]
            want = in_parts(some, chosen)
            assert float(assign.total_cost(some, A([chosen]))[0]) == close(want)


def test_no_route_that_is_left_out_was_needed() -> None:
    for seed in range(24):
        some = problem(seed)
        best = assign.enumerated(some)
        cost = float(assign.total_cost(some, best[None, :])[0])
        every = [
            [a, b, c] for a in some.routes_of(0) for b in some.routes_of(1)
            for c in some.routes_of(2)
        ]  # fmt: skip
        assert cost == close(assign.total_cost(some, A(every)).min())
        assert assign.combinations(some) == len(every)
        kept = assign.needed_routes(some)
        fewer = some.only(kept)
        least = assign.enumerated(fewer)
        assert float(assign.total_cost(fewer, least[None, :])[0]) == close(cost)


def test_a_cascade_asks_step_by_step() -> None:
    rng = np.random.default_rng(8)
    for right in rng.uniform(0.2, 1.0, (10, 3)):
        wrong = 1.0
        want = []
        for step, rate in enumerate(right):
            want.append(wrong / rate if step == 2 else wrong)
            wrong *= 1 - rate
        assert assign.step_tries(right) == close(want)
        assert assign.reach(1 - right[:2]) == close(
            [1.0, 1 - right[0], (1 - right[0]) * (1 - right[1])]
        )
    assert assign.step_tries(A([0.4])) == close([2.5])
    # A bill falls by r where a share s goes to the cheap tier: 1 - s + s c / p = 1 - r.
    s = float(np.asarray(assign.share_for_reduction(0.5, 1.0, 5.0)))
    assert 1 - s + s / 5 == close(0.5)
    e = float(np.asarray(assign.breakeven_escalation(1.0, 0.5, 5.0)))
    assert 1.0 + 0.5 + e * 5.0 == close(5.0)


def test_layers_cut_a_load_into_units() -> None:
    rng = np.random.default_rng(12)
    load = rng.uniform(0.0, 9.0, 48)
    for unit, floor in ((2.0, 0.0), (2.5, 1.3), (10.0, 0.0)):
        count = hybrid.layer_count(np.maximum(load - floor, 0.0), unit)
        layers = hybrid.layers_of(load, unit, count, floor)
        assert layers.shape == (count, 48)
        assert layers.sum(axis=0) == close(np.maximum(load - floor, 0.0))
        assert np.all(layers <= unit) and np.all(np.diff(layers, axis=0) <= 0)
        assert layers[-1].max() > 0
        for k in (0, 1, count):
            left = [max(x - k * unit, 0.0) for x in load]
            assert float(hybrid.overflow(load, k * unit)) == close(np.mean(left))
            cost = hybrid.base_usd(load, float(k), unit, 3.0, 1.7)
            assert float(cost) == close(3.0 * k + 1.7 * np.mean(left))
        units = int(hybrid.base_units(load, unit, 3.0, 1.7))
        every = [float(hybrid.base_usd(load, float(k), unit, 3.0, 1.7)) for k in range(9)]
        assert every[units] == close(min(every))
    assert hybrid.layer_count(A([4.0]), 2.0) == 2 and hybrid.layer_count(A([0.0]), 2.0) == 0
    # Where the rate varies within the hour all layers together serve what their capacity does.
    count = hybrid.layer_count(load, 2.0, 0.5)
    many = hybrid.layers_of(load, 2.0, count, 0.0, 0.5)
    assert many.sum(axis=0) == close(arrivals.served_within(load, 2.0 * count, 0.5), abs=1e-9)
    peak = load.max() * exp(hybrid.RARELY * arrivals.WIDER * sqrt(log(1.25)))
    assert count == np.ceil(peak / 2.0)


def test_a_unit_draws_more_while_it_serves() -> None:
    unit = hybrid.Resource(
        unit=2.0, usd_per_hour=3.0, awake_usd=0.5, at_once=4.0, headroom=0.8, usd_per_load=0.1
    )
    layers = A([[2.0, 1.0, 0.0], [0.5, 0.0, 0.0]])
    awake = A([[float(fleet.awake_share(x / 2 * 0.8, 4.0)) for x in row] for row in layers])
    assert unit.awake(layers) == close(awake)
    assert not replace(unit, awake_usd=0.0).awake(layers).any()
    found = hybrid.serve(layers, unit, 1.7)
    hourly = 3.0 + 0.5 * awake - 1.6 * layers
    assert found.net_usd == close(hourly.mean(axis=1)) and found.on.all()
    assert found.served == close(layers.mean(axis=1)) and found.awake == close(awake.mean(axis=1))
    spot = hybrid.serve(layers, replace(unit, availability=0.9), 1.7)
    assert spot.served == close(0.9 * layers.mean(axis=1))
    assert spot.net_usd == close((3.0 + 0.5 * awake - 0.9 * 1.6 * layers).mean(axis=1))
    switched = hybrid.serve(layers, replace(unit, by_the_hour=True, lead_h=0.1), 3.2)
    assert switched.on.tolist() == [[True, False, False], [False, False, False]]
    gain = 3.0 + 0.5 * awake[0, 0] - 3.1 * 2.0 + 0.3
    assert switched.net_usd == close([gain / 3, 0.0])
    assert switched.served == close([2 / 3, 0.0])


# Bills by the token.


def test_a_bill_by_the_token_counts_each_token_once() -> None:
    names = ("input", "output", "cached_input", "batch_input", "batch_output", "batch_cached_input",
             "cache_write", "batch_cache_write", "reasoning_output",
             "batch_reasoning_output")  # fmt: skip
    rng = np.random.default_rng(13)
    for _ in range(10):
        usd = dict(zip(names, rng.uniform(0.1, 9.0, 10).tolist(), strict=True))
        rates = ledger.TokenRates(**usd)
        cached, written, batch = rng.uniform(0.0, 0.5, 3)
        load = Workload(
            tokens_per_month=1e9, isl=900.0, osl=100.0, cached_share=cached, batch_share=batch,
            cache_write_share=written, reasoning_factor=3.0,
        )  # fmt: skip
        requests = 1e6
        want = 0.0
        for share, way in ((1 - batch, ""), (batch, "batch_")):
            asked = requests * share / 1e6
            want += asked * 900 * (1 - cached - written) * usd[f"{way}input"]
            want += asked * 900 * cached * usd[f"{way}cached_input"]
            want += asked * 900 * written * usd[f"{way}cache_write"]
            want += asked * 100 * usd[f"{way}output"] + asked * 200 * usd[f"{way}reasoning_output"]
        lines = ledger.token_lines(rates, load)
        assert float(np.asarray(ledger.total_usd(lines))) == close(want)
        plain = replace(
            rates, cache_write=None, batch_cache_write=None, reasoning_output=None,
            batch_reasoning_output=None,
        )  # fmt: skip
        usual = replace(
            rates, cache_write=usd["input"], batch_cache_write=usd["batch_input"],
            reasoning_output=usd["output"], batch_reasoning_output=usd["batch_output"],
        )  # fmt: skip
        both = [ledger.total_usd(ledger.token_lines(one, load)) for one in (plain, usual)]
        assert both[0] == close(both[1])
        half = ledger.mixed([(0.25, rates), (0.75, plain)])
        mean = 0.25 * want + 0.75 * float(np.asarray(both[0]))
        assert float(np.asarray(ledger.total_usd(ledger.token_lines(half, load)))) == close(mean)
        reads = float(np.asarray(ledger.reads_to_pay(rates)))
        if usd["cached_input"] < usd["input"]:
            again = (1 + reads) * usd["input"]
            assert usd["cache_write"] + reads * usd["cached_input"] == close(again)
        else:
            assert reads == np.inf
    flat = replace(rates, cached_input=rates.input)
    assert ledger.reads_to_pay(flat) == np.inf


def test_units_are_counted_up_until_they_are_enough() -> None:
    for row in drawn(14, 20, volume=(0.0, 9e11), least=(1.0, 9.0), step=(1.0, 4.0)):
        least, step = float(round(row["least"])), float(round(row["step"]))
        unit = ledger.ProvisionedUnit(
            tokens_per_s=900.0, output_weight=4.0, cached_weight=0.25, minimum_units=least,
            increment_units=step,
        )  # fmt: skip
        load = Workload(
            tokens_per_month=row["volume"], isl=800.0, osl=200.0, cached_share=0.4,
            peak_to_mean=2.0, reasoning_factor=1.0,
        )  # fmt: skip
        weighed = 800 * 0.6 + 800 * 0.4 * 0.25 + 200 * 4
        per_s = row["volume"] / 1000 / (730 * 3600)
        count = step
        while count < least or count * 900 < per_s * 2 * weighed - 1e-6:
            count += step
        assert float(np.asarray(ledger.units_for(load, unit))) == count
        assert float(np.asarray(ledger.units_used(load, unit))) == close(per_s * weighed / 900)
        assert float(np.asarray(unit.weighed_tokens(load))) == close(weighed)
        fewest = step
        while fewest < least:
            fewest += step
        assert float(np.asarray(unit.fewest)) == fewest
