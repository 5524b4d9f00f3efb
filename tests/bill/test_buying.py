"""What buying tokens and renting GPUs costs beyond the list price."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from running import DAY, run
from strategies import TOKENS, magnitude, real, usd_per_mtok

from tco.analysis.explain import explain
from tco.catalog.prices import FreeQuota, Modifier, Rates, When
from tco.engine.ledger import Line, Terms, billed_tokens, reads_to_pay, token_lines, total_usd
from tco.engine.shapes import Workload
from tco.errors import InfeasibleError, UsageError
from tco.options.bills import TokenOption, lines, list_rates
from tco.options.curves import curve
from tco.options.names import resolve
from tco.options.offers import changes_soon, terms_of, too_fast
from tco.options.prices import Buying, lengths, token_rates, week_share

PLAIN = Rates(input=2.0, output=8.0, cached_input=0.5)


def amounts(bill: tuple[Line, ...]) -> dict[str, float]:
    return {line.item: float(np.asarray(line.amount_usd)) for line in bill}


def bill_of(asked: Any, name: str, **fields: Any) -> dict[str, float]:
    inputs = asked(**{"tokens": 10e9, **fields})
    return amounts(lines(resolve(name, inputs).best, inputs.settings))


def test_hidden_reasoning_is_paid_as_output_and_makes_no_further_requests(asked: Any) -> None:
    once = bill_of(asked, "openai/gpt-4.1")
    thrice = bill_of(asked, "openai/gpt-4.1", settings={"workload.reasoning_factor": 3.0})
    assert thrice["output tokens"] == pytest.approx(3 * once["output tokens"])
    assert thrice["input tokens"] == once["input tokens"]


def test_retries_are_a_line_of_their_own(asked: Any) -> None:
    made = bill_of(asked, "openai/gpt-4.1", settings={"workload.retry_share": 0.01})
    tokens = sum(usd for item, usd in made.items() if item.endswith("tokens"))
    assert made["retries"] == pytest.approx(tokens * 0.01)
    assert bill_of(asked, "openai/gpt-4.1")["retries"] == 0.0


def test_what_is_written_to_a_cache_is_a_part_of_the_input() -> None:
    rates = token_rates(
        Rates(input=2.0, output=8.0, cached_input=0.2, cache_write=2.5), [], isl=1_000.0
    )
    load = Workload(
        tokens_per_month=2e9, isl=1_000, osl=1_000, cached_share=0.6, cache_write_share=0.1
    )
    quantity = {line.item: float(line.quantity) for line in token_lines(rates, load)}
    into = [quantity[f"{n} tokens"] for n in ("input", "cached input", "cache write")]
    assert into == pytest.approx([300.0, 600.0, 100.0])
    assert float(reads_to_pay(rates)) == pytest.approx(0.5 / 1.8)


def test_more_cache_than_input_is_refused(asked: Any) -> None:
    with pytest.raises(UsageError, match="together they are at most 100%"):
        asked(settings={"workload.cache_write_share": 0.5, "workload.cached_share": 0.6})


def test_caching_that_saves_nothing_never_pays() -> None:
    rates = token_rates(Rates(input=2.0, output=8.0), [], isl=1.0)
    assert np.isinf(reads_to_pay(rates))


FLEX = Modifier(when=When(service="flex"), multiply=0.5)
EU = Modifier(when=When(region="eu"), multiply=1.1)


def test_tiers_and_regions_apply_only_when_asked_for() -> None:
    def price(**buying: Any) -> float:
        made = token_rates(PLAIN, [FLEX, EU], isl=100.0, buying=Buying(**buying))
        return float(made.output)

    assert price() == 8.0
    assert price(service="flex") == 4.0
    assert price(region="eu") == pytest.approx(8.8)
    assert price(service="flex", region="eu") == pytest.approx(4.4)
    assert price(service="priority", region="us") == 8.0


def test_an_offer_without_the_tier_says_so(asked: Any) -> None:
    option = resolve("deepinfra/llama-3.3-70b", asked(tokens=1e9, service="flex")).best
    assert "no flex tier: its usual price" in option.notes
    with pytest.raises(InfeasibleError, match=r"nobody is known to serve it; there are .*eu, jp"):
        asked(region="atlantis")


@given(mean=magnitude(10.0, 1e6), cv=real(0.0, 3.0))
def test_a_mix_of_lengths_keeps_its_mean(mean: float, cv: float) -> None:
    nodes = np.array(lengths(mean, cv))
    assert nodes.mean() == pytest.approx(mean, rel=1e-12)
    assert (np.diff(nodes) >= 0).all()


LONG = Modifier(
    when=When(input_tokens_over=200_000), usd_per_mtok=Rates(input=4.0, output=16.0), mode="cliff"
)


def test_context_tiers_look_at_each_request_and_not_at_the_mean() -> None:
    one = token_rates(PLAIN, [LONG], isl=100_000.0)
    mix = token_rates(PLAIN, [LONG], isl=100_000.0, length_cv=1.0)
    assert one.input == 2.0 and one.output == 8.0
    assert 2.0 < float(mix.input) < 4.0 and 8.0 < float(mix.output) < 16.0
    # Long requests hold more of the tokens than of the requests.
    assert float(mix.input) / 2.0 > float(mix.output) / 8.0


@given(low=usd_per_mtok, cv=real(0.0, 2.0))
def test_lengths_do_not_matter_without_a_tier(low: float, cv: float) -> None:
    rates = Rates(input=low, output=low)
    assert float(token_rates(rates, [], isl=1e5, length_cv=cv).input) == low


def test_hours_weigh_as_much_as_their_load() -> None:
    night = ["00:00-06:00"]
    busy_days = np.tile(np.r_[np.zeros(6), np.full(18, 24 / 18)], 7)
    assert week_share(night, None, busy_days) == 0.0
    assert week_share(night, None) == 0.25
    assert week_share(None, [6, 7], np.r_[np.ones(120), np.zeros(48)]) == 0.0
    both = week_share(night, None, np.ones(168)) + week_share(["06:00-24:00"], None, np.ones(168))
    assert both == pytest.approx(1.0, abs=1e-12)


def test_the_hours_of_the_profile_change_the_price(asked: Any) -> None:
    flat = asked(tokens=1e9, profile="general")
    week = asked(tokens=1e9, profile="chat", isl=1200.0, osl=330.0)
    name = "deepseek/deepseek-v4.1-flash"
    price = [
        float(list_rates(resolve(name, i).best, i.settings).output)  # type: ignore[arg-type]
        for i in (flat, week)
    ]
    assert price[0] != price[1]


def test_a_tokenizer_that_makes_more_tokens_costs_more(asked: Any) -> None:
    once = bill_of(asked, "openai/gpt-4.1")
    more = bill_of(asked, "openai/gpt-4.1", tokenizers=(("gpt-4.1", 1.2),))
    assert more["input tokens"] == pytest.approx(1.2 * once["input tokens"])
    assert more["engineers"] == once["engineers"]


def test_free_tokens_and_a_minimum() -> None:
    free = Terms(free_tokens=1e6)
    assert billed_tokens(free, np.array([0.0, 1e6, 3e6])) == pytest.approx([0.0, 0.0, 2e6])
    tiers = Terms(free_tokens=1e6, limits=(1e6,), discounts=(0.5,))
    assert billed_tokens(tiers, np.array([1e6, 2e6, 4e6])) == pytest.approx([0.0, 1e6, 2e6])


@pytest.mark.parametrize("tokens", [1e5, 5e8, 3e9, 1e11])
def test_the_curve_of_free_tokens_and_a_minimum_is_the_bill(asked: Any, tokens: float) -> None:
    inputs = asked(tokens=tokens)
    option = resolve("openai/gpt-4.1", inputs).best
    assert isinstance(option, TokenOption)
    option = replace(option, terms=Terms(free_tokens=4e8, commit_usd_per_month=500.0))
    made = curve(option, inputs.settings).first(tokens).at(np.array([tokens]))
    assert made[0] == pytest.approx(float(np.asarray(total_usd(lines(option, inputs.settings)))))


def test_rate_limits_are_held_against_the_busiest_hour(asked: Any, catalog: Any) -> None:
    offer = next(o for o in catalog.prices.offers if o.id == "openai/gpt-4.1")
    assert terms_of(offer) is None
    small = offer.model_copy(
        update={"requests_per_minute": 10, "free": FreeQuota(tokens_per_month=1e6)}
    )
    assert terms_of(small) == Terms(free_tokens=1e6)
    assert too_fast(small, asked(tokens=1e6)) == ()
    assert "requests a minute, its limit is 10" in too_fast(small, asked(tokens=1e12))[0]


def test_the_limits_of_an_account_come_by_overlay(tmp_path: Any) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("""
sources: {contract: {title: Our account, read: 2026-11-20, where: its limits page}}
offers:
  - provider: openai
    model: gpt-4.1
    requests_per_minute: 500
    tokens_per_minute: 30000
    prices:
      - since: 2025-04-14
        checked: 2026-11-20
        usd_per_mtok: {input: 2, cached_input: 0.5, output: 8}
        evidence: [{source: contract, input: 2, output: 8}]
