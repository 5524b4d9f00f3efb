"""Every term of one bill: quantity, rate, who said so, and how the quantities came about."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tco.analysis.report import carried, caveats, entering, workload_result
from tco.analysis.results import ExplainResult, OptionResult, ScalingResult
from tco.analysis.rows import option_result, peak_over_mean, scaling_of, success_of
from tco.catalog.lookup import find_source
from tco.engine.capacity import free_bytes, weights_bytes
from tco.engine.fleet import Duty, FleetPolicy, replicas_for, room_for_bursts
from tco.engine.ledger import TokenRates, reads_to_pay, token_lines, total_usd
from tco.engine.replica import FirstTokens, Replica
from tco.engine.shapes import Number, Workload, number
from tco.errors import InfeasibleError, UsageError
from tco.options.bills import (
    Option,
    SelfOption,
    TokenOption,
    bought,
    fleet,
    replica_of,
    shapes_of,
    ways_to_cache,
)
from tco.options.first_tokens import first_tokens
from tco.options.names import resolve
from tco.options.provisioned import FixedOption, ProvisionedOption, provisioned_steps
from tco.options.question import DAYS_OF_A_MONTH, Question
from tco.options.sessions import sessions_of
from tco.options.settings import Settings, fleet_policy, workload
from tco.units import show_number, show_rate, show_seconds, show_share, show_tokens, show_usd


def explain(inputs: Question, name: str) -> ExplainResult:
    """Return the bill of one option with everything that led to it.

    Args:
        inputs: The question, with a volume.
        name: The option, by id or any unambiguous shorter form.
    """
    if not inputs.volume_given:
        raise UsageError("how many tokens a month? for example --tokens 50B")
    found = resolve(name, inputs)
    option = found.best
    row = option_result(option, inputs)
    if not row.feasible:
        raise InfeasibleError(f"{row.id}: {', '.join(row.reasons)}")
    row = replace(row, first_token=_first_token(inputs, option))
    return ExplainResult(
        verdict=costs(row, inputs),
        workload=workload_result(inputs),
        option=row,
        resolved=found.meant,
        steps=(
            *_load_steps(inputs),
            *_tries_steps(inputs, option),
            *_price_steps(option),
            *_cache_steps(inputs, option),
            *_tier_steps(option),
            *_apart_steps(inputs, option),
            *_own_steps(inputs, option, row),
            *_energy_steps(option, row),
            *_unit_steps(inputs, option),
        ),
        sources=_sources(inputs, option),
        **carried(inputs, [option], [option], then=caveats(inputs, [option]), dated=True),
    )


def _first_token(inputs: Question, option: Option) -> FirstTokens | None:
    """Return how long the first token of own GPUs takes, with the queue; None of anything else."""
    if not isinstance(option, SelfOption):
        return None
    settings, replica = inputs.settings, replica_of(option, inputs.settings)
    needed = number(fleet(option, settings, replica).needed)
    shapes, tries = shapes_of(option, settings), number(option.tries)
    said = (tries, option.gaps, option.speed_factors)
    return first_tokens(shapes, settings, replica, needed, *said)


def costs(row: OptionResult, inputs: Question) -> str:
    """Return what an option comes to, in a sentence."""
    if row.monthly_usd is None:
        return f"{row.id} is not possible: {'; '.join(row.reasons)}"
    volume = show_tokens(number(inputs.settings.value("workload.tokens_per_month")))
    return f"{row.id} costs {show_usd(row.monthly_usd)} a month for {volume} tokens"


def _tries_steps(inputs: Question, option: Option) -> list[str]:
    """Return how often a request is asked, where it was said how often the model is right."""
    rate = success_of(option.model, option.id, inputs)
    if rate is None:
        return []
    return [
        f"each request is asked 1 / {show_share(rate)} = {_n(option.tries)} times until its answer "
        "is right (tries are taken to be independent)"
    ]


def _load_steps(inputs: Question) -> list[str]:
    load = workload(inputs.settings)
    tokens = float(np.asarray(load.tokens_per_month))
    requests = float(np.asarray(load.requests_per_month))
    images, each = (
        inputs.settings.value(f"workload.{name}")
        for name in ("images_per_request", "tokens_per_image")
    )
    text = inputs.settings.value("workload.isl")
    pictures = [
        f"input = {_n(text)} of text + {_n(images)} x {_n(each)} of images = {_n(load.isl)}"
    ]
    return [
        *(pictures if np.any(np.asarray(images)) else []),
        f"requests = {show_tokens(tokens)} tokens / ({_n(load.isl)} in + {_n(load.osl)} out) "
        f"= {show_number(requests)} a month = {_n(load.requests_per_s)} a second over "
        f"{number(load.hours_per_month):g} h",
        f"busiest hour = {_n(load.requests_per_s)} x {_n(load.peak_to_mean)} "
        f"= {_n(load.peak_requests_per_s)} requests a second",
    ]


def _price_steps(option: Option) -> list[str]:
    """Return the days of the month that each price holds on, where there are several."""
    if not isinstance(option, TokenOption) or not option.later:
        return []
    now = 1.0 - sum(share for share, _, _ in option.later)
    rows = [(now, option.rates), *((share, rates) for share, rates, _ in option.later)]
    days = [
        f"{share * DAYS_OF_A_MONTH:.0f} days at {rates.input:g} in and {rates.output or 0:g} out"
        for share, rates in rows
    ]
    return [f"prices per Mtok, weighed by days: {', then '.join(days)}"]


def _cache_steps(inputs: Question, option: Option) -> list[str]:
    """Return from how many reads of what was written on a prompt cache pays."""
    if not isinstance(option, TokenOption) or option.rates.cached_input is None:
        return []
    _, rates, way = bought(option, inputs.settings)
    told = _session_steps(inputs, option, int(way))
    reads = float(np.asarray(reads_to_pay(rates)))
    write = rates.input if rates.cache_write is None else rates.cache_write
    if reads <= 0 or not np.isfinite(reads):
        return told
    return [
        *told,
        f"caching pays from ({_n(write)} - {_n(rates.input)}) / "
        f"({_n(rates.input)} - {_n(rates.cached_input)}) = {reads:.2f} reads per write",
    ]


def _session_steps(inputs: Question, option: TokenOption, taken: int) -> list[str]:
    """Return what a turn of a session reads and writes in each way to cache, and why."""
    if option.caching is None or inputs.gaps is None:
        return []
    caching, settings = option.caching, inputs.settings
    sessions = sessions_of(settings, inputs.gaps)
    steps = []
    for way, (load, rates) in enumerate(ways_to_cache(option, caching, settings)):
        usd = number(total_usd(token_lines(rates, load)))
        best = ", the cheapest" if way == taken and len(caching.ways) > 1 else ""
        words = _way_words(inputs, option, way, load, rates)
        steps.append((-usd, bool(best), f"{words}: {show_usd(usd)} a month{best}"))
    first, shared = _n(sessions.first_tokens), _n(sessions.shared_tokens)
    words = (
        f"sessions of {_n(sessions.turns)} turns: the first writes {first} tokens but for the "
        f"{shared} that all share, a later one {_n(sessions.new_tokens)} that no cache has, or all "
        "after too long a gap"
        if number(sessions.turns) > 1.0
        else f"sessions of one turn: of its {first} tokens only the {shared} that all share are "
        "read again"
    )
    return [words, *(step for *_, step in sorted(steps))]  # a short screen has the last


def _way_words(
    inputs: Question, option: TokenOption, way: int, load: Workload, rates: TokenRates
) -> str:
    """Return what a turn reads and writes in one of the ways to cache."""
    caching, settings = option.caching, inputs.settings
    assert caching is not None and inputs.gaps is not None
    lifetime, part = caching.ways[way]
    isl, read = number(load.isl), number(load.isl * load.cached_share)
    if part == "nothing":
        return f"no cache: a turn pays for {_n(isl)} tokens at {_n(rates.input)}"
    sessions, seconds = sessions_of(settings, inputs.gaps), caching.lifetime_s(lifetime, settings)
    kept = f"kept {show_seconds(number(seconds))}"
    price = _n(rates.cache_write if caching.written else rates.input)
    if part == "shared":
        written = number(load.isl * load.cache_write_share)
        return (
            f"only what all share {kept}: a turn reads {_n(read)}, writes {_n(written)} at {price} "
            f"and pays for {_n(isl - read - written)} tokens at {_n(rates.input)}"
        )
    late = f"{number(sessions.gaps.longer(seconds)):.2%} of the gaps are longer, so "
    why = late if number(sessions.turns) > 1.0 else ""
    writes = f"reads {_n(read)} and writes {_n(isl - read)} tokens at {price}"
    return f"cache {kept}: {why}a turn {writes}"


def _unit_steps(inputs: Question, option: Option) -> list[str]:
    if isinstance(option, FixedOption) and option.unit == "seat":
        return [*option.notes]
    if not isinstance(option, ProvisionedOption):
        return []
    return provisioned_steps(option, inputs.settings)


def _tier_steps(option: Option) -> list[str]:
    """Return what longer requests pay, and whether for all of their input or the rest of it."""
    tiers = option.modifiers if isinstance(option, TokenOption) else []
    steps: list[str] = []
    for tier in tiers:
        if tier.when.input_tokens_over is None:
            continue
        price = f"{tier.multiply:g} times the price" if tier.multiply else "another price"
        rates = tier.usd_per_mtok
        if rates is not None and rates.input is not None and rates.output is not None:
            price = f"{show_rate(rates.input)} in and {show_rate(rates.output)} out per million"
        whole = tier.mode == "cliff"
        steps.append(
            f"a request of more than {tier.when.input_tokens_over:,} input tokens pays {price}, "
            + ("all of it (a cliff)" if whole else "for the input above that only (graduated)")
        )
    return steps


def _apart_steps(inputs: Question, option: Option) -> list[str]:
    """Return the prices of an offer for what no workload here counts, so that no bill has it."""
    offer = inputs.catalog.offers.get(option.id)
    if offer is None or not isinstance(option, TokenOption):
        return []
    searches, audio = offer.usd_per_1k_searches, option.rates.audio_input
    apart = [
        f"web searches at {show_rate(searches)} per 1,000" if searches else "",
        f"input that is audio at {show_rate(audio)} per Mtok" if audio else "",
    ]
    words = " and ".join(filter(None, apart))
    return [f"not in this bill: {words}"] if words else []


def _own_steps(inputs: Question, option: Option, row: OptionResult) -> list[str]:
    if not isinstance(option, SelfOption) or row.replica is None:
        return []
    return [
        *_memory_steps(option),
        *_speed_steps(option, row),
        *_fleet_steps(inputs, option, row),
        *_queue_steps(inputs, row),
    ]


def _queue_steps(inputs: Question, row: OptionResult) -> list[str]:
    first = row.first_token
    if first is None or first.waiting_share is None:
        return []
    cvs = (_n(inputs.settings.value(f"latency.{kind}_cv")) for kind in ("input", "output"))
    return [
        f"first token in the busiest hour at {show_share(first.load or 0.0)} of the capacity: "
        f"{show_share(first.waiting_share)} of the requests find all slots taken; lengths of "
        f"prompts and answers vary by {' and '.join(cvs)} of their mean"
    ]


def _energy_steps(option: Option, row: OptionResult) -> list[str]:
    """Return why nothing is said of energy and carbon, where nothing is known."""
    if row.energy is not None or isinstance(option, FixedOption):
        return []
    if isinstance(option, SelfOption):
        return [f"energy and carbon: not known: the catalog has no power of {option.gpu}"]
    return [
        "energy and carbon: not known: whoever sells tokens states none, and of closed models "
        "nobody has measured any"
    ]


def _memory_steps(option: SelfOption) -> list[str]:
    if option.shape is None or option.gpu_shape is None or option.layout is None:
        return []
    weights = float(np.asarray(weights_bytes(option.shape, option.layout)))
    free = float(np.asarray(free_bytes(option.shape, option.gpu_shape, option.layout)))
    return [
        f"memory of {option.hardware}: {weights / 1e9:,.1f} GB of {option.precision} weights, "
        f"{free / 1e9:,.1f} GB left for the KV cache"
    ]


def _speed_steps(option: SelfOption, row: OptionResult) -> list[str]:
    replica = row.replica
    assert replica is not None
    tpot = f" at {replica.tpot_s * 1e3:.1f} ms a token" if replica.tpot_s else ""
    low, high = option.band
    band = f" (80 % band x{low:.2f} to x{high:.2f})" if low < high else ""
    return [
        f"one replica: {replica.concurrency:,.0f} requests at once{tpot}, "
        f"{_n(replica.requests_per_s)} requests a second, "
        f"{_n(replica.output_tokens_per_s)} output tokens a second [{replica.evidence}]{band}"
    ]


def _fleet_steps(inputs: Question, option: SelfOption, row: OptionResult) -> list[str]:
    policy, load = fleet_policy(inputs.settings), workload(inputs.settings, option.tries)
    replica = replica_of(option, inputs.settings)
    most = load.requests_per_s * peak_over_mean(option, inputs.settings)
    peak = float(np.asarray(most / replica.requests_per_s))
    burst = float(np.asarray(room_for_bursts(peak, replica.staffed, policy)))
    sustained = peak / float(np.asarray(policy.headroom))
    needed = float(np.asarray(replicas_for(peak, replica.staffed, policy)))
    spare = float(np.asarray(policy.kept(needed))) - needed
    got = "rented" if option.owned is None else "bought"
    return [
        *_waiting_steps(inputs),
        f"peak load = {_n(most)} / {_n(replica.requests_per_s)} "
        f"= {peak:.3f} replicas' worth of work",
        f"replicas = ceil(max({peak:.3f} / {_n(policy.headroom)} = {sustained:.3f}, "
        f"{peak:.3f} + {burst:.3f} for bursts)) + {spare:g} spare"
        f"{_why_spare(policy)} = {row.replicas:g}",
        *_rule_steps(inputs, option, replica, needed),
        *_arrival_steps(inputs, peak, replica.staffed),
        f"GPUs = {row.replicas:g} x {option.gpus}, {got} by {option.instance_gpus}: "
        f"{row.gpus:g} on the invoice",
        *scaling_steps(option, inputs.settings, replica),
    ]


def _waiting_steps(inputs: Question) -> list[str]:
    """Return what own GPUs make of work that can wait."""
    waits = number(inputs.settings.value("workload.batch_share"))
    if waits >= 1.0:
        return ["all of it can wait: no peak, no limit on latency, no headroom, no spare"]
    if not waits:
        return []
    usual = number(inputs.settings.value("workload.peak_to_mean"))
    peak = number(workload(inputs.settings).peak_to_mean)
    return [
        f"{show_share(waits)} of it can wait and fills the hours that the rest leaves free: a peak "
        f"of max({1 - waits:.3g} x {_n(usual)}, a fleet full all the time) = {_n(peak)}"
    ]


ARRIVALS = {"smooth": 0.0, "drifting": 0.23, "clumped": 1.66}
"""How much the rate varies within its hour [1]: the chat and the code hour of Azure 2023, from the
variance over mean of the requests in 10 s; nothing beyond chance for the default."""


def _arrival_steps(inputs: Question, load: float, slots: Number) -> list[str]:
    """Return which kind of arrivals sized the fleet, and what the others would have said."""
    policy = fleet_policy(inputs.settings)
    cv = number(inputs.settings.value("workload.rate_cv"))
    if float(np.asarray(policy.wait_beta)) == 0.0:
        return []
    kind = min(ARRIVALS, key=lambda name: abs(ARRIVALS[name] - cv))
    others = [
        f"{name} ({other:g}) {_n(replicas_for(load, slots, replace(policy, rate_cv=other)))}"
        for name, other in ARRIVALS.items()
        if name != kind
    ]
    return [
        f"sized by the busiest hour of {kind} arrivals (workload.rate_cv {cv:g}); of others, "
        f"no spares: {', '.join(others)}; your own logs tell: tco profile LOGS --to traffic.yaml"
    ]


def _rule_steps(inputs: Question, option: SelfOption, replica: Replica, needed: float) -> list[str]:
    """Return which rule sized the fleet, and what the other would have said, for own logs."""
    own = inputs.catalog.own.get(inputs.profile)
    if (
        own is None
        or own.in_flight_over_mean is None
        or not inputs.settings.given("serving.headroom")
    ):
        return []
    usual = {
        path: inputs.catalog.assumptions.assumptions[path].value
        for path in ("serving.headroom", "serving.wait_beta")
    }
    settings = inputs.settings.with_values(usual)
    policy, load = fleet_policy(settings), workload(settings, option.tries)
    other = replicas_for(load.peak_requests_per_s / replica.requests_per_s, replica.staffed, policy)
    return [
        f"sized by the requests in flight of {inputs.profile}: a headroom of the busiest hour at "
        f"which 99 % of the requests find a free slot; the usual rule (headroom "
        f"{_n(policy.headroom)}, peakedness {_n(policy.peakedness)}) would need {_n(other)} "
        f"in place of {needed:g}"
    ]


def _why_spare(policy: FleetPolicy) -> str:
    """Return why there are more spares than were asked for, where zones or a target say so."""
    why = []
    if float(np.asarray(policy.zones)) > 1.0:
        why.append(f"any one of {_n(policy.zones)} zones may fail")
    if float(np.asarray(policy.availability_target)) > 0.0:
        target, up = (
            float(np.asarray(x)) for x in (policy.availability_target, policy.replica_availability)
        )
        why.append(f"enough are up {target:.6g} of the time, each {up:.6g} of it")
    return f" ({'; '.join(why)})" if why else ""


def _sources(inputs: Question, option: Option) -> tuple[str, ...]:
    """Return what the source ids of a bill and of its assumptions stand for."""
    said = [] if isinstance(option, FixedOption) else [option.source]
    said += [option.egress.source] if isinstance(option, SelfOption) else []
    said += [setting.source for setting in entering(inputs, [option])]
    names = {name for text in said for name in text.rpartition(": ")[2].split(", ")}
    told = []
    for name in sorted(names):
        source = find_source(inputs.catalog, name)
        if source is not None:
            place = source.url or source.where
            where = f" ({place})" if place else ""
            told.append(f"{name}: {source.title}, read {source.read}{where}")
    return tuple(told)


def _n(value: object) -> str:
    return show_number(float(np.asarray(value, dtype=float)), 4)


def scaling_steps(option: SelfOption, settings: Settings, replica: Replica) -> list[str]:
    """Return in words how the hours that are paid for came about."""
    servers = fleet(option, settings, replica)
    result = scaling_of(option, settings, replica, servers)
    if result is None or option.hours is None:
        return []
    out = [*_hours_steps(option.hours, settings, result)]
    out.append(
        f"GPUs on the invoice in the average hour = {show_number(result.billed_gpus, 4)} "
        f"of {show_number(number(servers.paid_gpus))}"
    )
    return out


def _hours_steps(hours: Duty, settings: Settings, result: ScalingResult) -> list[str]:
    lead = show_number(number(settings.value("plan.lead_h")))
    if result.billing == "scheduled":
        return [
            f"open {show_number(result.open_hours_per_week)} of {hours.open_share.size} hours a "
            f"week, UTC, and {lead} h before; the load of other hours comes inside them, so that "
            "the month's tokens stay the same"
        ]
    told = [f"replicas follow {result.hours}, as many as are needed at any time within the lead"]
    if result.starts_per_month is not None and result.waiting_share is not None:
        cold = show_seconds(result.cold_start_s or 0.0)
        told.append(
            f"off when nobody asks for {show_seconds(number(settings.value(IDLE)))}: "
            f"{show_number(result.starts_per_month)} cold starts a month, "
            f"{show_share(result.waiting_share)} of the requests wait up to {cold} for one "
            "(requests at random; in clusters it would be off for longer)"
        )
    else:
        told[0] += f" of {lead} h"
    return told


IDLE = "fleet.idle_timeout_s"
