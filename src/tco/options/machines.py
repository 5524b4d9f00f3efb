"""What own GPUs cost: machines rented or bought, who looks after them, what stands ready."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

import numpy as np

from tco.engine.capital import Ownership, ownership_lines, written_off
from tco.engine.ledger import Line, Origin, total_usd
from tco.engine.selfhost import (
    Fleet,
    balancer_line,
    people_line,
    permission_lines,
    project_lines,
    rent_line,
    rent_lines,
    selfhost_fte,
    storage_line,
    sum_lines,
    traffic_lines,
    unit_lines,
)
from tco.engine.shapes import Number
from tco.errors import UsageError
from tco.options.settings import Settings, calling_takes, hours_per_month, people, workload
from tco.records import dataclass

if TYPE_CHECKING:
    from tco.catalog.hardware import Accelerator, Purchase


# What the GPUs of a self-hosted option cost, rented or bought, people left out.

OWN = "own"
"""Seller and purchase option of GPUs that are bought."""


DEDICATED = "dedicated"
"""Purchase option of GPUs that a host runs for one customer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedGpu:
    """What the catalog says of buying one GPU.

    Args:
        gpu_usd: The GPU alone, or the whole machine it is a part of [USD].
        server_usd: The GPU with its share of a server, where a price of servers is known [USD].
        whole: `gpu_usd` buys a machine that works as it is.
        all_in_w: Power of one GPU with its share of the server, where it is known [W].
        board_w: Power of the GPU alone [W].
        life_months: Life that the id of the option names; that of the settings when None [month].
    """

    gpu_usd: Number
    server_usd: Number | None
    whole: bool
    all_in_w: Number | None
    board_w: Number
    life_months: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Egress:
    """What a seller takes for what leaves its network, and who says so [USD/GB]."""

    usd_per_gb: Number
    source: str
    origin: Origin = "catalog"


FREE_EGRESS = Egress(usd_per_gb=0.0, source="no charge known of this seller", origin="assumed")


class Machines(Protocol):
    """Whatever says what its GPUs cost: an option, or an entry of a search."""

    @property
    def usd_per_gpu_hour(self) -> Number | None: ...

    @property
    def owned(self) -> OwnedGpu | None: ...

    @property
    def purchase(self) -> str: ...

    @property
    def instance_gpus(self) -> Number: ...

    @property
    def weights_gb(self) -> Number | None: ...

    @property
    def egress(self) -> Egress: ...

    @property
    def tries(self) -> Number: ...

    @property
    def origin(self) -> Origin: ...

    @property
    def source(self) -> str: ...


def machine_lines(of: Machines, settings: Settings, servers: Fleet) -> tuple[Line, ...]:
    """Return the lines of a fleet's bill that are linear in the fleet: GPUs, weights, licences."""
    if of.owned is not None:
        own = ownership(of.owned, settings)
        bought = ownership_lines(servers, own, origin=of.origin, source=of.source)
        return (*bought, *_licensed(of, settings, servers))
    bill = rent_lines(
        servers,
        rent_rate(of, settings),
        settings.value("rent.monitoring_share"),
        settings.value("rent.other_share"),
        origin=of.origin,
        source=of.source,
        hours_per_month=hours_per_month(settings),
    )
    if of.purchase == DEDICATED:
        return bill[:1]  # the host has its own storage and watches it
    bill = (*bill, *_licensed(of, settings, servers))
    if of.weights_gb is None:
        return bill
    rate = settings.value("service.storage_usd_per_gb_month")
    return (*bill, storage_line(servers.replicas, of.weights_gb, rate))


def _licensed(of: Machines, settings: Settings, servers: Fleet) -> tuple[Line, ...]:
    """Return what was given for each GPU or server; nothing where nothing was."""
    each = [settings.value(f"extra.usd_per_{name}_month") for name in ("gpu", "server")]
    if not any(np.any(usd) for usd in each):
        return ()
    return unit_lines(servers.paid_gpus, servers.paid_gpus / of.instance_gpus, *each)


def rent_rate(of: Machines, settings: Settings) -> Number:
    """Return the rent under the settings [USD/GPU-hour]."""
    if of.usd_per_gpu_hour is None:
        raise ValueError(f"{of.source}: GPUs with neither a rent nor a price")
    return of.usd_per_gpu_hour * settings.value("rent.factor")


