#!/usr/bin/env bash
# An agent asks a helper, which is an agent too: three frameworks' usage of the run leaves the helper out.
#
# Guess:   the usage of a run is what the run was billed, whoever made its calls.
# Seen:    two calls of 1,000 tokens, and between them a helper's one of 50,000. smolagents (managed agent), agno (a
#          team's member) and Strands (an agent as a tool) say 2,000 of 52,000 for the run, without a hint. In agno the
#          rest stands in `member_responses`, in smolagents and Strands at the helper alone. (The OpenAI Agents SDK
#          0.24.0, by `as_tool`, says 52,000 of the same answers.) A Strands agent asked twice says of the second answer
#          what both used: 100,000 for 50,000.
# Matters: helpers exist to read much and say little, so they are where the tokens go: 96 % of the bill here. A budget
#          or a price a task that is built on the run's usage is off by 26 times, and two frameworks cannot be compared.
# Version: smolagents 1.26.0, agno 3.1.10, strands-agents 1.62.0, openai 2.54.0; the server is a stub on the loopback
#          address.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q smolagents==1.26.0 agno==3.1.10 strands-agents==1.62.0 openai==2.54.0
cd "$dir"
AGNO_TELEMETRY=false "$dir/venv/bin/python" -W ignore - <<'PY'
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import smolagents
import strands
from agno.agent import Agent as AgnoAgent
from agno.models.openai import OpenAIChat
from agno.team import Team
from strands.models.openai import OpenAIModel

sent = []
ASKS = {"helper": {"task": "read it", "input": "read it"}}
ASKS["delegate_task_to_member"] = {"member_id": "helper", "task": "read it"}


class Server(BaseHTTPRequestHandler):
    """Has who can ask a helper ask it once for 1,000 tokens; the helper answers for 50,000."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        tools = {t["function"]["name"]: t["function"]["parameters"] for t in body.get("tools", [])}
        to = next((name for name in ASKS if name in tools), None)
        end = {"content": "all read"}
        if "final_answer" in tools:
            end = calls("final_answer", {"answer": "all read"})
        if to and "all read" not in json.dumps(body["messages"]):
            end = calls(to, {k: v for k, v in ASKS[to].items() if k in tools[to]["properties"]})
        sent.append(1000 if to else 50_000)
        usage = {"prompt_tokens": sent[-1], "completion_tokens": 100, "total_tokens": sent[-1] + 100}
        choice = {"index": 0, "finish_reason": "tool_calls" if "tool_calls" in end else "stop"}
        base = {"id": f"a{len(sent)}", "created": 1, "model": body["model"]}
        if body.get("stream"):
            for k, call in enumerate(end.get("tool_calls", [])):
                call["index"] = k
            delta = base | {"object": "chat.completion.chunk", "choices": [choice | {"delta": {"role": "assistant"} | end}]}
            last = base | {"object": "chat.completion.chunk", "choices": [], "usage": usage}
            said = "".join(f"data: {json.dumps(x)}\n\n" for x in (delta, last)) + "data: [DONE]\n\n"
            self.answer(said.encode(), "text/event-stream")
        else:
            message = {"role": "assistant", "content": None} | end
            whole = base | {"object": "chat.completion", "choices": [choice | {"message": message}], "usage": usage}
            self.answer(json.dumps(whole).encode(), "application/json")

    def answer(self, body, kind):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def calls(name, arguments):
    made = {"id": f"c{len(sent)}", "type": "function"}
    return {"tool_calls": [made | {"function": {"name": name, "arguments": json.dumps(arguments)}}]}


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
URL = f"http://127.0.0.1:{server.server_port}/v1"


def by_smolagents() -> tuple[int, int]:
    def agent(**how):
        model = smolagents.OpenAIServerModel("gpt-4.1", api_base=URL, api_key="none")
        return smolagents.ToolCallingAgent(tools=[], model=model, verbosity_level=0, **how)

    helper = agent(name="helper", description="reads")
    run = agent(managed_agents=[helper]).run("What is in it?", return_full_result=True)
    return run.token_usage.input_tokens, helper.monitor.get_total_token_counts().input_tokens


def by_agno() -> tuple[int, int]:
    def model():
        return OpenAIChat(id="gpt-4.1", base_url=URL, api_key="none")

    helper = AgnoAgent(name="helper", id="helper", model=model(), telemetry=False)
    run = Team(members=[helper], model=model(), telemetry=False).run("What is in it?")
    return run.metrics.input_tokens, run.member_responses[0].metrics.input_tokens


def by_strands() -> tuple[int, int]:
    def agent(**how):
        model = OpenAIModel(client_args={"base_url": URL, "api_key": "none"}, model_id="gpt-4.1")
        return strands.Agent(model=model, callback_handler=None, **how)

    helper = agent(name="helper", description="reads")
    run = agent(tools=[helper])("What is in it?")
    return run.metrics.accumulated_usage["inputTokens"], helper.event_loop_metrics.accumulated_usage["inputTokens"]


seen = {}
for framework in (by_smolagents, by_agno, by_strands):
    sent.clear()
    told = framework()
    seen[framework.__name__[3:]] = (sum(sent), *told)
agent = strands.Agent(model=OpenAIModel(client_args={"base_url": URL, "api_key": "none"}, model_id="gpt-4.1"),
                      callback_handler=None)
twice = [agent("?").metrics.accumulated_usage["inputTokens"] for _ in range(2)]
server.shutdown()
for name, figures in seen.items():
    print(f"{name:11} input tokens sent, told of the run, told of the helper: {figures}")
print("strands     one agent, two runs of 50,000, told of each:", twice)
wanted = dict.fromkeys(("smolagents", "agno", "strands"), (52_000, 2_000, 50_000))
if seen != wanted or twice != [50_000, 100_000]:
    sys.exit(f"changed: {seen}, {twice}")
PY
