"""The schema of `prices.yaml`: who offers which model, at what price, from when to when.

An offer's id is `PROVIDER/MODEL`. Its prices are dated half-open windows `[since, until)`,
appended and never overwritten. What changes a price (batch, context length, region, hour of the
day, cache lifetime) is a `modifier` with a condition, never a longer key.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from tco.catalog.fields import (
    Count,
    Id,
    NotNegative,
    Positive,
    Record,
    RegionsServed,
    Share,
    Sources,
    Text,
    Url,
    Waivable,
    Zone,
)

NAME = r"[a-z0-9][a-z0-9._+-]*"
OfferId = Annotated[str, StringConstraints(pattern=rf"^{NAME}/{NAME}$")]
CLOCK = r"([01]\d|2[0-3]):[0-5]\d"
Hours = Annotated[str, StringConstraints(pattern=rf"^{CLOCK}-({CLOCK}|24:00)$")]


Lifetime = Annotated[str, StringConstraints(pattern=r"^[1-9]\d*[mh]$")]


class Provider(Record):
    """A company that sells tokens or hosted capacity."""

    name: Text
    kind: Literal["first_party", "host", "cloud", "aggregator"]
    """Who it is to the models it serves; decides how soon its prices count as stale."""
    url: Url | None = None
    """Its price page."""
    regions: dict[Id, Id] = {}
    """Words that a buyer may ask a region by, and what the modifiers here call it: `eu: regional`.
    `list` is the price without a modifier."""
    services: dict[Id, Id] = {}
    """The same of service tiers: `fast: priority`."""
    serves: list[RegionsServed] = []
    """Regions that its list prices are known to be served in."""
    write_lifetime: Lifetime | None = None
    """How long what is written to its cache at the usual price lives after each read, also of its
    closed models elsewhere; 5m where absent."""
    cache_lifetime: Lifetime | None = None
    """The same of what it caches unasked, at no price for writing."""
    doubt: Text | None = None
    """Why none of its prices is believed."""
    note: Text | None = None


class Rates(Record):
    """US dollars per million tokens. A key that is absent has no price of its own."""

    input: Positive | None = None
    output: Positive | None = None
    """Output, hidden reasoning tokens included unless `reasoning_output` is given."""
    cached_input: NotNegative | None = None
    """Input read from the provider's cache; absent: cached tokens pay the full input price."""
    cache_write: NotNegative | None = None
    """Input written to the cache; absent means the input price."""
    reasoning_output: Positive | None = None
    """Hidden reasoning, beyond the output that is read; absent means the output price."""
    audio_input: Positive | None = None


class When(Record):
    """The condition of a modifier; all that are given must hold."""

    service: Literal["batch", "flex", "priority", "fast", "ultrafast", "spot"] | None = None
    input_tokens_over: Count | None = None
    """Applies to a request whose whole input is longer than this."""
    cache_ttl: Literal["5m", "1h", "12h", "24h"] | None = None
    region: Text | None = None
    hours: Annotated[list[Hours], Field(min_length=1)] | None = None
    weekdays: Annotated[list[Annotated[int, Field(ge=1, le=7)]], Field(min_length=1)] | None = None
    """ISO days, Monday is 1."""
    time_zone: Zone | None = None
    holidays: Text | None = None
    """Calendar whose holidays count as one of the `weekdays`."""


class Modifier(Record):
    """A price that replaces the base, or a factor on it, when its condition holds.

    Of context tiers the highest that is reached holds, and windows of the week add up. Conditions
    of different kinds combine, each as its factor on the base price.
    """

    when: When
    usd_per_mtok: Rates | None = None
    """What replaces the base. A rate that it does not name keeps its price, but cached input
    follows the input."""
    multiply: Positive | None = None
    """Factor on every rate."""
    mode: Literal["cliff", "graduated"] = "cliff"
    """`cliff`: the whole request takes this price; `graduated`: only the tokens above the limit."""
    inclusive: bool = False
    """The limit itself already takes this price."""
    note: Text | None = None


class Evidence(Record):
    """What one source says of a price, also where it disagrees."""

    source: Id
    input: NotNegative | None = None
    output: NotNegative | None = None
    value: NotNegative | None = None
    """What it says of a price that is neither: of training, of an hour."""
    key: Text | None = None
    """The name of the row in that source."""
    seen: date | None = None
    """When it said so; the source's own date when absent."""


class Currency(Record):
    """The currency that a vendor prints its price in, and the dated rate used to convert it."""

    code: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    usd: Positive
    """US dollars for one unit of it."""
    on: date
    source: Id


