#!/usr/bin/env bash
# A stream whose provider tells no usage is counted by LiteLLM: tools are not, and an image is gpt-4o's whatever the
# model.
#
# Guess:   its own count of such a request is that of its `token_counter`, by the model's own rules.
# Seen:    what its logs and callbacks get is text and images alone. "hello" with twenty tools is 8 tokens, where
#          `token_counter(tools=...)` says 725 (gpt-4o) or 866 (Claude). A picture of 1024 x 1024 is 765 for gpt-4o,
#          gpt-4o-mini and Claude alike: OpenAI bills 25,501 for it on gpt-4o-mini (2,833 and 5,667 a tile), and
#          Anthropic about 1,400 (width x height / 750).
# Matters: servers of open models send no usage in a stream unless asked, and agents send tools with every turn: the
#          input of such rows, and spend by it, is short by most of what was sent.
# Version: litellm 1.110.2.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q litellm==1.110.2 pillow==12.0.0
cd "$dir"
LITELLM_LOCAL_MODEL_COST_MAP=True "$dir/venv/bin/python" - <<'PY'
import base64
import io
import json
import sys
import threading
import time
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

warnings.filterwarnings("ignore")
import litellm
from PIL import Image


class Server(BaseHTTPRequestHandler):
    """Streams an answer as OpenAI does, without usage."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for delta, end in (({"role": "assistant", "content": "Hello there."}, None), ({}, "stop")):
            choice = {"index": 0, "delta": delta, "finish_reason": end}
            chunk = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
logged = []


def keep(kwargs, response, start, end):
    if told := kwargs.get("standard_logging_object"):
        logged.append(told["prompt_tokens"])


litellm.success_callback = [keep]
png = io.BytesIO()
Image.new("RGB", (1024, 1024)).save(png, "PNG")
url = "data:image/png;base64," + base64.b64encode(png.getvalue()).decode()
hello = {"type": "text", "text": "hello"}
plain = [{"role": "user", "content": [hello]}]
picture = [{"role": "user", "content": [hello, {"type": "image_url", "image_url": {"url": url}}]}]
tools = [{"type": "function", "function": {
    "name": f"f{n}", "description": "Looks up a thing in the store of things by its name and by its day.",
    "parameters": {"type": "object", "required": ["name"],
                   "properties": {"name": {"type": "string", "description": "the name"}}}}} for n in range(20)]


def counted(model, messages, **said):
    before = len(logged)
    for _ in litellm.completion(model=f"openai/{model}", messages=messages, stream=True, api_key="none",
                                api_base=f"http://127.0.0.1:{server.server_port}/v1", **said):
        pass
    until = time.monotonic() + 30
    while len(logged) == before and time.monotonic() < until:
        time.sleep(0.05)
    return logged[-1]


for model, whole in (("gpt-4o", 725), ("gpt-4o-mini", 725), ("claude-sonnet-4-5", 866)):
    text, image, called = counted(model, plain), counted(model, picture), counted(model, plain, tools=tools)
    own = litellm.token_counter(model=model, messages=plain, tools=tools)
    print(f"{model}: text {text}; with an image {image}; with 20 tools {called}, by token_counter {own}")
    if (text, image - text, called, own) != (8, 765, 8, whole):
        sys.exit("changed: streams without usage are counted in another way")
PY
