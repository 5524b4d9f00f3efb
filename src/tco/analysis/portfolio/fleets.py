"""The fleets that tasks can share: what each task puts on them, and what they cost together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from tco.analysis.plan.bills import PURCHASES
from tco.analysis.portfolio.cases import (
    BATCH,
    ROOM,
    TaskCase,
    blended,
    column,
    longest,
    stacked_settings,
)
from tco.engine.assign import FleetSizes
from tco.engine.fleet import FleetPolicy, load_served, paid_gpus, replicas_for
from tco.engine.ledger import total_usd
from tco.engine.replica import at_once
from tco.engine.selfhost import Fleet, busy_gpus, fleet_of
from tco.engine.shapes import Flags, Floats, Number, Workload, number
from tco.options.bills import SelfOption, best_pairs, replica_of
from tco.options.candidates import option_of, own_setups, unserved
from tco.options.cheapest import least_trust
from tco.options.machines import DEDICATED, fleet_lines, standing_lines, work_lines
from tco.options.provisioned import FixedOption
from tco.options.question import Question
from tco.options.selection import Selection
from tco.options.settings import Settings, fleet_policy, target, workload
from tco.options.shapes import stacked
from tco.records import dataclass

# The fleets that tasks can share: set-ups, what each task puts on them, and what sizes cost.

VOLUMES = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)
"""Parts of all tokens at which the set-ups worth looking at are picked [1]."""
EVERY_SIZE = 50
STEP = 1.05
"""Beyond `EVERY_SIZE` replicas sizes grow by this factor while routes are chosen; the fleets of
the answer are then sized exactly."""
MOST_SIZES = 400


FleetLoads = Mapping[int, Floats]
"""Of each fleet what it serves [LOADS] [1]."""
PEAK, MEAN, FLYING, WAITING, ROOMY, STAFFED, DRIFTING = range(7)
"""Load at the peak and in the average hour, in replicas' worth; requests in flight then, were none
slowed by the others; what of the peak can wait whole; and the load at the peak over the headroom,
times the staffing factor and times the variation of the rate of each task."""
LOADS = DRIFTING + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedFleet:
    """A set-up that tasks can share.

    Args:
        option: The set-up and its rent, or units at a given price.
        load: Replicas' worth of work of each task at its peak, of units at a given price in the
            month; infinite where it cannot be served [tasks] [1].
        mean_load: The same in the average hour [tasks] [1].
        slots: Requests that a replica has in flight, the fewest of any task [1].
        requests_per_s: What one replica sustains of each task [tasks] [request/s].
        work_usd: What each task's work adds to a fleet that is never idle: its traffic, and for
            bought GPUs the electricity of its work [tasks] [USD/month].
        alone: Requests in flight in the average hour, were none slowed by the others [tasks] [1].
        room: `ROOM` of each task, and 1 where it can wait whole [4, tasks] [1].
    """

    option: SelfOption | FixedOption
    load: Floats
    mean_load: Floats
    slots: float
    requests_per_s: Floats
    work_usd: Floats
    alone: Floats
    room: Floats

    def parts(self, tasks: Flags | int) -> Floats:
        """Return what some tasks add to the fleet, as `FleetLoads` has it [LOADS, tasks] [1]."""
        load, (headroom, staffing, drift, waits) = self.load[tasks], self.room[:, tasks]
        loads = load, self.mean_load[tasks], self.alone[tasks], load * waits
        return np.array([*loads, load / headroom, load * staffing, load * drift])


def shared_fleets(
    inputs: Question, cases: Sequence[TaskCase], wanted: frozenset[str], selection: Selection
) -> tuple[list[SharedFleet], list[str]]:
    """Return the set-ups worth looking at, and why models were left out.

    Of each model those that are cheapest for the mean request, for the longest, for the longest
    that waits, or for the sessions of a task, at one of a few parts of the whole volume.

    Args:
        wanted: Models that a task may use.
        selection: Filters of the request.
    """
    settings = stacked_settings(inputs, cases)
    selection = replace(selection, models=tuple(sorted(wanted)))
    if not inputs.request.purchases:
        selection = replace(selection, purchases=PURCHASES)
    options: dict[str, SelfOption | FixedOption] = {}
    left_out: list[str] = []
    if wanted:
        alone = [replace(inputs, settings=c.settings, gaps=c.gaps) for c in cases if c.gaps]
        waiting = [case for case in cases if case.batch_share >= 1.0]
        longer = [longest(inputs, part) for part in (cases, waiting) if part]
        for view in (blended(inputs, cases), *longer, *alone):
            own = own_setups(view, selection)
            total = float(np.asarray(view.settings.value("workload.tokens_per_month")))
            for model in own.models:
                volumes = np.array(VOLUMES) * total
                asked = (own, view.settings, model.id, volumes)
                pairs = best_pairs(*asked, least_trust(inputs))
                made_of = (option_of(own, i) for i in pairs.tolist())
                options |= {o.id: o for o in made_of}
            left_out += [f"{o.id}: {r}" for o in unserved(own) for r in o.reasons]
    made = [_shared(option, settings, cases) for option in options.values()]
    return [fleet for fleet in made if np.isfinite(fleet.load).any()], left_out


def own_fleets(
    options: Iterable[SelfOption | FixedOption], inputs: Question, cases: Sequence[TaskCase]
) -> list[SharedFleet]:
    """Return the set-ups that the user described."""
    settings = stacked_settings(inputs, cases)
    return [_shared(option, settings, cases) for option in options]


def _shared(
    option: SelfOption | FixedOption, settings: Settings, cases: Sequence[TaskCase]
) -> SharedFleet:
    load = workload(settings)
    waits = [case.batch_share >= 1.0 for case in cases]
    room = np.array([*(column(cases, path) for path in ROOM), waits], dtype=float)
    peak = np.asarray(load.peak_requests_per_s, dtype=float)
    if isinstance(option, FixedOption):
        return _at_a_price(option, load, room)
    option = replace(option, gaps=None)  # whose sessions: each task has its own
    replica = replica_of(option, settings)
    each = any(c.gaps is not None or (c.batch_share and c.task.limits) for c in cases)
    if each or target(settings).within:
        replica = stacked([replica_of(replace(option, gaps=c.gaps), c.settings) for c in cases])
    feasible = np.broadcast_to(np.asarray(replica.feasible), peak.shape)
    rate = np.broadcast_to(np.asarray(replica.requests_per_s, dtype=float), peak.shape)
    busy = np.where(feasible, busy_gpus(load, replica, option.gpus), 0.0)
    slots = np.broadcast_to(np.asarray(replica.staffed, dtype=float), peak.shape)
    work = np.where(feasible, peak / np.where(feasible, rate, 1.0), np.inf)
    mean = work / np.asarray(load.peak_to_mean, dtype=float)
    return SharedFleet(
        option=option,
        load=work,
        mean_load=mean,
        slots=float(slots[feasible].min()) if feasible.any() else 1.0,
        requests_per_s=rate,
        work_usd=np.where(feasible, total_usd(work_lines(option, settings, busy)), 0.0),
        alone=mean * np.where(feasible, at_once(replica), 1.0),
        room=room,
    )


def _at_a_price(option: FixedOption, load: Workload, room: Floats) -> SharedFleet:
    # What one serves is said of a month; without a limit it still has to be there.
    units = load.tokens_per_month / option.tokens_per_month if option.tokens_per_month else 1e-6
    work = np.broadcast_to(np.asarray(units, dtype=float), room[0].shape)
    return SharedFleet(
        option=option,
        load=work,
        mean_load=work,
        slots=np.inf,
        requests_per_s=np.asarray(load.peak_requests_per_s, dtype=float) / work,
        work_usd=np.zeros(work.shape),
        alone=work,
        room=room,
    )


def _settings_for(settings: Settings, load: Floats) -> Settings:
    """Return the settings of a fleet: where all that it serves can wait, it keeps no spare.

    It keeps the room that its tasks need, each by its load; what they have in common stays.

    Args:
        load: What it serves, as `FleetLoads` has it.
    """
    values: dict[str, Number] = {BATCH: 1.0} if load[WAITING] >= load[PEAK] else {}
    if load[PEAK] > 0.0:
        means = load[PEAK] / load[ROOMY], load[STAFFED] / load[PEAK], load[DRIFTING] / load[PEAK]
        room = zip(ROOM, means, strict=True)
        values |= {path: x for path, x in room if not np.isclose(x, settings.value(path))}
    return settings.with_values(values)


def policy_of(option: SelfOption | FixedOption, settings: Settings) -> FleetPolicy:
    """Return how much room a fleet keeps; units at a given price are used to the full."""
    if isinstance(option, FixedOption):
        return FleetPolicy(headroom=1.0, peakedness=0.0, wait_beta=0.0, redundancy=0.0)
    return fleet_policy(settings)


def sizes_of(shared: SharedFleet, settings: Settings, most_load: float) -> FleetSizes:
    """Return the sizes of a fleet up to one that serves `most_load` replicas' worth of work."""
    settings = _settings_for(settings, shared.parts(np.isfinite(shared.load)).sum(axis=1))
    policy = policy_of(shared.option, settings)
    needed = float(replicas_for(most_load, shared.slots, policy))
    counts = _counts(needed)
    capacity = np.asarray(load_served(counts, shared.slots, policy), dtype=float)
    usd, gpus = fleet_usd(shared.option, settings, counts)
    return FleetSizes(capacity=capacity, usd=usd, gpus=gpus, hosted=hosted(shared.option))


