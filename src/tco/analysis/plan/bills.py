"""A plan's load, the bills of its strategies, what each resource does, what it assumes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tco.analysis.plan.mix import HybridMix, RentedUnit, Unit, UnitChoice, before, team_overhead
from tco.analysis.plan.results import (
    CurveResult,
    NextUnit,
    Paid,
    ResourceRow,
    Strategy,
    StrategyResult,
)
from tco.analysis.report import assumption, assumptions_of
from tco.analysis.results import AssumptionResult, Band, BillLine, OptionResult
from tco.analysis.rows import bill_lines, option_result, per_success, prices_of
from tco.engine.arrivals import served_within
from tco.engine.fleet import steepened
from tco.engine.hybrid import layers_of
from tco.engine.ledger import Line, total_usd
from tco.engine.shapes import Floats, number
from tco.errors import unknown_name
from tco.options.bills import Option, SelfOption, TokenOption, lines, replica_of
from tco.options.cheapest import cheapest_of, least_sure, least_trust
from tco.options.hours import Hours, check_peak, checked_hours, curve_of
from tco.options.machines import OWN, team_lines
from tco.options.provisioned import FixedOption
from tco.options.question import Question
from tco.options.settings import FACTOR, TOKENS, Settings, workload
from tco.units import MTOK, SECONDS_PER_HOUR

if TYPE_CHECKING:
    from tco.catalog.defaults import Profile


# The load of each hour that a plan is made for.


def load_curve(inputs: Question, hours: Sequence[float] = (), name: str = "") -> Hours:
    """Return the curve of a question.

    The user's own hours; else those of the profile; else those of the measured week whose peak is
    nearest to the profile's, made as steep as the profile says.

    Args:
        hours: The user's own hours, empty for none.
        name: What they are called, or a profile whose hours are to be taken.

    Raises:
        DataError: Hours that are no load curve.
        UnknownNameError: No such profile, or one without hours.
        UsageError: Hours that cannot have the peak that was asked for.
    """
    profiles = inputs.catalog.workloads.profiles
    if hours:
        known = Hours(shape=checked_hours(hours, name), title=name, origin="given")
    elif name:
        shape = checked_hours(_named(name, profiles).hourly, f"profile {name}")
        known = Hours(shape=shape, title=f"the hours of {name}", origin="catalog")
    else:
        known = curve_of(inputs.catalog, inputs.request, inputs.settings)
    given = inputs.settings.given("workload.peak_to_mean")
    if given:
        check_peak(known, inputs.settings)
    if given or known.origin == "assumed":
        peak = float(np.asarray(inputs.settings.value("workload.peak_to_mean")))
        said = f"{known.title}, made as steep as a peak of {peak:g} times the mean"
        return Hours(shape=steepened(known.shape, peak), title=said, origin="assumed")
    return known


def spread(inputs: Question, curve: Hours) -> Hours:
    """Return the hours of a load once what can wait has filled its valleys.

    Args:
        inputs: The question, with the peak of the curve.
    """
    if float(np.asarray(inputs.settings.value("workload.batch_share"))) <= 0.0:
        return curve
    peak = max(1.0, float(np.asarray(workload(inputs.settings).peak_to_mean)))
    said = f"{curve.title}, of {peak:.3g} times the mean once some wait"
    return Hours(shape=steepened(curve.shape, peak), title=said, origin="assumed")


def _named(name: str, profiles: dict[str, Profile]) -> Profile:
    with_hours = {n: p for n, p in profiles.items() if p.hourly}
    if name not in with_hours:
        raise unknown_name("load curve", name, with_hours)
    return with_hours[name]


# The bills of a month: everything to the API, everything on own GPUs, and the mix.


def strategies_of(
    inputs: Question, api: TokenOption, at_peak: Sequence[Unit], mix: HybridMix
) -> tuple[tuple[StrategyResult, ...], Unit | None]:
    """Return the three ways to arrange the month, and the set-up of the second.

    All API, all own, hybrid; no set-up where none can serve everything.

    Args:
        inputs: The question, with the peak of its load curve.
        at_peak: Set-ups that may serve everything; the cheapest counts.
        mix: The cheapest mix.
    """
    whole = lines(api, inputs.settings)
    base = number(total_usd(whole))
    everything = _strategy(inputs, base, bill_lines(whole, inputs), base)
    own, alone = all_own(inputs, at_peak, base)
    everything = replace(everything, strategy="all API", own_tokens_share=0.0, own_hours_share=0.0)
    units = [w.option for w in (mix.base, mix.peak) if w is not None]
    return (
        _trusted(everything, [api]),
        _trusted(own, [] if alone is None else [alone]),
        _trusted(hybrid(inputs, api, mix, base), [api, *units]),
    ), alone


def _trusted(row: StrategyResult, options: Sequence[TokenOption | Unit]) -> StrategyResult:
    """Return an arrangement with the trust of the prices it rests on: the least of them."""
    if not options:
        return row
    trust = least_sure(options)
    return replace(row, trust=trust.level, trust_reasons=trust.reasons)


def _strategy(
    inputs: Question, usd: float | None, bill: tuple[BillLine, ...], api_usd: float
) -> StrategyResult:
    tokens = number(workload(inputs.settings).tokens_per_month)
    return StrategyResult(
        strategy="hybrid",
        monthly_usd=usd,
        usd_per_mtok=None if usd is None or tokens <= 0 else usd / tokens * MTOK,
        to_api=None if usd is None or api_usd <= 0 else usd / api_usd,
        band_usd=None,
        gpus=None,
        own_tokens_share=None,
        own_hours_share=None,
        why_not=None,
        lines=bill,
        usd_per_success=None if usd is None else per_success(usd, inputs),
    )


def all_own(
    inputs: Question, options: Sequence[Unit], api_usd: float
) -> tuple[StrategyResult, Unit | None]:
    """Return the bill of serving everything on own GPUs, sized at the peak as `tco compare` does.

    Its redundant replicas are in it: without an API nobody stands in for one that fails.
    """
    results = [_at_peak(option, inputs) for option in options]
    feasible = [
        (r, option)
        for r, option in zip(results, options, strict=True)
        if r.feasible and r.monthly_usd is not None
    ]
    if not feasible:
        reasons = [reason for r in results for reason in r.reasons]
        none = _strategy(inputs, None, (), api_usd)
        why_not = "; ".join(reasons) or "no set-up fits"
        return replace(none, strategy="all own", why_not=why_not), None
    first = cheapest_of([result for result, _ in feasible], least_trust(inputs))
    best, alone = next(found for found in feasible if found[0] is first)
    made = _strategy(inputs, best.monthly_usd, best.lines, api_usd)
    return replace(
        made,
        strategy="all own",
        band_usd=best.band_usd,
        gpus=best.gpus,
        own_tokens_share=1.0,
        own_hours_share=1.0,
        token_prices=best.token_prices,
    ), alone


def _at_peak(option: Unit, inputs: Question) -> OptionResult:
    """Return the bill of everything on one set-up.

    A plan goes by the hour: units at a given price serve their tokens at an even rate, so that as
    many are needed as the busiest hour fills. Without hours `lines` counts them by the month.
    """
    if isinstance(option, FixedOption):
        peak = workload(inputs.settings)
        volume = {TOKENS: peak.tokens_per_month * peak.peak_to_mean}
        inputs = replace(inputs, settings=inputs.settings.with_values(volume))
    return option_result(option, inputs)


def hybrid(inputs: Question, api: TokenOption, mix: HybridMix, api_usd: float) -> StrategyResult:
    """Return the bill of the mix. No replica is redundant: the API stands in for one that fails."""
    bill = hybrid_lines(inputs.settings, api, mix)
    made = bill_lines(bill, inputs)
    mean = float(mix.load.mean())
    return replace(
        _strategy(inputs, number(total_usd(bill)), made, api_usd),
        band_usd=_band(mix, inputs.settings, number(total_usd(bill))),
        gpus=float(mix.base_gpus + mix.peak_gpus),
        own_tokens_share=mix.own_load / mean if mean > 0 else 0.0,
        own_hours_share=_alone_share(mix),
    )


def hybrid_lines(settings: Settings, api: TokenOption, mix: HybridMix) -> tuple[Line, ...]:
    """Return the lines of the mix's bill."""
    mean = float(mix.load.mean())
    share = mix.stack.api_load / mean if mean > 0 else 0.0
    volume = settings.value(TOKENS) * share
    return (
        *lines(api, settings.with_values({TOKENS: volume})),
        *base_lines(settings, mix),
        *peak_lines(settings, mix),
        *looking_after(settings, mix),
    )


