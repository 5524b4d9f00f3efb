"""What a month costs, every way there is to serve it, cheapest first."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tco.analysis.candidates import LeftOut, OwnSetups, own_setups, token_options
from tco.analysis.inline import inline_options
from tco.analysis.inputs import Inputs
from tco.analysis.options import Option
from tco.analysis.priced import left_out_result, option_result
from tco.analysis.report import assumptions_of, stamp, warnings_of, workload_result
from tco.analysis.results import CompareResult, OptionResult
from tco.analysis.select import Selection, select
from tco.analysis.setups import best_pairs, monthly_usd
from tco.analysis.verdict import compare_verdict
from tco.engine.replica import Replica
from tco.errors import InfeasibleError, UsageError


def compare(inputs: Inputs) -> CompareResult:
    """Return the monthly cost of every option that the request lets through.

    Args:
        inputs: The question.

    Raises:
        UsageError: No volume was given.
        InfeasibleError: Nothing that was asked for can serve the month; the reasons are named.
    """
    if not inputs.volume_given:
        raise UsageError("how many tokens a month? for example --tokens 50B")
    selection = select(inputs.catalog, inputs.request)
    found, missing = candidates(inputs, selection)
    results = [option_result(option, inputs, replica) for option, replica in found]
    results += [left_out_result(item) for item in missing]
    ranked = sorted(results, key=_rank)
    feasible = [r for r in ranked if r.feasible]
    if not feasible:
        raise InfeasibleError(_nothing(ranked))
    served = {r.id for r in feasible}
    used = [option for option, _ in found if option.id in served]
    shown = _short_list(inputs, selection, ranked)
    return CompareResult(
        schema="tco.compare/1",
        catalog=stamp(inputs, used),
        workload=workload_result(inputs),
        options=tuple(ranked),
        shown=shown,
        verdict=compare_verdict(ranked, shown),
        assumptions=assumptions_of(inputs, used),
        warnings=warnings_of(inputs, used),
    )


Sized = tuple[Option, Replica | None]
"""An option, and what one replica of it sustains where that is known already."""


def candidates(inputs: Inputs, selection: Selection) -> tuple[list[Sized], list[LeftOut]]:
    """Return the options to price, and what was left out with its reasons.

    Of the self-hosted set-ups only the cheapest of each open model is kept, unless the request
    asks for all of them.
    """
    priced, missing = token_options(inputs, selection)
    own = own_setups(inputs, selection)
    found: list[Sized] = [(option, None) for option in (*priced, *inline_options(inputs))]
    found += [(own.option(i), own.replica(i)) for i in _pairs(inputs, own)]
    return found, [*missing, *own.infeasible, *own.unsized]


def _pairs(inputs: Inputs, own: OwnSetups) -> Iterable[int]:
    volume = np.atleast_1d(np.asarray(inputs.settings.value("workload.tokens_per_month")))
    for model in own.models:
        rows = own.found.pairs_of(model.id)
        if inputs.request.all_setups:
            cost = (
                monthly_usd(own.found, inputs.settings, rows, volume)[:, 0] if rows.size else rows
            )
            yield from rows[np.argsort(cost, kind="stable")].tolist()
        else:
            yield from best_pairs(own.found, inputs.settings, model.id, volume).tolist()


def _rank(result: OptionResult) -> tuple[bool, float, str]:
    return not result.feasible, result.monthly_usd or 0.0, result.id


def _nothing(results: list[OptionResult]) -> str:
    if not results:
        return "nothing matches what was asked for; loosen --model, --provider, --gpu or --tier"
    reasons = "; ".join(f"{r.id}: {', '.join(r.reasons)}" for r in results[:5])
    more = f"; and {len(results) - 5} more" if len(results) > 5 else ""
    return f"nothing that was asked for can serve this: {reasons}{more}"


def _short_list(
    inputs: Inputs, selection: Selection, ranked: list[OptionResult]
) -> tuple[str, ...]:
    """Return the ids of the short list: empty when the user chose what to look at.

    Of each model on the catalog's short list: the maker's own offer of a closed one, the cheapest
    host of an open one, and its cheapest set-up.
    """
    if selection.narrowed or inputs.request.options or inputs.request.all_setups:
        return ()
    wanted = set(inputs.catalog.assumptions.short_list)
    providers = inputs.catalog.prices.providers
    shown: dict[tuple[str, str], str] = {}
    for result in ranked:
        others = result.tier == "api" and providers[result.provider].kind != "first_party"
        if result.model in wanted and not others:
            shown.setdefault((result.model, result.tier), result.id)
    return tuple(shown.values())
