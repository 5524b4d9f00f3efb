"""The record that a typed name means, whatever it is, as `tco catalog show` prints it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import TYPE_CHECKING

from tco.catalog import summary
from tco.catalog.lookup import (
    find_gpu,
    find_model,
    find_offer,
    find_offers,
    find_provider,
    find_seller,
)
from tco.catalog.summary import CatalogRecord, Fact
from tco.errors import UnknownNameError, printable, unknown_name

if TYPE_CHECKING:
    from tco.catalog.load import Catalog

Show = Callable[["Catalog", str, date], CatalogRecord]


def record(catalog: Catalog, name: str, on: date) -> CatalogRecord:
    """Return the model, GPU, provider, seller of GPU hours or offer that a name means.

    Raises:
        UnknownNameError: Nothing is called that; the nearest names of all kinds are given.
    """
    kinds: tuple[Show, ...] = (_offer,) if "/" in name else (_model, _gpu, _provider, _seller)
    vague: UnknownNameError | None = None
    for show in kinds:
        try:
            return show(catalog, name, on)
        except UnknownNameError as error:
            if "could be any of" in str(error):
                vague = vague or error
            elif "/" in name:
                raise
    if vague is not None:
        raise vague
    known = [
        *catalog.models.models,
        *catalog.hardware.accelerators,
        *catalog.prices.providers,
        *catalog.hardware.sellers,
    ]
    raise unknown_name("model, GPU, provider or offer", name, known)


def _model(catalog: Catalog, name: str, on: date) -> CatalogRecord:
    found = find_model(catalog, name)
    model = catalog.models.models[found]
    offers = summary.listed(catalog, find_offers(catalog, model=found), on).offers
    return CatalogRecord(
        kind="model",
        id=found,
        name=model.name,
        as_of=on.isoformat(),
        origin=catalog.origin("models", found),
        facts=tuple(summary.facts(model, ("name", "scores", "sources"))) + _scores(catalog, found),
        offers=offers,
        sources=_sources(catalog, "models", [*model.sources, *(s.source for s in model.scores)]),
    )


def _scores(catalog: Catalog, model: str) -> tuple[Fact, ...]:
    scores = catalog.models.models[model].scores
    return tuple(
        Fact(name=f"score {s.benchmark}", value=f"{s.value:g}", source=s.source) for s in scores
    )


def _gpu(catalog: Catalog, name: str, on: date) -> CatalogRecord:
    found = find_gpu(catalog, name)
    gpu = catalog.hardware.accelerators[found]
    rents = summary.rent_rows(catalog, on, gpu=found)
    used = [*gpu.sources, *(row.source for row in rents)]
    if gpu.purchase is not None:
        used += [gpu.purchase.source, *gpu.purchase.also]
    return CatalogRecord(
        kind="gpu",
        id=found,
        name=gpu.name,
        as_of=on.isoformat(),
        origin=catalog.origin("accelerators", found),
        facts=tuple(summary.facts(gpu, ("name", "sources"))),
        rents=tuple(rents),
        sources=_sources(catalog, "accelerators", used),
    )


def _provider(catalog: Catalog, name: str, on: date) -> CatalogRecord:
    found = find_provider(catalog, name)
    provider = catalog.prices.providers[found]
    return CatalogRecord(
        kind="provider",
        id=found,
        name=provider.name,
        as_of=on.isoformat(),
        origin=catalog.origin("providers", found),
        facts=tuple(summary.facts(provider, ("name",))),
        offers=summary.listed(catalog, find_offers(catalog, provider=found), on).offers,
    )


def _seller(catalog: Catalog, name: str, on: date) -> CatalogRecord:
    found = find_seller(catalog, name)
    seller = catalog.hardware.sellers[found]
    rents = summary.rent_rows(catalog, on, seller=found)
    return CatalogRecord(
        kind="seller",
        id=found,
        name=seller.name,
        as_of=on.isoformat(),
        origin=catalog.origin("sellers", found),
        facts=tuple(summary.facts(seller, ("name",))),
        rents=tuple(rents),
        sources=_sources(catalog, "rentals", [row.source for row in rents]),
    )


def _offer(catalog: Catalog, name: str, on: date) -> CatalogRecord:
    offer = find_offer(catalog, name)
    own = [
        row for row in summary.history(catalog, offer.model, on).windows if row.offer == offer.id
    ]
    named = [e.source for p in offer.prices for e in p.evidence]
    if offer.discount is not None:
        named += [e.source for e in offer.discount.evidence]
    model = catalog.models.models.get(offer.model)
    return CatalogRecord(
        kind="offer",
        id=offer.id,
        name=f"{model.name if model is not None else offer.model} at {offer.provider}",
        as_of=on.isoformat(),
        origin=catalog.origin("offers", offer.id),
        facts=tuple(summary.facts(offer, ("prices", "provider", "model", "id"))),
        offers=(summary.offer_row(catalog, offer, on),),
        windows=tuple(own),
        sources=_sources(catalog, "offers", named),
    )


def _sources(catalog: Catalog, section: str, names: Iterable[str]) -> tuple[Fact, ...]:
    """Return title, address and day of each source once, in the order in which they are named."""
    found = []
    for name in dict.fromkeys(names):
        source = catalog.source(section, name)
        place = source.url or source.where or ""
        text = f"{source.title}, read {source.read}{f': {place}' if place else ''}"
        found.append(Fact(name=name, value=printable(text, 300), source=source.kind))
    return tuple(found)
