"""The one shape that every answer takes on its way to text: paragraphs and tables.

Named tuples, for they take a fifth of the time of a dataclass to define, at every start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from tco.errors import UsageError, nearest, printable

Tone = Literal["", "bold", "dim", "good", "warn", "blue", "magenta", "cyan", "red"]


class Column(NamedTuple):
    """One thing that can be said of every row.

    Args:
        key: Its name in CSV and in `--fields`; it ends in its unit.
        head: Its heading on screens.
        get: Returns the unrounded value of a row; None where there is none.
        show: Returns a value as text.
        right: Numbers stand to the right.
        wraps: The column that gives way when the screen is narrow.
    """

    key: str
    head: str
    get: Callable[[Any], Any]
    show: Callable[[Any], str] = str
    right: bool = False
    wraps: bool = False

    def text(self, row: Any) -> str:
        """Return what the cell of a row shows."""
        value = self.get(row)
        return "–" if value is None else self.show(value)


def number(key: str, head: str, get: Callable[[Any], Any], show: Callable[[Any], str]) -> Column:
    """Return a column of numbers."""
    return Column(key=key, head=head, get=get, show=show, right=True)


class Sheet(NamedTuple):
    """The rows of an answer, and everything that can be said of them.

    Args:
        rows: The records.
        columns: All columns, in the order of CSV.
        usual: Keys of those that a screen shows.
        keys: Other words for `--sort`.
    """

    rows: tuple[Any, ...]
    columns: tuple[Column, ...]
    usual: tuple[str, ...]
    keys: dict[str, str]

    def column(self, key: str) -> Column:
        """Return the column called `key`."""
        return next(c for c in self.columns if c.key == key)

    def pick(self, keys: Sequence[str]) -> tuple[Column, ...]:
        """Return the columns called so.

        Raises:
            UsageError: There is no such column; the text lists all of them.
        """
        known = [c.key for c in self.columns]
        for key in keys:
            if key not in known:
                raise unknown_word("--fields", "column", key, known)
        return tuple(self.column(key) for key in keys)

    def _ordering(self, sort: str) -> Column:
        """Return the column that an order goes by: one of the short words, or any column."""
        key = self.keys.get(sort, sort)
        if key not in {c.key for c in self.columns}:
            words = [*self.keys, "any column that --fields takes"]
            near = [*self.keys, *(c.key for c in self.columns)]
            raise unknown_word("--sort", "order", sort, words, near)
        return self.column(key)

    def arranged(self, sort: str | None, top: int | None) -> Sheet:
        """Return the sheet with its rows in another order, and only the first `top` of them.

        Raises:
            UsageError: There is no such order; the text lists all of them.
        """
        rows = self.rows
        if sort is not None:
            column = self._ordering(sort)
            rows = tuple(sorted(rows, key=lambda row: _order(column.get(row))))
        return self._replace(rows=rows if top is None else rows[:top])


def _order(value: Any) -> tuple[int, Any]:
    """Return a sort key: numbers before texts, what is missing last."""
    if value is None:
        return 2, ""
    return (0, value) if isinstance(value, int | float) else (1, str(value))


def unknown_word(
    flag: str, kind: str, word: str, known: Sequence[str], near: Sequence[str] | None = None
) -> UsageError:
    """Return the error for a word that is not in a list, with the nearest and with all of them."""
    close = nearest(word, known if near is None else near)
    hint = f" (did you mean {', '.join(close)}?)" if close else ""
    names = ", ".join(known)
    return UsageError(f"{flag}: no {kind} {printable(word, 40)!r}{hint}; there are {names}")


class Row(NamedTuple):
    """A row of a table on a screen; `note` is printed under it."""

    cells: tuple[str, ...]
    note: str = ""
    tone: Tone = ""


class Table(NamedTuple):
    """A table on a screen."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    title: str = ""


class Paragraph(NamedTuple):
    """Words, wrapped to the width; lines after the first are indented by `hanging`.

    A command for a shell is broken between its words, so that it can be pasted all the same.
    """

    text: str
    tone: Tone = ""
    hanging: int = 0
    bullet: bool = False
    shell: bool = False


class Figure(NamedTuple):
    """A picture made of characters, at most 60 to a line; every blank counts.

    Args:
        tones: Colour of single characters.
    """

    rows: tuple[str, ...]
    title: str = ""
    tones: Mapping[str, Tone] = MappingProxyType({})


Block = Table | Paragraph | Figure


class View(NamedTuple):
    """How the user wants an answer laid out; None is the usual.

    Args:
        fields: Only these columns.
        sort: Another order of the rows.
        top: At most so many rows.
        page: For a page, which has room for what a screen leaves out.
        plot: A picture comes under the answer.
        assumptions: Every assumption, where a screen names those that matter.
        notes: Every note, where a screen counts those that turn nothing.
    """

    fields: tuple[str, ...] | None = None
    sort: str | None = None
    top: int | None = None
    page: bool = False
    plot: bool = False
    assumptions: bool = False
    notes: bool = False

    @property
    def usual(self) -> bool:
        """Return whether the rows are those of the first screen: nobody asked for others."""
        return self.fields is None and self.sort is None and self.top is None
