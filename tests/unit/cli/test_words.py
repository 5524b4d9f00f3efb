"""A wrong word in every option, and every option acts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from running import DAY, run

from tco.ask.commands import OVER_TIME
from tco.ask.layers import FIELDS

BASE = ("compare", "--tokens", "50B", *DAY)

WRONG = {
    "tokens": "50m",
    "requests": "20 req/blink",
    "users": "many",
    "developers": "many",
    "sessions": "0",
    "turns": "0",
    "think_time": "soon",
    "kv_pool": "many",
    "host_cache": "-1",
    "profile": "chatt",
    "isl": "0",
    "osl": "-3",
    "input_output": "3:0",
    "images": "-1",
    "image_tokens": "a few",
    "cached": "350%",
    "cache_write": "99%",
    "batch": "2",
    "deadline": "soon",
    "peak": "200",
    "peak_to_mean": "0.5",
    "service": "cheap",
    "region": "atlantis",
    "currency": "euro",
    "fx": "0",
    "cache_ttl": "3h",
    "tokenizer": "gpt-4.1",
    "horizon": "soon",
    "model": "llama-x-7ob",
    "model_config": "/no/such/config.json",
    "params": "many",
    "provider": "opnai",
    "tier": "closed",
    "license": "free",
    "min_score": "mmlu",
    "as_good_as": "gpt-x",
    "model_class": "tiny",
    "success": "small",
    "min_trust": "total",
    "gpu": "h1000",
    "gpus": "2.5",
    "precision": "fp7",
    "seller": "lambada",
    "purchase": "lease",
    "billing": "autoscale",
    "schedule": "noon",
    "option": "mine:kind=api,inptu=1,output=2",
    "max_tpot": "50",
    "slo": "speed=1s",
    "engine": "turbo",
    "speculative": "eagle9",
    "parallel": "sideways",
    "fte": "half",
    "salary": "€240k",
    "coverage": "always",
    "salary_region": "mars",
    "site": "moon",
    "electricity": "mars",
    "ownership": "lease",
    "hours_per_month": "0",
    "extra_monthly": "-5",
    "extra_per_gpu": "-$1/month",
    "extra_per_server": "much",
    "extra_upfront": "-1",
    "without": "peeple",
    "set": "serving.hedroom=90%",
    "as_of": "2026-13-01",
    "catalog": "/no/such/file.yaml",
    "measured": "/no/such/file.csv",
    "format": "jsn",
    "export": "json",
    "top": "0",
    "sort": "price",
    "fields": "monthly",
    "color": "green",
}
FLAGS = {field.name: field.flag for field in FIELDS}
SWITCHES = {
    "admission_cap",
    "private",
    "marketplaces",
    "all",
    "lines",
    "bare",
    "quiet",
    "by_day",
    "assumptions",
    "notes",
}
VOLUMES = {"tokens", "requests", "users", "developers"}


OF_HORIZON = {field.name for field in OVER_TIME}
"""Options of one command only; tests/horizon has their wrong words."""


def test_every_option_has_a_wrong_word() -> None:
    assert WRONG.keys() | SWITCHES == {field.name for field in FIELDS} - OF_HORIZON


def line(text: str) -> str:
    assert text.count("\n") == 1, text
    assert "Traceback" not in text
    return text.removesuffix("\n")


@pytest.mark.parametrize("name", WRONG)
def test_wrong_word(name: str) -> None:
    volume = () if name in VOLUMES else ("--tokens", "50B")
    result = run("compare", *DAY, *volume, f"{FLAGS[name]}={WRONG[name]}")
    # A region that nobody is known to serve is a question without an answer.
    assert result.exit_code in ((4,) if name == "region" else (2, 3)), result.output
    assert result.stdout == ""
    assert line(result.stderr).startswith("tco: ")


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["--tokens", "50m"], 2, "--tokens: 50m: 'm' could mean milli or million; write 50M"),
        (["--tokens=-5"], 2, "must not be negative"),
        (["--tokens", "nan"], 2, "not a finite number"),
        (["--tokens", "50 B/fortnight"], 2, "use s, min, h, day, week, month or year"),
        (["--tokens", "1B", "--users", "5"], 2, "--tokens and --users say the same thing"),
        (["--tokens", "1B", "--model", "gpt-41"], 3, "did you mean gpt-4.1? "),
        (["--tokens", "1B", "--gpu", "h201"], 3, "h200-sxm"),
        (["--tokens", "1B", "--provider", "togehter"], 3, "did you mean together"),
        (["--tokens", "1B", "--sort", "price"], 2, "there are cost, mtok, id, tier"),
        (["--tokens", "1B", "--fields", "monthly"], 2, "monthly_usd"),
        (["--tokens", "1B", "--model", "kimi-k3", "--tier", "self"], 4, "kimi-k3"),
        (["--tokens", "1B", "--set", "people.api_fte=1", "--set", "people.api_fte=2"], 2, "two"),
    ],
)
def test_what_is_said(args: list[str], code: int, words: str) -> None:
    result = run("compare", *DAY, *args)
    assert result.exit_code == code, result.output
    assert words in line(result.stderr)


ACTS = {
    "requests": ["20M"],
    "users": ["10k"],
    "profile": ["chat"],
    "isl": ["3000"],
    "osl": ["100"],
    "input_output": ["9:1"],
    "images": ["2"],
    "image_tokens": ["765"],
    "cached": ["90%"],
    "cache_write": ["5%"],
    "batch": ["50%"],
    "peak": ["30 req/s"],
    "peak_to_mean": ["4"],
    "service": ["flex"],
    "region": ["eu"],
    "currency": ["EUR", "--fx", "0.92"],
    "fx": ["0.92", "--currency", "EUR"],
    "cache_ttl": ["1h"],
    "by_day": [],
    "tokenizer": ["gpt-4.1=1.2"],
    "horizon": ["2 years"],
    "model": ["gpt-4.1"],
    "provider": ["together"],
    "tier": ["api"],
    "license": ["permissive"],
    "min_score": ["mmlu=85"],
    "as_good_as": ["gpt-oss-120b"],
    "model_class": ["small"],
    "success": ["small=80%,flagship=95%"],
    "min_trust": ["low"],
    "private": [],
    "gpu": ["l40s"],
    "gpus": ["8"],
    "precision": ["bf16"],
    "seller": ["nebius"],
    "purchase": ["spot"],
    "marketplaces": [],
    "billing": ["autoscaled"],
    "schedule": ["mon-fri 08:00-20:00"],
    "bare": [],
    "without": ["engineers"],
    "coverage": ["dedicated_24x7"],
    "salary_region": ["us_90th"],
    "site": ["desk"],
    "electricity": ["texas"],
    "ownership": ["straight_line"],
    "hours_per_month": ["720"],
    "extra_monthly": ["$4k/month"],
    "extra_per_gpu": ["$375/month"],
    "extra_per_server": ["$1,500/month"],
    "extra_upfront": ["$300k"],
    "all": [],
    "option": ["mine:kind=fixed,usd_per_month=5000,capacity=20B"],
    "max_tpot": ["20ms"],
    "slo": ["ttft=1s"],
    "engine": ["legacy"],
    "speculative": ["mtp"],
    "parallel": ["data-attention"],
    "fte": ["3"],
    "salary": ["$500k/year"],
    "set": ["serving.redundancy=3"],
    "as_of": ["2025-05-01"],
    "format": ["md"],
    "top": ["1"],
    "sort": ["id"],
    "fields": ["id,tier"],
    "color": ["always"],
    "assumptions": [],
    "notes": [],
}


@pytest.mark.parametrize("name", ACTS)
def test_every_option_acts(name: str) -> None:
    volume = () if name in VOLUMES else ("--tokens", "50B")
    usual = run(*BASE)
    day = () if name == "as_of" else DAY
    result = run("compare", *day, *volume, FLAGS[name], *ACTS[name])
    assert result.exit_code == 0, result.output
    assert (result.stdout, result.stderr) != (usual.stdout, usual.stderr)


def test_acting_is_shown_of_all_but_files() -> None:
    elsewhere = {
        "catalog",
        "measured",
        "model_config",
        "params",
        "deadline",
        "developers",
        "sessions",
        "turns",
        "think_time",
        "kv_pool",
        "host_cache",
        "admission_cap",
        "export",
        "lines",
        "quiet",
    }  # lines, deadline: tests/rules; quiet: test_output.py; configs: tests/catalog; sessions and
    # what is said of them: tests/unit/test_sessions.py
    assert ACTS.keys() | elsewhere | {"tokens"} == {field.name for field in FIELDS} - OF_HORIZON


def test_several_and_separated_by_commas() -> None:
    twice = run(*BASE, "--model", "gpt-4.1", "--model", "kimi-k3", "-o", "json")
    commas = run(*BASE, "--model", "gpt-4.1,kimi-k3", "-o", "json")
    assert json.loads(twice.stdout)["options"] == json.loads(commas.stdout)["options"]


def test_overlay(tmp_path: Path) -> None:
    overlay = tmp_path / "mine.yaml"
    overlay.write_text(
        "schema: 1\n"
        "sources: {us: {title: our contract, read: 2026-11-01}}\n"
        "offers:\n"
        "  - {provider: openai, model: gpt-4.1, prices: [{since: 2026-01-01, checked: 2026-11-01,"
        " usd_per_mtok: {input: 1, output: 1}, evidence: [{source: us}]}]}\n"
    )
    args = ("--model", "gpt-4.1", "--tier", "api", "--catalog", str(overlay), "-o", "json")
    result = run(*BASE, *args)
    (option,) = json.loads(result.stdout)["options"]
    tokens = [line for line in option["lines"] if line["group"] == "tokens"]
    assert sum(line["amount_usd"] for line in tokens) == pytest.approx(50_000)
