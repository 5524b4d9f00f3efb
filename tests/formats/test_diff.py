"""`tco diff`: what changed, what explains it, and what fails."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from running import DAY, run

from tco.analysis.diff.diff import CONDITIONS

Save = Callable[..., str]
CLEAN = ",".join(name for name in CONDITIONS if name != "breakeven-moves")
DEARER = """\
sources:
  list: {title: A list, read: 2026-11-20, where: list.json}
offers:
  - provider: deepinfra
    model: gpt-oss-120b
    prices:
      - since: 2026-11-20
        checked: 2026-11-20
        usd_per_mtok: {input: 0.4, output: 0.6}
        evidence: [{source: list, input: 0.4, output: 0.6}]
"""


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Return what asks a command and saves its answer."""

    def saved(name: str, *command: str) -> str:
        path = tmp_path / f"{name}.json"
        done = run(*command, *DAY, "--export", f"json={path}")
        assert done.exit_code == 0, done.output
        return str(path)

    return saved


@pytest.fixture
def dearer(tmp_path: Path) -> str:
    path = tmp_path / "dearer.yaml"
    path.write_text(DEARER, "utf-8")
    return str(path)


@pytest.fixture
def pair(save: Save, dearer: str) -> tuple[str, str]:
    """Return a comparison before and after the cheapest got dearer."""
    ask = ("compare", "--tokens", "50B", "--min-trust", "low")
    return save("base", *ask), save("head", *ask, "--catalog", dearer)


def answer(*command: str, code: int = 0) -> Any:
    result = run("diff", *command, "--format", "json")
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def test_the_same_answer_twice(pair: tuple[str, str]) -> None:
    found = answer(pair[0], pair[0], "--fail-over", "0%", "--fail-if", CLEAN)
    assert found["passed"]
    assert found["winner"]["change_usd"] == 0
    assert [row["what"] for row in found["rows"]] == ["same"]
    assert not found["inputs"]


def test_what_got_dearer_and_why(pair: tuple[str, str]) -> None:
    found = answer(*pair)
    winner = found["winner"]
    assert (winner["before"], winner["after"]) == (
        "deepinfra/gpt-oss-120b",
        "deepinfra/llama-3.3-70b",
    )
    assert winner["changed"]
    first = found["rows"][0]
    assert first["id"] == "deepinfra/gpt-oss-120b"
    assert first["change_usd"] == pytest.approx(first["after_usd"] - first["before_usd"])
    assert sum(line["after_usd"] - line["before_usd"] for line in first["lines"]) == pytest.approx(
        first["change_usd"]
    )
    assert any("per Mtok (list)" in line["text"] for line in first["lines"])
    base, head = (json.loads(Path(path).read_text("utf-8")) for path in pair)
    assert winner["before_usd"] == min(o["monthly_usd"] for o in base["options"] if o["feasible"])
    assert winner["after_usd"] == min(o["monthly_usd"] for o in head["options"] if o["feasible"])


@pytest.mark.parametrize(
    ("limit", "code"),
    [("+5%", 1), ("5%", 1), ("$500", 1), ("+$500", 1), ("+200%", 0), ("$50k", 0)],
)
def test_limits_on_the_cheapest(pair: tuple[str, str], limit: str, code: int) -> None:
    result = run("diff", *pair, "--fail-over", limit)
    assert result.exit_code == code
    said = [line for line in result.stderr.splitlines() if "--fail-over" in line]
    assert len(said) == code
    assert (f"Fails --fail-over {limit}" in result.stdout) == bool(code)


def test_a_fall_never_fails(pair: tuple[str, str]) -> None:
    assert run("diff", pair[1], pair[0], "--fail-over", "0%").exit_code == 0


@pytest.mark.parametrize(
    ("name", "code"),
    [("winner-changes", 1), ("cost-rises", 1), ("option-lost", 0), ("inputs-change", 0)],
)
def test_conditions(pair: tuple[str, str], name: str, code: int) -> None:
    found = answer(*pair, "--fail-if", name, code=code)
    assert found["passed"] == (code == 0)
    assert all(f["rule"] == f"--fail-if {name}" for f in found["failures"])
    assert bool(found["failures"]) == bool(code)


def test_other_assumptions_are_named(save: Save) -> None:
    base = save("base", "compare", "--tokens", "50B")
    head = save("head", "compare", "--tokens", "60B", "--salary", "300k", "--isl", "2000")
    found = answer(base, head, "--fail-if", "inputs-change", code=1)
    changed = {change["path"]: change for change in found["inputs"]}
    assert changed["people.salary_usd_per_year"]["after"] == 300_000
    assert changed["workload.tokens_per_month"]["before"] == 50e9
    assert "workload.isl" in changed
    page = run("diff", base, head).stdout
    assert "people.salary_usd_per_year: $240,000/year to $300,000/year (--salary)" in page


def test_an_option_that_is_lost_or_has_another_set_up(save: Save) -> None:
    base = save("base", "compare", "--tokens", "50B", "--model", "llama-3.3-70b")
    head = save("head", "compare", "--tokens", "50B", "--model", "llama-3.3-70b", "--gpu", "l40s")
    found = answer(base, head, "--fail-if", "option-lost", code=0)
    moved = next(row for row in found["rows"] if row["was"])
    assert moved["was"].startswith("self/llama-3.3-70b@")
    assert moved["id"] != moved["was"]
    lost = save("lost", "compare", "--tokens", "50B", "--model", "llama-3.3-70b", "--tier", "self")
    told = answer(base, lost, "--fail-if", "option-lost", code=1)
    assert "deepinfra/llama-3.3-70b is gone" in [f["message"] for f in told["failures"]]


