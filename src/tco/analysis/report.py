"""What every answer carries: which data it rests on, what it assumed, what to be wary of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from tco.analysis.results import AssumptionResult, CatalogStamp, WorkloadResult
from tco.catalog.lookup import config_notes, find_model, stale_after
from tco.engine.constants import FITTED
from tco.engine.replica import DRAFTED_GAINS
from tco.engine.shapes import number
from tco.options import settings as values
from tco.options.bills import Option, SelfOption, Tier, TokenOption, replica_of
from tco.options.cheapest import USUAL, least_trust
from tco.options.hours import SCALE_TO_ZERO
from tco.options.machines import DEDICATED
from tco.options.provisioned import FixedOption, ProvisionedOption
from tco.options.quality import BELOW, score_notes, some_of, success_notes
from tco.options.question import DEADLINE, WAITS, Question
from tco.options.scenario import Scenario
from tco.options.selection import region_notes
from tco.options.settings import KINDS, Setting, Settings, named_sets, target, workload
from tco.units import show_number, show_seconds

if TYPE_CHECKING:
    from tco.options.sessions import Caching


def stamp(inputs: Question, used: Sequence[Option]) -> CatalogStamp:
    """Return which data an answer rests on."""
    days = [o.checked for o in used if o.checked]
    return CatalogStamp(
        version=inputs.catalog.version,
        sha256=inputs.catalog.sha256,
        as_of=inputs.day.isoformat(),
        until=inputs.last_day.isoformat() if inputs.request.by_day else None,
        oldest_price=min(days).isoformat() if days else None,
    )


def workload_result(inputs: Question) -> WorkloadResult:
    """Return the month that was asked about, in numbers."""
    load = workload(inputs.settings)
    own = ("profile", "cached_input_tokens")
    names = [field.name for field in fields(WorkloadResult) if field.name not in own]
    number = {name: float(np.asarray(getattr(load, name))) for name in names}
    cached = number["input_tokens"] * number["cached_share"]
    return WorkloadResult(profile=inputs.profile, cached_input_tokens=cached, **number)


IMAGES = "workload.images_per_request"
NEUTRAL = {
    *("workload.isl_factor", "workload.osl_factor", "serving.throughput_factor"),
    *("serving.speculative_gain", "serving.drafts", "serving.parallel"),
    *("workload.reasoning_factor", "workload.cache_write_share", "workload.length_cv"),
    *("workload.retry_share", "workload.sessions.open", "workload.sessions.service_s"),
    *("workload.sessions.gap_cap_s", "serving.kv_pool_tokens", "serving.host_cache_gb"),
    *("serving.host_gb_per_s", "horizon.months", "energy.kg_co2_per_kwh"),
    *("people.setup_fte_months", "people.refresh_fte_months_per_year", "people.evaluation_fte"),
    *("service.egress_factor", "compliance.licence_usd_per_month"),
    *("compliance.audit_usd_per_month", "extra.usd_per_month", "extra.usd_per_gpu_month"),
    *("extra.usd_per_server_month", "extra.upfront_usd", "serving.zones", "serving.max_ttft_s"),
    *(f"serving.max_ttft_{share}_s" for share in ("p50", "p95", "p99")),
    *("serving.availability_target", "serving.replica_availability", "rent.factor"),
    *("own.price_factor", IMAGES, "price.api_factor", "price.hosted_factor"),
    DEADLINE,
}
"""Factors that are 1 unless somebody sets them: no assumption until then."""


def _holidays(_: Question, used: Sequence[Option]) -> bool:
    tokens = [o for o in used if isinstance(o, TokenOption)]
    return any(m.when.holidays for o in tokens for m in o.modifiers)


def _own(used: Sequence[Option]) -> bool:
    return any(isinstance(o, SelfOption) for o in used)


def _caches(used: Sequence[Option]) -> list[Caching]:
    """Return what caches of offers keep of sessions."""
    return [o.caching for o in used if isinstance(o, TokenOption) and o.caching is not None]


def _with_sessions(inputs: Question, used: Sequence[Option]) -> bool:
    return inputs.gaps is not None and (_own(used) or bool(_caches(used)))


OF_TOKENS = ("workload.cache_write_share", "workload.length_cv", "workload.retry_share")

ONLY_WITH: dict[str, Callable[[Question, Sequence[Option]], bool]] = {
    "workload.cached_share": lambda q, _: q.gaps is None,  # else gaps and new tokens say it
    "price.cache_lifetime_s": lambda _, used: any(
        seconds is None for cache in _caches(used) for _, seconds in cache.lifetimes
    ),
    values.WARM: lambda _, used: bool(_caches(used)),
    "workload.tokens_per_image": lambda q, _: bool(np.any(np.asarray(q.settings.value(IMAGES)))),
    "price.holidays_per_year": _holidays,
    DEADLINE: lambda q, _: bool(np.any(np.asarray(q.settings.value(WAITS)))),
    "workload.deadline_peak_to_mean": lambda q, _: q.settings.given(DEADLINE),
    "serving.replica_availability": lambda q, _: q.settings.given("serving.availability_target"),
    **dict.fromkeys(OF_TOKENS, lambda _, used: any(not isinstance(o, SelfOption) for o in used)),
    "price.api_factor": lambda _, used: any(o.tier == "api" for o in used),
    "price.hosted_factor": lambda _, used: any(o.tier == "hosted" for o in used),
    **dict.fromkeys(values.OF_SESSIONS, lambda q, used: q.gaps is not None and _own(used)),
    **dict.fromkeys(values.OF_CACHES, _with_sessions),
    **dict.fromkeys(values.OF_THE_PEAK, lambda q, _: not values.all_waits(q.settings)),
}
"""Values that enter a bill only where something else does."""


def assumptions_of(inputs: Question, used: Sequence[Option]) -> tuple[AssumptionResult, ...]:
    """Return every value that entered the bills of the options used, with who said so."""
    rows = [assumption(s) for s in entering(inputs, used)]
    if any(isinstance(o, SelfOption) for o in used):
        rows += _choices(inputs)
    told = list(choices_of(inputs.request, inputs.settings))
    gone = [row for row in told if row.path.startswith("bill.")]
    return (*gone, *rows, *(row for row in told if row not in gone), least_trust_row(inputs))


def least_trust_row(inputs: Question) -> AssumptionResult:
    """Return which trust of a price is enough for it to win."""
    return word_row(inputs, "select.min_trust", "least trust of a price that wins", USUAL)


def word_row(inputs: Question, path: str, title: str, usual: str) -> AssumptionResult:
    """Return what is chosen by a word: that of the request, by the last part of its path."""
    field = path.rpartition(".")[2]
    said: str | None = getattr(inputs.request, field)
    return AssumptionResult(
        path=path,
        title=title,
        value=said or usual,
        unit="",
        origin="given" if said else "assumed",
        source=inputs.request.origins.get(field, "default"),
        judgment=not said,
    )


def entering(inputs: Question, used: Sequence[Option]) -> list[Setting]:
    """Return the settings that enter the bills of some options, volume left out."""
    kinds = _prefixes(used)
    if "extra." in kinds and inputs.settings.given("extra.upfront_usd"):
        kinds |= {"own.life_months", "own.yearly_rate", "own.straight_line"}
    if "people.api" in kinds:
        kinds.add(values.calling_takes(inputs.settings))
    starts = tuple(kinds)
    return [
        setting
        for path, setting in inputs.settings.items()
        if path.startswith(starts)
        and path != "workload.tokens_per_month"
        and (path not in NEUTRAL or setting.origin == "given" or _with_target(path, inputs))
        and (path not in ONLY_WITH or setting.origin == "given" or ONLY_WITH[path](inputs, used))
    ]


def _with_target(path: str, inputs: Question) -> bool:
    """Return whether a setting matters because an availability was asked for."""
    of_replica = path == "serving.replica_availability"
    return of_replica and inputs.settings.given("serving.availability_target")


def _prefixes(used: Sequence[Option]) -> set[str]:
    kinds = {"workload."}
    tokens = any(isinstance(o, TokenOption | ProvisionedOption) for o in used)
    own = [o for o in used if isinstance(o, SelfOption)]
    if tokens:
        kinds |= {"people.salary", "people.api", "price."}
    if own:
        kinds |= _staff_prefixes(own)
        kinds |= {"serving.", "horizon.months", "compliance.", "extra."}
    rented = [o for o in own if o.usd_per_gpu_hour is not None]
    if rented:
        kinds |= {"rent.factor", "rent.oldest"}
    if any(o.purchase != DEDICATED for o in rented):
        kinds |= {"rent.monitoring", "rent.other_share", "service."}
    if any(o.purchase.startswith("spot") for o in own):
        kinds |= {"rent.spot_", "plan.lead_h"}
    if len(rented) < len(own):
        kinds.add("own.")
    billings = {o.hours.billing for o in own if o.hours is not None}
    if billings:
        kinds.add("fleet.billing_step_s")
        kinds |= {"fleet."} if SCALE_TO_ZERO in billings else {"plan.lead_h"}
    return kinds


def _staff_prefixes(own: Sequence[SelfOption]) -> set[str]:
    """Return the values of engineers that enter: where a host runs the GPUs, those of an API."""
    kinds = {"people.salary", "people.setup", "people.refresh", "people.evaluation"}
    if any(o.purchase == DEDICATED for o in own):
        kinds.add("people.api")
    if any(o.purchase != DEDICATED for o in own):
        kinds |= {"people.floor", "people.fixed", "people.fte"}
    return kinds


def values_of(inputs: Question, *starts: str) -> tuple[AssumptionResult, ...]:
    """Return the settings whose paths begin so, with who said each."""
    found = [s for path, s in inputs.settings.items() if path.startswith(starts)]
    return tuple(assumption(s) for s in found)


def assumption(setting: Setting) -> AssumptionResult:
    """Return a value that entered, with who said so."""
    return AssumptionResult(
        path=setting.path,
        title=setting.title,
        value=float(np.asarray(setting.value)),
        unit=setting.unit,
        origin=setting.origin,
        source=setting.source,
        judgment=setting.origin == "assumed",
    )


def _choices(inputs: Question) -> list[AssumptionResult]:
    """Return the choices of self-hosting that are words, not numbers."""
    request = inputs.request
    purchases = ", ".join(request.purchases) or "on_demand"
    places = "marketplaces too" if request.marketplaces else "no marketplaces"
    rows = (
        ("serving.engine", "how the engine is run", inputs.engine, request.engine),
        (
            "serving.precision",
            "precision of the weights",
            ", ".join(request.precisions) or "as published, and fp8 where the GPU has it",
            request.precisions,
        ),
        ("rent.purchase", "rents considered", f"{purchases}; {places}", request.purchases),
    )
    return [
        AssumptionResult(
            path=path,
            title=title,
            value=value,
            unit="",
            origin="given" if given else "assumed",
            source=inputs.request.origins.get(path.split(".")[1], "default"),
            judgment=not given,
        )
        for path, title, value, given in rows
    ]


def notes_of(
    inputs: Question, used: Sequence[Option], about: Sequence[Option], *, dated: bool = False
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what a reader should be wary of: what bears on the answer, and what turns nothing.

    Args:
        used: The options whose bills are shown.
        about: Those of them that the answer names.
        dated: The screen says of each price how old it is and when it changes.
    """
    scores = _score_notes(inputs, used)
    below = [text for text in scores if text.startswith(BELOW)]
    first: list[str] = [*_ineffective(inputs, used), *volume_notes(inputs), *below]
    rest: list[str] = [text for text in scores if text not in below]
    for family, of_rows in ((_changes, dated), (_stale, dated), (_licences, False)):
        told, bears = family(inputs, used), () if of_rows else family(inputs, about)
        (first if bears else rest).extend(told)
    close = any(CLOSE in one for one in _limit_notes(inputs, about))
    last = (*_limit_notes(inputs, used), *uncalibrated(inputs, used))
    first += [text for text in last if IDLE in text or (close and CLOSE in text)]
    return tuple(first), (*rest, *(text for text in last if text not in first))


