"""Checks of a scenario file: kept, not kept, not to be told; named with file and line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from running import DAY, run

Write = Callable[..., str]


@pytest.fixture
def scenario(tmp_path: Path) -> Write:
    """Return what writes a scenario file with some checks, the first one on line 3."""

    def write(checks: str, more: str = "") -> str:
        path = tmp_path / "tco.yaml"
        lines = "\n".join(f"  {line}" for line in checks.split("; "))
        trust = "" if "select" in more else "select: {min_trust: low}\n"
        path.write_text(f"workload: {{tokens: 50B}}\nchecks:\n{lines}\n{trust}{more}", "utf-8")
        return str(path)

    return write


def asked(path: str, *words: str, code: int) -> list[dict[str, Any]]:
    result = run(*(words or ("compare",)), "-f", path, *DAY, "--format", "json")
    assert result.exit_code == code, result.output
    checks: list[dict[str, Any]] = json.loads(result.stdout)["checks"]
    return checks


KEPT = {
    "max_monthly: $6k/month": "deepinfra/gpt-oss-120b costs $5,284 a month, at most $6,000",
    "max_monthly: 6000": "at most $6,000",
    "max_price_age: 100 days": "was checked on 2026-08-22, 91 days before 2026-11-21",
    "max_price_age: 14 weeks": "91 days before",
    "allow_providers: [DeepInfra, openai]": "deepinfra/gpt-oss-120b: deepinfra",
    "deny_providers: openai": "deepinfra/gpt-oss-120b: deepinfra",
    "allow_licenses: [permissive]": "deepinfra/gpt-oss-120b: permissive",
    "deny_licenses: [proprietary, research]": "permissive",
}
BROKEN = {
    "max_monthly: $5k/month": "costs $5,284 a month, $284 more than $5,000",
    "max_price_age: 90d": "prices are older than 90 days; the oldest, of self/",
    "allow_providers: [openai]": "has the provider deepinfra; allowed are openai",
    "deny_providers: [deepinfra]": "has the provider deepinfra, which is denied",
    "allow_licenses: proprietary": "has the licence permissive; allowed are proprietary",
    "deny_licenses: permissive": "has the licence permissive, which is denied",
}


@pytest.mark.parametrize("check", KEPT)
def test_kept(check: str, scenario: Write) -> None:
    (found,) = asked(scenario(check), code=0)
    assert found["state"] == "passed"
    assert KEPT[check] in found["message"]
    assert "tco: " not in run("compare", "-f", scenario(check), *DAY, "-q").stderr


@pytest.mark.parametrize("check", BROKEN)
def test_not_kept(check: str, scenario: Write) -> None:
    path = scenario(check)
    (found,) = asked(path, code=1)
    assert found["state"] == "failed"
    assert BROKEN[check] in found["message"]
    assert (found["file"], found["line"]) == (path, 3)
    rule = check.partition(":")[0]
    result = run("compare", "-f", path, *DAY, "-q")
    assert result.exit_code == 1
    assert f"tco: {path}:3: check {rule} failed: " in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert f"{rule} FAILED:" in result.stdout
    page = run("compare", "-f", path, *DAY, "-o", "github").stdout
    assert page.startswith(f"::error file={path},line=3,title=tco compare {rule}::")
    assert f"check: {rule} failed: " in run("compare", "-f", path, *DAY, "-o", "llm").stdout


OWN = """\
options:
  - {name: ours, kind: fixed, usd_per_month: 100, capacity: 100B}
select: {models: gpt-oss-120b}
"""


@pytest.mark.parametrize(
    "check",
    [
        "max_price_age: 1000 days",
        "allow_providers: [openai]",
        "deny_providers: [openai]",
        "deny_licenses: [research]",
        "allow_licenses: [permissive]",
    ],
)
def test_what_cannot_be_told_is_not_passed(check: str, scenario: Write) -> None:
    (found,) = asked(scenario(check, OWN), code=1)
    assert found["state"] == "unknown"
    assert "nobody" in found["message"]
    result = run("compare", "-f", scenario(check, OWN), *DAY, "-q")
    assert "cannot be told: nobody" in result.stderr


def test_all_of_them_are_looked_at(scenario: Write) -> None:
    path = scenario("max_monthly: $1/month; deny_providers: deepinfra; max_price_age: 1 year")
    states = [(c["rule"], c["state"], c["line"]) for c in asked(path, code=1)]
    assert states == [
        ("max_monthly", "failed", 3),
        ("max_price_age", "passed", 5),
        ("deny_providers", "failed", 4),
    ]


def test_a_plan_keeps_to_them(scenario: Write) -> None:
    path = scenario("max_monthly: $1/month; deny_providers: deepinfra")
    found = asked(path, "plan", code=1)
    assert [c["state"] for c in found] == ["failed", "failed"]
    assert "all API of" in found[0]["message"]
    assert "max_monthly FAILED" in run("plan", "-f", path, *DAY).stdout


def test_a_portfolio_keeps_to_them(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    text = Path("tests/golden/files/portfolio.yaml").read_text("utf-8")
    path.write_text(f"{text}checks: {{max_monthly: $1k/month}}\n", "utf-8")
    (found,) = asked(str(path), "plan", code=1)
    assert "the plan costs $" in found["message"]


def test_other_commands_say_that_they_do_not(scenario: Write) -> None:
    path = scenario("max_monthly: $1/month")
    result = run("explain", "gpt-4.1", "-f", path, *DAY)
    assert result.exit_code == 0
    assert f"{path} has checks; tco compare and tco plan hold answers to them" in result.stderr


@pytest.mark.parametrize(
    ("check", "message"),
    [
        ("max_monthly: cheap", ":3: checks.max_monthly: "),
        ("max_price_age: 90 dys", ":3: checks.max_price_age: "),
        ("max_montly: 5", "did you mean 'max_monthly'?"),
        ("deny_providers: [deepinfro]", ":3: deny_providers: no provider called 'deepinfro'; did"),
        ("allow_licenses: [free]", ":3: allow_licenses: no licence called 'free'; there are"),
        ("deny_providers: []", "a list without a name checks nothing"),
    ],
)
def test_what_is_no_check(check: str, message: str, scenario: Write) -> None:
    for command in ("compare", "plan"):
        result = run(command, "-f", scenario(check), *DAY)
        assert result.exit_code == 3, result.output
        assert message in result.stderr
        assert len(result.stderr.splitlines()) == 1


def test_a_result_with_checks_is_read_again(scenario: Write, tmp_path: Path) -> None:
    path, out = scenario("max_monthly: $1/month"), tmp_path / "r.json"
    direct = run("compare", "-f", path, *DAY, "--export", f"json={out}", "-q")
    again = run("render", str(out), "-q")
    assert direct.exit_code == 1
    assert again.exit_code == 0  # a result is shown, not judged again
    assert again.stdout == direct.stdout
