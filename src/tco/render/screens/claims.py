"""The screen of `tco claims`, and its rules of thumb on one axis."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

from tco.analysis.claims.judge import (
    Answered,
    CheckRow,
    ClaimReading,
    ClaimRow,
    ClaimsResult,
    Condition,
    Nearest,
    RuleRow,
    Turn,
)
from tco.render import first
from tco.render.output import Screen
from tco.render.words import (
    Block,
    Column,
    Figure,
    Paragraph,
    Row,
    Sheet,
    Table,
    Tone,
    View,
    column,
    table,
)
from tco.units import show_number, show_tokens

# The rules of thumb of `tco claims`: one axis of tokens a month, and what makes each true.

LOW, DECADES, WIDTH = 1e8, 4, 44
"""The axis: its low end [token/month], how many powers of ten, and its characters."""
CLAIMED, OURS, REACH, SPAN = "◆", "█", "░", "="
TONES: Mapping[str, Tone] = MappingProxyType(
    {CLAIMED: "warn", OURS: "good", SPAN: "warn", REACH: "blue"}
)
KEY = (
    f"{CLAIMED} claimed, {CLAIMED}{SPAN}{CLAIMED} a claimed range; {OURS} our break-even of what "
    f"the rule is about, over the 80% interval of the capacity model; {REACH} with one assumption "
    "at an end of its range. No bar: own GPUs never pay."
)
HOW = (
    "A rule is true where own GPUs do not pay yet at the low end of its volume and do at its "
    "middle or its high end; a single volume is taken within 10%. Each value in its row makes it "
    "so alone, all else as it is, – where none does: that is what tco breakeven A B --tokens N "
    "--over NAME says at those three volumes. Price and rent are multiples of today's, price of "
    "what own GPUs replace; peak is the busiest hour over the mean."
)
MODELS = (
    "Engineers that make each rule true, by the open model that own GPUs serve instead of the "
    "rule's own; – where no number of engineers does."
)


def _rules_blocks(result: ClaimsResult) -> Iterator[Block]:
    """Return the picture, what makes each rule true, and the same by model."""
    rules = result.rules
    yield Figure(
        rows=tuple(_picture(rules)),
        title="From which volume own GPUs pay: the rules of thumb on one axis",
        tones=TONES,
    )
    yield Paragraph(text=KEY)
    yield from _conditions(rules)
    yield Paragraph(text=HOW)
    yield from _models(rules)


def commands(rules: Sequence[RuleRow]) -> Iterator[str]:
    """Return what can be typed to see where each rule is true."""
    for rule in rules:
        yield f"tco {rule.command}"
        for condition in (c for c in rule.conditions if c.spans):
            yield from (f"tco {command}" for command in condition.commands)


def _picture(rules: Sequence[RuleRow]) -> Iterator[str]:
    size = max((len(_label(i, rule)) for i, rule in enumerate(rules, 1)), default=0)
    step = WIDTH // DECADES
    ticks = "".join(f"{show_tokens(LOW * 10**n):<{step}}" for n in range(DECADES + 1))
    yield f"{'':<{size}} {ticks}"
    yield f"{'':<{size}} {('|' + '-' * (step - 1)) * DECADES}|"
    for i, rule in enumerate(rules, 1):
        yield f"{_label(i, rule):<{size}} {_marks(rule)}"


def _label(i: int, rule: RuleRow) -> str:
    return f"{i} {rule.id}"


def _marks(rule: RuleRow) -> str:
    """Return a row of the axis: first how far assumptions reach, on it ours, on that the claim."""
    cells = [" "] * (WIDTH + 1)
    layers = ((REACH, rule.reach), (OURS, rule.band or _both(rule.breakeven)), (SPAN, rule.tokens))
    for mark, ends in layers:
        if ends is not None:
            for i in range(_place(ends[0]), _place(ends[1]) + 1):
                cells[i] = mark
    for end in rule.tokens:
        cells[_place(end)] = CLAIMED
    return "".join(cells)


def _both(value: float | None) -> tuple[float, float] | None:
    return None if value is None else (value, value)


def _place(tokens: float) -> int:
    """Return the character of the axis at which a volume stands."""
    share = math.log10(max(tokens, LOW) / LOW) / DECADES
    return min(round(share * WIDTH), WIDTH)


def _column(head: str, *, right: bool) -> Column:
    return column(head, head, get=lambda r: None, right=right)


def _conditions(rules: Sequence[RuleRow]) -> Iterator[Block]:
    """Return what is claimed and ours, and the values of each variable that make a rule true."""
    names = list(dict.fromkeys(c.variable for r in rules for c in r.conditions))
    heads = ("", "claimed", "ours", *names)
    columns = tuple(_column(head, right=True) for head in heads)
    now = Row(cells=("", "", "today", *(_now(rules, name) for name in names)), tone="dim")
    rows = [_rule(i, rule, names) for i, rule in enumerate(rules, 1)]
    yield Table(columns=columns, rows=(now, *rows), title="What would make each rule true")


def _rule(i: int, rule: RuleRow, names: Sequence[str]) -> Row:
    by_name = {c.variable: c for c in rule.conditions}
    ours = "never" if rule.breakeven is None else show_tokens(rule.breakeven)
    cells = (_true(by_name.get(name)) for name in names)
    note = f"{rule.b} for {rule.a}" + (": true as it is" if rule.true else "")
    return Row(cells=(str(i), _range(rule.tokens), ours, *cells), note=note)


def _now(rules: Sequence[RuleRow], name: str) -> str:
    """Return what a variable is today, of all rules."""
    found = [_shown(c, c.now) for r in rules for c in r.conditions if c.variable == name]
    return found[0] if len(set(found)) == 1 else ""


def _true(condition: Condition | None) -> str:
    """Return the first interval of values that make a rule true."""
    if condition is None or not condition.spans:
        return "–"
    low, high = condition.spans[0]
    if high is None:
        return f"from {_shown(condition, low)}"
    return f"{_shown(condition, low).removesuffix('%')}–{_shown(condition, high).removeprefix('x')}"


def _shown(condition: Condition, value: float) -> str:
    """Return a value as its unit is written; of money, as a multiple of today's."""
    if condition.unit.startswith("USD"):
        return f"x{show_number(value / condition.now, 2)}"
    if condition.unit == "share":
        return f"{show_number(100 * value, 2)}%"
    if condition.unit == "factor":
        return f"x{show_number(value, 2)}"
    return _short(value)


