"""Every way to serve a request that the catalogs know, and why some are left out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from tco.analysis.anchors import Correction
from tco.analysis.billing import billing_note
from tco.analysis.buying import missing
from tco.analysis.dedicated import dedicated_entries
from tco.analysis.inputs import DAYS_OF_A_MONTH, Inputs
from tco.analysis.known import known
from tco.analysis.machines import FREE_EGRESS, Egress, check_horizon, commitment
from tco.analysis.offers import days_of, terms_of, too_fast
from tco.analysis.options import Later, Option, SelfOption, Tier, TokenOption
from tco.analysis.owned import owned_entries
from tco.analysis.select import Selection
from tco.analysis.settings import image_tokens
from tco.analysis.setups import (
    COUNTS,
    GpuEntry,
    ModelEntry,
    RentEntry,
    Search,
    Setup,
    grid,
    search,
)
from tco.analysis.shapes import gpu_shape, model_shape
from tco.analysis.why import why_not
from tco.catalog.lookup import next_change, rents_at, retired
from tco.engine.layout import precision
from tco.engine.replica import Replica

if TYPE_CHECKING:
    from tco.catalog.hardware import EgressPrice, Rent
    from tco.catalog.models import Model
    from tco.catalog.prices import Offer, Price, Rates

SERVER_VENDORS = ("nvidia", "amd")
"""Vendors whose GPUs the capacity model was held against; others only when they are named."""

CHANGE_WITHIN_DAYS = 90
"""A scheduled price that begins within so many days is told."""

CONSUMER = "GeForce"
"""Cards whose licence keeps them out of data centres: only when they are named."""

OLDEST_SERVER_GPU = 2020
"""Launch year before which current engines no longer run well (no bf16); older when named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """An option that was asked for and cannot be had, and why."""

    id: str
    tier: Tier
    model: str
    provider: str
    reasons: tuple[str, ...]


def token_options(inputs: Inputs, selection: Selection) -> tuple[list[TokenOption], list[LeftOut]]:
    """Return the priced offers that the selection lets through, and those without a price."""
    found: list[TokenOption] = []
    missing: list[LeftOut] = []
    for offer in inputs.catalog.prices.offers:
        model = inputs.catalog.models.models[offer.model]
        if model.kind != "chat" or not selection.offer(offer, model):
            continue
        made = token_option(inputs, offer)
        if isinstance(made, TokenOption):
            found.append(made)
        elif selection.named(offer):
            missing.append(made)
    return found, missing


def token_option(inputs: Inputs, offer: Offer) -> TokenOption | LeftOut:
    """Return an offer at its price of the day, or why it has none."""
    model = inputs.catalog.models.models[offer.model]
    tier: Tier = "hosted" if model.weights == "open" else "api"
    month = days_of(offer, inputs)
    price = month[0][1]
    reasons = _why_no_price(offer, inputs) if price is None else _refused(offer, model, inputs)
    reasons = reasons or _ends(month)
    if price is None or reasons or price.usd_per_mtok.output is None:
        return LeftOut(
            id=offer.id,
            tier=tier,
            model=offer.model,
            provider=offer.provider,
            reasons=reasons or ("no price for output tokens in the catalog",),
        )
    return TokenOption(
        id=offer.id,
        tier=tier,
        model=offer.model,
        provider=offer.provider,
        rates=_rates(offer, price, inputs),
        modifiers=list(price.modifiers),
        origin="catalog",
        source=price.evidence[0].source,
        checked=price.checked,
        later=tuple(
            Later(share=share, rates=_rates(offer, p, inputs), modifiers=list(p.modifiers))
            for share, p in month[1:]
            if p is not None
        ),
        terms=terms_of(offer),
        buying=inputs.buying,
        tokens_factor=inputs.tokens_factor(offer.model),
        notes=(
            *_notes(offer, inputs),
            *missing(inputs.buying, price.modifiers),
            *_batch_cache(price, inputs),
        ),
    )


