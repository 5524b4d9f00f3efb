#!/usr/bin/env bash
# EcoLogits: prompts cost no energy, and a thousandth more parameters doubles the energy of an answer.
#
# Guess:   energy follows what is computed: tokens read and made, times active parameters. 37B active parameters take
#          about half the energy of 70B, and 66.6B as much as 66.7B.
# Seen:    no input tokens enter at all. GPUs are rounded up to a power of two that holds ALL weights at 16 bits times
#          1.2, each of them with the full energy of a token: 66.6B -> 2 GPUs, 66.7B -> 4 and twice the energy.
#          DeepSeek-V3's shape (671B, 37B active) takes 32 GPUs: 6.1 times a dense 70B. A faster answer uses less:
#          the same tokens in 5 s instead of unhurried take 37 to 42 % off.
# Matters: agents read 100 times what they write: their energy is off by orders. Ranking MoE against dense by these
#          figures ranks the rounding. Not to be mixed with a price of power per token.
# Version: ecologits 0.11.3.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install -q ecologits==0.11.3
"$dir/venv/bin/python" -W ignore - <<'PY'
import inspect
import sys

from ecologits.impacts.llm import compute_llm_impacts


def wh(active: float, total: float, seconds: float = 1e6) -> float:
    made = compute_llm_impacts(
        model_active_parameter_count=active, model_total_parameter_count=total, output_token_count=1000,
        request_latency=seconds, datacenter_pue=1.2, datacenter_wue=0.5, if_electricity_mix_adpe=0,
        if_electricity_mix_pe=0, if_electricity_mix_gwp=0, if_electricity_mix_wue=0)
    return made.energy.value * 1000


takes = [n for n in inspect.signature(compute_llm_impacts).parameters if "input" in n or "prompt" in n]
below, above, dense, mixture = wh(66.6, 66.6), wh(66.7, 66.7), wh(70, 70), wh(37, 671)
quick = [round(wh(a, t, 5) / wh(a, t), 2) for a, t in ((70, 70), (37, 671), (266, 266))]
print(f"parameters about the prompt: {takes}")
print(f"Wh for 1,000 tokens: 66.6B {below:.3f}, 66.7B {above:.3f} (x{above / below:.2f}); 70B {dense:.3f}, "
      f"671B with 37B active {mixture:.3f} (x{mixture / dense:.1f})")
print(f"share left when the answer took 5 s (70B, 671B/37B, 266B): {quick}")
if takes or round(above / below, 2) != 2.0 or round(mixture / dense, 1) != 6.1 or quick != [0.61, 0.63, 0.58]:
    sys.exit("changed: energy depends on the prompt, no longer steps, or on the speed in another way")
PY
