#!/usr/bin/env bash
# Pydantic AI: ten helpers share one usage and one limit of 12,000 tokens; all ten are sent, and 52,100 are billed.
#
# Guess:   what shares a usage (`usage=ctx.usage`, as delegation is written) stays within its limits but for the one
#          call that crosses them; the error says what was used.
# Seen:    one answer of the model asks for ten helpers of 5,000 tokens each. They run side by side, each looks at the
#          shared usage before any has been answered, and all ten are sent: 11 requests where `request_limit` is 4,
#          52,100 tokens where `total_tokens_limit` is 12,000. With a tool that runs one at a time (`sequential=True`)
#          the same limits stop it after 3 helpers.
# Matters: limits are the brake of such agents, and fan-out is what they brake. The overshoot is the width of the
#          fan-out times a call: 4.3 times the limit here.
# Version: pydantic-ai-slim 2.68.0, openai 3.57.0; the server is a stub on the loopback address.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q 'pydantic-ai-slim[openai]==2.68.0' openai==3.57.0
cd "$dir"
"$dir/venv/bin/python" -W ignore - <<'PY'
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pydantic_ai import Agent, RunContext, UsageLimitExceeded, UsageLimits
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

HELPERS = 10
sent = []
side_by_side, all_in = True, threading.Barrier(HELPERS)


class Server(BaseHTTPRequestHandler):
    """Asks ten helpers at once, for 1,000 tokens; a helper's answer takes 5,000."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        message, tokens = {"role": "assistant", "content": "all read"}, 5000
        if body.get("tools"):
            tokens = 1000
            if not any(m["role"] == "tool" for m in body["messages"]):
                made = [{"name": "helper", "arguments": json.dumps({"part": k})} for k in range(HELPERS)]
                message["tool_calls"] = [{"id": f"c{k}", "type": "function", "function": f} for k, f in enumerate(made)]
                message["content"] = None
        sent.append(tokens + 100)
        if tokens == 5000 and side_by_side:
            all_in.wait(20)  # nobody is answered before all have asked
        usage = {"prompt_tokens": tokens, "completion_tokens": 100, "total_tokens": tokens + 100}
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if tokens == 1000 else "stop"}
        answer = {"id": f"a{len(sent)}", "object": "chat.completion", "created": 1, "model": "gpt-4.1"}
        body = json.dumps(answer | {"choices": [choice], "usage": usage}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:  # whoever asked has gone
            pass

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/v1"
model = OpenAIChatModel("gpt-4.1", provider=OpenAIProvider(base_url=url, api_key="none"))


def run(*, one_by_one: bool, **limit: int) -> tuple[int, int, str]:
    """Return the requests and tokens that were sent, and how the run ended."""
    global side_by_side
    side_by_side = not one_by_one
    sent.clear()
    all_in.reset()
    limits, reader = UsageLimits(**limit), Agent(model)

    async def helper(ctx: RunContext, part: int) -> str:
        return (await reader.run(f"part {part}", usage=ctx.usage, usage_limits=limits)).output

    agent = Agent(model)
    agent.tool(sequential=one_by_one)(helper)
    try:
        agent.run_sync("What is in it?", usage_limits=limits)
        end = "done"
    except UsageLimitExceeded as error:
        end = str(error)
    return len(sent), sum(sent), end


seen = {}
for limit in ({"request_limit": 4}, {"total_tokens_limit": 12_000}):
    for one_by_one in (False, True):
        told = run(one_by_one=one_by_one, **limit)
        seen[(*limit, one_by_one)] = told[:2]
        print(limit, "one by one" if one_by_one else "side by side", "requests, tokens:", told[:2], told[2][:90])
server.shutdown()
wanted = {
    ("request_limit", False): (11, 52_100), ("request_limit", True): (4, 16_400),
    ("total_tokens_limit", False): (11, 52_100), ("total_tokens_limit", True): (4, 16_400),
}
if seen != wanted:
    sys.exit(f"changed: {seen}")
PY
