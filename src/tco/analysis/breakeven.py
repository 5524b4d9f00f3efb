"""From which volume B is cheaper than A: never, once, or on several intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import inf
from typing import NamedTuple

import numpy as np

from tco.analysis.compare import pair_words
from tco.analysis.report import carried, caveats, unsure_prices
from tco.analysis.results import (
    Band,
    BothAt,
    BreakevenResult,
    BreakevenRow,
    BreakevenTable,
    Flip,
    OpenBand,
    VolumeResult,
)
from tco.analysis.rows import class_of, option_words
from tco.analysis.vary.variables import both_bills, usual
from tco.analysis.verdict import curves_of, earliest, flips_of, turns_of
from tco.engine.crossings import Wins, beats
from tco.errors import TcoError, UsageError
from tco.options.bills import Option, SelfOption, best_pairs, same_weights, usd_of
from tco.options.candidates import any_of, option_of, own_of, own_setups, spoken, unserved
from tco.options.cheapest import answers_at, cheaper_but_unsure, cheapest_of, least_trust
from tco.options.curves import TYPICAL_VOLUMES, any_volume, curve
from tco.options.names import Resolved, resolve
from tco.options.provisioned import FixedOption
from tco.options.question import Question
from tco.options.selection import in_region, select
from tco.options.settings import TOKENS, workload
from tco.options.setups import SetUps
from tco.units import MTOK, SECONDS_PER_DAY, show_number, show_tokens, show_usd, show_usd_per_mtok

# Break-evens in words.

MOST_SPANS = 2
"""Intervals that are spelled out before the rest is counted."""


def spans_in_words(spans: tuple[OpenBand, ...]) -> str:
    """Return winning intervals as people say them.

    >>> spans_in_words(((31.4e9, 32e9), (48.9e9, None)))
    'on 31.4B to 32B and from 48.9B'
    >>> spans_in_words(())
    'never'
    """
    if not spans:
        return "never"
    closed = [f"{show_tokens(low)} to {show_tokens(high)}" for low, high in spans if high]
    parts = []
    if closed:
        more = len(closed) - MOST_SPANS
        told = ", ".join(closed[:MOST_SPANS])
        rest = f" and {more} more interval{'s' * (more != 1)}" if more > 0 else ""
        parts.append(f"on {told}{rest}")
    if spans[-1][1] is None:
        low = spans[-1][0]
        parts.append("at any volume" if low <= 0 else f"from {show_tokens(low)}")
    return " and ".join(parts)


def breakeven_words(result: BreakevenResult, names: tuple[str, str], whole: str) -> BreakevenResult:
    """Return the result with its verdict in words.

    Args:
        names: A and B in words, at the volume asked about.
        whole: What makes the cost a staircase.
    """
    sentences = [_now(result, names), _answer(result, names, whole)]
    if result.never_because:
        sentences.append(f"Never, because {result.never_because}.")
    if result.same_weights is False:
        sentences.append("The two are different models: equal cost is not equal quality.")
    return replace(result, verdict=" ".join(s for s in sentences if s))


def _answer(result: BreakevenResult, names: tuple[str, str], whole: str) -> str:
    words = spans_in_words(result.wins)
    a, b = (
        _any_setup(name) if name in result.envelope else said
        for name, said in zip((result.a, result.b), names, strict=True)
    )
    if not result.wins:
        return f"{b} is never cheaper than {a}."
    tail = " tokens a month" if words != "at any volume" else ""
    text = f"{b} is cheaper than {a} {words}{tail}."
    closed = [span for span in result.wins if span[1] is not None]
    if closed and result.sure is not None:
        text += f" It flips back in between because {whole}."
    return text


def _any_setup(name: str) -> str:
    """Return own GPUs in words where they are at each volume the cheapest set-up."""
    return spoken(name.partition("@")[0])


def _now(result: BreakevenResult, names: tuple[str, str]) -> str:
    if result.now is None or result.a_usd is None or result.b_usd is None:
        return ""
    cheaper = "cheaper" if result.now_wins else "dearer"
    gap = abs(result.b_usd - result.a_usd)
    return (
        f"At {show_tokens(result.now)} tokens {names[1]} costs {show_usd(result.b_usd)} a month "
        f"against {show_usd(result.a_usd)}: {show_usd(gap)} {cheaper}."
    )


HOSTS = "the cheapest host of the same weights"
OF_CLASS = "a closed model of its class"
MOST_NAMES = 2


def table_words(rows: Sequence[BreakevenRow], named: bool) -> str:
    """Return the overview in words: at the volume asked about, then from which volume.

    Models whose class is not known have no closed model of the same class, and count not there.

    Args:
        named: The closed model was named, and so is one for all.
    """
    same = [r for r in rows if r.same_weights]
    other = [r for r in rows if not r.same_weights and (named or r.class_ != "unknown")]
    rest = [r for r in rows if not r.same_weights and r not in other]
    rival = f"{other[0].a}, a different model," if named and other else OF_CLASS
    usual = rest[0].a.rpartition("/")[2] if rest else ""
    told = [part for part in ((same, HOSTS), (other, rival), (rest, usual)) if part[0]]
    sentences = [_today(told), _from(told)]
    return " ".join(s for s in sentences if s)


def _today(groups: Sequence[tuple[Sequence[BreakevenRow], str]]) -> str:
    """Return which models pay at the volume asked about, and which comes nearest."""
    parts, volume = [], ""
    for rows, rival in groups:
        known = [(row, row.at) for row in rows if row.at is not None]
        if known:
            volume = show_tokens(known[0][1].tokens)
            parts.append(f"{rival} {_paying(known)}")
    return f"At {volume} own GPUs pay against {', '.join(parts)}." if parts else ""


def _paying(known: Sequence[tuple[BreakevenRow, BothAt]]) -> str:
    won = [row.model for row, at in known if at.b_usd < at.a_usd]
    if len(won) == len(known) == 1:
        return f"for {won[0]}"
    if not won:
        row, at = min(known, key=lambda one: _ratio(one[1]))
        times = show_number(_ratio(at))
        if len(known) == 1:
            return f"in no case ({row.model}: {times} times)"
        return f"for none of {len(known)} models ({row.model} is nearest, {times} times)"
    more = "" if len(won) <= MOST_NAMES else " and others"
    return f"for {len(won)} of {len(known)} ({', '.join(won[:MOST_NAMES])}{more})"


def _ratio(at: BothAt) -> float:
    return at.b_usd / at.a_usd if at.a_usd else inf


def _from(groups: Sequence[tuple[Sequence[BreakevenRow], str]]) -> str:
    """Return from which volume own GPUs pay, of the model that is first; nothing of nobody."""
    counted = ", ".join(_count(*one, whole=one is groups[0]) for one in groups)
    return f"Own GPUs break even against {counted}." if groups else ""


def _count(rows: Sequence[BreakevenRow], rival: str, *, whole: bool) -> str:
    """Return how many models pay and from where on; with what is counted the first time."""
    won = [r for r in rows if r.first is not None]
    if not won:
        none = f"for none of {len(rows)} models"
        return f"{rival} {none if len(rows) > 1 else f'in no case ({rows[0].model})'}"
    first = min(won, key=lambda r: r.first or 0.0)
    at = f"{first.model} at {show_tokens(first.first or 0.0)}"
    if len(rows) == 1:
        return f"{rival} for {at}"
    models, month = (" models", " a month") if whole else ("", "")
    lead = "first " if len(won) > 1 else ""
    return f"{rival} for {len(won)} of {len(rows)}{models} ({lead}{at}{month})"


UNIT = "tokens/month"


def breakeven(inputs: Question, a: str, b: str, growth: float | None = None) -> BreakevenResult:
    """Return the exact volumes on which option `b` is cheaper than option `a`.

    A name that stands for several set-ups is, where it is said from which volume, the cheapest of
    them at each volume; what is said at the volume asked about is of the cheapest there.

    Args:
        inputs: The question; a volume in it is only reported on.
        a, b: Names of the two options.
        growth: What the volume grows by in a month [1].
    """
    left, right = (resolve(name, inputs, at=any_volume(inputs)) for name in (a, b))
    now = _breakeven_now(inputs)
    of_b = curves_of(inputs, right.options)
    leader = _hardest(inputs, left.options, right.options)
    rival = earliest(inputs, leader, of_b)[0]
    used = base, option = _two(inputs, (left, right), (leader, rival), now)
    won = beats(*([own for _, own in side] for side in (curves_of(inputs, left.options), of_b)))
    spans = open_spans(won)
    wary = (*unsure_prices(inputs, used), *_tied(won))
    bills = both_bills(inputs, used, known=now is not None)
    result = BreakevenResult(
        a=base.id,
        b=option.id,
        resolved=_meanings(inputs, (left, right), (base, option), (leader, rival)),
        envelope=tuple(o.id for f in (left, right) if len(f.options) > 1 for o in f.options),
        same_weights=same_weights(base, option),
        variable="volume",
        unit=UNIT,
        wins=spans,
        first=_first(spans),
        sure=_sure(spans),
        about=_about(won),
        now=now,
        now_wins=None if now is None else _inside(spans, now),
        **bills,
        never_because=None if spans else _never_because(inputs, leader, rival),
        flips=_flips(inputs, used, (left, right), (a, b), spans),
        verdict="",
        **carried(inputs, used, used, first=wary, then=caveats(inputs, used)),
        distance=_distance(won, now),
        first_is=_crossing(inputs, base, spans, growth),
    )
    names = option_words(base, inputs), option_words(option, inputs)
    told = breakeven_words(result, names, _whole(used))
    words = (told.verdict, *map(_seated, used), pair_words(used, told.cheaper_but_unsure))
    return replace(told, verdict=" ".join(filter(None, words)))


def _flips(
    inputs: Question,
    two: tuple[Option, Option],
    sides: tuple[Resolved, Resolved],
    names: tuple[str, str],
    spans: tuple[OpenBand, ...],
) -> tuple[Flip, ...]:
    """Return what would turn which of two is cheaper; own GPUs as the second of them."""
    if isinstance(two[0], SelfOption) and not isinstance(two[1], SelfOption):
        two, sides, names = two[::-1], sides[::-1], names[::-1]
    own = any_of(inputs, two[1], names[1]) if inputs.volume_given or not spans else None
    return flips_of(inputs, *two, spans, others=sides[1].options, own=own)


def _two(
    inputs: Question,
    sides: tuple[Resolved, Resolved],
    usual: tuple[Option, Option],
    now: float | None,
) -> tuple[Option, Option]:
    """Return A and B: at a volume that was said the cheapest of each name, else the usual."""
    base, option = usual
    if now is not None:
        base, option = (_cheapest_now(inputs, found.options) for found in sides)
    if base.id == option.id:
        raise UsageError(f"A and B are both {base.id}; name two different options")
    return base, option


def _whole(used: Sequence[Option]) -> str:
    """Return what comes whole of what is compared, and so makes a staircase of its cost."""
    if any(isinstance(option, SelfOption) for option in used):
        return "GPUs come in whole replicas"
    seats = any(isinstance(option, FixedOption) and option.unit == "seat" for option in used)
    return f"{'seats' if seats else 'units'} come whole"


def _seated(option: Option) -> str:
    """Return what varies with the volume where so many seats are paid for; nothing of others."""
    if not isinstance(option, FixedOption) or option.unit != "seat" or option.tokens_per_month:
        return ""
    many = f"{show_number(option.count)} seat{'s' * (option.count != 1)}"
    return f"What varies is what each user asks for, of {many} at any volume."


def _distance(won: Wins, now: float | None) -> float | None:
    """Return how far the nearest crossing is from today's volume, as a share of it."""
    ends = [end for span in won.intervals() for end in span if 0.0 < end < np.inf]
    if not now or not ends:
        return None
    return min(ends, key=lambda end: abs(end - now)) / now - 1.0


