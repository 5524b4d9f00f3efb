"""First screens: at most 24 lines of 80 columns, stderr included, and what they begin and end with.

All of them run in this process, on the shipped catalog and the day of the tests. What a screen
leaves out is counted beside its flag, and JSON has it.
"""

from __future__ import annotations

import json
import re
import shlex
from functools import cache
from typing import Any
from unittest.mock import patch

import pytest
from running import DAY, ROOT, next_commands, run

from tco.render import first
from tco.render.output import rendered

LINES, COLUMNS = 24, 80

COMPARE = (
    "compare --tokens 50B",
    "compare --tokens 500M",
    "compare --tokens 5B --profile chat",
    "compare --tokens 1T",
    "compare --tokens 20T",
    "compare --requests 20M --isl 3000 --osl 500 --cached 40%",
    "compare --users 10k --profile agent-coding",
    "compare --developers 100",
    "compare --developers 100 --model claude-opus-4.5,glm-5.2,gpt-oss-120b",
    "compare --tokens 50B --tier self",
    "compare --tokens 50B --tier api",
    "compare --tokens 50B --tier hosted,api",
    "compare --tokens 50B --model llama-3.3-70b",
    "compare --tokens 50B --model gpt-4.1",
    "compare --tokens 50B --model kimi-k3 --gpu h100-sxm",
    "compare --tokens 50B --provider bedrock",
    "compare --tokens 200B --purchase own,on_demand,spot,reserved_1y",
    "compare --tokens 50B --private",
    "compare --tokens 50B --min-trust high",
    "compare --tokens 5B --provider crazyrouter",
    "compare --tokens 50B --cache-ttl 1h --electricity us",
    "compare --tokens 50B --fte 0.5 --set serving.headroom=90%"
    " --option mine:kind=fixed,usd_per_month=5000,capacity=20B",
    "compare --tokens 50B --slo tpot=30ms,ttft=1s",
    "compare --tokens 50B --without people,egress",
    "compare --tokens 50B --as-good-as gpt-oss-120b",
    "compare --tokens 50B --min-score arena=1470",
    "compare --tokens 50B --frontier",
)
BREAKEVEN = (
    "breakeven",
    "breakeven --tokens 50B",
    "breakeven --tokens 1T --against gpt-4.1",
    "breakeven --model llama-3.3-70b",
    "breakeven --profile chat",
    "breakeven novita/gpt-oss-120b self/gpt-oss-120b",
    "breakeven novita/gpt-oss-120b self/gpt-oss-120b --tokens 50B",
    "breakeven deepinfra/llama-3.3-70b self/llama-3.3-70b",
    "breakeven gpt-4.1 self/glm-5.2 --tokens 500M --growth 5%",
    "breakeven gpt-4.1 self/llama-3.3-70b --tokens 50B --over rent",
    "breakeven --map volume:rent --tokens 50B",
)
EXPLAIN = (
    "explain gpt-4.1 --tokens 50B",
    "explain novita/gpt-oss-120b --tokens 1T",
    "explain google/gemini-3.8-flash --tokens 50B --batch 50%",
    "explain anthropic/claude-opus-4.5 --developers 100",
)
OTHERS = (
    "sensitivity --tokens 50B",
    "sensitivity gpt-4.1 self/llama-3.3-70b --tokens 20B",
    "sensitivity novita/gpt-oss-120b deepinfra/gpt-oss-120b --tokens 20B",
    "sensitivity --tokens 50B --grid rent:peak",
    "sensitivity gpt-4.1 self/llama-3.3-70b --tokens 20B --draws 1k",
    "sensitivity --tokens 50B --draws 1k",
    "sensitivity --tokens 50B --what-if 'api price x3' --what-if 'price cut in half in 12 months'",
    "plan --tokens 50B",
    "plan --tokens 500B --profile chat --model glm-5.2",
    "plan --tokens 2T",
    "plan gpt-4.1 self/llama-3.3-70b --tokens 200B",
    f"plan -f {ROOT / 'portfolio.yaml'}",
    "size llama-3.3-70b",
    "size llama-3.3-70b --peak '200 req/s' --slo ttft=1s",
    "size gpt-oss-120b --gpu h100-sxm --slo tpot=30ms,ttft=1s",
    "size glm-5.2 --users 50 --profile agent-coding",
    "horizon --tokens 50B",
    "horizon --tokens 300B --growth 5%",
    "horizon gpt-4.1 self/llama-3.3-70b --tokens 50B",
    "horizon gpt-4.1 self/llama-3.3-70b self/llama-3.3-70b/own --tokens 50B",
    "horizon gpt-4.1 self/glm-5.2 --tokens 1T --horizon 5y",
)
"""Of sensitivity, plan, size and horizon."""

