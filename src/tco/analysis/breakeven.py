"""From which volume B is cheaper than A: never, once, or on several intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf

import numpy as np

from tco.analysis.compare import pair_words
from tco.analysis.flips import earliest, flips_of, never_because
from tco.analysis.report import assumptions_of, stamp, unsure_prices, warnings_of
from tco.analysis.results import (
    Band,
    BothAt,
    BreakevenResult,
    BreakevenRow,
    BreakevenTable,
    OpenBand,
    VolumeResult,
)
from tco.analysis.vary.variables import usual
from tco.engine.crossings import Wins, beats
from tco.errors import TcoError, UsageError
from tco.options.bills import Option, best_pairs, same_weights, usd_of
from tco.options.candidates import OwnSetups, own_setups
from tco.options.cheapest import answers_at, cheaper_but_unsure, cheapest_of, least_trust, of_two
from tco.options.curves import TOKENS, curve
from tco.options.names import TYPICAL_VOLUMES, Resolved, any_volume, resolve
from tco.options.question import Question
from tco.options.selection import select
from tco.options.settings import workload
from tco.units import SECONDS_PER_DAY, show_tokens, show_usd

# Break-evens in words.

MOST_SPANS = 6
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
        parts.append(f"on {told}" + (f" and {more} more intervals" if more > 0 else ""))
    if spans[-1][1] is None:
        low = spans[-1][0]
        parts.append("at any volume" if low <= 0 else f"from {show_tokens(low)}")
    return " and ".join(parts)


def breakeven_words(result: BreakevenResult) -> BreakevenResult:
    """Return the result with its verdict in words."""
    sentences = [_answer(result), _now(result)]
    if result.never_because:
        sentences.append(f"Never, because {result.never_because}.")
    if result.same_weights is False:
        sentences.append("The two are different models: equal cost is not equal quality.")
    return replace(result, verdict=" ".join(s for s in sentences if s))


def _answer(result: BreakevenResult) -> str:
    words, name = spans_in_words(result.wins), result.b
    if name in result.envelope:
        name = f"{name.partition('@')[0]}, at each volume its cheapest set-up,"
    if not result.wins:
        return f"{name} is never cheaper than {result.a}."
    tail = " tokens a month" if words != "at any volume" else ""
    text = f"{name} is cheaper than {result.a} {words}{tail}."
    closed = [span for span in result.wins if span[1] is not None]
    if closed and result.sure is not None:
        text += " It flips back in between because GPUs come in whole replicas."
    return text


def _now(result: BreakevenResult) -> str:
    if result.now is None or result.a_usd is None or result.b_usd is None:
        return ""
    cheaper = "cheaper" if result.now_wins else "dearer"
    gap = abs(result.b_usd - result.a_usd)
    who = result.b if result.b in result.envelope else "it"
    return (
        f"At {show_tokens(result.now)} {who} costs {show_usd(result.b_usd)} a month against "
        f"{show_usd(result.a_usd)}: {show_usd(gap)} {cheaper}."
    )


def table_words(rows: list[BreakevenRow]) -> str:
    """Return the overview in words: against hosts of the same weights, and against the rival."""
    same = [r for r in rows if r.same_weights]
    other = [r for r in rows if not r.same_weights]
    sentences = []
    if same:
        sentences.append(_count(same, "the cheapest host of the same weights"))
    if other:
        sentences.append(_count(other, f"{other[0].a}, a different model"))
    if same:
        sentences.append(_today(same, "the cheapest host of the same weights"))
    if other:
        sentences.append(_today(other, other[0].a))
    return " ".join(s for s in sentences if s)


def _today(rows: list[BreakevenRow], rival: str) -> str:
    """Return which models pay at the volume asked about, and how far the nearest other one is."""
    known = [(row.model, row.at) for row in rows if row.at is not None]
    if not known:
        return ""
    won = [(model, at) for model, at in known if at.b_usd < at.a_usd]
    lost = [(model, at) for model, at in known if at.b_usd >= at.a_usd]
    names = ", ".join(f"{m} (by {show_usd(at.a_usd - at.b_usd)} a month)" for m, at in won)
    volume = show_tokens(known[0][1].tokens)
    text = (
        f"At {volume} own GPUs pay against {rival} for {len(won)} of {len(known)} models"
        f"{': ' if won else ''}{names}"
    )
    if not lost:
        return f"{text}."
    model, at = min(lost, key=lambda one: one[1].b_usd / one[1].a_usd if one[1].a_usd else inf)
    return (
        f"{text}; nearest of the others is {model}, {show_usd(at.b_usd)} against "
        f"{show_usd(at.a_usd)}: {show_usd(at.b_usd - at.a_usd)} a month dearer."
    )


def _count(rows: list[BreakevenRow], rival: str) -> str:
    won = [r for r in rows if r.first is not None]
    if not won:
        return f"Against {rival} self-hosting never breaks even for any of {len(rows)} models."
    first = min(won, key=lambda r: r.first or 0.0)
    return (
        f"Against {rival} self-hosting breaks even for {len(won)} of {len(rows)} models, "
        f"first for {first.model} at {show_tokens(first.first or 0.0)} tokens a month."
    )


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
    leader = _hardest(inputs, left.options, right.options)
    rival = earliest(inputs, leader, right.options)[0]
    base, option = leader, rival
    if now is not None:
        base, option = (_cheapest_now(inputs, found.options) for found in (left, right))
    if base.id == option.id:
        raise UsageError(f"A and B are both {base.id}; name two different options")
    sides = [[curve(o, inputs.settings) for o in found.options] for found in (left, right)]
    won = beats(*sides)
    usd = [None if now is None else usd_of(o, inputs.settings) for o in (base, option)]
    spans = open_spans(won)
    because = never_because(inputs, leader, rival) if not spans else None
    used = [base, option]
    best, unsure = of_two(used, usd, least_trust(inputs))
    result = BreakevenResult(
        schema="tco.breakeven/1",
        catalog=stamp(inputs, used),
        a=base.id,
        b=option.id,
        resolved=_said(inputs, (left, right), (base, option), (leader, rival)),
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
        a_usd=usd[0],
        b_usd=usd[1],
        never_because=because,
        flips=flips_of(inputs, base, option, spans),
        verdict="",
        assumptions=assumptions_of(inputs, used),
        warnings=(*warnings_of(inputs, used), *unsure_prices(inputs, used), *_tied(won)),
        best=best,
        cheaper_but_unsure=unsure,
        distance=_distance(won, now),
        first_is=_crossing(inputs, base, spans, growth),
    )
    told = breakeven_words(result)
    return replace(told, verdict=f"{told.verdict} {pair_words(used, unsure)}".strip())


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
    return earliest(inputs, rivals[-1], options)[0]


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


def _said(
    inputs: Question,
    found: Sequence[Resolved],
    meant: Sequence[Option],
    leading: Sequence[Option],
) -> tuple[str, ...]:
    """Return what shorter names were taken to mean: now, and where it is said from which volume."""
    said, now = [], _breakeven_now(inputs)
    for name, at, first in zip(found, meant, leading, strict=True):
        short, count = name.said.split(" is ", 1)[0], len(name.options)
        if count == 1:
            said += [name.said] if name.said else []
        elif now is None:
            said.append(f"{short} is at each volume the cheapest of {count} set-ups, as {first.id}")
        else:
            said.append(
                f"{short} is {at.id} at {show_tokens(now)}; where it is cheaper is told of the "
                f"cheapest of {count} set-ups at each volume, as {first.id}"
            )
    return tuple(said)


def _rival(inputs: Question, against: str | None) -> Resolved:
    """Return the closed model that self-hosting is held against."""
    name = against or inputs.catalog.assumptions.closed_rival
    if name is None:
        raise UsageError("name a closed model to hold self-hosting against, with --against")
    rival = resolve(name, inputs)
    if rival.best.tier != "api":
        raise UsageError(f"--against: {rival.best.id} is not a closed model; name one, or A and B")
    return rival


def breakeven_table(inputs: Question, against: str | None) -> BreakevenTable:
    """Return for each open model where self-hosting beats its cheapest host and a closed model.

    Args:
        inputs: The question.
        against: The closed model; the catalog's choice when None.
    """
    rival = _rival(inputs, against)
    selection = select(inputs.catalog, inputs.request)
    own = own_setups(inputs, selection)
    wanted = None
    if not selection.narrowed:
        wanted = set(inputs.catalog.assumptions.short_list)
    rows: list[BreakevenRow] = []
    used: list[Option] = [rival.best]
    left_out: list[str] = [
        f"{item.model}: {', '.join(item.reasons)}"
        for item in (*own.infeasible, *own.unsized)
        if wanted is None or item.model in wanted
    ]
    for model in own.models:
        pairs = best_pairs(
            own.found, inputs.settings, model.id, TYPICAL_VOLUMES, least_trust(inputs)
        )
        if not pairs.size or (wanted is not None and model.id not in wanted):
            continue
        setups = [own.option(int(i)) for i in pairs]
        at_volume = _at_volume(own, model.id)
        host = _host(inputs, model.id)
        if host is None:
            left_out.append(f"{model.id}: nobody in the catalog hosts it by the token")
        for base in [b for b in (host, rival.best) if b is not None]:
            option, won = earliest(inputs, base, setups)
            here = _here(inputs, base, at_volume) if at_volume is not None else None
            rows.append(replace(_row(inputs, model.id, base, option, won), at=here))
            used += [base, option]
    listed = usual(inputs) if inputs.volume_given else []
    best = cheapest_of(listed, least_trust(inputs))
    if not rows:
        raise UsageError("no open model is left to self-host; loosen --model, --gpu or --license")
    return BreakevenTable(
        schema="tco.breakeven-table/1",
        catalog=stamp(inputs, used),
        against=rival.best.id,
        variable="volume",
        unit=UNIT,
        rows=tuple(rows),
        left_out=tuple(left_out),
        verdict=table_words(rows),
        assumptions=assumptions_of(inputs, used),
        warnings=warnings_of(inputs, list({o.id: o for o in used}.values())),
        best=best.id if best is not None else None,
        cheaper_but_unsure=tuple(row.id for row in cheaper_but_unsure(listed, best))
        if best is not None
        else (),
    )


def _at_volume(own: OwnSetups, model: str) -> Option | None:
    """Return the set-up of a model that is the answer at the volume asked about."""
    now, settings = _breakeven_now(own.inputs), own.inputs.settings
    if now is None:
        return None
    pairs = best_pairs(own.found, settings, model, np.array([now]), least_trust(own.inputs))
    return own.option(int(pairs[0])) if pairs.size else None


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
        never_because=never_because(inputs, base, option) if not spans else None,
    )
