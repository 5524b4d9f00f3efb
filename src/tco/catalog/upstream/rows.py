"""Upstream price lists: where they are found, the one shape they are read into, JSON with lines."""

from __future__ import annotations

import json
import math
import pathlib
import re
import sys
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import date
from importlib import metadata
from typing import Any, NoReturn

from tco.catalog.files import File, user_file
from tco.errors import DataError, UsageError, printable, suggestion
from tco.records import dataclass

# JSON with the line of its upper members, so that a finding can point into the file.

_BLANK = re.compile(r"[ \t\n\r]*")
Path = tuple[str | int, ...]


def refuse_constant(word: str) -> NoReturn:
    """Refuse `NaN` and `Infinity`, which are no JSON."""
    raise ValueError(f"{word} is not a number")


_DECODE = json.JSONDecoder(parse_constant=refuse_constant)


def read_json(file: File, depth: int) -> Json:
    """Return a JSON file, with lines for members down to `depth`.

    Raises:
        DataError: It is not JSON.
    """
    try:
        text = file.data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{file.path}:1: not UTF-8 text") from None
    read = Json(text)
    try:
        read.value, end = read.inner(read.skip(0), (), depth)
        if read.skip(end) != len(text):
            raise json.JSONDecodeError("more than one value", text, end)
    except json.JSONDecodeError as error:
        raise DataError(f"{file.path}:{error.lineno}: not JSON: {error.msg}") from None
    except (ValueError, RecursionError, IndexError) as error:
        why = printable(str(error)) if isinstance(error, ValueError) else "nested too deep, or cut"
        raise DataError(f"{file.path}:1: not JSON: {why}") from None
    return read


class Json:
    """A JSON document: its value, the lines of its upper members, and members given twice.

    It walks the upper levels by hand and leaves the lower ones to the C scanner.
    """

    def __init__(self, text: str) -> None:
        """Keep the text; nothing is read yet."""
        self.text, self.value = text, None
        self.ends = [match.start() for match in re.finditer("\n", text)]
        self.lines: dict[Path, int] = {}
        self.twice: list[Path] = []

    def line(self, *path: str | int) -> int:
        """Return the line of a member, or of the nearest around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def skip(self, at: int) -> int:
        """Return where what is no blank comes next."""
        match = _BLANK.match(self.text, at)
        return match.end() if match is not None else at

    def inner(self, at: int, path: Path, depth: int) -> tuple[Any, int]:
        """Return the value that stands at a place, and where it ends."""
        self.lines[path] = bisect_right(self.ends, at) + 1
        if depth and self.text[at : at + 1] == "{":
            return self._members(at, path, depth)
        if depth and self.text[at : at + 1] == "[":
            return self._items(at, path, depth)
        return _DECODE.raw_decode(self.text, at)

    def _members(self, at: int, path: Path, depth: int) -> tuple[Any, int]:
        found: dict[str, Any] = {}
        at = self.skip(at + 1)
        while self.text[at] != "}":
            start = at
            key, at = _DECODE.raw_decode(self.text, at)
            if not isinstance(key, str):
                raise json.JSONDecodeError("a name is expected", self.text, start)
            at = self.skip(self._expect(self.skip(at), ":"))
            if key in found:
                self.twice.append((*path, key))
            found[key], at = self.inner(at, (*path, key), depth - 1)
            self.lines[(*path, key)] = bisect_right(self.ends, start) + 1
            at = self._next(at, "}")
        return found, at + 1

    def _items(self, at: int, path: Path, depth: int) -> tuple[Any, int]:
        found: list[Any] = []
        at = self.skip(at + 1)
        while self.text[at] != "]":
            item, at = self.inner(at, (*path, len(found)), depth - 1)
            found.append(item)
            at = self._next(at, "]")
        return found, at + 1

    def _next(self, at: int, end: str) -> int:
        """Return where the next member begins, or the end."""
        at = self.skip(at)
        return at if self.text[at] == end else self.skip(self._expect(at, ","))

    def _expect(self, at: int, mark: str) -> int:
        if self.text[at] != mark:
            raise json.JSONDecodeError(f"'{mark}' is expected", self.text, at)
        return at + 1


# The one shape that upstream price lists are read into.

Kind = str
KINDS = ("litellm", "genai-prices", "models.dev")
MTOK = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class ListTier:
    """What a list says a price is under a condition.

    Args:
        words: The condition in the list's own words.
        rates: The prices [USD/Mtok].
        service: `batch`, `flex`, `priority`, ..., where it is one of ours.
        over: Input tokens above which it holds.
        ttl: Lifetime of what is written to a cache, such as `1h`.
        whole: Whether the condition is told in full by the three fields before; off-peak hours,
            regions and services that are not ours are not.
    """

    words: str
    rates: Mapping[str, float]
    service: str | None = None
    over: int | None = None
    ttl: str | None = None
    whole: bool = True

    @property
    def conditions(self) -> tuple[str, ...]:
        """What it asks for at once, in the words of the rules on prices under a condition."""
        asked = (("over", self.over), ("ttl", self.ttl), (self.words, not self.whole or None))
        services = (self.service,) if self.service else ()
        return (*services, *(name for name, value in asked if value is not None))


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRow:
    """What a price list says of one model at one provider, on one day.

    Args:
        file, line: Where.
        provider: The provider as the list calls it.
        key: The row's own name, with which it can be found again.
        model: What the provider calls the model, without prefixes of the list.
        rates: Prices by the names of `Rates` [USD/Mtok]; what is not stated is not there.
        batch: The same of a batch.
        tiers: Prices under conditions, that of a batch among them.
        others: Prices of tokens of other kinds, by the list's own keys [USD/Mtok].
        embedding: Whether it turns text into vectors, which has no output price.
        retires: The last day of the model, where the list knows it.
        attested: Whether the row says where its prices are from; None where the list has no
            place for that.
        text: Whether the row is about text tokens alone, so that its prices compare.
        exact: Whether it is the offer that it was found for beyond doubt.
    """

    file: str
    line: int
    provider: str
    key: str
    model: str
    rates: Mapping[str, float]
    batch: Mapping[str, float] = field(default_factory=dict)
    tiers: tuple[ListTier, ...] = ()
    others: Mapping[str, float] = field(default_factory=dict)
    embedding: bool = False
    retires: date | None = None
    attested: bool | None = None
    text: bool = True
    exact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """A price list as it is read.

    Args:
        kind: `litellm`, `genai-prices` or `models.dev`.
        file: Where it was read.
        edition: Its version or date, where it is known.
        rows: All rows with a price of text tokens.
        twice: Line and name of rows that are given twice.
        wrong: Line, name and message of prices that are none.
        new: Line, name and key of the first price of each kind that is not known, by that kind.
    """

    kind: Kind
    file: str
    edition: str
    rows: list[PriceRow] = field(default_factory=list)
    twice: list[tuple[int, str]] = field(default_factory=list)
    wrong: list[tuple[int, str, str]] = field(default_factory=list)
    new: dict[str, tuple[int, str, str]] = field(default_factory=dict)

    def sound(self) -> PriceList:
        """Return it.

        Raises:
            DataError: No row has a price.
        """
        if not self.rows and not self.wrong:
            raise DataError(f"{self.file}:1: no row of it has a price as {self.kind} writes them")
        return self


def not_a_price(value: Any) -> bool:
    """Return whether something stands where a price belongs and is none."""
    return value is not None and number(value) is None


def number(value: Any) -> float | None:
    """Return a price as a number; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def other_money(entry: Mapping[str, Any]) -> str | None:
    """Return why prices are no US dollars, where they say so."""
    money = entry.get("currency")
    if money is None or str(money).strip().upper() in ("USD", "US$", "$"):
        return None
    return f"its prices are in {printable(str(money), 20)}, not in US dollars"


