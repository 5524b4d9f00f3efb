"""The bill of GPUs that are bought: capital, upkeep, electricity and room."""

from __future__ import annotations

from dataclasses import dataclass

from tco.engine.finance import written_off
from tco.engine.ledger import Group, Line, Origin
from tco.engine.selfhost import Fleet, share_line
from tco.engine.shapes import Number
from tco.units import HOURS_PER_MONTH, MONTHS_PER_YEAR


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """What owning a GPU costs; numbers or arrays.

    Args:
        server_usd: One GPU with its share of the server [USD].
        network_share: Switches and cables over the price of the servers [1].
        installation_share: Delivery, racking and tests over the price of the servers [1].
        spares_share: Parts kept on the shelf over the price of the servers [1].
        support_share_per_year: Vendor support over the price of the servers [1/year].
        insurance_share_per_year: Insurance over the price of the servers [1/year].
        failures_per_year: GPUs that die in a year over all GPUs [1/year].
        repair_share: What one such failure costs over the price of the GPU in its server [1].
        life_months: Months until all is sold [month].
        residual_share: Price got then over the price paid; nothing for the installation [1].
        yearly_rate: Cost of capital [1/year].
        straight_line: 1 to spread the price evenly and leave the cost of capital out, else 0 [1].
        rated_w: Power of one GPU with its share of the server [W].
        idle_power_share: Power of a GPU that serves nothing over its rated power [1].
        light_power_share: The same for one that serves a few requests at a time [1].
        full_power_share: The same for one at its capacity [1].
        pue: Energy of the site over energy of the servers [1].
        usd_per_kwh: Electricity [USD/kWh].
        colo_usd_per_kw_month: Room without power [USD/kW-month].
        monitoring_share: Metrics, logs and alarms over what the servers cost a month [1].
        hours_per_month: Hours of the month [h].
    """

    server_usd: Number
    network_share: Number
    installation_share: Number
    spares_share: Number
    support_share_per_year: Number
    insurance_share_per_year: Number
    failures_per_year: Number
    repair_share: Number
    life_months: Number
    residual_share: Number
    yearly_rate: Number
    straight_line: Number
    rated_w: Number
    idle_power_share: Number
    light_power_share: Number
    full_power_share: Number
    pue: Number
    usd_per_kwh: Number
    colo_usd_per_kw_month: Number
    monitoring_share: Number = 0.0
    hours_per_month: Number = HOURS_PER_MONTH

    @property
    def upfront_usd(self) -> Number:
        """Return the cash that one GPU takes on the first day [USD/GPU]."""
        extras = self.network_share + self.installation_share + self.spares_share
        return self.server_usd * (1.0 + extras)

    def payment(self, usd: Number, residual_share: Number) -> Number:
        """Return what a sum spent on the first day costs a month [USD/month].

        Args:
            usd: The sum [USD].
            residual_share: What of it comes back at the end [1].
        """
        how = (self.yearly_rate, self.life_months, self.straight_line)
        return written_off(usd, usd * residual_share, *how)


def ownership_lines(
    fleet: Fleet, own: Ownership, *, origin: Origin = "catalog", source: str
) -> tuple[Line, ...]:
    """Return the lines of a bought fleet.

    Spares and network keep their share of the residual value, the installation does not. The room
    is priced without power, so that electricity is not counted twice.

    Args:
        fleet: The GPUs.
        own: What one of them costs.
        origin, source: Who said the purchase price.
    """
    return (*_capital(fleet, own, origin, source), *_upkeep(fleet, own), *power_lines(fleet, own))


def _capital(fleet: Fleet, own: Ownership, origin: Origin, source: str) -> tuple[Line, ...]:
    """Return what the first day's cash costs a month."""
    servers = own.server_usd
    rows: tuple[tuple[str, Group, Number, Number, Origin, str], ...] = (
        ("servers, amortized", "compute", servers, own.residual_share, origin, source),
        _extra("network, amortized", own.network_share, own, own.residual_share, "network_share"),
        _extra("installation, amortized", own.installation_share, own, 0.0, "installation_share"),
        _extra("spares, amortized", own.spares_share, own, own.residual_share, "spares_share"),
    )
    return tuple(
        Line(
            item=item,
            group=group,
            quantity=fleet.paid_gpus,
            unit="GPU",
            rate_usd=own.payment(usd, residual),
            origin=who,
            source=said,
            spread=True,
        )
        for item, group, usd, residual, who, said in rows
    )


def _extra(
    item: str, share: Number, own: Ownership, residual: Number, path: str
) -> tuple[str, Group, Number, Number, Origin, str]:
    return item, "compute", own.server_usd * share, residual, "assumed", f"own.{path}"


def _upkeep(fleet: Fleet, own: Ownership) -> tuple[Line, ...]:
    """Return what keeps the servers going, as yearly shares of their price."""
    rows: tuple[tuple[str, Number, str], ...] = (
        ("support", own.support_share_per_year, "own.support_share_per_year"),
        ("insurance", own.insurance_share_per_year, "own.insurance_share_per_year"),
        (
            "failures and repair",
            own.failures_per_year * own.repair_share,
            "own.failures_per_year + own.repair_share",
        ),
    )
    upkeep = (
        Line(
            item=item,
            group="other",
            quantity=fleet.paid_gpus * own.server_usd,
            unit="USD of servers",
            rate_usd=share / MONTHS_PER_YEAR,
            origin="assumed",
            source=path,
        )
        for item, share, path in rows
    )
    return (*upkeep, _monitoring(fleet, own))


def _monitoring(fleet: Fleet, own: Ownership) -> Line:
    usd = fleet.paid_gpus * own.payment(own.server_usd, own.residual_share)
    return share_line(
        "monitoring", usd, "USD of servers", own.monitoring_share, "own.monitoring_share"
    )


def power_lines(fleet: Fleet, own: Ownership) -> tuple[Line, ...]:
    """Return electricity, apart for the fleet that stands ready and for its work, and the room.

    A machine that is switched off draws nothing, a GPU of no replica `idle`, and one of a replica
    ``light + (full - light) * u`` with `u` the share of the replica's capacity in use, so that
    energy is affine in the tokens served.

    Args:
        fleet: The GPUs; without `busy_gpus` all of them work all the time.
        own: Rated power, its shares, PUE, tariff and room.
    """
    busy = fleet.on_gpus if fleet.busy_gpus is None else fleet.busy_gpus
    kw = own.rated_w / 1e3
    site_kwh = kw * own.pue * own.hours_per_month
    waiting = (fleet.powered_gpus - fleet.on_gpus) * own.idle_power_share
    ready = waiting + fleet.on_gpus * own.light_power_share
    work = busy * (own.full_power_share - own.light_power_share)
    tariff = "own.usd_per_kwh"
    rows: tuple[tuple[str, Group, Number, str, Number, str], ...] = (
        ("electricity, standing ready", "power", ready * site_kwh, "kWh", own.usd_per_kwh, tariff),
        ("electricity, at work", "power", work * site_kwh, "kWh", own.usd_per_kwh, tariff),
        (
            "room, without power",
            "other",
            fleet.paid_gpus * kw,
            "kW",
            own.colo_usd_per_kw_month,
            "own.colo_usd_per_kw_month",
        ),
    )
    return tuple(
        Line(
            item=item,
            group=group,
            quantity=quantity,
            unit=unit,
            rate_usd=rate,
            origin="assumed",
            source=path,
        )
        for item, group, quantity, unit, rate, path in rows
    )
