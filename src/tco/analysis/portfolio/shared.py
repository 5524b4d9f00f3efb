"""What the fleets of a portfolio cost together: whole machines are filled up between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from tco.analysis.inputs import Inputs
from tco.analysis.machines import fleet_lines
from tco.analysis.options import SelfOption
from tco.analysis.portfolio.fleets import SharedFleet, fleet_usd, policy_of
from tco.engine.fleet import paid_gpus, replicas_for
from tco.engine.ledger import total_usd
from tco.engine.selfhost import Fleet


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetBill:
    """What one fleet comes to.

    Args:
        replicas: Those needed and the spare ones [1].
        gpus: GPUs of all of them [1].
        paid_gpus: Its part of the GPUs on the invoice [1].
        usd: Cost without people and traffic [USD/month].
    """

    replicas: float
    gpus: float
    paid_gpus: float
    usd: float


def fleet_bills(
    inputs: Inputs, fleets: Mapping[int, SharedFleet], loads: Mapping[int, float]
) -> dict[int, FleetBill]:
    """Return what each fleet costs when fleets on the same kind of machine share machines.

    Replicas of 1, 2, 4 or 8 GPUs fill machines of a multiple of them without gaps, whichever
    models they serve, so that the GPUs of all fleets on a kind are rounded up together:
    ``ceil(sum(gpus) / machine) * machine``. Each bears what is left empty by its GPUs.

    Args:
        inputs: The question.
        fleets: The fleets that are used.
        loads: Load of each, in replicas' worth [1].
    """
    bills = {i: _alone(inputs, shared, loads[i]) for i, shared in fleets.items()}
    kinds: dict[tuple[str, str, str, int], list[int]] = {}
    for i, shared in fleets.items():
        kind = _machine(shared)
        if kind is not None:
            kinds.setdefault(kind, []).append(i)
    for (*_, size), used in kinds.items():
        gpus = sum(bills[i].gpus for i in used)
        together = float(np.asarray(paid_gpus(gpus, size)))
        for i in used:
            mine = together * bills[i].gpus / gpus
            saved = (bills[i].paid_gpus - mine) * _empty_usd(inputs, fleets[i])
            bills[i] = replace(bills[i], paid_gpus=mine, usd=bills[i].usd - saved)
    return bills


def _alone(inputs: Inputs, shared: SharedFleet, load: float) -> FleetBill:
    """Return what a fleet costs on machines of its own."""
    policy = policy_of(shared.option, inputs.settings)
    needed = np.atleast_1d(replicas_for(load, shared.slots, policy))
    usd, gpus = fleet_usd(shared.option, inputs.settings, needed)
    size = shared.option.instance_gpus if isinstance(shared.option, SelfOption) else 1
    return FleetBill(
        replicas=float(np.asarray(policy.kept(needed))[0]),
        gpus=float(gpus[0]),
        paid_gpus=float(np.asarray(paid_gpus(gpus, size))[0]),
        usd=float(usd[0]),
    )


def _machine(shared: SharedFleet) -> tuple[str, str, str, int] | None:
    """Return the kind of machine that a fleet is on; None where its replicas would leave gaps."""
    option = shared.option
    if not isinstance(option, SelfOption):
        return None
    power_of_two = option.gpus & (option.gpus - 1) == 0
    if not power_of_two or option.instance_gpus % option.gpus:
        return None
    return option.gpu, option.seller, option.purchase, option.instance_gpus


def _empty_usd(inputs: Inputs, shared: SharedFleet) -> float:
    """Return what a GPU that belongs to no replica costs [USD/month]."""
    assert isinstance(shared.option, SelfOption)
    empty = Fleet(needed=0.0, replicas=0.0, gpus=0.0, paid_gpus=1.0, busy_gpus=0.0)
    bill = fleet_lines(shared.option, inputs.settings, empty)
    return float(np.asarray(total_usd(bill)))
