"""Events of streams: put together, told apart, or left out and told; also as they were sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cases import lines
from running import run

pytest.importorskip("duckdb")
STOP = {"type": "message_stop"}
PARTS = ({"type": "ping"}, {"type": "content_block_delta", "index": 0, "delta": {"text": "data: "}})


def begin(name: str, **more: Any) -> dict[str, Any]:
    usage = {"input_tokens": 50, "cache_read_input_tokens": 900, "output_tokens": 1}
    message = {"type": "message", "id": name, "model": "claude-opus-4-5", "usage": usage}
    return {"type": "message_start", "message": message, **more}


def delta(made: int, reason: str | None = "end_turn", **more: Any) -> dict[str, Any]:
    usage, why = {"output_tokens": made}, {"stop_reason": reason}
    return {"type": "message_delta", "delta": why, "usage": usage, **more}


def profiled(path: Path, text: str) -> Any:
    path.write_text(text)
    done = run("profile", str(path), "-o", "json", "-q")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def sums(answer: Any) -> tuple[int, ...]:
    totals = answer["totals"]
    return totals["requests"], totals["input"], totals["read"], totals["output"]


A, B = begin("a"), begin("b")
TOLD = {
    "one after the other": ([A, *PARTS, delta(5), STOP, B, delta(7), STOP], (2, 12), {}),
    "no ends": ([A, delta(5), B, delta(7)], (2, 12), {}),
    "the first broke off": ([A, B, delta(7), STOP], (1, 7), {"no_output": 1}),
    "the second began before the end of the first": (
        [A, delta(7), B, STOP, delta(9), STOP],
        (2, 16),
        {},
    ),
    "events twice": ([A, delta(7), delta(7), STOP, STOP, B, delta(8), STOP], (2, 15), {}),
    "growing": ([A, delta(3, None), delta(30), STOP], (1, 30), {}),
    "by request": (
        [
            {**A, "request_id": 1},
            {**B, "request_id": 2},
            delta(7, request_id=2),
            delta(9, request_id=1),
            {**STOP, "request_id": 1},
        ],
        (2, 16),
        {},
    ),
}


@pytest.mark.parametrize("name", TOLD)
def test_streams_that_can_be_told_apart(tmp_path: Path, name: str) -> None:
    events, (requests, made), left = TOLD[name]
    answer = profiled(tmp_path / "a.jsonl", lines(*events))
    assert sums(answer) == (requests, 50 * requests, 900 * requests, made)
    assert (answer["left_out"], answer["incomplete"]) == (left, False)


def test_streams_in_lines_of_another_log_are_told_by_the_request_beside_them(
    tmp_path: Path,
) -> None:
    some = ((1, A), (2, B), (2, delta(7)), (1, delta(9)), (1, STOP), (2, STOP))
    time = {"ts": "2026-11-20T10:00:00Z"}
    answer = profiled(
        tmp_path / "a.jsonl", lines(*({**time, "request_id": n, "event": e} for n, e in some))
    )
    assert sums(answer) == (2, 100, 1800, 16)
    assert answer["first"] == "2026-11-20T10:00:00Z"


def test_streams_that_say_only_where_they_begin_of_which_request_they_are(tmp_path: Path) -> None:
    a, b, c = ({**begin(n), "request_id": n} for n in "abc")
    answer = profiled(
        tmp_path / "a.jsonl", lines(a, delta(5), STOP, b, c, delta(7), STOP, b, delta(9))
    )
    assert (sums(answer), answer["left_out"]) == ((3, 150, 2700, 21), {"no_output": 1})
    path = tmp_path / "b.jsonl"
    path.write_text(lines(a, b, delta(7), delta(9), STOP, STOP))
    assert "left out as streams_mixed" in run("profile", str(path)).stderr


@pytest.mark.parametrize("beside", [True, False])
@pytest.mark.parametrize("other", [None, "stream_id", "trace_id"])
def test_an_id_that_differs_in_every_line_does_not_tell_streams_apart(
    tmp_path: Path, other: str | None, beside: bool
) -> None:
    """All were left out as `no_output`."""
    events = [A, *PARTS, delta(5), STOP, B, delta(7), STOP]
    whose = [1] * 5 + [2] * 3
    if other is not None:  # which tells them apart, even at once
        events, whose = [A, B, *PARTS, delta(7), delta(5), STOP], [1, 2, 1, 2, 2, 1, 2]
    told = [
        {"request_id": f"line {n}", "ts": "2026-11-20T10:00:00Z"} | ({other: of} if other else {})
        for n, of in enumerate(whose)
    ]
    pairs = zip(told, events, strict=True)
    text = lines(*({**ids, "event": e} if beside else {**ids, **e} for ids, e in pairs))
    answer = profiled(tmp_path / "a.jsonl", text)
    assert (sums(answer), answer["left_out"]) == ((2, 100, 1800, 12), {})
    assert any(note.startswith("request_id differs in every line") for note in answer["warnings"])


MIXED = {
    "ends last": [A, B, delta(7), delta(9), STOP, STOP],
    "one ends first": [A, B, delta(7), STOP, delta(9), STOP],
    "a third begins": [A, B, delta(7), STOP, begin("c"), delta(9), STOP, delta(11), STOP],
    "fewer than before": [A, B, delta(9, None), delta(7, None), STOP, STOP],
}


@pytest.mark.parametrize("name", MIXED)
def test_streams_that_are_mixed_do_not_count_and_it_says_what_to_do(
    tmp_path: Path, name: str
) -> None:
    alone = [begin("alone"), delta(4), STOP]
    path = tmp_path / "a.jsonl"
    answer = profiled(path, lines(*alone, *MIXED[name], begin("z"), delta(1), STOP))
    assert sums(answer) == (2, 100, 1800, 5)
    starts = sum(event["type"] == "message_start" for event in MIXED[name])
    assert answer["left_out"] == {"streams_mixed": starts}
    assert answer["first_places"] == {"streams_mixed": f"{path}:4"}
    assert answer["incomplete"]
    path.write_text(lines(*MIXED[name]))
    done = run("profile", str(path))
    assert done.exit_code == 3
    assert "left out as streams_mixed" in done.stderr
    assert "request_id" in done.stderr


ONCE_MIXED = [A, B, delta(7), delta(9), STOP, STOP]
AFTER = {
    "more twice": ([A, delta(5), delta(7), delta(9), STOP], 9, 0),
    "less": ([A, delta(5), delta(3), STOP], 0, 1),
    "behind its stop": ([A, delta(5), STOP, delta(7), delta(9)], 5, 0),
    "one that began meanwhile": ([A, B, delta(7), delta(9), begin("c"), delta(3)], 3, 2),
    "one of which an end is missing": ([A, B, delta(9, None), delta(7, None), begin("c")], 0, 3),
    "more, where streams were mixed": ([*ONCE_MIXED, begin("c"), delta(5), delta(7)], 0, 3),
}


@pytest.mark.parametrize("name", AFTER)
def test_events_after_the_end_of_a_stream_leave_out_no_more_than_they_must(
    tmp_path: Path, name: str
) -> None:
    """The whole file was left out: Anthropic's counts are of all so far, the last is the whole."""
    events, made, mixed = AFTER[name]
    stray = {"no_output": 2} if name.startswith("behind") else {}
    whole = name != "one of which an end is missing"
    around = [begin("y"), delta(2), STOP, *events, begin("z"), delta(8), STOP]
    answer = profiled(tmp_path / "a.jsonl", lines(*around))
    requests = 1 + whole + bool(made)
    assert sums(answer) == (requests, 50 * requests, 900 * requests, 2 + 8 * whole + made)
    left = {"streams_mixed": mixed + (not whole)} if mixed else {}
    assert (answer["left_out"], answer["incomplete"]) == (left | stray, bool(mixed))


