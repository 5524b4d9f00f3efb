"""`tco size`."""

from functools import partial
from typing import Annotated, Any

from typer import Argument, Exit

from tco.cli.flags import flags_without
from tco.cli.options import SERVING, VALUES, VOLUME, WHICH, Output, Question, Text, Texts, flag

MODEL = Annotated[
    str | None,
    Argument(metavar="MODEL", help="An open model of the catalog.", show_default=False),
]
Validate = Annotated[
    Text,
    flag(VALUES, "FILE", "Hold the capacity model against measured rows (CSV)."),
]
Demand = Annotated[Text, flag(VOLUME, "N", "What a fleet must serve: 50B, 20 req/s.")]
Counts = Annotated[Texts, flag(WHICH, "N", "GPUs of a replica: 1, 2, 4, 8, 16.")]
Slo = Annotated[Texts, flag(SERVING, "K=T", "Limits: tpot=30ms,ttft=1s.")]
Most = Annotated[Text, flag(SERVING, "N", "Requests in flight in a replica, at most.")]


# MODEL, --demand and --slo say the model, the volume and the limit; without people nobody is paid.
@flags_without(
    *("tokens", "requests", "users", "input_output", "batch", "service", "region", "tokenizer"),
    *("horizon", "model", "provider", "tier", "license", "min_score", "private", "gpus", "option"),
    *("max_tpot", "fte", "salary", "bare"),
)
def size(
    question: Question,
    output: Output,
    model: MODEL = None,
    demand: Demand = None,
    gpus: Counts = None,
    slo: Slo = None,
    concurrency: Most = None,
    validate: Validate = None,
) -> None:
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
        _validate(validate, question, output)
        return
    if model is None:
        raise UsageError("which model? for example tco size llama-3.3-70b")
    from tco.analysis.size import SizeAsk
    from tco.ask.fields import at_least_one
    from tco.cli.answer import answer

    limits = _limits(slo)
    counts = tuple(at_least_one(part) for text in gpus or () for part in text.split(","))
    ask = SizeAsk(counts=counts, max_ttft_s=limits.get("ttft"))
    typed: Any = {**question, "model": [model], "tier": ["self"], **_demand(demand)}
    if concurrency is not None:
        at_least_one(concurrency)
        typed["set"] = [*(typed["set"] or ()), f"serving.max_concurrency={concurrency}"]
    if "tpot" in limits:
        typed["max_tpot"] = f"{limits['tpot']!r}s"
    served: list[bool] = []
    answer(typed, output, partial(_sized, ask, served))
    if not any(served):
        raise Exit(InfeasibleError.exit_code)  # the table says why


def _sized(ask: Any, served: list[bool], inputs: Any) -> Any:
    """Return the answer; `served` is told whether any set-up serves the model."""
    from tco.analysis.size import size as sized

    result = sized(inputs, ask)
    served.append(any(row.feasible for row in result.rows))
    return result


def _demand(text: Text) -> dict[str, Any]:
    """Return a demand as the option of other commands that says it: requests or tokens."""
    from tco.errors import UsageError
    from tco.units import requests_per_month, tokens_per_month

    if text is None:
        return {}
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


def _validate(path: str, question: Question, output: Output) -> None:
    """Hold the capacity model against a file and write the statistics."""
    from tco.analysis.size_validate import size_validation
    from tco.catalog.files import user_file
    from tco.catalog.load import load_catalog
    from tco.catalog.throughput import need_columns, read_table
    from tco.cli.ask import asked
    from tco.cli.deliver import deliver

    said = asked(question, output)
    table = read_table(user_file(path))
    need_columns(table, ("model", "gpu", "weight_dtype", "kv_dtype", "engine", "mode", "isl"))
    need_columns(table, ("osl", "n_gpus", "output_tok_s"))
    deliver(size_validation(load_catalog(said.overlays), list(table.rows)), said.output)
