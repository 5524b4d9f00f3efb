"""From a request and a catalog to everything that a question needs, or one clear error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from tco.catalog.lookup import find_model
from tco.engine.fleet import Duty, busiest_stretch, steepened
from tco.engine.ledger import Origin
from tco.engine.shapes import PROFILES, ROUND_OFF, ServerProfile, number
from tco.errors import UsageError, unknown_name
from tco.options.hours import curve_of, on_hours
from tco.options.prices import LIST_PRICE, Buying, buying_of
from tco.options.quality import SuccessRates, success_rates
from tco.options.scenario import DEFAULT_PROFILE, Scenario
from tco.options.selection import check_region
from tco.options.settings import (
    AT,
    OPEN,
    Setting,
    Settings,
    check,
    check_together,
    image_tokens,
    presets_of,
    target,
    with_presets,
)
from tco.records import dataclass
from tco.units import SECONDS_PER_HOUR, Rate, in_month, reachable, show_number, show_seconds

if TYPE_CHECKING:
    from tco.catalog.defaults import Assumptions, Preset
    from tco.catalog.defaults import Profile as Traffic
    from tco.catalog.load import Catalog
    from tco.catalog.usage_profile import UsageModel
    from tco.engine.gaps import Gaps


DEFAULT_ENGINE = "tuned"
DAYS_OF_A_MONTH = 30
SIZED_AT = 0.99
"""Share of the requests that find a free slot in a fleet sized by requests in flight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question, resolved.

    Args:
        catalog: The data.
        request: What the user asked for.
        settings: Every value that enters a bill.
        day: The day whose prices hold.
        profile: Name of the traffic profile.
        engine: Name of the engine profile, and what it means to the capacity model.
        buying: How tokens are bought: service tier, region, load of the week.
        hours: When own GPUs are on; always when None.
        success: How often models are right; None where nobody said.
        gaps: How long sessions wait between turns; None where requests belong to none.
    """

    catalog: Catalog
    request: Scenario
    settings: Settings
    day: date
    profile: str
    engine: str
    serving: ServerProfile
    buying: Buying = LIST_PRICE
    hours: Duty | None = None
    success: SuccessRates | None = None
    gaps: Gaps | None = None

    def tries(self, model: str, option: str = "") -> float:
        """Return how often a request is asked until its answer is right: once, unless said [1].

        Args:
            option: Id of the option that the user described.

        Raises:
            UsageError: Rates were said, but not that of this model.
        """
        if self.success is None:
            return 1.0
        rate = self.success.of(model, option)
        if rate is None:
            name = option or model
            raise UsageError(
                f"--success says nothing of {name}; say how often it is right: --success {name}=90%"
            )
        from tco.engine.assign import tries_until_right  # few ask for it, and it takes time to load

        return float(tries_until_right(rate))

    def tokens_factor(self, model: str) -> float:
        """Return the tokens that a model's tokenizer makes over those that the volume counts."""
        known = self.request.tokenizers
        return {find_model(self.catalog, name): ratio for name, ratio in known}.get(model, 1.0)

    @property
    def last_day(self) -> date:
        """Return the last of the days whose prices hold."""
        return self.day + timedelta(days=DAYS_OF_A_MONTH - 1 if self.request.by_day else 0)

    @property
    def volume_given(self) -> bool:
        """Return whether the user said how many tokens a month."""
        return bool(np.isfinite(self.settings.value("workload.tokens_per_month")))


def prepare(catalog: Catalog, request: Scenario, today: date) -> Question:
    """Return the question, resolved against the catalog.

    Args:
        today: The day to use when the request names none.

    Raises:
        UsageError: Values that contradict each other or lie outside their range.
        UnknownNameError: A profile that the catalog does not have.
        InfeasibleError: A region that nobody is known to serve.
    """
    check_region(catalog, request.region)
    usual = DEFAULT_PROFILE if request.developers is None else DEVELOPER
    profile = request.profile or usual
    profiles = catalog.workloads.profiles
    if profile not in profiles:
        raise unknown_name("traffic profile", profile, profiles)
    day = reachable(request.as_of or today, request.origins.get("as_of", "as_of"))
    engine = request.engine or DEFAULT_ENGINE
    if engine not in PROFILES:
        raise unknown_name("engine profile", engine, PROFILES)
    settings = _of_engine(_defaults(catalog), PROFILES[engine])
    settings, gaps = _profiled(settings, profile, profiles[profile], request)
    settings = _with_own(settings, profile, catalog.own.get(profile))
    settings = _with_values(settings, catalog, request)
    check(settings)
    _check_sessions(settings, profile, request, gaps, catalog.assumptions)
    request = _in_month(request, number(settings.value("workload.hours_per_month")))
    settings = _rates_of(settings)
    settings = _with_volume(settings, profiles[profile], request, catalog.own.get(profile))
    settings = _with_deadline(settings, catalog, request)
    check(settings)
    check_together(settings)
    return Question(
        catalog=catalog,
        request=request,
        settings=settings,
        day=day,
        profile=profile,
        engine=engine,
        serving=PROFILES[engine],
        hours=on_hours(catalog, request, settings),
        success=success_rates(catalog, request),
        gaps=gaps,
        buying=buying_of(catalog, request, profiles[profile], day),
    )


