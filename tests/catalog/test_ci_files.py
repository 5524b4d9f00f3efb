"""The hooks and the action for other people's CI: their commands are run as they stand."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from running import ROOT, clean

WRONG = ROOT / "tests" / "catalog" / "files" / "wrong.yaml"
BASH = shutil.which("bash")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Return a repository with a sound catalog, and a `tco` on the path."""
    shim = tmp_path / "bin" / "tco"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tco "$@"\n', "utf-8")
    shim.chmod(0o755)
    work = tmp_path / "work"
    work.mkdir()
    git = ["git", "-C", str(work), "-c", "user.name=x", "-c", "user.email=x@x.example"]
    subprocess.run([*git, "init", "-q", "-b", "main"], check=True)
    text = WRONG.read_text("utf-8").replace("2000", "2").replace("8000", "8")
    (work / "tco-prices.yaml").write_text(text.replace("output: 3}", "output: 2.5}"), "utf-8")
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "prices"], check=True)
    return work


def shell(place: Path, script: str, **env: str) -> subprocess.CompletedProcess[str]:
    path = f"{place.parent / 'bin'}{os.pathsep}{os.environ['PATH']}"
    whole = clean({"PATH": path, "PYTHONPATH": str(ROOT / "src"), **env})
    return subprocess.run(
        [str(BASH), "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=place,
        env=whole,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def hooks() -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    return loaded


@pytest.mark.skipif(BASH is None, reason="the action runs in bash")
@pytest.mark.parametrize("hook", hooks(), ids=lambda hook: str(hook["id"]))
def test_a_hook_passes_a_sound_file_and_stops_a_wrong_one(
    hook: dict[str, Any], place: Path
) -> None:
    assert re.search(hook["files"], "tco-prices.yaml")
    assert re.search(hook["files"], "data/prices.yaml")
    assert not re.search(hook["files"], "docker-compose.yaml")
    env = {"TCO_AS_OF": "2026-11-21"}
    good = shell(place, f"{hook['entry']} tco-prices.yaml", **env)
    assert good.returncode == 0, good.stdout + good.stderr
    bad = shell(place, f"{hook['entry']} {WRONG}", **env)
    assert bad.returncode == 1


def action(place: Path, **inputs: str) -> tuple[dict[str, int], str, str]:
    """Run the steps of the action but the installation; return exit codes, log and summary."""
    loaded = yaml.safe_load((ROOT / "action.yml").read_text())
    given = {name: str(entry["default"]) for name, entry in loaded["inputs"].items()}
    assert inputs.keys() <= given.keys()
    given |= inputs
    summary = place.parent / "summary.md"
    summary.write_text("")
    codes, log = {}, ""
    for step in loaded["runs"]["steps"]:
        assert step["shell"] == "bash"
        wanted = step["name"] != "Install tco"
        needed = re.findall(r"inputs\.([\w-]+) != ''", step.get("if", ""))
        if not wanted or not all(given[name] for name in needed):
            continue
        env = {
            key: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda m: given[m[1]], value)
            for key, value in step.get("env", {}).items()
        }
        done = shell(place, step["run"], GITHUB_STEP_SUMMARY=str(summary), **env)
        codes[step["name"]] = done.returncode
        log += done.stdout + done.stderr
    return codes, log, summary.read_text("utf-8")


@pytest.mark.skipif(BASH is None, reason="the action runs in bash")
def test_the_action_checks_and_compares(place: Path) -> None:
    asked = {"files": "tco-prices.yaml", "as-of": "2026-11-21", "base": "main", "tokens": "10B"}
    codes, log, page = action(place, **asked)
    assert codes == {"Check": 0, "Diff": 0}, log
    assert "::notice title=tco catalog check::passed" in log
    assert "## tco catalog check" in page
    assert "Nothing moved; none of" in page


@pytest.mark.skipif(BASH is None, reason="the action runs in bash")
def test_the_action_fails_on_errors_and_says_them_in_the_summary(place: Path) -> None:
    path = place / "tco-prices.yaml"
    path.write_text(path.read_text("utf-8").replace("input: 2,", "input: 3,"), "utf-8")
    asked = {"files": "tco-prices.yaml", "as-of": "2026-11-21", "base": "main", "tokens": "10B"}
    codes, log, page = action(place, **asked)
    assert codes == {"Check": 1, "Diff": 0}, log
    assert "::error file=tco-prices.yaml,line=" in log
    assert "changed-without-window" in page
    assert "openai/gpt-4.1" in page
    assert "figures moved" in page or "figure moved" in page


@pytest.mark.skipif(BASH is None, reason="the action runs in bash")
def test_the_action_without_files_checks_the_catalogs_of_tco(place: Path) -> None:
    codes, log, page = action(place, **{"as-of": "edition"})
    assert codes == {"Check": 0}, log
    assert "passed: 0 errors" in page


SCENARIO = """\
workload: {tokens: 50B}
select: {models: [gpt-4.1, gpt-4o]}
catalog: tco-prices.yaml
checks: {max_monthly: $1M/month}
"""


@pytest.fixture
def scenario(place: Path) -> Path:
    """Return a scenario file of the base."""
    path = place / "tco.yaml"
    path.write_text(SCENARIO, "utf-8")
    git = ["git", "-C", str(place), "-c", "user.name=x", "-c", "user.email=x@x.example"]
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "scenario"], check=True)
    return path


ASKED = {"files": "tco-prices.yaml", "as-of": "2026-11-21", "base": "main", "tokens": "10B"}
ASKED |= {"scenario": "tco.yaml", "fail-over": "+5% $100", "fail-if": "winner-changes"}


