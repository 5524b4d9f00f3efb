"""Distributions hold their percentiles, hypercubes visit every stratum once, tables interpolate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tco.engine.draws import (
    Spread,
    check_correlation,
    hypercube,
    interpolated,
    midpoints,
    nodes,
    normal_scores,
    places,
    quantiles,
)
from tco.ranges import Span

AT = midpoints(100_000)
ends = st.tuples(*[st.floats(0.01, 100.0)] * 3).map(sorted).filter(lambda v: v[2] / v[0] > 1.01)


@given(ends, st.sampled_from(["uniform", "triangular", "lognormal"]), st.sampled_from([0.05, 0.1]))
def test_percentiles_hold(values: list[float], kind: str, tail: float) -> None:
    low, middle, high = values
    spread = Spread(kind=kind, value=middle, low=low, high=high, tail=tail)  # type: ignore[arg-type]
    found = quantiles(spread, AT)
    assert np.all(np.diff(found) >= 0)
    room = 1e-3 * (high - low) + 1e-4 * high
    assert np.quantile(found, [tail, 1 - tail]) == pytest.approx([low, high], abs=room)
    if kind == "lognormal":
        assert np.median(found) == pytest.approx(middle, rel=1e-3)


def test_triangle_equals_scipy() -> None:
    spread = Spread(kind="triangular", value=3.0, low=2.0, high=7.0)
    found = quantiles(spread, AT)
    low, high = found[0], found[-1]
    law = stats.triang((3.0 - low) / (high - low), loc=low, scale=high - low)
    assert found[1000::1000] == pytest.approx(law.ppf(AT[1000::1000]), rel=1e-2)


def test_bounds_cut() -> None:
    spread = Spread(kind="triangular", value=0.0, low=0.0, high=0.65, least=0.0, most=1.0)
    found = quantiles(spread, AT)
    assert found.min() == 0.0
    assert np.quantile(found, 0.95) == pytest.approx(0.65, abs=1e-3)


def test_normal_scores_equal_scipy() -> None:
    assert normal_scores(1001) == pytest.approx(stats.norm.ppf(midpoints(1001)), abs=1e-12)


MATRIX = np.array([[1.0, 0.6, 0.0], [0.6, 1.0, -0.5], [0.0, -0.5, 1.0]])


def test_a_hypercube_visits_every_stratum_once() -> None:
    ranks = hypercube(np.random.default_rng(1), 5_000, [np.eye(1), MATRIX, np.eye(1)])
    assert np.array_equal(np.sort(ranks, axis=1), np.tile(np.arange(5_000), (5, 1)))


def test_correlations_hold() -> None:
    ranks = hypercube(np.random.default_rng(2), 50_000, [MATRIX])
    assert np.corrcoef(normal_scores(50_000)[ranks]) == pytest.approx(MATRIX, abs=0.02)
    same = hypercube(np.random.default_rng(2), 100, [np.ones((2, 2))])
    assert np.array_equal(same[0], same[1])


@pytest.mark.parametrize(
    ("matrix", "why"),
    [
        (np.array([[1.0, 0.5], [0.4, 1.0]]), "symmetric"),
        (np.array([[1.0, 1.5], [1.5, 1.0]]), "between -1 and 1"),
        (np.array([[0.9, 0.0], [0.0, 1.0]]), "ones"),
        (np.array([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1.0]]), "together"),
    ],
)
def test_no_correlation_matrix(matrix: np.ndarray, why: str) -> None:
    assert why in (check_correlation(matrix) or "")


def test_a_correlation_matrix() -> None:
    assert check_correlation(MATRIX) is None
    assert check_correlation(np.ones((3, 3))) is None


def test_tables_are_exact_for_multilinear_functions_and_at_nodes() -> None:
    axes = [
        Span(1.0, 4.0, 4, log=False),
        Span(0.5, 2.0, 3, log=True),
    ]
    x, y = np.meshgrid(*map(nodes, axes), indexing="ij")
    rng = np.random.default_rng(3)
    at = [rng.uniform(1.0, 4.0, 50), np.exp(rng.uniform(np.log(0.5), np.log(2.0), 50))]
    table = (2.0 + x * (3.0 - np.log(y))).ravel()
    assert interpolated(table, places(axes, at)) == pytest.approx(2.0 + at[0] * (3 - np.log(at[1])))
    anything = rng.random(12)
    there = places(axes, [x.ravel(), y.ravel()])
    assert interpolated(anything, there) == pytest.approx(anything)
