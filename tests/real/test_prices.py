"""The shipped price and workload catalogs: shape, references, windows, prices known by heart."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from strategies import shipped_catalog

from tco.catalog.defaults import Profile
from tco.catalog.prices import Evidence, Offer, Price

DATA = Path(__file__).parents[2] / "data"
EDITION = date(2026, 11, 29)

ARTICLE_PROVIDERS = """
    alibaba anthropic anyscale azure bedrock cohere crazyrouter deepseek fireworks google groq
    mistral openai replicate together vertex xai
"""
ARTICLE_MODELS = """
    claude-3.5-sonnet claude-opus-4 claude-opus-4.5 claude-opus-4.6 claude-sonnet-4
    claude-sonnet-4.5 codestral-2508 command-r-plus deepseek-r1 deepseek-v3
    deepseek-v3.2 gemini-2.0-pro gemini-2.5-flash gemini-2.5-pro gemma-2-27b gpt-4 gpt-4-turbo
    gpt-4.1 gpt-4.1-nano gpt-4o gpt-4o-mini gpt-5 grok-4.1-fast llama-3.1-405b llama-3.1-70b
    llama-3.1-8b llama-3.3-70b llama-4-maverick llama-4-scout mistral-7b mistral-large-2 phi-4
    qwen2.5-72b qwen2.5-max qwen3-235b qwq-32b
