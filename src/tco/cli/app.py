"""The `tco` command: its sub-commands, and what happens before and after one runs.

Here are those that ask a question of bills; another module of `tco.cli` is imported when its
command runs or is asked for help. All import typer and what flags are made of, their functions the
rest: `tco --help` costs little more than typer. Annotations are objects: typer reads them.
"""

import sys
import warnings
from functools import partial
from importlib import import_module
from typing import Annotated, Any

import typer
import typer.main
from typer import Argument, Exit

from tco import __version__
from tco.ask.fields import VALUES
from tco.ask.options import (
    BreakevenOptions,
    CompareOptions,
    EmbedOptions,
    HorizonOptions,
    Output,
    PlanOptions,
    QuestionOptions,
    SensitivityOptions,
    SizeOptions,
    TrainOptions,
)
from tco.cli.options import (
    EXIT_INTERRUPTED,
    Command,
    Group,
    Plot,
    Progress,
    Text,
    flag,
    flags,
    open_streams,
    say,
    silence,
    typed,
    usage_in_one_line,
    word,
)
from tco.errors import UsageError

# `tco compare`.


VOLUME = Annotated[str | None, word("[N]", "Tokens a month, as --tokens says them.")]


@flags
def compare(
    question: QuestionOptions,
    output: Output,
    options: CompareOptions,
    volume: VOLUME = None,
    plot: Plot = None,
) -> None:
    """What a month costs, every way there is to serve it, cheapest first.

    \b
      tco compare                  at 1B, 10B and 100B tokens a month
      tco compare --tokens 50B
      tco compare --requests 20M --isl 3000 --osl 500 --cached 40%
      tco compare --users 10k --profile chat --tier self,hosted
      tco compare --tokens 50B --model llama-3.3-70b --all --format csv
      tco compare --tokens 50B --as-good-as gpt-4.1
      tco compare --tokens 50B --frontier
      tco compare --tokens 50B --plot
      tco compare --tokens 50B --option 'mine:kind=api,input=$2,output=$8'
    """
    from tco.ask.questions import compare as question_of
    from tco.cli.answer import answer, answers_three_volumes, file_of

    if volume is not None:
        from tco.cli.mend import volume_typed

        question = volume_typed(volume, question)
    several = not (file_of(question) or plot) and answers_three_volumes(output)
    ask, brief = (question_of(options, brief=short, volumes=several) for short in (False, True))
    answer(question, output, ask, brief=brief, plot=bool(plot))


# `tco breakeven`.

A = Annotated[str | None, word("A", "An option, or enough of its id.")]
B = Annotated[str | None, word("B", "The option that may be cheaper.")]


@flags
def breakeven(
    question: QuestionOptions,
    output: Output,
    options: BreakevenOptions,
    a: A = None,
    b: B = None,
    plot: Plot = None,
) -> None:
    """From which volume B is cheaper than A: never, once, or on several intervals.

    \b
      tco breakeven
      tco breakeven --against openai/gpt-4.1 --model llama-3.3-70b
      tco breakeven deepinfra/llama-3.3-70b self/llama-3.3-70b
      tco breakeven gpt-4.1 self/llama-3.3-70b@2xh100-sxm:fp8 --tokens 50B
      tco breakeven gpt-4.1 self/llama-3.3-70b --tokens 50B --over rent
      tco breakeven --map volume:rent --tokens 50B

    Without A and B: each open model on own GPUs, against its cheapest host and a closed model.
    """
    from tco.ask.questions import breakeven as question_of
    from tco.cli.answer import answer

    answer(question, output, question_of(a, b, options), plot=bool(plot))


# `tco sensitivity`.

SENSITIVITY_B = Annotated[str | None, word("B", "The option to hold it against.")]


