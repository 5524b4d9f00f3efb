"""What can be asked: each option once, and everything about it.

Flags, `TCO_*` variables, keys of the scenario file and its schema, keywords of `import tco`,
parameters of the MCP server, rows of `tco config show`, completions and `docs/commands.md` are made
from these declarations. Annotations here must be objects, not texts.
"""

from typing import Annotated, TypedDict

from tco import ranges, units
from tco.ask.fields import (
    BILLINGS,
    CLASSES,
    COLORS,
    FORMATS,
    LIFETIMES,
    PARALLEL,
    SERVICES,
    SPECULATIVE,
    TRUST,
    Amount,
    Day,
    Described,
    File,
    Files,
    Name,
    Names,
    Pairs,
    Switch,
    Written,
    at_least_one,
    counted,
    currency,
    day,
    described,
    exchange_rate,
    export,
    fields_of,
    flag,
    key,
    limit,
    one_of,
    overlay,
    positive,
    ratio_of,
    schedule,
    scope,
    score,
    setting,
    several,
    switch,
    text,
    volume,
    whole_gpus,
)

VOLUME = "Volume and traffic"
WHICH = "Which options"
SERVING = "Serving and people"
VALUES = "Values and data"
ANSWER = "Output"

JOBS = "train embed"
"""They are about work, not about how models serve."""
SIZE_JOBS = f"size {JOBS}"
"""`size` has its model said first; nothing is bought there, nobody is paid."""
BOUGHT = "unserved embed"
"""What only matters where tokens are bought to be served."""

CHOOSING = "compare breakeven"
BILLS = f"{CHOOSING} explain"
TOOLS = f"{BILLS} size"


