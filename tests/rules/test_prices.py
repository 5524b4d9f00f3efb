"""Rules on token prices that peers break, on the shipped catalog."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from strategies import DAY

from tco.analysis.compare import compare
from tco.analysis.results import OptionResult
from tco.catalog.load import Catalog
from tco.catalog.lookup import price_at, retired
from tco.errors import InfeasibleError, UsageError
from tco.options.names import resolve
from tco.options.question import Question
from tco.options.scenario import InlineOption

Asked = Callable[..., Question]

ONE_MODEL: dict[str, Any] = {"tokens": 11e9, "isl": 1_000, "osl": 100, "providers": ("openai",)}
"""10e9 input and 1e9 output tokens a month."""


def bill(inputs: Question, name: str) -> OptionResult:
    return next(r for r in compare(inputs).options if r.id == name)


def rates(result: OptionResult) -> dict[str, float]:
    return {line.item: line.rate_usd for line in result.lines}


def tokens_usd(result: OptionResult) -> float:
    return sum(line.amount_usd for line in result.lines if line.group == "tokens")


@pytest.mark.parametrize("cached", [0.0, 0.25, 1.0])
def test_cached_tokens_are_a_part_of_the_input_and_not_added_to_it(
    cached: float, asked: Asked
) -> None:
    settings = {"workload.cached_share": cached}
    result = bill(asked(**ONE_MODEL, settings=settings), "openai/gpt-4.1")
    quantity = {line.item: line.quantity for line in result.lines}
    fresh, hit = quantity.get("input tokens", 0.0), quantity.get("cached input tokens", 0.0)
    assert fresh + hit == pytest.approx(10_000)
    assert hit == pytest.approx(10_000 * cached)
    assert quantity["output tokens"] == pytest.approx(1_000)


def test_an_offer_without_a_cache_price_pays_the_full_input_price_for_cached_tokens(
    asked: Asked, catalog: Catalog
) -> None:
    plain = []
    for offer in catalog.prices.offers:
        price = price_at(offer, DAY, catalog.offers)
        if price and not price.modifiers and price.usd_per_mtok.cached_input is None:
            plain.append(offer.id)
    found = [r for r in compare(inputs_of(asked, plain)).options if r.id in plain and r.feasible]
    assert len(found) > 20
    for result in found:
        at = rates(result)
        assert at["cached input tokens"] == at["input tokens"] > 0


def inputs_of(asked: Asked, offers: list[str]) -> Question:
    """Return a question about the models of some offers, half of their input cached."""
    models = tuple(sorted({name.split("/")[1] for name in offers}))
    return asked(
        tokens=11e9,
        isl=1_000,
        osl=100,
        models=models,
        tiers=("api", "hosted"),
        settings={"workload.cached_share": 0.5},
    )


def test_no_priced_offer_of_the_catalog_has_a_line_at_zero(asked: Asked) -> None:
    settings = {"workload.cached_share": 0.3, "workload.batch_share": 0.3}
    inputs = asked(tokens=11e9, tiers=("api", "hosted"), settings=settings, models=())
    priced = [r for r in compare(inputs).options if r.feasible]
    assert len(priced) > 100
    units = [r for r in priced if r.lines[0].item == "provisioned units"]
    assert len(units) < 10
    for result in (r for r in priced if r not in units):
        assert len([x for x in result.lines if x.group == "tokens"]) == 6, result.id
        assert all(line.amount_usd > 0 for line in result.lines)


@pytest.mark.parametrize(
    ("isl", "price_in", "price_out"),
    [(32_000, 1.2, 6.0), (32_001, 2.4, 12.0), (128_000, 2.4, 12.0), (200_000, 3.0, 15.0)],
)
def test_a_context_tier_goes_by_the_length_of_a_request(
    isl: int, price_in: float, price_out: float, asked: Asked
) -> None:
    inputs = asked(tokens=50e9, isl=isl, osl=1_000, providers=("alibaba",))
    at = rates(bill(inputs, "alibaba/qwen3-max"))
    assert (at["input tokens"], at["output tokens"]) == pytest.approx((price_in, price_out))


def test_a_context_tier_does_not_go_by_the_sum_of_a_month(asked: Asked) -> None:
    at = {}
    for tokens in (1e6, 1e13):
        inputs = asked(tokens=tokens, isl=10_000, osl=100, providers=("alibaba", "google"))
        at[tokens] = {
            r.id: {x.item: x.rate_usd for x in r.lines if x.group == "tokens"}
            for r in compare(inputs).options
            if r.tier == "api" and r.feasible
        }
    assert at[1e6] == at[1e13]
    assert "alibaba/qwen3-max" in at[1e6]


def test_off_peak_windows_of_the_week_add_up(asked: Asked) -> None:
    # Base is the peak price; 17 of 24 hours on five days, all of two days and of the 13 holidays of
    # a year cost half.
    inputs = asked(tokens=11e9, isl=1_000, osl=100, providers=("deepseek",))
    at = rates(bill(inputs, "deepseek/deepseek-v4.1-flash"))
    half = (17 * 5 + 7 * 13 * 7 / 365 + 24 * 2) / (24 * 7)
    assert at["input tokens"] == pytest.approx(0.3 * (1 - half / 2))
    assert at["output tokens"] == pytest.approx(1.2 * (1 - half / 2))


def test_batch_tokens_take_the_batch_price_and_only_they(asked: Asked) -> None:
    settings = {"workload.batch_share": 0.4, "workload.cached_share": 0.0}
    result = bill(asked(**ONE_MODEL, settings=settings), "openai/gpt-4.1")
    by_hand = 0.6 * (10_000 * 2 + 1_000 * 8) + 0.4 * (10_000 * 1 + 1_000 * 4)
    assert tokens_usd(result) == pytest.approx(by_hand, rel=1e-12)


def test_an_aggregator_is_a_factor_on_another_offer(asked: Asked) -> None:
    inputs = asked(**{**ONE_MODEL, "providers": ("openai", "crazyrouter")})
    list_price, discounted = (bill(inputs, f"{p}/gpt-4.1") for p in ("openai", "crazyrouter"))
    assert tokens_usd(discounted) == pytest.approx(0.7 * tokens_usd(list_price))
    assert any("0.7 x openai/gpt-4.1" in note for note in discounted.notes)


def test_prices_are_those_of_the_day(asked: Asked) -> None:
    name, day = "deepinfra/llama-3.3-70b", "input tokens"
    at = {}
    for when in (date(2025, 9, 1), date(2025, 10, 4), date(2026, 3, 12), date(2026, 3, 13)):
        inputs = asked(tokens=1e9, models=("llama-3.3-70b",), tiers=("hosted",), as_of=when)
        at[when] = rates(bill(inputs, name))[day]
    assert list(at.values()) == [0.038, 0.13, 0.13, 0.1]


def test_before_its_first_price_and_after_its_retirement_an_offer_has_none(asked: Asked) -> None:
    early = asked(tokens=1e9, as_of=date(2024, 1, 1))
    with pytest.raises(InfeasibleError, match="the first known one is of 2025-04-14"):
        resolve("openai/gpt-4.1", early)
    late = asked(tokens=1e9, as_of=date(2026, 11, 21))
    with pytest.raises(InfeasibleError, match=r"retired|no price any more"):
        resolve("together/llama-3.3-70b", late)


def test_retired_offers_are_never_ranked(asked: Asked, catalog: Catalog) -> None:
    inputs = asked(tokens=1e9, tiers=("api", "hosted"), licenses=("proprietary",))
    ranked = {r.id for r in compare(inputs).options if r.feasible}
    gone = {o.id for o in catalog.prices.offers if retired(o, inputs.day) or o.gone}
    assert len(ranked) > 50
    assert not ranked & gone


def test_a_price_of_nothing_is_refused_and_a_missing_one_is_asked_for(asked: Asked) -> None:
    free = InlineOption(name="x", kind="api", source="--option", input=0.0, output=1.0)
    with pytest.raises(UsageError, match=r"--option: 'x': input is 0, must be more than 0"):
        compare(asked(tokens=1e9, options=(free,)))
    half = InlineOption(name="x", kind="api", source="--option", input=1.0)
    with pytest.raises(UsageError, match=r"--option: 'x' of kind api needs output"):
        compare(asked(tokens=1e9, options=(half,)))
