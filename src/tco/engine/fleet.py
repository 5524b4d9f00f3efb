"""How many replicas a load needs: sized at the peak, with spares, and when they are on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from functools import lru_cache
from typing import Literal

import numpy as np

from tco.engine.shapes import ROUND_OFF, Floats, Number
from tco.records import dataclass
from tco.units import SECONDS_PER_HOUR

# Replicas beyond those that a load needs: spares, zones that may fail, an availability target.

MOST_COUNTED = 4096
"""Replicas up to which an availability is summed exactly; larger fleets keep that share of spares,
which is more than they would need."""

LEAST_AVAILABILITY = 0.9
"""Availability of a replica below which the sum would need more digits than there are."""


def replicas_kept(
    needed: Number,
    *,
    redundancy: Number,
    zones: Number = 1.0,
    target: Number = 0.0,
    availability: Number = 1.0,
) -> Number:
    """Return the replicas to keep so that `needed` of them serve, the largest of three [1].

    ``n + r``; over several zones ``ceil(n / (z - 1)) * z``, so that any one of them may fail; with
    a target the fewest `m` of which `n` are up with that probability, by the exact binomial sum.

    Args:
        needed: Replicas that the load needs [1].
        redundancy: Spares to keep at least [1].
        zones: Zones that the fleet is spread over evenly; 1 for no such thing [1].
        target: Share of the time in which enough replicas must be up; 0 for no target [1].
        availability: Share of the time in which one replica is up, each on its own [1].
    """
    kept = needed + redundancy
    if np.any(np.greater(zones, 1.0)):
        others = np.maximum(np.asarray(zones) - 1.0, 1.0)
        kept = np.where(
            np.greater(zones, 1.0),
            np.maximum(kept, np.ceil(needed / others - ROUND_OFF) * zones),
            kept,
        )
    if np.any(np.greater(target, 0.0)):
        kept = np.maximum(kept, _available(needed, target, availability))
    return kept


def _available(needed: Number, target: Number, availability: Number) -> Floats:
    """Return the fewest replicas of which enough are up; `needed` where there is no target [1]."""
    n, goal, up = np.broadcast_arrays(
        np.asarray(needed, dtype=float),
        np.asarray(target, dtype=float),
        np.asarray(availability, dtype=float),
    )
    kept: Floats = n.copy()
    for pair in {*zip(goal.ravel().tolist(), up.ravel().tolist(), strict=True)}:
        if pair[0] <= 0.0:
            continue
        mine = (goal == pair[0]) & (up == pair[1])
        table = availability_table(*pair)
        counted = np.clip(n[mine], 0.0, MOST_COUNTED)
        exact = table[counted.astype(np.int64)]
        beyond = np.ceil(n[mine] * (table[-1] / MOST_COUNTED) - ROUND_OFF)
        kept[mine] = np.where(n[mine] > MOST_COUNTED, beyond, exact)
    return kept


@lru_cache(maxsize=256)
def availability_table(target: float, availability: float) -> Floats:
    """Return the fewest replicas for 0 to `MOST_COUNTED` needed ones [1].

    The smallest ``m = n + s`` with ``sum(C(n + j - 1, j) * a**n * (1 - a)**j for j in 0..s)`` at
    least the target: the chance that no more than `s` fail before `n` are up, which is that of
    ``P(Binomial(m, a) >= n)``.

    Args:
        target: Share of the time in which enough replicas must be up, below 1 [1].
        availability: Share of the time in which one replica is up, at least 0.9 [1].
    """
    n = np.arange(1.0, MOST_COUNTED + 1.0)
    term = np.exp(n * np.log(availability))
    chance, spares = term.copy(), np.zeros_like(n)
    drawn = 0.0
    while np.any(short := chance < target):
        drawn += 1.0
        term = term * ((n + drawn - 1.0) / drawn * (1.0 - availability))
        chance = chance + term
        spares[short] = drawn
        if drawn > MOST_COUNTED:  # a target within the last digits of 1
            break
    table: Floats = np.concatenate([[0.0], n + spares])
    return table


def kept_between(
    *, redundancy: Number, zones: Number, target: Number, availability: Number
) -> tuple[Number, Number, Number]:
    """Return slope and the two intercepts that `replicas_kept` stays between at any size [1].

    Args:
        redundancy, zones, target, availability: As there.
    """
    spread = np.greater(zones, 1.0)
    others = np.maximum(np.asarray(zones) - 1.0, 1.0)
    slope: Number = np.where(spread, zones / others, 1.0)
    if not np.any(np.greater(target, 0.0)):
        return slope, np.where(spread, 0.0, redundancy), redundancy + np.where(spread, zones, 0.0)
    n = np.arange(1.0, MOST_COUNTED + 1.0)
    last = _available(MOST_COUNTED, target, availability) / MOST_COUNTED
    slope = np.maximum(slope, np.where(np.greater(target, 0.0), last, 1.0))
    each = (np.asarray(x)[..., None] for x in (redundancy, zones, target, availability))
    r, z, goal, up = each
    kept = replicas_kept(n, redundancy=r, zones=z, target=goal, availability=up)
    off = kept - np.asarray(slope)[..., None] * n
    return slope, off.min(axis=-1) - 1.0, off.max(axis=-1) + z[..., 0] + 1.0


# How many replicas a load needs: sized at the peak, in whole replicas and whole instances.
#
# A load is measured in replicas' worth of work: peak requests/s over the requests/s of one
# replica.


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetPolicy:
    """How much room a fleet keeps; numbers or arrays.

    Args:
        headroom: Highest load of a replica in the busiest hour, as a share of its capacity [1].
        peakedness: Variance over mean of the number of requests in flight; 1 is Poisson [1].
        rate_cv: Variation of the rate within the busiest hour, standard deviation over mean [1].
        wait_beta: Square-root staffing factor; 2.375 lets 1 % of the requests wait [1].
        redundancy: Replicas beyond those that the load needs [1].
        zones: Zones of which any one may fail; 1 for no such thing [1].
        availability_target: Share of the time in which enough replicas must be up; 0 for none [1].
        replica_availability: Share of the time in which one replica is up [1].
    """

    headroom: Number
    peakedness: Number
    wait_beta: Number
    redundancy: Number
    zones: Number = 1.0
    availability_target: Number = 0.0
    replica_availability: Number = 1.0
    rate_cv: Number = 0.0

    def kept(self, needed: Number) -> Number:
        """Return the replicas to keep so that `needed` of them serve, spares included [1]."""
        return replicas_kept(
            needed,
            redundancy=self.redundancy,
            zones=self.zones,
            target=self.availability_target,
            availability=self.replica_availability,
        )

    def of_waiting(self, waits: Number, keep: Collection[str] = ()) -> FleetPolicy:
        """Return the room that work needs of which some can wait: none where all of it can.

        Args:
            waits: Share that can wait [1].
            keep: Fields that were given, and so hold whatever waits.
        """
        none = {"headroom": 1.0, "wait_beta": 0.0, "redundancy": 0.0, "zones": 1.0}
        none["availability_target"] = 0.0
        all_of_it = np.greater_equal(waits, 1.0)
        changed = {n: np.where(all_of_it, v, getattr(self, n)) for n, v in none.items()}
        return replace(self, **{n: v for n, v in changed.items() if n not in keep})


AT_ONCE = (0.5, 1.0, 2.0, 4.0)
"""Requests in flight, on average, at which the share of the time with any is worked out; between
two of them it lies on a line, so that a bill stays straight between the edges of its curve."""


def awake_nodes(at_once: Number) -> tuple[Floats, Floats]:
    """Return loads of a replica, and the share of the time in which it then serves something.

    ``1 - (1 - u)**m``: each of `m` requests at once is there a share `u` of the time, whatever the
    others do. For one at a time that is `u`, for many ``1 - exp(-u m)``, requests that come at
    random; all of the time from 4 in flight on. Requests that come in clusters leave a replica
    idle for longer.

    Args:
        at_once: Requests in flight at its capacity were none slowed by the others, m [...] [1].

    Returns:
        Share of its capacity in use, and of the time, both from 0 to 1 [..., nodes] [1].
    """
    m = np.maximum(np.asarray(at_once, dtype=float), 1.0)[..., None]
    used = np.minimum(np.concatenate([[0.0], AT_ONCE]) / m, 1.0)
    awake: Floats = 1.0 - (1.0 - used) ** m
    awake[..., -1] = 1.0
    return used, awake


def awake_share(used: Number, at_once: Number) -> Number:
    """Return the share of the time in which a replica has something in flight [1].

    Args:
        used: Share of its capacity that the month's work takes [1].
        at_once: As in `awake_nodes` [1].
    """
    return share_between(*awake_nodes(at_once), used)


def share_between(nodes: Floats, awake: Floats, used: Number) -> Number:
    """Return the same from what `awake_nodes` returned [1]."""
    wide = np.diff(nodes, axis=-1)
    gone = np.asarray(used, dtype=float)[..., None] - nodes[..., :-1]
    part = np.clip(gone / np.where(wide > 0, wide, 1.0), 0.0, 1.0)
    share: Number = (part * np.diff(awake, axis=-1)).sum(axis=-1)
    return share


def burst_term(policy: FleetPolicy, slots: Number) -> Number:
    """Return ``beta * sqrt(z / slots)``: the part of staffing that large replicas need less [1].

    Infinite or not a number for a replica of no slots, which serves nothing.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return policy.wait_beta * np.sqrt(np.divide(policy.peakedness, slots))


