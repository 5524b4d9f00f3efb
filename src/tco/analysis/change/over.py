"""For which values of any variable B is cheaper than A."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from tco.analysis.change.names import variable
from tco.analysis.change.results import BreakevenOver
from tco.analysis.change.variables import Variable, usd_of
from tco.analysis.change.words import told, where
from tco.analysis.cheapest import least_trust, of_two
from tco.analysis.curves import TOKENS
from tco.analysis.flips import flips_of
from tco.analysis.inputs import Inputs
from tco.analysis.options import Option, same_weights
from tco.analysis.report import assumptions_of, stamp, unsure_prices, warnings_of
from tco.analysis.resolve import resolve
from tco.analysis.results import OpenSpan, Span
from tco.analysis.verdict import pair_words
from tco.engine.scan import Scan, scan
from tco.engine.shapes import Floats
from tco.errors import UsageError
from tco.show import show_share, show_tokens, show_usd

VOLUMES, FARTHEST = 61, 1e6
"""Volumes at which the set-ups of a name are looked for, and how far below the largest."""

TRIED = 257
"""Values at which it is looked how near B comes where it never wins."""


def breakeven_over(
    inputs: Inputs, a: str, b: str, name: str, span: Span | None = None
) -> BreakevenOver:
    """Return the values of a variable for which option `b` is cheaper than option `a`.

    Args:
        inputs: The question, with a volume.
        a, b: Names of the two options.
        name: What to vary: one of `names.NAMES` or the path of a setting.
        span: The range to search; the variable's own when None.

    Raises:
        UsageError: No volume, no such variable, one that enters neither bill, or a bad range.
    """
    if not inputs.volume_given:
        raise UsageError(f"--over {name}: at how many tokens a month? for example --tokens 50B")
    left, right = resolve(a, inputs), resolve(b, inputs)
    base, option = left.best, right.best
    over = variable(name, (base, option), inputs.settings)
    if span is not None:
        over = over.within(*span)
    sides = [_sides(inputs, said, one.best, over) for said, one in ((a, left), (b, right))]
    gap = _gap(inputs, sides[0], sides[1], over)
    found = scan(gap, over.low, over.high, log=over.log)
    a_usd, b_usd = (float(usd_of(o, inputs.settings, [])) for o in (base, option))
    spans = _open(found, over)
    best, unsure = of_two([base, option], [a_usd, b_usd], least_trust(inputs))
    result = BreakevenOver(
        schema="tco.breakeven-over/1",
        catalog=stamp(inputs, [base, option]),
        a=base.id,
        b=option.id,
        resolved=tuple(filter(None, (left.said, right.said))),
        same_weights=same_weights(base, option),
        variable=over.name,
        title=over.title,
        unit=over.unit,
        searched=(over.low, over.high),
        wins=spans,
        first=spans[0][0] if spans else None,
        sure=spans[-1][0] if spans and spans[-1][1] is None else None,
        crossings=found.crossings,
        exact=found.exact,
        now=over.now,
        now_wins=b_usd < a_usd,
        nearest=_nearest(found, over.now),
        distance=_distance(found, over.now),
        tokens_per_month=float(np.asarray(inputs.settings.value(TOKENS))),
        a_usd=a_usd,
        b_usd=b_usd,
        never_because=None if spans else _never(over, base, gap),
        flips=flips_of(inputs, base, option, ()) if not spans else (),
        verdict="",
        assumptions=assumptions_of(inputs, [base, option]),
        warnings=(*warnings_of(inputs, [base, option]), *unsure_prices(inputs, [base, option])),
        best=best,
        cheaper_but_unsure=unsure,
    )
    verdict = f"{_words(result)} {pair_words([base, option], unsure)}".strip()
    return replace(result, verdict=verdict)


def _sides(inputs: Inputs, name: str, best: Option, over: Variable) -> tuple[Option, ...]:
    """Return the options of a name: over the volume each that is cheapest at some of it."""
    if over.name != "volume":
        return (best,)
    spread = np.geomspace(max(over.low, over.high / FARTHEST), over.high, VOLUMES)
    return resolve(name, inputs, at=np.append(spread, over.now)).options


def _gap(
    inputs: Inputs, a: Sequence[Option], b: Sequence[Option], over: Variable
) -> Callable[[Floats], Floats]:
    """Return what B costs more than A at some values of a variable [USD/month].

    Each side is the cheapest of its options there.
    """

    def least(options: Sequence[Option], values: Floats) -> Floats:
        bills = [usd_of(o, inputs.settings, [(over, values)]) for o in options]
        cheapest: Floats = np.min(np.stack(bills), axis=0)
        return cheapest

    def gap(values: Floats) -> Floats:
        mine, theirs = least(b, values), least(a, values)
        with np.errstate(invalid="ignore"):
            return np.where(np.isinf(theirs), -1.0, mine - theirs)

    return gap


def _open(found: Scan, over: Variable) -> tuple[OpenSpan, ...]:
    """Return the intervals; one that reaches the end of what was searched has no end."""
    return tuple((low, None if high >= over.high else high) for low, high in found.intervals)


def _nearest(found: Scan, now: float) -> float | None:
    return min(found.crossings, key=lambda x: abs(x - now), default=None)


def _distance(found: Scan, now: float) -> float | None:
    near = _nearest(found, now)
    return None if near is None or not now else near / now - 1.0


def _never(over: Variable, a: Option, gap: Callable[[Floats], Floats]) -> str:
    low, high = told(over.low, over.unit), told(over.high, over.unit)
    best = float(gap(np.linspace(over.low, over.high, TRIED)).min())
    near = (
        f"it still costs {show_usd(best)} a month more" if np.isfinite(best) else "it cannot serve"
    )
    return f"from {low} to {high}, with all else as it is, {near} than {a.id} where it is nearest"


def _words(result: BreakevenOver) -> str:
    at = f"at {show_tokens(result.tokens_per_month)} tokens a month"
    gap = result.b_usd - result.a_usd
    which = f"{show_usd(abs(gap))} {'cheaper' if gap < 0 else 'dearer'}"
    today = (
        f"Today, with {told(result.now, result.unit)}, it costs {show_usd(result.b_usd)} a month "
        f"against {show_usd(result.a_usd)}: {which}."
    )
    if not result.wins:
        return f"{result.b} is never cheaper than {result.a} {at}: {result.never_because}. {today}"
    region = where(result.wins, result.searched[0], result.unit)
    text = f"A{at[1:]}, {result.b} is cheaper than {result.a} {region}: {result.title}. {today}"
    if result.distance is not None:
        way = "up" if result.distance > 0 else "down"
        text += f" The turn is {show_share(abs(result.distance))} {way} from there."
    if result.same_weights is False:
        text += " The two are different models: equal cost is not equal quality."
    return text
