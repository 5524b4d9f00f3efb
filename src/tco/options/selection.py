"""Which options a request lets through: names resolved against the catalog, once."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from tco.catalog.lookup import find_gpu, find_model, find_provider
from tco.engine.shapes import precision
from tco.errors import UnknownNameError, UsageError, unknown_name
from tco.options.machines import DEDICATED, OWN
from tco.options.scenario import Scenario

if TYPE_CHECKING:
    from tco.catalog.hardware import Rental
    from tco.catalog.load import Catalog
    from tco.catalog.models import Model
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

    own: bool = True
    """Self-hosting is looked at: no provider was named, or one that also rents GPUs."""
    within: frozenset[str] = frozenset()
    """Models beyond which nothing is worked out, though nobody named them."""

    @property
    def narrowed(self) -> bool:
        """Return whether the user chose among models, so that no short list is needed."""
        return bool(self.models or self.providers) or self.min_score is not None

    def model(self, name: str, model: Model) -> bool:
        """Return whether a model passes by name, licence and score."""
        if self.models and name not in self.models:
            return False
        if self.within and name not in self.within:
            return False
        if self.licenses and model.license_kind not in self.licenses:
            return False
        return self.min_score is None or self._scores(model)

    def _scores(self, model: Model) -> bool:
        assert self.min_score is not None
        benchmark, least = self.min_score
        return any(s.benchmark == benchmark and s.value >= least for s in model.scores)

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
        "models": tuple(_model(catalog, m) for m in request.models),
        "providers": providers,
        "sellers": sellers,
        "gpus": tuple(find_gpu(catalog, g) for g in request.gpus),
        "tiers": tiers,
        "licenses": _among("licence", request.licenses, LICENSES),
        "purchases": _among("purchase option", request.purchases, PURCHASES) or ("on_demand",),
    }
    _check_score(catalog, request)
    once = {name: tuple(dict.fromkeys(names)) for name, names in named.items()}
    return Selection(**{**said, **once}, own=not request.providers or bool(sellers))


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


def _model(catalog: Catalog, name: str) -> str:
    """Return the model that `name` means; an offer's id, as screens show it, is told apart."""
    provider, slash, model = name.partition("/")
    if slash and name.lower() in catalog.offers:
        raise UnknownNameError(
            f"{name} is an option, not a model; write --provider {provider} --model {model}"
        )
    return find_model(catalog, name)


def _seller(catalog: Catalog, name: str) -> str:
    if name.lower() not in catalog.hardware.sellers:
        raise unknown_name("GPU seller", name, catalog.hardware.sellers)
    return name.lower()


def _among(kind: str, names: Names, known: Names) -> Names:
    for name in names:
        if name not in known:
            raise unknown_name(kind, name, known)
    return names


def _check_score(catalog: Catalog, request: Scenario) -> None:
    """Raise an error for a benchmark that nobody knows, or a score that no model has."""
    if request.min_score is None:
        return
    known = {s.benchmark for m in catalog.models.models.values() for s in m.scores}
    benchmark, least = request.min_score
    if benchmark not in known:
        raise unknown_name("benchmark", benchmark, known)
    models = catalog.models.models.values()
    values = [s.value for m in models for s in m.scores if s.benchmark == benchmark]
    if not min(values) / 10 <= least <= max(values) * 10:
        span = f"{min(values):g} to {max(values):g}"
        raise UsageError(f"--min-score: scores of {benchmark} run from {span}, not {least:g}")
