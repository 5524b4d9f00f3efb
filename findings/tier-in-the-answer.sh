#!/usr/bin/env bash
# An answer that states its own service tier: two price calculators, two figures, each wrong on another tier.
#
# Guess:   handed the provider's whole answer, which says what was billed (`service_tier`), both calculators price it.
# Seen:    flex, OpenAI: LiteLLM halves the price, genai-prices bills standard. batch, Anthropic: both bill standard,
#          though LiteLLM's row has `input_cost_per_token_batches` and genai-prices has a variant for batch.
#          LiteLLM takes any word for a tier (`batch`, a misspelling) and bills standard without a warning.
# Matters: a bill recomputed from answers is up to twice what was paid, and which half depends on the library.
# Version: litellm 1.110.2, genai-prices 0.2.3, with the price tables in their wheels.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q litellm==1.110.2 genai-prices==0.2.3
LITELLM_LOCAL_MODEL_COST_MAP=True "$dir/venv/bin/python" -W ignore - <<'PY'
import sys

import litellm
from genai_prices import extract_usage
from litellm.llms.anthropic.chat.transformation import AnthropicConfig
from litellm.types.utils import ModelResponse, Usage

FLEX = {"model": "gpt-5.4-2026-03-05", "object": "chat.completion", "service_tier": "flex", "usage": {
    "prompt_tokens": 100_000, "completion_tokens": 1_000, "total_tokens": 101_000}}
BATCH = {"model": "claude-sonnet-4-6", "usage": {
    "input_tokens": 100_000, "output_tokens": 1_000, "service_tier": "batch"}}


def by_litellm(answer: dict, usage: Usage, **said: str) -> float:
    known = {"service_tier": answer["service_tier"]} if "service_tier" in answer and not said else {}
    reply = ModelResponse(model=answer["model"], usage=usage, **known)
    return round(litellm.completion_cost(completion_response=reply, model=answer["model"], **said), 6)


def by_genai(answer: dict, provider: str, **how: str) -> float:
    return float(extract_usage(answer, provider_id=provider, **how).calc_price().total_price)


open_ai = Usage(**FLEX["usage"])
claude = AnthropicConfig().calculate_usage(usage_object=BATCH["usage"], reasoning_content=None)
plain = {k: v for k, v in FLEX.items() if k != "service_tier"}
seen = {
    "flex": (by_litellm(plain, open_ai), by_litellm(FLEX, open_ai), by_genai(FLEX, "openai", api_flavor="chat")),
    "batch": (0.315, by_litellm(BATCH, claude), by_genai(BATCH, "anthropic")),
    "a tier's name": tuple(by_litellm(plain, open_ai, service_tier=t) for t in ("flex", "batch", "flexx")),
}
row = litellm.model_cost["claude-sonnet-4-6"]
print("USD              standard   litellm  genai-prices")
for name, figures in list(seen.items())[:2]:
    print(f"{name:16}" + "".join(f"{f:10.4f}" for f in figures))
print(f"litellm told flex, batch, flexx: {seen['a tier' + chr(39) + 's name']}")
print("litellm's row for batch:", row.get("input_cost_per_token_batches"), "against", row["input_cost_per_token"])
wanted = {"flex": (0.265, 0.1325, 0.265), "batch": (0.315, 0.315, 0.315), "a tier's name": (0.1325, 0.265, 0.265)}
if seen != wanted or row.get("input_cost_per_token_batches") != 1.5e-06:
    sys.exit(f"changed: {seen}, not {wanted}")
PY
