"""Months to years: cash when it is paid, payback, waiting, and what is said about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from running import DAY, run

from tco.analysis.horizon.flows import flows, path_of
from tco.analysis.horizon.horizon import horizon
from tco.engine.capital import payback_months, present_value
from tco.engine.ledger import total_usd
from tco.errors import UsageError
from tco.options.bills import lines
from tco.options.names import resolve

API = "openai/gpt-4.1"
HOST = "deepinfra/llama-3.3-70b"
RENTED = "self/llama-3.3-70b@2xh100-sxm:fp8/lambda:on_demand"
OWNED = "self/llama-3.3-70b@2xh100-sxm:fp8/own:48m"


def monthly(inputs: Any, name: str) -> float:
    return float(np.asarray(total_usd(lines(resolve(name, inputs).best, inputs.settings))))


def flow_of(inputs: Any, name: str, start: int = 0) -> Any:
    return flows(resolve(name, inputs).best, path_of(inputs), [start])[0]


@pytest.mark.parametrize("name", [API, HOST, RENTED])
def test_when_nothing_changes_a_horizon_is_so_many_months(name: str, asked: Any) -> None:
    inputs = asked(tokens=50e9, flat_prices=True)
    flow = flow_of(inputs, name)
    assert flow[0] == 0
    assert flow[1:] == pytest.approx(np.full(36, monthly(inputs, name)), rel=1e-12)


@pytest.mark.parametrize("rate", [0.0, 0.1])
def test_owned_gpus_cost_in_cash_what_the_annuity_says(rate: float, asked: Any) -> None:
    settings = {"horizon.months": 48.0, "own.yearly_rate": rate, "own.life_months": 48.0}
    inputs = asked(tokens=50e9, settings=settings)
    bills = np.full(49, monthly(inputs, OWNED))
    bills[0] = 0.0
    cash = flow_of(inputs, OWNED)
    assert cash[0] > 100_000
    assert present_value(cash, rate) == pytest.approx(float(present_value(bills, rate)), rel=1e-9)


def test_what_wears_out_is_bought_again_and_the_old_sold(asked: Any) -> None:
    short = asked(tokens=50e9, settings={"horizon.months": 48.0})
    long = asked(tokens=50e9, settings={"horizon.months": 96.0})
    once, twice = flow_of(short, OWNED), flow_of(long, OWNED)
    assert twice.sum() == pytest.approx(2 * once.sum(), rel=1e-9)


def test_set_up_is_paid_once_at_the_beginning(asked: Any) -> None:
    inputs = asked(tokens=50e9, settings={"people.setup_fte_months": 6.0})
    flow = flow_of(inputs, RENTED, 5)
    assert list(flow[:5]) == [0.0] * 5
    assert flow[5] == pytest.approx(6 * 240_000 / 12)
    plain = flow_of(asked(tokens=50e9), RENTED)
    assert flow[6:] == pytest.approx(plain[6:])


def test_a_reservation_keeps_its_rent_until_it_ends(asked: Any) -> None:
    settings = {"horizon.rent_factor_per_year": 0.5}
    inputs = asked(tokens=50e9, settings=settings)
    rented = resolve(RENTED, inputs).best
    bound = replace(rented, purchase="reserved_1y")
    path = path_of(inputs)
    free, kept = flows(rented, path, [0])[0], flows(bound, path, [3])[0]
    assert np.all(np.diff(free[1:]) < 0)
    for year in (kept[4:16], kept[16:28]):
        assert year == pytest.approx(np.full(12, year[0]))
    assert kept[4] == pytest.approx(free[4])
    assert kept[16] == pytest.approx(free[16])


def test_a_scheduled_price_counts_from_its_day(asked: Any) -> None:
    inputs = asked(tokens=50e9, flat_prices=True)
    changing = next(
        o.id
        for o in inputs.catalog.prices.offers
        if any(p.status == "scheduled" and p.since > inputs.day for p in o.prices)
    )
    result = horizon(inputs, [changing, HOST])
    assert any(changing in event for event in result.events)
    assert result.path[1].usd[0] == pytest.approx(monthly(inputs, changing))
    after = asked(tokens=50e9, as_of=date.fromisoformat(result.path[-1].begins))
    assert result.path[-1].usd[0] == pytest.approx(monthly(after, changing))
    assert result.path[-1].usd[0] != pytest.approx(result.path[1].usd[0])


def test_growth_buys_more_and_a_shrinking_load_keeps_what_was_bought(asked: Any) -> None:
    grown = flow_of(asked(tokens=50e9, settings={"horizon.volume_factor_per_year": 4.0}), OWNED)
    assert (np.diff(grown[1:-1]) > 50_000).any()
    shrunk = flow_of(asked(tokens=500e9, settings={"horizon.volume_factor_per_year": 0.2}), OWNED)
    assert shrunk[1:-1] == pytest.approx(np.full(35, shrunk[1]))


def test_rows_add_up_and_waiting_is_tried_at_every_month(asked: Any) -> None:
    settings = {"horizon.volume_factor_per_year": 3.0, "people.setup_fte_months": 6.0}
    inputs = asked(tokens=100e9, settings=settings)
    result = horizon(inputs, [HOST, RENTED, OWNED])
    cash = np.array([month.usd for month in result.path])
    for place, row in enumerate(result.rows):
        assert row.total_usd == pytest.approx(cash[:, place].sum())
        assert row.npv_usd == pytest.approx(float(present_value(cash[:, place], 0.1)))
    a = cash[:, 0]
    for place, row in enumerate(result.rows[1:], 1):
        assert row.saving_usd == pytest.approx(a.sum() - row.total_usd)
        back = payback_months(a - cash[:, place])
        assert row.payback_months == (None if np.isnan(back) else pytest.approx(back))
        option, path = resolve(row.id, inputs).best, path_of(inputs)
        worth = []
        for start in range(path.months + 1):
            moved = flows(option, path, [start])[0]
            stayed = np.where(np.arange(path.months + 1) <= start, a, 0.0)
            worth.append(float(present_value(stayed + moved, 0.1)))
        assert row.best_start_month == int(np.argmin(worth))
        assert row.best_start_saving_usd == pytest.approx(worth[-1] - min(worth), abs=1e-6)


def test_a_horizon_needs_a_volume_and_two_options(asked: Any) -> None:
    with pytest.raises(UsageError, match="how many tokens"):
        horizon(asked(), [API, HOST])
    with pytest.raises(UsageError, match="against what"):
        horizon(asked(tokens=1e9), [API])
    with pytest.raises(UsageError, match="the same"):
        horizon(asked(tokens=1e9), [API, "gpt-4.1"])


def test_the_command_answers_in_every_format() -> None:
    asks = ("horizon", API, "self/llama-3.3-70b", "--tokens", "200B", "--growth", "5%", *DAY)
    shown = run(*asks, "--assumptions")
    assert shown.exit_code == 0, shown.output
    assert "volume_factor_per_year x1.8 (given)" in shown.stdout
    for kind in ("json", "csv", "md"):
        assert run(*asks, "-o", kind).exit_code == 0
    shrinking = run(*asks[:4], "50B", "--growth=-5%", "--assumptions", *DAY)
    assert "volume_factor_per_year x0.54" in shrinking.stdout
    endless = run(*asks, "--horizon", "1e9")
    assert (endless.exit_code, "600 at most" in endless.output) == (2, True)
    wrong = run("horizon", API, "gtp-4", "--tokens", "5B", *DAY)
    assert wrong.exit_code == 3
    assert "did you mean" in wrong.output
    falling = run(*asks, "--set", "horizon.rent_factor_per_year=0")
    assert falling.exit_code == 2
    assert "more than 0" in falling.output
