#!/usr/bin/env bash
# LiteLLM prices a Fireworks model that it does not know: by digits in its name, or at nothing.
#
# Guess:   a model that is not in the table is an error, as it is for OpenAI, Groq or Together ("not mapped").
# Seen:    of fireworks_ai it is a price, without a warning: "...-70b" $0.90 a million tokens, "...-8x7b" $0.50, and a
#          name without a size $0.00. The same names at another host raise an error.
# Matters: a fine-tune of one's own, a new model or a misspelt one is free in every report and budget that is built on
#          LiteLLM's spend; a zero there is no measurement.
# Version: litellm 1.110.2, with the price table in its wheel.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q litellm==1.110.2
LITELLM_LOCAL_MODEL_COST_MAP=True "$dir/venv/bin/python" -W ignore - <<'PY'
import sys

import litellm

litellm.suppress_debug_info = True
MTOK = 1_000_000


def price(host: str, model: str) -> float | str:
    try:
        both = litellm.cost_per_token(
            model=model, custom_llm_provider=host, prompt_tokens=MTOK, completion_tokens=MTOK)
        return round(sum(both) / 2, 2)
    except Exception as error:  # the package raises several kinds
        return type(error).__name__


MODELS = ("accounts/acme/models/support-70b", "accounts/acme/models/support-8x7b", "accounts/acme/models/support")
seen = {host: [price(host, model) for model in MODELS] for host in ("fireworks_ai", "together_ai", "groq")}
for host, prices in seen.items():
    print(f"{host:14} USD/Mtok of -70b, -8x7b, no size: {prices}")
if seen["fireworks_ai"] != [0.9, 0.5, 0.0] or not all(isinstance(p, str) for p in seen["together_ai"] + seen["groq"]):
    sys.exit(f"changed: {seen}")
PY
