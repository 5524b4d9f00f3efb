"""Which options a request lets through: names resolved against the catalog, once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from tco.catalog.lookup import find_gpu, find_provider, model_class, quality, upper
from tco.engine.shapes import precision
from tco.errors import InfeasibleError, UsageError, unknown_name
from tco.options.machines import DEDICATED, OWN
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

if TYPE_CHECKING:
    from tco.catalog.hardware import Rental
    from tco.catalog.load import Catalog
    from tco.catalog.models import Classes, Model
    from tco.catalog.prices import Offer


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
    nobody = f"{bar.said}: nothing that was asked for reaches it"
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
