"""The answers, as plain records: what every format prints and what the JSON contracts describe.

Numbers are unrounded; `None` stands for what does not exist, never for zero.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import MISSING, field, fields
from functools import cache
from typing import Any, Literal

from tco.catalog.lookup import ModelClass
from tco.engine.ledger import TokenPrices
from tco.engine.replica import FirstTokens
from tco.money import Money
from tco.options.scenario import LimitState
from tco.records import dataclass

Tier = Literal["api", "hosted", "self"]
Origin = Literal["given", "catalog", "assumed"]
Band = tuple[float, float]
OpenBand = tuple[float, float | None]
"""An interval whose end is None when it has none."""


@dataclass(frozen=True, kw_only=True)
class CatalogStamp:
    """Which data an answer rests on."""

    version: str
    sha256: str
    as_of: str
    """The day whose prices were used, `YYYY-MM-DD`."""
    until: str | None
    """The last day whose prices were used, where a whole month was asked for."""
    oldest_price: str | None
    """When the oldest price that was used was last checked, `YYYY-MM-DD`."""


@dataclass(frozen=True, kw_only=True)
class WorkloadResult:
    """The month that was asked about."""

    profile: str
    tokens_per_month: float
    requests_per_month: float
    isl: float
    osl: float
    input_tokens: float
    cached_input_tokens: float
    output_tokens: float
    cached_share: float
    batch_share: float
    peak_to_mean: float
    peak_requests_per_s: float


@dataclass(frozen=True, kw_only=True)
class BillLine:
    """One item of a bill: quantity times rate."""

    item: str
    group: Literal["tokens", "compute", "power", "people", "other"]
    quantity: float
    unit: str
    rate_usd: float
    amount_usd: float
    origin: Origin
    source: str
    date: str | None
    """When the source was read, `YYYY-MM-DD`."""


@dataclass(frozen=True, kw_only=True)
class Breakdown:
    """A bill in a few figures, which sum to it [USD/month]."""

    tokens: float
    compute: float
    """GPUs as far as they are used."""
    idle: float
    """GPUs as far as they are not, and what they draw meanwhile: paid for, and serves nothing."""
    people: float
    power: float
    """What is drawn to serve; of GPUs that are bought."""
    other: float


@dataclass(frozen=True, kw_only=True)
class EnergyResult:
    """What a fleet draws and what that emits."""

    kwh_per_month: float
    wh_per_request: float | None
    kg_co2_per_month: float
    g_co2_per_request: float | None
    basis: str


@dataclass(frozen=True, kw_only=True)
class UtilizationResult:
    """How much of what is paid for is used, three ways."""

    slots: float
    token_capacity: float
    paid_hours: float


@dataclass(frozen=True, kw_only=True)
class ReplicaResult:
    """What one replica sustains, and how that is known."""

    gpus: int
    precision: str
    concurrency: float
    requests_per_s: float
    output_tokens_per_s: float
    tpot_s: float | None
    evidence: str
    """`given`, or the capacity model and its profile."""
    band: Band
    """Low and high true throughput over the predicted one, 80 %."""
    ttft_s: Band | None = None
    """First token at capacity, between a request that waits for nobody and a batch at once."""


@dataclass(frozen=True, kw_only=True)
class ScalingResult:
    """When a fleet is on that is not always on."""

    billing: Literal["scheduled", "autoscaled", "scale_to_zero"]
    hours: str
    """Whose hours its load follows."""
    billed_gpus: float
    """GPUs whose hour is on the invoice, in the average hour of the month."""
    on_gpus: float
    """GPUs of replicas that are on, in the average hour."""
    open_hours_per_week: float
    starts_per_month: float | None
    """Cold starts of a fleet that scales to zero."""
    waiting_share: float | None
    """Share of the requests that wait for such a start."""
    cold_start_s: float | None


TrustLevel = Literal["low", "medium", "high"]


@dataclass(frozen=True, kw_only=True)
class ModelQuality:
    """How good a model is, as far as a public score, or one of the user's own, tells."""

    benchmark: str
    value: float
    low: float | None
    high: float | None
    """Its 95 % interval; None for a figure that an article prints without."""
    date: str | None
    """The day that it holds of, `YYYY-MM-DD`."""
    source: str
    effort: str | None = None
    """The reasoning effort that it was measured at: a bill of ordinary requests lacks the tokens
    that such an effort takes."""