def _short(value: float) -> str:
    """Return a number of engineers, to hundredths of one where it is not less."""
    return show_number(round(value, 2) if value >= 0.005 else value, 2)


def _models(rules: Sequence[RuleRow]) -> Iterator[Block]:
    """Return the engineers that make each rule true, by model."""
    names = [m.model for m in rules[0].models] if rules else []
    if not names:
        return
    heads = ("open model", *(str(i) for i, _ in enumerate(rules, 1)))
    columns = tuple(_column(head, right=i > 0) for i, head in enumerate(heads))
    rows = tuple(
        Row(cells=(name.removeprefix("self/"), *(_narrow(r.models[k].condition) for r in rules)))
        for k, name in enumerate(names)
    )
    yield Table(columns=columns, rows=rows, title="Which model, with how many engineers")
    yield Paragraph(text=MODELS)


def _narrow(condition: Condition | None) -> str:
    """Return the same without the zeros before a point, for seven columns of 80 characters."""
    return re.sub(r"\b0\.", ".", _true(condition))


def _range(value: tuple[float, float]) -> str:
    low, high = (show_tokens(end) for end in value)
    return low if low == high else f"{low}–{high}"


# The screen of `tco claims`.

NEVER = "never"
CLAIMS_HOW = (
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


def _claims_blocks(result: ClaimsResult, sheet: Sheet, view: View) -> Iterable[Block]:
    """Return the list of verdicts, the rules of thumb on one axis, and claims in full."""
    if len(result.rows) < 2 or result.detailed or view.page or view.notes or view.fields:
        return _in_full(result, sheet, view)
    most = min(len(sheet.rows), view.top or len(sheet.rows))
    return first.fitted(result, view, partial(_claims_listed, result, sheet), most, 1)


def _claims_listed(result: ClaimsResult, sheet: Sheet, most: int) -> list[Block]:
    """Return a first screen with so many claims: what they come to, and the rest a flag away."""
    columns = sheet.pick(sheet.usual)
    rows = sheet.rows[:most]
    hidden = len(sheet.rows) - len(rows)
    more = f"{hidden} more: --top {len(sheet.rows)} · " if hidden else ""
    told = f"prices of {result.as_of} · {more}what each word means: --notes"
    return [
        Paragraph(text=result.verdict, tone="bold"),
        table(columns, rows),
        Paragraph(text=told, tone="dim", bullet=True),
        *first.commands(f"tco claims {sheet.rows[0].id}", "tco claims --rules"),
    ]


def _in_full(result: ClaimsResult, sheet: Sheet, view: View) -> Iterator[Block]:
    rows = sheet.rows[: view.top]
    if len(result.rows) > 1 or view.fields:
        columns = sheet.pick(view.fields or sheet.usual)
        yield table(columns, rows)
    if view.fields:
        return
    if len(result.rows) == 1:
        yield from _claim(result.rows[0], frozenset())
        yield from _rules(result)
        return
    whole = result.detailed or view.page
    yield Paragraph(text=result.verdict, tone="bold")
    if result.rows:
        yield Paragraph(text=CLAIMS_HOW.format(day=result.as_of))
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
        yield from _rules_blocks(result)
        if result.rows:
            yield Figure(rows=tuple(commands(result.rules)), title="Commands")


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


def _columns(*heads: str, texts: Collection[str]) -> tuple[Column, ...]:
    """Return columns with these heads: texts wrap, figures stand to the right."""
    return tuple(
        column(head, head, get=lambda r: None, right=head not in texts, wraps=head in texts)
        for head in heads
    )


_CLAIM = _columns("claim", "article", "of", texts=("claim", "article", "of"))
_TURNS = _columns("", "with", "at", "now", "tried", "answer", texts=("with",))
_CHECKS = (
    *_columns("its own figures", "claimed", "recomputed", texts=("its own figures",)),
    column("", "", get=lambda r: None),
)
_ANSWERS = _columns("", "question", "claimed", "its day", "today", "band", texts=("question",))


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


def _reading(reading: ClaimReading) -> str:
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


CLAIMS = Screen(
    rows=("rows",),
    everything=Sheet(
        columns=(
            column("id", "claim", wraps=True),
            column("verdict", "verdict", _words),
            column("also", "also", get=lambda r: _list_of(r.also)),
            column("judged_on", "prices of"),
            column("aged", "aged", get=lambda r: _AGED[r.aged]),
            column("published", "of"),
            column("title", "article", wraps=True),
            column("says", "says", wraps=True),
            column("because", "because", get=lambda r: "; ".join(r.because), wraps=True),
            column("changes", "changes", get=lambda r: "; ".join(r.changes), wraps=True),
            column("missing", "missing", wraps=True),
        ),
        usual=("id", "verdict", "also", "aged"),
    ),
    blocks=_claims_blocks,
)