CHUNK: dict[str, Any] = {"object": "chat.completion.chunk", "created": 1_794_900_000}
CHUNK |= {"model": "gpt-5", "choices": [{"delta": {"content": "x"}}], "usage": None}
USAGE = {"prompt_tokens": 1000, "completion_tokens": 200, "total_tokens": 1200}
USAGE |= {"prompt_tokens_details": {"cached_tokens": 600}}  # type: ignore[dict-item]
RESPONSE = {"id": "r", "object": "response", "created_at": 1_794_900_000, "model": "gpt-5"}
TOKENS = {"input_tokens": 1000, "output_tokens": 200, "total_tokens": 1200}
TOKENS |= {"input_tokens_details": {"cached_tokens": 600}}  # type: ignore[dict-item]


def sent(*events: dict[str, Any], end: str = "\n") -> str:
    """Return events as an API sends them."""
    made = ""
    for event in events:
        made += f"event: {event['type']}{end}" if "type" in event else ""
        made += f"data: {json.dumps(event)}{end}{end}"
    return made


ONE = [{**CHUNK, "id": "c"}, {**CHUNK, "id": "c", "choices": [], "usage": USAGE}]
CREATED = {"type": "response.created", "response": {**RESPONSE, "usage": None}}
DONE = {"type": "response.completed", "response": {**RESPONSE, "usage": TOKENS}}
TEXT = {"type": "response.output_text.delta", "delta": "x", "item_id": "m"}
GEMINI = [
    {
        "modelVersion": "gemini-2.5-pro",
        "responseId": "g",
        "usageMetadata": {"promptTokenCount": 9, "candidatesTokenCount": n},
    }
    for n in (3, 50)
]
SENT = {
    "anthropic-messages": (sent(A, *PARTS, delta(30), STOP, end="\r\n"), (1, 50, 900, 30)),
    "with its head": (
        "HTTP/2 200\r\ncontent-type: text/event-stream\r\n\r\n" + sent(A, delta(30), STOP),
        (1, 50, 900, 30),
    ),
    "without empty lines": (
        "".join(f"data: {json.dumps(e)}\n" for e in (A, delta(30), STOP)),
        (1, 50, 900, 30),
    ),
    "chat": (sent(*ONE) + "data: [DONE]\n\n", (1, 400, 600, 200)),
    "responses": (sent(CREATED, TEXT, DONE), (1, 400, 600, 200)),
    "gemini": (sent(*GEMINI), (1, 9, 0, 50)),
}


