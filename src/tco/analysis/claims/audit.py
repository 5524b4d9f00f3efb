"""Every claim asked: its commands on the article's day and today, what turns them, the verdict."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from tco.analysis.claims.arithmetic import Span, calculated, span
from tco.analysis.claims.judge import ANSWERS, check_row, state_of, verdict_of
from tco.analysis.claims.nearest import nearest
from tco.analysis.claims.pick import picked, walked
from tco.analysis.claims.results import (
    Answered,
    CheckRow,
    ClaimRow,
    ClaimsResult,
    Reading,
    RegionRow,
    Turn,
    Verdict,
)

if TYPE_CHECKING:
    from tco.catalog.claims import Claim, Claims, Question, Region
    from tco.catalog.defaults import Assumption

ANSWERED, INFEASIBLE = (0, 1), 4
"""Exit codes: an answer, maybe with findings; nothing can serve."""
RULE_TOLERANCE = 0.1
"""How far outside the range of a rule of thumb a break-even still counts as on it [1]."""


class Reply(NamedTuple):
    """What a command line came to: its exit code, its JSON, and what it said on stderr."""

    code: int
    document: Any
    message: str


Ask = Callable[[str, str | None], Reply]
"""Runs a command line, with the text of its scenario file if it has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What all claims are asked with.

    Args:
        claims: The data.
        ask: Runs a command line.
        ranges: The assumptions of the catalog, by their path.
        today: The day of today's prices, `YYYY-MM-DD`.
    """

    claims: Claims
    ask: Ask
    ranges: Mapping[str, Assumption]
    today: str

    def result(self, wanted: Sequence[Claim], *, detailed: bool) -> ClaimsResult:
        """Return the claims that are wanted, answered; the regions with all of them."""
        rows = tuple(self.row(claim) for claim in wanted)
        whole = len(wanted) == len(self.claims.claims)
        regions = tuple(self.region(r, rows) for r in self.claims.regions) if whole else ()
        counts: dict[str, int] = {}
        for row in rows:
            counts[row.verdict] = counts.get(row.verdict, 0) + 1
        words = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in sorted(counts.items()))
        return ClaimsResult(
            schema="tco.claims/1",
            as_of=self.today,
            version=self.claims.version,
            rows=rows,
            regions=regions,
            detailed=detailed,
            verdict=f"{len(rows)} {'claims' if len(rows) != 1 else 'claim'}: {words}.",
            warnings=(),
        )

    def row(self, claim: Claim) -> ClaimRow:
        """Return a claim, answered."""
        article = self.claims.sources[claim.source]
        day = article.published.isoformat()
        checks = tuple(check_row(check, claim) for check in claim.checks)
        questions = tuple(self._answered(q, claim, day) for q in claim.questions)
        then, because = verdict_of(checks, [(q.title, q.then) for q in questions])
        today, because_today = verdict_of(checks, [(q.title, q.today) for q in questions])
        # A day of which the catalog lacks a price is no day to judge by.
        known = all(q.then.state != "unknown" for q in questions)
        return ClaimRow(
            id=claim.id,
            title=article.title,
            published=day,
            dated=article.dated,
            url=article.url,
            says=claim.says,
            verdict=then if known else today,
            also=_also(checks, [(q.title, q.then if known else q.today) for q in questions]),
            then=then if known else "not_answered",
            today=today,
            because=because if known else because_today,
            aged=known and then != today,
            checks=checks,
            questions=questions,
            missing=claim.missing,
            rule_of_thumb_tokens=self._rule(claim),
            note=claim.note,
        )

    def _answered(self, question: Question, claim: Claim, day: str) -> Answered:
        today = self.reading(question, claim, "", self.today)
        then = self.reading(question, claim, "", day)
        if then.state == "infeasible" and today.state != "infeasible":
            # What can serve does so on any day; what that day lacks is a price.
            why = f"no price in the catalog on that day: {then.reason}"
            then = _without(then, why)
        claimed = span(claim.claimed[question.claimed]) if question.claimed is not None else None
        reply = self.ask(f"{question.ask} --as-of {self.today}", question.file)
        stuck = today.state == "infeasible"
        return Answered(
            title=question.title,
            unit=question.unit,
            rule=question.rule,
            claimed=claimed,
            tolerance=question.tolerance,
            file=question.file,
            then=self._turned(question, claim, then),
            today=self._turned(question, claim, today),
            nearest=nearest(question.ask, self.today, self.ask) if stuck else None,
            assumptions=tuple(_assumptions(reply.document)),
        )

    def reading(self, question: Question, claim: Claim, more: str, day: str) -> Reading:
        """Return what a command answers with one day's prices, with more words added to it."""
        names = _names(claim)
        bands = dict(names)
        end = f"{more} --as-of {day}".strip()
        commands = [f"{pick.ask or question.ask} {end}" for pick in question.figures.values()]
        typed = tuple(dict.fromkeys(map(_typed, (f"{question.ask} {end}", *commands))))
        banded = False
        for (name, pick), command in zip(question.figures.items(), commands, strict=True):
            reply = self.ask(command, question.file)
            if reply.code not in ANSWERED and not _rows(reply):
                state = "infeasible" if reply.code == INFEASIBLE else "unknown"
                return _nothing(day, typed, state, reply.message)
            value, band = picked(reply.document, pick)
            if value is None:
                return _missing(day, typed, reply.document, question)
            names[name], bands[name] = value, band or value
            banded = banded or band is not None
        value = calculated(question.answer, names)
        claimed = span(claim.claimed[question.claimed]) if question.claimed is not None else None
        return Reading(
            as_of=day,
            commands=typed,
            state=state_of(value, claimed, question.rule, question.tolerance),
            value=value,
            band=calculated(question.answer, bands) if banded else None,
            reason="",
        )

    def _turned(self, question: Question, claim: Claim, base: Reading) -> Reading:
        """Return a reading with the changes that were tried and put it on the other side."""
        if base.state not in ANSWERS:
            return base
        found = []
        for words in question.vary:
            for what, more, source in self._variants(words):
                asked = self.reading(question, claim, more, base.as_of)
                if asked.state in ANSWERS and asked.state != base.state:
                    turn = Turn(
                        what=what,
                        source=source,
                        command=asked.commands[0],
                        state=asked.state,
                        value=asked.value,
                    )
                    found.append(turn)
        return replace(base, turns=tuple(found))

    def _variants(self, words: str) -> list[tuple[str, str, str]]:
        """Return what to try: both ends of an assumption, or the words themselves."""
        known = self.ranges.get(words)
        if known is None:
            return [(words, words, "")]
        ends = dict.fromkeys((known.low, known.high))
        return [(f"{words} at {v:g}", f"--set {words}={v:g}", known.source) for v in ends]

    def _rule(self, claim: Claim) -> Span | None:
        """Return the break-even that a claim states as a rule [tokens/month]."""
        rule = claim.rule_of_thumb
        if rule is None:
            return None
        names = _names(claim)
        for name, pick in rule.figures.items():
            reply = self.ask(f"{pick.ask} --as-of {self.today}", None)
            value = picked(reply.document, pick).value
            if value is None:
                return None
            names[name] = value
        return calculated(rule.tokens, names)

    def region(self, region: Region, rows: Sequence[ClaimRow]) -> RegionRow:
        """Return a break-even, and the rules of thumb that it bears out."""
        command = f"{region.ask} --as-of {self.today}"
        reply = self.ask(command, None)
        values = [v for v in walked(reply.document, region.path) if v is not None]
        tokens = float(values[0]) if values else None
        rules = [row for row in rows if row.rule_of_thumb_tokens is not None]
        true = [r.id for r in rules if tokens is not None and _on(tokens, r.rule_of_thumb_tokens)]
        return RegionRow(
            title=region.title,
            command=_typed(command),
            tokens=tokens,
            reason="" if values else _why(reply.document) or reply.message,
            rules=tuple(true),
        )


