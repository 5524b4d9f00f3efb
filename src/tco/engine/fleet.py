"""How many replicas a load needs: sized at the peak, in whole replicas and whole instances.

A load is measured in replicas' worth of work: peak requests/s over the requests/s of one replica.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from tco.engine.redundancy import replicas_kept
from tco.engine.shapes import ROUND_OFF, Number


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetPolicy:
    """How much room a fleet keeps; numbers or arrays.

    Args:
        headroom: Highest load of a replica in the busiest hour, as a share of its capacity [1].
        peakedness: Variance over mean of the number of requests in flight; 1 is Poisson [1].
        wait_beta: Square-root staffing factor; 2.375 lets 1 % of the requests wait [1].
        redundancy: Replicas beyond those that the load needs [1].
        zones: Zones of which any one may fail; 1 for no such thing [1].
        availability_target: Share of the time in which enough replicas must be up; 0 for none [1].
        replica_availability: Share of the time in which one replica is up [1].
    """

    headroom: Number
    peakedness: Number
    wait_beta: Number
    redundancy: Number
    zones: Number = 1.0
    availability_target: Number = 0.0
    replica_availability: Number = 1.0

    def kept(self, needed: Number) -> Number:
        """Return the replicas to keep so that `needed` of them serve, spares included [1]."""
        return replicas_kept(
            needed,
            redundancy=self.redundancy,
            zones=self.zones,
            target=self.availability_target,
            availability=self.replica_availability,
        )

    def lifted(self) -> FleetPolicy:
        """Return the same with an axis more, for levels of load to lie along."""
        return FleetPolicy(
            **{f.name: np.asarray(getattr(self, f.name))[..., None] for f in fields(self)}
        )


def burst_term(policy: FleetPolicy, slots: Number) -> Number:
    """Return ``beta * sqrt(z / slots)``: the part of staffing that large replicas need less [1].

    Infinite or not a number for a replica of no slots, which serves nothing.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return policy.wait_beta * np.sqrt(np.divide(policy.peakedness, slots))


def replicas_for(load: Number, slots: Number, policy: FleetPolicy) -> Number:
    """Return the replicas that a peak load needs, without redundancy [1].

    ``n = max(1, ceil(a / headroom), ceil(a + beta * sqrt(z * a / slots)))``: hour-long peaks must
    stay within the headroom, and bursts inside the hour must find a free slot.

    Args:
        load: Peak load, in replicas' worth of work [1].
        slots: Requests that one replica has in flight at its capacity [1].
        policy: How much room to keep.

    Source:
        Square-root staffing with Hayward's peakedness; beta from Halfin and Whitt (1981).
    """
    sustained = load / policy.headroom
    bursts = load + burst_term(policy, slots) * np.sqrt(load)
    return np.maximum(1.0, np.ceil(np.maximum(sustained, bursts) - ROUND_OFF))


def load_served(replicas: Number, slots: Number, policy: FleetPolicy) -> Number:
    """Return the highest peak load that so many replicas serve [1].

    The inverse of `replicas_for`: ``min(n * headroom, a)`` with ``a + k * sqrt(a) = n`` solved
    for ``sqrt(a) = (sqrt(k**2 + 4n) - k) / 2``.

    Args:
        replicas: Replicas, redundancy not counted [1].
        slots: Requests that one replica has in flight at its capacity [1].
        policy: How much room to keep.
    """
    k = burst_term(policy, slots)
    root = (np.sqrt(k * k + 4.0 * replicas) - k) / 2.0
    return np.minimum(replicas * policy.headroom, root * root)


def slack_replicas(slots: Number, policy: FleetPolicy) -> Number:
    """Return the most replicas by which bursts can exceed the headroom rule, at any load [1].

    The largest value of ``a + k * sqrt(a) - a / headroom``, ``k**2 / 4 / (1/headroom - 1)``;
    infinite when there is no headroom to hide bursts in.
    """
    k = burst_term(policy, slots)
    room = 1.0 / np.asarray(policy.headroom, dtype=float) - 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(k == 0, 0.0, k * k / 4.0 / room)


def paid_gpus(gpus: Number, instance_gpus: Number) -> Number:
    """Return the GPUs on the invoice: whole instances, ``ceil(gpus / instance) * instance`` [1]."""
    return np.ceil(gpus / instance_gpus - ROUND_OFF) * instance_gpus
