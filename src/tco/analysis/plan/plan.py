"""The cheapest mix of own GPUs and an API, beside either of them alone, and what turns it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from tco.analysis.checks import CheckedAnswer, checked, known_names
from tco.analysis.plan.bills import (
    PURCHASES,
    all_own,
    curve_result,
    hour_warnings,
    load_curve,
    next_unit,
    plan_assumptions,
    resource_rows,
    spread,
    strategies_of,
)
from tco.analysis.plan.mix import (
    HybridMix,
    Unit,
    UnitChoice,
    best_mix,
    bursts,
    least_usd,
    machine,
    machines,
    mix_of,
    rented_unit,
    team_overhead,
)
from tco.analysis.plan.results import ModelRow, PlanResult, StrategyResult, plan_verdict
from tco.analysis.report import carried, workload_result
from tco.analysis.results import Flip
from tco.analysis.vary.variables import usual
from tco.engine.crossings import turn
from tco.engine.fleet import busiest_stretch
from tco.engine.ledger import total_usd
from tco.engine.shapes import Floats, number
from tco.errors import InfeasibleError, UsageError
from tco.options.bills import Option, SelfOption, TokenOption, best_pairs, charged_lines
from tco.options.candidates import option_of, own_setups, unserved
from tco.options.cheapest import answers_at, cheapest, insist, least_trust, pair_of, rank_of
from tco.options.curves import STRETCH
from tco.options.hours import Hours, refuse_billing
from tco.options.machines import DEDICATED, OWN
from tco.options.names import month_typed, pair_with, resolve
from tco.options.offers import token_options
from tco.options.provisioned import NO_SEATS, NO_UNITS, FixedOption, ProvisionedOption
from tco.options.question import DEADLINE, WAITS, WEEK_HOURS, Question
from tco.options.selection import Selection, in_region, select
from tco.options.settings import Settings, people, price_factor, workload
from tco.options.setups import SetUps
from tco.records import dataclass
from tco.units import MTOK, SECONDS_PER_HOUR, show_number, show_tokens, show_usd

# At which value of one assumption the better of hybrid and all-API changes.

WIDEST = 2.0**14
"""Factor up and down within which a value is looked for [1]."""
MOST_LAYERS = 2000
"""Units beyond which a larger volume is not looked at [1]."""
HALVINGS = 24

LEAST = 1e-9
"""Saving that is taken for one [USD/h]."""


def switches_of(
    inputs: Question, api: TokenOption, mix: HybridMix, machines: Sequence[UnitChoice]
) -> tuple[Flip, ...]:
    """Return the values at which own GPUs begin or cease to pay, on the units of the mix.

    Each is found by halving: what own GPUs save grows with the API's price and the volume and
    falls with the rent, because the mix may always leave them out.
    """
    if mix.base is None and mix.peak is None:
        if not machines:
            return ()
        first = machines[0]
        mix = replace(mix, base=next(iter(first.base), None), peak=next(iter(first.peak), None))
    pays = mix.own_load > 0
    rows = (
        _api_price(inputs, api, mix, pays=pays),
        _volume(inputs, mix),
        _rent(inputs, mix, pays=pays),
    )
    ways = [way for way in (mix.base, mix.peak) if way is not None]
    if all(way.purchase == DEDICATED for way in ways):  # no engineer of one's own looks after them
        return rows
    return (*rows, _team(inputs, mix))


def _saving(
    inputs: Question, mix: HybridMix, *, price: float = 1.0, load: float = 1.0, rent: float = 1.0
) -> float:
    """Return what own GPUs save with three factors changed [USD/h]; below 0 as little as it can."""
    ways = [w and replace(w, usd_per_hour=w.usd_per_hour * rent) for w in (mix.base, mix.peak)]
    usd_per_load, curve = mix.usd_per_load * price, mix.load * load
    found = mix_of(ways[0], ways[1], curve, usd_per_load, inputs.settings)
    return usd_per_load * float(curve.mean()) - found.stack.usd_per_hour


def _edge(saves: Callable[[float], bool], widest: float = WIDEST) -> float | None:
    """Return the factor at which a saving begins or ends; None when it never does.

    Doubled or halved away from 1 until the answer changes, then halved in between.

    Args:
        saves: Whether own GPUs pay at a factor; rises with it, changes at most once.
        widest: Factor up to which is looked.
    """
    pays = cache(saves)
    now = pays(1.0)
    step = 0.5 if now else 2.0
    inside, outside = 1.0, step
    while pays(outside) == now:
        inside, outside = outside, outside * step
        if not 1.0 / WIDEST <= outside <= widest:
            return None
    found = turn(
        lambda factors: np.array([pays(x) != now for x in factors.tolist()]),
        inside,
        *sorted((inside, outside)),
        values=lambda low, high: np.array([low, np.sqrt(low * high), high]),
        zooms=HALVINGS,
    )
    assert found is not None  # it has turned outside
    return found[0] if now else found[1]


def _api_price(inputs: Question, api: TokenOption, mix: HybridMix, *, pays: bool) -> Flip:
    edge = _edge(lambda x: _saving(inputs, mix, price=x) > LEAST)
    tokens = float(np.asarray(workload(inputs.settings).tokens_per_request))
    now = mix.usd_per_load / SECONDS_PER_HOUR / tokens * MTOK
    needed = None if edge is None else now * edge
    title = f"price of {api.id} at this mix"
    unit = "USD/Mtok"
    if needed is None:
        text = "at no price of the API do own GPUs pay"
    elif pays:
        text = f"own GPUs pay down to an API price of {show_usd(needed)} per million tokens"
    else:
        text = f"own GPUs pay from an API price of {show_usd(needed)} per million tokens"
    path = price_factor(api.tier)
    return Flip(path=path, title=title, unit=unit, now=now, needed=needed, text=text)


def _volume(inputs: Question, mix: HybridMix) -> Flip:
    ways = [way for way in (mix.base, mix.peak) if way is not None]
    smallest = min(way.capacity for way in ways)
    widest = MOST_LAYERS * smallest / float(mix.load.max())
    edge = None
    if min(way.usd_per_load for way in ways) < mix.usd_per_load:
        edge = _edge(lambda x: _saving(inputs, mix, load=x) > LEAST, widest)
    now = float(np.asarray(inputs.settings.value("workload.tokens_per_month")))
    needed = None if edge is None else now * edge
    text = "at no volume do own GPUs pay"
    if needed is not None:
        text = f"own GPUs pay from {show_tokens(needed)} tokens a month"
    return Flip(
        path="workload.tokens_per_month",
        title="volume",
        unit="tokens/month",
        now=now,
        needed=needed,
        text=text,
    )


def _rent(inputs: Question, mix: HybridMix, *, pays: bool) -> Flip:
    edge = _edge(lambda x: _saving(inputs, mix, rent=1.0 / x) > LEAST)
    factor = float(np.asarray(inputs.settings.value("rent.factor")))
    needed = None if edge is None else factor / edge
    text = "at no rent of the GPUs do they pay"
    if needed is not None:
        word = "up to" if pays else "from"
        text = f"own GPUs pay {word} {show_number(needed)} times their rent"
        if not pays:
            text += " downwards"
    return Flip(
        path="rent.factor",
        title="rent of the GPUs",
        unit="factor",
        now=factor,
        needed=needed,
        text=text,
    )


def _team(inputs: Question, mix: HybridMix) -> Flip:
    """Return how many engineers the saving would pay for: own GPUs without any, less the API."""
    staff = people(inputs.settings)
    free = inputs.settings.with_values(
        {"people.floor_fte": 0.0, "people.fixed_fte": 0.0, "people.fte_per_gpu": 0.0}
    )
    unstaffed = replace(inputs, settings=free)
    saved = _saving(unstaffed, mix) * mix.hours_per_month
    pay = float(np.asarray(staff.salary_usd_per_year)) / 12.0
    needed = saved / pay if saved > LEAST and pay > 0 else None
    text = "not even without engineers do own GPUs pay"
    if needed is not None:
        text = f"own GPUs pay with up to {show_number(needed)} engineers"
    units = (np.array([float(mix.stack.base_units or 1)]), np.array([float(mix.stack.peak_units)]))
    now, rest = (
        float(team_overhead(mix.base, mix.peak, s)(*units)[0]) for s in (inputs.settings, free)
    )
    return Flip(
        path="people.floor_fte",
        title="engineers for own GPUs",
        unit="engineers",
        now=(now - rest) * mix.hours_per_month / pay if pay > 0 else 0.0,
        needed=needed,
        text=text,
    )


# The cheapest mix of own GPUs and an API, beside either of them alone.


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
    machines: list[UnitChoice]
    mix: HybridMix
    strategies: tuple[StrategyResult, ...]
    alone: Unit | None


def plan(
    inputs: Question,
    overflow: str | None = None,
    own: str | None = None,
    *,
    hours: tuple[float, ...] = (),
    curve: str = "",
    buy: bool = False,
) -> PlanResult:
    """Return the cheapest mix of own GPUs and an API.

    With two options named, of those two; else for each open model its own weights on both sides,
    and in detail for the model of the verdict of `compare`.

    Args:
        overflow, own: Names of the two options; None to look at the open models.
        hours: The user's own load curve, empty for none.
        curve: What it is called, or the profile whose hours are to be taken.
        buy: Look at bought GPUs as well.

    Raises:
        UsageError: No volume was given.
        InfeasibleError: No open model is both hosted by the token and servable on own GPUs.
    """
    if not inputs.volume_given:
        raise UsageError("how many tokens a month? for example --tokens 50B")
    _check(inputs)
    known_names(inputs)
    load = load_curve(inputs, hours, curve)
    asked, inputs = inputs, _at_peak_of(inputs, load)
    load = spread(inputs, load)
    if overflow is not None:
        choices, said, left_out = _named(inputs, overflow, own, load)
    else:
        choices, left_out = _open_models(inputs, load, buy=buy)
        choices = _verdict_first(choices, asked)
        choices = [*(_beside_on_demand(inputs, c) for c in choices[:1]), *choices[1:]]
        said = ()
    if not choices:
        _name_both([*select(inputs.catalog, inputs.request).models], inputs)
        raise InfeasibleError(f"nothing to plan with: {'; '.join(left_out[:5]) or 'no model'}")
    return _result(inputs, load, choices, said, left_out, buy=buy)


def _name_both(names: Sequence[str], inputs: Question) -> None:
    """Raise `UsageError` for closed models alone, which own GPUs cannot serve."""
    models = inputs.catalog.models.models
    closed = [name for name in names if name in models and models[name].weights == "closed"]
    if closed and len(closed) == len(names):
        pair = " ".join(pair_with(closed[0], inputs))
        raise UsageError(
            f"the weights of {closed[0]} are closed: own GPUs serve another model beside it; "
            f"for example tco plan {pair} {month_typed(inputs)}"
        )


def _check(inputs: Question) -> None:
    """Raise `UsageError` for a question that leaves nothing to mix."""
    refuse_billing(inputs, "a plan works out itself when GPUs are on; leave it out")
    request = inputs.request
    if request.seats:
        raise UsageError(f"{request.seats[0]}: {NO_SEATS}")
    if request.private or (request.tiers and not {"api", "hosted"} & set(request.tiers)):
        raise UsageError(
            "without an API there is nothing to mix; tco compare --private sizes own GPUs at a peak"
        )
    if float(np.asarray(inputs.settings.value("workload.tokens_per_month"))) <= 0:
        raise UsageError("a plan for no tokens is nothing; for example --tokens 50B")


def _at_peak_of(inputs: Question, curve: Hours) -> Question:
    """Return the question with the peak of the curve, so that fleets are sized for it.

    And with its busiest stretch as long as the deadline, where some of the work can wait so long.
    """
    values = {"workload.peak_to_mean": curve.peak_to_mean}
    deadline_h = number(inputs.settings.value(DEADLINE))
    if deadline_h and number(inputs.settings.value(WAITS)):
        week = np.tile(curve.shape, WEEK_HOURS // curve.shape.size)
        values[STRETCH] = busiest_stretch(week, deadline_h)
    changed = {
        path: replace(inputs.settings[path], value=v, origin=curve.origin, source=curve.title)
        for path, v in values.items()
    }
    return replace(inputs, settings=Settings({**inputs.settings, **changed}))


def load_of(inputs: Question, curve: Hours) -> Floats:
    """Return the load of each hour [hours] [request/s]."""
    return np.asarray(workload(inputs.settings).requests_per_s * curve.shape, dtype=float)


def usd_per_load(option: TokenOption, inputs: Question) -> float:
    """Return what an option by the token charges for 1 request/s in an hour [USD/h]."""
    bill = total_usd(charged_lines(option, inputs.settings))
    month = workload(inputs.settings)
    return float(np.asarray(bill / month.hours_per_month / month.requests_per_s))


def _named(
    inputs: Question, overflow: str, name: str | None, curve: Hours
) -> tuple[list[Choice], tuple[str, ...], list[str]]:
    """Return the choice between two named options."""
    token = resolve(overflow, inputs)
    if not isinstance(token.best, TokenOption):
        first = f"tco plan {name or 'gpt-4.1'} {overflow} {month_typed(inputs)}"
        raise UsageError(f"{overflow} is not priced by the token: the API first, {first}")
    if token.best.terms is not None:
        raise UsageError(
            f"{token.best.id}: a plan needs a price that does not change with the volume; "
            "leave tiers and commitment out"
        )
    if name is None:
        _name_both([token.best.model], inputs)
    name = name or f"self/{token.best.model}"
    own = resolve(name, inputs)
    if isinstance(own.best, ProvisionedOption):
        raise UsageError(f"{name}: {NO_UNITS}")
    options = [o for o in own.options if isinstance(o, SelfOption | FixedOption)]
    if not options:
        raise UsageError(
            f"{name} is not a set-up of own GPUs; write for example self/llama-3.3-70b"
        )
    made = [machine([rented_unit(option, inputs.settings)]) for option in options]
    made.sort(key=lambda m: m.usd_per_load)
    choice = _choice(inputs, curve, token.best, made, options)
    return [choice], token.meant + own.meant, []


def _open_models(inputs: Question, curve: Hours, *, buy: bool) -> tuple[list[Choice], list[str]]:
    """Return the choice for each open model, the one on which a mix saves most first."""
    selection = select(inputs.catalog, inputs.request)
    if not selection.narrowed:
        short = tuple(inputs.catalog.assumptions.short_list)
        selection = replace(selection, models=short)
    if not inputs.request.purchases:
        selection = replace(selection, purchases=PURCHASES)
    if buy and OWN not in selection.purchases:
        selection = replace(selection, purchases=(*selection.purchases, OWN))
    if inputs.request.tiers and "self" not in selection.tiers:
        raise UsageError("without own GPUs there is nothing to mix; leave --tier out")
    selection = replace(selection, own=True, tiers=())
    own = own_setups(inputs, selection)
    choices: list[Choice] = []
    left_out = [f"{o.model}: {', '.join(o.reasons)}" for o in unserved(own)]
    for model in own.models:
        host = _host(inputs, selection, model.id)
        made = machines(own, model.id, inputs.settings)
        if host is None:
            left_out.append(
                f"{model.id}: nobody in the catalog hosts it by the token{in_region(inputs)}"
            )
        elif made:
            choices.append(_choice(inputs, curve, host, made, _sized(own, model.id)))
    return sorted(choices, key=lambda c: _promise(c, inputs)), left_out


def _verdict_first(choices: list[Choice], inputs: Question) -> list[Choice]:
    """Return the choices with that of the verdict's model first."""
    pair = pair_of(usual(inputs), least_trust(inputs)) if len(choices) > 1 else None
    return sorted(choices, key=lambda choice: pair is None or choice.model != pair[1].model)


