"""Logs that are cut off, mixed, remote, empty or hostile: one line each, and nothing is dropped."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from cases import CASES, as_csv, bucket, lines, page
from running import run

pytest.importorskip("duckdb")
CHAT = {
    "object": "chat.completion",
    "created": 1_794_900_000,
    "model": "gpt-5",
    "usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12},
}


def chats(count: int) -> str:
    """Return so many responses."""
    return lines(*({**CHAT, "id": f"c{n}"} for n in range(count)))


@pytest.mark.parametrize(
    "path", ["s3://bucket/logs/", "gs://b/x.jsonl", "https://h.example/x", "az://c"]
)
def test_addresses_are_refused_at_once_with_what_to_do(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opened(*args: object, **more: object) -> None:
        raise AssertionError("a log is never looked for on the network")

    monkeypatch.setattr("socket.socket", opened)
    monkeypatch.setattr("duckdb.connect", opened)
    done = run("profile", path)
    assert done.exit_code == 2
    assert "copy the files here first" in done.stderr


def test_nothing_there(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "picture.png").write_bytes(b"\x89PNG")
    for path, words in (
        (tmp_path / "empty", "no logs in this folder"),
        (tmp_path / "none.jsonl", "no such file"),
        (tmp_path / "*.jsonl", "no file is called so"),
    ):
        done = run("profile", str(path))
        assert done.exit_code == 3
        assert words in done.stderr
    assert run("profile").exit_code == 2


def test_a_cut_off_gzip_file_keeps_what_could_be_read(tmp_path: Path) -> None:
    whole = gzip.compress(chats(4000).encode())
    path = tmp_path / "cut.jsonl.gz"
    path.write_bytes(whole[: len(whole) * 3 // 4])
    found = json.loads(run("profile", str(path), "-o", "json", "-q").stdout)
    assert 0 < found["requests"] < 4000
    assert found["incomplete"] is True
    assert found["left_out"]["truncated_file"] == 1
    assert found["first_places"]["truncated_file"].startswith(str(path))


HEADER = "start,model,input,output\n"
CALL = {"start": "2026-11-20T10:00:00Z", "model": "gpt-5", "input": 7, "output": 5}


def table_of(*rows: str) -> str:
    """Return a CSV of calls; an empty text stands for a good one."""
    return HEADER + "".join(row or "2026-11-20T10:00:00Z,gpt-5,7,5\n" for row in rows)


def profiled(*words: str) -> dict[str, Any]:
    """Return what a profile says of logs."""
    done = run("profile", *words, "-o", "json", "-q")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_packed_table_that_is_cut_off_is_read_as_far_as_it_goes(
    tmp_path: Path, form: str
) -> None:
    row = "2026-11-20T10:00:00Z,gpt-5,{},5\n"
    text = HEADER + "".join(row.format(i) for i in range(50_000))
    if form == "jsonl":
        text = lines(*({**CALL, "input": i} for i in range(50_000)))
    path = tmp_path / f"b.{form}.gz"
    path.write_bytes(gzip.compress(text.encode())[:-20_000])
    (tmp_path / f"a.{form}").write_text(table_of("") if form == "csv" else lines(CALL))
    found = profiled(str(tmp_path))
    rest = found["requests"] - 1
    assert 10_000 < rest < 50_000
    assert found["totals"]["input_with_read"] == 7 + rest * (rest - 1) // 2
    assert found["incomplete"] is True
    assert found["left_out"] == {"truncated_file": 1}
    line = rest + 1 + (form == "csv")
    assert found["first_places"]["truncated_file"] == f"{path}:{line}"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("2026-11-20T10:00:00Z,gp", "torn_line"),
        ("2026-11-20T10:00:00Z,gpt-5,7,5,9\n", "torn_line"),
        ("\x00\x00\x00\n", "torn_line"),
        ("2026-11-20T10:00:00Z,gpt-é,7,5\n", "not_utf8"),
        ("x" * 2_500_000 + "\n", "line_too_long"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_line_of_csv_that_is_no_row_is_counted_with_its_place(
    tmp_path: Path, row: str, reason: str, packed: bool
) -> None:
    rest = ["", "2026,,,\n"] if row.endswith("\n") else []
    raw = table_of("", "\n", "2026,,,\n", "", row, *rest).encode("latin-1")
    path = tmp_path / ("a.csv.gz" if packed else "a.csv")
    path.write_bytes(gzip.compress(raw) if packed else raw)
    found = profiled(str(path))
    assert found["requests"] == 2 + bool(rest)
    assert found["left_out"] == {reason: 1, "no_model": 1 + bool(rest)}
    assert found["first_places"] == {reason: f"{path}:6", "no_model": f"{path}:4"}


def test_a_quote_that_nothing_closes_makes_the_answer_incomplete(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(table_of("", '"2026-11-20T10:00:00Z,gpt-5,7,5\n', "", ""))
    found = profiled(str(path))
    assert found["requests"] == 1
    assert found["left_out"] == {"torn_line": 1}
    assert found["incomplete_because"] == [
        f"{path}:3 opens a quote that nothing closes: what follows it is not read"
    ]


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_line_that_the_database_cannot_hold_is_passed_over(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"a.{form}"
    long = "x" * 70_000_000 + "\n"
    text = table_of("", long, "", "2026,,,\n")
    if form == "jsonl":
        text = lines(CALL) + '{"start": "' + long + lines(CALL, {**CALL, "model": ""})
    path.write_text(text)
    found = profiled(str(path))
    assert found["requests"] == 2
    assert found["left_out"] == {"line_too_long": 1, "no_model": 1}
    line = 2 + (form == "csv")
    assert found["first_places"]["line_too_long"] == f"{path}:{line}"
    assert found["first_places"]["no_model"] == f"{path}:{line + 2}"


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("page", [False, True])
def test_a_table_may_be_one_document(tmp_path: Path, indent: int | None, page: bool) -> None:
    rows = [{**CALL, "id": str(i)} for i in range(4)] + [{**CALL, "output": -1}]
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"data": rows} if page else rows, indent=indent))
    found = profiled(str(path))
    assert (found["requests"], found["left_out"]) == (4, {"negative": 1})
    line = 1 if indent is None or page else 2 + 4 * 7
    assert found["first_places"]["negative"] == f"{path}:{line}"


def test_a_folder_may_hold_other_things(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(chats(2))
    (tmp_path / "truth.json").write_text('{"rows": 2}')
    (tmp_path / "torn.jsonl").write_text('{"object": "chat.comp\n')
    found = json.loads(run("profile", str(tmp_path), "-o", "json", "-q").stdout)
    assert found["requests"] == 2
    assert found["left_out"] == {"torn_line": 1}
    assert len(found["files_left_out"]) == 1


def test_formats_can_be_mixed_in_one_folder(tmp_path: Path) -> None:
    for name in ("claude-code", "codex"):
        for file, text in CASES[name].files.items():
            (tmp_path / f"{name}-{file}").write_text(text)
    found = json.loads(run("profile", str(tmp_path), "-o", "json", "-q").stdout)
    assert found["formats"] == {"claude-code": 2, "codex": 1}
    assert found["requests"] == 4


def test_the_same_traffic_as_buckets_and_as_requests_is_refused(tmp_path: Path) -> None:
    result = {
        "object": "organization.usage.completions.result",
        "model": "gpt-5-2025-08-07",
        "input_tokens": 10,
        "output_tokens": 2,
        "num_model_requests": 1,
    }
    (tmp_path / "usage.json").write_text(page(bucket(17, result)))
    (tmp_path / "chat.jsonl").write_text(
        lines({**CHAT, "id": "a", "created": 1_793_491_200 + 16 * 86_400})
    )
    done = run("bill", str(tmp_path))
    assert done.exit_code == 3
    assert "twice" in done.stderr


def test_the_same_bucket_twice_counts_once(tmp_path: Path) -> None:
    text = CASES["openai-usage"].files["usage.json"]
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text(text)
    found = json.loads(run("profile", str(tmp_path), "-o", "json", "-q").stdout)
    assert found["requests"] == 11
    assert found["left_out"] == {"duplicate": 2}


def test_where_nothing_is_left_the_reason_is_told(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(
        "start,model,input_tokens,output_tokens\n" + "2026-11-18T10:00:00Z,gpt-5,-5,1\n" * 3
    )
    done = run("profile", str(path))
    assert done.exit_code == 3
    assert done.stderr == f"tco: {path}:2: no row can be used: 3 are left out as negative\n"


def test_one_line_without_an_end_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tco.usage.sources.MOST_LINE", 10_000)
    path = tmp_path / "long.jsonl"
    path.write_text(chats(2) + '{"object": "' + "x" * 500_000 + "\n" + chats(1).replace("c0", "z"))
    found = json.loads(run("profile", str(path), "-o", "json", "-q").stdout)
    assert found["requests"] == 3
    assert found["left_out"] == {"line_too_long": 1}
    assert found["first_places"]["line_too_long"] == f"{path}:3"


def test_clocks_that_run_backwards_and_years_that_cannot_be(tmp_path: Path) -> None:
    path = tmp_path / "otel.json"
    spans = json.loads(CASES["otel"].files["spans.json"])
    inner = spans["resourceSpans"][0]["scopeSpans"][0]["spans"]
    inner[0]["endTimeUnixNano"] = "1794000000000000000"
    inner[2]["startTimeUnixNano"] = "17949"
    path.write_text(json.dumps(spans))
    done = run("profile", str(path))
    assert done.exit_code == 3
    assert "ends_before_start" in done.stderr or "out_of_range" in done.stderr


def test_totals_that_contradict_their_parts_are_counted_and_told(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    wrong = {**CHAT, "id": "x", "usage": {**CHAT["usage"], "total_tokens": 99}}  # type: ignore[dict-item]
    path.write_text(chats(1) + lines(wrong))
    found = json.loads(run("profile", str(path), "-o", "json", "-q").stdout)
    assert found["requests"] == 2
    assert found["doubts"] == {"total_contradicts_parts": 1}
    assert found["first_places"]["total_contradicts_parts"] == f"{path}:2"


@pytest.mark.parametrize("text", [chats(3), table_of("", "", "", "torn")])
def test_standard_input(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import io
    import types

    for raw in (text.encode(), gzip.compress(text.encode())):
        piped = types.SimpleNamespace(buffer=io.BytesIO(raw))
        monkeypatch.setattr("tco.usage.sources.sys", types.SimpleNamespace(stdin=piped))
        found = profiled("-")
        assert found["requests"] == 3
        assert found["first_places"] == ({"torn_line": "<stdin>:5"} if "torn" in text else {})


def test_an_unknown_format_or_column_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(chats(1))
    for words in (("--from", "litelm"), ("--columns", "inptu=x"), ("--columns", "input")):
        done = run("profile", str(tmp_path / "a.jsonl"), *words)
        assert done.exit_code == 2
        assert done.stderr.count("\n") == 1


def test_failures_of_litellm_are_billed_where_it_was_charged_for_them(tmp_path: Path) -> None:
    """A stream that broke off costs what it had given, where anybody was charged for it."""
    call = {**json.loads(CASES["litellm"].files["spend.json"])[0], "metadata": {}}
    rows = [
        {**call, "request_id": name, "status": status, "spend": usd}
        | {"prompt_tokens": given, "completion_tokens": made, "total_tokens": given + made}
        for name, status, usd, given, made in (
            ("answered", "success", 0.0125, 2000, 1000),
            ("broke off, charged", "failure", 0.0035, 2000, 100),
            ("broke off, not priced", "failure", 0.0, 2000, 100),
            ("input as the proxy estimates it", "failure", None, 2000, 0),
            ("refused", "failure", 0.0, 0, 0),
        )
    ]
    path = tmp_path / "spend.json"
    path.write_text(json.dumps(rows))
    found = json.loads(run("bill", str(path), "-o", "json", "-q", "--as-of", "2026-11-21").stdout)
    totals = found["totals"]
    assert (totals["requests"], totals["errors"], totals["output"]) == (4, 2, 1200)
    assert found["left_out"] == {"failed": 1}
    assert found["doubts"] == {"output_of_failed": 1}
    assert found["first_places"]["output_of_failed"] == f"{path}:1"
    # 4,000 in at 1.25 and 1,100 out at 10 dollars a million
    assert found["list_usd"] == pytest.approx(0.016)
    assert found["stated_usd"] == pytest.approx(0.016)


def test_a_long_prompt_does_not_tear_its_row(tmp_path: Path) -> None:
    rows = json.loads(CASES["litellm"].files["spend.json"])
    (tmp_path / "spend.csv").write_text(as_csv([{**rows[0], "messages": "x" * 200_000}]))
    found = profiled(str(tmp_path / "spend.csv"))
    assert (found["requests"], found["left_out"]) == (1, {})


def test_litellm_in_parquet(tmp_path: Path) -> None:
    import duckdb

    (tmp_path / "spend.json").write_text(CASES["litellm"].files["spend.json"])
    duckdb.sql(
        f"COPY (SELECT * REPLACE (to_json(metadata) AS metadata) FROM '{tmp_path}/spend.json') "
        f"TO '{tmp_path}/spend.parquet' (FORMAT parquet)"
    )
    found = json.loads(run("profile", str(tmp_path / "spend.parquet"), "-o", "json", "-q").stdout)
    assert found["models"]["gpt-5"]["read"] == 700
    assert found["formats"] == {"litellm": 1}


def test_no_socket_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    (tmp_path / "a.jsonl").write_text(chats(2))
    assert run("profile", str(tmp_path / "a.jsonl"), "-q").exit_code == 0


LATE = {
    "flat": ({}, {"cached_tokens": 90, "reasoning_tokens": 4, "service_tier": "flex"}),
    "null": ({"cached_tokens": None}, {"cached_tokens": 90, "reasoning": 4, "service": "flex"}),
    "inside": (
        {"usage": {}},
        {
            "usage": {
                "service_tier": "flex",
                "prompt_tokens_details": {"cached_tokens": 90},
                "completion_tokens_details": {"reasoning_tokens": 4},
            }
        },
    ),
}


@pytest.mark.parametrize("spelled", LATE)
@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("turned", [False, True])
def test_what_only_later_lines_tell(
    tmp_path: Path, spelled: str, split: bool, turned: bool
) -> None:
    """A cache that was switched on in the middle of a log counts, in one file or in another."""
    early, late = LATE[spelled]
    call = {"model": "gpt-5", "input_tokens": 100, "output_tokens": 10}
    begun = [
        lines(
            *(
                {**call, "id": f"{part}-{i}", "timestamp": f"2026-11-1{part}T10:00:00Z", **more}
                for i in range(300)
            )
        )
        for part, more in ((0, early), (1, late))
    ][:: -1 if turned else 1]
    for name, some in enumerate(begun if split else ["".join(begun)]):
        (tmp_path / f"{name}.jsonl").write_text(some)
    found = json.loads(run("profile", str(tmp_path), "-o", "json", "-q").stdout)
    assert found["requests"] == 600
    assert found["totals"]["read"] == 27_000
    assert found["totals"]["reasoning"] == 1_200
    assert found["models"]["gpt-5"]["tiers"]["flex"]["requests"] == 300


def test_a_log_that_tells_no_cache_says_so(tmp_path: Path) -> None:
    call = {"model": "gpt-5", "input_tokens": 100, "output_tokens": 10}
    rows = [{**call, "timestamp": "2026-11-10T10:00:00Z", "id": str(i)} for i in range(300)]
    (tmp_path / "a.jsonl").write_text(lines(*rows))
    found = json.loads(run("profile", str(tmp_path), "-o", "json", "-q").stdout)
    assert found["totals"]["read"] is None
    assert found["totals"]["input_with_read"] == 30_000


def test_spans_tell_the_tier_that_was_billed_and_openinference_is_read(tmp_path: Path) -> None:
    flex = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.response.model": "gpt-5",
        "gen_ai.usage.input_tokens": 8000,
        "gen_ai.usage.cache_read.input_tokens": 3000,
        "gen_ai.usage.output_tokens": 500,
        "openai.response.service_tier": "flex",
    }
    thought = {
        "openinference.span.kind": "LLM",
        "llm.provider": "openai",
        "llm.model_name": "gpt-5",
        "llm.token_count.prompt": 400,
        "llm.token_count.prompt_details.cache_read": 256,
        "llm.token_count.completion": 30,
        "llm.token_count.completion_details.reasoning": 9,
    }
    agent = {**thought, "openinference.span.kind": "AGENT"}
    spans = [
        {
            "traceId": "a" * 32,
            "spanId": f"{i:016x}",
            "startTimeUnixNano": f"179490000{i}000000000",
            "endTimeUnixNano": f"179490000{i + 1}000000000",
            "attributes": attributes,
        }
        for i, attributes in enumerate((flex, thought, agent))
    ]
    (tmp_path / "spans.jsonl").write_text(lines(*spans))
    found = json.loads(run("profile", str(tmp_path), "-o", "json", "-q").stdout)
    tiers = found["models"]["gpt-5"]["tiers"]
    assert {name: (t["input"], t["read"], t["output"]) for name, t in tiers.items()} == {
        "flex": (5000, 3000, 500),
        "standard": (144, 256, 30),
    }
    assert found["left_out"] == {"not_a_call": 1}


def exported(scope: str, **attributes: object) -> dict[str, object]:
    """Return an export of one span that a scope wrote."""
    named = {f"gen_ai.{k.replace('__', '.')}": v for k, v in attributes.items()}
    pairs = [
        {"key": k, "value": {"stringValue" if isinstance(v, str) else "intValue": str(v)}}
        for k, v in {"gen_ai.operation.name": "chat", **named}.items()
    ]
    times = {"startTimeUnixNano": "1794900000000000000", "endTimeUnixNano": "1794900001000000000"}
    span = {"traceId": "a" * 32, "spanId": "b" * 16, **times, "attributes": pairs}
    return {"resourceSpans": [{"scopeSpans": [{"scope": {"name": scope}, "spans": [span]}]}]}


@pytest.mark.parametrize(
    ("scope", "fresh"),
    [
        ("opentelemetry.instrumentation.bedrock", 5000),
        ("@traceloop/instrumentation-anthropic", 5000),
        ("opentelemetry.instrumentation.anthropic", 1800),
    ],
)
def test_who_wrote_a_span_tells_what_its_input_contains(
    tmp_path: Path, scope: str, fresh: int
) -> None:
    span = exported(
        scope,
        request__model="claude-opus-5",
        usage__input_tokens=5000,
        usage__cache_read__input_tokens=3000,
        usage__cache_creation__input_tokens=200,
        usage__output_tokens=50,
        usage__total_tokens=5050,
    )
    (tmp_path / "spans.json").write_text(json.dumps(span))
    found = json.loads(run("profile", str(tmp_path), "-o", "json", "-q").stdout)["totals"]
    assert (found["input"], found["read"], found["write_unknown"]) == (fresh, 3000, 200)


@pytest.mark.parametrize(
    ("scope", "provider", "model", "said", "output"),
    [
        ("gcp.vertex.agent", "openai", "openai/gpt-5", 950, 500),
        ("gcp.vertex.agent", "openai", "openai/gpt-5", 500, 500),
        ("gcp.vertex.agent", "anthropic", "claude-opus-5", 950, 950),
        ("opentelemetry.instrumentation.openai", "openai", "openai/gpt-5", 950, 950),
    ],
)
def test_thinking_that_a_span_adds_to_output_that_has_it_counts_once(
    tmp_path: Path, scope: str, provider: str, model: str, said: int, output: int
) -> None:
    """Google's ADK 2.13.0 of an answer of 500 tokens, 450 of them thought."""
    span = exported(
        scope,
        provider__name=provider,
        request__model=model,
        usage__input_tokens=6012,
        usage__cache_read__input_tokens=5000,
        usage__output_tokens=said,
        usage__reasoning__output_tokens=450,
    )
    (tmp_path / "spans.json").write_text(json.dumps(span))
    done = run("profile", str(tmp_path), "-o", "json", "-q")
    found = json.loads(done.stdout)
    assert (found["totals"]["output"], found["totals"]["reasoning"]) == (output, 450)
    assert any("twice" in note for note in found["warnings"]) == (output != said)


def test_thinking_that_only_the_total_of_gemini_tells_is_output(tmp_path: Path) -> None:
    span = exported(
        "opentelemetry.instrumentation.google_generativeai",
        provider__name="gcp.gen_ai",
        request__model="gemini-2.5-pro",
        usage__input_tokens=8000,
        usage__cache_read__input_tokens=3000,
        usage__output_tokens=50,
        usage__total_tokens=8500,
    )
    (tmp_path / "spans.json").write_text(json.dumps(span))
    done = run("profile", str(tmp_path), "-o", "json", "-q")
    found = json.loads(done.stdout)["totals"]
    assert (found["input"], found["read"], found["output"]) == (5000, 3000, 500)
    assert found["reasoning"] == 450
    assert "thinking that no span names" in done.stdout + done.stderr