class Price(Record):
    """The price of an offer in the half-open window `[since, until)`."""

    since: date
    """First day that the price holds: true from, not first seen, unless `since_is` says so."""
    until: date | None = None
    since_is: Literal["effective", "release", "first_seen", "audit"] = "first_seen"
    """An announced date, the model's release, the first sighting, or the audit of a catalog."""
    checked: date
    """Last day that a source was seen to say so."""
    status: Literal["list", "scheduled", "cancelled"] = "list"
    usd_per_mtok: Rates
    modifiers: list[Modifier] = []
    context_tokens: Count | None = None
    """Input and output that one request may have in this window, where the offer's limit was
    another one then."""
    currency: Currency | None = None
    evidence: list[Evidence] = Field(min_length=1)
    note: Text | None = None


class Discount(Record):
    """An aggregator's price, stated as a factor on another provider's list price."""

    of: OfferId
    multiply: Positive
    since: date
    until: date | None = None
    checked: date
    evidence: list[Evidence] = Field(min_length=1)


class FreeQuota(Record):
    """Tokens a month that cost nothing."""

    tokens_per_month: Positive
    note: Text | None = None


class Offer(Waivable):
    """One model at one provider."""

    provider: Id
    model: Id
    """A model of `models.yaml`."""
    api_name: Text | None = None
    """What the provider calls it in a request."""
    prices: list[Price] = []
    discount: Discount | None = None
    gone: Text | None = None
    """Why there is no price any more, for an offer that is kept so that its name is answered."""
    doubt: Text | None = None
    """Why the offer may not exist as it is stated; to be shown wherever it is ranked."""
    retires: date | None = None
    """The day after which the provider does not answer for it."""
    snapshots_retire: date | None = None
    """The day after which its dated names are not answered for; this name still is."""
    context_tokens: Count | None = None
    max_output_tokens: Count | None = None
    cache_min_tokens: Count | None = None
    requests_per_minute: Count | None = None
    tokens_per_minute: Count | None = None
    usd_per_1k_searches: Positive | None = None
    free: FreeQuota | None = None
    minimum_usd_per_month: Positive | None = None
    url: Url | None = None
    note: Text | None = None

    @property
    def id(self) -> str:
        """Return `PROVIDER/MODEL`."""
        return f"{self.provider}/{self.model}"


class CapacityPrice(Record):
    """The price of one unit of hosted capacity in `[since, until)`."""

    since: date
    until: date | None = None
    checked: date
    usd_per_hour: Positive
    term: Literal["on_demand", "month", "year"] = "on_demand"
    evidence: list[Evidence] = Field(min_length=1)


class CapacityOffer(Record):
    """Hosted capacity sold by the hour: a dedicated endpoint's GPU, or a provisioned unit."""

    provider: Id
    name: Id
    unit: Literal["gpu", "provisioned_unit"]
    gpu: Id | None = None
    """An accelerator of `hardware.yaml`, for a unit that is a GPU."""
    models: list[Id] = []
    """Models that it is sold for; empty means any open model."""
    input_tokens_per_s: Positive | None = None
    """Input-equivalent tokens a second of a provisioned unit."""
    output_weight: Positive | None = None
    """Input tokens that one output token counts for."""
    cached_weight: Share | None = None
    minimum_units: Count = 1
    increment_units: Count = 1
    scale_to_zero: bool = False
    prices: list[CapacityPrice] = []
    gone: Text | None = None
    """Why there is no price, where none is published."""
    note: Text | None = None


class FineTuning(Record):
    """What a provider charges to train, and what the tuned model then costs to call."""

    provider: Id
    model: Id | None = None
    """The base model; absent where the price holds for a range of sizes."""
    params_b_over: Positive | None = None
    params_b_up_to: Positive | None = None
    """Sizes of base model [1e9 weights] that the price holds for."""
    since: date
    until: date | None = None
    checked: date
    usd_per_mtok_training: Positive | None = None
    usd_per_hour_training: Positive | None = None
    inference_usd_per_mtok: Rates | None = None
    """The price of calling the tuned model."""
    inference_multiply: Positive | None = None
    """The same as a factor on the base model's price."""
    retires: date | None = None
    """The day after which the tuned model is not answered for."""
    method: Literal["full", "lora", "rft", "any"] = "any"
    evidence: list[Evidence] = Field(min_length=1)
    note: Text | None = None


class Prices(Record):
    """The whole of `prices.yaml`."""

    schema_: Literal[1] = Field(alias="schema")
    version: Text = "unversioned"
    """Date of the catalog's edition."""
    sources: Sources = {}
    providers: dict[Id, Provider] = {}
    offers: list[Offer] = []
    capacity: list[CapacityOffer] = []
    fine_tuning: list[FineTuning] = []
