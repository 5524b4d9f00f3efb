"""The quick way to work out many cases gives what the plain way gives, to the last digit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tco.analysis.montecarlo.sample import LEVELS, percentiles
from tco.engine.draws import (
    Kind,
    Spread,
    midpoints,
    outermost,
    places,
    quantiles,
)
from tco.engine.ledger import TokenRates, retry_line, token_flows, token_lines, total_usd
from tco.engine.shapes import Workload
from tco.options.cheapest import FEW_CASES, cheapest
from tco.ranges import Span


@pytest.mark.parametrize("kind", ["uniform", "triangular", "lognormal"])
def test_the_outermost_draws_are_those_of_all_strata(kind: Kind) -> None:
    spread = Spread(kind=kind, value=1.0, low=0.7, high=1.9)
    every = quantiles(spread, midpoints(1_000))
    assert outermost(spread, 1_000) == (every[0], every[-1])


def test_percentiles_are_those_of_sorted_rows() -> None:
    rows = np.random.default_rng(4).lognormal(size=(3, 1_001))
    rows[1, :200] = np.inf
    at = np.array(LEVELS) * 1_000  # whole numbers: nothing lies between two values
    assert percentiles(rows).tolist() == np.sort(rows, axis=1)[:, at.astype(int)].tolist()


@pytest.mark.parametrize("draws", [1, 2, 3, 20, 21, 1_000])
def test_percentiles_between_two_draws_are_linear(draws: int) -> None:
    rng = np.random.default_rng(draws)
    rows = np.round(rng.normal(size=(4, draws)), 1)  # ties
    rows[1, rng.random(draws) < 0.6], rows[2, rng.random(draws) < 0.3] = np.inf, np.nan
    with np.errstate(invalid="ignore"):
        wanted = np.sort(rows, axis=1)  # what is no number comes last
        at = np.array(LEVELS) * (draws - 1)
        low = at.astype(int)
        one, other = wanted[:, low], wanted[:, np.minimum(low + 1, draws - 1)]
        line = np.where(one == other, one, one + (at - low) * (other - one))
    assert np.array_equal(percentiles(rows), line, equal_nan=True)


def test_the_answer_of_many_cases_is_that_of_each() -> None:
    rng = np.random.default_rng(5)
    usd = np.round(rng.lognormal(size=(5, 2 * FEW_CASES)), 1)  # many ties
    usd[rng.random(usd.shape) < 0.3] = np.inf
    usd[:, 0] = np.inf
    trust, ids = np.array([2, 0, 1, 2, 1]), ["e", "b", "d", "a", "c"]
    for bills in (usd, np.where(np.isinf(usd), 9.0, usd)):
        alone = [int(cheapest(column, trust, 1, ids)) for column in bills.T]
        assert cheapest(bills, trust, 1, ids).tolist() == alone


def test_a_share_of_nothing_costs_what_arrays_of_nothing_cost() -> None:
    isl = np.random.default_rng(6).uniform(500.0, 2_000.0, 50)
    load = Workload(tokens_per_month=5e10, isl=isl, osl=300.0, cached_share=0.4)
    price = TokenRates(
        input=2.0,
        output=8.0,
        cached_input=0.5,
        batch_input=np.linspace(0.5, 1.0, 50),
        batch_output=4.0,
        batch_cached_input=0.25,
        cache_write=2.5,
    )
    arrays = replace(load, batch_share=np.zeros(50), cache_write_share=np.zeros(50))
    bills = [token_lines(price, one) for one in (load, arrays)]
    assert total_usd(bills[0]).tolist() == total_usd(bills[1]).tolist()
    assert total_usd(token_lines(price, load, token_flows(load))).tolist() == (
        total_usd(bills[0]).tolist()
    )
    retries = [total_usd((*bills[0], retry_line(bills[0], share))) for share in (0.0, np.zeros(50))]
    assert retries[0].tolist() == retries[1].tolist() == total_usd(bills[0]).tolist()


def test_what_corners_count_is_the_product_of_the_parts_of_each_axis() -> None:
    axes = (Span(0.0, 4.0, 5, log=False), Span(0.0, 2.0, 3, log=False))
    found = places(axes, (np.array([1.25]), np.array([0.5])))
    assert [(int(node[0]), float(share[0])) for node, share in found] == [
        (3, 0.75 * 0.5),
        (4, 0.75 * 0.5),
        (6, 0.25 * 0.5),
        (7, 0.25 * 0.5),
    ]
