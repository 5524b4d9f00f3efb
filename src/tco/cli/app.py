"""The `tco` command: its sub-commands, and what happens before and after one runs.

Modules of commands import typer only; what they need besides is imported when they run, so that
`tco --help` costs little more than typer itself.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from tco import __version__
from tco.cli.breakeven import breakeven
from tco.cli.compare import compare
from tco.cli.explain import explain
from tco.cli.flags import Command, Group
from tco.cli.guard import EXIT_INTERRUPTED
from tco.cli.plan import plan
from tco.cli.sensitivity import sensitivity
from tco.cli.size import size

HELP = """What serving language models costs, and from which volume that changes.

\b
  tco compare --tokens 50B          every way to serve 50 billion tokens a month
  tco breakeven --tokens 50B        from which volume own GPUs are cheaper
  tco explain gpt-4.1 --tokens 50B  every term of one bill
"""

EPILOG = (
    "Exit codes: 0 answered, 1 findings, 2 usage, 3 bad data or name, 4 infeasible, 70 our bug."
)

app = typer.Typer(
    cls=Group,
    help=HELP,
    epilog=EPILOG,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"tco {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Only `--version` stands before a command."""


for function in (compare, breakeven, sensitivity, size, plan, explain):
    app.command(cls=Command)(function)


def run() -> None:
    """Run the command line and exit with its code."""
    try:
        app(prog_name="tco")
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