@dataclass(frozen=True, kw_only=True)
class OptionResult:
    """One way to serve the month.

    Where there are more than a screen or a file can hold, all but the cheapest have key figures
    alone: `monthly_usd`, `gpus` and `trust`; what they lack is at its default.
    """

    id: str
    tier: Tier
    model: str
    provider: str
    hardware: str | None = None
    gpus: float | None = None
    """GPUs on the invoice."""
    replicas: float | None = None
    feasible: bool
    reasons: tuple[str, ...] = ()
    """Why it is infeasible."""
    notes: tuple[str, ...] = ()
    monthly_usd: float | None = None
    usd_per_mtok: float | None = None
    band_usd: OpenBand | None = None
    """At the ends of the throughput band, limits kept; no high end where they cannot be."""
    breakdown: Breakdown | None = None
    energy: EnergyResult | None = None
    upfront_usd: float | None = None
    """Cash on the first day; None where nothing is bought. Its cost a month is in `lines`."""
    utilization: UtilizationResult | None = None
    replica: ReplicaResult | None = None
    price_checked: str | None = None
    lines: tuple[BillLine, ...] = ()
    scaling: ScalingResult | None = None
    """None for what is always on."""
    slo: dict[str, LimitState] = field(default_factory=dict)
    """How the limits that were given are kept, by name: `tpot`, `ttft`."""
    trust: TrustLevel = "low"
    """How far its price can be trusted; of own GPUs, their rent. Throughput has its own band."""
    trust_reasons: tuple[str, ...] = ()
    """Why, what weighs most first."""
    sureness: str = ""
    """How sure the price is, in a few words: its witnesses, age, what is scheduled."""
    usd_per_success: float | None = None
    """What a right answer costs where it was said how often the model is right: the month over its
    requests, each asked until it is right [USD/request]."""
    usd_per_developer_month: float | None = None
    """The month over the developers, or users of a profile of sessions [USD/month]."""
    success: float | None = None
    """How often it is right, as was said [1]."""
    class_: ModelClass = "unknown"
    """Of the model, by the rule in docs/catalog.md; `class` in JSON."""
    quality: ModelQuality | None = None
    """None where nobody has measured it, or the option does not say which model it serves."""
    token_prices: TokenPrices | None = None
    first_token: FirstTokens | None = None
    """Both of own GPUs alone; the second where one is explained."""

    @property
    def brief(self) -> bool:
        """Return whether it has key figures alone."""
        return self.feasible and self.breakdown is None


@dataclass(frozen=True, kw_only=True)
class AssumptionResult:
    """One value that entered the answer, and who said so."""

    path: str
    title: str
    value: float | str
    unit: str
    origin: Origin
    source: str
    judgment: bool


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """What every answer says besides its figures: a part of each of them, see `members`."""

    schema: str
    catalog: CatalogStamp
    verdict: str
    """The answer in a few sentences."""
    assumptions: tuple[AssumptionResult, ...]
    warnings: tuple[str, ...]
    best: str | None = None
    """The answer: the cheapest whose price is sure enough; None where nothing is chosen."""
    cheaper_but_unsure: tuple[str, ...] = ()
    """What costs less, but whose price is not sure enough."""
    min_trust: TrustLevel = "medium"
    """Least trust of a price that is sure enough."""
    asked: tuple[str, ...] = ()
    """The question as flags, as it was typed: what a command about the same month carries along."""
    minor: int = 0
    """So many of `warnings`, the last ones, turn nothing: a screen counts them."""
    currency: Money | None = None
    """None, and not written, where all is in dollars."""


HEAD, WORDS = ("schema", "catalog"), ("verdict", "assumptions", "warnings")


@cache
def members(record: Hashable) -> tuple[str, ...]:
    """Return the fields of a record in the order in which they are written.

    An answer begins with its schema and catalog; what it always has goes before its words, what it
    may have after them, and what the envelope may have stands last.
    """
    kind: Any = record
    every = fields(kind)
    if not issubclass(kind, Envelope):
        return tuple(f.name for f in every)
    carried = [f.name for f in fields(Envelope)]
    own = [f for f in every if f.name not in carried]
    needed = [f.name for f in own if f.default is MISSING and f.default_factory is MISSING]
    rest = [f.name for f in own if f.name not in needed]
    last = [name for name in carried if name not in (*HEAD, *WORDS)]
    return (*HEAD, *needed, *WORDS, *rest, *last)


CheckState = Literal["passed", "failed", "unknown"]
"""`unknown` could not be told, which is not passed."""


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """One check of a scenario file, held against the answer."""

    rule: str
    state: CheckState
    message: str
    file: str
    line: int
    """Where the scenario file says it."""


