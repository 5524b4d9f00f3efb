"""Where something is served: what a place is called, and who is known to serve a region."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tco.catalog.lookup import rental_key, rents_at
from tco.catalog.trust import laid_over
from tco.errors import ALSO_CALLED, InfeasibleError, nearest, printable
from tco.options.prices import as_sold, at_provider

if TYPE_CHECKING:
    from tco.catalog.hardware import Rent, Rental
    from tco.catalog.load import Catalog
    from tco.catalog.prices import Offer, Price
    from tco.options.question import Question

ANYWHERE = "global"
"""The region of who does not mind where."""

_NO_PLACES = frozenset({ANYWHERE, "list", "regional"})
"""What sellers call a region that says nothing about where it is."""

_OUTSIDE_EU = re.compile(r"(eu-west-2|eu-central-2|europe-west[26]|uk.*|switzerland.*|norway.*)")

_PLACES = {
    "us": (
        r"us|usa|united states|us-[a-z]+-?\d*|(east|west|central|northcentral|southcentral)us\d?",
        r"nyc|virginia|california|texas|florida",
    ),
    "eu": (
        r"eu|europe|eu-.*|europe-.*|(west|north)europe|ams|amsterdam|the netherlands|nl",
        r"germany.*|de|france.*|fr|finland|fi|sweden.*|se|ireland|ie|spain.*|poland.*|italy.*",
    ),
    "ca": (r"canada.*|ca|tor|toronto|ca-.*|northamerica-.*",),
    "jp": (r"japan.*|jp|ap-northeast-[13]|asia-northeast[12]",),
    "au": (r"australia.*|au|ap-southeast-[24]",),
    "apac": (
        r"apac|ap-.*|asia.*|mumbai|india.*|in|south korea|kr|vietnam|vn|singapore|japan.*|jp",
    ),
}
"""What words of a place mean each region, in the lists of sellers."""


def places(text: str | None) -> frozenset[str]:
    """Return the regions that the place of a price names; of `global` and of nothing, none.

    >>> sorted(places("EU / US / Canada")), sorted(places("us-east-1"))
    (['ca', 'eu', 'us'], ['us'])
    >>> places("europe-west2"), places("global")  # London, and nobody knows
    (frozenset(), frozenset())
    """
    words = [word.strip() for word in re.split(r"[/,;]", (text or "").casefold())]
    return frozenset(region for word in words for region in _PLACES if _is_in(word, region))


def _is_in(word: str, region: str) -> bool:
    if region == "eu" and _OUTSIDE_EU.fullmatch(word):
        return False
    return any(re.fullmatch(pattern, word) for pattern in _PLACES[region])


def known_regions(catalog: Catalog) -> frozenset[str]:
    """Return every region that somebody is known to serve, and sellers' words for the others."""
    return frozenset(_regions(catalog))


def _regions(catalog: Catalog) -> Iterator[str]:
    prices = [price for offer in catalog.prices.offers for price in offer.prices]
    yield from (m.when.region for price in prices for m in price.modifiers if m.when.region)
    served = [s for provider in catalog.prices.providers.values() for s in provider.serves]
    served += [s for seller in catalog.hardware.sellers.values() for s in seller.serves]
    yield from (region for one in served for region in one.regions)
    yield from (r for provider in catalog.prices.providers.values() for r in provider.regions)
    places_of = {rent.region for rental in catalog.hardware.rentals for rent in rental.rents}
    yield from (region for text in places_of for region in places(text))


def check_region(catalog: Catalog, region: str | None) -> None:
    """Refuse a region that nobody is known to serve.

    Raises:
        InfeasibleError: With the regions that are served.
    """
    if region is None or region in (known := known_regions(catalog)):
        return
    there = sorted(known - _NO_PLACES)
    also = ALSO_CALLED["region"].get(region.strip().casefold())
    near = [also] if also in there else nearest(region, there)
    meant = f"did you mean {near[0]}? " if near else ""
    raise InfeasibleError(
        f"--region {printable(region)}: nobody is known to serve it; {meant}there are "
        f"{', '.join(there)}"
    )


def elsewhere(inputs: Question, offer: Offer, price: Price | None) -> tuple[str, ...]:
    """Return that an offer by the token is not known to serve the region asked for."""
    region = inputs.request.region
    if region in (None, ANYWHERE) or price is None:
        return ()
    catalog = inputs.catalog
    provider = catalog.prices.providers.get(offer.provider)
    if laid_over(catalog, "offers", offer.id) or serves(inputs, offer.provider):
        return ()
    if as_sold(at_provider(inputs.buying, provider), price.modifiers).region is not None:
        return ()
    return (_not_known(offer.provider, str(region)),)


def serves(inputs: Question, provider: str) -> bool:
    """Return whether a provider is known to serve the region asked for with all that it sells."""
    region = inputs.request.region
    known = inputs.catalog.prices.providers.get(provider)
    if region in (None, ANYWHERE):
        return True
    return known is not None and any(region in served.regions for served in known.serves)


def not_served(inputs: Question, provider: str) -> str:
    """Return that capacity of a provider is not known to be in the region; empty where it is."""
    region = str(inputs.request.region)
    known = inputs.catalog.prices.providers.get(provider)
    regional = known is not None and known.regions.get(region, "list") != "list"
    return "" if regional or serves(inputs, provider) else _not_known(provider, region)


def rented_there(inputs: Question, rental: Rental, rent: Rent) -> bool:
    """Return whether a rent is known to be of the region asked for.

    By the place that its price names; of a list that names none, by where its seller has GPUs.
    """
    region, catalog = inputs.request.region, inputs.catalog
    if region in (None, ANYWHERE) or laid_over(catalog, "rentals", *rental_key(rental)):
        return True
    named = places(rent.region)
    if named:
        return region in named
    return any(
        region in served.regions for served in catalog.hardware.sellers[rental.seller].serves
    )


def in_region(inputs: Question) -> str:
    """Return where, in words for the end of a phrase; empty where no region was asked for."""
    region = inputs.request.region
    return "" if region in (None, ANYWHERE) else f" in region {region}"


def region_notes(inputs: Question) -> tuple[str, ...]:
    """Return who is known to rent GPUs in the region asked for; nothing where none is."""
    region = inputs.request.region
    if region in (None, ANYWHERE):
        return ()
    rents = rents_at(inputs.catalog.hardware, inputs.day)
    there = sorted({r.seller for r, rent in rents if rented_there(inputs, r, rent)})
    names = f"those of {', '.join(there)}" if there else "none"
    return (f"rents known to be of region {region}: {names}; what you buy is where you put it",)


def _not_known(who: str, region: str) -> str:
    return f"{who} is not known to serve region {region}"
