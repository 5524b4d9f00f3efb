"""TCO8xx: exceptions that the data states, each with its reason, and what became of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from tco.catalog.check.finding import CheckContext, Hit, Rule
from tco.catalog.fields import Waivable
from tco.catalog.yaml_lines import Loc
from tco.errors import nearest, printable

NO_REASON = Rule.of(
    "error TCO801 waiver-without-reason",
    title="Who waives a rule says why.",
    advice="say in `waive_because` what was looked up and where",
)
UNKNOWN_WAIVER = Rule.of(
    "error TCO802 unknown-waiver",
    title="A waiver names a rule.",
    advice="write the name or the id of a rule: `tco catalog check --rules` lists them",
)
IDLE_WAIVER = Rule.of(
    "note TCO803 idle-waiver",
    title="What is waived would be found.",
    advice="remove the waiver, so that it does not hide the next mistake",
)
ENDLESS_WAIVER = Rule.of(
    "note TCO804 endless-waiver",
    title="A judgment about prices or sources says when it was made and when it ends.",
    advice="give `waive_on` and `waive_until`: what was true of a price is looked at again",
)
RULES = (NO_REASON, UNKNOWN_WAIVER, IDLE_WAIVER, ENDLESS_WAIVER)
MOVES = ("TCO1", "TCO2", "TCO3", "TCO4")
"""Families of rules about what changes with time: prices, windows, ages, sources."""
SECTIONS = ("sources", "offers", "accelerators", "models")


def reason(hit: Hit, subject: CheckContext) -> tuple[tuple[Loc, ...], str] | None:
    """Return who waives a hit and why: the record that it is about, or all of its sources."""
    day = subject.as_of
    record = _at(subject.part, hit.loc)
    if _waives(record, hit, day):
        return (hit.loc[:2],), record.waive_because or "no reason given"
    some = [subject.sources[name] for name in hit.sources if name in subject.sources]
    if some and all(_waives(source, hit, day) for source in some):
        return tuple(("sources", name) for name in hit.sources), some[
            0
        ].waive_because or "no reason given"
    return None


def _at(part: Any, loc: Loc) -> Any:
    """Return the record that a place is in."""
    if len(loc) < 2:
        return None
    section = getattr(part, str(loc[0]), None)
    try:
        return section[loc[1]]  # type: ignore[index]  # a list or a mapping, or it raises
    except (TypeError, KeyError, IndexError):
        return None


def _waives(record: Any, hit: Hit, day: date) -> bool:
    if not isinstance(record, Waivable) or (record.waive_until and day > record.waive_until):
        return False
    if record.waive_on is not None and hit.day is not None and hit.day > record.waive_on:
        return False  # what was judged then was not this
    return any(name in (hit.rule.name, hit.rule.id.lower()) for name in record.waive)


def hits(
    subject: CheckContext, rules: Mapping[str, Rule], used: set[tuple[Loc, str]]
) -> Iterator[Hit]:
    """Return waivers that say too little, name no rule, or are not needed.

    Args:
        subject: The part.
        rules: All rules by name and by id in lower case.
        used: Place and rule of every waiver that kept something from being found.
    """
    for section in SECTIONS:
        for loc, record in subject.section(section):
            waived = getattr(record, "waive", ())
            if waived and not record.waive_because:
                yield Hit(NO_REASON, loc, f"waives {', '.join(waived)} without a reason")
            yield from _ends(loc, record, waived, rules)
            for i, name in enumerate(waived):
                yield from _one((*loc, "waive", i), name, rules, used)


def _ends(loc: Loc, record: Any, waived: Sequence[str], rules: Mapping[str, Rule]) -> Iterator[Hit]:
    """Return the waivers of what moves that have no end or no day."""
    moving = [n for n in waived if (r := rules.get(n)) is not None and r.id.startswith(MOVES)]
    if moving and (record.waive_until is None or record.waive_on is None):
        missing = "no end" if record.waive_until is None else "no day of its own"
        yield Hit(ENDLESS_WAIVER, loc, f"waives {', '.join(moving)}; the judgment has {missing}")


def _one(
    loc: Loc, name: str, rules: Mapping[str, Rule], used: set[tuple[Loc, str]]
) -> Iterator[Hit]:
    rule = rules.get(name)
    if rule is None:
        near = nearest(name, rules, 1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        yield Hit(UNKNOWN_WAIVER, loc, f"no rule '{printable(name, 40)}'{hint}")
    elif (loc[:2], rule.id) not in used:
        yield Hit(IDLE_WAIVER, loc, f"waives {name}, which it does not break today")
