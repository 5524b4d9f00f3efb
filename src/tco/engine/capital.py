"""Money over time: what bought GPUs cost a month, present value, payback."""

from __future__ import annotations

import numpy as np

from tco.engine.ledger import Group, Line, Origin, total_usd
from tco.engine.selfhost import Fleet, share_line
from tco.engine.shapes import Floats, Indices, Number
from tco.records import dataclass
from tco.units import HOURS_PER_MONTH, MONTHS_PER_YEAR

# Money over time: what a capital sum costs a month.


def capital_recovery(rate: Number, periods: Number) -> Number:
    """Return the share of a capital sum due each period so that it is paid back with interest.

    ``rate / (1 - (1 + rate)**-n)``, and ``1 / n`` when the rate is zero; written with `expm1` and
    `log1p` because the plain form loses all digits for rates below about 1e-15.

    Args:
        rate: Interest per period [1], e.g. 0.01 for 1 % a month.
        periods: Number of equal payments [1].

    Raises:
        ValueError: No periods, or a rate of -1 or less: there is no such loan, so it is refused
            rather than called free.

    Source:
        The payment function of any spreadsheet, ``PMT(rate, n, -1)``.

    >>> round(float(capital_recovery(0.05, 10)), 12)
    0.129504574965
    """
    rate, periods = np.asarray(rate, dtype=float), np.asarray(periods, dtype=float)
    if np.any(periods <= 0) or np.any(rate <= -1):
        raise ValueError("a loan needs at least one period and a rate above -1")
    safe = np.where(rate == 0, 1.0, rate)
    factor = safe / -np.expm1(-periods * np.log1p(safe))
    result: Number = np.where(rate == 0, 1.0 / periods, factor)
    return result


def annuity(capex_usd: Number, salvage_usd: Number, yearly_rate: Number, months: Number) -> Number:
    """Return the level monthly cost of owning something and then selling it [USD/month].

    ``(K - S * (1 + i)**-T) * capital_recovery(i, T)`` with ``i = (1 + rate)**(1/12) - 1``: the
    cost of capital is inside, so no interest may be added to it.

    Args:
        capex_usd: Price paid at the start [USD].
        salvage_usd: Price got at the end [USD].
        yearly_rate: Cost of capital [1/year].
        months: Time between the two [month].
    """
    monthly = np.expm1(np.log1p(yearly_rate) / MONTHS_PER_YEAR)
    present_salvage = salvage_usd * (1.0 + monthly) ** -np.asarray(months, dtype=float)
    result: Number = (capex_usd - present_salvage) * capital_recovery(monthly, months)
    return result


def straight_line(capex_usd: Number, salvage_usd: Number, months: Number) -> Number:
    """Return the price less the salvage spread evenly, without the cost of capital [USD/month].

    ``(K - S) / T``: what books show; the limit of `annuity` at a rate of zero.

    Args:
        capex_usd: Price paid at the start [USD].
        salvage_usd: Price got at the end [USD].
        months: Time between the two [month].

    Raises:
        ValueError: No months.
    """
    months = np.asarray(months, dtype=float)
    if np.any(months <= 0):
        raise ValueError("a life needs at least a part of a month")
    result: Number = (capex_usd - salvage_usd) / months
    return result


def written_off(
    usd: Number, salvage_usd: Number, yearly_rate: Number, months: Number, evenly: Number
) -> Number:
    """Return what a sum spent on the first day costs a month [USD/month].

    An annuity, which carries the cost of capital; or a straight line without it. Never both.

    Args:
        usd: The sum [USD].
        salvage_usd: What comes back at the end [USD].
        yearly_rate: Cost of capital [1/year].
        months: Life [month].
        evenly: 1 for the straight line, else 0 [1].
    """
    level = annuity(usd, salvage_usd, yearly_rate, months)
    if not np.any(evenly):  # as nearly always
        return level
    even = straight_line(usd, salvage_usd, months)
    return np.where(np.equal(evenly, 1.0), even, level)


# Money at the time it is paid: present value, payback, and when to change over.
#
# A flow has one entry for the first day and one for the end of each month after it [months + 1].


def present_value(flow: Floats, yearly_rate: Number, *, year_end: bool = False) -> Number:
    """Return what a flow is worth on the first day, ``sum(c[t] * (1 + i)**-t)`` [USD].

    Args:
        flow: Money paid on the first day and at the end of each month [..., months + 1] [USD].
        yearly_rate: Cost of capital, ``1 + rate = (1 + i)**12`` [1/year].
        year_end: Cash of a year counts at its end, that of the first day on the first day, as in a
            sheet with a column a year. A part of a year at the end counts as a year.

    Source:
        The net present value of any spreadsheet, with a flow at time 0 left undiscounted.
    """
    months = np.arange(flow.shape[-1], dtype=float)
    if year_end:
        months = np.ceil(months / MONTHS_PER_YEAR) * MONTHS_PER_YEAR
    factor = np.exp(
        -months * np.log1p(np.asarray(yearly_rate, dtype=float))[..., None] / MONTHS_PER_YEAR
    )
    value: Number = np.sum(flow * factor, axis=-1)
    return value


def payback_months(saving: Floats) -> float:
    """Return when what was put in has come back for the first time [month].

    The first moment at which the sum of the savings so far is not negative any more, straight
    between months; 0 when it never was negative, not a number when it stays so. Cash alone counts:
    nothing is amortized beside it.

    Args:
        saving: What the other way would have cost less this one, by month [months + 1] [USD].

    >>> payback_months(np.array([-100.0, 40.0, 40.0, 40.0]))
    2.5
    """
    so_far = np.cumsum(saving)
    if not np.any(so_far < 0):
        return 0.0
    behind = int(np.argmax(so_far < 0))
    back = np.flatnonzero(so_far[behind:] >= 0)
    if not back.size:
        return float("nan")
    month = behind + int(back[0])
    return month - float(so_far[month] / saving[month])


