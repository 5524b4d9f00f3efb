"""Every claim asked: its commands on the article's day and today, what turns them, the verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from tco.analysis.claims.asking import Ask, assumptions_of, claimed_of, nothing, reading
from tco.analysis.claims.judge import (
    ANSWERS,
    Judged,
    both_sides,
    check_row,
    tolerance_of,
    verdict_of,
)
from tco.analysis.claims.nearest import nearest
from tco.analysis.claims.results import Answered, ClaimRow, ClaimsResult, Reading
from tco.analysis.claims.rules import Rules
from tco.analysis.claims.turning import Turning, nearness

if TYPE_CHECKING:
    from tco.analysis.results import CatalogStamp
    from tco.analysis.settings import Settings
    from tco.catalog.claims import Claim, Claims, Question

WRONG = "arithmetic_error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What all claims are asked with.

    Args:
        claims: The data.
        ask: Runs a command line.
        settings: Every assumption, with its range.
        catalog: The data of today's answers.
        today: The day of today's prices, `YYYY-MM-DD`.
        progress: Is told which share of the claims has been asked [1].
    """

    claims: Claims
    ask: Ask
    settings: Settings
    catalog: CatalogStamp
    today: str
    progress: Callable[[float], None]

    def result(self, wanted: Sequence[Claim], *, detailed: bool, full: bool) -> ClaimsResult:
        """Return the claims that are wanted, answered.

        Args:
            wanted: Which.
            detailed: Whether a screen shows them in full.
            full: Whether everything is asked; otherwise only as much as the verdicts need.
        """
        rows = []
        for i, claim in enumerate(wanted):
            rows.append(self.row(claim, full=full))
            self.progress((i + 1) / len(wanted))
        return self._result(tuple(rows), wanted if full else (), detailed=detailed)

    def rules(self) -> ClaimsResult:
        """Return the rules of thumb alone."""
        return self._result((), self.claims.claims, detailed=False)

    def _result(
        self, rows: tuple[ClaimRow, ...], rules: Sequence[Claim], *, detailed: bool
    ) -> ClaimsResult:
        found = Rules(self.claims.axis, self.ask, self.today).rows(rules)
        return ClaimsResult(
            schema="tco.claims/1",
            catalog=self.catalog,
            as_of=self.today,
            version=self.claims.version,
            rows=rows,
            rules=found,
            detailed=detailed,
            verdict=_counted(rows) if rows else _spread([r.tokens for r in found]),
            warnings=(),
        )

    def row(self, claim: Claim, *, full: bool = True) -> ClaimRow:
        """Return a claim, answered: in full, or only as far as its verdict needs."""
        article = self.claims.sources[claim.source]
        day = article.published.isoformat()
        checks = tuple(check_row(check, claim) for check in claim.checks)
        questions = tuple(self._answered(q, claim, day) for q in claim.questions)
        # A day of which the catalog lacks a price is no day to judge by.
        known = all(q.then.state != "unknown" for q in questions)
        judged = [
            Judged(asked.title, asked.claimed, q.then if known else q.today)
            for asked, q in zip(claim.questions, questions, strict=True)
        ]
        turned = self._turned(claim, judged, full=full)
        verdicts, because = verdict_of(checks, turned)
        return ClaimRow(
            id=claim.id,
            title=article.title,
            published=day,
            dated=article.dated,
            url=article.url,
            says=claim.says,
            verdict=verdicts[0],
            also=verdicts[1:],
            judged_on=day if known else self.today,
            because=because,
            aged=_aged(questions) if known else None,
            changes=tuple(text for q in questions if (text := _change(q))),
            checks=checks,
            questions=tuple(_with(q, j.reading) for q, j in zip(questions, turned, strict=True)),
            missing=claim.missing,
            note=claim.note,
        )

    def _turned(self, claim: Claim, judged: Sequence[Judged], *, full: bool) -> list[Judged]:
        """Return the readings with what turns each; a verdict alone needs one turn of any."""
        turning = Turning(ask=self.ask, settings=self.settings)
        states = {j.reading.state for j in judged if j.reading.state in ANSWERS}
        differ = len(states) > 1 or "partly" in states or both_sides(judged)
        settled = differ and not full
        found = []
        for one, question in zip(judged, claim.questions, strict=True):
            turns = iter(()) if settled else turning.turns(question, claim, one.reading)
            kept = tuple(sorted(turns, key=nearness) if full else islice(turns, 1))
            settled = settled or (bool(kept) and not full)
            found.append(one._replace(reading=replace(one.reading, turns=kept)))
        return found

    def _answered(self, question: Question, claim: Claim, day: str) -> Answered:
        today = reading(question, claim, self.ask, "", self.today)
        then = reading(question, claim, self.ask, "", day)
        if then.state == "infeasible" and today.state != "infeasible":
            # What can serve does so on any day; what that day lacks is a price.
            why = f"no price in the catalog on that day: {then.reason}"
            then = nothing(then.as_of, then.commands, "unknown", why)
        claimed = claimed_of(question, claim)
        reply = self.ask(f"{question.ask} --as-of {self.today}", question.file)
        stuck = today.state == "infeasible"
        return Answered(
            title=question.title,
            unit=question.unit,
            rule=question.rule,
            claimed=claimed,
            tolerance=tolerance_of(claimed),
            file=question.file,
            then=then,
            today=today,
            nearest=nearest(question.ask, self.today, self.ask) if stuck else (),
            assumptions=tuple(f"{a['path']} {a['value']}" for a in assumptions_of(reply.document)),
        )


def _with(question: Answered, judged: Reading) -> Answered:
    """Return a question whose reading of the day that counts has its turns."""
    if judged.as_of == question.then.as_of:
        return replace(question, then=judged)
    return replace(question, today=judged)


def _aged(questions: Sequence[Answered]) -> bool:
    return any(_differs(q) for q in questions)


def _differs(question: Answered) -> bool:
    states = question.then.state, question.today.state
    return states[0] != states[1] and all(state in ANSWERS for state in states)


def _change(question: Answered) -> str:
    """Return how an answer has changed since the article's day, or that it cannot be told."""
    then, today = question.then, question.today
    if then.state == "unknown":
        return f"{question.title}: {then.reason}"
    if _differs(question):
        return f"{question.title}: {then.state} on {then.as_of}, {today.state} on {today.as_of}"
    return f"{question.title}: no price today" if today.state == "unknown" else ""


def _counted(rows: Sequence[ClaimRow]) -> str:
    """Return how many claims have which verdict."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.verdict] = counts.get(row.verdict, 0) + 1
    words = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in sorted(counts.items()))
    also = sum(WRONG in row.also for row in rows)
    more = f"; {also} more with an arithmetic error beside it" if also else ""
    return f"{len(rows)} {'claims' if len(rows) != 1 else 'claim'}: {words}{more}."


def _spread(volumes: Sequence[tuple[float, float]]) -> str:
    if not volumes:
        return "no rules of thumb"
    times = max(high for _, high in volumes) / min(low for low, _ in volumes)
    return f"{len(volumes)} rules of thumb, a factor of {times:.0f} apart."