def base_lines(settings: Settings, mix: HybridMix) -> tuple[Line, ...]:
    """Return the lines of the units that are paid for every hour."""
    count, load = float(mix.stack.base_units), float(own_by_hour(mix)[0].mean())
    used = count, float(mix.stack.base.awake.sum()), load / float(mix.load.mean())
    return _unit_lines(settings, mix.base, used, "every hour")


def peak_lines(settings: Settings, mix: HybridMix) -> tuple[Line, ...]:
    """Return the lines of the units by the hour, their starts included."""
    paid = mix.paid_peak_hours(float(np.asarray(settings.value("plan.lead_h"))))
    load = float(own_by_hour(mix)[1].mean())
    used = paid, float(mix.stack.peak.awake.sum()), load / float(mix.load.mean())
    return _unit_lines(settings, mix.peak, used, "by the hour")


def _unit_lines(
    settings: Settings, units: RentedUnit | None, used: tuple[float, float, float], origin: str
) -> tuple[Line, ...]:
    if units is None or used[0] <= 0:
        return ()
    found = units.lines(*used, settings)
    return tuple(replace(line, item=f"{line.item}, {origin}") for line in found)


def looking_after(settings: Settings, mix: HybridMix) -> tuple[Line, ...]:
    """Return what stands before own GPUs, and the people they take beside those of the API.

    A host's GPUs take the engineers that the API takes anyway: those stand in its lines.
    """
    staffed = sum(way.staffed_gpus * count for way, count in mix.counted)
    hosted = any(way.gpus and not way.staffed_gpus for way, _ in mix.counted)
    ways = [way for way, _ in mix.counted]
    own_gpus = float(staffed) if staffed else None
    everyone = team_lines(settings, own_gpus, hosted=hosted, by_token=True)
    of_api = [line.item for line in team_lines(settings, by_token=True)]
    team = tuple(line for line in everyone if line.item not in of_api)
    return (*team, *before(ways, settings))


