"""What is said of logs: how they are read, which formats there are, where a profile goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tco.errors import UsageError, printable, suggestion
from tco.usage.formats import Format, formats
from tco.usage.formats.table import NAMES as TABLE_NAMES
from tco.usage.formats.totals import NAMES as TOTAL_NAMES
from tco.usage.read import Reading
from tco.usage.results import LogSourceRow, SourcesResult

if TYPE_CHECKING:
    from tco.catalog.load import Catalog
    from tco.usage.bill import BillAsk


def reading(
    paths: Iterable[Any] | None,
    of: str | None,
    columns: Any,
    zone: str | None,
    warehouse: str | None = None,
) -> Reading:
    """Return how logs are to be read.

    Raises:
        UsageError: A column that there is not, or one without a name; files and a warehouse both.
    """
    some = tuple(str(path) for path in paths or ())
    for name, said in (("LOGS", some), ("--from", of), ("--timezone", zone)):
        if warehouse and said:
            raise UsageError(
                f"{name} is of files, and --warehouse names a table: give one of them"
                + ("; a view says how times without a zone are meant" * (name == "--timezone"))
            )
    return Reading(
        paths=some,
        of=(_text(of, "--from") or "").strip().lower() or None,
        columns=dict(_pair(text) for text in texts_of(columns, "--columns")),
        zone=_text(zone, "--timezone"),
        warehouse=_text(warehouse, "--warehouse") or None,
    )


def sql_text(
    dialect: str, warehouse: str | None, columns: Any, catalog: Catalog, by: str | None = None
) -> str:
    """Return the queries that a warehouse would be asked, for a profile and a bill.

    Raises:
        UsageError: A dialect or a column that there is not, or Ibis is missing.
    """
    from tco.usage.aggregates import BY
    from tco.usage.profile import tier_edges
    from tco.usage.warehouse import shown_sql

    pairs = dict(_pair(text) for text in texts_of(columns, "--columns"))
    grouped = (by,) if by in BY else ()
    return shown_sql(dialect.strip().lower(), warehouse, pairs, tier_edges(catalog), grouped)


def _text(value: Any, flag: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise UsageError(f"{flag}: a text is expected, not {type(value).__name__}")


def texts_of(value: Any, flag: str) -> list[str]:
    """Return the parts of a value that can be said several times, or separated by commas.

    Raises:
        UsageError: It is neither text, nor a mapping or a list of texts.
    """
    if value is None:
        return []
    if isinstance(value, Mapping):
        return [f"{key}={name}" for key, name in value.items()]
    several = value if isinstance(value, list | tuple) else [_text(value, flag)]
    return [part.strip() for one in several for part in str(one).split(",") if part.strip()]


def _pair(text: str) -> tuple[str, str]:
    ours, equals, name = (part.strip() for part in text.partition("="))
    known = list(dict.fromkeys([*TABLE_NAMES, *TOTAL_NAMES]))
    if not equals or not name:
        raise UsageError(f"--columns {printable(text, 60)}: write input=NAME")
    if ours not in known:
        hint = suggestion(ours, known, 1)
        raise UsageError(
            f"--columns: nothing is called {printable(ours, 40)!r}{hint}; there are "
            f"{', '.join(known)}"
        )
    return ours, name


def sources_result() -> SourcesResult:
    """Return the formats that are read, and where each is exported."""
    return SourcesResult(rows=tuple(_row(one) for one in formats().values()), warnings=())


def _row(one: Format) -> LogSourceRow:
    return LogSourceRow(
        name=one.name, title=one.title, grain=one.grain, exported=one.exported, knows=one.knows
    )


def save(path: str, text: str) -> None:
    """Write a profile file.

    Raises:
        UsageError: It cannot be written there.
    """
    from tco.catalog.files import write_atomically

    try:
        write_atomically(Path(path), text.encode())
    except (OSError, TypeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise UsageError(f"--to {printable(str(path), 200)}: {str(reason).lower()}") from None


def bill_ask(options: dict[str, Any], *, focus: bool) -> BillAsk:
    """Return what is asked of a bill besides the logs.

    Args:
        options: `by`, `match`, `invoice`, `growth`, `no_elsewhere` as they were said.
        focus: With the lines for chargeback.

    Raises:
        UsageError: A value that cannot be read.
    """
    from tco import units
    from tco.ask.varied import growth
    from tco.usage.bill import GROUPS, BillAsk

    by = str(options.get("by") or "model").strip().lower()
    if by not in GROUPS:
        hint = suggestion(by, GROUPS, 1)
        raise UsageError(f"--by {printable(by, 40)}{hint}; there are {', '.join(GROUPS)}")
    invoice, rate = options.get("invoice"), options.get("growth")
    return BillAsk(
        by=by,
        match=tuple(texts_of(options.get("match"), "--match")),
        growth=0.0 if rate is None else growth(str(rate).removesuffix("/month"), "--growth"),
        invoice=None if invoice is None else units.usd(invoice),
        charges=focus,
        beside=not options.get("no_elsewhere"),
    )
