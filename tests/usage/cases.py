"""Small logs of every format with their right totals, made here: names, keys and ids are invented.

A case is the text of its files by name, and what must be found in them. `SECRET` stands wherever a
format carries a prompt, an answer, a name or a key.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

SECRET = "the prompt nobody may see 4711"
PERSON = "jane.doe@example.invalid"
KEY = "sk-planted-key-0815"


class Case(NamedTuple):
    """A log.

    Args:
        files: Text by name.
        models: What must be found, by model: kinds of token, requests, `tiers`.
        left_out: What must be left out, by reason.
        top: What must stand at the top of the answer.
    """

    files: dict[str, str]
    models: dict[str, dict[str, Any]]
    left_out: dict[str, int] = {}  # noqa: RUF012 - never changed
    top: dict[str, Any] = {}  # noqa: RUF012 - never changed


def lines(*records: Any) -> str:
    """Return records as compact JSON lines."""
    return "".join(json.dumps(r, separators=(",", ":")) + "\n" for r in records)


def attributes(**values: Any) -> list[dict[str, Any]]:
    """Return attributes of a span as OTLP writes them; `__` stands for a dot."""
    made = []
    for key, value in values.items():
        kind = "stringValue" if isinstance(value, str) else "intValue"
        made.append({"key": key.replace("__", "."), "value": {kind: str(value)}})
    return made


def span(number: int, seconds: int, **values: Any) -> dict[str, Any]:
    """Return a span that begins so many seconds after a fixed moment and lasts two."""
    begin = 1_794_900_000 + seconds
    return {
        "traceId": f"{number:032x}",
        "spanId": f"{number:016x}",
        "name": "chat",
        "startTimeUnixNano": f"{begin}000000000",
        "endTimeUnixNano": f"{begin + 2}000000000",
        "attributes": attributes(**values),
    }


def claude(message: str, request: str, second: int, model: str, **usage: Any) -> dict[str, Any]:
    """Return a line of a session of Claude Code."""
    return {
        "type": "assistant",
        "timestamp": f"2026-11-18T09:00:{second:02d}.250Z",
        "sessionId": "session-a",
        "requestId": request,
        "cwd": "/home/nobody/blue",
        "message": {
            "id": message,
            "role": "assistant",
            "model": model,
            "content": [{"type": "text", "text": SECRET}],
            "usage": usage,
        },
    }


def codex(second: int, total: tuple[int, ...], last: tuple[int, ...]) -> dict[str, Any]:
    """Return a count of tokens of a session of Codex."""
    names = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens")
    info = {
        "total_token_usage": dict(zip(names, total, strict=True)),
        "last_token_usage": dict(zip(names, last, strict=True)),
    }
    return {
        "timestamp": f"2026-11-18T10:00:{second:02d}.000Z",
        "type": "event_msg",
        "payload": {"type": "token_count", "info": info},
    }


def bucket(day: int, *results: Any) -> dict[str, Any]:
    """Return a bucket of a day of November 2026 as OpenAI's reports have them."""
    start = 1_793_491_200 + (day - 1) * 86_400  # 2026-11-01
    return {
        "object": "bucket",
        "start_time": start,
        "end_time": start + 86_400,
        "results": list(results),
    }


def page(*buckets: Any, more: bool = False) -> str:
    """Return a page of a report."""
    return json.dumps(
        {"object": "page", "has_more": more, "next_page": None, "data": list(buckets)}
    )


def anthropic_bucket(day: int, *results: Any) -> dict[str, Any]:
    """Return a bucket of a day of November 2026 as Anthropic's reports have them."""
    return {
        "starting_at": f"2026-11-{day:02d}T00:00:00Z",
        "ending_at": f"2026-11-{day + 1:02d}T00:00:00Z",
        "results": list(results),
    }


CLAUDE = {"input_tokens": 12, "cache_read_input_tokens": 40_000, "output_tokens": 9}
CLAUDE |= {
    "cache_creation_input_tokens": 3000,
    "cache_creation": {"ephemeral_5m_input_tokens": 1000, "ephemeral_1h_input_tokens": 2000},  # type: ignore[dict-item]
}
USAGE = {"object": "organization.usage.completions.result", "model": "gpt-6.1-sol-2026-11-09"}
LITELLM = {
    "call_type": "acompletion",
    "api_key": KEY,
    "end_user": PERSON,
    "cache_hit": "None",
    "status": "success",
    "custom_llm_provider": "openai",
    "messages": SECRET,
    "response": SECRET,
    "startTime": "2026-11-18T10:00:00.000Z",
    "endTime": "2026-11-18T10:00:03.000Z",
}
DETAILS = {"prompt_tokens_details": {"cached_tokens": 700}}
LITELLM_ROWS = [
    {
        **LITELLM,
        "request_id": "a",
        "model": "gpt-5",
        "prompt_tokens": 1000,
        "completion_tokens": 50,
        "total_tokens": 1050,
        "spend": 0.0009625,
        "metadata": {"usage_object": {**DETAILS, "prompt_tokens": 1000, "completion_tokens": 50}},
    },
    {
        **LITELLM,
        "request_id": "b",
        "model": "gpt-5",
        "cache_hit": "True",
        "prompt_tokens": 1000,
        "completion_tokens": 50,
        "total_tokens": 1050,
        "spend": 0.0,
        "metadata": {},
    },
    {
        **LITELLM,
        "request_id": "c",
        "model": "gpt-5",
        "status": "failure",
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "total_tokens": 0,
        "spend": 0.0,
        "metadata": {},
    },
]


