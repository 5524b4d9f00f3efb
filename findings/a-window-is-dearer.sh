#!/usr/bin/env bash
# A chat that keeps its last 40 messages costs three times the one that keeps them all.
#
# Guess:   a sliding window bounds what a long chat costs: fewer tokens are sent, so it is cheaper from turn 21 on.
# Seen:    Strands keeps 40 messages unless told otherwise. Each turn here has 400 words of question and of answer, after
#          1,000 of instructions. Up to turn 21 each request begins with the whole one before, 95 % of it. From then on
#          the two oldest messages go at every turn, and nothing but the instructions is in common: 6 %. With what is
#          in common at a tenth of the price, as a provider's prefix cache has it, 50 turns cost 3.6 times what they
#          cost with the whole history (`NullConversationManager`), 100 turns 2.8, 120 still 2.5.
# Matters: windows, "last k" buffers and trimmers by tokens are there to save money. They cut at the front, and a prefix
#          cache is lost with the first message; one large cut now and then keeps it, and is cheaper than both.
# Version: strands-agents 1.62.0, openai 2.54.0; the server is a stub on the loopback address; a word stands for a token,
#          and the price is the common prefix of two requests' messages at 0.1, the rest at 1.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q strands-agents==1.62.0 openai==2.54.0
cd "$dir"
"$dir/venv/bin/python" -W ignore - <<'PY'
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from strands import Agent
from strands.agent.conversation_manager import NullConversationManager
from strands.models.openai import OpenAIModel

TURNS, WORDS, HEAD, CACHED = 120, 400, 1000, 0.1
sent = []


class Server(BaseHTTPRequestHandler):
    """Streams an answer of 400 words, which no other answer has."""

    def do_POST(self):
        sent.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["messages"])
        base = {"id": f"a{len(sent)}", "object": "chat.completion.chunk", "created": 1, "model": "gpt-5.4"}
        delta = {"role": "assistant", "content": f"a{len(sent)} " * WORDS}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        lines = [
            base | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
            base | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
            base | {"choices": [], "usage": usage},
        ]
        body = ("".join(f"data: {json.dumps(line)}\n\n" for line in lines) + "data: [DONE]\n\n").encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()


def words(messages) -> list[str]:
    text = ((part["text"] for part in m["content"]) if isinstance(m["content"], list) else [m["content"]] for m in messages)
    return [word for parts in text for part in parts for word in part.split()]


def chat(**how) -> dict[int, tuple[int, float, float]]:
    """Return messages, share in common with the request before, and price so far, by turn."""
    sent.clear()
    model = OpenAIModel(client_args={"base_url": f"http://127.0.0.1:{server.server_port}/v1", "api_key": "none"},
                        model_id="gpt-5.4")
    agent = Agent(model=model, system_prompt="rule " * HEAD, callback_handler=None, **how)
    before, price, result = [], 0.0, {}
    for turn in range(1, TURNS + 1):
        agent(f"q{turn} " * WORDS)
        now = words(sent[-1])
        common = len(os.path.commonprefix([before, now]))
        price += len(now) - common + CACHED * common
        before, result[turn] = now, (len(sent[-1]), round(common / len(now), 2), price)
    return result


window, whole = chat(), chat(conversation_manager=NullConversationManager())
server.shutdown()
print("turn  messages  in common  price   without the window  times")
seen = {}
for turn in (20, 21, 30, 50, 100, TURNS):
    times = round(window[turn][2] / whole[turn][2], 2)
    seen[turn] = (*window[turn][:2], whole[turn][1], times)
    print(f"{turn:4} {window[turn][0]:8} {window[turn][1]:10} {window[turn][2]:10.0f} {whole[turn][2]:14.0f} {times:11}")
WANTED = {
    20: (40, 0.95, 0.95, 1.0), 21: (42, 0.95, 0.95, 1.0), 30: (42, 0.06, 0.97, 3.01),
    50: (42, 0.06, 0.98, 3.63), 100: (42, 0.06, 0.99, 2.77), 120: (42, 0.06, 0.99, 2.47),
}
if seen != WANTED:
    sys.exit(f"changed: {seen}")
PY