class QuestionOptions(TypedDict, total=False):
    """What is asked: everything that ends up in a `Request`, as it was said."""

    tokens: Annotated[
        Amount,
        flag(VOLUME, "N", "Tokens a month, input and output: 50B, 500M/day."),
        key("workload.tokens", volume(units.tokens_per_month, "{}B", "{}M"), eg="50B"),
        scope(but="embed curve", idle="embed", tools=TOOLS),
    ]
    requests: Annotated[
        Amount,
        flag(VOLUME, "N", "Requests a month: 20M, 20 req/s."),
        key("workload.requests", volume(units.requests_per_month, "'{} req/s'", "{}M"), eg="20M"),
        scope(but="embed curve", idle="embed", tools=TOOLS),
    ]
    users: Annotated[
        Amount,
        flag(VOLUME, "N", "Users, at the profile's requests each: 10k."),
        key("workload.users", units.number, eg="10k"),
        scope(but="embed curve", idle="embed", tools=TOOLS),
    ]
    peak: Annotated[
        Amount,
        flag(VOLUME, "R", "Requests in the busiest hour: 200 req/s."),
        key(
            "workload.peak",
            units.requests_per_s,
            eg="200 req/s",
            doc="Requests of the busiest hour; beside a volume in place of `peak_to_mean`.",
        ),
        scope(but=f"{JOBS} curve", idle=JOBS, tools=TOOLS),
    ]
    profile: Annotated[
        Name,
        flag(VOLUME, "NAME", "Named traffic: lengths, caching, peak.", offers="profiles"),
        key("workload.profile", text, default="general"),
        scope(but="embed", idle="unserved unrented", tools=TOOLS),
    ]
    isl: Annotated[
        Amount,
        flag(VOLUME, "N", "Input tokens of a request."),
        key("workload.isl", positive),
        scope(but="embed", idle=BOUGHT, tools=TOOLS),
    ]
    osl: Annotated[
        Amount,
        flag(VOLUME, "N", "Output tokens of a request."),
        key("workload.osl", positive),
        scope(but="embed", idle=BOUGHT, tools=TOOLS),
    ]
    input_output: Annotated[
        Amount,
        flag(VOLUME, "R", "Input to output tokens: 3:1."),
        key("workload.input_output", ranges.ratio, eg="3:1"),
        scope(but=SIZE_JOBS, idle=BOUGHT),
    ]
    images: Annotated[
        Amount,
        flag(VOLUME, "N", "Images in a request, beside --isl."),
        key("workload.images", units.number, "workload.images_per_request"),
        scope(but=JOBS, idle=BOUGHT),
    ]
    image_tokens: Annotated[
        Amount,
        flag(VOLUME, "N", "Input tokens of an image: 765."),
        key("workload.image_tokens", units.number, "workload.tokens_per_image"),
        scope(but=JOBS, idle=BOUGHT),
    ]
    cached: Annotated[
        Amount,
        flag(VOLUME, "%", "Share of the input read from a cache: 35%."),
        key("workload.cached", units.share, "workload.cached_share"),
        scope(but="embed", idle=BOUGHT, tools=TOOLS),
    ]
    cache_write: Annotated[
        Amount,
        flag(VOLUME, "%", "Share of the input written to a cache: 5%."),
        key("workload.cache_write", units.share, "workload.cache_write_share"),
        scope(but=SIZE_JOBS, idle=BOUGHT),
    ]
    batch: Annotated[
        Amount,
        flag(VOLUME, "%", "Share of requests that can wait for a batch tier."),
        key("workload.batch", units.share, "workload.batch_share"),
        scope(but="size train", idle="unserved"),
    ]
    peak_to_mean: Annotated[
        Amount,
        flag(VOLUME, "X", "Busiest hour over the average hour: 2.5."),
        key("workload.peak_to_mean", units.number, "workload.peak_to_mean"),
        scope(but="train", idle="train unrented", tools=TOOLS),
    ]
    service: Annotated[
        Name,
        flag(VOLUME, "TIER", "Service tier of tokens: flex, priority; where offered."),
        key("buying.service", one_of(*SERVICES), eg="flex"),
        scope(but=SIZE_JOBS, idle=BOUGHT),
    ]
    region: Annotated[
        Name,
        flag(VOLUME, "NAME", "Only what is known to serve a region: eu. At its price there."),
        key("buying.region", text, eg="eu"),
        scope(but=SIZE_JOBS, idle=BOUGHT),
    ]
    cache_ttl: Annotated[
        Name,
        flag(VOLUME, "T", "Lifetime of a cache that is written: 1h; where offered."),
        key("buying.cache_ttl", one_of(*LIFETIMES)),
        scope(but=SIZE_JOBS, idle=BOUGHT),
    ]
    by_day: Annotated[
        Switch,
        flag(VOLUME, None, "The prices of 30 days from --as-of, by their days."),
        key("buying.by_day", switch),
        scope(but=SIZE_JOBS, idle=BOUGHT),
    ]
    tokenizer: Annotated[
        Pairs,
        several(
            VOLUME,
            "MODEL=R",
            "Tokens that a model bought by the token makes of one.",
            offers="models=",
        ),
        key("buying.tokenizers", ratio_of, "tokenizers", eg="[gpt-4.1=1.1]"),
        scope(but=SIZE_JOBS, idle=BOUGHT),
    ]
    currency: Annotated[
        Name,
        flag(VALUES, "CODE", "Money that amounts are shown in: EUR. Takes --fx."),
        key("currency", currency),
    ]
    fx: Annotated[
        Amount,
        flag(VALUES, "RATE", "What a dollar is in it, and on which day: 0.92@2026-11-20."),
        key("fx", exchange_rate),
    ]
    hours_per_month: Annotated[
        Amount,
        flag(VOLUME, "H", "Hours of a month, 730 unless said: 720."),
        key("workload.hours_per_month", positive, "workload.hours_per_month"),
    ]
    horizon: Annotated[
        Amount,
        flag(VOLUME, "T", "How long it is meant to run: 18 months, 3 years."),
        key("horizon", units.months, "horizon.months"),
        scope(but="size"),
    ]
    model: Annotated[
        Names,
        several(WHICH, "NAME", "Only this model; repeat for more.", offers="models"),
        key("select.models", text, "models", eg="[gpt-4.1, llama-3.3-70b]"),
        scope(but="size train", idle="train", tools=CHOOSING),
    ]
    provider: Annotated[
        Names,
        several(WHICH, "NAME", "Only this provider of tokens or GPUs.", offers="providers"),
        key("select.providers", text, "providers", eg="[openai, together]"),
        scope(but="size", tools=CHOOSING),
    ]
    tier: Annotated[
        Names,
        several(
            WHICH, "TIER", "Only api (closed), hosted (open) or self.", offers="api hosted self"
        ),
        key("select.tiers", text, "tiers", eg="[hosted, self]"),
        scope(but="size", tools=CHOOSING),
    ]
    license: Annotated[
        Names,
        several(WHICH, "KIND", "Only permissive, community, ... licences.", offers="licenses"),
        key("select.licenses", text, "licenses", eg="[permissive, community]"),
        scope(but=SIZE_JOBS, idle=JOBS, tools=CHOOSING),
    ]
    min_score: Annotated[
        Pairs,
        flag(WHICH, "B=N", "Only models that reach a score: arena=1400.", offers="benchmarks="),
        key("select.min_score", score, eg="{arena: 1400}"),
        scope(but=SIZE_JOBS, idle=JOBS, tools=CHOOSING),
    ]
    as_good_as: Annotated[
        Name,
        flag(WHICH, "MODEL", "Only models at least as good as this one.", offers="models"),
        key("select.as_good_as", text, eg="gpt-4.1"),
        scope(but=SIZE_JOBS, idle=JOBS, tools=CHOOSING),
    ]
    model_class: Annotated[
        Names,
        several(WHICH, "CLASS", "Only small, mid, flagship models.", "--class"),
        key("select.classes", one_of(*CLASSES), "classes", eg="[small, mid]"),
        scope(but=SIZE_JOBS, idle=JOBS, tools=CHOOSING),
    ]
    min_trust: Annotated[
        Name,
        flag(WHICH, "LEVEL", "Least trust of a price that wins: low, medium, high."),
        key("select.min_trust", one_of(*TRUST), eg="high"),
    ]
    success: Annotated[
        Pairs,
        several(WHICH, "K=%", "How often answers are right: small=80%,mid=93%.", offers="models="),
        key("success", ranges.success, eg="{small: 80%, mid: 93%}"),
        scope(but=f"{SIZE_JOBS} curve", idle=JOBS, tools=BILLS),
    ]
    private: Annotated[
        Switch,
        flag(WHICH, None, "Only what keeps data on your own machines."),
        key("select.private", switch),
        scope(but="size", tools=CHOOSING),
    ]
    gpu: Annotated[
        Names,
        several(WHICH, "NAME", "Only this GPU.", offers="gpus"),
        key("select.gpus", text, "gpus", eg="[h100-sxm, h200-sxm]"),
        scope(idle="unrented", tools=TOOLS),
    ]
    gpus: Annotated[
        Amount,
        flag(WHICH, "N", "Only replicas of so many GPUs."),
        key("select.gpu_count", whole_gpus, "gpu_count", eg="8"),
        scope(but=SIZE_JOBS, idle=JOBS),
    ]
    precision: Annotated[
        Names,
        several(WHICH, "NAME", "Precision of the weights: bf16, fp8, int4.", offers="precisions"),
        key("select.precisions", text, "precisions", eg="[bf16, fp8]"),
        scope(but=JOBS, idle=JOBS, tools="size"),
    ]
    seller: Annotated[
        Names,
        several(WHICH, "NAME", "Only GPUs rented from this company.", offers="sellers"),
        key("select.sellers", text, "sellers", eg="[nebius, runpod]"),
        scope(idle="unrented"),
    ]
    purchase: Annotated[
        Names,
        several(
            WHICH,
            "KIND",
            "on_demand, spot, reserved_1y or _3y, own, dedicated.",
            offers="purchases",
        ),
        key("select.purchases", text, "purchases", default=("on_demand",)),
        scope(idle="unrented", tools=TOOLS),
    ]
    marketplaces: Annotated[
        Switch,
        flag(WHICH, None, "Also GPUs of marketplaces and communities."),
        key("select.marketplaces", switch),
        scope(idle="unrented"),
    ]
    billing: Annotated[
        Name,
        flag(WHICH, "KIND", "GPUs always_on, scheduled, autoscaled or scale_to_zero."),
        key("fleet.billing", one_of(*BILLINGS), eg="autoscaled"),
        scope(but=JOBS),
    ]
    schedule: Annotated[
        Name,
        flag(WHICH, "HOURS", "Opening hours of scheduled GPUs, UTC: mon-fri 08:00-20:00."),
        key("fleet.schedule", schedule),
        scope(but=JOBS),
    ]
    all: Annotated[
        Switch,
        flag(WHICH, None, "Every set-up, not only the cheapest."),
        key("select.all", switch, "all_setups"),
        scope(but=JOBS, idle=JOBS),
    ]
    lines: Annotated[
        Switch,
        flag(WHICH, None, "Work all bills out whole, of more than 200 too."),
        key("select.lines", switch, "all_lines"),
        scope(but=JOBS, idle=JOBS),
    ]
    option: Annotated[
        Described,
        several(WHICH, "SPEC", "An option of your own: NAME:kind=api,input=$2.50,output=$10."),
        key("options", described, "options"),
        scope(but=SIZE_JOBS, idle=JOBS, tools=BILLS),
    ]
    max_tpot: Annotated[
        Amount,
        flag(SERVING, "T", "Slowest token acceptable, mean: 50ms."),
        key("serving.max_tpot", units.seconds, "serving.max_tpot_s"),
        scope(but=JOBS, idle=JOBS, tools=TOOLS),
    ]
    slo: Annotated[
        Pairs,
        several(SERVING, "K=T", "Limits of own GPUs: tpot=30ms,ttft=1s.", offers="tpot= ttft="),
        key(
            "serving.slo",
            limit,
            "settings",
            eg="[ttft=1s]",
            doc="Limits by name: `tpot=40ms,ttft=1s`, or `{tpot: 40ms, ttft: 1s}`.",
        ),
        scope(but=JOBS, idle=JOBS, tools=TOOLS),
    ]
    engine: Annotated[
        Name,
        flag(SERVING, "NAME", "tuned, sglang, default, local, legacy.", offers="engines"),
        key("serving.engine", text, default="tuned"),
        scope(but=JOBS, idle=JOBS, tools="size"),
    ]
    speculative: Annotated[
        Name,
        flag(SERVING, "NAME", "Drafted tokens: mtp, none."),
        key("serving.speculative", counted(*SPECULATIVE), "serving.drafts"),
        scope(but=JOBS, idle=JOBS),
    ]
    parallel: Annotated[
        Name,
        flag(SERVING, "NAME", "tensor, expert, data-attention (of experts)."),
        key("serving.parallel", counted(*PARALLEL, many="--gpus"), "serving.parallel"),
        scope(but=JOBS, idle=JOBS),
    ]
    fte: Annotated[
        Amount,
        flag(SERVING, "N", "Engineers that self-hosting takes: 0.5."),
        key("people.fte", units.number, eg="0.5"),
        scope(but=SIZE_JOBS, idle=JOBS, tools=BILLS),
    ]
    salary: Annotated[
        Amount,
        flag(SERVING, "USD", "One engineer, all costs: $240k/year."),
        key("people.salary", units.usd_per_year, "people.salary_usd_per_year"),
        scope(but=SIZE_JOBS, idle=JOBS),
    ]
    coverage: Annotated[
        Name,
        flag(SERVING, "NAME", "best_effort, business_hours, shared_24x7, dedicated_24x7."),
        key("people.coverage", text, eg="business_hours"),
        scope(but=SIZE_JOBS, idle=JOBS),
    ]
    salary_region: Annotated[
        Name,
        flag(SERVING, "NAME", "Pay where engineers are: us, us_median."),
        key("people.region", text),
        scope(but=SIZE_JOBS, idle=JOBS),
    ]
    site: Annotated[
        Name,
        flag(SERVING, "NAME", "Where bought machines stand: colo, own_dc, desk."),
        key("owning.site", text, eg="colo"),
        scope(but=SIZE_JOBS, idle=JOBS),
    ]
    electricity: Annotated[
        Name,
        flag(SERVING, "NAME", "Where their power is bought: us, texas, eu."),
        key("owning.electricity", text, eg="us"),
        scope(but=SIZE_JOBS, idle=JOBS),
    ]
    ownership: Annotated[
        Name,
        flag(SERVING, "NAME", "How they are written off: annuity, books, straight_line."),
        key("owning.ownership", text, eg="annuity"),
        scope(but=SIZE_JOBS, idle=JOBS),
    ]
    extra_monthly: Annotated[
        Amount,
        flag(SERVING, "USD", "A licence or support contract of self-hosting: $4k/month."),
        key("extra.monthly", units.usd_per_month, "extra.usd_per_month", eg="$4k/month"),
        scope(but=SIZE_JOBS, idle=JOBS),
    ]
    extra_per_gpu: Annotated[
        Amount,
        flag(SERVING, "USD", "The same for each own GPU: $375/month."),
        key("extra.per_gpu", units.usd_per_month, "extra.usd_per_gpu_month", eg="$375/month"),
        scope(but=SIZE_JOBS, idle=JOBS),
    ]
    extra_per_server: Annotated[
        Amount,
        flag(SERVING, "USD", "The same for each own server: $1,500/month."),
        key(
            "extra.per_server", units.usd_per_month, "extra.usd_per_server_month", eg="$1,500/month"
        ),
        scope(but=SIZE_JOBS, idle=JOBS),
    ]
    extra_upfront: Annotated[
        Amount,
        flag(SERVING, "USD", "Capital as a sum, written off over the life: $300k."),
        key("extra.upfront", units.usd, "extra.upfront_usd", eg="$300k"),
        scope(but=SIZE_JOBS, idle=JOBS),
    ]
    without: Annotated[
        Names,
        several(VALUES, "NAME", "Leave out of every bill: people, power, idle, egress."),
        key("without", text, eg="[power]"),
        scope(but="size"),
    ]
    set: Annotated[
        Pairs,
        several(VALUES, "P=V", "Any assumption: serving.headroom=90%.", offers="assumptions="),
        key(
            "settings",
            setting,
            "settings",
            doc="Any assumption by its path: `serving.headroom: 90%`.",
        ),
        scope(tools=TOOLS),
    ]
    bare: Annotated[
        Switch,
        flag(VALUES, None, "As simple calculators: no peak, spare, people, extras."),
        key("bare", switch),
        scope(but=SIZE_JOBS),
    ]
    as_of: Annotated[
        Day,
        flag(VALUES, "DATE", "The day whose prices hold: 2026-03-01."),
        key("as_of", day, eg="2026-03-01"),
        scope(tools=f"{TOOLS} bill"),
    ]
    catalog: Annotated[
        Files,
        several(VALUES, "FILE", "Catalog file laid over the shipped ones."),
        key(
            "catalog",
            overlay,
            eg="[prices-of-ours.yaml]",
            doc="Files laid over the shipped catalogs, looked up from where this file lies.",
        ),
        scope(but="diff"),
    ]
    measured: Annotated[
        Files,
        several(VALUES, "FILE", "Your own measured throughput, see tco import."),
        key(
            "measured",
            overlay,
            eg="[tco-measured.csv]",
            doc="Files of your own measured throughput, looked up from where this file lies.",
        ),
        scope(but=JOBS, idle=JOBS),
    ]
    file: Annotated[
        File, flag(VALUES, "FILE", "Scenario file, for example tco.yaml.", "-f", "--file")
    ]


