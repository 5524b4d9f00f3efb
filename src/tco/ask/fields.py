"""How an option is declared, and how the values of options are read."""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from os import PathLike
from typing import Any, NamedTuple

from tco import ranges, units
from tco.errors import ALSO_CALLED, UsageError, nearest, printable, suggestion
from tco.records import dataclass

TRUE, FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


# The types of what is said, as keywords have them.

Amount = str | float | None
"""A quantity in the grammar of `tco.units`, or a number in the unit of its field."""
Name = str | None
Names = str | Sequence[str] | None
Switch = bool | None
Pairs = str | Sequence[str] | Mapping[str, str | float] | None
Described = str | Mapping[str, Any] | Sequence[str | Mapping[str, Any]] | None
Day = str | date | None
File = str | PathLike[str] | None
Files = str | PathLike[str] | Sequence[str | PathLike[str]] | None


# The headings of help, and the commands that take an option.

VOLUME = "Volume and traffic"
WHICH = "Which options"
SERVING = "Serving and people"
VALUES = "Values and data"
ANSWER = "Output"

JOBS = "train embed"
"""They are about work, not about how models serve."""
SIZE_JOBS = f"size {JOBS}"
"""`size` has its model said first; nothing is bought there, nobody is paid."""
BOUGHT = "unserved embed"
"""What only matters where tokens are bought to be served."""

CHOOSING = "compare breakeven"
BILLS = f"{CHOOSING} explain"
TOOLS = f"{BILLS} size"


class Field(NamedTuple):
    """One thing that a user can say, declared by `flag`, `key` and `scope`.

    Args:
        name: The option without its dashes, with underscores: `--peak-to-mean` is `peak_to_mean`.
        key: Where it stands in a scenario file; empty when no file says it.
        read: Turns a text (or a number of a file) into the value.
        to: The field of `Scenario` or the path of a setting that it fills, if not its name.
        many: It can be said several times.
        kind: The type of the keyword that says the same.
        panel: The heading that it stands under in help.
        metavar: What stands for its value; None for a switch, which has none.
        text: What it does, in a line.
        flags: How it is typed, if not by its name.
        doc: What a file can say of it, where that is more than the flag can.
        eg: What is written for it in a new scenario file when it has no value.
        default: What holds when nobody says it, of options that are words; switches are off.
        offers: What a shell completes: words, and kinds of names of the catalog (`models`), with
            what is written after them (`models=`).
        but: The commands that do not take it.
        idle: Where it has no part in the answer, see `tco.ask.options.idle`.
        tools: The tools of the MCP server that take it.
    """

    name: str
    key: str = ""
    read: Callable[[Any], Any] = str
    to: str = ""
    many: bool = False
    kind: Any = None
    panel: str = ""
    metavar: str | None = None
    text: str = ""
    flags: tuple[str, ...] = ()
    doc: str = ""
    eg: str = ""
    default: Any = None
    offers: str = ""
    but: str = ""
    idle: str = ""
    tools: str = ""

    @property
    def target(self) -> str:
        """Return the field of `Scenario`, the path of a setting, or the output field it fills."""
        return self.to or self.name

    @property
    def flag(self) -> str:
        """Return the option as it is typed."""
        typed = (name for name in self.flags if name.startswith("--"))
        return next(typed, "--" + self.name.replace("_", "-"))

    @property
    def variable(self) -> str:
        """Return the environment variable that says the same."""
        return f"TCO_{self.name.upper()}"


def flag(
    panel: str, metavar: str | None, text: str, *flags: str, offers: str = ""
) -> dict[str, Any]:
    """Return how an option is typed: heading, what stands for its value, what it does, names."""
    return {"panel": panel, "metavar": metavar, "text": text, "flags": flags, "offers": offers}


def several(panel: str, metavar: str, text: str, *flags: str, offers: str = "") -> dict[str, Any]:
    """Return how an option is typed that can be said several times."""
    return {**flag(panel, metavar, text, *flags, offers=offers), "many": True}


def key(key: str, read: Callable[[Any], Any], to: str = "", **more: Any) -> dict[str, Any]:
    """Return how an option is kept: its key in a file, its reader, what it fills; see `Field`."""
    return {"key": key, "read": read, "to": to, **more}


