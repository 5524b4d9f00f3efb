"""The answers of `tco profile` and `tco bill`, as plain records."""

from __future__ import annotations

from typing import Literal

from tco.analysis.results import Envelope
from tco.records import dataclass


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
class ProfileResult(Envelope):
    """What logs tell of traffic."""

    schema: Literal["tco.profile/1"] = "tco.profile/1"
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
    own_cache: dict[str, float] | None
    """Share of the input that a prefix cache of one's own would serve, by the tokens it holds, if
    one replica served everything."""
    unknown: dict[str, str]
    """Why something is None."""
    to: str | None
    """Where the profile was written."""


@dataclass(frozen=True, kw_only=True)
class LogSourceRow:
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
    rows: tuple[LogSourceRow, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A part of what lies between what a log states and the list price."""

    reason: str
    usd: float


@dataclass(frozen=True, kw_only=True)
class Unpriced:
    """Tokens that no price is known of."""

    reason: str
    tokens: int


@dataclass(frozen=True, kw_only=True)
class ModelBill(TokenCounts):
    """What a model's usage costs at list price, and what the log states."""

    name: str
    offer: str | None
    matched: str
    """How the offer was told, or why it could not be."""
    tiers: dict[str, TokenCounts]
    list_usd: float | None
    """At the list price of each day; None where no part of it has one."""
    stated_usd: float | None
    """What the log says; None where it says nothing."""
    difference: tuple[Difference, ...]
    """What `stated_usd` less `list_usd` is made of; empty where the log states nothing."""
    searches_usd: float | None
    """What its web searches cost at today's price, beside `list_usd`; None where none is known."""
    unpriced: tuple[Unpriced, ...]


@dataclass(frozen=True, kw_only=True)
class UsageGroup:
    """What a model, team, key, tag, day or month used."""

    name: str
    requests: int | None
    input_tokens: int
    """All input, cached and written included."""
    read: int
    output: int
    list_usd: float
    stated_usd: float | None
    unpriced_tokens: int
    share: float
    """Of all at list price."""


@dataclass(frozen=True, kw_only=True)
class MonthChange:
    """The change from a month to the next at list price, in parts that add up to it."""

    since: str
    until: str
    before_usd: float
    after_usd: float
    volume: float
    """Tokens in all."""
    mix: float
    """Of models, of tiers, and of input to output."""
    cache: float
    """Shares of input read from caches and written to them."""
    price: float
    """List prices, by the prices of the month before."""


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """What the same traffic would cost otherwise, in a month of 730 h."""

    kind: Literal["now", "other host", "other model", "own GPUs", "mix"]
    option: str
    monthly_usd: float
    of: str
    """Whose traffic: a model's, or all of it."""
    note: str


@dataclass(frozen=True, kw_only=True)
class InvoiceCheck:
    """An invoice held against what the logs come to."""

    invoice_usd: float
    list_usd: float
    stated_usd: float | None
    unexplained_usd: float
    """Invoice less the nearer of what the logs state and their list price."""


@dataclass(frozen=True, kw_only=True)
class ForecastMonth:
    """A month to come at scheduled list prices."""

    month: str
    usd: float


@dataclass(frozen=True, kw_only=True)
class Charge:
    """A line for chargeback: what one group used of one model in one period, by kind of token."""

    start: str
    end: str
    provider: str
    offer: str
    model: str
    service: str
    region: str
    team: str
    project: str
    key: str
    tag: str
    item: str
    tokens: int
    list_usd: float
    billed_usd: float


@dataclass(frozen=True, kw_only=True)
class BillResult(Envelope):
    """What was used, re-priced."""

    schema: Literal["tco.bill/1"] = "tco.bill/1"
    formats: dict[str, int]
    files_left_out: tuple[str, ...]
    first: str | None
    last: str | None
    observed_hours: float
    requests: int | None
    incomplete: bool
    incomplete_because: tuple[str, ...]
    totals: TokenCounts
    models: dict[str, ModelBill]
    list_usd: float
    stated_usd: float | None
    difference: tuple[Difference, ...]
    unpriced: tuple[Unpriced, ...]
    other_charges_usd: float | None
    """What was charged for no model: searches, storage, seats."""
    by: str
    """What the groups are: `model`, `team`, `project`, `key`, `tag`, `provider`, `day`, `month`."""
    groups: tuple[UsageGroup, ...]
    months: dict[str, float]
    """List price by month."""
    changes: tuple[MonthChange, ...]
    elsewhere: tuple[Elsewhere, ...]
    forecast: tuple[ForecastMonth, ...]
    growth_per_month: float
    invoice: InvoiceCheck | None
    charges: tuple[Charge, ...]
    """The lines of `--format focus`; empty unless asked for."""
    left_out: dict[str, int]
    doubts: dict[str, int]
    first_places: dict[str, str]