def _profiled(
    settings: Settings, name: str, profile: Traffic, request: Scenario
) -> tuple[Settings, Gaps | None]:
    """Return the settings with those of a profile, and how long its sessions wait, if any."""
    settings = _with_profile(settings, name, profile, request)
    if profile.sessions is None:
        return settings, None
    from tco.options.sessions import gaps_of, with_sessions  # few profiles have any

    gaps = gaps_of(profile)
    return with_sessions(settings, name, profile, gaps), gaps


def _with_values(settings: Settings, catalog: Catalog, request: Scenario) -> Settings:
    """Return the settings with all that the user said of them: the farthest place first.

    Within a place sets that were named come first, then what is left out, then single values.

    Raises:
        UsageError: One place leaves something out and gives it a value.
    """
    for layer in sorted({0, *request.layers.values()}, reverse=True):
        settings = _with_layer(settings, catalog.assumptions, request, layer)
    return settings


def _with_layer(settings: Settings, known: Assumptions, request: Scenario, layer: int) -> Settings:
    """Return the settings with what one place says of them, see `Request.layers`."""

    def here(name: str) -> bool:
        return request.layers.get(name, 0) == layer

    settings = with_presets(settings, request, known, layer)
    source, gone = request.origins.get("without", "--without"), dict[str, float]()
    if request.bare or request.without:
        from tco.options.without import BARE, left_out  # few questions leave anything out

        for path, value in BARE.items() if request.bare and here("bare") else ():
            settings = settings.overridden(path, value, request.origins.get("bare", "--bare"))
        gone = left_out(request.without, f"{source}: ") if here("without") else {}
    values = _values_of(request, known, layer)
    _refuse_both(gone, source, values, [*presets_of(request, known, layer)], request)
    for path, value in gone.items():
        settings = settings.overridden(path, value, source)
    for path, (value, by) in values.items():
        settings = settings.overridden(path, value, by)
    return settings


def _in_month(request: Scenario, hours: float) -> Scenario:
    """Return the question with what was said per second, hour or day in a month of so many hours.

    Args:
        hours: Hours of the month [h].
    """
    volume = {n: getattr(request, n) for n in ("tokens", "requests")}
    changed: dict[str, Any] = {n: in_month(v, hours) for n, v in volume.items() if v is not None}
    options = []
    for one in request.options:
        rates = {f.name: getattr(one, f.name) for f in fields(one)}
        rates = {n: in_month(v, hours) for n, v in rates.items() if isinstance(v, Rate)}
        tiers = tuple((in_month(limit, hours), off) for limit, off in one.tiers)
        options.append(replace(one, **rates, tiers=tiers))
    return replace(request, **changed, options=tuple(options))


def _rates_of(settings: Settings) -> Settings:
    """Return the settings with sums that were said per hour or day in a month of its hours."""
    hours = number(settings.value("workload.hours_per_month"))
    rates = {p: in_month(s.value, hours) for p, s in settings.items() if isinstance(s.value, Rate)}
    return settings.with_values(rates) if rates else settings


def _values_of(request: Scenario, known: Assumptions, layer: int) -> dict[str, tuple[float, str]]:
    """Return the single values that one place says, each with what said it."""
    values = {
        path: (value, request.origins.get(path, path))
        for path, value in request.settings.items()
        if request.layers.get(path, 0) == layer
    }
    for path, entry in known.assumptions.items():
        if entry.follows in values and path not in request.settings:
            values[path] = values[entry.follows]
    if request.fte is not None and request.layers.get("fte", 0) == layer:
        by = request.origins.get("fte", "--fte")
        # A given number of engineers takes the place of the staircase.
        values |= {f"people.{name}": (request.fte, by) for name in ("floor_fte", "fixed_fte")}
        values["people.fte_per_gpu"] = (0.0, by)
    return values


