#!/usr/bin/env bash
# A benchmark question with ten answers to choose from is sent ten times: 200,000 tokens for 20 questions of 1,000.
#
# Guess:   the harness asks once a question and reads the ten letters out of the probabilities of one next token.
# Seen:    lm-evaluation-harness, a task of type `multiple_choice` at a completions endpoint: 20 questions of 1,002
#          tokens with answers A to J are 200 prompts and 200,400 tokens read, and an answer of one token each. Its
#          model in the process (`hf`) does share the prompt of letters; what a server is sent does not.
# Matters: benchmarks of ten choices with five examples before each question have 12,000 questions of some thousand
#          tokens: 120 million tokens, not 12, at a provider's price, or as load for GPUs of one's own whose hit rate
#          and tokens a second it makes look ten times better than any user will. `generate_until` tasks ask once.
# Version: lm-eval 0.4.13, transformers 5.24.0 for a tokenizer; the server is a stub on the loopback address.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q "lm-eval[api]==0.4.13" transformers==5.24.0
cd "$dir"
mkdir tasks
cat >tasks/ten.yaml <<'YAML'
task: ten
dataset_path: json
dataset_kwargs: {data_files: {test: questions.jsonl}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{question}} Answer:"
doc_to_choice: "{{choices}}"
doc_to_target: 0
YAML
HOME="$dir" HF_HUB_OFFLINE=1 "$dir/venv/bin/python" -W ignore - 2>/dev/null <<'PY'
import json
import logging
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

logging.disable(logging.CRITICAL)
from lm_eval import simple_evaluate
from lm_eval.models.openai_completions import LocalCompletionsAPI
from lm_eval.tasks import TaskManager
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

QUESTIONS, WORDS = 20, 1000
words = {"<unk>": 0, "<eos>": 1, "Answer:": 2, **{letter: 3 + n for n, letter in enumerate("ABCDEFGHIJ")}}
words |= {f"w{n}": 20 + n for n in range(WORDS)}
cutter = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
cutter.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
PreTrainedTokenizerFast(tokenizer_object=cutter, eos_token="<eos>", unk_token="<unk>").save_pretrained("tokenizer")
with open("questions.jsonl", "w") as file:
    for n in range(QUESTIONS):
        text = " ".join(f"w{(n + k) % WORDS}" for k in range(WORDS))
        file.write(json.dumps({"question": text, "choices": list("ABCDEFGHIJ")}) + "\n")
asked = []


class Server(BaseHTTPRequestHandler):
    """Finds every token of a prompt equally likely."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        choices = []
        for n, prompt in enumerate(body["prompt"]):
            asked.append(len(prompt))
            told = {"tokens": [str(token) for token in prompt], "token_logprobs": [-1.0] * len(prompt)}
            told |= {"top_logprobs": [{"a": -1.0}] * len(prompt), "text_offset": list(range(len(prompt)))}
            choices.append({"index": n, "text": "", "finish_reason": "length", "logprobs": told})
        answer = {"id": "c", "object": "text_completion", "created": 1, "model": "m", "choices": choices}
        sent = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
model = LocalCompletionsAPI(
    base_url=f"http://127.0.0.1:{server.server_port}/v1/completions", model="m", tokenizer="tokenizer",
    tokenizer_backend="huggingface",
)
simple_evaluate(
    model=model, tasks=["ten"], task_manager=TaskManager(include_path="tasks", include_defaults=False), bootstrap_iters=0
)
print(f"{QUESTIONS} questions of {WORDS} words: {len(asked)} prompts, {sum(asked):,} tokens read")
if len(asked) != 10 * QUESTIONS or not 10 * QUESTIONS * WORDS <= sum(asked) < 10 * QUESTIONS * (WORDS + 10):
    print(f"changed: {len(asked)} prompts, {sum(asked)} tokens")
    sys.exit(1)
PY
