"""What the GPUs of a self-hosted option cost, rented or bought, people left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

import numpy as np

from tco.analysis.settings import Settings, hours_per_month
from tco.engine.ledger import Line, Origin, total_usd
from tco.engine.ownership import Ownership, ownership_lines
from tco.engine.selfhost import Fleet, rent_lines
from tco.engine.service import storage_line, unit_lines
from tco.engine.shapes import Number, number
from tco.errors import UsageError

if TYPE_CHECKING:
    from tco.catalog.hardware import Accelerator, Purchase

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
    rows: tuple[tuple[str, Number, str], ...] = (
        (
            "spot, over-provisioned",
            hours * settings.value("rent.spot_overprovision"),
            "rent.spot_overprovision",
        ),
        (
            "spot, restarts",
            lost * settings.value("plan.lead_h"),
            "rent.spot_interruptions_per_month + plan.lead_h",
        ),
    )
    rate = rent_rate(of, settings)
    return tuple(
        Line(
            item=item,
            group="compute",
            quantity=quantity,
            unit="GPU-hour",
            rate_usd=rate,
            origin="assumed",
            source=path,
        )
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


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuMonth:
    """What one GPU costs a month, by what it does: the bill of a fleet is linear in the five.

    Args:
        paid: Part of a machine, switched off; each a number or an array [USD/month].
        billed: Further cost of one whose hours are on an invoice [USD/month].
        powered: Further cost of one that is on, of no replica [USD/month].
        serving: Further cost of one that belongs to a replica [USD/month].
        busy: Further cost of one that is at its capacity [USD/month].
    """

    paid: Number
    billed: Number
    powered: Number
    serving: Number
    busy: Number

    @property
    def at_capacity(self) -> Number:
        """Return what a GPU costs that works all the time [USD/month]."""
        return self.paid + self.billed + self.powered + self.serving + self.busy

    def usd(self, servers: Fleet, busy_gpus: Number) -> Number:
        """Return what a fleet costs [USD/month]."""
        return (
            servers.paid_gpus * self.paid
            + servers.billed_gpus * self.billed
            + servers.powered_gpus * self.powered
            + servers.on_gpus * self.serving
            + busy_gpus * self.busy
        )


def gpu_month(of: Machines, settings: Settings) -> GpuMonth:
    """Return what one GPU costs a month, by what it does."""
    fleet = Fleet(
        needed=0.0,
        replicas=0.0,
        gpus=0.0,
        paid_gpus=1.0,
        busy_gpus=0.0,
        mean_gpus=0.0,
        mean_powered_gpus=0.0,
        mean_billed_gpus=0.0,
    )
    usd = [_usd(of, settings, fleet)]
    for more in ("mean_billed_gpus", "mean_powered_gpus", "mean_gpus", "busy_gpus"):
        fleet = replace(fleet, **{more: 1.0})
        usd.append(_usd(of, settings, fleet))
    billed, powered, serving, busy = (after - before for before, after in pairwise(usd))
    return GpuMonth(paid=usd[0], billed=billed, powered=powered, serving=serving, busy=busy)


def _usd(of: Machines, settings: Settings, servers: Fleet) -> float:
    return number(total_usd(fleet_lines(of, settings, servers)))


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
