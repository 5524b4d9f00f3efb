"""`tco plan -f portfolio.yaml`: assignments, claims of routing, and what is wrong with a file."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import jsonschema_rs
import numpy as np
import pytest
from running import published, run, schema_file
from typer.testing import CliRunner

from tco.analysis.compare import compare
from tco.analysis.portfolio.portfolio import portfolio
from tco.analysis.portfolio.results import PortfolioResult
from tco.analysis.results import OptionResult
from tco.ask.scenario import load_tasks
from tco.catalog.load import Catalog, load_catalog
from tco.catalog.lookup import model_class, quality
from tco.catalog.yaml_lines import load_yaml
from tco.cli.app import app
from tco.engine.assign import breakeven_escalation, reach, share_for_reduction
from tco.engine.ledger import total_usd
from tco.engine.selfhost import project_ftes, team_usd
from tco.errors import DataError, InfeasibleError, UsageError
from tco.options.machines import team_lines
from tco.options.question import prepare
from tco.options.scenario import InlineOption, Scenario
from tco.options.settings import people
from tco.render.output import rendered
from tco.render.words import View

DAY = datetime.date(2026, 11, 21)
CATALOG = load_catalog()
FREE = {"people.api_fte": 0.0}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def planned(text: str, **fields: object) -> PortfolioResult:
    Path("p.yaml").write_text(text, encoding="utf-8")
    inputs = prepare(CATALOG, Scenario(**fields), DAY)  # type: ignore[arg-type]
    return portfolio(inputs, load_tasks("p.yaml"))


def api(name: str, usd_per_request: float) -> InlineOption:
    """Return an option that charges so much for a request of 500 tokens in and 500 out."""
    price = usd_per_request / 1000 * 1e6
    return InlineOption(name=name, kind="api", source="test", input=price, output=price)


CHEAP, MIDDLE, PREMIUM = api("cheap", 0.001), api("middle", 0.006), api("premium", 0.03)
LENGTHS = "isl: 500, osl: 500, cached: 0"


# What the articles say of routing


def test_ninety_five_percent_need_98_percent_of_the_traffic_on_the_cheap_model() -> None:
    """A request at a tenth of a cent against three cents: the share that the claim leaves out."""
    share = float(share_for_reduction(0.95, 0.001, 0.03))
    assert share == pytest.approx(0.983, abs=5e-4)
    mean = float(np.dot([share, 1 - share], [0.001, 0.03]))
    assert 1 - mean / 0.03 == pytest.approx(0.95)
    text = f"""
requests: 1M
against: premium
tasks:
  - {{name: simple, share: {share:.12f}, {LENGTHS}, models: cheap}}
  - {{name: hard, share: {1 - share:.12f}, {LENGTHS}, models: premium}}
"""
    result = planned(text, options=(CHEAP, PREMIUM), settings=FREE)
    assert result.reduction == pytest.approx(0.95, abs=1e-9)
    needed = {r.reduction: r.share for r in result.reductions}
    assert needed[0.95] == pytest.approx(share, abs=1e-9)
    assert "98.3%" in result.verdict


@pytest.mark.parametrize(("routine", "reduction"), [(0.70, 0.677), (0.80, 0.773)])
def test_at_those_prices_routing_the_routine_saves_more_than_claimed(
    routine: float, reduction: float
) -> None:
    mean = float(np.dot([routine, 1 - routine], [0.001, 0.03]))
    assert 1 - mean / 0.03 == pytest.approx(reduction, abs=5e-4)


@pytest.mark.parametrize(("reduction", "share"), [(0.40, 0.414), (0.60, 0.621)])
def test_forty_to_sixty_percent_hold_at_41_to_62_percent_routed(
    reduction: float, share: float
) -> None:
    assert float(share_for_reduction(reduction, 0.001, 0.03)) == pytest.approx(share, abs=5e-4)


@pytest.mark.parametrize(("routine", "reduction", "ratio"), [(0.7, 0.4, 0.43), (0.8, 0.6, 0.25)])
def test_with_70_to_80_percent_routed_the_claim_means_a_dear_cheap_tier(
    routine: float, reduction: float, ratio: float
) -> None:
    """The claim holds at its own shares when what is routed costs 25 to 43 % of the premium."""
    mean = float(np.dot([routine, 1 - routine], [ratio, 1.0]))
    assert 1 - mean == pytest.approx(reduction, abs=5e-3)


def test_three_tiers_are_found_by_the_plan() -> None:
    text = f"""
requests: 1M
against: premium
tasks:
  - {{name: routine, share: 75%, {LENGTHS}, min_score: {{own: 1}}}}
  - {{name: moderate, share: 15%, {LENGTHS}, min_score: {{own: 2}}}}
  - {{name: hard, share: 10%, {LENGTHS}, min_score: {{own: 3}}}}
scores:
  - {{model: cheap, benchmark: own, value: 1, source: ours}}
  - {{model: middle, benchmark: own, value: 2, source: ours}}
  - {{model: premium, benchmark: own, value: 3, source: ours}}
