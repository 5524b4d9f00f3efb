"""What must add up, to twelve digits: lines to totals, hours to months, shares to one."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import (
    TOKENS,
    default_settings,
    magnitude,
    options,
    real,
    self_options,
    settings_of_a_question,
    volumes,
)

from tco.analysis.rows import breakdown_of
from tco.engine.capital import annuity
from tco.engine.ledger import total_usd
from tco.options.bills import Option, SelfOption, lines
from tco.options.settings import Settings
from tco.options.without import SWITCHES
from tco.units import HOURS_PER_MONTH

EXACT = 1e-12
EXTRAS = {
    "people.setup_fte_months": 6.0,
    "people.refresh_fte_months_per_year": 3.0,
    "people.evaluation_fte": 0.2,
    "compliance.licence_usd_per_month": 500.0,
    "compliance.audit_usd_per_month": 900.0,
    "workload.retry_share": 0.01,
}


def number(value: object) -> float:
    return float(np.asarray(value, dtype=float))


@given(option=options, settings=settings_of_a_question(), volume=volumes)
def test_lines_sum_to_the_total_and_groups_do_too(
    option: Option, settings: Settings, volume: float
) -> None:
    bill = lines(option, settings.with_values({**EXTRAS, TOKENS: volume}))
    amounts = [number(x.quantity) * number(x.rate_usd) for x in bill]
    whole = number(total_usd(bill))
    assert whole == pytest.approx(sum(amounts), rel=EXACT)
    groups = {x.group for x in bill}
    assert whole == pytest.approx(sum(number(total_usd(bill, g)) for g in groups), rel=EXACT)


@given(
    option=options, settings=settings_of_a_question(), volume=magnitude(1e6, 1e12), used=real(0, 1)
)
def test_the_shares_of_a_bill_sum_to_one(
    option: Option, settings: Settings, volume: float, used: float
) -> None:
    bill = lines(option, settings.with_values({**EXTRAS, TOKENS: volume}))
    whole = number(total_usd(bill))
    parts = asdict(breakdown_of(bill, used))
    if whole > 0:
        assert sum(parts.values()) / whole == pytest.approx(1.0, rel=EXACT)


@given(option=self_options(), settings=settings_of_a_question(), volume=volumes)
def test_an_hour_is_a_part_of_the_month_in_every_line_that_is_paid_by_the_hour(
    option: SelfOption, settings: Settings, volume: float
) -> None:
    bill = lines(option, settings.with_values({**EXTRAS, TOKENS: volume}))
    for line in bill:
        if line.unit in ("GPU-hour", "h"):
            an_hour = number(line.quantity) / HOURS_PER_MONTH * number(line.rate_usd)
            month = sum([an_hour] * int(HOURS_PER_MONTH))
            assert month == pytest.approx(number(line.amount_usd), rel=EXACT)


@given(
    price=magnitude(1.0, 1e7),
    residual=real(0.0, 1.0),
    rate=real(0.0, 0.5),
    months=st.integers(1, 120),
)
def test_an_annuity_and_what_it_is_sold_for_repay_the_loan(
    price: float, residual: float, rate: float, months: int
) -> None:
    payment = number(annuity(price, price * residual, rate, months))
    factor = (1.0 + rate) ** (-np.arange(1, months + 1) / 12.0)
    worth = payment * factor.sum() + price * residual * factor[-1]
    assert worth == pytest.approx(price, rel=1e-11)


RIDING = {"tokens", "rent", "servers", "interest", "cache"}
"""What others are a share of."""
FLEET = {"peak", "headroom", "bursts", "redundancy"}
ALONE = sorted(SWITCHES.keys() - RIDING - FLEET)


@given(option=options, volume=magnitude(1e6, 1e12), name=st.sampled_from(ALONE))
def test_what_is_left_out_and_what_is_left_are_the_whole(
    option: Option, volume: float, name: str
) -> None:
    settings = default_settings().with_values({**EXTRAS, TOKENS: volume})
    one = SWITCHES[name]
    bill = lines(option, settings)
    left = lines(option, settings.with_values(one.settings))
    gone = sum(number(x.amount_usd) for x in bill if x.item in one.items)
    assert number(total_usd(left)) + gone == pytest.approx(number(total_usd(bill)), rel=EXACT)
