"""A server of the OpenAI protocol whose times are known: a first token, then one each while.

python tests/mock_server.py PORT

`/times` says what it did by its own clock since it was asked last: for each request when its body
had come, when the first token was handed to the socket, and when the last one was.
"""

from __future__ import annotations

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TTFT_S, TPOT_S = 0.2, 0.02
MODEL = "mock/llama-3.1-8b"
TIMES: list[tuple[float, float, float]] = []
"""Arrival, first token and end of each request by the clock of the wall [s]."""


class Answer(BaseHTTPRequestHandler):
    """Streams as many tokens as it is asked for, at fixed times after the request."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Say which models there are."""
        if self.path == "/times":
            self._whole({"times": [TIMES.pop(0) for _ in range(len(TIMES))]})
            return
        self._whole({"object": "list", "data": [{"id": MODEL, "object": "model"}]})

    def do_POST(self) -> None:
        """Answer a chat."""
        start, arrived = time.monotonic(), time.time()
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        count = int(asked.get("max_completion_tokens") or asked.get("max_tokens") or 16)
        prompt = sum(len(_text(m).split()) for m in asked.get("messages", []))
        usage = {
            "prompt_tokens": prompt,
            "completion_tokens": count,
            "total_tokens": prompt + count,
        }
        base = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": MODEL}
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        first = said = arrived
        for i in range(count):
            time.sleep(max(start + TTFT_S + TPOT_S * i - time.monotonic(), 0.0))
            delta = {"content": f"w{i % 1000 + 1} ", **({"role": "assistant"} if i == 0 else {})}
            ended = "length" if i == count - 1 else None
            self._event({**base, "choices": [{"index": 0, "delta": delta, "finish_reason": ended}]})
            said = time.time()
            first = said if i == 0 else first
        TIMES.append((arrived, first, said))
        self._event({**base, "choices": [], "usage": usage})
        self._chunk(b"data: [DONE]\n\n")
        self._chunk(b"")

    def _event(self, data: dict[str, Any]) -> None:
        self._chunk(f"data: {json.dumps(data)}\n\n".encode())

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _whole(self, data: dict[str, Any]) -> None:
        body = json.dumps(data).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _text(message: dict[str, Any]) -> str:
    said = message.get("content") or ""
    return said if isinstance(said, str) else " ".join(part.get("text", "") for part in said)


class Server(ThreadingHTTPServer):
    """Takes many connections at once."""

    daemon_threads = True
    request_queue_size = 256


if __name__ == "__main__":
    Server(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
