"""How a month's requests spread over the hours of a day or a week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tco.analysis.inputs import Inputs
from tco.engine.ledger import Origin
from tco.engine.shapes import Floats
from tco.errors import DataError, unknown_name

if TYPE_CHECKING:
    from tco.catalog.defaults import Profile

LENGTHS = (24, 168)
STEEPEST = 50.0
"""Largest power that a curve is raised to; beyond it there is one busy hour and nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadCurve:
    """The load of each hour over the mean.

    Args:
        load: Mean 1 [hours] [1].
        said: Where it comes from, in words.
        origin: Who said so.
    """

    load: Floats
    said: str
    origin: Origin

    @property
    def peak_to_mean(self) -> float:
        """Return the busiest hour over the average hour [1]."""
        return float(self.load.max())


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


def steepened(load: Floats, peak_to_mean: float) -> Floats:
    """Return a curve of the same shape with another peak, ``load**g / mean(load**g)`` [hours] [1].

    A power keeps the order of the hours and never falls below 0; `g` is found by bisection.

    Args:
        load: Mean 1 [hours] [1].
        peak_to_mean: Busiest hour over the average hour, at least 1 [1].
    """

    def powered(power: float) -> Floats:
        high: Floats = (load / load.max()) ** power
        over_mean: Floats = high / high.mean()
        return over_mean

    low, high = 0.0, STEEPEST
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if powered(middle).max() < peak_to_mean else (low, middle)
    return powered(high)


def load_curve(inputs: Inputs, hours: Sequence[float] = (), name: str = "") -> LoadCurve:
    """Return the curve of a question.

    The user's own hours; else those of the profile; else those of the measured week whose peak is
    nearest to the profile's, made as steep as the profile says.

    Args:
        inputs: The question.
        hours: The user's own hours, empty for none.
        name: What they are called, or a profile whose hours are to be taken.

    Raises:
        DataError: Hours that are no load curve.
        UnknownNameError: No such profile, or one without hours.
    """
    if hours:
        return LoadCurve(load=checked_hours(hours, name), said=name, origin="given")
    profiles = inputs.catalog.workloads.profiles
    own = profiles[inputs.profile]
    peak = float(np.asarray(inputs.settings.value("workload.peak_to_mean")))
    given = inputs.settings.given("workload.peak_to_mean")
    if name:
        measured, word = _named(name, profiles), name
    elif own.hourly:
        measured, word = own, inputs.profile
    else:
        word = _nearest(profiles, peak)
        measured = profiles[word]
    load = checked_hours(measured.hourly, f"profile {word}")
    if given or not (name or own.hourly):
        said = f"the hours of {word}, made as steep as a peak of {peak:g} times the mean"
        return LoadCurve(load=steepened(load, peak), said=said, origin="assumed")
    return LoadCurve(load=load, said=f"the hours of {word}", origin="catalog")


def _named(name: str, profiles: dict[str, Profile]) -> Profile:
    with_hours = {n: p for n, p in profiles.items() if p.hourly}
    if name not in with_hours:
        raise unknown_name("load curve", name, with_hours)
    return with_hours[name]


def _nearest(profiles: dict[str, Profile], peak: float) -> str:
    """Return the profile with hours of a week whose peak is nearest."""
    weeks = [n for n, p in profiles.items() if len(p.hourly) == max(LENGTHS)]
    return min(weeks, key=lambda n: abs(profiles[n].peak_to_mean - peak))
