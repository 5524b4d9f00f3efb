"""The cheapest mix of own GPUs and an API, beside either of them alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tco.analysis.billing import refuse_billing
from tco.analysis.by_token import token_options
from tco.analysis.candidates import OwnSetups, own_setups
from tco.analysis.change.chosen import usual
from tco.analysis.cheapest import (
    answers_at,
    cheapest,
    insist,
    least_trust,
    pair_of,
    rank_of,
)
from tco.analysis.checks import Judged, checked, known_names
from tco.analysis.inputs import Inputs
from tco.analysis.machines import OWN
from tco.analysis.options import FixedOption, Option, SelfOption, TokenOption, charged_lines
from tco.analysis.pairs import best_pairs
from tco.analysis.plan.bills import strategies_of
from tco.analysis.plan.curve import LoadCurve, load_curve
from tco.analysis.plan.machines import Machine, Unit, machine, machines, way
from tco.analysis.plan.mix import Mix, best_mix, least_usd
from tco.analysis.plan.notes import PURCHASES, hour_warnings, plan_assumptions
from tco.analysis.plan.results import ModelRow, PlanResult, StrategyResult
from tco.analysis.plan.rows import curve_result, next_unit, resource_rows
from tco.analysis.plan.switches import switches_of
from tco.analysis.plan.words import plan_verdict
from tco.analysis.provisioned import NO_UNITS, ProvisionedOption
from tco.analysis.report import stamp, warnings_of, workload_result
from tco.analysis.resolve import resolve
from tco.analysis.select import Selection, select
from tco.analysis.settings import Settings, workload
from tco.engine.ledger import total_usd
from tco.engine.shapes import Floats
from tco.errors import InfeasibleError, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The question for one model.

    Args:
        overflow: The option by the token.
        machines: Its set-ups, the cheapest at full use first.
        mix: The cheapest mix.
        strategies: The three bills.
        alone: The set-up that serves everything in the second of them; None where none can.
    """

    model: str
    overflow: TokenOption
    machines: list[Machine]
    mix: Mix
    strategies: tuple[StrategyResult, ...]
    alone: Unit | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What the plan is about besides the question itself.

    Args:
        overflow, own: Names of the two options; None to look at the open models.
        hours: The user's own load curve, empty for none.
        curve: What it is called, or the profile whose hours are to be taken.
        buy: Look at bought GPUs as well.
    """

    overflow: str | None = None
    own: str | None = None
    hours: tuple[float, ...] = ()
    curve: str = ""
    buy: bool = False


def plan(inputs: Inputs, ask: Ask) -> PlanResult:
    """Return the cheapest mix of own GPUs and an API.

    With two options named, of those two; else for each open model its own weights on both sides,
    and in detail for the model of the verdict of `compare`.

    Args:
        inputs: The question.
        ask: What it is about.

    Raises:
        UsageError: No volume was given.
        InfeasibleError: No open model is both hosted by the token and servable on own GPUs.
    """
    if not inputs.volume_given:
        raise UsageError("how many tokens a month? for example --tokens 50B")
    _check(inputs)
    known_names(inputs)
    curve = load_curve(inputs, ask.hours, ask.curve)
    asked, inputs = inputs, _at_peak_of(inputs, curve)
    if ask.overflow is not None:
        choices, said, left_out = _named(inputs, ask, curve)
    else:
        choices, left_out = _open_models(inputs, ask, curve)
        choices = _verdict_first(choices, asked)
        said = ()
    if not choices:
        raise InfeasibleError(f"nothing to plan with: {'; '.join(left_out[:5]) or 'no model'}")
    return _result(inputs, curve, choices, said, left_out, buy=ask.buy)


def _check(inputs: Inputs) -> None:
    """Raise `UsageError` for a question that leaves nothing to mix."""
    refuse_billing(inputs, "a plan works out itself when GPUs are on; leave it out")
    request = inputs.request
    if request.private or (request.tiers and not {"api", "hosted"} & set(request.tiers)):
        raise UsageError(
            "without an API there is nothing to mix; tco compare --private sizes own GPUs at a peak"
        )
    if float(np.asarray(inputs.settings.value("workload.tokens_per_month"))) <= 0:
        raise UsageError("a plan for no tokens is nothing; for example --tokens 50B")


def _at_peak_of(inputs: Inputs, curve: LoadCurve) -> Inputs:
    """Return the question with the peak of the curve, so that fleets are sized for it."""
    path = "workload.peak_to_mean"
    setting = replace(
        inputs.settings[path],
        value=curve.peak_to_mean,
        origin=curve.origin,
        source=curve.said,
    )
    return replace(inputs, settings=Settings({**inputs.settings, path: setting}))


def load_of(inputs: Inputs, curve: LoadCurve) -> Floats:
    """Return the load of each hour [hours] [request/s]."""
    return np.asarray(workload(inputs.settings).requests_per_s * curve.load, dtype=float)


def usd_per_load(option: TokenOption, inputs: Inputs) -> float:
    """Return what an option by the token charges for 1 request/s in an hour [USD/h]."""
    bill = total_usd(charged_lines(option, inputs.settings))
    month = workload(inputs.settings)
    return float(np.asarray(bill / month.hours_per_month / month.requests_per_s))


def _named(
    inputs: Inputs, ask: Ask, curve: LoadCurve
) -> tuple[list[Choice], tuple[str, ...], list[str]]:
    """Return the choice between two named options."""
    token = resolve(ask.overflow or "", inputs)
    if not isinstance(token.best, TokenOption):
        raise UsageError(f"{ask.overflow} is not priced by the token; name the API first")
    if token.best.terms is not None:
        raise UsageError(
            f"{token.best.id}: a plan needs a price that does not change with the volume; "
            "leave tiers and commitment out"
        )
    name = ask.own or f"self/{token.best.model}"
    own = resolve(name, inputs)
    if isinstance(own.best, ProvisionedOption):
        raise UsageError(f"{name}: {NO_UNITS}")
    options = [o for o in own.options if isinstance(o, SelfOption | FixedOption)]
    if not options:
        raise UsageError(
            f"{name} is not a set-up of own GPUs; write for example self/llama-3.3-70b"
        )
    made = [machine([way(option, inputs.settings)]) for option in options]
    made.sort(key=lambda m: m.usd_per_load)
    choice = _choice(inputs, curve, token.best, made, options)
    said = tuple(s for s in (token.said, own.said) if s)
    return [choice], said, []


def _open_models(inputs: Inputs, ask: Ask, curve: LoadCurve) -> tuple[list[Choice], list[str]]:
    """Return the choice for each open model, the one on which a mix saves most first."""
    selection = select(inputs.catalog, inputs.request)
    if not selection.narrowed:
        short = frozenset(inputs.catalog.assumptions.short_list)
        selection = replace(selection, models=short)
    if not inputs.request.purchases:
        selection = replace(selection, purchases=PURCHASES)
    if ask.buy:
        selection = replace(selection, purchases=selection.purchases | {OWN})
    if inputs.request.tiers and "self" not in selection.tiers:
        raise UsageError("without own GPUs there is nothing to mix; leave --tier out")
    selection = replace(selection, own=True, tiers=frozenset())
    own = own_setups(inputs, selection)
    choices: list[Choice] = []
    left_out = [f"{o.model}: {', '.join(o.reasons)}" for o in (*own.infeasible, *own.unsized)]
    for model in own.models:
        host = _host(inputs, selection, model.id)
        made = machines(own, model.id, inputs.settings)
        if host is None:
            left_out.append(f"{model.id}: nobody in the catalog hosts it by the token")
        elif made:
            choices.append(_choice(inputs, curve, host, made, _sized(own, model.id)))
    return sorted(choices, key=lambda c: _promise(c, inputs)), left_out


def _verdict_first(choices: list[Choice], inputs: Inputs) -> list[Choice]:
    """Return the choices with that of the verdict's model first."""
    pair = pair_of(usual(inputs), least_trust(inputs)) if len(choices) > 1 else None
    return sorted(choices, key=lambda choice: pair is None or choice.model != pair[1].model)


