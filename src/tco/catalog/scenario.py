"""The schemas of a user's files: a scenario (`tco.yaml`), and a portfolio of tasks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, WithJsonSchema

from tco.catalog.build import Overlay, read_record
from tco.catalog.fields import Id, NotNegative, Record, Text
from tco.catalog.files import File, user_file
from tco.catalog.yaml_lines import Document, Loc

# The schema of a scenario file (`tco.yaml`): everything that flags can say, kept in a file.
#
# Quantities are texts in the grammar of `tco.units` (`50B`, `35%`, `$240k/year`) or plain
# numbers. This module checks keys and shapes; what a text means is read where flags are read.


def _quantity(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("a number or a text such as 50B is expected")
    return value


def _texts(value: Any) -> Any:
    listed = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str) and one.strip() for one in listed):
        raise ValueError("a name or a list of names is expected")
    return value


def _named(value: Any) -> Any:
    if value == []:
        raise ValueError("a list without a name checks nothing; name one, or leave it out")
    return _texts(value)


def _limits(value: Any) -> Any:
    pairs = value.values() if isinstance(value, dict) and value else None
    if pairs is not None and all(isinstance(one, str) and one.strip() for one in pairs):
        return value
    if pairs is not None or not isinstance(value, str | list):
        raise ValueError("limits are expected, such as tpot=40ms,ttft=1s")
    return _texts(value)


def _score(value: Any) -> Any:
    pair = isinstance(value, dict) and len(value) == 1
    if not pair and not isinstance(value, str):
        raise ValueError("one benchmark and its lowest score are expected, such as mmlu=85")
    return value


Quantity = Annotated[
    float | str, PlainValidator(_quantity), WithJsonSchema({"type": ["number", "string"]})
]
TEXT = {"type": "string", "minLength": 1}
Texts = Annotated[
    str | list[str],
    PlainValidator(_texts),
    WithJsonSchema({"anyOf": [TEXT, {"type": "array", "items": TEXT}]}),
]
LIMITED = {"type": "object", "minProperties": 1, "additionalProperties": TEXT}
Limits = Annotated[
    str | list[str] | dict[str, str],
    PlainValidator(_limits),
    WithJsonSchema({"anyOf": [TEXT, {"type": "array", "items": TEXT}, LIMITED]}),
]
NAMES = {"type": "array", "items": TEXT, "minItems": 1}
Named = Annotated[
    str | list[str],
    PlainValidator(_named),
    WithJsonSchema({"anyOf": [TEXT, NAMES]}),
]
SCORES = {
    "type": "object",
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": {"type": "number"},
}
Score = Annotated[
    str | dict[str, float],
    PlainValidator(_score),
    WithJsonSchema({"anyOf": [TEXT, SCORES]}),
]


class WorkloadPart(Record):
    """The month: its volume by one of `tokens`, `requests`, `users`, `peak`; its requests."""

    tokens: Quantity | None = None
    """Input and output tokens: `50B`, `500M/day`."""
    requests: Quantity | None = None
    """`20M`, `20 req/s`."""
    users: Quantity | None = None
    """At as many requests each as the profile says."""
    peak: Quantity | None = None
    """Requests of the busiest hour: `200 req/s`; beside a volume in place of `peak_to_mean`."""
    profile: Text | None = None
    """Named traffic; `tco catalog list profiles`."""
    isl: Quantity | None = None
    """Input tokens of a request."""
    osl: Quantity | None = None
    """Output tokens of a request."""
    input_output: Quantity | None = None
    """Input to output tokens: `3:1`."""
    images: Quantity | None = None
    """Images in a request, beside `isl`."""
    image_tokens: Quantity | None = None
    """Input tokens that an image counts as."""
    cached: Quantity | None = None
    """Share of the input read from a cache: `35%`."""
    cache_write: Quantity | None = None
    """Share of the input written to a cache: `5%`."""
    batch: Quantity | None = None
    """Share of the requests that can wait for a batch tier."""
    peak_to_mean: Quantity | None = None
    """Busiest hour over the average hour."""
    hours_per_month: Quantity | None = None
    """Hours of a month: 730 unless said, `720`."""


class BuyingPart(Record):
    """How tokens are bought, where an offer has a price for it."""

    service: Literal["flex", "priority", "fast", "ultrafast", "spot"] | None = None
    region: Text | None = None
    cache_ttl: Literal["5m", "1h", "12h", "24h"] | None = None
    """How long a cache that is written lives."""
    by_day: bool | None = None
    """Weigh the prices of the 30 days from `as_of` by their days, for those of the one day."""
    tokenizers: Texts | None = None
    """Tokens that a model's tokenizer makes of one that the volume counts: `gpt-4.1=1.1`."""