def room_for_bursts(load: Number, slots: Number, policy: FleetPolicy) -> Number:
    """Return the replicas that bursts need beyond the load [1].

    ``beta * sqrt(z * a / slots + (cv * a)**2)``: where the rate itself drifts or clumps, the
    variance of the requests in flight grows with the square of the load, as that of clients that
    do more together, so that their peakedness is ``z + cv**2 * a * slots``.

    Args:
        load: Peak load, a, in replicas' worth of work [1].
        slots: Requests that one replica has in flight at its capacity [1].
        policy: How much room to keep.
    """
    drift = policy.wait_beta * policy.rate_cv * load
    return np.hypot(burst_term(policy, slots) * np.sqrt(load), drift)


def replicas_for(load: Number, slots: Number, policy: FleetPolicy) -> Number:
    """Return the replicas that a peak load needs, without redundancy [1].

    ``n = max(1, ceil(a / headroom), ceil(a + room_for_bursts))``: hour-long peaks must stay within
    the headroom, and bursts inside the hour must find a free slot.

    Args:
        load: Peak load, in replicas' worth of work [1].
        slots: Requests that one replica has in flight at its capacity [1].
        policy: How much room to keep.

    Source:
        Square-root staffing with Hayward's peakedness; beta from Halfin and Whitt (1981).
    """
    sustained = load / policy.headroom
    bursts = load + room_for_bursts(load, slots, policy)
    return np.maximum(1.0, np.ceil(np.maximum(sustained, bursts) - ROUND_OFF))


