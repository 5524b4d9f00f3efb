"""What a month costs, every way there is to serve it, cheapest first, and the answer in words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from tco.analysis.checks import CheckedAnswer, checked, known_names
from tco.analysis.report import assumptions_of, caveats, notes_of, stamp, workload_result
from tco.analysis.results import CompareResult, Flip, OptionResult, Tier
from tco.analysis.rows import left_out_result, option_result
from tco.analysis.verdict import besides, decided
from tco.catalog.trust import LEVELS
from tco.engine.replica import Replica
from tco.engine.shapes import number
from tco.errors import InfeasibleError, UsageError
from tco.options.bills import LeftOut, Option, SelfOption, best_pairs, monthly_usd
from tco.options.candidates import OwnSetups, own_setups, unsizable
from tco.options.cheapest import (
    BESIDE,
    Listed,
    Priced,
    SomeListed,
    Trusted,
    best_of_classes,
    cheaper_but_unsure,
    cheapest_of,
    insist,
    least_trust,
    pair_of,
    rank_of,
    shown_of,
    sure_words,
)
from tco.options.described import inline_options
from tco.options.offers import has_price, token_options
from tco.options.provisioned import provisioned_options
from tco.options.question import Question
from tco.options.selection import Selection, select
from tco.units import show_share, show_usd

if TYPE_CHECKING:
    from tco.catalog.prices import CapacityOffer


TIER_WORDS: dict[Tier, str] = {
    "api": "closed API",
    "hosted": "hosted open model",
    "self": "own GPUs",
}


def unsure_words(trust: str, least: int) -> str:
    """Return that no price is sure enough, which an answer then begins with; or nothing."""
    if rank_of(trust) >= least:
        return ""
    return (
        f"No price is sure enough ({sure_words(least)}): the best trust there is, {trust}, decides."
    )


def undercut_words(options: Sequence[Trusted], counts: Sequence[int], cases: int, of: str) -> str:
    """Return which options are cheaper than the answer in some cases, and why they do not win.

    Args:
        options: The options.
        counts: Cases in which each of them is cheaper than the answer [options].
        cases: How many there are.
        of: What a case is called, in the plural.
    """
    found = [(o, n) for o, n in zip(options, counts, strict=True) if n]
    if not found:
        return ""
    named = "; ".join(
        f"{o.id} in {show_share(n / cases)} of the {of} ({o.trust.reasons[0]})"
        for o, n in found[:BESIDE]
    )
    more = f"; and {len(found) - BESIDE} more" if len(found) > BESIDE else ""
    return f"Cheaper but not sure enough: {named}{more}."


def pair_words(options: Sequence[Trusted], unsure: Collection[str]) -> str:
    """Return that one of the options that were named is cheaper, but is not the answer; or nothing.

    Args:
        options: The options.
        unsure: Ids of those that cost less than the answer.
    """
    found = [option for option in options if option.id in unsure]
    said = [f"{option.id} costs less, but its price is not sure enough" for option in found]
    reasons = [option.trust.reasons[0] for option in found]
    return " ".join(f"{s} ({r})." for s, r in zip(said, reasons, strict=True))


def rule_words(least: int) -> str:
    """Return the rule by which a price wins, to follow the word `cheapest`."""
    return f" of the prices that are sure enough ({sure_words(least)})" if least else ""


class Beside(Priced, Protocol):
    """An option with its bill, and why its price is trusted so far."""

    @property
    def trust_reasons(self) -> tuple[str, ...]: ...


def beside_words(unsure: Sequence[Beside]) -> str:
    """Return which prices are lower than the answer's, and why they are not the answer."""
    if not unsure:
        return ""
    named = "; ".join(
        f"{r.id} at {show_usd(r.monthly_usd or 0.0)} ({r.trust_reasons[0]})"
        for r in unsure[:BESIDE]
    )
    more = f"; and {len(unsure) - BESIDE} more" if len(unsure) > BESIDE else ""
    return f"Cheaper but not sure enough: {named}{more}."


