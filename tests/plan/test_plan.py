"""`tco plan` without a file: three bills that agree with each other, and the words about them."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from running import run

from tco.analysis.plan.bills import load_curve
from tco.analysis.plan.mix import MARGIN, mix_of
from tco.analysis.plan.plan import plan
from tco.analysis.plan.results import PlanResult
from tco.catalog.load import load_catalog
from tco.catalog.tasks import load_hours
from tco.engine.fleet import steepened
from tco.errors import DataError, UsageError
from tco.options.hours import checked_hours
from tco.options.question import Question, prepare
from tco.options.scenario import InlineOption, Scenario
from tco.render.jsonio import document
from tco.render.output import rendered
from tco.render.plots import MARKS, stacked
from tco.render.words import View

DAY = datetime.date(2026, 11, 21)
MONDAY = datetime.datetime(2026, 10, 5, tzinfo=datetime.UTC)
SECOND = datetime.timedelta(seconds=1)
CATALOG = load_catalog()


def asked(**fields: object) -> Question:
    return prepare(CATALOG, Scenario(**fields), DAY)  # type: ignore[arg-type]


def own_units(usd: float, tokens: float) -> InlineOption:
    return InlineOption(
        name="units", kind="fixed", source="test", usd_per_month=usd, tokens_per_month=tokens
    )


API = InlineOption(name="api", kind="hosted", source="test", input=1.0, output=1.0)


@pytest.fixture(scope="module", params=[0.0, 0.5], ids=["steady hours", "rate varies"])
def large(request: pytest.FixtureRequest) -> PlanResult:
    asked_for = asked(tokens=2e12, profile="code-complete")
    varies = asked_for.settings.overridden("workload.rate_cv", request.param, "test")
    return plan(replace(asked_for, settings=varies))


def test_the_hybrid_is_never_dearer_than_either_side(large: PlanResult) -> None:
    for row in large.models:
        assert row.hybrid_usd <= row.api_usd + 1e-6
        assert row.own_usd is None or row.hybrid_usd <= row.own_usd + 1e-6


def test_bills_add_up(large: PlanResult) -> None:
    for strategy in large.strategies:
        total = sum(line.amount_usd for line in strategy.lines)
        assert strategy.monthly_usd == pytest.approx(total, rel=1e-12)
    hybrid = large.strategies[-1]
    assert sum(row.monthly_usd for row in large.rows) == pytest.approx(hybrid.monthly_usd)
    tokens = sum(row.tokens_per_month or 0.0 for row in large.rows)
    assert tokens == pytest.approx(2e12, rel=1e-9)


def test_the_picture_has_all_tokens(large: PlanResult) -> None:
    curve = large.curve
    parts = np.array([curve.base, curve.peak, curve.api])
    assert parts.sum(axis=0) == pytest.approx(np.array(curve.tokens))
    assert np.mean(curve.tokens) * 730 == pytest.approx(2e12)
    assert max(curve.tokens) / np.mean(curve.tokens) == pytest.approx(curve.peak_to_mean)


def test_the_next_unit_would_not_pay_and_the_last_one_does(large: PlanResult) -> None:
    unit = large.next_unit
    assert unit is not None
    assert unit.saves_usd < unit.monthly_usd
    assert unit.utilization < unit.needed_utilization
    assert unit.saves_usd / unit.monthly_usd == pytest.approx(
        unit.utilization / unit.needed_utilization
    )


def test_bursts_within_hours_go_to_the_api_and_cost_the_hybrid() -> None:
    """At the same mean of each hour: own GPUs serve less, and the bill is higher."""
    inputs = asked(tokens=4e11, profile="chat")
    names = {"overflow": "gpt-4.1", "own": "self/llama-3.3-70b"}
    usual = plan(inputs, **names)  # type: ignore[arg-type]
    bills, shares = [], []
    for cv in (0.0, 1e-4, 0.2, 0.5, 1.0):
        varies = inputs.settings.overridden("workload.rate_cv", cv, "test")
        hybrid = plan(replace(inputs, settings=varies), **names).strategies[-1]  # type: ignore[arg-type]
        bills.append(hybrid.monthly_usd)
        shares.append(hybrid.own_tokens_share)
    assert (bills[0], shares[0]) == (
        usual.strategies[-1].monthly_usd,
        usual.strategies[-1].own_tokens_share,
    )
    assert bills[1] == pytest.approx(bills[0], rel=1e-3)
    assert bills == sorted(bills)
    assert shares[2:] == sorted(shares[2:], reverse=True)
    assert bills[-1] > 1.1 * bills[0]


def test_own_logs_tell_the_hybrid_how_the_rate_varies(tmp_path: Path) -> None:
    """What all but 1 % of the requests find in flight says so, not the mean of each hour."""
    pytest.importorskip("duckdb")
    rng = np.random.default_rng(1)
    smooth = np.arange(28 * 86_400, step=30)
    clumped = np.repeat(rng.choice(smooth, len(smooth) // 40, replace=False), 40)
    shares = []
    for at in (smooth, clumped):
        rows = "".join(
            f"{(MONDAY + s * SECOND).isoformat()},gpt-5,800,300\n" for s in np.sort(at).tolist()
        )
        (tmp_path / "calls.csv").write_text(f"start,model,input,output\n{rows}")
        path = str(tmp_path / "own.yaml")
        assert run("profile", str(tmp_path / "calls.csv"), "--to", path, "-q").exit_code == 0
        said = ("gpt-4.1", "self/llama-3.3-70b", "--profile", path, "--tokens", "500B")
        found = json.loads(run("plan", *said, "-o", "json", "-q").stdout)
        shares.append(found["strategies"][-1]["own_tokens_share"])
    assert shares[1] < shares[0] - 0.1
    assert any("filled to 85%, by judgment" in note for note in found["warnings"])
    empty = ("--set", "serving.headroom=40%", "-o", "json", "-q")
    emptier = json.loads(run("plan", *said, *empty).stdout)
    assert not any("filled to" in note for note in emptier["warnings"])
    gpus = [answer["strategies"][-1]["gpus"] for answer in (found, emptier)]
    assert gpus[0] != gpus[1]  # a share that was said counts: it was passed over


def test_the_margin_of_own_logs_is_the_headroom_of_others() -> None:
    assert float(asked(tokens=50e9).settings.value("serving.headroom")) == MARGIN


def test_same_weights_on_both_sides(large: PlanResult) -> None:
    assert large.same_weights
    assert large.overflow.endswith(f"/{large.model}")
    assert all(f"self/{large.model}@" in name for name in large.own)


def test_fifty_billion_tokens_are_an_answer() -> None:
    """At today's prices nothing is worth a GPU there, and the screen says from where on it is."""
    result = plan(asked(tokens=50e9))
    api, _, hybrid = result.strategies
    assert hybrid.monthly_usd is not None and api.monthly_usd is not None
    assert hybrid.monthly_usd <= api.monthly_usd
    assert {s.path for s in result.switches} == {
        "price.hosted_factor",
        "workload.tokens_per_month",
        "rent.factor",
        "people.floor_fte",
    }
    assert "earn" in result.verdict


