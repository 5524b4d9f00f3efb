"""When a fleet is on, and how large it is then: bills that follow the hours of a week.

A week is a load-duration curve: levels of load over the mean, each with the share of the month
that it lasts. Whatever is paid for grows with the level, so a month is a weighted sum over levels,
and an always-on fleet is the case of one level, the peak, that lasts all month.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from tco.engine.shapes import ROUND_OFF, Floats, Number
from tco.units import SECONDS_PER_HOUR

Billing = Literal["always_on", "scheduled", "autoscaled", "scale_to_zero"]

STEEPEST = 50.0
"""Largest power that a week is raised to; beyond it there is one busy hour and nothing else."""

LONGEST = 700.0
"""Exponent beyond which a fleet is never off: its chance is no number any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """Loads over the mean, and how long each lasts.

    Args:
        load: Load over the mean of the month [..., levels] [1].
        share: Share of the month for which GPUs are on for it [..., levels] [1].
    """

    load: Floats
    share: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """When a fleet is on; numbers or arrays but for the hours.

    Args:
        billing: `scheduled` (on in the opening hours), `autoscaled` (as many as each hour needs) or
            `scale_to_zero` (the same, and none while nobody asks).
        week: Load of each hour over the mean [hours] [1].
        open_share: Share of each hour that lies in the opening hours [hours] [1].
        gaps_h: How long it is closed, each time in the week [times] [h].
        lead_h: Hours paid for before a GPU serves [h].
        idle_timeout_s: How long a fleet that scales to zero waits for another request [s].
        cold_start_s: How long it takes to start again, paid for [s].
        billing_step_s: Time that the seller counts in: a started step is paid for in full [s].
    """

    billing: Billing
    week: Floats
    open_share: Floats
    gaps_h: Floats
    lead_h: Number
    idle_timeout_s: Number
    cold_start_s: Number
    billing_step_s: Number

    def levels(self, peak_to_mean: Number) -> Levels:
        """Return the levels of a week whose busiest hour is so many times the mean."""
        week = steepened(self.week, peak_to_mean)
        if self.billing == "scheduled":
            return _opening_hours(moved(week, self.open_share), self)
        lead = self.lead_h if self.billing == "autoscaled" else self._start_h
        return ahead(week, stepped(lead, self._step_h))

    @property
    def _step_h(self) -> Number:
        return self.billing_step_s / SECONDS_PER_HOUR

    @property
    def _start_h(self) -> Number:
        return self.cold_start_s / SECONDS_PER_HOUR

    def lifted(self) -> Duty:
        """Return the same with an axis more, for levels of load to lie along."""
        return replace(
            self,
            lead_h=np.asarray(self.lead_h)[..., None],
            idle_timeout_s=np.asarray(self.idle_timeout_s)[..., None],
            cold_start_s=np.asarray(self.cold_start_s)[..., None],
            billing_step_s=np.asarray(self.billing_step_s)[..., None],
        )

    def on_share(self, requests_per_s: Number, service_s: Number) -> Number:
        """Return the share of the time that is paid for while requests come at some rate [1]."""
        if self.billing != "scale_to_zero":
            return 1.0
        hold = service_s + self.idle_timeout_s
        return paid_share(requests_per_s, hold, self.cold_start_s, self.billing_step_s)


def steepened(week: Floats, peak_to_mean: Number) -> Floats:
    """Return a week of the same shape with another peak, ``f**g / mean(f**g)`` [..., hours] [1].

    A power keeps the order of the hours and the empty ones, and never falls below 0. It is looked
    up in a table and then corrected by Newton's rule, which the logarithm of the peak, concave in
    `g`, makes exact. A peak that no power reaches gives the nearest one.

    Args:
        week: Load of each hour [hours] [1].
        peak_to_mean: Busiest hour over the average hour [...] [1].
    """
    with np.errstate(divide="ignore"):
        logs = np.log(week / np.max(week))
    finite = np.where(np.isfinite(logs), logs, 0.0)
    powers = np.concatenate([[1e-9], np.geomspace(1e-3, STEEPEST, 512)])
    table = -np.log(np.exp(powers[:, None] * logs).mean(axis=-1))
    wanted = np.clip(np.log(np.asarray(peak_to_mean, dtype=float)), table[0], table[-1])
    power = np.interp(wanted, table, powers)
    for _ in range(3):
        raised = np.exp(power[..., None] * logs)
        mean = raised.mean(axis=-1)
        slope = -(raised * finite).mean(axis=-1) / mean
        gap = wanted + np.log(mean)
        power = np.clip(power + gap / np.maximum(slope, 1e-12), 1e-9, STEEPEST)
    raised = np.exp(power[..., None] * logs)
    over_mean: Floats = raised / raised.mean(axis=-1, keepdims=True)
    return over_mean