def load_served(replicas: Number, slots: Number, policy: FleetPolicy) -> Number:
    """Return the highest peak load that so many replicas serve [1].

    The inverse of `replicas_for`: ``min(n * headroom, a)`` with ``a + k * sqrt(a) = n`` solved
    for ``sqrt(a) = (sqrt(k**2 + 4n) - k) / 2``; with ``m = beta * cv`` the load at which
    ``k**2 a + m**2 a**2 = (n - a)**2``.

    Args:
        replicas: Replicas, redundancy not counted [1].
        slots: Requests that one replica has in flight at its capacity [1].
        policy: How much room to keep.
    """
    k = burst_term(policy, slots)
    root = (np.sqrt(k * k + 4.0 * replicas) - k) / 2.0
    m = policy.wait_beta * policy.rate_cv
    if not np.any(np.greater(m, 0.0)):
        return np.minimum(replicas * policy.headroom, root * root)
    b = 2.0 * replicas + k * k
    with np.errstate(invalid="ignore"):
        left = np.sqrt(b * b - 4.0 * (1.0 - m * m) * replicas * replicas)
        drifting = 2.0 * replicas * replicas / (b + left)
    return np.minimum(replicas * policy.headroom, np.where(m > 0, drifting, root * root))


def slack_replicas(slots: Number, policy: FleetPolicy) -> Number:
    """Return the most replicas by which bursts can exceed the headroom rule, at any load [1].

    The largest value of ``a + k * sqrt(a) + m * a - a / headroom``, which is no less than theirs,
    ``k**2 / 4 / (1/headroom - 1 - m)`` with ``m = beta * cv``; infinite when there is no headroom
    to hide bursts in.
    """
    k = burst_term(policy, slots)
    room = 1.0 / np.asarray(policy.headroom, dtype=float) - 1.0 - policy.wait_beta * policy.rate_cv
    with np.errstate(divide="ignore", invalid="ignore"):
        most = np.where(room > 0.0, k * k / 4.0 / room, np.inf)
    return np.where((k == 0) & (room > -ROUND_OFF), 0.0, most)