def _score_notes(inputs: Question, used: Sequence[Option]) -> list[str]:
    told = score_notes(inputs.catalog, inputs.request, dict.fromkeys(o.model for o in used))
    return [*told, *success_notes(inputs.catalog, inputs.request), *region_notes(inputs)]


def _changes(inputs: Question, used: Sequence[Option]) -> list[str]:
    from tco.options.offers import changes_soon  # it looks at options, which look at reports

    return changes_soon(inputs, used)


def carried(
    inputs: Question,
    used: Sequence[Option],
    about: Sequence[Option],
    *,
    first: Iterable[str] = (),
    then: Iterable[str] = (),
    last: Iterable[str] = (),
    assumptions: tuple[AssumptionResult, ...] | None = None,
    dated: bool = False,
) -> dict[str, Any]:
    """Return data, assumptions and warnings of an answer, by the fields that say them.

    Args:
        used, about, dated: See `notes_of`.
        first, then: What else bears on the answer, before and after what `notes_of` finds.
        last: What else turns nothing.
        assumptions: What entered the bills, where it is not all that `assumptions_of` finds.
    """
    bears, rest = notes_of(inputs, used, about, dated=dated)
    minor = (*rest, *last)
    return {
        "catalog": stamp(inputs, used),
        "assumptions": assumptions_of(inputs, used) if assumptions is None else assumptions,
        "warnings": (*first, *bears, *then, *minor),
        "minor": len(minor),
    }


