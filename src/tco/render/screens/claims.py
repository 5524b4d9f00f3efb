"""The screen of `tco claims`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tco.analysis.claims.results import (
    Answered,
    CheckRow,
    ClaimRow,
    ClaimsResult,
    Nearest,
    Reading,
    Turn,
)
from tco.render.screens import Screen, claims_rules
from tco.render.table import Block, Column, Figure, Paragraph, Row, Sheet, Table, View
from tco.show import show_number

NEVER = "never"
HOW = (
    "A verdict is derived, by one set of rules. Infeasible: nothing that was asked for can serve. "
    "Arithmetic error: the article's own figures do not give what it claims, within 5%. Holds: "
    "every answer of ours is in the claimed range; a single figure is met within 10%, a range as "
    "it stands. Outside range: none is, whatever single assumption goes to an end of its range. "
    "Depends: some are and some are not, or they lie on both sides, or one changed assumption "
    "turns an answer; which and at which value is said. What matters most stands first, the rest "
    "under also. Aged: an answer that was in the claimed range at the prices of the article's day "
    "is not at those of {day}, or the other way round. No price: the catalog lacks a price of that "
    "day, and the verdict is that of {day}."
)
CHOSEN = (
    "Which questions to ask, and of which models where the article names none, was chosen by us, "
    "in data/claims.yaml. Every command can be typed as it stands; with the article's day after "
    "--as-of it gives the other column."
)
_AGED = {True: "yes", False: "no", None: "no price"}
TURNS = "What turns an answer (* range by our judgment)"
MORE = "tco claims ID shows one in full with its commands, tco claims --rules the rules of thumb."


def everything(result: ClaimsResult) -> Sheet:
    """Return the claims."""
    return Sheet(
        rows=result.rows,
        columns=(
            Column(key="id", head="claim", get=lambda r: r.id, wraps=True),
            Column(key="verdict", head="verdict", get=lambda r: r.verdict, show=_words),
            Column(key="also", head="also", get=lambda r: _list_of(r.also)),
            Column(key="judged_on", head="prices of", get=lambda r: r.judged_on),
            Column(key="aged", head="aged", get=lambda r: _AGED[r.aged]),
            Column(key="published", head="of", get=lambda r: r.published),
            Column(key="title", head="article", get=lambda r: r.title, wraps=True),
            Column(key="says", head="says", get=lambda r: r.says, wraps=True),
            Column(key="because", head="because", get=lambda r: "; ".join(r.because), wraps=True),
            Column(key="changes", head="changes", get=lambda r: "; ".join(r.changes), wraps=True),
            Column(key="missing", head="missing", get=lambda r: r.missing, wraps=True),
        ),
        usual=("id", "verdict", "also", "aged"),
        keys={},
    )


def sheet(result: ClaimsResult, view: View) -> Sheet:
    """Return the same: all claims are shown."""
    return everything(result)


def blocks(result: ClaimsResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the list of verdicts, the rules of thumb on one axis, and claims in full."""
    rows = sheet.rows[: view.top]
    if len(result.rows) > 1 or view.fields:
        columns = sheet.pick(view.fields or sheet.usual)
        cells = tuple(Row(cells=tuple(c.text(row) for c in columns)) for row in rows)
        yield Table(columns=columns, rows=cells)
    if view.fields:
        return
    if len(result.rows) == 1:
        yield from _claim(result.rows[0], frozenset())
        yield from _rules(result)
        return
    whole = result.detailed or view.page
    yield Paragraph(text=result.verdict, tone="bold")
    if result.rows:
        yield Paragraph(text=HOW.format(day=result.as_of))
        yield Paragraph(text=CHOSEN if whole else MORE)
    if whole or not result.rows:
        yield from _rules(result)
    if whole and result.rows:
        shared = _shared(rows)
        for row in rows:
            yield from _claim(row, shared)
        yield Paragraph(text=f"All answers assume, unless they say otherwise: {_list(shared)}")


def _rules(result: ClaimsResult) -> Iterator[Block]:
    if result.rules:
        yield from claims_rules.blocks(result)
        if result.rows:
            yield Figure(rows=tuple(claims_rules.commands(result.rules)), title="Commands")


def _shared(rows: Sequence[ClaimRow]) -> frozenset[str]:
    """Return the assumptions of at least half of the questions that have any."""
    listed = [q.assumptions for row in rows for q in row.questions if q.assumptions]
    counts = Counter(text for assumptions in listed for text in assumptions)
    return frozenset(text for text, count in counts.items() if 2 * count >= len(listed))


def _list(assumptions: Iterable[str]) -> str:
    return "; ".join(sorted(assumptions))


def _claim(row: ClaimRow, shared: frozenset[str]) -> Iterator[Block]:
    """Return a claim in full."""
    exact = "" if row.dated == "day" else f", no more than the {row.dated} is known"
    also = f", also {_list_of(row.also)}" if row.also else ""
    yield Table(
        columns=_CLAIM,
        rows=(Row(cells=(row.says, row.title, f"{row.published}{exact}")),),
        title=f"{row.id}: {_words(row.verdict)}{also}",
    )
    for reason in row.because:
        yield Paragraph(text=f"- {reason}", bullet=True, hanging=2)
    if row.checks:
        yield Table(columns=_CHECKS, rows=tuple(_check(c) for c in row.checks))
    if row.questions:
        yield Table(
            columns=_ANSWERS, rows=tuple(_answer(i, q) for i, q in enumerate(row.questions, 1))
        )
        yield Paragraph(text=_aging(row))
        yield Figure(rows=tuple(_commands(row)), title="Commands")
    for near, question in {n: q for q in row.questions for n in q.nearest}.items():
        yield from _nearest(near, question)
    turned = [_turn(i, t) for i, q in enumerate(row.questions, 1) for t in _turns(q)]
    if turned:
        yield Table(columns=_TURNS, rows=tuple(turned), title=TURNS)
    yield from _words_after(row, shared)


