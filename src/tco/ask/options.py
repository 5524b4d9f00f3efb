"""What can be asked: each option once, with its type and its help text.

Flags, keywords of `import tco` and parameters of the MCP server are made from these declarations;
`tco.ask.fields` says how each is read. Annotations here must be objects, not texts.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from os import PathLike
from typing import Annotated, Any, NamedTuple, TypedDict

VOLUME = "Volume and traffic"
WHICH = "Which options"
SERVING = "Serving and people"
VALUES = "Values and data"
VARIED = "What varies"

Amount = str | float | None
"""A quantity in the grammar of `tco.units`, or a number in the unit of its field."""
Name = str | None
Names = str | Sequence[str] | None
Switch = bool | None
Pairs = str | Sequence[str] | Mapping[str, str | float] | None
Described = str | Mapping[str, Any] | Sequence[str | Mapping[str, Any]] | None
Spread = str | tuple[float, float]
Spreads = str | Sequence[str] | Mapping[str, Spread] | None
"""What is believed of assumptions: `rent.factor=0.7..1.5`, or `{"rent.factor": (0.7, 1.5)}`."""
Day = str | date | None
File = str | PathLike[str] | None
Files = str | PathLike[str] | Sequence[str | PathLike[str]] | None


class Flag(NamedTuple):
    """How an option is presented.

    Args:
        panel: The heading that it stands under.
        metavar: What stands for its value; None for a switch, which has none.
        text: What it does, in a line.
        names: How it is typed, if not by its name.
        many: It can be said several times.
    """

    panel: str
    metavar: str | None
    text: str
    names: tuple[str, ...] = ()
    many: bool = False


def one(panel: str, metavar: str, text: str, *names: str) -> Flag:
    """Return an option that has one value."""
    return Flag(panel, metavar, text, names)


def several(panel: str, metavar: str, text: str) -> Flag:
    """Return an option that can be said several times."""
    return Flag(panel, metavar, text, many=True)


def switch(panel: str, text: str) -> Flag:
    """Return an option that is on or off."""
    return Flag(panel, None, text)


class QuestionOptions(TypedDict, total=False):
    """What is asked: everything that ends up in a `Request`, as it was said."""

    tokens: Annotated[Amount, one(VOLUME, "N", "Tokens a month, input and output: 50B, 500M/day.")]
    requests: Annotated[Amount, one(VOLUME, "N", "Requests a month: 20M, 20 req/s.")]
    users: Annotated[Amount, one(VOLUME, "N", "Users, at the profile's requests each: 10k.")]
    peak: Annotated[Amount, one(VOLUME, "R", "Requests in the busiest hour: 200 req/s.")]
    profile: Annotated[Name, one(VOLUME, "NAME", "Named traffic: lengths, caching, peak.")]
    isl: Annotated[Amount, one(VOLUME, "N", "Input tokens of a request.")]
    osl: Annotated[Amount, one(VOLUME, "N", "Output tokens of a request.")]
    input_output: Annotated[Amount, one(VOLUME, "R", "Input to output tokens: 3:1.")]
    images: Annotated[Amount, one(VOLUME, "N", "Images in a request, beside --isl.")]
    image_tokens: Annotated[Amount, one(VOLUME, "N", "Input tokens of an image: 765.")]
    cached: Annotated[Amount, one(VOLUME, "%", "Share of the input read from a cache: 35%.")]
    cache_write: Annotated[Amount, one(VOLUME, "%", "Share of the input written to a cache: 5%.")]
    batch: Annotated[Amount, one(VOLUME, "%", "Share of requests that can wait for a batch tier.")]
    peak_to_mean: Annotated[Amount, one(VOLUME, "X", "Busiest hour over the average hour: 2.5.")]

    service: Annotated[
        Name, one(VOLUME, "TIER", "Service tier of tokens: flex, priority; where offered.")
    ]
    region: Annotated[
        Name, one(VOLUME, "NAME", "Region that tokens are bought in: eu; where offered.")
    ]
    cache_ttl: Annotated[
        Name, one(VOLUME, "T", "Lifetime of a cache that is written: 1h; where offered.")
    ]
    by_day: Annotated[Switch, switch(VOLUME, "The prices of 30 days from --as-of, by their days.")]
    tokenizer: Annotated[
        Pairs, several(VOLUME, "MODEL=R", "Tokens that a model bought by the token makes of one.")
    ]
    hours_per_month: Annotated[Amount, one(VOLUME, "H", "Hours of a month, 730 unless said: 720.")]
    horizon: Annotated[Amount, one(VOLUME, "T", "How long it is meant to run: 18 months, 3 years.")]

    model: Annotated[Names, several(WHICH, "NAME", "Only this model; repeat for more.")]
    provider: Annotated[Names, several(WHICH, "NAME", "Only this provider of tokens or GPUs.")]
    tier: Annotated[Names, several(WHICH, "TIER", "Only api (closed), hosted (open) or self.")]
    license: Annotated[Names, several(WHICH, "KIND", "Only permissive, community, ... licences.")]
    min_score: Annotated[Pairs, one(WHICH, "B=N", "Only models with a score: mmlu=85.")]
    min_trust: Annotated[
        Name, one(WHICH, "LEVEL", "Least trust of a price that wins: low, medium, high.")
    ]
    private: Annotated[Switch, switch(WHICH, "Only what keeps data on your own machines.")]
    gpu: Annotated[Names, several(WHICH, "NAME", "Only this GPU.")]
    gpus: Annotated[Amount, one(WHICH, "N", "Only replicas of so many GPUs.")]
    precision: Annotated[
        Names, several(WHICH, "NAME", "Precision of the weights: bf16, fp8, int4.")
    ]
    seller: Annotated[Names, several(WHICH, "NAME", "Only GPUs rented from this company.")]
    purchase: Annotated[
        Names, several(WHICH, "KIND", "on_demand, spot, reserved_1y or _3y, own, dedicated.")
    ]
    marketplaces: Annotated[Switch, switch(WHICH, "Also GPUs of marketplaces and communities.")]
    billing: Annotated[
        Name, one(WHICH, "KIND", "GPUs always_on, scheduled, autoscaled or scale_to_zero.")
    ]
    schedule: Annotated[
        Name, one(WHICH, "HOURS", "Opening hours of scheduled GPUs, UTC: mon-fri 08:00-20:00.")
    ]
    all: Annotated[Switch, switch(WHICH, "Every set-up, not only the cheapest.")]
    option: Annotated[
        Described,
        several(WHICH, "SPEC", "An option of your own: NAME:kind=api,input=$2.50,output=$10."),
    ]

    max_tpot: Annotated[Amount, one(SERVING, "T", "Slowest token acceptable, mean: 50ms.")]
    slo: Annotated[Pairs, several(SERVING, "K=T", "Limits of own GPUs: tpot=30ms,ttft=1s.")]
    engine: Annotated[Name, one(SERVING, "NAME", "tuned, sglang, default, local, legacy.")]
    speculative: Annotated[Name, one(SERVING, "NAME", "Drafted tokens: mtp, none.")]
    parallel: Annotated[Name, one(SERVING, "NAME", "tensor, expert, data-attention (of experts).")]
    fte: Annotated[Amount, one(SERVING, "N", "Engineers that self-hosting takes: 0.5.")]
    salary: Annotated[Amount, one(SERVING, "USD", "One engineer, all costs: $240k/year.")]

    coverage: Annotated[
        Name, one(SERVING, "NAME", "best_effort, business_hours, shared_24x7, dedicated_24x7.")
    ]
    salary_region: Annotated[Name, one(SERVING, "NAME", "Pay where engineers are: us, us_median.")]
    site: Annotated[Name, one(SERVING, "NAME", "Where bought machines stand: colo, own_dc, desk.")]
    electricity: Annotated[
        Name, one(SERVING, "NAME", "Where their power is bought: us, texas, eu.")
    ]
    ownership: Annotated[
        Name, one(SERVING, "NAME", "How they are written off: annuity, books, straight_line.")
    ]

    extra_monthly: Annotated[
        Amount, one(SERVING, "USD", "A licence or support contract of self-hosting: $4k/month.")
    ]
    extra_per_gpu: Annotated[Amount, one(SERVING, "USD", "The same for each own GPU: $375/month.")]
    extra_per_server: Annotated[
        Amount, one(SERVING, "USD", "The same for each own server: $1,500/month.")
    ]
    extra_upfront: Annotated[
        Amount, one(SERVING, "USD", "Capital as a sum, written off over the life: $300k.")
    ]

    without: Annotated[
        Names, several(VALUES, "NAME", "Leave out of every bill: people, power, idle, egress.")
    ]
    set: Annotated[Pairs, several(VALUES, "P=V", "Any assumption: serving.headroom=90%.")]
    bare: Annotated[
        Switch, switch(VALUES, "As simple calculators: no peak, spare, people, extras.")
    ]
    as_of: Annotated[Day, one(VALUES, "DATE", "The day whose prices hold: 2026-03-01.")]
    catalog: Annotated[Files, several(VALUES, "FILE", "Catalog file laid over the shipped ones.")]
    measured: Annotated[
        Files, several(VALUES, "FILE", "Your own measured throughput, see tco import.")
    ]
    file: Annotated[
        File, one(VALUES, "FILE", "Scenario file, for example tco.yaml.", "-f", "--file")
    ]


class BreakevenOptions(TypedDict, total=False):
    """What `breakeven` asks besides A and B."""

    against: Annotated[Name, one(VOLUME, "NAME", "The closed model of the overview.")]
    over: Annotated[
        Name, one(VARIED, "NAME", "Over something else: price, rent, utilization, peak...")
    ]
    range: Annotated[Spread | None, one(VARIED, "L..H", "Only this range of it: 1..4.")]
    map: Annotated[Name, one(VARIED, "X:Y", "Who is cheapest over two variables: volume:rent.")]
    x: Annotated[Name, one(VARIED, "L..H:N", "Values of X: 1B..1T:log25.", "--x")]
    y: Annotated[Name, one(VARIED, "L..H:N", "Values of Y: 0.5..2:9.", "--y")]
    among: Annotated[Names, several(VARIED, "NAME", "Only between these options; repeat.")]
    growth: Annotated[Amount, one(VARIED, "%", "Growth of the volume a month: 5%.")]


class HorizonOptions(TypedDict, total=False):
    """What `horizon` asks besides its options."""

    growth: Annotated[Amount, one(VOLUME, "%", "Growth of the volume a month: 5%.")]
    discounting: Annotated[
        Name, one(VALUES, "WORD", "When cash counts in today's money: end-of-month, year-end.")
    ]
    flat_prices: Annotated[
        Switch, switch(VALUES, "Prices stay as they are: nothing of their history goes on.")
    ]


class SensitivityOptions(TypedDict, total=False):
    """What `sensitivity` asks besides A and B."""

    grid: Annotated[Name, one(VARIED, "X:Y", "Who is cheaper, and by how much: rent:peak.")]
    x: Annotated[Name, one(VARIED, "L..H:N", "Values of X: 1B..1T:log25.", "--x")]
    y: Annotated[Name, one(VARIED, "L..H:N", "Values of Y: 0.5..2:9.", "--y")]
    draws: Annotated[Amount, one(VARIED, "N", "Draw everything uncertain so often: 100k.")]
    seed: Annotated[Amount, one(VARIED, "S", "Same seed, same draws; 1 unless said.")]
    vary: Annotated[
        Spreads,
        several(
            VARIED, "P=L..H", "What is believed, 5th to 95th percentile: rent.factor=0.7..1.5."
        ),
    ]
    correlate: Annotated[
        Pairs,
        several(VARIED, "P:Q=R", "Rank correlation: rent.factor:price.hosted_factor=0.6."),
    ]
    what_if: Annotated[
        Names, several(VARIED, "TEXT", "Bills under a change: 'api price x3'; repeat.")
    ]
    among: Annotated[Names, several(VARIED, "NAME", "Only between these options; repeat.")]


class PlanOptions(TypedDict, total=False):
    """What `plan` asks besides the API and the own set-up."""

    curve: Annotated[
        Name, one(VOLUME, "NAME|FILE", "Hours of a profile, or a file of 24 or 168 loads.")
    ]
    buy: Annotated[Switch, switch(WHICH, "Bought GPUs as well.")]


class SizeOptions(TypedDict, total=False):
    """What `size` asks besides the model."""

    demand: Annotated[Amount, one(VOLUME, "N", "Old name of --tokens or --requests.")]
    gpus: Annotated[
        Amount | Sequence[int], several(WHICH, "N", "GPUs of a replica: 1, 2, 4, 8, 16.")
    ]
    concurrency: Annotated[Amount, one(SERVING, "N", "Requests in flight in a replica, at most.")]


class TrainOptions(TypedDict, total=False):
    """What `train` asks besides the models."""

    training_tokens: Annotated[Amount, one(VOLUME, "N", "Tokens of the training set: 100M.")]
    epochs: Annotated[Amount, one(VOLUME, "N", "Passes over them: 3.")]
    refresh: Annotated[Amount, one(VOLUME, "T", "Tuned anew so often: 3 months.")]
    method: Annotated[Names, several(WHICH, "KIND", "Only lora or full; both unless said.")]
    within: Annotated[Amount, one(SERVING, "T", "Time that a run may take: 24h.")]


class EmbedOptions(TypedDict, total=False):
    """What `embed` asks of texts."""

    corpus: Annotated[Amount, one(VOLUME, "N", "Tokens that are embedded once: 10B.")]
    queries: Annotated[Amount, one(VOLUME, "N", "Queries a month: 5M, 2 req/s.")]
    query_tokens: Annotated[Amount, one(VOLUME, "N", "Tokens of a query: 200.")]
    params: Annotated[Amount, one(WHICH, "N", "Weights of a model on rented GPUs: 0.6B.")]


class BillOptions(TypedDict, total=False):
    """What `bill` asks of logs, for agents."""

    by: Annotated[Name, one(VALUES, "GROUP", "Sum by: model, team, key, tag, day, month.")]
    match: Annotated[Pairs, several(VALUES, "NAME=OFFER", "What a model in the logs is.")]
    invoice: Annotated[Amount, one(VALUES, "USD", "An invoice to hold it against.")]
    growth: Annotated[Amount, one(VALUES, "G", "Growth for the forecast: 5%/month.")]


_IDLE_IN_JOBS = (
    *(
        "license",
        "min_score",
        "gpus",
        "precision",
        "option",
        "all",
        "max_tpot",
        "slo",
        "engine",
        "speculative",
        "parallel",
        "fte",
    ),
    *("salary", "coverage", "salary_region", "site", "electricity", "ownership", "measured"),
    *("extra_monthly", "extra_per_gpu", "extra_per_server", "extra_upfront"),
)
_BOUGHT_AS = (
    *("input_output", "image_tokens", "images", "cache_write", "service", "region", "tokenizer"),
    *("cache_ttl", "by_day"),
)
_NOT_OF_JOBS = (*_IDLE_IN_JOBS, *_BOUGHT_AS, "billing", "schedule", "bare")
NOT_OF_TRAIN = (*_NOT_OF_JOBS, "model", "peak", "peak_to_mean", "batch")
NOT_OF_EMBED = (
    *_NOT_OF_JOBS,
    *("tokens", "requests", "users", "peak", "profile", "isl", "osl", "cached"),
)
"""What `train` and `embed` do not ask: they are about work, not about how models serve."""

IDLE_IN_TRAIN = (*_IDLE_IN_JOBS, "model", "peak", "peak_to_mean")
IDLE_UNSERVED = ("profile", "isl", "osl", "cached", "batch", *_BOUGHT_AS)
"""What else `train` has no use for unless a volume is given."""

IDLE_IN_EMBED = (
    *(*_IDLE_IN_JOBS, *_BOUGHT_AS),
    *("tokens", "requests", "users", "peak", "isl", "osl", "cached"),
)
IDLE_UNRENTED = ("gpu", "seller", "purchase", "marketplaces", "profile", "peak_to_mean")
"""What else `embed` has no use for unless a model on rented GPUs is described."""

NOT_OF_SIZE = (
    *("input_output", "batch", "service", "region", "tokenizer"),
    *("cache_write", "cache_ttl", "by_day"),
    *("horizon", "model", "provider", "tier", "license", "min_score", "private", "gpus", "option"),
    *(
        "fte",
        "salary",
        "coverage",
        "salary_region",
        "site",
        "electricity",
        "ownership",
        "extra_monthly",
        "extra_per_gpu",
        "extra_per_server",
        "extra_upfront",
        "without",
        "bare",
    ),
)
"""What `size` does not ask: MODEL says the model; nothing is bought, nobody is paid."""
