"""What a month costs, every way there is to serve it, cheapest first, and the answer in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from tco.analysis.report import carried, caveats, workload_result
from tco.analysis.results import (
    CheckResult,
    CompareResult,
    EscalationResult,
    Flip,
    OptionResult,
    Tier,
)
from tco.analysis.rows import (
    key_figures,
    left_out_result,
    offer_figures,
    option_result,
    pair_figures,
)
from tco.analysis.verdict import besides, decided, turns_of
from tco.engine.replica import Replica
from tco.engine.shapes import Floats, Indices, number
from tco.errors import InfeasibleError, UsageError
from tco.options.bills import (
    LeftOut,
    Option,
    SelfOption,
    answers_of,
    best_pairs,
    monthly_bills,
    monthly_usd,
    size_bands,
    trust_ranks,
)
from tco.options.candidates import option_of, own_setups, unserved, unsizable
from tco.options.cheapest import (
    BESIDE,
    Listed,
    Priced,
    SomeListed,
    Trusted,
    best_of_classes,
    cheaper_but_unsure,
    cheapest_each,
    cheapest_of,
    insist,
    least_trust,
    pair_of,
    rank_of,
    shown_of,
    sure_words,
)
from tco.options.curves import any_volume
from tco.options.described import inline_option
from tco.options.offers import has_price, token_options
from tco.options.provisioned import provisioned_options
from tco.options.question import Question
from tco.options.selection import Selection, select
from tco.options.setups import SetUps
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
        unsure: Ids of those that cost less than the answer.
    """
    found = [option for option in options if option.id in unsure]
    said = [f"{option.id} costs less, but its price is not sure enough" for option in found]
    reasons = [option.trust.reasons[0] for option in found]
    return " ".join(f"{s} ({r})." for s, r in zip(said, reasons, strict=True))


def rule_words(least: int, trust: str = "high") -> str:
    """Return the rule by which a price of such trust wins, to follow the word `cheapest`."""
    kept = 0 < least <= rank_of(trust)  # else `unsure_words` has said that no price keeps it
    return f" of the prices that are sure enough ({sure_words(least)})" if kept else ""


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


def escalation_words(found: Sequence[EscalationResult], best: OptionResult) -> str:
    """Return what is left where the answer fails again at what it failed at once; or nothing."""
    begun = [chain for chain in found if chain.steps[0].option == best.id]
    if not begun or not best.monthly_usd:
        return ""
    chain = begun[0]
    names = ", then ".join(step.option for step in chain.steps[1:])
    more = show_share(chain.monthly_usd / best.monthly_usd - 1.0)
    return (
        f"Where it fails again at what it failed at once, asking {names} costs "
        f"{show_usd(chain.monthly_usd)} a month, {more} more."
    )


# What a month costs, every way there is to serve it, cheapest first.

MOST_WHOLE = 200
"""Options that are worked out whole, lines and all; of more only the cheapest are, unless asked."""