class SelectPart(Record):
    """Only these; a key that is left out lets everything through."""

    models: Texts | None = None
    providers: Texts | None = None
    tiers: Texts | None = None
    """`api` (closed), `hosted` (open), `self`."""
    licenses: Texts | None = None
    min_score: Score | None = None
    """The lowest score on a benchmark: `mmlu=85`."""
    min_trust: Literal["low", "medium", "high"] | None = None
    """Least trust of a price that wins."""
    private: bool | None = None
    """Only what keeps data on one's own machines."""
    gpus: Texts | None = None
    gpu_count: Quantity | None = None
    """Only replicas of so many GPUs."""
    precisions: Texts | None = None
    sellers: Texts | None = None
    """Companies that GPUs are rented from."""
    purchases: Texts | None = None
    """`on_demand`, `spot`, `reserved_1y`, `reserved_3y`, `own`, `dedicated`."""
    marketplaces: bool | None = None
    """Also rents of marketplaces and community hosts."""
    all: bool | None = None
    """Every set-up, not only the cheapest of each model."""


class FleetPart(Record):
    """When own GPUs are on."""

    billing: Literal["always_on", "scheduled", "autoscaled", "scale_to_zero"] | None = None
    schedule: Text | None = None
    """Opening hours of scheduled ones, in UTC: `mon-fri 08:00-20:00`."""


class ServingPart(Record):
    """How self-hosted models are run."""

    max_tpot: Quantity | None = None
    """The slowest token that is acceptable, mean over a request: `50ms`."""
    slo: Limits | None = None
    """Limits by name: `tpot=40ms,ttft=1s`, or `{tpot: 40ms, ttft: 1s}`."""
    engine: Text | None = None
    """`tuned`, `sglang`, `default`, `local`, `legacy`, `legacy-rocm`."""
    speculative: Text | None = None
    """Tokens that are drafted: `mtp`, `none`."""
    parallel: Text | None = None
    """How experts are cut over GPUs: `tensor`, `expert`, `data-attention`."""


class PeoplePart(Record):
    """Who looks after it."""

    fte: Quantity | None = None
    """Engineers that self-hosting takes."""
    salary: Quantity | None = None
    """One engineer with taxes and benefits: `$240k/year`."""
    region: Text | None = None
    """Where they are paid: `us`, `us_median`."""
    coverage: Text | None = None
    """`best_effort`, `business_hours`, `shared_24x7`, `dedicated_24x7`."""


class OwningPart(Record):
    """Where bought machines stand."""

    site: Text | None = None
    """`colo`, `own_dc`, `desk`."""
    electricity: Text | None = None
    """Where their power is bought: `us`, `texas`, `eu`."""
    ownership: Text | None = None
    """How they are written off: `annuity`, `books`, `straight_line`."""


class ExtraPart(Record):
    """Plain sums of self-hosting: a licence, a support contract, capital."""

    monthly: Quantity | None = None
    """Once a month: `$4k/month`."""
    per_gpu: Quantity | None = None
    """For each own GPU on the invoice: `$375/month`."""
    per_server: Quantity | None = None
    """For each own server: `$1,500/month`."""
    upfront: Quantity | None = None
    """On the first day, written off over the life of bought GPUs: `$300k`."""