# Work that can wait: it has no peak, keeps no spare, and fills what the rest leaves free.


def peak_with_waiting(
    peak_to_mean: Number, waits: Number, busiest: Number, headroom: Number
) -> Number:
    """Return the peak over the mean of a load of which some can wait [1].

    ``max((1 - b) * p, headroom * w)``: the fleet of the rest, sized at its own peak, or, where that
    is more, one that is as full as it may be for all the time that the work can be spread over.

    Args:
        peak_to_mean: Busiest hour of the whole over the average hour, p [1].
        waits: Share of the work that can wait, b [1].
        busiest: Load of the busiest stretch as long as the deadline over the mean, w; 1 where there
            is none before the end of the month [1].
        headroom: Highest load of a replica in the busiest hour; 1 where all can wait [1].
    """
    kept = np.where(np.greater_equal(waits, 1.0), 1.0, headroom)
    peak = np.maximum((1.0 - waits) * peak_to_mean, kept * busiest)
    return np.where(np.greater(waits, 0.0), peak, peak_to_mean)


def busiest_stretch(week: Floats, hours: float) -> float:
    """Return the highest mean load of any stretch of so many hours or more, over the mean [1].

    A fleet of that size finishes all work in time: of what comes in any span no more is left at its
    end than the deadline is long.

    Args:
        week: Load of each hour over the mean; the hour after the last is the first [hours] [1].
        hours: Deadline [h].
    """
    if hours >= week.size:
        return 1.0
    first = max(int(np.ceil(hours - ROUND_OFF)), 1)
    summed = np.concatenate([[0.0], np.cumsum(np.tile(week, 2))])
    means = (
        (summed[k : k + week.size] - summed[: week.size]).max() / k
        for k in range(first, week.size + 1)
    )
    return float(max(means))


def paid_gpus(gpus: Number, instance_gpus: Number) -> Number:
    """Return the GPUs on the invoice: whole instances, ``ceil(gpus / instance) * instance`` [1]."""
    return np.ceil(gpus / instance_gpus - ROUND_OFF) * instance_gpus


# When a fleet is on, and how large it is then: bills that follow the hours of a week.
#
# A week is a load-duration curve: levels of load over the mean, each with the share of the month
# that it lasts. Whatever is paid for grows with the level, so a month is a weighted sum over
# levels, and an always-on fleet is the case of one level, the peak, that lasts all month.

Billing = Literal["always_on", "scheduled", "autoscaled", "scale_to_zero"]

STEEPEST = 50.0
"""Largest power that a week is raised to; beyond it there is one busy hour and nothing else."""

LONGEST = 700.0
"""Exponent beyond which a fleet is never off: its chance is no number any more."""


