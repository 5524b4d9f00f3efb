"""`tco bill`: list price to the cent, what the log states, why they differ, and what adds up."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from cases import CASES, Case
from running import run

pytest.importorskip("duckdb")


def put(case: Case, folder: Path) -> list[str]:
    """Write the files of a case; return their paths."""
    for name, text in case.files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [str(folder / name) for name in case.files]


def bill(*args: str) -> Any:
    """Return the JSON of `tco bill ARGS`."""
    done = run("bill", *args, "-o", "json", "-q")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def table(folder: Path, text: str, name: str = "requests.csv") -> str:
    """Write a table; return its path."""
    (folder / name).write_text(text)
    return str(folder / name)


HEAD = (
    "start,model,provider,team,input_tokens,cached_tokens,output_tokens,reasoning_tokens,"
    "cost_usd,service_tier\n"
)


def test_claude_code_is_right_to_the_cent(tmp_path: Path) -> None:
    found = bill(*put(CASES["claude-code"], tmp_path))
    # claude-opus-4.5: 5 in, 0.5 read, 6.25 and 10 written, 25 out; claude-haiku-4.5: 1 in, 5 out
    opus = (12 * 5 + 40_000 * 0.5 + 1000 * 6.25 + 2000 * 10 + 90 * 25) / 1e6
    haiku = (5 * 1 + 6 * 5) / 1e6
    assert found["models"]["claude-opus-4-5-20251101"]["list_usd"] == pytest.approx(opus, abs=1e-9)
    assert found["list_usd"] == pytest.approx(opus + haiku, abs=1e-9)
    assert found["stated_usd"] is None
    assert found["difference"] == []


def test_codex_is_right_to_the_cent(tmp_path: Path) -> None:
    found = bill(*put(CASES["codex"], tmp_path))
    gpt5 = (2000 * 1.25 + 3000 * 0.125 + 200 * 10) / 1e6
    mini = (500 * 0.25 + 600 * 0.025 + 30 * 2) / 1e6
    assert found["list_usd"] == pytest.approx(gpt5 + mini, abs=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_of_every_format_sums_agree_and_differences_add_up(name: str, tmp_path: Path) -> None:
    paths = put(CASES[name], tmp_path)
    found = bill(*paths, "--no-elsewhere")
    profile = json.loads(run("profile", *paths, "-o", "json", "-q").stdout)
    for key in ("requests", "totals", "left_out", "incomplete"):
        if key != "requests" or profile["models"]:
            assert found[key] == profile[key], key
    for model in found["models"].values():
        if model["stated_usd"] is not None:
            parts = sum(part["usd"] for part in model["difference"])
            assert parts == pytest.approx(
                model["stated_usd"] - (model["list_usd"] or 0.0), abs=1e-12
            )


def test_service_tiers_and_regions_have_their_price(tmp_path: Path) -> None:
    found = bill(*put(CASES["anthropic-messages"], tmp_path))
    standard = 1.1 * (30 * 5 + 5000 * 0.5 + 100 * 6.25 + 500 * 10 + 70 * 25)
    batch = 0.5 * (8 * 5 + 40 * 6.25 + 3 * 25)
    assert found["list_usd"] == pytest.approx((standard + batch) / 1e6, abs=1e-12)


@pytest.mark.parametrize("profile", ["us", "eu", "jp", "au"])
def test_a_region_goes_by_the_name_that_its_provider_prices(tmp_path: Path, profile: str) -> None:
    """Bedrock's profiles of third-party models cost 10 % more, in Europe and Asia as in the US."""
    call = {
        "schemaType": "ModelInvocationLog",
        "timestamp": "2026-11-18T10:00:00Z",
        "requestId": "b1",
        "modelId": f"{profile}.anthropic.claude-opus-5-5-v1:0",
        "input": {"inputTokenCount": 1000},
        "output": {"outputTokenCount": 100},
    }
    (tmp_path / "log.jsonl").write_text(json.dumps(call))
    found = bill(str(tmp_path / "log.jsonl"))
    assert found["list_usd"] == pytest.approx(1.1 * (1000 * 4 + 100 * 20) / 1e6)
    assert not any("tier" in note for note in found["warnings"])


