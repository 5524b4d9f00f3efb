"""A plan and `tco compare` charge the same GPUs by the same rules, however they are bought."""

from __future__ import annotations

import datetime
from dataclasses import replace

import numpy as np
import pytest

from tco.analysis.plan.bills import base_lines, hybrid_lines, load_curve, peak_lines
from tco.analysis.plan.mix import (
    RentedUnit,
    UnitChoice,
    best_mix,
    machine,
    mix_of,
    pairs,
    rented_unit,
    team_overhead,
)
from tco.analysis.plan.plan import plan
from tco.analysis.plan.results import PlanResult
from tco.catalog.load import load_catalog
from tco.engine.fleet import busiest_stretch
from tco.engine.ledger import total_usd
from tco.options import candidates
from tco.options.bills import SelfOption, best_pairs, fleet, lines, replica_of
from tco.options.candidates import own_setups
from tco.options.machines import DEDICATED, own_bill
from tco.options.names import resolve
from tco.options.question import Question, prepare
from tco.options.scenario import InlineOption, Scenario
from tco.options.selection import select
from tco.options.settings import workload

DAY = datetime.date(2026, 11, 21)
CATALOG = load_catalog()
MODEL = "llama-3.3-70b"
PURCHASES = ("on_demand", "spot", "reserved_1y", "own", "dedicated")
DEAR = InlineOption(name="dear", kind="hosted", source="test", input=1e3, output=1e3)
FLAT = {
    "serving.redundancy": 0.0,
    "serving.peakedness": 0.0,
    "serving.wait_beta": 0.0,
    "plan.spot_availability": 1.0,
    "people.setup_fte_months": 6.0,
    "service.egress_factor": 3.0,
}


def asked(**fields: object) -> Question:
    return prepare(CATALOG, Scenario(**fields), DAY)  # type: ignore[arg-type]


def option_of(purchase: str) -> SelfOption:
    """Return the cheapest set-up that is bought so."""
    inputs = asked(models=(MODEL,), purchases=(purchase,))
    own = own_setups(inputs, select(CATALOG, inputs.request))
    volume = np.array([1e12])
    return candidates.option_of(own, int(best_pairs(own, inputs.settings, MODEL, volume, 1)[0]))


def usd(bill: object) -> float:
    return float(np.asarray(total_usd(bill)))  # type: ignore[arg-type]


def filled(option: SelfOption, units: int) -> Question:
    """Return a month whose even load fills so many units of a set-up."""
    inputs = asked(tokens=1e9, options=(DEAR,), settings=FLAT, models=(MODEL,))
    load = workload(inputs.settings)
    factor = (
        0.999 * units * rented_unit(option, inputs.settings).capacity / float(load.requests_per_s)
    )
    return asked(tokens=1e9 * factor, options=(DEAR,), settings=FLAT, models=(MODEL,))


@pytest.mark.parametrize("purchase", PURCHASES)
def test_all_own_is_the_bill_of_compare(purchase: str) -> None:
    option = option_of(purchase)
    inputs = asked(tokens=3e11, models=(MODEL,), purchases=(purchase,))
    result = plan(inputs, overflow=f"deepinfra/{MODEL}", own=option.id)
    peak = {"workload.peak_to_mean": load_curve(inputs).peak_to_mean}
    expected = usd(lines(option, inputs.settings.with_values(peak)))
    assert result.strategies[1].monthly_usd == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("deadline_h", [0.0, 6.0])