def moved(week: Floats, open_share: Floats) -> Floats:
    """Return the load while it is open, ``f / mean(f * open)``: a month's tokens stay the same.

    What would come outside the opening hours comes inside them, in proportion to their own load.

    Args:
        week: Load of each hour over the mean [..., hours] [1].
        open_share: Share of each hour that is open [hours] [1].
    """
    inside = (week * open_share).mean(axis=-1, keepdims=True)
    load: Floats = np.where(open_share > 0, week, 0.0) / inside
    return load


def _opening_hours(load: Floats, duty: Duty) -> Levels:
    """Return the one level of a fleet that is on in the opening hours, starts included."""
    before = stepped(duty.lead_h, duty._step_h)
    starts = np.minimum(np.asarray(before)[..., None], duty.gaps_h).sum(axis=-1)
    share = duty.open_share.mean() + starts / duty.open_share.size
    return Levels(load=load.max(axis=-1, keepdims=True), share=np.asarray(share)[..., None])


def ahead(week: Floats, lead_h: Number) -> Levels:
    """Return the loads that are provided for when GPUs take `lead_h` hours to come.

    At any time those of the busiest hour within the lead: ``max(f[h], ..., f[h + k])``, and for a
    lead between `k` and `k + 1` hours the mean of both windows, weighted by the part of the hour.

    Args:
        week: Load of each hour over the mean; the hour after the last is the first [..., hours].
        lead_h: Hours [...] [h].
    """
    lead = np.minimum(np.asarray(lead_h, dtype=float), week.shape[-1] - 1.0)
    shape = (*np.broadcast_shapes(lead.shape, week.shape[:-1]), week.shape[-1])
    windows, shares, window = [], [], week
    for hours in range(int(np.ceil(np.max(lead))) + 1):
        if hours:
            window = np.maximum(window, np.roll(week, -hours, axis=-1))
        part = np.clip(1.0 - np.abs(lead - hours), 0.0, 1.0)
        if np.any(part > 0):
            windows.append(np.broadcast_to(window, shape))
            shares.append(np.broadcast_to((part / week.shape[-1])[..., None], shape))
    return Levels(load=np.concatenate(windows, axis=-1), share=np.concatenate(shares, axis=-1))


def stepped(time: Number, step: Number) -> Number:
    """Return a time in whole steps of the seller's clock, ``ceil(t / step) * step``."""
    rounded: Number = np.ceil(np.asarray(time) / step - ROUND_OFF) * step
    return rounded


def off_share(requests_per_s: Number, hold_s: Number, start_s: Number) -> Number:
    """Return the share of the time in which a fleet that scales to zero is off [1].

    ``1 / (r * c + exp(r * h))``: requests come at random at a rate `r`, each keeps the fleet on for
    `h` seconds, its service and the idle timeout, and a start takes `c`. A cycle is the wait for a
    request, ``1 / r``, the start, and the busy period of a queue that serves all at once, whose
    mean is ``(exp(r * h) - 1) / r`` whatever the service times are. Requests that come in clusters
    leave it off for longer, so that this bounds the cost from above.

    Args:
        requests_per_s: Mean rate [request/s].
        hold_s: Service time and idle timeout [s].
        start_s: Cold start [s].

    Source:
        Renewal-reward theorem; busy period of M/G/infinity, Takacs (1962).
    """
    held = np.exp(np.minimum(requests_per_s * hold_s, LONGEST))
    share: Number = 1.0 / (requests_per_s * start_s + held)
    return share


def waiting_share(requests_per_s: Number, hold_s: Number, start_s: Number) -> Number:
    """Return the share of the requests that wait for a start, ``(1 + r * c) * off`` [1].

    Of each cycle the one that starts the fleet, and those that come while it starts.
    """
    off = off_share(requests_per_s, hold_s, start_s)
    return (1.0 + requests_per_s * start_s) * off


def paid_share(requests_per_s: Number, hold_s: Number, start_s: Number, step_s: Number) -> Number:
    """Return the share of the time that a fleet that scales to zero is paid for [1].

    One less `off_share` where the seller counts in seconds. Where it counts in longer steps, a
    stay of `d` seconds is paid as ``max(d + step / 2, step)``, never more than all of the time.

    Args:
        requests_per_s, hold_s, start_s: As in `off_share`.
        step_s: Time that the seller counts in [s].
    """
    off = off_share(requests_per_s, hold_s, start_s)
    stays_per_s = requests_per_s * off
    rounding = np.minimum(stays_per_s * step_s / 2.0, off)
    least = np.minimum(stays_per_s * step_s, 1.0)
    share: Number = np.maximum(1.0 - off + rounding, least)
    return share
