"""The load of each hour that a plan is made for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tco.analysis.hours import Hours, checked_hours, curve_of
from tco.analysis.inputs import Inputs
from tco.engine.duty import steepened
from tco.engine.ledger import Origin
from tco.engine.shapes import Floats
from tco.errors import unknown_name

if TYPE_CHECKING:
    from tco.catalog.defaults import Profile


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
    peak = float(np.asarray(inputs.settings.value("workload.peak_to_mean")))
    given = inputs.settings.given("workload.peak_to_mean")
    if name:
        shape = checked_hours(_named(name, profiles).hourly, f"profile {name}")
        known = Hours(shape=shape, said=f"the hours of {name}", own=True)
    else:
        known = curve_of(inputs.catalog, inputs.request, inputs.settings)
    if given or not known.own:
        said = f"{known.said}, made as steep as a peak of {peak:g} times the mean"
        return LoadCurve(load=steepened(known.shape, peak), said=said, origin="assumed")
    return LoadCurve(load=known.shape, said=known.said, origin="catalog")


def _named(name: str, profiles: dict[str, Profile]) -> Profile:
    with_hours = {n: p for n, p in profiles.items() if p.hourly}
    if name not in with_hours:
        raise unknown_name("load curve", name, with_hours)
    return with_hours[name]