def fleet_lines(of: Machines, settings: Settings, servers: Fleet) -> tuple[Line, ...]:
    """Return the same with what spot GPUs take on top."""
    bill = machine_lines(of, settings, servers)
    return (*bill, *spot_lines(of, settings, servers.billed_gpus))


def spot_lines(of: Machines, settings: Settings, gpu_months: Number) -> tuple[Line, ...]:
    """Return what spot GPUs take on top, because they are taken away at times."""
    if of.owned is not None or not of.purchase.startswith("spot"):
        return ()
    hours = gpu_months * hours_per_month(settings)
    lost = gpu_months * settings.value("rent.spot_interruptions_per_month")
    more, lead = "rent.spot_overprovision", "plan.lead_h"
    rows: tuple[tuple[str, Number, str], ...] = (
        ("spot, over-provisioned", hours * settings.value(more), more),
        (
            "spot, restarts",
            lost * settings.value(lead),
            f"rent.spot_interruptions_per_month + {lead}",
        ),
    )
    rate = rent_rate(of, settings)
    return tuple(
        rent_line(item, quantity, rate, origin="assumed", source=path)
        for item, quantity, path in rows
    )


COMMITTED = {"reserved_1y": 12.0, "reserved_3y": 36.0}
"""Months that a reservation binds for."""


def binds(of: Machines) -> bool:
    """Return whether GPUs cannot be left in any month without a loss: bought, or reserved."""
    return of.owned is not None or of.purchase in COMMITTED


def by_the_hour(purchase: str) -> bool:
    """Return whether GPUs bought so cost nothing while they are off."""
    return purchase.startswith(("on_demand", "spot")) or purchase in (DEDICATED, "given")


def is_bought(purchase: str) -> bool:
    """Return whether GPUs bought so are one's own: the name of the purchase is their life."""
    return purchase[:1].isdigit() and purchase.endswith("m")


def commitment(purchase: str) -> str:
    """Return what a reader should know of how GPUs are rented; nothing for on-demand ones."""
    for kind, months in COMMITTED.items():
        if purchase.startswith(kind):
            return f"paid for {months:g} months whether used or not"
    if purchase.startswith("spot"):
        return "may be taken away at any time"
    if purchase == DEDICATED:
        return "run by its host: engineers as for an API"
    return ""


def check_horizon(purchases: Iterable[str], settings: Settings) -> None:
    """Raise `UsageError` for a reservation that binds for longer than a given horizon."""
    if not settings.given("horizon.months"):
        return
    horizon = float(np.asarray(settings.value("horizon.months")))
    for kind in purchases:
        months = COMMITTED.get(kind, 0.0)
        if months > horizon:
            raise UsageError(
                f"{settings['horizon.months'].source}: {kind} binds for {months:g} months, longer "
                f"than the horizon of {horizon:g}"
            )


OWN_PATHS = (
    *("network_share", "installation_share", "spares_share", "support_share_per_year"),
    *("insurance_share_per_year", "failures_per_year", "repair_share", "residual_share"),
    *("yearly_rate", "straight_line", "idle_power_share", "light_power_share"),
    *("full_power_share", "pue", "usd_per_kwh", "colo_usd_per_kw_month", "monitoring_share"),
)


def ownership(gpu: OwnedGpu, settings: Settings) -> Ownership:
    """Return what owning one GPU costs under the settings."""
    factor: Number = 1.0 if gpu.whole else settings.value("own.server_factor")
    server = gpu.gpu_usd * factor if gpu.server_usd is None else gpu.server_usd
    host: Number = 1.0 if gpu.whole else settings.value("own.host_power_factor")
    life = settings.value("own.life_months") if gpu.life_months is None else gpu.life_months
    values: dict[str, Number] = {name: settings.value(f"own.{name}") for name in OWN_PATHS}
    return Ownership(
        server_usd=server * settings.value("own.price_factor"),
        rated_w=gpu.board_w * host if gpu.all_in_w is None else gpu.all_in_w,
        life_months=life,
        hours_per_month=hours_per_month(settings),
        **values,
    )


