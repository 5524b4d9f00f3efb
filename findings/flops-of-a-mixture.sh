#!/usr/bin/env bash
# Two counters of one step of a mixture of experts: PyTorch counts a third of its work, Transformers eleven times.
#
# Guess:   counters that watch a model run, or know its weights, agree on 2 operations a weight and token that is
#          active (6 in training), give or take attention.
# Seen:    64 experts, 4 for a token. PyTorch's FlopCounterMode does not know the grouped matrix product in which
#          Transformers 5 runs experts unless told otherwise, and counts 0 for them: 0.32 of the work. With experts
#          one by one (`eager`) the same counter has 1.00. The Trainer's `total_flos` is 6 x all weights but the
#          embedding, whichever a token uses: 11.2 of it. Between the two lie 35 times.
# Matters: MFU, energy and cost of a training run are taken from these counts: the first makes a cluster look idle,
#          the second has it beyond its peak.
# Version: torch 2.13.0 (no GPU is needed), transformers 5.24.0; a small model of Qwen3-MoE's kind with weights drawn
#          at random.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q torch==2.13.0 transformers==5.24.0 accelerate==1.15.0
cd "$dir"
HF_HUB_OFFLINE=1 "$dir/venv/bin/python" -W ignore - <<'PY'
import io
import logging
import sys
from contextlib import redirect_stderr, redirect_stdout
from copy import deepcopy

logging.disable(logging.WARNING)
import torch
from torch.utils.data import Dataset
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoModelForCausalLM, Qwen3MoeConfig, Trainer, TrainingArguments

TOKENS, EXPERTS, USED = 512, 64, 4
CONFIG = Qwen3MoeConfig(
    hidden_size=256, intermediate_size=512, moe_intermediate_size=192, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=2, head_dim=64, num_experts=EXPERTS, num_experts_per_tok=USED, vocab_size=512)


class OneText(Dataset):
    """A text of noise."""

    def __len__(self):
        return 1

    def __getitem__(self, _):
        words = torch.arange(TOKENS) % CONFIG.vocab_size
        return {"input_ids": words, "labels": words}


def counted(model):
    """Return what PyTorch counts in one pass forward."""
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model(torch.arange(TOKENS)[None] % CONFIG.vocab_size)
    return counter.get_total_flops()


models = {how: AutoModelForCausalLM.from_config(deepcopy(CONFIG), **said).to(torch.bfloat16).eval()
          for how, said in (("as it comes", {}), ("experts one by one", {"experts_implementation": "eager"}))}
model = models["as it comes"]
routed = sum(p.numel() for name, p in model.named_parameters() if ".experts." in name)
total = model.num_parameters() - model.get_input_embeddings().weight.numel()
active = total - routed + routed * USED / EXPERTS
seen = {how: round(counted(one) / (2 * active * TOKENS), 2) for how, one in models.items()}
told = TrainingArguments("out", max_steps=1, report_to=[], use_cpu=True, disable_tqdm=True, save_strategy="no")
trainer = Trainer(model=model, args=told, train_dataset=OneText())
with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
    trainer.train()
seen["total_flos"] = round(trainer.state.total_flos / (6 * active * TOKENS), 1)
print(f"{total:,.0f} weights without the embedding, {active:,.0f} of them active; experts run by "
      f"{model.config._experts_implementation}")
print("times what is computed:", seen)
if seen != {"as it comes": 0.32, "experts one by one": 1.0, "total_flos": 11.2}:
    sys.exit(f"changed: {seen}")
PY
