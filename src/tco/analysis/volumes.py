"""What a month costs at several volumes, and from which one own GPUs are cheaper, by class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from tco.analysis.compare import compare
from tco.analysis.results import CompareResult, CompareVolumes, OptionResult, OwnBegins
from tco.analysis.verdict import CLASSES, curves_of, earliest, label
from tco.options.bills import Option, best_pairs
from tco.options.candidates import option_of, own_setups
from tco.options.cheapest import cheapest_of, least_trust
from tco.options.curves import any_volume
from tco.options.names import resolve
from tco.options.question import Question, prepare
from tco.options.selection import select
from tco.options.setups import SetUps
from tco.units import show_tokens, show_usd

VOLUMES = (1e9, 1e10, 1e11)
"""Where none is said: a product, a company, a service that many companies use [token/month]."""

BY_DEFAULT = "no volume was said"


def compare_volumes(inputs: Question, *, brief: bool = False) -> CompareVolumes:
    """Return what a month costs at each of `VOLUMES`, and where own GPUs begin to win.

    Args:
        inputs: The question, without a volume.
        brief: Work out only the models of the short list, see `compare`.

    Raises:
        InfeasibleError: Nothing that was asked for can serve one of them; the reasons are named.
    """
    asked = [at_volume(inputs, tokens) for tokens in VOLUMES]
    answers = tuple(compare(one, brief=brief) for one in asked)
    begins = tuple(_begins(asked[-1], answers[-1]))
    last = answers[-1]
    warnings = dict.fromkeys(w for a in answers for w in a.warnings[: len(a.warnings) - a.minor])
    minor = dict.fromkeys(w for a in answers for w in a.warnings if w not in warnings)
    return CompareVolumes(
        catalog=last.catalog,
        profile=inputs.profile,
        volumes=answers,
        begins=begins,
        verdict=_verdict(answers, begins),
        assumptions=last.assumptions,
        warnings=(*warnings, *minor),
        minor=len(minor),
    )


def at_volume(inputs: Question, tokens: float) -> Question:
    """Return a question that was asked without a volume, at one [token/month]."""
    origins = {**inputs.request.origins, "tokens": BY_DEFAULT}
    return prepare(
        inputs.catalog, replace(inputs.request, tokens=tokens, origins=origins), inputs.day
    )


def shown_rows(answer: CompareResult) -> list[OptionResult]:
    """Return the rows of a comparison that its screen is about."""
    told = set(answer.shown)
    return [row for row in answer.options if row.feasible and (not told or row.id in told)]


def _begins(inputs: Question, answer: CompareResult) -> Iterator[OwnBegins]:
    """Yield from which volume own GPUs of each class are cheaper than what is bought in it."""
    least = least_trust(inputs)
    rows = shown_rows(answer)
    own = own_setups(inputs, select(inputs.catalog, inputs.request))
    for class_ in CLASSES:
        mine = cheapest_of([r for r in rows if (r.tier, r.class_) == ("self", class_)], least)
        if mine is None or not mine.id.startswith("self/"):
            continue
        setups = curves_of(inputs, _setups(inputs, own, mine))
        for tier in ("hosted", "api"):
            some = [r for r in rows if (r.tier, r.class_) == (tier, class_)]
            if tier == "hosted":  # the same weights say more than another open model of the class
                some = [r for r in some if r.model == mine.model] or some
            rival = cheapest_of(some, least)
            if rival is not None:
                won = earliest(inputs, resolve(rival.id, inputs).best, setups)[1]
                first = float(won.first[0])
                yield OwnBegins(
                    class_=class_,
                    own=mine.model,
                    against=rival.id,
                    same_weights=rival.model == mine.model,
                    tokens_per_month=first if np.isfinite(first) else None,
                )


def _setups(inputs: Question, own: SetUps, row: OptionResult) -> list[Option]:
    """Return own GPUs of a model that are the answer at some volume."""
    places = best_pairs(own, inputs.settings, row.model, any_volume(inputs), least_trust(inputs))
    return [option_of(own, int(i)) for i in places]


# In words.


def _verdict(answers: Sequence[CompareResult], begins: Sequence[OwnBegins]) -> str:
    """Return what wins at each volume, and where own GPUs begin to."""
    best = [next(row for row in a.options if row.id == a.best) for a in answers]
    volumes = [show_tokens(a.workload.tokens_per_month) for a in answers]
    if len({(row.model, row.tier) for row in best}) == 1:
        bills = _and([show_usd(row.monthly_usd or 0.0) for row in best])
        places = list(dict.fromkeys(label(row).removeprefix(f"{row.model} ") for row in best))
        where = places[0] if len(places) == 1 else _and(places)
        does = f"{_do(best[0])}: {best[0].model} {where} costs {bills} a month"
        return " ".join((f"{does} for {_and(volumes)} tokens.", *_own_words(begins)))
    each = [
        f"{volume}: {_do(row).lower()}, {label(row)} at {show_usd(row.monthly_usd or 0.0)}"
        for volume, row in zip(volumes, best, strict=True)
    ]
    return " ".join((f"A month of {'; '.join(each)}.", *_own_words(begins)))


def _do(row: OptionResult) -> str:
    return "Run it yourself" if row.tier == "self" else "Buy tokens"


def _own_words(begins: Sequence[OwnBegins]) -> Iterator[str]:
    """Yield from which volume own GPUs are cheaper at all."""
    found = [b for b in begins if b.tokens_per_month is not None]
    if not begins:
        return
    if not found:
        yield "Own GPUs are cheaper at no volume."
        return
    first = min(found, key=lambda b: b.tokens_per_month or 0.0)
    yield (
        f"Own GPUs begin to win from {show_tokens(first.tokens_per_month or 0.0)} tokens a month, "
        f"with {first.own} against {first.against.rpartition('/')[2]}."
    )


def _and(parts: Sequence[str]) -> str:
    return f"{', '.join(parts[:-1])} and {parts[-1]}"