def _refuse_both(
    gone: Mapping[str, float],
    source: str,
    values: Mapping[str, tuple[float, str]],
    presets: Sequence[tuple[str, Preset]],
    request: Scenario,
) -> None:
    """Raise `UsageError` for something that one place leaves out and gives a value."""
    for path, (value, by) in values.items():
        if path in gone and value != gone[path]:
            raise UsageError(_both(source, by, path, gone[path], value))
    for kind, preset in presets:
        # A set of which something stays says more than what is left out of it.
        if all(path in gone for path in preset.values):
            path, value = next((p, v.value) for p, v in preset.values.items())
            by = request.origins.get(kind, f"--{kind.replace('_', '-')}")
            if value != gone[path]:
                raise UsageError(_both(source, by, path, gone[path], value))


def _both(without: str, by: str, path: str, gone: float, value: float) -> str:
    who = f"{without} and {by}" if without != by else without
    return (
        f"{who} contradict each other: {path} is {gone:g} by what is left out, {value:g} by what "
        "is given; keep one of them"
    )


def _defaults(catalog: Catalog) -> Settings:
    """Return the assumptions of the catalog, made once for all questions."""
    if "defaults" not in catalog.derived:
        catalog.derived["defaults"] = _assumed(catalog)
    return catalog.derived["defaults"]  # type: ignore[no-any-return]


def _assumed(catalog: Catalog) -> Settings:
    sources = catalog.assumptions.sources

    def setting(path: str) -> Setting:
        entry = catalog.assumptions.assumptions[path]
        judged = entry.source in sources and sources[entry.source].kind == "judgment"
        return Setting(
            path=path,
            title=entry.title,
            value=entry.value,
            low=entry.low,
            high=entry.high,
            unit=entry.unit,
            origin="assumed" if judged else "catalog",
            source=entry.source,
            fixed=entry.spread == "fixed",
        )

    return Settings({path: setting(path) for path in catalog.assumptions.assumptions})


LOCAL_VALUES = {
    "serving.memory_share": 1.0,
    "serving.max_tpot_s": 0.2,
    "serving.max_concurrency": 1.0,
    "serving.max_concurrency_large": 1.0,
}
"""What a local runner does otherwise than a server: it keeps no memory back, who waits for it
reads along, at five tokens a second, and it has one slot unless more are said; judgment."""


def _of_engine(settings: Settings, profile: ServerProfile) -> Settings:
    """Return the defaults of a kind of server."""
    if not profile.single_stream:
        return settings
    changed = {
        path: replace(
            settings[path],
            value=value,
            low=min(settings[path].low, value),
            high=value if "concurrency" in path else max(settings[path].high, value),
        )
        for path, value in LOCAL_VALUES.items()
    }
    return Settings({**settings, **changed})


def _with_profile(settings: Settings, name: str, traffic: Traffic, request: Scenario) -> Settings:
    """Return the settings with the profile's requests, and with what the user said of them."""
    isl, osl, given = _lengths(traffic, request)
    entries = dict(settings)
    for key, value, title in (
        ("isl", isl, "input of a request"),
        ("osl", osl, "output of a request"),
    ):
        entries[f"workload.{key}"] = Setting(
            path=f"workload.{key}",
            title=title,
            value=value,
            low=value,
            high=value,
            unit="tokens",
            origin="given" if given else _origin(traffic, key),
            source=given or f"profile {name}: {', '.join(traffic.sources)}",
            fixed=True,
        )
    burst = ("rate_cv",) if traffic.rate_cv is not None else ()
    for key in ("cached_share", "peak_to_mean", *burst):
        was = entries[f"workload.{key}"]
        value = float(getattr(traffic, key))
        entries[f"workload.{key}"] = Setting(
            path=was.path,
            title=was.title,
            value=value,
            low=min(was.low, value),
            high=max(was.high, value),
            unit=was.unit,
            origin=_origin(traffic, key),
            source=f"profile {name}: {', '.join(traffic.sources)}",
        )
    return Settings(entries)


def _with_own(settings: Settings, name: str, own: UsageModel | None) -> Settings:
    """Return the settings with what the user's own logs tell beyond a profile."""
    if own is None:
        return settings
    told = {
        "workload.cache_write_share": own.written / own.taken,
        "workload.batch_share": own.batch_share,
        "workload.retry_share": own.errors / (own.requests or 1),
        "workload.reasoning_factor": 1.0,
    }
    measured = ("isl", "osl", "cached_share", "peak_to_mean")
    told |= {f"workload.{key}": float(settings.value(f"workload.{key}")) for key in measured}
    for path, value in told.items():
        settings = settings.overridden(path, value, f"profile {name}: own-logs")
    for path, value in _by_in_flight(settings, own).items():
        settings = settings.overridden(path, value, f"profile {name}: own-logs")
    return settings


