"""Fleets that are not always on: their bills, curves, search, words and refusals."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st
from one_by_one import alone
from running import DAY, run
from strategies import (
    TOKENS,
    Floats,
    magnitude,
    own_option,
    self_options,
    settings_of_a_question,
    usd_at,
)

from tco.analysis.compare import compare
from tco.analysis.explain import explain
from tco.analysis.montecarlo.montecarlo import monte_carlo
from tco.analysis.plan.plan import plan
from tco.analysis.results import OptionResult
from tco.analysis.sensitivity import sensitivity
from tco.analysis.size.size import size
from tco.engine.fleet import Billing, Duty, steepened
from tco.engine.ledger import total_usd
from tco.errors import UsageError
from tco.options.bills import SelfOption, lines, monthly_usd
from tco.options.candidates import option_of, own_setups, setup_id
from tco.options.curves import curve
from tco.options.names import resolve
from tco.options.scenario import schedule
from tco.options.selection import select
from tco.options.settings import Settings

WEEKDAYS = schedule("mon-fri 08:00-20:00")
NAME = "self/llama-3.3-70b@1xmi300x:fp8/runpod:on_demand_secure"
OWN = "self/llama-3.3-70b@2xh100-sxm:fp8/own:48m"
RESERVED = "self/llama-3.3-70b@2xh100-sxm:fp8/gcp:reserved_1y"
WAYS: tuple[Billing, ...] = ("autoscaled", "scale_to_zero", "scheduled")


def fields(billing: str) -> dict[str, Any]:
    return {"billing": billing, "schedule": WEEKDAYS if billing == "scheduled" else None}


def row(asked: Any, name: str, billing: str = "always_on", **more: Any) -> OptionResult:
    inputs = asked(tokens=more.pop("tokens", 50e9), profile="chat", **fields(billing), **more)
    return explain(inputs, name).option


def hours_of(shape: Floats, billing: Billing) -> Duty:
    opened = np.where(np.arange(shape.size) % 4 == 3, 0.0, 1.0)
    closed = billing == "scheduled"
    return Duty(
        billing=billing,
        week=shape / shape.mean(),
        open_share=opened if closed else np.ones_like(shape),
        gaps_h=np.ones(shape.size // 4) if closed else np.zeros(0),
        title="test",
    )


toy_weeks = st.lists(magnitude(0.05, 20.0), min_size=4, max_size=8).map(np.asarray)


@trials(max_examples=60)
@given(
    option=self_options(),
    settings=settings_of_a_question(),
    week=toy_weeks,
    billing=st.sampled_from(["autoscaled", "scheduled"]),
    purchase=st.sampled_from(["given", "reserved_1y"]),
    replicas=magnitude(0.01, 60.0),
)
def test_a_curve_is_the_bill_of_a_fleet_that_is_switched(
    option: SelfOption,
    settings: Settings,
    week: Floats,
    billing: Billing,
    purchase: str,
    replicas: float,
) -> None:
    if option.owned is not None:
        purchase, option = "48m", replace(option, seller="own")
    option = replace(option, hours=hours_of(week, billing), purchase=purchase)
    made = alone(curve(option, settings))
    assert option.tokens_per_s is not None
    up_to = replicas * option.tokens_per_s * 730 * 3600
    if made.pieces_until(up_to) > 20_000:
        return
    steps = made.until(up_to)
    assert steps.edges[-1] >= up_to
    low = np.concatenate([[0.0], steps.edges[:-1]])
    wide = steps.edges - low > 1e-6 * steps.edges
    inside = [(low + part * (steps.edges - low))[wide] for part in (0.01, 0.5, 0.99)]
    volume = np.concatenate(inside)[:6_000]
    usd = usd_at(option, settings, volume)
    np.testing.assert_allclose(steps.at(volume), usd, rtol=1e-9, atol=1e-6)
    slack = 1e-6 + 1e-7 * usd
    assert np.all(usd >= made.slope * volume + made.low - slack)
    assert np.all(usd <= made.slope * volume + made.high + slack)


@pytest.mark.parametrize("path", ["serving.zones", "serving.availability_target"])
@pytest.mark.parametrize("billing", ["always_on", "autoscaled"])
def test_a_curve_is_the_bill_with_zones_and_with_a_target(
    asked: Any, path: str, billing: str
) -> None:
    value = 3.0 if path.endswith("zones") else 0.999
    inputs = asked(profile="chat", settings={path: value}, **fields(billing))
    option = resolve(NAME, inputs).best
    made = alone(curve(option, inputs.settings))
    volume = np.geomspace(1e8, 2e12, 400) * 1.0000123
    usd = usd_at(option, inputs.settings, volume)
    np.testing.assert_allclose(made.until(2.1e12).at(volume), usd, rtol=1e-9)
    assert np.all(usd >= made.slope * volume + made.low - 1e-6)
    assert np.all(usd <= made.slope * volume + made.high + 1e-6)


@pytest.mark.parametrize("billing", ["always_on", *WAYS])
def test_the_search_agrees_with_the_bill(asked: Any, billing: str) -> None:
    inputs = asked(
        tokens=30e9,
        profile="chat",
        models=("llama-3.3-70b",),
        purchases=("on_demand", "reserved_1y", "own", "spot", "dedicated"),
        **fields(billing),
    )
    own = own_setups(inputs, select(inputs.catalog, inputs.request))
    rows = own.pairs_of("llama-3.3-70b")[::23]
    volumes = np.array([3e7, 30e9])
    found = monthly_usd(own, inputs.settings, rows, volumes)
    for pair, usd in zip(rows.tolist(), found, strict=True):
        option = option_of(own, pair)
        bill = usd_at(option, inputs.settings, volumes)
        spot = option.purchase.startswith("spot")  # its restarts are a line of their own
        np.testing.assert_allclose(usd, bill, rtol=1e-9 if not spot else 1e-6)


def test_what_is_reserved_is_paid_whether_on_or_off_and_says_so(asked: Any) -> None:
    always, scaled = row(asked, RESERVED), row(asked, RESERVED, "autoscaled")
    assert scaled.monthly_usd == always.monthly_usd
    assert any("reserved: paid whether on or off" in note for note in scaled.notes)


def test_what_is_bought_saves_electricity_only_and_says_so(asked: Any) -> None:
    always, scaled = row(asked, OWN), row(asked, OWN, "autoscaled")
    same = {line.item: line.amount_usd for line in always.lines if line.group != "power"}
    assert same == {x.item: x.amount_usd for x in scaled.lines if x.group != "power"}
    assert scaled.breakdown is not None
    assert always.breakdown is not None
    assert scaled.breakdown.power < always.breakdown.power
    assert any("bought: off hours save electricity only" in note for note in scaled.notes)


def test_rent_is_paid_for_the_hours_on_and_the_idle_figure_follows(asked: Any) -> None:
    always, scaled = row(asked, NAME), row(asked, NAME, "autoscaled")
    assert always.scaling is None
    assert scaled.scaling is not None
    assert scaled.lines[0].quantity == pytest.approx(scaled.scaling.billed_gpus * 730)
    assert scaled.scaling.billed_gpus < (scaled.gpus or 0.0)
    assert always.breakdown is not None
    assert scaled.breakdown is not None
    assert scaled.breakdown.compute == pytest.approx(always.breakdown.compute)
    assert scaled.breakdown.idle < always.breakdown.idle
    assert scaled.utilization is not None
    assert always.utilization is not None
    assert scaled.utilization.paid_hours > always.utilization.paid_hours


def test_a_week_by_hand(asked: Any) -> None:
    # One GPU serves 1,000 tokens a second, in an hour 3.6M; nothing is kept free. Of four hours
    # one has four times the load of the others: 4/7, 4/7, 4/7 and 16/7 of the mean.
    settings = asked(
        tokens=7 * 3.6e6 * 730 / 4,
        settings={
            "serving.headroom": 1.0,
            "serving.wait_beta": 0.0,
            "serving.redundancy": 0.0,
            "workload.peak_to_mean": 16 / 7,
            "plan.lead_h": 0.0,
        },
    ).settings
    option = own_option(tokens_per_s=1_000.0, gpus=1, instance_gpus=1, usd_per_gpu_hour=2.0)
    option = replace(option, hours=hours_of(np.array([1.0, 1.0, 1.0, 4.0]), "autoscaled"))
    assert lines(option, settings)[0].quantity == pytest.approx(730 * (1 + 1 + 1 + 4) / 4)
    late = settings.with_values({"plan.lead_h": 0.5})  # the peak's three more, half an hour early
    assert lines(option, late)[0].quantity == pytest.approx(730 * (7 + 3 * 0.5) / 4)
    hourly = settings.with_values({"plan.lead_h": 0.5, "fleet.billing_step_s": 3600.0})
    assert lines(option, hourly)[0].quantity == pytest.approx(730 * (7 + 3) / 4)


def test_a_schedule_moves_the_load_inside(asked: Any) -> None:
    always, closed = row(asked, NAME), row(asked, NAME, "scheduled")
    assert closed.scaling is not None
    assert closed.scaling.open_hours_per_week == 60
    assert (closed.replicas or 0.0) > (always.replicas or 0.0)
    on = (60 + 5 * 0.25) / 168
    assert closed.lines[0].quantity == pytest.approx((closed.gpus or 0.0) * 730 * on)


def test_few_requests_cost_little_and_the_wait_is_told(asked: Any) -> None:
    always = row(asked, NAME, tokens=1e6)
    asleep = row(asked, NAME, "scale_to_zero", tokens=1e6)
    assert asleep.scaling is not None
    assert asleep.scaling.waiting_share is not None
    assert asleep.scaling.waiting_share > 0.5
    assert asleep.lines[0].amount_usd < 0.3 * always.lines[0].amount_usd
    steps = explain(asked(tokens=1e6, profile="chat", billing="scale_to_zero"), NAME).steps
    assert any("cold starts a month" in step for step in steps)


def test_a_seller_by_the_second_is_told_from_one_by_the_hour(asked: Any) -> None:
    modal = "self/llama-3.3-70b@2xh100-sxm:fp8/modal:on_demand"
    inputs = asked(tokens=50e9, profile="chat", billing="autoscaled")
    option = resolve(modal, inputs).best
    assert isinstance(option, SelfOption)
    assert option.billing_step_s == 1.0
    hourly = replace(option, billing_step_s=3600.0)
    one, other = (float(np.asarray(total_usd(lines(o, inputs.settings)))) for o in (option, hourly))
    assert one < other
    given = asked(
        tokens=50e9,
        profile="chat",
        billing="autoscaled",
        settings={"fleet.billing_step_s": 3600.0},
    )
    same = total_usd(lines(resolve(modal, given).best, given.settings))
    assert float(np.asarray(same)) == pytest.approx(other)


@pytest.mark.parametrize("billing", WAYS)
def test_every_question_is_answered(asked: Any, billing: str) -> None:
    inputs = asked(tokens=20e9, profile="chat", **fields(billing))
    swings = sensitivity(inputs, "gpt-4.1", NAME)
    assert swings.rows
    run_ = monte_carlo(inputs, ["gpt-4.1", NAME], draws=300)
    assert run_.saving is not None
    assert (run_.breakeven is None) == (billing == "scale_to_zero")
    assert compare(replace(inputs)).options


def test_draws_are_the_bills_of_their_settings(asked: Any) -> None:
    inputs = asked(tokens=20e9, profile="chat", billing="autoscaled")
    option = resolve(NAME, inputs).best
    peaks = np.linspace(1.2, 3.0, 7)
    swept = inputs.settings.with_values({"workload.peak_to_mean": peaks, TOKENS: peaks * 1e10})
    together = np.broadcast_to(np.asarray(total_usd(lines(option, swept))), 7)
    for peak, usd in zip(peaks.tolist(), together.tolist(), strict=True):
        one = inputs.settings.with_values({"workload.peak_to_mean": peak, TOKENS: peak * 1e10})
        assert float(np.asarray(total_usd(lines(option, one)))) == pytest.approx(usd)


def test_a_profile_without_hours_takes_those_of_the_nearest_week(asked: Any) -> None:
    inputs = asked(tokens=50e9, billing="autoscaled")
    assert inputs.hours is not None
    assert inputs.hours.title == "the hours of chat"
    assert steepened(inputs.hours.week, 1.86).max() == pytest.approx(1.86)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--billing scheduled", "--schedule goes with --billing scheduled"),
        ("--billing autoscaled --schedule 09:00-17:00", "--schedule goes with"),
        ("--schedule noon", "'noon' is no opening hours"),
        ("--schedule 'mon-fry 08:00-20:00'", "'fry' is no day"),
        ("--schedule '08:00-25:00'", "there is no 25:00"),
        ("--schedule '08:00-08:00'", "is no time at all"),
        ("--billing autoscale", "did you mean autoscaled"),
        ("--billing autoscaled --set fleet.billing_step_s=0", "must be more than 0"),
        ("--set serving.zones=1.5", "a whole number, 1 or more"),
        ("--set serving.availability_target=1", "a share below 1"),
        ("--set serving.replica_availability=50%", "a share from 90% to 100%"),
    ],
)
def test_bad_words_are_one_line(words: str, said: str) -> None:
    import shlex

    result = run("compare", "--tokens", "1B", *shlex.split(words), *DAY)
    assert result.exit_code == 2
    assert said in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_questions_that_hours_mean_nothing_to_say_so(asked: Any) -> None:
    inputs = asked(tokens=50e9, models=("llama-3.3-70b",), billing="autoscaled")
    with pytest.raises(UsageError, match="a plan works out itself"):
        plan(inputs)
    with pytest.raises(UsageError, match="size prices a fleet at full load"):
        size(inputs)
    asleep = asked(tokens=50e9, billing="scale_to_zero")
    with pytest.raises(UsageError, match="no exact break-even volume"):
        curve(resolve(NAME, asleep).best, asleep.settings)


OFFICE = """
schema: 1
sources: {us: {title: our logs, read: 2026-11-01}}
profiles:
  office: {title: office hours, isl: 1200, osl: 200, peak_to_mean: 3, sources: [us],
    hourly: [0, 0, 0, 0, 0, 0, 0, 0, 3, 3, 3, 3, 3, 3, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0]}
