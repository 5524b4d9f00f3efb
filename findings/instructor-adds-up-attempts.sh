#!/usr/bin/env bash
# Instructor's answer to a question that took three attempts: all three as one call that never was, or only the last.
#
# Guess:   retries are added up into the usage of the answer that is returned, whatever API it came by, and its price
#          is that of the attempts.
# Seen:    three attempts of 100,000 tokens, the third of which fits the schema. By Chat Completions, the answer has
#          the id of the third and the usage of all: 300,000, and thought tokens likewise. By the Responses API, it
#          has the usage of the third alone. A calculator that knows GPT-5.4's price above 272,000 tokens takes the
#          first for one long prompt.
# Matters: for calls of $0.795 together the log of one API says $1.5675, that of the other $0.265. The hook
#          `completion:response` has every attempt as the provider billed it (seen here for Chat Completions).
# Version: instructor 1.17.0, openai 2.54.0, genai-prices 0.2.3 with the prices in its wheel; the server is a stub on
#          the loopback address.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q instructor==1.17.0 openai==2.54.0 genai-prices==0.2.3
"$dir/venv/bin/python" -W ignore - <<'PY'
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import instructor
import openai
from genai_prices import extract_usage
from pydantic import BaseModel

PROMPT, OUTPUT, THOUGHT, CACHED = 100_000, 1_000, 400, 0
asked = []


class Server(BaseHTTPRequestHandler):
    """Answers with a word where a number is asked for, twice, and then with a number."""

    def do_POST(self):
        model = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["model"]
        asked.append(self.path)
        said = '{"years": "many"}' if len(asked) < 3 else '{"years": 5}'
        answer = (by_response if self.path.endswith("responses") else by_chat)(f"a{len(asked)}", said)
        body = json.dumps({**answer, "model": model}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def by_chat(name, said):
    call = {"id": "t", "type": "function", "function": {"name": "Age", "arguments": said}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    usage = {"prompt_tokens": PROMPT, "completion_tokens": OUTPUT, "total_tokens": PROMPT + OUTPUT}
    usage["prompt_tokens_details"] = {"cached_tokens": CACHED}
    usage["completion_tokens_details"] = {"reasoning_tokens": THOUGHT}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
    return {"id": name, "object": "chat.completion", "created": 1, "choices": [choice], "usage": usage}


def by_response(name, said):
    call = {"type": "function_call", "id": "f", "call_id": "k", "name": "Age", "arguments": said, "status": "completed"}
    usage = {"input_tokens": PROMPT, "output_tokens": OUTPUT, "total_tokens": PROMPT + OUTPUT}
    usage["input_tokens_details"] = {"cached_tokens": CACHED}
    usage["output_tokens_details"] = {"reasoning_tokens": THOUGHT}
    rest = {"error": None, "incomplete_details": None, "instructions": None, "metadata": {}, "tools": []}
    rest |= {"parallel_tool_calls": True, "tool_choice": "auto", "temperature": 1, "top_p": 1}
    rest |= {"created_at": 1, "status": "completed", "output": [call], "usage": usage}
    return {"id": name, "object": "response"} | rest


class Age(BaseModel):
    years: int


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = openai.OpenAI(api_key="none", base_url=f"http://127.0.0.1:{server.server_port}/v1")
seen = {}
for flavor, mode in (("chat", instructor.Mode.TOOLS), ("responses", instructor.Mode.RESPONSES_TOOLS)):
    asked.clear()
    attempts = []
    asking = instructor.from_openai(client, mode=mode)
    asking.on("completion:response", lambda answer: attempts.append(answer.model_copy(deep=True)))
    question = [{"role": "user", "content": "How old?"}]
    _, answer = asking.chat.completions.create_with_completion(
        model="gpt-5.4", messages=question, response_model=Age, max_retries=4
    )
    usage = answer.usage.model_dump()

    def usd(one):
        found = extract_usage(one.model_dump(), provider_id="openai", api_flavor=flavor)
        return float(found.calc_price().total_price)

    thought = usage.get("completion_tokens_details", usage.get("output_tokens_details"))["reasoning_tokens"]
    taken = usage.get("prompt_tokens", usage.get("input_tokens"))
    seen[flavor] = (len(asked), answer.id, taken, thought, round(usd(answer), 6))
    print(f"{flavor:10} calls, id, input, thought, USD of the answer: {seen[flavor]}")
    if flavor == "chat":
        seen["hook"] = (len(attempts), round(sum(map(usd, attempts)), 6))
        print("           attempts seen by the hook, USD of them:", seen["hook"])
server.shutdown()
wanted = {
    "chat": (3, "a3", 300_000, 1200, 1.5675),
    "hook": (3, 0.795),
    "responses": (3, "a3", 100_000, 400, 0.265),
}
if seen != wanted:
    sys.exit(f"changed: {seen}, not {wanted}")
PY
