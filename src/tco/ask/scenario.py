"""The schemas of a user's files: a scenario (`tco.yaml`), and a portfolio of tasks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from tco.catalog.build import Overlay, read_record
from tco.catalog.fields import Limits, Named, Quantity, Record, Score, Text, Texts
from tco.catalog.files import File, user_file
from tco.catalog.tasks import PortfolioPart, Tasks, tasks_of
from tco.catalog.yaml_lines import Document, Loc

# The schema of a scenario file (`tco.yaml`): everything that flags can say, kept in a file.
#
# Quantities are texts in the grammar of `tco.units` (`50B`, `35%`, `$240k/year`) or plain
# numbers. This module checks keys and shapes; what a text means is read where flags are read.


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
    """The lowest score on a benchmark: `arena=1400`; a model's interval has to reach it."""
    as_good_as: Text | None = None
    """Only models at least as good as this one: whose interval reaches its score."""
    classes: Texts | None = None
    """`small`, `mid`, `flagship`; docs/catalog.md has the rule."""
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
    lines: bool | None = None
    """Work all bills out whole, of more than 200 options too."""


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
    select: SelectPart | None = None
    success: dict[Text, Quantity] | Texts | None = None
    """How often models are right at the task, by class or model: `{small: 80%, mid: 93%}`."""
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


class PortfolioDocument(PortfolioPart, ScenarioDocument):
    """The whole of a portfolio file: everything that a scenario has, and the tasks."""


PAIRS = ("serving.slo", "success")
"""Keys that are said as texts, or as a mapping."""


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
        elif key == "settings" or (key in PAIRS and isinstance(value, Mapping)):
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


def load_tasks(path: str) -> Tasks:
    """Return the tasks of a portfolio file.

    Raises:
        DataError: It is missing or wrong; the text begins `file:line:`.
    """
    return tasks_of(*read_record(path, PortfolioDocument))


TASKS = re.compile(rb"^tasks\s*:", re.MULTILINE)


def has_tasks(path: str) -> bool:
    """Return whether a scenario file is a portfolio; a pipe, which is read once only, is none."""
    return Path(path).is_file() and bool(TASKS.search(user_file(path).data))