def scope(but: str = "", idle: str = "", tools: str = "") -> dict[str, Any]:
    """Return who takes an option: `but` some commands, some `tools`; where it is `idle`."""
    return {"but": but, "idle": idle, "tools": tools}


@cache
def fields_of(record: Any) -> dict[str, Field]:
    """Return the options that a `TypedDict` declares, by their names."""
    return {
        name: Field(name, kind=hint.__origin__, **ChainMap(*hint.__metadata__))
        for name, hint in record.__annotations__.items()
    }


def text(value: Any) -> str:
    """Return a name as it was written."""
    clean = str(value).strip()
    if not clean:
        raise UsageError("empty; leave it out instead")
    if len(clean) > 300:
        raise UsageError(f"{printable(clean, 40)!r} is too long for a name")
    return clean


def some(value: Any) -> str:
    """Return a name of a list that has one at least."""
    return text(value)


def grows_by(value: Any) -> float:
    """Return what something grows by in a month, such as `5%`, or shrinks by: `-5%`."""
    said = str(value).strip().removesuffix("/month")
    rate = units.share(said.lstrip("+-"))
    if said.startswith("-") and rate == 1.0:
        raise UsageError("nothing is left after a month of -100%")
    return -rate if said.startswith("-") else rate


def switch(value: Any) -> bool:
    """Return whether a switch is on, from `true`, `1`, `yes` or their opposites."""
    word = str(value).strip().lower()
    if word not in (*TRUE, *FALSE):
        raise UsageError(f"{printable(word, 40)!r} is neither true nor false")
    return word in TRUE