LONG = (
    "compare --tokens 50B --class small",
    "compare --tokens 5B --profile chat --class small --as-good-as gpt-oss-120b",
    "compare --tokens 50B --success small=80% --success mid=93%",
    "plan --tokens 50B --model glm-5.3",
    "explain self/gpt-oss-120b --tokens 50B",
    "explain self/gpt-oss-120b/own --tokens 50B",
    "explain self/llama-3.3-70b --tokens 20B",
    "deploy self/gpt-oss-120b --tokens 50B",
    "deploy self/glm-5.3 --tokens 50B",
    "train llama-3.3-70b --training-tokens 10M",
    "train gpt-4.1 llama-3.3-70b --training-tokens 10M --epochs 2 --refresh '3 months'",
    "embed --corpus 10B",
)
"""Those that have most to leave out, or that begin with more than the verdict of their JSON."""

COMMANDS = (*COMPARE, *BREAKEVEN, *EXPLAIN, *OTHERS, *LONG)


ANSWERS: dict[str, Any] = {}
"""What the screens are of, by their command."""


@cache
def played(command: str) -> Any:
    """Return what a command prints; each is run once, whichever test asks for it."""

    def shown(result: Any, *args: Any, **more: Any) -> str:
        ANSWERS[command] = result
        return rendered(result, *args, **more)

    with patch("tco.cli.answer.rendered", shown):
        return run(*shlex.split(command), *DAY)


@cache
def documented(command: str) -> Any:
    """Return the JSON of a command."""
    return json.loads(run(*shlex.split(command), *DAY, "-o", "json").stdout)