def compare(inputs: Question, *, brief: bool = False) -> CompareResult:
    """Return the monthly cost of every option that the request lets through.

    Args:
        brief: Work out only the models of the short list, when nothing was selected: what a
            screen shows is the same, and a start is a third faster.

    Raises:
        UsageError: No volume was given.
        InfeasibleError: Nothing that was asked for can serve the month; the reasons are named.
    """
    if not inputs.volume_given:
        raise UsageError("how many tokens a month? for example --tokens 50B")
    selection = select(inputs.catalog, inputs.request)
    more = inputs.request.all_setups or bool(selection.classes)  # than a short list was asked for
    wanted, brief, found, ranked, own = _searched(inputs, selection, brief=brief and not more)
    about = listed(inputs, wanted, ranked)
    rows = _shown(inputs, about) if wanted and not selection.graded else about
    if brief:
        rows = _worked_out(inputs, rows, found)
        ranked = list({row.id: row for row in (*ranked, *rows)}.values())
    able = [r for r in rows if r.feasible]
    best = cheapest_of(able, least_trust(inputs))
    assert best is not None  # something can serve it, or there was no result
    pair, turns = _turns(inputs, [r for r in about if r.feasible], found, own, brief)
    told = {r.id for r in able}
    used = [option for option, _ in found if option.id in told]
    named = [option for option in used if option.id in (best.id, *pair)]
    chains = _chains(inputs, rows, used)
    return CompareResult(
        workload=workload_result(inputs),
        options=tuple(ranked),
        shown=tuple(r.id for r in rows) if wanted else (),
        considered=_considered(inputs, selection, ranked, wanted),
        verdict=_verdict(inputs, able, ranked, best, chains, wanted if more else frozenset()),
        checks=_checks(inputs, best, used),
        best=best.id,
        cheaper_but_unsure=tuple(r.id for r in cheaper_but_unsure(able, best)),
        pair=pair,
        turns=turns,
        escalations=chains,
        **_carried(inputs, used, named, ranked, short_listed=bool(wanted)),
    )


def _searched(
    inputs: Question, selection: Selection, *, brief: bool
) -> tuple[frozenset[str], bool, list[Sized], list[OptionResult], SetUps]:
    """Return the short list, whether it alone was looked at, and what was found, by cost.

    Args:
        brief: Look at the short list alone, where there is one.

    Raises:
        InfeasibleError: Nothing that was asked for can serve the month; the reasons are named.
    """
    if inputs.request.checks:
        from tco.analysis.checks import known_names

        known_names(inputs)
    wanted = short_list(inputs, selection)
    brief = brief and bool(wanted)
    within = wanted if brief else frozenset()
    found, ranked, own = ranked_options(inputs, selection, within=within, brief=brief)
    if wanted and not any(r.model in wanted and answers(r, inputs) for r in ranked):
        # An old day, or filters that leave nothing of the short list: then everything counts.
        wanted, brief = frozenset(), False
        found, ranked, own = ranked_options(inputs, selection, within=wanted)
    if not any(r.feasible for r in ranked):
        raise InfeasibleError(nothing_serves(ranked))
    insist(inputs, (r.trust for r in ranked if r.feasible))
    return wanted, brief, found, ranked, own


def _worked_out(
    inputs: Question, rows: Sequence[OptionResult], found: Sequence[Sized]
) -> list[OptionResult]:
    """Return rows of key figures alone as whole ones, but for the lines of their bills."""
    known = {option.id: (option, replica) for option, replica in found}
    return [
        option_result(known[r.id][0], inputs, known[r.id][1], brief=True) if r.feasible else r
        for r in rows
    ]


def _shown(inputs: Question, rows: Sequence[OptionResult]) -> Sequence[OptionResult]:
    """Return the rows of a short list that a first screen shows."""
    described = [spec.name for spec in inputs.request.options]
    least = least_trust(inputs)
    pair = pair_of([row for row in rows if row.feasible], least) or ()
    return best_of_classes(rows, {*described, *(row.id for row in pair)}, least)


def _verdict(
    inputs: Question,
    rows: Sequence[OptionResult],
    ranked: Sequence[OptionResult],
    best: OptionResult,
    chains: Sequence[EscalationResult],
    beyond: frozenset[str],
) -> str:
    """Return the answer in words: what is decided, then what is told besides.

    Args:
        rows: What is shown, with bills.
        ranked: All rows by cost.
        chains: What is asked after an answer that is wrong.
        beyond: Models of the short list where more than it was asked for.
    """
    least = least_trust(inputs)
    tokens = number(inputs.settings.value("workload.tokens_per_month"))
    short = len(rows) < sum(row.feasible for row in ranked)
    sentences = (
        unsure_words(best.trust, least),
        *decided(rows, ranked, least, tokens, short=short, beyond=beyond),
        escalation_words(chains, best),
        beside_words(cheaper_but_unsure(rows, best)),
        f"It is the cheapest{kept}." if (kept := rule_words(least, best.trust)) else "",
        *besides(rows, ranked, least),
    )
    return " ".join(s for s in sentences if s)


