"""`tco render`."""

from typing import Annotated

from typer import Argument

from tco.cli.flags import flags
from tco.cli.options import Output

Saved = Annotated[str, Argument(metavar="RESULT", help="A result, as --format json wrote it.")]


@flags
def render(output: Output, saved: Saved) -> None:
    """A saved result in any format, byte for byte as the command that made it prints it.

    \b
      tco compare --tokens 50B --export json=result.json
      tco render result.json
      tco render result.json --format md
      tco render result.json --format focus --top 1 --export llm=brief.txt
    """
    from tco.ask.fields import FORMATS
    from tco.cli.catalog_options import read
    from tco.cli.deliver import deliver
    from tco.cli.guard import say
    from tco.cli.saved import saved_result

    said = read(output, formats=(*FORMATS, "sarif"))
    result, note = saved_result(saved)
    if note is not None and not said.get("quiet"):
        say(f"tco: note: {note}")
    deliver(result, said, {"html": _no_report})


def _no_report() -> str:
    """Refuse a report, which draws curves that a saved result does not hold.

    Raises:
        UsageError: Always.
    """
    from tco.errors import UsageError

    raise UsageError("a report is drawn by the command that answers: give --export html= to it")