def height(text: str) -> int:
    """Return the lines that a terminal of 80 columns takes for a text."""
    return sum(max(1, -(-len(line) // COLUMNS)) for line in text.splitlines())


def plain(command: str, *flags: str) -> str:
    """Return a screen as running text."""
    done = played(shlex.join([*shlex.split(command), *flags]))
    assert done.exit_code == 0, done.output
    return " ".join(done.stdout.split())


@pytest.mark.parametrize("command", COMMANDS)
def test_a_first_screen_is_24_lines_of_80_columns(command: str) -> None:
    done = played(command)
    assert done.exit_code == 0, done.output
    told = height(done.stdout) + height(done.stderr)
    assert told <= LINES, f"{told} lines\n{done.stdout}{done.stderr}"
    long = [line for line in done.stdout.splitlines() if len(line) > COLUMNS]
    assert not long


@pytest.mark.parametrize("command", (*COMPARE, *BREAKEVEN, *OTHERS))
def test_a_first_screen_begins_with_the_verdict(command: str) -> None:
    screen = " ".join(played(command).stdout.split())
    verdict = ANSWERS[command].verdict
    told, rest = first.leading(verdict)
    assert screen.startswith(" ".join(told.split()))
    whole = f"{told} {rest}".strip()
    assert whole == verdict
    assert played(command).stdout.partition("\n\n")[0].count("\n") < first.LINES


EACH = (*COMPARE[:2], *BREAKEVEN[::4], *OTHERS[:4], *OTHERS[6:9], OTHERS[12], OTHERS[16])


@pytest.mark.parametrize("command", EACH)
def test_the_verdict_of_a_screen_is_that_of_its_json(command: str) -> None:
    assert played(command).exit_code == 0
    assert documented(command)["verdict"] == ANSWERS[command].verdict


@pytest.mark.parametrize("command", COMMANDS)
def test_the_next_commands_can_be_pasted(command: str) -> None:
    lines = next_commands(played(command).stdout)
    if not lines and command not in LONG:
        assert "--map" in command or "never" in played(command).stdout
    for line in lines:
        again = played(line.removeprefix("tco "))
        assert again.exit_code == 0, (line, again.output)


def test_what_was_asked_is_carried_along_as_it_was_typed() -> None:
    screen = played("compare --requests 20M --isl 3000 --osl 500 --cached 40%").stdout
    asked = "--requests 20M --isl 3000 --osl 500 --cached 40%"
    lines = next_commands(screen)
    assert len(lines) == 3 and all(f" {asked}" in line for line in lines), lines
    names = [line.split()[1:3] for line in lines]
    assert [name for name, _ in names] == ["explain", "breakeven", "deploy"]
    assert names[2][1].startswith("self/") and "@" not in names[2][1]


def test_what_chooses_is_left_out_where_options_are_named() -> None:
    screen = played("compare --tokens 50B --model llama-3.3-70b").stdout
    assert "--model" not in screen
    assert "\ntco explain " in screen


@pytest.mark.parametrize("command", ("compare --tokens 50B", "breakeven", EXPLAIN[0]))
def test_the_next_command_names_the_option_that_the_answer_names(command: str) -> None:
    document = documented(command)
    lines = next_commands(played(command).stdout)
    pair = document.get("pair") or []
    for line in (x for x in lines if x.split()[1] == "explain"):
        again = documented(line.removeprefix("tco "))
        if command == "compare --tokens 50B":
            assert again["option"]["id"] in (document["best"], *pair)
            bill = next(o for o in document["options"] if o["id"] == again["option"]["id"])
            assert again["option"]["monthly_usd"] == bill["monthly_usd"]


def test_assumptions_and_notes_are_one_flag_away() -> None:
    document = documented("compare --tokens 50B")
    screen = plain("compare --tokens 50B")
    count = len([a for a in document["assumptions"] if a["path"] != "bill.left_out"])
    assert f"{count} assumptions: --assumptions" in screen
    assert " notes: --notes" in screen
    assert "max_concurrency_large" not in screen
    assert "max_concurrency_large" in plain("compare --tokens 50B", "--assumptions")
    every = played("compare --tokens 50B --notes")
    for warning in document["warnings"]:
        assert f"tco: note: {warning}" in every.stderr
    told = " ".join(every.stdout.split())
    assert " ".join(document["verdict"].split()) in told
    assert "--notes" not in told


def test_what_turns_nothing_is_counted_and_what_was_typed_in_vain_is_told() -> None:
    quiet = played("compare --tokens 50B")
    assert quiet.stderr == ""
    vain = played("compare --tokens 50B --cache-ttl 1h --electricity us")
    assert "--cache-ttl changes nothing" in vain.stderr
    assert "--electricity us was given and enters none of these bills" in vain.stderr


def test_old_data_that_carries_the_verdict_stays() -> None:
    pair = played("breakeven novita/gpt-oss-120b self/gpt-oss-120b --tokens 50B")
    assert "older than their kind should be" in pair.stderr
    assert "days old" in played("compare --tokens 50B").stdout  # in the row itself


def test_a_saved_result_takes_the_flags_too(tmp_path: Any) -> None:
    path = tmp_path / "result.json"
    run("compare", "--tokens", "50B", *DAY, "--export", f"json={path}")
    for flags in ((), ("--notes",), ("--assumptions",), ("--notes", "--assumptions")):
        direct = played(shlex.join(["compare", "--tokens", "50B", *flags]))
        again = run("render", str(path), *flags)
        assert (again.stdout, again.stderr) == (direct.stdout, direct.stderr)


def test_a_page_leaves_nothing_out() -> None:
    page = run("compare", "--tokens", "50B", *DAY, "-o", "md").stdout
    document = documented("compare --tokens 50B")
    assert page.startswith(document["verdict"][:60])
    assert "max\\_concurrency" in page or "max_concurrency" in page
    assert "--notes" not in page


def test_a_score_at_an_effort_says_so() -> None:
    document = documented("compare --tokens 50B")
    shown = [o for o in document["options"] if o["id"] in document["shown"]]
    scored = [o for o in shown if o["quality"] and o["quality"]["effort"]]
    assert scored, "the shipped short list has models that were scored at an effort"
    screen = played("compare --tokens 50B").stdout
    assert "* scored at a reasoning effort" in screen
    for one in scored:
        value = f"{one['quality']['value']:.0f}"
        rows = [x for x in screen.splitlines() if one["model"] in x and value in x]
        assert all(f"{value}*" in row for row in rows), rows


def test_the_short_list_has_the_answer_of_each_class() -> None:
    document = documented("compare --tokens 50B")
    shown = [o for o in document["options"] if o["id"] in document["shown"]]
    for tier in ("hosted", "api", "self"):
        told = {o["class"] for o in shown if o["tier"] == tier}
        assert told == {"small", "mid", "flagship"}, (tier, told)


def test_without_names_own_gpus_are_held_against_a_closed_model_of_their_class() -> None:
    from tco.catalog.load import load_catalog
    from tco.catalog.lookup import model_class

    models = load_catalog().models
    document = documented("breakeven")
    closed = [row for row in document["rows"] if not row["same_weights"]]
    assert closed
    for row in closed:
        rival = models.models[row["a"].rpartition("/")[2]]
        same = model_class(rival, models.classes) == row["class"]
        assert same or row["class"] == "unknown", row
        assert row["a"] in document["against"].split(", ")


DESCRIBED = {
    "seats": "seats:kind=seat,usd_per_user=39",
    "ours": "ours:kind=fixed,usd_per_month=900000",
    "gpus": "gpus:kind=self,rent=2,gpu=h100-sxm,gpus=2,model=gpt-oss-120b,tokens_per_s=4000",
    "mine/api": "mine/api:kind=api,input=$90,output=$100",
}


@pytest.mark.parametrize("names", [["seats"], ["gpus"], ["mine/api"], ["ours", "gpus", "mine/api"]])
def test_what_the_user_described_is_on_the_screen(names: list[str]) -> None:
    """It was left out where it costs more than the catalog's own, seats beside tokens first."""
    given = [word for name in names for word in ("--option", DESCRIBED[name])]
    done = run("compare", "--users", "5000", *given, *DAY)
    table = done.stdout.split("prices of")[1].split("Assumed")[0]
    for name in names:
        assert re.search(rf" (or )?{name} +\d", table), table


@pytest.mark.parametrize("load", ["--users 50", "--tokens 1B", "--tokens 200B", "--requests 9M"])
def test_the_short_list_has_the_cheapest_fleet_of_each_gpu(load: str) -> None:
    """The set-up that the verdict named was not in the table: it has another batch at full load."""
    done = run("size", "qwen3-32b", *load.split(), "-o", "json", "-q", *DAY)
    found = json.loads(done.stdout)
    assert found["best_fleet"] in found["shown"]
    shown = [row for row in found["rows"] if row["id"] in found["shown"]]
    fleets = [row for row in found["rows"] if row["fleet_usd_per_month"] is not None]
    for gpu in {row["gpu"] for row in fleets}:
        least, listed = (
            min(r["fleet_usd_per_month"] for r in some if r["gpu"] == gpu and r in fleets)
            for some in (fleets, shown)
        )
        assert least == listed, gpu


RUNNERS = "--gpu rtx-4090 --precision q4_k_m --engine local"


@pytest.mark.parametrize(
    "command",
    [
        f"compare --tokens 100M --model llama-3.3-70b {RUNNERS}",
        f"explain self/llama-3.3-70b --tokens 100M {RUNNERS}",
        f"size llama-3.3-70b --tokens 100M {RUNNERS}",
        "compare --tokens 50B --model llama-3.3-70b --purchase dedicated",
    ],
)
def test_what_deploy_has_no_task_for_is_not_to_be_deployed(command: str) -> None:
    lines = next_commands(played(command).stdout)
    assert lines and not any(line.startswith("tco deploy") for line in lines)
    assert all(played(line.removeprefix("tco ")).exit_code == 0 for line in lines)


def test_a_break_even_after_sizes_is_of_the_set_ups_that_were_sized() -> None:
    """It was of any GPU, at any precision."""
    asked = "--gpu rtx-4090 --precision int4"
    (line,) = next_commands(played(f"size llama-3.3-70b {asked}").stdout)
    assert line.startswith(f"tco breakeven --model llama-3.3-70b {asked}")
    assert played(line.removeprefix("tco ")).exit_code == 0
