"""The units that a hybrid can be built from: set-ups of a model, and rents they can run on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import lcm

import numpy as np

from tco.analysis.candidates import OwnSetups
from tco.analysis.cheapest import least_trust
from tco.analysis.machines import DEDICATED, by_the_hour, machine_lines
from tco.analysis.options import FixedOption, SelfOption, replica_of
from tco.analysis.own_bill import moving_lines, work_lines
from tco.analysis.pairs import sure_pairs
from tco.analysis.settings import Settings, hours_per_month, target, workload
from tco.analysis.why import infeasible
from tco.engine.hybrid import Resource
from tco.engine.ledger import Line, total_usd
from tco.engine.replica import Replica
from tco.engine.selfhost import Fleet, busy_gpus
from tco.engine.shapes import number
from tco.engine.stack import Kind
from tco.errors import InfeasibleError

TOKENS = "workload.tokens_per_month"

Unit = SelfOption | FixedOption
"""What a unit can be: a set-up on GPUs, or a provisioned unit at a given monthly price."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One set-up on one rent: the smallest number of GPUs that can be paid for.

    Args:
        option: The set-up and its rent.
        replicas: Replicas of a unit [1].
        gpus: GPUs of a unit on the invoice; 0 for a provisioned unit [1].
        capacity: What a unit serves with its headroom kept [request/s].
        usd_per_hour: All that a unit costs that stands ready, people left out [USD/h].
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
    work_usd: float = 0.0
    busy_per_load: float = 0.0
    by_the_hour: bool = False
    spot: bool = False

    @property
    def usd_per_load(self) -> float:
        """Return what a load of 1 request/s costs in an hour at full use [USD/h]."""
        return self.usd_per_hour / self.capacity + self.work_usd

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

    def beats(self, other: Way) -> bool:
        """Return whether no mix needs the other, of units as large or larger than these.

        Cheaper idle and cheaper at full use is cheaper at every use.
        """
        return (
            self.usd_per_hour / self.capacity <= other.usd_per_hour / other.capacity
            and self.usd_per_load <= other.usd_per_load
            and (self.staffed_gpus == 0 or other.staffed_gpus > 0)
            and (other.spot or not self.spot)
        )

    def kind(self, settings: Settings, *, by_the_hour: bool) -> Kind:
        """Return the units as the engine sees them."""
        resource = Resource(
            usd_per_hour=self.usd_per_hour,
            by_the_hour=by_the_hour,
            lead_h=settings.value("plan.lead_h") if by_the_hour else 0.0,
            availability=settings.value("plan.spot_availability") if self.spot else 1.0,
            usd_per_load=self.work_usd,
        )
        return Kind(unit=self.capacity, resources=(resource,))

    def lines(self, units: float, served: float, settings: Settings) -> tuple[Line, ...]:
        """Return the lines of so many units' bill, people left out.

        Args:
            units: Units of a whole month [1].
            served: Share of the month's tokens that they serve [1].
            settings: Every value that enters a bill.
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
        )
        # Not `fleet_lines`: spot GPUs that are taken away are in `plan.spot_availability`.
        return (*machine_lines(self.option, settings, fleet), *moving_lines(self.option, at))


def _fixed_line(option: FixedOption, units: float) -> Line:
    return Line(
        item="units at a given price",
        group="compute",
        quantity=units,
        unit="unit",
        rate_usd=option.usd_per_month,
        origin="given",
        source=option.source,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A set-up with the rents worth looking at: of each size of unit the cheapest.

    Args:
        base: Rents for units that run every hour.
        peak: Rents for units by the hour.
    """

    base: tuple[Way, ...]
    peak: tuple[Way, ...]

    @property
    def ways(self) -> tuple[Way, ...]:
        """Return all of them."""
        return (*self.base, *self.peak)

    @property
    def usual(self) -> Way:
        """Return the set-up on one of its rents."""
        return self.ways[0]

    @property
    def usd_per_load(self) -> float:
        """Return the least that a load of 1 request/s costs in an hour [USD/h]."""
        return min(way.usd_per_load for way in self.ways)


