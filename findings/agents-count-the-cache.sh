#!/usr/bin/env bash
# One field of an agent's usage means two things: with OpenAI the cache is inside the input, with Claude it is beside
# it, or gone.
#
# Guess:   a framework that talks to several providers brings their usage to one meaning.
# Seen:    a call that read 5,000 tokens from the cache of 6,012. agno says `input_tokens` 6,012 of OpenAI, and of
#          Claude 12, with a `total_tokens` of 62. Strands says `inputTokens` 6,012 and 12, and in the same record of
#          Claude a `totalTokens` of 6,062: its three figures do not add up. AutoGen says `prompt_tokens` 6,012 and 12
#          and has no other field: of Claude the cache leaves no trace. (langchain-anthropic 1.7.10, pydantic-ai
#          2.68.0, Haystack's 8.0.1, Mirascope 2.8.2 and any-llm 1.40.2 say 6,012 of the same answer.)
# Matters: "input + cached" counts OpenAI's cache twice, "input" alone leaves Claude's out: at Sonnet 4.5's prices the
#          call costs $0.0069, and $0.0008 by 12 tokens. A column map is right for one provider of such a log only.
# Version: agno 3.1.10, strands-agents 1.62.0, autogen-ext 0.7.5; anthropic 0.86.0 and openai 2.30.0 under them.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q agno==3.1.10 strands-agents==1.62.0 'autogen-ext[anthropic,openai]==0.7.5' \
  autogen-core==0.7.5 tiktoken==0.14.0 anthropic==0.86.0 openai==2.30.0
cd "$dir"
"$dir/venv/bin/python" -W ignore - <<'PY'
import asyncio
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CLAUDE = {"input_tokens": 12, "cache_creation_input_tokens": 1000, "cache_read_input_tokens": 5000, "output_tokens": 50}
OPENAI = {
    "prompt_tokens": 6012,
    "completion_tokens": 50,
    "total_tokens": 6062,
    "prompt_tokens_details": {"cached_tokens": 5000},
}


class Server(BaseHTTPRequestHandler):
    """Answers as the two providers do, each with its own usage of the same call."""

    def do_POST(self):
        model = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["model"]
        if "completions" in self.path:
            message = {"role": "assistant", "content": "Hello."}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            answer = {"id": "c", "object": "chat.completion", "created": 1, "choices": [choice], "usage": OPENAI}
        else:
            text = [{"type": "text", "text": "Hello."}]
            answer = {"id": "m", "type": "message", "role": "assistant", "content": text, "usage": CLAUDE}
            answer |= {"stop_reason": "end_turn", "stop_sequence": None}
        events = stream({**answer, "model": model}) if "strands" in self.headers.get("X-Who", "") else None
        body = events or json.dumps({**answer, "model": model}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream" if events else "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def stream(answer):
    """The same answer as server-sent events."""
    if "choices" in answer:
        base = {**answer, "object": "chat.completion.chunk"}
        delta = {"index": 0, "delta": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}
        chunks = [{**base, "choices": [delta], "usage": None}, {**base, "choices": []}]
        return "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks).encode() + b"data: [DONE]\n\n"
    begun = {**answer, "content": [], "stop_reason": None}
    events = [
        {"type": "message_start", "message": begun},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello."}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": CLAUDE},
        {"type": "message_stop"},
    ]
    return "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events).encode()


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
URL = f"http://127.0.0.1:{server.server_port}"


def by_agno():
    from agno.agent import Agent
    from agno.models.anthropic import Claude
    from agno.models.openai import OpenAIChat

    claude = Claude(id="claude-sonnet-4-5", api_key="x", client_params={"base_url": URL})
    for model in (OpenAIChat(id="gpt-4.1", api_key="x", base_url=URL), claude):
        used = Agent(model=model, telemetry=False).run("hi").metrics
        yield used.input_tokens, used.total_tokens


def by_strands():
    from strands import Agent
    from strands.models.anthropic import AnthropicModel
    from strands.models.openai import OpenAIModel

    args = {"api_key": "x", "base_url": URL, "default_headers": {"X-Who": "strands"}}
    claude = AnthropicModel(client_args=args, model_id="claude-sonnet-4-5", max_tokens=100)
    for model in (OpenAIModel(client_args=args, model_id="gpt-4.1"), claude):
        used = Agent(model=model, callback_handler=None)("hi").metrics.accumulated_usage
        yield used["inputTokens"], used["totalTokens"]


async def by_autogen():
    from autogen_core.models import UserMessage
    from autogen_ext.models.anthropic import AnthropicChatCompletionClient
    from autogen_ext.models.openai import OpenAIChatCompletionClient

    ask = [UserMessage(content="hi", source="user")]
    claude = AnthropicChatCompletionClient(model="claude-sonnet-4-20250514", api_key="x", base_url=URL)
    seen = []
    for client in (OpenAIChatCompletionClient(model="gpt-4.1", api_key="x", base_url=URL), claude):
        used = (await client.create(ask)).usage
        seen.append((used.prompt_tokens, sorted(vars(used))))
    return seen


seen = {"agno": list(by_agno()), "strands": list(by_strands()), "autogen": asyncio.run(by_autogen())}
for name, pair in seen.items():
    print(name, *pair)
fields = ["completion_tokens", "prompt_tokens"]
known = {
    "agno": [(6012, 6062), (12, 62)],
    "strands": [(6012, 6062), (12, 6062)],
    "autogen": [(6012, fields), (12, fields)],
}
sys.exit(seen != known)
PY
