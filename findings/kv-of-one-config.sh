#!/usr/bin/env bash
# Two memory calculators agree on the KV cache of DeepSeek-V3, to the byte, and both are 25 times too high.
#
# Guess:   where independent tools give the same figure from a model's own config.json, the figure is right.
# Seen:    both multiply heads by hidden/heads. DeepSeek-V3 caches one latent of 576 numbers a layer (MLA): 70,272
#          bytes a token in 16 bits; both say 1,748,992. For gpt-oss-120b (head_dim 64, not 2880/64) one is right
#          in width and the other 0.70 of it; for Gemma-3-27B 1.31 of it. Neither warns.
# Matters: 25 times the cache is 25 times fewer users a GPU: own GPUs look hopeless for the model served most cheaply.
#          Agreement of calculators is no evidence: they share the formula.
# Version: hf-mem 0.5.6, modelinfo-cli 1.4.4; dimensions are those of the published config.json files.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q hf-mem==0.5.6 modelinfo-cli==1.4.4
"$dir/venv/bin/python" -W ignore - <<'PY'
import sys

from hf_mem.safetensors.kv_cache import compute_safetensors_kv_cache_size
from modelinfo.architecture import extract_architecture

WINDOWS = ["sliding_attention", "full_attention"]
CONFIGS = {
    "DeepSeek-V3": (
        {"hidden_size": 7168, "num_attention_heads": 128, "num_key_value_heads": 128, "num_hidden_layers": 61,
         "kv_lora_rank": 512, "qk_rope_head_dim": 64, "qk_nope_head_dim": 128, "v_head_dim": 128},
        61 * (512 + 64) * 2),
    "gpt-oss-120b": (
        {"hidden_size": 2880, "num_attention_heads": 64, "num_key_value_heads": 8, "num_hidden_layers": 36,
         "head_dim": 64, "sliding_window": 128, "layer_types": WINDOWS * 18},
        36 * 2 * 8 * 64 * 2),
    "Gemma-3-27B": (
        {"hidden_size": 5376, "num_attention_heads": 32, "num_key_value_heads": 16, "num_hidden_layers": 62,
         "head_dim": 128, "sliding_window": 1024},
        62 * 2 * 16 * 128 * 2),
}
seen = {}
print("bytes a token         right (every layer)     hf-mem  modelinfo-cli")
for name, (config, right) in CONFIGS.items():
    hf = compute_safetensors_kv_cache_size({**config, "torch_dtype": "bfloat16"}, "BF16", 1000) / 1000
    layers, width, _ = extract_architecture({}, config)
    other = 2 * layers * width * 2
    seen[name] = (round(hf / right, 2), round(other / right, 2))
    print(f"{name:20}{right:21,}{hf:11,.0f}{other:15,}")
print("times the right one:", seen)
wanted = {"DeepSeek-V3": (24.89, 24.89), "gpt-oss-120b": (1.0, 0.7), "Gemma-3-27B": (1.0, 1.31)}
if seen != wanted:
    sys.exit(f"changed: {seen}, not {wanted}")
PY
