"""What a month costs, every way there is to serve it, cheapest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tco.analysis.by_token import has_price, token_options
from tco.analysis.candidates import OwnSetups, own_setups, unsizable
from tco.analysis.caveats import caveats
from tco.analysis.cheapest import (
    Listed,
    SomeListed,
    cheaper_but_unsure,
    cheapest_of,
    insist,
    least_trust,
    rank_of,
    shown_of,
)
from tco.analysis.checks import Judged, checked, known_names
from tco.analysis.inline import inline_options
from tco.analysis.inputs import Inputs
from tco.analysis.options import LeftOut, Option
from tco.analysis.pairs import best_pairs, monthly_usd
from tco.analysis.priced import left_out_result, option_result
from tco.analysis.provisioned import provisioned_options
from tco.analysis.report import assumptions_of, stamp, warnings_of, workload_result
from tco.analysis.results import CompareResult, OptionResult
from tco.analysis.select import Selection, select
from tco.analysis.verdict import compare_verdict
from tco.catalog.trust import LEVELS
from tco.engine.replica import Replica
from tco.errors import InfeasibleError, UsageError

if TYPE_CHECKING:
    from tco.catalog.prices import CapacityOffer


def compare(inputs: Inputs, *, brief: bool = False) -> CompareResult:
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
    found, ranked = _ranked(inputs, selection, within=wanted if brief else frozenset())
    if wanted and not any(r.model in wanted and answers(r, inputs) for r in ranked):
        # An old day, or filters that leave nothing of the short list: then everything counts.
        wanted, brief = frozenset(), False
        found, ranked = _ranked(inputs, selection, within=wanted)
    if not any(r.feasible for r in ranked):
        raise InfeasibleError(_nothing(ranked))
    insist(inputs, (r.trust for r in ranked if r.feasible))
    least = least_trust(inputs)
    shown = tuple(r.id for r in listed(inputs, wanted, ranked)) if wanted else ()
    rows = [r for r in ranked if r.feasible and (not shown or r.id in shown)]
    best = cheapest_of(rows, least)
    assert best is not None  # something can serve it, or there was no result
    told = {r.id for r in rows}
    used = [option for option, _ in found if option.id in told]
    return CompareResult(
        schema="tco.compare/1",
        catalog=stamp(inputs, used),
        workload=workload_result(inputs),
        options=tuple(ranked),
        shown=shown,
        considered=_considered(inputs, selection, ranked)
        if wanted
        else sum(r.feasible for r in ranked),
        verdict=compare_verdict(ranked, shown, least),
        assumptions=assumptions_of(inputs, used),
        warnings=(
            *warnings_of(inputs, used),
            *caveats(inputs, used, tried={r.tier for r in ranked}),
            *_unscored(inputs, selection),
        ),
        checks=checked(inputs, _judged(best, used)),
        best=best.id,
        cheaper_but_unsure=tuple(r.id for r in cheaper_but_unsure(rows, best)),
        min_trust=LEVELS[least],
    )


def answers(row: Listed, inputs: Inputs) -> bool:
    """Return whether a row can be the answer: it serves, at the trust that the user asked for."""
    asked = 0 if inputs.request.min_trust is None else least_trust(inputs)
    return row.monthly_usd is not None and rank_of(row.trust) >= asked


def _judged(best: OptionResult, used: list[Option]) -> Judged:
    """Return what checks are held against: the answer, and the prices of all that are shown."""
    chosen = [option for option in used if option.id == best.id]
    return Judged(name=best.id, usd=best.monthly_usd, chosen=chosen, looked_at=used)


def _ranked(
    inputs: Inputs, selection: Selection, *, within: frozenset[str]
) -> tuple[list[Sized], list[OptionResult]]:
    """Return the options of some models (all when none are named) and their rows, by cost."""
    found, missing = candidates(inputs, replace(selection, within=within))
    results = [option_result(option, inputs, replica) for option, replica in found]
    results += [left_out_result(item) for item in missing]
    return found, sorted(results, key=_rank)


def _unscored(inputs: Inputs, selection: Selection) -> tuple[str, ...]:
    """Return how many models a lowest score leaves out because nobody published theirs."""
    if selection.min_score is None:
        return ()
    benchmark = selection.min_score[0]
    models = [m for m in inputs.catalog.models.models.values() if m.kind == "chat"]
    without = sum(all(s.benchmark != benchmark for s in m.scores) for m in models)
    return (f"{without} of {len(models)} models have no {benchmark} score and are left out",)


def _considered(inputs: Inputs, selection: Selection, ranked: list[OptionResult]) -> int:
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


def candidates(inputs: Inputs, selection: Selection) -> tuple[list[Sized], list[LeftOut]]:
    """Return the options to price, and what was left out with its reasons.

    Of the self-hosted set-ups only the answer of each open model is kept, and of models that were
    chosen one that is cheaper though its rent is not sure enough; all where the request says so.
    """
    priced, missing = token_options(inputs, selection)
    own = own_setups(inputs, selection)
    units, unpriced = provisioned_options(inputs, selection)
    options = (*priced, *units, *inline_options(inputs))
    found: list[Sized] = [(option, None) for option in options]
    missing += [_without_price(offer, reason) for offer, reason in unpriced]
    found += [(own.option(i), own.replica(i)) for i in _pairs(inputs, own, selection)]
    return found, [*missing, *own.infeasible, *own.unsized]


def _without_price(offer: CapacityOffer, reason: str) -> LeftOut:
    return LeftOut(
        id=f"{offer.provider}/{offer.name}",
        tier="api",
        model="any",
        provider=offer.provider,
        reasons=(reason,),
    )


def _pairs(inputs: Inputs, own: OwnSetups, selection: Selection) -> Iterable[int]:
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


def short_list(inputs: Inputs, selection: Selection) -> frozenset[str]:
    """Return the models of the short list: none when the user chose what to look at."""
    if selection.narrowed or inputs.request.all_setups:
        return frozenset()
    return frozenset(inputs.catalog.assumptions.short_list)


def listed(
    inputs: Inputs, wanted: frozenset[str], rows: Sequence[SomeListed]
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
