#!/usr/bin/env bash
# OpenLLMetry's spans of streamed Claude answers count the first output tokens twice.
#
# Guess:   gen_ai.usage.output_tokens of a span is what the API says at the end of the stream, streamed or not.
# Seen:    `message_start` already states some output tokens, `message_delta` states the total so far, and the
#          instrumentation adds the two: 8 then 50 becomes 58. The same answer without streaming says 50.
# Matters: output is the dearest token. The surplus is a few tokens a request, so it is large where answers are
#          short (classification, routing, tool calls): compare against the provider's own usage report.
# Version: opentelemetry-instrumentation-anthropic 0.62.4, anthropic 2.14.0; the transport is a stub in the process.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q opentelemetry-instrumentation-anthropic==0.62.4 anthropic==2.14.0 \
  opentelemetry-sdk==1.45.2
"$dir/venv/bin/python" -W ignore - <<'PY'
import json
import sys

import anthropic
import httpx2 as httpx
from opentelemetry.instrumentation.anthropic import AnthropicInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

MODEL = "claude-sonnet-4-6"
INPUT = {"input_tokens": 5000, "cache_creation_input_tokens": 200, "cache_read_input_tokens": 3000}
MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "model": MODEL, "stop_reason": None,
           "stop_sequence": None, "content": [], "usage": {**INPUT, "output_tokens": 8}}
EVENTS = [
    {"type": "message_start", "message": MESSAGE},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "yes"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None},
     "usage": {**INPUT, "output_tokens": 50}},
    {"type": "message_stop"},
]
WHOLE = {**MESSAGE, "stop_reason": "end_turn", "content": [{"type": "text", "text": "yes"}],
         "usage": {**INPUT, "output_tokens": 50}}


def answer(request: httpx.Request) -> httpx.Response:
    if not json.loads(request.content).get("stream"):
        return httpx.Response(200, json=WHOLE)
    body = "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in EVENTS)
    return httpx.Response(200, content=body.encode(), headers={"content-type": "text/event-stream"})


spans = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))
AnthropicInstrumentor().instrument(tracer_provider=provider)
client = anthropic.Anthropic(api_key="none", http_client=httpx.Client(transport=httpx.MockTransport(answer)))
ask = {"model": MODEL, "max_tokens": 64, "messages": [{"role": "user", "content": "is it?"}]}
client.messages.create(**ask)
for event in client.messages.create(**ask, stream=True):
    if event.type == "message_delta":
        sdk = event.usage.output_tokens
whole, streamed = (s.attributes["gen_ai.usage.output_tokens"] for s in spans.get_finished_spans())
print(f"the API's own total {sdk}; span of the whole answer {whole}; span of the streamed one {streamed}")
if (sdk, whole, streamed) != (50, 50, 58):
    sys.exit("changed: the spans of a streamed answer no longer add its first count to its last")
PY