def _by_in_flight(settings: Settings, own: UsageModel) -> dict[str, float]:
    """Return what sizes fleets by the requests in flight that all but 1 % of them find.

    They are known at the time of a request on a replica as full as the limit on a token allows.
    """
    from tco.engine.arrivals import headroom_in_flight, in_flight_over_mean, rate_cv_in_flight

    found = own.in_flight_over_mean
    if found is None or SIZED_AT not in found.quantiles:
        return {}
    rows = [row for row in found.by_mean_seconds if row[0] > 0]
    column = 1 + found.quantiles.index(SIZED_AT)
    mean_s = settings.value("workload.osl") * settings.value("serving.max_tpot_s")
    over = in_flight_over_mean(mean_s, [r[0] for r in rows], [r[column] for r in rows])
    if not rows or over <= 0:
        return {}
    peak = settings.value("workload.peak_to_mean")
    return {
        "serving.headroom": float(np.asarray(headroom_in_flight(peak, over))),
        "serving.wait_beta": 0.0,
        "workload.rate_cv": rate_cv_in_flight(own.hourly or [1.0], float(over), 1.0 - SIZED_AT),
    }


def _check_sessions(
    settings: Settings, name: str, request: Scenario, gaps: Gaps | None, usual: Assumptions
) -> None:
    """Raise `UsageError` for what is said of sessions where there are none, or cannot be.

    `usual` holds when nothing is said: who says that changes nothing.
    """
    if gaps is not None:
        from tco.options.sessions import check_sessions

        return check_sessions(settings)
    told = [settings[p] for p in settings if p.startswith(AT) and settings.given(p)]
    said = [s.source for s in told if s.value != usual.assumptions[s.path].value]
    if request.developers is not None:
        said.append(request.origins.get("developers", "--developers"))
    if said:
        raise UsageError(
            f"{said[0]}: requests of the profile {name!r} belong to no session; "
            f"--profile {DEVELOPER} has some"
        )
    return None


def _origin(traffic: Traffic, key: str) -> Origin:
    return "assumed" if key in traffic.judgment else "catalog"


def _lengths(traffic: Traffic, request: Scenario) -> tuple[float, float, str]:
    """Return input and output of a request, and who gave them (empty for the profile)."""
    if request.input_output is not None:
        if request.isl is not None or request.osl is not None:
            raise UsageError("give either --input-output or --isl and --osl, not both")
        if request.input_output < 0:
            raise UsageError(f"input to output is {request.input_output:g}: must be 0 or more")
        whole = traffic.isl + traffic.osl
        osl = whole / (1.0 + request.input_output)
        return whole - osl, osl, request.origins.get("input_output", "--input-output")
    if request.isl is None and request.osl is None:
        return traffic.isl, traffic.osl, ""
    isl = traffic.isl if request.isl is None else request.isl
    osl = traffic.osl if request.osl is None else request.osl
    return isl, osl, request.origins.get("isl", request.origins.get("osl", "--isl, --osl"))


def _usual_volume(own: UsageModel | None, request: Scenario, hours: float) -> tuple[float, str]:
    """Return the month of one's own logs [token/month]; not a number for any other profile."""
    if own is None or own.tokens_per_month is None:
        return np.nan, "not given"
    value = in_month(Rate(own.tokens_per_month, 1), hours)
    return value, f"profile {request.profile}: own-logs"


