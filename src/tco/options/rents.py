"""What set-ups run on beside rents: GPUs that are bought, dedicated endpoints."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tco.catalog.lookup import find_gpu, holds
from tco.catalog.trust import Trust, capacity_trust, purchase_trust
from tco.engine.shapes import number
from tco.errors import DataError, UsageError
from tco.options.machines import DEDICATED, OWN, OwnedGpu, gpu_usd, owned_gpu, smallest_purchase
from tco.options.question import Question
from tco.options.scenario import InlineOption
from tco.options.selection import Selection, not_served
from tco.options.settings import hours_per_month
from tco.options.setups import RentEntry

if TYPE_CHECKING:
    from tco.catalog.hardware import Purchase
    from tco.catalog.prices import CapacityOffer, CapacityPrice


# GPUs that are bought, as entries beside the rents.

OPTION_ID = "option id"
"""Who set the life, where the id of an option names it."""


def owned_entries(inputs: Question, selection: Selection) -> list[RentEntry]:
    """Return the GPUs that can be bought, those named or all.

    Raises:
        DataError: A GPU was named that has no price or no power, so that owning it has no bill.
    """
    names = sorted(selection.gpus) or list(inputs.catalog.hardware.accelerators)
    found = [(name, owned_entry(inputs, name)) for name in names]
    unknown = [name for name, entry in found if entry is None]
    if selection.gpus and unknown:
        raise DataError(why_not_owned(inputs, unknown[0]))
    return [entry for _, entry in found if entry is not None]


def why_not_owned(inputs: Question, name: str) -> str:
    """Return why a GPU cannot be priced as bought."""
    gpu = inputs.catalog.hardware.accelerators[name]
    lacks = "purchase price" if gpu.purchase is None else "board power"
    return (
        f"{name}: no {lacks} in the catalog, so owning it cannot be priced; "
        f"give it as --option mine:kind=own,model=…,gpu={name},gpus=1,gpu_usd=…, or in a catalog "
        "of your own with --catalog"
    )


def owned_entry(inputs: Question, name: str) -> RentEntry | None:
    """Return what buying one GPU comes to; None without a price or a power.

    Its cost per GPU-hour is that of a GPU at capacity every hour of the month.
    """
    gpu = inputs.catalog.hardware.accelerators[name]
    owned = owned_gpu(gpu)
    if owned is None or gpu.purchase is None:
        return None
    months = life_months(inputs)
    if inputs.settings["own.life_months"].source == OPTION_ID:
        owned = replace(owned, life_months=months)
    entry = RentEntry(
        gpu=name,
        seller=OWN,
        purchase=life_name(months),
        instance_gpus=smallest_purchase(gpu),
        usd_per_gpu_hour=0.0,
        source=gpu.purchase.source,
        checked=None,
        trust=purchase_trust(inputs.catalog, name, gpu.purchase),
        flag=_flag(gpu.purchase, owned),
        owned=owned,
        origin="assumed" if any(r.startswith("purchase") for r in gpu.recalled) else "catalog",
    )
    usd = float(np.asarray(gpu_usd(entry, inputs.settings)))
    usd /= number(hours_per_month(inputs.settings))
    return replace(entry, usd_per_gpu_hour=usd)


def described_gpu(inputs: Question, spec: InlineOption) -> OwnedGpu:
    """Return what a description says of buying one GPU; its power may come from the catalog.

    Raises:
        UsageError: No price, or a power that neither of them knows.
    """
    if (spec.gpu_usd is None) == (spec.server_usd is None):
        told = "needs gpu_usd or server_usd" if spec.gpu_usd is None else "has two prices; give one"
        raise UsageError(
            f"{spec.source}: {spec.name!r} of kind own {told}: of a GPU alone, or of the whole "
            "machine of instance_gpus"
        )
    known = spec.output_tokens_per_s is not None or spec.tokens_per_s is not None
    gpu = None
    if spec.gpu is not None and not (known and spec.watts is not None):
        gpu = inputs.catalog.hardware.accelerators[find_gpu(inputs.catalog, spec.gpu)]
    if spec.watts is None and (gpu is None or gpu.tdp_w is None):
        raise UsageError(
            f"{spec.source}: {spec.name!r} of kind own needs watts, the rated power of one GPU "
            "with its share of the machine, or a gpu whose power the catalog knows"
        )
    share = None if spec.server_usd is None else spec.server_usd / machine_gpus(inputs, spec)
    price = spec.gpu_usd if share is None else share
    assert price is not None
    return OwnedGpu(
        gpu_usd=price,
        server_usd=share,
        whole=gpu is not None and gpu.node_gpus == 1,
        all_in_w=spec.watts if spec.watts is not None or gpu is None else gpu.all_in_w,
        board_w=gpu.tdp_w or 0.0 if gpu is not None else 0.0,
    )


def machine_gpus(inputs: Question, spec: InlineOption) -> int:
    """Return the GPUs of the machine described: of a whole one, those that the catalog knows."""
    assert spec.gpus is not None
    if spec.instance_gpus or spec.server_usd is None or spec.gpu is None:
        return spec.instance_gpus or spec.gpus
    name = find_gpu(inputs.catalog, spec.gpu)
    return inputs.catalog.hardware.accelerators[name].node_gpus


def life_months(inputs: Question) -> float:
    """Return for how long bought GPUs are kept [month]."""
    return float(np.asarray(inputs.settings.value("own.life_months")))


def _flag(purchase: Purchase, owned: OwnedGpu) -> str:
    life = f"; kept {life_name(owned.life_months)}, as its id says" if owned.life_months else ""
    return f"price seen: {purchase.seen}{life}"


def with_life(inputs: Question, seller: str | None, purchase: str | None) -> Question:
    """Return the question with the life that the id of a bought option names.

    Raises:
        DataError: The id names something else than months.
    """
    if seller is None or seller.lower() != OWN or purchase is None:
        return inputs
    months = life_of(purchase)
    if months is None:
        raise DataError(f"{purchase!r} is not a life of bought GPUs; write own:48m")
    path = "own.life_months"
    if months == inputs.settings.value(path):
        return inputs
    return replace(inputs, settings=inputs.settings.overridden(path, months, OPTION_ID))


def life_name(months: float) -> str:
    """Return how a life is written in an id.

    >>> life_name(48.0)
    '48m'
    """
    return f"{months:g}m"


def life_of(word: str) -> float | None:
    """Return the months that an id names; None for a word that is no life.

    >>> life_of("36m")
    36.0
    """
    number = word.removesuffix("m")
    try:
        months = float(number)
    except ValueError:
        return None
    return months if word.endswith("m") and 0 < months < np.inf else None


# Dedicated endpoints: GPUs that a host runs for one customer, paid by the hour.


def dedicated_entries(inputs: Question, selection: Selection) -> list[RentEntry]:
    """Return the endpoints of the day.

    Only GPUs by the hour: provisioned units have no price in the catalog, and endpoints that are
    sold for some models only are left out.
    """
    found = []
    for offer in inputs.catalog.prices.capacity:
        price = _price(offer, inputs)
        if price is None or offer.gpu is None or offer.models:
            continue
        if not_served(inputs, offer.provider):
            continue
        if not selection.sellers or offer.provider in selection.sellers:
            trust = capacity_trust(inputs.catalog, offer, price)
            found.append(_entry(offer, offer.gpu, price, trust))
    return found


def _price(offer: CapacityOffer, inputs: Question) -> CapacityPrice | None:
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


def hosts(inputs: Question) -> frozenset[str]:
    """Return who sells dedicated endpoints."""
    return frozenset(o.provider for o in inputs.catalog.prices.capacity if o.gpu is not None)
