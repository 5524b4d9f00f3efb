"""What the people cost who keep a serving system running."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tco.engine.ledger import Line, Origin
from tco.engine.shapes import Number


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Who looks after it and what they cost; numbers or arrays.

    Args:
        salary_usd_per_year: One engineer with taxes, benefits and equipment [USD/year].
        api_fte: Engineers that calling someone else's endpoint takes [1].
        floor_fte: Engineers that self-hosting takes at least, however small the fleet [1].
        fixed_fte: Engineers of self-hosting that do not depend on the fleet [1].
        fte_per_gpu: Engineers for each further GPU [1/GPU].
    """

    salary_usd_per_year: Number
    api_fte: Number
    floor_fte: Number
    fixed_fte: Number
    fte_per_gpu: Number


def selfhost_fte(people: People, gpus: Number) -> Number:
    """Return the engineers a fleet takes, ``max(floor, fixed + per_gpu * gpus)`` [1]."""
    return np.maximum(people.floor_fte, people.fixed_fte + people.fte_per_gpu * gpus)


def people_line(fte: Number, people: People, origin: Origin, source: str) -> Line:
    """Return the engineers' line of a monthly bill."""
    return Line(
        item="engineers",
        group="people",
        quantity=fte,
        unit="engineer",
        rate_usd=people.salary_usd_per_year / 12.0,
        origin=origin,
        source=source,
    )
