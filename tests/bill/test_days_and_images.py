"""Images as tokens, lifetimes of a cache, and the days and hours that a price holds on."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from strategies import real, usd_per_mtok

from tco.analysis.compare import compare
from tco.analysis.explain import explain
from tco.catalog.prices import Modifier, Rates, When
from tco.engine.ledger import PRICES, TokenRates, mixed, total_usd
from tco.options.bills import TokenOption, lines, list_rates
from tco.options.names import resolve
from tco.options.prices import Buying, minutes_ahead, token_rates, week_share
from tco.options.settings import workload

GEMINI = "google/gemini-3.8-flash"
"""Its price doubles on 2027-01-01."""


def test_an_image_is_input(asked: Any) -> None:
    inputs = asked(
        requests=1e6,
        isl=200.0,
        osl=100.0,
        settings={"workload.images_per_request": 2.0, "workload.tokens_per_image": 765.0},
    )
    load = workload(inputs.settings)
    assert float(np.asarray(load.isl)) == 200.0 + 2 * 765.0
    assert float(np.asarray(load.requests_per_month)) == pytest.approx(1e6)
    text = asked(requests=1e6, isl=200.0 + 2 * 765.0, osl=100.0)
    for name in ("openai/gpt-4.1", "self/llama-3.3-70b@2xh100-sxm:fp8/lambda:on_demand"):
        bills = [
            float(np.asarray(total_usd(lines(resolve(name, i).best, i.settings))))
            for i in (inputs, text)
        ]
        assert bills[0] == pytest.approx(bills[1], rel=1e-12)
    shown = explain(inputs, "openai/gpt-4.1")
    assert "input = 200 of text + 2 x 765 of images = 1.73k" in shown.steps
    assert not any("1,400" in warning for warning in shown.warnings)


def test_a_guessed_image_is_told(asked: Any) -> None:
    inputs = asked(requests=1e6, settings={"workload.images_per_request": 1.0})
    shown = explain(inputs, "openai/gpt-4.1")
    assert any("--image-tokens" in warning for warning in shown.warnings)
    assert "workload.tokens_per_image" in {a.path for a in shown.assumptions}
    plain = explain(asked(requests=1e6), "openai/gpt-4.1")
    assert "workload.tokens_per_image" not in {a.path for a in plain.assumptions}


def test_a_longer_lifetime_costs_more_to_write_and_nothing_else(asked: Any) -> None:
    written = {"workload.cache_write_share": 0.05}
    usual = asked(tokens=1e9, settings=written)
    longer = asked(tokens=1e9, settings=written, cache_ttl="1h")
    name = "anthropic/claude-opus-4.8"
    made = [list_rates(resolve(name, i).best, i.settings) for i in (usual, longer)]  # type: ignore[arg-type]
    assert (made[0].cache_write, made[1].cache_write) == (6.25, 10.0)
    assert (made[0].input, made[0].output) == (made[1].input, made[1].output)
    steps = [s for s in explain(longer, name).steps if "reads per write" in s]
    assert steps == ["caching pays from (10 - 5) / (5 - 0.5) = 1.11 reads per write"]
    other = resolve("openai/gpt-4.1", longer).best
    assert "no price of its own for a cache of 1h: its usual one" in other.notes


def test_a_lifetime_of_nothing_written_is_told(asked: Any) -> None:
    shown = explain(asked(tokens=1e9, cache_ttl="1h"), "anthropic/claude-opus-4.8")
    assert any("--cache-write" in warning for warning in shown.warnings)


DAY_OFF = When(weekdays=[6, 7], holidays="CN")
NIGHT = When(weekdays=[1, 2, 3, 4, 5], hours=["10:00-24:00"])


def halved(when: When) -> Modifier:
    return Modifier(when=when, multiply=0.5)


def test_a_holiday_is_a_day_of_the_weekend_and_no_working_day() -> None:
    def price(holidays: float) -> float:
        rates = Rates(input=1.0, output=1.0)
        modifiers = [halved(NIGHT), halved(DAY_OFF)]
        made = token_rates(rates, modifiers, isl=1.0, holidays_per_year=holidays)
        return float(made.output)

    half = (5 * 14 + 2 * 24) / 168
    assert price(0.0) == pytest.approx(1.0 - 0.5 * half)
    # With nothing but holidays every hour is at half price, and none twice.
    assert price(5 / 7 * 365) == pytest.approx(0.5, rel=1e-12)
    share = 13 / (5 / 7 * 365)
    assert price(13.0) == pytest.approx((1 - share) * price(0.0) + share * 0.5, rel=1e-12)


def test_holidays_count_only_where_a_price_knows_them() -> None:
    made = [
        token_rates(
            Rates(input=1.0, output=1.0), [halved(NIGHT)], isl=1.0, holidays_per_year=holidays
        ).output
        for holidays in (0.0, 13.0)
    ]
    assert made[0] == made[1]


def test_hours_are_told_by_the_clock_of_the_provider() -> None:
    evening = np.tile(np.r_[np.zeros(16), np.ones(8)], 7)
    shanghai = When(hours=["00:00-08:00"], time_zone="Asia/Shanghai")
    ahead = minutes_ahead(shanghai.time_zone, date(2026, 11, 21))
    assert ahead == 8 * 60
    assert week_share(shanghai.hours, None, evening, ahead_min=ahead) == 1.0
    assert week_share(shanghai.hours, None, evening) == 0.0
    # Sunday 20:00 UTC is Monday in Shanghai.
    monday = When(weekdays=[1], time_zone="Asia/Shanghai")
    sunday = np.r_[np.zeros(164), np.ones(4)]
    assert week_share(None, monday.weekdays, sunday, ahead_min=ahead) == 1.0


@pytest.mark.parametrize(("day", "minutes"), [(date(2026, 1, 15), -480), (date(2026, 7, 15), -420)])
def test_clocks_change_with_the_seasons(day: date, minutes: int) -> None:
    assert minutes_ahead("America/Los_Angeles", day) == minutes


@given(share=real(0.0, 1.0), ahead=real(-720.0, 840.0))
def test_all_hours_are_covered_whatever_the_clock(share: float, ahead: float) -> None:
    of_all = week_share(None, None, ahead_min=int(ahead), holidays_per_year=share * 200)
    assert of_all == pytest.approx(1.0, rel=1e-12)


@given(one=usd_per_mtok, two=usd_per_mtok, share=real(0.0, 1.0))
def test_mixed_prices_lie_between(one: float, two: float, share: float) -> None:
    def at(usd: float) -> TokenRates:
        return token_rates(Rates(input=usd, output=2 * usd), [], isl=1.0)

    made = mixed([(1.0 - share, at(one)), (share, at(two))])
    assert made.output == pytest.approx(2 * ((1.0 - share) * one + share * two), rel=1e-12)
    low, high = sorted((one, two))
    for name in PRICES:
        assert 0.999 * low <= getattr(made, name) <= 2.001 * high


def test_the_month_weighs_both_prices_by_their_days(asked: Any) -> None:
    def usd(**fields: Any) -> float:
        inputs = asked(tokens=10e9, **fields)
        option = resolve(GEMINI, inputs).best
        return float(np.asarray(total_usd(lines(option, inputs.settings), "tokens")))

    before = usd(as_of=date(2026, 12, 20))
    after = usd(as_of=date(2027, 1, 1))
    assert after == pytest.approx(2 * before)
    month = usd(as_of=date(2026, 12, 20), by_day=True)
    assert month == pytest.approx((12 * before + 18 * after) / 30, rel=1e-12)
    assert usd(as_of=date(2027, 1, 1), by_day=True) == pytest.approx(after)


def test_the_days_of_a_by_day_are_shown(asked: Any) -> None:
    inputs = asked(tokens=10e9, as_of=date(2026, 12, 20), by_day=True)
    shown = explain(inputs, GEMINI)
    assert shown.catalog.until == "2027-01-18"
    assert any("12 days at 0.75 in and 3.75 out, then 18 days" in step for step in shown.steps)
    assert not any("changes on" in warning for warning in shown.warnings)
    usual = explain(asked(tokens=10e9, as_of=date(2026, 12, 20)), GEMINI)
    assert usual.catalog.until is None
    assert any("--by-day" in warning for warning in usual.warnings)


def test_an_offer_that_ends_inside_the_month_is_not_had_for_it(asked: Any) -> None:
    fields = {"tokens": 10e9, "models": ("gpt-4.1",), "providers": ("azure", "openai")}
    day = date(2027, 4, 1)  # azure retires its deployment on 2027-04-14
    found = compare(asked(**fields, as_of=day, by_day=True))
    azure = next(o for o in found.options if o.id == "azure/gpt-4.1")
    assert azure.reasons == ("it has a price on 14 of the month's 30 days only",)
    found = compare(asked(**fields, as_of=day))
    assert next(o for o in found.options if o.id == "azure/gpt-4.1").feasible


def test_batches_without_a_cache_price_say_so(asked: Any) -> None:
    load = {"workload.batch_share": 0.5, "workload.cached_share": 0.4}
    inputs = asked(tokens=1e9, settings=load)
    option = resolve("azure/gpt-4.1", inputs).best
    assert isinstance(option, TokenOption)
    assert any(n.startswith("no price of cached input in batches: as o") for n in option.notes)
    rates = list_rates(option, inputs.settings)
    assert rates.batch_cached_input == rates.batch_input == 1.0
    assert (
        list_rates(resolve("openai/gpt-4.1", inputs).best, inputs.settings).batch_cached_input
        == 0.5
    )  # type: ignore[arg-type]
    assert "no price of cached input" not in str(resolve("azure/gpt-4.1", asked(tokens=1e9)).best)


@pytest.mark.parametrize("name", ["fireworks/deepseek-v4.1-flash", "vertex/gemini-3-pro-preview"])
def test_what_may_wait_costs_no_more_than_what_may_not(asked: Any, name: str) -> None:
    """Agents that could wait were 1.9 times as dear: 95 % of their input is cached."""

    def usd(**said: Any) -> Any:
        inputs = asked(**said)
        return total_usd(lines(resolve(name, inputs).best, inputs.settings), "tokens")

    agents = {"developers": 100, "profile": "agent-coding", "as_of": date(2026, 12, 1)}
    waits = {"workload.batch_share": 0.5}
    assert usd(**agents, settings=waits) == pytest.approx(usd(**agents), rel=1e-12)
    shares = np.array([0.0, 0.5, 0.99])
    inputs = asked(tokens=1e9, settings={"workload.isl": 1e4, "workload.osl": 10.0})
    option = resolve(name, inputs).best
    cached = {"workload.cached_share": shares}
    late, now = (
        total_usd(lines(option, inputs.settings.with_values({**cached, **said})), "tokens")
        for said in (waits, {})
    )
    assert late[0] == pytest.approx(now[0] * 0.75, rel=1e-9)  # half of it at half the price
    assert late[2] == pytest.approx(now[2], rel=1e-9)


def test_regions_do_not_bring_other_tiers_with_them() -> None:
    both = Modifier(when=When(region="eu", service="priority"), multiply=3.0)
    rates = Rates(input=1.0, output=1.0)
    made = token_rates(rates, [both], isl=1.0, buying=Buying(region="eu"))
    assert made.output == 1.0
