"""`tco catalog check` in each of its formats, as a reader or a forge gets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from running import ROOT, published, run

HERE = Path(__file__).parent
WRONG = "tests/catalog/files/wrong.yaml"
COMMAND = ("catalog", "check", WRONG, "--as-of", "2026-11-21")
FORMATS = {
    "table": "txt",
    "md": "md",
    "csv": "csv",
    "json": "json",
    "github": "txt",
    "sarif": "json",
}


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize("name", FORMATS)
def test_golden(name: str, request: pytest.FixtureRequest) -> None:
    path = HERE / "golden" / f"{name}.{FORMATS[name]}"
    result = run(*COMMAND, "--format", name)
    assert result.exit_code == 1
    assert result.stderr == ""
    if request.config.getoption("--update-golden"):
        path.write_text(result.stdout, encoding="utf-8")
    assert result.stdout == path.read_text(encoding="utf-8")


def test_json_follows_its_schema() -> None:
    document = json.loads(run(*COMMAND, "--format", "json").stdout)
    published("catalog-check").validate(document)
    hits = {(f["rule"], f["file"], f["line"]) for f in document["findings"]}
    assert ("TCO101", WRONG, 12) in hits
    assert document["passed"] is False
    assert [f["name"] for f in document["waived"]] == ["output-below-input"]


def test_sarif_is_what_code_scanning_needs() -> None:
    log = json.loads(run(*COMMAND, "--format", "sarif").stdout)
    (made,) = log["runs"]
    rules = made["tool"]["driver"]["rules"]
    assert log["version"] == "2.1.0"
    for result in made["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == WRONG
        assert place["region"]["startLine"] >= 1
    assert [r["ruleId"] for r in made["results"] if "suppressions" in r] == ["TCO102"]


def test_github_commands_are_one_line_each() -> None:
    commands, _, page = run(*COMMAND, "--format", "github").stdout.partition("\n\n")
    lines = commands.splitlines()
    assert not any(line.lstrip().startswith("::") for line in page.splitlines())
    assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in lines)
    assert f"::error file={WRONG},line=12,title=TCO101 absolute-cap::" in lines[0]


def test_exit_codes() -> None:
    assert run("catalog", "check", "--as-of", "edition").exit_code == 0
    assert run(*COMMAND, "--exit-zero").exit_code == 0
    assert run("catalog", "check", "--as-of", "edition", "--strict").exit_code == 1
    assert run("catalog", "check", "--format", "xml").exit_code == 2
    assert run("catalog", "check", "--as-of", "soon").exit_code == 2
    assert run("catalog", "check", "--horizon", "5").exit_code == 2
    assert run("catalog", "check", "--also", "litelm", "x").exit_code == 2


def test_exports(tmp_path: Path) -> None:
    out = tmp_path / "out.sarif"
    result = run(*COMMAND, "--export", f"sarif={out}", "-o", "json")
    assert result.exit_code == 1
    assert json.loads(out.read_text("utf-8"))["version"] == "2.1.0"


def test_the_list_of_rules() -> None:
    rules = json.loads(run("catalog", "check", "--rules", "-o", "json").stdout)["rules"]
    assert {"id", "name", "severity", "title", "advice"} <= rules[0].keys()
    assert "TCO103 cached-not-below-input (error)" in run("catalog", "check", "--rules").stdout


def test_a_long_list_is_cut_unless_all_is_asked_for() -> None:
    some = run("catalog", "check", "--as-of", "edition").stdout
    everything = run("catalog", "check", "--as-of", "edition", "--all").stdout
    assert "more of TCO401 one-source (--all lists them)" in some
    assert "--all" not in everything
    assert everything.count("TCO401 one-source:") > some.count("TCO401 one-source:")
