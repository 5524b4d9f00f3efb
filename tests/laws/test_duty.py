"""Laws of fleets that are switched: hours sum to the month, and the work is always paid for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import Floats, loads, magnitude, policies, real, replicas

from tco.engine.fleet import (
    Billing,
    Duty,
    FleetPolicy,
    ahead,
    moved,
    off_share,
    paid_share,
    steepened,
    waiting_share,
)
from tco.engine.replica import Replica
from tco.engine.selfhost import Fleet, fleet_for
from tco.engine.shapes import Workload

shapes = st.lists(
    st.one_of(st.just(0.0), st.just(1.0), magnitude(1e-3, 1e3)), min_size=2, max_size=48
).filter(lambda hours: max(hours) > 0)
peaks = real(1.0, 5.0)
rates = magnitude(1e-6, 10.0)


def over_mean(hours: list[float]) -> Floats:
    return np.asarray(hours) / np.mean(hours)


def duty(
    billing: Billing, week: Floats, lead_h: float = 0.25, opened: Floats | None = None
) -> Duty:
    whole = np.ones_like(week) if opened is None else opened
    starts = np.flatnonzero((whole > 0) & (np.roll(whole, 1) == 0))
    gaps = [next(k for k in range(1, week.size) if whole[s - k - 1] > 0) for s in starts]
    return Duty(
        billing=billing,
        week=week,
        open_share=whole,
        gaps_h=np.array(gaps, dtype=float),
        lead_h=lead_h,
        idle_timeout_s=300.0,
        cold_start_s=120.0,
        billing_step_s=1.0,
    )


def fleet(
    load: Workload, replica: Replica, policy: FleetPolicy, on: Duty | None, gpus: int = 2
) -> Fleet:
    return fleet_for(load, replica, policy, gpus, 8, on)


@given(hours=shapes, peak=peaks)
def test_a_week_keeps_its_tokens_however_steep_it_is_made(hours: list[float], peak: float) -> None:
    week = over_mean(hours)
    made = steepened(week, peak)
    assert made.mean() == pytest.approx(1.0, rel=1e-12)
    assert np.all(made >= 0)
    assert np.array_equal(made == 0, week == 0)
    assert np.all(np.diff(made[np.argsort(week)]) >= -1e-12)


@given(hours=shapes, peak=peaks)
def test_a_week_has_the_peak_that_was_asked_for_where_it_can(
    hours: list[float], peak: float
) -> None:
    week = over_mean(hours)
    low = week.size / np.count_nonzero(week)
    high = steepened(week, np.inf).max()
    assert steepened(week, peak).max() == pytest.approx(np.clip(peak, low, high), rel=1e-6)
    own = np.clip(week.max(), low, high)
    np.testing.assert_allclose(steepened(week, own), week, rtol=1e-5, atol=1e-9)


@given(hours=shapes, peak=peaks)
def test_many_peaks_at_once_are_each_its_own(hours: list[float], peak: float) -> None:
    week = over_mean(hours)
    both = steepened(week, np.array([[1.5], [peak]]))
    np.testing.assert_allclose(both[1, 0], steepened(week, peak), rtol=1e-9)


@given(hours=shapes, opened=st.lists(real(0.0, 1.0), min_size=48, max_size=48))
def test_load_that_is_moved_keeps_its_tokens(hours: list[float], opened: list[float]) -> None:
    week, share = over_mean(hours), np.round(np.array(opened[: len(hours)]), 2)
    assume(np.any(week * share > 0))
    load = moved(week, share)
    assert (load * share).mean() == pytest.approx(1.0, rel=1e-12)
    assert np.all(load[share == 0] == 0)


@given(hours=shapes, lead=real(0.0, 60.0))
def test_levels_last_all_month_and_are_never_below_the_load(
    hours: list[float], lead: float
) -> None:
    week = over_mean(hours)
    load, share = ahead(week, lead)
    assert share.sum() == pytest.approx(1.0, rel=1e-12)
    assert (share * load).sum() >= 1.0 - 1e-12
    assert load.max() == week.max()
    higher, lasts = ahead(week, lead + 0.5)
    assert (lasts * higher).sum() >= (share * load).sum() - 1e-12


@given(
    hours=shapes,
    load=loads.filter(lambda w: w.tokens_per_month > 0),
    replica=replicas,
    policy=policies,
    peak=real(1.0, 4.0),
    lead=real(0.0, 3.0),
)
def test_always_on_pays_most_then_autoscaled_then_scaling_to_zero_and_all_pay_the_work(
    hours: list[float],
    load: Workload,
    replica: Replica,
    policy: FleetPolicy,
    peak: float,
    lead: float,
) -> None:
    week = steepened(over_mean(hours), peak)
    load = replace(load, peak_to_mean=float(week.max()))
    always = fleet(load, replica, policy, None)
    scaled = fleet(load, replica, policy, duty("autoscaled", week, lead))
    asleep = fleet(load, replica, policy, duty("scale_to_zero", week))
    slack = 1 + 1e-9
    assert float(scaled.needed) == pytest.approx(float(always.needed), abs=1.0)
    assert float(always.paid_gpus) * slack >= float(scaled.billed_gpus) - 8.0 * (
        float(scaled.needed) > float(always.needed)
    )
    assert float(scaled.billed_gpus) >= float(scaled.on_gpus) / slack
    assert float(scaled.on_gpus) * slack >= float(scaled.busy_gpus or 0.0)
    assert float(asleep.on_gpus) * slack >= float(asleep.busy_gpus or 0.0)
    prompt = fleet(load, replica, policy, duty("autoscaled", week, 120.0 / 3600.0))
    assert float(asleep.billed_gpus) <= float(prompt.billed_gpus) * slack


@given(load=loads, replica=replicas, policy=policies, lead=real(0.0, 5.0))
def test_an_even_load_is_served_by_the_same_fleet_all_the_time(
    load: Workload, replica: Replica, policy: FleetPolicy, lead: float
) -> None:
    load = replace(load, peak_to_mean=1.0)
    always = fleet(load, replica, policy, None)
    scaled = fleet(load, replica, policy, duty("autoscaled", np.ones(24), lead))
    assert float(scaled.billed_gpus) == pytest.approx(float(always.paid_gpus))
    assert scaled.gpus == always.gpus


def test_a_schedule_by_hand() -> None:
    # 8 of 24 hours are open: three times the load, a third of the time and a start of 15 minutes.
    opened = np.array([0.0] * 8 + [1.0] * 8 + [0.0] * 8)
    load, share = duty("scheduled", np.ones(24), 0.25, opened).levels(1.0)
    assert load.tolist() == [3.0]
    assert share[0] == pytest.approx((8 + 0.25) / 24)


def test_a_lead_by_hand() -> None:
    week = np.array([1.0, 1.0, 4.0, 0.0])
    load, share = ahead(week, 0.25)
    assert load.tolist() == [1.0, 1.0, 4.0, 0.0, 1.0, 4.0, 4.0, 1.0]
    assert share.tolist() == [0.75 / 4] * 4 + [0.25 / 4] * 4
    assert ahead(week, 2.0)[0].tolist() == [4.0, 4.0, 4.0, 1.0]


@given(rate=rates, hold=magnitude(0.1, 4e3), start=real(0.0, 600.0), step=real(1.0, 3600.0))
def test_shares_are_shares_and_scaling_to_zero_never_costs_more_than_always(
    rate: float, hold: float, start: float, step: float
) -> None:
    off, waits = off_share(rate, hold, start), waiting_share(rate, hold, start)
    assert 0.0 <= off <= 1.0
    assert 0.0 <= waits <= 1.0 + 1e-12
    assert 1.0 - off - 1e-12 <= paid_share(rate, hold, start, step) <= 1.0
    assert off_share(2 * rate, hold, start) <= off


@pytest.mark.parametrize(
    ("rate", "service", "timeout", "start"),
    [(1 / 3600, 10.0, 300.0, 120.0), (1 / 200, 20.0, 300.0, 60.0), (1 / 60, 5.0, 60.0, 30.0)],
)
def test_the_closed_form_is_what_a_simulation_shows(
    rate: float, service: float, timeout: float, start: float
) -> None:
    on, waited, span = simulated(rate, service, timeout, start, 200_000)
    off = float(off_share(rate, service + timeout, start))
    assert 1.0 - on / span == pytest.approx(off, abs=0.006)
    assert waited == pytest.approx(float(waiting_share(rate, service + timeout, start)), abs=0.006)


@pytest.mark.parametrize("step", [60.0, 900.0, 3600.0])
@pytest.mark.parametrize("rate", [1 / 7200, 1 / 600, 1 / 150])
def test_started_steps_are_paid_for(rate: float, step: float) -> None:
    stays, span = stays_of(rate, 315.0, 120.0, 50_000)
    paid = min(float((np.ceil(stays / step) * step).sum()) / span, 1.0)
    assert float(paid_share(rate, 315.0, 120.0, step)) == pytest.approx(paid, rel=0.12, abs=0.01)


def stays_of(rate: float, hold: float, start: float, count: int) -> tuple[Floats, float]:
    """Return how long each stay lasts and the whole span, request by request."""
    rng = np.random.default_rng(1)
    at = np.cumsum(rng.exponential(1 / rate, count))
    stays, began, until = [], at[0], at[0] + start + hold
    for arrival in at[1:]:
        if arrival > until:
            stays.append(until - began)
            began, until = arrival, arrival + start + hold
        else:
            until = max(until, max(arrival, began + start) + hold)
    return np.array(stays), float(began - at[0])


def simulated(
    rate: float, service: float, timeout: float, start: float, count: int
) -> tuple[float, float, float]:
    """Return time on, share of requests that waited, and the span; services are exponential."""
    rng = np.random.default_rng(2)
    at = np.cumsum(rng.exponential(1 / rate, count))
    service_s = rng.exponential(service, count) if start == 0 else np.full(count, service)
    began, until, on, waited = at[0], at[0] + start + service_s[0] + timeout, 0.0, 1
    for arrival, takes in zip(at[1:].tolist(), service_s[1:].tolist(), strict=True):
        if arrival > until:
            on += until - began
            began, until, waited = arrival, arrival + start + takes + timeout, waited + 1
        else:
            waited += arrival < began + start
            until = max(until, max(arrival, began + start) + takes + timeout)
    return on, waited / count, began - at[0]
