"""The bill of serving a model on one's own GPUs, rented or bought."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tco.engine.finance import annuity
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
    """

    needed: Number
    replicas: Number
    gpus: Number
    paid_gpus: Number


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
    return fleet_of(needed, policy, gpus_per_replica, instance_gpus)


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
    fleet: Fleet, usd_per_gpu_hour: Number, other_share: Number, *, origin: Origin, source: str
) -> tuple[Line, ...]:
    """Return the lines of a rented, always-on fleet.

    Rent runs every hour of the month, whatever the load: it is never multiplied by utilization.

    Args:
        fleet: The GPUs.
        usd_per_gpu_hour: Rent [USD/GPU-hour].
        other_share: Storage, network and monitoring, as a share of the rent [1].
        origin, source: Who said the rent.
    """
    hours = fleet.paid_gpus * HOURS_PER_MONTH
    return (
        Line(
            item="GPU rent",
            group="compute",
            quantity=hours,
            unit="GPU-hour",
            rate_usd=usd_per_gpu_hour,
            origin=origin,
            source=source,
        ),
        Line(
            item="storage, network, monitoring",
            group="other",
            quantity=hours * usd_per_gpu_hour,
            unit="USD of rent",
            rate_usd=other_share,
            origin="assumed",
            source="rent.other_share",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """What owning a GPU costs; numbers or arrays.

    Args:
        capex_usd: One GPU with its share of server and network [USD].
        life_months: Months until it is sold [month].
        residual_share: Price got then over the price paid [1].
        yearly_rate: Cost of capital [1/year].
        support_share_per_year: Support, spares and insurance over the price paid [1/year].
        rated_w: Power of one GPU with its share of the server [W].
        power_load: Mean power over rated power [1].
        pue: Energy of the site over energy of the servers [1].
        usd_per_kwh: Electricity [USD/kWh].
        colo_usd_per_kw_month: Room without power [USD/kW-month].
    """

    capex_usd: Number
    life_months: Number
    residual_share: Number
    yearly_rate: Number
    support_share_per_year: Number
    rated_w: Number
    power_load: Number
    pue: Number
    usd_per_kwh: Number
    colo_usd_per_kw_month: Number


def ownership_lines(fleet: Fleet, own: Ownership, *, source: str) -> tuple[Line, ...]:
    """Return the lines of a bought fleet: capital, support, electricity and room.

    The annuity carries the cost of capital, so no interest is added; the room is priced without
    power, so electricity is not counted twice.

    Args:
        fleet: The GPUs.
        own: What one of them costs.
        source: Who said the purchase price.
    """
    gpus = fleet.paid_gpus
    payment = annuity(
        own.capex_usd, own.capex_usd * own.residual_share, own.yearly_rate, own.life_months
    )
    rated_kw = np.asarray(gpus) * own.rated_w / 1e3
    kwh = rated_kw * own.power_load * own.pue * HOURS_PER_MONTH
    capital: tuple[Origin, str] = ("catalog", source)
    rows: tuple[tuple[str, str, Number, str, Number, tuple[Origin, str]], ...] = (
        ("servers, amortized", "compute", gpus, "GPU", payment, capital),
        (
            "support, spares, insurance",
            "other",
            gpus * own.capex_usd,
            "USD of servers",
            own.support_share_per_year / 12.0,
            ("assumed", "own.support_share_per_year"),
        ),
        ("electricity", "power", kwh, "kWh", own.usd_per_kwh, ("assumed", "own.usd_per_kwh")),
        (
            "room, without power",
            "other",
            rated_kw,
            "kW",
            own.colo_usd_per_kw_month,
            ("assumed", "own.colo_usd_per_kw_month"),
        ),
    )
    return tuple(
        Line(
            item=item,
            group=group,  # type: ignore[arg-type]  # the rows above hold only known groups
            quantity=quantity,
            unit=unit,
            rate_usd=rate,
            origin=who[0],
            source=who[1],
        )
        for item, group, quantity, unit, rate, who in rows
    )