def _refused(offer: Offer, model: Model, inputs: Inputs) -> tuple[str, ...]:
    """Return why an offer does not answer this workload: its context, or its rate limits."""
    return _too_long(offer, model, inputs) or too_fast(offer, inputs)


def has_price(inputs: Inputs, offer: Offer) -> bool:
    """Return whether an offer can be bought, on the day or all of the month that is asked about."""
    return all(price is not None for _, price in days_of(offer, inputs))


def _ends(month: list[tuple[float, Price | None]]) -> tuple[str, ...]:
    """Return that an offer does not last for the month that is asked about."""
    days = sum(share for share, price in month if price is not None) * DAYS_OF_A_MONTH
    if all(price is not None for _, price in month):
        return ()
    return (f"it has a price on {days:.0f} of the month's {DAYS_OF_A_MONTH} days only",)


def _batch_cache(price: Price, inputs: Inputs) -> tuple[str, ...]:
    """Return that batches pay for cached input as for other, when the load has any of both."""
    batch = float(np.asarray(inputs.settings.value("workload.batch_share")))
    tier = next((m.usd_per_mtok for m in price.modifiers if m.when.service == "batch"), None)
    if not batch or not _cached(inputs) or price.usd_per_mtok.cached_input is None:
        return ()
    if tier is None or tier.cached_input is not None:
        return ()
    return ("no price of cached input in batches: as other input",)


def _why_no_price(offer: Offer, inputs: Inputs) -> tuple[str, ...]:
    if offer.gone:
        return (f"no price any more: {offer.gone}",)
    if retired(offer, inputs.day):
        return (f"retired on {offer.retires}",)
    first = min((p.since for p in offer.prices), default=None)
    if first and inputs.day < first:
        return (f"no price on {inputs.day}: the first known one is of {first}",)
    return (f"no price on {inputs.day} in the catalog",)


def _too_long(offer: Offer, model: Model, inputs: Inputs) -> tuple[str, ...]:
    need, limit = _tokens_per_request(inputs), offer.context_tokens or model.context_tokens
    if limit and need > limit:
        return (f"a request of {need:,.0f} tokens is longer than its context of {limit:,}",)
    osl, most = float(inputs.settings.value("workload.osl")), offer.max_output_tokens
    if most and osl > most:
        return (f"an output of {osl:,.0f} tokens is longer than the {most:,} it gives",)
    return ()


def _rates(offer: Offer, price: Price, inputs: Inputs) -> Rates:
    """Return the rates of a price; requests too short to be cached have no cache price."""
    short = _isl(inputs) < (offer.cache_min_tokens or 0)
    if not short or price.usd_per_mtok.cached_input is None:
        return price.usd_per_mtok
    return price.usd_per_mtok.model_copy(update={"cached_input": None})


def _tokens_per_request(inputs: Inputs) -> float:
    return _isl(inputs) + float(inputs.settings.value("workload.osl"))


def _isl(inputs: Inputs) -> float:
    """Return the input of a request, images included [token/request]."""
    return float(np.asarray(inputs.settings.value("workload.isl") + image_tokens(inputs.settings)))


def _notes(offer: Offer, inputs: Inputs) -> tuple[str, ...]:
    notes = []
    if offer.retires and offer.retires > inputs.day:
        notes.append(f"retires {offer.retires}")
    if offer.discount is not None:
        notes.append(f"{offer.discount.multiply:g} x {offer.discount.of}")
    if offer.doubt:
        notes.append(f"doubtful: {offer.doubt}")
    if offer.cache_min_tokens and _isl(inputs) < offer.cache_min_tokens and _cached(inputs):
        notes.append(f"caches nothing below {offer.cache_min_tokens:,} tokens")
    return (*notes, *_coming(offer, inputs))


def _cached(inputs: Inputs) -> bool:
    return float(inputs.settings.value("workload.cached_share")) > 0.0