class Output(TypedDict, total=False):
    """How the answer is written, as it was typed."""

    format: Annotated[
        Name,
        flag(ANSWER, "FMT", "table, json, csv, md, github, llm, focus.", "-o", "--format"),
        key("output.format", Written(FORMATS), default="table"),
    ]
    export: Annotated[
        Names,
        several(
            ANSWER,
            "FMT=PATH",
            "Also a file: json=out.json, html=report.html.",
            offers=" ".join(f"{kind}=" for kind in FORMATS),
        ),
        key("output.export", export, eg="[json=out.json]"),
    ]
    top: Annotated[
        Amount,
        flag(ANSWER, "N", "At most so many rows; 20 in tables."),
        key("output.top", at_least_one, eg="15"),
    ]
    sort: Annotated[
        Name, flag(ANSWER, "KEY", "Order of the rows."), key("output.sort", text, eg="cost")
    ]
    fields: Annotated[
        Names,
        several(ANSWER, "A,B", "Only these columns; a wrong one lists them."),
        key("output.fields", text, eg="[id, tier, monthly_usd]"),
    ]
    assumptions: Annotated[
        Switch,
        flag(ANSWER, None, "Every assumption, on the screen."),
        key("output.assumptions", switch),
    ]
    notes: Annotated[
        Switch,
        flag(ANSWER, None, "Every note, on the screen and on stderr."),
        key("output.notes", switch),
    ]
    color: Annotated[
        Name,
        flag(ANSWER, "WHEN", "auto, always or never."),
        key("output.color", one_of(*COLORS), default="auto"),
    ]
    quiet: Annotated[
        Switch,
        flag(ANSWER, None, "No warnings on stderr.", "-q", "--quiet"),
        key("output.quiet", switch),
    ]


QUESTION = tuple(field for field in fields_of(QuestionOptions).values() if field.key)
"""Everything that a question is made of. A target with a dot is a setting."""

OUTPUT = tuple(fields_of(Output).values())
"""How an answer is written."""


def lacking(command: str) -> tuple[str, ...]:
    """Return the options of a question that a command does not take."""
    return tuple(f.name for f in fields_of(QuestionOptions).values() if command in f.but.split())


def idle(*cases: str) -> tuple[str, ...]:
    """Return the options that have no part in the answers of a command, however they are said.

    Args:
        cases: `train`, `embed`, `unserved` (`train` without a volume), `unrented` (`embed` without
            a model on rented GPUs).
    """
    return tuple(field.name for field in QUESTION if {*cases} & {*field.idle.split()})
