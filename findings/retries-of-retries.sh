#!/usr/bin/env bash
# One question to a server that is too busy: 27 requests by CrewAI, 18 by Strands, 12 by LlamaIndex, 9 by smolagents,
# 3 by OpenAI's client.
#
# Guess:   frameworks stand on OpenAI's client, which tries three times; a setting of 2 or 3 retries is 3 or 4 requests.
# Seen:    each layer retries what the layer below has given up. Refused with 429: 27, 18, 12 and 9 requests. Not
#          answered in time: CrewAI 9, LlamaIndex 12 (its own rounds end after a minute, so only with short limits),
#          Strands and smolagents 3. Settings were left as they are.
# Matters: refused requests count against a limit of requests a minute, so that what waits for the limit uses it up:
#          ten such agents are 270 requests. An answer that came too late was worked out all the same: on GPUs of one's
#          own nine times the load just when it is too high, and in a log of requests nine calls for one question.
# Version: crewai 1.15.30, strands-agents 1.62.0, llama-index-llms-openai 0.8.3, smolagents 1.26.0, each on openai
#          2.54.0; the server is a stub on the loopback address; waits between tries are cut to a fiftieth of a second.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/one"
python3 -m venv "$dir/two"
"$dir/one/bin/pip" install -q llama-index-llms-openai==0.8.3 smolagents==1.26.0 strands-agents==1.62.0 openai==2.54.0
"$dir/two/bin/pip" install -q crewai==1.15.30 openai==2.54.0
cat >"$dir/ask.py" <<'PY'
import asyncio
import json
import logging
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LIMIT, LATE = 0.5, 1.5
WANTED = {"openai": (3, 3), "smolagents": (9, 3), "llamaindex": (12, 12), "strands": (18, 3), "crewai": (27, 9)}
asked, refusing = [], True
wait, wait_async = time.sleep, asyncio.sleep
time.sleep = lambda seconds: wait(min(seconds, 0.02))
asyncio.sleep = lambda seconds, *rest: wait_async(min(seconds, 0.02), *rest)
logging.disable(logging.CRITICAL)


class Server(BaseHTTPRequestHandler):
    """Refuses at once, or keeps whoever asks waiting beyond the limit."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        asked.append(self.path)
        if not refusing:
            wait(LATE)
        body = json.dumps({"error": {"message": "too many requests", "type": "requests", "code": "rate_limit_exceeded"}})
        try:
            self.send_response(429)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())
        except OSError:  # whoever asked has gone
            pass

    def log_message(self, *args):
        pass


class Quiet(ThreadingHTTPServer):
    def handle_error(self, *args):
        pass


server = Quiet(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
HOW = {"base_url": f"http://127.0.0.1:{server.server_port}/v1", "api_key": "none", "timeout": LIMIT}


def openai():
    from openai import OpenAI

    OpenAI(**HOW).chat.completions.create(model="gpt-4.1", messages=[{"role": "user", "content": "Is it so?"}])


def smolagents():
    from smolagents import OpenAIServerModel, ToolCallingAgent

    model = OpenAIServerModel(
        "gpt-4.1", api_base=HOW["base_url"], api_key="none", client_kwargs={"timeout": LIMIT})
    ToolCallingAgent(tools=[], model=model, verbosity_level=-1).run("Is it so?")


def llamaindex():
    from llama_index.core.llms import ChatMessage
    from llama_index.llms.openai import OpenAI

    model = OpenAI(model="gpt-4.1", api_base=HOW["base_url"], api_key="none", timeout=LIMIT)
    model.chat([ChatMessage(role="user", content="Is it so?")])


def strands():
    from strands import Agent
    from strands.models.openai import OpenAIModel

    Agent(model=OpenAIModel(client_args=HOW, model_id="gpt-4.1"), callback_handler=None)("Is it so?")


def crewai():
    from crewai import LLM, Agent, Crew, Task

    agent = Agent(role="one", goal="answer", backstory="none", llm=LLM(model="gpt-4.1", **HOW))
    Crew(agents=[agent], tasks=[Task(description="Is it so?", expected_output="a word", agent=agent)]).kickoff()


for framework in sys.argv[1:]:
    counts = []
    for refusing in (True, False):
        asked.clear()
        try:
            globals()[framework]()
        except Exception as error:  # each framework has its own
            ended = type(error).__name__
        else:
            sys.exit(f"changed: {framework} raises no error")
        wait(LATE + 1)
        counts.append(len(asked))
    print(f"{framework:11} requests when refused, when late: {tuple(counts)} ({ended})")
    if tuple(counts) != WANTED[framework]:
        sys.exit(f"changed: {framework} {counts}, not {WANTED[framework]}")
PY
cd "$dir"
export HOME=$dir OPENAI_API_KEY=none CREWAI_DISABLE_TELEMETRY=true CREWAI_TRACING_ENABLED=false OTEL_SDK_DISABLED=true
one/bin/python -W ignore ask.py openai smolagents llamaindex strands
two/bin/python -W ignore ask.py crewai
