"""Measured throughput as CSV: the shipped `throughput.csv`, and files of a user's own measurements.

Lines that begin with `#` stand before the head; `# source ID: words` names a source. Cells stay
texts, as `tco.analysis.measured` reads them; what every column means is said by `Measurement`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from typing import TYPE_CHECKING

from tco.catalog.files import File
from tco.errors import DataError, printable

if TYPE_CHECKING:
    from tco.catalog.measurement import Measurement

NAME = "throughput.csv"
SOURCE = "# source "
MOST_ROWS = 200_000

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a CSV file, each with the line on which it ends."""

    path: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    lines: tuple[int, ...]
    remarks: tuple[str, ...] = ()
    """The lines that begin with `#`."""

    def complaint(self, index: int, what: str) -> DataError:
        """Return the error for a row."""
        return DataError(f"{self.path}:{self.lines[index]}: {what}")


@dataclass(frozen=True, slots=True)
class Measurements:
    """Measurements that predictions are held against.

    Args:
        table: Their rows.
        sources: What the ids of sources stand for.
        yours: The user measured them, so that their own stack is in them.
    """

    table: Table
    sources: Mapping[str, str] = field(default_factory=dict)
    yours: bool = False


def read_table(file: File) -> Table:
    """Return a CSV file as rows by column name; a cell that is missing is an empty text.

    Raises:
        DataError: It is no CSV with a head; the text begins `file:line:`.
    """
    try:
        text = file.data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = file.data.count(b"\n", 0, error.start) + 1
        raise DataError(f"{file.path}:{line}: not UTF-8 text") from None
    lines = text.splitlines(keepends=True)
    skipped = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    reader = csv.reader(StringIO("".join(lines[skipped:])), strict=True)
    rows: list[Row] = []
    ends: list[int] = []
    columns: tuple[str, ...] = ()
    try:
        columns = tuple(cell.strip() for cell in next(reader, []))
        for cells in reader:
            if not any(cells):
                continue
            if len(cells) > len(columns):
                raise csv.Error(f"{len(cells)} cells under {len(columns)} columns")
            cells += [""] * (len(columns) - len(cells))
            rows.append(dict(zip(columns, cells, strict=True)))
            ends.append(reader.line_num + skipped)
    except csv.Error as error:
        where = f"{file.path}:{reader.line_num + skipped}"
        raise DataError(f"{where}: not CSV: {printable(str(error))}") from None
    if not columns or len(set(columns)) < len(columns):
        what = "a column is there twice" if columns else "empty"
        raise DataError(f"{file.path}:{skipped + 1}: {what}; the first line names the columns")
    if len(rows) > MOST_ROWS:
        raise DataError(f"{file.path}:{MOST_ROWS}: more rows than a file of measurements can have")
    return Table(file.path, columns, tuple(rows), tuple(ends), tuple(lines[:skipped]))


def need_columns(table: Table, names: Iterable[str]) -> None:
    """Raise `DataError` when columns are missing altogether; the text lists them."""
    missing = [name for name in names if name not in table.columns]
    if missing:
        words = ", ".join(missing)
        head = f"{table.path}:{len(table.remarks) + 1}"
        raise DataError(f"{head}: no column called {words}; see `tco catalog schema throughput`")


def measurements(file: File, *, yours: bool = False) -> Measurements:
    """Return what a file says was measured, every row of a user's own held to the schema.

    The rows that are shipped are held to it by the tests, not at every start.

    Raises:
        DataError: A row is wrong; the text begins `file:line:`.
    """
    table = read_table(file)
    if yours:
        from tco.catalog.measurement import REQUIRED  # a start without such files needs no schema

        need_columns(table, REQUIRED)
        for index in range(len(table.rows)):
            checked(table, index)
    return Measurements(table, sources_of(table.remarks), yours=yours)


def checked(table: Table, index: int) -> Measurement:
    """Return a row as a record.

    Raises:
        DataError: The schema refuses it.
    """
    from pydantic import ValidationError

    from tco.catalog.complaints import in_words
    from tco.catalog.measurement import Measurement

    cells = {name: cell.strip() for name, cell in table.rows[index].items() if cell.strip()}
    try:
        return Measurement.model_validate_strings(cells)
    except ValidationError as error:
        loc, words = next(in_words(error, Measurement))
        where = ".".join(str(part) for part in loc)
        raise table.complaint(index, f"{where}: {words}") from None


def sources_of(remarks: Sequence[str]) -> dict[str, str]:
    """Return what the lines `# source ID: words` say.

    >>> sources_of(["# source mlperf: MLPerf Inference v5.1"])
    {'mlperf': 'MLPerf Inference v5.1'}
    """
    said = [line.removeprefix(SOURCE).partition(":") for line in remarks if SOURCE in line]
    return {name.strip(): words.strip() for name, _, words in said}


def csv_of(rows: Sequence[Row], remarks: Sequence[str] = ()) -> str:
    """Return rows as the text of a file, in the order of the schema's columns."""
    from tco.catalog.measurement import COLUMNS

    out = StringIO()
    out.writelines(f"{remark.rstrip()}\n" for remark in remarks)
    writer = csv.DictWriter(out, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
