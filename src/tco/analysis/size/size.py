"""Where a model fits, how fast it serves there, what that costs; held against measurements."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tco.analysis.compare import rule_words, unsure_words
from tco.analysis.report import (
    CLOSE,
    TAKEN,
    assumptions_of,
    notes_of,
    outside_words,
    stamp,
    uncalibrated,
)
from tco.analysis.results import AssumptionResult
from tco.analysis.size.results import FrontPoint, SizeCounts, SizeLimits, SizeResult, SizeRow
from tco.analysis.size.rows import (
    SizedSetUps,
    cheapest_rents,
    front,
    row_id,
    sized_rows,
    users_served,
)
from tco.catalog.models import Model
from tco.engine.shapes import number
from tco.errors import InfeasibleError, UsageError
from tco.options.bills import SelfOption
from tco.options.candidates import no_gpu, option_of, own_setups
from tco.options.cheapest import BESIDE, cheapest, insist, least_trust, rank_of
from tco.options.hours import refuse_billing
from tco.options.question import DEVELOPER, VOLUMES, Question, prepare
from tco.options.selection import Selection, select
from tco.options.settings import target, workload
from tco.options.setups import COUNTS, SetUps, uncut
from tco.units import show_number, show_usd

# Where a model fits, how fast it serves there, and what that costs at full load.

FLEET_ONLY = (
    *("workload.rate_cv", "serving.headroom", "serving.peakedness", "serving.wait_beta"),
    "serving.redundancy",
    *("serving.zones", "serving.availability_target", "serving.replica_availability"),
)
"""Assumptions that only matter when there is a demand."""


def size(inputs: Question, counts: tuple[int, ...] = (), demand_is: str = "") -> SizeResult:
    """Return where the one model of the request fits, how fast and at what price.

    Args:
        inputs: The question, with one model.
        counts: GPUs of a replica to try, instead of the usual ones [1].
        demand_is: What `--demand` said, which is an old name, by the option that says it now.

    Raises:
        InfeasibleError: The model is closed, its dimensions are unknown, or it cannot be cut over
            the GPUs that were asked for.
    """
    refuse_billing(inputs, "size prices a fleet at full load; tco compare follows the hours")
    selection = select(inputs.catalog, inputs.request)
    own = own_setups(inputs, selection, counts)
    if len(selection.models) > 1:
        raise UsageError(f"size is about one model; these are {', '.join(selection.models)}")
    name = next(iter(selection.models))
    model = inputs.catalog.models.models[name]
    if not own.models:
        raise InfeasibleError(f"{name}: {_why_not(own, model)}")
    if not own.size:
        raise InfeasibleError(_uncut(own, selection, counts))
    rents = cheapest_rents(own)
    asked = SizedSetUps(
        own=own,
        rents=rents,
        context_tokens=model.context_tokens,
        developers=_developers(own, counts),
    )
    points, on_front = front(own, rents)
    rows = sorted(sized_rows(asked, on_front), key=_rank)
    insist(inputs, (row.trust for row in rows if row.usd_per_mtok is not None), name)
    chosen = bool(selection.gpus or counts or inputs.request.all_setups)
    result = _result(asked, model, tuple(rows), () if chosen else _short(rows), points)
    if not demand_is:
        return result
    old = f"--demand is an old name: --{demand_is} says the same, --peak says a peak"
    return replace(result, warnings=(old, *result.warnings))


def _developers(own: SetUps, counts: tuple[int, ...]) -> dict[str, float]:
    """Return how many developers one replica of each set-up serves, by the id of its row.

    The same question, asked with the requests of the profile of developers in place of its own.
    """
    inputs = own.inputs
    known = inputs.catalog.workloads.profiles.get(DEVELOPER)
    if known is None or known.requests_per_user_per_month is None:
        return {}
    if inputs.profile != DEVELOPER:
        request = inputs.request
        kept = {p: v for p, v in request.settings.items() if not p.startswith("workload.")}
        unsaid: dict[str, Any] = dict.fromkeys((*VOLUMES, "peak", "isl", "osl", "input_output"))
        plain = replace(request, profile=DEVELOPER, settings=kept, **unsaid)
        asked = prepare(inputs.catalog, plain, inputs.day)
        own = own_setups(asked, select(asked.catalog, asked.request), counts)
    if not own.models:  # no context is long enough
        return {}
    served = users_served(own, known.requests_per_user_per_month)
    return {row_id(own, i): float(n) for i, n in enumerate(served) if not np.isnan(n)}


def _why_not(own: SetUps, model: Model) -> str:
    if model.weights == "closed":
        return "its weights are closed, so that nobody but its maker can serve it"
    if own.untried:
        return next(iter(own.untried.values()))[0]
    return "it is left out by --license, --min-score or --tier"


def _uncut(own: SetUps, selection: Selection, counts: tuple[int, ...]) -> str:
    model = own.models[0]
    if not own.gpus:
        return no_gpu(own.inputs, selection, model.id)
    told = dict.fromkeys(
        why
        for gpu in own.gpus
        for count in counts or COUNTS
        if (why := uncut(model.shape, gpu.node_gpus, count, own.server)) is not None
    )
    if not told:
        return f"{model.id}: no precision that was asked for runs on these GPUs"
    return f"{model.id} cannot be cut over these GPUs: {'; '.join(list(told)[:3])}"


def _rank(row: SizeRow) -> tuple[bool, bool, float, float, str]:
    price = np.inf if row.usd_per_mtok is None else row.usd_per_mtok
    short = -row.free_gb if not row.feasible else 0.0
    return not row.feasible, not row.fits, price, short, row.id


def _short(rows: list[SizeRow]) -> tuple[str, ...]:
    """Return the ids of the front and of the cheapest set-up of each GPU: by the fleet for the
    volume where one was given; for those that no set-up of theirs serves, what comes nearest."""
    firsts: dict[str, str] = {}
    for row in sorted(rows, key=_fleet_usd):
        firsts.setdefault(row.gpu, row.id)
    return tuple(row.id for row in rows if row.on_front or row.id == firsts[row.gpu])


def _fleet_usd(row: SizeRow) -> float:
    return np.inf if row.fleet_usd_per_month is None else row.fleet_usd_per_month


def _result(
    sized: SizedSetUps,
    model: Model,
    rows: tuple[SizeRow, ...],
    shown: tuple[str, ...],
    points: tuple[FrontPoint, ...],
) -> SizeResult:
    inputs, entry = sized.own.inputs, sized.own.models[0]
    cheap = _cheapest(rows, least_trust(inputs))
    used = _options(sized, shown or tuple(row.id for row in rows))
    fleet = _best_fleet(_fleets(rows), least_trust(inputs))
    bears, minor = _notes(inputs, model, used, fleet or cheap, entry.id)
    return SizeResult(
        catalog=stamp(inputs, used),
        model=entry.id,
        params=float(entry.shape.params),
        active_params=float(entry.shape.active_params),
        native_precision=entry.native,
        context_tokens=None if model.context_tokens is None else float(model.context_tokens),
        limits=_limits(sized),
        rows=rows,
        shown=shown,
        front=points,
        verdict=_verdict(entry.id, rows, least_trust(inputs)),
        best=None if cheap is None else cheap.id,
        best_fleet=None if fleet is None else fleet.id,
        cheaper_but_unsure=() if cheap is None else tuple(r.id for r in _below(rows, cheap)),
        judged=_counts(rows),
        assumptions=_assumptions(inputs, used),
        warnings=(*bears, *minor),
        minor=len(minor),
    )


def _below(rows: Sequence[SizeRow], best: SizeRow) -> list[SizeRow]:
    """Return the rows that cost less at full load than the answer."""
    limit = best.usd_per_mtok or 0.0
    return [r for r in rows if r.usd_per_mtok is not None and r.usd_per_mtok < limit]


def _notes(
    inputs: Question, model: Model, used: list[SelfOption], best: SizeRow | None, name: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what to be wary of: what bears on the answer, and what turns nothing.

    Of a model that nothing is known like, whether it has a rent; of the GPU that is the answer.
    """
    wanted = None if best is None else best.id
    about = [o for o in used if f"{o.model}@{o.hardware}:{o.precision}" == wanted]
    bears, minor = notes_of(inputs, used, about)
    doubts = [*_in_flight(inputs, best), *uncalibrated(inputs, about), *_launches(about, best)]
    if model.architecture is not None and model.architecture.outside_calibration:
        doubts.insert(0, outside_words([name]))
    shown = (CLOSE, TAKEN)  # the verdict says the one, the line of what was asked the other
    told = tuple(
        text for text in dict.fromkeys((*doubts, *bears)) if not any(w in text for w in shown)
    )
    return told, tuple(text for text in (*bears, *minor) if text not in told)


