#!/usr/bin/env bash
# OpenLLMetry's spans of streamed OpenAI answers lose the service tier that was billed, and the thinking.
#
# Guess:   a span has the same attributes whether the answer was streamed or not, as the last chunk has the usage.
# Seen:    whole answer: openai.response.service_tier=flex and gen_ai.usage.reasoning_tokens=450. The same answer
#          streamed, with usage in the last chunk and the tier in every chunk: neither attribute is there.
# Matters: flex costs half, priority twice: streamed traffic in traces can only be billed at the standard price.
# Version: opentelemetry-instrumentation-openai 0.62.4, openai 3.57.0; the transport is a stub in the process.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q opentelemetry-instrumentation-openai==0.62.4 openai==3.57.0 opentelemetry-sdk==1.45.2
"$dir/venv/bin/python" -W ignore - <<'PY'
import json
import sys

import httpx2 as httpx
import openai
from opentelemetry.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

USAGE = {"prompt_tokens": 8000, "completion_tokens": 500, "total_tokens": 8500,
         "prompt_tokens_details": {"cached_tokens": 3000}, "completion_tokens_details": {"reasoning_tokens": 450}}
HEAD = {"id": "c1", "created": 1, "model": "gpt-5.4-2026-03-05", "service_tier": "flex"}
WHOLE = {**HEAD, "object": "chat.completion", "usage": USAGE,
         "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "yes"}}]}
CHUNK = {**HEAD, "object": "chat.completion.chunk", "usage": None}
CHUNKS = [
    {**CHUNK, "choices": [{"index": 0, "delta": {"role": "assistant", "content": "yes"}, "finish_reason": None}]},
    {**CHUNK, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    {**CHUNK, "choices": [], "usage": USAGE},
]


def answer(request: httpx.Request) -> httpx.Response:
    if not json.loads(request.content).get("stream"):
        return httpx.Response(200, json=WHOLE)
    body = "".join(f"data: {json.dumps(c)}\n\n" for c in CHUNKS) + "data: [DONE]\n\n"
    return httpx.Response(200, content=body.encode(), headers={"content-type": "text/event-stream"})


spans = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))
OpenAIInstrumentor().instrument(tracer_provider=provider)
client = openai.OpenAI(api_key="none", http_client=httpx.Client(transport=httpx.MockTransport(answer)))
ask = {"model": "gpt-5.4", "service_tier": "flex", "messages": [{"role": "user", "content": "is it?"}]}
client.chat.completions.create(**ask)
for _ in client.chat.completions.create(**ask, stream=True, stream_options={"include_usage": True}):
    pass
seen = []
for how, span in zip(("whole", "streamed"), spans.get_finished_spans(), strict=True):
    a = span.attributes
    seen.append((a.get("gen_ai.usage.input_tokens"), a.get("openai.response.service_tier"),
                 a.get("gen_ai.usage.reasoning_tokens")))
    print(f"{how}: input, tier, reasoning = {seen[-1]}")
if seen != [(8000, "flex", 450), (8000, None, None)]:
    sys.exit("changed: the span of a streamed answer has other attributes than no tier and no reasoning")
PY