"""
SPOT = [
    ("openai/gpt-3.5-turbo", "2023-04-01", 2, 2),
    ("openai/gpt-4", "2023-03-14", 30, 60),
    ("openai/gpt-4", "2023-11-30", 30, 60),
    ("openai/gpt-4", "2026-10-22", 30, 60),
    ("openai/gpt-4-turbo", "2023-11-06", 10, 30),
    ("openai/gpt-4o", "2024-10-01", 5, 15),
    ("openai/gpt-4o", "2024-10-02", 2.5, 10),
    ("openai/gpt-4.1", "2025-04-14", 2, 8),
    ("openai/gpt-4.1", "2026-11-21", 2, 8),
    ("openai/gpt-5", "2025-12-01", 1.25, 10),
    ("openai/o3", "2025-06-09", 10, 40),
    ("openai/o3", "2025-06-10", 2, 8),
    ("openai/gpt-5.6-luna", "2026-07-29", 1, 6),
    ("openai/gpt-5.6-luna", "2026-07-30", 0.2, 1.2),
    ("anthropic/claude-opus-4", "2026-04-01", 15, 75),
    ("anthropic/claude-opus-4.5", "2026-02-20", 5, 25),
    ("anthropic/claude-sonnet-4.5", "2025-09-29", 3, 15),
    ("anthropic/claude-sonnet-4.5", "2026-11-21", 3, 15),
    ("anthropic/claude-sonnet-5", "2026-10-01", 2, 10),
    ("google/gemini-1.5-flash", "2024-09-30", 0.35, 1.05),
    ("google/gemini-2.5-flash", "2026-02-20", 0.3, 2.5),
    ("google/gemini-4-argon", "2026-11-30", 2, 10),
    ("google/gemini-4-argon", "2026-12-01", 4, 20),
    ("google/gemini-3.8-flash", "2027-01-01", 1.5, 7.5),
    ("deepseek/deepseek-v3", "2025-02-07", 0.14, 0.28),
    ("deepseek/deepseek-v3", "2025-06-01", 0.27, 1.1),
    ("deepseek/deepseek-v3.2", "2026-02-20", 0.28, 0.42),
    ("deepseek/deepseek-v4.1-flash", "2026-11-21", 0.3, 1.2),
    ("mistral/mistral-large-2", "2024-08-01", 3, 9),
    ("mistral/mistral-large-2", "2025-01-01", 2, 6),
    ("mistral/mistral-large-4", "2026-10-25", 1.36, 4.18),
    ("mistral/mistral-large-4", "2026-11-21", 0.7, 2.1),
    ("xai/grok-4", "2026-02-20", 3, 15),
    ("together/llama-3.3-70b", "2026-02-20", 0.88, 0.88),
    ("together/llama-3.3-70b", "2026-10-20", 1.04, 1.04),
    ("groq/llama-3.3-70b", "2026-08-15", 0.59, 0.79),
    ("deepinfra/gpt-oss-120b", "2025-09-01", 0.09, 0.45),
    ("deepinfra/gpt-oss-120b", "2026-11-21", 0.037, 0.17),
    ("anyscale/llama-3-70b", "2024-07-01", 1, 1),
]
GONE = [
    ("openai/gpt-4", "2023-03-13"),
    ("openai/gpt-4", "2026-10-23"),
    ("groq/llama-3.3-70b", "2026-08-16"),
    ("xai/grok-4", "2026-11-21"),
    ("anyscale/llama-3-70b", "2024-08-01"),
    ("google/gemini-2.0-pro", "2025-03-01"),
]


PRICES = shipped_catalog().prices
MODELS = shipped_catalog().models.models
WORKLOADS = shipped_catalog().workloads
OFFERS = {offer.id: offer for offer in PRICES.offers}
PROFILES = list(WORKLOADS.profiles)


def price_on(offer: Offer, day: date) -> Price | None:
    """Return the window that holds on a day."""
    return next((w for w in real(offer) if w.since <= day and (not w.until or day < w.until)), None)


def real(offer: Offer) -> list[Price]:
    """Return the windows that were or will be charged."""
    return [window for window in offer.prices if window.status != "cancelled"]


def every_evidence() -> list[Evidence]:
    """Return all evidence of the file."""
    lists = [w.evidence for o in PRICES.offers for w in o.prices]
    lists += [o.discount.evidence for o in PRICES.offers if o.discount]
    lists += [w.evidence for c in PRICES.capacity for w in c.prices]
    lists += [tuning.evidence for tuning in PRICES.fine_tuning]
    return [evidence for found in lists for evidence in found]


def witnesses(window: Price) -> set[str]:
    """Return the families of sources that speak of a price."""
    return {PRICES.sources[e.source].family or e.source for e in window.evidence}


def close(stated: float | None, price: float | None) -> bool:
    """Whether a source states a price, to half a per mille."""
    return abs((stated or 0) - (price or 0)) <= 5e-4 * max(stated or 0, price or 0)


def agrees(evidence: Evidence, window: Price) -> bool:
    """Whether a source states the price of a window."""
    rates = window.usd_per_mtok
    return close(evidence.input, rates.input) and close(evidence.output, rates.output)


def test_it_covers_what_it_promises() -> None:
    sellers = {offer.provider for offer in PRICES.offers}
    assert len(OFFERS) == len(PRICES.offers) >= 700
    assert len(sellers) >= 25
    assert len({offer.model for offer in PRICES.offers}) >= 150
    assert sellers >= set(ARTICLE_PROVIDERS.split())
    assert {offer.model for offer in PRICES.offers} >= set(ARTICLE_MODELS.split())
    assert sum(len(real(offer)) > 1 for offer in PRICES.offers) >= 50


def test_most_offers_have_two_independent_sources() -> None:
    priced = [real(offer)[-1] for offer in PRICES.offers if real(offer)]
    twice = sum(len(witnesses(window)) > 1 for window in priced)
    assert twice >= 0.4 * len(PRICES.offers)


def test_offers_are_sorted() -> None:
    keys = [(offer.provider, offer.model) for offer in PRICES.offers]
    assert keys == sorted(keys)


def test_windows_are_ordered_and_disjoint() -> None:
    for offer in PRICES.offers:
        starts = [window.since for window in offer.prices]
        assert starts == sorted(set(starts)), offer.id
        for window, following in pairwise(real(offer)):
            assert window.until is not None, offer.id
            assert window.until <= following.since, offer.id


def test_dates_of_a_window_follow_each_other() -> None:
    for offer in PRICES.offers:
        for window in real(offer):
            assert window.until is None or window.since < window.until, offer.id
            assert window.checked <= EDITION, offer.id
            if window.status == "list":
                assert window.since <= window.checked, offer.id
            else:
                assert window.since > EDITION, offer.id


def test_an_offer_has_a_price_or_says_why_not() -> None:
    for offer in PRICES.offers:
        today = price_on(offer, EDITION)
        assert (today is not None or offer.discount is not None) != bool(offer.gone), offer.id
        assert bool(offer.waive) == bool(offer.waive_because), offer.id
        if offer.retires and today is None and offer.prices:
            last = offer.prices[-1]  # one first seen after the day can only end after it, too
            assert last.until == offer.retires or last.since >= offer.retires, offer.id


def test_a_price_is_what_some_source_says() -> None:
    for offer in PRICES.offers:
        for window in offer.prices:
            reranks = MODELS[offer.model].kind == "rerank"
            by_the_query = offer.usd_per_1k_searches if reranks else None
            if by_the_query and not window.usd_per_mtok.input:
                assert by_the_query in [evidence.value for evidence in window.evidence], offer.id
                continue
            assert window.usd_per_mtok.input, offer.id
            assert any(agrees(evidence, window) for evidence in window.evidence), offer.id


def test_rates_are_plausible() -> None:
    for offer in PRICES.offers:
        for window in offer.prices:
            cost_in, cost_out = window.usd_per_mtok.input or 0, window.usd_per_mtok.output
            cached = window.usd_per_mtok.cached_input
            assert cached is None or cached < cost_in, offer.id
            if cost_out and "output-below-input" not in offer.waive:
                assert cost_out >= cost_in, offer.id


def test_modifiers_are_plausible() -> None:
    for offer in PRICES.offers:
        for window in offer.prices:
            for modifier in window.modifiers:
                base, factor = modifier.usd_per_mtok or window.usd_per_mtok, modifier.multiply
                assert (factor is None) != (modifier.usd_per_mtok is None), offer.id
                dearest = (base.output or 0) * (factor or 1)
                assert dearest <= 600 or "absolute-cap" in offer.waive, offer.id
                if modifier.when.service == "batch" and not modifier.when.input_tokens_over:
                    ratio = factor or (base.input or 0) / (window.usd_per_mtok.input or 1)
                    assert round(ratio, 4) in (0.5, 0.8), offer.id


@pytest.mark.parametrize(("name", "day", "cost_in", "cost_out"), SPOT)
def test_prices_known_by_heart(name: str, day: str, cost_in: float, cost_out: float) -> None:
    window = price_on(OFFERS[name], date.fromisoformat(day))
    assert window is not None
    assert (window.usd_per_mtok.input, window.usd_per_mtok.output) == (cost_in, cost_out)


@pytest.mark.parametrize(("name", "day"), GONE)
def test_before_and_after_there_is_no_price(name: str, day: str) -> None:
    assert price_on(OFFERS[name], date.fromisoformat(day)) is None


def test_scheduled_prices_take_over_without_a_gap() -> None:
    scheduled = {o.id: o for o in PRICES.offers if any(w.status == "scheduled" for w in o.prices)}
    assert set(scheduled) == {
        "google/gemini-4-argon",
        "google/gemini-3.6-flash",
        "google/gemini-3.7-flash",
        "google/gemini-3.8-flash",
    }
    for offer in scheduled.values():
        after = offer.prices[-1]
        before = price_on(offer, after.since - timedelta(days=1))
        assert before is not None
        assert after.usd_per_mtok.input == 2 * (before.usd_per_mtok.input or 0)


def test_the_cancelled_rise_is_kept_and_never_charged() -> None:
    cancelled = [w for w in OFFERS["anthropic/claude-sonnet-5"].prices if w.status == "cancelled"]
    assert [(w.since, w.usd_per_mtok.input) for w in cancelled] == [(date(2026, 9, 1), 3)]


def test_modifiers_carry_what_moves_a_price() -> None:
    on = [m for o in PRICES.offers for w in o.prices for m in w.modifiers]
    services = Counter(m.when.service for m in on)
    assert services["batch"] >= 100
    assert {"flex", "priority", "ultrafast", "fast", "spot"} <= set(services)
    assert {m.when.cache_ttl for m in on} >= {"1h", "12h"}
    assert {m.when.region for m in on} >= {"us", "eu", "regional"}
    long = {o.id: m for o in PRICES.offers for w in o.prices for m in w.modifiers
            if m.when.input_tokens_over}  # fmt: skip
    assert long["xai/grok-4.7"].inclusive
    assert not long["openai/gpt-5.5"].inclusive
    assert long["openai/gpt-5.5"].when.input_tokens_over == 272_000


def test_deepseek_is_half_price_off_peak() -> None:
    window = price_on(OFFERS["deepseek/deepseek-v4.1-flash"], EDITION)
    assert window is not None
    weekday, weekend = window.modifiers
    assert weekday.when.hours == ["00:00-01:00", "04:00-06:00", "10:00-24:00"]
    assert weekend.when.weekdays == [6, 7]
    assert weekend.when.holidays == "CN"
    assert weekday.usd_per_mtok == weekend.usd_per_mtok
    assert weekday.usd_per_mtok is not None
    assert weekday.usd_per_mtok.output == 0.6


def test_the_aggregator_is_a_discount_on_other_offers() -> None:
    discounts = {o.id: o.discount for o in PRICES.offers if o.discount}
    assert discounts["crazyrouter/gpt-4.1"].of == "openai/gpt-4.1"
    assert {d.multiply for d in discounts.values()} == {0.7}
    assert all(d.of in OFFERS for d in discounts.values())
    assert all(OFFERS[name].doubt for name in discounts)


def test_embeddings_have_no_output_price() -> None:
    seen = [o for o in PRICES.offers if MODELS[o.model].kind == "embedding"]
    assert len(seen) >= 8
    assert all(w.usd_per_mtok.output is None for o in seen for w in o.prices)


def test_references_resolve_and_all_is_used() -> None:
    gpus = shipped_catalog().hardware.accelerators
    sellers = {offer.provider for offer in PRICES.offers}
    sellers |= {c.provider for c in PRICES.capacity} | {t.provider for t in PRICES.fine_tuning}
    assert sellers == set(PRICES.providers)
    assert {o.model for o in PRICES.offers} <= set(MODELS)
    assert {t.model for t in PRICES.fine_tuning if t.model} <= set(MODELS)
    assert {c.gpu for c in PRICES.capacity if c.gpu} <= set(gpus)
    used = {evidence.source for evidence in every_evidence()}
    used |= {served.source for p in PRICES.providers.values() for served in p.serves}
    assert used == set(PRICES.sources)


def test_capacity_and_tuning_say_who_said_so() -> None:
    assert all(bool(c.prices) != bool(c.gone) for c in PRICES.capacity)
    for window in [w for c in PRICES.capacity for w in c.prices]:
        assert window.usd_per_hour in [evidence.value for evidence in window.evidence]
    for tuning in PRICES.fine_tuning:
        price = tuning.usd_per_mtok_training or tuning.usd_per_hour_training
        assert price in [evidence.value for evidence in tuning.evidence]
        assert tuning.model or tuning.params_b_up_to or tuning.method == "rft"


@pytest.mark.parametrize("name", ["prices.yaml", "workloads.yaml"])
def test_the_file_is_written_for_people(name: str) -> None:
    text = (DATA / name).read_text(encoding="utf-8")
    code = re.sub(r'"[^"]*"|#.*', "", text)
    assert not re.search(r"(^|[\s{\[,])[&*]\w", code)
    assert not re.search(r"\b\d+(\.\d+)?e-?\d+\b", code)
    assert not re.search(r"\t|\r| $", text, re.MULTILINE)
    assert max(len(line) for line in text.split("\n") if "http" not in line) <= 112


def test_profiles_are_the_ones_that_the_commands_offer() -> None:
    names = ["general", "chat", "code-complete", "rag", "reasoning", "agent-coding", "classify"]
    assert names == PROFILES


@pytest.mark.parametrize("profile", WORKLOADS.profiles.values(), ids=PROFILES)
def test_a_profile_is_consistent(profile: Profile) -> None:
    assert not 0.9 < profile.isl / profile.osl < 1.1 or profile.isl < profile.osl
    assert set(profile.sources) <= set(WORKLOADS.sources)
    assert set(profile.judgment) <= set(Profile.model_fields)
    if profile.hourly:
        assert len(profile.hourly) in (24, 168)
        assert sum(profile.hourly) / len(profile.hourly) == pytest.approx(1, abs=1e-3)
        assert max(profile.hourly) == pytest.approx(profile.peak_to_mean, abs=0.01)


def test_the_weeks_begin_on_monday() -> None:
    for name in ("chat", "code-complete"):
        hourly = WORKLOADS.profiles[name].hourly
        days = [sum(hourly[24 * day : 24 * day + 24]) for day in range(7)]
        assert max(days[5:]) < 0.7 * min(days[:5])