@flags
def sensitivity(
    question: QuestionOptions,
    output: Output,
    options: SensitivityOptions,
    a: A = None,
    b: SENSITIVITY_B = None,
    plot: Plot = None,
) -> None:
    """Which assumption moves the answer, largest swing first, and where the answer turns.

    \b
      tco sensitivity --tokens 50B
      tco sensitivity deepinfra/llama-3.3-70b self/llama-3.3-70b --tokens 50B
      tco sensitivity gpt-4.1 self/glm-5.2 --tokens 200B --top 5
      tco sensitivity gpt-4.1 self/llama-3.3-70b --tokens 20B --grid rent:peak
      tco sensitivity gpt-4.1 self/llama-3.3-70b --tokens 20B --draws 100k
      tco sensitivity --tokens 50B --what-if 'api price x3' --what-if 'rent +30%'
    """
    from tco.ask.questions import sensitivity as question_of
    from tco.cli.answer import answer, file_of

    watch = partial(Progress, quiet=bool(output.get("quiet")))
    ask = question_of(a, b, options, file_of(question), watch)
    answer(question, output, ask, plot=bool(plot))


# `tco size`.

MODEL = Annotated[str | None, word("MODEL", "An open model of the catalog, or its config.json.")]
Validate = Annotated[
    Text,
    flag(VALUES, "FILE", "Hold the capacity model against measured rows (CSV)."),
]


