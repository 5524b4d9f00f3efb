"""What varies, on the command line: every format, one line for every mistake, the same bytes."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from running import DAY, load_small, published, run, schema_file

from tco.cli import answer, options

PAIR = ("gpt-4.1", "self/llama-3.3-70b", "--tokens", "20B")
ASKED = {
    "breakeven-over": ("breakeven", *PAIR, "--over", "rent"),
    "map": ("breakeven", "--map", "volume:rent", "--tokens", "20B"),
    "montecarlo": ("sensitivity", *PAIR, "--draws", "2k", "--seed", "3"),
    "what-if": ("sensitivity", "--tokens", "20B", "--what-if", "price halved in 6 months"),
}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every command read the small catalog."""
    monkeypatch.setattr("tco.catalog.load.load_catalog", load_small)


@pytest.mark.parametrize("name", ASKED)
def test_json_follows_its_schema(name: str) -> None:
    result = run(*ASKED[name], *DAY, "-o", "json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    published(name).validate(document)
    # Amounts in dollars alone have no other money beside them.
    assert document.keys() == schema_file(name)["properties"].keys() - {"currency"}


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize("kind", ["table", "csv", "md", "json"])
def test_every_format(name: str, kind: str) -> None:
    result = run(*ASKED[name], *DAY, "-o", kind)
    assert result.exit_code == 0, result.output
    assert result.stdout == run(*ASKED[name], *DAY, "-o", kind).stdout
    if kind == "table":
        # A next command stays one line, so that it can be pasted.
        lines = [one for one in result.stdout.splitlines() if not one.startswith("tco ")]
        assert all(len(line) <= 80 for line in lines)
    if kind == "csv":
        widths = {line.count(",") for line in result.stdout.splitlines() if '"' not in line}
        assert len(widths) == 1


def test_a_map_in_colour_is_the_same_map() -> None:
    import re

    plain = run(*ASKED["map"], *DAY).stdout
    coloured = run(*ASKED["map"], *DAY, "--color", "always").stdout
    assert "\x1b[32m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def test_a_grid_shows_margins() -> None:
    text = run("sensitivity", *PAIR, *DAY, "--grid", "rent:peak").stdout
    assert "peak \\ rent" in text
    assert "*A" in text or "*B" in text or "*a" in text or "*b" in text


MISTAKES = {
    "--over foo": (("breakeven", *PAIR, "--over", "foo"), "nothing called 'foo'"),
    "--over horizon": (("breakeven", *PAIR, "--over", "horizon"), "does not enter"),
    "--over alone": (("breakeven", "--over", "rent"), "name A and B"),
    "--range": (("breakeven", *PAIR, "--over", "rent", "--range", "4..1"), "from low to high"),
    "--range word": (("breakeven", *PAIR, "--over", "rent", "--range", "4"), "is no range"),
    "--range unit": (("breakeven", *PAIR, "--over", "cached", "--range", "0..2"), "--range: 2:"),
    "--range alone": (("breakeven", *PAIR, "--range", "1..2"), "belongs to --over"),
    "--map": (("breakeven", "--map", "volume", "--tokens", "5B"), "no pair"),
    "--map and --over": (("breakeven", *PAIR, "--map", "a:b", "--over", "rent"), "different"),
    "--x": (("breakeven", "--map", "volume:rent", "--x", "9..1:3"), "--x: 9..1:3"),
    "--growth": (("breakeven", *PAIR, "--growth", "300%"), "--growth: 300%"),
    "--draws": (("sensitivity", *PAIR, "--draws", "many"), "--draws: many"),
    "--draws 0": (("sensitivity", *PAIR, "--draws", "0"), "at least 1"),
    "--draws memory": (("sensitivity", *PAIR, "--draws", "1e12"), "at most 1,000,000,000"),
    "--seed alone": (("sensitivity", *PAIR, "--seed", "1"), "belongs to --draws"),
    "--vary": (("sensitivity", *PAIR, "--draws", "9", "--vary", "rent.factor"), "no spread"),
    "--vary upside down": (
        ("sensitivity", *PAIR, "--draws", "9", "--vary", "rent.factor=2..1"),
        "lies above the 95th",
    ),
    "--vary shape": (
        ("sensitivity", *PAIR, "--draws", "9", "--vary", "rent.factor=1..2:bell"),
        "bell",
    ),
    "--correlate": (
        ("sensitivity", *PAIR, "--draws", "9", "--correlate", "rent.factor:price.api_factor=2"),
        "no correlation matrix",
    ),
    "--correlate word": (("sensitivity", *PAIR, "--draws", "9", "--correlate", "a=1"), "write"),
    "--what-if": (
        ("sensitivity", "--tokens", "5B", "--what-if", "rent explodes"),
        "says no change",
    ),
    "--among": (("sensitivity", *PAIR, "--among", "gpt-4.1"), "belongs to"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_one_line_and_exit_2(name: str) -> None:
    args, why = MISTAKES[name]
    result = run(*args, *DAY)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert why in result.stderr
    assert result.stderr.count("\n") == 1


def test_what_ifs_of_a_scenario_file(tmp_path: Path) -> None:
    file = tmp_path / "tco.yaml"
    file.write_text("workload: {tokens: 20B}\nwhat_if: ['bad times: rent x2', 'api price x3']\n")
    both = run("sensitivity", "-f", str(file), "--what-if", "all", *DAY, "-o", "json")
    names = [w["name"] for w in json.loads(both.stdout)["what_ifs"]]
    assert names == ["bad times", "api price x3"]
    one = run("sensitivity", "-f", str(file), "--what-if", "Bad Times", *DAY, "-o", "json")
    assert [w["changes"] for w in json.loads(one.stdout)["what_ifs"]] == [["rent x2"]]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_waits_two_seconds_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 1.0, 3.0, 3.1, 4.0])
    monkeypatch.setattr(options.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(sys, "stderr", Terminal())
    with options.Progress() as bar:
        bar(0.1)
        assert sys.stderr.getvalue() == ""
        bar(0.5)
        assert "50%" in sys.stderr.getvalue()
        bar(0.6)  # too soon after the last
        assert "60%" not in sys.stderr.getvalue()
        bar(0.75)
    assert sys.stderr.getvalue().endswith("\r")


@pytest.mark.parametrize(("terminal", "quiet"), [(Terminal(), True), (io.StringIO(), False)])
def test_progress_is_for_people(monkeypatch: pytest.MonkeyPatch, terminal, quiet: bool) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(options, "PATIENCE_S", 0.0)
    monkeypatch.setattr(options, "EVERY_S", 0.0)
    monkeypatch.setattr(sys, "stderr", terminal)
    with options.Progress(quiet=quiet) as bar:
        bar(0.5)
    assert terminal.getvalue() == ""


def test_an_interrupted_export_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(answer.Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        answer._saved(str(tmp_path / "out.json"), "{}")
    assert list(tmp_path.iterdir()) == []
