"""The cost of an option as a function of volume, at a fixed mix, with every replica's step."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import numpy as np

from tco.engine.crossings import Curves, Steps, affine, contracts, some, wins
from tco.engine.fleet import (
    AT_ONCE,
    FleetPolicy,
    awake_nodes,
    burst_term,
    kept_between,
    load_served,
    share_between,
    slack_replicas,
)
from tco.engine.ledger import total_usd
from tco.engine.replica import Replica, at_once
from tco.engine.selfhost import Fleet, busy_gpus, fleet_of, tokens_per_load
from tco.engine.shapes import Floats, Indices, Number, column
from tco.errors import InfeasibleError, UsageError
from tco.options.bills import Option, SelfOption, TokenOption, lines, replica_of
from tco.options.candidates import infeasible
from tco.options.first_tokens import SIZES, fullness
from tco.options.hours import SCALE_TO_ZERO, as_paid, duty_of
from tco.options.machines import (
    DEDICATED,
    fleet_lines,
    gpu_usd,
    once_lines,
    own_bill,
    standing_lines,
    team_span,
    work_lines,
)
from tco.options.provisioned import FixedOption, ProvisionedOption, fixed_curves, provisioned_curves
from tco.options.question import Question
from tco.options.settings import TOKENS, Settings, fleet_policy, target, workload
from tco.records import dataclass, mapped

# The staircase of a fleet over the volume: where each level of its load takes a replica more.


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaSteps:
    """What the steps of some curves are made of.

    Args:
        load: Levels of load over the mean; the peak alone where a fleet is always on
            [curves, levels] [1].
        share: Share of the month that GPUs are on for each [curves, levels] [1].
        tokens_per_replica: Monthly volume of a mean load of one replica's worth, its headroom
            kept [curves] [token/month].
        in_time: How full fleets of `SIZES` may be so that first tokens are in time, over the
            largest of them; None where nothing is promised of them [curves, sizes] [1].
    """

    option: SelfOption
    load: Floats
    share: Floats
    tokens_per_replica: Floats
    in_time: Floats | None = None

    def fleets(
        self, rows: Indices, most: float, settings: Settings, replica: Replica
    ) -> tuple[Floats, Fleet]:
        """Return the edges of the pieces of some curves, and the fleet of each piece.

        Of one level the pieces come first, [pieces, curves]: many curves have few pieces, and
        numpy is quick along the last axis. Of several levels [curves, pieces].

        Args:
            most: Replicas up to which the highest level is followed [1].
            settings, replica: Of those rows; each a number, or along the curves' axis.
        """
        policy, option = fleet_policy(settings), self.option
        level, share = self.load[rows], self.share[rows]
        flat = level.shape[-1] == 1
        needed = np.arange(1.0, most + 1.0)[:, None] if flat else np.arange(1.0, most + 1.0)[None]
        load = workload(settings)
        mean = tokens_per_load(load, replica) * load.peak_to_mean / option.tries
        served = self._load_served(rows, needed, replica, policy) * mean
        fleet = fleet_of(needed, policy, option.gpus, option.instance_gpus)
        if flat:
            return served / level.T, self._one_level(fleet, share.T)
        served = np.broadcast_to(served, (rows.size, needed.size))
        with np.errstate(divide="ignore"):
            edges = served[:, None, :] / level[:, :, None]
        last = edges[..., -1].min(axis=-1)
        edges = np.minimum(edges, last[:, None, None]).reshape(rows.size, -1)
        order = np.argsort(edges, axis=-1, kind="stable")
        highest = np.zeros((*share.shape, 1))  # a fleet is as large as its highest level asks for
        np.put_along_axis(highest, level.argmax(axis=-1)[:, None, None], 1.0, axis=1)

        def at_most(of_size: Number) -> Floats:
            return _summed(highest, of_size, order, needed.size)

        def on_average(of_size: Number) -> Floats:
            return _summed(share[:, :, None], of_size, order, needed.size)

        sized = Fleet(
            needed=at_most(needed),
            replicas=at_most(fleet.replicas),
            gpus=at_most(fleet.gpus),
            paid_gpus=at_most(fleet.paid_gpus),
            busy_gpus=0.0,
            awake_gpus=0.0,
            mean_gpus=on_average(fleet.gpus),
            mean_powered_gpus=(on := on_average(fleet.paid_gpus)),
            mean_billed_gpus=on,
        )
        return np.take_along_axis(edges, order, axis=-1), as_paid(option, sized)

    def _load_served(
        self, rows: Indices, needed: Floats, replica: Replica, policy: FleetPolicy
    ) -> Floats:
        """Return the highest peak load of fleets that keep what is promised of first tokens [1]."""
        served: Floats = np.asarray(load_served(needed, replica.staffed, policy))
        if self.in_time is None:
            return served
        full = [np.interp(needed.ravel(), SIZES, one) for one in self.in_time[rows]]
        along = np.array(full).T if needed.shape[-1] == 1 else np.array(full)
        kept: Floats = np.minimum(served, needed * along * policy.headroom)
        return kept

    def _one_level(self, fleet: Fleet, share: Floats) -> Fleet:
        always = Fleet(
            needed=fleet.needed,
            replicas=fleet.replicas,
            gpus=fleet.gpus,
            paid_gpus=fleet.paid_gpus,
            busy_gpus=0.0,
            awake_gpus=0.0,
        )
        if self.option.hours is None:
            return always
        powered = fleet.paid_gpus * share
        on = replace(
            always,
            mean_gpus=fleet.gpus * share,
            mean_powered_gpus=powered,
            mean_billed_gpus=powered,
        )
        return as_paid(self.option, on)


def _summed(weight: Floats, of_size: Number, order: Indices, count: int) -> Floats:
    """Return what goes with each piece: the first sizes, and what each step before it added.

    Args:
        weight: How much each level counts [curves, levels, 1].
        of_size: A quantity of each size of a fleet [sizes].
        order: Which step comes next, counted through the levels [curves, levels * sizes].
        count: Sizes of a level [1].
    """
    sizes = np.broadcast_to(np.asarray(of_size, dtype=float), (weight.shape[0], count))
    rise = np.diff(sizes, axis=-1, append=sizes[:, -1:])
    steps = np.take_along_axis((weight * rise[:, None, :]).reshape(order.shape), order, axis=-1)
    first = (weight[..., 0] * sizes[:, :1]).sum(axis=-1, keepdims=True)
    summed: Floats = first + np.cumsum(steps, axis=-1) - steps
    return summed


def replica_steps_of(
    option: SelfOption, settings: Settings, replica: Replica, count: int
) -> ReplicaSteps:
    """Return the levels of an option's load under some settings.

    Args:
        settings: Each value a number or a column [count, 1].
        replica: What one replica sustains, the same way.
    """
    load = workload(settings)
    duty = duty_of(option.hours, settings, option.billing_step_s)
    mean = tokens_per_load(load, replica) * load.peak_to_mean * fleet_policy(settings).headroom
    mean = mean / option.tries
    if duty is None:
        highs, shares = np.asarray(load.peak_to_mean, dtype=float), np.ones(1)
    else:
        highs, shares = duty.levels(load.peak_to_mean)
    width = highs.shape[-1] if duty is not None else 1
    return ReplicaSteps(
        option=option,
        load=np.broadcast_to(highs.reshape(-1, width), (count, width)),
        share=np.broadcast_to(shares.reshape(-1, width), (count, width)),
        tokens_per_replica=np.broadcast_to(np.asarray(mean, dtype=float).reshape(-1), (count,)),
    )


# The cost of an option as a function of volume, at a fixed mix: what break-evens are made of.

STRETCH = "workload.deadline_peak_to_mean"
MOST_REPLICAS = 4e6
FEW_PIECES = 4096
"""Pieces of a staircase beyond which many settings at once are not told apart."""
MORE_BY_HOUR = 32
"""Times as many pieces are looked at where each hour has steps of its own, or its rate drifts."""
MOST_SLACK = 1e4


TYPICAL_VOLUMES = np.geomspace(1e9, 1e15, 97)
"""Volumes at which set-ups are compared when any may be meant, a seventh apart [token/month]."""


def any_volume(inputs: Question) -> Floats:
    """Return volumes at which set-ups are compared when any may be meant, today's among them."""
    if not inputs.volume_given:
        return TYPICAL_VOLUMES
    now = np.asarray(inputs.settings.value("workload.tokens_per_month"))
    return np.append(TYPICAL_VOLUMES, now)