"""
    result = planned(text, options=(CHEAP, MIDDLE, PREMIUM), settings=FREE)
    assert [t.steps[0].option for t in result.tasks] == ["cheap", "middle", "premium"]
    expected = 1 - (0.75 * 0.001 + 0.15 * 0.006 + 0.10 * 0.03) / 0.03
    assert result.reduction == pytest.approx(expected)


def test_a_law_firm_has_three_modes_and_one_private_task() -> None:
    text = """
tasks:
  - {name: intake, requests: 2M, isl: 1500, osl: 200, models: llama-4-scout}
  - {name: analysis, requests: 20k, isl: 12k, osl: 1500, models: claude-opus-4.6}
  - {name: search, requests: 500k, isl: 900, osl: 150, private: true, models: mistral-large-2}
"""
    names = CATALOG.models.models
    private = next(n for n in names if n.startswith("mistral") and names[n].architecture)
    result = planned(text.replace("mistral-large-2", private))
    intake, analysis, search = result.tasks
    assert analysis.steps[0].mode == "api"
    assert search.steps[0].mode == "self"
    assert search.steps[0].model == private
    assert intake.steps[0].model == "llama-4-scout"
    assert result.monthly_usd > result.api_people_usd


# Cascades


def test_a_cascade_pays_below_its_edge_and_not_above() -> None:
    edge = float(breakeven_escalation(0.001, 0.0005, 0.03))
    assert edge == pytest.approx(0.95)
    assert 0.001 + 0.0005 + edge * 0.03 == pytest.approx(0.03)
    for share, chosen in ((edge - 0.01, True), (edge + 0.01, False)):
        result = planned(
            f"""
tasks:
  - {{name: a, requests: 1M, {LENGTHS}, models: premium, cascades: up}}
cascades:
  up: {{try: cheap, escalate: {share}, to: premium, judge: {{usd_per_request: 0.0005}}}}
""",
            options=(CHEAP, PREMIUM),
            settings=FREE,
        )
        assert (result.tasks[0].cascade == "up") is chosen
        row = result.cascades[0]
        assert row.breakeven_escalate == pytest.approx(edge)
        assert row.pays is chosen
        assert row.chosen is chosen


def test_a_cascade_in_a_cascade_is_written_out() -> None:
    result = planned(
        f"""
tasks:
  - {{name: a, requests: 1M, {LENGTHS}, models: premium, cascades: three}}
cascades:
  three: {{try: cheap, escalate: 30%, to: two}}
  two: {{try: middle, escalate: 40%, to: premium, judge: {{usd_per_request: 0.0001}}}}
""",
        options=(CHEAP, MIDDLE, PREMIUM),
        settings=FREE,
    )
    task = result.tasks[0]
    assert [s.option for s in task.steps] == ["cheap", "middle", "premium"]
    assert [s.reach for s in task.steps] == pytest.approx([1, 0.3, 0.12])
    assert reach(np.array([0.3, 0.4])) == pytest.approx([1, 0.3, 0.12])
    assert task.judge_usd == pytest.approx(1e6 * 0.3 * 0.0001)
    assert task.monthly_usd == pytest.approx(1e6 * (0.001 + 0.3 * 0.0061 + 0.12 * 0.03))


def test_a_router_is_paid_on_every_request() -> None:
    text = f"""
router: {{usd_per_request: $0.0002}}
tasks:
  - {{name: a, requests: 1M, {LENGTHS}, models: cheap}}
  - {{name: b, requests: 3M, {LENGTHS}, models: middle}}
"""
    result = planned(text, options=(CHEAP, MIDDLE), settings=FREE)
    assert result.router_usd == pytest.approx(800)
    assert result.monthly_usd == pytest.approx(1000 + 18000 + 800)
    by_model = text.replace("usd_per_request: $0.0002", "model: cheap, isl: 500, osl: 500")
    again = planned(by_model, options=(CHEAP, MIDDLE), settings=FREE)
    assert again.router_usd == pytest.approx(4000)


def test_batch_is_taken_where_it_is_cheaper() -> None:
    half = InlineOption(
        name="half", kind="api", source="test", input=1.0, output=1.0, batch_discount=0.5
    )
    text = f"""
tasks:
  - {{name: now, requests: 1M, {LENGTHS}, models: half}}
  - {{name: later, requests: 1M, {LENGTHS}, models: half, batch: true}}
  - {{name: partly, requests: 1M, {LENGTHS}, models: half, batch: 50%}}
"""
    result = planned(text, options=(half,), settings=FREE)
    assert [t.monthly_usd for t in result.tasks] == pytest.approx([1000, 500, 750])
    assert [t.steps[0].mode for t in result.tasks] == ["api", "batch", "batch"]


def test_a_task_that_waits_needs_no_peak_and_no_latency_of_own_gpus() -> None:
    """As many GPUs as its mean load fills, not its busiest hour, with a limit of its own or not."""
    text = """
