#!/usr/bin/env bash
# LangChain's usage of a Claude answer that wrote a cache: 0 written when called, no lifetimes when streamed.
#
# Guess:   a call and a stream of the same answer say the same usage.
# Seen:    1,000 tokens written, 600 for five minutes and 400 for an hour. Called, `cache_creation` is 0 and the
#          lifetimes are beside it; streamed, `cache_creation` is 1,000 and there are no lifetimes: the usage of
#          `message_start`, which has them, is thrown away, and `message_delta` has none (nor has its type in the
#          package anthropic 2.14.0).
# Matters: who adds up `cache_creation` misses the writes of every call; an hour's write is 1.6 times that of five
#          minutes, and of streams nobody can tell which it was. Both must be read, and those of streams billed at a
#          lifetime that is assumed.
# Version: langchain-anthropic 1.7.10, langchain-core 1.8.3, anthropic 2.14.0.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q langchain-anthropic==1.7.10 langchain-core==1.8.3 anthropic==2.14.0
cd "$dir"
"$dir/venv/bin/python" -W ignore - <<'PY'
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from anthropic.types import MessageDeltaUsage
from langchain_anthropic import ChatAnthropic

LATER = {
    "input_tokens": 12,
    "cache_creation_input_tokens": 1000,
    "cache_read_input_tokens": 5000,
    "output_tokens": 50,
}
LIFETIMES = {"ephemeral_5m_input_tokens": 600, "ephemeral_1h_input_tokens": 400}
USAGE = {**LATER, "cache_creation": LIFETIMES}
MESSAGE = {"id": "m", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "stop_sequence": None}


class Server(BaseHTTPRequestHandler):
    """Answers as Anthropic does, whole or as events."""

    def do_POST(self):
        streamed = json.loads(self.rfile.read(int(self.headers["Content-Length"]))).get("stream")
        text = {"type": "text", "text": "Hello."}
        if not streamed:
            body = json.dumps({**MESSAGE, "content": [text], "stop_reason": "end_turn", "usage": USAGE})
        else:
            begun = {**MESSAGE, "content": [], "stop_reason": None, "usage": {**USAGE, "output_tokens": 1}}
            end = {"stop_reason": "end_turn", "stop_sequence": None}
            events = [
                {"type": "message_start", "message": begun},
                {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
                {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello."}},
                {"type": "content_block_stop", "index": 0},
                {"type": "message_delta", "delta": end, "usage": LATER},
                {"type": "message_stop"},
            ]
            body = "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream" if streamed else "application/json")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
model = ChatAnthropic(model="claude-sonnet-4-5", base_url=f"http://127.0.0.1:{server.server_port}", api_key="x")

called = model.invoke("hi").usage_metadata
streamed = None
for chunk in model.stream("hi"):
    streamed = chunk if streamed is None else streamed + chunk
seen = [called["input_token_details"], streamed.usage_metadata["input_token_details"]]
for name, details in zip(("called", "streamed"), seen):
    print(name, details)
known = [{"cache_read": 5000, "cache_creation": 0, **LIFETIMES}, {"cache_read": 5000, "cache_creation": 1000}]
sys.exit(seen != known or "cache_creation" in MessageDeltaUsage.model_fields)
PY