def as_csv(rows: list[dict[str, Any]]) -> str:
    """Return rows as CSV, what lies inside as JSON."""
    import csv
    import io

    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    for row in rows:
        writer.writerow({k: json.dumps(v) if isinstance(v, dict) else v for k, v in row.items()})
    return out.getvalue()


GPT5_LITELLM = {"requests": 1, "input": 300, "read": 700, "output": 50}


def azure(name: str, points: list[tuple[int, Any]], key: str = "total") -> dict[str, Any]:
    """Return a metric of Azure Monitor."""
    labels = [
        {"name": {"value": "modelname"}, "value": "gpt-4.1"},
        {"name": {"value": "modeldeploymentname"}, "value": "blue-chat"},
    ]
    data = [
        {"timeStamp": f"2026-11-18T{hour:02d}:00:00Z", **({} if v is None else {key: v})}
        for hour, v in points
    ]
    return {
        "name": {"value": name},
        "timeseries": [{"metadatavalues": [] if key == "average" else labels, "data": data}],
    }


def scrape(**values: float) -> str:
    """Return a page of vLLM's metrics, of two engines."""
    rows = ["# TYPE vllm:prompt_tokens_total counter"]
    names = {
        "prompt": "prompt_tokens_total",
        "cached": "prompt_tokens_cached_total",
        "made": "generation_tokens_total",
        "done": "request_success_total",
    }
    for name, value in values.items():
        for engine in ("0", "1"):
            extra = ',finished_reason="stop"' if name == "done" else ""
            labels = f'engine="{engine}",model_name="blue-llama"{extra}'
            rows.append(f"vllm:{names[name]}{{{labels}}} {value / 2!r}")
    return "\n".join(rows) + "\n"


