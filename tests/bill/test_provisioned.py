"""Provisioned throughput: how many units, what they cost, and where nobody publishes a price."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from one_by_one import alone
from running import DAY, run
from strategies import loads, magnitude, real, settings_of_a_question, usd_at

from tco.analysis.breakeven import breakeven
from tco.analysis.compare import compare
from tco.analysis.explain import explain
from tco.analysis.plan.plan import plan
from tco.catalog.prices import CapacityOffer
from tco.engine.ledger import ProvisionedUnit, units_for, units_used
from tco.engine.shapes import Workload
from tco.errors import InfeasibleError, UsageError
from tco.options.curves import curve
from tco.options.provisioned import ProvisionedOption
from tco.options.scenario import InlineOption, inline_option
from tco.options.settings import Settings

QUOTE = InlineOption(
    name="quote",
    kind="provisioned",
    source="test",
    model="gpt-4.1",
    usd_per_unit_hour=1.0,
    tokens_per_s=2_500.0,
    output_weight=4.0,
    cached_weight=0.0,
    minimum_units=15,
    increment_units=5,
)

units = st.builds(
    ProvisionedUnit,
    tokens_per_s=magnitude(10.0, 1e5),
    output_weight=real(0.0, 10.0),
    cached_weight=real(0.0, 1.0),
    minimum_units=st.integers(1, 200).map(float),
    increment_units=st.integers(1, 50).map(float),
)


@given(load=loads, unit=units)
def test_units_serve_the_peak_and_one_increment_less_would_not(
    load: Workload, unit: ProvisionedUnit
) -> None:
    count = float(units_for(load, unit))
    asked = float(load.peak_requests_per_s * unit.weighed_tokens(load) / unit.tokens_per_s)
    assert count >= max(asked, float(unit.minimum_units)) * (1 - 1e-6)
    assert count / float(unit.increment_units) == pytest.approx(
        round(count / float(unit.increment_units))
    )
    less = count - float(unit.increment_units)
    assert less < max(asked, float(unit.minimum_units)) or less == 0
    assert float(units_used(load, unit)) <= count * (1 + 1e-6)


def test_units_by_hand() -> None:
    # 2 requests a second at the peak: 1000 in, of which 40 % cached count nothing, and 200 out at
    # four each make 1,400 tokens; 2,800 a second over 100 of a unit are 28, sold by 5 from 10 on.
    load = Workload(
        tokens_per_month=1_200 * 730 * 3_600,
        isl=1_000.0,
        osl=200.0,
        cached_share=0.4,
        peak_to_mean=2.0,
    )
    unit = ProvisionedUnit(
        tokens_per_s=100.0,
        output_weight=4.0,
        cached_weight=0.0,
        minimum_units=10.0,
        increment_units=5.0,
    )
    assert unit.weighed_tokens(load) == pytest.approx(1_400.0)
    assert units_for(load, unit) == 30.0
    assert units_used(load, unit) == pytest.approx(14.0)
    assert units_for(load, replace(unit, minimum_units=33.0)) == 35.0


@given(unit=units, settings=settings_of_a_question(), usd=real(0.01, 50.0))
def test_the_curve_is_the_bill(unit: ProvisionedUnit, settings: Settings, usd: float) -> None:
    option = ProvisionedOption(
        id="units",
        tier="api",
        model="up",
        provider="made",
        unit=unit,
        usd_per_unit_hour=usd,
        origin="given",
        source="test",
    )
    made = alone(curve(option, settings))
    volume = np.geomspace(1e3, 3e11, 300) * 1.0000321
    volume = volume[[made.pieces_until(v) < 1e5 for v in volume]]
    steps = made.until(float(volume[-1]))
    assert steps.edges[-1] >= volume[-1]
    bill = usd_at(option, settings, volume)
    np.testing.assert_allclose(steps.at(volume), bill, rtol=1e-9)
    slack = 1e-6 + 1e-9 * bill
    assert np.all(bill >= made.slope * volume + made.low - slack)
    assert np.all(bill <= made.slope * volume + made.high + slack)


def test_a_quote_is_an_option_with_its_idle_share(asked: Any) -> None:
    row = explain(asked(tokens=50e9, options=(QUOTE,)), "quote").option
    assert row.replicas == 20
    assert row.monthly_usd == pytest.approx(20 * 730 + 2_000)
    assert row.utilization is not None
    assert row.breakdown is not None
    assert row.breakdown.idle == pytest.approx(20 * 730 * (1 - row.utilization.paid_hours))
    answer = breakeven(asked(tokens=50e9, options=(QUOTE,)), "openai/gpt-4.1", "quote")
    assert answer.first is not None


def test_a_description_is_read() -> None:
    said = (
        "quote:kind=provisioned,model=gpt-4.1,unit_price=$730/month,tokens_per_s=2500,"
        "output_weight=4,cached_weight=0,minimum=15,increment=5"
    )
    assert replace(inline_option(said), source="test") == QUOTE


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("q:kind=provisioned,unit_price=$1/h", "needs tokens_per_s and output_weight"),
        ("q:kind=provisioned,unit_price=1", "say per what; write $1/h, $260/month"),
        ("q:kind=provisioned,rent=$1/h", "rent does not belong to kind provisioned"),
        (
            "q:kind=provisioned,unit_price=$1/h,tokens_per_s=1,output_weight=1,minimum=0",
            "must be more than 0",
        ),
    ],
)
def test_bad_descriptions_are_one_line(spec: str, words: str) -> None:
    result = run("compare", "--tokens", "1B", "--option", spec, *DAY)
    assert result.exit_code == 2
    assert words in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_units_without_a_price_are_a_stated_gap(asked: Any) -> None:
    with pytest.raises(InfeasibleError, match=r"no price published.*kind=provisioned"):
        explain(asked(tokens=50e9), "azure/ptu")
    rows = compare(asked(tokens=5e9, providers=("azure",), models=("gpt-4.1",))).options
    gap = next(r for r in rows if r.id == "azure/ptu")
    assert not gap.feasible
    assert "no price published" in gap.reasons[0]


def test_units_of_the_catalog_are_billed_by_the_busiest_hour_and_never_win(asked: Any) -> None:
    made = compare(asked(tokens=50e9, models=("gpt-4.1",)))
    units = next(r for r in made.options if r.id == "azure/ptu-gpt-4.1:gpt-4.1")
    # 1,200 tokens in, 37.4 % of them cached for nothing, and 330 out that count four times each.
    weighed = 1200 * (1 - 0.374) + 330 * 4
    peak = 50e9 / 1530 / (730 * 3600) * 1.86
    count = math.ceil(peak * weighed / 50 / 50) * 50
    assert units.monthly_usd == pytest.approx(count * 2 * 730 + 2_000, rel=1e-9)
    assert units.trust == "low" and made.best != units.id


def test_units_of_a_catalog_are_options(asked: Any) -> None:
    offer = CapacityOffer.model_validate(
        {
            "provider": "azure",
            "name": "ptu",
            "unit": "provisioned_unit",
            "models": ["gpt-4.1"],
            "input_tokens_per_s": 50,
            "output_weight": 4,
            "cached_weight": 0,
            "minimum_units": 15,
            "increment_units": 5,
            "prices": [
                {
                    "since": date(2026, 1, 1),
                    "checked": date(2026, 1, 1),
                    "usd_per_hour": usd,
                    "term": term,
                    "evidence": [{"source": "azure", "value": usd}],
                }
                for term, usd in (("on_demand", 1.0), ("year", 0.4))
            ],
        }
    )
    inputs = asked(tokens=5e9, models=("gpt-4.1",))
    names = ("version", "sources", "providers", "offers", "fine_tuning")
    known = {name: getattr(inputs.catalog.prices, name) for name in names}
    prices: Any = SimpleNamespace(**known, capacity=[offer])
    inputs = replace(inputs, catalog=replace(inputs.catalog, prices=prices))
    rows = {r.id: r for r in compare(inputs).options}
    hourly, yearly = rows["azure/ptu:gpt-4.1"], rows["azure/ptu-year:gpt-4.1"]
    assert hourly.monthly_usd is not None
    assert yearly.monthly_usd is not None
    assert (hourly.monthly_usd - 2_000) * 0.4 == pytest.approx(yearly.monthly_usd - 2_000)
    assert "paid for by the year" in yearly.notes
    assert explain(inputs, "azure/ptu:gpt-4.1").option.monthly_usd == hourly.monthly_usd


def test_a_plan_says_how_to_describe_units(asked: Any) -> None:
    inputs = asked(tokens=50e9, options=(QUOTE,))
    with pytest.raises(UsageError, match="describe one as kind=fixed"):
        plan(inputs, overflow="openai/gpt-4.1", own="quote")


def test_the_steps_of_units_multiply_to_what_they_say() -> None:
    """Hidden thinking was left out of the tokens that were shown, not of those that count."""
    for factor in ("1", "2.5"):
        asked = ("--tokens", "20B", "--isl", "1000", "--osl", "200", "--cached", "40%", *DAY)
        thinks = ("--set", f"workload.reasoning_factor={factor}")
        text = " ".join(run("explain", "azure/ptu-gpt-4.1:gpt-4.1", *asked, *thinks).stdout.split())
        shown = re.search(
            r"counts for ([\d,]+) in x \(1 - ([\d.]+)% cached x \(1 - ([\d.]+)\)\) \+ ([\d,]+) out"
            r" x ([\d.]+) = ([\d,]+) input",
            text,
        )
        assert shown, text
        told = (float(x.replace(",", "")) for x in shown.groups())
        read, cached, credit, out, weight, whole = told
        assert out == 200 * float(factor)
        assert whole == round(read * (1 - cached / 100 * (1 - credit)) + out * weight)