def has_steps(option: Option) -> bool:
    """Return whether the bill of an option is made of straight pieces over the volume."""
    hours = option.hours if isinstance(option, SelfOption) else None
    return hours is None or hours.billing != SCALE_TO_ZERO


def curve(option: Option, settings: Settings, replica: Replica | None = None) -> Curves:
    """Return the cost curve of an option, one row; every setting but the volume is a number.

    Args:
        replica: What one replica sustains, where that is known already.

    Raises:
        InfeasibleError: The set-up serves nothing within the limits, so it has no curve.
    """
    if not isinstance(option, SelfOption):
        return curves(option, settings, 1)
    replica = replica or replica_of(option, settings)
    made = curves(option, settings, 1, replica)
    if not np.isfinite(made.slope[0]):
        raise InfeasibleError(f"{option.id}: {infeasible(replica, target(settings))}")
    return made


def curves(
    option: Option, settings: Settings, count: int, replica: Replica | None = None
) -> Curves:
    """Return the cost curves of an option under many settings at once.

    Args:
        settings: Each value a number or a column [count, 1]; the volume is not looked at.
        replica: What one replica sustains, where that is known already: columns [count, 1].
    """
    if isinstance(option, TokenOption):
        return _token_curves(option, settings, count)
    if isinstance(option, FixedOption):
        return fixed_curves(option, count)
    if isinstance(option, ProvisionedOption):
        besides = total_usd(lines(option, settings), "people")
        return provisioned_curves(option, settings, column(besides, count), count)
    if not has_steps(option):
        raise UsageError(
            f"{option.id}: a fleet that scales to zero has a bill without steps, and so no exact "
            "break-even volume; tco compare prices any volume, --billing autoscaled has steps"
        )
    known = replica if replica is not None else replica_of(option, settings)
    return _self_curves(option, settings, known, count)