tasks:
  - {{name: nightly, tokens: 200B, private: true, models: gpt-oss-120b, batch: {batch}{more}}}
  - {{name: chat, tokens: 2B, private: true, models: gpt-oss-120b}}
"""
    now, later, limited = (
        planned(text.format(batch=batch, more=more), models=("gpt-oss-120b",))
        for batch, more in (("0%", ""), ("true", ""), ("true", ", max_tpot: 50ms"))
    )
    assert later.fleets_usd < 0.8 * now.fleets_usd
    assert later.fleets_usd <= limited.fleets_usd < 0.8 * now.fleets_usd


def test_two_tasks_share_units_that_neither_would_fill() -> None:
    """Units of 1B tokens at $800: the third way to pay besides tokens and GPUs."""
    unit = InlineOption(
        name="unit", kind="fixed", source="test", usd_per_month=800.0, tokens_per_month=1e9
    )
    lone = f"""
tasks:
  - {{name: a, tokens: 0.5B, {LENGTHS}, peak_to_mean: 1, models: [unit, dear]}}
"""
    both = (
        lone + f"  - {{name: b, tokens: 0.5B, {LENGTHS}, peak_to_mean: 1, models: [unit, dear]}}\n"
    )
    dear = InlineOption(name="dear", kind="api", source="test", input=1.0, output=1.0)
    alone = planned(lone, options=(unit, dear), settings=FREE)
    assert alone.tasks[0].steps[0].option == "dear"
    assert alone.tasks[0].other_way_usd == pytest.approx(300)
    shared = planned(both, options=(unit, dear), settings=FREE)
    assert [t.steps[0].option for t in shared.tasks] == ["unit", "unit"]
    assert shared.monthly_usd == pytest.approx(800)
    assert shared.fleets[0].tasks == ("a", "b")
    assert shared.fleets[0].utilization == pytest.approx(1.0)


def compared(scenario: Scenario, catalog: Catalog = CATALOG) -> OptionResult:
    """Return the answer of `tco compare`."""
    found = compare(prepare(catalog, scenario, DAY))
    return next(option for option in found.options if option.id == found.best)


@pytest.mark.parametrize("purchase", ["on_demand", "spot", "reserved_1y", "own", "dedicated"])
def test_a_plan_of_one_task_on_own_gpus_costs_what_compare_says(purchase: str) -> None:
    """No engineers of an API that nothing is sent to, and the power of the work that there is."""
    fields = {
        "purchases": (purchase,),
        "settings": {"people.setup_fte_months": 6.0, "service.egress_factor": 3.0},
    }
    request = Scenario(tokens=50e9, models=("llama-3.3-70b",), tiers=("self",), **fields)  # type: ignore[arg-type]
    best = compared(request)
    result = planned(
        "tasks:\n  - {name: a, tokens: 50B, private: true, models: llama-3.3-70b}\n",
        **fields,
    )
    assert result.monthly_usd == pytest.approx(best.monthly_usd, rel=1e-9)
    assert (result.api_people_usd > 0) == (purchase == "dedicated")
    listed = {row.path for row in result.assumptions}
    assert ("people.api_fte" in listed) == (purchase == "dedicated")
    assert result.fleets_usd + result.own_people_usd == result.monthly_usd - result.api_people_usd
    assert result.tokens_usd == 0.0
    assert sum(s.monthly_usd for s in result.tasks[0].steps) == pytest.approx(result.fleets_usd)


@pytest.mark.parametrize("cached", [None, 0.5])
@pytest.mark.parametrize("model", ["glm-5.3", "glm-5.2"])
def test_sessions_of_a_task_fill_its_fleet_as_compare_fills_it(
    model: str, cached: float | None
) -> None:
    """A task of agents was put on own GPUs as if its requests stood alone: 16 for 96.

    What a provider's cache reads, where that is said, left its sessions out again.
    """
    whole = Scenario(
        requests=500e3, profile="agent-coding", models=(model,), tiers=("self",),
        purchases=("on_demand",),
        settings={} if cached is None else {"workload.cached_share": cached},
    )  # fmt: skip
    best = compared(whole)
    said = "" if cached is None else f", cached: {cached}"
    result = planned(
        "tasks:\n  - {name: a, requests: 500k, profile: agent-coding, private: true, "
        f"models: {model}{said}}}\n",
        purchases=("on_demand",),
    )
    assert result.monthly_usd == pytest.approx(best.monthly_usd, rel=1e-9)
    assert result.fleets[0].gpus == best.gpus


def test_a_promise_of_the_first_token_is_kept_by_the_fleet_as_compare_has_it() -> None:
    """Each replica kept it alone, whatever the volume: $25,561 for $22,789."""
    said = ("--isl", "20k", "--osl", "200", "--peak-to-mean", "6", "--slo", "ttft_p95=3s")
    more = ("--gpu", "rtx-pro-6000", "--seller", "nebius", "--gpus", "1", "--format", "json")
    day = ("--as-of", "2026-11-29", "--tier", "self")
    alone = run(
        "compare", "--tokens", "2.83B", "--model", "gpt-oss-120b", *said, *more, *day
    )  # fmt: skip
    Path("p.yaml").write_text("tasks:\n  - {name: a, tokens: 2.83B, models: gpt-oss-120b}\n")
    done = run("plan", "-f", "p.yaml", *said, *more, *day)
    assert done.exit_code == alone.exit_code == 0, done.output
    best = next(row for row in json.loads(alone.stdout)["options"] if row["feasible"])
    assert json.loads(done.stdout)["monthly_usd"] == pytest.approx(best["monthly_usd"], rel=1e-9)


@pytest.mark.parametrize("hours", ["6h", 24, "7d"])
def test_a_task_that_waits_until_a_deadline_costs_what_compare_says(hours: object) -> None:
    from tco.ask.fields import hours as read

    settings = {"workload.batch_share": 1.0, "workload.deadline_h": read(hours)}
    fields = {"gpus": ("h100-sxm",), "purchases": ("on_demand",)}
    whole = Scenario(
        tokens=500e9, models=("llama-3.3-70b",), tiers=("self",), settings=settings, **fields
    )  # type: ignore[arg-type]
    best = compared(whole)
    result = planned(
        "tasks:\n  - {name: a, tokens: 500B, batch: true, private: true, models: llama-3.3-70b, "
        f"deadline: {hours}}}\n",
        **fields,
    )
    assert result.monthly_usd == pytest.approx(best.monthly_usd, rel=1e-9)
    assert result.fleets[0].gpus == best.gpus


@pytest.mark.parametrize("waits", ["batch: true", "batch: 50%"])
@pytest.mark.parametrize("limit", ["", ", slo: tpot=20ms"])
def test_what_a_task_says_of_waiting_is_what_the_file_says_of_it(waits: str, limit: str) -> None:
    """Its set-ups were picked as if nothing waited, and with a limit nothing of it did."""
    path = "workload.batch_share"
    settings = {path: 1.0 if waits.endswith("true") else 0.5}
    if limit:
        settings["serving.max_tpot_s"] = 0.02
    whole = Scenario(
        users=300e3, profile="chat", models=("llama-3.3-70b",), tiers=("self",),
        purchases=("on_demand",), settings=settings,
    )  # fmt: skip
    best = compared(whole)
    result = planned(
        "tasks:\n  - {name: a, users: 300k, profile: chat, private: true, models: llama-3.3-70b, "
        f"{waits}{limit}}}\n",
        purchases=("on_demand",),
    )
    assert result.monthly_usd == pytest.approx(best.monthly_usd, rel=1e-9)
    assert result.best == (best.id,)


def test_tasks_of_users_and_of_developers_cost_what_compare_says() -> None:
    said = {"models": ("gpt-oss-120b", "glm-5.3"), "tiers": ("hosted",)}
    for who in ({"users": 20e3, "profile": "chat"}, {"developers": 40.0}):
        best = compared(Scenario(**said, **who))  # type: ignore[arg-type]
        task = ", ".join(f"{key}: {value}" for key, value in who.items())
        result = planned(f"tasks:\n  - {{name: a, models: [gpt-oss-120b, glm-5.3], {task}}}\n")
        assert result.monthly_usd == pytest.approx(best.monthly_usd, rel=1e-9)


def test_a_host_runs_its_endpoints_beside_a_fleet_of_ones_own() -> None:
    """Its GPUs take no engineers of one's own, but what is done once is done for them as well."""
    staff = people(
        prepare(CATALOG, Scenario(settings={"people.setup_fte_months": 6.0}), DAY).settings
    )
    projects = staff.usd_per_month * sum(project_ftes(staff))
    of_api = staff.usd_per_month * staff.api_fte
    assert team_usd(staff, 0.0, 0.0, 0.0) == 0.0
    assert team_usd(staff, 0.0, 8.0, 0.0) == projects + of_api > of_api
    assert team_usd(staff, 8.0, 8.0, 0.0) == team_usd(staff, 8.0, 0.0, 0.0) + of_api


