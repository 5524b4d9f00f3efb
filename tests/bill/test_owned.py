"""GPUs that are bought: as options, in the bill, in break-evens."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from strategies import TOKENS, magnitude, real

from tco.analysis.compare import compare
from tco.analysis.explain import explain
from tco.engine.capital import annuity, capital_recovery
from tco.engine.ledger import total_usd
from tco.errors import DataError, UsageError
from tco.options.bills import SelfOption, lines
from tco.options.curves import curve
from tco.options.machines import gpu_usd, owned_gpu
from tco.options.names import resolve

OWN = "self/llama-3.3-70b@2xh100-sxm:fp8/own:48m"


def option_of(inputs: Any, name: str = OWN) -> SelfOption:
    found = resolve(name, inputs).best
    assert isinstance(found, SelfOption)
    return found


def test_an_owned_gpu_is_an_option_with_a_typeable_id(asked: Any) -> None:
    inputs = asked(tokens=50e9)
    assert option_of(inputs).id == OWN
    assert option_of(inputs, "self/llama-3.3-70b@2xh100-sxm/own").id == OWN
    short = resolve("self/llama-3.3-70b@2xh100-sxm/own:36m", inputs).best
    assert short.id == OWN.replace("48m", "36m")


def test_buying_is_looked_at_only_when_asked(asked: Any) -> None:
    usual = compare(asked(tokens=50e9, models=("llama-3.3-70b",)))
    assert not any("/own:" in o.id for o in usual.options)
    bought = compare(asked(tokens=50e9, models=("llama-3.3-70b",), purchases=("own",)))
    own = [o for o in bought.options if o.tier == "self"]
    assert own and all("/own:48m" in o.id for o in own)
    assert all(o.upfront_usd for o in own)
    assert all(o.upfront_usd is None for o in bought.options if o.tier != "self")


def test_up_front_cash_and_the_monthly_cost_of_it(asked: Any) -> None:
    row = explain(asked(tokens=50e9), OWN).option
    assert row.gpus == 16 and row.upfront_usd is not None
    # 300,000 for a server of eight; 8 % network, 3 % installation, 2 % spares.
    assert row.upfront_usd == pytest.approx(16 * 37_500 * 1.13)
    items = [line.item for line in row.lines]
    assert items == [
        "servers, amortized",
        "network, amortized",
        "installation, amortized",
        "spares, amortized",
        "support",
        "insurance",
        "failures and repair",
        "monitoring",
        "electricity, standing ready",
        "electricity, at work",
        "room, without power",
        "load balancer",
        "engineers",
    ]
    assert row.monthly_usd == pytest.approx(sum(line.amount_usd for line in row.lines), rel=1e-12)


def test_a_straight_line_carries_no_cost_of_capital(asked: Any) -> None:
    row = explain(asked(tokens=50e9, settings={"own.straight_line": 1.0}), OWN).option
    servers = next(line for line in row.lines if line.item == "servers, amortized")
    assert servers.rate_usd == pytest.approx(37_500 * 0.85 / 48)
    free = asked(tokens=50e9, settings={"own.yearly_rate": 0.0})
    assert row.monthly_usd == pytest.approx(explain(free, OWN).option.monthly_usd)


def test_half_a_straight_line_is_refused(asked: Any) -> None:
    with pytest.raises(UsageError, match="must be 0 or 1"):
        asked(settings={"own.straight_line": 0.5})
    with pytest.raises(UsageError, match="must be more than 0"):
        asked(settings={"own.life_months": 0.0})


def test_owning_what_has_no_price_is_one_line(asked: Any) -> None:
    with pytest.raises(DataError, match="a10g: no purchase price"):
        compare(asked(tokens=1e9, gpus=("a10g",), purchases=("own",)))
    with pytest.raises(DataError, match="a10g: no purchase price"):
        resolve("self/llama-3.1-8b@1xa10g/own", asked(tokens=1e9))
    with pytest.raises(DataError, match="write own:48m"):
        resolve("self/llama-3.1-8b@1xa10/own:soon", asked(tokens=1e9))


def test_a_longer_life_costs_less_a_month(asked: Any) -> None:
    inputs = asked(tokens=50e9)
    cost = [
        explain(inputs, OWN.replace("48m", f"{months}m")).option.monthly_usd
        for months in (24, 36, 48, 60)
    ]
    assert cost == sorted(cost, reverse=True)  # type: ignore[type-var]


@pytest.mark.parametrize("tokens", [1e8, 1e10, 3e11, 2e12])
def test_the_curve_is_the_bill(asked: Any, tokens: float) -> None:
    inputs = asked(tokens=tokens)
    option = option_of(inputs)
    made = curve(option, inputs.settings).first(tokens).at(np.array([tokens]))
    assert made[0] == pytest.approx(float(np.asarray(total_usd(lines(option, inputs.settings)))))


def test_power_rises_with_the_load_and_never_leaves_its_range(asked: Any) -> None:
    inputs = asked(tokens=50e9)
    option = option_of(inputs)
    kwh = []
    for tokens in (1e3, 1e9, 1e10, 1e11):
        bill = lines(option, inputs.settings.with_values({TOKENS: tokens}))
        gpus = next(x.quantity for x in bill if x.item == "servers, amortized")
        kwh.append(sum(float(x.quantity) for x in bill if x.group == "power") / float(gpus))
    rated = 1.370 * 1.54 * 730.0
    assert all(0.2 * rated < x < 0.85 * rated for x in kwh)


def test_a_machine_that_works_as_it_is_needs_no_server(catalog: Any, asked: Any) -> None:
    gpus = catalog.hardware.accelerators
    mac, card = owned_gpu(gpus["apple-m3-ultra"]), owned_gpu(gpus["rtx-5090"])
    assert mac is not None and mac.whole
    assert card is not None and not card.whole
    assert owned_gpu(gpus["a10g"]) is None
    settings = asked(settings={"own.colo_usd_per_kw_month": 0.0}).settings
    option = replace(option_of(asked(tokens=1e9)), owned=mac)
    assert gpu_usd(option, settings, awake=0.0, busy=0.0) < 9_500 / 20


@given(price=magnitude(1.0, 1e7), rate=real(0.0, 0.5), months=real(1.0, 120.0))
def test_an_annuity_repays_its_loan(price: float, rate: float, months: float) -> None:
    monthly = np.expm1(np.log1p(rate) / 12.0)
    payments = annuity(price, 0.0, rate, months)
    # The present value of all payments, the last one a part of a month, is the price.
    worth = payments / capital_recovery(monthly, months)
    assert float(worth) == pytest.approx(price, rel=1e-12)


@given(rate=real(1e-4, 0.5))
def test_an_annuity_repays_its_loan_month_by_month(rate: float) -> None:
    monthly = float(np.expm1(np.log1p(rate) / 12.0))
    payment = float(annuity(1e5, 2e4, rate, 48))
    debt = 1e5
    for _ in range(48):
        debt = debt * (1.0 + monthly) - payment
    assert debt == pytest.approx(2e4, rel=1e-9)


@pytest.mark.parametrize(
    ("name", "site", "there"),
    [(OWN, "desk", False), (OWN, None, True), ("self/llama-3.3-70b@2xh100-sxm:fp8", "desk", True)],
)
def test_only_bought_gpus_on_a_desk_have_no_balancer(
    asked: Any, name: str, site: str | None, there: bool
) -> None:
    row = explain(asked(tokens=50e9, site=site), name).option
    assert any(line.item == "load balancer" for line in row.lines) is there
