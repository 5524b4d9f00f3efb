"""Readers of formats against what tools and people make of them."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from cases import CASES, attributes, claude, codex, lines
from running import run

from tco.catalog.load import load_catalog
from tco.usage.formats import Context, otel
from tco.usage.formats.bedrock import named
from tco.usage.matching import Matcher
from tco.usage.rows import LeftOutTally, Wrong, moment

pytest.importorskip("duckdb")
CHAT: dict[str, Any] = {
    "object": "chat.completion",
    "created": 1_794_900_000,
    "model": "gpt-5",
    "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12},
}


def found(folder: Path, command: str = "profile", **files: str) -> Any:
    """Return what a command says of files; `__` stands for a dot in their names."""
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    done = run(command, str(folder), "-o", "json", "-q", "--as-of", "2026-11-21")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def counts(answer: Any) -> tuple[Any, ...]:
    """Return requests, fresh input, read, output."""
    total = answer["totals"]
    return total["requests"], total["input"], total["read"], total["output"]


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({}, None),
        ({"prompt_tokens": None, "completion_tokens": 5}, None),
        ({"prompt_tokens": 5, "completion_tokens": None}, None),
        ({"prompt_tokens": 5, "completion_tokens": None, "total_tokens": 9}, (5, 4)),
        ({"prompt_tokens": 8, "total_tokens": 8}, (8, 0)),
        ({"prompt_tokens": "1,200", "completion_tokens": "7"}, (1200, 7)),
        ({"prompt_tokens": 5, "completion_tokens": 1, "prompt_tokens_details": None}, (5, 1)),
    ],
)
def test_an_answer_without_its_counts_is_left_out(
    tmp_path: Path, usage: dict[str, Any], tokens: tuple[int, int] | None
) -> None:
    answer = found(tmp_path, a__jsonl=lines(CHAT, {**CHAT, "usage": usage}))
    fresh, made = tokens or (0, 0)
    assert counts(answer) == (1 + bool(tokens), 10 + fresh, 0, 2 + made)
    assert answer["left_out"] == ({} if tokens else {"no_output": 1})


MISSING = {
    "anthropic-messages": ("output_tokens", "input_tokens"),
    "claude-code": ("output_tokens", "input_tokens"),
    "bedrock": ("outputTokenCount", "inputTokenCount"),
    "openrouter": ("completion_tokens", "prompt_tokens"),
}


@pytest.mark.parametrize("name", MISSING)
def test_missing_counts_are_told_in_every_format(tmp_path: Path, name: str) -> None:
    (file, text), *_ = CASES[name].files.items()
    whole = found(tmp_path / "whole", **{file.replace(".", "__"): text})
    for field in MISSING[name]:
        spoilt = text.replace(f'"{field}"', f'"was_{field}"')
        (tmp_path / file).write_text(spoilt)
        done = run("profile", str(tmp_path / file), "--from", whole_format(whole), "-o", "json")
        assert done.exit_code == 3, field
        assert "left out as no_output" in done.stderr or "duplicate" in done.stderr, done.stderr


def whole_format(answer: Any) -> str:
    """Return the format of a file."""
    return next(iter(answer["formats"]))


@pytest.mark.parametrize(
    "name", ["openai-requests", "anthropic-messages", "bedrock", "vertex", "litellm", "langfuse"]
)
@pytest.mark.parametrize("how", ["field", "text", "deep", "list"])
def test_records_inside_a_line_of_another_log(tmp_path: Path, name: str, how: str) -> None:
    text = next(iter(CASES[name].files.values()))
    try:
        value = json.loads(text)
        records = value if isinstance(value, list) else value.get("data", [value])
    except ValueError:
        records = [json.loads(line) for line in text.splitlines()]
    plain = found(tmp_path / "plain", a__jsonl=lines(*records))
    time = {"@timestamp": "2026-11-18T10:00:00Z"}
    made = {
        "field": [{**time, "payload": record} for record in records],
        "text": [{**time, "message": json.dumps(record)} for record in records],
        "deep": [{"hits": {"_source": record}} for record in records],
        "list": [{"events": records}],
    }[how]
    answer = found(tmp_path / "wrapped", a__jsonl=lines(*made))
    for key in ("formats", "models", "left_out"):
        got = {k: _sums(v) for k, v in answer["models"].items()} if key == "models" else answer[key]
        want = {k: _sums(v) for k, v in plain["models"].items()} if key == "models" else plain[key]
        assert got == want, key


def _sums(model: dict[str, Any]) -> list[Any]:
    return [model[kind] for kind in ("requests", "input", "read", "write_unknown", "output")]


def test_the_time_beside_a_message_is_its_time(tmp_path: Path) -> None:
    message = json.loads(CASES["anthropic-messages"].files["messages.jsonl"].splitlines()[0])
    answer = found(tmp_path, a__jsonl=lines({"time": "2026-11-18T10:00:00Z", "response": message}))
    assert answer["days"] == {"2026-11-18": 1}


def test_streams_count_what_their_last_event_says(tmp_path: Path) -> None:
    begun = {"type": "message", "id": "m", "model": "claude-opus-4-5"}
    begun["usage"] = {"input_tokens": 50, "cache_read_input_tokens": 900, "output_tokens": 1}  # type: ignore[assignment]
    events = [
        {"type": "message_start", "message": begun},
        {"type": "content_block_delta"},
        {"type": "message_delta", "usage": {"output_tokens": 3}},
        {"type": "message_delta", "usage": {"output_tokens": 300, "input_tokens": None}},
        {"type": "message_stop"},
        {"type": "message_start", "message": {**begun, "id": "cut off"}},
        {"type": "message_start", "message": {**begun, "id": "n"}},
        {"type": "message_delta", "usage": {"output_tokens": 4}},
        {"type": "message_delta", "usage": {"output_tokens": 7}},
    ]
    answer = found(tmp_path / "claude", a__jsonl=lines(*events))
    assert counts(answer) == (2, 100, 1800, 307)
    assert answer["left_out"] == {"no_output": 1}
    chunk = {**CHAT, "object": "chat.completion.chunk", "id": "c"}
    chunks = [{**chunk, "choices": [{"delta": {}}]}, {**chunk, "choices": []}]
    assert counts(found(tmp_path / "gpt", a__jsonl=lines(*chunks))) == (1, 10, 0, 2)
    gemini = {"modelVersion": "gemini-2.5-pro", "responseId": "r"}
    parts = [
        {**gemini, "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": n}}
        for n in (3, 150)
    ]
    assert counts(found(tmp_path / "gemini", a__jsonl=lines(*parts))) == (1, 9, 0, 150)


ITERATIONS = [
    {"type": "message", "input_tokens": 20_000, "output_tokens": 400},
    {"type": "compaction", "input_tokens": 180_000, "output_tokens": 3_500},
    {"type": "advisor_message", "input_tokens": 500, "cache_read_input_tokens": 20_000}
    | {"output_tokens": 1_800, "model": "claude-opus-4-6"},
    {"type": "message", "input_tokens": 21_000, "output_tokens": 800},
]


@pytest.mark.parametrize("way", ["message", "stream", "batch", "session"])
def test_compaction_and_advisors_are_billed_beside_a_message(tmp_path: Path, way: str) -> None:
    """Anthropic leaves both out of a message's own counts (findings/iterations-of-a-message.sh)."""
    usage = {"input_tokens": 41_000, "output_tokens": 1_200, "iterations": ITERATIONS}
    message = {"type": "message", "id": "m", "model": "claude-haiku-4-5", "usage": usage}
    begun = {**message, "usage": {"input_tokens": 41_000, "output_tokens": 1}}
    told = {
        "message": [message],
        "stream": [
            {"type": "message_start", "message": begun},
            {"type": "message_delta", "usage": usage},
        ],
        "batch": [{"custom_id": "a", "result": {"type": "succeeded", "message": message}}],
        "session": [
            {"type": "assistant", "sessionId": "s", "requestId": "r", "message": message}
            | {"timestamp": "2026-11-18T09:00:00.000Z"}
        ]
        * 2,
    }[way]
    answer = found(tmp_path, "bill", a__jsonl=lines(*told))
    assert counts(answer) == (3, 221_500, 20_000, 6_500)
    share = 0.5 if way == "batch" else 1.0
    usd = {name: one["list_usd"] for name, one in answer["models"].items()}
    assert usd["claude-haiku-4-5"] == pytest.approx(share * (0.221 + 0.0235))
    assert usd["claude-opus-4-6"] == pytest.approx(share * (0.0025 + 0.01 + 0.045))


