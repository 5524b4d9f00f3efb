"""Options of what is compared: models, sellers, GPUs, and what is described."""

from typing import Annotated, TypedDict

from tco import ranges
from tco.ask.fields import (
    BILLINGS,
    BILLS,
    CHOOSING,
    CLASSES,
    JOBS,
    SIZE_JOBS,
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
    described,
    flag,
    key,
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


class WhichOptions(TypedDict, total=False):
    """Which options an answer is about."""

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