@pytest.mark.parametrize(
    ("model", "usage", "factor", "told"),
    [
        ("claude-opus-4-8", {"speed": "fast"}, 2.0, None),
        ("claude-opus-4-6", {"speed": "fast"}, 1.0, "fast"),
        ("claude-opus-4-6", {"service_tier": "priority"}, 1.0, "priority"),
        ("claude-opus-4-6", {"service_tier": "standard"}, 1.0, None),
        ("claude-opus-4-6", {"service_tier": "batch"}, 0.5, None),
    ],
)
def test_a_tier_without_a_price_is_billed_as_usual_and_told(
    tmp_path: Path, model: str, usage: dict[str, str], factor: float, told: str | None
) -> None:
    tokens = {"input_tokens": 1000, "output_tokens": 100}
    answer = {"id": "m1", "type": "message", "role": "assistant", "model": model, "content": []}
    answer |= {"stop_reason": "end_turn", "usage": tokens | usage}
    (tmp_path / "answers.jsonl").write_text(json.dumps(answer))
    found = bill(str(tmp_path / "answers.jsonl"))
    assert found["list_usd"] == pytest.approx(factor * (1000 * 5 + 100 * 25) / 1e6)
    offer = f"anthropic/{model.replace('4-', '4.')}"
    notes = [note for note in found["warnings"] if "tier" in note]
    known = [f"{offer}: no price for tier {told}, billed as usual"]
    assert notes == (known if told else [])


def test_a_log_without_times_takes_the_price_of_the_day(tmp_path: Path) -> None:
    (path,) = put(CASES["anthropic-messages"], tmp_path)
    assert bill(path, "--as-of", "2026-11-20")["list_usd"] > 0
    early = bill(path, "--as-of", "2025-01-01")
    assert early["models"]["claude-opus-5"]["list_usd"] is None
    assert "no price on 2025-01-01" in early["unpriced"][0]["reason"]


def test_the_price_is_that_of_each_request_and_day(tmp_path: Path) -> None:
    overlay = tmp_path / "ours.yaml"
    overlay.write_text(
        "schema: 1\nsources:\n  us: {title: a page, read: 2026-11-01, url: https://example.com/}\n"
        "models:\n  blue-1: {name: Blue 1, org: Blue, kind: chat, weights: closed}\n"
        "providers:\n  blue: {name: Blue, kind: first_party}\n"
        "offers:\n- provider: blue\n  model: blue-1\n  prices:\n"
        "  - {since: 2026-01-01, until: 2026-11-10, checked: 2026-11-01,\n"
        "     usd_per_mtok: {input: 4, output: 8},\n"
        "     evidence: [{source: us, input: 4, output: 8}]}\n"
        "  - {since: 2026-11-10, checked: 2026-11-10, usd_per_mtok: {input: 2, output: 4},\n"
        "     modifiers: [{when: {input_tokens_over: 1000},\n"
        "       usd_per_mtok: {input: 6, output: 6}}],\n"
        "     evidence: [{source: us, input: 2, output: 4}]}\n"
    )
    path = table(
        tmp_path,
        "start,model,input_tokens,output_tokens\n"
        "2026-11-09T23:59:59Z,blue-1,1000,10\n"
        "2026-11-10T00:00:00Z,blue-1,1000,10\n"
        "2026-11-10T00:00:00Z,blue-1,1001,10\n"
        "2025-06-01T00:00:00Z,blue-1,500,10\n",
    )
    found = bill(path, "--catalog", str(overlay), "--no-elsewhere")
    wanted = (1000 * 4 + 10 * 8 + 1000 * 2 + 10 * 4 + 1001 * 6 + 10 * 6) / 1e6
    assert found["list_usd"] == pytest.approx(wanted, abs=1e-12)
    assert found["unpriced"] == [
        {
            "reason": "blue/blue-1 has no price on 2025-06-01: "
            "the first known one is of 2026-01-01",
            "tokens": 510,
        }
    ]


