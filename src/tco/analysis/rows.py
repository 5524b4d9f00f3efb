"""From an option to its row: the bill in numbers, its band, energy, how the fleet is used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from tco.analysis.results import (
    Band,
    BillLine,
    Breakdown,
    EnergyResult,
    ModelQuality,
    OpenBand,
    OptionResult,
    ReplicaResult,
    ScalingResult,
    UtilizationResult,
)
from tco.catalog.lookup import ModelClass, find_source, model_class, quality, stale_after
from tco.catalog.trust import short_reason
from tco.engine.capital import power_lines, standing_usd
from tco.engine.constants import ttft_ends
from tco.engine.fleet import Duty, off_share, steepened, waiting_share
from tco.engine.ledger import Group, Line, TokenPrices, token_lines, token_prices, total_usd
from tco.engine.replica import Replica, request_s
from tco.engine.selfhost import Fleet, utilization_of
from tco.engine.shapes import Floats, Indices, number
from tco.options.bills import (
    LeftOut,
    Option,
    SelfOption,
    TokenOption,
    at_speed,
    fleet,
    lines,
    replica_of,
    ways_to_cache,
)
from tco.options.candidates import (
    first_token_words,
    infeasible,
    limit_states,
    setup_id,
    spoken,
    token_times,
)
from tco.options.hours import SCALE_TO_ZERO, duty_of
from tco.options.machines import OwnedGpu, own_bill, ownership, upfront_usd
from tco.options.offers import coming
from tco.options.provisioned import FixedOption, ProvisionedOption, used_share
from tco.options.quality import benchmark_of
from tco.options.question import Question
from tco.options.settings import Settings, hours_per_month, target, workload
from tco.options.setups import SetUps
from tco.units import MTOK, show_number, show_seconds, show_share

# Energy and carbon of a fleet, rented or bought, per month and per request.


def energy_of(option: SelfOption, inputs: Question, servers: Fleet) -> EnergyResult | None:
    """Return what a fleet draws and what that emits; None for a GPU whose power is not known.

    The kilowatt-hours of `power_lines`, the site's overhead (PUE) included; GPUs on the invoice
    that serve nothing draw their idle power. Making the hardware is not counted.
    """
    gpu = _power_of(option, inputs)
    if gpu is None:
        return None
    bill = power_lines(servers, ownership(gpu, inputs.settings))
    kwh = sum(float(np.asarray(x.quantity)) for x in bill if x.group == "power")
    requests = float(np.asarray(workload(inputs.settings).requests_per_month))
    carbon = float(np.asarray(inputs.settings.value("energy.kg_co2_per_kwh")))
    return EnergyResult(
        kwh_per_month=kwh,
        wh_per_request=kwh * 1e3 / requests if requests > 0 else None,
        kg_co2_per_month=kwh * carbon,
        g_co2_per_request=kwh * carbon * 1e3 / requests if requests > 0 else None,
        basis="power of GPU and server by load, times PUE; grid average; hardware not counted",
    )


def _power_of(option: SelfOption, inputs: Question) -> OwnedGpu | None:
    if option.owned is not None:
        return option.owned
    gpu = inputs.catalog.hardware.accelerators.get(option.gpu)
    if gpu is None or gpu.tdp_w is None:
        return None
    return OwnedGpu(
        gpu_usd=0.0,
        server_usd=None,
        whole=gpu.node_gpus == 1,
        all_in_w=gpu.all_in_w,
        board_w=gpu.tdp_w,
    )


# What a fleet that is not always on does over the month, in figures and in words.


def scaling_of(
    option: SelfOption, settings: Settings, replica: Replica, servers: Fleet
) -> ScalingResult | None:
    """Return when a fleet is on; None for one that always is."""
    hours = option.hours
    duty = duty_of(hours, settings, option.billing_step_s)
    if hours is None or duty is None or hours.billing == "always_on":
        return None
    starts, waiting = _starts(option, duty, settings, replica)
    cold = hours.billing == SCALE_TO_ZERO
    return ScalingResult(
        billing=hours.billing,
        hours=hours.title,
        billed_gpus=number(servers.billed_gpus),
        on_gpus=number(servers.on_gpus),
        open_hours_per_week=float(hours.open_share.sum()),
        starts_per_month=starts if cold else None,
        waiting_share=waiting if cold else None,
        cold_start_s=number(duty.cold_start_s) if cold else None,
    )


def _starts(
    option: SelfOption, duty: Duty, settings: Settings, replica: Replica
) -> tuple[float, float]:
    """Return cold starts of a month, and the share of the requests that wait for one."""
    load = workload(settings, option.tries)
    week = steepened(duty.week, load.peak_to_mean)
    rate = number(load.requests_per_s) * week
    hold = number(request_s(replica)) + number(duty.idle_timeout_s)
    start = number(duty.cold_start_s)
    often = rate * np.asarray(off_share(rate, hold, start))
    waits = rate * np.asarray(waiting_share(rate, hold, start))
    total = float(rate.sum())
    return (
        float(often.mean()) * number(load.seconds_per_month),
        float(waits.sum()) / total if total > 0 else 0.0,
    )


def peak_over_mean(option: SelfOption, settings: Settings) -> float:
    """Return the highest load that a fleet is sized for over the mean of the month [1]."""
    duty = duty_of(option.hours, settings, option.billing_step_s)
    peak = workload(settings).peak_to_mean
    return number(peak) if duty is None else float(np.max(duty.levels(peak)[0]))


# From an option to its row: the bill in numbers, its band, and how well the fleet is used.


def option_result(
    option: Option, inputs: Question, replica: Replica | None = None, *, brief: bool = False
) -> OptionResult:
    """Return the row of an option; an infeasible one carries its reasons instead of a bill.

    Args:
        replica: What one replica sustains, where that has been worked out already.
        brief: Leave out the lines of its bill.
    """
    if isinstance(option, SelfOption):
        known = replica or replica_of(option, inputs.settings)
        return _self_result(option, inputs, known, brief=brief)
    bill = lines(option, inputs.settings)
    used = _used(option, inputs.settings)
    usd = number(total_usd(bill))
    return _served_row(
        option,
        inputs,
        bill,
        brief=brief,
        replicas=_units(option, bill, inputs.settings),
        notes=(*option.notes, *_cache_words(option, inputs.settings)),
        slo=limit_states(inputs.settings, None),
        band_usd=(usd, usd),
        breakdown=breakdown_of(bill, used.paid_hours if used else 1.0),
        utilization=used,
    )


def _cache_words(option: Option, settings: Settings) -> tuple[str, ...]:
    """Return in which way the cache of an offer is best bought, where there are several."""
    if not isinstance(option, TokenOption) or not (caching := option.caching):
        return ()
    if len(caching.ways) < 2:
        return ()
    usd = [
        number(total_usd(token_lines(rates, load)))
        for load, rates in ways_to_cache(option, caching, settings)
    ]
    best, which = min(usd), usd.index(min(usd))
    usd = usd[: len(caching.lifetimes)]
    less = {"shared": "only what all sessions share is cached", "nothing": "nothing is cached"}
    if what := less.get(caching.ways[which][1]):
        return (f"{what}, {show_share(1 - best / min(usd))} cheaper than all",)
    if not best < (worst := max(usd)):
        return ()  # one lifetime, a volume of 0, or prices of 0
    lifetimes = (caching.lifetime_s(usd.index(one), settings) for one in (best, worst))
    kept, other = (show_seconds(number(seconds)) for seconds in lifetimes)
    return (f"cache kept {kept}, {show_share(1 - best / worst)} cheaper than {other}",)


def _served_row(
    option: Option, inputs: Question, bill: tuple[Line, ...], *, brief: bool, **own: Any
) -> OptionResult:
    """Return the row of what can serve: what all options have, and what is `own` to its kind."""
    usd = number(total_usd(bill))
    return OptionResult(
        id=option.id,
        tier=option.tier,
        model=option.model,
        provider=option.provider,
        feasible=True,
        reasons=(),
        monthly_usd=usd,
        usd_per_mtok=_per_mtok(usd, inputs.settings),
        price_checked=_day(option),
        lines=() if brief else bill_lines(bill, inputs),
        trust=option.trust.level,
        trust_reasons=option.trust.reasons,
        sureness=sureness_of(option, inputs),
        class_=class_of(option.model, inputs),
        quality=quality_of(option.model, inputs),
        success=success_of(option.model, option.id, inputs),
        usd_per_success=per_success(usd, inputs),
        usd_per_developer_month=_per_developer(usd, inputs),
        **own,
    )


def _per_developer(usd: float, inputs: Question) -> float | None:
    """Return what each developer costs [USD/month]; None where nobody said how many there are."""
    people = inputs.request.people
    return usd / people if people and inputs.gaps is not None else None


def _units(option: Option, bill: tuple[Line, ...], settings: Settings) -> float | None:
    """Return how many set-ups or provisioned units are paid for; None where there are none."""
    if isinstance(option, ProvisionedOption):
        return number(bill[0].quantity) / number(hours_per_month(settings))
    return number(bill[0].quantity) if isinstance(option, FixedOption) else None


def _used(option: Option, settings: Settings) -> UtilizationResult | None:
    """Return how well provisioned units are used; None for what is paid by the token."""
    if not isinstance(option, ProvisionedOption):
        return None
    share = number(used_share(option, settings))
    return UtilizationResult(slots=share, token_capacity=share, paid_hours=share)


def _self_result(
    option: SelfOption, inputs: Question, replica: Replica, *, brief: bool
) -> OptionResult:
    if not bool(np.all(replica.feasible)):
        return _too_small(option, replica, inputs)
    servers = fleet(option, inputs.settings, replica)
    bill = own_bill(option, inputs.settings, servers)
    used = _utilization(option, inputs.settings, replica, servers)
    upfront = upfront_usd(option, inputs.settings, servers)
    return _served_row(
        option,
        inputs,
        bill,
        brief=brief,
        hardware=option.hardware,
        gpus=number(servers.paid_gpus),
        replicas=number(servers.replicas),
        notes=(*option.notes, *first_token_words(replica, target(inputs.settings))),
        slo=limit_states(inputs.settings, replica),
        band_usd=_band(option, inputs.settings),
        breakdown=breakdown_of(bill, used.paid_hours),
        token_prices=None
        if brief
        else prices_of(option, inputs.settings, replica, bill, used.paid_hours),
        energy=energy_of(option, inputs, servers),
        upfront_usd=None if upfront is None else number(upfront),
        utilization=used,
        replica=_replica(option, replica, inputs),
        scaling=scaling_of(option, inputs.settings, replica, servers),
    )


def _too_small(option: SelfOption, replica: Replica, inputs: Question) -> OptionResult:
    item = LeftOut(
        id=option.id,
        tier=option.tier,
        model=option.model,
        provider=option.provider,
        reasons=(infeasible(replica, target(inputs.settings)),),
    )
    row = left_out_result(item, inputs, hardware=option.hardware)
    return replace(
        row,
        slo=limit_states(inputs.settings, replica),
        trust=option.trust.level,
        trust_reasons=option.trust.reasons,
    )


def left_out_result(item: LeftOut, inputs: Question, hardware: str | None = None) -> OptionResult:
    """Return the row of something that cannot be had."""
    return OptionResult(
        id=item.id,
        tier=item.tier,
        model=item.model,
        provider=item.provider,
        hardware=hardware,
        feasible=False,
        reasons=item.reasons,
        success=success_of(item.model, item.id, inputs),
        class_=class_of(item.model, inputs),
        quality=quality_of(item.model, inputs),
    )


def option_words(option: Option, inputs: Question) -> str:
    """Return an option in words, own GPUs with as many as are paid for where a volume is given."""
    if not isinstance(option, SelfOption) or not inputs.volume_given:
        return spoken(option.id)
    servers = fleet(option, inputs.settings, replica_of(option, inputs.settings))
    return spoken(option.id, number(servers.paid_gpus))


def sureness_of(option: Option, inputs: Question) -> str:
    """Return how sure a price is, in a few words: its age, witnesses, what is scheduled."""
    words = _age_words(option, inputs)
    if isinstance(option, TokenOption) and (change := coming(option, inputs)) is not None:
        days, factor = change
        words.append(f"x{show_number(factor)} in {days} day{'s' * (days != 1)}")
    return ", ".join([*words, *_witness_words(option)])


def _witness_words(option: Option) -> list[str]:
    short = short_reason(option.trust.reasons[0]) if option.trust.reasons else ""
    if option.trust.level == "low":
        short = short.replace("1 source", "ONE source")
    return [short] if short else []


def _age_words(option: Option, inputs: Question) -> list[str]:
    """Return how old a price is that is older than its kind should be."""
    if isinstance(option, FixedOption) or option.checked is None:
        return []
    seller = inputs.catalog.prices.providers.get(option.provider)
    hosted = seller is not None and not isinstance(option, SelfOption)
    kind = seller.kind if seller is not None and hosted else "rental"
    age = (inputs.day - option.checked).days
    if age <= stale_after(kind) or f"seen {age} days ago" in " ".join(option.trust.reasons):
        return []
    rent = "rent " if isinstance(option, SelfOption) and option.owned is None else ""
    return [f"{rent}{age} days old"]


def success_of(model: str, option: str, inputs: Question) -> float | None:
    """Return how often an option is right, by its model and its id; None where nobody said [1]."""
    return None if inputs.success is None else inputs.success.of(model, option)


def per_success(usd: float, inputs: Question) -> float | None:
    """Return what a right answer costs, where it was said how often one is [USD/request]."""
    requests = number(workload(inputs.settings).requests_per_month)
    return usd / requests if inputs.success is not None and requests > 0 else None


def class_of(model: str, inputs: Question) -> ModelClass:
    """Return the class of a model, by its id; `unknown` for what no catalog has."""
    models = inputs.catalog.models
    found = models.models.get(model)
    return "unknown" if found is None else model_class(found, models.classes)


def quality_of(model: str, inputs: Question) -> ModelQuality | None:
    """Return how good a model is, by its id: its score where somebody has measured it."""
    found = inputs.catalog.models.models.get(model)
    score = None if found is None else quality(found, benchmark_of(inputs.request))
    if score is None:
        return None
    return ModelQuality(
        benchmark=score.benchmark,
        value=score.value,
        low=score.low,
        high=score.high,
        date=None if score.seen is None else score.seen.isoformat(),
        source=score.source,
        effort=score.effort,
    )


KEY = (
    *("id", "tier", "model", "provider", "feasible", "gpus", "monthly_usd"),
    *("trust", "trust_reasons", "class_", "quality"),
)


def key_figures(row: OptionResult) -> OptionResult:
    """Return a row with its key figures alone; one that cannot be had keeps its reasons."""
    return OptionResult(**{name: getattr(row, name) for name in KEY}) if row.feasible else row


def offer_figures(option: Option, inputs: Question) -> OptionResult:
    """Return the row of what is no set-up of the catalogs with its key figures alone."""
    if isinstance(option, SelfOption):
        return option_result(option, inputs, brief=True)
    return OptionResult(
        id=option.id,
        tier=option.tier,
        model=option.model,
        provider=option.provider,
        feasible=True,
        monthly_usd=number(total_usd(lines(option, inputs.settings))),
        trust=option.trust.level,
        trust_reasons=option.trust.reasons,
        class_=class_of(option.model, inputs),
        quality=quality_of(option.model, inputs),
    )


def pair_figures(
    found: SetUps, pairs: Indices, usd: Floats, gpus: Floats
) -> Iterator[OptionResult]:
    """Yield the rows of pairs of set-up and rent with their key figures alone.

    Args:
        pairs: Which pairs [pairs].
        usd: What each costs [pairs] [USD/month].
        gpus: GPUs paid for [pairs] [1].
    """
    setups = found.pair_setup[pairs]
    inputs = found.inputs
    good = [(class_of(m.id, inputs), quality_of(m.id, inputs)) for m in found.models]
    places = zip(
        found.model[setups].tolist(),
        found.gpu[setups].tolist(),
        found.count[setups].tolist(),
        found.precision[setups].tolist(),
        found.pair_rent[pairs].tolist(),
        usd.tolist(),
        gpus.tolist(),
        strict=True,
    )
    for model, gpu, count, precision, rent, cost, paid in places:
        rented, name = found.rents[rent], found.models[model].id
        yield OptionResult(
            id=setup_id(name, found.gpus[gpu].id, count, found.names[precision], rented),
            tier="self",
            model=name,
            provider=rented.seller,
            feasible=True,
            gpus=paid,
            monthly_usd=cost,
            trust=rented.trust.level,
            trust_reasons=rented.trust.reasons,
            class_=good[model][0],
            quality=good[model][1],
        )


def breakdown_of(bill: tuple[Line, ...], used: float) -> Breakdown:
    """Return a bill in a few figures.

    Args:
        used: Share of the GPU-hours paid for that serve [1].
    """
    groups: tuple[Group, ...] = ("tokens", "compute", "people", "power", "other")
    usd: dict[str, float] = {name: number(total_usd(bill, name)) for name in groups}
    left = 1.0 - min(used, 1.0)
    idle, drawn = usd["compute"] * left, number(standing_usd(bill)) * left
    usd |= {"compute": usd["compute"] - idle, "power": usd["power"] - drawn}
    return Breakdown(**usd, idle=idle + drawn)


def prices_of(
    option: SelfOption,
    settings: Settings,
    replica: Replica,
    bill: tuple[Line, ...],
    used: float,
    served: float = 1.0,
) -> TokenPrices:
    """Return what tokens cost that an option makes.

    Args:
        option: Own GPUs that serve something.
        used: Share of the GPU-hours paid for that serve [1].
        served: Share of the month's tokens that it serves [1].
    """
    load, cached = workload(settings), number(target(settings).cached_share)
    requests = number(load.requests_per_month) * served
    read = requests * number(load.isl)
    tokens = (read * (1.0 - cached), read * cached, requests * number(load.osl))
    time = token_times(option, settings, replica)
    return token_prices(number(total_usd(bill)), breakdown_of(bill, used).idle, time, tokens)


def _band(option: SelfOption, settings: Settings) -> OpenBand:
    """Return the bill at the high and the low end of the throughput band [USD/month].

    Limits on latency are kept, so that slower replicas take fewer requests at once: no high end
    where one alone is too slow then.
    """
    each = (settings.once(at_speed, end) for end in reversed(option.band))
    low, high = (number(total_usd(lines(option, at))) for at in each)
    return low, high if np.isfinite(high) else None


def _utilization(
    option: SelfOption, settings: Settings, replica: Replica, servers: Fleet
) -> UtilizationResult:
    used = utilization_of(workload(settings, option.tries), replica, servers)
    slots, capacity, paid = map(number, used)
    return UtilizationResult(slots=slots, token_capacity=capacity, paid_hours=paid)


def _replica(option: SelfOption, replica: Replica, inputs: Question) -> ReplicaResult:
    rate = number(replica.requests_per_s)
    tpot = number(replica.tpot_s)
    evidence = f"capacity model, {inputs.engine} engine; {option.evidence}".removesuffix("; ")
    return ReplicaResult(
        gpus=option.gpus,
        precision=option.precision,
        concurrency=number(replica.slots),
        requests_per_s=rate,
        output_tokens_per_s=rate * number(target(inputs.settings).osl),
        tpot_s=None if np.isnan(tpot) else tpot,
        evidence=f"given: {option.source}" if option.measured else evidence,
        band=option.band,
        ttft_s=_ends(*(number(end) for end in ttft_ends(replica.ttft_s))),
    )


def _ends(low: float, high: float) -> Band | None:
    return None if np.isnan(low) else (low, high)


def bill_lines(bill: tuple[Line, ...], inputs: Question) -> tuple[BillLine, ...]:
    """Return the lines of a bill as numbers, those that come to nothing left out.

    Tokens that somebody gives away stay: that they are counted is worth knowing.
    """
    made = [_line(line, inputs) for line in bill]
    return tuple(x for x in made if x.quantity > 0 and (x.amount_usd or x.group == "tokens"))


def _line(line: Line, inputs: Question) -> BillLine:
    return BillLine(
        item=line.item,
        group=line.group,
        quantity=number(line.quantity),
        unit=line.unit,
        rate_usd=number(line.rate_usd),
        amount_usd=number(line.amount_usd),
        origin=line.origin,
        source=_who(line.source, inputs),
        date=_read(line.source, inputs),
    )


def _who(source: str, inputs: Question) -> str:
    """Return the source of a rate: for settings, joined by `+`, who said each."""
    parts = [(name, inputs.settings.get(name)) for name in source.split(" + ")]
    return " + ".join(name if s is None else f"{name} ({s.source})" for name, s in parts)


def _read(source: str, inputs: Question) -> str | None:
    last = source.split(" + ")[-1]
    setting = inputs.settings.get(last)
    name = last if setting is None else setting.source
    found = find_source(inputs.catalog, name)
    return None if found is None else found.read.isoformat()


def _per_mtok(usd: float, settings: Settings) -> float | None:
    tokens = number(workload(settings).tokens_per_month)
    return usd / tokens * MTOK if tokens > 0 else None


def _day(option: Option) -> str | None:
    return option.checked.isoformat() if option.checked else None