def _counts(needed: float) -> Floats:
    every = np.arange(1.0, min(needed, EVERY_SIZE) + 1.0)
    if needed <= EVERY_SIZE:
        return every
    powers = EVERY_SIZE * STEP ** np.arange(1.0, MOST_SIZES)
    more = np.unique(np.ceil(powers[powers < needed * STEP]))
    return np.unique(np.concatenate([every, more, [np.ceil(needed)]]))


def fleet_usd(
    option: SelfOption | FixedOption,
    settings: Settings,
    counts: Floats,
    load: Floats | None = None,
) -> tuple[Floats, Floats]:
    """Return cost and GPUs of some sizes [sizes] [USD/month], [1].

    Each fleet has a load balancer and permissions of its own. People are counted over all fleets;
    what their work adds depends on the task, not on the size: `SharedFleet.work_usd`.

    Args:
        option: The set-up.
        counts: Replicas needed [sizes] [1].
        load: What it serves, as `FleetLoads` has it; never idle when None, which is what routes
            are chosen by.
    """
    if isinstance(option, FixedOption):
        return counts * option.usd_per_month, np.zeros_like(counts)
    policy = fleet_policy(settings)
    servers = fleet_of(counts, policy, option.gpus, option.instance_gpus)
    if load is not None:
        at_work = replace(
            servers, busy_gpus=load[MEAN] * option.gpus, at_once=load[FLYING] / load[MEAN]
        )
        servers = replace(servers, awake_gpus=at_work.serving_gpus)
    servers = replace(servers, busy_gpus=0.0)
    bill = (*fleet_lines(option, settings, servers), *standing_lines(option.purchase, settings))
    usd = np.asarray(total_usd(bill), dtype=float)
    return usd, np.asarray(servers.gpus, dtype=float)


