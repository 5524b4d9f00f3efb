"""The options that the commands of `tco catalog` share, and how they are read."""

import os
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from typer import Argument

from tco.cli.options import OUTPUT, VALUES, Switch, Text, Texts, flag

DAYS = {"d": 1, "w": 7, "y": 365}

Files = Annotated[
    list[str] | None, Argument(metavar="[FILES]...", help="Data files.", show_default=False)
]


@dataclass(frozen=True, slots=True)
class Data:
    """Which catalog is meant, on which day."""

    as_of: Annotated[Text, flag(VALUES, "DATE", "The day whose prices hold: 2026-03-01.")] = None
    catalog: Annotated[
        Texts, flag(VALUES, "FILE", "Catalog file laid over the shipped ones; repeat for more.")
    ] = None


@dataclass(frozen=True, slots=True)
class FindingsOutput:
    """How findings are written."""

    format: Annotated[
        Text, flag(OUTPUT, "FMT", "table, json, csv, md, github, sarif or llm.", "-o", "--format")
    ] = None
    export: Annotated[
        Texts, flag(OUTPUT, "FMT=PATH", "Also write it to a file: sarif=out.sarif.")
    ] = None
    top: Annotated[Text, flag(OUTPUT, "N", "At most so many findings.")] = None
    color: Annotated[Text, flag(OUTPUT, "WHEN", "auto, always or never.")] = None
    quiet: Annotated[Switch, flag(OUTPUT, None, "No warnings on stderr.", "-q", "--quiet")] = None


def read(*records: Any, formats: tuple[str, ...] | None = None) -> dict[str, Any]:
    """Return what flags and `TCO_*` variables say, by the name of the option; flags win.

    Args:
        records: Options as they were typed.
        formats: The formats there are, if not the usual ones.

    Raises:
        UsageError: A value that cannot be read.
    """
    from tco.ask.fields import OUTPUT as HOW
    from tco.ask.fields import QUESTION
    from tco.cli.ask import warn_of_variables

    known = {f.name: f for f in (*QUESTION, *HOW)}
    said: dict[str, Any] = {}
    for record in records:
        for name in record.__dataclass_fields__:
            value, where = getattr(record, name), known[name].flag
            if value in (None, []):
                value, where = _variable(known[name])
            if value is not None:
                said[name] = _read(known[name], value, where, formats)
    if not said.get("quiet"):
        warn_of_variables()
    return said


def _variable(field: Any) -> tuple[Any, str]:
    text = os.environ.get(field.variable, "").strip()
    return (([text] if field.many else text) if text else None), field.variable


def _read(field: Any, value: Any, where: str, formats: tuple[str, ...] | None) -> Any:
    from tco.ask.fields import one_of
    from tco.errors import UsageError

    reader = field.read
    if field.name == "format" and formats is not None:
        reader = one_of(*formats)
    if field.name == "export" and formats is not None:
        reader = _export(formats)
    try:
        if field.many:
            return tuple(reader(part) for text in value for part in str(text).split(","))
        return reader(value)
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None


def _export(formats: tuple[str, ...]) -> Any:
    from tco.ask.fields import export, one_of

    def reader(value: str) -> tuple[str, str]:
        kind, _, path = value.partition("=")
        if kind in formats and path.strip():
            return one_of(*formats)(kind), path.strip()
        return export(value)

    return reader


def today() -> date:
    """Return the day of the user's own clock."""
    from tco.ask import asked

    return asked.today()


def day_or_edition(text: str | None) -> date | None:
    """Return a day, today when nothing was said; None for `edition`."""
    from tco.ask.fields import day
    from tco.errors import UsageError

    typed = text or os.environ.get("TCO_AS_OF", "").strip()
    if not typed:
        return today()
    if typed.lower() == "edition":
        return None
    try:
        return day(typed)
    except UsageError as error:
        raise UsageError(f"{'--as-of' if text else 'TCO_AS_OF'}: {error}") from None


def days(text: str) -> int:
    """Return a time of whole days.

    >>> days("90d"), days("2w"), days("1y")
    (90, 14, 365)
    """
    from tco.errors import UsageError, printable

    number, unit = text.strip().lower()[:-1], text.strip().lower()[-1:]
    if unit not in DAYS or not number.isdecimal() or len(number) > 5:
        shown = printable(text, 40)
        raise UsageError(f"--horizon: {shown!r} is no time; write 90d, 12w or 1y")
    return int(number) * DAYS[unit]
