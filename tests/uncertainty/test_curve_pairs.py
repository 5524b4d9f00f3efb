"""Winning intervals equal brute force; many pairs at once equal one at a time; a tariff's curve
equals its bill."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from curve_pairs import contract, many, mismatches, plain
from hypothesis import given
from hypothesis import strategies as st
from one_by_one import Wins as Oracle
from one_by_one import alone, beats, solved, wins
from strategies import default_settings

from tco.catalog.prices import Rates
from tco.engine.crossings import Wins
from tco.engine.crossings import wins as wins_of_rows
from tco.engine.ledger import Terms, billed_tokens, terms_lines, total_usd
from tco.options.bills import Option, TokenOption, lines
from tco.options.curves import curve, curves
from tco.options.names import resolve
from tco.options.provisioned import FixedOption
from tco.options.settings import TOKENS

seeds = st.integers(0, 2**32 - 1)


@given(seeds)
def test_intervals_equal_brute_force(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = plain(rng), plain(rng)
    assert mismatches(a, b, solved([a.curve()], [b.curve()]).intervals) == 0


def assert_equal(found: Wins, pair: int, one: Oracle) -> None:
    assert found.intervals(pair) == one.intervals
    for value, other in (
        (found.first[pair], one.first),
        (found.sure[pair], one.sure),
        (found.about[pair], one.about),
    ):
        assert np.isnan(value).all() if other is None else np.array_equal(value, other)
    assert bool(found.tied[pair]) == one.tied


@given(seeds)
def test_many_pairs_equal_single_ones(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = ([plain(rng) for _ in range(32)] for _ in range(2))
    found = wins_of_rows(many(a), many(b))
    for pair in range(32):
        assert_equal(found, pair, wins(a[pair].curve(), b[pair].curve()))


@given(seeds)
def test_the_lowest_of_several_curves_is_as_the_oracle_has_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = ([plain(rng).curve() for _ in range(int(rng.integers(1, 4)))] for _ in range(2))
    assert solved(a, b) == beats(a, b)


@given(seeds)
def test_a_contract_costs_what_its_lines_say(seed: int) -> None:
    one = contract(np.random.default_rng(seed))
    volume = np.concatenate([np.geomspace(1e6, 1e13, 60), one.terms.limits])
    listed = volume * one.usd_per_token
    said = terms_lines(one.terms, volume, listed, 0.0, origin="given", source="")
    bill = one.fixed + listed + total_usd(said)
    assert bill == pytest.approx(one.cost(volume), rel=1e-12)
    assert one.curve().until(1.0).at(volume) == pytest.approx(bill, rel=1e-12)


def test_terms_by_hand() -> None:
    terms = {"limits": (10e9, 20e9), "discounts": (0.1, 0.5)}
    graduated = Terms(**terms)
    assert billed_tokens(graduated, np.array([5e9, 15e9, 30e9])).tolist() == [5e9, 14.5e9, 24e9]
    cliff = Terms(**terms, cliff=True)
    assert billed_tokens(cliff, np.array([10e9, 15e9, 30e9])).tolist() == [10e9, 13.5e9, 15e9]


def options(asked) -> list[Option]:  # type: ignore[no-untyped-def]
    inputs = asked(tokens=50e9)
    token = TokenOption(
        id="x",
        tier="api",
        model="x",
        provider="x",
        rates=Rates(input=2.0, output=8.0),
        modifiers=[],
        origin="given",
        source="",
    )
    terms = Terms(limits=(10e9, 90e9), discounts=(0.2, 0.4), cliff=True, commit_usd_per_month=9e4)
    set_up = FixedOption(id="f", usd_per_month=30e3, tokens_per_month=7e9, source="")
    own = resolve("self/llama-3.3-70b", inputs).best
    return [token, replace(token, terms=terms), set_up, own]


def test_curves_under_many_settings_equal_the_bills(asked) -> None:  # type: ignore[no-untyped-def]
    settings = default_settings()
    rng = np.random.default_rng(3)
    drawn = {
        "price.api_factor": rng.uniform(0.5, 2.0, (7, 1)),
        "workload.osl_factor": rng.uniform(0.7, 1.4, (7, 1)),
        "workload.peak_to_mean": rng.uniform(1.0, 3.0, (7, 1)),
        "rent.factor": rng.uniform(0.5, 2.0, (7, 1)),
        "people.fte_per_gpu": rng.uniform(0.0, 0.05, (7, 1)),
    }
    volume = np.geomspace(1e8, 3e11, 40)
    for option in options(asked):
        rows = curves(option, settings.with_values(drawn), 7)
        for i in range(7):
            mine = settings.with_values({p: float(v[i, 0]) for p, v in drawn.items()})
            usd = np.asarray(total_usd(lines(option, mine.with_values({TOKENS: volume}))))
            exact = curve(option, mine)
            np.testing.assert_allclose(exact.first(3e11).at(volume), usd, rtol=1e-9)
            made = rows.until(np.array([i]), np.array([3e11]))
            piece = np.searchsorted(made.edges[0], volume)
            np.testing.assert_allclose(
                made.fixed[0][piece] + made.slope[0][piece] * volume, usd, rtol=1e-9
            )
            assert np.all(exact.slope * volume + exact.low <= usd * (1 + 1e-9))
            assert np.all(usd * (1 - 1e-9) <= exact.slope * volume + exact.high)


def test_break_evens_under_many_settings_equal_single_ones(asked) -> None:  # type: ignore[no-untyped-def]
    settings = default_settings()
    rng = np.random.default_rng(4)
    drawn = {p: rng.uniform(0.5, 2.0, (9, 1)) for p in ("price.api_factor", "rent.factor")}
    made = options(asked)
    for a in made:
        for b in made:
            sides = (curves(o, settings.with_values(drawn), 9) for o in (a, b))
            found = wins_of_rows(*sides)
            for i in range(9):
                mine = settings.with_values({p: float(v[i, 0]) for p, v in drawn.items()})
                one = wins(alone(curve(a, mine)), alone(curve(b, mine)))
                if not one.tied:
                    spans = found.intervals(i)
                    assert len(spans) == len(one.intervals)
                    np.testing.assert_allclose(spans, one.intervals, rtol=1e-12)
