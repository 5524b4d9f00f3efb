"""Measured throughput as CSV: the shipped rows, and a user's own, read and saved."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tco.catalog.files import File, user_file, write_atomically
from tco.errors import DataError, printable
from tco.records import dataclass

if TYPE_CHECKING:
    from tco.catalog.measurement import Measurement


# Measured throughput as CSV: the shipped `throughput.csv`, and files of a user's own
# measurements.
#
# Lines that begin with `#` stand before the head; `# source ID: words` names a source. Cells stay
# texts, as `tco.options.shapes` reads them; what every column means is said by `Measurement`.

NAME = "throughput.csv"
MOST_ROWS = 200_000

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class MeasuredTable:
    """The rows of a CSV file, each with the line on which it ends.

    Args:
        remarks: The lines that begin with `#`.
        yours: The user measured them, so that their own stack is in them.
    """

    path: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    lines: tuple[int, ...]
    remarks: tuple[str, ...] = ()
    yours: bool = False

    def complaint(self, index: int, what: str) -> DataError:
        """Return the error for a row."""
        return DataError(f"{self.path}:{self.lines[index]}: {what}")


def read_table(file: File) -> MeasuredTable:
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
    return MeasuredTable(file.path, columns, tuple(rows), tuple(ends), tuple(lines[:skipped]))


def need_columns(table: MeasuredTable, names: Iterable[str]) -> None:
    """Raise `DataError` when columns are missing altogether; the text lists them."""
    missing = [name for name in names if name not in table.columns]
    if missing:
        words = ", ".join(missing)
        head = f"{table.path}:{len(table.remarks) + 1}"
        raise DataError(f"{head}: no column called {words}; see `tco catalog schema throughput`")


def measurements(file: File, *, yours: bool = False) -> MeasuredTable:
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
    return replace(table, yours=yours)


def checked(table: MeasuredTable, index: int) -> Measurement:
    """Return a row as a record.

    Raises:
        DataError: The schema refuses it.
    """
    from pydantic import ValidationError

    from tco.catalog.measurement import Measurement
    from tco.catalog.yaml_lines import in_words

    cells = {name: cell.strip() for name, cell in table.rows[index].items() if cell.strip()}
    try:
        return Measurement.model_validate_strings(cells)
    except ValidationError as error:
        loc, words = next(in_words(error, Measurement))
        where = ".".join(str(part) for part in loc)
        raise table.complaint(index, f"{where}: {words}") from None


def csv_of(rows: Sequence[Row], remarks: Sequence[str] = ()) -> str:
    """Return rows as the text of a file, in the order of the schema's columns."""
    from tco.catalog.measurement import COLUMNS

    out = StringIO()
    out.writelines(f"{remark.rstrip()}\n" for remark in remarks)
    writer = csv.DictWriter(out, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


# The file of a user's own measurements: read, and written anew in one step.

HEAD = (
    "# Your own measured throughput, written by tco import; hand it to other commands with",
    "# --measured, or name it in the scenario file under `measured:`.",
)
SAME = (
    *("model", "gpu", "n_gpus", "replicas", "tp", "pp", "weight_dtype", "engine", "mode"),
    *("isl", "osl", "concurrency", "dp_attention"),
)
"""A measurement that agrees with another in all of these takes its place."""

Action = Literal["added", "replaced", "unchanged"]


def merged(path: str, rows: Sequence[Row]) -> tuple[str, list[Action]]:
    """Return the text of the file with new rows in it, and what became of each of them.

    Raises:
        DataError: There is a file of that name that holds something else.
    """
    remarks: tuple[str, ...] = HEAD
    kept: dict[tuple[str, ...], Row] = {}
    if Path(path).exists():
        table = measurements(user_file(path), yours=True)
        remarks = table.remarks
        kept = {_key(row): row for row in table.rows}
    actions: list[Action] = []
    for row in rows:
        before = kept.get(_key(row))
        alike = before is not None and before.get("output_tok_s") == row["output_tok_s"]
        actions.append("added" if before is None else "unchanged" if alike else "replaced")
        kept[_key(row)] = row
    return csv_of(list(kept.values()), remarks), actions


def _key(row: Row) -> tuple[str, ...]:
    return tuple(row.get(name) or "" for name in SAME)


def save(path: str, text: str) -> None:
    """Write the file in one step, so that nobody ever reads half of it.

    Raises:
        DataError: It cannot be written there.
    """
    data = text.encode("utf-8")
    try:
        write_atomically(path, data)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise DataError(f"{printable(path, 200)}: {str(reason).lower()}") from None