@pytest.mark.parametrize("stream", [True, False])
def test_compaction_of_a_message_that_bedrock_logs_is_billed_beside_it(
    tmp_path: Path, stream: bool
) -> None:
    usage = {"input_tokens": 41_000, "output_tokens": 1_200, "iterations": ITERATIONS}
    body: Any = {"type": "message", "usage": usage}
    if stream:
        body = [{"type": "message_start", "message": {}}, {"type": "message_delta", "usage": usage}]
    call = {
        "schemaType": "ModelInvocationLog",
        "timestamp": "2026-11-18T10:00:00Z",
        "requestId": "r",
        "modelId": "us.anthropic.claude-haiku-4-5-20251001-v1:0",
        "input": {"inputTokenCount": 41_000},
        "output": {"outputTokenCount": 1_200, "outputBodyJson": body},
    }
    answer = found(tmp_path, "bill", a__jsonl=lines(call))
    assert counts(answer) == (3, 221_500, 20_000, 6_500)


def test_gemini_as_the_sdk_of_python_writes_it_and_its_tiers(tmp_path: Path) -> None:
    usage = {"prompt_token_count": 1000, "cached_content_token_count": 400}
    usage |= {"candidates_token_count": 150, "thoughts_token_count": 350, "total_token_count": 1500}
    record = {"usage_metadata": usage, "model_version": "gemini-2.5-pro"}
    tiers = ("ON_DEMAND", "ON_DEMAND_PRIORITY", "ON_DEMAND_FLEX", "PROVISIONED_THROUGHPUT", None)
    some = [
        {**record, "response_id": str(n), "usage_metadata": {**usage, "traffic_type": tier}}
        for n, tier in enumerate(tiers)
    ]
    answer = found(tmp_path, a__jsonl=lines(*some))
    assert counts(answer) == (5, 3000, 2000, 2500)
    told = answer["models"]["gemini-2.5-pro"]["tiers"]
    assert {name: tier["requests"] for name, tier in told.items()} == {
        "standard": 2,
        "priority": 1,
        "flex": 1,
        "provisioned": 1,
    }


LANGFUSE: dict[str, Any] = {
    "id": "o",
    "traceId": "t",
    "type": "GENERATION",
    "startTime": "2026-11-18T10:00:00Z",
    "model": "gpt-5",
    "usageDetails": {"input": 400, "input_cached_tokens": 1500, "output": 900, "total": 2800},
}


def test_langfuse_as_it_is_exported(tmp_path: Path) -> None:
    blob = {
        "id": "o",
        "trace_id": "t",
        "type": "GENERATION",
        "start_time": "2026-11-18 10:00:00",
        "provided_model_name": "gpt-5",
        "usage_details": LANGFUSE["usageDetails"],
    }
    usage = json.dumps(LANGFUSE["usageDetails"]).replace('"', '""')
    sheet = "id,type,startTime,providedModelName,usageDetails\n"
    sheet += f'o,GENERATION,2026-11-18,gpt-5,"{usage}"\n'
    assert counts(found(tmp_path / "a", a__jsonl=lines(LANGFUSE))) == (1, 400, 1500, 900)
    assert counts(found(tmp_path / "b", a__jsonl=lines(blob))) == (1, 400, 1500, 900)
    assert counts(found(tmp_path / "c", a__csv=sheet)) == (1, 400, 1500, 900)
    old = {k: v for k, v in LANGFUSE.items() if k != "usageDetails"}
    old |= {
        "input": "the prompt",
        "usage": {"input": 7, "output": 5, "total": 12, "unit": "TOKENS"},
    }
    assert counts(found(tmp_path / "d", a__jsonl=lines(old))) == (1, 7, 0, 5)
    spoken = {"input": 5, "input_audio_tokens": 40, "output": 3, "total": 48}
    nothing = {**LANGFUSE, "id": "p", "usageDetails": {"total": 7}}
    answer = found(tmp_path / "e", a__jsonl=lines({**LANGFUSE, "usageDetails": spoken}, nothing))
    assert counts(answer) == (1, 45, 0, 3)
    assert answer["left_out"] == {"no_output": 1}
    assert answer["doubts"] == {"audio_tokens_priced_as_text": 1}


def test_a_fork_of_codex_repeats_its_parent_with_times_of_its_own(tmp_path: Path) -> None:
    def session(name: str, **more: str) -> dict[str, Any]:
        return {"type": "session_meta", "payload": {"id": name, **more}}

    model = {"type": "turn_context", "payload": {"model": "gpt-5"}}
    first = codex(3, (5000, 3000, 200, 80), (5000, 3000, 200, 80))
    again = {**first, "timestamp": "2026-11-18T12:00:00Z"}
    after = codex(9, (6100, 3600, 230, 90), (1100, 600, 30, 10))
    answer = found(
        tmp_path,
        a__jsonl=lines(session("a"), model, first),
        b__jsonl=lines(session("b", forked_from_id="a"), model, again, after),
        c__jsonl=lines(session("c"), session("a"), model, again),
        d__jsonl=lines(session("d"), model, {**again, "timestamp": "2026-11-18T13:00:00Z"}),
    )
    assert counts(answer) == (3, 4500, 6600, 430)
    assert answer["left_out"] == {"duplicate": 2}


def test_a_call_that_two_libraries_trace_counts_once(tmp_path: Path) -> None:
    told = {"gen_ai__operation__name": "chat", "gen_ai__request__model": "gpt-5"}
    tokens = {"gen_ai__usage__input_tokens": 90, "gen_ai__usage__output_tokens": 4}
    times = {"startTimeUnixNano": "1794900000000000000", "endTimeUnixNano": "1794900001000000000"}
    outer = {"traceId": "t", "spanId": "1", **times, "attributes": attributes(**told, **tokens)}
    inner = {**outer, "spanId": "2", "parentSpanId": "1"}
    other = {
        **inner,
        "spanId": "3",
        "attributes": attributes(**told, gen_ai__usage__input_tokens=9),
    }
    for n, spans in enumerate(([outer, inner, other], [other, inner, outer])):
        answer = found(tmp_path / str(n), a__jsonl=lines(*spans))
        assert counts(answer) == (1, 90, 0, 4)
        assert answer["left_out"] == {"duplicate": 1, "no_output": 1}
    third = {**inner, "spanId": "4", "parentSpanId": "2"}
    for name, spans in {
        "inner first": (third, inner, outer),
        "outer": (outer, inner, third),
    }.items():
        answer = found(tmp_path / name, a__jsonl=lines(*spans))
        assert counts(answer) == (1, 90, 0, 4)
        assert answer["left_out"] == {"duplicate": 2}


@pytest.mark.parametrize("order", [*permutations((1, 2, 3, 4, 5))])
def test_a_call_that_many_spans_tell_counts_once_in_any_order(order: tuple[int, ...]) -> None:
    """The fourth span is of HTTP: a gateway told its client's call again."""
    told = {"gen_ai__operation__name": "chat", "gen_ai__request__model": "gpt-5"}
    tokens = {"gen_ai__usage__input_tokens": 90, "gen_ai__usage__output_tokens": 4}
    read = {"gen_ai__usage__cache_read__input_tokens": 60}
    tally = LeftOutTally()
    ctx = Context(tally, "a")
    for n in order:
        said = {} if n == 4 else told | tokens | (read if n == 5 else {})
        span = {"traceId": "t", "spanId": str(n), "parentSpanId": str(n - 1)}
        try:
            otel.row({**span, "attributes": attributes(**said)}, ctx)
        except Wrong as wrong:
            tally.leave(str(wrong), "")
    (row,) = otel.done(ctx)
    assert (row.input, row.read, row.output) == (90, 60, 4)
    assert tally.left == {"duplicate": 3, "not_a_call": 1}


def test_output_of_bedrocks_batch_jobs_and_of_vertex_is_billed_as_batch(tmp_path: Path) -> None:
    usage = {"input_tokens": 1000, "output_tokens": 100}
    message = {"type": "message", "id": "m", "model": "claude-haiku-4-5-20251001", "usage": usage}
    named = {"recordId": "1", "modelInput": {}}
    nova = {"usage": {"inputTokens": 7, "outputTokens": 3, "cacheReadInputTokenCount": 20}}
    llama = {"prompt_token_count": 5, "generation_token_count": 2}
    records = [
        {**named, "modelOutput": message},
        {**named, "recordId": "2", "error": {"errorCode": 400}},
        {**named, "recordId": "3", "modelOutput": nova},
        {**named, "recordId": "4", "modelOutput": llama},
    ]
    bill = found(tmp_path / "bedrock", "bill", a__jsonl__out=lines(*records))
    assert counts(bill) == (3, 1012, 20, 105)
    assert bill["list_usd"] == pytest.approx((1000 * 0.5 + 100 * 2.5) / 1e6)
    assert bill["left_out"] == {"failed": 1}
    vertex = {"custom_id": "1", "request": {}, "response": message, "status": ""}
    bill = found(tmp_path / "vertex", "bill", a__jsonl=lines(vertex))
    assert bill["list_usd"] == pytest.approx((1000 * 0.5 + 100 * 2.5) / 1e6)


