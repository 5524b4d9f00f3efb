"""Break-evens against brute force: `compare` asked at volume after volume, on both sides."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tco
from tco.errors import InfeasibleError

DAY = "2026-11-21"
CASES = 10
BESIDE = 1e-6  # how far from a break-even both sides are asked at [1]
OWN = {
    "llama-3.3-70b": ("h100-sxm", 2, "fp8"),
    "gpt-oss-120b": ("h100-sxm", 1, "mxfp4"),
    "qwen3-235b-2507": ("h200-sxm", 4, "fp8"),
}
LISTS = (
    "list:kind=api,input=${input},output=${output}",
    "list:kind=api,input=${input},output=${output},commit=$40k/month",
    "list:kind=api,input=${input},output=${output},tiers=10B:10%/60B:30%",
    "list:kind=api,input=${input},output=${output},tiers=20B:20%/100B:45%,tier_kind=cliff",
    "list:kind=api,input=${input},output=${output},above=8k:2x",
    "list:kind=api,input=${input},output=${output},batch_discount=50%",
)


def case(seed: int) -> dict[str, Any]:
    """Return keywords of the library that a seed stands for."""
    pick = np.random.default_rng([seed, 23])
    model = str(pick.choice(list(OWN)))
    gpu, gpus, precision = OWN[model]
    low = float(np.round(10 ** pick.uniform(-0.7, 0.5), 3))
    prices = {"input": low, "output": round(low * float(pick.uniform(2, 5)), 3)}
    rent = round(float(pick.uniform(1.0, 4.0)), 2)
    billing = ("always_on", "scheduled", "autoscaled", "autoscaled")[seed % 4]
    said: dict[str, Any] = {
        "model": [model],
        "as_of": DAY,
        "profile": str(pick.choice(["chat", "general"])),
        "option": [
            LISTS[seed % len(LISTS)].format(**prices),
            f"box:kind=self,model={model},gpu={gpu},gpus={gpus},precision={precision},"
            f"rent=${rent}/gpu-h",
        ],
        "set": {
            "serving.headroom": round(float(pick.uniform(0.6, 0.95)), 2),
            "people.floor_fte": float(pick.choice([0.0, 0.5, 1.0])),
            "workload.length_cv": float(pick.choice([0.0, 1.0])),
        },
    }
    if billing != "always_on":
        said["billing"] = billing
    if billing == "scheduled":
        said["schedule"] = "mon-fri 08:00-20:00"
    if seed % len(LISTS) == 4:
        said["isl"], said["osl"] = int(pick.integers(2_000, 16_000)), 400
    if seed % len(LISTS) == 5:
        said["batch"] = 0.5
    return said


def bills(said: dict[str, Any], tokens: float) -> tuple[float, float]:
    """Return what the list and the box cost a month [USD/month]."""
    rows = {row.id: row.monthly_usd for row in tco.compare(tokens=tokens, **said).options}
    found = rows["list"], rows["box"]
    assert None not in found
    return found


def volumes(wins: Any, seed: int) -> list[float]:
    """Return volumes on both sides of every break-even, and some anywhere [token/month]."""
    pick = np.random.default_rng([seed, 24])
    ends = [end for span in wins for end in span if end]
    if len(ends) > 6:
        ends = [*ends[:4], *ends[-2:]]
    low, high = (min(ends) / 20, max(ends) * 5) if ends else (1e9, 5e11)
    beside = [end * (1 + side * BESIDE) for end in ends for side in (-1, 1)]
    return [*beside, *np.exp(pick.uniform(np.log(low), np.log(high), 8)).tolist()]


def disagreements(seed: int) -> list[str]:
    """Return at which volumes of a case `breakeven` and `compare` name another cheaper one."""
    said = case(seed)
    try:
        wins = tco.breakeven("list", "box", **said).wins
    except InfeasibleError:
        return []
    wrong = []
    for tokens in volumes(wins, seed):
        listed, box = bills(said, tokens)
        won = any(low < tokens <= (high or np.inf) for low, high in wins)
        if won != (box < listed) and abs(box - listed) > 1e-9 * listed:
            wrong.append(f"{tokens!r}: ${listed!r} by the token, ${box!r}, of {wins}")
    return wrong


@pytest.mark.parametrize("seed", range(CASES))
def test_both_sides_of_a_break_even(seed: int) -> None:
    assert not disagreements(seed)
