"""What can be asked: each option once, and everything about it.

Flags, `TCO_*` variables, keys of the scenario file and its schema, keywords of `import tco`,
parameters of the MCP server, rows of `tco config show`, completions and `docs/commands.md` are made
from these declarations and those in `declared/`. Annotations here and there must be objects, not
texts. What single commands ask besides stands last.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, TypedDict

from tco import units
from tco.ask.declared.serving import ServingOptions
from tco.ask.declared.traffic import TrafficOptions
from tco.ask.fields import (
    ANSWER,
    COLORS,
    DISCOUNTING,
    FORMATS,
    JOBS,
    SERVING,
    SIZE_JOBS,
    TOOLS,
    VALUES,
    VOLUME,
    WHICH,
    Amount,
    Day,
    Field,
    File,
    Files,
    Name,
    Names,
    Pairs,
    Switch,
    Written,
    at_least_one,
    currency,
    day,
    exchange_rate,
    export,
    fields_of,
    flag,
    grows_by,
    key,
    one_of,
    overlay,
    scope,
    setting,
    several,
    some,
    switch,
    text,
)


class QuestionOptions(TrafficOptions, ServingOptions, total=False):
    """What is asked: everything that ends up in a `Scenario`, as it was said.

    Assumptions, days and files stand here; the rest is in `declared/`.
    """

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


if TYPE_CHECKING:
    Besides = QuestionOptions
else:
    Besides = TypedDict
"""A record of one command holds what it asks besides; a type checker sees the whole, as
`import tco` takes it. Those of all questions and of every answer stand above."""

VARIED = "What varies"
BILL = "What the bill says"

Spread = str | tuple[float, float]
Spreads = str | Sequence[str] | Mapping[str, Spread] | None
"""What is believed of assumptions: `rent.factor=0.7..1.5`, or `{"rent.factor": (0.7, 1.5)}`."""


class CompareOptions(Besides, total=False):
    """What `compare` asks besides the question."""

    frontier: Annotated[
        Switch,
        flag(WHICH, None, "The cheapest for each level of quality, and what it costs."),
        scope(tools="compare"),
    ]


class BreakevenOptions(Besides, total=False):
    """What `breakeven` asks besides A and B."""

    against: Annotated[
        Name,
        flag(VOLUME, "NAME", "The closed model of the overview.", offers="models"),
        scope(tools="breakeven"),
    ]
    over: Annotated[
        Name,
        flag(VARIED, "NAME", "Over something else: price, rent, utilization, peak..."),
        scope(tools="breakeven"),
    ]
    range: Annotated[
        Spread | None,
        flag(VARIED, "L..H", "Only this range of it: 1..4."),
        scope(tools="breakeven"),
    ]
    map: Annotated[Name, flag(VARIED, "X:Y", "Who is cheapest over two variables: volume:rent.")]
    x: Annotated[Name, flag(VARIED, "L..H:N", "Values of X: 1B..1T:log25.", "--x")]
    y: Annotated[Name, flag(VARIED, "L..H:N", "Values of Y: 0.5..2:9.", "--y")]
    among: Annotated[
        Names, several(VARIED, "NAME", "Only between these options; repeat.", offers="options")
    ]
    growth: Annotated[
        Amount, flag(VARIED, "%", "Growth of the volume a month: 5%."), scope(tools="breakeven")
    ]


class HorizonOptions(Besides, total=False):
    """What `horizon` asks besides its options: how the months differ."""

    growth: Annotated[
        Amount,
        flag(VOLUME, "%", "Growth of the volume a month: 5%."),
        key("over_time.growth", grows_by, eg="5%"),
    ]
    discounting: Annotated[
        Name,
        flag(VALUES, "WORD", "When cash counts in today's money: end-of-month, year-end."),
        key("over_time.discounting", one_of(*DISCOUNTING), default=DISCOUNTING[0]),
    ]
    flat_prices: Annotated[
        Switch,
        flag(VALUES, None, "Prices stay as they are: nothing of their history goes on."),
        key("over_time.flat_prices", switch),
    ]


OVER_TIME = tuple(fields_of(HorizonOptions).values())
"""What a scenario file says of the months of `horizon`."""


class SensitivityOptions(Besides, total=False):
    """What `sensitivity` asks besides A and B."""

    grid: Annotated[Name, flag(VARIED, "X:Y", "Who is cheaper, and by how much: rent:peak.")]
    x: Annotated[Name, flag(VARIED, "L..H:N", "Values of X: 1B..1T:log25.", "--x")]
    y: Annotated[Name, flag(VARIED, "L..H:N", "Values of Y: 0.5..2:9.", "--y")]
    draws: Annotated[Amount, flag(VARIED, "N", "Draw everything uncertain so often: 100k.")]
    seed: Annotated[Amount, flag(VARIED, "S", "Same seed, same draws; 1 unless said.")]
    vary: Annotated[
        Spreads,
        several(
            VARIED,
            "P=L..H",
            "What is believed, 5th to 95th percentile: rent.factor=0.7..1.5.",
            offers="assumptions=",
        ),
    ]
    correlate: Annotated[
        Pairs, several(VARIED, "P:Q=R", "Rank correlation: rent.factor:price.hosted_factor=0.6.")
    ]
    what_if: Annotated[
        Names,
        several(VARIED, "TEXT", "Bills under a change: 'api price x3'; repeat."),
        key(
            "what_if",
            text,
            doc="Named changes: `bad times: gpu rent +30%, price cut in half in 12 months`.",
        ),
    ]
    among: Annotated[
        Names, several(VARIED, "NAME", "Only between these options; repeat.", offers="options")
    ]


class PlanOptions(Besides, total=False):
    """What `plan` asks besides the API and the own set-up."""

    curve: Annotated[
        Name, flag(VOLUME, "NAME|FILE", "Hours of a profile, or a file of 24 or 168 loads.")
    ]
    buy: Annotated[Switch, flag(WHICH, None, "Bought GPUs as well.")]


class SizeOptions(TypedDict, total=False):
    """What `size` asks besides the model."""

    demand: Annotated[Amount, flag(VOLUME, "N", "Old name of --tokens or --requests.")]
    gpus: Annotated[
        Amount | Sequence[int],
        several(WHICH, "N", "GPUs of a replica: 1, 2, 4, 8, 16."),
        scope(tools="size"),
    ]
    concurrency: Annotated[
        Amount, flag(SERVING, "N", "Requests in flight in a replica, at most."), scope(tools="size")
    ]


class TrainOptions(Besides, total=False):
    """What `train` asks besides the models."""

    training_tokens: Annotated[Amount, flag(VOLUME, "N", "Tokens of the training set: 100M.")]
    epochs: Annotated[Amount, flag(VOLUME, "N", "Passes over them: 3.")]
    refresh: Annotated[Amount, flag(VOLUME, "T", "Tuned anew so often: 3 months.")]
    method: Annotated[
        Names,
        several(
            WHICH,
            "KIND",
            "Only lora, qlora or full; all of them unless said.",
            offers="lora qlora full",
        ),
    ]
    train_gpus: Annotated[Amount, flag(WHICH, "N", "Only runs on so many GPUs: 8.")]
    lora_rank: Annotated[Amount, flag(SERVING, "N", "Rank of the adapters: 16.")]
    sequence: Annotated[Amount, flag(SERVING, "N", "Tokens of a training text: 4k.")]
    gpu_hours: Annotated[Amount, flag(SERVING, "H", "GPU-hours of a run, as you know them: 12.")]
    train_tokens_per_s: Annotated[
        Amount, flag(SERVING, "N", "Training speed of one GPU, as you measured it: 2,500.")
    ]
    prompt_saved: Annotated[
        Amount, flag(VOLUME, "N", "Input of a request that a tuned model does not need: 1500.")
    ]
    against: Annotated[
        Name, flag(WHICH, "OPTION", "What is used untuned: gpt-4.1.", offers="options")
    ]
    within: Annotated[Amount, flag(SERVING, "T", "Time that a run may take: 24h.")]


class EmbedOptions(Besides, total=False):
    """What `embed` asks of texts."""

    corpus: Annotated[Amount, flag(VOLUME, "N", "Tokens that are embedded once: 10B.")]
    queries: Annotated[Amount, flag(VOLUME, "N", "Queries a month: 5M, 2 req/s.")]
    query_tokens: Annotated[Amount, flag(VOLUME, "N", "Tokens of a query: 200.")]
    params: Annotated[Amount, flag(WHICH, "N", "Weights of a model on rented GPUs: 0.6B.")]


class BillOptions(TypedDict, total=False):
    """What `bill` asks of logs."""

    by: Annotated[
        Name,
        flag(BILL, "GROUP", "model, team, project, key, tag, provider, day, month, ..."),
        scope(tools="bill"),
    ]
    match: Annotated[
        Pairs,
        several(BILL, "NAME=OFFER", "What a model in the logs is: llama=azure/llama-3.3-70b."),
        scope(tools="bill"),
    ]
    invoice: Annotated[
        Amount, flag(BILL, "USD", "An invoice to hold it against."), scope(tools="bill")
    ]
    growth: Annotated[
        Amount, flag(BILL, "G", "Growth for the forecast: 5%/month."), scope(tools="bill")
    ]
    no_elsewhere: Annotated[
        Switch, flag(BILL, None, "Leave out what it would cost elsewhere.", "--no-elsewhere")
    ]
    as_of: Annotated[Day, flag(VALUES, "DATE", "Prices of what has no day, and of months to come.")]


CHECKS = tuple(
    Field(name, f"checks.{name}", read, many=read is some, text=told)
    for name, read, told in (
        ("max_monthly", units.usd_per_month, "The most that the cheapest may cost: `$40k/month`."),
        (
            "max_price_age",
            units.days,
            "How long ago the prices that are shown may have been checked: `90 days`.",
        ),
        ("allow_providers", some, "Companies, of tokens or of GPUs, of which the cheapest may be."),
        ("deny_providers", some, "Companies of which it may not be."),
        (
            "allow_licenses",
            some,
            "`permissive`, `community`, `research`, `proprietary`, `unknown`.",
        ),
        ("deny_licenses", some, "Kinds of licence that it may not have."),
    )
)
"""What can be checked; a scenario file is the only place that says it."""
