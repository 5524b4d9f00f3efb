#!/usr/bin/env bash
# Cohere's answer has two counts of tokens, and libraries take either: one call is $0.00433 or $0.00053.
#
# Guess:   `billed_units` are what is billed, and whoever knows Cohere's answers takes them; two parts of one house agree.
# Seen:    an answer with `billed_units` 12 and 50 and `tokens` 1,512 and 55 (with the template and what the provider
#          puts around a question). LiteLLM, LangChain and pydantic-ai say 1,512 and 55, Haystack 12 and 50. pydantic-ai
#          prices by genai-prices: $0.00433, 8.2 times what genai-prices itself says of the same answer, $0.00053.
#          LiteLLM says $0.00433, too.
# Matters: short questions are the usual ones, and what is around them is the same each time: by the larger count a
#          classifier's bill is eight times too high, by the smaller one a server of one's own is sized for a
#          hundredth of the tokens that it reads.
# Version: litellm 1.110.2, genai-prices 0.2.3, pydantic-ai-slim 2.68.0, cohere-haystack 11.0.0 on cohere 7.3.1;
#          langchain-cohere 0.6.0 on cohere 5.21.1; the server is a stub on the loopback address.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/one"
python3 -m venv "$dir/two"
"$dir/one/bin/pip" install -q litellm==1.110.2 genai-prices==0.2.3 'pydantic-ai-slim[cohere]==2.68.0' \
  cohere-haystack==11.0.0 haystack-ai==3.4.1 cohere==7.3.1
"$dir/two/bin/pip" install -q langchain-cohere==0.6.0 cohere==5.21.1
cat >"$dir/ask.py" <<'PY'
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MODEL = "command-a-03-2025"
SAID = {"id": "c1", "finish_reason": "COMPLETE"}
SAID["message"] = {"role": "assistant", "content": [{"type": "text", "text": "yes"}]}
SAID["usage"] = {"billed_units": {"input_tokens": 12, "output_tokens": 50}}
SAID["usage"]["tokens"] = {"input_tokens": 1512, "output_tokens": 55}
WANTED = {
    "litellm": (1512, 55, 0.00433),
    "genai_prices": (12, 50, 0.00053),
    "pydantic_ai": (1512, 55, 0.00433),
    "haystack": (12, 50, None),
    "langchain": (1512, 55, None),
}


class Server(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps(SAID).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
URL = f"http://127.0.0.1:{server.server_port}"


def litellm():
    import litellm

    litellm.suppress_debug_info = True
    ask = [{"role": "user", "content": "Is it so?"}]
    made = litellm.completion(model=f"cohere_chat/{MODEL}", api_base=f"{URL}/v2/chat", api_key="none", messages=ask)
    return made.usage.prompt_tokens, made.usage.completion_tokens, made._hidden_params["response_cost"]


def genai_prices():
    from genai_prices import extract_usage

    found = extract_usage(SAID | {"model": MODEL}, provider_id="cohere")
    return found.usage.input_tokens, found.usage.output_tokens, found.calc_price().total_price


def pydantic_ai():
    import cohere
    from pydantic_ai import Agent
    from pydantic_ai.models.cohere import CohereModel
    from pydantic_ai.providers.cohere import CohereProvider

    client = cohere.AsyncClientV2("none", base_url=URL)
    run = Agent(CohereModel(MODEL, provider=CohereProvider(cohere_client=client))).run_sync("Is it so?")
    usage = run.usage() if callable(run.usage) else run.usage
    return usage.input_tokens, usage.output_tokens, usage.cost


def haystack():
    from haystack.dataclasses import ChatMessage
    from haystack.utils import Secret
    from haystack_integrations.components.generators.cohere import CohereChatGenerator

    chat = CohereChatGenerator(api_key=Secret.from_token("none"), model=MODEL, api_base_url=URL)
    usage = chat.run([ChatMessage.from_user("Is it so?")])["replies"][0].meta["usage"]
    return usage["prompt_tokens"], usage["completion_tokens"], None


def langchain():
    from langchain_cohere import ChatCohere

    usage = ChatCohere(model=MODEL, base_url=URL, cohere_api_key="none").invoke("Is it so?").usage_metadata
    return usage["input_tokens"], usage["output_tokens"], None


for library in sys.argv[1:]:
    taken, made, usd = globals()[library]()
    seen = (int(taken), int(made), None if usd is None else round(float(usd), 6))
    print(f"{library:13} input, output, USD: {seen}")
    if seen != WANTED[library]:
        sys.exit(f"changed: {library} {seen}, not {WANTED[library]}")
PY
cd "$dir"
export LITELLM_LOCAL_MODEL_COST_MAP=True HAYSTACK_TELEMETRY_ENABLED=False
one/bin/python -W ignore ask.py litellm genai_prices pydantic_ai haystack
two/bin/python -W ignore ask.py langchain
