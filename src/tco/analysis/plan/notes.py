"""What a plan assumes beyond its bills, and what to be wary of in it."""

from __future__ import annotations

from tco.analysis.inputs import Inputs
from tco.analysis.machines import OWN
from tco.analysis.options import FixedOption, Option
from tco.analysis.plan.machines import Unit
from tco.analysis.plan.mix import Mix
from tco.analysis.report import assumption, assumptions_of
from tco.analysis.results import AssumptionResult

PURCHASES = frozenset({"on_demand", "reserved_1y"})
"""What is looked at unless `--purchase` says otherwise: nothing that is tied up for years."""


def plan_assumptions(
    inputs: Inputs, used: list[Option], alone: Unit | None, mix: Mix, *, buy: bool
) -> tuple[AssumptionResult, ...]:
    """Return what entered the bills, with what only a plan assumes.

    What spot GPUs take on top is in the bill of everything on own GPUs alone: in the mix the API
    serves what they leave.

    Args:
        inputs: The question.
        used: The API and the units of the mix.
        alone: The set-up that serves everything; None where none can.
        mix: The mix.
        buy: Bought GPUs were looked at.
    """
    left_out = ["rent.purchase", "plan.lead_h"]
    if alone is None or isinstance(alone, FixedOption) or not alone.purchase.startswith("spot"):
        left_out.append("rent.spot_")
    elif not mix.stack.peak_units:
        left_out.remove("plan.lead_h")
    every = used if alone is None else [*used, alone]
    rows = [r for r in assumptions_of(inputs, every) if not r.path.startswith(tuple(left_out))]
    paths = []
    if mix.stack.peak_units:
        paths.append("plan.lead_h")
    if mix.peak is not None and mix.peak.spot:
        paths.append("plan.spot_availability")
    rows += [assumption(inputs.settings[path]) for path in paths]
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
