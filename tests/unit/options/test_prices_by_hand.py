"""Prices of tokens under conditions, worked out by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from running import load_small

from tco.catalog.prices import Modifier, Provider, Rates, When
from tco.catalog.usage_profile import Lengths
from tco.options.prices import (
    LIST_PRICE,
    Buying,
    as_sold,
    at_provider,
    buying_of,
    lengths,
    minutes_ahead,
    missing,
    open_on_holidays,
    tier_factors,
    token_rates,
    week_share,
)
from tco.options.question import prepare
from tco.options.scenario import Scenario

close = pytest.approx
BASE = Rates(input=2.0, output=8.0, cached_input=0.5)
DAY = date(2026, 11, 21)


def when(rates: Rates | None = None, *, times: float | None = None, **more: Any) -> Modifier:
    """Return a condition and what it changes."""
    how = {k: more.pop(k) for k in ("mode", "inclusive") if k in more}
    return Modifier(when=When(**more), usd_per_mtok=rates, multiply=times, **how)


def priced(*modifiers: Modifier, isl: Any = 1000.0, base: Rates = BASE, **more: Any) -> Any:
    return token_rates(base, list(modifiers), isl=isl, **more)


def test_prices_that_are_not_named_follow_others() -> None:
    plain = priced(base=Rates(input=2.0, output=8.0))
    assert (plain.cached_input, plain.cache_write, plain.reasoning_output) == (2.0, 2.0, None)
    named = priced(base=Rates(input=2.0, output=8.0, cached_input=0.5, cache_write=2.5))
    assert (named.cached_input, named.cache_write) == (0.5, 2.5)
    assert (named.batch_input, named.batch_cached_input) == (2.0, 0.5)
    dear = priced(factor=3.0)
    assert (dear.input, dear.output, dear.cached_input, dear.cache_write) == (6.0, 24.0, 1.5, 6.0)
    thinks = priced(base=Rates(input=2.0, output=8.0, reasoning_output=5.0), factor=2.0)
    assert thinks.reasoning_output == 10.0
    for lacking in (Rates(input=2.0), Rates(output=2.0)):
        with pytest.raises(ValueError, match="one for output are needed"):
            priced(base=lacking)


def test_batch_tiers() -> None:
    half = when(Rates(input=1.0, output=4.0), service="batch")
    found = priced(half)
    assert (found.input, found.batch_input, found.batch_output) == (2.0, 1.0, 4.0)
    assert found.batch_cached_input == 1.0  # none is stated: the batch input
    stated = when(Rates(input=1.0, output=4.0, cached_input=0.25), service="batch")
    assert priced(stated).batch_cached_input == 0.25
    assert priced(when(times=0.5, service="batch")).batch_cached_input == 0.25
    elsewhere = when(times=0.1, service="batch", region="eu")
    assert priced(elsewhere).batch_input == 2.0


def test_service_tiers_and_regions_are_asked_for() -> None:
    fast, flex = when(times=1.75, service="priority"), when(times=0.5, service="flex")
    eu, batch = when(times=1.1, region="eu"), when(times=0.5, service="batch")
    some = (fast, flex, eu, batch)
    assert priced(*some).input == 2.0
    assert priced(*some, buying=Buying(service="priority")).input == 3.5
    both = priced(*some, buying=Buying(service="flex", region="eu"))
    assert both.input == close(2.0 * 0.5 * 1.1)
    assert both.batch_input == close(2.0 * 1.1 * 0.5)  # a service is not of batch requests
    assert priced(*some, buying=Buying(service="ultrafast")).input == 2.0
    his = at_provider(Buying(service="slow", region="europe"), provider(slow="flex"))
    assert priced(*some, buying=his).output == close(8.0 * 0.5 * 1.1)
    assert at_provider(LIST_PRICE, provider(slow="flex")) is LIST_PRICE
    for asked in (Buying(service="slow"), Buying(region="europe")):  # either alone
        at = at_provider(asked, provider(slow="flex"))
        assert (at.services, at.regions) == ({"slow": "flex"}, {"europe": "eu"})
    assert at_provider(Buying(region="eu"), None) == Buying(region="eu")
    written = when(Rates(cache_write=4.0), cache_ttl="1h")
    assert priced(written).cache_write == 2.0
    assert priced(written, buying=Buying(cache_ttl="1h")).cache_write == 4.0


def provider(**services: str) -> Provider:
    return Provider(
        name="Somebody", kind="host", url="https://example.com/", services=services,
        regions={"europe": "eu"},
    )  # fmt: skip


def test_a_cache_lives_at_least_as_long_as_asked() -> None:
    hour, day = when(times=2.0, cache_ttl="1h"), when(times=3.0, cache_ttl="24h")

    def sold(asked: str, *some: Modifier) -> str | None:
        return as_sold(Buying(cache_ttl=asked), some).cache_ttl

    assert [sold(ttl, hour, day) for ttl in ("1h", "12h", "24h", "30m")] == [
        "1h",
        "24h",
        "24h",
        "1h",
    ]
    assert sold("12h", hour) == "1h"  # as long as it can
    assert sold("5m", hour) is None and sold("1h") is None
    assert sold("5m", when(times=1.0, cache_ttl="5m"), hour) == "5m"


def test_what_is_missing_is_said() -> None:
    some = (
        when(times=0.5, service="flex"),
        when(times=0.5, service="batch"),
        when(times=2.0, region="eu"),
    )
    assert missing(Buying(service="flex", region="eu"), some) == ()
    (said,) = missing(Buying(service="fast"), some)
    assert said == "no fast tier: its usual price; it has flex"
    (said,) = missing(Buying(service="slow", services={"slow": "flex"}), some)
    assert said == "slow is flex here"
    (said,) = missing(Buying(region="us"), some)
    assert said == "no price of its own for region us: its usual one; it has eu"
    (said,) = missing(Buying(region="europe", regions={"europe": "eu"}), some)
    assert said == "region europe is eu here"
    assert missing(Buying(region="us", regions={"us": "list"}), some) == ()
    hour = when(times=2.0, cache_ttl="1h")
    (said,) = missing(Buying(cache_ttl="24h"), (hour,))
    assert said == "no cache of 24h: the price of 1h"
    (said,) = missing(Buying(cache_ttl="1h"), ())
    assert said == "no price of its own for a cache of 1h: its usual one"


def test_long_requests() -> None:
    cliff = when(Rates(input=6.0, output=24.0), input_tokens_over=400)
    assert (priced(cliff, isl=400.0).input, priced(cliff, isl=401.0).input) == (2.0, 6.0)
    reached = when(times=3.0, input_tokens_over=400, inclusive=True)
    assert (priced(reached, isl=400.0).input, priced(reached, isl=399.0).input) == (6.0, 2.0)
    # 600 of 1,000 tokens lie above: 0.4 + 0.6 x 3; an answer is priced whole.
    some = when(times=3.0, input_tokens_over=400, mode="graduated")
    assert (priced(some).input, priced(some).output) == (close(4.4), 24.0)
    more = when(times=4.0, input_tokens_over=700, mode="graduated")
    assert priced(more, some).input == close(2.0 * (0.4 + 0.3 * 3 + 0.3 * 4))
    assert priced(cliff, isl=np.array([100.0, 900.0])).output.tolist() == [8.0, 24.0]
    assert priced(cliff).cached_input == 1.5  # it follows the input
    assert tier_factors(
        BASE, [cliff, more, when(times=9.0, service="flex", input_tokens_over=5)]
    ) == [
        (400, 3.0),
        (700, 4.0),
    ]


def test_requests_of_many_lengths() -> None:
    short, *_, long = lengths(1000.0, 1.0)
    assert np.mean(lengths(1000.0, 1.0)) == close(1000.0)
    # Of a lognormal of variation 1, s = 0.8326: the ends are 1/128 and 127/128, at -+2.4176.
    assert long / short == close(np.exp(2 * 2.417559 * 0.832555), rel=1e-4)
    assert len(lengths(1000.0, 0.0)) == 1
    # Above its own median, 1000 / sqrt(2), lie half of the requests and 0.8 of the input:
    # a normal distribution has 0.797 below s = 0.8326.
    limit = when(times=3.0, input_tokens_over=707)
    found = priced(limit, length_cv=1.0)
    assert found.output / 8.0 == close(1.0 + 2.0 * 0.5, rel=0.01)
    assert found.input / 2.0 == close(1.0 + 2.0 * 0.797, rel=0.01)


def test_requests_too_short_for_a_cache() -> None:
    found = priced(isl=500.0, cache_min_tokens=1024)
    assert (found.cached_input, found.cache_write) == (2.0, 2.0)
    assert priced(isl=1024.0, cache_min_tokens=1024).cached_input == 0.5
    both = priced(isl=np.array([500.0, 1500.0]), cache_min_tokens=1024).cached_input
    assert both.tolist() == [2.0, 0.5]
    # Below 1000 / sqrt(2) lie 0.203 of the input.
    assert priced(length_cv=1.0, cache_min_tokens=707).cached_input == close(
        0.5 + 0.203 * 1.5, rel=0.01
    )


def test_shares_of_a_week() -> None:
    assert week_share(["00:00-06:00"], None) == 0.25
    assert week_share(["22:00-06:00"], None) == close(1 / 3)
    assert week_share(None, [1, 2, 3, 4, 5]) == close(5 / 7)
    assert week_share(["09:30-17:00"], [6, 7, 7]) == close(15 / 168)
    week = np.zeros(168)
    week[[3, 167]] = 1.0, 3.0
    assert week_share(["03:00-04:00"], [1], week) == 0.25
    assert week_share(["03:00-03:30"], [1], week) == 0.125
    assert week_share(["23:00-24:00"], [7], week) == 0.75
    # An hour ahead, the first hour of their Monday is the last of our Sunday.
    assert week_share(["00:00-01:00"], [1], week, ahead_min=60) == 0.75
    assert week_share(["02:00-03:00"], [1], week, ahead_min=-60) == 0.25


def test_holidays_are_no_working_days() -> None:
    tenth = 365 * 5 / 7 / 10
    working = (["09:00-17:00"], [1, 2, 3, 4, 5])
    closed = week_share(*working, holidays_per_year=tenth, on_holidays=False)
    assert closed == close(40 / 168 * 0.9)
    # A week-end price that holds on holidays, too: a tenth of 120 hours more.
    assert week_share(None, [6, 7], holidays_per_year=tenth) == close((48 + 12) / 168)


def test_clocks() -> None:
    assert minutes_ahead("Asia/Shanghai", DAY) == 480
    summer = minutes_ahead("Europe/Berlin", date(2026, 7, 1))
    assert (summer, minutes_ahead("Europe/Berlin", DAY)) == (120, 60)
    assert minutes_ahead("UTC", DAY) == minutes_ahead(None, DAY) == 0
    assert open_on_holidays(When(time_zone="Asia/Shanghai"))
    assert not open_on_holidays(When(weekdays=[6]))
    assert open_on_holidays(When(weekdays=[6], holidays="cn"))


def test_hours_of_the_week() -> None:
    night = when(times=0.5, hours=["00:00-12:00"])
    weekend = when(times=0.3, weekdays=[6, 7])
    assert priced(night).input == close(2.0 * 0.75)
    # Windows add up: half off half the time, and 0.7 off 2/7 of it.
    assert priced(night, weekend).input == close(2.0 * (1 - 0.25 - 0.2))
    week = np.zeros(168)
    week[5] = 1.0
    assert priced(night, buying=Buying(week=week)).output == close(4.0)
    # Long requests at night: 3 times, half of the time; by day they cost what others do.
    both = when(times=3.0, input_tokens_over=400, hours=["00:00-12:00"])
    assert priced(both).input == close(2.0 * 2.0)
    assert priced(both, isl=100.0).input == 2.0
    tenth = 365 * 5 / 7 / 10
    off = when(times=0.5, weekdays=[6, 7], holidays="cn")
    assert priced(off, holidays_per_year=tenth).input == close(2.0 * (1 - 0.5 * 60 / 168))
    assert priced(weekend, holidays_per_year=tenth).input == close(2.0 * (1 - 0.2))


def test_what_a_request_buys() -> None:
    catalog = load_small()
    asked = Scenario(tokens=1e9, service="flex", region="eu", cache_ttl="1h", profile="chat")
    question = prepare(catalog, asked, DAY)
    profile = catalog.workloads.profiles["chat"]
    found = buying_of(question.catalog, asked, profile, DAY)
    assert (found.service, found.region, found.cache_ttl, found.day) == ("flex", "eu", "1h", DAY)
    assert found.week is not None and found.week.size == 168 and found.lengths is None
    flat = buying_of(catalog, asked, catalog.workloads.profiles["general"], DAY)
    assert flat.week is None


def test_lengths_that_logs_tell() -> None:
    # 8 requests of 100 tokens and 2 of 900, half of whose input is read from a cache: 260 in the
    # mean. At 520 all are twice as long, and the long ones above a limit of 1,000.
    own = Lengths(
        isl=(100, 900), requests=(8, 2), input=(800, 1800), read=(0, 900), written=(0, 0),
        output=(80, 20),
    )  # fmt: skip
    found = priced(when(times=3.0, input_tokens_over=1000), isl=520.0, buying=Buying(lengths=own))
    assert found.input == close(2.0 * (800 + 900 * 3) / 1700)
    assert found.cached_input == close(0.5 * 3)
    assert found.output == close(8.0 * (80 + 20 * 3) / 100)
    assert found.cache_write == close(2.0 * (800 + 1800 * 3) / 2600)  # none is known: as the input
    assert (
        priced(when(times=3.0, input_tokens_over=1900), isl=520.0, buying=Buying(lengths=own)).input
        == 2.0
    )


def test_no_holidays_count_unless_it_is_said_how_many_there_are() -> None:
    half = when(times=0.5, weekdays=[6, 7], holidays="cn", time_zone="Asia/Shanghai")
    assert priced(half).input == close(2.0 * (1.0 - 0.5 * 2.0 / 7.0))
    tenth = priced(half, holidays_per_year=365.0 / 7.0 * 5.0 / 10.0)
    assert tenth.input == close(2.0 * (1.0 - 0.5 * 2.5 / 7.0), rel=1e-3)
