#!/usr/bin/env bash
# LlamaIndex: a summary of 800 tokens in a document's metadata makes 1,240 pieces of 30, and 44 times the tokens.
#
# Guess:   metadata is put before each piece: 800 tokens more for each of 30 pieces, 52,000 instead of 28,000.
# Seen:    a text of 22,750 tokens, SentenceSplitter as it comes (pieces of 1,024, overlap of 200). Metadata is taken out
#          of the 1,024, the overlap is not made less: 202 tokens of it give 39 pieces and 37,587 tokens to embed, 402
#          57 and 55,911, 602 106 and 105,793, 702 207 and 205,757, and 802 leave 222 for text, of which 200 repeat:
#          1,240 pieces, 1,243,935 tokens. A warning comes only where fewer than 50 are left.
# Matters: the extractors of the same library write summaries, questions and keywords into that metadata, and paths,
#          titles and tables of contents are there anyway. Embedding is billed 44 times, an index holds 41 times the
#          vectors, and of what is found and sent to a model four fifths are the same summary again.
# Version: llama-index-core 0.14.25, with its own tokenizer (its files are in the wheel).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q llama-index-core==0.14.25
"$dir/venv/bin/python" -W ignore - <<'PY'
import sys

from llama_index.core import Document, Settings
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import MetadataMode


def tokens(text):
    return len(Settings.tokenizer(text))


TEXT = " ".join(f"The pump of unit {n} was opened, cleaned and closed again by the night shift." for n in range(1250))
print(f"a text of {tokens(TEXT):,} tokens")
seen = {}
for length in (0, 200, 400, 600, 700, 800):
    document = Document(text=TEXT, metadata={"summary": " ".join(["note"] * length)} if length else {})
    pieces = SentenceSplitter().get_nodes_from_documents([document])
    embedded = sum(tokens(piece.get_content(MetadataMode.EMBED)) for piece in pieces)
    seen[length] = (len(pieces), embedded)
    print(f"metadata of {tokens(document.get_metadata_str())}: {len(pieces):,} pieces, {embedded:,} tokens to embed")
if seen != {
    0: (30, 28030),
    200: (39, 37587),
    400: (57, 55911),
    600: (106, 105793),
    700: (207, 205757),
    800: (1240, 1243935),
}:
    sys.exit(f"changed: {seen}")
PY