class OverTimePart(Record):
    """How the months of `tco horizon` differ."""

    growth: Quantity | None = None
    """What the volume grows by in a month: `5%`, `-2%`."""
    discounting: Literal["end-of-month", "year-end"] | None = None
    """When cash counts in today's money."""
    flat_prices: bool | None = None
    """Prices stay as they are: nothing of their history goes on."""


class OptionPart(Record):
    """A way to serve the month that no catalog has."""

    name: Text
    kind: Literal["api", "hosted", "self", "own", "fixed", "provisioned"]
    model: Text | None = None
    """The model of the catalog that it serves."""
    input: Quantity | None = None
    """`$2.50/Mtok`."""
    output: Quantity | None = None
    cached: Quantity | None = None
    """Price of input read from the cache; left out, it costs as much as other input."""
    cache_write: Quantity | None = None
    """Price of input written to the cache; left out, it costs as much as other input."""
    reasoning: Quantity | None = None
    """Price of hidden reasoning; left out, it costs as much as other output."""
    above: dict[Text, dict[Text, Quantity] | Text] | Text | None = None
    """What longer requests pay: `{200k: {input: $4, output: $18}}`, or `200k: 2x`."""
    batch_discount: Quantity | None = None
    tiers: dict[Text, Quantity] | Text | None = None
    """Volume and what is taken off beyond it: `{10B: 5%, 100B: 20%}`."""
    tier_kind: Literal["graduated", "cliff"] | None = None
    """The discount holds for the tokens beyond a limit, or for all of them once it is passed."""
    commit: Quantity | None = None
    """Least that is paid for tokens: `$50k/month`."""
    gpu: Text | None = None
    gpus: Quantity | None = None
    """GPUs of one replica."""
    precision: Text | None = None
    rent: Quantity | None = None
    """`$2.10/gpu-h`."""
    gpu_usd: Quantity | None = None
    """Price of a GPU that is bought, alone: `$1,900`."""
    server_usd: Quantity | None = None
    """The same with its share of the machine."""
    watts: Quantity | None = None
    """Rated power of one GPU with its share of the machine: `600 W`."""
    instance_gpus: Quantity | None = None
    """The smallest number of GPUs that can be rented."""
    output_tokens_per_s: Quantity | None = None
    """Throughput of one replica, output only."""
    tokens_per_s: Quantity | None = None
    """Throughput of one replica, input and output; of a provisioned unit, in input tokens."""
    unit_price: Quantity | None = None
    """Price of a provisioned unit: `$1/h`, `$260/month`."""
    output_weight: Quantity | None = None
    """Input tokens that one output token counts for."""
    cached_weight: Quantity | None = None
    """Input tokens that one read from the cache counts for; left out, there is no credit."""
    minimum: Quantity | None = None
    increment: Quantity | None = None
    """Numbers that provisioned units are sold in."""
    usd_per_month: Quantity | None = None
    capacity: Quantity | None = None
    """Tokens a month that one `fixed` set-up serves."""


class ChecksPart(Record):
    """What an answer must keep to: `tco compare` and `tco plan` exit 1 when it does not."""

    max_monthly: Quantity | None = None
    """The most that the cheapest may cost: `$40k/month`."""
    max_price_age: Quantity | None = None
    """How long ago the prices that are shown may have been checked: `90 days`."""
    allow_providers: Named | None = None
    """Companies, of tokens or of GPUs, of which the cheapest may be."""
    deny_providers: Named | None = None
    """Companies of which it may not be."""
    allow_licenses: Named | None = None
    """`permissive`, `community`, `research`, `proprietary`, `unknown`."""
    deny_licenses: Named | None = None
    """Kinds of licence that it may not have."""


class OutputPart(Record):
    """How the answer is written."""

    format: Literal["table", "json", "csv", "md", "github", "llm", "focus"] | None = None
    export: Texts | None = None
    """`json=out.json`."""
    top: Quantity | None = None
    sort: Text | None = None
    fields: Texts | None = None
    color: Literal["auto", "always", "never"] | None = None
    assumptions: bool | None = None
    notes: bool | None = None
    quiet: bool | None = None


