#!/usr/bin/env bash
# LangChain's tracer beside the client's: one call is two spans, and neither is inside the other.
#
# Guess:   who traces both LangChain and the OpenAI client sees the client's span inside LangChain's, and OpenLLMetry,
#          whose LangChain tracer tells its own client's to be silent, has one span.
# Seen:    one call of 6,012 and 500 tokens. OpenInference: two spans of kind LLM, each with all tokens. Called by
#          itself they are roots of two traces; in a chain, the client's is a trace of its own; within a web request,
#          both are in its trace, and the client's hangs on the request. OpenLLMetry: one span by Chat Completions,
#          two by the Responses API.
# Matters: whatever adds up spans doubles tokens and cost, and neither trace nor parent tells which are one call.
# Version: langchain-openai 1.7.4, langchain-core 1.8.3, openai 2.54.0; openinference-instrumentation-langchain
#          0.1.80, -openai 0.1.66; opentelemetry-instrumentation-langchain, -openai 0.62.4; the server is a stub on
#          the loopback address.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q langchain-openai==1.7.4 langchain-core==1.8.3 openai==2.54.0 opentelemetry-sdk==1.45.1 \
  openinference-instrumentation-langchain==0.1.80 openinference-instrumentation-openai==0.1.66 \
  opentelemetry-instrumentation-langchain==0.62.4 opentelemetry-instrumentation-openai==0.62.4
cat > "$dir/traced.py" <<'PY'
import json
import logging
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

logging.disable(logging.CRITICAL)
from langchain_core.prompts import ChatPromptTemplate
from langchain_openai import ChatOpenAI
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

if sys.argv[1] == "OpenInference":
    from openinference.instrumentation.langchain import LangChainInstrumentor as Chains
    from openinference.instrumentation.openai import OpenAIInstrumentor as Client
else:
    from opentelemetry.instrumentation.langchain import LangchainInstrumentor as Chains
    from opentelemetry.instrumentation.openai import OpenAIInstrumentor as Client
CHAT = {"prompt_tokens": 6012, "completion_tokens": 500, "total_tokens": 6512}
RESPONSE = {"input_tokens": 6012, "output_tokens": 500, "total_tokens": 6512}
RESPONSE |= {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
asked = []


class Server(BaseHTTPRequestHandler):
    def do_POST(self):
        asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        answer = {"id": f"a{len(asked)}", "model": asked[-1]["model"], "created": 1}
        if self.path.endswith("responses"):
            text = {"type": "output_text", "text": "Hello.", "annotations": []}
            message = {"type": "message", "id": "m", "status": "completed", "role": "assistant", "content": [text]}
            answer |= {"object": "response", "created_at": 1, "status": "completed", "output": [message], "tools": []}
            answer |= {"usage": RESPONSE, "parallel_tool_calls": True, "tool_choice": "auto", "error": None}
        else:
            message = {"role": "assistant", "content": "Hello."}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            answer |= {"object": "chat.completion", "choices": [choice], "usage": CHAT}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
spans, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))
trace.set_tracer_provider(provider)
for tracer in (Chains, Client):
    tracer().instrument(tracer_provider=provider)
known = {"model": "gpt-5.4", "api_key": "none", "base_url": f"http://127.0.0.1:{server.server_port}/v1"}
model, responses = ChatOpenAI(**known), ChatOpenAI(**known, use_responses_api=True)
chain = ChatPromptTemplate.from_messages([("user", "{question}")]) | model


def in_a_request():
    with trace.get_tracer("web").start_as_current_span("request"):
        chain.invoke({"question": "hi"})


ways = {
    "call": lambda: model.invoke("hi"),
    "responses": lambda: responses.invoke("hi"),
    "chain": lambda: chain.invoke({"question": "hi"}),
    "request": in_a_request,
}
for way, do in ways.items():
    spans.clear()
    asked.clear()
    do()
    told = spans.get_finished_spans()
    names = {s.context.span_id: s.name for s in told}
    calls = [s for s in told if any("total" in k and "token" in k and v == 6512 for k, v in s.attributes.items())]
    around = sorted(names.get(s.parent.span_id, "?") if s.parent else "-" for s in calls)
    print(f"{sys.argv[1]} {way}: {len(asked)} call, {len(calls)} spans of it, "
          f"{len({s.context.trace_id for s in calls})} traces, inside {' and '.join(around)}")
server.shutdown()
PY
"$dir/venv/bin/python" -W ignore "$dir/traced.py" OpenInference | tee "$dir/seen"
"$dir/venv/bin/python" -W ignore "$dir/traced.py" OpenLLMetry | tee -a "$dir/seen"
cat > "$dir/known" <<'TEXT'
OpenInference call: 1 call, 2 spans of it, 2 traces, inside - and -
OpenInference responses: 1 call, 2 spans of it, 2 traces, inside - and -
OpenInference chain: 1 call, 2 spans of it, 2 traces, inside - and RunnableSequence
OpenInference request: 1 call, 2 spans of it, 1 traces, inside RunnableSequence and request
OpenLLMetry call: 1 call, 1 spans of it, 1 traces, inside -
OpenLLMetry responses: 1 call, 2 spans of it, 2 traces, inside - and -
OpenLLMetry chain: 1 call, 1 spans of it, 1 traces, inside RunnableSequence.workflow
OpenLLMetry request: 1 call, 1 spans of it, 1 traces, inside RunnableSequence.workflow
TEXT
diff "$dir/known" "$dir/seen" || { echo "changed: other spans of one call"; exit 1; }
