"""The `tco` command: its sub-commands, and what happens before and after one runs.

A module of `tco.cli` is imported when its command is run or asked for help, and imports typer only;
what it needs besides is imported by its functions. So `tco --help` costs little more than typer.
"""

from __future__ import annotations

import sys
import warnings
from importlib import import_module
from typing import Annotated, Any

import typer
import typer.main

from tco import __version__
from tco.cli.options import (
    EXIT_INTERRUPTED,
    Command,
    Group,
    open_streams,
    say,
    silence,
    typed,
    usage_in_one_line,
)
from tco.errors import UsageError

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
    **dict.fromkeys(
        (
            "compare",
            "breakeven",
            "sensitivity",
            "size",
            "plan",
            "horizon",
            "train",
            "embed",
            "explain",
            "deploy",
            "config",
            "mcp",
        ),
        "questions",
    ),
    **dict.fromkeys(("render", "diff"), "saved"),
    **dict.fromkeys(("profile", "bill"), "logs"),
    "import": "import_",
}
"""The module of `tco.cli` that a command is in, where it is not called like it."""


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
    module = import_module(f"tco.cli.{HOMES.get(name, name)}")
    found = getattr(module, WORDS.get(name, name))
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


def _version(asked: bool) -> None:
    if asked:
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
