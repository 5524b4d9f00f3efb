"""How a month's requests spread over the hours of a day or a week, as measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tco.analysis.request import DEFAULT_PROFILE, Request
from tco.analysis.settings import Settings
from tco.engine.duty import steepened
from tco.engine.shapes import Floats
from tco.errors import DataError

if TYPE_CHECKING:
    from tco.catalog.defaults import Profile
    from tco.catalog.load import Catalog

LENGTHS = (24, 168)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Measured hours, before they are made as steep as somebody says.

    Args:
        shape: Load of each hour over the mean [hours] [1].
        said: Whose they are, in words.
        own: They are those of the profile that was asked for.
    """

    shape: Floats
    said: str
    own: bool


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


def curve_of(catalog: Catalog, request: Request, settings: Settings) -> Hours:
    """Return the hours of the profile; without any those of the week with the nearest peak."""
    profiles = catalog.workloads.profiles
    name = request.profile or DEFAULT_PROFILE
    own = bool(profiles[name].hourly)
    peak = float(np.asarray(settings.value("workload.peak_to_mean")))
    word = name if own else _nearest(profiles, peak)
    shape = checked_hours(profiles[word].hourly, f"profile {word}")
    return Hours(shape=shape, said=f"the hours of {word}", own=own)


def _nearest(profiles: dict[str, Profile], peak: float) -> str:
    """Return the profile with hours of a week whose peak is nearest."""
    weeks = [n for n, p in profiles.items() if len(p.hourly) == max(LENGTHS)]
    return min(weeks, key=lambda n: abs(profiles[n].peak_to_mean - peak))