def test_what_is_of_a_batch_and_what_only_looks_so(tmp_path: Path) -> None:
    """A batch has half the price: a log of one's own with request and response is none."""
    usage = {"promptTokenCount": 1000, "candidatesTokenCount": 100, "totalTokenCount": 1100}
    gemini = {"modelVersion": "gemini-2.5-pro", "responseId": "r", "usageMetadata": usage}
    call = {"request": {}, "response": gemini}
    usd = (1000 * 1.25 + 100 * 10) / 1e6
    for n, (record, share) in enumerate(
        (
            ({"timestamp": "2026-11-18T10:00:00Z", "status": 200, **call}, 1.0),
            ({"ts": "2026-11-18T10:00:00Z", "key": "of a user", **call}, 1.0),
            ({"key": "1", "response": gemini}, 0.5),
            ({"status": "", "processed_time": "2026-11-18T10:00:00.0+00:00", **call}, 0.5),
        )
    ):
        bill = found(tmp_path / str(n), "bill", a__jsonl=lines(record))
        assert bill["list_usd"] == pytest.approx(usd * share), record
    spend = json.loads(next(iter(CASES["litellm"].files.values())))[:1]
    (tmp_path / "a.json").write_text(json.dumps([{**spend[0], "call_type": "aretrieve_batch"}]))
    bill = json.loads(run("bill", str(tmp_path / "a.json"), "-o", "json", "-q").stdout)
    assert [list(model["tiers"]) for model in bill["models"].values()] == [["batch"]]


def test_openrouters_generations_by_its_api(tmp_path: Path) -> None:
    told = {"id": "g", "model": "openai/gpt-5", "created_at": "2026-11-18T10:00:00Z"}
    told |= {"tokens_prompt": 900, "tokens_completion": 90, "total_cost": 0.0051}  # type: ignore[dict-item]
    native = {"prompt": 1200, "completion": 150, "reasoning": 20, "cached": 200}
    told |= {f"native_tokens_{kind}": n for kind, n in native.items()}  # type: ignore[misc]
    bill = found(tmp_path, "bill", a__jsonl=lines({"data": told}, {**told, "id": "h"}))
    assert counts(bill) == (2, 2000, 400, 300)
    assert bill["stated_usd"] == pytest.approx(0.0102)


def test_with_a_key_of_ones_own_the_provider_is_paid_besides(tmp_path: Path) -> None:
    own = {"cost": 0.01, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.2}}
    told = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}
    with_credits = own | {"cost": 0.2, "is_byok": False}
    answers = [CHAT | {"id": str(n), "usage": told | u} for n, u in enumerate((own, with_credits))]
    logged = [
        {
            "request_id": str(n),
            "model": "gpt-5",
            "prompt_tokens": 10,
            "completion_tokens": 2,
            "startTime": "2026-11-18T10:00:00Z",
            "custom_llm_provider": "openrouter",
            "api_key": "a key",
            "spend": usage["cost"],
            "metadata": {"usage_object": told | usage},
        }
        for n, usage in enumerate((own, with_credits))
    ]
    for name, records in (("answers", answers), ("litellm", logged)):
        bill = found(tmp_path / name, "bill", a__jsonl=lines(*records))
        assert bill["stated_usd"] == pytest.approx(0.01 + 0.2 + 0.2)


@pytest.mark.parametrize(
    ("made", "thought", "total", "output"),
    [(100, 1000, 1110, 1100), (1100, 1000, 1110, 1100), (0, 40, 50, 40), (100, None, 110, 100)],
)
def test_thoughts_beside_the_answer_are_output(
    tmp_path: Path, made: int, thought: int | None, total: int, output: int
) -> None:
    told = {"prompt_tokens": 10, "completion_tokens": made, "total_tokens": total}
    told["completion_tokens_details"] = {"reasoning_tokens": thought}  # type: ignore[assignment]
    answer = found(tmp_path, a__jsonl=lines(CHAT | {"model": "grok-4", "usage": told}))
    assert counts(answer) == (1, 10, 0, output)
    assert answer["totals"]["reasoning"] == thought
    assert not answer["doubts"]


def test_lines_that_hold_several_answers(tmp_path: Path) -> None:
    one = json.dumps(CHAT)
    text = f"{one}{one}\n[{one}, {one}]\n{one} {one[:30]}\n"
    answer = found(tmp_path / "answers", a__jsonl=text)
    assert counts(answer) == (5, 50, 0, 10)
    assert answer["left_out"] == {"torn_line": 1}
    call = json.dumps({"ts": 1_794_900_000, "model": "m", "input_tokens": 10, "output_tokens": 2})
    answer = found(tmp_path / "table", a__jsonl=f"{call}\n{call}{call}\n[{call},{call}]\n")
    assert (answer["requests"], answer["totals"]["output"]) == (5, 10)
    assert answer["left_out"] == {}


def traced(library: str, span: str, inside: str, took: tuple[int, int], out: int = 4) -> Any:
    """Return the export of one call as a library traces it, `took` being in ms [ms]."""
    told = {"gen_ai__operation__name": "chat", "gen_ai__request__model": "gpt-5"}
    tokens = {"gen_ai__usage__input_tokens": 90, "gen_ai__usage__output_tokens": out}
    begun, done = (str(1_794_900_000_000_000_000 + 10**6 * ms) for ms in took)
    one = {"traceId": f"of {inside}" if inside else span, "spanId": span, "parentSpanId": inside}
    one |= {"startTimeUnixNano": begun, "endTimeUnixNano": done}
    spans = [{**one, "attributes": attributes(**told, **tokens)}]
    return {"resourceSpans": [{"scopeSpans": [{"scope": {"name": library}, "spans": spans}]}]}


@pytest.mark.parametrize(
    ("spans", "calls"),
    [
        ([("langchain", "1", "", (990, 2020)), ("openai", "2", "", (1000, 2000))], 1),
        ([("langchain", "1", "chain", (990, 2020)), ("openai", "2", "", (1000, 2000))], 1),
        ([("langchain", "1", "web", (990, 2020)), ("openai", "2", "web", (1000, 2000))], 1),
        ([("langchain", "1", "a", (990, 2020)), ("openai", "2", "b", (1000, 2000))], 2),
        ([("openai", "1", "", (990, 2020)), ("openai", "2", "", (1000, 2000))], 2),
        ([("langchain", "1", "", (990, 2020)), ("openai", "2", "", (1000, 2030))], 2),
        ([("langchain", "1", "", (990, 2020)), ("openai", "2", "", (1000, 2000), 5)], 2),
        (
            [
                *[("openai", f"{n}", "", (1000 + n, 2000 - n)) for n in (1, 2)],
                *[("langchain", f"{n}", "", (1000 - n, 2000 + n)) for n in (3, 4)],
                *[("http", f"{n}", "", (1010 + n, 1990)) for n in (5, 6)],
            ],
            2,
        ),
    ],
)
def test_a_call_that_two_libraries_trace_side_by_side_counts_once(
    tmp_path: Path, spans: list[Any], calls: int
) -> None:
    """LangChain's tracers are not around the client's: findings/langchain-traced-twice.sh."""
    for n, order in enumerate((spans, spans[::-1])):
        answer = found(tmp_path / str(n), a__jsonl=lines(*(traced(*one) for one in order)))
        assert answer["requests"] == calls
        assert sum(answer["left_out"].values()) == len(spans) - calls