def upfront_usd(of: Machines, settings: Settings, servers: Fleet) -> Number | None:
    """Return the cash that a fleet takes on the first day; None for one that is rented [USD]."""
    sum_usd = settings.value("extra.upfront_usd")
    if of.owned is None:
        return sum_usd if np.any(sum_usd) else None
    return servers.paid_gpus * ownership(of.owned, settings).upfront_usd + sum_usd


def gpu_usd(of: Machines, settings: Settings, *, awake: float = 1.0, busy: float = 1.0) -> Number:
    """Return what one GPU costs a month that is on and on an invoice all the time [USD/month].

    Args:
        awake: Share of the time in which its replica has something in flight [1].
        busy: Share of the time in which it is at its capacity [1].
    """
    fleet = Fleet(
        needed=0.0,
        replicas=0.0,
        gpus=0.0,
        paid_gpus=1.0,
        busy_gpus=busy,
        mean_gpus=0.0,
        mean_powered_gpus=1.0,
        mean_billed_gpus=1.0,
        awake_gpus=awake,
    )
    return total_usd(fleet_lines(of, settings, fleet))


def owned_gpu(gpu: Accelerator) -> OwnedGpu | None:
    """Return what the catalog says of buying a GPU; None without a price or a power."""
    if gpu.purchase is None or gpu.tdp_w is None:
        return None
    alone = _gpu_usd(gpu.purchase)
    server = gpu.purchase.server_usd
    share = None if server is None else server / gpu.node_gpus
    price = share if alone is None else alone
    if price is None:
        return None
    return OwnedGpu(
        gpu_usd=price,
        server_usd=share,
        whole=gpu.node_gpus == 1,
        all_in_w=gpu.all_in_w,
        board_w=gpu.tdp_w,
    )


def _gpu_usd(purchase: Purchase) -> float | None:
    """Return the typical price of a GPU, or the middle of what is known of it [USD]."""
    if purchase.typical is not None:
        return purchase.typical
    known = [end for end in (purchase.low, purchase.high) if end is not None]
    return sum(known) / len(known) if known else None


def smallest_purchase(gpu: Accelerator) -> int:
    """Return how many GPUs are bought at least: cards one by one, linked boards by the server."""
    return gpu.node_gpus if gpu.link.kind in ("nvlink", "infinity_fabric") else 1


# The bill of own GPUs and of who looks after them: the one place where its lines come together.
#
# Every command asks here. `own_bill` is the month of one set-up. What shares GPUs, such as a plan
# or the tasks of a portfolio, adds up its parts: machines and `standing_lines` of a fleet,
# `work_lines` for what each brings, `once_lines` and `team_lines` once for everything.

PAY = "people.salary_usd_per_year"


def own_bill(of: Machines, settings: Settings, servers: Fleet) -> tuple[Line, ...]:
    """Return the lines of the month of one set-up on GPUs of its own, people included.

    Args:
        of: The set-up and its rent, or many of them as arrays.
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
    if is_bought(purchase):
        rate = rate * settings.value("own.balancers")
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
        workload(settings, of.tries),
        bytes_per_input_token=settings.value("service.bytes_per_input_token"),
        bytes_per_output_token=settings.value("service.bytes_per_output_token"),
        balancer_usd_per_gb=settings.value("service.balancer_usd_per_gb"),
        egress_usd_per_gb=of.egress.usd_per_gb * settings.value("service.egress_factor"),
        origin=of.egress.origin,
        source=of.egress.source,
    )


def work_lines(of: Machines, settings: Settings, busy_gpus: Number) -> tuple[Line, ...]:
    """Return what the month's work adds to the bill of a fleet that stands ready.

    Electricity at work and traffic: both are linear in the tokens of the settings.

    Args:
        of: The set-up.
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

    Their sum is `tco.engine.selfhost.team_usd`, which says who takes whom.

    Args:
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
        lines.append(_team("engineers", staff.api_fte, settings, calling_takes(settings)))
    if own_gpus is not None or hosted:
        lines += project_lines(staff)
    return tuple(lines)


def team_span(settings: Settings, *, hosted: bool) -> tuple[Number, Number, Number]:
    """Return what a team costs for a further GPU, and the sums that the rest lies between.

    ``least + per_gpu * gpus <= team <= most + per_gpu * gpus``, the two equal where more GPUs take
    no more engineers [USD/month].

    Args:
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