def _in_flight(inputs: Question, best: SizeRow | None) -> Iterable[str]:
    """Return how many replicas take all that was asked about at once, where one cannot."""
    asked = number(inputs.settings.value(AT_ONCE))
    if best is None or not inputs.settings.given(AT_ONCE) or not best.concurrency:
        return
    if best.concurrency < asked:
        replicas = np.ceil(asked / best.concurrency)
        yield (
            f"--concurrency {asked:,.0f}: {best.id} takes {best.concurrency:,.0f} at once within "
            f"the limits, memory has room for {best.max_batch:,.0f}; {replicas:,.0f} replicas "
            f"({replicas * best.gpus:,.0f} GPUs) take all"
        )


AT_ONCE = "serving.max_concurrency"
FEW_AT_ONCE = 4.0
"""Requests in flight up to which launches take about as long as the memory of a GPU of 2025 [1]."""


def _launches(about: Sequence[SelfOption], best: SizeRow | None) -> Iterable[str]:
    """Return that sources disagree on what the faster memory of recent GPUs gains a few requests.

    Source: `findings/b200-for-one-user.sh` (kernels, eight GPUs); the median of 54 pairs of runs
    with four requests in flight in `benchmarks/data/capacity_dev.csv`, and the model's for them.
    """
    recent = {o.gpu for o in about if (g := o.gpu_shape) and np.isfinite(g.flops_4) and not g.pcie}
    few = best is not None and 0.0 < (best.concurrency or 0.0) <= FEW_AT_ONCE
    for gpu in sorted(recent if few else ()):
        yield (
            f"so few requests at once wait for launches more than for memory, of which {gpu} is "
            "less sure than the band: of a B200 over an H200 tables of NVIDIA's kernels say x0.99 "
            "to x1.22 for one request, runs x1.32 with four, the model x1.48"
        )


