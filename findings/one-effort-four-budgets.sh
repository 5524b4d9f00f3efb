#!/usr/bin/env bash
# `reasoning_effort="medium"` for Claude is a thinking budget of 2,048, 7,168, 8,192 or 10,000 tokens: it depends on
# the library that passes it on.
#
# Guess:   a word that four libraries take for every model means the same in all; and `max_tokens` is the most that an
#          answer is billed.
# Seen:    Claude Haiku 4.5, which takes a budget in tokens (minimal, low, medium, high). LiteLLM 1,024, 1,024, 2,048,
#          4,096; any-llm 1,024, 2,048, 7,168, 7,168; DSPy 1,024, 2,048, 8,192, 16,384; pydantic-ai (`thinking`) 1,024,
#          2,048, 10,000, 16,384. LiteLLM's `high` is less than half of pydantic-ai's `medium`, and any-llm's `medium`
#          and `high` are one, for they are cut by its own `max_tokens` of 8,192. Told `max_tokens=600` at `high`,
#          DSPy sends 16,984: the budget and 600. LiteLLM and pydantic-ai send 600 beside a larger budget, which the
#          provider refuses; any-llm refuses by itself. Claude Opus 4.8 has efforts of its own, and all four pass
#          on `high`.
# Matters: thought is billed as output. Ten thousand tokens at $5 a million are five cents a call, two thousand one:
#          a change of library, with the same word in the settings, is a change of price by five, and a cap of output
#          is exceeded 28 times.
# Version: litellm 1.110.2, any-llm-sdk 1.40.2, dspy 3.4.1, pydantic-ai-slim 2.68.0, anthropic 0.125.0 and 2.15.0; the
#          server is a stub on the loopback address that refuses nothing.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/one"
python3 -m venv "$dir/two"
"$dir/one/bin/pip" install -q dspy==3.4.1 litellm==1.110.2 'any-llm-sdk[anthropic]==1.40.2' anthropic==0.125.0
"$dir/two/bin/pip" install -q 'pydantic-ai-slim[anthropic]==2.68.0' anthropic==2.15.0
cat >"$dir/ask.py" <<'PY'
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sent = []
BUDGETS = {
    "litellm": [1024, 1024, 2048, 4096],
    "anyllm": [1024, 2048, 7168, 7168],
    "dspy": [1024, 2048, 8192, 16_384],
    "pydantic_ai": [1024, 2048, 10_000, 16_384],
}
CAPPED = {"litellm": (4096, 600), "anyllm": None, "dspy": (16_384, 16_984), "pydantic_ai": (16_384, 600)}


class Server(BaseHTTPRequestHandler):
    def do_POST(self):
        sent.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        answer = {"id": f"msg_{len(sent)}", "type": "message", "role": "assistant", "model": sent[-1]["model"]}
        answer |= {"content": [{"type": "text", "text": "yes"}], "stop_reason": "end_turn", "stop_sequence": None}
        answer["usage"] = {"input_tokens": 10, "output_tokens": 5}
        streamed = sent[-1].get("stream", False)
        body = "".join(events(answer)).encode() if streamed else json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream" if streamed else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def events(answer):
    said = {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": answer["usage"]}
    for event in (
        {"type": "message_start", "message": answer | {"content": [], "stop_reason": None}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "yes"}},
        {"type": "content_block_stop", "index": 0},
        said,
        {"type": "message_stop"},
    ):
        yield f"event: {event['type']}\ndata: {json.dumps(event)}\n\n"


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
URL = f"http://127.0.0.1:{server.server_port}"
ASK = [{"role": "user", "content": "Is it so?"}]


def litellm(model, effort, **cap):
    import litellm

    litellm.suppress_debug_info = True
    litellm.completion(
        model=f"anthropic/{model}", api_base=URL, api_key="none", messages=ASK, reasoning_effort=effort, **cap)


def anyllm(model, effort, **cap):
    from any_llm import completion

    completion(model=f"anthropic:{model}", api_base=URL, api_key="none", messages=ASK, reasoning_effort=effort, **cap)


def dspy(model, effort, **cap):
    import dspy

    dspy.LM(f"anthropic/{model}", api_base=URL, api_key="none", cache=False, reasoning_effort=effort, **cap)("Is it so?")


def pydantic_ai(model, effort, **cap):
    from pydantic_ai import Agent
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.providers.anthropic import AnthropicProvider

    known = AnthropicModel(model, provider=AnthropicProvider(base_url=URL, api_key="none"))
    Agent(known, model_settings={"thinking": effort} | cap).run_sync("Is it so?")


def request(library, model, effort, **cap):
    sent.clear()
    try:
        globals()[library](model, effort, **cap)
    except Exception as error:  # each library has its own
        if sent:
            raise
        return type(error).__name__
    return sent[-1]


for library in sys.argv[1:]:
    said = [request(library, "claude-haiku-4-5", e)["thinking"] for e in ("minimal", "low", "medium", "high")]
    budgets = [one["budget_tokens"] for one in said]
    capped = request(library, "claude-haiku-4-5", "high", max_tokens=600)
    if not isinstance(capped, str):
        capped = (capped["thinking"]["budget_tokens"], capped["max_tokens"])
    own = request(library, "claude-opus-4-8", "high").get("output_config", {}).get("effort")
    print(f"{library:12} budgets {budgets}; high with max_tokens=600: {capped}; Opus 4.8: {own}")
    if budgets != BUDGETS[library] or (capped if isinstance(capped, tuple) else None) != CAPPED[library] or own != "high":
        sys.exit("changed: budgets, the cap or the effort")
PY
cd "$dir"
export LITELLM_LOCAL_MODEL_COST_MAP=True HOME=$dir
one/bin/python -W ignore ask.py litellm anyllm dspy
two/bin/python -W ignore ask.py pydantic_ai