def unsure_prices(inputs: Question, used: Sequence[Option]) -> tuple[str, ...]:
    """Return which options that were named have a price that is not sure enough, and why."""
    return tuple(
        f"the price of {option.id} is not sure enough (trust {option.trust.level}): "
        f"{option.trust.reasons[0]}"
        for option in used
        if option.trust.rank < least_trust(inputs)
    )


FEW_TOKENS, FEW_REQUESTS = 1e5, 100.0
"""Below this a month is rather a slip of the pen: a request a day of some thousand tokens [1]."""


def few(what: str, count: float, least: float) -> str:
    """Return the question whether so little was meant; empty where it is enough.

    >>> few("tokens a month", 50, 1e5)
    '50 tokens a month? 50B is 50 billion, 50M 50 million'
    """
    if not 0.0 < count < least:
        return ""
    said = f"{count:,.6g}"
    bare = f"{count:.6g}"
    return f"{said} {what}? {bare}B is {said} billion, {bare}M {said} million"


def volume_notes(inputs: Question) -> list[str]:
    """Return what is to be said of how the volume was given: a peak, or next to nothing."""
    request, out = inputs.request, []
    said = (
        ("tokens a month", request.tokens, FEW_TOKENS),
        ("requests a month", request.requests, FEW_REQUESTS),
    )
    out += [few(what, count, least) for what, count, least in said if count is not None]
    volumes = (request.tokens, request.requests, request.users, request.developers)
    alone = all(n is None for n in volumes)
    if request.peak is not None and alone:
        load, ratio = workload(inputs.settings), inputs.settings["workload.peak_to_mean"]
        mean, peak = (number(x) for x in (load.requests_per_s, load.peak_requests_per_s))
        who = ratio.source.partition(":")[0]
        out.append(
            f"{show_number(peak)} req/s {TAKEN} {show_number(mean)} on average, by "
            f"a peak of {show_number(number(ratio.value))} times the mean ({who})"
        )
    return [text for text in out if text]


