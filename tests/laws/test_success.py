"""The cost of an answer that is right: laws of retries, the formula by hand, and escalation."""

from __future__ import annotations

import datetime
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from running import run

import tco
from tco.analysis.compare import compare
from tco.analysis.rows import option_result
from tco.catalog.load import load_catalog
from tco.engine.assign import reach, step_tries, tries_until_right
from tco.engine.ledger import total_usd
from tco.errors import UsageError
from tco.options.bills import lines
from tco.options.curves import curve
from tco.options.names import resolve
from tco.options.question import Question, prepare
from tco.options.scenario import InlineOption, Scenario

DAY = datetime.date(2026, 11, 21)
ON = "2026-11-21"
CATALOG = load_catalog()
TOKENS = "workload.tokens_per_month"
CLASSES = ("small", "mid", "flagship")
FIXED = InlineOption(
    name="box", kind="fixed", source="test", usd_per_month=5e3, tokens_per_month=2e9
)
TIERED = InlineOption(
    name="deal",
    kind="api",
    source="test",
    input=2.0,
    output=8.0,
    tiers=((1e9, 0.1), (1e10, 0.3)),
)
UNITS = InlineOption(
    name="units",
    kind="provisioned",
    source="test",
    model="llama-3.3-70b",
    usd_per_unit_hour=3.0,
    tokens_per_s=900.0,
    output_weight=3.0,
)
NAMES = (
    "openai/gpt-4.1",
    "deepinfra/llama-3.3-70b",
    "self/llama-3.3-70b@2xh100-sxm:fp8/runpod:on_demand_secure",
    "box",
    "deal",
    "units",
)
rates = st.floats(0.05, 1.0)


def asked(rate: float | None = None, tokens: float = 5e9, **more: Any) -> Question:
    """Return a question in which everything is right so often."""
    said = () if rate is None else tuple((n, rate) for n in (*CLASSES, "box", "deal"))
    request = Scenario(tokens=tokens, success=said, options=(FIXED, TIERED, UNITS), **more)
    return prepare(CATALOG, request, DAY)


def bill(inputs: Question, name: str) -> float:
    return float(np.asarray(total_usd(lines(resolve(name, inputs).best, inputs.settings))))


