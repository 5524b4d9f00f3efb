"""The answer in words. Every figure in a sentence is taken from the rows, never worked out anew."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from tco.analysis.results import OptionResult, Tier
from tco.show import show_usd

TIER_WORDS: dict[Tier, str] = {
    "api": "closed API",
    "hosted": "hosted open model",
    "self": "own GPUs",
}


DOUBT = "doubtful"
"""How the note of an offer begins whose price the catalog does not trust."""


def compare_verdict(ranked: list[OptionResult], shown: tuple[str, ...]) -> str:
    """Return what the rows say: the cheapest of each tier, and self-hosting on the same weights.

    Args:
        ranked: All rows by cost.
        shown: Ids of the short list; empty when all rows count.
    """
    rows = [r for r in ranked if r.feasible and (not shown or r.id in shown)]
    sentences = [_cheapest(rows, bool(shown))]
    sentences += _same_weights(rows, ranked)
    return " ".join(s for s in sentences if s)


def winner(rows: Iterable[OptionResult], shown: Collection[str]) -> OptionResult | None:
    """Return the cheapest that can serve the month, of the short list where there is one."""
    listed = [r for r in rows if r.feasible and (not shown or r.id in shown)]
    return min(listed, key=lambda r: (doubtful(r), r.monthly_usd or 0.0, r.id), default=None)


def doubtful(row: OptionResult) -> bool:
    """Return whether the price of a row is in doubt: it wins only where there is no other."""
    return any(note.startswith(DOUBT) for note in row.notes)


def _cheapest(rows: list[OptionResult], short_list: bool) -> str:
    best: dict[Tier, OptionResult] = {}
    for row in sorted(rows, key=doubtful):
        best.setdefault(row.tier, row)
    parts = [
        f"{TIER_WORDS[tier]} {row.id} at {_usd(row)}"
        for tier, row in sorted(best.items(), key=lambda item: item[1].monthly_usd or 0.0)
    ]
    where = "Cheapest of the short list" if short_list else "Cheapest"
    different = len({row.model for row in best.values()}) > 1
    quality = " These are different models of different quality." if different else ""
    return f"{where}: {'; '.join(parts)} a month.{quality}"


def _same_weights(rows: list[OptionResult], ranked: list[OptionResult]) -> list[str]:
    """Return how the cheapest own GPUs of each model fare against its cheapest host."""
    own: dict[str, OptionResult] = {}
    for row in rows:
        if row.tier == "self" and row.monthly_usd:
            own.setdefault(row.model, row)
    hosts: dict[str, OptionResult] = {}
    for row in sorted(ranked, key=doubtful):
        if row.tier == "hosted" and row.feasible and row.monthly_usd:
            hosts.setdefault(row.model, row)
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
    ratio = (own.monthly_usd or 0.0) / (host.monthly_usd or 1.0)
    whose = host.id if host.provider == "given" else f"{host.provider}'s"
    return f"{ratio:.2f} times {whose} price"


def _usd(row: OptionResult) -> str:
    return show_usd(row.monthly_usd or 0.0)
