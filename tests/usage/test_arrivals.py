"""Replicas from requests in flight against a simulation, and the own cache against LRU."""

from __future__ import annotations

import heapq
import json
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from made import MODELS, drawn, write
from running import run

from tco.analysis.plan.mix import MARGIN
from tco.engine.arrivals import (
    WIDER,
    headroom_in_flight,
    in_flight_over_mean,
    own_cached_share,
    rate_cv_in_flight,
    served_within,
)
from tco.engine.fleet import FleetPolicy, replicas_for
from tco.engine.hybrid import layers_of
from tco.engine.shapes import Floats
from tco.usage.aggregates import in_flight

HOURS = 30
SHAPES = {
    # standard deviation of the logarithm of a drift of ten minutes, shape of a second's gamma
    "smooth": (0.0, 50.0),
    "office hours": (0.05, 20.0),
    "drifting": (0.5, 20.0),
    "clumped": (0.2, 0.3),
    "both": (0.4, 0.5),
}


def replicas_in_flight(mean: Floats, over_mean: float, slots: float) -> Floats:
    """Return the replicas at which all but a share of the requests find a free slot [1].

    ``n = max(1, ceil((Q + 1) / B))`` with ``Q`` the requests in flight that all but that share
    find: the request itself needs a slot too. More volume from the same clients scales Q with it.

    Args:
        mean: Requests in flight on average, each with its time on a full replica [1].
        over_mean: Q over that mean [1].
        slots: Requests that one replica has in flight at its capacity, B [1].
    """
    needed = (np.asarray(mean, dtype=float) * over_mean + 1.0) / slots
    found: Floats = np.maximum(1.0, np.ceil(needed - 1e-9))
    return found


