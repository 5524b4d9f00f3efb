"""The staircase of a fleet over the volume: where each level of its load takes a replica more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tco.analysis.billing import as_paid, duty_of
from tco.analysis.options import SelfOption
from tco.analysis.settings import Settings, fleet_policy, workload
from tco.engine.fleet import load_served
from tco.engine.replica import Replica
from tco.engine.selfhost import Fleet, fleet_of, tokens_per_load
from tco.engine.shapes import Floats, Indices, Number


@dataclass(frozen=True, slots=True, kw_only=True)
class Stairs:
    """What the steps of some curves are made of.

    Args:
        load: Levels of load over the mean; the peak alone where a fleet is always on
            [curves, levels] [1].
        share: Share of the month that GPUs are on for each [curves, levels] [1].
        tokens_per_replica: Monthly volume of a mean load of one replica's worth, its headroom
            kept [curves] [token/month].
    """

    option: SelfOption
    load: Floats
    share: Floats
    tokens_per_replica: Floats

    def fleets(
        self, rows: Indices, most: float, settings: Settings, replica: Replica
    ) -> tuple[Floats, Fleet]:
        """Return the edges of the pieces of some curves, and the fleet of each piece.

        Args:
            rows: Which curves.
            most: Replicas up to which the highest level is followed [1].
            settings, replica: Of those rows.
        """
        policy, option = fleet_policy(settings), self.option
        needed = np.arange(1.0, most + 1.0)[None, :]
        mean = tokens_per_load(workload(settings), replica) * workload(settings).peak_to_mean
        served = np.broadcast_to(
            load_served(needed, replica.slots, policy) * mean, (rows.size, needed.size)
        )
        fleet = fleet_of(needed, policy, option.gpus, option.instance_gpus)
        load, share = self.load[rows], self.share[rows]
        if load.shape[-1] == 1:
            return served / load, self._one_level(fleet, share)
        with np.errstate(divide="ignore"):
            edges = served[:, None, :] / load[:, :, None]
        last = edges[..., -1].min(axis=-1)
        edges = np.minimum(edges, last[:, None, None]).reshape(rows.size, -1)
        order = np.argsort(edges, axis=-1, kind="stable")
        highest = load.argmax(axis=-1)
        steps = _Steps(order=order, share=share, highest=highest, sizes=needed.size)
        sized = Fleet(
            needed=steps.at_most(needed),
            replicas=steps.at_most(fleet.replicas),
            gpus=steps.at_most(fleet.gpus),
            paid_gpus=steps.at_most(fleet.paid_gpus),
            busy_gpus=0.0,
            mean_gpus=steps.on_average(fleet.gpus),
            mean_powered_gpus=(on := steps.on_average(fleet.paid_gpus)),
            mean_billed_gpus=on,
        )
        return np.take_along_axis(edges, order, axis=-1), as_paid(option, sized)

    def _one_level(self, fleet: Fleet, share: Floats) -> Fleet:
        if self.option.hours is None:
            return Fleet(
                needed=fleet.needed,
                replicas=fleet.replicas,
                gpus=fleet.gpus,
                paid_gpus=fleet.paid_gpus,
                busy_gpus=0.0,
            )
        on = Fleet(
            needed=fleet.needed,
            replicas=fleet.replicas,
            gpus=fleet.gpus,
            paid_gpus=fleet.paid_gpus,
            busy_gpus=0.0,
            mean_gpus=fleet.gpus * share,
            mean_powered_gpus=fleet.paid_gpus * share,
            mean_billed_gpus=fleet.paid_gpus * share,
        )
        return as_paid(self.option, on)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Steps:
    """Steps of all levels in the order of the volume, each by one replica of its level.

    Args:
        order: Which step comes next, counted through the levels [curves, levels * sizes].
        share: Share of the month of each level [curves, levels] [1].
        highest: The highest level [curves].
        sizes: Sizes of a level [1].
    """

    order: Indices
    share: Floats
    highest: Indices
    sizes: int

    def at_most(self, of_size: Number) -> Floats:
        """Return what goes with the highest level on each piece [curves, pieces]."""
        mine = np.zeros((*self.share.shape, 1))
        np.put_along_axis(mine, self.highest[:, None, None], 1.0, axis=1)
        return self._summed(mine, of_size)

    def on_average(self, of_size: Number) -> Floats:
        """Return what goes with all levels on each piece, weighted by how long they last."""
        return self._summed(self.share[:, :, None], of_size)

    def _summed(self, weight: Floats, of_size: Number) -> Floats:
        """Return the first sizes, and what each step before a piece added to them."""
        sizes = np.broadcast_to(np.asarray(of_size, dtype=float), (self.share.shape[0], self.sizes))
        rise = np.diff(sizes, axis=-1, append=sizes[:, -1:])
        steps = (weight * rise[:, None, :]).reshape(self.order.shape)
        steps = np.take_along_axis(steps, self.order, axis=-1)
        first = (weight[..., 0] * sizes[:, :1]).sum(axis=-1, keepdims=True)
        summed: Floats = first + np.cumsum(steps, axis=-1) - steps
        return summed


def stairs_of(option: SelfOption, settings: Settings, replica: Replica, count: int) -> Stairs:
    """Return the levels of an option's load under some settings.

    Args:
        option: The option.
        settings: Each value a number or a column [count, 1].
        replica: What one replica sustains, the same way.
        count: How many curves.
    """
    load = workload(settings)
    duty = duty_of(option.hours, settings, option.billing_step_s)
    mean = tokens_per_load(load, replica) * load.peak_to_mean * fleet_policy(settings).headroom
    if duty is None:
        highs, shares = np.asarray(load.peak_to_mean, dtype=float), np.ones(1)
    else:
        levels = duty.levels(load.peak_to_mean)
        highs, shares = levels.load, levels.share
    width = highs.shape[-1] if duty is not None else 1
    return Stairs(
        option=option,
        load=np.broadcast_to(highs.reshape(-1, width), (count, width)),
        share=np.broadcast_to(shares.reshape(-1, width), (count, width)),
        tokens_per_replica=np.broadcast_to(np.asarray(mean, dtype=float).reshape(-1), (count,)),
    )