# What a month costs, every way there is to serve it, cheapest first.


def compare(inputs: Question, *, brief: bool = False) -> CompareResult:
    """Return the monthly cost of every option that the request lets through.

    Args:
        inputs: The question.
        brief: Work out only the models of the short list, when nothing was selected: what a
            screen shows is the same, and a start is a third faster.

    Raises:
        UsageError: No volume was given.
        InfeasibleError: Nothing that was asked for can serve the month; the reasons are named.
    """
    if not inputs.volume_given:
        raise UsageError("how many tokens a month? for example --tokens 50B")
    known_names(inputs)
    selection = select(inputs.catalog, inputs.request)
    wanted = short_list(inputs, selection)
    brief = brief and bool(wanted)
    found, ranked, own = _ranked(inputs, selection, within=wanted if brief else frozenset())
    if wanted and not any(r.model in wanted and answers(r, inputs) for r in ranked):
        # An old day, or filters that leave nothing of the short list: then everything counts.
        wanted, brief = frozenset(), False
        found, ranked, own = _ranked(inputs, selection, within=wanted)
    if not any(r.feasible for r in ranked):
        raise InfeasibleError(_nothing(ranked))
    insist(inputs, (r.trust for r in ranked if r.feasible))
    rows = _shown(inputs, listed(inputs, wanted, ranked)) if wanted else ranked
    able = [r for r in rows if r.feasible]
    best = cheapest_of(able, least_trust(inputs))
    assert best is not None  # something can serve it, or there was no result
    about = listed(inputs, wanted, ranked) if wanted else able
    pair, turns = _turns(inputs, [r for r in about if r.feasible], found, own)
    told = {r.id for r in able}
    used = [option for option, _ in found if option.id in told]
    named = [option for option in used if option.id in (best.id, *pair)]
    notes, minor = _notes(inputs, selection, used, named, ranked)
    return CompareResult(
        schema="tco.compare/1",
        catalog=stamp(inputs, used),
        workload=workload_result(inputs),
        options=tuple(ranked),
        shown=tuple(r.id for r in rows) if wanted else (),
        considered=_considered(inputs, selection, ranked)
        if wanted
        else sum(r.feasible for r in ranked),
        verdict=_verdict(inputs, able, ranked, best),
        assumptions=assumptions_of(inputs, used),
        warnings=(*notes, *minor),
        checks=checked(inputs, _judged(best, used)),
        best=best.id,
        cheaper_but_unsure=tuple(r.id for r in cheaper_but_unsure(able, best)),
        min_trust=LEVELS[least_trust(inputs)],
        pair=pair,
        turns=turns,
        minor=len(minor),
    )


def _shown(inputs: Question, rows: Sequence[OptionResult]) -> Sequence[OptionResult]:
    """Return the rows of a short list that a first screen shows."""
    described = [spec.name for spec in inputs.request.options]
    return best_of_classes(rows, described, least_trust(inputs))


def _verdict(
    inputs: Question,
    rows: Sequence[OptionResult],
    ranked: Sequence[OptionResult],
    best: OptionResult,
) -> str:
    """Return the answer in words: what is decided, then what is told besides."""
    least = least_trust(inputs)
    tokens = number(inputs.settings.value("workload.tokens_per_month"))
    sentences = (
        unsure_words(best.trust, least),
        *decided(rows, ranked, least, tokens),
        beside_words(cheaper_but_unsure(rows, best)),
        f"It is the cheapest{rule_words(least)}." if rule_words(least) else "",
        *besides(rows, ranked, least),
    )
    return " ".join(s for s in sentences if s)