def _with_volume(
    settings: Settings, traffic: Traffic, request: Scenario, own: UsageModel | None
) -> Settings:
    """Return the settings with the month's tokens; not a number when no volume was given."""
    said = [n for n in VOLUMES if getattr(request, n) is not None]
    if len(said) > 1:
        flags = " and ".join(f"--{name}" for name in said)
        raise UsageError(f"{flags} both say the volume; give one of them")
    hours = number(settings.value("workload.hours_per_month"))
    value, source = _usual_volume(own, request, hours)
    text = settings.value("workload.isl") + settings.value("workload.osl")
    per_request = float(np.asarray(text + image_tokens(settings)))
    if said:
        source = request.origins.get(said[0], f"--{said[0]}")
        value = _tokens_given(traffic, request, per_request)
    seconds = hours * SECONDS_PER_HOUR
    if request.peak is not None and said:
        settings = _with_peak(settings, request, value / per_request / seconds, source)
    elif request.peak is not None:
        source = _by_peak(request)
        mean = request.peak / float(np.asarray(settings.value(PEAK_TO_MEAN)))
        value = mean * seconds * per_request
    elif not said and settings.given(OPEN):
        source = settings[OPEN].source
        each_s = number(settings.value(f"{AT}gap_s") + settings.value(f"{AT}service_s"))
        mean = number(settings.value(OPEN)) / each_s / number(settings.value(PEAK_TO_MEAN))
        value = mean * seconds * per_request
    entry = Setting(
        path="workload.tokens_per_month",
        title="input and output of a month",
        value=value,
        low=value,
        high=value,
        unit="tokens/month",
        origin="given",
        source=source,
        fixed=True,
    )
    return Settings({**settings, entry.path: entry})


DEADLINE, WAITS = "workload.deadline_h", "workload.batch_share"


def _with_deadline(settings: Settings, catalog: Catalog, request: Scenario) -> Settings:
    """Return the settings with the busiest stretch that is as long as the deadline.

    Raises:
        UsageError: The deadline is shorter than an answer takes.
    """
    hours = number(settings.value(DEADLINE))
    if hours == 0.0 or number(settings.value(WAITS)) == 0.0:
        return settings
    who = settings[DEADLINE].source
    needs_s = number(target(settings).osl * settings.value("serving.max_tpot_s"))
    if hours * SECONDS_PER_HOUR < needs_s:
        raise UsageError(
            f"{who}: {show_seconds(hours * SECONDS_PER_HOUR)} is shorter than the "
            f"{show_seconds(needs_s)} that one answer takes at --max-tpot; leave out --batch"
        )
    curve = curve_of(catalog, request, settings)
    week = np.tile(curve.shape, WEEK_HOURS // curve.shape.size)
    peak = number(settings.value(PEAK_TO_MEAN))
    found = busiest_stretch(steepened(week, peak), hours)
    path = "workload.deadline_peak_to_mean"
    said = replace(settings[path], value=found, origin=curve.origin, source=curve.title)
    return Settings({**settings, path: said})


WEEK_HOURS = 168


def _tokens_given(traffic: Traffic, request: Scenario, per_request: float) -> float:
    """Return the month's tokens as they were said: by tokens, requests or users."""
    if request.tokens is not None:
        return request.tokens
    if request.requests is not None:
        return request.requests * per_request
    return (request.people or 0.0) * requests_per_user(traffic, request) * per_request


DEVELOPER = "agent-coding"
"""The profile whose users are developers, each with a coding agent."""

VOLUMES = ("tokens", "requests", "users", "developers")
"""Fields of a request that say the mean volume."""

PEAK_TO_MEAN = "workload.peak_to_mean"


def _by_peak(request: Scenario) -> str:
    return request.origins.get("peak", "--peak")


def _with_peak(settings: Settings, request: Scenario, mean: float, who: str) -> Settings:
    """Return the settings with the ratio that a given peak has to a given mean [request/s].

    Raises:
        UsageError: The ratio was given too, or the peak is below the mean.
    """
    by, peak = _by_peak(request), request.peak or 0.0
    ratio = settings[PEAK_TO_MEAN]
    if ratio.origin == "given":
        raise UsageError(
            f"{who} and {by} say the peak over the mean: leave out {ratio.source}, one is too many"
        )
    if peak < mean * (1.0 - ROUND_OFF):
        raise UsageError(
            f"{by}: a peak of {show_number(peak)} req/s is below the mean of "
            f"{show_number(mean)} req/s that {who} makes"
        )
    if mean <= 0.0:
        raise UsageError(f"{by}: a peak over a mean of nothing; {who} says that there is no load")
    return settings.overridden(PEAK_TO_MEAN, max(peak / mean, 1.0), by)


def requests_per_user(traffic: Traffic, request: Scenario) -> float:
    """Return the requests that a user of a profile makes [request/month].

    Raises:
        UsageError: The profile does not say.
    """
    if traffic.requests_per_user_per_month is None:
        name = request.profile or DEFAULT_PROFILE
        who = "users" if request.developers is None else "developers"
        raise UsageError(
            f"--{who}: the profile {name!r} does not say how many requests a user makes a month; "
            "give --requests or --tokens, or choose another --profile"
        )
    return traffic.requests_per_user_per_month
