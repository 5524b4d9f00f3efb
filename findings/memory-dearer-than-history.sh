#!/usr/bin/env bash
# mem0: to remember "I like tea" a model reads 7,700 words; the whole talk, sent again each time, is cheaper for 77 turns.
#
# Guess:   a memory saves tokens: a small prompt takes a fact out of each exchange, a second one tidies up, and a few
#          facts are sent instead of the history.
# Seen:    `add` of 8 words, as it comes: one call, whose fixed instructions alone are 7,716 words and marks (it is one
#          call now, not two). Behind them stand the facts that are known and the last messages. An exchange of 100
#          tokens a turn, sent again whole at every turn, is 100 tokens at the first and 7,700 at the 77th: until there
#          the memory's call is larger than the history that it replaces, and in sum until turn 154.
# Matters: the figure that memories are sold by ("90 % fewer tokens") counts what the answering model reads. What the
#          memory's own model reads is another bill, on another line, with the same key. It pays for long lives of a
#          user, for instructions that a provider's cache has at a tenth, or where many exchanges are added at once.
# Version: mem0ai 2.2.1, openai 3.57.0, qdrant-client 1.20.0; the server is a stub on the loopback address, and a word
#          or a mark stands for a token.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q mem0ai==2.2.1 openai==3.57.0 qdrant-client==1.20.0
cd "$dir"
HOME="$dir" MEM0_TELEMETRY=False "$dir/venv/bin/python" -W ignore - <<'PY'
import json
import logging
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

logging.disable(logging.CRITICAL)
FACT = {"id": "0", "text": "Likes tea", "event": "ADD", "attributed_to": "user"}
asked = []


def tokens(text):
    return len(re.findall(r"\w+|[^\w\s]", text))


class Server(BaseHTTPRequestHandler):
    """Embeds everything alike, and takes one fact out of whatever it is sent."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.endswith("embeddings"):
            texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
            data = [{"object": "embedding", "index": n, "embedding": [0.1] * 1536} for n in range(len(texts))]
            answer = {"object": "list", "model": "e", "data": data, "usage": {"prompt_tokens": 1, "total_tokens": 1}}
        else:
            asked.append([(message["role"], tokens(message["content"])) for message in body["messages"]])
            message = {"role": "assistant", "content": json.dumps({"memory": [FACT]})}
            answer = {"id": "c", "object": "chat.completion", "created": 1, "model": "m"}
            answer |= {"choices": [{"index": 0, "finish_reason": "stop", "message": message}]}
            answer |= {"usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}
        sent = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
HOW = {"api_key": "none", "openai_base_url": f"http://127.0.0.1:{server.server_port}/v1"}

from mem0 import Memory

memory = Memory.from_config({
    "llm": {"provider": "openai", "config": {"model": "gpt-4.1-mini", **HOW}},
    "embedder": {"provider": "openai", "config": {"model": "text-embedding-3-small", **HOW}},
    "vector_store": {"provider": "qdrant", "config": {"path": "vectors", "embedding_model_dims": 1536}},
    "history_db_path": "history.db",
})
told = [{"role": "user", "content": "I like tea."}, {"role": "assistant", "content": "Good to know."}]
for _ in range(3):
    memory.add(told, user_id="someone")
for call in asked:
    print(f"one call for {sum(tokens(m['content']) for m in told)} words and marks: {call}")
sizes = [sum(size for _, size in call) for call in asked]
fixed = asked[0][0][1]
turn = next(n for n in range(1, 10**4) if 100 * n >= sizes[0])
total = next(n for n in range(1, 10**4) if sum(100 * k for k in range(1, n + 1)) >= n * sizes[0])
print(f"100 tokens a turn: the history is as long at turn {turn}, and its sum at turn {total}")
if len(asked) != 3 or asked[0][0][0] != "system" or not 7_000 < fixed < 8_500 or sizes[0] > 1.1 * fixed:
    sys.exit(f"changed: {asked}")
PY
