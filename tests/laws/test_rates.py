"""Laws of prices per token: cache, batch, context tiers, hours of the week."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import magnitude, real, usd_per_mtok

from tco.catalog.prices import Modifier, Rates, When
from tco.engine.ledger import TokenRates, token_lines
from tco.engine.shapes import Workload
from tco.options.prices import token_rates, week_share

PLAIN = Rates(input=2.0, output=8.0, cached_input=0.5)
NO_CACHE = Rates(input=2.0, output=8.0)
NAMES = ("input", "output", "cached_input", "batch_input", "batch_output", "batch_cached_input")


def priced(rates: Rates, *modifiers: Modifier, isl: Any = 1_000.0, **more: Any) -> TokenRates:
    return token_rates(rates, list(modifiers), isl=isl, **more)


def values(rates: TokenRates) -> tuple[float, ...]:
    return tuple(float(getattr(rates, name)) for name in NAMES)


def over(limit: int, **more: Any) -> Modifier:
    return Modifier(when=When(input_tokens_over=limit), **more)


def test_without_modifiers_every_price_is_the_one_printed() -> None:
    assert values(priced(PLAIN)) == (2.0, 8.0, 0.5, 2.0, 8.0, 0.5)


@given(price=usd_per_mtok, output=usd_per_mtok, isl=magnitude(1, 1e6))
def test_a_missing_cache_price_is_the_full_input_price(
    price: float, output: float, isl: float
) -> None:
    made = priced(Rates(input=price, output=output), isl=isl)
    assert made.cached_input == made.input == price


def test_a_free_cache_stays_free() -> None:
    assert priced(Rates(input=2.0, output=8.0, cached_input=0.0)).cached_input == 0.0


@pytest.mark.parametrize("rates", [Rates(input=1.0), Rates(output=1.0), Rates()])
def test_a_missing_price_is_refused_and_never_zero(rates: Rates) -> None:
    with pytest.raises(ValueError, match="a price for input and one for output"):
        priced(rates)


@given(share=real(0.0, 1.0))
def test_cached_tokens_are_a_part_of_the_input_and_never_added(share: float) -> None:
    load = Workload(tokens_per_month=3e9, isl=2_000, osl=1_000, cached_share=share)
    quantity = {line.item: line.quantity for line in token_lines(priced(PLAIN), load)}
    assert quantity["input tokens"] + quantity["cached input tokens"] == pytest.approx(2_000.0)
    assert quantity["cached input tokens"] == pytest.approx(2_000.0 * share)
    assert quantity["output tokens"] == pytest.approx(1_000.0)


BATCH_HALF = Modifier(when=When(service="batch"), multiply=0.5)
BATCH_PRICES = Modifier(when=When(service="batch"), usd_per_mtok=Rates(input=1.0, output=4.0))
BATCH_ALL = Modifier(
    when=When(service="batch"), usd_per_mtok=Rates(input=1.0, output=4.0, cached_input=0.25)
)


@pytest.mark.parametrize(
    ("rates", "modifiers", "batch"),
    [
        pytest.param(PLAIN, [], (2.0, 8.0, 0.5), id="no tier: plain prices"),
        pytest.param(PLAIN, [BATCH_HALF], (1.0, 4.0, 0.25), id="a factor holds for the cache too"),
        pytest.param(PLAIN, [BATCH_PRICES], (1.0, 4.0, 1.0), id="no batch cache price: full input"),
        pytest.param(PLAIN, [BATCH_ALL], (1.0, 4.0, 0.25), id="all three stated"),
        pytest.param(NO_CACHE, [BATCH_HALF], (1.0, 4.0, 1.0), id="no cache price at all"),
        pytest.param(NO_CACHE, [BATCH_ALL], (1.0, 4.0, 0.25), id="a cache price in batch only"),
    ],
)
def test_batch_prices(rates: Rates, modifiers: list[Modifier], batch: tuple[float, ...]) -> None:
    made = priced(rates, *modifiers)
    assert values(made)[3:] == pytest.approx(batch)
    assert values(made)[:3] == values(priced(rates))[:3]


@pytest.mark.parametrize(
    "when",
    [
        When(service="priority"),
        When(service="flex"),
        When(service="batch", region="eu"),
        When(region="eu"),
        When(cache_ttl="1h"),
    ],
    ids=str,
)
def test_what_was_not_asked_for_does_not_change_the_price(when: When) -> None:
    assert values(priced(PLAIN, Modifier(when=when, multiply=3.0))) == values(priced(PLAIN))


@pytest.mark.parametrize(
    ("isl", "inclusive", "factor"),
    [
        (199_999, False, 1.0),
        (200_000, False, 1.0),
        (200_001, False, 2.0),
        (199_999, True, 1.0),
        (200_000, True, 2.0),
        (200_001, True, 2.0),
    ],
)
def test_a_cliff_prices_the_whole_request_once_its_limit_is_passed(
    isl: int, inclusive: bool, factor: float
) -> None:
    tier = over(200_000, multiply=2.0, inclusive=inclusive)
    assert values(priced(PLAIN, tier, isl=isl)) == tuple(factor * p for p in values(priced(PLAIN)))


@pytest.mark.parametrize(
    ("isl", "above"), [(100_000, 0.0), (200_000, 0.0), (250_000, 0.2), (400_000, 0.5)]
)
def test_a_graduated_tier_prices_only_the_input_above_its_limit(isl: int, above: float) -> None:
    tier = over(200_000, usd_per_mtok=Rates(input=4.0, output=12.0), mode="graduated")
    made = priced(PLAIN, tier, isl=isl)
    assert made.input == pytest.approx(2.0 * (1 - above) + 4.0 * above)
    assert made.output == (12.0 if above else 8.0)


@given(isl=real(1.0, 1e6), limit=st.integers(1, 1_000_000), factor=real(1.0, 4.0))
def test_a_graduated_tier_never_costs_more_than_a_cliff(
    isl: float, limit: int, factor: float
) -> None:
    cliff = priced(PLAIN, over(limit, multiply=factor), isl=isl)
    steps = priced(PLAIN, over(limit, multiply=factor, mode="graduated"), isl=isl)
    assert 2.0 <= steps.input <= cliff.input + 1e-12


TWO_TIERS = (
    over(32_000, usd_per_mtok=Rates(input=4.0, output=10.0)),
    over(128_000, usd_per_mtok=Rates(input=5.0, output=12.0)),
)


@pytest.mark.parametrize("order", [1, -1], ids=["ascending", "descending"])
@pytest.mark.parametrize(
    ("isl", "prices"), [(32_000, (2.0, 8.0)), (64_000, (4.0, 10.0)), (200_000, (5.0, 12.0))]
)
def test_of_two_context_tiers_only_the_highest_reached_holds(
    order: int, isl: int, prices: tuple[float, float]
) -> None:
    made = priced(PLAIN, *TWO_TIERS[::order], isl=isl)
    assert (made.input, made.output) == pytest.approx(prices)
    # A cache price that the tier does not name follows the input.
    assert made.cached_input == pytest.approx(0.5 * prices[0] / 2.0)


def test_graduated_tiers_price_each_slice_at_its_own_tier() -> None:
    tiers = [over(100, multiply=2.0, mode="graduated"), over(300, multiply=3.0, mode="graduated")]
    made = priced(PLAIN, *tiers, isl=400)
    assert made.input * 400 == pytest.approx(2.0 * (100 * 1 + 200 * 2 + 100 * 3))


def test_a_tier_applies_to_each_request_and_not_to_the_sum_of_the_month() -> None:
    tier = over(200_000, multiply=2.0)
    short = Workload(tokens_per_month=1e12, isl=10_000, osl=1_000)
    bill = token_lines(priced(PLAIN, tier, isl=short.isl), short)
    assert [line.rate_usd for line in bill[:3]] == [2.0, 0.5, 8.0]


def test_a_cache_price_of_a_tier_holds_though_the_base_has_none() -> None:
    tier = over(200_000, usd_per_mtok=Rates(input=4.0, output=16.0, cached_input=1.0))
    made = priced(NO_CACHE, tier, isl=300_000)
    assert (made.input, made.cached_input) == pytest.approx((4.0, 1.0))


@pytest.mark.parametrize(
    ("hours", "weekdays", "share"),
    [
        (None, None, 1.0),
        (["00:00-24:00"], None, 1.0),
        (["00:00-12:00"], None, 0.5),
        (["22:00-06:00"], None, 8 / 24),
        (["16:30-00:30"], [1, 2, 3, 4, 5], 8 / 24 * 5 / 7),
        (["00:00-01:00", "04:00-06:00", "10:00-24:00"], [1, 2, 3, 4, 5], 17 / 24 * 5 / 7),
        (None, [6, 7], 2 / 7),
        (None, [7, 7], 1 / 7),
    ],
)
def test_the_share_of_a_week_in_a_window(
    hours: list[str] | None, weekdays: list[int] | None, share: float
) -> None:
    assert week_share(hours, weekdays) == pytest.approx(share, rel=1e-12)


def test_windows_of_the_week_add_up() -> None:
    nights = Modifier(when=When(hours=["10:00-24:00"], weekdays=[1, 2, 3, 4, 5]), multiply=0.5)
    weekend = Modifier(when=When(weekdays=[6, 7]), multiply=0.5)
    cheap = 14 / 24 * 5 / 7 + 2 / 7
    for name, price in zip(NAMES, values(priced(PLAIN, nights, weekend)), strict=True):
        assert price == pytest.approx(getattr(priced(PLAIN), name) * (1 - 0.5 * cheap))


def test_a_window_multiplies_with_the_other_kinds_of_condition() -> None:
    half_of_the_day = Modifier(when=When(hours=["00:00-12:00"]), multiply=0.5)
    made = priced(PLAIN, half_of_the_day, over(1_000, multiply=2.0), BATCH_HALF, isl=2_000)
    assert made.input == pytest.approx(2.0 * 0.75 * 2.0)
    assert made.batch_output == pytest.approx(8.0 * 0.75 * 2.0 * 0.5)


def test_a_tier_in_some_hours_only_counts_for_those_hours_only() -> None:
    both = Modifier(when=When(input_tokens_over=1_000, hours=["00:00-12:00"]), multiply=2.0)
    assert priced(PLAIN, both, isl=500).input == pytest.approx(2.0)
    assert priced(PLAIN, both, isl=2_000).input == pytest.approx(2.0 * 1.5)


@given(factor=real(0.0, 5.0), isl=magnitude(1, 1e6))
def test_a_factor_scales_every_price(factor: float, isl: float) -> None:
    modifiers = (BATCH_ALL, *TWO_TIERS)
    plain, scaled = (priced(PLAIN, *modifiers, isl=isl, factor=f) for f in (1.0, factor))
    assert values(scaled) == pytest.approx([factor * p for p in values(plain)])


def test_lengths_may_be_an_array() -> None:
    isl = np.array([1e3, 5e4, 3e5])
    made = priced(PLAIN, *TWO_TIERS, BATCH_ALL, isl=isl)
    for i, one in enumerate(isl):
        alone = priced(PLAIN, *TWO_TIERS, BATCH_ALL, isl=float(one))
        for name in NAMES:
            assert np.broadcast_to(getattr(made, name), 3)[i] == pytest.approx(getattr(alone, name))
