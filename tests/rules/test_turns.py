"""What would turn an answer has the right subject: whoever loses today would win."""

from __future__ import annotations

import json
import re
from itertools import chain
from typing import Any

import pytest
from running import run

from tco.units import show_tokens

ON = ("--as-of", "2026-11-29")
PAIR = ("deepinfra/glm-4.7", "self/glm-4.7")


def told(*args: str) -> str:
    done = run(*args, *ON, "-q")
    assert done.exit_code == 0, done.output
    return " ".join(done.stdout.replace("\N{NO-BREAK SPACE}", " ").split())


SPEED, PEAK, RENT = "serving.throughput_factor", "workload.peak_to_mean", "rent.factor"
CASES: list[tuple[str, float, tuple[str, ...], dict[str, float]]] = [
    ("minimax-m2.5", 49.5e9, ("--cached", "0", "--fte", "0.25"), {SPEED: 4.0, PEAK: 1.2}),
    ("minimax-m2.5", 49.5e9, ("--cached", "0", "--fte", "0.25"), {SPEED: 0.85, PEAK: 1.2}),
    ("qwen3-235b-a22b", 5.45e12, ("--fte", "0.5"), {SPEED: 4.0}),
    ("llama-3.3-70b", 547e9, ("--isl", "500", "--osl", "100", "--fte", "2"), {SPEED: 0.5, PEAK: 6}),
    ("llama-3.3-70b", 578e9, (), {SPEED: 0.5}),
    ("gpt-oss-120b", 800e9, (), {}),
    ("glm-4.7", 840e9, ("--fte", "2"), {}),
    ("deepseek-v3.2", 200e9, ("--max-tpot", "25ms"), {}),
]
"""Model, volume, flags and settings."""


@pytest.mark.parametrize(("model", "tokens", "flags", "settings"), CASES)
def test_each_turn_is_where_a_comparison_turns(
    model: str, tokens: float, flags: tuple[str, ...], settings: dict[str, float]
) -> None:
    """minimax-m2.5 from 4 times was said to turn at 1.06; two B200 are the answer down to 0.9."""

    def found(changed: dict[str, float]) -> dict[str, Any]:
        asked = ("compare", "--model", model, "--tokens", f"{tokens:.0f}", *flags)
        each = (("--set", f"{k}={v:.8g}") for k, v in {**settings, **changed}.items())
        document: dict[str, Any] = json.loads(told(*asked, *chain(*each), "-o", "json"))
        return document

    def own_wins(document: dict[str, Any]) -> bool:
        usd = {r["id"]: r["monthly_usd"] for r in document["options"]}
        sure = {r["id"] for r in document["options"] if r["trust"] != "low"}
        return bool(min(usd[k] for k in sure if k.startswith("self/")) < usd[today["pair"][0]])

    today = found({})
    turns = {f["path"]: f["needed"] for f in today["turns"] if f["against"] is None}
    for path in (SPEED, PEAK, RENT):
        if turns[path]:
            ends = [own_wins(found({path: turns[path] * beside})) for beside in (0.996, 1.004)]
            assert ends == [path != SPEED, path == SPEED], path


@pytest.mark.parametrize("volume", ["815B", "831B", "840B"])
def test_a_volume_turns_the_answer_where_the_break_even_does(volume: str) -> None:
    """Own GPUs may win on intervals: at an end of the one of today, or for good, they change."""
    document = json.loads(told("breakeven", *PAIR, "--tokens", volume, "-o", "json"))
    now = float(volume.rstrip("B")) * 1e9
    spans = [(low, high if high is not None else float("inf")) for low, high in document["wins"]]
    asked = ("compare", "--tokens", volume, "--model", "glm-4.7")
    text, turns = told(*asked), json.loads(told(*asked, "-o", "json"))["turns"]
    (turn,) = (f for f in turns if f["title"] == "volume")
    inside = [span for span in spans if span[0] <= now < span[1]]
    if inside:
        ((low, high),) = inside
        near = min((low, high), key=lambda end: max(end / now, now / end))
        assert "Buying would win" in text
        way = f"{'from' if near > now else 'up to'} {show_tokens(near)} tokens"
    else:
        assert "Own GPUs would win" in text
        near, way = document["sure"], f"from {show_tokens(document['sure'])} tokens"
    assert way in turn["text"].replace("\N{NO-BREAK SPACE}", " ")
    assert turn["needed"] == pytest.approx(near)


