"""`tco size`."""

from typing import Annotated

from typer import Argument, Exit

from tco.ask.question import NOT_OF_SIZE, SizeOptions
from tco.cli.flags import flags_without
from tco.cli.options import VALUES, Output, Question, Text, flag

MODEL = Annotated[
    str | None,
    Argument(metavar="MODEL", help="An open model of the catalog.", show_default=False),
]
Validate = Annotated[
    Text,
    flag(VALUES, "FILE", "Hold the capacity model against measured rows (CSV)."),
]


@flags_without(*NOT_OF_SIZE)
def size(
    question: Question,
    output: Output,
    said: SizeOptions,
    model: MODEL = None,
    validate: Validate = None,
) -> None:
    """Where a model fits, how fast it serves there, and what that costs at full load.

    \b
      tco size llama-3.3-70b
      tco size gpt-oss-120b --gpu h100-sxm --slo tpot=30ms,ttft=1s
      tco size qwen3-32b --gpu l40s,rtx-4090 --precision int4 --isl 4k --osl 500
      tco size llama-3.3-70b --peak '200 req/s' --slo ttft=1s
      tco size glm-5.2 --users 50 --profile agent-coding
      tco size llama-3.3-70b --requests '20 req/s' --measured tco-measured.csv
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
    from tco.ask.questions import size as asked
    from tco.cli.answer import answer

    ask, whole = asked(model, said, question)
    result = answer(whole, output, ask)
    if not any(row.feasible for row in result.rows):
        raise Exit(InfeasibleError.exit_code)  # the table says why


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
