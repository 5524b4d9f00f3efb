#!/usr/bin/env bash
# OpenRouter with a key of one's own: LiteLLM books the fee, a twentieth of what the call costs.
#
# Guess:   a provider that states the cost of an answer is the best source there is; LiteLLM takes it, and its spend is
#          what was paid.
# Seen:    with the provider's own key an answer of OpenRouter says `cost` 0.01575 (its fee of 5 %), `is_byok` true and
#          `cost_details.upstream_inference_cost` 0.315, which the provider bills. LiteLLM's `response_cost` and
#          `completion_cost` are 0.01575. The same call without a key of one's own is 0.315 in both. genai-prices counts
#          tokens and says 0.315 each time. Billed are 0.33075.
# Matters: a team that moves to its own keys sees its spend fall by 95 %; budgets and rate limits by spend, which act
#          on that figure, let through twenty times of it.
# Version: litellm 1.110.2 and genai-prices 0.2.3, with the price tables in their wheels; the server is a stub on the
#          loopback address. The fee of 5 % is that of OpenRouter's documentation (beyond a monthly number of requests).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q litellm==1.110.2 genai-prices==0.2.3
cd "$dir"
LITELLM_LOCAL_MODEL_COST_MAP=True "$dir/venv/bin/python" -W ignore - <<'PY'
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import litellm
from genai_prices import extract_usage

litellm.suppress_debug_info = True
UPSTREAM, FEE = 0.315, 0.01575
said = {}


class Server(BaseHTTPRequestHandler):
    """Answers for 100,000 tokens of input and 1,000 of output, with the costs that `said` has."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        answer["usage"] = {"prompt_tokens": 100_000, "completion_tokens": 1000, "total_tokens": 101_000} | said
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


message = {"role": "assistant", "content": "yes"}
choice = {"index": 0, "finish_reason": "stop", "native_finish_reason": "end_turn", "message": message}
answer = {"id": "gen-1", "object": "chat.completion", "created": 1, "provider": "Anthropic", "choices": [choice]}
answer["model"] = "anthropic/claude-sonnet-4.5"
server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
seen = {}
for name, costs in {
    "own key": {"cost": FEE, "is_byok": True, "cost_details": {"upstream_inference_cost": UPSTREAM}},
    "credits": {"cost": UPSTREAM, "is_byok": False, "cost_details": {"upstream_inference_cost": None}},
}.items():
    said.clear()
    said.update(costs)
    made = litellm.completion(
        model="openrouter/anthropic/claude-sonnet-4.5",
        api_base=f"http://127.0.0.1:{server.server_port}/api/v1",
        api_key="none",
        messages=[{"role": "user", "content": "Is it so?"}],
    )
    tokens = extract_usage(answer, provider_id="openrouter", api_flavor="chat").calc_price()
    seen[name] = (made._hidden_params["response_cost"], litellm.completion_cost(made), float(tokens.total_price))
    print(f"{name}: USD by response_cost, by completion_cost, by genai-prices: {seen[name]}")
server.shutdown()
print(f"billed with an own key: {UPSTREAM + FEE:.5f}")
seen = {name: tuple(round(one, 6) for one in figures) for name, figures in seen.items()}
if seen != {"own key": (FEE, FEE, UPSTREAM), "credits": (UPSTREAM, UPSTREAM, UPSTREAM)}:
    sys.exit(f"changed: {seen}")
PY
