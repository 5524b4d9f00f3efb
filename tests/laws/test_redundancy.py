"""Laws of spares: zones that may fail, and the exact binomial sum of an availability target."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import real

from tco.engine.fleet import MOST_COUNTED, kept_between, replicas_kept

needed = st.integers(1, 200).map(float)
targets = st.sampled_from([0.9, 0.99, 0.999, 0.9999])
ups = real(0.9, 1.0)


def up_at_least(n: int, m: int, a: float) -> float:
    """Return the chance that at least `n` of `m` are up, term by term."""
    return sum(comb(m, k) * a**k * (1 - a) ** (m - k) for k in range(n, m + 1))


@given(n=needed, target=targets, up=ups)
def test_the_fewest_replicas_that_reach_the_target(n: float, target: float, up: float) -> None:
    kept = int(replicas_kept(n, redundancy=0.0, target=target, availability=up))
    assert up_at_least(int(n), kept, up) >= target - 1e-9
    if kept > n:
        assert up_at_least(int(n), kept - 1, up) < target + 1e-9


@pytest.mark.parametrize("up", [0.9, 0.97, 0.999])
@pytest.mark.parametrize("target", [0.95, 0.9999])
def test_scipy_agrees_on_large_fleets(up: float, target: float) -> None:
    binom = pytest.importorskip("scipy.stats").binom
    n = np.array([1, 2, 10, 333, 2000, MOST_COUNTED], dtype=float)
    kept = np.asarray(replicas_kept(n, redundancy=0.0, target=target, availability=up))
    assert np.all(binom.sf(n - 1, kept, up) >= target - 1e-9)
    more = kept > n
    assert np.all(binom.sf(n[more] - 1, kept[more] - 1, up) < target + 1e-9)


@given(n=needed, zones=st.integers(2, 6).map(float), spare=st.integers(0, 2).map(float))
def test_any_zone_may_fail(n: float, zones: float, spare: float) -> None:
    kept = float(replicas_kept(n, redundancy=spare, zones=zones))
    assert kept >= n + spare
    assert kept - np.ceil(kept / zones) >= n
    assert kept <= max(np.ceil(n / (zones - 1)) * zones, n + spare)


@given(n=needed, spare=st.integers(0, 3).map(float))
def test_one_zone_and_no_target_are_the_spares_alone(n: float, spare: float) -> None:
    assert replicas_kept(n, redundancy=spare) == n + spare


@given(
    spare=st.integers(0, 3).map(float),
    zones=st.integers(1, 5).map(float),
    target=st.one_of(st.just(0.0), targets),
    up=ups,
    n=st.integers(1, 2_000_000).map(float),
)
def test_what_is_kept_stays_between_its_lines(
    spare: float, zones: float, target: float, up: float, n: float
) -> None:
    rules = {"redundancy": spare, "zones": zones, "target": target, "availability": up}
    slope, low, high = kept_between(**rules)
    kept = float(replicas_kept(n, **rules))
    slack = 1e-9 * kept
    assert slope * n + low - slack <= kept <= slope * n + high + slack


def test_rules_may_be_arrays() -> None:
    kept = replicas_kept(
        np.array([4.0, 4.0, 4.0]),
        redundancy=1.0,
        zones=np.array([1.0, 3.0, 1.0]),
        target=np.array([0.0, 0.0, 0.999]),
        availability=0.95,
    )
    assert np.asarray(kept).tolist() == [5.0, 6.0, 7.0]