def day(value: Any) -> date:
    """Return a date written YYYY-MM-DD."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    said = str(value).strip()
    try:
        return date.fromisoformat(said)
    except ValueError:
        shown = printable(said, 40)
        hint = _date_in(said) or "YYYY-MM-DD, such as 2026-03-01"
        raise UsageError(f"{shown!r} is not a date; write {hint}") from None


DATES = ("%Y-%m", "%Y/%m/%d", "%d.%m.%Y", "%d %B %Y", "%B %d, %Y", "%b %d %Y", "%d %b %Y")
"""How people write days that cannot be mistaken for another one, whichever country they are in."""


def _date_in(text: str) -> str:
    """Return the date that a text means, as it is written here; nothing where that is not sure."""
    for form in DATES:
        try:
            return datetime.strptime(text, form).date().isoformat()  # noqa: DTZ007 - a day
        except ValueError:
            continue
    return ""


def currency(value: Any) -> str:
    """Return the code of a currency, such as `EUR`."""
    code = text(value).upper()
    if not re.fullmatch("[A-Z]{3}", code):
        raise UsageError(f"{printable(code, 40)!r} is no code of a currency; write EUR")
    return code


def exchange_rate(value: Any) -> tuple[float, date | None]:
    """Return what a dollar is in another money, and the day of that: `0.92`, `0.92@2026-11-20`.

    >>> exchange_rate("0.92@2026-11-20")
    (0.92, datetime.date(2026, 11, 20))
    """
    rate, _, on = str(value).partition("@")
    return positive(rate), day(on) if on else None


FEWEST = 1000
"""A month of fewer tokens is a scale that was forgotten, unless it says its period."""


def volume(read: Callable[[Any], float], *meant: str) -> Callable[[Any], float]:
    """Return the reader of a month's volume, which refuses one that lacks its scale.

    Args:
        read: Reads the quantity.
        meant: What may have been meant; `{}` is the number.
    """

    def reader(value: Any) -> float:
        said = str(value).strip()
        if isinstance(value, str) and said.isdecimal() and 0 < int(said) < FEWEST:
            ways = ", ".join(way.format(said) for way in meant)
            raise UsageError(f"{said}: so few in a month? write {ways}, or {said}/month")
        return read(value)

    return reader


def positive(value: Any) -> float:
    """Return a number that is more than 0."""
    number = units.number(value)
    if number == 0:
        raise UsageError(f"{printable(str(value), 40)}: must be more than 0")
    return number


def hours(value: Any) -> float:
    """Return a duration in hours, from `24h`; a bare number counts hours [h]."""
    if isinstance(value, int | float):
        return units.number(value)
    return units.seconds(value) / units.SECONDS_PER_HOUR


def at_least_one(value: Any) -> int:
    """Return a whole number of 1 or more."""
    number = units.whole(value)
    if number < 1:
        raise UsageError(f"{printable(str(value), 40)}: must be 1 or more")
    return number


def whole_gpus(value: Any) -> int:
    """Return a whole number of GPUs."""
    both = re.fullmatch(r"(\d+)\s*x\s*([a-z][\w-]*)", str(value).strip(), re.IGNORECASE)
    if both is not None:
        said = printable(str(value), 40)
        raise UsageError(f"{said} is a number and a GPU; write --gpus {both[1]} --gpu {both[2]}")
    number = units.number(value)
    if number % 1.0:
        raise UsageError(
            f"{printable(str(value), 40)}: whole GPUs are expected; the speed of a part of one "
            "(MIG, time slices) is not worked out: --option with the tokens a second that you "
            "measured"
        )
    return at_least_one(value)


def score(value: Any) -> tuple[str, float]:
    """Return a benchmark and the lowest score on it, from `arena=1400`."""
    if isinstance(value, dict) and len(value) == 1:
        value = "=".join(str(part) for part in next(iter(value.items())))
    benchmark, equals, least = str(value).partition("=")
    if not equals or not benchmark.strip():
        raise UsageError(
            f"{printable(str(value), 40)!r} is no benchmark and score; write arena=1400"
        )
    return benchmark.strip(), units.number(least, "arena=1400")


def ratio_of(value: Any) -> tuple[str, float]:
    """Return a model and a ratio, from `llama-3.3-70b=1.1`."""
    if isinstance(value, dict) and len(value) == 1:
        value = "=".join(str(part) for part in next(iter(value.items())))
    model, equals, ratio = str(value).partition("=")
    if not equals or not model.strip():
        raise UsageError(f"{printable(str(value), 40)!r} is no model and ratio; write gpt-4.1=1.1")
    return model.strip(), positive(ratio)


SPECULATIVE = ("none", "mtp")
PARALLEL = ("tensor", "expert", "data-attention")


@dataclass(frozen=True)
class Words:
    """The reader of a word from a closed list.

    Args:
        words: The list.
        counted: A setting holds which of them it is, from 0 on.
        many: The option that says how many, for whoever types a number here.
    """

    words: tuple[str, ...]
    counted: bool = False
    many: str = ""

    def __call__(self, value: Any) -> Any:
        """Return the word, or its number."""
        word = str(value).strip().lower()
        if word not in self.words:
            hint = suggestion(word, self.words, 1)
            others = {k: v for names in ALSO_CALLED.values() for k, v in names.items()}
            if others.get(word) in self.words:
                hint = f"; did you mean {others[word]}?"
            if self.many and (digits := word.removeprefix("tp").strip("=- ")).isdecimal():
                hint = f"; how many is {self.many} {digits}"
            raise UsageError(f"{printable(word, 40)!r} is none of {', '.join(self.words)}{hint}")
        return float(self.words.index(word)) if self.counted else word


def one_of(*words: str) -> Callable[[Any], str]:
    """Return the reader of a word from a closed list."""
    return Words(words)


def counted(*words: str, many: str = "") -> Callable[[Any], float]:
    """Return the reader of a word that a setting counts: which of the words it is, from 0 on."""
    return Words(words, counted=True, many=many)


def described(value: Any) -> Any:
    """Return an option that the user describes."""
    from tco.options.scenario import inline_option

    return inline_option(value)


def schedule(value: Any) -> Any:
    """Return opening hours."""
    from tco.options.scenario import schedule as opening_hours

    return opening_hours(value)


def overlay(value: Any) -> Any:
    """Return the path of a catalog file; what is a file already stays one."""
    if not isinstance(value, str | PathLike) and not hasattr(value, "data"):
        raise UsageError(f"{printable(str(value), 40)} is not a path")
    return text(value) if isinstance(value, str) else value


def assumption(path: str) -> str:
    """Return the path of an assumption; all of them have a dot, as no option has."""
    if "." not in path:
        from tco.catalog.load import load_catalog

        known = [p for p in load_catalog().assumptions.assumptions if nearest(path, [p])]
        known.sort(key=lambda p: p.rpartition(".")[2] != path)
        hint = (
            f"did you mean {', '.join(known[:3])}?" if known else "paths look like own.life_months"
        )
        raise UsageError(f"no setting called {printable(path, 60)!r}; {hint}")
    return path


def setting(value: Any) -> tuple[str, float]:
    """Return path and value of `serving.headroom=90%`, or of a pair from a file."""
    if isinstance(value, tuple):  # of a file, which names it
        return assumption(value[0]), setting_value(*value)
    path, equals, given = str(value).partition("=")
    if not equals or not path.strip():
        shown = printable(str(value), 60)
        raise UsageError(f"{shown!r} is no assumption and value; write serving.headroom=90%")
    path = assumption(path.strip())
    try:
        return path, setting_value(path, given)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


def setting_value(path: str, value: Any) -> float:
    """Return the value of an assumption, read by the unit that its name ends in.

    >>> setting_value("people.salary_usd_per_year", "$20k/month")
    240000.0
    >>> setting_value("serving.headroom", "90%")
    0.9
    """
    for end, read in _BY_ENDING.items():
        if path.endswith(end) and isinstance(value, str):
            return read(value)
    if isinstance(value, str) and value.strip().endswith("%"):
        return units.share(value)
    return units.number(value)


def _duration(value: str) -> float:
    """Return a duration; a bare number counts seconds, as in the data files."""
    try:
        return units.number(float(value))
    except ValueError:
        return units.seconds(value)


_BY_ENDING: dict[str, Callable[[str], float]] = {
    "usd_per_year": units.usd_per_year,
    "usd_per_kwh": units.usd_per_kwh,
    "usd_per_month": units.usd_per_month,
    "usd_per_gpu_month": units.usd_per_month,
    "usd_per_server_month": units.usd_per_month,
    "_s": _duration,
    "_usd": units.usd,
}

BILLINGS = ("always_on", "scheduled", "autoscaled", "scale_to_zero")
SERVICES = ("flex", "priority", "fast", "ultrafast", "spot")
TRUST = ("low", "medium", "high")
DISCOUNTING = ("end-of-month", "year-end")
CLASSES = ("small", "mid", "flagship")
FORMATS = ("table", "json", "csv", "md", "github", "llm", "focus")
EXPORTS = (*FORMATS, "html", "svg")
"""What can be written to a file: every format, a report that people read, a picture of a screen."""

LIFETIMES = ("5m", "30m", "1h", "12h", "24h")
COLORS = ("auto", "always", "never")


class Written(Words):
    """The reader of a format for stdout; files, and reports, are said in another way."""

    def __call__(self, value: Any) -> Any:
        """Return the format."""
        said = str(value).strip()
        kind = said.rpartition(".")[2].lower()
        if kind in EXPORTS and said.lower() not in self.words:
            path = said if "." in said else f"report.{kind}"
            raise UsageError(f"{printable(said, 60)!r} is a file; write --export {kind}={path}")
        return super().__call__(said)


def export(value: Any) -> tuple[str, str]:
    """Return format and path of `json=out.json`."""
    kind, equals, path = str(value).partition("=")
    if not equals or not path.strip():
        ending = str(value).rpartition(".")[2].lower()
        better = f"{ending}={value}" if ending in EXPORTS and "." in str(value) else "json=out.json"
        shown = printable(str(value), 60)
        raise UsageError(f"{shown!r} is no format and path; write {printable(better, 80)}")
    return one_of(*EXPORTS)(kind), path.strip()


LIMITS = {name: f"serving.max_{name}_s" for name in ranges.LIMITED}
"""What can be limited, and the setting that holds the limit."""


def limit(value: Any) -> tuple[str, float]:
    """Return the path of a setting and a limit [s], from `tpot=30ms` or a pair."""
    name, most_s = ranges.limit(value)
    return LIMITS[name], most_s
