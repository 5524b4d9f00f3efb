"""Base load and overflow: the figures of real weeks, and the closed form against a solver."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from tco.catalog.load import load_catalog
from tco.engine.hybrid import (
    Resource,
    base_units,
    base_usd,
    best_stack,
    breakeven_utilization,
    layer_count,
    layers_of,
    overflow,
    serve,
    switched,
)

UNIT = 0.1  # of the mean load: the size of a replica in the figures of the study


def week(name: str) -> np.ndarray:
    curve = np.array(load_catalog().workloads.profiles[name].hourly)
    return curve / curve.mean()


@pytest.mark.parametrize(
    ("name", "ratio", "own", "hybrid", "to_api"),
    [
        ("code-complete", 0.4, 1.24, 0.74, 0.42),
        ("chat", 0.4, 0.68, 0.52, 0.08),
        ("code-complete", 0.8, 2.48, 0.95, 0.71),
        ("chat", 0.8, 1.36, 0.88, 0.32),
    ],
)
def test_the_weeks_of_azure(
    name: str, ratio: float, own: float, hybrid: float, to_api: float
) -> None:
    """All-API is 1.00; a GPU at full load costs `ratio` of what the API asks for its work."""
    load, usd_per_hour = week(name), ratio * UNIT
    units = base_units(load, UNIT, usd_per_hour, 1.0)
    assert base_usd(load, 0, UNIT, usd_per_hour, 1.0) == pytest.approx(1.0)
    assert layer_count(load, UNIT) * usd_per_hour == pytest.approx(own, abs=0.005)
    assert base_usd(load, units, UNIT, usd_per_hour, 1.0) == pytest.approx(hybrid, abs=0.005)
    assert overflow(load, units * UNIT) == pytest.approx(to_api, abs=0.005)


def test_a_unit_is_kept_exactly_from_its_breakeven_utilization_on() -> None:
    load, usd_per_hour = week("code-complete"), 0.4 * UNIT
    units = int(base_units(load, UNIT, usd_per_hour, 1.0))
    used = layers_of(load, UNIT, units + 1).mean(axis=-1) / UNIT
    needed = breakeven_utilization(usd_per_hour, UNIT, 1.0)
    assert used[units - 1] >= needed > used[units]


def test_it_broadcasts() -> None:
    load = week("chat")
    unit, price = np.array([0.05, 0.1, 0.3]), np.array([[0.5], [1.0]])
    wide = base_units(load, unit, 0.4 * unit, price)
    assert wide.shape == (2, 3)
    for i in range(2):
        for j in range(3):
            one = base_units(load, float(unit[j]), 0.4 * float(unit[j]), float(price[i, 0]))
            assert wide[i, j] == one
    two = np.stack([week("chat"), week("code-complete")])
    assert list(base_units(two, UNIT, 0.4 * UNIT, 1.0)) == [11, 8]


curves = st.lists(st.floats(0.0, 4.0), min_size=2, max_size=12).map(np.array)
prices = st.floats(0.05, 3.0)


@given(curves, st.floats(0.2, 1.5), prices, prices)
def test_no_other_number_of_units_is_cheaper(
    load: np.ndarray, unit: float, usd_per_hour: float, usd_per_load: float
) -> None:
    units = base_units(load, unit, usd_per_hour, usd_per_load)
    tried = base_usd(load, np.arange(layer_count(load, unit) + 2), unit, usd_per_hour, usd_per_load)
    chosen = base_usd(load, units, unit, usd_per_hour, usd_per_load)
    assert chosen <= tried.min() + 1e-9


@given(curves, st.floats(0.0, 3.0))
@settings(max_examples=60)
def test_switching_is_the_best_of_all_schedules(load: np.ndarray, start: float) -> None:
    load = load[:8]
    gain = (0.7 - load)[None, :]
    cost, on = switched(gain, np.array([start]))
    hours = load.size
    every = (np.arange(2**hours)[:, None] >> np.arange(hours)) & 1
    starts = np.maximum(every - np.roll(every, 1, axis=1), 0).sum(axis=1)
    tried = every @ gain[0] + start * starts
    assert cost[0] == pytest.approx(tried.min(), abs=1e-9)
    began = np.maximum(on[0].astype(int) - np.roll(on[0], 1), 0).sum()
    assert gain[0][on[0]].sum() + start * began == pytest.approx(cost[0], abs=1e-9)


def test_a_long_start_keeps_units_on_through_a_lull() -> None:
    layer = np.array([[1.0, 0.2, 1.0, 0.0, 0.0, 0.0]])
    quick = serve(layer, Resource(unit=1.0, usd_per_hour=0.5, by_the_hour=True), 1.0)
    slow = serve(layer, Resource(unit=1.0, usd_per_hour=0.5, by_the_hour=True, lead_h=1.0), 1.0)
    assert quick.on.tolist() == [[True, False, True, False, False, False]]
    assert slow.on.tolist() == [[True, True, True, False, False, False]]


def test_a_team_is_a_yes_or_no() -> None:
    load = week("chat")
    kind = Resource(unit=UNIT, usd_per_hour=0.4 * UNIT)
    worth = 1.0 - best_stack(load, kind, None, 1.0).usd_per_hour

    def team(usd: float):
        return lambda base, peak: usd * ((base + peak) > 0)

    below = best_stack(load, kind, None, 1.0, team(worth * 0.99))
    above = best_stack(load, kind, None, 1.0, team(worth * 1.01))
    assert below.base_units == 11
    assert above.base_units == 0
    assert above.usd_per_hour == pytest.approx(1.0)


def test_servers_at_the_bottom_and_single_gpus_above() -> None:
    """A base of whole servers and a peak of single units: no pair of counts is cheaper."""
    load = week("code-complete")
    server = Resource(unit=0.4, usd_per_hour=0.12)
    single = Resource(unit=0.1, usd_per_hour=0.05, by_the_hour=True, lead_h=0.25)
    found = best_stack(load, server, single, 1.0)
    tried = []
    for count in range(10):
        layers = layers_of(load, 0.1, 40, count * 0.4)
        net = serve(layers, single, 1.0).net_usd
        below = layers_of(load, 0.4, count)
        base = (0.12 - below).sum() / load.size
        tried.append(base + np.minimum(net, 0.0).sum())
    assert found.usd_per_hour == pytest.approx(1.0 + min(tried), abs=1e-12)
    assert found.base_units == int(np.argmin(tried))
    assert found.peak_units > 0


def test_a_spot_unit_leaves_its_interruptions_to_the_api() -> None:
    layer = np.ones((1, 4))
    spot = serve(layer, Resource(unit=1.0, usd_per_hour=0.3, availability=0.9), 1.0)
    assert spot.served[0] == pytest.approx(0.9)
    assert spot.net_usd[0] == pytest.approx(0.3 - 0.9)


def fleet_by_solver(
    load: np.ndarray, unit: float, always: float, hourly: float, lead: float, price: float
) -> float:
    """Return the least cost of a fleet over a curve, as one mixed-integer program [USD/h].

    Variables: units for every hour; and for each hour units by the hour, starts, and overflow.
    """
    hours = load.size
    count = 1 + 3 * hours
    cost = np.concatenate(
        [
            [always * hours],
            np.full(hours, hourly),
            np.full(hours, lead * hourly),
            np.full(hours, price),
        ]
    )
    rows, low = [], []
    for h in range(hours):
        serve = np.zeros(count)
        serve[[0, 1 + h]] = unit
        serve[1 + 2 * hours + h] = 1.0
        rows.append(serve)
        low.append(load[h])
        start = np.zeros(count)
        start[1 + hours + h] += 1.0
        start[1 + h] -= 1.0
        start[1 + (h - 1) % hours] += 1.0
        rows.append(start)
        low.append(0.0)
    whole = np.concatenate([np.ones(1 + 2 * hours), np.zeros(hours)])
    found = milp(
        cost,
        constraints=LinearConstraint(np.array(rows), np.array(low), np.inf),
        integrality=whole,
        bounds=Bounds(0, np.inf),
        options={"mip_rel_gap": 1e-12},
    )
    units = np.round(found.x[: 1 + hours])
    on = units[1:]
    starts = np.maximum(on - np.roll(on, 1), 0.0).sum()
    left = np.maximum(load - unit * (units[0] + on), 0.0).sum()
    total = units[0] * always * hours + (on.sum() + lead * starts) * hourly + price * left
    return float(total / hours)


def random_fleet(seed: int) -> tuple[float, float]:
    """Return the least cost by layers and by the solver on one random curve [USD/h]."""
    rng = np.random.default_rng(seed)
    load = rng.gamma(1.5, 1.0, int(rng.integers(4, 13))).round(3)
    unit, price = float(rng.uniform(0.3, 1.5)), float(rng.uniform(0.5, 2.0))
    always = unit * price * float(rng.uniform(0.1, 0.9))
    hourly = always * float(rng.uniform(1.0, 2.5))
    lead = float(rng.choice([0.0, 0.25, 1.0, 2.0]))
    if layer_count(load, unit) == 0:
        return 0.0, 0.0
    base = Resource(unit=unit, usd_per_hour=always)
    peak = Resource(unit=unit, usd_per_hour=hourly, by_the_hour=True, lead_h=lead)
    ours = best_stack(load, base, peak, price).usd_per_hour
    return ours, fleet_by_solver(load, unit, always, hourly, lead, price)


@pytest.mark.parametrize("seed", range(40))
def test_layers_and_the_solver_agree(seed: int) -> None:
    """`benchmarks/plan.py --prove` does the same 2,000 times."""
    ours, theirs = random_fleet(seed)
    assert ours == pytest.approx(theirs, rel=1e-9)