def test_two_options_of_different_models_are_flagged() -> None:
    ask = {"overflow": "openai/gpt-4.1", "own": "self/llama-3.3-70b"}
    result = plan(asked(tokens=50e9), **ask)
    assert not result.same_weights
    assert "different models" in result.verdict


def test_provisioned_units_of_the_golden_figures() -> None:
    """40 % of the API's price at full load, a tenth of the mean each: the study's 0.74 and 0.52."""
    for profile, expected, units in (("code-complete", 0.744, 8), ("chat", 0.516, 11)):
        tokens = 1e12
        unit = own_units(0.4 * tokens / 10 / 1e6, tokens / 10)
        inputs = asked(
            tokens=tokens,
            profile=profile,
            options=(API, unit),
            settings={"people.api_fte": 0.0},
        )
        result = plan(inputs, overflow="api", own="units")
        hybrid = result.strategies[-1]
        assert hybrid.to_api == pytest.approx(expected, abs=5e-4)
        assert result.rows[0].replicas == units
        own = result.strategies[1]
        assert own.to_api == pytest.approx({8: 1.24, 11: 0.68}[units], abs=5e-3)


def test_switch_values_are_where_the_answer_turns(large: PlanResult) -> None:
    inputs = asked(tokens=2e12, profile="code-complete", models=(large.model,))
    for switch in large.switches:
        assert switch.needed is not None
        if switch.path == "workload.tokens_per_month":
            for factor, pays in ((1.02, True), (0.98, False)):
                tokens = switch.needed * factor
                at = plan(
                    asked(tokens=tokens, profile="code-complete", models=(large.model,)),
                )
                assert bool(at.own) >= pays  # another set-up may pay earlier than this one
    assert inputs.volume_given


