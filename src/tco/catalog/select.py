"""Which offers a list is about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from tco.catalog.lookup import find_model, find_provider, price_at, retired
from tco.errors import UsageError, printable

if TYPE_CHECKING:
    from tco.catalog.load import Catalog
    from tco.catalog.prices import Offer

WEIGHTS = ("open", "closed")


def chosen(
    catalog: Catalog,
    on: date,
    models: Sequence[str] = (),
    providers: Sequence[str] = (),
    weights: str | None = None,
    *,
    gone: bool = False,
) -> Iterator[Offer]:
    """Return the offers of some models and providers.

    Args:
        catalog: The catalog.
        on: The day.
        models, providers: Names; none for all.
        weights: `open` or `closed`.
        gone: Whether offers without a price on the day count.

    Raises:
        UnknownNameError: A name that the catalog does not have.
        UsageError: Weights that are neither open nor closed.
    """
    if weights not in (None, *WEIGHTS):
        raise UsageError(f"--weights: {printable(str(weights), 40)!r} is neither open nor closed")
    wanted = {find_model(catalog, name) for name in models}
    sellers = {find_provider(catalog, name) for name in providers}
    for offer in catalog.prices.offers:
        model = catalog.models.models.get(offer.model)
        known = model.weights if model is not None else None
        named = (not wanted or offer.model in wanted) and (not sellers or offer.provider in sellers)
        there = price_at(offer, on, catalog.offers) is not None and not retired(offer, on)
        if named and weights in (None, known) and (gone or there):
            yield offer