@pytest.mark.parametrize(
    ("models", "calls"),
    [
        (("gpt-5", "gpt-5-2025-08-07"), 1),
        (("openai/gpt-5", "gpt-5"), 1),
        (("text-embedding-3-large", "embed-v4.0"), 2),
        (("gpt-4.1", "gpt-4.1-mini"), 2),
    ],
)
def test_calls_of_two_models_side_by_side_are_two(
    tmp_path: Path, models: tuple[str, str], calls: int
) -> None:
    spans = [traced("a", "1", "", (990, 2020)), traced("b", "2", "", (1000, 2000))]
    for span, model in zip(spans, models, strict=True):
        one = span["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
        one["attributes"][1] = attributes(gen_ai__request__model=model)[0]
    assert found(tmp_path, a__jsonl=lines(*spans))["requests"] == calls


def test_two_libraries_may_tell_other_outputs_of_one_call(tmp_path: Path) -> None:
    """OpenLLMetry inside Strands, of a stream: findings/otel-anthropic-stream-output.sh."""
    outer, inner = traced("strands", "1", "", (0, 9)), traced("anthropic", "2", "1", (1, 8), out=6)
    outer["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["traceId"] = "of 1"
    for n, spans in enumerate(([inner, outer], [outer, inner])):
        answer = found(tmp_path / str(n), a__jsonl=lines(*spans))
        assert counts(answer) == (1, 90, 0, 4)
        assert any("other outputs of it" in note for note in answer["warnings"])


def test_a_span_of_no_token_at_all_is_no_answer(tmp_path: Path) -> None:
    zero = traced("anthropic", "1", "", (0, 9), out=0)
    attributes_of = zero["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"]
    attributes_of[2] = attributes(gen_ai__usage__input_tokens=0)[0]
    answer = found(tmp_path, a__jsonl=lines(zero, traced("anthropic", "2", "", (20, 30))))
    assert counts(answer) == (1, 90, 0, 4)
    assert answer["left_out"] == {"no_output": 1}


def test_helicones_cache_and_what_was_cancelled(tmp_path: Path) -> None:
    (call, *_) = json.loads(next(iter(CASES["helicone"].files.values())))["data"]
    cached = {**call, "request_id": "x", "cache_reference_id": "11111111-0000"}
    cancelled = {**call, "request_id": "y", "response_status": -3}
    fresh = {**call, "cache_reference_id": "00000000-0000-0000-0000-000000000000"}
    answer = found(tmp_path, a__json=json.dumps({"data": [fresh, cached, cancelled]}))
    assert answer["requests"] == 1
    assert answer["left_out"] == {"answered_by_proxy_cache": 1, "failed": 1}


def test_pages_of_litellm_that_are_missing(tmp_path: Path) -> None:
    rows = json.loads(CASES["litellm"].files["spend.json"])
    page = {"data": rows, "total": 9, "page": 1, "page_size": 4, "total_pages": 3}
    assert found(tmp_path, a__json=json.dumps(page))["incomplete_because"] == [
        "pages are missing: 1 of 3 are here"
    ]


def test_pages_of_cloudflares_gateway_are_counted(tmp_path: Path) -> None:
    page = json.loads(CASES["cloudflare"].files["logs.json"])
    page["result_info"] |= {"total_count": 120}
    answer = found(tmp_path, a__json=json.dumps(page))
    assert answer["incomplete_because"] == ["pages are missing: 1 of 3 are here"]


def test_a_call_of_no_duration_that_can_be_is_left_out(tmp_path: Path) -> None:
    call, *_ = json.loads(CASES["cloudflare"].files["logs.json"])["result"]
    endless = {**call, "id": "x", "duration": 10**30}
    answer = found(tmp_path, a__jsonl=lines(call, endless))
    assert answer["requests"] == 1
    assert answer["left_out"] == {"out_of_range": 1}


@pytest.mark.parametrize(
    ("beside", "bought"),
    [
        ({"cf-aig-cache-status": "HIT"}, False),
        ({"response_headers": {"x-portkey-cache-status": "SEMANTIC HIT"}}, False),
        ({"cf-aig-cache-status": "MISS"}, True),
        ({"cache_hit": True}, True),  # of which cache, nothing tells
    ],
)
def test_answers_of_a_proxys_cache_in_logs_of_ones_own(
    tmp_path: Path, beside: dict[str, Any], bought: bool
) -> None:
    line = {"ts": "2026-11-18T10:00:00Z", "response": {**CHAT, "id": "a"}}
    other = {**line, "response": {**CHAT, "id": "b"}, **beside}
    answer = found(tmp_path / "field", a__jsonl=lines(line, other))
    assert counts(answer) == (1 + bought, 10 * (1 + bought), 0, 2 * (1 + bought))
    assert answer["left_out"] == ({} if bought else {"answered_by_proxy_cache": 1})
    row = {"ts": "2026-11-18T10:00:00Z", "model": "m", "input_tokens": 10, "output_tokens": 2}
    miss = json.loads(json.dumps(beside).replace("SEMANTIC HIT", "x").replace("HIT", "x"))
    answer = found(tmp_path / "table", a__jsonl=lines({**row, **miss}, {**row, **beside}))
    assert answer["requests"] == 1 + (bought or "cache_hit" in beside)
    told = any("--columns hit=cache_hit" in note for note in answer["warnings"])
    assert told == ("cache_hit" in beside)


def test_a_hit_is_of_a_proxys_cache_where_it_is_free_or_said_so(tmp_path: Path) -> None:
    head = "time,model,input_tokens,output_tokens,cached,cost\n2026-11-18T10:00:00Z,m,10,2,"
    rows = "false,0.5\n2026-11-18T10:00:01Z,m,10,2,true,0\n2026-11-18T10:00:02Z,m,10,2,true,0.1\n"
    answer = found(tmp_path / "a", a__csv=head + rows)
    assert (answer["requests"], answer["left_out"]) == (2, {"answered_by_proxy_cache": 1})
    path = tmp_path / "b.csv"
    path.write_text((head + rows).replace("cost", "price"))
    for said, requests in (((), 3), (("--columns", "hit=cached"), 1)):
        answer = json.loads(run("profile", str(path), *said, "-o", "json", "-q").stdout)
        assert answer["requests"] == requests


def test_what_vllm_read_from_caches_by_source_or_not_at_all(tmp_path: Path) -> None:
    def scrape(factor: int, *, told: bool) -> str:
        values = {"prompt_tokens_total{": 100, "generation_tokens_total{": 10}
        values["request_success_total{"] = 3
        for source, n in (
            ("local_cache_hit", 40),
            ("external_kv_transfer", 10),
            ("local_compute", 50),
        ):
            if told:
                values[f'prompt_tokens_by_source_total{{source="{source}",'] = n
        return "".join(f'vllm:{k}model_name="l"}} {n * factor}\n' for k, n in values.items())

    files = {f"m_2026-11-18T1{n}__prom": scrape(n + 1, told=True) for n in range(2)}
    assert counts(found(tmp_path / "a", **files)) == (3, 50, 50, 10)
    files = {f"m_2026-11-18T1{n}__prom": scrape(n + 1, told=False) for n in range(2)}
    assert counts(found(tmp_path / "b", **files)) == (3, None, None, 10)


def test_a_resumed_message_of_claude_code_counts_once(tmp_path: Path) -> None:
    usage = {"input_tokens": 4, "cache_read_input_tokens": 100}
    row = claude("m", "r", 1, "claude-opus-4-5", output_tokens=9, **usage)
    more = claude("m", "r", 2, "claude-opus-4-5", output_tokens=400, **usage)
    answer = found(tmp_path, a__jsonl=lines(row, more), b__jsonl=lines({**row, "sessionId": "b"}))
    assert counts(answer) == (1, 4, 100, 400)
    fork = {k: v for k, v in more.items() if k != "requestId"}  # of a fork that leaves it out
    for n, texts in enumerate(((lines(row, more), lines(fork)), (lines(fork), lines(row, more)))):
        answer = found(tmp_path / str(n), a__jsonl=texts[0], b__jsonl=texts[1])
        assert counts(answer) == (1, 4, 100, 400)
    other = claude("m", "another", 3, "claude-opus-4-5", output_tokens=7, **usage)
    assert counts(found(tmp_path / "two", a__jsonl=lines(row, other))) == (2, 8, 200, 16)


ARN = "arn:aws:bedrock:us-east-1:1:"
MATCHES = {
    "bedrock us.anthropic.claude-opus-4-5-20251101-v1:0": "bedrock/claude-opus-4.5",
    f"bedrock {ARN}inference-profile/global.anthropic.claude-haiku-4-5-20251001-v1:0": (
        "bedrock/claude-haiku-4.5"
    ),
    f"bedrock {ARN}application-inference-profile/abc123": "",
    "bedrock openai.gpt-oss-120b-1:0": "bedrock/gpt-oss-120b",
    "bedrock deepseek.r1-v1:0": "bedrock/deepseek-r1",
    "bedrock amazon.nova-pro-v1:0:300k": "bedrock/nova-pro",
    "bedrock amazon.titan-embed-text-v2:0": "",
    " bedrock/us.anthropic.claude-opus-4-5-20251101-v1:0": "bedrock/claude-opus-4.5",
    "vertex publishers/google/models/gemini-2.5-flash@001": "vertex/gemini-2.5-flash",
    "azure azure/gpt-4o-2024-08-06": "azure/gpt-4o",
    "azure azure/my-deployment": "",
    "openai gpt-4o-2024-05-13": "openai/gpt-4o-2024-05-13",
    "openai gpt-4o-2024-11-20": "openai/gpt-4o",
    "openai gpt-3.5-turbo-1106": "",
    "openai gpt-3.5-turbo-instruct": "",
    "openai gpt-4o-audio-preview-2024-12-17": "",
    "mistral codestral-2405": "",
    "anthropic claude-sonnet-4-0": "anthropic/claude-sonnet-4",
    "openrouter meta-llama/llama-3.3-70b-instruct:free": "",
    "openrouter ~openai/gpt-5": "openai/gpt-5",
}


@pytest.mark.parametrize("name", MATCHES)
def test_names_of_clouds_and_gateways(name: str) -> None:
    provider, _, model = name.partition(" ")
    found = Matcher(load_catalog()).match(
        provider, named(model)[0] if provider == "bedrock" else model
    )
    assert found.offer == MATCHES[name], found.how


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("openrouter openai/gpt-5:nitro", ":nitro"),
        ("openrouter meta-llama/llama-3.3-70b-instruct:extended", ":extended"),
        ("azure azure/eu/gpt-4o", "eu"),
    ],
)
def test_a_route_that_may_have_another_price_is_told(name: str, part: str) -> None:
    provider, _, model = name.partition(" ")
    found = Matcher(load_catalog()).match(provider, model)
    assert found.offer
    assert f"without {part}, which may have another price" in found.how


