#!/usr/bin/env bash
# LangChain streams Claude, OpenLLMetry's tracer of Anthropic's client says that the call had no tokens.
#
# Guess:   the span of a stream has the input of its first event and the output of its last.
# Seen:    langchain-anthropic asks for the raw response and reads the stream from it. The span of such a call ends
#          with 0 for input, output, cache and total; the same call, not streamed, has 6,012 and 50.
# Matters: zeros are no gap that a reader would see: the call counts as one, and as free.
# Version: langchain-anthropic 1.7.10, langchain-core 1.8.3, anthropic 0.125.0,
#          opentelemetry-instrumentation-anthropic 0.62.4; the server is a stub on the loopback address.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q langchain-anthropic==1.7.10 langchain-core==1.8.3 anthropic==0.125.0 \
  opentelemetry-instrumentation-anthropic==0.62.4 opentelemetry-sdk==1.45.1
"$dir/venv/bin/python" -W ignore - <<'PY'
import json
import logging
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

logging.disable(logging.CRITICAL)
from langchain_anthropic import ChatAnthropic
from opentelemetry.instrumentation.anthropic import AnthropicInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

USAGE = {"input_tokens": 12, "cache_creation_input_tokens": 1000, "cache_read_input_tokens": 5000, "output_tokens": 50}
WHOLE = {"id": "m", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "usage": USAGE}
WHOLE |= {"content": [{"type": "text", "text": "Hello."}], "stop_reason": "end_turn", "stop_sequence": None}
EVENTS = [
    {"type": "message_start", "message": {**WHOLE, "content": [], "stop_reason": None}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello."}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": USAGE},
    {"type": "message_stop"},
]


class Server(BaseHTTPRequestHandler):
    def do_POST(self):
        streams = json.loads(self.rfile.read(int(self.headers["Content-Length"]))).get("stream")
        events = "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in EVENTS)
        text = events if streams else json.dumps(WHOLE)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream" if streams else "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
spans, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))
AnthropicInstrumentor().instrument(tracer_provider=provider)
model = ChatAnthropic(model="claude-sonnet-4-5", api_key="none", base_url=f"http://127.0.0.1:{server.server_port}")
seen = {}
for way in ("called", "streamed"):
    spans.clear()
    if way == "called":
        said = model.invoke("hi")
    else:
        said, *more = model.stream("hi")
        for chunk in more:
            said += chunk
    at = spans.get_finished_spans()[0].attributes
    seen[way] = tuple(at[f"gen_ai.usage.{name}_tokens"] for name in ("input", "output", "total"))
    print(f"{way:9} LangChain: {said.usage_metadata['input_tokens']}, {said.usage_metadata['output_tokens']}; "
          f"span: {seen[way]}")
server.shutdown()
if seen != {"called": (6012, 50, 6062), "streamed": (0, 0, 0)}:
    sys.exit(f"changed: {seen}")
PY
