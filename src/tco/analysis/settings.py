"""The values that a question is asked with: defaults and what replaced them, with their origin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from tco.engine.fleet import FleetPolicy
from tco.engine.ledger import Origin
from tco.engine.people import People
from tco.engine.replica import Target
from tco.engine.shapes import Number
from tco.engine.workload import Workload
from tco.errors import DataError, UsageError, nearest


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
            near = nearest(path, self._settings)
            hint = f"; did you mean {', '.join(near)}?" if near else ""
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


def workload(settings: Settings) -> Workload:
    """Return the month's requests."""
    names = (
        *("tokens_per_month", "cached_share", "batch_share", "peak_to_mean"),
        *("reasoning_factor", "cache_write_share", "hours_per_month"),
    )
    text = settings.value("workload.isl") * settings.value("workload.isl_factor")
    return Workload(
        isl=text + image_tokens(settings),
        osl=settings.value("workload.osl") * settings.value("workload.osl_factor"),
        **{name: settings.value(f"workload.{name}") for name in names},
    )


def fleet_policy(settings: Settings) -> FleetPolicy:
    """Return how much room a fleet keeps."""
    names = (
        *("headroom", "peakedness", "wait_beta", "redundancy"),
        *("zones", "availability_target", "replica_availability"),
    )
    return FleetPolicy(**{name: settings.value(f"serving.{name}") for name in names})


def target(settings: Settings) -> Target:
    """Return what a replica must achieve."""
    load = workload(settings)
    return Target(
        isl=load.isl,
        osl=load.osl * load.reasoning_factor,
        cached_share=load.cached_share,
        max_tpot_s=settings.value("serving.max_tpot_s"),
        max_concurrency=settings.value("serving.max_concurrency"),
        max_concurrency_large=settings.value("serving.max_concurrency_large"),
        speculative_gain=settings.value("serving.speculative_gain"),
        drafts=settings.value("serving.drafts"),
        max_ttft_s=_or_none(settings.value("serving.max_ttft_s")),
    )


def _or_none(limit_s: Number) -> Number:
    """Return a limit [s], infinite where 0 says that there is none."""
    limits = np.where(np.greater(limit_s, 0.0), limit_s, np.inf)
    return limits if limits.ndim else float(limits)


def price_factor(tier: str) -> str:
    """Return the path of the factor on the prices of a tier: closed models, or open ones."""
    return "price.api_factor" if tier == "api" else "price.hosted_factor"


def people(settings: Settings) -> People:
    """Return who looks after the systems and what they cost."""
    names = (
        *("salary_usd_per_year", "api_fte", "floor_fte", "fixed_fte", "fte_per_gpu"),
        *("setup_fte_months", "refresh_fte_months_per_year", "evaluation_fte"),
    )
    values = {name: settings.value(f"people.{name}") for name in names}
    return People(horizon_months=settings.value("horizon.months"), **values)