def _alone_share(mix: HybridMix) -> float:
    """Return the share of the hours in which nothing goes to the API [1].

    Where the rate varies within its hour, no more than a hundredth.
    """
    served, nothing = own_by_hour(mix), 0.01 if mix.rate_cv > 0.0 else 1e-9
    return float(np.mean(served[0] + served[1] >= mix.load * (1.0 - nothing)))


def own_by_hour(mix: HybridMix, factor: float = 1.0) -> Floats:
    """Return what base and peak units serve in each hour [2, hours] [request/s].

    Args:
        mix: The mix; how many units are on in which hour stays.
        factor: True throughput over the predicted one [1].
    """
    stack = mix.stack
    floor = stack.floor * factor
    base = np.asarray(mix.load - np.maximum(mix.load - floor, 0.0))
    if mix.rate_cv > 0.0:
        base = np.asarray(served_within(mix.load, floor, mix.rate_cv))
    peak = np.zeros_like(mix.load)
    if mix.peak is not None and stack.peak_units:
        layers = layers_of(
            mix.load, mix.peak.capacity * factor, stack.peak_units, floor, mix.rate_cv
        )
        peak = mix.availability * np.where(stack.peak.on, layers, 0.0).sum(axis=0)
    return np.stack([base, peak])


def _capacities(option: SelfOption, settings: Settings) -> tuple[float, float]:
    """Return what a replica serves at the ends of its band, limits kept, over the expected [1]."""
    speeds = settings.value(FACTOR) * np.array([option.band[1], option.band[0], 1.0])
    rates = np.asarray(replica_of(option, settings.with_values({FACTOR: speeds})).requests_per_s)
    high, low = np.nan_to_num(rates[:2] / rates[2])
    return float(high), float(low)


def _band(mix: HybridMix, settings: Settings, usd: float) -> Band:
    """Return the bill at the high and the low end of the throughput band [USD/month]."""
    option = way.option if (way := mix.base or mix.peak) else None
    factors = _capacities(option, settings) if isinstance(option, SelfOption) else (1.0, 1.0)
    worth = np.array([mix.usd_per_load - (w.work_usd if w else 0.0) for w in (mix.base, mix.peak)])
    now = own_by_hour(mix).mean(axis=-1)
    ends = []
    for factor in factors:
        less = now - own_by_hour(mix, factor).mean(axis=-1)
        ends.append(usd + float(less @ worth) * mix.hours_per_month)
    return ends[0], ends[1]


# A plan taken apart: what each resource does and costs, hour by hour, and what one more would.


