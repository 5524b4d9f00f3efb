#!/usr/bin/env bash
# An answer out of LangChain's cache is traced, and counted, as a call of a model, with all of its tokens.
#
# Guess:   what comes out of the cache makes no span of a model, or one without tokens; LangChain's own count of usage
#          leaves it out.
# Seen:    one question ten times, one request at the server: 10 spans with 6,000 tokens each in OpenInference and in
#          OpenLLMetry, and 60,000 in LangChain's `get_usage_metadata_callback`. What LangChain itself adds to tell a
#          hit, `total_cost: 0` in the message, reaches no attribute of a span of either, and is not applied to the
#          count. In OpenLLMetry a hit lacks `gen_ai.response.id`; in OpenInference nothing differs but the time it
#          took.
# Matters: who caches to save sees no saving in any tool that prices spans: the bill is 10 times what is paid.
# Version: langchain-openai 1.7.4, langchain-core 1.8.3, openinference-instrumentation-langchain 0.1.80,
#          opentelemetry-instrumentation-langchain 0.62.4; the server is a stub on the loopback address.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q langchain-openai==1.7.4 langchain-core==1.8.3 \
  openinference-instrumentation-langchain==0.1.80 opentelemetry-instrumentation-langchain==0.62.4 \
  opentelemetry-sdk==1.45.2
"$dir/venv/bin/python" -W ignore - <<'PY'
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import get_usage_metadata_callback
from langchain_openai import ChatOpenAI
from openinference.instrumentation.langchain import LangChainInstrumentor as OpenInference
from opentelemetry.instrumentation.langchain import LangchainInstrumentor as OpenLLMetry
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

TIMES, PROMPT = 10, 6_000
USAGE = {"prompt_tokens": PROMPT, "completion_tokens": 50, "total_tokens": PROMPT + 50}
requests = []


class Server(BaseHTTPRequestHandler):
    """Answers each request alike, and keeps count."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        requests.append(self.path)
        choice = {"index": 0, "message": {"role": "assistant", "content": "Blue."}, "finish_reason": "stop"}
        name = f"chatcmpl-{len(requests)}"
        answer = {"id": name, "object": "chat.completion", "created": 1, "model": "gpt-5.4", "choices": [choice]}
        body = json.dumps(answer | {"usage": USAGE}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
seen = {}
for name, tracer, key in (
    ("OpenInference", OpenInference(), "llm.token_count.prompt"),
    ("OpenLLMetry", OpenLLMetry(), "gen_ai.usage.input_tokens"),
):
    requests.clear()
    provider, spans = TracerProvider(), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    tracer.instrument(tracer_provider=provider)
    model = ChatOpenAI(model="gpt-5.4", api_key="none", base_url=f"http://127.0.0.1:{server.server_port}/v1",
                       cache=InMemoryCache())
    with get_usage_metadata_callback() as counted:
        costs = [model.invoke("What colour is the sky?").usage_metadata.get("total_cost") for _ in range(TIMES)]
    tracer.uninstrument()
    told = [dict(span.attributes) for span in spans.get_finished_spans()]
    marked = sum(any("cost" in k or "cache" in k for k in one) for one in told)
    ids = sum("gen_ai.response.id" in one for one in told)
    own = counted.usage_metadata["gpt-5.4"]["input_tokens"]
    seen[name] = (len(requests), len(told), sum(one.get(key, 0) for one in told), marked, ids, own, costs.count(0))
    print(f"{name}: {len(requests)} request; {len(told)} spans with {seen[name][2]:,} input tokens, {marked} of them "
          f"with a word of cost or cache, {ids} with an id; LangChain's count {own:,}; "
          f"{costs.count(0)} hits at total_cost 0")
server.shutdown()
whole = TIMES * PROMPT
wanted = {
    "OpenInference": (1, TIMES, whole, 0, 0, whole, TIMES - 1),
    "OpenLLMetry": (1, TIMES, whole, 0, 1, whole, TIMES - 1),
}
if seen != wanted:
    sys.exit(f"changed: {seen}, not {wanted}")
PY
