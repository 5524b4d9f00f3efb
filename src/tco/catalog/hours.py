"""A load curve from a user's file: 24 or 168 numbers, or lines of an hour and its load."""

from __future__ import annotations

import math
import re

from tco.catalog.files import user_file
from tco.errors import DataError, printable

_SEPARATORS = re.compile(r"[\s,;]+")
LENGTHS = (24, 168)


def load_hours(path: str) -> tuple[float, ...]:
    """Return the loads of a file, in the order of the hours.

    The file has the loads one after another, separated by blanks, commas or lines; or a line for
    each hour, `HOUR LOAD`, counted from 0. `#` begins a comment, and a first line of words is
    taken for a heading.

    Raises:
        DataError: It is missing, or an hour is missing, negative or no number; the text begins
            `file:line:`.
    """
    file = user_file(path)
    text = file.data.decode("utf-8-sig", "replace")
    rows: list[tuple[int, list[float]]] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = [w for w in _SEPARATORS.split(line.partition("#")[0].strip(" ,;\t")) if w]
        if words and not (not rows and _heading(words)):
            rows.append((number, [_load(word, file.path, number) for word in words]))
    if not rows:
        raise DataError(f"{file.path}:1: no loads; write 24 of a day or 168 of a week")
    pairs = len(rows) > 1
    if pairs and all(len(values) == 2 for _, values in rows):
        return _by_hour(rows, file.path)
    return _counted([value for _, values in rows for value in values], file.path, rows[-1][0])


def _heading(words: list[str]) -> bool:
    return all(not _number(word) for word in words)


def _number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _load(word: str, path: str, line: int) -> float:
    shown = printable(word, 40)
    if not _number(word) or not math.isfinite(float(word)):
        raise DataError(f"{path}:{line}: '{shown}' is not a load; an hour is a number of 0 or more")
    if float(word) < 0:
        raise DataError(f"{path}:{line}: an hour has a load of {shown}, but a load is 0 or more")
    return float(word)


def _by_hour(rows: list[tuple[int, list[float]]], path: str) -> tuple[float, ...]:
    """Return the loads of lines `HOUR LOAD`."""
    loads: dict[int, float] = {}
    for line, (hour, load) in rows:
        if hour != int(hour) or not 0 <= hour < max(LENGTHS):
            raise DataError(f"{path}:{line}: there is no hour {hour:g}; a week has hours 0 to 167")
        if int(hour) in loads:
            raise DataError(f"{path}:{line}: hour {hour:g} is given twice")
        loads[int(hour)] = load
    wanted = min(n for n in LENGTHS if max(loads) < n)
    missing = [hour for hour in range(wanted) if hour not in loads]
    if missing:
        more = f" and {len(missing) - 1} more hours are" if len(missing) > 1 else " is"
        raise DataError(
            f"{path}:{rows[-1][0]}: hour {missing[0]}{more} missing; a curve has {wanted} hours"
        )
    return tuple(loads[hour] for hour in range(wanted))


def _counted(loads: list[float], path: str, line: int) -> tuple[float, ...]:
    if len(loads) not in LENGTHS:
        raise DataError(
            f"{path}:{line}: {len(loads)} hours are given; a curve has 24 of a day or 168 of a week"
        )
    if max(loads) == 0:
        raise DataError(f"{path}:{line}: all hours are 0; there is nothing to serve")
    return tuple(loads)