def cohorts(needed: Floats, life_months: int) -> Floats:
    """Return how many are bought at the beginning of each month, those worn out replaced [months].

    Args:
        needed: How many there must be in each month, never falling [months].
        life_months: Months that one serves.
    """
    growth = np.diff(needed, prepend=0.0)
    bought = growth.copy()
    for month in range(life_months, needed.size):
        bought[month] += bought[month - life_months]
    return bought


def resale_share(age_months: Number, life_months: Number, residual_share: Number) -> Number:
    """Return the price that is got for something of an age over the price paid [1].

    Straight from 1 when new to `residual_share` at the end of its life.
    """
    worn = np.clip(np.asarray(age_months, dtype=float) / life_months, 0.0, 1.0)
    result: Number = 1.0 - (1.0 - residual_share) * worn
    return result


def changeover(stay: Floats, move: Floats, yearly_rate: float, *, year_end: bool = False) -> Floats:
    """Return the present value of staying for k months and then moving, for every k [months + 1].

    Args:
        stay: The flow of staying throughout [months + 1] [USD].
        move: Row k is the flow of moving after k months, nothing before: its first entry that
            counts is at k, its last row is that of never moving [months + 1, months + 1] [USD].
        yearly_rate: Cost of capital [1/year].
        year_end: As in `present_value`.
    """
    months = np.arange(stay.size)
    before = np.where(months[None, :] <= months[:, None], stay[None, :], 0.0)
    return np.asarray(present_value(before + move, yearly_rate, year_end=year_end))


def drift(
    log_change: Floats, years: Floats, group: Indices, sigmas: float = 1.645
) -> tuple[float, float, float]:
    """Return what a year made of some prices, and the ends of its interval [1].

    ``exp(sum(d) / sum(y))``: each price counts by how long it was watched, those that never changed
    with the others. The interval is that of a ratio of sums over groups, for prices of one group
    move together: ``var = G / (G - 1) * sum(r**2) / sum(y)**2``, where a group's ``r`` is
    ``sum(d) - rate * sum(y)``.

    Args:
        log_change: Logarithm of the last price over the first [prices].
        years: Time between the two [prices] [year].
        group: Which group each is of, counted from 0 [prices].
        sigmas: Standard errors to each end: 1.645 for 90 % [1].

    Raises:
        ValueError: Fewer than two groups, or nothing was watched for any time.

    Source:
        Cochran, Sampling Techniques (1977), 6.4: the variance of a ratio of two sample totals.

    >>> change, watched = np.log([0.5, 1.0]), np.array([1.0, 1.0])
    >>> round(drift(change, watched, np.array([0, 1]))[0], 6)  # half a price in two price-years
    0.707107
    """
    count, watched = int(np.max(group, initial=-1)) + 1, float(np.sum(years))
    if count < 2 or watched <= 0.0:
        raise ValueError("prices of two groups, watched for some time, are needed")
    rate = float(np.sum(log_change)) / watched
    rest = np.bincount(group, weights=log_change - rate * years, minlength=count)
    error = float(np.sqrt(count / (count - 1) * np.sum(rest**2))) / watched
    low, middle, high = np.exp(rate + sigmas * error * np.array([-1.0, 0.0, 1.0]))
    return float(middle), float(low), float(high)


# The bill of GPUs that are bought: capital, upkeep, electricity and room.


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
            item, group, fleet.paid_gpus, "GPU", own.payment(usd, residual), who, said, spread=True
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
    usd = fleet.paid_gpus * own.server_usd
    upkeep = [
        share_line(item, usd, "USD of servers", share / MONTHS_PER_YEAR, path)
        for item, share, path in rows
    ]
    return (*upkeep, _monitoring(fleet, own))


def _monitoring(fleet: Fleet, own: Ownership) -> Line:
    usd = fleet.paid_gpus * own.payment(own.server_usd, own.residual_share)
    return share_line(
        "monitoring", usd, "USD of servers", own.monitoring_share, "own.monitoring_share"
    )


STANDING = "electricity, standing ready"


def standing_usd(bill: tuple[Line, ...]) -> Number:
    """Return what GPUs draw because they stand ready, of a bill [USD/month]."""
    return total_usd(tuple(line for line in bill if line.item == STANDING))


def power_lines(fleet: Fleet, own: Ownership) -> tuple[Line, ...]:
    """Return electricity, apart for the fleet that stands ready and for its work, and the room.

    A machine that is switched off draws nothing, and a GPU that is on ``idle + (light - idle) * f +
    (full - light) * u``: `f` is the share of the time in which its replica has something in flight
    (`tco.engine.fleet.awake_share`), `u` the share of the replica's capacity in use. All but
    `idle` is the work's.

    Args:
        fleet: The GPUs; without `busy_gpus` all of them work all the time.
        own: Rated power, its shares, PUE, tariff and room.
    """
    busy = fleet.on_gpus if fleet.busy_gpus is None else fleet.busy_gpus
    kw = own.rated_w / 1e3
    site_kwh = kw * own.pue * own.hours_per_month
    ready = fleet.powered_gpus * own.idle_power_share
    work = fleet.serving_gpus * (own.light_power_share - own.idle_power_share)
    work = work + busy * (own.full_power_share - own.light_power_share)
    tariff = "own.usd_per_kwh"
    rows: tuple[tuple[str, Group, Number, str, Number, str], ...] = (
        (STANDING, "power", ready * site_kwh, "kWh", own.usd_per_kwh, tariff),
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
        Line(item, group, quantity, unit, rate, "assumed", path)
        for item, group, quantity, unit, rate, path in rows
    )
