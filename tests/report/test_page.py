"""A report as a file: what it says, what it hides, and that it says the same as the command."""

from __future__ import annotations

import html
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from reported import COMMANDS, EVIL, HOSTILE, WORSE, Made
from running import DAY, run

from tco import units
from tco.errors import install_command
from tco.render.report import marks

MOST_BYTES = 1_500_000


def specs(page: Path) -> dict[str, Any]:
    """Return the charts of a page."""
    text = page.read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="specs">(.*?)</script>', text, re.DOTALL)
    assert found
    return json.loads(found[1])


def words(page: Path) -> str:
    """Return what a page says, without its marks."""
    text = page.read_text(encoding="utf-8")
    body = re.sub(r"<(script|style)\b.*?</\1>", "", text[text.index("<body>") :], flags=re.DOTALL)
    return " ".join(
        html.unescape(re.sub(r"<wbr>|<[^>]*>", lambda m: " " * (m[0] != "<wbr>"), body)).split()
    )


def rows(spec: Any) -> list[dict[str, Any]]:
    """Return all rows of a chart."""
    return [row for rows in spec["datasets"].values() for row in rows]


@pytest.mark.parametrize("name", COMMANDS)
def test_report_says_the_verdict_first_and_changes_no_output(name: str, made: Made) -> None:
    page = made(*COMMANDS[name])
    text = words(page)
    answer = json.loads(run(*COMMANDS[name], "-o", "json").stdout)
    assert " ".join(answer["verdict"].split()) in text[:6000]
    assert text.index(answer["verdict"][:40]) < text.index("The answer in full")
    for row in answer["assumptions"]:
        assert row["path"] in text
    for warning in answer["warnings"]:
        assert " ".join(warning.split()) in text


@pytest.mark.parametrize("name", COMMANDS)
def test_report_is_one_small_file(name: str, made: Made) -> None:
    text = made(*COMMANDS[name]).read_text(encoding="utf-8")
    assert len(text.encode()) < MOST_BYTES
    outside = text.split('<script type="application/json"')[0]
    assert not re.search(r"\b(?:src|srcset|poster|data)=", outside)
    assert re.findall(r"<link\b[^>]*>", outside) == ['<link rel="icon" href="data:,">']
    assert "@import" not in outside
    assert "url(" not in outside


def test_report_is_the_same_twice(made: Made, tmp_path: Path) -> None:
    for name in ("compare", "plan"):
        again = tmp_path / f"{name}.html"
        run(*COMMANDS[name], "-q", "--export", f"html={again}")
        assert again.read_bytes() == made(*COMMANDS[name]).read_bytes()


def test_charts_show_the_figures_of_the_answer(made: Made) -> None:
    answer = json.loads(run(*COMMANDS["compare"], "-o", "json").stdout)
    drawn = specs(made(*COMMANDS["compare"]))
    bills = drawn["bills"]
    middle = next(p["value"] for p in bills["params"] if p["name"] == "step")
    ends: dict[int, float] = {}
    for row in rows(bills):
        if row.get("step") == middle and "to" in row:
            ends[row["rank"]] = max(ends.get(row["rank"], 0.0), row["to"])
    shown = [o for o in answer["options"] if o["feasible"] and o["id"] in answer["shown"]]
    assert [ends[i] for i in range(len(shown))] == pytest.approx(
        [o["monthly_usd"] for o in shown], rel=1e-4
    )
    now = answer["workload"]["tokens_per_month"]
    for rank, option in enumerate(shown, 1):
        curve = [r for r in rows(drawn["curves"]) if r.get("n") == str(rank) and "tier" in r]
        volumes = [r["x"] for r in curve]
        assert volumes == sorted(volumes)
        assert min(volumes) < now < max(volumes)
        near = min(curve, key=lambda r: abs(r["x"] - now))
        assert near["y"] == pytest.approx(option["monthly_usd"], rel=0.35)


def test_crossings_are_those_of_the_breakeven(made: Made) -> None:
    answer = json.loads(run(*COMMANDS["breakeven"], "-o", "json").stdout)
    curves = specs(made(*COMMANDS["breakeven"]))["curves"]
    marked = [r for r in rows(curves) if {"a", "b", "x"} <= r.keys()]
    assert marked[0]["x"] == pytest.approx(answer["first"], rel=1e-4)
    assert {(r["a"], r["b"]) for r in marked} == {("A", "B")}


