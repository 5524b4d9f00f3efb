"""What-ifs as people write them: `api price x3`, `gpu rent +30%`, `price cut in half in 12 months`.

what-if   = [NAME ":"] change {"," change} ["in" N ("months" | "years")]
change    = subject ("x" N | "+" N "%" | "-" N "%" | "to" VALUE | "cut in half" | "halved"
            | "cut by" N "%" | "doubled" | "tripled")
subject   = one of `SUBJECTS`, or the path of an assumption
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tco.analysis.settings import Settings
from tco.errors import UsageError, nearest, printable
from tco.units import number, share, tokens_per_month

EXAMPLE = "api price x3, gpu rent +30% or price cut in half in 12 months"
MOST_MONTHS = 600

SUBJECTS: dict[str, tuple[str, ...]] = {
    "api price": ("price.api_factor",),
    "hosted price": ("price.hosted_factor",),
    "price": ("price.api_factor", "price.hosted_factor"),
    "gpu rent": ("rent.factor",),
    "rent": ("rent.factor",),
    "volume": ("workload.tokens_per_month",),
    "traffic": ("workload.tokens_per_month",),
    "throughput": ("serving.throughput_factor",),
    "engineers": ("people.floor_fte", "people.fixed_fte"),
    "salary": ("people.salary_usd_per_year",),
    "peak": ("workload.peak_to_mean",),
    "cached": ("workload.cached_share",),
    "batch": ("workload.batch_share",),
    "input length": ("workload.isl_factor",),
    "output length": ("workload.osl_factor",),
    "headroom": ("serving.headroom",),
    "latency limit": ("serving.max_tpot_s",),
}

_WORDS: dict[str, float] = {
    "cut in half": 0.5,
    "halved": 0.5,
    "halves": 0.5,
    "doubled": 2.0,
    "doubles": 2.0,
    "tripled": 3.0,
    "triples": 3.0,
}
_IN = re.compile(r"\s+in\s+(?P<count>\S+)\s*(?P<unit>months?|years?|mo|y)$")
_TIMES = re.compile(r"^(?P<subject>.+?)\s+[x*]\s*(?P<by>[0-9].*)$")
_MORE = re.compile(r"^(?P<subject>.+?)\s+(?P<sign>[+-])\s*(?P<by>[0-9][^%]*)%$")
_CUT = re.compile(r"^(?P<subject>.+?)\s+cut by\s+(?P<by>[0-9][^%]*)%$")
_TO = re.compile(r"^(?P<subject>.+?)\s+(?:to|=)\s*(?P<value>\S.*)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change: settings that are multiplied by something, or set to it."""

    text: str
    paths: tuple[str, ...]
    factor: float | None = None
    value: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A what-if as it was read."""

    name: str
    changes: tuple[Change, ...]
    months: float | None


def what_if(text: str, settings: Settings) -> Said:
    """Return a what-if.

    Raises:
        UsageError: It is outside the grammar, or makes a value that cannot be.
    """
    clean = " ".join(text.strip().lower().split())
    name, colon, rest = clean.partition(":")
    body = rest.strip() if colon else clean
    months, body = _months(body, text)
    parts = [part.strip() for part in body.split(",") if part.strip()]
    if not parts:
        raise _refused(text, "it says no change")
    return Said(
        name=name.strip() if colon else clean,
        changes=tuple(_change(part, text, settings) for part in parts),
        months=months,
    )


def _refused(text: str, why: str) -> UsageError:
    return UsageError(f"--what-if {printable(text, 60)!r}: {why}; write for example {EXAMPLE}")


def _months(body: str, text: str) -> tuple[float | None, str]:
    found = _IN.search(body)
    if found is None:
        return None, body
    months = _read(found["count"], text) * (12.0 if found["unit"].startswith("y") else 1.0)
    if not 1 <= months <= MOST_MONTHS:
        raise _refused(text, f"it comes about in 1 to {MOST_MONTHS} months")
    return months, body[: found.start()]


def _read(words: str, text: str) -> float:
    try:
        return number(words)
    except UsageError as error:
        raise _refused(text, str(error).split(";", maxsplit=1)[0]) from None


def _change(part: str, text: str, settings: Settings) -> Change:
    for words, factor in _WORDS.items():
        if part.endswith(f" {words}"):
            return Change(
                text=part, paths=_paths(part.removesuffix(words), settings), factor=factor
            )
    for pattern in (_TIMES, _MORE, _CUT):
        found = pattern.match(part)
        if found:
            factor = _factor(found.groupdict(), text, cut=pattern is _CUT)
            return Change(text=part, paths=_paths(found["subject"], settings), factor=factor)
    found = _TO.match(part)
    if found is None:
        raise _refused(text, f"{printable(part, 40)!r} says no change")
    paths = _paths(found["subject"], settings)
    return Change(text=part, paths=paths, value=_value(found["value"], paths[0], text))


def _factor(found: Mapping[str, str], text: str, *, cut: bool) -> float:
    by = _read(found["by"], text)
    sign = "-" if cut else found.get("sign")
    if sign is None:
        return by
    factor = 1.0 + by / 100.0 if sign == "+" else 1.0 - by / 100.0
    if factor < 0:
        raise _refused(text, "nothing can fall by more than 100%")
    return factor


def _paths(subject: str, settings: Settings) -> tuple[str, ...]:
    word = subject.strip()
    for form in (word, word.removesuffix("s"), word.removesuffix("ies") + "y"):
        if form in SUBJECTS:
            return SUBJECTS[form]
    if word in settings:
        return (word,)
    known = [*SUBJECTS, *settings]
    hint = f"; did you mean {', '.join(nearest(word, known))}?" if nearest(word, known) else ""
    names = ", ".join(SUBJECTS)
    shown = printable(word, 40)
    raise UsageError(f"--what-if: nothing called {shown!r} to change{hint}; there are {names}")


def _value(words: str, path: str, text: str) -> float:
    try:
        if words.endswith("%"):
            return share(words)
        return tokens_per_month(words) if path.endswith("tokens_per_month") else number(words)
    except UsageError as error:
        raise _refused(text, str(error).split(";", maxsplit=1)[0]) from None