def _options(sized: SizedSetUps, shown: tuple[str, ...]) -> list[SelfOption]:
    """Return the set-ups shown on the rents that they are cheapest on, as options."""
    own = sized.own
    pairs = np.flatnonzero(sized.rents[own.pair_setup] == own.pair_rent)
    options = [option_of(own, int(pair)) for pair in pairs]
    wanted = set(shown)
    return [o for o in options if f"{o.model}@{o.hardware}:{o.precision}" in wanted]


def _limits(sized: SizedSetUps) -> SizeLimits:
    inputs = sized.own.inputs
    goal, load = target(inputs.settings), workload(inputs.settings)
    number = {
        name: float(np.asarray(getattr(goal, name)))
        for name in (
            "isl",
            "osl",
            "cached_share",
            "max_tpot_s",
            "max_concurrency",
            "max_concurrency_large",
        )
    }
    demand = inputs.volume_given
    first = float(np.asarray(goal.max_ttft_s))
    profile = inputs.catalog.workloads.profiles[inputs.profile]
    return SizeLimits(
        **number,
        max_ttft_s=first if np.isfinite(first) else None,
        within=goal.within,
        peak_to_mean=float(np.asarray(load.peak_to_mean)) if demand else None,
        requests_per_user_per_month=profile.requests_per_user_per_month,
        profile=inputs.profile,
        tokens_per_month=float(np.asarray(load.tokens_per_month)) if demand else None,
        peak_requests_per_s=float(np.asarray(load.peak_requests_per_s)) if demand else None,
        engine=inputs.engine,
    )


def _assumptions(inputs: Question, used: list[SelfOption]) -> tuple[AssumptionResult, ...]:
    """Return what entered the rows: nothing of people, of fleets only where there is a demand."""
    left_out = ("people.", "service.", "compliance.", "rent.other", "rent.monitoring") + (
        () if inputs.volume_given else FLEET_ONLY
    )
    if not inputs.volume_given:
        left_out += ("workload.peak", "workload.batch")
    return tuple(a for a in assumptions_of(inputs, used) if not a.path.startswith(left_out))


def _cheapest(rows: Sequence[SizeRow], least: int) -> SizeRow | None:
    """Return the row that is the answer at full load; None where none has a price."""
    priced = [row for row in rows if row.feasible and row.usd_per_mtok is not None]
    return _first(priced, [row.usd_per_mtok or 0.0 for row in priced], least) if priced else None


def _first(rows: list[SizeRow], usd: list[float], least: int) -> SizeRow:
    """Return the row that is the answer at some prices."""
    trust = np.array([rank_of(row.trust) for row in rows])
    return rows[int(cheapest(np.array(usd), trust, least, [row.id for row in rows]))]


