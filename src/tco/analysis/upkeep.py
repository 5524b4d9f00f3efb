"""What self-hosting costs besides machines and operators: to stand ready, and to move tokens."""

from __future__ import annotations

from tco.analysis.machines import DEDICATED, Machines
from tco.analysis.settings import Settings, workload
from tco.engine.ledger import Line
from tco.engine.service import Traffic, balancer_line, permission_lines, traffic_lines


def standing_lines(purchase: str, settings: Settings) -> tuple[Line, ...]:
    """Return what self-hosting costs whatever the fleet and the load, people left out."""
    permissions = permission_lines(
        settings.value("compliance.licence_usd_per_month"),
        settings.value("compliance.audit_usd_per_month"),
    )
    if purchase == DEDICATED:  # the host balances the load
        return permissions
    return (balancer_line(settings.value("service.balancer_usd_per_h")), *permissions)


def moving_lines(of: Machines, settings: Settings) -> tuple[Line, ...]:
    """Return what requests and answers cost to move: each is linear in the tokens.

    A host moves them itself, and a site of one's own pays for its line with the room.
    """
    if of.purchase == DEDICATED or of.owned is not None:
        return ()
    return traffic_lines(
        workload(settings),
        Traffic(
            bytes_per_input_token=settings.value("service.bytes_per_input_token"),
            bytes_per_output_token=settings.value("service.bytes_per_output_token"),
            balancer_usd_per_gb=settings.value("service.balancer_usd_per_gb"),
            egress_usd_per_gb=of.egress.usd_per_gb * settings.value("service.egress_factor"),
        ),
        origin=of.egress.origin,
        source=of.egress.source,
    )