@pytest.mark.parametrize("own", [0.0, 1.0, 640.0])
@pytest.mark.parametrize("hosted", [False, True])
@pytest.mark.parametrize("called", [False, True])
def test_the_lines_of_a_team_are_its_cost(own: float, hosted: bool, called: bool) -> None:
    settings = prepare(CATALOG, Scenario(settings={"people.evaluation_fte": 0.3}), DAY).settings
    lines = team_lines(settings, own or None, hosted=hosted, by_token=called)
    usd = float(np.asarray(total_usd(lines)))
    assert usd == pytest.approx(float(team_usd(people(settings), own, hosted, called)))


def two_models(tokens: str) -> dict[str, PortfolioResult]:
    """Return plans of two private tasks on one kind of machine, each alone and together."""
    task = "  - {{name: {0}, tokens: {1}, private: true, models: {0}}}\n"
    names = ("llama-3.3-70b", "gpt-oss-120b")
    texts = {name: "tasks:\n" + task.format(name, tokens) for name in names}
    texts["both"] = "tasks:\n" + "".join(task.format(name, tokens) for name in names)
    only: dict[str, object] = {"sellers": ("hotaisle",), "gpus": ("mi300x",), "gpu_count": 1}
    return {name: planned(text, **only) for name, text in texts.items()}