@pytest.mark.skipif(BASH is None, reason="the action runs in bash")
def test_the_action_answers_a_scenario(place: Path, scenario: Path) -> None:
    codes, log, page = action(place, **ASKED)
    assert codes == {"Check": 0, "Diff": 0, "Answer": 0}, log
    assert "## tco diff" in page
    assert "The cheapest stays" in page
    assert "max_monthly ok" in page
    worktrees = ["git", "-C", str(place), "worktree", "list"]
    assert len(subprocess.run(worktrees, capture_output=True, check=True).stdout.splitlines()) == 1


@pytest.mark.skipif(BASH is None, reason="the action runs in bash")
def test_the_action_fails_when_the_cheapest_gets_dearer(place: Path, scenario: Path) -> None:
    scenario.write_text(SCENARIO.replace("50B", "60B").replace("$1M", "$1k"), "utf-8")
    codes, log, page = action(place, **ASKED)
    assert codes == {"Check": 0, "Diff": 0, "Answer": 1}, log
    assert "::error file=tco.yaml,line=4,title=tco compare max_monthly::" in log
    assert "::error title=tco diff --fail-over +5%25::the cheapest went from" in log
    assert "Fails --fail-over $100" in page
    assert "workload.tokens\\_per\\_month" in page or "workload.tokens_per_month" in page
    asked = {**ASKED, "question": "breakeven gpt-4.1 gpt-4o", "fail-if": "breakeven-moves"}
    codes, log, page = action(place, **asked)
    assert "breakeven" in log


@pytest.mark.skipif(BASH is None, reason="the action runs in bash")
def test_a_scenario_that_is_new_has_no_base(place: Path) -> None:
    (place / "tco.yaml").write_text(SCENARIO, "utf-8")
    codes, log, page = action(place, **ASKED)
    assert codes["Answer"] == 0, log
    assert "The base has no answer to compare with." in page


@pytest.mark.skipif(BASH is None, reason="the action runs in bash")
def test_inputs_are_never_run(place: Path) -> None:
    nasty = "2026-11-21; touch hacked; $(touch hacked) `touch hacked`"
    codes, _, _ = action(place, **{"files": "tco-prices.yaml", "as-of": nasty})
    assert codes == {"Check": 2}
    words = {"fail-over": nasty, "question": f"compare {nasty}", "fail-if": nasty}
    codes, _, _ = action(place, **{"scenario": nasty, "base": nasty, **words})
    assert all(codes.values())
    assert not (place / "hacked").exists()


def test_nothing_of_an_input_stands_in_a_script() -> None:
    loaded = yaml.safe_load((ROOT / "action.yml").read_text())
    assert all("${{" not in step["run"] for step in loaded["runs"]["steps"])


STRANGER = """\
sources:
  contract: {title: Our contract, read: 2026-11-01, where: drawer 3, kind: vendor}
offers:
  - provider: openai
    model: gpt-4.1
    prices:
      - since: 2026-06-01
        checked: 2026-11-20
        usd_per_mtok: {input: 1.5, output: 6}
        evidence: [{source: contract, input: 1.5, output: 6}]
"""


@pytest.fixture
def stranger(place: Path) -> Path:
    """Return a stranger's repository, whose overlay is called `prices.yaml`."""
    git = ["git", "-C", str(place), "-c", "user.name=x", "-c", "user.email=x@x.example"]
    (place / "prices.yaml").write_text(STRANGER, "utf-8")
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "ours"], check=True)
    return place


@pytest.mark.skipif(BASH is None, reason="the action runs in bash")
@pytest.mark.parametrize("changed", [False, True])
def test_an_overlay_may_be_called_prices_yaml(changed: bool, stranger: Path) -> None:
    if changed:
        newer = STRANGER.replace(
            "checked: 2026-11-20", "until: 2026-11-10\n        checked: 2026-11-09"
        )
        window = "since: 2026-11-10\n        checked: 2026-11-20"
        newer += STRANGER[STRANGER.index("      - since") :].replace(
            "since: 2026-06-01\n        checked: 2026-11-20", window
        ).replace("1.5", "1.4")  # fmt: skip
        (stranger / "prices.yaml").write_text(newer, "utf-8")
    asked = {"files": "prices.yaml", "as-of": "2026-11-21", "base": "main", "tokens": "10B"}
    codes, log, page = action(stranger, **asked)
    assert codes == {"Check": 0, "Diff": 0}, log + page
    assert ("Nothing moved" in page) != changed
    hook = next(h for h in hooks() if h["id"] == "tco-catalog-check")
    assert re.search(hook["files"], "prices.yaml")
    done = shell(stranger, f"{hook['entry']} prices.yaml", TCO_AS_OF="2026-11-21")
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(BASH is None, reason="the action runs in bash")
def test_the_action_fails_on_age_only_for_those_who_keep_the_catalogs(place: Path) -> None:
    later = {"as-of": "2027-11-21"}
    assert action(place, **later)[0] == {"Check": 0}
    assert action(place, **later, **{"fail-stale": "true"})[0] == {"Check": 1}


def test_a_workflow_of_its_own_looks_at_age() -> None:
    flow = yaml.safe_load((ROOT / ".github" / "workflows" / "freshness.yml").read_text())
    assert "schedule" in flow[True] and "pull_request" not in flow[True]  # `on` is true in YAML 1.1
    step = flow["jobs"]["catalogs"]["steps"][-1]
    assert step["uses"] == "./" and step["with"] == {"fail-stale": "true"}