def _limit_notes(inputs: Question, used: Sequence[Option]) -> list[str]:
    """Return which limits on latency are too close to call, or of what they were not judged."""
    from tco.options.candidates import (  # it looks at set-ups, they at reports
        first_token,
        limit_states,
    )

    states = limit_states(inputs.settings, None)
    if not states:
        return []
    goal, out = target(inputs.settings), []
    own = [o for o in used if isinstance(o, SelfOption)]
    close = [
        o.id
        for o in own
        if "ttft" in states and first_token(replica_of(o, inputs.settings), goal) == "depends"
    ]
    if close:
        limit = f"--slo ttft={show_seconds(number(goal.max_ttft_s))}"
        out.append(f"{limit} {CLOSE}, by how requests arrive: {some_of(close)}")
    names = " and ".join(states)
    given = [o.id for o in own if o.measured]
    others = len(used) - len(own)
    if given:
        out.append(f"{names} not judged where the throughput was given: {some_of(given)}")
    if others:
        out.append(f"{names} not judged of what is not on own GPUs: nothing is known ({others})")
    return out


CLOSE, TAKEN, IDLE = "is too close to call", "at peak are taken to be", "changes nothing for"


def _ineffective(inputs: Question, used: Sequence[Option]) -> list[str]:
    """Return what was said of tokens and stands on a rough figure, or changes nothing."""
    out = [*config_notes(inputs.catalog, (o.model for o in used))]
    tokens = any(isinstance(o, TokenOption) for o in used)
    written = np.any(np.asarray(inputs.settings.value("workload.cache_write_share")))
    if tokens and inputs.request.cache_ttl and not written and not _caches(used):
        out.append("--cache-ttl changes nothing: --cache-write says how much input is written")
    images = ONLY_WITH["workload.tokens_per_image"](inputs, used)
    if tokens and images and not inputs.settings.given("workload.tokens_per_image"):
        count = float(np.asarray(inputs.settings.value("workload.tokens_per_image")))
        out.append(
            f"an image counts as {count:,.0f} tokens everywhere; providers count 258 to 1,400 for "
            "1024 x 1024: --image-tokens says yours, --tokenizer MODEL=R corrects one model"
        )
    return out


