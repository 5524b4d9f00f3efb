"""The cost of an option as a function of volume, at a fixed mix: what break-evens are made of."""

from __future__ import annotations

import numpy as np

from tco.analysis.options import (
    FixedOption,
    Option,
    SelfOption,
    TokenOption,
    lines,
    machine_lines,
    replica_of,
    self_bill,
)
from tco.analysis.settings import Settings, fleet_policy, people, workload
from tco.engine.fleet import slack_replicas
from tco.engine.ledger import total_usd
from tco.engine.selfhost import Fleet, fleet_of, tokens_per_load, tokens_served
from tco.engine.steps import Curve, Floats, Steps, line
from tco.errors import InfeasibleError

TOKENS = "workload.tokens_per_month"


def curve(option: Option, settings: Settings) -> Curve:
    """Return the cost curve of an option; every setting but the volume is a number.

    Raises:
        InfeasibleError: The set-up serves nothing within the limits, so it has no curve.
    """
    if isinstance(option, TokenOption):
        return _token_curve(option, settings)
    if isinstance(option, FixedOption):
        return _fixed_curve(option)
    return _self_curve(option, settings)


def _token_curve(option: TokenOption, settings: Settings) -> Curve:
    at = np.array([0.0, 1e12])
    none, much = _numbers(total_usd(lines(option, settings.with_values({TOKENS: at}))))
    return line(fixed=float(none), slope=float((much - none) / at[1]))


def _fixed_curve(option: FixedOption) -> Curve:
    usd, step = option.usd_per_month, option.tokens_per_month
    if step is None:
        return line(fixed=usd, slope=0.0)

    def until(volume: float) -> Steps:
        count = np.arange(1.0, np.ceil(volume / step) + 2.0)
        return Steps(edges=count * step, fixed=count * usd, slope=np.zeros_like(count))

    return Curve(
        until=until, pieces_until=lambda v: v / step + 2.0, slope=usd / step, low=0.0, high=usd
    )


def _self_curve(option: SelfOption, settings: Settings) -> Curve:
    replica, policy, load = replica_of(option, settings), fleet_policy(settings), workload(settings)
    if not np.all(replica.feasible):
        raise InfeasibleError(f"{option.id}: serves nothing within the limits that were asked for")
    slack = float(slack_replicas(replica.slots, policy))
    per_replica = float(tokens_per_load(load, replica) * policy.headroom)

    def pieces_until(volume: float) -> float:
        return volume / per_replica + slack + 2.0

    def until(volume: float) -> Steps:
        needed = np.arange(1.0, np.ceil(min(pieces_until(volume), 4e6)) + 1.0)
        edges = _numbers(tokens_served(needed, load, replica, policy))
        last = int(np.searchsorted(edges, volume)) + 1
        fleet = fleet_of(needed[:last], policy, option.gpus, option.instance_gpus)
        cost = _numbers(total_usd(self_bill(option, settings, fleet)))
        return Steps(edges=edges[:last], fixed=cost, slope=np.zeros_like(cost))

    usd_per_replica, low, high = _envelope(option, settings, slack)
    return Curve(
        until=until,
        pieces_until=pieces_until,
        slope=usd_per_replica / per_replica,
        low=low,
        high=high,
    )


def _envelope(
    option: SelfOption, settings: Settings, slack_replicas: float
) -> tuple[float, float, float]:
    """Return what one more replica costs, and the intercepts that the staircase stays between.

    At a load of `a` replicas' worth, the fleet has between ``a / headroom`` and
    ``a / headroom + 1 + slack`` replicas, at most an instance less one GPU stands idle, and the
    staff lies between its fixed part and its floor.
    """
    staff, policy = people(settings), fleet_policy(settings)
    one_gpu = Fleet(needed=1.0, replicas=1.0, gpus=1.0, paid_gpus=1.0)
    usd_per_gpu = float(total_usd(machine_lines(option, settings, one_gpu)))
    salary = float(staff.salary_usd_per_year) / 12.0
    usd_per_replica = option.gpus * (usd_per_gpu + salary * float(staff.fte_per_gpu))
    spare = usd_per_replica * float(policy.redundancy)
    low = spare + salary * float(staff.fixed_fte)
    most_staff = salary * max(float(staff.fixed_fte), float(staff.floor_fte))
    idle = usd_per_gpu * (option.instance_gpus - 1)
    return (
        usd_per_replica,
        low,
        spare + usd_per_replica * (1.0 + slack_replicas) + idle + most_staff,
    )


def _numbers(value: object) -> Floats:
    return np.atleast_1d(np.asarray(value, dtype=float))