def _token_curves(option: TokenOption, settings: Settings, count: int) -> Curves:
    at = np.array([[0.0, 1e12]])
    listed = lines(replace(option, terms=None), settings.with_values({TOKENS: at}))
    none, much = np.broadcast_to(total_usd(listed), (count, 2)).T
    fixed, slope = none.copy(), (much - none) / at[0, 1]
    if option.terms is None:
        return affine(fixed, slope)
    return contracts(option.terms.repeated(option.tries * option.tokens_factor), fixed, slope)


def _self_curves(option: SelfOption, settings: Settings, replica: Replica, count: int) -> Curves:
    in_time = None
    if target(settings).within and not option.measured:
        replica, in_time = fullness(option, settings, count)
    settings = _with_room_for_bursts(settings, replica, in_time)
    slack = column(slack_replicas(replica.staffed, fleet_policy(settings)), count)
    steps = replica_steps_of(option, settings, replica, count)
    if in_time is not None:
        shares = in_time / in_time[:, -1:]
        slack = slack + ((1.0 - shares) * np.append(SIZES[1:], SIZES[-1])).max(axis=-1)
        steps = replace(steps, in_time=shares)
    levels, waking = steps.load.shape[-1], _waking(option, settings, replica, count)

    def pieces_until(volume: Floats) -> Floats:
        each = volume / steps.tokens_per_replica * steps.load.sum(axis=-1)
        return np.asarray(each + levels * (slack + 2.0)) * waking.pieces

    def until(rows: Indices, volume: Floats) -> Steps:
        top = volume / steps.tokens_per_replica[rows] * steps.load[rows].max(axis=-1)
        reach = np.ceil(np.max(top + slack[rows]) + 2.0)
        flat = levels == 1
        mine = _rows(settings, rows, count, flat=flat)
        own = _replica_rows(replica, rows, count, flat=flat)
        edges, fleet = steps.fleets(rows, min(float(reach), MOST_REPLICAS), mine, own)
        still = mine.with_values({TOKENS: 0.0})
        cost = np.broadcast_to(total_usd(own_bill(option, still, fleet)), edges.shape)
        on = np.broadcast_to(fleet.on_gpus, edges.shape)
        edges, cost, on = (x.T if flat else x for x in (edges, cost, on))
        rising = np.broadcast_to(work[rows, None], edges.shape)
        return waking.of_pieces(rows, Steps(edges=edges, fixed=cost, slope=rising), on)

    work = column(_usd_per_token_of_work(option, settings, replica), count)
    slope, low, high = _envelope(option, settings, steps, slack, waking)
    return Curves(until=until, pieces_until=pieces_until, slope=slope + work, low=low, high=high)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waking:
    """What it costs that replicas with something in flight draw more than idle ones.

    Args:
        usd: One GPU of them, all month [curves] [USD/month].
        busy: GPUs that a token a month would keep at capacity [curves] [GPU month/token].
        used, awake: Share of a replica's capacity in use, and of the time in which it serves
            something: straight between two nodes, all of the time from the last one on
            [curves, nodes] [1].
    """

    usd: Floats
    busy: Floats
    used: Floats
    awake: Floats

    @property
    def pieces(self) -> int:
        """Return into how many pieces each piece of a staircase falls [1]."""
        return self.used.shape[-1] if self.usd.any() else 1

    def of_pieces(self, rows: Indices, made: Steps, on_gpus: Floats) -> Steps:
        """Return the pieces of some curves with what waking costs, each cut at the nodes.

        Args:
            made: Their pieces without it [rows, pieces].
            on_gpus: GPUs of the replicas that are on [rows, pieces] [1].
        """
        if self.pieces == 1:
            return made
        used, awake, usd = self.used[rows], self.awake[rows], self.usd[rows, None, None]
        wide = np.diff(used, axis=-1, append=np.inf)
        rise = np.diff(awake, axis=-1, append=1.0) / np.where(wide > 0, wide, 1.0)
        on, busy = on_gpus[..., None], self.busy[rows, None, None]
        low = np.concatenate([np.zeros_like(on[:, :1, 0]), made.edges[:, :-1]], axis=1)
        nodes = on * np.concatenate([used[:, 1:], np.full_like(used[:, :1], np.inf)], -1)[:, None]
        at_none = (awake - rise * used)[:, None]
        shape = (rows.size, -1)
        edges = np.clip(nodes / busy, low[..., None], made.edges[..., None]).reshape(shape)
        real = (np.diff(edges, axis=1, prepend=0.0) > 0).any(axis=0)
        real[-1] = True  # most nodes lie below the step that a fleet of this size begins at
        return Steps(
            edges=edges[:, real],
            fixed=(made.fixed[..., None] + usd * on * at_none).reshape(shape)[:, real],
            slope=(made.slope[..., None] + usd * busy * rise[:, None]).reshape(shape)[:, real],
        )

    def for_ever(self, on_per_token: Floats) -> Floats:
        """Return what waking costs at very large volume [curves] [USD/token].

        Args:
            on_per_token: GPUs that are on for each token a month then [curves] [GPU month/token].
        """
        if not self.usd.any():
            return np.zeros_like(self.usd)
        share = share_between(self.used, self.awake, self.busy / on_per_token)
        return np.where(self.usd == 0, 0.0, self.usd * on_per_token * share)


