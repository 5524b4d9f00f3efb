"""Options of what is compared, and of own GPUs: limits, engine, people, site, extras."""

from typing import Annotated, TypedDict

from tco import ranges, units
from tco.ask.fields import (
    BILLINGS,
    BILLS,
    CHOOSING,
    CLASSES,
    JOBS,
    PARALLEL,
    SERVING,
    SIZE_JOBS,
    SPECULATIVE,
    TOOLS,
    TRUST,
    WHICH,
    Amount,
    Described,
    Files,
    Name,
    Names,
    Pairs,
    Switch,
    counted,
    described,
    flag,
    key,
    limit,
    one_of,
    positive,
    schedule,
    scope,
    score,
    several,
    switch,
    text,
    whole_gpus,
)


class ServingOptions(TypedDict, total=False):
    """Which options an answer is about; how own machines serve, who runs them, where they stand."""

    model: Annotated[
        Names,
        several(WHICH, "NAME", "Only this model; repeat for more.", offers="models"),
        key("select.models", text, "models", eg="[gpt-4.1, llama-3.3-70b]"),
        scope(but="size train", idle="train", tools=CHOOSING),
    ]
    model_config: Annotated[
        Files,
        several(WHICH, "FILE", "Only this model of yours: its config.json, or OWNER/NAME."),
        key(
            "select.config_files",
            text,
            "model_configs",
            eg="[our-model/config.json]",
            doc="Models that no catalog has: their `config.json`, looked up from where this file "
            "lies, or the name of a hub repository whose file is in the cache of this machine.",
        ),
        scope(but="embed", idle="embed", tools=TOOLS),
    ]
    params: Annotated[
        Amount,
        several(WHICH, "N", "Weights that a --model-config has, where known: 8.03B."),
        key("select.params", positive, eg="[8.03B]"),
        scope(but="embed", idle="embed", tools=TOOLS),
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
        scope(but="size embed", idle="embed", tools=BILLS),
    ]
    max_tpot: Annotated[
        Amount,
        flag(SERVING, "T", "Slowest token acceptable, mean: 50ms."),
        key("serving.max_tpot", units.seconds, "serving.max_tpot_s"),
        scope(but=JOBS, idle=JOBS, tools=TOOLS),
    ]
    slo: Annotated[
        Pairs,
        several(SERVING, "K=T", "Limits of own GPUs: tpot=30ms,ttft_p95=2s.", offers="tpot= ttft="),
        key(
            "serving.slo",
            limit,
            "settings",
            eg="[ttft=1s]",
            doc="Limits by name: `tpot=40ms,ttft=1s`, or `{tpot: 40ms, ttft: 1s}`. `ttft_p50`, "
            "`ttft_p95` and `ttft_p99` are those of the busiest hour: fleets are sized for them.",
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
    kv_pool: Annotated[
        Amount,
        flag(SERVING, "N", "Tokens that a replica's KV cache holds, as its server says: 3.3M."),
        key("serving.kv_pool", positive, "serving.kv_pool_tokens", eg="3.3M"),
        scope(but=JOBS, idle=JOBS, tools="size"),
    ]
    host_cache: Annotated[
        Amount,
        flag(SERVING, "GB", "Host memory behind it, of a replica: 1,500."),
        key("serving.host_cache_gb", units.number, "serving.host_cache_gb", eg="1500"),
        scope(but=JOBS, idle=JOBS, tools="size"),
    ]
    admission_cap: Annotated[
        Switch,
        flag(SERVING, None, "Admitted sessions are limited: count on those kept warm."),
        key("serving.admission_cap", switch, "serving.admission_cap", eg="true"),
        scope(but=JOBS, idle=JOBS, tools="size"),
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
