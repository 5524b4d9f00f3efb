#!/usr/bin/env bash
# CrewAI: agents that share one model object are each charged what all of them used; eight agents, eight times the bill.
#
# Guess:   `kickoff().token_usage` is what the kickoff used: the sum of its calls.
# Seen:    a crew of 1, 2, 4 and 8 agents, one call of 1,000 tokens each. With a model object for each agent 1, 2, 4 and
#          8 requests and as many thousand tokens are told. With one object for all, the same requests are told as 1, 4,
#          16 and 64 (`successful_requests`), 64,000 tokens for 8,000: the object keeps one count, and the crew adds it
#          once for every agent. A second kickoff of the same crew says what both used: of two runs of 8 agents, 64 and
#          128 requests are told where 8 and 8 were sent.
# Matters: cost by `token_usage` is n times the bill of n agents, and a sum over runs grows with their square. Two
#          crews differ by this alone, so that "more agents cost more" is partly the counter.
# Version: crewai 1.15.30, openai 2.54.0; the server is a stub on the loopback address.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q crewai==1.15.30 openai==2.54.0
cd "$dir"
HOME=$dir CREWAI_DISABLE_TELEMETRY=true CREWAI_TRACING_ENABLED=false CREWAI_DISABLE_VERSION_CHECK=true \
  OTEL_SDK_DISABLED=true OPENAI_API_KEY=none "$dir/venv/bin/python" -W ignore - <<'PY'
import json
import logging
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from crewai import LLM, Agent, Crew, Task

logging.disable(logging.WARNING)
asked = []


class Server(BaseHTTPRequestHandler):
    """Answers each request at once, for 1,000 tokens of input and 100 of output."""

    def do_POST(self):
        asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        message = {"role": "assistant", "content": "Thought: I now can give a great answer\nFinal Answer: done"}
        usage = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
        answer = {"id": f"a{len(asked)}", "object": "chat.completion", "created": 1, "model": "gpt-4.1", "usage": usage}
        body = json.dumps(answer | {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()


def model() -> LLM:
    return LLM(model="gpt-4.1", base_url=f"http://127.0.0.1:{server.server_port}/v1", api_key="none")


def kickoffs(number: int, *, shared: bool, times: int = 1) -> list[tuple[int, int, int]]:
    """Return requests sent so far, requests told and input tokens told, of each kickoff."""
    asked.clear()
    one = model()
    agents = [
        Agent(role=f"role {k}", goal="answer", backstory="none", llm=one if shared else model()) for k in range(number)
    ]
    tasks = [Task(description=f"question {k}", expected_output="a word", agent=a) for k, a in enumerate(agents)]
    crew = Crew(agents=agents, tasks=tasks, verbose=False)
    told = []
    for _ in range(times):
        usage = crew.kickoff().token_usage
        told.append((len(asked), usage.successful_requests, usage.prompt_tokens))
    return told


seen = {(n, shared): kickoffs(n, shared=shared)[0] for shared in (False, True) for n in (1, 2, 4, 8)}
twice = kickoffs(8, shared=True, times=2)
server.shutdown()
for (number, shared), figures in seen.items():
    print(f"{number} agents, {'one model' if shared else 'a model each':12} sent, told, input tokens told: {figures}")
print("8 agents, one model, two kickoffs:", twice)
wanted = {(n, s): (n, n * n if s else n, 1000 * (n * n if s else n)) for s in (False, True) for n in (1, 2, 4, 8)}
if seen != wanted or twice != [(8, 64, 64_000), (16, 128, 128_000)]:
    sys.exit(f"changed: {seen}, {twice}")
PY
