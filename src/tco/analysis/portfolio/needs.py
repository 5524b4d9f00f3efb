"""What a task needs, and which models and offers do not have it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tco.analysis.inputs import Inputs
from tco.analysis.options import Option, TokenOption
from tco.analysis.portfolio.cases import Case
from tco.catalog.models import Model
from tco.catalog.tasks import Score
from tco.errors import InfeasibleError
from tco.show import show_number


@dataclass(frozen=True, slots=True)
class Failure:
    """One need that something does not meet: the need, and how near it comes."""

    need: str
    had: str = ""


def license_of(model: Model | None) -> str:
    """Return the kind of licence of a model; own options without a model have none known."""
    return "unknown" if model is None else model.license_kind


def scores_of(
    inputs: Inputs, own: Sequence[tuple[str, Score]], name: str
) -> dict[str, list[tuple[float, str]]]:
    """Return the scores of a model by benchmark, with who measured them.

    Args:
        inputs: The question.
        own: Own evaluations with their model resolved.
        name: A model or an own option.
    """
    found: dict[str, list[tuple[float, str]]] = {}
    model = inputs.catalog.models.models.get(name)
    for score in model.scores if model else ():
        found.setdefault(score.benchmark, []).append((score.value, score.source))
    for who, mine in own:
        if who == name:
            found.setdefault(mine.benchmark, []).append((mine.value, mine.source))
    return found


def unmet(
    case: Case,
    model: Model | None,
    names: set[str],
    scores: Mapping[str, list[tuple[float, str]]],
    context: int | None = None,
) -> list[Failure]:
    """Return the needs of a task that a model does not meet where it runs.

    Args:
        case: The task.
        model: The model; None for an own option without one.
        names: What it is called: its id, and that of an own option.
        scores: Its scores by benchmark.
        context: What a request may have there; None for what the model was made for.
    """
    failures = []
    if case.models and not names & case.models:
        failures.append(Failure(f"models {', '.join(sorted(case.models))}"))
    kind = license_of(model)
    if case.task.licenses and kind not in case.task.licenses:
        failures.append(Failure(f"licence {' or '.join(case.task.licenses)}"))
    failures += quality_unmet(case, scores)
    need = case.tokens_per_request
    limit = context if context is not None or model is None else model.context_tokens
    if limit and need > limit:
        failures.append(_too_long(need, limit))
    return failures


def quality_unmet(case: Case, scores: Mapping[str, list[tuple[float, str]]]) -> list[Failure]:
    """Return the qualities that scores do not show; no score is no quality."""
    failures = []
    for benchmark, least in case.task.quality:
        best = max((value for value, _ in scores.get(benchmark, [])), default=None)
        if best is None or best < least:
            had = "" if best is None else show_number(best, 4)
            failures.append(Failure(f"quality {benchmark} >= {show_number(least, 4)}", had))
    return failures


def offer_unmet(case: Case, option: TokenOption) -> list[Failure]:
    """Return the needs of a task that an offer by the token does not meet."""
    failures = []
    if case.task.private:
        failures.append(Failure("private: only own machines"))
    if case.providers and option.provider not in case.providers:
        failures.append(Failure(f"providers {', '.join(sorted(case.providers))}"))
    return failures


def _too_long(need: float, has: int) -> Failure:
    return Failure(f"a context of {need:,.0f} tokens", f"{has:,}")


def nothing_left(
    case: Case, tried: Sequence[tuple[str, list[Failure]]], fleets: Sequence[str]
) -> InfeasibleError:
    """Return the error for a task that nothing can serve: the binding need is named.

    A need binds when something meets all the others.

    Args:
        case: The task.
        tried: Everything that was looked at, with the needs that it does not meet.
        fleets: Why own GPUs were left out, where they were.
    """
    head = f"{case.task.where}: task '{case.task.name}': nothing is left that can serve it"
    tried = [(name, list({f.need: f for f in failed}.values())) for name, failed in tried]
    why = [text for text in fleets if not case.models or any(m in text for m in case.models)]
    more = f"; own GPUs: {'; '.join(dict.fromkeys(why[:2]))}" if why else ""
    lone = [(name, failed[0]) for name, failed in tried if len(failed) == 1]
    if lone:
        counts = Counter(f.need for _, f in lone)
        needs = sorted(counts, key=lambda need: (need.startswith("models "), -counts[need]))
        words = ", or ".join(_binding(need, lone, counts[need]) for need in needs[:3])
        return InfeasibleError(f"{head}; binding: {words}{more}")
    counts = Counter(f.need for _, failed in tried for f in failed)
    both = "; ".join(f"{need} rules out {n} of {len(tried)}" for need, n in counts.most_common(4))
    return InfeasibleError(f"{head}; binding together: {both or 'there is no option'}{more}")


def _binding(need: str, lone: Sequence[tuple[str, Failure]], count: int) -> str:
    """Return a need that binds, how near anything comes, and what giving it up would leave."""
    near = [(name, f.had) for name, f in lone if f.need == need]
    name, had = max(near, key=lambda pair: _size(pair[1]))
    nearest = f" (the nearest, {name}, has {had})" if had else ""
    return f"{need}{nearest}, without which {count} option{'s' * (count > 1)} would be left"


def _size(text: str) -> float:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return float("-inf")


def names_of(option: Option) -> set[str]:
    """Return what an option goes by: its model, and its own id where the user described it."""
    return {option.model, option.id}
