"""The options that commands share. Each acts through `tco.cli.fields`, which says what it means.

Annotations here must be objects, not texts: `tco.cli.flags` hands them to typer.
"""

from dataclasses import dataclass
from typing import Annotated, Any

from typer import Option

VOLUME = "Volume and traffic"
WHICH = "Which options"
SERVING = "Serving and people"
VALUES = "Values and data"
OUTPUT = "Output"

Text = str | None
Texts = list[str] | None
Switch = bool | None


def _option(panel: str, metavar: str | None, text: str, *names: str) -> Any:
    return Option(*names, metavar=metavar, help=text, rich_help_panel=panel, show_default=False)


@dataclass(eq=False, repr=False)
class Question:
    """What is asked: everything that ends up in a `Request`, as it was typed."""

    tokens: Annotated[
        Text, _option(VOLUME, "N", "Tokens a month, input and output: 50B, 500M/day.")
    ] = None
    requests: Annotated[Text, _option(VOLUME, "N", "Requests a month: 20M, 20 req/s.")] = None
    users: Annotated[Text, _option(VOLUME, "N", "Users, at the profile's requests each: 10k.")] = (
        None
    )
    profile: Annotated[Text, _option(VOLUME, "NAME", "Named traffic: lengths, caching, peak.")] = (
        None
    )
    isl: Annotated[Text, _option(VOLUME, "N", "Input tokens of a request.")] = None
    osl: Annotated[Text, _option(VOLUME, "N", "Output tokens of a request.")] = None
    input_output: Annotated[Text, _option(VOLUME, "R", "Input to output tokens: 3:1.")] = None
    cached: Annotated[Text, _option(VOLUME, "%", "Share of the input read from a cache: 35%.")] = (
        None
    )
    batch: Annotated[
        Text, _option(VOLUME, "%", "Share of requests that can wait for a batch tier.")
    ] = None
    peak_to_mean: Annotated[
        Text, _option(VOLUME, "X", "Busiest hour over the average hour: 2.5.")
    ] = None

    service: Annotated[
        Text, _option(VOLUME, "TIER", "Service tier of tokens: flex, priority; where offered.")
    ] = None
    region: Annotated[
        Text, _option(VOLUME, "NAME", "Region that tokens are bought in: eu; where offered.")
    ] = None
    tokenizer: Annotated[
        Texts, _option(VOLUME, "MODEL=R", "Tokens that a model bought by the token makes of one.")
    ] = None
    horizon: Annotated[
        Text, _option(VOLUME, "T", "How long it is meant to run: 18 months, 3 years.")
    ] = None

    model: Annotated[Texts, _option(WHICH, "NAME", "Only this model; repeat for more.")] = None
    provider: Annotated[Texts, _option(WHICH, "NAME", "Only this provider of tokens or GPUs.")] = (
        None
    )
    tier: Annotated[Texts, _option(WHICH, "TIER", "Only api (closed), hosted (open) or self.")] = (
        None
    )
    license: Annotated[
        Texts, _option(WHICH, "KIND", "Only permissive, community, ... licences.")
    ] = None
    min_score: Annotated[Text, _option(WHICH, "B=N", "Only models with a score: mmlu=85.")] = None
    private: Annotated[
        Switch, _option(WHICH, None, "Only what keeps data on your own machines.")
    ] = None
    gpu: Annotated[Texts, _option(WHICH, "NAME", "Only this GPU.")] = None
    gpus: Annotated[Text, _option(WHICH, "N", "Only replicas of so many GPUs.")] = None
    precision: Annotated[
        Texts, _option(WHICH, "NAME", "Precision of the weights: bf16, fp8, int4.")
    ] = None
    seller: Annotated[Texts, _option(WHICH, "NAME", "Only GPUs rented from this company.")] = None
    purchase: Annotated[
        Texts, _option(WHICH, "KIND", "on_demand, spot, reserved_1y or _3y, own, dedicated.")
    ] = None
    marketplaces: Annotated[
        Switch, _option(WHICH, None, "Also GPUs of marketplaces and communities.")
    ] = None
    all: Annotated[Switch, _option(WHICH, None, "Every set-up, not only the cheapest.")] = None
    option: Annotated[
        Texts,
        _option(WHICH, "SPEC", "An option of your own: NAME:kind=api,input=$2.50,output=$10."),
    ] = None

    max_tpot: Annotated[Text, _option(SERVING, "T", "Slowest token acceptable, mean: 50ms.")] = None
    engine: Annotated[Text, _option(SERVING, "NAME", "tuned, sglang, default, local, legacy.")] = (
        None
    )
    fte: Annotated[Text, _option(SERVING, "N", "Engineers that self-hosting takes: 0.5.")] = None
    salary: Annotated[Text, _option(SERVING, "USD", "One engineer, all costs: $240k/year.")] = None

    set: Annotated[Texts, _option(VALUES, "P=V", "Any assumption: serving.headroom=90%.")] = None
    bare: Annotated[
        Switch, _option(VALUES, None, "As simple calculators: no peak, spare, people, extras.")
    ] = None
    as_of: Annotated[Text, _option(VALUES, "DATE", "The day whose prices hold: 2026-03-01.")] = None
    catalog: Annotated[
        Texts, _option(VALUES, "FILE", "Catalog file laid over the shipped ones.")
    ] = None
    measured: Annotated[
        Texts, _option(VALUES, "FILE", "Your own measured throughput, see tco import.")
    ] = None
    file: Annotated[
        Text, _option(VALUES, "FILE", "Scenario file, for example tco.yaml.", "-f", "--file")
    ] = None


@dataclass(eq=False, repr=False)
class Output:
    """How the answer is written, as it was typed."""

    format: Annotated[Text, _option(OUTPUT, "FMT", "table, json, csv or md.", "-o", "--format")] = (
        None
    )
    export: Annotated[
        Texts, _option(OUTPUT, "FMT=PATH", "Also write it to a file: json=out.json.")
    ] = None
    top: Annotated[Text, _option(OUTPUT, "N", "At most so many rows; 20 in tables.")] = None
    sort: Annotated[Text, _option(OUTPUT, "KEY", "Order of the rows.")] = None
    fields: Annotated[
        Texts, _option(OUTPUT, "A,B", "Only these columns; a wrong one lists them.")
    ] = None
    color: Annotated[Text, _option(OUTPUT, "WHEN", "auto, always or never.")] = None
    quiet: Annotated[Switch, _option(OUTPUT, None, "No warnings on stderr.", "-q", "--quiet")] = (
        None
    )