def day(value: Any) -> date | None:
    """Return a date, from a text that begins with one."""
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


# Price lists by the file that a user names, or by the package that is installed.

INSTALLED = {
    "litellm": ("litellm", "litellm/model_prices_and_context_window_backup.json"),
    "genai-prices": ("genai-prices", "genai_prices/data.py"),
}
"""Distribution, and the file in it; it is read, and nothing of the package is run."""


def read_list(kind: str, path: str, on: date, *, shown: str = "", edition: str = "") -> PriceList:
    """Return a price list from a file or, of models.dev, a folder.

    Args:
        kind: `litellm`, `genai-prices` or `models.dev`.
        on: The day whose prices are asked for, where the list has a history.
        shown: What the file is called in findings, if not by its path.
        edition: Its version, where it is known.

    Raises:
        UsageError: There is no such kind.
        DataError: The file cannot be read as that kind.
    """
    from tco.catalog.upstream import genai_prices, litellm, models_dev

    if kind not in KINDS:
        hint = suggestion(kind, KINDS, 1)
        raise UsageError(f"{printable(kind, 40)!r} is none of {', '.join(KINDS)}{hint}")
    if kind == "models.dev" and pathlib.Path(path).is_dir():
        return models_dev.of_folder(pathlib.Path(path))
    file = user_file(path)
    if shown:
        file = type(file)(shown, file.data)
    if kind == "genai-prices":
        return genai_prices.price_list(file, on, edition)
    if kind == "litellm":
        return litellm.price_list(file, edition)
    return models_dev.price_list(file, edition)


def installed_list(kind: str, on: date) -> PriceList | None:
    """Return the price list of an installed package; None where it is not installed."""
    if kind not in INSTALLED:
        return None
    name, inside = INSTALLED[kind]
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None
    path = pathlib.Path(str(found.locate_file(inside)))
    if not path.is_file():
        where = pathlib.Path(sys.prefix).name
        raise DataError(f"{name} {found.version} in {where}: it has no {inside}")
    return read_list(kind, str(path), on, shown=f"{name} {found.version}", edition=found.version)


def found_lists(given: Sequence[tuple[str, str]], on: date) -> list[PriceList]:
    """Return the price lists that a user names, or else those that are installed.

    Raises:
        UsageError: None is named and none is installed.
    """
    if given:
        return [read_list(kind, path, on) for kind, path in given]
    found = [listed for kind in KINDS if (listed := installed_list(kind, on)) is not None]
    if not found:
        raise UsageError(
            "neither litellm nor genai-prices is installed here; name a file, for example "
            "--against litellm model_prices_and_context_window.json"
        )
    return found
