"""Draws: same seed same bytes, probabilities that add up, values that are known in closed form."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest

from tco.analysis.montecarlo.beliefs import CHOICES, THROUGHPUT, beliefs
from tco.analysis.montecarlo.montecarlo import (
    _firsts,
    monte_carlo,
    value_of_everything,
    values_by_input,
)
from tco.analysis.montecarlo.sample import (
    BINS,
    SIZING,
    Tally,
    chunks,
    drawn,
    located,
    model_of,
    replica_for,
    sizes,
    usd,
)
from tco.engine.crossings import wins
from tco.engine.ledger import total_usd
from tco.errors import UsageError
from tco.options.bills import fleet, lines, replica_of
from tco.options.curves import curve
from tco.options.machines import own_bill
from tco.options.names import resolve

PAIR = ("gpt-4.1", "self/llama-3.3-70b")


def test_same_seed_same_bytes(asked) -> None:  # type: ignore[no-untyped-def]
    inputs = asked(tokens=20e9)
    one, two, other = (
        json.dumps(asdict(monte_carlo(inputs, PAIR, draws=30_000, seed=s))) for s in (5, 5, 6)
    )
    assert one == two != other


def test_what_adds_up(asked) -> None:  # type: ignore[no-untyped-def]
    found = monte_carlo(asked(tokens=50e9), (), draws=40_000)
    assert 2 <= len(found.options) <= 10
    assert sum(o.p_cheapest for o in found.options) == pytest.approx(1.0)
    sure = [o for o in found.options if o.trust != "low"]  # what is not never is the answer
    regrets = [o.regret_usd for o in sure if o.regret_usd is not None]
    assert min(regrets) == pytest.approx(found.value_of_everything_usd)
    assert all(r >= 0 for r in regrets)
    for option in found.options:
        p5, p50, p95 = option.usd.p5, option.usd.p50, option.usd.p95
        assert p5 is not None
        assert p5 <= p50 <= p95  # type: ignore[operator]
    assert len(found.inputs) >= 10
    for row in found.inputs:
        assert row.value_usd <= found.value_of_everything_usd * 1.05 + 1.0


def test_seeds_agree_within_their_error(asked) -> None:  # type: ignore[no-untyped-def]
    inputs = asked(tokens=12e9)
    found = [monte_carlo(inputs, PAIR, draws=50_000, seed=s) for s in (1, 2)]
    p = [f.saving.p_saves for f in found if f.saving]
    assert abs(p[0] - p[1]) < 4 * np.sqrt(0.25 / 50_000)
    medians = [f.breakeven.tokens_per_month.p50 for f in found if f.breakeven]
    assert medians[0] == pytest.approx(medians[1], rel=0.03)


def test_progress_is_told(asked) -> None:  # type: ignore[no-untyped-def]
    told: list[float] = []
    monte_carlo(asked(tokens=20e9), PAIR, told.append, draws=50_000)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) == sizes(50_000)[0]


def test_choices_and_given_values_are_not_drawn(asked) -> None:  # type: ignore[no-untyped-def]
    inputs = asked(tokens=20e9, settings={"rent.other_share": 0.1})
    options = tuple(resolve(name, inputs).best for name in PAIR)
    keys = {row.path for row in beliefs(inputs, options, {}, {}).rows}
    assert not keys & (CHOICES | {"rent.other_share", "price.hosted_factor"})
    assert {"rent.factor", "price.api_factor", THROUGHPUT, "workload.cached_share"} <= keys
    said = {"rent.other_share": (0.05, 0.2, None)}
    assert "rent.other_share" in {r.path for r in beliefs(inputs, options, said, {}).rows}


def test_throughput_spreads_by_the_band_of_each_set_up(asked) -> None:  # type: ignore[no-untyped-def]
    inputs = asked(tokens=20e9)
    own = resolve(PAIR[1], inputs).best
    (row,) = (r for r in beliefs(inputs, (own,), {}, {}).rows if r.path == THROUGHPUT)
    assert (row.spread.low, row.spread.high) == own.band  # type: ignore[union-attr]
    assert row.spread.tail == 0.10


@pytest.mark.parametrize(
    ("varied", "correlated", "why"),
    [
        ({"rent.factor": (2.0, 1.0, None)}, {}, "lies above the 95th"),
        ({"rent.factr": (1.0, 2.0, None)}, {}, "no setting called"),
        ({"rent.factor": (0.0, 2.0, "lognormal")}, {}, "lies above 0"),
        ({"workload.cached_share": (0.1, 1.2, None)}, {}, "beyond what it can be"),
        ({}, {("rent.factor", "price.api_factor"): 1.2}, "not within -1 and 1"),
        ({}, {("rent.factor", "own.pue"): 0.2}, "not uncertain here"),
        (
            {},
            {
                ("rent.factor", "price.api_factor"): 0.95,
                ("rent.factor", "people.floor_fte"): 0.95,
                ("price.api_factor", "people.floor_fte"): -0.95,
            },
            "cannot hold together",
        ),
    ],
)
def test_beliefs_that_cannot_be(asked, varied, correlated, why) -> None:  # type: ignore[no-untyped-def]
    inputs = asked(tokens=20e9)
    with pytest.raises(UsageError, match=why):
        monte_carlo(inputs, PAIR, draws=100, varied=varied, correlated=correlated)


@pytest.mark.parametrize("run", [{"draws": 0}, {"draws": 10**10}, {"draws": 10, "seed": -1}])
def test_runs_that_cannot_be(asked, run) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UsageError, match="--"):
        monte_carlo(asked(tokens=20e9), PAIR, **run)


def prepared(asked):  # type: ignore[no-untyped-def]
    inputs = asked(tokens=20e9)
    options = tuple(resolve(name, inputs).best for name in PAIR)
    believed = beliefs(inputs, options, {}, {})
    model = model_of(options, inputs.settings, believed.rows)
    return model, believed, next(chunks(believed, 400, np.random.default_rng(1)))[1]


def test_bills_are_the_bills_of_each_draw(asked) -> None:  # type: ignore[no-untyped-def]
    """Up to the interpolated batch, which changes the replicas of few draws by one."""
    model, _, values = prepared(asked)
    found = usd(model, values)
    own = model.options[1]
    for i in range(0, 400, 8):
        now = {k: float(v[i]) for k, v in values.items() if k in model.settings}
        settings = model.settings.with_values(now)
        token = float(np.asarray(total_usd(lines(model.options[0], settings))))
        assert found[0, i] == pytest.approx(token, rel=1e-12)
        factor = float(values[f"{THROUGHPUT}@{own.id}"][i])
        bill = own_bill(
            own, settings, fleet(own, settings, replica_of(own, settings).scaled(factor))
        )
        assert found[1, i] == pytest.approx(float(np.asarray(total_usd(bill))), rel=0.15)


def test_interpolated_replicas_are_within_two_hundredths(asked) -> None:  # type: ignore[no-untyped-def]
    model, believed, _ = prepared(asked)
    _, values = next(chunks(believed, 5_000, np.random.default_rng(2)))
    settings, own = drawn(model, values), model.options[1]
    exact = replica_of(own, settings).scaled(values[f"{THROUGHPUT}@{own.id}"])
    near = replica_for(model, own, values, located(model, values))
    off = np.abs(near.requests_per_s / exact.requests_per_s - 1)
    assert np.median(off) < 0.005
    assert off.max() < 0.02


def test_break_evens_of_draws_are_those_of_single_curves(asked) -> None:  # type: ignore[no-untyped-def]
    model, believed, values = prepared(asked)
    # Lengths as they are, so that the batch is searched and not interpolated.
    rows = [row for row in believed.rows if row.path not in SIZING]
    model = model_of(model.options, model.settings, rows)
    draws = {row.key: values[row.key] for row in rows}
    first, undecided = _firsts(model, draws, (0, 1))
    assert undecided == 0
    for i in range(0, 400, 40):
        values = {k: float(v[i]) for k, v in draws.items() if k in model.settings}
        factor = float(draws[f"{THROUGHPUT}@{model.options[1].id}"][i])
        settings = model.settings.with_values(values)
        api, own = model.options
        one = wins(
            curve(api, settings), curve(own, settings, replica_of(own, settings).scaled(factor))
        )
        expected = np.nan_to_num(one.first[0], nan=np.inf)
        assert first[i] == pytest.approx(expected, rel=1e-9)


def test_value_of_information_in_closed_form() -> None:
    """One option costs 10, the other evenly 0 to 20: choosing blindly 10, knowing it 7.5."""
    size = 64 * BINS
    rng = np.random.default_rng(1)
    tally = Tally(trust=np.array([2, 2]), least=1, ids=["ten", "even"], inputs=2)
    for _ in range(8):
        ranks = np.stack([rng.permutation(size) for _ in range(6)])
        bills = np.stack([np.full(size, 10.0), 20.0 * (ranks[0] + 0.5) / size])
        tally.add(bills, (0, 1))
        tally.value(ranks, bills)
    assert value_of_everything(tally) == pytest.approx(2.5, rel=1e-3)
    known, idle = values_by_input(tally)
    assert known == pytest.approx(2.5, rel=0.05)
    assert idle == pytest.approx(0.0, abs=0.05)
    assert tally.saves / tally.draws == pytest.approx(0.5)
