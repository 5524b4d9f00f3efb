"""The fleet that serves a model on one's own GPUs, and its bill when it is rented."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tco.engine.fleet import FleetPolicy, load_served, paid_gpus, replicas_for
from tco.engine.ledger import Line, Origin
from tco.engine.replica import Replica, in_flight
from tco.engine.shapes import Number
from tco.engine.workload import Workload
from tco.units import HOURS_PER_MONTH, SECONDS_PER_MONTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The replicas that serve a month; numbers or arrays.

    Args:
        needed: Replicas that the peak needs [1].
        replicas: The same and the redundant ones [1].
        gpus: GPUs of all replicas [1].
        paid_gpus: GPUs on the invoice, in whole instances [1].
        busy_gpus: GPUs that the month's work would keep at capacity; all of them when None [1].
    """

    needed: Number
    replicas: Number
    gpus: Number
    paid_gpus: Number
    busy_gpus: Number | None = None


def fleet_of(
    replicas: Number, policy: FleetPolicy, gpus_per_replica: Number, instance_gpus: Number
) -> Fleet:
    """Return the fleet around so many needed replicas."""
    total = replicas + policy.redundancy
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
) -> Fleet:
    """Return the fleet that serves `load`, sized at its peak."""
    peak = load.peak_requests_per_s / replica.requests_per_s
    needed = replicas_for(peak, replica.slots, policy)
    servers = fleet_of(needed, policy, gpus_per_replica, instance_gpus)
    return replace(servers, busy_gpus=busy_gpus(load, replica, gpus_per_replica))


def busy_gpus(load: Workload, replica: Replica, gpus_per_replica: Number) -> Number:
    """Return the GPUs that the month's work would keep at capacity all the time [1]."""
    return load.requests_per_s / replica.requests_per_s * gpus_per_replica


def tokens_per_load(load: Workload, replica: Replica) -> Number:
    """Return the monthly volume that is one replica's worth of work at the peak [token/month].

    ``requests/s of a replica * seconds of a month * tokens per request / peak to mean``.
    """
    requests = replica.requests_per_s * SECONDS_PER_MONTH
    return requests * load.tokens_per_request / load.peak_to_mean


def tokens_served(needed: Number, load: Workload, replica: Replica, policy: FleetPolicy) -> Number:
    """Return the largest monthly volume that `needed` replicas serve at this mix [token/month]."""
    return load_served(needed, replica.slots, policy) * tokens_per_load(load, replica)


@dataclass(frozen=True, slots=True, kw_only=True)
class Utilization:
    """How much of what is paid for is used, three ways; numbers or arrays.

    Args:
        slots: Mean requests in flight over the slots of all replicas [1].
        token_capacity: Tokens served over the tokens that all replicas could serve [1].
        paid_hours: The same over all GPUs on the invoice, those of no replica included [1].
    """

    slots: Number
    token_capacity: Number
    paid_hours: Number


def utilization_of(load: Workload, replica: Replica, fleet: Fleet) -> Utilization:
    """Return the three utilizations of a fleet over the month."""
    could_serve = fleet.replicas * replica.requests_per_s
    token_capacity = load.requests_per_s / could_serve
    busy = in_flight(load.requests_per_s / fleet.replicas, replica)
    return Utilization(
        slots=busy / replica.slots,
        token_capacity=token_capacity,
        paid_hours=token_capacity * fleet.gpus / fleet.paid_gpus,
    )


def rent_lines(
    fleet: Fleet,
    usd_per_gpu_hour: Number,
    monitoring_share: Number,
    other_share: Number,
    *,
    origin: Origin,
    source: str,
) -> tuple[Line, ...]:
    """Return the lines of a rented, always-on fleet.

    Rent runs every hour of the month, whatever the load: it is never multiplied by utilization.

    Args:
        fleet: The GPUs.
        usd_per_gpu_hour: Rent [USD/GPU-hour].
        monitoring_share: Metrics, logs and alarms, as a share of the rent [1].
        other_share: Control plane, gateways and test machines, as a share of the rent [1].
        origin, source: Who said the rent.
    """
    hours = fleet.paid_gpus * HOURS_PER_MONTH
    rent = Line(
        item="GPU rent",
        group="compute",
        quantity=hours,
        unit="GPU-hour",
        rate_usd=usd_per_gpu_hour,
        origin=origin,
        source=source,
    )
    usd = hours * usd_per_gpu_hour
    return (
        rent,
        share_line("monitoring", usd, "USD of rent", monitoring_share, "rent.monitoring_share"),
        share_line("control plane, test machines", usd, "USD of rent", other_share, OTHER),
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
