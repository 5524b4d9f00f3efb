#!/usr/bin/env bash
# Google's client runs Python tools by itself: one question, five calls, and the usage and the span of the last alone.
#
# Guess:   an answer that took five calls says what the five used; or else a tracer has a span for each.
# Seen:    `generate_content(tools=[a_function])` sends 10,000, 11,000, ... 14,000 tokens in five requests. The
#          answer's usage is 14,000, and two tracers make one span with 14,000: 23 % of the 60,000 that are billed.
#          The very same loop started by `chats.create().send_message()` has five spans with 60,000; the answer says
#          14,000 there, too.
# Matters: agents made of plain functions are billed four times what log and traces say; moving to a chat, with the
#          same requests, looks like a rise by 329 %.
# Version: google-genai 3.6.1, opentelemetry-instrumentation-google-generativeai 0.62.4,
#          openinference-instrumentation-google-genai 1.4.14; the server is a stub on the loopback address.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q google-genai==3.6.1 opentelemetry-instrumentation-google-generativeai==0.62.4 \
  openinference-instrumentation-google-genai==1.4.14 opentelemetry-sdk==1.45.2
"$dir/venv/bin/python" -W ignore - <<'PY'
import json
import logging
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google import genai
from openinference.instrumentation.google_genai import GoogleGenAIInstrumentor as OpenInference
from opentelemetry.instrumentation.google_generativeai import GoogleGenerativeAiInstrumentor as OpenLLMetry
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

CALLS = 5
billed = []


class Server(BaseHTTPRequestHandler):
    """Asks for a tool four times, then answers; each turn has a thousand tokens more."""

    def do_POST(self):
        turns = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["contents"]
        done = sum(turn["role"] == "model" for turn in turns)
        billed.append(10_000 + 1_000 * done)
        asks = {"functionCall": {"name": "price_of", "args": {"part": f"part {done}"}}}
        content = {"role": "model", "parts": [asks if done < CALLS - 1 else {"text": "Five parts."}]}
        usage = {"promptTokenCount": billed[-1], "candidatesTokenCount": 100, "totalTokenCount": billed[-1] + 100}
        answer = {"candidates": [{"content": content, "finishReason": "STOP", "index": 0}], "usageMetadata": usage}
        body = json.dumps(answer | {"modelVersion": "gemini-3.1-pro"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def price_of(part: str) -> str:
    """Says what a part costs."""
    return "5.00"


def ask(client, how):
    """Ask once, one way or the other, with the same tool."""
    said = {"model": "gemini-3.1-pro", "config": {"tools": [price_of]}}
    if how == "generate_content":
        return client.models.generate_content(contents="What do the parts cost?", **said)
    return client.chats.create(**said).send_message("What do the parts cost?")


logging.disable(logging.WARNING)
server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
seen = {}
for name, tracer, key in (
    ("OpenInference", OpenInference(), "llm.token_count.prompt"),
    ("OpenLLMetry", OpenLLMetry(), "gen_ai.usage.input_tokens"),
):
    for how in ("generate_content", "send_message"):
        billed.clear()
        provider, spans = TracerProvider(), InMemorySpanExporter()
        provider.add_span_processor(SimpleSpanProcessor(spans))
        tracer.instrument(tracer_provider=provider)
        client = genai.Client(api_key="none", http_options={"base_url": f"http://127.0.0.1:{server.server_port}"})
        answer = ask(client, how)
        tracer.uninstrument()
        told = [span.attributes.get(key, 0) for span in spans.get_finished_spans()]
        seen[name, how] = (sum(billed), answer.usage_metadata.prompt_token_count, len(told), sum(told))
        print(f"{name:14}{how:17} {len(billed)} calls, billed {sum(billed):,}; the answer says "
              f"{seen[name, how][1]:,}; {len(told)} spans with {sum(told):,}")
server.shutdown()
one, each = (60_000, 14_000, 1, 14_000), (60_000, 14_000, CALLS, 60_000)
wanted = {(name, how): one if how == "generate_content" else each for name, how in seen}
if seen != wanted:
    sys.exit(f"changed: {seen}, not {wanted}")
PY
