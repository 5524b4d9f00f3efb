"""Named what-ifs as people write them, side by side: every option's bill under each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np

from tco.analysis.compare import beside_words, rule_words, unsure_words
from tco.analysis.report import carried
from tco.analysis.results import Envelope, TrustLevel
from tco.analysis.vary.variables import Weighed, chosen, weighed
from tco.engine.ledger import total_usd
from tco.engine.shapes import Floats
from tco.errors import UsageError, printable, suggestion
from tco.options.bills import Option, lines
from tco.options.candidates import spoken
from tco.options.cheapest import answers_at, cheaper_but_unsure, least_trust
from tco.options.question import Question
from tco.options.settings import Settings
from tco.records import dataclass
from tco.units import number, share, show_usd, tokens_per_month


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """One named change and what it was taken to mean."""

    name: str
    changes: tuple[str, ...]
    months: float | None
    """Months over which it comes about; None when it holds at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfRow:
    """One option under every what-if."""

    id: str
    tier: str
    model: str
    base_usd: float
    """Its bill today [USD/month]."""
    usd: tuple[float | None, ...]
    """Its bill under each what-if, once that has come about; None where it serves nothing."""
    mean_usd: tuple[float | None, ...]
    """The mean bill over the months in which it comes about."""
    trust: TrustLevel = "low"
    trust_reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIfResult(Envelope):
    """Named what-ifs side by side."""

    schema: Literal["tco.what-if/1"] = "tco.what-if/1"
    what_ifs: tuple[WhatIf, ...]
    options: tuple[WhatIfRow, ...]
    """By their bill today."""
    cheapest: tuple[str, ...]
    """Id of the answer today, and under each what-if."""
    resolved: tuple[str, ...]


# What-ifs as people write them: `api price x3`, `gpu rent +30%`, `price cut in half in 12
# months`.
#
# what-if   = [NAME ":"] change {"," change} ["in" N ("months" | "years")]
# change    = subject ("x" N | "+" N "%" | "-" N "%" | "to" VALUE | "cut in half" | "halved"
#             | "cut by" N "%" | "doubled" | "tripled")
# subject   = one of `SUBJECTS`, or the path of an assumption

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


Change = tuple[tuple[str, ...], Callable[[float], float]]
"""Settings, and what each of them is to be, from what it is."""
Named = tuple[WhatIf, tuple[Change, ...]]
"""A what-if, and the changes that it stands for."""


