"""The rules of thumb of `tco claims`: one axis of tokens a month, and what makes each true."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from tco.analysis.claims.results import ClaimsResult, Condition, RuleRow
from tco.render.table import Block, Column, Figure, Paragraph, Row, Table, Tone
from tco.show import show_number, show_tokens

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


def blocks(result: ClaimsResult) -> Iterator[Block]:
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
    return Column(key=head, head=head, get=lambda r: None, right=right)


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
