"""Named sets of assumptions: coverage, pay by region, site, electricity."""

from __future__ import annotations

from typing import Any

import pytest
from running import DAY, run

from tco.analysis.explain import explain
from tco.errors import UnknownNameError
from tco.options.settings import KINDS

RENTED = "self/llama-3.3-70b@2xh100-sxm:fp8/lambda:on_demand"
OWN = "self/gpt-oss-120b@4xrtx-4090:mxfp4/own:48m"


def engineers(asked: Any, **fields: Any) -> float:
    bill = explain(asked(tokens=1e9, **fields), RENTED).option.lines
    return next(line.quantity for line in bill if line.item == "engineers")


def test_every_set_changes_what_it_says_and_nothing_else(catalog: Any, asked: Any) -> None:
    usual = asked().settings
    assert set(KINDS) == set(catalog.assumptions.presets)
    for kind, sets in catalog.assumptions.presets.items():
        for name, preset in sets.items():
            settings = asked(**{kind: name}).settings
            for path, setting in settings.items():
                said = preset.values.get(path)
                if said is None:
                    assert setting == usual[path] or path == "workload.tokens_per_month"
                    continue
                assert (setting.value, setting.source) == (said.value, said.source)
                assert setting.low == said.low <= said.value <= said.high == setting.high


def test_coverage_sets_how_many_engineers_a_small_fleet_takes(asked: Any) -> None:
    names = ("best_effort", "business_hours", "shared_24x7", "dedicated_24x7")
    assert [engineers(asked, coverage=name) for name in names] == [0.25, 0.5, 1.5, 2.0]
    assert engineers(asked, coverage="best-effort") == 0.25


def test_a_rotation_of_their_own_takes_eight_where_they_do_nothing_else(asked: Any) -> None:
    assert asked(coverage="dedicated_24x7").settings["people.floor_fte"].high == 8.0


def test_what_is_set_beats_the_named_set(asked: Any) -> None:
    given = {"own.usd_per_kwh": 0.2}
    assert asked(electricity="texas", settings=given).settings.value("own.usd_per_kwh") == 0.2
    assert asked(site="desk", electricity="eu").settings.value("own.usd_per_kwh") == 0.207


def test_a_desk_pays_no_room_no_support_and_the_power_of_a_household(asked: Any) -> None:
    bill = {x.item: x for x in explain(asked(tokens=1e9, site="desk"), OWN).option.lines}
    assert set(bill) == {
        "servers, amortized",
        "failures and repair",
        "electricity, standing ready",
        "electricity, at work",
        "engineers",
    }
    power = bill["electricity, standing ready"]
    # Eight cards of 450 W in PCs of their own, at what they draw with nothing in flight.
    assert power.quantity == pytest.approx(8 * 0.450 * 1.75 * 0.2 * 730)
    assert power.rate_usd == 0.13


def test_pay_by_region_is_wage_times_load(asked: Any) -> None:
    pay = "people.salary_usd_per_year"
    assert asked(salary_region="us").settings.value(pay) == pytest.approx(169_000 * 1.43)
    assert asked(salary_region="us_median").settings.value(pay) == pytest.approx(
        133_080 * 1.43, 1e-5
    )
    large = asked(salary_region="us_large_employer").settings.value(pay)
    assert large == pytest.approx(169_000 * 1.54)


@pytest.mark.parametrize(
    ("kind", "wrong", "told"),
    [
        ("salary_region", "eu", "give --salary"),
        ("coverage", "always", "give --fte"),
        ("site", "moon", "there are colo, own_dc, desk"),
        ("electricity", "mars", "own.usd_per_kwh"),
    ],
)
def test_a_set_that_there_is_not_says_what_to_give(
    kind: str, wrong: str, told: str, asked: Any
) -> None:
    with pytest.raises(UnknownNameError, match=told):
        asked(**{kind: wrong})


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("--coverage", "shared_24x7"), ("--fte", "2")),
        (("--salary-region", "us"), ("--salary", "$200k/year")),
        (("--electricity", "texas"), ("--set", "own.usd_per_kwh=0.1")),
    ],
)
def test_two_ways_of_saying_it_are_refused(one: tuple[str, str], other: tuple[str, str]) -> None:
    told = run("compare", "--tokens", "1B", *DAY, *one, *other)
    assert told.exit_code == 2
    assert "say the same thing in two ways" in told.stderr