@pytest.mark.parametrize("tokens", ["2B", "60B", "300B"])
def test_models_share_whole_machines_and_the_team(tokens: str) -> None:
    plans = two_models(tokens)
    both = plans.pop("both")
    assert len(both.fleets) == 2
    gpus = sum(fleet.gpus for fleet in both.fleets)
    paid = sum(fleet.paid_gpus for fleet in both.fleets)
    assert paid == pytest.approx(np.ceil(gpus / 8) * 8)
    alone = [plan.fleets[0] for plan in plans.values()]
    assert sum(fleet.gpus for fleet in alone) == gpus
    saved = sum(fleet.paid_gpus for fleet in alone) - paid
    less = sum(fleet.monthly_usd for fleet in alone) - both.fleets_usd
    settings = prepare(CATALOG, Scenario(), DAY).settings
    extras = settings.value("rent.monitoring_share") + settings.value("rent.other_share")
    assert less == pytest.approx(saved * 1.99 * 730 * (1 + extras), abs=1e-6)
    # One team for both: the engineers of all GPUs together, not of each fleet.
    assert both.own_people_usd == pytest.approx(20_000 * max(1.0, 0.5 + 0.01 * gpus))


def test_a_half_empty_machine_is_filled_up() -> None:
    plans = two_models("2B")
    both = plans.pop("both")
    assert [plan.fleets[0].paid_gpus for plan in plans.values()] == [8.0, 8.0]
    assert sum(fleet.paid_gpus for fleet in both.fleets) == pytest.approx(8.0)
    assert any("machines are filled up" in warning for warning in both.warnings)


def test_bills_add_up() -> None:
    result = planned(Path("written.yaml").read_text(encoding="utf-8") if template() else "")
    parts = (
        result.tokens_usd,
        result.fleets_usd,
        result.own_people_usd,
        result.api_people_usd,
        result.router_usd,
        result.judge_usd,
    )
    assert result.monthly_usd == pytest.approx(sum(parts))
    people = result.own_people_usd + result.api_people_usd
    assert sum(t.monthly_usd for t in result.tasks) == pytest.approx(result.monthly_usd - people)
    assert sum(t.share for t in result.tasks) == pytest.approx(1.0)
    assert all(t.switch for t in result.tasks)


# The command


def template() -> bool:
    found = CliRunner().invoke(app, ["init", "--plan", "written.yaml"])
    return found.exit_code == 0


