"""Options of own GPUs: limits, engine, people, site, extras."""

from typing import Annotated, TypedDict

from tco import units
from tco.ask.fields import (
    BILLS,
    JOBS,
    PARALLEL,
    SERVING,
    SIZE_JOBS,
    SPECULATIVE,
    TOOLS,
    Amount,
    Name,
    Pairs,
    Switch,
    counted,
    flag,
    key,
    limit,
    positive,
    scope,
    several,
    switch,
    text,
)


class ServingOptions(TypedDict, total=False):
    """How own machines serve, who runs them, where they stand."""

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
