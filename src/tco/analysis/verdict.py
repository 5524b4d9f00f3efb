"""The answer in words. Every figure in a sentence is taken from the rows, never worked out anew."""

from __future__ import annotations

from tco.analysis.results import OptionResult, Tier
from tco.show import show_usd

TIER_WORDS: dict[Tier, str] = {
    "api": "closed API",
    "hosted": "hosted open model",
    "self": "own GPUs",
}


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


def _cheapest(rows: list[OptionResult], short_list: bool) -> str:
    best: dict[Tier, OptionResult] = {}
    for row in rows:
        best.setdefault(row.tier, row)
    parts = [
        f"{TIER_WORDS[tier]} {row.id} at {_usd(row)}"
        for tier, row in sorted(best.items(), key=lambda item: item[1].monthly_usd or 0.0)
    ]
    where = "Cheapest of the short list" if short_list else "Cheapest"
    quality = " These are different models of different quality." if len(parts) > 1 else ""
    return f"{where}: {'; '.join(parts)} a month.{quality}"


def _same_weights(rows: list[OptionResult], ranked: list[OptionResult]) -> list[str]:
    """Return how own GPUs fare against the cheapest host of the same weights."""
    won: list[tuple[OptionResult, OptionResult]] = []
    lost: list[tuple[OptionResult, OptionResult]] = []
    for row in rows:
        if row.tier != "self":
            continue
        rival = next((r for r in ranked if r.tier == "hosted" and r.model == row.model), None)
        if rival is None or not rival.feasible or not rival.monthly_usd or not row.monthly_usd:
            continue
        (won if row.monthly_usd < rival.monthly_usd else lost).append((row, rival))
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
    return f"{ratio:.2f} times {host.provider}'s price"


def _usd(row: OptionResult) -> str:
    return show_usd(row.monthly_usd or 0.0)