def test_the_template_is_a_portfolio_that_runs() -> None:
    assert template()
    result = CliRunner().invoke(
        app, ["plan", "-f", "written.yaml", "--as-of", "2026-11-21", "--format", "json", "-q"]
    )
    assert result.exit_code == 0, result.output
    answer = json.loads(result.output)
    assert answer["schema"] == "tco.plan-portfolio/1"
    assert [t["name"] for t in answer["tasks"]] == [
        "legal-intake",
        "legal-analysis",
        "support",
        "fraud-review",
    ]
    again = CliRunner().invoke(app, ["init", "--plan", "written.yaml"])
    assert again.exit_code == 2
    assert "exists" in again.output


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("plan", ["plan", "--tokens", "2T", "--profile", "code-complete"]),
        ("plan-portfolio", ["plan", "-f", "written.yaml"]),
    ],
)
def test_json_follows_its_schema(name: str, command: list[str]) -> None:
    assert template()
    result = CliRunner().invoke(app, [*command, "--as-of", "2026-11-21", "-o", "json", "-q"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.output)
    published(name).validate(document)
    # Amounts in dollars alone have no other money beside them.
    assert document.keys() == schema_file(name)["properties"].keys() - {"currency"}


def test_the_template_follows_the_schema_of_portfolios() -> None:
    assert template()
    value = load_yaml(Path("written.yaml").read_bytes(), "written.yaml").value
    schema = published("portfolio")
    schema.validate(value)
    value["tasks"][0]["colour"] = "red"
    with pytest.raises(jsonschema_rs.ValidationError):
        schema.validate(value)


def test_formats() -> None:
    assert template()
    result = planned(Path("written.yaml").read_text(encoding="utf-8"))
    table = rendered(result, "table", View())
    assert max(len(line) for line in table.splitlines()) <= 80
    assert rendered(result, "csv", View()).startswith("name,served_by,mode,cascade,requests")
    assert "| task |" in rendered(result, "md", View())


def test_a_portfolio_has_no_volume_and_no_curve_of_its_own() -> None:
    assert template()
    for flags in (["--tokens", "50B"], ["--curve", "chat"], ["gpt-4.1"]):
        result = CliRunner().invoke(app, ["plan", "-f", "written.yaml", *flags])
        assert result.exit_code == 2, result.output


# What is wrong with a file

TWO = "requests: 1M\ntasks:\n  - {name: a, share: 70%}\n  - {name: b, share: 20%}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TWO, r"p\.yaml:4: tasks\.1\.share: the shares of the tasks come to 0\.9, not to 1"),
        ("tasks:\n  - {name: a}\n", r"p\.yaml:2: tasks\.0: no volume: give one of"),
        (
            "tasks:\n  - {name: a, requests: 1, tokens: 5}\n",
            r"p\.yaml:2: tasks\.0: requests and tokens: give one of",
        ),
        ("tasks:\n  - {name: a, share: 100%}\n", r"p\.yaml:2: .*a share of what"),
        ("tasks: []\n", r"p\.yaml:1: tasks"),
        (
            "tasks:\n  - {name: a, requests: 5}\n  - {name: a, requests: 6}\n",
            r"p\.yaml:3: tasks\.1\.name: 'a' is a task on line 2",
        ),
        (
            "tasks:\n  - name: a\n    requests: 5\n    hours: [1, -2]\n",
            r"p\.yaml:4: tasks\.0\.hours\.1: Input should be greater than or equal to 0",
        ),
        (
            "tasks:\n  - name: a\n    requests: 5\n    hours: [1, 2]\n",
            r"p\.yaml:4: tasks\.0\.hours: 2 hours are given; a load curve has 24",
        ),
        (
            "tasks:\n  - {name: a, requests: 5, cascades: [x]}\n"
            "cascades:\n  x: {try: gpt-4.1, escalate: 10%, to: y}\n"
            "  y: {try: gpt-4.1, escalate: 10%, to: x}\n",
            r"p\.yaml:4: cascades\.x: the cascade comes back to itself: x -> y -> x",
        ),
        (
            "tasks:\n  - {name: a, requests: 5, cascades: [up]}\n",
            r"p\.yaml:2: tasks\.0\.cascades: no cascade called 'up'",
        ),
        (
            "tasks:\n  - {name: a, requests: 5, cascades: [up]}\n"
            "cascades:\n  up: {try: gpt-4.1, escalate: 130%, to: gpt-4.1}\n",
            r"p\.yaml:4: cascades\.up\.escalate: .*between 0 and 1",
        ),
        ("tasks:\n  - {name: a, requests: 5, colour: red}\n", r"p\.yaml:2: .*unknown key 'colour'"),
        (
            "tasks:\n  - {name: a, requests: 5, slo: ttft_p95=1s}\n",
            r"p\.yaml:2: tasks\.0\.slo: ttft_p95 is no limit of one task",
        ),
        ("tasks:\n  - {name: a, requests: 5m}\n", r"p\.yaml:2: tasks\.0\.requests: 5m: 'm' could"),
        (
            "tasks:\n  - {name: a, requests: 5, models: lama-3.3-70b}\n",
            r"p\.yaml:2: no model called 'lama-3.3-70b'; did you mean llama-3.3-70b",
        ),
        (
            "tasks:\n  - {name: a, requests: 5, profile: chatt}\n",
            r"p\.yaml:2: no traffic profile called 'chatt'",
        ),
        (
            "router: {model: gpt-4.1, usd_per_request: 1}\ntasks:\n  - {name: a, requests: 5}\n",
            r"p\.yaml:1: router: give either usd_per_request or a model",
        ),
    ],
)
def test_one_clear_line(text: str, said: str) -> None:
    with pytest.raises(DataError, match=said) as caught:
        planned(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("needs", "said"),
    [
        ("min_score: {mmlu: 101}", r"p\.yaml:2: task 'a': nothing .*binding: min_score mmlu"),
        ("private: true, models: gpt-4.1", r"binding: private: only own machines"),
        ("models: gpt-4.1, licenses: permissive", r"binding: licence permissive"),
        ("models: gpt-4.1, isl: 3000000", r"a context of"),
        (
            "private: true, models: llama-3.3-70b, max_tpot: 1us",
            r"own GPUs: self/llama-3\.3-70b: too slow",
        ),
        ("models: gpt-4.1, providers: deepinfra", r"binding: providers deepinfra"),
    ],
)
def test_an_impossible_task_names_what_binds(needs: str, said: str) -> None:
    with pytest.raises(InfeasibleError, match=said):
        planned(f"tasks:\n  - {{name: a, requests: 1M, {needs}}}\n")


def test_a_lowest_score_is_reached_by_an_interval_and_by_the_short_name() -> None:
    value = quality(CATALOG.models.models["gpt-oss-120b"])
    assert value is not None and value.high is not None
    text = "tasks:\n  - {{name: a, requests: 1M, models: gpt-oss-120b, min_score: {{arena: {}}}}}\n"
    assert planned(text.format(value.high)).tasks[0].steps[0].model == "gpt-oss-120b"
    with pytest.raises(InfeasibleError, match="binding: min_score arena-text"):
        planned(text.format(value.high + 0.1))


