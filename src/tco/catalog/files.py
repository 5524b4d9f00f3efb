"""The bytes of data files, shipped and of the user; the table of what was measured."""

from __future__ import annotations

import csv
import errno
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tco.errors import DataError, printable
from tco.records import dataclass

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from tco.catalog.benches.read import Measurement


MAX_BYTES = 20_000_000
SHIPPED = ("prices.yaml", "hardware.yaml", "models.yaml", "workloads.yaml", "assumptions.yaml")
"""The data files, in the order in which they are read."""
_PACKAGE = Path(__file__).resolve().parents[1]
_CHECKOUT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class File:
    """A data file: its path as shown to the user, and its bytes."""

    path: str
    data: bytes


def shipped(name: str) -> Traversable:
    """Return the data file that came with this `tco`.

    A wheel carries it inside the package, maybe zipped; a checkout, editable or not, keeps it at
    the root. Plain paths come first: `importlib.resources` costs as much as reading the file.

    Raises:
        DataError: This installation lacks the file.
    """
    packaged = _PACKAGE / "_data" / name
    if packaged.is_file():
        return packaged
    if (_CHECKOUT / "pyproject.toml").is_file() and (_CHECKOUT / "data" / name).is_file():
        return _CHECKOUT / "data" / name
    if not _PACKAGE.is_dir():
        from importlib.resources import files

        zipped = files("tco") / "_data" / name
        if zipped.is_file():
            return zipped
    raise DataError(f"data/{name}:1: not in this installation; reinstall llm-tco")


def shipped_file(name: str) -> File:
    """Return a shipped data file, which is called `data/NAME` wherever it lies."""
    path = f"data/{name}"
    try:
        return File(path, shipped(name).read_bytes())
    except OSError as error:
        raise _unreadable(path, error) from None


def looks_like_config(name: str) -> bool:
    """Return whether the name of a model may be a path of its config, or a hub repository."""
    return "/" in name or "\\" in name or name.lower().endswith(".json") or name == "."


def user_file(path: str | Path) -> File:
    """Return a file that the user named, called as they typed it.

    Raises:
        DataError: It is missing, no file, not readable, or larger than a data file can be.
    """
    shown = printable(str(path), 200)
    try:
        with Path(path).open("rb") as stream:
            # The size is asked for first, then the reading is bounded: a pipe has no size.
            if os.fstat(stream.fileno()).st_size > MAX_BYTES:
                raise _too_large(shown)
            data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise _unreadable(shown, error) from None
    if len(data) > MAX_BYTES:
        raise _too_large(shown)
    return File(shown, data)


def write_atomically(
    path: str | Path, data: bytes, *, private: bool = False, new: bool = False
) -> None:
    """Write a file in one step: nobody ever reads half of it, and no temporary one is left.

    What a symbolic link leads to is written, and the link stays. A device, a pipe or an open
    descriptor is written into, for it cannot be replaced.

    Args:
        path: The file, in a folder that exists.
        data: All of it.
        private: Only its owner may read it; others as before, or as the user's umask lets them.
        new: A file that is there already is left alone.

    Raises:
        FileExistsError: It is there, and is to be new.
        OSError: It cannot be written there.
        ValueError: It is no path.
    """
    place = _place(os.fspath(path))
    if place is None:
        _into(path, data)
        return
    if new and place.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    import tempfile  # costs a start that writes nothing

    mode = 0o600 if private else _mode(place)
    descriptor, temporary = tempfile.mkstemp(dir=place.parent, prefix=".tco-", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        Path(temporary).chmod(mode)
        Path(temporary).replace(place)
    except BaseException:  # Ctrl-C too
        with suppress(OSError):
            Path(temporary).unlink()
        raise


_DESCRIPTORS = ("/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/self/fd/")


def _place(name: str) -> Path | None:
    """Return the file that a path leads to; None for what is no file, or is open already.

    Raises:
        OSError: It leads to a folder, or nowhere.
    """
    try:
        mode = Path(name).stat().st_mode
    except FileNotFoundError:
        mode = stat.S_IFREG
    if stat.S_ISDIR(mode) or name.endswith(("/", os.sep)):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
    opened = str(Path(name).absolute()).startswith(_DESCRIPTORS)
    return Path(name).resolve() if stat.S_ISREG(mode) and not opened else None


def _into(path: str | Path, data: bytes) -> None:
    """Write into a device, a pipe or an open descriptor, after what it holds already."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    finally:
        os.close(descriptor)


def _mode(place: Path) -> int:
    """Return the rights of a file that is replaced, or of a new one.

    Raises:
        PermissionError: It is there and may not be written.
    """
    if place.exists():
        if not os.access(place, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(place))
        return stat.S_IMODE(place.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _too_large(shown: str) -> DataError:
    return DataError(f"{shown}:1: larger than {MAX_BYTES // 1_000_000} MB")


def _unreadable(shown: str, error: Exception) -> DataError:
    reason = getattr(error, "strerror", None) or "not a path"
    return DataError(f"{shown}: {str(reason).lower()}")


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
        from tco.catalog.benches.read import REQUIRED  # a start without such files needs no schema

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

    from tco.catalog.benches.read import Measurement
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
    from tco.catalog.benches.read import COLUMNS

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
