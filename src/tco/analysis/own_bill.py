"""The bill of own GPUs and of who looks after them: the one place where its lines come together.

Every command asks here. `own_bill` is the month of one set-up. What shares GPUs, such as a plan or
the tasks of a portfolio, adds up its parts: machines and `standing_lines` of a fleet, `work_lines`
for what each brings, `once_lines` and `team_lines` once for everything.
"""

from __future__ import annotations

import numpy as np

from tco.analysis.machines import DEDICATED, Machines, fleet_lines
from tco.analysis.settings import Settings, hours_per_month, people, workload
from tco.engine.finance import written_off
from tco.engine.ledger import Line, Origin, total_usd
from tco.engine.people import people_line, project_lines, selfhost_fte
from tco.engine.selfhost import Fleet
from tco.engine.service import (
    Traffic,
    balancer_line,
    permission_lines,
    sum_lines,
    traffic_lines,
)
from tco.engine.shapes import Number

PAY = "people.salary_usd_per_year"


def own_bill(of: Machines, settings: Settings, servers: Fleet) -> tuple[Line, ...]:
    """Return the lines of the month of one set-up on GPUs of its own, people included.

    Args:
        of: The set-up and its rent, or many of them as arrays.
        settings: Every value that enters a bill.
        servers: The fleet that serves the month.
    """
    hosted = of.purchase == DEDICATED
    return (
        *fleet_lines(of, settings, servers),
        *standing_lines(of.purchase, settings),
        *once_lines(settings),
        *moving_lines(of, settings),
        *team_lines(settings, None if hosted else servers.gpus, hosted=hosted),
    )


def standing_lines(purchase: str, settings: Settings) -> tuple[Line, ...]:
    """Return what self-hosting costs whatever the fleet and the load, people left out."""
    permissions = permission_lines(
        settings.value("compliance.licence_usd_per_month"),
        settings.value("compliance.audit_usd_per_month"),
    )
    if purchase == DEDICATED:  # the host balances the load
        return permissions
    rate = settings.value("service.balancer_usd_per_h")
    return (balancer_line(rate, hours_per_month(settings)), *permissions)


def once_lines(settings: Settings) -> tuple[Line, ...]:
    """Return the plain sums of self-hosting, once for all fleets; nothing where none was given."""
    monthly, upfront = (settings.value(f"extra.{n}") for n in ("usd_per_month", "upfront_usd"))
    if not np.any(monthly) and not np.any(upfront):
        return ()
    how = (settings.value(f"own.{n}") for n in ("yearly_rate", "life_months", "straight_line"))
    return sum_lines(monthly, upfront, written_off(1.0, 0.0, *how))


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


def work_lines(of: Machines, settings: Settings, busy_gpus: Number) -> tuple[Line, ...]:
    """Return what the month's work adds to the bill of a fleet that stands ready.

    Electricity at work and traffic: both are linear in the tokens of the settings.

    Args:
        of: The set-up.
        settings: Every value that enters a bill.
        busy_gpus: GPUs that the work would keep at capacity all month [1].
    """
    nothing_else = Fleet(needed=0.0, replicas=0.0, gpus=0.0, paid_gpus=0.0, busy_gpus=busy_gpus)
    return (*fleet_lines(of, settings, nothing_else), *moving_lines(of, settings))


def team_lines(
    settings: Settings,
    own_gpus: Number | None = None,
    *,
    hosted: bool = False,
    by_token: bool = False,
) -> tuple[Line, ...]:
    """Return the people of a month: one team for all that it looks after, whatever that is.

    Their sum is `tco.engine.people.team_usd`, which says who takes whom.

    Args:
        settings: Every value that enters a bill.
        own_gpus: GPUs that the team looks after itself; None for none [1].
        hosted: Some GPUs are run by their host.
        by_token: Something is called at somebody else's endpoint.
    """
    staff = people(settings)
    lines: list[Line] = []
    both = own_gpus is not None and (hosted or by_token)
    if own_gpus is not None:
        item = "engineers for own GPUs" if both else "engineers"
        lines.append(_team(item, selfhost_fte(staff, own_gpus), settings, "people.floor_fte"))
    if hosted or by_token:
        lines.append(_team("engineers", staff.api_fte, settings, "people.api_fte"))
    if own_gpus is not None or hosted:
        lines += project_lines(staff)
    return tuple(lines)


def team_span(settings: Settings, *, hosted: bool) -> tuple[Number, Number, Number]:
    """Return what a team costs for a further GPU, and the sums that the rest lies between.

    ``least + per_gpu * gpus <= team <= most + per_gpu * gpus``, the two equal where more GPUs take
    no more engineers [USD/month].

    Args:
        settings: Every value that enters a bill.
        hosted: A host runs the GPUs.
    """
    staff = people(settings)
    per_gpu: Number = 0.0 if hosted else staff.usd_per_month * staff.fte_per_gpu
    none = total_usd(team_lines(settings, None if hosted else 0.0, hosted=hosted))
    unstaffed = staff.usd_per_month * np.maximum(staff.floor_fte - staff.fixed_fte, 0.0)
    return per_gpu, none - np.where(np.equal(per_gpu, 0.0), 0.0, unstaffed), none


def _team(item: str, fte: Number, settings: Settings, path: str) -> Line:
    """Return a line of engineers; it is given only if both their number and their pay are."""
    given = settings[path].origin == "given" and settings[PAY].origin == "given"
    origin: Origin = "given" if given else "assumed"
    return people_line(fte, people(settings), origin, f"{path} + {PAY}", item)
