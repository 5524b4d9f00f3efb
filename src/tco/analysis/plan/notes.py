"""What a plan assumes beyond its bills, and what to be wary of in it."""

from __future__ import annotations

import numpy as np

from tco.analysis.inputs import Inputs
from tco.analysis.machines import OWN
from tco.analysis.options import Option
from tco.analysis.plan.mix import Mix
from tco.analysis.report import assumptions_of
from tco.analysis.results import AssumptionResult
from tco.analysis.settings import Setting

PURCHASES = frozenset({"on_demand", "reserved_1y"})
"""What is looked at unless `--purchase` says otherwise: nothing that is tied up for years."""


def plan_assumptions(
    inputs: Inputs, used: list[Option], mix: Mix, *, buy: bool
) -> tuple[AssumptionResult, ...]:
    """Return what entered the bills, with what only a plan assumes."""
    rows = [row for row in assumptions_of(inputs, used) if row.path != "rent.purchase"]
    paths = []
    if mix.stack.peak_units:
        paths.append("plan.lead_h")
    if mix.peak is not None and mix.peak.spot:
        paths.append("plan.spot_availability")
    rows += [_row(inputs.settings[path]) for path in paths]
    rows.append(purchase_row(inputs, buy=buy))
    return tuple(rows)


def purchase_row(inputs: Inputs, *, buy: bool = False) -> AssumptionResult:
    """Return which rents were looked at."""
    given = inputs.request.purchases
    return AssumptionResult(
        path="plan.purchase",
        title="rents considered",
        value=", ".join([*(given or sorted(PURCHASES)), *[OWN] * (buy and OWN not in given)]),
        unit="",
        origin="given" if given else "assumed",
        source=inputs.request.origins.get("purchases", "default"),
        judgment=not given,
    )


def hour_warnings(mix: Mix) -> tuple[str, ...]:
    """Return what units by the hour rest on."""
    if not mix.stack.peak_units or mix.peak is None:
        return ()
    return (
        f"the plan supposes that {mix.peak.option.provider} has {mix.peak_gpus} GPUs to give "
        "whenever their hour comes",
    )


def _row(setting: Setting) -> AssumptionResult:
    return AssumptionResult(
        path=setting.path,
        title=setting.title,
        value=float(np.asarray(setting.value)),
        unit=setting.unit,
        origin=setting.origin,
        source=setting.source,
        judgment=setting.origin == "assumed",
    )