@pytest.mark.parametrize("name", NAMES)
@given(rate=rates, tokens=st.floats(1e8, 1e12))
@settings(max_examples=15)
def test_a_bill_of_right_answers_is_that_of_as_many_tries(
    name: str, rate: float, tokens: float
) -> None:
    retried, more = asked(rate, tokens), asked(None, tokens / rate)
    assert bill(retried, name) == pytest.approx(bill(more, name), rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
@given(rate=rates, tokens=st.floats(1e8, 1e12))
@settings(max_examples=10)
def test_a_curve_has_the_bills(name: str, rate: float, tokens: float) -> None:
    inputs = asked(rate, tokens)
    steps = curve(resolve(name, inputs).best, inputs.settings).first(tokens * 1.01)
    piece = int(np.searchsorted(steps.edges[0], tokens))
    near = np.min(np.abs(steps.edges[0] / tokens - 1.0))
    usd = steps.fixed[0][piece] + steps.slope[0][piece] * tokens
    assert near < 1e-9 or usd == pytest.approx(bill(inputs, name), rel=1e-9)


@pytest.mark.parametrize("name", NAMES)
@given(some=st.tuples(rates, rates))
@settings(max_examples=15)
def test_a_right_answer_never_costs_less_where_fewer_are(
    name: str, some: tuple[float, float]
) -> None:
    low, high = sorted(some)
    assert bill(asked(low), name) >= bill(asked(high), name) * (1 - 1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_all_right_changes_nothing(name: str) -> None:
    plain, right = asked(None), asked(1.0)
    one = option_result(resolve(name, plain).best, plain)
    other = option_result(resolve(name, right).best, right)
    requests = 5e9 / 1530
    assert (one.usd_per_success, one.success) == (None, None)
    assert other.success == 1.0 and other.usd_per_success is not None
    assert other.usd_per_success == pytest.approx((other.monthly_usd or 0.0) / requests, rel=1e-12)
    for field in ("monthly_usd", "lines", "gpus", "band_usd", "breakdown", "utilization"):
        assert getattr(one, field) == getattr(other, field), field


def test_all_right_changes_no_answer() -> None:
    plain = compare(asked(None))
    right = compare(
        prepare(
            CATALOG,
            Scenario(
                tokens=5e9,
                success=tuple((n, 1.0) for n in (*CLASSES, "box", "deal")),
                options=(FIXED, TIERED, UNITS),
            ),
            DAY,
        )
    )
    usd = {o.id: o.monthly_usd for o in plain.options}
    assert all(usd[o.id] == o.monthly_usd for o in right.options)
    known = [o.id for o in plain.options if o.class_ != "unknown"]
    assert {o.id for o in right.options} >= set(known) - {
        o.id for o in plain.options if not o.feasible
    }


@given(rate=rates)
@settings(max_examples=20)
def test_by_hand(rate: float) -> None:
    """Tokens are paid for 1 / rate times, the tenth of an engineer of an API once."""
    inputs = asked(rate)
    row = option_result(resolve("openai/gpt-4.1", inputs).best, inputs)
    fresh, cached, out = (
        5e9 * share for share in (1200 / 1530 * (1 - 0.374), 1200 / 1530 * 0.374, 330 / 1530)
    )
    share = float(np.asarray(inputs.settings.value("workload.cached_share")))
    fresh, cached = 5e9 * 1200 / 1530 * (1 - share), 5e9 * 1200 / 1530 * share
    tokens = (fresh * 2.0 + cached * 0.5 + out * 8.0) / 1e6
    by_hand = (tokens / rate + 0.1 * 240_000 / 12) / (5e9 / 1530)
    assert row.usd_per_success == pytest.approx(by_hand, rel=1e-12)


# The formulas.


@given(rate=st.floats(0.05, 1.0), most=st.integers(1, 60))
def test_a_limit_of_tries_costs_the_same_a_right_answer(rate: float, most: int) -> None:
    made = (1 - (1 - rate) ** most) / rate
    right = 1 - (1 - rate) ** most
    assert made / right == pytest.approx(float(tries_until_right(rate)), rel=1e-9)


@given(
    drawn=st.lists(st.tuples(st.floats(0.05, 1.0), st.floats(1e-6, 1.0)), min_size=1, max_size=5)
)
def test_escalation_is_the_sum_over_its_steps(drawn: list[tuple[float, float]]) -> None:
    success = np.array([rate for rate, _ in drawn])
    usd = np.array([cost for _, cost in drawn])
    by_hand, wrong = 0.0, 1.0
    for i, (rate, cost) in enumerate(drawn):
        by_hand += wrong * cost / (rate if i == len(drawn) - 1 else 1.0)
        wrong *= 1.0 - rate
    assert float(np.sum(step_tries(success) * usd)) == pytest.approx(by_hand, rel=1e-12)
    shares = np.asarray(reach(1.0 - success[:-1]))
    assert np.all(np.asarray(step_tries(success)) >= shares - 1e-12)


@given(
    pair=st.tuples(st.floats(0.05, 0.99), st.floats(0.05, 1.0)),
    usd=st.tuples(st.floats(1e-6, 1.0), st.floats(1e-6, 1.0)),
)
def test_were_tries_independent_nothing_beats_the_cheapest_until_it_is_right(
    pair: tuple[float, float], usd: tuple[float, float]
) -> None:
    chain = float(np.sum(step_tries(np.array(pair)) * np.array(usd)))
    assert chain >= min(cost / rate for rate, cost in zip(pair, usd, strict=True)) * (1 - 1e-9)


# The answers.

SAID: dict[str, Any] = {"tokens": "50B", "as_of": ON}


def test_the_cheapest_is_that_of_right_answers() -> None:
    plain = tco.compare(**SAID, model=["gpt-oss-120b", "deepseek-v4.1-flash"], tier="hosted")
    said = {"gpt-oss-120b": "20%", "deepseek-v4.1-flash": "95%"}
    made = tco.compare(
        **SAID, model=["gpt-oss-120b", "deepseek-v4.1-flash"], tier="hosted", success=said
    )
    best = {o.id: o for o in made.options}
    assert plain.best != made.best
    assert made.best is not None and best[made.best].model == "deepseek-v4.1-flash"
    sure = [o.usd_per_success for o in made.options if o.trust != "low"]
    assert best[made.best].usd_per_success == min(u for u in sure if u is not None)


def test_escalations_are_priced_with_one_team() -> None:
    said = {"small": "60%", "mid": "93%", "flagship": "97%"}
    made = tco.compare(**SAID, success=said)
    rows = {o.id: o for o in made.options}
    assert made.escalations
    for chain in made.escalations:
        success = [step.success for step in chain.steps]
        assert success == sorted(success)
        shares = np.asarray(step_tries(np.array(success))).tolist()
        assert [step.asked for step in chain.steps] == pytest.approx(shares, rel=1e-12)
        if all(rows[step.option].tier != "self" for step in chain.steps):
            tokens = sum(
                step.asked * step.success * _tokens(rows[step.option]) for step in chain.steps
            )
            assert chain.monthly_usd == pytest.approx(tokens + 2000.0, rel=1e-12)
    usd = [chain.monthly_usd for chain in made.escalations]
    assert usd == sorted(usd)
    assert "Where it fails again at what it failed at once, asking " in made.verdict


def _tokens(row: Any) -> float:
    return float(row.breakdown.tokens)


def test_a_model_beats_its_class_and_those_without_a_rate_are_left_out() -> None:
    made = tco.compare(
        **SAID,
        tier="hosted",
        model=["gpt-oss-120b", "llama-3.3-70b", "kimi-k3"],
        success={"small": "80%", "gpt-oss-120b": "90%"},
    )
    found = {o.model: o.success for o in made.options}
    assert found == {"gpt-oss-120b": 0.9, "llama-3.3-70b": 0.8}
    assert any("--success says nothing of" in w for w in made.warnings)
    assert any("tries are taken to be independent" in w for w in made.warnings)


@pytest.mark.parametrize(
    "words",
    [
        ("breakeven", "gpt-4.1", "self/llama-3.3-70b"),
        ("sensitivity", "gpt-4.1", "self/llama-3.3-70b"),
        ("horizon", "gpt-4.1", "self/llama-3.3-70b", "--flat-prices"),
    ],
    ids=lambda words: words[0],
)
def test_other_commands_bill_the_same(words: tuple[str, ...]) -> None:
    said = ("--tokens", "50B", "--as-of", ON, "--success", "small=80%,flagship=95%")
    told = json.loads(run(*words, *said, "--format", "json").stdout)
    row = tco.explain("gpt-4.1", **SAID, success={"flagship": "95%"}).option
    assert row.monthly_usd is not None
    if words[0] == "horizon":
        total = told["rows"][0]["total_usd"]
        assert total == pytest.approx(row.monthly_usd * told["months"], rel=1e-9)
    else:
        assert told["a_usd"] == pytest.approx(row.monthly_usd, rel=1e-12)


def test_a_promise_holds_for_all_that_is_asked() -> None:
    """Tries load the queue as requests do: 88 GPUs were said for one in four, 72 for four times."""
    own: Any = {"slo": "ttft_p95=300ms", "as_of": ON}
    name = "self/llama-3.3-70b@4xh100-sxm"
    (tried, more) = (
        tco.explain(name, tokens=tokens, **own, **said).option
        for tokens, said in (("50B", {"success": ["llama-3.3-70b=25%"]}), ("200B", {}))
    )
    assert tried.gpus == more.gpus == 72
    assert tried.monthly_usd == pytest.approx(more.monthly_usd)
    assert tried.first_token == more.first_token
    own |= {"tier": "self", "model": "llama-3.3-70b", "gpu": "h100-sxm", "gpus": 4, "all": True}
    rows = tco.compare(tokens="50B", success=["llama-3.3-70b=25%"], **own).options
    assert next(o for o in rows if o.id == tried.id).gpus == 72


def test_explain_says_how_often_a_request_is_asked() -> None:
    made = tco.explain("gpt-4.1", **SAID, success={"flagship": "80%"})
    assert any("1 / 80% = 1.25" in step for step in made.steps)
    assert made.option.usd_per_success == pytest.approx(
        (made.option.monthly_usd or 0.0) / (50e9 / 1530), rel=1e-12
    )


# What is wrong.


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [
        ("small", 2, "'small' is no class or model and share; write small=80%"),
        ("small=0%", 2, "what is never right has no price"),
        ("small=180%", 2, "--success"),
        ("smal=80%", 3, "no class or model called 'smal'; did you mean small"),
        ("small=80%,small=90%", 2, "said twice"),
        ("falcon-180b=80%", 4, ""),
    ],
)
def test_bad_input_is_one_line(said: str, code: int, words: str) -> None:
    done = run("compare", "--tokens", "50B", "--as-of", ON, "--tier", "api", "--success", said)
    assert done.exit_code == code, done.output
    assert done.stdout == "" and done.stderr.count("\n") == 1 and words in done.stderr


def test_a_named_option_without_a_rate_is_told() -> None:
    with pytest.raises(UsageError, match=r"success says nothing of gpt-4\.1"):
        tco.explain("gpt-4.1", **SAID, success={"small": "80%"})
    with pytest.raises(UsageError, match="success says nothing of mine"):
        tco.compare(**SAID, success="small=80%", option="mine:kind=api,input=$1,output=$2")


def test_a_scenario_file_says_it(tmp_path: Path) -> None:
    file = tmp_path / "tco.yaml"
    text = "version: 1\nworkload: {tokens: 50B}\nas_of: 2026-11-21\nsuccess: "
    bests = []
    for said in ("{small: 80%, mid: 0.93}", "[small=80%, mid=93%]", "small=80%,mid=93%"):
        file.write_text(f"{text}{said}\n")
        bests.append(tco.compare(file=file).options[0].usd_per_success)
    flags = tco.compare(**SAID, success={"small": 0.8, "mid": 0.93}).options[0].usd_per_success
    assert set(bests) == {flags}
    file.write_text(f"{text}{{small: 80%, mid: often}}\n")
    done = run("compare", "-f", str(file))
    assert done.exit_code == 3 and f"{file}:4: success.mid" in done.stderr


def test_a_lower_rate_is_a_dearer_answer_on_every_row() -> None:
    made = [
        {o.id: o.usd_per_success for o in tco.compare(**SAID, success={"small": r}).options}
        for r in (0.5, 0.75, 1.0)
    ]
    for worse, better in pairwise(made):
        for name in worse.keys() & better.keys():
            a, b = worse[name], better[name]
            assert a is None or b is None or a >= b * (1 - 1e-12)


# Plans and portfolios.


@pytest.mark.parametrize("rate", [0.5, 0.8])
def test_a_plan_of_right_answers_is_that_of_as_many_tries(rate: float) -> None:
    pair = ("deepinfra/llama-3.3-70b", "self/llama-3.3-70b@2xh100-sxm:fp8/runpod:on_demand_secure")
    right = tco.plan(*pair, tokens=5e11, profile="chat", as_of=ON, success={"small": rate})
    tried = tco.plan(*pair, tokens=5e11 / rate, profile="chat", as_of=ON)
    assert not hasattr(right, "tasks") and not hasattr(tried, "tasks")
    for one, other in zip(right.strategies, tried.strategies, strict=True):
        assert one.monthly_usd == pytest.approx(other.monthly_usd, rel=1e-9)
        assert one.usd_per_success == pytest.approx(
            (one.monthly_usd or 0.0) / right.workload.requests_per_month, rel=1e-12
        )
        assert other.usd_per_success is None


TASKS = """\
tasks:
  - {name: a, requests: 1M, isl: 500, osl: 500, models: [cheap, dear]%s}
  - {name: b, requests: 2M, isl: 500, osl: 500, models: [cheap, dear]%s}
"""


def planned(tmp_path: Path, text: str, success: tuple[tuple[str, float], ...] = ()) -> Any:
    from tco.analysis.portfolio.portfolio import portfolio
    from tco.ask.scenario import load_tasks

    file = tmp_path / "p.yaml"
    file.write_text(text)
    options = tuple(
        InlineOption(name=name, kind="api", source="test", input=usd, output=usd)
        for name, usd in (("cheap", 1.0), ("dear", 5.0))
    )
    request = Scenario(options=options, success=success, settings={"people.api_fte": 0.0})
    return portfolio(prepare(CATALOG, request, DAY), load_tasks(str(file)))


def test_tasks_go_where_a_right_answer_is_cheapest(tmp_path: Path) -> None:
    said = (", success: {cheap: 90%}", ", success: [cheap=10%]")
    made = planned(tmp_path, TASKS % said, (("dear", 1.0), ("cheap", 0.5)))
    a, b = made.tasks
    assert (a.steps[0].option, b.steps[0].option) == ("cheap", "dear")
    assert a.usd_per_success == pytest.approx(0.001 / 0.9, rel=1e-12)
    assert a.steps[0].asked == pytest.approx(1 / 0.9) and a.steps[0].reach == 1.0
    assert b.usd_per_success == pytest.approx(0.005, rel=1e-12)
    assert made.monthly_usd == pytest.approx(1e6 * 0.001 / 0.9 + 2e6 * 0.005, rel=1e-12)


def test_all_right_changes_no_portfolio(tmp_path: Path) -> None:
    plain = planned(tmp_path, TASKS % ("", ""))
    right = planned(tmp_path, TASKS % ("", ""), (("cheap", 1.0), ("dear", 1.0)))
    assert plain.monthly_usd == right.monthly_usd
    assert [t.steps for t in plain.tasks] == [t.steps for t in right.tasks]
    assert all(t.usd_per_success is None for t in plain.tasks)


CASCADE = """\
tasks:
  - {name: a, requests: 1M, isl: 500, osl: 500, models: [none-of-these], cascades: [first]}
cascades:
  first: {try: cheap, to: dear%s}
"""


def test_what_a_cascade_hands_on_is_what_its_model_gets_wrong(tmp_path: Path) -> None:
    text = CASCADE.replace("models: [none-of-these], ", "") % ""
    rates = (("cheap", 0.7), ("dear", 0.9))
    made = planned(tmp_path, text.replace("cascades:", "models: [dear], cascades:", 1), rates)
    only = next(row for row in made.cascades if row.name == "first")
    assert only.escalate == pytest.approx(0.3)
    assert only.tried_usd == pytest.approx(0.001) and only.last_usd == pytest.approx(0.005 / 0.9)
    usd = 1e6 * (0.001 + 0.3 * 0.005 / 0.9)
    by_hand = float(np.sum(step_tries(np.array([0.7, 0.9])) * np.array([0.001, 0.005])))
    assert usd == pytest.approx(1e6 * by_hand, rel=1e-12)
    assert made.tasks[0].monthly_usd == pytest.approx(usd, rel=1e-12)
    assert made.tasks[0].cascade == "first"


def test_a_cascade_without_a_share_needs_a_rate(tmp_path: Path) -> None:
    from tco.errors import DataError

    text = CASCADE.replace("models: [none-of-these], ", "") % ""
    with pytest.raises(DataError, match=r"p\.yaml:4: cascade 'first': say escalate, or with succ"):
        planned(tmp_path, text)
    nested = text + "  second: {try: first, to: dear}\n"
    with pytest.raises(DataError, match=r"p\.yaml:5: .*say escalate: what first hands on"):
        planned(tmp_path, nested.replace("[first]", "[second]"), (("cheap", 0.7), ("dear", 0.9)))


def test_a_task_of_whose_models_nobody_says_how_often_they_are_right(tmp_path: Path) -> None:
    from tco.errors import InfeasibleError

    with pytest.raises(InfeasibleError, match="binding: a rate in success"):
        planned(tmp_path, TASKS % ("", ""), (("small", 0.9),))