def _crossing(
    inputs: Question, base: Option, spans: tuple[OpenBand, ...], growth: float | None
) -> VolumeResult | None:
    """Return the smallest volume at which the cheaper one changes, in other words."""
    ends = [end for span in spans for end in span if end]
    return _in_other_words(inputs, base, ends[0], growth) if ends else None


def _in_other_words(
    inputs: Question, base: Option, volume: float, growth: float | None
) -> VolumeResult:
    """Return a volume as the bill of A, as requests, and as months of growth from today."""
    settings = inputs.settings.with_values({TOKENS: volume})
    load, now = workload(settings), _breakeven_now(inputs)
    months = None
    if growth and now:
        months = max(float(np.log(volume / now) / np.log1p(growth)), 0.0)
    return VolumeResult(
        tokens_per_month=volume,
        a_usd=usd_of(base, settings),
        requests_per_day=float(load.requests_per_s * SECONDS_PER_DAY),
        peak_requests_per_s=float(load.peak_requests_per_s),
        months=months,
    )


def _cheapest_now(inputs: Question, options: Sequence[Option]) -> Option:
    """Return which of some options is the answer at the volume asked about."""
    usd = np.array([usd_of(option, inputs.settings) for option in options])
    return options[int(answers_at(options, usd, least_trust(inputs)))]


