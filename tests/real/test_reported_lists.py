"""Price lists and contracts as people report them wrong, and what is made of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from running import DAY, run

GPT = {"litellm_provider": "openai", "mode": "chat", "source": "list"}
USUAL = {
    **GPT,
    "input_cost_per_token": 2e-6,
    "output_cost_per_token": 8e-6,
    "cache_read_input_token_cost": 5e-7,
}


def proposed(tmp_path: Path, kind: str, document: Any) -> tuple[str, str]:
    """Return the proposal that follows a list, and what is told beside it."""
    path, to = tmp_path / "list.json", tmp_path / "new.yaml"
    path.write_text(json.dumps(document), "utf-8")
    asked = ("--against", kind, str(path), "--write", str(to), "--as-of", "2026-11-29")
    done = run("catalog", "update", *asked)
    assert done.exit_code == 0, done.stderr
    return to.read_text("utf-8"), done.stderr


def openai(cost: dict[str, Any]) -> dict[str, Any]:
    return {"openai": {"id": "openai", "models": {"gpt-4.1": {"id": "gpt-4.1", "cost": cost}}}}


@pytest.mark.parametrize(
    ("kind", "document", "words"),
    [
        ("models.dev", openai({"input": 3, "output": 12, "currency": "EUR"}), "prices are in EUR"),
        ("litellm", {"gpt-4.1": {**USUAL, "currency": "CNY"}}, "prices are in CNY"),
        (
            "litellm",
            {"gpt-4.1": {**USUAL, "input_cost_per_token_batches": 8e-6}},
            "batches: input $8.00 is 4 times $2.00",
        ),
        (
            "litellm",
            {"gpt-4.1": {**USUAL, "input_cost_per_token_above_200k_tokens": 4.0}},
            "input $4,000,000.00 is 2e+06 times $2.00",
        ),
        (
            "litellm",
            {"gpt-4.1": {**GPT, "input_cost_per_token": -1, "output_cost_per_token": -1}},
            "says what cannot be meant",
        ),
    ],
)
def test_what_cannot_be_dollars_for_the_offer_is_not_followed(
    tmp_path: Path, kind: str, document: Any, words: str
) -> None:
    text, told = proposed(tmp_path, kind, document)
    assert "openai" not in text.partition("offers:")[2]
    assert words in told
    checked = run("catalog", "check", "--also", kind, str(tmp_path / "list.json"), *DAY)
    assert checked.exit_code == 1


@pytest.mark.parametrize("size", ["1k_tokens", "1k_token", "million_tokens", "1M_tokens", "mtok"])
def test_prices_of_several_tokens_are_told_and_not_followed(tmp_path: Path, size: str) -> None:
    """litellm knows none: `input_cost_per_1k_tokens` was passed over without a word."""
    price = {f"{way}_cost_per_{size}": usd for way, usd in (("input", 3.0), ("output", 12.0))}
    mini = {**GPT, "input_cost_per_token": 5e-7, "output_cost_per_token": 2e-6}
    text, told = proposed(tmp_path, "litellm", {"gpt-4.1": {**GPT, **price}, "gpt-4.1-mini": mini})
    followed = text.partition("offers:")[2]
    assert "model: gpt-4.1-mini" in followed
    assert "model: gpt-4.1\n" not in followed
    assert f"input_cost_per_{size} is new to tco" in told


def test_dollars_that_are_called_so_are_followed(tmp_path: Path) -> None:
    text, _ = proposed(
        tmp_path, "models.dev", openai({"input": 3, "output": 12, "currency": "usd"})
    )
    assert "usd_per_mtok: {input: 3, output: 12, cached_input: 0.75}" in text


CONTRACT = """\
schema: 1
version: mine-1
sources:
  paper: {{title: "A contract", kind: vendor, read: 2026-11-20, where: "page 1"}}
providers:
  mineco: {{name: Mineco, kind: host}}
offers:
  - provider: mineco
    model: gpt-4.1
    prices:
      - since: 2026-01-01
        checked: 2026-11-20
        usd_per_mtok: {{input: {input}, output: {output}}}
        evidence: [{{source: paper, output: 1}}]
"""


@pytest.mark.parametrize("command", ["explain", "breakeven", "plan", "horizon"])
@pytest.mark.parametrize(("input_", "output", "lacks"), [("~", 1, "input"), (1, "~", "output")])
def test_an_offer_without_a_price_for_half_of_a_request_is_refused(
    tmp_path: Path, command: str, input_: Any, output: Any, lacks: str
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(CONTRACT.format(input=input_, output=output), "utf-8")
    other = ("self/llama-3.3-70b",) if command in ("breakeven", "plan") else ()
    asked = ("mineco/gpt-4.1", *other, "--tokens", "1B", "--catalog", str(path), *DAY)
    done = run(command, *asked)
    assert (done.exit_code, done.stdout) == (4, "")
    assert f"mineco/gpt-4.1: no price for {lacks} tokens in the catalog" in done.stderr
    assert run("compare", "--model", "gpt-4.1", *asked[1 + len(other) :]).exit_code == 0
    if lacks == "input":
        found = run("catalog", "check", str(path), *DAY)
        assert found.exit_code == 1
        assert "mine.yaml:13: error TCO107 not-a-price" in " ".join(found.stdout.split())