def curve_result(inputs: Question, curve: Hours, mix: HybridMix) -> CurveResult:
    """Return the load curve and who serves it in the hybrid."""
    tokens = float(np.asarray(workload(inputs.settings).tokens_per_request)) * SECONDS_PER_HOUR
    base, peak = own_by_hour(mix)
    rest = np.maximum(mix.load - base - peak, 0.0)
    return CurveResult(
        said=curve.title,
        origin=curve.origin,
        peak_to_mean=curve.peak_to_mean,
        tokens=tuple((mix.load * tokens).tolist()),
        base=tuple((base * tokens).tolist()),
        peak=tuple((peak * tokens).tolist()),
        api=tuple((rest * tokens).tolist()),
    )


def resource_rows(inputs: Question, mix: HybridMix, api: TokenOption) -> tuple[ResourceRow, ...]:
    """Return what each resource does in the hybrid, and what it costs."""
    settings = inputs.settings
    base, peak = (float(part.mean()) for part in own_by_hour(mix))
    lead = float(np.asarray(settings.value("plan.lead_h")))
    rows = []
    if mix.base is not None and mix.stack.base_units:
        count = float(mix.stack.base_units)
        rows.append(
            _row(settings, mix.base, "every hour", count, count, base, base_lines(settings, mix))
        )
    if mix.peak is not None and mix.stack.peak_units:
        count, paid = float(mix.stack.peak_units), mix.paid_peak_hours(lead)
        rows.append(
            _row(settings, mix.peak, "by the hour", count, paid, peak, peak_lines(settings, mix))
        )
    rows.append(_api_row(settings, api, mix))
    team = looking_after(settings, mix)
    for resource, people in (("engineers for own GPUs", True), ("service of own GPUs", False)):
        bill = tuple(line for line in team if (line.group == "people") == people)
        if bill:
            rows.append(_monthly_row(resource, bill))
    return tuple(rows)


def _tokens(settings: Settings, load: float) -> float:
    """Return the monthly tokens of a mean load [token/month]."""
    month = workload(settings)
    return load * float(np.asarray(month.seconds_per_month * month.tokens_per_request))


def _row(
    settings: Settings,
    way: RentedUnit,
    paid: Paid,
    count: float,
    paid_units: float,
    load: float,
    bill: tuple[Line, ...],
    strategy: Strategy = "hybrid",
) -> ResourceRow:
    usd, tokens = _usd(bill), _tokens(settings, load)
    whole, option = float(np.asarray(settings.value(TOKENS))), way.option
    share, used = tokens / whole if whole > 0 else 0.0, load / (paid_units * way.capacity)
    prices = None
    if isinstance(option, SelfOption):
        replica = replica_of(option, settings)
        prices = prices_of(option, settings, replica, bill, used * way.headroom, share)
    return ResourceRow(
        strategy=strategy,
        resource=way.option.id,
        paid=paid,
        replicas=count * way.replicas,
        gpus=count * way.gpus,
        hours_share=paid_units / count,
        tokens_per_month=tokens,
        tokens_share=share,
        utilization=used,
        monthly_usd=usd,
        usd_per_mtok=usd / tokens * MTOK if tokens > 0 else None,
        trust=way.option.trust.level,
        trust_reasons=way.option.trust.reasons,
        token_prices=prices,
    )


def _api_row(settings: Settings, api: TokenOption, mix: HybridMix) -> ResourceRow:
    tokens = _tokens(settings, mix.stack.api_load)
    whole = float(np.asarray(settings.value(TOKENS)))
    bill = lines(api, settings.with_values({TOKENS: tokens}))
    base, peak = own_by_hour(mix)
    used = float(np.mean(mix.load - base - peak > 1e-9 * mix.load.max()))
    usd = _usd(bill)
    return ResourceRow(
        strategy="hybrid",
        resource=api.id,
        paid="by the token",
        replicas=None,
        gpus=None,
        hours_share=used,
        tokens_per_month=tokens,
        tokens_share=tokens / whole if whole > 0 else 0.0,
        utilization=None,
        monthly_usd=usd,
        usd_per_mtok=usd / tokens * MTOK if tokens > 0 else None,
        trust=api.trust.level,
        trust_reasons=api.trust.reasons,
    )


