"""What rows far down in a file tell, and its first two hundred do not: no figure rests on those."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.running import run

T = "2026-11-20T10:00:00Z"
EARLY = 300
"""More rows than the beginning of a file, by which it is known."""


def told(log: Path, *words: str) -> tuple[dict[str, Any], str]:
    done = run("profile", str(log), "-o", "json", *words)
    return json.loads(done.stdout), done.stderr


def tokens(found: dict[str, Any]) -> tuple[int, int, int]:
    total = found["totals"]
    written = total["write_unknown"] + total["write_5m"] + total["write_1h"]
    return total["input"], total["read"] or 0, written


def json_lines(folder: Path, early: dict[str, Any], late: dict[str, Any]) -> Path:
    log = folder / "a.jsonl"
    rows = [{"ts": T, "model": "claude-sonnet-4-5", **some} for some in (early, late)]
    log.write_text("".join(json.dumps(row) + "\n" for row in (*[rows[0]] * EARLY, rows[1])))
    return log


PLAIN = {"input_tokens": 100, "output_tokens": 10}
CACHED = {"cache_read_input_tokens": 900, "cache_creation_input_tokens": 50}
OPENAI = {"prompt_tokens": 1000, "completion_tokens": 10}
LIFETIMES = {"cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 30}}
CAMEL = {"inputTokens": 100, "outputTokens": 10}
CAMEL_CACHED = {"cacheReadInputTokens": 900, "cacheWriteInputTokens": 50}
LATE: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[int, int, int]]] = {
    "flat": (PLAIN, {**PLAIN, **CACHED}, (100, 900, 50)),
    "inside": ({"usage": PLAIN}, {"usage": {**PLAIN, **CACHED}}, (100, 900, 50)),
    "lifetimes": (
        {"usage": PLAIN},
        {"usage": {**PLAIN, **CACHED, **LIFETIMES}},
        (100, 900, 50),
    ),
    "of Converse": ({"usage": CAMEL}, {"usage": {**CAMEL, **CAMEL_CACHED}}, (100, 900, 50)),
    "after OpenAI's": (
        {"usage": {**OPENAI, "prompt_tokens_details": {"cached_tokens": 0}}},
        {"usage": {**PLAIN, **CACHED}},
        (100, 900, 50),
    ),
    "after OpenAI's responses": (
        {"usage": {**PLAIN, "input_tokens_details": {"cached_tokens": 0}}},
        {"usage": {**PLAIN, **CACHED}},
        (100, 900, 50),
    ),
    "OpenAI's after it": (
        {"usage": {**PLAIN, "cache_read_input_tokens": 0}},
        {"usage": {**OPENAI, "prompt_tokens_details": {"cached_tokens": 400}}},
        (600, 400, 0),
    ),
    "LiteLLM's, whose prompt has all": (
        {"usage": OPENAI},
        {"usage": {**OPENAI, "cache_read_input_tokens": 400}},
        (600, 400, 0),
    ),
    "a total of what lies apart": (
        {**PLAIN, "cached_tokens": 0, "total_tokens": 110},
        {**PLAIN, "cached_tokens": 900, "total_tokens": 1010},
        (100, 900, 0),
    ),
    "a total of all": (
        {**PLAIN, "cached_tokens": 0, "total_tokens": 110},
        {**PLAIN, "cached_tokens": 40, "total_tokens": 110},
        (60, 40, 0),
    ),
}


@pytest.mark.parametrize("name", LATE)
def test_what_was_cached_stands_in_later_lines(tmp_path: Path, name: str) -> None:
    early, late, right = LATE[name]
    found, _ = told(json_lines(tmp_path, early, late))
    usage = early.get("usage", early)
    first = usage.get("input_tokens") or usage.get("prompt_tokens") or usage["inputTokens"]
    assert found["requests"] == EARLY + 1
    fresh, read, written = tokens(found)
    assert (fresh - EARLY * first, read, written) == right
    of = next((v for v in (late, late.get("usage")) if v and "cache_creation" in v), None)
    assert found["totals"]["write_1h"] == (30 if of else 0)


def test_the_user_says_that_the_input_has_it_all(tmp_path: Path) -> None:
    late = {**PLAIN, "input_tokens": 1000, **CACHED}
    log = json_lines(tmp_path, PLAIN, late)
    found, said = told(log)
    assert tokens(found)[0] == EARLY * 100 + 1000
    assert "totals of later rows say so (rows: 1): --columns input=input_tokens" in said
    found, said = told(log, "--columns", "input=input_tokens")
    assert tokens(found)[0] == EARLY * 100 + 50
    assert "later rows" not in said


def test_answers_of_a_proxys_cache_in_later_lines(tmp_path: Path) -> None:
    found, _ = told(json_lines(tmp_path, PLAIN, {**PLAIN, "cache_status": "HIT"}))
    assert found["left_out"] == {"answered_by_proxy_cache": 1}


def csv_of(folder: Path, head: str, early: str, late: Sequence[str]) -> Path:
    log = folder / "a.csv"
    log.write_text("\n".join([head, *[early] * EARLY, *late]) + "\n")
    return log


def test_totals_of_later_rows_of_a_table(tmp_path: Path) -> None:
    head = "start,model,input,cached,output,total_tokens"
    late = [f"{T},gpt-5,100,800,10,910"]
    for name in ("start", "day"):  # a table of requests, a sheet
        early = f"{T},gpt-5,900,0,10,910"
        log = csv_of(tmp_path, head.replace("start", name), early, late)
        if name == "day":
            log.write_text(log.read_text().replace(T, "2026-11-20"))
        found, said = told(log)
        assert tokens(found) == (EARLY * 900 + 100, 800, 0)
        assert "leaves out what was read from a cache" in said


MARKS: dict[str, tuple[str, list[str], int, float, str]] = {
    "thousands, no decimals anywhere": ("2.000,0", ["900,0"], 2000 * EARLY + 900, 0.0, ""),
    "decimals in the last row": ("2.000,0", ["7,0.25"], 2 * EARLY + 7, 0.25, "(rows: 300)"),
    "thousands in the last row": ("7,0.25", ["2.000,0"], 7 * EARLY + 2, 75.0, "(rows: 1)"),
    "a comma in the last row": ('7,"1,234"', ['7,"0,50"'], 7 * (EARLY + 1), 370.7, ""),
    "a comma and a point": (
        '7,"1,234"',
        ['7,"0,50"', "7,12.50"],
        7 * (EARLY + 2),
        383.2,
        "a cost of 1,234 may be either",
    ),
    "no comma": ('7,"1,234"', ["7,12.50"], 7 * (EARLY + 1), 370_212.5, ""),
}


@pytest.mark.parametrize("name", MARKS)
@pytest.mark.parametrize("time", ["start", "day"])
@pytest.mark.parametrize("packed", [False, True])
def test_marks_in_numbers_of_later_rows(tmp_path: Path, name: str, time: str, packed: bool) -> None:
    early, late, taken, usd, note = MARKS[name]
    if time == "day" and "," not in early.partition(",")[2]:
        pytest.skip("a sheet has whole numbers of tokens, whose points mark thousands")
    when = T if time == "start" else "2026-11-20"
    rows = [f"{when},gpt-5,10,{row}" for row in (early, *late)]
    log = csv_of(tmp_path, f"{time},model,output,input,cost", rows[0], rows[1:])
    if packed:
        import gzip

        (tmp_path / "b.csv.gz").write_bytes(gzip.compress(log.read_bytes()))
        log = tmp_path / "b.csv.gz"
    found, said = told(log)
    assert found["totals"]["input_with_read"] == taken
    assert found["usd"] == pytest.approx(usd)
    assert note in said if note else "may be either" not in said and "2.000" not in said


def test_a_semicolon_makes_a_comma_decimal_unless_a_later_row_has_a_point(tmp_path: Path) -> None:
    log = csv_of(
        tmp_path, "start;model;input;output;cost", f"{T};gpt-5;9;1;1,234", [f"{T};gpt-5;9;1;12.50"]
    )
    found, said = told(log)
    assert found["usd"] == pytest.approx(1234 * EARLY + 12.5)
    assert "a cost of" not in said


TIMES: dict[str, tuple[str, str]] = {
    "as people write them": (T, "20/11/2026 15:04"),
    "in halves of days": (T, "2026-11-20 3:04:00 PM"),
    "with a zone": (T, "2026-11-20 15:04:00 +0000 UTC"),
    "in milliseconds": ("1795168800", "1795187040000"),
}


@pytest.mark.parametrize("name", TIMES)
def test_times_of_later_rows(tmp_path: Path, name: str) -> None:
    early, late = TIMES[name]
    row = "{},gpt-5,9,1".format
    found, _ = told(csv_of(tmp_path, "start,model,input,output", row(early), [row(late)]))
    assert (found["requests"], found["left_out"]) == (EARLY + 1, {})
    assert (found["first"][:13], found["last"][:13]) == ("2026-11-20T10", "2026-11-20T16")


@pytest.mark.parametrize("time", ["start", "day"])
def test_dates_of_both_orders_leave_out_those_that_may_be_either(tmp_path: Path, time: str) -> None:
    late = [f"{day}/2026,gpt-5,9,1" for day in ("05/11", "11/25", "11/11")]
    log = csv_of(tmp_path, f"{time},model,input,output", "20/11/2026,gpt-5,9,1", late)
    found, _ = told(log)
    assert found["left_out"] == {"day_or_month_first": 1}
    assert found["totals"]["output"] == EARLY + 2


def test_structures_of_parquet_that_the_first_rows_have_nothing_in(tmp_path: Path) -> None:
    usage = (
        "{'prompt_tokens': 1000, 'completion_tokens': 10, 'prompt_tokens_details': "
        "CASE WHEN n < 300 THEN NULL ELSE {'cached_tokens': 400} END}"
    )
    rows = f"SELECT '{T}' AS ts, 'gpt-5' AS model, {usage} AS usage FROM range(301) t(n)"
    duckdb.sql(f"COPY ({rows}) TO '{tmp_path}/a.parquet'")
    found, _ = told(tmp_path / "a.parquet")
    assert tokens(found) == (300_600, 400, 0)


def test_names_that_only_later_records_of_a_sheet_have(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"day": f"2026-{1 + n // 28:02d}-{1 + n % 28:02d}", "model": "gpt-5", "requests": 3}
        | {"input_tokens": 1000, "output_tokens": 10}
        for n in range(EARLY)
    ]
    rows[-1]["cached_tokens"] = 400
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found, _ = told(tmp_path / "a.jsonl")
    assert tokens(found) == (EARLY * 1000 - 400, 400, 0)


MESSAGE = {"type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "usage": PLAIN}
ANSWERS: dict[str, dict[str, Any]] = {
    "chat": {"object": "chat.completion", "created": 1795168800, "model": "gpt-4.1"}
    | {"usage": {**OPENAI, "prompt_tokens_details": {"cached_tokens": 400}}},
    "response": {"object": "response", "created_at": 1795168800, "model": "gpt-4.1"}
    | {"usage": {**PLAIN, "input_tokens": 1000, "input_tokens_details": {"cached_tokens": 400}}},
    "message": {**MESSAGE, "usage": {**PLAIN, **CACHED, "input_tokens": 1000}},
}


@pytest.mark.parametrize("late", ["chat", "response", "message"])
@pytest.mark.parametrize("early", ["chat", "response", "message"])
def test_answers_of_several_apis_in_one_log(tmp_path: Path, early: str, late: str) -> None:
    """Where the input of a message had more than its cache, it was taken for all input."""
    kinds = [early] * EARLY + [late] * 10
    rows = [{"id": f"id-{n}", **ANSWERS[kind]} for n, kind in enumerate(kinds)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found, _ = told(tmp_path / "a.jsonl")
    of_messages = kinds.count("message")
    others = len(kinds) - of_messages
    assert tokens(found) == (
        600 * others + 1000 * of_messages,
        400 * others + 900 * of_messages,
        50 * of_messages,
    )


EVENT = {"$ai_model": "claude-sonnet-4-5", "$ai_input_tokens": 100, "$ai_output_tokens": 10}
EVENT |= {"$ai_cache_read_input_tokens": 900, "$ai_cache_creation_input_tokens": 50}
OF_OPENCODE = {"id": "m", "sessionID": "s", "modelID": "claude-sonnet-4-5"}
SENT = {"main_model": "gpt-4.1", "prompt_tokens": 1000, "completion_tokens": 10, "cost": 0.003}
OTHERS: dict[str, tuple[dict[str, Any], str, tuple[int, int] | None]] = {
    "PostHog": (
        {"event": "$ai_generation", "timestamp": "2026-11-20T10:00:00Z", "properties": EVENT},
        "events of PostHog",
        (1050, 10),
    ),
    "opencode": (
        {**OF_OPENCODE, "time": {"created": 1795168800000}}
        | {"tokens": {"input": 100, "output": 10, "cache": {"read": 900, "write": 50}}},
        "messages of opencode",
        (1050, 10),
    ),
    "aider": (
        {"event": "message_send", "properties": SENT, "time": 1795168800},
        "aider's analytics",
        (1000, 10),
    ),
    "Gemini CLI": (
        {"attributes": {"event.name": "gemini_cli.api_response", "input_token_count": 9}},
        "telemetry of Gemini CLI: jq",
        None,
    ),
    "Cline": ({"ts": 1, "say": "api_req_started", "text": "{}"}, "messages of Cline", None),
    "MLflow": ({"info": {}, "data": {"spans": []}}, "traces of MLflow", None),
    "Azure": ({"category": "RequestResponse", "properties": "{}"}, "az monitor metrics", None),
    "LiteLLM": ({"startTime": "2026-11-20", "spend": 1, "models": {}}, "summarize=false", None),
}


@pytest.mark.parametrize("name", OTHERS)
def test_logs_of_other_tools_are_refused_with_what_to_do(tmp_path: Path, name: str) -> None:
    record, what, tokens = OTHERS[name]
    log = tmp_path / "a.jsonl"
    log.write_text(json.dumps(record) + "\n")
    done = run("profile", str(log), "-o", "json")
    assert done.exit_code == 3
    assert what in done.stderr
    if tokens:
        columns = done.stderr.split("--columns ")[1].split()[0].strip(",'\n")
        total = json.loads(run("profile", str(log), "-o", "json", "--columns", columns).stdout)[
            "totals"
        ]
        taken = total["input_with_read"] or total["input"] + total["read"] + total["write_unknown"]
        assert (taken, total["output"]) == tokens


@pytest.mark.parametrize("head", ["Input (M tokens)", "Input in millions", "Input (K)"])
def test_a_column_of_millions_is_no_count_of_tokens(tmp_path: Path, head: str) -> None:
    log = tmp_path / "a.csv"
    log.write_text(f"month,model,{head},output\n2026-11,gpt-5,15,2\n")
    done = run("bill", str(log), "--columns", f"input={head}")
    assert done.exit_code == 2
    assert "a column of single tokens is needed" in done.stderr
