"""A cost curve is the bill as a function of volume: equal on every piece, inside its envelope."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from one_by_one import Curve, Steps, alone, line
from strategies import (
    Floats,
    magnitude,
    options,
    settings_of_a_question,
    shipped_catalog,
    usd_at,
)

from tco.options.bills import Option, SelfOption
from tco.options.candidates import option_of, own_setups
from tco.options.curves import curve
from tco.options.offers import token_options
from tco.options.question import Question
from tco.options.scenario import Scenario
from tco.options.selection import select
from tco.options.settings import Settings

UP_TO = 3e12
NEAR_AN_EDGE = 1e-7
MOST_AT_ONCE = 20_000


def between_edges(steps: Steps, up_to: float) -> Floats:
    """Return volumes inside the pieces, none so near an edge that round-off decides."""
    edges = steps.edges[steps.edges <= up_to][:MOST_AT_ONCE]
    lows = np.concatenate([[0.0], edges[:-1]])
    inside = [lows + share * (edges - lows) for share in (0.01, 0.5, 0.99)]
    return np.concatenate([*inside, np.geomspace(1.0, up_to, 50)])


def away_from_edges(volumes: Floats, steps: Steps) -> Floats:
    """Return the volumes that are not next to an edge."""
    at = np.minimum(np.searchsorted(steps.edges, volumes), steps.edges.size - 1)
    near = np.minimum(
        np.abs(steps.edges[at] - volumes), np.abs(steps.edges[np.maximum(at - 1, 0)] - volumes)
    )
    return volumes[near > NEAR_AN_EDGE * volumes]


def agrees(option: Option, settings: Settings, up_to: float) -> None:
    """Hold a curve against the bills at many volumes up to one."""
    made = alone(curve(option, settings))
    steps = made.until(up_to)
    volumes = away_from_edges(between_edges(steps, up_to), steps)
    volumes = volumes[volumes <= steps.edges[-1]]
    np.testing.assert_allclose(
        steps.at(volumes), usd_at(option, settings, volumes), rtol=1e-9, atol=1e-6
    )
    stays_within(made, option, settings, volumes)


def stays_within(made: Curve, option: Option, settings: Settings, volumes: Floats) -> None:
    """Hold the bills against the two lines of the curve."""
    usd = usd_at(option, settings, volumes)
    slack = 1e-6 + 1e-7 * np.abs(usd)
    assert np.all(usd >= made.slope * volumes + made.low - slack)
    assert np.all(usd <= made.slope * volumes + made.high + slack)


@given(option=options, settings=settings_of_a_question(), up_to=magnitude(1e6, 1e13))
def test_a_curve_is_the_bill_of_any_option(
    option: Option, settings: Settings, up_to: float
) -> None:
    made = alone(curve(option, settings))
    reach = up_to
    while made.pieces_until(reach) > MOST_AT_ONCE and reach > 1e3:
        reach /= 10
    if made.pieces_until(reach) <= MOST_AT_ONCE:
        agrees(option, settings, reach)


@given(option=options, settings=settings_of_a_question(), up_to=magnitude(1.0, 1e14))
def test_pieces_reach_at_least_as_far_as_asked_and_are_as_many_as_said(
    option: Option, settings: Settings, up_to: float
) -> None:
    made = alone(curve(option, settings))
    said = made.pieces_until(up_to)
    if said <= 1e5:
        steps = made.until(up_to)
        assert steps.edges[-1] >= up_to
        assert steps.edges.size <= said + 1
        assert np.all(np.diff(steps.edges) > 0)
        assert steps.edges.size == steps.fixed.size == steps.slope.size


@given(option=options, settings=settings_of_a_question(), volume=magnitude(1e15, 1e18))
def test_a_curve_follows_its_slope_at_very_large_volume(
    option: Option, settings: Settings, volume: float
) -> None:
    made = alone(curve(option, settings))
    if np.isfinite(made.high) and made.high < 1e-3 * made.slope * volume:
        usd = float(usd_at(option, settings, volume)[0])
        assert usd == pytest.approx(made.slope * volume, rel=2e-3)


def test_a_line_has_one_piece_and_no_band() -> None:
    made = line(fixed=5_000.0, slope=2e-6)
    assert (made.low, made.high, made.slope) == (5_000.0, 5_000.0, 2e-6)
    assert made.pieces_until(1e15) == 1.0
    assert made.until(1e9).at(np.array([0.0, 1e9])).tolist() == [5_000.0, 7_000.0]


def test_a_step_belongs_to_the_piece_that_it_ends() -> None:
    steps = Steps(
        edges=np.array([10.0, 20.0]), fixed=np.array([1.0, 2.0]), slope=np.array([0.0, 0.5])
    )
    assert steps.at(np.array([0.0, 10.0, 10.5, 20.0])).tolist() == [1.0, 1.0, 7.25, 12.0]


def own_options(inputs: Question) -> Iterator[SelfOption]:
    """Return one set-up of every kind: of each model, spread over GPUs, counts and sellers."""
    own = own_setups(inputs, select(shipped_catalog(), Scenario()))
    for model in own.models:
        pairs = own.pairs_of(model.id)
        for i in pairs[:: max(1, pairs.size // 3)][:3]:
            yield option_of(own, int(i))


def test_the_curves_of_the_catalog_are_its_bills(asked) -> None:  # type: ignore[no-untyped-def]
    inputs = asked()
    offers = token_options(inputs, select(shipped_catalog(), Scenario()))[0]
    setups = list(own_options(inputs))
    assert len(offers) > 100
    assert len(setups) > 100
    for option in (*offers[::3], *setups):
        agrees(option, inputs.settings, UP_TO)


@pytest.mark.parametrize("headroom", [0.5, 0.95, 0.999])
def test_the_curve_of_a_real_setup_at_other_headrooms(headroom: float, asked) -> None:  # type: ignore[no-untyped-def]
    inputs = asked(models=("llama-3.3-70b",), settings={"serving.headroom": headroom})
    own = own_setups(inputs, select(shipped_catalog(), inputs.request))
    for i in own.pairs_of("llama-3.3-70b")[::100]:
        agrees(option_of(own, int(i)), inputs.settings, UP_TO)
        instance = replace(option_of(own, int(i)), instance_gpus=8)
        agrees(instance, inputs.settings, UP_TO)
