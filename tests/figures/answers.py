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
from tco.analysis.plan.plan import plan
from tco.catalog.load import Catalog
from tco.options.curves import curve as curves_of
from tco.options.curves import first_volumes
from tco.options.names import costs, resolve
from tco.options.question import Question, prepare
from tco.options.scenario import Scenario, inline_option

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


def shape(name: str, **fields: Any) -> Any:
    """Return the cost curve of an option: its lines, and its pieces up to a volume."""
    question = asked(**fields)
    found = resolve(name, question).best
    made = curves_of(found, question.settings)
    upto = made.first(3e11)
    return [made.slope, made.low, made.high, made.pieces_until(np.array([3e11])), upto]


def first(a: str, b: str, column: str, values: tuple[float, ...], **fields: Any) -> Any:
    """Return from which volume B is cheaper, for several values of a setting at once."""
    question = asked(**fields)
    one, other = (resolve(name, question).best for name in (a, b))
    many = question.settings.with_values({column: np.array(values)[:, None]})
    return first_volumes(one, other, many, len(values))


def crossing(a: str, b: str, **fields: Any) -> Any:
    """Return where two options cross."""
    found = breakeven(asked(**fields), a, b)
    keys = ("first", "always", "intervals", "a_usd", "b_usd", "flips", "cheaper", "spans", "at")
    return [getattr(found, key, None) for key in keys]


def mix(**fields: Any) -> Any:
    """Return a plan: strategies, the mix, what would turn it."""
    found = plan(asked(**fields))
    return [found.strategies, found.hybrid, found.switches] if hasattr(found, "hybrid") else found


SETTINGS = {
    "workload.cache_write_share": 0.1, "workload.reasoning_factor": 2.0,
    "workload.batch_share": 0.4, "workload.retry_share": 0.02,
}  # fmt: skip
FIXED = "mine:kind=fixed,usd_per_month=9000,capacity=20B"
UNITS = "mine:kind=provisioned,unit_price=$25/h,tokens_per_s=4000,minimum=2,output_weight=4"
TERMS = {
    "name": "mine", "kind": "api", "input": "$1", "output": "$4", "commit": "$5000/month",
    "tiers": {"10B": "10%", "40B": "25%"},
}  # fmt: skip
ASKED: tuple[dict[str, Any], ...] = (
    {},
    {"billing": "autoscaled"},
    {"purchases": ("own",)},
    {"settings": {"serving.zones": 3.0, "serving.redundancy": 2.0}},
    {"settings": {"serving.headroom": 1.0}},
)
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
    "bills_written": partial(bills, models=("gpt-4.1", "gpt-4.1-mini"), settings=SETTINGS),
    "curve_api": partial(curve, "openai/gpt-4.1"),
    "curve_own": partial(curve, OWN),
    "curve_autoscaled": partial(curve, OWN, billing="autoscaled"),
    "curve_fixed": partial(curve, "mine", options=(inline_option(FIXED),)),
    "curve_units": partial(curve, "mine", options=(inline_option(UNITS),)),
    **{
        f"shape_{name}_{number}": partial(shape, name, **fields)
        for name in ("openai/gpt-4.1", OWN, "self/gpt-oss-120b")
        for number, fields in enumerate(ASKED)
    },
    "shape_fixed": partial(shape, "mine", options=(inline_option(FIXED),)),
    "shape_units": partial(shape, "mine", options=(inline_option(UNITS),)),
    "shape_terms": partial(shape, "mine", options=(inline_option(TERMS),)),
    "bills_described": partial(bills, options=tuple(map(inline_option, (FIXED, UNITS, TERMS)))),
    "bills_tokenizer": partial(bills, models=("gpt-4.1",), tokenizers=(("gpt-4.1", 1.3),)),
    "bills_all": partial(bills, tokens=3e9, all_setups=True, purchases=("on_demand", "own")),
    "first_by_rent": partial(
        first, "openai/gpt-4.1-mini", OWN, "rent.factor", (0.5, 1.0, 2.0), billing="autoscaled"
    ),
    "first_by_headroom": partial(
        first, "openai/gpt-4.1", OWN, "serving.headroom", (0.6, 0.99, 1.0)
    ),
    "crossing_fixed": partial(crossing, "mine", OWN, options=(inline_option(FIXED),)),
    "crossing_api_own": partial(crossing, "openai/gpt-4.1", OWN),
    "crossing_own_own": partial(crossing, OWN, "self/gpt-oss-120b"),
    "crossing_bought": partial(crossing, "openai/gpt-4.1", OWN, purchases=("own",)),
    "crossing_autoscaled": partial(crossing, "openai/gpt-4.1-mini", OWN, billing="autoscaled"),
    "plan_usual": partial(mix, models=("llama-3.3-70b",)),
    "plan_large": partial(mix, models=("llama-3.3-70b",), tokens=2e11),
    "over_time": lambda: horizon(asked(), ("openai/gpt-4.1", OWN)),
}
ANSWERS = {name: partial(tried, make) for name, make in ANSWERS.items()}
