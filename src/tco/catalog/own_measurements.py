"""The file of a user's own measurements: read, and written anew in one step."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from tco.catalog.files import user_file, write_atomically
from tco.catalog.throughput import Row, csv_of, measurements
from tco.errors import DataError, printable

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
        table = measurements(user_file(path), yours=True).table
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