Levels = tuple[Floats, Floats]
"""Loads over the mean of the month, and the share of the month for which GPUs are on for each
[..., levels] [1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """When a fleet is on; numbers or arrays but for the hours.

    Args:
        billing: `scheduled` (on in the opening hours), `autoscaled` (as many as each hour needs) or
            `scale_to_zero` (the same, and none while nobody asks).
        week: Load of each hour over the mean [hours] [1].
        open_share: Share of each hour that lies in the opening hours [hours] [1].
        gaps_h: How long it is closed, each time in the week [times] [h].
        said: Where the hours come from, in words.
        lead_h: Hours paid for before a GPU serves [h].
        idle_timeout_s: How long a fleet that scales to zero waits for another request [s].
        cold_start_s: How long it takes to start again, paid for [s].
        billing_step_s: Time that the seller counts in: a started step is paid for in full [s].
    """

    billing: Billing
    week: Floats
    open_share: Floats
    gaps_h: Floats
    title: str = ""
    lead_h: Number = 0.0
    idle_timeout_s: Number = 0.0
    cold_start_s: Number = 0.0
    billing_step_s: Number = 1.0

    def levels(self, peak_to_mean: Number) -> Levels:
        """Return the levels of a week whose busiest hour is so many times the mean."""
        week = steepened(self.week, peak_to_mean)
        if self.billing == "scheduled":
            return _opening_hours(moved(week, self.open_share), self)
        lead = self.lead_h if self.billing == "autoscaled" else self._start_h
        return ahead(week, stepped(lead, self._step_h))

    @property
    def _step_h(self) -> Number:
        return self.billing_step_s / SECONDS_PER_HOUR

    @property
    def _start_h(self) -> Number:
        return self.cold_start_s / SECONDS_PER_HOUR

    def lifted(self) -> Duty:
        """Return the same with an axis more, for levels of load to lie along."""
        return replace(
            self,
            lead_h=np.asarray(self.lead_h)[..., None],
            idle_timeout_s=np.asarray(self.idle_timeout_s)[..., None],
            cold_start_s=np.asarray(self.cold_start_s)[..., None],
            billing_step_s=np.asarray(self.billing_step_s)[..., None],
        )

    def on_share(self, requests_per_s: Number, service_s: Number) -> Number:
        """Return the share of the time that is paid for while requests come at some rate [1]."""
        if self.billing != "scale_to_zero":
            return 1.0
        hold = service_s + self.idle_timeout_s
        return paid_share(requests_per_s, hold, self.cold_start_s, self.billing_step_s)


def steepened(week: Floats, peak_to_mean: Number) -> Floats:
    """Return a week of the same shape with another peak, ``f**g / mean(f**g)`` [..., hours] [1].

    A power keeps the order of the hours and the empty ones, and never falls below 0. It is looked
    up in a table and then corrected by Newton's rule, which the logarithm of the peak, concave in
    `g`, makes exact. A peak that no power reaches gives the nearest one.

    Args:
        week: Load of each hour [hours] [1].
        peak_to_mean: Busiest hour over the average hour [...] [1].
    """
    with np.errstate(divide="ignore"):
        logs = np.log(week / np.max(week))
    finite = np.where(np.isfinite(logs), logs, 0.0)
    powers = np.concatenate([[1e-9], np.geomspace(1e-3, STEEPEST, 512)])
    table = -np.log(np.exp(powers[:, None] * logs).mean(axis=-1))
    wanted = np.clip(np.log(np.asarray(peak_to_mean, dtype=float)), table[0], table[-1])
    power = np.interp(wanted, table, powers)
    for _ in range(3):
        raised = np.exp(power[..., None] * logs)
        mean = raised.mean(axis=-1)
        slope = -(raised * finite).mean(axis=-1) / mean
        gap = wanted + np.log(mean)
        power = np.clip(power + gap / np.maximum(slope, 1e-12), 1e-9, STEEPEST)
    raised = np.exp(power[..., None] * logs)
    over_mean: Floats = raised / raised.mean(axis=-1, keepdims=True)
    return over_mean


def moved(week: Floats, open_share: Floats) -> Floats:
    """Return the load while it is open, ``f / mean(f * open)``: a month's tokens stay the same.

    What would come outside the opening hours comes inside them, in proportion to their own load.

    Args:
        week: Load of each hour over the mean [..., hours] [1].
        open_share: Share of each hour that is open [hours] [1].
    """
    inside = (week * open_share).mean(axis=-1, keepdims=True)
    load: Floats = np.where(open_share > 0, week, 0.0) / inside
    return load


def _opening_hours(load: Floats, duty: Duty) -> Levels:
    """Return the one level of a fleet that is on in the opening hours, starts included."""
    before = stepped(duty.lead_h, duty._step_h)
    starts = np.minimum(np.asarray(before)[..., None], duty.gaps_h).sum(axis=-1)
    share = duty.open_share.mean() + starts / duty.open_share.size
    return load.max(axis=-1, keepdims=True), np.asarray(share)[..., None]


def ahead(week: Floats, lead_h: Number) -> Levels:
    """Return the loads that are provided for when GPUs take `lead_h` hours to come.

    At any time those of the busiest hour within the lead: ``max(f[h], ..., f[h + k])``, and for a
    lead between `k` and `k + 1` hours the mean of both windows, weighted by the part of the hour.

    Args:
        week: Load of each hour over the mean; the hour after the last is the first [..., hours].
        lead_h: Hours [...] [h].
    """
    lead = np.minimum(np.asarray(lead_h, dtype=float), week.shape[-1] - 1.0)
    shape = (*np.broadcast_shapes(lead.shape, week.shape[:-1]), week.shape[-1])
    windows, shares, window = [], [], week
    for hours in range(int(np.ceil(np.max(lead))) + 1):
        if hours:
            window = np.maximum(window, np.roll(week, -hours, axis=-1))
        part = np.clip(1.0 - np.abs(lead - hours), 0.0, 1.0)
        if np.any(part > 0):
            windows.append(np.broadcast_to(window, shape))
            shares.append(np.broadcast_to((part / week.shape[-1])[..., None], shape))
    return np.concatenate(windows, axis=-1), np.concatenate(shares, axis=-1)


def stepped(time: Number, step: Number) -> Number:
    """Return a time in whole steps of the seller's clock, ``ceil(t / step) * step``."""
    rounded: Number = np.ceil(np.asarray(time) / step - ROUND_OFF) * step
    return rounded


