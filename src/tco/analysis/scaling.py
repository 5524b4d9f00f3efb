"""What a fleet that is not always on does over the month, in figures and in words."""

from __future__ import annotations

import numpy as np

from tco.analysis.billing import SCALE_TO_ZERO, OnHours, duty_of
from tco.analysis.options import SelfOption, fleet
from tco.analysis.results import ScalingResult
from tco.analysis.settings import Settings, workload
from tco.engine.duty import Duty, off_share, steepened, waiting_share
from tco.engine.replica import Replica, request_s
from tco.engine.selfhost import Fleet
from tco.engine.shapes import number
from tco.show import show_number, show_seconds, show_share


def scaling_of(
    option: SelfOption, settings: Settings, replica: Replica, servers: Fleet
) -> ScalingResult | None:
    """Return when a fleet is on; None for one that always is."""
    hours = option.hours
    duty = duty_of(hours, settings, option.billing_step_s)
    if hours is None or duty is None or hours.billing == "always_on":
        return None
    starts, waiting = _starts(duty, settings, replica)
    cold = hours.billing == SCALE_TO_ZERO
    return ScalingResult(
        billing=hours.billing,
        hours=hours.said,
        billed_gpus=number(servers.billed_gpus),
        on_gpus=number(servers.on_gpus),
        open_hours_per_week=float(hours.open_share.sum()),
        starts_per_month=starts if cold else None,
        waiting_share=waiting if cold else None,
        cold_start_s=number(duty.cold_start_s) if cold else None,
    )


def _starts(duty: Duty, settings: Settings, replica: Replica) -> tuple[float, float]:
    """Return cold starts of a month, and the share of the requests that wait for one."""
    load = workload(settings)
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


def _hours_steps(hours: OnHours, settings: Settings, result: ScalingResult) -> list[str]:
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


def peak_over_mean(option: SelfOption, settings: Settings) -> float:
    """Return the highest load that a fleet is sized for over the mean of the month [1]."""
    duty = duty_of(option.hours, settings, option.billing_step_s)
    peak = workload(settings).peak_to_mean
    return number(peak) if duty is None else float(np.max(duty.levels(peak).load))