def _waking(option: SelfOption, settings: Settings, replica: Replica, count: int) -> _Waking:
    usd: Number = 0.0
    used = awake = np.zeros((1, 1))  # of no use where nobody pays for the power
    if option.owned is not None:
        on = partial(gpu_usd, option, settings, busy=0.0)
        usd = on() - on(awake=0.0)
        used, awake = awake_nodes(column(at_once(replica), count))
    one = workload(settings.with_values({TOKENS: 1.0}), option.tries)
    return _Waking(
        usd=column(usd, count),
        busy=column(busy_gpus(one, replica, option.gpus), count),
        used=used,
        awake=awake,
    )


def _usd_per_token_of_work(option: SelfOption, settings: Settings, replica: Replica) -> Number:
    """Return what a token adds to the bill of a fleet that stands ready [USD/token]."""
    one = settings.with_values({TOKENS: 1.0})
    busy = busy_gpus(workload(one, option.tries), replica, option.gpus)
    return total_usd(work_lines(option, one, busy))


def _with_room_for_bursts(
    settings: Settings, replica: Replica, in_time: Floats | None = None
) -> Settings:
    """Return the settings with a headroom at which bursts take `MOST_SLACK` replicas at most.

    Where first tokens are promised, no higher than the largest fleets may be full.

    With a headroom of 1 the replicas for bursts grow without end, and a curve would have no upper
    line. Up to ``16 * MOST_SLACK**2 / k**2`` replicas' worth of work bursts decide anyway, so that
    the lower headroom changes no bill short of millions of replicas.
    """
    policy = fleet_policy(settings)
    k = burst_term(policy, replica.staffed)
    drift = policy.wait_beta * policy.rate_cv
    most = np.where(np.isfinite(k), 1.0 / (1.0 + drift + k * k / 4.0 / MOST_SLACK), 1.0)
    lower = np.minimum(policy.headroom, most)
    if in_time is not None:
        full = in_time[:, -1:] if in_time.shape[0] > 1 else in_time[0, -1]
        lower = np.minimum(lower, policy.headroom * full)
    stretch = settings.value(STRETCH)  # so that the peak of what can wait in part stays what it is
    some_waits = np.less(settings.value("workload.batch_share"), 1.0)
    kept = np.where(some_waits, stretch * policy.headroom / lower, stretch)
    return settings.with_values({"serving.headroom": lower, STRETCH: kept})


