#!/usr/bin/env bash
# An answer made in the background and fetched by polling: one tracer counts each fetch, the other not a token.
#
# Guess:   one question is one span with its tokens and its tier, however its answer is fetched.
# Seen:    asked once at the flex tier, polled three times until done, looked up twice more. OpenInference makes a
#          span of each request, six, and three of them have all 6,000 tokens: the last poll and each look-up; none
#          has the tier. OpenLLMetry makes three spans, each with the tier and none with a token. A client that polls
#          by itself (autobatcher, for cheap tiers) has four spans and one answer's tokens in the one, one span
#          without tokens in the other.
# Matters: work that can wait is the work whose bill people watch: by spans it is 0, or three times its tokens at
#          twice its price (flex is half of standard), with six times its requests.
# Version: openai 2.54.0, openinference-instrumentation-openai 0.1.66, opentelemetry-instrumentation-openai 0.62.4,
#          autobatcher 0.12.0; the server is a stub on the loopback address.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q openai==2.54.0 openinference-instrumentation-openai==0.1.66 \
  opentelemetry-instrumentation-openai==0.62.4 opentelemetry-sdk==1.45.2 autobatcher==0.12.0
"$dir/venv/bin/python" -W ignore - <<'PY'
import asyncio
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import autobatcher
import openai
from loguru import logger
from openinference.instrumentation.openai import OpenAIInstrumentor as OpenInference
from opentelemetry.instrumentation.openai import OpenAIInstrumentor as OpenLLMetry
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

POLLS = 3
USAGE = {"input_tokens": 6_000, "output_tokens": 50, "total_tokens": 6_050,
         "input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
requests = []


class Server(BaseHTTPRequestHandler):
    """Takes a question, and has the answer when it is asked for the third time."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.say(False)

    def do_GET(self):
        self.say(requests.count("GET") >= POLLS - 1)

    def say(self, done):
        requests.append(self.command)
        text = {"type": "output_text", "text": "Blue.", "annotations": []}
        said = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [text]}
        rest = {"error": None, "incomplete_details": None, "instructions": None, "metadata": {}, "tools": []}
        rest |= {"parallel_tool_calls": True, "tool_choice": "auto", "temperature": 1, "top_p": 1}
        body = json.dumps(rest | {
            "id": "resp_1", "object": "response", "created_at": 1, "model": "gpt-5.4", "background": True,
            "service_tier": "flex", "status": "completed" if done else "queued", "output": [said] * done,
            "usage": USAGE if done else None}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def by_hand():
    """Ask in the background, poll until it is done, and look the answer up twice more."""
    client = openai.OpenAI(api_key="none", base_url=url)
    answer = client.responses.create(
        model="gpt-5.4", input="What colour is the sky?", background=True, service_tier="flex")
    while answer.status != "completed":
        answer = client.responses.retrieve(answer.id)
    for _ in range(2):
        client.responses.retrieve(answer.id)


async def by_autobatcher():
    """Ask as ever; the client does the rest."""
    client = autobatcher.AsyncOpenAI(api_key="none", base_url=url)
    asked = [{"role": "user", "content": "What colour is the sky?"}]
    await client.chat.completions.create(model="gpt-5.4", messages=asked)
    await client.close()


logger.remove()
server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/v1"
seen = {}
for name, tracer, keys in (
    ("OpenInference", OpenInference(), ("llm.token_count.prompt", "llm.token_count.completion")),
    ("OpenLLMetry", OpenLLMetry(), ("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens")),
):
    for how, ask in (("by hand", by_hand), ("autobatcher", lambda: asyncio.run(by_autobatcher()))):
        requests.clear()
        provider, spans = TracerProvider(), InMemorySpanExporter()
        provider.add_span_processor(SimpleSpanProcessor(spans))
        tracer.instrument(tracer_provider=provider)
        ask()
        tracer.uninstrument()
        told = [dict(span.attributes) for span in spans.get_finished_spans()]
        tiers = sum("flex" in map(str, one.values()) for one in told)
        seen[name, how] = (len(told), *(sum(one.get(key) or 0 for one in told) for key in keys), tiers)
        print(f"{name:14}{how:12}{len(requests)} requests: {len(told)} spans with {seen[name, how][1]:,} input "
              f"and {seen[name, how][2]} output tokens, the tier in {tiers}")
server.shutdown()
wanted = {
    ("OpenInference", "by hand"): (6, 18_000, 150, 0),
    ("OpenInference", "autobatcher"): (4, 6_000, 50, 0),
    ("OpenLLMetry", "by hand"): (3, 0, 0, 3),
    ("OpenLLMetry", "autobatcher"): (1, 0, 0, 1),
}
if seen != wanted:
    sys.exit(f"changed: {seen}, not {wanted}")
PY
