"""The answers of `tco profile` and `tco bill`, as plain records."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from tco.analysis.results import CatalogStamp


@dataclass(frozen=True, kw_only=True)
class TokenCounts:
    """Requests and tokens by kinds that never overlap; None is what a log does not tell."""

    requests: int | None
    input: int | None
    """Neither read from a cache nor written to one."""
    read: int | None
    input_with_read: int | None = None
    """Input of which nobody knows what was read from a cache."""
    write_5m: int = 0
    write_1h: int = 0
    write_30m: int = 0
    write_12h: int = 0
    write_unknown: int = 0
    """Written to a cache for a time that the log does not tell."""
    output: int
    """Everything generated, reasoning included."""
    reasoning: int | None
    """The part of the output that was thinking."""
    errors: int = 0
    """Failed requests among them."""
    searches: int = 0
    image_input: int = 0
    """The part of the input that was images."""


@dataclass(frozen=True, kw_only=True)
class PeakToMean:
    """Busiest day, hour, minute and second over the mean; None where nobody can know."""

    day: float | None = None
    hour: float | None = None
    minute: float | None = None
    second: float | None = None


@dataclass(frozen=True, kw_only=True)
class ModelUsage(TokenCounts):
    """What was used of a model, and how; None with a reason in `unknown` where nobody can know."""

    name: str
    offer: str | None
    """The offer of the catalog that it is; None for none."""
    matched: str
    """How that was told, or why it could not be."""
    tiers: dict[str, TokenCounts]
    cached_share: float | None
    isl: dict[str, float] | None
    osl: dict[str, float] | None
    curve: tuple[float, ...] | None
    peak_to_mean: PeakToMean
    in_flight: dict[str, float] | None
    dispersion_10s: float | None
    unknown: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class ProfileResult:
    """What logs tell of traffic."""

    schema: Literal["tco.profile/1"] = "tco.profile/1"
    catalog: CatalogStamp
    formats: dict[str, int]
    """Files by format."""
    files_left_out: tuple[str, ...]
    rows: int
    """Rows that count."""
    first: str | None
    last: str | None
    observed_hours: float
    requests: int | None
    incomplete: bool
    incomplete_because: tuple[str, ...]
    totals: TokenCounts
    models: dict[str, ModelUsage]
    usd: float | None
    """What the logs say that it cost."""
    days: dict[str, int | None]
    """Requests by day (UTC); None where they are not counted."""
    days_usd: dict[str, float]
    left_out: dict[str, int]
    doubts: dict[str, int]
    """Rows that are counted though they contradict themselves, by reason."""
    first_places: dict[str, str]
    """The first `file:line` of each reason."""
    cached_share: float | None
    batch_share: float
    """Share of the tokens that went through a batch tier."""
    isl: dict[str, float] | None
    osl: dict[str, float] | None
    curve: tuple[float, ...] | None
    peak_to_mean: PeakToMean
    in_flight: dict[str, float] | None
    dispersion_10s: float | None
    unknown: dict[str, str]
    """Why something is None."""
    to: str | None
    """Where the profile was written."""
    verdict: str
    warnings: tuple[str, ...] = field(default=())


@dataclass(frozen=True, kw_only=True)
class SourceRow:
    """A log format that is read."""

    name: str
    """What `--from` calls it."""
    title: str
    grain: Literal["requests", "buckets", "costs", "counters"]
    exported: str
    """Where it comes from."""
    knows: str
    """What it cannot tell."""


@dataclass(frozen=True, kw_only=True)
class SourcesResult:
    """The log formats that are read."""

    schema: Literal["tco.sources/1"] = "tco.sources/1"
    rows: tuple[SourceRow, ...]
    warnings: tuple[str, ...] = ()
