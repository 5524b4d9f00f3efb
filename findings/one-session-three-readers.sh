#!/usr/bin/env bash
# One session of Claude Code, three programs that read it: none says the output that was billed.
#
# Guess:   programs made to count these files know that a message is written once a block, with a growing output count,
#          and take the last.
# Seen:    a message of three blocks (8, 300, 900 output tokens so far) and one of two (8, 100): 1,000 were billed.
#          Two programs keep the first line of each message: 16. One adds all lines: 1,316.
# Matters: the first line repeats input and cache rightly, so the total looks sane; but output, five times as dear, is
#          1.6 % of what it was, or a third too much. Budgets set by such figures differ by two orders.
# Version: claude-session-analyzer 0.1.0, kvleak 0.12.0, costwise 1.2.4; the session is made up.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q claude-session-analyzer==0.1.0 kvleak==0.12.0 costwise==1.2.4
HOME="$dir" "$dir/venv/bin/python" -W ignore - <<'PY'
import json
import sys
from pathlib import Path

folder = Path.home() / ".claude" / "projects" / "-home-nobody-blue"
folder.mkdir(parents=True)
path = folder / "0f0e0d0c-0000-4000-8000-000000000001.jsonl"
GROWS = {"msg_1": (8, 300, 900), "msg_2": (8, 100)}
lines, second = [], 0
for message, counts in GROWS.items():
    second += 10
    common = {"sessionId": path.stem, "cwd": "/home/nobody/blue", "isSidechain": False}
    ask = {"role": "user", "content": "go on"}
    lines.append({**common, "type": "user", "timestamp": f"2026-11-18T09:00:{second:02d}.000Z", "message": ask})
    for block, output in enumerate(counts):
        second += 1
        usage = {"input_tokens": 5, "cache_read_input_tokens": 20_000, "cache_creation_input_tokens": 400,
                 "output_tokens": output}
        said = {"id": message, "type": "message", "role": "assistant", "model": "claude-opus-4-6",
                "content": [{"type": "text", "text": f"part {block}"}], "usage": usage}
        lines.append({**common, "type": "assistant", "timestamp": f"2026-11-18T09:00:{second:02d}.000Z",
                      "requestId": f"req_{message}", "message": said})
path.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))

from costwise import core
from csa.model import scan_corpus
from kvleak.sources import read_claude

found = scan_corpus(folder.parent)
sessions = list(found.values()) if isinstance(found, dict) else list(found)
seen = {
    "billed": sum(max(counts) for counts in GROWS.values()),
    "claude-session-analyzer": sum(s.out for s in sessions),
    "kvleak": sum(step.output for step in read_claude(str(path)).steps),
    "costwise": core.output_sessao_atual()["tokens"],
}
print("output tokens:", seen)
if seen != {"billed": 1000, "claude-session-analyzer": 16, "kvleak": 16, "costwise": 1316}:
    sys.exit(f"changed: {seen}")
PY
