"""How requests spread over the hours, and when own GPUs are on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from tco.engine.fleet import Billing, Duty, steepened
from tco.engine.ledger import Origin
from tco.engine.selfhost import Fleet
from tco.engine.shapes import Floats, Number
from tco.errors import DataError, UsageError
from tco.options.machines import OWN, by_the_hour
from tco.options.scenario import DEFAULT_PROFILE, Scenario, Schedule
from tco.options.settings import Settings
from tco.records import dataclass

if TYPE_CHECKING:
    from tco.catalog.defaults import Profile
    from tco.catalog.load import Catalog
    from tco.options.question import Question


# How a month's requests spread over the hours of a day or a week, as measured.

LENGTHS = (24, 168)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """The load of each hour over the mean.

    Args:
        shape: Mean 1 [hours] [1].
        title: Whose they are, in words.
        origin: Who said so: the catalog, where they are those of the profile that was asked for.
    """

    shape: Floats
    title: str
    origin: Origin

    @property
    def peak_to_mean(self) -> float:
        """Return the busiest hour over the average hour [1]."""
        return float(self.shape.max())


def checked_hours(values: Sequence[float], where: str) -> Floats:
    """Return hourly loads over their mean [hours] [1].

    Raises:
        DataError: Not 24 or 168 of them, one is negative or no number, or all are 0.
    """
    if len(values) not in LENGTHS:
        raise DataError(
            f"{where}: {len(values)} hours are given; a load curve has 24 of a day or 168 of a week"
        )
    load = np.asarray(values, dtype=float)
    bad = np.flatnonzero(~np.isfinite(load) | (load < 0))
    if bad.size:
        hour = int(bad[0])
        raise DataError(f"{where}: hour {hour} is {load[hour]:g}, but a load is 0 or more")
    if load.max() <= 0:
        raise DataError(f"{where}: all hours are 0; there is nothing to serve")
    over_mean: Floats = load / load.mean()
    return over_mean


def reachable(shape: Floats) -> tuple[float, float]:
    """Return the lowest and the highest peak over the mean that hours of this shape can have [1].

    Hours without load stay empty, and hours as busy as the busiest one stay as busy.
    """
    busy = np.count_nonzero(shape > 0)
    return float(shape.size / busy), float(steepened(shape, np.inf).max())


def check_peak(curve: Hours, settings: Settings) -> None:
    """Raise `UsageError` where hours of this shape cannot have the peak that was asked for."""
    peak = float(np.asarray(settings.value("workload.peak_to_mean")))
    least, most = reachable(curve.shape)
    if not least - 1e-6 <= peak <= most + 1e-6:
        raise UsageError(
            f"{settings['workload.peak_to_mean'].source}: a peak of {peak:g} times the mean cannot "
            f"come from {curve.title}: from {least:.3g} to {most:.3g} is possible"
        )


def curve_of(catalog: Catalog, request: Scenario, settings: Settings) -> Hours:
    """Return the hours of the profile; without any those of the week with the nearest peak."""
    profiles = catalog.workloads.profiles
    name = request.profile or DEFAULT_PROFILE
    own = bool(profiles[name].hourly)
    peak = float(np.asarray(settings.value("workload.peak_to_mean")))
    word = name if own else _nearest(profiles, peak)
    shape = checked_hours(profiles[word].hourly, f"profile {word}")
    origin: Origin = "catalog" if own else "assumed"
    return Hours(shape=shape, title=f"the hours of {word}", origin=origin)


def _nearest(profiles: dict[str, Profile], peak: float) -> str:
    """Return the profile with hours of a week whose peak is nearest."""
    weeks = [n for n, p in profiles.items() if len(p.hourly) == max(LENGTHS)]
    return min(weeks, key=lambda n: abs(profiles[n].peak_to_mean - peak))


# When own GPUs are on: what was asked for, and the hours that it is worked out from.

ALWAYS_ON: Billing = "always_on"
SCALE_TO_ZERO: Billing = "scale_to_zero"
STEP = "fleet.billing_step_s"
MINUTES, HOURS, DAYS = 60, 24, 7


class PaidByTheHour(Protocol):
    """Whatever says how its GPUs are paid for: an option, or an entry of a search."""

    @property
    def purchase(self) -> str: ...

    @property
    def seller(self) -> str: ...


def on_hours(catalog: Catalog, request: Scenario, settings: Settings) -> Duty | None:
    """Return when own GPUs are on, starts and steps of the clock left out; None for always.

    Raises:
        UsageError: Opening hours without a schedule or the other way round, or hours that cannot
            have the peak that was asked for.
    """
    kind = request.billing or ("scheduled" if request.schedule else ALWAYS_ON)
    if (kind == "scheduled") != bool(request.schedule):
        raise UsageError(
            "--schedule goes with --billing scheduled: write --schedule 'mon-fri 08:00-20:00'"
        )
    if kind == ALWAYS_ON:
        return None
    curve = curve_of(catalog, request, settings)
    check_peak(curve, settings)
    week = np.tile(curve.shape, DAYS * HOURS // curve.shape.size)
    opened, gaps = _opening(request.schedule)
    if not np.any(week * opened > 0):
        raise UsageError(f"--schedule: {curve.title} have no load while it is open")
    return Duty(billing=kind, week=week, open_share=opened, gaps_h=gaps, title=curve.title)


def _opening(schedule: Schedule | None) -> tuple[Floats, Floats]:
    """Return the share of each hour of a week that is open, and how long each pause is [h]."""
    if schedule is None:
        return np.ones(DAYS * HOURS), np.zeros(0)
    minutes = np.zeros((DAYS, HOURS * MINUTES), dtype=bool)
    for days, start, end in schedule:
        minutes[np.ix_(sorted(days), range(start, end))] = True
    flat = minutes.ravel()
    starts = np.flatnonzero(flat & ~np.roll(flat, 1))
    gaps = [_closed_before(flat, int(start)) / MINUTES for start in starts]
    opened: Floats = flat.reshape(DAYS * HOURS, MINUTES).mean(axis=-1)
    return opened, np.array(gaps, dtype=float)


def _closed_before(opened: np.ndarray[tuple[int], np.dtype[np.bool_]], start: int) -> int:
    """Return for how many minutes it was closed before it opened."""
    before = np.roll(opened, -start)[::-1]
    return int(np.argmax(before)) if before.any() else 0


def duty_of(hours: Duty | None, settings: Settings, step_s: Number | None) -> Duty | None:
    """Return when a fleet is on, starts and steps of the clock counted in; None for always.

    Args:
        settings: Lead, cold start and idle timeout.
        step_s: Time that the seller counts in, where that is known [s].
    """
    if hours is None:
        return None
    return replace(
        hours,
        lead_h=settings.value("plan.lead_h"),
        idle_timeout_s=settings.value("fleet.idle_timeout_s"),
        cold_start_s=settings.value("fleet.cold_start_s"),
        billing_step_s=settings.value(STEP) if step_s is None or settings.given(STEP) else step_s,
    )


def as_paid(of: PaidByTheHour, servers: Fleet) -> Fleet:
    """Return a fleet as its purchase is paid for.

    GPUs by the hour cost nothing while they are off. Reserved ones are paid for all the same, and
    stay on; bought ones are switched off, which saves electricity only.
    """
    if servers.mean_billed_gpus is None or by_the_hour(of.purchase):
        return servers
    if of.seller == OWN:
        return replace(servers, mean_billed_gpus=None)
    return replace(servers, mean_billed_gpus=None, mean_gpus=None, mean_powered_gpus=None)


def billing_note(of: PaidByTheHour, hours: Duty | None) -> str:
    """Return what a reader should know of how a fleet is switched; nothing where it is not."""
    if hours is None:
        return ""
    word = hours.billing.replace("_", " ")
    if by_the_hour(of.purchase):
        return word
    if of.seller == OWN:
        return f"{word}, but bought: off hours save electricity only"
    return f"{word}, but reserved: paid whether on or off"


def refuse_billing(inputs: Question, why: str) -> None:
    """Raise `UsageError` where hours other than all of them mean nothing."""
    if inputs.hours is not None:
        raise UsageError(f"--billing {inputs.hours.billing}: {why}")
