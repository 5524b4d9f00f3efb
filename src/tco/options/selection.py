"""Which options a request lets through: names resolved against the catalog, once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING

from tco.catalog.lookup import (
    find_gpu,
    find_provider,
    model_class,
    quality,
    rental_key,
    rents_at,
    upper,
)
from tco.catalog.trust import laid_over
from tco.engine.shapes import precision
from tco.errors import (
    ALSO_CALLED,
    InfeasibleError,
    UsageError,
    nearest,
    printable,
    unknown_name,
)
from tco.options.machines import DEDICATED, OWN
from tco.options.prices import as_sold, at_provider
from tco.options.quality import (
    CLASSES,
    NEAREST,
    Bar,
    SuccessRates,
    bars_of,
    model_named,
    score_words,
    success_rates,
)
from tco.options.scenario import Scenario
from tco.records import dataclass

if TYPE_CHECKING:
    from tco.catalog.hardware import Rent, Rental
    from tco.catalog.load import Catalog
    from tco.catalog.models import Classes, Model
    from tco.catalog.prices import Offer, Price
    from tco.options.question import Question


Names = tuple[str, ...]

TIERS = ("api", "hosted", "self")
PURCHASES = ("on_demand", "spot", "reserved_1y", "reserved_3y", OWN, DEDICATED)
LICENSES = ("permissive", "community", "research", "proprietary", "unknown")
PRECISION_NAMES = (
    *("bf16", "fp16", "fp8", "mxfp8", "int8", "fp4", "nvfp4", "mxfp4"),
    *("int4", "awq", "q4_k_m"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection(Scenario):
    """A scenario whose filters name ids of the catalog; an empty one lets everything through."""

    bars: tuple[Bar, ...] = ()
    limits: Classes | None = None
    """The scores between the classes."""
    rates: SuccessRates | None = None
    """How often models are right; None where nobody said."""
    own: bool = True
    """Self-hosting is looked at: no provider was named, or one that also rents GPUs."""
    within: frozenset[str] = frozenset()
    """Models beyond which nothing is worked out, though nobody named them."""

    @property
    def narrowed(self) -> bool:
        """Return whether the user chose among models, so that no short list is needed."""
        return bool(self.models or self.providers or self.graded)

    @property
    def graded(self) -> bool:
        """Return whether the user chose among models by how good they are."""
        return bool(self.bars or self.classes)

    def model(self, name: str, model: Model) -> bool:
        """Return whether a model passes by name, licence, score and class."""
        if self.models and name not in self.models:
            return False
        if self.within and name not in self.within:
            return False
        if self.licenses and model.license_kind not in self.licenses:
            return False
        if self.classes and model_class(model, self.limits) not in self.classes:
            return False
        if self.rates is not None and self.rates.of(name) is None:
            return False
        return all(bar.reached(model) for bar in self.bars)

    def by_the_token(self, model: Model) -> bool:
        """Return whether the model may be paid for by the token."""
        return not self.tiers or token_tier(model) in self.tiers

    def offer(self, offer: Offer, model: Model) -> bool:
        """Return whether a token-priced offer passes."""
        if not self.by_the_token(model):
            return False
        if self.providers and offer.provider not in self.providers:
            return False
        return self.model(offer.model, model)

    def named(self, offer: Offer) -> bool:
        """Return whether the user named the model, so that its absence needs a reason."""
        return offer.model in self.models

    def own_model(self, name: str, model: Model) -> bool:
        """Return whether a model may be self-hosted under the filters."""
        return self.own_gpus and self.model(name, model)

    @property
    def own_gpus(self) -> bool:
        """Return whether anything on own GPUs is looked at."""
        return self.own and (not self.tiers or "self" in self.tiers)

    @property
    def buys(self) -> bool:
        """Return whether GPUs that are bought are looked at."""
        return OWN in self.purchases and (not self.sellers or OWN in self.sellers)

    def rental(self, rental: Rental, seller_kind: str) -> bool:
        """Return whether a rental offer passes."""
        if rental.option not in self.purchases:
            return False
        if self.sellers and rental.seller not in self.sellers:
            return False
        risky = seller_kind == "marketplace" or rental.channel == "community"
        return self.marketplaces or bool(self.sellers) or not risky


def token_tier(model: Model) -> str:
    """Return the tier of a model that is paid for by the token."""
    return "hosted" if model.weights == "open" else "api"


def select(catalog: Catalog, request: Scenario) -> Selection:
    """Return the filters of a request.

    Raises:
        UnknownNameError: A name that the catalog does not have, with the nearest ones.
        UsageError: A tier, purchase option or licence that does not exist.
        InfeasibleError: No model is as good as was asked for, or none in a class; the nearest are
            named.
    """
    tiers = _among("tier", request.tiers, TIERS)
    if request.private:
        if tiers and "self" not in tiers:
            raise UsageError("--private keeps data on your own machines: it needs --tier self")
        if DEDICATED in request.purchases:
            raise UsageError("--private keeps data on your own machines: no dedicated endpoints")
        tiers = ("self",)
    for name in request.precisions:
        if precision(name) is None:
            raise unknown_name("precision", name, PRECISION_NAMES)
    providers, sellers = _companies(catalog, request.providers)
    sellers = (*sellers, *(_seller(catalog, s) for s in request.sellers))
    said = {field.name: getattr(request, field.name) for field in fields(Scenario)}
    named = {
        "models": tuple(model_named(catalog, m) for m in request.models),
        "providers": providers,
        "sellers": sellers,
        "gpus": tuple(find_gpu(catalog, g) for g in request.gpus),
        "tiers": tiers,
        "classes": _among("class", request.classes, CLASSES),
        "licenses": _among("licence", request.licenses, LICENSES),
        "purchases": _among("purchase option", request.purchases, PURCHASES) or ("on_demand",),
    }
    once = {name: tuple(dict.fromkeys(names)) for name, names in named.items()}
    selection = Selection(
        **{**said, **once},
        own=not request.providers or bool(sellers),
        bars=bars_of(catalog, request),
        limits=catalog.models.classes,
        rates=success_rates(catalog, request),
    )
    if not request.options:  # what the user described is looked at anyhow
        _somebody(catalog, selection)
    return selection


def _companies(catalog: Catalog, names: Names) -> tuple[Names, Names]:
    """Return the named companies as sellers of tokens and as sellers of GPU-hours."""
    sellers = tuple(n.lower() for n in names if n.lower() in catalog.hardware.sellers)
    tokens = tuple(
        find_provider(catalog, n)
        for n in names
        if n.lower() not in sellers or n.lower() in catalog.prices.providers
    )
    # A company that only rents GPUs must not let every provider of tokens through.
    return tokens or (sellers and ("none",)), sellers


def _seller(catalog: Catalog, name: str) -> str:
    if name.lower() not in catalog.hardware.sellers:
        raise unknown_name("GPU seller", name, catalog.hardware.sellers)
    return name.lower()


def _among(kind: str, names: Names, known: Names) -> Names:
    for name in names:
        if name not in known:
            raise unknown_name(kind, name, known)
    return names


def _somebody(catalog: Catalog, selection: Selection) -> None:
    """Raise `InfeasibleError` where nothing that was asked for is good enough, or in a class."""
    if not selection.graded and selection.rates is None:
        return
    anyhow = replace(selection, bars=(), classes=(), rates=None)
    sold = {o.model for o in catalog.prices.offers if o.provider in selection.providers}
    found = {
        name: model
        for name, model in catalog.models.models.items()
        if model.kind == "chat"
        and anyhow.model(name, model)
        and (not selection.tiers or {*selection.tiers} & {token_tier(model), _own_tier(model)})
        and (not selection.providers or name in sold or selection.own)
    }
    if not found or any(selection.model(name, model) for name, model in found.items()):
        return
    above = {n: m for n, m in found.items() if all(bar.reached(m) for bar in selection.bars)}
    if not above:
        raise _too_good(found, selection)
    within = replace(selection, rates=None)
    if not any(within.model(name, model) for name, model in above.items()):
        raise _empty_class(above, selection)
    raise _unrated(above, selection)


def _own_tier(model: Model) -> str:
    return "self" if model.weights == "open" else ""


def _too_good(found: Mapping[str, Model], selection: Selection) -> InfeasibleError:
    """Return the error for a score that no model reaches: those that come nearest."""
    bar = max(selection.bars, key=lambda b: b.least)
    scores = {n: s for n, m in found.items() if (s := quality(m, bar.benchmark)) is not None}
    best = sorted(scores, key=lambda n: (-upper(scores[n]), n))[:NEAREST]
    told = ", ".join(f"{n} ({score_words(scores[n])})" for n in best)
    nobody = f"{bar.words}: nothing that was asked for reaches it"
    return InfeasibleError(f"{nobody}; the nearest: {told or 'none of it has a score'}")


def _empty_class(found: Mapping[str, Model], selection: Selection) -> InfeasibleError:
    """Return the error for a class that nobody is in: models of the class next to it."""
    wanted = [CLASSES.index(c) for c in CLASSES if c in selection.classes]
    classes = {n: model_class(m, selection.limits) for n, m in found.items()}
    known = {c for c in classes.values() if c in CLASSES}
    order = sorted(known, key=lambda c: min(abs(CLASSES.index(c) - w) for w in wanted))
    names = " or ".join(CLASSES[w] for w in wanted)
    nobody = f"--class: no {names} model is among what was asked for"
    if not order:
        return InfeasibleError(f"{nobody}; the class of none of it is known")
    near = sorted((n for n in found if classes[n] == order[0]), key=lambda n: _by_score(found[n]))
    return InfeasibleError(f"{nobody}; the nearest are {order[0]}: {', '.join(near[:NEAREST])}")


def _unrated(found: Mapping[str, Model], selection: Selection) -> InfeasibleError:
    """Return the error where nobody said how often anything that was asked for is right."""
    name = min(found, key=lambda n: _by_score(found[n]))
    class_ = model_class(found[name], selection.limits)
    return InfeasibleError(
        f"--success says of nothing that was asked for how often it is right; "
        f"--success {name if class_ == 'unknown' else class_}=90% would"
    )


def _by_score(model: Model) -> tuple[float, str]:
    score = quality(model)
    return (0.0 if score is None else -score.value), model.name


# Where something is served: what a place is called, and who is known to serve a region.

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
