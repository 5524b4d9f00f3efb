"""What a report says first: its question, its answer, and the few figures behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from tco.analysis.cheapest import cheapest_of, rank_of
from tco.analysis.pictures.results import Report
from tco.analysis.results import OptionResult
from tco.analysis.verdict import TIER_WORDS
from tco.render.screens.breakeven import spans
from tco.show import show_share, show_tokens, show_usd

PAIRED = ("breakeven", "sensitivity", "montecarlo")
"""Answers about A and B, so that it is worth saying how sure it is which is cheaper."""

TITLES = {
    "explain": "Every term of one bill",
    "size": "Where the model fits, and how fast it serves",
    "horizon": "What the months to come cost",
}


class Fact(NamedTuple):
    """One figure, what it is, and of what."""

    head: str
    figure: str
    note: str = ""


def question(report: Report) -> str:
    """Return what was asked, as a heading."""
    answer = report.answer
    kind = answer.schema.removeprefix("tco.").partition("/")[0]
    volume = show_tokens(report.volume) if report.volume and report.volume_given else ""
    at = f" at {volume} tokens a month" if volume else ""
    if kind == "compare":
        return f"What {volume} tokens a month cost"
    if kind in ("plan", "plan-portfolio"):
        return f"The cheapest mix{at}"
    if kind in ("sensitivity", "montecarlo", "what-if"):
        return f"What would change the answer{at}"
    if kind == "breakeven":
        return "From which volume is B cheaper than A?"
    if kind == "breakeven-table":
        return "From which volume are own GPUs cheaper?"
    if kind == "breakeven-over":
        return f"For which {answer.variable} is B cheaper than A{at}?"
    return TITLES.get(kind, f"Who is cheapest{at}")


def facts(report: Report) -> list[Fact]:
    """Return the figures that stand under the verdict."""
    answer = report.answer
    kind = answer.schema.removeprefix("tco.").partition("/")[0]
    made: Iterator[Fact] = iter(())
    if kind == "compare":
        made = _tiers(answer)
    elif kind == "breakeven":
        made = _volumes(answer)
    elif kind == "sensitivity":
        made = _two(answer)
    elif kind == "plan":
        made = _arrangements(report)
    return [*made, *(_sure(report) if kind in PAIRED else ())]


def _tiers(answer: Any) -> Iterator[Fact]:
    """Return the cheapest of each tier on the list that is shown."""
    listed = [o for o in answer.options if not answer.shown or o.id in answer.shown]
    tiers: dict[str, list[OptionResult]] = {}
    for row in listed:
        if row.feasible:
            tiers.setdefault(row.tier, []).append(row)
    for tier, rows in tiers.items():
        option = cheapest_of(rows, rank_of(answer.min_trust)) or rows[0]
        head = f"cheapest {TIER_WORDS[option.tier]}" if tier != "self" else "cheapest own GPUs"
        yield Fact(f"{head}, a month", show_usd(option.monthly_usd or 0.0), option.id)


def _volumes(answer: Any) -> Iterator[Fact]:
    wins = spans(answer.wins)
    why = "tokens a month" if answer.wins else answer.never_because or ""
    yield Fact("B is cheaper", wins, why)
    if answer.first_is is not None:
        bill = f"{show_usd(answer.first_is.a_usd)} a month"
        yield Fact("that is a bill of A of", bill, f"at {show_tokens(answer.first)} tokens")
    if answer.now is not None and answer.a_usd is not None and answer.b_usd is not None:
        note = f"at {show_tokens(answer.now)} tokens a month"
        yield Fact("A costs a month", show_usd(answer.a_usd), note)
        yield Fact("B costs a month", show_usd(answer.b_usd), note)


def _two(answer: Any) -> Iterator[Fact]:
    yield Fact("A costs a month", show_usd(answer.a_usd), answer.a)
    yield Fact("B costs a month", show_usd(answer.b_usd), answer.b)
    yield Fact("B less A", show_usd(answer.difference_usd), "a month")


def _arrangements(report: Report) -> Iterator[Fact]:
    for way in report.arrangements:
        yield Fact(f"{way.name}, a month", show_usd(way.monthly_usd), report.answer.model)


def _sure(report: Report) -> Iterator[Fact]:
    """Return in how many draws B saves."""
    risk = report.risk
    if risk is not None and risk.saving is not None:
        saving = risk.saving
        note = f"of {risk.draws:,} draws {saving.b} costs less than {saving.a}"
        yield Fact("how sure", f"in {show_share(saving.p_saves)}", note)
