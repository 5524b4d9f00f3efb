"""Quantities on both sides of each edge of what is read and shown, in dollars and other money.

No function here takes an argument: `benchmarks/mutants.py` calls them as they are.
"""

from __future__ import annotations

import math
from datetime import date

import pytest

from tco import units
from tco.errors import UsageError
from tco.money import Money, shown_in

close = pytest.approx
EUROS = Money("EUR", 0.5, "2026-11-21")
RUPEES = Money("INR", 80.0, "2026-11-21")
FRANCS = Money("CHF", 2.0, "2026-11-21")


def test_amounts_in_another_money() -> None:
    for money, dollars, shown in (
        (EUROS, 1000.0, "€500"), (EUROS, -5.0, "-€2.50"), (EUROS, 150.0, "€75.00"),
        (EUROS, 0.0, "€0"), (EUROS, 199.99, "€100"), (EUROS, 199.98, "€99.99"),
        (RUPEES, 2.0, "₹160"), (RUPEES, 1e14, "₹8e+15"), (EUROS, 1e15, "€500,000,000,000,000"),
        (EUROS, 2e15, "€1e+15"), (FRANCS, 5.0, "CHF 10.00"), (None, 99.994, "$99.99"),
        (None, 99.995, "$100"), (None, -1234.4, "-$1,234"), (None, 0.0375, "$0.0375"),
        (None, math.nan, units.NOTHING), (EUROS, math.inf, units.NOTHING),
    ):  # fmt: skip
        with shown_in(money):
            assert units.show_usd(dollars) == shown
    with shown_in(EUROS):
        assert (units.show_rate(0.075), units.show_rate(4.0)) == ("€0.0375", "€2")
        assert units.show_usd_per_mtok(0.075) == "€0.0375"
        assert units.in_unit(240e3, "USD/year") == "€120,000/year"


def test_prices_as_they_are_shown() -> None:
    for usd, shown in (
        (0.9996, "1.00"), (0.999, "0.999"), (0.5, "0.50"), (0.0001234, "0.000123"),
        (1.0, "1.00"), (1.004, "1.00"), (1.005001, "1.01"), (12.3456, "12.35"), (0.0, "0.00"),
        (-0.25, "-0.25"), (-3.0, "-3.00"), (1234.5, "1,234.50"), (1e15, "1e+15"), (math.nan, "–"),
        (-2e15, "-2e+15"),
    ):  # fmt: skip
        assert units.show_price(usd) == shown
    for score, shown in ((999.4, "999.4"), (999.5, "1000"), (999.49, "999.5"), (1352.4, "1352")):
        assert units.show_score(score) == shown


def test_numbers_as_they_are_shown() -> None:
    for value, shown in (
        (0.0, "0"), (-0.0, "0"), (999.4, "999"), (999.6, "1k"), (1e3, "1k"), (-12_500.0, "-12.5k"),
        (999_499.0, "999k"), (1e6, "1M"), (1e9, "1B"), (1e12, "1T"), (9.99e17, "999000T"),
        (1e18, "1e+18"), (0.001234, "0.00123"), (math.inf, "–"),
    ):  # fmt: skip
        assert units.show_number(value) == shown
    assert units.show_number(123_456.0, 4) == "123.5k" and units.show_tokens(5e10) == "50B"
    for seconds, shown in (
        (0.0, "0s"), (0.0305, "30.5ms"), (0.9994, "999ms"), (0.9996, "1s"), (59.9, "59.9s"),
        (60.0, "1min"), (3599.0, "1h"), (3590.0, "59.8min"), (3600.0, "1h"), (90.0, "1.5min"),
        (math.nan, "–"),
    ):  # fmt: skip
        assert units.show_seconds(seconds) == shown
    for share, shown in ((0.0, "0%"), (1.0, "100%"), (0.12345, "12.3%"), (math.nan, "–")):
        assert units.show_share(share) == shown


def test_values_with_their_units() -> None:
    for value, unit, plain, named in (
        (0.85, "share", "85%", "85%"), (3.0, "engineers", "3", "3 engineers"),
        (2.1, "USD/GPU-hour", "$2.10/GPU-hour", "$2.10/GPU-hour"),
        (0.05, "s/token", "50ms", "50ms"),
        (30.0, "s", "30s", "30s"), (1.5, "factor", "x1.5", "x1.5"), (7.0, "", "7", "7"),
        (5e10, "tokens/month", "50B", "50B tokens a month"), (12346.0, "W", "12.35k", "12.3k W"),
        (1.0, "one of tensor, expert", "expert", "expert"), (0, "one of a, b", "a", "a"),
        (2.0, "one of a, b", "2", "2"), (True, "switch", "yes", "1 switch"),
    ):  # fmt: skip
        assert units.in_unit(value, unit) == plain
        assert units.with_unit(value, unit) == named
    assert units.in_unit(False, "switch") == "no" and units.in_unit("word", "share") == "word"
    assert units.counted_words("one of x") == ("x",) and units.counted_words("of x, y") == ()


