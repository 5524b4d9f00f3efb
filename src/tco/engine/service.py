"""What a fleet needs besides its GPUs: weights on disks, a load balancer, traffic, permissions."""

from __future__ import annotations

from dataclasses import dataclass

from tco.engine.ledger import Line, Origin
from tco.engine.shapes import Number
from tco.engine.workload import Workload
from tco.units import HOURS_PER_MONTH

BYTES_PER_GB = 1e9


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What the requests and answers of a month weigh and cost to move; numbers or arrays.

    Args:
        bytes_per_input_token: A request's text over its tokens [byte/token].
        bytes_per_output_token: An answer's text with its framing over its tokens [byte/token].
        balancer_usd_per_gb: What a load balancer takes for what it passes on [USD/GB].
        egress_usd_per_gb: What the seller takes for what leaves its network [USD/GB].
    """

    bytes_per_input_token: Number
    bytes_per_output_token: Number
    balancer_usd_per_gb: Number
    egress_usd_per_gb: Number


def storage_line(replicas: Number, weights_gb: Number, usd_per_gb_month: Number) -> Line:
    """Return the disks that hold the weights, one copy a replica: ``replicas * GB * USD/GB``."""
    return Line(
        item="storage of weights",
        group="other",
        quantity=replicas * weights_gb,
        unit="GB",
        rate_usd=usd_per_gb_month,
        origin="assumed",
        source="service.storage_usd_per_gb_month",
    )


def balancer_line(usd_per_hour: Number, hours_per_month: Number = HOURS_PER_MONTH) -> Line:
    """Return one load balancer before the fleet, every hour of the month."""
    return Line(
        item="load balancer",
        group="other",
        quantity=hours_per_month,
        unit="h",
        rate_usd=usd_per_hour,
        origin="assumed",
        source="service.balancer_usd_per_h",
    )


def traffic_lines(
    load: Workload, traffic: Traffic, *, origin: Origin, source: str
) -> tuple[Line, ...]:
    """Return what moving requests and answers costs; each is linear in the tokens.

    ``tokens * bytes per token``: both ways through the load balancer, and the answers out of the
    seller's network at the price of the first step of its tariff, so that a tariff that falls with
    the volume is an upper bound of it.

    Args:
        load: The month.
        traffic: Weights and prices.
        origin, source: Who said the price of egress.
    """
    out = load.output_tokens * traffic.bytes_per_output_token / BYTES_PER_GB
    both = out + load.input_tokens * traffic.bytes_per_input_token / BYTES_PER_GB
    bytes_said = "service.bytes_per_output_token"
    rows: tuple[tuple[str, Number, Number, Origin, str], ...] = (
        (
            "load balancer, traffic",
            both,
            traffic.balancer_usd_per_gb,
            "assumed",
            f"{bytes_said} + service.balancer_usd_per_gb",
        ),
        ("egress", out, traffic.egress_usd_per_gb, origin, f"{bytes_said} + {source}"),
    )
    return tuple(
        Line(
            item=item,
            group="other",
            quantity=gb,
            unit="GB",
            rate_usd=rate,
            origin=who,
            source=said,
        )
        for item, gb, rate, who, said in rows
    )


def permission_lines(
    licence_usd_per_month: Number, audit_usd_per_month: Number
) -> tuple[Line, ...]:
    """Return what the right to run it costs: fees of the model's licence, audits and compliance."""
    rows = (
        ("licence of the model", licence_usd_per_month, "compliance.licence_usd_per_month"),
        ("audit and compliance", audit_usd_per_month, "compliance.audit_usd_per_month"),
    )
    return tuple(
        Line(
            item=item,
            group="other",
            quantity=usd,
            unit="USD",
            rate_usd=1.0,
            origin="given",
            source=path,
        )
        for item, usd, path in rows
    )


def sum_lines(
    usd_per_month: Number, upfront_usd: Number, payment_usd_per_month: Number
) -> tuple[Line, ...]:
    """Return plain sums of self-hosting: one of every month, and capital that is written off.

    Args:
        usd_per_month: A licence, a support contract, a room that is paid for anyway [USD/month].
        upfront_usd: What is spent on the first day and has no resale [USD].
        payment_usd_per_month: What a dollar of it costs a month [1/month].
    """
    return (
        _given("licence, support and the like", usd_per_month, "USD", 1.0, "extra.usd_per_month"),
        _given(
            "capital, written off",
            upfront_usd,
            "USD",
            payment_usd_per_month,
            "extra.upfront_usd",
            spread=True,
        ),
    )


def unit_lines(
    paid_gpus: Number, servers: Number, usd_per_gpu: Number, usd_per_server: Number
) -> tuple[Line, ...]:
    """Return what is paid for each GPU or server of a fleet: a licence, a support contract.

    Args:
        paid_gpus, servers: The fleet [1].
        usd_per_gpu, usd_per_server: Price of one [USD/month].
    """
    by_gpu, by_server = "extra.usd_per_gpu_month", "extra.usd_per_server_month"
    return (
        _given("licence and support, by GPU", paid_gpus, "GPU", usd_per_gpu, by_gpu),
        _given("licence and support, by server", servers, "server", usd_per_server, by_server),
    )


def _given(
    item: str, quantity: Number, unit: str, rate: Number, path: str, *, spread: bool = False
) -> Line:
    return Line(
        item=item,
        group="other",
        quantity=quantity,
        unit=unit,
        rate_usd=rate,
        origin="given",
        source=path,
        spread=spread,
    )
