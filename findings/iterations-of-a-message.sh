#!/usr/bin/env bash
# One message of Claude that compacted its context, or asked an advisor: two calculators, two prices, none of them
# right.
#
# Guess:   the usage of a message is what is billed for it, and calculators that know the model have its price.
# Seen:    what a compaction and an advisor took stands in `usage.iterations` alone. genai-prices reads the sum beside
#          it: $0.084 of $0.6765 for a message whose context was compacted (180,000 tokens). LiteLLM adds up the
#          iterations, which is right there; but the tokens of an advisor, which has a model of its own (here Opus),
#          it prices as those of the model that asked (Haiku): $0.0765, where genai-prices has $0.047 and $0.1945 is
#          billed.
# Matters: compaction sets in where contexts are longest, an advisor where models are dearest: an agent's dearest
#          messages are the ones that are short by 60 to 88 %.
# Version: litellm 1.110.2 and genai-prices 0.2.3, with the prices in their wheels; anthropic 2.14.0, whose
#          `BetaUsage` says that compaction is not in the sums, and reads the message here. That of an advisor is not
#          either is in Anthropic's page on it. The server is a stub on the loopback address.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q litellm==1.110.2 genai-prices==0.2.3 anthropic==2.14.0
LITELLM_LOCAL_MODEL_COST_MAP=True "$dir/venv/bin/python" -W ignore - <<'PY'
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import litellm
from anthropic.types.beta import BetaMessage
from genai_prices import extract_usage


def step(kind, tokens, output, **more):
    """Return an iteration without any cache."""
    return {"type": kind, "input_tokens": tokens, "output_tokens": output, "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0, **more}


MESSAGES = {
    "compacted": ("claude-sonnet-4-5", (step("compaction", 180_000, 3_500), step("message", 23_000, 1_000))),
    "advised": ("claude-haiku-4-5", (
        step("message", 20_000, 400), step("advisor_message", 20_500, 1_800, model="claude-opus-4-6"),
        step("message", 21_000, 800))),
}


def message(name):
    """Return an answer of the API; its sums are those of the iterations called `message`."""
    model, steps = MESSAGES[name]
    usage = {"cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "iterations": list(steps)}
    for key in ("input_tokens", "output_tokens"):
        usage[key] = sum(one[key] for one in steps if one["type"] == "message")
    content = [{"type": "text", "text": "Done."}]
    return {"id": f"msg_{name}", "type": "message", "role": "assistant", "model": model, "content": content,
            "stop_reason": "end_turn", "stop_sequence": None, "usage": usage}


class Server(BaseHTTPRequestHandler):
    """Answers with the message of the model that is asked."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["model"]
        body = json.dumps(message(next(name for name, (model, _) in MESSAGES.items() if model == asked))).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def by_genai(answer):
    """Return what genai-prices makes of an answer."""
    return float(extract_usage(answer, provider_id="anthropic").calc_price().total_price)


def by_litellm(model):
    """Return what LiteLLM makes of a call."""
    answer = litellm.completion(model=f"anthropic/{model}", messages=[{"role": "user", "content": "Go on."}],
                                api_key="none", api_base=f"http://127.0.0.1:{server.server_port}")
    return litellm.completion_cost(answer)


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
seen = {}
for name, (model, steps) in MESSAGES.items():
    read = BetaMessage.model_validate(message(name)).usage.iterations
    whole = sum(by_genai({"model": one.get("model", model), "usage": {
        key: one[key] for key in one if key.endswith("_tokens")}}) for one in steps)
    seen[name] = (len(read), *(round(usd, 4) for usd in (by_genai(message(name)), by_litellm(model), whole)))
    print(f"{name}: genai-prices ${seen[name][1]}, LiteLLM ${seen[name][2]}; "
          f"each iteration at its model's price ${seen[name][3]}")
server.shutdown()
if seen != {"compacted": (2, 0.084, 0.6765, 0.6765), "advised": (3, 0.047, 0.0765, 0.1945)}:
    sys.exit(f"changed: {seen}")
PY
