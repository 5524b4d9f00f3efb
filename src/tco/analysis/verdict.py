"""The answer in words. Every figure in a sentence is taken from the rows, never worked out anew."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from tco.analysis.cheapest import (
    BESIDE,
    Priced,
    Trusted,
    by_model,
    cheaper_but_unsure,
    cheapest_of,
    rank_of,
    sure_words,
)
from tco.analysis.results import OptionResult, Tier
from tco.show import show_share, show_usd

TIER_WORDS: dict[Tier, str] = {
    "api": "closed API",
    "hosted": "hosted open model",
    "self": "own GPUs",
}


def compare_verdict(ranked: list[OptionResult], shown: tuple[str, ...], least: int) -> str:
    """Return what the rows say: the answer of each tier, and self-hosting on the same weights.

    Args:
        ranked: All rows by cost.
        shown: Ids of the short list; empty when all rows count.
        least: Rank of the trust that is sure enough [1].
    """
    rows = [r for r in ranked if r.feasible and (not shown or r.id in shown)]
    best = cheapest_of(rows, least)
    if best is None:
        return ""
    sentences = [unsure_words(best.trust, least), _cheapest(rows, best, least, bool(shown))]
    sentences.append(beside_words(cheaper_but_unsure(rows, best)))
    sentences += _same_weights(rows, ranked, least)
    return " ".join(s for s in sentences if s)


def unsure_words(trust: str, least: int) -> str:
    """Return that no price is sure enough, which an answer then begins with; or nothing."""
    if rank_of(trust) >= least:
        return ""
    return (
        f"No price is sure enough ({sure_words(least)}): the best trust there is, {trust}, decides."
    )


def undercut_words(options: Sequence[Trusted], counts: Sequence[int], cases: int, of: str) -> str:
    """Return which options are cheaper than the answer in some cases, and why they do not win.

    Args:
        options: The options.
        counts: Cases in which each of them is cheaper than the answer [options].
        cases: How many there are.
        of: What a case is called, in the plural.
    """
    found = [(o, n) for o, n in zip(options, counts, strict=True) if n]
    if not found:
        return ""
    named = "; ".join(
        f"{o.id} in {show_share(n / cases)} of the {of} ({o.trust.reasons[0]})"
        for o, n in found[:BESIDE]
    )
    more = f"; and {len(found) - BESIDE} more" if len(found) > BESIDE else ""
    return f"Cheaper but not sure enough: {named}{more}."


def pair_words(options: Sequence[Trusted], unsure: Collection[str]) -> str:
    """Return that one of the options that were named is cheaper, but is not the answer; or nothing.

    Args:
        options: The options.
        unsure: Ids of those that cost less than the answer.
    """
    found = [option for option in options if option.id in unsure]
    said = [f"{option.id} costs less, but its price is not sure enough" for option in found]
    reasons = [option.trust.reasons[0] for option in found]
    return " ".join(f"{s} ({r})." for s, r in zip(said, reasons, strict=True))


def rule_words(least: int) -> str:
    """Return the rule by which a price wins, to follow the word `cheapest`."""
    return f" of the prices that are sure enough ({sure_words(least)})" if least else ""


class Beside(Priced, Protocol):
    """An option with its bill, and why its price is trusted so far."""

    @property
    def trust_reasons(self) -> tuple[str, ...]: ...


def beside_words(unsure: Sequence[Beside]) -> str:
    """Return which prices are lower than the answer's, and why they are not the answer."""
    if not unsure:
        return ""
    named = "; ".join(
        f"{r.id} at {show_usd(r.monthly_usd or 0.0)} ({r.trust_reasons[0]})"
        for r in unsure[:BESIDE]
    )
    more = f"; and {len(unsure) - BESIDE} more" if len(unsure) > BESIDE else ""
    return f"Cheaper but not sure enough: {named}{more}."


def _cheapest(rows: list[OptionResult], best: OptionResult, least: int, short_list: bool) -> str:
    tiers = dict.fromkeys(row.tier for row in rows)
    firsts = [cheapest_of([r for r in rows if r.tier == tier], least) for tier in tiers]
    found = sorted(
        (row for row in firsts if row is not None),
        key=lambda row: (row is not best, row.monthly_usd or 0.0),
    )
    parts = [f"{TIER_WORDS[row.tier]} {row.id} at {_usd(row)}{_sure(row, least)}" for row in found]
    where = "Cheapest of the short list," if short_list and least else "Cheapest"
    where = "Cheapest of the short list" if short_list and not least else where
    different = len({row.model for row in found}) > 1
    quality = " These are different models of different quality." if different else ""
    return f"{where}{rule_words(least)}: {'; '.join(parts)} a month.{quality}"


def _sure(row: OptionResult, least: int) -> str:
    return "" if rank_of(row.trust) >= least else f" (trust {row.trust})"


def _same_weights(rows: list[OptionResult], ranked: list[OptionResult], least: int) -> list[str]:
    """Return how the own GPUs of each model fare against its host: the answer of either."""
    own, hosts = by_model(rows, "self", least), by_model(ranked, "hosted", least)
    pairs = [(row, hosts[model]) for model, row in own.items() if model in hosts]
    won = [(a, b) for a, b in pairs if (a.monthly_usd or 0.0) < (b.monthly_usd or 0.0)]
    lost = [pair for pair in pairs if pair not in won]
    out = []
    if won:
        names = ", ".join(f"{a.model} ({_ratio(a, b)})" for a, b in won)
        out.append(f"On the same weights own GPUs are cheaper than the cheapest host for {names}.")
        sure = [a.model for a, b in won if a.band_usd and a.band_usd[1] < (b.monthly_usd or 0.0)]
        unsure = [a.model for a, _ in won if a.model not in sure]
        if unsure:
            out.append(f"Within the throughput band that is not certain for {', '.join(unsure)}.")
    if lost:
        names = ", ".join(f"{a.model} ({_ratio(a, b)})" for a, b in lost)
        out.append(f"Hosting elsewhere is cheaper for {names}.")
    return out


def _ratio(own: OptionResult, host: OptionResult) -> str:
    whose = host.id if host.provider == "given" else f"{host.provider}'s"
    if not host.monthly_usd:
        return f"{_usd(own)} against {whose} {_usd(host)}"
    return f"{(own.monthly_usd or 0.0) / host.monthly_usd:.2f} times {whose} price"


def _usd(row: OptionResult) -> str:
    return show_usd(row.monthly_usd or 0.0)
