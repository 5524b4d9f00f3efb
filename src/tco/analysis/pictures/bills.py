"""The bills of some options at volumes around today's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from tco.analysis.curves import TOKENS
from tco.analysis.inputs import Inputs
from tco.analysis.options import Option, SelfOption, replica_of
from tco.analysis.pictures.results import Arrangement, BillsAt
from tco.analysis.plan.results import PlanResult, StrategyResult
from tco.analysis.priced import option_result
from tco.analysis.results import Breakdown, OptionResult
from tco.engine.replica import Replica

AROUND = 10.0
STEPS = 13


def bills_around(inputs: Inputs, options: Sequence[Option], centre: float) -> tuple[BillsAt, ...]:
    """Return the bills at volumes from a tenth to ten times `centre`, which is the middle one.

    Args:
        inputs: The question.
        options: The options.
        centre: Volume [token/month].
    """
    sized = [(o, _replica(o, inputs)) for o in options]
    volumes = np.geomspace(centre / AROUND, centre * AROUND, STEPS)
    volumes[STEPS // 2] = centre
    return tuple(
        BillsAt(tokens_per_month=volume, options=tuple(_bills(inputs, sized, volume)))
        for volume in volumes.tolist()
    )


def _replica(option: Option, inputs: Inputs) -> Replica | None:
    return replica_of(option, inputs.settings) if isinstance(option, SelfOption) else None


def _bills(
    inputs: Inputs, sized: Sequence[tuple[Option, Replica | None]], volume: float
) -> Iterator[OptionResult]:
    there = replace(inputs, settings=inputs.settings.with_values({TOKENS: volume}))
    found = [option_result(option, there, replica) for option, replica in sized]
    yield from sorted(found, key=lambda r: (r.monthly_usd or 0.0, r.id))


def arrangements(plan: PlanResult) -> tuple[Arrangement, ...]:
    """Return the bills of a plan's possible arrangements, by component."""
    return tuple(
        Arrangement(name=s.strategy, monthly_usd=s.monthly_usd, parts=_sums(s))
        for s in plan.strategies
        if s.monthly_usd is not None
    )


def _sums(strategy: StrategyResult) -> Breakdown:
    usd = dict.fromkeys(("tokens", "compute", "people", "power", "other"), 0.0)
    for line in strategy.lines:
        usd[line.group] += line.amount_usd
    return Breakdown(**usd, idle=0.0)
