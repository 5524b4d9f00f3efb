#!/usr/bin/env bash
# One message, one instrumentation project, two clouds: cached tokens are inside the input, or beside it, or gone.
#
# Guess:   gen_ai.usage.input_tokens of OpenLLMetry includes cached tokens, as the conventions ask, wherever it is run.
# Seen:    Claude with 5,000 fresh, 3,000 read and 200 written tokens of input:
#            Anthropic's SDK         8,200  read 3,000  written 200   (inside)
#            Bedrock, Converse       5,000  read 3,000  written 200   (beside)
#            Bedrock, InvokeModel    5,000  and no word of a cache    (gone)
#          total_tokens is input + output as printed each time, so that it does not tell which is meant.
# Matters: subtracting the cache from Bedrock's input bills 1,800 fresh tokens of 5,000; adding it to Anthropic's bills
#          8,200. What decides is the scope's name, opentelemetry.instrumentation.bedrock, not a number.
# Version: opentelemetry-instrumentation-bedrock and -anthropic 0.62.4, boto3 1.44.8, anthropic 2.14.0; stub server.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q opentelemetry-instrumentation-bedrock==0.62.4 \
  opentelemetry-instrumentation-anthropic==0.62.4 opentelemetry-sdk==1.45.2 boto3==1.44.8 anthropic==2.14.0
"$dir/venv/bin/python" -W ignore - <<'PY'
import json
import logging
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

logging.disable(logging.CRITICAL)
import anthropic
import boto3
from opentelemetry.instrumentation.anthropic import AnthropicInstrumentor
from opentelemetry.instrumentation.bedrock import BedrockInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

MODEL, ASK = "claude-sonnet-4-6", [{"role": "user", "content": "is it?"}]
MESSAGE = {"id": "m", "type": "message", "role": "assistant", "model": MODEL, "stop_reason": "end_turn",
           "stop_sequence": None, "content": [{"type": "text", "text": "yes"}],
           "usage": {"input_tokens": 5000, "cache_read_input_tokens": 3000, "cache_creation_input_tokens": 200,
                     "output_tokens": 50}}
CONVERSE = {"output": {"message": {"role": "assistant", "content": [{"text": "yes"}]}}, "stopReason": "end_turn",
            "metrics": {"latencyMs": 5}, "usage": {"inputTokens": 5000, "outputTokens": 50, "totalTokens": 8250,
                                                   "cacheReadInputTokens": 3000, "cacheWriteInputTokens": 200}}


class Server(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        body = json.dumps(CONVERSE if self.path.endswith("converse") else MESSAGE).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}"


def direct() -> None:
    anthropic.Anthropic(api_key="none", base_url=url).messages.create(model=MODEL, max_tokens=9, messages=ASK)


def bedrock() -> object:
    return boto3.client("bedrock-runtime", region_name="us-east-1", endpoint_url=url, aws_access_key_id="none",
                        aws_secret_access_key="none")


def converse() -> None:
    bedrock().converse(modelId=f"us.anthropic.{MODEL}", messages=[{"role": "user", "content": [{"text": "is it?"}]}])


def invoke() -> None:
    body = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": ASK}
    bedrock().invoke_model(modelId=f"us.anthropic.{MODEL}", body=json.dumps(body))["body"].read()


NAMES = ("input_tokens", "cache_read.input_tokens", "cache_creation.input_tokens", "total_tokens")
seen = {}
for name, by, call in (("anthropic", AnthropicInstrumentor, direct), ("converse", BedrockInstrumentor, converse),
                       ("invoke_model", BedrockInstrumentor, invoke)):
    spans, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    by().instrument(tracer_provider=provider)
    call()
    by().uninstrument()
    span = spans.get_finished_spans()[0]
    seen[name] = tuple(span.attributes.get(f"gen_ai.usage.{n}") for n in NAMES)
    print(f"{name:14}{span.instrumentation_scope.name:44} input, read, written, total = {seen[name]}")
server.shutdown()
wanted = {"anthropic": (8200, 3000, 200, 8250), "converse": (5000, 3000, 200, 5050),
          "invoke_model": (5000, None, None, 5050)}
if seen != wanted:
    sys.exit(f"changed: {seen}, not {wanted}")
PY
