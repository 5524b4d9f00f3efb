#!/usr/bin/env bash
# Mistral's own tokenizer puts the system prompt and the tools beside the LAST user message: a prefix cache serves no
# new turn.
#
# Guess:   what all requests share comes first, so that the prompt of a turn begins with that of the turn before.
# Seen:    a system prompt of 1,400 tokens, 20 tools of 2,200 to 2,400, questions and answers of some 200. Of the
#          second turn's prompt the first one's is in common: v1 all 1,616 tokens; v2, v3 and v3 of Tekken 2 without
#          tools, 1 with them; v7 all without tools, 1,404 of 3,864 with them (the system prompt). The calls of tools
#          within a turn keep the prefix. From v13 on the tools stand at the first user message (its class says so; no
#          file of it is in the package).
# Matters: by the package's table v3 is that of Mistral Large 2407, Mixtral 8x22B, Nemo, Pixtral 12B and Ministral 8B
#          2410, v7 of Mistral Large 2411. Nothing fails; three turns prefill 12,374 tokens (v3, tools) where 4,648
#          are new. Such a server's cached share is that of the calls within a turn: a long system prompt is paid
#          again in every turn of every user.
# Version: mistral-common 1.13.1 with the vocabularies in its wheel, sentencepiece 0.2.1.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q mistral-common==1.13.1 sentencepiece==0.2.1
"$dir/venv/bin/python" -W ignore - <<'PY'
import sys
from pathlib import Path

import mistral_common
from mistral_common.protocol.instruct.messages import AssistantMessage, SystemMessage, ToolMessage, UserMessage
from mistral_common.protocol.instruct.request import ChatCompletionRequest
from mistral_common.protocol.instruct.tool_calls import Function, FunctionCall, Tool, ToolCall
from mistral_common.tokens.tokenizers.instruct import InstructTokenizerV13
from mistral_common.tokens.tokenizers.mistral import MistralTokenizer

DATA = Path(mistral_common.__file__).parent / "data"
FILES = {
    "v1": "tokenizer.model.v1",
    "v2": "mistral_instruct_tokenizer_240216.model.v2",
    "v3": "mistral_instruct_tokenizer_240323.model.v3",
    "v3 Tekken": "tekken_240718.json",
    "v7": "mistral_instruct_tokenizer_241114.model.v7",
}
SAYS = "Look up something useful in the company's records of customers and orders " * 3
TAKES = {"q": {"type": "string", "description": "what to look for"}, "n": {"type": "integer"}}
PARAMETERS = {"type": "object", "properties": TAKES, "required": ["q"]}
TOOLS = [Tool(function=Function(name=f"tool_{i}", description=SAYS, parameters=PARAMETERS)) for i in range(20)]
SYSTEM = SystemMessage(content="You are a helpful support agent. " * 200)


def question(turn):
    return UserMessage(content=f"Question {turn}: " + "please tell me about my order and its state. " * 20)


def answer(turn):
    return AssistantMessage(content=f"Answer {turn}: " + "your order is on its way to you. " * 20)


def call(number):
    made = ToolCall(id=f"abcdefgh{number}", function=FunctionCall(name="tool_1", arguments='{"q": "x"}'))
    result = ToolMessage(content="result " * 50, tool_call_id=made.id, name="tool_1")
    return [AssistantMessage(content="", tool_calls=[made]), result]


def in_common(first, second):
    return next((i for i, (a, b) in enumerate(zip(first, second)) if a != b), min(len(first), len(second)))


def read(tokenizer, prompts, tools):
    """Return of each prompt its tokens and how many of them the prompt before had at its start."""
    made = [
        tokenizer.encode_chat_completion(ChatCompletionRequest(messages=list(p), tools=tools)).tokens for p in prompts
    ]
    return [(len(tokens), in_common(before, tokens)) for before, tokens in zip([[], *made], made)]


turns, calls = [[SYSTEM, question(0)]], [[SYSTEM, question(0)]]
for n in (1, 2):
    turns.append([*turns[-1], answer(n - 1), question(n)])
    calls.append([*calls[-1], *call(n)])

seen = {}
print("tokens of the prompts (of them at the start of the prompt before)")
for name, file in FILES.items():
    tokenizer = MistralTokenizer.from_file(str(DATA / file))
    cases = {"turns": (turns, None), "turns, tools": (turns, TOOLS), "calls in a turn": (calls, TOOLS)}
    for case, (prompts, tools) in cases.items():
        if name == "v1" and tools:
            continue
        figures = read(tokenizer, prompts, tools)
        seen[name, case] = figures
        print(f"{name:12}{case:18}" + "".join(f"{size:8,} ({kept:,})" for size, kept in figures))
lost = {key for key, figures in seen.items() if any(now[1] < before[0] for before, now in zip(figures, figures[1:]))}
known = {(v, c) for v in ("v2", "v3", "v3 Tekken") for c in ("turns", "turns, tools")} | {("v7", "turns, tools")}
short = [seen["v3", "turns"][1][1], seen["v3", "turns, tools"][1][1], seen["v7", "turns, tools"][1][1]]
first = InstructTokenizerV13._message_position_to_encode_tools_settings.value
if lost != known or short != [2, 1, 1404] or first != "first":
    sys.exit(f"changed: {sorted(lost)} lose the prefix, which is {short} tokens long; tools of v13 are at the {first}")
PY
