"""`tco render`: the same bytes as the command itself, and what is no result."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from running import DAY, run

COMMANDS = {
    "compare": "compare --tokens 50B",
    "compare-selected": "compare --tokens 50B --model llama-3.3-70b --all",
    "frontier": "compare --tokens 50B --frontier",
    "breakeven": "breakeven gpt-4.1 self/llama-3.3-70b --tokens 50B",
    "breakeven-table": "breakeven",
    "breakeven-over": "breakeven gpt-4.1 self/llama-3.3-70b --tokens 50B --over rent",
    "sensitivity": "sensitivity --tokens 50B",
    "montecarlo": "sensitivity gpt-4.1 self/llama-3.3-70b --tokens 10B --draws 200",
    "what-if": "sensitivity --tokens 50B --what-if 'rent +30%'",
    "size": "size llama-3.3-70b",
    "size-demand": "size llama-3.3-70b --demand '20 req/s' --slo ttft=1s",
    "plan": "plan --tokens 500B --profile chat",
    "explain": "explain self/llama-3.3-70b --tokens 50B",
    "claims": "claims crazyrouter-breakeven-deepseek",
    "catalog-list": "catalog list",
    "catalog-show": "catalog show gpt-4.1",
    "catalog-history": "catalog history gpt-4.1",
}
FORMATS = ("table", "json", "csv", "md", "github", "llm")


def saved(tmp_path: Path, command: str) -> Path:
    path = tmp_path / "result.json"
    done = run(*shlex.split(command), *DAY, "--export", f"json={path}")
    assert done.exit_code == 0, done.output
    return path


@pytest.mark.parametrize("name", COMMANDS)
def test_the_same_bytes(name: str, tmp_path: Path) -> None:
    path = saved(tmp_path, COMMANDS[name])
    focus = ("focus",) if name in ("compare", "compare-selected", "explain") else ()
    for kind in (*FORMATS, *focus):
        direct = run(*shlex.split(COMMANDS[name]), *DAY, "--format", kind)
        again = run("render", str(path), "--format", kind)
        assert again.stdout == direct.stdout, kind
        assert again.stderr == direct.stderr
        assert again.exit_code == 0


@pytest.mark.parametrize("kind", ["table", "csv", "json", "md", "llm"])
def test_columns_and_orders_are_asked_for_again(kind: str, tmp_path: Path) -> None:
    path = saved(tmp_path, COMMANDS["compare"])
    asked = ("--fields", "id,monthly_usd,rank", "--sort", "id", "--top", "3", "-o", kind)
    direct = run(*shlex.split(COMMANDS["compare"]), *DAY, *asked)
    assert run("render", str(path), *asked).stdout == direct.stdout


def test_colour_and_width_are_the_terminals(tmp_path: Path) -> None:
    path = saved(tmp_path, COMMANDS["compare"])
    for options in (("--color", "always"), ("-q",)):
        for columns in ("60", "120"):
            env = {"COLUMNS": columns}
            direct = run(*shlex.split(COMMANDS["compare"]), *DAY, *options, env=env)
            assert run("render", str(path), *options, env=env).stdout == direct.stdout


def test_an_order_of_json_leaves_the_ranks_alone(tmp_path: Path) -> None:
    path = tmp_path / "by-id.json"
    run(*shlex.split(COMMANDS["compare"]), *DAY, "--sort", "id", "--export", f"json={path}")
    shown = run("render", str(path), "--sort", "cost", "-q").stdout
    assert shown == run(*shlex.split(COMMANDS["compare"]), *DAY, "--sort", "cost", "-q").stdout


def edited(change: Callable[[Any], Any]) -> Callable[[str], str]:
    """Return what edits a result as JSON."""

    def write(text: str) -> str:
        document = json.loads(text)
        changed = change(document)
        return json.dumps(document if changed is None else changed, indent=2)

    return write


def _set(path: str, value: Any) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        *way, last = [int(p) if p.isdecimal() else p for p in path.split(".")]
        here = document
        for part in way:
            here = here[part]
        if value is None:
            del here[last]
        else:
            here[last] = value

    return change


BAD = {
    "newer": (
        edited(_set("schema", "tco.compare/7")),
        "result.json:2: schema: tco.compare/7 is not read, tco.compare/1 is: written by a newer",
    ),
    "older": (edited(_set("schema", "tco.compare/0")), "ask the question again"),
    "unknown": (edited(_set("schema", "tco.compar/1")), "did you mean tco.compare/1"),
    "no schema": (edited(_set("schema", None)), "no result of tco; write one with --format json"),
    "a list": (lambda _: "[1, 2]", "no result of tco; write one with --format json"),
    "empty": (lambda _: "", "not JSON"),
    "truncated": (lambda text: text[: len(text) // 2], "not JSON"),
    "not a number": (lambda text: text.replace("50000000000.0", "NaN"), "NaN is not a number"),
    "deep": (lambda _: "[" * 100_000, "not JSON"),
    "text for number": (
        edited(_set("options.0.monthly_usd", "cheap")),
        "options.0.monthly_usd: a number is expected, not 'cheap'",
    ),
    "null for number": (
        edited(lambda d: d["workload"].update(isl=None)),
        "workload.isl: a number is expected, not null",
    ),
    "number as text": (
        edited(_set("options.0.monthly_usd", "5284.31")),
        "options.0.monthly_usd: a number is expected, not '5284.31'",
    ),
    "whole number": (
        edited(_set("considered", 5.5)),
        "considered: a whole number is expected, not 5.5",
    ),
    "text for list": (
        edited(_set("options", "none")),
        "result.json:24: options: a list is expected, not 'none'",
    ),
    "list for members": (
        edited(_set("catalog", [1])),
        "result.json:3: catalog: members are expected, not a list",
    ),
    "one of three": (
        edited(_set("options.0.band_usd", [1.0, 2.0, 3.0])),
        "options.0.band_usd: fewer values are expected, not a list",
    ),
    "wrong word": (edited(_set("options.0.tier", "cloud")), "'cloud' is none of api, hosted, self"),
    "lacking": (
        edited(_set("options.0.id", None)),
        "options.0: lacks id; was it written with --fields",
    ),
    "line off": (
        edited(_set("options.0.lines.0.amount_usd", 7.0)),
        "deepinfra/gpt-oss-120b: input tokens: 24,549.01961 Mtok at 0.037 is $908.31, not"
        " amount_usd $7.00",
    ),
    "total off": (
        edited(_set("options.1.monthly_usd", 1.0)),
        "deepinfra/llama-3.3-70b: lines sum to $9,372.55, not to monthly_usd $1.00",
    ),
    "breakdown off": (
        edited(_set("options.2.breakdown.people", 1.0)),
        "breakdown sum to",
    ),
    "price off": (
        edited(_set("options.0.usd_per_mtok", 7.0)),
        " for 50,000 Mtok is $0.11 each, not usd_per_mtok $7.00",
    ),
    "no lines": (edited(_set("options.0.lines", [])), "there are no lines that come to it"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_result(name: str, tmp_path: Path) -> None:
    path = saved(tmp_path, COMMANDS["compare"])
    change, message = BAD[name]
    path.write_text(change(path.read_text("utf-8")), "utf-8")
    result = run("render", str(path))
    assert result.exit_code == 3, result.output
    assert result.stdout == ""
    assert result.stderr.startswith(f"tco: {path}:")
    assert len(result.stderr.splitlines()) == 1
    assert message in result.stderr


def test_a_plan_whose_lines_do_not_sum(tmp_path: Path) -> None:
    path = saved(tmp_path, COMMANDS["plan"])
    document = json.loads(path.read_text("utf-8"))
    document["strategies"][0]["monthly_usd"] += 1
    path.write_text(json.dumps(document), "utf-8")
    result = run("render", str(path))
    assert result.exit_code == 3
    assert "all API: lines sum to $" in result.stderr


def test_what_a_later_tco_added_is_left_out_with_a_note(tmp_path: Path) -> None:
    path = saved(tmp_path, COMMANDS["compare"])
    before = run("render", str(path)).stdout
    document = json.loads(path.read_text("utf-8"))
    document["options"][0]["colour"] = "green"
    path.write_text(json.dumps(document), "utf-8")
    result = run("render", str(path))
    assert result.stdout == before
    assert "left out what this tco does not know: options.0.colour" in result.stderr
    assert "left out" not in run("render", str(path), "-q").stderr


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        result = run("render", str(path))
        assert result.exit_code == 3
        assert result.stderr.startswith(f"tco: {path}: ")


def test_formats_that_a_result_has_not(tmp_path: Path) -> None:
    path = saved(tmp_path, COMMANDS["breakeven"])
    for kind, message in (("focus", "tco compare or explain"), ("sarif", "tco catalog check")):
        result = run("render", str(path), "--format", kind)
        assert result.exit_code == 2
        assert message in result.stderr
    assert "did you mean table" in run("render", str(path), "--format", "tabel").stderr


@pytest.mark.parametrize(
    "command",
    ["claims", "catalog check", "catalog history llama-3.3-70b", "config show", "render none.json"],
)
def test_a_report_of_what_has_none_is_refused_before_the_work(command: str, tmp_path: Path) -> None:
    result = run(*command.split(), "--export", f"html={tmp_path / 'page.html'}")
    assert (result.exit_code, result.stdout) == (2, "")
    said = " has no report, the commands that answer draw one; it writes json, csv, md, github"
    assert said in result.stderr
    assert result.stderr.count("\n") == 1


def test_an_export_that_cannot_be_written_comes_after_the_answer(tmp_path: Path) -> None:
    path = saved(tmp_path, COMMANDS["compare"])
    lost = tmp_path / "no" / "such" / f"{'long' * 10}.md"  # a path is not cut short
    for command in ([*shlex.split(COMMANDS["compare"]), *DAY], ["render", str(path)]):
        result = run(*command, "--export", f"md={lost}", "--export", f"csv={tmp_path / 'ok.csv'}")
        assert result.exit_code == 2
        assert "llama-3.3-70b at deepinfra" in result.stdout
        assert f"--export: {lost}: no such file or directory" in result.stderr
        assert (tmp_path / "ok.csv").is_file()


def test_names_cannot_give_commands_to_a_runner_or_a_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "tco.yaml"
    path.write_text(
        "workload: {tokens: 5B}\nselect: {models: gpt-4.1}\noptions:\n"
        '  - {name: "::error file=x::boom%0A", kind: fixed, usd_per_month: 1, capacity: 20B}\n'
        '  - {name: "=cmd()", kind: fixed, usd_per_month: 2, capacity: 20B}\n',
        "utf-8",
    )
    for command in (["compare"], ["breakeven", "gpt-4.1", "::error file=x::boom%0A"]):
        shown = run(*command, "-f", str(path), *DAY, "-o", "github", "-q").stdout
        commands = [line for line in shown.splitlines() if line.lstrip().startswith("::")]
        assert commands
        assert all(line.startswith(("::notice title=", "::warning title=")) for line in commands)
        assert "boom%250A" in shown
    bills = run("compare", "-f", str(path), *DAY, "-o", "focus", "-q").stdout
    assert ",'=cmd()," in bills
    assert ",=cmd()" not in bills


EARLIER = {
    "explain self/llama-3.3-70b --tokens 50B": ("verdict", "best", "min_trust", "asked", "minor"),
    "compare --tokens 50B": ("min_trust", "asked", "minor"),
    "claims crazyrouter-breakeven-deepseek": ("assumptions", "best", "asked"),
    "size llama-3.3-70b": ("best", "cheaper_but_unsure"),
}
"""What answers of an earlier tco did not say, by command."""


@pytest.mark.parametrize("command", EARLIER)
def test_what_an_earlier_tco_wrote_is_read(command: str, tmp_path: Path) -> None:
    path = saved(tmp_path, command)
    document = json.loads(path.read_text("utf-8"))
    for name in EARLIER[command]:
        del document[name]
    path.write_text(json.dumps(document), "utf-8")
    result = run("render", str(path), "-o", "json")
    assert result.exit_code == 0, result.stderr
    again = json.loads(result.stdout)
    assert again.keys() == document.keys() | {*EARLIER[command]}
    assert {key: again[key] for key in document} == document


def test_every_answer_carries_the_same(tmp_path: Path) -> None:
    """Envelopes are alike: the same members, at the same ends of every document."""
    first, last = ["schema", "catalog"], ["best", "cheaper_but_unsure", "min_trust", "asked"]
    for command in COMMANDS.values():
        document = json.loads(saved(tmp_path, command).read_text("utf-8"))
        if not command.startswith("catalog"):
            assert [*document][:2] == first, command
            assert [*document][-5:] == [*last, "minor"], command
            assert {"verdict", "assumptions", "warnings"} <= document.keys(), command
