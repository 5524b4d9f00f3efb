"""The bills of a month: everything to the API, everything on own GPUs, and the mix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tco.analysis.cheapest import cheapest_of, least_trust
from tco.analysis.inputs import Inputs
from tco.analysis.options import FixedOption, TokenOption, lines
from tco.analysis.own_bill import team_lines
from tco.analysis.plan.machines import TOKENS, Unit, Way
from tco.analysis.plan.mix import Mix, before
from tco.analysis.plan.results import StrategyResult
from tco.analysis.priced import bill_lines, option_result
from tco.analysis.results import BillLine, OptionResult, Span
from tco.analysis.settings import Settings, workload
from tco.engine.hybrid import layers_of
from tco.engine.ledger import Line, total_usd
from tco.engine.shapes import Floats
from tco.units import MTOK


def strategies_of(
    inputs: Inputs, api: TokenOption, at_peak: Sequence[Unit], mix: Mix
) -> tuple[tuple[StrategyResult, ...], Unit | None]:
    """Return the three ways to arrange the month, and the set-up of the second.

    All API, all own, hybrid; no set-up where none can serve everything.

    Args:
        inputs: The question, with the peak of its load curve.
        api: The option by the token.
        at_peak: Set-ups that may serve everything; the cheapest counts.
        mix: The cheapest mix.
    """
    whole = lines(api, inputs.settings)
    base = _number(total_usd(whole))
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
    trust = min((option.trust for option in options), key=lambda one: one.rank)
    return replace(row, trust=trust.level, trust_reasons=trust.reasons)


def _strategy(
    inputs: Inputs, usd: float | None, bill: tuple[BillLine, ...], api_usd: float
) -> StrategyResult:
    tokens = _number(workload(inputs.settings).tokens_per_month)
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
    )


def all_own(
    inputs: Inputs, options: Sequence[Unit], api_usd: float
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
    ), alone


def _at_peak(option: Unit, inputs: Inputs) -> OptionResult:
    """Return the bill of everything on one set-up.

    A plan goes by the hour: units at a given price serve their tokens at an even rate, so that as
    many are needed as the busiest hour fills. Without hours `lines` counts them by the month.
    """
    if isinstance(option, FixedOption):
        peak = workload(inputs.settings)
        volume = {TOKENS: peak.tokens_per_month * peak.peak_to_mean}
        inputs = replace(inputs, settings=inputs.settings.with_values(volume))
    return option_result(option, inputs)


def hybrid(inputs: Inputs, api: TokenOption, mix: Mix, api_usd: float) -> StrategyResult:
    """Return the bill of the mix. No replica is redundant: the API stands in for one that fails."""
    bill = hybrid_lines(inputs.settings, api, mix)
    made = bill_lines(bill, inputs)
    mean = float(mix.load.mean())
    return replace(
        _strategy(inputs, _number(total_usd(bill)), made, api_usd),
        band_usd=_band(mix, _number(total_usd(bill))),
        gpus=float(mix.base_gpus + mix.peak_gpus),
        own_tokens_share=mix.own_load / mean if mean > 0 else 0.0,
        own_hours_share=_alone_share(mix),
    )


def hybrid_lines(settings: Settings, api: TokenOption, mix: Mix) -> tuple[Line, ...]:
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


def base_lines(settings: Settings, mix: Mix) -> tuple[Line, ...]:
    """Return the lines of the units that are paid for every hour."""
    count, load = float(mix.stack.base_units), float(own_by_hour(mix)[0].mean())
    return _unit_lines(settings, mix.base, count, load / float(mix.load.mean()), "every hour")


def peak_lines(settings: Settings, mix: Mix) -> tuple[Line, ...]:
    """Return the lines of the units by the hour, their starts included."""
    paid = mix.paid_peak_hours(float(np.asarray(settings.value("plan.lead_h"))))
    load = float(own_by_hour(mix)[1].mean())
    return _unit_lines(settings, mix.peak, paid, load / float(mix.load.mean()), "by the hour")


def _unit_lines(
    settings: Settings, units: Way | None, count: float, served: float, said: str
) -> tuple[Line, ...]:
    if units is None or count <= 0:
        return ()
    found = units.lines(count, served, settings)
    return tuple(replace(line, item=f"{line.item}, {said}") for line in found)


def looking_after(settings: Settings, mix: Mix) -> tuple[Line, ...]:
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


def _alone_share(mix: Mix) -> float:
    """Return the share of the hours in which nothing goes to the API [1]."""
    served = own_by_hour(mix)
    return float(np.mean(served[0] + served[1] >= mix.load * (1.0 - 1e-9)))


def own_by_hour(mix: Mix, factor: float = 1.0) -> Floats:
    """Return what base and peak units serve in each hour [2, hours] [request/s].

    Args:
        mix: The mix; how many units are on in which hour stays.
        factor: True throughput over the predicted one [1].
    """
    stack = mix.stack
    floor = stack.floor * factor
    base = mix.load - np.maximum(mix.load - floor, 0.0)
    peak = np.zeros_like(mix.load)
    if mix.peak is not None and stack.peak_units:
        layers = layers_of(mix.load, mix.peak.capacity * factor, stack.peak_units, floor)
        peak = mix.availability * np.where(stack.peak.layers.on, layers, 0.0).sum(axis=0)
    return np.stack([base, peak])


def _band(mix: Mix, usd: float) -> Span:
    """Return the bill at the high and the low end of the throughput band [USD/month]."""
    way = mix.base or mix.peak
    band = getattr(way.option, "band", (1.0, 1.0)) if way else (1.0, 1.0)
    worth = np.array([mix.usd_per_load - (w.work_usd if w else 0.0) for w in (mix.base, mix.peak)])
    now = own_by_hour(mix).mean(axis=-1)
    ends = []
    for factor in (band[1], band[0]):
        less = now - own_by_hour(mix, factor).mean(axis=-1)
        ends.append(usd + float(less @ worth) * mix.hours_per_month)
    return ends[0], ends[1]


def _number(value: object) -> float:
    return float(np.asarray(value, dtype=float))