PORTKEY_ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1_794_900_000,
    "model": "gpt-5-2025-08-07",
    "choices": [{"message": {"content": SECRET}}],
    "usage": {
        "prompt_tokens": 1000,
        "completion_tokens": 50,
        "total_tokens": 1050,
        "prompt_tokens_details": {"cached_tokens": 600},
    },
}
CASES: dict[str, Case] = {
    "claude-code": Case(
        {
            "one.jsonl": lines(
                {
                    "type": "user",
                    "timestamp": "2026-11-18T09:00:00.000Z",
                    "sessionId": "session-a",
                    "message": {"role": "user", "content": SECRET},
                },
                claude("m1", "r1", 1, "claude-opus-4-5-20251101", **CLAUDE),
                claude(
                    "m1", "r1", 2, "claude-opus-4-5-20251101", **{**CLAUDE, "output_tokens": 90}
                ),
                claude("m2", "r2", 3, "<synthetic>", input_tokens=0, output_tokens=0),
            ),
            "resumed.jsonl": lines(
                claude(
                    "m1", "r1", 2, "claude-opus-4-5-20251101", **{**CLAUDE, "output_tokens": 90}
                ),
                claude("m3", "r3", 4, "claude-haiku-4-5-20251001", input_tokens=5, output_tokens=6),
            ),
        },
        {
            "claude-opus-4-5-20251101": {
                "requests": 1,
                "input": 12,
                "read": 40_000,
                "write_5m": 1000,
                "write_1h": 2000,
                "output": 90,
            },
            "claude-haiku-4-5-20251001": {"requests": 1, "input": 5, "read": 0, "output": 6},
        },
        {"duplicate": 2, "synthetic": 1},
    ),
    "codex": Case(
        {
            "rollout-a.jsonl": lines(
                {
                    "timestamp": "2026-11-18T10:00:00Z",
                    "type": "session_meta",
                    "payload": {"id": "s"},
                },
                {
                    "timestamp": "2026-11-18T10:00:01Z",
                    "type": "turn_context",
                    "payload": {"model": "gpt-5"},
                },
                {
                    "timestamp": "2026-11-18T10:00:02Z",
                    "type": "event_msg",
                    "payload": {"type": "token_count", "info": None},
                },
                {
                    "timestamp": "2026-11-18T10:00:02Z",
                    "type": "response_item",
                    "payload": {"type": "message", "content": SECRET},
                },
                codex(3, (5000, 3000, 200, 80), (5000, 3000, 200, 80)),
                codex(4, (5000, 3000, 200, 80), (5000, 3000, 200, 80)),
                {
                    "timestamp": "2026-11-18T10:00:05Z",
                    "type": "turn_context",
                    "payload": {"model": "gpt-5-mini"},
                },
                codex(9, (6100, 3600, 230, 90), (1100, 600, 30, 10)),
            )
        },
        {
            "gpt-5": {"requests": 1, "input": 2000, "read": 3000, "output": 200, "reasoning": 80},
            "gpt-5-mini": {"requests": 1, "input": 500, "read": 600, "output": 30, "reasoning": 10},
        },
        {"repeated_event": 1, "no_counts_yet": 1},
    ),
    "openai-requests": Case(
        {
            "chat.jsonl": lines(
                {
                    "id": "chatcmpl-a",
                    "object": "chat.completion",
                    "created": 1_794_900_000,
                    "model": "gpt-5-2025-08-07",
                    "service_tier": "flex",
                    "user": PERSON,
                    "choices": [{"message": {"content": SECRET}}],
                    "usage": {
                        "prompt_tokens": 900,
                        "completion_tokens": 40,
                        "total_tokens": 940,
                        "prompt_tokens_details": {"cached_tokens": 512},
                        "completion_tokens_details": {"reasoning_tokens": 8},
                    },
                },
                {
                    "id": "resp_b",
                    "object": "response",
                    "created_at": 1_794_900_060,
                    "model": "gpt-6.1-sol-2026-11-09",
                    "service_tier": "default",
                    "output": SECRET,
                    "usage": {
                        "input_tokens": 2000,
                        "input_tokens_details": {
                            "cached_tokens": 500,
                            "cache_write_tokens": 700,
                            "cache_write_tokens_details": {
                                "ttl_30m_tokens": 300,
                                "ttl_12h_tokens": 400,
                            },
                        },
                        "output_tokens": 60,
                        "output_tokens_details": {"reasoning_tokens": 20},
                        "total_tokens": 2060,
                    },
                },
            ),
            "batch_output.jsonl": lines(
                {
                    "id": "batch_req_1",
                    "custom_id": "row-1",
                    "response": {
                        "status_code": 200,
                        "body": {
                            "id": "chatcmpl-c",
                            "object": "chat.completion",
                            "created": 1_794_900_100,
                            "model": "gpt-5-2025-08-07",
                            "usage": {
                                "prompt_tokens": 100,
                                "completion_tokens": 10,
                                "total_tokens": 110,
                            },
                        },
                    },
                },
                {
                    "id": "batch_req_2",
                    "custom_id": "row-2",
                    "response": None,
                    "error": {"code": "x"},
                },
            ),
        },
        {
            "gpt-5-2025-08-07": {
                "requests": 2,
                "input": 488,
                "read": 512,
                "output": 50,
                "tiers": {
                    "flex": {"requests": 1, "input": 388},
                    "batch": {"requests": 1, "input": 100},
                },
            },
            "gpt-6.1-sol-2026-11-09": {
                "requests": 1,
                "input": 800,
                "read": 500,
                "write_30m": 300,
                "write_12h": 400,
                "output": 60,
                "reasoning": 20,
            },
        },
        {"failed": 1},
    ),
    "openai-usage": Case(
        {
            "usage.json": page(
                bucket(
                    3,
                    {
                        **USAGE,
                        "batch": False,
                        "service_tier": "default",
                        "api_key_id": KEY,
                        "user_id": PERSON,
                        "input_tokens": 5000,
                        "input_cached_tokens": 3000,
                        "input_cache_write_tokens": 600,
                        "input_cache_write_30m_tokens": 500,
                        "input_cache_write_12h_tokens": 100,
                        "input_uncached_tokens": 1400,
                        "output_tokens": 700,
                        "num_model_requests": 9,
                    },
                    {
                        **USAGE,
                        "batch": True,
                        "input_tokens": 400,
                        "input_cached_tokens": 0,
                        "output_tokens": 30,
                        "num_model_requests": 2,
                    },
                ),
                bucket(4),
                more=True,
            )
        },
        {
            "gpt-6.1-sol-2026-11-09": {
                "requests": 11,
                "input": 1800,
                "read": 3000,
                "write_30m": 500,
                "write_12h": 100,
                "output": 730,
                "reasoning": None,
                "tiers": {
                    "standard": {"requests": 9, "input": 1400},
                    "batch": {"requests": 2, "input": 400},
                },
            }
        },
        top={"incomplete": True, "days": {"2026-11-03": 11, "2026-11-04": 0}},
    ),
    "openai-costs": Case(
        {
            "costs.json": page(
                bucket(
                    3,
                    {
                        "object": "organization.costs.result",
                        "amount": {"value": 1.25, "currency": "usd"},
                        "line_item": "gpt-6.1-sol, input",
                    },
                    {
                        "object": "organization.costs.result",
                        "amount": {"value": 0.5, "currency": "usd"},
                        "line_item": "file search",
                    },
                )
            )
        },
        {},
        top={"usd": 1.75, "days_usd": {"2026-11-03": 1.75}, "requests": None},
    ),
    "anthropic-messages": Case(
        {
            "messages.jsonl": lines(
                {
                    "id": "msg_a",
                    "type": "message",
                    "model": "claude-opus-5",
                    "content": SECRET,
                    "usage": {
                        "input_tokens": 30,
                        "cache_creation_input_tokens": 600,
                        "cache_read_input_tokens": 5000,
                        "cache_creation": {
                            "ephemeral_5m_input_tokens": 100,
                            "ephemeral_1h_input_tokens": 500,
                        },
                        "output_tokens": 70,
                        "service_tier": "standard",
                        "inference_geo": "us",
                    },
                },
                {
                    "custom_id": "row-7",
                    "result": {
                        "type": "succeeded",
                        "message": {
                            "id": "msg_b",
                            "type": "message",
                            "model": "claude-opus-5",
                            "usage": {
                                "input_tokens": 8,
                                "cache_creation_input_tokens": 40,
                                "output_tokens": 3,
                                "service_tier": "batch",
                            },
                        },
                    },
                },
                {"custom_id": "row-8", "result": {"type": "errored", "error": {"type": "x"}}},
            )
        },
        {
            "claude-opus-5": {
                "requests": 2,
                "input": 38,
                "read": 5000,
                "write_5m": 140,
                "write_1h": 500,
                "output": 73,
                "tiers": {"standard": {"requests": 1}, "batch": {"input": 8, "write_5m": 40}},
            }
        },
        {"failed": 1},
    ),
    "anthropic-usage": Case(
        {
            "usage.json": json.dumps(
                {
                    "has_more": False,
                    "data": [
                        anthropic_bucket(
                            3,
                            {
                                "uncached_input_tokens": 1000,
                                "cache_creation": {
                                    "ephemeral_5m_input_tokens": 20,
                                    "ephemeral_1h_input_tokens": 30,
                                },
                                "cache_read_input_tokens": 9000,
                                "output_tokens": 400,
                                "server_tool_use": {"web_search_requests": 2},
                                "model": "claude-opus-5",
                                "service_tier": "standard",
                                "context_window": "0-200k",
                                "inference_geo": "global",
                                "api_key_id": KEY,
                            },
                        )
                    ],
                }
            )
        },
        {
            "claude-opus-5": {
                "requests": None,
                "input": 1000,
                "read": 9000,
                "write_5m": 20,
                "write_1h": 30,
                "output": 400,
                "searches": 2,
            }
        },
        top={"requests": None},
    ),
    "anthropic-costs": Case(
        {
            "costs.json": json.dumps(
                {
                    "has_more": False,
                    "data": [
                        anthropic_bucket(
                            3,
                            {
                                "amount": "250.5",
                                "currency": "USD",
                                "cost_type": "tokens",
                                "model": "claude-opus-5",
                            },
                            {
                                "amount": "10",
                                "currency": "USD",
                                "cost_type": "web_search",
                                "model": None,
                            },
                        )
                    ],
                }
            )
        },
        {},
        top={"usd": 2.605},
    ),
    "vertex": Case(
        {
            "responses.jsonl": lines(
                {
                    "responseId": "g1",
                    "modelVersion": "gemini-2.5-pro",
                    "createTime": "2026-11-18T10:00:00Z",
                    "candidates": [{"content": SECRET}],
                    "usageMetadata": {
                        "promptTokenCount": 800,
                        "cachedContentTokenCount": 300,
                        "candidatesTokenCount": 40,
                        "thoughtsTokenCount": 60,
                        "toolUsePromptTokenCount": 25,
                        "totalTokenCount": 925,
                        "promptTokensDetails": [
                            {"modality": "TEXT", "tokenCount": 700},
                            {"modality": "IMAGE", "tokenCount": 100},
                        ],
                    },
                }
            ),
            "batch.jsonl": lines(
                {
                    "key": "row-1",
                    "request": {"contents": SECRET},
                    "response": {
                        "modelVersion": "gemini-2.5-pro",
                        "responseId": "g2",
                        "usageMetadata": {"promptTokenCount": 70, "totalTokenCount": 70},
                    },
                },
                {"key": "row-2", "error": {"code": 500}, "response": {}},
            ),
        },
        {
            "gemini-2.5-pro": {
                "requests": 2,
                "input": 595,
                "read": 300,
                "output": 100,
                "reasoning": 60,
                "image_input": 100,
                "tiers": {"batch": {"requests": 1, "input": 70}},
            }
        },
        {"failed": 1},
    ),
    "bedrock": Case(
        {
            "log.jsonl": lines(
                {
                    "schemaType": "ModelInvocationLog",
                    "timestamp": "2026-11-18T10:00:00Z",
                    "requestId": "b1",
                    "modelId": "eu.anthropic.claude-opus-5",
                    "identity": {"arn": f"arn:aws:iam::1:user/{PERSON}"},
                    "input": {
                        "inputBodyJson": SECRET,
                        "inputTokenCount": 20,
                        "cacheReadInputTokenCount": 300,
                        "cacheWriteInputTokenCount": 40,
                    },
                    "output": {"outputTokenCount": 5},
                },
                {
                    "schemaType": "ModelInvocationLog",
                    "timestamp": "2026-11-18T10:00:01Z",
                    "requestId": "b2",
                    "modelId": "arn:aws:bedrock:us-east-1:1:inference-profile/"
                    "us.meta.llama3-3-70b-instruct-v1:0",
                    "input": {"inputTokenCount": 7},
                    "output": {"outputTokenCount": 2},
                },
                {
                    "schemaType": "ModelInvocationLog",
                    "timestamp": "2026-11-18T10:00:02Z",
                    "requestId": "b3",
                    "modelId": "eu.anthropic.claude-opus-5",
                    "errorCode": "ThrottlingException",
                    "input": {},
                    "output": {},
                },
            )
        },
        {
            "claude-opus-5": {
                "requests": 1,
                "input": 20,
                "read": 300,
                "write_unknown": 40,
                "output": 5,
            },
            "llama3-3-70b-instruct": {"requests": 1, "input": 7, "read": 0, "output": 2},
        },
        {"failed": 1},
    ),
    "azure-monitor": Case(
        {
            "metrics.json": json.dumps(
                {
                    "interval": "PT1H",
                    "value": [
                        azure("ProcessedPromptTokens", [(9, 30_000), (10, 10_000), (11, None)]),
                        azure("GeneratedTokens", [(9, 900), (10, 100), (11, None)]),
                        azure("AzureOpenAIRequests", [(9, 30), (10, 10), (11, None)]),
                        azure(
                            "AzureOpenAIContextTokensCacheMatchRate",
                            [(9, 50.0), (10, 10.0)],
                            "average",
                        ),
                    ],
                }
            )
        },
        {
            "gpt-4.1": {
                "requests": 40,
                "input": None,
                "read": None,
                "input_with_read": 40_000,
                "output": 1000,
                "cached_share": 0.4,
            }
        },
        top={"cached_share": 0.4},
    ),
    "openrouter": Case(
        {
            "activity.json": json.dumps(
                {
                    "data": [
                        {
                            "date": "2026-11-18",
                            "model": "openai/gpt-5",
                            "endpoint_id": "e",
                            "provider_name": "OpenAI",
                            "usage": 0.2,
                            "byok_usage_inference": 0.05,
                            "requests": 10,
                            "prompt_tokens": 1000,
                            "completion_tokens": 300,
                            "reasoning_tokens": 200,
                            "cached_tokens": 1200,
                        }
                    ]
                }
            )
        },
        {
            "openai/gpt-5": {
                "requests": 10,
                "input": 0,
                "read": 1000,
                "output": 300,
                "reasoning": 200,
            }
        },
        top={"usd": 0.25, "doubts": {"cached_over_input_capped": 1}},
    ),
    "litellm": Case(
        {"spend.json": json.dumps(LITELLM_ROWS, indent=1)},
        {"gpt-5": GPT5_LITELLM},
        {"answered_by_proxy_cache": 1, "failed": 1},
        {"usd": 0.0009625},
    ),
    "litellm-csv": Case(
        {"spend.csv": as_csv(LITELLM_ROWS)},
        {"gpt-5": GPT5_LITELLM},
        {"answered_by_proxy_cache": 1, "failed": 1},
        {"usd": 0.0009625},
    ),
    "litellm-daily": Case(
        {
            "daily.csv": as_csv(
                [
                    {
                        "id": "d1",
                        "user_id": PERSON,
                        "date": "2026-11-18",
                        "api_key": KEY,
                        "model": "gpt-5",
                        "custom_llm_provider": "openai",
                        "prompt_tokens": 1000,
                        "completion_tokens": 50,
                        "cache_read_input_tokens": 700,
                        "cache_creation_input_tokens": 0,
                        "spend": 0.0009625,
                        "api_requests": 3,
                        "successful_requests": 2,
                        "failed_requests": 1,
                    }
                ]
            )
        },
        {"gpt-5": {**GPT5_LITELLM, "requests": 2}},
        {"failed": 1},
        top={"usd": 0.0009625},
    ),
    "langfuse": Case(
        {
            "observations.json": json.dumps(
                {
                    "data": [
                        {
                            "id": "o1",
                            "type": "GENERATION",
                            "startTime": "2026-11-18T10:00:00.000Z",
                            "endTime": "2026-11-18T10:00:02.000Z",
                            "model": "claude-opus-5",
                            "input": SECRET,
                            "output": SECRET,
                            "usageDetails": {
                                "input": 10,
                                "input_cache_read": 500,
                                "input_cache_creation_5m": 20,
                                "input_cache_creation_1h": 30,
                                "output": 40,
                                "output_reasoning_tokens": 5,
                                "total": 605,
                            },
                            "costDetails": {"total": 0.002},
                        },
                        {
                            "id": "o2",
                            "type": "GENERATION",
                            "startTime": "2026-11-18T10:00:05.000Z",
                            "model": "gpt-5",
                            "usageDetails": {
                                "input": 900,
                                "input_cached_tokens": 800,
                                "output": 10,
                                "total": 910,
                            },
                        },
                        {
                            "id": "o3",
                            "type": "SPAN",
                            "startTime": "2026-11-18T10:00:00Z",
                            "usageDetails": {},
                        },
                    ],
                    "meta": {"page": 1, "totalPages": 1},
                }
            )
        },
        {
            "claude-opus-5": {
                "requests": 1,
                "input": 10,
                "read": 500,
                "write_5m": 20,
                "write_1h": 30,
                "output": 45,
                "reasoning": 5,
            },
            "gpt-5": {"requests": 1, "input": 100, "read": 800, "output": 10},
        },
        {"not_a_call": 1},
        {"doubts": {"counted_twice": 1}},
    ),
    "helicone": Case(
        {
            "requests.json": json.dumps(
                {
                    "data": [
                        {
                            "request_id": "h1",
                            "request_created_at": "2026-11-18T10:00:00Z",
                            "response_created_at": "2026-11-18T10:00:02Z",
                            "request_model": "gpt-5",
                            "provider": "OPENAI",
                            "response_status": 200,
                            "prompt_tokens": 600,
                            "completion_tokens": 20,
                            "total_tokens": 620,
                            "prompt_cache_read_tokens": 512,
                            "prompt_cache_write_tokens": 0,
                            "costUSD": 0.000374,
                            "request_body": SECRET,
                        },
                        {
                            "request_id": "h2",
                            "request_created_at": "2026-11-18T10:00:03Z",
                            "request_model": "gpt-5",
                            "provider": "OPENAI",
                            "response_status": 500,
                            "prompt_tokens": None,
                            "completion_tokens": None,
                        },
                    ]
                }
            )
        },
        {"gpt-5": {"requests": 1, "input": 88, "read": 512, "output": 20, "reasoning": None}},
        {"failed": 1},
        {"usd": 0.000374},
    ),
    "otel": Case(
        {
            "spans.json": json.dumps(
                {
                    "resourceSpans": [
                        {
                            "scopeSpans": [
                                {
                                    "spans": [
                                        span(
                                            1,
                                            0,
                                            gen_ai__operation__name="chat",
                                            gen_ai__provider__name="anthropic",
                                            gen_ai__response__model="claude-opus-5",
                                            gen_ai__input__messages=SECRET,
                                            gen_ai__usage__input_tokens=900,
                                            gen_ai__usage__cache_read__input_tokens=600,
                                            gen_ai__usage__cache_creation__input_tokens=100,
                                            gen_ai__usage__output_tokens=12,
                                        ),
                                        span(
                                            2,
                                            1,
                                            gen_ai__operation__name="invoke_agent",
                                            gen_ai__usage__input_tokens=900,
                                            gen_ai__usage__output_tokens=12,
                                        ),
                                        span(
                                            3,
                                            9,
                                            llm__request__type="chat",
                                            gen_ai__system="openai",
                                            gen_ai__request__model="gpt-5",
                                            gen_ai__usage__prompt_tokens=400,
                                            gen_ai__usage__input_tokens=400,
                                            gen_ai__usage__completion_tokens=30,
                                            gen_ai__usage__cache_read_input_tokens=256,
                                            gen_ai__usage__reasoning_tokens=9,
                                        ),
                                    ]
                                }
                            ]
                        }
                    ]
                }
            )
        },
        {
            "claude-opus-5": {
                "requests": 1,
                "input": 200,
                "read": 600,
                "write_unknown": 100,
                "output": 12,
            },
            "gpt-5": {"requests": 1, "input": 144, "read": 256, "output": 30, "reasoning": 9},
        },
        {"not_a_call": 1},
    ),
    "vllm": Case(
        {
            "metrics_09h.prom": scrape(prompt=1000, cached=400, made=100, done=10),
            "metrics_10h.prom": scrape(prompt=5000, cached=1400, made=700, done=30),
            "metrics_11h.prom": scrape(prompt=600, cached=100, made=40, done=4),
        },
        {"blue-llama": {"requests": 24, "input": 3500, "read": 1100, "output": 640}},
        top={"incomplete": True},
    ),
    "openai-usage-csv": Case(
        {
            "completions_usage_2026-11-18_2026-11-19.csv": "start_time,end_time,start_time_iso,"
            "end_time_iso,project_id,num_model_requests,user_id,api_key_id,model,batch,"
            "service_tier,input_tokens,output_tokens,input_cached_tokens,input_uncached_tokens\n"
            "1795003200,1795003260,2026-11-18T12:00:00+00:00,2026-11-18T12:01:00+00:00,proj_a,3.0,"
            f",{KEY},gpt-5-2025-08-07,False,default,7162,300,1280,5882\n"
            "1795003260,1795003320,2026-11-18T12:01:00+00:00,2026-11-18T12:02:00+00:00,,,,,,,,,,,\n"
            "1795003320,1795003380,2026-11-18T12:02:00+00:00,2026-11-18T12:03:00+00:00,proj_a,2.0,"
            f",{KEY},gpt-5-2025-08-07,True,default,1000,90,0,1000\n"
        },
        {
            "gpt-5-2025-08-07": {
                "requests": 5,
                "input": 6882,
                "read": 1280,
                "output": 390,
                "tiers": {"batch": {"input": 1000, "output": 90}},
            }
        },
    ),
    "anthropic-usage-csv": Case(
        {
            "claude_api_tokens_2026_11.csv": "usage_date_utc,model_version,api_key,workspace,"
            "usage_type,context_window,usage_input_tokens_no_cache,"
            "usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,"
            "usage_input_tokens_cache_read,usage_output_tokens,web_search_count,inference_geo,"
            "speed\n"
            f"2026-11-18,claude-sonnet-4-5-20250929,{KEY},Default,standard,≤ 200k,"
            "189,61624,500,70000,675,2,not_available,\n"
            f"2026-11-19,claude-sonnet-4-5-20250929,{KEY},Default,batch,≤ 200k,"
            "1000,0,0,0,40,0,not_available,\n"
        },
        {
            "claude-sonnet-4-5-20250929": {
                "requests": None,
                "input": 1189,
                "read": 70_000,
                "write_5m": 61_624,
                "write_1h": 500,
                "output": 715,
                "tiers": {"batch": {"input": 1000, "output": 40}},
            }
        },
    ),
    "anthropic-costs-csv": Case(
        {
            "claude_api_cost_2026_11.csv": "usage_date_utc,model,workspace,api_key,usage_type,"
            "context_window,token_type,cost_usd,list_price_usd,cost_type,inference_geo,speed\n"
            f"2026-11-18,Claude Haiku 4.5,Default,{KEY},message,≤ 200k,input_no_cache,1.50,1.50,"
            "token,global,\n"
            f"2026-11-18,Claude Haiku 4.5,Default,{KEY},message,≤ 200k,output,0.25,0.25,token,"
            "global,\n"
        },
        {},
        {},
        {"usd": 1.75},
    ),
    "openrouter-csv": Case(
        {
            "activity.csv": "Date,Slug,Usage,BYOK Usage,Requests,Prompt Tokens,Completion Tokens,"
            "Reasoning Tokens\n"
            '"2026-11-18 00:00:00","openai/gpt-5","0.2","0.05","10","1000","300","200"\n'
        },
        {"openai/gpt-5": {"requests": 10, "input_with_read": 1000, "output": 300}},
        {},
        {"usd": 0.25},
    ),
    "openrouter-requests": Case(
        {
            "openrouter_activity_2026-11-18.csv": "generation_id,created_at,cost_total,"
            "cost_web_search,cost_cache,cost_file_processing,byok_usage_inference,tokens_prompt,"
            "tokens_completion,tokens_reasoning,tokens_cached,model_permaslug,provider_name,"
            "variant,cancelled,streamed,user,finish_reason_raw,finish_reason_normalized,"
            "generation_time_ms,time_to_first_token_ms,app_name,api_key_name\n"
            "gen-1,2026-11-18 10:00:00.123,0.0102,0,-0.002,0,0,5000,100,20,4000,openai/gpt-5,"
            f"OpenAI,standard,false,true,{PERSON},end_turn,stop,2300,800,app,{KEY}\n"
            "gen-1,2026-11-18 10:00:00.123,0.0102,0,-0.002,0,0,5000,100,20,4000,openai/gpt-5,"
            f"OpenAI,standard,false,true,{PERSON},end_turn,stop,2300,800,app,{KEY}\n"
            "gen-2,2026-11-18 10:05:00.123,0.0002,0,0,0,0,500,90,0,0,openai/gpt-5,OpenAI,standard,"
            f"true,true,{PERSON},stop,stop,1300,400,app,{KEY}\n"
        },
        {
            "openai/gpt-5": {
                "requests": 2,
                "input": 1500,
                "read": 4000,
                "output": 190,
                "reasoning": 20,
            }
        },
        {"duplicate": 1},
        {"usd": 0.0104},
    ),
    "cursor": Case(
        {
            "usage-events-2026-11-18.csv": "Date,User,Cloud Agent ID,Automation ID,Kind,Model,"
            "Max Mode,Input (w/ Cache Write),Input (w/o Cache Write),Cache Read,Output Tokens,"
            "Total Tokens,Cost\n"
            f'"2026-11-18T10:00:00.000Z","{PERSON}",,,"Included","claude-4.5-sonnet","No",'
            '"26052","4","5000","234","31290","Included"\n'
            f'"2026-11-18T10:01:00.000Z","{PERSON}",,,"On-Demand","claude-4.5-sonnet","No",'
            '"1200","1000","5000","300","6500","$0.12"\n'
            f'"2026-11-18T10:02:00.000Z","{PERSON}",,,"Errored, No Charge","claude-4.5-sonnet",'
            '"No","0","0","0","0","0","-"\n'
            f'"2026-11-18T10:03:00.000Z","{PERSON}",,,"On-Demand","gpt-5","No","0","100","0","10",'
            '"999","$0.01"\n'
        },
        {
            "claude-4.5-sonnet": {
                "requests": 2,
                "input": 1004,
                "read": 10_000,
                "write_unknown": 26_252,
                "output": 534,
            },
            "gpt-5": {"requests": 1, "input": 100, "read": 0, "output": 10},
        },
        {"failed": 1},
        {"usd": 0.13, "doubts": {"total_contradicts_parts": 1}},
    ),
    "deepseek": Case(
        {
            "amount-2026-11.csv": "user_id,start_time_iso,end_time_iso,model,api_key_name,api_key,"
            "type,price,amount\n"
            + "".join(
                f"u,2026-11-18T00:00:00Z,2026-11-19T00:00:00Z,deepseek-chat,{PERSON},{KEY},"
                f"{kind},{price},{amount}\n"
                for kind, price, amount in (
                    ("request_count", "", 12),
                    ("input_cache_hit_tokens", "0.00000015", 70_000),
                    ("input_cache_miss_tokens", "0.0000045", 4_000),
                    ("output_tokens", "0.0000135", 900),
                    ("total_tokens", "", 74_900),
                )
            ),
            "amount-2026-03.csv": "user_id,utc_date,model,api_key_name,api_key,type,price,amount\n"
            f"u,2026-03-02,deepseek-chat,{PERSON},{KEY},output_tokens,0.000003,100\n"
            f"u,2026-03-02,deepseek-chat,{PERSON},{KEY},request_count,,1\n",
        },
        {"deepseek-chat": {"requests": 13, "input": 4000, "read": 70_000, "output": 1000}},
        {"sum_of_other_rows": 1},
    ),
    "langsmith": Case(
        {
            "runs.jsonl": lines(
                *(
                    {
                        "id": f"run-{n}",
                        "trace_id": f"trace-{n}",
                        "run_type": kind,
                        "start_time": f"2026-11-18T10:00:0{n}.123456",
                        "end_time": f"2026-11-18T10:00:0{n}.9",
                        "extra": {"metadata": {"ls_model_name": "gpt-5", "ls_provider": "openai"}},
                        "prompt_tokens": prompt,
                        "completion_tokens": prompt and 50,
                        "total_tokens": prompt and prompt + 50,
                        "prompt_token_details": {"cache_read": 600} if prompt else None,
                        "completion_token_details": {"reasoning": 20},
                        "total_cost": "0.0012",
                        "status": "success" if prompt else "error",
                        "inputs": {"messages": [SECRET]},
                        "outputs": {"generations": [SECRET]},
                    }
                    for n, (kind, prompt) in enumerate(
                        (("llm", 1000), ("chain", 1000), ("llm", 0), ("llm", 2000))
                    )
                )
            )
        },
        {"gpt-5": {"requests": 2, "input": 1800, "read": 1200, "output": 100, "reasoning": 40}},
        {"failed": 1, "not_a_call": 1},
        {"usd": 0.0024},
    ),
    "portkey": Case(
        {
            "export.jsonl": lines(
                *(
                    {
                        "id": f"log-{n}",
                        "created_at": f"2026-11-18T10:00:{n:02d}.000Z",
                        "ai_org": "openai",
                        "ai_model": "gpt-5",
                        "req_units": 1000,
                        "res_units": 50,
                        "total_units": 1050,
                        "cost": cents,
                        "cost_currency": "USD",
                        "cache_status": hit,
                        "response_status_code": 200,
                        "is_success": 1,
                        "response_time": 2000,
                        "metadata": {"_user": PERSON, "team": "blue"},
                        "request": {"messages": [{"role": "user", "content": SECRET}]},
                        "response": answer,
                    }
                    for n, (hit, cents, answer) in enumerate(
                        (
                            ("MISS", 0.07, PORTKEY_ANSWER),
                            ("HIT", 0, PORTKEY_ANSWER),
                            ("SEMANTIC HIT", 0, None),
                            ("DISABLED", 0.07, {"body": PORTKEY_ANSWER}),
                        )
                    )
                ),
                {
                    "id": "log-9",
                    "created_at": "2026-11-18T10:01:00.000Z",
                    "ai_model": "gpt-5",
                    "req_units": 0,
                    "res_units": 0,
                    "cache_status": "DISABLED",
                    "response_status_code": 429,
                },
            )
        },
        {"gpt-5-2025-08-07": {"requests": 2, "input": 800, "read": 1200, "output": 100}},
        {"answered_by_proxy_cache": 2, "failed": 1},
        {"usd": 0.0014},
    ),
    "cloudflare": Case(
        {
            "logs.json": json.dumps(
                {
                    "success": True,
                    "errors": [],
                    "result_info": {"page": 1, "per_page": 50, "count": 3, "total_count": 3},
                    "result": [
                        {
                            "id": f"cf{n}",
                            "created_at": f"2026-11-18T10:00:{n:02d}Z",
                            "provider": "openai",
                            "model": "gpt-5",
                            "tokens_in": 1000,
                            "tokens_out": 50,
                            "duration": 1500,
                            "cached": n == 1,
                            "success": n < 2,
                            "status_code": 200 if n < 2 else 500,
                            "cost": 0.00175 if n == 0 else 0,
                            "metadata": '{"team":"blue"}',
                        }
                        | ({"tokens_in": 0, "tokens_out": 0} if n == 2 else {})
                        for n in range(3)
                    ],
                }
            )
        },
        {"gpt-5": {"requests": 1, "input_with_read": 1000, "output": 50}},
        {"answered_by_proxy_cache": 1, "failed": 1},
        {"usd": 0.00175},
    ),
    "totals": Case(
        {
            "months.csv": "Month;Model;Input;Cached;Output;Cost;Team\n"
            "2026-09;gpt-5;1,000,000;400,000;20,000;$1.00;blue\n"
            "2026-10;gpt-5;2,000,000;800,000;50,000;$2.10;blue\n"
            "2026-10;Total;2,000,000;800,000;50,000;$2.10;\n"
        },
        {"gpt-5": {"requests": None, "input": 1_800_000, "read": 1_200_000, "output": 70_000}},
        {"sum_of_other_rows": 1},
        {"usd": 3.1},
    ),
    "table": Case(
        {
            "requests.csv": "request_id,start,end,model,team,input_tokens,cached_tokens,"
            "output_tokens,status,cost_usd\n"
            "1,2026-11-18T10:00:00Z,2026-11-18T10:00:02Z,gpt-5,blue,1000,700,50,200,0.0009625\n"
            "1,2026-11-18T10:00:00Z,2026-11-18T10:00:02Z,gpt-5,blue,1000,700,50,200,0.0009625\n"
            "2,2026-11-18T10:00:05Z,2026-11-18T10:00:06Z,gpt-5,red,100,0,5,200,0.000175\n"
            "3,2026-11-18T10:00:07Z,2026-11-18T10:00:06Z,gpt-5,red,100,0,5,200,\n"
            "4,2026-11-18T10:00:07Z,2026-11-18T10:00:08Z,gpt-5,red,x,0,5,200,\n"
            "5,2026-11-18T10:00:07Z,2026-11-18T10:00:08Z,gpt-5,red,1.5,0,5,200,\n"
            "6,2026-11-18T10:00:07Z,2026-11-18T10:00:08Z,,red,10,0,5,200,\n"
        },
        {"gpt-5": {"requests": 2, "input": 400, "read": 700, "output": 55}},
        {"duplicate": 1, "ends_before_start": 1, "not_a_number": 2, "no_model": 1},
        {"usd": 0.0011375},
    ),
}
"""Every format, by its name and maybe a word more."""


def format_of(name: str) -> str:
    """Return the format of a case by its name."""
    return {"litellm-daily": "litellm"}.get(name, name.removesuffix("-csv"))