def test_a_tier_without_a_price_of_its_own_is_told(tmp_path: Path) -> None:
    head = "start,model,service_tier,input,output\n"
    rows = [f"2026-11-20T10:00:00Z,gpt-5,{tier},900,100\n" for tier in ("flex", "scale", "")]
    answer = found(tmp_path, "bill", a__csv=head + "".join(rows))
    told = [text for text in answer["warnings"] if "billed as usual" in text]
    assert told == ["openai/gpt-5: no price for tier scale, billed as usual"]


def azure(name: str, points: list[tuple[str, float]], deployment: str = "a", **more: str) -> Any:
    """Return a series of a metric; a rate is an average."""
    at = {"modelname": "gpt-4.1", "modeldeploymentname": deployment, **more}
    key = "average" if name.endswith("Rate") else "total"
    return {
        "name": {"value": name},
        "timeseries": [
            {
                "metadatavalues": [{"name": {"value": k}, "value": v} for k, v in at.items()],
                "data": [{"timeStamp": f"2026-11-18T{t}:00:00Z", key: n} for t, n in points],
            }
        ],
    }


def test_series_of_azure_by_more_than_is_asked_for(tmp_path: Path) -> None:
    rate = "AzureOpenAIContextTokensCacheMatchRate"
    series = [
        azure("ProcessedPromptTokens", [("10", 600.0)], region="eastus"),
        azure("ProcessedPromptTokens", [("10", 400.0)], region="westus"),
        azure("ProcessedPromptTokens", [("10", 3000.0)], "b"),
        azure(rate, [("10", 50.0)]),
        azure(rate, [("10", 10.0)], "b"),
    ]
    made = [azure("GeneratedTokens", [("10", 100.0)], of) for of in "ab"]
    document = {"interval": "PT24H", "value": series + made}
    answer = found(tmp_path / "a", a__json=json.dumps(document))
    total = answer["totals"]
    assert (total["input_with_read"], total["output"]) == (4000, 200)
    assert answer["cached_share"] == pytest.approx((500 + 300) / 4000)
    assert answer["incomplete"] is False
    answer = found(tmp_path / "b", a__json=json.dumps({"value": series}))
    assert answer["incomplete_because"] == [
        "no file has the metric GeneratedTokens: those tokens are not counted"
    ]
    foundry = [azure("InputTokens", [("10", 7.0)]), azure("OutputTokens", [("10", 5.0)])]
    both = [*foundry, azure("ProcessedPromptTokens", [("10", 7.0)])]
    total = found(tmp_path / "c", a__json=json.dumps({"value": both}))["totals"]
    assert (total["input_with_read"], total["output"]) == (7, 5)


@pytest.mark.parametrize("name", ["StatusCode", "ResultCode"])
def test_requests_that_azure_refused_are_none(tmp_path: Path, name: str) -> None:
    page = json.loads(next(iter(CASES["azure-monitor"].files.values())))
    for metric in page["value"]:
        if metric["name"]["value"] == "AzureOpenAIRequests":
            every = metric["timeseries"]
            metric["timeseries"] = [
                {**one, "metadatavalues": [*one["metadatavalues"], code]}
                for one in every
                for code in ({"name": {"value": name}, "value": c} for c in ("200", "429"))
            ]
    answer = found(tmp_path, a__json=json.dumps(page))
    assert (answer["requests"], answer["left_out"]) == (40, {"failed": 40})


@pytest.mark.parametrize(
    "time",
    [
        *("2026-11-17 02:40:00 UTC", "2026-11-17 02:40:00 +00:00", "2026-11-17T02:40:00 +0000"),
        *("2026-11-17 02:40:00.000 +0000 UTC", "2026/11/17 02:40:00", "2026-11-17 02:40:00,000"),
        *(1_794_883_200, 1_794_883_200_000, 1_794_883_200_000_000, 1_794_883_200_000_000_000),
        *("2026-11-17 02:40:00 GMT", "1794883200.0", "2026-11-17T02:40:00.000000000Z"),
    ],
)
def test_times_as_programs_write_them(tmp_path: Path, time: Any) -> None:
    assert moment(time) == 1_794_883_200
    call = {"ts": time, "model": "m", "input_tokens": 10, "output_tokens": 2}
    answer = found(tmp_path, a__jsonl=lines(call))
    assert (answer["left_out"], answer["first"]) == ({}, "2026-11-17T02:00:00Z")


def test_missing_counts_of_reports(tmp_path: Path) -> None:
    day = {"starting_at": "2026-11-18T00:00:00Z", "ending_at": "2026-11-19T00:00:00Z"}
    good = {"model": "claude-opus-4-5", "uncached_input_tokens": 5, "output_tokens": 2}
    results = [good, {**good, "model": "m", "uncached_input_tokens": None}]
    answer = found(tmp_path / "a", a__json=json.dumps({"data": [{**day, "results": results}]}))
    assert (answer["totals"]["input"], answer["left_out"]) == (5, {"no_output": 1})
    kind = "organization.usage.{}.result"
    day = {"start_time": 1_794_960_000, "end_time": 1_795_046_400}  # type: ignore[dict-item]
    chat = {"object": kind.format("completions"), "model": "gpt-5", "num_model_requests": 3}
    results = [
        {**chat, "input_tokens": 9, "output_tokens": 2},
        {**chat, "output_tokens": 2},
        {**chat, "project_id": "p", "input_uncached_tokens": 7, "output_tokens": 2},
        {"object": kind.format("embeddings"), "model": "e", "input_tokens": 4},
        {"object": kind.format("images"), "model": "i", "images": 4},
    ]
    answer = found(tmp_path / "b", a__json=json.dumps({"data": [{**day, "results": results}]}))
    assert answer["totals"]["input"] == 9 + 7 + 4
    assert answer["left_out"] == {"no_output": 1, "not_a_call": 1}


def test_two_batch_jobs_may_give_their_records_the_same_names(tmp_path: Path) -> None:
    """Nova's and Llama's answers have no id of their own; the same file twice is a duplicate."""
    job = {
        n: lines(
            *(
                {"recordId": f"CALL{k}", "modelInput": {}, "modelOutput": {"usage": usage}}
                for k in range(3)
                for usage in [{"inputTokens": 100 * n + k, "outputTokens": 2}]
            )
        )
        for n in (1, 2)
    }
    answer = found(tmp_path, "bill", a__jsonl__out=job[1], b__jsonl__out=job[2])
    assert counts(answer) == (6, 906, 0, 12)
    again = found(tmp_path / "again", "bill", a__jsonl__out=job[1], b__jsonl__out=job[1])
    assert (again["requests"], again["left_out"]) == (3, {"duplicate": 3})


def test_records_joined_by_commas_are_all_read(tmp_path: Path) -> None:
    told = {"start": "2026-11-18T10:00:00Z", "model": "gpt-5", "input_tokens": 7}
    one, two = (json.dumps({**told, "output_tokens": n}) for n in (1, 2))
    for n, text in enumerate((f"{one} , {two}\n", f"{one},\n{two}\n", f"{one}, {two},\n")):
        answer = found(tmp_path / str(n), a__jsonl=text)
        totals = answer["totals"]
        assert (answer["requests"], totals["input_with_read"], totals["output"]) == (2, 14, 3), text


