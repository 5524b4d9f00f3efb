"""Every claim asked, on the article's day and today, and the rules of thumb beside ours."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from tco.analysis.claims.asking import (
    ANSWERED,
    Ask,
    Known,
    Turning,
    assumptions_of,
    claimed_of,
    names_of,
    nearest,
    nearness,
    never_because,
    nothing,
    reading,
    typed,
)
from tco.analysis.claims.judge import (
    ABOUT,
    ANSWERS,
    Answered,
    Band,
    ClaimReading,
    ClaimRow,
    ClaimsResult,
    Condition,
    Judged,
    RuleModelRow,
    RuleRow,
    Turn,
    both_sides,
    calculated,
    check_row,
    picked,
    tolerance_of,
    verdict_of,
)
from tco.records import dataclass
from tco.units import show_tokens

if TYPE_CHECKING:
    from tco.analysis.results import CatalogStamp
    from tco.catalog.claims import Claim, ClaimQuestion, Claims, RuleOfThumb
    from tco.options.settings import Settings


# The rules of thumb for the break-even, each beside ours, and what makes it true.
#
# A rule says from which volume own GPUs pay. It is true of a set-up where they do not yet pay at
# the low end of that volume and do at its middle or its high end. Which values of one thing make
# it so is asked of `tco breakeven --over` at those three volumes: the values that win further up
# less those that win at the low end.

Open = tuple[float, float | None]


def _ends(tokens: Band) -> Band:
    """Return where a rule begins and ends to be true; a single volume is meant roughly."""
    low, high = tokens
    return (low * (1 - ABOUT), high * (1 + ABOUT)) if low == high else tokens


def _three(tokens: Band) -> tuple[float, float, float]:
    low, high = _ends(tokens)
    return low, math.sqrt(tokens[0] * tokens[1]), high


def _spans(document: Any) -> list[Open]:
    return [(low, high) for low, high in document["wins"]]


def joined(spans: Sequence[Open]) -> list[Open]:
    """Return intervals as few that cover the same.

    >>> joined([(3.0, None), (0.0, 1.0), (0.5, 2.0)])
    [(0.0, 2.0), (3.0, None)]
    """
    found: list[Open] = []
    for low, high in sorted(spans, key=lambda s: s[0]):
        if found and (found[-1][1] is None or low <= found[-1][1]):
            before = found.pop()
            ends = before[1], high
            high = None if None in ends else max(e for e in ends if e is not None)
            low = before[0]
        found.append((low, high))
    return found


def less(spans: Sequence[Open], others: Sequence[Open]) -> list[Open]:
    """Return the intervals without what others cover; the ends of all are taken as open.

    >>> less([(0.0, 0.3)], [(0.0, 0.1)]), less([(2.0, None)], [(4.0, None)])
    ([(0.1, 0.3)], [(2.0, 4.0)])
    """
    left = list(spans)
    for low, high in others:
        rest: list[Open] = []
        for start, end in left:
            if low > start:
                rest.append((start, low if end is None else min(end, low)))
            if high is not None and (end is None or end > high):
                rest.append((max(start, high), end))
        left = [(a, b) for a, b in rest if b is None or b > a]
    return left


# Every claim asked: its commands on the article's day and today, what turns them, the verdict.

WRONG = "arithmetic_error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What all claims are asked with.

    Args:
        claims: The data.
        ask: Runs a command line.
        known: What has been answered; gets the answers to more.
        settings: Every assumption, with its range.
        catalog: The data of today's answers.
        today: The day of today's prices, `YYYY-MM-DD`.
        progress: Is told which share of the claims has been asked [1].
    """

    claims: Claims
    ask: Ask
    known: Known
    settings: Settings
    catalog: CatalogStamp
    today: str
    progress: Callable[[float], None]

    def result(self, wanted: Sequence[Claim], *, detailed: bool, full: bool) -> ClaimsResult:
        """Return the claims that are wanted, answered.

        Args:
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
        found = self._rules(rules)
        return ClaimsResult(
            catalog=self.catalog,
            as_of=self.today,
            version=self.claims.version,
            rows=rows,
            rules=found,
            detailed=detailed,
            verdict=_counted(rows) if rows else _spread([r.tokens for r in found]),
            assumptions=(),
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
            (asked, q.then if known else q.today)
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
            aged=any(map(_differs, questions)) if known else None,
            changes=tuple(text for q in questions if (text := _change(q))),
            checks=checks,
            questions=tuple(_with(q, read) for q, (_, read) in zip(questions, turned, strict=True)),
            missing=claim.missing,
            note=claim.note,
        )

    def _turned(self, claim: Claim, judged: Judged, *, full: bool) -> Judged:
        """Return the readings with what turns each; a verdict alone needs one turn of any."""
        states = {read.state for _, read in judged if read.state in ANSWERS}
        differ = len(states) > 1 or "partly" in states or both_sides(judged)
        settled = differ and not full
        found = []
        for question, read in judged:
            turns = iter(()) if settled else self._turns(question, claim, read)
            kept = tuple(sorted(turns, key=nearness) if full else islice(turns, 1))
            settled = settled or (bool(kept) and not full)
            found.append((question, replace(read, turns=kept)))
        return found

    def _turns(self, question: ClaimQuestion, claim: Claim, base: ClaimReading) -> Iterator[Turn]:
        of = Turning(
            ask=self.ask,
            known=self.known,
            settings=self.settings,
            question=question,
            claim=claim,
            base=base,
        )
        return of.turns()

    def _answered(self, question: ClaimQuestion, claim: Claim, day: str) -> Answered:
        today = reading(question, claim, self.ask, "", self.today, self.known)
        then = reading(question, claim, self.ask, "", day, self.known)
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

    def _rules(self, claims: Sequence[Claim]) -> tuple[RuleRow, ...]:
        """Return the rules of thumb among some claims, by their volume."""
        found = [self._rule(c, c.rule_of_thumb) for c in claims if c.rule_of_thumb is not None]
        return tuple(sorted(found, key=lambda row: row.tokens))

    def _rule(self, claim: Claim, rule: RuleOfThumb) -> RuleRow:
        tokens = self._tokens(claim, rule)
        command = f"breakeven {rule.between} --as-of {self.today}"
        reply = self.ask(command, None)
        found = reply.document or {}
        first, about = found.get("first"), found.get("about")
        low, high = _ends(tokens)
        a, b = shlex.split(rule.between)[:2]
        return RuleRow(
            id=claim.id,
            tokens=tokens,
            a=a,
            b=b,
            command=typed(command),
            breakeven=first,
            band=(about[0], about[1]) if about and None not in about else None,
            reach=self._reach(rule, first),
            reason=never_because(found) or reply.message,
            true=first is not None and low <= first <= high,
            conditions=tuple(
                c
                for c in (self._condition(rule.between, tokens, n) for n in self.claims.axis.over)
                if c
            ),
            models=tuple(self._model(rule.between, tokens, m) for m in self.claims.axis.models),
        )

    def _tokens(self, claim: Claim, rule: RuleOfThumb) -> Band:
        """Return the volume that a rule states [tokens/month]."""
        names = names_of(claim)
        for name, pick in rule.figures.items():
            value = picked(self.ask(f"{pick.ask} --as-of {self.today}", None).document, pick)[0]
            if value is not None:
                names[name] = value
        return calculated(rule.tokens, names)

    def _reach(self, rule: RuleOfThumb, first: float | None) -> Band | None:
        """Return how far any one assumption within its range moves the break-even."""
        if first is None:
            return None
        command = (
            f"sensitivity {rule.between} --tokens {show_tokens(first, 4)} --as-of {self.today}"
        )
        rows = (self.ask(command, None).document or {}).get("rows", [])
        ends = [row[key] for row in rows for key in ("at_low_tokens", "at_high_tokens")]
        known = [first, *(end for end in ends if end is not None)]
        return min(known), max(known)

    def _condition(self, between: str, tokens: Band, name: str) -> Condition | None:
        """Return the values of a variable that make a rule true; None where it enters no bill."""
        end = f"--as-of {self.today}"
        volumes = (f"{between} --tokens {show_tokens(t, 4)}" for t in _three(tokens))
        commands = [f"breakeven {volume} --over {name} {end}" for volume in volumes]
        replies = [self.ask(command, None) for command in commands]
        if any(r.code not in ANSWERED or r.document is None for r in replies):
            return None
        early, middle, late = (r.document for r in replies)
        return Condition(
            variable=name,
            title=late["title"],
            unit=late["unit"],
            now=late["now"],
            spans=tuple(less(joined([*_spans(middle), *_spans(late)]), _spans(early))),
            commands=tuple(map(typed, commands)),
        )

    def _model(self, between: str, tokens: Band, model: str) -> RuleModelRow:
        a, _, *rest = shlex.split(between)
        other = shlex.join([a, model, *rest])
        condition = self._condition(other, tokens, self.claims.axis.engineers)
        why = "" if condition is not None else self.ask(f"breakeven {other}", None).message
        return RuleModelRow(model=model, condition=condition, reason=why)


def _with(question: Answered, judged: ClaimReading) -> Answered:
    """Return a question whose reading of the day that counts has its turns."""
    if judged.as_of == question.then.as_of:
        return replace(question, then=judged)
    return replace(question, today=judged)


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
