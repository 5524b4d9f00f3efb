"""`tco config`."""

from typing import Annotated

import typer
from typer import Option

from tco.ask.options import Output, QuestionOptions
from tco.cli.options import Command, Group, flags

HELP = """What is in effect, and who says so.

\b
  tco config show                   every value in effect
  tco config show --origin          and where each of them comes from
"""

config = typer.Typer(
    cls=Group,
    help=HELP,
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Origin = Annotated[
    bool, Option("--origin", help="Say where each value comes from.", show_default=False)
]


@flags
def show(question: QuestionOptions, output: Output, origin: Origin = False) -> None:
    """Every value in effect: flags beat TCO_ variables, scenario file, user's file, defaults.

    \b
      tco config show --origin
      tco config show -f tco.yaml --set serving.headroom=90% --origin
      tco config show --format json

    The user's file is ~/.config/tco/config.yaml, or what TCO_CONFIG names: the same keys.
    """
    from functools import partial

    from tco.ask.effective import config as in_effect
    from tco.ask.layers import answered
    from tco.cli.answer import deliver, given_by, ignored_variables

    given = given_by(question, output)
    result = answered(partial(in_effect, given=given, ignored=ignored_variables()), given)
    usual = {"fields": ORIGINS} if origin and given.output.get("format", "table") != "json" else {}
    deliver(result, {**usual, **given.output})


ORIGINS = ("key", "value", "origin", "source")

config.command("show", cls=Command, short_help="Every value in effect, and who says so.")(show)


@config.callback()
def main() -> None:
    """Only commands stand after `tco config`."""
