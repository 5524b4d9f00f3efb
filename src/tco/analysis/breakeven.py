"""From which volume B is cheaper than A: never, once, or on several intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tco.analysis.candidates import OwnSetups, own_setups
from tco.analysis.change.chosen import usual
from tco.analysis.cheapest import (
    answers_at,
    cheaper_but_unsure,
    cheapest_of,
    least_trust,
    of_two,
)
from tco.analysis.curves import TOKENS, curve
from tco.analysis.flips import flips_of, never_because
from tco.analysis.inputs import Inputs
from tco.analysis.options import Option, same_weights, usd_of
from tco.analysis.pairs import best_pairs
from tco.analysis.report import assumptions_of, stamp, unsure_prices, warnings_of
from tco.analysis.resolve import TYPICAL_VOLUMES, Resolved, any_volume, resolve
from tco.analysis.results import (
    BothAt,
    BreakevenResult,
    BreakevenRow,
    BreakevenTable,
    OpenSpan,
    VolumeResult,
)
from tco.analysis.select import select
from tco.analysis.settings import workload
from tco.analysis.verdict import pair_words
from tco.analysis.words import breakeven_words, table_words
from tco.engine.steps import Wins, beats, together, wins
from tco.errors import TcoError, UsageError
from tco.show import show_tokens
from tco.units import SECONDS_PER_DAY

UNIT = "tokens/month"


def breakeven(inputs: Inputs, a: str, b: str, growth: float | None = None) -> BreakevenResult:
    """Return the exact volumes on which option `b` is cheaper than option `a`.

    A name that stands for several set-ups is, where it is said from which volume, the cheapest of
    them at each volume; what is said at the volume asked about is of the cheapest there.

    Args:
        inputs: The question; a volume in it is only reported on.
        a, b: Names of the two options.
        growth: What the volume grows by in a month [1].
    """
    left, right = (resolve(name, inputs, at=any_volume(inputs)) for name in (a, b))
    now = _now(inputs)
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
        first=won.first,
        sure=won.sure,
        about=won.about,
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
    ends = [end for span in won.intervals for end in span if 0.0 < end < np.inf]
    if not now or not ends:
        return None
    return min(ends, key=lambda end: abs(end - now)) / now - 1.0


def _crossing(
    inputs: Inputs, base: Option, spans: tuple[OpenSpan, ...], growth: float | None
) -> VolumeResult | None:
    """Return the smallest volume at which the cheaper one changes, in other words."""
    ends = [end for span in spans for end in span if end]
    return _in_other_words(inputs, base, ends[0], growth) if ends else None


def _in_other_words(
    inputs: Inputs, base: Option, volume: float, growth: float | None
) -> VolumeResult:
    """Return a volume as the bill of A, as requests, and as months of growth from today."""
    settings = inputs.settings.with_values({TOKENS: volume})
    load, now = workload(settings), _now(inputs)
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


def earliest(inputs: Inputs, base: Option, options: Sequence[Option]) -> tuple[Option, Wins]:
    """Return the option that beats `base` at the lowest volume, and where any of them does.

    When none ever does, it is the one that a further token costs least with.
    """
    against = curve(base, inputs.settings)
    curves = [(option, curve(option, inputs.settings)) for option in options]
    tried = [(option, mine.slope, wins(against, mine)) for option, mine in curves]

    def order(item: tuple[Option, float, Wins]) -> tuple[float, float]:
        return np.inf if item[2].first is None else item[2].first, item[1]

    return min(tried, key=order)[0], together([[won for _, _, won in tried]])


def _cheapest_now(inputs: Inputs, options: Sequence[Option]) -> Option:
    """Return which of some options is the answer at the volume asked about."""
    usd = np.array([usd_of(option, inputs.settings) for option in options])
    return options[int(answers_at(options, usd, least_trust(inputs)))]


def _hardest(inputs: Inputs, options: Sequence[Option], rivals: Sequence[Option]) -> Option:
    """Return which of A's set-ups to hold B against: the first that beats B itself."""
    if len(options) == 1:
        return options[0]
    return earliest(inputs, rivals[-1], options)[0]


def open_spans(won: Wins) -> tuple[OpenSpan, ...]:
    """Return the intervals with None for an end that does not exist."""
    return tuple((low, None if np.isinf(high) else high) for low, high in won.intervals)


def _inside(spans: tuple[OpenSpan, ...], volume: float) -> bool:
    return any(low < volume and (high is None or volume <= high) for low, high in spans)


def _tied(won: Wins) -> tuple[str, ...]:
    if not won.tied:
        return ()
    return ("at very large volumes the two cost almost the same a token, and neither is sure",)


def _now(inputs: Inputs) -> float | None:
    if not inputs.volume_given:
        return None
    return float(np.asarray(inputs.settings.value(TOKENS)))


def _said(
    inputs: Inputs,
    found: Sequence[Resolved],
    meant: Sequence[Option],
    leading: Sequence[Option],
) -> tuple[str, ...]:
    """Return what shorter names were taken to mean: now, and where it is said from which volume."""
    said, now = [], _now(inputs)
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


def _rival(inputs: Inputs, against: str | None) -> Resolved:
    """Return the closed model that self-hosting is held against."""
    name = against or inputs.catalog.assumptions.closed_rival
    if name is None:
        raise UsageError("name a closed model to hold self-hosting against, with --against")
    rival = resolve(name, inputs)
    if rival.best.tier != "api":
        raise UsageError(f"--against: {rival.best.id} is not a closed model; name one, or A and B")
    return rival


def breakeven_table(inputs: Inputs, against: str | None) -> BreakevenTable:
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
    now, settings = _now(own.inputs), own.inputs.settings
    if now is None:
        return None
    pairs = best_pairs(own.found, settings, model, np.array([now]), least_trust(own.inputs))
    return own.option(int(pairs[0])) if pairs.size else None


def _here(inputs: Inputs, base: Option, option: Option) -> BothAt:
    """Return both bills at the volume asked about."""
    a_usd, b_usd = (usd_of(o, inputs.settings) for o in (base, option))
    return BothAt(tokens=_now(inputs) or 0.0, a_usd=a_usd, b_usd=b_usd, b=option.id)


def _host(inputs: Inputs, model: str) -> Option | None:
    """Return the cheapest host of the same weights; None when there is none."""
    try:
        found = resolve(model, inputs).best
    except TcoError:
        return None
    return found if found.tier == "hosted" else None


def _row(inputs: Inputs, model: str, base: Option, option: Option, won: Wins) -> BreakevenRow:
    spans = open_spans(won)
    return BreakevenRow(
        model=model,
        a=base.id,
        b=option.id,
        same_weights=same_weights(base, option),
        wins=spans,
        first=won.first,
        sure=won.sure,
        about=won.about,
        never_because=never_because(inputs, base, option) if not spans else None,
    )
