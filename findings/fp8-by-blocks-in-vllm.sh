#!/usr/bin/env bash
# FP8 in blocks makes decoding in vLLM slower than 16 bits, by NVIDIA's own table of measured kernels.
#
# Guess:   decoding reads every weight once a token, so FP8 takes about half the time of bf16, however it is scaled.
# Seen:    Llama 3.1 70B on 4 GPUs, one request, ms a token (bf16, FP8 by tensor, FP8 by 128x128 block):
#          H100 vLLM 14.9 / 11.0 / 22.2, H100 SGLang 15.3 / 10.2 / 10.2, B200 vLLM 9.2 / 13.0 / 78.4, B200 SGLang
#          8.8 / 7.7 / 7.5. On B200 in vLLM, FP8 by tensor is slower for one request than for eight (13.0, 8.5).
# Matters: published FP8 checkpoints (DeepSeek, the -FP8 ones of Qwen, GLM) are by block. `precision: fp8` is not one
#          thing: the engine and the scaling decide whether it saves half the GPUs or costs twice as many.
# Version: aiconfigurator-core 0.12.0, its tables of vLLM 0.24.0 and SGLang 0.5.14.
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

MODEL, GPUS, SCALED = "meta-llama/Meta-Llama-3.1-70B", 4, ("bfloat16", "fp8", "fp8_block")
seen = {}
print("ms a token, 1,000 tokens of context   1 request: bf16, fp8, fp8_block   8 requests")
for system in ("h100_sxm", "b200_sxm"):
    for backend in ("vllm", "sglang"):
        version = perf_database.get_latest_database_version(system, backend)
        made = [AicEngine.from_spec(engine.compile_engine(MODEL, system, backend, tp_size=GPUS, gemm_quant_mode=q))
                for q in SCALED]
        one, eight = ([round(e.predict_decode_latency(n, 1000, 2), 1) for e in made] for n in (1, 8))
        seen[system, backend] = (one, eight)
        print(f"{system:10}{backend:8}{version:10}", one, eight)
slower = {k for k, (one, _) in seen.items() if one[2] > 1.2 * one[0]}
if slower != {("h100_sxm", "vllm"), ("b200_sxm", "vllm")}:
    sys.exit(f"changed: FP8 by block is slower than bf16 in {sorted(slower)}, not in vLLM on both GPUs")
one, eight = seen["b200_sxm", "vllm"]
if not (one[2] > 5 * one[0] and one[1] > one[0] and one[1] > 1.2 * eight[1]):
    sys.exit(f"changed: B200 in vLLM decodes in {one} ms for one request and {eight} ms for eight")
PY