def _turns(
    inputs: Question,
    rows: Sequence[OptionResult],
    found: Sequence[Sized],
    own: SetUps,
    brief: bool,
) -> tuple[tuple[str, ...], tuple[Flip, ...]]:
    """Return what is bought and the own GPUs that an answer is about, and what turns it."""
    least = least_trust(inputs)
    pair = pair_of(rows, least)
    if pair is None:
        return (), ()
    options = {option.id: option for option, _ in found}
    bought, mine = (options[row.id] for row in pair)
    places = best_pairs(own, inputs.settings, mine.model, any_volume(inputs), least)
    searched = isinstance(mine, SelfOption) and mine.id.startswith("self/")
    setups = [option_of(own, int(i)) for i in places] if searched else [mine]
    sized = [own.replica_of(int(i)) for i in places] if searched and brief else ()
    class_ = pair[1].class_
    closed = [r for r in rows if r.tier == "api" and r.class_ == class_ != "unknown"]
    rival = cheapest_of(closed, least)
    against = options[rival.id] if rival is not None and rival.id != bought.id else None
    return (bought.id, mine.id), turns_of(
        inputs, bought, mine, setups, against, sized, own=own if searched else None
    )


def _carried(
    inputs: Question,
    used: Sequence[Option],
    named: Sequence[Option],
    ranked: Sequence[OptionResult],
    *,
    short_listed: bool,
) -> dict[str, Any]:
    """Return what every answer carries, with what a comparison has to say besides."""
    return carried(
        inputs,
        used,
        named,
        first=_no_own(ranked if short_listed else ()),
        then=caveats(inputs, used, tried={r.tier for r in ranked}),
        last=_short_of(ranked) if inputs.request.all_setups else (),
        dated=True,
    )


def _no_own(ranked: Sequence[OptionResult]) -> Iterator[str]:
    """Yield why own GPUs serve no model of a short list, whose rows would just not be there."""
    own = [row for row in ranked if row.id.startswith("self/")]
    if own and not any(row.feasible for row in own):
        [(reason, count)] = Counter(row.reasons[0] for row in own).most_common(1)
        of = "" if count == len(own) else f" ({count} of them; reasons differ)"
        yield f"own GPUs can serve none of these {len(own)} models: {reason}{of}"


def _chains(
    inputs: Question, rows: Sequence[OptionResult], used: Sequence[Option]
) -> tuple[EscalationResult, ...]:
    """Return chains of options where it was said how often they are right."""
    if inputs.success is None:
        return ()
    from tco.analysis.escalation import escalations  # few ask for them

    return escalations(inputs, rows, {option.id: option for option in used})


def answers(row: Listed, inputs: Question) -> bool:
    """Return whether a row can be the answer: it serves, at the trust that the user asked for."""
    asked = 0 if inputs.request.min_trust is None else least_trust(inputs)
    return row.monthly_usd is not None and rank_of(row.trust) >= asked


def _checks(inputs: Question, best: OptionResult, used: list[Option]) -> tuple[CheckResult, ...]:
    """Return the checks of a scenario file, held against the answer and all prices shown."""
    if not inputs.request.checks:
        return ()
    from tco.analysis.checks import CheckedAnswer, checked  # few files have any

    chosen = [option for option in used if option.id == best.id]
    return checked(inputs, CheckedAnswer(best.id, best.monthly_usd, chosen, used))


