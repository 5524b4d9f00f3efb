"""The cheapest mix for one model: the units it can be built from, which, how many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from tco.engine.fleet import awake_share
from tco.engine.hybrid import (
    Overhead,
    Resource,
    Stack,
    best_stack,
    layer_count,
    never_off,
    no_overhead,
)
from tco.engine.ledger import Line, total_usd
from tco.engine.replica import Replica, at_once
from tco.engine.selfhost import Fleet, busy_gpus, team_usd
from tco.engine.shapes import Floats, number
from tco.errors import InfeasibleError
from tco.options.bills import SelfOption, Served, pair_groups, replica_of, sure_pairs
from tco.options.candidates import infeasible, rented
from tco.options.cheapest import least_trust
from tco.options.machines import (
    DEDICATED,
    by_the_hour,
    is_bought,
    machine_lines,
    moving_lines,
    once_lines,
    standing_lines,
    work_lines,
)
from tco.options.provisioned import FixedOption
from tco.options.settings import (
    TOKENS,
    Settings,
    fleet_policy,
    hours_per_month,
    people,
    target,
    workload,
)
from tco.options.setups import SetUps
from tco.records import dataclass
from tco.units import HOURS_PER_MONTH

# The units that a hybrid can be built from: set-ups of a model, and rents they can run on.


Unit = SelfOption | FixedOption
"""What a unit can be: a set-up on GPUs, or a provisioned unit at a given monthly price."""


@dataclass(frozen=True, kw_only=True)
class RentedUnit:
    """One set-up on one rent: the smallest number of GPUs that can be paid for.

    Args:
        option: The set-up and its rent.
        replicas: Replicas of a unit [1].
        gpus: GPUs of a unit on the invoice; 0 for a provisioned unit [1].
        capacity: What a unit serves with its headroom kept [request/s].
        usd_per_hour: All that a unit costs that stands ready, people left out [USD/h].
        awake_usd: What it costs on top while it has something in flight: electricity [USD/h].
        at_once: Requests that a replica has in flight at capacity, were none slowed [1].
        headroom: Share of its replicas' capacity that a unit serves [1].
        work_usd: What a load of 1 request/s adds to that in an hour: traffic, and for bought GPUs
            the electricity of their work [USD/h].
        busy_per_load: GPUs that a load of 1 request/s would keep at capacity [GPU/(request/s)].
        by_the_hour: It can be given back after any hour.
        spot: It can be taken away at any time.
    """

    option: Unit
    replicas: int
    gpus: int
    capacity: float
    usd_per_hour: float
    awake_usd: float = 0.0
    at_once: float = 1.0
    headroom: float = 1.0
    work_usd: float = 0.0
    busy_per_load: float = 0.0
    by_the_hour: bool = False
    spot: bool = False

    @cached_property
    def usd_per_load(self) -> float:
        """Return what a load of 1 request/s costs in an hour at full use [USD/h]."""
        share = number(awake_share(self.headroom, self.at_once)) if self.awake_usd else 0.0
        usd_per_hour = self.usd_per_hour + self.awake_usd * share
        return usd_per_hour / self.capacity + self.work_usd

    @property
    def purchase(self) -> str:
        """Return how its GPUs are bought; empty for a provisioned unit."""
        return "" if isinstance(self.option, FixedOption) else self.option.purchase

    @property
    def staffed_gpus(self) -> int:
        """Return the GPUs of a unit that own engineers look after; a host does it itself [1].

        The few engineers that an endpoint of a host takes are those that the API takes anyway.
        """
        return 0 if self.purchase == DEDICATED else self.gpus

    def beats(self, other: RentedUnit) -> bool:
        """Return whether no mix needs the other, of units as large or larger than these.

        Cheaper idle and cheaper at full use is cheaper at every use.
        """
        return (
            self.usd_per_hour / self.capacity <= other.usd_per_hour / other.capacity
            and self.usd_per_load <= other.usd_per_load
            and (self.staffed_gpus == 0 or other.staffed_gpus > 0)
            and (other.spot or not self.spot)
        )

    def kind(self, settings: Settings, *, by_the_hour: bool) -> Resource:
        """Return the units as the engine sees them."""
        return Resource(
            unit=self.capacity,
            usd_per_hour=self.usd_per_hour,
            by_the_hour=by_the_hour,
            lead_h=settings.value("plan.lead_h") if by_the_hour else 0.0,
            availability=settings.value("plan.spot_availability") if self.spot else 1.0,
            usd_per_load=self.work_usd,
            awake_usd=self.awake_usd,
            at_once=self.at_once,
            headroom=self.headroom,
        )

    def lines(
        self, units: float, awake: float, served: float, settings: Settings
    ) -> tuple[Line, ...]:
        """Return the lines of so many units' bill, people left out.

        Args:
            units: Units of a whole month [1].
            awake: Units with something in flight, of a whole month [1].
            served: Share of the month's tokens that they serve [1].
        """
        if isinstance(self.option, FixedOption):
            return (_fixed_line(self.option, units),)
        gpus = units * self.gpus
        at = settings.with_values({TOKENS: settings.value(TOKENS) * served})
        load = float(np.asarray(workload(at).requests_per_s))
        fleet = Fleet(
            needed=units * self.replicas,
            replicas=units * self.replicas,
            gpus=gpus,
            paid_gpus=gpus,
            busy_gpus=load * self.busy_per_load,
            awake_gpus=awake * self.gpus,
        )
        # Not `fleet_lines`: spot GPUs that are taken away are in `plan.spot_availability`.
        return (*machine_lines(self.option, settings, fleet), *moving_lines(self.option, at))


def _fixed_line(option: FixedOption, units: float) -> Line:
    item, usd = "units at a given price", option.usd_per_month
    return Line(item, "compute", units, "unit", usd, "given", option.source)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitChoice:
    """A set-up with the rents worth looking at: of each size of unit the cheapest.

    Args:
        base: Rents for units that run every hour.
        peak: Rents for units by the hour.
    """

    base: tuple[RentedUnit, ...]
    peak: tuple[RentedUnit, ...]

    @property
    def ways(self) -> tuple[RentedUnit, ...]:
        """Return all of them."""
        return (*self.base, *self.peak)

    @property
    def usual(self) -> RentedUnit:
        """Return the set-up on one of its rents."""
        return self.ways[0]

    @property
    def usd_per_load(self) -> float:
        """Return the least that a load of 1 request/s costs in an hour [USD/h]."""
        return min(way.usd_per_load for way in self.ways)


MARGIN = 0.85
"""How full a unit is where own logs tell bursts, by judgment: `serving.headroom` of others [1]."""


def bursts(settings: Settings) -> tuple[str, ...]:
    """Return how full units are where headroom is what own logs keep for bursts: those overflow."""
    in_flight = settings["serving.headroom"].source.endswith(": own-logs")
    if not in_flight or number(settings.value("workload.rate_cv")) <= 0.0:
        return ()
    said = f"own units are filled to {MARGIN:.0%}, by judgment; bursts within an hour go to the API"
    return (f"{said} (--set serving.headroom=... says another share)",)


def served_share(settings: Settings) -> float:
    """Return the share of its replicas' capacity that a unit serves before the API does [1]."""
    return MARGIN if bursts(settings) else number(fleet_policy(settings).headroom)


