"""What pictures are drawn from: the same bills, on grids."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from tco.analysis.charts.curves import bills_around, cost_curves, points, sources_of
from tco.engine.ledger import total_usd
from tco.options.bills import Option, lines
from tco.options.names import resolve
from tco.options.settings import TOKENS

NAMES = ("openai/gpt-4.1", "self/llama-3.3-70b", "deepinfra/llama-3.3-70b")


@pytest.fixture
def inputs(asked):  # type: ignore[no-untyped-def]
    return asked(tokens=50e9)


@pytest.fixture
def options(inputs) -> list[Option]:  # type: ignore[no-untyped-def]
    return [resolve(name, inputs).best for name in NAMES]


def test_points_lie_on_the_bill(inputs, options) -> None:  # type: ignore[no-untyped-def]
    for option in options:
        volumes, usd = points(option, inputs.settings, (1e9, 2e12))
        assert np.all(np.diff(volumes) > 0)
        grid = np.geomspace(1e9, 2e12, 61)[1:-1]
        at = np.searchsorted(volumes, grid)
        bill = total_usd(lines(option, inputs.settings.with_values({TOKENS: volumes[at]})))
        assert usd[at] == pytest.approx(np.broadcast_to(bill, grid.shape), rel=1e-9)


def test_a_step_is_drawn_upright(inputs, options) -> None:  # type: ignore[no-untyped-def]
    volumes, usd = points(options[1], inputs.settings, (1e9, 2e12))
    beside = np.diff(volumes) / volumes[:-1] < 1e-12
    assert beside.sum() > 3
    assert np.all(np.diff(usd)[beside] > 0)


def test_the_middle_of_the_bills_is_today(inputs, options) -> None:  # type: ignore[no-untyped-def]
    steps = bills_around(inputs, options, 50e9)
    volume, rows = steps[len(steps) // 2]
    assert volume == 50e9
    for row in rows:
        option = next(o for o in options if o.id == row.id)
        assert row.monthly_usd == pytest.approx(float(total_usd(lines(option, inputs.settings))))
    assert [v for v, _ in steps] == sorted(v for v, _ in steps)


def test_bands_hold_the_middle_of_the_draws(inputs, options) -> None:  # type: ignore[no-untyped-def]
    drawn = cost_curves(inputs, options, (), 50e9)
    assert drawn.draws > 0
    for curve in drawn.curves:
        assert len(curve.band) > 10
        assert all(0 < low < high for _, (low, high) in curve.band)
    assert not any(c.band for c in cost_curves(inputs, options, (), 50e9, draws=0).curves)


def test_sources_have_a_day(inputs, options) -> None:  # type: ignore[no-untyped-def]
    found = sources_of(inputs, [s.source for s in inputs.settings.values()], options)
    assert len(found) > 5
    assert all(isinstance(row.read, date) for _, row in found)
    assert [name for name, _ in found] == sorted(name for name, _ in found)
