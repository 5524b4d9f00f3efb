"""How good a model has to be, and how often it is right: what a user says of quality."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING

from tco.catalog.lookup import (
    BENCHMARK,
    SHORT_NAMES,
    ModelClass,
    find_model,
    model_class,
    quality,
    upper,
)
from tco.errors import InfeasibleError, UnknownNameError, UsageError, nearest, unknown_name
from tco.options.scenario import Scenario
from tco.records import dataclass
from tco.units import show_score

if TYPE_CHECKING:
    from tco.catalog.load import Catalog
    from tco.catalog.models import Classes, Model, Score


# How good a model has to be: a score that its interval reaches, or the score of another model.

CLASSES: tuple[ModelClass, ...] = ("small", "mid", "flagship")
"""The classes that can be asked for, each dearer than the one before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A score that a model has to reach: its interval does, or its value where it has none.

    Args:
        words: What asks for it, as the user said it.
    """

    benchmark: str
    least: float
    words: str

    def reached(self, model: Model) -> bool:
        """Return whether a model counts; one without a score does not."""
        score = quality(model, self.benchmark)
        return score is not None and upper(score) >= self.least


def model_named(catalog: Catalog, name: str) -> str:
    """Return the model that `name` means; an offer's id, as screens show it, is told apart."""
    provider, slash, model = name.partition("/")
    if slash and name.lower() in catalog.offers:
        raise UnknownNameError(
            f"{name} is an option, not a model; write --provider {provider} --model {model}"
        )
    return find_model(catalog, name)


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
        bars.append(Bar(benchmark=benchmark, least=least, words=said))
    if request.as_good_as is not None:
        name = model_named(catalog, request.as_good_as)
        score = quality(catalog.models.models[name], benchmark)
        if score is None:
            raise _without_score(catalog, name, benchmark)
        said = f"--as-good-as {name} ({show_score(score.value)})"
        bars.append(Bar(benchmark=benchmark, least=score.value, words=said))
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


def score_words(score: Score) -> str:
    """Return a score with its interval and its effort: `1496, 1490 to 1502, max effort`."""
    parts = [show_score(score.value)]
    if score.low is not None and score.high is not None:
        parts.append(f"{show_score(score.low)} to {show_score(score.high)}")
    if score.effort is not None:
        parts.append(f"{score.effort} effort")
    return ", ".join(parts)


BELOW = "below it, and named all the same"


def score_notes(catalog: Catalog, request: Scenario, used: Iterable[str]) -> list[str]:
    """Return what a lowest score means, which models fall short of it, what an effort would add.

    Args:
        used: Models whose bills are shown.
    """
    bars, models = bars_of(catalog, request), catalog.models.models
    if not bars:
        return []
    benchmark = bars[0].benchmark
    chat = [m for m in models.values() if m.kind == "chat"]
    without = sum(quality(m, benchmark) is None for m in chat)
    out = [
        f"{' and '.join(bar.words for bar in bars)}: a model counts where its 95 % interval on "
        f"{benchmark} reaches it; {without} of {len(chat)} models have no such score and never do"
    ]
    known = {name: quality(models[name], benchmark) for name in used if name in models}
    below = [name for name in known if not all(bar.reached(models[name]) for bar in bars)]
    if below:
        out.append(f"{BELOW}: {some_of(below)}")
    efforts = [f"{n} ({s.effort})" for n, s in known.items() if s is not None and s.effort]
    if efforts:
        out.append(f"scored at an effort whose tokens no bill here has: {some_of(efforts)}")
    return out


def some_of(names: Sequence[str]) -> str:
    """Return the first names, and how many more there are."""
    more = f" and {len(names) - NEAREST} more" if len(names) > NEAREST else ""
    return ", ".join(names[:NEAREST]) + more


# How often models are right at the task, as the user says.


@dataclass(frozen=True, slots=True, kw_only=True)
class SuccessRates:
    """How often models are right, by their id or by that of an option of one's own, and by class.

    A rate of its own beats that of its class.
    """

    catalog: Catalog
    own: Mapping[str, float]
    by_class: Mapping[str, float]

    def of(self, model: str, option: str = "") -> float | None:
        """Return how often a model is right; None where nobody said [1].

        Args:
            option: Id of the option that the user described.
        """
        known = self.own.get(option, self.own.get(model))
        found = self.catalog.models.models.get(model)
        if known is not None or found is None:
            return known
        return self.by_class.get(model_class(found, self.catalog.models.classes))


def success_rates(
    catalog: Catalog, request: Scenario, nearer: Sequence[tuple[str, float]] = ()
) -> SuccessRates | None:
    """Return how often models are right; None where nobody said.

    Args:
        nearer: What was said of a single task, before the rest.

    Raises:
        UnknownNameError: Neither a class, a model nor an option of one's own.
        UsageError: One of them is said twice.
    """
    if not request.success and not nearer:
        return None
    described = {spec.name for spec in request.options}
    own: dict[str, float] = {}
    by_class: dict[str, float] = {}
    for said in (request.success, nearer):
        seen: set[str] = set()
        for name, rate in said:
            word = name.lower()
            known = word if word in CLASSES or name in described else _rated(catalog, name)
            if known in seen:
                raise UsageError(f"--success: {name} is said twice; give it once")
            seen.add(known)
            (by_class if known in CLASSES else own)[known] = rate
    return SuccessRates(catalog=catalog, own=own, by_class=by_class)


def success_notes(catalog: Catalog, request: Scenario) -> list[str]:
    """Return what bills of right answers rest on; nothing where nobody said how often one is."""
    rates = success_rates(catalog, request)
    if rates is None:
        return []
    chat = [name for name, model in catalog.models.models.items() if model.kind == "chat"]
    without = sum(rates.of(name) is None for name in chat)
    return [
        "each request is asked until its answer is right: tries are taken to be independent, and "
        "that an answer is wrong to be known at no cost",
        *[f"--success says nothing of {without} of {len(chat)} models, which are left out"]
        * bool(without),
    ]


def _rated(catalog: Catalog, name: str) -> str:
    try:
        return find_model(catalog, name)
    except UnknownNameError:
        raise unknown_name("class or model", name, [*CLASSES, *catalog.models.models]) from None
