"""Options of the traffic and of how its tokens are bought."""

from typing import Annotated, TypedDict

from tco import ranges, units
from tco.ask.fields import (
    BOUGHT,
    JOBS,
    LIFETIMES,
    SERVICES,
    SIZE_JOBS,
    TOOLS,
    VOLUME,
    Amount,
    Name,
    Pairs,
    Switch,
    flag,
    hours,
    key,
    one_of,
    positive,
    ratio_of,
    scope,
    several,
    switch,
    text,
    volume,
)


class TrafficOptions(TypedDict, total=False):
    """How much is asked for, of what shape, and how it is bought by the token."""

    tokens: Annotated[
        Amount,
        flag(VOLUME, "N", "Tokens a month, input and output: 50B, 500M/day."),
        key("workload.tokens", volume(units.tokens_per_month, "{}B", "{}M"), eg="50B"),
        scope(but="embed curve", idle="embed", tools=TOOLS),
    ]
    requests: Annotated[
        Amount,
        flag(VOLUME, "N", "Requests a month: 20M, 20 req/s."),
        key("workload.requests", units.requests_per_month, eg="20M"),
        scope(but="embed curve", idle="embed", tools=TOOLS),
    ]
    users: Annotated[
        Amount,
        flag(VOLUME, "N", "Users, at the profile's requests each: 10k."),
        key("workload.users", positive, eg="10k"),
        scope(but="embed curve", idle="embed", tools=TOOLS),
    ]
    developers: Annotated[
        Amount,
        flag(VOLUME, "N", "Developers with a coding agent: 100."),
        key("workload.developers", positive, eg="100"),
        scope(but="embed curve", idle="embed", tools=TOOLS),
    ]
    sessions: Annotated[
        Amount,
        flag(VOLUME, "N", "Open sessions of the whole fleet at its peak: 40."),
        key(
            "workload.sessions",
            positive,
            "workload.sessions.open",
            eg="40",
            doc="Open sessions of the whole fleet at its peak, waiting ones too; never requests in "
            "flight. Without a volume they say it.",
        ),
        scope(but=f"{JOBS} curve", idle=JOBS, tools=TOOLS),
    ]
    turns: Annotated[
        Amount,
        flag(VOLUME, "N", "Turns of a session: 45."),
        key("workload.turns", units.number, "workload.sessions.turns", eg="45"),
        scope(but=JOBS, idle=JOBS),
    ]
    think_time: Annotated[
        Amount,
        flag(VOLUME, "T", "Mean gap between the turns of a session: 30s."),
        key("workload.think_time", units.seconds, "workload.sessions.gap_s", eg="30s"),
        scope(but=JOBS, idle=JOBS),
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
        scope(but="train", idle="unserved"),
    ]
    deadline: Annotated[
        Amount,
        flag(VOLUME, "T", "When work that can wait (--batch) must be done: 24h."),
        key("workload.deadline", hours, "workload.deadline_h", eg="24h"),
        scope(but="train embed", idle="unserved train embed"),
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
