"""Every set-up of own GPUs that the catalogs know, and why some models are left out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from tco.analysis.anchors import Correction
from tco.analysis.billing import billing_note
from tco.analysis.by_token import tokens_per_request
from tco.analysis.dedicated import dedicated_entries
from tco.analysis.inputs import Inputs
from tco.analysis.known import known
from tco.analysis.machines import FREE_EGRESS, Egress, check_horizon, commitment
from tco.analysis.options import LeftOut, SelfOption
from tco.analysis.owned import owned_entries
from tco.analysis.select import Selection
from tco.analysis.setups import (
    COUNTS,
    GpuEntry,
    ModelEntry,
    RentEntry,
    Search,
    Setup,
    grid,
    memory_use,
    search,
)
from tco.analysis.shapes import gpu_shape, lacking, model_shape
from tco.analysis.why import missing_figure, why_not
from tco.catalog.lookup import rents_at
from tco.catalog.trust import freshest_rents, rent_trust
from tco.engine.layout import precision
from tco.engine.replica import Replica

if TYPE_CHECKING:
    from tco.catalog.hardware import EgressPrice, Rent
    from tco.catalog.models import Model

SERVER_VENDORS = ("nvidia", "amd")
"""Vendors whose GPUs the capacity model was held against; others only when they are named."""

CONSUMER = "GeForce"
"""Cards whose licence keeps them out of data centres: only when they are named."""

OLDEST_SERVER_GPU = 2020
"""Launch year before which current engines no longer run well (no bf16); older when named."""


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
    tried = grid(entries, gpus, counts, memory_use(inputs.settings, inputs.serving))
    rents = rent_entries(inputs, selection)
    measured = known(inputs.catalog, [m.shape for m in entries], [g.id for g in gpus])
    found = search(tried, rents, inputs.settings, inputs.serving, measured, inputs.hours)
    return OwnSetups(inputs=inputs, found=found, models=tuple(entries), unsized=tuple(unsized))


def unsizable(model: Model, inputs: Inputs) -> tuple[str, ...]:
    """Return why a model is tried on no GPU at all; empty where it is tried."""
    if model.never or model.architecture is None or model.params_b is None:
        return (model.never or "its dimensions are not in the catalog",)
    need = tokens_per_request(inputs)
    if model.context_tokens and need > model.context_tokens:
        long = f"a request of {need:,.0f} tokens is longer than its context"
        return (f"{long} of {model.context_tokens:,}",)
    return ()


def _model_entry(
    name: str, model: Model, inputs: Inputs, selection: Selection
) -> ModelEntry | LeftOut:
    reasons = unsizable(model, inputs)
    shape = model_shape(model)
    if shape is None or reasons:
        return _left_out(name, reasons)
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


def no_gpu(inputs: Inputs, selection: Selection, model: str) -> str:
    """Return that no GPU can be looked at for a model, with the figure that is missing."""
    hardware = inputs.catalog.hardware
    told = [
        f"{name}: {missing_figure(name, missing)}"
        for name in selection.gpus
        if (missing := lacking(hardware.accelerators[name]))
    ]
    return "; ".join(told) or f"{model}: no GPU is looked at"


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
    seen_last = freshest_rents(rents, inputs.day)
    entries = [
        RentEntry(
            gpu=rental.gpu,
            seller=rental.seller,
            purchase="_".join(filter(None, (rental.option, rental.channel))),
            instance_gpus=rental.gpus,
            usd_per_gpu_hour=rent.usd_per_gpu_hour,
            source=rent.source,
            checked=rent.checked,
            trust=rent_trust(inputs.catalog, rental, rent, inputs.day, seen_last),
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
        speed_factors=near.factors,
        evidence=near.evidence,
        origin=rent.origin,
        source=rent.source,
        usd_per_gpu_hour=None if rent.owned else rent.usd_per_gpu_hour,
        owned=rent.owned,
        egress=rent.egress,
        checked=rent.checked,
        trust=rent.trust,
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
