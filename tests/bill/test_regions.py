"""A region as a filter: only what is known to serve it stays, the others say why not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from running import run

from tco.options.regions import places

ON = ("--as-of", "2026-11-29")
ASK = ("compare", "--tokens", "50B", *ON, "--format", "json")


def options(*words: str) -> dict[str, Any]:
    done = run(*ASK, *words)
    assert done.exit_code == 0, done.stderr
    return {row["id"]: row for row in json.loads(done.stdout)["options"]}


@pytest.mark.parametrize(
    ("text", "regions"),
    [
        ("EU / US / Canada", {"eu", "us", "ca"}),
        ("NYC / TOR / AMS", {"us", "ca", "eu"}),
        ("Germany, DE", {"eu"}),
        ("California, US", {"us"}),
        ("us-central1", {"us"}),
        ("eastus2", {"us"}),
        ("eu-west-1", {"eu"}),
        ("eu-west-2", set()),  # London
        ("europe-west6", set()),  # Zurich
        ("ap-northeast-1", {"jp", "apac"}),
        ("Mumbai / global list", {"apac"}),
        ("the cheapest of 27", set()),
        ("global", set()),
        (None, set()),
    ],
)
def test_a_place_is_read_as_its_regions(text: str | None, regions: set[str]) -> None:
    assert places(text) == regions


def test_who_is_not_known_to_serve_it_is_listed_with_the_reason() -> None:
    made = options("--region", "eu", "--model", "gpt-oss-120b", "--model", "gpt-6-luna")
    assert made["openai/gpt-6-luna"]["feasible"]
    groq = made["groq/gpt-oss-120b"]
    assert not groq["feasible"]
    assert groq["reasons"] == ["groq is not known to serve region eu"]
    everywhere = options("--model", "gpt-oss-120b", "--model", "gpt-6-luna")
    assert everywhere["groq/gpt-oss-120b"]["feasible"]
    there, usual = (o["openai/gpt-6-luna"]["monthly_usd"] for o in (made, everywhere))
    assert (there - 2_000) / (usual - 2_000) == pytest.approx(1.1)  # at its price there


def test_rents_are_filtered_by_their_region_too() -> None:
    made = options("--region", "eu", "--tier", "self", "--model", "gpt-oss-120b", "--all")
    sellers = {row["provider"] for row in made.values() if row["feasible"]}
    assert sellers == {"digitalocean", "hyperstack", "nebius", "scaleway"} & sellers
    assert {"nebius", "digitalocean"} <= sellers
    american = options("--region", "us", "--tier", "self", "--model", "gpt-oss-120b", "--all")
    sellers = {row["provider"] for row in american.values() if row["feasible"]}
    assert "aws" in sellers and "scaleway" not in sellers


def test_what_is_bought_and_what_a_user_gives_stays(tmp_path: Path) -> None:
    made = options(
        *("--region", "jp", "--model", "gpt-oss-120b", "--purchase", "own"),
        *("--option", "mine:kind=api,model=gpt-oss-120b,input=0.1,output=0.2"),
    )
    assert made["mine"]["feasible"]
    assert any(i.startswith("self/") and row["feasible"] for i, row in made.items())
    file = tmp_path / "mine.yaml"
    file.write_text("""
sources: {contract: {title: Ours, read: 2026-11-20, where: drawer}}
offers:
  - provider: groq
    model: gpt-oss-120b
    prices:
      - since: 2026-01-01
        checked: 2026-11-20
        usd_per_mtok: {input: 0.1, output: 0.2}
        evidence: [{source: contract, input: 0.1, output: 0.2}]
""")
    asked = ("--region", "jp", "--model", "gpt-oss-120b", "--catalog", str(file))
    assert options(*asked)["groq/gpt-oss-120b"]["feasible"]


@pytest.mark.parametrize(
    ("region", "words"),
    [("europe", "did you mean eu? there are"), ("atlantis", "there are apac, au, ca, eu, jp, us")],
)
def test_a_region_that_nobody_serves_says_which_there_are(region: str, words: str) -> None:
    done = run("compare", "--tokens", "1B", "--region", region, *ON)
    assert (done.exit_code, done.stdout) == (4, "")
    assert f"--region {region}: nobody is known to serve it; " in done.stderr
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_region_known_for_nothing_that_was_asked_is_no_answer() -> None:
    done = run("compare", "--tokens", "1B", "--provider", "groq", "--region", "eu", *ON)
    assert done.exit_code == 4
    assert "groq is not known to serve region eu" in done.stderr


@pytest.mark.parametrize("command", ["compare", "breakeven", "sensitivity", "plan", "horizon"])
def test_every_command_keeps_to_it(command: str) -> None:
    done = run(command, "--tokens", "50B", "--region", "eu", *ON, "--format", "json")
    assert done.exit_code in (0, 4), done.stderr
    if done.exit_code == 0:
        text = done.stdout
        assert "self/" in text
        for seller in ("lambda:", "runpod:", "fal:", "jarvislabs:"):
            assert f"/{seller}" not in text, (command, seller)
    else:
        assert "region eu" in done.stderr


def test_global_is_a_region_of_those_who_do_not_mind() -> None:
    plain = options("--model", "gpt-4.1")
    anywhere = options("--model", "gpt-4.1", "--region", "global")
    assert {i for i, r in plain.items() if r["feasible"]} == {
        i for i, r in anywhere.items() if r["feasible"]
    }