def arrivals(shape: tuple[float, float], per_s: float, seed: int) -> np.ndarray:
    """Return the seconds at which requests come, over some hours."""
    rng = np.random.default_rng(seed)
    sigma, burst = shape
    seconds = HOURS * 3600
    keep = np.exp(-1.0 / 60.0)
    path, level = np.empty(seconds // 10), 0.0
    for i in range(path.size):
        level = keep * level + sigma * np.sqrt(1 - keep * keep) * rng.standard_normal()
        path[i] = level
    drift = np.repeat(np.exp(path - sigma * sigma / 2), 10)
    day = 1.0 + 0.6 * np.sin(np.arange(seconds) / 86_400 * 2 * np.pi)
    counts = rng.poisson(per_s * day * drift * rng.gamma(burst, 1.0 / burst, seconds))
    return np.sort(np.repeat(np.arange(seconds), counts) + rng.random(counts.sum()))


def late_share(start: np.ndarray, service: np.ndarray, slots: int) -> float:
    """Return the share of requests that do not find a free one of so many slots, one queue."""
    ends: list[float] = []
    late = 0
    for at, lasts in zip(start, service, strict=True):
        while ends and ends[0] <= at:
            heapq.heappop(ends)
        begin = at
        if len(ends) >= slots:
            begin = heapq.heappop(ends)
            late += 1
        heapq.heappush(ends, begin + lasts)
    return late / len(start)


def needed(start: np.ndarray, service: np.ndarray, slots: int) -> int:
    """Return the fewest replicas at which at most 1 % of the requests wait."""
    low, high = 0, 1
    while late_share(start, service, high * slots) > 0.01:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (
            (low, middle) if late_share(start, service, middle * slots) <= 0.01 else (middle, high)
        )
    return high


def found(start: np.ndarray, service: np.ndarray) -> tuple[float, float]:
    """Return the requests in flight that 99 % of the requests find on the grid, and their mean."""
    begun, ended = (start // 10).astype(int), ((start + service) // 10).astype(int)
    ten = np.unique(np.concatenate([begun, ended]))
    starts = np.bincount(np.searchsorted(ten, begun), minlength=ten.size)
    ends = np.bincount(np.searchsorted(ten, ended), minlength=ten.size)
    values, _ = in_flight(ten, starts, starts - ends, [0.99])
    return values[0], float(service.sum() / (HOURS * 3600))


@pytest.mark.parametrize("slots", [8, 32, 128])
@pytest.mark.parametrize("shape", SHAPES)
def test_replicas_are_never_short_and_at_most_a_fifth_too_many(shape: str, slots: int) -> None:
    rng = np.random.default_rng(slots)
    start = arrivals(SHAPES[shape], 0.6, seed=slots)
    service = rng.lognormal(np.log(12.0), 0.7, start.size)
    most, mean = found(start, service)
    ours = float(replicas_in_flight(mean, most / mean, slots))
    true = needed(start, service, slots)
    assert true <= ours <= max(true + 1, 1.2 * true), (ours, true)


def turned_away(start: np.ndarray, service: np.ndarray, slots: int) -> float:
    """Return the share of requests that find all of so many slots taken, and go elsewhere."""
    ends: list[float] = []
    away = 0
    for at, lasts in zip(start, service, strict=True):
        while ends and ends[0] <= at:
            heapq.heappop(ends)
        if len(ends) >= slots:
            away += 1
        else:
            heapq.heappush(ends, at + lasts)
    return away / len(start)


@pytest.mark.parametrize("slots", [4, 8, 32])
@pytest.mark.parametrize("shape", SHAPES)
def test_what_overflows_to_the_api_follows_from_requests_in_flight(shape: str, slots: int) -> None:
    """Units at which a share goes to the API: never short, at most two or a fifth too many."""
    seed = 100 + slots
    rng = np.random.default_rng(seed)
    start = arrivals(SHAPES[shape], 0.6, seed=seed)
    service = rng.lognormal(np.log(12.0), 0.7, start.size)
    most, mean = found(start, service)
    load = np.maximum(np.bincount((start // 3600).astype(int), minlength=HOURS), 1.0)
    load = load / load.mean()
    cv = rate_cv_in_flight(load.tolist(), most / mean, 0.01)
    away = 1.0
    told = {0.35: 0, 0.2: 0, 0.1: 0, 0.05: 0, 0.02: 0}
    true = dict(told)
    for units in range(1, 40):
        capacity = MARGIN * units * slots / mean
        ours = 1.0 - float(np.mean(served_within(load, capacity, cv)))
        away = turned_away(start, service, units * slots) if away > 0.02 else away
        for found_in, share in ((told, ours), (true, away)):
            found_in |= {t: units for t, at in found_in.items() if not at and share <= t}
    for share, units in true.items():
        assert units <= told[share] <= max(units + 2, 1.2 * units), (share, units, told[share])


def test_what_is_served_of_a_load_that_varies() -> None:
    load, capacity = np.array([0.5, 1.0, 3.0]), 1.5
    draws = np.random.default_rng(1).lognormal(0.0, 1.0, 400_000)
    s = WIDER * np.sqrt(np.log1p(0.4**2))
    drawn = np.exp(s * np.log(draws) - s * s / 2.0)
    by_hand = np.minimum(load[:, None] * drawn, capacity).mean(axis=1)
    assert served_within(load, capacity, 0.4) == pytest.approx(by_hand, rel=3e-3)
    assert served_within(load, capacity, 1e-4) == pytest.approx(np.minimum(load, capacity))
    assert np.all(served_within(load, capacity, 0.4) <= np.minimum(load, capacity))
    assert np.all(served_within(np.zeros(2), capacity, 0.4) == 0.0)
    layers = layers_of(load, 0.7, 4, 0.2, 0.4)
    whole = served_within(load, 3.0, 0.4) - served_within(load, 0.2, 0.4)
    assert layers.sum(axis=0) == pytest.approx(whole)


def test_hours_that_explain_what_is_in_flight_tell_no_variation() -> None:
    assert rate_cv_in_flight([0.5, 1.5], 1.6, 0.01) < 0.05
    known = rate_cv_in_flight([1.0], 2.0, 0.01)
    s = np.sqrt(np.log1p(known**2))
    assert np.log(2.0) == pytest.approx(2.3263 * s + s * s / 2.0, rel=1e-3)


def test_the_usual_rule_is_short_where_traffic_drifts() -> None:
    start = arrivals((0.7, 20.0), 0.6, seed=4)
    service = np.random.default_rng(4).lognormal(np.log(12.0), 0.7, start.size)
    most, mean = found(start, service)
    hours = np.bincount((start // 3600).astype(int))
    peak = hours.max() / hours.mean()
    usual = FleetPolicy(headroom=0.85, peakedness=2.0, wait_beta=2.375, redundancy=0)
    true = needed(start, service, 8)
    assert float(replicas_for(mean * peak / 8, 8, usual)) < true
    assert float(replicas_in_flight(mean, most / mean, 8)) >= true


def test_the_usual_rule_is_not_short_where_it_knows_how_the_rate_drifts() -> None:
    for sigma in (0.3, 0.5, 0.7):
        start = arrivals((sigma, 20.0), 0.6, seed=4)
        service = np.random.default_rng(4).lognormal(np.log(12.0), 0.7, start.size)
        hours = np.bincount((start // 3600).astype(int))
        load = float(service.sum()) / (HOURS * 3600) * hours.max() / hours.mean() / 8
        kept = {"headroom": 0.85, "peakedness": 2.0, "wait_beta": 2.375, "redundancy": 0}
        drift = float(np.sqrt(np.exp(sigma**2) - 1.0))
        knows = float(replicas_for(load, 8, FleetPolicy(**kept, rate_cv=drift)))
        smooth = float(replicas_for(load, 8, FleetPolicy(**kept)))
        assert smooth <= needed(start, service, 8) <= knows, (sigma, smooth, knows)


def test_the_default_knows_what_it_is_and_sensitivity_tries_the_rest() -> None:
    pair = ("gpt-4.1", "self/llama-3.3-70b", "--tokens", "500B", "-o", "json", "-q")
    rows = json.loads(run("sensitivity", *pair).stdout)["rows"]
    tried = next(row for row in rows if row["path"] == "workload.rate_cv")
    assert (tried["low"], tried["high"]) == (0.0, 1.66)
    own = ("explain", "self/llama-3.3-70b", "--tokens", "500B", "-o", "json", "-q")
    said = {}
    for cv in (0.0, 0.23, 1.66):
        done = run(*own, "--set", f"workload.rate_cv={cv}")
        said[cv] = json.loads(done.stdout)["option"]["replicas"]
        assert f"(workload.rate_cv {cv:g})" in " ".join(json.loads(done.stdout)["steps"])
    assert said[0.0] < said[0.23] < said[1.66]
    steps = " ".join(json.loads(run(*own).stdout)["steps"])
    assert f"clumped (1.66) {said[1.66] - 1:g}" in steps  # one is a spare
    assert json.loads(run(*own).stdout)["option"]["replicas"] == said[0.0]


def test_the_headroom_of_requests_in_flight_needs_as_many_replicas() -> None:
    for load in (0.3, 2.0, 17.0):
        headroom = float(headroom_in_flight(2.5, 6.0))
        policy = FleetPolicy(headroom=headroom, peakedness=2.0, wait_beta=0.0, redundancy=0)
        by_peak = float(replicas_for(load * 2.5, 64, policy))
        assert by_peak <= float(replicas_in_flight(load * 64, 6.0, 64)) <= by_peak + 1
    assert headroom_in_flight(3.0, 2.0) == 1.0


def test_between_measured_times_the_logarithm_counts() -> None:
    assert float(in_flight_over_mean(10.0, [1.0, 100.0], [8.0, 4.0])) == pytest.approx(6.0)
    assert float(in_flight_over_mean(0.1, [1.0, 100.0], [8.0, 4.0])) == 8.0


@pytest.mark.parametrize("capacity", [3_000, 20_000, 80_000, 10_000_000])
def test_the_own_cache_serves_what_lru_does(capacity: int) -> None:
    rng = np.random.default_rng(8)
    size, blocks = 100, 4000
    weight = 1.0 / np.arange(1, blocks + 1) ** 0.9
    at = np.cumsum(rng.exponential(0.05, 120_000))
    block = rng.choice(blocks, at.size, p=weight / weight.sum())
    last: dict[int, float] = {}
    gaps = np.full(at.size, np.inf)
    for i, (t, b) in enumerate(zip(at, block, strict=True)):
        if b in last:
            gaps[i] = t - last[b]
        last[int(b)] = t
    kept: OrderedDict[int, None] = OrderedDict()
    hits = 0
    for b in block:
        if b in kept:
            hits += 1
            kept.move_to_end(b)
        kept[int(b)] = None
        if len(kept) > capacity // size:
            kept.popitem(last=False)
    edges = np.geomspace(0.05, at[-1], 40)
    shares = [float((gaps <= edge).mean()) for edge in edges]
    share = own_cached_share(list(edges), shares, size * at.size / at[-1], capacity)
    assert share == pytest.approx(hits / at.size, abs=0.01)


def test_a_cache_of_nothing_serves_nothing() -> None:
    assert own_cached_share([], [], 10.0, 100.0) == 0.0
    assert own_cached_share([1.0], [0.5], 10.0, 0.0) == 0.0


def test_explain_says_which_rule_sized_the_fleet(tmp_path: Path) -> None:
    pytest.importorskip("duckdb")
    paths = write(drawn(3000), tmp_path, "parquet")
    profile = str(tmp_path / "ours.yaml")
    assert run("profile", *paths, "--to", profile, "-q").exit_code == 0
    done = run("explain", "self/llama-3.3-70b", "--profile", profile, "-o", "json", "-q")
    assert done.exit_code == 0, done.output
    steps = " ".join(json.loads(done.stdout)["steps"])
    assert "sized by the requests in flight" in steps
    assert "the usual rule (headroom 0.85, peakedness 2) would need" in steps
    named = run("explain", "self/llama-3.3-70b", "--tokens", "50B", "-o", "json", "-q")
    assert "in flight of" not in " ".join(json.loads(named.stdout)["steps"])
    given = run(
        "explain", "self/llama-3.3-70b", "--profile", profile, "--set", "serving.headroom=50%", "-q"
    )
    assert given.exit_code == 0
    assert len(MODELS) == 3
