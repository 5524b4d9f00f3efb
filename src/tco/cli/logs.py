"""Commands about logs: `tco profile`, what they tell of traffic; `tco bill`, what was used."""

from functools import partial
from typing import Annotated, Any

from tco.ask.fields import VALUES
from tco.ask.options import BillOptions, Output, QuestionOptions
from tco.cli.options import Switch, Text, Texts, flag, flags, word
from tco.records import dataclass

LOGS = "How logs are read"
FILES = Annotated[list[str] | None, word("LOGS...", "Files, folders, patterns; - is stdin.")]


@dataclass(frozen=True, slots=True)
class LogOptions:
    """How logs are read, as it was typed."""

    format_from: Annotated[
        Text, flag(LOGS, "NAME", "The format, if its content does not tell.", "--from")
    ] = None
    columns: Annotated[
        Texts, flag(LOGS, "A=B,...", "Columns of a table: input=prompt_tok,start=at.")
    ] = None
    timezone: Annotated[
        Text, flag(LOGS, "ZONE", "Zone of times that name none; UTC unless said.")
    ] = None
    warehouse: Annotated[
        Text, flag(LOGS, "URL", "A table in place of files: postgresql://me@host/litellm.")
    ] = None
    sql: Annotated[
        Text, flag(LOGS, "DIALECT", "Print the queries for postgres, spark, ..., unasked.")
    ] = None
    sources: Annotated[
        Switch, flag(LOGS, None, "List the formats, and where each is exported.", "--sources")
    ] = None
    catalog: Annotated[Texts, flag(VALUES, "FILE", "Catalog file laid over the shipped ones.")] = (
        None
    )


# `tco profile`.


@flags
def profile(
    *,
    to: Annotated[Text, flag(VALUES, "FILE", "Where the profile is written: traffic.yaml.")] = None,
    as_of: Annotated[Text, flag(VALUES, "DATE", "The day that the profile is made on.")] = None,
    read: LogOptions,
    output: Output,
    logs: FILES = None,
) -> None:
    """What your own traffic is like, from request logs or usage reports.

    \b
      tco profile ~/.claude/projects
      tco profile spend_logs.csv --to traffic.yaml
      tco compare --profile traffic.yaml
      tco profile requests/*.parquet --columns input=prompt_tok,output=gen_tok
      tco profile --warehouse postgresql://me@host/litellm
      tco profile --sources

    Formats are told by their content. Prompts and answers are never read, and nothing leaves this
    machine. What is left out is counted by reason, with the first place.
    """
    from tco.ask.layers import today
    from tco.ask.logs import sources_result
    from tco.cli.answer import deliver, given_by, report_page

    said = given_by(QuestionOptions(catalog=read.catalog, as_of=as_of), output)
    if read.sources:
        deliver(sources_result(), said.output)
        return
    if read.sql:
        _show_sql(read, said)
        return
    made = _profiled(logs, to, read, said, said.request.as_of or today())
    deliver(made, said.output, {"html": partial(report_page, made)})


def _show_sql(read: LogOptions, options: Any, by: Any = None) -> None:
    from typer import echo

    from tco.ask.logs import sql_text
    from tco.catalog.load import load_catalog

    catalog = load_catalog(options.overlays)
    echo(sql_text(read.sql or "", read.warehouse, read.columns, catalog, by), nl=False)


def _profiled(logs: Any, to: Text, read: LogOptions, options: Any, day: Any) -> Any:
    from tco.ask import logs as asking
    from tco.catalog.load import load_catalog
    from tco.cli.options import Progress
    from tco.usage.profile import profiled

    reading = asking.reading(logs, read.format_from, read.columns, read.timezone, read.warehouse)
    with Progress(quiet=bool(options.output.get("quiet"))) as progress:
        result, text = profiled(reading, load_catalog(options.overlays), day, progress, to=to)
    if to is not None:
        asking.save(to, text)
    return result


# `tco bill`.


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
    from tco.cli.answer import deliver, given_by, report_page
    from tco.cli.options import Progress
    from tco.usage.bill import billed

    said = given_by(QuestionOptions(catalog=read.catalog, as_of=own.get("as_of")), output)
    if read.sources:
        deliver(asking.sources_result(), said.output)
        return
    if read.sql:
        _show_sql(read, said, own.get("by"))
        return
    ask = asking.bill_ask({**own}, focus=_focus(said.output))
    reading = asking.reading(logs, read.format_from, read.columns, read.timezone, read.warehouse)
    day = said.request.as_of or today()
    with Progress(quiet=bool(said.output.get("quiet"))) as progress:
        result = billed(reading, load_catalog(said.overlays), day, ask, progress)
    deliver(result, said.output, {"html": partial(report_page, result)})


def _focus(output: Any) -> bool:
    """Return whether lines for chargeback are to be written."""
    kinds = [output.get("format", "table"), *(kind for kind, _ in output.get("export", ()))]
    return "focus" in kinds
