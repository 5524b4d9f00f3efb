"""When own GPUs are on: what was asked for, and the hours that it is worked out from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from tco.analysis.hours import curve_of, reachable
from tco.analysis.machines import OWN, by_the_hour
from tco.analysis.request import Request, Schedule
from tco.analysis.settings import Settings
from tco.engine.duty import Billing, Duty
from tco.engine.selfhost import Fleet
from tco.engine.shapes import Floats, Number
from tco.errors import UsageError

if TYPE_CHECKING:
    from tco.analysis.inputs import Inputs
    from tco.catalog.load import Catalog

ALWAYS_ON: Billing = "always_on"
SCALE_TO_ZERO: Billing = "scale_to_zero"
STEP = "fleet.billing_step_s"
MINUTES, HOURS, DAYS = 60, 24, 7


@dataclass(frozen=True, slots=True, kw_only=True)
class OnHours:
    """When a fleet is on, if not always.

    Args:
        billing: Which of the ways.
        week: Load of each hour over the mean [hours] [1].
        open_share, gaps_h: Opening hours, as in `tco.engine.duty.Duty`.
        said: Where the hours come from, in words.
    """

    billing: Billing
    week: Floats
    open_share: Floats
    gaps_h: Floats
    said: str


class Rented(Protocol):
    """Whatever says how its GPUs are paid for: an option, or an entry of a search."""

    @property
    def purchase(self) -> str: ...

    @property
    def seller(self) -> str: ...


def on_hours(catalog: Catalog, request: Request, settings: Settings) -> OnHours | None:
    """Return when own GPUs are on; None for always.

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
    peak = float(np.asarray(settings.value("workload.peak_to_mean")))
    least, most = reachable(curve.shape)
    if not least - 1e-6 <= peak <= most + 1e-6:
        raise UsageError(
            f"{settings['workload.peak_to_mean'].source}: a peak of {peak:g} times the mean cannot "
            f"come from {curve.said}: from {least:.3g} to {most:.3g} is possible"
        )
    week = np.tile(curve.shape, DAYS * HOURS // curve.shape.size)
    opened, gaps = _opening(request.schedule)
    if not np.any(week * opened > 0):
        raise UsageError(f"--schedule: {curve.said} have no load while it is open")
    return OnHours(billing=kind, week=week, open_share=opened, gaps_h=gaps, said=curve.said)


def _opening(schedule: Schedule | None) -> tuple[Floats, Floats]:
    """Return the share of each hour of a week that is open, and how long each pause is [h]."""
    if schedule is None:
        return np.ones(DAYS * HOURS), np.zeros(0)
    minutes = np.zeros((DAYS, HOURS * MINUTES), dtype=bool)
    for days, start, end in schedule.spans:
        minutes[np.ix_(sorted(days), range(start, end))] = True
    flat = minutes.reshape(-1)
    starts = np.flatnonzero(flat & ~np.roll(flat, 1))
    gaps = [_closed_before(flat, int(start)) / MINUTES for start in starts]
    opened: Floats = flat.reshape(DAYS * HOURS, MINUTES).mean(axis=-1)
    return opened, np.array(gaps, dtype=float)


def _closed_before(opened: np.ndarray[tuple[int], np.dtype[np.bool_]], start: int) -> int:
    """Return for how many minutes it was closed before it opened."""
    before = np.roll(opened, -start)[::-1]
    return int(np.argmax(before)) if before.any() else 0


def duty_of(hours: OnHours | None, settings: Settings, step_s: Number | None) -> Duty | None:
    """Return when a fleet is on, as the engine sees it; None for always.

    Args:
        hours: What was asked for.
        settings: Lead, cold start and idle timeout.
        step_s: Time that the seller counts in, where that is known [s].
    """
    if hours is None:
        return None
    known = step_s is not None and not settings.given(STEP)
    return Duty(
        billing=hours.billing,
        week=hours.week,
        open_share=hours.open_share,
        gaps_h=hours.gaps_h,
        lead_h=settings.value("plan.lead_h"),
        idle_timeout_s=settings.value("fleet.idle_timeout_s"),
        cold_start_s=settings.value("fleet.cold_start_s"),
        billing_step_s=step_s if known and step_s is not None else settings.value(STEP),
    )


def as_paid(of: Rented, servers: Fleet) -> Fleet:
    """Return a fleet as its purchase is paid for.

    GPUs by the hour cost nothing while they are off. Reserved ones are paid for all the same, and
    stay on; bought ones are switched off, which saves electricity only.
    """
    if servers.mean_billed_gpus is None or by_the_hour(of.purchase):
        return servers
    if of.seller == OWN:
        return replace(servers, mean_billed_gpus=None)
    return replace(servers, mean_billed_gpus=None, mean_gpus=None, mean_powered_gpus=None)


def billing_note(of: Rented, hours: OnHours | None) -> str:
    """Return what a reader should know of how a fleet is switched; nothing where it is not."""
    if hours is None:
        return ""
    word = hours.billing.replace("_", " ")
    if by_the_hour(of.purchase):
        return word
    if of.seller == OWN:
        return f"{word}, but bought: off hours save electricity only"
    return f"{word}, but reserved: paid whether on or off"


def refuse_billing(inputs: Inputs, why: str) -> None:
    """Raise `UsageError` where hours other than all of them mean nothing."""
    if inputs.hours is not None:
        raise UsageError(f"--billing {inputs.hours.billing}: {why}")
