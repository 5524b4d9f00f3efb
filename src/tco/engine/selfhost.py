"""The fleet that serves a model on one's own GPUs, and its bill when it is rented."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tco.engine.duty import Duty
from tco.engine.fleet import FleetPolicy, load_served, paid_gpus, replicas_for
from tco.engine.ledger import Line, Origin
from tco.engine.replica import Replica, in_flight, request_s
from tco.engine.shapes import Number
from tco.engine.workload import Workload
from tco.units import HOURS_PER_MONTH

TINY = 1e-300
"""In place of no GPU at all, so that nothing over nothing is nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The replicas that serve a month; numbers or arrays.

    Args:
        needed: Replicas that the peak needs [1].
        replicas: The same and the redundant ones [1].
        gpus: GPUs of all replicas [1].
        paid_gpus: GPUs of all their machines, in whole instances [1].
        busy_gpus: GPUs that the month's work would keep at capacity; all of them when None [1].
        mean_gpus: GPUs of the replicas that are on, in the average hour; `gpus` when None [1].
        mean_powered_gpus: The same of their machines; `paid_gpus` when None [1].
        mean_billed_gpus: GPUs whose hour is on the invoice, in the average hour; `paid_gpus`
            when None, for those that are paid whether they are on or off [1].
    """

    needed: Number
    replicas: Number
    gpus: Number
    paid_gpus: Number
    busy_gpus: Number | None = None
    mean_gpus: Number | None = None
    mean_powered_gpus: Number | None = None
    mean_billed_gpus: Number | None = None

    @property
    def on_gpus(self) -> Number:
        """Return the GPUs of the replicas that are on, in the average hour [1]."""
        return self.gpus if self.mean_gpus is None else self.mean_gpus

    @property
    def powered_gpus(self) -> Number:
        """Return the GPUs of machines that are on, in the average hour [1]."""
        return self.paid_gpus if self.mean_powered_gpus is None else self.mean_powered_gpus

    @property
    def billed_gpus(self) -> Number:
        """Return the GPUs whose hour is on the invoice, in the average hour [1]."""
        return self.paid_gpus if self.mean_billed_gpus is None else self.mean_billed_gpus


def fleet_of(
    replicas: Number, policy: FleetPolicy, gpus_per_replica: Number, instance_gpus: Number
) -> Fleet:
    """Return the fleet around so many needed replicas, on all month."""
    total = policy.kept(replicas)
    gpus = total * gpus_per_replica
    return Fleet(
        needed=replicas, replicas=total, gpus=gpus, paid_gpus=paid_gpus(gpus, instance_gpus)
    )


def fleet_for(
    load: Workload,
    replica: Replica,
    policy: FleetPolicy,
    gpus_per_replica: Number,
    instance_gpus: Number,
    duty: Duty | None = None,
) -> Fleet:
    """Return the fleet that serves `load`, sized at its peak.

    Args:
        load: The month.
        replica: What one replica sustains.
        policy: How much room to keep.
        gpus_per_replica: GPUs of one replica [1].
        instance_gpus: GPUs of the smallest machine [1].
        duty: When it is on; all month when None.
    """
    busy = busy_gpus(load, replica, gpus_per_replica)
    if duty is not None:
        by_hour = _fleet_by_hour(load, replica, policy, gpus_per_replica, instance_gpus, duty)
        return replace(by_hour, busy_gpus=busy)
    peak = load.peak_requests_per_s / replica.requests_per_s
    needed = replicas_for(peak, replica.slots, policy)
    servers = fleet_of(needed, policy, gpus_per_replica, instance_gpus)
    return replace(servers, busy_gpus=busy)


def _fleet_by_hour(
    load: Workload,
    replica: Replica,
    policy: FleetPolicy,
    gpus_per_replica: Number,
    instance_gpus: Number,
    duty: Duty,
) -> Fleet:
    """Return a fleet that follows its load: each level of it is served by as many as it needs."""
    levels = duty.levels(load.peak_to_mean)
    work = np.asarray(load.requests_per_s / replica.requests_per_s, dtype=float)[..., None]
    slots = np.asarray(replica.slots, dtype=float)[..., None]
    each, per = policy.lifted(), np.asarray(gpus_per_replica, dtype=float)[..., None]
    needed = replicas_for(work * levels.load, slots, each)
    on = fleet_of(needed, each, per, np.asarray(instance_gpus, dtype=float)[..., None])
    requests = np.asarray(load.requests_per_s, dtype=float)[..., None] * levels.load
    service_s = np.asarray(request_s(replica), dtype=float)[..., None]
    on_share = duty.lifted().on_share(requests, service_s)
    share = levels.share * np.maximum(on_share, work * levels.load / needed)
    most = fleet_of(np.max(needed, axis=-1), policy, gpus_per_replica, instance_gpus)
    machines = (share * on.paid_gpus).sum(axis=-1)
    return replace(
        most,
        mean_gpus=(share * on.gpus).sum(axis=-1),
        mean_powered_gpus=machines,
        mean_billed_gpus=machines,
    )


def busy_gpus(load: Workload, replica: Replica, gpus_per_replica: Number) -> Number:
    """Return the GPUs that the month's work would keep at capacity all the time [1]."""
    return load.requests_per_s / replica.requests_per_s * gpus_per_replica