@pytest.mark.parametrize("waits", [0.1, 0.3, 0.7, 1.0])
@pytest.mark.parametrize("hours", [(), (1.0,) * 12 + (3.0,) * 12])
def test_all_own_is_the_bill_of_compare_where_some_can_wait(
    waits: float, deadline_h: float, hours: tuple[float, ...]
) -> None:
    """The peak was lowered twice by what can wait: of 30 % to 128 GPUs where 176 are needed."""
    said = {"workload.batch_share": waits, "workload.deadline_h": deadline_h}
    inputs = asked(tokens=2e12, models=(MODEL,), profile="chat", settings=said)
    option = resolve(option_of("on_demand").id, inputs).best
    result = plan(inputs, overflow=f"deepinfra/{MODEL}", own=option.id, hours=hours)
    curve = load_curve(inputs, hours)
    at = {"workload.peak_to_mean": curve.peak_to_mean}
    if deadline_h:
        week = np.tile(curve.shape, 168 // curve.shape.size)
        at["workload.deadline_peak_to_mean"] = busiest_stretch(week, deadline_h)
    expected = usd(lines(option, inputs.settings.with_values(at)))
    assert result.strategies[1].monthly_usd == pytest.approx(expected, rel=1e-12)
    served = np.array(result.curve.tokens)
    least = float(workload(inputs.settings.with_values(at)).peak_to_mean)
    assert served.max() / served.mean() == pytest.approx(max(1.0, least), rel=1e-6)


@pytest.mark.parametrize("purchase", PURCHASES)
def test_a_hybrid_that_leaves_nothing_to_the_api_is_the_bill_of_compare(purchase: str) -> None:
    """But for a rule of its own: what spot loses the API takes. The power of bought GPUs is that of
    their work (64,551 USD a month at full power all month, 64,361 at that of the work)."""
    option = option_of(purchase)
    inputs = filled(option, 3)
    result = plan(inputs, overflow="dear", own=option.id, hours=(1.0,) * 24)
    hybrid = result.strategies[-1]
    assert hybrid.own_tokens_share == pytest.approx(1.0)
    at = inputs.settings.with_values({"workload.peak_to_mean": 1.0})
    servers = fleet(option, at, replica_of(option, at))
    bill = own_bill(option, at, servers)
    expected = usd(tuple(line for line in bill if not line.item.startswith("spot,")))
    salary = float(np.asarray(at.value("people.salary_usd_per_year")))
    beside = 0.0 if purchase == DEDICATED else salary / 12 * float(at.value("people.api_fte"))
    assert hybrid.gpus == float(servers.paid_gpus)
    assert hybrid.monthly_usd == pytest.approx(expected + beside, rel=1e-9)


@pytest.mark.parametrize("purchase", PURCHASES)
def test_the_lines_of_a_mix_are_what_was_minimised(purchase: str) -> None:
    inputs = asked(tokens=3e11, models=(MODEL,), options=(DEAR,), settings=FLAT)
    made = machine([rented_unit(option_of(purchase), inputs.settings)])
    load = float(workload(inputs.settings).requests_per_s) * load_curve(inputs).shape
    api = resolve("dear", inputs).best
    price = usd(tuple(x for x in lines(api, inputs.settings) if x.group == "tokens"))
    per_load = price / 730 / float(load.mean())
    mix = best_mix([made], load, per_load, inputs.settings)
    assert mix.own_load > 0
    people = float(np.asarray(inputs.settings.value("people.api_fte"))) * 20_000
    bill = usd(hybrid_lines(inputs.settings, api, mix))  # type: ignore[arg-type]
    assert bill == pytest.approx(mix.monthly_usd + people, rel=1e-9)
    moved = [
        x
        for x in (*base_lines(inputs.settings, mix), *peak_lines(inputs.settings, mix))
        if x.unit == "GB" and "storage" not in x.item
    ]
    whole = [x for x in lines(option_of(purchase), inputs.settings) if x.unit == "GB"]
    whole = [x for x in whole if "storage" not in x.item]
    share = mix.own_load / float(load.mean())
    assert usd(tuple(moved)) == pytest.approx(share * usd(tuple(whole)), rel=1e-9)
    assert (usd(tuple(whole)) > 0) == (purchase not in ("own", "dedicated"))


def test_engineers_of_a_dedicated_endpoint_are_those_of_the_api() -> None:
    ask = {"overflow": "dear", "own": option_of("dedicated").id}
    result = plan(asked(tokens=3e11, models=(MODEL,), options=(DEAR,)), **ask)
    for strategy in result.strategies:
        people = [x for x in strategy.lines if x.group == "people" and x.amount_usd]
        assert [(x.item, x.amount_usd) for x in people] == [("engineers", pytest.approx(2_000))]
    assert "people.floor_fte" not in {s.path for s in result.switches}
    listed = {a.path for a in result.assumptions}
    assert "people.api_fte" in listed
    assert not {p for p in listed if p.startswith(("people.fixed", "people.fte", "service."))}


def test_only_gpus_of_ones_own_are_staffed_in_a_mix_of_both() -> None:
    settings = asked(tokens=1e12, settings=FLAT).settings
    own, hosted = (rented_unit(option_of(p), settings) for p in ("reserved_1y", "dedicated"))
    one = np.ones(1)
    alone = team_overhead(own, None, settings)(one, 0 * one)
    assert team_overhead(own, hosted, settings)(one, 5 * one) == pytest.approx(alone)
    only = team_overhead(own, hosted, settings)(0 * one, 5 * one)
    assert 0 < only[0] == pytest.approx(team_overhead(None, hosted, settings)(0 * one, one)[0])
    assert only[0] < alone[0]


def test_no_rent_that_was_left_out_would_have_made_a_cheaper_mix() -> None:
    """Rents with other egress, staff or risk are compared at every use, not at full use alone."""
    inputs = asked(
        tokens=4e11,
        models=(MODEL,),
        purchases=("on_demand", "spot", "reserved_1y", "dedicated"),
        settings={"service.egress_factor": 20.0},
    )
    own = own_setups(inputs, select(CATALOG, inputs.request))
    by_setup: dict[int, list[RentedUnit]] = {}
    for pair in own.pairs_of(MODEL).tolist():
        made = rented_unit(candidates.option_of(own, pair), inputs.settings)
        by_setup.setdefault(int(own.pair_setup[pair]), []).append(made)
    ways = max(by_setup.values(), key=len)
    few = machine(ways)
    every = UnitChoice(
        base=tuple(w for w in ways if not w.spot), peak=tuple(w for w in ways if w.by_the_hour)
    )
    assert len(few.ways) < len(every.ways)
    used = set()
    for load, price in ((8.0, 30.0), (2.0, 120.0), (1.0, 200.0)):
        curve = load * load_curve(inputs).shape[::8]  # of a week 21 hours, of day and night alike
        costs = [
            mix_of(base, peak, curve, price, inputs.settings).stack.usd_per_hour
            for base, peak in pairs(every)
        ]
        best = best_mix([few], curve, price, inputs.settings)
        used |= {way.purchase for way, _ in best.counted}
        assert best.stack.usd_per_hour == pytest.approx(min(costs), rel=1e-9)
    assert used == {"spot", "on_demand", "dedicated"}


def test_what_can_be_given_back_after_any_hour_is_what_compare_says() -> None:
    settings = asked(tokens=1e12).settings
    options = {purchase: option_of(purchase) for purchase in PURCHASES}
    options["given"] = replace(options["on_demand"], purchase="given")
    off = {
        purchase
        for purchase, option in options.items()
        if rented_unit(option, settings).by_the_hour
    }
    assert off == {"on_demand", "spot", "dedicated", "given"}


def spot(result: PlanResult) -> set[str]:
    listed = {a.path for a in result.assumptions}
    return {p for p in listed if "spot" in p}


def test_assumptions_about_spot_are_listed_where_they_enter() -> None:
    inputs = asked(tokens=3e11, models=(MODEL,), options=(DEAR,))
    of_spot = plan(inputs, overflow="dear", own=option_of("spot").id)
    paid = {"rent.spot_overprovision", "rent.spot_interruptions_per_month"}
    assert spot(of_spot) == {*paid, "plan.spot_availability"}
    assert spot(plan(inputs, overflow="dear", own=option_of("on_demand").id)) == set()
