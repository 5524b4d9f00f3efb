"""What is asked of a serving system in a month: tokens, requests, and how unevenly they come."""

from __future__ import annotations

from dataclasses import dataclass

from tco.engine.shapes import Number
from tco.units import HOURS_PER_MONTH, SECONDS_PER_HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A month of requests of one shape; every field a number or an array.

    Args:
        tokens_per_month: Input and output together, cached input included [token/month].
        isl: Input of a request, cached tokens included [token/request].
        osl: Output of a request that the volume counts [token/request].
        cached_share: Share of the input that a prefix cache serves [1].
        batch_share: Share of the requests that can wait for a batch tier [1].
        peak_to_mean: Busiest hour over the average hour [1].
        reasoning_factor: Output that is made over the output that the volume counts; 1 where the
            volume counts hidden reasoning too [1].
        cache_write_share: Share of the input that is written to a cache [1].
        hours_per_month: Hours of the month [h].
    """

    tokens_per_month: Number
    isl: Number
    osl: Number
    cached_share: Number = 0.0
    batch_share: Number = 0.0
    peak_to_mean: Number = 1.0
    reasoning_factor: Number = 1.0
    cache_write_share: Number = 0.0
    hours_per_month: Number = HOURS_PER_MONTH

    @property
    def tokens_per_request(self) -> Number:
        """Return input and output of one request [token/request]."""
        return self.isl + self.osl

    @property
    def requests_per_month(self) -> Number:
        """Return the requests of a month [request/month]."""
        return self.tokens_per_month / self.tokens_per_request

    @property
    def requests_per_s(self) -> Number:
        """Return the mean arrival rate over the hours of the month [request/s]."""
        return self.requests_per_month / self.seconds_per_month

    @property
    def seconds_per_month(self) -> Number:
        """Return the seconds of the month [s]."""
        return self.hours_per_month * SECONDS_PER_HOUR

    @property
    def peak_requests_per_s(self) -> Number:
        """Return the arrival rate of the busiest hour [request/s]."""
        return self.requests_per_s * self.peak_to_mean

    @property
    def input_tokens(self) -> Number:
        """Return all input, cached or not [token/month]."""
        return self.requests_per_month * self.isl

    @property
    def output_tokens(self) -> Number:
        """Return all output, hidden reasoning included [token/month]."""
        return self.requests_per_month * self.osl * self.reasoning_factor
