"""Which options a request lets through: names resolved against the catalog, once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from math import inf
from typing import TYPE_CHECKING

from tco.catalog.lookup import (
    BENCHMARK,
    SHORT_NAMES,
    ModelClass,
    find_gpu,
    find_model,
    find_provider,
    model_class,
    quality,
    upper,
)
from tco.engine.shapes import precision
from tco.errors import InfeasibleError, UnknownNameError, UsageError, nearest, unknown_name
from tco.options.machines import DEDICATED, OWN
from tco.options.scenario import Scenario
from tco.units import show_score

if TYPE_CHECKING:
    from tco.catalog.hardware import Rental
    from tco.catalog.load import Catalog
    from tco.catalog.models import Classes, Model, Score
    from tco.catalog.prices import Offer


Names = tuple[str, ...]

TIERS = ("api", "hosted", "self")
PURCHASES = ("on_demand", "spot", "reserved_1y", "reserved_3y", OWN, DEDICATED)
LICENSES = ("permissive", "community", "research", "proprietary", "unknown")
PRECISION_NAMES = (
    *("bf16", "fp16", "fp8", "mxfp8", "int8", "fp4", "nvfp4", "mxfp4"),
    *("int4", "awq", "q4_k_m"),
)


CLASSES: tuple[ModelClass, ...] = ("small", "mid", "flagship")
"""The classes that can be asked for, each dearer than the one before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A score that a model has to reach: its interval does, or its value where it has none.

    Args:
        said: What asks for it, as the user said it.
    """

    benchmark: str
    least: float
    said: str

    def reached(self, model: Model) -> bool:
        """Return whether a model counts; one without a score does not."""
        score = quality(model, self.benchmark)
        return score is not None and upper(score) >= self.least


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection(Scenario):
    """A scenario whose filters name ids of the catalog; an empty one lets everything through."""

    bars: tuple[Bar, ...] = ()
    limits: Classes | None = None
    """The scores between the classes."""
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
        "models": tuple(_model(catalog, m) for m in request.models),
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
    )
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


# How good a model has to be: a score that its interval reaches, or the score of another model.


def benchmark_of(request: Scenario) -> str:
    """Return the benchmark that models are held against: that of a lowest score, or the usual."""
    said = BENCHMARK if request.min_score is None else request.min_score[0]
    return SHORT_NAMES.get(said, said)


def bars_of(catalog: Catalog, request: Scenario) -> tuple[Bar, ...]:
    """Return the scores that a model has to reach: as said, and that of another model.

    Raises:
        UnknownNameError: No model has a score on the benchmark.
        UsageError: A score of another scale than the benchmark's.
        InfeasibleError: Nobody has measured the other model.
    """
    benchmark = benchmark_of(request)
    bars = []
    if request.min_score is not None:
        least = request.min_score[1]
        _in_range(catalog, benchmark, least)
        said = f"--min-score {benchmark}={show_score(least)}"
        bars.append(Bar(benchmark=benchmark, least=least, said=said))
    if request.as_good_as is not None:
        name = _model(catalog, request.as_good_as)
        score = quality(catalog.models.models[name], benchmark)
        if score is None:
            raise _without_score(catalog, name, benchmark)
        said = f"--as-good-as {name} ({show_score(score.value)})"
        bars.append(Bar(benchmark=benchmark, least=score.value, said=said))
    return tuple(bars)


def _in_range(catalog: Catalog, benchmark: str, least: float) -> None:
    """Raise for a benchmark that nobody has a score on, and for a score of another scale."""
    scores = [s for m in catalog.models.models.values() for s in m.scores]
    values = [s.value for s in scores if s.benchmark == benchmark]
    if not values:
        raise unknown_name("benchmark", benchmark, {*SHORT_NAMES, *(s.benchmark for s in scores)})
    if not min(values) / 10 <= least <= max(values) * 10:
        span = f"{min(values):g} to {max(values):g}"
        raise UsageError(f"--min-score: scores of {benchmark} run from {span}, not {least:g}")


NEAREST = 3
"""Models that a sentence names."""


def _without_score(catalog: Catalog, name: str, benchmark: str) -> InfeasibleError:
    """Return the error for a model that nobody has measured: the nearest that have been.

    Those of its maker whose names are most like its own, then those of its kind and about its size.
    """
    models = catalog.models.models
    scored = {n: score for n, m in models.items() if (score := quality(m, benchmark)) is not None}
    family = [n for n in scored if models[n].org == models[name].org]
    editions = [n for n in family if n.startswith(f"{name}-") and n[len(name) + 1 :][:1].isdigit()]
    near = [*sorted(editions), *(n for n in nearest(name, family, NEAREST) if n not in editions)]
    limits = catalog.models.classes
    others = sorted(scored, key=lambda n: (_unlike(models[name], models[n], limits), n))
    found = [*near, *(n for n in others if n not in near)][:NEAREST]
    told = ", ".join(f"{n} ({show_score(scored[n].value)})" for n in found)
    nobody = f"--as-good-as: {name} has no {benchmark} score"
    return InfeasibleError(f"{nobody}; the nearest that have one: {told or 'nobody has'}")


def _unlike(one: Model, other: Model, limits: Classes | None) -> tuple[bool, float]:
    """Return how unlike two models are: by their kind and class, then by their size."""
    alike = one.weights == other.weights
    if one.params_b is not None and other.params_b is not None:
        a, b = one.params_b.total, other.params_b.total
        return not alike, max(a, b) / min(a, b)
    return not (alike and model_class(one, limits) == model_class(other, limits)), inf


def _somebody(catalog: Catalog, selection: Selection) -> None:
    """Raise `InfeasibleError` where nothing that was asked for is good enough, or in a class."""
    if not selection.graded:
        return
    anyhow = replace(selection, bars=(), classes=())
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
    raise _empty_class(above, selection)


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


def _by_score(model: Model) -> tuple[float, str]:
    score = quality(model)
    return (0.0 if score is None else -score.value), model.name


def score_words(score: Score) -> str:
    """Return a score with its interval and its effort: `1496, 1490 to 1502, max effort`."""
    parts = [show_score(score.value)]
    if score.low is not None and score.high is not None:
        parts.append(f"{show_score(score.low)} to {show_score(score.high)}")
    if score.effort is not None:
        parts.append(f"{score.effort} effort")
    return ", ".join(parts)


def score_notes(catalog: Catalog, request: Scenario, used: Iterable[str]) -> list[str]:
    """Return what a lowest score means, which models fall short of it, what an effort would add.

    Args:
        catalog: The data.
        request: What the user asked for.
        used: Models whose bills are shown.
    """
    bars, models = bars_of(catalog, request), catalog.models.models
    if not bars:
        return []
    benchmark = bars[0].benchmark
    chat = [m for m in models.values() if m.kind == "chat"]
    without = sum(quality(m, benchmark) is None for m in chat)
    out = [
        f"{' and '.join(bar.said for bar in bars)}: a model counts where its 95 % interval on "
        f"{benchmark} reaches it; {without} of {len(chat)} models have no such score and never do"
    ]
    known = {name: quality(models[name], benchmark) for name in used if name in models}
    below = [name for name in known if not all(bar.reached(models[name]) for bar in bars)]
    if below:
        out.append(f"below it, and named all the same: {some_of(below)}")
    efforts = [f"{n} ({s.effort})" for n, s in known.items() if s is not None and s.effort]
    if efforts:
        out.append(f"scored at an effort whose tokens no bill here has: {some_of(efforts)}")
    return out


def some_of(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    more = f" and {len(names) - NEAREST} more" if len(names) > NEAREST else ""
    return ", ".join(names[:NEAREST]) + more
