#!/usr/bin/env bash
# LiteLLM's cost-based routing takes the host where a token read plus a token written is cheapest: agents pay 3.3 times.
#
# Guess:   "cost-based-routing" sends a request where it costs least; it counts the prompt's tokens before it chooses.
# Seen:    it does count them, for limits a minute alone. Hosts are ranked by the price of one token of input plus one
#          of output. Qwen3-Coder-480B at $0.90 and $0.90 (Fireworks) is preferred to $0.22 and $1.80 (Vertex): a call
#          of 30,000 and 1,000 tokens is $0.0279, the other host's is $0.0084. Llama 3.3 70B goes to 1.04 and 1.04, not
#          to 0.293 and 2.253: 2.9 times; Llama 4 Maverick 1.96 times, DeepSeek V3 0324 1.7. Cached prices are not asked
#          for. The same hosts are right for one token read a token written, which hardly anybody has.
# Matters: hosts with one price for both kinds look cheap by this rule, and are dearest for agents and for retrieval.
#          Whoever switches it on to save pays two or three times the least, without a line in any log.
# Version: litellm 1.110.2, with the price table in its wheel; answers are the library's own `mock_response`.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q litellm==1.110.2
LITELLM_LOCAL_MODEL_COST_MAP=True "$dir/venv/bin/python" -W ignore - <<'PY'
import asyncio
import logging
import sys

import litellm
from litellm import Router

logging.disable(logging.CRITICAL)
READ, WRITTEN = 30_000, 1_000
PAIRS = {
    "qwen3-coder-480b": (
        "fireworks_ai/accounts/fireworks/models/qwen3-coder-480b-instruct-bf16",
        "vertex_ai/qwen/qwen3-coder-480b-a35b-instruct-maas",
    ),
    "llama-3.3-70b": (
        "together_ai/meta-llama/Llama-3.3-70B-Instruct-Turbo",
        "cloudflare/@cf/meta/llama-3.3-70b-instruct-fp8-fast",
    ),
    "llama-4-maverick": ("oci/meta.llama-4-maverick-17b-128e-instruct-fp8", "kyma/llama-4-maverick"),
    "deepseek-v3-0324": ("fireworks_ai/accounts/fireworks/models/deepseek-v3-0324", "nebius/deepseek-ai/DeepSeek-V3-0324"),
}


def bill(host):
    row = litellm.model_cost[host]
    return READ * row["input_cost_per_token"] + WRITTEN * row["output_cost_per_token"]


async def chosen(hosts):
    rows = [{"model_name": "m", "litellm_params": {"model": host, "api_key": "none"}} for host in reversed(hosts)]
    router = Router(model_list=rows, routing_strategy="cost-based-routing")
    names = {row["model_info"]["id"]: row["litellm_params"]["model"] for row in router.model_list}
    prompt = [{"role": "user", "content": "word " * READ}]
    answers = [await router.acompletion(model="m", messages=prompt, mock_response="yes") for _ in range(5)]
    return {names[answer._hidden_params["model_id"]] for answer in answers}


seen = {}
for name, (dear, cheap) in PAIRS.items():
    (host,) = asyncio.run(chosen((dear, cheap)))
    seen[name] = (host == dear, round(bill(dear) / bill(cheap), 1))
    print(f"{name}: {host} of two: ${bill(host):.4f} for {READ:,} and {WRITTEN:,} tokens, least is ${bill(cheap):.4f}")
if seen != {
    "qwen3-coder-480b": (True, 3.3),
    "llama-3.3-70b": (True, 2.9),
    "llama-4-maverick": (True, 2.0),
    "deepseek-v3-0324": (True, 1.7),
}:
    sys.exit(f"changed: {seen}")
PY
