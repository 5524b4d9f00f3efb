"""Quantities: what is read, what is refused with which hint, and what a screen shows."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tco.errors import UsageError
from tco.ranges import ratio, span, split
from tco.units import (
    HOURS_PER_MONTH,
    NOTHING,
    SECONDS_PER_MONTH,
    Rate,
    days,
    in_month,
    in_unit,
    months,
    number,
    requests_per_month,
    requests_per_s,
    seconds,
    share,
    show_number,
    show_price,
    show_rate,
    show_score,
    show_seconds,
    show_share,
    show_tokens,
    show_usd,
    show_usd_per_mtok,
    tokens_per_month,
    usd,
    usd_per_gpu_hour,
    usd_per_kwh,
    usd_per_month,
    usd_per_mtok,
    usd_per_year,
    whole,
    with_unit,
)

Read = Callable[[str], float]
READERS: list[Read] = [
    tokens_per_month, requests_per_month, number, share, seconds, ratio, usd, usd_per_mtok,
    usd_per_gpu_hour, usd_per_month, usd_per_year, usd_per_kwh, whole,
]  # fmt: skip

UNDERSTOOD: list[tuple[Read, str, float]] = [
    (tokens_per_month, "50B", 50e9),
    (tokens_per_month, "50b", 50e9),
    (tokens_per_month, "50G", 50e9),
    (tokens_per_month, " 1.5M ", 1.5e6),
    (tokens_per_month, "2T", 2e12),
    (tokens_per_month, "2.5e9", 2.5e9),
    (tokens_per_month, "2_000_000", 2e6),
    (tokens_per_month, "1,000,000", 1e6),
    (tokens_per_month, "50 billion tokens per month", 50e9),
    (tokens_per_month, "12 tokens/h", 12 * 730),
    (tokens_per_month, "500M/day", 500e6 * 730 / 24),
    (tokens_per_month, "7M/week", 1e6 * 730 / 24),
    (tokens_per_month, "600B/year", 50e9),
    (tokens_per_month, "0", 0),
    (requests_per_month, "20 req/s", 20 * 730 * 3600),
    (requests_per_month, "10k req/day", 10e3 * 730 / 24),
    (requests_per_month, "1/min", 730 * 60),
    (number, "10k", 10e3),
    (whole, "8k", 8000),
    (share, "35%", 0.35),
    (share, "35 %", 0.35),
    (share, "0.35", 0.35),
    (share, "100%", 1),
    (usd, "$30k", 30e3),
    (usd, "USD 1,200", 1200),
    (usd_per_mtok, "$2.50/Mtok", 2.5),
    (usd_per_mtok, "$2.50", 2.5),
    (usd_per_mtok, "2.50", 2.5),
    (usd_per_mtok, "$2.50 / 1M tokens", 2.5),
    (usd_per_mtok, "$0.0025 per ktok", 2.5),
    (usd_per_gpu_hour, "$2.10/gpu-h", 2.1),
    (usd_per_gpu_hour, "$2.10/h", 2.1),
    (usd_per_gpu_hour, "2.1", 2.1),
    (usd_per_gpu_hour, "$1533/gpu-month", 2.1),
    (usd_per_year, "$200k/year", 200e3),
    (usd_per_year, "200k", 200e3),
    (usd_per_year, "$15k/month", 180e3),
    (usd_per_month, "$180k/year", 15e3),
    (usd_per_kwh, "$0.12/kWh", 0.12),
    (usd_per_kwh, "$120/MWh", 0.12),
    (seconds, "500ms", 0.5),
    (seconds, "2 Min", 120.0),
    (seconds, "1.5 HOURS", 5400.0),
    (seconds, "30 ms", 0.03),
    (seconds, "1s", 1),
    (seconds, "1.5h", 5400),
    (requests_per_s, "12k req/min", 200),
    (requests_per_s, "20 rps", 20),
    (requests_per_s, "3600 per h", 1),
    (requests_per_month, "20 qps", 20 * 730 * 3600),
    (usd_per_kwh, "$0.12 per kWh", 0.12),
    (days, "90", 90),
    (days, "90d", 90),
    (days, "12 weeks", 84),
    (days, "2w", 14),
    (days, "1 year", 365),
    (days, "1 Day", 1),
    (days, "1k days", 1000),
    (months, "36", 36),
    (months, "3 years", 36),
    (months, "1.5y", 18),
    (months, "18 months", 18),
    (months, "18mo", 18),
    (months, "1 mos", 1),
    (ratio, "3:1", 3),
    (ratio, "1:4", 0.25),
    (ratio, "3", 3),
]

REFUSED: list[tuple[Read, str, str]] = [
    (tokens_per_month, "50m", "50m: 'm' could mean milli or million; write 50M"),
    (tokens_per_month, "50m/day", "50m/day: 'm' could mean milli or million; write 50M"),
    (tokens_per_month, "-5", "-5: must not be negative; write for example 50B or 500M/day"),
    (tokens_per_month, "nan", "nan: not a finite number; write for example 50B or 500M/day"),
    (tokens_per_month, "inf", "inf: not a finite number; write for example 50B or 500M/day"),
    (tokens_per_month, "1e999", "1e999: not a finite number; write for example 50B, 2.5e9 or 35%"),
    (tokens_per_month, "", "empty quantity; write for example 50B or 500M/day"),
    (
        tokens_per_month,
        "50 B/fortnight",
        "50 B/fortnight: unknown period 'fortnight'; use s, min, h, day, week, month or year",
    ),
    (
        tokens_per_month,
        "1,5M",
        "1,5M: a comma separates thousands only; write 1.5M or 1,500,000",
    ),
    (tokens_per_month, "B", "B: not a quantity; write for example 50B or 500M/day"),
    (tokens_per_month, "5 req", "5 req: unknown unit 'req'; write for example 50B or 500M/day"),
    (
        tokens_per_month,
        "\x1b[31m5",
        "?[31m5: not a quantity; write for example 50B or 500M/day",
    ),
    (share, "35", "35: a share is between 0 and 1, or 0% and 100%; for 35 percent write 35%"),
    (share, "200%", "200%: a share is between 0 and 1, or 0% and 100%; for 2 percent write 2%"),
    (seconds, "30", "30: a duration needs its unit; write 30ms or 30s"),
    (seconds, "5m", "5m: 'm' could mean milli or minute; write 5ms or 5min"),
    (
        usd_per_mtok,
        "€2/Mtok",
        "€2/Mtok: amounts are US dollars; convert it and write for example $2.50/Mtok",
    ),
    (usd_per_mtok, "$2/word", "$2/word: unknown unit 'word'; write for example $2.50/Mtok"),
    (usd, "$2/day", "$2/day: unknown unit 'day'; write for example $30k"),
    (
        usd_per_mtok,
        "2 per month",
        "2 per month: unknown unit 'month'; write for example $2.50/Mtok",
    ),
    (tokens_per_month, "1.000.000", "1.000.000: unknown unit '.000'; write 1000000, or 1M"),
    (tokens_per_month, "50GB", "50GB: unknown unit 'GB'; write 50B"),
    (number, "5%", "5%: a number without a unit is expected; write for example 2.5 or 10k"),
    (
        share,
        "101%",
        "101%: a share is between 0 and 1, or 0% and 100%; for 1.01 percent write 1.01%",
    ),
    (share, "100", "100: a share is between 0 and 1, or 0% and 100%; for 100 percent write 100%"),
    (share, "101", "101: a share is between 0 and 1, or 0% and 100%; write 35%"),
    (share, "5 m", "5 m: 'm' could mean milli or million; write 5M"),
    (requests_per_s, "20", "20: a rate needs its period; write '20 req/s' or 20/min"),
    (
        requests_per_s,
        "20 tok/s",
        "20 tok/s: unknown unit 'tok'; write for example 200 req/s or 12k req/min",
    ),
    (days, "5kd", "5kd: a number without a unit is expected; write for example 90 days"),
    (days, "10kd", "10kd: a number without a unit is expected; write for example 90 days"),
    (months, "36m", "36m: 'm' could mean minutes or months; write 36mo"),
    (months, "3m", "3m: 'm' could mean minutes or months; write 3mo"),
    (months, "m", "m: not a quantity; write for example 18 months or 3 years"),
    (number, "1.1e24", "1.1e24: too large to count with; at most 1e+24"),
    (number, "9e-25", "9e-25: too small to count with; at least 1e-24, or 0"),
    (number, "1" * 61, "1" * 61 + ": too long for a quantity; write for example 2.5 or 10k"),
    (ratio, "3:0", "3:0: the second part of a ratio must be over 0; write for example 3:1"),
    (whole, "2.5", "2.5: a whole number is expected; write for example 8 or 4k"),
]


@pytest.mark.parametrize(("read", "text", "value"), UNDERSTOOD)
def test_a_quantity_is_read_as_people_write_it(read: Read, text: str, value: float) -> None:
    assert read(text) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(("read", "text", "line"), REFUSED)
def test_what_cannot_be_read_is_refused_in_one_line_with_a_hint(
    read: Read, text: str, line: str
) -> None:
    with pytest.raises(UsageError) as refusal:
        read(text)
    assert str(refusal.value) == line
    assert refusal.value.exit_code == 2


@pytest.mark.parametrize("read", READERS)
def test_a_number_is_taken_as_it_is(read: Callable[[float], float]) -> None:
    assert read(1) == 1
    assert read(0) == 0


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -1, -0.5, True, None, [1], pytest.param(10**5000, id="long")]
)
def test_a_number_that_is_no_quantity_is_refused(
    read: Callable[[object], float], value: object
) -> None:
    with pytest.raises(UsageError):
        read(value)


@pytest.mark.parametrize("read", READERS)
@given(text=st.text(max_size=30) | st.from_regex(r"[$0-9.,_eEkKmM%/ :a-z-]{0,20}"))
@example(text="9" * 100_000)
@example(text="1" + "_" * 150)
@example(text="٣B")
@example(text="1e-999999999")
def test_any_text_is_a_number_of_0_or_more_or_one_clean_line(read: Read, text: str) -> None:
    try:
        value = read(text)
    except UsageError as error:
        assert str(error).isprintable()
        assert len(str(error)) < 250
    else:
        assert 0 <= value < math.inf


@given(value=st.floats(1e-3, 1e6), suffix=st.sampled_from(["k", "K", "M", "B", "b", "G", "T", "t"]))
def test_a_suffix_multiplies(value: float, suffix: str) -> None:
    factor = {"k": 1e3, "m": 1e6, "b": 1e9, "g": 1e9, "t": 1e12}[suffix.lower()]
    assert tokens_per_month(f"{value!r}{suffix}") == pytest.approx(value * factor)
    assert tokens_per_month(f"{value!r} {suffix} tokens") == pytest.approx(value * factor)


@given(value=st.floats(1e-3, 1e12))
def test_a_month_is_730_hours_whatever_the_period(value: float) -> None:
    assert tokens_per_month(f"{value!r}/s") == pytest.approx(value * SECONDS_PER_MONTH)
    assert tokens_per_month(f"{value!r}/h") == pytest.approx(value * HOURS_PER_MONTH)
    assert tokens_per_month(f"{value!r}/month") == tokens_per_month(f"{value!r}")
    year = tokens_per_month(f"{value!r}/year")
    assert year * 12 == pytest.approx(value)


def test_a_month_of_other_hours_changes_what_is_said_by_time() -> None:
    # In a month of 365 h, half of 730: half as many come a day; a month's rent is twice an hour's.
    for text, half in (("500M/day", 0.5), ("2/s", 0.5), ("50B", 1.0), ("50B/month", 1.0),
                       ("6B/mo", 1.0), ("600B/year", 1.0), ("600B/y", 1.0)):  # fmt: skip
        read = tokens_per_month(text)
        assert in_month(read, 365.0) == pytest.approx(read * half)
    for text, rent in (("$1460/month", 4.0), ("$1460/gpu-month", 4.0), ("$1460/mo", 4.0),
                       ("$2/h", 2.0), ("$17520/year", 2.0), ("2", 2.0)):  # fmt: skip
        assert usd_per_gpu_hour(text) == pytest.approx(2.0)
        assert in_month(usd_per_gpu_hour(text), 365.0) == pytest.approx(rent)
    assert in_month(usd_per_month("$2/h"), 365.0) == pytest.approx(730.0)
    assert in_month(usd_per_year("$15k/month"), 365.0) == 180e3
    third = tokens_per_month("3M/day").times(1 / 3)  # type: ignore[attr-defined]
    assert in_month(third, 365.0) == pytest.approx(1e6 * 365 / 24)
    again = Rate(*tokens_per_month("3M/day").__getnewargs__())  # type: ignore[attr-defined]
    assert (again, again.power) == (pytest.approx(3e6 * 730 / 24), 1)


@given(value=st.floats(1e-6, 1e15))
def test_a_number_shown_reads_back_to_three_digits(value: float) -> None:
    assert tokens_per_month(show_tokens(value)) == pytest.approx(value, rel=5.1e-3)
    assert number(show_number(value, 6)) == pytest.approx(value, rel=5.1e-6, abs=1e-11)


@given(value=st.floats(0.01, 1e12))
def test_dollars_shown_read_back_to_three_digits_or_the_dollar(value: float) -> None:
    assert usd(show_usd(value)) == pytest.approx(value, rel=5.1e-3)
    if value >= 100:
        assert usd(show_usd(value)) == pytest.approx(value, abs=0.501)


@given(value=st.floats(1e-4, 1e4))
def test_a_price_shown_reads_back(value: float) -> None:
    assert usd_per_mtok(f"{show_usd_per_mtok(value)}/Mtok") == pytest.approx(value, rel=5.1e-3)


@given(value=st.floats(1e-6, 1e7))
def test_a_duration_shown_reads_back(value: float) -> None:
    assert seconds(show_seconds(value)) == pytest.approx(value, rel=6e-3)


@given(value=st.floats(0, 1))
def test_a_share_shown_reads_back(value: float) -> None:
    assert share(show_share(value)) == pytest.approx(value, rel=5.1e-3, abs=1e-13)


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (lambda: show_tokens(5e10), "50B"),
        (lambda: show_tokens(999.9e9), "1T"),
        (lambda: show_tokens(0), "0"),
        (lambda: show_usd(1234567), "$1,234,567"),
        (lambda: show_usd(2.5), "$2.50"),
        (lambda: show_usd(99.999), "$100"),
        (lambda: show_usd(0.0375), "$0.0375"),
        (lambda: show_usd(-1234.4), "-$1,234"),
        (lambda: show_price(0.1), "0.10"),
        (lambda: show_price(1234.5), "1,234.50"),
        (lambda: show_price(1234.56), "1,234.56"),
        (lambda: show_share(0.35), "35%"),
        (lambda: show_seconds(0.03), "30ms"),
        (lambda: show_seconds(0), "0s"),
        (lambda: show_usd(math.inf), NOTHING),
        (lambda: show_tokens(math.nan), NOTHING),
        (lambda: show_number(999.4), "999"),
        (lambda: show_number(999.5), "1k"),
        (lambda: show_number(-2500.0), "-2.5k"),
        (lambda: show_number(1e15), "1000T"),
        (lambda: show_number(9.994e17), "999000T"),
        (lambda: show_number(1e18), "1e+18"),
        (lambda: show_number(1234567.0, 2), "1.2M"),
        (lambda: show_usd(99.994), "$99.99"),
        (lambda: show_usd(99.995), "$100"),
        (lambda: show_usd(0), "$0"),
        (lambda: show_usd(-2.5), "-$2.50"),
        (lambda: show_usd(1e15), "$1e+15"),
        (lambda: show_usd(9.99e14), "$999,000,000,000,000"),
        (lambda: show_price(0.9994), "0.999"),
        (lambda: show_price(1.0), "1.00"),
        (lambda: show_price(1e15), "1e+15"),
        (lambda: show_price(math.nan), NOTHING),
        (lambda: show_rate(0.0375), "$0.0375"),
        (lambda: show_rate(2.0), "$2"),
        (lambda: show_usd_per_mtok(math.inf), NOTHING),
        (lambda: show_usd_per_mtok(2.5), "$2.50"),
        (lambda: show_score(999.4), "999.4"),
        (lambda: show_score(999.5), "1000"),
        (lambda: show_score(85.31), "85.31"),
        (lambda: show_share(0.12345), "12.3%"),
        (lambda: show_share(math.nan), NOTHING),
        (lambda: show_seconds(0.9994), "999ms"),
        (lambda: show_seconds(0.9996), "1s"),
        (lambda: show_seconds(59.94), "59.9s"),
        (lambda: show_seconds(59.96), "1min"),
        (lambda: show_seconds(3594.0), "59.9min"),
        (lambda: show_seconds(3596.0), "59.9min"),
        (lambda: show_seconds(3599.0), "1h"),
        (lambda: show_seconds(90.0), "1.5min"),
        (lambda: show_seconds(3600.0), "1h"),
        (lambda: show_seconds(5400.0), "1.5h"),
        (lambda: show_seconds(math.inf), NOTHING),
        (lambda: in_unit(0.85, "share"), "85%"),
        (lambda: in_unit(240000, "USD/year"), "$240,000/year"),
        (lambda: in_unit(0.05, "s/token"), "50ms"),
        (lambda: in_unit(90.0, "s"), "1.5min"),
        (lambda: in_unit(2.0, "factor"), "x2"),
        (lambda: in_unit(True, "switch"), "yes"),
        (lambda: in_unit(False, "switch"), "no"),
        (lambda: in_unit("tensor", "x"), "tensor"),
        (lambda: in_unit(1.0, "one of tensor, expert"), "expert"),
        (lambda: in_unit(0.0, "one of tensor, expert"), "tensor"),
        (lambda: in_unit(0.5, "one of tensor, expert"), "0.5"),
        (lambda: in_unit(1234567.0, "tokens/month"), "1.23M"),
        (lambda: in_unit(1234567.0, "tokens"), "1.235M"),
        (lambda: with_unit(0.85, "share"), "85%"),
        (lambda: with_unit(2.1, "USD/GPU-hour"), "$2.10/GPU-hour"),
        (lambda: with_unit(0.05, "s/token"), "50ms"),
        (lambda: with_unit(2.0, "s"), "2s"),
        (lambda: with_unit(2.0, "factor"), "x2"),
        (lambda: with_unit(1.0, "one of tensor, expert"), "expert"),
        (lambda: with_unit(3.0, "engineers"), "3 engineers"),
        (lambda: with_unit(3.0, ""), "3"),
        (lambda: with_unit(5e10, "tokens/month"), "50B tokens a month"),
    ],
)
def test_a_screen_shows_few_digits(shown: Callable[[], str], text: str) -> None:
    assert shown() == text


def test_a_range_goes_evenly_from_end_to_end() -> None:
    assert span("0.2..0.8:4", share).values == pytest.approx([0.2, 0.4, 0.6, 0.8])


def test_a_log_range_goes_by_equal_factors() -> None:
    values = span("1B..1T:log4", tokens_per_month).values
    assert values == pytest.approx([1e9, 1e10, 1e11, 1e12])
    assert values[0] == 1e9
    assert values[-1] == 1e12


@pytest.mark.parametrize(
    "text", ["1..2", "2..1:3", "1..1:3", "1..2:1", "1..2:99999", "0..1:log3", "..:3", "", "a..b:3"]
)
def test_a_range_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"write for example|from low to high"):
        span(text)


def test_a_ratio_splits_into_shares_of_which_one_may_be_nothing() -> None:
    assert split("3:1") == (0.75, 0.25)
    assert split("1:0") == (1.0, 0.0)
    with pytest.raises(UsageError):
        split("0:0")