@pytest.mark.parametrize("time", ["Month;", "start;"])
def test_a_point_before_three_digits_is_of_thousands_where_commas_are_decimals(
    time: str, tmp_path: Path
) -> None:
    head = f"{time}Model;Input tokens;Output tokens;Cost\n".replace("Month", "month")
    day = "2026-11" if "Month" in time else "2026-11-18T10:00:00Z"
    rows = "".join(
        f"{day};gpt-5;{5 + n};5;{c}\n" for n, c in enumerate(("1.234,50", "1.234", "12,5 $"))
    )
    answer = found(tmp_path, "bill", a__csv=head.replace(" ", "_").lower() + rows)
    assert answer["stated_usd"] == pytest.approx(1234.5 + 1234 + 12.5)


def test_a_cost_that_cannot_be_read_is_told_of_its_own_file(tmp_path: Path) -> None:
    head, row = (
        "start,model,input_tokens,output_tokens,cost\n",
        "2026-11-18T10:00:0{},gpt-5,{},5,{}\n",
    )
    (tmp_path / "a.csv").write_text(head + row.format(1, 5, "0.5"))
    (tmp_path / "b.csv").write_text(head + row.format(2, 6, "a lot"))
    done = run("bill", str(tmp_path / "a.csv"), str(tmp_path / "b.csv"))
    assert "b.csv" in done.stdout.partition("1 cost not readable, first at")[2]


CALL = {"object": "chat.completion", "created": 1_794_900_000, "model": "gpt-5"}
ROW = {"start": "2026-11-18T10:00:00Z", "model": "gpt-5", "input_tokens": 100, "output_tokens": 5}


@pytest.mark.parametrize("of", ["calls", "table"])
@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize(
    "form", ["[{}]\n", "[\n{}\n]\n", "[\n{},\n]\n", "{}\n", "{},\n", " [ {} ] ", "\ufeff[{}]"]
)
def test_an_array_may_have_a_record_a_line(form: str, count: int, of: str, tmp_path: Path) -> None:
    """As jq and databases write them: the first record of such an array was a torn line."""
    usage = {"prompt_tokens": 100, "completion_tokens": 5, "total_tokens": 105}
    made = [
        {**CALL, "id": f"c{n}", "usage": usage} if of == "calls" else {**ROW, "request_id": f"r{n}"}
        for n in range(count)
    ]
    between = "\n" if form == "{}\n" else ",\n"
    text = form.replace("{}", between.join(map(json.dumps, made)))
    answer = found(tmp_path, a__json=text)
    assert (answer["requests"], answer["totals"]["output"]) == (count, 5 * count)
    assert answer["left_out"] == {}


def test_a_line_of_a_program_is_no_array(tmp_path: Path) -> None:
    text = "[INFO] started\n" + json.dumps(ROW) + "\n"
    answer = found(tmp_path, a__jsonl=text)
    assert (answer["requests"], answer["left_out"]) == (1, {"torn_line": 1})


@pytest.mark.parametrize(
    ("more", "request_", "tier"),
    [
        ({}, {}, "standard"),
        ({"usage_object": {"service_tier": "flex"}}, {}, "flex"),
        ({"cost_breakdown": {"service_tier": "priority"}}, {"service_tier": "flex"}, "priority"),
        ({"cost_breakdown": {"service_tier": None}}, '{"service_tier": "flex"}', "flex"),
        ({"usage_object": {"service_tier": "default"}}, {"service_tier": "flex"}, "standard"),
        ({}, {"service_tier": "auto"}, "standard"),
        ({}, {"service_tier": "standard_only"}, "standard"),
    ],
)
def test_tiers_of_litellm_are_those_its_costs_were_worked_out_at(
    tmp_path: Path, more: dict[str, Any], request_: Any, tier: str
) -> None:
    spend = json.loads(next(iter(CASES["litellm"].files.values())))[0]
    call = {**spend, "metadata": {**spend["metadata"], **more}, "proxy_server_request": request_}
    (tmp_path / "a.json").write_text(json.dumps([call]))
    bill = json.loads(run("bill", str(tmp_path / "a.json"), "-o", "json", "-q").stdout)
    assert [list(model["tiers"]) for model in bill["models"].values()] == [[tier]]


def of_vllm(amount: int, stamp: str = "") -> str:
    """Return a scrape of a server: prompt, a tenth of it generated, a tenth of that requests."""
    labels = '{engine="0",model_name="m"}'
    names = {"prompt_tokens": 1, "generation_tokens": 10, "request_success": 100}
    return "".join(
        f"vllm:{name}_total{labels} {amount / part}{stamp}\n" for name, part in names.items()
    )


def test_servers_of_vllm_are_told_by_names_that_overlap_in_time(tmp_path: Path) -> None:
    """Two replicas counted apart, one file after the other of one server, many scrapes in one."""
    files = {
        **{f"a_2026-11-20T1{n}": of_vllm(v) for n, v in enumerate((100, 300, 600))},
        **{f"b_2026-11-20T1{n}": of_vllm(v) for n, v in enumerate((1000, 1500, 2500))},
    }
    answer = found(tmp_path / "two", **{f"{n}__prom": text for n, text in files.items()})
    assert (sums_of(answer), answer["incomplete"]) == ((20, 2000, 200), False)
    turned = {n: of_vllm(v) for n, v in (("x_2026-11-20T10", 100), ("y_2026-11-20T11", 300))}
    answer = found(tmp_path / "turned", **{f"{n}__prom": text for n, text in turned.items()})
    assert sums_of(answer) == (2, 200, 20)
    hour = 1_795_168_800_000
    for stamped in (True, False):
        text = "".join(
            of_vllm(v, f" {hour + 3_600_000 * n}" * stamped)
            for n, v in enumerate((1000, 3000, 500))
        )
        answer = found(tmp_path / f"one {stamped}", a__prom=text)
        assert (sums_of(answer), answer["incomplete"]) == ((25, 2500, 250), True)
        assert answer["left_out"] == {}


def test_scrapes_of_vllm_within_a_minute_are_of_one_server(tmp_path: Path) -> None:
    files = {f"m_2026-11-20T10-{n // 3:02d}-{n % 3 * 20:02d}": 100 + 100 * n for n in range(6)}
    answer = found(tmp_path, **{f"{name}__prom": of_vllm(n) for name, n in files.items()})
    assert sums_of(answer) == (5, 500, 50)


HOUR_10 = 1_795_168_800  # 2026-11-20T10:00:00Z


