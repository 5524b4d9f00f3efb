#!/usr/bin/env bash
# LightRAG: to index a text a model reads 5.6 times its length, and is asked twice for each piece.
#
# Guess:   pieces of 1,200 tokens are read once each, with some instructions: 1.5 times the text, and embeddings cost
#          next to nothing.
# Seen:    4,760 tokens, four pieces. Each is sent with 1,864 tokens of instructions and examples, and then once more,
#          behind its own first answer, to ask what was missed (`entity_extract_max_gleaning` is 1): 8 calls, 26,492
#          tokens read. Twelve pieces are 24 calls and 79,476. (Before answers: these are short here; a real one is
#          sent back in the second call as well.)
# Matters: against embedding alone, which reads the text once at a fiftieth of the price, the index of a graph costs
#          some hundred times as much; a price of "tokens of the corpus times the model's price" is a sixth of it. Set
#          `entity_extract_max_gleaning` 0 and larger pieces, if what is missed then does not matter: 1.5 times.
# Version: lightrag-hku 1.5.7; model, embeddings and tokenizer are stubs in the process: a word or a mark is a token.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q lightrag-hku==1.5.7
cd "$dir"
HOME="$dir" "$dir/venv/bin/python" -W ignore - <<'PY' 2>/dev/null
import asyncio
import logging
import re
import sys

import numpy

sys.argv = ["index"]
from lightrag import LightRAG
from lightrag.kg.shared_storage import initialize_pipeline_status
from lightrag.utils import EmbeddingFunc, Tokenizer

logging.disable(logging.CRITICAL)
FOUND = """entity<|#|>Pump<|#|>equipment<|#|>The pump of a unit.
entity<|#|>Night shift<|#|>organization<|#|>People who clean.
relation<|#|>Night shift<|#|>Pump<|#|>cleans<|#|>The shift cleans the pump.
<|COMPLETE|>"""
calls = []


def cut(text):
    return re.findall(r"\w+|[^\w\s]", text or "")


class Words:
    """A word or a mark is a token."""

    def __init__(self):
        self.known = []

    def encode(self, text):
        words = cut(text)
        start = len(self.known)
        self.known.extend(words)
        return list(range(start, start + len(words)))

    def decode(self, tokens):
        return " ".join(self.known[token] for token in tokens)


async def model(prompt, system_prompt=None, history_messages=(), **_):
    behind = sum(len(cut(message["content"])) for message in history_messages or ())
    calls.append(len(cut(prompt)) + len(cut(system_prompt)) + behind)
    return FOUND


async def embed(texts, **_):
    return numpy.ones((len(texts), 16))


async def index(name, pieces, **settings):
    """Return calls and tokens read for a text of some pieces."""
    calls.clear()
    text = " ".join(f"The pump of unit {name}{n} was opened, cleaned and closed again by the night shift."
                    for n in range(70 * pieces))
    rag = LightRAG(
        working_dir=name, tokenizer=Tokenizer("words", Words()), llm_model_func=model, chunk_overlap_token_size=0,
        embedding_func=EmbeddingFunc(embedding_dim=16, max_token_size=8192, func=embed), **settings,
    )
    await rag.initialize_storages()
    await initialize_pipeline_status()
    await rag.ainsert(text)
    await rag.finalize_storages()
    print(f"{len(cut(text)):,} tokens{f', {settings}' if settings else ''}: {len(calls)} calls read {sum(calls):,}, "
          f"{sum(calls) / len(cut(text)):.1f} times")
    return len(calls), round(sum(calls) / len(cut(text)), 1)


async def main():
    seen = [await index("a", 4), await index("b", 12)]
    seen.append(await index("c", 12, entity_extract_max_gleaning=0, chunk_token_size=4000))
    print(seen)
    if seen[0][0] != 8 or not all(4.5 < times < 6.5 for _, times in seen[:2]) or seen[2][1] > 2:
        print(f"changed: {seen}")
        sys.exit(1)


asyncio.run(main())
PY
