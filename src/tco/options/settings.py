"""The values that a question is asked with, their origin, named sets, and what means anything."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from tco.engine.fleet import LEAST_AVAILABILITY, FleetPolicy, peak_with_waiting
from tco.engine.ledger import Origin
from tco.engine.replica import Target
from tco.engine.selfhost import People
from tco.engine.shapes import Number, Workload
from tco.errors import DataError, UnknownNameError, UsageError, printable, suggestion
from tco.options.scenario import Scenario
from tco.records import dataclass
from tco.units import LARGEST, SECONDS_PER_HOUR, counted_words

if TYPE_CHECKING:
    from tco.catalog.defaults import Assumptions, Preset


Made = TypeVar("Made")

# The values that a question is asked with: defaults and what replaced them, with their origin.


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One value that enters a bill.

    Args:
        path: Its name, for example `people.salary_usd_per_year`.
        title: What it is, in words.
        value: The value in use; an array in a sweep [unit].
        low, high: The ends of its reasonable range [unit].
        unit: Its unit.
        origin: Who said so.
        source: Source id, or the flag, variable or file and line that gave it.
        fixed: Not uncertain: left out of sensitivity tables.
    """

    path: str
    title: str
    value: Number
    low: float
    high: float
    unit: str
    origin: Origin
    source: str
    fixed: bool = False


