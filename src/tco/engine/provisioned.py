"""Throughput that is bought by the unit and paid for whether it is used or not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tco.engine.shapes import ROUND_OFF, Number
from tco.engine.workload import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionedUnit:
    """What a unit serves and in what numbers it is sold; numbers or arrays.

    Args:
        tokens_per_s: Input tokens a second that one unit serves [token/s].
        output_weight: Input tokens that an output token counts for [1].
        cached_weight: Input tokens that one read from the cache counts for; 1 is no credit [1].
        minimum_units: Fewest units that are sold [1].
        increment_units: Units by which their number grows [1].
    """

    tokens_per_s: Number
    output_weight: Number = 1.0
    cached_weight: Number = 1.0
    minimum_units: Number = 1.0
    increment_units: Number = 1.0

    def weighed_tokens(self, load: Workload) -> Number:
        """Return the input tokens that a request counts for, ``isl (1 - h (1 - c)) + osl k``."""
        read = 1.0 - load.cached_share * (1.0 - self.cached_weight)
        return load.isl * read + load.osl * load.reasoning_factor * self.output_weight

    @property
    def fewest(self) -> Number:
        """Return the fewest units that can be bought, in whole increments [1]."""
        return _stepped(self.minimum_units, self.increment_units)


def units_for(load: Workload, unit: ProvisionedUnit) -> Number:
    """Return the units to buy, ``ceil_step(max(minimum, peak * weighed tokens / U))`` [1].

    Throughput does not accumulate, so that the busiest hour decides; what exceeds it is refused.

    Args:
        load: The month.
        unit: What one unit serves.

    Source:
        Burn-down of provisioned throughput as vendors document it: inputs, and outputs times
        their weight, times the queries per second.
    """
    asked = load.peak_requests_per_s * unit.weighed_tokens(load) / unit.tokens_per_s
    return _stepped(np.maximum(unit.minimum_units, asked), unit.increment_units)


def units_used(load: Workload, unit: ProvisionedUnit) -> Number:
    """Return the units that the month's mean load takes [1]."""
    return load.requests_per_s * unit.weighed_tokens(load) / unit.tokens_per_s


def _stepped(count: Number, step: Number) -> Number:
    return np.maximum(np.ceil(count / np.asarray(step, dtype=float) - ROUND_OFF), 1.0) * step