def _stale(inputs: Question, used: Sequence[Option]) -> list[str]:
    seen: list[tuple[date, str, str]] = []
    for option in used:
        if isinstance(option, FixedOption) or option.checked is None:
            continue
        kind = "rental"
        if isinstance(option, TokenOption | ProvisionedOption):
            kind = inputs.catalog.prices.providers[option.provider].kind
        seen.append((option.checked, option.id, kind))
    return stale_words(inputs, seen, len(used))


def stale_words(inputs: Question, seen: Iterable[tuple[date, str, str]], count: int) -> list[str]:
    """Return that some of `count` prices are old: of when each was seen, of what, by what kind."""
    old = [(d, name) for d, name, kind in seen if (inputs.day - d).days > stale_after(kind)]
    if not old:
        return []
    oldest, name = min(old)
    age = (inputs.day - oldest).days
    told = f"{len(old)} of {count} prices are older than their kind should be; the oldest is"
    told = told if count > 1 else "the price is older than its kind should be:"
    return [f"{told} {age} days old ({name}, checked {oldest})"]


def _licences(inputs: Question, used: Sequence[Option]) -> list[str]:
    """Return which weights may not be used commercially, unless a fee for that was given."""
    fee = "compliance.licence_usd_per_month"
    if inputs.settings.given(fee):
        return []
    models = inputs.catalog.models.models
    own = sorted({o.model for o in used if isinstance(o, SelfOption) and o.model in models})
    barred = [
        f"{name} ({kept.name})"
        for name in own
        if (kept := models[name].license) is not None and kept.kind == "research"
    ]
    told = f"not licensed for commercial use: {', '.join(barred)}; permission is sold, and "
    return [f"{told}--set {fee}=… adds what it costs"] if barred else []


