#!/usr/bin/env bash
# Five web searches in one answer of OpenAI: nothing, five cents or twelve and a half, by the row that a calculator has.
#
# Guess:   searches cost $10 a thousand with every model that has OpenAI's `web_search` tool, and who prices Claude's
#          searches prices OpenAI's.
# Seen:    an answer of the Responses API with 20,000 tokens of input, 500 of output and five searches, beside the same
#          without. genai-prices: no difference for any of five models, though it prices five searches of Claude
#          ($0.05). LiteLLM: $0.05 more for gpt-5.5 and gpt-5-mini, $0.125 for gpt-4.1, nothing for gpt-5.4 and gpt-4o,
#          whose rows have no price for it. Opening a page is no search by OpenAI's price list; LiteLLM prices four
#          opened pages like four searches.
# Matters: an agent that searches pays more for searches than for tokens (gpt-5-mini: $0.05 beside $0.006). A change
#          from gpt-5.4 to gpt-5.5 seems to add a cost that was there before.
# Version: litellm 1.110.2 and genai-prices 0.2.3, with the price tables in their wheels; the server is a stub on the
#          loopback address.
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
actions = []


def answer(model: str) -> dict:
    made = {"id": "r1", "object": "response", "created_at": 1, "model": model, "status": "completed", "error": None}
    made |= {"incomplete_details": None, "instructions": None, "metadata": {}, "temperature": 1, "top_p": 1}
    made |= {"parallel_tool_calls": True, "tool_choice": "auto", "tools": [{"type": "web_search"}]}
    made["output"] = [
        {"type": "web_search_call", "id": f"ws{k}", "status": "completed", "action": action}
        for k, action in enumerate(actions)
    ]
    text = {"type": "output_text", "text": "yes", "annotations": []}
    made["output"].append({"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [text]})
    made["usage"] = {"input_tokens": 20_000, "output_tokens": 500, "total_tokens": 20_500}
    made["usage"] |= {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    return made


class Server(BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps(answer(asked["model"])).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
SEARCH, OPENED = {"type": "search", "query": "prices"}, {"type": "open_page", "url": "http://127.0.0.1/"}


def price(model: str, done: list[dict]) -> tuple[float, float]:
    """Return what LiteLLM and genai-prices say of an answer [USD]."""
    actions[:] = done
    made = litellm.responses(model=f"openai/{model}", api_base=f"http://127.0.0.1:{server.server_port}/v1",
                             api_key="none", input="Is it so?", tools=[{"type": "web_search"}])
    found = extract_usage(answer(model), provider_id="openai", api_flavor="responses").calc_price()
    return made._hidden_params["response_cost"], float(found.total_price)


seen = {}
for model in ("gpt-4o", "gpt-4.1", "gpt-5-mini", "gpt-5.4", "gpt-5.5"):
    plain, five, pages = price(model, []), price(model, [SEARCH] * 5), price(model, [SEARCH] + [OPENED] * 4)
    seen[model] = (*(round(b - a, 6) for a, b in zip(plain, five, strict=True)), round(pages[0] - plain[0], 6))
    print(f"{model:11} tokens ${plain[0]:.4f}; five searches, LiteLLM and genai-prices: {seen[model][:2]}; "
          f"one and four pages, LiteLLM: {seen[model][2]}")
server.shutdown()
usage = {"input_tokens": 20_000, "output_tokens": 500, "server_tool_use": {"web_search_requests": 5}}
claude = extract_usage({"model": "claude-sonnet-4-5", "usage": usage}, provider_id="anthropic").calc_price().total_price
searched = round(float(claude) - 20_000 * 3e-6 - 500 * 15e-6, 6)
print("Claude's five searches by genai-prices:", searched)
wanted = {
    "gpt-4o": (0.0, 0.0, 0.0), "gpt-4.1": (0.125, 0.0, 0.125), "gpt-5-mini": (0.05, 0.0, 0.05),
    "gpt-5.4": (0.0, 0.0, 0.0), "gpt-5.5": (0.05, 0.0, 0.05),
}
if seen != wanted or searched != 0.05:
    sys.exit(f"changed: {seen}, {searched}")
PY
