"""Dedicated endpoints: GPUs that a host runs for one customer, paid by the hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tco.analysis.inputs import Inputs
from tco.analysis.machines import DEDICATED
from tco.analysis.select import Selection
from tco.analysis.setups import RentEntry
from tco.catalog.lookup import holds
from tco.catalog.trust import Trust, capacity_trust

if TYPE_CHECKING:
    from tco.catalog.prices import CapacityOffer, CapacityPrice


def dedicated_entries(inputs: Inputs, selection: Selection) -> list[RentEntry]:
    """Return the endpoints of the day, where the selection looks at them at all.

    Only GPUs by the hour: provisioned units have no price in the catalog, and endpoints that are
    sold for some models only are left out.
    """
    if DEDICATED not in selection.purchases:
        return []
    found = []
    for offer in inputs.catalog.prices.capacity:
        price = _price(offer, inputs)
        if price is None or offer.gpu is None or offer.models:
            continue
        if not selection.sellers or offer.provider in selection.sellers:
            trust = capacity_trust(inputs.catalog, offer, price)
            found.append(_entry(offer, offer.gpu, price, trust))
    return found


def _price(offer: CapacityOffer, inputs: Inputs) -> CapacityPrice | None:
    for price in offer.prices:
        if price.term == "on_demand" and holds(price, inputs.day):
            return price
    return None


def _entry(offer: CapacityOffer, gpu: str, price: CapacityPrice, trust: Trust) -> RentEntry:
    return RentEntry(
        gpu=gpu,
        seller=offer.provider,
        purchase=DEDICATED,
        instance_gpus=offer.minimum_units,
        usd_per_gpu_hour=price.usd_per_hour,
        source=price.evidence[0].source,
        checked=price.checked,
        trust=trust,
        flag=offer.note,
    )


def hosts(inputs: Inputs) -> frozenset[str]:
    """Return who sells dedicated endpoints."""
    return frozenset(o.provider for o in inputs.catalog.prices.capacity if o.gpu is not None)