def test_tornado_is_that_of_the_sensitivity(made: Made) -> None:
    answer = json.loads(run(*COMMANDS["sensitivity"], "-o", "json").stdout)
    bars = [r for r in rows(specs(made(*COMMANDS["sensitivity"]))["tornado"]) if "end" in r]
    for rank, row in enumerate(answer["rows"][:12]):
        low, high = (
            next(b for b in bars if b["rank"] == rank and b["end"] == marks.ENDS[end][0])
            for end in ("low", "high")
        )
        assert low["to"] == pytest.approx(row["at_low_usd"], rel=1e-4)
        assert high["to"] == pytest.approx(row["at_high_usd"], rel=1e-4)


def test_week_adds_up_to_the_load(made: Made) -> None:
    answer = json.loads(run(*COMMANDS["plan"], "-o", "json").stdout)
    week = rows(specs(made(*COMMANDS["plan"]))["week"])
    for hour, tokens in enumerate(answer["curve"]["tokens"]):
        tops = [r["to"] for r in week if r["hour"] == hour]
        assert max(tops) == pytest.approx(tokens, rel=1e-4)


def test_commands_make_it_again(made: Made) -> None:
    text = made(*COMMANDS["compare"]).read_text(encoding="utf-8")
    lines = [html.unescape(line) for line in re.findall(r"<code>(tco .*?)</code>", text)]
    assert len(lines) >= 5
    first = run(*shlex.split(lines[0])[1:])
    assert first.stdout == run(*COMMANDS["compare"]).stdout
    for line in lines[1:]:
        assert run(*shlex.split(line)[1:]).exit_code == 0, line


