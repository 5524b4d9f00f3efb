"""Break-evens in words."""

from __future__ import annotations

from dataclasses import replace
from math import inf

from tco.analysis.results import BreakevenResult, BreakevenRow, OpenSpan
from tco.show import show_tokens, show_usd

MOST_SPANS = 6
"""Intervals that are spelled out before the rest is counted."""


def spans_in_words(spans: tuple[OpenSpan, ...]) -> str:
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