def rows(*costs: float, model: str = "gpt-5", cached: int = 800, tier: str = "default") -> str:
    """Return a table of requests that cost so much, one a day."""
    text = HEAD
    for day, cost in enumerate(costs, 1):
        tokens = f"1000,{cached},100,40"
        text += f"2026-11-{day:02d}T10:00:00Z,{model},openai,blue,{tokens},{cost!r},{tier}\n"
    return text


LIST = (200 * 1.25 + 800 * 0.125 + 100 * 10) / 1e6


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (rows((1000 * 1.25 + 100 * 10) / 1e6), "cached input was billed in full"),
        (
            rows((1000 * 1.25 + 800 * 0.125 + 100 * 10) / 1e6),
            "cached input was billed beside all input",
        ),
        (
            rows((200 * 1.25 + 800 * 0.125 + 140 * 10) / 1e6),
            "reasoning was billed beside all output",
        ),
        (rows(LIST, tier="batch"), "batch and service tiers were not applied"),
        (rows(LIST / 2), "billed at the batch price"),
        (
            rows(1.3 * LIST, 1.3 * LIST, 1.3 * LIST),
            "billed at 1.3 times the list price: a contract or a margin",
        ),
        (rows(0.0, 0.0, 0.0), "the log states a cost of 0"),
        (rows(0.123), "not explained"),
        (rows(0.5, model="gpt-nobody-knows"), "no price is known"),
    ],
)
def test_the_difference_is_explained(text: str, reason: str, tmp_path: Path) -> None:
    found = bill(table(tmp_path, text), "--no-elsewhere")
    assert [part["reason"] for part in found["difference"]] == [reason]
    parts = sum(part["usd"] for part in found["difference"])
    assert parts == pytest.approx(found["stated_usd"] - found["list_usd"], abs=1e-12)


def test_what_costs_what_it_should_has_no_difference_to_explain(tmp_path: Path) -> None:
    found = bill(table(tmp_path, rows(LIST, LIST)), "--no-elsewhere")
    assert found["list_usd"] == pytest.approx(found["stated_usd"])
    assert not [p for p in found["difference"] if p["reason"] != "rounding"]


def test_rows_that_state_no_cost_are_a_part_of_the_difference(tmp_path: Path) -> None:
    text = rows(LIST) + "2026-11-05T10:00:00Z,gpt-5,openai,blue,1000,800,100,40,,default\n"
    found = bill(table(tmp_path, text), "--no-elsewhere")
    reasons = {part["reason"]: part["usd"] for part in found["difference"]}
    assert reasons["the log states no cost"] == pytest.approx(-LIST)


def test_an_unknown_model_is_listed_with_its_tokens(tmp_path: Path) -> None:
    text = rows(0.5, model="blue-nobody-knows") + rows(LIST).removeprefix(HEAD)
    found = bill(table(tmp_path, text), "--no-elsewhere")
    row = found["models"]["blue-nobody-knows"]
    assert row["offer"] is None
    assert row["list_usd"] is None
    assert row["unpriced"] == [{"reason": "no model of the catalog is called so", "tokens": 1100}]
    screen = run("bill", str(tmp_path / "requests.csv"), "--no-elsewhere").stdout
    assert "blue-nobody-knows" in screen
    assert "1.1k tokens" in screen
    named = bill(
        str(tmp_path / "requests.csv"), "--match", "blue-nobody-knows=gpt-5", "--no-elsewhere"
    )
    assert named["list_usd"] == pytest.approx(2 * LIST)


@pytest.mark.parametrize(
    ("model", "near"),
    [
        ("gpt-5-codex", "openai/gpt-5: --match gpt-5-codex=openai/gpt-5"),
        ("gpt-5 codex", "openai/gpt-5.3-codex: --match 'gpt-5 codex'=openai/gpt-5.3-codex"),
    ],
)
def test_a_model_without_a_price_is_told_with_the_one_that_it_is_called_after(
    tmp_path: Path, model: str, near: str
) -> None:
    path = table(tmp_path, rows(0.5, model=model))
    row = bill(path)["models"][model]
    assert (row["list_usd"], row["unpriced"][0]["tokens"]) == (None, 1100)
    assert row["matched"].endswith(f"nearest is {near}")
    screen = run("bill", path).stdout
    assert "--match" in screen and "as it is, what has a price" in screen