def first_volumes(a: Option, b: Option, settings: Settings, count: int) -> Floats:
    """Return the smallest volumes from which B is cheaper than A [count, token/month].

    NaN where it never is, where one of the two serves nothing, or where one has no steps.

    Args:
        settings: Each value a number or a column [count, 1].
        count: How many settings.
    """
    if not (has_steps(a) and has_steps(b)):
        return np.full(count, np.nan)
    sides = [curves(option, settings, count) for option in (a, b)]
    served = np.flatnonzero(np.isfinite(sides[0].slope) & np.isfinite(sides[1].slope))
    first = np.full(count, np.nan)
    drifts = bool(np.any(np.asarray(settings.value("workload.rate_cv")) > 0.0))
    most = pieces_allowed((a, b), FEW_PIECES * (MORE_BY_HOUR if drifts else 1))
    first[served] = wins(some(sides[0], served), some(sides[1], served), most).first
    return first


def pieces_allowed(options: Iterable[Option], few: int) -> int:
    """Return the pieces of curves beyond which many settings at once are not told apart [1].

    Args:
        options: Whose curves.
        few: The same of rented GPUs that are always on [1].
    """
    own = [o for o in options if isinstance(o, SelfOption)]
    if any(o.hours is not None for o in own):
        few = few * MORE_BY_HOUR
    return few * (len(AT_ONCE) + 1) if any(o.owned is not None for o in own) else few


def _rows(settings: Settings, rows: Indices, count: int, *, flat: bool) -> Settings:
    """Return the settings of some rows, lying flat [1, rows] or not; numbers stay numbers."""
    columns = {p: s.value for p, s in settings.items() if getattr(s.value, "ndim", 0) == 2}
    some = {p: np.asarray(v)[rows] for p, v in columns.items()} if count > 1 else {}
    return settings.with_values({p: v.T if flat else v for p, v in some.items()})