@dataclass(frozen=True, kw_only=True)
class Flip:
    """A single change that would turn the answer."""

    path: str
    title: str
    now: float
    needed: float | None
    """None when no value of it would do."""
    unit: str
    text: str
    against: str | None = None
    """What B is held against, where that is not A: a closed model of the same class."""


@dataclass(frozen=True, kw_only=True)
class EscalationStep:
    """One option that requests come to, and how often it is asked."""

    option: str
    success: float
    """How often it is right, as was said [1]."""
    asked: float
    """How often it is asked for a request of the month [1]."""


@dataclass(frozen=True, kw_only=True)
class EscalationResult:
    """What one option gets wrong is asked of the next, and of the last one until it is right."""

    steps: tuple[EscalationStep, ...]
    monthly_usd: float
    usd_per_success: float


@dataclass(frozen=True, kw_only=True)
class CompareResult(Envelope):
    """What a month costs, every way there is to serve it, cheapest first."""

    schema: Literal["tco.compare/1"] = "tco.compare/1"
    workload: WorkloadResult
    options: tuple[OptionResult, ...]
    """Feasible ones by cost, then infeasible ones."""
    shown: tuple[str, ...]
    """Ids of the options on the short list, which a table prints when nothing was selected."""
    considered: int
    """Options that can serve the month, more than `options` where only a short list was priced."""
    checks: tuple[CheckResult, ...] = ()
    pair: tuple[str, ...] = ()
    """Ids of what `turns` is about: what is bought, and own GPUs; empty without one of them."""
    turns: tuple[Flip, ...] = ()
    """Single changes that would turn the cheaper one of `pair`, each alone."""
    escalations: tuple[EscalationResult, ...] = ()
    """Where it was said how often models are right: one option after another, cheapest first."""


@dataclass(frozen=True, kw_only=True)
class OwnBegins:
    """From which volume own GPUs are cheaper than one thing that can be bought."""

    class_: ModelClass
    own: str
    """The open model that own GPUs serve."""
    against: str
    """What is bought instead."""
    same_weights: bool
    tokens_per_month: float | None
    """None where own GPUs are cheaper at no volume."""


@dataclass(frozen=True, kw_only=True)
class CompareVolumes(Envelope):
    """What a month costs at several volumes, where none was said; assumptions of the largest."""

    schema: Literal["tco.compare-volumes/1"] = "tco.compare-volumes/1"
    profile: str
    volumes: tuple[CompareResult, ...]
    """A whole answer each, the smallest volume first."""
    begins: tuple[OwnBegins, ...]
    """Where own GPUs begin to win, class by class."""


@dataclass(frozen=True, kw_only=True)
class VolumeResult:
    """A volume in other words."""

    tokens_per_month: float
    a_usd: float
    """What A costs then [USD/month]: the API bill from which the other option is cheaper."""
    requests_per_day: float
    peak_requests_per_s: float
    months: float | None
    """Until today's volume has grown to it; None when no growth was said, or it never does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakevenResult(Envelope):
    """From which volume B is cheaper than A."""

    schema: Literal["tco.breakeven/1"] = "tco.breakeven/1"
    a: str
    b: str
    resolved: tuple[str, ...]
    """What shorter names were taken to mean."""
    same_weights: bool | None
    """A and B serve the same model; if not, quality differs; None when one does not say."""
    variable: str
    unit: str
    wins: tuple[OpenBand, ...]
    first: float | None
    sure: float | None
    about: Band | None
    now: float | None
    """The volume asked about, where one was given."""
    now_wins: bool | None
    a_usd: float | None
    b_usd: float | None
    """Both bills at that volume."""
    never_because: str | None
    flips: tuple[Flip, ...]
    envelope: tuple[str, ...] = ()
    """Set-ups of a name that stands for several: `wins`, `first`, `sure` are of the cheapest of
    them at each volume. Everything else is of `a` and `b`, which are the cheapest at `now`."""
    distance: float | None = None
    """The crossing nearest to today's volume, over that, less 1 [share]."""
    first_is: VolumeResult | None = None
    """Where the cheaper one first changes: as a bill of A, requests a day, months of growth."""


@dataclass(frozen=True, kw_only=True)
class BothAt:
    """Two bills at the volume that was asked about."""

    tokens: float
    a_usd: float
    b_usd: float
    """Of the set-up that is the answer at that volume [USD/month]."""
    b: str
    """That set-up."""


