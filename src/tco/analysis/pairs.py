"""What pairs of a set-up and a rent cost, all at once, and which is the cheapest.

Pairs that are billed by the same formulas are one option of arrays to `own_bill`, which is the
bill of every option: nothing here adds anything up.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tco.analysis.billing import STEP, OnHours
from tco.analysis.cheapest import cheapest, sure_enough
from tco.analysis.machines import OWN, Egress, OwnedGpu
from tco.analysis.options import fleet
from tco.analysis.own_bill import own_bill
from tco.analysis.settings import Settings
from tco.analysis.setups import RentEntry, Search
from tco.engine.ledger import Origin, total_usd
from tco.engine.memory import stored_bytes
from tco.engine.shapes import Floats, Indices, Number


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """Pairs that are billed by the same formulas; every number a column [pairs, 1].

    The fields are those of `SelfOption`.
    """

    seller: str
    purchase: str
    gpus: Number
    instance_gpus: Number
    usd_per_gpu_hour: Number
    owned: OwnedGpu | None
    egress: Egress
    weights_gb: Number
    billing_step_s: Number | None
    hours: OnHours | None
    origin: Origin
    source: str


def monthly_usd(found: Search, settings: Settings, rows: Indices, volumes: Floats) -> Floats:
    """Return the monthly cost of some pairs at some volumes [pairs, volumes] [USD/month].

    Args:
        found: The search.
        settings: All values but the volume.
        rows: Which pairs [pairs].
        volumes: Tokens a month [volumes].
    """
    at = settings.with_values({"workload.tokens_per_month": volumes[None, :]})
    usd = np.empty((rows.size, volumes.size))
    for places in _formulas(found, rows):
        some = rows[places]
        pairs = _alike(found, settings, some)
        servers = fleet(pairs, at, found.replica_at(found.pair_setup[some][:, None]))
        usd[places] = total_usd(own_bill(pairs, at, servers))
    return usd


def _formulas(found: Search, rows: Indices) -> Iterator[Indices]:
    """Yield the places in `rows` of pairs that are billed by the same formulas."""
    codes: dict[Hashable, int] = {}
    kinds = [codes.setdefault(_formula(rent), len(codes)) for rent in found.rents]
    of = np.array(kinds, dtype=np.int64)[found.pair_rent[rows]]
    for code in sorted(set(of.tolist())):
        yield np.flatnonzero(of == code)


def _formula(rent: RentEntry) -> Hashable:
    """Return what decides by which formulas a rent is billed."""
    gpu = rent.owned
    if gpu is None:
        return rent.purchase, rent.seller == OWN
    known = (gpu.server_usd is None, gpu.all_in_w is None)
    return rent.purchase, rent.seller == OWN, gpu.whole, gpu.life_months, known


def _alike(found: Search, settings: Settings, rows: Indices) -> Alike:
    """Return pairs that are billed by the same formulas as one option of arrays."""
    used = sorted(set(found.pair_rent[rows].tolist()))  # `np.unique` imports masked arrays: 10 ms
    of = np.searchsorted(used, found.pair_rent[rows])
    rents = [found.rents[j] for j in used]

    def column(values: Sequence[float]) -> Floats:
        """Return a number of every rent as that of every pair [pairs, 1]."""
        return np.array(values, dtype=float)[of][:, None]

    setups, first = found.pair_setup[rows], rents[0]
    model, _, layout = found.grid.shapes(setups)
    owned = [rent.owned for rent in rents if rent.owned is not None]
    usual = float(np.asarray(settings.value(STEP)))
    steps = [usual if r.billing_step_s is None else r.billing_step_s for r in rents]
    return Alike(
        seller=first.seller,
        purchase=first.purchase,
        gpus=found.grid.count[setups].astype(float)[:, None],
        instance_gpus=column([r.instance_gpus for r in rents]),
        usd_per_gpu_hour=column([r.usd_per_gpu_hour for r in rents]),
        owned=_bought(owned, of) if owned else None,
        egress=replace(first.egress, usd_per_gb=column([r.egress.usd_per_gb for r in rents])),
        weights_gb=np.asarray(stored_bytes(model, layout))[:, None] / 1e9,
        billing_step_s=None if found.hours is None else column(steps),
        hours=found.hours,
        origin=first.origin,
        source=first.source,
    )


def _bought(gpus: Sequence[OwnedGpu], of: Indices) -> OwnedGpu:
    """Return the bought GPUs of some pairs as one of arrays [pairs, 1]."""

    def column(values: Sequence[Number | None]) -> Floats:
        """Return a number of every GPU as that of every pair [pairs, 1]."""
        return np.array(values, dtype=float)[of][:, None]

    first = gpus[0]
    return replace(
        first,
        gpu_usd=column([g.gpu_usd for g in gpus]),
        server_usd=None if first.server_usd is None else column([g.server_usd for g in gpus]),
        all_in_w=None if first.all_in_w is None else column([g.all_in_w for g in gpus]),
        board_w=column([g.board_w for g in gpus]),
    )


def best_pairs(
    found: Search, settings: Settings, model: str, volumes: Floats, *least: int
) -> Indices:
    """Return the pairs of a model that are the answer at a volume, in the volumes' order [pairs].

    Args:
        found: The search.
        settings: All values but the volume.
        model: The model.
        volumes: Tokens a month [volumes].
        least: Rank of the trust in a rent that is sure enough; the pairs of several follow each
            other, and 0 stands for the cheapest of all [1].
    """
    rows = found.pairs_of(model)
    if rows.size == 0:
        return rows
    cost = monthly_usd(found, settings, rows, volumes)
    trust = _trust(found, rows)
    places = [place for one in least for place in cheapest(cost, trust, one).tolist()]
    best: Indices = rows[list(dict.fromkeys(places))]
    return best


def sure_pairs(found: Search, model: str, least: int) -> Indices:
    """Return the pairs of a model that may be the answer: their rent is sure enough [pairs].

    Args:
        found: The search.
        model: The model.
        least: Rank of the trust in a rent that is sure enough [1].
    """
    rows = found.pairs_of(model)
    sure: Indices = rows[sure_enough(np.zeros(rows.size), _trust(found, rows), least)]
    return sure


def _trust(found: Search, rows: Indices) -> Indices:
    """Return the rank of the trust in the rent of some pairs [pairs]."""
    ranks = np.array([rent.trust.rank for rent in found.rents], dtype=np.int64)
    return ranks[found.pair_rent[rows]]