def test_break_evens(save: Save) -> None:
    ask = ("breakeven", "gpt-4.1", "self/llama-3.3-70b", "--tokens", "50B")
    base, head = save("base", *ask), save("head", *ask, "--fte", "3")
    found = answer(base, head, "--fail-if", "breakeven-moves", code=1)
    crossing = found["crossings"][0]
    assert crossing["changed"]
    assert crossing["after"] > crossing["before"]
    table = save("table", "breakeven")
    other = answer(table, save("other", "breakeven", "--fte", "3"))
    assert {c["against"] for c in other["crossings"]} >= {"its cheapest host"}
    assert other["winner"] is None


def test_what_cannot_be_told_does_not_pass(pair: tuple[str, str], save: Save) -> None:
    result = run("diff", *pair, "--fail-if", "breakeven-moves")
    assert result.exit_code == 2
    assert "have no break-even; give results of tco breakeven, or --catalog" in result.stderr
    table = save("table", "breakeven")
    assert run("diff", table, table, "--fail-over", "5%").exit_code == 2


def test_plans_and_bills(save: Save) -> None:
    for ask in (("plan", "--tokens", "500B"), ("explain", "gpt-4.1", "--tokens", "5B")):
        base, head = save("base", *ask), save("head", *ask, "--salary", "480k")
        found = answer(base, head, "--fail-if", "cost-rises", code=1)
        assert found["winner"]["change_usd"] > 0


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--fail-over", "5"), 2, "'5' is no limit; write +5% or $500"),
        (("--fail-over=-5%",), 2, "--fail-over"),
        (("--fail-if", "winer-changes"), 2, "did you mean winner-changes?"),
        (("--tokens", "5B"), 2, "--tokens asks something; two results are asked already"),
    ],
)
def test_what_is_refused(
    pair: tuple[str, str], words: tuple[str, ...], code: int, message: str
) -> None:
    result = run("diff", *pair, *words)
    assert result.exit_code == code
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_files_of_other_kinds(pair: tuple[str, str], save: Save) -> None:
    alone = run("diff", pair[0])
    assert alone.exit_code == 2
    assert "two results are compared" in alone.stderr
    size = save("size", "size", "llama-3.3-70b")
    assert "one kind are compared" in run("diff", pair[0], size).stderr
    assert run("diff", pair[0], size).exit_code == 3
    assert "not of tco.size/2" in run("diff", size, size).stderr
    assert run("diff", pair[0], "none.json").exit_code == 3


def test_two_catalogs(dearer: str) -> None:
    ask = ("--catalog", "tests/golden/catalog", dearer, *DAY)
    volume = ("--tokens", "50B", "--min-trust", "low")
    found = answer(*ask, *volume, "--fail-if", "winner-changes", code=1)
    assert found["winner"]["before"] == "deepinfra/gpt-oss-120b"
    assert {m["record"] for m in found["moved"]} == {"deepinfra/gpt-oss-120b"}
    assert found["crossings"] is not None
    without = answer(*ask)
    assert without["kind"] == "tco.breakeven-table/1"
    assert without["winner"] is None
    assert run("diff", "--catalog", "no-such-revision", *DAY).exit_code == 3


def test_the_question_of_two_catalogs_may_be_a_file(dearer: str, tmp_path: Path) -> None:
    path = tmp_path / "tco.yaml"
    path.write_text("workload: {tokens: 50B}\nselect: {models: gpt-oss-120b}\n", "utf-8")
    found = answer("--catalog", "tests/golden/catalog", dearer, "-f", str(path), *DAY)
    assert all("gpt-oss-120b" in row["id"] for row in found["rows"])


def test_formats(pair: tuple[str, str], tmp_path: Path) -> None:
    page = tmp_path / "summary.md"
    result = run(
        "diff", *pair, "--fail-over", "5%", "-o", "github", env={"GITHUB_STEP_SUMMARY": str(page)}
    )
    assert result.exit_code == 1
    assert result.stdout.startswith("::error title=tco diff --fail-over 5%25::the cheapest went")
    assert "| deepinfra/gpt-oss-120b | dearer |" in page.read_text("utf-8")
    assert "| deepinfra/gpt-oss-120b | dearer |" in result.stdout
    rows = list(csv.DictReader(StringIO(run("diff", *pair, "-o", "csv").stdout)))
    assert float(rows[0]["change_usd"]) == answer(*pair)["rows"][0]["change_usd"]
    shown = run("diff", *pair).stdout
    assert max(map(len, shown.splitlines())) <= 80


def test_a_summary_that_cannot_be_written_comes_after_the_answer(pair: tuple[str, str]) -> None:
    result = run("diff", *pair, "-o", "github", env={"GITHUB_STEP_SUMMARY": "/no/such/file"})
    assert result.exit_code == 2
    assert "| deepinfra/gpt-oss-120b |" in result.stdout
    assert "GITHUB_STEP_SUMMARY: /no/such/file: no such file or directory" in result.stderr
