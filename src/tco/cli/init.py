"""`tco init`."""

from typing import Annotated

from typer import Argument, Option

from tco.cli.flags import flags

PORTFOLIO = "portfolio.yaml"

Where = Annotated[
    str,
    Argument(metavar="FILE", help="File to write; - for stdout.", show_default=False),
]
Plan = Annotated[
    bool, Option("--plan", help="A portfolio of tasks for tco plan.", show_default=False)
]


@flags
def init(file: Where = PORTFOLIO, plan: Plan = False) -> None:
    """Write a commented file to start from; one that exists is never overwritten.

    \b
      tco init --plan                   writes portfolio.yaml
      tco init --plan mine.yaml
      tco init --plan - | less
    """
    import sys

    from tco.cli.templates import PLAN
    from tco.errors import UsageError

    if not plan:
        raise UsageError("what file? tco init --plan writes a portfolio of tasks")
    if file == "-":
        sys.stdout.write(PLAN.format(name=PORTFOLIO))
        return
    _write(file, PLAN.format(name=file))


def _write(path: str, text: str) -> None:
    """Write a new file.

    Raises:
        UsageError: It exists, or cannot be written.
    """
    from pathlib import Path

    from tco.cli.guard import say
    from tco.errors import UsageError, printable

    try:
        with Path(path).open("x", encoding="utf-8", newline="") as stream:
            stream.write(text)
    except FileExistsError:
        raise UsageError(f"{printable(path)} exists already; name another file") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "not a path"
        raise UsageError(f"{printable(path)}: {str(why).lower()}") from None
    say(f"tco: wrote {printable(path)}; now: tco plan -f {printable(path)}")