def _aging(row: ClaimRow) -> str:
    """Return whether a claim has aged."""
    if row.aged is None:
        first = f"Judged by the prices of {row.judged_on}"
    else:
        first = "Aged" if row.aged else "Not aged: each answer lies today where it lay on that day"
    return f"{first}: {'; '.join(row.changes)}" if row.changes else f"{first}."


def _words_after(row: ClaimRow, shared: frozenset[str]) -> Iterator[Block]:
    if row.missing:
        yield Paragraph(text=f"Not answered yet: {row.missing}")
    own = {text for q in row.questions for text in q.assumptions} - shared
    if own:
        yield Paragraph(text=f"Assumes: {_list(own)}")
    if row.note:
        yield Paragraph(text=row.note)


def _column(head: str, *, right: bool = False, wraps: bool = False) -> Column:
    return Column(key=head, head=head, get=lambda r: None, right=right, wraps=wraps)


_CLAIM = (_column("claim", wraps=True), _column("article", wraps=True), _column("of", wraps=True))
_TURNS = (
    _column("", right=True),
    _column("with", wraps=True),
    _column("at", right=True),
    _column("now", right=True),
    _column("tried", right=True),
    _column("answer", right=True),
)
_CHECKS = (
    _column("its own figures", wraps=True),
    _column("claimed", right=True),
    _column("recomputed", right=True),
    _column("", right=False),
)
_ANSWERS = (
    _column("", right=True),
    _column("question", wraps=True),
    _column("claimed", right=True),
    _column("its day", right=True),
    _column("today", right=True),
    _column("band", right=True),
)


def _check(check: CheckRow) -> Row:
    agrees = ("agrees" if check.agrees else "WRONG") if check.claimed is not None else ""
    name = f"{check.claimed_name} = " if check.claimed_name is not None else ""
    return Row(
        cells=(
            f"{name}{check.expression} [{check.unit}]",
            _tolerated(_span(check.claimed), check.tolerance if check.claimed else 0),
            _span(check.recomputed),
            agrees,
        )
    )


def _answer(number: int, question: Answered) -> Row:
    sign = {"at_least": "≥ ", "at_most": "≤ "}.get(question.rule, "")
    claimed = question.claimed
    if claimed is not None and sign:
        end = claimed[0] if question.rule == "at_least" else claimed[1]
        claimed = (end, end)
    base = question.today if question.then.state == "unknown" else question.then
    return Row(
        cells=(
            str(number),
            f"{question.title} [{question.unit}]",
            _tolerated(f"{sign}{_span(claimed)}", question.tolerance if claimed else 0),
            _reading(question.then),
            _reading(question.today),
            _span(base.band),
        )
    )


def _reading(reading: Reading) -> str:
    if reading.value is not None:
        return _span(reading.value)
    if reading.reason.startswith(NEVER):
        return NEVER
    return {"infeasible": "infeasible"}.get(reading.state, "no price")


def _commands(row: ClaimRow) -> Iterator[str]:
    """Return what can be typed, each once, with the file that it reads."""
    seen = set()
    for question in row.questions:
        for command in question.today.commands:
            if (command, question.file) in seen:
                continue
            seen.add((command, question.file))
            if question.file and " -f " in command:
                yield "cat > claim.yaml <<'END'"
                yield from question.file.rstrip().split("\n")
                yield "END"
            yield f"tco {command}"


def _nearest(near: Nearest, question: Answered) -> Iterator[Block]:
    """Return what can exist instead, and its break-even."""
    crossing = (
        f"it is cheaper than the cheapest host of the same weights from "
        f"{show_number(near.breakeven_tokens)} tokens a month"
        if near.breakeven_tokens is not None
        else f"it never breaks even with the cheapest host of the same weights: "
        f"{near.never_because or 'no host has a price'}"
    )
    usd = show_number(near.monthly_usd or 0.0)
    yield Paragraph(
        text=f"{question.title}: {near.option} can, {near.gpus:g} GPUs at ${usd} a month for that "
        f"volume; {crossing}"
    )
    yield Figure(rows=(f"tco {near.command}", f"tco {near.breakeven_command}"))


def _turns(question: Answered) -> tuple[Turn, ...]:
    return question.then.turns or question.today.turns


def _turn(number: int, turn: Turn) -> Row:
    """Return a change that turns an answer, and what it is then."""
    value = _span(turn.value) if turn.value is not None else NEVER
    star = "*" if turn.source == "judgment" else ""
    tried = (turn.low, turn.high) if turn.low is not None and turn.high is not None else None
    return Row(
        cells=(
            str(number),
            f"{turn.path}{star}" if turn.path else turn.what,
            _number(turn.at),
            _number(turn.now),
            _span(tried),
            value,
        ),
    )


def _number(value: float | None) -> str:
    return "" if value is None else show_number(value)


def _tolerated(text: str, tolerance: float) -> str:
    return f"{text} ±{100 * tolerance:g}%" if tolerance else text


def _span(value: tuple[float, float] | None) -> str:
    if value is None:
        return "–"
    low, high = (show_number(end) for end in value)
    between = " to " if value[0] < 0 else "–"
    return low if low == high else f"{low}{between}{high}"


def _words(name: Any) -> str:
    return str(name).replace("_", " ")


def _list_of(names: Any) -> str:
    return ", ".join(_words(name) for name in names) or "–"


SCREEN = Screen(rows=("rows",), everything=everything, sheet=sheet, blocks=blocks)
