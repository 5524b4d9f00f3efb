#!/usr/bin/env bash
# Accelerate's estimate-memory: training with Adam in float16 takes 8 bytes a weight. The same library then holds 16.
#
# Guess:   "Training using Adam (peak)" is what stays in memory at once: weights, gradients and two moments.
# Seen:    for float32 the largest of four figures is printed, and that is the sum, 16 bytes a weight. For float16, bf16
#          and fp8 the largest is the moments alone, 8 bytes; weights (4) and gradients (6, by its own count) are figures
#          of their own that nobody adds. A model that Accelerate itself prepares with `mixed_precision="bf16"` holds
#          16.0 after a step: weights 4, gradients 4, moments 8, before any activation.
# Matters: mixed precision seems to halve the memory of training: an 8B model 64 GB, which one GPU of 80 GB has, and it
#          takes 128 GB. Half the GPUs are rented, or a run that fits is bought and stops at its first step.
# Version: accelerate 1.15.0, transformers 5.24.0, torch 2.13.0 (on the CPU; sizes do not depend on a device).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q torch==2.13.0 transformers==5.24.0 accelerate==1.15.0
HOME="$dir" "$dir/venv/bin/python" -W ignore - <<'PY'
import argparse
import sys
from unittest import mock

import torch
from accelerate import Accelerator
from accelerate.commands import estimate
from accelerate.state import AcceleratorState
from transformers import LlamaConfig, LlamaForCausalLM

SHAPE = LlamaConfig(hidden_size=256, intermediate_size=1024, num_hidden_layers=8, num_attention_heads=4, vocab_size=1000)


def held(precision):
    """Return the bytes a weight that a model holds after a step, as Accelerate prepares it."""
    AcceleratorState._reset_state(True)
    model = LlamaForCausalLM(SHAPE).float()
    accelerator = Accelerator(mixed_precision=precision, cpu=True)
    model, adam = accelerator.prepare(model, torch.optim.AdamW(model.parameters()))
    tokens = torch.zeros((1, 8), dtype=torch.long)
    accelerator.backward(model(input_ids=tokens, labels=tokens).loss)
    adam.step()
    moments = sum(t.nbytes for state in adam.state.values() for t in state.values() if torch.is_tensor(t))
    weights = sum(p.numel() for p in model.parameters())
    return round((sum(p.nbytes + p.grad.nbytes for p in model.parameters()) + moments) / weights, 1), weights


args = argparse.Namespace(model_name="m", library_name="transformers", trust_remote_code=False, dtypes=["float32", "float16"])
seen = {}
with mock.patch.object(estimate, "create_empty_model", lambda *a, **k: LlamaForCausalLM(SHAPE)):
    rows = {row[0]: row[3] for row in estimate.gather_data(args)}
for dtype, precision in (("float32", "no"), ("float16", "bf16")):
    real, weights = held(precision)
    parts = {name: round(size / weights, 1) for name, size in rows[dtype].items()}
    seen[dtype] = (max(parts.values()), real)
    print(f"{dtype}: estimated {parts}, printed {max(parts.values())}; held {real} bytes a weight")
if seen != {"float32": (16.0, 16.0), "float16": (8.0, 16.0)}:
    sys.exit(f"changed: {seen}")
PY
