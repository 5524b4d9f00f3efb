#!/usr/bin/env bash
# DSPy stands on LiteLLM and reads its price table, but not its arithmetic: what an answer says of its price is lost.
#
# Guess:   `lm.history[-1]["cost"]` of DSPy is what LiteLLM says of the same answer.
# Seen:    DSPy 3.4 asks Anthropic through a client of its own and multiplies by itself. Claude Opus 4.8, 5,000 tokens
#          read from a cache and 1,000 written, with LiteLLM 1.110.2 beside it: written for five minutes $0.01006 in
#          both; for an hour 0.01381 in LiteLLM; inference in the US (`inference_geo`) 0.011066; fast mode (`speed`)
#          0.02012. DSPy says 0.01006 of all four, and its `cost_details` say no more than `estimate`. Its usage has
#          neither lifetime nor place nor speed, so nobody can mend it afterwards.
# Matters: an optimizer or an agent that is stopped at a budget spends 1.1 to 2 times of it; of agents that keep
#          caches for an hour the writes are the larger part of the bill. Recompute from the provider's own answer
#          (`response.provider_data`), or its usage report.
# Version: dspy 3.4.1, litellm 1.110.2 with the price table in its wheel.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q dspy==3.4.1 litellm==1.110.2
cd "$dir"
export DSPY_CACHEDIR="$dir/cache" LITELLM_LOCAL_MODEL_COST_MAP=True LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS=True
"$dir/venv/bin/python" -W ignore - <<'PY'
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import dspy
import litellm

MODEL = "anthropic/claude-opus-4-8"
USAGE = {"input_tokens": 12, "cache_creation_input_tokens": 1000, "cache_read_input_tokens": 5000, "output_tokens": 50}
SHORT = {"ephemeral_5m_input_tokens": 1000, "ephemeral_1h_input_tokens": 0}
LONG = {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 1000}
CASES = {
    "five minutes": {"cache_creation": SHORT},
    "an hour": {"cache_creation": LONG},
    "in the US": {"cache_creation": SHORT, "inference_geo": "us"},
    "fast": {"cache_creation": SHORT, "speed": "fast"},
}
told = {}


class Server(BaseHTTPRequestHandler):
    """Answers as Anthropic does, with the usage of the case at hand."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = {"id": "m", "type": "message", "role": "assistant", "model": asked["model"], "stop_sequence": None}
        answer |= {"content": [{"type": "text", "text": "Hello."}], "stop_reason": "end_turn", "usage": USAGE | told}
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
AT = {"api_base": f"http://127.0.0.1:{server.server_port}", "api_key": "x"}
seen = {}
for name, case in CASES.items():
    told.clear()
    told.update(case)
    answer = litellm.completion(MODEL, messages=[{"role": "user", "content": "hi"}], **AT)
    lm = dspy.LM(MODEL, cache=False, **AT)
    lm("hi")
    last = lm.history[-1]
    seen[name] = (round(answer._hidden_params["response_cost"], 6), round(last["cost"], 6))
    print(f"{name:14} LiteLLM {seen[name][0]:.6f}  DSPy {seen[name][1]:.6f}  {last['cost_details']['kind']}")
said = json.dumps(last["usage"], default=str)
print("usage by DSPy:", said)
known = {"five minutes": 0.01006, "an hour": 0.01381, "in the US": 0.011066, "fast": 0.02012}
if seen != {name: (cost, 0.01006) for name, cost in known.items()} or "1h" in said or "speed" in said:
    sys.exit(f"changed: {seen}; usage {said}")
PY