def rented_unit(option: Unit, settings: Settings) -> RentedUnit:
    """Return the smallest unit of a set-up that can be paid for.

    Raises:
        InfeasibleError: It serves nothing within the limits that were asked for.
    """
    if isinstance(option, FixedOption):
        return _provisioned(option, settings)
    replica = replica_of(option, settings)
    if not np.all(replica.feasible):
        raise InfeasibleError(f"{option.id}: {infeasible(replica, target(settings))}")
    return _own_units([option], option, settings, replica)[0]


def _own_units(
    options: Sequence[SelfOption], of: Served, settings: Settings, replica: Replica
) -> list[RentedUnit]:
    """Return the smallest unit of some options, which `of` and `replica` are as one of arrays."""
    each = np.asarray(of.gpus, dtype=np.int64)
    gpus = np.lcm(each, np.asarray(of.instance_gpus, dtype=np.int64))
    count, paid = (gpus // each).astype(float), gpus.astype(float)
    unit = Fleet(
        needed=count, replicas=count, gpus=paid, paid_gpus=paid, busy_gpus=0.0, awake_gpus=0.0
    )
    hours, headroom = hours_per_month(settings), served_share(settings)
    # Not `fleet_lines`: what spot takes on top is modelled here by `plan.spot_availability`.
    usd = awake = total_usd(machine_lines(of, settings, unit))
    if of.owned is not None:  # of others the electricity is in the rent
        awake = total_usd(machine_lines(of, settings, replace(unit, awake_gpus=paid)))
    load = workload(settings)
    busy = busy_gpus(workload(settings, of.tries), replica, of.gpus)
    figures: dict[str, Any] = {
        "replicas": gpus // each,
        "gpus": gpus,
        "capacity": replica.requests_per_s * headroom * count / of.tries,
        "usd_per_hour": usd / hours,
        "awake_usd": (awake - usd) / hours,
        "at_once": at_once(replica),
        "headroom": headroom,
        "work_usd": total_usd(work_lines(of, settings, busy)) / load.requests_per_s / hours,
        "busy_per_load": busy / load.requests_per_s,
    }
    columns = [np.broadcast_to(np.ravel(f), len(options)).tolist() for f in figures.values()]
    return [
        RentedUnit(
            option=option,
            by_the_hour=by_the_hour(option.purchase),
            spot=option.purchase.startswith("spot"),
            **dict(zip(figures, row, strict=True)),
        )
        for option, *row in zip(options, *columns, strict=True)
    ]


def _provisioned(option: FixedOption, settings: Settings) -> RentedUnit:
    """Return a unit that serves its tokens at an even rate; one without a limit serves the peak."""
    load = workload(settings)
    rate = load.peak_requests_per_s
    if option.tokens_per_month is not None:
        volume = option.tokens_per_month / number(option.tries)
        rate = volume / load.tokens_per_request / load.seconds_per_month
    return RentedUnit(
        option=option,
        replicas=1,
        gpus=0,
        capacity=float(np.asarray(rate)),
        usd_per_hour=option.usd_per_month / number(hours_per_month(settings)),
    )


def machine(ways: Iterable[RentedUnit]) -> UnitChoice:
    """Return the rents of one set-up that no other one beats."""
    known = list(ways)
    return UnitChoice(
        base=_unbeaten(w for w in known if not w.spot),
        peak=_unbeaten(w for w in known if w.by_the_hour),
    )


def _unbeaten(ways: Iterable[RentedUnit]) -> tuple[RentedUnit, ...]:
    """Return the ways that no other one with units as small or smaller beats."""
    kept: list[RentedUnit] = []
    for one in sorted(ways, key=lambda w: (w.gpus, w.usd_per_load)):
        if not any(other.beats(one) for other in kept):
            kept.append(one)
    return tuple(kept)


def machines(own: SetUps, model: str, settings: Settings) -> list[UnitChoice]:
    """Return the set-ups of a model, the cheapest at full use first.

    Args:
        own: Every set-up, sized and priced; of its rents those that are sure enough.
    """
    pairs = sure_pairs(own, model, least_trust(own.inputs))
    setups = own.pair_setup[pairs].tolist()
    rows = {setup: own.row(setup) for setup in dict.fromkeys(setups)}
    rents = [own.rents[rent] for rent in own.pair_rent[pairs].tolist()]
    options = [rented(own.inputs, rows[s], rent) for s, rent in zip(setups, rents, strict=True)]
    units: dict[int, RentedUnit] = {}
    for places, group, replica in pair_groups(own, settings, pairs):
        some = places.tolist()
        units.update(
            zip(some, _own_units([options[p] for p in some], group, settings, replica), strict=True)
        )
    by_setup: dict[int, list[RentedUnit]] = {}
    for place, setup in enumerate(setups):
        by_setup.setdefault(setup, []).append(units[place])
    return sorted(map(machine, by_setup.values()), key=lambda m: m.usd_per_load)


# The cheapest mix for one model: which set-up, on which rents, how many, and what is left over.

MOST_LAYERS = 500
"""Units beyond which they are counted in groups [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HybridMix:
    """Units at the bottom, units by the hour above them, and how many of either.

    Args:
        base, peak: The units; None for none.
        stack: How many, and what they serve.
        load: Load of each hour [hours] [request/s].
        usd_per_load: Price of the API for 1 request/s in an hour [USD/h].
        availability: Share of their load that the units by the hour serve [1].
        hours_per_month: Hours of the month [h].
        rate_cv: Standard deviation of the rate within an hour over its mean [1].
    """

    base: RentedUnit | None
    peak: RentedUnit | None
    stack: Stack
    load: Floats
    usd_per_load: float
    availability: float = 1.0
    hours_per_month: float = HOURS_PER_MONTH
    rate_cv: float = 0.0

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
    def counted(self) -> tuple[tuple[RentedUnit, int], ...]:
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
        on = self.stack.peak.on
        starts = (on & ~np.roll(on, 1, axis=-1)).sum()
        return float((on.sum() + lead_h * starts) / on.shape[-1]) if on.size else 0.0


def team_overhead(base: RentedUnit | None, peak: RentedUnit | None, settings: Settings) -> Overhead:
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


def before(ways: Sequence[RentedUnit], settings: Settings) -> tuple[Line, ...]:
    """Return what stands before the units of a plan, whatever their number; people left out."""
    used = [way for way in ways if way.gpus]
    if not used:
        return ()
    staffed = sorted((way.purchase for way in used if way.staffed_gpus), key=is_bought)
    purchase = next(iter(staffed), DEDICATED)  # rented ones first: they take a balancer
    return (*standing_lines(purchase, settings), *once_lines(settings))


def grouped(way: RentedUnit | None, load: Floats, rate_cv: float) -> RentedUnit | None:
    """Return units that are counted in groups where there would be thousands of them.

    A group is about a five-hundredth of what the busiest hour needs, and a power of two, so that
    groups of different units lie on each other without gaps.
    """
    if way is None:
        return None
    size = 1 << max((layer_count(load, way.capacity, rate_cv) // MOST_LAYERS).bit_length() - 1, 0)
    if size == 1:
        return way
    return replace(
        way,
        replicas=way.replicas * size,
        gpus=way.gpus * size,
        capacity=way.capacity * size,
        usd_per_hour=way.usd_per_hour * size,
        awake_usd=way.awake_usd * size,
    )


def pairs(machine: UnitChoice) -> Iterator[tuple[RentedUnit | None, RentedUnit | None]]:
    """Return the combinations of units for every hour and units by the hour of one set-up."""
    for base in (None, *machine.base):
        for peak in (None, *machine.peak):
            same = base is not None and peak is not None and base.option.id == peak.option.id
            if not same and (base is not None or peak is not None):
                yield base, peak


def mix_of(
    base: RentedUnit | None,
    peak: RentedUnit | None,
    load: Floats,
    usd_per_load: float,
    settings: Settings,
) -> HybridMix:
    """Return the cheapest numbers of two kinds of units."""
    rate_cv = number(settings.value("workload.rate_cv"))
    base, peak = grouped(base, load, rate_cv), grouped(peak, load, rate_cv)
    stack = best_stack(
        load,
        base.kind(settings, by_the_hour=False) if base else None,
        peak.kind(settings, by_the_hour=True) if peak else None,
        usd_per_load,
        team_overhead(base, peak, settings),
        rate_cv,
    )
    share = float(np.asarray(settings.value("plan.spot_availability")))
    if base is None and peak is not None and not peak.spot:
        base, stack = peak, never_off(stack, peak.capacity)
    return HybridMix(
        base=base,
        peak=peak,
        stack=stack,
        load=load,
        usd_per_load=usd_per_load,
        availability=share if peak and peak.spot else 1.0,
        hours_per_month=number(hours_per_month(settings)),
        rate_cv=rate_cv,
    )


def best_mix(
    machines: Sequence[UnitChoice], load: Floats, usd_per_load: float, settings: Settings
) -> HybridMix:
    """Return the cheapest mix over all set-ups. Exact.

    A set-up costs at least what it would at full use in every hour, and the smallest team; those
    whose bound is above the best mix so far are skipped.

    Args:
        machines: The set-ups.
        load: Load of each hour [hours] [request/s].
        usd_per_load: Price of the API for 1 request/s in an hour [USD/h].
    """
    best = nothing(load, usd_per_load, number(hours_per_month(settings)))
    bounds = least_usd(machines, load, settings)
    for i in np.argsort(bounds, kind="stable").tolist():
        machine = machines[i]
        if bounds[i] >= best.stack.usd_per_hour:
            break
        for base, peak in pairs(machine):
            found = mix_of(base, peak, load, usd_per_load, settings)
            if found.stack.usd_per_hour < best.stack.usd_per_hour - 1e-9:
                best = found
    return best


def least_usd(machines: Sequence[UnitChoice], load: Floats, settings: Settings) -> list[float]:
    """Return costs that no mix with a unit of these set-ups can fall below [USD/h]."""
    one, none, mean = np.ones(1), np.zeros(1), float(load.mean())
    kinds = {(way.gpus, way.purchase): way for each in machines for way in each.ways}
    team = {k: float(team_overhead(way, None, settings)(one, none)[0]) for k, way in kinds.items()}
    return [
        mean * each.usd_per_load + min(team[way.gpus, way.purchase] for way in each.ways)
        for each in machines
    ]


def nothing(load: Floats, usd_per_load: float, hours: float = HOURS_PER_MONTH) -> HybridMix:
    """Return the mix without a unit: everything goes to the API."""
    stack = best_stack(load, None, None, usd_per_load, no_overhead)
    return HybridMix(
        base=None,
        peak=None,
        stack=stack,
        load=load,
        usd_per_load=usd_per_load,
        hours_per_month=hours,
    )