@flags
def size(
    question: QuestionOptions,
    output: Output,
    options: SizeOptions,
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
      tco size ./our-model/config.json --params 8.03B
      tco size --validate measured.csv --format json
    """
    from tco.errors import InfeasibleError

    if validate is not None:
        if model is not None:
            raise UsageError("--validate holds the whole model against a file: give no MODEL")
        _validate(validate, question, output)
        return
    from tco.ask.questions import size as question_of
    from tco.cli.answer import answer

    ask, whole = question_of(model, options, question)
    result = answer(whole, output, ask)
    if not any(row.feasible for row in result.rows):
        raise Exit(InfeasibleError.exit_code)  # the table says why


def _validate(path: str, question: QuestionOptions, output: Output) -> None:
    """Hold the capacity model against a file and write the statistics."""
    from tco.analysis.size.validation import size_validation
    from tco.catalog.files import need_columns, read_table, user_file
    from tco.catalog.load import load_catalog
    from tco.cli.answer import deliver, given_by

    said = given_by(question, output)
    table = read_table(user_file(path))
    need_columns(table, ("model", "gpu", "weight_dtype", "kv_dtype", "engine", "mode", "isl"))
    need_columns(table, ("osl", "n_gpus", "output_tok_s"))
    deliver(size_validation(load_catalog(said.overlays), list(table.rows)), said.output)


# `tco plan`.

Overflow = Annotated[str | None, word("API", "The option by the token, for what is left.")]
Own = Annotated[str | None, word("OWN", "The set-up for the base load.")]


@flags
def plan(
    question: QuestionOptions,
    output: Output,
    options: PlanOptions,
    api: Overflow = None,
    own: Own = None,
    plot: Plot = None,
) -> None:
    """The cheapest mix: a base load on own GPUs, the rest to an API by the token.

    \b
      tco plan --tokens 500B --profile chat
      tco plan deepinfra/llama-3.3-70b self/llama-3.3-70b --tokens 2T --curve chat
      tco plan --tokens 1T --model glm-5.2 --purchase reserved_1y,on_demand,spot
      tco plan -f portfolio.yaml        tasks assigned to models; tco init --plan writes one

    Without API and OWN: each open model, its own weights on both sides.
    """
    from tco.ask.questions import plan as question_of
    from tco.cli.answer import answer, file_of

    answer(question, output, question_of(api, own, options, file_of(question)), plot=bool(plot))


# `tco horizon`.

Names = Annotated[list[str] | None, word("A B...", "What is paid today, and what else.")]


@flags
def horizon(
    question: QuestionOptions, output: Output, options: HorizonOptions, names: Names = None
) -> None:
    """Months to years: growth, scheduled prices, buying, renting or waiting.

    \b
      tco horizon --tokens 300B --growth 5%
      tco horizon gpt-4.1 self/llama-3.3-70b self/llama-3.3-70b/own --tokens 50B
      tco horizon gpt-4.1 self/glm-5.2 --tokens 1T --horizon 5y \\
        --set horizon.api_price_factor_per_year=0.7

    Cash when it is paid: GPUs bought as the load grows, replaced and sold; bills month by month.
    """
    from tco.ask.questions import horizon as question_of
    from tco.cli.answer import answer

    whole: Any = {**question, **options}
    answer(whole, output, question_of(tuple(names or ())))


# `tco train`.

MODELS = Annotated[list[str] | None, word("MODEL...", "The models that could be tuned.")]


@flags
def train(
    question: QuestionOptions, output: Output, options: TrainOptions, models: MODELS = None
) -> None:
    """What tuning a model costs: by the token, or on rented GPUs; cheapest first.

    \b
      tco train llama-3.3-70b --training-tokens 100M --method lora
      tco train gpt-4.1 llama-3.3-70b --training-tokens 20M --epochs 3 --refresh '3 months'
      tco train gpt-4.1-mini --training-tokens 5M --requests 1M --against gpt-4.1 \\
        --prompt-saved 800
      tco train llama-3.3-70b --training-tokens 10M --method qlora --gpu h100-sxm --train-gpus 1
      tco train llama-3.1-8b --training-tokens 1B --gpu h100-sxm --method lora --gpu-hours 12
      tco train llama-3.3-70b --training-tokens 10M --option 'ours:kind=tuned,training=$4'

    With --tokens, what the tuned model's tokens cost more than its base is added; with --against
    the tuned model is held against what is used untuned, by their whole bills. Training data and
    the people who make it are not counted.
    """
    from tco.ask.questions import train as question_of
    from tco.cli.answer import answer

    ask, whole = question_of(tuple(models or ()), options, question)
    answer(whole, output, ask)


# `tco embed`.


@flags
def embed(question: QuestionOptions, output: Output, options: EmbedOptions) -> None:
    """What embedding a corpus once, and queries every month, costs; cheapest first.

    \b
      tco embed --corpus 10B
      tco embed --corpus 10B --batch 100% --queries 5M --query-tokens 200
      tco embed --corpus 10B --queries 5M --query-tokens 200 --params 0.6B

    --params adds a model of your own on rented GPUs. The vector store, and people, are not counted.
    """
    from tco.ask.questions import embed as question_of
    from tco.cli.answer import answer

    answer(question, output, question_of(options))


# `tco explain`.


@flags
def explain(
    question: QuestionOptions,
    output: Output,
    name: Annotated[str, Argument(metavar="OPTION", help="An option, or enough of its id.")],
) -> None:
    """Every term of one bill: quantity, unit, rate, amount, who said so, and when.

    \b
      tco explain openai/gpt-4.1 --tokens 50B
      tco explain self/llama-3.3-70b --tokens 50B
      tco explain self/llama-3.3-70b@2xh100-sxm --tokens 50B --format md
    """
    from tco.ask.questions import explain as question_of
    from tco.cli.answer import answer

    answer(question, output, question_of(name))


# `tco deploy`.


@flags
def deploy(
    question: QuestionOptions,
    output: Output,
    name: Annotated[str, Argument(metavar="OPTION", help="A set-up of own GPUs: self/MODEL...")],
) -> None:
    """How a set-up is run: vllm serve in a SkyPilot task, tied to its bill. Runs nothing.

    \b
      tco deploy self/llama-3.3-70b --tokens 50B
      tco deploy self/llama-3.3-70b@2xh100-sxm:fp8 --tokens 50B > task.yaml
      tco deploy self/gpt-oss-120b --tokens 200B --engine sglang
      tco deploy self/glm-5.2 --tokens 1T --format json
    """
    from tco.ask.questions import deploy as question_of
    from tco.cli.answer import answer

    answer(question, output, question_of(name))


@flags
def mcp() -> None:
    """Five questions as tools for agents over stdio: compare, breakeven, size, explain, bill.

    \b
      tco mcp                           an agent starts it and talks to it
      claude mcp add tco -- tco mcp     so does Claude Code from then on

    It speaks the Model Context Protocol. Without the package mcp it says how to install it.
    """

    from tco.errors import install_command

    try:
        from tco.api.mcp import serve
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("mcp", "mcp_types", "anyio"):
            raise
        how = install_command("mcp")
        raise UsageError(f"tco mcp needs the package mcp: {how}") from None
    if sys.stdin.isatty():
        say("tco: waiting for a client of the Model Context Protocol on stdin; Ctrl-C ends it")
    serve()


HELP = """What serving language models costs, and from which volume that changes.

\b
  tco compare --tokens 50B          every way to serve 50B tokens a month
  tco breakeven --tokens 50B        from which volume own GPUs are cheaper
  tco explain gpt-4.1 --tokens 50B  every term of one bill
"""

EPILOG = (
    "Exit codes: 0 answered, 1 findings, 2 usage, 3 bad data or name, 4 infeasible, 70 our bug."
)

COMMANDS = {
    "compare": "What a month costs, every way to serve it, cheapest first.",
    "breakeven": "From which volume one option is cheaper than another.",
    "sensitivity": "Which assumption moves the answer, and where it turns.",
    "size": "Where a model fits, how fast it serves, what that costs.",
    "plan": "The cheapest mix: base load on own GPUs, the rest to an API.",
    "horizon": "Months to years: growth, buying, renting or waiting.",
    "train": "What tuning a model costs, by the token or on GPUs.",
    "embed": "What embedding a corpus and queries costs.",
    "profile": "What your own traffic is like, from logs and usage reports.",
    "bill": "What was used, from logs, at list price, beside what they state.",
    "explain": "Every term of one bill, with who said so and when.",
    "deploy": "How a set-up is run: vllm serve, SkyPilot; printed only.",
    "claims": "What articles claim, recomputed: holds, wrong, depends.",
    "diff": "What changed between two answers, and a gate on it.",
    "render": "A saved result in another format, as it was printed.",
    "init": "A commented file to start from: every key, every default.",
    "config": "Every value in effect, and who says so.",
    "import": "Measurements of your own, from a benchmark's result file.",
    "mcp": "Five of the questions as tools for agents, over stdio.",
    "catalog": "The data: what it says, where from, what is wrong with it.",
}
"""Each command in one line. `NAME` is an object NAME of a module (see `HOMES`): a function
that takes flags, or a typer app with commands of its own."""

WORDS = {"import": "import_"}
"""Names of commands that are words of Python, and what their objects are called."""

HOMES = {
    **dict.fromkeys(("render", "diff"), "saved"),
    **dict.fromkeys(("profile", "bill"), "logs"),
    **{name: name for name in ("claims", "init", "config", "catalog")},
    "import": "import_",
}
"""The module of `tco.cli` that a command is in, where it is not here."""


class Root(Group):
    """The group of all commands."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Know the names of the commands, which is all that a suggestion needs."""
        super().__init__(*args, **kwargs)
        self.commands: Any = dict.fromkeys(COMMANDS)

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """Read what stands before a command."""
        typed[:] = kwargs.get("args", args[1] if len(args) > 1 else ())
        with usage_in_one_line():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: Any) -> Any:
        """Read and run a command."""
        with usage_in_one_line():
            return super().invoke(ctx)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command, imported and made when it is first asked for."""
        if cmd_name in COMMANDS and self.commands[cmd_name] is None:
            self.commands[cmd_name] = _command(cmd_name)
        return self.commands.get(cmd_name)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Return the commands or options that begin so, without importing the commands."""
        from tco.cli.complete import offered

        if incomplete[:1] == "-":
            return super().shell_complete(ctx, incomplete)
        return offered(COMMANDS, incomplete)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands with their first lines, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _command(name: str) -> Any:
    """Return a command, imported now."""
    place = f"tco.cli.{HOMES[name]}" if name in HOMES else __name__
    found = getattr(import_module(place), WORDS.get(name, name))
    if isinstance(found, typer.Typer):
        return typer.main.get_group(found)
    alone = typer.Typer(add_completion=False, rich_markup_mode=None)
    alone.command(name, cls=Command)(found)
    return typer.main.get_command(alone)


app = typer.Typer(
    cls=Root,
    help=HELP,
    epilog=EPILOG,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tco {__version__}")
        raise typer.Exit


@app.callback()
def main(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Only `--version` stands before a command; without one, three to start with are shown."""
    if context.invoked_subcommand is None:
        typer.echo(HELP.replace("\b\n", ""))
        typer.echo(f"tco --help lists all {len(COMMANDS)} commands, tco NAME --help one of them.")


def run() -> None:
    """Run the command line and exit with its code."""
    open_streams()
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # of Python, for those who write it; ours are notes
    try:
        app(prog_name="tco")
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except OSError as error:  # of a help page: answers are written with care of their own
        silence()
        say(f"tco: the answer could not be written: {str(error.strerror or error).lower()}")
        sys.exit(UsageError.exit_code)
