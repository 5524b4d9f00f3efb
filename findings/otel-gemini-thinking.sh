#!/usr/bin/env bash
# OpenLLMetry's spans of Gemini leave the thinking out of the output; OpenInference's have it in.
#
# Guess:   gen_ai.usage.output_tokens is what was generated and billed, thinking included, as the conventions ask.
# Seen:    of 50 answered and 450 thought tokens, output_tokens is 50 and no attribute names the 450; of 8,000 prompt
#          and 200 tool-use tokens, input_tokens is 8,000. Only gen_ai.usage.total_tokens (8,700) is whole.
#          OpenInference on the same answer: prompt 8,200, completion 500, reasoning 450.
# Matters: thinking is billed as output and is often most of it: the output of this call is billed at a tenth.
# Version: opentelemetry-instrumentation-google-generativeai 0.62.4, openinference-instrumentation-google-genai 1.4.14,
#          google-genai 3.6.1; the server is a stub on the loopback address.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q opentelemetry-instrumentation-google-generativeai==0.62.4 \
  openinference-instrumentation-google-genai==1.4.14 google-genai==3.6.1 opentelemetry-sdk==1.45.2
"$dir/venv/bin/python" -W ignore - <<'PY'
import json
import logging
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

logging.disable(logging.CRITICAL)
from google import genai
from google.genai import types
from openinference.instrumentation.google_genai import GoogleGenAIInstrumentor
from opentelemetry.instrumentation.google_generativeai import GoogleGenerativeAiInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

USAGE = {"promptTokenCount": 8000, "cachedContentTokenCount": 3000, "candidatesTokenCount": 50,
         "thoughtsTokenCount": 450, "toolUsePromptTokenCount": 200, "totalTokenCount": 8700}
ANSWER = {"candidates": [{"content": {"role": "model", "parts": [{"text": "yes"}]}, "finishReason": "STOP",
                          "index": 0}], "modelVersion": "gemini-2.5-pro", "responseId": "r", "usageMetadata": USAGE}


class Server(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        body = json.dumps(ANSWER).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
seen = {}
for name, instrumentor in (("OpenLLMetry", GoogleGenerativeAiInstrumentor), ("OpenInference", GoogleGenAIInstrumentor)):
    spans, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    by = instrumentor()
    by.instrument(tracer_provider=provider)
    options = types.HttpOptions(base_url=f"http://127.0.0.1:{server.server_port}")
    client = genai.Client(api_key="none", http_options=options)
    client.models.generate_content(model="gemini-2.5-pro", contents="is it?")
    client.close()
    by.uninstrument()
    seen[name] = {k: v for k, v in spans.get_finished_spans()[0].attributes.items() if "token" in k}
    print(name, seen[name])
server.shutdown()
ours, theirs = seen["OpenLLMetry"], seen["OpenInference"]
got = (ours["gen_ai.usage.input_tokens"], ours["gen_ai.usage.output_tokens"], ours["gen_ai.usage.total_tokens"],
       any("reason" in k or "thought" in k for k in ours), theirs["llm.token_count.prompt"],
       theirs["llm.token_count.completion"])
if got != (8000, 50, 8700, False, 8200, 500):
    sys.exit(f"changed: input, output, total, reasoning, and OpenInference's prompt and completion are {got}")
PY