def _verdict(name: str, rows: tuple[SizeRow, ...], least: int) -> str:
    """Return the answer in words."""
    feasible = [row for row in rows if row.feasible]
    if not feasible:
        near = max(rows, key=lambda row: (row.fits, row.free_gb))
        return f"No set-up that was looked at serves {name}: {near.id}: {near.reasons[0]}."
    within = _within(name, _counts(rows))
    cheap = _cheapest(rows, least)
    if cheap is None:
        return f"{within} {RANGE}"
    load = (
        f"Cheapest at full load{rule_words(least)}: "
        f"{cheap.id} at {show_usd(cheap.usd_per_mtok or 0.0)} per "
        f"million tokens, {show_number(cheap.output_tokens_per_s or 0.0)} output tokens a "
        f"second{_unsure(cheap)}."
    )
    fleets = _fleets(rows)
    told = f"Cheapest fleet: {_fleet_words(fleets, least)}." if fleets else ""
    below = _beside(
        _below(rows, cheap), lambda row: f"{show_usd(row.usd_per_mtok or 0.0)} per Mtok"
    )
    if (fleet := _best_fleet(fleets, least)) is not None:
        limit = fleet.fleet_usd_per_month or 0.0
        lower = [row for row in fleets if (row.fleet_usd_per_month or 0.0) < limit]
        below = _beside(lower, lambda row: f"{show_usd(row.fleet_usd_per_month or 0.0)} a month")
    sentences = (unsure_words(cheap.trust, least), told, load, below, within, RANGE)
    return " ".join(filter(None, sentences))


def _beside(rows: Sequence[SizeRow], usd: Callable[[SizeRow], str]) -> str:
    """Return what costs less than the answer and is not sure enough, with the reasons."""
    told = [f"{row.id} at {usd(row)} ({row.trust_reasons[0]})" for row in rows[:BESIDE]]
    return f"Cheaper but not sure enough: {'; '.join(told)}." if told else ""


RANGE = (
    "The first token is a range: it depends on when requests arrive and how they are scheduled, "
    "which no formula of means predicts."
)


def _counts(rows: tuple[SizeRow, ...]) -> SizeCounts:
    """Return how many set-ups keep the limits: what was not judged is not kept."""
    able = [row.ttft_slo for row in rows if row.feasible]
    return SizeCounts(
        kept=able.count(None) + able.count("kept"),
        not_kept=len(rows) - len(able),
        too_close=able.count("depends"),
        not_judged=able.count("not judged"),
    )


def _within(name: str, counts: SizeCounts) -> str:
    """Return how many set-ups keep the limits, those that nobody can tell apart."""
    able = counts.kept + counts.too_close + counts.not_judged
    total = able + counts.not_kept
    text = f"{counts.kept} of {total} set-ups serve {name} within the limits"
    if counts.kept == able:
        return f"{text}."
    parts = [f"{counts.not_kept} cannot"] if counts.not_kept else []
    if counts.too_close:
        are = "is" if counts.too_close == 1 else "are"
        parts.append(f"{counts.too_close} {are} too close to call in the first token")
    if counts.not_judged:
        parts.append(f"{counts.not_judged} {'is' if counts.not_judged == 1 else 'are'} not judged")
    return f"{text}, {', '.join(parts)}."


def _unsure(row: SizeRow) -> str:
    words = {"depends": "too close to call", "not judged": "not judged"}
    return f" (first token {words[row.ttft_slo]})" if row.ttft_slo in words else ""


def _fleets(rows: Sequence[SizeRow]) -> list[SizeRow]:
    """Return the rows that have a fleet for the volume."""
    return [row for row in rows if row.feasible and row.fleet_usd_per_month is not None]


def _best_fleet(rows: list[SizeRow], least: int) -> SizeRow | None:
    """Return the row that is the answer for the volume; None without one."""
    usd = [row.fleet_usd_per_month or 0.0 for row in rows]
    return _first(rows, usd, least) if rows else None


def _fleet_words(rows: list[SizeRow], least: int) -> str:
    """Return the cheapest fleet, and the cheapest that surely keeps the limits."""
    sure = [row for row in rows if row.ttft_slo in (None, "kept")]
    best = _first(rows, [row.fleet_usd_per_month or 0.0 for row in rows], least)
    named = [best]
    if sure and best not in sure:
        named.append(_first(sure, [row.fleet_usd_per_month or 0.0 for row in sure], least))
    told = [
        f"{row.fleet_gpus:,.0f} GPUs for {show_usd(row.fleet_usd_per_month or 0.0)} a month "
        f"(rent alone), {row.replicas:g} replicas of "
        f"{row.id.partition('@')[2] if i else row.id}{_unsure(row)}"
        for i, row in enumerate(named)
    ]
    return ". Surely within the limits: ".join(told)


# A file of measurements held against the capacity model, its names read by the catalogs.