def _replica_rows(replica: Replica, rows: Indices, count: int, *, flat: bool) -> Replica:
    if count == 1 or np.ndim(replica.requests_per_s) == 0:
        return replica
    shape = np.shape(replica.requests_per_s)
    mine = mapped(replica, lambda value: np.broadcast_to(value, shape)[rows])
    return mapped(mine, np.transpose) if flat else mine


def _envelope(
    option: SelfOption, settings: Settings, steps: ReplicaSteps, slack: Floats, waking: _Waking
) -> tuple[Floats, Floats, Floats]:
    """Return what a token of a large fleet costs, and the intercepts that it stays between.

    At a load of `a` replicas' worth between ``a / headroom`` and ``a / headroom + 1 + slack``
    replicas are needed, and what is kept for them lies between two lines; GPUs that stand idle are
    a multiple of what instances and replicas have in common; and the staff lies between its fixed
    part and its floor. What is paid whether it is on or off follows the highest level of load,
    the rest all of them. GPUs with something in flight are a concave function of those that are on
    and of the volume, of the first degree, so that a GPU more is at most one more of them.
    """
    count = slack.size
    policy = fleet_policy(settings)
    kept, least, most = kept_between(
        redundancy=policy.redundancy,
        zones=policy.zones,
        target=policy.availability_target,
        availability=policy.replica_availability,
    )
    always, while_on = _usd_per_gpu(option, settings)
    people, least_team, most_team = team_span(settings, hosted=option.purchase == DEDICATED)
    share, load = steps.share.sum(axis=-1), steps.load
    paid = option.gpus * (column(always + people, count) + column(while_on, count) * share)
    of_load = column(always + people, count) * load.max(axis=-1)
    of_load = of_load + column(while_on, count) * (steps.share * load).sum(axis=-1)
    gpus_per_load = option.gpus * column(kept, count) / steps.tokens_per_replica
    slope = gpus_per_load * of_load
    slope = slope + waking.for_ever(gpus_per_load * (steps.share * load).sum(axis=-1))
    idle = (column(always, count) + column(while_on, count) * share) * (
        option.instance_gpus - math.gcd(option.gpus, option.instance_gpus)
    )
    standing = total_usd((*standing_lines(option.purchase, settings), *once_lines(settings)))
    fewest, more = column(least, count), column(kept, count) * (1.0 + slack) + column(most, count)
    end = option.gpus * share * waking.usd
    with np.errstate(invalid="ignore"):  # where no number of replicas is enough
        ends = [np.where(end == 0.0, 0.0, each * end) for each in (fewest, more)]
    low = paid * fewest + np.minimum(ends[0], 0.0) + column(standing + least_team, count)
    high = paid * more + np.maximum(ends[1], 0.0) + idle
    return slope, low, high + column(standing + most_team, count)


def _usd_per_gpu(option: SelfOption, settings: Settings) -> tuple[Number, Number]:
    """Return what a GPU costs whether it is on or off, and what it costs on top while it is on."""
    gpus = float(option.gpus)
    none = Fleet(
        needed=1.0,
        replicas=1.0,
        gpus=gpus,
        paid_gpus=gpus,
        busy_gpus=0.0,
        awake_gpus=0.0,
        mean_gpus=0.0,
        mean_powered_gpus=0.0,
        mean_billed_gpus=0.0,
    )
    if option.hours is None:
        none = replace(none, mean_gpus=None, mean_powered_gpus=None, mean_billed_gpus=None)
    off = total_usd(fleet_lines(option, settings, as_paid(option, none))) / gpus
    on = replace(none, mean_gpus=None, mean_powered_gpus=None, mean_billed_gpus=None)
    return off, total_usd(fleet_lines(option, settings, on)) / gpus - off