def test_a_closed_model_needs_the_other_side_named() -> None:
    with pytest.raises(Exception, match=r"gpt-4\.1"):
        plan(asked(tokens=50e9), overflow="gpt-4.1")


def test_a_plan_needs_a_volume() -> None:
    with pytest.raises(UsageError, match="--tokens 50B"):
        plan(asked())


def test_bought_gpus_can_be_the_base() -> None:
    fields = {"tokens": 2e12, "profile": "chat", "models": ("glm-5.2",)}
    rented, bought = (plan(asked(**fields), buy=buy) for buy in (False, True))
    assert bought.strategies[-1].monthly_usd <= rented.strategies[-1].monthly_usd  # type: ignore[operator]
    assert "/own:" in bought.own[0]
    value = next(a.value for a in bought.assumptions if a.path == "plan.purchase")
    assert value == "on_demand, reserved_1y, own"


def test_profiles_without_hours_borrow_the_nearest_week() -> None:
    curve = load_curve(asked(tokens=1e9))
    assert curve.peak_to_mean == pytest.approx(1.86, abs=1e-6)
    assert "chat" in curve.title and curve.origin == "assumed"
    agents = load_curve(asked(tokens=1e9, profile="agent-coding"))
    assert "code-complete" in agents.title
    assert load_curve(asked(tokens=1e9, profile="chat")).shape.size == 168


def test_hours_have_the_peak_that_is_asked_for_or_it_is_refused(tmp_path: Path) -> None:
    """A peak of 400 times the mean was planned as 57 times, and beside own hours as none at all."""
    pair = ("plan", "novita/gpt-oss-120b", "self/gpt-oss-120b", "--tokens", "500B")
    day = ("--as-of", DAY.isoformat())
    done = run(*pair, *day, "--peak", "50000 req/s")
    assert done.exit_code == 2
    assert "--peak: a peak of 402.084 times the mean cannot come from" in done.stderr
    hours = tmp_path / "hours.txt"
    hours.write_text("\n".join(["1"] * 12 + ["3"] * 12))
    done = run(*pair, *day, "--curve", str(hours), "--peak-to-mean", "5")
    assert done.exit_code == 2 and "from 1 to 2 is possible" in done.stderr
    curve = load_curve(asked(tokens=1e9, settings={"workload.peak_to_mean": 1.7}), (1, 3) * 12)
    assert curve.peak_to_mean == pytest.approx(1.7, abs=1e-6)


def test_steepening_keeps_the_mean_and_the_order() -> None:
    week = np.array(CATALOG.workloads.profiles["chat"].hourly)
    steep = steepened(week / week.mean(), 3.0)
    assert steep.mean() == pytest.approx(1.0)
    assert steep.max() == pytest.approx(3.0, abs=1e-6)
    assert (np.argsort(steep, kind="stable") == np.argsort(week, kind="stable")).all()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([1.0] * 23, "23 hours are given"),
        ([1.0] * 23 + [-1.0], "hour 23 is -1"),
        ([0.0] * 24, "all hours are 0"),
    ],
)
def test_bad_curves_are_one_clear_line(values: list[float], said: str) -> None:
    with pytest.raises(DataError, match=said):
        checked_hours(values, "mine")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1 2 3", r"week.txt:1: 3 hours are given"),
        ("\n".join(["1"] * 23 + ["-2"]), r"week.txt:24: an hour has a load of -2"),
        ("\n".join(["1"] * 23 + ["x"]), r"week.txt:24: 'x' is not a load"),
        ("\n".join(f"{h} 1" for h in range(24) if h != 7), r"hour 7 is missing"),
        ("\n".join(f"{h} 1" for h in [*range(24), 3]), r"week.txt:25: hour 3 is given twice"),
        ("", r"week.txt:1: no loads"),
        ("nan " * 24, r"'nan' is not a load"),
    ],
)
def test_bad_files_are_one_clear_line(
    text: str, said: str, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(str(tmp_path))
    Path("week.txt").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=said):
        load_hours("week.txt")