def _coming(offer: Offer, inputs: Inputs) -> tuple[str, ...]:
    """Return the next change of the price, when it lies within the horizon."""
    change = next_change(offer, inputs.day, inputs.catalog.offers)
    if change is None or (change[0] - inputs.day).days > CHANGE_WITHIN_DAYS or change[1] is None:
        return ()
    rates = change[1].usd_per_mtok
    return (f"from {change[0]} {rates.input:g} in and {rates.output or 0:g} out per Mtok",)


@dataclass(frozen=True)
class OwnSetups:
    """The self-hosted side: what was tried, what is feasible, and an option for any of it."""

    inputs: Inputs
    found: Search
    models: tuple[ModelEntry, ...]
    unsized: tuple[LeftOut, ...]
    """Open models whose dimensions the catalog does not have."""

    def option(self, pair: int) -> SelfOption:
        """Return the option of one feasible pair of set-up and rent."""
        row = int(self.found.pair_setup[pair])
        rent = self.found.rents[int(self.found.pair_rent[pair])]
        near = self.found.correction(row, self.inputs.serving)
        return rented(self.inputs, self.found.grid.setup(row), rent, near)

    def replica(self, pair: int) -> Replica:
        """Return what one replica of a feasible pair sustains."""
        return self.found.replica_at(int(self.found.pair_setup[pair]))

    @cached_property
    def infeasible(self) -> tuple[LeftOut, ...]:
        """Return the models that no set-up can serve, each with the reason."""
        out = []
        for model in self.models:
            reasons = why_not(self.found, model, self.inputs.settings)
            if reasons:
                out.append(_left_out(model.id, reasons))
        return tuple(out)


def _left_out(model: str, reasons: tuple[str, ...]) -> LeftOut:
    return LeftOut(id=f"self/{model}", tier="self", model=model, provider="self", reasons=reasons)


def own_setups(inputs: Inputs, selection: Selection, counts: tuple[int, ...] = ()) -> OwnSetups:
    """Return every self-hosted set-up that the selection lets through, sized and priced.

    Args:
        inputs: The question.
        selection: Its filters.
        counts: GPUs of a replica to try, instead of the usual ones [1].
    """
    entries: list[ModelEntry] = []
    unsized: list[LeftOut] = []
    for name, model in inputs.catalog.models.models.items():
        if model.weights != "open" or model.kind != "chat" or not selection.own_model(name, model):
            continue
        if model.released and model.released > inputs.day:
            continue
        entry = _model_entry(name, model, inputs, selection)
        if isinstance(entry, ModelEntry):
            entries.append(entry)
        else:
            unsized.append(entry)
    gpus = gpu_entries(inputs, selection)
    counts = counts or ((selection.gpu_count,) if selection.gpu_count else COUNTS)
    kv_bytes = float(inputs.settings.value("serving.kv_bytes"))
    tried = grid(entries, gpus, counts, kv_bytes)
    rents = rent_entries(inputs, selection)
    measured = known(inputs.catalog, [m.shape for m in entries], [g.id for g in gpus])
    found = search(tried, rents, inputs.settings, inputs.serving, measured, inputs.hours)
    return OwnSetups(inputs=inputs, found=found, models=tuple(entries), unsized=tuple(unsized))


def _model_entry(
    name: str, model: Model, inputs: Inputs, selection: Selection
) -> ModelEntry | LeftOut:
    shape = model_shape(model)
    if model.never or shape is None:
        return _left_out(name, (model.never or "its dimensions are not in the catalog",))
    need = _tokens_per_request(inputs)
    if model.context_tokens and need > model.context_tokens:
        long = f"a request of {need:,.0f} tokens is longer than its context"
        return _left_out(name, (f"{long} of {model.context_tokens:,}",))
    return ModelEntry(
        id=name,
        shape=shape,
        native=model.native_precision or "bf16",
        precisions=tuple(p for p in selection.precisions if precision(p)),
    )