@pytest.mark.parametrize(
    ("name", "provider", "offer"),
    [
        ("gpt-5-2025-08-07", "openai", "openai/gpt-5"),
        ("openai/gpt-5", "openrouter", "openai/gpt-5"),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "", "anthropic/claude-haiku-4.5"),
        ("claude-opus-4-5@20251101", "vertex_ai", "anthropic/claude-opus-4.5"),
        ("meta-llama/Llama-3.3-70B-Instruct-Turbo", "deepinfra", "deepinfra/llama-3.3-70b"),
        ("gpt-4.1", "azure", "azure/gpt-4.1"),
        ("gpt-4.1", "az.ai.openai", "azure/gpt-4.1"),
        ("ft:gpt-4.1-mini:blue::x", "openai", None),
        ("llama-3.3-70b", "", None),
        ("gpt-5.99", "openai", None),
    ],
)
def test_names_of_gateways_and_clouds_are_matched(
    name: str, provider: str, offer: str | None, tmp_path: Path
) -> None:
    text = "start,model,provider,input_tokens,output_tokens\n"
    text += f"2026-11-18T10:00:00Z,{name},{provider},5,5\n"
    found = bill(table(tmp_path, text), "--no-elsewhere")
    row = found["models"][name]
    assert row["offer"] == offer
    assert row["matched"]
    assert bool(row["unpriced"]) == (offer is None)


MONTHS = (
    "month,model,input,cached,output,requests,team,cost\n"
    "2026-09,gpt-5,1000000,100000,50000,100,blue,1.6\n"
    "2026-10,gpt-5,3000000,2000000,40000,300,blue,2.0\n"
    "2026-10,claude-opus-5,500000,0,10000,50,red,2.75\n"
    "2026-11,gpt-5,1000000,0,10000,90,blue,1.35\n"
)


def test_the_change_between_months_adds_up_exactly(tmp_path: Path) -> None:
    found = bill(table(tmp_path, MONTHS, "months.csv"), "--no-elsewhere")
    assert list(found["months"]) == ["2026-09", "2026-10", "2026-11"]
    assert len(found["changes"]) == 2
    for change in found["changes"]:
        parts = sum(change[name] for name in ("volume", "mix", "cache", "price"))
        assert parts == pytest.approx(change["after_usd"] - change["before_usd"], abs=1e-9)
        assert change["price"] == pytest.approx(0.0, abs=1e-9)
    first = found["changes"][0]
    assert first["volume"] > 0
    assert first["cache"] < 0


def test_the_same_month_twice_changes_nothing_but_volume(tmp_path: Path) -> None:
    text = (
        "month,model,input,cached,output\n2026-09,gpt-5,1000,100,50\n2026-10,gpt-5,3000,300,150\n"
        "2026-11,gpt-5,3000,2400,150\n"
    )
    up, cached = bill(table(tmp_path, text, "months.csv"), "--no-elsewhere")["changes"]
    assert up["volume"] == pytest.approx(up["after_usd"] - up["before_usd"])
    assert cached["cache"] == pytest.approx(cached["after_usd"] - cached["before_usd"])


def test_groups_invoice_and_growth(tmp_path: Path) -> None:
    path = table(tmp_path, MONTHS, "months.csv")
    found = bill(path, "--by", "team", "--invoice", "$8", "--growth", "10%/month", "--no-elsewhere")
    groups = {row["name"]: row for row in found["groups"]}
    assert set(groups) == {"blue", "red"}
    assert sum(g["list_usd"] for g in groups.values()) == pytest.approx(found["list_usd"])
    assert found["invoice"]["unexplained_usd"] == pytest.approx(8 - 7.7)
    assert len(found["forecast"]) == 12
    assert found["forecast"][1]["usd"] == pytest.approx(1.1 * found["forecast"][0]["usd"])
    days = bill(path, "--by", "month", "--no-elsewhere")
    assert [row["name"] for row in days["groups"]] == ["2026-09", "2026-10", "2026-11"]
    wrong = run("bill", path, "--by", "teem")
    assert wrong.exit_code == 2
    assert "did you mean team" in wrong.stderr


