"""The rules of thumb for the break-even, each beside ours, and what makes it true.

A rule says from which volume own GPUs pay. It is true of a set-up where they do not yet pay at the
low end of that volume and do at its middle or its high end. Which values of one thing make it so
is asked of `tco breakeven --over` at those three volumes: the values that win further up less those
that win at the low end.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from tco.analysis.claims.arithmetic import Span, calculated
from tco.analysis.claims.asking import ANSWERED, Ask, names_of, never_because, typed
from tco.analysis.claims.judge import ABOUT
from tco.analysis.claims.pick import picked
from tco.analysis.claims.results import Condition, ModelRow, RuleRow
from tco.show import show_tokens

if TYPE_CHECKING:
    from tco.catalog.claims import Axis, Claim, RuleOfThumb

Open = tuple[float, float | None]


class Rules(NamedTuple):
    """What the rules of thumb are asked with: the axis, what asks, and the day of the prices."""

    axis: Axis
    ask: Ask
    day: str

    def rows(self, claims: Sequence[Claim]) -> tuple[RuleRow, ...]:
        """Return the rules of thumb among some claims, by their volume."""
        found = [self._row(c, c.rule_of_thumb) for c in claims if c.rule_of_thumb is not None]
        return tuple(sorted(found, key=lambda row: row.tokens))

    def _row(self, claim: Claim, rule: RuleOfThumb) -> RuleRow:
        tokens = self._tokens(claim, rule)
        command = f"breakeven {rule.between} --as-of {self.day}"
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
                c for c in (self._condition(rule.between, tokens, n) for n in self.axis.over) if c
            ),
            models=tuple(self._model(rule.between, tokens, m) for m in self.axis.models),
        )

    def _tokens(self, claim: Claim, rule: RuleOfThumb) -> Span:
        """Return the volume that a rule states [tokens/month]."""
        names = names_of(claim)
        for name, pick in rule.figures.items():
            value = picked(self.ask(f"{pick.ask} --as-of {self.day}", None).document, pick).value
            if value is not None:
                names[name] = value
        return calculated(rule.tokens, names)

    def _reach(self, rule: RuleOfThumb, first: float | None) -> Span | None:
        """Return how far any one assumption within its range moves the break-even."""
        if first is None:
            return None
        command = f"sensitivity {rule.between} --tokens {show_tokens(first, 4)} --as-of {self.day}"
        rows = (self.ask(command, None).document or {}).get("rows", [])
        ends = [row[key] for row in rows for key in ("at_low_tokens", "at_high_tokens")]
        known = [first, *(end for end in ends if end is not None)]
        return min(known), max(known)

    def _condition(self, between: str, tokens: Span, name: str) -> Condition | None:
        """Return the values of a variable that make a rule true; None where it enters no bill."""
        end = f"--as-of {self.day}"
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

    def _model(self, between: str, tokens: Span, model: str) -> ModelRow:
        a, _, *rest = shlex.split(between)
        other = shlex.join([a, model, *rest])
        condition = self._condition(other, tokens, self.axis.engineers)
        why = "" if condition is not None else self.ask(f"breakeven {other}", None).message
        return ModelRow(model=model, condition=condition, reason=why)


def _ends(tokens: Span) -> Span:
    """Return where a rule begins and ends to be true; a single volume is meant roughly."""
    low, high = tokens
    return (low * (1 - ABOUT), high * (1 + ABOUT)) if low == high else tokens


def _three(tokens: Span) -> tuple[float, float, float]:
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
