"""The cheapest mix for one model: which set-up, on which rents, how many, and what is left over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tco.analysis.machines import DEDICATED
from tco.analysis.own_bill import once_lines, standing_lines
from tco.analysis.plan.machines import Machine, Way
from tco.analysis.settings import Settings, hours_per_month, people
from tco.engine.hybrid import layer_count
from tco.engine.ledger import Line, total_usd
from tco.engine.people import team_usd
from tco.engine.shapes import Floats, number
from tco.engine.stack import Overhead, Stack, best_stack, never_off, no_overhead
from tco.units import HOURS_PER_MONTH

MOST_LAYERS = 500
"""Units beyond which they are counted in groups [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """Units at the bottom, units by the hour above them, and how many of either.

    Args:
        base, peak: The units; None for none.
        stack: How many, and what they serve.
        load: Load of each hour [hours] [request/s].
        usd_per_load: Price of the API for 1 request/s in an hour [USD/h].
        availability: Share of their load that the units by the hour serve [1].
        hours_per_month: Hours of the month [h].
    """

    base: Way | None
    peak: Way | None
    stack: Stack
    load: Floats
    usd_per_load: float
    availability: float = 1.0
    hours_per_month: float = HOURS_PER_MONTH

    @property
    def monthly_usd(self) -> float:
        """Return what everything costs but the people that an API takes anyway [USD/month]."""
        return self.stack.usd_per_hour * self.hours_per_month

    @property
    def base_gpus(self) -> int:
        """Return the GPUs that are paid for every hour [1]."""
        return self.stack.base_units * self.base.gpus if self.base else 0

    @property
    def peak_gpus(self) -> int:
        """Return the most GPUs by the hour at a time [1]."""
        return self.stack.peak_units * self.peak.gpus if self.peak else 0

    @property
    def counted(self) -> tuple[tuple[Way, int], ...]:
        """Return the units in use, with how many of each there are at most."""
        both = ((self.base, self.stack.base_units), (self.peak, self.stack.peak_units))
        return tuple((way, count) for way, count in both if way is not None and count)

    @property
    def own_load(self) -> float:
        """Return what own GPUs serve in the average hour [request/s]."""
        return float(self.load.mean()) - self.stack.api_load

    def paid_peak_hours(self, lead_h: float) -> float:
        """Return for how long units by the hour are paid, starts included [unit-hour per hour].

        Units that never stop have no start.
        """
        on = self.stack.peak.layers.on
        starts = (on & ~np.roll(on, 1, axis=-1)).sum()
        return float((on.sum() + lead_h * starts) / on.shape[-1]) if on.size else 0.0


def team_overhead(base: Way | None, peak: Way | None, settings: Settings) -> Overhead:
    """Return the cost of engineers as a function of the units; a fleet is staffed at its largest.

    None at all without a unit: a team is a yes or a no, and so is what stands before a fleet.
    GPUs that a host runs take nobody beside those whom the API takes.
    """
    ways = [way for way in (base, peak) if way is not None and way.gpus]
    standing = total_usd(before(ways, settings))
    staff, hours = people(settings), number(hours_per_month(settings))
    of_api = team_usd(staff, 0.0, 0.0, 1.0)
    hosted_usd = total_usd(before([w for w in ways if not w.staffed_gpus], settings))

    def usd(base_units: Floats, peak_units: Floats) -> Floats:
        shape = np.shape(base_units)
        own, hosted = np.zeros(shape), np.zeros(shape)
        for way, units in ((base, base_units), (peak, peak_units)):
            if way is not None:
                own = own + units * way.staffed_gpus
                hosted = hosted + units * (way.gpus - way.staffed_gpus)
        team = team_usd(staff, own, hosted, 1.0) - of_api
        there = np.where(own > 0, standing, np.where(hosted > 0, hosted_usd, 0.0))
        per_hour: Floats = (team + there) / hours
        return per_hour

    return usd


def before(ways: Sequence[Way], settings: Settings) -> tuple[Line, ...]:
    """Return what stands before the units of a plan, whatever their number; people left out."""
    used = [way for way in ways if way.gpus]
    if not used:
        return ()
    purchase = next((way.purchase for way in used if way.staffed_gpus), DEDICATED)
    return (*standing_lines(purchase, settings), *once_lines(settings))


def grouped(way: Way | None, load: Floats) -> Way | None:
    """Return units that are counted in groups where there would be thousands of them.

    A group is about a five-hundredth of what the busiest hour needs, and a power of two, so that
    groups of different units lie on each other without gaps.
    """
    if way is None:
        return None
    size = 1 << max((layer_count(load, way.capacity) // MOST_LAYERS).bit_length() - 1, 0)
    if size == 1:
        return way
    return replace(
        way,
        replicas=way.replicas * size,
        gpus=way.gpus * size,
        capacity=way.capacity * size,
        usd_per_hour=way.usd_per_hour * size,
    )


def pairs(machine: Machine) -> Iterator[tuple[Way | None, Way | None]]:
    """Return the combinations of units for every hour and units by the hour of one set-up."""
    for base in (None, *machine.base):
        for peak in (None, *machine.peak):
            same = base is not None and peak is not None and base.option.id == peak.option.id
            if not same and (base is not None or peak is not None):
                yield base, peak


def mix_of(
    base: Way | None, peak: Way | None, load: Floats, usd_per_load: float, settings: Settings
) -> Mix:
    """Return the cheapest numbers of two kinds of units."""
    base, peak = grouped(base, load), grouped(peak, load)
    stack = best_stack(
        load,
        base.kind(settings, by_the_hour=False) if base else None,
        peak.kind(settings, by_the_hour=True) if peak else None,
        usd_per_load,
        team_overhead(base, peak, settings),
    )
    share = float(np.asarray(settings.value("plan.spot_availability")))
    if base is None and peak is not None and not peak.spot:
        base, stack = peak, never_off(stack, peak.capacity)
    return Mix(
        base=base,
        peak=peak,
        stack=stack,
        load=load,
        usd_per_load=usd_per_load,
        availability=share if peak and peak.spot else 1.0,
        hours_per_month=number(hours_per_month(settings)),
    )


def best_mix(
    machines: Sequence[Machine], load: Floats, usd_per_load: float, settings: Settings
) -> Mix:
    """Return the cheapest mix over all set-ups. Exact.

    A set-up costs at least what it would at full use in every hour, and the smallest team; those
    whose bound is above the best mix so far are skipped.

    Args:
        machines: The set-ups.
        load: Load of each hour [hours] [request/s].
        usd_per_load: Price of the API for 1 request/s in an hour [USD/h].
        settings: Every value that enters a bill.
    """
    best = nothing(load, usd_per_load, number(hours_per_month(settings)))
    bounds = [least_usd(machine, load, settings) for machine in machines]
    for i in np.argsort(bounds, kind="stable").tolist():
        machine = machines[i]
        if bounds[i] >= best.stack.usd_per_hour:
            break
        for base, peak in pairs(machine):
            found = mix_of(base, peak, load, usd_per_load, settings)
            if found.stack.usd_per_hour < best.stack.usd_per_hour - 1e-9:
                best = found
    return best


def least_usd(machine: Machine, load: Floats, settings: Settings) -> float:
    """Return a cost that no mix with a unit of this set-up can fall below [USD/h]."""
    one, none = np.ones(1), np.zeros(1)
    team = min(team_overhead(way, None, settings)(one, none)[0] for way in machine.ways)
    return float(load.mean()) * machine.usd_per_load + float(team)


def nothing(load: Floats, usd_per_load: float, hours: float = HOURS_PER_MONTH) -> Mix:
    """Return the mix without a unit: everything goes to the API."""
    stack = best_stack(load, None, None, usd_per_load, no_overhead)
    return Mix(
        base=None,
        peak=None,
        stack=stack,
        load=load,
        usd_per_load=usd_per_load,
        hours_per_month=hours,
    )
