"""`tco import bench`: measurements of your own."""

from typing import Annotated, Any

import typer

from tco.ask.fields import VALUES
from tco.ask.options import Output, QuestionOptions
from tco.cli.options import Command, Group, Switch, Text, Texts, flag, flags, word
from tco.records import dataclass

MEASURED = "What the file does not say"
DEFAULT_FILE = "tco-measured.csv"

HELP = """Bring your own measurements, and have every command use them.

\b
  tco import bench result.json --gpu h100-sxm --gpus 2 --precision fp8
  tco size llama-3.3-70b --measured tco-measured.csv
"""

import_ = typer.Typer(
    cls=Group,
    help=HELP,
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

FILE = Annotated[str, word("FILE", "A benchmark's JSON.")]


@dataclass(frozen=True, slots=True)
class Owner:
    """What the owner of a file adds to it, as it was typed."""

    model: Annotated[Text, flag(MEASURED, "NAME", "The model of the catalog.")] = None
    gpu: Annotated[Text, flag(MEASURED, "NAME", "The GPU of the catalog.")] = None
    gpus: Annotated[Text, flag(MEASURED, "N", "All GPUs that worked on it.")] = None
    tp: Annotated[Text, flag(MEASURED, "N", "Tensor-parallel GPUs of a replica.")] = None
    pp: Annotated[Text, flag(MEASURED, "N", "Pipeline stages of a replica.")] = None
    replicas: Annotated[Text, flag(MEASURED, "N", "Copies of the model.")] = None
    precision: Annotated[Text, flag(MEASURED, "NAME", "Precision of the weights.")] = None
    kv_precision: Annotated[Text, flag(MEASURED, "NAME", "Precision of the KV cache.")] = None
    engine: Annotated[Text, flag(MEASURED, "NAME", "vLLM, SGLang, TensorRT-LLM, ...")] = None
    engine_version: Annotated[Text, flag(MEASURED, "TEXT", "Its version.")] = None
    isl: Annotated[Text, flag(MEASURED, "N", "Input tokens of a request, mean.")] = None
    osl: Annotated[Text, flag(MEASURED, "N", "Output tokens of a request, mean.")] = None
    concurrency: Annotated[Text, flag(MEASURED, "N", "Requests in flight, mean.")] = None
    date: Annotated[Text, flag(MEASURED, "DATE", "When it was measured: 2026-11-21.")] = None
    to: Annotated[
        Text, flag(VALUES, "FILE", f"Where measurements are kept; {DEFAULT_FILE} if not said.")
    ] = None
    dry_run: Annotated[Switch, flag(VALUES, None, "Read and tell, but write nothing.")] = None
    catalog: Annotated[Texts, flag(VALUES, "FILE", "Catalog file laid over the shipped ones.")] = (
        None
    )


class OfTools(Command):
    """A command whose help names the tools whose files are read, from the list of them."""

    def __getattribute__(self, name: str) -> Any:
        """Return an attribute; of the help text with the tools in it."""
        found = super().__getattribute__(name)
        if name != "help":
            return found
        from textwrap import fill

        from tco.catalog.benches.formats import tools

        first, _, rest = found.partition("\n")
        return fill(f"{first} {', '.join(tools())}.", 78, break_on_hyphens=False) + f"\n{rest}"


@flags
def bench(owner: Owner, output: Output, file: FILE) -> None:
    """Take over what a benchmark measured, from a result file of

    \b
      tco import bench result.json --gpu h100-sxm --gpus 2 --precision fp8 --engine vLLM
      tco import bench benchmarks.json --dry-run

    What the file does not say is asked for. Nothing uses the measurements until a command is given
    the file with --measured, or a scenario file names it.
    """
    from tco.cli.answer import deliver, given_by

    said = given_by(QuestionOptions(catalog=owner.catalog), output)
    deliver(_imported(file, owner, said), said.output)


def _imported(file: str, owner: Owner, options: Any) -> Any:
    """Return what was read, after writing it down."""
    from tco.analysis import import_bench as benches
    from tco.catalog.benches.read import read_bench
    from tco.catalog.files import merged, save, user_file
    from tco.catalog.load import load_catalog

    catalog = load_catalog(options.overlays)
    found = read_bench(user_file(file))
    rows, notes = benches.measured_rows(catalog, found, _answers(owner))
    to = owner.to or DEFAULT_FILE
    text, actions = merged(to, rows)
    if not owner.dry_run:
        save(to, text)
    expected = benches.predictions(catalog, rows)
    return benches.ImportResult(
        tool=found.tool,
        file=found.path,
        to=to,
        rows=tuple(
            benches.ImportedRow(
                model=row["model"],
                gpu=row["gpu"],
                gpus=int(row["n_gpus"]),
                precision=row["weight_dtype"],
                engine=row["engine"],
                isl=float(row["isl"]),
                osl=float(row["osl"]),
                concurrency=float(row["concurrency"]),
                output_tokens_per_s=float(row["output_tok_s"]),
                predicted_tokens_per_s=model,
                ratio=None if model is None else float(row["output_tok_s"]) / model,
                action="none" if owner.dry_run else action,
            )
            for row, model, action in zip(rows, expected, actions, strict=True)
        ),
        warnings=(*notes, *benches.far_off(rows, expected)),
    )


def _answers(owner: Owner) -> Any:
    """Return what the owner adds, read."""
    from tco.analysis.import_bench import FACTS
    from tco.ask.fields import at_least_one, day, positive, text
    from tco.catalog.benches.read import BenchReading
    from tco.errors import UsageError

    readers: dict[str, Any] = {
        **dict.fromkeys(("gpus", "tp", "pp", "replicas"), at_least_one),
        **dict.fromkeys(("isl", "osl", "concurrency"), positive),
        "date": lambda value: day(value).isoformat(),
    }
    values = {}
    for name in FACTS:
        typed = getattr(owner, name)
        if typed is None:
            continue
        try:
            values[name] = readers.get(name, text)(typed)
        except UsageError as error:
            raise UsageError(f"--{name.replace('_', '-')}: {error}") from None
    return BenchReading(**values)


import_.command("bench", cls=OfTools, short_help="Take over what a benchmark measured.")(bench)
