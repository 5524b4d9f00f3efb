#!/usr/bin/env bash
# QLoRA of a mixture of experts takes more memory than LoRA in 16 bits.
#
# Guess:   loaded in 4 bits, a model takes about half a byte a weight; embeddings stay in 16 bits.
# Seen:    transformers 5 keeps the experts of a layer as one tensor, which is no linear layer: bitsandbytes leaves it
#          in 16 bits (Mixtral, Qwen3-MoE, gpt-oss, DeepSeek-V3 alike), and peft's `prepare_model_for_kbit_training`
#          then makes experts, embeddings and output 32 bits. Experts take 4 bytes a weight, not half a byte; a mixture
#          grows to 1.9 times what it is in bf16. A dense model's tables double too. `all-linear` reaches the experts
#          of Qwen3-MoE with adapters, and none of gpt-oss.
# Matters: 30B-A3B is 119 GB, not 17: it does not start on the GPU that it was rented for.
# Version: transformers 5.24.0, peft 0.21.2, bitsandbytes 0.50.2, torch 2.13.0 (on the CPU; no GPU is needed).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q torch==2.13.0 transformers==5.24.0 peft==0.21.2 bitsandbytes==0.50.2 accelerate==1.15.0
cd "$dir"
HF_HUB_OFFLINE=1 "$dir/venv/bin/python" - <<'PY'
import sys
from collections import Counter

import torch
from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
from transformers import (
    AutoModelForCausalLM, BitsAndBytesConfig, GptOssConfig, LlamaConfig, MixtralConfig, Qwen3MoeConfig, logging)

logging.set_verbosity_error()
logging.disable_progress_bar()
same = dict(vocab_size=1024, hidden_size=128, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2)
CONFIGS = [
    LlamaConfig(**same, intermediate_size=512),
    MixtralConfig(**same, intermediate_size=256, num_local_experts=8, num_experts_per_tok=2),
    Qwen3MoeConfig(**same, intermediate_size=256, moe_intermediate_size=128, num_experts=8, num_experts_per_tok=2,
                   head_dim=32),
    GptOssConfig(**same, intermediate_size=128, num_local_experts=8, num_experts_per_tok=2, head_dim=32,
                 layer_types=["full_attention"] * 2),
]


def dtypes(model: torch.nn.Module) -> dict[str, str]:
    found = Counter()
    for name, weight in model.named_parameters():
        kind = ("adapters" if "lora" in name else "tables" if "embed" in name or "lm_head" in name
                else "experts" if "experts" in name else "linear" if weight.ndim > 1 and "router" not in name
                and not name.endswith(".gate.weight") else "")
        if kind and "base_layer" not in name or kind == "experts":
            found[kind, str(weight.dtype)[6:]] += weight.numel()
    return {kind: dtype for kind, dtype in sorted(found)}


for config in CONFIGS:
    plain = AutoModelForCausalLM.from_config(config).to(torch.bfloat16)
    plain.save_pretrained("m")
    packed = AutoModelForCausalLM.from_pretrained(
        "m", dtype=torch.bfloat16, device_map="cpu", quantization_config=BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True))
    loaded = dtypes(packed)
    ready = prepare_model_for_kbit_training(packed)
    prepared = dtypes(ready)
    grown = ready.get_memory_footprint() / plain.get_memory_footprint()
    tuned = get_peft_model(ready, LoraConfig(r=8, target_modules="all-linear", task_type="CAUSAL_LM"))
    reached = any("lora" in n and "experts" in n for n, _ in tuned.named_parameters())
    print(f"{config.model_type}: loaded {loaded}; prepared {prepared}; {grown:.2f} of bf16; "
          f"adapters on experts: {reached}")
    if (loaded["linear"], loaded["tables"], prepared["tables"]) != ("uint8", "bfloat16", "float32"):
        sys.exit("changed: linear layers or tables are kept in another way")
    if "experts" in loaded and ((loaded["experts"], prepared["experts"]) != ("bfloat16", "float32") or grown < 1.5):
        sys.exit("changed: experts are kept in another way")
    if config.model_type in ("qwen3_moe", "gpt_oss") and reached is (config.model_type == "gpt_oss"):
        sys.exit("changed: other experts get adapters")
PY