def outside_words(models: Sequence[str]) -> str:
    """Return that some models are built like none that the capacity model was held against."""
    step, most = FITTED.outside_factor, FITTED.outside_prefill
    told = f"take {step:.2f} times as long, prefill up to {most:.1f}, and the band is wider"
    named = ", ".join(models)
    return f"the capacity model was held against none built like {named}: steps {told}"


def _engine_words(inputs: Question, own: Sequence[SelfOption]) -> Iterator[str]:
    """Yield what drafted tokens are taken to gain, and what is cut no other way, where asked."""
    drafts, cut = (inputs.settings.value(f"serving.{name}") for name in ("drafts", "parallel"))
    most, least = DRAFTED_GAINS[0], DRAFTED_GAINS[-1]
    if own and np.any(drafts):
        yield (
            f"drafted tokens (mtp) are taken to gain x{most} with 4 requests in flight or fewer, "
            f"x{least} above 128: medians of others' models, x1.35 to x2.12 and x0.73 to x1.46; "
            "whether a model comes with such heads is not in the catalog"
        )
    dense = sorted({o.model for o in own if o.shape is not None and not o.shape.routed_params})
    if dense and np.any(cut):
        yield f"--parallel is of mixtures of experts and {IDLE} {some_of(dense)}"


def uncalibrated(inputs: Question, used: Sequence[Option]) -> list[str]:
    """Return of which set-ups the speed is less sure than their band, and why."""
    models = inputs.catalog.models.models
    own = [o for o in used if isinstance(o, SelfOption) and not o.measured]
    odd = sorted(
        {o.model for o in own if (a := models[o.model].architecture) and a.outside_calibration}
    )
    guessed = sorted({o.gpu for o in own if o.gpu_shape and not o.gpu_shape.measured})
    out = [*([outside_words(odd)] if odd else ()), *_engine_words(inputs, own)]
    if guessed:
        out.append(f"kernel speed is judgment, not measured, on {', '.join(guessed)}")
    macs = sorted({o.gpu for o in own if o.gpu.startswith("apple-")})
    if macs and inputs.engine != "local":
        out.append(f"no {inputs.engine} engine runs on {', '.join(macs)}: --engine local")
    return out


OWN = ("own.pue", "own.host_power", "own.idle_", "own.light_", "own.full_")
ELSEWHERE = ("energy.", "latency.", *OWN)
"""Settings that enter the energy and the first token of any GPUs, and so not only bills."""

SIFTING = ("serving.", "rent.", "fleet.", "plan.")
"""Settings that may leave an own set-up out, so that its bill is not there to be entered."""


def caveats(
    inputs: Question, used: Sequence[Option], tried: Collection[Tier] = ()
) -> tuple[str, ...]:
    """Return what the bills of some options do not follow though it was said.

    Args:
        used: The options whose bills are shown.
        tried: Kinds of options that were looked at, those left out included.
    """
    kinds = {*tried, *(option.tier for option in used)}
    idle = sorted({*_idle_settings(inputs, used, kinds), *_idle_words(inputs, used, kinds)})
    was, enters = ("was", "enters") if len(idle) == 1 else ("were", "enter")
    told = (f"{', '.join(idle)} {was} given and {enters} none of these bills",) if idle else ()
    return (*told, *_caveats_images(inputs), *_short_horizon(inputs, used))


def _by_flag(inputs: Question, field: str) -> str:
    """Return the flag that gave a field or a setting; empty when it was no flag."""
    by = inputs.request.origins.get(field, "")
    return by if by.startswith("--") else ""