def test_spans_of_days_and_months() -> None:
    for text, want in (
        ("90", 90.0), ("1d", 1.0), ("2 days", 2.0), ("1 w", 7.0), ("3 weeks", 21.0), ("2y", 730.0),
        ("1 years", 365.0), ("0.5 day", 0.5), ("1k d", 1000.0),
    ):  # fmt: skip
        assert units.days(text) == close(want)
    for text, want in (
        ("36", 36.0), ("2 years", 24.0), ("1 yr", 12.0), ("2yrs", 24.0), ("1.5 y", 18.0),
        ("6 months", 6.0), ("1 month", 1.0), ("7mo", 7.0), ("2 mos", 2.0), ("2M", 2.0),
    ):  # fmt: skip
        if text == "2M":
            with pytest.raises(UsageError, match="write 2mo"):
                units.months(text)
            continue
        assert units.months(text) == close(want)
    with pytest.raises(UsageError, match="write 18mo"):
        units.months("18 m")
    for bad in ("1.5m", "x m", "m"):
        with pytest.raises(UsageError):
            units.months(bad)
    for bad in ("1 hour", "3 fortnights", "2 monthd", "weeks"):
        with pytest.raises(UsageError):
            units.days(bad)


def test_rates_in_months_of_other_hours() -> None:
    by_day = units.tokens_per_month("500M/day")
    assert by_day == close(500e6 * 730 / 24) and isinstance(by_day, units.Rate)
    assert units.in_month(by_day, 720.0) == close(500e6 * 30)
    half = by_day.times(0.5)
    assert isinstance(half, units.Rate) and half.power == 1
    assert units.in_month(half, 720.0) == close(500e6 * 15)
    for text in ("50B", "50B/month", "600B/year", "50B/mo"):
        volume = units.tokens_per_month(text)
        assert not isinstance(volume, units.Rate) and units.in_month(volume, 720.0) == close(5e10)
    rent = units.usd_per_gpu_hour("$1460/gpu-month")
    assert rent == close(2.0) and units.in_month(rent, 720.0) == close(1460 / 720)
    for text in ("$2/gpu-h", "$17520/year", "2"):
        assert units.in_month(units.usd_per_gpu_hour(text), 720.0) == close(2.0)
    salary = units.usd_per_year("$15k/month")
    assert salary == close(180e3) and not isinstance(salary, units.Rate)
    assert units.in_month(units.usd_per_month("$100/day"), 720.0) == close(3000.0)


def test_what_is_too_large_or_no_number() -> None:
    assert units.number("1e24") == 1e24 and units.number(1e-24) == 1e-24 and units.number(0) == 0.0
    for bad, why in (
        (1.1e24, "too large"), (9e-25, "too small"), (math.inf, "not a finite"), (-1, "negative"),
        (math.nan, "not a finite"), ("-1", "negative"), ("nan", "not a finite"), ("x", "not a q"),
        ("5m", "milli or million; write 5M"), ("1,5", "separates thousands"), ("9" * 61, "long"),
        ("", "empty"), ("+", "empty"), ("1 x", "without a unit"), (True, "a number is expected"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=why):
            units.number(bad)  # type: ignore[arg-type]
    assert units.number("9" * 24) == close(1e24) and units.number("+5") == 5.0
    assert units.whole("4k") == 4000
    with pytest.raises(UsageError, match="whole number"):
        units.whole("4.5")
    for text, want in (("35%", 0.35), ("1", 1.0), ("100%", 1.0), ("0", 0.0), (0.25, 0.25)):
        assert units.share(text) == close(want)
    for bad, why in (
        ("35", "write 35%"),
        ("101%", "between"),
        (1.01, "between"),
        ("5 x", "a share"),
    ):
        with pytest.raises(UsageError, match=why):
            units.share(bad)
    for text, instead in (
        ("50GB", "write 50B"),
        ("1.000.000", "1000000, or 1M"),
        ("5 x", "for ex"),
    ):
        with pytest.raises(UsageError, match=instead):
            units.tokens_per_month(text)
    for text, why in (
        ("20", "'20 req/s'"), ("5 x/s", "unknown unit 'x'"), ("5/x", "unknown unit 'x'"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=why):
            units.requests_per_s(text)
    with pytest.raises(UsageError, match="unknown period 'x'"):
        units.tokens_per_month("5/x")
    for text, why in (("30", "30ms or 30s"), ("5m", "5ms or 5min"), ("5 x", "unknown unit 'x'")):
        with pytest.raises(UsageError, match=why):
            units.seconds(text)
    with pytest.raises(UsageError, match="30h or 30d"):
        units.seconds("30", ("h", "d"))
    with pytest.raises(UsageError, match="US dollars"):
        units.usd("€5")
    last = date(2999, 12, 31)
    assert units.reachable(last, "x") is last
    with pytest.raises(UsageError, match="too far away"):
        units.reachable(date(3000, 1, 1), "x")
