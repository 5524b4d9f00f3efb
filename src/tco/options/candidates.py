"""Every set-up of own GPUs that the catalogs know, and why some models have none."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from tco.catalog.lookup import boxes, rental_key, rents_at, stale_after
from tco.catalog.trust import freshest_rents, rent_trust, too_old
from tco.engine.capacity import free_bytes, weights_bytes
from tco.engine.constants import ttft_ends
from tco.engine.replica import Replica, Target, speed_at
from tco.engine.shapes import Floats, Indices, number, precision
from tco.options.bills import LeftOut, Option, SelfOption, best_pairs, shapes_of
from tco.options.cheapest import least_trust
from tco.options.hours import billing_note
from tco.options.machines import DEDICATED, FREE_EGRESS, Egress, check_horizon, commitment
from tco.options.measurements import known
from tco.options.offers import tokens_per_request
from tco.options.question import Question
from tco.options.rents import dedicated_entries, owned_entries
from tco.options.scenario import LimitState
from tco.options.selection import Selection, in_region, rented_there, select
from tco.options.settings import Settings, target
from tco.options.setups import (
    COUNTS,
    GpuEntry,
    ModelEntry,
    RentEntry,
    SetUp,
    SetUps,
    set_ups,
    uncut,
)
from tco.options.shapes import gpu_shape, lacking, model_shape
from tco.units import show_seconds

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from tco.catalog.hardware import EgressPrice, Rent, Rental
    from tco.catalog.load import Catalog
    from tco.catalog.models import Model


# How set-ups lie to the limits on them, and why no set-up of a model can be used, in words.


def infeasible(replica: Replica, goal: Target) -> str:
    """Return why a replica serves nothing: memory, or the limit that a request alone does not keep.

    Args:
        replica: What one replica sustains; numbers, not arrays.
    """
    if number(replica.memory_slots) < 1:
        return "the weights and one request do not fit in its memory"
    if number(replica.sessions) == 0:
        return (
            "its KV cache does not keep the context of one open session from turn to turn, or not "
            "within the limits"
        )
    alone, limit = number(replica.lone_tpot_s), number(goal.max_tpot_s)
    if alone > limit:
        return (
            f"a request alone takes {alone * 1e3:.1f} ms a token, the limit is {limit * 1e3:g} ms"
        )
    first, most = number(replica.lone_ttft_s), number(goal.max_ttft_s)
    if ttft_ends(first)[0] > most:
        taken, least = show_seconds(first), show_seconds(number(ttft_ends(first)[0]))
        return (
            f"the first token of a request alone takes {taken}, {least} at least, the limit is "
            f"{show_seconds(most)}"
        )
    return "it serves nothing within the limits"


def first_token(replica: Replica, goal: Target) -> LimitState | None:
    """Return how the first token of a replica lies to the limit on it; None without a limit.

    ``low > limit`` misses it, ``high <= limit`` keeps it; between the two ends of its band it is
    too close to call, and depends on how requests arrive.
    """
    limit = number(goal.max_ttft_s)
    if not np.isfinite(limit):
        return None
    low, high = (number(end) for end in ttft_ends(replica.ttft_s))
    if not bool(np.all(replica.feasible)):
        alone = number(ttft_ends(replica.lone_ttft_s)[0])
        return "missed" if alone > limit else "not judged"
    if np.isnan(low):
        return "not judged"
    if low > limit:
        return "missed"
    return "kept" if high <= limit else "depends"


def limit_states(settings: Settings, replica: Replica | None) -> dict[str, LimitState]:
    """Return how the limits that were given are kept, by name: of own GPUs, or of anything else.

    Args:
        replica: What one replica sustains; None for what is bought by the token or by the unit,
            of whose latency nothing is known.
    """
    goal = target(settings)
    states: dict[str, LimitState] = {}
    if settings.given("serving.max_tpot_s"):
        states["tpot"] = "not judged" if replica is None else _token(replica, goal)
    if np.isfinite(number(goal.max_ttft_s)):
        states["ttft"] = (replica and first_token(replica, goal)) or "not judged"
    for level, _ in goal.within:  # fleets are sized so that it is kept
        known = replica is not None and not np.all(np.isnan(replica.lone_tpot_s))
        served = known and replica is not None and bool(np.all(replica.feasible))
        states[f"ttft_p{level * 100:.0f}"] = "kept" if served else "not judged"
    return states


def _token(replica: Replica, goal: Target) -> LimitState:
    if not bool(np.all(replica.feasible)):
        return "missed" if number(replica.lone_tpot_s) > number(goal.max_tpot_s) else "not judged"
    return "not judged" if np.isnan(number(replica.tpot_s)) else "kept"


def token_times(option: SelfOption, settings: Settings, replica: Replica) -> tuple[float, ...]:
    """Return the shares of a full replica's time that fresh, cached input and output take [3] [1].

    Reading what is not cached, the attention that this pays to what is, and decode steps; empty
    where the model's dimensions are not known.
    """
    said, goal = shapes_of(option, settings), target(settings)
    if said is None:
        return ()
    fresh = replace(goal, isl=goal.isl * (1.0 - np.asarray(goal.cached_share)), cached_share=0.0)
    full, alone = (speed_at(*said, lengths, replica.slots) for lengths in (goal, fresh))
    new, all_input = (number(x.prefill_s) * number(full.requests_per_s) for x in (alone, full))
    return new, max(all_input - new, 0.0), max(1.0 - all_input, 0.0)


def first_token_words(replica: Replica, goal: Target) -> Iterator[str]:
    """Return that it depends whether the limit on the first token is kept, with the figures."""
    if first_token(replica, goal) == "depends":
        low, high = (show_seconds(number(end)) for end in ttft_ends(replica.ttft_s))
        middle, limit = show_seconds(number(replica.ttft_s)), show_seconds(number(goal.max_ttft_s))
        ends = f"{middle}, {low} to {high} by how requests arrive"
        yield f"first token in {ends}, limit {limit}: too close to call"


def why_not(found: SetUps, model: ModelEntry, settings: Settings) -> tuple[str, ...]:
    """Return why no set-up of a model can be used; empty when one can."""
    if found.pairs_of(model.id).size:
        return ()
    index = next(i for i, m in enumerate(found.models) if m.id == model.id)
    rows = np.flatnonzero(found.model == index)
    if not rows.size:
        return (_uncut(found, model),)
    fast = rows[np.asarray(found.replica.feasible)[rows]]
    if fast.size:
        names = ", ".join(sorted({found.row(int(i)).gpu.id for i in fast})[:4])
        there = in_region(found.inputs)
        return (f"fits {names}, but no rent is known for them{there} under the options considered",)
    held = rows[np.asarray(found.replica.memory_slots)[rows] >= 1]
    if held.size:
        return (_too_slow(found, held, settings),)
    goal = target(settings)
    return (_too_large([found.row(int(i)) for i in rows], float(goal.isl + goal.osl)),)


def missing_figure(gpu: str, name: str) -> str:
    """Return that a figure of a GPU is not known, and what supplies it."""
    return (
        f"no {name} is known of it: --catalog FILE with accelerators.{gpu}.{name} supplies it, or "
        f"--option with the tokens a second that you measured"
    )


def _uncut(found: SetUps, model: ModelEntry) -> str:
    """Return why there is no way to put a model on any of the GPUs considered."""
    if not found.gpus:
        return "none of the GPUs considered has the figures that a speed is worked out from"
    nodes = sorted({gpu.node_gpus for gpu in found.gpus})
    counts = found.counts or (1,)
    whys = [uncut(model.shape, n, c, found.server) for n in nodes for c in counts]
    known = next((why for why in whys if why), None)
    return known or "no precision that was asked for runs on the GPUs considered"


def _too_slow(found: SetUps, held: Indices, settings: Settings) -> str:
    """Return which limit the fastest of some set-ups does not keep."""
    goal = target(settings)
    token = np.asarray(found.replica.lone_tpot_s)[held]
    first = np.asarray(found.replica.lone_ttft_s)[held]
    in_time = token <= number(goal.max_tpot_s)
    # Of those that are fast enough by the token, the one that answers soonest.
    best = int(np.argmin(np.where(in_time, first, np.inf) if in_time.any() else token))
    setup = found.row(int(held[best]))
    why = infeasible(found.replica_at(int(held[best])), goal)
    return f"too slow: {why} ({setup.gpus}x{setup.gpu.id} at {setup.precision})"


def _too_large(setups: list[SetUp], context: float) -> str:
    def room(setup: SetUp) -> float:
        return float(free_bytes(setup.model.shape, setup.gpu.shape, setup.layout))

    best = max(setups, key=room)
    weights = float(weights_bytes(best.model.shape, best.layout))
    where = f"{best.gpus}x{best.gpu.id}"
    if room(best) > 0:
        return (
            f"does not fit: beside {weights / 1e9:,.0f} GB of {best.precision} weights, {where} "
            f"has {room(best) / 1e9:.1f} GB left, less than one request of {context:,.0f} tokens"
        )
    usable = room(best) + weights
    largest = ", the largest set-up considered" if len(setups) > 1 else ""
    return (
        f"does not fit: {weights / 1e9:,.0f} GB of {best.precision} weights against "
        f"{usable / 1e9:,.0f} GB usable on {where}{largest}"
    )


# Every set-up of own GPUs that the catalogs know, and why some models are left out.

SERVER_VENDORS = ("nvidia", "amd")
"""Vendors whose GPUs the capacity model was held against; others only when they are named."""

CONSUMER = "GeForce"
"""Cards whose licence keeps them out of data centres: only when they are named."""

OLDEST_SERVER_GPU = 2020
"""Launch year before which current engines no longer run well (no bf16); older when named."""


def option_of(own: SetUps, pair: int) -> SelfOption:
    """Return the option of one feasible pair of set-up and rent."""
    rent = own.rents[int(own.pair_rent[pair])]
    return rented(own.inputs, own.row(int(own.pair_setup[pair])), rent)


def unserved(own: SetUps) -> tuple[LeftOut, ...]:
    """Return the models that no set-up can serve, each with the reason."""
    reasons = ((model.id, why_not(own, model, own.inputs.settings)) for model in own.models)
    served = tuple(_left_out(name, why) for name, why in reasons if why)
    return (*served, *(_left_out(name, why) for name, why in own.untried.items()))


def _left_out(model: str, reasons: tuple[str, ...]) -> LeftOut:
    return LeftOut(id=f"self/{model}", tier="self", model=model, provider="self", reasons=reasons)


def own_setups(inputs: Question, selection: Selection, counts: tuple[int, ...] = ()) -> SetUps:
    """Return every self-hosted set-up that the selection lets through, sized and priced.

    Args:
        counts: GPUs of a replica to try, instead of the usual ones [1].
    """
    entries: list[ModelEntry] = []
    untried: dict[str, tuple[str, ...]] = {}
    for name, model in inputs.catalog.models.models.items():
        if model.weights != "open" or model.kind != "chat" or not selection.own_model(name, model):
            continue
        if model.released and model.released > inputs.day:
            continue
        reasons, shape = unsizable(model, inputs), model_shape(model)
        if shape is None or reasons:
            untried[name] = reasons
            continue
        wanted = tuple(p for p in selection.precisions if precision(p))
        native = model.native_precision or "bf16"
        tries = inputs.tries(name)
        entries.append(
            ModelEntry(id=name, shape=shape, native=native, precisions=wanted, tries=tries)
        )
    gpus = gpu_entries(inputs, selection)
    counts = counts or ((selection.gpu_count,) if selection.gpu_count else COUNTS)
    rents = rent_entries(inputs, selection)
    measured = known(inputs.catalog, [m.shape for m in entries], [g.id for g in gpus])
    made = set_ups(inputs, entries, gpus, counts, measured, rents)
    if inputs.settings.given("serving.kv_pool_tokens"):
        from tco.options.sessions import check_pool  # few questions are about sessions

        check_pool(made, inputs.settings, inputs.gaps)
    return replace(made, untried=untried)


def unsizable(model: Model, inputs: Question) -> tuple[str, ...]:
    """Return why a model is tried on no GPU at all; empty where it is tried."""
    if model.never or model.architecture is None or model.params_b is None:
        return (model.never or "its dimensions are not in the catalog",)
    need = tokens_per_request(inputs)
    if model.context_tokens and need > model.context_tokens:
        long = f"a request of {need:,.0f} tokens is longer than its context"
        return (f"{long} of {model.context_tokens:,}",)
    return ()


def gpu_entries(inputs: Question, selection: Selection) -> list[GpuEntry]:
    """Return the GPUs that are looked at: those named, or the usual ones of data centres."""
    entries = []
    for name, gpu in inputs.catalog.hardware.accelerators.items():
        usual = gpu.vendor in SERVER_VENDORS and gpu.launch_year >= OLDEST_SERVER_GPU
        usual = usual and CONSUMER not in gpu.name
        if not (name in selection.gpus if selection.gpus else usual):
            continue
        shape = gpu_shape(inputs.catalog.hardware, gpu)
        if shape is not None:
            entries.append(GpuEntry(id=name, shape=shape, node_gpus=gpu.node_gpus))
    return entries


def no_gpu(inputs: Question, selection: Selection, model: str) -> str:
    """Return that no GPU can be looked at for a model, with the figure that is missing."""
    hardware = inputs.catalog.hardware
    told = [
        f"{name}: {missing_figure(name, missing)}"
        for name in selection.gpus
        if (missing := lacking(hardware.accelerators[name]))
    ]
    return "; ".join(told) or f"{model}: no GPU is looked at"


def rent_entries(inputs: Question, selection: Selection) -> list[RentEntry]:
    """Return the rents of the day that the selection lets through, and bought GPUs if asked."""
    check_horizon(inputs.request.purchases, inputs.settings)
    entries = [entry for _, _, entry in _picked(inputs, selection)]
    if selection.buys:
        entries += owned_entries(inputs, selection)
    if DEDICATED in selection.purchases:
        entries += dedicated_entries(inputs, selection)
    return entries


def _picked(inputs: Question, selection: Selection) -> list[tuple[Rental, Rent, RentEntry]]:
    """Return the rents of the day that may be picked: of a named seller all, of others no old one.

    One that is older than rents may be, but not yet than `rent.oldest_days`, stands beside a
    fresher one that is sure enough to win over it; without such a one it would decide.
    """
    catalog, day = inputs.catalog, inputs.day
    oldest_days = float(np.asarray(inputs.settings.value("rent.oldest_days")))
    rents, entry_of = _rentable(catalog, day)
    asked = [
        (rental, rent, entry_of(place))
        for place, (rental, rent) in enumerate(rents)
        if selection.rental(rental, catalog.hardware.sellers[rental.seller].kind)
        and rented_there(inputs, rental, rent)
    ]
    least = least_trust(inputs)
    sure = {(rental.gpu, rental.option) for rental, _, e in asked if e.trust.rank >= least}
    fresh = freshest_rents([one[:2] for one in asked], day)

    def picked(rental: Rental, rent: Rent) -> bool:
        decides = (rental.gpu, rental.option) not in sure
        limit = min(oldest_days, stale_after("rental")) if decides else oldest_days
        return not rent.only_if_named and not too_old(catalog, rental, rent, day, fresh, limit)

    return [one for one in asked if one[0].seller in selection.sellers or picked(*one[:2])]


def _rentable(
    catalog: Catalog, day: date
) -> tuple[Sequence[tuple[Rental, Rent]], Callable[[int], RentEntry]]:
    """Return the rents of a day, and one as an option sees it, made once for all questions."""
    key = ("rents", day)
    if key in catalog.derived:
        return catalog.derived[key]  # type: ignore[no-any-return]
    rents, sellers = rents_at(catalog.hardware, day), catalog.hardware.sellers
    seen_last, boxed = freshest_rents(rents, day), boxes(catalog.hardware)

    @cache
    def entry_of(place: int) -> RentEntry:
        rental, rent = rents[place]
        box, sized = boxed[rental_key(rental)]
        return RentEntry(
            gpu=rental.gpu,
            seller=rental.seller,
            purchase="_".join(filter(None, (rental.option, rental.channel))),
            instance_gpus=rental.gpus,
            usd_per_gpu_hour=rent.usd_per_gpu_hour,
            source=rent.source,
            checked=rent.checked,
            trust=rent_trust(catalog, rental, rent, day, seen_last),
            flag=rent.flag,
            egress=_egress(sellers[rental.seller].egress),
            billing_step_s=sellers[rental.seller].billing_step_s,
            box=box,
            sized=sized,
        )

    catalog.derived[key] = rents, entry_of
    return rents, entry_of


def _egress(price: EgressPrice | None) -> Egress:
    return (
        FREE_EGRESS if price is None else Egress(usd_per_gb=price.usd_per_gb, source=price.source)
    )


def rented(inputs: Question, setup: SetUp, rent: RentEntry) -> SelfOption:
    """Return the option of a set-up on some GPUs, corrected by the measurements near it."""
    return SelfOption(
        id=setup_id(setup.model.id, setup.gpu.id, setup.gpus, setup.precision, rent),
        model=setup.model.id,
        gpu=setup.gpu.id,
        gpus=setup.gpus,
        precision=setup.precision,
        seller=rent.seller,
        purchase=rent.purchase,
        shape=setup.model.shape,
        gpu_shape=setup.gpu.shape,
        layout=setup.layout,
        profile=inputs.serving,
        instance_gpus=rent.instance_gpus,
        band=setup.band,
        speed_factors=setup.factors,
        evidence=setup.evidence,
        origin=rent.origin,
        source=rent.source,
        usd_per_gpu_hour=None if rent.owned else rent.usd_per_gpu_hour,
        owned=rent.owned,
        egress=rent.egress,
        checked=rent.checked,
        trust=rent.trust,
        hours=inputs.hours,
        billing_step_s=rent.billing_step_s,
        tries=setup.model.tries,
        gaps=inputs.gaps,
        notes=tuple(
            note
            for note in (
                rent.flag,
                commitment(rent.purchase),
                billing_note(rent, inputs.hours),
            )
            if note
        ),
    )


def setup_id(model: str, gpu: str, gpus: int, precision: str, rent: RentEntry) -> str:
    """Return `self/MODEL@COUNTxGPU:PRECISION/SELLER:PURCHASE`, a box of several with its size."""
    return f"self/{model}@{gpus}x{gpu}:{precision}/{rent.seller}:{rent.way}"


WORDS = ("apple", "arc", "gaudi", "strix")  # names of chips that are words, no letters
_MACHINE = re.compile(r"(?P<count>\d+)x(?P<gpu>[^:/]+)")


def machine(hardware: str | None, gpus: float | None = None) -> str:
    """Return GPUs in words: of a replica, or as many as there are.

    >>> machine("4xa30:mxfp4", 28), machine("2xh200-nvl:fp8"), machine("1xapple-m3-ultra:int4", 5)
    ('28 A30', '2 H200 NVL', '5 Apple M3 Ultra')
    """
    found = _MACHINE.match(hardware or "")
    if found is None:
        return hardware or ""
    gpu = found["gpu"]
    name = gpu.title() if gpu.startswith(WORDS) else gpu.upper().removesuffix("-SXM")
    name = name.replace("-", " ")
    return f"{_count(float(found['count']) if gpus is None else gpus)} {name}"


_OWN = re.compile(r"^self/(?P<model>[^@/]+)(?:@(?P<hardware>[^/]+))?(?:/(?P<rent>.+))?$")


def spoken(name: str, gpus: float | None = None) -> str:
    """Return the id of an option in words; without a number of GPUs what one replica is.

    >>> spoken("novita/gpt-oss-120b"), spoken("self/gpt-oss-120b@4xa30:mxfp4/fal:on_demand", 28)
    ('gpt-oss-120b at novita', 'gpt-oss-120b on 28 A30')
    >>> spoken("self/gpt-oss-120b@4xa30:mxfp4"), spoken("self/gpt-oss-120b@1xb200-sxm:mxfp4")
    ('gpt-oss-120b on sets of 4 A30', 'gpt-oss-120b on B200')
    """
    own = _OWN.match(name)
    if own is not None and own["hardware"] is None:
        return f"{own['model']} on own GPUs"
    if own is not None:
        where = machine(own["hardware"], gpus)
        if gpus is None:
            where = where[2:] if where.startswith("1 ") else f"sets of {where}"
        return f"{own['model']} on {where}"
    provider, slash, model = name.partition("/")
    return f"{model} at {provider}" if slash else name


def short(name: str, others: Sequence[str] = ()) -> str:
    """Return the shortest name that means the same option at the same question.

    A set-up that is the answer of its model goes by `self/MODEL`; one of several by what tells it
    from the others, from the left.

    Args:
        others: Ids of other options, that it must not be taken for.
    """
    if _OWN.match(name) is None:
        return name
    bought = re.match(r"self/(?P<model>[^@/]+)@[^/]*/own:", name)
    if bought is not None and not any("/own:" in other for other in others if other != name):
        return f"self/{bought['model']}/own"  # without it a rented set-up would be meant
    places = [m.start() for m in re.finditer(r"[@:/]", name)][1:]
    for end in places:
        if not any(other != name and other.startswith(name[:end]) for other in others):
            return name[:end]
    return name


def typed_name(name: str, others: Sequence[str], resolved: Sequence[str]) -> str:
    """Return the name that was typed for an option, the shortest where none is known.

    >>> meant = "self/m@8xh100 is self/m@8xh100:fp8/a:spot, the best of 4 set-ups"
    >>> typed_name("self/m@8xh100:fp8/a:spot", [], [meant])
    'self/m@8xh100'

    Args:
        others: Ids of other options, that it must not be taken for.
        resolved: What names were taken to mean, as `NAME is ID, the best of 4 set-ups`.
    """
    for said in resolved:
        typed, _, meant = said.partition(" is ")
        if typed.startswith("self/") and meant.startswith(f"{name},"):
            return typed
    return short(name, others)


def _count(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.2f}"


def own_of(inputs: Question, models: Collection[str]) -> SetUps:
    """Return every set-up of some models that the request lets through."""
    wanted = select(inputs.catalog, inputs.request)
    return own_setups(inputs, replace(wanted, models=tuple(sorted(models))))


def any_of(inputs: Question, option: Option, name: str | None) -> SetUps | None:
    """Return every set-up that own GPUs may be; none where a name says more than the model."""
    free = isinstance(option, SelfOption) and option.id.startswith("self/")
    return own_of(inputs, {option.model}) if free and "@" not in (name or "") else None


def setups_at(
    inputs: Question, models: Collection[str], volumes: Floats
) -> dict[str, list[Option]]:
    """Return by model the set-ups that are the answer at one of some volumes, best ones first.

    Of what the request lets through; a model that nothing serves is left out.

    Args:
        models: Open models.
        volumes: Volumes that are looked at [token/month].
    """
    own, least = own_of(inputs, models), least_trust(inputs)
    found: dict[str, list[Option]] = {}
    for model in sorted(models):
        places = best_pairs(own, inputs.settings, model, volumes, least).tolist()
        found[model] = [option_of(own, int(i)) for i in places]
    return {model: setups for model, setups in found.items() if setups}
