"""The turn nearest to today's value, held against halving one value at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import Floats, real

from tco.engine.crossings import scan, turn
from tco.engine.shapes import Flags

ranges = st.tuples(real(0.1, 50.0), real(60.0, 1e3))


def halved(now: float, end: float, edge: float, times: int) -> tuple[float, float]:
    """Return both sides of an edge between now and an end, by plain halving."""
    near, far = now, end
    for _ in range(times):
        middle = (near + far) / 2.0
        if (middle >= edge) != (now >= edge):
            far = middle
        else:
            near = middle
    return near, far


@given(ends=ranges, share=real(0.01, 0.99), up=st.booleans(), zooms=st.integers(1, 30))
def test_three_values_halve_the_way_to_an_end(
    ends: tuple[float, float], share: float, up: bool, zooms: int
) -> None:
    low, high = ends
    edge = low + share * (high - low)
    now, end = (low, high) if up else (high, low)
    found = turn(
        lambda x: (x >= edge) != (now >= edge),
        now,
        low,
        high,
        values=lambda a, b: np.array([a, (a + b) / 2.0, b]),
        zooms=zooms,
    )
    assert found == halved(now, end, edge, zooms)


@given(
    ends=ranges,
    shares=st.lists(real(0.001, 0.999), min_size=1, max_size=4, unique=True),
    at=real(0.0, 1.0),
)
def test_of_several_turns_the_nearest_is_found(
    ends: tuple[float, float], shares: list[float], at: float
) -> None:
    low, high = ends
    edges = np.array([low + share * (high - low) for share in sorted(shares)])
    now = low + at * (high - low)
    cell = (high - low) / 400.0
    apart = np.diff(np.sort(np.concatenate([edges, [low, high, now]])))
    assume(np.all(apart[apart > 0] > 2 * cell))

    def side(x: Floats) -> Floats:
        return np.searchsorted(edges, x) % 2.0

    found = turn(
        lambda x: side(x) != side(np.array([now])),
        now,
        low,
        high,
        values=lambda a, b: np.linspace(a, b, 401),
        zooms=4,
    )
    assert found is not None
    finest = cell / 400.0**3  # what is found lies so near: an edge may be at `now` itself
    nearest = np.abs(edges - now).min()
    assert abs(found[1] - now) == pytest.approx(nearest, rel=1e-6, abs=1.01 * finest)
    # `tco breakeven --over` looks for all of them.
    every = scan(lambda x: np.where(side(x) > 0, -1.0, 1.0), low, high, log=False)
    assert np.array(every.crossings) == pytest.approx(edges, rel=1e-9)


def integers(low: float, high: float) -> Floats:
    return np.arange(low, high + 1.0)


def test_what_nothing_turns_has_no_turn() -> None:
    def never(x: Floats) -> Flags:
        return np.zeros(x.shape, dtype=bool)

    assert turn(never, 1.0, 0.5, 2.0, values=integers, zooms=3) is None


def test_the_end_of_a_range_stands_for_a_value_outside_it() -> None:
    assert turn(lambda x: x > 5.0, 1.0, 4.0, 8.0, values=integers, zooms=1) == (5.0, 6.0)
    assert turn(lambda x: x > 0.5, 0.1, 4.0, 8.0, values=integers, zooms=1) == (4.0, 4.0)