@dataclass(frozen=True, kw_only=True)
class BreakevenRow:
    """One line of the overview: a model on its cheapest set-ups against one alternative."""

    model: str
    a: str
    b: str
    """The set-up that is cheaper at the lowest volume, or comes nearest."""
    same_weights: bool | None
    wins: tuple[OpenBand, ...]
    """Where the cheapest set-up of each volume is cheaper than A."""
    first: float | None
    sure: float | None
    about: Band | None
    never_because: str | None
    at: BothAt | None = None
    """None where no volume was given."""
    class_: ModelClass = "unknown"
    """Of the model, and of A unless it was named or no closed one of the class is known."""


@dataclass(frozen=True, kw_only=True)
class BreakevenTable(Envelope):
    """For each open model, self-hosting against its cheapest host and against a closed model."""

    schema: Literal["tco.breakeven-table/1"] = "tco.breakeven-table/1"
    against: str
    """The closed model that was named; else those of the classes of the models, by commas."""
    variable: str
    unit: str
    rows: tuple[BreakevenRow, ...]
    left_out: tuple[str, ...]
    """Open models that cannot be compared, each with the reason."""
    pair: tuple[str, ...] = ()
    """Ids of what `turns` is about, of the model that comes nearest: its host, and own GPUs."""
    turns: tuple[Flip, ...] = ()
    """Single changes that turn which of the pair is cheaper at the volume asked about."""


@dataclass(frozen=True, kw_only=True)
class SwingResult:
    """What one assumption does to the difference between two options."""

    path: str
    title: str
    unit: str
    value: float
    low: float
    high: float
    origin: Origin
    source: str
    judgment: bool
    at_low_usd: float | None
    """B less A with the assumption at `low`; None where one of them serves nothing [USD/month]."""
    at_high_usd: float | None
    swing_usd: float | None
    flips_at: float | None
    """The value within its range at which the cheaper one changes."""
    at_low_tokens: float | None = None
    """Smallest volume from which B is cheaper with the assumption at `low` [token/month]."""
    at_high_tokens: float | None = None
    swing_tokens: float | None = None
    """None where B never is cheaper at one of the ends."""
    impossible: str | None = None
    """What serves nothing at one of the ends, in words."""


@dataclass(frozen=True, kw_only=True)
class SensitivityResult(Envelope):
    """Which assumption moves the answer, largest swing first."""

    schema: Literal["tco.sensitivity/1"] = "tco.sensitivity/1"
    a: str
    b: str
    resolved: tuple[str, ...]
    same_weights: bool | None
    a_usd: float
    b_usd: float
    difference_usd: float
    """B less A."""
    rows: tuple[SwingResult, ...]
    turns: tuple[Flip, ...] = ()
    """What would turn the answer, each change alone: the volume, and beyond the ranges too."""


@dataclass(frozen=True, kw_only=True)
class ExplainResult(Envelope):
    """Every term of one bill."""

    schema: Literal["tco.explain/1"] = "tco.explain/1"
    workload: WorkloadResult
    option: OptionResult
    resolved: tuple[str, ...]
    steps: tuple[str, ...]
    """How the quantities came about, one formula with its numbers each."""
    sources: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class FrontierPoint:
    """The cheapest way to be as good as this: nothing cheaper is as good."""

    option: str
    model: str
    tier: Tier
    class_: ModelClass
    """`class` in JSON."""
    monthly_usd: float
    usd_per_mtok: float | None
    quality: ModelQuality
    trust: TrustLevel
    trust_reasons: tuple[str, ...]
    more_usd: float | None
    """What it costs beyond the point before [USD/month]; None for the first."""
    usd_per_point: float | None
    """The same for each point of score that it is better."""
    apart: bool | None
    """Its interval lies above that of the point before; None for the first, or without intervals.
    Where it does not, the two cannot be told apart."""


@dataclass(frozen=True, kw_only=True)
class DominatedOption:
    """An option that something else beats: as good or better, at no higher price."""

    option: str
    model: str
    tier: Tier
    monthly_usd: float
    quality: ModelQuality
    by: str
    """The cheapest point of the frontier that is as good."""


@dataclass(frozen=True, kw_only=True)
class FrontierResult(Envelope):
    """The cheapest price for each level of quality, and what each further point costs."""

    schema: Literal["tco.frontier/1"] = "tco.frontier/1"
    workload: WorkloadResult
    benchmark: str
    points: tuple[FrontierPoint, ...]
    """By cost, and so by score."""
    dominated: tuple[DominatedOption, ...]
    """Of each other model and tier its answer, by cost."""
    unscored: tuple[str, ...]
    """Options of models that nobody has measured, which are placed nowhere."""