def test_the_old_word_for_a_lowest_score_is_read_and_told() -> None:
    old = "tasks:\n  - name: a\n    requests: 1M\n    quality: {arena: 1400}\n"
    before, now = planned(old), planned(old.replace("quality", "min_score"))
    assert before.tasks == now.tasks
    told = [w for w in before.warnings if "quality is called min_score now" in w]
    assert told == ["p.yaml:4: quality is called min_score now"]
    assert not any("min_score now" in w for w in now.warnings)
    with pytest.raises(DataError, match=r"p\.yaml:4: .*min_score says the same"):
        planned(old + "    min_score: {arena: 1400}\n")


def test_the_filters_of_a_question_hold_for_tasks() -> None:
    text = "tasks:\n  - {name: a, requests: 1M}\n"
    models = CATALOG.models
    for fields in ({"as_good_as": "gpt-4.1"}, {"classes": ("flagship",)}):
        step = planned(text, **fields).tasks[0].steps[0]
        found = models.models[step.model]
        score, bar = quality(found), quality(models.models["gpt-4.1"])
        if "classes" in fields:
            assert model_class(found, models.classes) == "flagship"
        else:
            assert score is not None and bar is not None and (score.high or 0) >= bar.value


def test_an_impossible_task_exits_with_4() -> None:
    Path("p.yaml").write_text(
        "tasks:\n  - {name: a, requests: 1M, min_score: {mmlu: 101}}\n", encoding="utf-8"
    )
    result = CliRunner().invoke(app, ["plan", "-f", "p.yaml"])
    assert result.exit_code == 4
    assert result.output.startswith("tco: p.yaml:2: task 'a'")


def test_the_volume_belongs_to_the_tasks() -> None:
    with pytest.raises(UsageError, match="leave --tokens"):
        planned("tasks:\n  - {name: a, requests: 1M}\n", tokens=1e9)


def test_what_is_shipped_says_no_old_words(tmp_path: Path) -> None:
    written = tmp_path / "portfolio.yaml"
    assert run("init", "--plan", str(written)).exit_code == 0
    for path in (Path("portfolio.yaml"), written):
        done = run("plan", "-f", str(path), "-o", "json", "--as-of", "2026-11-21")
        assert done.exit_code == 0 and json.loads(done.stdout)["tasks"]
        assert "is called" not in done.stderr


def test_tasks_beside_others_keep_the_fleet_that_is_cheapest_for_them() -> None:
    """Two tasks on B200 were put on 15 GH200, dearer, when a third came that uses neither."""
    two = """
  - {name: a, tokens: 30B, profile: chat, models: [llama-3.3-70b], private: true}
  - {name: b, tokens: 20B, profile: rag, models: [llama-3.3-70b], private: true}
"""
    third = "  - {name: d, tokens: 20B, profile: rag, models: [qwen3-32b], private: true}\n"
    parts = [planned("tasks:\n" + t, purchases=("on_demand",)) for t in (two, third)]
    whole = planned("tasks:" + two + third, purchases=("on_demand",))
    assert whole.fleets_usd <= sum(part.fleets_usd for part in parts) * (1.0 + 1e-9)


@pytest.mark.parametrize("whole", ["bursty", "chat"])
@pytest.mark.parametrize("of_task", ["bursty", "chat"])
def test_a_task_keeps_the_room_of_its_own_profile(whole: str, of_task: str) -> None:
    """Bursts of a task's profile were left out, and those of the file's counted in their place."""
    from dataclasses import replace

    known = CATALOG.workloads
    bursty = known.profiles["chat"].model_copy(update={"rate_cv": 1.5})
    both = {**known.profiles, "bursty": bursty}
    catalog = replace(CATALOG, workloads=known.model_copy(update={"profiles": both}))
    fields = {"models": ("llama-3.3-70b",), "tiers": ("self",), "purchases": ("on_demand",)}
    alone = Scenario(tokens=50e9, profile=of_task, **fields)  # type: ignore[arg-type]
    best = compared(alone, catalog)
    Path("p.yaml").write_text(
        f"tasks:\n  - {{name: a, tokens: 50B, profile: {of_task}, private: true}}\n",
        encoding="utf-8",
    )
    asked = Scenario(profile=whole, **fields)  # type: ignore[arg-type]
    result = portfolio(prepare(catalog, asked, DAY), load_tasks("p.yaml"))
    assert result.monthly_usd == pytest.approx(best.monthly_usd, rel=1e-9)
    assert result.fleets[0].gpus == best.gpus


OWN_LOGS = """\
schema: 1
kind: usage-profile
made: "2026-11-20"
by: tco 0.2.0
from: {files: 1, rows: 100, first: "2026-11-02T00:00:00Z", last: "2026-11-16T00:00:00Z",
  digest: sha256-0, left_out: {}, incomplete: false}
all:
  requests: 100
  observed_hours: 336
  requests_per_month: 217
  tokens_per_month: 8900000
  tokens: {read: 1000000, input: 3000000, output: 100000}
  busiest: {day: 1.1, hour: 2.0}
  columns: [below, requests, input, read, output]
  inputs: {standard: [[20000, 90, 900000, 200000, 80000], [400000, 10, 3100000, 800000, 20000]]}
  outputs: [[2000, 100, 100000]]
"""