class ScenarioDocument(Record):
    """The whole of a scenario file; a section may be left empty."""

    version: Literal[1] = 1
    workload: WorkloadPart | None = None
    buying: BuyingPart | None = None
    horizon: Quantity | None = None
    """How long it is meant to run: `18 months`, `3 years`."""
    over_time: OverTimePart | None = None
    select: SelectPart | None = None
    fleet: FleetPart | None = None
    serving: ServingPart | None = None
    people: PeoplePart | None = None
    owning: OwningPart | None = None
    extra: ExtraPart | None = None
    settings: dict[Text, Quantity] | None = None
    """Any assumption by its path: `serving.headroom: 90%`."""
    options: list[OptionPart] | None = None
    what_if: Texts = []
    """Named changes: `bad times: gpu rent +30%, price cut in half in 12 months`."""
    catalog: Texts = []
    """Files laid over the shipped catalogs, looked up from where this file lies."""
    measured: Texts = []
    """Files of your own measured throughput, looked up from where this file lies."""
    data: Overlay | None = None
    """The same, written here: `offers`, `models`, `accelerators`, `rentals` and so on."""
    without: Texts = []
    """What to leave out of every bill: `people`, `power`, `idle`, `egress` and so on."""
    bare: bool | None = None
    """Leave out what simple calculators leave out: peak, spare, people, extras."""
    as_of: Text | None = None
    """The day whose prices hold, `YYYY-MM-DD`."""
    checks: ChecksPart | None = None
    output: OutputPart | None = None


class ScenarioFile:
    """A scenario file that has been read, with the line of everything it says."""

    def __init__(self, document: Document) -> None:
        """Keep the document."""
        self._document = document

    def items(self, key: str) -> Iterator[tuple[Any, str, str]]:
        """Return every value of a key such as `select.models`: value, `file:line`, and name.

        Settings and limits come as pairs of name and value, catalogs as paths or files.
        """
        loc: Loc = tuple(key.split("."))
        value = self._at(loc)
        if isinstance(value, list):
            parts = [(one, (*loc, i)) for i, one in enumerate(value)]
        elif key == "settings" or (key == "serving.slo" and isinstance(value, Mapping)):
            parts = [((path, one), (*loc, path)) for path, one in (value or {}).items()]
        else:
            parts = [] if value is None else [(value, loc)]
        if key == "catalog":
            parts = [*self._overlays(parts)]
        if key == "measured":
            parts = [(self._beside(name), at) for name, at in parts]
        for one, at in parts:
            place = f"{self._document.path}:{self._document.line(at)}"
            yield one, place, ".".join(str(part) for part in at)

    def _at(self, loc: Loc) -> Any:
        here: Any = self._document.value
        for part in loc:
            here = here.get(part) if isinstance(here, Mapping) else None
        return here

    def _beside(self, name: str) -> Path:
        """Return a path looked up from where the scenario lies."""
        return Path(self._document.path).parent / name

    def _overlays(self, named: list[tuple[Any, Loc]]) -> Iterator[tuple[Path | File, Loc]]:
        """Return the files named, looked up from where the scenario lies, and its own sections."""
        for name, loc in named:
            yield self._beside(name), loc
        sections = self._at(("data",))
        if sections:
            # JSON is YAML, so that they are read like any other overlay.
            text = json.dumps({"schema": 1, **sections})
            yield File(self._document.path, text.encode()), ("data",)


def load_scenario(path: str) -> ScenarioFile:
    """Return what a scenario file says, its keys and shapes checked.

    Raises:
        DataError: It is missing or wrong; the text begins `file:line:`.
    """
    if has_tasks(path):
        return ScenarioFile(read_record(path, PortfolioDocument)[1])
    return ScenarioFile(read_record(path, ScenarioDocument)[1])


TASKS = re.compile(rb"^tasks\s*:", re.MULTILINE)