def _promise(choice: Choice, inputs: Inputs) -> tuple[float, float]:
    """Return a sort key: what the mix saves, then how near own GPUs come to saving anything."""
    least = min(least_usd(m, choice.mix.load, inputs.settings) for m in choice.machines)
    usd = choice.mix.stack.usd_per_hour  # nothing where all that enters it is left out
    return -model_row(choice).saved_share, least / usd if usd > 0 else np.inf


def _sized(own: OwnSetups, model: str) -> list[SelfOption]:
    settings = own.inputs.settings
    volume = np.atleast_1d(np.asarray(settings.value("workload.tokens_per_month")))
    pairs = best_pairs(own.found, settings, model, volume, least_trust(own.inputs))
    return [own.option(int(i)) for i in pairs]


def _host(inputs: Inputs, selection: Selection, model: str) -> TokenOption | None:
    """Return the cheapest host of a model that passes the filters; None when there is none."""
    found, _ = token_options(inputs, replace(selection, models=frozenset({model})))
    hosts = [option for option in found if option.tier == "hosted"]
    if not hosts:
        return None
    usd = np.array([usd_per_load(option, inputs) for option in hosts])
    return hosts[int(answers_at(hosts, usd, least_trust(inputs)))]


def _choice(
    inputs: Inputs,
    curve: LoadCurve,
    overflow: TokenOption,
    made: list[Machine],
    at_peak: Sequence[Unit],
) -> Choice:
    mix = best_mix(made, load_of(inputs, curve), usd_per_load(overflow, inputs), inputs.settings)
    strategies, alone = strategies_of(inputs, overflow, at_peak, mix)
    return Choice(
        model=made[0].usual.option.model,
        overflow=overflow,
        machines=made,
        mix=mix,
        strategies=strategies,
        alone=alone,
    )