def _beside_on_demand(inputs: Question, choice: Choice) -> Choice:
    """Return a choice with what all own costs on demand, where it is at other, unasked, rents."""
    alone = choice.alone
    if inputs.request.purchases or not isinstance(alone, SelfOption) or alone.purchase not in RENTS:
        return choice
    selection = select(inputs.catalog, inputs.request)
    selection = replace(
        selection, models=(choice.model,), own=True, tiers=(), purchases=(ON_DEMAND,)
    )
    api, own, hybrid = choice.strategies
    units = _sized(own_setups(inputs, selection), choice.model)
    if not units:
        return choice
    usual, _ = all_own(inputs, units, api.monthly_usd or 0.0)
    return replace(choice, strategies=(api, replace(own, on_demand_usd=usual.monthly_usd), hybrid))


ON_DEMAND, RENTS = "on_demand", ("reserved_1y",)
"""What other commands look at, and what a plan looks at beside it."""


def _promise(choice: Choice, inputs: Question) -> tuple[float, float]:
    """Return a sort key: what the mix saves, then how near own GPUs come to saving anything."""
    least = min(least_usd(choice.machines, choice.mix.load, inputs.settings))
    usd = choice.mix.stack.usd_per_hour  # nothing where all that enters it is left out
    return -model_row(choice).saved_share, least / usd if usd > 0 else np.inf