def _idle_settings(inputs: Question, used: Sequence[Option], kinds: set[Tier]) -> Iterator[str]:
    """Return the settings given by flag that enter no bill; in doubt none."""
    entered, own = {s.path for s in entering(inputs, used)}, _own(used)
    if not np.any(np.asarray(inputs.settings.value("people.setup_fte_months"))):
        entered.discard("horizon.months")  # over which work that is done once is spread
    for path in inputs.request.settings:
        flag = _by_flag(inputs, path)
        needs = ONLY_WITH.get(path)
        needs = None if path in (*values.OF_THE_PEAK, "workload.cached_share") else needs
        enters = path in entered and (needs is None or needs(inputs, used))
        doubtful = own and path.startswith(ELSEWHERE)
        doubtful |= not own and "self" in kinds and path.startswith(SIFTING)
        if flag and not enters and not doubtful:
            yield path if flag.startswith("--set") else flag


OF_OWN = ("fte", "coverage", "site", "engine", "speculative", "parallel")  # words of own GPUs


def _idle_words(inputs: Question, used: Sequence[Option], kinds: set[Tier]) -> Iterator[str]:
    """Return what is of own GPUs, or of bought ones, without any; tokenizers of other models."""
    if "self" not in kinds:
        fields = OF_OWN[2 * (values.calling_takes(inputs.settings) != values.API_FTE) :]
        yield from filter(None, (_by_flag(inputs, field) for field in fields))
    if not any(isinstance(o, SelfOption) and o.owned is not None for o in used):
        for field in filter(lambda name: _by_flag(inputs, name), ("electricity", "ownership")):
            yield f"--{field} {getattr(inputs.request, field)}"
    for name, ratio in inputs.request.tokenizers if _by_flag(inputs, "tokenizers") else ():
        if all(find_model(inputs.catalog, name) != option.model for option in used):
            yield f"--tokenizer {name}={ratio:g}"


def _caveats_images(inputs: Question) -> Iterator[str]:
    """Return that images do not add to a month whose tokens are given."""
    if inputs.request.tokens is not None and number(inputs.settings.value(IMAGES)) > 0.0:
        yield "--tokens is held, so images take the place of text: say --requests to add them"


def _short_horizon(inputs: Question, used: Sequence[Option]) -> Iterator[str]:
    """Return that bought GPUs are spread over longer than they are said to be needed."""
    own = [o.owned for o in used if isinstance(o, SelfOption) and o.owned is not None]
    known = inputs.settings.value("own.life_months")
    lives = [number(known if gpu.life_months is None else gpu.life_months) for gpu in own]
    months = number(inputs.settings.value("horizon.months"))
    if inputs.settings.given("horizon.months") and max(lives, default=0.0) > months:
        yield (
            f"bought GPUs are spread over {max(lives):g} months, longer than the horizon of "
            f"{months:g}: tco horizon follows the cash"
        )


RIGHT = "answers that are right; each request is asked until one is"


def choices_of(request: Scenario, settings: Settings) -> Iterator[AssumptionResult]:
    """Return what is left out of every bill and which sets were named, as they are told."""
    gone: tuple[str, ...] = ("bare",) if request.bare else ()
    if request.without:
        from tco.options.without import in_effect  # few questions leave anything out

        gone = (*in_effect(request.without, lambda path: number(settings.value(path))), *gone)
    rows = [("bill.left_out", "left out of every bill", ", ".join(gone), "without")] if gone else []
    rows += [(*KINDS[kind][:2], name, kind) for kind, name in named_sets(request)]
    said: list[tuple[str, str, str | float, str]] = [*rows]
    said += [(f"success.{name.lower()}", RIGHT, rate, "success") for name, rate in request.success]
    for path, title, value, field in said:
        yield AssumptionResult(
            path=path,
            title=title,
            value=value,
            unit="share" if field == "success" else "",
            origin="given",
            source=request.origins.get(field, f"--{field.replace('_', '-')}"),
            judgment=False,
        )