def model_row(choice: Choice) -> ModelRow:
    """Return the choice in one line."""
    api, own, hybrid = (s.monthly_usd for s in choice.strategies)
    others = [usd for usd in (api, own) if usd is not None]
    usd = hybrid or 0.0
    return ModelRow(
        model=choice.model,
        overflow=choice.overflow.id,
        api_usd=api or 0.0,
        own_usd=own,
        hybrid_usd=usd,
        own_tokens_share=choice.strategies[-1].own_tokens_share or 0.0,
        saved_share=1.0 - usd / min(others) if min(others) > 0 else 0.0,
    )


def _best(strategies: Sequence[StrategyResult], least: int) -> StrategyResult:
    """Return the arrangement that is the answer."""
    usd = np.array([np.inf if s.monthly_usd is None else s.monthly_usd for s in strategies])
    trust = np.array([rank_of(s.trust) for s in strategies])
    return strategies[int(cheapest(usd, trust, least))]


def _unsure(
    strategies: Sequence[StrategyResult], best: StrategyResult
) -> tuple[StrategyResult, ...]:
    """Return the arrangements that cost less than the answer, but are not sure enough."""
    usd = best.monthly_usd or 0.0
    return tuple(s for s in strategies if s.monthly_usd is not None and s.monthly_usd < usd)


def _judged(choice: Choice, best: StrategyResult, used: list[Option]) -> Judged:
    """Return what checks are held against: the best arrangement and what it is made of."""
    own = best.own_tokens_share or 0.0
    chosen = [o for o in used[1:] if own > 0] + [o for o in used[:1] if own < 1]
    name = f"{best.strategy} of {choice.model}"
    return Judged(name=name, usd=best.monthly_usd, chosen=chosen, looked_at=chosen)


def _result(
    inputs: Inputs,
    curve: LoadCurve,
    choices: list[Choice],
    said: tuple[str, ...],
    left_out: list[str],
    *,
    buy: bool,
) -> PlanResult:
    first = choices[0]
    used: list[Option] = [first.overflow]
    used += [w.option for w in (first.mix.base, first.mix.peak) if w is not None]
    if len(used) == 1:
        used.append(first.machines[0].usual.option)
    insist(inputs, (s.trust for s in first.strategies if s.monthly_usd is not None))
    best = _best(first.strategies, least_trust(inputs))
    result = PlanResult(
        schema="tco.plan/1",
        catalog=stamp(inputs, used),
        workload=workload_result(inputs),
        model=first.model,
        overflow=first.overflow.id,
        own=tuple(o.id for o in used[1:]) if first.mix.own_load > 0 else (),
        same_weights=first.overflow.model == first.model,
        resolved=said,
        curve=curve_result(inputs, curve, first.mix),
        strategies=first.strategies,
        rows=resource_rows(inputs, first.mix, first.overflow),
        next_unit=next_unit(inputs, first.mix, first.machines),
        switches=switches_of(inputs, first.overflow, first.mix, first.machines),
        models=tuple(model_row(choice) for choice in choices),
        left_out=tuple(left_out),
        verdict="",
        assumptions=plan_assumptions(inputs, used, first.alone, first.mix, buy=buy),
        warnings=(*warnings_of(inputs, used), *hour_warnings(first.mix)),
        checks=checked(inputs, _judged(first, best, used)),
        best=best.strategy,
        cheaper_but_unsure=tuple(s.strategy for s in _unsure(first.strategies, best)),
    )
    return replace(result, verdict=plan_verdict(result))