def test_files_with_headings_and_hours_are_read(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(str(tmp_path))
    lines = "\n".join(f"{h},{h + 1}" for h in range(24))
    Path("day.csv").write_text(f"hour,load\n{lines}\n# end\n", encoding="utf-8")
    assert load_hours("day.csv") == tuple(float(h + 1) for h in range(24))


def test_formats(large: PlanResult) -> None:
    json.dumps(document(large))
    table = rendered(large, "table", View())
    assert max(len(line) for line in table.splitlines()) <= 80
    assert "\x1b" not in table
    page = rendered(large, "md", View())
    assert "```text" in page
    assert all(mark in page for mark in MARKS[1:])
    assert "--plot" in table  # where the picture is that a page has
    csv = rendered(large, "csv", View())
    assert csv.splitlines()[0].startswith("strategy,resource,paid,replicas,gpus")
    assert json.loads(rendered(large, "json", View()))["schema"] == "tco.plan/1"


def test_a_picture_stacks_its_layers() -> None:
    rows = stacked(([5.0] * 24, [3.0] * 24, [2.0] * 24))
    column = [row[9] for row in rows[:10]]
    assert column == ["░"] * 2 + ["▒"] * 3 + ["█"] * 5
    assert stacked(([0.0] * 24, [0.0] * 24, [0.0] * 24)) == ()


def test_no_other_mix_of_the_same_units_is_cheaper(large: PlanResult) -> None:
    """The choice of set-up and rents is exact: every pair of every machine is tried again."""
    from tco.analysis.plan.mix import best_mix, machines, pairs
    from tco.options.candidates import own_setups
    from tco.options.selection import select

    inputs = asked(tokens=4e11, profile="chat", models=("llama-3.3-70b",))
    own = own_setups(inputs, select(CATALOG, inputs.request))
    made = machines(own, "llama-3.3-70b", inputs.settings)
    load = 40.0 * load_curve(inputs).shape
    best = best_mix(made, load, 4.0, inputs.settings)
    every = [
        mix_of(base, peak, load, 4.0, inputs.settings).stack.usd_per_hour
        for one in made
        for base, peak in pairs(one)
    ]
    assert best.stack.usd_per_hour == pytest.approx(min(every), rel=1e-9)


def test_a_question_that_leaves_nothing_to_mix_is_refused() -> None:
    for fields in ({"private": True}, {"tiers": ("self",)}, {"tiers": ("hosted",)}):
        with pytest.raises(UsageError, match="nothing to mix"):
            plan(asked(tokens=50e9, **fields))
    with pytest.raises(UsageError, match="no tokens"):
        plan(asked(tokens=0.0))


def test_a_host_that_is_named_takes_the_overflow() -> None:
    result = plan(asked(tokens=2e12, profile="chat", providers=("together",)))
    assert result.overflow.startswith("together/")


def test_an_enormous_volume_is_planned_in_groups_of_units() -> None:
    result = plan(asked(tokens=1e17, profile="chat", models=("llama-3.3-70b",)))
    api, _, hybrid = result.strategies
    assert hybrid.monthly_usd < api.monthly_usd  # type: ignore[operator]
    assert sum(row.tokens_per_month or 0.0 for row in result.rows) == pytest.approx(1e17)


def test_spot_units_are_paid_for_what_they_do_not_serve() -> None:
    fields = {"tokens": 2e12, "profile": "chat", "models": ("glm-5.2",)}
    spot = plan(asked(**fields, purchases=("spot",)))
    row = spot.rows[0]
    assert row.resource.endswith(":spot") and row.paid == "by the hour"
    assert (row.utilization or 0.0) <= 0.9 + 1e-9
    assert {a.path for a in spot.assumptions} >= {"plan.lead_h", "plan.spot_availability"}
