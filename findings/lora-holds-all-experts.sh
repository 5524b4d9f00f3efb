#!/usr/bin/env bash
# LoRA on the experts of a mixture holds a second copy of all their weights, and works on all of them for eight tokens.
#
# Guess:   adapters of rank 8 are a small product beside each matrix that a token uses: memory and work grow by a few
#          per cent, and follow the tokens.
# Seen:    Transformers 5 keeps a layer's experts as one tensor, and peft adapts it by name (`target_parameters`). There
#          each forward pass adds B x A of every expert to its weights, into a new tensor: what is kept for the backward
#          pass is 0.4 MB without and 50.9 MB with adapters on the experts, of which 50.3 are the experts' weights once
#          more. The forward pass of 8 tokens has 21 times the operations, of 256 still 1.6 times: the surplus is the
#          same 805 million for any number of tokens, of experts that none of them use.
# Matters: Qwen3-30B-A3B has 58 GB of experts in 16 bits; tuned so without activation checkpointing it takes 58 more,
#          with it those of a layer (1.2 GB). A run sized by weights and adapters does not start, and short batches are
#          slow.
# Version: peft 0.21.2, transformers 5.24.0, torch 2.13.0 (no GPU is needed); a small model of Qwen3-MoE's kind, 64
#          experts, weights drawn at random, in bf16.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q torch==2.13.0 transformers==5.24.0 peft==0.21.2
cd "$dir"
HF_HUB_OFFLINE=1 "$dir/venv/bin/python" -W ignore - <<'PY'
import sys

import torch
from peft import LoraConfig, get_peft_model
from torch.utils.flop_counter import FlopCounterMode
from transformers import Qwen3MoeConfig, Qwen3MoeForCausalLM

SHAPE = Qwen3MoeConfig(
    vocab_size=256, hidden_size=256, intermediate_size=512, moe_intermediate_size=128, num_hidden_layers=4,
    num_attention_heads=4, num_key_value_heads=2, head_dim=64, num_experts=64, num_experts_per_tok=4)
EXPERTS = ["mlp.experts.gate_up_proj", "mlp.experts.down_proj"]


def step(tokens: int, *, experts: bool) -> tuple[int, int, int]:
    """Return the experts' bytes, the bytes kept for the backward pass beside weights, and the forward's operations."""
    torch.manual_seed(0)
    model = Qwen3MoeForCausalLM._from_config(SHAPE, experts_implementation="eager", dtype=torch.bfloat16)
    held = sum(p.numel() * p.element_size() for name, p in model.named_parameters() if ".experts." in name)
    how = LoraConfig(r=8, target_modules=["q_proj", "v_proj"], target_parameters=EXPERTS if experts else None)
    model = get_peft_model(model, how, autocast_adapter_dtype=False)
    weights = {p.untyped_storage().data_ptr() for p in model.parameters()}
    kept: dict[int, torch.Tensor] = {}

    def keep(tensor):
        if (where := tensor.untyped_storage().data_ptr()) not in weights:
            kept[where] = tensor
        return tensor

    ids = torch.randint(0, 256, (1, tokens))
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        model(input_ids=ids, labels=ids)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(input_ids=ids)
    return held, sum(t.untyped_storage().nbytes() for t in kept.values()), counter.get_total_flops()


seen = {}
for tokens in (8, 256):
    (held, plain, before), (_, kept, after) = (step(tokens, experts=on) for on in (False, True))
    seen[tokens] = ((kept - plain) / held, after / before, after - before)
    print(f"{tokens:3} tokens: experts {held / 1e6:.1f} MB; kept without and with adapters on them {plain / 1e6:.1f} and "
          f"{kept / 1e6:.1f} MB; operations {seen[tokens][1]:.1f} times, {seen[tokens][2] / 1e6:.0f} million more")
copies = [seen[n][0] for n in seen]
surplus = {seen[n][2] for n in seen}
if not all(0.99 < c < 1.1 for c in copies) or len(surplus) > 1 or not 20 < seen[8][1] < 22 or not 1.5 < seen[256][1] < 1.8:
    sys.exit(f"changed: {seen}")
PY