def what_if(text: str, settings: Settings) -> Named:
    """Return a what-if and the changes that it stands for.

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
    changes = tuple(_change(part, text, settings) for part in parts)
    title = name.strip() if colon else clean
    return WhatIf(name=title, changes=tuple(parts), months=months), changes


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
            return _paths(part.removesuffix(words), settings), _times(factor)
    for pattern in (_TIMES, _MORE, _CUT):
        found = pattern.match(part)
        if found:
            factor = _factor(found.groupdict(), text, cut=pattern is _CUT)
            return _paths(found["subject"], settings), _times(factor)
    found = _TO.match(part)
    if found is None:
        raise _refused(text, f"{printable(part, 40)!r} says no change")
    paths = _paths(found["subject"], settings)
    value = _value(found["value"], paths[0], text)
    return paths, lambda now: value


def _times(factor: float) -> Callable[[float], float]:
    return lambda now: now * factor


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
    hint = suggestion(word, known)
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


# Named what-ifs side by side: every option's bill under each of them.

AT_LEAST_ONE = ("workload.peak_to_mean", "own.pue", "serving.max_concurrency")


def what_ifs(inputs: Question, names: Sequence[str], texts: Sequence[str]) -> WhatIfResult:
    """Return the bills of some options today and under each what-if.

    A change that takes months comes about by equal factors; its bill is the one of the last month,
    and the mean over the months is told beside it.

    Args:
        inputs: The question, with a volume.
        names: Names of the options; empty for the usual ones.
        texts: The what-ifs, in the grammar of `grammar`.

    Raises:
        UsageError: No volume, or a what-if that cannot be read.
    """
    if not inputs.volume_given:
        raise UsageError("how many tokens a month? for example --tokens 50B")
    said = [what_if(text, inputs.settings) for text in texts]
    picked = chosen(inputs, names)
    paths = [_whatif_months(*one, inputs.settings) for one in said]
    rows = [_row(option, inputs.settings, paths) for option in picked.options]
    least = least_trust(inputs)
    usd = np.array([_bills(row) for row in rows])
    places = answers_at(picked.options, usd, least)
    cheapest = tuple(rows[int(i)].id for i in np.maximum(places, 0))
    today = [weighed(option, inputs) for option in picked.options]
    best = next(row for row in today if row.id == cheapest[0])
    unsure = cheaper_but_unsure(today, best)
    about = [option for option in picked.options if option.id in cheapest]
    return WhatIfResult(
        what_ifs=tuple(one for one, _ in said),
        options=tuple(rows),
        cheapest=cheapest,
        resolved=picked.meant,
        verdict=_words([one for one, _ in said], rows, cheapest, best, unsure, least),
        **carried(inputs, picked.options, about),
        best=best.id,
        cheaper_but_unsure=tuple(row.id for row in unsure),
    )


def _whatif_months(what_if: WhatIf, changes: Sequence[Change], settings: Settings) -> Settings:
    """Return the settings of every month until the what-if has come about, as arrays [months]."""
    count = 1 if what_if.months is None else int(np.ceil(what_if.months))
    share = (
        np.ones(1)
        if what_if.months is None
        else np.minimum(np.arange(1, count + 1) / what_if.months, 1)
    )
    for paths, goal_of in changes:
        for path in paths:
            now = float(np.asarray(settings.value(path), dtype=float).ravel()[-1])
            goal = goal_of(now)
            _refuse(what_if, path, goal, settings[path].unit)
            settings = settings.with_values({path: _path(now, goal, share)})
    return settings


def _path(now: float, goal: float, share: Floats) -> Floats:
    """Return the values on the way: by equal factors, or evenly where one end is 0."""
    if now > 0 and goal > 0:
        return np.asarray(now * (goal / now) ** share)
    return now + (goal - now) * share


def _refuse(what_if: WhatIf, path: str, goal: float, unit: str) -> None:
    positive = path.endswith(("_factor", "rent.factor", "headroom", "tpot_s", "kv_bytes"))
    if unit == "share" and goal > 1.0:
        why = "a share is at most 1"
    elif path in AT_LEAST_ONE and goal < 1.0:
        why = "it is at least 1"
    elif positive and goal <= 0.0 and not path.startswith(("price.", "rent.")):
        why = "it must be more than 0"
    else:
        return
    raise UsageError(f"--what-if {what_if.name!r}: {path} would become {goal:g}, but {why}")


def _row(option: Option, settings: Settings, paths: Sequence[Settings]) -> WhatIfRow:
    bills = [_usd(option, months) for months in paths]
    return WhatIfRow(
        id=option.id,
        tier=option.tier,
        model=option.model,
        base_usd=float(_usd(option, settings)[-1]),
        usd=tuple(_served(float(b[-1])) for b in bills),
        mean_usd=tuple(_served(float(b.mean())) for b in bills),
        trust=option.trust.level,
        trust_reasons=option.trust.reasons,
    )


def _usd(option: Option, settings: Settings) -> Floats:
    return np.atleast_1d(np.asarray(total_usd(lines(option, settings)), dtype=float))


def _served(usd: float) -> float | None:
    return usd if np.isfinite(usd) else None


def _bills(row: WhatIfRow) -> list[float]:
    """Return its bill today and under each what-if, infinite where it cannot serve."""
    return [np.inf if usd is None else usd for usd in (row.base_usd, *row.usd)]


def _words(
    what_ifs: Sequence[WhatIf],
    rows: Sequence[WhatIfRow],
    cheapest: Sequence[str],
    best: Weighed,
    unsure: Sequence[Weighed],
    least: int,
) -> str:
    bills = {row.id: row for row in rows}
    today = cheapest[0]
    usd = show_usd(bills[today].base_usd)
    text = [
        unsure_words(best.trust, least),
        f"Today {spoken(today)} is the cheapest{rule_words(least, best.trust)}, at {usd} a month.",
    ]
    for i, one in enumerate(what_ifs):
        winner = cheapest[i + 1]
        then = bills[winner].usd[i]
        how = "it stays so" if winner == today else f"{spoken(winner)} is"
        text.append(f"With {one.name}: {how}, at {show_usd(then or 0.0)}.")
    return " ".join(filter(None, [*text, beside_words(unsure)]))