def way(option: Unit, settings: Settings, replica: Replica | None = None) -> Way:
    """Return the smallest unit of a set-up that can be paid for.

    Args:
        option: The set-up.
        settings: Every value that enters a bill.
        replica: What one replica sustains, where that has been worked out already.

    Raises:
        InfeasibleError: It serves nothing within the limits that were asked for.
    """
    if isinstance(option, FixedOption):
        return _provisioned(option, settings)
    replica = replica or replica_of(option, settings)
    if not np.all(replica.feasible):
        raise InfeasibleError(f"{option.id}: {infeasible(replica, target(settings))}")
    gpus = lcm(option.gpus, option.instance_gpus)
    replicas = gpus // option.gpus
    unit = Fleet(
        needed=float(replicas),
        replicas=float(replicas),
        gpus=float(gpus),
        paid_gpus=float(gpus),
        busy_gpus=0.0,
    )
    hours = number(hours_per_month(settings))
    rate = float(np.asarray(replica.requests_per_s * settings.value("serving.headroom")))
    # Not `fleet_lines`: what spot takes on top is modelled here by `plan.spot_availability`.
    usd = float(np.asarray(total_usd(machine_lines(option, settings, unit))))
    load = workload(settings)
    busy = busy_gpus(load, replica, option.gpus)
    work = total_usd(work_lines(option, settings, busy)) / load.requests_per_s
    return Way(
        option=option,
        replicas=replicas,
        gpus=gpus,
        capacity=rate * replicas,
        usd_per_hour=usd / hours,
        work_usd=float(np.asarray(work)) / hours,
        busy_per_load=float(np.asarray(busy / load.requests_per_s)),
        by_the_hour=by_the_hour(option.purchase),
        spot=option.purchase.startswith("spot"),
    )


def _provisioned(option: FixedOption, settings: Settings) -> Way:
    """Return a unit that serves its tokens at an even rate; one without a limit serves the peak."""
    load = workload(settings)
    rate = load.peak_requests_per_s
    if option.tokens_per_month is not None:
        rate = option.tokens_per_month / load.tokens_per_request / load.seconds_per_month
    return Way(
        option=option,
        replicas=1,
        gpus=0,
        capacity=float(np.asarray(rate)),
        usd_per_hour=option.usd_per_month / number(hours_per_month(settings)),
    )


def machine(ways: Iterable[Way]) -> Machine:
    """Return the rents of one set-up that no other one beats."""
    known = list(ways)
    return Machine(
        base=_unbeaten(w for w in known if not w.spot),
        peak=_unbeaten(w for w in known if w.by_the_hour),
    )


def _unbeaten(ways: Iterable[Way]) -> tuple[Way, ...]:
    """Return the ways that no other one with units as small or smaller beats."""
    kept: list[Way] = []
    for one in sorted(ways, key=lambda w: (w.gpus, w.usd_per_load)):
        if not any(other.beats(one) for other in kept):
            kept.append(one)
    return tuple(kept)


def machines(own: OwnSetups, model: str, settings: Settings) -> list[Machine]:
    """Return the set-ups of a model, the cheapest at full use first.

    Args:
        own: Every set-up, sized and priced; of its rents those that are sure enough.
        model: The model.
        settings: Every value that enters a bill.
    """
    by_setup: dict[int, list[int]] = {}
    for pair in sure_pairs(own.found, model, least_trust(own.inputs)).tolist():
        by_setup.setdefault(int(own.found.pair_setup[pair]), []).append(pair)
    made = []
    for rows in by_setup.values():
        replica = own.replica(rows[0])
        options = [own.option(row) for row in rows]
        made.append(machine(way(option, settings, replica) for option in options))
    return sorted(made, key=lambda m: m.usd_per_load)