def test_costs_belong_to_the_usage_of_the_same_offer(tmp_path: Path) -> None:
    for name in ("openai-usage", "openai-costs"):
        put(CASES[name], tmp_path)
    found = bill(str(tmp_path / "usage.json"), str(tmp_path / "costs.json"), "--no-elsewhere")
    assert found["models"]["gpt-6.1-sol-2026-11-09"]["stated_usd"] == 1.25
    assert found["other_charges_usd"] == 0.5
    assert found["stated_usd"] == 1.75


def test_focus_has_a_row_for_each_kind_of_token_and_adds_up(tmp_path: Path) -> None:
    path = table(tmp_path, rows(1.3 * LIST, 1.3 * LIST, 1.3 * LIST))
    done = run("bill", path, "-o", "focus", "-q", "--no-elsewhere")
    assert done.exit_code == 0, done.output
    lines = list(csv.DictReader(io.StringIO(done.stdout)))
    assert sum(float(line["ListCost"]) for line in lines) == pytest.approx(3 * LIST)
    assert sum(float(line["BilledCost"]) for line in lines) == pytest.approx(3 * 1.3 * LIST)
    assert {line["SubAccountId"] for line in lines} == {"blue"}
    assert {line["x_LineItem"] for line in lines} == {
        *("input tokens", "cached input tokens", "output tokens"),
    }
    assert json.loads(lines[0]["Tags"])["service_tier"] == "standard"
    assert lines[0]["ChargePeriodStart"] == "2026-11-01T00:00:00Z"


@pytest.mark.parametrize("form", ["table", "csv", "md", "github", "llm"])
def test_every_format_can_be_written(form: str, tmp_path: Path) -> None:
    path = table(tmp_path, rows(LIST, LIST))
    for command in ("bill", "profile"):
        done = run(command, path, "-o", form, "-q")
        assert done.exit_code == 0, done.output
        assert "gpt-5" in done.stdout


def test_the_same_traffic_elsewhere(tmp_path: Path) -> None:
    path = table(tmp_path, MONTHS, "months.csv")
    found = bill(path)
    kinds = {row["kind"] for row in found["elsewhere"]}
    assert {"now", "other host", "other model"} <= kinds
    now = next(row for row in found["elsewhere"] if row["kind"] == "now")
    days = 30 + 31 + 30
    assert now["monthly_usd"] == pytest.approx(found["list_usd"] * 730 / (days * 24), rel=1e-6)
    host = next(row for row in found["elsewhere"] if row["option"] == "azure/gpt-5")
    assert host["of"] == "gpt-5"


def test_an_hour_is_one(tmp_path: Path) -> None:
    path = table(tmp_path, HEAD + "2026-11-01T10:00:00Z,gpt-5,openai,blue,1000,800,100,40,,\n" * 2)
    for command in ("bill", "profile"):
        assert re.search(r" UTC, 1 hour$", run(command, path).stdout, re.MULTILINE), command


CLAUDE = {"type": "message", "id": "a", "model": "claude-opus-4-5"}
SEARCHED = {"input_tokens": 1000, "output_tokens": 100}
FOUND = {"type": "web_search_call", "action": {"type": "search"}}
GPT = {
    "object": "response",
    "id": "r",
    "created_at": 1_794_900_000,
    "model": "gpt-5",
    "usage": SEARCHED,
    "output": [FOUND, FOUND, {"type": "web_search_call", "action": {"type": "open_page"}}],
}