def gpu_entries(inputs: Inputs, selection: Selection) -> list[GpuEntry]:
    """Return the GPUs that are looked at: those named, or the usual ones of data centres."""
    entries = []
    for name, gpu in inputs.catalog.hardware.accelerators.items():
        usual = gpu.vendor in SERVER_VENDORS and gpu.launch_year >= OLDEST_SERVER_GPU
        usual = usual and CONSUMER not in gpu.name
        if not (name in selection.gpus if selection.gpus else usual):
            continue
        shape = gpu_shape(inputs.catalog.hardware, gpu)
        if shape is not None:
            entries.append(GpuEntry(id=name, shape=shape, node_gpus=gpu.node_gpus))
    return entries


def rent_entries(inputs: Inputs, selection: Selection) -> list[RentEntry]:
    """Return the rents of the day that the selection lets through, and bought GPUs if asked."""
    sellers = inputs.catalog.hardware.sellers
    rents = rents_at(inputs.catalog.hardware, inputs.day)
    freshest = max((rent.checked for _, rent in rents), default=inputs.day)
    limit = float(np.asarray(inputs.settings.value("rent.oldest_days")))

    def picked(rent: Rent) -> bool:
        """Return whether a rent may be picked though nobody named its seller."""
        return not rent.only_if_named and (freshest - rent.checked).days <= limit

    check_horizon(inputs.request.purchases, inputs.settings)
    entries = [
        RentEntry(
            gpu=rental.gpu,
            seller=rental.seller,
            purchase="_".join(filter(None, (rental.option, rental.channel))),
            instance_gpus=rental.gpus,
            usd_per_gpu_hour=rent.usd_per_gpu_hour,
            source=rent.source,
            checked=rent.checked,
            flag=rent.flag,
            egress=_egress(sellers[rental.seller].egress),
            billing_step_s=sellers[rental.seller].billing_step_s,
        )
        for rental, rent in rents
        if selection.rental(rental, sellers[rental.seller].kind)
        and (picked(rent) or rental.seller in selection.sellers)
    ]
    bought = owned_entries(inputs, selection)
    return [*entries, *bought, *dedicated_entries(inputs, selection)]


def _egress(price: EgressPrice | None) -> Egress:
    return (
        FREE_EGRESS if price is None else Egress(usd_per_gb=price.usd_per_gb, source=price.source)
    )


def rented(inputs: Inputs, setup: Setup, rent: RentEntry, near: Correction) -> SelfOption:
    """Return the option of a set-up on some GPUs, corrected by the measurements `near` it."""
    return SelfOption(
        id=setup_id(setup, rent.seller, rent.purchase),
        model=setup.model.id,
        gpu=setup.gpu.id,
        gpus=setup.gpus,
        precision=setup.precision,
        seller=rent.seller,
        purchase=rent.purchase,
        shape=setup.model.shape,
        gpu_shape=setup.gpu.shape,
        layout=setup.layout,
        profile=inputs.serving,
        instance_gpus=rent.instance_gpus,
        band=near.band,
        speed_factor=near.factor,
        evidence=near.evidence,
        origin=rent.origin,
        source=rent.source,
        usd_per_gpu_hour=None if rent.owned else rent.usd_per_gpu_hour,
        owned=rent.owned,
        egress=rent.egress,
        checked=rent.checked,
        hours=inputs.hours,
        billing_step_s=rent.billing_step_s,
        notes=tuple(
            note
            for note in (
                rent.flag,
                commitment(rent.purchase),
                billing_note(rent, inputs.hours),
            )
            if note
        ),
    )


def setup_id(setup: Setup, seller: str, purchase: str) -> str:
    """Return `self/MODEL@COUNTxGPU:PRECISION/SELLER:PURCHASE`."""
    machines = f"{setup.gpus}x{setup.gpu.id}:{setup.precision}"
    return f"self/{setup.model.id}@{machines}/{seller}:{purchase}"


__all__ = ["LeftOut", "Option", "OwnSetups", "own_setups", "token_options"]
