#!/usr/bin/env bash
# Adam in 8 bits takes 5.8 bytes a weight for Gemma 3 270M, not 2: the Trainer leaves embeddings in 32 bits.
#
# Guess:   `optim="adamw_bnb_8bit"` keeps two moments of a byte each for every weight: a quarter of AdamW's 8 bytes.
# Seen:    Transformers tells bitsandbytes to keep the moments of embeddings in 32 bits, and a tied output matrix is the
#          same tensor. A cut of Gemma 3 (the widths of 270M, an eighth of its vocabulary): 2.04 bytes for a weight of
#          the layers, 8.00 for one of the embedding. `adamw_torch_8bit`, torchao's, has 2.03 for all. With the widths
#          as published, 168 of 268 million weights of the 270M are embedding, 302 of 1,000 million of the 1B: 5.8 and
#          3.8 bytes a weight on average. Of Llama 3.1 8B it is 2.4.
# Matters: the 8-bit optimizer is chosen where memory is short, and saves least with small models of large vocabularies:
#          28 % of AdamW's moments where three quarters were meant. Two names that differ in a word differ by 2.8 times.
# Version: transformers 5.24.0, bitsandbytes 0.50.2, torchao 0.18.0, torch 2.13.0 (on the CPU; no GPU is needed).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q torch==2.13.0 transformers==5.24.0 bitsandbytes==0.50.2 torchao==0.18.0 accelerate==1.15.0
cd "$dir"
HF_HUB_OFFLINE=1 "$dir/venv/bin/python" -W ignore - <<'PY'
import sys

import torch
from transformers import Gemma3ForCausalLM, Gemma3TextConfig, Trainer, TrainingArguments

SHAPE = Gemma3TextConfig(
    vocab_size=32_768, hidden_size=640, intermediate_size=2048, num_hidden_layers=4, num_attention_heads=4,
    num_key_value_heads=1, head_dim=256)
WEIGHTS, EMBEDDING = {"270M": 268_098_176, "1B": 999_885_952}, {"270M": 262_144 * 640, "1B": 262_144 * 1152}


def moments(state: dict) -> int:
    """Return the bytes of the moments of one tensor, with their scales."""
    parts = []
    for value in state.values():
        if isinstance(value, torch.Tensor):
            parts += [value.codes, value.scale] if hasattr(value, "codes") else [value]
    return sum(part.numel() * part.element_size() for part in parts)


seen = {}
for name in ("adamw_torch", "adamw_bnb_8bit", "adamw_torch_8bit"):
    torch.manual_seed(0)
    model = Gemma3ForCausalLM(SHAPE)
    how = TrainingArguments(output_dir="out", optim=name, use_cpu=True, report_to=[])
    optimizer = Trainer(model=model, args=how).create_optimizer()
    for weight in model.parameters():
        weight.grad = torch.randn_like(weight) * 1e-3
    optimizer.step()
    table = model.model.embed_tokens.weight
    rest = [p for p in model.parameters() if p is not table]
    of_table = moments(optimizer.state[table]) / table.numel()
    of_rest = sum(moments(optimizer.state[p]) for p in rest) / sum(p.numel() for p in rest)
    seen[name] = (round(of_table, 1), round(of_rest, 1))
    mean = {k: round((of_table * EMBEDDING[k] + of_rest * (n - EMBEDDING[k])) / n, 1) for k, n in WEIGHTS.items()}
    print(f"{name:17} bytes a weight of the embedding {of_table:.2f}, of the layers {of_rest:.2f}; Gemma 3: {mean}")
wanted = {"adamw_torch": (8.0, 8.0), "adamw_bnb_8bit": (8.0, 2.0), "adamw_torch_8bit": (2.0, 2.0)}
if seen != wanted:
    sys.exit(f"changed: {seen}")
PY
