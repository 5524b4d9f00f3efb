"""A program of somebody else's, which a type checker reads; see `test_types.py`."""

from __future__ import annotations

import numpy as np

import tco
from tco.api.answers import (
    Breakeven,
    BreakevenElsewhere,
    BreakevenOverview,
    Comparison,
    Embedding,
    Explanation,
    Mix,
    MonteCarlo,
    Outlook,
    Portfolio,
    Sizing,
    Swings,
    Tuning,
    WhatIfs,
    WinnerMap,
)


def cheapest_usd(tokens: str | float) -> float | None:
    answer: Comparison = tco.compare(
        tokens=tokens, model=["llama-3.3-70b"], set={"serving.headroom": 0.9}, private=False
    )
    return answer.options[0].monthly_usd


def questions() -> list[tco.Answer]:
    two = ("gpt-4.1", "self/llama-3.3-70b")
    pair: Breakeven = tco.breakeven(*two, growth="5%")
    rent: BreakevenElsewhere = tco.breakeven(*two, over="rent", range=(1, 4), tokens=5e10)
    every: BreakevenOverview = tco.breakeven(model="glm-5.2")
    where: WinnerMap = tco.breakeven(map="volume:rent", tokens="5B")
    swings: Swings = tco.sensitivity(*two, tokens=1e9)
    drawn: MonteCarlo = tco.sensitivity(draws=1000, vary={"rent.factor": (0.5, 2)}, tokens=1e9)
    changed: WhatIfs = tco.sensitivity(what_if=["rent +30%"], tokens=1e9)
    sizing: Sizing = tco.size("llama-3.3-70b", slo={"tpot": "30ms"}, gpu="h100-sxm")
    mix: Mix | Portfolio = tco.plan(tokens="500B", curve="chat", buy=True)
    years: Outlook = tco.horizon(*two, tokens="1T", growth="2%")
    bill: Explanation = tco.explain("gpt-4.1", tokens="5B")
    tuned: Tuning = tco.train("gpt-4.1", "glm-5.2", training_tokens="5M", method="lora")
    texts: Embedding = tco.embed(corpus=1e9, queries="2 req/s", query_tokens=200)
    one = [pair, rent, every, where, swings, drawn, changed, sizing, mix, years, bill]
    return [*one, tuned, texts]


def total_usd() -> float:
    return float(tco.curve("gpt-4.1", np.array([1e9, 2e9])).sum())


def wrong() -> None:
    tco.compare(tokns="5B")  # error: Unexpected keyword argument "tokns"
    tco.compare(tokens=["5B"])  # error: No overload variant
    tco.plan(tokns="5B")  # error: Unexpected keyword argument "tokns"
    tco.embed(corpus=["5B"])  # error: Argument "corpus" to "embed" has incompatible type
    tco.breakeven("gpt-4.1", growht=1)  # error: No overload variant
    _ = tco.explain("gpt-4.1").option.cost  # error: "OptionResult" has no attribute "cost"
    tco.comparison()  # error: Module has no attribute "comparison"