def ranked_options(
    inputs: Question,
    selection: Selection,
    *,
    within: frozenset[str] = frozenset(),
    brief: bool = False,
) -> tuple[list[Sized], list[OptionResult], SetUps]:
    """Return the options of some models (all when none are named) their rows by cost, set-ups.

    Args:
        selection: What the user chose.
        within: The models, all where there are none.
        brief: Give key figures alone.
    """
    selection = replace(selection, within=within)
    own = own_setups(inputs, selection)
    found, missing = _candidates(inputs, selection, own)
    pairs = np.array([*_pairs(inputs, own, selection)], dtype=np.int64)
    request = inputs.request
    many = request.all_setups and not request.all_lines and len(found) + pairs.size > MOST_WHOLE
    usd, gpus = monthly_bills(own, inputs.settings, pairs, _volume(inputs))
    whole = _whole(inputs, own, pairs, usd[:, 0]) if many else pairs
    found += [(option_of(own, i), own.replica_of(i)) for i in whole.tolist()]
    missed = [left_out_result(item, inputs) for item in missing]
    if brief:
        results = [offer_figures(option, inputs) for option, _ in found[: -pairs.size or None]]
        results += [*missed, *pair_figures(own, pairs, usd[:, 0], gpus[:, 0])]
        return found, sorted(results, key=_rank), own
    size_bands((option for option, _ in found), inputs.settings)
    results = [*(option_result(option, inputs, replica) for option, replica in found), *missed]
    if not many:
        return found, sorted(results, key=_rank), own
    rest = ~np.isin(pairs, whole)
    results += pair_figures(own, pairs[rest], usd[rest, 0], gpus[rest, 0])
    ranked = sorted(results, key=_rank)
    own_whole = (row for row in results if row.tier == "self" and row.lines)
    keep = {row.id for row in (*ranked[:MOST_WHOLE], *own_whole)}
    return found, [_cut(row, whole=row.id in keep) for row in ranked], own


def _cut(row: OptionResult, *, whole: bool) -> OptionResult:
    """Return a row of very many: without lines, and with key figures alone unless it is whole."""
    if row.brief or not row.feasible:
        return row
    return replace(row, lines=()) if whole else key_figures(row)


def _whole(inputs: Question, own: SetUps, pairs: Indices, usd: Floats) -> Indices:
    """Return which of many pairs are worked out whole: the cheapest, and each model's answer."""
    models = own.model[own.pair_setup[pairs]]
    best = cheapest_each(models, usd, trust_ranks(own, pairs), least_trust(inputs))
    first = np.concatenate([np.argsort(usd, kind="stable")[:MOST_WHOLE], best])
    return pairs[list(dict.fromkeys(first.tolist()))]


def _volume(inputs: Question) -> Floats:
    volume: Floats = np.atleast_1d(np.asarray(inputs.settings.value("workload.tokens_per_month")))
    return volume


def _short_of(ranked: Sequence[OptionResult]) -> tuple[str, ...]:
    """Return how many options have key figures alone, and what works them out whole."""
    brief = sum(row.brief for row in ranked)
    if not brief:
        return ()
    return (f"{brief:,} of {len(ranked):,} options have key figures alone: --lines works all out",)


def _considered(
    inputs: Question,
    selection: Selection,
    ranked: list[OptionResult],
    short_listed: frozenset[str],
) -> int:
    """Return how many options can be had, be all of them worked out or the short list alone.

    Offers that take such requests, provisioned units, the set-ups that were worked out, and one of
    each other open model that is tried on GPUs.
    """
    if not short_listed:
        return sum(r.feasible for r in ranked)
    models = {n: m for n, m in inputs.catalog.models.models.items() if m.kind == "chat"}
    offers = [o for o in inputs.catalog.prices.offers if o.model in models]
    priced = [o for o in offers if selection.offer(o, models[o.model]) and has_price(inputs, o)]
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
    units, _ = provisioned_options(inputs, selection)
    return len(priced) + len(units) + own + len(inputs.request.options)


Sized = tuple[Option, Replica | None]
"""An option, and what one replica of it sustains where that is known already."""


def candidates(inputs: Question, selection: Selection) -> tuple[list[Sized], list[LeftOut]]:
    """Return the options to price, and what was left out with its reasons.

    Of the self-hosted set-ups only the answer of each open model is kept, and of models that were
    chosen one that is cheaper though its rent is not sure enough; all where the request says so.
    """
    own = own_setups(inputs, selection)
    found, missing = _candidates(inputs, selection, own)
    found += [(option_of(own, i), own.replica_of(i)) for i in _pairs(inputs, own, selection)]
    return found, missing