@pytest.mark.parametrize(
    ("record", "searches", "listed", "beside"),
    [
        (
            {**CLAUDE, "usage": {**SEARCHED, "server_tool_use": {"web_search_requests": 3}}},
            3,
            7.5,
            30,
        ),
        (GPT, 2, 2.25, 20),
    ],
)
def test_web_searches_are_beside_the_list_price_and_told(
    tmp_path: Path, record: dict[str, Any], searches: int, listed: float, beside: float
) -> None:
    """At 10 USD per 1,000; amounts in thousandths."""
    other = {**CLAUDE, "id": "b", "model": "claude-nobody-knows"}
    other["usage"] = {**SEARCHED, "server_tool_use": {"web_search_requests": 1}}  # type: ignore[assignment]
    (tmp_path / "a.jsonl").write_text(json.dumps(record) + "\n")
    (tmp_path / "b.jsonl").write_text(json.dumps(other) + "\n")
    found = bill(str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl"), "--no-elsewhere")
    model = found["models"][str(record["model"])]
    assert (model["searches"], found["totals"]["searches"]) == (searches, searches + 1)
    assert model["list_usd"] == pytest.approx(listed / 1e3)
    assert model["searches_usd"] == pytest.approx(beside / 1e3)
    assert found["models"]["claude-nobody-knows"]["searches_usd"] is None
    said = [note for note in found["warnings"] if "web search" in note]
    assert said == [
        f"{searches} web searches not in the list price: ${beside / 1e3:.2f} at the price of today",
        "1 web search not in the list price: no price of them is known",
    ]


def test_a_cost_with_web_searches_in_it_is_explained(tmp_path: Path) -> None:
    spend = json.loads(next(iter(CASES["litellm"].files.values())))[0]
    usage = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
    usage["server_tool_use"] = {"web_search_requests": 2}  # type: ignore[assignment]
    call = {
        **spend,
        **usage,
        "model": "claude-opus-4-5",
        "custom_llm_provider": "anthropic",
        "spend": 0.0275,
        "metadata": {"usage_object": usage},
    }
    (tmp_path / "a.json").write_text(json.dumps([call]))
    found = bill(str(tmp_path / "a.json"), "--no-elsewhere")
    assert found["totals"]["searches"] == 2
    (part,) = found["difference"]
    assert part["reason"] == "web searches were billed beside tokens"
    assert part["usd"] == pytest.approx(0.02)


def test_answers_of_gemini_that_were_grounded_are_told(tmp_path: Path) -> None:
    usage = {"promptTokenCount": 1000, "candidatesTokenCount": 100}
    answer = {"modelVersion": "gemini-2.5-pro", "responseId": "r", "usageMetadata": usage}
    grounded = {**answer, "responseId": "s", "candidates": [{"groundingMetadata": {"a": 1}}]}
    path = tmp_path / "a.jsonl"
    path.write_text(f"{json.dumps(answer)}\n{json.dumps(grounded)}\n")
    found = bill(str(path), "--no-elsewhere")
    assert found["doubts"] == {"grounding_not_priced": 1}
    assert found["first_places"] == {"grounding_not_priced": f"{path}:2"}


@pytest.mark.parametrize(
    ("name", "model"),
    [("bedrock-batch", "(model of the batch job)"), ("openai-usage", "(not grouped by model)")],
)
def test_that_a_model_is_not_known_holds_until_the_user_says_what_it_is(
    tmp_path: Path, name: str, model: str
) -> None:
    made = {"usage": {"inputTokens": 7, "outputTokens": 3}}
    bucket = {"object": "bucket", "start_time": 1_794_900_000, "end_time": 1_794_903_600}
    result = {"object": "organization.usage.completions.result", "input_tokens": 7}
    result |= {"output_tokens": 3, "num_model_requests": 1}  # type: ignore[dict-item]
    text = {
        "bedrock-batch": {"recordId": "1", "modelInput": {}, "modelOutput": made},
        "openai-usage": {**bucket, "results": [result]},
    }[name]
    path = tmp_path / "a.json"
    path.write_text(json.dumps(text))
    notes = [
        bool(bill(str(path), "--no-elsewhere", *more)["warnings"])
        for more in ((), ("--match", f"{model}=gpt-5"))
    ]
    assert notes == [True, False]