def _hardest(inputs: Question, options: Sequence[Option], rivals: Sequence[Option]) -> Option:
    """Return which of A's set-ups to hold B against: the first that beats B itself."""
    if len(options) == 1:
        return options[0]
    return earliest(inputs, rivals[-1], curves_of(inputs, options))[0]


def open_spans(won: Wins) -> tuple[OpenBand, ...]:
    """Return the intervals with None for an end that does not exist."""
    return tuple((low, None if np.isinf(high) else high) for low, high in won.intervals())


def _first(spans: tuple[OpenBand, ...]) -> float | None:
    return spans[0][0] if spans else None


def _sure(spans: tuple[OpenBand, ...]) -> float | None:
    return spans[-1][0] if spans and spans[-1][1] is None else None


def _about(won: Wins) -> Band | None:
    low, high = won.about[0].tolist()
    return None if np.isnan(low) else (low, high)


def _inside(spans: tuple[OpenBand, ...], volume: float) -> bool:
    return any(low < volume and (high is None or volume <= high) for low, high in spans)


def _tied(won: Wins) -> tuple[str, ...]:
    if not won.tied[0]:
        return ()
    return ("at very large volumes the two cost almost the same a token, and neither is sure",)


def _breakeven_now(inputs: Question) -> float | None:
    if not inputs.volume_given:
        return None
    return float(np.asarray(inputs.settings.value(TOKENS)))