def has_tasks(path: str) -> bool:
    """Return whether a scenario file is a portfolio; a pipe, which is read once only, is none."""
    return Path(path).is_file() and bool(TASKS.search(user_file(path).data))


# The schema of a portfolio: a scenario file with tasks, and how each of them may be served.
#
# Quantities are texts in the grammar of `tco.units` or plain numbers, as in every scenario file.
# `tco.catalog.tasks` reads what they mean and holds tasks and cascades against each other.


def _batch(value: object) -> object:
    if not isinstance(value, bool | int | float | str):
        raise ValueError("true, false or a share such as 80% is expected")
    return value


Batch = Annotated[
    bool | float | str,
    PlainValidator(_batch),
    WithJsonSchema({"type": ["boolean", "number", "string"]}),
]


class CallPart(Record):
    """What one call beside the task itself costs: at a price, or of a model on some tokens."""

    usd_per_request: Quantity | None = None
    model: Text | None = None
    """A model of the catalog or an option of this file; its cheapest offer is taken."""
    isl: Quantity | None = None
    """Input tokens of a call; the input and output of the task when it is left out."""
    osl: Quantity | None = None
    """Output tokens of a call; 10 when it is left out."""


class CascadePart(Record):
    """Try a model first, and hand on what a judge does not accept."""

    try_: Text = Field(alias="try")
    """A model, or another cascade."""
    escalate: Quantity
    """Share of the requests that is handed on: yours to measure, no benchmark knows it."""
    to: Text
    """A model, or another cascade."""
    judge: CallPart | None = None
    """Who decides, on every request that was tried."""


class TaskPart(Record):
    """A class of requests that are alike, and what an answer to them needs."""

    name: Id
    requests: Quantity | None = None
    """A month: `400k`, `2 req/s`."""
    tokens: Quantity | None = None
    """The volume in tokens instead."""
    share: Quantity | None = None
    """The volume as a share of `requests` at the top of the file instead."""
    profile: Text | None = None
    """Named traffic for what is left out below; `general` unless the file says another."""
    isl: Quantity | None = None
    """Input tokens of a request."""
    osl: Quantity | None = None
    """Output tokens of a request, hidden reasoning included."""
    cached: Quantity | None = None
    """Share of the input that a cache serves."""
    peak_to_mean: Quantity | None = None
    peak: Quantity | None = None
    """Requests of its busiest hour in place of `peak_to_mean`: `5 req/s`."""
    hours: list[NotNegative] | None = None
    """Loads of the 24 hours of a day or the 168 of a week, in place of `peak_to_mean`."""
    batch: Batch | None = None
    """It can wait for a batch tier: `true`, or the share of the requests that can; as `--batch`
    says when left out."""
    max_tpot: Quantity | None = None
    """The slowest token that is acceptable from own GPUs, mean over a request: `30ms`."""
    slo: Limits | None = None
    """Limits by name: `tpot=40ms,ttft=1s`."""
    private: bool = False
    """Its data stays on own machines."""
    licenses: Texts = []
    """`permissive`, `community`, `research`, `proprietary`."""
    quality: dict[Id, float] = {}
    """Benchmark or own evaluation, and the lowest score on it that will do."""
    models: Texts = []
    """Only these; empty means any model that does what is asked here."""
    providers: Texts = []
    """Only these companies by the token."""
    cascades: Texts = []
    """Cascades that may serve it in place of a single model."""


class ScorePart(Record):
    """An own evaluation: what a model scored on it."""

    model: Text
    benchmark: Id
    value: float
    source: Text
    """Who measured it and when."""


class PortfolioDocument(ScenarioDocument):
    """The whole of a portfolio file: everything that a scenario has, and the tasks."""

    tasks: list[TaskPart] = Field(min_length=1)
    requests: Quantity | None = None
    """All requests of a month, of which tasks are shares."""
    cascades: dict[Id, CascadePart] = {}
    router: CallPart | None = None
    """Who decides which task a request belongs to, on every request."""
    scores: list[ScorePart] = []
    against: Text | None = None
    """The model that everything would otherwise be sent to; what the plan is held against."""
