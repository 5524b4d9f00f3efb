#!/usr/bin/env bash
# Two thirds more bandwidth, the same speed for one user: eight B200 against eight H200, by NVIDIA's own table of
# measured kernels.
#
# Guess:   decoding waits for memory, so that a B200 (8 TB/s) takes 0.6 of the time of an H200 (4.8 TB/s), most of all
#          for one request.
# Seen:    requests of 1,000 tokens on eight GPUs, ms a token (H200, B200). One request: DeepSeek-V3 in TensorRT-LLM
#          6.8 and 6.9, in SGLang 11.2 and 9.2; Qwen3-235B in bf16 in the three engines 7.9 and 7.1, 6.8 and 5.9, 7.5
#          and 7.2. That is 0.99 to 1.22 times as fast, where bandwidth says 1.67. Eight requests 1.1 to 1.4, 64 0.91
#          (vLLM: 21.4, then 23.4) to 1.7, 256 1.3 to 1.5, and only V3 in SGLang 2.4. Launches and the sums over eight
#          GPUs take their time whatever the memory does.
# Matters: an hour of B200 costs about half as much again. For few users, or where a limit on a token's time keeps
#          batches small, it buys little or nothing; what bandwidth promises comes with hundreds of requests at once,
#          if at all.
# Version: aiconfigurator-core 0.12.0, its tables of vLLM 0.24.0, SGLang 0.5.14 and TensorRT-LLM 1.3.0rc20.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q aiconfigurator-core==0.12.0
"$dir/venv/bin/python" -W ignore - <<'PY'
import logging
import sys

logging.disable(logging.CRITICAL)
from aiconfigurator_core import AicEngine
from aiconfigurator_core.sdk import engine, perf_database

BLOCKS = {"gemm_quant_mode": "fp8_block", "moe_quant_mode": "fp8_block", "moe_tp_size": 1, "moe_ep_size": 8}
PLAIN = {"gemm_quant_mode": "bfloat16", "moe_quant_mode": "bfloat16", "moe_tp_size": 8, "moe_ep_size": 1}
CASES = {
    ("DeepSeek-V3, FP8", "trtllm"): ("deepseek-ai/DeepSeek-V3", BLOCKS),
    ("DeepSeek-V3, FP8", "sglang"): ("deepseek-ai/DeepSeek-V3", BLOCKS),
    ("Qwen3-235B, bf16", "trtllm"): ("Qwen/Qwen3-235B-A22B", PLAIN),
    ("Qwen3-235B, bf16", "sglang"): ("Qwen/Qwen3-235B-A22B", PLAIN),
    ("Qwen3-235B, bf16", "vllm"): ("Qwen/Qwen3-235B-A22B", PLAIN),
}
AT_ONCE = (1, 8, 64, 256)
seen = {}
print("ms a token on 8 H200 and 8 B200, and how many times faster; requests at once:", *AT_ONCE)
for (name, backend), (model, how) in CASES.items():
    times = []
    for system in ("h200_sxm", "b200_sxm"):
        version = perf_database.get_latest_database_version(system, backend)
        made = AicEngine.from_spec(engine.compile_engine(model, system, backend, tp_size=8, **how))
        times.append([made.predict_decode_latency(n, 1000, 2) for n in AT_ONCE])
    seen[name, backend] = [round(old / new, 2) for old, new in zip(*times)]
    row = "".join(f"{old:7.1f} {new:5.1f} x{old / new:.2f}" for old, new in zip(*times))
    print(f"{name:18}{backend:7}{version:11}{row}")
one = [speed[0] for speed in seen.values()]
if max(one) > 1.25 or min(one) > 1.0 or seen["Qwen3-235B, bf16", "vllm"][2] > 1.0:
    sys.exit(f"changed: {seen}")
PY