def _candidates(
    inputs: Question, selection: Selection, own: SetUps
) -> tuple[list[Sized], list[LeftOut]]:
    """Return all options to price but own GPUs, and what was left out, own GPUs among it."""
    priced, missing = token_options(inputs, selection)
    units, unpriced = provisioned_options(inputs, selection)
    described = [inline_option(inputs, spec) for spec in inputs.request.options]
    options = (*priced, *units, *described)
    missing += [_without_price(offer, reason) for offer, reason in unpriced]
    return [(option, None) for option in options], [*missing, *unserved(own)]


def _without_price(offer: CapacityOffer, reason: str) -> LeftOut:
    return LeftOut(
        id=f"{offer.provider}/{offer.name}",
        tier="api",
        model="any",
        provider=offer.provider,
        reasons=(reason,),
    )


def _pairs(inputs: Question, own: SetUps, selection: Selection) -> Iterable[int]:
    """Yield the set-ups to price: of models that answers are about, the cheapest rent as well."""
    about = selection.models if selection.narrowed else inputs.catalog.assumptions.short_list
    volume = _volume(inputs)
    rows = np.arange(own.pair_setup.size)
    cost = monthly_usd(own, inputs.settings, rows, volume)
    if inputs.request.all_setups:
        order = np.lexsort((cost[:, 0], own.model[own.pair_setup]))
        yield from _one_each(own, order.tolist())
        return
    for model in own.models:
        beside = (0,) if not about or model.id in about else ()
        levels = (least_trust(inputs), *beside)
        mine = own.pairs_of(model.id)
        yield from answers_of(own, mine, cost[mine], *levels).tolist()


def _one_each(own: SetUps, rows: Iterable[int]) -> Iterable[int]:
    """Return the first pair of each id: a seller may rent the same GPU in several regions."""
    seen = set()
    for row in rows:
        rent = own.rents[int(own.pair_rent[row])]
        known = (int(own.pair_setup[row]), rent.seller, rent.way)
        if known not in seen:
            seen.add(known)
            yield row


def _rank(result: OptionResult) -> tuple[bool, float, str]:
    return not result.feasible, result.monthly_usd or 0.0, result.id


def nothing_serves(results: list[OptionResult]) -> str:
    if not results:
        return "nothing matches what was asked for; loosen --model, --provider, --gpu or --tier"
    reasons = "; ".join(f"{r.id}: {', '.join(r.reasons)}" for r in results[:5])
    more = f"; and {len(results) - 5} more" if len(results) > 5 else ""
    return f"nothing that was asked for can serve this: {reasons}{more}"


def short_list(inputs: Question, selection: Selection) -> frozenset[str]:
    """Return the models of the short list: none when the user chose what to look at.

    Of models that have to be as good as something, all that pass; of a class those of the list, for
    the smallest of its models are far from being as good as the others.
    """
    if selection.models or selection.providers:
        return frozenset()
    usual = frozenset(inputs.catalog.assumptions.short_list)
    if not selection.graded and selection.rates is None:
        return usual
    models = inputs.catalog.models.models
    passing = frozenset(n for n, m in models.items() if selection.model(n, m))
    return passing if selection.bars else passing & usual or passing


def listed(
    inputs: Question, wanted: frozenset[str], rows: Sequence[SomeListed]
) -> Sequence[SomeListed]:
    """Return the rows that answers are about; all of them where there is no short list.

    Args:
        wanted: Models of the short list.
        rows: Options with their bills.
    """
    if not wanted:
        return rows
    described = [spec.name for spec in inputs.request.options]
    providers = inputs.catalog.prices.providers
    return shown_of(rows, wanted, providers, described, least_trust(inputs))