def test_who_would_win_against_a_closed_model_is_said_of_that_model() -> None:
    text = told("compare", "--tokens", "50B", "--class", "mid")
    usd = {
        name: json.loads(told("explain", name, "--tokens", "50B", "-o", "json"))["option"][
            "monthly_usd"
        ]
        for name in ("google/gemini-3.8-flash", "self/glm-5.3-flash", "baseten/glm-5.3-flash")
    }
    assert usd["baseten/glm-5.3-flash"] < usd["self/glm-5.3-flash"] < usd["google/gemini-3.8-flash"]
    assert re.search(
        r"Own GPUs would win [^;]+; gemini-3.8-flash would win [^:]*?(up to|from) ", text
    )


def test_a_plan_says_that_own_gpus_for_everything_are_cheapest() -> None:
    asked = ("plan", "--tokens", "400B", "--batch", "100%", "--model", "gpt-oss-120b")
    usd = {
        s["strategy"]: s["monthly_usd"]
        for s in json.loads(told(*asked, "-o", "json"))["strategies"]
    }
    assert usd["all own"] < min(usd["all API"], usd["hybrid"])
    assert "no GPU is worth its price" not in told(*asked)
    assert "own GPUs for everything cost" in told(*asked)


def test_a_turn_of_throughput_looks_at_every_set_up() -> None:
    """Just beyond it some own GPUs are cheaper than the host, and just before it none are."""
    asked = ("--tokens", "200B", "--model", "deepseek-v3.2")
    document = json.loads(told("compare", *asked, "-o", "json"))
    (needed,) = (f["needed"] for f in document["turns"] if f["path"].startswith("serving"))
    title = next(f["title"] for f in document["turns"] if f["path"].startswith("serving"))
    wins = []
    for factor in (0.995 * needed, 1.005 * needed):
        changed = ("--set", f"serving.throughput_factor={factor:.6g}")
        rows = json.loads(told("compare", *asked, *changed, "--all", "-o", "json"))["options"]
        usd = {r["id"]: r["monthly_usd"] for r in rows if r["feasible"] and r["trust"] != "low"}
        own = {k: v for k, v in usd.items() if k.startswith("self/")}
        best = min(own, key=lambda name: own[name])
        host = min(v for k, v in usd.items() if not k.startswith("self/"))
        wins.append((own[best] < host, best))
    assert [won for won, _ in wins] == [False, True]
    assert title.removeprefix("throughput of ").lower() in wins[1][1]


def test_volumes_on_screen_do_not_reach_beyond_what_turns_them() -> None:
    """Without headroom the lines that a fleet's bill stays between are thousands of times apart."""
    at = ("--set", "serving.headroom=1")
    pair = ("novita/gpt-oss-120b", "self/gpt-oss-120b")
    document = json.loads(told("breakeven", *pair, *at, "-o", "json"))
    assert document["about"][1] > 1000.0 * document["sure"] > 1000.0 * document["first"]
    assert "about " not in told("breakeven", *pair, *at)
    overview = told("breakeven", "--model", "gpt-oss-120b", *at)
    assert f"gpt-oss-120b pays for good from {show_tokens(document['sure'])}:" in overview
    usual = json.loads(told("breakeven", *pair, "-o", "json"))["about"]
    ends = " to ".join(show_tokens(end) for end in usual)
    assert f"about {ends}" in told("breakeven", *pair)


def test_own_gpus_may_be_named_first() -> None:
    pair = ("self/glm-4.7", "deepinfra/glm-4.7")
    one, other = (
        json.loads(told("breakeven", *names, "--tokens", "815B", "-o", "json"))["flips"]
        for names in (pair, pair[::-1])
    )
    assert {f["path"] for f in one} == {f["path"] for f in other}
    assert any(f["path"] == "serving.throughput_factor" and f["needed"] for f in one)
