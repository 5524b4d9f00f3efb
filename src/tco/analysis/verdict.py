"""The verdict of a comparison in words: what to do, what own GPUs cost, what closed models cost.

Every figure in a sentence is taken from the rows, never worked out anew. What is decided comes
first and fits three lines of a screen; what is told besides follows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from tco.analysis.results import OptionResult
from tco.catalog.lookup import ModelClass
from tco.options.cheapest import by_model, cheapest_of, rank_of
from tco.options.spoken import spoken
from tco.units import show_number, show_score, show_tokens, show_usd

CLASSES: tuple[ModelClass, ...] = ("small", "mid", "flagship", "unknown")
"""Classes of models, the smallest first."""


def decided(
    rows: Sequence[OptionResult],
    ranked: Sequence[OptionResult],
    least: int,
    tokens: float,
    *,
    short: bool,
    beyond: Collection[str] = (),
) -> Iterator[str]:
    """Yield what the rows decide, a sentence each.

    Args:
        rows: What is shown, with bills.
        ranked: All rows by cost.
        least: Rank of the trust that is sure enough [1].
        tokens: The volume [token/month].
        short: The rows are those of a short list: others may cost less.
        beyond: Models of the short list where more than it was asked for.
    """
    best = cheapest_of(rows, least)
    if best is None:
        return
    yield _first(best, rows, least, tokens)
    yield from _beyond(best, ranked, least, beyond)
    yield from _owning(best, rows, ranked, least)
    yield from _closed(best, rows, least, short=short)
    if best.tier == "api":
        host = cheapest_of([r for r in rows if r.tier == "hosted"], least)
        if host is not None:
            yield f"Hosted open models cost at least {_usd(host)} ({said(host)})."


NAMED = 2
"""Models that a sentence names before it counts the others."""


def said(row: OptionResult) -> str:
    """Return an option in words: `gpt-oss-120b on 28 A30`."""
    return spoken(row.id, row.gpus)


def _first(best: OptionResult, rows: Sequence[OptionResult], least: int, tokens: float) -> str:
    kinds = {row.tier == "self" for row in rows}
    seats = any(line.unit == "seat" for line in best.lines)
    bought = "Run it yourself" if best.tier == "self" else "Buy seats" if seats else "Buy tokens"
    do = bought if len(kinds) > 1 else "The cheapest"
    each = "" if best.usd_per_mtok is None else f" ({show_usd(best.usd_per_mtok)} per Mtok)"
    sure = "" if rank_of(best.trust) >= least else f", trust {best.trust}"
    volume = f"{show_tokens(tokens)} tokens"
    return f"{do}: {said(best)} costs {_usd(best)} a month for {volume}{each}{sure}."


def _beyond(
    best: OptionResult, ranked: Sequence[OptionResult], least: int, known: Collection[str]
) -> Iterator[str]:
    """Yield what costs less than the answer and is not on the short list, and how good it is."""
    others = [row for row in ranked if row.model not in known]
    found = cheapest_of(others, least) if known else None
    if found is None or (found.monthly_usd or 0.0) >= (best.monthly_usd or 0.0):
        return
    scores = [r.quality and show_score(r.quality.value) for r in (found, best)]
    good = f", quality {scores[0] or 'unknown'} against {scores[1] or 'unknown'}"
    yield f"Not on the short list: {said(found)} for {_usd(found)}{good if any(scores) else ''}."


def _usd(row: OptionResult) -> str:
    return show_usd(row.monthly_usd or 0.0)


Weights = tuple[OptionResult, OptionResult]
"""Own GPUs of a model, and the host of its weights."""


def same_weights_of(
    rows: Sequence[OptionResult], ranked: Sequence[OptionResult], least: int
) -> list[Weights]:
    """Return the answer among own GPUs of each model that is shown, with that among its hosts."""
    own, hosts = by_model(rows, "self", least), by_model(ranked, "hosted", least)
    return [(row, hosts[model]) for model, row in own.items() if model in hosts]


def _ratio(pair: Weights) -> float:
    own, host = (row.monthly_usd or 0.0 for row in pair)
    return own / host if host else float("inf")


def _times(ratio: float) -> str:
    return "many" if ratio == float("inf") else show_number(ratio, 2)


def _owning(
    best: OptionResult, rows: Sequence[OptionResult], ranked: Sequence[OptionResult], least: int
) -> Iterator[str]:
    """Yield what own GPUs cost beside hosts of the same weights."""
    own = cheapest_of([row for row in rows if row.tier == "self"], least)
    if own is None or not any(row.tier != "self" for row in rows):
        return
    pairs = same_weights_of(rows, ranked, least)
    won = [pair for pair in pairs if _ratio(pair) < 1.0]
    lost = sorted(_ratio(pair) for pair in pairs if pair not in won)
    if won:
        named = [f"{a.model} ({_ratio((a, b)):.2f} times)" for a, b in won]
        names = ", ".join(named[:NAMED]) + f" and {len(named) - NAMED} more" * (len(named) > NAMED)
        yield f"On the same weights own GPUs are cheaper than the cheapest host for {names}."
    if not lost:
        if best is not own:
            yield f"Own GPUs cost at least {_usd(own)} ({said(own)})."
        return
    low, high = _times(lost[0]), _times(lost[-1])
    span = f"{low} to {high}" if low != high else low
    if best is own or won:
        yield f"For others they cost {span} times as much."
        return
    called = own.id if own.provider == "given" else own.model
    whose = "" if own.model == best.model else f" ({called})"
    if best.provider == "given" and best.tier != "self":  # seats have no weights
        yield f"Own GPUs cost {span} times what hosts of their weights do, from {_usd(own)}{whose}."
        return
    yield f"Own GPUs cost {span} times as much for the same weights, from {_usd(own)}{whose}."


def _closed(
    best: OptionResult, rows: Sequence[OptionResult], least: int, *, short: bool
) -> Iterator[str]:
    """Yield what the best closed model of each class costs, but for the one that was named."""
    found = []
    for class_ in CLASSES:
        row = cheapest_of([r for r in rows if r.tier == "api" and r.class_ == class_], least)
        if row is not None and row is not best:
            found.append(f"{class_ if class_ != 'unknown' else row.model} {_usd(row)}")
    if found:
        of = "Closed, short list" if short else "Closed models"
        yield f"{of}: {', '.join(found)}."


# What is told besides.


def besides(
    rows: Sequence[OptionResult], ranked: Sequence[OptionResult], least: int
) -> Iterator[str]:
    """Yield how sure own GPUs are to be cheaper, and how each model fares against its host."""
    if len({row.model for row in rows}) > 1:
        yield "These are different models of different quality."
    pairs = same_weights_of(rows, ranked, least)
    won = [pair for pair in pairs if _ratio(pair) < 1.0]
    unsure = [a.model for a, b in won if not a.band_usd or a.band_usd[1] >= (b.monthly_usd or 0.0)]
    if unsure:
        yield f"Within the throughput band that is not certain for {', '.join(unsure)}."
    lost = ", ".join(f"{a.model} ({_beside(a, b)})" for a, b in pairs if _ratio((a, b)) >= 1.0)
    if lost:
        yield f"Hosting elsewhere is cheaper for {lost}."


def _beside(own: OptionResult, host: OptionResult) -> str:
    whose = host.id if host.provider == "given" else f"{host.provider}'s"
    if not host.monthly_usd:
        return f"{_usd(own)} against {whose} {_usd(host)}"
    return f"{_ratio((own, host)):.2f} times {whose} price"