def test_commands_tell_variables_and_pin_the_day(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    result = run(
        *("compare", "-q", "--export", f"html={page}"),
        env={"TCO_TOKENS": "50B", "TCO_AS_OF": "2026-11-21"},
    )
    assert result.exit_code == 0, result.output
    assert "<code>tco compare --tokens 50B --as-of 2026-11-21</code>" in page.read_text()


def test_names_are_escaped_everywhere(made: Made) -> None:
    page = made(*HOSTILE)
    text = page.read_text(encoding="utf-8")
    assert EVIL in words(page)
    assert WORSE in words(page)
    assert EVIL not in text
    assert "<img src=x" not in text
    names = {row.get("head", "").split("  ", 1)[-1] for row in rows(specs(page)["bills"])}
    assert {EVIL, WORSE} <= names


def test_names_of_a_scenario_file_are_escaped(tmp_path: Path) -> None:
    file, page = tmp_path / "tco.yaml", tmp_path / "page.html"
    option = {"name": WORSE, "kind": "api", "input": "$2", "output": "$8"}
    said = {"workload": {"tokens": "50B"}, "options": [option], "as_of": "2026-11-21"}
    file.write_text(json.dumps(said), encoding="utf-8")
    result = run("compare", "-f", str(file), "-q", "--export", f"html={page}")
    assert result.exit_code == 0, result.output
    assert WORSE in words(page)
    assert "<img src=x" not in page.read_text(encoding="utf-8")


def test_checks_that_are_not_kept_are_said(tmp_path: Path) -> None:
    file, page = tmp_path / "tco.yaml", tmp_path / "page.html"
    said = {"workload": {"tokens": "50B"}, "checks": {"max_monthly": "$1"}, "as_of": "2026-11-21"}
    file.write_text(json.dumps(said), encoding="utf-8")
    result = run("compare", "-f", str(file), "-q", "--export", f"html={page}")
    assert result.exit_code == 1, result.output
    assert "Checks that are not kept max_monthly: " in words(page)


def test_no_tokens_are_no_volume(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    result = run("compare", "--tokens", "0", "-q", "--export", f"html={page}")
    assert result.exit_code == 0, result.output
    assert "give a volume, --tokens" in words(page)
    assert {"bills", "curves"} <= specs(page).keys()


def test_without_the_libraries_the_answer_is_printed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(
        "tco.render.report.page.find_spec", lambda name: None if name == "vl_convert" else name
    )
    page, good = tmp_path / "page.html", tmp_path / "good.json"
    result = run(*COMMANDS["compare"], "-q", f"--export=html={page}", f"--export=json={good}")
    assert result.exit_code == 2
    assert result.stdout == run(*COMMANDS["compare"], "-q").stdout
    assert result.stderr == (
        f"tco: --export: {page}: a report needs more libraries (vl_convert): "
        f"{install_command('report')}\n"
    )
    assert good.exists()
    assert not page.exists()


def test_report_that_cannot_be_written(tmp_path: Path) -> None:
    result = run(*COMMANDS["breakeven-over"], "-q", "--export", f"html={tmp_path}/no/such.html")
    assert result.exit_code == 2
    assert result.stderr == f"tco: --export: {tmp_path}/no/such.html: no such file or directory\n"
    assert result.stdout == run(*COMMANDS["breakeven-over"], "-q").stdout


def test_report_of_a_bill_shows_its_figures(tmp_path: Path) -> None:
    logs, page, copy = tmp_path / "months.csv", tmp_path / "page.html", tmp_path / "bill.json"
    logs.write_text(
        "month,model,team,input,cached,output,cost\n2026-10,gpt-4.1,ours,9000000,1000000,800000,25\n"
        f'2026-10,gpt-4.1,"{WORSE}",5000000,0,100000,9\n2026-11,gpt-4.1,ours,9000000,0,800000,\n'
    )
    asked = ("bill", str(logs), "--by", "team", "--invoice", "60", *DAY)
    done = run(*asked, "-q", "--export", f"html={page}", "--export", f"json={copy}")
    assert done.exit_code == 0, done.output
    answer, drawn, told = json.loads(copy.read_text()), rows(specs(page)["used"]), words(page)
    bars = {row["rank"]: row["to"] for row in drawn if "to" in row}
    lines = {row["rank"]: row["said"] for row in drawn if "said" in row}
    for rank, group in enumerate(answer["groups"]):
        assert bars[rank] == pytest.approx(group["list_usd"], rel=1e-4)
        assert lines[rank] == group["stated_usd"]
        assert group["name"] in told
    assert answer["verdict"].split(". ")[0] in told
    assert f"invoice {units.show_usd(60)}" in told
    assert WORSE not in page.read_text()
    assert f"tco bill --by team --invoice 60 {logs} --as-of 2026-11-21" in told


def test_report_of_a_profile_has_no_library_for_it_draws_nothing(tmp_path: Path) -> None:
    logs, page = tmp_path / "months.csv", tmp_path / "page.html"
    logs.write_text("month,model,input,output,requests\n2026-10,gpt-4.1,9000000,800000,700\n")
    done = run("profile", str(logs), "-q", "--export", f"html={page}", *DAY)
    assert done.exit_code == 0, done.output
    assert "700 requests in 744 hours, 1 model" in words(page)
    assert specs(page) == {}
    assert page.stat().st_size < 50_000


def test_command_without_a_report(tmp_path: Path) -> None:
    result = run("catalog", "list", "--export", f"html={tmp_path}/page.html")
    assert result.exit_code == 2
    assert "no report" in result.stderr
    assert result.stdout == ""  # before the work


def test_html_is_a_file_and_no_screen() -> None:
    result = run(*COMMANDS["compare"], "--format", "html")
    assert result.exit_code == 2
    assert result.stderr == "tco: --format: 'html' is a file; write --export html=report.html\n"


@pytest.mark.parametrize("paper", ["#ffffff", "#14171a"])
def test_colours_stand_out_on_light_and_dark(paper: str) -> None:
    used = {*marks.COLOURS, *(colour for _, colour in marks.PARTS.values())}
    used |= {colour for names in (marks.SERVED, marks.ENDS) for _, colour in names.values()}
    weak = {c: round(r, 2) for c in used if (r := marks.contrast(c, paper)) < 3.0}
    assert not weak
    assert all(marks.contrast(c, marks.readable_on(c)) >= 4.5 for c in used)
