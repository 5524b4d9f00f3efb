"""Round values on an axis."""

from __future__ import annotations

import math


def ticks(low: float, high: float) -> list[float]:
    """Return round values on a logarithmic axis: 1, 2, 5 of each power of ten, or fewer.

    >>> ticks(2, 30)
    [2.0, 5.0, 10.0, 20.0]
    """
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    decades = last - first
    steps = (1, 2, 5) if decades <= 3 else (1, 3) if decades <= 5 else (1,)
    every = [float(f"{step}e{power}") for power in range(first, last + 1) for step in steps]
    return [value for value in every if low <= value <= high]