def off_share(requests_per_s: Number, hold_s: Number, start_s: Number) -> Number:
    """Return the share of the time in which a fleet that scales to zero is off [1].

    ``1 / (r * c + exp(r * h))``: requests come at random at a rate `r`, each keeps the fleet on for
    `h` seconds, its service and the idle timeout, and a start takes `c`. A cycle is the wait for a
    request, ``1 / r``, the start, and the busy period of a queue that serves all at once, whose
    mean is ``(exp(r * h) - 1) / r`` whatever the service times are. Requests that come in clusters
    leave it off for longer, so that this bounds the cost from above.

    Args:
        requests_per_s: Mean rate [request/s].
        hold_s: Service time and idle timeout [s].
        start_s: Cold start [s].

    Source:
        Renewal-reward theorem; busy period of M/G/infinity, Takacs (1962).
    """
    held = np.exp(np.minimum(requests_per_s * hold_s, LONGEST))
    share: Number = 1.0 / (requests_per_s * start_s + held)
    return share


def waiting_share(requests_per_s: Number, hold_s: Number, start_s: Number) -> Number:
    """Return the share of the requests that wait for a start, ``(1 + r * c) * off`` [1].

    Of each cycle the one that starts the fleet, and those that come while it starts.
    """
    off = off_share(requests_per_s, hold_s, start_s)
    return (1.0 + requests_per_s * start_s) * off


def paid_share(requests_per_s: Number, hold_s: Number, start_s: Number, step_s: Number) -> Number:
    """Return the share of the time that a fleet that scales to zero is paid for [1].

    One less `off_share` where the seller counts in seconds. Where it counts in longer steps, a
    stay of `d` seconds is paid as ``max(d + step / 2, step)``, never more than all of the time.

    Args:
        requests_per_s, hold_s, start_s: As in `off_share`.
        step_s: Time that the seller counts in [s].
    """
    off = off_share(requests_per_s, hold_s, start_s)
    stays_per_s = requests_per_s * off
    rounding = np.minimum(stays_per_s * step_s / 2.0, off)
    least = np.minimum(stays_per_s * step_s, 1.0)
    share: Number = np.maximum(1.0 - off + rounding, least)
    return share
