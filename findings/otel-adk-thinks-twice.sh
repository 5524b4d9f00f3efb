#!/usr/bin/env bash
# Google's Agent Development Kit counts the thinking of OpenAI's models twice: 950 tokens of output for 500.
#
# Guess:   an agent's span says the output that the provider counted, whichever provider it was.
# Seen:    an answer of 500 tokens, 450 of them thought, 5,000 of 6,012 read from a cache. ADK keeps all usage in
#          Gemini's form, where candidates and thoughts stand side by side; its LiteLLM client puts OpenAI's 500
#          there, which contain the 450, and the span adds them: `gen_ai.usage.output_tokens` 950. The event that the
#          application sees says candidates 500, thoughts 450 and a total of 6,512, so that its own sums are off, too.
#          A stream says the same. A Claude answer without thought is right.
# Matters: the more a model thinks, the nearer to twice its output: $0.0142 for $0.0075 at $15 a million. It can be
#          told by the scope and by the model's name, which has LiteLLM's prefix; by its source ADK's own client of
#          Claude keeps thoughts apart, its own of OpenAI does not.
# Version: google-adk 2.13.0, litellm 1.110.2.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q --no-compile google-adk==2.13.0 litellm==1.110.2
cd "$dir"
LITELLM_LOCAL_MODEL_COST_MAP=True "$dir/venv/bin/python" -W ignore - <<'PY'
import asyncio
import json
import logging
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

logging.disable(logging.CRITICAL)
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

spans = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))
trace.set_tracer_provider(provider)

from google.adk.agents import LlmAgent
from google.adk.agents.run_config import RunConfig, StreamingMode
from google.adk.models.lite_llm import LiteLlm
from google.adk.runners import InMemoryRunner
from google.genai import types

OPENAI = {
    "prompt_tokens": 6012,
    "completion_tokens": 500,
    "total_tokens": 6512,
    "prompt_tokens_details": {"cached_tokens": 5000},
    "completion_tokens_details": {"reasoning_tokens": 450},
}
CLAUDE = {"input_tokens": 12, "cache_creation_input_tokens": 1000, "cache_read_input_tokens": 5000, "output_tokens": 50}


class Server(BaseHTTPRequestHandler):
    """Answers as OpenAI does, whole or as events, and as Anthropic does."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        said = {"role": "assistant", "content": "Hello."}
        if "completions" in self.path:
            answer = {"id": "c", "object": "chat.completion", "created": 1, "model": asked["model"], "usage": OPENAI}
            answer["choices"] = [{"index": 0, "message": said, "finish_reason": "stop"}]
        else:
            answer = {"id": "m", "type": "message", "role": "assistant", "model": asked["model"], "usage": CLAUDE}
            answer |= {"content": [{"type": "text", "text": "Hello."}]}
            answer |= {"stop_reason": "end_turn", "stop_sequence": None}
        body, kind = json.dumps(answer), "application/json"
        if asked.get("stream"):
            base = {**answer, "object": "chat.completion.chunk"}
            first = [{"index": 0, "delta": said, "finish_reason": "stop"}]
            chunks = [{**base, "choices": first, "usage": None}, {**base, "choices": []}]
            body = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
            kind = "text/event-stream"
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *args):
        pass


async def ask(model, mode):
    """Return the output of the span, and what the event of the answer says."""
    spans.clear()
    runner = InMemoryRunner(agent=LlmAgent(name="a", model=model, instruction="Be nice."), app_name="app")
    session = await runner.session_service.create_session(app_name="app", user_id="u")
    asked = types.Content(role="user", parts=[types.Part(text="hi")])
    run = runner.run_async(
        user_id="u", session_id=session.id, new_message=asked, run_config=RunConfig(streaming_mode=mode)
    )
    used = [event.usage_metadata async for event in run if event.usage_metadata][-1]
    name = "gen_ai.usage.output_tokens"
    span = next(s for s in spans.get_finished_spans() if name in s.attributes)
    event = (used.candidates_token_count, used.thoughts_token_count or 0, used.total_token_count)
    return span.attributes[name], event, span.instrumentation_scope.name


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
URL = f"http://127.0.0.1:{server.server_port}"
openai = {"model": "openai/gpt-5.4", "api_base": f"{URL}/v1", "api_key": "x"}
claude = {"model": "anthropic/claude-sonnet-4-5", "api_base": URL, "api_key": "x"}
cases = {
    "OpenAI": (openai, StreamingMode.NONE),
    "OpenAI, streamed": (openai, StreamingMode.SSE),
    "Claude, no thought": (claude, StreamingMode.NONE),
}
seen = {name: asyncio.run(ask(LiteLlm(**how), mode)) for name, (how, mode) in cases.items()}
for name, (output, event, scope) in seen.items():
    print(f"{name:20} span of {scope}: output {output}; event: candidates, thoughts, total {event}")
twice = (950, (500, 450, 6512), "gcp.vertex.agent")
known = {"OpenAI": twice, "OpenAI, streamed": twice, "Claude, no thought": (50, (50, 0, 6062), "gcp.vertex.agent")}
if seen != known:
    sys.exit(f"changed: {seen}")
PY
