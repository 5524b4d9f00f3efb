"""What pairs of a set-up and a rent cost, all at once, and which is the cheapest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np

from tco.analysis.billing import STEP, duty_of
from tco.analysis.machines import DEDICATED, GpuMonth, by_the_hour, gpu_month
from tco.analysis.settings import Settings, fleet_policy, people, workload
from tco.analysis.setups import RentEntry, Search
from tco.analysis.upkeep import moving_lines, standing_lines
from tco.engine.duty import Duty
from tco.engine.ledger import total_usd
from tco.engine.memory import stored_bytes
from tco.engine.people import project_lines, selfhost_fte
from tco.engine.selfhost import Fleet, busy_gpus, fleet_for
from tco.engine.shapes import Floats, Indices, Number


def monthly_usd(found: Search, settings: Settings, rows: Indices, volumes: Floats) -> Floats:
    """Return the monthly cost of some pairs at some volumes [pairs, volumes] [USD/month].

    Args:
        found: The search.
        settings: All values but the volume.
        rows: Which pairs [pairs].
        volumes: Tokens a month [volumes].
    """
    setup, rents = found.pair_setup[rows], [found.rents[j] for j in found.pair_rent[rows]]
    replica = found.replica_at(setup[:, None])
    instance = np.array([r.instance_gpus for r in rents], dtype=float)[:, None]
    per_replica = found.grid.count[setup].astype(float)[:, None]
    at = settings.with_values({"workload.tokens_per_month": volumes[None, :]})
    load = workload(at)
    policy = fleet_policy(settings)
    servers = fleet_for(load, replica, policy, per_replica, instance, _duty(found, settings, rents))
    months = {j: gpu_month(found.rents[j], settings) for j in set(found.pair_rent[rows].tolist())}
    mine = [months[j] for j in found.pair_rent[rows]]
    month = GpuMonth(
        **{f.name: np.array([getattr(m, f.name) for m in mine])[:, None] for f in fields(GpuMonth)}
    )
    staff = people(settings)
    hosted = np.array([r.purchase == DEDICATED for r in rents])[:, None]
    fte = np.where(hosted, staff.api_fte, selfhost_fte(staff, servers.gpus))
    team = fte * staff.salary_usd_per_year / 12.0 + total_usd(project_lines(staff))
    at_work = busy_gpus(load, replica, per_replica)
    paid = _as_paid(rents, servers)
    rest = _rest_usd(found, at, rows, servers.replicas)
    return np.asarray(month.usd(paid, at_work) + team + rest, dtype=float)


def _rest_usd(found: Search, settings: Settings, rows: Indices, replicas: Number) -> Number:
    """Return what neither grows with the GPUs nor with the team [pairs, volumes] [USD/month]."""
    rents = found.pair_rent[rows]
    used = {j: found.rents[j] for j in set(rents.tolist())}
    moved = {j: total_usd(moving_lines(rent, settings)) for j, rent in used.items()}
    always = {j: total_usd(standing_lines(r.purchase, settings)) for j, r in used.items()}
    volumes = np.size(settings.value("workload.tokens_per_month"))
    both = [np.broadcast_to(moved[j] + always[j], (1, volumes)) for j in rents.tolist()]
    model, _, layout = found.grid.shapes(found.pair_setup[rows])
    rented = [used[j].owned is None and used[j].purchase != DEDICATED for j in rents.tolist()]
    stored = np.where(rented, stored_bytes(model, layout) / 1e9, 0.0)[:, None]
    disks = replicas * stored * settings.value("service.storage_usd_per_gb_month")
    return np.concatenate(both) + disks


def _duty(found: Search, settings: Settings, rents: Sequence[RentEntry]) -> Duty | None:
    """Return when the fleets of some pairs are on; the sellers' clocks are a column [pairs]."""
    if found.hours is None:
        return None
    usual = float(np.asarray(settings.value(STEP)))
    steps = [usual if r.billing_step_s is None else r.billing_step_s for r in rents]
    return duty_of(found.hours, settings, np.array(steps)[:, None])


def _as_paid(rents: Sequence[RentEntry], servers: Fleet) -> Fleet:
    """Return the fleets of some pairs as each is paid for."""
    if servers.mean_billed_gpus is None:
        return servers
    off = np.array([by_the_hour(r.purchase) for r in rents])[:, None]
    return replace(
        servers, mean_billed_gpus=np.where(off, servers.mean_billed_gpus, servers.paid_gpus)
    )


def best_pairs(found: Search, settings: Settings, model: str, volumes: Floats) -> Indices:
    """Return the pairs of a model that are cheapest at a volume, in the volumes' order [pairs]."""
    rows = found.pairs_of(model)
    if rows.size == 0:
        return rows
    cost = monthly_usd(found, settings, rows, volumes)
    best: Indices = rows[list(dict.fromkeys(np.argmin(cost, axis=0).tolist()))]
    return best