"""


def test_hours_without_load_cost_nothing_when_a_fleet_scales_to_zero(tmp_path: Any) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(OFFICE)
    words = ("compare", "--tokens", "1B", "--catalog", str(path), "--profile", "office", "-q")
    words = (*words, "--model", "llama-3.1-8b", "--tier", "self", "-o", "csv", *DAY)
    names = ("--fields", "gpus,mean_gpus", "--billing")
    shown = run(*words, *names, "scale_to_zero")
    gpus, mean = (float(x) for x in shown.stdout.splitlines()[1].split(","))
    assert mean / gpus == pytest.approx(8 / 24, rel=0.02)
    kept = run(*words, *names, "autoscaled").stdout.splitlines()[1].split(",")
    assert float(kept[1]) == pytest.approx(gpus)  # a replica and its spare stay on at night
    steep = run(*words, *names, "autoscaled", "--peak-to-mean", "2")
    assert steep.exit_code == 2
    assert "cannot come from the hours of office: from 3 to 3 is possible" in steep.stderr


def test_spans_of_a_schedule_may_pass_midnight_and_the_weekend() -> None:
    assert schedule("sat-mon 22:00-24:00") == ((frozenset({5, 6, 0}), 1320, 1440),)
    late = schedule("sun 23:30-00:30")
    assert late == ((frozenset({6}), 1410, 1440), (frozenset({0}), 0, 30))


def test_a_replica_lies_in_the_box_that_it_is_rented_in(asked: Any) -> None:
    inputs = asked(models=("llama-3.3-70b",), min_trust="low")
    found = own_setups(inputs, select(inputs.catalog, inputs.request))
    boxes: dict[str, set[int]] = {}
    sized = 0
    for row, at in zip(found.pair_setup.tolist(), found.pair_rent.tolist(), strict=True):
        setup, rent = found.row(row), found.rents[at]
        name = setup_id(setup.model.id, setup.gpu.id, setup.gpus, setup.precision, rent)
        boxes.setdefault(name, set()).add(rent.instance_gpus)
        if rent.sized:
            sized += 1
            assert setup.gpus <= rent.instance_gpus or rent.instance_gpus >= setup.gpu.node_gpus
    assert sized > 100
    assert {len(sizes) for sizes in boxes.values()} == {1}  # no id means two boxes


def test_a_comparison_answers_for_fleets_that_scale_to_zero() -> None:
    """They have no exact break-even, so that no volume turns the answer; bills they have."""
    shown = run("compare", "--tokens", "5B", "--billing", "scale_to_zero", *DAY)
    assert shown.exit_code == 0, shown.output
    assert "tokens a month, or" not in shown.stdout