def _monthly_row(resource: str, bill: tuple[Line, ...]) -> ResourceRow:
    return ResourceRow(
        strategy="hybrid",
        resource=resource,
        paid="by the month",
        replicas=None,
        gpus=None,
        hours_share=None,
        tokens_per_month=None,
        tokens_share=None,
        utilization=None,
        monthly_usd=_usd(bill),
        usd_per_mtok=None,
    )


def next_unit(inputs: Question, mix: HybridMix, machines: Sequence[UnitChoice]) -> NextUnit | None:
    """Return what one more unit would have to earn, paid for every hour on top of the others.

    The unit is one of the hybrid's; where there is none, one of the set-up that is cheapest at
    full use, and its cost includes the team that the first unit calls for.
    """
    way = mix.base or mix.peak or (machines[0].usual if machines else None)
    if way is None or mix.usd_per_load <= way.work_usd:  # an hour of it earns nothing at any load
        return None
    top = mix.stack.floor
    if mix.peak is not None:
        top += mix.stack.peak_units * mix.peak.capacity
    layers = layers_of(mix.load, way.capacity, 1, top, mix.rate_cv)
    layer = float(layers.mean())
    awake = way.kind(inputs.settings, by_the_hour=False).awake(layers)
    team = team_overhead(way, mix.peak, inputs.settings)
    base, peak = np.array([float(mix.stack.base_units)]), np.array([float(mix.stack.peak_units)])
    if mix.base is None:
        base = np.zeros(1)
    more = float((team(base + 1.0, peak) - team(base, peak))[0])
    standing = way.usd_per_hour + way.awake_usd * float(awake.mean())
    cost, worth = standing + more, mix.usd_per_load - way.work_usd
    most = way.capacity * worth
    return NextUnit(
        option=way.option.id,
        gpus=float(way.gpus),
        monthly_usd=cost * mix.hours_per_month,
        saves_usd=layer * worth * mix.hours_per_month,
        tokens_per_month=_tokens(inputs.settings, layer),
        utilization=layer / way.capacity,
        needed_utilization=cost / most if cost <= most and most > 0 else None,
    )


def _usd(bill: tuple[Line, ...]) -> float:
    return float(np.asarray(total_usd(bill)))


# What a plan assumes beyond its bills, and what to be wary of in it.

PURCHASES = ("on_demand", "reserved_1y")
"""What is looked at unless `--purchase` says otherwise: nothing that is tied up for years."""


def plan_assumptions(
    inputs: Question, used: list[Option], alone: Unit | None, mix: HybridMix, *, buy: bool
) -> tuple[AssumptionResult, ...]:
    """Return what entered the bills, with what only a plan assumes.

    What spot GPUs take on top is in the bill of everything on own GPUs alone: in the mix the API
    serves what they leave.

    Args:
        used: The API and the units of the mix.
        alone: The set-up that serves everything; None where none can.
        buy: Bought GPUs were looked at.
    """
    left_out = ["rent.purchase", "plan.lead_h"]
    if alone is None or isinstance(alone, FixedOption) or not alone.purchase.startswith("spot"):
        left_out.append("rent.spot_")
    elif not mix.stack.peak_units:
        left_out.remove("plan.lead_h")
    every = used if alone is None else [*used, alone]
    rows = [r for r in assumptions_of(inputs, every) if not r.path.startswith(tuple(left_out))]
    paths = []
    if mix.stack.peak_units:
        paths.append("plan.lead_h")
    if mix.peak is not None and mix.peak.spot:
        paths.append("plan.spot_availability")
    rows += [assumption(inputs.settings[path]) for path in paths]
    rows.append(purchase_row(inputs, buy=buy))
    return tuple(rows)


def purchase_row(inputs: Question, *, buy: bool = False) -> AssumptionResult:
    """Return which rents were looked at."""
    given = inputs.request.purchases
    return AssumptionResult(
        path="plan.purchase",
        title="rents considered",
        value=", ".join([*(given or sorted(PURCHASES)), *[OWN] * (buy and OWN not in given)]),
        unit="",
        origin="given" if given else "assumed",
        source=inputs.request.origins.get("purchases", "default"),
        judgment=not given,
    )


def hour_warnings(mix: HybridMix) -> tuple[str, ...]:
    """Return what units by the hour rest on."""
    if not mix.stack.peak_units or mix.peak is None:
        return ()
    return (
        f"the plan supposes that {mix.peak.option.provider} always has {mix.peak_gpus} GPUs by the "
        "hour to give",
    )
