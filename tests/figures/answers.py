"""Whole questions on the small catalog, each quick: bills, curves, crossings and plans."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cache, partial
from typing import Any

import numpy as np
from running import load_small

from tco.analysis.breakeven import breakeven
from tco.analysis.compare import compare
from tco.analysis.horizon.horizon import horizon
from tco.analysis.plan.plan import PlanSettings, plan
from tco.catalog.load import Catalog
from tco.options.curves import costs
from tco.options.question import Question, prepare
from tco.options.scenario import Scenario

from .cases import tried

DAY = date(2026, 11, 21)
OWN = "self/llama-3.3-70b"


@cache
def catalog() -> Catalog:
    """Return the small catalog, read once."""
    return load_small()


def asked(**fields: Any) -> Question:
    """Return a question of the small catalog."""
    return prepare(catalog(), Scenario(**({"tokens": 50e9} | fields)), DAY)


def bills(**fields: Any) -> Any:
    """Return what each option costs, its lines, its band and how full it is."""
    found = compare(asked(**fields))
    rows = [row for row in found.options if row.feasible]
    return [
        [row.id, row.monthly_usd, row.band_usd, row.gpus, row.replicas, row.upfront_usd,
         row.utilization, row.energy, row.scaling, row.breakdown,
         [(line.item, line.quantity, line.rate_usd, line.amount_usd) for line in row.lines]]
        for row in rows[:14]
    ]  # fmt: skip


VOLUMES = np.array([1e6, 1e9, 2e10, 5e10, 3e11, 2e13])


def curve(name: str, **fields: Any) -> Any:
    """Return the cost of an option over the volume."""
    return costs(asked(**fields), name, VOLUMES)


def crossing(a: str, b: str, **fields: Any) -> Any:
    """Return where two options cross."""
    found = breakeven(asked(**fields), a, b)
    keys = ("first", "always", "intervals", "a_usd", "b_usd", "flips", "cheaper", "spans", "at")
    return [getattr(found, key, None) for key in keys]


def mix(**fields: Any) -> Any:
    """Return a plan: strategies, the mix, what would turn it."""
    found = plan(asked(**fields), PlanSettings())
    return [found.strategies, found.hybrid, found.switches] if hasattr(found, "hybrid") else found


SETTINGS = {
    "workload.cache_write_share": 0.1, "workload.reasoning_factor": 2.0,
    "workload.batch_share": 0.4, "workload.retry_share": 0.02,
}  # fmt: skip
ANSWERS: dict[str, Callable[[], Any]] = {
    "bills_usual": partial(bills),
    "bills_small": partial(bills, tokens=2e8),
    "bills_own": partial(bills, tiers=("self",), models=("llama-3.3-70b",), purchases=("own",)),
    "bills_spot": partial(
        bills, tiers=("self",), purchases=("spot", "reserved_1y"), marketplaces=True
    ),
    "bills_many": partial(bills, tokens=4e11, all_setups=True, gpus=("h100-sxm",)),
    "bills_autoscaled": partial(bills, tiers=("self",), billing="autoscaled"),
    "bills_scale_to_zero": partial(bills, tiers=("self",), billing="scale_to_zero", tokens=1e8),
    "bills_written": partial(bills, models=("gpt-4.1", "claude-sonnet-4.5"), settings=SETTINGS),
    "curve_api": partial(curve, "openai/gpt-4.1"),
    "curve_own": partial(curve, OWN),
    "curve_autoscaled": partial(curve, OWN, billing="autoscaled"),
    "crossing_api_own": partial(crossing, "openai/gpt-4.1", OWN),
    "crossing_own_own": partial(crossing, OWN, "self/gpt-oss-120b"),
    "crossing_bought": partial(crossing, "openai/gpt-4.1", OWN, purchases=("own",)),
    "crossing_autoscaled": partial(crossing, "openai/gpt-4.1-mini", OWN, billing="autoscaled"),
    "plan_usual": partial(mix, models=("llama-3.3-70b",)),
    "plan_large": partial(mix, models=("llama-3.3-70b",), tokens=2e11),
    "over_time": lambda: horizon(asked(), ("openai/gpt-4.1", OWN)),
}
ANSWERS = {name: partial(tried, make) for name, make in ANSWERS.items()}