def _sized(own: SetUps, model: str) -> list[SelfOption]:
    settings = own.inputs.settings
    volume = np.atleast_1d(np.asarray(settings.value("workload.tokens_per_month")))
    pairs = best_pairs(own, settings, model, volume, least_trust(own.inputs))
    return [option_of(own, int(i)) for i in pairs]


def _host(inputs: Question, selection: Selection, model: str) -> TokenOption | None:
    """Return the cheapest host of a model that passes the filters; None when there is none."""
    found, _ = token_options(inputs, replace(selection, models=(model,)))
    hosts = [option for option in found if option.tier == "hosted"]
    if not hosts:
        return None
    usd = np.array([usd_per_load(option, inputs) for option in hosts])
    return hosts[int(answers_at(hosts, usd, least_trust(inputs)))]


def _choice(
    inputs: Question,
    curve: Hours,
    overflow: TokenOption,
    made: list[UnitChoice],
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
        own_purchase=getattr(choice.alone, "purchase", None),
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


def _judged(choice: Choice, best: StrategyResult, used: list[Option]) -> CheckedAnswer:
    """Return what checks are held against: the best arrangement and what it is made of."""
    own = best.own_tokens_share or 0.0
    chosen = [o for o in used[1:] if own > 0] + [o for o in used[:1] if own < 1]
    name = f"{best.strategy} of {choice.model}"
    return CheckedAnswer(name=name, usd=best.monthly_usd, chosen=chosen, looked_at=chosen)


def _used(choice: Choice) -> list[Option]:
    """Return the options of a mix: the API, and what is rented or would be."""
    own = [w.option for w in (choice.mix.base, choice.mix.peak) if w is not None]
    return [choice.overflow, *(own or [choice.machines[0].usual.option])]


def _result(
    inputs: Question,
    curve: Hours,
    choices: list[Choice],
    resolved: tuple[str, ...],
    left_out: list[str],
    *,
    buy: bool,
) -> PlanResult:
    first = choices[0]
    used = _used(first)
    insist(inputs, (s.trust for s in first.strategies if s.monthly_usd is not None))
    best = _best(first.strategies, least_trust(inputs))
    result = PlanResult(
        workload=workload_result(inputs),
        model=first.model,
        overflow=first.overflow.id,
        own=tuple(o.id for o in used[1:]) if first.mix.own_load > 0 else (),
        same_weights=first.overflow.model == first.model,
        resolved=resolved,
        curve=curve_result(inputs, curve, first.mix),
        strategies=first.strategies,
        rows=resource_rows(inputs, first.mix, first.overflow),
        next_unit=next_unit(inputs, first.mix, first.machines),
        switches=switches_of(inputs, first.overflow, first.mix, first.machines),
        models=tuple(model_row(choice) for choice in choices),
        left_out=tuple(left_out),
        verdict="",
        **carried(
            inputs,
            used,
            used,
            first=(*hour_warnings(first.mix), *bursts(inputs.settings)),
            assumptions=plan_assumptions(inputs, used, first.alone, first.mix, buy=buy),
        ),
        checks=checked(inputs, _judged(first, best, used)),
        best=best.strategy,
        cheaper_but_unsure=tuple(s.strategy for s in _unsure(first.strategies, best)),
    )
    return replace(result, verdict=plan_verdict(result))
