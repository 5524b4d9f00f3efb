"""`tco bill`: what logs say was used, at list price."""

from dataclasses import dataclass
from typing import Annotated, Any

from tco.ask.options import VALUES, Output, QuestionOptions
from tco.cli.options import Switch, Text, Texts, flag, flags
from tco.cli.profile import FILES, LogOptions

WHAT = "What the bill says"


@dataclass(frozen=True, slots=True)
class BillFlags:
    """What `bill` asks besides."""

    by: Annotated[
        Text, flag(WHAT, "GROUP", "model, team, project, key, tag, provider, day, month, ...")
    ] = None
    match: Annotated[
        Texts, flag(WHAT, "NAME=OFFER", "What a model in the logs is: llama=azure/llama-3.3-70b.")
    ] = None
    invoice: Annotated[Text, flag(WHAT, "USD", "An invoice to hold it against.")] = None
    growth: Annotated[Text, flag(WHAT, "G", "Growth for the forecast: 5%/month.")] = None
    no_elsewhere: Annotated[
        Switch, flag(WHAT, None, "Leave out what it would cost elsewhere.", "--no-elsewhere")
    ] = None
    as_of: Annotated[
        Text, flag(VALUES, "DATE", "Prices of what has no day, and of months to come.")
    ] = None


@flags
def bill(own: BillFlags, read: LogOptions, output: Output, logs: FILES = None) -> None:
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

    said = asked(QuestionOptions(catalog=read.catalog, as_of=own.as_of), output)
    if read.sources:
        deliver(asking.sources_result(), said.output)
        return
    ask = asking.bill_ask(_said(own), focus=_focus(said.output))
    reading = asking.reading(logs, read.format_from, read.columns, read.timezone)
    day = said.request.as_of or today()
    with Progress(quiet=bool(said.output.get("quiet"))) as progress:
        result = billed(reading, load_catalog(said.overlays), day, ask, progress)
    deliver(result, said.output)


def _said(own: BillFlags) -> dict[str, Any]:
    names = ("by", "match", "invoice", "growth", "no_elsewhere")
    return {name: getattr(own, name) for name in names}


def _focus(output: Any) -> bool:
    """Return whether lines for chargeback are to be written."""
    kinds = [output.get("format", "table"), *(kind for kind, _ in output.get("export", ()))]
    return "focus" in kinds