@pytest.mark.parametrize("name", SENT)
def test_raw_streams_are_read(tmp_path: Path, name: str) -> None:
    text, wanted = SENT[name]
    answer = profiled(tmp_path / "stream.txt", text)
    assert sums(answer) == wanted
    assert "torn_line" not in answer["left_out"]


def test_streams_that_tell_no_usage_are_calls_that_are_left_out(tmp_path: Path) -> None:
    other = {"type": "response.created", "response": {**RESPONSE, "id": "cut off"}}
    cut = [{**CHUNK, "id": "d"}, {**CHUNK, "id": "d", "choices": [{"finish_reason": "stop"}]}]
    after = {**CHUNK, "id": "c", "choices": []}  # of a stream that told its usage
    answer = profiled(tmp_path / "a.jsonl", lines(*ONE, after, *cut, CREATED, other, TEXT, DONE))
    assert sums(answer) == (2, 800, 1200, 400)
    assert answer["left_out"] == {"no_output": 2}
    assert answer["first_places"]["no_output"].endswith(":4")
    assert any("include_usage" in note for note in answer["warnings"])


def test_parts_that_have_ids_of_their_own_are_no_calls_each(tmp_path: Path) -> None:
    """Seven parts of one stream were a call and six left out."""
    told = [*[CHUNK] * 6, {**CHUNK, "choices": [], "usage": USAGE}]
    answer = profiled(tmp_path / "a.jsonl", lines(*({**c, "id": n} for n, c in enumerate(told))))
    assert (sums(answer), answer["left_out"]) == ((1, 400, 600, 200), {})
    path = tmp_path / "b.jsonl"
    path.write_text(lines(*({**c, "id": n} for n, c in enumerate(told[:6]))))
    assert "1 are left out as no_output" in run("profile", str(path)).stderr


def test_a_raw_stream_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text('event: hello\ndata: {"a": 1}\n\n')
    done = run("profile", str(tmp_path / "a.txt"))
    assert (done.exit_code, "it has a" in done.stderr) == (3, True), done.stderr


def test_a_stream_that_broke_off_before_a_whole_one_is_told(tmp_path: Path) -> None:
    """Where each part has an id of its own it was taken for a part of the next."""
    first = {**CHUNK, "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}
    last = {**CHUNK, "choices": [], "usage": USAGE}
    told = [first, CHUNK, first, CHUNK, last, first, last, first]
    answer = profiled(tmp_path / "a.jsonl", lines(*({**c, "id": n} for n, c in enumerate(told))))
    assert (sums(answer)[0], answer["left_out"]) == (2, {"no_output": 2})
    alone = [{**first, "id": "a"}, {**first, "id": "b", "usage": USAGE}]
    alone[1]["choices"] = [{"index": 0, "delta": {"role": "assistant"}, "finish_reason": "stop"}]
    answer = profiled(tmp_path / "b.jsonl", lines(*alone))
    assert (sums(answer)[0], answer["left_out"]) == (1, {"no_output": 1})