def _also(checks: Sequence[CheckRow], readings: Sequence[tuple[str, Reading]]) -> Verdict | None:
    """Return what the answers say of a claim whose arithmetic is wrong."""
    if all(check.agrees for check in checks):
        return None
    verdict, _ = verdict_of((), readings)
    return verdict if verdict != "not_answered" else None


def _names(claim: Claim) -> dict[str, Span]:
    """Return all figures of a claim."""
    return {name: span(value) for name, value in {**claim.claimed, **claim.inputs}.items()}


def _typed(command: str) -> str:
    """Return a command line as a shell takes it."""
    return shlex.join(shlex.split(command))


def _on(tokens: float, rule: Span | None) -> bool:
    return state_of((tokens, tokens), rule, "within", RULE_TOLERANCE) == "inside"


def _rows(reply: Reply) -> bool:
    """Return whether an answer came all the same: a table that says what does not fit."""
    return reply.code == INFEASIBLE and reply.document is not None


def _nothing(day: str, commands: tuple[str, ...], state: Any, reason: str) -> Reading:
    return Reading(as_of=day, commands=commands, state=state, value=None, band=None, reason=reason)


def _without(reading: Reading, why: str) -> Reading:
    return _nothing(reading.as_of, reading.commands, "unknown", why)


def _missing(day: str, commands: tuple[str, ...], document: Any, question: Question) -> Reading:
    """Return that an answer lacks the figure: "never" is an answer, anything else is not one."""
    why = _why(document)
    if why:
        state = "outside" if question.claimed is not None else "shown"
        return _nothing(day, commands, state, f"never: {why}")
    return _nothing(day, commands, "unknown", "the answer has no such figure")


def _why(document: Any) -> str:
    """Return why something never breaks even, by the answer's own words."""
    if not isinstance(document, dict):
        return ""
    rows = document.get("rows")
    holders = [document, *(rows if isinstance(rows, list) else ())]
    found = [h.get("never_because") for h in holders if isinstance(h, dict)]
    return next((str(text) for text in found if text), "")


def _assumptions(document: Any) -> list[str]:
    listed = document.get("assumptions") if isinstance(document, dict) else None
    return [f"{a['path']} {a['value']}" for a in listed or () if isinstance(a, dict)]