def _meanings(
    inputs: Question,
    found: Sequence[Resolved],
    meant: Sequence[Option],
    leading: Sequence[Option],
) -> tuple[str, ...]:
    """Return what shorter names were taken to mean: now, and where it is said from which volume."""
    now = _breakeven_now(inputs)
    said: list[str] = []
    for name, at, first in zip(found, meant, leading, strict=True):
        short, count = "".join(name.meant).split(" is ", 1)[0], len(name.options)
        if count == 1:
            said += name.meant
        elif now is None:
            said.append(f"{short} is at each volume the cheapest of {count} set-ups, as {first.id}")
        else:
            said.append(
                f"{short} is {at.id} at {show_tokens(now)}; where it is cheaper is told of the "
                f"cheapest of {count} set-ups at each volume, as {first.id}"
            )
    return tuple(said)


def _rival(inputs: Question, against: str | None) -> Option:
    """Return the closed model that self-hosting is held against: the one named, or the usual."""
    name = against or inputs.catalog.assumptions.closed_rival
    if name is None:
        raise UsageError("name a closed model to hold self-hosting against, with --against")
    rival = resolve(name, inputs).best
    if rival.tier != "api":
        raise UsageError(f"--against: {rival.id} is not a closed model; name one, or A and B")
    return rival


