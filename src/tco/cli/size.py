"""`tco size`."""

from dataclasses import dataclass, fields
from functools import partial
from typing import Annotated, Any

from typer import Argument, Exit, Option

from tco.cli.flags import flags
from tco.cli.options import SERVING, VALUES, VOLUME, WHICH, Output, Question, Switch, Text, Texts


def _option(panel: str, metavar: str | None, text: str, *names: str) -> Any:
    return Option(*names, metavar=metavar, help=text, rich_help_panel=panel, show_default=False)


MODEL = Annotated[
    str | None,
    Argument(metavar="MODEL", help="An open model of the catalog.", show_default=False),
]
Validate = Annotated[
    str | None,
    _option(VALUES, "FILE", "Hold the capacity model against measured rows (CSV)."),
]


@dataclass(frozen=True, slots=True)
class Sizing:
    """What is asked of set-ups, as it was typed."""

    isl: Annotated[Text, _option(VOLUME, "N", "Input tokens of a request.")] = None
    osl: Annotated[Text, _option(VOLUME, "N", "Output tokens of a request.")] = None
    profile: Annotated[Text, _option(VOLUME, "NAME", "Named traffic: lengths, caching, peak.")] = (
        None
    )
    cached: Annotated[Text, _option(VOLUME, "%", "Share of the input read from a cache: 35%.")] = (
        None
    )
    demand: Annotated[Text, _option(VOLUME, "N", "What a fleet must serve: 50B, 20 req/s.")] = None
    peak_to_mean: Annotated[
        Text, _option(VOLUME, "X", "Busiest hour over the average hour: 2.5.")
    ] = None
    gpu: Annotated[Texts, _option(WHICH, "NAME", "Only this GPU; repeat for more.")] = None
    gpus: Annotated[Texts, _option(WHICH, "N", "GPUs of a replica: 1, 2, 4, 8, 16.")] = None
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
    all: Annotated[Switch, _option(WHICH, None, "Every set-up, not only the short list.")] = None
    slo: Annotated[Texts, _option(SERVING, "K=T", "Limits: tpot=30ms,ttft=1s.")] = None
    concurrency: Annotated[
        Text, _option(SERVING, "N", "Requests in flight in a replica, at most.")
    ] = None
    engine: Annotated[Text, _option(SERVING, "NAME", "tuned, default, local or legacy.")] = None
    measured: Annotated[Texts, _option(VALUES, "FILE", "Measurements of your own (CSV).")] = None
    set: Annotated[Texts, _option(VALUES, "P=V", "Any assumption: serving.kv_bytes=2.")] = None
    as_of: Annotated[Text, _option(VALUES, "DATE", "The day whose prices hold: 2026-03-01.")] = None
    catalog: Annotated[
        Texts, _option(VALUES, "FILE", "Catalog file laid over the shipped ones.")
    ] = None
    file: Annotated[
        Text, _option(VALUES, "FILE", "Scenario file, for example tco.yaml.", "-f", "--file")
    ] = None


@flags
def size(sizing: Sizing, output: Output, model: MODEL = None, validate: Validate = None) -> None:
    """Where a model fits, how fast it serves there, and what that costs at full load.

    \b
      tco size llama-3.3-70b
      tco size gpt-oss-120b --gpu h100-sxm --slo tpot=30ms,ttft=1s
      tco size qwen3-32b --gpu l40s,rtx-4090 --precision int4 --isl 4k --osl 500
      tco size llama-3.3-70b --demand '20 req/s' --measured tco-measured.csv
      tco size --validate measured.csv --format json
    """
    from tco.errors import InfeasibleError, UsageError

    if validate is not None:
        if model is not None:
            raise UsageError("--validate holds the whole model against a file: give no MODEL")
        _validate(validate, sizing, output)
        return
    if model is None:
        raise UsageError("which model? for example tco size llama-3.3-70b")
    from tco.cli.answer import answer

    ask, question = _read(model, sizing)
    served: list[bool] = []
    answer(question, output, partial(_sized, ask, served))
    if not any(served):
        raise Exit(InfeasibleError.exit_code)  # the table says why


def _sized(ask: Any, served: list[bool], inputs: Any) -> Any:
    """Return the answer; `served` is told whether any set-up serves the model."""
    from tco.analysis.size import size as sized

    result = sized(inputs, ask)
    served.append(any(row.feasible for row in result.rows))
    return result


def _read(model: str, sizing: Sizing) -> tuple[Any, Question]:
    """Return what only this command asks, and the rest as a question of the usual kind."""
    from tco.analysis.size import SizeAsk
    from tco.ask.fields import at_least_one

    limits = _limits(sizing.slo)
    counts = [part for text in sizing.gpus or () for part in text.split(",")]
    same = {f.name for f in fields(Sizing)} & Question.__annotations__.keys() - {"gpus"}
    typed: dict[str, Any] = {name: getattr(sizing, name) for name in same}
    if sizing.demand is not None:
        typed |= _demand(sizing.demand)
    if sizing.concurrency is not None:
        at_least_one(sizing.concurrency)
        most = f"serving.max_concurrency={sizing.concurrency}"
        typed["set"] = [*(sizing.set or ()), most]
    if "tpot" in limits:
        typed["max_tpot"] = f"{limits['tpot']!r}s"
    question = Question(model=[model], tier=["self"], **typed)  # type: ignore[typeddict-item]
    read = tuple(at_least_one(count) for count in counts)
    return SizeAsk(counts=read, max_ttft_s=limits.get("ttft")), question


def _demand(text: str) -> dict[str, str]:
    """Return a demand as the option of other commands that says it: requests or tokens."""
    from tco.errors import UsageError
    from tco.units import requests_per_month, tokens_per_month

    kind, read = ("tokens", tokens_per_month)
    if "req" in text.lower():
        kind, read = ("requests", requests_per_month)
    try:
        read(text)
    except UsageError as error:
        raise UsageError(f"--demand: {error}") from None
    return {kind: text}


def _limits(texts: Texts) -> dict[str, float]:
    """Return the limits of `--slo` by name [s]."""
    from tco.errors import UsageError, printable
    from tco.units import seconds

    found: dict[str, float] = {}
    for part in (part for text in texts or () for part in text.split(",")):
        name, equals, value = (cell.strip() for cell in part.partition("="))
        if name not in ("tpot", "ttft") or not equals or not value:
            raise UsageError(f"--slo: {printable(part, 40)!r} is no limit; write tpot=30ms,ttft=1s")
        if name in found:
            raise UsageError(f"--slo: {name} is said twice")
        try:
            found[name] = seconds(value)
        except UsageError as error:
            raise UsageError(f"--slo: {name}: {error}") from None
        if found[name] <= 0:
            raise UsageError(f"--slo: {name}: must be more than 0")
    return found


def _validate(path: str, sizing: Sizing, output: Output) -> None:
    """Hold the capacity model against a file and write the statistics."""
    from tco.analysis.size_validate import size_validation
    from tco.catalog.files import user_file
    from tco.catalog.load import load_catalog
    from tco.catalog.throughput import need_columns, read_table
    from tco.cli.ask import asked
    from tco.cli.deliver import deliver

    said = asked(Question(catalog=sizing.catalog, file=sizing.file), output)
    table = read_table(user_file(path))
    need_columns(table, ("model", "gpu", "weight_dtype", "kv_dtype", "engine", "mode", "isl"))
    need_columns(table, ("osl", "n_gpus", "output_tok_s"))
    deliver(size_validation(load_catalog(said.overlays), list(table.rows)), said.output)
