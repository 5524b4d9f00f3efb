"""The screen of `tco claims`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tco.analysis.claims.results import Answered, CheckRow, ClaimRow, ClaimsResult, Reading
from tco.render.table import Block, Column, Figure, Paragraph, Row, Sheet, Table, View
from tco.show import show_number

ROWS = ("rows",)
NEVER = "never"
HOW = (
    "Each claim is asked with the prices of its article's day and with those of {day}; not "
    "answered is a day of which the catalog lacks a price. The commands beside a claim are those "
    "of {day}: with --as-of and the article's day they give the other column. A verdict is "
    "derived: arithmetic error where the article's own figures do not give what it claims; "
    "infeasible where nothing that was asked for can serve; holds where every answer is in the "
    "claimed range, with the tolerance printed; outside range where none is; depends where one is "
    "and another is not, or where one of the changes that were tried turns it. Questions, changes "
    "and tolerances are chosen by us, in data/claims.yaml."
)
CHOSEN = (
    "The set-ups were looked for so that each rule has one of which it is true, within 10%; that "
    "is where it holds, not how often."
)


def everything(result: ClaimsResult) -> Sheet:
    """Return the claims."""
    return Sheet(
        rows=result.rows,
        columns=(
            Column(key="id", head="claim", get=lambda r: r.id, wraps=True),
            Column(key="verdict", head="verdict", get=lambda r: r.verdict, show=_words),
            Column(key="also", head="also", get=lambda r: r.also, show=_words),
            Column(key="then", head="its day", get=lambda r: r.then, show=_words),
            Column(key="today", head="today", get=lambda r: r.today, show=_words),
            Column(key="aged", head="aged", get=lambda r: r.aged, show=_yes),
            Column(key="published", head="of", get=lambda r: r.published),
            Column(key="title", head="article", get=lambda r: r.title, wraps=True),
            Column(key="says", head="says", get=lambda r: r.says, wraps=True),
            Column(key="because", head="because", get=lambda r: "; ".join(r.because), wraps=True),
            Column(key="missing", head="missing", get=lambda r: r.missing, wraps=True),
        ),
        usual=("id", "verdict", "also", "then", "today"),
        keys={},
    )


def sheet(result: ClaimsResult, view: View) -> Sheet:
    """Return the same: all claims are shown."""
    return everything(result)


def blocks(result: ClaimsResult, sheet: Sheet, view: View) -> Iterator[Block]:
    """Return the list of verdicts, or claims in full, and the axis of the rules of thumb."""
    rows = sheet.rows[: view.top]
    if len(result.rows) > 1 or view.fields:
        columns = sheet.pick(view.fields or sheet.usual)
        cells = tuple(Row(cells=tuple(c.text(row) for c in columns)) for row in rows)
        yield Table(columns=columns, rows=cells)
        yield Paragraph(text=result.verdict)
        yield Paragraph(text=HOW.format(day=result.as_of))
    if view.fields:
        return
    if result.regions:
        yield from _axis(result)
    if result.detailed or view.page:
        shared = _shared(rows)
        for row in rows:
            yield from _claim(row, shared if len(rows) > 1 else frozenset())
        if len(rows) > 1:
            yield Paragraph(text=f"All answers assume, unless they say otherwise: {_list(shared)}")


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
    also = f", also {_words(row.also)}" if row.also is not None else ""
    yield Table(
        columns=_CLAIM,
        rows=(Row(cells=(row.says, row.title, f"{row.published}{exact}")),),
        title=f"{row.id}: {_words(row.verdict)}{also}",
    )
    for reason in row.because:
        yield Paragraph(text=reason, bullet=True, hanging=2)
    if row.checks:
        yield Table(columns=_CHECKS, rows=tuple(_check(c) for c in row.checks))
    if row.questions:
        yield Table(columns=_ANSWERS, rows=tuple(_answer(q) for q in row.questions))
        yield Figure(rows=tuple(_commands(row)), title="Commands")
    near = {q.nearest: q for q in reversed(row.questions) if q.nearest is not None}
    for question in near.values():
        yield from _nearest(question)
    for question in row.questions:
        yield from _turns(question)
    yield from _words_after(row, shared)


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
_CHECKS = (
    _column("its own figures", wraps=True),
    _column("claimed", right=True),
    _column("recomputed", right=True),
    _column("unit"),
    _column("", right=False),
)
_ANSWERS = (
    _column("question", wraps=True),
    _column("claimed", right=True),
    _column("its day", right=True),
    _column("today", right=True),
    _column("band", right=True),
    _column("unit"),
)
_AXIS = (
    _column("rule of thumb", wraps=True),
    _column("tokens/month", right=True),
    _column("true of", wraps=True),
)
_REGIONS = (_column("set-up", wraps=True), _column("break-even", right=True), _column("rules"))


def _check(check: CheckRow) -> Row:
    agrees = ("agrees" if check.agrees else "WRONG") if check.claimed is not None else ""
    name = f"{check.claimed_name} = " if check.claimed_name is not None else ""
    return Row(
        cells=(
            f"{name}{check.expression}",
            _tolerated(_span(check.claimed), check.tolerance if check.claimed else 0),
            _span(check.recomputed),
            check.unit,
            agrees,
        )
    )


def _answer(question: Answered) -> Row:
    sign = {"at_least": "≥ ", "at_most": "≤ "}.get(question.rule, "")
    claimed = question.claimed
    if claimed is not None and sign:
        end = claimed[0] if question.rule == "at_least" else claimed[1]
        claimed = (end, end)
    base = question.today if question.then.state == "unknown" else question.then
    return Row(
        cells=(
            question.title,
            _tolerated(f"{sign}{_span(claimed)}", question.tolerance if claimed else 0),
            _reading(question.then),
            _reading(question.today),
            _span(base.band),
            question.unit,
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


def _nearest(question: Answered) -> Iterator[Block]:
    near = question.nearest
    if near is None:
        return
    crossing = (
        f"it is cheaper than the cheapest host of the same weights from "
        f"{show_number(near.breakeven_tokens)} tokens a month"
        if near.breakeven_tokens is not None
        else f"it never breaks even with the cheapest host of the same weights: "
        f"{near.never_because or 'no host has a price'}"
    )
    usd = show_number(near.monthly_usd or 0.0)
    yield Paragraph(
        text=f"{question.title}: the nearest that can is {near.option}, {near.gpus:g} GPUs at "
        f"${usd} a month; {crossing}"
    )
    yield Figure(rows=(f"tco {near.command}", f"tco {near.breakeven_command}"))


def _turns(question: Answered) -> Iterator[Block]:
    base = question.today if question.then.state == "unknown" else question.then
    for turn in base.turns:
        by = f" ({turn.source})" if turn.source else ""
        value = _span(turn.value) if turn.value is not None else NEVER
        yield Paragraph(
            text=f"{question.title}: {value} {question.unit} with {turn.what}{by}",
            bullet=True,
            hanging=2,
        )


def _axis(result: ClaimsResult) -> Iterator[Block]:
    """Return the rules of thumb and the set-ups on one axis."""
    rules = [r for r in result.rows if r.rule_of_thumb_tokens is not None]
    rules.sort(key=lambda r: r.rule_of_thumb_tokens or (0.0, 0.0))
    rows = []
    for rule in rules:
        true = [region.title for region in result.regions if rule.id in region.rules]
        words = "; ".join(true) or "none of the set-ups below"
        rows.append(Row(cells=(rule.id, _span(rule.rule_of_thumb_tokens), words)))
    yield Table(columns=_AXIS, rows=tuple(rows), title="The rules of thumb, side by side")
    yield Paragraph(text=CHOSEN)
    found = sorted(result.regions, key=lambda r: (r.tokens is None, r.tokens or 0.0))
    cells = tuple(
        Row(
            cells=(
                region.title,
                show_number(region.tokens) if region.tokens is not None else NEVER,
                ", ".join(region.rules) or "–",
            )
        )
        for region in found
    )
    yield Table(columns=_REGIONS, rows=cells, title="Where the break-even lies, tokens a month")
    yield Figure(rows=tuple(f"tco {region.command}" for region in found), title="Commands")


def _tolerated(text: str, tolerance: float) -> str:
    return f"{text} ±{100 * tolerance:g}%" if tolerance else text


def _span(value: tuple[float, float] | None) -> str:
    if value is None:
        return "–"
    low, high = (show_number(end, 4) if abs(end) < 1 else show_number(end) for end in value)
    return low if low == high else f"{low} to {high}"


def _words(name: Any) -> str:
    return str(name).replace("_", " ")


def _yes(value: Any) -> str:
    return "yes" if value else "no"