def _rivals(inputs: Question) -> dict[str, Option]:
    """Return by class the closed model that own GPUs of that class are held against.

    The answer of each class among closed models of the short list; without a volume at the
    smallest of the typical ones, where a bill by the token is a price.
    """
    now = _breakeven_now(inputs) or float(TYPICAL_VOLUMES[0])
    settings, groups = inputs.settings.with_values({TOKENS: now}), dict[str, list[Option]]()
    models = inputs.catalog.models.models
    for name in inputs.catalog.assumptions.short_list:
        class_ = class_of(name, inputs)
        if models[name].weights == "closed" and class_ != "unknown":
            try:
                groups.setdefault(class_, []).append(resolve(name, inputs).best)
            except TcoError:
                continue  # it has no price on the day, or none for such requests
    least = least_trust(inputs)
    usd = {c: np.array([usd_of(o, settings) for o in found]) for c, found in groups.items()}
    return {c: found[int(answers_at(found, usd[c], least))] for c, found in groups.items() if found}


def breakeven_table(inputs: Question, against: str | None) -> BreakevenTable:
    """Return for each open model where self-hosting beats its cheapest host and a closed model.

    Args:
        against: The closed model; one of the class of the open one when None.
    """
    usual_rival, selection = _rival(inputs, against), select(inputs.catalog, inputs.request)
    rivals = {} if against else _rivals(inputs)
    if not selection.narrowed:
        selection = replace(selection, within=frozenset(inputs.catalog.assumptions.short_list))
    own = own_setups(inputs, selection)
    left_out = [f"{item.model}: {', '.join(item.reasons)}" for item in unserved(own)]
    made: list[Overview] = []
    for model in own.models:
        rival = rivals.get(class_of(model.id, inputs), usual_rival)
        made += _overview(inputs, own, model.id, rival)
    if not made:
        raise UsageError("no open model is left to self-host; loosen --model, --gpu or --license")
    rows = [one.row for one in made]
    hosted = {row.model for row in rows if row.same_weights}
    left_out += [
        f"{name}: nobody in the catalog hosts it by the token{in_region(inputs)}"
        for name in dict.fromkeys(row.model for row in rows)
        if name not in hosted
    ]
    return _table_of(inputs, made, against or "", left_out)


class Overview(NamedTuple):
    """A line of the overview with what it is about.

    Args:
        row: The line.
        a, b: Its options.
        setups: Own GPUs of the model that are the answer at some volume.
        here: Own GPUs that are the answer at the volume asked about; None without one.
    """

    row: BreakevenRow
    a: Option
    b: Option
    setups: Sequence[Option]
    here: Option | None


def _overview(inputs: Question, own: SetUps, model: str, rival: Option) -> Iterator[Overview]:
    """Yield the lines of a model: against its cheapest host, and against a closed model."""
    pairs = best_pairs(own, inputs.settings, model, TYPICAL_VOLUMES, least_trust(inputs))
    if not pairs.size:
        return
    setups = [option_of(own, int(i)) for i in pairs]
    curved = curves_of(inputs, setups, [own.replica_of(int(i)) for i in pairs])
    here, host = _at_volume(own, model), _host(inputs, model)
    for base in [b for b in (host, rival) if b is not None]:
        option, won = earliest(inputs, base, curved)
        at = None if here is None else _here(inputs, base, here)
        row = replace(_row(inputs, model, base, option, won), at=at)
        yield Overview(row, base, option, setups, here)