class Settings(Mapping[str, Setting]):
    """All settings by path. Never changed: `with_values` returns another one."""

    def __init__(self, settings: Mapping[str, Setting]) -> None:
        """Keep a copy of `settings`."""
        self._settings = dict(settings)
        self._made: dict[Hashable, Any] = {}

    def __getitem__(self, path: str) -> Setting:
        """Return the setting called `path`."""
        return self._settings[path]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the paths."""
        return iter(self._settings)

    def __len__(self) -> int:
        """Return the number of settings."""
        return len(self._settings)

    def value(self, path: str) -> Number:
        """Return the value in use.

        Raises:
            DataError: The catalog lacks the assumption.
        """
        try:
            return self._settings[path].value
        except KeyError:
            raise DataError(f"data/assumptions.yaml:1: lacks {path}, which is asked for") from None

    def once(self, make: Callable[..., Made], *words: Hashable) -> Made:
        """Return what a function makes of the settings: they never change, so it is made once."""
        key = make, words
        if key not in self._made:
            self._made[key] = make(self, *words)
        found: Made = self._made[key]
        return found

    def given(self, path: str) -> bool:
        """Return whether the user set it."""
        return path in self._settings and self._settings[path].origin == "given"

    def with_values(self, values: Mapping[str, Number]) -> Settings:
        """Return the settings with other values for some paths, origins kept: for sweeps."""
        changed = {path: replace(self._settings[path], value=v) for path, v in values.items()}
        return Settings({**self._settings, **changed})

    def overridden(self, path: str, value: float, source: str) -> Settings:
        """Return the settings with a value that the user gave.

        Raises:
            UsageError: No such path.
        """
        if path not in self._settings:
            hint = suggestion(path, self._settings)
            raise UsageError(f"{source}: no setting called {path!r}{hint}")
        given = replace(self._settings[path], value=value, origin="given", source=source)
        return Settings({**self._settings, path: given})


def hours_per_month(settings: Settings) -> Number:
    """Return the hours of the month [h]."""
    return settings.value("workload.hours_per_month")


def image_tokens(settings: Settings) -> Number:
    """Return what the images of a request count as [token/request]."""
    names = ("workload.images_per_request", "workload.tokens_per_image")
    return settings.value(names[0]) * settings.value(names[1])


def workload(settings: Settings, tries: Number = 1.0) -> Workload:
    """Return the month's requests.

    Args:
        tries: How often each of them is asked until its answer is right [1].
    """
    load = settings.once(_workload)
    if isinstance(tries, float) and tries == 1.0:
        return load
    return replace(load, tokens_per_month=load.tokens_per_month * tries)


def _workload(settings: Settings) -> Workload:
    names = (
        *("cached_share", "batch_share", "peak_to_mean"),
        *("reasoning_factor", "cache_write_share", "hours_per_month"),
    )
    text = settings.value("workload.isl") * settings.value("workload.isl_factor")
    values = {name: settings.value(f"workload.{name}") for name in names}
    if np.any(np.greater(values["batch_share"], 0.0)):
        values["peak_to_mean"] = peak_with_waiting(
            values["peak_to_mean"],
            values["batch_share"],
            settings.value("workload.deadline_peak_to_mean"),
            settings.value("serving.headroom"),
        )
    return Workload(
        isl=text + image_tokens(settings),
        osl=settings.value("workload.osl") * settings.value("workload.osl_factor"),
        tokens_per_month=settings.value("workload.tokens_per_month"),
        open_sessions=settings[OPEN].value if OPEN in settings else 0.0,
        **values,
    )


def fleet_policy(settings: Settings) -> FleetPolicy:
    """Return how much room a fleet keeps."""
    names: tuple[str, ...] = ("headroom", "peakedness", "wait_beta", "redundancy", "zones")
    names += ("availability_target", "replica_availability")
    kept = {name: settings.value(f"serving.{name}") for name in names}
    policy = FleetPolicy(**kept, rate_cv=settings.value("workload.rate_cv"))
    if settings.given(OPEN):  # they are those of the peak itself, bursts and all
        none = {"headroom": 1.0, "wait_beta": 0.0}
        said = {n: v for n, v in none.items() if not settings.given(f"serving.{n}")}
        policy = replace(policy, **said)
    waits = settings.value("workload.batch_share")
    if not np.any(np.greater_equal(waits, 1.0)):
        return policy
    given = [name for name in names if settings.given(f"serving.{name}")]
    return policy.of_waiting(waits, given)


OF_THE_PEAK = (
    *("workload.peak_to_mean", "serving.headroom", "serving.peakedness", "serving.wait_beta"),
    *("serving.redundancy", "serving.zones", "serving.availability_target"),
    *("serving.max_tpot_s", "serving.max_ttft_s", "workload.rate_cv"),
)
"""What holds for work that cannot wait, and for no other unless it was given."""

OF_SESSIONS = (
    *(f"workload.sessions.{n}" for n in ("growth_tokens", "lanes", "at_once")),
    *(f"serving.{n}" for n in ("kv_pool_share", "kv_pool_tokens", "admission_cap")),
    *("serving.host_cache_gb", "serving.host_gb_per_s"),
)
"""What holds for sessions that wait on own GPUs, and for no other requests."""

OF_CACHES = (
    *(f"workload.sessions.{n}" for n in ("turns", "gap_s", "first_tokens", "new_tokens")),
    "workload.sessions.shared_tokens",
)
"""What holds for those and for the caches of providers."""

WARM = "workload.sessions.shared_warm_share"
"""What holds for the caches of providers alone."""


def all_waits(settings: Settings) -> bool:
    """Return whether all of the work can wait, under every value that is looked at."""
    return bool(np.all(np.greater_equal(settings.value("workload.batch_share"), 1.0)))


def _limit_s(settings: Settings, path: str, waiting_s: Number, limit_s: Number) -> Number:
    """Return a limit on latency, or the one that work has of which all can wait [s]."""
    waits = np.greater_equal(settings.value("workload.batch_share"), 1.0)
    if settings.given(path) or not np.any(waits):
        return limit_s
    limit = np.where(waits, waiting_s, limit_s)
    return limit if limit.ndim else float(limit)


def deadline_s(settings: Settings) -> Number:
    """Return how long work that can wait may take; infinite where 0 says the whole month [s]."""
    return _or_none(settings.value("workload.deadline_h") * SECONDS_PER_HOUR)


def target(settings: Settings) -> Target:
    """Return what a replica must achieve."""
    return settings.once(_target)


def _target(settings: Settings) -> Target:
    load = workload(settings)
    each_s = deadline_s(settings) / np.maximum(load.osl * load.reasoning_factor, 1.0)
    return Target(
        isl=load.isl,
        osl=load.osl * load.reasoning_factor,
        cached_share=load.cached_share,
        max_tpot_s=_limit_s(settings, TPOT, each_s, settings.value(TPOT)),
        max_concurrency=settings.value("serving.max_concurrency"),
        max_concurrency_large=settings.value("serving.max_concurrency_large"),
        speculative_gain=settings.value("serving.speculative_gain"),
        drafts=settings.value("serving.drafts"),
        max_ttft_s=_limit_s(settings, TTFT, np.inf, _or_none(settings.value(TTFT))),
        speed=settings.value(FACTOR),
        within=tuple(
            (share, float(settings[n].value))
            for n, share in WITHIN.items()
            if settings.given(n) and settings[n].value
        ),
    )


TOKENS = "workload.tokens_per_month"
AT = "workload.sessions."
OPEN = f"{AT}open"
"""What is said of sessions, and how many are open at the peak."""

TPOT, TTFT, FACTOR = "serving.max_tpot_s", "serving.max_ttft_s", "serving.throughput_factor"
WITHIN = {f"serving.max_ttft_p{level}_s": level / 100 for level in (50, 95, 99)}


def _or_none(limit_s: Number) -> Number:
    """Return a limit [s], infinite where 0 says that there is none."""
    limits = np.where(np.greater(limit_s, 0.0), limit_s, np.inf)
    return limits if limits.ndim else float(limits)


def price_factor(tier: str) -> str:
    """Return the path of the factor on the prices of a tier: closed models, or open ones."""
    return "price.api_factor" if tier == "api" else "price.hosted_factor"


def people(settings: Settings) -> People:
    """Return who looks after the systems and what they cost.

    Calling an endpoint takes no more engineers than own GPUs do, unless that was said.
    """
    names = (
        *("salary_usd_per_year", "api_fte", "floor_fte", "fixed_fte", "fte_per_gpu"),
        *("setup_fte_months", "refresh_fte_months_per_year", "evaluation_fte"),
    )
    values = {name: settings.value(f"people.{name}") for name in names}
    if not settings.given(API_FTE):
        own = np.maximum(values["floor_fte"], values["fixed_fte"])
        values["api_fte"] = np.minimum(values["api_fte"], own)
    return People(horizon_months=settings.value("horizon.months"), **values)


API_FTE = "people.api_fte"


def calling_takes(settings: Settings) -> str:
    """Return the path of what says how many engineers calling an endpoint takes, as `people`."""
    floor, fixed = (settings.value(path) for path in OF_OWN_GPUS)
    if settings.given(API_FTE) or np.all(np.maximum(floor, fixed) >= settings.value(API_FTE)):
        return API_FTE
    return OF_OWN_GPUS[not np.all(np.greater_equal(floor, fixed))]


OF_OWN_GPUS = ("people.floor_fte", "people.fixed_fte")
"""What own GPUs take at least, the greater of the two [engineers]."""


# Named sets of assumptions: on-call coverage, pay by region, the site, what power costs there.

KINDS: Mapping[str, tuple[str, str, str]] = {
    "coverage": ("people.coverage", "who answers when it breaks", "give --fte"),
    "salary_region": ("people.salary_region", "where the engineers are paid", "give --salary"),
    "site": ("own.site", "where bought machines stand", "give --set own.pue=… and the like"),
    "electricity": ("own.electricity", "where power is bought", "give --set own.usd_per_kwh=…"),
    "ownership": ("own.ownership", "how bought GPUs are written off", "give --set own.…=…"),
}
"""Fields of a request: what each is called on a screen, its title, and what to do without it."""


def with_presets(
    settings: Settings, request: Scenario, data: Assumptions, layer: int = 0
) -> Settings:
    """Return the settings with the values of the named sets, each with its own range and source.

    Args:
        settings: What holds without them.
        layer: Only those that this place names, see `Request.layers`.

    Raises:
        UnknownNameError: The catalog has no such set.
    """
    entries = dict(settings)
    for _, preset in presets_of(request, data, layer):
        for path, value in preset.values.items():
            judged = data.sources[value.source].kind == "judgment"
            entries[path] = replace(
                entries[path],
                value=value.value,
                low=value.low,
                high=value.high,
                origin="assumed" if judged else "catalog",
                source=value.source,
                fixed=entries[path].fixed or value.low == value.high,
            )
    return Settings(entries)


def presets_of(request: Scenario, data: Assumptions, layer: int) -> Iterator[tuple[str, Preset]]:
    """Yield the sets that a place names, each with its kind.

    Raises:
        UnknownNameError: The catalog has no such set.
    """
    for kind, name in named_sets(request):
        if request.layers.get(kind, 0) != layer:
            continue
        known = data.presets.get(kind, {})
        if name not in known:
            hint = KINDS[kind][2]
            by = request.origins.get(kind, f"--{kind.replace('_', '-')}")
            raise UnknownNameError(
                f"{by}: no {kind.replace('_', ' ')} called {printable(name)!r}"
                f"{suggestion(name, known)}; there are {', '.join(known)}; for another one {hint}"
            )
        yield kind, known[name]


def named_sets(request: Scenario) -> Iterator[tuple[str, str]]:
    for kind in KINDS:
        name = getattr(request, kind)
        if name is not None:
            yield kind, name.strip().lower().replace("-", "_").replace(" ", "_")


# Which values mean anything.


def check_together(settings: Settings) -> None:
    """Raise `UsageError` for shares that are more than the whole together."""
    written = settings["workload.cache_write_share"]
    read = float(np.asarray(settings.value("workload.cached_share")))
    both = float(np.asarray(written.value)) + read
    if both > 1.0 + 1e-12:
        raise UsageError(
            f"{written.source}: input written to a cache and read from it make {both:.0%} of it; "
            "together they are at most 100%"
        )


def _at_least(limit: float, *, open_: bool = False) -> Callable[[float], bool]:
    return (lambda v: v > limit) if open_ else (lambda v: v >= limit)


_POSITIVE = (
    *("workload.isl", "workload.osl", "workload.isl_factor", "workload.osl_factor"),
    "workload.hours_per_month",
    *("serving.max_tpot_s", "serving.kv_bytes", "serving.throughput_factor"),
    "serving.speculative_gain",
    "serving.headroom",
    *("own.life_months", "training.within_h", "training.epochs"),
    *("training.sequence_tokens", "training.texts_per_gpu"),
    *("training.qlora_time_factor", "training.qlora_other_bytes"),
    "own.server_factor",
    "horizon.months",
    "horizon.volume_factor_per_year",
    *("horizon.small_price_factor_per_year", "horizon.mid_price_factor_per_year"),
    "horizon.flagship_price_factor_per_year",
    "horizon.api_price_factor_per_year",
    "horizon.hosted_price_factor_per_year",
    "horizon.rent_factor_per_year",
    "horizon.hardware_price_factor_per_year",
    "fleet.billing_step_s",
)
_WHOLE = ("serving.redundancy",)
_AT_LEAST_ONE = (
    "workload.peak_to_mean",
    "workload.reasoning_factor",
    "serving.max_concurrency",
    "serving.max_concurrency_large",
    "own.pue",
    "own.host_power_factor",
)


LONGEST_GAP_S = 43_200.0
"""Mean gap of a session: the high end that data/assumptions.yaml has; judgment [s]."""
_PART = (lambda v: 0.0 < v <= 1.0, "more than 0 and at most 1")
_NARROW: dict[str, tuple[Callable[[float], bool], str]] = {
    "serving.headroom": _PART,
    "serving.memory_share": _PART,
    "training.mfu": _PART,
    "training.memory_share": _PART,
    "embedding.mfu": _PART,
    "embedding.memory_share": _PART,
    "workload.sessions.gap_s": (
        lambda v: 0.0 <= v <= LONGEST_GAP_S,
        "12 h at most: who comes back later begins a session of its own, so say fewer --turns",
    ),
    "serving.zones": (lambda v: v >= 1.0 and v == round(v), "a whole number, 1 or more"),
    "serving.availability_target": (
        lambda v: 0.0 <= v < 1.0,
        "a share below 1, such as 99.9%, or 0 for none",
    ),
    "serving.replica_availability": (
        lambda v: LEAST_AVAILABILITY <= v <= 1.0,
        "a share from 90% to 100%",
    ),
}


def check(settings: Settings) -> None:
    """Raise `UsageError` for a value outside the range in which its formula means anything."""
    for path, setting in settings.items():
        value = float(np.asarray(setting.value))
        if path == "workload.tokens_per_month" and np.isnan(value):
            continue
        allowed, words = _range_of(path, setting.unit)
        if value > LARGEST:
            allowed, words = (lambda _: False), f"at most {LARGEST:g}"
        if not np.isfinite(value) or not allowed(value):
            unit = "" if counted_words(setting.unit) else f" {setting.unit}"
            raise UsageError(f"{setting.source}: {path} is {value:g}{unit}, but must be {words}")


@cache
def _range_of(path: str, unit: str) -> tuple[Callable[[float], bool], str]:
    if path in _NARROW:
        return _NARROW[path]
    if path in _POSITIVE and not unit.startswith("share"):
        return _at_least(0.0, open_=True), "more than 0"
    if path in _WHOLE:
        return lambda v: v >= 0.0 and v == round(v), "a whole number, 0 or more"
    if path in _AT_LEAST_ONE:
        return _at_least(1.0), "at least 1"
    if unit == "switch":
        return lambda v: v in (0.0, 1.0), "0 or 1"
    if named := counted_words(unit):
        told = ", ".join(f"{i} ({name})" for i, name in enumerate(named))
        return lambda v: v in range(len(named)), f"one of {told}"
    if unit == "share":
        return lambda v: 0.0 <= v <= 1.0, "a share between 0 and 1 (35% or 0.35)"
    return _at_least(0.0), "0 or more"


# One number that could be another.

Values = dict[str, Number]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One number that could be another.

    Args:
        name: What the user types.
        title, unit: What it is.
        now: Its value today.
        low, high: The range that is searched unless the user says another.
        least, most: The range in which it means anything.
        settings: Returns the settings at some values of it.
        factor: Returns what the prices of `targets` are multiplied by [1].
        targets: Ids of the options whose own prices it changes.
        held: Ids of the options whose bill stays as it is today.
        log: It is spread by factors rather than evenly.
        whole: Only whole numbers mean anything.
    """

    name: str
    title: str
    unit: str
    now: float
    low: float
    high: float
    least: float = 0.0
    most: float = np.inf
    settings: Callable[[Number], Values] = lambda _: {}
    factor: Callable[[Number], Number] | None = None
    targets: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    log: bool = False
    whole: bool = False

    def within(self, low: float, high: float) -> Variable:
        """Return the variable with a range of the user's.

        Raises:
            UsageError: The range is upside down, or lies outside what the variable can be.
        """
        if low >= high:
            raise UsageError(f"{self.name}: a range goes from low to high, not {low:g}..{high:g}")
        if low < self.least or high > self.most:
            raise UsageError(
                f"{self.name}: {low:g}..{high:g} goes beyond {self.least:g} to {self.most:g}"
            )
        return replace(self, low=low, high=high, log=self.log and low > 0)