def _turns(
    inputs: Question, rows: Sequence[OptionResult], found: Sequence[Sized], own: OwnSetups
) -> tuple[tuple[str, ...], tuple[Flip, ...]]:
    """Return what is bought and the own GPUs that an answer is about, and what turns it."""
    from tco.analysis.flips import turns_of  # curves take time to load, and not all need them
    from tco.options.names import any_volume

    least = least_trust(inputs)
    pair = pair_of(rows, least)
    if pair is None:
        return (), ()
    options = {option.id: option for option, _ in found}
    bought, mine = (options[row.id] for row in pair)
    places = best_pairs(own.found, inputs.settings, mine.model, any_volume(inputs), least)
    searched = isinstance(mine, SelfOption) and mine.id.startswith("self/")
    setups = [own.option(int(i)) for i in places] if searched else [mine]
    class_ = pair[1].class_
    closed = [r for r in rows if r.tier == "api" and r.class_ == class_ != "unknown"]
    rival = cheapest_of(closed, least)
    against = options[rival.id] if rival is not None and rival.id != bought.id else None
    return (bought.id, mine.id), turns_of(inputs, bought, mine, setups, against)


def _notes(
    inputs: Question,
    selection: Selection,
    used: Sequence[Option],
    named: Sequence[Option],
    ranked: Sequence[OptionResult],
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what bears on the answer, and what turns nothing."""
    first, rest = notes_of(inputs, used, named, dated=True)
    first = (*first, *caveats(inputs, used, tried={r.tier for r in ranked}))
    return first, (*rest, *_unscored(inputs, selection))


def answers(row: Listed, inputs: Question) -> bool:
    """Return whether a row can be the answer: it serves, at the trust that the user asked for."""
    asked = 0 if inputs.request.min_trust is None else least_trust(inputs)
    return row.monthly_usd is not None and rank_of(row.trust) >= asked


def _judged(best: OptionResult, used: list[Option]) -> CheckedAnswer:
    """Return what checks are held against: the answer, and the prices of all that are shown."""
    chosen = [option for option in used if option.id == best.id]
    return CheckedAnswer(name=best.id, usd=best.monthly_usd, chosen=chosen, looked_at=used)


def _ranked(
    inputs: Question, selection: Selection, *, within: frozenset[str]
) -> tuple[list[Sized], list[OptionResult], OwnSetups]:
    """Return the options of some models (all when none are named), their rows, and set-ups."""
    found, missing, own = _worked(inputs, replace(selection, within=within))
    results = [option_result(option, inputs, replica) for option, replica in found]
    results += [left_out_result(item, inputs) for item in missing]
    return found, sorted(results, key=_rank), own


def _unscored(inputs: Question, selection: Selection) -> tuple[str, ...]:
    """Return how many models a lowest score leaves out because nobody published theirs."""
    if selection.min_score is None:
        return ()
    benchmark = selection.min_score[0]
    models = [m for m in inputs.catalog.models.models.values() if m.kind == "chat"]
    without = sum(all(s.benchmark != benchmark for s in m.scores) for m in models)
    return (f"{without} of {len(models)} models have no {benchmark} score and are left out",)


def _considered(inputs: Question, selection: Selection, ranked: list[OptionResult]) -> int:
    """Return how many options can be had, be all of them worked out or the short list alone.

    Offers that take such requests, the set-ups that were worked out, and one of each other open
    model that is tried on GPUs.
    """
    models = {n: m for n, m in inputs.catalog.models.models.items() if m.kind == "chat"}
    offers = [o for o in inputs.catalog.prices.offers if o.model in models]
    priced = [o for o in offers if has_price(inputs, o) and selection.offer(o, models[o.model])]
    known = [r for r in ranked if r.id.startswith("self/")]
    told = {r.model for r in known}
    rest = [
        m
        for n, m in models.items()
        if n not in told and m.weights == "open" and selection.own_model(n, m)
    ]
    rest = [m for m in rest if m.released is None or m.released <= inputs.day]
    own = sum(r.feasible for r in known)
    if own or not known:  # where none of the short list has a rent, on an old day, nothing has
        own += sum(not unsizable(m, inputs) for m in rest)
    return len(priced) + own + len(inputs.request.options)


Sized = tuple[Option, Replica | None]
"""An option, and what one replica of it sustains where that is known already."""


def candidates(inputs: Question, selection: Selection) -> tuple[list[Sized], list[LeftOut]]:
    """Return the options to price, and what was left out with its reasons.

    Of the self-hosted set-ups only the answer of each open model is kept, and of models that were
    chosen one that is cheaper though its rent is not sure enough; all where the request says so.
    """
    return _worked(inputs, selection)[:2]


def _worked(inputs: Question, selection: Selection) -> tuple[list[Sized], list[LeftOut], OwnSetups]:
    priced, missing = token_options(inputs, selection)
    own = own_setups(inputs, selection)
    units, unpriced = provisioned_options(inputs, selection)
    options = (*priced, *units, *inline_options(inputs))
    found: list[Sized] = [(option, None) for option in options]
    missing += [_without_price(offer, reason) for offer, reason in unpriced]
    found += [(own.option(i), own.replica(i)) for i in _pairs(inputs, own, selection)]
    return found, [*missing, *own.infeasible, *own.unsized], own


def _without_price(offer: CapacityOffer, reason: str) -> LeftOut:
    return LeftOut(
        id=f"{offer.provider}/{offer.name}",
        tier="api",
        model="any",
        provider=offer.provider,
        reasons=(reason,),
    )


def _pairs(inputs: Question, own: OwnSetups, selection: Selection) -> Iterable[int]:
    """Yield the set-ups to price: of models that answers are about, the cheapest rent as well."""
    about = selection.models if selection.narrowed else inputs.catalog.assumptions.short_list
    volume = np.atleast_1d(np.asarray(inputs.settings.value("workload.tokens_per_month")))
    for model in own.models:
        rows = own.found.pairs_of(model.id)
        if inputs.request.all_setups and rows.size:
            cost = monthly_usd(own.found, inputs.settings, rows, volume)[:, 0]
            yield from _one_each(own, rows[np.argsort(cost, kind="stable")].tolist())
        else:
            beside = (0,) if not about or model.id in about else ()
            levels = (least_trust(inputs), *beside)
            yield from best_pairs(own.found, inputs.settings, model.id, volume, *levels).tolist()


def _one_each(own: OwnSetups, rows: Iterable[int]) -> Iterable[int]:
    """Return the first pair of each id: a seller may rent the same GPU in several sizes."""
    seen = set()
    for row in rows:
        rent = own.found.rents[int(own.found.pair_rent[row])]
        known = (int(own.found.pair_setup[row]), rent.seller, rent.purchase)
        if known not in seen:
            seen.add(known)
            yield row


def _rank(result: OptionResult) -> tuple[bool, float, str]:
    return not result.feasible, result.monthly_usd or 0.0, result.id


def _nothing(results: list[OptionResult]) -> str:
    if not results:
        return "nothing matches what was asked for; loosen --model, --provider, --gpu or --tier"
    reasons = "; ".join(f"{r.id}: {', '.join(r.reasons)}" for r in results[:5])
    more = f"; and {len(results) - 5} more" if len(results) > 5 else ""
    return f"nothing that was asked for can serve this: {reasons}{more}"


def short_list(inputs: Question, selection: Selection) -> frozenset[str]:
    """Return the models of the short list: none when the user chose what to look at."""
    if selection.narrowed or inputs.request.all_setups:
        return frozenset()
    return frozenset(inputs.catalog.assumptions.short_list)


def listed(
    inputs: Question, wanted: frozenset[str], rows: Sequence[SomeListed]
) -> Sequence[SomeListed]:
    """Return the rows that answers are about; all of them where there is no short list.

    Args:
        inputs: The question.
        wanted: Models of the short list.
        rows: Options with their bills.
    """
    if not wanted:
        return rows
    described = [spec.name for spec in inputs.request.options]
    providers = inputs.catalog.prices.providers
    return shown_of(rows, wanted, providers, described, least_trust(inputs))
