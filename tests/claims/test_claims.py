"""`tco claims`: every claim answered or honestly not, and each verdict follows from its bill."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from functools import cache
from typing import Any

import jsonschema
import pytest
from running import DAY, ROOT, clean, run

from tco.analysis.claims.arithmetic import calculated
from tco.analysis.claims.judge import state_of
from tco.catalog.claims import load_claims
from tco.errors import DataError

IDS = [claim.id for claim in load_claims().claims]
WRONG = {
    # What the articles' own inputs give where that is not what they claim.
    "crazyrouter-breakeven-deepseek": ("requests_per_day", 308_642),
    "longform-fine-tuning": ("a100_usd_hour", (5, 10)),
    "longform-energy": ("saved_kwh_year", (912, 1642)),
    "apiscout-price-decline": ("drop", 0.958),
    "techvernia-500m-day": ("annual_usd", (456_250, 2_737_500)),
}


@cache
def whole() -> str:
    result = run("claims", "--format", "json", *DAY)
    assert result.exit_code == 0, result.stderr
    return str(result.stdout)


def answered() -> dict[str, Any]:
    return {row["id"]: row for row in json.loads(whole())["rows"]}


def test_every_claim_is_there_and_no_verdict_is() -> None:
    assert len(IDS) == 28
    text = (ROOT / "data" / "claims.yaml").read_text(encoding="utf-8")
    assert "/work" not in text
    assert "verdict:" not in text


def test_all_are_answered_or_say_why_not() -> None:
    for row in answered().values():
        assert row["verdict"] != "not_answered" or row["missing"], row["id"]
        if row["verdict"] in ("depends", "infeasible", "arithmetic_error", "outside_range"):
            assert row["because"], row["id"]


def test_today_every_question_has_an_answer() -> None:
    """What has no price today is left to the article's day, and there it has one."""
    for row in answered().values():
        for question in row["questions"]:
            states = {question["then"]["state"], question["today"]["state"]}
            assert states != {"unknown"}, (row["id"], question["title"], question["today"])


@pytest.mark.parametrize("name", WRONG)
def test_errors_of_arithmetic_are_found(name: str) -> None:
    figure, expected = WRONG[name]
    row = answered()[name]
    assert row["verdict"] == "arithmetic_error"
    (check,) = [c for c in row["checks"] if not c["agrees"]]
    assert check["claimed_name"] == figure
    ends = expected if isinstance(expected, tuple) else (expected, expected)
    assert check["recomputed"] == pytest.approx(ends, rel=1e-3)


def test_no_other_arithmetic_is_called_wrong() -> None:
    found = {i for i, row in answered().items() if any(not c["agrees"] for c in row["checks"])}
    assert found == set(WRONG)


@pytest.mark.parametrize("name", IDS)
def test_no_verdict_contradicts_its_bill(name: str) -> None:
    row = answered()[name]
    day = "today" if row["then"] == "not_answered" else "then"
    states = []
    for question in row["questions"]:
        reading = question[day]
        claimed = tuple(question["claimed"]) if question["claimed"] else None
        if reading["value"] is not None:
            value = tuple(reading["value"])
            again = state_of(value, claimed, question["rule"], question["tolerance"])
            assert again == reading["state"]
        states.append(reading["state"])
        for turn in reading["turns"]:
            assert turn["state"] != reading["state"]
    if row["verdict"] == "holds":
        assert not {"outside", "partly", "infeasible"} & set(states)
    if row["verdict"] == "outside_range":
        assert "outside" in states
        assert "inside" not in states
    if row["verdict"] == "infeasible":
        assert "infeasible" in states
    if row["verdict"] == "depends":
        turns = any(q[day]["turns"] for q in row["questions"])
        assert turns or "partly" in states or {"inside", "outside"} <= set(states)


def test_what_cannot_exist_has_a_nearest_that_can() -> None:
    row = answered()["crazyrouter-breakeven-deepseek"]
    stuck = [q for q in row["questions"] if q["today"]["state"] == "infeasible"]
    assert len(stuck) == 2
    assert (row["verdict"], row["also"]) == ("arithmetic_error", "infeasible")
    for question in stuck:
        near = question["nearest"]
        assert near["option"].startswith("self/deepseek-v3@")
        assert near["gpus"] >= 8
        assert near["breakeven_tokens"] or near["never_because"]


def test_the_command_beside_a_figure_gives_it() -> None:
    question = answered()["apiscout-10m-calls"]["questions"][0]
    words = shlex.split(question["today"]["commands"][0])
    document = json.loads(run(*words, "--format", "json").stdout)
    assert document["options"][0]["monthly_usd"] == question["today"]["value"][0]


def test_seven_rules_of_thumb_lie_on_one_axis() -> None:
    rules = [r for r in answered().values() if r["rule_of_thumb_tokens"]]
    assert len(rules) == 7
    regions = json.loads(whole())["regions"]
    assert {rule for region in regions for rule in region["rules"]} <= {r["id"] for r in rules}
    for region in regions:
        assert region["tokens"] is not None or region["reason"]
        assert "no price" not in region["reason"]


def test_json_follows_its_schema() -> None:
    schema = json.loads((ROOT / "schema" / "claims.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(json.loads(whole()))


def test_the_page_is_what_the_command_writes(request: pytest.FixtureRequest) -> None:
    result = run("claims", "--format", "md", *DAY)
    path = ROOT / "docs" / "claims.md"
    if request.config.getoption("--update-golden"):
        path.write_text(result.stdout, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == result.stdout, "run pytest --update-golden"


def test_one_claim_and_a_wrong_name() -> None:
    one = run("claims", "longform-quantization", *DAY)
    assert one.exit_code == 0
    assert "longform-quantization: holds" in one.stdout
    wrong = run("claims", "longform-quantisation", *DAY)
    assert wrong.exit_code == 3
    assert "did you mean longform-quantization" in wrong.stderr


def test_variables_of_the_user_do_not_change_a_claim() -> None:
    plain = run("claims", "longform-quantization", *DAY, "--format", "json")
    other = run(
        *("claims", "longform-quantization", *DAY, "--format", "json"),
        env={"TCO_MODEL": "gpt-4.1", "TCO_BARE": "1", "TCO_TOP": "1"},
    )
    assert other.stdout == plain.stdout


@pytest.mark.parametrize(
    "expression",
    [
        "a ** 2",
        "a.b",
        "f(a)",
        "[a]",
        "a if a else a",
        "'x'",
        "True",
        "a <",
        "b",
        "a / 0",
        "a@a",
        "",
    ],
)
def test_nothing_but_arithmetic_is_read(expression: str) -> None:
    with pytest.raises(DataError):
        calculated(expression, {"a": (1.0, 2.0)})


def test_other_commands_do_not_read_the_claims() -> None:
    code = (
        "import sys\nfrom tco.cli.app import app\n"
        "try:\n    app(['compare', '--tokens', '1B', '-q'])\nexcept SystemExit:\n    pass\n"
        "sys.exit(any('claims' in name for name in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=clean({"PYTHONPATH": str(ROOT / "src")}),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0


def test_ranges_go_low_with_low() -> None:
    names = {"a": (20.0, 80.0), "b": (4.0, 8.0)}
    assert calculated("a / b", names) == (5, 10)
    assert calculated("-(a - b) * 2 + 1", names) == (-143, -31)