def _table_of(
    inputs: Question, made: Sequence[Overview], named: str, left_out: Sequence[str]
) -> BreakevenTable:
    """Return the overview of its lines."""
    rows = [one.row for one in made]
    used = list({o.id: o for one in made for o in (one.a, one.b)}.values())
    closed = dict.fromkeys(row.a for row in rows if not row.same_weights)
    near = _nearest_of([one for one in made if one.row.same_weights] or made)
    about = [near.a, near.b]
    pair: tuple[str, ...] = ()
    turns: tuple[Flip, ...] = ()
    if near.here is not None:
        about = [near.a, near.here]
        pair = (near.a.id, near.here.id)
        own = own_of(inputs, {near.here.model})
        turns = turns_of(inputs, near.a, near.here, near.setups, own=own)
    listed = usual(inputs) if inputs.volume_given else []
    best = cheapest_of(listed, least_trust(inputs))
    below = cheaper_but_unsure(listed, best) if best is not None else []
    return BreakevenTable(
        against=", ".join(closed),
        variable="volume",
        unit=UNIT,
        rows=tuple(rows),
        left_out=tuple(left_out),
        verdict=table_words(rows, bool(named)),
        best=best.id if best is not None else None,
        cheaper_but_unsure=tuple(row.id for row in below),
        pair=pair,
        turns=turns,
        **carried(inputs, used, about),
    )


def _nearest_of(made: Sequence[Overview]) -> Overview:
    """Return the line that comes nearest to own GPUs being cheaper, or where they are by most."""

    def order(one: Overview) -> tuple[float, float]:
        row = one.row
        return (inf if row.at is None else _ratio(row.at)), inf if row.first is None else row.first

    return min(made, key=order)


def _at_volume(own: SetUps, model: str) -> Option | None:
    """Return the set-up of a model that is the answer at the volume asked about."""
    now, settings = _breakeven_now(own.inputs), own.inputs.settings
    if now is None:
        return None
    pairs = best_pairs(own, settings, model, np.array([now]), least_trust(own.inputs))
    return option_of(own, int(pairs[0])) if pairs.size else None


def _here(inputs: Question, base: Option, option: Option) -> BothAt:
    """Return both bills at the volume asked about."""
    a_usd, b_usd = (usd_of(o, inputs.settings) for o in (base, option))
    return BothAt(tokens=_breakeven_now(inputs) or 0.0, a_usd=a_usd, b_usd=b_usd, b=option.id)


def _host(inputs: Question, model: str) -> Option | None:
    """Return the cheapest host of the same weights; None when there is none."""
    try:
        found = resolve(model, inputs).best
    except TcoError:
        return None
    return found if found.tier == "hosted" else None


def _row(inputs: Question, model: str, base: Option, option: Option, won: Wins) -> BreakevenRow:
    spans = open_spans(won)
    return BreakevenRow(
        model=model,
        a=base.id,
        b=option.id,
        same_weights=same_weights(base, option),
        wins=spans,
        first=_first(spans),
        sure=_sure(spans),
        about=_about(won),
        never_because=_never_because(inputs, base, option) if not spans else None,
        class_=class_of(model, inputs),
    )


def _never_because(inputs: Question, a: Option, b: Option) -> str:
    """Return why B is never cheaper: what a token costs on either side at very large volume."""
    mine, other = curve(b, inputs.settings), curve(a, inputs.settings)
    ours, theirs = (show_usd_per_mtok(float(c.slope[0]) * MTOK) for c in (mine, other))
    if mine.slope[0] >= other.slope[0]:
        return (
            f"however large the volume, a further Mtok costs {ours} with "
            f"{spoken(b.id)}, against {theirs} with {spoken(a.id)}"
        )
    return "its fixed cost is not earned back within the volumes that could be looked at"