@pytest.mark.parametrize(
    ("files", "began", "total", "incomplete"),
    [
        # files of one hour, numbered behind it: one server while counters grow, else one each
        ({f"m_2026-11-20T10_{n}": 100 + 200 * n for n in range(4)}, {}, 600, False),
        ({"m_2026-11-20T10_0": 900, "m_2026-11-20T10_1": 300}, {}, 1200, False),
        ({"m-0_2026-11-20T10": 300, "m-1_2026-11-20T10": 900}, {}, 1200, False),  # pods
        # the same start is the same server, whatever its files are called
        (
            {"a_2026-11-20T10": 100, "b_2026-11-20T11": 300, "a_2026-11-20T12": 900},
            [1, 1, 1],
            800,
            0,
        ),
        ({"m_0": 100, "m_1": 400}, [1, 1], 300, False),
        # one that began after the scrape before began again, though its counters are above
        ({"m_2026-11-20T10": 100, "m_2026-11-20T11": 900}, [1, HOUR_10 + 60], 900, True),
        # one that began before it is another server
        ({"a_2026-11-20T10": 100, "b_2026-11-20T11": 900}, [1, 2], 1000, False),
        ({"a": 900, "b": 1000}, [1, 2], 1900, False),
    ],
)
def test_scrapes_of_one_server_of_vllm_are_told_from_those_of_several(
    tmp_path: Path, files: dict[str, int], began: Any, total: int, incomplete: bool
) -> None:
    starts = began or [None] * len(files)
    for shown in ("process_start_time_seconds", 'vllm:prompt_tokens_created{model_name="m"}'):
        texts = {
            f"{name}__prom": f"{shown} {at}\n" * (at is not None) + of_vllm(amount)
            for (name, amount), at in zip(files.items(), starts, strict=True)
        }
        answer = found(tmp_path / shown[:5], **texts)
        assert sums_of(answer) == (total // 100, total, total // 10)
        assert answer["incomplete"] == incomplete


def test_scrapes_of_vllm_from_elsewhere_are_of_other_servers(tmp_path: Path) -> None:
    texts = {f"{n}__prom": of_vllm(500).replace("engine", f'pod="{n}",engine') for n in "ab"}
    assert sums_of(found(tmp_path, **texts)) == (10, 1000, 100)


def sums_of(answer: Any) -> tuple[Any, ...]:
    """Return requests, input of which nobody knows what was cached, output."""
    total = answer["totals"]
    return total["requests"], total["input_with_read"], total["output"]


def test_series_that_prometheus_was_asked_for(tmp_path: Path) -> None:
    def series(name: str, pod: str, *values: int | None) -> dict[str, Any]:
        at = [[1_795_168_800 + 3600 * n, str(v)] for n, v in enumerate(values) if v is not None]
        metric = {"__name__": f"vllm:{name}_total", "model_name": "m", "pod": pod}
        return {"metric": metric, "values": at}

    result = [
        series("prompt_tokens", "a", 100, 300, None, 700),
        series("prompt_tokens", "b", 1000, 50, 80, None),
        series("request_success", "a", 1, 3, 4, 7),
    ]
    matrix = {"status": "success", "data": {"resultType": "matrix", "result": result}}
    answer = found(tmp_path, a__json=json.dumps(matrix))
    assert sums_of(answer) == (6, 680, 0)
    assert any("generation_tokens_total" in why for why in answer["incomplete_because"])


def test_a_session_of_codex_goes_on_in_another_file_with_its_totals(tmp_path: Path) -> None:
    session = {"type": "session_meta", "payload": {"id": "a"}}
    model = {"type": "turn_context", "payload": {"model": "gpt-5"}}
    first = codex(3, (5000, 3000, 200, 80), (5000, 3000, 200, 80))
    bare = [
        codex(9, (6100, 3600, 230, 90), (0, 0, 0, 0)),
        codex(12, (100, 0, 10, 0), (0, 0, 0, 0)),
    ]
    for event in bare:
        del event["payload"]["info"]["last_token_usage"]
    answer = found(
        tmp_path,
        a__jsonl=lines(session, model, first),
        b__jsonl=lines(session, model, *bare),
    )
    assert counts(answer) == (3, 2600, 3600, 240)
    assert answer["left_out"] == {}


def test_failed_requests_of_a_day_of_litellm_are_told(tmp_path: Path) -> None:
    day = {"date": "2026-11-20", "model": "gpt-5", "prompt_tokens": 1000, "completion_tokens": 100}
    day |= {"cache_read_input_tokens": 400, "spend": 0.0018, "created_at": "2026-11-21T00:00:00Z"}
    day |= {"api_requests": 5, "successful_requests": 4, "failed_requests": 1}
    answer = found(tmp_path, a__jsonl=lines(day))
    assert (counts(answer), answer["left_out"]) == ((4, 600, 400, 100), {"failed": 1})
    assert list(answer["formats"]) == ["litellm"]


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("joined", [True, False])
def test_a_page_with_more_is_whole_with_the_page_that_follows(
    tmp_path: Path, whole: bool, joined: bool
) -> None:
    def page_of(day: int, more: bool) -> dict[str, Any]:
        kind = "organization.usage.completions.result"
        result = {"object": kind, "input_tokens": 10, "output_tokens": 2, "model": "gpt-5"}
        at = 1_795_132_800 + 86_400 * day
        bucket_ = {"start_time": at, "end_time": at + 86_400, "results": [result]}
        return {"object": "page", "data": [bucket_], "has_more": more}

    pages = [page_of(0, True), page_of(1, True), page_of(2 if whole else 4, False)]
    files = {"a__jsonl": lines(*pages)}
    if not joined:
        files = {f"p{n}__json": json.dumps(one) for n, one in enumerate(pages)}
    answer = found(tmp_path, **files)
    assert answer["totals"]["output"] == 6
    assert answer["incomplete"] is not whole


KINDS = {"llm.token_count.prompt": 1000, "llm.token_count.completion": 50}
KINDS |= {"llm.token_count.prompt_details.cache_read": 600}
SPAN = {"start_time": "2026-11-18 10:00:00+00:00", "end_time": "2026-11-18 10:00:02+00:00"}
AI_SDK = {"inputTokens": 1000, "outputTokens": 50, "cachedInputTokens": 600, "reasoningTokens": 5}
REALTIME = {"input_tokens": 1000, "output_tokens": 50, "total_tokens": 1050}
REALTIME |= {"input_token_details": {"text_tokens": 1000, "cached_tokens": 600}}  # type: ignore[dict-item]


def nested(flat: dict[str, Any]) -> dict[str, Any]:
    """Return a mapping whose names have dots as mappings in one another."""
    made: dict[str, Any] = {}
    for name, value in flat.items():
        inner = made
        *outer, last = name.split(".")
        for part in outer:
            inner = inner.setdefault(part, {})
        inner[last] = value
    return made


def as_columns(told: dict[str, Any]) -> str:
    """Return a table of a call and of the agent around it, as a data frame of spans is saved."""
    rows = []
    for kind in ("LLM", "AGENT"):
        of = {"openinference.span.kind": kind, "llm.model_name": "gpt-5" * (kind == "LLM"), **told}
        ids = {"context.trace_id": "t", "context.span_id": kind}
        rows.append({**SPAN, **ids, **{f"attributes.{name}": v for name, v in of.items()}})
    return "\n".join(",".join(map(str, row)) for row in ([*rows[0]], *(r.values() for r in rows)))


TOLD = {
    "columns of Phoenix": ("a__csv", as_columns(KINDS)),
    "columns of Phoenix beside whole ones": (
        "a__jsonl",
        lines(
            {**SPAN, "context": "t", "context.trace_id": "t", "context.span_id": "a"}
            | {"attributes": "{}", "attributes.llm.model_name": "gpt-5"}
            | {"attributes.openinference.span.kind": "LLM"}
            | {f"attributes.{name}": tokens for name, tokens in KINDS.items()},
        ),
    ),
    "nested attributes": (
        "a__json",
        json.dumps(
            {**SPAN, "context": {"trace_id": "t", "span_id": "a"}}
            | {
                "attributes": nested(
                    {**KINDS, "openinference.span.kind": "LLM", "llm.model_name": "gpt-5"}
                )
            }
        ),
    ),
    "usage of Vercel's AI SDK": (
        "a__jsonl",
        lines({"timestamp": "2026-11-18T10:00:00Z", "model": "gpt-5", "usage": AI_SDK}),
    ),
    "Realtime API": (
        "a__jsonl",
        lines(
            {"type": "session.created", "session": {"model": "gpt-5"}},
            {"type": "response.created", "response": {"object": "realtime.response", "id": "r"}},
            {
                "type": "response.done",
                "response": {"object": "realtime.response", "id": "r", "usage": REALTIME},
            },
        ),
    ),
}


@pytest.mark.parametrize("name", TOLD)
def test_what_other_tracers_and_interfaces_make_of_a_call(tmp_path: Path, name: str) -> None:
    file, text = TOLD[name]
    answer = found(tmp_path, **{file: text})
    assert counts(answer) == (1, 400, 600, 50)
    assert list(answer["models"]) == ["gpt-5"]


def test_cached_input_of_vercels_ai_sdk_lies_beside_the_names_of_today(tmp_path: Path) -> None:
    told = {"gen_ai__request__model": "gpt-5", "gen_ai__usage__input_tokens": 1000}
    told |= {"gen_ai__usage__output_tokens": 50, "ai__usage__cachedInputTokens": 600}
    inner = {"traceId": "t", "spanId": "2", "parentSpanId": "1", "attributes": attributes(**told)}
    outer = {"traceId": "t", "spanId": "1", "attributes": attributes(ai__usage__inputTokens=1000)}
    answer = found(tmp_path, a__jsonl=lines(outer, inner))
    assert (counts(answer), answer["left_out"]) == ((1, 400, 600, 50), {"not_a_call": 1})


WRITES = {"cached_tokens": 5000, "cache_creation_tokens": 2000}
TTLS = {"ephemeral_5m_input_tokens": 500, "ephemeral_1h_input_tokens": 1500}
BOTH = {"cache_read_input_tokens": 5000, "cache_creation_input_tokens": 2000}
OTHERS: dict[str, tuple[dict[str, Any], tuple[int, ...]]] = {
    "Moonshot, Together": ({"cached_tokens": 5000}, (2100, 5000, 0, 0)),
    "LiteLLM, of Claude": (
        {**BOTH, "prompt_tokens_details": {**WRITES, "cache_creation_token_details": TTLS}},
        (100, 5000, 500, 1500),
    ),
    "LiteLLM, of Claude, before": (
        {**BOTH, "prompt_tokens_details": {"cached_tokens": 5000}},
        (100, 5000, 2000, 0),
    ),
    "one of two names says 0": (
        {**BOTH, "prompt_tokens_details": {**WRITES, "cache_write_tokens": 0}},
        (100, 5000, 2000, 0),
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_others_write_into_answers_of_openais_kind(tmp_path: Path, name: str) -> None:
    """What was written was billed as plain input, what was read as well."""
    told, tokens = OTHERS[name]
    usage = {"prompt_tokens": 7100, "completion_tokens": 300, "total_tokens": 7400, **told}
    total = found(tmp_path, a__jsonl=lines({**CHAT, "usage": usage}))["totals"]
    written = total["write_5m"] + total["write_unknown"], total["write_1h"]
    assert (total["input"], total["read"], *written) == tokens


def test_the_last_part_of_a_stream_of_groq_and_costs_of_perplexity(tmp_path: Path) -> None:
    chunk = {**CHAT, "object": "chat.completion.chunk", "id": "g", "usage": None}
    usage = {"prompt_tokens": 70, "completion_tokens": 33, "total_tokens": 103, "queue_time": 0.1}
    last = {"choices": [{"finish_reason": "stop"}], "x_groq": {"id": "r", "usage": usage}}
    stream = lines({**chunk, "choices": [{"delta": {}}]}, {**chunk, **last})
    assert counts(found(tmp_path / "groq", a__jsonl=stream)) == (1, 70, 0, 33)
    cost = {"input_tokens_cost": 0.1, "request_cost": 0.4, "total_cost": 0.5}
    answer = {**CHAT, "usage": {**CHAT["usage"], "cost": cost}}
    assert found(tmp_path / "sonar", "bill", a__jsonl=lines(answer))["stated_usd"] == 0.5


def test_what_litellm_hands_to_logs_of_ones_own(tmp_path: Path) -> None:
    """The answer in it was read, and not what the proxy says of it: hits counted, costs did not."""
    usage = {"prompt_tokens": 7100, "completion_tokens": 300, "total_tokens": 7400, **BOTH}
    call = {
        "id": "c1",
        "call_type": "acompletion",
        "response_cost": 0.01,
        "status": "success",
        "custom_llm_provider": "anthropic",
        "model": "claude-sonnet-4-5",
        "cache_hit": False,
        "prompt_tokens": 7100,
        "completion_tokens": 300,
        "total_tokens": 7400,
        "startTime": 1_794_900_000.5,
        "endTime": 1_794_900_002.5,
        "metadata": {"user_api_key_team_id": "blue", "user_api_key_hash": "h"},
        "response": {**CHAT, "usage": usage},
    }
    hit, other = {**call, "id": "c2", "cache_hit": True, "response_cost": 0.0}, {**call, "id": "c3"}
    nothing = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0, "response": {}}
    failed = {**call, "id": "c4", "status": "failure", "response_cost": 0.0, **nothing}
    files = {f"c{n}__json": json.dumps(c) for n, c in enumerate((call, hit, other, failed))}
    answer = found(tmp_path, "bill", **files)
    assert counts(answer) == (2, 200, 10_000, 600)
    assert (answer["totals"]["write_unknown"], answer["stated_usd"]) == (4000, 0.02)
    assert answer["left_out"] == {"answered_by_proxy_cache": 1, "failed": 1}


TOLD_BY = {
    "InvokeModel": {"usage": {"cache_creation": TTLS}},
    "a stream": [{"type": "message_start", "message": {"usage": {"cache_creation": TTLS}}}, {}],
    "Converse": {"usage": {"cacheDetails": [{"ttl": "5m", "inputTokens": 500}, {"ttl": "1h"}]}},
    "ConverseStream": [{"metadata": {"usage": {"cacheDetails": []}}}],
}
TOLD_BY["Converse"]["usage"]["cacheDetails"][1]["inputTokens"] = 1500  # type: ignore[call-overload]
TOLD_BY["ConverseStream"][0]["metadata"] = TOLD_BY["Converse"]


@pytest.mark.parametrize("name", TOLD_BY)
@pytest.mark.parametrize("as_text", [False, True])
def test_lifetimes_of_writes_that_bedrock_keeps_with_the_answer(
    tmp_path: Path, name: str, as_text: bool
) -> None:
    body = json.dumps(TOLD_BY[name]) if as_text else TOLD_BY[name]
    call = {
        "schemaType": "ModelInvocationLog",
        "timestamp": "2026-11-20T10:00:00Z",
        "requestId": "r",
        "modelId": "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "input": {"inputTokenCount": 100, "cacheWriteInputTokenCount": 2000},
        "output": {"outputTokenCount": 30, "outputBodyJson": body},
    }
    total = found(tmp_path, a__jsonl=lines(call))["totals"]
    kinds = [total[f"write_{ttl}"] for ttl in ("5m", "1h", "unknown")]
    assert (total["input"], *kinds) == (100, 500, 1500, 0)


def test_a_message_that_grows_from_line_to_line_counts_its_last(tmp_path: Path) -> None:
    """As `claude -p --output-format stream-json` prints it: the first line was 3 tokens of 150."""
    message = {"id": "m", "type": "message", "model": "claude-opus-4-5-20251101"}
    some = [{**message, "usage": {"input_tokens": 10, "output_tokens": n}} for n in (3, 150)]
    log = lines(*({"type": "assistant", "session_id": "s", "message": one} for one in some))
    assert counts(found(tmp_path, a__jsonl=log)) == (1, 10, 0, 150)


def test_agents_of_claude_code_that_only_progress_tells(tmp_path: Path) -> None:
    usage = {"input_tokens": 10, "cache_read_input_tokens": 500, "output_tokens": 70}
    agent = claude("msg_2", "req_2", 9, "claude-haiku-4-5-20251001", **usage)
    first = claude("msg_1", "req_1", 8, "claude-opus-4-5-20251101", **usage)
    told = {"type": "progress", "sessionId": "session-a", "data": {"message": agent}}
    answer = found(tmp_path / "alone", a__jsonl=lines(first, told, told))
    assert (counts(answer), answer["left_out"]) == ((2, 20, 1000, 140), {"duplicate": 1})
    files = {"a__jsonl": lines(first, told), "agent-b__jsonl": lines(agent)}
    assert counts(found(tmp_path / "both", **files)) == (2, 20, 1000, 140)


AT = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-5"}
AT |= {"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 50}  # type: ignore[dict-item]
AT |= {"gen_ai.usage.cache_read.input_tokens": 600}  # type: ignore[dict-item]
OTLP = {"traceId": "t", "spanId": "a", "startTimeUnixNano": "1794900000000000000"}
OTLP |= {"attributes": [{"key": k, "value": {"stringValue": str(v)}} for k, v in AT.items()]}  # type: ignore[dict-item]
JAEGER = {"traceID": "t", "spanID": "a", "startTime": 1_794_900_000_000_000, "duration": 2_000_000}
JAEGER |= {"tags": [{"key": k, "value": v} for k, v in AT.items()]}  # type: ignore[dict-item]
LOGFIRE = {"start_timestamp": "2026-11-17T10:00:00Z", "trace_id": "t", "span_id": "a"}
EXPORTED: dict[str, tuple[str, str]] = {
    "Jaeger": ("a__json", json.dumps({"data": [{"traceID": "t", "spans": [JAEGER, 7]}]})),
    "Tempo": ("a__json", json.dumps({"batches": [{"scopeSpans": [{"spans": [OTLP]}]}]})),
    "before scopes": (
        "a__jsonl",
        lines({"resourceSpans": [{"instrumentationLibrarySpans": [{"spans": [OTLP]}]}]}),
    ),
    "attributes as text": (
        "a__csv",
        ",".join([*LOGFIRE, "attributes"])
        + "\n"
        + ",".join([*LOGFIRE.values(), '"' + json.dumps(AT).replace('"', '""') + '"']),
    ),
}


@pytest.mark.parametrize("name", EXPORTED)
def test_spans_as_who_keeps_them_exports_them(tmp_path: Path, name: str) -> None:
    file, text = EXPORTED[name]
    answer = found(tmp_path, **{file: text})
    assert counts(answer) == (1, 400, 600, 50)
    assert answer["first"].startswith("2026-11-17T")


def scraped(tokens: int, maker: str = "vllm") -> str:
    """Return a scrape of a server: so many tokens in, a tenth of them out."""
    of = {"prompt_tokens": tokens, "generation_tokens": tokens // 10}
    of |= {"cached_tokens": tokens // 2, "num_requests": tokens // 100} if maker == "sglang" else {}
    return "".join(f'{maker}:{n}_total{{model_name="llama"}} {v}\n' for n, v in of.items())


def test_scrapes_without_times_say_whose_they_are_taken_for(tmp_path: Path) -> None:
    answer = found(tmp_path, a__prom=scraped(1000), b__prom=scraped(3000))
    assert answer["totals"]["input_with_read"] == 2000
    assert any("taken for scrapes of one server" in note for note in answer["warnings"])


def test_counters_of_sglang(tmp_path: Path) -> None:
    (tmp_path / "m_2026-11-20T10.prom").write_text(scraped(1000, "sglang"))
    (tmp_path / "m_2026-11-20T11.prom").write_text(scraped(3000, "sglang"))
    assert counts(found(tmp_path)) == (20, 1000, 1000, 200)