def hosted(option: SelfOption | FixedOption) -> bool:
    """Return whether a host runs the fleet: the few engineers of an API are there anyway."""
    return isinstance(option, SelfOption) and option.purchase == DEDICATED


# What the fleets of a portfolio cost together: whole machines are filled up between them.


def fleet_bills(
    inputs: Question, fleets: Mapping[int, SharedFleet], loads: FleetLoads
) -> dict[int, tuple[Fleet, float]]:
    """Return each fleet, and its cost without people and traffic [USD/month].

    Fleets on the same kind of machine share machines: `paid_gpus` is their part of the invoice.

    Replicas of 1, 2, 4 or 8 GPUs fill machines of a multiple of them without gaps, whichever
    models they serve, so that the GPUs of all fleets on a kind are rounded up together:
    ``ceil(sum(gpus) / machine) * machine``. Each bears what is left empty by its GPUs.

    Args:
        fleets: The fleets that are used.
        loads: Load of each.
    """
    bills = {i: _alone(inputs, shared, loads[i]) for i, shared in fleets.items()}
    kinds: dict[tuple[str, str, str, int], list[int]] = {}
    for i, shared in fleets.items():
        kind = _machine(shared)
        if kind is not None:
            kinds.setdefault(kind, []).append(i)
    for (*_, size), used in kinds.items():
        gpus = sum(number(bills[i][0].gpus) for i in used)
        together = float(np.asarray(paid_gpus(gpus, size)))
        for i in used:
            fleet, usd = bills[i]
            mine = together * number(fleet.gpus) / gpus
            saved = (number(fleet.paid_gpus) - mine) * _empty_usd(inputs, fleets[i])
            bills[i] = replace(fleet, paid_gpus=mine), usd - saved
    return bills


def _alone(inputs: Question, shared: SharedFleet, load: Floats) -> tuple[Fleet, float]:
    """Return what a fleet costs on machines of its own."""
    settings = _settings_for(inputs.settings, load)
    policy = policy_of(shared.option, settings)
    needed = np.atleast_1d(replicas_for(load[PEAK], shared.slots, policy))
    usd, gpus = fleet_usd(shared.option, settings, needed, load)
    size = shared.option.instance_gpus if isinstance(shared.option, SelfOption) else 1
    servers = Fleet(
        needed=float(needed[0]),
        replicas=float(np.asarray(policy.kept(needed))[0]),
        gpus=float(gpus[0]),
        paid_gpus=float(np.asarray(paid_gpus(gpus, size))[0]),
    )
    return servers, float(usd[0])


def _machine(shared: SharedFleet) -> tuple[str, str, str, int] | None:
    """Return the kind of machine that a fleet is on; None where its replicas would leave gaps."""
    option = shared.option
    if not isinstance(option, SelfOption):
        return None
    power_of_two = option.gpus & (option.gpus - 1) == 0
    if not power_of_two or option.instance_gpus % option.gpus:
        return None
    return option.gpu, option.seller, option.purchase, option.instance_gpus


def _empty_usd(inputs: Question, shared: SharedFleet) -> float:
    """Return what a GPU that belongs to no replica costs [USD/month]."""
    assert isinstance(shared.option, SelfOption)
    empty = Fleet(needed=0.0, replicas=0.0, gpus=0.0, paid_gpus=1.0, busy_gpus=0.0)
    bill = fleet_lines(shared.option, inputs.settings, empty)
    return float(np.asarray(total_usd(bill)))