""")
    for tokens, kept in (("100M", True), ("50B", False)):
        asked = ("compare", "--tokens", tokens, "--model", "gpt-4.1", "--catalog", str(file))
        made = json.loads(run(*asked, *DAY, "--format", "json").stdout)
        row = next(o for o in made["options"] if o["id"] == "openai/gpt-4.1")
        assert row["feasible"] is kept
        assert kept or row["reasons"] == [
            "the busiest hour has 1,388 requests a minute, its limit is 500",
            "the busiest hour has 2,123,288 tokens a minute, its limit is 30,000",
        ]


def test_a_price_that_changes_inside_the_month_is_a_warning(catalog: Any, asked: Any) -> None:
    from datetime import timedelta

    for offer in catalog.prices.offers:
        dated = [p.since for p in offer.prices if p.status == "scheduled"]
        if dated:
            day = dated[0] - timedelta(days=10)
            inputs = asked(tokens=1e9, as_of=day)
            found = resolve(offer.id, inputs).best
            assert any(offer.id in text for text in changes_soon(inputs, [found]))
            return
    pytest.fail("no scheduled price in the catalog")


SPOT = "self/llama-3.3-70b@1xh200-sxm:fp8/aws:spot"


def test_spot_pays_for_more_than_it_needs(asked: Any) -> None:
    inputs = asked(tokens=50e9)
    option = resolve("self/llama-3.3-70b@8xh100-sxm:fp8/aws:spot", inputs).best
    made = amounts(lines(option, inputs.settings))
    assert made["spot, over-provisioned"] == pytest.approx(0.2 * made["GPU rent"])
    assert made["spot, restarts"] == pytest.approx(0.15 * 0.25 / 730 * made["GPU rent"])
    assert "may be taken away at any time" in option.notes
    one = curve(option, inputs.settings).first(50e9).at(np.array([50e9]))
    assert one[0] == pytest.approx(sum(made.values()))


def test_a_reservation_is_a_commitment(asked: Any) -> None:
    name = "self/llama-3.3-70b@8xh100-sxm:fp8/aws:reserved_3y"
    notes = explain(asked(tokens=50e9), name).option.notes
    assert "paid for 36 months whether used or not" in notes
    with pytest.raises(UsageError, match="binds for 36 months, longer than the horizon of 24"):
        resolve(name, asked(tokens=50e9, settings={"horizon.months": 24.0}))
    resolve(name, asked(tokens=50e9, settings={"horizon.months": 36.0}))


def test_a_bill_of_many_volumes_is_one_call(asked: Any) -> None:
    inputs = asked(tokens=1e9, settings={"workload.retry_share": 0.01})
    option = resolve("openai/gpt-4.1", inputs).best
    at = np.array([1e8, 1e9, 1e10])
    many = total_usd(lines(option, inputs.settings.with_values({TOKENS: at})))
    each = [total_usd(lines(option, inputs.settings.with_values({TOKENS: v}))) for v in at]
    assert np.asarray(many) == pytest.approx(np.array(each, dtype=float))


def test_the_kind_of_a_context_tier_is_said(asked: Any) -> None:
    from tco.analysis.explain import explain

    steps = explain(asked(tokens=1e9), "google/gemini-2.5-pro").steps
    assert any("more than 200,000 input tokens" in s and "(a cliff)" in s for s in steps)
