"""A short name is the cheapest set-up at the volume asked about, and over volumes that of each."""

from __future__ import annotations

import json
from typing import Any

import pytest
from running import DAY, run

NAME, RIVAL = "self/gpt-oss-120b", "openai/gpt-6-luna"
AT = ("--tokens", "50B")


def answer(*args: str) -> Any:
    """Return what a command says in JSON."""
    result = run(*args, *DAY, "--format", "json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def usd_at(volume: float) -> float:
    """Return the bill of the short name at a volume."""
    made = answer("explain", NAME, "--tokens", repr(volume))["option"]["monthly_usd"]
    assert isinstance(made, float)
    return made


def test_every_command_means_the_same_set_up() -> None:
    """What `breakeven` billed at 50B was another set-up, and its turns were worked out for it."""
    option = answer("explain", NAME, *AT)["option"]
    turn = answer("breakeven", RIVAL, NAME, *AT)
    swing = answer("sensitivity", RIVAL, NAME, *AT)
    over = answer("breakeven", RIVAL, NAME, *AT, "--over", "rent")
    for one in (turn, swing, over):
        assert (one["b"], one["b_usd"]) == (option["id"], pytest.approx(option["monthly_usd"]))
    engineers = next(f["needed"] for f in turn["flips"] if f["path"] == "people.fte")
    fewer = answer("explain", NAME, *AT, "--fte", repr(engineers))["option"]["monthly_usd"]
    assert fewer == pytest.approx(turn["a_usd"], rel=1e-3)
    assert turn["b"] in " ".join(turn["resolved"]) and len(turn["envelope"]) > 1


def test_over_the_volume_each_side_is_the_cheapest_there() -> None:
    turn = answer("breakeven", RIVAL, NAME, *AT)
    over = answer("breakeven", RIVAL, NAME, *AT, "--over", "volume", "--range", "1B..10T")
    assert over["first"] == pytest.approx(turn["first"], rel=1e-3)
    rival = answer("explain", RIVAL, "--tokens", repr(turn["first"]))["option"]["monthly_usd"]
    assert usd_at(turn["first"] * 1.000001) <= rival * 1.0001


def test_a_map_over_the_volume_is_of_the_envelope_and_says_so() -> None:
    args = ("--map", "volume:rent", "--x", "20B..2T:log3", "--y", "1..2:2")
    made = answer("breakeven", *args, "--among", RIVAL, "--among", NAME, *AT)
    assert any("at each volume the cheapest of" in said for said in made["resolved"])
    letters = {o["mark"] for o in made["options"]}
    assert letters == {"A", "B"}
    for cell in made["cells"]:
        if cell["y"] == 1.0:
            rival = answer("explain", RIVAL, "--tokens", repr(cell["x"]))["option"]["monthly_usd"]
            assert cell["usd"] == pytest.approx(min(usd_at(cell["x"]), rival))
            assert cell["runner_up"].split("@")[0] != cell["winner"].split("@")[0]


def test_the_overview_is_of_the_envelope() -> None:
    rows = answer("breakeven", "--model", "gpt-oss-120b")["rows"]
    host = next(r for r in rows if r["same_weights"])
    pair = answer("breakeven", host["a"], NAME)
    assert host["first"] == pytest.approx(pair["first"])
    assert [tuple(s) for s in host["wins"]] == [tuple(s) for s in pair["wins"]]
