"""`tco init`."""

from typing import Annotated

from typer import Argument, Option

from tco.cli.flags import flags

SCENARIO, PORTFOLIO = "tco.yaml", "portfolio.yaml"

Where = Annotated[
    str | None,
    Argument(
        metavar="[FILE]",
        help="File to write, tco.yaml or portfolio.yaml; - for stdout.",
        show_default=False,
    ),
]
Plan = Annotated[
    bool, Option("--plan", help="A portfolio of tasks for tco plan.", show_default=False)
]
Force = Annotated[bool, Option("--force", help="Overwrite a file that exists.", show_default=False)]


@flags
def init(file: Where = None, plan: Plan = False, force: Force = False) -> None:
    """Write a commented file to start from: every key with its default, for tco compare -f.

    \b
      tco init                          writes tco.yaml
      tco init ours.yaml --force
      tco init - | less
      tco init --plan                   writes portfolio.yaml, tasks for tco plan
    """
    from pathlib import Path

    from tco.cli.deliver import write as put
    from tco.cli.guard import say
    from tco.errors import printable
    from tco.render.schemas import schema

    kind, usual = ("portfolio", PORTFOLIO) if plan else ("scenario", SCENARIO)
    path = usual if file in (None, "-") else str(file)
    beside = Path(path).with_name(f"{kind}.schema.json")
    text = _portfolio(path, beside.name) if plan else _scenario(path, beside.name)
    if file == "-":
        put(text, "table")
        return
    _write(path, text, force=force)
    if force or not beside.exists():
        _write(str(beside), schema(kind), force=force)
    shown = printable(path, 200)
    command = f"tco {'plan' if plan else 'compare'} -f {shown}"
    say(f"tco: wrote {shown}, and {printable(beside.name)} for editors; now: {command}")


def _portfolio(path: str, schema: str) -> str:
    from tco.cli.templates import PLAN

    return PLAN.format(name=path, schema=schema)


def _scenario(path: str, schema: str) -> str:
    """Return a scenario file made from what is declared, and from the shipped catalog."""
    from tco.analysis.inputs import prepare
    from tco.analysis.request import Request
    from tco.catalog.load import load_catalog
    from tco.cli.catalog_options import today
    from tco.cli.scenario_file import scenario_text

    return scenario_text(prepare(load_catalog(), Request(), today()), path, schema)


def _write(path: str, text: str, *, force: bool) -> None:
    """Write a file, a new one unless forced.

    Raises:
        UsageError: It exists, or cannot be written.
    """
    from tco.catalog.files import write_atomically
    from tco.errors import UsageError, printable

    try:
        write_atomically(path, text.encode("utf-8"), new=not force)
    except FileExistsError:
        shown = printable(path, 200)
        raise UsageError(
            f"{shown} exists already; name another file, or overwrite it with --force"
        ) from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "not a path"
        raise UsageError(f"{printable(path, 200)}: {str(why).lower()}") from None
