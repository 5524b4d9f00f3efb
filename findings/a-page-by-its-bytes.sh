#!/usr/bin/env bash
# A scanned page counts 250,026 tokens for LangChain's trimming, 2,048 for LlamaIndex's: the one forgets the question,
# the other never trims.
#
# Guess:   counters that decide when a conversation is too long know an attachment by its pages, or by a flat sum;
#          and what is taken out of it was summarized first.
# Seen:    a PDF of 750 kB, as one scanned page has (some 1,600 tokens by the providers' rules). LangChain's
#          `count_tokens_approximately` has 85 for a picture of that size, and for the file, in any of three spellings,
#          a token for every four letters of its base64: 250,026. An agent with its SummarizationMiddleware at 100,000
#          tokens, which keeps 4 messages, has from the third call on neither the file nor the question in the request;
#          what is dropped is too long for the summary by the same count, so that no summary is asked for at all, and
#          a line in its place says so. LlamaIndex's Memory counts 2,048 for a file of 1 kB and of 75 MB, 256 for a
#          picture or a sound.
# Matters: the run goes on and is billed for calls that lack what was asked. The other way a limit of 30,000 tokens
#          lets through a book of a thousand pages, in every call.
# Version: langchain 1.5.2, langchain-core 1.8.3, langchain-openai 1.7.4; llama-index-core 0.14.25; the server is a stub
#          on the loopback address.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q langchain==1.5.2 langchain-core==1.8.3 langchain-openai==1.7.4 llama-index-core==0.14.25
cd "$dir"
"$dir/venv/bin/python" -W ignore - <<'PY'
import base64
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from langchain.agents import create_agent
from langchain.agents.middleware import SummarizationMiddleware
from langchain_core.messages import HumanMessage
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from llama_index.core.llms import AudioBlock, ChatMessage, DocumentBlock, ImageBlock
from llama_index.core.memory import Memory

SIZE, CALLS = 750_000, 6
page = base64.b64encode(b"%PDF-1.4\n" + b"0" * (SIZE - 9)).decode()
sent = []


class Server(BaseHTTPRequestHandler):
    """Asks for six looks, one after the other, then ends; a request without tools is a summary."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        sent.append(body)
        made = {"name": "look", "arguments": json.dumps({"place": len(sent)})}
        message = {"role": "assistant", "content": "a summary or an end"}
        if body.get("tools") and len(sent) <= CALLS:
            message["tool_calls"] = [{"id": f"c{len(sent)}", "type": "function", "function": made}]
        usage = {"prompt_tokens": 2000, "completion_tokens": 10, "total_tokens": 2010}
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if "tool_calls" in message else "stop"}
        answer = {"id": f"a{len(sent)}", "object": "chat.completion", "created": 1, "model": "gpt-4.1", "usage": usage}
        body = json.dumps(answer | {"choices": [choice]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@tool
def look(place: int) -> str:
    """Look somewhere else, too."""
    return "nothing there"


def counted(block: dict) -> int:
    return count_tokens_approximately([HumanMessage(content=[{"type": "text", "text": "q"}, block])])


pdf = {"type": "file", "base64": page, "mime_type": "application/pdf", "filename": "page.pdf"}
counts = {
    "picture": counted({"type": "image", "base64": page, "mime_type": "image/png"}),
    "file": counted(pdf),
    "file, as OpenAI spells it": counted({"type": "file", "file": {"file_data": f"data:application/pdf;base64,{page}"}}),
    "file, as Anthropic does": counted(
        {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": page}}),
}
print("LangChain's count:", counts)

server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
model = ChatOpenAI(model="gpt-4.1", base_url=f"http://127.0.0.1:{server.server_port}/v1", api_key="none")
brief = SummarizationMiddleware(model=model, trigger=("tokens", 100_000), keep=("messages", 4))
agent = create_agent(model, tools=[look], middleware=[brief])
agent.invoke({"messages": [HumanMessage(content=[{"type": "text", "text": "What is on the page?"}, pdf])]})
server.shutdown()
whole = [(page in json.dumps(body), "What is on the page?" in json.dumps(body)) for body in sent]
summaries = sum(not body.get("tools") for body in sent)
print("file and question in each request:", whole, "summaries asked for:", summaries)
print("in their place:", sent[2]["messages"][0]["content"])

memory = Memory.from_defaults(session_id="one", token_limit=30_000, tokenizer_fn=lambda text: text.split())
blocks = {
    "1 kB": DocumentBlock(data=b"0" * 1000, document_mimetype="application/pdf"),
    "75 MB": DocumentBlock(data=b"0" * 75_000_000, document_mimetype="application/pdf"),
    "picture": ImageBlock(image=b"0" * 1000, image_mimetype="image/png"),
    "sound": AudioBlock(audio=b"0" * 1000, format="wav"),
}
flat = {k: memory._estimate_token_count([ChatMessage(role="user", blocks=[b])]) for k, b in blocks.items()}
print("LlamaIndex's count:", flat)
wanted = ([(True, True)] * 2 + [(False, False)] * 5, 0, {"1 kB": 2048, "75 MB": 2048, "picture": 256, "sound": 256})
files = [count for name, count in counts.items() if name.startswith("file")]
if (whole, summaries, flat) != wanted or counts["picture"] > 100 or not all(250_000 < f < 250_050 for f in files):
    sys.exit("changed: a count, or what is sent")
PY