@pytest.mark.parametrize("whole", [(), ("--profile", "chat"), ("--profile", "ours.yaml")])
def test_a_task_pays_by_the_hours_and_the_lengths_of_its_own_profile(
    whole: tuple[str, ...],
) -> None:
    """Those of the portfolio counted for all: 7 to 10 % off; and no task took a file."""
    Path("ours.yaml").write_text(OWN_LOGS, encoding="utf-8")
    tasks = {
        "ours.yaml": "google/gemini-2.5-pro",
        "chat": "google/gemini-2.5-pro",
        "rag": "deepseek/deepseek-v4.1-flash",
        "code-complete": "deepseek/deepseek-v4.1-flash",
    }
    lines = [
        f"  - {{name: t{n}, requests: 1M, profile: {profile}, models: [{offer.split('/')[1]}], "
        f"providers: [{offer.split('/')[0]}]}}"
        for n, (profile, offer) in enumerate(tasks.items())
    ]
    Path("p.yaml").write_text("\n".join(["tasks:", *lines, ""]), encoding="utf-8")
    day = ("--as-of", DAY.isoformat(), "--format", "json")
    done = run("plan", "-f", "p.yaml", *whole, *day)
    assert done.exit_code == 0, done.stderr
    said = {task["name"]: task["monthly_usd"] for task in json.loads(done.stdout)["tasks"]}
    for n, (profile, offer) in enumerate(tasks.items()):
        question = (offer, "--requests", "1M", "--profile", profile, "--without", "people")
        alone = json.loads(run("explain", *question, *day).stdout)
        usd = sum(line["amount_usd"] for line in alone["option"]["lines"])
        assert said[f"t{n}"] == pytest.approx(usd, rel=1e-9), profile


@pytest.mark.parametrize("length", ["isl: 1000, osl: 10", "osl: 10"])
@pytest.mark.parametrize("whole", [(), ("--profile", "ours.yaml"), ("--profile", "code-complete")])
def test_a_router_is_asked_when_the_task_is_and_as_long_as_is_said(
    whole: tuple[str, ...], length: str
) -> None:
    """The portfolio's hours counted for the calls of a task of its own, and its long requests."""
    Path("ours.yaml").write_text(OWN_LOGS, encoding="utf-8")
    day = ("--as-of", DAY.isoformat(), "--format", "json", "--without", "people")
    routers = {"google/gemini-2.5-pro": "chat", "deepseek/deepseek-v4.1-flash": "rag"}
    for offer, profile in routers.items():
        provider, model = offer.split("/")
        Path("p.yaml").write_text(
            f"router: {{model: {model}, {length}}}\n"
            f"tasks:\n  - {{name: a, requests: 1M, profile: {profile}, isl: 600, osl: 400}}\n",
            encoding="utf-8",
        )
        done = run("plan", "-f", "p.yaml", "--provider", provider, "--tier", "api,hosted", *whole,
                   *day)  # fmt: skip
        assert done.exit_code == 0, done.stderr
        asked = ("--requests", "1M", "--isl", "1000", "--osl", "10", "--cached", "0%")
        alone = json.loads(run("explain", offer, *asked, "--profile", profile, *day).stdout)
        usd = alone["option"]["monthly_usd"]
        assert json.loads(done.stdout)["router_usd"] == pytest.approx(usd, rel=1e-9), offer


def test_the_profile_of_a_task_is_looked_up_from_where_the_portfolio_lies(here: Path) -> None:
    """As its catalogs are: `ours.yaml: no such file` was said of one that lay beside it."""
    (here / "ours").mkdir()
    (here / "ours" / "logs.yaml").write_text(OWN_LOGS, encoding="utf-8")
    tasks = "tasks:\n  - {name: a, requests: 1M, models: gemini-2.5-pro%s}\n"
    of_task, of_all = (
        tasks % ", profile: logs.yaml",
        "workload: {profile: logs.yaml}\n" + tasks % "",
    )
    answers = []
    for text in (of_task, of_all):
        (here / "ours" / "p.yaml").write_text(text, encoding="utf-8")
        done = run("plan", "-f", "ours/p.yaml", "--as-of", DAY.isoformat(), "--format", "json")
        assert done.exit_code == 0, done.stderr
        answers.append(json.loads(done.stdout)["monthly_usd"])
    scenario = "workload: {requests: 1M, profile: logs.yaml}\n"
    (here / "ours" / "s.yaml").write_text(scenario, encoding="utf-8")
    asked = ("explain", "google/gemini-2.5-pro", "-f", "ours/s.yaml", "--as-of", DAY.isoformat())
    done = run(*asked, "--format", "json")
    assert done.exit_code == 0, done.stderr
    answers.append(json.loads(done.stdout)["option"]["monthly_usd"])
    assert answers == pytest.approx([answers[0]] * 3, rel=1e-9)
