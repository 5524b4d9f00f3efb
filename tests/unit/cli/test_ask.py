"""Flags beat variables beat the file; what each of them says arrives, with who said it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tco.ask.layers import FIELDS
from tco.ask.options import OVER_TIME, QUESTION, Output, QuestionOptions
from tco.cli.answer import given_by
from tco.errors import DataError, UsageError
from tco.options.scenario import InlineOption, Scenario

OPTION = "mine:kind=api,input=$2,output=$8,cached=0.5"
IN_FILE = {"name": "mine", "kind": "api", "input": "$2", "output": 8, "cached": 0.5}

# name: flag, what the file says, field of the request or setting, value
SAYS: dict[str, tuple[Any, Any, str, Any]] = {
    "tokens": ("50B", "50B", "tokens", 5e10),
    "requests": ("20M", 2e7, "requests", 2e7),
    "users": ("10k", "10k", "users", 1e4),
    "developers": ("100", 100, "developers", 100.0),
    "sessions": ("40", 40, "workload.sessions.open", 40.0),
    "turns": ("45", 45, "workload.sessions.turns", 45.0),
    "kv_pool": ("3.3M", 3.3e6, "serving.kv_pool_tokens", 3.3e6),
    "host_cache": ("1500", 1500, "serving.host_cache_gb", 1500.0),
    "admission_cap": (True, True, "serving.admission_cap", 1.0),
    "think_time": ("30s", "30 s", "workload.sessions.gap_s", 30.0),
    "profile": ("chat", "chat", "profile", "chat"),
    "isl": ("3k", 3000, "isl", 3000.0),
    "osl": ("500", 500, "osl", 500.0),
    "input_output": ("3:1", "3:1", "input_output", 3.0),
    "cached": ("35%", "35%", "workload.cached_share", 0.35),
    "batch": ("0.2", 0.2, "workload.batch_share", 0.2),
    "peak_to_mean": ("2.5", 2.5, "workload.peak_to_mean", 2.5),
    "model": (["a", "b"], ["a", "b"], "models", ("a", "b")),
    "peak": ("200 req/s", 200, "peak", 200.0),
    "provider": (["openai"], "openai", "providers", ("openai",)),
    "tier": (["self,api"], ["self", "api"], "tiers", ("self", "api")),
    "license": (["permissive"], ["permissive"], "licenses", ("permissive",)),
    "min_score": ("mmlu=85", {"mmlu": 85}, "min_score", ("mmlu", 85.0)),
    "as_good_as": ("gpt-4.1", "gpt-4.1", "as_good_as", "gpt-4.1"),
    "model_class": (["small,mid"], ["small", "mid"], "classes", ("small", "mid")),
    "success": (
        ["small=80%,gpt-4.1=95%"],
        {"small": "80%", "gpt-4.1": 0.95},
        "success",
        (("small", 0.8), ("gpt-4.1", 0.95)),
    ),
    "min_trust": ("high", "high", "min_trust", "high"),
    "private": (True, True, "private", True),
    "gpu": (["h100-sxm"], ["h100-sxm"], "gpus", ("h100-sxm",)),
    "gpus": ("8", 8, "gpu_count", 8),
    "precision": (["fp8"], ["fp8"], "precisions", ("fp8",)),
    "seller": (["lambda"], ["lambda"], "sellers", ("lambda",)),
    "purchase": (["spot"], ["spot"], "purchases", ("spot",)),
    "marketplaces": (True, True, "marketplaces", True),
    "billing": ("autoscaled", "autoscaled", "billing", "autoscaled"),
    "schedule": (
        "sat 10:00-14:00",
        "sat 10:00-14:00",
        "schedule",
        ((frozenset({5}), 600, 840),),
    ),
    "params": (["8B"], ["8B"], "params", (8e9,)),
    "deadline": ("24h", "1 day", "workload.deadline_h", 24.0),
    "bare": (True, True, "bare", True),
    "without": (["people,power"], ["people", "power"], "without", ("people", "power")),
    "coverage": ("shared_24x7", "shared_24x7", "coverage", "shared_24x7"),
    "salary_region": ("us", "us", "salary_region", "us"),
    "site": ("desk", "desk", "site", "desk"),
    "electricity": ("texas", "texas", "electricity", "texas"),
    "ownership": ("books", "books", "ownership", "books"),
    "hours_per_month": ("720", 720, "workload.hours_per_month", 720.0),
    "extra_monthly": ("$4k/month", "$48k/year", "extra.usd_per_month", 4_000.0),
    "extra_per_gpu": ("$375/month", 375, "extra.usd_per_gpu_month", 375.0),
    "extra_per_server": ("$1,500/month", 1500, "extra.usd_per_server_month", 1_500.0),
    "extra_upfront": ("$300k", 300_000, "extra.upfront_usd", 300_000.0),
    "all": (True, True, "all_setups", True),
    "lines": (True, True, "all_lines", True),
    "max_tpot": ("50ms", "50ms", "serving.max_tpot_s", 0.05),
    "slo": (["ttft=1s"], {"ttft": "1s"}, "serving.max_ttft_s", 1.0),
    "engine": ("default", "default", "engine", "default"),
    "speculative": ("mtp", "mtp", "serving.drafts", 1.0),
    "parallel": ("expert", "expert", "serving.parallel", 1.0),
    "fte": ("0.5", 0.5, "fte", 0.5),
    "salary": ("$20k/month", "$240k/year", "people.salary_usd_per_year", 240_000.0),
    "set": (
        ["serving.headroom=90%"],
        {"serving.headroom": "90%"},
        "serving.headroom",
        0.9,
    ),
    "service": ("flex", "flex", "service", "flex"),
    "region": ("eu", "eu", "region", "eu"),
    "currency": ("eur", "EUR", "currency", "EUR"),
    "fx": ("0.92@2026-11-20", "0.92@2026-11-20", "fx", (0.92, date(2026, 11, 20))),
    "images": ("2", 2, "workload.images_per_request", 2.0),
    "image_tokens": ("765", 765, "workload.tokens_per_image", 765.0),
    "cache_write": ("5%", "5%", "workload.cache_write_share", 0.05),
    "cache_ttl": ("1h", "1h", "cache_ttl", "1h"),
    "by_day": (True, True, "by_day", True),
    "tokenizer": (["gpt-4.1=1.2"], ["gpt-4.1=1.2"], "tokenizers", (("gpt-4.1", 1.2),)),
    "horizon": ("2 years", "2 years", "horizon.months", 24.0),
    "growth": ("5%", "5%/month", "growth", 0.05),
    "discounting": ("year-end", "year-end", "discounting", "year-end"),
    "flat_prices": (True, True, "flat_prices", True),
    "as_of": ("2026-03-01", "2026-03-01", "as_of", date(2026, 3, 1)),
    "option": (
        [OPTION],
        [IN_FILE],
        "options",
        (InlineOption(name="mine", kind="api", source="", input=2, output=8, cached_input=0.5),),
    ),
}


def yaml_of(key: str, value: Any) -> str:
    """Return a scenario file that says one thing."""
    parts = enumerate(key.split("."))
    out = "".join(f"{'  ' * depth}{part}:\n" for depth, part in parts)
    return out.removesuffix("\n") + f" {_flow(value)}\n"


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(v) for v in value) + "]"
    return (
        {True: "true", False: "false"}.get(value, str(value))
        if value in (True, False)
        else (f'"{value}"' if isinstance(value, str) else str(value))
    )


def found(request: Scenario, target: str) -> Any:
    value = request.settings.get(target) if "." in target else getattr(request, target)
    if target == "options":
        return tuple(replace(option, source="") for option in value)
    return value


@pytest.fixture(autouse=True)
def nothing_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in FIELDS:
        monkeypatch.delenv(field.variable, raising=False)
    monkeypatch.delenv("TCO_FILE", raising=False)


def test_all_fields_are_here() -> None:
    assert SAYS.keys() | {"catalog", "measured", "model_config"} == {
        f.name for f in (*QUESTION, *OVER_TIME)
    }


@pytest.mark.parametrize("name", SAYS)
def test_flag_variable_and_file_say_the_same(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flag, in_file, target, value = SAYS[name]
    field = next(f for f in FIELDS if f.name == name)

    typed: Any = {name: flag}
    by_flag = given_by(typed, Output()).request
    assert found(by_flag, target) == value
    assert by_flag.origins[target] == field.flag

    path = tmp_path / "tco.yaml"
    path.write_text(f"version: 1\n{yaml_of(field.key, in_file)}")
    by_file = given_by(QuestionOptions(file=str(path)), Output()).request
    assert found(by_file, target) == value
    assert by_file.origins[target].startswith(f"{path}:")

    separator = ";" if name == "option" else ","
    monkeypatch.setenv(field.variable, separator.join(flag) if field.many else str(flag))
    by_variable = given_by(QuestionOptions(), Output()).request
    assert found(by_variable, target) == value
    assert by_variable.origins[target] == field.variable


def test_precedence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "tco.yaml"
    path.write_text(
        "workload: {tokens: 1B, cached: 10%, peak_to_mean: 3}\n"
        "people: {salary: $100k/year, fte: 1}\n"
        "select: {models: [from-file]}\n"
    )
    monkeypatch.setenv("TCO_FILE", str(path))
    monkeypatch.setenv("TCO_TOKENS", "2B")
    monkeypatch.setenv("TCO_CACHED", "20%")
    request = given_by(QuestionOptions(tokens="3B", model=["from-flag"]), Output()).request
    assert request.tokens == 3e9
    assert request.models == ("from-flag",)
    assert request.settings == {
        "workload.cached_share": 0.2,
        "workload.peak_to_mean": 3.0,
        "people.salary_usd_per_year": 1e5,
    }
    assert request.fte == 1
    assert request.origins["tokens"] == "--tokens"
    assert request.origins["workload.cached_share"] == "TCO_CACHED"
    assert request.origins["workload.peak_to_mean"] == f"{path}:1"
    assert request.origins["fte"] == f"{path}:2"


def test_nearer_volume_drives_out_the_others(tmp_path: Path) -> None:
    path = tmp_path / "tco.yaml"
    path.write_text("workload: {tokens: 1B, isl: 10, osl: 20}\n")
    question = QuestionOptions(file=str(path), requests="5M", input_output="3:1")
    request = given_by(question, Output()).request
    assert (request.tokens, request.requests) == (None, 5e6)
    assert (request.isl, request.osl, request.input_output) == (None, None, 3.0)


def test_options_and_overlays_add_up(tmp_path: Path) -> None:
    path = tmp_path / "tco.yaml"
    path.write_text(
        "options:\n"
        "  - {name: one, kind: fixed, usd_per_month: 1}\n"
        "  - {name: two, kind: fixed, usd_per_month: 2}\n"
        "catalog: ours.yaml\n"
    )
    question = QuestionOptions(
        file=str(path), option=["two:kind=fixed,usd_per_month=3"], catalog=["theirs.yaml"]
    )
    said = given_by(question, Output())
    assert [(o.name, o.usd_per_month) for o in said.request.options] == [("one", 1), ("two", 3)]
    assert said.request.options[0].source == f"{path}:2"
    assert [str(o) for o in said.overlays] == [str(tmp_path / "ours.yaml"), "theirs.yaml"]


@pytest.mark.parametrize(
    "question",
    [
        QuestionOptions(tokens="1B", users="5"),
        QuestionOptions(isl="5", input_output="3:1"),
        QuestionOptions(fte="1", set=["people.floor_fte=2"]),
        QuestionOptions(cached="10%", set=["workload.cached_share=20%"]),
        QuestionOptions(set=["a.b=1", "a.b=2"]),
    ],
)
def test_contradiction(question: QuestionOptions) -> None:
    with pytest.raises(UsageError, match="give one of them"):
        given_by(question, Output())


def test_contradiction_in_the_file_is_bad_data(tmp_path: Path) -> None:
    path = tmp_path / "tco.yaml"
    path.write_text("workload:\n  tokens: 1B\n  users: 5\n")
    with pytest.raises(DataError, match=r"tco\.yaml:2 and .*tco\.yaml:3 say the same thing"):
        given_by(QuestionOptions(file=str(path)), Output())


def test_switch_off_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "tco.yaml"
    path.write_text("select: {private: true}\n")
    monkeypatch.setenv("TCO_PRIVATE", "no")
    assert given_by(QuestionOptions(file=str(path)), Output()).request.private is False
    assert given_by(QuestionOptions(file=str(path), private=True), Output()).request.private is True
    monkeypatch.setenv("TCO_PRIVATE", "perhaps")
    with pytest.raises(UsageError, match="TCO_PRIVATE: 'perhaps' is neither true nor false"):
        given_by(QuestionOptions(), Output())


def test_output_has_layers_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "tco.yaml"
    path.write_text("output: {format: md, top: 3, fields: [id, tier], export: json=x.json}\n")
    monkeypatch.setenv("TCO_TOP", "5")
    said = given_by(QuestionOptions(file=str(path)), Output(format="csv"))
    assert said.output == {
        "format": "csv",
        "top": 5,
        "fields": ("id", "tier"),
        "export": (("json", "x.json"),),
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mine", "describes no option"),
        (":kind=api,input=1,output=2", "needs a name"),
        ("mine:kind=cloud", "'cloud' is none of them"),
        ("mine:input=1", "none was said"),
        ("mine:kind=api,input", "'input' is no key=value"),
        ("mine:kind=api,inptu=1", "no key called 'inptu'; did you mean input"),
        ("mine:kind=api,rent=1", "rent does not belong to kind api"),
        ("mine:kind=api,input=1,input=2", "input is said twice"),
        ("mine:kind=api,input=-1", "input: -1: must not be negative"),
    ],
)
def test_option_that_is_not_understood(text: str, words: str) -> None:
    with pytest.raises(UsageError, match="--option: ") as error:
        given_by(QuestionOptions(option=[text]), Output())
    assert words in str(error.value)


def test_option_of_own_gpus() -> None:
    spec = (
        "mine:kind=self,model=glm-5.2,gpu=h100,gpus=4,rent=$2.10,instance_gpus=8,"
        "output_tokens_per_s=2500 tok/s,precision=fp8"
    )
    (option,) = given_by(QuestionOptions(option=[spec]), Output()).request.options
    assert option == InlineOption(
        name="mine",
        kind="self",
        source="--option",
        model="glm-5.2",
        gpu="h100",
        gpus=4,
        precision="fp8",
        usd_per_gpu_hour=2.1,
        instance_gpus=8,
        output_tokens_per_s=2500,
    )
