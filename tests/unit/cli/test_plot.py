"""Pictures made of characters."""

from __future__ import annotations

import json
import math
import re
from itertools import pairwise

import pytest
from running import DAY, run, shell

from tco.analysis.charts.curves import CostCurve, CostCurves, Crossing
from tco.render.plots import cost

PAIR = ("gpt-4.1", "self/llama-3.3-70b")
PLOTTED = {
    "compare": ("compare", "--tokens", "50B", *DAY),
    "breakeven": ("breakeven", *PAIR, "--tokens", "50B", *DAY),
    "breakeven-without-volume": ("breakeven", *PAIR, *DAY),
    "sensitivity": ("sensitivity", *PAIR, "--tokens", "50B", *DAY),
    "plan": ("plan", "deepinfra/llama-3.3-70b", PAIR[1], "--tokens", "2T", *DAY),
}
TITLES = ("USD a month over", "B less A [USD/month]", "Tokens an hour")
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def picture(command: tuple[str, ...], columns: int, **env: str) -> list[str]:
    """Return the lines that `--plot` adds."""
    said = {"COLUMNS": str(columns), **env}
    with_it = run(*command, "-q", "--plot", env=said)
    assert with_it.exit_code == 0, with_it.output
    lines = with_it.stdout.splitlines()
    begin = max(i for i, line in enumerate(lines) if line.startswith(TITLES))
    return lines[begin:]


@pytest.mark.parametrize("columns", [40, 60, 80, 100])
@pytest.mark.parametrize("name", PLOTTED)
def test_picture_fits_the_width(name: str, columns: int) -> None:
    lines = picture(PLOTTED[name], columns)
    drawn = [line for line in lines if ("|" in line and "cheaper" not in line) or "+--" in line]
    assert len(drawn) >= 8
    assert max(map(len, drawn)) <= columns
    assert max(map(len, drawn)) > columns * 0.6
    assert "\x1b" not in "".join(lines)


@pytest.mark.parametrize("name", PLOTTED)
def test_colour_changes_no_character(name: str) -> None:
    plain = run(*PLOTTED[name], "-q", "--plot")
    coloured = run(*PLOTTED[name], "-q", "--plot", "--color", "always")
    assert "\x1b" in coloured.stdout
    assert ESCAPE.sub("", coloured.stdout) == plain.stdout


@pytest.mark.parametrize("name", PLOTTED)
def test_dumb_terminals_and_old_encodings_get_ascii(name: str) -> None:
    result = run(*PLOTTED[name], "-q", "--plot", env={"TERM": "dumb"})
    assert result.stdout.isascii()


def test_ascii_when_the_encoding_has_no_blocks() -> None:
    env = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    result = shell("breakeven", *PAIR, "--tokens", "50B", "-q", "--plot", env=env)
    assert result.returncode == 0, result.stderr
    assert b"?" not in result.stdout
    assert b"USD a month over tokens a month" in result.stdout


def middle(lines: list[str], tick: str) -> float:
    """Return the column that the label of a tick stands around."""
    axis = lines[next(i for i, line in enumerate(lines) if "+--" in line) + 1]
    (found,) = re.finditer(rf"(?<!\S){tick}(?!\S)", axis)
    return (found.start() + found.end() - 1) / 2


def test_crossing_stands_where_the_breakeven_is() -> None:
    answer = json.loads(run(*PLOTTED["breakeven"], "-o", "json").stdout)
    lines = picture(PLOTTED["breakeven"], 100)
    ends = [end for span in answer["wins"] for end in span if end]
    told = [line[3] for line in lines if line.startswith("◆  ")]
    assert told == ["BA"[i % 2] for i in range(len(ends))]
    field = [line for line in lines if "|" in line]
    marks = [x for line in field for x, mark in enumerate(line) if mark == "◆"]
    ten, hundred = (middle(lines, tick) for tick in ("10B", "100B"))
    at = [ten + (hundred - ten) * math.log10(end / 1e10) for end in ends]
    # Crossings nearer than a character share one mark.
    assert all(min(abs(x - mark) for mark in marks) <= 1 for x in at)
    assert all(min(abs(x - mark) for x in at) <= 1 for mark in marks)
    last = {m: [y for y, line in enumerate(field) if line.rstrip().endswith(m)] for m in "AB"}
    assert min(last["A"]) < min(last["B"])


def test_a_curve_has_no_gaps_and_a_crossing_lies_on_it() -> None:
    volumes = tuple(float(f"1e{i}") for i in range(9, 13))
    flat = CostCurve(id="flat", tier="self", volumes=volumes, usd=(1e4,) * 4, band=())
    steep = CostCurve(id="steep", tier="api", volumes=volumes, usd=(1e3, 1e4, 1e5, 1e6), band=())
    turn = Crossing(a="steep", b="flat", cheaper_after="flat", volume=1e10, usd=1e4)
    pictured = CostCurves(
        span=(1e9, 1e12), now=None, curves=(steep, flat), crossings=(turn,), draws=0
    )
    figure = next(iter(cost(pictured, 72)))
    field = [row[9:] for row in figure.rows[:16]]  # type: ignore[union-attr]
    tops = [min(y for y, row in enumerate(field) if row[x : x + 1] in "A◆") for x in range(20, 60)]
    assert all(abs(a - b) <= 5 for a, b in pairwise(tops))
    (y,) = [y for y, row in enumerate(field) if "◆" in row]
    assert "B" in field[y]


def test_plan_draws_its_load_once() -> None:
    result = run(*PLOTTED["plan"], "-q", "--plot")
    assert result.stdout.count("Tokens an hour") == 1


def test_markdown_keeps_the_picture() -> None:
    text = run(*PLOTTED["breakeven"], "--plot", "-o", "md").stdout
    assert "USD a month over tokens a month" in text
    assert text.count("```") == 2


@pytest.mark.parametrize("kind", ["json", "csv", "llm"])
def test_plot_needs_a_table(kind: str) -> None:
    result = run(*PLOTTED["compare"], "--plot", "-o", kind)
    assert result.exit_code == 2
    assert result.stderr == (
        f"tco: --plot draws under a table; leave out one of --plot and --format {kind}\n"
    )


@pytest.mark.parametrize(
    "command",
    [
        ("breakeven", *DAY),
        ("breakeven", *PAIR, "--tokens", "50B", "--over", "rent", *DAY),
        ("sensitivity", *PAIR, "--tokens", "50B", "--draws", "100", *DAY),
    ],
)
def test_answer_without_a_picture_is_printed_all_the_same(command: tuple[str, ...]) -> None:
    result = run(*command, "-q", "--plot")
    assert result.exit_code == 2
    assert result.stdout == run(*command, "-q").stdout
    assert result.stderr.startswith("tco: --plot: no picture of this answer")
