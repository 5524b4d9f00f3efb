"""`tco bill`: what logs say was used, at list price."""

from typing import Any

from tco.ask.commands import BillOptions
from tco.ask.options import Output, QuestionOptions
from tco.cli.options import flags
from tco.cli.profile import FILES, LogOptions


@flags
def bill(own: BillOptions, read: LogOptions, output: Output, logs: FILES = None) -> None:
    """What was used, from request logs or usage reports: at the list price of each day, beside what
    the log states, with the difference explained.

    \b
      tco bill ~/.claude/projects ~/.codex/sessions
      tco bill spend_logs.csv --by team --invoice '$12,400'
      tco bill months.csv -o md
      tco bill usage.json costs.json -o focus

    A model that the catalog does not know is listed with its tokens. Prompts and answers are never
    read, and nothing leaves this machine.
    """
    from tco.ask import logs as asking
    from tco.ask.layers import today
    from tco.catalog.load import load_catalog
    from tco.cli.answer import asked, deliver
    from tco.cli.guard import Progress
    from tco.usage.bill import billed

    said = asked(QuestionOptions(catalog=read.catalog, as_of=own.get("as_of")), output)
    if read.sources:
        deliver(asking.sources_result(), said.output)
        return
    ask = asking.bill_ask({**own}, focus=_focus(said.output))
    reading = asking.reading(logs, read.format_from, read.columns, read.timezone)
    day = said.request.as_of or today()
    with Progress(quiet=bool(said.output.get("quiet"))) as progress:
        result = billed(reading, load_catalog(said.overlays), day, ask, progress)
    deliver(result, said.output)


def _focus(output: Any) -> bool:
    """Return whether lines for chargeback are to be written."""
    kinds = [output.get("format", "table"), *(kind for kind, _ in output.get("export", ()))]
    return "focus" in kinds