def tokens_per_load(load: Workload, replica: Replica) -> Number:
    """Return the monthly volume that is one replica's worth of work at the peak [token/month].

    ``requests/s of a replica * seconds of a month * tokens per request / peak to mean``.
    """
    requests = replica.requests_per_s * load.seconds_per_month
    return requests * load.tokens_per_request / load.peak_to_mean


def tokens_served(needed: Number, load: Workload, replica: Replica, policy: FleetPolicy) -> Number:
    """Return the largest monthly volume that `needed` replicas serve at this mix [token/month]."""
    return load_served(needed, replica.slots, policy) * tokens_per_load(load, replica)


@dataclass(frozen=True, slots=True, kw_only=True)
class Utilization:
    """How much of what is paid for is used, three ways; numbers or arrays.

    Args:
        slots: Mean requests in flight over the slots of the replicas that are on [1].
        token_capacity: Tokens served over the tokens that those could serve [1].
        paid_hours: The same over all GPU-hours on the invoice, those of no replica included [1].
    """

    slots: Number
    token_capacity: Number
    paid_hours: Number


def utilization_of(load: Workload, replica: Replica, fleet: Fleet) -> Utilization:
    """Return the three utilizations of a fleet over the month."""
    on = np.maximum(fleet.replicas * (fleet.on_gpus / fleet.gpus), TINY)
    token_capacity = load.requests_per_s / (on * replica.requests_per_s)
    busy = in_flight(load.requests_per_s / on, replica)
    return Utilization(
        slots=busy / replica.slots,
        token_capacity=token_capacity,
        paid_hours=token_capacity * fleet.on_gpus / np.maximum(fleet.billed_gpus, TINY),
    )


def rent_lines(
    fleet: Fleet,
    usd_per_gpu_hour: Number,
    monitoring_share: Number,
    other_share: Number,
    *,
    origin: Origin,
    source: str,
    hours_per_month: Number = HOURS_PER_MONTH,
) -> tuple[Line, ...]:
    """Return the lines of a rented fleet.

    Rent runs for every hour that a GPU is on, whatever the load: it is never multiplied by
    utilization. An always-on fleet is on for all hours of the month.

    Args:
        fleet: The GPUs.
        usd_per_gpu_hour: Rent [USD/GPU-hour].
        monitoring_share: Metrics, logs and alarms, as a share of the rent [1].
        other_share: Control plane, gateways and test machines, as a share of the rent [1].
        origin, source: Who said the rent.
        hours_per_month: Hours of the month [h].
    """
    hours = fleet.billed_gpus * hours_per_month
    rent = rent_line("GPU rent", hours, usd_per_gpu_hour, origin=origin, source=source)
    usd = hours * usd_per_gpu_hour
    return (
        rent,
        share_line("monitoring", usd, "USD of rent", monitoring_share, "rent.monitoring_share"),
        share_line("control plane, test machines", usd, "USD of rent", other_share, OTHER),
    )


def rent_line(
    item: str, gpu_hours: Number, usd_per_gpu_hour: Number, *, origin: Origin, source: str
) -> Line:
    """Return the rent of some hours of GPUs: of a fleet in a month, or of a job."""
    return Line(
        item=item,
        group="compute",
        quantity=gpu_hours,
        unit="GPU-hour",
        rate_usd=usd_per_gpu_hour,
        origin=origin,
        source=source,
    )


OTHER = "rent.other_share"


def share_line(item: str, usd: Number, unit: str, share: Number, path: str) -> Line:
    """Return a line that is an assumed share of another amount."""
    return Line(
        item=item,
        group="other",
        quantity=usd,
        unit=unit,
        rate_usd=share,
        origin="assumed",
        source=path,
    )
